"""How does long work go on where it stopped? Its parts are kept until they are put together.

Parts lie under build/runs/parts/, in a folder for each run and all that decides it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.problems import ProblemsError, fail
from analysis.publishing.store import Result, build_folder, code_fingerprint, read_result


def parts_folder(name: str, told: Mapping[str, str]) -> Path:
    """Give the folder of a run's parts.

    Args:
        name: of the result.
        told: fingerprints of all that decides it, but for the program.
    """
    text = json.dumps([name, told, code_fingerprint()], sort_keys=True)
    key = hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
    return build_folder() / "runs" / "parts" / key


def current(name: str, told: Mapping[str, str]) -> Result | None:
    """Read a result, where there is a current one."""
    with contextlib.suppress(ProblemsError):
        return read_result(name, expect=told)
    return None


@contextlib.contextmanager
def resumable(name: str) -> Iterator[None]:
    """Let work be stopped from the keyboard, and say that it goes on.

    Raises:
        ProblemsError: it was stopped.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        text = "was stopped. What is done is kept; the same command goes on."
        raise fail(name, text) from stopped
