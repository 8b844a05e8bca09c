"""How long do a million students take, from nothing to a panel of all measures and groups?

`python -m tests.bench_population` prints it; tests/bench.py takes `figures`. The peer is what an
analyst would write: rates and means grouped in pandas, on the same rows, without growth and checks.
"""

from __future__ import annotations

import os
import re
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from rich.console import Console

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.students.measure import measure
from analysis.panels.students.table import read_students
from simulations.population.chunks import Population
from simulations.population.world import load_world
from simulations.population.write import write_population
from simulations.resample import resampled, sample

YEAR = 2015
DRAWS = 8
Row = tuple[float, str, str, float | None]


def made_and_measured(folder: str) -> tuple[float, float, float, int]:
    """Make a year of students and measure it: seconds of both, the peak in MB, students."""
    start = time.perf_counter()
    population = Population(load_world("core"), seed=1, draw=0)
    write_population(population, Path(folder), years=(YEAR,), workers=os.cpu_count() or 1)
    made = time.perf_counter() - start
    design = adapt(load_design("core/sqii-full"), load_adaptation("core/usual"))
    students = read_students(folder)
    panel = measure(design, students).panel
    whole = time.perf_counter() - start
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    here = int(re.search(r"VmHWM:\s+(\d+)", told).group(1)) / 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = int(panel.measures["absence"].n.sel(year=YEAR, group="all").sum())
    return made, whole, here + workers * (os.cpu_count() or 1), size


def by_pandas(folder: str) -> float:
    """Group the same rows in pandas, and give the seconds."""
    from tests.bench import students_by_pandas  # noqa: PLC0415 (that module takes this one's figures)

    frame = pd.read_parquet(Path(folder) / "students.parquet")
    start = time.perf_counter()
    students_by_pandas(frame)
    return time.perf_counter() - start


def drawn_again(folder: str) -> float:
    """Give the seconds of one draw of all students, from weights to a panel."""
    design = adapt(load_design("core/sqii-full"), load_adaptation("core/usual"))
    sampled = sample(design, read_students(folder))
    resampled(sampled, range(4), seed=1)
    start = time.perf_counter()
    resampled(sampled, range(4, 4 + DRAWS), seed=1)
    return (time.perf_counter() - start) / DRAWS


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        # a process of its own, since memory once taken stays with a process
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            made, whole, peak, size = pool.submit(made_and_measured, folder).result()
        peer, again = by_pandas(folder), drawn_again(folder)
    beside = "the same rows grouped in pandas, without growth and checks"
    name = f"a year of the made-up CORE, {size:,} students measured"
    return {
        f"{name}: made and measured": (whole, "s", "", None),
        f"{name}: measured": (whole - made, "s", beside, peer / (whole - made)),
        f"{name}: one draw of all students again": (again, "s", beside, peer / again),
        f"{name}: peak memory of all processes": (peak, "MB", "", None),
    }


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        ratio_ = f"{ratio:.2f} x {beside}" if ratio else ""
        Console().print(f"{name}: {value:,.3g} {unit} {ratio_}", soft_wrap=True)
