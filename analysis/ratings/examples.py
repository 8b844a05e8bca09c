"""Do a design's worked examples come out? Small tables, worked by hand, that are also tests.

To add an example: a table in the `.examples.yaml` beside the design, or a file in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import Design, design_from, load_design
from analysis.designs.source import read_yaml
from analysis.panels.about import About
from analysis.panels.panel import Panel, make_panel
from analysis.panels.reading import read_panel
from analysis.problems import Problem, fail
from analysis.ratings.rate import Ratings, rate
from analysis.values import ALL, Reason, Values

ANSWERS: Final = {"met": 1.0, "not met": 0.0}
_BESIDE: Final = ("n", "numerator")
MISSING: Final = ("missing", "unknown", *(reason.words for reason in Reason if reason))


@dataclass(frozen=True)
class Example:
    """A design, a small panel, and the results that somebody worked out without the code.

    `expected` holds tables: the year and group they are read at, and one row for each school.
    """

    file: str
    about: str
    design: Design
    panel: Panel
    expected: tuple[tuple[int | None, str, pd.DataFrame], ...]


def load_example(path: Path) -> Example:
    """Load one worked example: a design, adapted by `with` and varied by `vary`, and a panel.

    Raises:
        ProblemsError: the file, its design or its panel is wrong.
    """
    source = read_yaml(path)
    said = source.said
    if source.problems:
        raise fail(path.name, "; ".join(str(problem) for problem in source.problems))
    design = said["design"]
    rules = load_design(design) if isinstance(design, str) else design_from(design, name=path.stem)
    if "with" in said:
        rules = adapt(rules, *(load_adaptation(one) for one in said["with"]), in_order=True)
    if "vary" in said:
        rules = rules.vary(said["vary"])
    tables = tuple(
        (block.get("year"), str(block.get("group", ALL)), parse_table(block["table"]))
        for block in said["expected"]
    )
    return Example(path.name, str(said["about"]), rules, _panel(said["panel"], path), tables)


def _panel(said: Any, path: Path) -> Panel:  # noqa: ANN401 (a file may say anything)
    if isinstance(said, str):
        return read_panel(said)
    tables = said["measures"] if isinstance(said["measures"], list) else [said["measures"]]
    measures = pd.concat([_long(parse_table(table)) for table in tables], ignore_index=True)
    about = About(entity=said.get("entity", "school"))
    schools = parse_table(said["schools"])
    return make_panel(schools, measures.fillna(""), name=path.stem, about=about)


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """Turn a wide table (columns `ela`, `ela n`) into rows; an empty cell was not measured."""
    if "measure" in table:
        return table
    keys = [name for name in ("school", "part", "year", "group") if name in table]
    parts = []
    for name in table.columns.drop(keys):
        measure, _, word = name.partition(" ")
        if not word:
            more = {w: table[f"{name} {w}"] for w in _BESIDE if f"{name} {w}" in table}
            parts.append(table[keys].assign(measure=measure, value=table[name], **more))
    return pd.concat(parts, ignore_index=True).fillna("")


def parse_table(text: str) -> pd.DataFrame:
    r"""Read a table written with bars between its columns; every cell is text.

    >>> parse_table("school | n\n01     | 20").to_dict("records")
    [{'school': '01', 'n': '20'}]
    """
    lines = "\n".join(line.strip().strip("|") for line in text.strip().splitlines())
    table = pd.read_csv(StringIO(lines), sep="|", dtype=str, keep_default_na=False)
    table.columns = table.columns.str.strip()
    trimmed: pd.DataFrame = table.apply(lambda column: column.str.strip())
    return trimmed


def differences(example: Example) -> tuple[Problem, ...]:
    """Rate the example and list every cell that is not as expected.

    A number must agree to the places that are written; a condition is met, not met or unknown; a
    missing cell is `missing`, or the words of its reason.
    """
    ratings = rate(example.design, example.panel)
    return tuple(
        Problem(example.file, text)
        for year, group, table in example.expected
        for text in _unlike(ratings, year, group, table)
    )


def _unlike(ratings: Ratings, year: int | None, group: str, table: pd.DataFrame) -> Iterator[str]:
    units = ratings.panel.units
    rows = {(s, p): i for i, (s, p) in enumerate(zip(units["school"], units["part"], strict=True))}
    at = {"year": year if year is not None else ratings.panel.years[-1], "group": group}
    for record in table.to_dict("records"):
        row = rows[(str(record["school"]), str(record.get("part", "")))]
        for step, wanted in record.items():
            if step in ("school", "part"):
                continue
            found = _cell(ratings[str(step)], row, at)
            if not _agrees(found, str(wanted), ratings[str(step)]):
                where = f"school {record['school']}, {at['year']}, {group}"
                yield f"{step}: {where}: worked out {wanted}, but rated {_told(found)}"


def _cell(values: Values, row: int, at: Mapping[str, Any]) -> tuple[float, Reason]:
    def one(a: xr.DataArray) -> float:
        place: dict[str, Any] = {axis: at[axis] for axis in ("year", "group") if axis in a.dims}
        here = a.sel(place)
        return float(here.isel(school=row) if "school" in here.dims else here)

    return one(values.value), Reason(int(one(values.reason)))


def _agrees(found: tuple[float, Reason], wanted: str, values: Values) -> bool:
    value, reason = found
    if wanted in MISSING:
        return bool(np.isnan(value)) and wanted in ("missing", "unknown", reason.words)
    if np.isnan(value):
        return False
    if wanted in values.labels:
        return value == values.labels.index(wanted) + 1
    if wanted in ANSWERS:
        return value == ANSWERS[wanted]
    places = len(wanted.partition(".")[2])
    return abs(value - float(wanted)) <= 0.5 * 10.0**-places + 1e-9


def _told(found: tuple[float, Reason]) -> str:
    value, reason = found
    return f"missing ({reason.words})" if np.isnan(value) else f"{value:.6g}"
