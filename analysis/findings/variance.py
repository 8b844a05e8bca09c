"""How much of a school's figures lasts, how much is of one year, and how much is sampling?

To split off another source: a term of `Components`, and its moment in `components`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.findings.overlap import normal_overlap
from analysis.problems import fail

FAINT: Final = 1e-9
"""Least variance of a direction, as a part of the largest; keeps matrices invertible."""


@dataclass(frozen=True)
class Components:
    """The variances behind figures over school, year and measure.

    `mean` is over year and measure; `lasting` and `shock` are covariances over measure and measure,
    in the squared unit of the measures; `sampling` is over school, year and measure (0 where it is
    not known apart from the shock).
    """

    mean: np.ndarray
    lasting: np.ndarray
    shock: np.ndarray
    sampling: np.ndarray

    def reliability(self, measure: int) -> float:
        """Give the share of one year's variance that lasts (0-1)."""
        sampling = float(np.nanmean(self.sampling[..., measure]))
        lasting = float(self.lasting[measure, measure])
        return lasting / (lasting + float(self.shock[measure, measure]) + sampling)


def components(figures: np.ndarray, errors: np.ndarray | None = None) -> Components:
    """Split the variance of figures by what lasts, what is of one year, and what is sampling.

    What two years share lasts; what is left of one year's variance after sampling is its shock.

    Args:
        figures: over school, year and measure; missing where nothing was measured.
        errors: standard errors of sampling, in the same unit and shape; without them sampling
            stays in the shock.

    Raises:
        ProblemsError: fewer than two years, or fewer than three schools.

    Source: moments of the covariance structure, as in Kane and Staiger (2002).
    """
    schools, years, measures = figures.shape
    if years < 2 or schools < 3:  # noqa: PLR2004 (two years tell what lasts)
        raise fail("variance", "needs at least two years and three schools.")
    sampling = np.zeros_like(figures) if errors is None else np.asarray(errors, dtype=float) ** 2
    mean = np.nanmean(figures, axis=0)
    apart = figures - mean
    within = np.mean([_covariance(apart[:, t], apart[:, t]) for t in range(years)], axis=0)
    pairs = [(s, t) for s in range(years) for t in range(years) if s != t]
    across = np.mean([_covariance(apart[:, s], apart[:, t]) for s, t in pairs], axis=0)
    lasting = positive((across + across.T) / 2)
    noise = np.diag(np.nan_to_num(np.nanmean(sampling, axis=(0, 1))))
    shock = positive(within - lasting - noise)
    assert lasting.shape == (measures, measures)  # noqa: S101 (one row for each measure)
    return Components(mean, lasting, shock, sampling)


def _covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give covariances of the columns of two tables, each on the rows where both are there."""
    here_a, here_b = ~np.isnan(a), ~np.isnan(b)
    count = here_a.T.astype(float) @ here_b
    product = np.nan_to_num(a).T @ np.nan_to_num(b)
    mean_a = np.nan_to_num(a).T @ here_b / np.maximum(count, 1)
    mean_b = (here_a.T.astype(float) @ np.nan_to_num(b)) / np.maximum(count, 1)
    found: np.ndarray = (product - count * mean_a * mean_b) / np.maximum(count - 1, 1)
    return found


def positive(covariance: np.ndarray) -> np.ndarray:
    """Give the nearest covariance without negative variances."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    floor = FAINT * max(values.max(), FAINT)
    found: np.ndarray = (vectors * np.maximum(values, floor)) @ vectors.T
    return found


def persistence(figures: pd.DataFrame, *, share: float = 0.05) -> pd.DataFrame:
    """Say, for every two years, how alike figures are and how many of the lowest are lowest again.

    Args:
        figures: one row for each school, one column for each year; missing where not measured.
        share: of the schools that each year's list names (ties at the line are in).

    Returns:
        One row for each pair of years: first, second, lag, schools, correlation, named (in the
        first year), again (share of them named in the second), normal (that share if both years
        were normal with this correlation), chance.
    """
    rows = []
    years = [int(year) for year in figures.columns]
    for place, first in enumerate(years):
        for second in years[place + 1 :]:
            both = figures[[first, second]].dropna()
            correlation = float(np.corrcoef(both[first], both[second])[0, 1])
            low, later = (both[y] <= _line(both[y], share) for y in (first, second))
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "lag": second - first,
                    "schools": len(both),
                    "correlation": correlation,
                    "named": int(low.sum()),
                    "again": float(later[low].mean()),
                    "normal": normal_overlap(correlation, share),
                    "chance": float(later.mean()),
                }
            )
    return pd.DataFrame(rows)


def _line(figures: pd.Series[float], share: float) -> float:
    wanted = max(int(np.ceil(round(share * len(figures), 9))), 1)
    return float(figures.sort_values().iloc[wanted - 1])
