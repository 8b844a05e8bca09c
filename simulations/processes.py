"""How is work shared out among processes, and how far is it?

What a process has begun it finishes and saves when the work is interrupted (Ctrl-C); when the work
is killed, its processes end too. To share out other work: tasks for `pooled`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Made = TypeVar("Made")
Task = tuple[Callable[..., Made], tuple[Any, ...]]
"""A function that can be sent to another process, and what it is given."""


def pooled(tasks: Sequence[Task[Made]], workers: int) -> Iterator[Made]:
    """Run tasks on some processes, and give each result as it comes.

    >>> list(pooled([], 2))
    []
    """
    if not tasks:
        return
    with ProcessPoolExecutor(
        min(workers, len(tasks)),
        mp_context=_context(),
        initializer=_begin,
        initargs=(dict(os.environ),),
    ) as pool:
        waiting = [pool.submit(task, *given) for task, given in tasks]
        try:
            yield from (one.result() for one in as_completed(waiting))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def shown(parts: Iterator[Made], done: int, left: int, *, on: bool, what: str) -> Iterator[Made]:
    """Pass parts on as they come, with a bar and the time left.

    Args:
        parts: what is made.
        done: how many were made before; they count as done.
        left: how many are to come.
        on: show the bar.
        what: what is done, in words.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), disable=not on) as bar:
        task = bar.add_task(what, total=done + left, completed=done)
        for part in parts:
            bar.advance(task)
            yield part


def _context() -> BaseContext:
    """On Linux the modules of this program are imported once, and each process is a copy.

    The process that is copied looks for modules where this one does, and runs nothing of them, so
    that no pool of threads has begun in it.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(
        [name for name in sys.modules if name.partition(".")[0] in ("analysis", "simulations")]
    )
    said = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(said)
    return context


def _begin(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # a kernel that it started notices that it is alone, and ends too
