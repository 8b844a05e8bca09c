"""What is the least change of several measures together that changes the answer of a list?

Least is the smallest distance: shifts in standard deviations over the list's pool, squared and
added. Each measure shifts for every group alike. Where results change in steps, combinations of
steps are solved exactly: by a mixed integer program where one score is held against a line, else
in the order of distance. To solve another kind of list: one more branch in `_chosen`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, get_args

import numpy as np

from analysis.designs.rules.levels import Levels
from analysis.findings.combinations import Choice, Steps, cheapest, gaps_near, in_order
from analysis.findings.in_place import held
from analysis.findings.moves import SHORT, Move, shifts_of, wide_moves
from analysis.findings.place import Place, locate
from analysis.findings.searching import INSIDE
from analysis.findings.sentences import answer
from analysis.findings.threshold import Threshold, threshold, unrounded
from analysis.findings.trials import (
    Changes,
    Tried,
    restricted,
    tried,
    with_changes,
)
from analysis.findings.what_would_change import (
    WouldChange,
    answers,
    in_words,
    spread_in_pool,
    told_as,
)
from analysis.ratings.rate import Ratings, rate

MOST: Final = 1000
"""How many combinations are tried at most where no score decides."""

AT_ONCE: Final = 200
"""How many combinations are rated at a time."""

ROUNDS: Final = 40
"""How often a solution is looked at more closely, or put aside because the rating denies it."""

BETTER: Final = 1e-4
"""A closer look goes on while it makes the distance smaller by this share, with one try more."""


@dataclass(frozen=True)
class LeastChange:
    """The least change of several measures that changes the answer of a list.

    `changes` are its parts, one for each measure that moves; `spreads` is its distance, in standard
    deviations. `exact` says that every step of every measure was weighed, and no other school's
    result moves with this one's, so that none is smaller. Where there is none, `why` says so.
    """

    list: str
    answer: str
    changes: tuple[WouldChange, ...]
    spreads: float | None
    exact: bool
    why: str = ""


@dataclass(frozen=True)
class _Task:
    """A list of a school whose answer shall change; `score` where one score decides."""

    ratings: Ratings
    place: Place
    list: str
    before: str
    moves: tuple[Move, ...]
    score: Threshold | None

    def changes(self, choice: Choice) -> Changes:
        pairs = zip(self.moves, choice, strict=True)
        return {cell: x for move, shift in pairs if shift for cell, x in move.to(shift).items()}

    def other(self, said: str) -> bool:
        return said not in (self.before, "unknown")


def least_change(
    ratings: Ratings, school: str, list_name: str, *, year: int | None = None
) -> LeastChange:
    """Find the least change of several measures together that changes the answer of a list.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        list_name: a list of the design.
        year: the last of the panel, unless it is said.

    Returns:
        The least change, borne out by rating the changed panel, lines and all; or why there is
        none.

    Raises:
        ProblemsError: the panel has no such school or year.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> found = least_change(franklin, "0101", "lowest")
    >>> [(part.measure, part.now, part.instead) for part in found.changes]
    [('ela', 28.0, 30.5), ('growth', 42.0, 52.0), ('absence', 28.0, 23.0)]
    """
    place = locate(ratings, school, year=year)
    before = answer(ratings, list_name, place)
    if before == "unknown":
        return LeastChange(list_name, before, (), None, exact=True, why="it cannot be judged")
    sides = _sides(ratings, place, list_name)
    if not sides:
        why = "no change of its values, up to the ends of their ranges, gives another answer"
        return LeastChange(list_name, before, (), None, exact=True, why=why)
    moves, shifts = zip(*sides, strict=True)
    score = threshold(ratings, place, list_name)
    task = _Task(ratings, place, list_name, before, moves, score)
    if score is not None:
        steps = _steps(task, shifts)
        more = _more_together(task, score, steps)
        if more < SHORT:
            found = _solved(task, steps)
            return replace(found, exact=found.exact and abs(more) < SHORT)
    task = replace(task, score=None)
    return _solved(task, _steps(task, shifts))


def _sides(ratings: Ratings, place: Place, list_name: str) -> list[tuple[Move, np.ndarray]]:
    """Give each measure's move and its shifts, 0 first, to the side that changes the answer."""
    below = ratings.design.below(list_name)
    measures = [name for name in ratings.design.measures if name in below]
    moves = wide_moves(ratings, place, measures)
    before = answer(ratings, list_name, place)
    shifts_by = shifts_of(ratings, moves)
    for better in (1, -1):
        found = []
        for move in moves:
            low = ratings.design.measures[move.measure].better == "low"
            side = -better if low else better
            shifts = side * shifts_by[move]
            found.append((move, side * np.append(0.0, np.sort(shifts[shifts > 0]))))
        ends = {c: x for move, shifts in found for c, x in move.to(shifts[-1]).items()}
        said = answers(ratings, place, [list_name], [ends])[list_name][0]
        if said not in (before, "unknown"):
            return [(move, shifts) for move, shifts in found if len(shifts) > 1]
    return []


def _steps(task: _Task, shifts: Sequence[np.ndarray]) -> list[Steps]:
    marks = _marks(task, list(enumerate(shifts)))
    return [
        Steps(spread_in_pool(task.ratings, task.list, move), mine, said, move.whole)
        for move, mine, said in zip(task.moves, shifts, marks, strict=True)
    ]


def _marks(task: _Task, wanted: Sequence[tuple[int, np.ndarray]]) -> list[np.ndarray]:
    """Say what each shift of some moves does by itself."""
    points = [task.moves[i].to(shift) for i, shifts in wanted for shift in shifts]
    found = tried(
        task.ratings, task.place, points, [task.list if task.score is None else task.score.step]
    )
    if task.score is None:
        flat = _signature(task, found, len(points))
    else:
        flat = task.score.way * (_score(task, found, task.score) - task.score.now)
    return np.split(flat, np.cumsum([len(shifts) for _, shifts in wanted])[:-1])


def _score(task: _Task, found: Tried, score: Threshold) -> np.ndarray:
    return found.of(unrounded(found.ratings, score.step), task.place)


def _signature(task: _Task, found: Tried, count: int) -> np.ndarray:
    """Give each copy a number that differs where any result below the list differs."""
    design, layers = task.ratings.design, []
    for name in design.below(task.list):
        level = isinstance(design.steps.get(name), get_args(Levels))
        condition = design.names.kinds.get(name) == "condition"
        if level or condition or len(design.measured_by(name)) > 1:
            a = found.ratings[name].value
            a = a.sel(year=task.place.year) if "year" in a.dims else a
            rows = a.values.reshape(count, -1) if "school" in a.dims else np.zeros((count, 1))
            layers.append(np.nan_to_num(rows, nan=-1e9).round(9))
    codes = (hashlib.blake2b(row.tobytes(), digest_size=6).digest() for row in np.hstack(layers))
    return np.array([float(int.from_bytes(code)) for code in codes])


def _more_together(task: _Task, score: Threshold, steps: Sequence[Steps]) -> float:
    """Say how much more all measures add to the score together than the sum of what each adds.

    Where it is 0, what each adds can be summed. Where it is less (the best of several counts), the
    sum promises too much, and the rating denies what is not enough. Where it is more, sums fail.
    """
    ends = task.changes(tuple(float(one.shifts[-1]) for one in steps))
    found = tried(task.ratings, task.place, [ends], [score.step])
    together = score.way * (_score(task, found, score)[0] - score.now)
    return float(together - sum(float(one.marks[-1]) for one in steps))


def _solved(task: _Task, steps: list[Steps]) -> LeastChange:
    denied: list[Choice] = []
    known: dict[Choice, bool] = {}
    seen: list[float] = []
    for _ in range(ROUNDS):
        choice = _chosen(task, steps, denied, known)
        if choice is None:
            break
        seen.append(_distance(steps, choice))
        finer = [_finer(task, i, one, choice[i]) for i, one in enumerate(steps)]
        closer = any(len(a.shifts) > len(b.shifts) for a, b in zip(finer, steps, strict=True))
        if closer and not denied and min(seen) < (1 - BETTER) * min(seen[:-2], default=math.inf):
            steps = finer
            continue
        panel = with_changes(task.ratings.panel, task.changes(choice), task.place.year)
        design = restricted(task.ratings.design, [task.list])
        after = rate(design, panel, earlier=task.ratings)
        said = answer(after, task.list, task.place)
        if task.other(said):
            exact = not any(len(one.wide) for one in steps) and _others_stand(task)
            parts = tuple(_parts(task, choice, said))
            return LeastChange(task.list, said, parts, _distance(steps, choice), exact)
        denied.append(choice)
    why = f"none was found among the {MOST:,} smallest combinations"
    return LeastChange(task.list, task.before, (), None, exact=False, why=why)


def _others_stand(task: _Task) -> bool:
    """Say whether nothing below the list makes other schools' results move with this school's."""
    design, year = task.ratings.design, task.place.year
    across = [n for n in design.below(task.list) if n in design.steps]
    across = [name for name in across if design.steps[name].looks_across]
    moved = {name for name in across if not held(design.steps[name], year)}
    return not any(moved & {*design.below(name)} - {name} for name in across)


def _chosen(
    task: _Task, steps: Sequence[Steps], denied: Sequence[Choice], known: dict[Choice, bool]
) -> Choice | None:
    """Choose the least change; without a score the smallest combinations are tried in order."""
    if task.score is not None:
        return cheapest(steps, abs(task.score.needed - task.score.now), denied)
    order = in_order(steps)
    for _ in range(0, MOST, AT_ONCE):
        some = list(islice(order, AT_ONCE))
        fresh = [choice for choice in some if choice not in known]
        changes = [task.changes(choice) for choice in fresh]
        said = answers(task.ratings, task.place, [task.list], changes)[task.list]
        known |= {choice: task.other(x) for choice, x in zip(fresh, said, strict=True)}
        good = (choice for choice in some if known[choice] and choice not in denied)
        first = next(good, None)
        if first is not None:
            return first
    return None


def _finer(task: _Task, i: int, one: Steps, shift: float) -> Steps:
    """Look more closely into the gaps beside a shift in which something changes somewhere."""
    gaps = gaps_near(one, shift)
    if not gaps:
        return one
    fresh = np.concatenate([np.linspace(low, high, INSIDE + 2)[1:-1] for low, high in gaps])
    (marks,) = _marks(task, [(i, fresh)])
    shifts, every = np.append(one.shifts, fresh), np.append(one.marks, marks)
    order = np.argsort(np.abs(shifts), kind="stable")
    return replace(one, shifts=shifts[order], marks=every[order])


def _distance(steps: Sequence[Steps], choice: Choice) -> float:
    return math.hypot(*(shift / one.spread for one, shift in zip(steps, choice, strict=True)))


def _parts(task: _Task, choice: Choice, said: str) -> Iterator[WouldChange]:
    for move, shift in zip(task.moves, choice, strict=True):
        if shift:
            yield told_as(task.ratings, task.list, move, shift, said)


def least_text(found: LeastChange) -> str:
    """Write the least change as a sentence."""
    if not found.changes:
        return f"{found.list}: {found.why}"
    parts = "; ".join(in_words(part) for part in found.changes)
    sure = "" if found.exact else ", as far as was looked"
    return f"{found.list} would be {found.answer} if {parts} (the least change together{sure})"
