"""Which decisions does a design leave open, and how may each be settled?

To add a preset: an adaptation that fills numbers which a design leaves null, and says with
`settles` which decision that is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from analysis.designs.adaptation import Adaptation, adaptation_names, load_adaptation
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design

Presets = Mapping[str, tuple[Adaptation, ...]]
"""For each decision the presets that settle it, in the order of their names."""


def presets_of(design: Design, *, step: str | None = None) -> Presets:
    """List the built-in presets of a design by the decision that they settle.

    Args:
        design: a built-in design, not yet adapted.
        step: a list, an index or another step; only decisions on which it rests are given. How
            students are counted is decided before a step, and so is not among them.

    Returns:
        decision -> its presets; two presets of one decision exclude each other. The decisions come
        in the order of the alphabet.

    >>> from analysis.designs.design import load_design
    >>> sorted(presets_of(load_design("core/sqii-2015-16"), step="graduation_counted"))
    ['graduation']
    """
    place = design.name.partition("/")[0]
    named = (name for name in adaptation_names() if name.startswith(f"{place}/"))
    every = (load_adaptation(name) for name in named)
    below = None if step is None else {*design.below(step)}
    found: dict[str, tuple[Adaptation, ...]] = {}
    for one in every:
        mine = one.settles is not None and design.name in one.bases
        if mine and (below is None or one.touches(design) & below):
            decision = one.settles or ""
            found[decision] = (*found.get(decision, ()), one)
    return FrozenMap({decision: found[decision] for decision in sorted(found)})


def specifications(design: Design, *, step: str | None = None) -> Iterator[tuple[Adaptation, ...]]:
    """Give every way to settle all decisions of a design, one preset for each.

    Each may be handed to `adapt` as it is. With `step`, only decisions on which it rests are
    settled.

    >>> from analysis.designs.design import load_design
    >>> design = load_design("core/sqii-2015-16")
    >>> [one.name for (one,) in specifications(design, step="graduation_counted")]
    ['graduation-average', 'graduation-best', 'graduation-four-year']
    """
    yield from itertools.product(*presets_of(design, step=step).values())
