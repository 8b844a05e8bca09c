"""Which cells does an experiment have? Every combination of its factors, or a sample of them.

The same grid serves `measures run` and a sweep of notebooks (`parameters`). To sample otherwise: a
word of `Sample`, and its reading in `_sampled`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np
from scipy.stats import qmc

from analysis.designs.adaptation import Adaptation, adapt, load_adaptation
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design, digest, load_design
from analysis.designs.document import thaw
from analysis.panels.panel import Panel
from analysis.problems import Problem, ProblemsError, did_you_mean, listed
from simulations.experiment import Experiment, Sample
from simulations.factors import PLACES, Axis, Option, axes_of
from simulations.outcomes import DRAWN
from simulations.streams import stream

MOST_CELLS: Final = 1_000_000
"""Grids up to this size are enumerated; of larger ones a sample must be asked for."""


KEPT: Final = 300
"""Adapted designs that are held at once."""


@dataclass(frozen=True)
class Cell:
    """One combination: factor -> option."""

    number: int
    options: Mapping[str, Option]

    @property
    def changes(self) -> Mapping[str, Any]:
        """Every address that is changed, with its value."""
        return {at: x for one in self.options.values() for at, x in one.changes.items()}

    @property
    def parts(self) -> tuple[Adaptation, ...]:
        """Every adaptation that is applied."""
        return tuple(part for one in self.options.values() for part in one.parts)


@dataclass(frozen=True)
class Plan:
    """An experiment held to its design: the design as filed, the list, and all cells.

    `places` is over cell and factor (0-1) where cells are sampled; without it the grid is
    enumerated, the last factor moving fastest.
    """

    asked: Experiment
    design: Design
    base: Design
    list: str
    axes: tuple[Axis, ...]
    size: int
    places: np.ndarray | None
    _adapted: dict[tuple[str, ...], Design] = field(default_factory=dict, compare=False, repr=False)

    def cell(self, number: int) -> Cell:
        """Give one cell by its number, from 0."""
        if self.places is not None:
            at = self.places[number]
        else:
            sizes = [len(axis.options) for axis in self.axes]
            chosen = np.unravel_index(number, sizes) if sizes else ()
            at = [(i + 0.5) / size for i, size in zip(chosen, sizes, strict=True)]
        return Cell(number, {axis.name: axis.at(x) for axis, x in zip(self.axes, at, strict=True)})

    def adapted(self, cell: Cell) -> Design:
        """Give the design of a cell before its words are changed: its adaptations only.

        A preset of the cell takes the place of the one that settles the same decision as filed.

        Raises:
            ProblemsError: two adaptations touch one clause.
        """
        chosen = [part for one in cell.parts for part in one.parts(self.design)]
        settled = {one.settles for one in chosen} - {None}
        filed = [one for one in _filed(self.asked, self.design) if one.settles not in settled]
        key = tuple(one.model_dump_json() for one in chosen)
        if key not in self._adapted:
            if len(self._adapted) >= KEPT:
                self._adapted.pop(next(iter(self._adapted)))
            self._adapted[key] = adapt(self.design, *filed, *cell.parts)
        return self._adapted[key]

    def design_of(self, cell: Cell) -> Design:
        """Give the design of a cell.

        Raises:
            ProblemsError: the options do not go together.
        """
        return self.adapted(cell).vary(cell.changes) if cell.changes else self.adapted(cell)


def parameters(plan: Plan) -> Iterator[Mapping[str, Any]]:
    """Give, for each cell, the parameters of a run: design, panel, and the value of each factor.

    Values are plain: numbers, words, or mappings of them; a made-up world is a mapping too.

    >>> from simulations.experiment import load_experiment
    >>> next(parameters(plan_of(load_experiment("franklin-choices"))))["share"]
    0.125
    """
    asked = plan.asked
    told = asked.panel.model_dump(exclude_none=True, mode="json")
    always = {"design": asked.design, "panel": asked.panel.name or told}
    for number in range(plan.size):
        options = plan.cell(number).options
        yield {**always, **{name: thaw(one.value) for name, one in options.items()}}


def fingerprints(plan: Plan, panel: Panel) -> Mapping[str, str]:
    """Give the fingerprints of all that decides what an experiment finds on a panel."""
    used = [one for axis in plan.axes for option in axis.tried for one in option.parts]
    return {
        plan.design.name: plan.base.fingerprint,
        panel.name: panel.digest,
        "experiment": plan.asked.fingerprint,
        "adaptations": digest([one.model_dump(mode="json") for one in used]),
    }


def plan_of(asked: Experiment) -> Plan:
    """Hold an experiment to its design: every option alone must give a design that holds.

    Raises:
        ProblemsError: everything that does not fit, with its place in the file.
    """
    design = load_design(asked.design)
    base = adapt(design, *_filed(asked, design)) if asked.adaptations else design
    name = _list_of(asked, base)
    problems: list[Problem] = []
    axes = axes_of(asked, design, base, name, problems=problems)
    size = math.prod(len(axis.options) or 1 for axis in axes)
    problems += [
        *_not_alike(asked, base, name),
        *_doubled(asked, axes),
        *_too_many(asked, axes, size),
    ]
    places = _sampled(asked.sample, axes, asked.seed) if asked.sample and axes else None
    plan = Plan(asked, design, base, name, axes, size if places is None else len(places), places)
    problems += [problem for axis in axes for problem in _wrong(plan, axis)]
    if problems:
        raise ProblemsError(problems)
    return plan


def _filed(asked: Experiment, design: Design) -> tuple[Adaptation, ...]:
    """Give the adaptations that hold in every cell, taken apart into single ones."""
    named = (load_adaptation(word) for word in asked.adaptations)
    return tuple(part for one in named for part in one.parts(design))


def _list_of(asked: Experiment, base: Design) -> str:
    name = asked.list if asked.list or len(base.lists) != 1 else base.lists[0]
    if name not in base.lists:
        text = f"must be one of {listed(base.lists, most=20)}, but it says {name or 'nothing'}."
        raise ProblemsError([asked.problem(("list",), text + did_you_mean(name, base.lists))])
    return str(name)


def _not_alike(asked: Experiment, base: Design, name: str) -> Iterator[Problem]:
    if name in base.unknown:
        text = f"{name} rests on {base.unknown[name]}, where a number is not known (null)."
        hint = "Say adaptations, such as [core/usual], that fill it in every cell."
        yield asked.problem(("design",), f"{text} {hint}")
    drawn = asked.draw.kind != "none"
    if drawn and asked.draws < 2:  # noqa: PLR2004 (one draw has no error)
        yield asked.problem(("draw",), f"{asked.draw.kind} needs draws: 2 or more.")
    if not drawn and asked.draws:
        yield asked.problem(("draws",), "must be left out where nothing is drawn (draw: none).")
    if not drawn and DRAWN in asked.outcomes:
        text = f"{DRAWN} compares a draw with the published list; say draw and draws."
        yield asked.problem(("outcomes",), text)
    if not asked.levers and not asked.uncertainties:
        yield asked.problem(("levers",), "must say at least one lever or uncertainty.")


def _doubled(asked: Experiment, axes: Sequence[Axis]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for axis in axes:
        for address in {at for one in axis.tried for at in one.changes}:
            other = seen.setdefault(address, axis.name)
            if other != axis.name:
                text = f"{other} and {axis.name} both change {address}."
                yield asked.problem(_place(axis), text)


def _place(axis: Axis) -> tuple[str, str]:
    return (PLACES[axis.side], axis.name)


def _too_many(asked: Experiment, axes: Sequence[Axis], size: int) -> Iterator[Problem]:
    if asked.sample is not None:
        return
    ranges = [axis.name for axis in axes if not axis.options]
    hint = "Say how many cells are sampled: sample: {cells: 1000, method: latin}."
    if ranges:
        yield asked.problem(("levers",), f"{listed(ranges)} takes any number of a range. {hint}")
    if size > MOST_CELLS:
        text = f"the grid has {size:,} cells; up to {MOST_CELLS:,} are enumerated."
        yield asked.problem(("levers",), f"{text} {hint}")


def _sampled(sample: Sample, axes: Sequence[Axis], seed: int) -> np.ndarray:
    """Draw cells evenly; sorted, so that neighbours share steps."""
    rng = stream(seed, "experiment", "cells")
    if sample.method == "latin":
        seed = int(rng.integers(2**63))  # SciPy wants a generator that it can split
        places = qmc.LatinHypercube(len(axes), rng=seed).random(sample.cells)
    else:
        places = rng.random((sample.cells, len(axes)))
    options = np.array([max(len(axis.options), 1) for axis in axes])
    order = np.lexsort((*places.T[::-1], *np.floor(places * options).T[::-1]))
    return cast("np.ndarray", places[order])


def _wrong(plan: Plan, axis: Axis) -> Iterator[Problem]:
    """Try every option alone."""
    for option in axis.tried:
        try:
            plan.design_of(Cell(0, FrozenMap({axis.name: option})))
        except ProblemsError as error:
            for one in error.problems:
                yield plan.asked.problem(_place(axis), f"{option.label}: {one.text}")
