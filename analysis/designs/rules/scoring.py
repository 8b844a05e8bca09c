"""Which values count, and how many points are they worth?

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.cells import code_of
from analysis.designs.clause import (
    Names,
    Number,
    NumberField,
    NumbersField,
    RefField,
)
from analysis.designs.rules.base import Notch, NumberRule, Rule, number_pairs, unlike
from analysis.rounding import settle
from analysis.values import ALL, Reason, Values, cell_by_cell, choose, filled, kept

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


class OrShare(Rule):
    """The second way to count: a smaller `n` that is also `share_of_all` (0-1) of all students."""

    n: NumberField
    share_of_all: NumberField


class MinimumN(NumberRule):
    """Count a value only when enough students stand behind it.

    `n` is the number needed; a value with fewer is left out, with the reason `below minimum n`.
    `years: both` asks it of last year too. `or` gives a second way: a smaller n that is also a
    share of all students (0-1), as in "100, or 50 and 15 %".
    """

    rule: Literal["minimum_n"]
    of: RefField
    n: NumberField
    years: Literal["this", "both"] = "this"
    or_: OrShare | None = Field(None, alias="or")

    def out(self, cells: Cells) -> Values:
        """Keep value and numerator where the minimum is met, n everywhere; shaped like `of`."""
        values = cells[self.of]
        enough = self._enough(cells, ago=0)
        short: Any = np.int8(Reason.BELOW_MINIMUM_N)
        if self.years == "both":  # nobody may have counted the year before
            uncounted = cell_by_cell(np.logical_and, enough, cells.n(self.of, 1).isnull())
            short = choose(uncounted, np.int8(Reason.NO_EARLIER_YEAR), short)
            enough = cell_by_cell(np.logical_and, enough, self._enough(cells, ago=1))
        told = choose(values.reason > 0, values.reason, short)
        return replace(
            values,
            value=kept(values.value, enough),
            reason=choose(enough, values.reason, told),
            numerator=None if values.numerator is None else kept(values.numerator, enough),
        )

    def _enough(self, cells: Cells, *, ago: int) -> xr.DataArray:
        n = cells.n(self.of, ago)
        met = cell_by_cell(np.greater_equal, n, cells.number(self.n))
        if self.or_ is None:
            return met

        def too(n: np.ndarray, everyone: np.ndarray, *least: np.ndarray) -> np.ndarray:
            enough: np.ndarray = (n >= least[0]) & (settle(n / everyone) >= least[1])
            return enough

        everyone = cells.n(replace(self.of, group=ALL), ago)
        least = (cells.number(self.or_.n), cells.number(self.or_.share_of_all))
        return cell_by_cell(np.logical_or, met, cell_by_cell(too, n, everyone, *least))

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels of what is counted."""
        return names.labels.get(self.of.of, ())

    def notches(self) -> tuple[Notch, ...]:
        """The minimum itself, and the smaller one."""
        more = () if self.or_ is None else (Notch(self.of, self.or_.n, "n"),)
        return (Notch(self.of, self.n, "n"), *more)


class Linear(NumberRule):
    """Give points in a straight line between two ends, level beyond them.

    A value at `none_at` has no points, one at `full_at` has `worth` points, as has all beyond it.
    Where less is better, `full_at` is the smaller number.
    """

    rule: Literal["linear"]
    of: RefField
    none_at: NumberField
    full_at: NumberField
    worth: NumberField

    def out(self, cells: Cells) -> Values:
        """Give 0 at `none_at`, `worth` at `full_at`; shaped like `of`, in points."""
        values = cells[self.of]

        def points(x: np.ndarray, *said: np.ndarray) -> np.ndarray:
            low, high, worth = said
            held: np.ndarray = np.clip((x - low) / (high - low), 0, 1) * worth
            return held

        given = (cells.number(number) for number in (self.none_at, self.full_at, self.worth))
        value = cell_by_cell(points, values.value, *given)
        return values.with_value(value, missing=Reason.NO_NUMBER)

    def most(self) -> Number:
        """The points at the better end."""
        return self.worth

    def notches(self) -> tuple[Notch, ...]:
        """The two ends, where the slope breaks."""
        return (Notch(self.of, self.none_at), Notch(self.of, self.full_at))

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """The two ends must differ."""
        if any(low == high for low, high in number_pairs(self.none_at, self.full_at)):
            yield "full_at", "must differ from none_at"


class Identity(NumberRule):
    """Take a value as it is, rounded if the clause says so.

    It also gives a name to a value of another year or group.
    """

    rule: Literal["identity"]
    of: RefField

    def out(self, cells: Cells) -> Values:
        """Give the value itself; shaped like `of`."""
        return cells[self.of]

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels."""
        return names.labels.get(self.of.of, ())


class Map(NumberRule):
    """Give each ordered level its number of points: `to` says how many, level by level."""

    rule: Literal["map"]
    of: RefField
    to: NumbersField

    def out(self, cells: Cells) -> Values:
        """Look up each level; shaped like `of`, in points."""
        values = cells[self.of]
        points = filled(values.value, np.full(values.value.shape, np.nan))
        for label, number in self.to.items():
            code = code_of(label, values.labels)
            points = choose(values.value == code, cells.number(number), points)
        return values.with_value(points, missing=Reason.NO_NUMBER)

    def most(self) -> Number:
        """The largest number of the map."""
        known = [x for x in self.to.values() if isinstance(x, float)]
        return max(known) if len(known) == len(self.to) else 1.0

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Every level needs its number, and no other."""
        known = names.labels.get(self.of.of, ())
        yield from unlike(self.to, known, "to", self.of)


Scoring = MinimumN | Linear | Identity | Map
