"""What became of the list in one cell of an experiment? A small closed set of figures.

To add an outcome: one function here that takes `Seen` and gives a number for each draw, and its
name in `OUTCOMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from analysis.problems import did_you_mean, listed

STUDENTS: Final = "students."
NAMED: Final = "named"
"""Asks for a table of the schools that every cell names."""

BEFORE: Final = "returned"
DRAWN: Final = "again"


@dataclass(frozen=True)
class Seen:
    """Who is named in one cell.

    `named` is over draw and school (one draw where nothing is drawn), `before` says who was named
    the year before (over draw and school, or nothing). Over school: `own` is the cell's list on the
    figures as published, `filed` the list of the design as filed, `judged` says whom that list
    could judge. `students` has, for each group asked for, the number of students by school.
    """

    named: np.ndarray
    own: np.ndarray
    filed: np.ndarray
    judged: np.ndarray
    before: np.ndarray | None = None
    students: Mapping[str, np.ndarray] = field(default_factory=dict)


def check_outcome(said: str) -> str:
    """Take the name of an outcome.

    Raises:
        ValueError: there is none of this name.

    >>> check_outcome("students.el")
    'students.el'
    """
    known = [*OUTCOMES, NAMED, f"{STUDENTS}GROUP"]
    group = said.removeprefix(STUDENTS)
    if said not in known[:-1] and (group in (said, "", "GROUP")):
        near = did_you_mean(said, known)
        text = f"must be one of {listed(known, most=20)}, but it says {said}.{near}"
        raise ValueError(text)
    return said


def outcome(name: str, seen: Seen) -> np.ndarray:
    """Give one outcome of a cell for each draw; missing where nobody is there to be counted.

    >>> one = np.array([True, False, True])
    >>> seen = Seen(one[None], own=one, filed=~one, judged=np.array([True, True, True]))
    >>> outcome("entered", seen).tolist(), outcome("left", seen).tolist()
    ([2.0], [1.0])
    """
    if name.startswith(STUDENTS):
        return _students(seen, name.removeprefix(STUDENTS))
    return OUTCOMES[name](seen)


def _count(seen: Seen) -> np.ndarray:
    return _number(seen.named)


def _entered(seen: Seen) -> np.ndarray:
    return _number(seen.named & ~seen.filed)


def _left(seen: Seen) -> np.ndarray:
    return _number(~seen.named & seen.filed)


def _kept(seen: Seen) -> np.ndarray:
    return _ratio((seen.named & seen.filed).sum(axis=1), seen.filed.sum())


def _jaccard(seen: Seen) -> np.ndarray:
    both, either = seen.named & seen.filed, seen.named | seen.filed
    return _ratio(both.sum(axis=1), either.sum(axis=1))


def _kappa(seen: Seen) -> np.ndarray:
    """Give agreement beyond chance, among the schools that the list as filed can judge."""
    named, filed = seen.named[:, seen.judged], seen.filed[seen.judged]
    agree = (named == filed).mean(axis=1)
    a, b = named.mean(axis=1), filed.mean()
    chance = a * b + (1 - a) * (1 - b)
    return _ratio(agree - chance, 1 - chance)


def _returned(seen: Seen) -> np.ndarray:
    assert seen.before is not None  # noqa: S101 (it is looked at where this outcome is asked for)
    return _ratio((seen.named & seen.before).sum(axis=1), seen.before.sum(axis=1))


def _again(seen: Seen) -> np.ndarray:
    return _ratio((seen.named & seen.own).sum(axis=1), seen.own.sum())


def _students(seen: Seen, group: str) -> np.ndarray:
    count = np.nan_to_num(seen.students[group])
    return _ratio(seen.named @ count, count.sum())


def _number(marks: np.ndarray) -> np.ndarray:
    found: np.ndarray = marks.sum(axis=1).astype(float)
    return found


def _ratio(part: np.ndarray, whole: np.ndarray | float) -> np.ndarray:
    below = np.broadcast_to(np.asarray(whole, dtype=float), np.shape(part))
    found: np.ndarray = np.asarray(part, dtype=float) / np.where(below > 0, below, np.nan)
    return found


OUTCOMES: Final[Mapping[str, Callable[[Seen], np.ndarray]]] = {
    "count": _count,
    "entered": _entered,
    "left": _left,
    "kept": _kept,
    "jaccard": _jaccard,
    "kappa": _kappa,
    BEFORE: _returned,
    DRAWN: _again,
}
"""`count` schools named; `entered`, `left` schools against the list as filed; `kept` the share of
that list still named; `jaccard` both over either; `kappa` agreement beyond chance; `returned` the
share of those named the year before; `again` the share of the cell's own published list that a draw
names. `students.GROUP` is the share of a group's students who are in named schools."""
