"""Which small groups cost least, when each school is in one of them? Exact, with a proof.

All groups of 2 to 4 are priced; only those that could be in the best answer are looked at
(column generation, then every group whose reduced cost lies within what is still open). To add a
side constraint: a row of `_rows`, and its price in `_reduced`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint, linprog, milp

from analysis.problems import fail

MOST_SCHOOLS: Final = 150
"""Groups of four of more schools than this do not fit in memory."""

AT_ONCE: Final = 2_000
"""Groups that come in at each turn of the pricing."""

MOST_GROUPS: Final = 200_000
"""Groups that the last step takes; beyond it the answer is near, and says how near."""

NEAR: Final = 1e-7
SMALL: Final = 1e-5
"""A gap that is no more than the solver's own rounding."""

SECONDS: Final = 120.0
ROUGH: Final = 0.5
"""How near the first whole answer must come; it only says which groups may be left out."""


@dataclass(frozen=True)
class Groups:
    """All groups of one size that may be formed: members (over group and place), and their cost."""

    members: np.ndarray
    cost: np.ndarray


@dataclass(frozen=True)
class Grouped:
    """The chosen groups with the district that leads each, and who is in none.

    `status` is `optimal` or `near`; `gap` bounds how far the cost lies above the least.
    """

    groups: tuple[tuple[int, ...], ...]
    leads: tuple[str, ...]
    alone: tuple[int, ...]
    cost: float
    status: str
    gap: float


@lru_cache(maxsize=256)
def subsets(n: int, size: int) -> np.ndarray:
    """Give all subsets of `size` of the numbers below n, in the order of `subset_rank`.

    >>> subsets(3, 2).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    found = np.arange(n, dtype=np.int16)[:, None]
    for _ in range(size - 1):
        last = found[:, -1].astype(np.int64)
        # each subset is followed by every larger number
        times = n - 1 - last
        start = np.repeat(np.cumsum(times) - times, times)
        following = np.arange(times.sum()) - start + np.repeat(last, times) + 1
        found = np.column_stack([np.repeat(found, times, axis=0), following.astype(np.int16)])
    order = np.argsort(subset_rank(found), kind="stable")
    return found[order]


def subset_rank(members: np.ndarray) -> np.ndarray:
    """Number subsets (members ascending) from 0: the combinatorial number system.

    >>> subset_rank(np.array([[0, 1], [0, 2], [1, 2]])).tolist()
    [0, 1, 2]
    """
    large = members.astype(np.int64)
    total = np.zeros(len(members), dtype=np.int64)
    for place in range(members.shape[1]):
        ways = np.array([comb(n, place + 1) for n in range(int(large.max(initial=0)) + 1)])
        total += ways[large[:, place]]
    return total


def group(
    schools: int,
    candidates: Sequence[Groups],
    *,
    lead: Sequence[str] | np.ndarray,
    capacity: Mapping[str, int] | None = None,
) -> Grouped:
    """Put as many schools as possible into groups, at the least sum of costs.

    Args:
        schools: how many there are.
        candidates: the groups that may be formed, by size.
        lead: of each school, the district whose people could lead its group.
        capacity: groups that a district leads at most; no limit without it.

    Raises:
        ProblemsError: more schools than can be handled, or the solver gives up.

    Source: set partitioning by column generation, with reduced-cost fixing (Barnhart and others
    1998, Operations Research 46(3)).

    >>> pairs = Groups(subsets(4, 2), np.array([5.0, 1, 9, 9, 1, 5]))
    >>> group(4, [pairs], lead=["A"] * 4).groups
    ((0, 2), (1, 3))
    """
    if schools > MOST_SCHOOLS:
        text = f"can be formed of at most {MOST_SCHOOLS} schools at once, not {schools}."
        raise fail("communities", f"{text} Keep to one level or one district.")
    task = _Task(schools, candidates, np.asarray(lead, dtype=str), dict(capacity or {}))
    bound, prices, held = _priced(task, [np.zeros(0, dtype=int) for _ in candidates])
    reduced = [_reduced(task, one, *prices) for one in candidates]
    likely = [h[r[h] <= ROUGH] for h, r in zip(held, reduced, strict=True)]
    columns, chosen, cost, _ = _whole(task, likely, gap=ROUGH / max(abs(bound), 1.0))
    open_still = cost - bound
    if open_still > NEAR:  # a group outside could still be in a better answer
        every = np.sort(np.concatenate(reduced))
        most = min(open_still + NEAR, every[MOST_GROUPS] if len(every) > MOST_GROUPS else np.inf)
        fits = [np.flatnonzero(one <= most) for one in reduced]
        columns, chosen, cost, short = _whole(task, fits)
        open_still = short if most > open_still else cost - bound
    return _grouped(task, columns, chosen, open_still)


def _grouped(task: _Task, columns: _Columns, chosen: np.ndarray, gap: float) -> Grouped:
    groups, leads, alone = [], [], []
    for at in np.flatnonzero(chosen):
        if columns.size[at] < 0:
            alone.append(int(columns.number[at]))
            continue
        members = task.candidates[columns.size[at]].members[columns.number[at]]
        groups.append(tuple(int(i) for i in members))
        leads.append(str(task.lead[columns.lead[at]]))
    cost = float(columns.cost[chosen & (columns.size >= 0)].sum())
    near = "optimal" if gap <= SMALL else "near"
    return Grouped(tuple(groups), tuple(leads), tuple(alone), cost, near, max(gap, 0.0))


@dataclass(frozen=True)
class _Task:
    schools: int
    candidates: Sequence[Groups]
    lead: np.ndarray
    capacity: Mapping[str, int]

    @property
    def dear(self) -> float:
        """The cost of a school in no group: more than all groups together can save."""
        widest = max((np.abs(one.cost).max(initial=0.0) for one in self.candidates), default=0.0)
        return 1.0 + 2.0 * widest * self.schools

    @property
    def limits(self) -> np.ndarray:
        return np.array(list(self.capacity.values()), dtype=float)

    @property
    def place(self) -> np.ndarray:
        """For each school the place of its district among the limited ones; -1 without a limit."""
        names = list(self.capacity)
        return np.array([names.index(d) if d in names else -1 for d in self.lead], dtype=int)


@dataclass(frozen=True)
class _Columns:
    """Groups with who leads each; a row for each school, then one for each limited district.

    `size` and `number` say which group a column is (size -1: a school alone), `lead` the school
    whose district leads it.
    """

    table: Any  # sparse; SciPy's stubs do not take it in linprog
    cost: np.ndarray
    size: np.ndarray
    number: np.ndarray
    lead: np.ndarray


def _columns(task: _Task, held: Sequence[np.ndarray]) -> _Columns:
    blocks, cost, size, number, lead = [], [], [], [], []
    height = task.schools + len(task.capacity)
    for place, some in enumerate(held):
        members = task.candidates[place].members[some].astype(np.int64)
        for who in members.T if task.capacity else members.T[:1]:
            at = np.arange(len(some))
            limited = task.place[who] >= 0
            rows = [members.ravel(), task.schools + task.place[who][limited]]
            across = [np.repeat(at, members.shape[1]), at[limited]]
            ones = np.ones(members.size + int(limited.sum()))
            where = (np.concatenate(rows), np.concatenate(across))
            blocks.append(sparse.csc_array((ones, where), shape=(height, len(some))))
            cost.append(task.candidates[place].cost[some])
            size.append(np.full(len(some), place))
            number.append(some)
            lead.append(who)
    single = np.arange(task.schools)
    blocks.append(sparse.csc_array(sparse.eye_array(height, task.schools)))
    found = (
        np.concatenate([*cost, np.full(task.schools, task.dear)]),
        np.concatenate([*size, np.full(task.schools, -1)]),
        np.concatenate([*number, single]),
        np.concatenate([*lead, single]),
    )
    return _Columns(sparse.csc_array(sparse.hstack(blocks)), *found)


def _priced(
    task: _Task, held: list[np.ndarray]
) -> tuple[float, tuple[np.ndarray, np.ndarray], list[np.ndarray]]:
    """Take in groups until none can lower the cost of fractions; give that cost and the prices."""
    while True:
        columns = _columns(task, held)
        n = task.schools
        found = linprog(
            columns.cost,
            A_ub=columns.table[n:] if task.capacity else None,
            b_ub=task.limits if task.capacity else None,
            A_eq=columns.table[:n],
            b_eq=np.ones(n),
        )
        if found.status != 0 or found.fun is None:
            raise fail("communities", f"have no answer: {found.message}")
        load = found.ineqlin.marginals if task.capacity else np.zeros(0)
        prices = (found.eqlin.marginals, load)
        reduced = [_reduced(task, one, *prices) for one in task.candidates]
        if all(one.min(initial=0.0) >= -NEAR for one in reduced):
            return float(found.fun), prices, held
        held = [np.union1d(old, _lowest(new)) for old, new in zip(held, reduced, strict=True)]


def _lowest(reduced: np.ndarray) -> np.ndarray:
    some = np.flatnonzero(reduced < -NEAR)
    if len(some) <= AT_ONCE:
        return some
    return some[np.argpartition(reduced[some], AT_ONCE)[:AT_ONCE]]


def _reduced(task: _Task, one: Groups, schools: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Say how much each group costs beyond what its schools and its leader are worth."""
    worth = schools[one.members].sum(axis=1)
    if task.capacity:
        price = np.append(load, 0.0)[task.place]  # the last place is no limit
        worth += price[one.members].max(axis=1)
    reduced: np.ndarray = one.cost - worth
    return reduced


def _whole(
    task: _Task, held: Sequence[np.ndarray], *, gap: float = 0.0
) -> tuple[_Columns, np.ndarray, float, float]:
    """Choose whole groups among those held: the columns, which are chosen, their cost, the gap."""
    columns = _columns(task, held)
    n = task.schools
    rules = [LinearConstraint(columns.table[:n], 1, 1)]
    if task.capacity:
        rules.append(LinearConstraint(columns.table[n:], -np.inf, task.limits))
    found = milp(
        columns.cost,
        constraints=rules,
        integrality=np.ones(len(columns.cost), dtype=int),
        options={"time_limit": SECONDS, "mip_rel_gap": gap},
    )
    if found.x is None:
        raise fail("communities", f"have no answer: {found.message}")
    return columns, found.x > 0.5, float(found.fun), float(found.fun - found.mip_dual_bound)  # noqa: PLR2004 (0 or 1)
