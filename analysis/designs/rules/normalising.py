"""Where does a value lie among all? A common scale: between two ends, in deviations, or by rank.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import xarray as xr

from analysis.designs.clause import Names, NumberField, RefField
from analysis.designs.rules.base import NumberRule, number_pairs
from analysis.rounding import settle
from analysis.values import Reason, Values, at, cell_by_cell, kept

if TYPE_CHECKING:
    from analysis.designs.cells import Cells

ENDS = ("low", "high")
MOMENTS = ("mean", "deviation")


class Normalise(NumberRule):
    """Put a value on a common scale by its place among the schools of a pool.

    `how: min_max` runs from `low` (the pool's worst value) to `high` (its best); `z_score` gives
    the pool the mean `mean` and the standard deviation `deviation`; `percentile_rank` is the share
    of the rest of the pool that lies below (0-1). The pool is that of `base_year`, or of each year
    (`yearly`). With `better: low` the smallest value is the best.
    """

    looks_across: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = ("pool",)
    rule: Literal["normalise"]
    of: RefField
    pool: RefField
    base_year: int | Literal["yearly"]
    how: Literal["min_max", "z_score", "percentile_rank"]
    low: NumberField = 0.0
    high: NumberField = 100.0
    mean: NumberField = 0.0
    deviation: NumberField = 1.0
    better: Literal["high", "low"] = "high"

    def out(self, cells: Cells) -> Values:
        """Give the normalised value, shaped like `of`; missing where the pool has no spread."""
        values = cells[self.of]
        x = values.value if self.better == "high" else -values.value
        base = kept(x, cells.pool(self.pool))
        if self.base_year != "yearly":
            base = at(base, "year", self.base_year)
        if self.how == "percentile_rank":
            found = _percentile_rank(x, base)
        elif self.how == "min_max":
            least, most = base.min("school"), base.max("school")
            low, high = cells.number(self.low), cells.number(self.high)
            found = cell_by_cell(_between, x, least, most, low, high)
        else:
            spread = base.std("school", ddof=1)
            mean, deviation = cells.number(self.mean), cells.number(self.deviation)
            found = cell_by_cell(_about, x, base.mean("school"), spread, mean, deviation)
        return values.with_value(found, missing=Reason.OUTSIDE_POOL)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """The scale's words belong to its kind, and its ends must differ."""
        words = {"min_max": ENDS, "z_score": MOMENTS, "percentile_rank": ()}[self.how]
        for word in (*ENDS, *MOMENTS):
            if word in self.model_fields_set and word not in words:
                yield word, f"has no meaning with how: {self.how}"
        if any(low == high for low, high in number_pairs(self.low, self.high)):
            yield "high", "must differ from low"


def _between(x: np.ndarray, *ends: np.ndarray) -> np.ndarray:
    least, most, low, high = ends
    part = (x - least) / np.where(most > least, most - least, np.nan)
    found: np.ndarray = low + part * (high - low)
    return found


def _about(x: np.ndarray, *moments: np.ndarray) -> np.ndarray:
    centre, spread, mean, deviation = moments
    found: np.ndarray = mean + (x - centre) / np.where(spread > 0, spread, np.nan) * deviation
    return found


def _percentile_rank(x: xr.DataArray, base: xr.DataArray) -> xr.DataArray:
    """Give the share of the pool below each value; ties count as not below."""

    def share(mine: np.ndarray, pool: np.ndarray) -> np.ndarray:
        known = pool[~np.isnan(pool)]
        if len(known) < 2:  # noqa: PLR2004 (one school has no rest of the pool)
            return np.full(mine.shape, np.nan)
        scale = np.abs(known).max() or 1.0  # nine places of the scale, whatever the unit
        lower = np.searchsorted(np.sort(settle(known / scale)), settle(mine / scale), side="left")
        below = lower / (len(known) - 1)
        return np.where(np.isnan(mine), np.nan, np.minimum(below, 1.0))

    core = [["school"], ["school"]]
    found: xr.DataArray = xr.apply_ufunc(
        share, x, base, input_core_dims=core, output_core_dims=[["school"]], vectorize=True
    )
    return found


Normalising = Normalise
