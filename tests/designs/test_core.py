"""CORE's designs: what is not published stays open, and each preset does what a pencil says.

The panel core-eight has eight made-up schools; the arithmetic of core/usual stands beside the
designs (`*.examples.yaml`), that of the other presets here.
"""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.designs.adaptation import Adaptation, adapt, adaptation_names, load_adaptation
from analysis.designs.design import design_from, load_design
from analysis.designs.document import thaw
from analysis.designs.presets import presets_of, specifications
from analysis.designs.rules.choosing import LowestGroup
from analysis.designs.rules.levels import LevelsInPool
from analysis.findings.place import locate
from analysis.findings.sentences import because
from analysis.findings.trace import explain
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.panels.students.who import unknown
from analysis.problems import ProblemsError
from analysis.ratings.rate import groups_of, rate
from analysis.ratings.tables import indicators_table, lists_table, schools_table
from analysis.ratings.weights import weights_applied
from analysis.values import Reason
from tests.ratings.test_laws import panel_of

FIRST, FULL, WAIVER = "core/sqii-2015-16", "core/sqii-full", "core/waiver-2013"
DESIGNS = (FIRST, FULL, WAIVER)
RECALLED = {"official", "secondary", "derived", "recalled"}


@cache
def design(name: str):
    return load_design(name)


@cache
def usual(name: str):
    """Rate the eight schools by the likeliest presets."""
    return rate(adapt(design(name), load_adaptation("core/usual")), read_panel("core-eight"))


def settled_otherwise(name: str, preset: str):
    """Rate the eight schools with one preset in the place of the likeliest."""
    before = usual(name)
    presets = (load_adaptation(f"core/{one}") for one in ("usual", preset))
    return rate(adapt(design(name), *presets, in_order=True), before.panel, earlier=before)


def at(ratings, step: str, school: str, *, year: int = 2015, group: str = "all") -> float:
    units = ratings.panel.units
    row = units.index[(units["school"] == school) & (units["part"] == "")][0]
    value = ratings[step].value
    where = {axis: x for axis, x in (("year", year), ("group", group)) if axis in value.dims}
    return float(value.sel(where)[row])


# What is not published.


@pytest.mark.parametrize("name", DESIGNS)
def test_without_presets_no_index_and_no_list_is_known(name: str) -> None:
    base = design(name)
    assert {"total", *base.lists} - {*base.unknown} <= {"csi_graduation"}
    assert not {"each_counted", "ela_counted", "standing"} & {*base.unknown}
    ratings = rate(base, read_panel("core-eight"))
    assert (ratings["total"].reason == Reason.UNKNOWN_CONSTANT).all()
    assert at(ratings, "standing", "0103") == 52.5  # (55 + 50) / 2


@pytest.mark.parametrize("name", DESIGNS)
def test_one_preset_for_each_decision_settles_the_design(name: str) -> None:
    """Whichever preset is taken, the same words are filled: none is left, none is filled twice."""
    base, found = design(name), presets_of(design(name))
    for decision, presets in found.items():
        filled = {frozenset(one.addresses(base)) for one in presets}
        assert len(filled) == 1, f"the presets of {decision} fill different words"
        assert all(one.fills(base) for one in presets)
        assert all(one.evidence in RECALLED and one.reference for one in presets)
    words = [address for presets in found.values() for address in presets[0].addresses(base)]
    assert len(words) == len(set(words))
    first = adapt(base, *(presets[0] for presets in found.values()))
    last = adapt(base, *(presets[-1] for presets in found.values()))
    assert not first.unknown
    assert not last.unknown
    assert first.fingerprint != last.fingerprint


@pytest.mark.parametrize("name", DESIGNS)
def test_the_usual_takes_one_preset_of_each_decision(name: str) -> None:
    parts = load_adaptation("core/usual").parts(design(name))
    assert sorted(part.settles for part in parts) == sorted(presets_of(design(name)))


@pytest.mark.parametrize("name", DESIGNS)
def test_students_make_every_measure_once_the_usual_presets_are_taken(name: str) -> None:
    """Without presets only what is published counts: graduation rates and readiness's own words."""
    base = design(name)
    settled = adapt(base, load_adaptation("core/usual"))
    for one, open_ in ((settled, 0), (base, 15)):
        said = [m.from_students for m in one.measures.values() if m.from_students]
        assert len(said) == 17  # of 19; staff and families are no students
        gaps = [clause for clause in said if unknown(clause, one.header.students)]
        assert len(gaps) == (open_ and len(said) - 3)  # the three graduation rates
        assert bool([g for g, r in one.header.students.groups.items() if r is None]) == bool(open_)


def test_what_is_recalled_is_never_in_a_base() -> None:
    """Numbers of a base are published, law, or worked out from them; recalled ones are null."""
    for name in DESIGNS:
        base = design(name)
        told = {step: base.evidence(step)[1] for step in base.steps}
        recalled = {step for step, evidence in told.items() if evidence == "recalled"}
        assert {*told.values()} <= {"official", "secondary", "derived", "law", "recalled"}
        assert recalled <= {*base.unknown}


def test_every_preset_of_core_settles_a_decision_or_is_the_usual() -> None:
    names = [name for name in adaptation_names() if name.startswith("core/")]
    names = [name for name in names if not name.startswith("core/local-")]  # districts' variants
    without = [name for name in names if load_adaptation(name).settles is None]
    assert without == ["core/one-mean", "core/usual"]  # the former changes what is known
    assert len(names) > 30


# What others build on it: a specification curve.


def test_specifications_are_the_product_of_the_decisions_below_a_step() -> None:
    """By hand: what is only chosen for other lists does not multiply the index."""
    base = design(FIRST)
    below = presets_of(base, step="total")
    assert sorted(below) == [
        *("academic_split", "base_year", "cut_points", "cut_points_of", "graduation"),
        *("lowest_group", "missing_group", "span_schools", "split"),
    ]
    count = math.prod(len(presets) for presets in below.values())
    assert count == 2 * 2 * 3 * 2 * 3 * 2 * 3 * 2 * 3
    every = list(specifications(base, step="total"))
    assert len({tuple(one.name for one in chosen) for chosen in every}) == count
    chosen = adapt(base, *every[count // 2])
    assert "total" not in chosen.unknown
    assert "lowest" not in chosen.unknown
    assert "paired" in chosen.unknown


def test_two_presets_of_one_decision_exclude_each_other() -> None:
    half, fifths, scaled = (
        load_adaptation(f"core/{one}") for one in ("split-half", "split-fifths", "missing-scaled")
    )
    with pytest.raises(ProblemsError, match="split-half and split-fifths: both settle split"):
        adapt(design(FIRST), half, fifths)
    both = adapt(design(FIRST), half, scaled)  # two words of one clause
    assert (both.steps["ela_points"].all, both.steps["ela_points"].missing) == (0.5, "scale_up")
    later = adapt(design(FIRST), half, fifths, in_order=True)
    assert later.steps["absence_points"].all == "equal"


def test_presets_of_different_decisions_that_fill_one_word_are_told() -> None:
    half = load_adaptation("core/split-half")
    other = half.model_copy(update={"name": "other", "settles": "something_else"})
    with pytest.raises(ProblemsError, match="split-half and other: both touch absence_points.all"):
        adapt(design(FIRST), half, other)


def test_a_preset_for_another_design_is_refused() -> None:
    with pytest.raises(ProblemsError, match="changes core/sqii-full, core/waiver-2013, but the"):
        adapt(design(FIRST), load_adaptation("core/academic-full-thirds"))


def test_a_set_of_steps_is_an_address_of_all_of_them() -> None:
    changed = design(FIRST).vary({"shared_points.all": 0.25, "suspension_points.all": 0.75})
    assert changed.steps["ela_points"].all == changed.steps["absence_points"].all == 0.25
    assert changed.steps["suspension_points"].all == 0.75
    with pytest.raises(ProblemsError, match="there is no such address"):
        design(FIRST).vary({"races.all": 0.5})  # a set of groups


# Each preset, with a pencil. Coral (0103) has two groups, Flint (0301) three; 26.67 points of
# Coral's other domain are possible, so each counts 40 / 26.67 = 1.5.

BY_HAND = [
    # 6 + 2 + 5 = 13.00; 7 + 5 + 7 = 19.00; 4 + 3.56 + 4 = 11.56; 4.44 + 4 + 4.44 = 12.88
    (FIRST, "split-fifths", "0103", 32 + 24.44 * 1.5),
    # 14.4 + .6 + 1.5; 16.8 + 1.5 + 2.1; 9.6 + 1.07 + 1.2; 10.67 + 1.2 + 1.33
    (FIRST, "split-four-fifths", "0103", 36.9 + 25.07 * 1.5),
    # two of four groups: all students carry 3/4. 13.5 + .75 + 1.88; 15.75 + 1.88 + 2.63;
    # 9 + 1.33 + 1.5; 10 + 1.5 + 1.67
    (FIRST, "missing-to-all", "0103", 36.39 + 25.00 * 1.5),
    # 2/3 and 1/6 each: 12 + 1 + 2.5; 14 + 2.5 + 3.5; 8 + 1.78 + 2; 8.89 + 2 + 2.22
    (FIRST, "missing-scaled", "0103", 35.5 + 24.89 * 1.5),
    # of 0, 0, 0, 50, 100, 100, 100 tenths lie at 0, 0, 0, 20, 50, 80, 100, 100, 100; mathematics
    # has 20 for 50: 0, 0, 0, 8, 20, 68, 100, ... Levels 6 4 5; 6 5 6; 7 6 7; 7 7 7
    (FIRST, "cuts-deciles-all-levels", "0103", 15.75 + 17.25 + (9.00 + 9.33) * 1.5),
    # mathematics cut at 10, 20, ..., 90: levels 6 2 5, so 9 + 1.5 + 3.75
    (FIRST, "cuts-widths-by-level", "0103", 14.25 + 14.25 + 24.67 * 1.5),
    # tests of 2015: Coral is the median of three, level 6, in every cell: 18 in each test
    (FIRST, "base-tests-2015", "0103", 18 + 18 + 24.67 * 1.5),
    # black students in every metric: mathematics 30 is level 6, suspension 8 level 10
    (FIRST, "lowest-by-tests", "0103", 14.25 + 20.25 + (11.67 + 13.33) * 1.5),
    # 2.25 + .38 + .38 + .19 + .56; 1.5 + .19 + .19 + .19 + .38; 6 + 1.13 + .75 + .75 + 1.5
    (FIRST, "academic-halves", "0201", 3.76 + 2.45 + 10.13 + 22.66),
    # rates of 63, 63, 54 and 62 are levels 7 7 6 7: 7 + 2.33 + 2 + 2.33
    (FIRST, "graduation-average", "0301", 9.34 + 5.34 + 13.66 + 25.35),
    # rates of 55, 55, 50 and 54 are all level 6: 6 + 3 x 2
    (FIRST, "graduation-four-year", "0301", 9.34 + 5.34 + 12.00 + 25.35),
    (FIRST, "span-equal", "0401", (63.67 + 62.00) / 2),
    # growth .75 and 7.5; 1.13 + .19 + .19 + .09 + .28; .75 + .09 + .09 + .09 + .19; 10.13
    (FULL, "academic-full-halves", "0201", 0.75 + 7.5 + 1.88 + 1.21 + 10.13 + 24.53),
    # the mean of 55, 65 and 99 is 73, level 8: climate 6.40 for 6.13
    (FULL, "surveys-together", "0103", 39.39 + 40 * 26.00 / 32),
    # the same cells of 7.67 against 8 of 10 points
    (WAIVER, "surveys-together", "0202", 52.5 + 17.34 + 8 + 6),
]


@pytest.mark.parametrize(("name", "preset", "school", "index"), BY_HAND)
def test_the_index_under_a_preset(name: str, preset: str, school: str, index: float) -> None:
    assert at(settled_otherwise(name, preset), "total", school) == pytest.approx(index, abs=1e-9)


def test_a_group_held_to_the_cut_points_of_all_students() -> None:
    """Beryl in 2016: swd 18 in English is level 5 by its own cuts (4, ..., 36), 2 by 10, ..., 90.

    So English is 7.5 + 3 x 1.88 + .75 = 13.89 instead of 7.5 + 4 x 1.88 = 15.02.
    """
    ratings = settled_otherwise(FIRST, "cuts-all-students")
    before = usual(FIRST)
    own, of_all = (at(r, "ela_level", "0102", year=2016, group="swd") for r in (before, ratings))
    assert (own, of_all) == (5, 2)
    assert at(before, "total", "0102", year=2016) == pytest.approx(50.01)
    assert at(ratings, "total", "0102", year=2016) == pytest.approx(50.01 - 15.02 + 13.89)


def test_targets_of_two_four_and_ninety() -> None:
    """Flint gained 55.37 - 10.03 in two years; Garnet has 93.99; Emerald lost and has 88.66."""
    ratings = usual(FIRST)
    assert at(ratings, "gain_two", "0301") == pytest.approx(55.37 - 10.03)
    assert [at(ratings, "made_target", s) for s in ("0301", "0302", "0202")] == [1, 1, 0]
    with_four = at(ratings, "gain_four", "0301")
    assert np.isnan(with_four)  # the panel begins two years before


# Rules of the index that hold whatever the presets.


@pytest.mark.parametrize("name", DESIGNS)
def test_every_level_of_a_pool_is_reached_by_the_presets(name: str) -> None:
    base = design(name)
    pooled = {step for step, rule in base.steps.items() if isinstance(rule, LevelsInPool)}
    cells = {step for step, rule in base.steps.items() if isinstance(rule, LowestGroup)}
    shared = {step for step, rule in base.steps.items() if rule.rule == "across_groups"}
    parts = {step for step, rule in base.steps.items() if rule.rule == "across_parts"}
    sets = base.header.sets
    assert set(sets["pool_levels"]) == pooled
    assert set(sets["race_cells"]) == cells
    assert set(sets["shared_points"]) == shared
    assert set(sets["whole_school"]) == parts


def test_the_three_designs_say_the_same_where_they_should() -> None:
    """Only what is counted, and with how many points, sets the designs apart."""
    first, full, waiver = (thaw(design(name).document.steps) for name in DESIGNS)
    weights = {"academic", "other", "of_part", "group_academic", "group_other", "federal_quality"}

    def unlike(one, other):
        return {step for step in {*one} & {*other} if one[step] != other[step]} - weights

    points = {f"{m}_points" for m in ("ela", "math", "absence", "suspension", "redesignation")}
    assert unlike(first, full) == points
    assert unlike(full, waiver) == points - {"ela_points", "math_points"} | {
        *("skills_points", "climate_points"),
    }


def test_growth_skills_and_climate_are_reported_and_not_counted_at_first() -> None:
    found = indicators_table(usual(FIRST)).query("year == 2015 and school == '0103'")
    weights = found.groupby("measure")["weight_applied"].sum()
    for measure in ("ela_growth", "math_growth", "self_efficacy", "climate_staff"):
        assert (found["measure"] == measure).any()
        assert weights[measure] == 0
    assert at(usual(FIRST), "ela_growth_level", "0103") == 6
    assert (
        indicators_table(usual(FULL)).query("measure == 'ela_growth'")["weight_applied"] > 0
    ).any()


def test_applied_weights_are_domains_shares_and_groups() -> None:
    """Coral: 60 % academic, two tests: 30 % each, half to all, a quarter to each of two groups.

    Without redesignation absence and suspension carry 20 % each.
    """
    found = indicators_table(usual(FIRST)).query("year == 2015 and school == '0103'")
    table = found.set_index(["measure", "group"])["weight_applied"]
    assert table["ela", "all"] == pytest.approx(0.15)
    assert table["ela", "low_race"] == table["ela", "sed"] == pytest.approx(0.075)
    assert table["absence", "all"] == pytest.approx(0.10)
    assert table["redesignation", "all"] == 0


@pytest.mark.parametrize("name", DESIGNS)
def test_applied_weights_add_up_to_one(name: str) -> None:
    ratings = usual(name)
    parts = sum(a.share.fillna(0).sum("group") for a in weights_applied(ratings).values())
    wholes = np.zeros(parts.shape)
    np.add.at(wholes, ratings.cells.whole, parts.values)
    rated = ratings["total"].value.notnull().values
    assert np.allclose(wholes[rated], 1.0)


def test_levels_of_the_base_year_are_tenths() -> None:
    """Forty schools with values 1 to 40: four at each level, in the year that sets the cuts."""
    said = {
        "title": "Tenths",
        "evidence": "derived",
        "measures": {"m0": {}},
        "points": {
            "level": {
                "rule": "levels_in_pool",
                "of": "m0",
                "levels": 10,
                "pool": "all_schools",
                "base_year": 2025,
                "percentile": "linear",
            }
        },
    }
    table = np.full((40, 9), np.nan)
    table[:, 0] = np.random.default_rng(5).permutation(np.arange(1.0, 41.0))
    level = rate(design_from(said, name="tenths"), panel_of(table))["level"].value.values[:, 0, 0]
    assert np.unique(level, return_counts=True)[1].tolist() == [4] * 10
    assert np.array_equal(level, np.ceil(table[:, 0] / 4))


def test_all_schools_can_improve_when_cut_points_are_held() -> None:
    """In 2016 Beryl is five levels up and nobody is down; with cuts anew each year one would be."""
    ratings = usual(FIRST)
    years = [ratings["ela_level"].value.sel(year=y, group="all") for y in (2015, 2016)]
    assert float((years[1] - years[0]).min()) == 0
    assert float((years[1] - years[0]).max()) == 4


# The derived group.


def test_a_panel_needs_no_rows_of_a_derived_group() -> None:
    ratings = usual(FIRST)
    assert "low_race" not in ratings.panel.groups
    assert groups_of(ratings.design, ratings.panel)[-1] == "low_race"
    assert not ratings["ela"].value.sel(group="low_race").notnull().any()
    assert at(ratings, "ela_cells", "0201", group="low_race") == 15


def test_a_group_that_nobody_gives_is_still_asked_for() -> None:
    panel = read_panel("core-eight")
    said = thaw(design(FIRST).document.headings)
    said["groups"]["refugee"] = "refugees"
    strange = design_from({**said, "points": thaw(design(FIRST).document.steps)}, name="strange")
    with pytest.raises(ProblemsError, match="refugee: the group is not in the panel core-eight"):
        rate(strange, panel)


def test_a_group_to_which_nobody_belongs_needs_one_row_with_n_0() -> None:
    """The message says so; with that row the design is rated, and the group is never the lowest."""
    rows = pd.DataFrame({"group": ["all", "one"], "value": [5.0, 4.0], "n": [9, 9]})
    without = rows.assign(school="01", year=2025, measure="x")
    with pytest.raises(ProblemsError, match="one row of it with an empty value and n 0"):
        rate(small({}), make_panel(pd.DataFrame({"school": ["01"]}), without))
    nobody = {"school": "01", "year": 2025, "measure": "x", "group": "two", "n": 0}
    measures = pd.concat([without, pd.DataFrame([nobody])], ignore_index=True)
    found = rate(small({}), make_panel(pd.DataFrame({"school": ["01"]}), measures))
    assert found["lowest"].value.sel(group="low").item() == 4


def test_tables_show_the_derived_group_with_its_value_and_students() -> None:
    found = indicators_table(usual(FIRST)).query("group == 'low_race' and year == 2015")
    coral = found.query("school == '0103'").set_index("measure")
    assert coral.loc["ela", ["value", "n", "counted"]].tolist() == [13, 50, "yes"]
    assert coral.loc["suspension", "value"] == 12
    assert found.query("school == '0202'").empty
    panel_rows = indicators_table(usual(FIRST)).query("group == 'black' and school == '0103'")
    assert set(panel_rows["measure"]) == {"ela", "math", "absence", "suspension"}


def test_the_trace_says_which_group_is_the_lowest() -> None:
    trace = explain(usual(FIRST), "0103", year=2015, group="low_race")
    steps = {step.name: step for step in trace.steps}
    assert steps["ela_cells"].reads == (("ela_counted, black", "13", None),)
    assert steps["math_cells"].reads == (("math_counted, hispanic", "19", None),)
    assert steps["suspension_cells"].told == "12"


def test_a_sentence_for_the_lowest_group() -> None:
    ratings = usual(FIRST)
    place = explain_place(ratings, "0103", "low_race")
    assert because(ratings, "ela_cells", place).startswith(
        "ela_cells is 13: black is the lowest by ela_counted (black 13, hispanic 45, "
        "white missing (below minimum n), "
    )
    nobody = explain_place(ratings, "0202", "low_race")
    assert "no group is the lowest by ela_counted" in because(ratings, "ela_cells", nobody)
    beside = explain_place(ratings, "0103", "sed")
    assert because(ratings, "ela_cells", beside) == (
        "ela_cells is 48: ela_counted as it is, since only low_race is derived"
    )


def explain_place(ratings, school: str, group: str):
    return locate(ratings, school, year=2015, group=group)


def test_a_step_without_groups_has_no_lowest() -> None:
    wrong = small({"of": "one_number", "by": "itself"})
    panel = make_panel_of_two()
    with pytest.raises(ProblemsError, match="needs the groups of one_number, but it is one number"):
        rate(wrong, panel)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"as": "lo"}, "lo is no group of the design; they are one, two, low. Did you mean low?"),
        ({"among": ["one", "low"]}, "low may not be one of the groups that are compared"),
        ({"among": ["one", "one"]}, "names a group twice"),
        ({"among": ["one", "all"]}, "all is no group of the design"),
        ({"by": "x_countd"}, "reads x_countd, which is no measure, school column or step."),
        ({"ties": "random"}, "ties"),
    ],
)
def test_what_is_wrong_with_a_lowest_group_is_told(words, message: str) -> None:
    with pytest.raises(ProblemsError) as error:
        small(words)
    assert message in str(error.value)


def test_quantiles_need_their_kind_and_widths_do_not() -> None:
    level = {"rule": "levels_in_pool", "of": "x", "levels": 4, "pool": "all_schools"}
    level["base_year"] = "yearly"
    with pytest.raises(ProblemsError, match="percentile: must be given where as many schools are"):
        small({}, level=level)
    assert "level" in small({}, level={**level, "spacing": "equal_width"}).steps
    unknown = small({}, level={**level, "spacing": None})
    assert unknown.unknown["level"] == "level"


def small(words, *, derived=("low",), **steps):
    """A design of two groups, with the lowest of them in the place of a third."""
    lowest = {"rule": "lowest_group", "of": "x", "as": "low", "among": ["one", "two"]}
    lowest |= {"by": "itself", "ties": "first"}
    return design_from(
        {
            "title": "Two groups",
            "evidence": "derived",
            "groups": {"one": "one", "two": "two"} | dict.fromkeys(derived, "the lowest"),
            "measures": {"x": {}},
            "points": {
                "one_number": {"rule": "identity", "of": {"of": "x", "group": "all"}},
                "lowest": {**lowest, **words},
                **steps,
            },
        },
        name="small",
    )


def make_panel_of_two():
    rows = pd.DataFrame({"group": ["all", "one", "two"], "value": [5, 4, 6]})
    measures = rows.assign(school="01", year=2025, measure="x")
    return make_panel(pd.DataFrame({"school": ["01"]}), measures)


def test_a_change_of_the_derived_groups_takes_nothing_over() -> None:
    """Two designs whose axes differ share no step, though some of their clauses are the same."""
    panel = make_panel_of_two()
    itself = {"rule": "identity", "of": "x"}
    before = rate(small({}, itself=itself), panel)
    other = {"as": "most", "among": ["two"]}
    after = rate(small(other, itself=itself, derived=("most",)), panel, earlier=before)
    assert "itself" in after.ran
    assert before["lowest"].value.sel(group="low").item() == 4
    assert after["lowest"].value.sel(group="most").item() == 6


# Files at the door.


def test_the_tables_of_files_agree_with_the_ratings() -> None:
    ratings = usual(FIRST)
    schools = schools_table(ratings).query("year == 2015 and part == ''").set_index("school")
    assert schools.loc["0102", "identified"] == "csi_low;lowest;priority;paired;identified" or set(
        schools.loc["0102", "identified"].split(";")
    ) == {"csi_low", "lowest", "priority", "paired", "identified"}
    lists = lists_table(ratings).query("year == 2015 and list == 'lowest' and school == '0102'")
    assert lists["decided_by"].tolist() == ["low"]
    assert lists["value"].tolist() == pytest.approx([10.07])


def test_an_adaptation_without_settles_clashes_by_clause() -> None:
    words = {"title": "t", "reference": "r", "base": FIRST}
    change = {"to": "all", "says": "s"}
    plain = Adaptation.model_validate(
        {**words, "name": "plain", "changes": {"ela_points.missing": change}}
    )
    with pytest.raises(ProblemsError, match="both touch ela_points"):
        adapt(design(FIRST), load_adaptation("core/split-half"), plain)
