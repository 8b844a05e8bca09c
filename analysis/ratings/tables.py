"""What do ratings look like as tables? Schools, indicators and lists, as files at the door.

To add a column: here, and in the table of CONTRIBUTING that says what each file holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.designs.rules import Named
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.rules.scoring import MinimumN
from analysis.ratings.rate import Ratings, in_axis_order
from analysis.ratings.weights import weights_applied
from analysis.rounding import settle
from analysis.values import ALL, Reason, Values, name_code

ANSWERS: Final = {1.0: "met", 0.0: "not met"}
KNOWN_COLUMNS: Final = ("name", "district", "level")


def schools_table(ratings: Ratings) -> pd.DataFrame:
    """Give one row for each school (whole or part) and year.

    Columns: school, part, year, name, district, level, index, rating (the level's name, or met, not
    met, unknown), one `identified_<list>` (met, not met, unknown) for each list, and `identified`,
    the lists joined by semicolons.

    >>> from analysis import load_design, rate, read_panel
    >>> table = schools_table(rate(load_design("franklin/index"), read_panel("franklin")))
    >>> table.loc[(table["year"] == 2025) & (table["identified"] == "lowest"), "school"].tolist()
    ['0101', '0111']
    """
    units, years = ratings.panel.units, ratings.panel.years
    table = _frame(ratings)
    for name in KNOWN_COLUMNS:
        table[name] = np.repeat(units[name].to_numpy(), len(years)) if name in units else ""
    headline = ratings.design.header.headline
    table["index"] = _flat(ratings, headline.index)
    table["rating"] = _rating(ratings, headline.rating)
    named: list[pd.Series[Any]] = []
    for name in ratings.design.lists:
        told = pd.Series(_answers(_flat(ratings, name)), index=table.index)
        table[f"identified_{name}"] = told
        named.append(told.eq("met").map({True: name, False: ""}))
    joined = pd.concat(named, axis=1).apply(_joined, axis=1) if named else ""
    table["identified"] = joined
    return table


def _joined(names: pd.Series[Any]) -> str:
    return ";".join(name for name in names if name)


def _frame(ratings: Ratings) -> pd.DataFrame:
    units, years = ratings.panel.units, ratings.panel.years
    return pd.DataFrame(
        {
            "school": np.repeat(units["school"].to_numpy(), len(years)),
            "part": np.repeat(units["part"].to_numpy(), len(years)),
            "year": np.tile(np.array(years), len(units)),
        }
    )


def of_all(ratings: Ratings, name: str, year: int) -> np.ndarray:
    """Give a step's number of all students in one year, by row of the axis school.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> round(float(of_all(franklin, "total", 2025)[0]), 1)
    32.5
    """
    return np.asarray(spread(ratings, whole_group(ratings[name])).sel(year=year), dtype=float)


def _flat(ratings: Ratings, name: str | None) -> np.ndarray:
    size = len(ratings.panel.units) * len(ratings.panel.years)
    if name is None:
        return np.full(size, np.nan)
    return spread(ratings, whole_group(ratings[name])).to_numpy().ravel()


def _rating(ratings: Ratings, name: str | None) -> pd.Series[Any]:
    """Name the level or the answer; levels without names are whole numbers."""
    codes = pd.Series(_flat(ratings, name))
    if name is None:
        return codes
    if ratings.design.names.kinds[name] == "condition":
        return pd.Series(_answers(codes.to_numpy()))
    labels = ratings[name].labels
    if labels:
        return codes.map(dict(enumerate(labels, start=1)))
    whole = (codes.dropna() % 1 == 0).all()
    return codes.astype("Int64") if whole else codes


def whole_group(values: Values) -> xr.DataArray:
    """Give the value of all students (or the only value there is)."""
    value = values.value
    return value.sel(group=ALL, drop=True) if "group" in value.dims else value


def spread(ratings: Ratings, a: xr.DataArray) -> xr.DataArray:
    """Lay an array out over every school and year."""
    years = xr.DataArray(list(ratings.panel.years), dims="year")
    rows = xr.DataArray(np.arange(len(ratings.panel.units)), dims="school")
    full = a.broadcast_like(xr.zeros_like(rows * years).assign_coords(year=years.values))
    return full.transpose("school", "year", ...)


def _answers(codes: np.ndarray) -> list[str]:
    return [ANSWERS.get(code, "unknown") for code in codes]


def indicators_table(ratings: Ratings) -> pd.DataFrame:
    """Give one row for each school, year, measure and group that the panel has.

    Columns: school, part, year, measure, group, value, n, counted (yes or no), points,
    weight_applied (share of the index after missing measures), reason (why it does not count).
    """
    weights = weights_applied(ratings)
    parts = [_indicator(ratings, measure, weights) for measure in ratings.design.measures]
    return pd.concat(parts, ignore_index=True)


def _counted(ratings: Ratings, measure: str) -> Values:
    """Give the measure where enough students stand behind it, if the design asks for that."""
    for name, rule in ratings.design.steps.items():
        if isinstance(rule, MinimumN) and rule.of.of == measure:
            return ratings[name]
    return ratings[measure]


def _indicator(ratings: Ratings, measure: str, weights: Mapping[str, Any]) -> pd.DataFrame:
    values = _with_derived(ratings, measure, ratings[measure])
    judged = _with_derived(ratings, measure, _counted(ratings, measure))
    found = weights.get(measure)
    columns = {
        "value": values.value,
        "n": values.n,
        "counted": judged.value,
        "why": judged.reason,
        "points": None if found is None else found.points,
        "weight_applied": None if found is None else found.share,
    }
    shape = values.value
    flat = {name: _column(shape, a) for name, a in columns.items()}
    keep = values.reason.to_numpy().ravel() != Reason.NOT_MEASURED
    table = _cells_frame(ratings, shape).assign(measure=measure, **flat)[keep]
    table["counted"] = np.where(table["counted"].notna(), "yes", "no")
    words = {int(reason): reason.words for reason in Reason}
    table["reason"] = table.pop("why").map(words).where(table["counted"] == "no", "")
    order = (
        "school",
        "part",
        "year",
        "measure",
        "group",
        "value",
        "n",
        "counted",
        "points",
        "weight_applied",
        "reason",
    )
    ordered: pd.DataFrame = table[list(order)]
    return ordered


def _with_derived(ratings: Ratings, measure: str, values: Values) -> Values:
    """Give derived groups the measure's cells of the group that stands for them, if a step says."""
    design = ratings.design
    steps = [
        name
        for name, rule in design.steps.items()
        if isinstance(rule, LowestGroup) and name not in design.unknown
    ]
    mine = [name for name in steps if measure in design.measured_by(name)]
    alone = [name for name in mine if len(design.measured_by(name)) == 1]
    for name in (*alone, *mine)[:1]:
        rule = design.steps[name]
        assert isinstance(rule, LowestGroup)  # noqa: S101 (steps holds no other)
        values = in_axis_order(rule.standing_in(values, replace(ratings.cells, here=name)))
    return values


def _column(shape: xr.DataArray, a: xr.DataArray | None) -> np.ndarray:
    if a is None:
        return np.full(shape.size, np.nan)
    return np.asarray(xr.broadcast(a, shape)[0].transpose(*shape.dims)).ravel()


def _cells_frame(ratings: Ratings, shape: xr.DataArray) -> pd.DataFrame:
    units = ratings.panel.units
    rows, years, groups = np.indices(shape.shape)
    return pd.DataFrame(
        {
            "school": units["school"].to_numpy()[rows.ravel()],
            "part": units["part"].to_numpy()[rows.ravel()],
            "year": np.array(ratings.panel.years)[years.ravel()],
            "group": np.array(ratings.cells.groups)[groups.ravel()],
        }
    )


def lists_table(ratings: Ratings) -> pd.DataFrame:
    """Give one row for each school, year, list and group that the list looks at.

    Columns: school, year, list, group, result (met, not met, unknown), decided_by (the step),
    value, line, margin (value minus line, in the unit of that step, to nine places), reason.
    """
    parts = [part for name in ratings.design.lists for part in _list_parts(ratings, name)]
    columns = [
        "school",
        "year",
        "list",
        "group",
        "result",
        "decided_by",
        "value",
        "line",
        "margin",
        "reason",
    ]
    empty = pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns] if parts else empty


def _list_parts(ratings: Ratings, name: str) -> Iterator[pd.DataFrame]:
    rule = ratings.design.steps[name]
    if not isinstance(rule, Named):
        return
    if name in ratings.design.unknown or rule.group != "any":
        yield _list_part(ratings, name, ratings[name], rule.group)
        return
    ground = rule.ground(ratings.cells)
    for group in rule.groups or ():
        one = at_group(ground, group)
        yield _list_part(ratings, name, rule.of_school(ratings.cells, one), group)


def at_group(values: Values, group: str) -> Values:
    """Read one group of some cells, with what decided there."""
    from analysis.designs.cells import map_arrays  # noqa: PLC0415

    return map_arrays(values, lambda a: a.sel(group=group, drop=True) if "group" in a.dims else a)


def _list_part(ratings: Ratings, name: str, values: Values, group: str) -> pd.DataFrame:
    table = _frame(ratings).assign(list=name, group=group)
    flat = {"result": values.value, "reason": values.reason}
    if values.decision is not None:
        flat |= {
            "decided_by": values.decision.step,
            "value": values.decision.value,
            "line": values.decision.line,
        }
    for column in ("result", "reason", "decided_by", "value", "line"):
        a = flat.get(column)
        table[column] = np.nan if a is None else spread(ratings, a).to_numpy().ravel()
    table["result"] = _answers(table["result"].to_numpy())
    apart = (table["value"] - table["line"]).replace([np.inf, -np.inf], np.nan)
    table["margin"] = settle(apart.to_numpy()) + 0.0  # nought, not minus nought
    table["reason"] = table["reason"].map({int(r): r.words for r in Reason})
    codes = {name_code(known): known for known in (*ratings.design.names.kinds,)}
    table["decided_by"] = table["decided_by"].map(codes).fillna("")
    return table[table["part"] == ""]


def wide_table(ratings: Ratings, *, year: int) -> pd.DataFrame:
    """Give one row for each whole school, one column for each school column and step.

    Steps are read in this year, for all students; conditions are 1, 0 or missing.
    """
    units = ratings.panel.units
    found = {
        name: spread(ratings, whole_group(ratings[name])).sel(year=year).to_numpy()
        for name in ratings.design.steps
    }
    table = units.reset_index(drop=True)
    table = pd.concat([table.drop(columns=[*found], errors="ignore"), pd.DataFrame(found)], axis=1)
    return table[table["part"] == ""].reset_index(drop=True)
