"""Is everything right that a district gives for a stress test: its variant and its panel?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.panel import Panel
from analysis.panels.students.measure import read_or_measure
from analysis.problems import Problem, ProblemsError, listed
from analysis.ratings.rate import rate
from simulations.variant import lists_of


@dataclass(frozen=True)
class Given:
    """What a district gives: names or files, its pair of lists, the year, the state's list."""

    design: str
    adapted: Sequence[str]
    variant: str
    panel: str
    lists: Sequence[str]
    year: int | None
    state: str = ""


def checked(given: Given) -> None:
    """Read all that a district gives, and rate it once.

    Raises:
        ProblemsError: every mistake in the variant and in the panel, at once.
    """
    problems: list[Problem] = []
    base = load_design(given.design)
    filled = [load_adaptation(one) for one in given.adapted]
    common = adapt(base, *filled) if filled else base
    local, measured = common, None
    try:
        local = adapt(base, *filled, load_adaptation(given.variant))
        lists_of(common, local, given.lists)
    except ProblemsError as error:
        problems += error.problems
    try:
        found = read_or_measure(local, given.panel)
        measured = found if isinstance(found, Panel) else found.panel
    except ProblemsError as error:
        problems += error.problems
    if given.state and given.state not in common.lists:
        text = f"has no list {given.state}; it has {listed(common.lists)}."
        problems.append(Problem(given.design, text))
    if measured is not None and given.year not in (None, *measured.years):
        text = f"has no year {given.year}; there are {listed(measured.years)}."
        problems.append(Problem(measured.name, text))
    if problems or measured is None:
        raise ProblemsError(problems)
    rate(local, measured)
