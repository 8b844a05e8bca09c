"""How long does a name stick? Ever named over some years, and exits that chance alone gives.

To add a question about years: one function here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import integrate, stats

from analysis.findings.overlap import normal_overlap
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread, whole_group


@dataclass(frozen=True)
class EverNamed:
    """Schools named at least once in some years; counts are schools.

    `expected_once` is the share that would ever be named if every year named its share anew by
    lot; `if_lasting` if the same schools were named every year (0-1 both).
    """

    years: tuple[int, ...]
    schools: int
    ever: int
    every: int
    mean_share: float
    expected_once: float
    if_lasting: float


def ever_named(ratings: Ratings, list_name: str, *, last: int = 6) -> EverNamed:
    """Count the schools that a list names at least once in the last years of the panel.

    A year that cannot be judged counts as not named.

    Args:
        ratings: ratings of a panel with several years.
        list_name: a list of the design.
        last: how many years, counted back from the panel's last.
    """
    years = ratings.panel.years[-last:]
    whole = (ratings.panel.units["part"] == "").to_numpy()
    named = np.asarray(spread(ratings, whole_group(ratings[list_name])).sel(year=list(years)))
    met = named[whole] == 1
    share = float(met.mean())
    return EverNamed(
        tuple(years),
        len(met),
        int(met.any(axis=1).sum()),
        int(met.all(axis=1).sum()),
        share,
        1 - (1 - share) ** len(years),
        share,
    )


def false_exit(reliability: float, share: float) -> float:
    """Give the share of named schools that chance alone takes off the list a year later.

    Nothing changes but the noise: both years are normal, correlated by the reliability, and each
    names its lowest share.

    Source: the bivariate normal distribution.

    >>> round(false_exit(0.7, 0.05), 2)
    0.61
    """
    return 1 - normal_overlap(reliability, share)


def ever_named_by_chance(reliability: float, share: float, years: int) -> float:
    """Give the share of schools that are named at least once while nothing truly changes.

    Each year's value is a lasting part and fresh noise; each year names its lowest share.

    Source: the normal model of one lasting factor, integrated over that factor.

    >>> round(ever_named_by_chance(0.0, 0.05, 6), 3) == round(1 - 0.95**6, 3)
    True
    """
    cut = stats.norm.ppf(share)
    spread_of_noise = np.sqrt(1 - reliability)

    def never(true: float) -> float:
        above = stats.norm.sf((cut - np.sqrt(reliability) * true) / spread_of_noise)
        return float(above**years * stats.norm.pdf(true))

    return 1 - float(integrate.quad(never, -8, 8, points=[cut])[0])
