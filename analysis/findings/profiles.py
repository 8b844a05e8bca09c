"""How many schools are high on some measures and low on others, and which measures disagree?

Figures lie over school and measure (with draws before them, where there are draws), turned so that
more is better. The share grows with the number of measures, and shrunken values hide it: compare
it at the same number, with worlds whose answer is known (`one_factor_share`), and for true values
with draws (simulations/mixed_signals.py). To add a question: one function here that takes figures
and bands.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import integrate, special, stats

from analysis.problems import fail
from analysis.ratings.rate import Ratings
from analysis.values import ALL


@dataclass(frozen=True)
class Bands:
    """Where a measure is low and where it is high: at most `low`, at least `high`.

    Both are over measure (with draws before it, where the bands are cut anew in every draw), in
    the unit of the measure.
    """

    low: np.ndarray
    high: np.ndarray


def profile(ratings: Ratings, names: Sequence[str], *, year: int, group: str = ALL) -> pd.DataFrame:
    """Lay measures, levels or points of whole schools side by side.

    Args:
        ratings: the ratings of a panel.
        names: measures or steps; of each more must be better.
        year: the year.
        group: the group of students.

    Returns:
        One row for each school (index), one column for each name.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> profile(franklin, ["ela", "math"], year=2025).loc["0101"].tolist()
    [28.0, 22.0]
    """
    whole = np.flatnonzero(ratings.panel.whole == np.arange(len(ratings.panel.units)))
    columns = {}
    for name in names:
        value = ratings[name].value
        at = {axis: to for axis, to in (("year", year), ("group", group)) if axis in value.dims}
        columns[name] = value.sel(at).isel(school=whole).values
    return pd.DataFrame(columns, index=ratings.panel.units["school"].to_numpy()[whole])


def cut_bands(figures: np.ndarray, *, low: float = 0.3, high: float = 0.3) -> Bands:
    """Cut bands so that these shares of the schools are low and high on every measure.

    Args:
        figures: over school and measure, or draw, school and measure; missing values do not count.
        low: share of schools in the low band (0-1), rounded up to whole schools.
        high: the same for the high band.

    Source: CORE's colours call levels 1-3 of 10 below average and 8-10 above.

    >>> cut_bands(np.arange(10.0)[:, None]).high.tolist()
    [7.0]
    """
    return Bands(_at_most(figures, low), -_at_most(-figures, high))


def _at_most(figures: np.ndarray, share: float) -> np.ndarray:
    """Give the value of a school up to which a share of the schools lie."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a measure that nobody has: no band
        cut: np.ndarray = np.nanquantile(figures, share, axis=-2, method="inverted_cdf")
    return cut


def mixed(figures: np.ndarray, bands: Bands, number: int | None = None) -> np.ndarray:
    """Mark the schools that are high on one measure and low on another.

    Args:
        figures: over school and measure, or draw, school and measure.
        bands: where a measure is low and high.
        number: if only so many of a school's measures counted; all that it has without it.

    Returns:
        Over school (and draw): 1 or 0; with a number, the share of the ways to choose so many in
        which the school is mixed. Missing where it has fewer than two, or than the number.

    >>> figures = np.array([[1.0, 9, 5], [5, 5, 5], [9, np.nan, np.nan]])
    >>> bands = Bands(np.array([3.0] * 3), np.array([8.0] * 3))
    >>> mixed(figures, bands).tolist(), mixed(figures, bands, 2).round(3).tolist()
    ([1.0, 0.0, nan], [0.333, 0.0, nan])
    """
    low, high = _low_and_high(figures, bands)
    here, lows, highs = (a.sum(axis=-1) for a in (~np.isnan(figures), low, high))
    if number is None:
        return np.where(here > 1, (lows > 0) & (highs > 0), np.nan)
    every = np.arange(figures.shape[-1] + 1)
    ways = special.comb(every, number)  # that leave out the low, the high, or both
    mixes = ways[here] - ways[here - lows] - ways[here - highs] + ways[here - lows - highs]
    return np.where(here >= number, mixes / np.maximum(ways[here], 1), np.nan)


def _low_and_high(figures: np.ndarray, bands: Bands) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.expand_dims(np.asarray(cut), -2) for cut in (bands.low, bands.high))
    return figures <= low, figures >= high


def mixed_by_kind(
    figures: np.ndarray, bands: Bands, kind: Sequence[str] | None = None
) -> pd.DataFrame:
    """Give the share of mixed schools by kind of school and by how many measures count.

    Args:
        figures: over school and measure.
        bands: where a measure is low and high.
        kind: of each school, such as its level; one kind without it.

    Returns:
        One row for each kind and number from 2 on: kind, measures, schools (that have so many),
        mixed (share of them, 0-1, averaged over all ways to choose so many of their measures).

    >>> figures = np.array([[1.0, 9, 5], [5, 5, 5], [9, np.nan, np.nan]])
    >>> bands = Bands(np.array([3.0] * 3), np.array([8.0] * 3))
    >>> mixed_by_kind(figures, bands)["mixed"].round(3).tolist()
    [0.167, 0.5]
    """
    tables = []
    for number in range(2, figures.shape[-1] + 1):
        marks = pd.Series(mixed(figures, bands, number))
        by = marks.groupby(["" for _ in marks] if kind is None else list(kind), sort=True)
        table = by.agg(schools="count", mixed="mean").rename_axis("kind").reset_index()
        tables.append(table.assign(measures=number))
    found = pd.concat(tables, ignore_index=True)
    return found.loc[found["schools"] > 0, ["kind", "measures", "schools", "mixed"]]


def conflicts(figures: np.ndarray, bands: Bands, names: Sequence[str]) -> pd.DataFrame:
    """Say of every two measures how many schools are high on one and low on the other.

    Args:
        figures: over school and measure.
        bands: where a measure is low and high.
        names: of the measures, in their order.

    Returns:
        One row for each pair, the most often opposed first: first, second, schools (with both),
        correlation, opposed (share of schools, 0-1), first_high (share high on the first and low
        on the second), by_chance (opposed, if the two had nothing to do with each other).

    >>> figures = np.array([[1.0, 9], [5, 5], [9, 9]])
    >>> bands = Bands(np.array([3.0, 3]), np.array([8.0, 8]))
    >>> conflicts(figures, bands, ["ela", "growth"])["opposed"].round(3).tolist()
    [0.333]
    """
    rows = []
    for a, b in itertools.combinations(range(len(names)), 2):
        two = figures[:, [a, b]]
        two = two[~np.isnan(two).any(axis=1)]
        pair = Bands(bands.low[[a, b]], bands.high[[a, b]])
        low, high = _low_and_high(two, pair)
        down, up = high[:, 0] & low[:, 1], low[:, 0] & high[:, 1]
        lows, highs = low.mean(axis=0), high.mean(axis=0)
        spread = len(two) > 1 and bool((two.std(axis=0) > 0).all())
        rows.append(
            {
                "first": names[a],
                "second": names[b],
                "schools": len(two),
                "correlation": float(np.corrcoef(two.T)[0, 1]) if spread else np.nan,
                "opposed": float((down | up).mean()),
                "first_high": float(down.mean()),
                "by_chance": float(highs[0] * lows[1] + lows[0] * highs[1]),
            }
        )
    return pd.DataFrame(rows).sort_values("opposed", ascending=False, ignore_index=True)


def one_factor_share(loadings: Sequence[float], *, low: float = 0.3, high: float = 0.3) -> float:
    """Give the share of mixed schools if normal measures had one thing in common and no more.

    A measure's loading is its correlation with what is common: all 0 is independence, and the root
    of r for every one gives measures that all correlate r.

    Args:
        loadings: one for each measure, from -1 to 1 (both excluded).
        low: share of schools in the low band (0-1).
        high: the same for the high band.

    Raises:
        ProblemsError: a loading of 1 or more.

    Source: one minus the shares without a low and without a high measure, plus that without
    either; each is a product over measures, given the factor, integrated over it.

    >>> round(one_factor_share([0.2**0.5] * 5), 2)
    0.52
    """
    loads = np.asarray(loadings, dtype=float)
    if (np.abs(loads) >= 1).any():
        raise fail("profiles", "needs loadings between -1 and 1.")
    alone = np.sqrt(1 - loads**2)
    a, b = special.ndtri(low), special.ndtri(1 - high)

    def given(z: float) -> float:
        below = special.ndtr((a - loads * z) / alone)
        under = special.ndtr((b - loads * z) / alone)
        neither: np.ndarray = under - below
        found = 1 - (1 - below).prod() - under.prod() + neither.prod()
        return float(found * stats.norm.pdf(z))

    share, _ = integrate.quad(given, -8.0, 8.0)
    return float(share)
