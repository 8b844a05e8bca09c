"""What are the cells of draws of schools, without and with the behaviours of their schools?

To let a behaviour do more to a cell: a field of `Shift`, and its place in `Schools.after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr

from analysis.designs.cells import map_arrays
from analysis.panels.panel import Panel
from analysis.values import Values
from simulations.gaming.mechanism import Mechanism

GROUPS: Final = ("all", "el", "swd", "sed", "black", "hispanic", "white", "asian")
"""Groups for which learning is told."""


@dataclass(frozen=True)
class Shift:
    """What full effort does to the cells of a measure; over draw, row of the axis school, group."""

    value: np.ndarray
    n: np.ndarray


@dataclass(frozen=True)
class Reaction:
    """What a mechanism does at full effort.

    `reported` and `true` give the shift of each measure that moves. `learned` is what students
    learn more or less, in SD: over `LEARNED`, draw, row of the axis school and `GROUPS` (means
    over the group's students of the school).
    """

    mechanism: Mechanism
    reported: Mapping[str, Shift]
    true: Mapping[str, Shift]
    learned: np.ndarray

    def where(self, draws: np.ndarray) -> Reaction:
        """Keep some draws, by their numbers."""

        def some(shifts: Mapping[str, Shift]) -> dict[str, Shift]:
            return {n: Shift(one.value[draws], one.n[draws]) for n, one in shifts.items()}

        told = self.learned[:, draws]
        return replace(self, reported=some(self.reported), true=some(self.true), learned=told)


@dataclass(frozen=True)
class Schools:
    """Draws of some schools as a design reads them, and what each mechanism does to their cells.

    `panel` has the axis draw and holds the base year and the year that is looked at. `students` is
    over draw, row and `GROUPS`; `ranges` gives the smallest and largest value of each measure.
    """

    panel: Panel
    year: int
    reactions: Mapping[str, Reaction]
    students: np.ndarray
    ranges: Mapping[str, tuple[float, float]]
    _tiled: dict[int, Panel] = field(default_factory=dict, compare=False, repr=False)

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return len(self.students)

    @cached_property
    def whole(self) -> np.ndarray:
        """The rows of the axis school that are whole schools."""
        return np.flatnonzero(self.panel.whole == np.arange(len(self.panel.units)))

    def no_effort(self, times: int = 1) -> dict[str, np.ndarray]:
        """Give an effort of 0 of every mechanism, over lane and row; a lane is a draw once more."""
        shape = (times * self.draws, len(self.panel.units))
        return {name: np.zeros(shape) for name in self.reactions}

    def where(self, draws: np.ndarray) -> Schools:
        """Keep some draws, by their numbers."""

        def some(a: xr.DataArray) -> xr.DataArray:
            return a.isel(draw=draws) if "draw" in a.dims else a

        measures = {name: map_arrays(values, some) for name, values in self.panel.measures.items()}
        reactions = {name: one.where(draws) for name, one in self.reactions.items()}
        panel = replace(self.panel, measures=measures, _codes={})
        kept = {"reactions": reactions, "students": self.students[draws]}
        return replace(self, panel=panel, **kept, _tiled={})

    def tiled(self, times: int) -> Panel:
        """Give the panel with every draw several times along the axis draw."""
        if times not in self._tiled:
            self._tiled[times] = self.panel if times == 1 else _tiled(self.panel, times)
        return self._tiled[times]

    def after(self, efforts: Mapping[str, np.ndarray], *, true: bool = False) -> Panel:
        """Give the panel after schools have made some efforts.

        Args:
            efforts: by mechanism, over lane and row (0-1); lanes are draws, once or several times.
            true: the cells were everything recorded as it is, not as reported.

        Returns:
            The panel; without any effort the very one that was counted.
        """
        made = {name: much for name, much in efforts.items() if much.any()}
        times = len(next(iter(efforts.values()))) // self.draws if efforts else 1
        base = self.tiled(times)
        moved: dict[str, Values] = {}
        for name, much in made.items():
            reaction = self.reactions[name]
            shifts = reaction.true if true else reaction.reported
            for measure_, shift in shifts.items():
                held = moved.get(measure_, base.measures[measure_])
                moved[measure_] = self._moved(held, much[:, self.panel.whole], shift, times)
        if not moved:
            return base
        kept = {name: base.fingerprint(name) for name in base.measures if name not in moved}
        kept |= {name: base.fingerprint(name) for name in base.columns}
        bounded = {name: _bounded(values, self.ranges[name]) for name, values in moved.items()}
        return replace(base, measures={**base.measures, **bounded}, _codes=kept)

    def _moved(self, held: Values, much: np.ndarray, shift: Shift, times: int) -> Values:
        at = held.value["year"].to_numpy().tolist().index(self.year)

        def by(a: xr.DataArray | None, change: np.ndarray) -> xr.DataArray | None:
            if a is None:
                return None
            fresh = a.to_numpy().copy()
            fresh[:, :, at] += much[:, :, None] * np.tile(change, (times, 1, 1))
            return a.copy(data=fresh)

        value = by(held.value, shift.value)
        assert value is not None  # noqa: S101 (a measure has values)
        return replace(held, value=value, n=by(held.n, shift.n), numerator=None)


def _tiled(panel: Panel, times: int) -> Panel:
    def grown(a: xr.DataArray) -> xr.DataArray:
        return xr.concat([a] * times, "draw") if "draw" in a.dims else a

    measures = {name: map_arrays(values, grown) for name, values in panel.measures.items()}
    return replace(panel, measures=measures, _codes={})


def _bounded(values: Values, bounds: tuple[float, float]) -> Values:
    return replace(values, value=values.value.clip(*bounds))
