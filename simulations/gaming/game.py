"""What do schools want, what can they do, and under which design?

To add an aim: a field of `Aims`, and its term in respond.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import xarray as xr

from analysis.designs.cells import Cells, map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design
from analysis.designs.rules.choosing import LowestGroup
from analysis.findings.needed import level_steps
from analysis.panels.panel import Panel
from analysis.problems import Problem, ProblemsError, listed
from analysis.ratings.rate import Ratings, rate, step_keys
from analysis.values import ALL
from simulations.factors import line_of
from simulations.gaming.cells import Schools

Sees = Literal["everything", "published"]


@dataclass(frozen=True)
class Aims:
    """What schools want, each in points of the index that they would give for it.

    `identification`: not to be named. `levels`: a level more in one measure, all students.
    `reputation`: a point of the index, which everybody sees, sanctions or not. `intrinsic`: an SD
    of learning of the average student. `caught`: what being found out costs.
    """

    identification: float = 0.0
    levels: float = 0.0
    reputation: float = 0.0
    intrinsic: float = 0.0
    caught: float = 0.0

    def __post_init__(self) -> None:
        """Refuse aims that want nothing, or the opposite."""
        terms = {one.name: getattr(self, one.name) for one in fields(self)}
        low = [f"{name} must not be negative." for name, x in terms.items() if x < 0]
        if not any(x for name, x in terms.items() if name != "caught"):
            low.append("must hold a term above 0, such as {identification: 10}.")
        if low:
            raise ProblemsError(Problem("aims", text) for text in low)


@dataclass(frozen=True)
class Means:
    """What schools can do: the price of full effort, by mechanism, and their budgets.

    Both in points of the index, over draw and row of the axis school; cost = price x
    effort^`power`. No budget: no limit but the costs. `luck` is the standard error with which
    schools know where their index will be. `grid` is how many steps an effort has; with `refined`
    it may lie between them.
    """

    prices: Mapping[str, np.ndarray]
    budget: np.ndarray | None = None
    power: float = 2.0
    luck: float = 0.0
    grid: int = 3
    refined: bool = False

    def where(self, draws: np.ndarray) -> Means:
        """Keep some draws, by their numbers."""
        prices = {name: price[draws] for name, price in self.prices.items()}
        return replace(
            self, prices=prices, budget=None if self.budget is None else self.budget[draws]
        )

    def __post_init__(self) -> None:
        """Refuse costs that cannot be."""
        wrong = [
            Problem("costs", f"{name} must not be negative. Say costs: {{from: 1, to: 10}}.")
            for name, price in self.prices.items()
            if np.any(np.asarray(price) < 0)
        ]
        if self.budget is not None and not np.all(np.asarray(self.budget) > 0):
            text = "must be above 0: with nothing to spend nobody can do anything. Leave it out"
            wrong.append(
                Problem("budget", f"{text} for no limit, or say budget: {{from: 2, to: 8}}.")
            )
        if self.power < 1:
            wrong.append(Problem("power", "must be 1 or more, so that costs are convex."))
        if wrong:
            raise ProblemsError(wrong)


@dataclass(frozen=True)
class Game:
    """Schools under a design, with what they want and can do.

    `sees: published` is a school that knows only the change in a measure that gains 1 to 3 levels
    for all students, and neither the line nor what others do.
    """

    schools: Schools
    design: Design
    list: str
    aims: Aims
    means: Means
    sees: Sees = "everything"
    _rated: dict[int, Ratings] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        held = {m for m in self.design.measures if m in self.design.below(self.list)}
        problems = [
            Problem(name, _aimless(self.design.name, held))
            for name, one in self.schools.reactions.items()
            if one.mechanism.deliberate and not {*one.reported} & held
        ]
        if self.sees == "published" and not (self.aims.levels or self.aims.intrinsic):
            text = "a school that sees the published change only needs the aim levels, such as"
            problems.append(Problem("sees", f"{text} {{levels: 1}}."))
        if problems:
            raise ProblemsError(problems)

    def where(self, draws: np.ndarray) -> Game:
        """Keep some draws, by their numbers; nothing is rated again."""
        schools = self.schools.where(draws)
        first = self.base()
        held = _with_draws(first, schools.panel, lambda a: a.isel(draw=draws))
        return replace(self, schools=schools, means=self.means.where(draws), _rated={1: held})

    @cached_property
    def needed(self) -> Design:
        """What the list rests on, and steps on the same measures that make a group of their own."""
        design = self.design
        held = {one for one in design.measures if one in design.below(self.list)}
        made = [
            name
            for name, rule in design.steps.items()
            if isinstance(rule, LowestGroup) and {*design.measured_by(name)} <= held
        ]
        below = {one for name in (self.list, *made) for one in design.below(name)}
        steps = {name: rule for name, rule in design.steps.items() if name in below}
        measures = {name: one for name, one in design.measures.items() if name in held}
        return replace(design, steps=FrozenMap(steps), measures=FrozenMap(measures))

    @property
    def names(self) -> tuple[str, ...]:
        """The mechanisms that somebody decides on."""
        held = self.schools.reactions.items()
        return tuple(name for name, one in held if one.mechanism.deliberate)

    def rated(self, panel: Panel, times: int = 1) -> Ratings:
        """Rate a panel of the schools; only steps that a behaviour touches run again."""
        return rate(self.needed, panel, earlier=self.base(times))

    def base(self, times: int = 1) -> Ratings:
        """Give the ratings without any effort, every draw several times."""
        if times not in self._rated:
            panel = self.schools.tiled(times)
            if times == 1:
                self._rated[times] = rate(self.needed, panel)
            else:
                first = self.base()
                again = _with_draws(first, panel, lambda a: xr.concat([a] * times, "draw"))
                self._rated[times] = again
        return self._rated[times]

    @cached_property
    def index(self) -> str:
        """The step on which the line of the list rests."""
        rule: Any = self.design.steps[line_of(self.design, self.list)]
        return str(rule.of.of)

    @cached_property
    def level_steps(self) -> tuple[str, ...]:
        """The steps that give levels, and on which the list rests."""
        try:
            found = level_steps(self.base())
        except KeyError:
            return ()
        return tuple(step for step in found.values() if step in self.needed.steps)

    def of(self, ratings: Ratings, name: str) -> np.ndarray:
        """Read a step in the year that is looked at: all students, over lane and row."""
        a = ratings[name].value
        for axis, at in (("year", self.schools.year), ("group", ALL)):
            a = a.sel({axis: at}, drop=True) if axis in a.dims else a
        return np.asarray(a, dtype=float)


def _aimless(design: str, held: set[str]) -> str:
    text = f"moves no measure on which the list of {design} rests ({listed(sorted(held))})"
    return f"{text}. Name another mechanism, or another design."


def _with_draws(
    first: Ratings, panel: Panel, change: Callable[[xr.DataArray], xr.DataArray]
) -> Ratings:
    """Give ratings of other draws, or of each several times: nothing is worked out again."""

    def changed(a: xr.DataArray) -> xr.DataArray:
        return change(a) if "draw" in a.dims else a

    got = {name: map_arrays(values, changed) for name, values in first.cells.got.items()}
    cells: Cells = replace(first.cells, got=FrozenMap(got))
    return replace(first, panel=panel, cells=cells, keys=step_keys(first.design, panel))
