"""Does a sweep that is killed at any moment leave nothing behind, and go on to the same bytes?

The whole command is killed (SIGKILL) at a moment drawn at random: while it starts, within a run, or
between two. What it began must end by itself; then the same sweep is asked for again.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from simulations.experiment import load_experiment
from simulations.streams import stream
from simulations.sweep import Job, jobs_of, run_jobs, sweeps_folder
from simulations.sweep_tables import write_together
from tests.simulations.test_sweep import EXPERIMENT, alive, content, finished, notebook

RESTS_ON = (
    "analysis/publishing/execute.py",
    "analysis/publishing/parameters.py",
    "simulations/fork_server.py",
    "simulations/kernels.py",
    "simulations/processes.py",
    "simulations/sweep.py",
    "simulations/sweep_tables.py",
    "tests/simulations/test_sweep.py",
)
BUILD = "MULTIPLE_MEASURES_BUILD"
PATIENCE = 60.0
LONGEST = 0.6
"""Seconds after a run is there (or the command has begun) in which the moment lies."""


def campaign(*, full: bool) -> dict[str, int]:
    """Kill the command 20 times, or twice."""
    random = stream(1, "sweep-kills")
    counts = dict.fromkeys(("kills", "resumed to the end", "differing", "left over processes"), 0)
    with tempfile.TemporaryDirectory() as folder:
        book = notebook(Path(folder) / "twice.ipynb", "share = 0.1")
        own = Path(folder) / "own.yaml"
        own.write_text(EXPERIMENT)
        jobs = jobs_of(book, load_experiment(own), experiment=str(own))
        with _built(Path(folder) / "undisturbed"):
            expected = _whole(jobs)
        for number in range(20 if full else 2):
            with _built(Path(folder) / f"killed-{number}"):
                words = ["sweep", str(book), str(own), "--workers", "2"]
                runs, seconds = int(random.integers(len(jobs))), random.uniform(0, LONGEST)
                counts["kills"] += _killed(words, runs, seconds)
                counts["left over processes"] += _left_over()
                found = _whole(jobs)
                counts["resumed to the end"] += all(job.home.exists() for job in jobs)
                counts["differing"] += found != expected
    return counts


@contextmanager
def _built(folder: Path) -> Iterator[None]:
    before = os.environ.get(BUILD)
    os.environ[BUILD] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(BUILD)
        if before is not None:
            os.environ[BUILD] = before


def _whole(jobs: Sequence[Job]) -> dict[str, bytes]:
    run_jobs(jobs, workers=2)
    write_together(jobs)
    return content(sweeps_folder())


def _killed(words: Sequence[str], runs: int, seconds: float) -> bool:
    """Kill the command some seconds after so many runs are there; not if it ended before."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([sys.executable, "-m", "simulations", *words], **quiet)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and running.poll() is None and len(finished()) < runs:
        time.sleep(0.005)
    time.sleep(seconds)
    running.send_signal(signal.SIGKILL)
    return running.wait() == -signal.SIGKILL


def _left_over() -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if not alive(f"{BUILD}={os.environ[BUILD]}\0"):
            return False
        time.sleep(0.05)
    return True
