"""How much does each guess move a list? Every way to settle what an agency did not publish.

One decision at a time, from the likeliest settlement; and many settlements of all decisions.
To add a figure about a settlement: a column in `against`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.designs.adaptation import Adaptation, adapt, load_adaptation
from analysis.designs.design import Design
from analysis.designs.presets import Presets, presets_of
from analysis.panels.panel import Panel
from analysis.problems import fail
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.resting import only_for


@dataclass(frozen=True)
class Guesses:
    """A list under other settlements of what is not published.

    `usual` is the likeliest settlement: decision -> preset. `each` has a row for every other
    preset, alone (decision, preset, title, evidence, and what `against` says); `together` a row for
    each settlement of all decisions that was tried, with a column for each decision and its
    `likelier` weight. `schools` says of every school under which share of those settlements it is
    named, under two priors: every preset of a decision alike (`share`), and the likeliest preset of
    a decision with one half (`share_likelier`). `ways` counts all settlements that there are.
    """

    usual: Mapping[str, str]
    each: pd.DataFrame
    together: pd.DataFrame
    schools: pd.DataFrame
    ways: int


@dataclass(frozen=True)
class Question:
    """What is asked: which list, in which year, by which index, of which design and panel."""

    design: Design
    panel: Panel
    usual: str
    list: str
    index: str
    year: int


def guesses(ask: Question, *, most: int) -> Guesses:
    """Rate a panel under other settlements of the decisions on which a list rests.

    Args:
        ask: the design before any preset, the panel, the name of the usual settlement, the list.
        most: how many settlements of all decisions are tried; where there are more, they are taken
            at even steps through all of them, so that each preset comes up alike.

    Raises:
        ProblemsError: the usual settlement leaves the list unknown, or names nobody.
    """
    open_ = presets_of(ask.design, step=ask.list)
    parts = {one.name: one for one in load_adaptation(ask.usual).parts(ask.design)}
    usual = {d: one.name for d, some in open_.items() for one in some if one.name in parts}
    rest = tuple(one for one in parts.values() if one.settles not in open_)
    base = rate(_settled(ask, open_, usual, rest), ask.panel)
    if ask.list in base.design.unknown or not _named(ask, base).any():
        raise fail(ask.design.name, f"names nobody on {ask.list} under {ask.usual}.")
    rows = []
    for decision, preset in ((d, one) for d, some in open_.items() for one in some):
        if usual[decision] != preset.name:
            other = {**usual, decision: preset.name}
            found = rate(_settled(ask, open_, other, rest), ask.panel, earlier=base)
            told = {"decision": decision, "preset": preset.name, "title": preset.title}
            rows.append({**told, "evidence": preset.evidence, **against(ask, base, found)})
    together, named = _together(ask, open_, rest, base, most)
    together["likelier"] = [_likelier(row, usual, open_) for row in together.to_dict("records")]
    ways = math.prod(len(some) for some in open_.values())
    return Guesses(usual, pd.DataFrame(rows), together, _schools(ask, base, together, named), ways)


def _settled(
    ask: Question, open_: Presets, ways: Mapping[str, str], rest: Sequence[Adaptation]
) -> Design:
    chosen = [one for d, some in open_.items() for one in some if one.name == ways[d]]
    return only_for(adapt(ask.design, *chosen, *rest), ask.list, ask.index)


def against(ask: Question, base: Ratings, found: Ratings) -> Mapping[str, Any]:
    """Hold the list and the index under one settlement to those under the likeliest.

    Returns:
        named, enter, leave (schools), kept (share of the base's list that stays, 0-1),
        rank_correlation of the index, and its median.
    """
    old, new = (_named(ask, one) for one in (base, found))
    indexes = [_last(ask, one, ask.index) for one in (base, found)]
    both = ~np.isnan(indexes[0]) & ~np.isnan(indexes[1])
    ranks = [pd.Series(x[both]).rank() for x in indexes]
    return {
        "named": int(new.sum()),
        "enter": int((new & ~old).sum()),
        "leave": int((old & ~new).sum()),
        "kept": float((old & new).sum() / old.sum()),
        "rank_correlation": float(ranks[0].corr(ranks[1])),
        "median": float(np.nanmedian(indexes[1])),
    }


def _last(ask: Question, ratings: Ratings, step: str) -> np.ndarray:
    array = ratings[step].value.sel(year=ask.year)
    array = array.sel(group="all") if "group" in array.dims else array
    whole = ratings.cells.is_whole.to_numpy()
    return np.where(whole, array.to_numpy(), np.nan)


def _named(ask: Question, ratings: Ratings) -> np.ndarray:
    marks: np.ndarray = _last(ask, ratings, ask.list) == 1
    return marks


def _together(
    ask: Question, open_: Presets, rest: Sequence[Adaptation], base: Ratings, most: int
) -> tuple[pd.DataFrame, np.ndarray]:
    rows, marks = [], []
    last = base
    for ways in _ways(open_, most):
        last = rate(_settled(ask, open_, ways, rest), ask.panel, earlier=last)
        rows.append({**ways, **against(ask, base, last)})
        marks.append(_named(ask, last))
    return pd.DataFrame(rows), np.array(marks)


def _ways(open_: Presets, most: int) -> Iterator[Mapping[str, str]]:
    """Give settlements at even steps through all of them, neighbours sharing what comes first."""
    names = [[one.name for one in some] for some in open_.values()]
    total = math.prod(len(some) for some in names)
    step = max(total / most, 1.0)
    wanted = {int(i * step) for i in range(min(most, total))}
    for place, chosen in enumerate(itertools.product(*names)):
        if place in wanted:
            yield dict(zip(open_, chosen, strict=True))


def _likelier(ways: Mapping[Any, Any], usual: Mapping[str, str], open_: Presets) -> float:
    """Weigh a settlement: the likeliest preset of a decision carries one half, if it has others."""
    parts = []
    for decision, some in open_.items():
        others = len(some) - 1
        taken = ways[decision] == usual[decision]
        parts.append(1.0 if not others else 0.5 if taken else 0.5 / others)
    return math.prod(parts)


def _schools(
    ask: Question, base: Ratings, together: pd.DataFrame, named: np.ndarray
) -> pd.DataFrame:
    units = ask.panel.units
    table = pd.DataFrame({"school": units["school"], "part": units["part"]})
    table["index"] = _last(ask, base, ask.index)
    table["usual"] = _named(ask, base)
    table["share"] = named.mean(axis=0)
    table["share_likelier"] = np.average(named, axis=0, weights=together["likelier"])
    return table[base.cells.is_whole.to_numpy()].drop(columns="part").reset_index(drop=True)
