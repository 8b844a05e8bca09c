"""Can a design be right? Every clause is read, and every problem is told at once.

To add a check on one rule: its `wrong`. To add one on the whole design: one function here that
yields problems, called in `check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from analysis.designs.by_column import by_columns
from analysis.designs.clause import Clause, FrozenMap, Names, Ref, WordsField
from analysis.designs.counting import Counting
from analysis.designs.definitions import FromStudents
from analysis.designs.document import Document, thaw
from analysis.designs.rules import STEP, Rule
from analysis.designs.wording import explain, words_at
from analysis.problems import Problem, ProblemsError, did_you_mean, listed, sentence
from analysis.values import ALL

EVERYONE: Final = "all_schools"
"""The pool that holds every school."""


Indicator = Literal["achievement", "other_academic", "graduation", "el_progress", "school_quality"]
"""The indicators of the Every Student Succeeds Act, 20 U.S.C. 6311(c)(4)(B)."""


class Measure(Clause):
    """One thing measured: its name for readers, its unit, and what it may be.

    `indicator` says for which indicator of the Every Student Succeeds Act it stands.
    `from_students` says how students make its values: a `definition` with its words.
    """

    label: str | None = None
    unit: str | None = None
    better: Literal["high", "low"] | None = None
    range: tuple[float, float] | None = None
    levels: tuple[str, ...] = ()
    indicator: Indicator | None = None
    from_students: FromStudents | None = None


class SchoolColumn(Clause):
    """What is known of each school: yes or no, a number, a word, or the code of another school."""

    holds: Literal["yes_no", "number", "text", "school"]
    label: str | None = None
    one_of: tuple[str, ...] = ()


class Headline(Clause):
    """Which steps are the index and the rating that people look at first."""

    index: str | None = None
    rating: str | None = None


class Header(Clause):
    """What stands above the clauses of a design."""

    schema_: Literal[1] = Field(1, alias="schema")
    title: str
    about: str | None = None
    entity: Literal["school", "district"] = "school"
    exceptions: dict[str, dict[str, str]] = Field(default_factory=dict)
    sets: dict[str, WordsField] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    students: Counting | None = None
    headline: Headline = Headline()


@dataclass(frozen=True)
class Checked:
    """A design whose clauses are read and hold together; steps in order of reference."""

    header: Header
    measures: FrozenMap[str, Measure]
    columns: FrozenMap[str, SchoolColumn]
    steps: FrozenMap[str, Rule]
    names: Names


def check(document: Document) -> Checked:
    """Read every clause of a document.

    Raises:
        ProblemsError: everything that is wrong, each with its file, line and clause.
    """
    reading = _Reading(document)
    header = reading.header()
    measures = reading.shelf("measures", Measure)
    columns = reading.shelf("schools", SchoolColumn)
    steps = reading.steps()
    problems = [*document.problems, *reading.problems]
    problems += _doubled(document, measures, columns, steps)
    names = (*measures, *columns, *document.steps)
    problems += _references(document, header, steps, names)
    ordered = _in_order(document, steps, problems)
    known = _names(header, measures, columns, ordered)
    problems += _meaning(document, ordered, known)
    problems += _students(document, header, measures)
    if problems:
        raise ProblemsError(dict.fromkeys(problems))
    return Checked(header, FrozenMap(measures), FrozenMap(columns), FrozenMap(ordered), known)


class _Reading:
    """Turns what a document says into clauses, gathering what cannot be read."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        sets = document.headings.get("sets")
        self.sets = thaw(sets) if isinstance(sets, Mapping) else {}

    def header(self) -> Header:
        skip = ("measures", "schools")
        said = {word: thaw(x) for word, x in self.document.headings.items() if word not in skip}
        found = self._read(TypeAdapter(Header), said, (), Header)
        return found or Header(title="")

    def shelf(self, heading: str, model: type[Any]) -> dict[str, Any]:
        said = self.document.headings.get(heading) or {}
        if not isinstance(said, Mapping):
            self.problems.append(self.document.problem((heading,), "must hold named entries."))
            return {}
        adapter = TypeAdapter(model)
        read = {
            str(name): self._read(adapter, thaw(entry) or {}, (heading, str(name)), model)
            for name, entry in said.items()
        }
        return {name: found for name, found in read.items() if found is not None}

    def steps(self) -> dict[str, Rule]:
        read = {n: self._read(STEP, thaw(c), (n,)) for n, c in self.document.steps.items()}
        return {name: found for name, found in read.items() if found is not None}

    def _read(
        self,
        adapter: TypeAdapter[Any],
        said: Any,  # noqa: ANN401 (a file may say anything)
        path: tuple[str, ...],
        model: type[Clause] | None = None,
    ) -> Any:  # noqa: ANN401
        try:
            return adapter.validate_python(said, context={"sets": self.sets})
        except ValidationError as error:
            for found in error.errors():
                at, text = explain(found, said, words_at(model, found["loc"]))
                self.problems.append(self.document.problem((*path, *at), text))
            return None


def _doubled(document: Document, *shelves: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = {EVERYONE}
    for shelf in shelves:
        for name in shelf:
            if name in seen:
                yield document.problem((name,), "a measure, school column or step has this name.")
            seen.add(name)


def _students(
    document: Document, header: Header, measures: Mapping[str, Measure]
) -> Iterator[Problem]:
    counted = {name: m.from_students for name, m in measures.items() if m.from_students}
    for name, definition in counted.items():
        for word, text in definition.wrong():
            yield document.problem(
                ("measures", name, "from_students", *word.split(".")), sentence(text)
            )
    if header.students is not None:
        for word, text in header.students.wrong():
            yield document.problem(("students", *word.split(".")), sentence(text))
    elif counted and "students" not in document.headings:
        text = "is counted from students, so the heading students must say whose students count."
        yield document.problem(("measures", next(iter(counted)), "from_students"), text)


def _references(
    document: Document, header: Header, steps: Mapping[str, Rule], names: tuple[str, ...]
) -> Iterator[Problem]:
    for name, rule in steps.items():
        for used in rule.uses():
            if used not in (*names, EVERYONE):
                text = f"reads {used}, which is no measure, school column or step."
                yield document.problem((name,), text + did_you_mean(used, names))
        for ref in rule.refs():
            if ref.group is not None:
                yield from _groups(document, header, name, (ref.group,))
        for word in ("groups", "rest"):
            yield from _groups(document, header, name, getattr(rule, word, None) or ())
    yield from _header_references(document, header, names)


def _header_references(
    document: Document, header: Header, names: tuple[str, ...]
) -> Iterator[Problem]:
    known = (*names, *document.copies, "students")
    for address in header.exceptions:
        first = address.partition(".")[0]
        if first not in known:
            text = f"names {first}, which is no measure, school column or step."
            yield document.problem(("exceptions", address), text + did_you_mean(first, known))
    for word in ("index", "rating"):
        told = getattr(header.headline, word)
        if told is not None and told not in names:
            text = f"names {told}, which is no step.{did_you_mean(told, names)}"
            yield document.problem(("headline", word), text)


def _groups(
    document: Document, header: Header, name: str, groups: tuple[str, ...]
) -> Iterator[Problem]:
    known = (ALL, *header.groups)
    for group in groups:
        if group not in known:
            near = did_you_mean(group, known)
            text = f"reads the group {group}; the design's groups are {listed(known)}.{near}"
            yield document.problem((name,), text)


def _in_order(
    document: Document, steps: Mapping[str, Rule], problems: list[Problem]
) -> dict[str, Rule]:
    graph = {name: [u for u in rule.uses() if u in steps] for name, rule in steps.items()}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        ring = " -> ".join(reversed(error.args[1]))
        problems.append(document.problem((error.args[1][0],), f"steps read each other: {ring}."))
        return dict(steps)
    return {name: steps[name] for name in order}


def _names(
    header: Header,
    measures: Mapping[str, Measure],
    columns: Mapping[str, SchoolColumn],
    steps: Mapping[str, Rule],
) -> Names:
    kinds: dict[str, str] = {EVERYONE: "condition"}
    labels: dict[str, tuple[str, ...]] = {}
    for name, measure in measures.items():
        kinds[name] = "condition" if measure.unit == "condition" else "number"
        labels[name] = measure.levels
    for name, column in columns.items():
        kinds[name] = "condition" if column.holds == "yes_no" else "number"
        labels[name] = column.one_of
    words = FrozenMap({name: column.one_of for name, column in columns.items()})
    for name, rule in steps.items():
        known = Names(FrozenMap(kinds), FrozenMap(labels), words, (ALL, *header.groups))
        kinds[name], labels[name] = rule.kind(known), rule.labels(known)
    return Names(FrozenMap(kinds), FrozenMap(labels), words, (ALL, *header.groups))


def _meaning(document: Document, steps: Mapping[str, Rule], names: Names) -> Iterator[Problem]:
    for name, rule in steps.items():
        for word, text in rule.wrong(names):
            yield document.problem((name, *word.split(".")), sentence(text))
        for word in rule.conditions:
            for ref in _as_refs(getattr(rule, word, None)):
                kind = names.kinds.get(ref.of, "condition")
                if kind != "condition":
                    text = f"must name a condition, but {ref.of} gives a {kind}."
                    yield document.problem((name, word), text)
        yield from (document.problem((name,), text) for text in by_columns(rule, names))


def _as_refs(said: Any) -> tuple[Ref, ...]:  # noqa: ANN401 (any word of a clause)
    if isinstance(said, Ref):
        return (said,)
    return said if isinstance(said, tuple) else ()
