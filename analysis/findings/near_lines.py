"""How many students stand near the lines that a design draws for students?

10 % of days absent, 96 % of days present, a grade point average, the score that meets the standard:
what a day, a tenth or a point decides. To add a line: a branch in `_lines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd
import polars as pl

from analysis.designs.definitions import ChronicAbsence, MetStandard, Readiness
from analysis.designs.design import Design
from analysis.panels.students.measure import counted_rows
from analysis.panels.students.table import Students

TENTH: Final = 10
"""Grade point averages are told in tenths."""


@dataclass(frozen=True)
class Line:
    """A line that students cross; `short` is what a student lacks to be on its better side.

    Where it is 0 the student is on the better side, unless the line itself is `open`.
    """

    measure: str
    line: str
    unit: str
    short: pl.Expr
    open: bool = False


def near_lines(design: Design, students: Students, *, year: int, most: int) -> pd.DataFrame:
    """Count the students who stand near the lines that a design draws for students.

    Args:
        design: its measures say `from_students`.
        students: the rows; none is given out.
        year: the year that is looked at.
        most: how many days, tenths of a grade point or points of a score are near.

    Returns:
        One row for each line: `measure`, `line`, `unit`, `counted` (students), `worse_1` and
        `worse` (on the worse side, within 1 and within `most` of it), `better_1` and `better`, and
        `schools_1`: those with a student within 1 on the worse side. Small counts are not kept
        back here.

    Raises:
        ProblemsError: the design counts no students, or the rows lack what it reads.
    """
    counted = counted_rows(design, students)
    rows = []
    for name, count in counted.counts.items():
        for line in _lines(name, design.measures[name].from_students):
            mine = counted.rows.filter(count.counted() & (pl.col("year") == year))
            rows.append(_near(mine, line, most))
    return pd.DataFrame(rows, columns=["measure", "line", "unit", *SIDES])


SIDES: Final = ("counted", "worse_1", "worse", "better_1", "better", "schools_1")


def _lines(name: str, clause: object) -> Iterator[Line]:
    absent, enrolled = pl.col("days_absent"), pl.col("days_enrolled")
    if isinstance(clause, ChronicAbsence) and clause.share is not None:
        words = f"{clause.share:.0%} of days absent"
        yield Line(name, words, "days", absent - clause.share * enrolled, open=True)
    if isinstance(clause, Readiness):
        if clause.attendance is not None:
            room = (100 - clause.attendance) / 100 * enrolled
            yield Line(name, f"{clause.attendance:g} % of days present", "days", absent - room)
        if clause.gpa is not None:
            short = TENTH * (clause.gpa - pl.col("gpa"))
            yield Line(name, f"a grade point average of {clause.gpa:g}", "tenths", short)
    if isinstance(clause, MetStandard):
        cut = pl.col("grade").replace_strict(dict(clause.cuts), default=None)
        short = cut.cast(pl.Float64) - pl.col(f"{clause.subject}_score")
        yield Line(name, "the score that meets the standard", "points", short)


def _near(rows: pl.LazyFrame, line: Line, most: int) -> dict[str, object]:
    short = line.short.round(6)
    worse = short >= 0 if line.open else short > 0
    reach = [short < size if line.open else short <= size for size in (1, most)]
    slack = [-short <= size if line.open else -short < size for size in (1, most)]
    near = rows.select(
        counted=pl.len(),
        worse_1=(worse & reach[0]).sum(),
        worse=(worse & reach[1]).sum(),
        better_1=(~worse & slack[0]).sum(),
        better=(~worse & slack[1]).sum(),
        schools_1=pl.col("school").filter(worse & reach[0]).n_unique(),
    ).collect()
    told = {"measure": line.measure, "line": line.line, "unit": line.unit}
    return {**told, **near.row(0, named=True)}
