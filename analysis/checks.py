"""What can be asked at the command line about what is right, and what is as published?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from analysis.commands import out, table_of
from analysis.designs.adaptation import Adaptation, adapt, adaptation_names, load_adaptation
from analysis.designs.design import Design, design_names, load_design
from analysis.designs.source import read_yaml
from analysis.findings.essa import essa_profile
from analysis.panels.layout import layout_names, load_layout
from analysis.panels.reading import WORKBOOK, panel_names, read_panel
from analysis.problems import Problem, ProblemsError
from analysis.publishing.guide import GUIDE, write_guide
from analysis.ratings.examples import differences, load_example
from analysis.ratings.verify import Row, at_hand, load_ledger
from analysis.ratings.verify import verify as verify_entry

app = typer.Typer(no_args_is_help=True)


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(help="designs, adaptations, examples, layouts or panels")
    ],
    essa: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--essa", help="also hold each design to what federal law asks")
    ] = False,
) -> None:
    """Say everything that is wrong with some files, all at once.

    Example: measures check my-design.yaml my-panel/ --essa
    """
    problems: list[Problem] = []
    for file in files:
        try:
            problems += _check_one(file, essa=essa)
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    out.print(f"{len(files)} checked, nothing wrong.")


def _check_one(file: str, *, essa: bool) -> tuple[Problem, ...]:
    path = Path(file)
    if path.name.endswith(".examples.yaml"):
        return differences(load_example(path))
    if path.is_dir() or path.suffix == WORKBOOK or file in panel_names():
        read_panel(file)
        return ()
    said = read_yaml(path).said if path.is_file() else None
    headings = said if isinstance(said, dict) else {}
    is_layout = "files" in headings or file in layout_names()
    is_adaptation = "base" in headings or file in adaptation_names()
    if is_layout:
        load_layout(file)
    if is_adaptation:
        one = load_adaptation(file)
        adapt(_base(one, path), one)
    if file in design_names() or not (is_layout or is_adaptation):  # a name may be of several
        _tell_design(load_design(file), file)
        if essa:
            _print_essa(load_design(file))
    return ()


def _base(one: Adaptation, path: Path) -> Design:
    """Load the design that a file changes: a built-in one, or one beside the file."""
    beside = path.parent / f"{one.base}.yaml"
    return load_design(beside if beside.is_file() else one.base)


def _tell_design(design: Design, file: str) -> None:
    for cause in dict.fromkeys(design.unknown.values()):
        lost = [step for step, why in design.unknown.items() if why == cause]
        text = f"{file}: {cause} has a number that nobody knows (null)"
        out.print(f"{text}; these stay unknown: {', '.join(lost)}.", soft_wrap=True)
    for step, rule in design.steps.items():
        for gap in rule.gaps():
            text = f"{file}: {step}: {gap} is not known; schools in that cell stay unknown."
            out.print(text, soft_wrap=True)


def _print_essa(design: Design) -> None:
    out.print(f"{design.name} beside the Every Student Succeeds Act (20 U.S.C.)")
    for answer in essa_profile(design):
        text = f"  {answer.found:<5}  {answer.question} ({answer.cite})\n         {answer.told}"
        out.print(text, soft_wrap=True, markup=False, highlight=False)
    out.print("judge: the Act leaves it to a person, or the file alone cannot say.")


@app.command()
def guide(
    to: Annotated[
        Path, typer.Option("--out", help="the folder of the guide", show_default="paper/guide")
    ] = GUIDE,
) -> None:
    """Make anew what the guide takes from the program: the clause reference, editors' schemas.

    Example: measures guide
    """
    for path in write_guide(to):
        out.print(f"wrote {path}", soft_wrap=True)


def verify_lists(
    place: str, data: Path | None = None, *, form: str = "table", to: Path | None = None
) -> None:
    """Hold designs to the lists that agencies published, row by row, and print what was found.

    Args:
        place: a place, or place/name; empty for all.
        data: the folder of official data, a folder for each place.
        form: `table`, or `json`.
        to: where the JSON rows are written too.

    Raises:
        ProblemsError: no such design, or one that matches fewer rows than its ledger says.
    """
    entries = [entry for entry in load_ledger() if entry.design.startswith(place)]
    if not entries:
        raise ProblemsError([Problem(place, "no design of this name is held to a published list.")])
    ready = [entry for entry in entries if at_hand(entry, data)]
    quiet = form == "json" or not out.is_terminal
    shown = track(ready, "verifying", console=out, transient=True, disable=quiet)
    rows = [row for entry in shown for row in verify_entry(entry, data)]
    text = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    if form == "json":
        sys.stdout.write(text)
    else:
        _print_rows(rows)
        for entry in entries:
            if entry not in ready:
                where = "name the folder with --data" if data is None else f"not in {data}"
                out.print(f"skipped {entry.design}: needs the data {entry.panel} ({where})")
    _refuse_falls(rows)


def _refuse_falls(rows: list[Row]) -> None:
    fallen = [row for row in rows if row.matched < row.expected]
    if fallen:
        raise ProblemsError(
            Problem(
                f"{row.place}/{row.name}",
                f"{row.result} matches {row.matched:,} rows; the ledger says {row.expected:,}.",
            )
            for row in fallen
        )


def _print_rows(rows: list[Row]) -> None:
    table = table_of("design", "published result", "matched", "differences")
    for row in rows:
        apart = "; ".join(f"{one.count:,} {one.why}" for one in row.differences)
        name = f"{row.place}/{row.name}"
        matched = f"{row.matched:,} of {row.testable:,}"
        table.add_row(name, row.result, matched, apart or "none")
    out.print(table)
