"""What score was to be expected of each student, and how far above it is the student's own?

To add a model: one function that gives its slopes, and its line in `_SLOPES`.

A school's growth is the mean of these differences over its students. Means of residuals of a model
with the school's own means in it are uncorrelated with these by construction; means of residuals
are drawn towards zero where schools differ in what the model controls for; and error in the score
before pulls its slope towards zero. Each model below does away with more of this than the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from analysis.designs.counting import Counting
from analysis.designs.definitions import Growth
from analysis.panels.students.counts import NO_SCORE_BEFORE, Count, count_of, prior_of, residual_of
from analysis.panels.students.table import ROW
from analysis.problems import fail

BEFORE: Final = "score before"
OTHER: Final = "other score before"
SCORE: Final = "score"
_OTHERS: Final = {"ela": "math", "math": "ela"}
_FLAT: Final = 1e-9
"""A column of whose variance only such a share is its own tells nothing and is left out."""


@dataclass(frozen=True)
class Sample:
    """Students of one grade and year: score, regressors, instrument, school (as a number).

    `x` has one column for each regressor, the score before first.
    """

    y: np.ndarray
    x: np.ndarray
    other: np.ndarray
    school: np.ndarray


@dataclass(frozen=True)
class Model:
    """What is expected: intercept and slopes in score points; `spread` is the sd around it."""

    intercept: float
    slopes: np.ndarray
    spread: float

    def above(self, sample: Sample) -> np.ndarray:
        """Say how far each score lies above the expected one, in score points."""
        return np.asarray(sample.y - self.intercept - sample.x @ self.slopes)


def columns_read(clause: Growth) -> frozenset[str]:
    """Name the columns of students that a growth measure reads besides those it counts by."""
    subjects: list[str] = [clause.subject]
    if clause.corrected_by == "other_subject":
        subjects.append(_OTHERS[clause.subject])
    return frozenset((*clause.controls, *(f"{one}_score" for one in subjects)))


def growth_columns(
    rows: pl.LazyFrame, clause: Growth, name: str, *, counting: Counting
) -> pl.DataFrame:
    """Compute for each student with two scores how far the later one lies above expectation.

    With `scale: percentile` the difference is in standard deviations of the grade, so that grades
    can be averaged; with `points` it is in score points.

    Args:
        rows: clean student rows, not yet counted.
        clause: the definition.
        name: its measure.
        counting: the heading `students`.

    Returns:
        Columns row, `<name> prior` (true) and `<name> residual`, for students with a score before
        (and, where that is the instrument, one in the other subject); the residual is empty where
        a grade and year has too few students for a model.

    Raises:
        ProblemsError: the base year has no student with a score before.
    """
    pairs = _pairs(rows, clause, count_of(clause, counting, name))
    x = [BEFORE, *clause.controls]
    if clause.model == "residual_with_school_means":
        means = {f"school's {one}": pl.col(one).mean().over("school", "year") for one in x}
        pairs, x = pairs.with_columns(**means), [*x, *means]
    above = np.full(len(pairs), np.nan)
    held = clause.reference == "base_year"
    models = _of_base_year(pairs, x, clause) if held else {}
    if held and not models:
        text = f"no student of {clause.base_year} has a score before. Name another year."
        raise fail(f"measures.{name}.from_students.base_year", text)
    for (grade, _), at in _cells(pairs):
        sample = _sample(pairs, at, x)
        model = models.get(grade) if held else _fit(sample, clause)
        if model is not None:
            scale = model.spread if clause.scale == "percentile" else 1.0
            above[at] = model.above(sample) / scale
    found = pl.Series(residual_of(name), above).fill_nan(None)
    return pairs.select(ROW, pl.lit(value=True).alias(prior_of(name)), found)


def _of_base_year(pairs: pl.DataFrame, x: list[str], clause: Growth) -> Mapping[int, Model | None]:
    """Fit the model of each grade to the students of the base year."""
    base = pairs.filter(pl.col("year") == clause.base_year)
    return {grade: _fit(_sample(base, at, x), clause) for (grade, _), at in _cells(base)}


def _pairs(rows: pl.LazyFrame, clause: Growth, count: Count) -> pl.DataFrame:
    """Put the score before beside each score; of several, that of the longest row."""
    score, other = f"{clause.subject}_score", f"{_OTHERS[clause.subject]}_score"
    wants_other = clause.corrected_by == "other_subject"
    tested = count.counted(until=NO_SCORE_BEFORE)
    grade_before = pl.col("grade").replace_strict(dict(clause.prior), return_dtype=pl.Int64)
    now = rows.filter(tested).select(
        ROW,
        "student",
        "school",
        "year",
        "grade",
        pl.col(score).alias(SCORE),
        *(pl.col(one).cast(pl.Float64) for one in clause.controls),
        grade_before.alias("grade before"),
    )
    before = rows.filter(pl.col(score).is_not_null()).select(
        "student",
        pl.col("year").alias("year before"),
        pl.col("grade").alias("grade before"),
        pl.col(score).alias(BEFORE),
        (pl.col(other) if wants_other else pl.lit(0.0)).alias(OTHER),
        pl.col("days_enrolled").alias("days before"),
        pl.col(ROW).alias("row before"),
    )
    before = before.filter(pl.col(OTHER).is_not_null())
    gap = pl.col("grade") - pl.col("grade before")
    now = now.with_columns((pl.col("year") - gap).alias("year before"))
    keys = ["student", "year before", "grade before"]
    joined = now.join(before, on=keys).collect(engine="streaming")
    order = joined.sort([ROW, "days before", "row before"], descending=[False, True, False])
    return order.unique(ROW, keep="first", maintain_order=True)


def _cells(pairs: pl.DataFrame) -> list[tuple[tuple[int, int], np.ndarray]]:
    """Give the rows of each grade and year, in order."""
    found = pairs.with_row_index("at").group_by("grade", "year").agg(pl.col("at").sort())
    ordered = found.sort("grade", "year")
    return [((g, y), np.asarray(at)) for g, y, at in ordered.iter_rows()]


def _sample(pairs: pl.DataFrame, at: np.ndarray, x: list[str]) -> Sample:
    here = pairs[at]
    codes = here["school"].to_pandas().factorize(sort=True)[0]
    columns = here.select(x).to_numpy()
    return Sample(here[SCORE].to_numpy(), columns, here[OTHER].to_numpy(), np.asarray(codes))


def _fit(sample: Sample, clause: Growth) -> Model | None:
    """Fit the model of one grade and year; None where there are too few students for it."""
    kind = clause.model if clause.model != "corrected" else clause.corrected_by
    centered = sample.x if kind in _PLAIN else _within(sample.x, sample.school)
    live = _independent(centered - centered.mean(axis=0), sample.x)
    absorbed = 1 if kind in _PLAIN else int(sample.school.max(initial=0)) + 1
    if 0 not in live or len(sample.y) <= len(live) + absorbed:
        return None
    used = Sample(sample.y, sample.x[:, live], sample.other, sample.school)
    slopes = np.zeros(sample.x.shape[1])
    slopes[live] = _SLOPES[str(kind)](used, clause.reliability or 1.0)
    rest = sample.y - sample.x @ slopes
    spread = float(rest.std())
    return Model(float(rest.mean()), slopes, spread if spread > _FLAT else 1.0)


def _independent(centered: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Name the columns that are no combination of columns before them; the others tell nothing."""
    size = np.linalg.norm(x - x.mean(axis=0), axis=0)
    scaled = centered / np.where(size > 0, size, 1.0)
    products = scaled.T @ scaled
    live: list[int] = []
    for column in range(x.shape[1]):
        own = products[column, column]
        if live:
            shared = products[live, column]
            own = own - shared @ np.linalg.solve(products[np.ix_(live, live)], shared)
        if own > _FLAT:
            live.append(column)
    return np.array(live, dtype=int)


def _within(x: np.ndarray, school: np.ndarray) -> np.ndarray:
    """Take from each number the mean of its school; `x` has one row for each student."""
    frame = pd.DataFrame(x)
    return np.asarray(frame - frame.groupby(school).transform("mean"))


def _by_regression(sample: Sample, _reliability: float) -> np.ndarray:
    """Regress on the score before and the controls (ordinary least squares)."""
    import statsmodels.api as sm  # noqa: PLC0415 (slow to load)

    model = sm.OLS(sample.y, sm.add_constant(sample.x, has_constant="add"))
    try:
        fit = model.fit(method="qr")
    except np.linalg.LinAlgError:  # columns of few students may be combinations but for rounding
        fit = model.fit(method="pinv")
    return np.asarray(fit.params[1:])


def _with_schools(sample: Sample, _reliability: float) -> np.ndarray:
    """Regress on schools and controls together: slopes come from differences within schools."""
    return _absorbing(sample.y, sample.x, sample.school)


def _absorbing(y: np.ndarray, x: np.ndarray, school: np.ndarray) -> np.ndarray:
    from linearmodels.iv import AbsorbingLS  # noqa: PLC0415 (slow to load)

    effects = pd.DataFrame({"school": pd.Categorical(school)})
    return np.asarray(AbsorbingLS(y, x, absorb=effects).fit().params)


def _by_instrument(sample: Sample, _reliability: float) -> np.ndarray:
    """Regress within schools, the score before instrumented by that in the other subject.

    Two-stage least squares. The other score must go with the true score before and not with the
    error in the score before (Wooldridge 2010, Econometric Analysis, chapter 5).
    """
    from linearmodels.iv import IV2SLS  # noqa: PLC0415 (slow to load)

    columns = np.column_stack([sample.y, sample.x, sample.other])
    parts = _within(columns, sample.school)
    y, before, other = parts[:, 0], parts[:, 1], parts[:, -1]
    controls = parts[:, 2:-1] if sample.x.shape[1] > 1 else None
    params = np.asarray(IV2SLS(y, controls, before, other).fit(cov_type="unadjusted").params)
    return np.append(params[-1:], params[:-1])  # the instrumented one comes last


def _by_reliability(sample: Sample, reliability: float) -> np.ndarray:
    """Regress on the score that was to be expected before, given its reliability and the rest.

    Regression calibration (Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement Error in
    Nonlinear Models, chapter 4), which for a linear model is the classical correction: within
    schools and controls a smaller share of the variance is true, so the slope is divided by
    1 - (1 - reliability) var(score) / var(what schools and controls leave of it).
    """
    before, rest = sample.x[:, 0], sample.x[:, 1:]
    left = _within(before[:, None], sample.school)[:, 0]
    if rest.shape[1]:
        within = _within(rest, sample.school)
        left = left - within @ _absorbing(before, rest, sample.school)
    true_share = 1 - (1 - reliability) * before.var() / left.var()
    expected = before - (1 - max(true_share, _FLAT)) * left
    return _absorbing(sample.y, np.column_stack([expected, rest]), sample.school)


_PLAIN: Final = ("residual", "residual_with_school_means")
_SLOPES: Final[Mapping[str, Callable[[Sample, float], np.ndarray]]] = {
    "residual": _by_regression,
    "residual_with_school_means": _by_regression,
    "school_effect": _with_schools,
    "other_subject": _by_instrument,
    "reliability": _by_reliability,
}
