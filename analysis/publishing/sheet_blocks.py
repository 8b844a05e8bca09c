"""What does a school sheet say of the rating? The answer first, then the tables.

To add a block: one function that takes the `School` and gives HTML, or nothing to say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

import numpy as np

from analysis.designs.rules import Named
from analysis.designs.rules.conditions import Test
from analysis.designs.rules.lists import ShareOfPool
from analysis.findings.needed import AHEAD, Need
from analysis.findings.place import Place
from analysis.findings.sentences import told
from analysis.findings.trace import Ground
from analysis.publishing.numbers import count, number, percent
from analysis.publishing.sheet_school import (
    KEPT,
    School,
    cell,
    chance_words,
    gain_lines,
    level_lines,
    outward,
    plain,
    quoted,
    students_in_brackets,
)
from analysis.ratings.tables import whole_group
from analysis.values import ALL, Reason

MANY_LISTS: Final = 4
"""With more lists than this, those that do not name the school share one line."""

SHORT_WORDS: Final = {
    Reason.BELOW_MINIMUM_N.words: "too few",
    Reason.NOT_MEASURED.words: "\N{EN DASH}",
    Reason.NO_STUDENTS.words: "\N{EN DASH}",
}


def answer_block(school: School) -> str:
    """Say first on which lists the school is, and why; then its index and rating."""
    lines = [*_list_lines(school), *_headline(school)]
    return f'<section class="answer">{"".join(lines)}</section>'


def _list_lines(school: School) -> Iterator[str]:
    lists = school.ratings.design.lists
    grounds = {name: [g for g in school.trace.grounds if g.list == name] for name in lists}
    named = [name for name in lists if grounds[name] and grounds[name][0].result == "met"]
    for name in named:
        for ground in grounds[name]:
            group = "" if ground.group == ALL else f" for {school.group(ground.group)}"
            text = f"On the list {quoted(name)}{group}: {_because(school, ground)}."
            yield f'<p class="named">{escape(text)}</p>'
    rest = [name for name in lists if name not in named and grounds[name]]
    if len(lists) > MANY_LISTS:
        names = ", ".join(quoted(name) for name in rest)
        yield f"<p>{escape(f'Not on the lists {names}.')}</p>" if rest else ""
        return
    for name in rest:
        first = grounds[name][0]
        head = "Not judged for" if first.result == "unknown" else "Not on"
        why = _because(school, first) if len(grounds[name]) == 1 else "no group meets its condition"
        yield f"<p>{escape(f'{head} the list {quoted(name)}: {why}.')}</p>"


def _because(school: School, ground: Ground) -> str:
    ratings, rule = school.ratings, school.ratings.design.steps[ground.list]
    test = ratings.design.steps.get(rule.when.of) if isinstance(rule, Named) else None
    if not isinstance(test, Test) or len(ratings.design.measured_by(test.of.of)) < 2:  # noqa: PLR2004
        return _held_back(school, ground) or plain(ground.because)
    line = ratings.design.steps.get(test.beyond.of) if test.beyond else None
    by_test = isinstance(rule, Named) and ground.because.startswith(f"{rule.when.of} is ")
    if not by_test or test.beyond is None or not isinstance(line, ShareOfPool) or not line.share:
        return plain(ground.because)
    here = Place(school.place.row, school.place.year, ground.group)
    where = told(ratings, test.beyond, here)
    way = f"{'at or ' if line.included else ''}{'below' if line.side == 'lowest' else 'above'}"
    return (
        f"its {plain(test.of.of)} is {told(ratings, test.of, here)}, and the {line.side} "
        f"{percent(line.share, 0)} of {school.pool(line.pool.of)} are those {way} {where}"
    )


def _held_back(school: School, ground: Ground) -> str:
    """Say that a reason is kept back, where it would tell a value that is."""
    measures = school.ratings.design.measured_by(ground.list)
    cells = [(m, part, g) for m in measures for _, part in school.rows for g in (ground.group, ALL)]
    return "" if all(school.shown(*one) for one in cells) else f"the reason is {KEPT}"


def _headline(school: School) -> Iterator[str]:
    ratings, headline = school.ratings, school.ratings.design.header.headline
    index = headline.index
    measures = () if index is None else ratings.design.measured_by(index)
    cells = [(name, part) for row, part in school.rows for name in school.measures(row)]
    shown = any(school.shown(n, part, ALL) for n, part in cells if n in measures)
    if index is not None and index not in ratings.design.unknown and shown:
        value = whole_group(ratings[index]).sel(year=school.place.year)
        known = value.values[ratings.cells.is_whole.values & value.notnull().values]
        text = f"Index ({plain(index)}): {told(ratings, index, school.place)}."
        if len(known):
            text += (
                f" Half of all {count(len(known))} schools have {number(np.median(known))} or more."
            )
        yield f'<p class="index">{escape(text)}</p>'
    if headline.rating is not None and headline.rating not in ratings.design.unknown:
        rating = told(ratings, headline.rating, school.place)
        text = f"{plain(headline.rating).capitalize()}: {rating}."
        yield f'<p class="index">{escape(text)}</p>'


def measures_block(school: School) -> str:
    """Say of each measure, for all students: value, level, points, and what more levels take."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Measure", *_heads(school)))
    bodies = "".join(_body(school, row, part) for row, part in school.rows)
    worth = " Below: the points it adds to the index." if school.has_index else ""
    note = (
        "All students. What more levels take is a change of the value; in brackets, the students "
        f"who would have to change their result.{worth} By luck: how often two measurements of an "
        "unchanged school differ by as much as 1 level more takes."
    )
    return _table(
        "What was measured, and what more levels take", note, heads, bodies, _rest(school)
    )


def _rest(school: School) -> str:
    """Say in one paragraph what is measured, but does not count in the index."""
    told = []
    for row, part in school.rows:
        for name in school.measures(row):
            need = school.needs.get((name, part, ALL))
            if (name, part) not in school.counted and school.shown(name, part, ALL):
                value = Place(row, school.place.year, ALL).of(school.ratings[name].value)
                level = f" (level {need.called})" if need else ""
                told.append(f"{school.label(name)} {school.value(name, value)}{level}")
    text = f"Measured, but not counted in the index: {'; '.join(told)}." if told else ""
    return f'<p class="note">{escape(text)}</p>' if told else ""


def _heads(school: School) -> tuple[str, ...]:
    index = ("Points", "Share of index") if school.has_index else ()
    return ("Value", "Students", "Level", *index, "1 level more", "2 more", "3 more", "By luck")


def _table(title: str, note: str, heads: str, bodies: str, below: str = "") -> str:
    return (
        f'<section><h2>{title}</h2><p class="note">{note}</p>'
        # a table wider than the window is moved with the keys, too
        f'<div class="table" tabindex="0" role="region" aria-label="{title}">'
        f'<table aria-label="{title}"><thead><tr>{heads}</tr></thead>{bodies}</table></div>'
        f"{below}</section>"
    )


def _body(school: School, row: int, part: str) -> str:
    wide = len(_heads(school)) + 1
    head = (
        f'<tr><th colspan="{wide}" scope="rowgroup">Part: {escape(part)}</th></tr>' if part else ""
    )
    lines = [
        _line(school.label(name), "".join(_cells(school, name, row, part)))
        for name in school.measures(row)
        if (name, part) in school.counted
    ]
    return f"<tbody>{head}{''.join(lines)}</tbody>"


def _line(head: str, cells: str) -> str:
    return f'<tr><th scope="row">{escape(head)}</th>{cells}</tr>'


def _cells(school: School, measure: str, row: int, part: str) -> Iterator[str]:
    if not school.shown(measure, part, ALL):
        yield cell([KEPT], quiet=True)
        yield cell([""]) * (len(_heads(school)) - 1)
        return
    here, values = Place(row, school.place.year, ALL), school.ratings[measure]
    need = school.needs.get((measure, part, ALL))
    yield cell([school.value(measure, here.of(values.value))])
    yield cell([count(here.of(values.n)) if values.n is not None else "not known"])
    why = school.why_none(measure, row, ALL)
    yield cell(level_lines(need) if need else [why], quiet=not need)
    if school.has_index:
        yield cell([school.points(measure, row)])
        yield cell([percent(school.share(measure, row), 0)])
    gains = need.gains if need else ()
    yield from (cell(list(gain_lines(gain)), quiet=gain.change is None) for gain in gains)
    yield cell([""]) * (AHEAD - len(gains))
    first = gains[0] if gains and gains[0].change is not None else None
    yield cell([chance_words(first.luck) if first else ""], quiet=True)


def groups_block(school: School) -> str:
    """Say for each measure and group that counts: its level, value, and the next level's change."""
    groups = [g for g in school.groups if any((m, p, g) in school.needs for m, p in school.counted)]
    measures = [
        (m, part) for m, part in school.counted if any((m, part, g) in school.needs for g in groups)
    ]
    if not groups:
        return ""
    names = ("Measure", *(school.group(group) for group in groups))
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(_group_row(school, m, part, groups) for m, part in measures)
    note = "Level; beside it the value, and the change that gives the next level (students)."
    return _table("Levels of groups", note, heads, f"<tbody>{rows}</tbody>")


def _group_row(school: School, measure: str, part: str, groups: list[str]) -> str:
    label = f"{school.label(measure)}{f' ({part})' if part else ''}"
    cells = "".join(_group_cell(school, measure, part, group) for group in groups)
    return _line(label, cells)


def _group_cell(school: School, measure: str, part: str, group: str) -> str:
    if not school.shown(measure, part, group):
        return cell([KEPT], quiet=True)
    need = school.needs.get((measure, part, group))
    if need is None:
        row = next(row for row, name in school.rows if name == part)
        why = school.why_none(measure, row, group)
        return cell([SHORT_WORDS.get(why, why)], quiet=True)
    beside = escape(", ".join(_short(school, need)))
    return f"<td><b>{escape(need.called)}</b> <span>{beside}</span></td>"


def _short(school: School, need: Need) -> Iterator[str]:
    yield school.value(need.measure, need.value)
    if need.gains[0].change is not None:
        yield outward(need.gains[0].change) + students_in_brackets(need.gains[0].luck)
