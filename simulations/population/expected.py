"""What is the chance that a student of a kind counts for a measure? Normal integrals, no draws.

Each measure of `MEASURES` gives, for the students of one grade and year, who counts (weights) and
what is expected of them (a share, or a mean), over unit, kind, language, ability and engagement.
Students are those enrolled all year; absence counts all with 30 days or more, suspension everybody.

To add a measure: one function here, its name in `MEASURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
from scipy.special import ndtr

from simulations.population.blocks import KINDS, MARKS, SKILLS, SUBJECTS
from simulations.population.english import chance_of_levels
from simulations.population.flows import (
    ADDED,
    ADDED_2,
    BOTH,
    ENGAGEMENT,
    INTAKE,
    INTAKE_2,
    NODES,
    Crowd,
    N,
    Nodes,
    arrivals,
    chance_here,
    learners,
    nodes,
    paths_at_test,
)
from simulations.population.lives import EL
from simulations.population.records import DATES
from simulations.population.rows import (
    CLIMATE_STEP,
    FIRST_CLIMATE,
    FIRST_SKILLS,
    LAST,
    LETTER_CUTS,
)
from simulations.population.town import Now

READY_GRADE: Final = 8
READY_GPA: Final = 2.5
ATTENDS: Final = 0.96
CHRONIC: Final = 0.1
FINE: Final = 2001
"""Points of a table that stands for a smooth function."""

FEWEST_DAYS: Final = 30
_HALF_CENT: Final = 0.005
_C: Final = LETTER_CUTS[1]


@dataclass(frozen=True)
class Cell:
    """Who counts, and what is expected of them; `value` is broadcast against `weight`."""

    weight: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Setting:
    """The students of one grade in one year, before anything is measured."""

    now: Now
    crowd: Crowd

    @cached_property
    def stays(self) -> np.ndarray:
        """Students enrolled all year, over unit, kind, language, ability and engagement."""
        if self.now.grade < 0:  # transitional kindergarten
            return self.crowd.mass * self.now.town.world.students.transitional_kindergarten
        return self.crowd.mass * (1 - self.now.town.world.students.arrivals)

    @cached_property
    def leaves(self) -> np.ndarray:
        """Students who leave within the year."""
        share = self.now.town.world.students.arrivals if self.now.grade >= 0 else 0.0
        return self.crowd.mass * share

    @cached_property
    def comes(self) -> np.ndarray:
        """Students who come within the year."""
        if self.now.grade < 0:
            return np.zeros_like(self.crowd.mass)
        return arrivals(self.now, self.crowd)

    def spread(self, name: str, engagement: Nodes) -> float:
        """The spread of a quantity that its index leaves open."""
        latent = self.now.latent(name)
        single = len(engagement.value) == 1  # one node stands for all of engagement
        return float(np.hypot(latent.spread, latent.engagement if single else 0))

    def index(self, name: str, engagement: Nodes | None = None) -> np.ndarray:
        """Give what is expected of a quantity, over the axes of the crowd's mass."""
        latent = self.now.latent(name)
        unit = self.now.fixed(name) + self.crowd.effect(self.now, name)
        kind = latent.kinds().reshape(-1, KINDS[3])[:, :, None, None]
        found = unit[:, None, None, None, None] + kind
        found = found + latent.ability * nodes(NODES).value[:, None]
        other = (engagement or self.crowd.engagement).value
        result: np.ndarray = found + latent.engagement * other
        return result

    def chance(self, name: str, above: float, engagement: Nodes | None = None) -> np.ndarray:
        """Give the chance that a quantity lies above a value."""
        spread = self.spread(name, engagement or self.crowd.engagement)
        found: np.ndarray = ndtr((self.index(name, engagement) - above) / spread)
        return found


def _met(subject: str, setting: Setting) -> Iterator[Cell]:
    now, crowd = setting.now, setting.crowd
    test = now.town.world.scale_of(subject)
    if now.grade not in test.grades:
        return
    place = SUBJECTS.index(subject)
    paths = paths_at_test(now, crowd, 0.0)[:, place]
    seats = np.maximum(paths[N], 1e-300)
    mean = (paths[INTAKE] + paths[ADDED]) / seats
    square = (paths[INTAKE_2] + 2 * paths[BOTH] + paths[ADDED_2]) / seats
    origin = [0, 1, 1]  # of each language
    apart = np.sqrt(np.maximum(square - mean**2, 0))[:, :, origin, None, None]
    scale = test.grades[now.grade]
    # scores are rounded, so half a point less is enough
    cut = (scale.met - 0.5 - scale.mean) / scale.sd
    spread = np.hypot(setting.spread(subject, crowd.engagement), apart)
    value = setting.index(subject) + mean[:, :, origin, None, None]
    yield Cell(setting.stays * _not_alternate(setting), ndtr((value - cut) / spread))


def _not_alternate(setting: Setting) -> np.ndarray:
    s = setting.now.town.world.students
    load = s.alternate_ability
    chance = ndtr((-s.alternate - load * nodes(NODES).value) / np.sqrt(1 - load**2))
    both = np.stack([np.ones(NODES), chance])
    swd = np.arange(KINDS[0] * KINDS[1] * KINDS[2]) % 2
    found: np.ndarray = both[swd][:, None, :, None]
    return found


def _absent(setting: Setting) -> Iterator[Cell]:
    index = setting.index("absence")
    spread = setting.spread("absence", setting.crowd.engagement)
    days = setting.now.town.world.students.days
    # who leaves stays for one of these spans, who comes for the rest of the year: the same spans
    spans = [days * date // DATES for date in range(1, DATES)]
    enough = [span for span in spans if span >= FEWEST_DAYS]

    def part_of_year(x: np.ndarray) -> np.ndarray:
        chances = [ndtr((x - _chronic(span)) / spread) for span in enough]
        found: np.ndarray = np.mean(chances, axis=0)
        return found

    yield Cell(setting.stays, ndtr((index - _chronic(days)) / spread))
    share = len(enough) / len(spans)
    yield Cell(share * (setting.leaves + setting.comes), tabulated(part_of_year, index))


def _chronic(days: int) -> float:
    """Give the log of the share of days from which a tenth is missed, taken twice a day."""
    halves = np.ceil(round(2 * CHRONIC * days, 9))
    return float(np.log((halves - 0.5) / (2 * days)))


def tabulated(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Read a smooth function off a fine table; right to about a millionth.

    >>> x = np.linspace(0, 1, 7)
    >>> bool(np.allclose(tabulated(np.sin, x), np.sin(x), atol=1e-6, rtol=0))
    True
    """
    grid = np.linspace(float(x.min()), float(x.max()) + 1e-9, FINE)
    found: np.ndarray = np.interp(x, grid, function(grid))
    return found


def _suspended(setting: Setting) -> Iterator[Cell]:
    yield Cell(setting.stays + setting.leaves + setting.comes, setting.chance("suspension", 0))


def _ready(setting: Setting) -> Iterator[Cell]:
    if setting.now.grade != READY_GRADE:
        return
    days = setting.now.town.world.students.days
    halves = np.floor(round(2 * (1 - ATTENDS) * days, 9))
    often = float(np.log((halves + 0.5) / (2 * days)))
    engagement = nodes(ENGAGEMENT)
    ready = setting.chance("gpa", READY_GPA - _HALF_CENT, engagement)
    for name in MARKS:
        ready = ready * setting.chance(name, _C, engagement)
    ready = ready * (1 - setting.chance("absence", often, engagement))
    ready = ready * (1 - setting.chance("suspension", 0, engagement))
    yield Cell(setting.stays * engagement.weight, ready)


def _graduated(years: int, setting: Setting) -> Iterator[Cell]:
    if setting.now.grade != LAST:
        return
    later = ("graduating", "fifth_year", "sixth_year")[: years - 3]
    not_yet = np.ones(())
    for name in later:
        not_yet = not_yet * (1 - setting.chance(name, 0))
    yield Cell(setting.stays + setting.comes, 1 - not_yet)
    gone = setting.crowd.gone[..., None, None]
    yield Cell(gone, np.zeros(()))


def _learners(setting: Setting) -> np.ndarray:
    only = np.zeros((KINDS[3], 1, 1))
    only[EL] = 1
    found: np.ndarray = setting.stays * only
    return found


def _redesignated(setting: Setting, *, state: bool) -> Iterator[Cell]:
    now = setting.now
    late = now.town.world.students.redesignated_late[now.town.places.district]
    chance = chance_here(now, setting.crowd) * (1 if state else 1 - late)
    yield Cell(_learners(setting), chance[:, :, None, :, None])


def _progressed(setting: Setting) -> Iterator[Cell]:
    now, crowd = setting.now, setting.crowd
    level = chance_of_levels(now, learners(now, crowd.effect(now, "english")))
    above = np.cumsum(level[::-1], axis=0)[::-1]
    gained = [*above[1:], level[-1]]  # the highest level again counts as progress
    for before, chance in enumerate(gained):
        weight = np.zeros_like(crowd.mass[..., :1])
        share = 1 - now.town.world.students.arrivals
        weight[:, :, EL, :, 0] = crowd.levels[:, :, before] * share
        yield Cell(weight, chance[:, :, None, :, None])


def _skill(name: str, setting: Setting) -> Iterator[Cell]:
    if setting.now.grade < FIRST_SKILLS:
        return
    spread = setting.spread(name, setting.crowd.engagement)
    expected = partial(clipped_mean, spread=spread, span=(1.0, 5.0))
    yield Cell(setting.stays, tabulated(expected, setting.index(name)))


def clipped_mean(mean: np.ndarray, spread: float, span: tuple[float, float]) -> np.ndarray:
    """Give the mean of a normal quantity that is brought back into a span.

    >>> float(clipped_mean(np.array(3.0), 1.0, (1.0, 5.0)))
    3.0
    """
    low, high = ((end - mean) / max(spread, 1e-12) for end in span)
    density = np.exp(-(np.stack([low, high]) ** 2) / 2) / np.sqrt(2 * np.pi)
    inside = ndtr(high) - ndtr(low)
    found = span[0] * ndtr(low) + span[1] * ndtr(-high)
    result: np.ndarray = found + mean * inside + spread * (density[0] - density[1])
    return result


def _climate(setting: Setting) -> Iterator[Cell]:
    if setting.now.grade < FIRST_CLIMATE:
        return
    spread = setting.spread("climate_students", setting.crowd.engagement)
    steps = np.arange(CLIMATE_STEP, 100 + CLIMATE_STEP, CLIMATE_STEP) - CLIMATE_STEP / 2

    def expected(mean: np.ndarray) -> np.ndarray:
        chances = ndtr((mean[..., None] - steps) / spread)
        found: np.ndarray = CLIMATE_STEP * chances.sum(axis=-1)
        return found

    yield Cell(setting.stays, tabulated(expected, setting.index("climate_students")))


MEASURES: Final[Mapping[str, Callable[[Setting], Iterator[Cell]]]] = {
    **{subject: partial(_met, subject) for subject in SUBJECTS},
    "readiness": _ready,
    **{f"graduation_{years}": partial(_graduated, years) for years in (4, 5, 6)},
    "absence": _absent,
    "suspension": _suspended,
    "redesignation": partial(_redesignated, state=False),
    "redesignation_state": partial(_redesignated, state=True),
    "el_progress": _progressed,
    **{name: partial(_skill, name) for name in SKILLS},
    "climate_students": _climate,
}
"""Measures made of students; those on a scale of their own are in `OWN_SCALE`."""

OWN_SCALE: Final = (*SKILLS, "climate_students")
