"""Which schools (and parts of schools) does a panel have, and what is known of each?

To add a check on schools: one function here, called in `units_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from analysis.panels.files import SCHOOLS, tell
from analysis.problems import Problem, ProblemsError, did_you_mean

ALWAYS_TEXT: Final = ("school", "part", "name", "district", "level")
YES_NO: Final = ("title1",)
_ANSWERS: Final = {"yes": 1.0, "no": 0.0, "": np.nan}


@dataclass(frozen=True)
class Units:
    """The rows of the axis school, and every row that the table gives for them.

    `table` has one row for each unit, with the latest word on each column; `rows` is the table
    as read, `unit` the unit of each of its rows, `year` its year (0: every year).
    """

    table: pd.DataFrame
    rows: pd.DataFrame
    unit: np.ndarray
    year: np.ndarray

    def place(self) -> Mapping[tuple[str, str], int]:
        """Give the row of each school and part."""
        pairs = zip(self.table["school"], self.table["part"], strict=True)
        return {pair: row for row, pair in enumerate(pairs)}

    def columns(self, years: Sequence[int]) -> Mapping[str, xr.DataArray]:
        """Lay every column out over schools, and years where it differs by year."""
        names = [name for name in self.table.columns if name not in ("school", "part")]
        if not self.year.any():
            return {name: xr.DataArray(_array(self.table[name]), dims="school") for name in names}
        return {name: self._over_years(name, years) for name in names}

    def _over_years(self, name: str, years: Sequence[int]) -> xr.DataArray:
        text = is_text(self.table[name])
        start: object = "" if text else np.nan
        shape = (len(self.table), len(years))
        array = np.full(shape, start, dtype=object if text else float)
        given = _array(self.rows[name])
        for place, year in enumerate(years):
            here = (self.year == year) | (self.year == 0)
            array[self.unit[here], place] = given[here]
        return xr.DataArray(array, dims=("school", "year"), coords={"year": list(years)})


def is_text(column: pd.Series[Any]) -> bool:
    """Say whether a school column holds text and not numbers (or yes and no)."""
    return not pd.api.types.is_float_dtype(column.dtype)


def _array(column: pd.Series[Any]) -> np.ndarray:
    return column.to_numpy(dtype=object if is_text(column) else float)


def units_of(table: pa.Table, problems: list[Problem]) -> Units:
    """Check the schools table and make the rows of the axis school.

    Raises:
        ProblemsError: the table has no column school, or no row.
    """
    rows = table.to_pandas().astype(object).map(_clean)
    if "school" not in rows or rows.empty:
        near = did_you_mean("school", rows.columns)
        text = f"must have the column school and at least one row.{near}"
        raise ProblemsError([Problem(SCHOOLS, text)])
    if "part" not in rows:
        rows["part"] = ""
    year = _years(rows, problems)
    _doubled(rows, year, problems)
    typed = _typed(rows.drop(columns=["year"], errors="ignore"), problems)
    _negative(typed, problems)
    typed, year = _with_wholes(typed, year)
    pairs = list(zip(typed["school"].tolist(), typed["part"].tolist(), strict=True))
    keys = pd.Series(pairs, index=typed.index)
    order = tuple(dict.fromkeys(pairs))
    place = {pair: row for row, pair in enumerate(order)}
    unit = keys.map(place).to_numpy()
    latest = typed.iloc[np.argsort(year, kind="stable")]
    last = latest.groupby(keys.iloc[latest.index].to_numpy()).tail(1)
    ordered = last.iloc[np.argsort(keys.loc[last.index].map(place).to_numpy())]
    return Units(ordered.reset_index(drop=True), typed, unit, year)


def _clean(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell).strip()


def _years(rows: pd.DataFrame, problems: list[Problem]) -> np.ndarray:
    if "year" not in rows:
        return np.zeros(len(rows), dtype=np.int64)
    bad = [
        (i, f"must be a whole number such as 2025, but it says {cell}")
        for i, cell in enumerate(rows["year"])
        if cell and not cell.isdigit()
    ]
    tell(problems, SCHOOLS, "year", bad)
    return np.array([int(c) if c.isdigit() else 0 for c in rows["year"]], dtype=np.int64)


def _doubled(rows: pd.DataFrame, year: np.ndarray, problems: list[Problem]) -> None:
    keys = rows[["school", "part"]].assign(year=year)
    empty = [(i, "a school must have a code") for i, c in enumerate(rows["school"]) if not c]
    tell(problems, SCHOOLS, "school", empty)
    first: dict[tuple[object, ...], int] = {}
    bad = []
    for i, key in enumerate(keys.itertuples(index=False)):
        before = first.setdefault(tuple(key), i)
        if before != i:
            bad.append((i, f"{key.school} is there already, in row {before + 2}"))
    tell(problems, SCHOOLS, "school", bad)


def _typed(rows: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    typed = {}
    for name in rows.columns:
        column = rows[name]
        words = set(column.str.lower())
        if name in ALWAYS_TEXT:
            typed[name] = column
        elif name in YES_NO or (words <= {"yes", "no", ""} and words != {""}):
            strange = ~column.str.lower().isin(list(_ANSWERS))
            bad = [
                (int(i), f"must be yes or no, but it says {column[i]}")
                for i in column.index[strange]
            ]
            tell(problems, SCHOOLS, name, bad)
            typed[name] = column.str.lower().map(_ANSWERS).astype(float)
        else:
            number = pd.to_numeric(column.where(column != ""), errors="coerce")
            codes = column.str.match(r"0\d").any()  # a leading zero: codes, and they keep it
            all_numbers = bool((number.notna() | (column == "")).all()) and not codes
            typed[name] = number.astype(float) if all_numbers else column
    return pd.DataFrame(typed)


def _negative(typed: pd.DataFrame, problems: list[Problem]) -> None:
    if "enrollment" not in typed:
        return
    if is_text(typed["enrollment"]):
        number = pd.to_numeric(typed["enrollment"], errors="coerce")
        bad = typed["enrollment"][number.isna() & (typed["enrollment"] != "")]
        told = [(int(str(i)), f"must be a number, but it says {cell}") for i, cell in bad.items()]
    else:
        bad = typed["enrollment"][typed["enrollment"] < 0]
        told = [
            (int(str(i)), f"may not be negative, but it says {cell:g}") for i, cell in bad.items()
        ]
    tell(problems, SCHOOLS, "enrollment", told)


def _with_wholes(typed: pd.DataFrame, year: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Add the whole of each school that has rows for its parts only."""
    have = set(typed["school"][typed["part"] == ""])
    alone = [school for school in pd.unique(typed["school"]) if school not in have]
    if not alone:
        return typed, year
    wholes = [_whole(typed[typed["school"] == school]) for school in alone]
    grown = pd.concat([typed, pd.DataFrame(wholes)], ignore_index=True)
    return grown.astype(typed.dtypes.to_dict()), np.append(year, np.zeros(len(alone), np.int64))


def _whole(parts: pd.DataFrame) -> Mapping[str, object]:
    whole: dict[str, object] = {}
    for name in parts.columns:
        words = pd.unique(parts[name])
        text = is_text(parts[name])
        same = words[0] if len(words) == 1 else ("" if text else np.nan)
        whole[name] = parts[name].sum() if name == "enrollment" and not text else same
    return whole | {"part": ""}
