"""How do counted cells become a panel? With what lies beside the students, checked as files are.

To say more of a measured panel: `_about`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import xarray as xr

from analysis.designs.definitions import Favourable, Growth, ScaleMean
from analysis.designs.design import Design
from analysis.panels.about import About, MeasureNote
from analysis.panels.files import MEASURES, SCHOOLS, typed_measures
from analysis.panels.panel import Panel, build_panel
from analysis.panels.students.table import Students
from analysis.problems import Problem, ProblemsError
from analysis.values import Reason, Values


def panel_of(
    design: Design, students: Students, *, cells: pl.DataFrame, schools: pd.DataFrame
) -> Panel:
    """Make a panel of counted cells and of the tables beside the students.

    Args:
        design: what was counted.
        students: where the tables schools, measures, published and truth lie.
        cells: one row for each cell: measure, group, school, part, year, value, n, numerator, se.
        schools: the table of schools, with a row for each part.

    Raises:
        ProblemsError: everything that is wrong in the tables.
    """
    counted = {n: one.from_students for n, one in design.measures.items() if one.from_students}
    measures = [cells.to_arrow()]
    if MEASURES in students.tables:
        measures.append(_others(students.tables[MEASURES], students.about, tuple(counted)))
    tables = {
        **students.tables,
        SCHOOLS: pa.Table.from_pandas(schools, preserve_index=False),
        MEASURES: pa.concat_tables(map(_plain, measures), promote_options="permissive"),
    }
    panel = build_panel(students.name, _about(design, students.about), tables)
    there = set(cells["measure"].unique())
    missing = {name: _unknown(panel) for name in counted if name not in there}
    known = tuple(name for name in counted if name not in missing)
    return replace(panel, measures={**panel.measures, **missing}, from_students=known)


def _plain(table: pa.Table) -> pa.Table:
    """Write words as plain text, whatever form a library keeps them in."""
    columns = {}
    for field in table.schema:
        text = pa.types.is_dictionary(field.type) or not pa.types.is_primitive(field.type)
        columns[field.name] = table[field.name].cast(pa.string()) if text else table[field.name]
    return pa.table(columns)


def _others(table: pa.Table, about: About, counted: tuple[str, ...]) -> pa.Table:
    problems: list[Problem] = []
    found = typed_measures(table, about, problems)
    if problems or found is None:
        raise ProblemsError(problems)
    mine = pc.is_in(found["measure"].cast(pa.string()), pa.array(counted, pa.string()))
    return found.filter(pc.invert(mine))


def _about(design: Design, about: About) -> About:
    """Say of each counted measure what the design says, and that percentages are 0-100."""
    notes = dict(about.as_read().measures)
    for name, one in design.measures.items():
        if one.from_students is not None:
            mean = isinstance(one.from_students, Growth | ScaleMean)
            given = None if mean and not isinstance(one.from_students, Favourable) else "0-100"
            unit, label = one.unit or "", one.label or ""
            notes[name] = MeasureNote(label=label, unit=unit, range=one.range, given_as=given)
    said = {g: text for g, text in design.header.groups.items() if g not in design.derived_groups}
    groups = {**said, **about.groups}
    return about.as_read().model_copy(update={"measures": notes, "groups": groups})


def _unknown(panel: Panel) -> Values:
    """Make the cells of a measure whose definition nobody knows (axes school, year, group)."""
    axes: Mapping[str, list[object]] = {"year": list(panel.years), "group": list(panel.groups)}
    shape = (len(panel.units), len(panel.years), len(panel.groups))
    value = xr.DataArray(np.full(shape, np.nan), dims=("school", "year", "group"), coords=axes)
    return Values(value, xr.full_like(value, Reason.UNKNOWN_CONSTANT, dtype=np.int8))
