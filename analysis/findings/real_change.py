"""Is our change real? A school's change over a year, with its interval where n or se is known.

The kind of draw is perturbation, for these students: how fragile the published change is. It is
never the chance of being named. To add a kind of interval: one branch in `_interval`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.findings.moves import notches_of
from analysis.findings.place import Place, locate
from analysis.ratings.rate import Ratings

CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Crossing:
    """A line that lies between or near the two values.

    `crossed` says whether the values lie on its two sides; `chance` is the probability that two
    measurements of an unchanged school would (missing where no standard error is known).
    """

    line: float
    crossed: bool
    chance: float | None


@dataclass(frozen=True)
class Change:
    """A change in the unit of the measure; `low` and `high` bound 95 %, missing without n or se.

    `how` says how the interval was made.
    """

    measure: str
    group: str
    before: float
    now: float
    change: float
    low: float | None
    high: float | None
    how: str
    crossings: tuple[Crossing, ...]

    @property
    def verdict(self) -> str:
        """Say in words whether the interval leaves out no change at all."""
        if self.low is None or self.high is None:
            return "not known: no n, no standard error"
        if self.low > 0 or self.high < 0:
            return "beyond chance"
        return "within chance"


def real_change(ratings: Ratings, school: str, *, year: int | None = None) -> tuple[Change, ...]:
    """Say of every measure and group of a school whether its last change is more than noise.

    Args:
        ratings: the ratings of its panel; the design says which lines matter.
        school: its code.
        year: the year of the change; the last of the panel, unless it is said.

    Returns:
        One entry for each measure and group that has a value in both years.

    Raises:
        ProblemsError: the panel has no such school or year.

    Source: the interval of a difference of two percentages is Newcombe's (1998), as statsmodels
    has it; with a standard error it is normal.
    """
    place = locate(ratings, school, year=year)
    return tuple(_changes(ratings, place))


def _changes(ratings: Ratings, place: Place) -> Iterator[Change]:
    if place.year - 1 not in ratings.panel.years:
        return
    lines = tuple(notches_of(ratings, place))
    for measure in ratings.design.measures:
        for group in ratings.panel.groups:
            here = Place(place.row, place.year, group)
            last = Place(place.row, place.year - 1, group)
            values = ratings[measure].value
            before, now = last.of(values), here.of(values)
            if np.isnan(before) or np.isnan(now):
                continue
            low, high, how = _interval(ratings, measure, last, here)
            errors = [_error(ratings, measure, p) for p in (last, here)]
            near = sorted({at for name, at in lines if name == measure})
            crossings = tuple(_crossings(near, (before, now), errors))
            yield Change(measure, group, before, now, now - before, low, high, how, crossings)


def _counts(ratings: Ratings, measure: str, place: Place) -> tuple[float, float] | None:
    """Give students counted and students in all, for a percentage whose n is known."""
    values = ratings[measure]
    if values.n is None or ratings.design.measures[measure].unit != "percent":
        return None
    n = place.of(values.n)
    k = np.nan if values.numerator is None else place.of(values.numerator)
    k = place.of(values.value) * n / 100 if np.isnan(k) else k
    return (k, n) if n > 0 and not np.isnan(k) else None


def _interval(
    ratings: Ratings, measure: str, last: Place, here: Place
) -> tuple[float | None, float | None, str]:
    before, now = (_counts(ratings, measure, place) for place in (last, here))
    if before is not None and now is not None:
        low, high = confint_proportions_2indep(
            *now, *before, method="newcomb", alpha=1 - CONFIDENCE
        )
        return 100 * float(low), 100 * float(high), "Newcombe, from the students counted"
    errors = [_error(ratings, measure, place) for place in (last, here)]
    if any(error is None for error in errors):
        return None, None, "no students or standard error given"
    half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * math.hypot(*(e or 0.0 for e in errors))
    change = here.of(ratings[measure].value) - last.of(ratings[measure].value)
    return change - half, change + half, "normal, from the standard errors"


def _error(ratings: Ratings, measure: str, place: Place) -> float | None:
    """Give the standard error of a value: as given, else of a percentage with n students.

    One success and one failure are added, so that 0 % and 100 % have an error too.
    """
    values = ratings[measure]
    given = np.nan if values.se is None else place.of(values.se)
    if not np.isnan(given):
        return given
    counts = _counts(ratings, measure, place)
    if counts is None:
        return None
    p = (counts[0] + 1) / (counts[1] + 2)
    return 100 * float(np.sqrt(p * (1 - p) / (counts[1] + 2)))


def _crossings(
    lines: list[float], values: tuple[float, float], errors: list[float | None]
) -> Iterator[Crossing]:
    low, high = min(values), max(values)
    near = [at for at in lines if low < at <= high]
    nearest = sorted(lines, key=lambda at: min(abs(at - v) for v in values))[:1]
    for line in dict.fromkeys((*near, *nearest)):
        yield Crossing(line, low < line <= high, _chance(line, values, errors))


def _chance(line: float, values: tuple[float, float], errors: list[float | None]) -> float | None:
    """Give the chance that two measurements of one unchanged value lie on two sides of a line.

    The value is the mean of both years, each year weighted by its precision.
    """
    known = [error for error in errors if error]
    if len(known) < 2:  # noqa: PLR2004 (two years)
        return None
    weights = 1 / np.square(known)
    centre = float(np.average(values, weights=weights))
    below = [float(stats.norm.cdf((line - centre) / error)) for error in known]
    return below[0] * (1 - below[1]) + below[1] * (1 - below[0])
