"""How are conditions, lines and lists written out for the page? As clauses.py does it for numbers.

To let the page compute another one: a function here and its name in `WRITERS` of clauses.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from analysis.designs.cells import code_of
from analysis.designs.clause import Number, Ref
from analysis.designs.rules import conditions, lists
from analysis.publishing.explorer.settings import fixed

if TYPE_CHECKING:
    from analysis.publishing.explorer.program import Writing

Said = Mapping[str, object]


def bound(at: Writing, said: Number | Ref, year: int) -> object:
    """Write out a number or a reference."""
    return at.read(said, year) if isinstance(said, Ref) else at.coded(fixed(said), year)


def test(at: Writing, _name: str, rule: conditions.Test, year: int) -> Said:
    """Write out how a value is held against a bound, some levels or a line."""
    of = at.read(rule.of, year)
    if rule.is_ is not None:
        return {
            "of": of,
            "way": "is",
            "codes": [code_of(w, at.cells[rule.of].labels) for w in rule.is_],
        }
    if rule.beyond is not None:
        line: Any = at.design.steps[rule.beyond.of]
        low = {True: "at_most", False: "below"} if line.side == "lowest" else None
        way = (low or {True: "at_least", False: "above"})[line.included]
        rounding = None if line.round == "none" else line.round
        return {"of": of, "way": way, "bound": at.read(rule.beyond, year), "before": rounding}
    way = next(w for w in ("at_least", "above", "at_most", "below") if w in rule.model_fields_set)
    return {"of": of, "way": way, "bound": bound(at, getattr(rule, way), year), "settle": True}


def present(at: Writing, _name: str, rule: conditions.Present, year: int) -> Said:
    """Write out what is asked to be there."""
    return {"of": at.read(rule.of, year)}


def several(at: Writing, _name: str, rule: conditions.Any_ | conditions.All, year: int) -> Said:
    """Write out which conditions are joined."""
    of = [
        at.read(Ref(ref.of, ref.year, ref.group or group), year)
        for ref in rule.of
        for group in rule.groups or (None,)
    ]
    return {"of": of, "missing": rule.missing}


def _line(at: Writing, rule: lists.ShareOfPool | lists.EdgeOfList, year: int) -> Said:
    return {
        "of": at.read(rule.of, year),
        "side": rule.side,
        "before": None if rule.round == "none" else rule.round,
        "within": None if rule.within is None else at.read(rule.within, year),
    }


def share_of_pool(at: Writing, name: str, rule: lists.ShareOfPool, year: int) -> Said:
    """Write out a line by share, the share as a setting."""
    assert rule.share is not None  # noqa: S101 (a step with null is not written out)
    label = f"Share of the pool named, by the {name.replace('_', ' ')}"
    share = at.movable.add("share", rule.share, (f"{name}.share",), label=label)
    words = {"count": rule.count, "ties": rule.ties, "counted": rule.counted}
    return {
        **_line(at, rule, year),
        "pool": at.pool(rule.pool, year),
        "share": {"s": share},
        **words,
        "percentile": rule.percentile,
    }


def edge_of_list(at: Writing, _name: str, rule: lists.EdgeOfList, year: int) -> Said:
    """Write out a line at the edge of a list."""
    return {**_line(at, rule, year), "pool": at.pool(rule.among, year), "edge": rule.edge}


def named(at: Writing, _name: str, rule: lists.Named, year: int) -> Said:
    """Write out on what ground, among whom and unless what a school is named."""
    groups = list(rule.groups or ()) if rule.group == "any" else [rule.group]
    among = [pool for ref in rule.among or () if (pool := at.pool(ref, year)) is not None]
    unless = [at.read(ref, year) for ref in rule.unless or ()]
    return {"of": at.read(rule.when, year), "any": groups, "among": among, "unless": unless}
