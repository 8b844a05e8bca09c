"""Where does each row of the measures table belong? Arrays filled straight from Arrow's codes.

To add a check on cells: one line in `_check`, with the rows that fail and what they must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xarray as xr

from analysis.panels.files import MEASURES, NUMBERS, tell
from analysis.panels.units import Units
from analysis.problems import Problem, did_you_mean
from analysis.values import ALL, Reason, Values

NOTES: Final = {
    "suppressed": Reason.SUPPRESSED,
    "not applicable": Reason.NOT_APPLICABLE,
    "no students": Reason.NO_STUDENTS,
    "not measured": Reason.NOT_MEASURED,
}
"""What the column note may say where a value is empty."""

Ranges = Mapping[str, tuple[float, float] | None]


@dataclass(frozen=True)
class Found:
    """The cells of every measure, and the years and groups that they have."""

    measures: Mapping[str, Values]
    years: tuple[int, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """A column of words: a code for each row, and the word of each code."""

    codes: np.ndarray
    words: tuple[str, ...]

    def at(self, row: int) -> str:
        """Give the word of one row."""
        return self.words[int(self.codes[row])]


@dataclass(frozen=True)
class _Rows:
    """The measures table as codes and numbers, one entry for each row."""

    unit: np.ndarray
    year: np.ndarray
    group: np.ndarray
    measure: np.ndarray
    numbers: Mapping[str, np.ndarray]
    note: np.ndarray
    notes: tuple[str, ...]


def measure_arrays(table: pa.Table, units: Units, ranges: Ranges, problems: list[Problem]) -> Found:
    """Check every row and fill the arrays of each measure (axes school, year, group)."""
    school, part = _codes(table, "school"), _codes(table, "part")
    group, measure = _codes(table, "group", default=ALL), _codes(table, "measure")
    note = _codes(table, "note")
    unit = _units(school, part, units)
    _unknown(problems, np.flatnonzero(unit < 0), school, part, set(units.table["school"]))
    groups = _all_first(group.words)
    year = np.asarray(table["year"].to_numpy())
    years = tuple(int(y) for y in np.unique(year))
    if ALL not in group.words:
        problems.append(Problem(MEASURES, f"column group: there must be rows of the group {ALL}."))
    numbers = {
        name: np.asarray(table[name].to_numpy(), dtype=float)
        for name in NUMBERS
        if name in table.column_names
    }
    order = np.array([groups.index(g) for g in group.words])
    places = (unit, np.searchsorted(years, year), order[group.codes])
    rows = _Rows(*places, measure.codes, numbers, note.codes, note.words)
    _check(rows, measure.words, ranges, problems)
    if problems:
        return Found({}, years, groups)
    shape = (len(units.table), len(years), len(groups))
    filled = {
        name: _fill(rows, np.flatnonzero(measure.codes == code), shape, (years, groups), problems)
        for code, name in enumerate(measure.words)
    }
    return Found({name: filled[name] for name in sorted(filled)}, years, groups)


def _codes(table: pa.Table, name: str, *, default: str = "") -> Words:
    if name not in table.column_names:
        return Words(np.zeros(table.num_rows, dtype=np.int32), (default,))
    column = table[name]
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    one = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    words = tuple(str(word) for word in one.dictionary.to_pylist())
    codes = pc.fill_null(one.indices, len(words)).to_numpy(zero_copy_only=False)
    if one.null_count:
        words = (*words, default)
    trimmed = tuple(word.strip() or default for word in words)
    return _merged(codes, trimmed)


def _merged(codes: np.ndarray, words: tuple[str, ...]) -> Words:
    unique = tuple(dict.fromkeys(words))
    if len(unique) == len(words):
        return Words(codes, words)
    place = {word: i for i, word in enumerate(unique)}
    return Words(np.array([place[word] for word in words], dtype=np.int32)[codes], unique)


def _units(school: Words, part: Words, units: Units) -> np.ndarray:
    place = units.place()
    rows = [[place.get((s, p), -1) for p in part.words] for s in school.words]
    return np.asarray(np.array(rows, dtype=np.int64)[school.codes, part.codes])


def _unknown(
    problems: list[Problem], lost: np.ndarray, school: Words, part: Words, known: set[str]
) -> None:
    by_number = {code.lstrip("0"): code for code in known}
    no_school: list[tuple[int, str]] = []
    no_part: list[tuple[int, str]] = []
    for row in lost:
        code = school.at(row)
        if code in known:
            no_part.append((int(row), f"school {code} has no part {part.at(row)}"))
        elif code.lstrip("0") in by_number:
            meant = by_number[code.lstrip("0")]
            zeros = "It seems to have lost its leading zeros: did you mean"
            no_school.append((int(row), f"{code} is not in schools. {zeros} {meant}?"))
        elif len(no_school) < 100:  # noqa: PLR2004 (more are counted, not told)
            near = did_you_mean(code, known)
            no_school.append((int(row), f"{code} is not in schools.{near}"))
        else:
            no_school.append((int(row), code))
    tell(problems, MEASURES, "school", no_school)
    tell(problems, MEASURES, "part", no_part)


def _all_first(groups: tuple[str, ...]) -> tuple[str, ...]:
    return (ALL, *sorted(group for group in groups if group != ALL))


def _check(rows: _Rows, names: tuple[str, ...], ranges: Ranges, problems: list[Problem]) -> None:
    value = rows.numbers["value"]
    empty = np.isnan(value)
    words = np.array([note if note in NOTES else "" for note in rows.notes], dtype=object)
    says = words[rows.note]
    strange = np.array([note != "" and note not in NOTES for note in rows.notes])[rows.note]
    low, high = _bounds(names, ranges, rows.measure)

    def told(bad: np.ndarray, column: str, text: Callable[[int], str]) -> None:
        where = np.flatnonzero(bad)
        some = [(int(i), text(int(i))) for i in where[:1000]]
        some += [(int(i), "") for i in where[1000:]]
        tell(problems, MEASURES, column, some)

    def at(i: int) -> str:
        return f"{value[i]:g}"

    told(np.isinf(value), "value", lambda i: f"must be a finite number, but it says {at(i)}")
    told(
        (value < low) | (value > high),
        "value",
        lambda i: f"must lie between {low[i]:g} and {high[i]:g}, but it says {at(i)}",
    )
    told(
        ~empty & (says == "suppressed"),
        "value",
        lambda i: f"is suppressed and must be empty, never a number such as {at(i)}",
    )
    told(empty & strange, "note", lambda i: _note(rows.notes[rows.note[i]]))
    for name in ("n", "numerator"):
        if name in rows.numbers:
            _whole(told, rows.numbers[name], name)
    if "n" in rows.numbers and "numerator" in rows.numbers:
        n, numerator = rows.numbers["n"], rows.numbers["numerator"]
        told(
            numerator > n,
            "numerator",
            lambda i: f"may not be more than n ({n[i]:g}), but it says {numerator[i]:g}",
        )
    if "se" in rows.numbers:
        se = rows.numbers["se"]
        told(se < 0, "se", lambda i: f"may not be negative, but it says {se[i]:g}")


def _whole(
    told: Callable[[np.ndarray, str, Callable[[int], str]], None], x: np.ndarray, name: str
) -> None:
    told(x < 0, name, lambda i: f"may not be negative, but it says {x[i]:g}")
    with np.errstate(invalid="ignore"):
        told(
            (x >= 0) & (x != np.floor(x)),
            name,
            lambda i: f"must be a whole number of students, but it says {x[i]:g}",
        )
    told(np.isinf(x), name, lambda i: f"must be finite, but it says {x[i]:g}")


def _note(note: str) -> str:
    return f"must be one of {', '.join(NOTES)}, but it says {note}.{did_you_mean(note, NOTES)}"


def _bounds(
    names: tuple[str, ...], ranges: Ranges, measure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    pairs = [ranges.get(name) or (-np.inf, np.inf) for name in names]
    table = np.array(pairs, dtype=float).reshape(-1, 2)
    return table[measure, 0], table[measure, 1]


def _fill(
    rows: _Rows,
    mine: np.ndarray,
    shape: tuple[int, int, int],
    axes: tuple[tuple[int, ...], tuple[str, ...]],
    problems: list[Problem],
) -> Values:
    flat = np.ravel_multi_index((rows.unit[mine], rows.year[mine], rows.group[mine]), shape)
    _doubled(flat, mine, int(np.prod(shape)), problems)

    def array(values: np.ndarray, start: float, kind: type) -> xr.DataArray:
        out: np.ndarray = np.full(int(np.prod(shape)), start, dtype=kind)
        out[flat] = values
        coords = {"year": list(axes[0]), "group": list(axes[1])}
        return xr.DataArray(out.reshape(shape), dims=("school", "year", "group"), coords=coords)

    def maybe(name: str) -> xr.DataArray | None:
        given = rows.numbers.get(name)
        if given is None or np.isnan(given[mine]).all():
            return None
        return array(given[mine], np.nan, float)

    reasons = _reasons(rows, mine)
    return Values(
        array(rows.numbers["value"][mine], np.nan, float),
        array(reasons, Reason.NOT_MEASURED, np.int8),
        n=maybe("n"),
        numerator=maybe("numerator"),
        se=maybe("se"),
    )


def _reasons(rows: _Rows, mine: np.ndarray) -> np.ndarray:
    codes = np.array([NOTES.get(note, Reason.NOT_MEASURED) for note in rows.notes], dtype=np.int8)
    told = codes[rows.note[mine]]
    n = rows.numbers.get("n")
    if n is not None:
        told = np.where((n[mine] == 0) & (told == Reason.NOT_MEASURED), Reason.NO_STUDENTS, told)
    return np.where(np.isnan(rows.numbers["value"][mine]), told, Reason.PRESENT).astype(np.int8)


def _doubled(flat: np.ndarray, mine: np.ndarray, size: int, problems: list[Problem]) -> None:
    last = np.full(size, -1, dtype=np.int64)
    last[flat[::-1]] = mine[::-1]  # the first row of each cell stays
    again = last[flat] != mine
    bad = [
        (int(row), f"this cell is there already, in row {int(last[cell]) + 2}")
        for row, cell in zip(mine[again], flat[again], strict=True)
    ]
    tell(problems, MEASURES, "school", bad)
