"""Which students are in the schools that a list names?

To add a group of students: a school column with its share of the school's students.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Students:
    """Students of one group in named schools.

    `number` counts students in named schools, `share` is their share of all such students (0-1);
    `share_of_named` is the group's share among the students of named schools, `share_of_all`
    among all students. `schools_without` named schools give no number and are left out.
    """

    group: str
    number: float
    share: float
    share_of_named: float
    share_of_all: float
    schools_without: int


def students_named(
    table: pd.DataFrame, named: np.ndarray, *, groups: Mapping[str, str | None]
) -> tuple[Students, ...]:
    """Count the students of each group in named schools.

    Args:
        table: one row for each school, with `enrollment` and columns of shares in per cent.
        named: 1 where the school is named, same order.
        groups: name for readers -> column with the group's share of students (0-100); None for
            all students.

    Returns:
        One entry for each group; numbers of students, shares 0-1.

    >>> table = pd.DataFrame({"enrollment": [100.0, 300.0], "poor": [50.0, 50.0]})
    >>> [s.share for s in students_named(table, np.array([1.0, 0.0]), groups={"all": None})]
    [0.25]
    """
    mine = named == 1
    everyone = table["enrollment"]
    found = []
    for group, column in groups.items():
        part = everyone if column is None else everyone * table[column] / 100
        number, total = float(part[mine].sum()), float(part.sum())
        in_named, in_all = float(everyone[mine].sum()), float(everyone.sum())
        without = int(part[mine].isna().sum())
        found.append(
            Students(group, number, number / total, number / in_named, total / in_all, without)
        )
    return tuple(found)


def named_by_band(
    table: pd.DataFrame, named: np.ndarray, *, column: str, bands: int = 10
) -> pd.DataFrame:
    """Give the share of schools named in equal bands of a column (deciles of poverty).

    Args:
        table: one row for each school.
        named: 1 named, 0 not, missing not judged; same order.
        column: what the schools are ordered by; schools tied at an edge stay together.
        bands: how many bands.

    Returns:
        One row for each band: band (1 is the lowest), middle (median of the column), schools,
        named, share (0-1).
    """
    kept = table.assign(named=named)[[column, "named"]].dropna()
    ranks = kept[column].rank(method="average", pct=True)
    kept["band"] = np.clip(np.ceil(ranks * bands), 1, bands).astype(int)
    grouped = kept.groupby("band")
    found = pd.DataFrame(
        {
            "middle": grouped[column].median(),
            "schools": grouped.size(),
            "named": grouped["named"].sum(),
        }
    )
    return found.assign(share=found["named"] / found["schools"]).reset_index()
