"""Which tables lie in a panel's folder, and are their columns what they must be?

To add a form of file: one branch in `_read_table`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed

SCHOOLS: Final = "schools"
MEASURES: Final = "measures"
PUBLISHED: Final = "published"
FORMS: Final = (".csv", ".csv.gz", ".parquet")
KEYS: Final = ("school", "part", "measure", "group", "note")
NUMBERS: Final = ("value", "n", "numerator", "se")
NEEDED: Final = ("school", "year", "measure", "value")
MOST: Final = 20
"""How many problems of one kind are told one by one."""


def read_tables(folder: Path) -> Mapping[str, pa.Table]:
    """Read the tables of a panel: schools, measures, and published where there is one.

    Raises:
        ProblemsError: a table is missing, is there in two forms, or cannot be read.
    """
    problems: list[Problem] = []
    tables: dict[str, pa.Table] = {}
    for name in (SCHOOLS, MEASURES, PUBLISHED):
        paths = [folder / f"{name}{form}" for form in FORMS if (folder / f"{name}{form}").exists()]
        if len(paths) > 1:
            found = listed(path.name for path in paths)
            problems.append(Problem(folder.name, f"holds {name} twice: {found}. Keep one."))
        elif paths:
            tables[name] = _read_table(paths[0], problems)
        elif name != PUBLISHED:
            text = f"has no table {name}: one of {listed(name + form for form in FORMS)}."
            problems.append(Problem(folder.name, text))
    if problems:
        raise ProblemsError(problems)
    return tables


def _read_table(path: Path, problems: list[Problem]) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return _checked_keys(path.name, parquet.read_table(path), problems)
        return _read_csv(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, f"cannot be read as a table ({_first_line(error)})."))
        return pa.table({})


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _read_csv(path: Path) -> pa.Table:
    header = _read_header(path)
    text = {name: pa.string() for name in header}
    encoded = {name: pa.dictionary(pa.int32(), pa.string()) for name in KEYS if name in header}
    if path.name.startswith(MEASURES):
        typed = {**text, **encoded, **{name: pa.float64() for name in NUMBERS}}
        try:
            return _parse(path, typed)
        except pa.ArrowInvalid:  # some number is not one: read as text, and say which
            return _parse(path, {**text, **encoded})
    return _parse(path, text)


def _read_header(path: Path) -> Sequence[str]:
    with csv.open_csv(path) as reader:
        return list(reader.schema.names)


def _parse(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    options = csv.ConvertOptions(
        column_types=dict(types), null_values=[""], strings_can_be_null=True
    )
    return csv.read_csv(path, convert_options=options)


def _checked_keys(file: str, table: pa.Table, problems: list[Problem]) -> pa.Table:
    for name in KEYS:
        if name in table.column_names:
            kind = table.schema.field(name).type
            value = kind.value_type if pa.types.is_dictionary(kind) else kind
            if not (pa.types.is_string(value) or pa.types.is_large_string(value)):
                text = (
                    f"column {name}: codes must be text, so that leading zeros stay; here {kind}."
                )
                problems.append(Problem(file, text))
    return table


def typed_measures(table: pa.Table, problems: list[Problem]) -> pa.Table:
    """Check the columns of the measures table and turn its numbers into numbers.

    Problems name row (the header is row 1), column and value.
    """
    names = table.column_names
    known = (*KEYS, "year", *NUMBERS)
    for name in NEEDED:
        if name not in names:
            near = did_you_mean(name, [other for other in names if other not in known])
            text = f"must have the column {name}; it has {listed(names)}.{near}"
            problems.append(Problem(MEASURES, text))
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            problems.append(Problem(MEASURES, f"column {name}: there is no such column.{near}"))
    if problems:
        return table
    if table.num_rows == 0:
        raise fail(MEASURES, "the table is empty.")
    for name in (*NUMBERS, "year"):
        if name in table.column_names:
            whole = name == "year"
            column = as_numbers(table[name], name, problems, whole=whole)
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def as_numbers(
    column: pa.ChunkedArray, name: str, problems: list[Problem], *, whole: bool = False
) -> pa.ChunkedArray:
    """Turn a column of text or numbers into numbers; empty cells stay empty."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = pa.int64() if whole else pa.float64()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        what = "a whole number such as 2025" if whole else "a number"
        bad = [(i, cell) for i, cell in enumerate(column.to_pylist()) if not _is(cell, whole=whole)]
        tell(problems, MEASURES, name, [(i, f"must be {what}, but it says {c}") for i, c in bad])
        return pa.chunked_array([pa.nulls(len(column), kind)])


def _is(cell: object, *, whole: bool) -> bool:
    if cell is None:
        return not whole
    try:
        number = float(str(cell))
    except ValueError:
        return False
    return number.is_integer() if whole else True


def tell(problems: list[Problem], file: str, column: str, rows: Sequence[tuple[int, str]]) -> None:
    """Add problems of one kind, each with its row as a spreadsheet counts; the rest is counted."""
    for row, text in rows[:MOST]:
        problems.append(Problem(f"{file} row {row + 2}, column {column}", f"{text}."))
    if len(rows) > MOST:
        problems.append(Problem(file, f"column {column}: {len(rows) - MOST} more of this kind."))
