"""What happens to rows that cannot be right? They are refused, or mended by a rule of the design.

To add a rule of mending: its word in `Repair`, and a branch in `_mended`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import pandas as pd
import polars as pl

from analysis.designs.counting import Counting, Repair
from analysis.panels.students.checks import Check, cell_checks, row_checks
from analysis.panels.students.table import ROW, Typed
from analysis.problems import Problem, ProblemsError

SHOWN: Final = 3
"""How many rows a message names before it counts the rest."""

_STUDENT_YEAR: Final = ("student", "year")


@dataclass(frozen=True)
class Clean:
    """Student rows that can be right, and how many were mended: reason, rule, rows."""

    rows: pl.LazyFrame
    repaired: pd.DataFrame


@dataclass(frozen=True)
class _Found:
    """What a check found: how many rows, and the numbers of the first."""

    check: Check
    count: int
    first: tuple[int, ...]


def clean(
    typed: Typed,
    counting: Counting,
    *,
    used: Collection[str],
    schools: Collection[str],
    file: str,
) -> Clean:
    """Refuse student rows that cannot be right, or mend them as the design says.

    Args:
        typed: the rows.
        counting: the heading `students` of the design, with its rules of mending.
        used: the columns that the design reads; others are not checked.
        schools: the codes of the table of schools; empty where there is none.
        file: the name that messages give.

    Raises:
        ProblemsError: each reason with the number of rows and the first of them, never a student.
    """
    work = _Work(typed.rows, counting.repair, [], [])
    work = work.checked(list(cell_checks(typed, used, counting)))
    work = work.checked(list(row_checks(typed.columns, used, schools)))
    if not work.refused:
        work = work.doubled({*used, *({"full_year"} & set(typed.columns))}, counting.days_in_year)
    if work.refused:
        raise ProblemsError(Problem(file, _told(found)) for found in work.refused)
    repaired = pd.DataFrame(work.mended, columns=["reason", "rule", "rows"])
    return Clean(work.rows, repaired)


def _told(found: _Found) -> str:
    first = ", ".join(map(str, found.first))
    rest = found.count - len(found.first)
    rows = f"{first} and {rest:,} more" if rest else first
    many, them = ("rows", "them") if found.count > 1 else ("row", "it")
    kind = found.check.kind
    rules = _rules(kind)
    mend = f"Mend {them}, or say students.repair.{kind}: {' or '.join(rules)}."
    told = f"{found.count:,} {many}: {found.check.text} ({many} {rows})."
    return f"{told} {mend if rules else 'Mend the tables.'}"


def _rules(kind: str) -> tuple[str, ...]:
    field = Repair.model_fields.get(kind)
    if field is None:
        return ()
    return tuple(x for arg in get_args(field.annotation) for x in get_args(arg))


@dataclass(frozen=True)
class _Work:
    """Rows on their way: what was mended (reason, rule, rows), and what is refused."""

    rows: pl.LazyFrame
    repair: Repair
    mended: list[tuple[str, str, int]]
    refused: list[_Found]

    def checked(self, checks: Sequence[Check]) -> _Work:
        """Run checks in one pass, and mend what they find where a rule says how."""
        sums = [
            check.bad.fill_null(value=False).sum().alias(str(i)) for i, check in enumerate(checks)
        ]
        counts = self.rows.select(sums).collect(engine="streaming").row(0) if sums else ()
        rows = self.rows
        mended, refused = list(self.mended), list(self.refused)
        for check, count in zip(checks, counts, strict=True):
            rule = getattr(self.repair, check.kind, None) if check.kind else None
            if count and rule:
                rows = _mended(rows, check, rule)
                mended.append((check.text, rule, int(count)))
            elif count:
                refused.append(_Found(check, int(count), _first(self.rows.filter(check.bad))))
                rows = _mended(rows, check, "leave_out")  # later checks tell no row again
        return _Work(rows, self.repair, mended, refused)

    def doubled(self, used: Collection[str], days_in_year: int | None) -> _Work:
        """Find students counted twice, and keep their longest row where a rule says so."""
        again = "the same student, school and year again"
        work = self.kept("duplicates", again, ("student", "school", "year"), pl.lit(value=True))
        if "full_year" in used:
            text = "the same student all year in another school too"
            work = work.kept("two_schools", text, _STUDENT_YEAR, pl.col("full_year"))
        if days_in_year is not None:
            text = f"the same student on more than {days_in_year} days of the year in all schools"
            work = work.kept("two_schools", text, _STUDENT_YEAR, pl.lit(value=True), days_in_year)
        if "cohort" in used:
            text = "the same student in the cohort of another school too"
            work = work.kept("cohort", text, _STUDENT_YEAR, pl.col("cohort") == pl.col("year"))
        return work

    def kept(
        self, kind: str, text: str, keys: Sequence[str], among: pl.Expr, most: int | None = None
    ) -> _Work:
        """Keep the longest of several rows with equal keys: most days, then the lowest code.

        With `most`, several rows are too many only where their days add up to more.
        """
        some = self.rows.filter(among)
        many = (
            pl.len() > 1
            if most is None
            else (pl.len() > 1) & (pl.col("days_enrolled").sum() > most)
        )
        groups = some.group_by(keys).agg(many.alias("many")).filter("many").select(keys)
        twice = groups.collect(engine="streaming")
        if twice.is_empty():
            return self
        mine = some.join(twice.lazy(), on=keys, how="semi")
        mine = mine.select(*dict.fromkeys((*keys, "school")), ROW, "days_enrolled")
        order = ["days_enrolled", "school", ROW]
        ordered = mine.collect(engine="streaming").sort(order, descending=[True, False, False])
        longest = ordered.unique(keys, keep="first", maintain_order=True)
        extra = ordered.join(longest, on=ROW, how="anti").select(ROW).sort(ROW)
        found = _Found(Check(kind, text, pl.lit(value=False)), len(extra), _first(extra.lazy()))
        if getattr(self.repair, kind) is None:
            return replace(self, refused=[*self.refused, found])
        rows = _without(self.rows, extra, empties=("cohort",) if kind == "cohort" else ())
        done = (text, str(getattr(self.repair, kind)), len(extra))
        return replace(self, rows=rows, mended=[*self.mended, done])


def _first(rows: pl.LazyFrame) -> tuple[int, ...]:
    numbers = rows.select(pl.col(ROW).bottom_k(SHOWN)).collect(engine="streaming")
    return tuple(sorted(numbers[ROW].to_list()))


def _mended(rows: pl.LazyFrame, check: Check, rule: str) -> pl.LazyFrame:
    bad = check.bad.fill_null(value=False)
    if rule == "leave_out":
        return rows.filter(~bad)
    if rule == "limit":
        absent = pl.col("days_absent").clip(0, pl.col("days_enrolled"))
        return rows.with_columns(days_absent=absent)
    empty = [pl.when(~bad).then(pl.col(name)).alias(name) for name in check.empties]
    return rows.with_columns(empty)


def _without(rows: pl.LazyFrame, extra: pl.DataFrame, *, empties: tuple[str, ...]) -> pl.LazyFrame:
    """Leave out some rows, or only empty some of their cells."""
    if not empties:
        return rows.join(extra.lazy(), on=ROW, how="anti", maintain_order="left")
    numbers = extra[ROW].implode()
    gone = pl.col(ROW).is_in(numbers)
    return rows.with_columns(pl.when(~gone).then(pl.col(name)).alias(name) for name in empties)
