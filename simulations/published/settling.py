"""Which other presets does a design have, and what must be measured anew under each?

To add a preset: an adaptation file that says which decision it settles. No Python.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.designs.adaptation import adapt, later_holds, load_adaptation
from analysis.designs.design import Design, load_design, plain
from analysis.designs.presets import presets_of

USUAL: Final = "usual"
"""The settlement in which every decision is settled by its likeliest preset."""


@dataclass(frozen=True)
class Way:
    """One settlement of a design: the usual one, but for one decision."""

    decision: str
    preset: str
    design: Design


def usual_way(design: str, settlement: str) -> Way:
    """Settle every decision of a design as its usual settlement does."""
    return Way(USUAL, USUAL, adapt(load_design(design), load_adaptation(settlement)))


def other_ways(design: str, settlement: str, only: Collection[str] | None = None) -> Iterator[Way]:
    """Give a way for every other preset of every decision, one at a time.

    Args:
        design: a built-in design.
        settlement: its usual settlement.
        only: decisions to be settled otherwise; all without it.
    """
    base = load_design(design)
    parts = load_adaptation(settlement).parts(base)
    taken = {part.name for part in parts}
    for decision, presets in presets_of(base).items():
        for preset in presets:
            if preset.name not in taken and (only is None or decision in only):
                chosen = later_holds(base, (*parts, preset))
                yield Way(decision, preset.name, adapt(base, *chosen))


def with_preset(design: str, adaptations: Sequence[str], preset: str) -> Design:
    """Adapt a design, but let one preset take the place of the one that settles its decision.

    >>> usual = with_preset("core/sqii-2015-16", ["core/usual"], "core/redesignation-state")
    >>> usual.measures["redesignation"].from_students.window
    'state'
    """
    base = load_design(design)
    named = (load_adaptation(name) for name in (*adaptations, preset))
    return adapt(base, *later_holds(base, named))


def measured_anew(usual: Design, other: Design) -> tuple[str, ...]:
    """Name the measures that another settlement counts in another way.

    >>> a = usual_way("core/sqii-2015-16", "core/usual").design
    >>> b = next(other_ways("core/sqii-2015-16", "core/usual", only=["split"]))
    >>> measured_anew(a, b.design)
    ()
    """
    counted = {n: x.from_students for n, x in other.measures.items() if x.from_students is not None}
    heads = [one.header.students for one in (usual, other)]
    old, new = (None if head is None else plain(head) for head in heads)
    if old != new:
        return tuple(counted)
    before = {name: usual.measures[name].from_students for name in counted}
    return tuple(
        name
        for name, clause in counted.items()
        if (one := before[name]) is None or plain(one) != plain(clause)
    )


def only_counting(design: Design, measures: tuple[str, ...]) -> Design:
    """Make a design that counts no other measures from students."""
    others = [n for n, x in design.measures.items() if x.from_students and n not in measures]
    return design.vary({f"measures.{name}.from_students": None for name in others})
