"""What is a way to better numbers? What is reported, what is true, what it costs, who would see it.

A mechanism acts on student rows. One row stays one student: what is reported of the student, and
what is true of it once everything was recorded as it is, stand in two tables of the same rows.
Whether a student is touched depends on the seed, the mechanism, the draw and the student alone, and
who is touched at a small effort is also touched at a larger one.

To add a mechanism: one frozen class in scores.py, counting.py or records.py, its name in
`kinds.py`, and its numbers with their source in mechanisms.yaml.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final

import numpy as np
import polars as pl

from analysis.designs.definitions import ChronicAbsence, MetStandard, Readiness
from analysis.designs.design import Design
from analysis.designs.rules.scoring import MinimumN
from analysis.problems import fail
from simulations.streams import Draws

SUBJECTS: Final = ("ela", "math")
LEARNED: Final = (*SUBJECTS, "other")
"""What is learned or not: the two tested subjects, and all that is not tested."""

Effort = float | Mapping[str, float]
"""Effort of all schools alike, or of each school by its code (others: none); 0 to 1."""


@dataclass(frozen=True)
class Notches:
    """Where a design makes numbers jump: scores by grade and subject, days, marks, minimum n.

    `absent` is a share of days; `present` is in per cent.
    """

    met: Mapping[str, Mapping[int, float]]
    absent: float = 0.1
    present: float = 96.0
    gpa: float = 2.5
    minimum_days: int = 30
    minimum_n: int = 20

    @classmethod
    def of(cls, design: Design) -> Notches:
        """Read them from what a design counts of students, and from its minimum n.

        >>> from analysis import load_design
        >>> Notches.of(load_design("core/sqii-2015-16")).minimum_n
        20
        """
        counted = [one.from_students for one in design.measures.values()]
        met = {one.subject: dict(one.cuts) for one in counted if isinstance(one, MetStandard)}
        found: dict[str, float] = {}
        for one in counted:
            if isinstance(one, ChronicAbsence):
                found |= {"absent": one.share or 0.1, "minimum_days": one.minimum_days or 0}
            if isinstance(one, Readiness):
                found |= {"present": one.attendance or 96.0, "gpa": one.gpa or 2.5}
        least = [rule.n for rule in design.steps.values() if isinstance(rule, MinimumN)]
        plain = [int(n) for n in least if isinstance(n, int | float)]
        return cls(met, **found, minimum_n=max(plain, default=0))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Changes:
    """What becomes of some columns: `reported`, `true`, and what is `learned` (SD) by subject."""

    reported: Mapping[str, np.ndarray] = field(default_factory=dict)
    true: Mapping[str, np.ndarray] = field(default_factory=dict)
    learned: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Acted:
    """Student rows after a behaviour, in the order before it.

    `reported` is what goes into the numbers, `true` what would, were everything recorded as it is;
    `learned` has the columns `LEARNED`: what each student learned more or less (SD of the grade).
    """

    reported: pl.DataFrame
    true: pl.DataFrame
    learned: pl.DataFrame


@dataclass(frozen=True)
class Found:
    """How a behaviour would be found out: by what, and with which chance (0-1)."""

    by: str
    chance: np.ndarray


@dataclass(frozen=True)
class Mechanism(ABC):
    """One way to better numbers; `size` is what full effort does (its unit: mechanisms.yaml).

    `columns` are the columns of students that are reported otherwise. `risk` is the chance that
    full effort is found out, for which there is no evidence: 0 unless it is said.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    found_by: ClassVar[str]
    honest: ClassVar[bool] = False
    """It makes numbers better by making schools better."""

    deliberate: ClassVar[bool] = True
    """Somebody decides it; what nobody decides only looks like gaming."""

    size: float
    risk: float = 0.0

    @abstractmethod
    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Say what becomes of the students where their schools make an effort of so much (0-1)."""

    def cost(self, effort: np.ndarray, price: np.ndarray | float, power: float = 2.0) -> np.ndarray:
        """Give what an effort costs, convex from `power` 1 on; `price` is that of full effort."""
        return np.asarray(price * effort**power)

    def found(self, effort: np.ndarray) -> Found:
        """Say how an effort would be found out."""
        return Found(self.found_by, self.risk * effort)

    def acts(self, pupils: Pupils, effort: Effort) -> Acted:
        """Let schools behave so; at no effort every table is the one before, to the byte.

        Args:
            pupils: the students.
            effort: of all schools, or of each by its code.

        Raises:
            ProblemsError: an effort outside 0 to 1, or of a school that is not there.
        """
        much = pupils.by_school(effort, self.name)
        found = self.changes(pupils, much) if much.any() else Changes()
        zeros = np.zeros(len(much))
        learned = {name: found.learned.get(name, zeros) for name in LEARNED}
        frame = pupils.frame
        return Acted(put(frame, found.reported), put(frame, found.true), pl.DataFrame(learned))


@dataclass(frozen=True)
class Pupils:
    """Student rows of one year (and, with the column `draw`, of several draws of the schools)."""

    frame: pl.DataFrame
    notches: Notches
    seed: int = 1

    def numbers(self, column: str) -> np.ndarray:
        """Give a column as numbers; empty cells are missing."""
        return self.frame[column].cast(pl.Float64).to_numpy()

    def yes(self, column: str) -> np.ndarray:
        """Give a yes-or-no column; empty is no."""
        return self.frame[column].fill_null(value=False).to_numpy()

    def chance(self, name: str) -> np.ndarray:
        """Give each student a number between 0 and 1 that belongs to a mechanism."""
        return self.drawn(Draws.of(self.seed, "gaming", name).uniforms)

    def drawn(self, numbers: Callable[..., np.ndarray]) -> np.ndarray:
        """Give each student a number that belongs to it and its draw.

        Args:
            numbers: of a stream: its uniforms or normals.
        """
        student = self.frame["student"].cast(pl.UInt64).to_numpy()
        found = np.empty(len(student))
        for draw in np.unique(self._draw):
            rows = self._draw == draw
            found[rows] = numbers(student[rows], draw=int(draw))[0]
        return found

    def short_of(self, subject: str) -> np.ndarray:
        """Say how far each score lies below the standard, in SD of the grade (negative: above)."""
        cuts = self.notches.met.get(subject, {})
        grades = self.frame["grade"].to_numpy()
        cut = np.full(len(grades), np.nan)
        for grade, score in cuts.items():
            cut[grades == grade] = score
        found: np.ndarray = (cut - self.numbers(f"{subject}_score")) / self.spread[subject]
        return found

    @cached_property
    def spread(self) -> Mapping[str, np.ndarray]:
        """The SD of scores in each student's grade, by subject."""
        over = [
            pl.col(f"{s}_score").cast(pl.Float64).std().over("grade").alias(s) for s in SUBJECTS
        ]
        table = self.frame.select(over)
        return {s: table[s].to_numpy() for s in SUBJECTS}

    @cached_property
    def place(self) -> np.ndarray:
        """The number of each student's school and draw, from 0."""
        keys = [pl.col("school"), pl.lit(self._draw)]
        return self.frame.select(pl.struct(keys).rank("dense"))[:, 0].to_numpy() - 1

    @cached_property
    def _draw(self) -> np.ndarray:
        there = "draw" in self.frame.columns
        return self.frame["draw"].to_numpy() if there else np.zeros(len(self.frame), dtype=int)

    def by_school(self, effort: Effort, name: str) -> np.ndarray:
        """Lay efforts out over students.

        Raises:
            ProblemsError: an effort outside 0 to 1, or of a school that is not there.
        """
        schools = self.frame["school"]
        said = effort if isinstance(effort, Mapping) else dict.fromkeys(schools.unique(), effort)
        strange = sorted(set(said) - set(schools.unique()))
        if strange:
            raise fail(name, f"there is no school {strange[0]} among these students.")
        if any(not 0 <= much <= 1 for much in said.values()):
            raise fail(name, "an effort must lie between 0 and 1.")
        much = schools.replace_strict(dict(said), default=0.0, return_dtype=pl.Float64)
        return np.array(much.to_numpy())


def put(frame: pl.DataFrame, columns: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Put new columns in the place of old ones, of the old type; missing numbers become empty."""
    fresh = []
    for name, array in columns.items():
        words = array.dtype == object
        told = pl.Series(name, array.tolist() if words else array, nan_to_null=not words)
        fresh.append(told.cast(frame.schema[name]))
    return frame.with_columns(fresh)
