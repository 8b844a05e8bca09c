"""What did all runs of a sweep give together? One table of numbers, and one of each table.

Rows stand in the order of the cells, whoever ran them when.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.designs.design import digest
from analysis.publishing.store import SCHEMA
from simulations.sweep import Job, sweeps_folder, write_fresh


@dataclass(frozen=True)
class _Given:
    """One result of one run: a row of numbers and parameters, and tables by name."""

    row: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def write_together(jobs: Sequence[Job]) -> Path:
    """Put the finished runs of a sweep together, whole or not at all.

    Returns:
        A folder: numbers.parquet has a row for each run and result (columns parameter_*, number_*);
        <result>.<table>.parquet the rows of that table of all runs, with `cell` and `run`.
    """
    done = [job for job in jobs if job.home.exists()]
    key = digest([job.key for job in done])
    home, fresh = sweeps_folder() / f"together-{key}", write_fresh(key)
    found = [one for job in done for one in _read_run(job)]
    numbers = pd.DataFrame([one.row for one in found]).assign(schema=SCHEMA)
    one_kind(numbers).to_parquet(fresh / "numbers.parquet", index=False)
    names = dict.fromkeys(name for one in found for name in one.tables)
    for name in names:
        parts = [one.tables[name] for one in found if name in one.tables]
        whole = one_kind(pd.concat(parts, ignore_index=True))
        whole.to_parquet(fresh / f"{name}.parquet", index=False)
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


def _read_run(job: Job) -> Iterator[_Given]:
    """Read what one run gave: for each result a row of numbers, and its tables."""
    given = {
        f"parameter_{word}": x if _plain(x) else json.dumps(x, sort_keys=True)
        for word, x in job.parameters.items()
    }
    about = {"cell": job.cell, "run": job.key, **given}
    pointers = sorted((job.home / "runs" / "by-name").glob("*.json"))
    if not pointers:
        yield _Given({**about, "result": None}, {})
    for pointer in pointers:
        name = pointer.stem
        home = job.home / "runs" / json.loads(pointer.read_text(encoding="utf-8"))["key"]
        body = json.loads((home / "result.json").read_text(encoding="utf-8"))
        numbers = {f"number_{word}": x for word, x in body["numbers"].items()}
        tables = {
            f"{name}.{table}": pd.read_parquet(home / f"{table}.parquet").assign(
                cell=job.cell, run=job.key
            )
            for table in body["tables"]
        }
        yield _Given({**about, "result": name, **numbers}, tables)


def _kind(x: object) -> type | None:
    if x is None or (isinstance(x, float) and math.isnan(x)):
        return None
    return float if type(x) is int else type(x)


def _plain(x: object) -> bool:
    return x is None or isinstance(x, bool | int | float | str)
