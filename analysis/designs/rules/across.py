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
from analysis.values import (
    ALL,
    Reason,
    Values,
    among,
    apart,
    at,
    cell_by_cell,
    choose,
    explained,
    kept,
)

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
        values, everyone = cells[self.of], cells[replace(self.of, group=ALL)]
        full, worth = cells.number(self.full), cells.number(self.worth)
        total: Any = 0.0
        for group, share in self._parts(cells).items():
            points = cell_by_cell(self._cell, at(values.value, "group", group), full, worth, share)
            total = cell_by_cell(np.add, total, points)
        found = explained(kept(total, everyone.value.notnull()), everyone)
        return replace(found, n=everyone.n)

    def most(self) -> Number:
        """The points of the measure."""
        return self.worth

    def _cell(self, x: np.ndarray, *said: np.ndarray) -> np.ndarray:
        """Give the points of one group, of plain arrays: value, full, worth, share."""
        full, worth, share = said
        points: np.ndarray = np.where(np.isnan(x), 0.0, x) / full * worth * share
        if self.cell_round is not None:
            points = MODES[self.cell_round.mode](points, self.cell_round.places)
        return points

    def _parts(self, cells: Cells) -> Mapping[str, xr.DataArray]:
        there = cells[self.of].value.notnull()
        k = among(there, "group", self.rest).sum("group")
        nominal = 1 / (1 + len(self.rest)) if self.all == "equal" else cells.number(self.all)
        top = cell_by_cell(lambda k, all_: self._shared(k, all_)[0], k, nominal)
        rest = cell_by_cell(lambda k, all_: self._shared(k, all_)[1], k, nominal)
        everyone, *others = apart(there, "group", (ALL, *self.rest))
        cell = {g: choose(a, rest, 0.0) for g, a in zip(self.rest, others, strict=True)}
        return {ALL: cell_by_cell(np.multiply, everyone, top), **cell}

    def _shared(self, k: np.ndarray, nominal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the shares of all students and of each other group, where k of these have one."""
        each = (1 - nominal) / len(self.rest)
        if self.missing == "rest":
            top = 1 / (1 + k) if self.all == "equal" else np.where(k > 0, nominal, 1.0)
            return top, (1 - top) / np.where(k > 0, k, np.nan)
        if self.missing == "all":
            return 1 - k * each, each + k * 0.0
        present = nominal + k * each
        return nominal / present, each / present

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
        values, whole = cells[self.of], cells.is_whole
        weight = self._weight(cells)
        top = _summed(cell_by_cell(_carried, weight, values.value), cells.whole)
        total = _summed(weight, cells.whole)
        mean = cell_by_cell(_ratio, top, total)
        if self.missing == "no_result":
            lost = cell_by_cell(np.logical_and, ~whole, values.value.isnull())
            mean = kept(mean, _summed(lost * 1.0, cells.whole) == 0)
        has_parts = _summed(~whole * 1.0, cells.whole) > 0
        value = kept(choose(has_parts, mean, values.value), whole)
        return explained(value, values, missing=Reason.NOT_APPLICABLE)

    def _weight(self, cells: Cells) -> xr.DataArray:
        """Give the weight of each part with a result; 0 to every other row."""
        assert self.weights is not None  # noqa: S101 (a step with null is not computed)
        there = cell_by_cell(np.logical_and, cells[self.of].value.notnull(), ~cells.is_whole)
        return choose(there, cells[self.weights].value, 0.0)

    def shares(self, cells: Cells) -> Shares:
        """Give each part's share in its school's result; 1 for a school without parts."""
        part = ~cells.is_whole
        weight = self._weight(cells)
        total = _summed(weight, cells.whole).isel(school=cells.whole)
        has_parts = _summed(part * 1.0, cells.whole) > 0
        own = choose(has_parts, 0.0, 1.0)
        return {(self.of.of, None): choose(part, cell_by_cell(_ratio, weight, total), own)}


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
        from_row = choose(row >= 0, row, 0).astype(int)

        def taken(a: xr.DataArray, gone: float) -> xr.DataArray:
            theirs = a.isel(school=from_row)
            return choose(row == NOT_PAIRED, a, choose(row >= 0, theirs, gone)).astype(a.dtype)

        value = taken(values.value, np.nan)
        reason = taken(values.reason, Reason.OUTSIDE_POOL)
        return Values(value, reason, labels=values.labels)

    def kind(self, names: Names) -> Kind:
        """Say that what comes out is of the kind that goes in."""
        return "condition" if names.kinds.get(self.of.of) == "condition" else "number"

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels."""
        return names.labels.get(self.of.of, ())


def _carried(weight: np.ndarray, x: np.ndarray) -> np.ndarray:
    return weight * np.where(np.isnan(x), 0.0, x)


def _ratio(top: np.ndarray, total: np.ndarray) -> np.ndarray:
    return top / np.where(total > 0, total, np.nan)


def _summed(a: xr.DataArray, whole: np.ndarray) -> xr.DataArray:
    def add(x: np.ndarray) -> np.ndarray:
        out = np.zeros_like(x)
        np.add.at(np.moveaxis(out, -1, 0), whole, np.moveaxis(x, -1, 0))
        return out

    core = [["school"]]
    found: xr.DataArray = xr.apply_ufunc(add, a, input_core_dims=core, output_core_dims=core)
    return found


Across = AcrossGroups | AcrossParts | Inherit
