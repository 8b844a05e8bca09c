"""How do several numbers become one? Means, sums, points over possible, best-of.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr
from pydantic import Field, PlainValidator

from analysis.designs.clause import (
    NameMap,
    Names,
    Number,
    NumberField,
    RefsField,
    WeightsField,
    parse_named_numbers,
)
from analysis.designs.rules.base import NumberRule, Shares
from analysis.problems import did_you_mean, listed
from analysis.values import Reason, Values, added, cell_by_cell, choose, explained

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


Lines = tuple[NameMap[Number], ...]
"""Where the weight of a step goes: the first line all of whose steps have a result, or the last."""


def _transfers(said: object) -> NameMap[Lines]:
    if not isinstance(said, dict):
        msg = "must be {missing measure: {measure that gains: weight}}"
        raise ValueError(msg)  # noqa: TRY004 (pydantic turns ValueError into a message)
    return NameMap({str(name): _lines(to) for name, to in said.items()})


def _lines(said: object) -> Lines:
    lines = said if isinstance(said, list) and said else [said]
    return tuple(parse_named_numbers(line) for line in lines)


class Mean(NumberRule):
    """Average steps by their weights; weights are relative.

    `missing` says what happens to a step without a result: `share_out` (the others carry its
    weight, in proportion), `transfer` (its weight goes where `transfer` says, then the rest is
    shared out), `zero` (it counts as 0), `no_result`. At least `judged` steps must have one.
    What `transfer` gives to a step that is missing too goes on as that step's own weight does;
    what would come round to a step again is shared out. It may give a list: the first line all of
    whose steps have a result holds, else the last. `form` is the kind of mean; a geometric or
    harmonic one has no result where a value is negative.
    """

    rule: Literal["mean"]
    of: WeightsField
    missing: Literal["share_out", "transfer", "zero", "no_result"]
    form: Literal["arithmetic", "geometric", "harmonic"] = "arithmetic"
    transfer: Annotated[NameMap[Lines], PlainValidator(_transfers)] | None = None
    judged: int = Field(1, ge=1)

    def out(self, cells: Cells) -> Values:
        """Give the mean, over the axes of its steps, in their unit."""
        inputs = [cells[name] for name in self.of]
        weights = self._weights(cells)
        carried = (weights[name] for name in self.of)
        value = cell_by_cell(self._averaged, *carried, *(values.value for values in inputs))
        return explained(value, *inputs, missing=Reason.TOO_FEW_JUDGED)

    def _averaged(self, *arrays: np.ndarray) -> np.ndarray:
        """Average plain arrays: first the weight of each step, then the value of each."""
        total: Any = np.float64(0.0)  # not a plain number: a step may have no axis
        top: Any = 0.0
        seen: Any = 0
        for weight, x in zip(arrays[: len(self.of)], arrays[len(self.of) :], strict=True):
            total = total + weight
            top = top + np.where(weight > 0, weight * self._change(x), 0.0)
            seen = seen + ~np.isnan(x)
        value = self._back(top / np.where(total > 0, total, np.nan))
        least = len(self.of) if self.missing == "no_result" else self.judged
        found: np.ndarray = np.where(seen >= least, value, np.nan)
        return found

    def _change(self, x: np.ndarray) -> np.ndarray:
        filled = _zero_filled(x) if self.missing == "zero" else x
        if self.form == "arithmetic":
            return filled
        positive = np.where(filled >= 0, filled, np.nan) + 0.0  # a rounded -0.0 becomes 0
        # 0 makes these means 0; below 0 there is none
        return np.log(positive) if self.form == "geometric" else 1 / positive

    def _back(self, mean: np.ndarray) -> np.ndarray:
        if self.form == "arithmetic":
            return mean
        return np.exp(mean) if self.form == "geometric" else 1 / mean

    def _weights(self, cells: Cells) -> Mapping[str, xr.DataArray]:
        there = {name: cells[name].value.notnull() for name in self.of}
        if self.missing == "zero":
            there = {name: xr.ones_like(a) for name, a in there.items()}
        nominal = {
            name: cell_by_cell(np.add, there[name] * 0.0, cells.number(w))
            for name, w in self.of.items()
        }
        gained = nominal
        pattern = added(there[name] * 2.0**place for place, name in enumerate(self.of))
        for code in np.unique(pattern) if self.transfer is not None else ():
            here = {name: bool(int(code) >> i & 1) for i, name in enumerate(self.of)}
            moved = self._moved(cells, here)
            gained = {name: choose(pattern == code, moved[name], w) for name, w in gained.items()}
        return {name: cell_by_cell(np.multiply, w, there[name]) for name, w in gained.items()}

    def _moved(self, cells: Cells, here: Mapping[str, bool]) -> Mapping[str, xr.DataArray]:
        """Give the weights when only the steps `here` have a result."""
        weights = {name: cells.number(w) for name, w in self.of.items()}
        found = {name: w if here[name] else 0.0 * w for name, w in weights.items()}

        def move(weight: xr.DataArray, gone: str, before: tuple[str, ...]) -> None:
            lines = self.transfer.get(gone, ()) if self.transfer else ()
            whole = (one for one in lines if all(here[n] for n in one))
            for name, amount in next(whole, lines[-1] if lines else NameMap()).items():
                own = weights[gone]  # a step that weighs nothing has nothing to give
                part = choose(own == 0, 0.0, weight * cells.number(amount) / own)
                if here[name]:
                    found[name] = found[name] + part
                elif name not in before:
                    move(part, name, (*before, gone))

        for name in self.of:
            if not here[name]:
                move(weights[name], name, (name,))
        return found

    def shares(self, cells: Cells) -> Shares:
        """Give the share of each step in the mean after missing ones, 0-1."""
        weights = self._weights(cells)
        total = reduce(lambda a, b: a + b, weights.values())
        return {(name, None): w / total.where(total > 0) for name, w in weights.items()}

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Weights may not be negative; a transfer goes between the steps averaged."""
        for name, weight in self.of.items():
            if isinstance(weight, float) and weight < 0:
                yield f"of.{name}", f"a weight may not be negative, but it says {weight:g}"
        if (self.transfer is None) == (self.missing == "transfer"):
            yield "transfer", "must be given with missing: transfer, and only then"
        for gone, lines in (self.transfer or {}).items():
            for name in (gone, *(target for line in lines for target in line)):
                if name not in self.of:
                    near = did_you_mean(name, self.of)
                    yield "transfer", f"{name} is not among {listed(self.of)}.{near}"


def _zero_filled(x: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(x), 0.0, x)


def most_of(cells: Cells, name: str) -> Number:
    """Give the most that a step can give, 1 where that is not known."""
    clause = cells.clauses.get(name)
    return clause.most() if isinstance(clause, NumberRule) else 1.0


class Sum(NumberRule):
    """Add steps, each times its number (1 to add it as it is).

    A step without a result counts as 0 (`missing: zero`) or leaves none (`missing: no_result`).
    Where every step is missing there is no sum.
    """

    rule: Literal["sum"]
    of: WeightsField
    missing: Literal["zero", "no_result"]

    def out(self, cells: Cells) -> Values:
        """Give the sum, over the axes of its steps; missing where every step is missing."""
        inputs = [cells[name] for name in self.of]
        least = len(self.of) if self.missing == "no_result" else 1

        def summed(*arrays: np.ndarray) -> np.ndarray:
            numbers, each = arrays[: len(self.of)], arrays[len(self.of) :]
            parts = (w * _zero_filled(x) for w, x in zip(numbers, each, strict=True))
            seen = sum(~np.isnan(x) * 1 for x in each)
            return np.where(seen >= least, sum(parts, np.float64(0.0)), np.nan)

        carried = (cells.number(number) for number in self.of.values())
        value = cell_by_cell(summed, *carried, *(values.value for values in inputs))
        return explained(value, *inputs)

    def shares(self, cells: Cells) -> Shares:
        """Give the share of each step in the points that the school could reach, 0-1.

        A step whose highest result is not known counts by its multiplier.
        """
        worth = {
            name: cells[name].value.notnull() * cells.number(w) * cells.number(most_of(cells, name))
            for name, w in self.of.items()
        }
        total = reduce(lambda a, b: a + b, worth.values())
        return {(name, None): w / total.where(total > 0) for name, w in worth.items()}


class PointsOverPossible(NumberRule):
    """Divide the points earned by the points that were possible, times a number.

    `of` gives each step's possible points; a step without a result leaves both sums. The number is
    `times`: 100 for a percentage.
    """

    rule: Literal["points_over_possible"]
    of: WeightsField
    times: NumberField = 100.0

    def out(self, cells: Cells) -> Values:
        """Give `times` x points / possible points, over the axes of the steps."""
        inputs = [cells[name] for name in self.of]

        def over(times: np.ndarray, possible: np.ndarray, *each: np.ndarray) -> np.ndarray:
            earned = sum((_zero_filled(x) for x in each), np.float64(0.0))
            return times * earned / np.where(possible > 0, possible, np.nan)

        both = (cells.number(self.times), self._possible(cells))
        return explained(cell_by_cell(over, *both, *(given.value for given in inputs)), *inputs)

    def _possible(self, cells: Cells) -> xr.DataArray:
        return added(self._worth(cells).values())

    def _worth(self, cells: Cells) -> Mapping[str, xr.DataArray]:
        return {
            name: cell_by_cell(np.multiply, cells[name].value.notnull(), cells.number(number))
            for name, number in self.of.items()
        }

    def shares(self, cells: Cells) -> Shares:
        """Give the share of each step in the points possible, 0-1."""
        whole = self._possible(cells).where(lambda possible: possible > 0)
        return {(name, None): part / whole for name, part in self._worth(cells).items()}


class _Extreme(NumberRule):
    of: RefsField
    missing: Literal["leave_out", "no_result"]

    def _out(self, cells: Cells, *, largest: bool) -> Values:
        inputs = [cells[ref] for ref in self.of]
        passing, strict = (np.fmax, np.maximum) if largest else (np.fmin, np.minimum)
        way = passing if self.missing == "leave_out" else strict
        value = reduce(partial(cell_by_cell, way), (values.value for values in inputs))
        return replace(explained(value, *inputs), labels=inputs[0].labels)

    def shares(self, cells: Cells) -> Shares | None:
        """Give 1 to the step whose value is taken, the first of equal ones; 0 to the others."""
        if any(ref.year != "this" or ref.group is not None for ref in self.of):
            return None
        taken, left = self.out(cells).value, xr.DataArray(1.0)
        found: dict[tuple[str, str | None], xr.DataArray] = {}
        for ref in self.of:
            share = left * (cells[ref].value == taken)
            found[ref.of, None], left = share, left - share
        return found

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels of the first step."""
        return names.labels.get(self.of[0].of, ())


class Max(_Extreme):
    """Take the largest of several steps (best of two paths).

    A step without a result is left out (`missing: leave_out`) or leaves none (`no_result`).
    """

    rule: Literal["max"]

    def out(self, cells: Cells) -> Values:
        """Give the largest value, over the axes of the steps."""
        return self._out(cells, largest=True)


class Min(_Extreme):
    """Take the smallest of several steps.

    A step without a result is left out (`missing: leave_out`) or leaves none (`no_result`).
    """

    rule: Literal["min"]

    def out(self, cells: Cells) -> Values:
        """Give the smallest value, over the axes of the steps."""
        return self._out(cells, largest=False)


Combining = Mean | Sum | PointsOverPossible | Max | Min
