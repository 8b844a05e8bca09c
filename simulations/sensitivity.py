"""Which choice moves the outcome, alone and with others? Sobol's indices, exact or sampled.

Exact by enumeration where every factor has a few values; sampled (SALib) where factors are numbers.
An outcome may be one number, or one for each school (who is named): variances are then summed over
schools. To add another index: one function here that takes the same grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from SALib.sample import sobol

from analysis.problems import fail, listed
from simulations.streams import stream

MOST_CELLS: Final = 1_000_000
"""Grids up to this size are enumerated; larger ones are sampled."""

RESAMPLES: Final = 200


@dataclass(frozen=True)
class Sensitivity:
    """How much of an outcome's variance each factor explains, 0-1.

    `table` has a row for each factor: `first` (alone), `total` (with all interactions), and where
    the indices are sampled their standard errors `first_se`, `total_se`. `variance` is summed over
    outcomes; `outcomes` counts them and `constant` those that never vary (schools never named, or
    always). `failures` counts runs without a result that were left out.
    """

    table: pd.DataFrame
    variance: float
    outcomes: int
    constant: int
    failures: int = 0

    def __getitem__(self, factor: str) -> Mapping[str, float]:
        """Give one factor's row."""
        row = self.table[self.table["factor"] == factor].iloc[0]
        return {str(word): float(x) for word, x in row.items() if word != "factor"}


def exact(
    outcome: np.ndarray,
    factors: Sequence[str],
    *,
    priors: Mapping[str, Sequence[float]] | None = None,
) -> Sensitivity:
    """Give Sobol's indices by enumeration: no sampling, no estimator.

    Args:
        outcome: one axis for each factor, in order, and optionally a last axis of outcomes
            (schools); every combination has a value.
        factors: names of the factors.
        priors: for some factors the weight of each of its values (relative); equal without it.

    Raises:
        ProblemsError: a missing value, a wrong number of axes, or weights that do not fit.

    Source: I. M. Sobol (1993), Math. Model. Comput. Exp. 1(4); for several outcomes
    F. Gamboa et al. (2014), Electron. J. Stat. 8(1).

    >>> linear = np.add.outer([0.0, 1.0], [0.0, 2.0])
    >>> exact(linear, ["a", "b"]).table["first"].tolist()
    [0.2, 0.8]
    """
    values = outcome[..., None] if outcome.ndim == len(factors) else outcome
    if values.ndim != len(factors) + 1:
        raise fail("sensitivity", f"the outcome needs an axis for each of {listed(factors)}.")
    if np.isnan(values).any():
        lost = int(np.isnan(values).any(axis=-1).sum())
        raise fail("sensitivity", f"{lost} runs have no result; an index would hide that.")
    weights = [_weights(name, values.shape[i], priors or {}) for i, name in enumerate(factors)]
    centre = _mean(values, weights, range(len(factors)))
    spread = _mean((values - centre) ** 2, weights, range(len(factors)))
    rows = []
    for i, name in enumerate(factors):
        others = [j for j in range(len(factors)) if j != i]
        alone = _mean((_mean(values, weights, others) - centre) ** 2, weights, [i])
        without = _mean(values, weights, [i])
        rest = _mean((without - centre) ** 2, weights, others)
        rows.append((name, float(alone.sum()), float((spread - rest).sum())))
    return _sensitivity(rows, spread.ravel())


def _weights(name: str, size: int, priors: Mapping[str, Sequence[float]]) -> np.ndarray:
    given = np.asarray(priors.get(name, np.ones(size)), dtype=float)
    if given.shape != (size,) or (given < 0).any() or given.sum() <= 0:
        text = f"the weights of {name} must be {size} numbers, none below 0, not all 0."
        raise fail("sensitivity", text)
    share: np.ndarray = given / given.sum()
    return share


def _mean(values: np.ndarray, weights: Sequence[np.ndarray], axes: Sequence[int]) -> np.ndarray:
    """Average over some axes by their weights; averaged axes stay, with length 1."""
    for axis in axes:
        if values.shape[axis] > 1:
            shape = [1] * values.ndim
            shape[axis] = -1
            values = (values * weights[axis].reshape(shape)).sum(axis=axis, keepdims=True)
    return values


def _sensitivity(rows: Sequence[tuple[str, float, float]], spread: np.ndarray) -> Sensitivity:
    total = float(spread.sum())
    table = pd.DataFrame(rows, columns=["factor", "first", "total"])
    if total > 0:
        table[["first", "total"]] = table[["first", "total"]] / total
    else:
        table[["first", "total"]] = np.nan  # nothing varies, so nothing has a share
    return Sensitivity(table, total, len(spread), int((spread == 0).sum()))


def sample(bounds: Mapping[str, tuple[float, float]], *, base: int, seed: int) -> pd.DataFrame:
    """Draw the runs that `sampled` needs, by Saltelli's scheme (SALib).

    Args:
        bounds: factor -> its least and its largest value.
        base: number of base runs, a power of 2; there are `base` x (factors + 2) runs.
        seed: of the scrambled Sobol sequence.

    Returns:
        One row for each run, one column for each factor.
    """
    problem = {"num_vars": len(bounds), "names": list(bounds), "bounds": list(bounds.values())}
    drawn = sobol.sample(problem, base, calc_second_order=False, seed=seed)
    return pd.DataFrame(drawn, columns=list(bounds))


def sampled(
    outcome: np.ndarray, factors: Sequence[str], *, seed: int, leave_out: bool = False
) -> Sensitivity:
    """Estimate Sobol's indices from the runs of `sample`, for one outcome or for many at once.

    Args:
        outcome: one row for each run, in order, and optionally an axis of outcomes (schools).
        factors: names of the factors.
        seed: of the bootstrap that gives standard errors.
        leave_out: leave out base runs of which a run has no result, and count them.

    Raises:
        ProblemsError: a run without a result (unless `leave_out`), or a wrong number of runs.

    Source: A. Saltelli et al. (2010), Comput. Phys. Commun. 181(2) for first-order indices;
    M. Jansen (1999), Comput. Phys. Commun. 117 for total ones.
    """
    values = np.asarray(outcome, dtype=float).reshape(len(outcome), -1)
    block = len(factors) + 2
    if len(values) % block:
        raise fail("sensitivity", f"the number of runs must be a multiple of {block}.")
    runs = values.reshape(-1, block, values.shape[1])
    gone = np.isnan(runs).any(axis=(1, 2))
    if gone.any() and not leave_out:
        raise fail("sensitivity", f"{int(gone.sum())} base runs have no result.")
    runs = runs[~gone]
    first, total, spread = _by_run(runs)
    point = _indices(first, total, spread.sum(axis=1))
    table = pd.DataFrame({"factor": list(factors), "first": point[0], "total": point[1]})
    errors = _errors(first, total, spread.sum(axis=1), seed)
    table = table.assign(first_se=errors[0], total_se=errors[1])
    constant = int((np.ptp(runs.reshape(-1, runs.shape[2]), axis=0) == 0).sum())
    variance = float(spread.sum(axis=1).mean())
    return Sensitivity(table, variance, runs.shape[2], constant, int(gone.sum()))


def _by_run(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give what each base run adds to the indices, summed over outcomes, and to the variance."""
    centre = runs[:, [0, -1]].mean(axis=(0, 1))
    a, b, swapped = runs[:, 0] - centre, runs[:, -1] - centre, runs[:, 1:-1] - centre
    first = np.einsum("ro,rfo->rf", b, swapped - a[:, None])
    total = 0.5 * ((a[:, None] - swapped) ** 2).sum(axis=2)
    return first, total, 0.5 * (a**2 + b**2)


def _indices(first: np.ndarray, total: np.ndarray, spread: np.ndarray) -> np.ndarray:
    variance = spread.mean()
    if variance == 0:
        return np.full((2, first.shape[1]), np.nan)
    shares: np.ndarray = np.stack([first.mean(axis=0), total.mean(axis=0)]) / variance
    return shares


def _errors(first: np.ndarray, total: np.ndarray, spread: np.ndarray, seed: int) -> np.ndarray:
    """Give bootstrap standard errors over base runs."""
    rng = stream(seed, "sensitivity", "bootstrap")
    picks = rng.integers(0, len(spread), size=(RESAMPLES, len(spread)))
    found = np.stack([_indices(first[pick], total[pick], spread[pick]) for pick in picks])
    errors: np.ndarray = found.std(axis=0, ddof=1)
    return errors
