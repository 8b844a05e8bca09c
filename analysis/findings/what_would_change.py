"""What single change of one measure would put a school on a list, or take it off?

Each candidate is a real change of the panel, rated anew: the lines move with it. To look at other
changes: other candidates in `_candidates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.designs.clause import Ref
from analysis.designs.rules.scoring import Identity, MinimumN
from analysis.findings.place import Place, locate
from analysis.findings.sentences import answer
from analysis.panels.panel import Panel
from analysis.ratings.rate import Ratings, rate
from analysis.values import ALL

STEP = 0.001
"""How far beyond a notch a value is tried, where the notch itself does not reach it."""

NEAREST = 3
"""How many notches on each side of a value are tried."""


@dataclass(frozen=True)
class WouldChange:
    """One value that, instead of what was measured, would change the answer of a list."""

    list: str
    measure: str
    group: str
    now: float
    instead: float
    answer: str


def what_would_change(
    ratings: Ratings, school: str, list_name: str, *, year: int | None = None
) -> tuple[WouldChange, ...]:
    """Find single values that would change whether a list names a school.

    Only values at which some step jumps (its notches) are tried, the nearest few on each side of
    what was measured, one cell at a time. So "nothing found" does not say that nothing could.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        list_name: a list of the design.
        year: the last of the panel, unless it is said.

    Returns:
        For each measure and group the value nearest to what was measured, nearest first in units
        of the measure's spread over schools.

    Raises:
        ProblemsError: the panel has no such school or year.
    """
    place = locate(ratings, school, year=year)
    before = answer(ratings, list_name, place)
    found: dict[tuple[str, str], WouldChange] = {}
    for measure, group, value in _candidates(ratings, place):
        if (measure, group) in found:
            continue
        cell = replace(place, group=group)
        panel = _with(ratings.panel, measure, cell, value)
        after = answer(rate(ratings.design, panel, earlier=ratings), list_name, place)
        if after not in (before, "unknown"):
            now = cell.of(ratings[measure].value)
            found[measure, group] = WouldChange(list_name, measure, group, now, value, after)
    return tuple(sorted(found.values(), key=lambda one: _distance(ratings, one)))


def _distance(ratings: Ratings, one: WouldChange) -> float:
    spread = float(ratings[one.measure].value.sel(group=ALL).std())
    return abs(one.instead - one.now) / (spread or 1.0)


def _candidates(ratings: Ratings, place: Place) -> Iterator[tuple[str, str, float]]:
    notches = tuple(notches_of(ratings, place))
    for measure in ratings.design.measures:
        for group in ratings.panel.groups:
            now = replace(place, group=group).of(ratings[measure].value)
            mine = sorted(
                {at for name, at in notches if name == measure}, key=lambda x: abs(x - now)
            )
            if np.isnan(now):
                continue
            for side in (1, -1):
                beyond = [at for at in mine if (at - now) * side > 0 or at == now][:NEAREST]
                for at in beyond:
                    yield measure, group, at
                    yield measure, group, at + side * STEP


def notches_of(ratings: Ratings, place: Place) -> Iterator[tuple[str, float]]:
    """Give every number at which a step that reads a measure directly jumps."""
    for rule in ratings.design.steps.values():
        for notch in rule.notches():
            measure = _measure(ratings, notch.of)
            if notch.on == "value" and measure is not None:
                at = place.of(ratings.cells.number(notch.at))
                if not np.isnan(at):
                    yield measure, at


def _measure(ratings: Ratings, ref: Ref) -> str | None:
    """Follow a reference down to a measure of this year, through steps that keep the value."""
    if ref.year != "this":
        return None
    rule = ratings.design.steps.get(ref.of)
    if isinstance(rule, MinimumN | Identity):
        return _measure(ratings, rule.of)
    return ref.of if ref.of in ratings.design.measures else None


def _with(panel: Panel, measure: str, cell: Place, value: float) -> Panel:
    """Give the panel with one value changed; its fingerprints are worked out anew."""
    values = panel.measures[measure]
    changed = values.value.copy(deep=True)
    changed.loc[{"year": cell.year, "group": cell.group}][cell.row] = value
    measures = {**panel.measures, measure: replace(values, value=changed)}
    return replace(panel, measures=measures, _codes={})
