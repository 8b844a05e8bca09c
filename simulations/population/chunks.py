"""Which students does a population hold? Made in chunks: a district, a year and a level.

A chunk depends on nothing but the population; any of them can be made alone.

To cut chunks otherwise: `Chunk` and `Population.chunks`; the students stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from analysis.problems import fail
from simulations.population.blocks import LEVELS, level_of
from simulations.population.records import records_of
from simulations.population.rows import rows_of
from simulations.population.town import Town, make_town
from simulations.population.truth import Expected, expected_of_cohort
from simulations.population.world import World

_GRADES: Final = tuple(range(-1, 13))


@dataclass(frozen=True)
class Chunk:
    """The students of one level of one district in one year."""

    district: str
    year: int
    level: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.district.replace('_', '-')}-{self.year}-{self.level}.parquet"


@dataclass(frozen=True)
class Population:
    """All that decides every number of a population.

    `seed` decides about schools; another `draw` gives the same schools other students and another
    luck.
    """

    world: World
    seed: int
    draw: int = 0

    def town(self, district: str) -> Town:
        """Make one district."""
        return make_town(self.world, self.seed, district, draw=self.draw)

    def chunks(self, years: Sequence[int]) -> tuple[Chunk, ...]:
        """List the chunks of some years, the largest first."""
        places = sorted(self.world.places, key=lambda name: -self.world.seats(name))
        return tuple(Chunk(d, year, level) for d in places for level in LEVELS for year in years)

    def students(self, chunk: Chunk) -> Iterator[pa.Table]:
        """Make the student rows of a chunk, grade by grade.

        Args:
            chunk: a district, a year and a level.

        >>> from simulations.population.world import load_world
        >>> small = Population(load_world("core-small"), seed=1)
        >>> first = next(small.students(Chunk("fresno", 2015, "high")))
        >>> first["grade"][0].as_py(), first.num_columns
        (9, 36)
        """
        town = self.town(chunk.district)
        for grade in _GRADES:
            if level_of(grade) == chunk.level:
                yield rows_of(records_of(town.now(grade, chunk.year)))

    def expected(
        self, district: str, class_of: int, years: Sequence[int]
    ) -> Mapping[int, Expected]:
        """Give the expected numbers of one cohort in some years; the same for every draw."""
        return expected_of_cohort(self.town(district), class_of, years)


def parse_years(text: str, world: World) -> tuple[int, ...]:
    """Take years of a world as text; no text means all of them.

    Args:
        text: years, joined by commas.
        world: the numbers of the districts.

    Raises:
        ProblemsError: a word that is not one of the world's years.

    >>> from simulations.population.world import load_world
    >>> parse_years("2015, 2014", load_world("core"))
    (2014, 2015)
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    known = {str(year): year for year in world.years}
    for word in words:
        if word not in known:
            listed = ", ".join(known)
            raise fail("years", f"must be years of the world ({listed}), but they say {word}.")
    return tuple(sorted({known[word] for word in words})) or world.years
