"""What does a behaviour do to the cells of a design? Counted from student rows, at full effort.

To let designs count something else of students: a definition (analysis/designs/definitions.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from analysis.designs.cells import map_arrays
from analysis.designs.clause import FrozenMap
from analysis.designs.counting import Counting
from analysis.designs.definitions import Growth, ScaleMean
from analysis.designs.design import Design
from analysis.panels.panel import Panel
from analysis.panels.students.counts import count_of
from analysis.panels.students.measure import measure
from analysis.problems import fail
from analysis.values import ALL, Reason, Values
from simulations.figures import range_of
from simulations.gaming.cells import GROUPS, Reaction, Schools, Shift
from simulations.gaming.mechanism import LEARNED, Acted, Mechanism, Notches, Pupils
from simulations.gaming.scores import SCORES
from simulations.gaming.worlds import AUDITS, MARK, Worlds


def schools_of(
    worlds: Worlds, counting: Design, measures: Collection[str], mechanisms: Sequence[Mechanism]
) -> Schools:
    """Count draws of schools, without and with each mechanism.

    Args:
        worlds: the draws.
        counting: the design that says how students become values.
        measures: which measures of it, and which of `AUDITS`.
        mechanisms: what schools may do.

    Raises:
        ProblemsError: students that cannot be counted.
    """
    count = _Count(worlds, counting, tuple(measures))
    pupils = worlds.pupils(Notches.of(counting))
    base = count.base(pupils)
    reactions = {}
    for one in mechanisms:
        acted = one.acts(pupils, 1.0)
        reported = count.shifts(pupils, acted, base)
        true = count.shifts(pupils, acted, base, true=True)
        told = np.stack([_means(pupils, acted.learned[s].to_numpy(), base.panel) for s in LEARNED])
        reactions[one.name] = Reaction(one, reported, true, told)
    students = _sums(pupils, np.ones(len(pupils.frame)), base.panel)
    ranges = {name: range_of(counting, AUDITS.get(name, name)) for name in base.panel.measures}
    return Schools(base.panel, worlds.year, reactions, students, ranges)


@dataclass(frozen=True)
class _Base:
    """What is counted without any behaviour; growth also in points, and mean scores behind it."""

    panel: Panel
    points: Panel
    scores: Panel | None


@dataclass(frozen=True)
class _Count:
    """How the measures of a design are counted from students."""

    worlds: Worlds
    counting: Design
    wanted: tuple[str, ...]

    @property
    def growth(self) -> dict[str, Growth]:
        held = {n: one.from_students for n, one in self.counting.measures.items()}
        return {n: one for n, one in held.items() if n in self.wanted and isinstance(one, Growth)}

    @property
    def students(self) -> Counting:
        held = self.counting.header.students
        assert isinstance(held, Counting)  # noqa: S101 (students are counted by it)
        return held

    @property
    def audits(self) -> tuple[str, ...]:
        return tuple(name for name in self.wanted if name in AUDITS)

    def of(self, names: Collection[str], rows: pl.DataFrame, clauses: Mapping[str, Any]) -> Panel:
        """Count some measures, some by other clauses, and lay draws out along their axis."""
        held = {name: one for name, one in self.counting.measures.items() if name in names}
        fresh = {
            name: held[name].model_copy(update={"from_students": clause, "range": None})
            for name, clause in clauses.items()
        }
        design = replace(self.counting, measures=FrozenMap({**held, **fresh}))
        panel = measure(design, self.worlds.beside(rows)).panel
        return _by_draw(panel, self.worlds, (ALL, *sorted(self.students.rules)))

    def base(self, pupils: Pupils) -> _Base:
        """Count everything without any behaviour."""
        points = {n: one.model_copy(update={"scale": "points"}) for n, one in self.growth.items()}
        panel = self.of({*self.wanted} - {*AUDITS}, self.worlds.rows, points)
        measures = dict(panel.measures)
        for name in self.growth:
            value = _percentiles(measures[name].value, measures[name].value, panel)
            measures[name] = replace(measures[name], value=value, numerator=None, se=None)
        if self.audits:
            measures |= self.audit(self.worlds.audited(pupils))
        scores = self.scores(pupils.frame) if self.growth else None
        return _Base(replace(panel, measures=measures, _codes={}), panel, scores)

    def audit(self, rows: pl.DataFrame) -> dict[str, Values]:
        """Count audit tests."""
        panel = self.of({AUDITS[name] for name in self.audits}, rows, {})
        return {name: panel.measures[AUDITS[name]] for name in self.audits}

    def scores(self, rows: pl.DataFrame) -> Panel:
        """Count mean scores of those who may have growth, under the names of growth measures."""
        some = {
            name: ScaleMean(definition="scale_mean", column=f"{one.subject}_score")
            for name, one in self.growth.items()
        }
        grades = {grade for one in self.growth.values() for grade in one.prior}
        kept = pl.col("grade").is_in(sorted(grades))
        scored = rows.with_columns(pl.when(kept).then(name).alias(name) for name in SCORES)
        return self.of(some, scored, some)

    def shifts(
        self, pupils: Pupils, acted: Acted, base: _Base, *, true: bool = False
    ) -> dict[str, Shift]:
        """Give what full effort does to each measure that moves."""
        rows = acted.true if true else acted.reported
        moved = {n for n in pupils.frame.columns if not rows[n].equals(pupils.frame[n])}
        fresh: dict[str, Values] = {}
        if touched := self._touched(moved):
            after = self.of(touched, rows, {})
            fresh |= {name: after.measures[name] for name in touched if name in after.measures}
        if self.growth and moved and moved <= {*SCORES}:
            fresh |= self._growth(rows, base)
        if self.audits and any(acted.learned[s].to_numpy().any() for s in LEARNED[:2]):
            fresh |= self.audit(self.worlds.audited(pupils, acted))
        shifts = {n: self._shift(base.panel.measures[n], values) for n, values in fresh.items()}
        return {n: shift for n, shift in shifts.items() if shift.value.any() or shift.n.any()}

    def _touched(self, moved: Collection[str]) -> set[str]:
        """Name the measures that read one of these columns, growth and audits apart."""
        counting = self.students
        held = {n: one.from_students for n, one in self.counting.measures.items()}
        plain = [n for n in held if n in self.wanted and n not in self.growth and held[n]]
        if counting.columns() & {*moved}:
            return {*plain}
        return {n for n in plain if count_of(held[n], counting, n).columns & {*moved}}  # type: ignore[arg-type]

    def _growth(self, rows: pl.DataFrame, base: _Base) -> dict[str, Values]:
        """Move growth by what the mean scores of a school move, among schools as they were."""
        assert base.scores is not None  # noqa: S101 (counted where there is growth)
        after, found = self.scores(rows), {}
        for name in self.growth:
            points = base.points.measures[name]
            more = after.measures[name].value - base.scores.measures[name].value
            value = _percentiles(points.value + more.fillna(0.0), points.value, base.panel)
            found[name] = replace(points, value=value)
        return found

    def _shift(self, before: Values, after: Values) -> Shift:
        """Say by how much value and n of the year move; a cell that one of both lacks stays."""

        def moved(old: xr.DataArray | None, new: xr.DataArray | None) -> np.ndarray:
            if old is None or new is None or self.worlds.year not in new["year"]:
                return np.zeros(before.value.isel(year=0).shape)
            difference = new.sel(year=self.worlds.year) - old.sel(year=self.worlds.year)
            found: np.ndarray = np.nan_to_num(difference.to_numpy().astype(float))
            return found

        return Shift(moved(before.value, after.value), moved(before.n, after.n))


def _by_draw(panel: Panel, worlds: Worlds, groups: tuple[str, ...]) -> Panel:
    """Lay schools that are counted under the codes of their draws out along the axis draw.

    Every draw has the base year of the first, and every panel the same groups.
    """
    codes = panel.units["school"].str.split(MARK, n=1, expand=True)
    order = np.lexsort((panel.units["part"], codes[1], codes[0].astype(int)))
    rows = len(order) // worlds.draws
    first = panel.units.iloc[order[:rows]].assign(school=codes[1].iloc[order[:rows]])
    keys = list(zip(codes[1].iloc[order], panel.units["part"].iloc[order], strict=True))
    if keys != keys[:rows] * worlds.draws:
        raise fail("worlds", "some draws have other schools or parts than the first.")
    years = [worlds.base_year, worlds.year]

    def folded(a: xr.DataArray) -> xr.DataArray:
        gone = np.int8(Reason.NOT_MEASURED) if a.dtype == np.int8 else np.nan
        a = a.reindex(year=years, group=list(groups), fill_value=gone)
        array = a.transpose("school", ...).to_numpy()[order]
        array = array.reshape(worlds.draws, rows, *array.shape[1:]).copy()
        array[:, :, 0] = array[:1, :, 0]
        return xr.DataArray(array, dims=("draw", *a.dims), coords=a.coords)

    def column(a: xr.DataArray) -> xr.DataArray:
        a = a.isel(school=order[:rows])
        return a.reindex(year=years) if "year" in a.dims else a

    return replace(
        panel,
        units=first.reset_index(drop=True),
        columns={name: column(a) for name, a in panel.columns.items()},
        measures={name: map_arrays(values, folded) for name, values in panel.measures.items()},
        years=tuple(years),
        groups=groups,
        truth=None,
        from_students=(),
        _codes={},
    )


def _percentiles(points: xr.DataArray, among: xr.DataArray, panel: Panel) -> xr.DataArray:
    """Place growth in points among all whole schools of the same draw and year (0-100)."""
    whole = panel.whole == np.arange(len(panel.units))
    every = among.sel(group=ALL).to_numpy()[:, whole]
    value = points.transpose("draw", "school", "year", "group").to_numpy()
    found = np.full(value.shape, np.nan)
    for draw, year in np.ndindex(value.shape[0], value.shape[2]):
        schools = np.sort(every[draw, :, year][~np.isnan(every[draw, :, year])])
        mine = value[draw, :, year]
        sides = [np.searchsorted(schools, mine, side=side) for side in ("left", "right")]
        share = 100 * (sides[0] + sides[1]) / max(2 * len(schools), 1)
        found[draw, :, year] = np.where(np.isnan(mine), np.nan, share)
    return points.transpose("draw", "school", "year", "group").copy(data=found)


def _sums(pupils: Pupils, x: np.ndarray, panel: Panel) -> np.ndarray:
    """Add up numbers of students over draw, whole school and `GROUPS`; parts have nothing."""
    codes = panel.units["school"].to_numpy()
    rows = {code: row for row, code in enumerate(codes) if panel.whole[row] == row}
    row = pupils.frame["school"].replace_strict(rows, return_dtype=pl.Int64).to_numpy()
    draw = pupils.frame["draw"].to_numpy()
    shape = (int(draw.max()) + 1, len(codes))
    race = pupils.frame["race"]
    found = []
    for group in GROUPS:
        flags = pupils.frame.columns
        mine = (
            pupils.yes(group)
            if group in flags
            else (race == group).fill_null(value=False).to_numpy()
        )
        mine = np.ones(len(x), dtype=bool) if group == ALL else mine
        at = np.ravel_multi_index((draw[mine], row[mine]), shape)
        found.append(np.bincount(at, weights=x[mine], minlength=shape[0] * shape[1]).reshape(shape))
    return np.stack(found, axis=-1)


def _means(pupils: Pupils, x: np.ndarray, panel: Panel) -> np.ndarray:
    """Average numbers of students over draw, whole school and `GROUPS`; 0 where nobody is."""
    n = _sums(pupils, np.ones(len(x)), panel)
    found: np.ndarray = _sums(pupils, x, panel) / np.maximum(n, 1)
    return found
