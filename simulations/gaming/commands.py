"""What can be asked at the command line about what schools would do?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from analysis.commands import out, table_of
from analysis.publishing.store import Result, runs_folder
from simulations.gaming.asked import Asked, game_names, load_asked
from simulations.gaming.kinds import load_calibrations
from simulations.parts import resumable

app = typer.Typer(no_args_is_help=True)
SHOWN: Final = {
    "gaming_schools": "share of schools that game",
    "named": "schools named",
    "left": "leave the list",
    "false_exits": "leave it, truly low",
    "innocent_newcomers": "come on it, gamed nothing",
    "inflation": "index above the true one",
    "truth_before": "index with truth, before",
    "truth": "index with truth, after",
    "fixed": "worlds that came to rest",
}


@app.command(name="gaming")
def gaming(
    experiment: Annotated[str, typer.Argument(help="a built-in experiment, or a .yaml file")] = "",
    workers: Annotated[int, typer.Option(min=1, help="processes")] = min(os.cpu_count() or 1, 8),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="begin anew, and keep nothing of an earlier run")
    ] = False,
    mechanisms: Annotated[
        bool, typer.Option("--mechanisms", help="list what schools may do, and how it is known")
    ] = False,
) -> None:
    """Let made-up schools respond to designs; without a name, list the experiments.

    It can be interrupted; the same command goes on where it stopped. The last line is the folder of
    the result.

    Example: measures gaming six-designs
    """
    from simulations.gaming.playing import play  # noqa: PLC0415 (slow to load)

    if mechanisms:
        _tell_mechanisms()
        return
    if not experiment:
        table = table_of("experiment", "title")
        for name in game_names():
            table.add_row(name, load_asked(name).title)
        out.print(table)
        return
    asked = load_asked(experiment)
    with resumable(experiment):
        found = play(asked, workers=workers, fresh=fresh, progress=True)
    _tell(asked, found)


def _tell_mechanisms() -> None:
    table = table_of("mechanism", "what", "size", "known by", "direction")
    for name, one in load_calibrations().items():
        size = one.numbers["size"]
        told = f"{size.low:g} to {size.high:g}" if size.usual is None else f"{size.usual:g}"
        table.add_row(name, one.label, f"{told} {size.unit}", size.evidence, one.direction)
    out.print(table)


def _tell(asked: Asked, found: Result) -> None:
    """Print what schools do to each design, and where the result is kept."""
    out.print(f"[bold]{asked.title}[/bold]", highlight=False)
    out.print(f"{found.estimand.what} Pool: {found.estimand.pool}.", highlight=False)
    out.print(f"{found['worlds']} worlds of {found['seeds']} sets of schools; costs are assumed.")
    table = table_of("on average over worlds", *asked.designs)
    outcomes = found.tables["outcomes"].set_index(["outcome", "design"])["mean"]
    for word, told in SHOWN.items():
        means = outcomes.loc[word].to_dict()
        table.add_row(told, *(f"{means[name]:.2f}" for name in asked.designs))
    out.print(table)
    out.print(str(runs_folder() / found.key), soft_wrap=True, highlight=False)
