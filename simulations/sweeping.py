"""What can be asked at the command line about sweeps of notebooks?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from analysis.commands import out, table_of
from analysis.problems import fail
from simulations.experiment import experiment_names, load_experiment
from simulations.parts import resumable
from simulations.sweep import Job, find_notebook, jobs_of, run_jobs, sweeps_folder
from simulations.sweep_tables import write_together

app = typer.Typer(no_args_is_help=True)

SLURM = """#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=0-{last}
#SBATCH --cpus-per-task=1
# Each task makes one run; finished runs are not made again. Afterwards, once: {command}
set -euo pipefail
{command} --only "$SLURM_ARRAY_TASK_ID"
"""


@app.command(name="sweep")
def sweep(
    notebook: Annotated[str, typer.Argument(help="a name in notebooks/, or an .ipynb file")],
    experiment: Annotated[str, typer.Argument(help="a built-in experiment, or a .yaml file")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="notebooks at once; as many as there are processors")
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="make every run again; when data of the notebook changed"),
    ] = False,
    only: Annotated[int | None, typer.Option(min=0, help="the run of this cell alone")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="make the runs on this Dask scheduler, or on slurm")
    ] = None,
    export: Annotated[
        Literal["slurm"] | None, typer.Option(help="print an array script for a cluster instead")
    ] = None,
) -> None:
    """Run a notebook once for every cell of an experiment, and put the answers together.

    It can be interrupted; the same command goes on where it stopped. A run that fails keeps its
    notebook with the error; the others go on. The last line is the folder of the tables.

    Example: measures sweep one-cell franklin-choices
    """
    asked = load_experiment(experiment)
    named = experiment if experiment in experiment_names() else str(Path(experiment).resolve())
    jobs = jobs_of(find_notebook(notebook), asked, experiment=named)
    if export:
        there = [str(Path(x).resolve()) if Path(x).is_file() else x for x in (notebook, experiment)]
        command = f"measures sweep {shlex.join(there)}"
        name = Path(notebook).stem
        text = SLURM.format(name=name, last=len(jobs) - 1, command=command)
        out.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        return
    if only is not None and only >= len(jobs):
        raise fail(experiment, f"has cells 0 to {len(jobs) - 1}, so there is no cell {only}.")
    chosen = jobs if only is None else jobs[only : only + 1]
    if fresh:
        for job in chosen:
            shutil.rmtree(job.home, ignore_errors=True)
    with resumable(notebook):
        count = workers or (len(chosen) if cluster else min(os.cpu_count() or 1, 8))
        errors = run_jobs(chosen, workers=count, cluster=cluster, progress=True)
    out.print(f"{len(chosen) - len(errors):,} of {len(chosen):,} runs are there.")
    if len(errors) < len(chosen):  # a task of an array leaves the putting together to the last
        home = write_together(chosen) if only is None else chosen[0].home
        out.print(str(home), soft_wrap=True, highlight=False)
    if errors:
        _tell_failures(chosen, errors)
        raise typer.Exit(1)


def _tell_failures(jobs: Sequence[Job], errors: Mapping[str, str]) -> None:
    table = table_of("cell", "error", "notebook")
    for job in jobs:
        if job.key in errors:
            place = job.failed.relative_to(sweeps_folder()) / "notebook.ipynb"
            table.add_row(f"{job.cell}", errors[job.key], str(place))
    out.print(table)
    out.print(f"The notebooks are in {sweeps_folder()}", soft_wrap=True, highlight=False)
