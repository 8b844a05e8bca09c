"""Findings on made-up data whose answers are known: by hand, closed form or construction."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.designs.design import load_design
from analysis.findings.equity import named_by_band, students_named
from analysis.findings.gradient import among_all, between_districts, within_districts
from analysis.findings.overlap import implied_correlation, normal_overlap, overlap
from analysis.findings.readings import READINGS, readings
from analysis.findings.regression_to_mean import expected_regain, noise_by_size
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate


def test_overlap_by_hand() -> None:
    """10 schools, one unjudged: of 9, 3 and 2 are named, 1 by both; chance 2 / 9."""
    first = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, np.nan])
    second = np.array([1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
    found = overlap(first, second)
    assert (found.pool, found.first, found.second, found.both) == (9, 3, 2, 1)
    assert found.share == pytest.approx(1 / 3)
    assert found.by_chance == pytest.approx(2 / 9)
    assert (found.chance_low, found.chance_high) == (0.0, pytest.approx(2 / 3))


def test_overlap_by_chance_is_what_shuffling_gives() -> None:
    random = np.random.default_rng(1)
    first = (np.arange(400) < 40) * 1.0
    shares = [overlap(first, random.permutation(first)).share for _ in range(2000)]
    told = overlap(first, first)
    assert np.mean(shares) == pytest.approx(told.by_chance, abs=4 * np.std(shares) / 2000**0.5)
    inside = np.mean([told.chance_low <= share <= told.chance_high for share in shares])
    assert inside > 0.94


def test_overlap_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ProblemsError, match="the same schools twice, not 2 and 3"):
        overlap(np.zeros(2), np.zeros(3))
    with pytest.raises(ProblemsError, match="at least one school"):
        overlap(np.zeros(2), np.zeros(2))


@pytest.mark.parametrize("r", [-0.5, 0.0, 0.5, 0.9])
def test_overlap_at_the_median_is_sheppard_s(r: float) -> None:
    """Sheppard (1899): P(both below the median) = 1/4 + arcsin(r) / 2 pi."""
    assert normal_overlap(r, 0.5) == pytest.approx(
        2 * (0.25 + np.arcsin(r) / (2 * np.pi)), abs=1e-6
    )


def test_the_implied_correlation_inverts_the_overlap() -> None:
    assert implied_correlation(normal_overlap(0.4, 0.05), 0.05) == pytest.approx(0.4, abs=1e-4)
    with pytest.raises(ProblemsError, match="no correlation gives"):
        implied_correlation(1.0, 0.05)


def districts(*, within: float, between: float, sizes=(20, 20, 20, 20, 20, 20), noise=0.0):
    random = np.random.default_rng(2)
    rows = []
    for place, size in enumerate(sizes):
        centre = 10.0 * place
        x = centre + random.normal(size=size)
        x += centre - x.mean() if size > 1 else 0
        y = between * centre + within * (x - centre) + noise * random.normal(size=size)
        rows.append(pd.DataFrame({"x": x, "y": y, "district": f"d{place}"}))
    return pd.concat(rows, ignore_index=True)


def test_slopes_within_and_between_districts_by_construction() -> None:
    table = districts(within=2.0, between=-3.0)
    assert within_districts(table, "y", "x").slope == pytest.approx(2.0)
    assert between_districts(table, "y", "x").slope == pytest.approx(-3.0)
    assert -3 < among_all(table, "y", "x").slope < 2


def test_a_district_of_one_school_does_not_move_the_slope_within() -> None:
    table = districts(within=2.0, between=-3.0, noise=0.3)
    single = pd.DataFrame({"x": [500.0], "y": [9999.0], "district": ["alone"]})
    a = within_districts(table, "y", "x")
    b = within_districts(pd.concat([table, single], ignore_index=True), "y", "x")
    assert b.slope == pytest.approx(a.slope)
    assert (b.districts, b.schools) == (a.districts + 1, a.schools + 1)
    with pytest.raises(ProblemsError, match="at least two districts"):
        within_districts(single, "y", "x")


def test_the_interval_covers_the_true_slope() -> None:
    hits = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        code = np.repeat(np.arange(40), 10)
        x = random.normal(size=400)
        y = 1.5 * x + random.normal(size=40)[code] + random.normal(size=400)
        slope = within_districts(pd.DataFrame({"x": x, "y": y, "district": code}), "y", "x")
        hits += slope.low <= 1.5 <= slope.high
    assert 88 <= hits <= 99


def test_regression_to_the_mean_is_found_where_nothing_else_happens() -> None:
    """True values do not change; reliability is 0.8 by construction."""
    random = np.random.default_rng(3)
    true = random.normal(0, 2, size=20_000)
    before, after = (true + random.normal(0, 1, size=20_000) for _ in range(2))
    named = (before <= np.quantile(before, 0.05)) * 1.0
    (found,) = expected_regain(before, after, named, reliabilities=[0.8])
    assert found.share == pytest.approx(1.0, abs=0.05)
    (wrong,) = expected_regain(before, after, named, reliabilities=[0.95])
    assert wrong.share < 0.4
    with pytest.raises(ProblemsError, match="at least one school"):
        next(expected_regain(before, after, 0 * named, reliabilities=[0.8]))


def test_the_noise_of_size_by_construction() -> None:
    """Each year's error has variance 900 / n; a lasting change adds 4."""
    random = np.random.default_rng(4)
    n = random.choice([25, 50, 100, 400], size=40_000).astype(float)
    true = random.normal(0, 10, size=n.size)
    before = true + random.normal(size=n.size) * np.sqrt(900 / n)
    after = true + random.normal(size=n.size) * np.sqrt(900 / n) + random.normal(0, 2, size=n.size)
    found = noise_by_size(after - before, before, n)
    assert found.low <= 1800 <= found.high
    assert found.per_student == pytest.approx(1800, rel=0.05)
    assert found.lasting == pytest.approx(4, abs=1.5)
    true_reliability = 100 / (100 + float((900 / n).mean()))
    assert found.reliability == pytest.approx(true_reliability, abs=0.01)


def test_students_in_named_schools_by_hand() -> None:
    """400 + 100 students; named: the first. Poor: 200 of 400 and 10 of 100."""
    table = pd.DataFrame({"enrollment": [400.0, 100.0], "poor": [50.0, 10.0]})
    everyone, poor = students_named(
        table, np.array([1.0, 0.0]), groups={"all": None, "poor": "poor"}
    )
    assert (everyone.number, everyone.share) == (400, 0.8)
    assert poor.number == 200
    assert poor.share == pytest.approx(200 / 210)
    assert poor.share_of_named == pytest.approx(0.5)
    assert poor.share_of_all == pytest.approx(210 / 500)


def test_bands_by_hand() -> None:
    table = pd.DataFrame({"poor": [1.0, 2, 3, 4, 5, 6, 7, 8]})
    found = named_by_band(table, np.array([0, 0, 0, 0, 0, 1.0, 1, 0]), column="poor", bands=4)
    assert found["schools"].tolist() == [2, 2, 2, 2]
    assert found["named"].tolist() == [0, 0, 1, 1]
    assert found["middle"].tolist() == [1.5, 3.5, 5.5, 7.5]


def test_every_reading_changes_its_line_only() -> None:
    """By hand on Franklin: a quarter of 8 schools is 2, and the third is far off."""
    base, panel = load_design("franklin/index"), read_panel("franklin")
    found = {
        words: int((rate(design, panel)["lowest"].value.sel(year=2025) == 1).sum())
        for words, design in readings(base, "lowest_line")
    }
    assert set(found) == set(READINGS)
    assert found["count rounded up, ties in"] == 2
    assert found["percentile (linear), line in"] == 2
    with pytest.raises(ProblemsError, match="is no line by share"):
        next(readings(base, "total"))


def test_the_hypergeometric_band_is_scipy_s() -> None:
    first = (np.arange(100) < 10) * 1.0
    told = overlap(first, np.roll(first, 5))
    assert told.chance_high == stats.hypergeom(100, 10, 10).ppf(0.975) / 10
