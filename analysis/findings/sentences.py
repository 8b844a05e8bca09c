"""Why is a condition met, or not? Each kind of condition in a sentence.

To explain a new kind of condition: one entry in `SENTENCES`. What is not there is told by the
step's name and answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.designs.clause import Ref
from analysis.designs.rules import Rule
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.rules.conditions import All, Any_, Count, Present, Test
from analysis.designs.rules.memory import Persist, Stay
from analysis.designs.rules.tables import Decide
from analysis.findings.place import Place
from analysis.ratings.rate import Ratings
from analysis.values import Reason

ANSWERS: Final = {1.0: "met", 0.0: "not met"}


def answer(ratings: Ratings, name: str, place: Place) -> str:
    """Say of a condition: met, not met or unknown."""
    return ANSWERS.get(place.of(ratings[name].value), "unknown")


def because(ratings: Ratings, name: str, place: Place) -> str:
    """Say in a sentence why a condition is met, not met or cannot be judged."""
    rule = ratings.design.steps.get(name)
    said = answer(ratings, name, place)
    head = f"{name} is {said}" if said != "unknown" else f"{name} cannot be judged"
    if ratings.design.names.kinds.get(name) == "number":
        head = f"{name} is {told(ratings, name, place)}"
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
    values = ratings[ref]
    value = place.of(values.value)
    if np.isnan(value):
        return f"missing{_why(ratings, ref, place)}"
    if ratings.design.names.kinds.get(ref) == "condition":
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


def _lowest_group(ratings: Ratings, rule: LowestGroup, place: Place) -> str:
    if place.group != rule.as_:
        return f"{rule.of} as it is, since only {rule.as_} is derived"
    ref = rule.by if isinstance(rule.by, Ref) else rule.of
    chosen = chosen_group(ratings, rule, place)
    values = ", ".join(
        f"{group} {told(ratings, ref, replace(place, group=group))}" for group in rule.among
    )
    return f"{chosen or 'no group'} is the lowest by {ref} ({values})"


def chosen_group(ratings: Ratings, rule: LowestGroup, place: Place) -> str | None:
    """Name the group that stands for the derived group here; None where no group has a value."""
    at = int(place.of(rule.chosen(ratings.cells)))
    return rule.among[at] if at >= 0 else None


Sentence = Callable[[Ratings, Any, Place], str]
SENTENCES: Final[Mapping[type[Rule], Sentence]] = {
    Test: _test,
    Count: _count,
    Present: _present,
    LowestGroup: _lowest_group,
    Any_: _several,
    All: _several,
    Decide: _decide,
    Persist: _persist,
    Stay: _stay,
}
