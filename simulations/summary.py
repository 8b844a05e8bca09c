"""What do the cells of an experiment say together? Tables of cells, schools and factors.

To add a table or a number: one function here, called in `tables_of` or `numbers_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from simulations.evaluate import Bench
from simulations.grid import Plan
from simulations.outcomes import NAMED
from simulations.sensitivity import exact

MOST_GRID: Final = 20_000_000
"""Cells x schools up to which the weight of each factor is worked out."""


@dataclass(frozen=True)
class Block:
    """Some cells and some draws, by number."""

    cells: range
    draws: range


@dataclass(frozen=True)
class Part:
    """What a block of cells and draws shows, as it is saved.

    `outcomes` is over cell, outcome and draw. `cell`, `school` and `times` say how many draws of
    a cell name a school, where any does; `by_draw` counts cells, over draw and school.
    """

    outcomes: np.ndarray
    cell: np.ndarray
    school: np.ndarray
    times: np.ndarray
    by_draw: np.ndarray


def joined(bench: Bench, blocks: Sequence[Block], parts: Sequence[Part]) -> Part:
    """Put parts together: each number in its place, counts added."""
    cells, draws, schools = bench.plan.size, bench.draws, len(bench.schools)
    outcomes = np.empty((cells, len(words_of(bench.plan)), draws))
    by_draw = np.zeros((draws, schools), dtype=np.int64)
    for block, part in zip(blocks, parts, strict=True):
        some = slice(block.draws.start, block.draws.stop)
        outcomes[block.cells.start : block.cells.stop, :, some] = part.outcomes
        by_draw[some] += part.by_draw
    pairs = np.concatenate([part.cell * schools + part.school for part in parts])
    every, place = np.unique(pairs, return_inverse=True)
    times = np.bincount(place, np.concatenate([part.times for part in parts]), len(every))
    return Part(outcomes, every // schools, every % schools, times.astype(np.int64), by_draw)


def tables_of(bench: Bench, whole: Part) -> Mapping[str, pd.DataFrame]:
    """Give the tables of an experiment.

    Args:
        bench: what the cells are held against.
        whole: what all cells show.

    Returns:
        `cells`: one row for each cell, with its factors, outcomes (averaged over draws) and, where
        figures are drawn, the Monte Carlo error of each. `schools`: one row for each school, with
        the share of cells and draws that name it. `factors`: one row for each factor, with the
        share of the list's variance that it explains alone and with others, where every cell is
        rated once. `named`, where asked for: cell, school, share of draws.
    """
    found = {
        "cells": _cells(bench, whole),
        "schools": _schools(bench, whole),
        "factors": _factors(bench.plan, whole, bench.draws),
    }
    if NAMED in bench.plan.asked.outcomes:
        codes = bench.schools[whole.school]
        rows = {"cell": whole.cell, "school": codes, "share": whole.times / bench.draws}
        found[NAMED] = pd.DataFrame(rows)
    return found


def words_of(plan: Plan) -> tuple[str, ...]:
    """Name the outcomes that are numbers."""
    return tuple(word for word in plan.asked.outcomes if word != NAMED)


def _cells(bench: Bench, whole: Part) -> pd.DataFrame:
    plan = bench.plan
    labels = [[o.label for o in plan.cell(n).options.values()] for n in range(plan.size)]
    columns: dict[str, Any] = {"cell": np.arange(plan.size)}
    for place, axis in enumerate(plan.axes):
        column = [row[place] for row in labels]
        text = any(isinstance(x, str) for x in column)
        columns[axis.name] = [str(x) for x in column] if text else column
    for place, word in enumerate(words_of(plan)):
        table = whole.outcomes[:, place]
        there = np.isfinite(table).sum(axis=1)
        mean = np.nansum(table, axis=1) / np.where(there > 0, there, np.nan)
        columns[word] = mean
        if bench.draws > 1:
            apart = np.nansum((table - mean[:, None]) ** 2, axis=1)
            spread = apart / np.where(there > 1, there - 1, np.nan)
            columns[f"{word}_error"] = np.sqrt(spread / np.where(there > 0, there, np.nan))
    return pd.DataFrame(columns)


def _schools(bench: Bench, whole: Part) -> pd.DataFrame:
    size, draws = bench.plan.size, bench.draws
    each = whole.by_draw / size
    share = each.mean(axis=0)
    some = np.bincount(whole.school, minlength=len(share))
    every = np.bincount(whole.school[whole.times == draws], minlength=len(share))
    among_draws = each.var(axis=0, ddof=1) / draws if draws > 1 else np.zeros(len(share))
    sampled = bench.plan.places is not None
    among_cells = share * (1 - share) / size if sampled else np.zeros(len(share))
    table = pd.DataFrame({"school": bench.schools})
    units = bench.panel.units
    if "name" in units:
        table["name"] = units["name"].to_numpy()[(units["part"] == "").to_numpy()]
    return table.assign(
        filed=bench.filed,
        judged=bench.judged,
        share=share,
        error=np.sqrt(among_draws + among_cells),
        cells_sometimes=some,
        cells_always=every,
    )


def _factors(plan: Plan, whole: Part, draws: int) -> pd.DataFrame:
    rows = [(axis.name, axis.side, len(axis.options)) for axis in plan.axes]
    table = pd.DataFrame(rows, columns=["factor", "side", "options"])
    table = table.assign(first=np.nan, total=np.nan)
    if plan.places is not None or draws > 1:
        return table
    moved, place = np.unique(whole.school, return_inverse=True)
    times = np.bincount(place, minlength=len(moved))
    kept = np.flatnonzero(times < plan.size)  # who is always or never named adds no variance
    if len(kept) == 0 or plan.size * len(kept) > MOST_GRID:
        return table
    column = np.full(len(moved), -1)
    column[kept] = np.arange(len(kept))
    named = np.zeros((plan.size, len(kept)))
    mine = column[place] >= 0
    named[whole.cell[mine], column[place][mine]] = 1.0
    grid = named.reshape(*table["options"], len(kept))
    found = exact(grid, table["factor"].tolist()).table
    return table.assign(first=found["first"], total=found["total"])


def numbers_of(bench: Bench, tables: Mapping[str, pd.DataFrame]) -> Mapping[str, Any]:
    """Give the numbers of an experiment: sizes, who is always named, and the span of each outcome.

    Args:
        bench: what the cells are held against.
        tables: the tables of the experiment.

    Returns:
        Counts of schools and cells. For each outcome `_low`, `_median`, `_high` over cells, and
        `_missing`: cells where it has no number.
    """
    plan, schools, cells = bench.plan, tables["schools"], tables["cells"]
    found: dict[str, Any] = {
        "cells": plan.size,
        "enumerated": plan.places is None,
        "draws": bench.draws if bench.fresh is not None else 0,
        "seed": plan.asked.seed,
        "list": plan.list,
        "year": bench.year,
        "schools": len(schools),
        "schools_judged": int(bench.judged.sum()),
        "filed": int(bench.filed.sum()),
        "always": int((schools["cells_always"] == plan.size).sum()),
        "ever": int((schools["cells_sometimes"] > 0).sum()),
        "drawn": "" if bench.fresh is None else ", ".join(_told(bench.fresh.columns)),
    }
    for word in words_of(plan):
        held = cells[word].dropna()
        key = word.replace(".", "_")
        span = (held.min(), held.median(), held.max()) if len(held) else (None, None, None)
        found |= dict(zip((f"{key}_low", f"{key}_median", f"{key}_high"), span, strict=True))
        found[f"{key}_missing"] = len(cells) - len(held)
    return found


def _told(columns: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{measure} of {group}" for measure, group in columns]
