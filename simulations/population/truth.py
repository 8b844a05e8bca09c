"""What is the truth about each school? The expected value of each measure.

It comes from what lasts at the school and from the make-up that its homes lead one to expect. The
luck of a year, the sampling of students and the error of tests are integrated out, not set to
zero, so that the mean over many draws of what is measured is the truth. A value is the ratio of
two expected numbers (those who meet, those who count). No number is drawn here.

To add a measure: `expected.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from simulations.population.blocks import KINDS, LEVELS, RACES, SUBJECTS, SURVEYS, at
from simulations.population.expected import MEASURES, OWN_SCALE, Setting
from simulations.population.flows import first_crowd, next_year
from simulations.population.lives import EL
from simulations.population.places import Places, codes
from simulations.population.town import Town
from simulations.population.world import World

GROUPS: Final = ("all", "el", "swd", "sed", *RACES)
FEWEST: Final = 10
"""Cells in which fewer students are expected are left out: no design judges them."""

Rows = tuple[pd.DataFrame, np.ndarray]
"""School and part of each row, and the row of each unit (-1: none)."""


@dataclass(frozen=True)
class Expected:
    """Expected numbers of a district in one year.

    `met` and `count` are over measure, unit and group; `sizes` counts students on census day, over
    unit and group.
    """

    met: np.ndarray
    count: np.ndarray
    sizes: np.ndarray

    @classmethod
    def nothing(cls, town: Town) -> Expected:
        """Start with zeros."""
        units = len(town.places.level)
        shape = (len(MEASURES), units, len(GROUPS))
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape[1:]))

    def plus(self, other: Expected) -> Expected:
        """Add up two cohorts."""
        return Expected(self.met + other.met, self.count + other.count, self.sizes + other.sizes)


def by_group(array: np.ndarray) -> np.ndarray:
    """Add up kinds of students to groups.

    Args:
        array: numbers over unit, kind (race, sed, swd) and language.

    Returns:
        Numbers over unit and group (`GROUPS`).
    """
    a = array.reshape(len(array), *KINDS)
    some = [a.sum((1, 2, 3, 4)), a[..., EL].sum((1, 2, 3))]
    some += [a[:, :, :, 1].sum((1, 2, 3)), a[:, :, 1].sum((1, 2, 3))]
    races = np.moveaxis(a.sum((2, 3, 4)), 1, 0)
    return np.stack([*some, *races], axis=1)


def expected_of_cohort(town: Town, class_of: int, years: Sequence[int]) -> Mapping[int, Expected]:
    """Follow the expected students of one cohort, and add up what is measured in some years.

    Args:
        town: the district.
        class_of: the year in which the cohort should graduate.
        years: the years of interest.
    """
    found: dict[int, Expected] = {}
    crowd = first_crowd(town, class_of)
    if class_of - 13 in years:
        found[class_of - 13] = _measured(Setting(town.now(-1, class_of - 13), crowd))
    for grade in range(13):
        now = town.now(grade, class_of - 12 + grade)
        if now.year > max(years):
            break
        if now.year in years:
            found[now.year] = _measured(Setting(now, crowd))
        if grade < 12:  # noqa: PLR2004 (the last grade)
            crowd = next_year(now, crowd)
    return found


def cohorts_of(years: Sequence[int]) -> range:
    """Give the cohorts that have students in some years, by the year of graduation."""
    return range(min(years), max(years) + 14)


def _measured(setting: Setting) -> Expected:
    town, crowd = setting.now.town, setting.crowd
    found = Expected.nothing(town)
    found.sizes[crowd.units] = by_group(_sum(setting.stays + setting.leaves))
    for place, cells in enumerate(MEASURES.values()):
        for cell in cells(setting):
            found.count[place, crowd.units] += by_group(_sum(cell.weight))
            found.met[place, crowd.units] += by_group(_sum(cell.weight * cell.value))
    return found


def _sum(array: np.ndarray) -> np.ndarray:
    found: np.ndarray = array.sum(axis=tuple(range(3, array.ndim)))
    return found


@dataclass(frozen=True)
class Piece:
    """Some rows of the truth: codes of place and group, and values."""

    year: int
    measure: str
    place: np.ndarray
    group: np.ndarray
    value: np.ndarray


def truth_table(town: Town, expected: Mapping[int, Expected]) -> pd.DataFrame:
    """Make the truth of a district: school, part, year, measure, group and value.

    A rate of graduation after five or six years stands in the year in which it is known.

    Args:
        town: the district.
        expected: what is expected in each year, all cohorts added up.
    """
    units, spans = unit_rows(town), _span_rows(town)
    places = pd.concat([units[0], spans[0]], ignore_index=True)
    pieces = [
        piece
        for year in sorted(expected)
        for piece in (
            *_of_students(expected, year, (units, spans)),
            *_of_growth(town, year),
            *_of_surveys(town, year),
        )
    ]
    place = np.concatenate([piece.place for piece in pieces])
    group = np.concatenate([piece.group for piece in pieces])
    sizes = [len(piece.place) for piece in pieces]
    return pd.DataFrame(
        {
            "school": places["school"].to_numpy()[place],
            "part": places["part"].to_numpy()[place],
            "year": np.repeat([piece.year for piece in pieces], sizes),
            "measure": np.repeat(np.array([p.measure for p in pieces], dtype=object), sizes),
            "group": np.array(GROUPS, dtype=object)[group],
            "value": np.concatenate([piece.value for piece in pieces]),
        }
    )


def _of_students(
    expected: Mapping[int, Expected], year: int, places: tuple[Rows, Rows]
) -> Iterator[Piece]:
    for measure, name in enumerate(MEASURES):
        since = {"graduation_5": 1, "graduation_6": 2}.get(name, 0)
        if year - since not in expected:
            continue
        then = expected[year - since]
        scale = 1 if name in OWN_SCALE else 100
        first = 0
        for rows in places:
            met, count = (_folded(rows, x[measure]) for x in (then.met, then.count))
            row, group = np.nonzero(count >= FEWEST)
            yield Piece(year, name, first + row, group, scale * met[row, group] / count[row, group])
            first += len(rows[0])


def unit_rows(town: Town) -> Rows:
    """Give school and part of each unit, and the row of each unit."""
    places = town.places
    school = codes(town.world, places)[places.school]
    part = np.where(places.part, np.array(LEVELS)[places.level], "")
    return pd.DataFrame({"school": school, "part": part}), np.arange(len(school))


def _span_rows(town: Town) -> Rows:
    """Give the wholes of schools that span levels, and the whole of each unit (-1: none)."""
    places = town.places
    spans = np.unique(places.school[places.part])
    row = np.full(int(places.school.max()) + 1, -1)
    row[spans] = np.arange(len(spans))
    school = codes(town.world, places)[spans]
    return pd.DataFrame({"school": school, "part": ""}), row[places.school]


def _folded(rows: Rows, numbers: np.ndarray) -> np.ndarray:
    table, of_unit = rows
    found = np.zeros((len(table), *numbers.shape[1:]))
    keep = of_unit >= 0
    np.add.at(found, of_unit[keep], numbers[keep])
    return found


def _of_growth(town: Town, year: int) -> Iterator[Piece]:
    """Give growth: the percentile of what a school adds in a year among all schools."""
    units = np.arange(len(town.places.level))
    for subject in SUBJECTS:
        effect = town.world.growth.value_added[subject]
        spread = max(float(np.hypot(effect.school, effect.advantage)), 1e-12)
        value = 100 * ndtr(town.effects.value_added[subject] / spread)
        yield Piece(year, f"{subject}_growth", units, np.zeros_like(units), value)


def survey_means(world: World, places: Places, name: str, year: int) -> np.ndarray:
    """Give the expected share of favourable answers but for the school's part, over unit."""
    latent = world.latents[name]
    since = year - world.base_year
    by_level = [at(latent.means, g) + at(latent.trend, g) * since for g in (5, 8, 12)]
    found: np.ndarray = np.array(by_level)[places.level]
    return found + latent.districts.get(places.district, 0.0)


def _of_surveys(town: Town, year: int) -> Iterator[Piece]:
    units = np.arange(len(town.places.level))
    for name in SURVEYS:
        value = survey_means(town.world, town.places, name, year) + town.effects.latents[name]
        yield Piece(year, name, units, np.zeros_like(units), np.clip(value, 0, 100))
