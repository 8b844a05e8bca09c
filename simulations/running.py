"""What can be asked at the command line about experiments?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from analysis.commands import out, table_of
from analysis.publishing.store import Result, runs_folder
from simulations.experiment import Experiment, experiment_names, load_experiment
from simulations.parts import resumable

app = typer.Typer(no_args_is_help=True)


@app.command(name="run")
def run(
    experiment: Annotated[str, typer.Argument(help="a built-in experiment, or a .yaml file")] = "",
    workers: Annotated[
        int | None, typer.Option(min=1, help="processes; as many as there are processors")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="begin anew, and keep nothing of an earlier run")
    ] = False,
) -> None:
    """Run an experiment; without a name, list those that are built in.

    It can be interrupted; the same command goes on where it stopped. The last line is the folder of
    the result: numbers in result.json, tables as Parquet.

    Example: measures run california-weights
    """
    from simulations.run import run_experiment  # noqa: PLC0415 (slow to load)

    if not experiment:
        table = table_of("experiment", "title")
        for name in experiment_names():
            table.add_row(name, load_experiment(name).title)
        out.print(table)
        return
    asked = load_experiment(experiment)
    many = workers or max(asked.workers, min(os.cpu_count() or 1, 8))
    with resumable(experiment):
        found = run_experiment(asked, workers=many, fresh=fresh, progress=True)
    _tell(asked, found)


def _tell(asked: Experiment, found: Result) -> None:
    """Print what an experiment found, and where it is kept."""
    numbers, estimand = found.numbers, found.estimand
    out.print(f"[bold]{asked.title}[/bold]", highlight=False)
    drawn = "" if estimand.draw == "none" else f", {numbers['draws']} draws of {numbers['drawn']}"
    out.print(f"{estimand.what} Pool: {estimand.pool}. For {estimand.for_whom}.", highlight=False)
    every = "every cell of the grid" if numbers["enumerated"] else "sampled"
    out.print(f"{numbers['cells']:,} cells ({every}); kind of draw: {estimand.draw}{drawn}.")
    told = f"{numbers['filed']:,} schools as filed, {numbers['always']:,} in every cell, "
    out.print(f"{numbers['list']} in {numbers['year']}: {told}{numbers['ever']:,} in some cell.")
    _tell_outcomes(asked, found)
    _tell_factors(found)
    out.print(str(runs_folder() / found.key), soft_wrap=True, highlight=False)


def _tell_outcomes(asked: Experiment, found: Result) -> None:
    table = table_of("outcome, over cells", "least", "median", "most", "no number")
    for said in asked.outcomes:
        word = said.replace(".", "_")
        if f"{word}_median" not in found.numbers:
            continue  # a table, no number
        span = (found.numbers[f"{word}_{end}"] for end in ("low", "median", "high"))
        shown = ("" if x is None else f"{x:,.3g}" for x in span)
        table.add_row(said, *shown, f"{found.numbers[f'{word}_missing'] or ''}")
    out.print(table)


def _tell_factors(found: Result) -> None:
    factors = found.tables["factors"]
    if not factors["first"].notna().any():
        return
    table = table_of("factor", "kind", "options", "moves the list alone", "with others")
    for row in factors.itertuples(index=False):
        table.add_row(
            str(row.factor), str(row.side), f"{row.options}", f"{row.first:.0%}", f"{row.total:.0%}"
        )
    out.print(table)
