"""What single change of one measure would put a school on a list, or take it off?

One value alone, or one measure for every group alike. What is found is put into the panel and rated
anew, so that the lines move with the school. To say more of a change: a field of `WouldChange`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.designs.rules import Named
from analysis.findings.luck import Luck, luck
from analysis.findings.moves import (
    EVERY,
    SHORT,
    Move,
    moves_of,
    shifts_of,
    wide_moves,
)
from analysis.findings.place import Place, locate
from analysis.findings.searching import AT_ONCE, first_shifts
from analysis.findings.sentences import ANSWERS, answer
from analysis.findings.trials import Changes, restricted, tried, with_changes
from analysis.ratings.rate import Ratings, rate
from analysis.values import ALL


@dataclass(frozen=True)
class WouldChange:
    """One shift that would change the answer of a list, in the unit of the measure.

    `now` and `instead` are the value of `group`, or of all students where every group shifts alike.
    `spreads` is the shift in standard deviations of the measure over the list's pool; `smallest`
    marks the smallest such shift of a list. `luck` says what it is in students, and against chance.
    """

    list: str
    measure: str
    part: str
    group: str
    now: float
    instead: float
    answer: str
    spreads: float
    luck: Luck
    smallest: bool = False


def what_would_change(
    ratings: Ratings, school: str, *lists: str, year: int | None = None, each_group: bool = True
) -> tuple[WouldChange, ...]:
    """Find the smallest shift of each measure that changes whether a list names a school.

    Each value is tried alone, and each measure with all its groups shifted alike. A shift is looked
    for where the end of the measure's range gives another answer. So "nothing found" says that no
    measure alone can change it, or that it could only on its way to the end.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        lists: the lists of the design that are asked.
        year: the last of the panel, unless it is said.
        each_group: whether the value of each group is tried alone too.

    Returns:
        For each list one entry for each measure, part and group that can change it alone, the
        smallest shift first, in standard deviations of the measure over the list's pool; then
        those that shift every group alike.

    Raises:
        ProblemsError: the panel has no such school or year.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> growth = what_would_change(franklin, "0101", "lowest")[0]
    >>> growth.measure, growth.now, growth.instead, growth.answer
    ('growth', 42.0, 60.0, 'not met')
    """
    place = locate(ratings, school, year=year)
    below = {name for one in lists for name in ratings.design.below(one)}
    measures = [name for name in ratings.design.measures if name in below]
    moves = (moves_of if each_group else wide_moves)(ratings, place, measures)
    ends = [(move, end) for move in moves for end in move.ends if end]
    after = answers(ratings, place, lists, [move.to(end) for move, end in ends])
    open_ = [
        _Search(name, move, end)
        for name in lists
        for (move, end), said in zip(ends, after[name], strict=True)
        if _other(said, answer(ratings, name, place))
    ]
    rated = list(_rated(ratings, place, open_, _first(ratings, place, open_)))
    found = [one for one in rated if _other(one.answer, answer(ratings, one.list, place))]
    return tuple(one for name in lists for one in _ranked([x for x in found if x.list == name]))


@dataclass(frozen=True)
class _Search:
    """A list whose answer changes when a move goes to one end."""

    list: str
    move: Move
    end: float


def _other(said: str, before: str) -> bool:
    return said not in (before, "unknown")


def _ranked(found: Sequence[WouldChange]) -> Sequence[WouldChange]:
    ranked = sorted(_plain(found), key=lambda one: (one.group == EVERY, one.spreads))
    least = min((one.spreads for one in ranked), default=0.0)
    return [replace(one, smallest=one.spreads == least) for one in ranked]


def _plain(found: Sequence[WouldChange]) -> list[WouldChange]:
    """Leave out a shift of every group where that of one of them does as much."""
    alone: dict[tuple[str, str], float] = {}
    for one in found:
        if one.group != EVERY:
            key = (one.measure, one.part)
            alone[key] = min(one.spreads, alone.get(key, np.inf))
    least = {key: spreads - SHORT for key, spreads in alone.items()}
    return [
        one
        for one in found
        if one.group != EVERY or one.spreads < least.get((one.measure, one.part), np.inf)
    ]


def _first(ratings: Ratings, place: Place, open_: Sequence[_Search]) -> list[float]:
    """Find the smallest shift towards each end that changes the answer."""
    lists = tuple(dict.fromkeys(one.list for one in open_))
    shifts = shifts_of(ratings, dict.fromkeys(one.move for one in open_))
    sides = [
        shifts[one.move][shifts[one.move] > 0]
        if one.end > 0
        else shifts[one.move][shifts[one.move] < 0][::-1]
        for one in open_
    ]

    def reached(asked: Sequence[np.ndarray]) -> list[np.ndarray]:
        points = {(one.move, x): 0 for one, xs in zip(open_, asked, strict=True) for x in xs}
        said = answers(ratings, place, lists, [move.to(x) for move, x in points])
        at = {point: i for i, point in enumerate(points)}
        return [
            np.array([_other(said[one.list][at[one.move, x]], before[one.list]) for x in xs], bool)
            for one, xs in zip(open_, asked, strict=True)
        ]

    before = {name: answer(ratings, name, place) for name in lists}
    whole = [one.move.whole for one in open_]
    return first_shifts(sides, reached, whole=whole, at_once=AT_ONCE) if open_ else []


def answers(
    ratings: Ratings, place: Place, lists: Sequence[str], changes: Sequence[Changes]
) -> dict[str, list[str]]:
    """Say for each list and set of changes if it names the school: met, not met, unknown."""
    if not changes:
        return {name: [] for name in lists}
    found = tried(ratings, place, changes, lists)
    codes = {name: found.of(found.ratings[name].value, place) for name in lists}
    return {name: [ANSWERS.get(float(x), "unknown") for x in codes[name]] for name in lists}


def _rated(
    ratings: Ratings, place: Place, open_: Sequence[_Search], shifts: Sequence[float]
) -> Iterator[WouldChange]:
    """Put each shift into the panel and rate it, lines and all."""
    design = restricted(ratings.design, sorted({one.list for one in open_}))
    known: dict[tuple[Move, float], Ratings] = {}
    for one, shift in zip(open_, shifts, strict=True):
        if (one.move, shift) not in known:
            panel = with_changes(ratings.panel, one.move.to(shift), place.year)
            known[one.move, shift] = rate(design, panel, earlier=ratings)
        after = answer(known[one.move, shift], one.list, place)
        yield told_as(ratings, one.list, one.move, shift, after)


def told_as(ratings: Ratings, list_name: str, move: Move, shift: float, after: str) -> WouldChange:
    """Tell a shift by the value of all students, or of its group, with the answer given."""
    cell, now, year = move.cells[move.main], move.now[move.main], move.year
    instead = move.to(shift)[cell]
    return WouldChange(
        list_name,
        move.measure,
        move.part,
        move.group,
        now,
        instead,
        after,
        abs(shift) / spread_in_pool(ratings, list_name, move),
        luck(ratings, move.measure, Place(cell.row, year, cell.group), instead),
    )


def spread_in_pool(ratings: Ratings, list_name: str, move: Move) -> float:
    """Give the standard deviation of a measure over the schools of a list's pool, all students.

    Parts of schools count as they are measured. Where nothing varies it is 1.
    """
    rule = ratings.design.steps[list_name]
    inside = ratings.cells.is_whole
    for ref in (rule.among or ()) if isinstance(rule, Named) else ():
        inside = inside & (ratings[ref.of].value == 1)
    inside = inside.sel(year=move.year) if "year" in inside.dims else inside
    value = ratings[move.measure].value.sel(group=ALL, year=move.year).values
    known = value[inside.values[ratings.panel.whole]]
    known = known[~np.isnan(known)]
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return spread or 1.0


def in_words(one: WouldChange) -> str:
    """Write a change without its list: the measure, the value needed, and the students.

    A value that must pass a cut point is told by the cut point.
    """
    group = "" if one.group == ALL else f" of {one.group}"
    part = f" ({one.part})" if one.part else ""
    found = one.luck.students
    students = "" if found is None else f" ({found:,} student{'s' if found != 1 else ''})"
    near = round(one.instead, 3)
    side = "" if abs(one.instead - near) < SHORT / 10 else "just above "
    side = "just below " if side and one.instead < near else side
    told = f"{side}{near:g}" if abs(one.instead - near) < 2 * SHORT else f"{one.instead:.4g}"
    return f"{one.measure}{group}{part} were {told} instead of {one.now:g}{students}"


def changes_text(found: Sequence[WouldChange]) -> str:
    """Write single changes as text, a line for each."""
    lines = []
    for one in found:
        mark = ", the smallest of these" if one.smallest else ""
        lines.append(f"{one.list} would be {one.answer} if {in_words(one)}{mark}")
    return "\n".join(lines)
