"""What has an agency decided? A design: named steps, loaded from a file, varied by address.

To add a built-in design: a YAML file under `library/<place>/`. No Python.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from analysis.designs.checking import EVERYONE, Header, Measure, SchoolColumn, check
from analysis.designs.clause import Clause, FrozenMap, Names
from analysis.designs.document import TOLD, Document, open_document
from analysis.designs.rules import Named, Rule
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.source import Source, parse_yaml, read_yaml
from analysis.problems import did_you_mean, fail, listed

LIBRARY: Final = Path(__file__).parent / "library"


@dataclass(frozen=True)
class Design:
    """Everything an agency has decided, as named steps in order of reference.

    `measures` and `columns` are what is read from a panel; `unknown` maps each step that rests
    on a number nobody knows (null) to the step that says null.
    """

    name: str
    header: Header
    measures: FrozenMap[str, Measure]
    columns: FrozenMap[str, SchoolColumn]
    steps: FrozenMap[str, Rule]
    names: Names
    document: Document

    @property
    def title(self) -> str:
        """The design's name for readers."""
        return self.header.title

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists on which schools may be named."""
        return tuple(name for name, rule in self.steps.items() if isinstance(rule, Named))

    @property
    def derived_groups(self) -> tuple[str, ...]:
        """The groups whose cells a step gives; a panel needs no rows of them."""
        rules = (rule for rule in self.steps.values() if isinstance(rule, LowestGroup))
        return tuple(dict.fromkeys(rule.as_ for rule in rules))

    @cached_property
    def unknown(self) -> Mapping[str, str]:
        """Steps without a result because a number is null: step -> the step that says null."""
        found: dict[str, str] = {}
        for name, rule in self.steps.items():
            if rule.unknown():
                found[name] = name
            cause = next((found[used] for used in rule.uses() if used in found), None)
            if name not in found and cause is not None:
                found[name] = cause
        return FrozenMap(found)

    def uses(self, name: str) -> tuple[str, ...]:
        """Name what a step reads, without the pool of all schools."""
        return tuple(used for used in self.steps[name].uses() if used != EVERYONE)

    def below(self, name: str, *, conditions: bool = True) -> tuple[str, ...]:
        """Name a step and all that it rests on, measures too; on demand not through conditions.

        >>> load_design("franklin/index").below("ela_points")
        ('ela', 'ela_counted', 'ela_level', 'ela_points')
        """
        found = self._reached(name, lambda rule: rule.uses(), conditions=conditions)
        return tuple(one for one in (*self.measures, *self.steps) if one in found)

    def measured_by(self, name: str, *, conditions: bool = True) -> tuple[str, ...]:
        """Name the measures of which the values of a step, or of a measure itself, are made.

        What only chooses among them (`by` of `lowest_group`) is left out.

        >>> load_design("franklin/index").measured_by("ela_points")
        ('ela',)
        """
        found = self._reached(name, lambda rule: rule.values_from(), conditions=conditions)
        return tuple(one for one in self.measures if one in found)

    def _reached(
        self, name: str, reads: Callable[[Rule], tuple[str, ...]], *, conditions: bool
    ) -> frozenset[str]:
        """Name a step and everything that one comes to by what each step reads."""
        found, kinds = {name}, self.names.kinds
        for step in reversed(self.steps):
            if step in found:
                used = reads(self.steps[step])
                found.update(u for u in used if conditions or kinds.get(u) != "condition")
        return frozenset(found)

    def vary(self, changes: Mapping[str, Any]) -> Design:
        """Change words at some addresses and check the whole design anew.

        An address is `step.word`, deeper for mappings (`ela_level.from.10`), or a heading
        (`headline.index`). The name of a clause with `for:` changes all its copies, the name of a
        set of steps all of them; a change of `step.rule` replaces the clause by the words given
        with it.

        Raises:
            ProblemsError: an address that is not there, or a design that loading would refuse.

        >>> base = load_design("franklin/index")
        >>> base.vary({"of_part.of.growth_points": 2}).fingerprint == base.fingerprint
        False
        """
        return build_design(self.document.changed(changes))

    def evidence(self, address: str) -> tuple[str | None, str | None]:
        """Give the source of an address and how it is known: the nearest one above it.

        Words of `from_students` that the file leaves out have the source of their default.
        """
        words = address.removeprefix("measures.").split(".")
        copied = [name for name, made in self.document.copies.items() if words[0] in made]
        for size in range(len(words), 0, -1):
            for first in (words[0], *copied):
                told = self.header.exceptions.get(".".join((first, *words[1:size])))
                if told is not None:
                    return told.get("cite"), told.get("evidence")
        return self._source(words)

    def _source(self, words: Sequence[str]) -> tuple[str | None, str | None]:
        measure = self.measures.get(words[0])
        above: list[Clause | None] = [self.header, self.steps.get(words[0]) or measure]
        if words[0] == "students":
            above.append(self.header.students)
        if measure and measure.from_students and words[1:2] == ["from_students"]:
            above.append(measure.from_students)
            word = ".".join(words[2:3])
            if word in measure.from_students.sources and word not in measure.from_students.said():
                return measure.from_students.sources[word]
        told = [clause for clause in above if clause and (clause.evidence or clause.cite)]
        source = told[-1] if told else self.header
        return source.cite, source.evidence

    @cached_property
    def fingerprint(self) -> str:
        """A short code for what decides; texts, sources and labels do not change it."""
        steps = [self.clause_key(name) for name in sorted(self.steps)]
        return digest(steps, self.header.headline, *self._counted)

    @property
    def _counted(self) -> list[object]:
        """What decides how students become measures; nothing where no student is counted."""
        said = {name: one.from_students for name, one in self.measures.items()}
        clauses = {name: one for name, one in sorted(said.items()) if one is not None}
        if not clauses:
            return []
        decides = {name: plain(clause) for name, clause in clauses.items()}
        return [decides, None if self.header.students is None else plain(self.header.students)]

    def clause_key(self, name: str) -> str:
        """A short code for the words of one step that decide."""
        said = self.document.steps[name]
        decides = {word: x for word, x in said.items() if word not in TOLD}
        sets = self.header.sets
        named = {x: sets[x] for x in decides.values() if isinstance(x, str) and x in sets}
        return digest(name, decides, named)


def plain(clause: Clause) -> object:
    """Give the words of a clause that decide, as plain values, with those it leaves to defaults."""
    told = set(Clause.model_fields)
    return {
        word: plain(said) if isinstance(said, Clause) else said
        for word, said in clause
        if word not in told
    }


def digest(*parts: object) -> str:
    """Make a short code of plain values; equal values, equal code."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_design(design: str | Path) -> Design:
    """Load a design by its built-in name (`place/name`) or from a file.

    Raises:
        ProblemsError: no such design, or everything that is wrong in it, with file and line.

    >>> load_design("franklin/index").lists
    ('lowest',)
    """
    path = find_design(design)
    name = str(design) if path.is_relative_to(LIBRARY) else path.stem
    return build_design(open_document(read_yaml(path), name=name))


def parse_design(text: str, *, name: str = "design") -> Design:
    r"""Read a design from YAML text, as in worked examples.

    Raises:
        ProblemsError: everything that is wrong in it, with line and clause.

    >>> points = "points: {level: {rule: cuts, of: ela, from: {2: 40, 3: 60}}}"
    >>> parse_design("title: T\nmeasures: {ela: {unit: percent}}\n" + points).steps["level"].rule
    'cuts'
    """
    return build_design(open_document(parse_yaml(text, file=name), name=name))


def design_from(said: Mapping[str, Any], *, name: str) -> Design:
    """Make a design from plain values that were read elsewhere."""
    return build_design(open_document(Source(name, dict(said)), name=name))


def build_design(document: Document) -> Design:
    """Check a document and make the design of it.

    Raises:
        ProblemsError: everything that is wrong in it.
    """
    found = check(document)
    return Design(
        document.name,
        found.header,
        found.measures,
        found.columns,
        found.steps,
        found.names,
        document,
    )


def find_design(design: str | Path) -> Path:
    """Find the file of a design: a built-in name stands wherever a path may.

    Raises:
        ProblemsError: there is none, with the nearest name that is.
    """
    path = Path(design)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise fail(str(design), "there is no such file.")
        return path
    if str(design) not in design_names():
        known: Sequence[str] = design_names()
        near = did_you_mean(design, known)
        raise fail(str(design), f"there is no such design; built in are {listed(known)}.{near}")
    return LIBRARY / f"{design}.yaml"


def design_names() -> tuple[str, ...]:
    """List the built-in designs as `place/name`."""
    files = sorted(LIBRARY.glob("*/*.yaml"))
    return tuple(f"{path.parent.name}/{path.stem}" for path in files if "." not in path.stem)
