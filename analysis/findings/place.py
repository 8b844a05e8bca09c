"""Which cell is meant? One school (or part), one year, one group.

To reach further: one more axis in `Place`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.problems import did_you_mean, fail
from analysis.ratings.rate import Ratings
from analysis.values import ALL


@dataclass(frozen=True)
class Place:
    """A cell: a row of the axis school, a year and a group."""

    row: int
    year: int
    group: str

    def of(self, a: xr.DataArray) -> float:
        """Read an array here; it may lack any of the axes."""
        for axis, where in (("year", self.year), ("group", self.group)):
            a = a.sel({axis: where}, drop=True) if axis in a.dims else a
        return float(a.isel(school=self.row) if "school" in a.dims else a)


def locate(
    ratings: Ratings, school: str, *, year: int | None = None, group: str = ALL, part: str = ""
) -> Place:
    """Find the cell of a school.

    Raises:
        ProblemsError: the panel has no such school, part, year or group.
    """
    panel = ratings.panel
    year = panel.years[-1] if year is None else year
    rows = np.flatnonzero((panel.units["school"] == school) & (panel.units["part"] == part))
    if not len(rows):
        near = did_you_mean(school, panel.units["school"])
        raise fail(f"{school} {part}".strip(), f"is no school of the panel {panel.name}.{near}")
    groups = ratings.cells.groups
    for word, said, known in (("year", year, panel.years), ("group", group, groups)):
        if said not in known:
            text = f"the panel {panel.name} has no {word} {said}.{did_you_mean(said, known)}"
            raise fail(school, text)
    return Place(int(rows[0]), year, group)
