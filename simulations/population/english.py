"""How do English learners advance, and who is redesignated?

Proficiency is cut into four levels. A learner at level 3 or 4 may be redesignated within the year.
Neither depends on anything of earlier years but the student's ability, so that the share of
learners in each grade can be computed exactly (`flows.py`).

To change the rule of redesignation: `progress` and `chance_of_redesignation`, together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from simulations.population.town import Now


@dataclass(frozen=True)
class Progress:
    """What comes of a year: the level (1-4), redesignated or not, and whether late.

    Late: after the end of the school year and before the next census day, so that the state's
    window counts it and the district's does not.
    """

    level: np.ndarray
    redesignated: np.ndarray
    late: np.ndarray


def progress(
    now: Now, *, student: np.ndarray, proficiency: np.ndarray, readiness: np.ndarray
) -> Progress:
    """Draw a year of learners of English.

    Args:
        now: district, grade and year.
        student: numbers of the students.
        proficiency: what is expected of their proficiency, ability and school included.
        readiness: the school's part of the decision to redesignate.
    """
    world = now.town.world
    decision = now.latent("redesignating")
    draws = now.town.draws("english")
    u = draws.uniforms(student, 1, draw=2 * now.year)[0]
    z = draws.normals(student, 2, draw=2 * now.year + 1)
    value = proficiency + now.latent("english").noise * z[0]
    level = 1 + np.searchsorted(world.english.cuts, value)
    top = len(world.english.cuts) + 1
    value = now.fixed("redesignating") + readiness + decision.noise * z[1]
    value = value + world.english.highest_level * (level == top)
    passed = (level >= top - 1) & (value > 0)
    late = passed & (u < world.students.redesignated_late[now.town.places.district])
    return Progress(level, passed, late)


def chance_of_levels(now: Now, proficiency: np.ndarray, *, shocked: bool = True) -> np.ndarray:
    """Give the chance of each level, over level and the axes of `proficiency`."""
    english = now.latent("english")
    spread = english.spread if shocked else english.noise
    below = [ndtr((cut - proficiency) / spread) for cut in now.town.world.english.cuts]
    edges = np.stack([np.zeros_like(below[0]), *below, np.ones_like(below[0])])
    return np.diff(edges, axis=0)


def chance_of_redesignation(
    now: Now, *, proficiency: np.ndarray, readiness: np.ndarray, shocked: bool = True
) -> np.ndarray:
    """Give the chance of a learner to be redesignated in a year.

    Args:
        now: district, grade and year.
        proficiency: as in `progress`.
        readiness: as in `progress`; it is broadcast against proficiency.
        shocked: count the luck of the year as one more source of chance.
    """
    decision = now.latent("redesignating")
    spread = decision.spread if shocked else decision.noise
    level = chance_of_levels(now, proficiency, shocked=shocked)
    base = now.fixed("redesignating") + readiness
    high = ndtr((base + now.town.world.english.highest_level) / spread)
    found: np.ndarray = level[-2] * ndtr(base / spread) + level[-1] * high
    return found
