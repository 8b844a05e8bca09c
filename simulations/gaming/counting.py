"""Which behaviours move who is counted, and in which group?

To add one: mechanism.py says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from simulations.gaming.mechanism import SUBJECTS, Changes, Mechanism, Pupils
from simulations.gaming.scores import SCORES


def _scores_without(pupils: Pupils, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.where(rows, np.nan, pupils.numbers(name)) for name in SCORES}


def _furthest(pupils: Pupils) -> np.ndarray:
    """Say how far each student is below the standard in the weaker subject (missing: no score)."""
    short = [pupils.short_of(subject) for subject in SUBJECTS]
    found: np.ndarray = np.fmax(*short)
    return found


@dataclass(frozen=True)
class Exemption(Mechanism):
    """Low scorers with disabilities take the alternate assessment: a share `size` of them."""

    name: ClassVar[str] = "exemption"
    columns: ClassVar[tuple[str, ...]] = ("alternate", *SCORES)
    found_by: ClassVar[str] = "more alternate assessments than the rule of one per cent allows"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Their scores are not counted."""
        asked = pupils.yes("swd") & (_furthest(pupils) > 0)
        rows = asked & (pupils.chance(self.name) < self.size * much)
        return Changes(
            {"alternate": pupils.yes("alternate") | rows, **_scores_without(pupils, rows)}
        )


@dataclass(frozen=True)
class Reclassification(Mechanism):
    """Students `reach` SD below the standard are put into an exempt class: `size` of them."""

    name: ClassVar[str] = "reclassification"
    columns: ClassVar[tuple[str, ...]] = ("swd", "alternate", *SCORES)
    found_by: ClassVar[str] = "new disabilities among low scorers of tested grades"
    reach: float = 0.5

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """They count as students with disabilities, and their scores are not counted."""
        asked = ~pupils.yes("swd") & (_furthest(pupils) >= self.reach)
        rows = asked & (pupils.chance(self.name) < self.size * much)
        out = {"alternate": pupils.yes("alternate") | rows, **_scores_without(pupils, rows)}
        return Changes({"swd": pupils.yes("swd") | rows, **out})


@dataclass(frozen=True)
class UnderMinimum(Mechanism):
    """A group of the minimum n, or up to `reach` x effort students more, is kept under it.

    The lowest scorers too many lose the mark of the group: disadvantaged, with a disability,
    learning English. `size` is the share of such groups that can be kept small.
    """

    name: ClassVar[str] = "under_minimum"
    columns: ClassVar[tuple[str, ...]] = ("sed", "swd", "el")
    found_by: ClassVar[str] = "groups bunched under the minimum n"
    reach: float = 3.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Some students are reported outside their group."""
        return Changes({name: self._kept(pupils, name, much) for name in self.columns})

    def _kept(self, pupils: Pupils, group: str, much: np.ndarray) -> np.ndarray:
        belongs, least = pupils.yes(group), pupils.notches.minimum_n
        counts = belongs & (_tested(pupils))
        n = np.bincount(pupils.place[counts], minlength=int(pupils.place.max()) + 1)[pupils.place]
        too_many = n - (least - 1)
        order = pl.Series(np.where(counts, _furthest(pupils), np.nan), nan_to_null=True)
        ranks = pl.DataFrame({"place": pupils.place, "short": order}).select(
            pl.col("short").rank("ordinal", descending=True).over("place")
        )[:, 0]
        near = (n >= max(least, 1)) & (too_many <= self.reach * much)
        asked = near & (self._lot(pupils, group) < self.size)
        found: np.ndarray = belongs & ~(
            asked & counts & (ranks.fill_null(np.inf).to_numpy() <= too_many)
        )
        return found

    def _lot(self, pupils: Pupils, group: str) -> np.ndarray:
        """Give each school one number between 0 and 1: that of its first student."""
        first = np.unique(pupils.place, return_index=True)[1]
        found: np.ndarray = pupils.chance(f"{self.name} {group}")[first][pupils.place]
        return found


def _tested(pupils: Pupils) -> np.ndarray:
    return np.asarray(pupils.yes("full_year") & ~np.isnan(_furthest(pupils)))


@dataclass(frozen=True)
class WindowSuspension(Mechanism):
    """Students `reach` SD below the standard are suspended in the test window: `size` of them."""

    name: ClassVar[str] = "window_suspension"
    columns: ClassVar[tuple[str, ...]] = ("suspensions", *SCORES)
    found_by: ClassVar[str] = "longer suspensions of low scorers in the test window"
    reach: float = 0.5

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """They miss the tests, and the suspension is real and counted."""
        rows = (_furthest(pupils) >= self.reach) & (pupils.chance(self.name) < self.size * much)
        more = {"suspensions": pupils.numbers("suspensions") + rows}
        return Changes({**more, **_scores_without(pupils, rows)}, more)


@dataclass(frozen=True)
class OptingOut(Mechanism):
    """Students below the standard are encouraged not to be tested: `size` of them."""

    name: ClassVar[str] = "opting_out"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "missing tests of those with low scores the year before"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Their scores are missing."""
        rows = (_furthest(pupils) > 0) & (pupils.chance(self.name) < self.size * much)
        return Changes(_scores_without(pupils, rows))


@dataclass(frozen=True)
class Reenrolling(Mechanism):
    """Chronically absent students are dropped and enrolled anew: `size` of them.

    They are then enrolled on fewer days than count, and not all year.
    """

    name: ClassVar[str] = "reenrolling"
    columns: ClassVar[tuple[str, ...]] = ("days_enrolled", "days_absent", "full_year")
    found_by: ClassVar[str] = "students who leave and come back to the same school"

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Their days before are lost to the numbers."""
        days, absent = pupils.numbers("days_enrolled"), pupils.numbers("days_absent")
        kept = max(pupils.notches.minimum_days - 1, 1)
        asked = (absent >= pupils.notches.absent * days) & (days > kept)
        rows = asked & (pupils.chance(self.name) < self.size * much)
        left = np.where(rows, np.floor(absent * kept / np.maximum(days, 1)), absent)
        return Changes(
            {
                "days_enrolled": np.where(rows, kept, days),
                "days_absent": left,
                "full_year": pupils.yes("full_year") & ~rows,
            }
        )


@dataclass(frozen=True)
class Redesignation(Mechanism):
    """Learners of English near fluency (`level` or more) are redesignated early: `size` of them.

    Those who were there last year have left the group by now; those who came this year count as
    redesignated. Whether the group loses them is for the design: with former learners in the group
    it does not.
    """

    name: ClassVar[str] = "redesignation"
    columns: ClassVar[tuple[str, ...]] = ("redesignated", "redesignated_state", "el", "rfep")
    found_by: ClassVar[str] = "more redesignations than the test of English explains"
    level: float = 3.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Some learners count as redesignated, others as former learners."""
        chosen = pupils.yes("el") & (pupils.chance(self.name) < self.size * much)
        before = chosen & (pupils.numbers("el_level_before") >= self.level)
        now = chosen & ~before & (pupils.numbers("el_level") >= self.level)
        words = ("redesignated", "redesignated_state")
        # who left the group last year is no longer asked about
        done = {w: np.where(before, np.nan, np.where(now, 1.0, pupils.numbers(w))) for w in words}
        moved = {"el": pupils.yes("el") & ~before, "rfep": pupils.yes("rfep") | before}
        return Changes({**done, **moved})
