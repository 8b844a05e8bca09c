"""Why is this school on a list, or not? The whole trace from value to list, in plain sentences.

To explain a new kind of condition: one entry in `SENTENCES`. What is not there is told by the
step's name and answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import Ref
from analysis.designs.rules import Line, Named, Rule
from analysis.designs.rules.across import AcrossParts
from analysis.designs.rules.conditions import All, Any_, Count, Present, Test
from analysis.designs.rules.memory import Persist, Stay
from analysis.designs.rules.tables import Decide
from analysis.problems import did_you_mean, fail
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread
from analysis.values import ALL, Reason, Values

ANSWERS: Final = {1.0: "met", 0.0: "not met"}
RESULTS: Final = {"met": "NAMED", "not met": "not named", "unknown": "cannot be judged"}


@dataclass(frozen=True)
class Step:
    """One step as it came out for this school.

    `told` is its value in words, `reason` why it has none; `reads` gives what it reads, each with
    its value and, where steps are combined, its share of the result (0-1).
    """

    name: str
    rule: str
    told: str
    reason: str
    n: float | None
    reads: tuple[tuple[str, str, float | None], ...]
    cite: str | None


@dataclass(frozen=True)
class Ground:
    """Why a list names the school or not, for one group; `because` is a sentence."""

    list: str
    group: str
    result: str
    because: str


@dataclass(frozen=True)
class Trace:
    """Everything between what was measured of a school and the lists it is on."""

    school: str
    name: str
    year: int
    group: str
    design: str
    grounds: tuple[Ground, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Place:
    """A cell: a row of the axis school, a year and a group."""

    row: int
    year: int
    group: str

    def of(self, a: xr.DataArray) -> float:
        """Read an array here; it may lack any of the axes."""
        for axis, where in (("year", self.year), ("group", self.group)):
            a = a.sel({axis: where}, drop=True) if axis in a.dims else a
        return float(a.isel(school=self.row) if "school" in a.dims else a)


def explain(
    ratings: Ratings, school: str, *, year: int | None = None, group: str = ALL, part: str = ""
) -> Trace:
    """Trace one school from its values to every list.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        year: the last of the panel, unless it is said.
        group: the group whose steps are shown; lists over groups show each group.
        part: a part of a school that spans levels; the whole without it.

    Raises:
        ProblemsError: the panel has no such school, part, year or group.

    >>> from analysis import load_design, rate, read_panel
    >>> found = explain(rate(load_design("franklin/index"), read_panel("franklin")), "0101")
    >>> found.grounds[0].because
    'low is met: total is 32.5, at or below the line lowest_line, 32.5'
    """
    place = locate(ratings, school, year=year, group=group, part=part)
    grounds = [ground for name in ratings.design.lists for ground in _grounds(ratings, name, place)]
    steps = tuple(_step(ratings, name, place) for name in ratings.design.steps)
    units = ratings.panel.units
    told = str(units["name"].iloc[place.row]) if "name" in units else ""
    return Trace(school, told, place.year, group, ratings.design.name, tuple(grounds), steps)


def locate(
    ratings: Ratings, school: str, *, year: int | None = None, group: str = ALL, part: str = ""
) -> Place:
    """Find the cell of a school.

    Raises:
        ProblemsError: the panel has no such school, part, year or group.
    """
    panel = ratings.panel
    year = panel.years[-1] if year is None else year
    rows = np.flatnonzero((panel.units["school"] == school) & (panel.units["part"] == part))
    if not len(rows):
        near = did_you_mean(school, panel.units["school"])
        raise fail(f"{school} {part}".strip(), f"is no school of the panel {panel.name}.{near}")
    for word, said, known in (("year", year, panel.years), ("group", group, panel.groups)):
        if said not in known:
            text = f"the panel {panel.name} has no {word} {said}.{did_you_mean(said, known)}"
            raise fail(school, text)
    return Place(int(rows[0]), year, group)


def _grounds(ratings: Ratings, name: str, place: Place) -> Iterator[Ground]:
    rule = ratings.design.steps[name]
    assert isinstance(rule, Named)  # noqa: S101 (lists are what Named makes)
    groups = (rule.groups or ()) if rule.group == "any" else (rule.group,)
    overall = answer(ratings, name, place)
    if name in ratings.design.unknown:
        cause = ratings.design.unknown[name]
        yield Ground(name, place.group, overall, f"{cause} has a number that nobody knows")
        return
    for ref, wanted, text in _first(rule):
        if answer(ratings, ref.of, place) == wanted:
            yield Ground(name, ALL, overall, text.format(ref))
            return
    for group in groups:
        here = replace(place, group=group)
        condition = answer(ratings, rule.when.of, here)
        if rule.group != "any" or condition == overall:
            yield Ground(name, group, overall, because(ratings, rule.when.of, here))


def _first(rule: Named) -> Iterator[tuple[Ref, str, str]]:
    """Give what keeps a school off the list whatever its results: the pool, and other lists."""
    for ref in rule.among or ():
        yield ref, "not met", "it is not in the pool: {} is not met"
    for ref in rule.unless or ():
        yield ref, "met", "it is on the list {}, which goes first"


def answer(ratings: Ratings, name: str, place: Place) -> str:
    """Say of a condition: met, not met or unknown."""
    return ANSWERS.get(place.of(ratings[name].value), "unknown")


def because(ratings: Ratings, name: str, place: Place) -> str:
    """Say in a sentence why a condition is met, not met or cannot be judged."""
    rule = ratings.design.steps.get(name)
    said = answer(ratings, name, place)
    head = f"{name} is {said}" if said != "unknown" else f"{name} cannot be judged"
    for kind, sentence in SENTENCES.items():
        if isinstance(rule, kind):
            return f"{head}: {sentence(ratings, rule, place)}"
    return f"{head}{_why(ratings, name, place)}"


def _why(ratings: Ratings, name: str, place: Place) -> str:
    reason = Reason(int(place.of(ratings[name].reason)))
    return f" ({reason.words})" if reason else ""


def told(ratings: Ratings, ref: Ref | str, place: Place) -> str:
    """Write a value as its reader knows it: a number, a level's name, or why there is none."""
    if isinstance(ref, Ref):
        if ref.year == "last":
            place = replace(place, year=place.year - 1)
        elif ref.year != "this":
            place = replace(place, year=int(ref.year))
        place = replace(place, group=ref.group or place.group)
        ref = ref.of
    if place.year not in ratings.panel.years:
        return "missing (no earlier year)"
    return _words(ratings, ref, ratings[ref], place)


def _words(ratings: Ratings, name: str, values: Values, place: Place) -> str:
    value = place.of(values.value)
    if np.isnan(value):
        return f"missing{_why(ratings, name, place)}"
    if ratings.design.names.kinds.get(name) == "condition":
        return ANSWERS[value]
    return values.labels[int(value) - 1] if values.labels else f"{value:.6g}"


_WAYS: Final = {
    ("at_least", "met"): "at least",
    ("at_least", "not met"): "below",
    ("above", "met"): "above",
    ("above", "not met"): "not above",
    ("at_most", "met"): "at or below",
    ("at_most", "not met"): "above",
    ("below", "met"): "below",
    ("below", "not met"): "not below",
}


def _test(ratings: Ratings, rule: Test, place: Place) -> str:
    value = told(ratings, rule.of, place)
    if value.startswith("missing"):
        return f"{rule.of} is {value}"
    name = next(n for n, r in ratings.design.steps.items() if r is rule)
    said = answer(ratings, name, place)
    if rule.is_ is not None:
        return f"{rule.of} is {value}; it must be one of {', '.join(rule.is_)}"
    if rule.beyond is not None:
        line: Any = ratings.design.steps[rule.beyond.of]
        way = ("at_most" if line.included else "below") if line.side == "lowest" else "at_least"
        way = way if line.side == "lowest" or line.included else "above"
        where = f"the line {rule.beyond}, {told(ratings, rule.beyond, place)}"
    else:
        way = next(
            w for w in ("at_least", "above", "at_most", "below") if getattr(rule, w) is not None
        )
        bound = getattr(rule, way)
        number = place.of(ratings.cells.number(bound))
        where = f"{bound}, {number:.6g}" if isinstance(bound, Ref) else f"{number:.6g}"
    return f"{rule.of} is {value}, {_WAYS.get((way, said), 'held against')} {where}"


def _count(ratings: Ratings, rule: Count, place: Place) -> str:
    values = {str(ref): told(ratings, ref, place) for ref in rule.of}
    there = {name: value for name, value in values.items() if not value.startswith("missing")}
    inside = [name for name, value in there.items() if value in rule.are or value == "met"]
    listed = ", ".join(f"{name} {value}" for name, value in values.items())
    return f"{len(inside)} of {len(there)} judged are {' or '.join(rule.are)} ({listed})"


def _present(ratings: Ratings, rule: Present, place: Place) -> str:
    return f"{rule.of} is {told(ratings, rule.of, place)}"


def _several(ratings: Ratings, rule: Any_ | All, place: Place) -> str:
    name = next(n for n, r in ratings.design.steps.items() if r is rule)
    said = answer(ratings, name, place)
    decisive = "met" if isinstance(rule, Any_) else "not met"
    groups = rule.groups or (place.group,)
    places = [(ref, replace(place, group=ref.group or g)) for ref in rule.of for g in groups]
    mine = [(r, p) for r, p in places if answer(ratings, r.of, p) == said]
    chosen = mine[:1] if said == decisive else mine
    return "; ".join(because(ratings, ref.of, p) for ref, p in chosen) or "nothing decides"


def _decide(ratings: Ratings, rule: Decide, place: Place) -> str:
    names = dict.fromkeys(name for wanted, _ in rule.rows.values() for name in wanted)
    outcomes = (said.of for said in rule.outcomes() if isinstance(said, Ref))
    listed = (
        f"{name} is {told(ratings, name, place)}" for name in dict.fromkeys((*names, *outcomes))
    )
    return ", ".join(listed)


def _persist(ratings: Ratings, rule: Persist, place: Place) -> str:
    window = range(place.year, place.year - (rule.out_of or rule.years), -1)
    years = [(y, told(ratings, rule.of, replace(place, year=y))) for y in window]
    asked = f"in {rule.years} of {rule.out_of or rule.years} years"
    return f"{rule.of} must be met {asked}; " + ", ".join(f"{y}: {said}" for y, said in years)


def _stay(ratings: Ratings, rule: Stay, place: Place) -> str:
    enter, leave = (told(ratings, ref, place) for ref in (rule.enter, rule.leave))
    return f"one enters by {rule.enter} ({enter} now) and leaves by {rule.leave} ({leave} now)"


Sentence = Callable[[Ratings, Any, Place], str]
SENTENCES: Final[Mapping[type[Rule], Sentence]] = {
    Test: _test,
    Count: _count,
    Present: _present,
    Any_: _several,
    All: _several,
    Decide: _decide,
    Persist: _persist,
    Stay: _stay,
}


def _step(ratings: Ratings, name: str, place: Place) -> Step:
    rule = ratings.design.steps[name]
    values = ratings[name]
    reason = Reason(int(place.of(values.reason)))
    n = np.nan if values.n is None else place.of(values.n)
    return Step(
        name,
        str(getattr(rule, "rule", "")),
        _words(ratings, name, values, place),
        reason.words,
        None if np.isnan(n) else n,
        () if isinstance(rule, Line) else tuple(_reads(ratings, name, rule, place)),
        ratings.design.evidence(name)[0],
    )


def _reads(
    ratings: Ratings, name: str, rule: Rule, place: Place
) -> Iterator[tuple[str, str, float | None]]:
    """Give what a step reads; where it combines, each part with its share of the result."""
    found = None if name in ratings.design.unknown else rule.shares(ratings.cells)
    if found is None:
        refs = dict.fromkeys(ref for ref in rule.refs() if ref.of in ratings.design.names.kinds)
        yield from ((str(r), told(ratings, r, place), None) for r in refs if r.of != EVERYONE)
        return
    for (of, group), share in found.items():
        for row in _rows(ratings, rule, place):
            here = replace(place, row=row, group=group or place.group)
            part = str(ratings.panel.units["part"].iloc[row]) if row != place.row else ""
            words = ", ".join((of, *(w for w in (group, part) if w)))
            part_of = here.of(spread(ratings, share))
            yield words, told(ratings, of, here), None if np.isnan(part_of) else part_of


def _rows(ratings: Ratings, rule: Rule, place: Place) -> list[int]:
    """Give the rows that a step combines: the parts of a school that has some, else the school."""
    mine = [int(row) for row in np.flatnonzero(ratings.panel.whole == place.row)]
    parts = [row for row in mine if row != place.row]
    return parts if parts and isinstance(rule, AcrossParts) else [place.row]


def as_text(trace: Trace) -> str:
    """Write a trace as text: the lists with their grounds first, then every step."""
    head = f"{trace.school} {trace.name}, {trace.year}, by {trace.design}"
    lines = [head, ""]
    for ground in trace.grounds:
        group = "" if ground.group == ALL else f" for {ground.group}"
        lines.append(f"{ground.list}{group}: {RESULTS[ground.result]}, because {ground.because}.")
    lines += ["", f"How it comes about ({trace.group}):"]
    for step in trace.steps:
        n = "" if step.n is None else f" (n {step.n:g})"
        lines.append(f"  {step.name} [{step.rule}] = {step.told}{n}")
        parts = [
            f"{name} {value}" + ("" if share is None else f" x {share:.1%}")
            for name, value, share in step.reads
        ]
        if parts:
            lines.append(f"      from {', '.join(parts)}")
    return "\n".join(lines)
