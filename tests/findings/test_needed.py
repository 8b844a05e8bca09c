"""What more levels take, and the least change that moves a list: by hand, geometry, brute force."""

import itertools
from collections.abc import Callable, Mapping
from math import hypot, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.designs.design import design_from, load_design
from analysis.findings.least_change import LeastChange, least_change
from analysis.findings.luck import luck
from analysis.findings.moves import EVERY
from analysis.findings.needed import level_steps, needed
from analysis.findings.place import locate
from analysis.findings.trace import changes_as_text, explain, with_changes_told
from analysis.findings.trials import Cell, tried, with_changes
from analysis.findings.what_would_change import what_would_change
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.ratings.rate import Ratings, rate

FRANKLIN = read_panel("franklin")
INDEX = rate(load_design("franklin/index"), FRANKLIN)
DASHBOARD = rate(load_design("franklin/dashboard"), FRANKLIN)


def gains(ratings: Ratings, school: str, measure: str, *, group: str = "all", **where):
    (need,) = (
        one
        for one in needed(ratings, school, **where)
        if (one.measure, one.group) == (measure, group)
    )
    return need


def rated(said: Mapping[str, object], rows, *, schools: pd.DataFrame | None = None) -> Ratings:
    """Rate rows (school, year, measure, group, value, n) by a design with these clauses."""
    table = pd.DataFrame(rows, columns=["school", "year", "measure", "group", "value", "n"])
    known = pd.DataFrame({"school": sorted(set(table["school"]))}) if schools is None else schools
    design = design_from({"title": "T", "evidence": "derived", **said}, name="t")
    return rate(design, make_panel(known, table))


# --- levels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "group", "to", "students", "worth"),
    [
        # a level of all students is 10 of 100 points, 25 or 15 of 85 weights count
        ("ela", "all", [40, 55, 70], [12, 27, 42], [250 / 85, 500 / 85, 750 / 85]),
        ("absence", "all", [25, 15, 10], [6, 26, 36], [150 / 85, 300 / 85, 450 / 85]),
        # three groups share the other half: 3.33, 6.67, 10, 13.33 points for levels 1 to 4
        ("ela", "el", [25, 40, 55], [4, 10, 16], [83.5 / 85, 166.75 / 85, 250 / 85]),
        # growth has no groups, so a level of all students is 20 points; nobody counts students
        ("growth", "all", [48, 52, 60], [None] * 3, [400 / 85, 800 / 85, 1200 / 85]),
    ],
)
def test_alder_by_hand(measure, group, to, students, worth) -> None:
    """From the worked example: weights 25, 25, 20 and 15 share 85; the index is before rounding."""
    need = gains(INDEX, "0101", measure, group=group)
    assert [gain.to for gain in need.gains] == to
    assert [gain.change for gain in need.gains] == pytest.approx([x - need.value for x in to])
    assert [gain.luck.students for gain in need.gains] == students
    assert [gain.worth for gain in need.gains] == pytest.approx(worth)


def test_parts_are_worth_their_share() -> None:
    """Linden's elementary part has 90 of 150 students: 10 x 25 / 85 x 0.6 for a level."""
    need = gains(INDEX, "0112", "ela", part="elementary")
    assert (need.part, need.level, need.top) == ("elementary", 4, 5)
    assert need.gains[0].worth == pytest.approx(150 / 85)
    assert [gain.why for gain in need.gains[1:]] == ["there is no higher level"] * 2
    assert {one.part for one in needed(INDEX, "0112")} == {"elementary", "middle"}


def test_levels_of_two_years_by_hand() -> None:
    """Hazel's students with disabilities have 20 % as last year: red.

    A gain of 1.95 rounds to 2.0, improved: orange. At 40 the status is medium and the gain 20:
    green, three levels at once.
    """
    need = gains(DASHBOARD, "0108", "ela", group="swd")
    assert (need.step, need.called, need.top) == ("ela_colour", "red", 5)
    assert [gain.to for gain in need.gains] == [21.95, 40, 40]
    assert need.gains[0].worth is None


CUTS = {
    "measures": {"m": {"unit": "percent", "better": "high"}},
    "schools": {"kind": {"holds": "text", "one_of": ["high", "middle"]}},
}


@pytest.mark.parametrize(
    ("steps", "level", "to"),
    [
        ({"rule": "cuts", "of": "m", "from": {2: 50, 3: 60}}, 1, [50, 60, None]),
        (
            {"rule": "cuts", "of": "m", "from": {2: {"by": "kind", "high": 44, "middle": 50}}},
            1,
            [44, None, None],
        ),
        ({"rule": "cuts", "of": "m", "equal": "out", "from": {2: 50}}, 1, [50, None, None]),
        ({"rule": "cuts", "of": "m", "better": "low", "from": {2: 30, 3: 20}}, 1, [30, 20, None]),
        ({"rule": "cuts", "of": "whole", "from": {2: 50}}, 1, [49.5, None, None]),
        ({"rule": "cuts", "of": "m", "equal": "out", "from": {2: 100}}, 1, [None] * 3),
        # nothing says where a step of a square root jumps; it is found by narrowing: 49 and 64
        ({"rule": "cuts", "of": "root", "from": {2: 7, 3: 8}}, 1, [49, 64, None]),
    ],
)
def test_cut_points_of_every_kind(steps, level, to) -> None:
    root = {"rule": "mean", "of": {"m": 1, "one": 1}, "form": "geometric", "missing": "no_result"}
    one = {"rule": "ratio", "of": "m", "over": "m"}
    whole = {"rule": "identity", "of": "m", "round": 0}
    said = CUTS | {"points": {"one": one, "root": root, "whole": whole, "level": steps}}
    schools = pd.DataFrame({"school": ["1"], "kind": ["high"]})
    need = gains(rated(said, [("1", 2025, "m", "all", 40.0, 50)], schools=schools), "1", "m")
    assert need.level == level
    found = [gain.to for gain in need.gains]
    assert [x is None for x in found] == [x is None for x in to]
    assert [x for x in found if x is not None] == pytest.approx(
        [x for x in to if x is not None], abs=3e-6
    )


def test_a_level_that_no_value_reaches_is_said_to_be_impossible() -> None:
    beyond = {"rule": "cuts", "of": "m", "equal": "out", "from": {2: 90, 3: 100}}
    said = {"measures": CUTS["measures"], "points": {"level": beyond}}
    need = gains(rated(said, [("1", 2025, "m", "all", 40.0, 50)]), "1", "m")
    assert [gain.why for gain in need.gains] == [
        *("", "not possible: no value from 0 to 100 gives it", "there is no higher level")
    ]


POOL = {"rule": "levels_in_pool", "of": "m", "levels": 5, "pool": "all_schools"}


def pool_rows(now: float):
    held = [(str(i), 2024, "m", "all", 10.0 * i, 50) for i in range(1, 6)]
    return held + [(str(i), 2025, "m", "all", now if i == 1 else 50.0, 50) for i in range(1, 6)]


def test_cut_points_of_a_pool_that_are_held() -> None:
    """Of 10, 20, 30, 40, 50 the fifths lie at 18, 26, 34, 42, whatever schools have later."""
    held = {**POOL, "base_year": 2024, "percentile": "linear"}
    said = {"measures": {"m": {"unit": "percent"}}, "points": {"level": held}}
    need = gains(rated(said, pool_rows(20.0)), "1", "m")
    assert need.level == 2
    assert [gain.to for gain in need.gains] == pytest.approx([26, 34, 42])


def test_cut_points_that_move_with_the_school() -> None:
    """Drawn anew each year, halves of x, 20 and 30: x is level 2 once it is the middle, at 20."""
    halves = {**POOL, "levels": 2, "base_year": "yearly", "percentile": "linear"}
    said = {"measures": {"m": {"unit": "percent"}}, "points": {"level": halves}}
    rows = [(s, 2025, "m", "all", x, 50) for s, x in (("1", 10.0), ("2", 20.0), ("3", 30.0))]
    need = gains(rated(said, rows), "1", "m")
    assert need.level == 1
    assert need.gains[0].to == pytest.approx(20, abs=3e-6)


LOWEST = {
    "groups": {"black": "b", "white": "w", "low_race": "the lowest"},
    "measures": {"m": {"unit": "percent", "better": "high"}},
    "points": {
        "cells": {
            "rule": "lowest_group",
            "of": "m",
            "as": "low_race",
            "among": ["black", "white"],
            "by": "itself",
            "ties": "first",
        },
        "level": {"rule": "cuts", "of": "cells", "from": {2: 25, 3: 35}},
        "points": {"rule": "identity", "of": {"of": "level", "group": "low_race"}},
    },
    "index": {"total": {"rule": "sum", "of": {"points": 10}, "missing": "zero"}},
    "headline": {"index": "total"},
}


def test_the_lowest_of_several_groups() -> None:
    """Black students have 10, white students 20: for 25 both must rise, and the lowest by 15."""
    rows = [("1", 2025, "m", g, x, 40) for g, x in (("all", 15), ("black", 10), ("white", 20))]
    ratings = rated(LOWEST, rows)
    need = gains(ratings, "1", "m", group="low_race")
    assert (need.value, need.level) == (10, 1)
    assert [(g.to, g.change, g.worth) for g in need.gains[:2]] == [(25, 15, 10), (35, 25, 20)]
    assert need.gains[0].luck.students == 6
    assert gains(ratings, "1", "m", group="black").gains[0].worth == 0  # white students stay at 20


def test_a_measure_that_holds_levels() -> None:
    """California publishes colours: red is 1 of 5."""
    said = {
        "measures": {"colour": {"levels": ["red", "orange", "green"]}},
        "conditions": {"is_red": {"rule": "test", "of": "colour", "is": ["red"]}},
        "lists": {"low": {"rule": "named", "when": "is_red"}},
    }
    ratings = rated(said, [("1", 2025, "colour", "all", 1, 50)])
    need = gains(ratings, "1", "colour")
    assert (need.called, [gain.to for gain in need.gains]) == ("red", [2, 3, None])
    (one,) = what_would_change(ratings, "1", "low")
    assert (one.now, one.instead, one.smallest) == (1, 2, True)


def test_the_step_that_gives_the_level_is_the_one_that_counts() -> None:
    """A band is cut from the level, but the index reads the level."""
    level = {"rule": "cuts", "of": "m", "from": {2: 20, 3: 40}}
    band = {"rule": "cuts", "of": "level", "lowest": "low", "from": {"high": 3}}
    said = {
        "measures": {"m": {"unit": "percent"}},
        "points": {"level": level, "band": band},
        "index": {"total": {"rule": "sum", "of": {"level": 1}, "missing": "zero"}},
        "headline": {"index": "total"},
    }
    assert level_steps(rated(said, [("1", 2025, "m", "all", 10, 50)])) == {"m": "level"}


# --- luck --------------------------------------------------------------------------------------


def wilson(k: float, n: float) -> tuple[float, float]:
    """Wilson's bounds of k of n, 95 %."""
    z, p = stats.norm.ppf(0.975), k / n
    middle, half = p + z**2 / (2 * n), z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def beyond(k: int, more: int, n: int) -> bool:
    """Newcombe's interval (1998, method 10) of the difference, written out: is it above 0?"""
    (low, _), (_, high) = wilson(more, n), wilson(k, n)
    return more / n - k / n - sqrt((more / n - low) ** 2 + (high - k / n) ** 2) > 0


@pytest.mark.parametrize(("n", "k", "to"), [(100, 50, 58), (100, 50, 65), (20, 0, 25), (40, 6, 25)])
def test_luck_in_closed_form(n, k, to) -> None:
    """Two measurements differ with sqrt(2) times the error of one, of (k + 1) of (n + 2)."""
    said = {"measures": {"m": {"unit": "percent"}}}
    ratings = rated(said, [("1", 2025, "m", "all", 100 * k / n, n)])
    found = luck(ratings, "m", locate(ratings, "1"), to)
    p = (k + 1) / (n + 2)
    error = 100 * sqrt(p * (1 - p) / (n + 2))
    students = int(np.ceil(to * n / 100)) - k
    assert found.students == students
    wanted = stats.norm.sf(100 * students / n / (sqrt(2) * error))
    assert found.chance == pytest.approx(wanted)
    assert (found.verdict == "beyond chance") == beyond(k, k + students, n)


def test_luck_of_a_rate_is_what_drawing_gives() -> None:
    """Of 100 students half succeed: how often is the second year 6 points better by luck alone?"""
    said = {"measures": {"m": {"unit": "percent"}}}
    ratings = rated(said, [("1", 2025, "m", "all", 50.0, 100)])
    found = luck(ratings, "m", locate(ratings, "1"), 56)
    drawn = np.random.default_rng(1).binomial(100, 0.5, size=(200_000, 2))
    least, most = ((drawn[:, 1] - drawn[:, 0]) >= k for k in (7, 6))
    assert least.mean() < found.chance < most.mean()


def test_luck_by_a_standard_error_or_by_nothing() -> None:
    frame = pd.DataFrame({"school": "1", "year": 2025, "measure": ["a", "b"], "value": [3.0, 3.0]})
    frame["se"] = [0.1, np.nan]
    design = design_from({"title": "T", "measures": {"a": {}, "b": {}}}, name="t")
    ratings = rate(design, make_panel(pd.DataFrame({"school": ["1"]}), frame))
    found = luck(ratings, "a", locate(ratings, "1"), 3.2)
    assert found.chance == pytest.approx(stats.norm.sf(sqrt(2)))
    assert (found.students, found.verdict) == (None, "within chance")
    assert luck(ratings, "b", locate(ratings, "1"), 3.2).chance is None


# --- trying many changes at once is rating each by itself -----------------------------------------

ACROSS = {
    "schools": {
        "title1": {"holds": "yes_no"},
        "level": {"holds": "text"},
        "enrollment": {"holds": "number"},
        "paired": {"holds": "school"},
    },
    "groups": {"el": "English learners"},
    "measures": {"a": {"unit": "percent"}, "b": {"unit": "percent"}},
    "points": {
        "a_counted": {"rule": "minimum_n", "of": "a", "n": 20},
        "held": {
            **POOL,
            "of": "a_counted",
            "base_year": 2024,
            "percentile": "linear",
            "within": "level",
        },
        "here": {**POOL, "of": "b", "base_year": 2025, "percentile": "hazen", "levels": 3},
        "anew": {**POOL, "of": "b", "base_year": "yearly", "spacing": "equal_width", "levels": 4},
        "z": {
            "rule": "normalise",
            "of": "b",
            "pool": "title1",
            "base_year": 2024,
            "how": "z_score",
        },
        "rank": {
            "rule": "normalise",
            "of": "a",
            "pool": "all_schools",
            "base_year": "yearly",
            "how": "percentile_rank",
        },
    },
    "index": {
        "part": {
            "rule": "mean",
            "of": {"held": 3, "z": 1},
            "missing": "share_out",
        },
        "school": {
            "rule": "across_parts",
            "of": "part",
            "weights": "enrollment",
            "missing": "share_out",
            "round": 1,
        },
        "total": {"rule": "inherit", "of": "school", "column": "paired"},
    },
    "lists": {
        "tenth": {
            "rule": "share_of_pool",
            "of": {"of": "total", "group": "all"},
            "share": 0.3,
            "side": "lowest",
            "pool": "title1",
            "round": "none",
            "percentile": "linear",
            "included": True,
            "within": "level",
        },
        "low": {"rule": "test", "of": {"of": "total", "group": "all"}, "beyond": "tenth"},
        "lowest": {"rule": "named", "when": "low", "among": ["title1"]},
        "edge": {
            "rule": "edge_of_list",
            "of": {"of": "total", "group": "all"},
            "among": "lowest",
            "edge": "highest",
            "side": "lowest",
            "round": "none",
            "included": True,
        },
        "as_low": {"rule": "test", "of": "total", "beyond": "edge"},
        "others": {
            "rule": "named",
            "when": "as_low",
            "group": "any",
            "groups": ["el"],
            "unless": ["lowest"],
        },
    },
}


def across_ratings(seed: int) -> Ratings:
    random = np.random.default_rng(seed)
    schools = pd.DataFrame({"school": [f"{i:02d}" for i in range(12)], "part": ""})
    parts = pd.DataFrame({"school": "00", "part": ["x", "y"]})
    schools = pd.concat([schools, parts], ignore_index=True)
    schools["title1"] = random.choice(["yes", "yes", "no"], len(schools))
    schools["level"] = random.choice(["high", "middle"], len(schools))
    schools["enrollment"] = random.integers(50, 500, len(schools))
    schools["paired"] = ["" if i != 5 else "01" for i in range(len(schools))]
    rows = [
        (s, p, y, m, g, float(random.integers(0, 101)), int(random.integers(15, 60)))
        for s, p in zip(schools["school"], schools["part"], strict=True)
        for y, m, g in itertools.product((2024, 2025), "ab", ("all", "el"))
        if (s != "00" or p) and random.random() < 0.9
    ]
    columns = ["school", "part", "year", "measure", "group", "value", "n"]
    design = design_from({"title": "T", "evidence": "derived", **ACROSS}, name="t")
    return rate(design, make_panel(schools, pd.DataFrame(rows, columns=columns)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("school", ["00", "04", "05"])
def test_copies_are_rated_as_if_each_stood_alone(seed, school) -> None:
    """Pools, lines, parts, pairs and edges: every step of every copy, against rating it anew.

    No other school's index rests on theirs: cut points under the index are held from 2024, and
    nobody is paired with them. The edge is drawn among the schools on the first list: it is held
    against rating anew wherever a copy moves no other school onto that list or off it.
    """
    ratings = across_ratings(seed)
    random = np.random.default_rng(seed)
    place = locate(ratings, school)
    rows = np.flatnonzero(ratings.panel.units["school"] == school)
    cells = [
        Cell(int(row), m, g)
        for row in rows
        for m, g in itertools.product("ab", ("all", "el"))
        if ratings.panel.measures[m].value.sel(year=2025, group=g).values[row] >= 0
    ]
    changes = [
        {cells[i]: float(random.integers(0, 101)) for i in random.integers(0, len(cells), 2)}
        for _ in range(6)
    ]
    found = tried(ratings, place, changes, list(ratings.design.steps))
    others = ~np.isin(np.arange(len(ratings.panel.units)), rows)
    named = ratings["lowest"].value.sel(year=2025).values[others]
    for i, one in enumerate(changes):
        anew = rate(ratings.design, with_changes(ratings.panel, one, 2025))
        same = np.array_equal(
            anew["lowest"].value.sel(year=2025).values[others], named, equal_nan=True
        )
        for name in ratings.design.steps:
            a, b = anew[name].value, found.ratings[name].value
            if "school" in a.dims and (same or name not in ("edge", "as_low", "others")):
                a = a.sel(year=2025).values[rows]
                b = b.sel(year=2025).values[i * len(rows) : (i + 1) * len(rows)]
                np.testing.assert_array_equal(a, b, err_msg=f"{name} {one}")


# --- the least change --------------------------------------------------------------------------


def spread_rows(values: Mapping[str, tuple[float, ...]]):
    return [
        (str(i), 2025, measure, "all", float(x), np.nan)
        for measure, given in values.items()
        for i, x in enumerate(given)
    ]


def two_measures(points, index, below: float) -> Mapping[str, object]:
    return {
        "measures": {m: {"unit": "percent", "better": "high"} for m in "ab"},
        "points": points,
        "index": {"total": {"rule": "sum", "of": index, "missing": "no_result"}},
        "conditions": {"low": {"rule": "test", "of": "total", "below": below}},
        "lists": {"low_list": {"rule": "named", "when": "low"}},
        "headline": {"index": "total"},
    }


FOUR = {f"{m}_level": {"rule": "cuts", "of": m, "from": {2: 20, 3: 30, 4: 40}} for m in "ab"}
SPREAD = {"a": (10, 20, 30), "b": (10, 30, 50)}
"""Standard deviations 10 and 20; the first school has 10 and 10."""


def test_the_least_change_in_steps_by_geometry() -> None:
    """Levels 1 and 1 must become 6 together.

    (2, 4) costs 10 / 10 and 30 / 20: 1.803. (3, 3) costs 2 and 1: 2.236. (4, 2) costs 3 and 0.5:
    3.041. One measure alone gives 5 at most.
    """
    said = two_measures(FOUR, {"a_level": 1, "b_level": 1}, below=6)
    ratings = rated(said, spread_rows(SPREAD))
    found = least_change(ratings, "0", "low_list")
    assert [(one.measure, one.instead) for one in found.changes] == [("a", 20), ("b", 40)]
    assert found.spreads == pytest.approx(sqrt(1 + 1.5**2))
    assert (found.answer, found.exact) == ("not met", True)
    assert what_would_change(ratings, "0", "low_list") == ()
    text = changes_as_text(with_changes_told(ratings, explain(ratings, "0")))
    assert "no measure alone can change a list" in text
    assert "a were 20 instead of 10; b were 40 instead of 10" in text


def test_the_least_change_in_a_plane_by_geometry() -> None:
    """Along a line 3a + b = 100, in units of the spreads 10 and 20: the foot of the perpendicular.

    The gap is 100 - 40 = 60; the normal is (30, 20), its square 1300. So the distance is
    60 / sqrt(1300), and a rises by 60 x 3 x 100 / 1300.
    """
    said = two_measures({}, {"a": 3, "b": 1}, below=100)
    found = least_change(rated(said, spread_rows(SPREAD)), "0", "low_list")
    assert found.spreads == pytest.approx(60 / sqrt(1300), rel=1e-3)
    moved = {one.measure: one.instead - one.now for one in found.changes}
    assert moved["a"] == pytest.approx(18000 / 1300, abs=0.3)
    assert not found.exact


def test_the_least_change_at_the_end_of_a_range() -> None:
    """a + b = 195 from (10, 10): the foot of the perpendicular lies at b = 150, beyond 100 %.

    So b goes to 100 and a to 95; alone neither is enough.
    """
    said = two_measures({}, {"a": 1, "b": 1}, below=195)
    found = least_change(rated(said, spread_rows(SPREAD)), "0", "low_list")
    assert {one.measure: one.instead for one in found.changes} == {
        "a": pytest.approx(95, abs=0.02),
        "b": pytest.approx(100, abs=0.02),
    }


def test_when_nothing_is_enough_it_is_said() -> None:
    said = two_measures({}, {"a": 1, "b": 1}, below=201)
    found = least_change(rated(said, spread_rows(SPREAD)), "0", "low_list")
    assert (found.changes, found.spreads, found.answer) == ((), None, "met")
    assert "up to the ends of their ranges" in found.why
    unknown = least_change(DASHBOARD, "0101", "graduation_list")
    assert unknown.why == "it cannot be judged"


def test_alder_needs_three_measures() -> None:
    """English learners' and others' 30.5, growth 52 and absence 23, for every group alike.

    English 20 + 2 x 3.33 + 6.67 = 33.33 points, growth 80, absence 20 + 3 x 6.67 = 40.01:
    (25 x 33.33 + 25 x 36.67 + 20 x 80 + 15 x 40.01) / 85 = 46.5, above Fir's 45.9.
    """
    found = least_change(INDEX, "0101", "lowest")
    assert [(one.measure, one.instead) for one in found.changes] == [
        *(("ela", 30.5), ("growth", 52), ("absence", 23))
    ]
    pool = FRANKLIN.columns["title1"].values == 1  # schools and parts of schools with Title I funds
    spread = {
        m: np.nanstd(FRANKLIN.measures[m].value.sel(year=2025, group="all").values[pool], ddof=1)
        for m in ("ela", "growth", "absence")
    }
    assert found.spreads == pytest.approx(
        hypot(2.5 / spread["ela"], 10 / spread["growth"], 5 / spread["absence"])
    )
    single = min(one.spreads for one in what_would_change(INDEX, "0101", "lowest"))
    assert found.spreads < single


# --- brute force -------------------------------------------------------------------------------

LEVELS = {
    "a": (20, 35, 50, 65),
    "b": (25, 40, 60, 80),
}
WEIGHTS = {"a": 3, "b": 2}
SCHOOLS, NAMED = 8, 2


def brute_design(list_clauses: Mapping[str, object]) -> Mapping[str, object]:
    cuts = {
        f"{m}_level": {"rule": "cuts", "of": m, "from": dict(enumerate(at, start=2))}
        for m, at in LEVELS.items()
    }
    points = {
        f"{m}_points": {
            "rule": "across_groups",
            "of": f"{m}_level",
            "all": 0.6,
            "rest": ["el"],
            "full": 5,
            "worth": 100,
            "missing": "rest",
        }
        for m in LEVELS
    }
    mean = {"rule": "mean", "of": {f"{m}_points": w for m, w in WEIGHTS.items()}}
    return {
        "groups": {"el": "English learners"},
        "measures": {m: {"unit": "percent", "better": "high"} for m in LEVELS},
        "points": cuts | points,
        "index": {"total": {**mean, "missing": "share_out", "round": 1}},
        **list_clauses,
        "headline": {"index": "total"},
    }


BY_LINE = {
    "lists": {
        "line": {
            "rule": "share_of_pool",
            "of": "total",
            "share": NAMED / SCHOOLS,
            "side": "lowest",
            "pool": "all_schools",
            "round": "none",
            "count": "up",
            "ties": "in",
            "included": True,
        },
        "low": {"rule": "test", "of": "total", "beyond": "line"},
        "named": {"rule": "named", "when": "low"},
    }
}
BY_COUNT = {
    "conditions": {
        f"{m}_{g}_low": {"rule": "test", "of": {"of": f"{m}_level", "group": g}, "at_most": 2}
        for m in LEVELS
        for g in ("all", "el")
    }
    | {
        "many_low": {
            "rule": "count",
            "of": [f"{m}_{g}_low" for m in LEVELS for g in ("all", "el")],
            "are": ["met"],
            "at_least": 2,
        }
    },
    "lists": {"named": {"rule": "named", "when": "many_low"}},
}

Values = dict[tuple[str, str], np.ndarray]


def level(measure: str, x: np.ndarray) -> np.ndarray:
    return 1 + sum((x >= cut) for cut in LEVELS[measure])


def by_line(values: Values) -> np.ndarray:
    """The two lowest of eight, with ties; written without the engine."""
    total = 0.0
    for m, weight in WEIGHTS.items():
        cells = [share * 20 * level(m, values[m, g]) for g, share in (("all", 0.6), ("el", 0.4))]
        total = total + weight * sum(cells)
    total = np.floor(total / sum(WEIGHTS.values()) * 10 + 0.5 + 1e-6) / 10
    return total <= np.sort(total)[NAMED - 1]


def by_count(values: Values) -> np.ndarray:
    return sum((level(m, x) <= 2) * 1 for (m, _), x in values.items()) >= 2


def brute(values: Values, named: Callable[[Values], np.ndarray]):
    """Try every whole shift of both measures, of all groups alike: the least that leaves the list.

    Gives the least distance over both, and the least shift of each alone (100: none).
    """
    spread = {m: np.std(values[m, "all"], ddof=1) for m in LEVELS}
    alone, least = dict.fromkeys(LEVELS, 100), np.inf
    for shifts in itertools.product(range(101), repeat=2):
        by = dict(zip(LEVELS, shifts, strict=True))
        distance = hypot(*(by[m] / spread[m] for m in LEVELS))
        single = [m for m in LEVELS if by[m] and not any(by[k] for k in LEVELS if k != m)]
        if distance >= least and not single:
            continue
        moved = {key: x.copy() for key, x in values.items()}
        for (m, _), x in moved.items():
            x[0] = min(x[0] + by[m], 100)
        if not named(moved)[0]:
            least = min(least, distance)
            for m in single:
                alone[m] = min(alone[m], by[m])
    return least, alone


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("clauses", "named"), [(BY_LINE, by_line), (BY_COUNT, by_count)])
def test_brute_force_over_every_whole_shift_agrees(seed, clauses, named) -> None:
    """Values and cut points are whole, so whole shifts hold every step."""
    random = np.random.default_rng(seed)
    low = {"a": 10, "b": 15}
    values = {
        (m, g): np.append(float(random.integers(0, 20)), random.integers(low[m], 95, SCHOOLS - 1))
        for m in LEVELS
        for g in ("all", "el")
    }
    rows = [
        (str(i), 2025, m, g, x, 50) for (m, g), given in values.items() for i, x in enumerate(given)
    ]
    ratings = rated(brute_design(clauses), rows)
    assert named(values)[0]
    assert (ratings["named"].value.sel(year=2025).values == named(values)).all()
    least, alone = brute(values, named)
    found: LeastChange = least_change(ratings, "0", "named")
    assert (found.spreads or np.inf) == pytest.approx(least)
    assert found.exact
    wide = what_would_change(ratings, "0", "named", each_group=False)
    shifts = {one.measure: round(one.instead - one.now) for one in wide if one.group == EVERY}
    assert shifts == {m: shift for m, shift in alone.items() if shift < 100}
    if wide:
        (smallest,) = {one.spreads for one in wide if one.smallest}
        assert smallest == min(one.spreads for one in wide)
