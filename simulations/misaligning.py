"""What can be asked at the command line about two definitions of one measure?

To print more: `_tell`.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from analysis.commands import Adaptations, load_adapted, out, table_of
from analysis.findings.misalignment import Misalignment
from analysis.panels.reading import find_panel
from analysis.panels.students.table import read_students
from analysis.ratings.rate import Ratings

app = typer.Typer(no_args_is_help=True)
MOST = 20
"""How many opposed schools are printed."""


@app.command(name="misalignment")
def compare_definitions(
    design: Annotated[str, typer.Argument(help="a design that counts the measure from students")],
    students: Annotated[str, typer.Argument(help="a folder with student rows")],
    other: Annotated[str, typer.Option(help="a preset with the other definition")],
    measure: Annotated[str, typer.Option(help="the measure")],
    step: Annotated[str | None, typer.Option(help="its levels; MEASURE_level else")] = None,
    year: Annotated[int | None, typer.Option(help="the last one else")] = None,
    draws: Annotated[int, typer.Option(min=2, help="how often students are drawn again")] = 50,
    seed: Annotated[int, typer.Option(help="of the draws")] = 1,
    adapted: Adaptations = None,
) -> None:
    """Say which schools two definitions of a measure judge otherwise, and how much is noise.

    Example: measures misalignment core/sqii-2015-16 build/small --with core/usual --measure
    redesignation --other core/redesignation-state
    """
    from simulations.misalign import compared  # noqa: PLC0415 (slow to load)
    from simulations.published.settling import with_preset  # noqa: PLC0415

    both = (load_adapted(design, adapted or []), with_preset(design, adapted or [], other))
    rows = read_students(find_panel(students))
    with Console(stderr=True).status("counting students, and drawing them again ..."):
        found, ratings = compared(
            both, rows, levels=(measure, step or f"{measure}_level"), year=year, draws=(draws, seed)
        )
    _tell(found, ratings, (measure, other))


def _tell(found: Misalignment, ratings: Ratings, names: tuple[str, str]) -> None:
    measure, other = names
    out.print(
        f"{measure}: of {found.schools:,} schools that both definitions judge, {found.apart:.0%} "
        f"get another level under {other}. The same definition would give {found.by_noise:.0%} "
        f"another level with other students like these. {found.steady:.0%} differ the same way in "
        "95 % of draws.",
        soft_wrap=True,
    )
    out.print(
        f"Of the variance of the difference of levels, {found.of_definition:.0%} is of the "
        f"definitions and {1 - found.of_definition:.0%} of who was enrolled.",
        soft_wrap=True,
    )
    out.print(
        f"{found.opposed:,} schools are high (8 to 10) under one and low (1 to 3) under the other; "
        f"noise alone would oppose {found.opposed_by_noise:.1f}.",
        soft_wrap=True,
    )
    opposed = found.table[found.table["opposed"]]
    table = table_of("school", "level", f"under {other}", "apart in draws")
    schools = ratings.panel.units["school"].astype(str).to_numpy()[opposed["row"]]
    for school, row in zip(schools[:MOST], opposed.itertuples(index=False), strict=False):
        table.add_row(school, f"{row.one:g}", f"{row.other:g}", f"{row.apart:.0%}")
    if len(opposed):
        out.print(table)
    if len(opposed) > MOST:
        out.print(f"... and {len(opposed) - MOST:,} more")
