"""Which group stands for several? The one that does worst, chosen school by school.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
import xarray as xr
from pydantic import Field, PlainValidator

from analysis.designs.clause import Names, Ref, RefField, WordsField, parse_ref
from analysis.designs.rules.base import NumberRule
from analysis.problems import did_you_mean, fail, listed
from analysis.rounding import settle
from analysis.values import ALL, Values, among, apart, cell_by_cell, choose, larger, one_of

if TYPE_CHECKING:
    from analysis.designs.cells import Cells

ITSELF: Final = "itself"
"""The word of `by` that compares the groups by the step that is passed on."""


def _by(said: object) -> Ref | str | None:
    if said is None:
        return None
    return ITSELF if said == ITSELF else parse_ref(said)


class LowestGroup(NumberRule):
    """Give a derived group the cells of that one of some groups which does worst.

    `as` names the derived group. The panel needs no rows of it; what the panel says of it is not
    read. In each school, part and year its cell is the whole cell of `of` (value, n, numerator) of
    the lowest group of `among`; every other group keeps its own cell of `of`.

    `by: itself` compares the groups by `of`, so that each measure may choose another group.
    `better: low` says that less of `of` is better: the largest value is then the lowest.
    If `by` names a step, one of which more is better, the group with the smallest value of that
    step is chosen, for whatever `of` holds: two clauses with one such `by` choose the same group.
    Only groups with a value of the step that compares are compared, after rounding to nine places.
    Of groups that are equal, `ties` takes the one that stands `first` or `last` in `among`. Where
    no group has a value, or the chosen one has none of `of`, the derived group has none.
    """

    rule: Literal["lowest_group"]
    of: RefField
    as_: str = Field(alias="as")
    among: WordsField
    by: Annotated[Ref | Literal["itself"] | None, PlainValidator(_by)]
    ties: Literal["first", "last"]
    better: Literal["high", "low"] = "high"

    def out(self, cells: Cells) -> Values:
        """Put the chosen group's cells in the place of the derived group; shaped like `of`.

        Raises:
            ProblemsError: `of`, or the step that compares, is one number for all students.
        """
        return self.standing_in(cells[self.of], cells)

    def standing_in(self, values: Values, cells: Cells) -> Values:
        """Give any cells by group, with those of the chosen group as the derived group's."""
        place = self.chosen(cells) + 1
        mine = values.value["group"] == self.as_

        def put(a: xr.DataArray, gone: xr.DataArray | float) -> xr.DataArray:
            theirs = cell_by_cell(one_of, place, gone, *apart(a, "group", self.among))
            return choose(mine, theirs, a).astype(a.dtype)

        def maybe(a: xr.DataArray | None) -> xr.DataArray | None:
            return None if a is None else put(a, np.nan)

        return replace(
            values,
            value=put(values.value, np.nan),
            reason=put(values.reason, self._worst(cells)),
            n=maybe(values.n),
            numerator=maybe(values.numerator),
            se=maybe(values.se),
            decision=None,
        )

    def chosen(self, cells: Cells) -> xr.DataArray:
        """Give the place in `among`, from 0, of the group that is chosen; -1 where none is.

        Raises:
            ProblemsError: the step that compares is one number for all students.
        """
        sign = -1.0 if self.by == ITSELF and self.better == "low" else 1.0
        groups = self.among if self.ties == "first" else self.among[::-1]
        compared = settle(sign * among(self._compared(cells).value, "group", groups))
        gone = compared.isnull()
        place = choose(gone, np.inf, compared).argmin("group")
        place = place if self.ties == "first" else len(self.among) - 1 - place
        return choose(gone.all("group"), -1, place)

    def _compared(self, cells: Cells) -> Values:
        ref = self.by if isinstance(self.by, Ref) else self.of
        for one in (self.of, ref):
            if "group" not in cells[one].value.dims:
                text = f"needs the groups of {one}, but it is one number for all students"
                raise fail(cells.here, text)
        return cells[ref]

    def _worst(self, cells: Cells) -> xr.DataArray:
        """Give the weightiest reason why none of the groups could be chosen."""
        both = (cells[self.of].reason, self._compared(cells).reason)
        return larger(*(among(reason, "group", self.among).max("group") for reason in both))

    def values_from(self) -> tuple[str, ...]:
        """Name what is passed on; the step that compares only chooses."""
        return (self.of.of,)

    def labels(self, names: Names) -> tuple[str, ...]:
        """Pass on the levels."""
        return names.labels.get(self.of.of, ())

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """The derived group and those compared are groups of the design, and not the same."""
        for word, group in (("as", self.as_), *(("among", one) for one in self.among)):
            if group not in names.groups or group == ALL:
                known = [name for name in names.groups if name != ALL]
                near = did_you_mean(group, known)
                yield word, f"{group} is no group of the design; they are {listed(known)}.{near}"
        if self.as_ in self.among:
            yield "as", f"{self.as_} may not be one of the groups that are compared"
        if len(set(self.among)) < len(self.among):
            yield "among", "names a group twice"


Choosing = LowestGroup
