"""Who is named, how often again, and what would change it? Rows C1, C3, C4, C18, C19 and C24-C26.

To add a figure: a function here that takes arrays over schools, and a line in `of_naming`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.ratings.rate import rate
from simulations.population.figures import Figure
from simulations.published.levels import COUNTED, levels_of
from simulations.published.seen import GROWTH_YEAR, INDEX_YEAR, Seen
from simulations.published.shares import also_on, average, correlation, lowest, percent, returning

TESTS: Final = ("ela", "math")
GROWTH: Final = ("ela_growth", "math_growth")
CSI: Final = ("csi_graduation", "csi_low")
TARGETED: Final = ("tsi", "atsi")
RULE_SETS: Final = (
    ("lowest",),
    ("identified",),
    ("priority",),
    ("focus",),
    CSI,
    ("atsi",),
    TARGETED,
)
"""Lists of one design on the same schools: each a set of rules that somebody used or proposed."""

FEDERAL: Final = (*TESTS, *GROWTH, "graduation_4", "el_progress", "absence", "suspension")
LEAST_N: Final = 20
STRATA: Final = 5
BELOW: Final = 3
"""Levels 1 to 3 are below average, on CORE's public dashboard."""


def of_naming(seen: Seen) -> Iterator[Figure]:
    """Give the figures about lists."""
    status, growth = (average([seen.of(x, GROWTH_YEAR) for x in some]) for some in (TESTS, GROWTH))
    yield "C1.overlap", also_on(lowest(status), lowest(growth))
    yield "C1.r", correlation(status, growth)
    yield "C3.targeted", percent(seen.named(TARGETED, GROWTH_YEAR))
    yield "C3.lowest_on_one", percent(_lowest_on_one(seen, GROWTH_YEAR))
    yield "C4.quality_moves", _quality_moves(seen, GROWTH_YEAR)
    shares = [percent(seen.named(some, GROWTH_YEAR)) for some in RULE_SETS]
    yield "C18.least", min(shares)
    yield "C18.most", max(shares)
    yield from _of_rules(levels_of(seen, COUNTED, INDEX_YEAR))
    yield from _of_groups(seen)
    for name, some in (
        ("C25.lowest", ("lowest",)),
        ("C25.csi", ("csi_low",)),
        ("C26.gap", ("focus",)),
    ):
        later = [year for year in seen.years if year >= INDEX_YEAR]
        marks = [seen.named(some, year) for year in later]
        yield name, returning(np.stack(marks, axis=1)) if marks else np.nan
    yield "C26.status", _status_returns(seen)


def _status_returns(seen: Seen) -> float:
    later = [year for year in seen.years if year >= INDEX_YEAR]
    marks = [lowest(average([seen.of(x, year) for x in TESTS])) for year in later]
    return returning(np.stack(marks, axis=1)) if marks else np.nan


def _lowest_on_one(seen: Seen, year: int) -> np.ndarray:
    """Mark schools in which a group is at level 1 of some indicator, two years in a row."""
    groups = seen.ratings.design.header.sets["eleven"]
    names = [name for name in FEDERAL if f"{name}_level" in seen.ratings.design.steps]
    cells = [
        np.stack([seen.of(f"{name}_level", y, group) for y in (year - 1, year)])
        for name in names
        for group in groups
    ]
    return at_lowest(np.stack(cells))


def at_lowest(levels: np.ndarray) -> np.ndarray:
    """Mark schools with a cell that is at level 1 in every year; missing where no cell is known.

    Args:
        levels: over cell (group and indicator), year and school.
    """
    low = (levels == 1).all(axis=1).any(axis=0)
    unknown = np.isnan(levels).any(axis=1).all(axis=0)
    return np.where(unknown, np.nan, low * 1.0)


def _quality_moves(seen: Seen, year: int) -> float:
    """Give the per cent of the federal list that leaves it when school quality does not count."""
    without = seen.ratings.design.vary({"federal_part.of.federal_quality": 0})
    other = Seen(rate(without, seen.ratings.panel, earlier=seen.ratings))
    return 100 - also_on(*(one.named(("csi_low",), year) for one in (seen, other)))


def _of_rules(levels: np.ndarray) -> Iterator[Figure]:
    for name, marks in rule_types(levels).items():
        yield f"C24.{name}", percent(marks)


def rule_types(levels: np.ndarray) -> Mapping[str, np.ndarray]:
    """Name schools by three kinds of rule on the same levels.

    Args:
        levels: over school and measure; what a school lacks is missing.

    Returns:
        `every` (below average on every measure), `average` (on the mean of all), `any` (on some).
    """
    known = ~np.isnan(levels)
    low = (levels <= BELOW) & known
    means = np.nansum(levels, axis=1) / np.maximum(known.sum(axis=1), 1)
    found = {"every": (low | ~known).all(axis=1), "average": means <= BELOW, "any": low.any(axis=1)}
    judged = known.any(axis=1)
    return {name: np.where(judged, marks, np.nan) for name, marks in found.items()}


def _of_groups(seen: Seen) -> Iterator[Figure]:
    groups = seen.ratings.design.header.sets["eleven"]
    count = sum(seen.counts("ela", GROWTH_YEAR, group) >= LEAST_N for group in groups)
    quality = _true_quality(seen, GROWTH_YEAR)
    for name, some in (("C19.targeted", TARGETED), ("C19.lowest", ("lowest",))):
        marks = seen.named(some, GROWTH_YEAR)
        yield name, more_groups(marks, np.asarray(count), quality)


def _true_quality(seen: Seen, year: int) -> np.ndarray:
    """Give each school's mean rank in true achievement; missing without a truth."""
    truth = seen.ratings.panel.truth
    if truth is None:
        return np.full(len(seen.schools), np.nan)
    whole = (truth["part"] == "") & (truth["group"] == "all") & (truth["year"] == year)
    rows = truth[whole & truth["measure"].isin(TESTS)]
    ranks = rows.pivot_table(index="school", columns="measure", values="value").rank(pct=True)
    found: np.ndarray = ranks.mean(axis=1).reindex(seen.schools).to_numpy()
    return found


def more_groups(marks: np.ndarray, groups: np.ndarray, quality: np.ndarray) -> float:
    """Give how many points more schools with many groups are named, at equal true quality.

    Schools are cut into fifths by quality; in each, those with more groups than its median school
    are held against those with fewer.

    Args:
        marks: who is named.
        groups: how many groups each school reports.
        quality: what is truly so.
    """
    table = pd.DataFrame({"named": marks, "groups": groups, "quality": quality}).dropna()
    gaps, sizes = [], []
    for _, part in table.groupby(_fifths(table["quality"].to_numpy())):
        many, few = (part["named"][s] for s in _sides(part["groups"]))
        if len(many) and len(few):
            gaps.append(100 * float(many.mean() - few.mean()))
            sizes.append(len(part))
    return float(np.average(gaps, weights=sizes)) if gaps else np.nan


def _fifths(values: np.ndarray) -> np.ndarray:
    order = np.empty(len(values), dtype=int)
    order[np.argsort(values, kind="stable")] = np.arange(len(values))
    found: np.ndarray = order * STRATA // max(len(values), 1)
    return found


def _sides(groups: pd.Series[float]) -> Sequence[pd.Series[bool]]:
    middle = groups.median()
    return [groups > middle, groups < middle]
