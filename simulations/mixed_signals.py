"""How many schools are truly high on some measures and low on others? Two worlds stand beside.

Published figures hold noise, which makes schools look mixed; shrunken ones hide that they are. So
true values are drawn from the fitted joint model (truth draws of noise.py; the variances are taken
as they were fitted). Beside it stand a world in which measures have nothing in common, and one in
which they have one thing in common, both with the same variances and reliabilities.
To add a world: one branch in `_lasting`, and its name in `World`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from scipy import optimize

from analysis.findings.profiles import Bands, cut_bands, mixed
from analysis.findings.variance import Components, positive
from simulations.noise import draw
from simulations.streams import Draws

World = Literal["joint", "one factor", "independent"]
Seen = Literal["truth", "replication"]

PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Drawing:
    """Which year is drawn anew (its place on the axis year), how often, and from which seed."""

    year: int
    count: int
    seed: int


def mixed_signals(
    model: Components,
    figures: np.ndarray,
    drawing: Drawing,
    *,
    held: Bands | None = None,
    kind: Sequence[str] | None = None,
    shares: tuple[float, float] = (0.3, 0.3),
) -> pd.DataFrame:
    """Give the share of schools that are high on one measure and low on another, in each world.

    Args:
        model: the variances behind the figures, fitted jointly over measures.
        figures: over school, year and measure, as in `components`; more is better.
        drawing: the year, the number of draws (two or more) and the seed.
        held: bands that stay; those of the year's published figures without.
        kind: of each school, such as its level; one kind without it.
        shares: of the schools that are low and high on a measure, where bands are cut.

    Returns:
        One row for each world (published, joint, one factor, independent), seen (truth, or
        replication: measured again), bands (held, or cut anew in every draw), kind and number of
        measures from 2 on: schools, mixed (share, 0-1), error (Monte Carlo, of that share), spread
        (standard deviation over draws: how sure the share is of these schools).
    """
    published = figures[:, drawing.year][None]
    held = held or cut_bands(published[0], low=shares[0], high=shares[1])
    kinds = np.array(["" for _ in figures] if kind is None else list(kind), dtype=object)
    anew = cut_bands(published, low=shares[0], high=shares[1])
    rows = list(_rows((PUBLISHED, "replication"), published, (held, anew), kinds))
    for world, seen in itertools.product(get_args(World), get_args(Seen)):
        drawn = draw_world(model, figures, drawing, world=world, seen=seen)
        anew = cut_bands(drawn, low=shares[0], high=shares[1])
        rows += _rows((world, seen), drawn, (held, anew), kinds)
    return pd.DataFrame(rows)


def _rows(
    names: tuple[str, str], drawn: np.ndarray, cut: tuple[Bands, Bands], kinds: np.ndarray
) -> Iterator[dict[str, object]]:
    numbers = range(2, drawn.shape[-1] + 1)
    for bands, number in itertools.product(cut, numbers):
        marks = mixed(drawn, bands, number)
        for kind in np.unique(kinds):
            mine = marks[:, kinds == kind]
            mine = mine[:, ~np.isnan(mine[0])]  # who lacks a measure lacks it in every draw
            if not mine.size:
                continue
            shares = mine.mean(axis=1)
            spread = float(shares.std(ddof=1)) if len(shares) > 1 else 0.0
            yield {
                "world": names[0],
                "seen": names[1],
                "bands": "held" if bands is cut[0] else "cut anew",
                "kind": kind,
                "measures": number,
                "schools": mine.shape[1],
                "mixed": float(shares.mean()),
                "error": spread / len(shares) ** 0.5,
                "spread": spread,
            }


def draw_world(
    model: Components, figures: np.ndarray, drawing: Drawing, *, world: World, seen: Seen
) -> np.ndarray:
    """Draw figures of one world, true or measured again.

    The joint world knows what each school has shown; the others know only how much schools differ.

    Args:
        model: the variances behind the figures.
        figures: over school, year and measure.
        drawing: the year, the number of draws and the seed.
        world: what measures have in common.
        seen: true values, or those with a new shock of the year and new students.

    Returns:
        Figures over draw, school and measure; missing where the year's figure is missing.
    """
    year, count = drawing.year, drawing.count
    if world == "joint":
        return draw(model, figures, seen, year=year, count=count, seed=drawing.seed)
    schools, measures = len(figures), figures.shape[-1]
    keyed = Draws.of(drawing.seed, "mixed signals", world, seen)
    places = np.arange(schools, dtype=np.uint64)
    drawn = np.stack([keyed.normals(places, 2 * measures, draw=d) for d in range(count)])
    lasting, passing = np.split(drawn.transpose(0, 2, 1), 2, axis=-1)
    fresh = model.mean[year] + lasting @ np.linalg.cholesky(_lasting(model, world)).T
    if seen == "replication":
        once = np.diag(model.shock) + np.nan_to_num(model.sampling[:, year])
        fresh = fresh + np.sqrt(once) * passing
    return np.where(np.isnan(figures[:, year]), np.nan, fresh)


def _lasting(model: Components, world: World) -> np.ndarray:
    """Give the covariance of true values: fitted variances, and what the world has in common."""
    spread = np.sqrt(np.diag(model.lasting))
    common = loadings(model) if world == "one factor" else np.zeros(len(spread))
    alike = np.outer(common, common)
    np.fill_diagonal(alike, 1.0)
    return positive(alike * np.outer(spread, spread))


def loadings(model: Components) -> np.ndarray:
    """Give each measure's correlation with one common factor, as near as one factor comes.

    The correlations of true values are fitted by least squares, their diagonal left out; the sign
    is such that most loadings are positive.
    """
    spread = np.sqrt(np.diag(model.lasting))
    seen = model.lasting / np.outer(spread, spread)
    pairs = np.triu_indices(len(spread), k=1)

    def missed(common: np.ndarray) -> np.ndarray:
        apart: np.ndarray = (np.outer(common, common) - seen)[pairs]
        return apart

    _, vectors = np.linalg.eigh(seen)
    start = np.clip(vectors[:, -1], -0.9, 0.9)
    found = optimize.least_squares(missed, start, bounds=(-1.0, 1.0)).x
    return found * (1.0 if found.sum() >= 0 else -1.0)
