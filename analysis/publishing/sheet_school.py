"""What may a sheet say of its school? Names, what is kept back, and how things are written.

To write another kind of thing: one function here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Final

import numpy as np

from analysis.designs.checking import EVERYONE
from analysis.designs.rules.base import NumberRule
from analysis.findings.luck import Luck
from analysis.findings.moves import SHORT, range_of
from analysis.findings.needed import Gain, Need, level_steps
from analysis.findings.place import Place
from analysis.findings.trace import Trace
from analysis.panels.panel import Panel
from analysis.publishing.numbers import MINUS, number
from analysis.ratings.rate import Ratings
from analysis.ratings.weights import Applied, weights_applied
from analysis.values import ALL, Reason

RARE: Final = 0.01
"""A smaller chance is not told by a number."""

FEW_LISTS: Final = 3
"""Up to so many lists a school that is on none is told what would put it there."""

SMALL: Final = 10
"""A measure that ends here or below is written with two places."""

KEPT: Final = "kept back"
"""What stands in the place of a value that would tell of few students."""


@dataclass(frozen=True)
class School:
    """One school on its sheet; `kept` is its panel with what is kept back suppressed."""

    ratings: Ratings
    kept: Panel
    place: Place
    trace: Trace

    @property
    def name(self) -> str:
        """Its name, or its code where the panel has none."""
        return self.trace.name or self.trace.school

    @property
    def where(self) -> str:
        """Its district and level, the year, and by which design it was rated."""
        units = self.ratings.panel.units
        told = [str(units[c].iloc[self.place.row]) for c in ("district", "level") if c in units]
        parts = (", ".join(word for word in told if word), str(self.place.year))
        return " \N{MIDDLE DOT} ".join(p for p in (*parts, self.ratings.design.title) if p)

    @cached_property
    def rows(self) -> tuple[tuple[int, str], ...]:
        """Its rows that have values of their own, with the part that each is."""
        whole, units = self.ratings.panel.whole, self.ratings.panel.units
        every = np.flatnonzero(whole == whole[self.place.row])
        return tuple((int(r), str(units["part"].iloc[r])) for r in every if self._measured(int(r)))

    def _measured(self, row: int) -> bool:
        here = Place(row, self.place.year, ALL)
        names = self.ratings.design.measures
        return any(not math.isnan(here.of(self.ratings[name].value)) for name in names)

    @property
    def asked(self) -> tuple[str, ...]:
        """The lists whose changes are told: those that name it, or all where they are few."""
        named = [ground.list for ground in self.trace.grounds if ground.result == "met"]
        lists = self.ratings.design.lists
        return tuple(dict.fromkeys(named)) or (lists if len(lists) <= FEW_LISTS else ())

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups that count in the index; all groups where there is none."""
        every = [group for group in self.ratings.cells.groups if group != ALL]
        if not self._weights:
            return tuple(every)
        rows = [row for row, _ in self.rows]
        shares = [
            w.share.isel(school=rows).sel(year=self.place.year) for w in self._weights.values()
        ]
        return tuple(g for g in every if any(float(a.sel(group=g).max()) > 0 for a in shares))

    @property
    def has_index(self) -> bool:
        """Whether measures carry shares of an index."""
        return bool(self._weights)

    @cached_property
    def counted(self) -> tuple[tuple[str, str], ...]:
        """The measures, with their part, that count in the index; all where there is none."""
        names = [(name, row, part) for row, part in self.rows for name in self.measures(row)]
        return tuple((n, part) for n, row, part in names if self.share(n, row) or not self._weights)

    @cached_property
    def _weights(self) -> Mapping[str, Applied]:
        return weights_applied(self.ratings)

    def share(self, measure: str, row: int) -> float:
        """The share of the index (0-1) that a measure carries here, over all groups."""
        found = self._weights.get(measure)
        if found is None:
            return 0.0
        return float(found.share.isel(school=row).sel(year=self.place.year).sum())

    def measures(self, row: int) -> tuple[str, ...]:
        """The measures that have a value in a row, those that count in the index first."""
        here = Place(row, self.place.year, ALL)
        every = self.ratings.design.measures
        there = [name for name in every if not math.isnan(here.of(self.ratings[name].value))]
        return tuple(sorted(there, key=lambda name: not self.share(name, row)))

    @cached_property
    def steps(self) -> dict[str, str]:
        """The step that gives each measure its level."""
        return level_steps(self.ratings)

    @cached_property
    def needs(self) -> dict[tuple[str, str, str], Need]:
        """What is needed for more levels, by measure, part and group.

        A level that the index does not read is left out where the measure counts in the index.
        """
        index = self.ratings.design.header.headline.index
        below = self.ratings.design.below(index) if index and self.has_index else ()
        return {
            (one.measure, one.part, one.group): one
            for one in self.trace.needs
            if not below or one.step in below or (one.measure, one.part) not in self.counted
        }

    def label(self, measure: str) -> str:
        """The measure's name for readers."""
        note = self.ratings.panel.about.measures.get(measure)
        said = self.ratings.design.measures[measure].label or (note.label if note else "")
        said = said or plain(measure)
        return said[:1].upper() + said[1:]

    def group(self, group: str) -> str:
        """The group's name for readers."""
        said = self.ratings.design.header.groups.get(group)
        said = said or self.ratings.panel.about.groups.get(group)
        return said or ("all students" if group == ALL else plain(group))

    def pool(self, name: str) -> str:
        """The pool of a line, in words."""
        column = self.ratings.design.columns.get(name)
        said = column.label if column is not None else None
        return "all schools" if name == EVERYONE else f"the pool {said or plain(name)}"

    def shown(self, measure: str, part: str, group: str) -> bool:
        """Say whether a value may be shown; that of a derived group, if all groups' may."""
        row = next((row for row, name in self.rows if name == part), self.place.row)
        groups = [group] if group in self.kept.groups else list(self.kept.groups)
        before, after = (p.measures[measure].reason for p in (self.ratings.panel, self.kept))
        here = [Place(row, self.place.year, one) for one in groups]
        return all(one.of(before) == one.of(after) for one in here)

    def why_none(self, measure: str, row: int, group: str) -> str:
        """Say why a value has no level: too few students, not measured, and so on."""
        here = Place(row, self.place.year, group)
        step = self.steps.get(measure, measure)
        return Reason(int(here.of(self.ratings[step].reason))).words

    def value(self, measure: str, x: float) -> str:
        """Write a value of a measure: a level by its name, a number with one place or two."""
        labels = self.ratings[measure].labels
        if labels:
            return labels[int(x) - 1]
        return number(x, 2 if range_of(self.ratings, measure)[1] <= SMALL else 1)

    def points(self, measure: str, row: int) -> str:
        """Write a measure's points of those possible; empty where the design does not say them."""
        step = _points_step(self.ratings, measure)
        if step is None:
            return ""
        here, rule = Place(row, self.place.year, ALL), self.ratings.design.steps[step]
        found = here.of(self.ratings[step].value)
        if math.isnan(found):
            return ""
        most = (
            here.of(self.ratings.cells.number(rule.most())) if isinstance(rule, NumberRule) else 0
        )
        return f"{number(found)} of {most:.4g}" if most > 1 else ""


def _points_step(ratings: Ratings, measure: str) -> str | None:
    """Name the last step on one measure alone before the index combines measures."""
    index, design = ratings.design.header.headline.index, ratings.design
    if index is None or index in design.unknown:
        return None
    below = design.below(index)
    joins = {name for name in below if len(design.measured_by(name)) > 1}
    used = {name for join in joins for name in design.uses(join)}
    mine = [name for name in below if name in used and name in design.steps]
    return next((name for name in mine if design.measured_by(name) == (measure,)), None)


def plain(name: str) -> str:
    """Write a name of the design as words."""
    return name.replace("_", " ")


def quoted(name: str) -> str:
    """Write a name of the design as words, in quotation marks."""
    return f"\N{LEFT DOUBLE QUOTATION MARK}{plain(name)}\N{RIGHT DOUBLE QUOTATION MARK}"


def near(value: float) -> str:
    """Write a value that would do, with one place where that is exact.

    >>> near(60.0), near(29.999999), near(73.9000001), near(66.94)
    ('60.0', 'just below 30.0', '73.9', '66.94')
    """
    one = round(value, 1)
    if abs(value - one) < SHORT / 2:
        return number(one)
    if abs(value - one) < 2 * SHORT:
        return f"just {'below' if value < one else 'above'} {number(one)}"
    return number(value, 2)


def outward(change: float) -> str:
    """Write a change with one place, rounded away from zero: a smaller one might not do.

    >>> outward(2.51), outward(12.0), outward(-4.450001) == MINUS + "4.5"
    ('+2.6', '+12.0', True)
    """
    size = math.ceil(round(abs(change) * 10, 6)) / 10
    return f"{'+' if change > 0 else MINUS}{size:.1f}"


def chance_words(luck: Luck | None) -> str:
    """Write how often luck alone shows a change.

    >>> chance_words(Luck(None, 0.123, "")), chance_words(Luck(None, 0.001, ""))
    ('12 in 100', 'under 1 in 100')
    """
    if luck is None or luck.chance is None:
        return "not known"
    return "under 1 in 100" if luck.chance < RARE else f"{100 * luck.chance:.0f} in 100"


def students_words(luck: Luck | None) -> str:
    """Write the students behind a change; empty where they are not known."""
    if luck is None or luck.students is None:
        return ""
    return f"{luck.students:,} student{'' if luck.students == 1 else 's'}"


def level_lines(need: Need) -> list[str]:
    """Give a level and the highest that there is; a level with a name has its place below it."""
    if need.called == f"{need.level:g}":
        return [f"{need.called} of {need.top:g}"]
    return [need.called, f"{need.level:g} of {need.top:g}"]


def gain_lines(gain: Gain) -> Iterator[str]:
    """Give what a gain takes: the change and its students, and below it what it is worth."""
    if gain.change is None:
        yield "not possible" if gain.why.startswith("not possible") else "\N{EN DASH}"
        return
    yield outward(gain.change) + students_in_brackets(gain.luck)
    if gain.worth is not None:
        yield f"{MINUS if gain.worth < 0 else '+'}{abs(gain.worth):.1f} points"


def students_in_brackets(luck: Luck | None) -> str:
    """Write the students behind a change in brackets; empty where they are not known."""
    return "" if luck is None or luck.students is None else f" ({luck.students:,})"


def cell(lines: Iterator[str] | list[str], *, quiet: bool = False) -> str:
    """Make a cell of a table: the first line, and smaller ones below it."""
    first, *more = lines
    below = "".join(f"<small>{escape(line)}</small>" for line in more)
    kind = ' class="quiet"' if quiet else ""
    return f"<td{kind}>{escape(first)}{below}</td>"
