"""How surely is a school on the list? Who returns when it is measured again, and who is truly low?

A list of fixed size has as many false names as missed ones, so the headline is the share of named
schools that return, and the share that are truly lowest, each beside chance.
To add a figure: one function here that takes draws of who is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings.overlap import normal_overlap
from analysis.problems import fail


@dataclass(frozen=True)
class Figure:
    """A share (0-1) with its Monte Carlo error, and what chance alone would give."""

    share: float
    error: float
    chance: float


def returning(named: np.ndarray) -> Figure:
    """Give the share of named schools that are named again, averaged over pairs of draws.

    Args:
        named: over draw and school: 1 or true where named. The draws must be independent
            replications of the same schools.

    Raises:
        ProblemsError: fewer than three draws, or a draw that names nobody.

    >>> returning(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]])).share
    0.5
    """
    marks = _marks(named, least=3)
    draws = len(marks)
    whole = _pairs(marks)
    each = np.array([_pairs(np.delete(marks, d, axis=0)) for d in range(draws)])
    spread = (draws - 1) / draws * ((each - each.mean()) ** 2).sum()
    return Figure(whole, float(np.sqrt(spread)), float(marks.mean()))


def _marks(named: np.ndarray, *, least: int) -> np.ndarray:
    marks: np.ndarray = np.asarray(named, dtype=float) == 1
    if len(marks) < least:
        raise fail("consistency", f"needs at least {least} draws, not {len(marks)}.")
    if (marks.sum(axis=1) == 0).any():
        raise fail("consistency", "needs at least one school named in every draw.")
    return marks


def _pairs(marks: np.ndarray) -> float:
    """Average, over ordered pairs of draws, the share of the first that is in the second."""
    size = marks.sum(axis=1)
    times = marks.sum(axis=0)
    again = (marks * (times - 1)).sum(axis=1) / (len(marks) - 1)
    return float((again / size).mean())


def truly(named: np.ndarray, lowest: np.ndarray) -> Figure:
    """Give the share of named schools that are truly lowest.

    Args:
        named: over draw and school, or over school: 1 or true where named.
        lowest: over draw and school: who is truly lowest in each draw of the truth; or over school,
            where the truth is known.

    Raises:
        ProblemsError: a draw that names nobody, or draws that do not pair.

    >>> truly(np.array([[1, 1, 0, 0]]), np.array([1, 0, 1, 0])).share
    0.5
    """
    marks, low = np.atleast_2d(_marks(np.atleast_2d(named), least=1)), np.atleast_2d(lowest) == 1
    if len(marks) != len(low) and 1 not in (len(marks), len(low)):
        raise fail(
            "consistency", f"has {len(marks)} draws of the list and {len(low)} of the truth."
        )
    share = (marks & low).sum(axis=1) / np.broadcast_to(
        marks.sum(axis=1), max(len(marks), len(low))
    )
    error = share.std(ddof=1) / np.sqrt(len(share)) if len(share) > 1 else 0.0
    return Figure(float(share.mean()), float(error), float(low.mean()))


def how_often(named: np.ndarray, index: np.ndarray | None = None) -> pd.DataFrame:
    """Give, for every school, the share of draws that name it, and an interval of its rank.

    Args:
        named: over draw and school.
        index: over draw and school, for ranks (1 is the lowest); left out without it.

    Returns:
        One row for each school: named (0-1), error (Monte Carlo), and with an index rank_low and
        rank_high, between which nine draws of ten lie.
    """
    share = (np.asarray(named, dtype=float) == 1).mean(axis=0)
    table = pd.DataFrame({"named": share, "error": np.sqrt(share * (1 - share) / len(named))})
    if index is not None:
        ranks = pd.DataFrame(index).rank(axis=1, method="min").to_numpy()
        low, high = np.nanquantile(ranks, [0.05, 0.95], axis=0)
        table = table.assign(rank_low=low, rank_high=high)
    return table


def normal_returning(reliability: float, share: float) -> float:
    """Give the share that returns in a normal world: two measurements correlate as the reliability.

    >>> round(normal_returning(0.7, 0.05), 2)
    0.39
    """
    return normal_overlap(reliability, share)


def normal_truly(reliability: float, share: float) -> float:
    """Give the share truly lowest in a normal world: truth and measurement correlate as its root.

    >>> round(normal_truly(0.7, 0.05), 2)
    0.54
    """
    return normal_overlap(reliability**0.5, share)


def by_kind(
    named: np.ndarray, kinds: np.ndarray | pd.Series[Any], lowest: np.ndarray | None = None
) -> pd.DataFrame:
    """Say for each kind of school how many of its named schools return, and are truly lowest.

    Args:
        named: over world, draw and school: 1 or true where named. The draws of one world are
            independent replications of the same schools; worlds have nothing in common.
        kinds: over school: a word or number for the kind (size, level, poverty ...), the same in
            all worlds; or over world and school. Schools without one are left out.
        lowest: over world, draw and school: who is truly lowest; left out where no truth is known.

    Returns:
        One row for each kind: kind, schools (a world), named (share of them in a draw), times
        (named schools, all draws added up), again (share of the named that another draw names),
        truly (share of the named that are truly lowest). Shares are missing where nobody is named.

    Raises:
        ProblemsError: fewer than two draws.

    >>> two = np.array([[[1, 0, 1, 0], [1, 1, 0, 0]]])
    >>> by_kind(two, np.array(["small", "small", "large", "large"])).set_index("kind")["again"]
    kind
    large    0.000000
    small    0.666667
    Name: again, dtype: float64
    """
    marks = np.asarray(named, dtype=float) == 1
    worlds, draws, schools = marks.shape
    if draws < 2:  # noqa: PLR2004 (one to be held beside another)
        raise fail("consistency", "needs at least two draws of each world.")
    low = np.zeros_like(marks) if lowest is None else np.asarray(lowest) == 1
    kind = np.broadcast_to(np.asarray(kinds, dtype=object), (worlds, schools))
    times = marks.sum(axis=1)
    each = pd.DataFrame(
        {
            "kind": kind.ravel(),
            "times": times.ravel(),
            "pairs": (times * (times - 1)).ravel() / (draws - 1),
            "both": (marks & low).sum(axis=1).ravel(),
        }
    )
    grouped = each.groupby("kind")
    sums = grouped[["times", "pairs", "both"]].sum()
    counts = grouped.size()
    per = sums["times"].where(sums["times"] > 0)
    found = pd.DataFrame(
        {
            "schools": counts / worlds,
            "named": sums["times"] / (draws * counts),
            "times": sums["times"],
            "again": sums["pairs"] / per,
            "truly": np.nan if lowest is None else sums["both"] / per,
        }
    )
    return found.reset_index()


def at_levels(levels: np.ndarray, edges: Sequence[float]) -> pd.DataFrame:
    """Give, for every school, the share of draws that put it at each level.

    Args:
        levels: over draw and school: levels, or an index that `edges` cuts into levels.
        edges: lower edges of the second level and of those above it.

    Returns:
        One row for each school, one column for each level (1 the lowest): shares (0-1) of the draws
        in which it has a level at all; missing where it never has one.

    >>> at_levels(np.array([[1.0, 55], [25, 65]]), [20, 60]).to_numpy().tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    index = np.asarray(levels, dtype=float)
    there = ~np.isnan(index)
    place = np.searchsorted(np.asarray(edges), index, side="right")
    count = np.where(there.any(axis=0), there.sum(axis=0), np.nan)
    shares = {k + 1: ((place == k) & there).sum(axis=0) / count for k in range(len(edges) + 1)}
    return pd.DataFrame(shares)


@dataclass(frozen=True)
class Halves:
    """Two halves of the same students: how far they agree, and how far the whole would.

    `correlation` is between the halves; `whole` is what Spearman and Brown expect of two wholes;
    `both` is the share of those named by one half whom the other names, with `chance` beside it.
    """

    correlation: float
    whole: float
    both: float
    chance: float


def agree_by_halves(
    index: tuple[np.ndarray, np.ndarray], named: tuple[np.ndarray, np.ndarray]
) -> Halves:
    """Hold two halves of the students beside one another.

    Args:
        index: over school: the index by one half, and by the other.
        named: over school: who is named by one half, and by the other.

    Raises:
        ProblemsError: a half names nobody.

    Source: Spearman (1910) and Brown (1910).

    >>> one, two = np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 3])
    >>> agree_by_halves((one, two), (one == 1, two == 1))
    Halves(correlation=0.6, whole=0.75, both=0.0, chance=0.25)
    """
    both_there = ~np.isnan(index[0]) & ~np.isnan(index[1])
    r = round(float(np.corrcoef(index[0][both_there], index[1][both_there])[0, 1]), 12)
    marks = _marks(np.stack(named), least=2)[:, both_there]
    shared = float((marks[0] & marks[1]).sum() / marks.sum(axis=1).mean())
    return Halves(r, round(spearman_brown(r, 2), 12), shared, float(marks.mean()))


def spearman_brown(correlation: float, times: float) -> float:
    """Give the reliability of a measurement so many times as long.

    Source: Spearman (1910) and Brown (1910).

    >>> round(spearman_brown(0.6, 2), 2)
    0.75
    """
    return times * correlation / (1 + (times - 1) * correlation)
