"""How does the kernel of a run start? As a copy of a process with its imports, or else as usual.

Only sweeps ask for it. A kernel starts as usual wherever a copy is not possible: not on Linux,
another Python, another folder, or a library that starts a thread or prints when it is imported.
To let another library be imported beforehand: its name in `KNOWN`, if it does not look at import
whether it is in a notebook.
"""

from __future__ import annotations

import ast
import asyncio
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from queue import Empty
from typing import Any, Final, TextIO

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode
from traitlets.config import Config

NAME: Final = "multiple-measures-fork"
KNOWN: Final = (
    "altair",
    "analysis",
    "great_tables",
    "linearmodels",
    "numba",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "simulations",
    "statsmodels",
    "xarray",
)
QUIET: Final = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""Environment of the process that is copied: no thread for pyarrow's and polars' memory, the
backend of figures that a kernel sets, and no word of its debugger about Python's frozen modules."""

PATIENCE: Final = 5.0
"""Seconds after which a kernel is no longer waited for in vain."""
STEP: Final = 0.005


def fast_start(notebook: Path) -> Config:
    """Give the settings of Jupyter under which a kernel of this notebook starts as a copy."""
    factory = KernelProvisionerFactory.instance()
    if entry_points(group=factory.GROUP_NAME, name=NAME):
        factory.default_provisioner_name = NAME
    return Config(
        ForkProvisioner={"modules": read_imports(notebook)},
        KernelManager={"client_class": f"{Client.__module__}.{Client.__name__}"},
    )


def read_imports(notebook: Path) -> list[str]:
    """Give the modules of known libraries that a notebook imports, in its order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names = [name for code in codes for name in _names(code)]
    return [x for x in dict.fromkeys(names) if x.partition(".")[0] in KNOWN]


def _names(code: str) -> Iterator[str]:
    try:
        lines = ast.parse(code).body
    except SyntaxError:
        return  # a cell in the language of notebooks alone
    for line in lines:
        if isinstance(line, ast.Import):
            yield from (alias.name for alias in line.names)
        elif isinstance(line, ast.ImportFrom) and line.module and not line.level:
            yield line.module


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel as a copy of this process's own fork server, else as usual."""

    modules = List(Unicode(), None, allow_none=True, help="what to import before").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Start the kernel; called by jupyter_client."""
        folder = str(kwargs.get("cwd") or Path.cwd())
        usual = {"stdin", "stdout", "stderr"}.isdisjoint(kwargs) and self.modules is not None
        if usual and cmd[:3] == [sys.executable, "-m", "ipykernel_launcher"]:
            asked = {"words": cmd[3:], "environment": dict(kwargs["env"]), "folder": folder}
            number = _ask(_server(tuple(self.modules), folder), asked)
            if number:
                self.process = Forked(number)  # type: ignore[assignment]  # has what is asked of it
                self.pid = self.pgid = number
                self.cwd = folder
                until = time.monotonic() + PATIENCE
                while not self._listens() and time.monotonic() < until:  # noqa: ASYNC110 (a file)
                    await asyncio.sleep(STEP)
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)

    def _listens(self) -> bool:
        """Say whether the kernel can be spoken to, or never will; too early costs 0.1 s."""
        told = self.connection_info
        last = Path(f"{told['ip']}-{told['hb_port']}")
        ended = self.process is None or self.process.poll() is not None
        return ended or told["transport"] != "ipc" or last.exists()

    async def shutdown_requested(self, restart: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Notice the kernel's end at once; called by jupyter_client."""
        if isinstance(self.process, Forked):
            await self.process.ended(PATIENCE)


class Client(AsyncKernelClient):
    """Begins as soon as a kernel answers; that it lives its process tells, not its heartbeat."""

    def start_channels(self, *_asked: bool, **_named: bool) -> None:
        """Open the channels."""
        super().start_channels(hb=False)

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for the kernel's answer.

        Raises:
            RuntimeError: it died, or gave none in time.
        """
        until = time.monotonic() + (timeout or PATIENCE)
        while time.monotonic() < until and await self.is_alive():
            self.kernel_info()
            with suppress(Empty):
                while (await self.get_shell_msg(timeout=1))["msg_type"] != "kernel_info_reply":
                    pass
                await self.get_iopub_msg(timeout=1)  # this channel is open too
                return
        raise RuntimeError("the kernel died or gave no answer")


class Forked:
    """A kernel's process, with what jupyter_client asks of one that it started itself."""

    stdin = stdout = stderr = None

    def __init__(self, number: int) -> None:
        self.pid = number
        self._handle = os.pidfd_open(number)

    def poll(self) -> int | None:
        """Say whether it ended: nothing while it runs; how it ended only its own parent knows."""
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return 0 if watch.poll(0) else None

    async def ended(self, seconds: float) -> None:
        """Wait for its end, and no longer than this."""
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._handle, over.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), seconds)
        loop.remove_reader(self._handle)

    def wait(self) -> int:
        """Let it go, once it has ended."""
        os.close(self._handle)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to this very process, whoever has its number later."""
        signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


@dataclass(frozen=True)
class _Server:
    """The process that is copied, and the lines spoken with it."""

    process: subprocess.Popen[bytes]
    lines: TextIO


@cache
def _server(modules: Sequence[str], folder: str) -> _Server | None:
    """Start the process that is copied, once for each process that runs notebooks."""
    if sys.platform != "linux":
        return None
    here, there = socket.socketpair()
    place = str(Path(__file__).with_name("fork_server.py"))
    kept = {word: x for word, x in os.environ.items() if not word.startswith("JPY_")}
    with here, there:
        process = subprocess.Popen(  # noqa: S603 (Python itself, with names of modules)
            [sys.executable, place, str(there.fileno()), *modules],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**kept, **QUIET},
            pass_fds=[there.fileno()],
            start_new_session=True,
        )
        lines = here.makefile("rw", encoding="utf-8")
    if lines.readline():
        atexit.register(_stop, process, lines)
        return _Server(process, lines)
    process.kill()
    process.wait()
    lines.close()
    return None


def _stop(process: subprocess.Popen[bytes], lines: TextIO) -> None:
    """Let the process that is copied end; it does when nobody speaks with it."""
    with suppress(OSError):
        lines.close()
    process.wait()


def _ask(server: _Server | None, asked: dict[str, Any]) -> int | None:
    """Ask for a copy; gives the number of its process, or nothing where there is none."""
    if server is None:
        return None
    try:
        server.lines.write(json.dumps(asked) + "\n")
        server.lines.flush()
        return int(server.lines.readline() or 0)
    except OSError:
        return None
