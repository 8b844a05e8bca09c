"""What is written of each student in a year? Columns cut from latent quantities.

To add a column: one function in `_COLUMNS` order, its type in `SCHEMA`, and its expectation in
`truth.py` if a measure counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from simulations.population.blocks import MARKS, RACES, SKILLS, SUBJECTS, level_of
from simulations.population.lives import EL, RFEP, Lives, progress_of
from simulations.population.places import codes
from simulations.population.records import COMES, GONE, LEAVES, STAYS, Records

SCHEMA: Final = pa.schema(
    [
        ("student", pa.string()),
        ("school", pa.string()),
        ("year", pa.int32()),
        ("grade", pa.int8()),
        ("race", pa.string()),
        *((name, pa.bool_()) for name in ("el", "rfep", "swd", "sed", "homeless", "foster")),
        ("days_enrolled", pa.int16()),
        ("days_absent", pa.float32()),
        *((name, pa.bool_()) for name in ("full_year", "alternate", "first_year_el")),
        ("ela_score", pa.float32()),
        ("math_score", pa.float32()),
        ("gpa", pa.float32()),
        ("mark_ela", pa.string()),
        ("mark_math", pa.string()),
        *((name, pa.int16()) for name in ("suspensions", "in_school_suspensions", "expulsions")),
        ("cohort", pa.int32()),
        ("graduated_in", pa.int8()),
        ("el_level", pa.int8()),
        ("el_level_before", pa.int8()),
        ("years_el", pa.int16()),
        ("redesignated", pa.bool_()),
        ("redesignated_state", pa.bool_()),
        *((name, pa.float32()) for name in SKILLS),
        ("climate", pa.float32()),
    ]
)
FIRST_MARKS: Final = 6
FIRST_SKILLS: Final = 4
FIRST_CLIMATE: Final = 5
FIRST_HIGH: Final = 9
LAST: Final = 12
LETTERS: Final = ("F", "D", "C", "B", "A")
LETTER_CUTS: Final = (0.5, 1.5, 2.5, 3.5)
CLIMATE_STEP: Final = 5.0
"""A student's share of favourable answers to twenty questions, in per cent."""

Column = tuple[np.ndarray, np.ndarray | None]
"""Values, and where there is one (None: everywhere)."""


def rows_of(records: Records) -> pa.Table:
    """Write the rows of one grade in one year as a table of students.

    Args:
        records: who has a row, and for how many days.
    """
    columns: dict[str, Column] = {
        **_who(records),
        **_days(records),
        **_scores(records),
        **_marks(records),
        **_conduct(records),
        **_graduation(records),
        **_english(records),
        **_answers(records),
    }
    arrays = [_array(name, columns[name], len(records.lives)) for name in SCHEMA.names]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _array(name: str, column: Column, size: int) -> pa.Array:
    values, known = column
    kind = SCHEMA.field(name).type
    if known is not None and not known.any():
        return pa.nulls(size, kind)
    if isinstance(values, pa.Array):
        return values
    mask = None if known is None else ~known
    return pa.array(values, mask=mask).cast(kind)


def _words(code: np.ndarray, words: tuple[str, ...], known: np.ndarray | None = None) -> pa.Array:
    mask = None if known is None else ~known
    coded = pa.array(code.astype(np.int32), mask=mask)
    return pa.DictionaryArray.from_arrays(coded, pa.array(words)).cast(pa.string())


def _who(records: Records) -> Mapping[str, Column]:
    now, lives = records.now, records.lives
    size = len(lives)
    race, sed, swd, _ = np.unravel_index(lives.makeup, (len(RACES), 2, 2, 2))
    u = records.draws("hard times").normals(lives.student, 2)
    s = now.town.world.students
    load = s.hard_times
    hard = load * lives.engagement + np.sqrt(1 - load**2) * u
    school = codes(now.town.world, now.town.places)
    words = tuple(school.tolist())
    return {
        "student": (pa.array(lives.student).cast(pa.string()), None),
        "school": (_words(now.town.places.school[lives.unit], words), None),
        "year": (np.full(size, now.year), None),
        "grade": (np.full(size, now.grade), None),
        "race": (_words(race, RACES), None),
        "el": (lives.language == EL, None),
        "rfep": (lives.language == RFEP, None),
        "swd": (swd == 1, None),
        "sed": (sed == 1, None),
        "homeless": ((sed == 1) & (hard[0] > -s.homeless), None),
        "foster": ((sed == 1) & (hard[1] > -s.foster), None),
        "full_year": (records.status == STAYS, None),
        "first_year_el": (lives.abroad & (records.status == COMES), None),
    }


def _days(records: Records) -> Mapping[str, Column]:
    share = np.exp(records.value("absence"))
    days = records.days
    # attendance is taken twice a day
    absent = np.minimum(np.rint(2 * days * share) / 2, days)
    return {"days_enrolled": (days, None), "days_absent": (absent, None)}


def takes_alternate(records: Records) -> np.ndarray:
    """Say who takes the alternate assessment: students with disabilities of low ability."""
    s = records.now.town.world.students
    z = records.draws("alternate").normals(records.lives.student)[0]
    load = s.alternate_ability
    score = load * records.lives.ability + np.sqrt(1 - load**2) * z
    found: np.ndarray = (records.lives.makeup // 2 % 2 == 1) & (score > -s.alternate)
    return found


def _scores(records: Records) -> Mapping[str, Column]:
    now, lives, world = records.now, records.lives, records.now.town.world
    alternate = takes_alternate(records)
    found: dict[str, Column] = {"alternate": (alternate, None)}
    empty = np.zeros(len(lives))
    if now.grade not in world.tests["ela"].grades:
        none = np.zeros(len(lives), dtype=bool)
        return found | {f"{subject}_score": (empty, none) for subject in SUBJECTS}
    u = records.uniforms("tested", len(SUBJECTS))
    gains = records.gains()
    for place, subject in enumerate(SUBJECTS):
        test = world.scale_of(subject)
        scale = test.grades[now.grade]
        intake = now.town.effects.intake[subject][lives.home]
        value = records.value(subject) + intake + gains[place]
        score = np.clip(np.rint(scale.mean + scale.sd * value), test.lowest, test.highest)
        tested = u[place] < world.students.tested[level_of(now.grade)]
        tested &= ~alternate & (records.status != LEAVES) & (records.status != GONE)
        if subject == "ela":  # learners of English in their first year take mathematics only
            tested &= ~(lives.abroad & (records.status == COMES))
        found[f"{subject}_score"] = (score, tested)
    return found


def _marks(records: Records) -> Mapping[str, Column]:
    now, size = records.now, len(records.lives)
    known = (records.status == STAYS) | (records.status == COMES)
    if now.grade < FIRST_MARKS:
        empty = (np.zeros(size), np.zeros(size, dtype=bool))
        return dict.fromkeys(("gpa", *MARKS), empty)
    u = records.uniforms("gpa known", 1)[0]
    gpa = np.round(np.clip(records.value("gpa"), 0, 4), 2)
    found: dict[str, Column] = {"gpa": (gpa, known & (u < now.town.world.students.gpa_known))}
    for name in MARKS:
        code = np.searchsorted(LETTER_CUTS, records.value(name))
        found[name] = (_words(code, LETTERS, known), known)
    return found


def _conduct(records: Records) -> Mapping[str, Column]:
    s = records.now.town.world.students
    value = records.value("suspension")
    u = records.uniforms("suspended again", 1)[0]
    here = records.status != GONE
    once = here & (value > 0)
    again = np.floor(np.log(u) / np.log(s.suspended_again))
    inside = here & (value <= 0) & (value > -s.in_school)
    return {
        "suspensions": (np.where(once, 1 + again, 0), None),
        "in_school_suspensions": (inside.astype(np.int64), None),
        "expulsions": ((here & (value > s.expelled)).astype(np.int64), None),
    }


def _graduation(records: Records) -> Mapping[str, Column]:
    now, size = records.now, len(records.lives)
    high = now.grade >= FIRST_HIGH
    last = now.grade == LAST
    # who moves away in the last year is no longer of the cohort
    member = np.full(size, high) & ~((records.status == LEAVES) & last)
    cohort: Column = (np.full(size, now.class_of), member)
    if not last:
        return {"cohort": cohort, "graduated_in": (np.zeros(size), np.zeros(size, dtype=bool))}
    four, five, six = (
        records.value(name) > 0 for name in ("graduating", "fifth_year", "sixth_year")
    )
    years = np.where(four, 4, np.where(five, 5, 6))
    known = member & (records.status != GONE) & (four | five | six)
    return {"cohort": cohort, "graduated_in": (years, known)}


def _english(records: Records) -> Mapping[str, Column]:
    now, lives = records.now, records.lives
    el = lives.language == EL
    rows = np.flatnonzero(el & (records.status != GONE))
    learners = lives.where(rows)
    told = progress_of(now, learners)
    stays = records.status[rows] != LEAVES
    level, before = np.zeros(len(lives)), np.zeros(len(lives))
    level[rows] = told.level
    here_before = rows[learners.before >= 0]
    before[here_before] = _last_level(records, lives.where(here_before))
    school_year, state = np.zeros((2, len(lives)), dtype=bool)
    school_year[rows] = told.redesignated & ~told.late & stays
    state[rows] = told.redesignated & stays
    years = np.where(lives.abroad, now.grade - lives.arrived + 1, max(now.grade, 0) + 1)
    return {
        "el_level": (level, el & (level > 0)),
        "el_level_before": (before, el & (before > 0)),
        "years_el": (years, el),
        "redesignated": (school_year, el),
        "redesignated_state": (state, el),
    }


def _last_level(records: Records, learners: Lives) -> np.ndarray:
    """Give the level that last year's row of the same students says."""
    then = records.now.before()
    past = replace(learners, unit=learners.before)
    return progress_of(then, past).level


def _answers(records: Records) -> Mapping[str, Column]:
    now = records.now
    share = now.town.world.students.answers
    u = records.uniforms("answers", 2)
    here = (records.status == STAYS) | (records.status == COMES)
    skills = here & (u[0] < share) & (now.grade >= FIRST_SKILLS)
    climate = here & (u[1] < share) & (now.grade >= FIRST_CLIMATE)
    zero = np.zeros(len(records.lives))
    found: dict[str, Column] = {}
    for name in SKILLS:
        value = records.value(name) if now.grade >= FIRST_SKILLS else zero
        found[name] = (np.round(np.clip(value, 1, 5), 2), skills)
    value = records.value("climate_students") if now.grade >= FIRST_CLIMATE else zero
    steps = np.rint(np.clip(value, 0, 100) / CLIMATE_STEP)
    return found | {"climate": (CLIMATE_STEP * steps, climate)}
