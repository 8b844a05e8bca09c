"""What lasts from year to year, and what is luck? Rows C12-C15 and C21.

To add a figure: a function here that takes arrays over school and year, and a line in `of_change`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from simulations.population.figures import Figure
from simulations.published.naming import GROWTH
from simulations.published.seen import GROWTH_YEAR, INDEX_YEAR, Seen
from simulations.published.shares import average, correlation, mean

HIGH: Final = 8
"""Levels 8 to 10 are above average, on CORE's public dashboard."""

OF_A_THOUSAND: Final = 25
SKILLS: Final = ("growth_mindset", "self_efficacy", "self_management", "social_awareness")


def of_change(seen: Seen) -> Iterator[Figure]:
    """Give the figures about several years."""
    years = [year for year in seen.years if year >= GROWTH_YEAR]
    young = seen.column("level") == "elementary"
    if years:
        levels = [seen.over_years(f"{name}_level", years) for name in GROWTH]
        yield from _of_high(np.stack(levels))
        growth = average([seen.over_years(name, years) for name in GROWTH])[young]
        yield "C13.gain_lasting", lasting(growth)
        size = seen.counts("absence", years[-1])[young]
        yield from zip(("C14.smallest", "C14.largest"), ever_top(growth, size), strict=True)
    ela = [seen.of("ela", INDEX_YEAR + i)[young] for i in range(4)]
    yield "C15.r", correlation(ela[1] - ela[0], ela[3] - ela[2])
    yield "C21.skills", _adjacent(seen, SKILLS)
    yield "C21.tests", _adjacent(seen, ("ela", "math"))


def _of_high(levels: np.ndarray) -> Iterator[Figure]:
    every, last = high_growth(levels)
    enough = levels.shape[2] >= 3  # noqa: PLR2004 (three straight years)
    yield "C12.three_years", every if enough else np.nan
    yield "C12.last_year", last


def high_growth(levels: np.ndarray) -> tuple[float, float]:
    """Give the per cent of schools with high growth in every year, and in the last.

    Growth is high at level 8 to 10 in either subject.

    Args:
        levels: over subject, school and year.
    """
    known = ~np.isnan(levels).any(axis=(0, 2))
    high = np.max(levels, axis=0) >= HIGH
    every, last = np.all(high, axis=1), high[:, -1]
    return 100 * mean(np.where(known, every, np.nan)), 100 * mean(np.where(known, last, np.nan))


def lasting(values: np.ndarray) -> float:
    """Give the per cent of variance that lasts: mean covariance of two years over mean variance.

    Args:
        values: over school and year.
    """
    known = values[~np.isnan(values).any(axis=1)]
    if values.shape[1] < 2 or len(known) < 3:  # noqa: PLR2004 (two years, three schools)
        return np.nan
    covariance = np.cov(known, rowvar=False)
    pairs = covariance[np.triu_indices(len(covariance), 1)]
    return 100 * float(pairs.mean() / np.diag(covariance).mean())


def ever_top(values: np.ndarray, size: np.ndarray) -> tuple[float, float]:
    """Give the per cent of the smallest and of the largest tenth of schools that were ever on top.

    On top are 25 of every thousand schools in a year.

    Args:
        values: over school and year.
        size: students of each school.
    """
    known = ~np.isnan(values).any(axis=1)
    some, students = values[known], size[known]
    wanted, tenth = round(OF_A_THOUSAND * len(some) / 1000), len(some) // 10
    if not wanted or not tenth:
        return np.nan, np.nan
    line = -np.sort(-some, axis=0)[wanted - 1]
    ever = (some >= line).any(axis=1)
    order = np.argsort(students, kind="stable")
    return 100 * float(ever[order[:tenth]].mean()), 100 * float(ever[order[-tenth:]].mean())


def _adjacent(seen: Seen, names: tuple[str, ...]) -> float:
    """Give the mean correlation of adjacent years."""
    years = [year for year in seen.years if year >= INDEX_YEAR]
    pairs = list(pairwise(years))
    found = [correlation(seen.of(x, a), seen.of(x, b)) for a, b in pairs for x in names]
    return mean(np.array(found))
