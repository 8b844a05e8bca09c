"""Who has a row in a year, for how many days, and what are the latent quantities behind it?

To add a quantity: an entry of `latents` in the world's file, and its name in `TOGETHER`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from simulations.population.blocks import MARKS, SKILLS, SUBJECTS
from simulations.population.lives import (
    Lives,
    changing_hands,
    first_day,
    gains,
    joined,
    lives_at,
    newcomers,
)
from simulations.population.town import Now
from simulations.streams import Draws

TOGETHER: Final = (
    SUBJECTS,
    ("absence", "suspension"),
    ("gpa", *MARKS),
    ("graduating", "fifth_year", "sixth_year"),
    SKILLS,
    ("climate_students",),
)
"""Quantities whose random numbers are drawn together, four at most: one block of numbers each."""

_GROUP: Final = {name: (i, j) for i, group in enumerate(TOGETHER) for j, name in enumerate(group)}
STAYS, LEAVES, COMES, GONE = range(4)
DATES: Final = 9
"""Seats change hands at one of eight dates, which cut the year into nine parts."""


@dataclass(frozen=True)
class Records:
    """The rows of one grade in one year; `status` and `days` are arrays over row.

    A student stays all year, leaves or comes within the year, or is gone: a member of a graduation
    cohort who left school earlier.
    """

    now: Now
    lives: Lives
    status: np.ndarray
    days: np.ndarray

    def draws(self, name: str) -> Draws:
        """Name a stream of this population."""
        return self.now.town.draws(name)

    def uniforms(self, name: str, count: int) -> np.ndarray:
        """Draw numbers between 0 and 1 for each student and this year."""
        return self.draws(name).uniforms(self.lives.student, count, draw=self.now.year)

    @cached_property
    def _own(self) -> dict[int, np.ndarray]:
        return {}

    def index(self, name: str) -> np.ndarray:
        """Give what is expected of each student: mean, group, ability, engagement and school."""
        latent, lives = self.now.latent(name), self.lives
        unit = self.now.town.effects.latents[name] + self.now.shocks(name)
        found = self.now.fixed(name) + latent.kinds().ravel()[lives.kind] + unit[lives.unit]
        found += latent.ability * lives.ability + latent.engagement * lives.engagement
        result: np.ndarray = found
        return result

    def value(self, name: str) -> np.ndarray:
        """Give each student's latent quantity this year."""
        latent = self.now.latent(name)
        own, year = self._normals(name)
        spread = float(np.hypot(latent.noise, latent.error))
        found: np.ndarray = self.index(name) + latent.own * own + spread * year
        return found

    def _normals(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        group, place = _GROUP[name]
        if group not in self._own:
            words, size = "+".join(TOGETHER[group]), len(TOGETHER[group])
            own = self.draws(f"own {words}").normals(self.lives.student, size)
            year = self.draws(words).normals(self.lives.student, size, draw=self.now.year)
            self._own[group] = np.stack([own, year])
        return self._own[group][0, place], self._own[group][1, place]

    def gains(self) -> np.ndarray:
        """Give what schools have added to scores by the test, over subject and student."""
        return gains(self.now, self.lives)


def records_of(now: Now) -> Records:
    """Make the rows of one grade in one year."""
    days = now.town.world.students.days
    if now.grade < 0:
        return _of_transitional(now)
    lives = lives_at(now)
    rows, when = changing_hands(now, lives)
    date = np.floor(when * (DATES - 1)).astype(np.int64) + 1
    first = (days * date) // DATES
    status = np.where(lives.left, GONE, STAYS)
    status[rows] = LEAVES
    enrolled = np.where(lives.left, 0, days)
    enrolled[rows] = first
    everyone = joined([lives, newcomers(now, lives.where(rows))])
    status = np.concatenate([status, np.full(len(rows), COMES)])
    enrolled = np.concatenate([enrolled, days - first])
    # those who left school are members of their cohort, and have a row in its last year only
    keep = np.flatnonzero((status != GONE) | (now.year == now.class_of))
    return Records(now, everyone.where(keep), status[keep], enrolled[keep])


def _of_transitional(now: Now) -> Records:
    world = now.town.world
    lives = first_day(now.town, now.class_of)
    u = now.town.draws("transitional").uniforms(lives.seat, 1)[0]
    lives = lives.where(np.flatnonzero(u < world.students.transitional_kindergarten))
    lives = replace(lives, before=np.full(len(lives), -1))
    size = len(lives)
    return Records(now, lives, np.full(size, STAYS), np.full(size, world.students.days))
