"""How far do two lists name the same schools, and how far would they by chance?

To add a comparison of lists: one function here that takes two sets of marks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from analysis.problems import fail


@dataclass(frozen=True)
class Overlap:
    """Two lists on one pool of schools.

    Counts are schools. `share` is the share of the first list that is on the second too (0-1);
    `by_chance` is that share expected if the lists had nothing to do with one another, and
    `chance_low`, `chance_high` hold 95 % of such draws (hypergeometric).
    """

    pool: int
    first: int
    second: int
    both: int
    share: float
    by_chance: float
    chance_low: float
    chance_high: float


def overlap(first: np.ndarray, second: np.ndarray) -> Overlap:
    """Compare two lists on the schools that both can judge.

    Args:
        first: one number for each school: 1 named, 0 not named, missing not judged.
        second: the same schools in the same order.

    Returns:
        Overlap: counts in schools and shares 0-1.

    Raises:
        ProblemsError: the lists differ in length, or nobody is named.

    >>> import numpy as np
    >>> overlap(np.array([1.0, 1, 0, 0]), np.array([1.0, 0, 1, 0])).share
    0.5
    """
    if len(first) != len(second):
        raise fail("overlap", f"needs the same schools twice, not {len(first)} and {len(second)}.")
    judged = ~np.isnan(first) & ~np.isnan(second)
    a, b = first[judged] == 1, second[judged] == 1
    pool, m, k, both = len(a), int(a.sum()), int(b.sum()), int((a & b).sum())
    if m == 0:
        raise fail("overlap", "needs at least one school on the first list.")
    draws = stats.hypergeom(pool, k, m)
    low, high = draws.ppf([0.025, 0.975])
    return Overlap(pool, m, k, both, both / m, k / pool, float(low) / m, float(high) / m)


def normal_overlap(correlation: float, share: float) -> float:
    """Give the share of the lowest `share` on one measure that is lowest on the other too.

    Both measures are normal with this correlation; the line cuts the same share of both.

    Source: the bivariate normal distribution (SciPy's numerical integral).

    >>> round(normal_overlap(0.0, 0.05), 3)
    0.05
    >>> round(normal_overlap(0.7, 0.05), 2)
    0.39
    """
    cut = stats.norm.ppf(share)
    covariance = [[1.0, correlation], [correlation, 1.0]]
    both = stats.multivariate_normal(cov=covariance).cdf([cut, cut])
    return float(both) / share


def implied_correlation(observed: float, share: float) -> float:
    """Give the correlation at which two normal measures overlap as observed.

    Raises:
        ProblemsError: no correlation between -0.99 and 0.99 gives this overlap.

    >>> round(implied_correlation(0.13, 0.05), 2)
    0.27
    """
    low, high = (normal_overlap(r, share) for r in (-0.99, 0.99))
    if not low < observed < high:
        raise fail("overlap", f"no correlation gives an overlap of {observed:.3f}.")
    found = optimize.brentq(lambda r: normal_overlap(r, share) - observed, -0.99, 0.99, xtol=1e-6)
    return float(found)
