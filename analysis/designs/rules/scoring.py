"""How does a value become worth something? Counted or not, levels, points.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field, PlainValidator

from analysis.designs.cells import code_of
from analysis.designs.clause import (
    ByColumn,
    FrozenMap,
    Names,
    Number,
    NumberField,
    NumbersField,
    Ref,
    RefField,
    WordsField,
    word,
)
from analysis.designs.rules.base import Notch, NumberRule, Rule
from analysis.problems import did_you_mean, listed
from analysis.rounding import settle
from analysis.values import ALL, Reason, Values, added, explained

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


class OrShare(Rule):
    """The second way to count: a smaller n that is a share of all students."""

    n: NumberField
    share_of_all: NumberField


class MinimumN(NumberRule):
    """Count a value only when enough students stand behind it.

    `years: both` asks it of last year too. `or` gives a second way: a smaller n that is also a
    share of all students (0-1), as in "100, or 50 and 15 %".
    """

    rule: Literal["minimum_n"]
    of: RefField
    n: NumberField
    years: Literal["this", "both"] = "this"
    or_: OrShare | None = Field(None, alias="or")

    def out(self, cells: Cells) -> Values:
        """Keep value, n and numerator where the minimum is met; shaped like `of`."""
        values = cells[self.of]
        enough = self._enough(cells, cells.n(self.of), cells.n(self._everyone))
        if self.years == "both":
            before = [cells.earlier(cells[ref], 1).n for ref in (self.of, self._everyone)]
            if before[0] is not None and before[1] is not None:
                enough = enough & self._enough(cells, before[0], before[1])
        held = values.value.where(enough)
        short = Reason.BELOW_MINIMUM_N
        reason = values.reason.where((values.reason > 0) | enough, np.int8(short)).astype(np.int8)
        numerator = None if values.numerator is None else values.numerator.where(enough)
        return replace(values, value=held, reason=reason, numerator=numerator)

    @property
    def _everyone(self) -> Ref:
        return replace(self.of, group=ALL)

    def _enough(self, cells: Cells, n: xr.DataArray, everyone: xr.DataArray) -> xr.DataArray:
        met = n >= cells.number(self.n)
        if self.or_ is not None:
            share = settle(n / everyone) >= cells.number(self.or_.share_of_all)
            met = met | ((n >= cells.number(self.or_.n)) & share)
        return met

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels of what is counted."""
        return names.labels.get(self.of.of, ())

    def notches(self) -> tuple[Notch, ...]:
        """The minimum itself, and the smaller one."""
        more = () if self.or_ is None else (Notch(self.of, self.or_.n, "n"),)
        return (Notch(self.of, self.n, "n"), *more)


class Cuts(Rule):
    """Turn a value into ordered levels at fixed cut points.

    `from` gives the bound at which each level begins; the lowest level needs none. A value equal
    to a bound reaches the level unless `equal: out`. With `better: low` a level begins at its
    bound and goes down.
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
        x = settle(values.value)
        names = self._ordered()
        level = xr.full_like(x, code_of(names[0], self.labels(Names())))
        usable = x.notnull()
        for name in names[1:]:
            bound = cells.number(self.from_[name])
            usable = usable & ~np.isnan(bound)
            level = level.where(~self._reached(x, bound), code_of(name, self.labels(Names())))
        held = level.where(usable)
        return values.with_value(held, missing=Reason.NO_NUMBER, labels=self.labels(Names()))

    def _reached(self, x: xr.DataArray, bound: xr.DataArray) -> xr.DataArray:
        bound = settle(bound)
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
            for low, high in _pairs(x, y):
                if (high <= low) if self.better == "high" else (high >= low):
                    way = "above" if self.better == "high" else "below"
                    yield (
                        f"from.{b}",
                        f"must lie {way} the cut of {a} ({low:g}), but it says {high:g}",
                    )


def _is_whole(name: str) -> bool:
    return name.lstrip("-").isdigit()


def _pairs(x: Number, y: Number) -> Iterator[tuple[float, float]]:
    words = {w for side in (x, y) if isinstance(side, ByColumn) for w in side.numbers}
    for w in sorted(words) or [""]:
        low, high = (s.numbers.get(w) if isinstance(s, ByColumn) else s for s in (x, y))
        if low is not None and high is not None:
            yield low, high


class LevelsInPool(Rule):
    """Turn a value into levels by where it falls in a named pool (deciles, quintiles).

    The cut points are quantiles of the pool in `base_year` and then held, or drawn anew every
    year (`yearly`). `within` cuts each kind of school by itself; `cuts_of: all` judges every
    group by the cut points of all students.
    """

    looks_across: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = ("pool",)
    rule: Literal["levels_in_pool"]
    of: RefField
    levels: int = Field(ge=2, le=1000)
    pool: RefField
    base_year: int | Literal["yearly"]
    percentile: Literal["linear", "hazen", "weibull", "median_unbiased", "lower", "higher"]
    within: RefField | None = None
    cuts_of: Literal["own", "all"] = "own"
    better: Literal["high", "low"] = "high"

    def out(self, cells: Cells) -> Values:
        """Give levels 1 to `levels`, 1 the worst; shaped like `of`."""
        values = cells[self.of]
        x = settle(values.value if self.better == "high" else -values.value)
        kinds = self._kinds(cells)
        level = xr.full_like(x, np.nan)
        for kind in np.unique(kinds[~np.isnan(kinds)]):
            mine = xr.DataArray(kinds == kind, dims="school")
            cuts = self._cut_points(x, cells, mine)
            reached = added((x >= cuts.isel(quantile=i)) * 1.0 for i in range(self.levels - 1))
            level = level.where(~mine | cuts.isnull().any("quantile"), 1.0 + reached)
        return values.with_value(level.where(x.notnull()), missing=Reason.OUTSIDE_POOL)

    def _kinds(self, cells: Cells) -> np.ndarray:
        if self.within is None:
            return np.zeros(len(cells.whole))
        kind = cells[self.within].value
        return np.asarray(kind.isel(year=-1) if "year" in kind.dims else kind)

    def _cut_points(self, x: xr.DataArray, cells: Cells, mine: xr.DataArray) -> xr.DataArray:
        base = x.where(cells.pool(self.pool) & mine)
        if self.base_year != "yearly":
            base = base.sel(year=self.base_year, drop=True)
        if self.cuts_of == "all" and "group" in base.dims:
            base = base.sel(group=ALL, drop=True)
        probs = np.arange(1, self.levels) / self.levels
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a group that nobody has: no cuts
            return settle(base.quantile(probs, dim="school", method=self.percentile, skipna=True))


class Linear(NumberRule):
    """Give points in a straight line between two ends, none beyond them."""

    rule: Literal["linear"]
    of: RefField
    none_at: NumberField
    full_at: NumberField
    worth: NumberField

    def out(self, cells: Cells) -> Values:
        """Give 0 at `none_at`, `worth` at `full_at`; shaped like `of`, in points."""
        values = cells[self.of]
        low, high = cells.number(self.none_at), cells.number(self.full_at)
        part = ((values.value - low) / (high - low)).clip(0, 1)
        return values.with_value(part * cells.number(self.worth), missing=Reason.NO_NUMBER)

    def most(self) -> Number:
        """The points at the better end."""
        return self.worth

    def notches(self) -> tuple[Notch, ...]:
        """The two ends, where the slope breaks."""
        return (Notch(self.of, self.none_at), Notch(self.of, self.full_at))

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """The two ends must differ."""
        if any(low == high for low, high in _pairs(self.none_at, self.full_at)):
            yield "full_at", "must differ from none_at"


class Identity(NumberRule):
    """Take a value as it is, rounded if the clause says so."""

    rule: Literal["identity"]
    of: RefField

    def out(self, cells: Cells) -> Values:
        """Give the value itself; shaped like `of`."""
        return cells[self.of]

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels."""
        return names.labels.get(self.of.of, ())


class Map(NumberRule):
    """Give each ordered level its number of points."""

    rule: Literal["map"]
    of: RefField
    to: NumbersField

    def out(self, cells: Cells) -> Values:
        """Look up each level; shaped like `of`, in points."""
        values = cells[self.of]
        points = xr.full_like(values.value, np.nan)
        for label, number in self.to.items():
            code = code_of(label, values.labels)
            points = points.where(values.value != code, cells.number(number))
        return values.with_value(points, missing=Reason.NO_NUMBER)

    def most(self) -> Number:
        """The largest number of the map."""
        known = [x for x in self.to.values() if isinstance(x, float)]
        return max(known) if len(known) == len(self.to) else 1.0

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Every level needs its number, and no other."""
        known = names.labels.get(self.of.of, ())
        yield from _unlike(self.to, known, "to", self.of)


def _unlike(
    given: Mapping[str, object], known: tuple[str, ...], at: str, of: Ref
) -> Iterator[tuple[str, str]]:
    for label in given:
        if known and label not in known:
            near = did_you_mean(label, known)
            yield f"{at}.{label}", f"{of} has no level {label}; it has {listed(known)}.{near}"
    missing = [label for label in known if label not in given]
    if missing:
        yield at, f"must say what happens at every level of {of}; it lacks {listed(missing)}"


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

    `gives` names the levels that come out, lowest first.
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
                level = level.where(~here, code_of(str(result), self.gives))
        found = explained(level, status, change, missing=Reason.NO_NUMBER)
        return replace(found, n=status.n, labels=self.gives)

    def labels(self, names: Names) -> tuple[str, ...]:  # noqa: ARG002
        """The levels that come out."""
        return self.gives

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """A grid must have no hole and no unknown level."""
        yield from _unlike(self.cells, names.labels.get(self.status.of, ()), "cells", self.status)
        known = names.labels.get(self.change.of, ())
        every = known or tuple(dict.fromkeys(c for row in self.cells.values() for c in row))
        for row, columns in self.cells.items():
            yield from _unlike(columns, every, f"cells.{row}", self.change)
            for column, result in columns.items():
                if result is not None and result not in self.gives:
                    near = did_you_mean(result, self.gives)
                    text = f"must be one of {listed(self.gives)}, but it says {result}.{near}"
                    yield f"cells.{row}.{column}", text


Scoring = MinimumN | Cuts | LevelsInPool | Linear | Identity | Map | Grid
