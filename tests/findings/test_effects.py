"""Effects of being named: formulas, lines and panels against hand-worked and exact answers."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import load_design, rate, read_panel
from analysis.findings.before_after import event_study, panel_effect
from analysis.findings.detectable import Study, design_effect, detectable, multiplier
from analysis.findings.effects import at_the_line, tier_2_by_distance
from analysis.findings.misalignment import misalignment
from analysis.findings.regression_to_mean import beyond_regain, moves_by_start
from analysis.findings.running import Running, margins, of_list, running
from analysis.panels.reading import read_panel as read_official
from analysis.problems import ProblemsError
from analysis.publishing.store import ROOT

CAROLINA = ROOT.parent / "shared" / "data" / "north_carolina"
official = pytest.mark.skipif(not CAROLINA.exists(), reason="the agency's files are not at hand")


def test_a_study_sees_what_the_published_formulas_say() -> None:
    # Bloom (1995): 2.80 errors; Schochet (2009): 2.75 for a normal score cut in the middle
    assert round(multiplier(math.inf), 2) == 2.80
    assert round(design_effect(0.5), 2) == 2.75
    # by hand: a fifth of 1,500, r .8: 2.8016 x root(.36 x (1/300 + 1/1200)) = .1085, x 1.4284
    found = detectable([300], Study(1500, 0.8)).set_index("comparison")["effect"]
    z, at = stats.norm.ppf(0.2), 0.16
    straight = math.sqrt(1 / (1 - stats.norm.pdf(z) ** 2 / at))
    assert found["lottery"] == pytest.approx(0.1085, abs=2e-4)
    assert found["line_straight"] / found["lottery"] == pytest.approx(straight, abs=1e-9)
    # 4 x .36 x 2/300 = .0096; (1 - .8) x 2 x (1/300 + 1/1200) = .001667
    assert found["line_near"] == pytest.approx(2.8016 * math.sqrt(0.0096), rel=2e-3)
    assert found["panel"] == pytest.approx(2.8016 * math.sqrt(0.001667), rel=2e-3)


def test_more_schools_named_and_more_years_see_smaller_effects() -> None:
    effects = detectable([75, 178], Study(1500, 0.7)).pivot_table("effect", "comparison", "named")
    assert (effects[178] < effects[75]).all()
    longer = detectable([75], Study(1500, 0.7, before=3, after=3)).set_index("comparison")
    assert longer.loc["panel", "effect"] == pytest.approx(effects.loc["panel", 75] / 3**0.5)


@pytest.mark.parametrize("words", [{"reliability": 1.0}, {"reliability": 0.5, "before": 0}])
def test_a_study_that_cannot_be_is_refused(words) -> None:
    with pytest.raises(ProblemsError):
        Study(100, **words)
    with pytest.raises(ProblemsError, match="leave 2 of 100"):
        detectable([99], Study(100, 0.5))


def test_each_pool_has_its_own_line() -> None:
    score = np.array([1, 2, 4, 10, 12, 20, 5.0, np.nan])
    named = np.array([1, 1, 0, 1, 0, 0, 0, 1.0])
    pool = np.array(["a", "a", "a", "b", "b", "b", "c", "a"], dtype=object)
    found = running(score, named, pool)
    assert found.lines["line"].tolist() == [3.0, 11.0]  # c has nobody named, so no line
    assert found.distance.tolist()[:6] == [-2, -1, 1, -1, 1, 9]
    assert np.isnan(found.distance[6:]).all()


def test_the_highest_may_be_named() -> None:
    found = running(np.array([1.0, 2, 8, 9]), np.array([0.0, 0, 1, 1]))
    assert found.distance.tolist() == [4.0, 3.0, -3.0, -4.0]


def test_a_line_that_was_not_kept_to_is_told() -> None:
    with pytest.raises(ProblemsError, match="1 of 2 named schools lie above"):
        running(np.array([1.0, 3, 2, 4]), np.array([1.0, 1, 0, 0]))
    with pytest.raises(ProblemsError, match="no pool has schools on both sides"):
        running(np.array([1.0, 2]), np.array([1.0, 1]))


def test_rules_by_colours_and_groups_have_no_running_variable() -> None:
    dashboard = rate(load_design("franklin/dashboard"), read_panel("franklin"))
    with pytest.raises(ProblemsError, match="colours or levels have no distance"):
        of_list(dashboard, "red_list", year=2025)
    with pytest.raises(ProblemsError, match="each group has a line of its own"):
        of_list(dashboard, "group_list", year=2025)
    with pytest.raises(ProblemsError, match="Did you mean lowest"):
        of_list(
            rate(load_design("franklin/index"), read_panel("franklin")),
            "lowest",
            year=2025,
            score="lowst",
        )


def test_the_margin_of_a_rule_is_that_of_the_test_that_binds() -> None:
    # index.examples.yaml, by hand: 0111 has 25, and 0101 draws the line of 32.5
    franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    found = dict(zip(franklin.panel.units["school"], margins(franklin, "low", 2025), strict=True))
    assert found["0111"] == pytest.approx(7.5)
    assert found["0101"] == 0


def test_a_jump_between_straight_lines_is_found() -> None:
    score = np.linspace(-1, 1, 801) + 1e-4
    named = (score < 0) * 1.0
    noise = np.where(np.arange(801) % 2, 1e-3, -1e-3)
    some = running(score, named)
    tier_2 = np.where(score > 0, (score < 0.5) * 1.0, 0.0)
    found = at_the_line(some, 2 * score + 0.3 * named + noise, tier_2=tier_2)
    assert found.effect == pytest.approx(0.3, abs=2e-3)
    assert found.low < 0.3 < found.high
    assert "0.30 higher" in found.words
    assert "tier 2" in found.estimand
    bands = tier_2_by_distance(some, tier_2, width=0.25)
    assert bands["share"].tolist()[:4] == pytest.approx([1, 1, 0, 0], abs=0.01)


def test_whole_scores_and_few_schools_are_refused_at_the_line() -> None:
    whole = Running(np.repeat([-1.5, -0.5, 0.5, 1.5], 50), np.zeros(200), pd.DataFrame())
    with pytest.raises(ProblemsError, match="is discrete"):
        at_the_line(whole, np.zeros(200))
    few = running(np.arange(30.0), (np.arange(30) < 5) * 1.0)
    with pytest.raises(ProblemsError, match="needs 20 schools"):
        at_the_line(few, np.arange(30.0))


def panel(changes: dict[str, tuple[list[float], bool]]) -> pd.DataFrame:
    """Lay out schools over 2010-2012, named in 2011 or not."""
    rows = [
        (school, 2010 + place, value, 2011 if named else np.nan)
        for school, (values, named) in changes.items()
        for place, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["school", "year", "outcome", "since"])


SCHOOLS = {
    "a": ([10, 2, 15], True),
    "b": ([20, 4, 23], True),
    "c": ([30, 31, 31], False),
    "d": ([40, 40, 43], False),
}


def test_two_years_give_the_difference_of_differences() -> None:
    # named gain 5 and 3, others 1 and 3: 4 - 2 = 2; with 2011 as before: 9 - 2.5 gone back by half
    found = panel_effect(panel(SCHOOLS))
    assert found.effect == pytest.approx(2)
    assert (found.named, found.others, found.years) == (2, 2, (2010, 2012))
    # before: (10+2)/2, (20+4)/2; gains 9 and 11, others .5 and 3: 10 - 1.75
    assert panel_effect(panel(SCHOOLS), naming_year=True).effect == pytest.approx(8.25)


def test_the_event_study_gives_each_year_against_the_year_before() -> None:
    # 2011: (-8 - 16)/2 less (1 + 0)/2; 2012: 4 less 2
    found = event_study(panel(SCHOOLS)).set_index("from_naming")
    assert found["effect"].tolist() == pytest.approx([0, -12.5, 2])
    assert found["part"].tolist() == ["before", "naming", "after"]


def test_errors_clustered_by_school_are_those_of_the_changes() -> None:
    # of two years the estimate is a mean of changes; by hand: root(sum of squares about the means)
    # named changes 5, 3 about 4: 2; others 1, 3 about 2: 2; each over 2 squared: 4 / 4 = 1
    # 8 rows and one effect make it 8 / 7 of that
    assert panel_effect(panel(SCHOOLS)).error == pytest.approx((8 / 7) ** 0.5)


def test_a_table_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ProblemsError, match="no column outcome"):
        panel_effect(panel(SCHOOLS).drop(columns="outcome"))
    staggered = panel(SCHOOLS).assign(since=[2011] * 3 + [2012] * 3 + [np.nan] * 6)
    with pytest.raises(ProblemsError, match="one year of naming at a time"):
        panel_effect(staggered)
    with pytest.raises(ProblemsError, match="3 rows for a school and year"):
        panel_effect(pd.concat([panel(SCHOOLS), panel(SCHOOLS).head(3)]))
    with pytest.raises(ProblemsError, match="must be years before the naming"):
        event_study(panel(SCHOOLS), base=[-3])


def test_what_comes_back_by_itself_is_no_effect() -> None:
    # r = .5: the named lay 20 below the others and came back by 10, all of it by itself
    before, after = np.array([10, 12, 30, 32.0]), np.array([21, 20, 31, 30.0])
    found = beyond_regain(before, after, np.array([1.0, 1, 0, 0]), reliability=0.5)
    assert found.effect == pytest.approx(0)
    assert "No effect was found" in found.words
    # what is left over is 16, 14 and 16, 14: variance 2 each, so the error is root(2/2 + 2/2)
    assert found.error == pytest.approx(2**0.5)
    with pytest.raises(ProblemsError, match="two schools that are named"):
        beyond_regain(before, after, np.array([1.0, 0, 0, 0]), reliability=0.5)


def test_who_rose_is_told_by_where_schools_started() -> None:
    before, after = np.array([1.5, 1.6, 2.5, 2.6, np.nan]), np.array([2, 1, 2, 3, 3.0])
    found = moves_by_start(before, after, bounds=[2, 3])
    assert found["tier"].tolist() == [1, 2]
    assert found["rose"].tolist() == [0.5, 0.5]
    assert found["change"].tolist() == pytest.approx([-0.05, -0.05])


def test_noise_alone_is_no_misalignment() -> None:
    levels = np.array([[1.0, 9, 5, np.nan], [1.0, 9, 5, 2]])
    swing = np.array([[1.0, 9, 4, 1], [1, 8, 5, 1], [2, 9, 5, 1], [1, 9, 5, 2]])
    found = misalignment(levels, np.stack([swing, swing]))
    assert (found.schools, found.apart, found.opposed, found.definition) == (3, 0, 0, 0)
    # between draws: 2 of 3, 2 of 3, 1 of 3 schools change
    assert found.by_noise == pytest.approx(5 / 9)


def test_definitions_and_noise_share_the_variance() -> None:
    # differences in two draws: 1, 3 and 8, 8: means 2 and 8, variance within 2 and 0
    draws = np.array([[[1.0, 1], [1, 1]], [[2.0, 9], [4, 9]]])
    found = misalignment(np.array([[1.0, 1], [3.0, 9]]), draws)
    assert found.noise == pytest.approx(1.0)
    assert found.definition == pytest.approx(18 + 25 - 0.5)  # between 18, mean 5 squared
    assert found.opposed == 1
    assert found.steady == 1
    with pytest.raises(ProblemsError, match="two at least"):
        misalignment(np.ones((2, 3)), np.ones((2, 1, 3)))


@official
def test_north_carolina_has_as_many_schools_near_the_line_as_were_counted_before() -> None:
    # facts/estimands.md: 400 to 460 schools a year within 5 points of 54 / 55
    files = ["acc_spg2", "location", "acc_cgr", "acc_essa_desig", "acc_lowperf"]
    paths = [CAROLINA / f"2018_rcd_{name}.csv.gz" for name in files]
    ratings = rate(load_design("north-carolina/2018"), read_official(paths, "north-carolina/2018"))
    found = of_list(ratings, "low_performing", year=2018, score="score", pool="growth_short")
    assert found.lines["line"].tolist() == [54.5]
    assert 400 <= (np.abs(found.distance) <= 5).sum() <= 460
    assert found.discrete
