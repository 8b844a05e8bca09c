"""What does a design remember? Conditions that held m of n years, and lists that one stays on.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.clause import Names, RefField
from analysis.designs.rules.base import ConditionRule
from analysis.values import Values, added, choose, larger

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
        met = added((values.value == 1) * 1.0 for values in window)
        open_ = added(values.value.isnull() * 1.0 for values in window)
        value = choose(met >= self.years, 1.0, 0.0)
        value = value.where((met >= self.years) | (met + open_ < self.years))
        worst = window[0].reason
        for values in window[1:]:
            worst = larger(worst, values.reason)
        reason = choose(value.isnull(), worst, 0).astype(np.int8)
        return Values(value, reason, n=now.n, decision=now.decision)

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
        years = [self._year(enter, leave, year) for year in cells.years]
        state = xr.full_like(years[0][0], np.nan)
        states = []
        for year, (may_enter, may_leave) in zip(cells.years, years, strict=True):
            if year in self.carry:
                states.append(state)
                continue
            kept = choose((state == 1) & (may_leave == 1), 0.0, state)
            if (year - (self.first or cells.years[0])) % (self.every or 1) == 0:
                judged = may_enter.notnull() & (state != 1)
                kept = choose(judged, may_enter, kept)
            state = kept
            states.append(state)
        value = xr.concat(states, dim=xr.Variable("year", list(cells.years)))
        reason = choose(value.isnull(), enter.reason, 0).astype(np.int8)
        return replace(enter, value=value, reason=reason, numerator=None)

    def _year(self, enter: Values, leave: Values, year: int) -> tuple[xr.DataArray, xr.DataArray]:
        a, b = xr.broadcast(enter.value, leave.value)
        return a.sel(year=year, drop=True), b.sel(year=year, drop=True)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """A cycle needs the year from which it is counted."""
        if (self.every or 1) > 1 and self.first is None:
            yield "first", "must give the first year of the cycle when every is more than 1"


Memory = Persist | Stay
