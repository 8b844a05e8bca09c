"""What can be asked at the command line that runs notebooks or draws numbers?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands import Adaptations, DesignName, PanelName
from analysis.problems import Problem, ProblemsError

app = typer.Typer(no_args_is_help=True)


@app.command()
def memo(
    name: Annotated[str, typer.Argument(help="a memo in paper/memos, without .qmd")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="every memo, and a page that lists them")
    ] = False,
    to: Annotated[str, typer.Option(help="forms, joined by commas")] = "html,pdf,docx",
) -> None:
    """Run a memo's notebooks and publish it; the last line is the path of the page.

    Example: measures memo status-or-improvement --to html
    """
    from analysis.publishing import memo as publishing  # noqa: PLC0415 (slow to load)

    if every == bool(name):
        raise ProblemsError([Problem("memo", "takes the name of a memo, or --all.")])
    forms = [form.strip() for form in to.split(",")]
    if not every:
        typer.echo(publishing.memo(name, forms=forms))
        return
    problems: list[Problem] = []
    for one in publishing.memo_names():
        try:
            publishing.memo(one, forms=forms)
        except ProblemsError as error:  # the others are made all the same
            problems += error.problems
    typer.echo(publishing.memo_index())
    if problems:
        raise ProblemsError(problems)


@app.command()
def stress(
    design: DesignName,
    panel: PanelName,
    *,
    variant: Annotated[str, typer.Option(help="the district's adaptation, by name or file")],
    adapted: Adaptations = None,
    state: Annotated[str, typer.Option(help="a list of the design that is the state's")] = "",
    lists: Annotated[
        str, typer.Option(help="the common list and the variant's, joined by a comma")
    ] = "",
    year: Annotated[int | None, typer.Option(help="the panel's last, unless it is said")] = None,
    draws: Annotated[int, typer.Option(min=10, help="of the luck of students")] = 40,
    to: Annotated[str, typer.Option(help="forms, joined by commas")] = "html,pdf,docx",
) -> None:
    """Hold a district's own variant to the common design, and publish a memo about it.

    The panel may be a workbook (`measures template`). Every mistake in the panel and in the variant
    is told at once. The last line is the path of the page; PDF and Word file stand beside it.

    Example: measures stress franklin/index franklin --variant franklin/lowest-third
    """
    from analysis.publishing import memo as publishing  # noqa: PLC0415 (slow to load)
    from simulations.given import Given, checked  # noqa: PLC0415

    pair = [word.strip() for word in lists.split(",")] if lists else []
    checked(Given(design, adapted or [], variant, panel, pair, year, state))
    case = {"design": design, "adaptation": _whole(variant), "panel": _whole(panel), "lists": pair}
    parameters = {
        "cases": [case],
        "presets": {design: [_whole(one) for one in adapted or []]},
        "state": {design: state} if state else {},
        "year": year or 0,
        "draws": draws,
    }
    forms = [form.strip() for form in to.split(",")]
    typer.echo(publishing.memo("your-own-variant", parameters=parameters, forms=forms))


def _whole(said: str) -> str:
    """Give the whole path of a file or folder, for a notebook that runs elsewhere."""
    return str(Path(said).resolve()) if Path(said).exists() else said


@app.command()
def population(
    world: Annotated[str, typer.Argument(help="core, core-small, core-ten, or a .yaml file")],
    to: Annotated[Path, typer.Option("--out", help="the folder; what is there is completed")],
    years: Annotated[str, typer.Option(help="years, joined by commas; all of the world's")] = "",
    seed: Annotated[int, typer.Option(help="another seed, other schools and students")] = 1,
    draw: Annotated[int, typer.Option(help="another draw, other students and luck only")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="processes")] = min(os.cpu_count() or 1, 8),
    moments: Annotated[
        bool, typer.Option("--moments", help="print our figures beside published ones")
    ] = False,
) -> None:
    """Make up the students of some districts, with the truth about their schools.

    It can be interrupted; the same command goes on where it stopped.

    Example: measures population core-small --out build/small --years 2014,2015
    """
    from simulations.population import chunks, write  # noqa: PLC0415 (slow to load)
    from simulations.population import moments as figures  # noqa: PLC0415
    from simulations.population import world as worlds  # noqa: PLC0415

    numbers = worlds.load_world(world)
    chosen = chunks.parse_years(years, numbers)
    made = chunks.Population(numbers, seed, draw)
    write.write_population(made, to, years=chosen, workers=workers, progress=True)
    if moments:
        typer.echo(figures.moments(numbers, to).text)
    typer.echo(f"wrote {to}")
