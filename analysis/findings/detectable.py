"""What is the smallest effect that a comparison of this size could see?

It comes before any estimate: a null below this size says little. To add a comparison: one entry in
`_variances`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.problems import Problem, ProblemsError


@dataclass(frozen=True)
class Study:
    """What decides how small an effect can be seen.

    `schools` are all schools of the pool, named ones included. `reliability` is the share of one
    year's variance that lasts (0-1). `before` and `after` are years on either side of the naming,
    whose own year is left out. `window` is how many schools count on each side near the line;
    without it, as many as are named.
    """

    schools: int
    reliability: float
    before: int = 1
    after: int = 1
    window: int | None = None
    size: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what no study can have."""
        wrong = [
            Problem(name, f"must lie between 0 and 1, but it is {getattr(self, name):g}.")
            for name in ("reliability", "size", "power")
            if not 0 < getattr(self, name) < 1
        ]
        wrong += [
            Problem(name, f"must be at least 1, but it is {getattr(self, name)}.")
            for name in ("before", "after")
            if getattr(self, name) < 1
        ]
        if wrong:
            raise ProblemsError(wrong)


def multiplier(degrees: float, *, size: float = 0.05, power: float = 0.8) -> float:
    """Give how many standard errors an effect must be, to be seen with this power.

    Source: Bloom (1995), minimum detectable effects; two-sided test.

    >>> round(multiplier(math.inf), 2)
    2.8
    """
    t = stats.t(degrees)
    return float(t.ppf(1 - size / 2) + t.ppf(power))


def design_effect(share: float) -> float:
    """Give how many times more schools a discontinuity needs than a lottery, if lines are straight.

    Who is named is decided by the score alone, so the two go together and little is left to tell
    them apart. The score is normal; `share` of the schools (0-1) is named.

    Source: Schochet (2009), Statistical power for regression discontinuity designs in education.

    >>> round(design_effect(0.5), 2)
    2.75
    """
    together = stats.norm.pdf(stats.norm.ppf(share)) ** 2 / (share * (1 - share))
    return float(1 / (1 - together))


def detectable(named: Sequence[int], study: Study) -> pd.DataFrame:
    """Give the smallest effect seen with the power asked for, by kind of comparison.

    Args:
        named: how many schools are named; several are set side by side.
        study: what else decides.

    Returns:
        One row for each number and comparison: named, comparison (`lottery`: named by lot, last
        year's value known; `line_straight`: discontinuity, one straight line through all schools;
        `line_near`: discontinuity, `window` schools on each side of the line, each side its own
        line; `panel`: change against other schools'), schools (that count), effect (standard
        deviations of one year's values between schools).

    Raises:
        ProblemsError: not every number named is at least 2 and leaves 2 others.

    Source: Bloom (1995); Schochet (2009) for the discontinuity; McKenzie (2012) for several years
    before and after.

    >>> detectable([75], Study(1500, 0.7)).round(2)[["comparison", "effect"]].values.tolist()
    [['lottery', 0.24], ['line_straight', 0.27], ['line_near', 0.66], ['panel', 0.26]]
    """
    few = 2
    wrong = [k for k in named if not few <= k <= study.schools - few]
    if wrong:
        text = f"must be 2 at least and leave 2 of {study.schools:,} schools, but it is {wrong[0]}."
        raise ProblemsError([Problem("named", text)])
    rows = [row for k in named for row in _rows(k, study)]
    return pd.DataFrame(rows, columns=["named", "comparison", "schools", "effect"])


def _rows(named: int, study: Study) -> Iterator[tuple[int, str, int, float]]:
    for comparison, schools, variance in _variances(named, study):
        m = multiplier(schools - 3, size=study.size, power=study.power)
        yield named, comparison, schools, m * math.sqrt(variance)


def _variances(named: int, study: Study) -> Iterator[tuple[str, int, float]]:
    """Give the variance of an estimate, in squared standard deviations of one year's values."""
    r = study.reliability
    others = study.schools - named
    apart = 1 / named + 1 / others
    left = 1 - r**2  # of a year's variance, once last year's value is known
    yield "lottery", study.schools, left * apart
    yield "line_straight", study.schools, left * apart * design_effect(named / study.schools)
    each = min(study.window or named, named, others)
    # evenly spread scores and two lines of their own: 4 times the variance of two means
    yield "line_near", 2 * each, 4 * left * 2 / each
    years = 1 / study.before + 1 / study.after
    yield "panel", study.schools, (1 - r) * years * apart


def detectable_here(error: float, degrees: float = np.inf, *, power: float = 0.8) -> float:
    """Give the smallest effect that an estimate with this standard error would have seen."""
    return multiplier(degrees, power=power) * error
