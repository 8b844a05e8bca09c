"""Which tables lie in a panel's folder, and are their columns what they must be?

To add a form of file: one branch in `_read_table`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from analysis.panels.about import About, like_shares
from analysis.panels.stata import read_stata
from analysis.problems import Problem, ProblemsError, did_you_mean, listed

SCHOOLS: Final = "schools"
MEASURES: Final = "measures"
PUBLISHED: Final = "published"
TRUTH: Final = "truth"
STUDENTS: Final = "students"
TABLES: Final = (SCHOOLS, MEASURES, PUBLISHED, TRUTH)
FORMS: Final = (".csv", ".csv.gz", ".parquet", ".dta")
KEYS: Final = ("school", "part", "measure", "group", "note")
NUMBERS: Final = ("value", "n", "numerator", "se")
NEEDED: Final = ("school", "year", "measure", "value")
NOT_UTF8: Final = (
    "is not UTF-8. If it comes from an older Excel, say `encoding: latin-1` in panel.yaml beside "
    "it."
)
MOST: Final = 20
"""How many problems of one kind are told one by one."""


def read_tables(
    folder: Path, *, encoding: str = "utf-8", needed: Sequence[str] = (SCHOOLS, MEASURES)
) -> Mapping[str, pa.Table]:
    """Read the tables of a panel: schools, measures, and published and truth where they are.

    Raises:
        ProblemsError: a table is missing, is there in two forms, or cannot be read.
    """
    problems: list[Problem] = []
    tables: dict[str, pa.Table] = {}
    for name in TABLES:
        path = find_table(folder, name, problems)
        if path is not None:
            tables[name] = _read_table(path, encoding, problems)
        elif name in needed:
            problems.append(Problem(folder.name, _lacking(folder, name)))
    if problems:
        raise ProblemsError(problems)
    return tables


def find_table(folder: Path, name: str, problems: list[Problem]) -> Path | None:
    """Find the file of a table in whichever form it is; two forms are a problem."""
    paths = [folder / f"{name}{form}" for form in FORMS if (folder / f"{name}{form}").exists()]
    if len(paths) > 1:
        found = listed(path.name for path in paths)
        problems.append(Problem(folder.name, f"holds {name} twice: {found}. Keep one."))
    return paths[0] if paths else None


def _lacking(folder: Path, name: str) -> str:
    if name == MEASURES and find_table(folder, STUDENTS, []) is not None:
        return (
            "holds students and no measures. Count them first: measures measure DESIGN FOLDER "
            "--out PANEL."
        )
    return f"has no table {name}: one of {listed(name + form for form in FORMS)}."


def _read_table(path: Path, encoding: str, problems: list[Problem]) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return _checked_keys(path.name, parquet.read_table(path), problems)
        if path.suffix == ".dta":
            return _checked_keys(path.name, read_stata(path), problems)
        return _read_csv(path, encoding)
    except (pa.ArrowException, OSError, ValueError) as error:
        if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
            problems.append(Problem(path.name, NOT_UTF8))
            return pa.table({})
        problems.append(Problem(path.name, f"cannot be read as a table ({_first_line(error)})."))
        return pa.table({})


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _read_csv(path: Path, encoding: str) -> pa.Table:
    header = _read_header(path, encoding)
    text = {name: pa.string() for name in header}
    encoded = {name: pa.dictionary(pa.int32(), pa.string()) for name in KEYS if name in header}
    if path.name.startswith(MEASURES):
        typed = {**text, **encoded, **{name: pa.float64() for name in NUMBERS}}
        try:
            return _parse(path, encoding, typed)
        except pa.ArrowInvalid:  # some number is not one: read as text, and say which
            return _parse(path, encoding, {**text, **encoded})
    return _parse(path, encoding, text)


def _read_header(path: Path, encoding: str) -> Sequence[str]:
    with csv.open_csv(path, csv.ReadOptions(encoding=encoding)) as reader:
        return list(reader.schema.names)


def _parse(path: Path, encoding: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    options = csv.ConvertOptions(
        column_types=dict(types), null_values=[""], strings_can_be_null=True
    )
    how = csv.ReadOptions(encoding=encoding)
    return csv.read_csv(path, read_options=how, convert_options=options)


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


def typed_measures(table: pa.Table, about: About, problems: list[Problem]) -> pa.Table | None:
    """Check the columns of the measures table and turn its numbers into numbers.

    Problems name row (the header is row 1), column and value. None: the rows cannot be checked.
    """
    before = len(problems)
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
    if len(problems) > before:
        return None
    if table.num_rows == 0:
        problems.append(Problem(MEASURES, "the table is empty."))
        return None
    for name in (*NUMBERS, "year"):
        if name in table.column_names:
            whole = name == "year"
            column = as_numbers(table[name], name, problems, whole=whole)
            table = table.set_column(table.column_names.index(name), name, column)
    if table["year"].null_count:
        return None
    return scaled(table, about, problems)


def scaled(table: pa.Table, about: About, problems: list[Problem]) -> pa.Table:
    """Write percentages as 0-100; how they are given is declared, never guessed."""
    measure = np.asarray(table["measure"].cast(pa.string()).to_numpy(zero_copy_only=False))
    numbers = {
        name: np.array(table[name].to_numpy(zero_copy_only=False), dtype=float)
        for name in ("value", "se")
        if name in table.column_names
    }
    for name, note in about.measures.items():
        mine = measure == name
        value = numbers["value"][mine]
        if note.given_as == "0-1":
            strange = np.flatnonzero(mine & (numbers["value"] > 1))
            text = "{} is given_as: 0-1, but it says {:g}"
            bad = [(int(i), text.format(name, numbers["value"][i])) for i in strange]
            tell(problems, MEASURES, "value", bad)
            for array in numbers.values():
                array[mine] = np.round(100 * array[mine], 10)
        elif note.unit.startswith("percent") and note.given_as is None and like_shares(value):
            text = f"every value of {name} lies between 0 and 1. Say of it given_as: 0-1 or 0-100."
            problems.append(Problem(MEASURES, f"column value: {text}"))
    for name, array in numbers.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(array))
    return table


def as_numbers(
    column: pa.ChunkedArray,
    name: str,
    problems: list[Problem],
    *,
    whole: bool = False,
    file: str = MEASURES,
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
        tell(problems, file, name, [(i, f"must be {what}, but it says {c}") for i, c in bad])
        wrong = {i for i, _ in bad}
        cells = [
            None if i in wrong or c is None else float(c) for i, c in enumerate(column.to_pylist())
        ]
        return pa.chunked_array([pa.array(cells, pa.float64()).cast(kind)])


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
