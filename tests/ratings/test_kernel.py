"""The kernel names the schools that `rate` names, whatever the weights and however it is run."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.designs.clause import Rounding
from analysis.designs.design import design_from
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.kernel import run
from analysis.ratings.naming import Cut, Weighing, identify
from analysis.ratings.rate import rate
from analysis.ratings.reweigh import weighing_of, who_is_named

CELLS = ("a", "b", "c", "d")
LINE = {
    "rule": "share_of_pool",
    "of": "index",
    "share": 0.2,
    "side": "lowest",
    "pool": "title1",
    "round": "none",
    "count": "up",
    "ties": "in",
    "included": True,
}
LOW = {"rule": "test", "of": "index", "beyond": "line"}
LOWEST = {"rule": "named", "when": "low", "among": ["title1"]}
DROP = "drop"


def rules(*, mean=None, line=None, low=None, lowest=None, lists=None, **headings):
    """An index over four measures and a list of its lowest fifth, with some words changed."""
    return design_from(
        {
            **headings,
            "title": "Four measures",
            "evidence": "derived",
            "schools": {"title1": {"holds": "yes_no"}, "small": {"holds": "yes_no"}},
            "measures": {name: {} for name in CELLS},
            "points": {
                "few": {"rule": "named", "when": "small"},
                "guess": {"rule": "linear", "of": "a", "none_at": 0, "full_at": None, "worth": 1},
                "high": {"rule": "test", "of": "b", "above": 5},
            },
            "index": {
                "index": {
                    "rule": "mean",
                    "of": dict.fromkeys(CELLS, 1),
                    "missing": "share_out",
                    **(mean or {}),
                }
            },
            "lists": {
                "line": {k: x for k, x in (LINE | (line or {})).items() if x != DROP},
                "low": low or LOW,
                "lowest": LOWEST | (lowest or {}),
                **(lists or {}),
            },
        },
        name="four",
    )


def panel_of(table, title1=None, small=None):
    """A panel of one year; rows are schools, columns the four measures, nan is missing."""
    schools = len(table)
    codes = [f"{i:04d}" for i in range(schools)]
    yes = {True: "yes", False: "no"}
    title1 = np.ones(schools, bool) if title1 is None else title1
    small = np.zeros(schools, bool) if small is None else small
    rows = pd.DataFrame(table, columns=list(CELLS), index=codes).rename_axis("school").reset_index()
    long = rows.melt("school", var_name="measure", value_name="value").assign(year=2025)
    words = {"title1": [yes[bool(x)] for x in title1], "small": [yes[bool(x)] for x in small]}
    return make_panel(pd.DataFrame({"school": codes, **words}), long)


def random_panel(random, schools=60, *, missing=0.2, whole=True):
    """Levels 1 to 10 (or any values), some missing, some schools without a measure at all."""
    size = (schools, len(CELLS))
    table = random.integers(1, 11, size).astype(float) if whole else random.uniform(0, 100, size)
    table[random.random(size) < missing] = np.nan
    table[random.random(schools) < 0.05] = np.nan
    return panel_of(table, random.random(schools) < 0.6, random.random(schools) < 0.2)


def random_weights(random, designs):
    """Small whole weights, so that many schools tie; some are 0, never all of a design."""
    weights = random.integers(0, 5, (designs, len(CELLS))).astype(float)
    weights[:, 0] += weights.sum(axis=1) == 0
    return weights


def agrees(design, panel, weights, name="lowest"):
    """Hold each set of weights to `rate`: the same schools, and the same line to the last bit."""
    found = who_is_named(design, panel, weights=weights, name=name, keep=("schools",))
    total = np.zeros(len(panel.units), int)
    for i, row in enumerate(weights):
        told = {f"index.of.{cell}": float(w) for cell, w in zip(CELLS, row, strict=True)}
        ratings = rate(design.vary(told), panel)
        met = np.asarray(ratings[name].value.sel(year=2025)) == 1
        met = met if met.ndim == 1 else met[:, 0]
        assert np.array_equal(found.schools(i), met), (i, row)
        assert found.named[i] == met.sum()
        if design.steps["low"].beyond is not None:
            line = float(ratings["line"].value.values.ravel()[0])
            assert found.line[i] == line or (math.isnan(line) and math.isnan(found.line[i]))
        total += met
    assert np.array_equal(found.times, total)
    return total


def test_a_case_worked_by_hand() -> None:
    """Six schools, two cells, the lowest third of five that can be rated: two schools.

    Weights 1 and 1: indexes 2, 3, 3.5, 5, 4 (b alone), none; the line is at 3.
    Weights 3 and 1: 1.5, 4, 2.25, 5, 4, none; the line is at 2.25.
    Weights 0 and 1: 3, 1, 6, 5, 4, none; the line is at 3.
    """
    points = np.array([[1, 5, 1, 5, np.nan, np.nan], [3, 1, 6, 5, 4, np.nan]])
    everyone = np.ones(6, bool)
    weighing = Weighing(points, everyone, everyone, Cut(1 / 3))
    found = identify(weighing, np.array([[1, 1], [3, 1], [0, 1]]), keep=("schools", "ranks"))
    assert found.line.tolist() == [3, 2.25, 3]
    assert [np.flatnonzero(found.schools(i)).tolist() for i in range(3)] == [[0, 1], [0, 2], [0, 1]]
    assert found.times.tolist() == [3, 2, 1, 0, 0, 0]
    assert found.named.tolist() == [2, 2, 2]
    assert found.ranks.tolist() == [[1, 2, 3, 5, 4, 0], [1, 3, 2, 5, 3, 0], [2, 1, 5, 4, 3, 0]]


@pytest.mark.parametrize(
    ("cut", "line", "named"),
    [
        (Cut(0.5), 2, [0, 1, 2, 3]),
        (Cut(0.5, ties="out"), 1, [0]),
        (Cut(0.5, included=False), 2, [0]),
        (Cut(0.5, side="highest"), 2, [1, 2, 3, 4, 5]),
        (Cut(0.5, side="highest", ties="out"), 4, [4, 5]),
        (Cut(0.5, side="highest", included=False), 2, [4, 5]),
        (Cut(0.1, count="down"), -math.inf, []),
        (Cut(0.1, side="highest", count="down"), math.inf, []),
        (Cut(0.1, count="nearest"), 1, [0]),
        (Cut(0.1, count="nearest", included=False), 1, []),
        (Cut(0.25, count="down"), 1, [0]),
        (Cut(0.25, count="up"), 2, [0, 1, 2, 3]),
        (Cut(0.25, count="nearest"), 2, [0, 1, 2, 3]),
        (Cut(2, by="number"), 2, [0, 1, 2, 3]),
        (Cut(2, by="number", included=False), 2, [0]),
        (Cut(2, by="number", side="highest"), 2, [1, 2, 3, 4, 5]),
        (Cut(2, by="number", side="highest", included=False), 2, [4, 5]),
    ],
)
def test_every_way_to_cut_by_hand(cut, line, named) -> None:
    """Six schools with indexes 1, 2, 2, 2, 4, 5: a quarter of them is one and a half."""
    points = np.array([[1.0, 2, 2, 2, 4, 5]])
    everyone = np.ones(6, bool)
    found = identify(
        Weighing(points, everyone, everyone, cut), np.array([[7.0]]), keep=("schools",)
    )
    assert found.line[0] == line
    assert np.flatnonzero(found.schools(0)).tolist() == named


CLAUSES = list(
    itertools.product(
        ("up", "down", "nearest"),
        ("in", "out"),
        (True, False),
        ("lowest", "highest"),
        ("rated", "pool"),
    )
)


@pytest.mark.parametrize("clauses", CLAUSES, ids=lambda c: "-".join(map(str, c)))
def test_the_kernel_and_rate_name_the_same_schools(clauses) -> None:
    words = dict(zip(("count", "ties", "included", "side", "counted"), clauses, strict=True))
    random = np.random.default_rng([CLAUSES.index(clauses), 5])
    rounding = {"round": [0, 1, "none"][CLAUSES.index(clauses) % 3]}
    among = [{}, {"among": ["all_schools"]}, {"unless": ["few"]}][CLAUSES.index(clauses) % 3]
    design = rules(line=words | rounding, lowest=among)
    assert agrees(design, random_panel(random), random_weights(random, 3)).any()


MEANS = [
    {},
    {"judged": 3},
    {"missing": "zero", "judged": 2},
    {"missing": "no_result"},
    {"round": 1},
    {"round": {"places": 0, "mode": "half_even"}},
    {"round": {"places": 1, "mode": "up"}},
    {"round": {"places": -1, "mode": "down"}},
]


@pytest.mark.parametrize("mean", MEANS, ids=str)
def test_every_mean_that_the_kernel_takes_is_that_of_rate(mean) -> None:
    random = np.random.default_rng(14)
    assert agrees(rules(mean=mean), random_panel(random), random_weights(random, 3)).any()


@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.01, 0.99),
    missing=st.sampled_from([0.0, 0.3, 0.9]),
    words=st.sampled_from(CLAUSES),
    mean=st.sampled_from(MEANS),
)
def test_the_kernel_follows_rate_through_random_designs(seed, share, missing, words, mean) -> None:
    random = np.random.default_rng(seed)
    keys = ("count", "ties", "included", "side", "counted")
    line = {"share": share, **dict(zip(keys, words, strict=True))}
    panel = random_panel(random, 40, missing=missing, whole=seed % 2 == 0)
    weights = random_weights(random, 2)
    weights[1] = random.dirichlet(np.full(4, 0.3))
    agrees(rules(mean=mean, line=line), panel, weights)


@pytest.mark.parametrize("way", ["at_most", "below", "at_least", "above"])
def test_a_fixed_line_is_that_of_rate(way) -> None:
    random = np.random.default_rng(4)
    design = rules(low={"rule": "test", "of": "index", way: 5.5})
    assert agrees(design, random_panel(random), random_weights(random, 8)).any()


def test_years_and_groups_are_those_that_the_list_reads() -> None:
    """Two years and two groups: each has its own line, and the list reads one group."""
    random = np.random.default_rng(12)
    codes = [f"{i:03d}" for i in range(30)]
    keys = list(itertools.product(codes, (2024, 2025), ("all", "el"), CELLS))
    long = pd.DataFrame(keys, columns=["school", "year", "group", "measure"])
    long["value"] = random.integers(1, 11, len(long))
    long = long[random.random(len(long)) > 0.2]
    schools = pd.DataFrame({"school": codes, "title1": "yes", "small": "no"})
    panel = make_panel(schools, long)
    weights = np.array([[1.0, 2, 3, 4], [4, 0, 0, 1]])
    for group in ("all", "el"):
        design = rules(lowest={"group": group}, groups={"el": "English learners"})
        for year in (2024, 2025):
            found = who_is_named(
                design, panel, weights=weights, name="lowest", year=year, keep=["schools"]
            )
            for i, row in enumerate(weights):
                told = {f"index.of.{c}": float(w) for c, w in zip(CELLS, row, strict=True)}
                met = rate(design.vary(told), panel)["lowest"].value.sel(year=year) == 1
                assert np.array_equal(found.schools(i), np.asarray(met).ravel())
    several = {"group": "any", "groups": ["el"]}
    ratings = rate(rules(lowest=several, groups={"el": "English learners"}), panel)
    with pytest.raises(ProblemsError, match="lowest: looks at several groups. Use rate for it."):
        weighing_of(ratings, "lowest")


def exact_list(points, weights, share):
    """Name the lowest schools in exact fractions, rounded to nine places before ranking."""
    found = []
    for column in points.T:
        pairs = zip(weights, column, strict=True)
        some = [(Fraction(w), Fraction(x)) for w, x in pairs if not math.isnan(x)]
        total = sum(w for w, _ in some)
        found.append(round(sum(w * x for w, x in some) / total, 9) if total else None)
    ranked = sorted(x for x in found if x is not None)
    line = ranked[math.ceil(Fraction(share).limit_denominator(1000) * len(ranked)) - 1]
    return np.array([x is not None and x <= line for x in found])


def test_a_thousand_schools_are_named_as_in_exact_fractions() -> None:
    """Levels 1-10 and whole weights: hundreds of ties, and no rounding in the expected list."""
    random = np.random.default_rng(11)
    points = random.integers(1, 11, (9, 1000)).astype(float)
    points[random.random(points.shape) < 0.1] = np.nan
    weights = random.integers(0, 31, (25, 9)).astype(float)
    everyone = np.ones(1000, bool)
    found = identify(Weighing(points, everyone, everyone, Cut(0.05)), weights, keep=("schools",))
    for i, row in enumerate(weights):
        assert np.array_equal(found.schools(i), exact_list(points, row, 0.05)), i


def big(random, schools=3000, cells=9, **words):
    points = random.integers(1, 11, (cells, schools)).astype(float)
    points[random.random(points.shape) < 0.1] = np.nan
    pool = random.random(schools) < 0.8
    return Weighing(points, pool, random.random(schools) < 0.9, Cut(0.05, **words))


def same(one, other, order=slice(None)):
    for word in ("times", "named", "line", "bits", "ranks"):
        a, b = getattr(one, word), getattr(other, word)
        if word in ("times", "ranks"):
            b = b[..., order]
        if word == "bits":
            a, b = (np.unpackbits(x.bits, axis=1, count=len(x.times)) for x in (one, other))
            b = b[:, order]
        assert np.array_equal(a, b, equal_nan=word == "line"), word


@pytest.mark.parametrize("ties", ["in", "out"])
def test_threads_and_chunks_change_nothing(ties) -> None:
    random = np.random.default_rng(5)
    weighing, weights = big(random, ties=ties), random.dirichlet(np.ones(9), 301)
    weights[::3] = random.integers(1, 4, (101, 9))
    keep = ("schools", "ranks")
    first = identify(weighing, weights, keep=keep, threads=1, chunk=1000)
    for threads, chunk in ((1, 1), (2, 256), (2, 7), (3, 50)):
        same(first, identify(weighing, weights, keep=keep, threads=threads, chunk=chunk))
    bare = identify(weighing, weights)
    assert bare.bits is None
    assert bare.ranks is None
    assert np.array_equal(bare.times, first.times)


def test_the_order_of_designs_changes_nothing() -> None:
    random = np.random.default_rng(6)
    weighing, weights = big(random), random.dirichlet(np.full(9, 0.2), 200)
    order = random.permutation(200)
    one, other = (identify(weighing, w, threads=1) for w in (weights, weights[order]))
    assert np.array_equal(one.line[order], other.line)
    assert np.array_equal(one.named[order], other.named)
    assert np.array_equal(one.times, other.times)


def test_the_order_of_schools_changes_nothing() -> None:
    random = np.random.default_rng(7)
    weighing, weights = big(random), random.dirichlet(np.ones(9), 60)
    order = random.permutation(3000)
    mixed = replace(
        weighing,
        points=weighing.points[:, order],
        pool=weighing.pool[order],
        open=weighing.open[order],
    )
    keep = ("schools", "ranks")
    same(identify(mixed, weights, keep=keep), identify(weighing, weights, keep=keep), order)


def test_ranks_are_those_of_scipy() -> None:
    random = np.random.default_rng(8)
    weights = random.dirichlet(np.ones(9), 5)
    for side, sign in (("lowest", 1), ("highest", -1)):
        weighing = big(random, 500, side=side)
        found = identify(weighing, weights, keep=("ranks",))
        there = ~np.isnan(weighing.points)
        for row, w in zip(found.ranks, weights, strict=True):
            total = (w[:, None] * there).sum(axis=0)
            index = np.round(np.nansum(w[:, None] * weighing.points, axis=0) / total, 9)
            rated = weighing.pool & (total > 0)
            assert np.array_equal(row[rated], stats.rankdata(sign * index[rated], "min"))
            assert not row[~rated].any()


def test_each_design_may_have_its_own_share_or_number() -> None:
    random = np.random.default_rng(9)
    weighing, weights = big(random), random.dirichlet(np.ones(9), 6)
    shares = np.linspace(0.01, 0.2, 6)
    found = identify(weighing, weights, at=shares)
    for i, share in enumerate(shares):
        alone = replace(weighing, cut=Cut(float(share)))
        assert identify(alone, weights[i : i + 1]).line[0] == found.line[i]
    fixed = identify(replace(weighing, cut=Cut(0, by="number")), weights, at=found.line)
    assert np.array_equal(fixed.times, found.times)


def test_weights_of_any_size_are_relative() -> None:
    """Scaled by powers of two, nothing changes: not even where single precision ends."""
    random = np.random.default_rng(10)
    weighing, weights = big(random), random.dirichlet(np.ones(9), 20)
    found = identify(weighing, weights, keep=("schools", "ranks"))
    for power in (-300, -60, 60, 300):
        scaled = identify(weighing, weights * 2.0**power, keep=("schools", "ranks"))
        same(found, scaled)


def test_a_weight_that_all_but_vanishes_still_counts_where_it_is_alone() -> None:
    """Schools with the second cell only are rated by it, however small its weight is."""
    points = np.array([[1, 2, 3, np.nan, np.nan], [9, 9, 9, 1.5, 2.5]])
    everyone = np.ones(5, bool)
    weighing = Weighing(points, everyone, everyone, Cut(0.4))
    for small in (1e-6, 1e-20, 1e-40, 1e-90):
        found = identify(weighing, np.array([[1.0, small]]), keep=("schools",))
        assert found.schools(0).tolist() == [True, False, False, True, False]
    none = identify(weighing, np.array([[1.0, 0.0]]), keep=("schools",))
    assert none.schools(0).tolist() == [True, True, False, False, False]


def test_points_far_apart_or_nearly_equal_are_told_apart() -> None:
    """Neighbours that differ by two billionths differ; by a tenth of one they tie."""
    everyone = np.ones(40, bool)
    near = 1000.0 + np.arange(40) * 2e-9
    tied = 1000.0 + np.arange(40) * 1e-11
    for points, named in ((near, 4), (tied, 40), (near * 0, 40)):
        for whole in (np.ones(1), np.array([3.0])):
            weighing = Weighing(points[None], everyone, everyone, Cut(0.1))
            assert identify(weighing, whole[None]).named[0] == named


@pytest.mark.parametrize("mode", ["half_up", "half_even", "up", "down"])
def test_an_index_is_rounded_as_it_says(mode) -> None:
    """Indexes 0.5, 1.5, 2.5 to whole points: 1 2 3, 0 2 2, 1 2 3 and 0 1 2."""
    by_hand = {"half_up": 1, "half_even": 0, "up": 1, "down": 0}
    points, everyone = np.array([[0.5, 1.5, 2.5]]), np.ones(3, bool)
    weighing = Weighing(points, everyone, everyone, Cut(0.1), (Rounding(0, mode),))
    assert identify(weighing, np.array([[2.0]])).line[0] == by_hand[mode]


def test_nobody_is_named_where_nobody_is_rated() -> None:
    nothing, everyone = np.full((2, 3), np.nan), np.ones(3, bool)
    weights = np.ones((1, 2))
    for points, pool in ((nothing, everyone), (np.ones((2, 3)), ~everyone)):
        found = identify(Weighing(points, pool, everyone, Cut(0.5)), weights, keep=("ranks",))
        assert math.isnan(found.line[0])
        assert not found.times.any()
        assert not found.ranks.any()


@pytest.mark.parametrize(
    ("weights", "at", "told"),
    [
        ([[1, 1], [1, -1]], None, "weights: row 1 holds a negative weight; give 0 or more."),
        ([[0, 0]], None, "weights: row 0 holds only weights of 0; give at least one above."),
        ([[1, np.nan]], None, "weights: row 0 holds a weight that is no number below 1e+100."),
        ([[1, 1e101]], None, "weights: row 0 holds a weight that is no number below 1e+100."),
        ([[1, 1, 1]], None, "weights: need one row for each design, and in it 2 weights."),
        ([1, 1], None, "weights: need one row for each design, and in it 2 weights."),
        ([[1, 1]], [0.0], "at: must hold shares above 0 and below 1."),
        ([[1, 1]], [0.1, 0.2], "at: needs 1 numbers, one for each row of weights."),
    ],
)
def test_weights_that_are_none_are_refused(weights, at, told) -> None:
    weighing = Weighing(np.ones((2, 3)), np.ones(3, bool), np.ones(3, bool), Cut(0.5))
    with pytest.raises(ProblemsError) as error:
        identify(weighing, np.array(weights, float), at=None if at is None else np.array(at))
    assert str(error.value) == told


def test_other_numbers_are_refused() -> None:
    everyone = np.ones(3, bool)
    with pytest.raises(ProblemsError, match="points: must lie within 1,000,000,000 of 0. Use rat"):
        Weighing(np.full((2, 3), 2e9), everyone, everyone, Cut(0.5))
    with pytest.raises(ProblemsError, match="one row for each cell and one column for each school"):
        Weighing(np.ones((3, 2)), everyone, everyone, Cut(0.5))
    fixed = Weighing(np.ones((1, 3)), everyone, everyone, Cut(np.nan, by="number"))
    with pytest.raises(ProblemsError, match="at: must hold numbers."):
        identify(fixed, np.ones((1, 1)))
    bare = identify(replace(fixed, cut=Cut(0.5)), np.ones((1, 1)))
    with pytest.raises(ProblemsError, match="schools: were not kept. Say keep="):
        bare.schools(0)


OTHERS = {"other": {"rule": "mean", "of": {"a": 1, "b": 1}, "missing": "share_out"}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"mean": {"form": "geometric"}}, "a mean that is geometric with missing: share_out"),
        (
            {"mean": {"missing": "transfer", "transfer": {"a": {"b": 1}}}},
            "a mean that is arithmetic with missing: transfer",
        ),
        (
            {"line": {"count": DROP, "ties": DROP, "percentile": "linear"}},
            "draws its line by percentile",
        ),
        ({"low": {"rule": "test", "of": "index", "below": {"of": "a"}}}, "something else than one"),
        ({"low": {"rule": "test", "of": "a", "below": 3}}, "a is not the mean of some steps"),
        ({"low": {"rule": "present", "of": "index"}}, "low is not a test of an index"),
        (
            {"low": {"rule": "test", "of": {"of": "index", "year": "last"}, "beyond": "line"}},
            "reads another year or group (index, last year)",
        ),
        ({"lists": OTHERS, "line": {"of": "other"}}, "its line is drawn on other"),
        (
            {
                "lists": {"poor": {"rule": "test", "of": "index", "below": 3}},
                "line": {"pool": "poor"},
            },
            "depends on poor, which rests on the index too",
        ),
        (
            {
                "lists": {
                    "edge": {
                        "rule": "edge_of_list",
                        "of": "index",
                        "among": "few",
                        "edge": "highest",
                        "side": "lowest",
                        "included": True,
                        "round": "none",
                    }
                },
                "low": {"rule": "test", "of": "index", "beyond": "edge"},
            },
            "edge is not a line by share",
        ),
        ({"mean": {"round": None}}, "has a number that is not known"),
        ({"mean": {"of": {"a": 1, "guess": 1}}}, "rests on guess, where a number is not known"),
        (
            {"lowest": {"among": ["high"]}},
            "depends on high in several groups; say of it group: all",
        ),
    ],
    ids=lambda x: None if isinstance(x, dict) else x[:40],
)
def test_a_list_that_does_more_is_left_to_rate(words, told) -> None:
    design = rules(**words)
    panel = random_panel(np.random.default_rng(0), 12)
    with pytest.raises(ProblemsError) as error:
        weighing_of(rate(design, panel), "lowest")
    assert told in str(error.value)
    assert "Use rate for it." in str(error.value)
    assert str(error.value).startswith("lowest: ")


def test_what_is_not_there_is_told() -> None:
    panel = random_panel(np.random.default_rng(0), 12)
    ratings = rate(rules(), panel)
    with pytest.raises(ProblemsError, match="four: say which of its lists; there are few, lowest."):
        weighing_of(ratings)
    with pytest.raises(ProblemsError, match="four: say which of its lists; there are few, lowest."):
        weighing_of(ratings, "low")
    with pytest.raises(ProblemsError, match="lowest: has no year 2031; the panel has 2025. Use ra"):
        weighing_of(ratings, "lowest", year=2031)
    several = replace(ratings.cells["a"], value=ratings.cells["a"].value.expand_dims(draw=2))
    drawn = replace(ratings, cells=replace(ratings.cells, got={**ratings.cells.got, "a": several}))
    with pytest.raises(ProblemsError, match="lowest: rests on draws of a. Use rate for it."):
        weighing_of(drawn, "lowest")


def test_an_unknown_share_must_be_given() -> None:
    ratings = rate(rules(line={"share": None}), random_panel(np.random.default_rng(0), 12))
    weighing = weighing_of(ratings, "lowest")
    with pytest.raises(ProblemsError, match="at: must hold shares above 0 and below 1."):
        identify(weighing, np.ones((1, 4)))
    assert identify(weighing, np.ones((1, 4)), at=np.array([0.5])).named[0] > 0


def test_the_loop_is_compiled_once() -> None:
    """Lists, whole numbers, arrays in any order of memory: none asks for a compiler again."""
    random = np.random.default_rng(3)
    points = np.asfortranarray(random.integers(0, 9, (3, 20)))
    points.setflags(write=False)
    everyone = np.ones(20, bool)
    for cut in (Cut(0.5), Cut(2, by="number", side="highest"), Cut(1 / 3, counted="pool")):
        weighing = Weighing(points.astype(float), everyone, everyone, cut, (Rounding(1),))
        for weights in ([[1, 2, 3]], np.asfortranarray(np.ones((2, 3)))):
            identify(weighing, weights, keep=("ranks",))
    assert len(run.signatures) == 1
