"""How large is a contrast at a line by chance, where nobody has aimed at it?

Three nulls, by what is held against the line:

* whole numbers (group sizes, an index in whole points): counts follow a smooth curve.
* rates of a number of students: k of n jumps from one fraction to the next, so figures pile up at
  some places by themselves. Each school keeps its n; its students are drawn anew from a smooth
  spread of true rates.
* anything else: a density test, by `rddensity`.

To add a null: one function here that returns a `Chance`, and its place in `chance_of`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import statsmodels.api as sm
from rddensity import rddensity
from scipy.special import expit, logit
from scipy.stats import norm

from analysis.findings.bunching import Line
from analysis.rounding import half_up
from simulations.streams import stream

DEGREE: Final = 4
"""Of the polynomial that is the smooth curve of counts."""

REACH: Final = 10
"""How many windows to each side of the outermost cuts the smooth curve is fitted on."""

FEWEST: Final = 30
"""Schools within two windows of a line that are needed for a test."""

SMOOTH: Final = 1.06
"""Silverman's constant of the bandwidth of a normal kernel."""

_TIE: Final = 1e-9
_NEARLY: Final = 0.99
_MOST: Final = 6


@dataclass(frozen=True)
class Chance:
    """A contrast at a line beside what chance gives.

    `near` schools stand within the window of a cut; `excess` is how many more stand on the better
    side than chance would put there (net of those short of it); `error` is the standard deviation
    of that by chance; `p` is one-sided, towards the better side; `null` says which null was used.
    """

    null: str
    near: int
    excess: float
    error: float
    p: float


def chance_of(
    line: Line, x: np.ndarray, counted: np.ndarray, *, window: float, draws: int, seed: int
) -> Chance | None:
    """Test one line with the null that fits what is held against it.

    Args:
        line: the line; its groups are tested by the caller, one at a time.
        x: what is held against it, over school; missing where there is nothing.
        counted: n over school where x is a rate in per cent of n students, else missing.
        window: how far "just" reaches, in the unit of the line.
        draws: of chance.
        seed: of the stream "nulls".

    Returns:
        Nothing where fewer than FEWEST schools stand near.
    """
    there = np.isfinite(x)
    if (line.contrast(x[there], 2 * window) != 0).sum() < FEWEST:
        return None
    contrast = partial(line.contrast, window=window)
    n = counted[there]
    if line.on == "value" and np.isfinite(n).all() and _are_rates(x[there], n):
        return rates(x[there], n, contrast, draws=draws, seed=seed)
    if (x[there] == np.rint(x[there])).all():
        held = x[there].astype(int)
        room = max(REACH * int(np.ceil(window)), DEGREE + 2)
        near = (held >= min(line.bounds) - room) & (held < max(line.bounds) + room)
        return whole_numbers(held[near], contrast, draws=draws, seed=seed)
    return density(line, x[there], window=window)


def whole_numbers(
    x: np.ndarray, contrast: Callable[[np.ndarray], np.ndarray], *, draws: int, seed: int
) -> Chance:
    """Test whole numbers: their counts follow a smooth curve, with Poisson noise.

    The curve is a polynomial of the log count, fitted with the cells at the line in it; what the
    fit takes up of the contrast is taken out of its chance as well (a score test).

    Args:
        x: whole numbers near the line.
        contrast: 1, 0 or -1 for each number.
        draws: of the counts.
        seed: of the stream "nulls".

    Source: bunching at a notch, R. Chetty, J. Friedman, T. Olsen and L. Pistaferri (2011), Q. J.
    Econ. 126(2), here without leaving a window out; score test of a Poisson regression.
    """
    cells = np.arange(x.min(), x.max() + 1)
    counts = np.bincount(x - x.min(), minlength=len(cells)).astype(float)
    place = 2 * (cells - cells[0]) / max(cells[-1] - cells[0], 1) - 1
    terms = np.polynomial.legendre.legvander(place, min(DEGREE, len(cells) - 2))
    expected = np.asarray(sm.GLM(counts, terms, family=sm.families.Poisson()).fit().fittedvalues)
    said = contrast(cells).astype(float)
    taken = np.linalg.solve(terms.T @ (expected[:, None] * terms), terms.T @ (expected * said))
    left = said - terms @ taken
    fresh = stream(seed, "nulls", "whole numbers").poisson(expected, (draws, len(cells)))
    by_chance = (fresh - expected) @ left
    found = float((counts - expected) @ left)
    return _chance("smooth counts", int(counts[said != 0].sum()), found, by_chance)


def rates(
    x: np.ndarray,
    n: np.ndarray,
    contrast: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int,
    seed: int,
) -> Chance:
    """Test rates in per cent: each school's n stays, its students are drawn anew.

    True rates are those of the schools, drawn towards the mean until they spread as much as true
    rates do (on the scale of log odds), and smeared by a normal kernel without more spread.

    Args:
        x: rates in per cent, as published.
        n: students behind each.
        contrast: 1, 0 or -1 for each rate.
        draws: of all schools.
        seed: of the stream "nulls".

    Source: the smoothed bootstrap with its variance held, B. W. Silverman and G. A. Young (1987),
    Biometrika 74(3).
    """
    places = _places(x)
    odds = logit((x / 100 * n + 0.5) / (n + 1))
    sampling = 1 / ((n + 1) * expit(odds) * (1 - expit(odds)))
    mean = odds.mean()
    true = max(odds.var() - sampling.mean(), 0.05 * odds.var())
    centred = (odds - mean) * np.sqrt(true / (true + sampling))
    width = SMOOTH * len(x) ** -0.2
    random = stream(seed, "nulls", "rates")
    by_chance = np.empty(draws)
    for number in range(draws):
        kernel = random.standard_normal(len(x)) * np.sqrt(true) * width
        rate = expit(mean + (centred + kernel) / np.sqrt(1 + width**2))
        fresh = half_up(100 * random.binomial(n.astype(int), rate) / n, places)
        by_chance[number] = contrast(fresh).sum()
    said = contrast(x)
    usual = by_chance.mean()
    near = int((said != 0).sum())
    return _chance("students drawn anew", near, float(said.sum() - usual), by_chance - usual)


def density(line: Line, x: np.ndarray, *, window: float) -> Chance:
    """Test numbers that are nearly continuous, at each cut; p is the smallest, times the cuts.

    Source: M. D. Cattaneo, M. Jansson and X. Ma (2020), J. Am. Stat. Assoc. 115(531), by rddensity.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few numbers on one side: its p is then missing
        found = [rddensity(X=line.sign * (x - bound), c=0).test["t_jk"] for bound in line.bounds]
    p = norm.sf(np.array(found, dtype=float))
    said = line.contrast(x, window)
    near = int((said != 0).sum())
    smallest = float(np.nanmin(p, initial=1.0))
    return Chance("density", near, float(said.sum()), near**0.5, min(1.0, len(p) * smallest))


def _chance(null: str, near: int, found: float, by_chance: np.ndarray) -> Chance:
    """Set a contrast beside those of chance, which lie around 0."""
    p = (1 + (by_chance >= found - _TIE).sum()) / (1 + len(by_chance))
    return Chance(null, near, found, float(by_chance.std()), float(p))


def _are_rates(x: np.ndarray, n: np.ndarray) -> bool:
    """Say whether nearly all are a whole number of n students in per cent, as published."""
    again = half_up(100 * np.rint(x * n / 100) / n, _places(x))
    return bool((n >= 1).all() and (np.abs(again - x) < _TIE).mean() > _NEARLY)


def _places(x: np.ndarray) -> int:
    """Give the decimal places to which figures are published."""
    return next((p for p in range(_MOST) if (np.abs(half_up(x, p) - x) < _TIE).all()), _MOST)
