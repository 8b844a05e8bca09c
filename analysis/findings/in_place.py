"""What does a step that looks across schools say of copies of schools, each among the real others?

Every copy stands alone: lines, ranks and cut points are worked out with it in its school's place,
and all other schools as they are. To hold more from earlier: one more branch in `held`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr

from analysis.designs.cells import map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.rules import Line, Rule
from analysis.designs.rules.levels import LevelsInPool
from analysis.designs.rules.normalising import Normalise
from analysis.ratings.rate import Ratings, in_axis_order
from analysis.values import Values

AT_ONCE: Final = 64
"""How many copies stand among the real schools at a time, so that memory stays small."""

Pair = tuple[xr.DataArray, xr.DataArray]
"""Values and reasons of copies in one year."""


@dataclass(frozen=True)
class Stand:
    """Which real row each row of the copies stands for, and to which copy it belongs.

    `real` and `copy` have one number for each row of the copies.
    """

    ratings: Ratings
    found: Ratings
    real: np.ndarray
    copy: np.ndarray
    year: int

    @cached_property
    def school(self) -> np.ndarray:
        """The number of each row's copy of a school; parts move with their whole."""
        whole = self.ratings.panel.whole
        return np.unique(self.copy * len(whole) + whole[self.real], return_inverse=True)[1]

    def laid(self, a: xr.DataArray) -> xr.DataArray:
        """Lay a real array out over the rows of the copies."""
        size = len(self.ratings.panel.units)
        return (a if "school" in a.dims else a.expand_dims(school=size)).isel(school=self.real)

    def pair(self, name: str) -> tuple[Values, Values]:
        """Give the cells of a name as they are, and those of the copies."""
        old, new = (
            in_axis_order(replace(r[name], decision=None)) for r in (self.ratings, self.found)
        )
        return old, new


def in_place(stand: Stand, name: str) -> Values:
    """Work out one step for every copy, with the copy in its school's place among the others.

    Where nothing that the step reads differs, and in other years, the school's own results stand.
    """
    rule = stand.ratings.design.steps[name]
    own = map_arrays(replace(stand.ratings[name], decision=None), stand.laid)
    rows = _touched(stand, name)
    if not len(rows):
        return own
    if held(rule, stand.year):
        parts = [(rows, _beside(stand, name, rows))]
    else:
        number = stand.school[rows]
        cuts = np.flatnonzero(np.diff(np.unique(number, return_inverse=True)[1] // AT_ONCE)) + 1
        parts = [(some, _instead(stand, name, some)) for some in np.split(rows, cuts)]

    def put(old: xr.DataArray, which: int) -> xr.DataArray:
        fresh = old.copy(deep=True)
        for some, pair in parts:
            here = (
                (some, list(old["year"].values).index(stand.year)) if "year" in old.dims else some
            )
            fresh.values[here] = pair[which].values
        return fresh

    return replace(own, value=put(own.value, 0), reason=put(own.reason, 1))


def held(rule: Rule, year: int) -> bool:
    """Say whether what a step takes from other schools is held from an earlier year."""
    return isinstance(rule, LevelsInPool | Normalise) and rule.base_year not in ("yearly", year)


def _touched(stand: Stand, name: str) -> np.ndarray:
    """Give the rows of all copies in which something that a step reads differs; sorted by copy."""
    other = np.zeros(len(stand.real), dtype=bool)
    for used in stand.ratings.design.uses(name):
        if used in stand.ratings.design.columns:
            continue
        old, new = stand.pair(used)
        for word in ("value", "reason", "n", "numerator", "se"):
            a, b = getattr(old, word), getattr(new, word)
            if a is not None and b is not None and "school" in b.dims:
                a = stand.laid(a).transpose(*b.dims)
                differs = ~((a.values == b.values) | (np.isnan(a.values) & np.isnan(b.values)))
                other |= differs.reshape(len(other), -1).any(axis=1)
    schools = stand.school
    rows = np.flatnonzero(np.isin(schools, schools[other]))
    return rows[np.argsort(schools[rows], kind="stable")]


def _beside(stand: Stand, name: str, rows: np.ndarray) -> Pair:
    """Run one step with the copies beside the real schools, in no pool: cut points are held."""
    ratings = stand.ratings
    rule, size = ratings.design.steps[name], len(ratings.panel.units)
    base = rule.base_year if isinstance(rule, LevelsInPool | Normalise) else stand.year

    def joined(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
        if "school" not in a.dims:
            return a
        both = xr.concat([a, b.isel(school=rows)], dim="school")
        return both.sel(year=sorted({base, stand.year})) if "year" in both.dims else both

    got = {**ratings.cells.got}
    for used in ratings.design.uses(name):
        old, new = stand.pair(used)
        if used in ratings.design.columns:  # words are numbered among all schools
            new = map_arrays(old, lambda a: a.isel(school=stand.real))
        value, reason = joined(old.value, new.value), joined(old.reason, new.reason)
        got[used] = replace(old, value=value, reason=reason)
    whole = np.append(ratings.cells.whole, np.full(len(rows), -1))
    values = rule.result(replace(ratings.cells, got=FrozenMap(got), whole=whole, here=name))

    def copies(a: xr.DataArray) -> xr.DataArray:
        return a.sel(year=stand.year, drop=True).isel(school=slice(size, None))

    return copies(values.value), copies(values.reason)


def _instead(stand: Stand, name: str, rows: np.ndarray) -> Pair:
    """Run one step with some copies in turn in their school's place (axis draw)."""
    ratings, real = stand.ratings, stand.real[rows]
    rule = ratings.design.steps[name]
    years = [stand.year] if isinstance(rule, Line | LevelsInPool) else list(ratings.panel.years)
    draw = np.unique(stand.school[rows], return_inverse=True)[1]
    count = int(draw.max()) + 1

    def stand_in(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
        if "school" not in a.dims:
            return a
        a, b = (x.sel(year=years) if "year" in x.dims else x for x in (a, b))
        every = np.repeat(a.values[None], count, axis=0)
        every[draw, real] = b.values[rows]
        return xr.DataArray(every, dims=("draw", *a.dims), coords=dict(a.coords))

    got = {**ratings.cells.got}
    for used in ratings.design.uses(name):
        if used not in ratings.design.columns:
            old, new = stand.pair(used)
            value, reason = stand_in(old.value, new.value), stand_in(old.reason, new.reason)
            got[used] = replace(old, value=value, reason=reason)
    values = rule.result(replace(ratings.cells, got=FrozenMap(got), here=name))

    def copies(a: xr.DataArray) -> xr.DataArray:
        a = a.sel(year=stand.year, drop=True) if "year" in a.dims else a
        a = a if "school" in a.dims else a.expand_dims(school=len(ratings.panel.units))
        a = (a if "draw" in a.dims else a.expand_dims(draw=count)).transpose("draw", "school", ...)
        return xr.DataArray(a.values[draw, real], dims=a.dims[1:], coords=dict(a.coords))

    return copies(values.value), copies(values.reason)
