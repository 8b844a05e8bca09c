"""Do schools just on either side of a line differ more than shuffled schools would?

For scores in whole steps, where no curve can be drawn. The window is chosen by what was known
before the naming, never by the outcome. To add a statistic: another `_apart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import optimize

from analysis.findings.detectable import detectable_here
from analysis.findings.effects import Effect, estimand
from analysis.findings.running import Running
from analysis.problems import fail
from simulations.streams import Stream, stream

BALANCED: Final = 0.15
"""A window is balanced while no covariate differs with a smaller p (Cattaneo and others)."""

FEWEST: Final = 5
"""Fewest schools on each side of a window."""

WIDTHS: Final = 8
"""How many windows are tried, unless they are said."""


Drawing = tuple[int, Stream]


@dataclass(frozen=True)
class NearTheLine(Effect):
    """The effect among schools near the line, taking it for chance on which side each lies.

    `window` is the distance within which schools count; `below` and `above` are they. `slopes` were
    taken off the outcome for each point of the score below and above it (0 if nothing was).
    `balanced` says whether the covariates agree. `tier_2` is the share above the line with other
    support.
    """

    window: float
    below: int
    above: int
    slopes: tuple[float, float]
    balanced: bool
    tier_2: float | None


@dataclass(frozen=True)
class Shuffles:
    """How often, and from which seed, schools are shuffled within their pools."""

    draws: int = 2000
    seed: int = 1

    def source(self, name: str) -> Drawing:
        """Give how many shuffles are drawn for one purpose, and their stream."""
        return self.draws, stream(self.seed, "near the line", name)


def windows(
    running: Running,
    covariates: pd.DataFrame,
    *,
    level: bool = True,
    widths: Sequence[float] = (),
    shuffles: Shuffles | None = None,
) -> pd.DataFrame:
    """Say for each window whether schools on both sides were alike before the naming.

    Args:
        running: schools by their distance to their pool's line.
        covariates: over school: what was known before.
        level: take off what each covariate gains with the score anyway.
        widths: distances to try, the smallest first; those of the nearest schools without them.
        shuffles: how often, and from which seed.

    Returns:
        One row for each width with 5 schools on each side (and 5 beyond it, to tell the slopes):
        width, below, above, covariate (the one that differs most), p (its p), balanced (this window
        and all smaller ones).

    Source: Cattaneo, Frandsen and Titiunik (2015).
    """
    rows = []
    shuffles = shuffles or Shuffles()
    values = {name: column.to_numpy(float) for name, column in covariates.items()}
    for width in widths or np.unique(np.abs(running.distance))[:WIDTHS]:
        near = np.abs(running.distance) <= width
        below, above = (int((near & (running.named == x)).sum()) for x in (1, 0))
        beyond = [int((~near & (running.named == x)).sum()) for x in (1, 0)]
        if min(below, above, *(beyond if level else ())) < FEWEST:
            continue
        ps = {
            str(name): _p(
                *_moved(running, near, x, _slopes(running, x, width, level=level), source), 0.0
            )
            for name, x in values.items()
            for source in [shuffles.source(str(name))]
        }
        least = min(ps, key=lambda name: ps[name])
        rows.append((width, below, above, least, ps[least]))
    found = pd.DataFrame(rows, columns=["width", "below", "above", "covariate", "p"])
    return found.assign(balanced=(found["p"] >= BALANCED).cummin())


def chosen_window(table: pd.DataFrame) -> float:
    """Choose the widest balanced window, or the smallest one if none is balanced.

    Raises:
        ProblemsError: no window has enough schools on each side.
    """
    if table.empty:
        raise fail("window", f"no width has {FEWEST} schools on each side of the line.")
    balanced = table[table["balanced"].astype(bool)]
    return float(balanced["width"].max() if len(balanced) else table["width"].min())


@dataclass(frozen=True)
class Slopes:
    """What a figure gains with each point of the score below and above the line, and the errors."""

    points: tuple[float, float] = (0.0, 0.0)
    errors: tuple[float, float] = (0.0, 0.0)


def slopes_beyond(
    running: Running, values: np.ndarray, *, window: float, nearest: float = 0.5
) -> Slopes:
    """Give how much a figure rises with the score on each side, as schools beyond a window tell.

    Schools of the window are left out, so that the slopes' errors have nothing to do with theirs.

    Args:
        running: schools by their distance to their pool's line.
        values: over school.
        window: the distance within which schools are left out.
        nearest: the share of schools, the nearest to the line, that tell it (0-1).

    Source: least squares on the score on each side, with a level for each side and pool; HC1
    errors.
    """
    distance = np.abs(running.distance)
    known = (distance > window) & ~np.isnan(values)
    near = known & (distance <= np.quantile(distance[known], nearest))
    named, x = running.named[near].astype(float), running.distance[near]
    levels = pd.get_dummies(running.pool[near], dtype=float).to_numpy()
    design = np.column_stack([x * named, x * (1 - named), named, levels])
    fitted = sm.OLS(values[near], design).fit(cov_type="HC1")
    (below, above), (wrong_below, wrong_above) = fitted.params[:2], fitted.bse[:2]
    return Slopes((float(below), float(above)), (float(wrong_below), float(wrong_above)))


def near_the_line(
    running: Running,
    outcome: np.ndarray,
    *,
    table: pd.DataFrame,
    level: bool = True,
    tier_2: np.ndarray | None = None,
    shuffles: Shuffles | None = None,
) -> NearTheLine:
    """Estimate the effect among schools near the line by shuffling the naming within pools.

    Args:
        running: schools by their distance to their pool's line.
        outcome: over school.
        table: as `windows` gives it.
        level: take off what the outcome gains with the score anyway, its error in the interval.
        tier_2: over school: 1 where a school that is not named got other support.
        shuffles: how often, and from which seed.

    Raises:
        ProblemsError: no window has enough schools.

    Source: Cattaneo, Titiunik and Vazquez-Bare (2017); the interval inverts the test of each
    constant effect.
    """
    shuffles, window = shuffles or Shuffles(), chosen_window(table)
    slopes = _slopes(running, outcome, window, level=level)
    near = (np.abs(running.distance) <= window) & ~np.isnan(outcome)
    seen, moved, given = _moved(running, near, outcome, slopes, shuffles.source("outcome"))
    low, high = (_bound(seen, moved, given, side) for side in (-1, 1))
    above = near & (running.named == 0)
    error = float(moved.std())
    return NearTheLine(
        estimand=estimand(has_tier_2=tier_2 is not None),
        effect=seen,
        error=error,
        low=low,
        high=high,
        p=_p(seen, moved, given, 0.0),
        detectable=detectable_here(error),
        window=window,
        below=int((near & (running.named == 1)).sum()),
        above=int(above.sum()),
        slopes=slopes.points,
        balanced=bool(table.loc[table["width"] == window, "balanced"].iloc[0]),
        tier_2=None if tier_2 is None else float(np.nanmean(tier_2[above])),
    )


def _slopes(running: Running, values: np.ndarray, window: float, *, level: bool) -> Slopes:
    return slopes_beyond(running, values, window=window) if level else Slopes()


def _moved(
    running: Running, near: np.ndarray, values: np.ndarray, slopes: Slopes, source: Drawing
) -> tuple[float, np.ndarray, np.ndarray]:
    """Give the difference seen, that of each shuffle, and what a naming of 1 would make of it.

    Pools count by their own levels: values and naming are taken from their pool's mean. Each
    shuffle draws the slopes anew from their errors.
    """
    here = near & ~np.isnan(values)
    order = np.flatnonzero(here)[np.argsort(running.pool[here], kind="stable")]
    pool, distance = running.pool[order], running.distance[order]
    named = running.named[order].astype(float)
    on_side = (named, 1 - named)
    rise = sum(b * side * distance for b, side in zip(slopes.points, on_side, strict=True))
    y = _from_mean(values[order] - rise, pool)
    weight = _from_mean(named, pool)
    scale = float(weight @ named)
    if scale <= 0:
        raise fail("window", "holds no pool with schools on both sides of its line.")
    draws, drawn = source
    keys = drawn.random((draws, len(y))) + pd.factorize(pool)[0]
    again = weight[np.argsort(keys, axis=1)] / scale  # each pool stays in its own places
    reach = np.array([float(weight @ (side * distance)) / scale for side in on_side])
    wrong = drawn.standard_normal((draws, 2)) @ (reach * np.array(slopes.errors))
    return float(weight @ y) / scale, again @ y + wrong, again @ named


def _from_mean(values: np.ndarray, pool: np.ndarray) -> np.ndarray:
    means = pd.Series(values).groupby(pool).transform("mean")
    return np.asarray(values - means.to_numpy())


def _p(seen: float, moved: np.ndarray, given: np.ndarray, effect: float) -> float:
    """Give how often shuffling alone differs as much, if being named did `effect` for each."""
    apart = np.abs(moved - effect * given) >= abs(seen - effect) - 1e-12
    return float((1 + apart.sum()) / (1 + len(moved)))


def _bound(seen: float, moved: np.ndarray, given: np.ndarray, side: int) -> float:
    """Give the last effect on a side that the test does not refuse (5 %); infinite if none is."""
    far = 20 * float(moved.std()) + 1e-9

    def over(step: float) -> float:
        return _p(seen, moved, given, seen + side * step) - 0.05

    if over(far) > 0:
        return side * np.inf
    return seen + side * float(optimize.bisect(over, 0.0, far, xtol=1e-6 * far))
