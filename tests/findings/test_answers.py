"""The questions people ask: why us, who moves, is it real, who is like us. Answers by hand."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import design_from, load_design
from analysis.findings.attribution import attribute, changed_groups
from analysis.findings.comparison import compare
from analysis.findings.cycles import ever_named, ever_named_by_chance, false_exit
from analysis.findings.readings import all_readings
from analysis.findings.real_change import real_change
from analysis.findings.similar import similar
from analysis.findings.trace import as_text, explain
from analysis.findings.what_would_change import what_would_change
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

FRANKLIN = read_panel("franklin")
INDEX = rate(load_design("franklin/index"), FRANKLIN)
DASHBOARD = rate(load_design("franklin/dashboard"), FRANKLIN)
GROWTH_FIRST = adapt(INDEX.design, load_adaptation("franklin/growth-first"))
THIRD = adapt(INDEX.design, load_adaptation("franklin/lowest-third"))


def grounds(ratings, school, **where):
    found = explain(ratings, school, **where).grounds
    return {one.list: (one.result, one.group, one.because) for one in found}


def test_three_schools_know_why_from_explain_alone() -> None:
    """The three answers, as a superintendent would give them from the printed text.

    Alder is on the red list because all three of its colours are red; Hazel is named for its
    students with disabilities, red in both tests; Cedar is on no list: it has no Title I funds.
    """
    alder, hazel, cedar = (as_text(explain(DASHBOARD, s)) for s in ("0101", "0108", "0103"))
    assert (
        "red_list: NAMED, because mostly_red is met: 3 of 3 judged are red "
        "(ela_colour red, math_colour red, absence_colour red)."
    ) in alder
    assert "group_list: not named, because it is on the list red_list, which goes first." in alder
    assert (
        "group_list for swd: NAMED, because mostly_red is met: 2 of 3 judged are red "
        "(ela_colour red, math_colour red, absence_colour yellow)."
    ) in hazel
    assert "red_list: not named, because it is not in the pool: title1 is not met." in cedar


def test_a_line_and_its_margin_are_told() -> None:
    assert grounds(INDEX, "0101")["lowest"] == (
        "met",
        "all",
        "low is met: total is 32.5, at or below the line lowest_line, 32.5",
    )
    assert grounds(INDEX, "0106")["lowest"][2] == (
        "low is not met: total is 45.9, above the line lowest_line, 32.5"
    )
    assert grounds(DASHBOARD, "0111")["graduation_list"][2] == (
        "few_graduate is met: graduation_2y is 62.5, below 67"
    )
    assert (
        "cannot be judged: graduation_2y is missing (not measured)"
        in (grounds(DASHBOARD, "0101")["graduation_list"][2])
    )


def test_every_kind_of_condition_has_its_sentence() -> None:
    california = rate(load_design("california/api-2000"), read_panel("california-api-2000"))
    told = grounds(california, "01611190130229")["awarded"][2]
    for part in (
        "award is met",
        "comparable_improvement is met",
        "gained is met: gain is 38, at least 1",
        "tested_known is met: tested is 96",
        "enough_tested is met: tested is 96, at least 90",
        "was_below_goal is met, gained_target is met, at_goal is not met",
    ):
        assert part in told


MEMORY = design_from(
    {
        "title": "Memory",
        "evidence": "derived",
        "measures": {"low": {"unit": "condition"}, "api": {}},
        "points": {"band": {"rule": "cuts", "of": "api", "lowest": "red", "from": {"blue": 50}}},
        "conditions": {
            "twice": {"rule": "persist", "of": "low", "years": 2},
            "stays": {"rule": "stay", "enter": "low", "leave": "not_low"},
            "not_low": {"rule": "test", "of": "api", "above": 60},
            "red": {"rule": "test", "of": "band", "is": ["red"]},
            "some": {"rule": "any", "of": ["twice", "red"]},
        },
        "lists": {
            "a": {"rule": "named", "when": "twice"},
            "b": {"rule": "named", "when": "stays"},
            "c": {"rule": "named", "when": "some"},
        },
    },
    name="memory",
)


def memory_panel():
    rows = [("1", y, "low", v) for y, v in ((2023, 1), (2024, 1), (2025, 0))]
    rows += [("1", y, "api", 55) for y in (2023, 2024, 2025)]
    measures = pd.DataFrame(rows, columns=["school", "year", "measure", "value"])
    return make_panel(pd.DataFrame({"school": ["1"], "name": ["One"]}), measures)


def test_memory_is_told_year_by_year() -> None:
    told = grounds(rate(MEMORY, memory_panel()), "1")
    assert told["a"][2] == (
        "twice is not met: low must be met in 2 of 2 years; 2025: not met, 2024: met"
    )
    assert told["b"][2] == (
        "stays is met: one enters by low (not met now) and leaves by not_low (not met now)"
    )
    assert told["c"][2] == (
        "some is not met: twice is not met: low must be met in 2 of 2 years; 2025: not met, "
        "2024: met; red is not met: band is blue; it must be one of red"
    )
    first = grounds(rate(MEMORY, memory_panel()), "1", year=2023)["a"]
    assert "2023: met, 2022: missing (no earlier year)" in first[2]


def test_parts_and_groups_are_shown_with_their_shares() -> None:
    steps = {step.name: step for step in explain(INDEX, "0112").steps}
    assert steps["total"].reads == (
        ("of_part, elementary", "72.3529", pytest.approx(0.6)),
        ("of_part, middle", "50", pytest.approx(0.4)),
    )
    alder = {step.name: step for step in explain(INDEX, "0101").steps}
    assert alder["ela_points"].reads[1] == ("ela_level, el", "1", pytest.approx(1 / 6))
    assert alder["of_part"].reads[0] == ("ela_points", "29.99", pytest.approx(25 / 85))
    assert alder["ela_points"].cite == "Franklin School Code 7.1 (fictional)"


def test_unknown_steps_are_told() -> None:
    unknown = rate(INDEX.design.vary({"growth_level.from.5": None}), FRANKLIN)
    assert grounds(unknown, "0101")["lowest"][2] == "growth_level has a number that nobody knows"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"school": "0110x"}, "is no school of the panel franklin. Did you mean 0110?"),
        ({"school": "0101", "year": 2030}, "has no year 2030"),
        ({"school": "0101", "group": "els"}, "has no group els. Did you mean el?"),
        ({"school": "0101", "part": "middle"}, "0101 middle: is no school"),
    ],
)
def test_a_cell_that_is_not_there(where, message) -> None:
    with pytest.raises(ProblemsError) as error:
        explain(INDEX, **where)
    assert message in str(error.value)


def test_what_would_change_it_by_hand() -> None:
    """Alder with growth 60 has (749.75 + 916.75 + 20 x 100 + 299.85) / 85 = 46.7, above Fir's 45.9.

    No single other cell is worth that much: the next best, 5 levels of one measure for all
    students, adds 40 x 25 / 85 = 11.8 and leaves it at 44.3. Whole measures, every group alike, do.
    """
    one, *wide = what_would_change(INDEX, "0101", "lowest")
    assert (one.measure, one.group, one.now, one.instead, one.answer) == (
        *("growth", "all", 42.0, 60.0),
        "not met",
    )
    # absence 3 and 5: 50 + 3 x 16.67 = 100.01 points, the index 46.7; at 5 and 7 it is 44.9
    # mathematics 65, 63, 63, 48: 50 + 13.33 + 13.33 + 10 = 86.66, 47.3; before 65 it is 44.3
    # English 68, 55, 62.5, 50: 40 + 13.33 + 13.33 + 10 = 76.66, 46.3; before it is 45.3
    assert {(w.measure, w.group, w.instead) for w in wide} == {
        (measure, "every group alike", value)
        for measure, value in (("absence", 3.0), ("math", 65.0), ("ela", 68.0))
    }
    assert [w.measure for w in (one, *wide) if w.smallest] == ["absence"]
    # Hazel: 20 and 15 as last year; a gain of 1.95 rounds to 2.0, improved: orange and not red
    hazel = what_would_change(DASHBOARD, "0108", "group_list")
    alone = [w for w in hazel if w.group != "every group alike"]
    assert {(w.measure, w.group, w.instead) for w in alone} == {
        ("ela", "swd", 21.95),
        ("math", "swd", 16.95),
    }


def test_comparing_by_hand() -> None:
    found = compare(INDEX, rate(THIRD, FRANKLIN))
    o = found.overlap
    assert (o.pool, o.first, o.second, o.both) == (12, 2, 3, 2)
    moved = found.schools[found.schools["first"] != found.schools["second"]]
    assert moved["school"].tolist() == ["0106"]
    students = found.students.set_index("group")
    assert students.loc["all", ["enter", "leave", "all"]].tolist() == [250, 0, 2110]
    assert students.loc["el", "enter"] == 60
    assert found.curve["share"].tolist()[:2] == [0.01, 0.02]
    assert (found.curve["both"] == 1).all()


def test_ranks_shift() -> None:
    """With growth first Fir's 54.8 passes Ironwood's 50.6: ranks 3 and 4 change places."""
    found = compare(INDEX, rate(GROWTH_FIRST, FRANKLIN))
    shifts = found.schools.set_index("school")["shift"]
    assert (shifts["0106"], shifts["0109"]) == (1, -1)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ProblemsError, match="two designs on one panel"):
        compare(INDEX, rate(INDEX.design, FRANKLIN.where(np.arange(14) < 5)))
    with pytest.raises(ProblemsError, match="has no list red_list; it has lowest"):
        compare(INDEX, INDEX, only="red_list")


def test_designs_without_an_index_have_no_ranks() -> None:
    found = compare(DASHBOARD, DASHBOARD)
    assert "shift" not in found.schools
    assert found.curve.empty


def test_readings_of_a_list() -> None:
    """By hand: the share of 0.34 of 8 is 2.72, rounded up 3 schools, down 2."""
    found = {one.words: one for one in all_readings(rate(THIRD, FRANKLIN), "lowest")}
    assert len(found["count rounded up, ties in"].schools) == 3
    assert len(found["count rounded down, ties in"].schools) == 2
    assert found["count rounded down, ties in"].line == 32.5
    with pytest.raises(ProblemsError, match="rests on no line by share"):
        next(all_readings(DASHBOARD, "red_list"))


def test_a_change_and_its_interval() -> None:
    """Newcombe's published example (1998): 56 of 70 and 48 of 80 differ by .0524 to .3339."""
    schools = pd.DataFrame({"school": ["1"]})
    rows = pd.DataFrame(
        {
            "school": "1",
            "year": [2024, 2025],
            "measure": "ela",
            "value": [60.0, 80.0],
            "n": [80, 70],
            "numerator": [48, 56],
        }
    )
    said = {
        "title": "T",
        "evidence": "derived",
        "measures": {"ela": {"unit": "percent"}},
        "points": {"level": {"rule": "cuts", "of": "ela", "from": {2: 70, 3: 95}}},
    }
    (one,) = real_change(rate(design_from(said, name="t"), make_panel(schools, rows)), "1")
    assert (one.before, one.now, one.change) == (60, 80, 20)
    assert (one.low, one.high) == (pytest.approx(5.24, abs=0.01), pytest.approx(33.39, abs=0.01))
    assert one.verdict == "beyond chance"
    assert [(c.line, c.crossed) for c in one.crossings] == [(70.0, True)]


def with_se(values, errors):
    rows = pd.DataFrame(
        {"school": "1", "year": [2024, 2025], "measure": "m", "value": values, "se": errors}
    )
    said = {
        "title": "T",
        "evidence": "derived",
        "measures": {"m": {}},
        "points": {"level": {"rule": "cuts", "of": "m", "from": {2: 10}}},
    }
    return rate(design_from(said, name="t"), make_panel(pd.DataFrame({"school": ["1"]}), rows))


def test_a_change_with_standard_errors() -> None:
    """se 3 and 4: the difference has 5, so +-9.8; an unchanged 10 crosses 10 half of the time."""
    (one,) = real_change(with_se([9.0, 11.0], [3.0, 4.0]), "1")
    half = stats.norm.ppf(0.975) * 5
    assert (one.low, one.high) == (pytest.approx(2 - half), pytest.approx(2 + half))
    assert one.verdict == "within chance"
    centre = (9 / 9 + 11 / 16) / (1 / 9 + 1 / 16)
    below = [stats.norm.cdf((10 - centre) / e) for e in (3, 4)]
    wanted = below[0] * (1 - below[1]) + below[1] * (1 - below[0])
    assert one.crossings[0].chance == pytest.approx(wanted)
    random = np.random.default_rng(5)
    draws = random.normal(centre, [3, 4], size=(200_000, 2)) < 10
    assert (draws[:, 0] != draws[:, 1]).mean() == pytest.approx(wanted, abs=4 * sqrt(0.25 / 2e5))


def test_a_change_without_n_says_so() -> None:
    growth = [c for c in real_change(INDEX, "0101") if c.measure == "growth"]
    assert growth[0].low is None
    assert growth[0].verdict.startswith("not known")
    assert growth[0].crossings[0].chance is None
    assert real_change(INDEX, "0101", year=2024) == ()


def test_schools_like_mine_by_hand() -> None:
    """Beech (60 % poor, 100 students) and Dogwood are twins; Hazel has 55 and 120."""
    found = similar(INDEX, "0102", by=["poverty", "enrollment"], most=2)
    assert found.schools["school"].tolist() == ["0104", "0108"]
    assert found.schools["distance"].iloc[0] == 0
    assert (found.value, found.mean) == (pytest.approx(55.6), pytest.approx(56.6))
    assert found.higher == 0.5
    half = stats.t.ppf(0.975, 1) * 1.0
    assert found.high == pytest.approx(56.6 + half)
    with pytest.raises(ProblemsError, match="no school column povrty .* Did you mean poverty"):
        similar(INDEX, "0102", by=["povrty"])
    with pytest.raises(ProblemsError, match="has no index or step totl"):
        similar(INDEX, "0102", by=["poverty"], step="totl")


def test_attribution_by_hand() -> None:
    """Both adaptations: Ironwood enters only when both hold, so each has half of its move.

    Alone, the wider share names Fir; growth first alone names nobody new.
    """
    both = adapt(INDEX.design, *(load_adaptation(f"franklin/{n}") for n in STACK))
    found = attribute(INDEX.design, both, FRANKLIN)
    assert set(found.groups) == {"lowest_line", "of_part", "each_counted"}
    table = found.schools.set_index(["school", "group"])
    assert set(found.schools["school"]) == {"0109"}
    assert table.loc[("0109", "lowest_line"), "shapley"] > 0
    assert table["shapley"].sum() == pytest.approx(1.0)
    assert table["alone"].sum() == 0


STACK = ("lowest-third", "growth-first")


def test_shapley_shares_add_up_for_every_school() -> None:
    changes = {"of_part.of.growth_points": 60, "lowest_line.share": 0.5, "ela_level.from.2": 35}
    variant = INDEX.design.vary(changes)
    found = attribute(INDEX.design, variant, FRANKLIN)
    before = compare(INDEX, rate(variant, FRANKLIN)).schools.set_index("school")
    for school, rows in found.schools.groupby("school"):
        move = before.loc[school, "second"] - before.loc[school, "first"]
        assert rows["shapley"].sum() == pytest.approx(move)
    assert set(found.schools["school"]) == set(before[before["first"] != before["second"]].index)


def test_what_cannot_be_taken_apart() -> None:
    with pytest.raises(ProblemsError, match="the measures differ"):
        attribute(INDEX.design, DASHBOARD.design, FRANKLIN)
    with pytest.raises(ProblemsError, match="0 groups of clauses differ"):
        attribute(INDEX.design, INDEX.design, FRANKLIN)
    with pytest.raises(ProblemsError, match="changes a set"):
        attribute(INDEX.design, INDEX.design.vary({"sets.three": ["el", "swd"]}), FRANKLIN)
    renamed = INDEX.design.vary({"stars.rule": "identity", "stars.of": "total"})
    assert changed_groups(INDEX.design, renamed) == {"stars": ("stars",)}


def test_ever_named_by_hand() -> None:
    """Three schools, three years: one named always, one once, one never."""
    values = {"a": (1, 1, 1), "b": (0, 1, 0), "c": (0, 0, 0)}
    rows = [(s, 2023 + i, "low", v) for s, given in values.items() for i, v in enumerate(given)]
    measures = pd.DataFrame(rows, columns=["school", "year", "measure", "value"])
    said = {
        "title": "T",
        "evidence": "derived",
        "measures": {"low": {"unit": "condition"}},
        "lists": {"named": {"rule": "named", "when": "low"}},
    }
    panel = make_panel(pd.DataFrame({"school": list("abc")}), measures)
    found = ever_named(rate(design_from(said, name="t"), panel), "named")
    assert (found.schools, found.ever, found.every) == (3, 2, 1)
    assert found.mean_share == pytest.approx(4 / 9)
    assert found.expected_once == pytest.approx(1 - (5 / 9) ** 3)
    short = ever_named(rate(design_from(said, name="t"), panel), "named", last=1)
    assert (short.years, short.ever) == ((2025,), 1)


def test_false_exits_match_the_known_closed_form() -> None:
    """The facts: repeat shares of .24, .39 and .64 at reliabilities .5, .7 and .9."""
    for r, repeat in ((0.5, 0.24), (0.7, 0.39), (0.9, 0.64)):
        assert false_exit(r, 0.05) == pytest.approx(1 - repeat, abs=0.006)


def test_ever_named_by_chance_is_what_drawing_gives() -> None:
    random = np.random.default_rng(6)
    true = random.normal(size=400_000)
    cut = stats.norm.ppf(0.05)
    ever = np.zeros(400_000, dtype=bool)
    for _ in range(6):
        ever |= sqrt(0.7) * true + sqrt(0.3) * random.normal(size=400_000) <= cut
    assert ever_named_by_chance(0.7, 0.05, 6) == pytest.approx(ever.mean(), abs=0.002)
