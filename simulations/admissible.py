"""Which schools would any admissible set of weights name, which some, and which none?

Weights are admissible when they meet bounds on shares ("academic measures carry at least half").
What is always so is proved from the corners of that set; what is sometimes so is shown by a set of
weights; the rest stays undecided, and a mixed-integer program may settle it.
To add a proof: one more array in `_proved`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from analysis.rounding import settle
from simulations.weight_sets import WeightSet

CLOSE: Final = 2e-9
"""Two indexes nearer than this may be one after rounding to nine places."""

FEASIBLE: Final = 1e-6
"""What the mixed-integer solver may be wrong by; proofs leave it room."""

INFEASIBLE: Final = 2
"""What the solver says when there are no such weights."""

Verdict = Literal["certain", "possible", "never", "undecided"]
VERDICTS: Final = ("certain", "possible", "never", "undecided")


@dataclass(frozen=True)
class Lowest:
    """A list of the lowest k: points over measure and school, the pool, k, and what ties do."""

    points: np.ndarray
    pool: np.ndarray
    k: int
    ties_in: bool = True

    @cached_property
    def there(self) -> np.ndarray:
        """Where a school has points: 0 or 1 over measure and school."""
        known: np.ndarray = (~np.isnan(self.points)).astype(float)
        return known

    def index(self, weights: np.ndarray) -> np.ndarray:
        """Give every school's index under sets of weights: over set and school."""
        top = weights @ np.nan_to_num(self.points)
        total = weights @ self.there
        return settle(top / np.where(total > 0, total, np.nan))

    def named(self, weights: np.ndarray) -> np.ndarray:
        """Say who is named under sets of weights: over set and school."""
        index = self.index(weights)
        inside = np.where(self.pool, index, np.nan)
        ranked = np.sort(inside, axis=1)
        line = ranked[:, self.k - 1 : self.k]
        within = inside <= line
        if self.ties_in:
            return within
        over = within.sum(axis=1, keepdims=True) > self.k
        return np.where(over, inside < line, within)


@dataclass(frozen=True)
class Verdicts:
    """Who is certain, possible, never named or undecided, and how often draws named each school.

    `verdict` has a word for each school ("" outside the pool); `acceptability` is the share of
    drawn weights that name it, with its Monte Carlo error `error`; `corners` and `draws` count what
    it rests on.
    """

    verdict: np.ndarray
    acceptability: np.ndarray
    error: np.ndarray
    corners: int
    draws: int

    def count(self, verdict: Verdict) -> int:
        """Count the schools of a verdict."""
        return int((self.verdict == verdict).sum())


def judge(lowest: Lowest, weights: WeightSet, *, draws: int, seed: int) -> Verdicts:
    """Prove who is always and who is never named; show by weights who is named sometimes.

    Rank is no convex matter: a school may be named in the middle of the set and at none of its
    corners. So proofs compare schools pair by pair, where corners do decide, and are sufficient,
    not necessary.

    Args:
        lowest: the list.
        weights: the admissible weights, measures in the order of `lowest.points`.
        draws: sets of weights drawn beside the corners and the centre.
        seed: of the draws.

    Raises:
        ProblemsError: the bounds leave no room.
    """
    drawn = weights.draw(draws, seed=seed)
    shown = lowest.named(np.vstack([drawn, weights.corners, weights.centre]))
    always, never = _proved(lowest, weights.corners)
    verdict = np.full(len(lowest.pool), "undecided", dtype=object)
    verdict[shown.any(axis=0) & ~shown.all(axis=0)] = "possible"
    verdict[always] = "certain"
    verdict[never] = "never"
    verdict[~lowest.pool] = ""
    share = shown[:draws].mean(axis=0)
    error = np.sqrt(share * (1 - share) / draws)
    return Verdicts(verdict, share, error, len(weights.corners), draws)


def _proved(lowest: Lowest, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say of each school whether it is proved to be named always, and never."""
    index = lowest.index(corners)
    always = np.zeros(len(lowest.pool), dtype=bool)
    never = np.zeros(len(lowest.pool), dtype=bool)
    rated = np.where(lowest.pool)[0]
    if np.isnan(index[:, rated]).any():
        return always, never  # some weights leave a school without an index, and change k
    patterns = np.unique(lowest.there[:, rated], axis=1, return_inverse=True)[1]
    least, most = index[:, rated].min(axis=0), index[:, rated].max(axis=0)
    for place, school in enumerate(rated):
        alike = patterns == patterns[place]
        gap = index[:, rated[alike]] - index[:, [school]]
        top, bottom = most - least[place], least - most[place]
        top[alike], bottom[alike] = gap.max(axis=0), gap.min(axis=0)
        others = np.arange(len(rated)) != place
        below = top < -CLOSE if lowest.ties_in else top <= -CLOSE
        may = bottom < CLOSE
        never[school] = (below & others).sum() >= lowest.k
        always[school] = (may & others).sum() < lowest.k
    return always, never


def settled(
    lowest: Lowest, weights: WeightSet, verdicts: Verdicts, *, seconds: float = 5.0
) -> Verdicts:
    """Settle what is undecided by mixed-integer programs, school by school.

    Only lists whose schools all have the same measures can be settled; others stay as they are.

    Args:
        lowest: the list.
        weights: the admissible weights.
        verdicts: what `judge` found.
        seconds: time for each program; a program that does not end leaves the school undecided.

    Source: HiGHS, through scipy.optimize.milp.
    """
    if not np.isfinite(lowest.points[:, lowest.pool]).all() or not lowest.ties_in:
        return verdicts
    verdict = verdicts.verdict.copy()
    for school in np.where(verdict == "undecided")[0]:
        named = _witness(lowest, weights, int(school), name=True, seconds=seconds)
        spared = _witness(lowest, weights, int(school), name=False, seconds=seconds)
        answers: Mapping[tuple[bool | None, bool | None], Verdict] = {
            (True, True): "possible",
            (False, True): "never",
            (True, False): "certain",
        }
        verdict[school] = answers.get((named, spared), "undecided")
    return Verdicts(
        verdict, verdicts.acceptability, verdicts.error, verdicts.corners, verdicts.draws
    )


def _witness(
    lowest: Lowest, weights: WeightSet, school: int, *, name: bool, seconds: float
) -> bool | None:
    """Say whether some weights name (or spare) a school; None where the programs cannot tell.

    Weights are sought with room to spare and then tried; that there are none is proved with the
    room on the other side.
    """
    tight = _program(lowest, weights, school, name=name, slack=-10 * FEASIBLE, seconds=seconds)
    if tight.x is not None:
        tried = np.clip(tight.x[: len(weights.of)], 0, None)[None]
        if bool(lowest.named(tried / tried.sum())[0, school]) == name:
            return True
    loose = _program(lowest, weights, school, name=name, slack=FEASIBLE, seconds=seconds)
    return False if loose.status == INFEASIBLE else None


def _program(
    lowest: Lowest,
    weights: WeightSet,
    school: int,
    *,
    name: bool,
    slack: float,
    seconds: float,
) -> OptimizeResult:
    others = np.where(lowest.pool & (np.arange(len(lowest.pool)) != school))[0]
    gap = (lowest.points[:, others] - lowest.points[:, [school]]).T
    gap = gap / (np.abs(gap).max() or 1.0)
    size, many = len(weights.of), len(others)
    both = np.hstack([gap, np.eye(many)])
    switches = np.concatenate([np.zeros(size), np.ones(many)])
    if name:  # whoever is not switched on is not below the school; at most k - 1 are
        rows = [LinearConstraint(both, -slack, np.inf)]
        rows.append(LinearConstraint(switches, 0, lowest.k - 1))
    else:  # whoever is switched on is below the school; at least k are
        rows = [LinearConstraint(both, -np.inf, 1 + slack)]
        rows.append(LinearConstraint(switches, lowest.k, many))
    return milp(
        np.zeros(size + many),
        constraints=rows + _admissible_rows(weights, many),
        integrality=switches,
        bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )


def _admissible_rows(weights: WeightSet, many: int) -> list[LinearConstraint]:
    size = len(weights.of)
    zeros = np.zeros(many)
    rows = [LinearConstraint(np.concatenate([np.ones(size), zeros]), 1, 1)]
    for bound in weights.bounds:
        inside = np.array([float(name in bound.of) for name in weights.of])
        rows.append(
            LinearConstraint(np.concatenate([inside, zeros]), bound.at_least, bound.at_most)
        )
    return rows
