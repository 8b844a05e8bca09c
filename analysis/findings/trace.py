"""Why is this school on a list, or not? The whole trace from value to list, in plain sentences.

On demand it also says what it takes to gain levels, and what would change each list. To show more
of a step: a field of `Step`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import Ref
from analysis.designs.rules import Line, Named, Rule
from analysis.designs.rules.across import AcrossParts
from analysis.designs.rules.choosing import LowestGroup
from analysis.findings.least_change import LeastChange, least_change, least_text
from analysis.findings.needed import Gain, Need, needed
from analysis.findings.place import Place, locate
from analysis.findings.sentences import answer, because, chosen_group, told
from analysis.findings.threshold import decides
from analysis.findings.what_would_change import WouldChange, changes_text, what_would_change
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread
from analysis.values import ALL, Reason

RESULTS: Final = {"met": "NAMED", "not met": "not named", "unknown": "cannot be judged"}


@dataclass(frozen=True)
class Step:
    """One step as it came out for this school.

    `told` is its value in words, `reason` why it has none; `reads` gives what it reads, each with
    its value and, where steps are combined, its share of the result (0-1).
    """

    name: str
    rule: str
    told: str
    reason: str
    n: float | None
    reads: tuple[tuple[str, str, float | None], ...]
    cite: str | None


@dataclass(frozen=True)
class Ground:
    """Why a list names the school or not, for one group; `because` is a sentence."""

    list: str
    group: str
    result: str
    because: str


@dataclass(frozen=True)
class Trace:
    """Everything between what was measured of a school and the lists it is on.

    Where it was asked for, `needs` says what it takes to gain levels, `would_change` what single
    change would change a list, `least` the least joint change that takes the school off a list.
    """

    school: str
    name: str
    year: int
    group: str
    design: str
    grounds: tuple[Ground, ...]
    steps: tuple[Step, ...]
    needs: tuple[Need, ...] = ()
    would_change: tuple[WouldChange, ...] = ()
    least: tuple[LeastChange, ...] = ()


def explain(
    ratings: Ratings, school: str, *, year: int | None = None, group: str = ALL, part: str = ""
) -> Trace:
    """Trace one school from its values to every list.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        year: the last of the panel, unless it is said.
        group: the group whose steps are shown; lists over groups show each group.
        part: a part of a school that spans levels; the whole without it.

    Raises:
        ProblemsError: the panel has no such school, part, year or group.

    >>> from analysis import load_design, rate, read_panel
    >>> found = explain(rate(load_design("franklin/index"), read_panel("franklin")), "0101")
    >>> found.grounds[0].because
    'low is met: total is 32.5, at or below the line lowest_line, 32.5'
    """
    place = locate(ratings, school, year=year, group=group, part=part)
    grounds = [ground for name in ratings.design.lists for ground in _grounds(ratings, name, place)]
    steps = tuple(_step(ratings, name, place) for name in ratings.design.steps)
    units = ratings.panel.units
    told = str(units["name"].iloc[place.row]) if "name" in units else ""
    return Trace(school, told, place.year, group, ratings.design.name, tuple(grounds), steps)


def with_changes_told(
    ratings: Ratings,
    trace: Trace,
    *,
    lists: Sequence[str] | None = None,
    groups: Collection[str] | None = None,
    each_group: bool = True,
) -> Trace:
    """Add to a trace what it takes to gain levels, and what would change each list.

    It takes some seconds, since every change is rated. Lists name whole schools, so the whole is
    asked even where the trace is of a part. The least change together is told of lists that name
    the school: of those that one score decides, or of all where no score does.

    Args:
        ratings: the ratings that were traced.
        trace: the trace of a school.
        lists: only these lists; all of the design without it.
        groups: only what these groups need; all of them without it.
        each_group: whether the value of each group is tried alone too, for each list.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> found = with_changes_told(franklin, explain(franklin, "0101"))
    >>> found.would_change[0].measure, found.needs[0].gains[0].to, len(found.least)
    ('growth', 40.0, 1)
    """
    school, year = trace.school, trace.year
    asked = ratings.design.lists if lists is None else lists
    met = {ground.list for ground in trace.grounds if ground.result == "met"}
    named = [name for name in asked if name in met]
    jointly = [name for name in named if decides(ratings, name)] or named
    return replace(
        trace,
        needs=needed(ratings, school, year=year, groups=groups),
        would_change=what_would_change(ratings, school, *asked, year=year, each_group=each_group),
        least=tuple(least_change(ratings, school, name, year=year) for name in jointly),
    )


def _grounds(ratings: Ratings, name: str, place: Place) -> Iterator[Ground]:
    rule = ratings.design.steps[name]
    assert isinstance(rule, Named)  # noqa: S101 (lists are what Named makes)
    groups = (rule.groups or ()) if rule.group == "any" else (rule.group,)
    overall = answer(ratings, name, place)
    if name in ratings.design.unknown:
        cause = ratings.design.unknown[name]
        yield Ground(name, place.group, overall, f"{cause} has a number that nobody knows")
        return
    for ref, wanted, text in _first(rule):
        if answer(ratings, ref.of, place) == wanted:
            yield Ground(name, ALL, overall, text.format(ref))
            return
    for group in groups:
        here = replace(place, group=group)
        condition = answer(ratings, rule.when.of, here)
        if rule.group != "any" or condition == overall:
            yield Ground(name, group, overall, because(ratings, rule.when.of, here))


def _first(rule: Named) -> Iterator[tuple[Ref, str, str]]:
    """Give what keeps a school off the list whatever its results: the pool, and other lists."""
    for ref in rule.among or ():
        yield ref, "not met", "it is not in the pool: {} is not met"
    for ref in rule.unless or ():
        yield ref, "met", "it is on the list {}, which goes first"


def _step(ratings: Ratings, name: str, place: Place) -> Step:
    rule = ratings.design.steps[name]
    values = ratings[name]
    reason = Reason(int(place.of(values.reason)))
    n = np.nan if values.n is None else place.of(values.n)
    return Step(
        name,
        str(getattr(rule, "rule", "")),
        told(ratings, name, place),
        reason.words,
        None if np.isnan(n) else n,
        () if isinstance(rule, Line) else tuple(_reads(ratings, name, rule, place)),
        ratings.design.evidence(name)[0],
    )


def _reads(
    ratings: Ratings, name: str, rule: Rule, place: Place
) -> Iterator[tuple[str, str, float | None]]:
    """Give what a step reads; where it combines, each part with its share of the result."""
    if isinstance(rule, LowestGroup) and name not in ratings.design.unknown:
        chosen = chosen_group(ratings, rule, place) if place.group == rule.as_ else place.group
        here = replace(place, group=chosen or place.group)
        words = f"{rule.of}, {chosen}" if chosen else f"{rule.of}, no group"
        yield words, told(ratings, rule.of, here), None
        return
    found = None if name in ratings.design.unknown else rule.shares(ratings.cells)
    if found is None:
        refs = dict.fromkeys(ref for ref in rule.refs() if ref.of in ratings.design.names.kinds)
        yield from ((str(r), told(ratings, r, place), None) for r in refs if r.of != EVERYONE)
        return
    for (of, group), share in found.items():
        for row in _rows(ratings, rule, place):
            here = replace(place, row=row, group=group or place.group)
            part = str(ratings.panel.units["part"].iloc[row]) if row != place.row else ""
            words = ", ".join((of, *(w for w in (group, part) if w)))
            part_of = here.of(spread(ratings, share))
            yield words, told(ratings, of, here), None if np.isnan(part_of) else part_of


def _rows(ratings: Ratings, rule: Rule, place: Place) -> list[int]:
    """Give the rows that a step combines: the parts of a school that has some, else the school."""
    mine = [int(row) for row in np.flatnonzero(ratings.panel.whole == place.row)]
    parts = [row for row in mine if row != place.row]
    return parts if parts and isinstance(rule, AcrossParts) else [place.row]


def as_text(trace: Trace) -> str:
    """Write a trace as text: the lists with their grounds first, then every step.

    >>> from analysis import load_design, rate, read_panel
    >>> cedar = explain(rate(load_design("franklin/dashboard"), read_panel("franklin")), "0103")
    >>> as_text(cedar).splitlines()[3]
    'red_list: not named, because it is not in the pool: title1 is not met.'
    """
    head = f"{trace.school} {trace.name}, {trace.year}, by {trace.design}"
    lines = [head, ""]
    for ground in trace.grounds:
        group = "" if ground.group == ALL else f" for {ground.group}"
        lines.append(f"{ground.list}{group}: {RESULTS[ground.result]}, because {ground.because}.")
    lines += ["", f"How it comes about ({trace.group}):"]
    for step in trace.steps:
        n = "" if step.n is None else f" (n {step.n:g})"
        lines.append(f"  {step.name} [{step.rule}] = {step.told}{n}")
        parts = [
            f"{name} {value}" + (f" x {share:.1%}" if share else "")
            for name, value, share in step.reads
        ]
        if parts:
            lines.append(f"      from {', '.join(parts)}")
    return "\n".join(lines)


def changes_as_text(trace: Trace) -> str:
    """Write what it takes to gain levels, and what would change each list.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> found = with_changes_told(franklin, explain(franklin, "0101"))
    >>> changes_as_text(found).splitlines()[3].split(";")[0]
    '  growth 42, level 2: 1 more at 48 (+6, +4.7 index points)'
    """
    none = "none: no measure alone can change a list"
    blocks = {
        f"What it takes to gain levels ({trace.group}), each value alone:": _needs_text(
            trace.needs, trace.group
        ),
        "What single change would change a list:": changes_text(trace.would_change) or none,
        "The least change of several measures together, in standard deviations:": "\n".join(
            least_text(one) for one in trace.least
        ),
    }
    lines = []
    for head, text in blocks.items():
        if text:
            lines += [head, *(f"  {line}" for line in text.splitlines()), ""]
    return "\n".join(lines)


def _needs_text(needs: Sequence[Need], group: str) -> str:
    """Write what one group needs for more levels, a line for each measure."""
    lines = []
    for need in needs:
        if need.group == group:
            part = f" ({need.part})" if need.part else ""
            head = f"{need.measure}{part} {need.value:.4g}, level {need.called}"
            gains = "; ".join(_gain_text(gain) for gain in need.gains if gain.to is not None)
            lines.append(f"{head}: {gains or need.gains[0].why}")
    return "\n".join(lines)


def _gain_text(gain: Gain) -> str:
    """Write what it takes to gain some levels: the value, the students, and what it is worth."""
    if gain.to is None or gain.change is None:
        return gain.why
    told = [f"{gain.change:+.4g}"]
    if gain.luck is not None and gain.luck.students is not None:
        told.append(f"{gain.luck.students:,} student{'s' if gain.luck.students != 1 else ''}")
    if gain.worth is not None:
        told.append(f"{gain.worth:+.1f} index points")
    return f"{gain.levels} more at {gain.to:.4g} ({', '.join(told)})"
