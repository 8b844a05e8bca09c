"""How is every school rated? A fold over the steps of a design, each run once.

To let rating do more: a rule (analysis/designs/rules), not this page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from analysis.designs.cells import Cells, map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design, digest
from analysis.panels.panel import Panel
from analysis.ratings.fit import column_values, fit, paired_rows
from analysis.values import AXES, Reason, Values


@dataclass(frozen=True)
class Ratings:
    """What a design makes of a panel: the cells of every name, and how they came about.

    `cells` holds measures, school columns and steps over some of the axes draw, school, year,
    group. `keys` gives each step's content key; `ran` the steps that were computed and not
    taken over.
    """

    design: Design
    panel: Panel
    cells: Cells
    keys: Mapping[str, str]
    ran: tuple[str, ...]

    def __getitem__(self, name: str) -> Values:
        """Give the cells of a measure, a school column or a step."""
        return self.cells[name]

    @property
    def by_key(self) -> Mapping[str, Values]:
        """The cells of every step that has a result, by content key."""
        return {key: self.cells[name] for name, key in self.keys.items()}


def rate(design: Design, panel: Panel, *, earlier: Ratings | None = None) -> Ratings:
    """Rate every school (and part), year and group of a panel by a design.

    A step whose clause and inputs are those of `earlier` is taken from there and not run again.
    A step that rests on a number nobody knows stays missing, with that as the reason.

    Args:
        design: the design; its steps come in order of reference.
        panel: what was measured.
        earlier: ratings to take over unchanged steps from.

    Returns:
        Ratings: the cells of every step, with named axes school, year, group.

    Raises:
        ProblemsError: the panel lacks what the design reads.

    >>> from analysis import load_design, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> again = rate(franklin.design.vary({"lowest_line.share": 0.4}), franklin.panel,
    ...              earlier=franklin)
    >>> again.ran
    ('lowest_line', 'low', 'lowest')
    """
    fit(design, panel)
    known = {} if earlier is None else earlier.by_key
    keys = step_keys(design, panel)
    got = leaves(design, panel)
    ran: list[str] = []
    cells = Cells(got, panel.years, groups_of(design, panel), panel.whole, design.steps)
    for name, rule in design.steps.items():
        if name in design.unknown:
            got[name] = unknown_cells(panel)
        elif keys[name] in known:
            got[name] = known[keys[name]]
        else:
            got[name] = in_axis_order(rule.result(replace(cells, here=name)))
            ran.append(name)
    return Ratings(design, panel, replace(cells, got=FrozenMap(got)), keys, tuple(ran))


def groups_of(design: Design, panel: Panel) -> tuple[str, ...]:
    """Name the groups of the axis: those of the panel, then those that a step of the design gives.

    >>> from analysis import load_design, read_panel
    >>> groups_of(load_design("franklin/index"), read_panel("franklin"))
    ('all', 'el', 'low_income', 'swd')
    """
    derived = (group for group in design.derived_groups if group not in panel.groups)
    return (*panel.groups, *derived)


def step_keys(design: Design, panel: Panel) -> Mapping[str, str]:
    """Give each step the hash of its clause and of its inputs' keys."""
    keys = {name: panel.fingerprint(name) for name in (*design.measures, *design.columns)}
    derived = groups_of(design, panel)[len(panel.groups) :]
    frame = digest(panel.frame, derived) if derived else panel.frame
    for name in design.steps:
        inputs = [keys[used] for used in design.uses(name)]
        keys[name] = digest(frame, design.clause_key(name), inputs)
    return FrozenMap({name: keys[name] for name in design.steps})


def leaves(design: Design, panel: Panel) -> dict[str, Values]:
    """Give the cells that a design reads from a panel: its measures and school columns."""
    groups = groups_of(design, panel)
    got = {
        name: replace(over_groups(panel.measures[name], groups), labels=measure.levels)
        for name, measure in design.measures.items()
    }
    for name, column in design.columns.items():
        held = panel.columns[name]
        paired = column.holds == "school"
        got[name] = paired_rows(held, panel) if paired else column_values(held, column.one_of)
    return got


def over_groups(values: Values, groups: tuple[str, ...]) -> Values:
    """Lay cells out over all groups of a design; nothing is measured of those that are derived."""
    if tuple(values.value["group"].values) == groups:
        return values

    def grown(a: xr.DataArray) -> xr.DataArray:
        gone = Reason.NOT_MEASURED if a.dtype == np.int8 else np.nan
        axis, there = a.get_axis_num("group"), [groups.index(group) for group in a["group"].values]
        shape = [len(groups) if i == axis else size for i, size in enumerate(a.shape)]
        held = np.full(shape, gone, dtype=a.dtype)
        np.moveaxis(held, axis, 0)[there] = np.moveaxis(a.values, axis, 0)
        return xr.DataArray(held, dims=a.dims, coords={**a.coords, "group": list(groups)})

    return map_arrays(values, grown)


def unknown_cells(panel: Panel) -> Values:
    """Make the cells of a step that rests on a number nobody knows (axes school, year)."""
    shape = (len(panel.units), len(panel.years))
    axes = {"year": list(panel.years)}
    value = xr.DataArray(np.full(shape, np.nan), dims=("school", "year"), coords=axes)
    reason = xr.full_like(value, Reason.UNKNOWN_CONSTANT, dtype=np.int8)
    return Values(value, reason)


def in_axis_order(values: Values) -> Values:
    """Lay every array out in the order draw, school, year, group."""

    def ordered(a: xr.DataArray) -> xr.DataArray:
        wanted = tuple(axis for axis in AXES if axis in a.dims)
        return a if a.dims == wanted else a.transpose(*wanted)

    return map_arrays(values, ordered)
