"""What do cut points do to a measure? Churn, information lost, cliffs, and drift when all improve.

Figures are a table with one row for each school and one column for each year, turned so that more
is better. To add a way to cut: one branch in `cut_points`, its word in `How`. To add an outcome:
one function here, and its place in `compare_schemes`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import jenkspy
import numpy as np
import pandas as pd
from scipy import stats

from analysis.problems import fail, listed
from analysis.rounding import settle

How = Literal["equal_count", "equal_width", "natural", "published", "none"]


@dataclass(frozen=True)
class Scheme:
    """How values become levels.

    `equal_count` puts as many schools in each level as in any other (deciles, quintiles),
    `equal_width` makes levels equally wide, `natural` makes them as uniform inside as they can be
    (Fisher 1958, Jenks), `published` takes `cuts` that somebody set, and `none` keeps the value.
    `base_year` gives the year whose schools set the cut points; `yearly` sets them anew each year.
    """

    how: How
    levels: int = 10
    base_year: int | Literal["yearly"] = "yearly"
    cuts: tuple[float, ...] = ()


def cut_points(values: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Give where each level above the first begins, from the values of one year.

    Args:
        values: one for each school; missing ones do not count.
        scheme: how they are cut. Where fewer values differ than there are levels, natural levels
            are as many as there are values.

    Returns:
        Rising cut points in the unit of the values; a value at one lies above it. None at all
        where the value is kept.

    Raises:
        ProblemsError: fewer than two levels, or published cut points that do not rise.

    >>> cut_points(np.arange(0.0, 101), Scheme("equal_width", 5)).tolist()
    [20.0, 40.0, 60.0, 80.0]
    >>> cut_points(np.array([1.0, 2, 3, 10, 11, 12, 50]), Scheme("natural", 3)).tolist()
    [10.0, 50.0]
    """
    there = np.sort(values[~np.isnan(values)])
    if scheme.how == "none":
        return np.array([])
    if scheme.how == "published":
        if not scheme.cuts or any(b <= a for a, b in itertools.pairwise(scheme.cuts)):
            raise fail("cut points", "needs published cut points that rise.")
        return np.array(scheme.cuts)
    if scheme.levels < 2:  # noqa: PLR2004 (one level tells nothing apart)
        raise fail("cut points", "needs at least two levels.")
    shares = np.arange(1, scheme.levels) / scheme.levels
    if scheme.how == "equal_count":
        return settle(np.quantile(there, shares, method="linear"))
    if scheme.how == "equal_width":
        return settle(there[0] + shares * (there[-1] - there[0]))
    return _natural(there, scheme.levels)


def _natural(ordered: np.ndarray, levels: int) -> np.ndarray:
    """Give the smallest value of each level above the first."""
    unlike = np.unique(ordered)
    if len(unlike) <= levels:
        return unlike[1:]
    tops = np.array(jenkspy.jenks_breaks(ordered, n_classes=levels))[1:-1]
    return unlike[np.searchsorted(unlike, tops, side="right")]


def levels_by(figures: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Give every school its level in every year; the value itself where there are no levels.

    Args:
        figures: one row for each school, one column for each year.
        scheme: how values become levels.

    Returns:
        A table like `figures` of levels from 1 (the lowest).

    Raises:
        ProblemsError: the figures lack the base year.

    >>> figures = pd.DataFrame({2024: [10.0, 20, 30, 40], 2025: [20.0, 30, 40, 50]})
    >>> levels_by(figures, Scheme("equal_count", 2, base_year=2024))[2025].tolist()
    [1.0, 2.0, 2.0, 2.0]
    """
    if scheme.how == "none":
        return figures
    columns = {}
    for year, values in figures.items():
        columns[year] = _level(values.to_numpy(), _cuts_for(figures, scheme, year))
    return pd.DataFrame(columns, index=figures.index)


def _cuts_for(figures: pd.DataFrame, scheme: Scheme, year: object) -> np.ndarray:
    base = year if scheme.base_year == "yearly" else scheme.base_year
    if base not in figures.columns:
        raise fail("cut points", f"has no year {base}; there are {listed(figures.columns)}.")
    return cut_points(figures[base].to_numpy(dtype=float), scheme)


def _level(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    level = 1.0 + np.searchsorted(cuts, settle(values.astype(float)), side="right")
    return np.where(np.isnan(values), np.nan, level)


def churn(levels: pd.DataFrame) -> pd.DataFrame:
    """Say, for every two years in a row, how many schools change their level.

    Args:
        levels: one row for each school, one column for each year: levels of any kind.

    Returns:
        One row for each pair of years: first, second, schools (with both), changed, up, down, far
        (by more than one level), all shares 0-1.

    >>> churn(pd.DataFrame({2024: [1, 2, 3, 3], 2025: [1, 3, 1, 3]}))["changed"].tolist()
    [0.5]
    """
    rows = []
    for first, second in itertools.pairwise(sorted(levels.columns)):
        moved = (levels[second] - levels[first]).dropna()
        rows.append(
            {
                "first": first,
                "second": second,
                "schools": len(moved),
                "changed": float((moved != 0).mean()),
                "up": float((moved > 0).mean()),
                "down": float((moved < 0).mean()),
                "far": float((moved.abs() > 1).mean()),
            }
        )
    return pd.DataFrame(rows)


def churn_by_noise(values: np.ndarray, errors: np.ndarray, cuts: np.ndarray) -> float:
    """Give the share of schools whose level two measurements would tell apart by noise alone.

    The published values are taken for true, and the noise for normal: a perturbation, which says
    how fragile levels are.

    Args:
        values: one for each school.
        errors: their standard errors, in the same unit; schools without one do not count.
        cuts: where each level above the first begins.

    >>> churn_by_noise(np.array([50.0]), np.array([3.0]), np.array([50.0]))
    0.5
    """
    v, e = values[:, None], errors[:, None]
    apart = (cuts - v) / np.where(e > 0, e, 1.0)
    below = np.where(e > 0, stats.norm.cdf(apart), cuts > v)
    ends = [np.zeros_like(v), below, np.ones_like(v)]
    each = np.diff(np.concatenate(ends, axis=1), axis=1)
    known = ~np.isnan(values) & ~np.isnan(errors)
    return float((1 - (each**2).sum(axis=1))[known].mean())


def lost(values: np.ndarray, levels: np.ndarray) -> float:
    """Give the share of the variance of values that lies within levels (1 - eta squared).

    >>> lost(np.array([1.0, 3, 5, 7]), np.array([1.0, 1, 2, 2]))
    0.2
    """
    table = pd.DataFrame({"value": values, "level": levels}).dropna()
    within = table["value"] - table.groupby("level")["value"].transform("mean")
    apart = table["value"] - table["value"].mean()
    return float((within**2).sum() / (apart**2).sum())


def near_a_cut(values: np.ndarray, errors: np.ndarray, cuts: np.ndarray) -> float:
    """Give the share of schools that lie within one standard error of a cut point (cliffs).

    >>> near_a_cut(np.array([48.0, 60]), np.array([3.0, 3]), np.array([50.0]))
    0.5
    """
    known = ~np.isnan(values) & ~np.isnan(errors)
    apart = np.abs(values[known, None] - cuts)
    return float((apart <= errors[known, None]).any(axis=1).mean())


@dataclass(frozen=True)
class Drift:
    """How far the mean level rises when all improve: with cut points held, and set anew."""

    held: float
    anew: float


def drift(
    values: np.ndarray, scheme: Scheme, gain: float, *, cuts: np.ndarray | None = None
) -> Drift:
    """Give how far the mean level rises when every school gains as much.

    Args:
        values: one for each school.
        scheme: how values become levels.
        gain: what every school gains, in the unit of the values.
        cuts: the cut points that are held; those of the values themselves without them.

    Returns:
        Drift, in levels; published cut points are held in both. Where the value is kept it is the
        gain itself.

    >>> drift(np.array([10.0, 20, 30, 40]), Scheme("equal_count", 2), 10.0)
    Drift(held=0.25, anew=0.0)
    """
    if scheme.how == "none":
        return Drift(gain, gain)
    own = cut_points(values, scheme)
    held = own if cuts is None else cuts
    anew = cut_points(values + gain, scheme)
    return Drift(
        _mean_level(values + gain, held) - _mean_level(values, held),
        _mean_level(values + gain, anew) - _mean_level(values, own),
    )


def _mean_level(values: np.ndarray, cuts: np.ndarray) -> float:
    return float(np.nanmean(_level(values, cuts)))


def compare_schemes(
    figures: pd.DataFrame,
    schemes: Mapping[str, Scheme],
    *,
    errors: pd.DataFrame | None = None,
    gain: float = 0.0,
) -> pd.DataFrame:
    """Hold ways to cut one measure beside one another.

    Args:
        figures: one row for each school, one column for each year.
        schemes: name -> how values become levels.
        errors: standard errors, laid out like `figures`; without them what rests on them is
            missing.
        gain: what every school gains, for the drift; in the unit of the figures.

    Returns:
        One row for each scheme: scheme, levels (that occur in the last year), changed (share of
        schools, mean over pairs of years), by_noise (the same by noise alone), lost (share of
        variance within levels), rank (Spearman's correlation of level and value), cliffs (share
        within one standard error of a cut point), drift_held, drift_anew (levels). All but
        `changed` are of the last year. Where the value is kept, every change of it counts.

    >>> figures = pd.DataFrame({2024: [10.0, 20, 30, 40], 2025: [10.0, 30, 20, 40]})
    >>> found = compare_schemes(figures, {"halves": Scheme("equal_count", 2)})
    >>> found[["changed", "lost"]].values.tolist()
    [[0.5, 0.2]]
    """
    rows = [
        {"scheme": name, **_outcomes(figures, scheme, errors, gain)}
        for name, scheme in schemes.items()
    ]
    return pd.DataFrame(rows)


def _outcomes(
    figures: pd.DataFrame, scheme: Scheme, errors: pd.DataFrame | None, gain: float
) -> dict[str, float]:
    last = max(figures.columns)
    levels = levels_by(figures, scheme)
    values, level = (table[last].to_numpy(dtype=float) for table in (figures, levels))
    both = ~np.isnan(values) & ~np.isnan(level)
    kept = scheme.how == "none"
    cuts = np.array([]) if kept else _cuts_for(figures, scheme, last)
    noise = None if errors is None else errors[last].to_numpy(dtype=float)
    rise = drift(values, scheme, gain, cuts=cuts)
    several = len(figures.columns) > 1
    return {
        "levels": len(np.unique(level[both])),
        "changed": float(churn(levels)["changed"].mean()) if several else np.nan,
        "by_noise": np.nan if noise is None or kept else churn_by_noise(values, noise, cuts),
        "lost": 0.0 if kept else lost(values, level),
        "rank": float(stats.spearmanr(values[both], level[both]).statistic),
        "cliffs": np.nan if noise is None else near_a_cut(values, noise, cuts),
        "drift_held": rise.held,
        "drift_anew": rise.anew,
    }
