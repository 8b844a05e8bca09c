"""What did all runs of a sweep give together? One table of numbers, and one of each table.

Rows stand in the order of the cells, whoever ran them when.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from socket import gethostname
from typing import Any

import pandas as pd

from analysis.publishing.store import SCHEMA
from simulations.sweep import Job, sweeps_folder


def write_together(jobs: Sequence[Job]) -> Path:
    """Put the finished runs of a sweep together, whole or not at all.

    Returns:
        A folder: numbers.parquet has a row for each run and result (columns parameter_*, number_*);
        <result>.<table>.parquet the rows of that table of all runs, with `cell` and `run`.
    """
    done = [job for job in jobs if job.home.exists()]
    key = hashlib.blake2b("".join(job.key for job in done).encode(), digest_size=10).hexdigest()
    home = sweeps_folder() / f"together-{key}"
    sweeps_folder().mkdir(parents=True, exist_ok=True)
    ending = f".{gethostname()}.{os.getpid()}"
    fresh = Path(tempfile.mkdtemp(dir=sweeps_folder(), prefix=f".{key}.", suffix=ending))
    rows: list[dict[str, Any]] = []
    tables: dict[str, list[pd.DataFrame]] = {}
    for job in done:
        _read_run(job, rows, tables)
    numbers = pd.DataFrame(rows).assign(schema=SCHEMA)
    one_kind(numbers).to_parquet(fresh / "numbers.parquet", index=False)
    for name, parts in tables.items():
        whole = one_kind(pd.concat(parts, ignore_index=True))
        whole.to_parquet(fresh / f"{name}.parquet", index=False)
    fresh.chmod(0o755)
    shutil.rmtree(home, ignore_errors=True)  # of the same runs before they were made again
    fresh.replace(home)
    return home


def one_kind(table: pd.DataFrame) -> pd.DataFrame:
    """Give a column that holds numbers in one run and words in another as words."""
    found = table.copy()
    for name, column in table.items():
        if column.dtype == object and len({_kind(x) for x in column} - {None}) > 1:
            found[name] = [None if _kind(x) is None else str(x) for x in column]
    return found


def _read_run(job: Job, rows: list[dict[str, Any]], tables: dict[str, list[pd.DataFrame]]) -> None:
    """Add what one run gave: its numbers as a row, its tables as parts of the whole ones."""
    about = {"cell": job.cell, "run": job.key}
    given = {
        f"parameter_{word}": x if _plain(x) else json.dumps(x, sort_keys=True)
        for word, x in job.parameters.items()
    }
    pointers = sorted((job.home / "runs" / "by-name").glob("*.json"))
    if not pointers:
        rows.append({**about, **given, "result": None})
    for pointer in pointers:
        home = job.home / "runs" / json.loads(pointer.read_text(encoding="utf-8"))["key"]
        body = json.loads((home / "result.json").read_text(encoding="utf-8"))
        numbers = {f"number_{word}": x for word, x in body["numbers"].items()}
        rows.append({**about, **given, "result": pointer.stem, **numbers})
        for table in body["tables"]:
            frame = pd.read_parquet(home / f"{table}.parquet")
            part = frame.assign(cell=job.cell, run=job.key)
            tables.setdefault(f"{pointer.stem}.{table}", []).append(part)


def _kind(x: object) -> type | None:
    if x is None or (isinstance(x, float) and math.isnan(x)):
        return None
    return float if type(x) is int else type(x)


def _plain(x: object) -> bool:
    return x is None or isinstance(x, bool | int | float | str)
