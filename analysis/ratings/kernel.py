"""Which schools does one index name under each of many sets of weights? The hot loop, no more.

Single precision finds the schools that are far from the line. Whoever is near is judged in double
precision, by the operations of `rate` in their order, so that both name the same schools.

To let another kind of line in: a word of `Layout` and its reading in `_draw`. The way in is
naming.py. Compiled code is kept where the variable NUMBA_CACHE_DIR says, or beside this file.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numba
import numpy as np

BLOCK: Final = 8  # schools with the same missing cells stand together in blocks of so many
TILE: Final = 512  # schools weighed at once: their points fit the processor's nearest cache
DESIGNS: Final = 8  # designs weighed while those points are there
TOGETHER: Final = 3  # cells added at once; the number of cells is filled up to a multiple

FEW: Final = 8
ONE_IN: Final = 1000
"""So many schools around the line, and one more in each 1,000, are worked out one by one. To count
again which are below would take longer.
"""

STRAIGHT: Final = 6
"""Passes that follow a straight line; where many schools are tied, halving then goes faster."""

FAINT: Final = 1e-25
"""Where the weight that is there is a smaller part of the largest, single precision will not do."""

MODES: Final = ("half_up", "half_even", "up", "down")
COUNTS: Final = ("up", "down", "nearest")

_LOOK: Final = 64
Array = np.ndarray
Single = np.float32
_Drawn = tuple[float, Single, int]


class Layout(NamedTuple):
    """An index and its line without the weights, laid out for the loop.

    A lane is a school or a gap. Tile by tile, lanes form BLOCK rows; a column holds schools with
    the same missing cells (a pattern), so that one denominator serves it.
    """

    rough: Array  # points in single precision [tile, cell, lane], nan in gaps
    exact: Array  # points [lane, cell], nan in gaps, 0 where a cell is missing
    pattern: Array  # [tile, column]
    there: Array  # 0 or 1 [cell, pattern]
    pooled: Array  # schools of the pool that can be rated [pattern]
    ends: Array  # lanes before the first draw the line; lanes from the second may be named
    roundings: Array  # mode and scale [rounding, 2]
    sign: float  # -1 turns the highest into the lowest
    reach: float  # no index is larger
    error: float  # by which single precision may be wrong
    step: float  # by which rounding may move an index
    share: bool  # the line cuts off a share, or else stands at a number
    pool: int  # schools that a share is taken of, -1 for those rated
    way: int  # how the count is rounded, a place in COUNTS
    ties_out: bool
    included: bool


class Found(NamedTuple):
    """What a run finds, to be filled: whom each design names."""

    times: Array  # designs that name it [lane]
    named: Array  # schools named [design]
    line: Array  # [design]
    met: Array  # whether it is named [design, lane], or empty
    value: Array  # exact index [design, lane], or empty


class _Design(NamedTuple):
    w: Array  # [cell]
    total: Array  # weight that is there [pattern]
    y: Array  # rough index [lane]
    near: Array  # lanes near the line
    value: Array  # their exact index


_compiled = numba.njit(nogil=True, cache=True, error_model="numpy")
_compiled_rough = numba.njit(nogil=True, cache=True, fastmath={"contract"})


@_compiled_rough  # pragma: no cover
def _weigh_tile(points: Array, w: Array, inverse: Array, y: Array) -> None:
    a, b, c = points[0], points[1], points[2]
    u, v, x = w[0], w[1], w[2]
    for s in range(len(y)):
        y[s] = u * a[s] + v * b[s] + x * c[s]
    for j in range(TOGETHER, len(points), TOGETHER):
        a, b, c = points[j], points[j + 1], points[j + 2]
        u, v, x = w[j], w[j + 1], w[j + 2]
        for s in range(len(y)):
            y[s] = y[s] + u * a[s] + v * b[s] + x * c[s]
    for start in range(0, len(y), len(inverse)):
        row = y[start : start + len(inverse)]
        for i in range(len(inverse)):
            row[i] *= inverse[i]


@_compiled  # pragma: no cover
def _totals(lay: Layout, w: Array, total: Array) -> None:
    total[:] = 0.0
    for j in range(len(w)):
        for i in range(len(total)):
            total[i] += w[j] * lay.there[j, i]


@_compiled  # pragma: no cover
def _weigh(lay: Layout, weights: Array, totals: Array, y: Array) -> None:
    w = np.zeros((len(weights), lay.rough.shape[1]), np.float32)
    inverse = np.empty(totals.shape, np.float32)
    here = np.empty(lay.pattern.shape[1], np.float32)
    for d in range(len(weights)):
        largest = weights[d].max()
        w[d, : weights.shape[1]] = weights[d] / largest
        _totals(lay, weights[d], totals[d])
        inverse[d] = lay.sign * largest / totals[d]
    for t in range(len(lay.rough)):
        for d in range(len(weights)):
            for i in range(len(here)):
                here[i] = inverse[d, lay.pattern[t, i]]
            _weigh_tile(lay.rough[t], w[d], here, y[d, t * TILE : (t + 1) * TILE])
    for d in range(len(weights)):
        if np.any((totals[d] > 0) & (totals[d] < FAINT * weights[d].max())):
            for lane in range(len(lay.exact)):
                y[d, lane] = lay.sign * _mean(lay, weights[d], totals[d], lane)


@_compiled  # pragma: no cover
def _mean(lay: Layout, w: Array, total: Array, lane: int) -> float:
    top = 0.0
    for j in range(len(w)):
        top = top + w[j] * lay.exact[lane, j]
    return top / float(total[lay.pattern[lane // TILE, lane % (TILE // BLOCK)]])


@_compiled  # pragma: no cover
def _settled(x: float) -> float:
    return float(np.rint(x * 1e9) / 1e9)


@_compiled  # pragma: no cover
def _index(lay: Layout, of: _Design, lane: int) -> float:
    x = _mean(lay, of.w, of.total, lane)
    for i in range(len(lay.roundings)):
        scale = lay.roundings[i, 1]
        v = np.rint(x * scale * 1e6) / 1e6
        v = (np.floor(v + 0.5), np.rint(v), np.ceil(v), np.floor(v))[int(lay.roundings[i, 0])]
        x = v / scale
    return lay.sign * _settled(x)


@_compiled  # pragma: no cover
def _look(lay: Layout, of: _Design, low: Single, high: Single) -> int:
    n = 0
    for start in range(0, len(of.y), _LOOK):
        y = of.y[start : start + _LOOK]
        some = 0
        for s in range(_LOOK):
            some += (low <= y[s]) & (y[s] <= high)
        if some > 0:
            for s in range(_LOOK):
                if low <= y[s] <= high:
                    of.near[n] = start + s
                    of.value[n] = _index(lay, of, start + s)
                    n += 1
    return n


@_compiled  # pragma: no cover
def _count(y: Array, t: Single) -> int:
    n = 0
    for s in range(len(y)):
        n += y[s] <= t
    return n


@_compiled  # pragma: no cover
def _odds(k: int, n: int) -> float:
    return math.log((k + 0.5) / (n - k + 0.5))


@_compiled  # pragma: no cover
def _close_in(lay: Layout, y: Array, k: int, n: int, guess: Array) -> tuple[float, float, int]:
    """Find two numbers between which the k-th of n lies: by counting, from the last line on."""
    low, high, below, upto = -lay.reach, lay.reach, 0, n
    t, few = guess[0], FEW + n // ONE_IN
    for step in range(40):
        if upto - below <= few or high - low <= 2 * (lay.error + lay.step):
            break
        t = np.float64(np.float32(t))
        c = _count(y, np.float32(t))
        if c >= k:
            high, upto, aim = t, c, max(k - few // 3, 0)
        else:
            low, below, aim = t, c, min(k + few // 3, n)
        if low > -lay.reach and high < lay.reach:
            guess[1] = (high - low) / (_odds(upto, n) - _odds(below, n))
        t += (_odds(aim, n) - _odds(c, n)) * guess[1]
        if (step > STRAIGHT and step % 2) or not low < t < high:
            t = (low + high) / 2
    return low, high, below


@_compiled  # pragma: no cover
def _wanted(lay: Layout, of: _Design, share: float) -> tuple[int, int]:
    rated = int(lay.pooled[of.total > 0].sum())
    k = _settled(share * (rated if lay.pool < 0 else lay.pool))
    k = (np.ceil(k), np.floor(k), np.floor(k + 0.5))[lay.way]
    return min(int(k), rated), rated


@_compiled  # pragma: no cover
def _draw(lay: Layout, of: _Design, at: float, guess: Array) -> _Drawn:
    """Give the line, a rough index below which all lie beyond it, and how many are near it."""
    margin = 2 * (lay.error + lay.step)
    if not lay.share:
        line = lay.sign * _settled(at)
        low = np.float32(line - margin)
        return line, low, _look(lay, of, low, np.float32(line + margin))
    k, rated = _wanted(lay, of, at)
    while k > 0:
        start, end, below = _close_in(lay, of.y[: lay.ends[0]], k, rated, guess)
        low = np.float32(start - margin)
        near = _look(lay, of, low, np.float32(end + margin))
        inside = 0
        while inside < near and of.near[inside] < lay.ends[0]:
            below -= of.y[of.near[inside]] <= start
            inside += 1
        ranked = np.sort(of.value[:inside])
        line = ranked[k - below - 1]
        guess[0] = line
        tied = below + np.searchsorted(ranked, line, "right") > k
        if not (tied and lay.ties_out):
            return line, low, near
        k = below + np.searchsorted(ranked, line)
    return (np.nan if rated == 0 else -np.inf), np.float32(-np.inf), 0


@_compiled  # pragma: no cover
def _tally(y: Array, below: Single, times: Array) -> int:
    n = 0
    for s in range(len(y)):
        beyond = y[s] < below
        times[s] += beyond
        n += beyond
    return n


@_compiled  # pragma: no cover
def _name(lay: Layout, of: _Design, drawn: tuple[float, Single, int], found: Found, d: int) -> None:
    first = lay.ends[1]
    line, below, near = drawn
    n = _tally(of.y[first:], below, found.times[first:])
    if len(found.met) > 0:
        found.met[d, first:] = of.y[first:] < below
    for i in range(near):
        lane, x = of.near[i], of.value[i]
        if lane >= first and (x < line or (lay.included and x == line)):
            found.times[lane] += 1
            n += 1
            if len(found.met) > 0:
                found.met[d, lane] = True
    found.named[d] = n
    found.line[d] = lay.sign * line


@_compiled  # pragma: no cover
def run(lay: Layout, weights: Array, at: Array, found: Found) -> None:
    """Find whom each design names.

    Args:
        lay: the index and its line.
        weights: [design, cell], at least one of a design above 0.
        at: each design's share or number [design].
        found: room for the answers; `times` is added to.
    """
    lanes = len(lay.exact)
    y = np.empty((DESIGNS, lanes), np.float32)
    totals = np.empty((DESIGNS, len(lay.pooled)))
    near, value = np.empty(lanes, np.int64), np.empty(lanes)
    guess = np.array([0.0, lay.reach / 8])
    for first in range(0, len(weights), DESIGNS):
        some = weights[first : first + DESIGNS]
        _weigh(lay, some, totals[: len(some)], y)
        for i in range(len(some)):
            of = _Design(some[i], totals[i], y[i], near, value)
            drawn = _draw(lay, of, at[first + i], guess)
            _name(lay, of, drawn, found, first + i)
            if len(found.value) > 0:
                for lane in range(lanes):
                    found.value[first + i, lane] = lay.sign * _index(lay, of, lane)
