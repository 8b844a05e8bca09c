"""How many sets of weights can be tried a second, beside named peers in the same run?

`python -m tests.bench_kernel` prints the table and writes build/bench-kernel.json; tests/bench.py
takes `figures`. A ratio above 1 says how many times slower the peer is. All run in turn, so that a
slow minute of the machine strikes them alike; a ratio is the median of the ratios of each turn.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.publishing.store import build_folder
from analysis.ratings.naming import Cut, Weighing, identify

SCHOOLS, CELLS, SHARE = 10_000, 9, 0.05
SIZES = (1_000, 10_000, 100_000)
MISSING = 0.1
TURNS = 7
DESIGNS = {"kernel": 8192, "loop": 60, "product": 512, "scikit": 24}
BATCH = 64


@dataclass(frozen=True)
class Timed:
    """Designs a second in each turn, and a second of the processors' work for this process."""

    rates: tuple[float, ...]
    worked: tuple[float, ...]

    @property
    def best(self) -> float:
        return max(self.rates)

    @property
    def median(self) -> float:
        return statistics.median(self.rates)

    def over(self, peer: Timed) -> float:
        """Say how many times faster this was, turn by turn."""
        return statistics.median(a / b for a, b in zip(self.rates, peer.rates, strict=True))

    def over_in_work(self, peer: Timed) -> float:
        """Say the same of the processors' work: other programs of a busy machine hardly move it."""
        return statistics.median(a / b for a, b in zip(self.worked, peer.worked, strict=True))


def made_up(schools: int, *, missing: float = MISSING, levels: bool = False) -> np.ndarray:
    """Make points [cell, school]; schools of different kinds lack different measures."""
    random = np.random.default_rng(schools)
    size = (CELLS, schools)
    points = random.integers(1, 11, size).astype(float) if levels else random.uniform(0, 100, size)
    points[random.random(size) < missing] = np.nan
    points[0, np.isnan(points).all(axis=0)] = 50.0
    return points


def some_weights(designs: int) -> np.ndarray:
    return np.random.default_rng(designs).dirichlet(np.ones(CELLS), designs)


def weighing_of(points: np.ndarray) -> Weighing:
    everyone = np.ones(points.shape[1], bool)
    return Weighing(points, everyone, everyone, Cut(SHARE))


def by_kernel(weighing: Weighing, weights: np.ndarray, *, threads: int) -> np.ndarray:
    return identify(weighing, weights, threads=threads).times


def by_loop(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As a study's script does it: a row for each school, nansum and argsort for each design."""
    table = np.ascontiguousarray(points.T)
    times = np.zeros(len(table), int)
    count = int(np.ceil(SHARE * len(table)))
    for row in weights:
        index = np.nansum(table * row, axis=1) / np.nansum(~np.isnan(table) * row, axis=1)
        times[np.argsort(index)[:count]] += 1
    return times


def by_product(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As NumPy does it best: two matrix products for many designs, and a partition."""
    there = (~np.isnan(points)).astype(float)
    filled = np.nan_to_num(points)
    times = np.zeros(points.shape[1], int)
    count = int(np.ceil(SHARE * points.shape[1]))
    for start in range(0, len(weights), BATCH):
        some = weights[start : start + BATCH]
        index = (some @ filled) / (some @ there)
        line = np.partition(index, count - 1, axis=1)[:, count - 1 : count]
        times += (index <= line).sum(axis=0)
    return times


def by_scikit(points: np.ndarray, weights: np.ndarray) -> Callable[[], np.ndarray] | None:
    """Prepare scikit-criteria's weighted sum on complete points; None where it is not installed.

    It knows no missing values, and making its matrices is not timed: both are in its favour.
    """
    try:
        import skcriteria  # noqa: PLC0415
        from skcriteria.agg.simple import WeightedSumModel  # noqa: PLC0415
    except ImportError:
        return None
    schools = points.shape[1]
    matrix = skcriteria.mkdm(points.T, [max] * CELLS)
    matrices = [matrix.replace(weights=row) for row in weights]
    model = WeightedSumModel()
    last = schools - int(np.ceil(SHARE * schools))

    def named() -> np.ndarray:
        times = np.zeros(schools, int)
        for one in matrices:
            times += model.evaluate(one).rank_ > last
        return times

    return named


def in_turn(tasks: dict[str, tuple[Callable[[], object], int]]) -> dict[str, Timed]:
    """Run tasks in turn; each comes with the number of designs that it tries."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    for task, _ in tasks.values():
        task()
    for _ in range(TURNS):
        for name, (task, designs) in tasks.items():
            start, work = time.perf_counter(), time.process_time()
            task()
            took, worked = time.perf_counter() - start, time.process_time() - work
            rates[name].append((designs / took, designs / worked))
    return {name: Timed(*zip(*told, strict=True)) for name, told in rates.items()}


def check(points: np.ndarray, complete: np.ndarray) -> None:
    """Stop where two of them name different schools."""
    weights = some_weights(24)
    kernel = by_kernel(weighing_of(points), weights, threads=1)
    for peer in (by_loop, by_product):
        if not np.array_equal(kernel, peer(points, weights)):
            raise SystemExit(f"The kernel and {peer.__name__} name different schools.")
    scikit = by_scikit(complete, weights)
    whole = by_kernel(weighing_of(complete), weights, threads=1)
    if scikit is not None and not np.array_equal(whole, scikit()):
        raise SystemExit("The kernel and scikit-criteria name different schools.")


def tasks() -> Iterator[tuple[str, tuple[Callable[[], object], int]]]:
    points, complete = made_up(SCHOOLS), made_up(SCHOOLS, missing=0)
    check(points, complete)
    many = some_weights(DESIGNS["kernel"])
    levels = weighing_of(made_up(SCHOOLS, levels=True))
    for name, weighing, threads in (
        ("kernel, 2 threads", weighing_of(points), 2),
        ("kernel, 1 thread", weighing_of(points), 1),
        ("kernel, levels 1-10, 2 threads", levels, 2),
    ):
        yield name, (partial(by_kernel, weighing, many, threads=threads), len(many))
    for name, peer in (("loop", by_loop), ("product", by_product)):
        some = some_weights(DESIGNS[name])
        yield name, (partial(peer, points, some), len(some))
    scikit = by_scikit(complete, some_weights(DESIGNS["scikit"]))
    if scikit is not None:
        yield "scikit", (scikit, DESIGNS["scikit"])


NAMES = {
    "loop": "NumPy, nansum and argsort in a loop",
    "product": "NumPy, matrix product and partition",
    "scikit": "scikit-criteria, WeightedSumModel.evaluate",
}


Row = tuple[float, str, str, float | None]


def figures() -> dict[str, Row]:
    """Measure; give for each name its value, unit, peer and ratio, as in tests/bench.py."""
    timed = in_turn(dict(tasks()))
    found: dict[str, Row] = {}
    for name, one in timed.items():
        found[f"weights a second, {name}"] = (one.median, "designs/s", "", None)
    two, single = timed["kernel, 2 threads"], timed["kernel, 1 thread"]
    for name, peer in NAMES.items():
        if name in timed:
            other = timed[name]
            ratios = {
                f"2 threads, beside {name}": (two.median, two.over(other)),
                f"2 threads, best beside best {name}": (two.best, two.best / other.best),
                f"1 thread, processor's time, {name}": (
                    max(single.worked),
                    single.over_in_work(other),
                ),
            }
            found |= {
                key: (value, "designs/s", peer, ratio) for key, (value, ratio) in ratios.items()
            }
    return found | growth()


def growth() -> dict[str, Row]:
    """Time one thread on a thousand to a hundred thousand schools."""
    jobs = {}
    for size in SIZES:
        weights = some_weights(max(512, 20_000_000 // size))
        task = partial(by_kernel, weighing_of(made_up(size)), weights, threads=1)
        jobs[str(size)] = (task, len(weights))
    each = {size: 1 / timed.best for size, timed in zip(SIZES, in_turn(jobs).values(), strict=True)}
    found: dict[str, Row] = {
        f"weights, per school of {size:,}": (1e9 * seconds / size, "ns", "", None)
        for size, seconds in each.items()
    }
    for first, last in ((SIZES[0], SIZES[-1]), (SIZES[1], SIZES[-1])):
        exponent = float(np.log(each[last] / each[first]) / np.log(last / first))
        name = f"weights, exponent of growth, {first:,} to {last:,}"
        found[name] = (exponent, "exponent", "", None)
    return found


def main() -> None:
    found = figures()
    table = Table("what", "value", "unit", "beside", "ratio")
    for name, (value, unit, peer, ratio) in found.items():
        table.add_row(name, f"{value:,.3g}", unit, peer, "" if ratio is None else f"{ratio:,.0f}")
    Console(width=120).print(table)
    path = build_folder() / "bench-kernel.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = ("value", "unit", "versus", "ratio")
    said = {name: dict(zip(keys, told, strict=True)) for name, told in found.items()}
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
