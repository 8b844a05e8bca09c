"""How does a value become an ordered level? By cut points, by its place in a pool, by a grid.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field, PlainValidator

from analysis.designs.cells import code_of
from analysis.designs.clause import (
    FrozenMap,
    Names,
    NumbersField,
    RefField,
    WordsField,
    word,
)
from analysis.designs.rules.base import Notch, Rule, number_pairs, unlike
from analysis.problems import did_you_mean, fail, listed
from analysis.rounding import settle
from analysis.values import ALL, Reason, Values, at, cell_by_cell, choose, explained, filled, kept

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


class Cuts(Rule):
    """Turn a value into ordered levels at fixed cut points.

    `from` gives the bound at which each level begins, the worst level first. The level below all
    bounds has none: `lowest` names it, and may be left out where levels are whole numbers. A value
    equal to a bound reaches the level unless `equal: out`. With `better: low` a level begins at
    its bound and goes down. Where a kind of school has no number for a bound, a school has a level
    only if it reaches a higher one.
    """

    rule: Literal["cuts"]
    of: RefField
    from_: NumbersField = Field(alias="from")
    lowest: str | None = None
    better: Literal["high", "low"] = "high"
    equal: Literal["in", "out"] = "in"

    def out(self, cells: Cells) -> Values:
        """Count the bounds that are reached; shaped like `of`."""
        values = cells[self.of]
        labels = self.labels(Names())
        bounds = [cells.number(bound) for bound in self.from_.values()]
        held = cell_by_cell(self._level, values.value, *bounds)
        return values.with_value(held, missing=Reason.NO_NUMBER, labels=labels)

    def _level(self, value: np.ndarray, *bounds: np.ndarray) -> np.ndarray:
        """Give the code of the last level whose bound is reached; arrays broadcast."""
        x = settle(value)
        first, *codes = (code_of(name, self.labels(Names())) for name in self._ordered())
        level = np.where(np.isnan(x), np.nan, first)
        for bound, code in zip(bounds, codes, strict=True):
            level = np.where(self._reached(x, settle(bound)), code, level)
            level = np.where(np.isnan(bound), np.nan, level)
        return level

    def _reached(self, x: np.ndarray, bound: np.ndarray) -> np.ndarray:
        if self.better == "high":
            return x >= bound if self.equal == "in" else x > bound
        return x <= bound if self.equal == "in" else x < bound

    def _ordered(self) -> tuple[str, ...]:
        names = tuple(self.from_)
        if self.lowest is not None:
            return (self.lowest, *names)
        first = names[0]
        return (str(int(first) - 1) if _is_whole(first) else "lowest", *names)

    def labels(self, names: Names) -> tuple[str, ...]:  # noqa: ARG002
        """Name the levels, unless they are whole numbers already."""
        ordered = self._ordered()
        return () if all(_is_whole(name) for name in ordered) else ordered

    def notches(self) -> tuple[Notch, ...]:
        """Each cut point."""
        return tuple(Notch(self.of, bound) for bound in self.from_.values())

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Cut points must rise with the level (fall where less is better)."""
        if self.lowest is None and not _is_whole(next(iter(self.from_))):
            yield "lowest", "must name the level below the first cut point"
        for (a, x), (b, y) in itertools.pairwise(self.from_.items()):
            for low, high in number_pairs(x, y):
                if (high <= low) if self.better == "high" else (high >= low):
                    way = "above" if self.better == "high" else "below"
                    yield (
                        f"from.{b}",
                        f"must lie {way} the cut of {a} ({low:g}), but it says {high:g}",
                    )


def _is_whole(name: str) -> bool:
    return name.lstrip("-").isdigit()


class LevelsInPool(Rule):
    """Turn a value into levels by where it falls in a named pool (deciles, quintiles).

    `levels` says how many there are; 1 is the worst, and a value at a cut point lies above it. The
    cut points come from the schools of the `pool` in `base_year` and are then held, or are drawn
    anew every year (`yearly`). Parts of a school are judged by them, but do not help to set them.
    With `spacing: equal_count` as many schools are in each level as in any other: the cut points
    are quantiles, and `percentile` is NumPy's name for the way they are computed. With `spacing:
    equal_width` each level is as wide as any other: of k levels the i-th cut point lies i/k of the
    way from the pool's smallest value to its largest, and `percentile` is not read.
    `within` cuts each kind of school by itself (`all_schools`: all of them together, as without
    it); `cuts_of: all` judges every group by the cut points of all students. With `better: low`
    small values are on high levels: all this is done with the values times -1.
    """

    looks_across: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = ("pool",)
    rule: Literal["levels_in_pool"]
    of: RefField
    levels: int = Field(ge=2, le=1000)
    pool: RefField
    base_year: int | Literal["yearly"] | None
    percentile: (
        Literal["linear", "hazen", "weibull", "median_unbiased", "lower", "higher"] | None
    ) = None
    spacing: Literal["equal_count", "equal_width"] | None = "equal_count"
    within: RefField | None = None
    cuts_of: Literal["own", "all"] | None = "own"
    better: Literal["high", "low"] = "high"

    def out(self, cells: Cells) -> Values:
        """Give levels 1 to `levels`, 1 the worst; shaped like `of`."""
        values = cells[self.of]
        x = self._sign * settle(values.value)
        kinds = self._kinds(cells)
        pool = kept(x, cells.pool(self.pool))
        level = filled(x, np.full(x.shape, np.nan))
        for kind in np.unique(kinds.values[kinds.notnull().values]):
            mine = kinds == kind
            cuts = self._cut_points(kept(pool, mine), cells)
            core: list[list[str]] = [[], ["quantile"]]
            held = xr.apply_ufunc(_level_among, x, cuts, input_core_dims=core)
            level = choose(mine, held, level)
        return values.with_value(kept(level, x.notnull()), missing=Reason.OUTSIDE_POOL)

    def cut_points(self, cells: Cells, row: int) -> xr.DataArray:
        """Give where each level above the first begins for one row of the axis school.

        Axes quantile (levels less 1) and group, year where they are drawn anew; unit of `of`.

        Raises:
            ProblemsError: the panel has no year from which they are taken.
        """
        kinds = self._kinds(cells)
        x = self._sign * settle(cells[self.of].value)
        pool = kept(kept(x, cells.pool(self.pool)), kinds == kinds.isel(school=row))
        return self._sign * self._cut_points(pool, cells)

    @property
    def _sign(self) -> float:
        return 1.0 if self.better == "high" else -1.0

    def _kinds(self, cells: Cells) -> xr.DataArray:
        if self.within is None or self.within.of == "all_schools":
            return xr.DataArray(np.zeros(len(cells.whole)), dims="school")
        return cells[self.within].value

    def _cut_points(self, base: xr.DataArray, cells: Cells) -> xr.DataArray:
        if self.base_year != "yearly":
            if self.base_year not in cells.years:
                text = f"takes its cut points from {self.base_year}; the panel has"
                raise fail(cells.here, f"{text} {listed(cells.years)}")
            base = _once(at(base, "year", self.base_year))
        if self.cuts_of == "all":
            base = at(base, "group", ALL)
        return settle(self._spaced(base))

    def _spaced(self, base: xr.DataArray) -> xr.DataArray:
        """Give the cut points of one pool (axis quantile in the place of school)."""
        probs = np.arange(1, self.levels) / self.levels
        if self.spacing == "equal_width":
            share = xr.DataArray(probs, dims="quantile")
            low, high = base.min("school"), base.max("school")
            return low + share * (high - low)
        method: Any = self.percentile

        def cuts(x: np.ndarray) -> np.ndarray:
            return np.moveaxis(np.nanquantile(x, probs, axis=-1, method=method), 0, -1)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a group that nobody has: no cuts
            found: xr.DataArray = xr.apply_ufunc(
                cuts, base, input_core_dims=[["school"]], output_core_dims=[["quantile"]]
            )
        return found

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Quantiles need the way they are computed."""
        said = self.percentile is not None or "percentile" in self.model_fields_set
        if self.spacing == "equal_count" and not said:
            yield "percentile", "must be given where as many schools are in each level"


def _once(base: xr.DataArray) -> xr.DataArray:
    """Drop the axis draw where every draw holds the same: cut points are then worked out once."""
    if "draw" not in base.dims:
        return base
    first = base.isel(draw=0, drop=True)
    return first if bool(((base == first) | (base.isnull() & first.isnull())).all()) else base


def _level_among(x: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Count the cut points that are reached, from 1; missing where a cut point is (last axis)."""
    level = np.ones(np.broadcast_shapes(x.shape, cuts.shape[:-1]))
    for i in range(cuts.shape[-1]):  # one at a time, so that memory stays small
        level += x >= cuts[..., i]
    return np.where(np.isnan(cuts).any(axis=-1), np.nan, level)


def _parse_grid(said: object) -> FrozenMap[str, FrozenMap[str, str | None]]:
    if not isinstance(said, dict) or not all(isinstance(row, dict) for row in said.values()):
        msg = "must be a mapping of rows, each a mapping of columns"
        raise ValueError(msg)
    return FrozenMap(
        {
            word(r): FrozenMap({word(c): None if v is None else word(v) for c, v in row.items()})
            for r, row in said.items()
        }
    )


class Grid(Rule):
    """Read a level off a grid of two levels: status in the rows, change in the columns.

    `status` and `change` name the two steps; `cells` holds a row for each level of status, and in
    it a level for each level of change. `gives` names the levels that come out, lowest first. A
    cell that nobody knows is null: only schools in that cell have no result.
    """

    rule: Literal["grid"]
    status: RefField
    change: RefField
    cells: Annotated[FrozenMap[str, FrozenMap[str, str | None]], PlainValidator(_parse_grid)]
    gives: WordsField

    def out(self, cells: Cells) -> Values:
        """Give the level in the cell of both; over the axes of both."""
        status, change = cells[self.status], cells[self.change]
        x, y = xr.broadcast(status.value, change.value)
        level = xr.full_like(x, np.nan)
        for row, columns in self.cells.items():
            for column, result in columns.items():
                here = (x == code_of(row, status.labels)) & (y == code_of(column, change.labels))
                code = np.nan if result is None else code_of(result, self.gives)
                level = level.where(~here, code)
        found = explained(level, status, change, missing=Reason.UNKNOWN_CONSTANT)
        return replace(found, n=status.n, labels=self.gives)

    def unknown(self) -> tuple[str, ...]:
        """A null cell leaves only itself unknown, not the step."""
        return ()

    def gaps(self) -> tuple[str, ...]:
        """Name the cells that nobody knows."""
        return tuple(
            f"cells.{row}.{column}"
            for row, columns in self.cells.items()
            for column, result in columns.items()
            if result is None
        )

    def labels(self, names: Names) -> tuple[str, ...]:  # noqa: ARG002
        """The levels that come out."""
        return self.gives

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """A grid must have no hole and no unknown level."""
        yield from unlike(self.cells, names.labels.get(self.status.of, ()), "cells", self.status)
        known = names.labels.get(self.change.of, ())
        every = known or tuple(dict.fromkeys(c for row in self.cells.values() for c in row))
        for row, columns in self.cells.items():
            yield from unlike(columns, every, f"cells.{row}", self.change)
            for column, result in columns.items():
                if result is not None and result not in self.gives:
                    near = did_you_mean(result, self.gives)
                    text = f"must be one of {listed(self.gives)}, but it says {result}.{near}"
                    yield f"cells.{row}.{column}", text


Levels = Cuts | LevelsInPool | Grid
