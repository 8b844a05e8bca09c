"""How is work shared out among the machines of a cluster? By Dask: a call of a function each.

A task whose machine is lost is given to another. What tasks leave behind lies in a folder that all
machines see. To reach another kind of cluster: its class of dask_jobqueue in `_connected`.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, TypeVar

from analysis.problems import fail
from analysis.publishing.store import build_folder, code_fingerprint
from simulations.processes import Task

Made = TypeVar("Made")
RETRIES: Final = 2
_MEMORY: Final = "4GB"
_ONE_AT_A_TIME: Final = threading.Lock()


def clustered(tasks: Sequence[Task[Made]], cluster: str, workers: int) -> Iterator[Made]:
    """Run tasks on a cluster, and give each result as it comes.

    Args:
        tasks: functions of this program, and what they are given.
        cluster: the address of a Dask scheduler, or `slurm` for jobs of its own on SLURM.
        workers: how many jobs of its own at most.

    Raises:
        ProblemsError: Dask is not installed, nobody answers, or a machine has another program.
    """
    if not tasks:
        return
    said = {"MULTIPLE_MEASURES_BUILD": str(build_folder().resolve())}
    dask, _ = _dask()
    with contextlib.ExitStack() as ends:
        client, code = _connected(cluster, workers, ends), code_fingerprint()
        waiting = [
            client.submit(there, code, said, *one, pure=False, retries=RETRIES) for one in tasks
        ]
        yield from (one.result() for one in dask.as_completed(waiting, loop=client.loop))


def there(
    code: str, environment: Mapping[str, str], task: Callable[..., Made], given: tuple[Any, ...]
) -> Made:
    """Do a task on another machine, if the program there is the same.

    Raises:
        ProblemsError: it is another.
    """
    if code_fingerprint() != code:
        text = "has another version of this program. Let all machines use one folder of it."
        raise fail(os.uname().nodename, text)
    with _ONE_AT_A_TIME:  # a run has its environment from its process
        os.environ.update(environment)
        return task(*given)


def _connected(cluster: str, workers: int, ends: contextlib.ExitStack) -> Any:  # noqa: ANN401
    """Give a client of Dask; it ends with `ends`, and so do jobs that were begun for it."""
    dask, queues = _dask()
    if cluster == "slurm":
        jobs = ends.enter_context(queues.SLURMCluster(**_job(queues)))
        jobs.adapt(minimum=0, maximum=workers)
        return ends.enter_context(dask.Client(jobs, set_as_default=False))
    try:
        return ends.enter_context(dask.Client(cluster, timeout="10s", set_as_default=False))
    except (OSError, ValueError) as error:
        text = f"names no Dask scheduler that answers ({error}). Say tcp://HOST:PORT, or slurm."
        raise fail(f"--cluster {cluster}", text) from error


def _dask() -> tuple[Any, Any]:
    try:
        return import_module("distributed"), import_module("dask_jobqueue")
    except ImportError as error:
        text = "needs Dask. Type: pip install distributed dask-jobqueue"
        raise fail("--cluster", text) from error


def _job(queues: Any) -> dict[str, Any]:  # noqa: ANN401 (a module)
    """Give one processor to each job, where the site's own settings of Dask say nothing else."""
    usual = {"cores": 1, "processes": 1, "memory": _MEMORY}
    said = queues.core.dask.config.get("jobqueue.slurm", {})
    return {word: x for word, x in usual.items() if said.get(word) is None}
