"""Made-up effects: shuffles against all orders, a slice of the campaign, and the commands."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.designs.design import parse_design
from analysis.findings.before_after import panel_effect
from analysis.findings.detectable import Study, detectable
from analysis.findings.running import running
from analysis.panels.students.table import make_students
from analysis.problems import ProblemsError
from simulations.misalign import compared
from simulations.near_the_line import Shuffles, chosen_window, near_the_line, windows
from simulations.supported import Alike, World, made
from tests.evidence.rd_coverage import STEP, TRIALS, Trial, beyond, counted
from tests.panels.test_students import rows
from tests.test_commands import measures

WHOLE = pd.DataFrame({"width": [9.0], "balanced": [True]})


def test_shuffling_gives_what_all_orders_give() -> None:
    # five above five, wholly apart: 2 of the 252 ways to choose five differ as much
    some = running(np.arange(10.0), (np.arange(10) < 5) * 1.0)
    outcome = np.array([1, 2, 3, 4, 5, 11, 12, 13, 14, 15.0])
    draws = 20_000
    found = near_the_line(some, outcome, table=WHOLE, level=False, shuffles=Shuffles(draws, seed=3))
    exact = 2 / math.comb(10, 5)
    assert found.effect == pytest.approx(-10)
    assert found.p == pytest.approx(exact, abs=4 * math.sqrt(exact / draws))
    assert found.low < -10 < found.high < 0


def test_pools_are_shuffled_apart() -> None:
    # within each pool the outcome is one number, so no shuffle moves anything
    pool = np.repeat([0, 1], 10)
    score, named = np.tile(np.arange(10.0), 2), np.tile((np.arange(10) < 5) * 1.0, 2)
    some = running(score, named, pool)
    found = near_the_line(some, pool * 100.0, table=WHOLE, level=False)
    assert (found.effect, found.error, found.p) == (0, 0, 1)


def test_the_widest_balanced_window_is_chosen_and_none_is_told() -> None:
    score = np.repeat([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], 20)
    some = running(score, (score < 0) * 1.0)
    alike = np.tile(np.arange(20.0), 6)
    apart = np.where(np.abs(score) > 2, 50 * np.sign(score), 0) + alike
    tried = windows(some, pd.DataFrame({"a": apart}), level=False)
    assert tried["balanced"].tolist() == [True, True, False]
    assert chosen_window(tried) == 1.5
    bad = windows(some, pd.DataFrame({"a": 50 * np.sign(score) + alike}), level=False)
    assert chosen_window(bad) == 0.5  # none is balanced: the smallest
    with pytest.raises(ProblemsError, match="no width has 5"):
        chosen_window(bad.head(0))


def test_a_world_is_what_it_says() -> None:
    world = World(schools=20_000, named=0.12, effect=0.3, second=0.2, tier_2=0.5)
    some = made(world, seed=1)
    now, later = (some.scores[year].to_numpy() for year in (0, 1))
    assert some.named.mean() == pytest.approx(0.12, abs=1e-4)
    assert np.corrcoef(some.scores[-2], some.scores[-1])[0, 1] == pytest.approx(0.7, abs=0.02)
    # normal: E(later | now) = .7 now + .3 for the named
    assert (later - 0.7 * now)[some.named == 1].mean() == pytest.approx(0.3, abs=0.05)
    near = (some.running.distance > 0) & (some.running.distance < 0.05)
    assert some.tier_2[near].mean() == pytest.approx(0.5, abs=0.08)
    assert some.tier_2[some.named == 1].sum() == 0
    assert world.at_the_line == pytest.approx(0.2)


def test_schools_like_others_keep_their_scores() -> None:
    shape = Alike(np.array([1.0, 5.0, 9.0]), np.zeros((3, 2)), near=0)
    some = made(World(schools=300, named=0.1), seed=1, shape=shape)
    assert set(np.unique(some.scores[-1])) == {1.0, 5.0, 9.0}
    assert some.named.sum() == (some.scores[0] == 1).sum()  # those tied with the line


def test_the_error_of_a_panel_is_the_one_foretold() -> None:
    # the formula for what could be seen and the estimate rest on different code
    found = panel_effect(made(World(effect=0.3), seed=3).long)
    told = detectable([75], Study(1500, 0.7, before=2, after=2)).set_index("comparison")
    assert found.detectable == pytest.approx(told.loc["panel", "effect"], rel=0.15)
    with_it = panel_effect(made(World(), seed=3).long, naming_year=True)
    # with the year of naming a third of (1 - .7) x 2.17 (the mean of the lowest 5 %) comes back
    assert with_it.effect == pytest.approx(0.3 * 2.17 / 3, abs=0.1)
    assert with_it.found


@pytest.mark.parametrize(
    "trial",
    [
        TRIALS["line, lowest 5 %, no effect"],
        TRIALS["line, lowest 12 %, bent, tier 2 above"],
        Trial(World(named=0.3, reliability=0.9, step=STEP), "steps", 0, gated=True),
    ],
    ids=["line", "bent", "steps"],
)
def test_intervals_hold_the_effect_as_often_as_they_say(trial) -> None:
    told = counted(trial, range(500, 530))
    assert not [*beyond(told)], told


def test_detectable_prints_the_bar_first() -> None:
    done = measures("detectable", "75", "178", "--schools", "1500")
    assert done.returncode == 0
    assert "named by lot" in done.stdout
    done = measures("detectable", "1", "--schools", "1500")
    assert done.returncode == 1
    assert "must be 2 at least" in done.stderr


def test_effects_of_a_table(tmp_path) -> None:
    some = made(World(named=0.3, effect=1.0, tier_2=0.5), seed=2)
    table = pd.DataFrame(
        {
            "school": [f"{i:04d}" for i in range(1500)],
            "score": some.scores[0],
            "before": some.scores[0],
            "named": some.named.astype(int),
            "outcome": some.scores[1],
            "tier_2": some.tier_2.astype(int),
            "last": some.scores[-1],
        }
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    done = measures("effects", str(tmp_path / "a.csv"), "--reliability", "0.7")
    assert done.returncode == 0, done.stderr
    assert "Named schools came out" in done.stdout
    assert "other support (tier 2) included" in done.stdout
    assert "needs years before and after the naming" in done.stdout
    table.assign(score=table["score"].round(1)).to_csv(tmp_path / "b.csv", index=False)
    done = measures("effects", str(tmp_path / "b.csv"))
    assert done.returncode == 1  # rounded scores lie on both sides of the line
    assert "must be decided by one line" in done.stderr
    whole = made(World(named=0.3, effect=1.0, step=0.1), seed=2)
    steps = table.assign(score=whole.scores[0], named=whole.named, last=whole.scores[-1])
    steps.to_csv(tmp_path / "c.csv", index=False)
    done = measures("effects", str(tmp_path / "c.csv"))
    assert "Windows around the line" in done.stdout
    table.drop(columns="named").to_csv(tmp_path / "d.csv", index=False)
    assert "has no column named" in measures("effects", str(tmp_path / "d.csv")).stderr
    assert "must be a table" in measures("effects", "nowhere.csv").stderr


def test_effects_of_a_panel_say_what_is_not_known() -> None:
    done = measures("effects", "franklin/index", "franklin")
    assert done.returncode == 0
    assert "Not known: window: the score is discrete" in done.stdout
    assert "What comes back by itself" in done.stdout
    done = measures("effects", "franklin/dashboard", "franklin")
    assert "must name one list" in done.stderr
    done = measures("effects", "franklin/dashboard", "franklin", "--list", "red_list")
    assert "colours or levels have no distance" in done.stderr


COUNTED = """
title: Suspended, by either definition
evidence: derived
students: {{full_year: any, minimum_days: 0, alternate: out, first_year_el: out}}
measures:
  suspension:
    unit: percent
    better: low
    from_students: {{definition: suspended, events: [{events}]}}
points:
  suspension_level: {{rule: cuts, of: suspension, better: low, from: {{2: 95, 3: 90, 8: 30}}}}
"""


def test_the_school_that_is_praised_by_one_definition_and_low_by_the_other() -> None:
    """0101: 4 of 40 suspended (level 8), 28 of 40 with those kept in school (3); 0102: 20 of 40."""
    people = [
        {
            "student": f"{school}-{i}",
            "school": school,
            "suspensions": int(i < outside),
            "in_school_suspensions": int(outside <= i < inside),
        }
        for school, outside, inside in (("0101", 4, 28), ("0102", 20, 20))
        for i in range(40)
    ]
    narrow, wide = (
        parse_design(COUNTED.format(events=events))
        for events in ("suspensions", "suspensions, in_school_suspensions")
    )
    students = make_students(rows(*people))
    levels = ("suspension", "suspension_level")
    found, _ = compared((narrow, wide), students, levels=levels, year=2015, draws=(40, 1))
    assert (found.schools, found.apart, found.opposed) == (2, 0.5, 1)
    assert found.table[["one", "other"]].to_numpy().tolist() == [[8, 3], [3, 3]]
    assert found.opposed_by_noise < 0.5
    assert found.of_definition > 0.9
    with pytest.raises(ProblemsError, match="counted alike by both"):
        compared((narrow, narrow), students, levels=levels, year=2015, draws=(2, 1))
    wrong = ("suspension", "suspension_levle")
    with pytest.raises(ProblemsError, match="Did you mean suspension_level"):
        compared((narrow, wide), students, levels=wrong, year=2015, draws=(2, 1))


def test_misalignment_says_what_the_students_lack() -> None:
    words = ("misalignment", "core/sqii-2015-16", "core-pupils", "--with", "core/usual")
    words = (*words, "--measure", "redesignation", "--draws", "2", "--other")
    assert "is counted alike by both" in measures(*words, "core/redesignation-long-term").stderr
    done = measures(*words, "core/redesignation-state")
    assert done.returncode == 1
    assert "groups.swd: the group is not in the panel" in done.stderr
