"""What lasts in a district? Its schools and their effects, made once and used for every year.

To add something lasting: a field here, filled in `make_town`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulations.population.blocks import Latent
from simulations.population.effects import Effects, fixed, make_effects, shocks
from simulations.population.places import Places, make_places
from simulations.population.world import World
from simulations.streams import Draws, Name


@dataclass(frozen=True)
class Town:
    """A district with its units and their effects.

    `seed` decides about schools; `seed` and `draw` decide about students and luck.
    """

    world: World
    seed: int
    draw: int
    places: Places
    effects: Effects

    def draws(self, *names: Name) -> Draws:
        """Name a stream of numbers that belong to students (or to schools in one year)."""
        return Draws.of(self.seed, "population", self.draw, *names)

    def now(self, grade: int, year: int) -> Now:
        """Say in which grade and year something happens."""
        return Now(self, grade, year)


@dataclass(frozen=True)
class Now:
    """A district, a grade and a year."""

    town: Town
    grade: int
    year: int

    def before(self, years: int = 1) -> Now:
        """The same cohort some years earlier."""
        return Now(self.town, self.grade - years, self.year - years)

    @property
    def class_of(self) -> int:
        """The year in which the cohort should graduate."""
        return self.year + 12 - self.grade

    def latent(self, name: str) -> Latent:
        """Give the numbers of a latent quantity."""
        return self.town.world.latents[name]

    def fixed(self, name: str) -> float:
        """What all students share of a latent quantity here and now."""
        district = self.town.places.district
        return fixed(self.town.world, name, district=district, grade=self.grade, year=self.year)

    def shocks(self, name: str) -> np.ndarray:
        """The luck of the year of a latent quantity, over unit."""
        town = self.town
        draws, where = town.draws("shock", name), {"year": self.year, "grade": self.grade}
        return shocks(draws, self.latent(name), town.places, **where)


@lru_cache(maxsize=32)
def _town(text: str, seed: int, draw: int, district: str) -> Town:
    world = World.model_validate_json(text)
    places = make_places(world, seed, district)
    return Town(world, seed, draw, places, make_effects(world, seed, places))


def make_town(world: World, seed: int, district: str, *, draw: int = 0) -> Town:
    """Make a district; the same world and seed always make the same one.

    Args:
        world: the numbers of the districts.
        seed: the seed of the whole population.
        district: a name in `world.districts`.
        draw: which draw of students and luck; the schools are the same.
    """
    return _town(world.model_dump_json(), seed, draw, district)
