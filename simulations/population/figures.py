"""What does a population look like in one year? Shares, means and gaps, as they are published.

To add a figure: one function that yields names and values, called in `of_one_year`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from simulations.population.blocks import LEVELS, SUBJECTS
from simulations.population.expected import ATTENDS, CHRONIC, READY_GPA, READY_GRADE
from simulations.population.world import World

Figure = tuple[str, float]
GRADE: Final = pl.col("grade")
HERE: Final = pl.col("days_enrolled") > 0
ABSENT: Final = pl.col("days_absent") >= CHRONIC * pl.col("days_enrolled") - 1e-6
SUSPENDED: Final = (pl.col("suspensions") > 0) | (pl.col("expulsions") > 0)
GRADUATED: Final = (pl.col("graduated_in") == 4).fill_null(value=False)  # noqa: PLR2004 (years)
_CHILD: Final = 4
"""The grade in which published gaps are told."""


def with_levels(world: World, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add district, level, and whether the standard is met, to the rows of students."""
    district = {one.code: name for name, one in world.districts.items()}
    code = pl.col("school").str.slice(0, 2)
    level = pl.when(GRADE <= 5).then(0).when(GRADE <= 8).then(1).otherwise(2)  # noqa: PLR2004
    return rows.with_columns(
        code.replace_strict(district, return_dtype=pl.String).alias("district"),
        level.replace_strict(dict(enumerate(LEVELS)), return_dtype=pl.String).alias("level"),
        *(_met(world, subject).alias(f"{subject}_met") for subject in SUBJECTS),
    )


def _met(world: World, subject: str) -> pl.Expr:
    cuts = {grade: scale.met for grade, scale in world.scale_of(subject).grades.items()}
    cut = GRADE.replace_strict(cuts, default=None, return_dtype=pl.Float64)
    return pl.col(f"{subject}_score") >= cut


def ready() -> pl.Expr:
    """Say who is ready for high school: grades, attendance, marks and no suspension."""
    low = pl.col("mark_ela").is_in(["D", "F"]) | pl.col("mark_math").is_in(["D", "F"])
    attends = pl.col("days_absent") <= (1 - ATTENDS) * pl.col("days_enrolled") + 1e-6
    good = pl.col("gpa") >= READY_GPA - 1e-6
    return good & attends & ~low & (pl.col("suspensions") == 0)


def by(rows: pl.LazyFrame, key: str, name: str, value: pl.Expr) -> Iterator[Figure]:
    """Yield a figure for each district or level; the name says which."""
    table = rows.group_by(key).agg(value.alias("value")).drop_nulls().collect()
    for word, number in table.iter_rows():
        yield f"{name}.{word}", float(number)


def of_one_year(rows: pl.LazyFrame) -> Iterator[Figure]:
    """Give the figures of one year.

    Args:
        rows: students of one year, with `with_levels`.
    """
    yield from _who(rows)
    for subject in SUBJECTS:
        yield from by(rows, "district", f"{subject}_met", 100 * pl.col(f"{subject}_met").mean())
    here = rows.filter(HERE)
    for key in ("level", "district"):
        yield from by(here, key, "absence", 100 * ABSENT.mean())
        yield from by(here, key, "suspension", 100 * SUSPENDED.mean())
    learners = rows.filter(pl.col("full_year") & pl.col("el"))
    state = 100 * pl.col("redesignated_state").mean()
    yield from by(learners, "district", "redesignation_state", state)
    cohort = rows.filter(pl.col("cohort") == pl.col("year"))
    yield from by(cohort, "district", "graduation_4", 100 * GRADUATED.mean())
    eighth = rows.filter((GRADE == READY_GRADE) & pl.col("full_year") & pl.col("gpa").is_not_null())
    yield from by(eighth, "district", "readiness", 100 * ready().mean())
    yield from _gaps(rows.filter(_CHILD == GRADE))


def _who(rows: pl.LazyFrame) -> Iterator[Figure]:
    everyone = rows.select(
        rows=pl.len(), schools=pl.col("school").n_unique(), sed=100 * pl.col("sed").mean()
    ).collect()
    yield from ((f"students.{name}", float(everyone[name][0])) for name in everyone.columns)
    yield from by(rows, "district", "el", 100 * pl.col("el").mean())
    child = rows.filter(_CHILD == GRADE).select("el", "rfep").mean().collect()
    yield from ((f"grade_4.{name}", 100 * float(child[name][0])) for name in child.columns)
    whole = rows.filter(pl.col("full_year") & (_CHILD + 1 == GRADE))
    sizes = whole.group_by("school").agg(n=pl.len()).collect()
    yield "grade_5.students", float(np.mean(sizes["n"].to_numpy()))


def _gaps(rows: pl.LazyFrame) -> Iterator[Figure]:
    """Give gaps in English, in standard deviations of all students."""
    known = rows.filter(pl.col("ela_score").is_not_null()).collect()
    score = known["ela_score"].to_numpy()

    def mean(which: Sequence[pl.Expr]) -> float:
        here = known.select(pl.all_horizontal(*which).alias("here"))["here"].to_numpy()
        return float(score[here].mean())

    race, flags = pl.col("race"), {name: pl.col(name) for name in ("sed", "swd", "el", "rfep")}
    pairs = {
        "sed": ([~flags["sed"]], [flags["sed"]]),
        "swd": ([~flags["swd"]], [flags["swd"]]),
        "el": ([~flags["el"], ~flags["rfep"]], [flags["el"]]),
        "black": ([race == "white"], [race == "black"]),
        "hispanic": ([race == "white"], [race == "hispanic"]),
    }
    for name, (above, below) in pairs.items():
        yield f"gap.{name}", (mean(above) - mean(below)) / float(score.std())
