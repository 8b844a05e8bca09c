"""Shrinkage beyond its worked case: given standard errors, a known normal world, wrong words."""

import numpy as np
import pandas as pd
import pytest

from analysis.designs.design import design_from
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

CLAUSE = {
    "rule": "shrink",
    "of": "x",
    "pool": "all_schools",
    "base_year": "yearly",
    "towards": "grand_mean",
}


def shrunk(value, *, se=None, n=None, **words) -> np.ndarray:
    said = {
        "title": "Shrink",
        "evidence": "derived",
        "groups": {"el": "English learners"} if "own_mean" in words else {},
        "schools": {"level": {"holds": "text", "one_of": ["high"]}},
        "measures": {"x": {}},
        "points": {"y": CLAUSE | words},
    }
    names = [f"{i:04d}" for i in range(len(value))]
    rows = {"school": names, "year": 2025, "measure": "x", "value": value}
    rows |= {word: given for word, given in (("se", se), ("n", n)) if given is not None}
    schools = pd.DataFrame({"school": names, "level": "high"})
    ratings = rate(design_from(said, name="shrink"), make_panel(schools, pd.DataFrame(rows)))
    return ratings["y"].value.values.ravel()


def test_standard_errors_that_the_panel_gives() -> None:
    """Mean 20, variance 100; squared errors 16, 36, 68 average 40: true 60.

    w = 60/76, 60/96, 60/128, so 20 - 600/76 = 12.105263, 20, 20 + 600/128 = 24.6875.
    """
    found = shrunk([10.0, 20.0, 30.0], se=[4.0, 6.0, np.sqrt(68)])
    assert found == pytest.approx([20 - 600 / 76, 20, 24.6875])


def test_a_value_without_error_is_believed() -> None:
    assert shrunk([10.0, 20.0, 30.0], se=[0.0, 0.0, 0.0]) == pytest.approx([10, 20, 30])


def test_no_value_varies_by_more_than_sampling() -> None:
    """Variance 100, squared errors 144: nothing is true, every school is the mean."""
    for form in ("plain", "constrained"):
        found = shrunk([10.0, 20.0, 30.0], se=[12.0] * 3, form=form)
        assert found == pytest.approx([20, 20, 20])


def test_the_normal_world_of_the_textbook() -> None:
    """True variance 64, students 20 apart; n is 10 or 90, so sampling is 40 or 4.44.

    w is 64/104 or 64/68.44; the mean squared error falls to w x sampling: 24.6 and 4.16, against
    40 and 4.44 of the raw values. Constrained values vary as true ones, plain ones less.
    """
    random = np.random.default_rng(1)
    n = np.repeat([10, 90], 4000)
    truth = random.normal(50, 8, len(n))
    value = truth + random.normal(0, 20 / np.sqrt(n))
    plain = shrunk(value, n=n, deviation=20)
    spread = shrunk(value, n=n, deviation=20, form="constrained")
    for size, expected in ((10, 24.6), (90, 4.16)):
        found = np.mean((plain - truth)[n == size] ** 2)
        assert found == pytest.approx(expected, rel=0.1)  # error 2.2 %, and that of the variance
    assert np.var(spread) == pytest.approx(64, rel=0.06)
    assert np.var(plain) == pytest.approx((64 * 64 / 104 + 64 * 64 / 68.44) / 2, rel=0.08)


def test_small_schools_leave_both_ends_of_the_list() -> None:
    """Share of small schools (half of all) in the lowest 5 %, by one line cut through two normals.

    Variances are 104 and 68.44 raw: 0.674; shrunken 64 squared over these, 39.4 and 59.8: 0.326.
    """
    random = np.random.default_rng(2)
    n = np.repeat([10, 90], 1000)
    value = random.normal(50, np.sqrt(64 + 400 / n))
    lists = {
        name: np.argsort(x)[:100]
        for name, x in (("raw", value), ("plain", shrunk(value, n=n, deviation=20)))
    }
    small = {name: np.mean(n[rows] == 10) for name, rows in lists.items()}
    assert small["raw"] == pytest.approx(0.674, abs=0.1)  # two errors of a share of 100
    assert small["plain"] == pytest.approx(0.326, abs=0.1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "needs the standard errors of x, which are not there"),
        ({"deviation": 20}, "needs the number of students n of x"),
        ({"deviation": 20, "base_year": 2020}, "takes its means from 2020; the panel has 2025"),
        ({"towards": "mean_of_kind"}, "must be given with towards: mean_of_kind, and only then"),
        ({"kind_of": "level"}, "must be given with towards: mean_of_kind, and only then"),
        ({"error": "rate", "deviation": 20}, "must not be given with error: rate"),
        ({"error": "rate", "own_mean": ["ell"]}, "there is no group ell; there are all, el."),
    ],
    ids=str,
)
def test_what_cannot_be_is_told(words, told) -> None:
    with pytest.raises(ProblemsError, match=told):
        shrunk([10.0, 20.0], **words)
