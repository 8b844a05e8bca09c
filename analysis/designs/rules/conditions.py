"""What holds of a school? Conditions in three values: met, not met, cannot be judged.

Kleene's logic throughout: what is missing decides nothing, and what is decided without it stands.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from analysis.designs.cells import code_of
from analysis.designs.clause import (
    BoundField,
    FrozenMap,
    Names,
    NumberField,
    Ref,
    RefField,
    RefsField,
    WordsField,
)
from analysis.designs.rules.base import ConditionRule, Notch
from analysis.designs.rules.judging import joined, judged
from analysis.problems import did_you_mean, listed
from analysis.rounding import settle
from analysis.values import (
    Values,
    added,
    cell_by_cell,
    kept,
)

if TYPE_CHECKING:
    from analysis.designs.cells import Cells

ANSWERS = FrozenMap({"met": 1.0, "not_met": 0.0})
_BOUNDS = ("at_least", "above", "at_most", "below")


class Test(ConditionRule):
    """Hold a value against a bound, a list of levels, or a line.

    Say exactly one of `at_least` (the bound itself is met), `above` (it is not), `at_most` (it is),
    `below` (it is not), `is` (one of some levels) and `beyond`. A bound is a number, numbers by a
    school column, or a step. `beyond` names a line and takes side, rounding and whether the line
    itself is in from there.
    """

    rule: Literal["test"]
    of: RefField
    at_least: BoundField | None = None
    above: BoundField | None = None
    at_most: BoundField | None = None
    below: BoundField | None = None
    is_: WordsField | None = Field(None, alias="is")
    beyond: RefField | None = None

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing, over the axes of value and bound."""
        values = cells[self.of]
        x = settle(values.value)
        if self.is_ is not None:
            codes = [code_of(label, values.labels) for label in self.is_]
            held = cell_by_cell(lambda a: np.where(np.isnan(a), np.nan, np.isin(a, codes)), x)
            return judged(cells, held, [values], xr.DataArray(np.nan))
        if self.beyond is not None:
            return self._beyond(cells, values, self.beyond)
        way = next(w for w in _BOUNDS if w in self.model_fields_set)
        bound = getattr(self, way)
        line = settle(cells.number(bound))
        met = _compare(x, line, way)
        inputs = [values, cells[bound]] if isinstance(bound, Ref) else [values]
        return judged(cells, met, inputs, line)

    def _beyond(self, cells: Cells, values: Values, beyond: Ref) -> Values:
        clause: Any = cells.clauses[beyond.of]
        line = cells[beyond].value
        x = clause.before_ranking(values.value)
        low = clause.side == "lowest"
        way = {(True, True): "at_most", (True, False): "below"}.get((low, clause.included))
        way = way or ("at_least" if clause.included else "above")
        met = _compare(x, line, way)
        return judged(cells, met, [values], line)

    def notches(self) -> tuple[Notch, ...]:
        """The bound or the line."""
        given = [getattr(self, w) for w in _BOUNDS if w in self.model_fields_set]
        given += [] if self.beyond is None else [self.beyond]
        return tuple(Notch(self.of, bound) for bound in given)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Exactly one way to test; only levels that there are; beyond names a line."""
        words = [w for w in (*_BOUNDS, "is_", "beyond") if w in self.model_fields_set]
        if len(words) != 1:
            said = listed(w.strip("_") for w in words)
            yield "rule", f"must say exactly one of {listed(_BOUNDS)}, is, beyond; it says {said}"
        known = names.labels.get(self.of.of, ())
        for label in self.is_ or ():
            if known and label not in known:
                near = did_you_mean(label, known)
                yield "is", f"{self.of} has no level {label}; it has {listed(known)}.{near}"
        if self.beyond is not None and names.kinds.get(self.beyond.of) not in (None, "line"):
            yield "beyond", f"must name a line, but {self.beyond.of} is none"


def _compare(x: xr.DataArray, line: xr.DataArray, way: str) -> xr.DataArray:
    """Give 1 or 0, and missing where the value or the line is."""
    holds = {
        "at_least": np.greater_equal,
        "above": np.greater,
        "at_most": np.less_equal,
        "below": np.less,
    }[way]

    def held(x: np.ndarray, line: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(x) | np.isnan(line), np.nan, holds(x, line))

    return cell_by_cell(held, x, line)


class Present(ConditionRule):
    """Ask whether there is a result at all; always met or not met."""

    rule: Literal["present"]
    of: RefField

    def out(self, cells: Cells) -> Values:
        """Give 1 or 0, shaped like `of`."""
        values = cells[self.of]
        met = values.value.notnull() * 1.0
        there = replace(values, reason=xr.zeros_like(values.reason))
        return judged(cells, met, [there], xr.DataArray(np.nan))


class Count(ConditionRule):
    """Count how many steps are in some levels (or are met) among those that can be judged.

    `are` lists the levels that count, or `met`, or `not_met`.
    All the words given must hold: `at_least`, `at_most`, `all_but` (so many are not), and
    `more_than_share` (of those judged, 0-1). With fewer than `judged` judged it is not met; with
    none it cannot be judged.
    """

    rule: Literal["count"]
    of: RefsField
    are: WordsField
    at_least: NumberField = 0.0
    at_most: NumberField | None = None
    all_but: NumberField | None = None
    more_than_share: NumberField | None = None
    judged: int = 1

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing, over the axes of the steps."""
        inputs = [cells[ref] for ref in self.of]
        seen = added(~cell_by_cell(np.isnan, values.value) * 1.0 for values in inputs)
        inside = added(self._inside(values) * 1.0 for values in inputs)
        asked = list(self._asked(cells, inside, seen))

        def held(seen: np.ndarray, *asked: np.ndarray) -> np.ndarray:
            unmet = reduce(np.logical_or, (a == 0 for a in asked), seen < self.judged)
            open_ = reduce(np.logical_or, map(np.isnan, asked))
            met = np.where(unmet, 0.0, np.where(open_, np.nan, 1.0))
            return np.where(seen > 0, met, np.nan)

        met = cell_by_cell(held, seen, *asked)
        found = judged(cells, met, inputs, self._line(cells, seen))
        here = found.decision
        return replace(found, decision=here and replace(here, value=kept(inside, seen > 0)))

    def _asked(
        self, cells: Cells, inside: xr.DataArray, seen: xr.DataArray
    ) -> Iterator[xr.DataArray]:
        """Hold the count against each number given; missing where a kind of school has none."""
        words: dict[str, Callable[..., np.ndarray]] = {
            "at_least": lambda inside, seen, k: inside >= k,  # noqa: ARG005
            "at_most": lambda inside, seen, k: inside <= k,  # noqa: ARG005
            "all_but": lambda inside, seen, k: inside == seen - k,
            "more_than_share": lambda inside, seen, k: settle(inside) > settle(seen * k),
        }
        for word, holds in words.items():
            if getattr(self, word) is not None:
                number = cells.number(getattr(self, word))
                held = cell_by_cell(holds, inside, seen, number) * 1.0
                yield kept(held, number.notnull())

    def _line(self, cells: Cells, seen: xr.DataArray) -> xr.DataArray:
        if self.all_but is not None:
            return cell_by_cell(np.subtract, seen, cells.number(self.all_but))
        if self.more_than_share is not None:
            return cell_by_cell(np.multiply, seen, cells.number(self.more_than_share))
        return cells.number(self.at_least)

    def _inside(self, values: Values) -> xr.DataArray:
        codes = [ANSWERS[w] if w in ANSWERS else code_of(w, values.labels) for w in self.are]
        return cell_by_cell(np.isin, settle(values.value), codes)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Only levels that the steps have."""
        for ref in self.of:
            known = names.labels.get(ref.of, ())
            for label in self.are:
                if known and label not in known:
                    near = did_you_mean(label, known)
                    yield "are", f"{ref} has no level {label}; it has {listed(known)}.{near}"


class _Several(ConditionRule):
    """Join conditions; over `groups` too, where they are given.

    A condition that cannot be judged leaves the whole open unless the others decide it
    (`missing: unknown`), or is left out (`missing: leave_out`).
    """

    conditions: ClassVar[tuple[str, ...]] = ("of",)
    of: RefsField
    groups: WordsField | None = None
    missing: Literal["unknown", "leave_out"] = "unknown"

    def _out(self, cells: Cells, *, decisive: float) -> Values:
        leave_out = self.missing == "leave_out"
        return joined(list(self._inputs(cells)), decisive=decisive, leave_out=leave_out)

    def _inputs(self, cells: Cells) -> Iterator[Values]:
        for ref in self.of:
            if self.groups is None:
                yield cells[ref]
            else:
                yield from (cells[replace(ref, group=ref.group or g)] for g in self.groups)


class Any_(_Several):  # noqa: N801 (Any is a type)
    """At least one condition is met.

    With `groups` it asks every condition of each of these groups, but one that names its own group
    only of that. `missing: leave_out` passes over conditions that cannot be judged; else they leave
    it open unless one that is met decides.
    """

    rule: Literal["any"]

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing, over the axes of the conditions (without group over groups)."""
        return self._out(cells, decisive=1.0)


class All(_Several):
    """Every condition is met.

    With `groups` it asks every condition of each of these groups, but one that names its own group
    only of that. `missing: leave_out` passes over conditions that cannot be judged; else they leave
    it open unless one not met decides.
    """

    rule: Literal["all"]

    def out(self, cells: Cells) -> Values:
        """Give 1, 0 or missing, over the axes of the conditions (without group over groups)."""
        return self._out(cells, decisive=0.0)


Conditions = Test | Present | Count | Any_ | All
