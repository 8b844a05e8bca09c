"""Who goes with whom at the least cost? Exact assignment, or what nobody would rather leave.

Most seekers get a partner first, then the sum of their costs is as small as can be. To add a side
constraint: an arc or a node in `_flow`, as long as it nests (a partner lies in one district).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy.optimize import linear_sum_assignment

from analysis.problems import fail

ALONE: Final = -1
"""In place of a partner: there is none."""

FINE: Final = 1_000_000
"""Costs are whole numbers in the flow: the widest range of costs in so many parts."""


@dataclass(frozen=True)
class Assigned:
    """Whom each seeker gets (a place among partners, or `ALONE`), and how it was found.

    `status` is `optimal`, or `stable` for choices. `gap` bounds how far the sum of costs may lie
    above the least, in the unit of the costs.
    """

    partner: np.ndarray
    status: str
    gap: float = 0.0


def assign(
    cost: np.ndarray,
    allowed: np.ndarray,
    *,
    capacity: int = 1,
    district: Sequence[str] | None = None,
    most: int | None = None,
) -> Assigned:
    """Give as many seekers as possible a partner, at the least sum of costs.

    Args:
        cost: over seeker and partner.
        allowed: true where the two may be paired, over the same.
        capacity: seekers that one partner takes.
        district: of each partner.
        most: seekers that the partners of one district take together; no limit without it.

    Raises:
        ProblemsError: the solver gives up.

    Source: the assignment problem (SciPy's `linear_sum_assignment`); with a limit for districts,
    minimum cost flow (OR-tools), whose solutions are whole because districts nest.

    >>> cost, free = np.array([[1.0, 5.0], [2.0, 9.0]]), np.ones((2, 2), dtype=bool)
    >>> assign(cost, free).partner.tolist()
    [1, 0]
    >>> assign(cost, free, district=["A", "A"], most=1).partner.tolist()
    [0, -1]
    """
    if not allowed.any():
        return Assigned(np.full(len(cost), ALONE), "optimal")
    if most is not None and district is not None:
        return _flow(cost, allowed, capacity, district, most)
    worst = cost[allowed].max() - cost[allowed].min() + 1.0
    # each seeker has a place of its own in which it stays alone, dearer than all pairs together
    dear = cost[allowed].max() + (len(cost) + 1) * worst
    wide = np.repeat(np.where(allowed, cost, 2 * dear), capacity, axis=1)
    alone = np.where(np.eye(len(cost), dtype=bool), dear, 2 * dear)
    _, places = linear_sum_assignment(np.hstack([wide, alone]))
    partner = np.where(places < wide.shape[1], places // capacity, ALONE)
    return Assigned(partner, "optimal")


def _flow(
    cost: np.ndarray, allowed: np.ndarray, capacity: int, district: Sequence[str], most: int
) -> Assigned:
    """Send one unit from each seeker over a partner and its district to the sink."""
    seekers, partners = cost.shape
    names, where = np.unique(np.asarray(district, dtype=str), return_inverse=True)
    low, part = cost[allowed].min(), max(np.ptp(cost[allowed]) / FINE, 1e-12)
    whole = np.rint((cost - low) / part).astype(np.int64)
    source, sink = seekers + partners + len(names), seekers + partners + len(names) + 1
    one, other = np.nonzero(allowed)
    every, all_partners = np.arange(seekers), seekers + np.arange(partners)
    homes = seekers + partners + np.arange(len(names))
    dear = (seekers + 1) * (FINE + 1)
    arcs = [  # tails, heads, capacity, cost
        (np.full(seekers, source), every, 1, 0),
        (one, seekers + other, 1, whole[one, other]),
        (every, np.full(seekers, sink), 1, dear),
        (all_partners, seekers + partners + where, capacity, 0),
        (homes, np.full(len(names), sink), most, 0),
    ]
    solver = SimpleMinCostFlow()
    taken = []
    for tails, heads, limit, price in arcs:
        full = [np.broadcast_to(np.asarray(x, dtype=np.int64), tails.shape) for x in (limit, price)]
        taken.append(
            solver.add_arcs_with_capacity_and_unit_cost(
                tails.astype(np.int32), heads.astype(np.int32), *map(np.ascontiguousarray, full)
            )
        )
    solver.set_nodes_supplies(np.array([source, sink], np.int32), np.array([seekers, -seekers]))
    if solver.solve() != solver.OPTIMAL:
        raise fail("partners", "have no least cost: the solver gave up on these numbers.")
    used = solver.flows(taken[1]) > 0
    partner = np.full(seekers, ALONE)
    partner[one[used]] = other[used]
    return Assigned(partner, "optimal", gap=float(seekers * part))


def stable(
    theirs: np.ndarray, ours: np.ndarray, allowed: np.ndarray, *, capacity: int = 1
) -> Assigned:
    """Pair seekers and partners so that no two would both rather have each other.

    Of all such pairings each seeker gets the partner it likes best.

    Args:
        theirs: over seeker and partner: what the seeker thinks of the partner; less is better.
        ours: over seeker and partner: what the partner thinks of the seeker; less is better.
        allowed: true where each takes the other at all.
        capacity: seekers that one partner takes.

    Source: deferred acceptance (Gale and Shapley 1962, American Mathematical Monthly 69(1)).

    >>> theirs, ours = np.array([[1, 2], [1, 2]]), np.array([[2, 1], [1, 2]])
    >>> stable(theirs, ours, np.ones((2, 2), dtype=bool)).partner.tolist()
    [1, 0]
    """
    wishes = [list(np.argsort(row, kind="stable")[::-1]) for row in theirs]  # the best is last
    held: list[list[int]] = [[] for _ in range(theirs.shape[1])]
    partner = np.full(len(theirs), ALONE)
    waiting = list(range(len(theirs)))[::-1]
    while waiting:
        seeker = waiting.pop()
        while wishes[seeker] and partner[seeker] == ALONE:
            asked = int(wishes[seeker].pop())
            if not allowed[seeker, asked]:
                continue
            held[asked] = sorted([*held[asked], seeker], key=lambda s: (ours[s, asked], s))
            partner[seeker] = asked
            if len(held[asked]) > capacity:
                refused = held[asked].pop()
                partner[refused] = ALONE
                if refused != seeker:
                    waiting.append(refused)
    return Assigned(partner, "stable")


def blocking(
    partner: np.ndarray, theirs: np.ndarray, ours: np.ndarray, allowed: np.ndarray, capacity: int
) -> int:
    """Count the pairs that would both leave what they have for each other.

    >>> theirs, ours = np.array([[1, 2], [1, 2]]), np.array([[2, 1], [1, 2]])
    >>> blocking(np.array([0, 1]), theirs, ours, np.ones((2, 2), dtype=bool), 1)
    1
    """
    own = np.full(len(theirs), np.inf)
    paired = np.flatnonzero(partner != ALONE)
    own[paired] = theirs[paired, partner[paired]]
    found = 0
    for place in range(theirs.shape[1]):
        mine = ours[partner == place, place]
        worst = np.inf if len(mine) < capacity else mine.max()
        rather = (theirs[:, place] < own) & (ours[:, place] < worst) & allowed[:, place]
        found += int(rather.sum())
    return found
