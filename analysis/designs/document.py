"""What does a design file say, clause by clause, once every `for:` is written out?

A document is plain text and numbers with an address for each place; nothing is judged yet.
To add a heading: its name in `HEADINGS` or `SHELVES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from analysis.designs.clause import FrozenMap
from analysis.designs.source import PathKey, Source
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed

SHELVES: Final = ("points", "index", "conditions", "lists")
"""Headings for the reader; steps may stand under any of them."""

HEADINGS: Final = (
    "schema",
    "title",
    "about",
    "entity",
    "cite",
    "evidence",
    "note",
    "exceptions",
    "sets",
    "groups",
    "students",
    "schools",
    "measures",
    "headline",
)
VARIED: Final = ("sets", "groups", "students", "schools", "measures", "headline")
TOLD: Final = ("cite", "evidence", "note", "for")
_EACH: Final = re.compile(r"(?<![A-Za-z0-9])each(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Document:
    """A design as it is written: headings, and steps by name.

    `origin` gives the place of each step in its file; `copies` the steps that a clause with
    `for:` was written out to.
    """

    name: str
    headings: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]]
    source: Source
    origin: Mapping[str, PathKey] = field(default_factory=dict)
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def spread(self) -> Mapping[str, tuple[str, ...]]:
        """The names that address several steps: clauses with `for:`, and sets of steps only."""
        sets = self.headings.get("sets")
        named = {
            str(name): tuple(str(member) for member in members)
            for name, members in (sets.items() if isinstance(sets, Mapping) else ())
            if name not in self.steps and isinstance(members, tuple)
        }
        of_steps = {name: steps for name, steps in named.items() if {*steps} <= {*self.steps}}
        return FrozenMap({**of_steps, **self.copies})

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the keys of the file."""
        return self.source.problems

    def place(self, path: PathKey) -> str:
        """Write `file:line` for an address whose first word is a step or a heading."""
        start = self.origin.get(path[0], (path[0],)) if path else ()
        return self.source.place((*start, *path[1:]))

    def problem(self, path: PathKey, text: str) -> Problem:
        """Make a problem at an address: `file:line: clause: text`.

        A copy of a clause with `for:` is called by the name that the file gives the clause.
        """
        written = self.origin.get(path[0], path)[-1] if path else ""
        words = (written, *path[1:]) if path and path[0] in self.origin else path
        return Problem(self.place(path), f"{'.'.join(words)}: {text}" if words else text)

    def changed(self, changes: Mapping[str, Any]) -> Document:
        """Write new words at some addresses; every address must be there.

        Raises:
            ProblemsError: an address that is not there, with the nearest one that is.
        """
        body = {"headings": thaw(self.headings), "steps": thaw(self.steps)}
        problems: list[Problem] = []
        for path, value in _spread(changes, self.spread):
            try:
                _write(body, path, value)
            except ProblemsError as error:
                problems += error.problems
        if problems:
            raise ProblemsError(problems)
        return replace(self, headings=freeze(body["headings"]), steps=freeze(body["steps"]))


def open_document(source: Source, *, name: str) -> Document:
    """Split a file into headings and steps, with `for:` written out.

    Unknown headings and steps named twice are kept as problems, to be told with all others.

    Raises:
        ProblemsError: the file is no mapping.
    """
    said = source.said
    if not isinstance(said, dict):
        raise fail(source.file, "must be a design: headings with clauses below them.")
    known = (*HEADINGS, *SHELVES)
    problems = [
        Problem(
            source.place((str(word),)),
            f"{word}: a design has no such heading; it has {listed(known, most=20)}."
            f"{did_you_mean(word, known)}",
        )
        for word in said
        if word not in known
    ]
    writing = _Writing(source, said.get("sets") or {})
    for shelf in SHELVES:
        problems += writing.shelf(shelf, said.get(shelf) or {})
    source = replace(source, problems=(*source.problems, *problems))
    headings = {word: said[word] for word in said if word in HEADINGS}
    return Document(
        name,
        freeze(headings),
        freeze(writing.steps),
        source,
        FrozenMap(writing.origin),
        FrozenMap(writing.copies),
    )


class _Writing:
    """Writes out the clauses of each shelf."""

    def __init__(self, source: Source, sets: Any) -> None:  # noqa: ANN401 (a file may say anything)
        self.source = source
        self.sets: Mapping[str, Any] = sets if isinstance(sets, dict) else {}
        self.steps: dict[str, Any] = {}
        self.origin: dict[str, PathKey] = {}
        self.copies: dict[str, tuple[str, ...]] = {}

    def shelf(self, shelf: str, clauses: Any) -> list[Problem]:  # noqa: ANN401
        if not isinstance(clauses, dict):
            return [self._problem((shelf,), "must hold named clauses")]
        problems: list[Problem] = []
        for name, clause in clauses.items():
            path = (shelf, str(name))
            if not isinstance(clause, dict):
                problems.append(self._problem(path, "must be a clause such as {rule: mean, ...}"))
            elif "for" in clause:
                problems += self._copy(path, clause)
            else:
                problems += self._add(str(name), clause, path)
        return problems

    def _copy(self, path: PathKey, clause: Mapping[str, Any]) -> list[Problem]:
        over = clause["for"]
        members = self.sets.get(over, over) if isinstance(over, str) else over
        if not isinstance(members, list):
            near = did_you_mean(over, self.sets)
            text = f"must be a list or a set ({listed(self.sets)}), but it says {over}.{near}"
            return [self._problem((*path, "for"), text)]
        if not _EACH.search(path[-1]):
            return [self._problem(path, "a clause with for must have `each` in its name")]
        made, problems = [], []
        for member in members:
            name = _EACH.sub(str(member), path[-1])
            rest = {word: said for word, said in clause.items() if word != "for"}
            problems += self._add(name, _filled(rest, str(member)), path)
            made.append(name)
        self.copies[path[-1]] = tuple(made)
        return problems

    def _add(self, name: str, clause: Mapping[str, Any], path: PathKey) -> list[Problem]:
        if name in self.steps:
            before = self.source.place(self.origin[name])
            return [self._problem(path, f"the step {name} is there already, at {before}")]
        if "." in name or not name or name in HEADINGS:
            return [self._problem(path, "a step's name may have no full stop and be no heading")]
        self.steps[name] = clause
        self.origin[name] = path
        return []

    def _problem(self, path: PathKey, text: str) -> Problem:
        return Problem(self.source.place(path), f"{path[-1]}: {text}.")


def _filled(said: Any, member: str) -> Any:  # noqa: ANN401 (a file may say anything)
    if isinstance(said, str):
        return _EACH.sub(member, said)
    if isinstance(said, list):
        return [_filled(item, member) for item in said]
    if isinstance(said, dict):
        return {
            _filled(key, member): value if key in TOLD else _filled(value, member)
            for key, value in said.items()
        }
    return said


def _spread(
    changes: Mapping[str, Any], several: Mapping[str, tuple[str, ...]]
) -> list[tuple[PathKey, Any]]:
    spread: list[tuple[PathKey, Any]] = []
    for address, value in changes.items():
        first, *rest = str(address).split(".")
        spread += [((name, *rest), value) for name in several.get(first, (first,))]
    replaced = {path[0] for path, _ in spread if path[1:] == ("rule",)}
    start = [((name,), {"rule": None}) for name in sorted(replaced)]
    return [*start, *spread]


def _write(body: dict[str, Any], path: PathKey, value: Any) -> None:  # noqa: ANN401
    first, rest = path[0], path[1:]
    steps, headings = body["steps"], body["headings"]
    known = (*steps, *(word for word in VARIED if word in headings))
    if first not in known or (first in VARIED and not rest):
        raise fail("", f"{'.'.join(path)}: there is no such address.{did_you_mean(first, known)}")
    home = steps if first in steps else headings
    new = thaw(value)
    if not rest:
        home[first] = new
        return
    at = home[first]
    for depth, word in enumerate(rest[:-1], start=1):
        at = at[_key(at, word, path[: depth + 1])]
    at[_key(at, rest[-1], path, free=_free(path, steps))] = new


def _free(path: PathKey, steps: Mapping[str, Any]) -> bool:
    """Say whether an address may name a word that the clause may have but does not say."""
    first, rest = path[0], path[1:]
    if first == "measures":
        return "from_students" in rest[1:] and len(rest) <= 3  # noqa: PLR2004 (name, clause, word)
    if first == "students":
        return len(rest) == 1 or (rest[0] == "repair" and len(rest) == 2)  # noqa: PLR2004
    return first in steps and len(rest) == 1


def _key(at: Any, said: str, path: PathKey, *, free: bool = False) -> Any:  # noqa: ANN401
    if not isinstance(at, dict):
        text = f"{'.'.join(path)}: there is no such address; nothing lies below {path[-2]}."
        raise fail("", text)
    for key in at:
        if str(key) == said:
            return key
    if free:  # loading checks it
        return said
    near = did_you_mean(said, at)
    raise fail("", f"{'.'.join(path)}: there is no such address; it has {listed(at)}.{near}")


def freeze(said: Any) -> Any:  # noqa: ANN401 (any plain value)
    """Make plain values unchangeable, at every depth."""
    if isinstance(said, dict):
        return FrozenMap({key: freeze(value) for key, value in said.items()})
    return tuple(freeze(item) for item in said) if isinstance(said, list | tuple) else said


def thaw(said: Any) -> Any:  # noqa: ANN401 (any plain value)
    """Copy frozen values into plain ones that may be changed."""
    if isinstance(said, dict):
        return {key: thaw(value) for key, value in said.items()}
    return [thaw(item) for item in said] if isinstance(said, list | tuple) else said
