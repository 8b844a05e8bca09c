"""What should a district fill in? A workbook for one design: instructions, and an example.

To explain another column: one line in `COLUMNS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analysis.designs.checking import Measure, SchoolColumn
from analysis.designs.design import Design
from analysis.designs.rules.levels import LevelsInPool
from analysis.panels.cells import NOTES
from analysis.panels.workbook import Sheet, write_workbook
from analysis.problems import fail
from analysis.values import ALL

COLUMNS: Final = {
    "school": "the school's code, as text, so that leading zeros stay",
    "name": "the school's name",
    "district": "the district's name",
    "level": "elementary, middle, high, or span",
    "enrollment": "number of students",
    "year": "the year in which the school year ends, such as 2025",
    "measure": "one of the measures below",
    "group": f"one of the groups below; {ALL} is every student",
    "value": "the measure, in its unit; empty where there is none",
    "n": "number of students behind the value",
    "numerator": "of these, the students whom the percentage counts; empty for other measures",
    "note": f"why a value is empty: {', '.join(NOTES)}",
}
EXAMPLE_SCHOOLS: Final = (("0001", "Example Elementary"), ("0002", "Example High"))
EXAMPLE_YEAR: Final = 2025
EXAMPLE_N: Final = 100


def write_template(design: Design, path: Path) -> None:
    """Write a workbook for a design's measures, with two example schools to be replaced.

    Raises:
        ProblemsError: the file is there already, or its name does not end in .xlsx.
    """
    if path.exists() or path.suffix != ".xlsx":
        raise fail(str(path), "must be a new file whose name ends in .xlsx.")
    columns = [n for n in ("name", "district", "level", "enrollment") if n not in design.columns]
    header = ["school", *columns, *design.columns]
    measures = ["school", "year", "measure", "group", "value", "n", "numerator", "note"]
    write_workbook(
        [
            Sheet("read me", ["word", "what it means"], list(_instructions(design)), (24, 100)),
            Sheet("schools", header, list(_schools(design, header)), (14, 26, 20)),
            Sheet("measures", measures, list(_measures(design)), (14, 8, 20, 16, 10, 8, 12, 20)),
            Sheet("about", ["word", "text"], list(_about(design)), (40, 60)),
        ],
        path,
    )


def _instructions(design: Design) -> Iterator[tuple[str, str]]:
    yield "what this is", f"Data for the design {design.name}: {design.title}."
    yield "1", "Replace the example rows in the sheets schools and measures by your own."
    yield "2", "One row for each school in schools. One row for each number in measures."
    yield "3", "Leave a suppressed value empty and say so under note. Never write zero for it."
    yield "4", "Merge no cells, hide no sheets, keep one table on a sheet."
    yield "5", "Then: measures check THIS-FILE.xlsx"
    for word, text in COLUMNS.items():
        yield f"column {word}", text
    for name, column in design.columns.items():
        if name not in COLUMNS:
            yield f"column {name}", _column(column)
    for name, measure in design.measures.items():
        unit = f" ({measure.unit})" if measure.unit else ""
        yield f"measure {name}", f"{measure.label or name}{unit}"
    for group in _groups(design):
        yield f"group {group}", design.header.groups.get(group, "every student")


def _groups(design: Design) -> tuple[str, ...]:
    """Name the groups of which somebody has to give rows."""
    derived = design.derived_groups
    return (ALL, *(group for group in design.header.groups if group not in derived))


def _column(column: SchoolColumn) -> str:
    if column.holds == "yes_no":
        return column.label or "yes or no"
    return column.label or ("a number" if column.holds == "number" else "a word")


def _schools(design: Design, header: list[str]) -> Iterator[list[object]]:
    for place, (code, name) in enumerate(EXAMPLE_SCHOOLS):
        known = {"school": code, "name": name, "district": "Example Unified", "enrollment": 400}
        known["level"] = ("elementary", "high")[place]
        yield [_example(design.columns.get(c), known.get(c, "")) for c in header]


def _example(column: SchoolColumn | None, known: object) -> object:
    if column is None:
        return known
    if column.one_of:
        return known if known in column.one_of else column.one_of[0]
    if column.holds == "yes_no":
        return "yes"
    return known or (1 if column.holds == "number" else "word")


def _measures(design: Design) -> Iterator[tuple[object, ...]]:
    years, groups = _years(design), _groups(design)
    cells = itertools.product(EXAMPLE_SCHOOLS, years, design.measures.items(), groups)
    for (code, _), year, (name, measure), group in cells:
        value = _middle(measure)
        counted = value * EXAMPLE_N / 100 if measure.unit == "percent" else ""
        yield code, year, name, group, value, EXAMPLE_N, counted, ""


def _years(design: Design) -> tuple[int, ...]:
    """Give the example's year, and every year that the design reads by its number."""
    rules = design.steps.values()
    read: set[object] = {ref.year for rule in rules for ref in rule.refs()}
    read |= {rule.base_year for rule in rules if isinstance(rule, LevelsInPool)}
    return tuple(sorted({EXAMPLE_YEAR, *(year for year in read if isinstance(year, int))}))


def _middle(measure: Measure) -> float:
    if measure.unit == "condition":
        return 1.0
    low, high = measure.range or ((1, len(measure.levels)) if measure.levels else (0, 100))
    return float(round((low + high) / 2))


def _about(design: Design) -> Iterator[tuple[str, str]]:
    yield "title", f"Example data for {design.name}; say here what your data are"
    yield "origin", "say here where they come from"
    yield "entity", design.header.entity
    for name, measure in design.measures.items():
        if measure.unit == "percent":
            yield f"measures.{name}.given_as", "0-100"
