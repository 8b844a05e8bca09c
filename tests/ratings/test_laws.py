"""What must hold of every rating, whatever the numbers."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.designs.design import design_from, load_design
from analysis.designs.document import thaw
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from analysis.ratings.tables import wide_table
from analysis.ratings.weights import weights_applied
from analysis.rounding import settle

MEASURES = [f"m{i}" for i in range(9)]
LINE = {
    "rule": "share_of_pool",
    "of": "index",
    "share": 0.05,
    "side": "lowest",
    "pool": "all_schools",
    "round": "none",
    "count": "up",
    "ties": "in",
    "included": True,
}


def nine(order: list[str], weights: dict[str, float], **headings):
    """An index over nine measures, summed in this order; the lowest 5 % are named."""
    return design_from(
        {
            **headings,
            "title": "Nine measures",
            "evidence": "derived",
            "measures": {name: {} for name in MEASURES},
            "index": {
                "index": {
                    "rule": "mean",
                    "of": {name: weights[name] for name in order},
                    "missing": "share_out",
                }
            },
            "lists": {
                "line": LINE,
                "low": {"rule": "test", "of": "index", "beyond": "line"},
                "lowest": {"rule": "named", "when": "low"},
            },
        },
        name="nine",
    )


def panel_of(table: np.ndarray):
    """A panel of one year: rows are schools, columns the nine measures; nan is missing."""
    codes = [f"{i:04d}" for i in range(len(table))]
    rows = pd.DataFrame(table, columns=MEASURES, index=codes).rename_axis("school").reset_index()
    long = rows.melt("school", var_name="measure", value_name="value").assign(year=2025)
    return make_panel(pd.DataFrame({"school": codes}), long)


def test_two_orders_of_summation_name_the_same_schools() -> None:
    """2,000 weight sets, levels 1-10: unrounded sums disagree often, rounded to 1e-9 never.

    The hundred sets that disagree most easily also go through `rate`, summed in both orders.
    """
    random = np.random.default_rng(20251123)
    levels = random.integers(1, 11, size=(1000, 9)).astype(float)
    k = 50
    apart, settled, hard = 0, 0, []
    for _ in range(2000):
        weights = random.integers(1, 31, size=9) / random.integers(1, 31)
        weights = weights / weights.sum()
        forth, back = np.zeros(1000), np.zeros(1000)
        for i in range(9):
            forth += weights[i] * levels[:, i]
            back += weights[8 - i] * levels[:, 8 - i]
        unlike = [
            named(forth, k) != named(back, k),
            named(settle(forth), k) != named(settle(back), k),
        ]
        apart, settled = apart + unlike[0], settled + unlike[1]
        if unlike[0]:
            hard.append(weights)
    assert apart > 200
    assert settled == 0
    panel = panel_of(levels)
    for weights in hard[:100]:
        said = dict(zip(MEASURES, weights, strict=True))
        one, other = (
            rate(nine(order, said), panel)["lowest"].value.values
            for order in (MEASURES, MEASURES[::-1])
        )
        assert np.array_equal(one, other)
        assert one.sum() >= k


def named(index: np.ndarray, k: int) -> frozenset[int]:
    line = np.sort(index)[k - 1]
    return frozenset(np.flatnonzero(index <= line))


TABLES = st.lists(
    st.lists(st.one_of(st.just(np.nan), st.integers(1, 10)), min_size=9, max_size=9),
    min_size=4,
    max_size=25,
).map(lambda rows: np.array(rows, dtype=float))
WEIGHTS = st.lists(st.integers(1, 30), min_size=9, max_size=9).map(
    lambda ws: dict(zip(MEASURES, map(float, ws), strict=True))
)


@settings(max_examples=25, deadline=None)
@given(table=TABLES, weights=WEIGHTS, data=st.data())
def test_the_order_of_schools_moves_nobody(table, weights, data) -> None:
    if np.isnan(table).all():
        table[0, 0] = 5
    order = np.array(data.draw(st.permutations(range(len(table)))))
    design = nine(MEASURES, weights)
    straight = rate(design, panel_of(table))["lowest"].value.values[:, 0]
    shuffled = rate(design, panel_of(table[order]))["lowest"].value.values[:, 0]
    assert np.array_equal(straight[order], shuffled, equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(table=TABLES, weights=WEIGHTS, factor=st.floats(0.01, 100))
def test_scaling_all_weights_moves_no_mean(table, weights, factor) -> None:
    table[0, 0] = 5
    scaled = {name: w * factor for name, w in weights.items()}
    a, b = (
        rate(nine(MEASURES, w), panel_of(table))["index"].value.values for w in (weights, scaled)
    )
    assert np.allclose(a, b, atol=1e-9, equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(table=TABLES, weights=WEIGHTS, school=st.integers(0, 3), measure=st.integers(0, 8))
def test_a_better_measure_never_lowers_a_school(table, weights, school, measure) -> None:
    table[0, 0] = 5
    better = table.copy()
    better[school, measure] += 1
    design = nine(MEASURES, weights)
    before, after = (rate(design, panel_of(t)) for t in (table, better))
    a, b = (r["index"].value.values[school, 0] for r in (before, after))
    assert np.isnan(a) or b >= a - 1e-9
    was, is_ = (r["lowest"].value.values[school, 0] for r in (before, after))
    assert not (was == 0 and is_ == 1)


@settings(max_examples=25, deadline=None)
@given(table=TABLES, weights=WEIGHTS)
def test_applied_weights_add_up_to_one(table, weights) -> None:
    table[0, 0] = 5
    with_headline = nine(MEASURES, weights, headline={"index": "index"})
    ratings = rate(with_headline, panel_of(table))
    shares = sum(a.share.fillna(0).sum("group") for a in weights_applied(ratings).values())
    there = ratings["index"].value.notnull().any("group").values
    assert np.allclose(shares.values[there], 1.0)
    assert np.allclose(shares.values[~there], 0.0)


def test_franklin_s_applied_weights_add_up_to_one() -> None:
    ratings = rate(load_design("franklin/index"), read_panel("franklin"))
    shares = [a.share.fillna(0).sum("group") for a in weights_applied(ratings).values()]
    parts = sum(shares).values
    wholes = np.zeros_like(parts)
    np.add.at(wholes, ratings.cells.whole, parts)
    rows = np.unique(ratings.cells.whole)
    assert np.allclose(wholes[rows], 1.0)


KLEENE = {"met": 1.0, "not met": 0.0, "unknown": np.nan}


@pytest.mark.parametrize("answers", list(itertools.product(KLEENE, repeat=3)))
def test_all_and_any_follow_kleene(answers) -> None:
    """Source: Kleene's strong three-valued logic."""
    values = [KLEENE[answer] for answer in answers]
    design = design_from(
        {
            "title": "Kleene",
            "evidence": "derived",
            "measures": {name: {"unit": "condition"} for name in "abc"},
            "conditions": {
                "every": {"rule": "all", "of": ["a", "b", "c"]},
                "some": {"rule": "any", "of": ["a", "b", "c"]},
            },
        },
        name="kleene",
    )
    rows = pd.DataFrame({"school": "1", "year": 2025, "measure": list("abc"), "value": values})
    ratings = rate(design, make_panel(pd.DataFrame({"school": ["1"]}), rows))
    found = [float(ratings[name].value.squeeze()) for name in ("every", "some")]
    every = 0.0 if 0.0 in values else (np.nan if "unknown" in answers else 1.0)
    some = 1.0 if 1.0 in values else (np.nan if "unknown" in answers else 0.0)
    assert np.array_equal(found, [every, some], equal_nan=True)


def test_the_places_of_a_list_are_the_schools_of_the_panel() -> None:
    panel = read_panel("franklin")
    table = wide_table(rate(load_design("franklin/index"), panel), year=2025)
    assert list(table["school"]) == sorted(set(panel.units["school"]))


def test_a_design_of_districts_refuses_a_panel_of_schools() -> None:
    design = load_design("franklin/index").vary({"total.note": "x"})
    said = {**design.document.headings, "entity": "district", "points": design.document.steps}
    districts = design_from(thaw(said), name="districts")
    with pytest.raises(ProblemsError, match="judges districts, but the panel franklin holds sch"):
        rate(districts, read_panel("franklin"))
    panel = read_panel("franklin")
    about = panel.about.model_copy(update={"entity": "district"})
    ratings = rate(districts, replace(panel, about=about))
    assert int((ratings["lowest"].value.sel(year=2025) == 1).sum()) == 2


def test_a_percentage_given_as_a_share_is_refused() -> None:
    rows = pd.DataFrame({"school": "1", "year": 2025, "measure": "m", "value": [0.4]})
    panel = make_panel(pd.DataFrame({"school": ["1"]}), rows)
    design = design_from(
        {
            "title": "T",
            "evidence": "derived",
            "measures": {"m": {"unit": "percent"}},
            "points": {"p": {"rule": "identity", "of": "m"}},
        },
        name="t",
    )
    with pytest.raises(ProblemsError, match="reads m as a percentage, but every value is at most"):
        rate(design, panel)
