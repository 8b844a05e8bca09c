"""How near is a made-up population to what is published? Our figures beside the targets.

The targets stand in the world's file, each with its source and its role: numbers were fitted to it,
it was left to be predicted, or only its shape matters (other places, other definitions). Misses are
shown, not hidden.

To add a figure: `figures.py` (one year), `variance.py` (schools and change) or `drift.py` (index),
and a target of its name in the world's file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import polars as pl

from simulations.population.drift import of_drift
from simulations.population.expected import READY_GRADE
from simulations.population.figures import GRADE, Figure, by, of_one_year, ready, with_levels
from simulations.population.variance import of_variance
from simulations.population.world import World

YEAR: Final = 2015
"""The year of most published figures: the first with these tests."""

READY_YEAR: Final = 2018
"""The year of the published share of students ready for high school (2018-19 is not made)."""


@dataclass(frozen=True)
class Moments:
    """Our figures beside the targets.

    `table` has a row for each target: figure, ours, low, high (the target's span), near (ours lies
    in it), role, source.
    """

    table: pd.DataFrame

    @property
    def text(self) -> str:
        """Write a line for each figure; a miss is marked."""
        lines = []
        for row in self.table.itertuples():
            span = f"{row.low:g} to {row.high:g}"
            mark = "" if row.near else "MISS"
            lines.append(
                f"{row.figure:36}{row.ours:12.6g}  {span:20}{row.role:10}{mark:5}{row.source}"
            )
        near = int(self.table["near"].sum())
        return "\n".join([*lines, f"{near} of {len(self.table)} figures lie near their targets"])


def moments(world: World, folder: Path) -> Moments:
    """Compute the figures of a written population for which its world has a target.

    What needs a year that was not written is left out.

    Args:
        world: the world with its targets.
        folder: where `write_population` put the population.
    """
    found = dict(all_figures(world, folder))
    rows = [
        {
            "figure": name,
            "ours": found[name],
            "low": target.low,
            "high": target.high,
            "near": target.low <= found[name] <= target.high,
            "role": target.role,
            "source": target.cite,
        }
        for name, target in world.targets.items()
        if name in found
    ]
    return Moments(pd.DataFrame(rows))


def all_figures(world: World, folder: Path) -> Iterator[Figure]:
    """Give every figure that the written years allow, with or without a target."""
    rows = with_levels(world, pl.scan_parquet(folder / "students.parquet"))
    years = rows.select(pl.col("year").unique().sort()).collect()["year"].to_list()
    if YEAR in years:
        yield from of_one_year(rows.filter(pl.col("year") == YEAR))
        after = [year for year in years if year >= YEAR]
        adjacent = after if YEAR + 1 in after else after[:1]
        yield from of_variance(world, rows, adjacent)
    if {world.base_year, YEAR} <= set(years):
        yield from of_drift(rows, world.base_year, YEAR, world.places[0])
    if READY_YEAR in years:
        eighth = (pl.col("year") == READY_YEAR) & (GRADE == READY_GRADE) & pl.col("full_year")
        here = rows.filter(eighth & pl.col("gpa").is_not_null())
        yield from by(here, "district", f"readiness_{READY_YEAR}", 100 * ready().mean())
