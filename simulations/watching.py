"""What can be asked at the command line about schools that stand just on the better side of a line?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.commands import (
    Adaptations,
    DesignName,
    LayoutName,
    PanelName,
    load_adapted,
    out,
    table_of,
)
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import read_or_measure
from analysis.problems import fail, listed
from analysis.ratings.rate import rate

app = typer.Typer(no_args_is_help=True)

LEVEL = 0.05


@app.command(name="watch")
def watch(
    design: DesignName,
    panel: PanelName,
    *,
    layout: LayoutName = None,
    adapted: Adaptations = None,
    year: Annotated[int | None, typer.Option(help="the panel's last, unless it is said")] = None,
    window: Annotated[
        float | None,
        typer.Option(help='how far "just" reaches: points, or students; else 2, or 3'),
    ] = None,
    draws: Annotated[int, typer.Option(min=99, help="of chance, for each line")] = 999,
    to: Annotated[Path | None, typer.Option("--out", help="write all rows to this CSV")] = None,
) -> None:
    """Say whether too many schools stand just on the better side of a design's fixed lines.

    Cut points, bounds and the minimum n are tested, each beside what chance gives. No school is
    named: who stands there may well have earned it. Rows are shown that many lines tested at once
    leave below 5 % (Holm), and the strongest of the others.

    Example: measures watch florida/2022 florida --layout florida/2022
    """
    from simulations.watch import watch as watched  # noqa: PLC0415 (slow to load)

    chosen = load_adapted(design, adapted or [])
    found = read_panel(panel, layout) if layout else read_or_measure(chosen, panel)
    whole = found if isinstance(found, Panel) else found.panel
    when = whole.years[-1] if year is None else year
    if when not in whole.years:
        raise fail(panel, f"has no year {when}; there are {listed(whole.years)}.")
    rows = watched(rate(chosen, whole), year=when, window=window, draws=draws)
    if to is not None:
        rows.to_csv(to, index=False, lineterminator="\n")
        out.print(f"wrote {to}", soft_wrap=True)
    _tell(rows)


def _tell(rows: Any) -> None:  # noqa: ANN401 (pandas is slow to load)
    hits = rows[rows["p_holm"] < LEVEL]
    table = table_of("line", "on", "cut points", "group", "near", "excess", "p", "p of many")
    for row in rows.sort_values("p").head(max(len(hits), 5)).itertuples(index=False):
        excess = f"{row.excess:+.0f} ± {row.error:.0f}"
        ps = (f"{row.p:.3f}", f"{row.p_holm:.3f}")
        table.add_row(row.line, row.on, row.at, row.group, f"{row.near:,}", excess, *ps)
    out.print(table)
    many = f"{len(hits)} of {len(rows)} lines and groups"
    said = f"At {many} more stand just on the better side than chance gives."
    if len(hits):
        said += " That is a reason to look, and no proof that anybody aimed."
    else:
        said += " Little of it, or at few schools, would not be seen."
    out.print(said, soft_wrap=True, highlight=False)
