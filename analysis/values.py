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
    gone = cell_by_cell(np.isnan, value)
    if not inputs:
        return Values(value, choose(gone, np.int8(missing), np.int8(0)).astype(np.int8))
    worst = reduce(larger, (given.reason for given in inputs))
    extra = [axis for axis in worst.dims if axis not in value.dims]
    worst = worst.max(extra) if extra else worst
    told = choose(worst > 0, worst, np.int8(missing))
    return Values(value, choose(gone, told, np.int8(0)).astype(np.int8))


def larger(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
    """Give the larger of two arrays, cell by cell, over the axes of both."""
    return cell_by_cell(np.maximum, a, b)


def added(arrays: Iterable[xr.DataArray]) -> xr.DataArray:
    """Add arrays in the order given, over the axes of all."""
    return reduce(lambda a, b: cell_by_cell(np.add, a, b), arrays)


def choose(test: xr.DataArray, yes: Any, no: Any) -> xr.DataArray:  # noqa: ANN401 (as xarray)
    """Take one value where the test holds and the other elsewhere, over the axes of all."""
    return cell_by_cell(np.where, test, yes, no)


def cell_by_cell(function: Callable[..., np.ndarray], *arrays: Any) -> xr.DataArray:  # noqa: ANN401
    """Apply a function of NumPy to arrays and numbers, cell by cell, over the axes of all.

    Arrays that are laid out alike are not aligned by xarray, which costs more than the numbers.

    >>> two = xr.DataArray([1.0, 2.0], dims="school")
    >>> cell_by_cell(np.add, two, 1).values.tolist()
    [2.0, 3.0]
    """
    held = [a for a in arrays if isinstance(a, xr.DataArray)]
    widest = max(held, key=lambda a: a.ndim)
    if all(a is widest or a.ndim == 0 or _laid_out_as(a, widest) for a in held):
        bare = (a.values if isinstance(a, xr.DataArray) else a for a in arrays)
        return widest.copy(data=function(*bare))
    return cast("xr.DataArray", xr.apply_ufunc(function, *arrays))


def _laid_out_as(a: xr.DataArray, b: xr.DataArray) -> bool:
    """Say whether two arrays have the same axes with the same labels."""
    if a.dims != b.dims or a.shape != b.shape:
        return False
    mine, theirs = a.indexes, b.indexes
    return len(mine) == len(theirs) and all(one.equals(theirs[axis]) for axis, one in mine.items())
