"""How much must a value change to gain a level, or two or three, and what is that worth?

Levels are those of the design: its cut points, rounding and pools decide, never a copy of them. To
look further than three levels: `AHEAD`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np

from analysis.designs.rules.levels import Cuts, Levels, LevelsInPool
from analysis.findings.luck import Luck, luck
from analysis.findings.moves import (
    EVERY,
    Move,
    derived_moves,
    moves_of,
    shifts_of,
)
from analysis.findings.place import Place, locate
from analysis.findings.searching import EVERY_VALUE, first_shifts
from analysis.findings.threshold import unrounded
from analysis.findings.trials import Changes, tried
from analysis.ratings.rate import Ratings
from analysis.values import ALL

AHEAD: Final = 3
"""How many levels ahead are looked for."""


@dataclass(frozen=True)
class Gain:
    """What it takes to gain some levels.

    `to` is the value needed and `change` its distance from now, in the unit of the measure; `worth`
    is what it adds to the index, before the index is rounded. Where they are missing, `why` says
    so. `luck` says what the change is in students, and against chance.
    """

    levels: int
    to: float | None
    change: float | None
    worth: float | None
    luck: Luck | None
    why: str = ""


@dataclass(frozen=True)
class Need:
    """Where one value of a school stands, and what it needs for more.

    `level` counts from the lowest, `called` is its name, `top` the highest that there is. `step` is
    the step of the design that gives the level.
    """

    measure: str
    part: str
    group: str
    value: float
    n: float | None
    step: str
    level: float
    called: str
    top: float
    gains: tuple[Gain, ...]


def needed(
    ratings: Ratings,
    school: str,
    *,
    year: int | None = None,
    part: str | None = None,
    groups: Collection[str] | None = None,
) -> tuple[Need, ...]:
    """Say for each measure and group of a school what it takes to gain 1, 2 and 3 levels.

    Each value moves alone; what moves along with it in truth (a group is part of all students)
    does not.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        year: the last of the panel, unless it is said.
        part: only this part of a school that spans levels; all of them without it.
        groups: only these groups; all of them without it.

    Returns:
        One entry for each measure, part and group that has a level, in the design's order.

    Raises:
        ProblemsError: the panel has no such school, part or year.

    >>> from analysis import load_design, rate, read_panel
    >>> alder = needed(rate(load_design("franklin/index"), read_panel("franklin")), "0101")
    >>> alder[0].measure, alder[0].level, [gain.to for gain in alder[0].gains]
    ('ela', 2.0, [40.0, 55.0, 70.0])
    """
    place = locate(ratings, school, year=year, part=part or "")
    places = [
        one
        for one in _placed(ratings, place)
        if part in (None, one.move.part) and (groups is None or one.move.group in groups)
    ]
    shifts = _shifts(ratings, place, places)
    wanted = [
        (one, ahead, shift)
        for one, found in zip(places, shifts, strict=True)
        for ahead, shift in enumerate(found, start=1)
    ]
    worths = _worths(ratings, place, [one.move.to(s) for one, _, s in wanted if not np.isnan(s)])
    gains: dict[int, list[Gain]] = {id(one): [] for one in places}
    for one, ahead, shift in wanted:
        worth = None if np.isnan(shift) else next(worths)
        gains[id(one)].append(_gain(ratings, one, ahead, shift, worth))
    return tuple(_need(ratings, one, tuple(gains[id(one)])) for one in places)


@dataclass(frozen=True)
class _Placed:
    """One value that has a level: its move, its cell, the step that gives the level."""

    move: Move
    place: Place
    step: str
    level: float
    top: float


def _placed(ratings: Ratings, place: Place) -> Iterator[_Placed]:
    steps = level_steps(ratings)
    moves = [move for move in moves_of(ratings, place, list(steps)) if move.group != EVERY]
    order = list(ratings.design.measures)
    moves += derived_moves(ratings, place)
    for move in sorted(moves, key=lambda m: (m.cells[0].row, order.index(m.measure))):
        if move.measure not in steps:
            continue
        step = steps[move.measure]
        here = Place(move.cells[0].row, place.year, move.group)
        level = here.of(ratings[step].value)
        if not np.isnan(level):
            yield _Placed(move, here, step, level, top_level(ratings, step))


def level_steps(ratings: Ratings) -> dict[str, str]:
    """Name for each measure the step that gives its level: the last on this measure that counts.

    Steps count that the index rests on, else those that a list rests on. Where neither does, it is
    the first that gives a level. A measure that holds levels is its own step.

    >>> from analysis import load_design, rate, read_panel
    >>> level_steps(rate(load_design("franklin/dashboard"), read_panel("franklin")))["ela"]
    'ela_colour'
    """
    design, index = ratings.design, ratings.design.header.headline.index
    counts = (
        set(design.below(index)) if index else set(),
        {name for one in design.lists for name in design.below(one)},
    )
    found = {name: [name] for name, measure in design.measures.items() if measure.levels}
    for name, rule in design.steps.items():
        alone = design.measured_by(name)
        if isinstance(rule, get_args(Levels)) and len(alone) == 1 and name not in design.unknown:
            found.setdefault(alone[0], []).append(name)
    last = {
        measure: next(([n for n in names if n in c][-1] for c in counts if c & {*names}), names[0])
        for measure, names in found.items()
    }
    return {name: last[name] for name in design.measures if name in last}


def top_level(ratings: Ratings, step: str) -> float:
    """Give the highest level that a step, or a measure that holds levels, can give."""
    rule: Any = ratings.design.steps.get(step)
    labels = ratings[step].labels
    if labels:
        return float(len(labels))
    if isinstance(rule, Cuts):
        return max(float(level) for level in rule.from_)
    return (
        float(rule.levels) if isinstance(rule, LevelsInPool) else float(ratings[step].value.max())
    )


def _shifts(ratings: Ratings, place: Place, places: Sequence[_Placed]) -> list[list[float]]:
    """Find for each value the smallest shifts that give 1, 2, ... levels more; missing: none."""
    every = shifts_of(ratings, [one.move for one in places])
    shifts = [every[one.move] for one in places]
    sides = [(x[x > 0], x[x < 0][::-1]) for x in shifts]
    searches = [(i, side, k) for i in range(len(places)) for side in (0, 1) for k in range(AHEAD)]

    def reached(asked: Sequence[np.ndarray]) -> list[np.ndarray]:
        points = [(i, x) for (i, _, _), shifts in zip(searches, asked, strict=True) for x in shifts]
        levels = _levels(ratings, place, places, points)
        return [
            np.array([levels[i, x] >= places[i].level + k + 1 for x in shifts], dtype=bool)
            for (i, _, k), shifts in zip(searches, asked, strict=True)
        ]

    whole = [places[i].move.whole for i, _, _ in searches]
    found = first_shifts(
        [sides[i][s] for i, s, _ in searches], reached, whole=whole, at_once=EVERY_VALUE
    )
    best = dict(zip(searches, found, strict=True))
    pairs = [[(best[i, 0, k], best[i, 1, k]) for k in range(AHEAD)] for i in range(len(places))]
    return [[_nearer(*pair) for pair in row] for row in pairs]


def _nearer(up: float, down: float) -> float:
    if np.isnan(up) or np.isnan(down):
        return down if np.isnan(up) else up
    return min(up, down, key=abs)


def _levels(
    ratings: Ratings, place: Place, places: Sequence[_Placed], points: Sequence[tuple[int, float]]
) -> dict[tuple[int, float], float]:
    """Give the level of each value at each shift; one copy of the school shifts many values.

    Groups that are chosen among others have copies of their own, since they move the others.
    """
    slots: dict[tuple[int, float], int] = {}
    copies: list[dict[Any, float]] = []
    for kind in sorted({_kind(one) for one in places}):
        mine, first = [i for i, one in enumerate(places) if _kind(one) == kind], len(copies)
        for i in mine:
            shifts = dict.fromkeys(shift for j, shift in points if j == i)
            slots |= {(i, shift): first + at for at, shift in enumerate(shifts)}
            copies += [{} for _ in range(first + len(shifts) - len(copies))]
    for (i, shift), slot in slots.items():
        copies[slot] |= places[i].move.to(shift)
    if not copies:
        return {}
    found = tried(ratings, place, copies, sorted({one.step for one in places}))
    levels = [found.of(found.ratings[one.step].value, one.place) for one in places]
    return {(i, shift): float(levels[i][slot]) for (i, shift), slot in slots.items()}


def _kind(one: _Placed) -> str:
    return "" if one.move.floor is None else one.move.group


def _worths(ratings: Ratings, place: Place, changes: Sequence[Changes]) -> Iterator[float | None]:
    """Give what each set of changes adds to the index of the whole school."""
    index = ratings.design.header.headline.index
    if index is None or index in ratings.design.unknown or not changes:
        yield from (None for _ in changes)
        return
    found = tried(ratings, place, changes, [index])
    whole = Place(int(ratings.panel.whole[place.row]), place.year, ALL)
    after = found.of(unrounded(found.ratings, index), whole)
    before = whole.of(unrounded(ratings, index))
    yield from (None if np.isnan(x) else float(x - before) for x in after)


def _gain(ratings: Ratings, one: _Placed, ahead: int, shift: float, worth: float | None) -> Gain:
    if np.isnan(shift):
        above = one.level + ahead > one.top
        why = "there is no higher level" if above else _impossible(one.move)
        return Gain(ahead, None, None, None, None, why)
    cell, now = one.move.cells[one.move.main], one.move.now[one.move.main]
    to = one.move.to(shift)[cell]
    chance = luck(ratings, one.move.measure, Place(cell.row, one.place.year, cell.group), to)
    return Gain(ahead, to, to - now, worth, chance)


def _impossible(move: Move) -> str:
    return f"not possible: no value from {move.low:g} to {move.high:g} gives it"


def _need(ratings: Ratings, one: _Placed, gains: tuple[Gain, ...]) -> Need:
    cell, values = one.move.cells[one.move.main], ratings[one.move.measure]
    labels = ratings[one.step].labels
    n = np.nan
    if values.n is not None:
        n = Place(cell.row, one.place.year, cell.group).of(values.n)
    return Need(
        one.move.measure,
        one.move.part,
        one.move.group,
        one.move.now[one.move.main],
        None if np.isnan(n) else n,
        one.step,
        one.level,
        labels[int(one.level) - 1] if labels else f"{one.level:g}",
        one.top,
        gains,
    )
