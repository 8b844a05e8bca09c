"""Do too many schools stand just on the better side of a line, or too many groups just under n?

A line that is fixed in advance can be aimed at; what stands just on its better side, less what
stands just short of it, is the contrast that is looked at. How large it is by chance is told by
`simulations/nulls.py`. Lines drawn anew from the schools themselves (the lowest 5 %) are left
out: a rank has no density.

To watch another kind of line: `Rule.notches` of the rule that draws it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from analysis.designs.clause import Ref
from analysis.designs.design import Design
from analysis.designs.rules.base import Notch
from analysis.designs.rules.conditions import Test
from analysis.designs.rules.levels import Levels
from analysis.designs.rules.scoring import Linear, Map
from analysis.ratings.rate import Ratings
from analysis.values import ALL


@dataclass(frozen=True)
class Line:
    """A line of a design, and where the schools of one kind stand to it in one year.

    `step` draws it; `on` says whether a value or the number of students n is held against it;
    `bounds` are its cut points, rising. `sign` is 1 where more is better for the school, -1 where
    less is. `value` and `n` are over school and group, missing where there is none.
    """

    step: str
    of: str
    on: Literal["value", "n"]
    bounds: tuple[float, ...]
    sign: int
    included: bool
    groups: tuple[str, ...]
    value: np.ndarray
    n: np.ndarray

    @property
    def held(self) -> np.ndarray:
        """What is held against the line: the value, or n."""
        return self.n if self.on == "n" else self.value

    def contrast(self, x: np.ndarray, window: float) -> np.ndarray:
        """Give 1 just on the better side of a cut, -1 just short of it, 0 elsewhere.

        Args:
            x: numbers in the unit of the line, of any shape.
            window: how far "just" reaches, in that unit; at most half way to the next cut.

        >>> line = Line("c", "m", "n", (20.0,), -1, False, ("all",), *[np.zeros((1, 1))] * 2)
        >>> line.contrast(np.array([17, 18, 19, 20, 21, 22]), 2).tolist()
        [0, 1, 1, -1, -1, 0]
        """
        found = np.zeros(np.shape(x), dtype=int)
        for bound, reach in zip(self.bounds, self._reach(window), strict=True):
            beyond = self.sign * (np.asarray(x) - bound)
            over = (beyond > 0) | ((beyond == 0) & self.included)
            near = (beyond < reach) if self.included else (beyond <= reach)
            short = (beyond >= -reach) if self.included else (beyond > -reach)
            found += np.where(over & near, 1, 0) - np.where(~over & short, 1, 0)
        return found

    def _reach(self, window: float) -> list[float]:
        gaps = np.diff(self.bounds) / 2
        rooms = zip([np.inf, *gaps], [*gaps, np.inf], strict=True)
        return [min(window, low, high) for low, high in rooms]


def lines_of(ratings: Ratings, *, year: int) -> tuple[Line, ...]:
    """List the lines of a design that are fixed in advance, one for each kind of school.

    Lines that hold the same numbers against the same bounds are listed once.

    Args:
        ratings: a design and a panel.
        year: which year's figures stand to the line.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> [(one.step, one.on, one.bounds) for one in lines_of(franklin, year=2025)][:2]
    [('absence_counted', 'n', (20.0,)), ('absence_level', 'value', (5.0, 10.0, 15.0, 25.0))]
    """
    found: dict[tuple[object, ...], Line] = {}
    for step, rule in sorted(ratings.design.steps.items()):
        notches: dict[tuple[Ref, str], list[Notch]] = {}
        for notch in rule.notches():
            if not isinstance(notch.at, Ref) and _aimed(ratings.design, notch.of.of):
                notches.setdefault((notch.of, notch.on), []).append(notch)
        for several in notches.values():
            for line in _lines(ratings, step, several, year):
                key = (line.on, line.bounds, line.held.tobytes())
                found.setdefault(key, line)
    return tuple(found.values())


def _lines(ratings: Ratings, step: str, notches: list[Notch], year: int) -> Iterator[Line]:
    of, on = notches[0].of, notches[0].on
    values = ratings.cells[replace(of, group=None)]
    if values.labels or (on == "n" and values.n is None) or "school" not in values.value.dims:
        return
    bounds = _bounds(ratings, notches)
    whole = ratings.panel.whole == np.arange(len(ratings.panel.units))
    value, n = (_table(ratings, a, year) for a in (values.value, values.n))
    for said in np.unique(bounds[whole & ~np.isnan(bounds).any(axis=1)], axis=0):
        rows = whole & (bounds == said).all(axis=1)
        if on == "n" and said.max() <= 1:  # nobody can keep a group under one student
            continue
        yield Line(
            step=step,
            of=of.of,
            on=on,
            bounds=tuple(sorted(float(x) for x in said)),
            sign=-1 if on == "n" or _less_is_better(ratings, step, of.of) else 1,
            included=on == "value" and _included(ratings.design.steps[step]),
            groups=ratings.panel.groups,
            value=value[rows],
            n=n[rows],
        )


def _bounds(ratings: Ratings, notches: list[Notch]) -> np.ndarray:
    """Give every school's cut points, over school and cut; missing where one is by group."""
    found = np.full((len(ratings.panel.units), len(notches)), np.nan)
    for place, notch in enumerate(notches):
        number = ratings.cells.number(notch.at)
        if set(number.dims) <= {"school"}:
            found[:, place] = number.to_numpy()
    return found


def _table(ratings: Ratings, a: xr.DataArray | None, year: int) -> np.ndarray:
    """Lay an array out over school and group in one year; one of all students has no others."""
    panel = ratings.panel
    full = np.full((len(panel.units), len(panel.groups)), np.nan)
    if a is None:
        return full
    table = a.sel(year=year) if "year" in a.dims else a
    if "group" in table.dims:
        return table.transpose("school", "group").to_numpy().astype(float)
    full[:, panel.groups.index(ALL)] = table.to_numpy()
    return full


def _included(rule: Any) -> bool:  # noqa: ANN401 (each rule has words of its own)
    """Say whether a value on the line is on its better side."""
    if isinstance(rule, Test):
        return rule.at_least is not None or rule.below is not None
    return bool(getattr(rule, "equal", "in") == "in")


def _less_is_better(ratings: Ratings, step: str, of: str) -> bool:
    design = ratings.design
    alone = [design.measures[name].better for name in design.measured_by(of)]
    return "low" in {
        getattr(design.steps[step], "better", None),
        *(alone if len(alone) == 1 else ()),
    }


def _aimed(design: Design, of: str) -> bool:
    """Say whether schools can aim at what is held: one measure as it is, or the index."""
    if of == design.header.headline.index:
        return True
    between = [design.steps[name] for name in design.below(of) if name in design.steps]
    return len(design.measured_by(of)) == 1 and not any(
        isinstance(rule, (Linear, Map, *get_args(Levels))) for rule in between
    )
