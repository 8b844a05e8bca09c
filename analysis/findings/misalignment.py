"""Do two definitions of one measure judge the same schools alike, and if not, is that noise?

The same students are counted twice. What students drawn again do to one definition alone is the
noise beside which the difference of the two is held. To add a figure: a field of `Misalignment`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.problems import fail

STEADY: Final = 0.95
"""In so many draws two definitions must differ one way, for it not to be noise."""


@dataclass(frozen=True)
class Bands:
    """Levels up to `low` are low, levels from `high` on are praised."""

    low: float = 3
    high: float = 8


@dataclass(frozen=True)
class Misalignment:
    """How far two definitions give schools other levels, on the same students.

    `schools` are judged by both; shares (0-1) are of them. `apart`: another level by the other
    definition. `by_noise`: another level by the same definition when students are drawn again.
    `steady`: the definitions differ the same way in 95 % of draws. `opposed` counts schools praised
    by one and low by the other; `opposed_by_noise` is their mean number between two draws of one
    definition. `definition` and `noise` split the variance of the difference of levels: between
    schools, and between draws of one school. `table` has a row for each school that both judge:
    row, one, other (levels), apart (share of draws), steady, opposed.
    """

    schools: int
    apart: float
    by_noise: float
    steady: float
    opposed: int
    opposed_by_noise: float
    definition: float
    noise: float
    table: pd.DataFrame

    @property
    def of_definition(self) -> float:
        """The share of the variance of the difference that is of the definitions (0-1)."""
        whole = self.definition + self.noise
        return self.definition / whole if whole else np.nan


def misalignment(
    levels: np.ndarray, draws: np.ndarray, *, bands: Bands | None = None
) -> Misalignment:
    """Compare the levels that two definitions give the same schools.

    Args:
        levels: over definition (2) and school: as counted.
        draws: over definition (2), draw and school: with the same students drawn again for both.
        bands: which levels are low, and which are praised.

    Raises:
        ProblemsError: fewer than two draws, or no school that both judge.

    The kind of draw is perturbation: how fragile the comparison is for these students.

    >>> levels = np.array([[1.0, 9, 5], [9.0, 9, 4]])
    >>> same = np.repeat(levels[:, None], 4, axis=1)
    >>> found = misalignment(levels, same)
    >>> round(found.apart, 3), found.by_noise, found.opposed, found.of_definition
    (0.667, 0.0, 1, 1.0)
    """
    bands = bands or Bands()
    if draws.shape[1] < 2:  # noqa: PLR2004 (noise is told by two)
        raise fail("draws", "must be two at least.")
    rows = np.flatnonzero(~np.isnan(levels).any(axis=0) & ~np.isnan(draws).all(axis=1).any(axis=0))
    if not len(rows):
        raise fail("misalignment", "no school is judged by both definitions.")
    one, other = levels[:, rows]
    drawn = draws[:, :, rows]
    apart = drawn[1] - drawn[0]
    known = ~np.isnan(apart)
    up, down = ((np.sign(apart) == way).sum(axis=0) / known.sum(axis=0) for way in (1, -1))
    within = np.nanvar(apart, axis=0, ddof=1)
    noise = float(np.nanmean(within))
    between = float(np.nanvar(np.nanmean(apart, axis=0), ddof=1)) if len(rows) > 1 else 0.0
    between += float(np.nanmean(apart)) ** 2  # a shift of all schools is of the definitions too
    again = [_pairs(drawn[place]) for place in (0, 1)]
    table = pd.DataFrame(
        {
            "row": rows,
            "one": one,
            "other": other,
            "apart": up + down,
            "steady": np.maximum(up, down) >= STEADY,
            "opposed": _opposed(one, other, bands),
        }
    )
    return Misalignment(
        schools=len(rows),
        apart=float(np.mean(one != other)),
        by_noise=float(np.nanmean([np.where(_both(a, b), a != b, np.nan) for a, b in again])),
        steady=float(table["steady"].mean()),
        opposed=int(table["opposed"].sum()),
        opposed_by_noise=float(
            np.mean([_opposed(a, b, bands).sum(axis=1).mean() for a, b in again])
        ),
        definition=max(between - noise / draws.shape[1], 0.0),
        noise=noise,
        table=table,
    )


def _pairs(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Set each draw beside the next one, over draw and school."""
    return draws[:-1], draws[1:]


def _both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(~np.isnan(a) & ~np.isnan(b))


def _opposed(a: np.ndarray, b: np.ndarray, bands: Bands) -> np.ndarray:
    found: np.ndarray = ((a >= bands.high) & (b <= bands.low)) | (
        (a <= bands.low) & (b >= bands.high)
    )
    return found
