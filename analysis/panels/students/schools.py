"""Which schools do students attend, and which of them have parts? The table of schools, completed.

To let something else decide where a school has parts: `spanning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import polars as pl
import pyarrow as pa

from analysis.panels.files import SCHOOLS
from analysis.panels.students.who import PART

SPAN: Final = "span"
"""The level of a school that spans levels."""


def school_rows(tables: Mapping[str, pa.Table]) -> pd.DataFrame | None:
    """Give the table of schools as text, empty cells as ""; None where there is none."""
    if SCHOOLS not in tables or "school" not in tables[SCHOOLS].column_names:
        return None
    frame: pd.DataFrame = tables[SCHOOLS].to_pandas().astype(object)
    return frame.where(frame.notna(), "").map(lambda cell: str(cell).strip())


def spanning(schools: pd.DataFrame | None) -> frozenset[str]:
    """Name the schools that have parts: of the level `span`, or with rows for parts."""
    if schools is None:
        return frozenset()
    level = schools["level"] if "level" in schools else pd.Series("", index=schools.index)
    part = schools[PART] if PART in schools else pd.Series("", index=schools.index)
    return frozenset(schools["school"][(level == SPAN) | (part != "")])


def completed(schools: pd.DataFrame | None, rows: pl.LazyFrame) -> pd.DataFrame:
    """Add a row for each part that students are in and the table of schools lacks.

    It is the row of the whole school with the part as its level and, where the table gives
    enrollment, the number of students enrolled in the part in the last year.

    Args:
        schools: the table as read; None where there is none, then the codes alone are known.
        rows: clean student rows with the column `part`.
    """
    enrolled = rows.filter(pl.col("days_enrolled") > 0)
    keys = ["school", PART, "year"]
    found = enrolled.group_by(keys).agg(pl.len().alias("students")).collect(engine="streaming")
    if schools is None:
        codes = rows.select("school").unique().collect(engine="streaming")["school"]
        return pd.DataFrame({"school": sorted(codes.to_list())})
    table = schools if PART in schools else schools.assign(**{PART: ""})
    have = set(zip(table["school"], table[PART], strict=True))
    latest = found.filter(pl.col(PART) != "").sort("year").unique(["school", PART], keep="last")
    new = [
        _part_rows(table, school, part, students)
        for school, part, students in latest.sort("school", PART)
        .select("school", PART, "students")
        .iter_rows()
        if (school, part) not in have
    ]
    return pd.concat([table, *new], ignore_index=True)


def _part_rows(table: pd.DataFrame, school: str, part: str, students: int) -> pd.DataFrame:
    whole = table[(table["school"] == school) & (table[PART] == "")]
    words = {PART: part, "level": part, "enrollment": str(students)}
    return whole.assign(**{word: said for word, said in words.items() if word in whole})
