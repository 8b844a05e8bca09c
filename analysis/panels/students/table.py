"""Which student rows are there, and are their columns what they must be?

To let tables say more: analysis/designs/student_columns.py. To add a form of file: one branch in
`_scan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd
import polars as pl
import pyarrow as pa
from polars.exceptions import PolarsError

from analysis.designs.student_columns import COLUMNS, KEYS, Column
from analysis.panels.about import About, read_about
from analysis.panels.files import STUDENTS, find_table, read_tables
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed

ROW: Final = "row"
"""The number of a row as a spreadsheet counts: the header is row 1."""

ANSWERS: Final = {"true": True, "false": False, "yes": True, "no": False}
_TYPES: Final[Mapping[str, type[pl.DataType]]] = {
    "text": pl.String,
    "word": pl.String,
    "yes_no": pl.Boolean,
    "whole": pl.Int64,
    "number": pl.Float64,
}


@dataclass(frozen=True)
class Students:
    """Student rows, not read yet, with what lies beside them.

    `rows` holds the columns as the file has them and the number of each row; `tables` the tables
    schools, measures, published and truth where they are. `file` is the name that messages give.
    """

    name: str
    file: str
    about: About
    rows: pl.LazyFrame
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the table has, without the number of the row."""
        return tuple(name for name in self.rows.collect_schema().names() if name != ROW)


def read_students(folder: str | Path) -> Students:
    """Read a folder with student rows: `students.parquet`, .csv or .csv.gz, and what lies beside.

    `students.parquet` may be a folder of such files; rows are then numbered through all of them,
    by name. The rows stay where they are until they are counted.

    Raises:
        ProblemsError: there is no such table, or it or one beside it cannot be read.
    """
    path = Path(folder)
    about = read_about(path) if path.is_dir() else About()
    problems: list[Problem] = []
    table = find_table(path, STUDENTS, problems)
    if table is None:
        text = f"has no table {STUDENTS}: one of students.parquet, students.csv, students.csv.gz."
        problems.append(Problem(path.name, text))
    if problems or table is None:
        raise ProblemsError(problems)
    beside = read_tables(path, encoding=about.encoding, needed=())
    return Students(path.name, table.name, about, _scan(table), beside)


def has_students(folder: str | Path) -> bool:
    """Say whether a folder holds student rows."""
    return Path(folder).is_dir() and find_table(Path(folder), STUDENTS, []) is not None


def _scan(path: Path) -> pl.LazyFrame:
    try:
        if path.suffix == ".parquet":
            rows = pl.scan_parquet(path)
        elif path.suffix == ".dta":
            raise fail(path.name, "student rows are read from .parquet, .csv or .csv.gz.")
        else:
            rows = pl.scan_csv(path, infer_schema=False, encoding="utf8")
        rows.collect_schema()
    except (PolarsError, OSError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise fail(path.name, f"cannot be read as a table ({text}).") from error
    return _numbered(rows)


def _numbered(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_row_index(ROW, offset=2)


def make_students(
    rows: pl.DataFrame | pl.LazyFrame | pd.DataFrame,
    *,
    name: str = "students",
    schools: pd.DataFrame | None = None,
    about: About | None = None,
) -> Students:
    """Take student rows from memory, checked as a file's are.

    Args:
        rows: one row for each student, school and year.
        name: the name that messages give.
        schools: the table of schools; without it only their codes are known.
        about: what is said of the panel, such as that its students are made up.

    >>> make_students(pd.DataFrame({"student": ["a"], "school": ["0101"]})).columns
    ('student', 'school')
    """
    frame = pl.from_pandas(rows) if isinstance(rows, pd.DataFrame) else rows
    tables = {} if schools is None else {"schools": pa.Table.from_pandas(_text(schools))}
    return Students(name, name, about or About(), _numbered(frame.lazy()), tables)


def _text(schools: pd.DataFrame) -> pd.DataFrame:
    words = schools.astype(object).where(schools.notna(), "")
    return words.map(str).reset_index(drop=True)


@dataclass(frozen=True)
class Typed:
    """Student rows with columns of the agreed types.

    `unreadable` gives for some columns the yes-or-no column that says whether the cell is not
    what it must be; the cell itself is then empty.
    """

    rows: pl.LazyFrame
    columns: tuple[str, ...]
    unreadable: Mapping[str, str]


def typed(students: Students, used: Mapping[str, str]) -> Typed:
    """Give every agreed column that the table has its type.

    Args:
        students: the rows.
        used: the columns that the design reads, each with the address that reads it.

    Raises:
        ProblemsError: a column that is not there or holds another kind, or a damaged file.
    """
    schema = students.rows.collect_schema()
    names = [name for name in COLUMNS if name in schema]
    problems = list(_missing(students, used))
    for name in names:
        if not _fits(COLUMNS[name], schema[name]):
            text = f"column {name}: must hold {_kind(COLUMNS[name])}, not {schema[name]}."
            problems.append(Problem(students.file, text))
    if problems:
        raise ProblemsError(problems)
    given = {name: _given(name, schema[name]) for name in names}
    cells = {name: _cell(given[name], COLUMNS[name], schema[name]) for name in names}
    may_fail = [name for name in names if COLUMNS[name].holds not in ("text", "word")]
    bad = {name: f"{name} unreadable" for name in may_fail if not _sure(schema[name])}
    rows = students.rows.select(
        ROW,
        *(cell.alias(name) for name, cell in cells.items()),
        *((given[n].is_not_null() & cells[n].is_null()).alias(flag) for n, flag in bad.items()),
    )
    return Typed(_held(rows, students.file), tuple(names), bad)


def _held(rows: pl.LazyFrame, file: str) -> pl.LazyFrame:
    """Read text once, and not again for each pass; other forms are read as they are needed."""
    if not file.endswith((".csv", ".csv.gz")):
        return rows
    try:
        return rows.collect(engine="streaming").lazy()
    except PolarsError as error:  # its text may hold cells, so it is not passed on
        text = "cannot be read as a table. Each row must have the cells of the header, in UTF-8."
        raise fail(file, text) from error


def _missing(students: Students, used: Mapping[str, str]) -> Iterable[Problem]:
    there = students.columns
    for name, reader in {**dict.fromkeys(KEYS, ""), **used}.items():
        if name not in there:
            near = did_you_mean(name, [other for other in there if other not in COLUMNS])
            why = f", which {reader} reads" if reader else ""
            text = f"must have the column {name}{why}; it has {listed(there, most=40)}.{near}"
            yield Problem(students.file, text)


def _is_text(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _fits(column: Column, kind: pl.DataType) -> bool:
    own = kind.is_numeric() if column.holds in ("whole", "number") else kind == pl.Boolean
    return _is_text(kind) or kind == pl.Null or (own and column.holds not in ("text", "word"))


def _kind(column: Column) -> str:
    said = {"text": "text (codes keep their zeros)", "word": "words", "yes_no": "true or false"}
    return said.get(column.holds, "numbers")


def _sure(kind: pl.DataType) -> bool:
    """Say whether a column of this type always holds what it must."""
    return kind.is_integer() or kind in (pl.Boolean, pl.Null)


def _given(name: str, kind: pl.DataType) -> pl.Expr:
    if _is_text(kind):
        text = pl.col(name).cast(pl.String).str.strip_chars()
        return pl.when(text != "").then(text)
    return pl.col(name).fill_nan(None) if kind.is_float() else pl.col(name)


def _cell(given: pl.Expr, column: Column, kind: pl.DataType) -> pl.Expr:
    target = _TYPES[column.holds]
    if kind.is_integer() or kind in (pl.Boolean, pl.Null) or column.holds in ("text", "word"):
        return given.cast(target)
    if column.holds == "yes_no":
        low = given.str.to_lowercase()
        return low.replace_strict(ANSWERS, default=None, return_dtype=pl.Boolean)
    number = given.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    if column.holds == "number":
        return number
    return pl.when(number == number.floor()).then(number).cast(pl.Int64)
