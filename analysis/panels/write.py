"""How is a panel written, so that reading it gives the same panel?

To add a form: one branch in `_write_table`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr
from pyarrow import csv, parquet
from ruamel.yaml import YAML

from analysis.panels.about import addresses
from analysis.panels.cells import NOTES
from analysis.panels.panel import Panel
from analysis.panels.reading import WORKBOOK
from analysis.panels.stata import write_stata
from analysis.panels.workbook import Sheet, write_workbook
from analysis.problems import fail
from analysis.publishing.disclosure import marked_internal, suppressed
from analysis.values import ALL, Reason

Form = Literal["csv", "csv.gz", "parquet", "dta", "xlsx"]
MOST_ROWS: Final = 1_048_576
_WORDS = {1.0: "yes", 0.0: "no"}


def write_panel(panel: Panel, folder: Path, *, form: Form = "csv", internal: bool = False) -> Path:
    """Write a panel as a folder of tables (or one workbook); it appears whole or not at all.

    A workbook keeps 15 digits of a number, as Excel does; the other forms keep all. What was
    counted from student rows is suppressed where few students stand behind it, unless `internal`
    says that the files are not shared; they are then marked so.

    Raises:
        ProblemsError: the folder is there already and is not empty, or the form cannot hold the
            panel.

    >>> from analysis import read_panel
    >>> with tempfile.TemporaryDirectory() as there:
    ...     copy = write_panel(read_panel("franklin"), Path(there) / "copy", form="parquet")
    ...     read_panel(copy).digest == read_panel("franklin").digest
    True
    """
    panel = marked_internal(panel) if internal else suppressed(panel)
    if form == "xlsx":
        return _write_workbook(panel, folder)
    if folder.exists() and any(folder.iterdir()):
        raise fail(str(folder), "holds files already. Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, table in tables_of(panel).items():
            _write_table(table, fresh / f"{name}.{form}", form, panel.about.columns)
        about = panel.about.model_dump(exclude_defaults=True, mode="json")
        if about:
            with (fresh / "panel.yaml").open("w", encoding="utf-8") as file:
                YAML(typ="safe", pure=True).dump(about, file)
        fresh.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _write_workbook(panel: Panel, path: Path) -> Path:
    if path.exists() or path.suffix != WORKBOOK:
        raise fail(str(path), f"must be a new file whose name ends in {WORKBOOK}.")
    tables = tables_of(panel)
    longest = max(len(table) for table in tables.values())
    if longest >= MOST_ROWS:
        raise fail(str(path), f"a sheet holds {MOST_ROWS:,} rows, the panel {longest:,}.")
    sheets = [Sheet(name, list(t.columns), _plain(t).values.tolist()) for name, t in tables.items()]
    about = addresses(panel.about)
    if about:
        sheets.append(Sheet("about", ["word", "text"], list(about.items()), (40, 80)))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}")
    write_workbook(sheets, fresh)
    fresh.replace(path)
    return path


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), "")


def _write_table(table: pd.DataFrame, path: Path, form: Form, labels: Mapping[str, str]) -> None:
    if form == "dta":
        write_stata(table, path, labels=labels)
        return
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if form == "parquet":
        parquet.write_table(arrow, path)
        return
    kind = "gzip" if form == "csv.gz" else None
    with pa.output_stream(str(path), compression=kind) as stream:
        csv.write_csv(arrow, stream)


def tables_of(panel: Panel) -> Mapping[str, pd.DataFrame]:
    """Give a panel's tables: schools, measures, and published and truth where they are."""
    parts = [measure_rows(panel, name) for name in panel.measures]
    measures = pd.concat(parts, ignore_index=True)
    tables = {"schools": _schools(panel), "measures": _slim(measures)}
    if panel.published is not None:
        tables["published"] = panel.published
    if panel.truth is not None:
        tables["truth"] = panel.truth
    return tables


def _slim(table: pd.DataFrame) -> pd.DataFrame:
    said = {"part": "", "group": ALL, "note": ""}
    empty = [name for name, default in said.items() if (table[name] == default).all()]
    bare = [name for name in ("n", "numerator", "se") if table[name].isna().all()]
    return table.drop(columns=empty + bare)


def _schools(panel: Panel) -> pd.DataFrame:
    keys = panel.units[["school", "part"]]
    by_year = any("year" in a.dims for a in panel.columns.values())
    frames = []
    for year in panel.years if by_year else panel.years[:1]:
        columns = {name: _column(a, year) for name, a in panel.columns.items()}
        frame = keys.assign(year=year) if by_year else keys
        frames.append(frame.assign(**columns))
    table = pd.concat(frames, ignore_index=True)
    return table if (table["part"] != "").any() else table.drop(columns="part")


def _column(a: xr.DataArray, year: int) -> np.ndarray:
    values = a.sel(year=year).values if "year" in a.dims else a.values
    if values.dtype != object and set(np.unique(values[~np.isnan(values)])) <= {0.0, 1.0}:
        return np.array([_WORDS.get(x, "") for x in values], dtype=object)
    return np.asarray(values)


def measure_rows(panel: Panel, name: str) -> pd.DataFrame:
    """Give one row for each cell of a measure that says anything."""
    values = panel.measures[name]
    reason = values.reason.values.ravel()
    given = [a.values.ravel() for a in (values.n, values.numerator, values.se) if a is not None]
    keep = reason != Reason.NOT_MEASURED
    for array in given:
        keep = keep | ~np.isnan(array)
    unit, year, group = (axis.ravel()[keep] for axis in np.indices(values.value.shape))
    words = {int(code): note for note, code in NOTES.items()}
    rows = {
        "school": panel.units["school"].to_numpy()[unit],
        "part": panel.units["part"].to_numpy()[unit],
        "year": np.array(panel.years)[year],
        "measure": name,
        "group": np.array(panel.groups, dtype=object)[group],
        "value": values.value.values.ravel()[keep],
    }
    for word in ("n", "numerator", "se"):
        a = getattr(values, word)
        rows[word] = np.nan if a is None else a.values.ravel()[keep]
    notes = pd.Series(reason[keep]).map(words).fillna("")
    return pd.DataFrame(rows).assign(note=notes.to_numpy())
