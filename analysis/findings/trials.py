"""What would a design say of a school if some of its values were others?

Copies of the school, each with its own changes, are rated at once, each as if it stood in the
school's place: lines and cut points that rest on other schools are worked out among the real ones,
whose own results stay as they are. To let more of a school vary: a field of `Cell`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr

from analysis.designs.cells import map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design
from analysis.designs.rules import Line, Rule
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.rules.levels import LevelsInPool
from analysis.designs.rules.normalising import Normalise
from analysis.findings.place import Place
from analysis.panels.panel import Panel
from analysis.ratings.rate import Ratings, in_axis_order, rate, step_keys
from analysis.values import Values

AT_ONCE: Final = 64
"""How many copies stand among the real schools at a time, so that memory stays small."""


@dataclass(frozen=True, order=True)
class Cell:
    """A value of a school in the year that is looked at: row of the axis school, measure, group."""

    row: int
    measure: str
    group: str


Changes = Mapping[Cell, float]
"""What some cells hold instead of what was measured, in the unit of the measure."""

Pair = tuple[xr.DataArray, xr.DataArray]
"""Values and reasons of the copies in one year."""


@dataclass(frozen=True)
class Tried:
    """Copies of one school as a design judges them; `rows` are the school's own rows."""

    ratings: Ratings
    place: Place
    rows: tuple[int, ...]

    def of(self, a: xr.DataArray, place: Place) -> np.ndarray:
        """Read an array for each copy, at a row, year and group of the school."""
        for axis, where in (("year", place.year), ("group", place.group)):
            a = a.sel({axis: where}, drop=True) if axis in a.dims else a
        count = len(self.ratings.panel.units) // len(self.rows)
        first = self.rows.index(place.row)
        mine = np.arange(count) * len(self.rows) + first
        return np.asarray(a.isel(school=mine) if "school" in a.dims else np.full(count, float(a)))


def rows_of(ratings: Ratings, place: Place) -> tuple[int, ...]:
    """Give the rows of a school: the whole, and its parts where it spans levels."""
    whole = ratings.panel.whole
    return tuple(int(row) for row in np.flatnonzero(whole == whole[place.row]))


def tried(ratings: Ratings, place: Place, changes: Sequence[Changes], only: Sequence[str]) -> Tried:
    """Rate a copy of a school for each set of changes, in its place among the other schools.

    Args:
        ratings: the ratings of its panel.
        place: the school and the year whose values change.
        changes: what changes in each copy.
        only: the steps that are wanted; they and what they rest on are worked out.

    Returns:
        The copies as rated, in the order of `changes`.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.place import locate
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> alder = locate(franklin, "0101")
    >>> better = tried(franklin, alder, [{Cell(alder.row, "growth", "all"): 60}], ["total"])
    >>> better.of(better.ratings["total"].value, alder).tolist()
    [46.7]
    """
    rows = rows_of(ratings, place)
    copies = _copies(ratings.panel, place, rows, changes)
    design = restricted(ratings.design, only)
    keys = step_keys(design, copies)
    across = {n for n, r in design.steps.items() if r.looks_across and n not in design.unknown}
    below = {name: across & {*design.below(name)} for name in design.steps}
    done: dict[str, Values] = {}
    known: Ratings | None = None
    while True:
        right = {name for name in below if below[name] <= done.keys()}
        found = rate(_some(design, {*right, *done}), copies, earlier=known)
        if len(done) == len(across):
            return Tried(found, place, rows)
        ready = [name for name in across - done.keys() if below[name] <= {*done, name}]
        done |= {name: _in_place(ratings, found, name, place) for name in ready}
        known = _known(found, done, {name: keys[name] for name in {*right, *done}})


def _some(design: Design, names: set[str]) -> Design:
    """Give a design without the steps that cannot be right yet; it keeps its derived groups."""
    steps = {name: rule for name, rule in design.steps.items() if name in names}
    some = replace(design, steps=FrozenMap(steps))
    return some if some.derived_groups == design.derived_groups else design


def restricted(design: Design, only: Sequence[str]) -> Design:
    """Give a design with some of its steps and what they rest on; it keeps all its groups."""
    rules = {rule.as_: name for name, rule in design.steps.items() if isinstance(rule, LowestGroup)}
    kept = {name for one in (*only, *rules.values()) for name in design.below(one)}
    steps = {name: rule for name, rule in design.steps.items() if name in kept}
    measures = {name: one for name, one in design.measures.items() if name in kept}
    return replace(design, steps=FrozenMap(steps), measures=FrozenMap(measures))


def with_changes(panel: Panel, changes: Changes, year: int) -> Panel:
    """Give a panel with some values changed in one year; its fingerprints are worked out anew."""
    index = {cell: cell.row for cell in changes}
    return replace(panel, measures=_changed(panel, [(index, changes)], year), _codes={})


def _copies(panel: Panel, place: Place, rows: tuple[int, ...], changes: Sequence[Changes]) -> Panel:
    """Make a panel of copies, each with a code of its own and the school's rows in their order."""
    index = np.tile(rows, len(changes))
    units = panel.units.iloc[index].reset_index(drop=True)
    number = np.repeat(np.arange(len(changes)), len(rows))
    units["school"] = [f"{s} {i}" for s, i in zip(units["school"], number, strict=True)]
    placed = [
        ({cell: i * len(rows) + rows.index(cell.row) for cell in said}, said)
        for i, said in enumerate(changes)
    ]
    notes = {
        name: note.model_copy(update={"given_as": note.given_as or "0-100"})
        for name, note in panel.about.measures.items()
    }
    copied = replace(
        panel,
        about=panel.about.model_copy(update={"measures": notes}),
        units=units,
        columns={name: a.isel(school=index) for name, a in panel.columns.items()},
        measures={n: _rows(values, index) for n, values in panel.measures.items()},
        published=None,
        truth=None,
        _codes={},
    )
    return replace(copied, measures=_changed(copied, placed, place.year), _codes={})


def _rows(values: Values, index: np.ndarray) -> Values:
    return map_arrays(values, lambda a: a.isel(school=index) if "school" in a.dims else a)


def _changed(
    panel: Panel, placed: Sequence[tuple[Mapping[Cell, int], Changes]], year: int
) -> Mapping[str, Values]:
    """Put values into the rows given; the students behind a percentage move with it."""
    wanted: dict[str, list[tuple[int, int, float]]] = {}
    for rows, changes in placed:
        for cell, to in changes.items():
            at = (rows[cell], panel.groups.index(cell.group), to)
            wanted.setdefault(cell.measure, []).append(at)
    fresh = {
        name: _put(panel.measures[name], points, panel.years.index(year))
        for name, points in wanted.items()
    }
    return {**panel.measures, **fresh}


def _put(values: Values, points: Sequence[tuple[int, int, float]], year: int) -> Values:
    row, group, to = (np.array(part) for part in zip(*points, strict=True))
    at = (row, year, group)
    value = values.value.copy(deep=True)
    moved = to - value.values[at]
    value.values[at] = to
    if values.numerator is None or values.n is None:
        return replace(values, value=value)
    numerator = values.numerator.copy(deep=True)
    numerator.values[at] += moved * values.n.values[at] / 100
    return replace(values, value=value, numerator=numerator)


def _known(found: Ratings, done: Mapping[str, Values], keys: Mapping[str, str]) -> Ratings:
    """Give the copies' ratings with the steps that are right by now, to be taken over."""
    cells = replace(found.cells, got=FrozenMap({**found.cells.got, **done}))
    return replace(found, cells=cells, keys=keys)


def _in_place(ratings: Ratings, found: Ratings, name: str, place: Place) -> Values:
    """Work out one step for every copy, with the copy in the school's place among the others.

    In other years nothing changes, so the school's own results stand there.
    """
    rule, rows = ratings.design.steps[name], list(rows_of(ratings, place))
    count = len(found.panel.units) // len(rows)
    every, size = np.tile(rows, count), len(ratings.panel.units)

    def laid(a: xr.DataArray) -> xr.DataArray:
        return (a if "school" in a.dims else a.expand_dims(school=size)).isel(school=every)

    own = map_arrays(replace(ratings[name], decision=None), laid)
    if held(rule, place.year):
        parts = [_beside(ratings, found, name, place)]
    else:
        starts = range(0, count, AT_ONCE)
        some = [range(start, min(start + AT_ONCE, count)) for start in starts]
        parts = [_instead(ratings, found, name, place, one) for one in some]

    def put(old: xr.DataArray, new: list[xr.DataArray]) -> xr.DataArray:
        if "year" not in old.dims:
            return xr.concat(new, dim="school")
        fresh = old.copy(deep=True)
        rest = [axis for axis in old.dims if axis != "year"]
        fresh.loc[{"year": place.year}] = xr.concat(new, dim="school").transpose(*rest)
        return fresh

    value, reason = put(own.value, [v for v, _ in parts]), put(own.reason, [r for _, r in parts])
    return replace(own, value=value, reason=reason)


def held(rule: Rule, year: int) -> bool:
    """Say whether what a step takes from other schools is held from an earlier year."""
    return isinstance(rule, LevelsInPool | Normalise) and rule.base_year not in ("yearly", year)


def _beside(ratings: Ratings, found: Ratings, name: str, place: Place) -> Pair:
    """Run one step with the copies beside the real schools, in no pool: cut points are held."""
    rule, rows = ratings.design.steps[name], list(rows_of(ratings, place))
    base = rule.base_year if isinstance(rule, LevelsInPool | Normalise) else place.year
    size, count = len(ratings.panel.units), len(found.panel.units) // len(rows)

    def joined(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
        if "school" not in a.dims:
            return a
        both = xr.concat([a, b], dim="school")
        return both.sel(year=sorted({base, place.year})) if "year" in both.dims else both

    got = {**ratings.cells.got}
    for used in ratings.design.uses(name):
        old = in_axis_order(replace(ratings[used], decision=None))
        new = in_axis_order(replace(found[used], decision=None))
        if used in ratings.design.columns:  # words are numbered among all schools
            new = map_arrays(old, lambda a: a.isel(school=np.tile(rows, count)))
        value, reason = joined(old.value, new.value), joined(old.reason, new.reason)
        got[used] = replace(old, value=value, reason=reason)
    whole = np.append(ratings.cells.whole, np.full(count * len(rows), -1))
    values = rule.result(replace(ratings.cells, got=FrozenMap(got), whole=whole, here=name))

    def copies(a: xr.DataArray) -> xr.DataArray:
        return a.sel(year=place.year, drop=True).isel(school=slice(size, None))

    return copies(values.value), copies(values.reason)


def _instead(ratings: Ratings, found: Ratings, name: str, place: Place, some: range) -> Pair:
    """Run one step with some copies in turn in the school's place (axis draw)."""
    rule, rows = ratings.design.steps[name], list(rows_of(ratings, place))
    years = list(ratings.panel.years) if not isinstance(rule, Line | LevelsInPool) else [place.year]

    def stand_in(a: xr.DataArray, b: xr.DataArray) -> xr.DataArray:
        if "school" not in a.dims:
            return a
        a, b = (x.sel(year=years) if "year" in x.dims else x for x in (a, b))
        held = np.repeat(a.values[None], len(some), axis=0)
        mine = b.values[some.start * len(rows) : some.stop * len(rows)]
        held[:, rows] = mine.reshape(len(some), len(rows), *mine.shape[1:])
        return xr.DataArray(held, dims=("draw", *a.dims), coords=dict(a.coords))

    got = {**ratings.cells.got}
    for used in ratings.design.uses(name):
        if used not in ratings.design.columns:
            old, new = (in_axis_order(replace(r[used], decision=None)) for r in (ratings, found))
            value, reason = stand_in(old.value, new.value), stand_in(old.reason, new.reason)
            got[used] = replace(old, value=value, reason=reason)
    values = rule.result(replace(ratings.cells, got=FrozenMap(got), here=name))

    def copies(a: xr.DataArray) -> xr.DataArray:
        a = a.sel(year=place.year, drop=True) if "year" in a.dims else a
        a = a.isel(school=rows) if "school" in a.dims else a.expand_dims(school=len(rows))
        a = a if "draw" in a.dims else a.expand_dims(draw=len(some))
        flat = a.transpose("draw", "school", ...)
        data = flat.values.reshape(len(some) * len(rows), *flat.shape[2:])
        return xr.DataArray(data, dims=flat.dims[1:], coords=dict(flat.coords))

    return copies(values.value), copies(values.reason)
