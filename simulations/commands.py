"""What can be asked at the command line that runs notebooks or draws numbers?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.problems import Problem, ProblemsError

app = typer.Typer(no_args_is_help=True)


@app.command()
def memo(
    name: Annotated[str, typer.Argument(help="a memo in paper/memos, without .qmd")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="every memo, and a page that lists them")
    ] = False,
    to: Annotated[str, typer.Option(help="forms, joined by commas")] = "html,pdf,docx",
) -> None:
    """Run a memo's notebooks and publish it; the last line is the path of the page.

    Example: measures memo status-or-improvement --to html
    """
    from analysis.publishing import memo as publishing  # noqa: PLC0415 (slow to load)

    if every == bool(name):
        raise ProblemsError([Problem("memo", "takes the name of a memo, or --all.")])
    forms = [form.strip() for form in to.split(",")]
    names = publishing.memo_names() if every else (name,)
    pages = [publishing.memo(one, forms=forms) for one in names]
    typer.echo(publishing.memo_index() if every else pages[0])
