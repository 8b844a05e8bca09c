"""How much of the variance lies between schools, and how much of it lasts?

To add a figure: one function that yields names and values, called in `of_variance`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from simulations.population.blocks import RACES, SKILLS
from simulations.population.figures import GRADE, Figure
from simulations.population.world import World

_FLAGS: Final = ("sed", "swd", "el", "rfep")
_FIFTH: Final = GRADE == 5  # noqa: PLR2004 (a grade)
_AVERAGE_SIZE: Final = (45, 100)
"""Tested students of a grade of about average size: the published split is for one of 68."""

FEWEST: Final = 20
LOWEST: Final = 0.05


def of_variance(world: World, rows: pl.LazyFrame, years: Sequence[int]) -> Iterator[Figure]:
    """Give figures about schools' variance and about change from one year to the next.

    Args:
        world: the numbers of the districts.
        rows: students of several years, with `figures.with_levels`.
        years: the years to use, in order; those about change need two.
    """
    first = rows.filter(pl.col("year") == years[0])
    for name in ("ela_score", "math_score"):
        yield f"between.{name}", between(first.filter(_FIFTH), name)
    for name in SKILLS:
        yield f"between.{name}", between(first, name)
        yield f"reliability.{name}", _reliability(world, first, name)
    if len(years) > 1:
        yield from _lasting(rows.filter(_FIFTH & pl.col("year").is_in(list(years))))
        last = rows.filter(pl.col("year") == years[1])
        yield from _change(first, last)
        yield from _retest(first, last)


def between(rows: pl.LazyFrame, name: str) -> float:
    """Give the share of the variance of a column that lies between schools, chance taken out."""
    cells = (
        rows.filter(pl.col(name).is_not_null())
        .group_by("school", "level")
        .agg(m=pl.col(name).mean(), v=pl.col(name).var(), n=pl.len())
        .filter(pl.col("n") > 1)
        .collect()
    )
    m, v, n = (cells[key].to_numpy().astype(float) for key in ("m", "v", "n"))
    within = float(np.average(v, weights=n - 1))
    apart = float(np.average((m - np.average(m, weights=n)) ** 2, weights=n))
    true = apart - within * len(n) / float(n.sum())
    return true / (true + within)


def _reliability(world: World, rows: pl.LazyFrame, name: str) -> float:
    """Give the share of a scale's variance in a level that is not error of measurement."""
    spread = rows.group_by("level").agg(v=pl.col(name).var()).drop_nulls().collect()
    return 1 - world.latents[name].error ** 2 / float(np.mean(spread["v"].to_numpy()))


def _lasting(rows: pl.LazyFrame) -> Iterator[Figure]:
    """Split the variance of a grade's mean: what lasts, sampling, other (per cent).

    `raw` takes scores as they are, `net` what the make-up of students leaves unexplained.
    """
    data = rows.filter(pl.col("ela_score").is_not_null()).collect()
    races = [(data["race"] == race).to_numpy().astype(float) for race in RACES[1:]]
    score = data["ela_score"].to_numpy().astype(float)
    makeup = _columns(data, _FLAGS) + races
    for name, value in (("raw", score), ("net", _rest(score, makeup))):
        cells = data.select("school", "year").with_columns(pl.Series("y", value))
        for part, share in _split(cells):
            yield f"grade_mean.{name}.{part}", 100 * share


def _columns(data: pl.DataFrame, names: Sequence[str]) -> list[np.ndarray]:
    return [data[name].to_numpy().astype(float) for name in names]


def _rest(y: np.ndarray, x: Sequence[np.ndarray]) -> np.ndarray:
    """Give what a linear regression leaves unexplained."""
    design = np.stack([np.ones(len(y)), *x], axis=1)
    found: np.ndarray = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return found


def _split(data: pl.DataFrame) -> Iterator[Figure]:
    cells = data.group_by("school", "year").agg(
        m=pl.col("y").mean(), v=pl.col("y").var(), n=pl.len()
    )
    cells = cells.filter(pl.col("n").is_between(*_AVERAGE_SIZE))
    wide = cells.to_pandas().pivot_table(index="school", columns="year", values="m")
    apart = (wide - wide.mean()).dropna()
    total = float(apart.var().mean())
    pairs = np.triu_indices(apart.shape[1], 1)
    lasting = float(apart.cov().to_numpy()[pairs].mean())
    sampling = float(np.mean(cells["v"].to_numpy() / cells["n"].to_numpy()))
    yield from (("lasting", lasting / total), ("sampling", sampling / total))
    yield "other", 1 - (lasting + sampling) / total


def _change(first: pl.LazyFrame, last: pl.LazyFrame) -> Iterator[Figure]:
    """Compare status and growth of schools, by CORE's kind of model.

    Growth is the mean of what last year's scores, a student's groups, and the school's averages
    of both leave unexplained.
    """
    schools, correlation = growth_of_schools(first, last)
    status, growth, poor = (schools[name].to_numpy() for name in ("status", "growth", "poor"))
    yield "adjacent_years.r", correlation
    yield "status_growth.r", _r(status, growth)
    low = [x <= np.quantile(x, LOWEST) for x in (status, growth)]
    yield "status_growth.overlap", 100 * float((low[0] & low[1]).sum() / low[0].sum())
    yield "growth_poverty.r", _r(growth, poor)
    yield "status_poverty.r", _r(status, poor)


def growth_of_schools(first: pl.LazyFrame, last: pl.LazyFrame) -> tuple[pd.DataFrame, float]:
    """Give growth and status of schools, and the correlation of scores of adjacent years.

    Args:
        first: students of one year.
        last: students of the next.

    Returns:
        A table with school, level, growth (score points), status and poor (shares), n.
    """
    before = first.select("student", before="ela_score", other="math_score")
    names = ["student", "school", "level", "grade", *_FLAGS, "ela_score", "ela_met"]
    now = last.filter(pl.col("full_year")).select(names).join(before, on="student")
    known = now.drop_nulls(["ela_score", "before", "other"])
    means = [pl.col(n).mean().over("school", "grade").alias(f"mean {n}") for n in _X]
    data = known.with_columns(means).collect()
    rest = np.zeros(len(data))
    score = data["ela_score"].to_numpy().astype(float)
    x = _columns(data, [*_X, *(f"mean {n}" for n in _X)])
    for grade in data["grade"].unique():
        here = (data["grade"] == grade).to_numpy()
        rest[here] = _rest(score[here], [column[here] for column in x])
    table = (
        data.with_columns(pl.Series("rest", rest))
        .group_by("school", "level")
        .agg(
            growth=pl.col("rest").mean(),
            status=pl.col("ela_met").mean(),
            poor=pl.col("sed").mean(),
            n=pl.len(),
        )
        .filter(pl.col("n") >= FEWEST)
        .sort("school", "level")
    )
    return table.to_pandas(), _r(score, data["before"].to_numpy().astype(float))


_X: Final = ("before", "other", *_FLAGS)


def _r(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def _retest(first: pl.LazyFrame, last: pl.LazyFrame) -> Iterator[Figure]:
    before = first.select("student", *(pl.col(name).alias(f"{name} before") for name in SKILLS))
    both = last.select("student", *SKILLS).join(before, on="student").collect()
    for name in SKILLS:
        pair = both.select(name, f"{name} before").drop_nulls().to_numpy()
        yield f"retest.{name}", _r(pair[:, 0], pair[:, 1])
