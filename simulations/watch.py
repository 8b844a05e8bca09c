"""Who would see it? Every line of a design tested for schools that stand just on its better side.

Single tests are in `nulls.py`; two measures that should move together are in `moved_apart`. Many
lines are tested at once, so each p is also given as Holm has it. No school is named: a school on
the better side of a line may well have earned it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from analysis.findings.bunching import Line, lines_of
from analysis.problems import fail
from analysis.ratings.rate import Ratings
from simulations.nulls import FEWEST, Chance, chance_of

WINDOWS: Final = {"n": 3.0, "value": 2.0}
"""How far "just" reaches: students for a minimum n, points (or per cent) for a value."""

COLUMNS: Final = ("line", "on", "at", "group", "null", "near", "excess", "error", "p", "p_holm")


def watch(
    ratings: Ratings, *, year: int, window: float | None = None, draws: int = 999, seed: int = 1
) -> pd.DataFrame:
    """Test every line of a design that is fixed in advance.

    A value is tested for all students and for each group; sizes are tested for all groups
    together, since any group may be kept small. Changes (numbers below 0) are left out: they heap
    at 0 where nothing can change, which no null here knows.

    Args:
        ratings: a design and a panel.
        year: whose figures.
        window: how far "just" reaches, in the unit of the line; else as WINDOWS says.
        draws: of chance, for each line.
        seed: of the stream "nulls".

    Returns:
        One row for each line and group that FEWEST schools stand near: line (the step), on (value
        or n), at (the cut points), group, null, near, excess (schools), error (of the excess, by
        chance), p (one-sided), p_holm (for all rows together).

    Raises:
        ProblemsError: no line has so many schools near it.

    Source: S. Holm (1979), Scand. J. Stat. 6(2), by statsmodels.
    """
    rows = []
    for line in lines_of(ratings, year=year):
        at = ", ".join(f"{x:g}" for x in line.bounds)
        reach = window or WINDOWS[line.on]
        for group, x, n in _held(line):
            found = chance_of(line, x, n, window=reach, draws=draws, seed=seed)
            if found is not None:
                rows.append((line.step, line.on, at, group, *_told(found)))
    if not rows:
        raise fail(
            ratings.design.name,
            f"no fixed line has {FEWEST} schools near it in {year}, so nothing can be tested.",
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    return table.assign(p_holm=multipletests(table["p"], method="holm")[1])


def _held(line: Line) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give what is held against a line, group by group, with n for rates."""
    if line.on == "n":
        sizes = line.n.ravel()
        yield "every group", np.where(sizes > 0, sizes, np.nan), np.full(sizes.shape, np.nan)
        return
    if (line.value < 0).any():
        return
    for place, group in enumerate(line.groups):
        yield group, line.value[:, place], line.n[:, place]


def _told(found: Chance) -> tuple[str, int, float, float, float]:
    return found.null, found.near, found.excess, found.error, found.p


@dataclass(frozen=True)
class Apart:
    """How much more one measure moved at schools under pressure than another lets expect.

    In the unit of the first measure; `low` and `high` bound its 95 % interval; `p` is two-sided.
    """

    more: float
    low: float
    high: float
    p: float
    schools: int
    pressed: int


def moved_apart(first: np.ndarray, second: np.ndarray, pressed: np.ndarray) -> Apart:
    """Compare changes of two measures that should move together, at schools under pressure.

    So a counted test is set beside one that does not count (audit), suspensions beside other
    absences, redesignation beside scores on the test of English, tests given beside enrollment. A
    school is under pressure by its rating of the year before, never by the figures that are tested.

    Args:
        first: change of the measure that counts, over school.
        second: change of the other measure.
        pressed: whether the school was under pressure.

    Raises:
        ProblemsError: fewer than FEWEST schools have both, or pressure does not differ.

    Source: least squares with errors for unequal variance (HC3), statsmodels.
    """
    there = np.isfinite(first) & np.isfinite(second)
    under = pressed[there].astype(float)
    if there.sum() < FEWEST or under.min() == under.max():
        text = f"needs {FEWEST} schools with both changes, some under pressure and some not"
        raise fail("two measures", f"{text}; {int(there.sum())} have both.")
    design = np.column_stack([np.ones(len(under)), second[there], under])
    fitted = sm.OLS(first[there], design).fit(cov_type="HC3")
    low, high = fitted.conf_int()[2]
    more, p = fitted.params[2], fitted.pvalues[2]
    return Apart(float(more), float(low), float(high), float(p), len(under), int(under.sum()))
