"""How long does a sweep of 200 short notebooks take, beside papermill in a plain loop?

The notebooks import pandas, statsmodels and this package, and print one number. Papermill is timed
on a few of them, before and after the sweeps, and scaled; `--all` times it on all 200.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import nbformat
from rich.console import Console

Row = tuple[float, str, str, float | None]
RUNS = 200
FEW = 12
EXPERIMENT = """
title: Many shares
design: franklin/index
panel: franklin
list: lowest
estimand: The list under other shares.
pool: Title I schools
levers:
  share: {share: SHARES}
outcomes: [count]
"""
BODY = """
import pandas as pd
import statsmodels.api as sm
import analysis
import simulations
print(pd.Series([share, 1.0]).mean())
"""
PAPERMILL = """
import sys
import papermill as pm
book, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for i in range(first, last):
    out = f"{book}.{i}.ipynb"
    told = {"share": (i + 1) / 1000}
    pm.execute_notebook(book, out, told, kernel_name="python3", progress_bar=False)
"""


def _write(folder: Path) -> tuple[Path, Path]:
    new, book, own = nbformat.v4, folder / "short.ipynb", folder / "many.yaml"
    own.write_text(EXPERIMENT.replace("SHARES", str([(i + 1) / 1000 for i in range(RUNS)])))
    parameters = new.new_code_cell("share = 0.1", metadata={"tags": ["parameters"]})
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = new.new_notebook(
        cells=[parameters, new.new_code_cell(BODY)], metadata={"kernelspec": spec}
    )
    nbformat.write(whole, book)
    return book, own


def _run(*commands: list[str], **more: str) -> float:
    """Run commands side by side, and give the seconds until all have ended."""
    start = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [
        subprocess.Popen([sys.executable, *one], env={**os.environ, **more}, **quiet)
        for one in commands
    ]
    codes = [one.wait() for one in running]
    if any(codes):
        raise SystemExit(f"failed: {commands}")
    return time.perf_counter() - start


def _ours(book: Path, own: Path, build: Path, workers: int) -> float:
    words = ["-m", "simulations", "sweep", str(book), str(own), "--workers", str(workers)]
    return _run(words, MULTIPLE_MEASURES_BUILD=str(build))


def _theirs(book: Path, count: int, workers: int) -> float:
    """Give the seconds of papermill for all runs, from those for the first `count`."""
    ends = [count * k // workers for k in range(workers + 1)]
    parts = (["-c", PAPERMILL, str(book), str(a), str(b)] for a, b in pairwise(ends))
    taken = _run(*parts)
    return taken * RUNS / count


def figures(*, whole: bool = False) -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio.

    Args:
        whole: time papermill on all notebooks instead of a few.
    """
    workers = os.cpu_count() or 1
    count = RUNS if whole else FEW
    with tempfile.TemporaryDirectory() as folder:
        book, own = _write(Path(folder))
        loop, pool = [_theirs(book, count, 1)], [_theirs(book, count, workers)]
        full = _ours(book, own, Path(folder) / "full", workers)
        one = _ours(book, own, Path(folder) / "one", 1)
        if not whole:
            pool.append(_theirs(book, count, workers))
            loop.append(_theirs(book, count, 1))
    alone, beside = sum(loop) / len(loop), sum(pool) / len(pool)
    scaled = "" if whole else f", scaled from {2 * FEW} of them"
    name = f"sweep of {RUNS} short notebooks"
    return {
        f"{name}, {workers} processes": (
            full,
            "s",
            f"a plain loop of papermill{scaled}",
            alone / full,
        ),
        f"{name}, 1 process": (one, "s", f"a plain loop of papermill{scaled}", alone / one),
        f"{name}, {workers} processes each": (
            full,
            "s",
            f"{workers} plain loops of papermill at once{scaled}",
            beside / full,
        ),
    }


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--all", action="store_true", help="papermill on all notebooks")
    found = figures(whole=asked.parse_args().all)
    for what, (value, unit, versus, ratio) in found.items():
        Console().print(f"{what}: {value:,.3g} {unit}, {ratio:.2f} x {versus}", soft_wrap=True)
