"""What does a school sheet say of other values? What changes a list, and what that does not say.

To say more of a change: `_move`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from analysis.findings.least_change import LeastChange
from analysis.findings.moves import EVERY
from analysis.findings.what_would_change import WouldChange
from analysis.publishing.numbers import number
from analysis.publishing.sheet_school import (
    KEPT,
    School,
    chance_words,
    near,
    quoted,
    students_words,
)
from analysis.values import ALL

FEW_NAMES: Final = 3
"""So many measures are named; more are counted."""

LIMITS: Final = """<section class="limits"><h2>What this does not say</h2><ul>
<li>What would be enough says nothing of how to get there, and is no target.</li>
<li>Each change is tried while all else stays: other measures, other schools. In truth groups are
part of all students, other schools change too, and next year draws new lines.</li>
<li>By luck: how often a second measurement of the same, unchanged school would be that much better
(or worse), from the numbers of these students alone. It is not the chance of being on a list.</li>
<li>A level says where a value lies between cut points that the design has set; not how good a
school is, nor why.</li></ul></section>"""
"""The last block, the same for every school."""


def changes_block(school: School) -> str:
    """Say what would take the school off its lists, or put it on one; nothing if none is asked."""
    blocks = [*_least_lines(school), *_single_lines(school)]
    if not blocks:
        return ""
    named = any(ground.result == "met" for ground in school.trace.grounds)
    head = "What would take it off" if named else "What would put it on a list"
    lines = "".join(f"<li>{escape(line)}</li>" for line in blocks)
    return f"<section><h2>{head}</h2><ul>{lines}</ul></section>"


def _least_lines(school: School) -> Iterator[str]:
    """Say what is the least change together; one of a single measure is among the others."""
    singles = {one.list for one in school.trace.would_change}
    for found in school.trace.least:
        if len(found.changes) == 1 and found.list in singles:
            continue
        if not all(_tellable(school, one) for one in found.changes):
            yield f"{quoted(found.list)}: the least change is {KEPT}."
        elif found.changes:
            yield _least(school, found)
        else:
            yield f"{quoted(found.list)}: {found.why}."


def _least(school: School, found: LeastChange) -> str:
    parts = "; ".join(_move(school, one) for one in found.changes)
    several = "several measures together" if len(found.changes) > 1 else "one measure alone"
    size = f"{number(found.spreads)} standard deviations of schools"
    sure = "" if found.exact else "; a smaller one may exist"
    return f"{quoted(found.list)}, {several} ({size}{sure}): {parts}."


def _single_lines(school: School) -> Iterator[str]:
    """Say which change of one measure is enough; lists with the same answer share a line."""
    every = school.trace.would_change
    lines: dict[str, list[str]] = {}
    for name in dict.fromkeys(one.list for one in every):
        found = [one for one in every if one.list == name]
        smallest = next(one for one in found if one.smallest)
        if _tellable(school, smallest):
            lines.setdefault(_single(school, smallest, found), []).append(quoted(name))
    for name in school.asked:
        if not any(one.list == name for one in every):
            lines.setdefault("no measure alone can change it.", []).append(quoted(name))
    for text, names in lines.items():
        yield f"{', '.join(names)}{':' if text.startswith('no ') else ','} {text}"


def _single(school: School, smallest: WouldChange, found: Sequence[WouldChange]) -> str:
    size = f"{number(smallest.spreads)} standard deviations of schools"
    others = dict.fromkeys(one.measure for one in found if one.measure != smallest.measure)
    names = ", ".join(school.label(name) for name in others)
    names = names if len(others) <= FEW_NAMES else f"{len(others)} other measures"
    more = f" By more, also alone: {names}." if others else ""
    return f"one measure alone ({size}): {_move(school, smallest)}.{more}"


def _tellable(school: School, one: WouldChange) -> bool:
    return school.shown(one.measure, one.part, ALL if one.group == EVERY else one.group)


def _move(school: School, one: WouldChange) -> str:
    group = {ALL: "", EVERY: ", every group alike"}.get(one.group, f", {school.group(one.group)}")
    part = f" ({one.part})" if one.part else ""
    students = students_words(one.luck)
    luck = "" if one.luck.chance is None else f"by luck {chance_words(one.luck)}"
    told_ = "; ".join(word for word in (students, luck) if word)
    where = f"{school.value(one.measure, one.now)} to {near(one.instead)}"
    return f"{school.label(one.measure)}{part}{group} from {where}{f' ({told_})' if told_ else ''}"
