"""Which made-up schools are there, and what does each behaviour do to their cells?

A world is a draw of the same schools: other students, and another luck of the year. All draws of a
seed are counted at once and laid out along the axis draw. What a mechanism does to a cell is
counted from student rows at full effort; at less effort a cell lies on the line between. Growth is
held to the schools' growth without any behaviour, since what counts is what one school gains.

To add what designs may count beside student rows: `AUDITS`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from analysis.designs.definitions import TESTED_GRADES
from analysis.panels.students.table import Students, read_students
from simulations.gaming.mechanism import SUBJECTS, Acted, Notches, Pupils, put
from simulations.keeping import Kept
from simulations.population.chunks import Population
from simulations.population.records import records_of
from simulations.population.rows import rows_of
from simulations.population.world import World
from simulations.streams import Draws

AUDITS: Final = {f"{subject}_audit": subject for subject in SUBJECTS}
"""Measures of an audit test, which nobody prepares for, and the subject of each."""

EARLIER: Final = tuple(grade for grade in TESTED_GRADES.values() if grade + 1 in TESTED_GRADES)
"""Grades whose scores growth needs of the year before."""

MARK: Final = "|"
"""Stands between the number of a draw and a code, where all draws are counted at once."""


@dataclass(frozen=True)
class Worlds:
    """Draws of some made-up schools.

    `home` is the folder of their first draw, with schools, surveys and truth. `rows` has the
    columns of students and `draw`; of the year before those whose scores growth needs,
    of the base year those of the first draw. `alike` is the correlation of an audit test with the
    test (0-1).
    """

    home: Path
    rows: pl.DataFrame
    seed: int
    draws: int
    year: int
    base_year: int
    alike: float

    def pupils(self, notches: Notches) -> Pupils:
        """Give the students of the year."""
        return Pupils(self.rows.filter(pl.col("year") == self.year), notches, self.seed)

    def beside(self, rows: pl.DataFrame) -> Students:
        """Give student rows with the tables of all draws beside them, each draw under its codes."""
        keys = ("student", "school")
        named = [pl.format("{}" + MARK + "{}", "draw", key).alias(key) for key in keys]
        base = read_students(self.home)
        tables = {
            name: pa.concat_tables(
                self._coded(base.tables[name], draw) for draw in range(self.draws)
            )
            for name in ("schools", "measures")
        }
        told = rows.with_columns(named).drop("draw").with_row_index("row", offset=2).lazy()
        return Students("worlds", "worlds", base.about, told, tables)

    def _coded(self, table: pa.Table, draw: int) -> pa.Table:
        frame: pd.DataFrame = table.to_pandas()
        return pa.Table.from_pandas(
            frame.assign(school=[f"{draw}{MARK}{code}" for code in frame["school"]]),
            preserve_index=False,
        )

    def audited(self, pupils: Pupils, acted: Acted | None = None) -> pl.DataFrame:
        """Give the rows of the year with scores of an audit test: as alike as two tests are.

        What schools report does not move them; what is learned does.
        """
        found = {}
        for subject in SUBJECTS:
            name, sd = f"{subject}_score", pupils.spread[subject]
            z = pupils.numbers(name) / sd
            mean = pl.Series(z, nan_to_null=True).to_frame("z").with_columns(pupils.frame["grade"])
            centre = mean.select(pl.col("z").mean().over("grade"))[:, 0].to_numpy()
            luck = Draws.of(self.seed, "gaming", "audit", subject)
            noise = pupils.drawn(luck.normals)
            learned = 0.0 if acted is None else acted.learned[subject].to_numpy()
            score = centre + self.alike * (z - centre) + np.sqrt(1 - self.alike**2) * noise
            found[name] = sd * (score + learned)
        return put(pupils.frame, found)


def make_worlds(
    world: World, seed: int, draws: int, years: tuple[int, int], *, alike: float = 0.9
) -> Worlds:
    """Make draws of some schools, or find those that were made before (in build/made).

    Args:
        world: the numbers of the districts.
        seed: which schools.
        draws: how many draws.
        years: the year from which cut points come, and the year that is looked at.
        alike: correlation of an audit test with the test (0-1).
    """
    base_year, year = years
    first = Population(world, seed)
    home = Kept().students(first, sorted({base_year, year}), workers=1)
    path = home.with_name(f"{home.name}-{draws}.parquet")
    if not path.exists():
        _write_rows(path, [_of_draw(Population(world, seed, d), years) for d in range(draws)])
    return Worlds(home, _read_rows(path), seed, draws, year, base_year, alike)


def _of_draw(made: Population, years: tuple[int, int]) -> pl.DataFrame:
    base_year, year = years
    wanted = sorted({year, *([base_year] if made.draw == 0 else [])})
    tables = [table for chunk in made.chunks(wanted) for table in made.students(chunk)]
    if year - 1 not in wanted:
        towns = [made.town(district) for district in made.world.places]
        tables += [rows_of(records_of(t.now(g, year - 1))) for t in towns for g in EARLIER]
    frame = pl.DataFrame(pl.from_arrow(pa.concat_tables(tables)))
    return frame.with_columns(pl.lit(made.draw, pl.Int32).alias("draw"))


def _read_rows(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def _write_rows(path: Path, frames: Sequence[pl.DataFrame]) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    pl.concat(frames).write_parquet(fresh)
    fresh.replace(path)
