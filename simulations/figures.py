"""Whose figures does an experiment rate? As published, of a made-up world, or drawn anew.

To add a kind of draw: `Kind` in noise.py, whose model this module fills with a panel's figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

import numpy as np
import xarray as xr

from analysis.designs.design import Design, digest, plain
from analysis.findings.variance import components
from analysis.panels.panel import Panel
from analysis.panels.students.measure import Measured, read_or_measure
from analysis.problems import Problem, ProblemsError, fail, listed
from analysis.values import ALL, Values
from simulations.experiment import Experiment
from simulations.keeping import Kept
from simulations.noise import Kind, draw
from simulations.population.chunks import Population
from simulations.population.world import load_world

FEWEST: Final = 30
"""Schools with a figure in two years that are needed to tell what lasts from what does not."""

KEPT: Final = 4
"""Panels counted from students that are held at once."""


@dataclass(frozen=True)
class Figures:
    """The panel of an experiment, counted anew where a design counts students otherwise."""

    home: str | Path
    _held: dict[str, Panel] = field(default_factory=dict, compare=False, repr=False)

    def panel(self, design: Design) -> Panel:
        """Give the panel that a design rates.

        Raises:
            ProblemsError: as reading and measuring say.
        """
        counted = {name: one.from_students for name, one in design.measures.items()}
        clauses = {name: plain(one) for name, one in sorted(counted.items()) if one is not None}
        students = design.header.students
        key = digest(clauses, None if students is None else plain(students))
        if key not in self._held:
            found = read_or_measure(design, self.home)
            if len(self._held) >= KEPT:
                self._held.pop(next(iter(self._held)))
            self._held[key] = found.panel if isinstance(found, Measured) else found
        return self._held[key]


def figures_of(asked: Experiment, *, workers: int = 1, progress: bool = False) -> Figures:
    """Find the panel of an experiment; a made-up world is made first, and kept in build/.

    Args:
        asked: the experiment.
        workers: processes that make a world.
        progress: show a bar on the terminal while a world is made.

    Raises:
        ProblemsError: there is no such panel or world, or it lacks the years.
    """
    said = asked.panel
    if said.world is None:
        return Figures(str(said.name))
    world = load_world(said.world)
    years = said.years or world.years
    strange = [year for year in years if year not in world.years]
    if strange:
        text = f"{listed(strange)} is not among the world's years {listed(world.years)}."
        raise ProblemsError([asked.problem(("panel", "years"), text)])
    made = Population(world, said.seed, said.draw)
    return Figures(Kept().students(made, years, workers=workers, progress=progress))


@dataclass(frozen=True)
class Redraw:
    """A panel whose figures of one year are drawn anew, many times.

    `columns` names what is drawn (measure, group), `fresh` is over draw, school and column.
    """

    panel: Panel
    year: int
    columns: tuple[tuple[str, str], ...]
    fresh: np.ndarray

    def drawn(self, number: int) -> Panel:
        """Give the panel of one draw; all that is not drawn stays as it was published."""
        measures = {**self.panel.measures}
        for place, (name, group) in enumerate(self.columns):
            values = measures[name]
            value = values.value.copy()
            value.loc[{"year": self.year, "group": group}] = self.fresh[number, :, place]
            measures[name] = replace(values, value=value, numerator=None)
        return replace(self.panel, measures=measures, _codes={})


def redraw(asked: Experiment, design: Design, panel: Panel, *, name: str, year: int) -> Redraw:
    """Draw a panel's figures of one year, along the noise model of noise.py.

    Measures and groups are drawn jointly. Numbers stay within the range of their measure. Where a
    standard error is not given, it is worked out for percentages from n, with half a student added
    on each side, so that none and all do not count as certain; elsewhere what is not told apart
    stays in the shock of the year.

    Args:
        asked: the experiment: kind of draw, number of draws, measures, seed.
        design: the design as filed.
        panel: what was measured.
        name: the list that is looked at.
        year: the year that is drawn.

    Raises:
        ProblemsError: the panel cannot carry such draws, with all reasons.

    Source: half a student on each side is Jeffreys' prior for a share (L. D. Brown, T. T. Cai and
    A. DasGupta, 2001, Stat. Sci. 16(2)).
    """
    columns = tuple(_columns(asked, design, panel, name))
    problems = list(_not_drawable(asked, design, panel, columns, year))
    if problems:
        raise ProblemsError(problems)
    figures = np.stack([_table(panel, panel.measures[m].value, g) for m, g in columns], axis=-1)
    errors = np.stack([errors_of(design, panel, m, g) for m, g in columns], axis=-1)
    model = components(figures, errors if np.isfinite(errors).any() else None)
    fresh = draw(
        model,
        figures,
        cast("Kind", asked.draw.kind),
        year=panel.years.index(year),
        count=asked.draws,
        seed=asked.seed,
    )
    for place, (measure, _) in enumerate(columns):
        fresh[..., place] = np.clip(fresh[..., place], *range_of(design, measure))
    return Redraw(panel, year, columns, fresh)


def _columns(
    asked: Experiment, design: Design, panel: Panel, name: str
) -> Iterator[tuple[str, str]]:
    rests = design.below(name)
    groups = [group for group in panel.groups if group == ALL or group in design.header.groups]
    for measure in asked.draw.measures or [m for m in design.measures if m in rests]:
        said = design.measures.get(measure)
        if said is None:
            text = f"there is no measure {measure} in {design.name}, which has"
            told = f"{text} {listed(design.measures)}."
            raise ProblemsError([asked.problem(("draw", "measures"), told)])
        number = not said.levels and said.unit != "condition"
        if number or measure in asked.draw.measures:
            yield from ((measure, group) for group in groups if _there(panel, measure, group))


def _there(panel: Panel, measure: str, group: str) -> bool:
    return bool(panel.measures[measure].value.sel(group=group).notnull().any())


def _not_drawable(
    asked: Experiment,
    design: Design,
    panel: Panel,
    columns: Sequence[tuple[str, str]],
    year: int,
) -> Iterator[Problem]:
    if (panel.units["part"] != "").any():
        text = "schools with parts cannot be drawn: a school's figures are those of its parts."
        yield asked.problem(("draw",), text)
    if not columns:
        yield asked.problem(("draw",), f"{design.name} has no number to be drawn.")
    for measure, group in columns:
        table = _table(panel, panel.measures[measure].value, group)
        both = int((np.isfinite(table[:, panel.years.index(year)]) & _twice(table)).sum())
        if both < FEWEST:
            text = f"{measure} of {group} has a figure in {year} and in another year in {both}"
            hint = f"schools; {FEWEST} are needed. Name the measures that are drawn."
            yield asked.problem(("draw",), f"{text} {hint}")


def _twice(table: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.isfinite(table).sum(axis=1) >= 2  # noqa: PLR2004 (two years)
    return found


def _table(panel: Panel, a: xr.DataArray, group: str) -> np.ndarray:
    """Give figures over school and year."""
    found: np.ndarray = a.sel(group=group).transpose("school", "year").to_numpy().astype(float)
    assert found.shape == (len(panel.units), len(panel.years))  # noqa: S101
    return found


def errors_of(design: Design, panel: Panel, measure: str, group: str) -> np.ndarray:
    """Give standard errors of sampling over school and year; missing where nothing tells them.

    Source: half a student on each side, as in `redraw`.
    """
    values: Values = panel.measures[measure]
    given = np.full((len(panel.units), len(panel.years)), np.nan)
    if values.se is not None:
        given = _table(panel, values.se, group)
    if values.n is None or design.measures[measure].unit != "percent":
        return given
    n = _table(panel, values.n, group)
    share = _table(panel, values.value, group) / 100
    near = (share * n + 0.5) / (n + 1)
    worked = 100 * np.sqrt(near * (1 - near) / np.where(n > 0, n, np.nan))
    return np.where(np.isnan(given), worked, given)


def range_of(design: Design, measure: str) -> tuple[float, float]:
    """Give the least and the most that a measure can be."""
    said = design.measures[measure]
    percent = (0.0, 100.0) if said.unit == "percent" else (-np.inf, np.inf)
    return said.range or percent


def students_of(
    panel: Panel, counted: Mapping[str, np.ndarray], word: str, *, year: int
) -> np.ndarray:
    """Give the number of students of a group, or of a school column in per cent, by school.

    Args:
        panel: its columns may hold shares of enrollment (0-100).
        counted: students by group, over the axis school.
        word: a group of the panel, or a column.
        year: the year of columns that differ by year.

    Raises:
        ProblemsError: there is neither.
    """
    if word in counted:
        return counted[word]
    column = panel.columns.get(word)
    if column is None or column.dtype == object or ALL not in counted:
        text = f"is neither a group ({listed(counted)}) nor a column in per cent of enrollment."
        raise fail(word, text)
    known = column.sel(year=year) if "year" in column.dims else column
    found: np.ndarray = counted[ALL] * np.asarray(known, dtype=float) / 100
    return found
