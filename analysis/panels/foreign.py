"""What do somebody else's files say, once a layout tells what their columns mean?

To read another form of file: one branch in `_Tables._read`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.panels.about import About
from analysis.panels.layout import File, Layout, Numbers, Taken
from analysis.panels.panel import Panel, make_panel
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.values import ALL


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
