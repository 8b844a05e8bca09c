"""Do intervals of what being named does hold the true effect as often as they say?

Made-up worlds whose effect is known. Gated worlds must come within 3 Monte Carlo errors of 95 % of
intervals and, with no effect, of 5 % of rejections; the others are reported. Worlds like CORE take
their index and its luck from the sixty built-in made-up schools; so few that what is expected at a
score is no smooth curve, and intervals fall short. `detectable` is the median smallest
effect seen four times in five, in standard deviations (index points for CORE).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from rich.console import Console
from rich.progress import track

from analysis.findings.before_after import panel_effect
from analysis.findings.effects import Effect, at_the_line
from analysis.panels.reading import read_panel
from simulations.near_the_line import Shuffles, near_the_line, windows
from simulations.published.settling import usual_way
from simulations.supported import Alike, Made, World, alike, made

RESTS_ON = (
    "simulations/supported.py",
    "simulations/near_the_line.py",
    "simulations/known.py",
    "simulations/streams.py",
    "analysis/findings/running.py",
    "analysis/findings/effects.py",
    "analysis/findings/before_after.py",
    "analysis/designs/library/core/sqii-2015-16.yaml",
    "analysis/panels/data/core-small/",
)
ERRORS = 3
STEP = 0.1


@dataclass(frozen=True)
class Trial:
    """One world and one way of estimating: how many draws in full, and whether it is a gate."""

    world: World
    way: str
    draws: int
    gated: bool
    like_core: bool = False


TRIALS = {
    "line, lowest 5 %, no effect": Trial(World(), "line", 2000, gated=True),
    "line, lowest 12 %, bent, tier 2 above": Trial(
        World(named=0.12, effect=0.3, bend=0.2, second=0.2, tier_2=0.5), "line", 2000, gated=True
    ),
    "line, three pools, no effect": Trial(World(named=0.12, pools=3), "line", 2000, gated=True),
    "panel, no effect": Trial(World(), "panel", 500, gated=True),
    "panel, effect": Trial(World(effect=0.3), "panel", 500, gated=True),
    "panel with the year of naming, no effect": Trial(World(), "naming year", 200, gated=False),
    "steps, window and slope, no effect": Trial(
        World(named=0.3, reliability=0.9, step=STEP), "steps", 1000, gated=False
    ),
    "steps, window without slope, no effect": Trial(
        World(named=0.3, reliability=0.9, step=STEP), "bare steps", 1000, gated=False
    ),
    "line, like CORE, lowest 12 %, no effect": Trial(
        World(named=0.12), "line", 1000, gated=False, like_core=True
    ),
    "line, like CORE, lowest 12 %, 8 points": Trial(
        World(named=0.12, effect=8), "line", 1000, gated=False, like_core=True
    ),
    "panel, like CORE, no effect": Trial(
        World(named=0.12), "panel", 300, gated=False, like_core=True
    ),
}


@cache
def core() -> Alike:
    design = usual_way("core/sqii-2015-16", "core/usual").design
    return alike(design, read_panel("core-small"))


def estimate(trial: Trial, some: Made, seed: int) -> Effect:
    later = some.scores[1].to_numpy()
    if trial.way == "line":
        return at_the_line(some.running, later, tier_2=some.tier_2)
    if trial.way in ("panel", "naming year"):
        return panel_effect(some.long, naming_year=trial.way == "naming year")
    shuffles = Shuffles(500, seed)
    level, known = trial.way != "bare steps", some.scores[[-2, -1]]
    table = windows(some.running, known, level=level, shuffles=shuffles)
    return near_the_line(some.running, later, table=table, level=level, shuffles=shuffles)


def counted(trial: Trial, draws: range) -> dict[str, float]:
    """Count covering intervals and rejections over some draws of a world."""
    shape = core() if trial.like_core else None
    found = [
        estimate(trial, made(trial.world, seed=seed, shape=shape), seed)
        for seed in track(draws, trial.way, console=Console(stderr=True), transient=True)
    ]
    of_all = trial.way in ("panel", "naming year")
    true = trial.world.effect if of_all else trial.world.at_the_line
    covered = sum(one.low <= true <= one.high for one in found)
    told = {
        "draws": len(found),
        "covered": covered / len(found),
        "bias": float(np.mean([one.effect for one in found])) - true,
        "detectable": float(np.median([one.detectable for one in found])),
    }
    if true == 0:
        told["rejected"] = sum(one.p < 0.05 for one in found) / len(found)
    return told


def beyond(told: dict[str, float]) -> Iterator[str]:
    """Name the figures that lie more than 3 Monte Carlo errors from their nominal value."""
    error = math.sqrt(0.05 * 0.95 / told["draws"])
    for word, nominal in (("covered", 0.95), ("rejected", 0.05)):
        if word in told and abs(told[word] - nominal) > ERRORS * error:
            yield word


def campaign(full: bool) -> dict[str, float]:  # noqa: FBT001 (each campaign is asked so)
    figures: dict[str, float] = {}
    failures = 0
    for name, trial in TRIALS.items():
        told = counted(trial, range(trial.draws if full else max(trial.draws // 50, 4)))
        figures |= {f"{name}: {word}": round(x, 4) for word, x in told.items()}
        failures += sum(1 for _ in beyond(told)) if trial.gated else 0
    return {"gated figures beyond 3 Monte Carlo errors": failures, **figures}
