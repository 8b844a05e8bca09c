"""Do mechanisms do what they say, by hand; and do schools respond as the closed form says?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from analysis.designs.design import Design, parse_design
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from simulations.gaming import counting, records, scores
from simulations.gaming.cells import GROUPS, Reaction, Schools, Shift
from simulations.gaming.game import Aims, Game, Means
from simulations.gaming.gamed import gamed
from simulations.gaming.kinds import KINDS, load_mechanism
from simulations.gaming.mechanism import Mechanism, Notches, Pupils
from simulations.gaming.respond import respond

CUT = {"ela": {8: 2500.0}, "math": {8: 2500.0}}
NOTCHES = Notches(CUT, absent=0.1, present=96, gpa=2.5, minimum_days=30, minimum_n=2)
STUDENT: dict[str, Any] = {
    "school": "1", "grade": 8, "race": "white", "el": False, "rfep": False, "swd": False,
    "sed": False, "days_enrolled": 180, "days_absent": 0.0, "full_year": True, "alternate": False,
    "ela_score": 2600.0, "math_score": 2600.0, "gpa": 3.0, "mark_ela": "B", "mark_math": "B",
    "suspensions": 0, "year": 2015, "cohort": 2019, "graduated_in": None, "el_level": None,
    "el_level_before": None, "redesignated": None, "redesignated_state": None,
    "growth_mindset": 3.0, "self_efficacy": 3.0, "self_management": 3.0, "social_awareness": 3.0,
    "climate": 50.0,
}  # fmt: skip
TYPES: dict[str, Any] = {
    "graduated_in": pl.Int8, "el_level": pl.Int8, "el_level_before": pl.Int8,
    "redesignated": pl.Boolean, "redesignated_state": pl.Boolean,
}  # fmt: skip


def pupils(*students: dict[str, Any]) -> Pupils:
    rows = [{"student": str(i), **STUDENT, **one} for i, one in enumerate(students)]
    return Pupils(pl.DataFrame(rows, schema_overrides=TYPES), NOTCHES)


def ela(*scores_: float) -> list[dict[str, Any]]:
    return [{"ela_score": x, "math_score": x} for x in scores_]


# sample SD of 2400, 2500 and 2600 is 100, so 10 points are a tenth of it
SPREAD = ela(2400, 2500, 2600)


@pytest.mark.parametrize(
    ("one", "before", "reported", "true"),
    [
        (
            scores.Honest(0.2), SPREAD,
            {"ela_score": [2420, 2520, 2620], "math_score": [2420, 2520, 2620]}, "as reported",
        ),
        (
            scores.Attention(0.2, reach=0.5, others=0.1), SPREAD,
            {"ela_score": [2390, 2520, 2600], "math_score": [2390, 2520, 2600]}, "as reported",
        ),
        (
            scores.Manipulation(1.0, reach=1.0), SPREAD,
            {"ela_score": [2500, 2500, 2600], "math_score": [2500, 2500, 2600]}, "as before",
        ),
        (
            scores.Predictable(0.3, others=0.1), SPREAD,
            {"ela_score": [2430, 2530, 2630], "math_score": [2430, 2530, 2630]},
            {"ela_score": [2390, 2490, 2590], "math_score": [2390, 2490, 2590]},
        ),
        (
            scores.Narrowing(0.2, others=0.4), SPREAD,
            {"ela_score": [2420, 2520, 2620], "math_score": [2420, 2520, 2620]}, "as reported",
        ),
        (  # two of each group; none of the Black students meets the standard
            scores.LowestGroup(0.2, others=0.1),
            [{**x, "race": "black"} for x in ela(2400, 2400)]
            + [{**x, "race": "white"} for x in ela(2400, 2600)],
            "lowest group up", "as reported",
        ),
        (
            counting.Exemption(1.0),
            [{**x, "swd": True} for x in SPREAD],
            {"alternate": [True, False, False], "ela_score": [None, 2500, 2600],
             "math_score": [None, 2500, 2600]},
            "as before",
        ),
        (
            counting.Reclassification(1.0, reach=1.0), SPREAD,
            {"swd": [True, False, False], "alternate": [True, False, False],
             "ela_score": [None, 2500, 2600], "math_score": [None, 2500, 2600]},
            "as before",
        ),
        (  # a group of 3 where 2 count: two leave it, the lowest first
            counting.UnderMinimum(1.0, reach=2.0),
            [{**x, "sed": True} for x in SPREAD],
            {"sed": [False, False, True]}, "as before",
        ),
        (
            counting.WindowSuspension(1.0, reach=1.0), SPREAD,
            {"suspensions": [1, 0, 0], "ela_score": [None, 2500, 2600],
             "math_score": [None, 2500, 2600]},
            {"suspensions": [1, 0, 0]},
        ),
        (
            counting.OptingOut(1.0), SPREAD,
            {"ela_score": [None, 2500, 2600], "math_score": [None, 2500, 2600]}, "as before",
        ),
        (  # 18 of 180 days are 10 %; 29 days with 18/180 of them absent are 2.9, written as 2
            counting.Reenrolling(1.0),
            [{"days_absent": 18.0}, {"days_absent": 17.5}],
            {"days_enrolled": [29, 180], "days_absent": [2.0, 17.5], "full_year": [False, True]},
            "as before",
        ),
        (
            counting.Redesignation(1.0, level=3),
            [{"el": True, "el_level": now, "el_level_before": then, "redesignated": False,
              "redesignated_state": False} for now, then in ((3, 2), (3, 3), (2, 2))],
            {"redesignated": [True, None, False], "redesignated_state": [True, None, False],
             "el": [True, False, True], "rfep": [False, True, False]},
            "as before",
        ),
        (
            records.UnreportedSuspensions(1.0),
            [{"suspensions": 2}, {"suspensions": 0}], {"suspensions": [0, 0]}, "as before",
        ),
        (  # 10 % of 180 days are 18, 4 % are 7.2: the last half days within are 17.5 and 7
            records.AttendanceRecords(1.0, reach=0.01),
            [{"days_absent": x} for x in (18.0, 19.5, 20.0, 8.0, 10.0)],
            {"days_absent": [17.5, 17.5, 20.0, 7.0, 10.0]}, "as before",
        ),
        (
            records.GradeInflation(1.0, reach=0.3),
            [{"gpa": 2.3, "mark_ela": "D"}, {"gpa": 2.1, "mark_ela": "F"},
             {"gpa": 3.0, "mark_math": "F"}],
            {"gpa": [2.5, 2.1, 3.0], "mark_ela": ["C", "F", "B"], "mark_math": ["B", "B", "C"]},
            "as before",
        ),
        (
            records.CreditRecovery(1.0),
            [{"cohort": 2015, "graduated_in": x} for x in (None, 5, 4)] + [{"cohort": 2016}],
            {"graduated_in": [4, 4, 4, None]}, "as before",
        ),
        (  # the SD of 1, 2, 3, 4, 5 is the root of 2; the climate of all is alike
            records.SurveyInflation(0.5),
            [{"growth_mindset": x} for x in (1.0, 2.0, 3.0, 4.0, 5.0)],
            {"growth_mindset": [x + 0.5 * 2**0.5 for x in (1, 2, 3, 4)] + [5.0]}, "as before",
        ),
        (  # school means lie one SD above and below; own answers have the SD 1
            records.ReferenceBias(0.3),
            [{"school": s, "growth_mindset": g, "ela_score": x, "math_score": x}
             for s, x in (("1", 2600.0), ("2", 2400.0)) for g in (2.0, 4.0)],
            {"growth_mindset": [1.7, 3.7, 2.3, 4.3]}, "as before",
        ),
    ],
    ids=[kind.name for kind in KINDS],
)  # fmt: skip
def test_a_mechanism_moves_what_it_says_and_nothing_else(
    one: Mechanism, before: list[dict[str, Any]], reported: Any, true: Any
) -> None:
    told = pupils(*before)
    acted = one.acts(told, 1.0)
    if reported == "lowest group up":
        sd = float(np.std([2400, 2400, 2400, 2600], ddof=1))
        up = [2400 + 0.2 * sd] * 2 + [2400 - 0.1 * sd, 2600 - 0.1 * sd]
        reported = {"ela_score": up, "math_score": up}
    truly = (
        {"as before": {}, "as reported": reported}.get(true, true)
        if isinstance(true, str)
        else true
    )
    for found, wanted in ((acted.reported, reported), (acted.true, truly)):
        for column in told.frame.columns:
            expected = wanted.get(column, told.frame[column].to_list())
            assert found[column].to_list() == pytest.approx(expected), column
        assert found.schema == told.frame.schema
    assert set(reported) <= set(one.columns)


def test_at_no_effort_every_row_is_the_one_before() -> None:
    told = pupils(*SPREAD)
    for kind in KINDS:
        acted = kind(1.0).acts(told, 0.0)
        assert acted.reported.equals(told.frame)
        assert acted.true.equals(told.frame)
        assert not acted.learned.to_numpy().any()


def test_who_is_touched_at_a_small_effort_is_also_touched_at_a_larger_one() -> None:
    told = pupils(*({"suspensions": 1} for _ in range(2000)))
    hidden = [
        records.UnreportedSuspensions(0.4).acts(told, effort).reported["suspensions"].to_numpy()
        == 0
        for effort in (0.25, 0.5, 1.0)
    ]
    assert (hidden[0] <= hidden[1]).all()
    assert (hidden[1] <= hidden[2]).all()
    # binomial: a share of .1, .2 and .4, each within four standard errors
    for found, share in zip(hidden, (0.1, 0.2, 0.4), strict=True):
        assert abs(found.mean() - share) < 4 * (share * (1 - share) / 2000) ** 0.5


def test_only_schools_that_make_an_effort_are_touched() -> None:
    told = pupils(*({"school": s, "suspensions": 1} for s in ("1", "2")))
    acted = records.UnreportedSuspensions(1.0).acts(told, {"2": 1.0})
    assert acted.reported["suspensions"].to_list() == [1, 0]
    with pytest.raises(ProblemsError, match="there is no school 3"):
        records.UnreportedSuspensions(1.0).acts(told, {"3": 1.0})
    with pytest.raises(ProblemsError, match="must lie between 0 and 1"):
        records.UnreportedSuspensions(1.0).acts(told, 2.0)


LINEAR = """
title: A value is its index
measures: {share: {unit: percent, better: high}}
points: {}
index: {index: {rule: identity, of: share}}
conditions: {low: {rule: test, of: index, beyond: line}}
lists:
  line: {rule: share_of_pool, of: index, share: 0.01, side: lowest, pool: all_schools, round: none,
         count: up, ties: in, included: true}
  lowest: {rule: named, when: low}
headline: {index: index}
"""


def game_of(
    values: list[float],
    aims: Aims,
    *,
    design: Design | None = None,
    gain: float = 6.0,
    price: float = 5.0,
    **words: Any,
) -> Game:
    """One draw of some schools, all of whose values rise by `gain` at full effort."""
    codes = [f"{i}" for i in range(len(values))]
    rows = pd.DataFrame(
        {"school": codes, "year": 2015, "measure": "share", "value": values, "n": 50}
    )
    panel = make_panel(pd.DataFrame({"school": codes}), rows)
    held = panel.measures["share"]
    drawn = {w: getattr(held, w).expand_dims("draw") for w in ("value", "reason", "n")}
    panel = replace(panel, measures={"share": replace(held, **drawn)}, _codes={})
    one = scores.Predictable(0.1)
    shape = (1, len(values), 1)
    shift = {"share": Shift(np.full(shape, gain), np.zeros(shape))}
    reaction = Reaction(one, shift, {}, np.zeros((3, 1, len(values), len(GROUPS))))
    schools = Schools(
        panel,
        2015,
        {one.name: reaction},
        np.ones((1, len(values), len(GROUPS))),
        {"share": (0, 100)},
    )
    means = Means({one.name: np.full(shape[:2], price)}, **words)
    return Game(schools, design or parse_design(LINEAR), "lowest", aims, means)


def effort(game: Game) -> np.ndarray:
    return next(iter(respond(game).efforts.values()))[0]


@pytest.mark.parametrize(
    ("gain", "price", "worth"),
    [(6.0, 5.0, 1.0), (4.0, 3.0, 1.0), (10.0, 20.0, 0.7), (6.0, 1.0, 1.0)],
)
def test_one_school_and_one_mechanism_meet_the_closed_form(
    gain: float, price: float, worth: float
) -> None:
    # worth x gain x e - price x e^2 is highest at worth x gain / (2 price), or at full effort
    game = game_of([40.0], Aims(reputation=worth), gain=gain, price=price, refined=True)
    assert effort(game) == pytest.approx([min(1.0, worth * gain / (2 * price))])


def test_a_budget_ends_effort() -> None:
    # three steps of a third cost 5/9, 20/9 and 5; two of them are within a budget of 3
    game = game_of([40.0], Aims(reputation=10.0), budget=np.full((1, 1), 3.0), grid=3)
    assert effort(game) == pytest.approx([2 / 3])


def test_a_school_does_as_much_as_takes_it_off_the_list_and_no_more() -> None:
    # a third of 6 takes the lowest to 42, where it is still named; two thirds cost 20/9, more than
    # not being named is worth
    quiet = game_of([40.0, 42.0], Aims(identification=0.5), price=5.0)
    assert not effort(quiet).any()
    # full effort takes the lowest to 46, still the lowest
    lost = game_of([40.0, 60.0, 61.0], Aims(identification=4.0), price=5.0)
    assert not effort(lost).any()
    # a third takes the lowest to 42, beyond the 41 of the next: one step is enough
    near = game_of([40.0, 41.0, 90.0], Aims(identification=3.0), price=5.0)
    played = respond(near, rounds=1)
    assert played.efforts["predictable"][0] == pytest.approx([1 / 3, 0.0, 0.0])


def test_two_that_outdo_each_other_cycle_and_it_is_told() -> None:
    # both named at 10; both do it and neither gains; each then saves the cost, and so on
    game = game_of([10.0, 10.0], Aims(identification=4.0), price=1.0, grid=1)
    assert respond(game).period.tolist() == [2]


def test_without_a_line_nobody_waits_for_anybody() -> None:
    game = game_of([10.0, 30.0], Aims(reputation=1.0), grid=4)
    assert respond(game).period.tolist() == [1]


def test_when_nobody_does_anything_every_number_is_the_ungamed_one() -> None:
    game = game_of([10.0, 30.0, 50.0], Aims(reputation=1.0), price=1e6)
    played = respond(game)
    assert not any(much.any() for much in played.efforts.values())
    assert game.schools.after(played.efforts) is game.schools.panel
    again = game.rated(game.schools.after(played.efforts))
    assert again.ran == ()
    for name, values in game.base().cells.got.items():
        assert again[name].value.to_numpy().tobytes() == values.value.to_numpy().tobytes()
    row = gamed(game, played).worlds.iloc[0]
    assert [row["left"], row["newcomers"], row["inflation"], row["improvement"]] == [0, 0, 0, 0]


def test_false_exits_and_innocent_newcomers_are_counted() -> None:
    # the lowest reports 46 and is truly 40; the next, which cannot game, is named in its place
    game = game_of([40.0, 42.0, 90.0], Aims(identification=20.0), price=5.0)
    played = respond(game, rounds=1)
    played.efforts["predictable"][0, 1:] = 0.0
    row = gamed(game, played).worlds.iloc[0]
    told = ["left", "false_exits", "newcomers", "innocent_newcomers", "inflation"]
    assert row[told].tolist() == pytest.approx([1, 1, 1, 1, 4 / 3])


def test_a_school_that_sees_the_published_change_only_does_not_answer_others() -> None:
    level = LINEAR.replace("of: share}}", "of: level}}").replace(
        "points: {}", "points: {level: {rule: cuts, of: share, from: {2: 42, 3: 70}}}"
    )
    game = game_of([40.0, 41.0, 50.0], Aims(levels=3.0), design=parse_design(level))
    blind = Game(game.schools, game.design, "lowest", game.aims, game.means, "published")
    # 40 + 2 is a level more at a third of full effort (cost 5/9); 41 + 2 too; 50 + 6 is none
    played = respond(blind)
    assert played.efforts["predictable"][0] == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert played.rounds.tolist() == [1]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (Aims, "must hold a term above 0, such as"),
        (lambda: Aims(levels=-1), "levels must not be negative"),
        (lambda: Means({"honest": np.array([-1.0])}), "must not be negative. Say costs"),
        (lambda: Means({}, budget=np.zeros(1)), "with nothing to spend nobody can do anything"),
        (lambda: Means({}, power=0.5), "so that costs are convex"),
        (lambda: load_mechanism("narrowing"), "its direction only is known. Say at: low"),
        (lambda: load_mechanism("manipulatoin"), "Did you mean manipulation?"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_type(make: Any, text: str) -> None:
    with pytest.raises(ProblemsError, match=text):
        make()


def test_a_mechanism_aimed_at_a_measure_that_a_design_lacks_is_refused() -> None:
    game = game_of([40.0], Aims(reputation=1.0))
    one = game.schools.reactions["predictable"]
    astray = Reaction(one.mechanism, {"suspension": one.reported["share"]}, {}, one.learned)
    schools = Schools(
        game.schools.panel,
        2015,
        {"predictable": astray},
        game.schools.students,
        game.schools.ranges,
    )
    with pytest.raises(ProblemsError, match="moves no measure on which the list of"):
        Game(schools, game.design, "lowest", game.aims, game.means)


def test_an_index_that_depends_on_other_schools_is_refused() -> None:
    yearly = LINEAR.replace("of: share}}", "of: level}}").replace(
        "points: {}",
        "points: {level: {rule: levels_in_pool, of: share, levels: 2, pool: all_schools, "
        "base_year: yearly, percentile: linear}}",
    )
    game = game_of([10.0, 20.0, 22.0], Aims(reputation=1.0), design=parse_design(yearly), gain=30.0)
    with pytest.raises(ProblemsError, match="depends on what other schools do"):
        respond(game)
