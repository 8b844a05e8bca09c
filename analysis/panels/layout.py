"""How does somebody else lay out a table? A layout maps their files to a panel, column by column.

To let layouts say more: a general word in the models here, never one agency's special case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pandas as pd
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from analysis.designs.clause import Clause
from analysis.designs.source import Source, read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.panels.about import About, MeasureNote
from analysis.panels.cells import NOTES
from analysis.panels.panel import Panel, make_panel
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.values import ALL

LAYOUTS: Final = Path(__file__).parent / "layouts"


class Taken(Clause):
    """Where a word comes from: a column (or several, joined), or the same word for every row.

    `digits` pads codes with zeros; `codes` turns the file's words into ours, and `others` says
    what happens to the rest; `ends` reads a year such as 2023-24 as 2024.
    """

    column: str | tuple[str, ...] | None = None
    is_: str | int | None = Field(None, alias="is")
    digits: int | tuple[int, ...] | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    others: Literal["keep", "leave_out", "refuse"] = "refuse"
    ends: bool = False

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


class File(Clause):
    """One kind of file: which it is, which rows count, and where each word of a panel stands.

    Either `measures` names the columns of each measure (a wide table), or `measure` says where the
    measure's name stands and `numbers` its columns (a long one). `marks` says what words in place
    of a number mean.
    """

    file: str
    sheet: str | None = None
    separator: Literal[",", "\t", ";", "|"] = ","
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    skip: int = Field(0, ge=0)
    keep: dict[str, tuple[str, ...]] = Field(default_factory=dict)
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


class Layout(Clause):
    """How an agency or a district lays out its files; `every` holds for each of them."""

    schema_: Literal[1] = Field(1, alias="schema")
    title: str
    about: str = ""
    origin: str = ""
    licence: str = ""
    measures: dict[str, MeasureNote] = Field(default_factory=dict)
    every: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, File]


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
        path = LAYOUTS / f"{layout}.yaml"
    return _parsed(read_yaml(path))


def layout_names() -> tuple[str, ...]:
    """List the built-in layouts."""
    return tuple(sorted(path.stem for path in LAYOUTS.glob("*.yaml")))


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
            at, text = explain(one, source.said, fields_of(File))
            problems.append(Problem(source.place(at), f"{'.'.join(at)}: {text}"))
        raise ProblemsError(problems) from error
    for name, file in found.files.items():
        problems += [
            Problem(source.place(("files", name, *at)), f"files.{name}.{'.'.join(at)}: {text}")
            for at, text in _wrong(file)
        ]
    if problems:
        raise ProblemsError(problems)
    return found


def _wrong(file: File) -> Iterator[tuple[tuple[str, ...], str]]:
    if (file.measure is None) != (file.numbers is None):
        yield ("measure",), "must be given with numbers, and only then."
    for mark, note in file.marks.items():
        if note not in NOTES:
            near = did_you_mean(note, NOTES)
            yield ("marks", mark), f"must be one of {listed(NOTES)}, but it says {note}.{near}"


def read_with_layout(files: Sequence[Path], layout: Layout, *, name: str) -> Panel:
    """Read files as somebody else laid them out.

    Args:
        files: the files; each must fit the pattern of one entry of the layout.
        layout: what their columns mean.
        name: what the panel is called.

    Raises:
        ProblemsError: a file that no entry fits, a column or a code that is not there, and
            everything that is wrong in the panel itself.
    """
    problems: list[Problem] = []
    found: list[_Tables] = []
    for path in files:
        entry = next((f for f in layout.files.values() if fnmatch(path.name.lower(), f.file)), None)
        if entry is None:
            patterns = listed(f.file for f in layout.files.values())
            problems.append(Problem(path.name, f"fits no file of the layout: {patterns}."))
        else:
            found.append(_Tables(path, entry, problems))
    if problems:
        raise ProblemsError(problems)
    schools = _joined([tables.schools() for tables in found])
    measures = pd.concat([tables.measures() for tables in found], ignore_index=True)
    published = pd.concat([tables.published() for tables in found], ignore_index=True)
    if problems:
        raise ProblemsError(problems)
    about = About(
        title=layout.title, origin=layout.origin, licence=layout.licence, measures=layout.measures
    )
    return make_panel(
        schools, measures, name=name, about=about, published=published if len(published) else None
    )


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join what several files say of schools: for each column the first word that is not empty."""
    rows = pd.concat(tables, ignore_index=True)
    told = rows.drop(columns=["school", "part"]).replace("", None)
    first = told.groupby([rows["school"], rows["part"]], sort=False).first()
    return first.fillna("").reset_index()


class _Tables:
    """One file, read as text, and the tables of a panel that it gives."""

    def __init__(self, path: Path, entry: File, problems: list[Problem]) -> None:
        self.path, self.entry, self.problems = path, entry, problems
        self.rows = self._read()
        keep = pd.Series(data=True, index=self.rows.index)
        for column, words in entry.keep.items():
            keep &= self._column(column).isin(words)
        self.rows = self.rows[keep]
        self.keys = pd.DataFrame(index=self.rows.index).assign(school=self._word(entry.school))
        self.keys["part"] = "" if entry.part is None else self._word(entry.part)

    def _read(self) -> pd.DataFrame:
        how: dict[str, Any] = {"dtype": str, "keep_default_na": False, "skiprows": self.entry.skip}
        try:
            if self.path.suffix == ".xlsx":
                rows = pd.read_excel(self.path, sheet_name=self.entry.sheet or 0, **how)
            else:
                encoding = "utf-8-sig" if self.entry.encoding == "utf-8" else self.entry.encoding
                rows = pd.read_csv(self.path, sep=self.entry.separator, encoding=encoding, **how)
        except (OSError, ValueError) as error:
            raise fail(self.path.name, f"cannot be read as a table ({error}).") from error
        rows.columns = rows.columns.str.strip()
        trimmed: pd.DataFrame = rows.apply(lambda column: column.str.strip())
        return trimmed

    def _column(self, name: str) -> pd.Series[Any]:
        if name not in self.rows:
            near = did_you_mean(name, self.rows.columns)
            text = f"has no column {name}; it has {listed(self.rows.columns)}.{near}"
            self.problems.append(Problem(self.path.name, text))
            return pd.Series("", index=self.rows.index)
        return self.rows[name]

    def _word(self, taken: Taken) -> pd.Series[Any]:
        """Give our word for each row; missing for rows that are left out."""
        if not taken.columns:
            return pd.Series(str(taken.is_), index=self.rows.index)
        digits = taken.digits if isinstance(taken.digits, tuple) else (taken.digits or 0,)
        parts = [
            self._column(name).str.zfill(width)
            for name, width in zip(taken.columns, digits * len(taken.columns), strict=False)
        ]
        word = reduce(lambda a, b: a + b, parts)
        if taken.ends:
            word = word.str.replace(r"^(\d\d)(\d\d)-(\d\d)$", r"\1\3", regex=True)
        return self._coded(word, taken) if taken.codes else word

    def _coded(self, word: pd.Series[Any], taken: Taken) -> pd.Series[Any]:
        ours = word.map(taken.codes)
        if taken.others == "keep":
            return ours.fillna(word)
        strange = sorted(set(word[ours.isna() & (word != "")]))
        if strange and taken.others == "refuse":
            column = "+".join(taken.columns)
            text = f"column {column}: no code for {listed(strange)}; the layout has"
            self.problems.append(Problem(self.path.name, f"{text} {listed(taken.codes)}."))
        return ours

    def _keyed(self) -> pd.DataFrame:
        year, group = self.entry.year, self.entry.group
        return self.keys.assign(
            year="" if year is None else self._word(year),
            group=ALL if group is None else self._word(group),
        )

    def schools(self) -> pd.DataFrame:
        """Give one row for each school (and part), with the columns that the file tells."""
        told = {name: self._word(taken) for name, taken in self.entry.schools.items()}
        return self.keys.assign(**told).drop_duplicates(["school", "part"])

    def measures(self) -> pd.DataFrame:
        """Give one row for each cell of a measure."""
        keys = self._keyed()
        if self.entry.measure is not None and self.entry.numbers is not None:
            measure = self._word(self.entry.measure)
            parts = [keys.assign(measure=measure, **self._numbers(self.entry.numbers))]
        else:
            parts = [
                keys.assign(measure=name, **self._numbers(numbers))
                for name, numbers in self.entry.measures.items()
            ]
        table = pd.concat(parts, ignore_index=True) if parts else keys.iloc[:0]
        kept = table.dropna(subset=[n for n in ("group", "measure") if n in table])
        said = [name for name in ("value", "n", "numerator", "note") if name in kept]
        return kept[(kept[said] != "").any(axis=1)] if said else kept

    def _numbers(self, numbers: Numbers) -> Mapping[str, pd.Series[Any]]:
        found = {word: self._column(column) for word, column in numbers.columns.items()}
        found["note"] = found["value"].map(self.entry.marks).fillna("")
        if numbers.codes:
            levels = {word: f"{level:g}" for word, level in numbers.codes.items()}
            found["value"] = found["value"].map(levels).fillna(found["value"])
        for word in numbers.columns:
            plain = found[word].where(~found[word].isin(list(self.entry.marks)), "")
            found[word] = plain.str.replace(r"^(-?[\d,.]+)\s*%$", r"\1", regex=True)
        return found

    def published(self) -> pd.DataFrame:
        """Give one row for each official result."""
        keys = self._keyed()
        parts = [
            keys.assign(result=name, value=self._word(taken))
            for name, taken in self.entry.published.items()
        ]
        return pd.concat(parts, ignore_index=True) if parts else keys.iloc[:0]
