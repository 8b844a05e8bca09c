"""Which districts should work together? Alike in need, unlike in what each does well.

To weigh something else: a column of `district_pairs`, its weight in `Alike`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.findings.grouping import Groups, group, subset_rank, subsets
from analysis.findings.standing import Standing, kilometres, of_districts, student_distance
from analysis.problems import fail

WANTED_MORE: Final = ("problem", "difference")


@dataclass(frozen=True)
class Alike:
    """How much each kind of likeness counts, and `difference`: what each could teach the other.

    A weight of 1 is worth one standard deviation over all pairs of districts; 0 switches off.
    """

    size: float = 0.5
    students: float = 1.0
    kilometres: float = 0.5
    problem: float = 1.0
    difference: float = 1.0


@dataclass(frozen=True)
class DistrictPartners:
    """Every pair of districts, and the groups chosen.

    `pairs` has district, other, size (how many times as many students the larger has), students
    (standard deviations), kilometres, problem (share of cells low in either that are low in both),
    difference (the smaller of two numbers of cells: in which one is high and the other low, and the
    reverse), learns and teaches (words), chosen (true or false). `alone` names who is in no group.
    """

    pairs: pd.DataFrame
    groups: tuple[tuple[str, ...], ...]
    alone: tuple[str, ...]
    status: str


def district_partners(
    found: Standing, alike: Alike | None = None, *, largest: int = 2
) -> DistrictPartners:
    """Put districts into groups of two (or up to four) that are alike and can teach one another.

    Args:
        found: schools as they stand; all of them count for their district.
        alike: how much each kind of likeness, and difference, counts.
        largest: districts in a group at most.

    Raises:
        ProblemsError: fewer than two districts, no enrollment, or too large a group.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.standing import standing
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> district_partners(standing(franklin, "lowest")).groups
    (('Ash', 'Birch'),)
    """
    if not 2 <= largest <= 4:  # noqa: PLR2004 (groups are listed)
        raise fail("districts", "work in groups of two to four.")
    districts = of_districts(found)
    names = districts.schools["district"].tolist()
    pairs = district_pairs(districts)
    cost = np.zeros(len(pairs))
    for name, weight in asdict(alike or Alike()).items():
        term = pairs[name].to_numpy(dtype=float)
        term = np.log(term) if name == "size" else term
        scale = np.nanstd(term) or 1.0
        sign = -1.0 if name in WANTED_MORE else 1.0
        cost += weight * sign * np.nan_to_num(term) / scale
    sizes = range(2, min(largest, len(names)) + 1)
    got = group(len(names), [_groups(cost, len(names), k) for k in sizes], lead=names)
    groups = tuple(tuple(names[i] for i in some) for some in got.groups)
    both = zip(pairs["district"], pairs["other"], strict=True)
    chosen = [any({a, b} <= set(some) for some in groups) for a, b in both]
    alone = tuple(names[i] for i in got.alone)
    return DistrictPartners(pairs.assign(chosen=chosen), groups, alone, got.status)


def district_pairs(districts: Standing) -> pd.DataFrame:
    """Say of every two districts how alike they are, and what each could teach the other.

    Args:
        districts: as `of_districts` gives them.
    """
    away, students = kilometres(districts), student_distance(districts)
    count = districts.schools["enrollment"].to_numpy(dtype=float)
    names = districts.schools["district"].tolist()
    low, high = districts.low, districts.high
    rows = []
    for one, other in subsets(len(names), 2):
        either = (low[one] | low[other]).sum()
        learns, teaches = low[one] & high[other], high[one] & low[other]
        rows.append(
            {
                "district": names[one],
                "other": names[other],
                "size": max(count[one], count[other]) / min(count[one], count[other]),
                "students": students[one, other],
                "kilometres": away[one, other],
                "problem": (low[one] & low[other]).sum() / either if either else 0.0,
                "difference": int(min(learns.sum(), teaches.sum())),
                "learns": districts.words(learns),
                "teaches": districts.words(teaches),
            }
        )
    return pd.DataFrame(rows)


def _groups(cost: np.ndarray, districts: int, size: int) -> Groups:
    """Price groups: each district's mean cost with the others, added up."""
    members = subsets(districts, size)
    pairs = [members[:, [i, j]] for j in range(size) for i in range(j)]
    total = np.sum([cost[subset_rank(pair)] for pair in pairs], axis=0)
    return Groups(members, total * 2 / (size - 1))
