"""What can be asked at the command line of those who hold student records?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from analysis.commands import (
    Adaptations,
    DesignName,
    load_adapted,
    out,
    table_of,
    tell_counted,
)
from analysis.panels.reading import find_panel
from analysis.panels.students.measure import Measured, measure
from analysis.panels.students.table import read_students
from analysis.panels.write import write_panel
from analysis.publishing.disclosure import SMALLEST

app = typer.Typer(no_args_is_help=True)


@app.command(name="measure")
def measure_students(
    design: DesignName,
    students: Annotated[str, typer.Argument(help="a folder with student rows, or a built-in name")],
    to: Annotated[Path, typer.Option("--out", help="a new folder (or .xlsx file) for the panel")],
    adapted: Adaptations = None,
    form: Annotated[
        Literal["csv", "csv.gz", "parquet"], typer.Option("--format", help="form of the tables")
    ] = "csv",
    internal: Annotated[
        bool, typer.Option("--internal", help="show small groups too; everything is marked so")
    ] = False,
) -> None:
    """Count students into a panel that can be shared: no row of theirs, no small group.

    Example: measures measure my-design.yaml our-students --out our-panel

    The table printed at the end says how many students each rule of counting leaves out, in all
    schools together.
    """
    found = measure(load_adapted(design, adapted or []), read_students(find_panel(students)))
    write_panel(found.panel, to, form="xlsx" if to.suffix == ".xlsx" else form, internal=internal)
    tell_counted(found)
    _tell_lost(found)
    out.print(f"wrote {to}: {found.panel.units['school'].nunique():,} schools", soft_wrap=True)


def _tell_lost(found: Measured) -> None:
    """Print the students left out in the last year by measure, group and rule; small counts not."""
    last = found.lost[found.lost["year"] == found.lost["year"].max()]
    table = table_of("measure", "group", "left out because", "students", "share")
    for row in last.itertuples(index=False):
        few = row.students < SMALLEST and not found.panel.about.synthetic
        counted = (f"under {SMALLEST}", "") if few else (f"{row.students:,}", f"{row.share:.1%}")
        table.add_row(row.measure, row.group, row.rule, *counted)
    out.print(table)
