"""Whom does an index name under each of many sets of weights? Points and weights in, schools out.

To let another kind of line in: a word of `Cut`, and its reading in kernel.py. The way in from a
design and a panel is reweigh.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis.designs.clause import Rounding
from analysis.problems import Problem, ProblemsError, fail
from analysis.ratings.kernel import BLOCK, COUNTS, MODES, TILE, TOGETHER, Found, Layout, run

CHUNK: Final = 256
"""Designs handed to a thread at once."""

KEPT: Final = 20_000_000
"""Cells [design, school] that a thread holds at once where they are asked for."""

LARGEST: Final = 1e9
"""Points beyond it are refused: nine places after the point would not fit beside them."""

MOST: Final = 1e100
"""Weights are relative; sums of larger ones would not be numbers."""

Keep = Literal["schools", "ranks"]


@dataclass(frozen=True)
class Cut:
    """Where an index is cut: at a share of a pool, or at a number.

    `at` is the share (0-1), or with `by: number` a number on the index's scale. The other words are
    those of `share_of_pool`; `count`, `ties` and `counted` matter to a share only.
    """

    at: float
    by: Literal["share", "number"] = "share"
    side: Literal["lowest", "highest"] = "lowest"
    included: bool = True
    count: Literal["up", "down", "nearest"] = "up"
    ties: Literal["in", "out"] = "in"
    counted: Literal["rated", "pool"] = "rated"


@dataclass(frozen=True)
class Weighing:
    """An index and its list without the weights.

    `points` [cell, school] are missing (nan) where a cell does not count; its weight is shared out
    then, and a school without any is not rated. `pool` marks the schools that draw the line, `open`
    those that may be named (both [school]). An index is rounded by `roundings` in turn, then to
    nine places. `cells` names the rows of `points`.
    """

    points: np.ndarray
    pool: np.ndarray
    open: np.ndarray
    cut: Cut
    roundings: tuple[Rounding, ...] = ()
    cells: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse points that the kernel cannot hold."""
        if self.points.ndim != 2 or {self.points.shape[1:]} != {self.pool.shape, self.open.shape}:  # noqa: PLR2004
            text = "need one row for each cell and one column for each school of pool and open."
            raise fail("points", text)
        if np.nanmax(np.abs(self.points), initial=0.0) > LARGEST:
            raise fail("points", f"must lie within {LARGEST:,.0f} of 0. Use rate for others.")


@dataclass(frozen=True)
class Naming:
    """Whom each of many sets of weights names.

    `times` [school] counts the designs that name a school; `named` [design] counts the schools that
    a design names; `line` [design] is on the index's scale, missing where no school of the pool is
    rated and infinite where none is counted. Where they were asked for, `bits`
    [design, school / 8] says who is named, and `ranks` [design, school] gives places in the pool: 1
    at the side that is named, the best place for ties, 0 for schools without an index.
    """

    times: np.ndarray
    named: np.ndarray
    line: np.ndarray
    bits: np.ndarray | None = None
    ranks: np.ndarray | None = None

    def schools(self, design: int) -> np.ndarray:
        """Mark the schools that one design names [school].

        Raises:
            ProblemsError: they were not kept.
        """
        if self.bits is None:
            raise fail("schools", 'were not kept. Say keep=("schools",).')
        return np.unpackbits(self.bits[design], count=len(self.times)).astype(bool)


def identify(
    weighing: Weighing,
    weights: np.ndarray,
    *,
    at: np.ndarray | None = None,
    keep: Sequence[Keep] = (),
    threads: int | None = None,
    chunk: int = CHUNK,
) -> Naming:
    """Name schools under many sets of weights. Threads and chunks change the time, no result.

    Args:
        weighing: the index and its line.
        weights: [design, cell], relative, 0 or more.
        at: a share (or number) for each design in place of the cut's own [design].
        keep: `schools` to know who is named each time, `ranks` for each school's place.
        threads: at most so many at once; as many as there are processors if left out.
        chunk: designs handed to a thread at once.

    Returns:
        Naming: schools in the order of `points`.

    Raises:
        ProblemsError: a weight is negative or not a number, all of a design are 0, or a share
            does not lie between 0 and 1.
    """
    weights = np.array(weights, np.float64, order="C")  # one kind of array, compiled once
    cuts = np.array([weighing.cut.at] * len(weights) if at is None else at, np.float64)
    problems = tuple(_wrong(weighing, weights, cuts))
    if problems:
        raise ProblemsError(problems)
    lanes = _lanes(weighing)
    layout = _layout(weighing, lanes)
    size = min(chunk, max(1, KEPT // max(1, len(lanes.school)))) if keep else chunk

    def part(first: int) -> Naming:
        some = slice(first, first + size)
        return _run(layout, lanes, weights[some], cuts[some], keep)

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        return _joined(pool.map(part, range(0, len(weights), size)), len(weighing.pool))


def _wrong(weighing: Weighing, weights: np.ndarray, cuts: np.ndarray) -> Iterator[Problem]:
    cells = len(weighing.points)
    if weights.ndim != 2 or weights.shape[1] != cells or len(weights) == 0:  # noqa: PLR2004
        yield Problem("weights", f"need one row for each design, and in it {cells} weights.")
        return
    for bad, text in (
        (~(np.abs(weights) < MOST).all(axis=1), f"holds a weight that is no number below {MOST:g}"),
        ((weights < 0).any(axis=1), "holds a negative weight; give 0 or more"),
        (~(weights != 0).any(axis=1), "holds only weights of 0; give at least one above"),
    ):
        if bad.any():
            yield Problem("weights", f"row {int(bad.argmax())} {text}.")
    if cuts.shape != (len(weights),):
        yield Problem("at", f"needs {len(weights)} numbers, one for each row of weights.")
    elif weighing.cut.by == "share" and not ((cuts > 0) & (cuts < 1)).all():
        yield Problem("at", "must hold shares above 0 and below 1.")
    elif not np.isfinite(cuts).all():
        yield Problem("at", "must hold numbers.")


@dataclass(frozen=True)
class _Lanes:
    """Where schools stand in the loop: in blocks of one pattern of missing cells, in tiles.

    Those that only draw the line come first, then those that may also be named, then those that
    may only be named; `ends` is where each of the three ends.
    """

    school: np.ndarray  # [lane], -1 in gaps
    lane: np.ndarray  # [school], -1 for schools left out
    pattern: np.ndarray  # [tile, column]
    there: np.ndarray  # [cell, pattern]
    pooled: np.ndarray  # schools that draw the line [pattern]
    ends: np.ndarray


def _lanes(weighing: Weighing) -> _Lanes:
    there = ~np.isnan(weighing.points)
    rows = np.flatnonzero(there.any(axis=0) & (weighing.pool | weighing.open))
    region = np.where(weighing.pool[rows], 1 * weighing.open[rows], 2)
    keys = np.vstack((np.packbits(there[:, rows], axis=0), region))
    order = np.lexsort(keys)
    rows, keys = rows[order], keys[:, order]
    new = np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)]
    first = np.flatnonzero(new[: len(rows)])
    size = np.diff(np.r_[first, len(rows)])
    start, ends = _starts(size, keys[-1, first])
    pattern = np.repeat(np.arange(len(first)), size)
    place = start[pattern] + np.arange(len(rows)) - first[pattern]
    school, block = np.full(ends[-1], -1), np.zeros(ends[-1] // BLOCK, np.int64)
    school[place], block[place // BLOCK] = rows, pattern
    school = school.reshape(-1, TILE // BLOCK, BLOCK).swapaxes(1, 2).ravel()
    lane = np.full(len(weighing.pool), -1)
    lane[school[school >= 0]] = np.flatnonzero(school >= 0)
    pooled = np.where(keys[-1, first] < 2, size, 0)  # noqa: PLR2004
    block = block.reshape(-1, TILE // BLOCK)
    return _Lanes(school, lane, block, there[:, rows[first]], pooled, ends)


def _starts(size: np.ndarray, region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each pattern whole blocks, and each of the three regions whole tiles."""
    room = -(-size // BLOCK) * BLOCK
    start, ends = np.zeros(len(size), np.int64), [0]
    for one in range(3):
        mine = region == one
        start[mine] = ends[-1] + np.cumsum(room[mine]) - room[mine]
        ends.append(ends[-1] - (-int(room[mine].sum()) // TILE) * TILE)
    return start, np.array(ends[1:])


def _layout(weighing: Weighing, lanes: _Lanes) -> Layout:
    points, cut = weighing.points, weighing.cut
    exact = np.ascontiguousarray(np.nan_to_num(points).T[lanes.school])
    exact[lanes.school < 0] = np.nan
    cells = -(-len(points) // TOGETHER) * TOGETHER
    rough = np.zeros((len(exact), cells), np.float32)
    rough[:, : len(points)] = exact
    largest = float(np.nanmax(np.abs(points), initial=0.0))
    # each number, product and sum in single precision errs by a part of 2**-24 at most
    error = (len(points) + 16) * 2.0**-24 * largest
    rounded = [(MODES.index(one.mode), 10.0**one.places) for one in weighing.roundings]
    return Layout(
        rough=np.ascontiguousarray(rough.reshape(-1, TILE, cells).swapaxes(1, 2)),
        exact=exact,
        pattern=lanes.pattern,
        there=np.ascontiguousarray(lanes.there, np.float64),
        pooled=lanes.pooled,
        ends=np.array([lanes.ends[1], lanes.ends[0]]),
        roundings=np.array(rounded, np.float64).reshape(-1, 2),
        sign=1.0 if cut.side == "lowest" else -1.0,
        reach=1.01 * largest + 1.0,
        error=error,
        step=1.001 * sum(1 / scale for _, scale in rounded) + 1e-9,
        share=cut.by == "share",
        pool=int(weighing.pool.sum()) if cut.counted == "pool" else -1,
        way=COUNTS.index(cut.count),
        ties_out=cut.ties == "out",
        included=cut.included,
    )


def _run(
    layout: Layout, lanes: _Lanes, weights: np.ndarray, cuts: np.ndarray, keep: Sequence[Keep]
) -> Naming:
    """Run some designs, and put lanes back into schools."""
    designs, width = len(weights), len(lanes.school)
    met = np.zeros((designs if "schools" in keep else 0, width), np.bool_)
    value = np.empty((designs if "ranks" in keep else 0, width))
    times, named = np.zeros(width, np.int32), np.empty(designs, np.int64)
    found = Found(times, named, np.empty(designs), met, value)
    run(layout, weights, cuts, found)
    there = lanes.lane >= 0
    of_school = np.zeros(len(there), np.int64)
    of_school[there] = times[lanes.lane[there]]
    bits = ranks = None
    if "schools" in keep:
        of_each = np.zeros((designs, len(there)), np.bool_)
        of_each[:, there] = met[:, lanes.lane[there]]
        bits = np.packbits(of_each, axis=1)
    if "ranks" in keep:
        ranks = _ranks(layout.sign * value[:, : layout.ends[0]], lanes)
    return Naming(of_school, named, found.line, bits, ranks)


def _ranks(value: np.ndarray, lanes: _Lanes) -> np.ndarray:
    """Give places in the pool, 1 for the smallest value, to each school [design, school]."""
    found = np.zeros((len(value), len(lanes.lane)), np.int32)
    for row, x in zip(found, value, strict=True):
        rated = np.flatnonzero(~np.isnan(x))
        row[lanes.school[rated]] = 1 + np.searchsorted(np.sort(x[rated]), x[rated])
    return found


def _joined(parts: Iterable[Naming], schools: int) -> Naming:
    times, kept = np.zeros(schools, np.int64), []
    for part in parts:  # one at a time, since each counts all schools
        times += part.times
        kept.append((part.named, part.line, part.bits, part.ranks))
    named, line, bits, ranks = zip(*kept, strict=True)
    return Naming(times, np.concatenate(named), np.concatenate(line), _stack(bits), _stack(ranks))


def _stack(rows: Sequence[np.ndarray | None]) -> np.ndarray | None:
    there = [some for some in rows if some is not None]
    return np.concatenate(there) if there else None
