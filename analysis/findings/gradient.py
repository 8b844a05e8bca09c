"""How strongly does a measure follow poverty, within districts and between them?

To add a kind of slope: one function here that returns a `Slope`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from linearmodels.iv.absorbing import AbsorbingLS

from analysis.problems import fail


@dataclass(frozen=True)
class Slope:
    """A straight line of one column on another.

    `slope` is in units of the outcome for one unit of the other column; `low` and `high` bound
    its 95 % interval; `correlation` is between the two after the same adjustment.
    """

    slope: float
    low: float
    high: float
    correlation: float
    schools: int
    districts: int


def within_districts(table: pd.DataFrame, outcome: str, on: str) -> Slope:
    """Give the slope among schools of the same district.

    District effects are absorbed and errors clustered by district. Districts with one school say
    nothing about differences within districts; they are counted but do not move the slope.

    Args:
        table: one row for each school, with the two columns and `district`.
        outcome: the column explained.
        on: the column it is set against.

    Raises:
        ProblemsError: fewer than two districts with two schools.

    Source: linearmodels, AbsorbingLS.
    """
    kept = _complete(table, outcome, on)
    sizes = kept.groupby("district").size()
    if (sizes > 1).sum() < 2:  # noqa: PLR2004 (two clusters are the least)
        raise fail("within districts", "needs at least two districts with two schools or more.")
    district = pd.DataFrame({"district": pd.Categorical(kept["district"])}, index=kept.index)
    model = AbsorbingLS(kept[outcome], kept[[on]], absorb=district)
    codes = pd.Series(district["district"].cat.codes.astype("int64"), index=kept.index)
    fitted = model.fit(cov_type="clustered", clusters=codes)
    low, high = fitted.conf_int().loc[on]
    centred = kept[[outcome, on]] - kept.groupby("district")[[outcome, on]].transform("mean")
    return Slope(
        _one(fitted.params, on),
        _plain(low),
        _plain(high),
        _correlation(centred, outcome, on),
        len(kept),
        len(sizes),
    )


def between_districts(table: pd.DataFrame, outcome: str, on: str) -> Slope:
    """Give the slope among districts' means, each district weighted by its schools.

    Errors allow for unequal variance (HC1).

    Source: statsmodels, WLS.
    """
    kept = _complete(table, outcome, on)
    means = kept.groupby("district")[[outcome, on]].mean()
    weights = kept.groupby("district").size().loc[means.index]
    fitted = sm.WLS(means[outcome], sm.add_constant(means[[on]]), weights=weights).fit(
        cov_type="HC1"
    )
    low, high = fitted.conf_int().loc[on]
    r = sm.stats.DescrStatsW(means[[outcome, on]], weights=weights).corrcoef[0, 1]
    return Slope(
        _one(fitted.params, on), _plain(low), _plain(high), float(r), len(kept), len(means)
    )


def among_all(table: pd.DataFrame, outcome: str, on: str) -> Slope:
    """Give the slope among all schools, errors clustered by district.

    Source: statsmodels, OLS with cluster-robust errors.
    """
    kept = _complete(table, outcome, on)
    codes = pd.Categorical(kept["district"]).codes.astype("int64")
    fitted = sm.OLS(kept[outcome], sm.add_constant(kept[[on]])).fit(
        cov_type="cluster", cov_kwds={"groups": codes}
    )
    low, high = fitted.conf_int().loc[on]
    r = _correlation(kept, outcome, on)
    return Slope(
        _one(fitted.params, on),
        _plain(low),
        _plain(high),
        r,
        len(kept),
        int(kept["district"].nunique()),
    )


def _complete(table: pd.DataFrame, outcome: str, on: str) -> pd.DataFrame:
    return table[[outcome, on, "district"]].dropna().reset_index(drop=True)


def _correlation(table: pd.DataFrame, a: str, b: str) -> float:
    return float(np.corrcoef(table[a], table[b])[0, 1])


def _one(column: pd.Series[Any], name: str) -> float:
    return _plain(column[name])


def _plain(x: object) -> float:
    return float(np.asarray(x))
