"""What does an Excel workbook say? Its sheets as tables of text, and what Excel may have spoilt.

To find another thing that goes wrong in Excel: one function that yields problems, called in
`_checked`. Problems name the sheet and the cell.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import openpyxl
import pyarrow as pa
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed

CODES: Final = ("school", "part")
SHEETS: Final = ("schools", "measures", "published", "truth")
NOTES: Final = ("about", "read me")
"""Sheets that hold no table of schools: what the panel is, and instructions."""

_PLACE: Final = re.compile(r"^(\w+) row (\d+), column (\w+)$")


@dataclass(frozen=True)
class Workbook:
    """The tables of a workbook as text, and what its sheet `about` says: word -> text.

    `percent` names the measures whose cells Excel shows with a percent sign.
    """

    tables: Mapping[str, pa.Table]
    about: Mapping[str, str]
    percent: frozenset[str]


def read_workbook(path: Path) -> Workbook:
    """Read the sheets schools, measures, published and about of a workbook.

    Raises:
        ProblemsError: everything that is wrong with its sheets, named by sheet and cell.
    """
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (OSError, InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise fail(path.name, f"cannot be read as an Excel workbook ({error}).") from error
    problems = list(_sheets(path.name, book.worksheets))
    tables, percent = {}, set[str]()
    for sheet in book.worksheets:
        name = sheet.title.strip().lower()
        if name in SHEETS:
            problems += _checked(sheet)
            tables[name] = _table(sheet, problems)
            percent |= _percent(sheet, problems) if name == "measures" else set()
    about = next((s for s in book.worksheets if s.title.strip().lower() == "about"), None)
    if problems:
        raise ProblemsError(problems)
    return Workbook(tables, {} if about is None else _pairs(about), frozenset(percent))


def _sheets(file: str, sheets: Sequence[Worksheet]) -> Iterator[Problem]:
    names = [sheet.title.strip().lower() for sheet in sheets]
    for wanted in SHEETS[:2]:
        if wanted not in names:
            near = did_you_mean(wanted, names)
            yield Problem(file, f"has no sheet {wanted}; it has {listed(names)}.{near}")
    for sheet, name in zip(sheets, names, strict=True):
        if sheet.sheet_state != "visible" and name not in NOTES:
            text = "the sheet is hidden. Show it, or delete it, so that nothing is left out unseen."
            yield Problem(sheet.title, text)


def _checked(sheet: Worksheet) -> Iterator[Problem]:
    for area in sheet.merged_cells.ranges:
        yield Problem(f"{sheet.title}!{area.coord}", "cells are merged. Unmerge them.")
    yield from _second_table(sheet)
    header = [str(cell.value or "").strip() for cell in sheet[1]]
    for cells in sheet.iter_cols(min_row=2):
        name = header[cells[0].column - 1] if cells[0].column <= len(header) else ""
        filled = [cell for cell in cells if cell.value is not None]
        if name in CODES:
            yield from _codes(sheet, filled)
        elif not name and filled and not isinstance(sheet.cell(1, cells[0].column), MergedCell):
            place = f"{sheet.title}!{get_column_letter(cells[0].column)}1"
            yield Problem(place, "the column has cells but no name.")


def _second_table(sheet: Worksheet) -> Iterator[Problem]:
    empty = None
    for row in sheet.iter_rows():
        if all(cell.value is None for cell in row):
            empty = empty or row[0].row
        elif empty is not None:
            place = f"{sheet.title}!A{row[0].row}"
            text = f"row {empty} is empty and more cells follow. Keep one table on a sheet."
            yield Problem(place, text)
            break
    bare = [cells[0] for cells in sheet.iter_cols() if all(c.value is None for c in cells)]
    if bare and bare[0].column < sheet.max_column:
        text = "an empty column parts two tables. Keep one table on a sheet."
        yield Problem(_at(sheet, bare[0]), text)


def _codes(sheet: Worksheet, cells: Iterable[Cell]) -> Iterator[Problem]:
    dates = [c for c in cells if isinstance(c.value, dt.date | dt.time)]
    if dates:
        text = f"Excel made a date of a code{_more(dates)}. Type it again in a column of text."
        yield Problem(_at(sheet, dates[0]), text)
    bare = [c for c in cells if isinstance(c.value, int | float) and not _padded(c)]
    if bare:
        text = (
            f"the code {bare[0].value} is a number{_more(bare)}, so leading zeros may be lost. "
            "Give the column the number format 0000 (as many zeros as the code has digits), or "
            "make it text."
        )
        yield Problem(_at(sheet, bare[0]), text)


def _padded(cell: Cell) -> bool:
    return set(str(cell.number_format)) == {"0"} and float(cell.value).is_integer()


def _more(cells: Sequence[Cell]) -> str:
    return "" if len(cells) == 1 else f" (and {len(cells) - 1} more in this column)"


def _at(sheet: Worksheet, cell: Cell) -> str:
    return f"{sheet.title}!{cell.coordinate}"


def _table(sheet: Worksheet, problems: list[Problem]) -> pa.Table:
    header = [str(cell.value).strip() for cell in sheet[1] if cell.value is not None]
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            problems.append(Problem(f"{sheet.title}!A1", f"two columns are called {name}."))
            return pa.table({})
    rows = [
        [_text(cell) for cell in row[: len(header)]]
        for row in sheet.iter_rows(min_row=2)
        if any(cell.value is not None for cell in row)
    ]
    columns = zip(*rows, strict=True) if rows else [[] for _ in header]
    return pa.table(
        {n: pa.array(list(c), pa.string()) for n, c in zip(header, columns, strict=True)}
    )


def _text(cell: Cell) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and float(value).is_integer():
        whole = str(int(value))
        return whole.zfill(len(str(cell.number_format))) if _padded(cell) else whole
    return str(value).strip()


def _percent(sheet: Worksheet, problems: list[Problem]) -> set[str]:
    """Name the measures shown with a percent sign; one shown both ways is a problem."""
    header = {str(cell.value or "").strip(): cell.column - 1 for cell in sheet[1]}
    if "measure" not in header or "value" not in header:
        return set()
    seen: dict[str, dict[bool, str]] = {}
    for row in sheet.iter_rows(min_row=2):
        cell = row[header["value"]]
        if isinstance(cell.value, int | float):
            measure = str(row[header["measure"]].value or "").strip()
            shown = "%" in str(cell.number_format)
            seen.setdefault(measure, {}).setdefault(shown, cell.coordinate)
    for measure, ways in seen.items():
        if len(ways) > 1:
            text = f"{measure} is shown with a percent sign here and without one in {ways[False]}."
            problems.append(Problem(f"{sheet.title}!{ways[True]}", f"{text} Use one form."))
    return {measure for measure, ways in seen.items() if True in ways}


def _pairs(sheet: Worksheet) -> Mapping[str, str]:
    rows = [[_text(cell) for cell in row[:2]] for row in sheet.iter_rows(min_row=2, max_col=2)]
    return {word: text for word, text in rows if word}


def in_cells(error: ProblemsError, tables: Mapping[str, pa.Table]) -> ProblemsError:
    """Name the places of problems by sheet and cell instead of row and column."""

    def told(problem: Problem) -> Problem:
        found = _PLACE.match(problem.place)
        if found is None or found[3] not in tables[found[1]].column_names:
            return problem
        letter = get_column_letter(tables[found[1]].column_names.index(found[3]) + 1)
        return Problem(f"{found[1]}!{letter}{found[2]} ({found[3]})", problem.text)

    return ProblemsError(told(problem) for problem in error.problems)


@dataclass(frozen=True)
class Sheet:
    """A sheet to be written: rows of cells below a header, and the columns that hold codes."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()


def _keep_texts(sheet: Worksheet) -> None:
    """Let no text be a formula or an error word of Excel, now or when somebody edits its cell."""
    for cell in itertools.chain.from_iterable(sheet.iter_rows()):
        if isinstance(cell, Cell) and isinstance(cell.value, str) and cell.data_type != "s":
            cell.data_type, cell.quotePrefix = "s", True


def write_workbook(sheets: Iterable[Sheet], path: Path) -> None:
    """Write sheets into a workbook; codes are text, headers stay in view."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for told in sheets:
        sheet = book.create_sheet(told.name)
        sheet.append(list(told.header))
        for row in told.rows:
            sheet.append([None if cell == "" else cell for cell in row])
        _keep_texts(sheet)
        for cell in sheet[1]:
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E6EAEE")
        for place, name in enumerate(told.header, start=1):
            if name in CODES:
                for (cell,) in sheet.iter_rows(min_row=2, min_col=place, max_col=place):
                    cell.number_format = "@"
        for place, width in enumerate(told.widths, start=1):
            sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.freeze_panes = "A2"
    book.save(path)
