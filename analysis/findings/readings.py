"""How many schools does "the lowest 5 %" name, under every reading of its line?

To add a reading: one entry in `READINGS`; it changes words of a line clause, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.designs.design import Design
from analysis.designs.rules import Line
from analysis.problems import fail
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread, whole_group
from analysis.values import ALL

READINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "count rounded up, ties in": {"count": "up", "ties": "in"},
    "count rounded down, ties in": {"count": "down", "ties": "in"},
    "count rounded to the nearest, ties in": {"count": "nearest", "ties": "in"},
    "count rounded up, ties out": {"count": "up", "ties": "out"},
    "count rounded down, ties out": {"count": "down", "ties": "out"},
    "percentile (linear), line in": {"percentile": "linear"},
    "percentile (Hazen), line in": {"percentile": "hazen"},
    "percentile (linear), line out": {"percentile": "linear", "included": False},
}
"""Readings of a line by share; source: the ways that state and study scripts really use."""


def readings(design: Design, line: str) -> Iterator[tuple[str, Design]]:
    """Give the design under every reading of one of its lines.

    Yields:
        The reading in words, and the design that reads its line so.

    Raises:
        ProblemsError: the step is no line by share.

    >>> from analysis import load_design
    >>> base = load_design("california/status-or-improvement")
    >>> [words for words, _ in readings(base, "end_line")][0]
    'count rounded up, ties in'
    """
    rule = design.steps.get(line)
    if not isinstance(rule, Line) or "share" not in design.document.steps[line]:
        raise fail(design.name, f"{line} is no line by share.")
    said = design.document.steps[line]
    base = {word: x for word, x in said.items() if word not in ("count", "ties", "percentile")}
    for words, change in READINGS.items():
        yield words, design.vary({line: {**base, **change}})


@dataclass(frozen=True)
class Reading:
    """Who is named under one reading; `schools` holds codes of whole schools."""

    words: str
    line: float
    schools: frozenset[str]


def all_readings(ratings: Ratings, list_name: str, *, year: int | None = None) -> Iterator[Reading]:
    """Name the schools of a list under every reading of every line by share that it rests on.

    One line is read otherwise at a time.

    Args:
        ratings: the ratings of a panel by the design as it is.
        list_name: a list of the design.
        year: the last of the panel, unless it is said.

    Raises:
        ProblemsError: the list rests on no line by share.
    """
    year = ratings.panel.years[-1] if year is None else year
    lines = [name for name in _below(ratings.design, list_name) if _by_share(ratings.design, name)]
    if not lines:
        raise fail(ratings.design.name, f"{list_name} rests on no line by share.")
    for line in lines:
        for words, design in readings(ratings.design, line):
            other = rate(design, ratings.panel, earlier=ratings)
            met = np.asarray(spread(other, whole_group(other[list_name])).sel(year=year)) == 1
            value = other[line].value
            here = value.sel(year=year) if "year" in value.dims else value
            told = words if len(lines) == 1 else f"{line}: {words}"
            number = float(lowest_line(here))
            yield Reading(told, number, frozenset(ratings.panel.units["school"][met]))


def lowest_line(line: xr.DataArray) -> xr.DataArray:
    """Give the line of all students; the lowest where each kind of school has its own."""
    one = line.sel(group=ALL, drop=True) if "group" in line.dims else line
    return one.min()


def _below(design: Design, name: str) -> tuple[str, ...]:
    if name not in design.steps:
        return ()
    deeper = (step for used in design.uses(name) for step in _below(design, used))
    return tuple(dict.fromkeys((name, *deeper)))


def _by_share(design: Design, name: str) -> bool:
    return isinstance(design.steps[name], Line) and "share" in design.document.steps[name]
