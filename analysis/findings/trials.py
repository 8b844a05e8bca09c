"""What would a design say of a school if some of its values were others?

Copies of the school, each with its own changes, are rated at once, each as if it stood in the
school's place: lines and cut points that rest on other schools are worked out among the real ones,
whose own results stay as they are. To let more of a school vary: a field of `Cell`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.designs.cells import map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design
from analysis.designs.rules.choosing import LowestGroup
from analysis.findings.in_place import Stand, in_place
from analysis.findings.place import Place
from analysis.panels.panel import Panel
from analysis.ratings.rate import Ratings, over_groups, rate, step_keys
from analysis.values import Values

_ARRAYS: Final = ("value", "reason", "n", "numerator", "se")


@dataclass(frozen=True, order=True)
class Cell:
    """A value of a school in the year that is looked at: row of the axis school, measure, group."""

    row: int
    measure: str
    group: str


Changes = Mapping[Cell, float]
"""What some cells hold instead of what was measured, in the unit of the measure."""


@dataclass(frozen=True)
class Tried:
    """Copies of schools as a design judges them.

    `real` and `copy` say for each row which row of the panel it stands for, and in which copy;
    `size` is the number of the panel's rows.
    """

    ratings: Ratings
    year: int
    real: np.ndarray
    copy: np.ndarray
    size: int

    def of(self, a: xr.DataArray, place: Place) -> np.ndarray:
        """Read an array for each copy, at a row, year and group of the school."""
        for axis, where in (("year", place.year), ("group", place.group)):
            a = a.sel({axis: where}, drop=True) if axis in a.dims else a
        mine = np.flatnonzero(self.real == place.row)
        return np.asarray(
            a.isel(school=mine) if "school" in a.dims else np.full(len(mine), float(a))
        )

    def each(self, a: xr.DataArray, group: str) -> np.ndarray:
        """Read an array for each copy (first axis) and row of the panel; missing if not tried."""
        for axis, where in (("year", self.year), ("group", group)):
            a = a.sel({axis: where}, drop=True) if axis in a.dims else a
        every = np.full((int(self.copy.max()) + 1, self.size), np.nan)
        every[self.copy, self.real] = a.values if "school" in a.dims else float(a)
        return every


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
    real, copy = np.tile(rows, len(changes)), np.repeat(np.arange(len(changes)), len(rows))
    copies = _copies(ratings, real, copy)
    placed = [
        ({cell: i * len(rows) + rows.index(cell.row) for cell in said}, said)
        for i, said in enumerate(changes)
    ]
    measures = _changed(copies, placed, place.year)
    copies = replace(copies, measures=measures, _codes={})
    changed = {cell.measure for said in changes for cell in said}
    stand = Stand(ratings, replace(ratings, panel=copies), real, copy, place.year)
    return _worked_out(stand, only, changed)


def each_alone(
    ratings: Ratings,
    reported: Sequence[Mapping[str, Values]],
    only: Sequence[str],
    *,
    year: int,
    rows: Sequence[np.ndarray] | None = None,
) -> Tried:
    """Rate every school with other values, each as if it alone had them and the others their own.

    Steps that nothing changes for are taken over. Parts of a school that spans levels move
    together.

    Args:
        ratings: the ratings of the panel.
        reported: in each trial, the measures that hold other values, for its groups.
        only: the steps that are wanted; they and what they rest on are worked out.
        year: the year in which values differ.
        rows: the rows whose schools are tried, for each trial; every school without them.

    Returns:
        One copy of these schools for each trial, in the order of `reported`.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> growth = franklin.panel.measures["growth"]
    >>> best = {"growth": replace(growth, value=growth.value * 0 + 60)}
    >>> found = each_alone(franklin, [best], ["total"], year=2025)
    >>> found.each(found.ratings["total"].value, "all")[0, :3].tolist()
    [46.7, 65.0, 89.4]
    """
    whole = ratings.panel.whole
    some = [np.arange(len(whole))] * len(reported) if rows is None else rows
    parts = [np.flatnonzero(np.isin(whole, whole[mine])) for mine in some]
    real, copy = np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(x) for x in parts])
    copies = _copies(ratings, real, copy)
    changed = {name for said in reported for name in said}
    fresh = {
        name: over_groups(_joined(ratings, reported, name, parts), copies.groups)
        for name in changed
    }
    copies = replace(copies, measures={**copies.measures, **fresh}, _codes={})
    stand = Stand(ratings, replace(ratings, panel=copies), real, copy, year)
    return _worked_out(stand, only, changed)


def _joined(
    ratings: Ratings,
    reported: Sequence[Mapping[str, Values]],
    name: str,
    parts: Sequence[np.ndarray],
) -> Values:
    """Join what each trial says of one measure, in its rows."""
    groups = {tuple(said[name].value["group"].values) for said in reported if name in said}
    wide = groups != {ratings.panel.groups}
    held = ratings[name] if wide else ratings.panel.measures[name]
    every = [_rows(said.get(name, held), mine) for said, mine in zip(reported, parts, strict=True)]

    def joined(word: str) -> Any:  # noqa: ANN401 (an array or nothing)
        arrays = [getattr(one, word) for one in every]
        return None if arrays[0] is None else xr.concat(arrays, dim="school")

    return replace(every[0], **{word: joined(word) for word in _ARRAYS})


def _worked_out(stand: Stand, only: Sequence[str], changed: set[str]) -> Tried:
    """Rate copies in which some measures changed: step by step, those that look across in place."""
    ratings, copies = stand.ratings, stand.found.panel
    design = restricted(ratings.design, only)
    keys = step_keys(design, copies)
    same = {n for n in design.steps if n not in design.unknown and not changed & {*design.below(n)}}
    across = {n for n, r in design.steps.items() if r.looks_across and n not in design.unknown}
    across -= same
    below = {name: across & {*design.below(name)} for name in design.steps}
    done = {name: _laid(stand, ratings[name]) for name in same}
    known = _known(ratings, design, copies, done, keys)
    while True:
        right = {name for name in below if below[name] <= done.keys()}
        found = rate(_some(design, {*right, *done}), copies, earlier=known)
        if across <= done.keys():
            return Tried(found, stand.year, stand.real, stand.copy, len(ratings.panel.units))
        ready = [name for name in across - done.keys() if below[name] <= {*done, name}]
        done |= {name: in_place(replace(stand, found=found), name) for name in ready}
        got = {**{name: found[name] for name in right}, **done}
        known = _known(found, design, copies, got, keys)


def _laid(stand: Stand, values: Values) -> Values:
    """Lay cells out over the copies; what is one for all schools stays so."""
    return map_arrays(values, lambda a: stand.laid(a) if "school" in a.dims else a)


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


def _copies(ratings: Ratings, real: np.ndarray, copy: np.ndarray) -> Panel:
    """Make a panel of copies of rows, each copy with codes of its own."""
    panel = ratings.panel
    units = panel.units.iloc[real].reset_index(drop=True)
    units["school"] = [f"{s} {i}" for s, i in zip(units["school"], copy, strict=True)]
    notes = {
        name: note.model_copy(update={"given_as": note.given_as or "0-100"})
        for name, note in panel.about.measures.items()
    }
    return replace(
        panel,
        about=panel.about.model_copy(update={"measures": notes}),
        units=units,
        columns={name: a.isel(school=real) for name, a in panel.columns.items()},
        measures={name: _rows(ratings[name], real) for name in ratings.design.measures},
        groups=ratings.cells.groups,
        published=None,
        truth=None,
        _codes={},
    )


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


def _known(
    ratings: Ratings,
    design: Design,
    copies: Panel,
    got: Mapping[str, Values],
    keys: Mapping[str, str],
) -> Ratings:
    """Give ratings of the copies with the steps that are right by now, to be taken over."""
    cells = replace(ratings.cells, got=FrozenMap(got))
    return Ratings(design, copies, cells, FrozenMap({name: keys[name] for name in got}), ())
