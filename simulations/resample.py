"""What would a school's figures be with other students like these? Students drawn again, or halved.

The same student stays the same student: one weight for each student and draw, whatever the measure,
the group and the year, so figures move together as they do in a school. Groups are summed by
combination of groups. The growth model stays as it was fitted; percentiles are placed anew. The
line of a list is drawn anew when the draws are rated.

A bootstrap is a perturbation of the published figures: it says how fragile a list is, never how
likely a school is to be named (shared noise counts twice). Halves of the students say how far a
figure agrees with itself.

To add a way of weighing students: one function beside `_bootstrap_weights`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numba as nb
import numpy as np
import pandas as pd
import polars as pl
import xarray as xr
from scipy import sparse, stats

from analysis.designs.design import Design
from analysis.panels.panel import Panel
from analysis.panels.students.cells import NEEDED_SHARE
from analysis.panels.students.counts import NOT_TESTED, Count
from analysis.panels.students.measure import Counted, counted_rows, measure_counted
from analysis.panels.students.table import Students
from analysis.panels.students.who import GROUPS, PART
from analysis.values import ALL, Reason, Values
from simulations.streams import Draws, Stream, stream

KEYS: Final = ("school", PART, "year", GROUPS)
_WORDS: Final = 4
"""Numbers that one turn of the stream gives each student."""


@dataclass(frozen=True)
class Entries:
    """The students who count in a measure: where (segment), who (student), what for (value).

    `due` has the segments and students of a denominator that is at least 95 % of them.
    """

    segment: np.ndarray
    student: np.ndarray
    value: np.ndarray
    rate: bool
    due: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class Sampled:
    """Measured students, ready to be drawn again.

    `panel` is what was measured. `students` are numbers by which students are known to the stream.
    A segment is the students of one school, part, year and combination of groups; `cells` maps, for
    each delay in years of a measure, segments to cells over school, year and group.
    `placed` gives the growth measures that are percentiles, each with its base year.
    """

    panel: Panel
    students: np.ndarray
    entries: Mapping[str, Entries]
    later: Mapping[str, int]
    cells: Mapping[int, sparse.csr_array]
    placed: Mapping[str, int | None]


def sample(design: Design, students: Students) -> Sampled:
    """Measure students, and keep what is needed to draw them again.

    Args:
        design: its measures say `from_students`.
        students: the rows; they stay where they are.

    Raises:
        ProblemsError: as `measure` says.
    """
    counted = counted_rows(design, students)
    panel = measure_counted(design, students, counted).panel
    rows = counted.rows.collect(engine="streaming")
    segments = rows.select(KEYS).unique(maintain_order=True).sort(KEYS).with_row_index("segment")
    keyed = rows.select(KEYS).join(segments, on=KEYS, how="left", maintain_order="left")
    codes, names = pd.factorize(rows["student"].to_numpy())
    people = pd.util.hash_array(np.asarray(names, dtype=object))
    place = keyed["segment"].to_numpy()
    entries = {name: _entries(rows, one, place, codes) for name, one in counted.counts.items()}
    later = {name: one.later for name, one in counted.counts.items()}
    cells = {shift: _cells(panel, segments, counted, shift) for shift in {*later.values()}}
    placed = {n: c.base_year for n, c in counted.growth.items() if c.scale == "percentile"}
    return Sampled(panel, people, entries, later, cells, placed)


def _entries(rows: pl.DataFrame, count: Count, place: np.ndarray, codes: np.ndarray) -> Entries:
    value = count.value.fill_null(value=False) if count.rate else count.value
    told = rows.select(counted=count.counted(), value=value.cast(pl.Float64))
    here = np.flatnonzero(told["counted"].to_numpy())
    due = None
    if count.at_least_95:
        asked = rows.select(due=count.counted(until=NOT_TESTED))["due"].to_numpy()
        due = (place[asked].astype(np.int32), codes[asked].astype(np.int32))
    values = told["value"].to_numpy()[here]
    where, who = place[here].astype(np.int32), codes[here].astype(np.int32)
    return Entries(where, who, values, count.rate, due)


def _cells(panel: Panel, segments: pl.DataFrame, counted: Counted, later: int) -> sparse.csr_array:
    """Say which segments make up each cell, over cell and segment."""
    units = panel.units
    rows = {key: i for i, key in enumerate(zip(units["school"], units["part"], strict=True))}
    years = {year: i for i, year in enumerate(panel.years)}
    groups = [(1 << place, name) for place, name in enumerate((ALL, *counted.groups))]
    bits = [(bit, panel.groups.index(name)) for bit, name in groups if name in panel.groups]
    at: list[int] = []
    which: list[int] = []
    for number, school, part, year, pattern in segments.iter_rows():
        if year + later not in years:
            continue
        mine = [place for bit, place in bits if pattern & bit]
        for unit in {rows[school, part], rows[school, ""]}:
            first = (unit * len(years) + years[year + later]) * len(panel.groups)
            at += [first + place for place in mine]
            which += [number] * len(mine)
    shape = (len(units) * len(years) * len(panel.groups), len(segments))
    return sparse.csr_array((np.ones(len(at)), (at, which)), shape=shape)


def _bootstrap_weights(
    sampled: Sampled, draws: Sequence[int], *, seed: int
) -> Iterator[np.ndarray]:
    """Say for each draw how often each student is there: 0, 1, 2 ... (Poisson with mean 1).

    The numbers belong to student and draw, so draws may come in any order and from any process.
    """
    often = stats.poisson(1).cdf(np.arange(12))
    words: tuple[int, np.ndarray] | None = None
    for draw in draws:
        block, word = divmod(draw, _WORDS)
        if words is None or words[0] != block:
            source = Draws.of(seed, "resample", "students")
            words = (block, source.uniforms(sampled.students, _WORDS, draw=block))
        yield np.searchsorted(often, words[1][word]).astype(np.uint8)


def _half_weights(sampled: Sampled, *, draw: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Put each student into one of two halves by chance, in all years alike."""
    source = Draws.of(seed, "resample", "halves")
    first = source.uniforms(sampled.students, draw=draw)[0] < 0.5  # noqa: PLR2004 (a half)
    return first.astype(np.uint8), (~first).astype(np.uint8)


def resampled(sampled: Sampled, draws: Sequence[int], *, seed: int) -> Panel:
    """Draw the students anew, several times; `rate` judges all draws at once.

    A rate of 0 or 100 per cent never varies when its own students are drawn again, so its chance is
    drawn first, from the Beta distribution that the count leaves open (Jeffreys' prior).

    Args:
        sampled: as `sample` gives it.
        draws: numbers of the draws; each gives the same figures whatever others there are.
        seed: of the whole run.

    Returns:
        The panel with an axis draw in every measure that comes from students.
    """
    drawn = []
    for draw, weights in zip(draws, _bootstrap_weights(sampled, draws, seed=seed), strict=True):
        chance = stream(seed, "resample", "full cells", draw)
        drawn.append(dict(_measured(sampled, weights, chance)))
    return _stacked(sampled.panel, drawn)


def halves(sampled: Sampled, *, draw: int, seed: int) -> tuple[Panel, Panel]:
    """Measure two halves of the students, as panels of half as many."""
    both = _half_weights(sampled, draw=draw, seed=seed)
    panel = sampled.panel
    one, other = (
        replace(panel, measures={**panel.measures, **dict(_measured(sampled, weights))}, _codes={})
        for weights in both
    )
    return one, other


def _measured(
    sampled: Sampled, weights: np.ndarray, chance: Stream | None = None
) -> Iterator[tuple[str, Values]]:
    for name in sampled.entries:
        yield name, _values(sampled, name, weights, chance)


def _values(sampled: Sampled, name: str, weights: np.ndarray, chance: Stream | None) -> Values:
    entries = sampled.entries[name]
    cells = sampled.cells[sampled.later[name]]
    sums = np.zeros((cells.shape[1], 2))
    _add(entries.segment, entries.student, entries.value, weights, sums)
    n, total = (cells @ sums).T
    was = sampled.panel.measures[name]
    if chance is not None and entries.rate:
        total = _loosened(was, n, total, chance)
    of = n
    if entries.due is not None:
        asked = np.zeros((cells.shape[1], 2))
        _add(*entries.due, np.ones(len(entries.due[0])), weights, asked)
        of = np.maximum(n, NEEDED_SHARE * (cells @ asked[:, 0]))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, total / of, np.nan)
        se = 100 * np.sqrt(value * (1 - value) / of) if entries.rate else np.full(len(n), np.nan)
    value = 100 * value if entries.rate else value
    frame = was.value

    def laid(a: np.ndarray) -> xr.DataArray:
        return frame.copy(data=a.reshape(frame.shape))

    found = laid(value)
    if name in sampled.placed:
        found = _percentile(sampled, found, sampled.placed[name])
    reason = laid(np.where(n > 0, 0, Reason.NO_STUDENTS).astype(np.int8))
    numerator = laid(np.where(n > 0, total, np.nan)) if entries.rate else None
    return Values(found, reason, laid(np.where(n > 0, n, np.nan)), numerator, laid(se))


@nb.njit(cache=True)
def _add(
    segment: np.ndarray,
    student: np.ndarray,
    value: np.ndarray,
    weights: np.ndarray,
    sums: np.ndarray,
) -> None:
    for i in range(len(segment)):
        often = weights[student[i]]
        if often:
            sums[segment[i], 0] += often
            sums[segment[i], 1] += often * value[i]


def _percentile(sampled: Sampled, found: xr.DataArray, base_year: int | None) -> xr.DataArray:
    """Place each cell among whole schools with all their students, as `percentiles` does."""
    whole = sampled.panel.units["part"].to_numpy() == ""
    placed = found.copy()
    for year in sampled.panel.years:
        ranked = np.sort(found.sel(year=base_year or year, group=ALL).to_numpy()[whole])
        ranked = ranked[~np.isnan(ranked)]
        here = found.sel(year=year)
        sides = [np.searchsorted(ranked, here, side=side) for side in ("left", "right")]
        place = 100 * (sides[0] + sides[1]) / (2 * max(len(ranked), 1))
        placed.loc[{"year": year}] = np.where(np.isnan(here), np.nan, place)
    return placed


def _loosened(was: Values, n: np.ndarray, total: np.ndarray, chance: Stream) -> np.ndarray:
    """Draw who counts anew where nobody or everybody did; elsewhere `total` stays."""
    if was.numerator is None or was.n is None:
        return total
    k, of = was.numerator.to_numpy().ravel(), was.n.to_numpy().ravel()
    stuck = (k == 0) | (k == of)
    p = chance.beta(np.where(stuck, k, 0) + 0.5, np.where(stuck, of - k, 0) + 0.5)
    return np.where(stuck, chance.binomial(n.astype(np.int64), p), total)


def _stacked(panel: Panel, drawn: Sequence[Mapping[str, Values]]) -> Panel:
    def stack(name: str) -> Values:
        some = [one[name] for one in drawn]
        first = some[0]

        def along(word: str) -> xr.DataArray:
            found: xr.DataArray = xr.concat([getattr(one, word) for one in some], dim="draw")
            return found

        numerator = None if first.numerator is None else along("numerator")
        return Values(along("value"), along("reason"), along("n"), numerator, along("se"))

    fresh = {name: stack(name) for name in drawn[0]}
    return replace(panel, measures={**panel.measures, **fresh}, _codes={})
