"""Who counts in each definition, and what for? One short function for each.

To add a definition: its clause in analysis/designs/definitions.py, one function here, and its line
in `_COUNTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import Any, Final

import polars as pl

from analysis.designs import definitions as d
from analysis.designs.counting import Counting
from analysis.designs.student_columns import COLUMNS
from analysis.panels.students.who import rules_of

NOT_TESTED: Final = "not tested"
NO_SCORE_BEFORE: Final = "no score before"
ALMOST: Final = 1e-9
"""What a product of binary fractions may lack: 0.1 x 30 days are 3 days."""

EVERYBODY: Final = pl.col("year").is_not_null()
Lost = tuple[tuple[str, pl.Expr], ...]


@dataclass(frozen=True)
class Count:
    """A definition as columns over student rows.

    `of` says whom the measure is about, `lost` which of them each rule leaves out (in order), and
    `value` what counts: yes or no for a rate in per cent, a number for a mean. `later` is how many
    years after the row's year the value is given. With `at_least_95` a rate's denominator is 95 %
    of those about to be tested where that is more than those tested.
    """

    of: pl.Expr
    value: pl.Expr
    rate: bool
    lost: Lost = ()
    later: int = 0
    at_least_95: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The columns of students that are read."""
        told = (self.of, self.value, *(rule for _, rule in self.lost))
        return frozenset(name for one in told for name in one.meta.root_names())

    def losses(self) -> Mapping[str, pl.Expr]:
        """Say for each rule whom it is the first to leave out."""
        here = self.of.fill_null(value=False)
        found = {}
        for name, rule in self.lost:
            found[name] = here & rule.fill_null(value=False)
            here = here & ~rule.fill_null(value=False)
        return found

    def counted(self, *, until: str = "") -> pl.Expr:
        """Say of each student whether it counts, by all rules or only those before one."""
        names = [name for name, _ in self.lost]
        rules = self.lost[: names.index(until)] if until else self.lost
        kept = [~rule.fill_null(value=False) for _, rule in rules]
        return reduce(and_, kept, self.of.fill_null(value=False))


def count_of(definition: d.Definition, counting: Counting, name: str) -> Count:
    """Write a definition as columns over student rows, its rules of counting first.

    Args:
        definition: the clause of the measure.
        counting: the heading `students`.
        name: the measure; a growth measure reads the columns that `growth.py` adds for it.
    """
    count = _COUNTS[type(definition)](definition, name)
    return replace(count, lost=(*rules_of(definition, counting), *count.lost))


def _met_standard(clause: d.MetStandard, _name: str) -> Count:
    score, grade = pl.col(f"{clause.subject}_score"), pl.col("grade")
    cut = grade.replace_strict(dict(clause.cuts), default=None, return_dtype=pl.Float64)
    return Count(
        of=grade.is_in(list(clause.cuts)),
        value=score >= cut,
        rate=True,
        lost=((NOT_TESTED, score.is_null()),),
        at_least_95=clause.denominator == "at_least_95",
    )


def _growth(clause: d.Growth, name: str) -> Count:
    residual = pl.col(residual_of(name))
    return Count(
        of=pl.col("grade").is_in(list(clause.prior)),
        value=residual,
        rate=False,
        lost=(
            (NOT_TESTED, pl.col(f"{clause.subject}_score").is_null()),
            (NO_SCORE_BEFORE, ~pl.col(prior_of(name)).fill_null(value=False)),
            ("no growth model of this grade and year", residual.is_null()),
        ),
    )


def residual_of(name: str) -> str:
    """Name the column that holds how far a student's score lies above the expected one."""
    return f"{name} residual"


def prior_of(name: str) -> str:
    """Name the column that says whether a student has a score before."""
    return f"{name} prior"


def _readiness(clause: d.Readiness, _name: str) -> Count:
    enrolled, absent = pl.col("days_enrolled"), pl.col("days_absent")
    marks = [pl.col("mark_ela"), pl.col("mark_math")]
    present = 100 * (enrolled - absent) >= (clause.attendance or 0) * enrolled - ALMOST
    ready = [
        pl.col("gpa") >= (clause.gpa or 0) - ALMOST,
        present,
        *(~mark.is_in(clause.no_marks) for mark in marks if clause.no_marks),
        ~_any_of(clause.events),
    ]
    without = [mark.is_null() for mark in marks if clause.no_marks]
    return Count(
        of=pl.col("grade") == clause.grade,
        value=reduce(and_, ready),
        rate=True,
        lost=(
            ("no record of attendance", absent.is_null()),
            ("no grade point average", pl.col("gpa").is_null()),
            *((("no mark", reduce(or_, without)),) if without else ()),
        ),
    )


def _any_of(events: tuple[str, ...]) -> pl.Expr:
    return reduce(or_, (pl.col(event) > 0 for event in events), pl.lit(value=False))


def _graduation(clause: d.Graduation, _name: str) -> Count:
    return Count(
        of=pl.col("cohort") == pl.col("year"),
        value=(pl.col("graduated_in") <= clause.years).fill_null(value=False),
        rate=True,
        later=clause.years - 4,
    )


def _chronic_absence(clause: d.ChronicAbsence, _name: str) -> Count:
    absent = pl.col("days_absent")
    return Count(
        of=EVERYBODY,
        value=absent >= (clause.share or 0) * pl.col("days_enrolled") - ALMOST,
        rate=True,
        lost=(("no record of attendance", absent.is_null()),),
    )


def _suspended(clause: d.Suspended, _name: str) -> Count:
    return Count(of=EVERYBODY, value=_any_of(clause.events or ()), rate=True)


def _redesignation(clause: d.Redesignation, _name: str) -> Count:
    state = clause.window == "state"
    done = pl.col("redesignated_state" if state else "redesignated")
    learner = pl.col("el") | done.fill_null(value=False) if state else pl.col("el")
    lost: Lost = (("no record of redesignation", done.is_null()),)
    early = ~done & (pl.col("years_el") <= (clause.long_term or 0))
    if clause.others == "count":
        return Count(of=learner, value=done, rate=True, lost=lost)
    lost = (*lost, ("no years as a learner", ~done & pl.col("years_el").is_null()))
    if clause.others == "met":
        return Count(of=learner, value=done | early, rate=True, lost=lost)
    return Count(of=learner, value=done, rate=True, lost=(*lost, ("not long a learner", early)))


def _el_progress(clause: d.ElProgress, _name: str) -> Count:
    now, before = pl.col("el_level"), pl.col("el_level_before")
    gained = now - before >= (clause.gain or 0)
    return Count(
        of=pl.col("el"),
        value=gained | (now >= (clause.top or 0)),
        rate=True,
        lost=(
            ("no level this year", now.is_null()),
            ("no level last year", before.is_null()),
        ),
    )


def _mean(clause: d.ScaleMean | d.Favourable, _name: str) -> Count:
    column = pl.col(clause.column)
    low, high = COLUMNS[clause.column].grades
    return Count(
        of=pl.col("grade").is_between(low, high) | column.is_not_null(),
        value=column,
        rate=False,
        lost=(("no answer or number", column.is_null()),),
    )


_COUNTS: Final[Mapping[type[d.Definition], Callable[[Any, str], Count]]] = {
    d.MetStandard: _met_standard,
    d.Growth: _growth,
    d.Readiness: _readiness,
    d.Graduation: _graduation,
    d.ChronicAbsence: _chronic_absence,
    d.Suspended: _suspended,
    d.Redesignation: _redesignation,
    d.ElProgress: _el_progress,
    d.ScaleMean: _mean,
    d.Favourable: _mean,
}
