"""How far do schools move up when cut points are held from a base year?

A rough index for all students of a school: levels 1-10 by the deciles of the base year (of the year
itself for tests, which began later), weights of the index's first release, no groups. It only
serves to fit trends; ratings are made by designs.

To add a measure: an entry in `_MEASURES` and its weight in `_WEIGHTS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from simulations.population.expected import FEWEST_DAYS, READY_GRADE
from simulations.population.figures import (
    ABSENT,
    GRADE,
    GRADUATED,
    HERE,
    SUSPENDED,
    Figure,
    ready,
)

_FULL: Final = pl.col("full_year")
_TESTS: Final = ("ela", "math")
_CLIMATE: Final = 40 / 3
_LOW: Final = ("absence", "suspension")
_FEWEST: Final = 20
_MEASURES: Final[Mapping[str, tuple[pl.Expr, pl.Expr]]] = {
    "ela": (_FULL & pl.col("ela_met").is_not_null(), pl.col("ela_met")),
    "math": (_FULL & pl.col("math_met").is_not_null(), pl.col("math_met")),
    "readiness": (_FULL & (GRADE == READY_GRADE) & pl.col("gpa").is_not_null(), ready()),
    "graduation": (pl.col("cohort") == pl.col("year"), GRADUATED),
    "absence": (pl.col("days_enrolled") >= FEWEST_DAYS, ABSENT),
    "suspension": (HERE, SUSPENDED),
    "redesignation": (_FULL & pl.col("el"), pl.col("redesignated")),
}
_REST: Final = dict.fromkeys(("absence", "suspension", "redesignation"), _CLIMATE)
_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "elementary": {"ela": 30, "math": 30, **_REST},
    "middle": {"ela": 20, "math": 20, "readiness": 20, **_REST},
    "high": {"ela": 20, "math": 20, "graduation": 20, **_REST},
}


def of_drift(rows: pl.LazyFrame, base: int, year: int, district: str) -> Iterator[Figure]:
    """Give the median index of each level, and the mean index of a district.

    Args:
        rows: students, with `figures.with_levels`.
        base: the year whose deciles are the cut points.
        year: the year that is judged.
        district: a district's name.
    """
    levels = {name: _levels(rows, name, base, year) for name in _MEASURES}
    means = []
    for level, weights in _WEIGHTS.items():
        table = pd.DataFrame(
            {name: levels[name].xs(level, level="level") for name in weights}
        ).dropna(how="all")
        weight = table.notna() * pd.Series(weights)
        index = 10 * (table.fillna(0) * weight).sum(axis=1) / weight.sum(axis=1)
        yield f"index.{level}", float(index.median())
        means.append(index)
    every = pd.concat(means).reset_index(name="index")
    here = rows.filter(pl.col("district") == district).select(pl.col("school").unique()).collect()
    of_district = every["school"].isin(here["school"].to_list())
    yield f"index.{district}", float(every["index"][of_district].mean())


def _levels(rows: pl.LazyFrame, name: str, base: int, year: int) -> pd.Series[float]:
    """Give the level of each school, 1 to 10."""
    then = _values(rows, name, year if name in _TESTS else base)
    now = _values(rows, name, year)
    found = []
    for level, values in now.groupby(level="level"):
        before = then.xs(level, level="level")
        cuts = np.quantile(before, np.arange(0.1, 1, 0.1))
        above = (values.to_numpy()[:, None] >= cuts).sum(axis=1)
        found.append(pd.Series(1.0 + above, index=values.index))
    return pd.concat(found)


def _values(rows: pl.LazyFrame, name: str, year: int) -> pd.Series[float]:
    who, value = _MEASURES[name]
    sign = -1 if name in _LOW else 1
    table = (
        rows.filter((pl.col("year") == year) & who)
        .group_by("school", "level")
        .agg(value=sign * value.mean(), n=pl.len())
        .filter(pl.col("n") >= _FEWEST)
        .collect()
    )
    found: pd.Series[float] = table.to_pandas().set_index(["school", "level"])["value"].sort_index()
    return found
