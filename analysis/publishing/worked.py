"""What does each rule do, on real numbers? One worked example for each, with values from outside.

The examples are those of tests/cases and of the built-in designs, so a new case is found by
itself. To show more of what a clause reads: a column in `_reads`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import Ref
from analysis.designs.design import LIBRARY
from analysis.designs.document import thaw
from analysis.designs.rules import Rule
from analysis.designs.source import parse_yaml
from analysis.problems import ProblemsError
from analysis.publishing.schemas import rule_name, rules
from analysis.publishing.store import ROOT
from analysis.ratings.examples import MISSING, Example, load_example
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread
from analysis.values import Values

CASES: Final = ROOT / "tests" / "cases"
WIDTH: Final = 96
MOST_ROWS: Final = 12
MOST_INPUTS: Final = 4
ENOUGH: Final = 3
ANSWERS: Final = {1.0: "met", 0.0: "not met"}


@dataclass(frozen=True)
class Worked:
    """A clause of a real file, what it reads, and the values that somebody worked out.

    `file` is relative to the top of the repository; `table` has a column for each thing read and
    one, named as the step, for what was expected. It is empty where nothing was worked out.
    """

    rule: str
    file: str
    clause: str
    year: int
    group: str
    table: pd.DataFrame


@dataclass(frozen=True)
class _Candidate:
    path: Path
    example: Example
    step: str
    expected: tuple[int | None, str, pd.DataFrame] | None

    @property
    def rule(self) -> Rule:
        return self.example.design.steps[self.step]

    @property
    def answers(self) -> tuple[str, ...]:
        return () if self.expected is None else tuple(self.expected[2][self.step])

    @property
    def known(self) -> bool:
        """Whether a value was worked out that is not missing."""
        return any(answer not in MISSING for answer in self.answers)

    @property
    def worth(self) -> tuple[bool, bool, int, int]:
        """Best is: worked out, a case, several answers, few words."""
        said = str(self.example.design.document.steps[self.step])
        several = min(len({*self.answers}), ENOUGH)
        return self.known, self.path.parent == CASES, several, -len(said)


def load_worked() -> Mapping[str, Worked]:
    """Load the best worked example of each rule: name of the rule -> example.

    Raises:
        ProblemsError: a case, or an example of a built-in design, cannot be read.
    """
    best: dict[str, _Candidate] = {}
    for path in sorted(CASES.glob("*.yaml")):
        _take_best(best, path)
    lacking = [name for name in map(rule_name, rules()) if name not in best or not best[name].known]
    for path in sorted(LIBRARY.glob("*/*.examples.yaml")):
        design = path.with_name(path.name.replace(".examples", "")).read_text(encoding="utf-8")
        if any(f"rule: {name}" in design for name in lacking):
            _take_best(best, path)
    chosen = {one.path: one.example for one in best.values()}
    rated = {path: rate(example.design, example.panel) for path, example in chosen.items()}
    return {name: _worked(one, rated[one.path]) for name, one in best.items()}


def _take_best(best: dict[str, _Candidate], path: Path) -> None:
    example = load_example(path)
    for step, rule in example.design.steps.items():
        name = rule_name(type(rule))
        tables = [block for block in example.expected if step in block[2]]
        for one in [_Candidate(path, example, step, block) for block in tables] or [
            _Candidate(path, example, step, None)
        ]:
            if name not in best or one.worth > best[name].worth:
                best[name] = one


def _worked(one: _Candidate, ratings: Ratings) -> Worked:
    year, group, expected = one.expected or (None, "all", pd.DataFrame({"school": []}))
    at = (year if year is not None else ratings.panel.years[-1], group)
    table = _rows(one.rule, expected, ratings)
    answers = table.merge(expected, how="left").get(one.step, pd.Series("", index=table.index))
    if one.expected is not None:
        for label, cells in _reads(one.rule, ratings):
            table = table.assign(**{label: _looked_up(cells, table, ratings, at)})
        table = table.assign(**{one.step: answers.fillna("")})
    if len(table) > MOST_ROWS or not one.rule.looks_across:
        table = table.drop_duplicates(table.columns.drop("school"))
    clause = written(one.step, thaw(one.example.design.document.steps[one.step]))
    file = one.path.relative_to(ROOT).as_posix()
    return Worked(rule_name(type(one.rule)), file, clause, *at, table.head(MOST_ROWS))


def _rows(rule: Rule, expected: pd.DataFrame, ratings: Ratings) -> pd.DataFrame:
    """Give the schools worked out; all of them where one school's result depends on others."""
    keys = ["school", *(["part"] if "part" in expected else [])]
    if not rule.looks_across or "part" in keys:
        return expected[keys].reset_index(drop=True)
    units = ratings.panel.units
    return units.loc[units["part"] == "", keys].reset_index(drop=True)


def _reads(rule: Rule, ratings: Ratings) -> Iterator[tuple[str, _Cells]]:
    """Name what a clause reads, with its values; nothing where it reads too much to be shown."""
    refs = {str(ref): ref for ref in rule.refs() if ref.of != EVERYONE}
    columns = (Ref(name) for name in rule.uses() if name != EVERYONE)
    every = {**refs, **{str(ref): ref for ref in columns if not _has(refs, ref)}}
    if len(every) > MOST_INPUTS:
        return
    back = _looks_back(rule)
    of_n = {str(notch.of) for notch in rule.notches() if notch.on == "n"}
    for label, ref in every.items():
        values = ratings.cells[ref]
        kind = ratings.design.names.kinds.get(ref.of)
        column = ratings.design.columns.get(ref.of)
        kind = "school" if column and column.holds == "school" else kind
        yield _over_years(label, ratings, back=back), _Cells(values, values.value, kind, back)
        if label in of_n and values.n is not None:
            name = _over_years(f"n of {label}", ratings, back=back)
            yield name, _Cells(values, values.n, "number", back)


def _has(refs: Mapping[str, Ref], column: Ref) -> bool:
    return any(ref.of == column.of for ref in refs.values())


def _looks_back(rule: Rule) -> bool:
    words = {"years", "every", "base_year"} & set(type(rule).model_fields)
    return any(getattr(rule, word) not in ("this", "yearly", None) for word in words)


def _over_years(label: str, ratings: Ratings, *, back: bool) -> str:
    years = ratings.panel.years
    return f"{label}, {years[0]} to {years[-1]}" if back and len(years) > 1 else label


@dataclass(frozen=True)
class _Cells:
    values: Values
    array: xr.DataArray
    kind: str | None
    back: bool


def _looked_up(
    cells: _Cells, table: pd.DataFrame, ratings: Ratings, at: tuple[int, str]
) -> list[str]:
    units = ratings.panel.units
    place = {key: i for i, key in enumerate(zip(units["school"], units["part"], strict=True))}
    parts = table["part"] if "part" in table else [""] * len(table)
    rows = [place[key] for key in zip(table["school"], parts, strict=True)]
    array = spread(ratings, cells.array)
    if "group" in array.dims:
        array = array.sel(group=at[1])
    if not cells.back:
        found = array.sel(year=at[0]).to_numpy()[rows]
        if cells.kind == "school":
            return ["." if np.isnan(x) else str(units["school"].iloc[int(x)]) for x in found]
        return [_told(float(x), cells) for x in found]
    return [" ".join(_told(float(x), cells) for x in row) for row in array.to_numpy()[rows]]


def _told(x: float, cells: _Cells) -> str:
    if np.isnan(x):
        return "."
    if cells.kind == "condition":
        return ANSWERS[x] if not cells.back else f"{x:g}"
    return cells.values.labels[int(x) - 1] if cells.values.labels else f"{x:.6g}"


def written(name: str, said: Any) -> str:  # noqa: ANN401 (any plain value)
    """Write a clause as a file would hold it, in one line where it fits.

    >>> written("level", {"rule": "cuts", "of": "ela", "from": {2: 40, 3: 60}})
    'level: {rule: cuts, of: ela, from: {2: 40, 3: 60}}'
    """
    return "\n".join(_lines(name, said, ""))


def _lines(name: object, said: Any, indent: str) -> Iterator[str]:  # noqa: ANN401
    line = f"{indent}{_flow(name)}: {_flow(said)}"
    if len(line) <= WIDTH or not isinstance(said, dict):
        yield line
        return
    yield f"{indent}{_flow(name)}:"
    for word, inner in said.items():
        yield from _lines(word, inner, f"{indent}  ")


def _flow(said: Any) -> str:  # noqa: ANN401
    if isinstance(said, dict):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in said.items()) + "}"
    if isinstance(said, list):
        return "[" + ", ".join(map(_flow, said)) + "]"
    if isinstance(said, str):
        return said if _stands_bare(said) else f'"{said}"'
    if said is None or isinstance(said, bool):
        return "null" if said is None else str(said).lower()
    return str(said)


def _stands_bare(text: str) -> bool:
    try:
        return bool(parse_yaml(f"[{text}]").said == [text])
    except ProblemsError:
        return False
