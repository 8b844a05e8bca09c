"""What does a notebook give in every cell of an experiment? Each run once, kept, and put together.

A run is addressed by what decides it: notebook, parameters, design, data, program and lock file. It
appears whole or not at all under build/runs/sweeps/, so that an interrupted sweep goes on.
A run that failed keeps its notebook with the error beside it. Data that a notebook reads by a path
of its own are not part of the address: say --fresh when they change.
To put more together: `sweep_tables.py`. To give a notebook more parameters: `_offered`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from tempfile import gettempdir
from typing import Any, Final

import psutil

from analysis.designs.design import digest
from analysis.problems import ProblemsError, did_you_mean, fail, listed
from analysis.publishing.execute import SOCKETS, write_run
from analysis.publishing.parameters import lacking, read_parameters, wrong_values
from analysis.publishing.store import ROOT, RUNS, build_folder, code_fingerprint
from simulations.cluster import clustered
from simulations.experiment import Experiment
from simulations.figures import figures_of
from simulations.grid import fingerprints, parameters, plan_of
from simulations.kernels import fast_start
from simulations.processes import pooled, shown

ONE_THREAD: Final = "OPENBLAS_NUM_THREADS"
"""Environment: one thread of linear algebra for each run; they run side by side, and sum alike."""


@dataclass(frozen=True)
class Job:
    """One run: the notebook with the parameters of one cell, and the address of what it gives."""

    notebook: Path
    cell: int
    parameters: Mapping[str, Any]
    key: str

    @property
    def home(self) -> Path:
        """The folder of the finished run."""
        return sweeps_folder() / self.key

    @property
    def failed(self) -> Path:
        """The folder of the run that failed."""
        return sweeps_folder() / f"{self.key}.failed"


def sweeps_folder() -> Path:
    """Give the folder of all runs of sweeps."""
    return build_folder() / "runs" / "sweeps"


def find_notebook(said: str) -> Path:
    """Give the path of a notebook: a name in notebooks/, or a file.

    Raises:
        ProblemsError: there is none.
    """
    path = Path(said)
    if path.suffix == ".ipynb" and path.is_file():
        return path.resolve()
    home = ROOT / "notebooks"
    if (home / f"{said}.ipynb").is_file():
        return home / f"{said}.ipynb"
    names = sorted(one.stem for one in home.glob("*.ipynb"))
    text = f"there is no such notebook; there are {listed(names)}.{did_you_mean(said, names)}"
    raise fail(said, text)


def jobs_of(notebook: Path, asked: Experiment, *, experiment: str) -> tuple[Job, ...]:
    """Give the runs of a sweep, one for each cell; nothing is started.

    A notebook with a parameter `cell` finds its cell by itself, and gets `experiment` and `cell`.
    Any other must have a parameter for every factor. `design` and `panel` are given where asked.

    Args:
        notebook: the notebook.
        asked: the experiment.
        experiment: its name or file, as the notebook gets it.

    Raises:
        ProblemsError: every parameter that the notebook lacks or whose value is of another type.
    """
    known = read_parameters(notebook)
    plan = plan_of(asked)
    factors = () if "cell" in known else tuple(axis.name for axis in plan.axes)
    wanted = [
        {word: x for word, x in _offered(told, n, experiment).items() if word in known}
        for n, told in enumerate(parameters(plan))
    ]
    problems = [
        *(lacking(notebook.name, name, known) for name in factors if name not in known),
        *wrong_values(notebook.name, known, wanted),
    ]
    if problems:
        raise ProblemsError(problems)
    told = fingerprints(plan, figures_of(asked).panel(plan.base))
    base = (_read_sources(notebook), _read_lock(), code_fingerprint(), dict(told))
    return tuple(
        Job(notebook, n, one, digest(*base, {w: x for w, x in one.items() if w != "experiment"}))
        for n, one in enumerate(wanted)
    )


def _offered(told: Mapping[str, Any], number: int, experiment: str) -> dict[str, Any]:
    return {"experiment": experiment, "cell": number, **told}


def _read_sources(notebook: Path) -> list[list[object]]:
    """Give what decides of a notebook: its cells, without outputs and marks of programs."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [[cell["cell_type"], cell["source"]] for cell in cells]


def _read_lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def run_jobs(
    jobs: Sequence[Job], *, workers: int, cluster: str | None = None, progress: bool = False
) -> Mapping[str, str]:
    """Make the runs that are missing, each in a process of its own.

    Args:
        jobs: the runs of a sweep.
        workers: how many at once.
        cluster: where they are made if not on this machine; see `simulations.cluster`.
        progress: show a bar with the time left.

    Returns:
        Key of a run that failed -> the error. The others are kept under build/runs/sweeps/.
    """
    write_clean()
    missing = [job for job in jobs if not job.home.exists()]
    done = len(jobs) - len(missing)
    tasks = [(write_job, (job,)) for job in missing]
    made = clustered(tasks, cluster, workers) if cluster else pooled(tasks, workers)
    told = shown(made, done, len(missing), on=progress, what="running notebooks")
    return {key: error for key, error in told if error}


def write_job(job: Job) -> tuple[str, str]:
    """Run one notebook and keep what it gives, whole or not at all.

    Returns:
        The key of the run, and the error or nothing.
    """
    if job.home.exists():  # made meanwhile, before its machine was lost
        return job.key, ""
    fresh = write_fresh(job.key)
    os.environ[RUNS] = str(fresh / "runs")
    os.environ.setdefault(ONE_THREAD, "1")
    out, settings = fresh / "notebook.ipynb", fast_start(job.notebook)
    error = write_run(job.notebook, out, job.parameters, forget=fresh, settings=settings)
    body = {
        "cell": job.cell,
        "parameters": dict(job.parameters),
        "error": error.replace(str(fresh), "run"),
    }
    (fresh / "run.json").write_text(json.dumps(body, sort_keys=True) + "\n", encoding="utf-8")
    shutil.rmtree(job.failed, ignore_errors=True)
    home = job.failed if error else job.home
    try:
        fresh.replace(home)
    except OSError:
        if not home.exists():  # another process was first: its run is the same
            raise
    shutil.rmtree(fresh, ignore_errors=True)
    return job.key, error


def write_fresh(key: str) -> Path:
    """Make an empty folder that becomes the one of this key; `write_clean` knows whose it is."""
    fresh = sweeps_folder() / f".{key}.{gethostname()}.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def write_clean() -> None:
    """Remove what killed runs on this machine left half done."""
    runs = {path: path.suffix[1:] for path in sweeps_folder().glob(f".*.{gethostname()}.*")}
    places = Path(gettempdir()).glob(f"{SOCKETS}-*-*")
    for path, pid in {**runs, **{path: path.name.split("-")[-2] for path in places}}.items():
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
