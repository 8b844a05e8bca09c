"""How long does rating take, and how does that grow? Ratios against named peers, in one run.

`make bench` prints the table and writes build/bench.json: name -> {value, unit, versus, ratio}.
A ratio above 1 says how many times slower the peer is. Times are medians of runs in turn.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from rich.console import Console
from rich.table import Table

from analysis.designs.design import Design, design_from, parse_design
from analysis.designs.student_columns import RACES
from analysis.panels.panel import Panel, make_panel
from analysis.panels.students.measure import measure
from analysis.panels.students.table import read_students
from analysis.publishing.store import build_folder
from analysis.ratings.rate import rate
from tests import (
    bench_explorer,
    bench_gaming,
    bench_incentives,
    bench_kernel,
    bench_partners,
    bench_population,
    bench_sweep,
)

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


STUDENT_ROWS = 1_000_000
STUDENTS = """
title: Everything that students tell
evidence: derived
students:
  full_year: any
  minimum_days: 0
  alternate: out
  first_year_el: out
  parts: {elementary: [-1, 5], middle: [6, 8], high: [9, 12]}
  scales: {ela_score: [2000, 3000], math_score: [2000, 3000]}
  groups:
    el: {any: [el, rfep]}
    swd: swd
    sed: sed
    black: {race: black}
    hispanic: {race: hispanic}
    white: {race: white}
    asian: {race: asian}
    filipino: {race: filipino}
    pacific_islander: {race: pacific_islander}
    american_indian: {race: american_indian}
    multiracial: {race: multiracial}
measures:
"""
CUT_SCORES = {
    "ela": {3: 2432, 4: 2473, 5: 2502, 6: 2531, 7: 2552, 8: 2567, 11: 2583},
    "math": {3: 2436, 4: 2485, 5: 2528, 6: 2552, 7: 2567, 8: 2586, 11: 2628},
}
SKILLS = ("growth_mindset", "self_efficacy", "self_management", "social_awareness")
CONTROLS = "[sed, swd, el, homeless, foster]"


def student_design() -> Design:
    """Eighteen measures from students, two of them growth, for all students and eleven groups."""
    says = {
        subject: f"definition: met_standard, subject: {subject}, denominator: tested, cuts: {cuts}"
        for subject, cuts in CUT_SCORES.items()
    }
    says |= {
        f"{subject}_growth": f"definition: growth, subject: {subject}, model: {model}, controls: "
        f"{CONTROLS}, reference: yearly, scale: percentile"
        for subject, model in (
            ("ela", "residual_with_school_means"),
            ("math", "corrected, corrected_by: other_subject"),
        )
    }
    says |= {f"graduation_{k}": f"definition: graduation, years: {k}" for k in (4, 5, 6)}
    says |= {name: f"definition: scale_mean, column: {name}" for name in SKILLS}
    says |= {
        "readiness": "definition: readiness",
        "absence": "definition: chronic_absence, minimum_days: 30",
        "suspension": "definition: suspended, events: [suspensions, expulsions]",
        "redesignation": "definition: redesignation, window: school_year, others: count",
        "redesignation_state": "definition: redesignation, window: state, others: count",
        "el_progress": "definition: el_progress",
        "climate_students": "definition: favourable, column: climate",
    }
    lines = [f"  {name}: {{from_students: {{{said}}}}}" for name, said in says.items()]
    return parse_design(STUDENTS + "\n".join(lines), name="students")


def student_rows(count: int, *, years: int = 5) -> pl.DataFrame:
    """Make student rows of some years: the same students a grade higher each year."""
    random = np.random.default_rng(count)
    each = count // years
    language = random.random(each)
    lasting = {
        "student": np.array([f"s{i:08d}" for i in range(each)]),
        "school": np.array([f"{s:07d}" for s in np.arange(each) // 170]),
        "race": np.array(RACES)[
            random.choice(8, each, p=[0.12, 0.5, 0.12, 0.12, 0.04, 0.01, 0.01, 0.08])
        ],
        "el": language < 0.2,
        "rfep": language > 0.85,
        **{name: random.random(each) < p for name, p in (("swd", 0.12), ("sed", 0.75))},
        **{name: random.random(each) < p for name, p in (("homeless", 0.03), ("foster", 0.01))},
    }
    first, ability = random.integers(-1, 13, each), random.normal(size=each)
    return pl.concat(
        _student_year(random, lasting, 2013 + y, (first + 1 + y) % 14 - 1, ability)
        for y in range(years)
    )


def _student_year(
    random: np.random.Generator,
    lasting: dict[str, np.ndarray],
    year: int,
    grade: np.ndarray,
    ability: np.ndarray,
) -> pl.DataFrame:
    size = len(grade)
    tested = ((grade >= 3) & (grade <= 8)) | (grade == 11)
    high, el = grade >= 9, lasting["el"]

    def some(share: float) -> np.ndarray:
        return random.random(size) < share

    def score() -> np.ndarray:
        x = 2350 + 25 * grade + 80 * (0.9 * ability + 0.43 * random.normal(size=size))
        return np.where(tested & some(0.97), np.round(np.clip(x, 2100, 2900)), np.nan)

    def whole(values: np.ndarray, known: np.ndarray) -> pl.Series:
        return pl.Series(np.where(known, values, np.nan)).fill_nan(None).cast(pl.Int64)

    days = np.where(some(0.95), 180, random.integers(0, 180, size))
    columns = {
        **lasting,
        "year": np.full(size, year),
        "grade": grade,
        "days_enrolled": days,
        "days_absent": np.minimum(np.round(random.gamma(1.2, 7, size) * 2) / 2, days),
        "full_year": days == 180,
        "alternate": np.zeros(size, dtype=bool),
        "first_year_el": el & some(0.05),
        "ela_score": score(),
        "math_score": score(),
        "gpa": np.where(grade >= 6, np.round(random.uniform(1, 4, size), 2), np.nan),
        "mark_ela": np.array(list("ABCDF"))[random.integers(0, 5, size)],
        "mark_math": np.array(list("ABCDF"))[random.integers(0, 5, size)],
        "suspensions": some(0.04).astype(int),
        "expulsions": some(0.001).astype(int),
        "cohort": whole(year + 12 - grade, high),
        "graduated_in": whole(random.integers(4, 7, size), (grade == 12) & some(0.88)),
        "el_level": whole(random.integers(1, 5, size), el),
        "el_level_before": whole(random.integers(1, 5, size), el & some(0.8)),
        "redesignated": el & some(0.12),
        "redesignated_state": el & some(0.1),
        **{
            name: np.where((grade >= 4) & some(0.8), random.uniform(1, 5, size).round(2), np.nan)
            for name in SKILLS
        },
        "climate": np.where((grade >= 5) & some(0.8), random.uniform(0, 100, size).round(), np.nan),
    }
    floats = [name for name, values in columns.items() if values.dtype == float]
    return pl.DataFrame(columns).with_columns(pl.col(floats).fill_nan(None))


def students_by_pandas(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Group the same rates and means in pandas alone: no checks, no growth, whole schools only.

    Columns of each table: value and n, by group, school and year.
    """
    f = frame[(frame["days_enrolled"] > 0)]
    ready = f["gpa"].ge(2.5) & ~f["mark_ela"].isin(["D", "F"]) & ~f["mark_math"].isin(["D", "F"])
    ready &= (f["suspensions"] == 0) & (f["days_absent"] <= 0.04 * f["days_enrolled"] + 1e-9)
    fresh = ~f["first_year_el"]
    gain = (f["el_level"] > f["el_level_before"]) | (f["el_level"] == 4)
    later = f["redesignated_state"]
    asked = {
        s: (fresh & f[f"{s}_score"].notna(), f[f"{s}_score"] >= f["grade"].map(CUT_SCORES[s]))
        for s in CUT_SCORES
    }
    asked |= {
        "absence": (f["days_enrolled"] >= 30, f["days_absent"] >= 0.1 * f["days_enrolled"] - 1e-9),
        "suspension": (f["days_enrolled"] > 0, f["suspensions"] + f["expulsions"] > 0),
        "readiness": ((f["grade"] == 8) & f["gpa"].notna(), ready),
        "redesignation": (f["el"], f["redesignated"]),
        "redesignation_state": (f["el"] | later, later),
        "el_progress": (f["el"] & f["el_level_before"].notna(), gain),
        **{name: (f[name].notna(), f[name] / 100) for name in (*SKILLS, "climate")},
    }
    groups = {"all": f["year"] > 0, "el": f["el"] | f["rfep"], "swd": f["swd"], "sed": f["sed"]}
    groups |= {race: f["race"] == race for race in RACES}
    return {
        name: pd.concat(
            {
                group: (100 * value[counts & mine].astype(float))
                .groupby([f["school"], f["year"]], observed=True)
                .agg(["mean", "size"])
                for group, mine in groups.items()
            }
        )
        for name, (counts, value) in asked.items()
    }


def alike(panel: Panel, peer: dict[str, pd.DataFrame]) -> None:
    """Stop the run where pandas finds another value or n."""
    rows = {school: i for i, school in enumerate(panel.units["school"])}
    for name, table in peer.items():
        values = panel.measures["climate_students" if name == "climate" else name]
        at = [panel.groups.index(group) for group in table.index.get_level_values(0)]
        school = [rows[code] for code in table.index.get_level_values(1)]
        year = [panel.years.index(y) for y in table.index.get_level_values(2)]
        ours = values.value.to_numpy()[school, year, at], values.n.to_numpy()[school, year, at]
        same = np.allclose(ours[0], table["mean"], atol=1e-6) and (ours[1] == table["size"]).all()
        if not same or values.value.notnull().sum() != len(table):
            raise SystemExit(f"{name}: the panel and pandas differ.")


def measured_peak(folder: str) -> float:
    """Give the highest memory of a process that measures students, in MB."""
    measure(student_design(), read_students(folder))
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", told).group(1)) / 1024


def student_figures() -> dict[str, Figure]:
    """Measure a million student rows, all measures and groups, and the same in pandas."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "students.parquet"
        student_rows(STUDENT_ROWS).write_parquet(path)
        design_, students = student_design(), read_students(folder)
        frame = pd.read_parquet(path)
        alike(measure(design_, students).panel, students_by_pandas(frame))
        ours, peer = in_turn(
            lambda: measure(design_, students), lambda: students_by_pandas(frame), runs=3
        )
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            peak_memory = pool.apply(measured_peak, (folder,))
    what = "its rates and means grouped in pandas, without growth and checks"
    return {
        f"measure, {STUDENT_ROWS:,} student rows": Figure(ours, "s", what, peer / ours),
        f"peak memory, {STUDENT_ROWS:,} student rows": Figure(peak_memory, "MB"),
    }


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
    found = figures() | student_figures()
    others = (
        bench_population,
        bench_kernel,
        bench_explorer,
        bench_partners,
        bench_incentives,
        bench_gaming,
        bench_sweep,
    )
    for more in (one.figures() for one in others):
        found |= {name: Figure(*told) for name, told in more.items()}
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
