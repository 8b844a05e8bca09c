"""Draws of each kind against a normal world whose answers are known in closed form."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.findings.consistency import (
    how_often,
    normal_returning,
    normal_truly,
    returning,
    truly,
)
from analysis.findings.overlap import normal_overlap
from analysis.findings.variance import Components, components, persistence
from analysis.problems import ProblemsError
from simulations.noise import draw

SCHOOLS, SHARE, RELIABILITY = 1500, 0.05, 0.7


def lowest(x: np.ndarray) -> np.ndarray:
    """Mark the lowest 5 % along the last axis."""
    k = int(SHARE * x.shape[-1])
    return x <= np.sort(x, axis=-1)[..., k - 1 : k]


def world(seed: int, years: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A normal world of reliability .7: lasting variance .7, sampling .3, variance 1 in all."""
    rng = np.random.default_rng(seed)
    lasting = rng.normal(0, np.sqrt(RELIABILITY), (SCHOOLS, 1, 1))
    return lasting, lasting + rng.normal(0, np.sqrt(1 - RELIABILITY), (SCHOOLS, years, 1))


def known(figures: np.ndarray) -> Components:
    sampling = np.full(figures.shape, 1 - RELIABILITY)
    one = np.array([[1.0]])
    return Components(np.zeros(figures.shape[1:]), RELIABILITY * one, 1e-12 * one, sampling)


def test_the_closed_forms() -> None:
    for r, repeat in {0.5: 0.24, 0.7: 0.39, 0.9: 0.64, 0.95: 0.74}.items():
        assert normal_returning(r, SHARE) == pytest.approx(repeat, abs=0.005)
    assert normal_truly(0.7, SHARE) == pytest.approx(0.54, abs=0.005)


def test_truth_and_replication_give_the_known_answers_and_perturbation_does_not() -> None:
    """Two measurements .39, truly lowest .54; the naive bootstrap says .46 between its draws."""
    again, true, naive, against = [], [], [], []
    for seed in range(12):
        _, figures = world(seed)
        model = known(figures)
        kinds = ("truth", "replication", "perturbation")
        truth, fresh, fuzzy = (
            draw(model, figures, kind, year=0, count=40, seed=seed)[..., 0] for kind in kinds
        )
        listed = lowest(figures[:, 0, 0])
        again.append(np.mean(lowest(fresh)[:, listed]))
        true.append(truly(listed, lowest(truth)).share)
        naive.append(returning(lowest(fuzzy)).share)
        against.append(np.mean(lowest(fuzzy)[:, listed]))
    for found, expected in ((again, 0.392), (true, 0.541), (naive, 0.46), (against, 0.60)):
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert np.mean(found) == pytest.approx(expected, abs=3 * error + 0.006)


def test_true_replications_return_as_the_bivariate_normal_says() -> None:
    lasting, _ = world(1)
    rng = np.random.default_rng(2)
    fresh = lasting[:, 0, 0] + rng.normal(0, np.sqrt(1 - RELIABILITY), (200, SCHOOLS))
    found = returning(lowest(fresh))
    # the lasting part is one draw too, so several worlds would be needed for the last digit
    assert found.share == pytest.approx(normal_overlap(RELIABILITY, SHARE), abs=0.05)
    assert found.chance == pytest.approx(SHARE)
    assert 0 < found.error < 0.01


def test_the_error_of_the_returning_share_is_its_spread_over_sets_of_draws() -> None:
    lasting, _ = world(3)
    rng = np.random.default_rng(4)
    sets = [
        returning(lowest(lasting[:, 0, 0] + rng.normal(0, np.sqrt(0.3), (20, SCHOOLS))))
        for _ in range(60)
    ]
    spread = np.std([one.share for one in sets], ddof=1)
    assert np.mean([one.error for one in sets]) == pytest.approx(spread, rel=0.4)


def test_components_are_recovered_with_sampling_known() -> None:
    """Lasting .5 (correlated .6 between measures), shock .2, sampling .3: from 4,000 schools."""
    rng = np.random.default_rng(5)
    lasting = np.array([[0.5, 0.3], [0.3, 0.5]])
    a = rng.multivariate_normal([0, 0], lasting, 4000)[:, None]
    figures = (
        a + rng.normal(0, np.sqrt(0.2), (4000, 4, 2)) + rng.normal(0, np.sqrt(0.3), (4000, 4, 2))
    )
    figures[rng.random(figures.shape) < 0.1] = np.nan
    found = components(figures + np.array([10, 50]), np.full(figures.shape, np.sqrt(0.3)))
    assert found.lasting == pytest.approx(lasting, abs=0.03)
    assert found.shock == pytest.approx(0.2 * np.eye(2), abs=0.03)
    assert found.mean == pytest.approx(np.tile([10, 50], (4, 1)), abs=0.1)
    assert found.reliability(0) == pytest.approx(0.5, abs=0.03)


def test_the_posterior_is_the_textbook_s_normal_case() -> None:
    """One measure, two years, variance .7 lasting and .3 each year: shrunk by .7 / (.7 + .15)."""
    _, figures = world(6, years=2)
    truth = draw(known(figures), figures, "truth", year=1, count=2000, seed=1)[..., 0]
    shrunk = figures.mean(axis=1)[:, 0] * 0.7 / (0.7 + 0.15)
    spread = np.sqrt(1 / (1 / 0.7 + 2 / 0.3))
    assert truth.mean(axis=0) == pytest.approx(shrunk, abs=5 * spread / np.sqrt(2000))
    assert truth.std(axis=0).mean() == pytest.approx(spread, rel=0.02)


def test_a_missing_figure_tells_nothing_and_stays_missing() -> None:
    _, figures = world(7, years=2)
    half = figures.copy()
    half[:, 0] = np.nan
    a = draw(known(figures), half, "truth", year=1, count=200, seed=1)
    alone = draw(known(figures[:, 1:]), figures[:, 1:], "truth", year=0, count=200, seed=1)
    assert a == pytest.approx(alone)
    assert np.isnan(draw(known(figures), half, "truth", year=0, count=2, seed=1)).all()


def test_intervals_of_the_truth_cover_as_they_say() -> None:
    lasting, figures = world(8)
    truth = draw(known(figures), figures, "truth", year=0, count=400, seed=2)[..., 0]
    low, high = np.quantile(truth, [0.05, 0.95], axis=0)
    inside = int(((low <= lasting[:, 0, 0]) & (lasting[:, 0, 0] <= high)).sum())
    expected = stats.binom(SCHOOLS, 0.9)
    assert expected.ppf(0.001) - 10 <= inside <= expected.ppf(0.999) + 10


def test_a_school_s_draws_do_not_depend_on_the_others_or_on_how_many() -> None:
    _, figures = world(9)
    many = draw(known(figures), figures, "replication", year=0, count=5, seed=3)
    few = draw(known(figures[:10]), figures[:10], "replication", year=0, count=2, seed=3)
    assert (many[:2, :10] == few).all()


def test_what_cannot_be_drawn_is_told() -> None:
    _, figures = world(10, years=2)
    model = components(figures)
    with pytest.raises(ProblemsError, match="needs standard errors"):
        draw(model, figures, "perturbation", year=0, count=2, seed=1)
    with pytest.raises(ProblemsError, match="at least two years"):
        components(figures[:, :1])
    with pytest.raises(ProblemsError, match="at least 3 draws"):
        returning(np.ones((2, 4)))
    with pytest.raises(ProblemsError, match="at least one school named"):
        returning(np.zeros((4, 4)))


def test_how_often_each_school_is_named_and_where_it_ranks() -> None:
    index = np.array([[1.0, 2, 3], [2.0, 1, 3], [1.0, 2, 3], [1.0, 2, 3]])
    table = how_often(index <= 1, index)
    assert table["named"].tolist() == [0.75, 0.25, 0]
    assert table["error"].tolist() == pytest.approx([np.sqrt(0.1875 / 4)] * 2 + [0])
    assert table["rank_low"].tolist()[2] == 3


def test_persistence_of_a_normal_world_is_what_its_correlation_says() -> None:
    rng = np.random.default_rng(11)
    lasting = rng.normal(0, np.sqrt(0.7), (20000, 1))
    figures = pd.DataFrame(lasting + rng.normal(0, np.sqrt(0.3), (20000, 3)), columns=[1, 2, 4])
    table = persistence(figures)
    assert table["lag"].tolist() == [1, 3, 2]
    assert table["correlation"].to_numpy() == pytest.approx(np.full(3, 0.7), abs=0.015)
    assert table["again"].to_numpy() == pytest.approx(np.full(3, 0.392), abs=0.05)
    assert table["named"].tolist() == [1000] * 3
    assert table["chance"].tolist() == [0.05] * 3
