"""How do groups, parts of a school, and schools paired with it become one result?

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import numpy as np
import xarray as xr

from analysis.designs.clause import (
    Names,
    Number,
    NumberField,
    RefField,
    RoundingField,
    WordsField,
)
from analysis.designs.rules.base import Kind, NumberRule, Shares
from analysis.rounding import MODES
from analysis.values import ALL, Reason, Values, choose, explained

if TYPE_CHECKING:
    from analysis.designs.cells import Cells

NOT_PAIRED: Final = -2
"""What stands in for an empty column of schools; -1 is a school that the panel lacks."""


class AcrossGroups(NumberRule):
    """Share a measure's points between all students and some groups.

    All students carry the share `all`; the groups of `rest` that have a result carry the rest in
    equal parts (`all: equal` gives every cell the same). `worth` is the most points that the
    measure can give, `full` the value that earns them. Each cell is value / `full` x points,
    rounded by `cell_round`. `missing` says who gets the share of a group without a result: the
    other groups (`rest`; all students when there is none), all students (`all`), or everybody in
    proportion (`scale_up`). Where all students have no result there is none.
    """

    rule: Literal["across_groups"]
    of: RefField
    rest: WordsField
    all: NumberField | Literal["equal"]
    worth: NumberField
    full: NumberField
    missing: Literal["rest", "all", "scale_up"] | None
    cell_round: RoundingField | None = None

    def out(self, cells: Cells) -> Values:
        """Give the points of the school, without the axis group."""
        values = cells[self.of]
        total: Any = 0.0
        for group, share in self._parts(cells).items():
            level = values.value.sel(group=group, drop=True).fillna(0.0)
            total = total + self._cell(level / cells.number(self.full), share, cells)
        top = values.value.sel(group=ALL, drop=True)
        everyone = replace(values, value=top, reason=values.reason.sel(group=ALL, drop=True))
        n = None if values.n is None else values.n.sel(group=ALL, drop=True)
        return replace(explained(total.where(top.notnull()), everyone), n=n)

    def most(self) -> Number:
        """The points of the measure."""
        return self.worth

    def _cell(self, part: xr.DataArray, share: xr.DataArray, cells: Cells) -> xr.DataArray:
        points = part * cells.number(self.worth) * share
        if self.cell_round is None:
            return points
        rounded: xr.DataArray = MODES[self.cell_round.mode](points, self.cell_round.places)
        return rounded

    def _parts(self, cells: Cells) -> Mapping[str, xr.DataArray]:
        there = cells[self.of].value.notnull()
        groups = there.sel(group=list(self.rest))
        k = groups.sum("group")
        nominal = 1 / (1 + len(self.rest)) if self.all == "equal" else cells.number(self.all)
        each = (1 - nominal) / len(self.rest)
        if self.missing == "rest":
            top = 1 / (1 + k) if self.all == "equal" else choose(k > 0, nominal, 1.0)
            rest = (1 - top) / k.where(k > 0)
        elif self.missing == "all":
            top, rest = 1 - k * each, each + k * 0.0
        else:
            present = nominal + k * each
            top, rest = nominal / present, each / present
        cell = {g: choose(groups.sel(group=g, drop=True), rest, 0.0) for g in self.rest}
        return {ALL: there.sel(group=ALL, drop=True) * top, **cell}

    def shares(self, cells: Cells) -> Shares:
        """Give the share of each group in the measure's points, 0-1."""
        return {(self.of.of, group): share for group, share in self._parts(cells).items()}

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """The share of all students lies between 0 and 1."""
        if isinstance(self.all, float) and not 0 <= self.all <= 1:
            yield "all", f"must be a share between 0 and 1, but it says {self.all:g}"


class AcrossParts(NumberRule):
    """Combine the parts of a school that spans levels into its whole.

    `weights` names a school column (enrollment), or a step. A school without parts keeps its own
    result.
    A part has no result here. A part without a result is left out (`missing: share_out`) or leaves
    the whole without one (`missing: no_result`); so does one with a result whose weight is empty.
    """

    rule: Literal["across_parts"]
    of: RefField
    weights: RefField | None
    missing: Literal["share_out", "no_result"]

    def out(self, cells: Cells) -> Values:
        """Give whole schools their weighted mean; rows of parts are missing."""
        values = cells[self.of]
        part = ~cells.is_whole
        there = values.value.notnull() & part
        weight = self._weight(cells).where(there, 0.0)
        top = _summed(weight * values.value.fillna(0.0), cells.whole)
        total = _summed(weight, cells.whole)
        lost = _summed((part & values.value.isnull()) * 1.0, cells.whole)
        mean = top / total.where(total > 0)
        if self.missing == "no_result":
            mean = mean.where(lost == 0)
        has_parts = _summed(part * 1.0, cells.whole) > 0
        value = choose(has_parts, mean, values.value).where(cells.is_whole)
        return explained(value, values, missing=Reason.NOT_APPLICABLE)

    def _weight(self, cells: Cells) -> xr.DataArray:
        assert self.weights is not None  # noqa: S101 (a step with null is not computed)
        return cells[self.weights].value

    def shares(self, cells: Cells) -> Shares:
        """Give each part's share in its school's result; 1 for a school without parts."""
        part = ~cells.is_whole
        there = cells[self.of].value.notnull() & part
        weight = self._weight(cells).where(there, 0.0)
        total = _summed(weight, cells.whole).isel(school=cells.whole)
        has_parts = _summed(part * 1.0, cells.whole) > 0
        own = choose(has_parts, 0.0, 1.0)
        return {(self.of.of, None): choose(part, weight / total.where(total > 0), own)}


class Inherit(NumberRule):
    """Give a school the result of the school that a column names (a paired campus).

    `column` is a school column that holds codes of schools. A school whose column is empty keeps
    its own. One that is paired with a school which the panel does not hold has no result.
    """

    looks_across: ClassVar[bool] = True
    rule: Literal["inherit"]
    of: RefField
    column: RefField

    def out(self, cells: Cells) -> Values:
        """Give the paired school's cells where there is one; shaped like `of`."""
        values = cells[self.of]
        row = cells[self.column].value.fillna(NOT_PAIRED)
        from_row = row.where(row >= 0, 0).astype(int)

        def taken(a: xr.DataArray, gone: float) -> xr.DataArray:
            theirs = a.isel(school=from_row)
            return choose(row == NOT_PAIRED, a, theirs.where(row >= 0, gone)).astype(a.dtype)

        value = taken(values.value, np.nan)
        reason = taken(values.reason, Reason.OUTSIDE_POOL)
        return Values(value, reason, labels=values.labels)

    def kind(self, names: Names) -> Kind:
        """Say that what comes out is of the kind that goes in."""
        return "condition" if names.kinds.get(self.of.of) == "condition" else "number"

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels."""
        return names.labels.get(self.of.of, ())


def _summed(a: xr.DataArray, whole: np.ndarray) -> xr.DataArray:
    def add(x: np.ndarray) -> np.ndarray:
        out = np.zeros_like(x)
        np.add.at(np.moveaxis(out, -1, 0), whole, np.moveaxis(x, -1, 0))
        return out

    core = [["school"]]
    found: xr.DataArray = xr.apply_ufunc(add, a, input_core_dims=core, output_core_dims=core)
    return found


Across = AcrossGroups | AcrossParts | Inherit
