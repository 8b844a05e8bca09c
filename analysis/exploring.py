"""What can be asked at the command line about moving a design by hand?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.commands import Adaptations, DesignName, PanelName, load_adapted, out
from analysis.panels.panel import Panel
from analysis.panels.students.measure import read_or_measure
from analysis.publishing.explorer.page import Asked, explorer, write_explorer

app = typer.Typer(no_args_is_help=True)


@app.command()
def explore(
    design: DesignName,
    panel: PanelName,
    *,
    to: Annotated[Path, typer.Option("--out", help="the page to write, such as page.html")],
    adapted: Adaptations = None,
    name: Annotated[
        str | None,
        typer.Option("--list", help="this list; else the first that rests on the index"),
    ] = None,
    year: Annotated[int | None, typer.Option(help="the panel's last, unless it is said")] = None,
) -> None:
    """Write one page on which weights, minimum n, cut points, groups and the share named move.

    The page names exactly the schools that `measures rate` names. It needs no server and asks no
    host. A design that it cannot compute is refused, with the steps and the reason.

    Example: measures explore franklin/index franklin --out build/explorer.html
    """
    chosen = load_adapted(design, adapted or [])
    found = read_or_measure(chosen, panel)
    whole = found if isinstance(found, Panel) else found.panel
    asked = Asked(design, panel, tuple(adapted or []), name, year)
    page = explorer(chosen, whole, asked)
    write_explorer(page, to)
    out.print(f"{to} ({len(page) / 1e6:.1f} MB): open it in a browser.", soft_wrap=True)
