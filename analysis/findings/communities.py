"""Which schools share a problem? Communities of practice of two to four, each around one cell.

To weigh something else: a term of `_near`, its weight in `Circle`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Final

import numpy as np
import pandas as pd

from analysis.findings.grouping import MOST_SCHOOLS, Grouped, Groups, group, subset_rank, subsets
from analysis.findings.standing import Standing, kilometres, student_distance
from analysis.problems import fail
from analysis.values import ALL

TOGETHER: Final = ""
"""The one district of facilitators who lead communities anywhere."""


@dataclass(frozen=True)
class Circle:
    """What makes a good community.

    `problem` weighs how low the schools are where all are low (in standard deviations among schools
    of their level), `students` and `kilometres` how far a school is from the others (in standard
    deviations over all pairs). Communities have `smallest` to `largest` schools. `furthest` bounds
    the kilometres between any two, `must_share` asks for a cell in which all are low.
    """

    problem: float = 1.0
    students: float = 0.5
    kilometres: float = 0.5
    smallest: int = 2
    largest: int = 4
    furthest: float | None = None
    must_share: bool = True


@dataclass(frozen=True)
class Communities:
    """The communities, and how they compare with chance.

    `members` has a row for each school: community, lead (the district that leads it), problem,
    school, name, district, depth (standard deviations below the mean in that cell). `unplaced` has
    school, name, reason. `summary` has a row for each figure of communities: what, found, chance
    (the exact mean over all ways to put the schools into communities of these sizes by lot).
    """

    status: str
    gap: float
    members: pd.DataFrame
    unplaced: pd.DataFrame
    summary: pd.DataFrame


@dataclass(frozen=True)
class _Ground:
    """The schools that look for a community: what lies between them, and what each is low on."""

    found: Standing
    circle: Circle
    rows: np.ndarray

    @cached_property
    def away(self) -> Mapping[str, np.ndarray]:
        pairs = np.ix_(self.rows, self.rows)
        return {
            "students": student_distance(self.found)[pairs],
            "kilometres": kilometres(self.found)[pairs],
        }

    @cached_property
    def depth(self) -> np.ndarray:
        """How low each school is, over school and cell; missing where it is not low."""
        low = self.found.low[self.rows]
        return np.where(low, np.maximum(-self.found.apart[self.rows], 0.0), np.nan)


def communities(
    found: Standing,
    circle: Circle | None = None,
    *,
    capacity: Mapping[str, int] | int | None = None,
) -> Communities:
    """Put the schools of a list into communities around problems that they share.

    Args:
        found: schools as they stand; those named look for a community.
        circle: what makes a good community.
        capacity: communities that facilitators lead at most: of each district (its people lead
            communities with a school of theirs), or of all together. No limit without it.

    Raises:
        ProblemsError: fewer than two schools, more than can be handled, or an odd circle.
    """
    circle = circle or Circle()
    rows = np.flatnonzero(found.schools["named"].to_numpy(dtype=bool))
    if not 1 < len(rows) <= MOST_SCHOOLS:
        text = f"take 2 to {MOST_SCHOOLS} schools at once, and the list names {len(rows)}."
        raise fail("communities", f"{text} Keep to one level or one district.")
    if not 2 <= circle.smallest <= circle.largest <= 4:  # noqa: PLR2004 (groups are listed)
        raise fail("communities", "have two to four schools.")
    ground = _Ground(found, circle, rows)
    sizes = range(circle.smallest, min(circle.largest, len(rows)) + 1)
    shared = {size: _shared(ground.depth, size) for size in sizes}
    candidates = [_candidates(ground, shared[size], size) for size in sizes]
    lead = found.schools["district"].to_numpy()[rows]
    if isinstance(capacity, int):
        lead, capacity = np.full(len(rows), TOGETHER), {TOGETHER: capacity}
    got = group(len(rows), candidates, lead=lead, capacity=capacity)
    members = _members(ground, got)
    return Communities(
        got.status,
        got.gap,
        members,
        _unplaced(ground, got, candidates),
        _summary(ground, got, shared),
    )


def _shared(depth: np.ndarray, size: int) -> np.ndarray:
    """Give, for each set of schools, the depth of the cell in which all are lowest together.

    The depths of its schools are added; missing where there is no cell in which all are low.
    """
    best = np.full(comb(len(depth), size), np.nan)
    for cell in depth.T:
        low = np.flatnonzero(~np.isnan(cell))
        if len(low) >= size:
            places = subsets(len(low), size)
            at = subset_rank(low[places])
            best[at] = np.fmax(best[at], cell[low][places].sum(axis=1))
    return best


def _candidates(ground: _Ground, shared: np.ndarray, size: int) -> Groups:
    circle, members = ground.circle, subsets(len(ground.rows), size)
    cost = -circle.problem * np.nan_to_num(shared)
    for name, between in ground.away.items():
        weight = getattr(circle, name)
        if not weight:
            continue
        if np.isnan(between).all():
            raise fail("communities", f"weigh {name}, which the panel cannot tell.")
        scale = float(np.nanstd(between[np.triu_indices(len(between), 1)])) or 1.0
        cost = cost + weight * _to_others(np.nan_to_num(between) / scale, members)
    fits = ~np.isnan(shared) if circle.must_share else np.ones(len(members), dtype=bool)
    if circle.furthest is not None:
        fits &= _widest(ground.away["kilometres"], members) <= circle.furthest
    return Groups(members[fits], cost[fits])


def _pairs(members: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    places = members.T
    return [(places[i], places[j]) for j in range(len(places)) for i in range(j)]


def _to_others(between: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Add up each school's mean distance to the others of its set."""
    total: np.ndarray = np.sum([between[pair] for pair in _pairs(members)], axis=0)
    mean: np.ndarray = total * 2 / (members.shape[1] - 1)
    return mean


def _widest(between: np.ndarray, members: np.ndarray) -> np.ndarray:
    widest: np.ndarray = np.max([between[pair] for pair in _pairs(members)], axis=0)
    return widest


def _problem(ground: _Ground, group_of: tuple[int, ...]) -> int | None:
    """Give the cell in which all of a set are lowest together; none where there is no such cell."""
    together = ground.depth[list(group_of)].sum(axis=0)
    return None if np.isnan(together).all() else int(np.nanargmax(together))


def _members(ground: _Ground, got: Grouped) -> pd.DataFrame:
    schools = ground.found.schools.iloc[ground.rows]
    rows = []
    for number, (some, lead) in enumerate(zip(got.groups, got.leads, strict=True), start=1):
        cell = _problem(ground, some)
        words = "none shared"
        if cell is not None:
            measure, of = ground.found.cells[cell]
            words = measure if of == ALL else f"{measure} of {of}"
        for place in some:
            one = schools.iloc[place]
            depth = np.nan if cell is None else ground.depth[place, cell]
            rows.append((number, lead, words, one["school"], one["name"], one["district"], depth))
    names = ["community", "lead", "problem", "school", "name", "district", "depth"]
    return pd.DataFrame(rows, columns=names)


def _unplaced(ground: _Ground, got: Grouped, candidates: list[Groups]) -> pd.DataFrame:
    schools = ground.found.schools.iloc[ground.rows]
    rows = []
    for place in got.alone:
        open_to = any((one.members == place).any() for one in candidates)
        reason = "no school shares a problem with it within the limits"
        if open_to:
            reason = "no facilitator is left, or its possible companions are in other communities"
        rows.append((schools["school"].iloc[place], schools["name"].iloc[place], reason))
    return pd.DataFrame(rows, columns=["school", "name", "reason"])


def _summary(ground: _Ground, got: Grouped, shared: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """Hold what was found to chance: over all sets of each size, weighted by schools in them."""
    sizes = pd.Series([len(some) for some in got.groups]).value_counts()
    places = {size: np.array([s for s in got.groups if len(s) == size]) for size in sizes.index}
    rows = []
    for what, figure in _figures(ground, shared).items():
        found = by_chance = 0.0
        for size, some in places.items():
            values = figure(int(size))
            found += size * float(values[subset_rank(some)].sum())
            by_chance += size * len(some) * float(values.mean())
        count = max(sum(size * len(some) for size, some in places.items()), 1)
        rows.append((what, found / count, by_chance / count))
    return pd.DataFrame(rows, columns=["what", "found", "chance"])


def _figures(
    ground: _Ground, shared: Mapping[int, np.ndarray]
) -> dict[str, Callable[[int], np.ndarray]]:
    """Give figures of every set of a size, by words."""

    def mean(name: str) -> Callable[[int], np.ndarray]:
        between = np.nan_to_num(ground.away[name])
        return lambda size: _to_others(between, subsets(len(ground.rows), size)) / size

    figures = {
        "share a problem (share of schools)": lambda size: (~np.isnan(shared[size])).astype(float),
        "how low in it (standard deviations)": lambda size: np.nan_to_num(shared[size]) / size,
        "distance of students to the others": mean("students"),
    }
    if not np.isnan(ground.away["kilometres"]).all():
        figures["kilometres to the others"] = mean("kilometres")
    return figures
