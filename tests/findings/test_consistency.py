"""Who returns, of which kind, at which level, and in which ranks: by hand, and in known worlds."""

import numpy as np
import pytest
from scipy import stats

from analysis.findings.consistency import (
    agree_by_halves,
    at_levels,
    by_kind,
    how_often,
    returning,
    spearman_brown,
    truly,
)
from analysis.findings.variance import Components
from analysis.problems import ProblemsError
from simulations.noise import draw

NAMED = np.array(
    [
        [[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0]],
        [[0, 1, 0, 0, 1], [0, 1, 0, 0, 1], [0, 1, 1, 0, 0]],
    ]
)
"""Two worlds of five schools, three draws each, two named in each."""
KINDS = np.array(["small", "small", "large", "large", None], dtype=object)
LOWEST = np.array([[[1, 0, 1, 0, 0]] * 3, [[0, 1, 0, 0, 1]] * 3])


def test_kinds_by_hand() -> None:
    """Small, world 1: school 1 three times, school 2 once; of 4 names 6 of 8 pairs return: .75.

    World 2: school 2 three times: 6 of 6. In all 12 of 14. Large: three schools once each: none.
    Truly: small 3 + 0 and 3 of 7 names; large 1 of 3.
    """
    found = by_kind(NAMED, KINDS, LOWEST).set_index("kind")
    assert found["schools"].to_dict() == {"small": 2, "large": 2}
    assert found["times"].to_dict() == {"small": 7, "large": 3}
    assert found["named"].to_dict() == pytest.approx({"small": 7 / 12, "large": 3 / 12})
    assert found["again"].to_dict() == pytest.approx({"small": 12 / 14, "large": 0})
    assert found["truly"].to_dict() == pytest.approx({"small": 6 / 7, "large": 1 / 3})


def test_kinds_without_a_truth_or_without_names_are_missing() -> None:
    found = by_kind(NAMED[:1], np.array(["a", "a", "a", "a", "b"])).set_index("kind")
    assert found["truly"].isna().all()
    assert np.isnan(found.loc["b", "again"])
    with pytest.raises(ProblemsError, match="at least two draws"):
        by_kind(NAMED[:, :1], KINDS)


def test_one_kind_gives_the_whole_list_s_figures() -> None:
    """With lists of one size in one world it is what `returning` and `truly` say."""
    everyone = by_kind(NAMED[:1], np.full(5, "all"), LOWEST[:1]).iloc[0]
    assert everyone["again"] == pytest.approx(returning(NAMED[0]).share)
    assert everyone["truly"] == pytest.approx(truly(NAMED[0], LOWEST[0]).share)


def test_levels_by_hand() -> None:
    """A value at an edge is at the upper level; a missing one does not count."""
    index = np.array([[10.0, np.nan, 60], [20, np.nan, np.nan], [19, np.nan, 90]])
    found = at_levels(index, [20, 60])
    assert found.loc[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.loc[1].isna().all()
    assert found.loc[2].tolist() == [0, 0, 1]


def test_halves_tell_the_reliability_of_the_whole() -> None:
    """Truth 1, error 1 in the whole and 2 in a half: halves .333, the whole .5 (closed form)."""
    rng = np.random.default_rng(3)
    true = rng.normal(0, 1, 40000)
    one, two = (true + rng.normal(0, np.sqrt(2), 40000) for _ in range(2))
    lists = tuple(x <= np.quantile(x, 0.05) for x in (one, two))
    found = agree_by_halves((one, two), lists)
    assert found.correlation == pytest.approx(1 / 3, abs=0.015)
    assert found.whole == pytest.approx(0.5, abs=0.02)
    assert found.chance == pytest.approx(0.05)
    again = stats.multivariate_normal(cov=[[1, 1 / 3], [1 / 3, 1]]).cdf([-1.6449] * 2) / 0.05
    assert found.both == pytest.approx(again, abs=0.03)
    assert spearman_brown(0.5, 1) == 0.5


def test_rank_intervals_cover_the_true_rank_as_they_say() -> None:
    """Nine times in ten, within 3 Monte Carlo errors over 16 worlds of known reliability .7."""
    covered = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        true = rng.normal(0, np.sqrt(0.7), 500)
        figures = (true + rng.normal(0, np.sqrt(0.3), 500))[:, None, None]
        one = np.ones((1, 1))
        model = Components(np.zeros((1, 1)), 0.7 * one, 1e-12 * one, np.full((500, 1, 1), 0.3))
        fresh = draw(model, figures, "truth", year=0, count=300, seed=seed)[..., 0]
        ranks = how_often(fresh < -2, fresh)
        place = stats.rankdata(true)
        inside = (ranks["rank_low"] <= place) & (place <= ranks["rank_high"])
        covered.append(inside.mean())
    error = np.std(covered, ddof=1) / np.sqrt(len(covered))
    assert error < 0.01
    assert np.mean(covered) == pytest.approx(0.9, abs=3 * error)
