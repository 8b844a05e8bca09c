"""Can this design be rated on this panel? Everything that does not fit is told at once.

To add a check: one function that yields problems, called in `fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from analysis.designs.checking import Measure
from analysis.designs.design import Design
from analysis.designs.rules.deriving import PooledRatio, Wilson
from analysis.designs.rules.scoring import MinimumN
from analysis.panels.about import like_shares
from analysis.panels.panel import Panel
from analysis.problems import Problem, ProblemsError, did_you_mean, listed
from analysis.values import ALL, Reason, Values, cell_by_cell, choose

SHOWN = 5
"""How many schools a message names before it counts the rest."""


def fit(design: Design, panel: Panel) -> None:
    """Check that a panel has what a design reads.

    Raises:
        ProblemsError: a measure, column or group that is not there, a value outside the
            measure's range, a school column with an unknown word, or n missing where the design
            needs it.
    """
    problems = [*_entity(design, panel), *_names(design, panel), *_groups(design, panel)]
    if not problems:
        checks = (_ranges, _shares, _words, _students)
        problems = [problem for check in checks for problem in check(design, panel)]
    if problems:
        raise ProblemsError(problems)


def _entity(design: Design, panel: Panel) -> Iterator[Problem]:
    judged, held = design.header.entity, panel.about.entity
    if judged != held:
        text = f"the design judges {judged}s, but the panel {panel.name} holds {held}s"
        yield _at(design, "entity", f"{text}. Say entity: {judged} in panel.yaml if it does not.")


def _names(design: Design, panel: Panel) -> Iterator[Problem]:
    for kind, wanted, there in (
        ("measure", design.measures, panel.measures),
        ("school column", design.columns, panel.columns),
    ):
        for name in wanted:
            if name not in there:
                text = (
                    f"the {kind} {name} is not in the panel {panel.name}, which has {listed(there)}"
                )
                yield _at(design, name, f"{text}.{did_you_mean(name, there)}")


def _groups(design: Design, panel: Panel) -> Iterator[Problem]:
    for group in design.header.groups:
        if group not in (*panel.groups, *design.derived_groups):
            text = f"the group is not in the panel {panel.name}, which has {listed(panel.groups)}"
            text += f".{did_you_mean(group, panel.groups)}"
            nobody = "If no student belongs to it, give one row of it with an empty value and n 0."
            yield _at(design, f"groups.{group}", f"{text} {nobody}")


def _ranges(design: Design, panel: Panel) -> Iterator[Problem]:
    for name, measure in design.measures.items():
        value = panel.measures[name].value
        low, high = _range(measure)
        beyond = cell_by_cell(lambda x, low, high: (x < low) | (x > high), value, low, high)
        for cell in _some(panel, beyond, value):
            text = f"{cell} must lie between {low:g} and {high:g}"
            yield _at(design, name, f"{text}, as the design says of this measure.")


def _shares(design: Design, panel: Panel) -> Iterator[Problem]:
    """A percentage that is never above 1 was probably given as a share."""
    for name, measure in design.measures.items():
        note = panel.about.measures.get(name)
        declared = note is not None and note.given_as is not None
        percent = measure.unit == "percent" and not declared
        if percent and like_shares(panel.measures[name].value.values):
            text = f"the design reads {name} as a percentage, but every value is at most 1"
            yield _at(design, name, f"{text}. Say of it given_as: 0-1 or 0-100 in panel.yaml.")


def _range(measure: Measure) -> tuple[float, float]:
    if measure.levels:
        return 1.0, float(len(measure.levels))
    if measure.unit == "condition":
        return 0.0, 1.0
    default = (0.0, 100.0) if measure.unit == "percent" else (-np.inf, np.inf)
    return measure.range or default


def _words(design: Design, panel: Panel) -> Iterator[Problem]:
    for name, column in design.columns.items():
        given = panel.columns[name]
        is_text = given.dtype == object
        if column.holds != "school" and is_text != (column.holds == "text"):
            found = "text" if is_text else "numbers or yes/no"
            yield _at(design, name, f"must hold {column.holds}, but the panel has {found} there.")
        elif column.one_of:
            strange = set(given.values.ravel()) - {*column.one_of, ""}
            for word in sorted(strange):
                near = did_you_mean(word, column.one_of)
                text = f"must be one of {listed(column.one_of)}, but the panel says {word}.{near}"
                yield _at(design, name, text)


def _students(design: Design, panel: Panel) -> Iterator[Problem]:
    for step, rule in design.steps.items():
        if not isinstance(rule, MinimumN | Wilson | PooledRatio):
            continue
        refs = rule.of if isinstance(rule.of, tuple) else (rule.of,)
        for ref in refs:
            if ref.of in design.measures:
                yield from _missing_n(design, panel, step, ref.of)


def _missing_n(design: Design, panel: Panel, step: str, name: str) -> Iterator[Problem]:
    values = panel.measures[name]
    if values.n is None:
        yield _at(design, step, f"needs the number of students n of {name}, which has none.")
        return
    lacks = cell_by_cell(lambda x, n: ~np.isnan(x) & np.isnan(n), values.value, values.n)
    for cell in _some(panel, lacks, values.value):
        yield _at(
            design, step, f"needs the number of students n, which is missing for {name}: {cell}."
        )


def _some(panel: Panel, bad: xr.DataArray, value: xr.DataArray) -> Iterator[str]:
    if not bad.values.any():
        return
    if "draw" in bad.dims:  # of several draws, the first in which something is wrong
        first = int(bad.any(("school", "year", "group")).argmax("draw"))
        bad = bad.isel(draw=first)
        value = value.isel(draw=first) if "draw" in value.dims else value
    rows, years, groups = np.nonzero(np.asarray(bad.transpose("school", "year", "group")))
    for place, (i, y, g) in enumerate(zip(rows, years, groups, strict=True)):
        if place == SHOWN:
            yield f"{len(rows) - SHOWN} more cells"
            return
        school = panel.units["school"].iloc[i]
        year, group = panel.years[y], panel.groups[g]
        told = "" if group == ALL else f", group {group}"
        yield f"school {school}, year {year}{told}: value {float(value[i, y, g]):g}"


def _at(design: Design, path: str, text: str) -> Problem:
    return design.document.problem(tuple(path.split(".")), text)


def paired_rows(column: xr.DataArray, panel: Panel) -> Values:
    """Turn a column of school codes into rows of the axis school; -1 for schools not there.

    Args:
        column: axes school, or school and year, of codes; empty where no school is named.
        panel: the panel whose schools they are.

    Returns:
        Cells with the column's axes; missing where the column is empty.
    """
    parts = zip(panel.units["school"], panel.units["part"], strict=True)
    rows = {school: float(row) for row, (school, part) in enumerate(parts) if not part}
    given = column.values.ravel()
    if given.dtype != object:  # codes without a leading zero were read as numbers
        given = np.array(["" if np.isnan(code) else f"{code:.0f}" for code in given], dtype=object)
    flat = [rows.get(code, -1.0) if code else np.nan for code in given]
    value = column.copy(data=np.reshape(np.array(flat, dtype=float), column.shape))
    reason = choose(value.isnull(), Reason.NOT_APPLICABLE, 0).astype(np.int8)
    return Values(value, reason)


def column_values(column: xr.DataArray, one_of: tuple[str, ...]) -> Values:
    """Turn a school column into cells: numbers as they are, words as their place from 1.

    Args:
        column: axes school, or school and year.
        one_of: the words in the design's order; empty: the panel's own, in the alphabet's order.

    Returns:
        Cells with the column's axes.
    """
    if column.dtype != object:
        reason = choose(column.isnull(), Reason.NOT_MEASURED, 0).astype(np.int8)
        return Values(column, reason)
    words = one_of or tuple(sorted(set(column.values.ravel()) - {""}))
    codes = {word: float(place) for place, word in enumerate(words, start=1)}
    flat = [codes.get(word, np.nan) for word in column.values.ravel()]
    value = column.copy(data=np.reshape(np.array(flat, dtype=float), column.shape))
    reason = choose(value.isnull(), Reason.NOT_MEASURED, 0).astype(np.int8)
    return Values(value, reason, labels=words)
