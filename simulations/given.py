"""Is everything right that a district gives for a stress test: its variant and its panel?"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.panel import Panel
from analysis.panels.students.measure import read_or_measure
from analysis.problems import Problem, ProblemsError, listed
from analysis.ratings.rate import rate
from simulations.variant import lists_of


def checked(  # noqa: PLR0913 (what a district says)
    design: str,
    adapted: Sequence[str],
    variant: str,
    panel: str,
    said: Sequence[str],
    *,
    year: int | None,
    state: str = "",
) -> None:
    """Read all that a district gives, and rate it once.

    Raises:
        ProblemsError: every mistake in the variant and in the panel, at once.
    """
    problems: list[Problem] = []
    base = load_design(design)
    filled = [load_adaptation(one) for one in adapted]
    common = adapt(base, *filled) if filled else base
    local, measured = common, None
    try:
        local = adapt(base, *filled, load_adaptation(variant))
        lists_of(common, local, said)
    except ProblemsError as error:
        problems += error.problems
    try:
        found = read_or_measure(local, panel)
        measured = found if isinstance(found, Panel) else found.panel
    except ProblemsError as error:
        problems += error.problems
    if state and state not in common.lists:
        problems.append(Problem(design, f"has no list {state}; it has {listed(common.lists)}."))
    if measured is not None and year is not None and year not in measured.years:
        text = f"has no year {year}; there are {listed(measured.years)}."
        problems.append(Problem(measured.name, text))
    if problems or measured is None:
        raise ProblemsError(problems)
    rate(local, measured)
