"""Does a design give what the agency published? Row by row, every difference counted and named.

To hold a design to a published result: an entry in `designs/library/ledger.yaml`. No Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from pydantic import Field, TypeAdapter

from analysis.designs.clause import Clause
from analysis.designs.design import LIBRARY, load_design
from analysis.designs.source import read_yaml
from analysis.panels.panel import Panel, read_panel
from analysis.problems import fail
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread
from analysis.values import Values

LEDGER: Final = LIBRARY / "ledger.yaml"
ANSWERS: Final = {1.0: "met", 0.0: "not met"}
UNNAMED: Final = "not known"


class Difference(Clause):
    """A class of rows where ours and the published result differ, with its name.

    `where` says which conditions of the design hold in such rows.
    """

    why: str
    ours: str
    published: str
    where: dict[str, str] = Field(default_factory=dict)


class Held(Clause):
    """One published result, the step that reproduces it, and the rows that must match."""

    step: str
    matched: int
    testable: int
    differences: tuple[Difference, ...] = ()


class Entry(Clause):
    """What one design is held to, on one panel and year."""

    design: str
    panel: str
    year: int
    results: dict[str, Held]


@dataclass(frozen=True)
class Apart:
    """A class of rows where ours and the published result differ; at most five schools of it."""

    why: str
    count: int
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One published result beside ours: rows matched, rows testable, differences by name.

    `expected` is what the ledger says of the rows matched.
    """

    kind: str
    place: str
    name: str
    result: str
    matched: int
    testable: int
    expected: int
    differences: tuple[Apart, ...]


def load_ledger(path: Path = LEDGER) -> tuple[Entry, ...]:
    """Read what every design is held to.

    Raises:
        ProblemsError: the ledger is not as it must be.
    """
    source = read_yaml(path)
    return TypeAdapter(tuple[Entry, ...]).validate_python(source.said)


def verify(entry: Entry) -> tuple[Row, ...]:
    """Rate a panel and hold every result of the entry to what the agency published.

    Raises:
        ProblemsError: the panel has no published result of that name.
    """
    panel = read_panel(entry.panel)
    ratings = rate(load_design(entry.design), panel)
    return tuple(_row(ratings, entry, name, held) for name, held in entry.results.items())


def _row(ratings: Ratings, entry: Entry, result: str, held: Held) -> Row:
    published = _published(ratings.panel, entry.year, result)
    ours = _ours(ratings, held.step, entry.year, published)
    same = pd.Series(
        [_same(a, b) for a, b in zip(ours, published["value"], strict=True)], index=published.index
    )
    apart = published.assign(ours=ours)[~same]
    place, name = entry.design.split("/")
    return Row(
        "list",
        place,
        name,
        result,
        int(same.sum()),
        len(published),
        held.matched,
        tuple(_named(ratings, entry.year, held, apart)),
    )


def _published(panel: Panel, year: int, result: str) -> pd.DataFrame:
    if panel.published is None or result not in set(panel.published["result"]):
        raise fail(panel.name, f"the panel has no published result {result}.")
    table = panel.published
    keep = (table["result"] == result) & (table["year"].astype(int) == year)
    return table[keep & (table["value"] != "")].reset_index(drop=True)


def _ours(ratings: Ratings, step: str, year: int, rows: pd.DataFrame) -> list[str]:
    values = ratings[step]
    units = ratings.panel.units
    row = {(s, p): i for i, (s, p) in enumerate(zip(units["school"], units["part"], strict=True))}
    at = spread(ratings, values.value).sel(year=year)
    has_groups = "group" in at.dims
    array = at.to_numpy()
    groups = list(ratings.panel.groups)
    told = []
    for school, part, group in zip(rows["school"], rows["part"], rows["group"], strict=True):
        cell = array[row[(school, part)]]
        told.append(
            _told(
                float(cell[groups.index(group)] if has_groups else cell),
                values,
                condition=ratings.design.names.kinds[step] == "condition",
            )
        )
    return told


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
    hit = (rows["ours"] == known.ours) & (rows["value"] == known.published)
    for step, answer in known.where.items():
        hit &= np.array(_ours(ratings, step, year, rows)) == answer
    return rows[hit]


def status(ledger: tuple[Entry, ...]) -> Mapping[str, str]:
    """Say of each design how it stands against published lists: design -> a short sentence."""
    return {
        entry.design: "; ".join(
            f"{name} {held.matched:,} of {held.testable:,}" for name, held in entry.results.items()
        )
        for entry in ledger
    }
