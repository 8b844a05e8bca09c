"""What would somebody else decide? Small files of changes to a design, applied together.

To add one: a YAML file under `library/<place>/adaptations/`. A preset is an adaptation that fills
numbers which the base leaves null. No Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from analysis.designs.clause import Clause
from analysis.designs.design import LIBRARY, Design, build_design
from analysis.designs.document import Document, freeze, thaw
from analysis.designs.source import Source, read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed


class Carried(Clause):
    """One change, with the sentence of the reference that it carries out."""

    says: str


class Change(Carried):
    """A new word at an address."""

    to: Any = Field(...)


class Addition(Carried):
    """A new step."""

    clause: dict[str, Any]


class Expected(Clause):
    """What the change does on an example panel: who enters a list, and who leaves it."""

    panel: str
    year: int
    list: str
    enter: tuple[str, ...]
    leave: tuple[str, ...]


class Adaptation(Clause):
    """Changes to one design, who would make them, and what they do on an example panel."""

    schema_: int = Field(1, alias="schema", ge=1, le=1)
    name: str = ""
    title: str
    reference: str
    base: str
    changes: dict[str, Change] = Field(default_factory=dict)
    add: dict[str, Addition] = Field(default_factory=dict)
    remove: dict[str, Carried] = Field(default_factory=dict)
    expected: Expected | None = None

    def touches(self, design: Design) -> frozenset[str]:
        """Name the clauses that the file changes, adds or removes."""
        copies = design.document.copies
        first = [address.split(".")[0] for address in self.changes]
        spread = [name for word in first for name in copies.get(word, (word,))]
        return frozenset((*spread, *self.add, *self.remove))

    def fills(self, design: Design) -> bool:
        """Say whether the file is a preset: every change fills a number that is null."""
        old = (_said(design.document, address) for address in self.changes)
        return (
            bool(self.changes) and not self.add and not self.remove and all(x is None for x in old)
        )


def load_adaptation(adaptation: str | Path) -> Adaptation:
    """Load an adaptation by its built-in name (`place/name`) or from a file.

    Raises:
        ProblemsError: there is none, or everything that is wrong in it.

    >>> load_adaptation("franklin/lowest-third").base
    'franklin/index'
    """
    path = Path(adaptation)
    if path.suffix not in (".yaml", ".yml"):
        known = adaptation_names()
        if str(adaptation) not in known:
            near = did_you_mean(adaptation, known)
            text = f"there is no such adaptation; built in are {listed(known)}.{near}"
            raise fail(str(adaptation), text)
        place, name = str(adaptation).split("/")
        path = LIBRARY / place / "adaptations" / f"{name}.yaml"
    return _parse(read_yaml(path), name=path.stem)


def _parse(source: Source, *, name: str) -> Adaptation:
    problems = list(source.problems)
    try:
        found = TypeAdapter(Adaptation).validate_python(source.said)
    except ValidationError as error:
        words = fields_of(Adaptation)
        for one in error.errors():
            at, text = explain(one, source.said, words)
            problems.append(Problem(source.place(at), f"{'.'.join(at)}: {text}"))
        raise ProblemsError(problems) from error
    if problems:
        raise ProblemsError(problems)
    return found.model_copy(update={"name": name})


def adaptation_names() -> tuple[str, ...]:
    """List the built-in adaptations as `place/name`."""
    files = sorted(LIBRARY.glob("*/adaptations/*.yaml"))
    return tuple(f"{path.parent.parent.name}/{path.stem}" for path in files)


def adapt(design: Design, *adaptations: Adaptation, in_order: bool = False) -> Design:
    """Apply adaptations to their base, all changes together, and check the result once.

    Two adaptations that touch one clause are refused, unless `in_order` says that the later one
    goes last.

    Raises:
        ProblemsError: another base, two that touch one clause, an address that is not there, or
            a design that loading would refuse.

    >>> from analysis.designs.design import load_design
    >>> wider = adapt(load_design("franklin/index"), load_adaptation("franklin/lowest-third"))
    >>> wider.steps["lowest_line"].count
    'up'
    """
    problems = [_other_base(design, one) for one in adaptations if one.base != design.name]
    if not in_order:
        problems += _clashes(design, adaptations)
    if problems:
        raise ProblemsError(problems)
    document = design.document
    for one in adaptations:
        document = _applied(document, one)
    name = "+".join((design.name, *(one.name for one in adaptations)))
    return build_design(replace(document, name=name))


def _other_base(design: Design, one: Adaptation) -> Problem:
    return Problem(one.name, f"base: changes {one.base}, but the design is {design.name}.")


def _clashes(design: Design, adaptations: tuple[Adaptation, ...]) -> list[Problem]:
    return [
        Problem(
            f"{a.name} and {b.name}", f"both touch {listed(sorted(both))}. Say which goes last."
        )
        for place, a in enumerate(adaptations)
        for b in adaptations[place + 1 :]
        if (both := a.touches(design) & b.touches(design))
    ]


def _applied(document: Document, one: Adaptation) -> Document:
    steps = thaw(document.steps)
    problems = [
        Problem(one.name, f"remove: there is no step {name}.{did_you_mean(name, steps)}")
        for name in one.remove
        if name not in steps
    ] + [
        Problem(one.name, f"add: the step {name} is there already.")
        for name in one.add
        if name in steps and name not in one.remove
    ]
    if problems:
        raise ProblemsError(problems)
    kept = {name: said for name, said in steps.items() if name not in one.remove}
    added = {name: addition.clause for name, addition in one.add.items()}
    grown = replace(document, steps=freeze({**kept, **added}))
    return grown.changed({address: change.to for address, change in one.changes.items()})


def _said(document: Document, address: str) -> object:
    first, *rest = address.split(".")
    name = document.copies.get(first, (first,))[0]
    at: object = document.steps.get(name) or document.headings.get(name)
    for word in rest:
        if not isinstance(at, Mapping):
            return "nothing lies here"
        at = next((value for key, value in at.items() if str(key) == word), "not said")
    return at
