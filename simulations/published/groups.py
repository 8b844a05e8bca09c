"""Which groups does a minimum n show, and which does it hide? Rows C5-C7 and C16.

To add a figure: a function here that takes numbers of students, and a line in `of_groups`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulations.population.figures import Figure
from simulations.published.seen import INDEX_YEAR, Seen
from simulations.published.shares import ratio

LEAST: Final = 20
"""CORE's minimum n."""

STATE: Final = 100
"""The minimum n that the state had before."""

OTHER: Final = 30
ALWAYS: Final = ("el", "swd", "sed")


def of_groups(seen: Seen) -> Iterator[Figure]:
    """Give the figures about minimum n; tested students of English are counted."""
    races = seen.ratings.design.header.sets["races"]
    eleven = seen.ratings.design.header.sets["eleven"]
    always = _counts(seen, ALWAYS)
    race = _counts(seen, races).max(axis=0, initial=0)
    four = np.vstack([always, race[None]])
    yield "C5.more_than_30", more_schools(four, LEAST, OTHER)
    yield "C5.more_than_100", more_schools(four, LEAST, STATE)
    values = np.stack([seen.of("ela", INDEX_YEAR, group) for group in eleven])
    yield "C6.new_is_lowest", new_is_lowest(_counts(seen, eleven), values, (LEAST, STATE))
    black = seen.counts("ela", INDEX_YEAR, "black")
    yield "C7.at_100", 100 - hidden(black, STATE)
    yield "C7.at_20", 100 - hidden(black, LEAST)
    yield "C16.omitted", hidden(black[seen.column("level") == "elementary"], OTHER)


def _counts(seen: Seen, groups: Sequence[str]) -> np.ndarray:
    return np.stack([seen.counts("ela", INDEX_YEAR, group) for group in groups])


def more_schools(counts: np.ndarray, low: int, high: int) -> float:
    """Give by how many per cent more schools report all their groups at the lower minimum n.

    Args:
        counts: students over group and school.
        low: the lower minimum n.
        high: the higher.
    """
    at = [(counts >= n).all(axis=0).sum() for n in (low, high)]
    return 100 * (ratio(float(at[0]), float(at[1])) - 1)


def new_is_lowest(counts: np.ndarray, values: np.ndarray, ns: tuple[int, int]) -> float:
    """Give the per cent of schools with a newly shown group in which the lowest is newly shown.

    Args:
        counts: students over group and school.
        values: their results, likewise.
        ns: the lower minimum n, at which groups become visible, and the higher.
    """
    low, high = ns
    shown = (counts >= low) & ~np.isnan(values)
    new = shown & (counts < high)
    schools = new.any(axis=0) & (shown.sum(axis=0) > 1)
    if not schools.any():
        return np.nan
    least = np.where(shown, values, np.inf).argmin(axis=0)
    return 100 * float(np.take_along_axis(new, least[None], axis=0)[0][schools].mean())


def hidden(counts: np.ndarray, n: int) -> float:
    """Give the per cent of a group's students who are in schools that have fewer than n of them."""
    return 100 * ratio(float(counts[counts < n].sum()), float(counts.sum()))
