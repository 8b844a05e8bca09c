"""Which neighbourhoods feed which schools, how large is each, and how well off are its families?

Homes are put in a row; contiguous homes feed one middle school, and contiguous middle schools one
high school, so that neighbours share schools and resemble one another.

To change how students choose: `_pool`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulations.population.world import World
from simulations.streams import Stream

TO_CHOICE: Final = 0.7
"""Share of choosing students who go to schools without an attendance area (assumed)."""

_NEAR: Final = {"high": 0.8, "middle": 0.25, "elementary": 0.1}
"""Spread of places around the zone above, as shares of the district's reach (assumed)."""


@dataclass(frozen=True)
class Zones:
    """Arrays over unit; `of_homes` holds the middle and the high school zone of each home."""

    seats: np.ndarray
    follows: np.ndarray
    pool: np.ndarray
    advantage: np.ndarray
    where: np.ndarray
    of_homes: np.ndarray


def largest_remainder(shares: np.ndarray, total: int) -> np.ndarray:
    """Share out a whole number in proportion, each share rounded so that the sum is right.

    >>> largest_remainder(np.array([1.0, 1.0, 2.0]), 5).tolist()
    [1, 1, 3]
    """
    exact = shares / max(shares.sum(), 1e-12) * total
    counts: np.ndarray = np.floor(exact).astype(int)
    most = np.argsort(-(exact - counts), kind="stable")[: total - int(counts.sum())]
    counts[most] += 1
    return counts


def lay_out(
    world: World,
    rng: Stream,
    *,
    district: str,
    school: np.ndarray,
    level: np.ndarray,
    kind: np.ndarray,
) -> Zones:
    """Give homes their seats, and lay zones of middle and high schools over them.

    Args:
        world: the numbers of the districts.
        rng: the generator of this district's places.
        district: its name.
        school: the school of each unit.
        level: the level of each unit (0 elementary, 1 middle, 2 high), in order.
        kind: the kind of school of each unit.
    """
    homes = int(np.sum(level == 0))
    size = rng.lognormal(0, world.schools.spread["elementary"], homes)
    size *= np.where(kind[:homes] == "elementary", 1, 0.7)  # parts are smaller
    spare = max(world.seats(district) - homes, 0)
    seats = np.zeros(len(level), dtype=int)
    seats[:homes] = 1 + largest_remainder(size, spare)
    middle = _areas(world, rng, level=1, units=(level, kind), feeders=seats[:homes])
    high = _areas(world, rng, level=2, units=(level, kind), feeders=seats[:homes])
    follows = _follows(school, level, middle, high)
    apart = _spatial(rng, world, np.stack([middle, high]), 1)[0]
    apart -= np.average(apart, weights=seats[:homes])
    advantage = _handed_on(apart, seats, follows, level, rng)
    pool = _pool(world, rng, level=level, fed=_fed(seats, follows))
    where = _where(rng, level, follows)
    return Zones(seats, follows, pool, advantage, where, np.stack([middle, high]))


def _areas(
    world: World,
    rng: Stream,
    *,
    level: int,
    units: tuple[np.ndarray, np.ndarray],
    feeders: np.ndarray,
) -> np.ndarray:
    """Cut the row of homes into the areas of a level's schools; gives the unit of each home."""
    levels, kinds = units
    name = ("elementary", "middle", "high")[level]
    own = np.flatnonzero((levels == level) & (kinds == name))
    count = max(1, round(len(own) * (1 - world.schools.choice[name])))
    size = rng.lognormal(0, world.schools.spread[name], count)
    middle = (np.cumsum(feeders) - feeders / 2) / feeders.sum()
    area = np.searchsorted(np.cumsum(size) / size.sum(), middle)
    found: np.ndarray = own[np.minimum(area, count - 1)]
    return found


def _follows(
    school: np.ndarray, level: np.ndarray, middle: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Say to which unit each unit's students go on; the same school where it teaches on."""
    follows = np.full(len(school), -1)
    homes = len(middle)
    follows[:homes] = middle
    middles = np.flatnonzero(level == 1)
    for place, unit in enumerate(middles):
        fed = np.flatnonzero(middle == unit)
        same = np.flatnonzero((school[:homes] == school[unit]) & (level[:homes] == 0))
        zone = fed if len(fed) else same
        # schools without an area are spread evenly over the row of homes
        near = zone[len(zone) // 2] if len(zone) else place * homes // len(middles)
        follows[unit] = high[near]
    for unit in np.flatnonzero(level < 2):  # noqa: PLR2004 (levels are numbered)
        own = np.flatnonzero((school == school[unit]) & (level == level[unit] + 1))
        if len(own):
            follows[unit] = own[0]
    return follows


def _spatial(rng: Stream, world: World, of_homes: np.ndarray, count: int) -> np.ndarray:
    """Draw standard normal numbers over homes that resemble one another within zones."""
    middle, high = of_homes
    parts = world.makeup.advantage
    units = int(of_homes.max()) + 1
    found: np.ndarray = np.sqrt(parts["high"]) * rng.standard_normal((count, units))[:, high]
    found += np.sqrt(parts["middle"]) * rng.standard_normal((count, units))[:, middle]
    found += np.sqrt(parts["elementary"]) * rng.standard_normal((count, len(middle)))
    return found


def spatial(rng: Stream, world: World, zones: Zones, count: int) -> np.ndarray:
    """Draw standard normal numbers over homes; neighbours resemble one another.

    Returns:
        An array over number (count) and home.
    """
    return _spatial(rng, world, zones.of_homes, count)


def _fed(seats: np.ndarray, follows: np.ndarray) -> np.ndarray:
    """Count the seats that feed each unit if nobody chooses."""
    fed = seats.copy()
    for unit in range(len(seats)):  # units are in the order of their levels
        if follows[unit] >= 0:
            fed[follows[unit]] += fed[unit]
    return fed


def _handed_on(
    homes: np.ndarray,
    seats: np.ndarray,
    follows: np.ndarray,
    level: np.ndarray,
    rng: Stream,
) -> np.ndarray:
    """Give later schools the mean advantage of those that feed them."""
    fed = seats.astype(float)
    total = np.zeros(len(seats))
    total[: len(homes)] = homes * seats[: len(homes)]
    for unit in range(len(seats)):
        if follows[unit] >= 0:
            total[follows[unit]] += total[unit]
            fed[follows[unit]] += fed[unit]
    by_choice = 0.3 * rng.standard_normal(len(seats))
    means = np.divide(total, fed, out=by_choice, where=fed > 0)
    return np.where(level == 0, np.append(homes, np.zeros(len(seats) - len(homes))), means)


def _pool(
    world: World,
    rng: Stream,
    *,
    level: np.ndarray,
    fed: np.ndarray,
) -> np.ndarray:
    """Say where students go who choose: a probability over the units of each level."""
    pool = np.zeros(len(level))
    for number in range(3):
        here = level == number
        free = here & (fed == 0)
        weight = np.where(free, rng.lognormal(0, world.schools.spread["choice"], len(level)), 0)
        share = TO_CHOICE if weight.any() and (here & ~free).any() else float(weight.any())
        pool += share * weight / max(weight.sum(), 1e-12)
        kept = np.where(here & ~free, fed, 0)
        pool += (1 - share) * kept / max(kept.sum(), 1)
    return pool


def _where(rng: Stream, level: np.ndarray, follows: np.ndarray) -> np.ndarray:
    """Put schools near the schools that they feed; in units of the district's reach."""
    spread = np.array([_NEAR["elementary"], _NEAR["middle"], _NEAR["high"]])[level]
    turn = rng.uniform(0, 2 * np.pi, len(level))
    away = np.sqrt(rng.uniform(0, 1, len(level))) * spread
    where: np.ndarray = away * np.stack([np.sin(turn), np.cos(turn)])
    for unit in range(len(level))[::-1]:
        if follows[unit] >= 0:
            where[:, unit] += where[:, follows[unit]]
    return where
