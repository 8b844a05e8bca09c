"""How much of one year's figure lasts, told in several ways that must agree?

Years of one figure are compared with one another: what two years share lasts, and what they share
less the further they lie apart fades. To add a way of splitting: one function here that gives
`Split`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.panel import RandomEffects
from scipy import optimize

from analysis.findings.variance import components
from analysis.problems import fail

LAGS: Final = 3
"""Fewest distances between years from which a fading part can be told."""


@dataclass(frozen=True)
class Split:
    """Variances of one figure, in its squared unit: what lasts, and what is of one year only."""

    lasting: float
    of_one_year: float

    @property
    def share(self) -> float:
        """The share of one year's variance that lasts (0-1): the reliability of one year."""
        return self.lasting / (self.lasting + self.of_one_year)


def by_moments(figures: pd.DataFrame) -> Split:
    """Split by the mean covariance of two different years.

    Args:
        figures: one row for each school, one column for each year; only schools with all years
            count, so that all ways of splitting see the same figures.

    Raises:
        ProblemsError: fewer than two years, or fewer than three schools with all years.

    >>> two = pd.DataFrame({2018: [1.0, 2, 3], 2019: [1.0, 3, 2]})
    >>> by_moments(two).share
    0.5
    """
    found = components(figures.dropna().to_numpy()[:, :, None])
    return Split(float(found.lasting[0, 0]), float(found.shock[0, 0]))


def by_mixed_model(figures: pd.DataFrame) -> Split:
    """Split by a mixed model: a mean for each year, a random effect for each school (REML).

    Args:
        figures: as in `by_moments`.

    Source: statsmodels MixedLM.
    """
    long = _long(figures)
    fitted = sm.MixedLM(long["figure"], _years(long), groups=long["school"]).fit(reml=True)
    return Split(float(fitted.cov_re.iloc[0, 0]), float(fitted.scale))


def by_panel_effects(figures: pd.DataFrame) -> Split:
    """Split by random effects of a panel: the variance between schools against within them.

    Args:
        figures: as in `by_moments`.

    Source: linearmodels RandomEffects (Swamy and Arora's variances).
    """
    long = _long(figures).set_index(["school", "year"], drop=False)
    found = RandomEffects(long["figure"], _years(long)).fit().variance_decomposition
    return Split(float(found["Effects"]), float(found["Residual"]))


def _long(figures: pd.DataFrame) -> pd.DataFrame:
    whole = figures.dropna().reset_index(drop=True)
    whole.columns = pd.Index(range(len(whole.columns)))
    found = whole.rename_axis("school").reset_index()
    return found.melt("school", var_name="year", value_name="figure").astype({"year": int})


def _years(long: pd.DataFrame) -> pd.DataFrame:
    return pd.get_dummies(long["year"], prefix="year", dtype=float)


def by_distance(figures: pd.DataFrame) -> pd.DataFrame:
    """Give how much years share, by how far they lie apart.

    Args:
        figures: one row for each school, one column for each year (whole numbers); missing where
            not measured.

    Returns:
        One row for each distance in years, 0 first: apart, pairs (of years), schools (mean over
        pairs), covariance (mean over pairs), correlation.
    """
    years = [int(year) for year in figures.columns]
    rows = []
    for apart in range(max(years) - min(years) + 1):
        pairs = [(a, a + apart) for a in years if a + apart in years]
        if not pairs:
            continue
        both = [
            figures[[*{a, b}]].dropna().assign(first=figures[a], second=figures[b])
            for a, b in pairs
        ]
        rows.append(
            {
                "apart": apart,
                "pairs": len(pairs),
                "schools": np.mean([len(x) for x in both]),
                "covariance": np.mean([x["first"].cov(x["second"]) for x in both]),
                "correlation": np.mean([x["first"].corr(x["second"]) for x in both]),
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Fading:
    """What two years share, k years apart: `lasting` x `kept` ** k, in the figure's squared unit.

    `lasting` is what one year would share with itself measured again; `kept` is the part (0-1) of
    it that is left after each year; `of_one_year` is the rest of one year's variance.
    """

    lasting: float
    kept: float
    of_one_year: float

    @property
    def share(self) -> float:
        """The share of one year's variance that is not of that year only (0-1)."""
        return self.lasting / (self.lasting + self.of_one_year)


def fading(figures: pd.DataFrame) -> Fading:
    """Split what is of one year from what lasts but slowly fades.

    A constant lasting part would take slow change for noise of a year. So the covariances of
    different years are carried back to the distance nought by a geometric decline.

    Args:
        figures: as in `by_distance`.

    Raises:
        ProblemsError: fewer than three distances between years.

    Source: autocovariances, as Kane and Staiger (2002) use them; least squares by SciPy, each
    distance weighing as many pairs of years as it has.
    """
    shared = by_distance(figures)
    later = shared[shared["apart"] > 0]
    if len(later) < LAGS:
        raise fail("fading", f"needs years at {LAGS} distances at least, not {len(later)}.")

    def decline(apart: np.ndarray, lasting: float, kept: float) -> np.ndarray:
        return lasting * kept**apart

    (lasting, kept), _ = optimize.curve_fit(
        decline,
        later["apart"].to_numpy(dtype=float),
        later["covariance"].to_numpy(),
        p0=(float(later["covariance"].iloc[0]), 0.95),
        sigma=1 / np.sqrt(later["pairs"].to_numpy(dtype=float)),
        bounds=([0, 0], [np.inf, 1]),
    )
    whole = float(shared["covariance"].iloc[0])
    return Fading(min(float(lasting), whole), float(kept), max(whole - float(lasting), 0.0))


def apart_changes(figures: pd.DataFrame) -> pd.DataFrame:
    """Give how a change and a later change of the same schools go together, sharing no year.

    Args:
        figures: as in `by_distance`.

    Returns:
        One row for each four years in a row: first (of the four), schools, correlation of the
        change from the first to the second with that from the third to the fourth, low and high
        (95 per cent, by Fisher's z).

    Source: the question of Linn and Haug (2002).
    """
    rows = []
    years = [int(y) for y in figures.columns]
    for year in [y for y in years if {y + 1, y + 2, y + 3} <= {*years}]:
        here = figures[[year, year + 1, year + 2, year + 3]].dropna()
        change, later = here[year + 1] - here[year], here[year + 3] - here[year + 2]
        r = float(change.corr(later))
        z, half = np.arctanh(r), 1.96 / np.sqrt(len(here) - 3)
        low, high = np.tanh([z - half, z + half])
        rows.append(
            {"first": year, "schools": len(here), "correlation": r, "low": low, "high": high}
        )
    return pd.DataFrame(rows)
