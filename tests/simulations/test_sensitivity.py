"""Sobol's indices against closed forms, Ishigami's function and another program's example."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.problems import ProblemsError
from simulations.sensitivity import exact, sample, sampled

ASEM = Path(__file__).resolve().parents[3] / "shared" / "data" / "asem"


def test_a_sum_of_factors_has_the_shares_of_their_variances() -> None:
    """Variances (1, 4, 9) / 4 of values 0/1, 0/2, 0/3: shares 1/14, 4/14, 9/14."""
    y = np.add.outer(np.add.outer([0.0, 1.0], [0.0, 2.0]), [0.0, 3.0])
    table = exact(y, ["a", "b", "c"]).table
    assert table["first"].tolist() == pytest.approx([1 / 14, 4 / 14, 9 / 14])
    assert table["total"].tolist() == pytest.approx([1 / 14, 4 / 14, 9 / 14])


def test_a_pure_interaction_has_nothing_alone_and_everything_together() -> None:
    found = exact(np.outer([-1.0, 1.0], [-1.0, 1.0]), ["a", "b"])
    assert found["a"]["first"] == 0
    assert found["a"]["total"] == 1


def test_priors_weigh_the_values_of_a_factor() -> None:
    """P(a = 1) = 1/5: variance 4/25; b even: 1/4. Shares 16/41 and 25/41."""
    y = np.add.outer([0.0, 1.0], [0.0, 1.0])
    found = exact(y, ["a", "b"], priors={"a": [4, 1]})
    assert found.table["first"].tolist() == pytest.approx([16 / 41, 25 / 41])
    assert found.variance == pytest.approx(4 / 25 + 1 / 4)


def test_a_list_sums_variances_over_schools_and_counts_those_that_never_vary() -> None:
    """School 1 follows a, school 2 follows b, school 3 is always named: half the variance each."""
    named = np.zeros((2, 2, 3))
    named[1, :, 0], named[:, 1, 1], named[:, :, 2] = 1, 1, 1
    found = exact(named, ["a", "b"])
    assert found.table["first"].tolist() == [0.5, 0.5]
    assert (found.outcomes, found.constant) == (3, 1)
    assert found.variance == 0.5


def test_nothing_that_varies_gives_no_share_and_never_zero() -> None:
    assert exact(np.ones((2, 2)), ["a", "b"]).table["first"].isna().all()


def test_a_run_without_a_result_is_told() -> None:
    y = np.ones((2, 2))
    y[0, 0] = np.nan
    with pytest.raises(ProblemsError, match="1 runs have no result"):
        exact(y, ["a", "b"])
    with pytest.raises(ProblemsError, match="an axis for each of a, b, c"):
        exact(np.ones((2, 2, 2, 2, 2)), ["a", "b", "c"])
    with pytest.raises(ProblemsError, match="weights of a must be 2 numbers"):
        exact(np.ones((2, 2)), ["a", "b"], priors={"a": [1, 2, 3]})


def ishigami(runs: pd.DataFrame) -> np.ndarray:
    x = runs.to_numpy()
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami_s_function_has_its_analytic_indices() -> None:
    """With a = 7 and b = 0.1: V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2, V2 = a^2/8, and so on."""
    a, b = 7, 0.1
    v1 = 0.5 * (1 + b * np.pi**4 / 5) ** 2
    v2 = a**2 / 8
    v13 = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    v = v1 + v2 + v13
    runs = sample(dict.fromkeys("xyz", (-np.pi, np.pi)), base=4096, seed=1)
    table = sampled(ishigami(runs), list("xyz"), seed=1).table
    first = np.array([v1, v2, 0]) / v
    total = np.array([v1 + v13, v2, v13]) / v
    assert (np.abs(table["first"] - first) < 4 * table["first_se"]).all()
    assert (np.abs(table["total"] - total) < 4 * table["total_se"]).all()
    assert table["first_se"].max() < 0.03


def test_many_outcomes_at_once_are_the_variance_weighted_mean_of_each() -> None:
    runs = sample(dict.fromkeys("ab", (0.0, 1.0)), base=1024, seed=2)
    y = np.stack([runs["a"] + runs["b"], 3 * runs["a"], np.ones(len(runs))], axis=1)
    each = [sampled(y[:, i], ["a", "b"], seed=2) for i in (0, 1)]
    both = sampled(y, ["a", "b"], seed=2)
    weights = np.array([one.variance for one in each])
    firsts = np.array([one.table["first"] for one in each])
    assert both.table["first"].to_numpy() == pytest.approx(weights @ firsts / weights.sum())
    assert both.constant == 1


def test_failed_runs_are_told_or_counted_and_never_become_zeros() -> None:
    runs = sample(dict.fromkeys("ab", (0.0, 1.0)), base=256, seed=3)
    y = (runs["a"] + runs["b"]).to_numpy(copy=True)
    y[5] = np.nan
    with pytest.raises(ProblemsError, match="1 base runs have no result"):
        sampled(y, ["a", "b"], seed=3)
    found = sampled(y, ["a", "b"], seed=3, leave_out=True)
    assert found.failures == 1
    assert found.table["first"].to_numpy() == pytest.approx([0.5, 0.5], abs=0.1)
    with pytest.raises(ProblemsError, match="a multiple of 4"):
        sampled(y[:-1], ["a", "b"], seed=3)


@pytest.mark.skipif(not ASEM.is_dir(), reason="the example of another program is not at hand")
def test_the_exact_indices_of_another_program_s_example() -> None:
    y = np.loadtxt(ASEM / "SA_exact_y_2000cells.csv", comments="#").reshape(5, 2, 100, 2)
    theirs = pd.read_csv(ASEM / "SA_exact_indices.csv")
    ours = exact(y, theirs["Variable"].tolist()).table
    assert ours["first"].to_numpy() == pytest.approx(theirs["Si_exact"].to_numpy(), abs=1e-9)
    assert ours["total"].to_numpy() == pytest.approx(theirs["STi_exact"].to_numpy(), abs=1e-9)
