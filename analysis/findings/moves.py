"""Which changes of a school's values can matter?

A move shifts one value, or one measure for all groups alike. To see where a new kind of step jumps:
its `notches`, or one branch in `jumps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr

from analysis.designs.clause import Ref
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.rules.deriving import Change
from analysis.designs.rules.levels import LevelsInPool
from analysis.designs.rules.scoring import Identity, MinimumN
from analysis.findings.place import Place
from analysis.findings.trials import Cell, Changes, rows_of
from analysis.ratings.rate import Ratings
from analysis.rounding import settle
from analysis.values import ALL

SHORT: Final = 1e-6
"""How near to the place where a result changes a value is found, in the unit of the measure."""

GRID: Final = 8
"""How many values between now and the end of the range are tried besides the notches."""

EVERY: Final = "every group alike"


@dataclass(frozen=True)
class Move:
    """A shift of one value, or of all values of one measure (and part) by the same amount.

    `now` holds what was measured in each of `cells`; no value goes beyond `low` and `high`. `whole`
    says that only whole numbers are possible (levels, conditions). A move with a `floor` is of the
    worst of several groups: those that are better than the floor plus the shift stay as they are.
    """

    measure: str
    part: str
    group: str
    year: int
    cells: tuple[Cell, ...]
    now: tuple[float, ...]
    low: float
    high: float
    whole: bool = False
    floor: float | None = None

    def to(self, shift: float) -> Changes:
        """Give the values after a shift, in the unit of the measure."""
        best = max if shift > 0 else min
        pairs = zip(self.cells, self.now, strict=True)
        moved = {
            c: x + shift if self.floor is None else best(x, self.floor + shift) for c, x in pairs
        }
        return {c: float(settle(min(max(x, self.low), self.high))) for c, x in moved.items()}

    @property
    def main(self) -> int:
        """The place among `cells` of the value by which the move is told."""
        if self.floor is not None:
            return int(np.argmin(np.abs(np.array(self.now) - self.floor)))
        groups = [cell.group for cell in self.cells]
        return groups.index(ALL) if ALL in groups else 0

    @property
    def ends(self) -> tuple[float, float]:
        """The shifts that bring every value to the lowest and to the highest that it can have."""
        now = self.now if self.floor is None else (self.floor,)
        return self.low - max(now), self.high - min(now)


def moves_of(ratings: Ratings, place: Place, measures: Sequence[str]) -> tuple[Move, ...]:
    """Give every move of a school: each value alone, then each measure for every group alike."""
    single: list[Move] = []
    alike: list[Move] = []
    for row in rows_of(ratings, place):
        for name in measures:
            found = _measured(ratings, name, row, place.year)
            part = str(ratings.panel.units["part"].iloc[row])
            limits = range_of(ratings, name)
            for cell, x in found.items():
                told = (name, part, cell.group, place.year)
                single.append(Move(*told, (cell,), (x,), *limits))
            if len(found) > 1:
                told = (name, part, EVERY, place.year)
                alike.append(Move(*told, tuple(found), tuple(found.values()), *limits))
    return (*single, *alike)


def wide_moves(ratings: Ratings, place: Place, measures: Sequence[str]) -> tuple[Move, ...]:
    """Give one move for each measure and part: every group alike where there are several."""
    every = moves_of(ratings, place, measures)
    alike = {(move.measure, move.part): move for move in every if move.group == EVERY}
    return tuple(dict.fromkeys(alike.get((m.measure, m.part), m) for m in every))


def derived_moves(ratings: Ratings, place: Place) -> Iterator[Move]:
    """Give the moves of groups that a step chooses among others: the worst of them is raised."""
    for name, rule in ratings.design.steps.items():
        measures = ratings.design.measured_by(name)
        if not isinstance(rule, LowestGroup) or len(measures) != 1:
            continue
        for row in rows_of(ratings, place):
            floor = Place(row, place.year, rule.as_).of(ratings[name].value)
            found = _measured(ratings, measures[0], row, place.year)
            found = {cell: x for cell, x in found.items() if cell.group in rule.among}
            if found and not np.isnan(floor):
                part = str(ratings.panel.units["part"].iloc[row])
                told = (measures[0], part, rule.as_, place.year, tuple(found))
                yield Move(*told, tuple(found.values()), *range_of(ratings, measures[0]), floor)


def _measured(ratings: Ratings, name: str, row: int, year: int) -> dict[Cell, float]:
    """Give the values of a measure in one row, for each group that has one."""
    groups = ratings.panel.groups
    found = {g: Place(row, year, g).of(ratings[name].value) for g in groups}
    return {Cell(row, name, g): x for g, x in found.items() if not np.isnan(x)}


def range_of(ratings: Ratings, name: str) -> tuple[float, float, bool]:
    """Give the lowest and the highest value that a measure can have, and whether it is whole.

    Where neither the design nor the panel says, it is what schools have.
    """
    measure, note = ratings.design.measures[name], ratings.panel.about.measures.get(name)
    if measure.levels:
        return 1.0, float(len(measure.levels)), True
    if measure.unit == "condition":
        return 0.0, 1.0, True
    said = measure.range or ((0.0, 100.0) if measure.unit == "percent" else None)
    said = said or (note.range if note is not None else None)
    value = ratings[name].value
    low, high = said or (float(value.min()), float(value.max()))
    return low, high, False


def shifts_of(ratings: Ratings, moves: Iterable[Move]) -> Mapping[Move, np.ndarray]:
    """Give the shifts at which something may change, those just beside them, and a few between."""
    known: dict[tuple[str, int], Mapping[str, np.ndarray]] = {}
    found: dict[Move, np.ndarray] = {}
    for move in moves:
        lowest, highest = move.ends
        if move.whole:
            found[move] = np.arange(lowest, highest + 1)
            continue
        here = (move.measure, move.cells[0].row)
        if here not in known:
            known[here] = jumps(ratings, move.measure, Place(here[1], move.year, ALL))
        pairs = zip((cell.group for cell in move.cells), move.now, strict=True)
        where = pairs if move.floor is None else [(move.group, move.floor)]
        at = [known[here][group] - now for group, now in where]
        between = (np.linspace(lowest, 0, GRID), np.linspace(0, highest, GRID))
        exact = np.concatenate([*at, *between])
        every = np.concatenate([exact - SHORT, exact, exact + SHORT])
        found[move] = np.unique(settle(every[(every >= lowest) & (every <= highest)]))
    return found


def jumps(ratings: Ratings, measure: str, place: Place) -> Mapping[str, np.ndarray]:
    """Give for each group every value of a measure at which some step jumps, in its unit."""
    found: dict[str, list[float]] = {group: [] for group in ratings.cells.groups}
    for name in ratings.design.steps:
        for of, numbers in _jumps_of(ratings, name, place.row):
            if measure not in ratings.design.measured_by(of.of):
                continue
            for group in found:
                here = replace(place, group=group)
                chain = _follow(ratings, of, here)
                if chain is not None and chain.measure == measure:
                    at = [here.of(a) + chain.before for a in numbers]
                    found[group] += [
                        x + half for x in at for half in {0.0, chain.half, -chain.half}
                    ]
    every = {group: np.unique(np.array(at, dtype=float)) for group, at in found.items()}
    return {group: at[~np.isnan(at)] for group, at in every.items()}


def _jumps_of(ratings: Ratings, name: str, row: int) -> Iterator[tuple[Ref, list[xr.DataArray]]]:
    """Give what a step reads, and the numbers at which it jumps.

    Cut points of a pool are taken as they stand; a move of the school may shift them a little.
    """
    rule = ratings.design.steps[name]
    if name in ratings.design.unknown:
        return
    if isinstance(rule, LevelsInPool):
        cuts = rule.cut_points(ratings.cells, row)
        yield rule.of, [cuts.isel(quantile=i, drop=True) for i in range(cuts.sizes["quantile"])]
    notches = [notch for notch in rule.notches() if notch.on == "value"]
    for of in {notch.of for notch in notches}:
        yield of, [ratings.cells.number(notch.at) for notch in notches if notch.of == of]


def notches_of(ratings: Ratings, place: Place) -> Iterator[tuple[str, float]]:
    """Give every number at which a step that reads a measure directly jumps."""
    for rule in ratings.design.steps.values():
        for notch in rule.notches():
            chain = _follow(ratings, notch.of, place)
            if notch.on == "value" and chain is not None and not chain.changes:
                at = place.of(ratings.cells.number(notch.at))
                if not np.isnan(at):
                    yield chain.measure, at


@dataclass(frozen=True)
class _Chain:
    """The measure under a step that keeps its value: less `before`, rounded to twice `half`."""

    measure: str
    before: float = 0.0
    half: float = 0.0
    changes: bool = False


def _follow(ratings: Ratings, ref: Ref, place: Place) -> _Chain | None:
    """Follow a reference down to a measure of this year, through steps that keep its value."""
    if ref.year != "this" or ref.group not in (None, place.group):
        return None
    if ref.of in ratings.design.measures:
        return _Chain(ref.of)
    rule = ratings.design.steps.get(ref.of)
    if not isinstance(rule, MinimumN | Identity | Change | LowestGroup):
        return None
    below = _follow(ratings, rule.of, place)
    if below is None:
        return None
    before = 0.0
    if isinstance(rule, Change):
        earlier = ratings.cells.earlier(ratings[rule.of.of], rule.years)
        before = place.of(earlier.value)
    half = 0.0 if rule.round is None else 0.5 * 10.0**-rule.round.places
    changes = below.changes or isinstance(rule, Change)
    return _Chain(below.measure, below.before + before, max(half, below.half), changes)
