"""Where do ratings go? Four files in a folder that appears whole or not at all.

To write another table: one entry in `_tables`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from analysis.problems import fail
from analysis.publishing.store import code_fingerprint, versions
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import indicators_table, lists_table, schools_table
from analysis.ratings.verify import load_ledger, status

Form = Literal["csv", "parquet"]
SCHEMA = 1


def write_ratings(
    ratings: Ratings, folder: Path, *, form: Form = "csv", command: str = ""
) -> tuple[Path, ...]:
    """Write schools, indicators, lists and provenance into a new folder.

    Raises:
        ProblemsError: the folder is there already and is not an earlier output of this kind.
    """
    if folder.exists() and (not folder.is_dir() or _others(folder)):
        raise fail(str(folder), "holds other files. Name a new folder with --out.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, table in _tables(ratings).items():
            _write_table(table, fresh / f"{name}.{form}", form)
        text = json.dumps(provenance(ratings, command=command), indent=1, sort_keys=True)
        (fresh / "provenance.json").write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.chmod(0o755)
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return tuple(sorted(folder.iterdir()))


def _others(folder: Path) -> list[str]:
    stems = ("schools", "indicators", "lists", "provenance")
    return [path.name for path in folder.iterdir() if path.stem not in stems]


def _tables(ratings: Ratings) -> Mapping[str, pd.DataFrame]:
    tables = {
        "schools": schools_table(ratings),
        "indicators": indicators_table(ratings),
        "lists": lists_table(ratings),
    }
    if not ratings.panel.units["part"].any():  # the column says nothing without parts
        return {name: table.drop(columns="part", errors="ignore") for name, table in tables.items()}
    return tables


def _write_table(table: pd.DataFrame, path: Path, form: Form) -> None:
    if form == "csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        table.to_parquet(path, index=False)


def provenance(ratings: Ratings, *, command: str = "") -> Mapping[str, object]:
    """Say what the ratings rest on: fingerprints, versions, what is not known, the command.

    `verified` says how the design stands against published lists; an adapted or home-made design
    stands against none.
    """
    held = status(load_ledger())
    return {
        "schema": SCHEMA,
        "command": command,
        "design": ratings.design.name,
        "design_fingerprint": ratings.design.fingerprint,
        "panel": ratings.panel.name,
        "panel_fingerprint": ratings.panel.digest,
        "steps_unknown": dict(ratings.design.unknown),
        "verified": held.get(ratings.design.name, "held to no published list"),
        "code_fingerprint": code_fingerprint(),
        "versions": dict(versions()),
    }
