"""What do student rows say of every school? From a design and students to a panel.

To change a step: the module that `__init__` names for its question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import polars as pl

from analysis.designs.counting import Counting
from analysis.designs.definitions import Definition, Growth
from analysis.designs.design import Design
from analysis.designs.student_columns import KEYS
from analysis.panels.files import MEASURES
from analysis.panels.panel import Panel
from analysis.panels.reading import find_panel, read_panel
from analysis.panels.students.assemble import panel_of
from analysis.panels.students.cells import cells_of, percentiles, sum_up
from analysis.panels.students.counts import Count, count_of, prior_of, residual_of
from analysis.panels.students.growth import columns_read, growth_columns
from analysis.panels.students.lost import lost_students
from analysis.panels.students.mending import clean
from analysis.panels.students.schools import completed, school_rows, spanning
from analysis.panels.students.table import ROW, Students, has_students, read_students, typed
from analysis.panels.students.who import groups_of, part_of, unknown
from analysis.problems import fail, listed


@dataclass(frozen=True)
class Measured:
    """A panel counted from students, and what became of them on the way.

    `lost` says how many students each rule of counting left out (columns measure, year, group,
    rule, students, share); `repaired` how many rows were mended (columns reason, rule, rows);
    `unknown` maps measures (and groups) that stay unknown to the words of the design that nobody
    knows.
    """

    panel: Panel
    lost: pd.DataFrame
    repaired: pd.DataFrame
    unknown: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Counted:
    """Student rows ready to be summed up.

    `rows` has the columns `part`, `groups` (one bit for each, as `who.groups_of` says) and those of
    growth; `counts` says for each measure who counts in it and what for; `groups` are named in the
    order of their bits, without all students; `growth` holds the growth measures. `repaired` and
    `unknown` are those of `Measured`.
    """

    rows: pl.LazyFrame
    counts: Mapping[str, Count]
    groups: tuple[str, ...]
    growth: Mapping[str, Growth]
    repaired: pd.DataFrame
    unknown: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Plan:
    """What a design counts: its heading `students`, and each definition as columns."""

    design: Design
    counting: Counting
    definitions: Mapping[str, Definition]
    counts: Mapping[str, Count]
    unknown: Mapping[str, tuple[str, ...]]

    @property
    def growth(self) -> Mapping[str, Growth]:
        """The growth measures."""
        return {name: one for name, one in self.definitions.items() if isinstance(one, Growth)}

    def used(self) -> Mapping[str, str]:
        """Name the columns that are read, each with the address that reads it."""
        found = dict.fromkeys(self.counting.columns(), "students.groups")
        for name, count in self.counts.items():
            own = count.columns - {prior_of(name), residual_of(name)}
            if name in self.growth:
                own |= columns_read(self.growth[name])
            place = self.design.document.place(("measures", name, "from_students"))
            found |= dict.fromkeys(own, f"measures.{name}.from_students ({place})")
        return found


def measure(design: Design, students: Students) -> Measured:
    """Count every measure that a design takes from students, for every school and group.

    Measures of the students' folder that the design does not take from students are kept as they
    are. A measure whose definition rests on something nobody knows stays missing, with that as
    the reason.

    Args:
        design: its measures say `from_students`, its heading `students` whose students count.
        students: the rows; they stay where they are.

    Raises:
        ProblemsError: the design counts no students, the table lacks a column that the design
            reads, or rows cannot be right and no rule says how they are mended.

    >>> from analysis.designs.design import parse_design
    >>> from analysis.panels.students.table import make_students
    >>> design = parse_design('''
    ... title: Absence
    ... students: {full_year: any, minimum_days: 0, alternate: out, first_year_el: out}
    ... measures: {absence: {from_students: {definition: chronic_absence, minimum_days: 30}}}
    ... ''')
    >>> rows = pd.DataFrame({"student": ["a", "b"], "school": "0101", "year": 2015, "grade": 3,
    ...                      "days_enrolled": 180, "days_absent": [18.0, 17.5]})
    >>> panel = measure(design, make_students(rows)).panel
    >>> float(panel.measures["absence"].value.sel(year=2015, group="all")[0])
    50.0
    """
    return measure_counted(design, students, counted_rows(design, students))


def measure_counted(design: Design, students: Students, found: Counted) -> Measured:
    """Sum up student rows that are ready, as `measure` does.

    Raises:
        ProblemsError: nobody counts in any measure, or a table beside the students is wrong.
    """
    cells = _cells(found)
    if cells.is_empty():
        raise fail(students.file, f"has no student who counts in a measure of {design.name}.")
    schools = completed(school_rows(students.tables), found.rows)
    panel = panel_of(design, students, cells=cells, schools=schools)
    lost = lost_students(found.rows, found.counts, found.groups)
    return Measured(panel, lost, found.repaired, found.unknown)


def counted_rows(design: Design, students: Students) -> Counted:
    """Clean student rows, and say of each to which part and groups it belongs and how it grew.

    Raises:
        ProblemsError: as `measure` says.
    """
    plan = _plan(design)
    schools = school_rows(students.tables)
    used = plan.used()
    ready = typed(students, used)
    codes = () if schools is None else tuple(schools["school"])
    found = clean(ready, plan.counting, used={*KEYS, *used}, schools=codes, file=students.file)
    rows = _placed(found.rows, plan, spanning(schools))
    open_ = {
        f"group {g}": (f"students.groups.{g}",) for g, r in plan.counting.groups.items() if not r
    }
    groups = tuple(plan.counting.rules)
    unknown_ = {**plan.unknown, **open_}
    return Counted(rows, plan.counts, groups, plan.growth, found.repaired, unknown_)


def _plan(design: Design) -> _Plan:
    said = {name: one.from_students for name, one in design.measures.items()}
    counted = {name: one for name, one in said.items() if one is not None}
    counting = design.header.students
    if counting is None or not counted:
        text = "takes no measure from students. Say from_students of a measure, and students."
        raise fail(design.name, text)
    gaps = {name: unknown(one, counting) for name, one in counted.items()}
    known = {name: one for name, one in counted.items() if not gaps[name]}
    counts = {name: count_of(one, counting, name) for name, one in known.items()}
    lacking = {name: words for name, words in gaps.items() if words}
    if not counts:
        words = listed(dict.fromkeys(word for told in lacking.values() for word in told))
        raise fail(design.name, f"no measure can be counted: nobody knows {words} (null).")
    return _Plan(design, counting, known, counts, lacking)


def _placed(rows: pl.LazyFrame, plan: _Plan, spans: frozenset[str]) -> pl.LazyFrame:
    """Add to each row its part, its groups and, for each growth measure, how it did."""
    counting = plan.counting
    growth = [
        growth_columns(rows, clause, name, counting=counting)
        for name, clause in plan.growth.items()
    ]
    rows = rows.with_columns(part_of(counting.parts, spans), groups_of(counting.rules))
    for one in growth:
        rows = rows.join(one.lazy(), on=ROW, how="left")
    return rows


def _cells(found: Counted) -> pl.DataFrame:
    sums = sum_up(found.rows, found.counts, found.groups)
    cells = cells_of(sums)
    for name, clause in found.growth.items():
        if clause.scale == "percentile":
            cells = percentiles(cells, name, clause.base_year)
    years = sums.table["year"].unique().implode()
    return cells.filter(pl.col("year").is_in(years))


def read_or_measure(design: Design, panel: str | Path) -> Measured | Panel:
    """Read a panel, or count it first where a folder holds students and lacks what they tell.

    Raises:
        ProblemsError: as `read_panel` and `measure` say.
    """
    path = find_panel(panel)
    wanted = [name for name, one in design.measures.items() if one.from_students is not None]
    if not wanted or not has_students(path):
        return read_panel(panel)
    students = read_students(path)
    table = students.tables.get(MEASURES)
    there = [] if table is None else table["measure"].unique().to_pylist()
    if all(name in there for name in wanted):
        return read_panel(panel)
    return measure(design, students)
