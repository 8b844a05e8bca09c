"""What would the same schools show if they were measured again? Three kinds of draw, never mixed.

* truth: a school's lasting quality, as far as its figures tell it (posterior).
* replication: that quality, with a new shock of the year and a new sampling of students.
* perturbation: new noise around the published figures. It counts noise twice, so it says how
  fragile a published list is, and never how likely a school is to be named.

The model: figure = mean of the year + lasting part + shock of the year + sampling, all normal and
joint over measures (analysis/findings/variance.py splits it). To add a source of error: a term of
`Components`, and its place in `draw`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.findings.variance import Components, positive
from analysis.problems import fail
from simulations.streams import Draws

Kind = Literal["truth", "replication", "perturbation"]


def draw(
    model: Components,
    figures: np.ndarray,
    kind: Kind,
    *,
    year: int,
    count: int,
    seed: int,
) -> np.ndarray:
    """Draw the figures of one year anew.

    Args:
        model: the variances behind the figures.
        figures: over school, year and measure, as in `components`.
        kind: truth, replication or perturbation.
        year: the place of the year on the axis year.
        count: number of draws.
        seed: of the stream "noise"; each school has numbers of its own, whatever the order.

    Returns:
        Figures over draw, school and measure; missing where the year's figure is missing.

    Raises:
        ProblemsError: a perturbation without standard errors.
    """
    there = ~np.isnan(figures[:, year])
    noise = np.sqrt(np.nan_to_num(model.sampling[:, year]))
    normals = _normals(kind, figures.shape, count, seed)
    if kind == "perturbation":
        if not noise.any():
            raise fail("perturbation", "needs standard errors of sampling; there are none.")
        fresh = figures[:, year] + noise * normals[0]
    else:
        centre, root = _posterior(model, figures)
        lasting = centre + np.einsum("smk,dsk->dsm", root, normals[0])
        fresh = model.mean[year] + lasting
        if kind == "replication":
            shock = np.einsum("mk,dsk->dsm", np.linalg.cholesky(positive(model.shock)), normals[1])
            fresh = fresh + shock + noise * normals[2]
    return np.where(there, fresh, np.nan)


def _normals(kind: Kind, shape: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    """Give standard normal numbers over source, draw, school and measure, keyed by school."""
    schools = np.arange(shape[0], dtype=np.uint64)
    size = 3 * shape[2]
    keyed = Draws.of(seed, "noise", kind)
    found = np.stack([keyed.normals(schools, size, draw=d) for d in range(count)])
    return found.reshape(count, 3, shape[2], shape[0]).transpose(1, 0, 3, 2)


def _posterior(model: Components, figures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each school's posterior mean of the lasting part, and a root of its covariance."""
    schools, years, measures = figures.shape
    prior = np.linalg.inv(model.lasting)
    precision = np.broadcast_to(prior, (schools, measures, measures)).copy()
    pull = np.zeros((schools, measures))
    for t in range(years):
        gone = np.isnan(figures[:, t])
        noise = model.shock + np.einsum(
            "sm,mk->smk", np.nan_to_num(model.sampling[:, t]), np.eye(measures)
        )
        # a missing figure tells nothing: its variance is without bound, its covariances nothing
        both = gone[:, :, None] | gone[:, None, :]
        noise = np.where(both, 0.0, noise) + np.einsum("sm,mk->smk", gone * 1.0, np.eye(measures))
        weight = np.linalg.inv(noise) * ~both
        precision += weight
        pull += np.einsum("smk,sk->sm", weight, np.nan_to_num(figures[:, t] - model.mean[t]))
    covariance = np.linalg.inv(precision)
    centre = np.einsum("smk,sk->sm", covariance, pull)
    return centre, np.linalg.cholesky((covariance + covariance.transpose(0, 2, 1)) / 2)
