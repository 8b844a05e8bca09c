"""Which options does a factor have? What an experiment says, turned into changes of a design.

To add a form of factor: its words in experiment.py, and one function here that gives its options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from analysis.designs.adaptation import Adaptation, load_adaptation
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design
from analysis.designs.presets import presets_of
from analysis.designs.rules import conditions
from analysis.designs.rules.combining import Mean
from analysis.designs.rules.lists import Named, ShareOfPool
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from simulations.experiment import NONE, Experiment, Factor, Options, Weights
from simulations.weight_sets import Bound, WeightSet

Side = Literal["lever", "uncertainty"]
PLACES: Final[Mapping[Side, str]] = {"lever": "levers", "uncertainty": "uncertainties"}


@dataclass(frozen=True)
class Option:
    """One value of a factor: `value` as a reader (or a notebook) sees it, and what it changes."""

    value: Any
    changes: Mapping[str, Any]
    parts: tuple[Adaptation, ...] = ()

    @property
    def label(self) -> str | float | int:
        """The value as one number or word."""
        if isinstance(self.value, int | float | str) and not isinstance(self.value, bool):
            return self.value
        if isinstance(self.value, Mapping):
            return "; ".join(f"{word} {x}" for word, x in self.value.items())
        return str(self.value)


@dataclass(frozen=True)
class Axis:
    """A factor with its options; without options it takes every number from `low` to `high`."""

    name: str
    side: Side
    options: tuple[Option, ...] = ()
    address: str = ""
    low: float = 0.0
    high: float = 0.0

    def at(self, place: float) -> Option:
        """Give the option at a place from 0 to 1 (1 left out)."""
        if self.options:
            return self.options[int(place * len(self.options))]
        number = self.low + place * (self.high - self.low)
        return Option(number, FrozenMap({self.address: number}))

    @property
    def tried(self) -> tuple[Option, ...]:
        """Every option, or both ends; what is checked before anything is rated."""
        return self.options or tuple(
            Option(x, FrozenMap({self.address: x})) for x in (self.low, self.high)
        )


def axes_of(
    asked: Experiment, design: Design, base: Design, name: str, *, problems: list[Problem]
) -> tuple[Axis, ...]:
    """Turn every factor of an experiment into an axis; presets become one for each decision.

    Args:
        asked: the experiment.
        design: the design before any adaptation, whose presets are listed.
        base: the design as filed, adaptations and all.
        name: the list that is looked at.
        problems: gathers everything that the design does not have, with the place in the file.
    """
    found: list[Axis] = []
    for side, place in PLACES.items():
        factors: Mapping[str, Factor] = getattr(asked, place)
        for word, factor in factors.items():
            try:
                found += _axes(factor, word, side, _Place(asked, design, base, name))
            except ProblemsError as error:
                problems += [asked.problem((place, word), one.text) for one in error.problems]
    names = [axis.name for axis in found]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        problems.append(asked.problem(("levers",), f"{twice} names two factors; rename one."))
    return tuple(found)


@dataclass(frozen=True)
class _Place:
    asked: Experiment
    design: Design
    base: Design
    list: str


def _axes(factor: Factor, name: str, side: Side, at: _Place) -> Iterator[Axis]:
    if factor.presets:
        yield from _presets(factor.presets, side, at)
    elif factor.adaptations:
        yield Axis(name, side, tuple(_adaptation(word) for word in factor.adaptations))
    elif factor.weights is not None:
        yield Axis(name, side, tuple(_weights(factor.weights, at)))
    elif factor.share is not None:
        yield _plain(name, side, {f"{line_of(at.base, at.list)}.share": factor.share})
    else:
        yield _plain(name, side, factor.changes)


def _plain(name: str, side: Side, changes: Mapping[str, Options]) -> Axis:
    first, *others = changes.values()
    if first.low is not None and first.high is not None:
        if others:
            raise fail(name, "a range takes one address.")
        return Axis(name, side, address=next(iter(changes)), low=first.low, high=first.high)
    rows = zip(*(options.values for options in changes.values()), strict=True)
    told = [dict(zip(changes, row, strict=True)) for row in rows]
    single = len(changes) == 1
    options = (Option(next(iter(t.values())) if single else t, FrozenMap(t)) for t in told)
    return Axis(name, side, tuple(options))


def _adaptation(word: str) -> Option:
    parts = () if word == NONE else (load_adaptation(word),)
    return Option(word, FrozenMap(), parts)


def _presets(wanted: str | Sequence[str], side: Side, at: _Place) -> Iterator[Axis]:
    known = presets_of(at.design)
    every = presets_of(at.design, step=at.list) if wanted == "all" else wanted
    if not every:
        raise fail("", f"{at.design.name} leaves no decision open on which {at.list} rests.")
    for decision in every:
        if decision not in known:
            near = did_you_mean(decision, known)
            text = f"{at.design.name} leaves no decision {decision} open; it leaves"
            raise fail("", f"{text} {listed(known, most=50)}.{near}")
        options = (Option(one.name, FrozenMap(), (one,)) for one in known[decision])
        yield Axis(decision, side, tuple(options))


def _weights(said: Weights, at: _Place) -> Iterator[Option]:
    mean = said.of or mean_of(at.base, at.list)
    rule = at.base.steps.get(mean)
    if not isinstance(rule, Mean):
        near = did_you_mean(mean, at.base.steps)
        raise fail("", f"of: must name a step with the rule mean, but it says {mean}.{near}")
    cells = tuple(rule.of)

    def option(value: Any, row: Sequence[float]) -> Option:  # noqa: ANN401 (a word or weights)
        pairs = zip(cells, row, strict=True)
        return Option(value, FrozenMap({f"{mean}.of.{cell}": float(x) for cell, x in pairs}))

    for label, given in said.sets.items():
        yield option(label, _row(label, given, cells))
    bounds = tuple(Bound(one.of, one.at_least, one.at_most) for one in said.bounds)
    room = WeightSet(cells, bounds)
    rows = [*room.corners] if said.corners else []
    if said.draws:
        rows += [*room.draw(said.draws, seed=at.asked.seed)]
    for row in rows:
        yield option({cell: round(float(x), 6) for cell, x in zip(cells, row, strict=True)}, row)
    if not said.sets and not rows:
        raise fail("", "weights: must say sets, corners or draws.")


def _row(label: str, given: Mapping[str, float], cells: Sequence[str]) -> list[float]:
    for word in given:
        if word not in cells:
            text = f"weights of {label}: there is no {word}; there are {listed(cells, most=50)}."
            raise fail("", f"{text}{did_you_mean(word, cells)}")
    missing = [cell for cell in cells if cell not in given]
    if missing:
        raise fail("", f"weights of {label}: must say {listed(missing)} too (0 where it has none).")
    return [given[cell] for cell in cells]


def line_of(design: Design, name: str) -> str:
    """Name the line by share that a list tests against.

    Raises:
        ProblemsError: it tests against none.

    >>> from analysis import load_design
    >>> line_of(load_design("franklin/index"), "lowest")
    'lowest_line'
    """
    test = _test_of(design, name)
    line = None if test is None or test.beyond is None else test.beyond.of
    if line is None or not isinstance(design.steps.get(line), ShareOfPool):
        raise fail("", f"{name} has no line by share of its own. Name the address (line.share).")
    return line


def mean_of(design: Design, name: str) -> str:
    """Name the mean on which a list rests: the first one below what its condition tests.

    Raises:
        ProblemsError: there is none, or the way to it forks.

    >>> from analysis import load_design
    >>> mean_of(load_design("franklin/index"), "lowest")
    'of_part'
    """
    test = _test_of(design, name)
    at = None if test is None else test.of.of
    while at is not None and not isinstance(design.steps.get(at), Mean):
        rule = design.steps.get(at)
        below = [] if rule is None else [one for one in rule.values_from() if one in design.steps]
        at = below[0] if len(below) == 1 else None
    if at is None:
        raise fail("", f"{name} does not rest on one mean. Say of: which mean is weighted.")
    return at


def _test_of(design: Design, name: str) -> conditions.Test | None:
    named = cast("Named", design.steps[name])
    test = design.steps.get(named.when.of)
    return test if isinstance(test, conditions.Test) else None
