"""Whom do two designs name, and who moves? On one panel, list against list.

To compare something else: one function here that fills a field of `Comparison`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.findings.overlap import Overlap, overlap
from analysis.problems import fail
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import of_all
from analysis.rounding import settle
from analysis.values import ALL

CURVE = tuple(share / 100 for share in range(1, 21))
"""Shares of schools for which the curve says how far two indexes name the same ones."""


@dataclass(frozen=True)
class Comparison:
    """Two designs on one panel and year.

    `overlap` compares who is named. `schools` has one row for each school: school, name, first,
    second (1 named, 0 not, missing not judged), and where both have an index rank_first,
    rank_second (1 is the lowest) and shift. `students` has one row for each group: enter, leave
    (number of students in schools that do), share_enter, share_leave (of all such students).
    `curve` has share, both (share of the first's lowest that are the second's lowest) and chance.
    """

    first: str
    second: str
    year: int
    overlap: Overlap
    schools: pd.DataFrame
    students: pd.DataFrame
    curve: pd.DataFrame


def compare(
    first: Ratings, second: Ratings, *, year: int | None = None, only: str | None = None
) -> Comparison:
    """Compare whom two designs name on one panel.

    Args:
        first: ratings by the one design.
        second: ratings by the other, on the same panel.
        year: the last of the panel, unless it is said.
        only: a list that both designs have; without it, being on any list counts.

    Raises:
        ProblemsError: the ratings are of two panels, or a design lacks the list.

    >>> from analysis import load_design, rate, read_panel
    >>> base = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> wider = rate(base.design.vary({"lowest_line.share": 0.34}), base.panel)
    >>> compare(base, wider).overlap.second
    3
    """
    if first.panel.digest != second.panel.digest:
        raise fail("compare", "needs two designs on one panel.")
    year = first.panel.years[-1] if year is None else year
    units = first.panel.units
    whole = (units["part"] == "").to_numpy()
    table = pd.DataFrame({"school": units["school"]})
    table["name"] = units.get("name", "")
    for word, ratings in (("first", first), ("second", second)):
        table[word] = named_by_any(ratings, year=year, only=only)
        index = _index(ratings, year)
        if index is not None:
            table[f"index_{word}"] = index
    table = table[whole].reset_index(drop=True)
    both = overlap(table["first"].to_numpy(), table["second"].to_numpy())
    students = _students(first, year, table, whole)
    names = (first.design.name, second.design.name)
    return Comparison(*names, year, both, _ranked(table), students, _curve(table))


def named_by_any(ratings: Ratings, *, year: int, only: str | None = None) -> np.ndarray:
    """Say of each row of the axis school: 1 named, 0 not named, missing not judged.

    Raises:
        ProblemsError: the design has no such list, or none at all.
    """
    lists = ratings.design.lists if only is None else (only,)
    if not lists or any(name not in ratings.design.lists for name in lists):
        text = f"has no list {only or ''}; it has {', '.join(ratings.design.lists) or 'none'}."
        raise fail(ratings.design.name, text)
    found = np.stack([of_all(ratings, name, year) for name in lists])
    met, missing = (found == 1).any(axis=0), np.isnan(found).all(axis=0)
    return np.where(met, 1.0, np.where(missing, np.nan, 0.0))


def _index(ratings: Ratings, year: int) -> np.ndarray | None:
    name = ratings.design.header.headline.index
    return None if name is None else settle(of_all(ratings, name, year))


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    if "index_first" not in table or "index_second" not in table:
        return table.drop(columns=[c for c in ("index_first", "index_second") if c in table])
    ranks = {
        f"rank_{word}": table[f"index_{word}"].rank(method="min") for word in ("first", "second")
    }
    ranked = table.assign(**ranks)
    return ranked.assign(shift=ranked["rank_second"] - ranked["rank_first"])


def _curve(table: pd.DataFrame) -> pd.DataFrame:
    if "index_first" not in table or "index_second" not in table:
        return pd.DataFrame(columns=["share", "both", "chance"])
    kept = table[["index_first", "index_second"]].dropna().to_numpy()
    rows = []
    for share in CURVE:
        low = [_lowest(kept[:, side], share) for side in (0, 1)]
        found = overlap(low[0], low[1])
        rows.append({"share": share, "both": found.share, "chance": found.by_chance})
    return pd.DataFrame(rows)


def _lowest(index: np.ndarray, share: float) -> np.ndarray:
    """Mark the lowest share: count rounded up, ties in."""
    k = int(np.ceil(settle(share * len(index))))
    return np.asarray((index <= np.sort(index)[k - 1]) * 1.0)


def _students(ratings: Ratings, year: int, table: pd.DataFrame, whole: np.ndarray) -> pd.DataFrame:
    """Count students by group: enrollment, and for groups the largest n of any measure."""
    enter = ((table["first"] == 0) & (table["second"] == 1)).to_numpy()
    leave = ((table["first"] == 1) & (table["second"] == 0)).to_numpy()
    rows = []
    for group, n in students_by_group(ratings, year).items():
        mine = np.nan_to_num(n[whole])
        total = mine.sum() or np.nan
        numbers = {"enter": mine[enter].sum(), "leave": mine[leave].sum(), "all": mine.sum()}
        shares = {f"share_{word}": numbers[word] / total for word in ("enter", "leave")}
        rows.append({"group": group, **numbers, **shares})
    return pd.DataFrame(rows)


def students_by_group(ratings: Ratings, year: int) -> dict[str, np.ndarray]:
    """Give the number of students of each group, by row of the axis school.

    A group has as many students as the largest n of any measure counts (in a school that spans
    levels, over its parts). All students are the enrollment where the panel has it. Empty where
    the panel gives neither.
    """
    panel = ratings.panel
    given = [v.n for v in panel.measures.values() if v.n is not None]
    found: dict[str, np.ndarray] = {}
    for group in panel.groups:
        counts = [np.asarray(n.sel(year=year, group=group)) for n in given]
        if counts:
            most = np.fmax.reduce(counts)
            parts = np.zeros_like(most)
            np.add.at(parts, panel.whole, np.nan_to_num(most))
            found[group] = np.where(np.isnan(most), parts, most)
    if "enrollment" in panel.columns:
        column = panel.columns["enrollment"]
        known = column.sel(year=year) if "year" in column.dims else column
        found[ALL] = np.asarray(known, dtype=float)
    return found
