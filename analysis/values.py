"""What does a cell hold? A value, how many students stand behind it, and why it is missing.

To add a reason: one member of `Reason` (the larger number wins where several meet) and its words.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import reduce
from typing import Any, Final, cast

import numpy as np
import xarray as xr

AXES: Final = ("draw", "school", "year", "group")
"""Every array has some of these named axes, in this order."""

ALL: Final = "all"
"""The group that holds every student of a school."""


class Reason(IntEnum):
    """Why a value is missing; 0 says that it is there."""

    PRESENT = 0
    NOT_MEASURED = 1
    NOT_APPLICABLE = 2
    NO_STUDENTS = 3
    NO_EARLIER_YEAR = 4
    NO_NUMBER = 5
    TOO_FEW_JUDGED = 6
    OUTSIDE_POOL = 7
    BELOW_MINIMUM_N = 8
    SUPPRESSED = 9
    UNKNOWN_CONSTANT = 10

    @property
    def words(self) -> str:
        """The reason as a reader sees it; empty where nothing is missing."""
        return _WORDS[self]


_WORDS: Final = {
    Reason.PRESENT: "",
    Reason.NOT_MEASURED: "not measured",
    Reason.NOT_APPLICABLE: "not applicable",
    Reason.NO_STUDENTS: "no students",
    Reason.NO_EARLIER_YEAR: "no earlier year",
    Reason.NO_NUMBER: "the design has no number for this kind of school",
    Reason.TOO_FEW_JUDGED: "too few measures judged",
    Reason.OUTSIDE_POOL: "outside the pool",
    Reason.BELOW_MINIMUM_N: "below minimum n",
    Reason.SUPPRESSED: "suppressed",
    Reason.UNKNOWN_CONSTANT: "a number of the design is not known",
}


def name_code(name: str) -> int:
    """Turn the name of a step into a number that is the same in every design.

    >>> name_code("low") == name_code("low"), name_code("low") == name_code("low_2")
    (True, False)
    """
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


@dataclass(frozen=True)
class Decision:
    """Which step decided a condition, and by how much; arrays shaped like the condition.

    `step` holds `name_code` of the step (-1: none); `value` and `line` are in its unit.
    """

    step: xr.DataArray
    value: xr.DataArray
    line: xr.DataArray


@dataclass(frozen=True)
class Values:
    """The cells of one measure or step, over some of the axes draw, school, year, group.

    `value` is a number, a level (1 is the lowest of `labels` where there are labels) or a
    condition (1 met, 0 not met, missing: cannot be judged). `reason` holds `Reason` codes.
    `n` is a number of students; `numerator` counts the students behind a rate; `se` is the
    standard error in the unit of the value.
    """

    value: xr.DataArray
    reason: xr.DataArray
    n: xr.DataArray | None = None
    numerator: xr.DataArray | None = None
    se: xr.DataArray | None = None
    labels: tuple[str, ...] = ()
    decision: Decision | None = None

    def with_value(
        self,
        value: xr.DataArray,
        *,
        missing: Reason = Reason.NOT_MEASURED,
        labels: tuple[str, ...] = (),
    ) -> Values:
        """Put a new value on the same n; a value newly missing gets the reason given."""
        return replace(
            explained(value, self, missing=missing), n=self.n, numerator=None, labels=labels
        )


def explained(
    value: xr.DataArray, *inputs: Values, missing: Reason = Reason.NOT_MEASURED
) -> Values:
    """Wrap a computed value; where it is missing, say why.

    The reason is the weightiest one among the inputs, or `missing` where no input lacks
    anything. Axes are those of `value`.
    """
    worst = reduce(larger, (given.reason for given in inputs), xr.DataArray(np.int8(0)))
    extra = [axis for axis in worst.dims if axis not in value.dims]
    worst = worst.max(extra) if extra else worst
    return Values(value, why(value, choose(worst > 0, worst, np.int8(missing))))


def why(value: xr.DataArray, reason: xr.DataArray) -> xr.DataArray:
    """Give the reason where a value is missing, and 0 where it is there."""
    return cell_by_cell(lambda x, r: np.where(np.isnan(x), r, 0).astype(np.int8), value, reason)


def larger(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
    """Give the larger of two arrays, cell by cell, over the axes of both."""
    return cell_by_cell(np.maximum, a, b)


def added(arrays: Iterable[xr.DataArray]) -> xr.DataArray:
    """Add arrays in the order given, over the axes of all."""
    return reduce(lambda a, b: cell_by_cell(np.add, a, b), arrays)


def choose(test: xr.DataArray, yes: Any, no: Any) -> xr.DataArray:  # noqa: ANN401 (as xarray)
    """Take one value where the test holds and the other elsewhere, over the axes of all."""
    return cell_by_cell(np.where, test, yes, no)


def kept(a: xr.DataArray, test: xr.DataArray) -> xr.DataArray:
    """Keep the cells where the test holds; the others are missing."""
    return choose(test, a, np.nan)


def one_of(place: np.ndarray, *arrays: np.ndarray) -> np.ndarray:
    """Take, cell by cell, from that one of some arrays of NumPy whose place is said, from 0."""
    where, *each = np.broadcast_arrays(place, *arrays)
    found: np.ndarray = np.take_along_axis(np.stack(each), where[np.newaxis], axis=0)[0]
    return found


def at(a: xr.DataArray, axis: str, label: object) -> xr.DataArray:
    """Take one label of an axis, which goes; an array without that axis stays as it is."""
    if axis not in a.dims:
        return a
    return a.isel({axis: a.get_index(axis).get_loc(label)}, drop=True)


def among(a: xr.DataArray, axis: str, labels: Iterable[object]) -> xr.DataArray:
    """Take some labels of an axis, in the order given."""
    index = a.get_index(axis)
    return a.isel({axis: [index.get_loc(label) for label in labels]})


def apart(a: xr.DataArray, axis: str, labels: Iterable[object]) -> list[xr.DataArray]:
    """Take an array apart along an axis: for each label named, what stands there."""
    each = dict(zip(a.get_index(axis), np.moveaxis(a.values, a.get_axis_num(axis), 0), strict=True))
    one = a.isel({axis: 0}, drop=True)
    return [filled(one, each[label]) for label in labels]


def filled(a: xr.DataArray, data: np.ndarray) -> xr.DataArray:
    """Lay plain numbers of the same shape over the axes of an array."""
    # NumPy's own way to put numbers back into what held them; a copy costs ten times as much
    return a.__array_wrap__(data)


def cell_by_cell(function: Callable[..., np.ndarray], *arrays: Any) -> xr.DataArray:  # noqa: ANN401
    """Apply a function of NumPy to arrays and numbers, cell by cell, over the axes of all.

    Where one array has the axes of all, they are not aligned by xarray, which costs more than the
    numbers: a rule does its sums in one function and is quick. What cannot be computed is missing.

    >>> two = xr.DataArray([1.0, 2.0], dims="school")
    >>> cell_by_cell(np.add, two, 1).values.tolist()
    [2.0, 3.0]
    """
    held = [a for a in arrays if isinstance(a, xr.DataArray)]
    widest = max(held, key=lambda a: a.ndim)
    with np.errstate(all="ignore"):
        if all(a is widest or _lies_in(a, widest) for a in held):
            bare = (_over(a, widest) if isinstance(a, xr.DataArray) else a for a in arrays)
            return filled(widest, function(*bare))
        return cast("xr.DataArray", xr.apply_ufunc(function, *arrays))


def _lies_in(a: xr.DataArray, b: xr.DataArray) -> bool:
    """Say whether the axes of one array are, in their order and labels, among another's."""
    if a.ndim == 0:
        return True
    order = b.dims if a.dims == b.dims else tuple(axis for axis in b.dims if axis in a.dims)
    if a.dims != order or any(a.sizes[axis] != b.sizes[axis] for axis in order):
        return False
    mine, theirs = a.indexes, b.indexes
    return all((axis in mine) == (axis in theirs) for axis in order) and all(
        one.equals(theirs[axis]) for axis, one in mine.items()
    )


def _over(a: xr.DataArray, widest: xr.DataArray) -> np.ndarray:
    """Give the numbers of an array, with an axis of one cell where a wider one has more."""
    if a.ndim in (0, widest.ndim):
        return a.values
    return a.values.reshape([a.sizes[axis] if axis in a.dims else 1 for axis in widest.dims])
