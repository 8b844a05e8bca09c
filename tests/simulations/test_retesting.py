"""The same students tested again: closed forms, the same bytes, and what cannot be."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from analysis.panels.students.measure import measure
from analysis.panels.students.table import make_students
from analysis.problems import ProblemsError
from simulations.retesting import retested
from tests.panels.test_students import design, rows

CUT, SEM = 2567, 30.0
MET = "{definition: met_standard, subject: ela, denominator: tested, cuts: {8: 2567}}"


def students(scores) -> object:
    return make_students(rows(*({"ela_score": float(x)} for x in scores)))


def test_a_student_near_the_line_crosses_it_as_the_normal_curve_says() -> None:
    """Twenty points above the line with an error of thirty: met with the chance Phi(20 / 30)."""
    count = 4000
    again = retested(students([CUT + 20] * count), {"ela_score": SEM}, draw=0, seed=1)
    panel = measure(design({"ela": MET}), again).panel
    chance = norm.cdf(20 / SEM)
    error = math.sqrt(chance * (1 - chance) / count)
    assert float(panel.measures["ela"].value[0, 0, 0]) / 100 == pytest.approx(chance, abs=3 * error)


def test_the_error_has_the_size_that_it_should_and_belongs_to_the_student() -> None:
    count = 5000
    base = students([2500] * count)
    moved = [column(retested(base, {"ela_score": SEM}, draw=d, seed=1)) - 2500 for d in (0, 1)]
    assert moved[0].std() == pytest.approx(SEM, rel=3 / math.sqrt(2 * count))
    assert abs(np.corrcoef(*moved)[0, 1]) < 3 / math.sqrt(count)
    few = make_students(rows(*({"ela_score": 2500.0} for _ in range(7))))
    alone = column(retested(few, {"ela_score": SEM}, draw=0, seed=1)) - 2500
    assert np.array_equal(alone, moved[0][:7])  # whoever else is there


def column(found) -> np.ndarray:
    return found.rows.select("ela_score").collect()["ela_score"].to_numpy()


def test_scales_keep_their_range_and_missing_answers_stay_missing() -> None:
    told = [5.0, 1.0, None, 3.0] * 50
    base = make_students(rows(*({"growth_mindset": x} for x in told)))
    found = retested(base, {"growth_mindset": 0.5}, draw=0, seed=1).rows.collect()
    fresh = found["growth_mindset"]
    assert fresh.is_null().to_list() == [x is None for x in told]
    assert (fresh.min(), fresh.max()) == (1.0, 5.0)
    assert (
        retested(base, {"growth_mindset": 0.0}, draw=0, seed=1)
        .rows.collect()
        .equals(base.rows.with_columns(pl.col("growth_mindset").cast(pl.Float64)).collect())
    )


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ({"ela_scor": 30.0}, "Did you mean ela_score?"),
        ({"race": 1.0}, "race: is no column of numbers"),
        ({"ela_score": -1.0}, "cannot be negative"),
    ],
)
def test_what_cannot_be_is_told(errors, told: str) -> None:
    with pytest.raises(ProblemsError) as error:
        retested(students([2500]), errors, draw=0, seed=1)
    assert told in str(error.value)
