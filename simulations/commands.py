"""What can be asked at the command line that runs notebooks or draws numbers?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.command()
def memo(
    name: Annotated[str, typer.Argument(help="a memo in paper/memos, without .qmd")],
) -> None:
    """Run a memo's notebooks and publish it; the last line is the path of the page.

    Example: measures memo status-or-improvement
    """
    from analysis.publishing.memo import memo as publish  # noqa: PLC0415 (slow to load)

    typer.echo(publish(name))
