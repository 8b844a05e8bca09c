"""Which steps of a design do some lists rest on? Without the others, `rate` is done sooner."""

from __future__ import annotations

from dataclasses import replace

from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design
from analysis.designs.rules.choosing import LowestGroup


def only_for(design: Design, *names: str) -> Design:
    """Keep the steps on which some steps rest, and those that make a group of their own.

    What is kept rates as in the whole design; the groups stay the same.

    >>> from analysis import load_design
    >>> tuple(only_for(load_design("franklin/dashboard"), "graduation_list").steps)
    ('graduation_2y', 'few_graduate', 'graduation_list')
    """
    made = [step for step, rule in design.steps.items() if isinstance(rule, LowestGroup)]
    wanted = {one for step in (*names, *made) for one in design.below(step)}
    kept = {step: rule for step, rule in design.steps.items() if step in wanted}
    return replace(design, steps=FrozenMap(kept))
