"""The command `measures`: everything that can be asked at the command line."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from analysis.checks import app as checks_app
from analysis.commands import app as analysis_app
from analysis.exploring import app as exploring_app
from analysis.measuring import app as measuring_app
from analysis.problems import ProblemsError
from analysis.questions import app as questions_app
from analysis.rewarding import app as rewarding_app
from analysis.supporting import app as supporting_app
from simulations.commands import app as simulations_app
from simulations.evaluating import app as evaluating_app
from simulations.gaming.commands import app as gaming_app
from simulations.misaligning import app as misaligning_app
from simulations.running import app as running_app
from simulations.sweeping import app as sweeping_app
from simulations.verifying import app as verifying_app
from simulations.watching import app as watching_app

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Decide, defend and study how schools are judged.",
)
APPS = (
    analysis_app,
    checks_app,
    measuring_app,
    questions_app,
    supporting_app,
    exploring_app,
    rewarding_app,
    simulations_app,
    evaluating_app,
    misaligning_app,
    gaming_app,
    running_app,
    sweeping_app,
    verifying_app,
    watching_app,
)
for one in APPS:
    commands.registered_commands += one.registered_commands


def app() -> None:
    """Run one command; what the user can mend is told without a traceback.

    Exit codes: 0 fine, 1 something the user can mend, 2 wrong usage.
    """
    errors = Console(stderr=True)
    try:
        commands(prog_name="measures")
    except ProblemsError as error:
        for problem in error.problems:
            errors.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    app()
