"""What do somebody else's files say, once a layout tells what their columns mean?

To read another form of file: one branch in `_Reader._read`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.panels.about import About
from analysis.panels.layout import Axis, Copy, File, Layout, Numbers, Taken
from analysis.panels.panel import Panel, make_panel
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.values import ALL


def read_with_layout(paths: Sequence[Path], layout: Layout, *, name: str = "") -> Panel:
    """Read files as somebody else laid them out.

    Args:
        paths: the files, or a folder that holds them; a folder may hold other files too.
        layout: what their columns mean.
        name: what the panel is called; the name of the folder or first file without it.

    Raises:
        ProblemsError: a file that no entry fits, an entry without a file, a column or a code that
            is not there (with the line of the layout), and everything that is wrong in the panel.
    """
    problems: list[Problem] = []
    reader = _Reader(layout, problems)
    pairs = _pairs(paths, layout, problems)
    found = [tables for path, entry in pairs for tables in reader.tables(path, entry)]
    if problems:
        raise ProblemsError(problems)
    schools = _joined([tables.schools() for tables in found])
    measures = pd.concat([tables.measures() for tables in found], ignore_index=True)
    published = pd.concat([tables.published() for tables in found], ignore_index=True)
    if problems:
        raise ProblemsError(dict.fromkeys(problems))
    about = About(
        entity=layout.entity,
        title=layout.title,
        origin=layout.origin,
        licence=layout.licence,
        measures=layout.measures,
        groups=layout.groups,
    )
    return make_panel(
        schools,
        measures,
        name=name or paths[0].stem,
        about=about,
        published=published if len(published) else None,
    )


def _pairs(
    paths: Sequence[Path], layout: Layout, problems: list[Problem]
) -> Iterator[tuple[Path, str]]:
    """Pair each file with every entry whose pattern it fits."""
    patterns = {entry: file.file for entry, file in layout.files.items()}
    used: set[str] = set()
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in inside:
            name = file.name.lower()
            fits = [entry for entry, p in patterns.items() if fnmatch(name, p.lower())]
            if not fits and not path.is_dir():
                text = f"fits no file of the layout: {listed(set(patterns.values()))}."
                problems.append(Problem(file.name, text))
            used.update(fits)
            yield from ((file, entry) for entry in fits)
    if any(path.is_dir() for path in paths):
        for entry in patterns.keys() - used:
            text = f"files.{entry}: no file of the folder is called {patterns[entry]}."
            problems.append(Problem(layout.line(entry, patterns[entry]), text))


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join what several files say of schools: for each column the first word that is not empty."""
    rows = pd.concat(tables, ignore_index=True)
    told = rows.drop(columns=["school", "part"]).replace("", None)
    first = told.groupby([rows["school"], rows["part"]], sort=False).first()
    return first.fillna("").reset_index()


class _Reader:
    """Reads each file once, whichever entries need it."""

    def __init__(self, layout: Layout, problems: list[Problem]) -> None:
        self.layout, self.problems = layout, problems
        self.read: dict[tuple[object, ...], pd.DataFrame] = {}

    def tables(self, path: Path, name: str) -> Iterator[_Tables]:
        entry = self.layout.files[name]
        key = (path, entry.sheet, entry.separator, entry.encoding, entry.skip)
        if key not in self.read:
            self.read[key] = self._read(path, entry)
        told = _About(path, name, self.layout, self.problems)
        yield from (_Tables(told, self.read[key], copy) for copy in entry.copies)

    def _read(self, path: Path, entry: File) -> pd.DataFrame:
        how: dict[str, Any] = {"dtype": str, "keep_default_na": False, "skiprows": entry.skip}
        try:
            if path.suffix == ".xlsx":
                rows = pd.read_excel(path, sheet_name=entry.sheet or 0, **how)
            else:
                encoding = "utf-8-sig" if entry.encoding == "utf-8" else entry.encoding
                rows = pd.read_csv(path, sep=entry.separator, encoding=encoding, **how)
        except (OSError, ValueError) as error:
            raise fail(path.name, f"cannot be read as a table ({error}).") from error
        rows.columns = rows.columns.str.strip()
        return rows


@dataclass(frozen=True)
class _About:
    """A file, the entry of the layout that reads it, and where problems are told."""

    path: Path
    entry: str
    layout: Layout
    problems: list[Problem]

    def problem(self, column: str, text: str) -> None:
        """Tell a problem at the line where the entry names a column."""
        place = self.layout.line(self.entry, column)
        self.problems.append(Problem(place, f"files.{self.entry}: {text}"))


class _Tables:
    """One reading of a file by an entry of the layout, and the tables of a panel that it gives."""

    def __init__(self, about: _About, rows: pd.DataFrame, copy: Copy) -> None:
        self.about, self.rows, self.copy = about, rows, copy
        self.entry = about.layout.files[about.entry]
        keep = pd.Series(data=True, index=rows.index)
        for column, words in self.entry.keep.items():
            keep &= self._column(column).isin(words)
        for column, words in self.entry.leave_out.items():
            keep &= ~self._column(column).isin(words)
        self.rows = rows[keep]
        self.keys = pd.DataFrame(index=self.rows.index).assign(school=self._word(self.entry.school))
        self.keys["part"] = "" if self.entry.part is None else self._word(self.entry.part)

    def _column(self, written: str) -> pd.Series[Any]:
        name = self.copy.column(written)
        if name not in self.rows:
            near = did_you_mean(name, self.rows.columns)
            there = listed(self.rows.columns)
            text = f"{self.about.path.name} has no column {name}; it has {there}.{near}"
            self.about.problem(written, text)
            return pd.Series("", index=self.rows.index)
        return self.rows[name].str.strip()

    def _word(self, taken: Taken) -> pd.Series[Any]:
        """Give our word for each row; missing for rows that are left out."""
        if not taken.columns:
            return pd.Series(str(taken.is_), index=self.rows.index)
        digits = taken.digits if isinstance(taken.digits, tuple) else (taken.digits or 0,)
        parts = [
            self._code(name, width, whole=taken.whole)
            for name, width in zip(taken.columns, digits * len(taken.columns), strict=False)
        ]
        word = reduce(lambda a, b: a + b, parts)
        if taken.ends:
            word = word.str.replace(r"^(\d\d)(\d\d)-(\d\d)$", r"\1\3", regex=True)
        return self._coded(word, taken) if taken.codes else word

    def _code(self, name: str, width: int, *, whole: bool) -> pd.Series[Any]:
        said = self._column(name)
        if whole:
            said = said.str.replace(r"^(\d+)\.0*$", r"\1", regex=True)
        return said.where(said == "", said.str.zfill(width))

    def _coded(self, word: pd.Series[Any], taken: Taken) -> pd.Series[Any]:
        ours = word.map(taken.codes)
        if taken.others == "keep":
            return ours.fillna(word)
        strange = sorted(set(word[ours.isna() & (word != "")]))
        if strange and taken.others == "refuse":
            column = "+".join(taken.columns)
            text = f"{self.about.path.name}, column {column}: no code for {listed(strange)};"
            self.about.problem(taken.columns[0], f"{text} the layout has {listed(taken.codes)}.")
        return ours

    def _keyed(self) -> pd.DataFrame:
        return self.keys.assign(year=self._said("year", ""), group=self._said("group", ALL))

    def _said(self, axis: Axis, otherwise: str) -> pd.Series[Any] | str:
        """Give the word of an axis: what the columns are repeated over, a column, or neither."""
        taken = getattr(self.entry, axis)
        if self.copy.axis == axis:
            return self.copy.word
        return otherwise if taken is None else self._word(taken)

    def schools(self) -> pd.DataFrame:
        """Give one row for each school (and part), with the columns that the file tells."""
        told = {name: self._word(taken) for name, taken in self.entry.schools.items()}
        return self.keys.assign(**told).drop_duplicates(["school", "part"])

    def measures(self) -> pd.DataFrame:
        """Give one row for each cell of a measure."""
        keys = self._keyed()
        if self.entry.numbers is not None:
            measure = self._said("measure", "")
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
            plain = plain.str.replace(r"^(-?[\d,.]+)\s*%$", r"\1", regex=True)
            thousands = plain.str.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
            found[word] = plain.where(~thousands, plain.str.replace(",", ""))
        return found

    def published(self) -> pd.DataFrame:
        """Give one row for each official result."""
        keys = self._keyed()
        parts = [
            keys.assign(result=name, value=self._word(taken))
            for name, taken in self.entry.published.items()
        ]
        told = pd.concat(parts, ignore_index=True) if parts else keys.iloc[:0]
        return told.dropna(subset=["group", *(("value",) if parts else ())])
