"""What can be asked at the command line about designs, panels and ratings?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.designs.adaptation import Adaptation, adapt, adaptation_names, load_adaptation
from analysis.designs.design import Design, design_names, load_design
from analysis.findings.cycles import ever_named, ever_named_by_chance, false_exit
from analysis.panels.layout import layout_names, load_layout
from analysis.panels.panel import Panel
from analysis.panels.reading import find_panel, panel_names, read_panel
from analysis.panels.students.measure import Measured, read_or_measure
from analysis.panels.students.table import has_students, read_students
from analysis.panels.template import write_template
from analysis.panels.write import write_panel
from analysis.problems import Problem, ProblemsError, listed
from analysis.publishing.disclosure import notice
from analysis.ratings.rate import Ratings
from analysis.ratings.rate import rate as rate_panel
from analysis.ratings.verify import load_ledger, status
from analysis.ratings.write import write_ratings

app = typer.Typer(no_args_is_help=True)
out = Console()

DesignName = Annotated[str, typer.Argument(help="built-in name (place/name) or a .yaml file")]
PanelName = Annotated[str, typer.Argument(help="built-in name or a folder with the tables")]
Adaptations = Annotated[
    list[str] | None, typer.Option("--with", help="an adaptation, by name or file; repeatable")
]
LayoutName = Annotated[
    str | None,
    typer.Option("--layout", help="the panel is an agency's files: place/name or a .yaml file"),
]


@app.command()
def designs(place: Annotated[str, typer.Argument(help="only this place")] = "") -> None:
    """List the built-in designs, how each stands against published lists, and their presets.

    Example: measures designs core
    """
    table = table_of("design", "title", "rows as published")
    told = status(load_ledger())
    for name in design_names():
        if name.startswith(place):
            table.add_row(name, load_design(name).title, told.get(name, "no list at hand"))
    out.print(table)
    every = {name: load_adaptation(name) for name in adaptation_names() if name.startswith(place)}
    for name, one in every.items():
        if one.settles is None:
            kind = "preset" if one.fills(load_design(one.base)) else "adaptation"
            out.print(f"{kind} [bold]{name}[/bold] of {', '.join(one.bases)}: {one.title}")
    settling = {name: one for name, one in every.items() if one.settles is not None}
    if settling:
        _print_presets(settling)


def _print_presets(settling: Mapping[str, Adaptation]) -> None:
    """Show the decisions that designs leave open, and for each the presets that settle it."""
    table = table_of("preset", "settles", "evidence", "what it says", "only for")
    every = {base for one in settling.values() for base in one.bases}
    for name, one in sorted(settling.items(), key=lambda pair: (pair[1].settles or "", pair[0])):
        only = "" if {*one.bases} == every else ", ".join(one.bases)
        table.add_row(name, one.settles, one.evidence, one.title, only)
    out.print("\nNobody published these decisions. Two presets that settle one exclude each other:")
    out.print(table)


def table_of(name: str, *columns: str) -> Table:
    """Start a table whose names stay whole, so that they can be copied."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table


@app.command()
def panels() -> None:
    """List the built-in panels, with their origin, and the layouts for agencies' own files.

    Example: measures panels
    """
    table = table_of("panel", "title", "schools", "years", "measures")
    origins = []
    for name in panel_names():
        if has_students(find_panel(name)):
            about = read_students(find_panel(name)).about
            origins.append(f"[bold]{name}[/bold] (students, to be counted): {about.origin}")
            continue
        panel = read_panel(name)
        schools = f"{panel.units['school'].nunique():,}"
        years = ", ".join(str(year) for year in panel.years)
        measures = listed(panel.measures, most=4)
        table.add_row(name, panel.about.title, schools, years, measures)
        origins.append(f"[bold]{name}[/bold]: {panel.about.origin}. Licence: {panel.about.licence}")
    out.print(table, *origins, sep="\n")
    for name in layout_names():
        out.print(
            f"layout [bold]{name}[/bold] reads an agency's own files: {load_layout(name).title}"
        )


@app.command()
def rate(
    design: DesignName,
    panel: PanelName,
    to: Annotated[Path, typer.Option("--out", help="a new folder for the files")],
    layout: LayoutName = None,
    adapted: Adaptations = None,
    form: Annotated[
        Literal["csv", "parquet"], typer.Option("--format", help="form of the tables")
    ] = "csv",
    internal: Annotated[
        bool, typer.Option("--internal", help="show small groups too; everything is marked so")
    ] = False,
) -> None:
    """Rate every school of a panel by a design, and write who is named and why.

    A folder that holds students and no measures is counted first.

    Example: measures rate franklin/index franklin --out build/franklin
    """
    chosen = load_adapted(design, adapted or [])
    found = read_panel(panel, layout) if layout else read_or_measure(chosen, panel)
    ratings = rate_panel(chosen, found if isinstance(found, Panel) else found.panel)
    command = f"measures rate {design} {panel} --out {to.name}"
    command += f" --layout {layout}" if layout else ""
    command += "".join(f" --with {one}" for one in adapted or [])
    command += " --internal" if internal else ""
    written = write_ratings(ratings, to, form=form, command=command, internal=internal)
    if isinstance(found, Measured):
        tell_counted(found)
    said = notice(ratings.panel.about, internal=internal)
    if said:
        out.print(said)
    _summary(ratings)
    for path in written:
        out.print(f"wrote {path}", soft_wrap=True)


def load_adapted(design: str, adapted: list[str]) -> Design:
    """Load a design with adaptations applied in the order given."""
    base = load_design(design)
    if not adapted:
        return base
    return adapt(base, *(load_adaptation(one) for one in adapted), in_order=len(adapted) > 1)


def tell_counted(found: Measured) -> None:
    """Print what was mended on the way from students to measures, and what stays unknown."""
    for reason, rule, rows in found.repaired.itertuples(index=False):
        out.print(f"mended {rows:,} rows ({rule}): {reason}", soft_wrap=True)
    for name, words in found.unknown.items():
        out.print(f"{name} stays unknown: nobody knows {', '.join(words)} (null)", soft_wrap=True)


def _summary(ratings: Ratings) -> None:
    year = ratings.panel.years[-1]
    for name in ratings.design.lists:
        value = ratings[name].value
        here = value.sel(year=year) if "year" in value.dims else value
        here = here[ratings.cells.is_whole]  # lists name no parts of schools
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
    adapted: Adaptations = None,
) -> None:
    """Write a workbook for a district to fill in: instructions, and an example filled in.

    Example: measures template franklin/index --out our-data.xlsx
    """
    write_template(load_adapted(design, adapted or []), to)
    out.print(f"wrote {to}", soft_wrap=True)


@app.command()
def convert(
    sources: Annotated[list[str], typer.Argument(help="a panel; with --layout, somebody's files")],
    to: Annotated[Path, typer.Option("--out", help="a new folder, or a new .xlsx file")],
    layout: LayoutName = None,
    form: Annotated[
        Literal["csv", "csv.gz", "parquet", "dta"], typer.Option("--format", help="in a folder")
    ] = "csv",
) -> None:
    """Turn a panel, or somebody's own tables, into a panel of another form.

    Example: measures convert absence24.csv --layout california/calpads --out our-panel
    """
    if layout is None and len(sources) > 1:
        raise ProblemsError([Problem("convert", "takes one panel, or files with --layout.")])
    panel = read_panel([Path(one) for one in sources] if layout else sources[0], layout)
    write_panel(panel, to, form="xlsx" if to.suffix == ".xlsx" else form)
    out.print(f"wrote {to}: {panel.units['school'].nunique():,} schools", soft_wrap=True)
