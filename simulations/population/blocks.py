"""What is a block of a world's file, and what do its numbers mean?

To add a number: a field of the block that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

RACES: Final = (
    "black",
    "hispanic",
    "white",
    "asian",
    "filipino",
    "pacific_islander",
    "american_indian",
    "multiracial",
)
Level = Literal["elementary", "middle", "high"]
LEVELS: Final[tuple[Level, ...]] = ("elementary", "middle", "high")
LANGUAGES: Final = ("english", "el", "rfep")
KINDS: Final = (len(RACES), 2, 2, len(LANGUAGES))
"""Kinds of students: race, disadvantaged or not, with a disability or not, language."""

SUBJECTS: Final = ("ela", "math")
SKILLS: Final = ("growth_mindset", "self_efficacy", "self_management", "social_awareness")
MARKS: Final = ("mark_ela", "mark_math")
SURVEYS: Final = ("climate_staff", "climate_family")
LATENTS: Final = (
    *SUBJECTS,
    "absence",
    "suspension",
    "gpa",
    *MARKS,
    "leaving",
    "graduating",
    "fifth_year",
    "sixth_year",
    "english",
    "redesignating",
    *SKILLS,
    "climate_students",
    *SURVEYS,
)
_LEVEL: Final[Mapping[int | Level, float]] = dict.fromkeys(LEVELS, 0.0)
Share = Annotated[float, Field(ge=0, le=1)]
Spread = Annotated[float, Field(ge=0)]
ByGrade = Mapping[int | Level, float]


def level_of(grade: int) -> Level:
    """Name the level of a grade: elementary to 5, middle to 8, then high.

    >>> [level_of(grade) for grade in (-1, 5, 6, 12)]
    ['elementary', 'elementary', 'middle', 'high']
    """
    return LEVELS[(grade > 5) + (grade > 8)]  # noqa: PLR2004 (grades are numbers)


def at(numbers: ByGrade, grade: int) -> float:
    """Read a number that is given for a grade, or else for its level.

    >>> at({"elementary": 1.0, 5: 2.0}, 4), at({"elementary": 1.0, 5: 2.0}, 5)
    (1.0, 2.0)
    """
    return float(numbers[grade] if grade in numbers else numbers[level_of(grade)])


class Block(BaseModel):
    """A block of numbers with its source; `fitted` says which of them were fitted to what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cite: str
    evidence: Literal["law", "official", "data", "derived", "secondary", "recalled"]
    fitted: str = ""


class District(Block):
    """One district: census enrollment, schools, place and make-up (shares of students)."""

    name: str
    code: str
    waiver: bool = True
    students: int = Field(gt=0)
    schools: int = Field(gt=0)
    latitude: float
    longitude: float
    reach: Spread
    races: Mapping[str, Share]
    sed: Share
    el: Share
    swd: Share


class Schools(Block):
    """How many schools of each kind, how their sizes differ, and how students choose them.

    `shares` counts schools by kind; `choice` is the share of middle and high schools without an
    attendance area; `choosing` the share of students who do not go where their area feeds.
    `spread` is that of the logarithm of sizes, also of schools without an area (`choice`).
    """

    shares: Mapping[str, Share]
    spread: Mapping[str, Spread]
    choice: Mapping[str, Share]
    choosing: Mapping[str, Share]
    parts_alike: Share
    title1: Share


class Membership(Block):
    """Who belongs to a group: normal scores by race, disadvantage and the school's advantage."""

    races: Mapping[str, float] = Field(default_factory=dict)
    sed: float = 0
    advantage: float = 0


class Makeup(Block):
    """How students differ between neighbourhoods.

    `advantage` shares the variance of a neighbourhood's advantage (1) over high school zones,
    middle school zones and schools; `races` says how each race goes with it.
    """

    advantage: Mapping[str, Share]
    races: Mapping[str, float]
    races_apart: Spread


class Students(Block):
    """What happens to students: moves, arrivals, tests not taken, surveys not answered."""

    moves: Share
    arrivals: Share
    abroad: Share
    transitional_kindergarten: Share
    tested: Mapping[str, Share]
    answers: Share
    gpa_known: Share
    days: int = Field(gt=0)
    alternate: float
    alternate_ability: Annotated[float, Field(gt=-1, lt=1)]
    homeless: float
    foster: float
    hard_times: Annotated[float, Field(gt=-1, lt=1)]
    suspended_again: Share
    in_school: float
    expelled: float
    redesignated_late: Mapping[str, Share]


class GradeScale(BaseModel):
    """The test's scale in one grade: statewide mean and spread of 2015, and the standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    sd: float = Field(gt=0)
    met: float


class Scale(Block):
    """The scale of one test, by grade."""

    grades: Mapping[int, GradeScale]
    lowest: float
    highest: float


class Effect(BaseModel):
    """How schools differ in one quantity for reasons of their own.

    `school` is the spread of what lasts; `loads` its correlations with the factors that schools
    have in common; `advantage` what one spread of the neighbourhood's advantage adds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    school: Spread = 0
    loads: Mapping[str, Annotated[float, Field(ge=-1, le=1)]] = Field(default_factory=dict)
    advantage: float = 0


class Latent(Effect, Block):
    """A latent quantity of a student in a year, from which something recorded is cut.

    It is the sum of `means` and `trend` a year since the base year (by level or grade), the
    district's and the school's part, group differences, `ability` and `engagement` times the
    student's own, and normal parts: `own` lasts, `noise` is the year's, `error` the
    measurement's, `shock` is shared by a school for a year (`shock_grade`: by a grade).
    """

    means: ByGrade
    trend: ByGrade = Field(default_factory=lambda: _LEVEL)
    districts: Mapping[str, float] = Field(default_factory=dict)
    groups: Mapping[str, float] = Field(default_factory=dict)
    ability: float = 0
    engagement: float = 0
    own: Spread = 0
    noise: Spread = 0
    error: Spread = 0
    shock: Spread = 0
    shock_grade: Spread = 0

    def kinds(self) -> np.ndarray:
        """Add up the group differences for each kind of student.

        Returns:
            An array over race, disadvantage, disability and language.
        """
        race = [self.groups.get(name, 0.0) for name in RACES]
        language = [self.groups.get(name, 0.0) for name in LANGUAGES]
        sed, swd = ([0.0, self.groups.get(name, 0.0)] for name in ("sed", "swd"))
        found: np.ndarray = np.add.outer(np.add.outer(np.add.outer(race, sed), swd), language)
        return found

    @property
    def spread(self) -> float:
        """The spread of everything that is neither group, school's own, ability nor engagement."""
        parts = (self.own, self.noise, self.error, self.shock, self.shock_grade)
        return float(np.sqrt(np.sum(np.square(parts))))


class Growth(Block):
    """What schools add in a year, and how much of earlier gains is left a year later."""

    persistence: Share
    intake: Mapping[str, Effect]
    value_added: Mapping[str, Effect]


class English(Block):
    """Where the levels of English proficiency are cut, and what the highest one adds."""

    cuts: tuple[float, float, float]
    highest_level: float


class Target(Block):
    """A published figure: the span in which ours should lie, and what role it has."""

    low: float
    high: float
    role: Literal["fitted", "predicted", "shape"]
