"""How is a comparison of two designs written? Its tables, and the curve over shares as a picture.

To write another picture: one function that gives it, called in `write_comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis.problems import fail
from analysis.publishing.spreadsheet import write_csv


def write_comparison(tables: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Write the tables of a comparison into a new folder, and its curve as a picture.

    Raises:
        ProblemsError: the folder holds files already.
    """
    write_tables(tables, folder)
    if len(tables["curve"]):
        (folder / "curve.svg").write_text(_curve_picture(tables["curve"]), encoding="utf-8")
    return tuple(sorted(folder.iterdir()))


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Write tables into a new folder, each as a CSV.

    Raises:
        ProblemsError: the folder holds files already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise fail(str(folder), "holds files already. Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")
    return tuple(sorted(folder.iterdir()))


def _curve_picture(curve: pd.DataFrame) -> str:
    from analysis.publishing.figures import (  # noqa: PLC0415 (altair takes a second to load)
        BLUE,
        GREY,
        svg,
        two_lines,
    )

    long = curve.melt("share", ["both", "chance"], "series", "y")
    table = long.assign(x=100 * long["share"], share=long["y"])
    chart = two_lines(
        table[["x", "share", "series"]],
        x_title="share of schools named, per cent",
        y_title="lowest by both",
        colours={"both": BLUE, "chance": GREY},
    )
    return svg(chart)
