"""How many students is a change, and how often would an unchanged school show it by luck?

The kind of draw is perturbation, for these students: two measurements of a school whose students
did not change. It is never the chance of being named. To judge another kind of value: one more
branch in `_error`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.findings.place import Place
from analysis.ratings.rate import Ratings

CONFIDENCE: Final = 0.95
BEYOND: Final = "beyond chance"
WITHIN: Final = "within chance"
NOT_KNOWN: Final = "not known: no n, no standard error"


@dataclass(frozen=True)
class Luck:
    """What a change of a value means in students, and against chance.

    `students` is the whole number of students who would have to change their result (missing
    without n, or where the value is no percentage). `chance` (0-1) is how often the second of two
    measurements of an unchanged school is at least this much better (or worse) than the first.
    `verdict` says whether the interval of such a change (95 %) leaves out no change at all.
    """

    students: int | None
    chance: float | None
    verdict: str


def luck(ratings: Ratings, measure: str, place: Place, to: float) -> Luck:
    """Say what a change of one value takes in students, and how easily chance would show it.

    Args:
        ratings: the ratings of its panel.
        measure: the measure whose value changes.
        place: the cell: row, year and group.
        to: the value instead of what was measured, in the unit of the measure.

    Source: the interval of a difference of two percentages is Newcombe's (1998), as statsmodels
    has it; with a standard error it is normal. The chance is normal; one success and one failure
    are added to a percentage, so that 0 % and 100 % have an error too.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.place import locate
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> luck(franklin, "ela", locate(franklin, "0101"), 40).students
    12
    """
    values = ratings[measure]
    now = place.of(values.value)
    counted = students_of(ratings, measure, place)
    error = _error(ratings, measure, place)
    if counted is None:
        if error is None:
            return Luck(None, None, NOT_KNOWN)
        half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * math.sqrt(2) * error
        return Luck(None, _chance(to - now, error), BEYOND if abs(to - now) > half else WITHIN)
    k, n = counted
    exact = to * n / 100
    whole = math.ceil(exact - 1e-9) if to > now else math.floor(exact + 1e-9)
    low, high = confint_proportions_2indep(whole, n, k, n, method="newcomb", alpha=1 - CONFIDENCE)
    verdict = BEYOND if low > 0 or high < 0 else WITHIN
    chance = None if error is None else _chance(100 * (whole - k) / n, error)
    return Luck(abs(whole - round(k)), chance, verdict)


def students_of(ratings: Ratings, measure: str, place: Place) -> tuple[float, float] | None:
    """Give students counted and students in all, for a percentage whose n is known."""
    values = ratings[measure]
    if values.n is None or ratings.design.measures[measure].unit != "percent":
        return None
    n = place.of(values.n)
    k = np.nan if values.numerator is None else place.of(values.numerator)
    k = place.of(values.value) * n / 100 if np.isnan(k) else k
    return (k, n) if n > 0 and not np.isnan(k) else None


def _error(ratings: Ratings, measure: str, place: Place) -> float | None:
    values = ratings[measure]
    given = np.nan if values.se is None else place.of(values.se)
    counted = students_of(ratings, measure, place)
    if not np.isnan(given):
        return given
    if counted is None:
        return None
    p = (counted[0] + 1) / (counted[1] + 2)
    return 100 * math.sqrt(p * (1 - p) / (counted[1] + 2))


def _chance(change: float, error: float) -> float:
    """Two measurements of one thing differ with the square root of 2 times the error of one."""
    if error == 0:
        return float(change == 0)
    return float(stats.norm.sf(abs(change) / (math.sqrt(2) * error)))
