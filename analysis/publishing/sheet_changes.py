"""What does a school sheet say of other values? What changes a list, and what that does not say.

To say more of a change: `_move`.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    """Say what would take the school off its lists, or put it on one."""
    blocks = [*_least_lines(school), *_single_lines(school)]
    named = any(ground.result == "met" for ground in school.trace.grounds)
    head = "What would take it off" if named else "What would put it on a list"
    lines = "".join(f"<li>{escape(line)}</li>" for line in blocks)
    return f"<section><h2>{head}</h2><ul>{lines}</ul></section>"


def _least_lines(school: School) -> Iterator[str]:
    for found in school.trace.least:
        if not all(_tellable(school, one) for one in found.changes):
            yield f"{quoted(found.list)}: the least change is {KEPT}."
        elif found.changes:
            yield _least(school, found)
        else:
            yield f"{quoted(found.list)}: {found.why}."


def _least(school: School, found: LeastChange) -> str:
    parts = "; ".join(_move(school, one) for one in found.changes)
    sure = "the least change" if found.exact else "the least change that was found"
    size = f"{number(found.spreads)} standard deviations of schools"
    several = " of several measures together" if len(found.changes) > 1 else ""
    return f"{quoted(found.list)}, {sure}{several} ({size}): {parts}."


def _single_lines(school: School) -> Iterator[str]:
    lists = dict.fromkeys(one.list for one in school.trace.would_change)
    for name in lists:
        found = [one for one in school.trace.would_change if one.list == name]
        smallest = next(one for one in found if one.smallest)
        if not _tellable(school, smallest):
            continue
        others = {one.measure for one in found} - {smallest.measure}
        names = ", ".join(
            school.label(name) for name in school.ratings.design.measures if name in others
        )
        more = f" Alone, but by more: {names}." if others else ""
        verb = "would not name it" if smallest.answer == "not met" else "would name it"
        size = f"{number(smallest.spreads)} standard deviations"
        head = f"{quoted(name)} {verb}, the least change of one measure alone ({size})"
        yield f"{head}: {_move(school, smallest)}.{more}"
    asked = [g.list for g in school.trace.grounds if g.result == "met"] or school.asked
    for name in dict.fromkeys(asked):
        if name not in lists:
            yield f"{quoted(name)}: no measure alone can change it."


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
