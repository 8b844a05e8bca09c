"""What does being named do to a school, as seen at the line?

Schools just on either side of a line are alike but for the naming. The estimate holds for them and
for no others. Random shuffles for discrete scores are in simulations/near_the_line.py.

To tell more of an estimate: a field of `AtTheLine`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.findings.detectable import detectable_here
from analysis.findings.running import Running
from analysis.problems import fail

FEWEST: Final = 20
"""Fewest schools on each side from which a curve is drawn."""


@dataclass(frozen=True)
class Effect:
    """An effect in the unit of the outcome, with its interval (95 %).

    `detectable` is the smallest effect that would have been seen four times in five.
    """

    estimand: str
    effect: float
    error: float
    low: float
    high: float
    p: float
    detectable: float

    @property
    def found(self) -> bool:
        """Say whether the interval leaves out nought."""
        return self.low > 0 or self.high < 0

    @property
    def words(self) -> str:
        """Say it in a sentence; a null is a finding, and says what would have been seen."""
        span = f"{self.low:.2f} to {self.high:.2f}"
        if self.found:
            way = "higher" if self.effect > 0 else "lower"
            return f"Named schools came out {abs(self.effect):.2f} {way} (95 %: {span})."
        return (
            f"No effect was found: {self.effect:.2f} (95 %: {span}). "
            f"An effect of {self.detectable:.2f} or more would have been seen four times in five."
        )


@dataclass(frozen=True)
class AtTheLine(Effect):
    """The effect at the line, by local lines on each side.

    `bandwidth` is in the unit of the score; `below` and `above` are the schools within it; `tier_2`
    is the share of schools within it, above the line, that got other support (missing if not told).
    """

    bandwidth: float
    below: int
    above: int
    tier_2: float | None


def at_the_line(
    running: Running, outcome: np.ndarray, *, tier_2: np.ndarray | None = None
) -> AtTheLine:
    """Estimate the effect of being named at the line, where the score is smooth.

    Pools are laid on one another at their lines, each with its own level of the outcome.

    Args:
        running: schools by their distance to their pool's line.
        outcome: over school; what is looked at later.
        tier_2: over school: 1 where a school that is not named got other support.

    Raises:
        ProblemsError: the score is discrete, or too few schools lie on a side.

    Source: Calonico, Cattaneo and Titiunik (2014), robust bias-corrected intervals; rdrobust.
    """
    if running.discrete:
        text = (
            f"is discrete: {running.shared:.0%} of schools share their distance with another. "
            "Compare schools near the line by local randomization instead."
        )
        raise fail("score", text)
    known = ~np.isnan(running.distance) & ~np.isnan(outcome)
    x, y = -running.distance[known], outcome[known]
    if min((x > 0).sum(), (x < 0).sum()) < FEWEST:
        text = (
            f"needs {FEWEST} schools with an outcome on each side; there are {(x > 0).sum()} "
            f"named and {(x < 0).sum()} others. Compare schools near the line instead."
        )
        raise fail("discontinuity", text)
    fitted = _fitted(y, x, running.pool[known])
    low, high = (float(v) for v in fitted.ci.iloc[2])
    h = float(fitted.bws.iloc[0, 0])
    near = known & (np.abs(running.distance) <= h)
    above = near & (running.distance > 0)
    share = None if tier_2 is None else float(np.nanmean(tier_2[above]))
    error = float(fitted.se.iloc[2, 0])
    return AtTheLine(
        estimand=estimand(has_tier_2=tier_2 is not None),
        effect=float(fitted.coef.iloc[2, 0]),
        error=error,
        low=low,
        high=high,
        p=float(fitted.pv.iloc[2, 0]),
        detectable=detectable_here(error),
        bandwidth=h,
        below=int((near & (running.distance < 0)).sum()),
        above=int(above.sum()),
        tier_2=share,
    )


def estimand(*, has_tier_2: bool) -> str:
    """Say what is compared with what."""
    other = (
        "what schools above the line got, other support (tier 2) included"
        if has_tier_2
        else "what schools above the line got, whatever that was"
    )
    return f"being named, at the line, against {other}"


def _fitted(y: np.ndarray, x: np.ndarray, pool: np.ndarray) -> Any:  # noqa: ANN401 (rdrobust's own)
    from rdrobust import rdrobust  # noqa: PLC0415 (slow to load)

    pools = pd.get_dummies(pool, drop_first=True, dtype=float).to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ties are told by `shared`
        return rdrobust(
            y,
            x,
            c=0,
            covs=pools if pools.shape[1] else None,
            masspoints="off",
            vce="hc3",  # with few named schools, errors from neighbours are too small
        )


def tier_2_by_distance(
    running: Running, tier_2: np.ndarray, *, width: float, most: int = 10
) -> pd.DataFrame:
    """Give the share of schools above the line that got other support, by distance.

    Args:
        running: schools by their distance to their pool's line.
        tier_2: over school: 1, 0, or missing.
        width: of a band, in the unit of the score.
        most: how many bands.

    Returns:
        One row for each band that has schools: low, high (distance), schools, share (0-1).

    >>> r = Running(np.array([-1.0, 0.5, 0.6, 1.5]), np.zeros(4), pd.DataFrame())
    >>> tier_2_by_distance(r, np.array([0.0, 1, 0, 0]), width=1)["share"].tolist()
    [0.5, 0.0]
    """
    above = (running.distance > 0) & ~np.isnan(tier_2)
    band = np.ceil(running.distance[above] / width).astype(int)
    table = pd.DataFrame({"band": band, "tier_2": tier_2[above]})
    by = table[table["band"] <= most].groupby("band")["tier_2"].agg(["size", "mean"]).reset_index()
    bands = {"low": width * (by["band"] - 1), "high": width * by["band"]}
    return pd.DataFrame({**bands, "schools": by["size"], "share": by["mean"]})
