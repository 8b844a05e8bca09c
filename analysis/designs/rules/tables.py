"""What does a decision table say? Rows of named conditions; the first that holds decides.

To add a rule: one frozen class here, its name in the union at the foot, a case in tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr
from pydantic import PlainValidator

from analysis.designs.cells import code_of
from analysis.designs.clause import (
    FrozenMap,
    NameMap,
    Names,
    Ref,
    WordsField,
    parse_ref,
    word,
)
from analysis.designs.rules.base import ConditionRule, Kind
from analysis.designs.rules.conditions import ANSWERS
from analysis.designs.rules.judging import judged
from analysis.problems import did_you_mean, listed
from analysis.rounding import settle
from analysis.values import Values, cell_by_cell

if TYPE_CHECKING:
    from analysis.designs.cells import Cells


def _parse_rows(said: object) -> FrozenMap[str, tuple[NameMap[Any], Ref | str | float]]:
    if not isinstance(said, dict) or not said:
        msg = "must be a mapping of named rows {if: {...}, then: ...}"
        raise ValueError(msg)
    rows = {}
    for name, row in said.items():
        if (
            not isinstance(row, dict)
            or set(row) != {"if", "then"}
            or not isinstance(row["if"], dict)
        ):
            msg = f"row {name} must be {{if: {{condition: met}}, then: ...}}"
            raise ValueError(msg)
        wanted = {str(k): _parse_wanted(name, v) for k, v in row["if"].items()}
        rows[str(name)] = (NameMap(wanted), parse_outcome(row["then"]))
    return FrozenMap(rows)


def _parse_wanted(row: object, said: object) -> tuple[str, ...]:
    words = tuple(word(w) for w in said) if isinstance(said, list) else (word(said),)
    if isinstance(said, dict) or not words:
        msg = f"row {row} must say met, not_met, missing, or a list of levels"
        raise ValueError(msg)
    return words


def parse_outcome(said: object) -> Ref | str | float:
    """Take an outcome: met, not_met, a level, a number, or `{of: step}`."""
    if isinstance(said, dict):
        return parse_ref(said)
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    return word(said)


Rows = Annotated[FrozenMap[str, Any], PlainValidator(_parse_rows)]
Outcome = Annotated[Ref | str | float, PlainValidator(parse_outcome)]


class Decide(ConditionRule):
    """Read a decision table from the top; the first row whose conditions all hold decides.

    `rows` holds named rows {if: ..., then: ...}. Under if, a row says of each name: `met`,
    `not_met`, `missing`, or a list of levels. Then comes the outcome; where no row holds it is
    `otherwise`. An outcome is `met`, `not_met`, a number, one of the levels `gives` (lowest first),
    or `{of: step}`. A row that cannot be
    judged leaves the result open, unless what follows would be the same. A name that some row
    calls `missing` is never open: what is missing then fits only such rows.
    """

    rule: Literal["decide"]
    rows: Rows
    otherwise: Outcome
    gives: WordsField | None = None

    def out(self, cells: Cells) -> Values:
        """Give what the first matching row says, over the axes of all that it reads."""
        inputs = [cells[name] for name in self.uses()]
        shape = cell_by_cell(_zeros, *(values.value for values in inputs))
        result = cell_by_cell(np.add, self._outcome(cells, self.otherwise), shape)
        for wanted, then in reversed(tuple(self.rows.values())):
            here = cell_by_cell(np.add, self._outcome(cells, then), shape)
            result = cell_by_cell(_decided, self._holds(cells, wanted), here, result)
        found = judged(cells, result, inputs, xr.DataArray(np.nan))
        return replace(found, labels=self.gives or ())

    def _holds(self, cells: Cells, wanted: NameMap[tuple[str, ...]]) -> xr.DataArray:
        open_names = self._may_be_missing()
        held = [
            _is_as(cells[name], words, never_open=name in open_names)
            for name, words in wanted.items()
        ]
        return reduce(partial(cell_by_cell, _both), held)

    def _may_be_missing(self) -> frozenset[str]:
        """Name what some row calls missing: for the whole table that is an answer like others."""
        wanted = (item for row, _ in self.rows.values() for item in row.items())
        return frozenset(name for name, words in wanted if "missing" in words)

    def _outcome(self, cells: Cells, said: Ref | str | float) -> xr.DataArray:
        if isinstance(said, Ref):
            return cells[said].value
        if isinstance(said, float):
            return xr.DataArray(said)
        code = ANSWERS[said] if said in ANSWERS else code_of(said, self.gives or ())
        return xr.DataArray(code)

    def labels(self, names: Names) -> tuple[str, ...]:  # noqa: ARG002
        """The levels that come out, if they have names."""
        return self.gives or ()

    def kind(self, names: Names) -> Kind:
        """Say that conditions come out where every outcome is one, else numbers."""
        kinds = (names.kinds.get(x.of) if isinstance(x, Ref) else x for x in self.outcomes())
        return "condition" if {*kinds} <= {"condition", *ANSWERS} else "number"

    def outcomes(self) -> tuple[Ref | str | float, ...]:
        """List everything that a row may give."""
        return (*(then for _, then in self.rows.values()), self.otherwise)

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:
        """Only levels that there are, in conditions and outcomes."""
        for place, (wanted, _) in self.rows.items():
            for name, words in wanted.items():
                known = (*names.labels.get(name, ()), *ANSWERS, "missing")
                bad = [w for w in words if w not in known and names.labels.get(name)]
                for w in bad:
                    near = did_you_mean(w, known)
                    yield f"rows.{place}", f"{name} has no level {w}; it has {listed(known)}.{near}"
        for said in self.outcomes():
            if isinstance(said, str) and said not in (*ANSWERS, *(self.gives or ())):
                text = f"an outcome must be met, not_met, a number or a level of gives: {said}"
                yield "rows", text


def _zeros(*arrays: np.ndarray) -> np.ndarray:
    return np.zeros(np.broadcast_shapes(*(x.shape for x in arrays)))


def _both(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Join two conditions: one not met decides, else both must be judged."""
    return np.where((x == 0) | (y == 0), 0.0, x * y)


def _decided(holds: np.ndarray, here: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Take what a row gives where it holds; open where that is not known and makes a difference."""
    same = (here == result) | (np.isnan(here) & np.isnan(result))
    open_ = np.where(same, result, np.nan)
    return np.where(holds == 1, here, np.where(holds == 0, result, open_))


def _is_as(values: Values, words: tuple[str, ...], *, never_open: bool) -> xr.DataArray:
    x = settle(values.value)
    codes = [
        ANSWERS[w] if w in ANSWERS else code_of(w, values.labels) for w in words if w != "missing"
    ]
    gone = float("missing" in words) if never_open else np.nan
    return cell_by_cell(lambda a: np.where(np.isnan(a), gone, np.isin(a, codes)), x)


Tables = Decide
