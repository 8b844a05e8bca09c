"""Do intervals of leniency and of reliability hold the truth as often as they say?

Made-up peer reviews whose truth is known. In the smooth world every rater rates every district, on
numbers; there both must come within 3 Monte Carlo errors of 95 %. Worlds like CORE (six districts
that rate one another, on four levels, some ticking boxes) are reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track

from analysis.findings.peers import raters
from simulations.peer_worlds import PeerWorld, draw_reviews

RESTS_ON = (
    "simulations/peer_worlds.py",
    "simulations/streams.py",
    "analysis/findings/peers.py",
)
NOMINAL = 0.95
ERRORS = 3
SEED = 1


@dataclass(frozen=True)
class Trial:
    world: PeerWorld
    gated: bool
    full: int = 1000
    some: int = 15


TRIALS = {
    "smooth, 30 districts, 5 raters": Trial(PeerWorld(districts=30, raters=5), gated=True),
    "smooth, 6 districts, 4 raters": Trial(PeerWorld(raters=4), gated=True),
    "like CORE, numbers": Trial(PeerWorld(), gated=False),
    "like CORE, four levels": Trial(PeerWorld(levels=4), gated=False),
    "like CORE, half tick boxes": Trial(PeerWorld(levels=4, ticks=0.5), gated=False),
}


def covered(world: PeerWorld, draws: range) -> dict[str, float]:
    """Give the shares of draws whose intervals hold the truth.

    Leniency: of one rater in each draw, so that draws are independent.
    """
    number = world.raters or world.districts - 1
    truly = number * world.reliability / (1 + (number - 1) * world.reliability)
    lenient, reliable = [], []
    for draw in track(draws, "reviews", console=Console(stderr=True), transient=True):
        review = draw_reviews(world, seed=SEED, number=draw)
        table, found = raters(review.ratings)
        one = table.iloc[draw % len(table)]
        lenient.append(one["low"] <= review.leniency[one["rater"]] <= one["high"])
        reliable.append(found.low <= truly <= found.high)
    return {"leniency": float(np.mean(lenient)), "reliability": float(np.mean(reliable))}


def campaign(full: bool) -> dict[str, int | float | str]:  # noqa: FBT001 (each campaign is asked so)
    figures: dict[str, int | float | str] = {}
    beyond = []
    for name, trial in TRIALS.items():
        draws = trial.full if full else trial.some if trial.gated else 4
        error = math.sqrt(NOMINAL * (1 - NOMINAL) / draws)
        for what, share in covered(trial.world, range(draws)).items():
            figures[f"{name}: {what} covered"] = round(share, 4)
            if trial.gated and abs(share - NOMINAL) > ERRORS * error:
                beyond.append(f"{name}: {what}")
        figures[f"{name}: draws"] = draws
    return {**figures, "beyond 3 errors": ", ".join(beyond) or "none"}
