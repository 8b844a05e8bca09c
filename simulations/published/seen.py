"""What do ratings say of whole schools, year by year? Plain arrays, one entry for each school.

To read something else of a school: one method here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr

from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread
from analysis.values import ALL

INDEX_YEAR: Final = 2015
"""The year of the index that was released first (2014-15), and of most published figures."""

GROWTH_YEAR: Final = 2016
"""The first year in which every level has growth."""


@dataclass(frozen=True)
class Seen:
    """Whole schools of a rated panel; what a year or a group lacks is missing (NaN)."""

    ratings: Ratings

    @property
    def years(self) -> tuple[int, ...]:
        """The years of the panel."""
        return self.ratings.panel.years

    @cached_property
    def whole(self) -> np.ndarray:
        """True for each row of the axis school that is a whole school."""
        marks: np.ndarray = (self.ratings.panel.units["part"] == "").to_numpy()
        return marks

    @cached_property
    def schools(self) -> list[str]:
        """The codes of the schools."""
        return list(self.ratings.panel.units["school"][self.whole])

    def column(self, name: str) -> np.ndarray:
        """Give what is known of each school, such as its level or district."""
        held: np.ndarray = np.asarray(self.ratings.panel.columns[name].values)[self.whole]
        return held

    def of(self, name: str, year: int, group: str = ALL) -> np.ndarray:
        """Give the value of a measure or step."""
        return self._some(self.ratings[name].value, year, group)

    def counts(self, name: str, year: int, group: str = ALL) -> np.ndarray:
        """Give how many students stand behind the values of a measure; 0 where there are none."""
        n = self.ratings[name].n
        return (
            np.zeros(self.whole.sum()) if n is None else np.nan_to_num(self._some(n, year, group))
        )

    def over_years(self, name: str, years: Sequence[int]) -> np.ndarray:
        """Give values over school and year."""
        return np.stack([self.of(name, year) for year in years], axis=1)

    def named(self, lists: Sequence[str], year: int) -> np.ndarray:
        """Say who is on any of some lists: 1, 0, or missing where no list judges the school."""
        marks = np.stack([self.of(name, year) for name in lists])
        some = (marks == 1).any(axis=0)
        return np.where(some, 1.0, np.where(np.isnan(marks).all(axis=0), np.nan, 0.0))

    def _some(self, array: xr.DataArray, year: int, group: str) -> np.ndarray:
        grouped = "group" in array.dims
        if year not in self.years or (grouped and group not in array["group"].to_numpy()):
            return np.full(int(self.whole.sum()), np.nan)
        a = array.sel(group=group, drop=True) if grouped else array
        found: np.ndarray = spread(self.ratings, a).sel(year=year).to_numpy()[self.whole]
        return found
