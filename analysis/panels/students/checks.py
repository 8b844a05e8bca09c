"""Which student rows cannot be right? Each check with the words by which it is told.

To add a check: one entry in `cell_checks` or `row_checks`; its kind is a word of `Repair`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from analysis.designs.counting import Counting
from analysis.designs.student_columns import COLUMNS, FIRST_HIGH_GRADE, columns_of
from analysis.panels.students.table import Typed
from analysis.problems import listed


@dataclass(frozen=True)
class Check:
    """One way in which a row cannot be right.

    `kind` is the word of `students.repair` that may mend it, `text` what is wrong, `bad` says of
    each row whether it is so, and `empties` names the cells that `empty` would empty.
    """

    kind: str
    text: str
    bad: pl.Expr
    empties: tuple[str, ...] = ()


def cell_checks(typed: Typed, used: Collection[str], counting: Counting) -> Iterator[Check]:
    """Check single cells of the columns that are read: are they readable, in range, known words?"""
    spans = _spans(counting)
    for name in typed.columns:
        if name not in used:
            continue
        if name in typed.unreadable:
            text = f"{name} must be {_wanted(name)}"
            yield Check(_kind(name), text, pl.col(typed.unreadable[name]), (name,))
        column = COLUMNS[name]
        low, high = spans.get(name, (column.low, column.high))
        if not math.isinf(low) or not math.isinf(high):
            outside = (pl.col(name) < low) | (pl.col(name) > high)
            yield Check(_kind(name), f"{name} must {_between(low, high)}", outside, (name,))
        if column.one_of:
            text = f"{name} must be one of {listed(column.one_of, most=9)}"
            yield Check("words", text, ~pl.col(name).is_in(column.one_of), (name,))


def _spans(counting: Counting) -> Mapping[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {str(name): x for name, x in counting.scales.items()}
    if counting.days_in_year is not None:
        found["days_enrolled"] = (0, counting.days_in_year)
    return found


def _kind(name: str) -> str:
    kinds = {"grade": "grade", "ela_score": "scores", "math_score": "scores"}
    kinds |= dict.fromkeys(("cohort", "graduated_in"), "graduation")
    kinds |= dict.fromkeys(columns_of("yes_no"), "words")
    return kinds.get(name, "numbers")


def _wanted(name: str) -> str:
    wanted = {"yes_no": "true or false", "whole": "a whole number"}
    return wanted.get(COLUMNS[name].holds, "a number")


def _between(low: float, high: float) -> str:
    return f"be {low:g} or more" if math.isinf(high) else f"lie between {low:g} and {high:g}"


def row_checks(
    columns: Collection[str], used: Collection[str], schools: Collection[str]
) -> Iterator[Check]:
    """Check whole rows: what may not be empty, and cells that contradict each other.

    Args:
        columns: the columns that the table has.
        used: those that the design reads.
        schools: the codes of the table of schools; empty where there is none.
    """
    for name in columns:
        if name in used and not COLUMNS[name].empty:
            yield Check("missing", f"{name} must say something", pl.col(name).is_null())
    if schools:
        lost = ~pl.col("school").is_in(list(schools))
        yield Check("", "the school is not in the table of schools", lost)
    for reads, check in _CONTRADICTIONS:
        if reads[0] in used and set(reads) <= set(columns):
            yield check


def _has(name: str) -> pl.Expr:
    return pl.col(name).is_not_null()


_BEFORE_HIGH = pl.col("grade") < FIRST_HIGH_GRADE
_NOT_A_LEARNER = ~pl.col("el")
_CONTRADICTIONS = (
    (
        ("days_absent", "days_enrolled"),
        Check(
            "absence",
            "days_absent is more than days_enrolled",
            pl.col("days_absent") > pl.col("days_enrolled"),
        ),
    ),
    (("days_absent",), Check("absence", "days_absent is below 0", pl.col("days_absent") < 0)),
    *(
        (
            (score, "alternate"),
            Check(
                "scores",
                f"alternate is true, but there is {score}",
                pl.col("alternate") & _has(score),
                (score,),
            ),
        )
        for score in ("ela_score", "math_score")
    ),
    (
        ("cohort", "grade"),
        Check(
            "graduation",
            "cohort is given before grade 9",
            _has("cohort") & _BEFORE_HIGH,
            ("cohort", "graduated_in"),
        ),
    ),
    (
        ("graduated_in", "grade"),
        Check(
            "graduation",
            "graduated_in is given before grade 9",
            _has("graduated_in") & _BEFORE_HIGH,
            ("graduated_in",),
        ),
    ),
    (
        ("graduated_in", "cohort", "grade"),
        Check(
            "graduation",
            "graduated_in is given in another year than the cohort's",
            _has("graduated_in") & ~_BEFORE_HIGH & ~pl.col("cohort").eq_missing(pl.col("year")),
            ("graduated_in",),
        ),
    ),
    (("el", "rfep"), Check("english", "el and rfep are both true", pl.col("el") & pl.col("rfep"))),
    (
        ("redesignated", "el"),
        Check(
            "english",
            "redesignated is true, but el is not",
            pl.col("redesignated") & _NOT_A_LEARNER,
            ("redesignated",),
        ),
    ),
    (
        ("el_level", "el"),
        Check(
            "english",
            "el_level is given, but el is not true",
            _has("el_level") & _NOT_A_LEARNER,
            ("el_level",),
        ),
    ),
)
"""Pairs of the columns that a check reads (the first must be one that the design reads) and it."""
