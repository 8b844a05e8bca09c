"""Which score must a school reach to leave a list, or to be on it, where one score decides?

The line moves with the school: it is drawn anew for every score that is tried. To let another
kind of list have a score: one more branch in `decides`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr

from analysis.designs.clause import FrozenMap
from analysis.designs.rules import Named
from analysis.designs.rules.base import NumberRule
from analysis.designs.rules.conditions import Test
from analysis.findings.place import Place
from analysis.ratings.rate import Ratings, in_axis_order
from analysis.rounding import MODES
from analysis.values import ALL

POINTS: Final = 65
"""How many scores are tried at a time."""

FAR: Final = 1000
"""How far from all scores that there are a threshold is looked for, in their range."""

NEAR: Final = 1e-9
"""How near the threshold is found, in the unit of the score."""


@dataclass(frozen=True)
class Threshold:
    """The score that decides a list: the step that gives it, where it is now, and what is needed.

    Scores are those before the step rounds them. `way` is 1 where more is needed, -1 where less.
    """

    step: str
    now: float
    needed: float
    way: int


def threshold(ratings: Ratings, place: Place, list_name: str) -> Threshold | None:
    """Find the score at which the answer of a list changes, if one score alone decides it.

    Returns:
        The threshold; nothing where the list rests on more than one score of all students, or
        where no score changes the answer.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.place import locate
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> found = threshold(franklin, locate(franklin, "0101"), "lowest")
    >>> round(found.now, 3), round(found.needed, 3)
    (32.545, 45.95)
    """
    test = decides(ratings, list_name)
    if test is None:
        return None
    step = test.of.of
    score = unrounded(ratings, step)
    now = place.of(score)
    room = FAR * (float(score.max() - score.min()) + abs(now) + 1.0)
    for way in (1, -1) if not np.isnan(now) else ():
        needed = _where(ratings, place, test, now, now + way * room)
        if needed is not None:
            return Threshold(step, now, needed, way)
    return None


def unrounded(ratings: Ratings, name: str) -> xr.DataArray:
    """Give a step's result before the step itself rounds it."""
    rule = ratings.design.steps[name]
    if not isinstance(rule, NumberRule) or rule.round is None:
        return ratings[name].value
    return rule.out(replace(ratings.cells, here=name)).value


def decides(ratings: Ratings, list_name: str) -> Test | None:
    """Give the test that decides a list, if it holds one score of all students against a bound."""
    rule = ratings.design.steps[list_name]
    if not isinstance(rule, Named) or rule.group != ALL or rule.when.year != "this":
        return None
    test = ratings.design.steps.get(rule.when.of)
    if not isinstance(test, Test) or test.is_ is not None or test.of.year != "this":
        return None
    score = ratings.design.steps.get(test.of.of)
    return test if isinstance(score, NumberRule) and test.of.group in (None, ALL) else None


def _where(ratings: Ratings, place: Place, test: Test, now: float, end: float) -> float | None:
    """Give the first score on the way from now to an end that changes the answer."""
    low, high = now, end
    while abs(high - low) > NEAR:
        scores = np.linspace(low, high, POINTS)
        met = _met(ratings, place, test, scores)
        other = np.flatnonzero((met != met[0]) & ~np.isnan(met))
        if not len(other):
            return None
        low, high = float(scores[other[0] - 1]), float(scores[other[0]])
    return high


def _met(ratings: Ratings, place: Place, test: Test, scores: np.ndarray) -> np.ndarray:
    """Run the line and the test with each score in turn in the school's place (axis draw)."""
    steps, name = ratings.design.steps, test.of.of
    rule, old = steps[name], in_axis_order(replace(ratings[name], decision=None))
    if isinstance(rule, NumberRule) and rule.round is not None:
        scores = MODES[rule.round.mode](scores, rule.round.places)
    one = old.value.sel(year=[place.year])
    held = one.expand_dims(draw=len(scores)).copy(deep=True)
    where = {"school": place.row, "year": 0}
    if "group" in held.dims:
        where["group"] = ratings.panel.groups.index(ALL)
    held[where] = scores
    reason = old.reason.sel(year=[place.year])
    got = {**ratings.cells.got, name: replace(old, value=held, reason=reason)}
    cells = replace(ratings.cells, got=FrozenMap(got))
    if test.beyond is not None:
        line = steps[test.beyond.of].result(replace(cells, here=test.beyond.of))
        cells = replace(cells, got=FrozenMap({**got, test.beyond.of: line}))
    met = test.result(replace(cells, here=name)).value.isel(school=place.row)
    for axis, at in (("year", place.year), ("group", ALL)):
        met = met.sel({axis: at}, drop=True) if axis in met.dims else met
    return np.asarray(met.values)
