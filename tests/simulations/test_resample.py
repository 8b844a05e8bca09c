"""Students drawn again: one student everywhere, textbook spread, the same bytes in any order."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import betaln

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import design_from, load_design
from analysis.panels.reading import read_panel
from analysis.panels.students.table import make_students
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from simulations.resample import Sampled, halves, resampled, sample
from tests.panels.test_students import HEAD, design, rows

ABSENT = "{definition: chronic_absence, minimum_days: 30}"
SUSPENDED = "{definition: suspended, events: [suspensions]}"
GPA = "{definition: scale_mean, column: gpa}"
MET = "{definition: met_standard, subject: ela, denominator: at_least_95, cuts: {8: 2567}}"
GROUPS = f"{HEAD}, groups: {{el: el, swd: swd}}"


def school(count: int, absent: int, *, code: str = "0101") -> list[dict]:
    """Some students, the first of them absent and suspended, each third a learner of English."""
    return [
        {
            "student": f"{code}-{i}",
            "school": code,
            "days_absent": 40 if i < absent else 0,
            "suspensions": int(i < absent),
            "el": i % 3 == 0,
            "gpa": 2.0 + (i % 5) / 4,
        }
        for i in range(count)
    ]


def sampled_of(*people: dict, says: dict[str, str]) -> Sampled:
    return sample(design(says, students=GROUPS), make_students(rows(*people)))


@pytest.fixture(scope="module")
def two() -> Sampled:
    """Two schools; absence and suspension strike the same students."""
    people = [*school(40, 12), *school(25, 0, code="0102")]
    return sampled_of(*people, says={"absence": ABSENT, "suspension": SUSPENDED, "gpa": GPA})


def test_one_student_counts_alike_in_every_measure_and_group(two: Sampled) -> None:
    drawn = resampled(two, range(50), seed=3).measures
    a, b = drawn["absence"], drawn["suspension"]
    first = {"school": 0}
    assert np.array_equal(a.value.isel(first), b.value.isel(first), equal_nan=True)
    assert np.array_equal(a.n, b.n, equal_nan=True)
    everyone, learners = (a.n.sel(group=g).to_numpy() for g in ("all", "el"))
    assert (np.nan_to_num(learners) <= everyone).all()
    assert len(np.unique(everyone)) > 5  # the number of students varies too


def test_a_rate_and_a_mean_spread_as_the_textbook_says(two: Sampled) -> None:
    """Binomial sqrt(p q / n) and s / sqrt(n), which Poisson weights reach as n grows."""
    draws = 600
    drawn = resampled(two, range(draws), seed=5).measures
    p, n = 12 / 40, 40
    for name, spread, mean in (
        ("absence", 100 * math.sqrt(p * (1 - p) / n), 100 * p),
        ("gpa", math.sqrt(np.var([2 + i / 4 for i in range(5)]) / n), 2.5),
    ):
        found = drawn[name].value.isel(school=0, year=0, group=0).to_numpy()
        # the ratio of two random sums spreads by about 1/n more; Monte Carlo error is 1 / sqrt(2 d)
        assert found.std() == pytest.approx(spread, rel=3 / math.sqrt(2 * draws) + 1.5 / n)
        assert found.mean() == pytest.approx(mean, abs=3 * spread / math.sqrt(draws))


def test_a_rate_of_nought_varies_by_what_its_count_leaves_open(two: Sampled) -> None:
    """0 of 25: the chance has the mean (0 + 1/2) / (25 + 1), by Jeffreys' prior."""
    draws = 600
    found = resampled(two, range(draws), seed=7).measures["absence"].value
    nought = found.isel(school=1, year=0, group=0).to_numpy()
    mean = 100 * 0.5 / 26
    assert nought.mean() == pytest.approx(mean, abs=3 * nought.std() / math.sqrt(draws))
    # nobody again, with 25 students each time: B(1/2, 50 + 1/2) / B(1/2, 25 + 1/2)
    still = math.exp(betaln(0.5, 50.5) - betaln(0.5, 25.5))
    assert (nought == 0).mean() == pytest.approx(still, abs=0.06)


def test_the_same_draw_gives_the_same_bytes_whatever_others_there_are(two: Sampled) -> None:
    together = resampled(two, range(9), seed=1).measures
    for some in ((4,), (8, 4), (7, 5, 4)):
        alone = resampled(two, some, seed=1).measures
        for name in two.entries:
            for word in ("value", "n", "se"):
                a = getattr(together[name], word).isel(draw=list(some)).to_numpy()
                assert a.tobytes() == getattr(alone[name], word).to_numpy().tobytes()
    other = resampled(two, range(9), seed=2).measures["gpa"].value
    assert not np.array_equal(other, together["gpa"].value)


def test_two_halves_are_the_whole(two: Sampled) -> None:
    one, other = halves(two, draw=0, seed=1)
    for name in ("absence", "suspension"):
        a, b, whole = (p.measures[name] for p in (one, other, two.panel))
        assert np.array_equal(np.nan_to_num(a.n) + np.nan_to_num(b.n), np.nan_to_num(whole.n))
        k = np.nan_to_num(a.numerator) + np.nan_to_num(b.numerator)
        assert np.array_equal(k, np.nan_to_num(whole.numerator))
    again, _ = halves(two, draw=0, seed=1)
    assert np.array_equal(again.measures["gpa"].value, one.measures["gpa"].value, equal_nan=True)
    assert not np.array_equal(
        halves(two, draw=1, seed=1)[0].measures["gpa"].n, one.measures["gpa"].n
    )


def test_95_per_cent_of_those_who_should_be_tested_stay_the_least_denominator() -> None:
    """20 students, 10 without a score, 8 others above the line: 8 of 19, not of 10."""
    score = [2600.0] * 8 + [2500.0] * 2 + [None] * 10
    people = [{"student": str(i), "ela_score": told} for i, told in enumerate(score)]
    found = sampled_of(*people, says={"ela": MET})
    assert float(found.panel.measures["ela"].value[0, 0, 0]) == pytest.approx(800 / 19)
    drawn = resampled(found, range(40), seed=1).measures["ela"]
    told = (drawn.n, drawn.numerator, drawn.value)
    tested, met, value = (a[:, 0, 0, 0].to_numpy() for a in told)
    due = 100 * met / value / 0.95  # students who should be tested, a whole number
    short = 0.95 * due > tested
    assert np.allclose(due[short], np.round(due[short]), atol=1e-6)
    assert short.sum() > 30
    assert np.allclose(value[~short], 100 * met[~short] / tested[~short])


def test_draws_are_rated_together_as_each_alone() -> None:
    """Lines, levels and lists: the axis draw changes nothing but the time."""
    panel = read_panel("core-small")
    rules = adapt(load_design("core/sqii-2015-16"), load_adaptation("core/usual"))
    fresh = [moved(panel, shift) for shift in (0.0, 1.7)]
    names = panel.measures
    both = {
        name: replace(
            panel.measures[name], value=along([one.measures[name].value for one in fresh])
        )
        for name in names
    }
    together = rate(rules, replace(panel, measures=both, _codes={}))
    differ = 0
    for draw, one in enumerate(fresh):
        alone = rate(rules, one)
        for step in ("total", *rules.lists):
            a, b = together[step].value, alone[step].value
            a = a.isel(draw=draw) if "draw" in a.dims else a
            assert np.array_equal(a.transpose(*b.dims), b, equal_nan=True), step
        differ += int((together["lowest"].value.isel(draw=draw) == 1).sum())
    assert differ > 0


def moved(panel, shift: float):
    """Move every second school's figures up, as far as their range goes."""
    odd = np.arange(len(panel.units)) % 2
    measures = {}
    for name, values in panel.measures.items():
        most = 5 if float(values.value.max()) <= 5 else 100
        value = values.value + (shift * odd)[:, None, None] * most / 100
        measures[name] = replace(values, value=value.clip(max=most))
    return replace(panel, measures=measures, _codes={})


def along(arrays):
    return xr.concat(arrays, dim="draw")


def test_a_figure_out_of_range_is_told_in_draws_too() -> None:
    rules = design_from(
        {
            "title": "T",
            "evidence": "derived",
            "measures": {"absence": {"unit": "percent"}},
            "points": {"a": {"rule": "identity", "of": "absence"}},
        },
        name="t",
    )
    people = school(4, 1)
    found = sampled_of(*people, says={"absence": ABSENT})
    panel = resampled(found, range(3), seed=1)
    value = panel.measures["absence"].value.copy()
    value[1, 0, 0, 0] = 101.0
    spoiled = replace(panel.measures["absence"], value=value)
    with pytest.raises(ProblemsError, match="value 101 must lie between 0 and 100"):
        rate(rules, replace(panel, measures={"absence": spoiled}, _codes={}))
