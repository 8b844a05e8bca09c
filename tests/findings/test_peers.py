"""Peer review: published worked examples, mean squares, and worlds whose truth is known.

Alpha: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), its example with four
observers. Kappa: Cohen, Psychological Bulletin 70 (1968), two raters and weights 1, 3, 6.
Reliability: Shrout and Fleiss, Psychological Bulletin 86 (1979), six targets and four judges; the
interval is that which the R package psych prints for ICC3k.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.findings.generalizability import coefficient, components, generalizability
from analysis.findings.peers import KEYS, alpha, peer_review, raters, read_ratings, weighted_kappa
from analysis.problems import ProblemsError
from simulations.peer_worlds import PeerWorld, draw_reviews
from tests.evidence.peer_intervals import campaign

OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
JUDGES = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]


def long(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*KEYS, "rating"])


@pytest.fixture(scope="module")
def judged() -> pd.DataFrame:
    return long(
        [
            (f"d{i}", f"r{j}", "1", float(x))
            for i, row in enumerate(JUDGES)
            for j, x in enumerate(row)
        ]
    )


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_as_published(level: str, published: float) -> None:
    said = [
        (f"unit {unit}", f"observer {row}", "1", float(mark))
        for row, marks in enumerate(OBSERVERS)
        for unit, mark in enumerate(marks)
        if mark != "."
    ]
    assert alpha(long(said), level) == pytest.approx(published, abs=0.0005)


def test_weighted_kappa_as_published() -> None:
    """The library that we call gives Cohen's .348 (and .492 unweighted) on his table."""
    shares = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    weights = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert cohens_kappa(200 * shares, weights=weights).kappa == pytest.approx(0.348, abs=0.0005)
    assert cohens_kappa(200 * shares).kappa == pytest.approx(0.492, abs=0.0005)


def test_quadratic_kappa_is_worked_by_hand_on_raters_as_they_come() -> None:
    """Squared distances: 1 of 4 pairs is apart by 2; by chance they would be (see below) 2.25.

    First says 1, 1, 2, 3, second 1, 1, 2, 1: the mean of (x - y)^2 over all 16 combinations is
    (2 x 0 + 1 x 1 + 1 x 4) x 3 / 16 + (2 x 1 + 0 + 1) x 1 / 16 = 18 / 16; kappa 1 - 1 / (18 / 16).
    """
    first, second = np.array([1, 1, 2, 3]), np.array([1, 1, 2, 1])
    found = weighted_kappa(first, second, np.array([1, 2, 3]), "quadratic")
    assert found[0] == pytest.approx(1 - 1 / (18 / 16))
    same = np.ones(4)
    assert np.isnan(weighted_kappa(same, same, np.array([1, 2]), "quadratic")).all()


def test_reliability_as_published(judged: pd.DataFrame) -> None:
    variance = components(judged)
    assert coefficient(variance, 1, 1) == pytest.approx(0.71, abs=0.005)
    assert coefficient(variance, 1, 1, absolute=True) == pytest.approx(0.29, abs=0.005)
    assert coefficient(variance, 4, 1) == pytest.approx(0.91, abs=0.005)
    assert coefficient(variance, 4, 1, absolute=True) == pytest.approx(0.62, abs=0.005)
    table, found = raters(judged)
    assert (found.one, found.all) == pytest.approx((0.71, 0.91), abs=0.005)
    assert (found.low, found.high) == pytest.approx((0.68, 0.99), abs=0.006)
    assert table["leniency"].tolist() == pytest.approx(np.mean(JUDGES, axis=0) - np.mean(JUDGES))


def test_leniency_has_the_interval_of_the_analysis_of_variance(judged: pd.DataFrame) -> None:
    """Without gaps: the mean square of the rest (1.019), 15 degrees of freedom, 1/6 x (1 - 1/4)."""
    table, _ = raters(judged)
    half = 2.13145 * np.sqrt(1.01944 * 0.75 / 6)
    assert (table["high"] - table["leniency"]).tolist() == pytest.approx([half] * 4, rel=1e-3)


def test_raters_needed_by_hand(judged: pd.DataFrame) -> None:
    """2.556 / (2.556 + (5.244 + 1.019) / k) is .8 at k = 9.8, without leniency at 1.6."""
    needed = generalizability(judged).needed
    assert needed[["items", "raters", "raters_absolute"]].values.tolist() == [[1, 2, 10]]
    assert np.isnan(generalizability(judged, target=0.999).needed["raters_absolute"].iloc[0])


def mean_squares(x: np.ndarray) -> dict[str, float]:
    """Estimate the variances of a full table over district, rater and item from mean squares."""
    d, r, i = x.shape
    axes = {"district": (1, 2), "rater": (0, 2), "item": (0, 1)}
    axes |= {"district x rater": (2,), "district x item": (1,), "rater x item": (0,)}
    mean = {name: x.mean(axis=over, keepdims=True) for name, over in axes.items()}
    grand = x.mean()
    apart = {name: mean[name] - grand for name in ("district", "rater", "item")}
    for name in ("district x rater", "district x item", "rater x item"):
        one, other = name.split(" x ")
        apart[name] = mean[name] - grand - apart[one] - apart[other]
    rest = x - grand - sum(apart.values())
    free = {"district": d - 1, "rater": r - 1, "item": i - 1}
    square = {}
    for name, values in apart.items():
        parts = name.split(" x ")
        times = np.prod(
            [
                {"district": d, "rater": r, "item": i}[p]
                for p in axes
                if p not in parts and " " not in p
            ]
        )
        square[name] = float(times * (values**2).sum() / np.prod([free[p] for p in parts]))
    square["rest"] = float((rest**2).sum() / np.prod(list(free.values())))
    pairs = {"district x rater": i, "district x item": r, "rater x item": d}
    found = {name: (square[name] - square["rest"]) / times for name, times in pairs.items()}
    for name, times in (("district", r * i), ("rater", d * i), ("item", d * r)):
        both = [square[pair] for pair in pairs if name in pair.split(" x ")]
        found[name] = (square[name] - sum(both) + square["rest"]) / times
    return {**found, "rest": square["rest"]}


def test_variances_are_those_of_the_mean_squares_where_nothing_is_missing() -> None:
    world = PeerWorld(
        districts=8, raters=5, items=5, district_rater=0.6, district_item=0.6, rater_item=0.6
    )
    table = draw_reviews(world, seed=5).ratings
    x = table["rating"].to_numpy().reshape(8, 5, 5)
    wanted = mean_squares(x)
    assert min(wanted.values()) > 0  # where one is below nought the two differ by design
    found = components(table)
    assert found == pytest.approx(wanted, abs=0.002)


def test_sheets_that_are_ticked() -> None:
    """R ticks threes for everybody; S rates item by item: half ones, half twos."""
    said = [(d, "R", i, 3.0) for d in "AB" for i in "xyz"]
    said += [("A", "S", "x", 1.0), ("A", "S", "y", 2.0), ("B", "S", "x", 2.0), ("B", "S", "y", 1.0)]
    said += [("A", "A", i, 4.0) for i in "xyz"]
    got = peer_review(long(said))
    ticking = got.ticking.set_index("rater")
    assert ticking.loc["R", ["sheets", "straight", "copied", "chance"]].tolist() == [2, 1, 1, 1]
    assert ticking.loc["S", ["sheets", "straight", "copied", "chance"]].tolist() == [2, 0, 0, 0.5]
    own = got.own.iloc[0]
    assert (own["district"], own["own"]) == ("A", 4.0)
    assert own["peers"] == pytest.approx((2 + 2.5 + 3) / 3)
    assert got.alpha["item"].tolist() == ["all", "x", "y", "z"]
    assert got.pairs.iloc[0][["first", "second", "shared", "same"]].tolist() == ["R", "S", 4, 0.0]


def test_where_everybody_ticks_the_same_box_nothing_is_known() -> None:
    said = long([(d, r, i, 4.0) for d in "ABC" for r in "ABC" for i in "xy"])
    got = peer_review(said)
    assert got.ticking["straight"].tolist() == [1, 1, 1]
    assert got.leniency["leniency"].tolist() == pytest.approx([0, 0, 0])
    assert np.isnan(
        [got.reliable.all, got.alpha["ordinal"].iloc[0], got.pairs["kappa"].iloc[0]]
    ).all()
    assert np.isnan(generalizability(said).relative)


def test_a_known_leniency_is_found() -> None:
    review = draw_reviews(PeerWorld(districts=40, raters=4, rater=1.0, district_rater=0.1), seed=2)
    table, _ = raters(review.ratings)
    assert table["leniency"].tolist() == pytest.approx(review.leniency.tolist(), abs=0.15)


def test_ratings_that_cannot_be_right_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("district,rater,item,rating\nA,B,x,3\nA,B,x,4\nB,A,x,good\n", encoding="utf-8")
    with pytest.raises(ProblemsError) as told:
        read_ratings(path)
    text = str(told.value)
    assert "ratings.csv:4: rating must be a number, but it says good." in text
    assert "ratings.csv:3: B rates A on x a second time." in text
    path.write_text("district,rater,item\nA,B,x\n", encoding="utf-8")
    with pytest.raises(ProblemsError, match="must have the columns rating"):
        read_ratings(path)
    with pytest.raises(ProblemsError, match="two raters or more rated"):
        peer_review(long([("A", "B", "x", 1.0), ("B", "A", "x", 2.0)]))


def test_intervals_hold_the_truth_on_smooth_worlds() -> None:
    assert campaign(full=False)["beyond 3 errors"] == "none"
