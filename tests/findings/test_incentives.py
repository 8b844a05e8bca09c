"""What smallest acts bring: Franklin worked with a pencil, and laws that hold for any values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import load_design, rate, read_panel
from analysis.designs.design import parse_design
from analysis.findings.acts import acts_of, carried_out
from analysis.findings.exposure import exposure, worth_by_distance
from analysis.findings.incentives import Incentives, incentives
from analysis.findings.near_lines import near_lines
from analysis.findings.place import Place
from analysis.findings.rewards import break_even, reward, side_by_side
from analysis.findings.trials import each_alone
from analysis.panels.panel import make_panel
from analysis.panels.students.table import make_students
from analysis.problems import ProblemsError
from analysis.ratings.examples import parse_table

# Worked with a pencil from franklin/index.yaml and the panel's counts. A level of all students is
# worth 10 points of its measure where groups count and 20 where none does; k groups share 10 points
# a level, each cell rounded to 2 places. `points` is what the measure gains; `of` its weight over
# the weights of the school's measures (85 without graduation, 65 for Elm), for a part of Linden
# times its share of the students (90 or 60 of 150). Every act that is not here brings nothing.
#
#  Elm 0105: ela 13/25 = 52, one more is 56: level 3 to 4, no group counts: +20. One left out of
#    mathematics: 12/24 = 50: level 3 to 4. Absence of low income 4/20 = 20, one less is 15: 2 to 3;
#    with one left out the group has 19 and is gone, so all (level 3) carry 60 instead of 30 + 20.
#  Kousa 0111: n is 20: with one left out a measure is gone, others share its weight. Without ela
#    all have 20 points: the index falls from 25 to 20; without mathematics it is (25 x 40 +
#    20 x 50) / 75 = 26.667, without growth 2100 / 80, without graduation 2200 / 85.
#  Alder 0101: without students with disabilities (n 20) ela is 20 + 5 + 5 = 30 instead of 29.99 and
#    mathematics 20 + 10 + 10 = 40 instead of 36.67.
#  Cedar 0103: without low income (n 20) ela is 100 instead of 80, mathematics 100 instead of 90.
#  Juniper 0110: without low income ela is 50 + 30 = 80 instead of 85, mathematics 40 + 20 = 60
#    instead of 70, graduation 50 + 30 = 80 instead of 85; without disabilities 90, 80 and 90.
WORKED = """
school | part       | measure    | group      | act           | points | of
0105   |            | ela        | all        | over the line | 20     | 25/65
0105   |            | ela        | low_income | over the line | 20     | 25/65
0105   |            | math       | all        | over the line | 20     | 25/65
0105   |            | math       | low_income | over the line | 20     | 25/65
0105   |            | absence    | low_income | over the line | 10     | 15/65
0106   |            | ela        | el         | over the line | 3.34   | 25/85
0103   |            | ela        | low_income | over the line | 10     | 25/85
0112   | middle     | ela        | low_income | over the line | 10     | 25/85*60/150
0107   |            | ela        | swd        | over the line | 5      | 25/85
0108   |            | ela        | swd        | over the line | 5      | 25/85
0110   |            | math       | all        | over the line | 10     | 25/100
0110   |            | math       | low_income | over the line | 10     | 25/100
0110   |            | math       | swd        | over the line | 15     | 25/100
0111   |            | math       | all        | over the line | 20     | 25/100
0111   |            | math       | low_income | over the line | 20     | 25/100
0102   |            | math       | el         | over the line | 5      | 25/85
0104   |            | math       | el         | over the line | 5      | 25/85
0107   |            | math       | swd        | over the line | 5      | 25/85
0108   |            | math       | swd        | over the line | 5      | 25/85
0108   |            | absence    | el         | over the line | 3.33   | 15/85
0107   |            | absence    | low_income | over the line | 5      | 15/85
0107   |            | absence    | swd        | over the line | 5      | 15/85
0111   |            | graduation | all        | over the line | 20     | 15/100
0111   |            | graduation | low_income | over the line | 20     | 15/100
0110   |            | graduation | low_income | over the line | 5      | 15/100
0110   |            | graduation | swd        | over the line | 5      | 15/100
0106   |            | ela        | el         | point         | 3.34   | 25/85
0110   |            | math       | all        | point         | 10     | 25/100
0110   |            | growth     | all        | point         | 20     | 20/100
0107   |            | absence    | swd        | point         | 5      | 15/85
0111   |            | ela        | all        | left out      | -5     | 1
0111   |            | ela        | low_income | left out      | -5     | 1
0111   |            | math       | all        | left out      | 125    | 1/75
0111   |            | math       | low_income | left out      | 125    | 1/75
0111   |            | growth     | all        | left out      | 100    | 1/80
0111   |            | graduation | all        | left out      | 75     | 1/85
0111   |            | graduation | low_income | left out      | 75     | 1/85
0102   |            | ela        | el         | left out      | 5      | 25/85
0104   |            | ela        | el         | left out      | 5      | 25/85
0109   |            | ela        | el         | left out      | 5      | 25/100
0103   |            | ela        | low_income | left out      | 20     | 25/85
0110   |            | ela        | low_income | left out      | -5     | 25/100
0112   | elementary | ela        | low_income | left out      | 10     | 25/85*90/150
0101   |            | ela        | swd        | left out      | 0.01   | 25/85
0107   |            | ela        | swd        | left out      | 5      | 25/85
0108   |            | ela        | swd        | left out      | 10     | 25/85
0110   |            | ela        | swd        | left out      | 5      | 25/100
0105   |            | math       | all        | left out      | 20     | 25/65
0105   |            | math       | low_income | left out      | 20     | 25/65
0103   |            | math       | low_income | left out      | 10     | 25/85
0110   |            | math       | low_income | left out      | -10    | 25/100
0112   | elementary | math       | low_income | left out      | 10     | 25/85*90/150
0101   |            | math       | swd        | left out      | 3.33   | 25/85
0107   |            | math       | swd        | left out      | 5      | 25/85
0108   |            | math       | swd        | left out      | 10     | 25/85
0110   |            | math       | swd        | left out      | 10     | 25/100
0108   |            | absence    | el         | left out      | 3.33   | 15/85
0105   |            | absence    | low_income | left out      | 10     | 15/65
0107   |            | absence    | swd        | left out      | 5      | 15/85
0110   |            | graduation | low_income | left out      | -5     | 15/100
0110   |            | graduation | swd        | left out      | 5      | 15/100
0102   |            | every measure | el         | moved out | 5      | 25/85
0104   |            | every measure | el         | moved out | 5      | 25/85
0108   |            | every measure | el         | moved out | 3.33   | 15/85
0109   |            | every measure | el         | moved out | 5      | 25/100
0103   |            | every measure | low_income | moved out | 30     | 25/85
0105   |            | every measure | low_income | moved out | 10     | 15/65
0110   |            | every measure | low_income | moved out | -4.5   | 1
0112   | elementary | every measure | low_income | moved out | 20     | 25/85*90/150
0101   |            | every measure | swd        | moved out | 3.34   | 25/85
0107   |            | every measure | swd        | moved out | 325    | 1/85
0108   |            | every measure | swd        | moved out | 20     | 25/85
0110   |            | every measure | swd        | moved out | 4.5    | 1
"""
KEYS = ["school", "part", "measure", "group", "act"]


def product(text: str) -> float:
    """Work out a product of fractions, such as 25/85*60/150."""
    found = 1.0
    for fraction in text.split("*"):
        above, _, below = fraction.partition("/")
        found *= float(above) / float(below or 1)
    return found


@pytest.fixture(scope="module")
def franklin() -> Incentives:
    return incentives(rate(load_design("franklin/index"), read_panel("franklin")))


def test_franklin_is_as_worked_with_a_pencil(franklin: Incentives) -> None:
    worked = parse_table(WORKED)
    gains = worked["points"].astype(float) * worked["of"].map(product)
    wanted = worked[KEYS].assign(index=gains).set_index(KEYS)["index"]
    one = franklin.acts[(franklin.acts["size"] == 1) & (franklin.acts["index"] != 0)]
    found = one.set_index(KEYS)["index"]
    assert sorted(found.index) == sorted(wanted.index)
    assert found.sub(wanted).abs().max() < 1e-6


def test_the_rating_rises_where_the_index_passes_its_cut(franklin: Incentives) -> None:
    """Elm has 57.69 and Hazel 57.65: 60 is the fourth star. Nobody else is so near."""
    one = franklin.acts[(franklin.acts["size"] == 1) & (franklin.acts["rating"] > 0)]
    assert set(one["school"]) == {"0105", "0108"}
    assert (one["index"] > 60 - 57.7).all()


def test_who_passes_the_line_of_a_list_leaves_it() -> None:
    """Five of eight are named: the fifth lowest is 55.6, of Beech and of Dogwood.

    Either leaves with 1.47 points more, the other holds the line. Hazel (57.65) enters where it
    loses 2.06 or more.
    """
    design = load_design("franklin/index").vary({"lowest_line.share": 0.625})
    acts = incentives(rate(design, read_panel("franklin")), students=1).acts
    left = acts[acts["leaves"] == "lowest"]
    told = {("math", "over the line"), ("ela", "left out"), ("every measure", "moved out")}
    assert set(zip(left["measure"], left["act"], strict=True)) == told
    assert sorted(left["school"]) == ["0102"] * 3 + ["0104"] * 3
    came = acts[acts["enters"] == "lowest"]
    groups = [("absence", "low_income"), *(("ela", g) for g in ("all", "el", "low_income", "swd"))]
    assert set(came["school"]) == {"0108"}
    assert sorted(zip(came["measure"], came["group"], strict=True)) == groups
    assert set(came["size"]) == {-1}


def test_break_even_counts_the_honest_students_that_an_act_replaces(franklin: Incentives) -> None:
    """One left out of Elm's mathematics brings a level, as one over the line does: 1 student.

    In the value alone it is k / (n - 1): 12 / 24 at Elm, 3 / 19 at Kousa, 0.329 at their median.
    """
    table = break_even(franklin).set_index(["act", "measure", "group"])
    row = table.loc[("left out", "math", "all")]
    assert row["students"] == 1
    assert row["in_value"] == pytest.approx((12 / 24 + 3 / 19) / 2)
    lost = table.loc[("left out", "growth", "all")]  # a mean has no line to cross
    assert np.isnan(lost["students"])
    assert lost["beyond"] == 1


def test_share_of_paper_is_that_of_the_best_acts(franklin: Incentives) -> None:
    """By school, from the table above: the best act over a test's line, the best on paper."""
    a, b, c = 25 / 85, 25 / 65, 15 / 65
    learning = [0, 5 * a, 10 * a, 5 * a, 20 * b, 3.34 * a, 5 * a, 5 * a, 0, 3.75, 5, 4 * a]
    paper = [3.34 * a, 5 * a, 30 * a, 5 * a, 20 * b, 0, 325 / 85, 20 * a, 1.25, 4.5, 3, 12 * a]
    one = reward(franklin)
    assert one.share == pytest.approx(sum(paper) / (sum(paper) + sum(learning)), abs=1e-7)
    row = side_by_side([one]).iloc[0]
    assert (row["more"], row["same"], row["less"]) == (7, 3, 2)
    assert c * 10 == pytest.approx(one.schools.set_index("school").loc["0105", "moved out"])


def test_exposure_counts_who_stands_beside_a_line(franklin: Incentives) -> None:
    """Of English learners tested in ela, 3 schools have exactly 20 and one has 19."""
    table = exposure(franklin).set_index(["line", "measure", "group", "side"])
    assert table.loc[("minimum n", "ela", "el", "vanishes"), "schools_1"].item() == 3
    assert table.loc[("minimum n", "ela", "el", "counts"), "schools_1"].item() == 1
    level = table.loc[("level", "ela", "all", "level up")]
    assert (level["schools_1"].item(), level["schools"].item()) == (1, 2)  # Elm; Kousa needs 3
    assert level["students_1"].item() == 25
    worth = worth_by_distance(franklin).set_index("label")["worth"]
    assert worth["1 student"] > 0
    assert worth["2 students"] == worth["3 students"] == worth["more, or no level"] == 0


def test_a_dashboard_pays_in_lists() -> None:
    found = incentives(rate(load_design("franklin/dashboard"), read_panel("franklin")), students=1)
    one = reward(found)
    assert one.unit == "lists left"
    assert found.acts["index"].isna().all()
    assert (
        one.schools.set_index("school")["learning"].sum() == 1
    )  # Hazel's students with disabilities


def test_one_school_is_as_among_all(franklin: Incentives) -> None:
    alone = incentives(franklin.ratings, school="0112").acts
    mine = franklin.acts[franklin.acts["school"] == "0112"]
    pd.testing.assert_frame_equal(alone.reset_index(drop=True), mine.reset_index(drop=True))
    with pytest.raises(ProblemsError, match="no school of the panel"):
        incentives(franklin.ratings, school="9999")


def test_no_student_moved_changes_nothing_to_the_byte(franklin: Incentives) -> None:
    ratings = franklin.ratings
    for act in acts_of(ratings, list(ratings.design.measures), 1):
        for trial in carried_out(ratings, replace(act, size=0), year=2025):
            for name, values in trial.reported.items():
                for word in ("value", "n", "numerator"):
                    before, after = getattr(ratings[name], word), getattr(values, word)
                    assert before is None or before.values.tobytes() == after.values.tobytes()


@pytest.mark.parametrize(
    ("design", "panel", "schools"),
    [("franklin/index", "franklin", 12), ("core/option-growth", "core-small", 4)],
)
def test_trials_together_are_as_each_school_rated_alone(
    design: str, panel: str, schools: int
) -> None:
    """Put one school's other values into the panel and rate it all: its own row must agree."""
    ratings = rate(load_design(design), read_panel(panel))
    year, name = ratings.panel.years[-1], next(iter(ratings.design.measures))
    values = ratings.panel.measures[name]
    steps = [ratings.design.header.headline.index, *ratings.design.lists]
    better = values.value.copy(deep=True)
    here = {"year": year}
    better.loc[here] = np.clip(better.sel(here) + 15, 0, 100)
    found = each_alone(ratings, [{name: replace(values, value=better)}], steps, year=year)
    whole = ratings.panel.whole
    for row in np.unique(whole)[:schools]:
        one = values.value.copy(deep=True)
        one.values[whole == row] = better.values[whole == row]
        changed = replace(values, value=one)
        data = replace(ratings.panel, measures={**ratings.panel.measures, name: changed}, _codes={})
        alone = rate(ratings.design, data, earlier=ratings)
        for step in steps:
            wanted = Place(int(row), year, "all").of(alone[step].value)
            assert found.each(found.ratings[step].value, "all")[0, row] == pytest.approx(
                wanted, nan_ok=True, abs=0
            )


CUTS = (25, 40, 55, 70)
STEPS = """
title: A measure in steps or in a line
measures: {{ela: {{unit: percent, better: {better}, indicator: achievement}}}}
points:
  ela_points: {{rule: {rule}}}
index:
  total: {{rule: mean, of: {{ela_points: 1}}, missing: share_out}}
headline: {{index: total}}
"""
counts = st.lists(
    st.integers(5, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=8,
)


def tried(rule: str, better: str, pairs: list[tuple[int, int]]) -> pd.DataFrame:
    design = parse_design(STEPS.format(rule=rule, better=better))
    codes = [f"{i:02}" for i in range(len(pairs))]
    rows = [
        {"school": s, "year": 2025, "measure": "ela", "value": 100 * k / n, "n": n, "numerator": k}
        for s, (k, n) in zip(codes, pairs, strict=True)
    ]
    schools = pd.DataFrame({"school": codes, "level": "high"})
    return incentives(rate(design, make_panel(schools, pd.DataFrame(rows))), students=1).acts


@given(pairs=counts)
@settings(max_examples=12, deadline=None)
def test_below_a_cut_nothing_is_gained_without_crossing_it(pairs: list[tuple[int, int]]) -> None:
    """Levels counted here in whole students: level 2 begins where 100 k >= 25 n, and so on."""
    acts = tried("cuts, of: ela, from: {2: 25, 3: 40, 4: 55, 5: 70}", "high", pairs)
    over = acts[acts["act"] == "over the line"]
    for school, size, gained in over[["school", "size", "index"]].itertuples(index=False):
        k, n = pairs[int(school)]
        before, after = (sum(100 * x >= cut * n for cut in CUTS) for x in (k, k + size))
        assert gained == after - before


@given(pairs=counts)
@settings(max_examples=12, deadline=None)
def test_no_act_that_is_better_costs_points(pairs: list[tuple[int, int]]) -> None:
    """Where less is better, one more on the better side is one fewer; in both no point is lost."""
    for better, cuts in (("high", "{2: 25, 3: 40}"), ("low", "{2: 40, 3: 25}")):
        acts = tried(f"cuts, of: ela, better: {better}, from: {cuts}", better, pairs)
        way = 1 if better == "high" else -1
        one = acts[(acts["act"] == "over the line") & (acts["size"] == 1)]
        assert (way * (one["becomes"] - one["value"]) > 0).all()
        assert (acts.loc[acts["size"] > 0, "index"] >= 0).all()
        assert (acts.loc[acts["size"] < 0, "index"] <= 0).all()


@given(pairs=counts)
@settings(max_examples=12, deadline=None)
def test_a_line_pays_every_point_alike(pairs: list[tuple[int, int]]) -> None:
    """50 points over 0 to 100: half a point of index for a point of value, wherever it is."""
    acts = tried("linear, of: ela, none_at: 0, full_at: 100, worth: 50", "high", pairs)
    assert np.allclose(acts["index"], (acts["becomes"] - acts["value"]) / 2, atol=1e-8)
    over = acts[acts["act"] == "over the line"]
    assert np.allclose(over["index"], over["size"] * 50 / over["n"], atol=1e-8)


STUDENTS = """
title: Absence and readiness
students: {full_year: any, minimum_days: 0, alternate: in, first_year_el: in}
measures:
  absence: {from_students: {definition: chronic_absence, minimum_days: 0}}
  readiness: {from_students: {definition: readiness}}
"""


def test_students_near_the_lines_that_they_cross() -> None:
    """Of 180 days 18 are 10 % and 7.2 are 4 %; the average is held against 2.5.

    Absent 18 and 18.5 days are too many, and one day less would do; 17 is one day short of it, 14
    four. Present: 8 days are 0.8 too many; 7 leave 0.2. Grades: 2.4 lacks one tenth, 2.2 three.
    """
    absent = [18.0, 18.5, 21.0, 17.0, 14.0, 8.0, 7.0, 0.0]
    gpa = [2.4, 2.2, 2.5, 2.9, 3.0, 3.0, 3.0, 1.0]
    rows = pd.DataFrame(
        {
            "student": [f"s{i}" for i in range(8)],
            "school": ["0101"] * 4 + ["0102"] * 4,
            "year": 2025,
            "grade": 8,
            "days_enrolled": 180,
            "days_absent": absent,
            "gpa": gpa,
            "mark_ela": "B",
            "mark_math": "B",
            "suspensions": 0,
        }
    )
    table = near_lines(parse_design(STUDENTS), make_students(rows), year=2025, most=4)
    told = table.set_index("line").drop(columns=["measure", "unit", "counted"])
    assert told.loc["10% of days absent"].tolist() == [2, 3, 1, 2, 1]
    assert told.loc["96 % of days present"].tolist() == [1, 1, 1, 1, 1]
    assert told.loc["a grade point average of 2.5"].tolist() == [1, 2, 1, 1, 1]
