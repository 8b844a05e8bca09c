"""How many students does each rule of counting leave out, and in which groups?

To say more of each: a column in `lost_students`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import polars as pl

from analysis.panels.students.counts import Count
from analysis.panels.students.who import GROUPS
from analysis.values import ALL

ABOUT: Final = "about"
COLUMNS: Final = ("measure", "year", "group", "rule", "students", "share")


def lost_students(
    rows: pl.LazyFrame, counts: Mapping[str, Count], groups: Sequence[str]
) -> pd.DataFrame:
    """Count for each measure, year and group the students whom each rule is the first to leave out.

    Returns:
        Columns measure, year (of the student's row), group, rule, students, share (0-1 of the
        students whom the measure is about); rows with at least one student.
    """
    wanted = [
        (name, rule, bad)
        for name, count in counts.items()
        for rule, bad in {ABOUT: count.of.fill_null(value=False), **count.losses()}.items()
    ]
    sums = [bad.sum().cast(pl.Int64).alias(str(i)) for i, (_, _, bad) in enumerate(wanted)]
    table = rows.group_by("year", GROUPS).agg(sums).collect(engine="streaming")
    frames = [
        table.filter(pl.col(GROUPS) & (1 << place) != 0)
        .group_by("year")
        .agg(pl.exclude("year", GROUPS).sum())
        .with_columns(pl.lit(group).alias("group"), pl.lit(place).alias("place"))
        for place, group in enumerate((ALL, *groups))
    ]
    return _long(pl.concat(frames), [(name, rule) for name, rule, _ in wanted]).to_pandas()


def _long(total: pl.DataFrame, wanted: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Lay the sums out as rows; each share is of those whom its measure is about."""
    kinds = pl.DataFrame(
        {
            "variable": [str(i) for i in range(len(wanted))],
            "measure": [name for name, _ in wanted],
            "rule": [rule for _, rule in wanted],
        }
    )
    keys = ["year", "group", "place"]
    long = total.unpivot(index=keys, value_name="students").join(kinds, on="variable")
    about = long.filter(pl.col("rule") == ABOUT).select(*keys, "measure", of="students")
    lost = long.filter((pl.col("rule") != ABOUT) & (pl.col("students") > 0))
    found = lost.join(about, on=[*keys, "measure"]).with_columns(
        share=pl.col("students") / pl.col("of"), order=pl.col("variable").cast(pl.Int64)
    )
    return found.sort("measure", "year", "place", "order").select(COLUMNS)
