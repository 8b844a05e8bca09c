"""Whose students count, and to which groups and parts of schools do they belong?

To add a rule of counting: a line in `rules_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import and_, or_
from typing import Final

import polars as pl

from analysis.designs.counting import Counting, GroupRule
from analysis.designs.definitions import Definition, OfEnrolled, OfTested, ScaleMean

GROUPS: Final = "groups"
"""The column that holds a student's groups, one bit for each."""

PART: Final = "part"
_SCORES: Final = ("ela_score", "math_score")
_OF_ENROLLED: Final = ("full_year", "minimum_days")
_OF_TESTED: Final = ("alternate", "first_year_el")


def unknown(definition: Definition, counting: Counting) -> tuple[str, ...]:
    """Name the words that decide a measure and that nobody knows (null).

    >>> from analysis.designs.definitions import ChronicAbsence
    >>> rules = Counting(full_year="any", minimum_days=0, alternate="out", first_year_el="out")
    >>> clause = {"definition": "chronic_absence", "minimum_days": None}
    >>> unknown(ChronicAbsence.model_validate(clause), rules)
    ('minimum_days',)
    """
    words = [*_OF_ENROLLED] if isinstance(definition, OfEnrolled) else []
    words += [*_OF_TESTED] if _of_tested(definition) else []
    shared = [w for w in words if w not in definition.said() and getattr(counting, w) is None]
    return (*definition.unknown(), *(f"students.{word}" for word in shared))


def _of_tested(definition: Definition) -> bool:
    """Say whether a definition is about tests; a mean may be of answers instead."""
    answers = isinstance(definition, ScaleMean) and definition.column not in _SCORES
    return isinstance(definition, OfTested) and not answers


def rules_of(definition: Definition, counting: Counting) -> Iterator[tuple[str, pl.Expr]]:
    """Give the rules of counting in their order: name, and which students each leaves out."""
    if not isinstance(definition, OfEnrolled):
        return
    days = pl.col("days_enrolled")
    yield "not enrolled", days == 0
    if _word(definition, counting, "full_year") == "required":
        yield "not all year", ~pl.col("full_year")
    least = _word(definition, counting, "minimum_days")
    if isinstance(least, int) and least > 1:
        yield f"fewer than {least} days", days < least
    if not _of_tested(definition):
        return
    if _word(definition, counting, "alternate") == "out":
        yield "alternate assessment", pl.col("alternate")
    if _word(definition, counting, "first_year_el") == "out":
        yield "first-year English learner", pl.col("first_year_el")


def _word(definition: Definition, counting: Counting, word: str) -> object:
    return getattr(definition if word in definition.said() else counting, word)


def groups_of(groups: Mapping[str, GroupRule]) -> pl.Expr:
    """Write a student's groups as one number: bit 0 for everybody, then each group in order."""
    bits = [
        pl.when(_belongs(rule)).then(pl.lit(1 << place)).otherwise(0)
        for place, rule in enumerate(groups.values(), start=1)
    ]
    return reduce(or_, bits, pl.lit(1, dtype=pl.Int64)).cast(pl.Int64).alias(GROUPS)


def _belongs(rule: GroupRule) -> pl.Expr:
    if rule.kind == "column":
        return pl.col(rule.words[0]).fill_null(value=False)
    if rule.kind == "race":
        return pl.col("race").is_in(rule.words).fill_null(value=False)
    inner = [_belongs(one) for one in rule.rules]
    if rule.kind == "not":
        return ~inner[0]
    return reduce(or_ if rule.kind == "any" else and_, inner)


def part_of(parts: Mapping[str, tuple[int, int]], spans: Collection[str]) -> pl.Expr:
    """Give the part of a school that spans levels to which a student's grade belongs, else ""."""
    found = pl.lit("")
    for name, (low, high) in parts.items():
        found = pl.when(pl.col("grade").is_between(low, high)).then(pl.lit(name)).otherwise(found)
    here = pl.col("school").is_in(list(spans))
    return pl.when(here).then(found).otherwise(pl.lit("")).alias(PART)
