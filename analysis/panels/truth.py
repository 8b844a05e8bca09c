"""What is expected of each school, where students are made up? The table `truth` of a panel.

To add a check: a line in `truth_of`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.panels.files import TRUTH, as_numbers, tell
from analysis.panels.units import Units
from analysis.problems import Problem, did_you_mean, listed
from analysis.values import ALL

WORDS: Final = ("school", "part", "measure", "group")
COLUMNS: Final = ("school", "part", "measure", "group", "year", "value")


def truth_of(table: pa.Table | None, units: Units, problems: list[Problem]) -> pd.DataFrame | None:
    """Check the table of expected values: columns, schools and parts, numbers.

    Returns:
        Columns school, part, measure, group, year (whole), value (in the measure's unit).
    """
    if table is None:
        return None
    missing = [name for name in COLUMNS if name not in table.column_names]
    lacking = [name for name in missing if name not in ("part", "group")]
    if lacking:
        near = did_you_mean(lacking[0], table.column_names)
        problems.append(Problem(TRUTH, f"must have the columns {listed(lacking)}.{near}"))
        return None
    before = len(problems)
    if table["year"].null_count:
        problems.append(Problem(TRUTH, "column year: every row must say its year."))
    found = {
        name: as_numbers(table[name], name, problems, whole=name == "year", file=TRUTH)
        for name in ("year", "value")
    }
    frame = pd.DataFrame({name: _words(table, name) for name in WORDS})
    if len(problems) == before:
        frame = frame.assign(**{name: column.to_numpy() for name, column in found.items()})
    _strange(frame, units, problems)
    return frame


def _words(table: pa.Table, name: str) -> np.ndarray:
    if name not in table.column_names:
        return np.full(table.num_rows, ALL if name == "group" else "", dtype=object)
    words: np.ndarray = table[name].cast(pa.string()).to_pandas().fillna("").to_numpy(dtype=object)
    return words


def _strange(frame: pd.DataFrame, units: Units, problems: list[Problem]) -> None:
    known = pd.MultiIndex.from_tuples(list(units.place()))
    lost = ~pd.MultiIndex.from_frame(frame[["school", "part"]]).isin(known)
    names = (frame["school"] + " " + frame["part"]).str.strip()
    bad = [(int(row), f"{names.iloc[row]} is not in schools") for row in np.flatnonzero(lost)]
    tell(problems, TRUTH, "school", bad)
