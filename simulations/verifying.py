"""How is `measures verify core` run and told? The command `verify`, for lists and for figures.

Every place but `core` is held to published lists by `analysis/checks.py`; `core` is held to
published figures here, since its students are made up.

To add a column: `_row` for JSON, `_print` for the terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from analysis import checks
from analysis.problems import did_you_mean, fail, listed

app = typer.Typer(no_args_is_help=True)
CORE: Final = "core"
WORDS: Final = {"near": "near", "miss": "MISS", "shape agrees": "shape agrees", "no number": "-"}


@app.command()
def verify(
    place: Annotated[
        str, typer.Argument(help="a place, or place/name (core, core/C1); all lists without it")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(help="the folder of official data, a folder for each place")
    ] = None,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="table, or JSON rows")
    ] = "table",
    to: Annotated[Path | None, typer.Option("--out", help="write the JSON rows there too")] = None,
    world: Annotated[
        str, typer.Option(help="for core: core, core-small, core-ten, or a .yaml file")
    ] = CORE,
    seeds: Annotated[int, typer.Option(min=1, help="for core: how many made-up worlds")] = 3,
    workers: Annotated[int, typer.Option(min=1, help="for core: processes")] = min(
        os.cpu_count() or 1, 8
    ),
) -> None:
    """Hold designs to what agencies published: lists row by row, and for core published figures.

    For core it makes districts up, which takes a quarter of an hour; it can be interrupted, and
    the same command goes on where it stopped.

    Example: measures verify core --world core-small --seeds 2
    """
    first, _, row = place.partition("/")
    if first != CORE:
        checks.verify_lists(place, data, form=form, to=to)
        return
    _require(row)
    rows = _figures(world, seeds, workers)
    shown = [one for one in rows if row in ("", one["name"])]
    text = json.dumps(shown, indent=1) + "\n"
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    if form == "json":
        sys.stdout.write(text)
    else:
        _print(shown)


def _require(row: str) -> None:
    """Refuse a row that is not there, before a quarter of an hour has gone."""
    from simulations.published.targets import load_published  # noqa: PLC0415 (slow to load)

    known = tuple(load_published().rows)
    if row and row not in known:
        near = did_you_mean(row, known)
        raise fail(f"core/{row}", f"there is no such row; there are {listed(known)}.{near}")


def _figures(world: str, seeds: int, workers: int) -> list[dict[str, Any]]:
    """Do all that is left to do, keep the result in the store, and give a row for each figure."""
    from simulations.keeping import Kept  # noqa: PLC0415 (slow to load)
    from simulations.published import targets, verifying  # noqa: PLC0415

    asked = verifying.Asked.of(world, seeds, workers)
    published = targets.load_published()
    jobs = verifying.jobs_of(asked, Kept(), published)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rows = {}
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("verifying core", total=len(jobs))
        for key, (word, make) in jobs.items():
            bar.update(task, description=f"verifying core: {word}")
            rows[key] = make()
            bar.advance(task)
    found = verifying.compared(rows, published)
    told = [_row(one) for one in found.held]
    _keep(found, told, asked, world)
    return told


def _row(held: Any) -> dict[str, Any]:  # noqa: ANN401 (its module is slow to load)
    """Give a row as the lists' rows are given; `error` is the Monte Carlo error of ours."""
    aim, target = held.aim, held.target
    return {
        "kind": "figure",
        "place": CORE,
        "name": held.row,
        "result": held.name,
        "label": "" if aim is None else aim.label,
        "unit": "" if aim is None else aim.unit,
        "role": target.role,
        "published": None if aim is None else aim.published,
        "words": "" if aim is None else aim.words,
        "near_from": None if aim is None else aim.low,
        "near_to": None if aim is None else aim.high,
        "ours": held.ours,
        "error": held.error,
        "spread": held.spread,
        "worlds": held.worlds,
        "under": held.under,
        "lowest": held.lowest,
        "lowest_under": held.lowest_under,
        "highest": held.highest,
        "highest_under": held.highest_under,
        "verdict": held.verdict,
        "matched": int(held.verdict in ("near", "shape agrees")),
        "testable": int(held.verdict != "no number"),
        "compared": target.compared,
        "cite": target.cite,
        "evidence": target.evidence,
        "settled_by": target.settled_by,
        "note": target.note,
        "differences": [],
    }


def _keep(found: Any, told: list[dict[str, Any]], asked: Any, world: str) -> None:  # noqa: ANN401
    """Write the result into the store, so that a memo can quote it."""
    from analysis.publishing.store import Estimand, write_result  # noqa: PLC0415

    known = [one for one in told if one["ours"] is not None]
    presets = found.every["preset"].nunique()
    numbers: dict[str, Any] = {"presets": presets, "worlds": asked.seeds}
    for one in known:
        name = f"{one['name']}.{one['result']}"
        numbers |= {name: one["ours"]} | {f"{name}.{x}": one[x] for x in _TOLD}
    numbers |= {f"verdicts.{v}": sum(one["verdict"] == v for one in told) for v in WORDS}
    write_result(
        f"verify-{Path(world).stem}",
        parameters={"world": Path(world).stem, "seeds": asked.seeds},
        fingerprints={
            found.published.design: found.design.fingerprint,
            "world": asked.world.fingerprint,
        },
        estimand=Estimand(
            "published figures about CORE and systems like it, from made-up districts; the mean "
            "over worlds, its Monte Carlo error, and the range over presets on the first world",
            f"all schools of the made-up districts: {asked.world.title}",
            "replication",
            "this school's persistent quality",
        ),
        numbers=numbers,
        tables={"figures": pd.DataFrame(told).drop(columns="differences"), "every": found.every},
        command=f"measures verify core --world {world} --seeds {asked.seeds}",
    )


_TOLD: Final = ("published", "error", "lowest", "highest", "verdict")


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, padding=(0, 1))
    for word in ("row", "role", "figure"):
        table.add_column(word)
    for word in ("published", "ours", "over presets"):
        table.add_column(word, justify="right")
    table.add_column("")
    last = ""
    for one in rows:
        first = one["name"] != last
        last = one["name"]
        head = (one["name"], one["role"]) if first else ("", "")
        figure = one["label"] or one["note"]
        table.add_row(
            *head, figure, _published(one), _ours(one), _range(one), WORDS[one["verdict"]]
        )
    out = Console(width=None if Console().is_terminal else 160)
    out.print(table)
    counts = {v: sum(one["verdict"] == v for one in rows) for v in WORDS}
    out.print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _published(one: Mapping[str, Any]) -> str:
    if one["published"] is None:
        return str(one["words"]) or "-"
    return f"{one['published']:g}{_unit(one)}"


def _ours(one: Mapping[str, Any]) -> str:
    if one["ours"] is None:
        return "-"
    error = "" if one["error"] is None else f" ± {_number(one['error'])}"
    return f"{_number(one['ours'])}{error}{_unit(one)}"


def _range(one: Mapping[str, Any]) -> str:
    if one["lowest"] is None:
        return "-"
    ends = [_number(one[end]) for end in ("lowest", "highest")]
    if ends[0] == ends[1]:
        return "the same"
    return f"{ends[0]} ({one['lowest_under']}) to {ends[1]} ({one['highest_under']})"


def _unit(one: Mapping[str, Any]) -> str:
    return " %" if one["unit"] == "%" else ""


def _number(x: float) -> str:
    return f"{x:.1f}" if abs(x) >= 1 else f"{x:.2f}"
