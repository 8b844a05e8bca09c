"""What would an evaluation find if the effect of being named were known? Made-up schools.

Each school has a score every year: what lasts and the luck of the year. In one year the lowest of
each pool are named, and their later scores move by a known effect. Nothing else differs, so what
comes back by itself is in these figures and is no effect.

To add a feature of the world: a field of `World`, and its place in `made`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from analysis.designs.design import Design
from analysis.findings.running import Running, running
from analysis.panels.panel import Panel
from analysis.problems import Problem, ProblemsError, fail
from analysis.ratings.rate import rate
from simulations.known import expected_panel
from simulations.published.seen import Seen
from simulations.streams import Stream, stream

NAMED_IN: Final = 0
"""The year of naming; others are counted from it."""


@dataclass(frozen=True)
class World:
    """What the made-up schools are like; scores have mean 0 and standard deviation 1 in a year.

    `named` is the share of each pool that is named. `reliability` is the share of a year's variance
    that lasts. `bend` bends the later scores on what lasts (0: a straight line). `effect` is what
    being named adds to later scores; `second` is what tier 2 adds, which a share `tier_2` of the
    schools above the line gets, the nearer the likelier. `step` rounds scores (0: they are smooth).
    `before` and `after` are years around the year of naming.
    """

    schools: int = 1500
    pools: int = 1
    named: float = 0.05
    reliability: float = 0.7
    effect: float = 0.0
    second: float = 0.0
    tier_2: float = 0.0
    bend: float = 0.0
    step: float = 0.0
    before: int = 2
    after: int = 2

    def __post_init__(self) -> None:
        """Refuse what no world can have."""
        wrong = [
            Problem(name, f"must lie between 0 and 1, but it is {getattr(self, name):g}.")
            for name in ("named", "reliability")
            if not 0 < getattr(self, name) < 1
        ]
        if self.schools * self.named / self.pools < 1:
            wrong.append(Problem("named", "must name a school of each pool at least."))
        if wrong:
            raise ProblemsError(wrong)

    @property
    def at_the_line(self) -> float:
        """Give the true effect at the line, against what schools just above it got."""
        return self.effect - self.second * self.tier_2


@dataclass(frozen=True)
class Normal:
    """Normal scores of mean 0 and standard deviation 1, of which the reliability lasts."""

    reliability: float

    def drawn(self, source: Stream, schools: int, years: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw what lasts [school], and the luck of each year [school, year]."""
        lasting = source.standard_normal(schools)
        luck = source.standard_normal((schools, years))
        return math.sqrt(self.reliability) * lasting, math.sqrt(1 - self.reliability) * luck


@dataclass(frozen=True)
class Alike:
    """Scores like those of some schools: what is expected of each, and the luck of some years.

    `expected` is over school, `luck` over school and year; luck is drawn from schools about as high
    (the nearest `near` of them), so that it may be larger where scores are low.
    """

    expected: np.ndarray
    luck: np.ndarray
    near: int = 20

    def drawn(self, source: Stream, schools: int, years: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw schools with replacement, and the luck of each year from schools like them."""
        order = np.argsort(self.expected)
        place = source.integers(0, len(order), schools)
        shifts = source.integers(-(self.near // 2), self.near // 2 + 1, (schools, years))
        like = order[np.clip(place[:, None] + shifts, 0, len(order) - 1)]
        year = source.integers(0, self.luck.shape[1], (schools, years))
        return self.expected[order[place]], self.luck[like, year]


@dataclass(frozen=True)
class Made:
    """Schools of one world: pool, lasting part, named and tier 2 (0 or 1), scores by year.

    `scores` has a row for each school and a column for each year, counted from the naming.
    """

    pool: np.ndarray
    lasting: np.ndarray
    named: np.ndarray
    tier_2: np.ndarray
    scores: pd.DataFrame

    @cached_property
    def running(self) -> Running:
        """Lay the schools out by their distance to their pool's line."""
        return running(self.scores[NAMED_IN].to_numpy(), self.named, self.pool)

    @property
    def long(self) -> pd.DataFrame:
        """Give a row for each school and year: school, year, outcome, since (year of naming)."""
        since = np.where(self.named == 1, NAMED_IN, np.nan)
        table = self.scores.assign(school=np.arange(len(self.scores)), since=since)
        return table.melt(["school", "since"], var_name="year", value_name="outcome").astype(
            {"year": int}
        )


def made(world: World, *, seed: int, shape: Normal | Alike | None = None) -> Made:
    """Make the schools of a world.

    Args:
        world: what they are like.
        seed: another seed, other schools.
        shape: what scores are drawn from; normal, with the world's reliability, without it.

    >>> some = made(World(schools=200), seed=1)
    >>> int(some.named.sum()), list(some.scores.columns)
    (10, [-2, -1, 0, 1, 2])
    """
    source = stream(seed, "supported")
    size, years = world.schools, range(-world.before, world.after + 1)
    pool = np.arange(size) % world.pools
    lasting, luck = (shape or Normal(world.reliability)).drawn(source, size, len(years))
    scores = pd.DataFrame(lasting[:, None] + luck, columns=list(years))
    if world.step:
        scores = (scores / world.step).round() * world.step
    named = _lowest(scores[NAMED_IN].to_numpy(), pool, world.named)
    chance = _second_share(scores[NAMED_IN].to_numpy(), named, world)
    tier_2 = np.where(named == 1, 0.0, source.random(size) < chance)
    later = world.effect * named + world.second * tier_2 + world.bend * lasting**2
    for year in range(1, world.after + 1):
        scores[year] += later
    return Made(pool, lasting, named, tier_2, scores)


def alike(design: Design, panel: Panel) -> Alike:
    """Take the shape of a design's index from a made-up panel whose truth is known.

    Args:
        design: names its index as headline; nothing it needs is unknown.
        panel: made up, with its truth.

    Raises:
        ProblemsError: the panel has no truth, or the design no index.
    """
    index = design.header.headline.index
    if index is None:
        raise fail(design.name, "names no index as its headline.")
    rated = (Seen(rate(design, one)) for one in (panel, expected_panel(panel)))
    observed, expected = (one.over_years(index, panel.years) for one in rated)
    known = ~np.isnan(observed) & ~np.isnan(expected)
    years = known.any(axis=0)
    whole = known[:, years].all(axis=1)
    observed, expected = (found[whole][:, years] for found in (observed, expected))
    luck = observed - expected
    return Alike(expected.mean(axis=1), luck - luck.mean(axis=0))


def _lowest(score: np.ndarray, pool: np.ndarray, share: float) -> np.ndarray:
    """Name the lowest of each pool; schools tied with the last one named are named too."""
    found = np.zeros(len(score))
    for one in np.unique(pool):
        mine = np.flatnonzero(pool == one)
        ranked = np.sort(score[mine])
        found[mine] = score[mine] <= ranked[max(round(share * len(mine)), 1) - 1]
    return found


def _second_share(score: np.ndarray, named: np.ndarray, world: World) -> np.ndarray:
    """Give the chance of tier 2: the share asked for at the line, falling to 0 far above it."""
    above = (score - score[named == 1].max()) / score.std()
    found: np.ndarray = world.tier_2 * np.exp(-(np.maximum(above, 0.0) ** 2))
    return found
