"""High on some measures, low on others: by hand, by counting, and against normal worlds."""

import itertools

import numpy as np
import pytest

from analysis.designs.design import load_design
from analysis.findings.profiles import (
    Bands,
    conflicts,
    cut_bands,
    mixed,
    mixed_by_kind,
    one_factor_share,
    profile,
)
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

LEVELS = np.array([[1.0, 9, 5], [8, 3, 8], [4, 5, 7], [10, 10, np.nan], [2, np.nan, np.nan]])
CORE = Bands(np.array([3.0] * 3), np.array([8.0] * 3))
"""Levels 1-3 are low and 8-10 high. By hand: the first two schools are mixed, the last has one."""


def test_who_is_mixed_by_hand() -> None:
    assert mixed(LEVELS, CORE) == pytest.approx([1, 1, 0, 0, np.nan], nan_ok=True)


def test_choosing_measures_by_hand() -> None:
    """Two of three: the first is mixed in 1 way of 3, the second in 2 of 3 (8-3 and 3-8)."""
    found = mixed(LEVELS, CORE, 2)
    assert found == pytest.approx([1 / 3, 2 / 3, 0, 0, np.nan], nan_ok=True)


@pytest.mark.parametrize("number", [2, 3, 4, 6])
def test_choosing_measures_is_counting_all_ways(number) -> None:
    random = np.random.default_rng(1)
    figures = random.integers(1, 11, (40, 6)).astype(float)
    figures[random.random(figures.shape) < 0.2] = np.nan
    bands = Bands(np.array([3.0] * 6), np.array([8.0] * 6))
    for row, found in zip(figures, mixed(figures, bands, number), strict=True):
        there = row[~np.isnan(row)]
        ways = list(itertools.combinations(there, number))
        hits = [min(way) <= 3 and max(way) >= 8 for way in ways]
        assert found == pytest.approx(np.mean(hits) if ways else np.nan, nan_ok=True)


def test_shares_by_kind_and_number() -> None:
    """High schools (the first, fourth and fifth): 1/3 and 0 of two measures; one has all three."""
    found = mixed_by_kind(LEVELS, CORE, ["high", "low", "low", "high", "high"])
    rows = {(k, m): (n, s) for k, m, n, s in found.itertuples(index=False)}
    assert rows[("high", 2)] == (2, pytest.approx(1 / 6))
    assert rows[("high", 3)] == (1, 1)
    assert rows[("low", 2)] == (2, pytest.approx(1 / 3))
    assert rows[("low", 3)] == (2, 0.5)


def test_bands_hold_whole_schools() -> None:
    """Of ten schools three are low and three high; of three, missing apart, one each."""
    figures = np.full((10, 2), np.nan)
    figures[:, 0] = np.random.default_rng(2).permutation(np.arange(1.0, 11))
    figures[:3, 1] = [5, 1, 3]
    bands = cut_bands(figures)
    assert (bands.low.tolist(), bands.high.tolist()) == ([3, 1], [8, 5])
    assert np.isnan(cut_bands(np.full((4, 1), np.nan)).low).all()


def test_bands_of_every_draw() -> None:
    figures = np.random.default_rng(3).normal(size=(5, 20, 4))
    together = mixed(figures, cut_bands(figures))
    alone = [mixed(one, cut_bands(one)) for one in figures]
    assert np.array_equal(together, alone)


def test_which_measures_disagree_by_hand() -> None:
    """ela and growth: of four schools the first is low-high, the second high-low: a half."""
    found = conflicts(LEVELS, CORE, ["ela", "growth", "grad"]).set_index(["first", "second"])
    one = found.loc[("ela", "growth")]
    assert one[["schools", "opposed", "first_high"]].tolist() == [4, 0.5, 0.25]
    # low on ela 1 of 4, high 2; low on growth 1 of 4, high 2
    assert one["by_chance"] == pytest.approx(2 / 4 * 1 / 4 + 1 / 4 * 2 / 4)
    assert found.loc[("growth", "grad"), "opposed"] == pytest.approx(1 / 3)
    assert found.index[0] == ("ela", "growth")


@pytest.mark.parametrize(
    ("number", "r", "share"),
    [
        (5, 0.2, 0.52),
        (5, 0.3, 0.44),
        (7, 0.3, 0.58),
        (7, 0.4, 0.49),
        (9, 0.4, 0.57),
        (9, 0.5, 0.48),
    ],
)
def test_measures_that_are_all_equally_alike(number, r, share) -> None:
    """Simulated once with 200,000 schools, 30 % in each band, and noted to two places."""
    assert one_factor_share([r**0.5] * number) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("number", [2, 5, 9])
def test_measures_with_nothing_in_common(number) -> None:
    """1 - P(no low) - P(no high) + P(neither) = 1 - 2 x 0.7^k + 0.4^k."""
    expected = 1 - 2 * 0.7**number + 0.4**number
    assert one_factor_share([0.0] * number) == pytest.approx(expected)


def test_two_medians_are_sheppard_s() -> None:
    """Two measures cut at their medians: mixed unless on the same side, arccos(r) / pi."""
    found = one_factor_share([0.8, -0.5], low=0.5, high=0.5)
    assert found == pytest.approx(np.arccos(-0.4) / np.pi, abs=1e-8)


def test_a_loading_of_one_is_refused() -> None:
    with pytest.raises(ProblemsError, match="needs loadings between -1 and 1"):
        one_factor_share([1.0, 0.2])


def test_the_profile_of_a_group() -> None:
    franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    found = profile(franklin, ["ela", "math"], year=2024, group="el")
    assert found.loc["0101"].tolist() == [20, 20]
    assert found.index.is_unique
