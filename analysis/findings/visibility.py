"""What does a minimum n hide, whom does a lower one show, and at what price?

Start with `cells_of`: one row for each group of a school that has students. Leave out groups or
schools there, then ask. To add a question: one function here that takes these rows and some n.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.panels.panel import Panel
from analysis.problems import did_you_mean, fail, listed
from analysis.values import ALL

FEW: Final = 10
"""A cell with fewer students may tell who is who (NCES 2011-603 speaks of 3 to 10)."""


def cells_of(panel: Panel, measure: str, *, year: int) -> pd.DataFrame:
    """List every group of a school that has students, with how many they are.

    Args:
        panel: what was measured; parts of a school are left out.
        measure: whose n is read.
        year: the year.

    Returns:
        One row for each school and group: school, group, n (students), value (missing where the
        agency gave none).

    Raises:
        ProblemsError: there is no such measure or year, or nobody gave its n.

    >>> from analysis import read_panel
    >>> cells_of(read_panel("franklin"), "ela", year=2025).groupby("group")["n"].sum().to_dict()
    {'all': 960.0, 'el': 179.0, 'low_income': 490.0, 'swd': 120.0}
    """
    if measure not in panel.measures:
        near = did_you_mean(measure, panel.measures)
        raise fail("visibility", f"there is no measure {measure}.{near}")
    values = panel.measures[measure]
    if values.n is None:
        raise fail("visibility", f"needs the number of students n of {measure}.")
    if year not in panel.years:
        raise fail("visibility", f"has no year {year}; there are {listed(panel.years)}.")
    whole = np.flatnonzero(panel.whole == np.arange(len(panel.units)))
    n, value = (a.sel(year=year).isel(school=whole).values for a in (values.n, values.value))
    row, group = np.nonzero(n > 0)
    names = panel.units["school"].to_numpy()[whole]
    return pd.DataFrame(
        {
            "school": names[row],
            "group": np.array(panel.groups, dtype=object)[group],
            "n": n[row, group],
            "value": value[row, group],
        }
    )


def students_seen(cells: pd.DataFrame, sizes: Sequence[int]) -> pd.DataFrame:
    """Count, for every minimum n and group, the students and schools that are seen and hidden.

    A student is seen where the group has at least n students in the school.

    Args:
        cells: as `cells_of` gives them.
        sizes: the minimum n to be tried.

    Returns:
        One row for each n and group: minimum_n, group, students, students_seen, share_seen (0-1, of
        students), schools (with a student of the group), schools_seen.

    >>> from analysis import read_panel
    >>> cells = cells_of(read_panel("franklin"), "ela", year=2025)
    >>> students_seen(cells, [20])["students_seen"].tolist()
    [960, 150, 465, 120]
    """
    tables = []
    for size in sizes:
        seen = cells.assign(there=cells["n"] >= size, students=cells["n"])
        seen["students_seen"] = seen["n"].where(seen["there"], 0.0)
        by = seen.groupby("group", sort=True)
        table = by[["students", "students_seen"]].sum().astype(int)
        table["share_seen"] = table["students_seen"] / table["students"]
        table["schools"], table["schools_seen"] = by.size(), by["there"].sum()
        tables.append(table.reset_index().assign(minimum_n=size))
    first = ["minimum_n", "group"]
    found = pd.concat(tables, ignore_index=True)
    return found[[*first, *(word for word in found.columns if word not in first)]]


def schools_seen(cells: pd.DataFrame, sizes: Sequence[int]) -> pd.DataFrame:
    """Count, for every minimum n, the schools that are seen whole, in part and not at all.

    Args:
        cells: as `cells_of` gives them; the group of all students is no group here.
        sizes: the minimum n to be tried.

    Returns:
        One row for each n: minimum_n, schools (with a student), shown (all students reach n),
        with_groups (at least one group does), all_groups (every group that the school has does),
        every_group (every group of the table does), groups and groups_seen (groups of a school,
        over all schools).

    >>> from analysis import read_panel
    >>> cells = cells_of(read_panel("franklin"), "ela", year=2025)
    >>> schools_seen(cells, [20, 30])["all_groups"].tolist()
    [7, 1]
    """
    everyone = cells[cells["group"] == ALL]
    groups = cells[cells["group"] != ALL]
    smallest, largest = (groups.groupby("school")["n"].agg(how) for how in ("min", "max"))
    rows = [
        {
            "minimum_n": size,
            "schools": cells["school"].nunique(),
            "shown": int((everyone["n"] >= size).sum()),
            "with_groups": int((largest >= size).sum()),
            "all_groups": int((smallest >= size).sum()),
            "every_group": int(_counted(groups, size).sum()),
            "groups": len(groups),
            "groups_seen": int((groups["n"] >= size).sum()),
        }
        for size in sizes
    ]
    return pd.DataFrame(rows)


def _counted(groups: pd.DataFrame, size: int) -> pd.Series[bool]:
    seen = groups[groups["n"] >= size].groupby("school")["group"].nunique()
    return seen == groups["group"].nunique()


def newly_seen(
    cells: pd.DataFrame, sizes: Sequence[int], *, better: Literal["high", "low"] = "high"
) -> pd.DataFrame:
    """Say how low the groups are that each lower minimum n shows for the first time.

    Only groups with a value are judged; all students are no group here.

    Args:
        cells: as `cells_of` gives them.
        sizes: at least two; they are taken from the largest down, so that what a step shows was
            hidden by the n before it.
        better: whether more of the measure is better.

    Returns:
        One row for each step down: from_n, to_n, groups (newly seen), schools (that show a new
        group), compared (of them, schools with two groups to compare), lowest (of those, schools
        whose lowest group is a new one), share_lowest (0-1), by_chance (that share if the new
        groups were drawn blindly from those seen), below_all (mean of the value of all students
        less that of a new group, in its unit; negative where new groups do better).

    Raises:
        ProblemsError: fewer than two sizes.

    >>> from analysis import read_panel
    >>> cells = cells_of(read_panel("franklin"), "ela", year=2025)
    >>> newly_seen(cells, [20, 50])[["groups", "lowest"]].values.tolist()
    [[14, 8]]
    """
    if len(set(sizes)) < 2:  # noqa: PLR2004 (a step has two ends)
        raise fail("visibility", "needs at least two sizes to step down.")
    rising = cells.assign(value=cells["value"] * (1 if better == "high" else -1))
    everyone = rising[rising["group"] == ALL].set_index("school")["value"]
    groups = rising[(rising["group"] != ALL) & rising["value"].notna()]
    steps = itertools.pairwise(sorted(set(sizes), reverse=True))
    return pd.DataFrame([_step(groups, everyone, high, low) for high, low in steps])


def _step(
    groups: pd.DataFrame, everyone: pd.Series[float], high: int, low: int
) -> dict[str, float]:
    seen = groups[groups["n"] >= low].assign(new=lambda table: table["n"] < high)
    by = seen.groupby("school")
    lowest = seen["value"] == by["value"].transform("min")
    schools = pd.DataFrame(
        {
            "groups": by.size(),
            "new": by["new"].sum(),
            "hit": (lowest & seen["new"]).groupby(seen["school"]).any(),
        }
    )
    gaining = schools[schools["new"] > 0]
    judged = gaining[gaining["groups"] > 1]
    new = seen[seen["new"]]
    return {
        "from_n": high,
        "to_n": low,
        "groups": len(new),
        "schools": len(gaining),
        "compared": len(judged),
        "lowest": int(judged["hit"].sum()),
        "share_lowest": float(judged["hit"].mean()),
        "by_chance": float((judged["new"] / judged["groups"]).mean()),
        "below_all": float((new["school"].map(everyone).astype(float) - new["value"]).mean()),
    }


def first_seen(cells: pd.DataFrame, sizes: Sequence[int]) -> pd.DataFrame:
    """Say which groups each lower minimum n shows, and how they do beside their schools.

    Args:
        cells: as `cells_of` gives them.
        sizes: taken from the largest down; the first row of a group is what the largest n shows.

    Returns:
        One row for each n and group that it shows for the first time somewhere: minimum_n, group,
        schools, students, value (mean over schools), below_all (as in `newly_seen`, with more of
        the value taken as better).

    >>> from analysis import read_panel
    >>> cells = cells_of(read_panel("franklin"), "ela", year=2025)
    >>> first_seen(cells, [40, 20]).query("group == 'swd'")["minimum_n"].tolist()
    [40, 20]
    """
    everyone = cells[cells["group"] == ALL].set_index("school")["value"]
    groups = cells[cells["group"] != ALL]
    of_all = groups["school"].map(everyone).astype(float)
    groups = groups.assign(below_all=of_all - groups["value"])
    falling = sorted(set(sizes), reverse=True)
    tables = []
    for high, low in zip([np.inf, *falling], falling, strict=False):
        by = groups[(groups["n"] >= low) & (groups["n"] < high)].groupby("group", sort=True)
        table = by.agg(
            schools=("n", "size"),
            students=("n", "sum"),
            value=("value", "mean"),
            below_all=("below_all", "mean"),
        )
        tables.append(table.astype({"students": int}).reset_index().assign(minimum_n=low))
    found = pd.concat(tables, ignore_index=True)
    return found[["minimum_n", *(word for word in found.columns if word != "minimum_n")]]


def price(cells: pd.DataFrame, sizes: Sequence[int]) -> pd.DataFrame:
    """Say what a lower minimum n costs: noise, and cells that may tell who is who.

    Args:
        cells: as `cells_of` gives them, of a percentage (0-100).
        sizes: the minimum n to be tried.

    Returns:
        One row for each n: minimum_n, error (standard error of a percentage in a cell of that very
        size, at the mean of all students, in points), cells (seen), sampling (share of the variance
        among their values that is sampling of students, 0-1), few (cells with fewer than 10
        students), all_or_none (cells at 0 or 100 per cent), exposed (cells that are either).

    Raises:
        ProblemsError: a value that is no percentage.

    The sampling variance of a cell is p (100 - p) / (n - 1), which is right on average also where
    p happens to be 0 or 100.

    >>> from analysis import read_panel
    >>> cells = cells_of(read_panel("franklin"), "ela", year=2025)
    >>> price(cells, [10, 20])[["cells", "few"]].values.tolist()
    [[34, 0], [30, 0]]
    """
    there = cells[cells["value"].notna()]
    if not there["value"].between(0, 100).all():
        raise fail("visibility", "needs percentages, from 0 to 100.")
    everyone = there[there["group"] == ALL]
    rate = float(np.average(everyone["value"], weights=everyone["n"]))
    return pd.DataFrame([_price(cells[cells["n"] >= size], rate, size) for size in sizes])


def _price(seen: pd.DataFrame, rate: float, size: int) -> dict[str, float]:
    few = seen["n"] < FEW
    alike = seen["value"].isin([0.0, 100.0])
    several = seen[(seen["n"] > 1) & seen["value"].notna()]
    noise = several["value"] * (100 - several["value"]) / (several["n"] - 1)
    return {
        "minimum_n": size,
        "error": float(np.sqrt(rate * (100 - rate) / size)),
        "cells": len(seen),
        "sampling": float(noise.mean() / several["value"].var(ddof=1)),
        "few": int(few.sum()),
        "all_or_none": int(alike.sum()),
        "exposed": int((few | alike).sum()),
    }
