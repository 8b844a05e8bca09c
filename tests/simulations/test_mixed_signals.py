"""True mixed signals from noisy figures, in worlds whose share is known in closed form."""

import numpy as np
import pytest

from analysis.findings.overlap import normal_overlap
from analysis.findings.profiles import Bands, cut_bands, mixed, one_factor_share
from analysis.findings.variance import Components, components
from simulations.mixed_signals import Drawing, draw_world, loadings, mixed_signals

SCHOOLS = 1500
UNALIKE = np.array([0.9, 0.6, 0.4, 0.1])


def alike(r: float, number: int) -> np.ndarray:
    return np.full((number, number), r) + (1 - r) * np.eye(number)


def world_of(lasting: np.ndarray, *, shock: float = 0.0, sampling: float = 0.0) -> Components:
    """Make the model of a world, with variances 1 of true values."""
    number = len(lasting)
    noise = np.full((SCHOOLS, 1, number), sampling)
    return Components(np.zeros((1, number)), lasting, shock * np.eye(number), noise)


def nothing(number: int) -> np.ndarray:
    return np.zeros((SCHOOLS, 1, number))


@pytest.mark.parametrize(("number", "r", "share"), [(5, 0.2, 0.52), (5, 0.3, 0.44), (7, 0.3, 0.58)])
def test_one_factor_worlds_give_the_known_shares(number, r, share) -> None:
    drawing = Drawing(0, 60, 1)
    seen = draw_world(
        world_of(alike(r, number)), nothing(number), drawing, world="one factor", seen="truth"
    )
    shares = mixed(seen, cut_bands(seen)).mean(axis=1)
    error = shares.std(ddof=1) / 60**0.5
    assert shares.mean() == pytest.approx(one_factor_share([r**0.5] * number), abs=3 * error)
    assert shares.mean() == pytest.approx(share, abs=3 * error + 0.005)


def test_two_noisy_measures_agree_as_the_bivariate_normal_says() -> None:
    """True values correlate .8; reliabilities 1 / 1.5 and 1 / 2: measured, .8 / root 3."""
    model = Components(
        np.zeros((1, 2)),
        alike(0.8, 2),
        np.diag([0.2, 0.5]),
        np.tile([0.3, 0.5], (SCHOOLS, 1, 1)),
    )
    seen = draw_world(model, nothing(2), Drawing(0, 80, 2), world="one factor", seen="replication")
    low = seen <= np.expand_dims(cut_bands(seen).low, 1)
    both = low.all(axis=2).mean(axis=1) / 0.3
    error = both.std(ddof=1) / 80**0.5
    assert both.mean() == pytest.approx(normal_overlap(0.8 / 3**0.5, 0.3), abs=3 * error)
    assert error < 0.005


def test_noise_makes_schools_look_mixed_and_draws_of_the_truth_undo_it() -> None:
    """Five measures alike at .3, reliability .5 (shock and sampling .5 each), fitted on 3 years.

    True share .440; measured, they correlate .15: .560. Over eight worlds the fitted truth must
    come out right, and the published figures as measured.
    """
    true, again, seen, apart = [], [], [], []
    for world in range(8):
        random = np.random.default_rng(world)
        lasting = random.multivariate_normal(np.zeros(5), alike(0.3, 5), SCHOOLS)[:, None]
        figures = lasting + random.normal(0, 1, (SCHOOLS, 3, 5))
        model = components(figures, np.full(figures.shape, 0.5**0.5))
        found = mixed_signals(model, figures, Drawing(2, 8, world))
        found = found[(found["bands"] == "cut anew") & (found["measures"] == 5)]
        shares = found.set_index(["world", "seen"])["mixed"]
        true.append(shares["joint", "truth"])
        again.append(shares["joint", "replication"])
        seen.append(shares["published", "replication"])
        apart.append(shares["independent", "truth"])
    expected = [one_factor_share([x**0.5] * 5) for x in (0.3, 0.15, 0.15, 0.0)]
    for one, share in zip((true, again, seen, apart), expected, strict=True):
        error = np.std(one, ddof=1) / 8**0.5
        assert np.mean(one) == pytest.approx(share, abs=3 * error + 0.002)
    assert expected[1] - expected[0] > 0.1


def test_shrunken_values_hide_what_draws_show() -> None:
    """With bands held at the figures' own cuts, posterior means are mixed too seldom."""
    random = np.random.default_rng(1)
    lasting = random.multivariate_normal(np.zeros(5), alike(0.3, 5), SCHOOLS)[:, None]
    figures = lasting + random.normal(0, 1, (SCHOOLS, 2, 5))
    model = components(figures)
    held = Bands(np.full(5, -0.5244), np.full(5, 0.5244))  # 30 % of true values on each side
    truth = draw_world(model, figures, Drawing(0, 100, 1), world="joint", seen="truth")
    means = mixed(truth.mean(axis=0), held).mean()
    found = mixed_signals(model, figures, Drawing(0, 30, 1), held=held).set_index(
        ["world", "seen", "bands", "measures"]
    )["mixed"]
    drawn = found["joint", "truth", "held", 5]
    assert drawn == pytest.approx(one_factor_share([0.3**0.5] * 5), abs=0.03)
    assert means < drawn - 0.1


def test_loadings_of_one_factor_come_back() -> None:
    lasting = np.outer(UNALIKE, UNALIKE)
    np.fill_diagonal(lasting, 1.0)
    spread = np.array([1.0, 5.0, 0.1, 20.0])
    assert loadings(world_of(lasting * np.outer(spread, spread))) == pytest.approx(
        UNALIKE, abs=1e-4
    )


def test_a_world_holds_its_variances_and_missing_figures() -> None:
    """Truth varies by 4 and 25; measured again by 4 + 1 + 2 and 25 + 1 + 2; one value is gone."""
    figures = nothing(2)
    figures[3, 0, 1] = np.nan
    model = world_of(np.array([[4.0, 8.0], [8.0, 25.0]]), shock=1.0, sampling=2.0)
    for world, joint in (("one factor", 8.0), ("independent", 0.0)):
        for seen, more in (("truth", 0.0), ("replication", 3.0)):
            drawn = draw_world(model, figures, Drawing(0, 40, 3), world=world, seen=seen)
            assert np.isnan(drawn[:, 3]).tolist() == [[False, True]] * 40
            cov = np.cov(np.delete(drawn, 3, axis=1).reshape(-1, 2).T)
            assert np.diag(cov) == pytest.approx([4 + more, 25 + more], rel=0.03)
            assert cov[0, 1] == pytest.approx(joint, abs=0.35)


def test_kinds_and_numbers_are_told_apart_and_the_seed_decides() -> None:
    figures = np.random.default_rng(4).normal(size=(60, 2, 3))
    figures[:20, :, 2] = np.nan
    kind = ["elementary"] * 20 + ["high"] * 40
    model = components(figures)
    one, same, other = (
        mixed_signals(model, figures, Drawing(1, 5, seed), kind=kind) for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one["mixed"].equals(other["mixed"])
    counted = one.groupby(["kind", "measures"])["schools"].unique().map(list).to_dict()
    assert counted == {("elementary", 2): [20], ("high", 2): [40], ("high", 3): [40]}
    assert (one.loc[one["world"] == "published", "error"] == 0).all()
