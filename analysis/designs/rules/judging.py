"""Which step decided a condition, at what value and line? How conditions are wrapped and joined.

To keep more of a decision: a field of `Decision`, and its filling in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from analysis.values import (
    Decision,
    Reason,
    Values,
    cell_by_cell,
    explained,
    filled,
    larger,
    name_code,
    one_of,
    why,
)

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


def judged(cells: Cells, met: xr.DataArray, values: Sequence[Values], line: xr.DataArray) -> Values:
    """Wrap a condition that this step decides by itself, with the value and line behind it."""
    found = explained(met, *values, missing=Reason.NO_NUMBER)
    here = filled(met, np.full(met.shape, name_code(cells.here), dtype=np.int32))
    seen = cell_by_cell(lambda x, held: x + 0.0 * held, values[0].value, met)
    drawn = cell_by_cell(lambda at, held: at + np.zeros_like(held), line, met)
    return replace(found, n=values[0].n, decision=Decision(here, seen, drawn))


def joined(inputs: Sequence[Values], *, decisive: float, leave_out: bool) -> Values:
    """Join conditions: one that is `decisive` (1 or 0) decides, else all must be judged.

    With `leave_out` those that cannot be judged are passed over.
    """

    def decided(*met: np.ndarray) -> np.ndarray:
        each = np.stack(np.broadcast_arrays(*met))
        gone = np.isnan(each)
        open_ = gone.all(axis=0) if leave_out else gone.any(axis=0)
        rest = np.where(open_, np.nan, 1.0 - decisive)
        held: np.ndarray = np.where((each == decisive).any(axis=0), decisive, rest)
        return held

    def first(value: np.ndarray, *met: np.ndarray) -> np.ndarray:
        same = [(x == value) | (np.isnan(x) & np.isnan(value)) for x in met]
        at: np.ndarray = np.argmax(np.stack(same), axis=0)
        return at

    met = [values.value for values in inputs]
    value = cell_by_cell(decided, *met)
    place = cell_by_cell(first, value, *met)
    step, seen, line = (
        cell_by_cell(one_of, place, *(decision_part(values, part) for values in inputs))
        for part in ("step", "value", "line")
    )
    told = why(value, reduce(larger, (values.reason for values in inputs)))
    return Values(value, told, n=inputs[0].n, decision=Decision(step, seen, line))


def decision_part(values: Values, part: str) -> xr.DataArray:
    """Read one part of a decision (step, value or line); nothing where there is none."""
    if values.decision is None:
        none = np.int32(-1) if part == "step" else np.float64(np.nan)
        return filled(values.value, np.full(values.value.shape, none))
    found: xr.DataArray = getattr(values.decision, part)
    return found
