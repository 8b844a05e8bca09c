"""Which smallest acts change what a school reports? One student more over a line, or one fewer.

What is counted moves as it does in truth: a student of a group is one of all students too. To add
an act: one function in `_ACTS` that gives the new count and n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from analysis.findings.moves import range_of
from analysis.ratings.rate import Ratings
from analysis.rounding import settle
from analysis.values import ALL, Values

Kind = Literal["over the line", "point", "left out", "moved out"]
KINDS: Final[Mapping[Kind, str]] = {
    "over the line": "one student more on the better side of a measure's line",
    "point": "one point of value, in the unit of the measure",
    "left out": "one student less counted in a measure, the one who lowers it",
    "moved out": "one student less in a group, in every measure, the one who lowers them",
}
"""What each act is. The first two need no n of a mean; those that count students do."""

EVERY_MEASURE: Final = "every measure"
HALF: Final = 0.5
"""What a count told by a rounded percentage may lie off."""


@dataclass(frozen=True)
class Act:
    """One act, tried at every school: what is done, to which measure and group, how many students.

    `size` is a number of students, or of points; below 0 it makes the value worse.
    """

    kind: Kind
    measure: str
    group: str
    size: int = 1


@dataclass(frozen=True)
class Trial:
    """An act carried out in some rows, one of each school that can do it.

    `reported` holds the measures that change; `value`, `n` and `becomes` have the axis school: what
    stood in the act's cell and its value afterwards (missing where there is none).
    """

    act: Act
    rows: np.ndarray
    reported: Mapping[str, Values]
    value: np.ndarray
    n: np.ndarray
    becomes: np.ndarray


def acts_of(ratings: Ratings, measures: Sequence[str], students: int) -> list[Act]:
    """Name every act that some school of a panel may do, by measure.

    Args:
        ratings: the ratings of the panel.
        measures: those that are looked at.
        students: how many students more over the line are tried at most, one by one.
    """
    groups = [g for g in ratings.panel.groups if g == ALL or g in ratings.design.header.groups]
    sizes = (-1, *range(1, students + 1))
    found = []
    for measure in measures:
        for group in groups:
            found += [Act("over the line", measure, group, size) for size in sizes]
            found += [Act("point", measure, group), Act("left out", measure, group)]
    return found + [Act("moved out", EVERY_MEASURE, g) for g in groups if g != ALL]


def carried_out(
    ratings: Ratings, act: Act, *, year: int, school: int | None = None
) -> Iterator[Trial]:
    """Carry out an act in every row that can do it; the parts of a school one after the other.

    Args:
        ratings: the ratings of the panel.
        act: what is done.
        year: the year in which it is done.
        school: the row of one whole school that does it; every school without it.
    """
    every = act.measure == EVERY_MEASURE
    names = list(ratings.design.measures) if every else [act.measure]
    changes = {name: found for name in names if (found := _change(ratings, act, name, year))}
    if not changes:
        return
    whole = ratings.panel.whole
    possible = np.logical_or.reduce([one.possible for one in changes.values()])
    possible &= True if school is None else whole == school
    for rows in _turns(whole, possible):
        reported = {
            name: _reported(ratings[name], one, rows, _place(ratings, act.group, year))
            for name, one in changes.items()
        }
        first = next(iter(changes.values()))
        gone = np.full(len(possible), np.nan)
        told = (gone,) * 3 if every else (first.value, first.n, first.becomes)
        yield Trial(act, rows, reported, *told)


@dataclass(frozen=True)
class _Change:
    """What becomes of a measure in the act's group, row by row; `everyone` is the same of all."""

    possible: np.ndarray
    value: np.ndarray
    n: np.ndarray
    becomes: np.ndarray
    count: np.ndarray
    students: np.ndarray
    everyone: _Change | None = None


Counts = tuple[np.ndarray, np.ndarray]
"""The students whom a percentage counts, and n."""


def _more(count: Counts, way: int, size: int) -> Counts:
    k, n = count
    moved = k + way * size
    beyond = (moved > n + HALF) | (moved < -HALF)
    return np.where(beyond, np.nan, np.clip(moved, 0, n)), n


def _fewer(count: Counts, way: int, size: int) -> Counts:
    k, n = count
    left = np.where(n > size, n - size, np.nan)
    return (np.minimum(k, left) if way > 0 else np.maximum(k - size, 0)), left


_ACTS: Final[Mapping[Kind, Callable[[Counts, int, int], Counts]]] = {
    "over the line": _more,
    "left out": _fewer,
    "moved out": _fewer,
}


def _change(ratings: Ratings, act: Act, name: str, year: int) -> _Change | None:
    """Say what an act makes of one measure; nothing where no school can do it."""
    if ratings[name].n is None and act.kind != "point":
        return None
    found = _in_group(ratings, act, name, year, act.group)
    if not found.possible.any():
        return None
    if act.group != ALL and act.kind in ("over the line", "left out"):
        return replace(found, everyone=_in_group(ratings, act, name, year, ALL))
    return found


def _in_group(ratings: Ratings, act: Act, name: str, year: int, group: str) -> _Change:
    values, place = ratings[name], _place(ratings, group, year)
    value = values.value.values[place]
    unknown = np.full(len(value), np.nan)
    n = unknown if values.n is None else values.n.values[place]
    percent = ratings.design.measures[name].unit == "percent"
    k = unknown if values.numerator is None else values.numerator.values[place]
    k = np.where(np.isnan(k) & percent, value * n / 100, k)
    way = -1 if ratings.design.measures[name].better == "low" else 1
    if act.kind == "point":
        low, high, _ = range_of(ratings, name)
        becomes = settle(np.clip(value + way * act.size, low, high))
        count, students = k + (becomes - value) * n / 100, n
    else:
        count, students = _ACTS[act.kind]((k, n), way, act.size)
        same = (count == k) & (students == n)
        becomes = np.where(same, value, settle(100 * count / np.maximum(students, 1)))
        if not percent:  # who leaves a mean is taken as the mean
            can = act.kind != "over the line"
            becomes = np.where(can & (students > 0), value, np.nan)
    possible = ~np.isnan(value) & ~np.isnan(becomes) & ((becomes != value) | (students != n))
    return _Change(possible, value, n, becomes, count, students)


def _place(ratings: Ratings, group: str, year: int) -> tuple[slice, int, int]:
    return slice(None), ratings.panel.years.index(year), ratings.cells.groups.index(group)


def _turns(whole: np.ndarray, possible: np.ndarray) -> Iterator[np.ndarray]:
    """Split rows so that of each school one is tried at a time."""
    rows = np.flatnonzero(possible)
    left = rows
    while len(left):
        first = np.unique(whole[left], return_index=True)[1]
        yield left[np.sort(first)]
        left = np.delete(left, first)


def _reported(
    values: Values, change: _Change, rows: np.ndarray, place: tuple[slice, int, int]
) -> Values:
    rows = rows[change.possible[rows]]
    put = {"value": change.becomes, "n": change.students, "numerator": change.count}
    fresh = {}
    for word, new in put.items():
        old = getattr(values, word)
        if old is not None:
            fresh[word] = old.copy(deep=True)
            fresh[word].values[rows, place[1], place[2]] = new[rows]
    done = replace(values, **fresh)
    if change.everyone is None:
        return done
    return _reported(done, change.everyone, rows, (place[0], place[1], _all_at(values)))


def _all_at(values: Values) -> int:
    return list(values.value["group"].values).index(ALL)
