"""Which behaviours move what is written down: days, marks, suspensions, diplomas, answers?

To add one: mechanism.py says how.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from analysis.designs.student_columns import COLUMNS
from simulations.gaming.mechanism import SUBJECTS, Changes, Mechanism, Pupils
from simulations.population.blocks import SKILLS

ANSWERS: Final = (*SKILLS, "climate")
_MARKS: Final = ("mark_ela", "mark_math")
_HALF_DAY: Final = 0.5
_READY_GRADE: Final = 8


@dataclass(frozen=True)
class UnreportedSuspensions(Mechanism):
    """Suspensions are not written down: of a share `size` of the students who were suspended."""

    name: ClassVar[str] = "unreported_suspensions"
    columns: ClassVar[tuple[str, ...]] = ("suspensions",)
    found_by: ClassVar[str] = "suspensions that fall while other absences rise"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """They count as never suspended."""
        some = pupils.numbers("suspensions")
        hidden = (some > 0) & (pupils.chance(self.name) < self.size * much)
        return Changes({"suspensions": np.where(hidden, 0.0, some)})


@dataclass(frozen=True)
class AttendanceRecords(Mechanism):
    """Records of students just beyond a line of attendance are altered: `size` of them.

    The lines are chronic absence and, in the grade that is judged for readiness, the attendance it
    asks for; `reach` is how far beyond, as a share of days.
    """

    name: ClassVar[str] = "attendance_records"
    columns: ClassVar[tuple[str, ...]] = ("days_absent",)
    found_by: ClassVar[str] = "too few students with exactly the days that count as absent"
    reach: float = 0.01

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """They are written down as just within the line."""
        days, absent = pupils.numbers("days_enrolled"), pupils.numbers("days_absent")
        chosen = pupils.chance(self.name) < self.size * much
        limit = pupils.notches.absent * days
        # the last half day that does not count as chronically absent
        within = np.ceil(limit / _HALF_DAY - 1e-9) * _HALF_DAY - _HALF_DAY
        over = chosen & (absent >= limit - 1e-9) & (absent <= limit + self.reach * days)
        found = np.where(over, np.maximum(within, 0.0), absent)
        ready = np.floor((1 - pupils.notches.present / 100) * days / _HALF_DAY + 1e-9) * _HALF_DAY
        asked = pupils.frame["grade"].to_numpy() == _READY_GRADE
        late = chosen & asked & (absent > ready) & (absent <= ready + self.reach * days)
        return Changes({"days_absent": np.where(late, ready, found)})


@dataclass(frozen=True)
class GradeInflation(Mechanism):
    """Averages up to `reach` below what readiness asks for are raised, and marks D and F to C.

    A share `size` of these students is lifted.
    """

    name: ClassVar[str] = "grade_inflation"
    columns: ClassVar[tuple[str, ...]] = ("gpa", *_MARKS)
    found_by: ClassVar[str] = "marks that rise while scores do not"
    reach: float = 0.3

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Marks are better than what was learned."""
        gpa, line = pupils.numbers("gpa"), pupils.notches.gpa
        chosen = pupils.chance(self.name) < self.size * much
        near = chosen & (gpa >= line - self.reach)
        marks = {name: pupils.frame[name].to_numpy() for name in _MARKS}
        lifted = {
            name: np.where(near & np.isin(said.astype(str), ("D", "F")), "C", said)
            for name, said in marks.items()
        }
        return Changes({"gpa": np.where(near & (gpa < line), line, gpa), **lifted})


@dataclass(frozen=True)
class CreditRecovery(Mechanism):
    """Students who would not graduate in four years make up credits: a share `size` of them.

    They graduate, and have learned what they had learned before.
    """

    name: ClassVar[str] = "credit_recovery"
    columns: ClassVar[tuple[str, ...]] = ("graduated_in",)
    found_by: ClassVar[str] = "diplomas that rise while tests of grade 11 do not"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """They are reported to graduate in four years."""
        took = pupils.numbers("graduated_in")
        asked = (pupils.numbers("cohort") == pupils.numbers("year")) & ~(took <= 4)  # noqa: PLR2004
        rows = asked & (pupils.chance(self.name) < self.size * much)
        return Changes({"graduated_in": np.where(rows, 4.0, took)})


@dataclass(frozen=True)
class SurveyInflation(Mechanism):
    """Students are told what to answer: every answer rises by `size` SD."""

    name: ClassVar[str] = "survey_inflation"
    columns: ClassVar[tuple[str, ...]] = ANSWERS
    found_by: ClassVar[str] = "answers that do not differ, or rise while conduct does not change"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Skills and climate look better than they are."""
        return Changes(_answers(pupils, self.size * much, ANSWERS))


@dataclass(frozen=True)
class ReferenceBias(Mechanism):
    """No gaming, and looks like it: where others do better, students rate themselves lower.

    Own answers fall by `size` SD for each SD that the school's mean score lies above the mean. It
    is there whatever schools decide; effort 1 is the world with it.
    """

    name: ClassVar[str] = "reference_bias"
    columns: ClassVar[tuple[str, ...]] = SKILLS
    found_by: ClassVar[str] = "self-ratings that go against tasks and conduct"
    deliberate: ClassVar[bool] = False

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Self-ratings are lower in better schools; the skills themselves are not."""
        z = np.nanmean([_standing(pupils, f"{s}_score") for s in SUBJECTS], axis=0)
        return Changes(_answers(pupils, -self.size * much * z, SKILLS))


def _standing(pupils: Pupils, column: str) -> np.ndarray:
    """Give each student's school mean of a column, in SD of school means."""
    x = pupils.numbers(column)
    seen = ~np.isnan(x)
    size = int(pupils.place.max()) + 1
    n = np.bincount(pupils.place[seen], minlength=size)
    total = np.bincount(pupils.place[seen], weights=x[seen], minlength=size)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    found: np.ndarray = np.nan_to_num((mean - np.nanmean(mean)) / np.nanstd(mean))[pupils.place]
    return found


def _answers(pupils: Pupils, by: np.ndarray, columns: Iterable[str]) -> dict[str, np.ndarray]:
    """Move answers by so many SD, within the scale."""
    found = {}
    for name in columns:
        x = pupils.numbers(name)
        low, high = COLUMNS[name].low, COLUMNS[name].high
        found[name] = np.clip(x + by * np.nanstd(x), low, high)
    return found
