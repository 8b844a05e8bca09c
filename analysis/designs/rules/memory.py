"""What does a design remember? Conditions that held m of n years, and lists that one stays on.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.clause import Names, RefField
from analysis.designs.rules.base import ConditionRule
from analysis.values import Values, cell_by_cell, filled, larger, why

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


class Persist(ConditionRule):
    """A condition that was met in at least `years` of the last `out_of` years.

    Without `out_of`: in `years` years running. A year that cannot be judged leaves the result
    open unless the other years decide it.
    """

    conditions: ClassVar[tuple[str, ...]] = ("of",)
    rule: Literal["persist"]
    of: RefField
    years: int = Field(ge=1, le=20)
    out_of: int | None = Field(None, ge=1, le=20)

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing, shaped like `of`."""
        now = cells[self.of]
        window = [cells.earlier(now, k) for k in range(self.out_of or self.years)]

        def held(*each: np.ndarray) -> np.ndarray:
            met = sum(x == 1 for x in each)
            most = met + sum(np.isnan(x) for x in each)
            return np.where(met >= self.years, 1.0, np.where(most < self.years, 0.0, np.nan))

        value = cell_by_cell(held, *(values.value for values in window))
        worst = reduce(larger, (values.reason for values in window))
        return Values(value, why(value, worst), n=now.n, decision=now.decision)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """The window must be as long as the years asked for."""
        if self.out_of is not None and self.out_of < self.years:
            yield "out_of", f"must be at least years ({self.years}), but it says {self.out_of}"


class Stay(ConditionRule):
    """A status that is entered on one condition and left on another.

    A school enters when `enter` is met, and leaves when `leave` is.
    `every` k years, counted from the year `first`, schools may enter; leaving is possible in any
    year after the one of entry. In the years `carry` (a waiver) everybody's status is carried
    forward. What cannot be judged changes nothing; in the panel's first year
    nobody has the status before.
    """

    conditions: ClassVar[tuple[str, ...]] = ("enter", "leave")
    rule: Literal["stay"]
    enter: RefField
    leave: RefField
    every: int | None = Field(1, ge=1, le=20)
    first: int | None = None
    carry: tuple[int, ...] = ()

    def out(self, cells: Cells) -> Values:
        """Give 1 or 0 (missing only while entry was never judged), over the axes of `enter`."""
        enter, leave = cells[self.enter], cells[self.leave]
        both = xr.broadcast(enter.value, leave.value)
        axis = both[0].get_axis_num("year")
        states = self._states(cells.years, *(np.moveaxis(a.values, axis, 0) for a in both))
        value = filled(both[0], np.moveaxis(states, 0, axis))
        return replace(enter, value=value, reason=why(value, enter.reason), numerator=None)

    def _states(self, years: Sequence[int], enter: np.ndarray, leave: np.ndarray) -> np.ndarray:
        """Follow the status from year to year (first axis)."""
        states = np.full_like(enter, np.nan)
        state = states[0]
        for place, year in enumerate(years):
            if year not in self.carry:
                after = np.where((state == 1) & (leave[place] == 1), 0.0, state)
                if (year - (self.first or years[0])) % (self.every or 1) == 0:
                    judged = ~np.isnan(enter[place]) & (state != 1)
                    after = np.where(judged, enter[place], after)
                state = after
            states[place] = state
        return states

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """A cycle needs the year from which it is counted."""
        if (self.every or 1) > 1 and self.first is None:
            yield "first", "must give the first year of the cycle when every is more than 1"


Memory = Persist | Stay
