"""What does a design pay a school for the smallest acts, in points, levels and lists?

Each act is rated as if one school alone did it; no cost is assumed. To try another act: acts.py. To
say more of what it brings: one column in `_brings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.progress import track

from analysis.findings.acts import Trial, acts_of, carried_out
from analysis.findings.needed import level_steps
from analysis.findings.place import locate
from analysis.findings.threshold import unrounded
from analysis.findings.trials import Tried, each_alone
from analysis.problems import fail
from analysis.ratings.rate import Ratings
from analysis.rounding import settle
from analysis.values import ALL

ROWS: Final = 4096
"""How many rows of schools are rated at a time, so that memory stays small."""

STUDENTS: Final = 3
"""How many students over a line are tried at most, unless it is said."""


@dataclass(frozen=True)
class Incentives:
    """What each act brings at each school.

    `acts` has one row for each act that a school can do: `school`, `part`, `measure`, `group`,
    `act` and `size` (students; points where the act is a point), `n`, `value` and `becomes`; then
    what it brings: `index` (points, before the index is rounded), `level` (levels of the measure
    itself), `rating` (levels of the rating), `leaves` and `enters` (lists, joined by semicolons).
    What a design does not have is missing.
    """

    ratings: Ratings
    year: int
    students: int
    acts: pd.DataFrame


def incentives(
    ratings: Ratings,
    *,
    year: int | None = None,
    students: int = STUDENTS,
    school: str | None = None,
    progress: bool = False,
) -> Incentives:
    """Work out for each school, measure and group what the smallest acts bring.

    Args:
        ratings: the ratings of its panel.
        year: the last of the panel, unless it is said.
        students: how many students more over a line are tried at most.
        school: only this school; all of them without it.
        progress: show a bar on the terminal.

    Raises:
        ProblemsError: the panel has no such school or year, or no school can do any act.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> found = incentives(franklin, school="0102", students=1).acts
    >>> told = found[found["index"] > 0][["measure", "group", "act"]]
    >>> told.values.tolist()[0]
    ['ela', 'el', 'left out']
    """
    place = locate(ratings, school or str(ratings.panel.units["school"].iloc[0]), year=year)
    wanted = wanted_steps(ratings)
    below = {name for one in wanted for name in ratings.design.below(one)}
    measures = [name for name in ratings.design.measures if name in below]
    acts = acts_of(ratings, measures, students)
    trials, tables, waiting = [], [], 0
    for act in track(acts, "trying acts", disable=not progress, transient=True):
        for trial in carried_out(
            ratings, act, year=place.year, school=place.row if school else None
        ):
            trials.append(trial)
            waiting += len(trial.rows)
        if waiting > ROWS or act is acts[-1]:
            tables += _tried(ratings, trials, wanted, place.year)
            trials, waiting = [], 0
    if not tables:
        raise fail(ratings.design.name, f"no school of {ratings.panel.name} can do any act.")
    return Incentives(ratings, place.year, students, pd.concat(tables, ignore_index=True))


def wanted_steps(ratings: Ratings) -> list[str]:
    """Name the steps that an act may move: index, rating, lists, and the measures' own levels."""
    headline, levels = ratings.design.header.headline, level_steps(ratings).values()
    named = (headline.index, headline.rating, *ratings.design.lists, *levels)
    unknown = {*ratings.design.unknown, *ratings.design.measures}
    return [name for name in dict.fromkeys(named) if name is not None and name not in unknown]


def _tried(
    ratings: Ratings, trials: Sequence[Trial], wanted: Sequence[str], year: int
) -> list[pd.DataFrame]:
    """Rate some trials together, and tell what each brings in its rows."""
    if not trials:
        return []
    reported, rows = [trial.reported for trial in trials], [trial.rows for trial in trials]
    after = each_alone(ratings, reported, wanted, year=year, rows=rows)
    changes = _changes(_as_is(ratings, year), after, wanted)
    units = ratings.panel.units[["school", "part"]]
    return [
        units.iloc[trial.rows].assign(
            measure=trial.act.measure,
            group=trial.act.group,
            act=trial.act.kind,
            size=trial.act.size,
            n=trial.n[trial.rows],
            value=trial.value[trial.rows],
            becomes=trial.becomes[trial.rows],
            **_brings(changes, trial, i),
        )
        for i, trial in enumerate(trials)
    ]


def _as_is(ratings: Ratings, year: int) -> Tried:
    """Take the schools as they are for one copy of each."""
    size = len(ratings.panel.units)
    return Tried(ratings, year, np.arange(size), np.zeros(size, dtype=int), size)


@dataclass(frozen=True)
class _Changes:
    """How steps differ after each trial: (trial, row), read for the whole school of each row.

    `levels` names the step that gives each measure's own level.
    """

    index: np.ndarray | None
    rating: np.ndarray | None
    lists: Mapping[str, np.ndarray]
    levels: Mapping[str, str]
    before: Tried
    after: Tried


def _changes(before: Tried, after: Tried, wanted: Sequence[str]) -> _Changes:
    design, whole = before.ratings.design, before.ratings.panel.whole

    def change(name: str | None, *, exact: bool = False) -> np.ndarray | None:
        if name is None or name not in wanted:
            return None
        now, then = (_read(one, name, exact=exact)[:, whole] for one in (after, before))
        found: np.ndarray = settle(now - then)
        return found

    lists = {name: found for name in design.lists if (found := change(name)) is not None}
    levels = {m: step for m, step in level_steps(before.ratings).items() if step in wanted}
    index, rating = design.header.headline.index, design.header.headline.rating
    return _Changes(change(index, exact=True), change(rating), lists, levels, before, after)


def _read(one: Tried, name: str, *, exact: bool) -> np.ndarray:
    """Read a step for all students; `exact`: before it is rounded, if no other school matters."""
    free = exact and not one.ratings.design.steps[name].looks_across
    a = unrounded(one.ratings, name) if free else one.ratings[name].value
    return one.each(a, ALL)


def _brings(changes: _Changes, trial: Trial, i: int) -> dict[str, Any]:
    """Tell what a trial brings in its rows."""
    rows = trial.rows

    def of(found: np.ndarray | None) -> np.ndarray:
        return np.full(len(rows), np.nan) if found is None else found[i, rows]

    moved = {name: of(found) for name, found in changes.lists.items()}
    step, level = changes.levels.get(trial.act.measure), None
    if step is not None:
        one, other = changes.after, changes.before
        level = one.each(one.ratings[step].value, trial.act.group)
        level -= other.each(other.ratings[step].value, trial.act.group)
    return {
        "index": of(changes.index),
        "level": of(level),
        "rating": of(changes.rating),
        "leaves": _joined(moved, -1, len(rows)),
        "enters": _joined(moved, 1, len(rows)),
    }


def _joined(moved: Mapping[str, np.ndarray], way: int, count: int) -> list[str]:
    """Name the lists that each row leaves (-1) or enters (1)."""
    return [";".join(n for n, change in moved.items() if change[i] == way) for i in range(count)]
