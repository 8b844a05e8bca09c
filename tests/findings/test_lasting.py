"""What lasts of a figure: worlds whose variances are known, told in three ways that must agree."""

import numpy as np
import pandas as pd
import pytest

from analysis.findings.lasting import (
    Split,
    apart_changes,
    by_distance,
    by_mixed_model,
    by_moments,
    by_panel_effects,
    fading,
)
from analysis.problems import ProblemsError


def world(schools: int, years: int, *, kept: float = 1.0, share: float = 0.7) -> pd.DataFrame:
    """A figure of variance 1 whose lasting part keeps so much of itself from year to year."""
    rng = np.random.default_rng(5)
    lasting = [rng.normal(0, 1, schools)]
    for _ in range(years - 1):
        lasting.append(kept * lasting[-1] + np.sqrt(1 - kept**2) * rng.normal(0, 1, schools))
    noise = rng.normal(0, np.sqrt(1 - share), (schools, years))
    figures = np.sqrt(share) * np.stack(lasting, axis=1) + noise + 10 * np.arange(years)
    return pd.DataFrame(figures, columns=range(2010, 2010 + years))


def test_three_ways_of_splitting_find_the_known_variances() -> None:
    """Lasting .7 and .3 of a year, from 800 schools and 4 years; one school lacks a year.

    The lasting variance's own error is .775 x root(2 / 800) = .039, that of the year's .3 is
    .3 x root(2 / 2400) = .009.
    """
    figures = world(800, 4)
    figures.iloc[0, 1] = np.nan
    ways = [way(figures) for way in (by_moments, by_mixed_model, by_panel_effects)]
    for found in ways:
        assert found.lasting == pytest.approx(0.7, abs=3 * 0.039)
        assert found.of_one_year == pytest.approx(0.3, abs=3 * 0.009)
        assert found.lasting == pytest.approx(ways[0].lasting, rel=0.005)
        assert found.of_one_year == pytest.approx(ways[0].of_one_year, rel=0.005)
    assert Split(3.0, 1.0).share == 0.75


def test_what_fades_is_not_taken_for_noise_of_a_year() -> None:
    """.6 lasts and keeps .9 a year: two years share .54, .486, .437 ...; .4 is of one year."""
    figures = world(20000, 6, kept=0.9, share=0.6)
    found = fading(figures)
    assert found.kept == pytest.approx(0.9, abs=0.02)
    assert found.share == pytest.approx(0.6, abs=0.02)
    assert found.of_one_year == pytest.approx(0.4, abs=0.02)
    shared = by_distance(figures).set_index("apart")["correlation"]
    assert shared.to_numpy() == pytest.approx([1, 0.54, 0.486, 0.437, 0.394, 0.354], abs=0.02)
    assert by_moments(figures).share < 0.5  # a constant part would say too little


def test_distances_are_counted_by_hand() -> None:
    """Years 1, 2 and 4: distances 1, 2 and 3, one pair each; a missing year drops a school."""
    figures = pd.DataFrame({1: [1.0, 2, 3, 4], 2: [2.0, 4, 6, np.nan], 4: [3.0, 2, 1, 0]})
    found = by_distance(figures).set_index("apart")
    assert found["pairs"].to_dict() == {0: 3, 1: 1, 2: 1, 3: 1}
    assert found.loc[1, ["schools", "covariance", "correlation"]].tolist() == pytest.approx(
        [3, 2, 1]
    )
    assert found.loc[3, "correlation"] == pytest.approx(-1)
    assert found.loc[0, "covariance"] == pytest.approx((5 / 3 + 4 + 5 / 3) / 3)


def test_changes_that_share_no_year() -> None:
    """Noise alone: 0 within 3 errors. Schools that drift steadily, each its own way: near 1."""
    found = apart_changes(world(4000, 5)).set_index("first")
    assert found.index.tolist() == [2010, 2011]
    assert (found["correlation"].abs() < 3 / np.sqrt(4000)).all()
    assert ((found["low"] < found["correlation"]) & (found["correlation"] < found["high"])).all()
    slope = np.arange(50.0)[:, None] * np.arange(4) + np.arange(50.0)[:, None] ** 2 * [
        0,
        0,
        0,
        0.01,
    ]
    steady = pd.DataFrame(slope, columns=range(4))
    assert apart_changes(steady)["correlation"].item() == pytest.approx(1, abs=0.05)


def test_too_few_distances_are_refused() -> None:
    with pytest.raises(ProblemsError, match="3 distances at least, not 2"):
        fading(world(50, 3))
