"""What can be asked at the command line about what being named does?

To add a question: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from analysis.commands import Adaptations, LayoutName, load_adapted, out, table_of
from analysis.findings.detectable import Study, detectable
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import read_or_measure
from analysis.problems import fail, listed
from analysis.ratings.rate import Ratings, rate

app = typer.Typer(no_args_is_help=True)

COMPARISONS = {
    "lottery": "named by lot",
    "line_straight": "at the line, one straight line through all schools",
    "line_near": "at the line, from schools near it",
    "panel": "change against other schools",
}
SHOWN = {"effect": "{:.2f}", "schools": "{:,}", "named": "{:,}", "share": "{:.0%}", "p": "{:.3f}"}


@app.command(name="detectable")
def smallest_effect(
    named: Annotated[list[int], typer.Argument(help="how many schools are named; several are set")],
    schools: Annotated[int, typer.Option(help="all schools of the pool, named ones included")],
    reliability: Annotated[
        float, typer.Option(help="share of a year's variance that lasts (0-1)")
    ] = 0.7,
    before: Annotated[int, typer.Option(help="years before the year of naming")] = 1,
    after: Annotated[int, typer.Option(help="years after it")] = 1,
    power: Annotated[float, typer.Option(help="how often it would be seen (0-1)")] = 0.8,
) -> None:
    """Say how small an effect could be seen, before anything is estimated.

    Example: measures detectable 75 178 --schools 1500
    """
    study = Study(schools, reliability, before, after, power=power)
    _print(_in_words(detectable(named, study)))
    out.print(
        f"In standard deviations of one year's values between schools, if {reliability:.0%} of "
        f"their variance lasts; seen with a chance of {power:.0%} in a test of 5 %.",
        soft_wrap=True,
    )


@app.command()
def effects(
    design: Annotated[str, typer.Argument(help="a design; or a table with a row for each school")],
    panel: Annotated[str | None, typer.Argument(help="a panel; none with a table")] = None,
    only: Annotated[str | None, typer.Option("--list", help="the list; the only one else")] = None,
    outcome: Annotated[str | None, typer.Option(help="the measure or step looked at")] = None,
    year: Annotated[int | None, typer.Option(help="of naming; the last but one else")] = None,
    looked: Annotated[int | None, typer.Option(help="year looked at; the next one else")] = None,
    score: Annotated[
        str | None, typer.Option(help="the step that decides, if the list rests on several")
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="a condition to meet, or a column with a line for each value")
    ] = None,
    tier_2: Annotated[
        str | None, typer.Option("--tier-2", help="a list that gives other support above the line")
    ] = None,
    reliability: Annotated[
        list[float] | None, typer.Option(help="assumed share of variance that lasts; repeatable")
    ] = None,
    layout: LayoutName = None,
    adapted: Adaptations = None,
    seed: Annotated[int, typer.Option(help="of the shuffles, for scores in whole steps")] = 1,
) -> None:
    """Say whether being named helped, or the score came back by itself.

    A table has the columns score, named (1 or 0) and outcome; pool, tier_2 and before (the outcome
    in the year of naming) may be there, and what was known before as further columns of numbers.

    Example: measures effects franklin-schools.csv
    """
    from analysis.findings.running import of_list  # noqa: PLC0415 (slow to load)
    from simulations import evaluation  # noqa: PLC0415
    from simulations.near_the_line import Shuffles  # noqa: PLC0415

    if panel is None:
        run, around = evaluation.from_table(_read_table(Path(design)))
    else:
        ratings = _ratings(design, panel, layout, adapted or [])
        chosen = _one_of(ratings, only)
        naming, later = _years(ratings, year, looked)
        run = of_list(ratings, chosen, year=naming, score=score, pool=pool)
        around = evaluation.from_ratings(
            ratings,
            run,
            outcome=outcome or _index(ratings),
            naming=naming,
            looked=later,
            tier_2=tier_2,
        )
    shuffles = Shuffles(seed=seed)
    _tell(evaluation.evaluate(run, around, reliabilities=reliability or (), shuffles=shuffles))


def _read_table(path: Path) -> pd.DataFrame:
    """Read a table, school codes as text."""
    if path.suffix not in (".parquet", ".csv", ".gz") or not path.is_file():
        raise fail(
            str(path),
            "must be a table that is there (.csv, .csv.gz or .parquet), or a design followed by a "
            "panel: measures effects DESIGN PANEL",
        )
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"school": str})


def _ratings(design: str, panel: str, layout: str | None, adapted: list[str]) -> Ratings:
    chosen = load_adapted(design, adapted)
    found = read_panel(panel, layout) if layout else read_or_measure(chosen, panel)
    return rate(chosen, found if isinstance(found, Panel) else found.panel)


def _one_of(ratings: Ratings, only: str | None) -> str:
    lists = tuple(ratings.design.lists)
    if only is None and len(lists) != 1:
        raise fail("--list", f"must name one list of {ratings.design.name}: {listed(lists)}.")
    return only or lists[0]


def _years(ratings: Ratings, year: int | None, looked: int | None) -> tuple[int, int]:
    years = ratings.panel.years
    if len(years) < 2:  # noqa: PLR2004 (naming, and a later year)
        raise fail(ratings.panel.name, "has one year; an effect needs the year after the naming.")
    naming = years[-2] if year is None else year
    return naming, naming + 1 if looked is None else looked


def _index(ratings: Ratings) -> str:
    index = ratings.design.header.headline.index
    if index is None:
        raise fail("--outcome", f"must be said, since {ratings.design.name} has no index.")
    return index


def _tell(found: Any) -> None:  # noqa: ANN401 (its module is slow to load)
    out.print("[bold]How small an effect could be seen[/bold] (standard deviations of the outcome)")
    _print(_in_words(found.detectable))
    out.print("[bold]The lines[/bold]")
    _print(found.running.lines)
    if found.tier_2 is not None:
        out.print("[bold]Other support (tier 2) above the line, by distance[/bold]")
        _print(found.tier_2)
    if found.windows is not None:
        out.print("[bold]Windows around the line: were schools alike before?[/bold]")
        _print(found.windows)
    out.print("[bold]At the line[/bold]")
    if found.line is None:
        out.print(f"Not known: {found.no_line}", soft_wrap=True)
    else:
        _tell_line(found.line, found.windows)
    if len(found.regains):
        out.print("[bold]What comes back by itself[/bold] (gain of the named beyond others')")
        _print(found.regains)
    out.print("[bold]Change against other schools[/bold], the year of naming left out")
    if found.change is None:
        out.print(f"Not known: {found.no_change}", soft_wrap=True)
        return
    out.print(found.change.words, soft_wrap=True)
    _print(found.events)


def _tell_line(line: Any, tried: pd.DataFrame | None) -> None:  # noqa: ANN401 (as above)
    reach = line.bandwidth if tried is None else line.window
    second = "" if line.tier_2 is None else f" Tier 2 among the others: {line.tier_2:.0%}."
    out.print(f"{line.words} {line.estimand.capitalize()}.", soft_wrap=True)
    out.print(
        f"{line.below:,} named and {line.above:,} other schools within {reach:.3g} of the line, "
        f"p {line.p:.3f}.{second}",
        soft_wrap=True,
    )
    if tried is not None and not line.balanced:
        out.print("No window is balanced: the smallest was taken, and the estimate is doubtful.")


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(comparison=table["comparison"].map(COMPARISONS))


def _print(table: pd.DataFrame) -> None:
    """Print a table whose first column is its name."""
    shown = table_of(*map(str, table.columns))
    for row in table.to_dict("records"):
        shown.add_row(*(_cell(str(name), cell) for name, cell in row.items()))
    out.print(shown)


def _cell(name: str, cell: Any) -> str:  # noqa: ANN401 (a cell of any table)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return SHOWN.get(name, "{:.3g}" if isinstance(cell, float) else "{:,}").format(cell)
    return str(cell)
