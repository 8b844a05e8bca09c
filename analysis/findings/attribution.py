"""Which clauses move which school? One at a time, and exact Shapley shares.

Only between variants of one base: what differs between unlike designs cannot be taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
from rich.progress import track

from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design, build_design
from analysis.designs.document import freeze
from analysis.findings.comparison import named_by_any
from analysis.panels.panel import Panel
from analysis.problems import ProblemsError, fail
from analysis.ratings.rate import Ratings, rate

MOST_GROUPS = 10
"""Shapley shares need every subset: 2 to this power ratings."""


@dataclass(frozen=True)
class Attribution:
    """Who moves between a base and its variant, and which group of clauses moves them.

    `groups` maps each group to the steps that it changes. `schools` has one row for each school
    that moves and group: school, group, alone (change of being named when only this group
    changes), shapley (its share of the school's whole move; the shares of a school add up to its
    move, 1 entering or -1 leaving).
    """

    groups: Mapping[str, tuple[str, ...]]
    schools: pd.DataFrame


def changed_groups(base: Design, variant: Design) -> Mapping[str, tuple[str, ...]]:
    """Group the steps that differ: copies of one written clause are one group.

    Steps that are added or removed are one group together, since one may rest on another.
    """
    old, new = base.document.steps, variant.document.steps
    alone = [name for name in (*old, *new) if (name in old) != (name in new)]
    found: dict[str, tuple[str, ...]] = {}
    if alone:
        found["added and removed"] = tuple(dict.fromkeys(alone))
    for name in old:
        if name in new and base.clause_key(name) != variant.clause_key(name):
            origin = base.document.origin.get(name, (name,))[-1]
            found[origin] = (*found.get(origin, ()), name)
    return FrozenMap(found)


def attribute(
    base: Design,
    variant: Design,
    panel: Panel,
    *,
    year: int | None = None,
    only: str | None = None,
    progress: bool = False,
) -> Attribution:
    """Say of each school that moves which group of changed clauses moves it.

    Args:
        base: the design that is changed.
        variant: the same design with some clauses changed.
        panel: what was measured.
        year: the last of the panel, unless it is said.
        only: a list; without it, being on any list counts.
        progress: show a bar on the terminal.

    Raises:
        ProblemsError: the designs are not variants of one base, nothing differs, or more than ten
            groups differ.

    Source: Shapley (1953); exact, over all subsets.
    """
    groups = _groups(base, variant)
    year = panel.years[-1] if year is None else year
    names = tuple(groups)
    subsets = [s for size in range(len(names) + 1) for s in combinations(names, size)]
    first = rate(base, panel)
    told: dict[frozenset[str], np.ndarray] = {}
    for subset in track(subsets, "rating every mix", disable=not progress, transient=True):
        mixed = rate(_mixed(base, variant, groups, subset), panel, earlier=first)
        told[frozenset(subset)] = np.nan_to_num(named_by_any(mixed, year=year, only=only))
    return Attribution(groups, _table(first, names, told))


def _groups(base: Design, variant: Design) -> Mapping[str, tuple[str, ...]]:
    if base.measures.keys() != variant.measures.keys():
        raise fail(variant.name, f"is no variant of {base.name}: the measures differ.")
    if base.header.sets != variant.header.sets:
        raise fail(variant.name, "changes a set of the base, which cannot be taken apart.")
    groups = changed_groups(base, variant)
    kept = sum(name in variant.steps for name in base.steps)
    if kept < len(base.steps) / 2:
        raise fail(variant.name, f"is no variant of {base.name}: most steps differ.")
    if not 0 < len(groups) <= MOST_GROUPS:
        text = f"{len(groups)} groups of clauses differ; there must be 1 to {MOST_GROUPS}."
        raise fail(variant.name, text)
    return groups


def _mixed(
    base: Design,
    variant: Design,
    groups: Mapping[str, tuple[str, ...]],
    chosen: Sequence[str],
) -> Design:
    steps = dict(base.document.steps)
    for group in chosen:
        for name in groups[group]:
            steps.pop(name, None)
            if name in variant.document.steps:
                steps[name] = variant.document.steps[name]
    try:
        return build_design(replace(base.document, steps=freeze(steps)))
    except ProblemsError as error:
        text = f"cannot be taken apart: {listed_changes(chosen)} alone is no design."
        raise fail(variant.name, text) from error


def listed_changes(chosen: Sequence[str]) -> str:
    """Write a mix of changes as words."""
    return " with ".join(chosen) or "the base"


def _table(
    first: Ratings, names: Sequence[str], told: Mapping[frozenset[str], np.ndarray]
) -> pd.DataFrame:
    base, whole = told[frozenset()], told[frozenset(names)]
    moved = np.flatnonzero(base != whole)
    k = len(names)
    rows = []
    for name in names:
        rest = [s for s in told if name not in s]
        weights = {s: factorial(len(s)) * factorial(k - len(s) - 1) / factorial(k) for s in rest}
        shapley = sum(w * (told[s | {name}] - told[s]) for s, w in weights.items())
        alone = told[frozenset([name])] - base
        rows += [
            {
                "school": first.panel.units["school"].iloc[row],
                "group": name,
                "alone": alone[row],
                "shapley": float(np.round(np.asarray(shapley)[row], 12)),
            }
            for row in moved
        ]
    return pd.DataFrame(rows, columns=["school", "group", "alone", "shapley"])
