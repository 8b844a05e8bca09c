"""Which behaviours move test scores, with or without learning?

To add one: mechanism.py says how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulations.gaming.mechanism import LEARNED, SUBJECTS, Changes, Mechanism, Pupils

Moved = Callable[[str], np.ndarray]
"""For a subject: by how many SD each score moves."""

SCORES = tuple(f"{subject}_score" for subject in SUBJECTS)


def _moved(pupils: Pupils, by: Moved) -> Mapping[str, np.ndarray]:
    """Give scores after each moved by so many SD; a score that was not there is not there."""
    return {
        f"{s}_score": pupils.numbers(f"{s}_score") + np.nan_to_num(by(s)) * pupils.spread[s]
        for s in SUBJECTS
    }


def _truly(pupils: Pupils, by: Moved) -> Changes:
    """Scores move because students learn more or less."""
    scores = _moved(pupils, by)
    return Changes(scores, scores, {s: np.nan_to_num(by(s)) for s in SUBJECTS})


@dataclass(frozen=True)
class Honest(Mechanism):
    """Better teaching for everybody: what is reported is true."""

    name: ClassVar[str] = "honest"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "nothing is to be found"
    honest: ClassVar[bool] = True

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Every score rises by `size` SD."""
        return _truly(pupils, lambda _: self.size * much)


@dataclass(frozen=True)
class Attention(Mechanism):
    """Attention to students near the standard, at a cost to those far below it.

    Within `reach` SD of the standard students gain `size` SD, further below they lose `others` SD.
    What is reported is true: these students know more, and those less.
    """

    name: ClassVar[str] = "attention"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "gains that peak at the standard and are missing below it"
    reach: float = 0.3
    others: float = 0.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Scores near the standard rise; those far below it fall."""

        def by(subject: str) -> np.ndarray:
            short = pupils.short_of(subject)
            near = np.abs(short) <= self.reach
            sizes = np.select([near, short > self.reach], [self.size, -self.others], 0.0)
            return np.asarray(much * sizes)

        return _truly(pupils, by)


@dataclass(frozen=True)
class Manipulation(Mechanism):
    """Scores up to `reach` SD below the standard are raised to it, for a share `size` of them."""

    name: ClassVar[str] = "manipulation"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "too many scores at the standard and too few below it"
    reach: float = 0.1

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Some scores just below the standard are reported as just meeting it."""

        def by(subject: str) -> np.ndarray:
            short = pupils.short_of(subject)
            near = (short > 0) & (short <= self.reach)
            chosen = pupils.chance(f"{self.name} {subject}") < self.size * much
            return np.where(near & chosen, short, 0.0)

        return Changes(reported=_moved(pupils, by))


@dataclass(frozen=True)
class Predictable(Mechanism):
    """Teaching to items that come back: scores rise by `size` SD, learning falls by `others` SD."""

    name: ClassVar[str] = "predictable"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "scores that rise where an audit test does not"
    others: float = 0.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Reported scores rise, an audit would see them fall."""
        true = _truly(pupils, lambda _: -self.others * much)
        up = _moved(pupils, lambda _: self.size * much)
        return Changes(up, true.true, true.learned)


@dataclass(frozen=True)
class Narrowing(Mechanism):
    """Time goes to counted subjects: they gain `size` SD, all others lose `others` SD."""

    name: ClassVar[str] = "narrowing"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "hours of teaching, or a test of a subject that does not count"
    others: float = 0.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Counted scores rise truly; what is not counted is not learned."""
        found = _truly(pupils, lambda _: self.size * much)
        other = dict.fromkeys(LEARNED[2:], -self.others * much)
        return Changes(found.reported, found.true, {**found.learned, **other})


@dataclass(frozen=True)
class LowestGroup(Mechanism):
    """Effort goes to whichever racial or ethnic group of the school is lowest.

    Its students gain `size` SD, all others of the school lose `others` SD. Only groups of the
    minimum n or more can be lowest.
    """

    name: ClassVar[str] = "lowest_group"
    columns: ClassVar[tuple[str, ...]] = SCORES
    found_by: ClassVar[str] = "gains of one group that end when another is lowest"
    others: float = 0.0

    def changes(self, pupils: Pupils, much: np.ndarray) -> Changes:
        """Scores of the lowest group rise, those of all others fall."""
        lowest = {s: _lowest(pupils, s) for s in SUBJECTS}
        return _truly(pupils, lambda s: much * np.where(lowest[s], self.size, -self.others))


def _lowest(pupils: Pupils, subject: str) -> np.ndarray:
    """Say of each student whether it is of the group of its school with the lowest share met."""
    race = pupils.frame["race"].rank("dense").fill_null(0).to_numpy().astype(int)
    short = pupils.short_of(subject)
    seen = ~np.isnan(short)
    shape = (int(pupils.place.max()) + 1, int(race.max()) + 1)
    at = np.ravel_multi_index((pupils.place, race), shape)
    size = shape[0] * shape[1]
    n = np.bincount(at[seen], minlength=size).reshape(shape)
    met = np.bincount(at[seen], weights=short[seen] <= 0, minlength=size).reshape(shape)
    share = np.where(n >= max(pupils.notches.minimum_n, 1), met / np.maximum(n, 1), np.inf)
    chosen = np.where(np.isinf(share).all(axis=1), -1, share.argmin(axis=1))
    found: np.ndarray = race == chosen[pupils.place]
    return found
