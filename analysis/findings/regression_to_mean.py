"""How much of a low school's later gain would have come back by itself?

Two years cannot tell. So the answer is a range over reliabilities that somebody assumes, beside
what the number of students alone implies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from analysis.findings.detectable import detectable_here
from analysis.findings.effects import Effect
from analysis.problems import fail


@dataclass(frozen=True)
class Regain:
    """The gain of the named schools beyond other schools' that chance alone would give.

    `expected` is in the unit of the measure, under the reliability assumed; `observed` is what
    was seen; `share` is expected / observed.
    """

    reliability: float
    expected: float
    observed: float
    share: float


def expected_regain(
    before: np.ndarray, after: np.ndarray, named: np.ndarray, *, reliabilities: Sequence[float]
) -> Iterator[Regain]:
    """Set the named schools' extra gain beside what regression to the mean would give.

    With reliability r (the share of the variance of `before` that lasts), a school that lay d
    below the mean is expected to come back by (1 - r) x d, with no improvement at all.

    Args:
        before: the measure in the year of naming, one number for each school.
        after: the measure a year later, same schools.
        named: 1 where the school was named for its `before`, else 0.
        reliabilities: the reliabilities to assume, each between 0 and 1.

    Raises:
        ProblemsError: nobody is named.

    Source: classical test theory, E(true | observed) for a normal measure.

    >>> import numpy as np
    >>> before, after = np.array([10.0, 20, 30]), np.array([14.0, 20, 26])
    >>> next(expected_regain(before, after, np.array([1.0, 0, 0]), reliabilities=[0.8]))
    Regain(reliability=0.8, expected=2.0, observed=4.0, share=0.5)
    """
    here = ~np.isnan(before) & ~np.isnan(after)
    mine = here & (named == 1)
    if not mine.any():
        raise fail("regression to the mean", "needs at least one school that is named.")
    below = float(before[here].mean() - before[mine].mean())
    gain = after - before
    observed = float(gain[mine].mean() - gain[here].mean())
    for r in reliabilities:
        expected = round((1 - r) * below, 12)
        yield Regain(r, expected, observed, expected / observed)


def beyond_regain(
    before: np.ndarray, after: np.ndarray, named: np.ndarray, *, reliability: float
) -> Effect:
    """Give what named schools gained beyond what comes back by itself, with its interval.

    Args:
        before: the measure in the year of naming, one number for each school.
        after: the measure later, same schools.
        named: 1 where the school was named for its `before`, 0 where not, missing where not judged.
        reliability: the share of the variance of `before` that lasts (0-1), taken as known.

    Raises:
        ProblemsError: fewer than two schools are named, or fewer than two are not.

    Source: classical test theory; each school's later value less reliability x its earlier one,
    named against others (Welch).

    >>> import numpy as np
    >>> before, after = np.array([10.0, 12, 30, 32]), np.array([14.0, 16, 28, 30])
    >>> beyond_regain(before, after, np.array([1.0, 1, 0, 0]), reliability=0.5).effect
    -4.0
    """
    left = after - reliability * before
    known = ~np.isnan(left)
    mine, others = (left[known & (named == x)] for x in (1, 0))
    if min(len(mine), len(others)) < 2:  # noqa: PLR2004 (a variance needs two)
        raise fail("regression to the mean", "needs two schools that are named and two others.")
    test = stats.ttest_ind(mine, others, equal_var=False)
    low, high = test.confidence_interval(0.95)
    error = float(np.hypot(stats.sem(mine), stats.sem(others)))
    return Effect(
        estimand=f"gain beyond regression to the mean, if {reliability:.0%} of the variance lasts",
        effect=float(mine.mean() - others.mean()),
        error=error,
        low=float(low),
        high=float(high),
        p=float(test.pvalue),
        detectable=detectable_here(error, float(test.df)),
    )


def moves_by_start(before: np.ndarray, after: np.ndarray, bounds: Sequence[float]) -> pd.DataFrame:
    """Count who rose and who fell, by where schools started.

    Args:
        before: the measure in the first year, one number for each school.
        after: the measure a year later, same schools.
        bounds: the lowest value of the second tier, of the third, and so on.

    Returns:
        One row for each tier that has schools: tier (1 is the lowest), schools, rose and fell
        (shares 0-1), change (mean, in the unit of the measure).

    >>> two = np.array([1.0, 2.0]), np.array([2.0, 2.0])
    >>> moves_by_start(*two, bounds=[1.5])[["tier", "rose", "change"]].values.tolist()
    [[1.0, 1.0, 1.0], [2.0, 0.0, 0.0]]
    """
    known = ~np.isnan(before) & ~np.isnan(after)
    change = (after - before)[known]
    tier = 1 + np.searchsorted(bounds, before[known], side="right")
    table = pd.DataFrame({"tier": tier, "rose": change > 0, "fell": change < 0, "change": change})
    by = table.groupby("tier")
    return by.agg(
        schools=("change", "size"),
        rose=("rose", "mean"),
        fell=("fell", "mean"),
        change=("change", "mean"),
    ).reset_index()


@dataclass(frozen=True)
class SizeNoise:
    """How the variance of change falls with the number of students behind it.

    variance of change = `lasting` + `per_student` / n; `low`, `high` bound 95 % of the second.
    `reliability` is what this alone leaves of the variance of one year's values, at most 1; other
    one-year shocks would lower it further.
    """

    lasting: float
    per_student: float
    low: float
    high: float
    reliability: float
    reliability_low: float
    reliability_high: float
    schools: int


def noise_by_size(change: np.ndarray, before: np.ndarray, n: np.ndarray) -> SizeNoise:
    """Fit the variance of change on 1 / n, the number of students tested.

    Half of the part that falls with n belongs to each of the two years.

    Args:
        change: change of the measure over a year, one number for each school.
        before: the measure in the first year.
        n: students tested.

    Source: Kane and Staiger (2002), who use size to tell sampling from lasting variance;
    statsmodels OLS with HC1 errors.
    """
    here = ~(np.isnan(change) | np.isnan(before) | np.isnan(n)) & (n > 0)
    squares = pd.Series((change[here] - change[here].mean()) ** 2)
    design = sm.add_constant(pd.DataFrame({"one_over_n": 1 / n[here]}))
    fitted = sm.OLS(squares, design).fit(cov_type="HC1")
    lasting, slope = (float(x) for x in fitted.params)
    low, high = (float(x) for x in fitted.conf_int().loc["one_over_n"])
    per_year = float((1 / n[here]).mean()) / 2 / float(before[here].var(ddof=1))
    middle, least, most = (min(1.0, 1 - x * per_year) for x in (slope, high, low))
    return SizeNoise(lasting, slope, low, high, middle, least, most, int(here.sum()))
