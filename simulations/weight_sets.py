"""Which weights are admissible? All that meet bounds on what some measures carry together.

To add a kind of bound: a word of `Bound`, and its row in `_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from analysis.problems import fail, listed
from simulations.streams import stream

ROOM: Final = 2e-9
"""Bounds that leave less room than this leave none."""

TRIES: Final = 20
THINNED: Final = 12


@dataclass(frozen=True)
class Bound:
    """The least and the most that some measures carry together, as shares of all weight (0-1)."""

    of: tuple[str, ...]
    at_least: float = 0.0
    at_most: float = 1.0


@dataclass(frozen=True)
class WeightSet:
    """All weights that are admissible: not below 0, adding up to 1, and within bounds.

    >>> two = WeightSet(("ela", "absence"), (Bound(("ela",), at_least=0.6),))
    >>> two.corners.tolist()
    [[0.6, 0.4], [1.0, 0.0]]
    """

    of: tuple[str, ...]
    bounds: tuple[Bound, ...] = ()

    @cached_property
    def _halfspaces(self) -> np.ndarray:
        """Rows (a, b) with a x + b <= 0 for all weights but the last, which follows."""
        size = len(self.of)
        rows = [*(-np.eye(size)[i] for i in range(size))]
        limits = [0.0] * size
        for row, limit in self._rows():
            rows.append(row)
            limits.append(limit)
        full = np.array(rows)
        free = full[:, :-1] - full[:, -1:]
        return np.column_stack([free, full[:, -1] - np.array(limits)])

    def _rows(self) -> Iterator[tuple[np.ndarray, float]]:
        for bound in self.bounds:
            strange = [name for name in bound.of if name not in self.of]
            if strange:
                raise fail("weights", f"{listed(strange)} is not among {listed(self.of)}.")
            inside = np.array([float(name in bound.of) for name in self.of])
            if bound.at_least > 0:
                yield -inside, -bound.at_least
            if bound.at_most < 1:
                yield inside, bound.at_most

    @cached_property
    def centre(self) -> np.ndarray:
        """The weights farthest from every bound.

        Raises:
            ProblemsError: no weights meet the bounds, or only ones without any room.
        """
        spaces = self._halfspaces
        norms = np.linalg.norm(spaces[:, :-1], axis=1)
        keep = norms > 0
        left = np.column_stack([spaces[keep, :-1], norms[keep]])
        cost = np.zeros(left.shape[1])
        cost[-1] = -1
        found = linprog(cost, A_ub=left, b_ub=-spaces[keep, -1], bounds=(None, None))
        best = np.zeros(left.shape[1]) if found.x is None else found.x
        if best[-1] < ROOM:
            text = "the bounds leave no room: no weights, or only one set, meet them."
            raise fail("weights", text)
        middle: np.ndarray = self._whole(best[None, :-1])[0]
        return middle

    @staticmethod
    def _whole(free: np.ndarray) -> np.ndarray:
        return np.column_stack([free, 1 - free.sum(axis=1)])

    @cached_property
    def corners(self) -> np.ndarray:
        """The corners of the set (corner, measure), in order.

        Raises:
            ProblemsError: the bounds leave no room.
        """
        if len(self.of) == 1:
            return np.ones((1, 1))
        centre = self.centre[:-1]
        if len(self.of) == 2:  # noqa: PLR2004 (a line has two ends)
            ends = self._ends(centre, np.ones(1))
            free = (centre[None] + np.array(ends)[:, None])[:, :1]
        else:
            free = HalfspaceIntersection(self._halfspaces, centre).intersections
        whole = np.clip(np.round(self._whole(free), 12), 0, 1)
        return np.unique(whole, axis=0)

    def _ends(self, at: np.ndarray, way: np.ndarray) -> tuple[float, float]:
        """Say how far one can go from a point along a way, backwards and forwards."""
        spaces = self._halfspaces
        slope = spaces[:, :-1] @ way
        room = -(spaces[:, :-1] @ at + spaces[:, -1])
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = room / slope
        back = steps[slope < 0].max() if (slope < 0).any() else 0.0
        forth = steps[slope > 0].min() if (slope > 0).any() else 0.0
        return float(back), float(forth)

    def draw(self, count: int, *, seed: int) -> np.ndarray:
        """Draw weights evenly from the set.

        Even draws from all weights are kept where they meet the bounds; where too few do, a walk
        through the set (hit and run) takes over, which is even in the long run.

        Args:
            count: sets of weights.
            seed: of the stream "weights".

        Returns:
            Weights over set and measure; each row adds up to 1.

        Source: R. L. Smith (1984), Oper. Res. 32(6), for hit and run.
        """
        rng = stream(seed, "weights")
        tried = rng.dirichlet(np.ones(len(self.of)), size=count * TRIES)
        spaces = self._halfspaces
        meets = (tried[:, :-1] @ spaces[:, :-1].T + spaces[:, -1] <= ROOM).all(axis=1)
        kept = tried[meets][:count]
        return kept if len(kept) == count else self._walk(count, seed)

    def _walk(self, count: int, seed: int) -> np.ndarray:
        rng = stream(seed, "weights", "walk")
        at = self.centre[:-1].copy()
        steps = THINNED * len(self.of)
        found = np.empty((count, len(at)))
        for i in range(count):
            for _ in range(steps):
                way = rng.normal(size=len(at))
                back, forth = self._ends(at, way)
                at = at + way * rng.uniform(back, forth)
            found[i] = at
        whole: np.ndarray = np.clip(self._whole(found), 0, 1)
        return whole
