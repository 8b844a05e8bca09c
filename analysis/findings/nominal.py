"""What share of an index does the file give each kind of indicator, before anything is missing?

It reads the design, not data. Weights inside a rule that is no weighted sum are not told apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

from analysis.designs.clause import BY_GROUP, OTHERS, ByColumn, Number
from analysis.designs.design import Design
from analysis.designs.rules.combining import Mean, PointsOverPossible, Sum

_COMBINES: Final = (Mean, Sum, PointsOverPossible)


def nominal_shares(design: Design, name: str, kind: Mapping[str, str]) -> Mapping[str, float]:
    """Give the share of each indicator in an index, before anything is missing.

    Args:
        design: a design whose measures say for which `indicator` they stand.
        name: the index.
        kind: the kind of school: column -> word.

    Returns:
        indicator -> share, 0-1; the empty word holds what cannot be told apart.
    """
    valued = design.measured_by(name, conditions=False)
    indicators = {design.measures[m].indicator for m in valued} - {None}
    rule = design.steps.get(name)
    if len(indicators) <= 1:
        return {next((word for word in indicators if word), ""): 1.0}
    if isinstance(rule, _COMBINES):
        worth = {part: _worth(design, rule, part, kind) for part in rule.of}
        total = sum(worth.values())
        found: dict[str, float] = {}
        for part, weight in worth.items():
            for word, share in nominal_shares(design, part, kind).items():
                found[word] = found.get(word, 0.0) + share * weight / (total or 1.0)
        return found
    inside = (
        [used for used in design.uses(name) if design.measured_by(used, conditions=False)]
        if rule
        else []
    )
    return nominal_shares(design, inside[0], kind) if len(inside) == 1 else {"": 1.0}


def _worth(
    design: Design, rule: Mean | Sum | PointsOverPossible, part: str, kind: Mapping[str, str]
) -> float:
    weight = _number(rule.of[part], kind)
    inner = design.steps.get(part)
    most = getattr(inner, "most", None) if isinstance(rule, Sum) else None
    return weight * (_number(most(), kind) if most is not None else 1.0)


def _number(number: Number, kind: Mapping[str, str]) -> float:
    if isinstance(number, ByColumn):
        word = kind.get(number.by, OTHERS)
        return _number(number.numbers.get(word, number.numbers.get(OTHERS)), kind)
    return number or 0.0


def kinds_of_school(design: Design, index: str) -> Iterator[Mapping[str, str]]:
    """Give every kind of school that the weights below the index tell apart."""
    words: dict[str, tuple[str, ...]] = {}
    for name in design.below(index):
        rule = design.steps.get(name)
        for number in rule.of.values() if isinstance(rule, _COMBINES) else ():
            if isinstance(number, ByColumn) and number.by != BY_GROUP:
                said = tuple(word for word in number.numbers if word != OTHERS)
                words[number.by] = tuple(dict.fromkeys((*words.get(number.by, ()), *said)))
    for choice in itertools.product(*words.values()):
        yield dict(zip(words, choice, strict=True))
