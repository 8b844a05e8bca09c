"""What does another definition of a measure do to the same schools? The command, and its draws.

To print more: `_tell`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from analysis.commands import Adaptations, load_adapted, out, table_of
from analysis.designs.design import Design
from analysis.findings.misalignment import Misalignment, misalignment
from analysis.panels.panel import Panel
from analysis.panels.reading import find_panel
from analysis.panels.students.table import Students, read_students
from analysis.problems import did_you_mean, fail, listed
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread, whole_group
from analysis.values import Reason, Values

app = typer.Typer(no_args_is_help=True)
MOST = 20
"""How many opposed schools are printed."""


@app.command(name="misalignment")
def compare_definitions(  # noqa: PLR0913, PLR0917 (each is a word of the command line)
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
    from simulations.published.settling import with_preset  # noqa: PLC0415 (slow to load)

    both = (load_adapted(design, adapted or []), with_preset(design, adapted or [], other))
    rows = read_students(find_panel(students))
    with Console(stderr=True).status("counting students, and drawing them again ..."):
        found, ratings = compared(
            both, rows, levels=(measure, step or f"{measure}_level"), year=year, draws=(draws, seed)
        )
    _tell(found, ratings, (measure, other))


def compared(
    designs: tuple[Design, Design],
    students: Students,
    *,
    levels: tuple[str, str],
    year: int | None,
    draws: tuple[int, int],
) -> tuple[Misalignment, Ratings]:
    """Count the same students under two designs, as they are and drawn again.

    Args:
        designs: which differ in how they count a measure.
        students: the rows.
        levels: the measure, and the step with its levels.
        year: of the comparison; the last one without it.
        draws: how many, and their seed; both designs see the same students in each.

    Raises:
        ProblemsError: there is no such measure, step or year, or both count it alike.
    """
    from simulations.published.settling import measured_anew, only_counting  # noqa: PLC0415
    from simulations.resample import resampled, sample  # noqa: PLC0415 (slow to load)

    measure, step = levels
    for name, among in ((measure, designs[0].measures), (step, designs[0].steps)):
        if name not in among:
            near = did_you_mean(name, among)
            raise fail(name, f"is not in {designs[0].name}.{near}")
    if measure not in measured_anew(*designs):
        raise fail(measure, "is counted alike by both designs; name a preset that changes it.")
    seen, drawn = [], []
    for design in (only_counting(one, (measure,)) for one in designs):
        ready = sample(design, students)
        ratings = rate(design, _with_others(design, ready.panel))
        redrawn = resampled(ready, range(draws[0]), seed=draws[1])
        again = rate(design, _with_others(design, redrawn))
        seen.append(_levels(ratings, step, year))
        drawn.append(_levels(again, step, year))
    return misalignment(np.stack(seen), np.stack(drawn)), ratings


def _with_others(design: Design, panel: Panel) -> Panel:
    """Add the design's other measures as not measured, since the levels do not rest on them."""
    known = next(iter(panel.measures.values())).value
    frame = known.isel(draw=0) if "draw" in known.dims else known
    reason = frame.copy(data=np.full(frame.shape, Reason.NOT_MEASURED, np.int8))
    nothing = frame.copy(data=np.full(frame.shape, np.nan))
    blank = Values(nothing, reason, nothing, nothing, nothing)
    others = {name: blank for name in design.measures if name not in panel.measures}
    return replace(panel, measures={**others, **panel.measures}, _codes={})


def _levels(ratings: Ratings, step: str, year: int | None) -> np.ndarray:
    """Give the levels of whole schools, over draw (if there are any) and school."""
    years = ratings.panel.years
    if year is not None and year not in years:
        raise fail(ratings.panel.name, f"has no year {year}; it has {listed(years)}.")
    laid = spread(ratings, whole_group(ratings[step])).sel(year=years[-1] if year is None else year)
    whole = (ratings.panel.units["part"] == "").to_numpy()
    return np.where(whole, laid.transpose(..., "school").to_numpy(), np.nan)


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
