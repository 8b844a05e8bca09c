"""What would districts say of one another, if their leniency were known? Made-up peer reviews.

To add a habit of raters: a field of `PeerWorld`, and its place in `draw_reviews`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from simulations.streams import stream


@dataclass(frozen=True)
class PeerWorld:
    """Districts that rate one another on items of a rubric.

    Without `raters` the districts rate one another, each but itself; with it, so many others rate
    every district. What districts, raters, items, their pairs and the rest add are standard
    deviations, in steps of the scale. `levels` is the number of steps (1, 2, ...); without it
    ratings are numbers. `ticks` is the share of raters who give every item of a sheet the rating
    of its first.
    """

    districts: int = 6
    raters: int | None = None
    items: int = 6
    district: float = 0.5
    rater: float = 0.4
    item: float = 0.3
    district_rater: float = 0.3
    district_item: float = 0.3
    rater_item: float = 0.2
    rest: float = 0.5
    levels: int | None = None
    ticks: float = 0.0

    @property
    def reliability(self) -> float:
        """The share of the variance of one rater's mean that lies between districts, on numbers."""
        between = self.district**2 + self.district_item**2 / self.items
        return between / (between + self.district_rater**2 + self.rest**2 / self.items)


@dataclass(frozen=True)
class Reviews:
    """Ratings (district, rater, item, rating), and each rater's true leniency on these items.

    Leniency is what is expected of the rater above the mean of all raters, over all districts that
    there could be.
    """

    ratings: pd.DataFrame
    leniency: pd.Series[float]


def draw_reviews(world: PeerWorld, *, seed: int, number: int = 0) -> Reviews:
    """Draw one review.

    Args:
        world: who rates whom, and how.
        seed: of the stream "peers".
        number: which review; another number, other districts, raters and items.
    """
    source = stream(seed, "peers", repr(world), number)
    own = world.raters is None
    shape = (world.districts, world.districts if own else world.raters or 0, world.items)
    d, r, i = shape
    habit = world.rater * source.standard_normal((1, r, 1))
    habit = habit + world.item * source.standard_normal((1, 1, i))
    habit = habit + world.rater_item * source.standard_normal((1, r, i)) + _middle(world)
    seen = world.district * source.standard_normal((d, 1, 1))
    seen = seen + world.district_rater * source.standard_normal((d, r, 1))
    seen = seen + world.district_item * source.standard_normal((d, 1, i))
    said = _said(world, habit + seen + world.rest * source.standard_normal(shape))
    ticks = source.random(r) < world.ticks
    said = np.where(ticks[None, :, None], said[:, :, :1], said)
    names = [f"District {place + 1}" for place in range(max(d, r))]
    raters = names[:r] if own else [f"Rater {place + 1}" for place in range(r)]
    axes = [names[:d], raters, [f"item {place + 1}" for place in range(i)]]
    index = pd.MultiIndex.from_product(axes, names=["district", "rater", "item"])
    table = pd.DataFrame({"rating": said.ravel()}, index=index).reset_index()
    expected = _expected(world, habit)
    expected = np.where(ticks, expected[:, 0], expected.mean(axis=1))
    return Reviews(
        table[table["district"] != table["rater"]].reset_index(drop=True),
        pd.Series(expected - expected.mean(), index=raters),
    )


def _middle(world: PeerWorld) -> float:
    return 0.0 if world.levels is None else (1 + world.levels) / 2


def _said(world: PeerWorld, felt: np.ndarray) -> np.ndarray:
    return felt if world.levels is None else np.clip(np.rint(felt), 1, world.levels)


def _expected(world: PeerWorld, habit: np.ndarray) -> np.ndarray:
    """Give what each rater says of each item on average over districts (rater and item)."""
    parts = (world.district, world.district_rater, world.district_item, world.rest)
    spread = np.sqrt(np.sum(np.square(parts)))
    middles = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    expected: np.ndarray = _said(world, habit + spread * middles[:, None, None]).mean(axis=0)
    return expected
