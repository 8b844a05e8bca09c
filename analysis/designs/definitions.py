"""How does a design make a measure of students? One frozen clause for each definition.

To add a definition: one class here, its name in the union at the foot, and its function in
analysis/panels/students/counts.py. A word has a default only where a source gives it, and the
source then stands in `sources`. A word that nobody knows is null, and the measure stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from analysis.designs.clause import Clause, FrozenMap
from analysis.designs.student_columns import (
    COLUMNS,
    HIGHEST_GRADE,
    LOWEST_GRADE,
    columns_of,
)
from analysis.problems import did_you_mean, listed

Subject = Literal["ela", "math"]
Event = Literal["suspensions", "expulsions", "in_school_suspensions"]
InOut = Literal["in", "out"]
FullYear = Literal["required", "any"]
Grade = Annotated[int, Field(ge=LOWEST_GRADE, le=HIGHEST_GRADE)]
Days = Annotated[int, Field(ge=0, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Percent = Annotated[float, Field(ge=0, le=100, strict=True)]
Whole = Annotated[int, Field(ge=1, strict=True)]
Score = Annotated[float, Field(strict=True)]
CutScores = Annotated[dict[Grade, Score | None], AfterValidator(FrozenMap)]
Grades = Annotated[dict[Grade, Grade], AfterValidator(FrozenMap)]
Wrong = Iterator[tuple[str, str]]
Source = tuple[str, str]
"""Where a default is said, and how that is known."""

Asked = Mapping[str, tuple[str, tuple[str, ...]]]
"""Words that only some answers to another word ask for: word -> that word, those answers."""

TESTED_GRADES: Final[FrozenMap[int, int]] = FrozenMap({4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 11: 8})
_SMARTER: Final = ("Smarter Balanced tests grades 3 to 8 and 11", "derived")
_READY: Final = ("Readiness for high school, Long Beach Unified and dcyf.org", "official")
_PRESENT: Final = ("San Francisco, dcyf.org: regular attendance is 90 % or more", "official")
_FULL_SCORES: Final = (0.0, 100.0)


class Definition(Clause):
    """How students become one value of a measure."""

    sources: ClassVar[Mapping[str, Source]] = FrozenMap()
    asked: ClassVar[Asked] = FrozenMap()

    definition: str

    def said(self) -> frozenset[str]:
        """Name the words that the file gives, without those that say where they come from."""
        return frozenset(self.model_fields_set - {*Clause.model_fields})

    def unknown(self) -> tuple[str, ...]:
        """Name the words that are null and asked for: nobody knows them yet."""
        null = (word for word in self.said() if _has_null(getattr(self, word)))
        asked = self.asked.items()
        idle = {word for word, (of, answers) in asked if getattr(self, of) not in answers}
        return tuple(sorted({*null} - idle))

    def wrong(self) -> Wrong:
        """Say what cannot be right, as pairs of a word of the clause and a sentence."""
        for word, (of, answers) in self.asked.items():
            wanted, given = getattr(self, of) in answers, getattr(self, word) is not None
            if of not in self.unknown() and (given > wanted or wanted > (word in self.said())):
                yield word, f"must be given with {of}: {' or '.join(answers)}, and only then"


class OfEnrolled(Definition):
    """A definition that counts enrolled students.

    `full_year` and `minimum_days` say for this measure what `students` says for all.
    """

    full_year: FullYear | None = None
    minimum_days: Days | None = None


class OfTested(OfEnrolled):
    """A definition that counts students who were tested.

    `alternate` and `first_year_el` say for this measure what `students` says for all.
    """

    alternate: InOut | None = None
    first_year_el: InOut | None = None


class MetStandard(OfTested):
    """Count the students whose score in a `subject` reaches the standard, per cent.

    `cuts` gives the score for each grade; other grades do not count. `denominator` is the students
    `tested`, or `at_least_95`: those tested, but 95 % of those enrolled where that is more (20
    U.S.C. 6311(c)(4)(E)).
    """

    definition: Literal["met_standard"]
    subject: Subject
    cuts: CutScores
    denominator: Literal["tested", "at_least_95"] | None

    def wrong(self) -> Wrong:
        """Refuse a clause without any cut score."""
        if not self.cuts:
            yield "cuts", "must give the score of at least one grade, as in {8: 2567}"


class Growth(OfTested):
    """Compare each student's score in a `subject` with what was to be expected of the score before.

    `model` says how the expected score comes about, in each grade and year: `residual` (regression
    on the score before and the `controls`), `residual_with_school_means` (also on the school's
    means of these), `school_effect` (schools and controls together) or `corrected` (together, and
    freed of the error in the score before). `controls` are yes-or-no columns of students. `prior`
    gives for each grade the grade of the score before; as many years lie between.
    `reference` says to what a year is held: to itself (`yearly`), or to the model and the schools
    of a `base_year`. `scale` is the `percentile` of the school among all schools, or score
    `points`. `corrected_by` takes the score before in the `other_subject` as instrument, or a known
    `reliability` (0-1).
    """

    sources: ClassVar[Mapping[str, Source]] = FrozenMap({"prior": _SMARTER})
    asked: ClassVar[Asked] = FrozenMap(
        {
            "corrected_by": ("model", ("corrected",)),
            "reliability": ("corrected_by", ("reliability",)),
            "base_year": ("reference", ("base_year",)),
        }
    )

    definition: Literal["growth"]
    subject: Subject
    model: Literal["residual", "residual_with_school_means", "school_effect", "corrected"] | None
    controls: tuple[str, ...]
    reference: Literal["yearly", "base_year"] | None
    scale: Literal["percentile", "points"]
    base_year: Annotated[int, Field(strict=True)] | None = None
    prior: Grades = Field(default_factory=lambda: TESTED_GRADES)
    corrected_by: Literal["other_subject", "reliability"] | None = None
    reliability: Annotated[float, Field(gt=0, le=1, strict=True)] | None = None

    def wrong(self) -> Wrong:
        """Refuse unknown controls, grades that do not rise, and words that do not go together."""
        known = tuple(name for name in columns_of("yes_no") if not COLUMNS[name].empty)
        yield from _strange_columns("controls", self.controls, known, "yes or no")
        for grade, before in self.prior.items():
            if before >= grade:
                yield f"prior.{grade}", f"must name a lower grade, but it says {before}"
        yield from super().wrong()


class Readiness(OfEnrolled):
    """Count the students of a `grade` who are ready for high school, per cent.

    Ready means: a grade point average of `gpa` or more, an `attendance` of so many per cent or
    more, none of the marks in `no_marks` in English or mathematics, and none of the `events` in
    the year.
    """

    sources: ClassVar[Mapping[str, Source]] = FrozenMap(
        dict.fromkeys(("grade", "gpa", "attendance", "no_marks", "events"), _READY)
    )

    definition: Literal["readiness"]
    grade: Grade = 8
    gpa: Annotated[float, Field(ge=0, le=4, strict=True)] | None = 2.5
    attendance: Percent | None = 96
    no_marks: tuple[Literal["A", "B", "C", "D", "F"], ...] = ("D", "F")
    events: tuple[Event, ...] = ("suspensions",)


class Graduation(Definition):
    """Count the members of a cohort who graduated within so many `years`, per cent.

    The cohort is all students whose four years end in one year, also those who left. A rate of 5
    or 6 years is given in the year in which it is known, one or two years later.
    """

    definition: Literal["graduation"]
    years: Literal[4, 5, 6]


class ChronicAbsence(OfEnrolled):
    """Count the students who were absent on a `share` (0-1) of their enrolled days, per cent.

    Exactly the share counts as absent. `minimum_days` is how many days a student must have been
    enrolled; "more than 30" is 31.
    """

    sources: ClassVar[Mapping[str, Source]] = FrozenMap({"share": _PRESENT})

    definition: Literal["chronic_absence"]
    share: Share | None = 0.1
    minimum_days: Days | None


class Suspended(OfEnrolled):
    """Count the students with at least one of the `events` in the year, each once, per cent."""

    definition: Literal["suspended"]
    events: Annotated[tuple[Event, ...], Field(min_length=1)] | None


class Redesignation(OfEnrolled):
    """Count the English learners who were redesignated as fluent, per cent.

    `window` is the `school_year`, or the `state`'s: since the census day before. `others` says
    what happens to learners who were not redesignated and have been learners for `long_term`
    years at most: they `count` like all others (then `long_term` is not said), they are `met`, or
    they are `left_out`.
    """

    asked: ClassVar[Asked] = FrozenMap({"long_term": ("others", ("met", "left_out"))})

    definition: Literal["redesignation"]
    window: Literal["school_year", "state"] | None
    others: Literal["count", "met", "left_out"] | None
    long_term: Whole | None = None


class ElProgress(OfEnrolled):
    """Count the English learners who progressed in English, per cent.

    Progress is a `gain` of so many levels, or the `top` level again. Learners without a level last
    year do not count.
    """

    sources: ClassVar[Mapping[str, Source]] = FrozenMap(
        dict.fromkeys(
            ("gain", "top"),
            ("California's English Learner Progress Indicator: a level more, or kept", "recalled"),
        )
    )

    definition: Literal["el_progress"]
    gain: Whole | None = 1
    top: Annotated[int, Field(ge=1, le=4, strict=True)] | None = 4


class ScaleMean(OfTested):
    """Average a `column` of numbers over the students who have one, in the column's unit.

    The words `alternate` and `first_year_el` matter for test scores only.
    """

    definition: Literal["scale_mean"]
    column: str

    def wrong(self) -> Wrong:
        """Refuse a column that holds no numbers."""
        yield from _strange_columns("column", (self.column,), columns_of("number"), "numbers")


class Favourable(OfEnrolled):
    """Average a `column` that holds each student's share of favourable answers, per cent."""

    definition: Literal["favourable"]
    column: str

    def wrong(self) -> Wrong:
        """Refuse a column that holds no percentages."""
        known = [name for name, c in COLUMNS.items() if (c.low, c.high) == _FULL_SCORES]
        yield from _strange_columns("column", (self.column,), tuple(known), "percentages")


def _strange_columns(
    word: str, said: tuple[str, ...], known: tuple[str, ...], holds: str
) -> Iterator[tuple[str, str]]:
    for name in said:
        if name not in known:
            near = did_you_mean(name, known)
            text = f"must name a column of students that holds {holds} ({listed(known, most=12)})"
            yield word, f"{text}, but it says {name}.{near}"


def _has_null(said: object) -> bool:
    return said is None or (isinstance(said, dict) and any(x is None for x in said.values()))


FromStudents = Annotated[
    MetStandard
    | Growth
    | Readiness
    | Graduation
    | ChronicAbsence
    | Suspended
    | Redesignation
    | ElProgress
    | ScaleMean
    | Favourable,
    Field(discriminator="definition"),
]
