"""Which index and which levels do schools get? Rows C2, C8-C10, C20 and C22.

To add a figure: a function here that takes arrays over schools, and a line in `of_levels`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulations.population.figures import Figure
from simulations.published.seen import GROWTH_YEAR, INDEX_YEAR, Seen
from simulations.published.shares import mean

COUNTED: Final = (
    "ela",
    "math",
    "readiness",
    "graduation",
    "absence",
    "suspension",
    "redesignation",
)
"""The metrics that counted in the first release."""

DISTRICT: Final = "Los Angeles"
LEVELS: Final = ("elementary", "middle", "high")
TOP: Final = 5
STEP: Final = 20
"""Oakland's scale goes from 1 to 6 where the index goes from 0 to 100."""


def of_levels(seen: Seen) -> Iterator[Figure]:
    """Give the figures about the index and the levels."""
    sets = seen.ratings.design.header.sets
    yield "C2.both", high_and_low(_bands(seen, sets["banded"], GROWTH_YEAR))
    yield "C2.both_counted", high_and_low(_bands(seen, COUNTED, INDEX_YEAR))
    index = seen.of("total", INDEX_YEAR)
    level, here = seen.column("level"), seen.column("district") == DISTRICT
    yield "C8.mean", mean(index[here])
    for name in LEVELS:
        yield f"C9.{name}", middle(index[level == name])
    share = _low_income(seen)
    in_middle, in_high = (here & (level == name) for name in ("middle", "high"))
    top = [of_extreme(share[some], index[some], top=True) for some in (in_middle, in_high)]
    yield from (("C10.top_middle", top[0]), ("C10.top_high", top[1]))
    yield "C10.high_less_middle", top[1] - top[0]
    yield "C10.bottom_high", of_extreme(share[in_high], index[in_high], top=False)
    yield from of_index_change(index, seen.of("total", INDEX_YEAR + 1))


def _bands(seen: Seen, measures: Sequence[str], year: int) -> np.ndarray:
    return np.stack([seen.of(f"{name}_band", year) for name in measures], axis=1)


def high_and_low(bands: np.ndarray) -> float:
    """Give the per cent of schools that are high on some measure and low on another.

    Args:
        bands: over school and measure: 1 below average, 2 average, 3 above average.
    """
    judged = ~np.isnan(bands).all(axis=1)
    both = (bands == 1).any(axis=1) & (bands == 3).any(axis=1)  # noqa: PLR2004 (a band)
    return 100 * mean(np.where(judged, both, np.nan))


def middle(index: np.ndarray) -> float:
    """Give the median of the schools that have an index."""
    known = index[~np.isnan(index)]
    return float(np.median(known)) if len(known) else np.nan


def _low_income(seen: Seen) -> np.ndarray:
    every, some = (seen.counts("absence", INDEX_YEAR, group) for group in ("all", "sed"))
    return np.where(every > 0, 100 * some / np.maximum(every, 1), np.nan)


def of_extreme(share: np.ndarray, index: np.ndarray, *, top: bool) -> float:
    """Give the mean share of low-income students in the five schools of highest (lowest) index."""
    known = np.flatnonzero(~np.isnan(index))
    order = known[np.argsort(-index[known] if top else index[known], kind="stable")]
    return mean(share[order[:TOP]])


def of_index_change(first: np.ndarray, last: np.ndarray) -> Iterator[Figure]:
    """Give how many schools went up in a year, by where they started (row C20).

    Args:
        first: the index of one year.
        last: the index of the next.
    """
    change = last - first
    known = ~np.isnan(change)
    tier = np.floor(1 + first / STEP)
    yield "C20.mean", mean(change) / STEP
    yield "C20.up", went(change[known], up=True)
    yield "C20.tier_2_rose", went(change[known & (tier == 2)], up=True)  # noqa: PLR2004 (a tier)
    yield "C20.tier_3_fell", went(change[known & (tier == 3)], up=False)  # noqa: PLR2004 (a tier)


def went(change: np.ndarray, *, up: bool) -> float:
    """Give the per cent of changes that go up (or down)."""
    return 100 * mean((change > 0 if up else change < 0) * 1.0)


def levels_of(seen: Seen, measures: Sequence[str], year: int) -> np.ndarray:
    """Give the levels of all students, over school and measure."""
    return np.stack([seen.of(f"{name}_level", year) for name in measures], axis=1)


def of_two_draws(seen: Seen, again: Seen) -> Iterator[Figure]:
    """Give what two draws of the same schools say about levels and the index (row C22)."""
    one, two = (levels_of(x, COUNTED, INDEX_YEAR) for x in (seen, again))
    yield "C22.same_level", same_level(one, two, within=0)
    yield "C22.next_level", same_level(one, two, within=1)
    error = again.of("total", INDEX_YEAR) - seen.of("total", INDEX_YEAR)
    size = seen.counts("absence", INDEX_YEAR)
    low, high = np.quantile(size, [1 / 3, 2 / 3])
    yield "C22.error_small", index_error(error[size <= low])
    yield "C22.error_large", index_error(error[size >= high])


def same_level(one: np.ndarray, two: np.ndarray, *, within: int) -> float:
    """Give the per cent of levels that two draws agree on, within some levels."""
    apart = np.abs(one - two)
    return 100 * mean(np.where(np.isnan(apart), np.nan, apart <= within))


def index_error(apart: np.ndarray) -> float:
    """Give the standard error of one draw's index, from the differences of two draws."""
    known = apart[~np.isnan(apart)]
    return float(np.sqrt(np.mean(known**2) / 2)) if len(known) else np.nan
