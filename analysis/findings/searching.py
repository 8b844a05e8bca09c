"""At which shift does a result first change? Several searches at once, since rating many is cheap.

What is tried in one round is rated together. To search otherwise: another function like
`first_shifts`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from analysis.findings.moves import SHORT

INSIDE: Final = 15
"""How many values are tried at least between two, where a result changes somewhere between them."""

EVERY_VALUE: Final = 1_000_000
AT_ONCE: Final = 400
"""How many values are tried at a time in all: where one copy serves many searches, or only one."""

Reached = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]
"""Says for shifts of each search which of them reach what is looked for."""


def first_shifts(
    sides: Sequence[np.ndarray], reached: Reached, *, whole: Sequence[bool], at_once: int
) -> list[float]:
    """Find for several searches at once the smallest shift at which something is reached.

    What is reached at one shift counts as reached at all beyond it.

    Args:
        sides: for each search, the shifts to one side, the smallest first.
        reached: says for shifts of each search which of them reach it.
        whole: for each search, whether there is nothing between the shifts given.
        at_once: how many shifts are tried at a time, of all searches together.

    Returns:
        One shift for each search, right to `SHORT`; missing where no shift reaches it.
    """
    bounds = _among(sides, reached, at_once)
    while True:
        gaps = [
            0.0 if done else high - low for (low, high), done in zip(bounds, whole, strict=True)
        ]
        wide = [abs(gap) > 1.5 * SHORT for gap in gaps]
        if not any(wide):
            return [high for _, high in bounds]
        size = max(INSIDE, min(at_once, AT_ONCE) // sum(wide))
        inner = [
            np.linspace(*pair, size + 2)[1:-1] if open_ else np.array([])
            for pair, open_ in zip(bounds, wide, strict=True)
        ]
        rows = zip(bounds, inner, reached(inner), strict=True)
        bounds = [_closer(pair, shifts, hits) for pair, shifts, hits in rows]


def _among(
    sides: Sequence[np.ndarray], reached: Reached, at_once: int
) -> list[tuple[float, float]]:
    """Find for each search the last shift given that does not reach it, and the first that does."""
    places = [(-1.0, float(len(shifts))) for shifts in sides]
    while open_ := sum(high - low > 1 for low, high in places):
        size = max(INSIDE, at_once // open_)
        inner = [
            np.unique(np.linspace(low + 1, high - 1, min(size, int(high - low) - 1)).round())
            for low, high in places
        ]
        hits = reached([s[at.astype(int)] for s, at in zip(sides, inner, strict=True)])
        rows = zip(places, inner, hits, strict=True)
        places = [_closer(pair, at, found) for pair, at, found in rows]
    known = [np.concatenate([[0.0], shifts, [np.nan]]) for shifts in sides]
    pairs = zip(known, places, strict=True)
    return [(float(at[int(low) + 1]), float(at[int(high) + 1])) for at, (low, high) in pairs]


def _closer(pair: tuple[float, float], inner: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Narrow a gap between what does not reach it and what does."""
    if not len(inner):
        return pair
    if not hits.any():
        return float(inner[-1]), pair[1]
    first = int(np.argmax(hits))
    return (pair[0] if first == 0 else float(inner[first - 1])), float(inner[first])
