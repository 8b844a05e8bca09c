"""What follows from a value and from other years? Changes, pooled rates, targets, bounds.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.clause import BoundField, Names, NumberField, Ref, RefField, RefsField
from analysis.designs.rules.base import Notch, NumberRule
from analysis.problems import fail
from analysis.rounding import settle
from analysis.values import Reason, Values, added, cell_by_cell, choose, explained, larger

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


class Change(NumberRule):
    """Subtract the value of an earlier year (last year unless `years` says more)."""

    rule: Literal["change"]
    of: RefField
    years: int = Field(1, ge=1, le=10)

    def out(self, cells: Cells) -> Values:
        """Give this year's value minus the earlier one; shaped like `of`, in its unit."""
        now = cells[self.of]
        before = cells.earlier(now, self.years)
        found = explained(cell_by_cell(np.subtract, now.value, before.value), now, before)
        return replace(found, n=now.n)


class Difference(NumberRule):
    """Subtract one number from another: `of` minus `minus`.

    Either may be a step or a plain number; at least one is a step.
    """

    rule: Literal["difference"]
    of: BoundField
    minus: BoundField

    def out(self, cells: Cells) -> Values:
        """Give `of` minus `minus`, over the axes of both."""
        inputs = [cells[r] for r in (self.of, self.minus) if isinstance(r, Ref)]
        value = cell_by_cell(np.subtract, cells.number(self.of), cells.number(self.minus))
        return replace(explained(value, *inputs, missing=Reason.NO_NUMBER), n=inputs[0].n)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """At least one side must be a step."""
        if not isinstance(self.of, Ref) and not isinstance(self.minus, Ref):
            yield "of", "must name a step (or minus must)"


class Ratio(NumberRule):
    """Divide one step by another: `of` over `over`, times the number `times`.

    With `times: 100` the result is a percentage. Over 0 there is no result.
    """

    rule: Literal["ratio"]
    of: RefField
    over: RefField
    times: NumberField = 1.0

    def out(self, cells: Cells) -> Values:
        """Give `times` x `of` / `over` with the n of `of`; missing where `over` is 0."""
        top, bottom = cells[self.of], cells[self.over]
        over = choose(bottom.value == 0, np.nan, bottom.value)
        value = cell_by_cell(lambda k, a, b: k * a / b, cells.number(self.times), top.value, over)
        return replace(explained(value, top, bottom, missing=Reason.NOT_APPLICABLE), n=top.n)


class PooledRatio(NumberRule):
    """Pool numerators and n over years and measures into one rate.

    `years` says how many years are pooled, this one among them. Each year and measure must have
    `minimum_n` by itself. A year or measure without a result leaves none (`missing: no_result`) or
    is left out (`missing: leave_out`). The rate is numerators over n, times the number `times`.
    """

    rule: Literal["pooled_ratio"]
    of: RefsField
    years: int = Field(ge=1, le=10)
    minimum_n: NumberField
    missing: Literal["no_result", "leave_out"]
    times: NumberField = 100.0

    def out(self, cells: Cells) -> Values:
        """Give `times` x sum of numerators / sum of n; over the axes of the inputs."""
        parts = [part for ref in self.of for part in self._parts(cells, ref)]
        here = [top.notnull() & (n >= cells.number(self.minimum_n)) for top, n, _ in parts]
        top = added(a.where(ok, 0.0) for (a, _, _), ok in zip(parts, here, strict=True))
        n = added(a.where(ok, 0.0) for (_, a, _), ok in zip(parts, here, strict=True))
        complete = added(ok * 1 for ok in here) == len(here)
        usable = (n > 0) & (complete | (self.missing == "leave_out"))
        value = (cells.number(self.times) * top / n).where(usable)
        inputs = (_short_of(values, ok) for (_, _, values), ok in zip(parts, here, strict=True))
        found = explained(value, *inputs, missing=Reason.BELOW_MINIMUM_N)
        return replace(found, n=n.where(usable), numerator=top.where(usable))

    def _parts(self, cells: Cells, ref: Ref) -> Iterator[tuple[xr.DataArray, xr.DataArray, Values]]:
        for years in range(self.years):
            values = cells.earlier(cells[ref], years)
            if values.n is None or values.numerator is None:
                text = f"needs the numerator and n of {ref}, which the panel does not give"
                raise fail(cells.here, text)
            yield values.numerator, values.n, values

    def notches(self) -> tuple[Notch, ...]:
        """The minimum n of each part."""
        return tuple(Notch(ref, self.minimum_n, "n") for ref in self.of)


def _short_of(values: Values, enough: xr.DataArray) -> Values:
    """Say of values that are there, but do not count, that too few students stand behind them."""
    short = (values.reason == 0) & ~enough
    told = choose(short, np.int8(Reason.BELOW_MINIMUM_N), values.reason).astype(np.int8)
    return replace(values, reason=told)


class GapClosing(NumberRule):
    """Set a target that closes a share of the distance between a value and a goal.

    The change asked for is `share` (0-1) of the distance from the value to `goal`. `gives: gain`
    is that change; `gives: value` is the value to be reached. A gain
    smaller than `at_least` is raised to it. A value at or beyond the goal has no target, unless
    `beyond: hold` (the target is then the goal itself). `better: low` is for a goal below.
    """

    rule: Literal["gap_closing"]
    of: RefField
    goal: NumberField
    share: NumberField
    gives: Literal["gain", "value"]
    better: Literal["high", "low"] = "high"
    beyond: Literal["no_target", "hold"] = "no_target"
    at_least: NumberField = 0.0

    def out(self, cells: Cells) -> Values:
        """Give the target, shaped like `of`, in its unit."""
        values = cells[self.of]
        way = 1.0 if self.better == "high" else -1.0
        distance = way * (cells.number(self.goal) - values.value)
        least = cells.number(self.at_least)
        gain = larger(cells.number(self.share) * distance, least)
        short = gain.where(settle(distance) > 0, distance if self.beyond == "hold" else np.nan)
        target = way * short + (values.value if self.gives == "value" else 0.0)
        return values.with_value(target, missing=Reason.NOT_APPLICABLE)


class Wilson(NumberRule):
    """Give Wilson's score bound of a percentage, in per cent.

    `side` says which bound. `z` is the normal quantile: 1.96 for 95 per cent between both bounds.
    Source: E. B. Wilson (1927); Tennessee's published program uses z = 1.96.
    """

    rule: Literal["wilson"]
    of: RefField
    side: Literal["upper", "lower"]
    z: NumberField = 1.96

    def out(self, cells: Cells) -> Values:
        """Give the bound, shaped like `of`, in per cent; it needs value (0-100) and n."""
        values = cells[self.of]
        n = cells.n(self.of).where(lambda a: a > 0)
        p, z = values.value / 100, cells.number(self.z)
        middle = p + z**2 / (2 * n)
        half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        sign = 1 if self.side == "upper" else -1
        bound = 100 * (middle + sign * half) / (1 + z**2 / n)
        return values.with_value(bound, missing=Reason.NO_STUDENTS)


Deriving = Change | Difference | Ratio | PooledRatio | GapClosing | Wilson
