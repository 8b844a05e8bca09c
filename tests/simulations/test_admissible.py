"""Who is named by all, some or no admissible weights: against brute force and geometry."""

import numpy as np
import pytest

from analysis.problems import ProblemsError
from simulations.admissible import Lowest, judge, settled
from simulations.weight_sets import Bound, WeightSet

THREE = WeightSet(("a", "b", "c"), (Bound(("a", "b"), 0.6), Bound(("c",), 0.1)))


def grid() -> np.ndarray:
    """Every admissible set of weights in steps of a fortieth."""
    steps = np.arange(41) / 40
    weights = np.array([[a, b, 1 - a - b] for a in steps for b in steps if a + b < 1 + 1e-9])
    weights = np.clip(weights, 0, 1)
    return weights[(weights[:, 2] <= 0.4 + 1e-9) & (weights[:, 2] >= 0.1 - 1e-9)]


def test_the_corners_of_a_set_of_weights() -> None:
    """a + b at least 0.6 and c at least 0.1: c runs from 0.1 to 0.4, a takes all or nothing."""
    corners = {tuple(np.round(row, 9)) for row in THREE.corners}
    assert corners == {(0, 0.6, 0.4), (0, 0.9, 0.1), (0.6, 0, 0.4), (0.9, 0, 0.1)}
    assert WeightSet(("a",)).corners.tolist() == [[1.0]]
    with pytest.raises(ProblemsError, match="the bounds leave no room"):
        WeightSet(("a", "b"), (Bound(("a",), 0.6), Bound(("b",), 0.6))).centre.sum()
    with pytest.raises(ProblemsError, match="x is not among a, b"):
        WeightSet(("a", "b"), (Bound(("x",), 0.6),)).centre.sum()


def test_drawn_weights_are_admissible_and_even() -> None:
    """The centre of gravity of a >= 0.6 among two measures is 0.8; of three free weights 1/3."""
    drawn = WeightSet(("a", "b"), (Bound(("a",), 0.6),)).draw(4000, seed=1)
    assert (drawn[:, 0] >= 0.6).all()
    assert drawn.sum(axis=1) == pytest.approx(np.ones(4000))
    assert drawn[:, 0].mean() == pytest.approx(0.8, abs=4 * 0.4 / np.sqrt(12 * 4000))
    even = WeightSet(("a", "b", "c")).draw(4000, seed=2)
    assert even.mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=4 * 0.2357 / np.sqrt(4000))


def test_a_walk_through_a_narrow_set_is_even_too() -> None:
    """Nine measures of which one carries at least 0.9: its mean is 0.9 + 0.1 / 9."""
    nine = WeightSet(tuple("abcdefghi"), (Bound(("a",), 0.9),))
    drawn = nine.draw(400, seed=3)
    assert (drawn[:, 0] >= 0.9 - 1e-9).all()
    assert drawn[:, 0].mean() == pytest.approx(0.9 + 0.1 / 9, abs=0.003)


def test_acceptability_by_geometry() -> None:
    """Two schools, (2, 6) and (5, 3): equal where 2w + 6(1 - w) = 5w + 3(1 - w), so at w = 1/2.

    The first is the lower one for w above 1/2. With w from 0.3 to 1 that is 5/7 of all weights.
    """
    lowest = Lowest(np.array([[2.0, 5.0], [6.0, 3.0]]), np.array([True, True]), 1)
    weights = WeightSet(("a", "b"), (Bound(("a",), 0.3),))
    found = judge(lowest, weights, draws=4000, seed=1)
    assert (np.abs(found.acceptability - [5 / 7, 2 / 7]) < 4 * found.error).all()
    assert found.verdict.tolist() == ["possible", "possible"]


def test_a_school_named_in_the_middle_and_at_no_corner() -> None:
    """Of (0, 10), (10, 0) and (4, 4) the last is lowest at w = 1/2 only: corners do not show it."""
    points = np.array([[0.0, 10.0, 4.0], [10.0, 0.0, 4.0]])
    lowest = Lowest(points, np.ones(3, dtype=bool), 1)
    weights = WeightSet(("a", "b"))
    assert not lowest.named(weights.corners)[:, 2].any()
    assert judge(lowest, weights, draws=50, seed=1).verdict[2] == "possible"


def small_list(seed: int) -> Lowest:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 9))
    points = rng.integers(1, 6, size=(3, n)).astype(float)
    if seed % 2:
        points[1:][rng.random((2, n)) < 0.2] = np.nan
    pool = rng.random(n) < 0.9
    pool[:3] = True
    return Lowest(points, pool, int(rng.integers(1, pool.sum() // 2 + 1)), bool(seed % 3))


def test_no_verdict_contradicts_brute_force_on_a_thousand_small_panels() -> None:
    every = grid()
    counts = dict.fromkeys(("certain", "possible", "never", "undecided"), 0)
    for seed in range(1000):
        lowest = small_list(seed)
        found = judge(lowest, THREE, draws=20, seed=seed)
        named = lowest.named(every)
        assert named[:, found.verdict == "certain"].all(), seed
        assert not named[:, found.verdict == "never"].any(), seed
        assert (found.verdict[~lowest.pool] == "").all()
        for verdict in counts:
            counts[verdict] += found.count(verdict)
    assert min(counts.values()) > 50
    assert counts["undecided"] < 0.25 * sum(counts.values())


def test_a_program_settles_what_was_undecided_and_contradicts_nothing() -> None:
    every = grid()
    before = after = 0
    for seed in range(2, 300, 6):  # no missing points, ties named
        lowest = small_list(seed)
        found = judge(lowest, THREE, draws=5, seed=seed)
        done = settled(lowest, THREE, found)
        named = lowest.named(every)
        assert named[:, done.verdict == "certain"].all(), seed
        assert not named[:, done.verdict == "never"].any(), seed
        before, after = before + found.count("undecided"), after + done.count("undecided")
    assert before > 20
    assert after < before / 2


def test_missing_measures_that_leave_no_index_leave_proofs_out() -> None:
    points = np.array([[1.0, 2.0, 3.0], [np.nan, 2.0, 3.0]])
    lowest = Lowest(points, np.ones(3, dtype=bool), 1)
    found = judge(lowest, WeightSet(("a", "b")), draws=50, seed=1)
    assert "certain" not in found.verdict
    inside = WeightSet(("a", "b"), (Bound(("a",), 0.1),))
    assert judge(lowest, inside, draws=50, seed=1).verdict.tolist() == ["certain", "never", "never"]
