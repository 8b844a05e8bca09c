"""How does somebody else lay out a table? A layout maps their files to a panel, column by column.

To let layouts say more: a general word in the models here, never one agency's special case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field, PrivateAttr, TypeAdapter, ValidationError

from analysis.designs.clause import Clause
from analysis.designs.design import LIBRARY
from analysis.designs.source import PathKey, Source, read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.panels.about import MeasureNote
from analysis.panels.cells import NOTES
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed


class Taken(Clause):
    """Where a word comes from: a column (or several, joined), or the same word for every row.

    `digits` pads codes with zeros; `whole` reads a code that a program wrote as a number
    (10101.0) as the whole number it is; `codes` turns the file's words into ours, and `others`
    says what happens to the rest; `ends` reads a year such as 2023-24 as 2024.
    """

    column: str | tuple[str, ...] | None = None
    is_: str | int | None = Field(None, alias="is")
    digits: int | tuple[int, ...] | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    others: Literal["keep", "leave_out", "refuse"] = "refuse"
    ends: bool = False
    whole: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,) if isinstance(self.column, str) else self.column or ()


def _taken(said: object) -> object:
    """Take the bare name of a column for the column."""
    return {"column": said} if isinstance(said, str) else said


From = Annotated[Taken, BeforeValidator(_taken)]


class Numbers(Clause):
    """The columns of one measure; `codes` turns words such as Red into levels."""

    value: str
    n: str | None = None
    numerator: str | None = None
    se: str | None = None
    codes: dict[str, float] = Field(default_factory=dict)

    @property
    def columns(self) -> Mapping[str, str]:
        """Our word -> the file's column."""
        words = ("value", "n", "numerator", "se")
        return {word: said for word in words if (said := getattr(self, word)) is not None}


Axis = Literal["group", "year", "measure"]
HERE: Final = "{}"
"""What stands for the code in the names of columns that are repeated `across` something."""


@dataclass(frozen=True)
class Copy:
    """One reading of an entry: what its columns are repeated over, the file's code, our word."""

    axis: Axis | None = None
    code: str = ""
    word: str = ""

    def column(self, written: str) -> str:
        """Give the name of a column in the file."""
        return written.replace(HERE, self.code) if self.axis else written


class File(Clause):
    """One kind of file: which it is, which rows count, and where each word of a panel stands.

    A row counts if it has one of the words that `keep` gives for a column, and none of those of
    `leave_out`. Either `measures` names the columns of each measure (a wide table), or `measure`
    says where the measure's name stands and `numbers` its columns (a long one). `marks` says what
    words in place of a number mean. A file is read by every entry whose pattern it fits: two
    years side by side in one row are two entries. Where columns repeat for each group (or year, or
    measure), `across: {group: {AA: black, AS: asian}}` reads the entry once for each code, and
    `{}` in the name of a column stands for the code.
    """

    file: str
    sheet: str | None = None
    separator: Literal[",", "\t", ";", "|"] = ","
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    skip: int = Field(0, ge=0)
    across: dict[Axis, dict[str, str]] = Field(default_factory=dict)
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    leave_out: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    school: From
    part: From | None = None
    year: From | None = None
    group: From | None = None
    measure: From | None = None
    numbers: Numbers | None = None
    measures: dict[str, Numbers] = Field(default_factory=dict)
    schools: dict[str, From] = Field(default_factory=dict)
    published: dict[str, From] = Field(default_factory=dict)
    marks: dict[str, str] = Field(default_factory=dict)

    @property
    def copies(self) -> tuple[Copy, ...]:
        """Each reading of the entry: one for each code of `across`, else a single one."""
        return tuple(
            Copy(axis, code, word)
            for axis, codes in self.across.items()
            for code, word in codes.items()
        ) or (Copy(),)


class Layout(Clause):
    """How an agency or a district lays out its files; `every` holds for each of them.

    Tables are joined on their keys: what two files say of one school, year and group is one row.
    """

    _source: Source = PrivateAttr()

    schema_: Literal[1] = Field(1, alias="schema")
    title: str
    about: str = ""
    origin: str = ""
    licence: str = ""
    entity: Literal["school", "district"] = "school"
    measures: dict[str, MeasureNote] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    every: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, File]

    @property
    def place(self) -> str:
        """The layout's file."""
        return self._source.file

    def line(self, entry: str, column: str) -> str:
        """Write `file:line` of the place where an entry first names a column."""
        for above in (("files", entry), ("every",)):
            at = _found(_under(self._source.said, above), column, above)
            if at is not None:
                return self._source.place(at)
        return self._source.file


def load_layout(layout: str | Path) -> Layout:
    """Load a layout by its built-in name or from a file.

    Raises:
        ProblemsError: there is none, or everything that is wrong in it, with its line.
    """
    path = Path(layout)
    if path.suffix not in (".yaml", ".yml"):
        if str(layout) not in layout_names():
            near = did_you_mean(layout, layout_names())
            text = f"there is no such layout; built in are {listed(layout_names())}.{near}"
            raise fail(str(layout), text)
        place, name = str(layout).split("/")
        path = LIBRARY / place / "layouts" / f"{name}.yaml"
    return _parsed(read_yaml(path))


def layout_names() -> tuple[str, ...]:
    """List the built-in layouts as `place/name`."""
    files = LIBRARY.glob("*/layouts/*.yaml")
    return tuple(sorted(f"{path.parents[1].name}/{path.stem}" for path in files))


def _parsed(source: Source) -> Layout:
    problems = list(source.problems)
    said = source.said if isinstance(source.said, dict) else {}
    files = said.get("files")
    if isinstance(files, dict):
        every = said.get("every") or {}
        said = {**said, "files": {n: {**every, **(told or {})} for n, told in files.items()}}
    try:
        found = TypeAdapter(Layout).validate_python(said)
    except ValidationError as error:
        for one in error.errors():
            at, text = explain(one, source.said, _words(one["loc"]))
            problems.append(Problem(source.place(at), f"{'.'.join(at)}: {text}"))
        raise ProblemsError(problems) from error
    for name, file in found.files.items():
        problems += [
            Problem(source.place(("files", name, *at)), f"files.{name}.{'.'.join(at)}: {text}")
            for at, text in _wrong(file)
        ]
    if problems:
        raise ProblemsError(problems)
    found._source = source  # noqa: SLF001 (a private word of this module's own model)
    return found


def _words(loc: Sequence[Any]) -> tuple[str, ...]:
    """List the words that may stand at a place: of a file, of one of its columns or measures."""
    if loc[0] != "files":
        return fields_of(Layout if len(loc) == 1 else MeasureNote)
    _, _, *inside = loc
    if len(inside) <= 1:
        return fields_of(File)
    return fields_of(Numbers if inside[0] in ("measures", "numbers") else Taken)


def _under(said: Any, path: PathKey) -> Any:  # noqa: ANN401 (a file may say anything)
    for word in path:
        said = said.get(word) if isinstance(said, dict) else None
    return said


def _found(said: Any, column: str, path: PathKey) -> PathKey | None:  # noqa: ANN401
    """Find where something names a column: as a key, as a word, or in a list."""
    if isinstance(said, dict):
        for key, inner in said.items():
            if key == column:
                return (*path, str(key))
            at = _found(inner, column, (*path, str(key)))
            if at is not None:
                return at
    if isinstance(said, list):
        return next((path for inner in said if inner == column), None)
    return path if said == column else None


def _wrong(file: File) -> Iterator[tuple[tuple[str, ...], str]]:
    named = file.measure is not None or "measure" in file.across
    if named != (file.numbers is not None):
        yield ("measure",), "must be given with numbers, and only then."
    yield from _wrong_across(file)
    for mark, note in file.marks.items():
        if note not in NOTES:
            near = did_you_mean(note, NOTES)
            yield ("marks", mark), f"must be one of {listed(NOTES)}, but it says {note}.{near}"


def _wrong_across(file: File) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(file.across) > 1:
        text = f"goes over one of {listed(get_args(Axis))}; write an entry for each of the other."
        yield ("across",), text
    for axis in file.across:
        if getattr(file, axis) is not None:
            yield (axis,), f"must not be given where across gives the {axis}."
    used = any(HERE in column for column in _columns(file))
    if file.across and not used:
        yield ("across",), f"needs a column with {HERE} in its name, which stands for the code."
    if used and not file.across:
        yield ("across",), f"must say what stands for {HERE} in the names of columns."


def _columns(file: File) -> Iterator[str]:
    taken = (file.school, file.part, file.year, file.group, file.measure)
    for one in (*taken, *file.schools.values(), *file.published.values()):
        yield from () if one is None else one.columns
    for numbers in (file.numbers, *file.measures.values()):
        yield from () if numbers is None else numbers.columns.values()
    yield from (*file.keep, *file.leave_out)
