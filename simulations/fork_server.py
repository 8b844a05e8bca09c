"""How does a kernel start at once? As a copy of a process that has imported what its notebook does.

`kernels.py` runs this file as a program, with the end of a pipe and the modules to import. What is
in this process is in every kernel, so it imports nothing of this project by itself, changes nothing
once it listens, and ends with whoever started it. It makes no copy while another thread runs.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TextIO

KERNEL: Final = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
)
"""What a kernel imports by itself."""

IDLE: Final = ("polars-ooc-clea",)
"""Threads that only wait, and hold nothing: polars' for files that it put aside, which a copy does
without. A pool of threads begins at its first use, so each copy makes its own."""

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


def main(handle: int, modules: Sequence[str]) -> None:
    """Import modules, then make a copy of this process for each kernel that is asked for.

    Args:
        handle: one end of a pair of sockets; on it come lines with the words of a kernel's command,
            its environment and its folder, and the number of its process goes back.
        modules: what to import. One that prints something, or fails, does so in the kernel.
    """
    atexit.register(_end)  # the first to be registered is the last to be called
    _put_folder_in_path()
    for name in KERNEL:
        import_module(name)
    if not _silent(modules):
        return
    gc.collect()
    gc.freeze()  # pages that no one writes to are shared by all copies
    with socket.socket(fileno=handle) as pipe, pipe.makefile("rw", encoding="utf-8") as lines:
        asked = _serve(lines)
    if asked is not None:
        sys.argv = [sys.argv[0], *asked["words"]]
        sys.path.insert(0, asked["folder"])  # as of `python -m`; the launcher takes it out again
        runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)


class _Later(io.TextIOBase):
    """Stands for stdout or stderr during imports; who keeps it writes where they are later."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.said = False

    def write(self, text: str) -> int:
        now = getattr(sys, self.name)
        self.said |= now is self
        return len(text) if now is self else int(now.write(text))

    def flush(self) -> None:
        now = getattr(sys, self.name)
        if now is not self:
            now.flush()


def _silent(modules: Sequence[str]) -> bool:
    """Import modules; say whether each can be imported and says nothing."""
    out, error = _Later("stdout"), _Later("stderr")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            for name in modules:
                import_module(name)
    except Exception:  # noqa: BLE001 (the kernel, which imports it again, tells what it is)
        return False
    return not out.said and not error.said


def _put_folder_in_path() -> None:
    """Look for modules where a kernel does: in its folder after Python's own, before libraries'."""
    del sys.path[0]
    names = [Path(path).name in {"site-packages", "dist-packages"} for path in sys.path]
    sys.path.insert(names.index(True) if True in names else 0, "")


def _end() -> None:
    """End here: what Python would still do is to free memory, object by object."""
    gc.collect()  # a file that is left open is written
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def _serve(lines: TextIO) -> Mapping[str, Any] | None:
    """Listen; returns in each copy with what was asked, and in this process when it is to end."""
    parent = os.getpid()
    if _read_alone():
        _tell(lines, parent)
    while _read_alone() and (line := lines.readline()):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # only now may the number of an ended one be used
                pass
        if not os.fork():
            asked: Mapping[str, Any] = json.loads(line)
            _forget(parent, asked)
            _tell(lines, os.getpid())
            return asked
    return None


def _tell(lines: TextIO, number: int) -> None:
    lines.write(f"{number}\n")
    lines.flush()


def _read_alone() -> bool:
    """Say whether no other thread of this process does anything."""
    tasks = [path for path in Path("/proc/self/task").iterdir() if path.name != str(os.getpid())]
    return all((path / "comm").read_text(encoding="utf-8").strip() in IDLE for path in tasks)


def _forget(parent: int, asked: Mapping[str, Any]) -> None:
    """Make a copy what a process that was started anew would be."""
    os.setsid()
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended in between
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if "numpy.random" in sys.modules:  # nothing is drawn here; Python's own starts anew by itself
        sys.modules["numpy.random"].seed()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
