"""Ways to cut a measure into levels: by hand, by closed form, and held to the rule of designs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.designs.design import design_from
from analysis.findings.cut_points import (
    Drift,
    Scheme,
    churn,
    churn_by_noise,
    compare_schemes,
    cut_points,
    drift,
    levels_by,
    lost,
    near_a_cut,
)
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

EVEN = np.arange(1.0, 1001)
"""A thousand schools, evenly spread."""


@pytest.mark.parametrize("how", ["equal_count", "equal_width", "natural"])
def test_deciles_of_evenly_spread_values_lose_a_hundredth(how) -> None:
    """Within a tenth the variance is (100^2 - 1) / 12, in all (1000^2 - 1) / 12: 9999 / 999999.

    Equal width cuts at 100.9 and so on, and natural levels of even values are even too.
    """
    figures = pd.DataFrame({2025: EVEN})
    levels = levels_by(figures, Scheme(how, 10))[2025].to_numpy()
    assert lost(EVEN, levels) == pytest.approx(9999 / 999999)
    assert np.unique(levels, return_counts=True)[1].tolist() == [100] * 10


@pytest.mark.parametrize("levels", [3, 5, 100])
def test_k_even_levels_lose_one_part_in_k_squared(levels) -> None:
    """As many as fit: k levels of a uniform value leave 1/k^2 of its variance within them."""
    values = (np.arange(30000) + 0.5) / 30000
    found = levels_by(pd.DataFrame({1: values}), Scheme("equal_count", levels))[1].to_numpy()
    assert lost(values, found) == pytest.approx(1 / levels**2, rel=1e-3)


def test_natural_breaks_lose_least_of_all_ways_to_cut() -> None:
    values = np.sort(np.random.default_rng(1).normal(size=14))
    best = min(
        lost(values, np.searchsorted(where, np.arange(14), side="right"))
        for where in itertools.combinations(range(1, 14), 3)
    )
    cuts = cut_points(values, Scheme("natural", 4))
    assert len(cuts) == 3
    assert lost(values, np.searchsorted(cuts, values, side="right")) == pytest.approx(best)


def test_natural_levels_are_no_more_than_values() -> None:
    values = np.array([2.0, 1, 2, np.nan, 3])
    assert cut_points(values, Scheme("natural", 5)).tolist() == [2, 3]


def test_everybody_gains_by_hand() -> None:
    """Quintiles of 1 to 1000, all up by 100: held, each school below the top fifth gains half a
    level on average (100 of 200 cross each cut), so 0.8 x 0.5 = 0.4; set anew, nobody moves.
    """
    found = drift(EVEN, Scheme("equal_count", 5), 100.0)
    assert found.held == pytest.approx(0.4)
    assert found.anew == 0
    standards = Scheme("published", cuts=(501.0,))
    assert drift(EVEN, standards, 100.0) == Drift(pytest.approx(0.1), pytest.approx(0.1))
    assert drift(EVEN, Scheme("none"), 7.0) == Drift(7.0, 7.0)


def test_frozen_and_yearly_levels_when_all_improve() -> None:
    """In 2025 every school has 10 more: by the halves of 2024 only A stays at 1; anew, A and B."""
    figures = pd.DataFrame({2024: [10.0, 20, 30, 40], 2025: [20.0, 30, 40, 50]})
    frozen = levels_by(figures, Scheme("equal_count", 2, base_year=2024))
    yearly = levels_by(figures, Scheme("equal_count", 2))
    assert frozen.to_numpy().T.tolist() == [[1, 1, 2, 2], [1, 2, 2, 2]]
    assert yearly.to_numpy().T.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]
    assert churn(frozen)["changed"].tolist() == [0.25]
    assert churn(yearly)["changed"].tolist() == [0.0]


def test_churn_by_hand() -> None:
    """Five schools, one without a level in the second year: up by 1, down by 2, and two stay."""
    levels = pd.DataFrame({2024: [1.0, 3, 2, 4, 5], 2025: [2.0, 1, 2, 4, np.nan]})
    found = churn(levels).iloc[0]
    assert found.tolist() == [2024, 2025, 4, 0.5, 0.25, 0.25, 0.25]


def test_churn_by_noise_in_closed_form() -> None:
    """At a cut: 1 - 2 x 1/4. One error above it: p = .1587, 2 p (1 - p) = .2670. Sure: none."""
    one = stats.norm.cdf(-1)
    values, errors = np.array([50.0, 53, 53, 50, 10]), np.array([3.0, 3, 0, 0, np.nan])
    found = [
        churn_by_noise(values[[i]], errors[[i]], np.array([50.0])) for i in range(len(values) - 1)
    ]
    assert found == pytest.approx([0.5, 2 * one * (1 - one), 0, 0])
    every = churn_by_noise(values, errors, np.array([50.0]))
    assert every == pytest.approx(np.mean(found))


def test_churn_by_noise_is_what_two_measurements_show() -> None:
    random = np.random.default_rng(2)
    values, errors = random.normal(50, 10, 300), random.uniform(1, 6, 300)
    cuts = np.array([40.0, 47, 55])
    one, two = (
        np.searchsorted(cuts, values + errors * random.normal(size=(3000, 300))) for _ in (1, 2)
    )
    shares = (one != two).mean(axis=1)
    error = shares.std(ddof=1) / 3000**0.5
    assert churn_by_noise(values, errors, cuts) == pytest.approx(shares.mean(), abs=4 * error)


def test_cliffs_by_hand() -> None:
    """Cuts at 20 and 40: 18 and 41 lie within 2, 30 does not, nor 25 with an error of 4.9."""
    values, errors = np.array([18.0, 41, 30, 25, 20]), np.array([2.0, 2, 2, 4.9, np.nan])
    assert near_a_cut(values, errors, np.array([20.0, 40.0])) == 0.5


def test_schemes_beside_one_another() -> None:
    """Two years of 200 schools; the kept value loses nothing and has no cliffs."""
    random = np.random.default_rng(3)
    lasting = random.normal(50, 8, 200)
    figures = pd.DataFrame({y: lasting + random.normal(0, 4, 200) for y in (2024, 2025)})
    errors = pd.DataFrame(4.0, index=figures.index, columns=figures.columns)
    schemes = {
        "value": Scheme("none"),
        "thirds": Scheme("equal_count", 3),
        "tenths": Scheme("equal_count", 10),
        "tenths, held": Scheme("equal_count", 10, base_year=2024),
        "standards": Scheme("published", cuts=(40.0, 60.0)),
    }
    found = compare_schemes(figures, schemes, errors=errors, gain=4.0).set_index("scheme")
    value = found.loc["value"]
    assert value[["lost", "rank", "cliffs", "drift_held"]].tolist() == [0, 1, 0, 4]
    assert np.isnan(value["by_noise"])
    assert found.loc["tenths", "lost"] < found.loc["thirds", "lost"] / 4
    assert found.loc["tenths", "changed"] > found.loc["thirds", "changed"]
    assert found.loc["tenths", "cliffs"] > found.loc["thirds", "cliffs"]
    assert found.loc["tenths", "levels"] == 10
    assert found.loc["tenths", "drift_anew"] == 0
    held = levels_by(figures, schemes["tenths, held"])
    assert found.loc["tenths, held", "changed"] == (held[2024] != held[2025]).mean()
    cuts = cut_points(figures[2024].to_numpy(), Scheme("equal_count", 10))
    expected = drift(figures[2025].to_numpy(), schemes["tenths, held"], 4.0, cuts=cuts)
    assert found.loc["tenths, held", "drift_held"] == expected.held > 0.3
    alone = compare_schemes(figures[[2025]], {"thirds": schemes["thirds"]})
    assert alone[["changed", "by_noise", "cliffs"]].isna().all(axis=None)


@pytest.mark.parametrize("how", ["equal_count", "equal_width"])
@pytest.mark.parametrize("base", [2024, "yearly"])
def test_levels_are_those_of_the_rule(how, base) -> None:
    random = np.random.default_rng(4)
    figures = pd.DataFrame({y: random.integers(0, 30, 40) / 2.0 for y in (2024, 2025)})
    figures.index = [f"{i:04d}" for i in range(40)]
    rows = figures.rename_axis("school").reset_index().melt("school", var_name="year")
    clause = {"rule": "levels_in_pool", "of": "x", "levels": 4, "pool": "all_schools"}
    clause |= {"base_year": base, "spacing": how, "percentile": "linear"}
    said = {"title": "t", "evidence": "derived", "measures": {"x": {}}, "points": {"y": clause}}
    panel = make_panel(pd.DataFrame({"school": figures.index}), rows.assign(measure="x"))
    ratings = rate(design_from(said, name="t"), panel)
    ours = levels_by(figures, Scheme(how, 4, base_year=base))
    assert np.array_equal(ratings["y"].value.sel(group="all").values, ours.to_numpy())


def test_what_cannot_be_cut_is_told() -> None:
    with pytest.raises(ProblemsError, match="published cut points that rise"):
        cut_points(EVEN, Scheme("published", cuts=(3.0, 3.0)))
    with pytest.raises(ProblemsError, match="at least two levels"):
        cut_points(EVEN, Scheme("equal_count", 1))
    with pytest.raises(ProblemsError, match="has no year 2020; there are 2025"):
        levels_by(pd.DataFrame({2025: EVEN}), Scheme("equal_count", 3, base_year=2020))
