"""Who lives in a neighbourhood? Shares of students by race, disadvantage, disability and language.

To add a group: a `Membership` in the world's file, and its axis here and in `blocks.KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from scipy.special import ndtr

from simulations.population.blocks import RACES
from simulations.population.world import World
from simulations.population.zones import Zones, spatial
from simulations.streams import Stream

_ROUNDS: Final = 200


def make_up(world: World, rng: Stream, *, district: str, zones: Zones) -> np.ndarray:
    """Give the shares of students at each home; over a district they are those of the world.

    Returns:
        An array over home, race, disadvantaged (no, yes), disability (no, yes) and origin
        (English, learner of English at school entry); it sums to 1 at each home.
    """
    one = world.districts[district]
    homes = zones.of_homes.shape[1]
    weight = zones.seats[:homes] / zones.seats.sum()
    advantage = zones.advantage[:homes]
    race = _races(world, rng, district=district, zones=zones)
    here = race[:, :, None] * weight[:, None, None]
    sed = _chance(world, "sed", advantage, here, one.sed)[..., 0]
    both = race[..., None] * np.stack([1 - sed, sed], axis=2)
    here = both * weight[:, None, None]
    el = _chance(world, "el", advantage, here, one.el)
    swd = _chance(world, "swd", advantage, here, one.swd)
    shares = both[..., None] * np.stack([1 - swd, swd], axis=3)
    found: np.ndarray = shares[..., None] * np.stack([1 - el, el], axis=3)[:, :, :, None, :]
    return found


def _races(world: World, rng: Stream, *, district: str, zones: Zones) -> np.ndarray:
    """Draw the races of neighbourhoods, raked to the shares of the district."""
    homes = zones.of_homes.shape[1]
    weight = zones.seats[:homes] / zones.seats.sum()
    wanted = np.array([world.districts[district].races.get(name, 0.0) for name in RACES])
    wanted = wanted / wanted.sum()
    pull = np.array([world.makeup.races.get(name, 0.0) for name in RACES])
    apart = world.makeup.races_apart * spatial(rng, world, zones, len(RACES)).T
    share = np.exp(zones.advantage[:homes, None] * pull + apart) * wanted
    for _ in range(_ROUNDS):
        share /= share.sum(axis=1, keepdims=True)
        share *= np.divide(wanted, weight @ share, out=np.zeros(len(RACES)), where=wanted > 0)
    found: np.ndarray = share / share.sum(axis=1, keepdims=True)
    return found


def _chance(
    world: World,
    group: Literal["sed", "el", "swd"],
    advantage: np.ndarray,
    here: np.ndarray,
    wanted: float,
) -> np.ndarray:
    """Give the chance to belong to a group, over home, race and disadvantage.

    The constant is such that the district's share is met; `here` holds the weight of each cell.
    """
    member = world.members[group]
    race = np.array([member.races.get(name, 0.0) for name in RACES])
    sed = np.array([0.0, member.sed])[: here.shape[2]]
    score = member.advantage * advantage[:, None, None] + race[:, None] + sed
    constant = _root(lambda c: float((here * ndtr(score + c)).sum()) - wanted)
    found: np.ndarray = ndtr(score + constant)
    return found


def _root(f: Callable[[float], float]) -> float:
    low, high = -12.0, 12.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2
