"""What must hold of every rating, whatever the numbers."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.designs.clause import ByColumn, Ref
from analysis.designs.design import design_from, design_names, load_design
from analysis.designs.document import thaw
from analysis.panels.about import About
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from analysis.ratings.tables import wide_table
from analysis.ratings.weights import weights_applied
from analysis.rounding import settle
from tests.ratings.test_reference import design_called, notches_of, tables

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


# Laws that hold over every built-in design, on random panels made of the design itself.


SEED = 5


def rated(name, schools, measures, *, design=None):
    design = design or design_called(name)
    return rate(design, make_panel(schools, measures, about=About(entity=design.header.entity)))


@cache
def start(name):
    """Rate one random panel by a built-in design; several laws begin from it."""
    return rated(name, *tables(name, SEED))


def cells_of(ratings, step, rows=None) -> np.ndarray:
    """Lay a step out over school, year and group; `rows` picks schools by their place."""
    frame = ratings[next(iter(ratings.design.measures))].value
    array = ratings[step].value.broadcast_like(frame).transpose("school", "year", "group").values
    return array if rows is None else array[rows]


def moved(before, after, steps, *, rows=None) -> list[str]:
    """Name the steps with a cell that moved by more than a hair."""
    pairs = {step: (cells_of(before, step), cells_of(after, step, rows)) for step in steps}
    return [s for s, (a, b) in pairs.items() if not np.allclose(a, b, 0, 1e-9, equal_nan=True)]


@pytest.mark.parametrize("name", design_names())
def test_a_measure_moves_only_what_rests_on_it(name) -> None:
    """And what is taken over from an earlier rating is what would have been worked out."""
    design = design_called(name)
    before, shaken = start(name), []
    for measure in read_by(design):
        after = rated(name, *dealt_anew(name, measure))
        apart = [step for step in design.steps if measure not in design.below(step)]
        assert not moved(before, after, apart)
        shaken = moved(before, after, design.steps)
        if shaken:
            break
    assert shaken
    again = rate(design, after.panel, earlier=before)
    assert not moved(after, again, design.steps)
    assert not set(again.ran) & set(apart)


def dealt_anew(name, measure):
    """Give the cells of one measure to other schools, years and groups."""
    schools, measures = tables(name, SEED)
    mine = np.flatnonzero((measures["measure"] == measure) & measures["value"].notna())
    cells = measures[["value", "n", "numerator"]].to_numpy(copy=True)
    cells[mine] = cells[np.random.default_rng(SEED).permutation(mine)]
    measures[["value", "n", "numerator"]] = cells
    return schools, measures


def read_by(design) -> list[str]:
    """Name the measures that a known step reads, the one first on which fewest steps rest."""
    known = [step for step in design.steps if step not in design.unknown]
    rests = [name for step in known for name in design.measured_by(step)]
    return sorted(set(rests), key=lambda name: (rests.count(name), name))


ANY_ORDER = ("mean", "sum", "points_over_possible", "count", "any", "all")


def turned(said):
    """Write the entries of a list or mapping in the opposite order."""
    if isinstance(said, dict):
        return dict(reversed(said.items()))
    return list(reversed(said)) if isinstance(said, list) else said


def backwards(design):
    """Write a design's headings, steps and whatever may stand in any order from the end."""
    document = design.document
    steps = turned({name: dict(thaw(said)) for name, said in document.steps.items()})
    for said in steps.values():
        if said["rule"] in ANY_ORDER:
            said["of"] = turned(said["of"])
    headings = {
        word: turned(said) if word in ("measures", "groups", "schools") else said
        for word, said in thaw(document.headings).items()
        if word != "exceptions"  # sources decide nothing
    }
    return design_from({**headings, "points": steps}, name=design.name)


@pytest.mark.parametrize("name", design_names())
def test_no_order_moves_anybody(name) -> None:
    """Neither that of schools, years, groups or measures in the tables nor that of the clauses."""
    before = start(name)
    schools, measures = tables(name, SEED)
    random = np.random.default_rng(SEED)
    mixed = [t.iloc[random.permutation(len(t))].reset_index(drop=True) for t in (schools, measures)]
    after = rated(name, *mixed, design=backwards(design_called(name)))
    keys, others = (
        list(zip(r.panel.units["school"], r.panel.units["part"], strict=True))
        for r in (before, after)
    )
    assert keys != others
    rows = [others.index(key) for key in keys]
    assert not moved(before, after, before.design.steps, rows=rows)


def scaled(said, factor: float):
    if isinstance(said, dict):
        return {word: x if word == "by" else scaled(x, factor) for word, x in said.items()}
    if isinstance(said, list | tuple):
        return [scaled(x, factor) for x in said]
    return said if said is None else said * factor


def steps_of(design, rule) -> list[str]:
    return [step for step, said in design.steps.items() if said.rule == rule]


@pytest.mark.parametrize("name", design_names())
def test_scaling_all_weights_of_a_mean_moves_nobody(name) -> None:
    design = design_called(name)
    if not steps_of(design, "mean"):
        pytest.skip("no mean")
    changes = {
        f"{step}.{word}": scaled(thaw(design.document.steps[step])[word], 7.3)
        for step, rule in design.steps.items()
        for word in ("of", "transfer")
        if rule.rule == "mean" and getattr(rule, word) is not None
    }
    after = rated(name, *tables(name, SEED), design=design.vary(changes))
    assert not moved(start(name), after, design.steps)


@pytest.mark.parametrize("name", ["florida/2022", "massachusetts/2024", "new-york-city/2010"])
def test_scaling_the_numbers_of_a_sum_scales_it(name) -> None:
    """A sum is not divided by its weights, so there the law of means does not hold."""
    design = design_called(name)
    tables_ = tables(name, SEED)
    for step in steps_of(design, "sum"):
        said = thaw(design.document.steps[step])["of"]
        plain = design.vary({f"{step}.round": 9})
        before = rated(name, *tables_, design=plain)
        after = rated(name, *tables_, design=plain.vary({f"{step}.of": scaled(said, 3)}))
        a, b = cells_of(before, step), cells_of(after, step)
        assert np.allclose(3 * a, b, equal_nan=True)
        assert np.nanmax(np.abs(a)) > 0


def test_scaling_the_points_possible_divides_the_result() -> None:
    design = design_called("louisiana/2025").vary({"score.round": 9})
    said = thaw(design.document.steps["score"])["of"]
    tables_ = tables("louisiana/2025", SEED)
    a, b = (
        cells_of(rated("louisiana/2025", *tables_, design=one), "score")
        for one in (design, design.vary({"score.of": scaled(said, 4)}))
    )
    assert np.allclose(a, 4 * b, equal_nan=True)
    assert np.nanmax(a) > 0


def without_pool(design) -> set[str]:
    """Name the steps that look across all schools, whichever these are."""
    across = {name: rule for name, rule in design.steps.items() if rule.looks_across}
    return {n for n, rule in across.items() if getattr(rule, "pool", Ref("")).of == "all_schools"}


def outside(name, seed) -> str:
    """Give a school that is in no pool of a design; the first where each is in one."""
    ratings = rated(name, *tables(name, seed))
    pools = {getattr(rule, "pool", None) for rule in ratings.design.steps.values()} - {None}
    steps = {pool.of for pool in pools if pool.of in ratings.design.steps}
    met = np.zeros(len(ratings.panel.units), dtype=bool)
    for step in steps:
        value = ratings[step].value
        met |= (value == 1).any([axis for axis in value.dims if axis != "school"]).to_numpy()
    codes = ratings.panel.units["school"]
    return str(
        codes[~met & (ratings.panel.units["part"] == "")].iloc[0]
        if not met.all()
        else codes.iloc[0]
    )


def with_outsider(name, seed):
    """Add a school that is in no pool, with the lowest values of all."""
    schools, measures = tables(name, seed)
    design = design_called(name)
    no = {column: "no" for column, said in design.columns.items() if said.holds == "yes_no"}
    first = outside(name, seed)
    more = schools[(schools["school"] == first) & (schools["part"] == "")]
    rows = measures[(measures["school"] == first) & (measures["part"] == "")]
    low = rows["measure"].map(measures.groupby("measure")["value"].min())
    keeps = rows["numerator"].notna() | rows["value"].isna()
    new = rows.assign(school="zz", value=rows["value"].where(keeps, low))
    grown = pd.concat([schools, more.assign(school="zz", **no)], ignore_index=True)
    return grown, pd.concat([measures, new], ignore_index=True)


@pytest.mark.parametrize("name", design_names())
def test_a_school_outside_the_pool_moves_nobody(name) -> None:
    design = design_called(name)
    open_steps = without_pool(design)
    steps = [step for step in design.steps if not open_steps & set(design.below(step))]
    before, after = start(name), rated(name, *with_outsider(name, SEED))
    there = len(before.panel.units)
    assert len(after.panel.units) == there + 1
    assert not moved(before, after, steps, rows=slice(0, there))


def test_a_school_in_a_pool_of_all_schools_may_move_somebody() -> None:
    name = "california/status-or-improvement"
    assert without_pool(design_called(name))
    found: set[str] = set()
    for seed in range(SEED, SEED + 6):
        before = rated(name, *tables(name, seed))
        after = rated(name, *with_outsider(name, seed))
        rows = slice(0, len(before.panel.units))
        found |= {*moved(before, after, before.design.steps, rows=rows)}
    assert found >= {"end_line", "named_end"}


@dataclass(frozen=True)
class Edge:
    """A value (or n) at or beside a number of a clause, for a kind of school, and what it gives."""

    step: str
    measure: str
    group: str
    words: dict
    value: float
    n: float
    gives: float | str


BESIDE = 0.001


def read_straight(design, ref: Ref) -> tuple[str, str] | None:
    """Give measure and group where a reference reads this year's value as it is."""
    group = ref.group
    while ref.year == "this":
        if ref.of in design.measures:
            return ref.of, group or "all"
        rule = design.steps.get(ref.of)
        if rule is None or rule.rule not in ("identity", "minimum_n") or rule.round is not None:
            return None
        ref = rule.of
        group = group or ref.group
    return None


def spelled(design, number, group: str, words=None) -> Iterator[tuple[float, str, dict]]:
    """Give each number of a word, with the group and the kind of school that have it."""
    words = words or {}
    if isinstance(number, float):
        yield number, group, words
    if not isinstance(number, ByColumn) or number.by in design.steps:
        return
    known = ("all", *design.header.groups)
    labels = known if number.by == "group" else design.columns[number.by].one_of
    others = [label for label in labels if label not in number.numbers]
    for label, inner in number.numbers.items():
        named = others[0] if label == "others" else label
        here = (named, words) if number.by == "group" else (group, words | {number.by: named})
        yield from spelled(design, inner, *here)


def edges_of_students(design, step: str, rule) -> Iterator[Edge]:
    """A value counts at the minimum n, or at the smaller one of `or`, and not below it."""
    if rule.of.of not in design.measures or rule.of.year != "this":
        return
    least = rule.n if rule.or_ is None else rule.or_.n
    for n, group, words in spelled(design, least, rule.of.group or "all"):
        for students, gives in ((n, "a value"), (n - 1, "nothing")):
            value = middle(design, rule.of.of)
            yield Edge(step, rule.of.of, group, words, value, students, gives)


def edges_of_cuts(design, step: str, rule) -> Iterator[Edge]:
    """A level begins at its bound (`equal: out`: beyond it), on the side that is better."""
    straight = read_straight(design, rule.of)
    if straight is None:
        return
    levels = list(rule.from_)
    numbered = all(level.isdigit() for level in levels)
    places = [int(level) for level in sorted(levels, key=int)] if numbered else []
    for place, level in enumerate(levels):
        code = int(level) if numbered else place + 2
        below = code - 1
        assert not numbered or code in places
        better = BESIDE if rule.better == "high" else -BESIDE
        at = code if rule.equal == "in" else below
        for bound, group, words in spelled(design, rule.from_[level], straight[1]):
            for value, gives in ((bound - better, below), (bound, at), (bound + better, code)):
                yield Edge(step, straight[0], group, words, value, 10000, gives)


WAYS = {"at_least": (0, 1, 1), "above": (0, 0, 1), "at_most": (1, 1, 0), "below": (1, 0, 0)}
"""What holds below the bound, at it and above it."""


def edges_of_tests(design, step: str, rule) -> Iterator[Edge]:
    straight = read_straight(design, rule.of)
    for way, answers in WAYS.items():
        if straight is None or getattr(rule, way) is None:
            continue
        for bound, group, words in spelled(design, getattr(rule, way), straight[1]):
            values = (bound - BESIDE, bound, bound + BESIDE)
            for value, gives in zip(values, answers, strict=True):
                yield Edge(step, straight[0], group, words, value, 10000, gives)


def edges(design) -> list[Edge]:
    kinds = {"minimum_n": edges_of_students, "cuts": edges_of_cuts, "test": edges_of_tests}
    found = [
        edge
        for step, rule in design.steps.items()
        if rule.rule in kinds and step not in design.unknown
        for edge in kinds[rule.rule](design, step, rule)
    ]
    return [edge for edge in found if within(design, edge)]


def ends(design, measure: str) -> tuple[float, float]:
    said = design.measures[measure]
    if said.levels:
        return 1, len(said.levels)
    return said.range or {"percent": (0, 100), "condition": (0, 1)}.get(said.unit, (-999, 999))


def within(design, edge: Edge) -> bool:
    low, high = ends(design, edge.measure)
    return low <= edge.value <= high


def middle(design, measure: str) -> float:
    low, high = ends(design, measure)
    return 50.0 if low <= 50 <= high else float(high)


def on_the_edge(design, found: list[Edge], years: list[int]):
    """Give each edge a school of its own; a first school has every measure and group."""
    plain = {"yes_no": "yes", "number": "100", "school": ""}
    kind = {
        name: plain.get(said.holds) or said.one_of[0]
        for name, said in design.columns.items()
        if said.holds != "school"
    }
    pairs = {name: "" for name, said in design.columns.items() if said.holds == "school"}
    schools = [{"school": "first", **kind, **pairs}]
    rows = [
        {"school": "first", "measure": m, "group": g, "value": middle(design, m), "n": 10000}
        for m, g in itertools.product(design.measures, ("all", *design.header.groups))
    ]
    for place, edge in enumerate(found):
        schools.append({"school": f"{place:04d}", **kind, **pairs, **edge.words})
        cell = {"measure": edge.measure, "group": edge.group, "value": edge.value, "n": edge.n}
        rows.append({"school": f"{place:04d}", **cell})
    table = pd.concat([pd.DataFrame(rows).assign(year=year) for year in years])
    counts = (table["value"] * table["n"] / 100).round().clip(0, table["n"])
    return pd.DataFrame(schools), table.assign(numerator=counts)


def years_for(name) -> list[int]:
    said = notches_of(name).years or [2020]
    return sorted({*said, max(said) + 1})


@pytest.mark.parametrize("name", design_names())
def test_a_school_at_an_edge_is_where_its_clause_says(name) -> None:
    design = design_called(name)
    found = edges(design)
    if not found:
        pytest.skip("no clause reads a measure as it is")
    years = years_for(name)
    ratings = rated(name, *on_the_edge(design, found, years))
    for place, edge in enumerate(found):
        groups = ratings.panel.groups.index(edge.group)
        given = cells_of(ratings, edge.step)[place + 1, len(years) - 1, groups]
        told = {"a value": not np.isnan(given), "nothing": np.isnan(given)}
        assert told.get(edge.gives, given == edge.gives), (edge, given)


def test_edges_of_many_designs_are_tried() -> None:
    found = {name: edges(design_called(name)) for name in design_names()}
    assert sum(map(bool, found.values())) > 12
    assert sum(map(len, found.values())) > 500
    answers = {edge.gives for name in found for edge in found[name]}
    assert answers >= {"a value", "nothing", 0, 1, 2, 3, 4, 5}
