"""How do sums over students become value, n and standard error? Cells of every group at once.

Sums are kept as whole numbers (of students, or of millionths of a unit), so that no order of
adding can change them. To add a kind of value: one branch in `cells_of`.

| value | formula | standard error |
| --- | --- | --- |
| rate, per cent | 100 k / n | 100 sqrt(p (1 - p) / n), p = k / n: binomial |
| mean | sum / n | sqrt(sum of squares around the mean / (n - 1)) / sqrt(n) |

Both stand in any textbook (Cochran 1977, Sampling Techniques, sections 2.4 and 3.2). They treat a
school's students as a sample of those it might have had. At 0 and 100 per cent the binomial one is
0, which does not mean that the rate is certain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from analysis.panels.students.counts import NOT_TESTED, Count
from analysis.panels.students.who import GROUPS, PART
from analysis.values import ALL

MILLION: Final = 1_000_000
KEYS: Final = ("school", PART, "year")
NEEDED_SHARE: Final = 0.95
"""Students who must be tested, as a share of those enrolled: 20 U.S.C. 6311(c)(4)(E)."""


@dataclass(frozen=True)
class Sums:
    """Sums over students by school, part, year and combination of groups, a row for each."""

    table: pl.DataFrame
    counts: Mapping[str, Count]
    groups: tuple[str, ...]


def sum_up(rows: pl.LazyFrame, counts: Mapping[str, Count], groups: Sequence[str]) -> Sums:
    """Add up in one pass what every measure needs of the students.

    Args:
        rows: clean rows with the columns `part` and `groups` (one bit for each group).
        counts: the measures.
        groups: the names of the groups, in the order of their bits; `all` comes first.
    """
    sums = [one for name, count in counts.items() for one in _sums(name, count)]
    keys = [pl.col(key) for key in (*KEYS, GROUPS)]
    table = rows.group_by(keys).agg(sums).collect(engine="streaming")
    wholes = table.filter(pl.col(PART) != "").with_columns(pl.lit("").alias(PART))
    return Sums(pl.concat([table, wholes]), counts, (ALL, *groups))


def _sums(name: str, count: Count) -> list[pl.Expr]:
    counted = count.counted()
    found = [counted.sum().cast(pl.Int64).alias(f"{name} n")]
    if count.rate:
        met = counted & count.value.fill_null(value=False)
        found.append(met.sum().cast(pl.Int64).alias(f"{name} k"))
        if count.at_least_95:
            due = count.counted(until=NOT_TESTED)
            found.append(due.sum().cast(pl.Int64).alias(f"{name} due"))
        return found
    value = pl.when(counted).then(count.value)
    for word, power in (("sum", value), ("squares", value * value)):
        millionths = (power * MILLION).round().cast(pl.Int64)
        found.append(millionths.sum().alias(f"{name} {word}"))
    return found


def cells_of(sums: Sums) -> pl.DataFrame:
    """Give one row for each school, part, year, measure and group that has students.

    Columns: school, part, year, measure, group, value, n, numerator (empty for means), se.
    """
    frames = []
    for place, group in enumerate(sums.groups):
        mine = sums.table.filter(pl.col(GROUPS) & (1 << place) != 0)
        total = mine.group_by(KEYS).agg(pl.exclude(*KEYS, GROUPS).sum())
        frames += [
            _cells(total, name, count).with_columns(
                pl.lit(name).alias("measure"), group=pl.lit(group)
            )
            for name, count in sums.counts.items()
        ]
    order = ["measure", "group", *KEYS]
    return pl.concat(frames).sort(order).select(*order, "value", "n", "numerator", "se")


def _cells(total: pl.DataFrame, name: str, count: Count) -> pl.DataFrame:
    n = pl.col(f"{name} n")
    some = total.filter(n > 0)
    cells = some.select("school", PART, pl.col("year") + count.later, n.alias("n"))
    if not count.rate:
        empty = pl.lit(None, pl.Int64).alias("numerator")
        return cells.with_columns(empty, *_mean(some, name))
    k = some[f"{name} k"]
    of = some[f"{name} n"].cast(pl.Float64)
    if count.at_least_95:
        due = pl.Series(some[f"{name} due"] * NEEDED_SHARE)
        of = of.zip_with(of >= due, due)
    share = k / of
    error = 100 * (share * (1 - share) / of).sqrt()
    return cells.with_columns(
        k.alias("numerator"), (100 * k / of).alias("value"), error.alias("se")
    )


def _mean(some: pl.DataFrame, name: str) -> tuple[pl.Series, pl.Series]:
    n = some[f"{name} n"].to_numpy().astype(float)
    total = some[f"{name} sum"].to_numpy() / MILLION
    squares = some[f"{name} squares"].to_numpy() / MILLION
    around = np.maximum(squares - total * total / n, 0.0)
    # squares are rounded to millionths: what is smaller than that is no spread
    around = np.where(around < n / MILLION, 0.0, around)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(n > 1, np.sqrt(around / (n - 1) / n), np.nan)
    return pl.Series("value", total / n), pl.Series("se", error, nan_to_null=True)


def percentiles(cells: pl.DataFrame, measure: str, base_year: int | None) -> pl.DataFrame:
    """Turn the mean differences of a growth measure into percentiles of schools.

    A school's percentile is the share of schools below it and half the share of those equal to
    it, among whole schools with all their students, in the same year or in the base year. A group
    is placed among these too, so that 50 means the same for all. The standard error is half the
    distance between the percentiles one standard error below and above.

    Args:
        cells: all cells, as `cells_of` gives them.
        measure: the growth measure.
        base_year: the year whose schools all years are held to; None: each year's own.
    """
    mine = cells.filter(pl.col("measure") == measure)
    everyone = mine.filter((pl.col("group") == ALL) & (pl.col(PART) == ""))
    frames = [cells.filter(pl.col("measure") != measure)]
    for (year,), here in mine.group_by("year", maintain_order=True):
        ranked = everyone.filter(pl.col("year") == (base_year or year))
        schools = np.sort(ranked["value"].to_numpy())
        value, error = here["value"].to_numpy(), here["se"].to_numpy()
        spread = (_placed(value + error, schools) - _placed(value - error, schools)) / 2
        se = pl.Series("se", np.where(np.isnan(error), np.nan, spread), nan_to_null=True)
        frames.append(here.with_columns(pl.Series("value", _placed(value, schools)), se))
    return pl.concat(frames)


def _placed(value: np.ndarray, schools: np.ndarray) -> np.ndarray:
    below = np.searchsorted(schools, value, side="left")
    upto = np.searchsorted(schools, value, side="right")
    return np.asarray(100 * (below + upto) / (2 * len(schools)))
