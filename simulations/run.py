"""What does an experiment find? Its cells are rated part by part, kept, and put together once.

A part is a block of cells and draws. It is saved whole or not at all under build/runs/parts/, so
that a run that was interrupted goes on, and the answer does not depend on who did which part when.
To add a number or a table to the answer: summary.py.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from analysis.publishing.store import Estimand, Result, read_result, write_result, write_whole
from simulations.evaluate import Bench, bench_of, look
from simulations.experiment import Experiment, experiment_names
from simulations.figures import Figures, figures_of
from simulations.grid import fingerprints, plan_of
from simulations.parts import current, parts_folder
from simulations.processes import pooled, shown
from simulations.summary import Block, Part, joined, numbers_of, tables_of

MOST_AT_ONCE: Final = 256
"""Cells of a part: enough for the kernel, and few enough to lose little by an interruption."""

MOST_MARKS: Final = 20_000_000
"""Cells x draws x schools of a part, so that it fits into memory."""

PARTS: Final = 40
"""A run has about so many parts, for the bar and for the processes."""

TASTED: Final = 2
"""So many parts are made before processes are started."""

START: Final = 20.0
"""Seconds of work that are worth starting processes for."""


def run_experiment(
    asked: Experiment, *, workers: int | None = None, fresh: bool = False, progress: bool = False
) -> Result:
    """Run an experiment, or go on with it; a result that is there already is read.

    Args:
        asked: the experiment.
        workers: processes; the bytes are the same for any number. The experiment's own if left out.
        fresh: begin anew, and keep nothing of an earlier run.
        progress: show a bar with the time left.

    Returns:
        Result: numbers, and the tables cells, schools, factors and, where asked for, named.

    Raises:
        ProblemsError: everything that does not fit, or options that do not go together.
    """
    many = workers or asked.workers
    figures = figures_of(asked, workers=many, progress=progress)
    _bench.cache_clear()  # the panel's files may have changed
    bench = _bench(asked, figures.home)
    told = fingerprints(bench.plan, bench.panel)
    folder = parts_folder(_name(asked), told)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    elif (found := current(_name(asked), told)) is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    missing = [n for n in range(len(parts_of(bench))) if not _path(folder, n).exists()]
    done = len(parts_of(bench)) - len(missing)
    work = _work(asked, figures, folder, missing, many)
    for _ in shown(work, done, len(missing), on=progress, what="rating cells"):
        pass
    _finish(bench, folder, told)
    return read_result(_name(asked), expect=told)


def parts_of(bench: Bench) -> tuple[Block, ...]:
    """Cut an experiment into parts: blocks of cells and draws, which depend on nothing else."""
    cells, draws = bench.plan.size, bench.draws
    size = min(max(-(-cells // PARTS), 1), MOST_AT_ONCE)
    room = max(MOST_MARKS // (size * len(bench.schools)), 1)
    many = min(max(-(-draws * cells // PARTS), 1), draws, room)
    return tuple(
        Block(range(c, min(c + size, cells)), range(d, min(d + many, draws)))
        for c in range(0, cells, size)
        for d in range(0, draws, many)
    )


def write_part(asked: Experiment, home: str | Path, folder: Path, number: int) -> int:
    """Rate the cells and draws of one part and save it, whole or not at all.

    Args:
        asked: the experiment.
        home: the name or folder of its panel.
        folder: where parts are kept.
        number: which part.

    Returns:
        The number of the part.

    Raises:
        ProblemsError: options that do not go together.
    """
    bench = _bench(asked, home)
    block = parts_of(bench)[number]
    seen = look(bench, block.cells, block.draws)
    times = seen.named.sum(axis=1)
    cell, school = np.nonzero(times)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        outcomes=seen.outcomes,
        cell=cell + block.cells.start,
        school=school,
        times=times[cell, school],
        by_draw=seen.named.sum(axis=0),
    )
    write_whole(_path(folder, number), buffer.getvalue())
    return number


@lru_cache(maxsize=1)
def _bench(asked: Experiment, home: str | Path) -> Bench:
    return bench_of(plan_of(asked), Figures(home))


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.npz"


def _read_part(path: Path) -> Part:
    with np.load(path, allow_pickle=False) as held:
        return Part(**{word: held[word] for word in held.files})


def _name(asked: Experiment) -> str:
    return f"experiment-{asked.name}"


def _work(
    asked: Experiment, figures: Figures, folder: Path, missing: Sequence[int], workers: int
) -> Iterator[int]:
    """Make the parts: alone, or in company where the first two tell that much is left to do."""
    begun = time.monotonic()
    rest = list(missing)
    while rest and (
        workers == 1 or len(missing) - len(rest) < TASTED or _little(begun, missing, rest)
    ):
        yield write_part(asked, figures.home, folder, rest.pop(0))
    tasks = [(write_part, (asked, figures.home, folder, number)) for number in rest]
    yield from pooled(tasks, workers)


def _little(begun: float, missing: Sequence[int], rest: Sequence[int]) -> bool:
    """Say whether the rest takes no longer than processes take to start."""
    spent, done = time.monotonic() - begun, len(missing) - len(rest)
    return spent / done * len(rest) < START


def _finish(bench: Bench, folder: Path, told: Mapping[str, str]) -> None:
    """Put the parts together in their order, write the result, and drop the parts."""
    asked = bench.plan.asked
    blocks = parts_of(bench)
    parts = [_read_part(_path(folder, number)) for number in range(len(blocks))]
    whole = joined(bench, blocks, parts)
    tables = tables_of(bench, whole)
    write_result(
        _name(asked),
        parameters=asked.asked,
        fingerprints=told,
        estimand=Estimand(asked.estimand, asked.pool, asked.draw.kind, asked.whom),
        numbers=numbers_of(bench, tables),
        tables=tables,
        command=_command(asked),
    )
    shutil.rmtree(folder, ignore_errors=True)


def _command(asked: Experiment) -> str:
    built_in = asked.name in experiment_names()
    return f"measures run {asked.name}{'' if built_in else '.yaml'}"
