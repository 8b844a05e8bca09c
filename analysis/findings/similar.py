"""Which schools are like mine, and how do they do? The nearest by declared columns.

To measure likeness otherwise: here, and say so in the docstring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import cdist

from analysis.findings.place import Place, locate
from analysis.problems import did_you_mean, fail, listed
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread, whole_group


@dataclass(frozen=True)
class Similar:
    """The schools nearest to one, and where it stands among them.

    `schools` has school, name, distance (in standard deviations over the columns), the columns,
    and value. `value` is the school's own; `mean` is the others', `low` and `high` bound 95 % of
    that mean; `higher` is the share of them whose value is higher (0-1).
    """

    step: str
    value: float
    mean: float
    low: float
    high: float
    higher: float
    schools: pd.DataFrame


def similar(
    ratings: Ratings, school: str, *, by: Sequence[str], step: str | None = None, most: int = 20
) -> Similar:
    """Find the schools most like one, by school columns that somebody declares.

    Distance is Euclid's over the columns, each in standard deviations. Schools that lack a column
    or the value are left out.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        by: school columns that hold numbers (or yes and no).
        step: a step or measure to compare; the design's index, unless it is said.
        most: how many schools.

    Raises:
        ProblemsError: no such school, a column that is not there or holds words, or too few
            schools.

    >>> from analysis import load_design, rate, read_panel
    >>> found = similar(rate(load_design("franklin/index"), read_panel("franklin")), "0102",
    ...                 by=["poverty", "enrollment"], most=3)
    >>> list(found.schools["school"])
    ['0104', '0108', '0112']
    """
    place = locate(ratings, school)
    step = step or ratings.design.header.headline.index
    if step is None or step not in ratings.cells.got:
        near = did_you_mean(step, ratings.cells.got)
        raise fail(ratings.design.name, f"has no index or step {step or ''} to compare.{near}")
    table = _table(ratings, place, by, step)
    own = table.loc[place.row]
    rest = table.drop(index=place.row).dropna()
    if own[list(by)].isna().any() or len(rest) < 2:  # noqa: PLR2004 (a mean needs two)
        raise fail(school, "lacks one of the columns, or too few other schools have them all.")
    scale = rest[list(by)].std().replace(0, 1)
    ours, others = own[list(by)].to_numpy(float)[None] / scale.to_numpy(), rest[list(by)] / scale
    rest = rest.assign(distance=cdist(ours, others)[0])
    nearest = rest.nsmallest(most, "distance")
    value = nearest["value"]
    half = stats.t.ppf(0.975, len(value) - 1) * value.std() / np.sqrt(len(value))
    mean = float(value.mean())
    columns = ["school", "name", "distance", *by, "value"]
    return Similar(
        step,
        place.of(spread(ratings, whole_group(ratings[step]))),
        mean,
        mean - half,
        mean + half,
        float((value > own["value"]).mean()),
        nearest[columns].reset_index(drop=True),
    )


def _table(ratings: Ratings, place: Place, by: Sequence[str], step: str) -> pd.DataFrame:
    units = ratings.panel.units
    table = units[["school"]].assign(name=units.get("name", ""))
    for name in by:
        table[name] = numbers_of(ratings, name, place.year)
    value = spread(ratings, whole_group(ratings[step])).sel(year=place.year)
    return table.assign(value=np.asarray(value))[units["part"] == ""]


def numbers_of(ratings: Ratings, name: str, year: int) -> np.ndarray:
    """Read a school column of numbers (or yes and no) in one year, by row of the axis school.

    Raises:
        ProblemsError: the panel has no such column, or it holds words.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> numbers_of(franklin, "poverty", 2025)[:2].tolist()
    [80.0, 60.0]
    """
    column = ratings.panel.columns.get(name)
    if column is None or column.dtype == object:
        known = [n for n, a in ratings.panel.columns.items() if a.dtype != object]
        text = f"has no school column {name} that holds numbers; there are {listed(known)}."
        raise fail(ratings.panel.name, text + did_you_mean(name, known))
    return np.asarray(column.sel(year=year) if "year" in column.dims else column, dtype=float)
