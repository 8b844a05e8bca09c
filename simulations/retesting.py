"""How fragile is a list to the error of tests and scales alone? The same students, tested again.

Every score carries error: the student might have scored a little more or less on the day. Here that
error is added once more to scores as they are, and the students are counted anew. Observed scores
contain such error already, so this is a perturbation: it says how fragile a figure or a list is for
these students, never how likely a school is to be named. Students who are drawn again
(simulations/resample.py) get none added.

To let another score vary: an entry in `errors`. To add a kind of error: one function that gives
student rows with other scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl

from analysis.designs.student_columns import COLUMNS
from analysis.panels.students.table import Students
from analysis.problems import did_you_mean, fail, listed
from simulations.streams import Draws


def retested(students: Students, errors: Mapping[str, float], *, draw: int, seed: int) -> Students:
    """Add to each score the error of measuring it once more.

    Args:
        students: the rows; they stay as they are.
        errors: columns of numbers, each with its standard error of measurement in the column's unit
            (reliability r, standard deviation s: s times the root of 1 - r).
        draw: which draw; the error belongs to student, year, column and draw.
        seed: of the whole run.

    Returns:
        Rows with other scores; they stay within what a column can hold.

    Raises:
        ProblemsError: a column that holds no numbers, is not in the table, or a negative error.
    """
    for column, error in errors.items():
        known = [
            name for name in students.columns if name in COLUMNS and COLUMNS[name].holds == "number"
        ]
        if column not in known:
            text = (
                f"is no column of numbers; there are {listed(known)}.{did_you_mean(column, known)}"
            )
            raise fail(column, text)
        if error < 0:
            raise fail(column, f"has the standard error {error:g}, which cannot be negative.")
    rows = students.rows.with_columns(pl.col(list(errors)).cast(pl.Float64)).collect()
    people = pd.util.hash_array(rows["student"].cast(pl.String).to_numpy().astype(object))
    years = rows["year"].cast(pl.Int64).to_numpy().astype(np.uint64)
    who = people + years  # one number for a student in a year; sums wrap round
    fresh = [
        _moved(rows[name], error, Draws.of(seed, "test error", name).normals(who, draw=draw)[0])
        for name, error in errors.items()
    ]
    return replace(students, rows=rows.with_columns(fresh).lazy())


def _moved(scores: pl.Series, error: float, normals: np.ndarray) -> pl.Series:
    column = COLUMNS[scores.name]
    moved = scores + pl.Series(error * normals)
    return moved.clip(column.low, column.high).alias(scores.name)
