"""Which steps of a design move when a reader moves something, and what do they compute from?

Steps that rest on something movable are written out as a program, which the page runs; all others
are computed by `rate`, and their cells are embedded. To let the page compute another rule: its
words in clauses.py and its arithmetic in paper/explorer/rules.js.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import Ref, Rounding
from analysis.designs.design import Design
from analysis.designs.rules import Named, Rule
from analysis.designs.rules.across import AcrossGroups
from analysis.designs.rules.choosing import LowestGroup
from analysis.problems import Problem, ProblemsError, fail, listed
from analysis.publishing.explorer.clauses import WRITERS, is_movable, refusal
from analysis.publishing.explorer.settings import Movable
from analysis.ratings.rate import Ratings
from analysis.values import ALL, Values

MOVES = "weights, a minimum n, cut points of levels, groups that count, the share named"
FILL = "Fill it in by --with and a preset or an adaptation."
INSTEAD = "Use `measures run` with an experiment for this design."


@dataclass(frozen=True)
class Program:
    """What the page computes: nodes in the order in which they are run, and what they rest on.

    A node is a step in a year, or given cells. `arrays` holds one number for each row of the
    panel; `places` maps a step and year to its node. `settings` is what may be moved.
    """

    list_name: str
    year: int
    nodes: tuple[Mapping[str, object], ...]
    arrays: tuple[np.ndarray, ...]
    groups: tuple[str, ...]
    settings: tuple[Mapping[str, object], ...]
    places: Mapping[tuple[str, int | None], int]


def write_out(
    ratings: Ratings, list_name: str | None = None, *, year: int | None = None
) -> Program:
    """Write out how a list follows from what may be moved.

    Args:
        ratings: of the panel by the design.
        list_name: a list of the design; the first that rests on its index, unless it is said.
        year: the last of the panel, unless it is said.

    Raises:
        ProblemsError: no such list or year, or the steps that the page cannot compute, and why.

    >>> from analysis import load_design, rate, read_panel
    >>> program = write_out(rate(load_design("franklin/index"), read_panel("franklin")))
    >>> program.list_name, len(program.settings)
    ('lowest', 31)
    """
    panel = ratings.panel
    at = panel.years[-1] if year is None else year
    if at not in panel.years:
        raise fail(panel.name, f"has no year {at}; it has {listed(panel.years)}.")
    name = chosen_list(ratings.design, list_name)
    writing = Writing(ratings, name)
    writing.node(Ref(name), at)
    if writing.problems:
        raise ProblemsError(dict.fromkeys(writing.problems))
    if not writing.movable.found:
        raise fail(name, f"rests on nothing that the page can move: {MOVES}. {INSTEAD}")
    return Program(
        name,
        at,
        tuple(writing.nodes),
        tuple(writing.arrays),
        writing.groups,
        tuple(writing.movable.said()),
        dict(writing.places),
    )


def chosen_list(design: Design, said: str | None) -> str:
    """Give the list that is asked for; without one, the first as written that rests on the index.

    Raises:
        ProblemsError: the design has no such list, or none at all.
    """
    lists = [name for name in design.document.steps if name in design.lists]
    if not lists:
        raise fail(design.name, "has no list, so nobody is named.")
    if said is not None and said not in lists:
        raise fail(said, f"is no list of {design.name}; it has {listed(lists, most=20)}.")
    index = design.header.headline.index
    first = (name for name in lists if index is None or index in design.below(name))
    return said or next(first, lists[0])


class Writing:
    """Writes out nodes, each once, inputs before what reads them."""

    def __init__(self, ratings: Ratings, list_name: str) -> None:
        """Find which steps below a list move, and which groups they read."""
        self.ratings = ratings
        self.design, self.cells = ratings.design, ratings.cells
        self.movable = Movable(self.design)
        self.nodes: list[Mapping[str, object]] = []
        self.arrays: list[np.ndarray] = []
        self.kept: dict[bytes, int] = {}
        self.places: dict[tuple[str, int | None], int] = {}
        self.problems: list[Problem] = []
        below = [name for name in self.design.below(list_name) if name in self.design.steps]
        self.live = _live(self.design, below)
        self.groups = _groups(self.design, below)

    def node(self, ref: Ref | str, year: int) -> int:
        """Give the place of a node, and write it out if it is new."""
        name = ref if isinstance(ref, str) else ref.of
        at = self._year(ref, year)
        key = (name, at if "year" in self.cells[name].value.dims else None)
        if key not in self.places:
            live = name in self.live and (at is None or at in self.ratings.panel.years)
            made = self._clause(name, year if at is None else at) if live else self.given(name, at)
            self.nodes.append({"name": name, "year": at, **made})
            self.places[key] = len(self.nodes) - 1
        return self.places[key]

    def read(self, ref: Ref, year: int) -> Mapping[str, object]:
        """Write out a reference: a node, and the group in which it is read."""
        return {"node": self.node(ref, year), "group": ref.group}

    def _year(self, ref: Ref | str, year: int) -> int:
        if isinstance(ref, str) or ref.year == "this":
            return year
        return year - 1 if ref.year == "last" else ref.year

    def _clause(self, name: str, year: int) -> Mapping[str, object]:
        rule = self.design.steps[name]
        reason = refusal(rule, self.live)
        if reason is None and name in self.design.unknown:
            reason = f"rests on a number that is not known ({self.design.unknown[name]})"
        if reason is not None:
            way = FILL if name in self.design.unknown else INSTEAD
            text = f"the page cannot compute it: {reason}. {way}"
            self.problems.append(Problem(f"{name} ({_rule_name(rule)})", text))
            return self.given(name, year)
        try:
            said = WRITERS[type(rule)](self, name, rule, year)
        except ProblemsError as error:
            told = error.problems[0].text
            text = f"the page cannot compute it: it {told}. {INSTEAD}"
            self.problems.append(Problem(f"{name} ({_rule_name(rule)})", text))
            return self.given(name, year)
        by_group = "group" in self.cells[name].value.dims
        rounded = getattr(rule, "round", None)
        if isinstance(rounded, Rounding):
            said = {**said, "round": {"places": rounded.places, "mode": rounded.mode}}
        return {"rule": _rule_name(rule), "groups": by_group, **said}

    def given(self, name: str, year: int | None) -> Mapping[str, object]:
        """Embed the cells of a name in a year, with the n behind them.

        Raises:
            ProblemsError: they have draws.
        """
        values = self.cells[name]
        if "draw" in values.value.dims:
            raise fail(name, f"has draws, which the page does not show. {INSTEAD}")
        groups = self.groups if "group" in values.value.dims else (None,)
        n = values.n
        return {
            "rule": "given",
            "groups": groups != (None,),
            "value": [self._row(values.value, year, group) for group in groups],
            "n": None if n is None else [self._row(n, year, group) for group in groups],
        }

    def column(self, name: str, year: int) -> tuple[int, Values]:
        """Embed a column (or step) by which numbers differ; give its node and cells.

        Raises:
            ProblemsError: it moves.
        """
        if name in self.live:
            raise fail(name, f"reads {name}, which moves, where only a column may stand")
        return self.node(name, year), self.cells[name]

    def coded(self, number: object, year: int) -> object:
        """Put the codes of levels in the place of their words, in a number by a column."""
        if not isinstance(number, dict) or "by" not in number:
            return number
        at, values = self.column(str(number["by"]), year)
        words = {word: self.coded(inner, year) for word, inner in dict(number["words"]).items()}
        return {"by": at, "words": _codes(words, values.labels)}

    def _row(self, a: xr.DataArray, year: int | None, group: str | None) -> int:
        """Keep one number for each row of the panel, and say where."""
        rows = len(self.ratings.panel.units)
        if year is not None and "year" in a.dims:
            if year not in self.ratings.panel.years:
                return self._kept(np.full(rows, np.nan))
            a = a.sel(year=year)
        if "group" in a.dims:
            a = a.sel(group=ALL if group is None else group)
        return self._kept(np.broadcast_to(a.values, rows).astype(float))

    def _kept(self, row: np.ndarray) -> int:
        place = self.kept.setdefault(row.tobytes(), len(self.arrays))
        if place == len(self.arrays):
            self.arrays.append(row)
        return place

    def pool(self, ref: Ref | None, year: int) -> Mapping[str, object] | None:
        """Write out who is in a pool; nothing for all schools."""
        return None if ref is None or ref.of == EVERYONE else self.read(ref, year)


def _codes(words: Mapping[str, object], labels: tuple[str, ...]) -> Mapping[str, object]:
    return {
        word if word == "others" else str(labels.index(word) + 1 if labels else word): inner
        for word, inner in words.items()
    }


def _rule_name(rule: Rule) -> str:
    return str(getattr(rule, "rule", type(rule).__name__))


def _live(design: Design, below: list[str]) -> frozenset[str]:
    """Name the steps that change when something that may be moved is moved."""
    found: set[str] = set()
    for name in below:
        if is_movable(design.steps[name]) or found & set(design.uses(name)):
            found.add(name)
    return frozenset(found)


def _groups(design: Design, below: list[str]) -> tuple[str, ...]:
    """Name the groups that some step below a list reads, all students first."""
    found = dict.fromkeys([ALL])
    for rule in (design.steps[name] for name in below):
        found.update(dict.fromkeys(_read_by(rule)))
    return tuple(found)


def _read_by(rule: Rule) -> Iterator[str]:
    yield from (ref.group for ref in rule.refs() if ref.group is not None)
    if isinstance(rule, AcrossGroups):
        yield from rule.rest
    if isinstance(rule, LowestGroup):
        yield from (rule.as_, *rule.among)
    if isinstance(rule, Named):
        yield from rule.groups or (() if rule.group == "any" else (rule.group,))
    yield from getattr(rule, "groups", None) or ()
