"""Which student sits on which seat, in which school, and what has the student been through?

A seat belongs to a home and a cohort. Its student grows up grade by grade; where a seat changes
hands, a newcomer of the same make-up takes it. Everything is a function of the names of the streams
and the numbers of seats and students, so any cohort can be made without the others.

To add an event of a year: `end_of_year`, and its expectation in `flows.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np

from simulations.population.blocks import KINDS, SUBJECTS
from simulations.population.english import Progress, progress
from simulations.population.town import Now, Town

ENGLISH, EL, RFEP = range(3)
_SEAT_SHIFT, _CLASS_SHIFT, _DISTRICT_SHIFT = 8, 32, 48
LAST_SAFE = 9
"""The last grade in which nobody has left school."""


@dataclass(frozen=True)
class Lives:
    """The students of one cohort on census day of a grade; arrays over student.

    `before` is last year's unit (-1: none), `gains` is what schools have added to scores so far,
    over subject and student.
    """

    student: np.ndarray
    home: np.ndarray
    unit: np.ndarray
    before: np.ndarray
    makeup: np.ndarray
    language: np.ndarray
    arrived: np.ndarray
    abroad: np.ndarray
    left: np.ndarray
    ability: np.ndarray
    engagement: np.ndarray
    gains: np.ndarray

    def __len__(self) -> int:
        """Count the students."""
        return len(self.student)

    @property
    def kind(self) -> np.ndarray:
        """The kind of each student: a place in the axes of `blocks.KINDS`, laid flat."""
        found: np.ndarray = (self.makeup // 2) * KINDS[3] + self.language
        return found

    @property
    def seat(self) -> np.ndarray:
        """The number of each student's seat."""
        found: np.ndarray = self.student & ~np.uint64(0xFF)
        return found

    def where(self, rows: np.ndarray) -> Lives:
        """Keep some students."""
        kept = {one.name: getattr(self, one.name)[..., rows] for one in fields(self)}
        return Lives(**kept)

    def replaced(self, rows: np.ndarray, others: Lives) -> Lives:
        """Put others on some seats."""
        found = {one.name: getattr(self, one.name).copy() for one in fields(self)}
        for name, array in found.items():
            array[..., rows] = getattr(others, name)
        return Lives(**found)


def joined(several: Sequence[Lives]) -> Lives:
    """Put the students of several groups one after the other."""
    names = [one.name for one in fields(Lives)]
    return Lives(**{n: np.concatenate([getattr(x, n) for x in several], axis=-1) for n in names})


def first_day(town: Town, class_of: int) -> Lives:
    """Fill the seats of a cohort on census day of kindergarten."""
    places = town.places
    homes = np.repeat(np.arange(places.homes), places.seats[: places.homes])
    seat = np.arange(len(homes), dtype=np.uint64) << np.uint64(_SEAT_SHIFT)
    first = int(town.world.districts[places.district].code) << _DISTRICT_SHIFT
    seat += np.uint64(first + (class_of << _CLASS_SHIFT))
    makeup = _makeup(town, seat, homes)
    none = np.zeros(len(homes), dtype=bool)
    origin = makeup % 2
    lives = Lives(
        student=seat,
        home=homes,
        unit=homes,
        before=np.full(len(homes), -1),
        makeup=makeup,
        language=np.where(origin == 1, EL, ENGLISH),
        arrived=np.zeros(len(homes), dtype=np.int64),
        abroad=none,
        left=none,
        ability=np.zeros(len(homes)),
        engagement=np.zeros(len(homes)),
        gains=np.zeros((len(SUBJECTS), len(homes))),
    )
    return _move(town.now(0, class_of - 12), _with_traits(town, lives), at_home=True)


def _makeup(town: Town, seat: np.ndarray, homes: np.ndarray) -> np.ndarray:
    """Draw the make-up of each seat: a place in race, sed, swd and origin, laid flat."""
    u = town.draws("makeup").uniforms(seat, 1)[0]
    shares = town.places.makeup.reshape(town.places.homes, -1)
    upto = np.cumsum(shares, axis=1)
    found = np.empty(len(seat), dtype=np.int64)
    ends = np.searchsorted(homes, np.arange(town.places.homes + 1))
    for home, (start, end) in enumerate(pairwise(ends)):
        found[start:end] = np.searchsorted(upto[home], u[start:end] * upto[home, -1], side="right")
    return np.minimum(found, shares.shape[1] - 1)


def _with_traits(town: Town, lives: Lives) -> Lives:
    z = town.draws("traits").normals(lives.student, 2)
    return replace(lives, ability=z[0], engagement=z[1])


def lives_at(now: Now) -> Lives:
    """Give the students of a cohort on census day of a grade (kindergarten or later)."""
    lives = first_day(now.town, now.class_of)
    for grade in range(now.grade):
        lives = end_of_year(now.before(now.grade - grade), lives)
    return lives


def changing_hands(now: Now, lives: Lives) -> tuple[np.ndarray, np.ndarray]:
    """Say which seats change hands within the year, and when (0-1, for each of these)."""
    u = now.town.draws("arrivals").uniforms(lives.seat, 2, draw=now.grade)
    rows = np.flatnonzero((u[0] < now.town.world.students.arrivals) & ~lives.left)
    return rows, u[1][rows]


def newcomers(now: Now, lives: Lives) -> Lives:
    """Draw those who take over the seats of some students within the year."""
    students = lives.student + np.uint64(1)
    u = now.town.draws("newcomers").uniforms(students, 1)[0]
    origin = lives.makeup % 2
    none = np.zeros(len(lives), dtype=bool)
    fresh = replace(
        lives,
        student=students,
        before=np.full(len(lives), -1),
        language=np.where(origin == 1, EL, ENGLISH),
        arrived=np.full(len(lives), now.grade),
        abroad=(origin == 1) & (u < now.town.world.students.abroad),
        left=none,
        gains=np.zeros_like(lives.gains),
    )
    return _elsewhere(now, _with_traits(now.town, fresh))


def _elsewhere(now: Now, lives: Lives) -> Lives:
    """Let newcomers who were learners elsewhere be redesignated there, at an average school."""
    language = lives.language.copy()
    for grade in range(now.grade):
        rows = np.flatnonzero((language == EL) & ~lives.abroad)
        then = now.before(now.grade - grade)
        some = lives.where(rows)
        told = progress(
            then,
            student=some.student,
            proficiency=proficiency(then, some, here=False),
            readiness=np.zeros(1),
        )
        language[rows[told.redesignated]] = RFEP
    return replace(lives, language=language)


def progress_of(now: Now, learners: Lives) -> Progress:
    """Draw a year of learners of English at the schools where they are."""
    return progress(
        now,
        student=learners.student,
        proficiency=proficiency(now, learners),
        readiness=readiness(now, learners),
    )


def proficiency(now: Now, lives: Lives, *, here: bool = True) -> np.ndarray:
    """Give what is expected of learners' proficiency in English, the luck of the year included."""
    latent = now.latent("english")
    kind = latent.kinds()[..., EL].ravel()[lives.makeup // 2]
    found: np.ndarray = now.fixed("english") + kind + latent.ability * lives.ability
    if here:
        found = found + (now.town.effects.latents["english"] + now.shocks("english"))[lives.unit]
    return found


def readiness(now: Now, lives: Lives) -> np.ndarray:
    """Give the school's part of the decision to redesignate, the luck of the year included."""
    name = "redesignating"
    found: np.ndarray = (now.town.effects.latents[name] + now.shocks(name))[lives.unit]
    return found


def end_of_year(now: Now, lives: Lives) -> Lives:
    """Let a year pass: seats change hands, learners are redesignated, some leave, all move on."""
    rows, _ = changing_hands(now, lives)
    lives = lives.replaced(rows, newcomers(now, lives.where(rows)))
    lives = _redesignate(now, lives)
    lives = replace(lives, gains=gains(now, lives))
    if now.grade >= LAST_SAFE:
        lives = replace(lives, left=lives.left | _leave(now, lives))
    return _move(now.before(-1), lives)


def _redesignate(now: Now, lives: Lives) -> Lives:
    rows = np.flatnonzero((lives.language == EL) & ~lives.left)
    told = progress_of(now, lives.where(rows))
    language = lives.language.copy()
    language[rows[told.redesignated]] = RFEP
    return replace(lives, language=language)


def gains(now: Now, lives: Lives) -> np.ndarray:
    """Give what schools have added to scores by the end of the year, over subject and student."""
    kept = now.town.world.growth.persistence * lives.gains
    added = [now.town.effects.value_added[subject][lives.unit] for subject in SUBJECTS]
    found: np.ndarray = kept + np.stack(added)
    return found


def _leave(now: Now, lives: Lives) -> np.ndarray:
    latent = now.latent("leaving")
    z = now.town.draws("leaving").normals(lives.student, draw=now.year)[0]
    value = now.fixed("leaving") + latent.kinds().ravel()[lives.kind] + latent.noise * z
    value += latent.ability * lives.ability + latent.engagement * lives.engagement
    value += (now.town.effects.latents["leaving"] + now.shocks("leaving"))[lives.unit]
    found: np.ndarray = value > 0
    return found


def _move(now: Now, lives: Lives, *, at_home: bool = False) -> Lives:
    """Go on to the next grade's school, at the start of a year; some choose another."""
    places, world = now.town.places, now.town.world
    u = now.town.draws("moves").uniforms(lives.seat, 2, draw=now.grade)
    level = {0: "elementary", 6: "middle", 9: "high"}.get(now.grade)
    share = world.schools.choosing[level] if level else world.students.moves
    unit = places.follows[lives.unit] if level and not at_home else lives.unit
    units = places.at_level((now.grade > 5) + (now.grade > 8))  # noqa: PLR2004 (grades)
    upto = np.cumsum(places.pool[units])
    chosen = units[np.minimum(np.searchsorted(upto, u[1] * upto[-1]), len(units) - 1)]
    unit = np.where(u[0] < share, chosen, unit)
    before = lives.before if at_home else lives.unit
    return replace(lives, before=before, unit=np.where(lives.left, lives.unit, unit))
