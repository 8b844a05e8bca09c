"""How surely is a school on the list? Who returns when it is measured again, and who is truly low?

A list of fixed size has as many false names as missed ones, so the headline is the share of named
schools that return, and the share that are truly lowest, each beside chance.
To add a figure: one function here that takes draws of who is named.
"""

from __future__ import annotations

from dataclasses import dataclass

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
