"""What is asked of schools that respond? Designs, mechanisms, aims, costs and worlds, in a file.

To add an experiment: a YAML file under `experiments/`; one that differs from another in a few words
names it as its `base`. No Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import Field, ValidationError

from analysis.designs.adaptation import FILES, adapt, later_holds, load_adaptation
from analysis.designs.counting import Counting
from analysis.designs.design import Design, load_design
from analysis.designs.source import read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.panels.students.counts import count_of
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from simulations.experiment import Words
from simulations.gaming.fitting import wrong
from simulations.gaming.game import Aims, Means, Sees
from simulations.gaming.kinds import At, load_mechanism
from simulations.gaming.mechanism import Mechanism
from simulations.gaming.worlds import AUDITS
from simulations.population.world import World, load_world
from simulations.streams import stream

HOME: Final = Path(__file__).parent / "experiments"


class Span(Words):
    """A range of numbers; each school has one of them, evenly on a logarithmic scale."""

    low: float = Field(alias="from")
    high: float = Field(alias="to")


class Wanted(Words):
    """What schools want, as `Aims` says."""

    identification: float = 0.0
    levels: float = 0.0
    reputation: float = 0.0
    intrinsic: float = 0.0
    caught: float = 0.0

    def aims(self) -> Aims:
        """Give the aims, checked."""
        return Aims(**self.model_dump())


class Choice(Words):
    """One design: its changes, its list, the design it is held to, and aims of its own if said."""

    title: str
    design: str
    adaptations: tuple[str, ...] = ()
    list: str
    against: str | None = None
    aims: Wanted | None = None


class Drawn(Words):
    """Which made-up schools: a world, `seeds` sets of schools, `draws` of each, and two years."""

    world: str
    seeds: int = Field(ge=1)
    draws: int = Field(ge=2)
    base_year: int
    year: int


class Counted(Words):
    """Which design says how students become values, where a design does not say it itself."""

    design: str
    adaptations: tuple[str, ...] = ()


class Asked(Words):
    """Everything that an experiment says; `name` is that of its file."""

    name: str = "experiment"
    title: str
    about: str = ""
    estimand: str
    pool: str
    worlds: Drawn
    students: Counted
    designs: Mapping[str, Choice] = Field(min_length=1)
    mechanisms: tuple[str, ...] = Field(min_length=1)
    at: At = "usual"
    aims: Wanted
    costs: Span
    budget: Span | None = None
    power: float = 2.0
    luck: float = Field(0.0, ge=0)
    sees: Sees = "everything"
    rounds: int = Field(12, ge=1)
    grid: int = Field(3, ge=1)
    audit_reliability: float = Field(0.9, gt=0, le=1)
    home: Path = HOME

    @property
    def asked(self) -> Mapping[str, Any]:
        """Everything that decides a number, as plain values."""
        idle = {"name", "title", "about", "home"}
        return self.model_dump(mode="json", by_alias=True, exclude=idle, exclude_defaults=True)

    @property
    def fingerprint(self) -> str:
        """A short code for what is asked."""
        text = json.dumps(self.asked, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @cached_property
    def world(self) -> World:
        """The numbers of the districts."""
        return load_world(self.worlds.world)

    @cached_property
    def counting(self) -> Design:
        """The design that says how students become values."""
        return self._adapted(self.students.design, self.students.adaptations)

    @cached_property
    def kinds(self) -> tuple[Mechanism, ...]:
        """What schools may do."""
        return tuple(load_mechanism(name, self.at) for name in self.mechanisms)

    def design(self, name: str) -> Design:
        """Give one of the designs, with its changes."""
        said = self.designs[name]
        return self._adapted(said.design, said.adaptations)

    def counted_by(self, design: Design, name: str) -> Design:
        """Give the design that counts students for another: the common one, or itself.

        It counts for itself where it says otherwise whose students count and in which group, or
        how a measure is defined on which its list rests.
        """
        if design.header.students not in (None, self.counting.header.students):
            return design
        for measure in self.measures(design, name):
            own = design.measures[measure].from_students
            if own is not None and own != self.counting.measures[measure].from_students:
                return design
        return self.counting

    def measures(self, design: Design, name: str) -> tuple[str, ...]:
        """Name the measures on which the list of a design rests."""
        below = design.below(self.designs[name].list)
        return tuple(measure for measure in design.measures if measure in below)

    def moving(self, design: Design, name: str) -> tuple[str, ...]:
        """Name the mechanisms that move a measure on which the list of a design rests."""
        wanted = self.measures(design, name)
        counting = self.counted_by(design, name)
        return tuple(one.name for one in self.kinds if _moves(one, counting, wanted))

    def aims_of(self, name: str) -> Aims:
        """Give what schools want under a design."""
        return (self.designs[name].aims or self.aims).aims()

    def means(self, seed: int, shape: tuple[int, int]) -> Means:
        """Draw what effort costs each school, and its budget, over draw and row."""
        prices = {}
        for name in self.mechanisms:
            prices[name] = _spread(self.costs, shape, seed, name)
        budget = None if self.budget is None else _spread(self.budget, shape, seed, "budget")
        return Means(prices, budget, self.power, self.luck, self.grid)

    def _adapted(self, name: str, adaptations: tuple[str, ...]) -> Design:
        """Apply adaptations; of two presets that settle one decision the later one holds."""
        path = self.home / name
        design = load_design(path if path.suffix in FILES else name)
        files = ((said, self.home / said) for said in adaptations)
        named = (load_adaptation(at if at.suffix in FILES else said) for said, at in files)
        return adapt(design, *later_holds(design, named), in_order=True)


def _spread(span: Span, shape: tuple[int, int], seed: int, name: str) -> np.ndarray:
    """Give each school a number of a span, the same in every draw."""
    u = stream(seed, "gaming", "spread", name).random(shape[1])
    low, high = np.log(span.low), np.log(span.high)
    return np.broadcast_to(np.exp(low + u * (high - low)), shape).copy()


def _moves(mechanism: Mechanism, counting: Design, wanted: tuple[str, ...]) -> bool:
    students = counting.header.students
    assert isinstance(students, Counting)  # noqa: S101 (a design that counts students has it)
    reads: set[str] = set(students.columns()) if wanted else set()
    for name in wanted:
        held = counting.measures.get(AUDITS.get(name, name))
        if held is not None and held.from_students is not None:
            reads |= count_of(held.from_students, students, name).columns
    return bool({*mechanism.columns} & reads)


def game_names() -> tuple[str, ...]:
    """List the built-in experiments."""
    return tuple(sorted(path.stem for path in HOME.glob("*.yaml")))


def load_asked(experiment: str | Path) -> Asked:
    """Load an experiment by its built-in name, or from a .yaml file.

    Raises:
        ProblemsError: there is none, or everything in it that cannot be right.

    >>> load_asked("six-designs").worlds.world
    'core-small'
    """
    path = Path(experiment)
    if path.suffix not in FILES:
        known = game_names()
        if str(experiment) not in known:
            near = did_you_mean(experiment, known)
            text = f"there is no such experiment; built in are {listed(known)}.{near}"
            raise fail(str(experiment), text)
        path = HOME / f"{experiment}.yaml"
    source = read_yaml(path)
    problems, found = list(source.problems), None
    said = _with_base(source.said, path.parent)
    try:
        found = Asked.model_validate(said)
    except ValidationError as error:
        for one in error.errors():
            at, text = explain(one, said, fields_of(Asked))
            problems.append(Problem(source.place(at), f"{'.'.join(at)}: {text}"))
    if found is not None and not problems:
        found = found.model_copy(update={"name": path.stem, "home": path.parent})
        problems += [Problem(source.place((w,)), f"{w}: {t}") for w, t in wrong(found)]
    if problems or found is None:
        raise ProblemsError(problems)
    return found


def _with_base(said: Any, folder: Path) -> Any:  # noqa: ANN401 (a file may say anything)
    """Take what a file does not say from its `base`, a file beside it."""
    if not isinstance(said, dict) or "base" not in said:
        return said
    rest = {word: x for word, x in said.items() if word != "base"}
    above = read_yaml(folder / str(said["base"]))
    if above.problems:
        raise ProblemsError(above.problems)
    return {**_with_base(above.said, folder), **rest}
