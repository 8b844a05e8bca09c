"""How near do several made-up worlds come to the published numbers, under each preset?

Each seed is a world of its own: other schools, other students, other luck. The error of a figure is
the standard deviation between worlds divided by the root of their number. Other presets are tried
on the first world only, one decision at a time from the usual settlement; nothing is fitted anew.

To hold more: an entry in `core.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from analysis.designs.adaptation import load_adaptation
from analysis.designs.design import Design
from analysis.panels.panel import Panel
from analysis.ratings.rate import Ratings, rate
from simulations.keeping import Kept
from simulations.population.chunks import Population
from simulations.population.world import World, load_world
from simulations.published.figures import Figures, of_again, of_panel, of_students
from simulations.published.seen import INDEX_YEAR, Seen
from simulations.published.settling import (
    USUAL,
    Way,
    measured_anew,
    only_counting,
    other_ways,
    usual_way,
)
from simulations.published.targets import Aim, Published, Target, Verdict, load_published

FIRST: Final = 1
"""The seed of the world on which other presets are tried."""

Job = tuple[str, Callable[[], Figures]]


@dataclass(frozen=True)
class Asked:
    """What is asked: which world, how many of its kind, and which decisions are settled otherwise.

    `decisions` is None for all of them; those under which rows were fitted are always among them.
    """

    world: World
    seeds: int = 3
    workers: int = 1
    decisions: Collection[str] | None = None

    @classmethod
    def of(cls, world: str | Path, seeds: int, workers: int) -> Asked:
        """Take a world by its name or file."""
        return cls(load_world(world), seeds, workers)


@dataclass(frozen=True)
class Held:
    """One figure of ours beside what was published.

    `ours` is the mean over worlds, `error` its Monte Carlo error and `spread` the standard
    deviation between worlds (None with one world), all under the preset `under`: the usual
    settlement, but for rows that were fitted under another. `lowest` and `highest` are the range
    over presets on the first world, with the presets that give them.
    """

    row: str
    name: str
    target: Target
    aim: Aim | None
    worlds: int
    under: str = USUAL
    ours: float | None = None
    error: float | None = None
    spread: float | None = None
    lowest: float | None = None
    highest: float | None = None
    lowest_under: str = ""
    highest_under: str = ""

    @property
    def verdict(self) -> Verdict:
        """How ours stands to what was published."""
        if self.aim is None or self.ours is None:
            return "no number"
        return self.target.verdict(self.aim, self.ours)


@dataclass(frozen=True)
class Compared:
    """Every published number with ours.

    `held` has one entry for each figure, and one for each row without a figure; `design` is the
    settled design; `every` has a row for each world, preset and figure (seed, preset, row, figure,
    ours), from which the others are made.
    """

    held: tuple[Held, ...]
    published: Published
    design: Design
    every: pd.DataFrame


def jobs_of(asked: Asked, kept: Kept, published: Published) -> Mapping[tuple[int, str], Job]:
    """List what is to be done: (seed, preset) -> a word for the bar, and what makes the row.

    Each job rests on what earlier jobs keep, and may be done again at no cost.
    """
    usual = usual_way(published.design, published.settlement)
    fitted = {row.settled_by for row in published.rows.values() if row.settled_by is not None}
    needed = {one.name: one.settles or "" for one in map(load_adaptation, fitted)}
    only = None if asked.decisions is None else {*asked.decisions, *needed.values()}
    ways = tuple(other_ways(published.design, published.settlement, only))
    found: dict[tuple[int, str], Job] = {}
    for seed in range(FIRST, FIRST + asked.seeds):
        site = Site(asked, kept, seed, usual)
        found[seed, USUAL] = (f"world {seed}", site.usual_row)
        for way in ways:
            if seed == FIRST or way.preset in needed:
                found[seed, way.preset] = (f"world {seed}, {way.preset}", partial(site.row, way))
    return found


def compared(
    rows: Mapping[tuple[int, str], Figures], published: Published | None = None
) -> Compared:
    """Lay all rows of figures beside what was published.

    Args:
        rows: (seed, preset) -> figures, as the jobs give them.
        published: what was published; the built-in file without it.
    """
    said = published or load_published()
    held = tuple(
        _held(rows, row, name, said)
        for row, target in said.rows.items()
        for name in (target.figures or [""])
    )
    return Compared(held, said, usual_way(said.design, said.settlement).design, _every(rows))


def _every(rows: Mapping[tuple[int, str], Figures]) -> pd.DataFrame:
    told = [
        {"seed": seed, "preset": preset, "row": row, "figure": figure, "ours": ours}
        for (seed, preset), figures in rows.items()
        for name, ours in figures.items()
        for row, _, figure in [name.partition(".")]
    ]
    return pd.DataFrame(told)


def _held(rows: Mapping[tuple[int, str], Figures], row: str, name: str, said: Published) -> Held:
    target, key = said.rows[row], f"{row}.{name}"
    aim, fitted = target.figures.get(name), target.preset
    at = fitted or USUAL
    worlds = [one[key] for (_, preset), one in rows.items() if preset == at and key in one]
    if not worlds:
        return Held(row, name, target, aim, 0)
    spread = float(np.std(worlds, ddof=1)) if len(worlds) > 1 else None
    error = None if spread is None else spread / np.sqrt(len(worlds))
    under = {
        preset: one[key] for (seed, preset), one in rows.items() if seed == FIRST and key in one
    }
    low, high = (extreme(under, key=lambda p: under[p]) for extreme in (min, max))
    ours = float(np.mean(worlds))
    ends = (under[low], under[high], low, high)
    return Held(row, name, target, aim, len(worlds), at, ours, error, spread, *ends)


@dataclass(frozen=True)
class Site:
    """One world: its students, panels and ratings, each made when it is first needed."""

    asked: Asked
    kept: Kept
    seed: int
    settled: Way

    def population(self, draw: int = 0) -> Population:
        """Name the students of this world, or other students of the same schools."""
        return Population(self.asked.world, self.seed, draw)

    def usual_row(self) -> Figures:
        """Give the figures under the usual settlement."""
        return self.kept.row(self._rests(self.settled), self._usual)

    def row(self, way: Way) -> Figures:
        """Give the figures under another settlement."""
        return self.kept.row(self._rests(way), partial(self._other, way))

    def _rests(self, way: Way) -> Sequence[object]:
        world = self.asked.world.fingerprint
        return (world, self.seed, way.design.fingerprint, way.preset == USUAL)

    def _usual(self) -> Figures:
        folder = self._students()
        seen = Seen(self.rated)
        found = {**of_panel(seen), **of_students(self.asked.world, folder)}
        return {**found, **self._again(seen)} if self.seed == FIRST else found

    def _again(self, seen: Seen) -> Figures:
        """Draw the same schools once more, in the years that the levels need."""
        years = [year for year in self.asked.world.years if year <= INDEX_YEAR]
        drawn = self.population(draw=1)
        folder = self.kept.students(drawn, years, workers=self.asked.workers)
        panel = self.kept.panel(drawn, folder, self.settled.design)
        return of_again(seen, Seen(rate(self.settled.design, panel)))

    def ratings(self, way: Way) -> Ratings:
        """Rate under another settlement; students are counted anew where it says so."""
        base = self.rated
        anew = measured_anew(self.settled.design, way.design)
        panel = self._remeasured(way.design, anew, base.panel) if anew else base.panel
        return rate(way.design, panel, earlier=base)

    def _other(self, way: Way) -> Figures:
        return of_panel(Seen(self.ratings(way)))

    def _remeasured(self, design: Design, anew: tuple[str, ...], base: Panel) -> Panel:
        """Measure some measures anew and take the others over, where both have the same axes."""
        part = self._panel(only_counting(design, anew))
        if part.frame != base.frame:
            return self._panel(design)
        fresh = {name: part.measures[name] for name in anew}
        return replace(base, measures={**base.measures, **fresh}, _codes={})

    @cached_property
    def rated(self) -> Ratings:
        """The ratings under the usual settlement; others take over what they leave as it is."""
        return rate(self.settled.design, self._panel(self.settled.design))

    def _students(self) -> Path:
        years, workers = self.asked.world.years, self.asked.workers
        return self.kept.students(self.population(), years, workers=workers)

    def _panel(self, design: Design) -> Panel:
        return self.kept.panel(self.population(), self._students(), design)
