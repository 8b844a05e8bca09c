"""What would somebody else decide? Small files of changes to a design, applied together.

To add one: a YAML file under `library/<place>/adaptations/`. A preset is an adaptation that fills
numbers which the base leaves null; with `settles` it says which decision it settles. No Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from analysis.designs.clause import Clause, FrozenMap
from analysis.designs.design import LIBRARY, Design, build_design
from analysis.designs.document import Document, freeze, thaw
from analysis.designs.source import Source, read_yaml
from analysis.designs.wording import explain, fields_of
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.values import ALL

FILES: Final = (".yaml", ".yml")
_MEASURES: Final = "measures."
"""Before the name of what is added, where it is a measure and not a step."""


class Carried(Clause):
    """One change, with the sentence of the reference that it carries out."""

    says: str


class Change(Carried):
    """A new word at an address."""

    to: Any = Field(...)


class Addition(Carried):
    """A new step; or a new measure, where its name begins with `measures.`."""

    clause: dict[str, Any]


class Expected(Clause):
    """What the change does on an example panel: who enters a list, and who leaves it.

    Or, on a panel of students, the `value` of a `measure` in one `school` (and `group`) under the
    change. `beside` names an adaptation that is applied first, before and after the change.
    """

    beside: str | None = None
    panel: str
    year: int
    list: str | None = None
    enter: tuple[str, ...] | None = None
    leave: tuple[str, ...] | None = None
    measure: str | None = None
    school: str | None = None
    group: str = ALL
    value: float | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        of_list = (self.list, self.enter, self.leave)
        of_value = (self.measure, self.school, self.value)
        forms = [sum(word is not None for word in words) for words in (of_list, of_value)]
        if forms not in ([3, 0], [0, 3]):
            msg = "must say list, enter and leave; or measure, school and value"
            raise ValueError(msg)
        return self


class Adaptation(Clause):
    """Changes to one design, who would make them, and what they do on an example panel.

    `base` names the design: a built-in one, a file without its ending, or a path to a file as seen
    from the folder of the adaptation. `also` names further designs whose clauses have the same
    names. `settles` names the decision that a preset settles; two presets that settle one decision
    exclude each other. `presets` names adaptations that are applied first; those that are for
    another design are passed over.
    """

    schema_: int = Field(1, alias="schema", ge=1, le=1)
    name: str = ""
    title: str
    reference: str
    base: str
    also: tuple[str, ...] = ()
    settles: str | None = None
    presets: tuple[str, ...] = ()
    changes: dict[str, Change] = Field(default_factory=dict)
    add: dict[str, Addition] = Field(default_factory=dict)
    remove: dict[str, Carried] = Field(default_factory=dict)
    expected: Expected | None = None

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of the designs that the file may change."""
        return tuple(
            Path(one).stem if one.endswith(FILES) else one for one in (self.base, *self.also)
        )

    def parts(self, design: Design) -> tuple[Adaptation, ...]:
        """Give the adaptations that are applied to a design: its presets, then the file itself."""
        named = (load_adaptation(name) for name in self.presets)
        inner = [part for one in named if design.name in one.bases for part in one.parts(design)]
        return (*inner, self) if self.changes or self.add or self.remove else tuple(inner)

    def addresses(self, design: Design) -> frozenset[str]:
        """Give the address of every word that the file changes, clause by clause."""
        spread = design.document.spread
        parts = (address.partition(".") for address in self.changes)
        return frozenset(
            f"{name}{dot}{rest}"
            for first, dot, rest in parts
            for name in spread.get(first, (first,))
        )

    def touches(self, design: Design) -> frozenset[str]:
        """Name the clauses that the file changes, adds or removes; of a heading, its entries."""
        words = (address.split(".") for address in self.addresses(design))
        steps = design.document.steps
        changed = (".".join(said[: 1 if said[0] in steps else 2]) for said in words)
        return frozenset((*changed, *self.add, *self.remove))

    def fills(self, design: Design) -> bool:
        """Say whether the file is a preset: every change fills a number that is null."""
        if self.presets and not (self.changes or self.add or self.remove):
            return all(part.fills(design) for part in self.parts(design))
        old = (_said(design.document, address) for address in self.addresses(design))
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
    if path.suffix not in FILES:
        known = adaptation_names()
        if str(adaptation) not in known:
            near = did_you_mean(adaptation, known)
            text = f"there is no such adaptation; built in are {listed(known)}.{near}"
            raise fail(str(adaptation), text)
        place, name = str(adaptation).split("/")
        path = LIBRARY / place / "adaptations" / f"{name}.yaml"
    return _parse(read_yaml(path), name=path.stem, folder=path.parent)


def _parse(source: Source, *, name: str, folder: Path) -> Adaptation:
    problems = list(source.problems)
    try:
        found = TypeAdapter(Adaptation).validate_python(source.said)
    except ValidationError as error:
        words = fields_of(Adaptation)
        for one in error.errors():
            at, text = explain(one, source.said, words)
            problems.append(Problem(source.place(at), f"{'.'.join(at)}: {text}"))
        raise ProblemsError(problems) from error
    problems += _lost(found, source, folder)
    if problems:
        raise ProblemsError(problems)
    named = (found.base, *found.also)
    base, *also = (str(folder / one) if one.endswith(FILES) else one for one in named)
    return found.model_copy(update={"name": name, "base": base, "also": tuple(also)})


def _lost(found: Adaptation, source: Source, folder: Path) -> Iterator[Problem]:
    for word, named in (("base", (found.base,)), ("also", found.also)):
        for one in named:
            if one.endswith(FILES) and not (folder / one).is_file():
                text = f"{word}: there is no file {one}, seen from the folder of {source.file}."
                yield Problem(source.place((word,)), text)


def adaptation_names() -> tuple[str, ...]:
    """List the built-in adaptations as `place/name`."""
    files = sorted(LIBRARY.glob("*/adaptations/*.yaml"))
    return tuple(f"{path.parent.parent.name}/{path.stem}" for path in files)


def adapt(design: Design, *adaptations: Adaptation, in_order: bool = False) -> Design:
    """Apply adaptations to their base, all changes together, and check the result once.

    Two adaptations that touch one clause are refused, unless `in_order` says that the later one
    goes last. So are two presets that settle one decision; presets of different decisions may fill
    different words of one clause.

    Raises:
        ProblemsError: another base, two that touch one clause or settle one decision, an address
            that is not there, or a design that loading would refuse.

    >>> from analysis.designs.design import load_design
    >>> wider = adapt(load_design("franklin/index"), load_adaptation("franklin/lowest-third"))
    >>> wider.steps["lowest_line"].count
    'up'
    """
    problems = [_other_base(design, one) for one in adaptations if design.name not in one.bases]
    parts = tuple(part for one in adaptations for part in one.parts(design))
    if not in_order:
        problems += _clashes(design, parts)
    if problems:
        raise ProblemsError(problems)
    document = design.document
    for one in parts:
        document = _applied(document, one)
    name = "+".join((design.name, *(one.name for one in adaptations)))
    return build_design(replace(document, name=name))


def later_holds(design: Design, adaptations: Iterable[Adaptation]) -> tuple[Adaptation, ...]:
    """Take adaptations apart; of two presets that settle one decision the later one holds.

    >>> from analysis.designs.design import load_design
    >>> named = (load_adaptation(f"core/{name}") for name in ("split-half", "split-fifths"))
    >>> [one.name for one in later_holds(load_design("core/sqii-full"), named)]
    ['split-fifths']
    """
    parts = (part for one in adaptations for part in one.parts(design))
    return tuple({part.settles or part.name: part for part in parts}.values())


def _other_base(design: Design, one: Adaptation) -> Problem:
    return Problem(one.name, f"base: changes {listed(one.bases)}, but the design is {design.name}.")


def _clashes(design: Design, adaptations: tuple[Adaptation, ...]) -> list[Problem]:
    return [
        Problem(f"{a.name} and {b.name}", text)
        for place, a in enumerate(adaptations)
        for b in adaptations[place + 1 :]
        if (text := _clash(design, a, b))
    ]


def _clash(design: Design, a: Adaptation, b: Adaptation) -> str:
    if a.settles and a.settles == b.settles:
        return f"both settle {a.settles}. Take one of them, or say which goes last."
    both = a.touches(design) & b.touches(design)
    if a.settles and b.settles:
        both = a.addresses(design) & b.addresses(design)
    return f"both touch {listed(sorted(both))}. Say which goes last." if both else ""


def _applied(document: Document, one: Adaptation) -> Document:
    steps = thaw(document.steps)
    measures = thaw(document.headings.get("measures", {}))
    there = {*steps, *(f"{_MEASURES}{name}" for name in measures)}
    problems = [
        Problem(one.name, f"remove: there is no step {name}.{did_you_mean(name, steps)}")
        for name in one.remove
        if name not in steps
    ] + [
        Problem(one.name, f"add: the {_kind(name)} {name} is there already.")
        for name in one.add
        if name in there and name not in one.remove
    ]
    if problems:
        raise ProblemsError(problems)
    kept = {name: said for name, said in steps.items() if name not in one.remove}
    for name, addition in one.add.items():
        home = measures if name.startswith(_MEASURES) else kept
        home[name.removeprefix(_MEASURES)] = dict(addition.clause)
    headings = {**document.headings, "measures": freeze(measures)}
    grown = replace(document, steps=freeze(kept), headings=FrozenMap(headings))
    return grown.changed({address: change.to for address, change in one.changes.items()})


def _kind(name: str) -> str:
    return "measure" if name.startswith(_MEASURES) else "step"


def _said(document: Document, address: str) -> object:
    first, *rest = address.split(".")
    at: object = document.steps.get(first) or document.headings.get(first)
    for word in rest:
        if not isinstance(at, Mapping):
            return "nothing lies here"
        at = next((value for key, value in at.items() if str(key) == word), "not said")
    return at
