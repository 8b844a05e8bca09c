"""What can be asked at the command line about what a design pays schools for?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from analysis.commands import Adaptations, DesignName, PanelName, out
from analysis.findings.incentives import STUDENTS, Incentives, incentives
from analysis.findings.near_lines import near_lines
from analysis.findings.rewards import Reward, reward, side_by_side
from analysis.panels.reading import find_panel
from analysis.panels.students.table import has_students, read_students
from analysis.questions import print_table, rated

app = typer.Typer(no_args_is_help=True)

MOST = 60
"""How many rows of a table are shown."""


@app.command(name="incentives")
def pay_of_acts(
    design: DesignName,
    panel: PanelName,
    *,
    adapted: Adaptations = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--and", help="another design, with its adaptations: DESIGN+ADAPTATION"),
    ] = None,
    school: Annotated[str | None, typer.Option(help="only this school")] = None,
    students: Annotated[int, typer.Option(min=1, help="how many students are tried")] = STUDENTS,
    form: Annotated[
        Literal["text", "json", "csv"], typer.Option("--format", help="csv: every act, one a row")
    ] = "text",
    to: Annotated[Path | None, typer.Option("--out", help="write tables and figures there")] = None,
) -> None:
    """Say what one student, or one act on paper, brings a school: in points, levels and lists.

    No cost is assumed. A design that pays more for paper than for learning invites paper.

    Example: measures incentives franklin/index franklin --and franklin/dashboard
    """
    asked = [(design, adapted or [])]
    asked += [(first, rest) for first, *rest in (one.split("+") for one in beside or [])]
    ratings = [rated(name, panel, more) for name, more in asked]  # all errors before long work
    found = [
        incentives(one, students=students, school=school, progress=form == "text")
        for one in ratings
    ]
    paid = [reward(one) for one in found]
    tables = _tables(panel, found, paid)
    if form == "csv":
        typer.echo(found[0].acts.to_csv(index=False, lineterminator="\n"), nl=False)
    elif form == "json":
        told = {name: json.loads(one.to_json(orient="records")) for name, one in tables.items()}
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        _tell(found, paid, tables, one_school=school is not None)
    if to is not None:
        _write(found, tables, to)


def _tables(panel: str, found: list[Incentives], paid: list[Reward]) -> dict[str, pd.DataFrame]:
    from analysis.publishing.incentives import shown_lines, tables_of  # noqa: PLC0415 (altair)

    tables = tables_of(found[0], paid[0])
    path, design = find_panel(panel), found[0].ratings.design
    if design.header.students is not None and has_students(path):
        rows = read_students(path)
        lines = near_lines(design, rows, year=found[0].year, most=found[0].students)
        tables["lines"] = shown_lines(lines, rows.about)
    return tables | {"designs": side_by_side(paid)}


def _tell(
    found: list[Incentives],
    paid: list[Reward],
    tables: dict[str, pd.DataFrame],
    *,
    one_school: bool,
) -> None:
    from analysis.publishing.incentives import sentences  # noqa: PLC0415 (altair)

    if one_school:
        out.print("What each act brings this school, the most first (no cost is assumed):")
        print_table(_bringing(found[0].acts), most=MOST)
        return
    for some, one in zip(found, paid, strict=True):
        out.print(f"[bold]{one.design}[/bold], {some.year}")
        for text in sentences(some, one):
            out.print(text, soft_wrap=True)
    near = ["schools_1", "students_1", "schools", "students"]
    most = found[0].students
    told = {
        "What the best act of each way brings (median and most: where it brings some)": "ways",
        "How many students more over the line one act on paper replaces (median)": "break_even",
        f"Schools and students within 1, and within {most} students of a line": "exposure",
        f"Students within 1, and within {most} days, tenths or points of a line": "lines",
        "Designs side by side: paper's share of the best acts, and its quartiles": "designs",
    }
    shown = {
        "exposure": ["name", "group", "side", *near],
        "designs": ["design", "share", "low", "high", "more", "same", "less"],
    }
    for title, name in told.items():
        if name in tables and (name != "designs" or len(paid) > 1):
            out.print(f"{title}:", soft_wrap=True)
            table = tables[name] if name != "exposure" else tables[name].query("schools > 0")
            print_table(table[shown.get(name, list(table))], most=MOST)
    if "lines" not in tables:
        out.print("The lines that students cross (days absent, grades, scores) need student rows.")


def _bringing(acts: pd.DataFrame) -> pd.DataFrame:
    """Keep acts that bring something, the most first; columns that say nothing go."""
    brings = (acts[["index", "level", "rating"]].fillna(0) > 0).any(axis=1)
    some = acts[(brings | (acts["leaves"] != "")) & (acts["size"] > 0)]
    some = some.sort_values("index", ascending=False, kind="stable")
    told = some[["part", "measure", "group", "act", "size", "index", "level", "rating", "leaves"]]
    return told.loc[:, [not told[name].isin(["", None]).all() for name in told]]


def _write(found: list[Incentives], tables: dict[str, pd.DataFrame], to: Path) -> None:
    from analysis.publishing.incentives import (  # noqa: PLC0415 (altair)
        paper_figure,
        worth_figure,
        write_incentives,
    )

    figures = {"worth": worth_figure(found[0])}
    if tables["designs"]["share"].notna().any():
        figures["paper"] = paper_figure(tables["designs"])
    for path in write_incentives(tables, figures, to):
        out.print(f"wrote {path}", soft_wrap=True)
