"""What may a rule read? The cells of earlier names, at this or another year and group.

Nothing else reaches other cells. To let a reference reach further: one word in `Ref` and its
reading in `Cells.__getitem__`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from analysis.designs.clause import BY_GROUP, OTHERS, ByColumn, Number, Ref
from analysis.problems import fail, listed
from analysis.values import Decision, Reason, Values, at, cell_by_cell, choose, filled, kept


@dataclass(frozen=True)
class Cells:
    """Everything computed so far, and the step that is being computed.

    `got` maps names to values over some of the axes draw, school, year, group. `whole` maps
    each row of the school axis to the row of its whole school. `clauses` holds the design's
    steps; `here` names the one that is being computed.
    """

    got: Mapping[str, Values]
    years: tuple[int, ...]
    groups: tuple[str, ...]
    whole: np.ndarray
    clauses: Mapping[str, object]
    here: str = ""

    def __getitem__(self, ref: Ref | str) -> Values:
        """Read cells by name, at the year and group that the reference says."""
        if isinstance(ref, str):
            return self.got[ref]
        values = self.got[ref.of]
        if ref.year == "last":
            values = self.earlier(values, 1)
        elif ref.year != "this":
            values = self._in_year(values, ref)
        if ref.group is not None and "group" in values.value.dims:
            values = map_arrays(values, lambda a: at(a, "group", ref.group))
        return values

    def earlier(self, values: Values, years: int) -> Values:
        """Read each cell some years earlier; missing where there is no such year."""
        if "year" not in values.value.dims or years == 0:
            return values
        there = [i for i, year in enumerate(self.years) if year - years in self.years]
        taken = [self.years.index(self.years[i] - years) for i in there]

        def shift(a: xr.DataArray) -> xr.DataArray:
            if "year" not in a.dims:
                return a
            whole = np.issubdtype(a.dtype, np.integer)
            gone = Reason.NO_EARLIER_YEAR if a.dtype == np.int8 else -1 if whole else np.nan
            axis = a.get_axis_num("year")
            moved = np.full_like(a.values, gone)
            np.moveaxis(moved, axis, 0)[there] = np.moveaxis(a.values, axis, 0)[taken]
            return filled(a, moved)

        return map_arrays(values, shift)

    def _in_year(self, values: Values, ref: Ref) -> Values:
        if "year" not in values.value.dims:
            return values
        if ref.year not in self.years:
            raise fail(self.here, f"reads the year {ref.year}; the panel has {listed(self.years)}")
        return map_arrays(values, lambda a: at(a, "year", ref.year))

    def n(self, ref: Ref, ago: int = 0) -> xr.DataArray:
        """Read the number of students behind the cells, some years ago.

        Raises:
            ProblemsError: nobody gave it.
        """
        found = self.earlier(self[ref], ago).n
        if found is None:
            raise fail(self.here, f"needs the number of students n of {ref}, which is not there")
        return found

    def number(self, number: Number | Ref) -> xr.DataArray:
        """Give a number (no axis), one for each school or group, or the cells of a reference."""
        if isinstance(number, Ref):
            return self[number].value
        if not isinstance(number, ByColumn):
            return xr.DataArray(np.nan if number is None else number)
        if number.by == BY_GROUP:
            labels: Sequence[str] = self.groups
            axis = np.arange(1.0, len(labels) + 1)
            codes = xr.DataArray(axis, dims="group", coords={"group": list(labels)})
        else:
            codes, labels = self.got[number.by].value, self.got[number.by].labels
        rest = kept(self.number(number.numbers.get(OTHERS)), codes.notnull())
        for label, given in number.numbers.items():
            if label != OTHERS:
                rest = choose(codes == code_of(label, labels), self.number(given), rest)
        return rest

    @property
    def is_whole(self) -> xr.DataArray:
        """Mark the rows of the school axis that are whole schools, not parts."""
        return xr.DataArray(self.whole == np.arange(len(self.whole)), dims="school")

    def pool(self, ref: Ref | None) -> xr.DataArray:
        """Mark whole schools that a condition or list holds; all of them without one."""
        if ref is None or ref.of == "all_schools":
            return self.is_whole
        return cell_by_cell(np.logical_and, self[ref].value == 1, self.is_whole)


def map_arrays(values: Values, change: Callable[[xr.DataArray], xr.DataArray]) -> Values:
    """Apply one change to every array of some values."""

    def maybe(a: xr.DataArray | None) -> xr.DataArray | None:
        return None if a is None else change(a)

    old = values.decision
    return replace(
        values,
        value=change(values.value),
        reason=change(values.reason),
        n=maybe(values.n),
        numerator=maybe(values.numerator),
        se=maybe(values.se),
        decision=old and Decision(change(old.step), change(old.value), change(old.line)),
    )


def code_of(label: str, labels: Sequence[str]) -> float:
    """Give the number by which a level is held: its place from 1, or the number it says.

    Raises:
        ProblemsError: a word, where the levels have no names.
    """
    if labels:
        return float(labels.index(label) + 1)
    try:
        return float(label)
    except ValueError:
        text = "is no level here: what is read holds numbers. Say levels: [...] of the measure."
        raise fail(label, text) from None
