"""Published figures about CORE beside ours: expected values are worked out by hand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.designs.design import parse_design
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.publishing.store import read_result
from analysis.ratings.rate import rate
from simulations import verifying
from simulations.keeping import Kept
from simulations.population.world import load_world
from simulations.published import change, groups, levels, naming, shares, surveys, targets
from simulations.published import verifying as runs
from simulations.published.figures import OF_STUDENTS, SUBJECTS
from simulations.published.seen import Seen
from simulations.published.settling import measured_anew, other_ways, usual_way
from simulations.published.verifying import USUAL, Asked, compared, jobs_of

X = np.nan
PUBLISHED = targets.load_published()
CORE = (PUBLISHED.design, PUBLISHED.settlement)
OF_TWO_DRAWS = {f"C22.{x}" for x in ("same_level", "next_level", "error_small", "error_large")}

# estimands.md, "Published numbers: roles", and the rows to which the world was fitted
ROLES = {
    "fitted": (1, 8, 9, 13),  # C8 and C9 under tests cut in their first year, see drift.py
    "by construction": (5, 6, 11, 16),
    "shape only": (10, 12, 14, 15, 20, 23),
    "no number": (21, 22, 25, 26),
    "predicted": (2, 3, 4, 7, 17, 18, 19, 24),
}


def test_all_rows_are_there_with_their_roles() -> None:
    said = {row: role for role, rows in ROLES.items() for row in rows}
    assert [one.role for one in PUBLISHED.rows.values()] == [said[i] for i in range(1, 27)]
    assert list(PUBLISHED.rows) == [f"C{i}" for i in range(1, 27)]


def test_every_figure_in_the_file_is_computed_and_no_other() -> None:
    seen = Seen(rate(usual_way(*CORE).design, _eight()))
    made = {name for subject in SUBJECTS for name, _ in subject(seen)}
    assert made | set(OF_STUDENTS) | OF_TWO_DRAWS == set(PUBLISHED.names)


def _eight():
    """Give the hand-made panel of eight schools, with a truth that is what was measured."""
    panel = read_panel("core-eight")
    truth = pd.DataFrame(
        [
            {"school": s, "part": "", "measure": "ela", "group": "all", "year": y, "value": 1.0}
            for s in panel.units["school"].unique()
            for y in panel.years
        ]
    )
    return replace(panel, truth=truth)


@pytest.mark.parametrize(
    ("low", "high", "published", "ours", "role", "verdict"),
    [
        (8, 18, 13, 17.9, "fitted", "near"),
        (8, 18, 13, 18.1, "predicted", "miss"),
        (8, 18, 13, 9.0, "shape only", "shape agrees"),
        (8, 18, 13, 7.0, "shape only", "miss"),
        (50, None, None, 51.0, "predicted", "shape agrees"),
        (50, None, None, 49.0, "predicted", "miss"),
        (None, None, None, 49.0, "predicted", "no number"),
        (8, 18, 13, 9.0, "no number", "no number"),
    ],
)
def test_verdicts(low, high, published, ours, role, verdict) -> None:  # noqa: PLR0917 (a row of the table)
    aim = targets.Aim(label="a", unit="%", low=low, high=high, published=published, words="w")
    settled = "core/usual" if role == "fitted" else None
    row = targets.Target(
        compared="a", cite="b", evidence="derived", role=role, settled_by=settled, note="c"
    )
    assert row.verdict(aim, ours) == verdict


def test_all_that_is_wrong_in_the_file_is_told_at_once(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: a\nabout: b\ndesign: c\nsettlement: d\nrows:\n"
        "  C1: {compared: a, cite: b, evidence: hearsay, role: predicted, note: c}\n"
        "  C2: {compared: a, cite: b, evidence: derived, role: fitted, note: c}\n"
        "  C3: {compared: a, cite: b, evidence: derived, role: predicted}\n"
    )
    with pytest.raises(ProblemsError) as told:
        targets.load_published(path)
    assert [problem.text.partition(":")[0] for problem in told.value.problems] == [
        "rows.C1.evidence",
        "rows.C2",
        "rows.C3",
    ]


# arithmetic, by hand


def test_lowest_and_overlap() -> None:
    # of five known schools the lowest two fifths are two, and the tie with the second is in
    marks = shares.lowest(np.array([4.0, 1.0, 2.0, 2.0, 5.0, X]), 0.4)
    np.testing.assert_array_equal(marks, [0, 1, 1, 1, 0, X])
    # three of the first are judged by both, one of them is on the second: 1 of 2
    assert shares.also_on(np.array([1.0, 1, 1, 0]), np.array([1.0, 0, X, 1])) == 50
    assert np.isnan(shares.also_on(np.zeros(3), np.ones(3)))


def test_returning() -> None:
    # year 1 to 2: one of two returns; year 2 to 3: one of one
    marks = np.array([[1.0, 1, 1], [1, 0, 0], [0, 0, 1]])
    assert shares.returning(marks) == 75


def test_high_and_low() -> None:
    bands = np.array([[1.0, 3, 2], [2, 3, 3], [1, 1, X], [X, 3, 1], [X, X, X]])
    assert levels.high_and_low(bands) == 50  # the first and the fourth of four


def test_extremes_of_the_index() -> None:
    index = np.array([90.0, 80, 70, 60, 50, 40, X])
    share = np.array([10.0, 20, 30, 40, 50, 60, 99])
    assert levels.of_extreme(share, index, top=True) == 30
    assert levels.of_extreme(share, index, top=False) == 40


def test_levels_of_two_draws() -> None:
    one, two = np.array([[1.0, 5], [9, X]]), np.array([[1.0, 6], [6, 2]])
    assert levels.same_level(one, two, within=0) == pytest.approx(100 / 3)
    assert levels.same_level(one, two, within=1) == pytest.approx(200 / 3)
    # differences 2 and -4: variance of one draw is (4 + 16) / 2 / 2 = 5
    assert levels.index_error(np.array([2.0, -4, X])) == pytest.approx(5**0.5)


def test_minimum_n() -> None:
    counts = np.array([[20, 40, 25, 200], [50, 35, 19, 150]])  # group, school
    # all groups at 20: the first, second and fourth; at 30: the second and fourth
    assert groups.more_schools(counts, 20, 30) == pytest.approx(50)
    # of 120 students 45 are in schools with fewer than 30
    assert groups.hidden(np.array([20, 25, 75]), 30) == 37.5


def test_newly_shown_groups() -> None:
    counts = np.array([[150, 150, 150, 10], [30, 120, 30, 15], [5, 5, 40, 200]])
    values = np.array([[40.0, 40, 10, 5], [20, 30, 30, 6], [1, 1, 50, 7]])
    # school 1: the new group is lowest; 2: none is new; 3: the old one is lowest; 4: one group only
    assert groups.new_is_lowest(counts, values, (20, 100)) == 50


def test_cells_at_the_lowest_level() -> None:
    cells = np.array(
        [  # cell, year, school
            [[1.0, 1, 5, X], [1, 2, 5, X]],
            [[3.0, 2, X, X], [3, 1, 1, X]],
        ]
    )
    np.testing.assert_array_equal(naming.at_lowest(cells), [1, 0, 0, X])


def test_kinds_of_rules() -> None:
    found = naming.rule_types(np.array([[1.0, 2], [1, 9], [X, 3], [8, 8], [X, X]]))
    np.testing.assert_array_equal(found["every"], [1, 0, 1, 0, X])
    np.testing.assert_array_equal(found["average"], [1, 0, 1, 0, X])
    np.testing.assert_array_equal(found["any"], [1, 1, 1, 0, X])


def test_more_groups_at_equal_quality() -> None:
    # ten schools, two in each fifth: in the lowest fifth the one with more groups is named
    quality = np.arange(10.0)
    many = np.tile([2, 5], 5)
    named = np.zeros(10)
    named[1] = 1
    assert naming.more_groups(named, many, quality) == pytest.approx(20)  # 100 in one of five


def test_high_growth() -> None:
    ela = np.array([[8.0, 9, 2], [1, 1, 9], [8, 8, 8], [8, X, 8]])  # school, year
    maths = np.array([[1.0, 1, 10], [1, 1, 1], [1, 1, 1], [8, 8, 8]])
    every, last = change.high_growth(np.stack([ela, maths]))
    assert every == pytest.approx(200 / 3)
    assert last == pytest.approx(100)


def test_what_lasts() -> None:
    # variances 1 and 1, covariance 0.5
    assert change.lasting(np.array([[1.0, 0], [0, 1], [-1, -1]])) == pytest.approx(50)


def test_ever_on_top() -> None:
    # forty schools: one a year is on top (25 of a thousand); a tenth is four schools
    values = np.zeros((40, 2)) + np.arange(40)[:, None] / 100
    values[0, 0], values[1, 1] = 9, 9
    assert change.ever_top(values, np.arange(40.0)) == (50, 0)


def test_regression_to_the_mean_by_tier() -> None:
    first = np.array([30.0, 35, 50, 55, 58, 90, X])  # tiers 2, 2, 3, 3, 3, 5
    last = np.array([34.0, 33, 40, 60, 50, 90, 50])
    found = dict(levels.of_index_change(first, last))
    # changes 4, -2, -10, 5, -8, 0: their mean is -11/6 points, a twentieth of it on Oakland's scale
    assert found["C20.mean"] == pytest.approx(-11 / 6 / 20)
    assert found["C20.up"] == pytest.approx(100 / 3)
    assert found["C20.tier_2_rose"] == 50
    assert found["C20.tier_3_fell"] == pytest.approx(200 / 3)


def test_what_surveys_explain() -> None:
    # outcome = rest + survey, both of variance 1 and uncorrelated: half is the survey's
    rest = np.array([1.0, 1, -1, -1, 1, 1, -1, -1])
    survey = np.array([1.0, -1, 1, -1, 1, -1, 1, -1])
    found = surveys.explained(rest + survey, rest[:, None], survey[:, None])
    assert found == pytest.approx(50)
    assert np.isnan(surveys.explained(rest[:3], rest[:3, None], survey[:3, None]))


def test_whole_schools_are_seen_year_by_year() -> None:
    schools = pd.DataFrame(
        {"school": ["a", "b", "b"], "part": ["", "", "middle"], "level": ["high", "span", "middle"]}
    )
    rows = [("a", "", 2015, "all", 40, 30), ("b", "", 2015, "el", 10, 25)]
    cells = pd.DataFrame(rows, columns=["school", "part", "year", "group", "value", "n"])
    panel = make_panel(schools, cells.assign(measure="ela"))
    seen = Seen(rate(_plain_design(), panel))
    np.testing.assert_array_equal(seen.of("ela", 2015), [40, X])
    np.testing.assert_array_equal(seen.of("ela", 2015, "el"), [X, 10])
    np.testing.assert_array_equal(seen.of("ela", 2019), [X, X])
    np.testing.assert_array_equal(seen.counts("ela", 2015, "el"), [0, 25])
    assert seen.column("level").tolist() == ["high", "span"]


def _plain_design():
    return parse_design(
        "title: T\nmeasures: {ela: {unit: percent}}\npoints: {same: {rule: identity, of: ela}}"
    )


# presets


def test_each_preset_is_tried_and_only_what_it_changes_is_measured_anew() -> None:
    usual = usual_way(*CORE).design
    some = ("split", "growth_model", "suspension", "whose_students")
    anew = {way.preset: measured_anew(usual, way.design) for way in other_ways(*CORE, some)}
    assert anew["split-fifths"] == ()
    assert anew["growth-residual"] == ("ela_growth", "math_growth")
    assert anew["suspension-in-school"] == ("suspension",)
    assert len(anew["students-all"]) == len([m for m in usual.measures.values() if m.from_students])
    assert "split-half" not in anew  # the usual one


# end to end, and resumed


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("core")
    path = folder / "tiny.yaml"
    path.write_text(
        "base: core\ninclude: [los_angeles]\nscale: {students: 0.006, schools: 0.0125}\n"
        "years: [2013, 2014, 2015]\n"
    )
    asked = Asked(load_world(path), seeds=2, decisions=("split", "suspension"))
    kept = Kept(folder / "kept")
    rows = {key: make() for key, (_, make) in jobs_of(asked, kept, PUBLISHED).items()}
    return asked, kept, rows


def test_a_small_world_gives_figures_with_errors_and_ranges(small) -> None:
    _, _, rows = small
    tried = {preset for seed, preset in rows if seed == 1}
    fitted = "base-tests-2015"  # the base year of row C8, whatever else is tried
    assert tried == {USUAL, fitted, "split-fifths", "split-four-fifths", "suspension-in-school"}
    held = {f"{one.row}.{one.name}": one for one in compared(rows).held}
    one = held["C8.mean"]
    ours = [rows[seed, fitted]["C8.mean"] for seed in (1, 2)]
    assert one.under == fitted
    assert one.ours == pytest.approx(sum(ours) / 2)
    # of two numbers the standard deviation over the root of two is half their distance
    assert one.error == pytest.approx(abs(ours[0] - ours[1]) / 2)
    under = [row["C8.mean"] for (seed, _), row in rows.items() if seed == 1]
    assert (one.lowest, one.highest) == (min(under), max(under))
    assert one.lowest < one.highest
    assert 0 < held["C22.same_level"].ours <= held["C22.next_level"].ours <= 100
    assert held["C12.three_years"].ours is None  # there are no three years of growth
    assert held["C17."].verdict == "no number"


def test_what_was_interrupted_goes_on_with_the_same_bytes(small) -> None:
    asked, kept, rows = small
    files = {path: path.read_bytes() for path in (kept.folder / "rows").iterdir()}
    assert len(files) == len(rows)
    gone = sorted(files)[::2]
    for path in gone:
        path.unlink()
    again = {key: make() for key, (_, make) in jobs_of(asked, Kept(kept.folder), PUBLISHED).items()}
    assert again == rows
    assert {path: path.read_bytes() for path in (kept.folder / "rows").iterdir()} == files


def test_the_command_keeps_its_result_and_prints_it(small, monkeypatch, capsys) -> None:
    asked, kept, rows = small
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(kept.folder.parent / "build"))
    monkeypatch.setattr(runs.Asked, "of", lambda *_: asked)
    done = {key: ("", lambda row=row: row) for key, row in rows.items()}
    monkeypatch.setattr(runs, "jobs_of", lambda *_: done)
    verifying.verify("core/C8", form="json", world="tiny", seeds=2, workers=1)
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["name"], told["published"]) == ("figure", "C8", 60)
    result = read_result("verify-tiny")
    assert result["C8.mean"] == told["ours"]
    assert result.estimand.draw == "replication"
    assert set(result.tables["figures"]["name"]) == set(PUBLISHED.rows)
    assert set(result.tables["every"]["preset"]) == {preset for _, preset in rows}
    verifying.verify("core", world="tiny", seeds=2, workers=1)
    assert "mean index" in capsys.readouterr().out
    with pytest.raises(ProblemsError, match="there is no such row"):
        verifying.verify("core/C99", world="tiny", seeds=2, workers=1)
