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
from analysis.publishing.spreadsheet import write_csv
from analysis.publishing.store import code_fingerprint, versions
from analysis.ratings.rate import Ratings
from analysis.ratings.suppress import marked, shareable
from analysis.ratings.tables import indicators_table, lists_table, schools_table
from analysis.ratings.verify import load_ledger, status

Form = Literal["csv", "parquet"]
SCHEMA = 1


def write_ratings(
    ratings: Ratings,
    folder: Path,
    *,
    form: Form = "csv",
    command: str = "",
    internal: bool = False,
) -> tuple[Path, ...]:
    """Write schools, indicators, lists and provenance into a new folder.

    CSV is for people: a text that a spreadsheet would run begins with an apostrophe; Parquet, for
    programs, holds it as it is.

    What was counted from student rows is suppressed where few students stand behind it, unless
    `internal` says that the files are not shared; they are then marked so.

    Raises:
        ProblemsError: the folder is there already and is not an earlier output of this kind.
    """
    if folder.exists() and (not folder.is_dir() or _others(folder)):
        raise fail(str(folder), "holds other files. Name a new folder with --out.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, table in _tables(ratings, internal=internal).items():
            _write_table(table, fresh / f"{name}.{form}", form)
        told = provenance(ratings, command=command, internal=internal)
        text = json.dumps(told, indent=1, sort_keys=True)
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


def _tables(ratings: Ratings, *, internal: bool) -> Mapping[str, pd.DataFrame]:
    tables = {
        "schools": schools_table(ratings),
        "indicators": indicators_table(ratings),
        "lists": lists_table(ratings),
    }
    open_to_all = not (internal or ratings.panel.about.internal)
    tables = shareable(ratings, tables) if open_to_all else marked(ratings, tables)
    if not ratings.panel.units["part"].any():  # the column says nothing without parts
        return {name: table.drop(columns="part", errors="ignore") for name, table in tables.items()}
    return tables


def _write_table(table: pd.DataFrame, path: Path, form: Form) -> None:
    if form == "csv":
        write_csv(table, path)
    else:
        table.to_parquet(path, index=False)


def provenance(
    ratings: Ratings, *, command: str = "", internal: bool = False
) -> Mapping[str, object]:
    """Say what the ratings rest on: fingerprints, versions, what is not known, the command.

    `internal` says that small groups are shown, `synthetic` that the students are made up.

    `verified` says how the design stands against published lists; an adapted or home-made design
    stands against none.
    """
    held = status(load_ledger())
    about = ratings.panel.about
    return {
        "schema": SCHEMA,
        "command": command,
        "design": ratings.design.name,
        "design_fingerprint": ratings.design.fingerprint,
        "panel": ratings.panel.name,
        "panel_fingerprint": ratings.panel.digest,
        "synthetic": about.synthetic,
        "internal": (internal or about.internal) and not about.synthetic,
        "from_students": list(ratings.panel.from_students),
        "steps_unknown": dict(ratings.design.unknown),
        "verified": held.get(ratings.design.name, "held to no published list"),
        "code_fingerprint": code_fingerprint(),
        "versions": dict(versions()),
    }
