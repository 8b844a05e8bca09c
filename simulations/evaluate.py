"""Whom does every cell of an experiment name? By `rate` with shared steps, or by the kernel.

Cells that differ only in weights of one mean, or in the share of its line, go to the kernel as
arrays where it can judge the list; all others to `rate`, one after another, each taking over the
steps of the one before. To let more cells go to the kernel: `_quick`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.designs.design import Design
from analysis.designs.rules.combining import Mean
from analysis.findings.comparison import students_by_group
from analysis.panels.panel import Panel
from analysis.problems import ProblemsError, fail, listed
from analysis.ratings.naming import identify
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.resting import only_for
from analysis.ratings.reweigh import weighing_of
from simulations.factors import line_of, mean_of
from simulations.figures import Figures, Redraw, redraw, students_of
from simulations.grid import Cell, Plan
from simulations.outcomes import BEFORE, DRAWN, NAMED, STUDENTS, Seen, outcome


@dataclass(frozen=True)
class Bench:
    """What every cell is held against: the design as filed, on the figures as published.

    Over school (whole schools, in the order of the panel): `schools` their codes, `filed` the list
    as filed, `judged` whom it can judge, `students` their students by group. `fresh` holds the
    draws.
    """

    plan: Plan
    figures: Figures
    year: int
    schools: np.ndarray
    filed: np.ndarray
    judged: np.ndarray
    students: Mapping[str, np.ndarray]
    fresh: Redraw | None
    base: Ratings

    @property
    def draws(self) -> int:
        """How many times each cell is looked at."""
        return 1 if self.fresh is None else len(self.fresh.fresh)

    @property
    def panel(self) -> Panel:
        """The panel as the design as filed reads it."""
        return self.base.panel


@dataclass(frozen=True)
class Looked:
    """What some cells show.

    `outcomes` is over cell, outcome and draw, `named` over cell, draw and school.
    """

    outcomes: np.ndarray
    named: np.ndarray


def bench_of(plan: Plan, figures: Figures) -> Bench:
    """Rate the design as filed, and draw figures where draws are asked for.

    Raises:
        ProblemsError: year, groups or draws are not in the panel, or nobody is named.
    """
    asked, panel = plan.asked, figures.panel(plan.base)
    year = panel.years[-1] if asked.year is None else asked.year
    needed = [year, year - 1] if BEFORE in asked.outcomes else [year]
    for one in needed:
        if one not in panel.years:
            text = f"there is no year {one}; the panel has {listed(panel.years)}."
            raise ProblemsError([asked.problem(("year",), text)])
    base = rate(only_for(plan.base, plan.list), panel)
    whole = base.cells.is_whole.to_numpy()
    held = _of_year(base, plan.list, year)[whole]
    if not (held == 1).any():
        text = f"names nobody in {year}, so there is nothing to hold other lists to."
        raise ProblemsError([asked.problem(("list",), f"{plan.list} {text}")])
    kind = asked.draw.kind
    fresh = None if kind == "none" else redraw(asked, plan.base, panel, name=plan.list, year=year)
    return Bench(
        plan,
        figures,
        year,
        panel.units["school"].to_numpy()[whole],
        held == 1,
        ~np.isnan(held),
        {word: n[whole] for word, n in _students(plan, base, year).items()},
        fresh,
        base,
    )


def _students(plan: Plan, base: Ratings, year: int) -> Mapping[str, np.ndarray]:
    words = [w.removeprefix(STUDENTS) for w in plan.asked.outcomes if w.startswith(STUDENTS)]
    counted = students_by_group(base, year) if words else {}
    problems, found = [], {}
    for word in words:
        try:
            found[word] = students_of(base.panel, counted, word, year=year)
        except ProblemsError as error:
            problems += [plan.asked.problem(("outcomes",), str(one)) for one in error.problems]
    if problems:
        raise ProblemsError(problems)
    return found


def look(bench: Bench, numbers: Sequence[int], draws: Sequence[int] = (0,)) -> Looked:
    """Say what some cells show in some draws.

    Args:
        bench: what the cells are held against.
        numbers: which cells.
        draws: which draws; one, of any number, where nothing is drawn.

    Raises:
        ProblemsError: a cell whose options do not go together, or whose list is not known.
    """
    plan, asked = bench.plan, bench.plan.asked
    cells = [plan.cell(number) for number in numbers]
    groups = _groups(plan, cells)
    named = np.zeros((len(cells), len(draws), len(bench.schools)), dtype=bool)
    before = np.zeros_like(named) if BEFORE in asked.outcomes else None
    for place, number in enumerate(draws):
        drawn = None if bench.fresh is None else bench.fresh.drawn(number)
        into = {bench.year: named[:, place]}
        if before is not None:
            into[bench.year - 1] = before[:, place]
        _fill(bench, groups, drawn, into)
    own = named[:, 0].copy()
    if DRAWN in asked.outcomes:
        _fill(bench, groups, None, {bench.year: own})
    words = [word for word in asked.outcomes if word != NAMED]
    found = np.empty((len(cells), len(words), len(draws)))
    for i in range(len(cells)):
        earlier = None if before is None else before[i]
        seen = Seen(named[i], own[i], bench.filed, bench.judged, earlier, bench.students)
        found[i] = [outcome(word, seen) for word in words]
    return Looked(found, named)


@dataclass(frozen=True)
class _Group:
    """Cells that differ only in what the kernel takes as arrays: their places, weights and shares.

    Without `weights` the cells are rated one by one.
    """

    first: Design
    cells: tuple[Cell, ...]
    places: tuple[int, ...]
    weights: np.ndarray | None = None
    shares: np.ndarray | None = None


def _groups(plan: Plan, cells: Sequence[Cell]) -> list[_Group]:
    """Put cells together that share everything but weights and shares."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        quick = _quick(plan.adapted(cell), plan.list)
        rest = {at: x for at, x in cell.changes.items() if at not in quick}
        parts = [one.model_dump_json() for one in cell.parts]
        found.setdefault(json.dumps([parts, rest], sort_keys=True, default=str), []).append(place)
    return [_group(plan, [cells[place] for place in some], some) for some in found.values()]


def _quick(design: Design, name: str) -> frozenset[str]:
    """Name the addresses that the kernel takes as arrays."""
    try:
        mean, line = mean_of(design, name), line_of(design, name)
    except ProblemsError:
        return frozenset()
    return frozenset((*(f"{mean}.of.{cell}" for cell in _mean(design, mean)), f"{line}.share"))


def _mean(design: Design, name: str) -> Mapping[str, Any]:
    rule = design.steps[name]
    assert isinstance(rule, Mean)  # noqa: S101 (mean_of gives no other)
    return rule.of


def _group(plan: Plan, cells: Sequence[Cell], places: Sequence[int]) -> _Group:
    first = plan.design_of(cells[0])
    alone = _Group(first, tuple(cells), tuple(places))
    if len(cells) == 1:
        return alone
    mean, line = mean_of(first, plan.list), line_of(first, plan.list)
    usual = {f"{mean}.of.{cell}": x for cell, x in _mean(first, mean).items()}
    usual[f"{line}.share"] = getattr(first.steps[line], "share", None)
    told = [[cell.changes.get(at, x) for at, x in usual.items()] for cell in cells]
    if not all(isinstance(x, int | float) for row in told for x in row):
        return alone  # a number that differs by school is for rate
    table = np.array(told, dtype=float)
    return replace(alone, weights=table[:, :-1], shares=table[:, -1])


def _fill(
    bench: Bench, groups: Sequence[_Group], drawn: Panel | None, into: Mapping[int, np.ndarray]
) -> None:
    """Mark whom each cell names, for each year over cell and school; one draw, or as published."""
    last = bench.base
    for group in groups:
        if group.weights is not None:
            last = _rate(bench, group.first, drawn, last)
            if _by_kernel(bench, group, last, into):
                continue
        for cell, place in zip(group.cells, group.places, strict=True):
            design = bench.plan.design_of(cell)
            _known(bench, design, cell)
            last = _rate(bench, design, drawn, last)
            for year, named in into.items():
                marks = _of_year(last, bench.plan.list, year) == 1
                named[place] = _aligned(bench, last.panel, marks[None])[0]


def _rate(bench: Bench, design: Design, drawn: Panel | None, last: Ratings) -> Ratings:
    needed = only_for(design, bench.plan.list)
    return rate(needed, _panel(bench, needed, drawn), earlier=last)


def _panel(bench: Bench, design: Design, drawn: Panel | None) -> Panel:
    published = bench.figures.panel(design)
    if drawn is None:
        return published
    if published is not bench.panel and published.digest != bench.panel.digest:
        raise fail("draw", "needs one panel; some cells count students otherwise.")
    return drawn


def _by_kernel(
    bench: Bench, group: _Group, ratings: Ratings, into: Mapping[int, np.ndarray]
) -> bool:
    """Mark whom the cells of a group name; nothing where the list needs `rate`."""
    assert group.weights is not None  # noqa: S101 (only such groups come here)
    try:
        weighings = {year: weighing_of(ratings, bench.plan.list, year=year) for year in into}
    except ProblemsError:
        return False
    for year, weighing in weighings.items():
        found = identify(weighing, group.weights, at=group.shares, keep=("schools",), threads=1)
        marks = np.array([found.schools(i) for i in range(len(group.cells))])
        into[year][list(group.places)] = _aligned(bench, ratings.panel, marks)
    return True


def _known(bench: Bench, design: Design, cell: Cell) -> None:
    if bench.plan.list in design.unknown:
        told = "; ".join(f"{name} = {one.label}" for name, one in cell.options.items())
        text = f"{bench.plan.list} rests on {design.unknown[bench.plan.list]}, which is not known"
        raise fail(f"cell {cell.number}", f"{text} where {told}.")


def _of_year(ratings: Ratings, name: str, year: int) -> np.ndarray:
    a = ratings[name].value
    found: np.ndarray = (a.sel(year=year) if "year" in a.dims else a).to_numpy()
    return found


def _aligned(bench: Bench, panel: Panel, marks: np.ndarray) -> np.ndarray:
    """Lay marks (over cell and row of a panel) out over the schools of the bench."""
    whole = panel.whole == np.arange(len(panel.units))
    if not np.array_equal(panel.units["school"].to_numpy()[whole], bench.schools):
        raise fail(panel.name, "holds other schools when students are counted otherwise.")
    return marks[:, whole]
