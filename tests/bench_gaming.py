"""How much quicker is it to rate schools again after a behaviour than to rate everything?

Only steps that a behaviour touches run again. Two draws of the small made-up districts under the
index of 2015-16. To time another behaviour: its name in MOVED.
"""

import time
from collections.abc import Callable

from rich.console import Console

from analysis.ratings.rate import rate
from simulations.gaming.asked import load_asked
from simulations.gaming.counted import schools_of
from simulations.gaming.kinds import load_mechanism
from simulations.gaming.playing import game_of
from simulations.gaming.worlds import make_worlds

Row = tuple[float, str, str, float | None]
MOVED = ("unreported_suspensions", "manipulation")
DESIGN = "as_released"
DRAWS = 2
TIMES = 5


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    asked = load_asked("six-designs")
    design, drawn = asked.design(DESIGN), asked.worlds
    by = asked.counted_by(design, DESIGN)
    worlds = make_worlds(asked.world, 1, DRAWS, (drawn.base_year, drawn.year))
    kinds = [load_mechanism(name) for name in asked.moving(design, DESIGN)]
    counted = {by.fingerprint: schools_of(worlds, by, asked.measures(design, DESIGN), kinds)}
    game = game_of(asked, DESIGN, 1, counted)
    game.base()
    found: dict[str, Row] = {}
    for name in MOVED:
        efforts = game.schools.no_effort()
        efforts[name] += 1.0
        touched = _shortest(lambda e=efforts: game.rated(game.schools.after(e)))
        every = _shortest(lambda e=efforts: rate(game.needed, game.schools.after(e)))
        told = f"gaming, {DRAWS} draws: rated again after {name}"
        found[told] = (1000 * touched, "ms", "rating everything", every / touched)
    return found


def _shortest(work: Callable[[], object]) -> float:
    """Give the shortest time of a few, in seconds."""
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        Console().print(f"{name}: {value:,.3g} {unit} {ratio:.2f} x {beside}", soft_wrap=True)
