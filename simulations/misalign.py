"""How do the same students look under two definitions of a measure, as they are and drawn again?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.designs.design import Design
from analysis.findings.misalignment import Misalignment, misalignment
from analysis.panels.panel import Panel
from analysis.panels.students.table import Students
from analysis.problems import did_you_mean, fail, listed
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import spread, whole_group
from analysis.values import Reason, Values
from simulations.published.settling import measured_anew, only_counting
from simulations.resample import resampled, sample


def compared(
    designs: tuple[Design, Design],
    students: Students,
    *,
    levels: tuple[str, str],
    year: int | None,
    draws: tuple[int, int],
) -> tuple[Misalignment, Ratings]:
    """Count the same students under two designs, as they are and drawn again.

    Args:
        designs: which differ in how they count a measure.
        students: the rows.
        levels: the measure, and the step with its levels.
        year: of the comparison; the last one without it.
        draws: how many, and their seed; both designs see the same students in each.

    Raises:
        ProblemsError: there is no such measure, step or year, or both count it alike.
    """
    measure, step = levels
    for name, among in ((measure, designs[0].measures), (step, designs[0].steps)):
        if name not in among:
            near = did_you_mean(name, among)
            raise fail(name, f"is not in {designs[0].name}.{near}")
    if measure not in measured_anew(*designs):
        raise fail(measure, "is counted alike by both designs; name a preset that changes it.")
    seen, drawn = [], []
    for design in (only_counting(one, (measure,)) for one in designs):
        ready = sample(design, students)
        ratings = rate(design, _with_others(design, ready.panel))
        redrawn = resampled(ready, range(draws[0]), seed=draws[1])
        again = rate(design, _with_others(design, redrawn))
        seen.append(_levels(ratings, step, year))
        drawn.append(_levels(again, step, year))
    return misalignment(np.stack(seen), np.stack(drawn)), ratings


def _with_others(design: Design, panel: Panel) -> Panel:
    """Add the design's other measures as not measured, since the levels do not rest on them."""
    known = next(iter(panel.measures.values())).value
    frame = known.isel(draw=0) if "draw" in known.dims else known
    reason = frame.copy(data=np.full(frame.shape, Reason.NOT_MEASURED, np.int8))
    nothing = frame.copy(data=np.full(frame.shape, np.nan))
    blank = Values(nothing, reason, nothing, nothing, nothing)
    others = {name: blank for name in design.measures if name not in panel.measures}
    return replace(panel, measures={**others, **panel.measures}, _codes={})


def _levels(ratings: Ratings, step: str, year: int | None) -> np.ndarray:
    """Give the levels of whole schools, over draw (if there are any) and school."""
    years = ratings.panel.years
    if year is not None and year not in years:
        raise fail(ratings.panel.name, f"has no year {year}; it has {listed(years)}.")
    laid = spread(ratings, whole_group(ratings[step])).sel(year=years[-1] if year is None else year)
    whole = (ratings.panel.units["part"] == "").to_numpy()
    return np.where(whole, laid.transpose(..., "school").to_numpy(), np.nan)
