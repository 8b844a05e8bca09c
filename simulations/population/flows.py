"""How many students of each kind are expected at each school, in each grade of a cohort?

The same events as in `lives.py`, for expected numbers in place of single students. Ability (and, in
high school, engagement) is followed at a few nodes of Gauss-Hermite quadrature, because who is
still an English learner, and who has left school, depends on it. Up to grade 8 nothing that
happens depends on engagement, so one node carries it there.

Two approximations: given kind and school, what schools have added to scores is independent of
language status and of who leaves; both matter for students who have moved, and little.

To add an event of a year: `next_year`, and its draw in `lives.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from simulations.population.blocks import KINDS, SUBJECTS
from simulations.population.english import chance_of_levels, chance_of_redesignation
from simulations.population.lives import EL, ENGLISH, LAST_SAFE, RFEP
from simulations.population.town import Now, Town

NODES = 9
ENGAGEMENT = 5
LEVELS_OF_ENGLISH = 4
_KINDS = KINDS[0] * KINDS[1] * KINDS[2]
_LAST_MIDDLE = 8
N, INTAKE, INTAKE_2, ADDED, ADDED_2, BOTH = range(6)


@dataclass(frozen=True)
class Nodes:
    """Values and weights at which a standard normal quantity is followed."""

    value: np.ndarray
    weight: np.ndarray


@lru_cache(maxsize=4)
def nodes(count: int) -> Nodes:
    """Give Gauss-Hermite nodes for a standard normal quantity; one node stands for all of it.

    >>> three = nodes(3)
    >>> round(float(three.weight @ three.value**4), 9)
    3.0
    """
    value, weight = np.polynomial.hermite_e.hermegauss(count)
    return Nodes(value, weight / weight.sum())


@dataclass(frozen=True)
class Crowd:
    """Expected students of a cohort on census day; arrays over the units of the grade's level.

    `units` says which units these are. `mass` is over unit, kind (race, sed, swd), language,
    ability and engagement; `gone` over unit, kind and language; `levels` holds learners who were
    here last year, over unit, kind, last year's level and ability; `paths` holds moments of intake
    and gains (times mass) over moment, subject, unit, kind and origin.
    """

    units: np.ndarray
    mass: np.ndarray
    gone: np.ndarray
    levels: np.ndarray
    paths: np.ndarray

    @property
    def engagement(self) -> Nodes:
        """The nodes of engagement that the mass is followed at."""
        return nodes(self.mass.shape[-1])

    def effect(self, now: Now, name: str) -> np.ndarray:
        """Give what a school adds to a latent quantity, over unit."""
        found: np.ndarray = now.town.effects.latents[name][self.units]
        return found


def by_origin(array: np.ndarray) -> np.ndarray:
    """Add up learners and former learners: the third axis becomes origin."""
    return np.stack([array[:, :, ENGLISH], array[:, :, EL] + array[:, :, RFEP]], axis=2)


def first_crowd(town: Town, class_of: int) -> Crowd:
    """Give the expected students on census day of kindergarten."""
    places = town.places
    homes = places.homes
    share = places.makeup.reshape(homes, _KINDS, 2) * places.seats[:homes, None, None]
    paths = np.zeros((6, len(SUBJECTS), homes, _KINDS, 2))
    paths[N] = share
    for place, subject in enumerate(SUBJECTS):
        intake = town.effects.intake[subject][:homes, None, None]
        paths[INTAKE, place], paths[INTAKE_2, place] = share * intake, share * intake**2
    mass = np.zeros((homes, _KINDS, KINDS[3], NODES, 1))
    mass[:, :, [ENGLISH, EL]] = share[..., None, None] * nodes(NODES).weight[:, None]
    gone = np.zeros((homes, _KINDS, KINDS[3]))
    levels = np.zeros((homes, _KINDS, LEVELS_OF_ENGLISH, NODES))
    crowd = Crowd(np.arange(homes), mass, gone, levels, paths)
    return _moved(town.now(0, class_of - 12), crowd, at_home=True)


def learners(now: Now, effect: np.ndarray) -> np.ndarray:
    """Give learners' expected proficiency over unit, kind and ability; `effect` is the unit's."""
    latent = now.latent("english")
    kind = latent.kinds()[..., EL].ravel()
    value = now.fixed("english") + kind[:, None] + latent.ability * nodes(NODES).value
    found: np.ndarray = value + effect[:, None, None]
    return found


def chance_here(now: Now, crowd: Crowd) -> np.ndarray:
    """Give learners' chance of redesignation over unit, kind and ability."""
    readiness = crowd.effect(now, "redesignating")[:, None, None]
    value = learners(now, crowd.effect(now, "english"))
    return chance_of_redesignation(now, proficiency=value, readiness=readiness)


def still_learners(now: Now) -> np.ndarray:
    """Give the chance to be a learner still after school elsewhere, over kind and ability."""
    chance = np.ones((_KINDS, NODES))
    for grade in range(now.grade):
        then = now.before(now.grade - grade)
        value, none = learners(then, np.zeros(1)), np.zeros(1)
        passed = chance_of_redesignation(then, proficiency=value, readiness=none, shocked=False)
        chance = chance * (1 - passed[0])
    return chance


def arrivals(now: Now, crowd: Crowd) -> np.ndarray:
    """Give the expected newcomers within a year, over the axes of `Crowd.mass`."""
    students = now.town.world.students
    seats = by_origin(crowd.mass.sum(axis=(3, 4))) * students.arrivals
    learner = students.abroad + (1 - students.abroad) * still_learners(now)
    chance = np.stack([learner, 1 - learner], axis=1)  # EL, RFEP
    found = np.empty_like(crowd.mass[..., 0])
    found[:, :, ENGLISH] = seats[:, :, 0, None]
    found[:, :, [EL, RFEP]] = seats[:, :, 1, None, None] * chance
    weight = nodes(NODES).weight[:, None] * crowd.engagement.weight
    fresh: np.ndarray = found[..., None] * weight
    return fresh


def next_year(now: Now, crowd: Crowd) -> Crowd:
    """Let a year pass, as in `lives.end_of_year`."""
    share = now.town.world.students.arrivals
    mass = (1 - share) * crowd.mass + arrivals(now, crowd)
    levels = _levels(now, crowd, mass[:, :, EL].sum(axis=-1))
    passed = mass[:, :, EL] * chance_here(now, crowd)[..., None]
    mass[:, :, EL] -= passed
    mass[:, :, RFEP] += passed
    crowd = replace(crowd, mass=mass, levels=levels, paths=paths_at_test(now, crowd, share))
    if now.grade >= LAST_SAFE:
        crowd = _left(now, crowd)
    return _moved(now.before(-1), crowd)


def _levels(now: Now, crowd: Crowd, mass: np.ndarray) -> np.ndarray:
    """Share out learners who are not redesignated over the level that they have this year."""
    decision = now.latent("redesignating")
    level = np.moveaxis(chance_of_levels(now, learners(now, crowd.effect(now, "english"))), 0, 2)
    base = now.fixed("redesignating") + crowd.effect(now, "redesignating")
    chance = np.zeros((len(base), LEVELS_OF_ENGLISH))
    chance[:, 2] = ndtr(base / decision.spread)
    chance[:, 3] = ndtr((base + now.town.world.english.highest_level) / decision.spread)
    found: np.ndarray = mass[:, :, None] * level * (1 - chance)[:, None, :, None]
    return found


def paths_at_test(now: Now, crowd: Crowd, newcomers: float) -> np.ndarray:
    """Add the year's gains to the moments of paths.

    Args:
        now: district, grade and year.
        crowd: the students on census day.
        newcomers: the share of seats whose new students start without gains (0: only those who
            stay).
    """
    kept = now.town.world.growth.persistence
    found = crowd.paths.copy()
    for place, subject in enumerate(SUBJECTS):
        v = now.town.effects.value_added[subject][crowd.units][:, None, None]
        n, intake, _, added, added_2, both = crowd.paths[:, place]
        stay = 1 - newcomers
        found[ADDED, place] = stay * kept * added + v * n
        found[ADDED_2, place] = stay * (kept**2 * added_2 + 2 * kept * v * added) + v**2 * n
        found[BOTH, place] = stay * kept * both + v * intake
    return found


def _left(now: Now, crowd: Crowd) -> Crowd:
    latent = now.latent("leaving")
    unit = now.fixed("leaving") + crowd.effect(now, "leaving")
    kind = latent.kinds().reshape(_KINDS, KINDS[3])
    value = unit[:, None, None, None, None] + kind[:, :, None, None]
    value = value + latent.ability * nodes(NODES).value[:, None]
    value = value + latent.engagement * crowd.engagement.value
    leaving = crowd.mass * ndtr(value / latent.spread)
    learner = crowd.mass[:, :, EL].sum(axis=-1)
    share = leaving[:, :, EL].sum(axis=-1) / np.maximum(learner, 1e-300)
    return replace(
        crowd,
        mass=crowd.mass - leaving,
        gone=crowd.gone + leaving.sum(axis=(3, 4)),
        levels=crowd.levels * (1 - share)[:, :, None],
    )


def _moved(now: Now, crowd: Crowd, *, at_home: bool = False) -> Crowd:
    """Move everyone to the next grade's school, as in `lives._move`; who has left stays put."""
    places, world = now.town.places, now.town.world
    level = {0: "elementary", 6: "middle", 9: "high"}.get(now.grade)
    share = world.schools.choosing[level] if level else world.students.moves
    units = places.at_level((now.grade > 5) + (now.grade > _LAST_MIDDLE))  # noqa: PLR2004
    pool = places.pool[units] / places.pool[units].sum()
    onward = level is not None and not at_home
    goes_to = np.searchsorted(units, places.follows[crowd.units]) if onward else None

    def move(array: np.ndarray) -> np.ndarray:
        """Move an array whose first axis is unit."""
        goes = array
        if goes_to is not None:
            goes = np.zeros((len(units), *array.shape[1:]))
            np.add.at(goes, goes_to, array)
        found = pool.reshape(-1, *(1,) * (array.ndim - 1)) * (share * array.sum(axis=0))
        found += (1 - share) * goes
        moved: np.ndarray = found
        return moved

    mass = move(crowd.mass)
    if now.grade == _LAST_MIDDLE + 1:
        mass = mass * nodes(ENGAGEMENT).weight  # from here on, engagement decides who leaves
    gone = crowd.gone if goes_to is None else np.zeros((len(units), *crowd.gone.shape[1:]))
    paths = np.moveaxis(move(np.moveaxis(crowd.paths, 2, 0)), 0, 2)
    return Crowd(units, mass, gone, move(crowd.levels), paths)
