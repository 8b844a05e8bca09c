"""How many schools does "the lowest 5 %" name, under every reading of its line?

To add a reading: one entry in `READINGS`; it changes words of a line clause, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from analysis.designs.design import Design
from analysis.designs.rules import Line
from analysis.problems import fail

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
