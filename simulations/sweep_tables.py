"""What did all runs of a sweep give together? One table of numbers, and one of each table.

Rows stand in the order of the cells, whoever ran them when.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.publishing.store import SCHEMA
from simulations.sweep import Job, sweeps_folder


def write_together(jobs: Sequence[Job]) -> Path:
    """Put the finished runs of a sweep together, whole or not at all.

    Returns:
        A folder: numbers.parquet has a row for each run and result, with the parameters;
        <result>.<table>.parquet the rows of that table of all runs, with `cell` and `run`.
    """
    done = [job for job in jobs if job.home.exists()]
    key = hashlib.blake2b("".join(job.key for job in done).encode(), digest_size=10).hexdigest()
    home = sweeps_folder() / f"together-{key}"
    sweeps_folder().mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=sweeps_folder(), prefix=f".{key}.", suffix=f".{os.getpid()}"))
    rows: list[dict[str, Any]] = []
    tables: dict[str, list[pd.DataFrame]] = {}
    for job in done:
        _read_run(job, rows, tables)
    numbers = pd.DataFrame(rows)
    numbers["schema"] = SCHEMA
    numbers.to_parquet(fresh / "numbers.parquet", index=False)
    for name, parts in tables.items():
        pd.concat(parts, ignore_index=True).to_parquet(fresh / f"{name}.parquet", index=False)
    fresh.chmod(0o755)
    shutil.rmtree(home, ignore_errors=True)  # of the same runs before they were made again
    fresh.replace(home)
    return home


def _read_run(job: Job, rows: list[dict[str, Any]], tables: dict[str, list[pd.DataFrame]]) -> None:
    """Add what one run gave: its numbers as a row, its tables as parts of the whole ones."""
    given = {word: x if _plain(x) else json.dumps(x) for word, x in job.parameters.items()}
    about = {"cell": job.cell, "run": job.key}
    pointers = sorted((job.home / "runs" / "by-name").glob("*.json"))
    if not pointers:
        rows.append({**about, **given, "result": None})
    for pointer in pointers:
        home = job.home / "runs" / json.loads(pointer.read_text(encoding="utf-8"))["key"]
        body = json.loads((home / "result.json").read_text(encoding="utf-8"))
        numbers = {word: x for word, x in body["numbers"].items() if word not in given}
        rows.append({**about, **given, "result": pointer.stem, **numbers})
        for table in body["tables"]:
            frame = pd.read_parquet(home / f"{table}.parquet")
            part = frame.assign(cell=job.cell, run=job.key)
            tables.setdefault(f"{pointer.stem}.{table}", []).append(part)


def _plain(x: object) -> bool:
    return x is None or isinstance(x, bool | int | float | str)
