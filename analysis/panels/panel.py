"""What was measured? A panel: values and n for school (and part) x year x group x measure.

To read a panel from files: `reading.py`. To add a check on cells: `cells.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from analysis.panels.about import About
from analysis.panels.cells import measure_arrays
from analysis.panels.files import PUBLISHED, SCHOOLS, TRUTH, typed_measures
from analysis.panels.truth import truth_of
from analysis.panels.units import Units, units_of
from analysis.problems import Problem, ProblemsError, listed
from analysis.values import Values


@dataclass(frozen=True)
class Panel:
    """Everything that was measured, and what is known of each school.

    `units` has one row for each row of the axis school: a whole school (part "") or a part of
    one. `columns` holds what is known of schools over the axes school, or school and year;
    `measures` holds cells over school, year and group. Arrays carry labels for year and group
    only; the axis school goes by position. `published` is what the agency itself published;
    `truth` is the expected value of measures, where students are made up (columns school, part,
    measure, group, year, value). `from_students` names the measures that were counted from student
    rows and not suppressed yet.
    """

    name: str
    about: About
    units: pd.DataFrame
    columns: Mapping[str, xr.DataArray]
    measures: Mapping[str, Values]
    years: tuple[int, ...]
    groups: tuple[str, ...]
    published: pd.DataFrame | None = None
    truth: pd.DataFrame | None = None
    from_students: tuple[str, ...] = ()
    _codes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def fingerprint(self, name: str) -> str:
        """A short code for the content of one measure or school column."""
        if name not in self._codes:
            self._codes[name] = _code(self, name)
        return self._codes[name]

    @property
    def digest(self) -> str:
        """A short code for everything that can be rated."""
        names = (*sorted(self.measures), *sorted(self.columns))
        parts = [self.frame, *(self.fingerprint(name) for name in names)]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()

    @cached_property
    def frame(self) -> str:
        """A short code for the axes: schools and parts in their order, years, groups."""
        parts = (*self.units["school"].tolist(), *self.units["part"].tolist())
        text = "\n".join((repr(self.years), repr(self.groups), *parts))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @cached_property
    def whole(self) -> np.ndarray:
        """For each row of the axis school, the row of its whole school."""
        schools, parts = self.units["school"].tolist(), self.units["part"].tolist()
        pairs = enumerate(zip(schools, parts, strict=True))
        rows = {school: i for i, (school, part) in pairs if not part}
        return np.array([rows[school] for school in schools], dtype=np.int64)

    def where(self, keep: np.ndarray) -> Panel:
        """Keep some rows of the axis school.

        Args:
            keep: true or false for each row of `units`; a school is kept with all its parts.
        """
        schools = set(self.units["school"][keep])
        rows = np.flatnonzero(self.units["school"].isin(schools))
        return replace(
            self,
            units=self.units.iloc[rows].reset_index(drop=True),
            columns={name: a.isel(school=rows) for name, a in self.columns.items()},
            measures={name: _rows(values, rows) for name, values in self.measures.items()},
            published=_of_schools(self.published, schools),
            truth=_of_schools(self.truth, schools),
            _codes={},
        )


def _of_schools(table: pd.DataFrame | None, schools: set[str]) -> pd.DataFrame | None:
    if table is None:
        return None
    return table[table["school"].isin(schools)].reset_index(drop=True)


def _rows(values: Values, rows: np.ndarray) -> Values:
    def some(a: xr.DataArray | None) -> xr.DataArray | None:
        return None if a is None else a.isel(school=rows)

    return replace(
        values,
        value=values.value.isel(school=rows),
        reason=values.reason.isel(school=rows),
        n=some(values.n),
        numerator=some(values.numerator),
        se=some(values.se),
    )


def _code(panel: Panel, name: str) -> str:
    found = hashlib.blake2b(name.encode(), digest_size=8)
    if name in panel.columns:
        array = panel.columns[name].values
        text = array.dtype == object
        found.update("\n".join(array.ravel()).encode() if text else array.tobytes())
        return found.hexdigest()
    values = panel.measures[name]
    for a in (values.value, values.reason, values.n, values.numerator, values.se):
        found.update(b"none" if a is None else np.ascontiguousarray(a.values).tobytes())
    return found.hexdigest()


def make_panel(
    schools: pd.DataFrame,
    measures: pd.DataFrame,
    *,
    name: str = "panel",
    published: pd.DataFrame | None = None,
    truth: pd.DataFrame | None = None,
    about: About | None = None,
) -> Panel:
    """Make a panel of tables in memory, checked as files are.

    Raises:
        ProblemsError: everything that is wrong in the tables.

    >>> schools = pd.DataFrame({"school": ["0101"], "level": ["high"]})
    >>> ela = pd.DataFrame({"school": ["0101"], "year": [2025], "measure": ["ela"], "value": [45]})
    >>> make_panel(schools, ela).years
    (2025,)
    """
    tables = {
        "schools": pa.Table.from_pandas(_as_text(schools), preserve_index=False),
        "measures": pa.Table.from_pandas(_with_text_keys(measures), preserve_index=False),
    }
    if published is not None:
        tables["published"] = pa.Table.from_pandas(_as_text(published), preserve_index=False)
    if truth is not None:
        tables["truth"] = pa.Table.from_pandas(_with_text_keys(truth), preserve_index=False)
    return build_panel(name, about or About(), tables)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(_text_column) if len(table) else table.astype(str)


def _text(cell: Any) -> str:  # noqa: ANN401 (a cell may hold anything)
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell)


def _with_text_keys(table: pd.DataFrame) -> pd.DataFrame:
    keys = [c for c in ("school", "part", "measure", "group", "note") if c in table.columns]
    return table.assign(**{key: _text_column(table[key]) for key in keys})


def _text_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Write a column as text; one that is text already is not walked cell by cell."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.fillna("")
    return column.map(_text)


def build_panel(name: str, about: About, tables: Mapping[str, pa.Table]) -> Panel:
    """Make a panel of the tables schools, measures, published and truth, as text or typed.

    Raises:
        ProblemsError: everything that is wrong in the tables.
    """
    problems: list[Problem] = []
    units = units_of(tables[SCHOOLS], problems)
    measures = typed_measures(tables["measures"], about, problems)
    found = measures and measure_arrays(measures, units, _ranges(about), problems)
    published = _published(tables.get(PUBLISHED), units, problems)
    truth = truth_of(tables.get(TRUTH), units, problems)
    if problems or not found:
        raise ProblemsError(problems)
    return Panel(
        name,
        about.as_read(),
        units.table,
        units.columns(found.years),
        found.measures,
        found.years,
        found.groups,
        published,
        truth,
    )


def _ranges(about: About) -> Mapping[str, tuple[float, float] | None]:
    percent = (0.0, 100.0)
    return {
        name: note.range or (percent if note.given_as else None)
        for name, note in about.measures.items()
    }


def _published(
    table: pa.Table | None, units: Units, problems: list[Problem]
) -> pd.DataFrame | None:
    if table is None:
        return None
    wanted = ("school", "year", "result", "value")
    missing = [word for word in wanted if word not in table.column_names]
    if missing:
        problems.append(Problem("published", f"must have the columns {listed(missing)}."))
        return None
    frame: pd.DataFrame = table.to_pandas().fillna("")
    for word, default in (("part", ""), ("group", "all")):
        if word not in frame:
            frame[word] = default
    strange = ~frame["school"].isin(set(units.table["school"]))
    for row, school in frame["school"][strange].head(5).items():
        text = f"row {int(str(row)) + 2}, column school: {school} is not in schools."
        problems.append(Problem("published", text))
    return frame
