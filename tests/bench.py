"""How long does rating take, and how does that grow? Ratios against named peers, in one run.

`make bench` prints the table and writes build/bench.json: name -> {value, unit, versus, ratio}.
A ratio above 1 says how many times slower the peer is. Times are medians of runs in turn.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.designs.design import Design, design_from
from analysis.panels.panel import make_panel
from analysis.publishing.store import build_folder
from analysis.ratings.rate import rate

SIZES = (1_000, 10_000, 100_000)
MEASURES = tuple(f"m{i}" for i in range(9))
CUTS = {level: 10.0 * (level - 1) for level in range(2, 11)}
SHARE = 0.05
MINIMUM_N = 20


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, beside whom, and how often slower they are."""

    value: float
    unit: str
    versus: str = ""
    ratio: float | None = None


def design() -> Design:
    """Nine measures, minimum n, levels 1-10, a weighted mean, the lowest 5 % named: 30 steps."""
    return design_from(
        {
            "title": "Nine measures",
            "evidence": "derived",
            "sets": {"nine": list(MEASURES)},
            "measures": {name: {} for name in MEASURES},
            "points": {
                "each_counted": {"for": "nine", "rule": "minimum_n", "of": "each", "n": MINIMUM_N},
                "each_level": {"for": "nine", "rule": "cuts", "of": "each_counted", "from": CUTS},
            },
            "index": {
                "index": {
                    "rule": "mean",
                    "of": {f"{name}_level": i + 1 for i, name in enumerate(MEASURES)},
                    "missing": "share_out",
                }
            },
            "lists": {
                "line": {
                    "rule": "share_of_pool",
                    "of": "index",
                    "share": SHARE,
                    "side": "lowest",
                    "pool": "all_schools",
                    "round": "none",
                    "count": "up",
                    "ties": "in",
                    "included": True,
                },
                "low": {"rule": "test", "of": "index", "beyond": "line"},
                "lowest": {"rule": "named", "when": "low"},
            },
        },
        name="nine",
    )


def tables(schools: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make a schools table and a measures table: 9 measures, some cells below the minimum n."""
    random = np.random.default_rng(schools)
    codes = np.array([f"{i:07d}" for i in range(schools)], dtype=object)
    size = schools * len(MEASURES)
    measures = pd.DataFrame(
        {
            "school": np.tile(codes, len(MEASURES)),
            "year": 2025,
            "measure": np.repeat(MEASURES, schools),
            "value": random.uniform(0, 100, size).round(1),
            "n": random.integers(5, 300, size).astype(float),
        }
    )
    return pd.DataFrame({"school": codes}), measures


def by_pandas(measures: pd.DataFrame) -> frozenset[str]:
    """Name the same schools with pandas alone, as an analyst's script would."""
    kept = measures[measures["n"] >= MINIMUM_N]
    level = pd.cut(kept["value"], [-np.inf, *CUTS.values(), np.inf], right=False, labels=False) + 1
    weight = kept["measure"].map({name: i + 1.0 for i, name in enumerate(MEASURES)})
    parts = pd.DataFrame({"school": kept["school"], "top": level * weight, "weight": weight})
    sums = parts.groupby("school")[["top", "weight"]].sum()
    index = (sums["top"] / sums["weight"]).round(9)
    line = index.sort_values().iloc[int(np.ceil(SHARE * len(index))) - 1]
    return frozenset(index.index[index <= line])


def in_turn(*tasks: Callable[[], object], runs: int) -> list[float]:
    """Time tasks in turn, so that a slow minute of the machine strikes them alike; medians."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(runs):
        for task, told in zip(tasks, seconds, strict=True):
            start = time.perf_counter()
            task()
            told.append(time.perf_counter() - start)
    return [statistics.median(told) for told in seconds]


def peak(schools: int, *, rated: bool) -> float:
    """Give the highest memory of a process that makes a panel (and rates it), in MB.

    Linux's own high-water mark: getrusage would hand on the parent's.
    """
    schools_table, measures = tables(schools)
    panel = make_panel(schools_table, measures)
    del measures
    if rated:
        rate(design(), panel)
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", told).group(1)) / 1024


def memory(schools: int) -> tuple[float, float]:
    """Measure both peaks, each in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        return tuple(pool.apply(peak, (schools,), {"rated": rated}) for rated in (False, True))


def figures() -> dict[str, Figure]:
    """Measure everything; a rating that names others than pandas stops the run."""
    found: dict[str, Figure] = {}
    rules = design()
    changed = rules.vary({"line.share": 0.06})
    seconds = {}
    for size in SIZES:
        schools, measures = tables(size)
        panel = make_panel(schools, measures)
        ratings = rate(rules, panel)
        met = (ratings["lowest"].value == 1).to_numpy().ravel()
        if frozenset(panel.units["school"][met]) != by_pandas(measures):
            raise SystemExit(f"{size} schools: rate and pandas name different schools.")
        runs = max(3, 30_000 // size)
        whole, again, peer = in_turn(
            lambda p=panel: rate(rules, p),
            lambda p=panel, r=ratings: rate(changed, p, earlier=r),
            lambda m=measures: by_pandas(m),
            runs=runs,
        )
        (read,) = in_turn(lambda s=schools, m=measures: make_panel(s, m), runs=3)
        seconds[size] = whole
        found[f"rate, {size:,} schools"] = Figure(
            1000 * whole, "ms", "an analyst's script in pandas", peer / whole
        )
        found[f"rate after one changed number, {size:,} schools"] = Figure(
            1000 * again, "ms", "rate anew", whole / again
        )
        found[f"make_panel, {size:,} schools"] = Figure(1000 * read, "ms", "rate", whole / read)
    for size in SIZES:
        found[f"rate, per school of {size:,}"] = Figure(1e6 * seconds[size] / size, "µs")
    first, last = SIZES[1], SIZES[-1]
    growth = np.log(seconds[last] / seconds[first]) / np.log(last / first)
    found[f"exponent of growth, {first:,} to {last:,}"] = Figure(float(growth), "exponent")
    for size in SIZES[1:]:
        panel_only, rated = memory(size)
        found[f"peak memory, {size:,} schools"] = Figure(
            rated, "MB", "the panel alone", panel_only / rated
        )
    return found


def main() -> None:
    found = figures()
    table = Table("what", "value", "unit", "beside", "ratio")
    for name, figure in found.items():
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(name, f"{figure.value:,.3g}", figure.unit, figure.versus, ratio)
    Console(width=110).print(table)
    path = build_folder() / "bench.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {name: vars(figure) for name, figure in found.items()}
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
