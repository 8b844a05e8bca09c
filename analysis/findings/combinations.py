"""Which combination of steps, one of each measure at most, reaches a goal at the least cost?

Nothing here knows of schools: a measure is its shifts, what each costs, and what each does. To
solve for another goal: one function beside `cheapest`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize

from analysis.findings.moves import SHORT

SAME: Final = 1e-9
"""What a shift does is the same as before, when it differs by no more than this."""

NARROW: Final = 1.5 * SHORT
"""Between two shifts so near nothing else is looked for."""

Choice = tuple[float, ...]
"""The shift of each measure; 0: it does not move."""


@dataclass(frozen=True)
class Steps:
    """The shifts of one measure to one side, in its unit; the first is 0.

    `spread` is the unit of cost: a shift costs its square in spreads. `marks` says what each
    shift does: the score it adds, or a number that differs where any result does. `whole` says that
    there is nothing between the shifts.
    """

    spread: float
    shifts: np.ndarray
    marks: np.ndarray
    whole: bool = False

    @property
    def costs(self) -> np.ndarray:
        """What each shift costs."""
        return np.asarray((self.shifts / self.spread) ** 2)

    @property
    def starts(self) -> np.ndarray:
        """The places where something changes; never the first."""
        return 1 + np.flatnonzero(np.abs(np.diff(self.marks)) > SAME)

    @property
    def wide(self) -> np.ndarray:
        """The places where something changes somewhere on the way from the shift before."""
        if self.whole:
            return np.array([], dtype=int)
        gaps = np.abs(np.diff(self.shifts, prepend=0.0))
        return np.array([j for j in self.starts if gaps[j] > NARROW], dtype=int)

    @property
    def gains(self) -> Iterator[int]:
        """The places at which more is added than at any smaller shift."""
        most = 0.0
        for j in self.starts:
            if self.marks[j] > most + SAME:
                most = float(self.marks[j])
                yield int(j)


def cheapest(every: Sequence[Steps], gap: float, denied: Sequence[Choice]) -> Choice | None:
    """Choose at most one step of each measure so that their marks add up to a gap.

    A mixed integer program: a step is taken or not. A choice that was denied is cut off, with all
    that go nowhere further than it.

    Returns:
        The cheapest choice; nothing where none reaches the gap.

    >>> shifts, marks = np.array([0.0, 3.0, 4.0]), np.array([0.0, 2.0, 5.0])
    >>> every = [Steps(spread, shifts, marks) for spread in (1.0, 2.0)]  # costs 9, 16; 2.25, 4
    >>> cheapest(every, 5.0, []), cheapest(every, 5.0, [(0.0, 4.0)])
    ((0.0, 4.0), (3.0, 4.0))
    """
    steps = [(i, j) for i, one in enumerate(every) for j in one.gains]
    if not steps:
        return None
    costs = np.array([every[i].costs[j] for i, j in steps])
    of_each = np.array([[float(i == k) for i, _ in steps] for k in range(len(every))])
    adds = np.array([[every[i].marks[j] for i, j in steps]])
    more = [[float(abs(every[i].shifts[j]) > abs(no[i])) for i, j in steps] for no in denied]
    found = optimize.milp(
        costs / costs.max(),
        integrality=np.ones(len(steps), dtype=int),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(of_each, -np.inf, 1.0),
            optimize.LinearConstraint(adds, gap - SHORT / 10, np.inf),
            *([optimize.LinearConstraint(np.array(more), 1.0, np.inf)] if more else []),
        ],
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        return None
    taken = [step for step, x in zip(steps, found.x, strict=True) if round(x) == 1]
    chosen = {i: float(every[i].shifts[j]) for i, j in taken}
    return tuple(chosen.get(i, 0.0) for i in range(len(every)))


def in_order(every: Sequence[Steps]) -> Iterator[Choice]:
    """Give every combination of steps at which something changes, the cheapest first, each once.

    >>> one = Steps(1.0, np.array([0.0, 3.0, 4.0]), np.array([0.0, 2.0, 5.0]))
    >>> list(in_order([one, one]))[:4]
    [(0.0, 0.0), (0.0, 3.0), (3.0, 0.0), (0.0, 4.0)]
    """
    places = [np.append(0, one.starts) for one in every]
    costs = [one.costs[at] for one, at in zip(every, places, strict=True)]
    heap = [(0.0, (0,) * len(every), 0)]
    while heap:
        cost, at, last = heapq.heappop(heap)
        chosen = zip(every, places, at, strict=True)
        yield tuple(float(one.shifts[place[j]]) for one, place, j in chosen)
        for i in range(last, len(at)):
            if at[i] + 1 < len(costs[i]):
                more = cost + costs[i][at[i] + 1] - costs[i][at[i]]
                heapq.heappush(heap, (more, (*at[:i], at[i] + 1, *at[i + 1 :]), i))


def gaps_near(one: Steps, shift: float) -> list[np.ndarray]:
    """Give both ends of each gap beside a shift in which something changes somewhere."""
    wide = one.wide
    ends = [np.abs(one.shifts[at] - shift) for at in (wide - 1, wide)]
    return [one.shifts[j - 1 : j + 1] for j in wide[np.minimum(*ends) <= 3 * SHORT + SAME]]
