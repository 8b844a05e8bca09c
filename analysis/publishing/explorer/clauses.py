"""How is a clause written out for the page? One function for each rule that the page computes.

To let the page compute another rule: a function here and its name in `WRITERS`, and a function of
the same name in paper/explorer/rules.js. Designs with other rules above something that moves are
refused, with the step and the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from analysis.designs.cells import code_of
from analysis.designs.clause import ByColumn, Number, Ref
from analysis.designs.rules import (
    across,
    choosing,
    combining,
    conditions,
    deriving,
    levels,
    lists,
    scoring,
)
from analysis.designs.rules.base import Rule
from analysis.publishing.explorer import naming
from analysis.publishing.explorer.settings import SPACINGS, fixed
from analysis.rounding import settle

if TYPE_CHECKING:
    from analysis.publishing.explorer.program import Writing

Said = Mapping[str, object]
ROOTS: Final = (combining.Mean, levels.Cuts, across.AcrossGroups, lists.ShareOfPool)
METHODS: Final = ("linear", "hazen", "weibull", "median_unbiased", "lower", "higher")

STILL: Final[Mapping[type[Rule], tuple[str, ...]]] = {
    across.AcrossParts: ("weights",),
    lists.ShareOfPool: ("within",),
    lists.EdgeOfList: ("within",),
    levels.LevelsInPool: ("within",),
}
"""Words whose step may not move, since the page reads it once."""


def is_movable(rule: Rule) -> bool:
    """Say whether a clause has a word that a reader may move."""
    if isinstance(rule, scoring.MinimumN):
        return rule.or_ is None and rule.years == "this" and isinstance(rule.n, float)
    if isinstance(rule, levels.LevelsInPool):
        return rule.percentile is not None and rule.spacing in SPACINGS
    return isinstance(rule, ROOTS)


def refusal(rule: Rule, live: frozenset[str]) -> str | None:
    """Say why the page cannot compute a clause that moves; nothing where it can."""
    if type(rule) not in WRITERS:
        return "its rule is not on the page"
    return next(_reasons(rule, live), None)


def _reasons(rule: Rule, live: frozenset[str]) -> Iterator[str]:
    if isinstance(rule, combining.Mean) and rule.missing == "transfer":
        yield "missing: transfer is not on the page"
    if isinstance(rule, scoring.MinimumN) and rule.of.of in live:
        yield f"the n of {rule.of} moves"
    if isinstance(rule, scoring.MinimumN) and not is_movable(rule):
        yield "years: both and or: are not on the page"
    if isinstance(rule, lists.ShareOfPool) and rule.percentile not in (None, *METHODS):
        yield f"percentile: {rule.percentile} is not on the page"
    for word in STILL.get(type(rule), ()):
        ref = getattr(rule, word)
        if ref is not None and ref.of in live:
            yield f"{word} names {ref}, which moves"


def _minimum_n(at: Writing, name: str, rule: scoring.MinimumN, year: int) -> Said:
    assert isinstance(rule.n, float)  # noqa: S101 (is_movable asks for it)
    label = "Smallest number of students that counts"
    n = at.movable.shared("n", name, "n", rule.n, label)
    return {"of": at.read(rule.of, year), "n": {"s": n}}


def _linear(at: Writing, name: str, rule: scoring.Linear, year: int) -> Said:
    worth = at.coded(_worth(at, name, rule.worth), year)
    ends = {w: at.coded(fixed(getattr(rule, w)), year) for w in ("none_at", "full_at")}
    return {"of": at.read(rule.of, year), **ends, "worth": worth}


def _identity(at: Writing, _name: str, rule: scoring.Identity, year: int) -> Said:
    return {"of": at.read(rule.of, year)}


def _map(at: Writing, _name: str, rule: scoring.Map, year: int) -> Said:
    labels = at.cells[rule.of].labels
    to = [[code_of(word, labels), at.coded(fixed(x), year)] for word, x in rule.to.items()]
    return {"of": at.read(rule.of, year), "to": to}


def _cuts(at: Writing, name: str, rule: levels.Cuts, year: int) -> Said:
    section, bounds = at.movable.label(name), []
    for word, number in rule.from_.items():
        path, label = f"{name}.from.{word}", f"{word.replace('_', ' ')} begins at"
        bounds.append(at.coded(at.movable.number(number, "cut", path, label, section), year))
    first = next(iter(rule.from_))
    labels = at.cells[name].labels
    start = 1.0 if labels else float(first) - 1
    codes = [code_of(word, labels) for word in rule.from_]
    words = {"better": rule.better, "equal": rule.equal, "first": start, "codes": codes}
    return {"of": at.read(rule.of, year), "bounds": bounds, **words}


def _levels_in_pool(at: Writing, name: str, rule: levels.LevelsInPool, year: int) -> Said:
    spacing: object = rule.spacing
    if is_movable(rule) and rule.spacing is not None:
        label = "How the cut points are set"
        spacing = {"s": at.movable.shared("spacing", name, "spacing", rule.spacing, label)}
    base = year if rule.base_year in ("yearly", None) else int(rule.base_year)
    within = None if rule.within is None or rule.within.of == "all_schools" else rule.within
    return {
        "of": at.read(rule.of, year),
        "base": at.read(rule.of, base),
        "pool": at.pool(rule.pool, base),
        "within": None if within is None else at.read(within, year),
        "levels": rule.levels,
        "spacing": spacing,
        "percentile": rule.percentile,
        "cuts_of": rule.cuts_of,
        "sign": 1 if rule.better == "high" else -1,
    }


def _lowest_group(at: Writing, _name: str, rule: choosing.LowestGroup, year: int) -> Said:
    by = rule.by if isinstance(rule.by, Ref) else rule.of
    flipped = rule.by == choosing.ITSELF and rule.better == "low"
    words = {"as": rule.as_, "among": list(rule.among), "ties": rule.ties}
    return {
        "of": at.read(rule.of, year),
        "by": at.read(by, year),
        "sign": -1 if flipped else 1,
        **words,
    }


def _across_groups(at: Writing, name: str, rule: across.AcrossGroups, year: int) -> Said:
    everyone: object = "equal"
    if isinstance(rule.all, float):
        label = "Share of each measure that all students carry"
        everyone = {"s": at.movable.shared("all", name, "all", rule.all, label)}
    toggles = []
    for group in rule.rest:
        label = at.design.header.groups.get(group) or group
        toggles.append(at.movable.add("group", group, (), label=str(label), section=group))
    rounding = rule.cell_round
    return {
        "of": at.read(rule.of, year),
        "rest": list(rule.rest),
        "toggles": toggles,
        "all": everyone,
        "worth": at.coded(_worth(at, name, rule.worth), year),
        "full": at.coded(fixed(rule.full), year),
        "missing": rule.missing,
        "cell_round": rounding and {"places": rounding.places, "mode": rounding.mode},
    }


def _worth(at: Writing, name: str, number: Number) -> object:
    """Write out what a measure is worth: a setting where a later step divides by the same number.

    Points earned and points possible move together, or the share would lose its sense.
    """
    found = [
        (step, clause.of[name])
        for step, clause in at.design.steps.items()
        if isinstance(clause, combining.PointsOverPossible) and name in clause.of
    ]
    if len(found) != 1:
        return fixed(number)
    step, possible = found[0]
    section, label = step.replace("_", " "), at.movable.label(name)
    paths = [f"{name}.worth", f"{step}.of.{name}"]
    return _together(at, number, possible, paths, (label, section))


def _together(
    at: Writing, one: Number, other: Number, paths: list[str], told: tuple[str, str]
) -> object:
    """Write out two numbers as one setting, word by word where they differ by the same column."""
    label, section = told
    if isinstance(one, ByColumn) and isinstance(other, ByColumn) and one.by == other.by:
        words = {
            word: _together(
                at,
                inner,
                other.numbers.get(word),
                [f"{p}.{word}" for p in paths],
                (f"{label} ({word})", section),
            )
            for word, inner in one.numbers.items()
        }
        return {"by": one.by, "words": words}
    if isinstance(one, float) and isinstance(other, float) and settle(one) == settle(other):
        return {"s": at.movable.add("worth", one, paths, label=label, section=section)}
    return fixed(one)


def _across_parts(at: Writing, _name: str, rule: across.AcrossParts, year: int) -> Said:
    assert rule.weights is not None  # noqa: S101 (a step with null is not written out)
    weights = at.read(rule.weights, year)
    return {"of": at.read(rule.of, year), "weights": weights, "missing": rule.missing}


def _mean(at: Writing, name: str, rule: combining.Mean, year: int) -> Said:
    section, weights = at.movable.label(name), []
    for step, weight in rule.of.items():
        path, label = f"{name}.of.{step}", at.movable.label(step)
        weights.append(at.coded(at.movable.number(weight, "weight", path, label, section), year))
    words = {"missing": rule.missing, "form": rule.form, "judged": rule.judged}
    return {"of": [at.read(Ref(step), year) for step in rule.of], "weights": weights, **words}


def _sum(at: Writing, _name: str, rule: combining.Sum, year: int) -> Said:
    times = [at.coded(fixed(w), year) for w in rule.of.values()]
    of = [at.read(Ref(step), year) for step in rule.of]
    return {"of": of, "weights": times, "missing": rule.missing}


def _points_over_possible(
    at: Writing, name: str, rule: combining.PointsOverPossible, year: int
) -> Said:
    of = [at.read(Ref(step), year) for step in rule.of]
    possible = [_possible(at, name, step, number) for step, number in rule.of.items()]
    coded = [at.coded(one, year) for one in possible]
    return {"of": of, "weights": coded, "times": at.coded(fixed(rule.times), year)}


def _possible(at: Writing, name: str, step: str, number: Number) -> object:
    clause = at.design.steps.get(step)
    paths = [f"{step}.worth", f"{name}.of.{step}"]
    told = (at.movable.label(step), name.replace("_", " "))
    if step not in at.live or not isinstance(clause, across.AcrossGroups | scoring.Linear):
        return fixed(number)
    found = _together(at, number, clause.worth, paths, told)
    return found if _worth(at, step, clause.worth) != fixed(clause.worth) else fixed(number)


def _extreme(at: Writing, _name: str, rule: combining.Max | combining.Min, year: int) -> Said:
    return {"of": [at.read(ref, year) for ref in rule.of], "missing": rule.missing}


def _difference(at: Writing, _name: str, rule: deriving.Difference, year: int) -> Said:
    return {"of": naming.bound(at, rule.of, year), "minus": naming.bound(at, rule.minus, year)}


WRITERS: Final[Mapping[type[Rule], Callable[..., Said]]] = {
    scoring.MinimumN: _minimum_n,
    scoring.Linear: _linear,
    scoring.Identity: _identity,
    scoring.Map: _map,
    levels.Cuts: _cuts,
    levels.LevelsInPool: _levels_in_pool,
    choosing.LowestGroup: _lowest_group,
    across.AcrossGroups: _across_groups,
    across.AcrossParts: _across_parts,
    combining.Mean: _mean,
    combining.Sum: _sum,
    combining.PointsOverPossible: _points_over_possible,
    combining.Max: _extreme,
    combining.Min: _extreme,
    deriving.Difference: _difference,
    conditions.Test: naming.test,
    conditions.Present: naming.present,
    conditions.Any_: naming.several,
    conditions.All: naming.several,
    lists.ShareOfPool: naming.share_of_pool,
    lists.EdgeOfList: naming.edge_of_list,
    lists.Named: naming.named,
}
