"""Which arithmetic do several figures share? Lowest shares, who returns, correlations.

What cannot be said (nobody is named, too few schools) is missing, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.findings.overlap import overlap
from analysis.rounding import settle

LOWEST: Final = 0.05
FEWEST: Final = 3
"""Fewer schools than this give no correlation."""


def lowest(values: np.ndarray, share: float = LOWEST) -> np.ndarray:
    """Mark the lowest share of the schools that have a value: count rounded up, ties in.

    Returns:
        1 lowest, 0 not, missing where there is no value.

    >>> lowest(np.array([3.0, 1.0, 2.0, np.nan]), 0.5).tolist()
    [0.0, 1.0, 1.0, nan]
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return np.full(len(values), np.nan)
    line = known[int(np.ceil(settle(share * len(known)))) - 1]
    return np.where(np.isnan(values), np.nan, (values <= line) * 1.0)


def also_on(first: np.ndarray, second: np.ndarray) -> float:
    """Give the per cent of the first list that is on the second too, among schools both judge."""
    judged = ~np.isnan(first) & ~np.isnan(second)
    if not (first[judged] == 1).any():
        return np.nan
    return 100 * overlap(first[judged], second[judged]).share


def returning(marks: np.ndarray) -> float:
    """Give the per cent of a year's list that is on next year's, over all adjacent years.

    Args:
        marks: who is named, over school and year.
    """
    pairs = [also_on(marks[:, i], marks[:, i + 1]) for i in range(marks.shape[1] - 1)]
    return mean(np.array(pairs))


def percent(marks: np.ndarray) -> float:
    """Give the per cent of the schools that are judged which are marked."""
    return 100 * mean(marks)


def mean(values: np.ndarray) -> float:
    """Give the mean of what is there."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Give the correlation over schools that have both values."""
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < FEWEST or not (first[both].std() and second[both].std()):
        return np.nan
    return float(np.corrcoef(first[both], second[both])[0, 1])


def average(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Give the mean of several values of each school; missing where one is."""
    found: np.ndarray = np.mean(np.stack(columns), axis=0)
    return found


def ratio(top: float, bottom: float) -> float:
    """Divide; missing where there is nothing to divide by."""
    return top / bottom if bottom else np.nan
