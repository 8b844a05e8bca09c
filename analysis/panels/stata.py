"""How does Stata keep a table? As .dta: labels of variables, and numbers with labels for words.

To keep another kind of label: here, in reading and writing alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
from pandas.io.stata import StataReader

from analysis.problems import Problem, ProblemsError

WORDS: Final = ("measure", "group", "note", "result", "level", "title1")
"""Columns kept as numbers with labels, as Stata's users expect of words that repeat."""

LABELS: Final = {
    "school": "school code",
    "part": "part of the school",
    "year": "year",
    "measure": "what was measured",
    "group": "group of students",
    "value": "value, in the unit of the measure",
    "n": "students behind the value",
    "numerator": "students counted in the rate",
    "se": "standard error of the value",
    "note": "why the value is empty",
}
"""What Stata's users see of the columns that every panel has."""

_NAME: Final = re.compile(r"^[A-Za-z_]\w{0,31}$")
_LONGEST_LABEL: Final = 80


def read_stata(path: Path) -> pa.Table:
    """Read a .dta table; numbers with labels become their labels, missing words stay empty."""
    frame = pd.read_stata(path, convert_categoricals=True)
    for name, column in frame.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            frame[name] = column.astype("str").where(column.notna(), "")
    return pa.Table.from_pandas(frame, preserve_index=False)


def read_labels(path: Path) -> Mapping[str, str]:
    """Read the labels of a .dta table's variables, without those that every panel has."""
    if not path.exists():
        return {}
    with StataReader(path) as reader:
        labels = reader.variable_labels()
    return {n: label for n, label in labels.items() if label and label != LABELS.get(n)}


def write_stata(table: pd.DataFrame, path: Path, *, labels: Mapping[str, str]) -> None:
    """Write a table as .dta (version 118), with labels of variables and of repeated words.

    Raises:
        ProblemsError: a name or a label that Stata cannot hold.
    """
    problems = [
        Problem(path.name, f"Stata cannot hold a variable called {name}. Rename the column.")
        for name in table.columns
        if not _NAME.match(str(name))
    ] + [
        Problem(path.name, f"the label of {name} has more than {_LONGEST_LABEL} characters.")
        for name, label in labels.items()
        if len(label) > _LONGEST_LABEL
    ]
    if problems:
        raise ProblemsError(problems)
    frame = table.copy()
    for name in frame.columns:
        column = frame[name]
        if name in WORDS:
            frame[name] = pd.Categorical(column.where(column != ""))
        elif not pd.api.types.is_numeric_dtype(column.dtype):
            frame[name] = column.fillna("").astype(object)
    told = {n: label for n, label in (LABELS | dict(labels)).items() if n in frame.columns}
    frame.to_stata(path, write_index=False, version=118, variable_labels=told)
