"""What can be asked at the command line about designs, panels and ratings?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.designs.adaptation import adapt, adaptation_names, load_adaptation
from analysis.designs.design import Design, design_names, load_design
from analysis.findings.cycles import ever_named, ever_named_by_chance, false_exit
from analysis.panels.foreign import read_with_layout
from analysis.panels.layout import load_layout
from analysis.panels.panel import WORKBOOK, panel_names, read_panel
from analysis.panels.template import write_template
from analysis.panels.write import write_panel
from analysis.problems import Problem, ProblemsError
from analysis.ratings.examples import differences, load_example
from analysis.ratings.rate import Ratings
from analysis.ratings.rate import rate as rate_panel
from analysis.ratings.verify import Row, load_ledger, status
from analysis.ratings.verify import verify as verify_entry
from analysis.ratings.write import write_ratings

app = typer.Typer(no_args_is_help=True)
out = Console()

DesignName = Annotated[str, typer.Argument(help="built-in name (place/name) or a .yaml file")]
PanelName = Annotated[str, typer.Argument(help="built-in name or a folder with the tables")]
Adaptations = Annotated[
    list[str] | None, typer.Option("--with", help="an adaptation, by name or file; repeatable")
]


@app.command()
def designs(place: Annotated[str, typer.Argument(help="only this place")] = "") -> None:
    """List the built-in designs, and how each stands against published lists.

    Example: measures designs california
    """
    table = _table("design", "title", "rows as published")
    told = status(load_ledger())
    for name in design_names():
        if name.startswith(place):
            table.add_row(name, load_design(name).title, told.get(name, "no list at hand"))
    out.print(table)
    for name in adaptation_names():
        if name.startswith(place):
            one = load_adaptation(name)
            kind = "preset" if one.fills(load_design(one.base)) else "adaptation"
            out.print(f"{kind} [bold]{name}[/bold] of {one.base}: {one.title}")


def _table(name: str, *columns: str) -> Table:
    """Start a table whose names stay whole, so that they can be copied."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table


@app.command()
def panels() -> None:
    """List the built-in panels, with their origin.

    Example: measures panels
    """
    table = _table("panel", "title", "schools", "years", "measures")
    origins = []
    for name in panel_names():
        panel = read_panel(name)
        schools = f"{panel.units['school'].nunique():,}"
        years = ", ".join(str(year) for year in panel.years)
        table.add_row(name, panel.about.title, schools, years, ", ".join(panel.measures))
        origins.append(f"[bold]{name}[/bold]: {panel.about.origin}. Licence: {panel.about.licence}")
    out.print(table, *origins, sep="\n")


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="designs, adaptations, examples or panels")],
) -> None:
    """Say everything that is wrong with some files, all at once.

    Example: measures check my-design.yaml my-panel/
    """
    problems: list[Problem] = []
    for file in files:
        try:
            problems += _check_one(file)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    out.print(f"{len(files)} checked, nothing wrong.")


def _check_one(file: str) -> tuple[Problem, ...]:
    path = Path(file)
    if path.name.endswith(".examples.yaml"):
        return differences(load_example(path))
    if path.is_dir() or path.suffix == WORKBOOK or file in panel_names():
        read_panel(file)
    elif file in adaptation_names() or path.parent.name == "adaptations":
        one = load_adaptation(file)
        adapt(load_design(one.base), one)
    else:
        design = load_design(file)
        for step, cause in design.unknown.items():
            out.print(f"{file}: {step} stays unknown, because {cause} has a number nobody knows.")
    return ()


@app.command()
def rate(
    design: DesignName,
    panel: PanelName,
    to: Annotated[Path, typer.Option("--out", help="a new folder for the files")],
    adapted: Adaptations = None,
    form: Annotated[
        Literal["csv", "parquet"], typer.Option("--format", help="form of the tables")
    ] = "csv",
) -> None:
    """Rate every school of a panel by a design, and write who is named and why.

    Example: measures rate franklin/index franklin --out build/franklin
    """
    ratings = rate_panel(load_adapted(design, adapted or []), read_panel(panel))
    command = f"measures rate {design} {panel} --out {to.name}"
    command += "".join(f" --with {one}" for one in adapted or [])
    written = write_ratings(ratings, to, form=form, command=command)
    _summary(ratings)
    for path in written:
        out.print(f"wrote {path}", soft_wrap=True)


def load_adapted(design: str, adapted: list[str]) -> Design:
    """Load a design with adaptations applied in the order given."""
    base = load_design(design)
    if not adapted:
        return base
    return adapt(base, *(load_adaptation(one) for one in adapted), in_order=len(adapted) > 1)


def _summary(ratings: Ratings) -> None:
    year = ratings.panel.years[-1]
    for name in ratings.design.lists:
        value = ratings[name].value
        here = value.sel(year=year) if "year" in value.dims else value
        met, unknown = int((here == 1).sum()), int(here.isnull().sum())
        judged = f"{ratings.design.header.entity}s"
        out.print(f"{name}, {year}: {met:,} {judged} named, {unknown:,} cannot be judged")
    for step, cause in ratings.design.unknown.items():
        out.print(f"{step} stays unknown: {cause} has a number that nobody knows (null)")


@app.command()
def years(
    design: DesignName,
    panel: PanelName,
    last: Annotated[int, typer.Option(min=1, help="how many years back")] = 6,
    reliability: Annotated[
        float, typer.Option(min=0, max=0.999, help="share of the variance that lasts (assumed)")
    ] = 0.7,
    adapted: Adaptations = None,
) -> None:
    """Say how many schools a list ever names over some years, and what chance alone would do.

    Example: measures years franklin/index franklin --reliability 0.8
    """
    ratings = rate_panel(load_adapted(design, adapted or []), read_panel(panel))
    for name in ratings.design.lists:
        found = ever_named(ratings, name, last=last)
        count = len(found.years)
        out.print(
            f"{name}, {found.years[0]}-{found.years[-1]}: {found.ever:,} of {found.schools:,} "
            f"{ratings.design.header.entity}s named at least once, {found.every:,} every year. "
            f"A year names {found.mean_share:.1%}.",
            soft_wrap=True,
        )
        if 0 < found.mean_share < 1:
            ever = ever_named_by_chance(reliability, found.mean_share, count)
            leave = false_exit(reliability, found.mean_share)
            out.print(
                f"  If nothing truly changed and {reliability:.0%} of the variance lasted "
                f"(assumed), {ever:.1%} would ever be named, and {leave:.0%} of a year's names "
                "would leave the list a year later by chance alone.",
                soft_wrap=True,
            )


@app.command()
def template(
    design: DesignName,
    to: Annotated[Path, typer.Option("--out", help="a new file whose name ends in .xlsx")],
) -> None:
    """Write a workbook for a district to fill in: instructions, and an example filled in.

    Example: measures template franklin/index --out our-data.xlsx
    """
    write_template(load_design(design), to)
    out.print(f"wrote {to}", soft_wrap=True)


@app.command()
def convert(
    sources: Annotated[list[str], typer.Argument(help="a panel; with --layout, somebody's files")],
    to: Annotated[Path, typer.Option("--out", help="a new folder, or a new .xlsx file")],
    layout: Annotated[
        str | None, typer.Option(help="what the columns mean: a built-in layout or a .yaml file")
    ] = None,
    form: Annotated[
        Literal["csv", "csv.gz", "parquet", "dta"], typer.Option("--format", help="in a folder")
    ] = "csv",
) -> None:
    """Turn a panel, or somebody's own tables, into a panel of another form.

    Example: measures convert absence24.csv --layout calpads --out our-panel
    """
    if layout is not None:
        files = [Path(source) for source in sources]
        panel = read_with_layout(files, load_layout(layout), name=to.stem)
    elif len(sources) == 1:
        panel = read_panel(sources[0])
    else:
        raise ProblemsError([Problem("convert", "takes one panel, or files with --layout.")])
    write_panel(panel, to, form="xlsx" if to.suffix == ".xlsx" else form)
    out.print(f"wrote {to}: {panel.units['school'].nunique():,} schools", soft_wrap=True)


@app.command()
def verify(
    place: Annotated[str, typer.Argument(help="a place, or place/name; all without it")] = "",
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="table, or JSON rows")
    ] = "table",
    to: Annotated[Path | None, typer.Option("--out", help="write the JSON rows there too")] = None,
) -> None:
    """Hold designs to the lists that agencies published, row by row.

    Example: measures verify california/api-2000
    """
    entries = [entry for entry in load_ledger() if entry.design.startswith(place)]
    if not entries:
        raise ProblemsError([Problem(place, "no design of this name is held to a published list.")])
    rows = [row for entry in entries for row in verify_entry(entry)]
    text = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    if form == "json":
        sys.stdout.write(text)
    else:
        _print_rows(rows)
    fallen = [row for row in rows if row.matched < row.expected]
    if fallen:
        raise ProblemsError(
            Problem(
                f"{row.place}/{row.name}",
                f"{row.result} matches {row.matched:,} rows; the ledger says {row.expected:,}.",
            )
            for row in fallen
        )


def _print_rows(rows: list[Row]) -> None:
    table = _table("design", "published result", "matched", "testable", "differences")
    for row in rows:
        apart = "; ".join(f"{one.count:,} {one.why}" for one in row.differences)
        name = f"{row.place}/{row.name}"
        table.add_row(name, row.result, f"{row.matched:,}", f"{row.testable:,}", apart or "none")
    out.print(table)
