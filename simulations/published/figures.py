"""Which figures does one rated panel give? All of them, by row and name.

To add a figure: the file of its subject; to add a subject: a line in `SUBJECTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from simulations.population.figures import Figure
from simulations.population.moments import all_figures
from simulations.population.world import World
from simulations.published.change import of_change
from simulations.published.groups import of_groups
from simulations.published.levels import of_levels, of_two_draws
from simulations.published.naming import of_naming
from simulations.published.seen import INDEX_YEAR, Seen
from simulations.published.surveys import of_surveys

Figures = Mapping[str, float]
SUBJECTS: Final[tuple[Callable[[Seen], Iterator[Figure]], ...]] = (
    of_naming,
    of_levels,
    of_groups,
    of_change,
    of_surveys,
)
DIGITS: Final = 10
"""Digits kept: the sums behind them may be added in another order on another day."""

OF_STUDENTS: Final = {
    "C1.overlap_fitted": "status_growth.overlap",
    "C1.r_fitted": "status_growth.r",
    "C13.sampling": "grade_mean.net.sampling",
    "C13.other": "grade_mean.net.other",
    "C13.lasting": "grade_mean.net.lasting",
}
"""Figures that are computed from students already (`measures population --moments`)."""


def of_panel(seen: Seen) -> Figures:
    """Give every figure that a rated panel allows; those whose years are lacking are left out."""
    return _kept(figure for subject in SUBJECTS for figure in subject(seen))


def of_students(world: World, folder: Path) -> Figures:
    """Give the figures that were computed from students already.

    Args:
        world: the world that was made.
        folder: where its population lies.
    """
    found = dict(all_figures(world, folder))
    return _kept((ours, found[theirs]) for ours, theirs in OF_STUDENTS.items() if theirs in found)


def of_again(seen: Seen, again: Seen) -> Figures:
    """Give the figures that need a second draw of the same schools."""
    if INDEX_YEAR not in again.years or again.schools != seen.schools:
        return {}
    return _kept(of_two_draws(seen, again))


def _kept(figures: Iterator[Figure]) -> Figures:
    return {name: float(f"{x:.{DIGITS}g}") for name, x in figures if np.isfinite(x)}
