"""Which rows of the tables would say too much about single students? They are kept back here.

To keep back more: one function that blanks cells of a table, called in `shareable`. What counts as
too much stands in analysis/publishing/disclosure.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.publishing.disclosure import SMALLEST, hidden, notice
from analysis.ratings.rate import Ratings
from analysis.values import ALL, Reason

CELL: Final = ["school", "part", "year", "measure", "group"]
PLACE: Final = ["school", "part", "year", "measure"]


def shareable(ratings: Ratings, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Blank what was counted from student rows and would say too much about single students.

    In `indicators` value and points go, and n where it is small; in `lists` value, line and
    margin of a decision that rests on one such cell; in `schools` an index whose measures are all
    kept back. The reason is "suppressed". The ratings themselves rest on all values. Panels
    without student rows, and made-up ones, stay as they are.

    Args:
        ratings: what is written.
        tables: `schools`, `indicators` and `lists` as analysis/ratings/tables.py makes them.
    """
    panel = ratings.panel
    if panel.about.synthetic or not panel.from_students:
        return dict(tables)
    cells = _hidden_cells(ratings)
    return {
        "schools": _schools(ratings, tables["schools"]),
        "indicators": _indicators(tables["indicators"], cells, panel.groups),
        "lists": _lists(ratings, tables["lists"], cells),
    }


def marked(ratings: Ratings, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Mark every row of tables that show small groups, so that none is shared unawares."""
    if ratings.panel.about.synthetic:
        return dict(tables)
    said = notice(ratings.panel.about, internal=True)
    return {name: table.assign(internal=said) for name, table in tables.items()}


def _hidden_cells(ratings: Ratings) -> pd.DataFrame:
    """List every cell that is kept back, with its value."""
    panel, frames = ratings.panel, []
    for name in panel.from_students:
        values = panel.measures[name]
        gone = hidden(values).transpose("school", "year", "group").to_numpy()
        row, year, group = np.nonzero(gone)
        told = values.value.transpose("school", "year", "group").to_numpy()
        frame = panel.units[["school", "part"]].iloc[row].reset_index(drop=True)
        frame["year"] = np.array(panel.years)[year]
        frame["measure"] = name
        frame["group"] = np.array(panel.groups, dtype=object)[group]
        frames.append(frame.assign(kept=told[gone]))
    return pd.concat(frames, ignore_index=True)


def _schools(ratings: Ratings, table: pd.DataFrame) -> pd.DataFrame:
    """Blank an index or rating of which no measure may be shown."""
    found, panel = table.copy(), ratings.panel
    for word in ("index", "rating"):
        step = getattr(ratings.design.header.headline, word)
        measures = ratings.design.measured_by(step) if step else ()
        some = np.zeros(len(table), dtype=bool)
        shown = np.zeros(len(table), dtype=bool)
        for name in measures:
            values = panel.measures[name]
            there = ~np.isnan(_everyone(values.value))
            gone = _everyone(hidden(values)) & (name in panel.from_students)
            some, shown = some | there, shown | (there & ~gone)
        found[word] = found[word].where(shown | ~some)
    return found


def _everyone(cells: xr.DataArray) -> np.ndarray:
    """Give the cells of all students in the order of the table: schools, within them years."""
    return cells.sel(group=ALL).transpose("school", "year").to_numpy().ravel()


def _indicators(table: pd.DataFrame, cells: pd.DataFrame, groups: tuple[str, ...]) -> pd.DataFrame:
    own = table[CELL].merge(cells, on=CELL, how="left")["kept"].notna().to_numpy()
    # a derived group shows a cell of another one
    derived = ~table["group"].isin(groups).to_numpy()
    same = table.reset_index(names="at").loc[derived].merge(cells, on=PLACE)
    gone = own | table.index.isin(same["at"][same["value"] == same["kept"]])
    few = gone & (table["n"] < SMALLEST).to_numpy()
    found = table.copy()
    found.loc[gone, ["value", "points"]] = np.nan
    found.loc[few, "n"] = np.nan
    found.loc[gone, "reason"] = Reason.SUPPRESSED.words
    return found


def _lists(ratings: Ratings, table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Blank the numbers of a decision on one measure, if its cell or its very number is hidden."""
    design = ratings.design
    known = (name for name in table["decided_by"].unique() if name in design.names.kinds)
    rests = {name: design.measured_by(name) for name in known}
    single = {name: told[0] for name, told in rests.items() if len(told) == 1}
    asked = table.reset_index(names="at").assign(measure=table["decided_by"].map(single))
    named = cells.rename(columns={"group": "group kept"})
    pairs = asked.merge(named, on=["school", "year", "measure"])
    own = (pairs["group"] == pairs["group kept"]) & (pairs["part"] == "")
    told = own | (pairs["value"] == pairs["kept"])
    gone = table.index.isin(pairs["at"][told])
    found = table.copy()
    found.loc[gone, ["value", "line", "margin"]] = np.nan
    found.loc[gone, "reason"] = Reason.SUPPRESSED.words
    return found
