"""What is good or bad about each school, and what is the luck of a year?

To let schools differ in something new: loads and a spread in the world's file; nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulations.population.blocks import SUBJECTS, Effect, Latent, at
from simulations.population.places import Places
from simulations.population.world import World
from simulations.streams import Draws, stream


@dataclass(frozen=True)
class Effects:
    """What lasts at the units of one district; each an array over unit.

    `latents` holds the school's part of each latent quantity, `intake` what families bring to
    scores beyond what is recorded of them, `value_added` what the school adds to scores in a year.
    """

    latents: Mapping[str, np.ndarray]
    intake: Mapping[str, np.ndarray]
    value_added: Mapping[str, np.ndarray]


def make_effects(world: World, seed: int, places: Places) -> Effects:
    """Draw what lasts at each school; effects on different quantities share the world's factors."""
    factors = {name: _alike(world, seed, places, f"factor {name}") for name in world.factors}

    def draw(name: str, effect: Effect) -> np.ndarray:
        common = sum((load * factors[f] for f, load in effect.loads.items()), np.zeros(()))
        rest = np.sqrt(1 - sum(load**2 for load in effect.loads.values()))
        own = _alike(world, seed, places, f"effect {name}")
        lasting = effect.school * (common + rest * own)
        found: np.ndarray = lasting + effect.advantage * places.advantage
        return found

    growth = world.growth
    return Effects(
        latents={name: draw(name, latent) for name, latent in world.latents.items()},
        intake={s: draw(f"intake {s}", growth.intake[s]) for s in SUBJECTS},
        value_added={s: draw(f"value_added {s}", growth.value_added[s]) for s in SUBJECTS},
    )


def _alike(world: World, seed: int, places: Places, name: str) -> np.ndarray:
    """Draw a standard normal number for each unit; parts of one school resemble one another."""
    rng = stream(seed, "population", name, places.district)
    whole = rng.standard_normal(int(places.school.max()) + 1)[places.school]
    own = rng.standard_normal(len(places.school))
    alike = world.schools.parts_alike
    found: np.ndarray = np.where(
        places.part, np.sqrt(alike) * whole + np.sqrt(1 - alike) * own, whole
    )
    return found


def shocks(draws: Draws, latent: Latent, places: Places, *, year: int, grade: int) -> np.ndarray:
    """Draw the luck of a year: of each unit, and of one grade of it."""
    found = latent.shock * draws.normals(places.number, draw=100 * year)[0]
    if latent.shock_grade:
        found += latent.shock_grade * draws.normals(places.number, draw=100 * year + grade + 2)[0]
    result: np.ndarray = found
    return result


def fixed(world: World, name: str, *, district: str, grade: int, year: int) -> float:
    """Add up what all students of a grade share: the mean, the trend, the district's policy.

    Before the base year there is no trend.
    """
    latent = world.latents[name]
    since = max(0, year - world.base_year)
    policy = latent.districts.get(district, 0.0)
    return at(latent.means, grade) + at(latent.trend, grade) * since + policy
