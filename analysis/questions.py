"""What can be asked at the command line of one school, or of two designs?

To add a question: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.commands import Adaptations, DesignName, PanelName, load_adapted
from analysis.findings.attribution import attribute, changed_groups
from analysis.findings.comparison import Comparison, compare
from analysis.findings.readings import all_readings
from analysis.findings.real_change import Change, real_change
from analysis.findings.similar import similar
from analysis.findings.trace import as_text, changes_as_text, explain, with_changes_told
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import read_or_measure
from analysis.problems import ProblemsError, fail
from analysis.publishing.comparison import write_comparison
from analysis.publishing.disclosure import suppressed
from analysis.publishing.store import build_folder
from analysis.ratings.rate import Ratings, rate
from analysis.values import ALL

MANY = 10_000
"""From here on a number is shown without decimals."""

app = typer.Typer(no_args_is_help=True)
out = Console()

School = Annotated[str, typer.Argument(help="the school's code")]
Year = Annotated[int | None, typer.Option(help="the panel's last year, unless it is said")]
OnlyList = Annotated[str | None, typer.Option("--list", help="only this list")]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="text or JSON")]


def rated(design: str, panel: str, adapted: list[str] | None, *, exact: bool = False) -> Ratings:
    """Rate a panel; what is counted from students is kept back first, unless `exact` is said."""
    chosen = load_adapted(design, adapted or [])
    found = read_or_measure(chosen, panel)
    whole = found if isinstance(found, Panel) else found.panel
    return rate(chosen, whole if exact else suppressed(whole))


def print_table(table: pd.DataFrame, *, most: int = 40) -> None:
    """Print the first rows of a table, and say how many more there are."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in table.columns:
        shown.add_column(str(name), no_wrap=name == "school")
    for row in table.head(most).itertuples(index=False):
        shown.add_row(*[_cell(cell) for cell in row])
    out.print(shown)
    if len(table) > most:
        out.print(f"... and {len(table) - most:,} more")


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return "" if math.isnan(cell) else f"{cell:,.0f}" if abs(cell) >= MANY else f"{cell:.4g}"
    return "" if cell is None else str(cell)


@app.command(name="explain")
def explain_school(
    school: School,
    design: DesignName,
    panel: PanelName,
    year: Year = None,
    group: Annotated[str, typer.Option(help="the group whose steps are shown")] = ALL,
    part: Annotated[str, typer.Option(help="a part of a school that spans levels")] = "",
    adapted: Adaptations = None,
    form: Form = "text",
    changes: Annotated[
        bool,
        typer.Option("--changes/--no-changes", help="levels to gain, and what would change it"),
    ] = True,
) -> None:
    """Say why a school is on a list or not, what it needs for more levels, what would change it.

    Example: measures explain 0101 franklin/index franklin
    """
    ratings = rated(design, panel, adapted)
    trace = explain(ratings, school, year=year, group=group, part=part)
    if changes:
        with Console(stderr=True).status("rating what would change it ..."):
            trace = with_changes_told(ratings, trace)
    if form == "json":
        typer.echo(json.dumps(asdict(trace), indent=1, ensure_ascii=False))
        return
    out.print(as_text(trace), markup=False, highlight=False, soft_wrap=True)
    if changes:
        text = f"\n{changes_as_text(trace)}"
        out.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command(name="sheet")
def school_sheet(
    school: Annotated[str, typer.Argument(help="the school's code; not given with --all")],
    design: Annotated[str, typer.Argument(help="built-in name (place/name) or a .yaml file")],
    panel: Annotated[str | None, typer.Argument(help="built-in name or a folder")] = None,
    year: Year = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="the file; with --all a folder for all of them")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="a sheet for every school judged")] = False,
    internal: Annotated[
        bool, typer.Option("--internal", help="show small groups too; each page is marked so")
    ] = False,
    adapted: Adaptations = None,
) -> None:
    """Write one page for a school: its lists and why, what more levels take, what would change it.

    With --all the words are DESIGN PANEL; work that was interrupted goes on where it stopped.

    Example: measures sheet 0101 franklin/index franklin --out build/alder.html
    """
    from analysis.publishing.sheet import all_schools, write_sheets  # noqa: PLC0415 (figures)

    words = [word for word in (school, design, panel) if word is not None]
    if len(words) != (2 if every else 3) or (every and to is None):
        text = "needs DESIGN PANEL --out FOLDER with --all, and SCHOOL DESIGN PANEL without it."
        raise fail("sheet", text)
    ratings = rated(words[-2], words[-1], adapted, exact=True)  # the sheet keeps back itself
    schools = all_schools(ratings, year=year) if every else (school,)
    path = to or build_folder() / "sheets" / f"{school}.html"
    pages = {one: path / f"{one}.html" if every else path for one in schools}
    write_sheets(ratings, pages, year=year, internal=internal)
    out.print(f"wrote {path}" + (f", {len(pages):,} sheets" if every else ""), soft_wrap=True)


@app.command(name="compare")
def compare_designs(
    first: DesignName,
    second: DesignName,
    panel: PanelName,
    year: Year = None,
    only: OnlyList = None,
    adapted: Annotated[
        list[str] | None, typer.Option("--with", help="an adaptation of the second design")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="write the tables there too")] = None,
) -> None:
    """Say whom two designs name, who moves, and how far the lists agree beyond chance.

    With variants of one base it also says which clauses move each school.

    Example: measures compare franklin/index franklin/index franklin --with franklin/lowest-third
    """
    data = read_panel(panel)
    one, other = load_adapted(first, []), load_adapted(second, adapted or [])
    found = compare(rate(one, data), rate(other, data), year=year, only=only)
    _comparison(found)
    tables = {"schools": found.schools, "students": found.students, "curve": found.curve}
    if one.measures.keys() == other.measures.keys() and changed_groups(one, other):
        try:
            moved = attribute(one, other, data, year=year, only=only, progress=True)
            out.print("Which changed clauses move which school (a school's shares add up to it):")
            print_table(moved.schools)
            tables["attribution"] = moved.schools
        except ProblemsError as error:
            out.print(f"No attribution: {error}", soft_wrap=True)
    if to is not None:
        for path in write_comparison(tables, to):
            out.print(f"wrote {path}", soft_wrap=True)


def _comparison(found: Comparison) -> None:
    o = found.overlap
    neither = o.pool - o.first - o.second + o.both
    out.print(
        f"{found.first} names {o.first:,}, {found.second} names {o.second:,} of {o.pool:,} schools "
        f"in {found.year}: {o.both:,} by both, {o.first - o.both:,} by the first only, "
        f"{o.second - o.both:,} by the second only, {neither:,} by neither.",
        soft_wrap=True,
    )
    out.print(
        f"Of the first's, {o.share:.0%} are the second's too; chance alone would give "
        f"{o.by_chance:.0%} (95 % of draws: {o.chance_low:.0%} to {o.chance_high:.0%}).",
        soft_wrap=True,
    )
    moves = found.schools[found.schools["first"] != found.schools["second"]].dropna(
        subset=["first", "second"]
    )
    if len(moves):
        words = {1.0: "named", 0.0: "not named"}
        shown = moves.assign(**{w: moves[w].map(words) for w in ("first", "second")})
        print_table(shown.drop(columns=["index_first", "index_second"], errors="ignore"))
    out.print("Students in schools that enter and leave:")
    print_table(found.students)
    if len(found.curve):
        out.print("The lowest share by each index: how far they are the same schools:")
        print_table(found.curve.iloc[[0, 4, 9, 14, 19]])


@app.command(name="readings")
def list_readings(
    design: DesignName,
    panel: PanelName,
    only: OnlyList = None,
    year: Year = None,
    adapted: Adaptations = None,
) -> None:
    """Name a list's schools under every reading of its lines, with the spread.

    Example: measures readings franklin/index franklin
    """
    ratings = rated(design, panel, adapted)
    for name in [only] if only else ratings.design.lists:
        found = tuple(all_readings(ratings, name, year=year))
        always = frozenset.intersection(*(one.schools for one in found))
        ever = frozenset.union(*(one.schools for one in found))
        sizes = [len(one.schools) for one in found]
        out.print(
            f"{name}: {min(sizes):,} to {max(sizes):,} schools; {len(always):,} under every "
            f"reading, {len(ever - always):,} under some.",
            soft_wrap=True,
        )
        rows = [(one.words, one.line, len(one.schools)) for one in found]
        print_table(pd.DataFrame(rows, columns=["reading", "line", "schools"]))


@app.command(name="change")
def school_change(
    school: School, design: DesignName, panel: PanelName, year: Year = None, form: Form = "text"
) -> None:
    """Say whether a school's change over a year is more than chance would give.

    Example: measures change 0101 franklin/index franklin
    """
    found = real_change(rated(design, panel, None), school, year=year)
    if not found:
        raise fail(school, "has no value in two years running, so no change.")
    if form == "json":
        typer.echo(json.dumps([{**asdict(one), "verdict": one.verdict} for one in found], indent=1))
        return
    print_table(pd.DataFrame([_change_row(one) for one in found]), most=200)
    out.print(
        "Interval: what noise in these students' results leaves open (95 %). Chance to cross: how "
        "often two measurements of an unchanged school would lie on two sides of the line.",
        soft_wrap=True,
    )


def _change_row(one: Change) -> dict[str, object]:
    interval = "" if one.low is None else f"{one.low:.1f} to {one.high:.1f}"
    lines = [
        f"{c.line:g}{' crossed' if c.crossed else ''}"
        + ("" if c.chance is None else f", chance {c.chance:.0%}")
        for c in one.crossings
    ]
    return {
        "measure": one.measure if one.group == ALL else f"{one.measure}, {one.group}",
        "before": one.before,
        "now": one.now,
        "change": one.change,
        "interval": interval,
        "verdict": one.verdict,
        "lines": "; ".join(lines),
    }


@app.command(name="similar")
def similar_schools(
    school: School,
    design: DesignName,
    panel: PanelName,
    by: Annotated[str, typer.Option(help="school columns, joined by commas")],
    step: Annotated[str | None, typer.Option(help="what to compare; the index without it")] = None,
    most: Annotated[int, typer.Option(min=2, help="how many schools")] = 20,
) -> None:
    """Find the schools most like one, and say where it stands among them.

    Example: measures similar 0102 franklin/index franklin --by poverty,enrollment --most 5
    """
    ratings = rated(design, panel, None)
    found = similar(ratings, school, by=by.split(","), step=step, most=most)
    print_table(found.schools)
    out.print(
        f"{found.step}: {school} has {found.value:g}; the others have {found.mean:.4g} on average "
        f"(95 %: {found.low:.4g} to {found.high:.4g}); {found.higher:.0%} of them have more.",
        soft_wrap=True,
    )
