"""Whom does a school teach, and where is it high or low? Students, place, and figures by group.

Figures are turned so that more is better, and stand among schools of the same level of schooling.
To let more be known of a school: a field of `Standing`, filled in `standing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from scipy.spatial.distance import cdist

from analysis.findings.comparison import students_by_group
from analysis.findings.profiles import cut_bands
from analysis.findings.similar import numbers_of
from analysis.problems import did_you_mean, fail, listed
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import of_all
from analysis.values import ALL

EARTH: Final = 6371.0
"""The earth's mean radius in kilometres (International Union of Geodesy and Geophysics)."""


@dataclass(frozen=True)
class Standing:
    """What is known of schools (or districts) that may learn from one another.

    `schools` has school, name, district, level, enrollment, latitude, longitude, index, growth
    (standard deviations) and named (true or false). `students` has a column for each
    characteristic. The rest is over school and cell; `cells` gives each cell's measure and group.
    `figures` are in the measure's unit, turned so that more is better; `n` counts students; `apart`
    is in standard deviations among schools of the level; `low` and `high` are true or false.
    """

    schools: pd.DataFrame
    students: pd.DataFrame
    cells: tuple[tuple[str, str], ...]
    figures: np.ndarray
    n: np.ndarray
    apart: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def of_all(self) -> np.ndarray:
        """True for each cell of all students."""
        return np.array([group == ALL for _, group in self.cells], dtype=bool)

    def words(self, cells: np.ndarray, *, most: int = 3) -> str:
        """Name some cells, the first ones only: `ela, math of el and 2 more`."""
        told = [self.cells[i] for i in np.flatnonzero(cells)]
        return listed([m if g == ALL else f"{m} of {g}" for m, g in told], most=most)


def standing(
    ratings: Ratings,
    named: str,
    *,
    year: int | None = None,
    growth: Sequence[str] = (),
    by: Sequence[str] = (),
    least: int = 20,
) -> Standing:
    """Lay out students, place and figures of whole schools in one year.

    Args:
        ratings: the ratings of a panel.
        named: the list whose schools look for partners.
        year: the panel's last, unless it is said.
        growth: measures or steps that show growth (more is better); their mean is taken.
        by: school columns with numbers that describe students; each group's share without it.
        least: students that a cell needs to count.

    Raises:
        ProblemsError: no such list, step, column or year, no index, or no measure with a better
            side.

    >>> from analysis import load_design, rate, read_panel
    >>> found = standing(rate(load_design("franklin/index"), read_panel("franklin")), "lowest")
    >>> found.schools.loc[found.schools["named"], "school"].tolist()
    ['0101', '0111']
    """
    design, panel = ratings.design, ratings.panel
    year = panel.years[-1] if year is None else year
    if year not in panel.years:
        raise fail(panel.name, f"has no year {year}; there are {listed(panel.years)}.")
    index = design.header.headline.index
    for word in (named, *growth, *([index] if index else [])):
        if word not in ratings.cells.got:
            raise fail(design.name, f"has no step {word}.{did_you_mean(word, ratings.cells.got)}")
    if index is None:
        raise fail(design.name, "has no index, so nobody is known to do better.")
    rows = np.flatnonzero(panel.whole == np.arange(len(panel.units)))
    schools = _schools(ratings, rows, year).assign(
        index=of_all(ratings, index, year)[rows], named=of_all(ratings, named, year)[rows] == 1
    )
    alike = [
        _apart(of_all(ratings, g, year)[rows][:, None], schools["level"].to_numpy())[:, 0]
        for g in growth
    ]
    schools["growth"] = np.mean(alike, axis=0) if alike else np.nan
    students = _columns(ratings, by, rows, year) if by else _shares(ratings, rows, year)
    cells = tuple(_cells(ratings, least, year))
    if not cells:
        raise fail(design.name, "must say of its measures which side is better: high or low.")
    figures = np.stack([_figures(ratings, m, g, least, year)[rows] for m, g in cells], axis=-1)
    n = np.stack([_counts(ratings, m, g, year)[rows] for m, g in cells], axis=-1)
    blank = np.zeros(figures.shape, dtype=bool)
    return placed(Standing(schools, students, cells, figures, n, figures, blank, blank))


def placed(found: Standing, *, low: float = 0.3, high: float = 0.3) -> Standing:
    """Place figures among schools of the same level, and mark what is low and high.

    A cell in which the low and the high band are the same figure is neither.

    Args:
        found: with its figures.
        low: share of the schools of a level that are low in a cell (0-1).
        high: the same for high.

    Source of the shares: CORE's colours call levels 1-3 of 10 below average and 8-10 above.
    """
    levels = found.schools["level"].to_numpy()
    lows, highs = np.zeros_like(found.low), np.zeros_like(found.low)
    for level in pd.unique(levels):
        some = levels == level
        bands = cut_bands(found.figures[some], low=low, high=high)
        apart = bands.low < bands.high
        lows[some] = (found.figures[some] <= bands.low) & apart
        highs[some] = (found.figures[some] >= bands.high) & apart
    return replace(found, apart=_apart(found.figures, levels), low=lows, high=highs)


def student_distance(found: Standing) -> np.ndarray:
    """Give Euclid's distance between students, over school and school, in standard deviations.

    As in `similar`: each characteristic is in standard deviations over all schools.
    """
    scale = found.students.std().replace(0, 1)
    scaled = (found.students / scale).to_numpy(dtype=float)
    return cdist(scaled, scaled)


def kilometres(found: Standing) -> np.ndarray:
    """Give the great-circle distance over school and school; missing where a place is unknown.

    Source: the haversine formula (Sinnott 1984, Sky and Telescope 68(2)).
    """
    where = np.radians(found.schools[["latitude", "longitude"]].to_numpy(dtype=float))
    across, along = where[:, 0], where[:, 1]
    half = np.sin((across[:, None] - across) / 2) ** 2
    half = half + np.cos(across)[:, None] * np.cos(across) * (
        np.sin((along[:, None] - along) / 2) ** 2
    )
    away: np.ndarray = 2 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return away


def of_districts(found: Standing) -> Standing:
    """Put the schools of each district together, weighted by their students.

    Raises:
        ProblemsError: the panel has no districts or no enrollment.
    """
    schools = found.schools
    names = sorted(set(schools["district"]) - {""})
    weight = schools["enrollment"].to_numpy(dtype=float)
    if len(names) < 2 or np.isnan(weight).all():  # noqa: PLR2004 (a partner needs another)
        raise fail("districts", "need the school columns district and enrollment.")
    member = np.array([schools["district"].to_numpy() == name for name in names])
    pupils = np.nan_to_num(member * weight)
    n = np.where(np.isnan(found.figures), 0.0, np.nan_to_num(found.n, nan=1.0))
    total = member @ n
    with np.errstate(invalid="ignore", divide="ignore"):
        figures = (member @ (np.nan_to_num(found.figures) * n)) / total
    students = pupils @ found.students.to_numpy(dtype=float) / pupils.sum(axis=1, keepdims=True)
    table = pd.DataFrame({"school": names, "name": names, "district": names, "level": ""})
    table["enrollment"] = pupils.sum(axis=1)
    for word in ("latitude", "longitude", "index", "growth"):
        value = schools[word].to_numpy(dtype=float)
        held = pupils * ~np.isnan(value)
        with np.errstate(invalid="ignore"):
            table[word] = held @ np.nan_to_num(value) / held.sum(axis=1)
    table["named"] = True
    characteristics = pd.DataFrame(students, columns=found.students.columns)
    blank = np.zeros(figures.shape, dtype=bool)
    whole = Standing(table, characteristics, found.cells, figures, total, figures, blank, blank)
    return placed(whole)


def _schools(ratings: Ratings, rows: np.ndarray, year: int) -> pd.DataFrame:
    table = ratings.panel.units.iloc[rows][["school"]].reset_index(drop=True)
    for word, empty in (("name", ""), ("district", ""), ("level", "")):
        column = ratings.panel.columns.get(word)
        table[word] = empty if column is None else _in(column, year)[rows]
    for word in ("enrollment", "latitude", "longitude"):
        column = ratings.panel.columns.get(word)
        table[word] = np.nan if column is None else _in(column, year)[rows].astype(float)
    return table


def _in(column: xr.DataArray, year: int) -> np.ndarray:
    return np.asarray(column.sel(year=year) if "year" in column.dims else column)


def _shares(ratings: Ratings, rows: np.ndarray, year: int) -> pd.DataFrame:
    """Give the share of students in each group of the panel (0-1); 0 where nobody is counted."""
    counted = students_by_group(ratings, year)
    everyone = np.where(counted.get(ALL, np.zeros(1)) > 0, counted.get(ALL, np.zeros(1)), np.nan)
    shares = {
        group: np.nan_to_num(np.clip(count / everyone, 0, 1))[rows]
        for group, count in counted.items()
        if group != ALL and np.nan_to_num(count).any()
    }
    if not shares:
        raise fail(ratings.panel.name, "counts no students by group; name columns with --by.")
    return pd.DataFrame(shares)


def _columns(ratings: Ratings, by: Sequence[str], rows: np.ndarray, year: int) -> pd.DataFrame:
    return pd.DataFrame({name: numbers_of(ratings, name, year)[rows] for name in by})


def _cells(ratings: Ratings, least: int, year: int) -> Iterator[tuple[str, str]]:
    """Name the cells that two schools or more have: measures with a better side, by group."""
    for measure, said in ratings.design.measures.items():
        if said.better is not None and measure in ratings.panel.measures:
            for group in ratings.panel.groups:
                found = _figures(ratings, measure, group, least, year)
                if (~np.isnan(found)).sum() > 1:
                    yield measure, group


def _figures(ratings: Ratings, measure: str, group: str, least: int, year: int) -> np.ndarray:
    value = np.asarray(ratings.panel.measures[measure].value.sel(year=year, group=group))
    turned = value if ratings.design.measures[measure].better == "high" else -value
    few = _counts(ratings, measure, group, year) < least
    return np.where(few, np.nan, turned)


def _counts(ratings: Ratings, measure: str, group: str, year: int) -> np.ndarray:
    """Give numbers of students by row of the axis school; missing where they are not told."""
    n = ratings.panel.measures[measure].n
    if n is None:
        return np.full(len(ratings.panel.units), np.nan)
    return np.asarray(n.sel(year=year, group=group), dtype=float)


def _apart(figures: np.ndarray, levels: Sequence[str] | np.ndarray) -> np.ndarray:
    """Give figures in standard deviations from the mean of the level, over school and cell."""
    by = pd.DataFrame(figures).groupby(np.asarray(levels))
    away = pd.DataFrame(figures) - by.transform("mean")
    scale = by.transform("std").where(lambda s: s > 0, 1.0)
    return (away / scale).to_numpy()
