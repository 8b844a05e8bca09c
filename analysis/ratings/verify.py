"""Does a design give what the agency published? Row by row, every difference counted and named.

To hold a design to a published result: an entry in `designs/library/ledger.yaml`. No Python.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import Field, TypeAdapter

from analysis.designs.clause import Clause
from analysis.designs.design import LIBRARY, load_design
from analysis.designs.source import read_yaml
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.problems import fail
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread
from analysis.rounding import half_up
from analysis.values import Values

LEDGER: Final = LIBRARY / "ledger.yaml"
ANSWERS: Final = {1.0: "met", 0.0: "not met"}
UNNAMED: Final = "not known"


class Difference(Clause):
    """A class of rows where ours and the published result differ, with its name.

    `ours` and `published` say what stands on each side (anything where they are left out), `where`
    which conditions of the design hold in such rows.
    """

    why: str
    ours: str | None = None
    published: str | None = None
    where: dict[str, str] = Field(default_factory=dict)


class Held(Clause):
    """One published result, the step that reproduces it, and the rows that must match.

    `published` names the result where it is not that of the row; `steps` takes several together
    (result -> step). `where` keeps only the rows in which some conditions or levels hold; `places`
    rounds ours as the agency prints it.
    """

    step: str = ""
    steps: dict[str, str] = Field(default_factory=dict)
    matched: int
    testable: int
    published: str | None = None
    where: dict[str, str] = Field(default_factory=dict)
    places: int | None = None
    differences: tuple[Difference, ...] = ()


class Otherwise(Clause):
    """Another reading of some words of the design, and the rows of a result that then match."""

    says: str
    changes: dict[str, Any]
    result: str
    matched: int


class Entry(Clause):
    """What one design is held to, on one panel and year.

    The panel is built in; or, with a `layout`, `panel` is the folder of an agency's files, below
    the folder of official data that whoever verifies names. `otherwise` shows what a word decides.
    """

    design: str
    panel: str
    layout: str | None = None
    year: int
    results: dict[str, Held]
    otherwise: tuple[Otherwise, ...] = ()


@dataclass(frozen=True)
class Apart:
    """A class of rows where ours and the published result differ; at most five schools of it."""

    why: str
    count: int
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One published result beside ours: rows matched, rows testable, differences by name.

    `ours` and `published` count who is named (rows met) where the result is a condition; `error`
    is ours minus published. `expected` is what the ledger says of the rows matched.
    """

    kind: str
    place: str
    name: str
    result: str
    matched: int
    testable: int
    expected: int
    ours: float | None
    published: float | None
    error: float | None
    differences: tuple[Apart, ...]


def load_ledger(path: Path = LEDGER) -> tuple[Entry, ...]:
    """Read what every design is held to.

    Raises:
        ProblemsError: the ledger is not as it must be.
    """
    source = read_yaml(path)
    return TypeAdapter(tuple[Entry, ...]).validate_python(source.said)


def verify(entry: Entry, data: Path | None = None) -> tuple[Row, ...]:
    """Rate a panel and hold every result of the entry to what the agency published.

    Args:
        entry: what a design is held to.
        data: the folder of official data; needed where the entry has a layout.

    Raises:
        ProblemsError: the data are not there, or hold no published result of that name.
    """
    ratings = rate(load_design(entry.design), _panel(entry, data))
    return tuple(_row(ratings, entry, name, held) for name, held in entry.results.items())


def verify_otherwise(entry: Entry, data: Path | None = None) -> tuple[tuple[Otherwise, Row], ...]:
    """Rate again under each other reading of the entry, and hold the result it is about.

    Args:
        entry: what a design is held to.
        data: the folder of official data; needed where the entry has a layout.

    Raises:
        ProblemsError: the data are not there, or a reading changes what is not in the design.
    """
    if not entry.otherwise:
        return ()
    ratings = rate(load_design(entry.design), _panel(entry, data))
    found = []
    for other in entry.otherwise:
        again = rate(ratings.design.vary(other.changes), ratings.panel, earlier=ratings)
        found.append((other, _row(again, entry, other.result, entry.results[other.result])))
    return tuple(found)


def _panel(entry: Entry, data: Path | None) -> Panel:
    if entry.layout is None:
        return read_panel(entry.panel)
    if data is None:
        raise fail(entry.design, f"needs the official data {entry.panel}; name them with --data.")
    return read_panel(data / entry.panel, entry.layout)


def at_hand(entry: Entry, data: Path | None) -> bool:
    """Say whether what an entry is held to is there."""
    return entry.layout is None or (data is not None and (data / entry.panel).is_dir())


def _row(ratings: Ratings, entry: Entry, result: str, held: Held) -> Row:
    pairs = held.steps or {held.published or result: held.step}
    tables = [_beside(ratings, entry.year, said, step, held) for said, step in pairs.items()]
    rows = pd.concat(tables, ignore_index=True)
    same = pd.Series([_same(a, b) for a, b in zip(rows["ours"], rows["value"], strict=True)])
    kinds = {ratings.design.names.kinds[step] for step in pairs.values()}
    ours, published = (
        float((rows[side] == "met").sum()) if kinds == {"condition"} else None
        for side in ("ours", "value")
    )
    place, name = entry.design.split("/")
    return Row(
        "list",
        place,
        name,
        result,
        int(same.sum()),
        len(rows),
        held.matched,
        ours,
        published,
        None if ours is None or published is None else ours - published,
        tuple(_named(ratings, entry.year, held, rows[~same.to_numpy(dtype=bool)])),
    )


def _beside(ratings: Ratings, year: int, result: str, step: str, held: Held) -> pd.DataFrame:
    """Lay ours beside each published row of one result."""
    rows = _published(ratings, year, result, held)
    return rows.assign(ours=_ours(ratings, step, year, rows, held.places))


def _published(ratings: Ratings, year: int, result: str, held: Held) -> pd.DataFrame:
    panel = ratings.panel
    if panel.published is None or result not in set(panel.published["result"]):
        raise fail(panel.name, f"the panel has no published result {result}.")
    table = panel.published
    keep = (table["result"] == result) & (table["year"].astype(int) == year)
    rows = table[keep & (table["value"] != "")].reset_index(drop=True)
    for step, answer in held.where.items():
        rows = rows[np.array(_ours(ratings, step, year, rows), dtype=object) == answer].reset_index(
            drop=True
        )
    return rows


def _ours(
    ratings: Ratings, step: str, year: int, rows: pd.DataFrame, places: int | None = None
) -> list[str]:
    """Say what ours gives for each published row."""
    values = ratings[step]
    array = spread(ratings, values.value).sel(year=year).to_numpy()
    unit = {key: row for row, key in enumerate(_keys(ratings.panel.units))}
    at = [unit[key] for key in _keys(rows)]
    group = [ratings.panel.groups.index(word) for word in rows["group"]]
    cells = array[at, group] if array.ndim > 1 else array[at]
    if places is not None:
        cells = half_up(cells, places)
    condition = ratings.design.names.kinds[step] == "condition"
    return [_told(float(cell), values, condition=condition) for cell in cells]


def _keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["school"], table["part"], strict=True))


def _told(cell: float, values: Values, *, condition: bool) -> str:
    if np.isnan(cell):
        return "missing"
    if condition:
        return ANSWERS[cell]
    return values.labels[int(cell) - 1] if values.labels else repr(cell)


def _same(ours: str, published: str) -> bool:
    try:
        return abs(float(ours) - float(published)) < 1e-9  # noqa: PLR2004 (nine places)
    except ValueError:
        return ours == published


def _named(ratings: Ratings, year: int, held: Held, apart: pd.DataFrame) -> Iterator[Apart]:
    left = apart
    for known in held.differences:
        mine = _members(ratings, year, known, left)
        if len(mine):
            yield Apart(known.why, len(mine), tuple(mine["school"].head(5)))
        left = left.drop(mine.index)
    if len(left):
        yield Apart(UNNAMED, len(left), tuple(left["school"].head(5)))


def _members(ratings: Ratings, year: int, known: Difference, rows: pd.DataFrame) -> pd.DataFrame:
    hit = pd.Series(data=True, index=rows.index)
    for column, said in (("ours", known.ours), ("value", known.published)):
        if said is not None:
            hit &= rows[column] == said
    for step, answer in known.where.items():
        hit &= np.array(_ours(ratings, step, year, rows), dtype=object) == answer
    return rows[hit]


def status(ledger: tuple[Entry, ...]) -> Mapping[str, str]:
    """Say of each design how it stands against published lists: design -> a short sentence."""
    return {entry.design: _status(entry.results.values()) for entry in ledger}


def _status(results: Collection[Held]) -> str:
    matched, testable = (sum(getattr(held, w) for held in results) for w in ("matched", "testable"))
    return f"{matched:,} of {testable:,} in {len(results)} results"
