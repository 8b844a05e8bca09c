"""Which schools are named? Lines that reduce schools to a number, and lists.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.cells import map_arrays
from analysis.designs.clause import Names, Ref, RefField, RefsField, WordsField
from analysis.designs.rules.base import ConditionRule, Kind, Rule
from analysis.designs.rules.judging import decision_part, joined
from analysis.rounding import half_up, settle
from analysis.values import (
    ALL,
    Decision,
    Reason,
    Values,
    among,
    at,
    cell_by_cell,
    choose,
    explained,
    kept,
    name_code,
    why,
)

if TYPE_CHECKING:
    from analysis.designs.cells import Cells

Side = Literal["lowest", "highest"]


class Line(Rule):
    """A step that reduces schools to one number."""

    looks_across: ClassVar[bool] = True
    conditions: ClassVar[tuple[str, ...]] = ("pool", "among")
    of: RefField
    side: Side
    included: bool
    round: int | Literal["none"]
    within: RefField | None = None

    def kind(self, names: Names) -> Kind:  # noqa: ARG002
        """Say that a line comes out."""
        return "line"

    def before_ranking(self, x: xr.DataArray) -> xr.DataArray:
        """Round an index as it is ranked: to `round` places, and always to nine."""
        return settle(x if self.round == "none" else half_up(x, self.round))

    def drawn(self, cells: Cells, x: xr.DataArray, pool: xr.DataArray) -> Values:
        """Draw one line, or one for each kind of school that `within` tells apart."""
        if self.within is None:
            return explained(self.lines(x, pool), missing=Reason.OUTSIDE_POOL)
        kind = cells[self.within].value
        line = cell_by_cell(lambda a, b: np.full_like(a + b, np.nan), x, kind)
        for code in np.unique(kind.values[~np.isnan(kind.values)]):
            mine = kind == code
            drawn = self.lines(x, cell_by_cell(np.logical_and, pool, mine))
            line = choose(mine, drawn, line)
        return explained(line, missing=Reason.OUTSIDE_POOL)

    @abstractmethod
    def lines(self, x: xr.DataArray, pool: xr.DataArray) -> xr.DataArray:
        """Give the line of one pool, without the axis school."""


class ShareOfPool(Line):
    """Draw the line that cuts off a share of a pool of schools.

    `share` (0-1) of the schools of `pool` lie at the `side` named. Either by count: `count` rounds
    share x schools (`up`, `down`, `nearest`), the line is the
    value of the last school counted, and `ties` says whether schools tied with it come in beyond
    the count (`in`) or all of them stay out (`out`). Where no school is counted, nobody is beyond
    the line; where none is rated, there is no line. Or by `percentile`, with NumPy's name of its
    type. `counted` says whether schools without a result count in the pool (`pool`) or not
    (`rated`). `within` draws a line for each kind of school: a column, or a step with levels.
    Before ranking, values are rounded to `round` places, or not (`none`). `included` says whether
    a school that lies exactly on the line is beyond it.
    """

    rule: Literal["share_of_pool"]
    share: float | None = Field(gt=0, lt=1)
    pool: RefField
    counted: Literal["rated", "pool"] = "rated"
    count: Literal["up", "down", "nearest"] | None = None
    ties: Literal["in", "out"] | None = None
    percentile: (
        Literal["linear", "lower", "higher", "nearest", "hazen", "weibull", "median_unbiased"]
        | None
    ) = None

    def out(self, cells: Cells) -> Values:
        """Give the line, without the axis school unless there is one `within` each kind."""
        x = self.before_ranking(cells[self.of].value)
        return self.drawn(cells, x, cells.pool(self.pool))

    def lines(self, x: xr.DataArray, pool: xr.DataArray) -> xr.DataArray:
        """Give the line of one pool, without the axis school."""
        core = [["school"], ["school"]]
        found: xr.DataArray = xr.apply_ufunc(
            self._line, x, pool, input_core_dims=core, vectorize=True
        )
        return found

    def _line(self, x: np.ndarray, pool: np.ndarray) -> float:
        sign = 1.0 if self.side == "lowest" else -1.0
        ranked = np.sort(sign * x[pool & ~np.isnan(x)])
        if len(ranked) == 0:
            return np.nan
        if self.percentile is not None:
            share = self._share if self.side == "lowest" else 1 - self._share
            return float(settle(np.quantile(sign * ranked, share, method=self.percentile)))
        k = self._k(len(ranked) if self.counted == "rated" else int(pool.sum()))
        k = min(k, len(ranked))
        if self.ties == "out" and 0 < k < len(ranked) and ranked[k - 1] == ranked[k]:
            k = int(np.searchsorted(ranked, ranked[k]))
        return sign * float(ranked[k - 1]) if k > 0 else -sign * math.inf

    @property
    def _share(self) -> float:
        assert self.share is not None  # noqa: S101 (a step with null is not computed)
        return self.share

    def _k(self, schools: int) -> int:
        exact = float(settle(self._share * schools))
        way = {"up": math.ceil, "down": math.floor, "nearest": lambda v: math.floor(v + 0.5)}
        return int(way[self.count or "up"](exact))

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """A line must say how it counts: by count with ties, or by percentile."""
        if (self.count is None) == (self.percentile is None):
            yield "share", "must say count (up, down, nearest) or percentile, and only one of them"
        if self.count is not None and self.ties is None:
            yield "count", "must say what happens to ties (in or out)"
        if self.percentile is not None and self.ties is not None:
            yield "ties", "has no meaning with a percentile"


class EdgeOfList(Line):
    """Draw the line at the highest or lowest value among the schools of a list.

    `side: lowest` means that lower values lie beyond the line; `edge` says which school of the
    list draws it, and `among` names the list. `round`, `included` and `within` are as in
    `share_of_pool`.
    """

    rule: Literal["edge_of_list"]
    among: RefField
    edge: Side

    def out(self, cells: Cells) -> Values:
        """Give the line, without the axis school unless there is one `within` each kind."""
        x = self.before_ranking(cells[self.of].value)
        return self.drawn(cells, x, cells.pool(self.among))

    def lines(self, x: xr.DataArray, pool: xr.DataArray) -> xr.DataArray:
        """Give the line of one pool, without the axis school."""
        inside = kept(x, pool)
        return inside.max("school") if self.edge == "highest" else inside.min("school")


class Named(ConditionRule):
    """Put schools on a list: on what ground, among whom, unless another list has them.

    `when` is the condition, read for all students, or for the `group` named.
    `group: any` asks whether any of `groups` meets the condition; groups that cannot be judged are
    passed over. A school is in the pool when every condition of `among` is met; where that is not
    known, a school that meets the condition cannot be judged. `unless` names lists with precedence:
    a school that one of them names is not on this list; one that they cannot judge may be.
    """

    conditions: ClassVar[tuple[str, ...]] = ("when", "among", "unless")
    rule: Literal["named"]
    when: RefField
    group: str = ALL
    groups: WordsField | None = None
    among: RefsField | None = None
    unless: RefsField | None = None

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing for each whole school and year, without the axis group."""
        return self.of_school(cells, self.ground(cells))

    def ground(self, cells: Cells) -> Values:
        """Give the condition for each group that the list looks at (axis group)."""
        values = cells[self.when]
        if "group" not in values.value.dims:
            return values
        wanted = list(self.groups or ()) if self.group == "any" else [self.group]

        def chosen(a: xr.DataArray) -> xr.DataArray:
            return among(a, "group", wanted) if "group" in a.dims else a

        old = values.decision
        return replace(
            values,
            value=chosen(values.value),
            reason=chosen(values.reason),
            n=None,
            numerator=None,
            se=None,
            decision=old and Decision(chosen(old.step), chosen(old.value), chosen(old.line)),
        )

    def of_school(self, cells: Cells, ground: Values) -> Values:
        """Join the groups, then the pool, then the lists that go first."""
        held = _any_group(ground)
        for ref in self.among or ():
            if ref.of != "all_schools":
                held = _in_pool(held, ref, cells[ref])
        for ref in self.unless or ():
            held = _unless(held, ref, blocked=cells[ref].value == 1)
        whole = cells.is_whole
        gone = np.int8(Reason.NOT_APPLICABLE)
        reason = choose(whole, held.reason, gone)
        return replace(held, value=kept(held.value, whole), reason=reason)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """`group: any` and `groups` go together."""
        if (self.group == "any") != (self.groups is not None):
            yield "groups", "must be given with group: any, and only then"


def _any_group(ground: Values) -> Values:
    if "group" not in ground.value.dims:
        return ground
    groups = ground.value["group"].values
    each = [map_arrays(ground, partial(at, axis="group", label=group)) for group in groups]
    return joined(each, decisive=1.0, leave_out=True)


def _in_pool(held: Values, ref: Ref, pool: Values) -> Values:
    """Keep off the list who is not in the pool; leave open who may not be."""
    held = _unless(held, ref, blocked=pool.value == 0)
    unsure = cell_by_cell(lambda pool, on: np.isnan(pool) & (on == 1), pool.value, held.value)
    reason = choose(unsure, pool.reason, held.reason).astype(np.int8)
    return replace(held, value=choose(unsure, np.nan, held.value), reason=reason)


def _unless(held: Values, ref: Ref, *, blocked: xr.DataArray) -> Values:
    value = choose(blocked, 0.0, held.value)
    reason = why(value, held.reason)
    place = name_code(ref.of)
    step, seen, line = (decision_part(held, part) for part in ("step", "value", "line"))
    step = choose(blocked, place, step).astype(np.int32)
    seen, line = kept(seen, ~blocked), kept(line, ~blocked)
    return Values(value, reason, decision=Decision(step, seen, line))


Lists = ShareOfPool | EdgeOfList | Named
