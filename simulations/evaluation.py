"""Did being named help? All that can be asked of one list, one outcome and the years around it.

What could be seen at all comes first, then the line, then what comes back by itself, then the
change against other schools. To ask more: a field of `Evaluation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from analysis.findings.before_after import PanelEffect, event_study, panel_effect
from analysis.findings.detectable import Study, detectable
from analysis.findings.effects import Effect, at_the_line, tier_2_by_distance
from analysis.findings.lasting import by_moments
from analysis.findings.regression_to_mean import beyond_regain
from analysis.findings.running import Running, running
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import of_all, spread, whole_group
from simulations.near_the_line import Shuffles, near_the_line, windows

ASSUMED: Final = (0.5, 0.7, 0.9)
"""Reliabilities that are set side by side where years do not tell it."""

BANDS: Final = 10
"""Bands of distance for the share of tier 2."""


@dataclass(frozen=True)
class Around:
    """What is known of the schools besides their score; all over school.

    `years` has a column for each year of the outcome; `naming` is the year of naming and `looked`
    the year looked at. `covariates` were known before the naming. `tier_2` marks other support.
    """

    years: pd.DataFrame
    naming: int
    looked: int
    covariates: pd.DataFrame = field(default_factory=pd.DataFrame)
    tier_2: np.ndarray | None = None

    @property
    def outcome(self) -> np.ndarray:
        """The outcome in the year looked at."""
        return self.years[self.looked].to_numpy(float)


@dataclass(frozen=True)
class Evaluation:
    """What could be seen, and what was.

    `detectable` is in standard deviations of the outcome. `line` is at the line, or `no_line` says
    why it is not known; `windows` is how its window was chosen (none for smooth scores). `regains`
    has a row for each reliability. `change` and `events` are against other schools over the years,
    or `no_change` says why they are not.
    """

    detectable: pd.DataFrame
    running: Running
    line: Effect | None
    no_line: str
    windows: pd.DataFrame | None
    tier_2: pd.DataFrame | None
    regains: pd.DataFrame
    change: PanelEffect | None
    events: pd.DataFrame | None
    no_change: str


def evaluate(
    run: Running, around: Around, *, reliabilities: Sequence[float] = (), shuffles: Shuffles
) -> Evaluation:
    """Ask all that can be asked of one list and one outcome.

    Args:
        run: schools by their distance to their pool's line.
        around: the outcome by year, and what else is known.
        reliabilities: shares of a year's variance that last, to be set side by side; from the
            years up to the naming, or .5, .7 and .9, without them.
        shuffles: how often schools are shuffled, if the score is discrete.
    """
    known = tuple(reliabilities) or _reliability(around)
    named, others = int(np.nansum(run.distance < 0)), int(np.nansum(run.distance > 0))
    middle = known[len(known) // 2]
    line, tried, no_line = _line(run, around, shuffles)
    change, events, why = _change(run, around)
    return Evaluation(
        detectable([named], Study(named + others, middle)),
        run,
        line,
        no_line,
        tried,
        _tier_2(run, around),
        pd.DataFrame(list(_regains(run, around, known))),
        change,
        events,
        why,
    )


def _reliability(around: Around) -> tuple[float, ...]:
    before = around.years[
        [y for y in map(int, around.years.columns) if y <= around.naming]
    ].dropna()
    few = 3
    if before.shape[1] < 2 or len(before) < few:  # noqa: PLR2004 (two years tell what lasts)
        return ASSUMED
    return (round(float(np.clip(by_moments(before).share, 0.01, 0.99)), 3),)


def _line(
    run: Running, around: Around, shuffles: Shuffles
) -> tuple[Effect | None, pd.DataFrame | None, str]:
    try:
        return *_at_line(run, around, shuffles), ""
    except ProblemsError as error:
        return None, None, str(error)


def _at_line(
    run: Running, around: Around, shuffles: Shuffles
) -> tuple[Effect, pd.DataFrame | None]:
    if not run.discrete:
        return at_the_line(run, around.outcome, tier_2=around.tier_2), None
    if around.covariates.empty:
        text = (
            "the score is discrete, so a window is chosen by what was known before; nothing is. "
            "Give a panel with a year before the naming, or columns of numbers."
        )
        raise fail("window", text)
    tried = windows(run, around.covariates, shuffles=shuffles)
    return near_the_line(
        run,
        around.outcome,
        table=tried,
        tier_2=around.tier_2,
        shuffles=shuffles,
    ), tried


def _tier_2(run: Running, around: Around) -> pd.DataFrame | None:
    if around.tier_2 is None:
        return None
    width = float(np.nanquantile(run.distance[run.distance > 0], 0.5)) / (BANDS / 2)
    return tier_2_by_distance(run, around.tier_2, width=width, most=BANDS)


def _regains(
    run: Running, around: Around, reliabilities: Sequence[float]
) -> Iterator[dict[str, float]]:
    if around.naming not in around.years:
        return
    before, after = around.years[around.naming].to_numpy(float), around.outcome
    both = ~np.isnan(before) & ~np.isnan(after) & ~np.isnan(run.distance)
    mine, others = (both & (run.named == x) for x in (1, 0))
    gain = after - before
    seen = float(gain[mine].mean() - gain[others].mean())
    for r in reliabilities:
        left = beyond_regain(before, after, run.named, reliability=r)
        by_itself = (1 - r) * float(before[others].mean() - before[mine].mean())
        told = {"reliability": r, "gain": seen, "by_itself": by_itself, "beyond": left.effect}
        yield {**told, "low": left.low, "high": left.high}


def _change(run: Running, around: Around) -> tuple[PanelEffect | None, pd.DataFrame | None, str]:
    known = ~np.isnan(run.distance)
    long = around.years[known].assign(
        school=np.flatnonzero(known),
        since=np.where(run.named[known] == 1, around.naming, np.nan),
    )
    long = long.melt(["school", "since"], var_name="year", value_name="outcome")
    try:
        return panel_effect(long), event_study(long), ""
    except ProblemsError as error:
        return None, None, str(error)


def from_ratings(
    ratings: Ratings,
    run: Running,
    *,
    outcome: str,
    naming: int,
    looked: int,
    tier_2: str | None = None,
) -> Around:
    """Lay out an outcome around the year of naming, for the schools of a running variable.

    Args:
        ratings: the ratings of its panel.
        run: schools by their distance to the list's line.
        outcome: a measure or step, of all students.
        naming: the year of naming.
        looked: the year looked at.
        tier_2: a list that gives other support to schools above the line.

    Raises:
        ProblemsError: there is no such outcome, list or year.
    """
    known = ratings.design.names.kinds
    for name, words, among in (
        (outcome, "measure or step", known),
        (tier_2, "list", ratings.design.lists),
    ):
        if name is not None and name not in among:
            near = did_you_mean(name, among)
            raise fail(name, f"is no {words} of {ratings.design.name}.{near}")
    laid = spread(ratings, whole_group(ratings[outcome])).to_numpy()
    years = pd.DataFrame(laid, columns=list(ratings.panel.years)).dropna(axis=1, how="all")
    if naming not in years or looked not in years or looked <= naming:
        text = f"is measured in {listed(years)}; it needs {naming} and a later year to look at."
        raise fail(outcome, text)
    before = years[[y for y in map(int, years.columns) if y < naming]].add_prefix(f"{outcome} ")
    second = None
    if tier_2 is not None:
        marks = of_all(ratings, tier_2, naming)
        second = np.where(run.distance > 0, marks, np.where(run.distance < 0, 0.0, np.nan))
    return Around(years, naming, looked, before, second)


def from_table(table: pd.DataFrame) -> tuple[Running, Around]:
    """Read a table with a row for each school: score, named, outcome, and what else there is.

    Args:
        table: `score` and `outcome` are numbers, `named` is 1 or 0; `pool` (words), `tier_2` (1 or
            0) and `before` (the outcome in the year of naming) may be there; any other column of
            numbers was known before the naming.

    Raises:
        ProblemsError: a column is missing or holds something else.
    """
    needed = ("score", "named", "outcome")
    wrong = [Problem("table", f"has no column {n}.") for n in needed if n not in table]
    numbers = [n for n in (*needed, "tier_2", "before") if n in table]
    wrong += [
        Problem(n, "must hold numbers, and nothing else.")
        for n in numbers
        if not pd.api.types.is_numeric_dtype(table[n])
    ]
    if "named" in table and not set(table["named"].dropna()) <= {0, 1}:
        wrong.append(Problem("named", "must be 1 or 0, or empty where not judged."))
    if wrong:
        raise ProblemsError(wrong)
    pool = table["pool"].to_numpy(object) if "pool" in table else None
    run = running(table["score"].to_numpy(float), table["named"].to_numpy(float), pool)
    more = table.select_dtypes("number").drop(columns=[*numbers, "school", "pool"], errors="ignore")
    years = {0: table["before"]} if "before" in table else {}
    laid = pd.DataFrame({**years, 1: table["outcome"]})
    tier_2 = table["tier_2"].to_numpy(float) if "tier_2" in table else None
    return run, Around(laid, 0, 1, more, tier_2)
