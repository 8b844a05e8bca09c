"""Lines that schools may aim at: contrasts by hand, chance on worlds where nobody aims."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import load_design, read_panel
from analysis.designs.design import parse_design
from analysis.findings.bunching import Line, lines_of
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from simulations.__main__ import commands
from simulations.nulls import chance_of
from simulations.streams import stream
from simulations.watch import moved_apart, watch
from tests.evidence.false_alarms import LEVEL, WORLDS, aimed, alarms

NONE = np.zeros((1, 1))
DESIGN = """
title: T
evidence: derived
measures:
  rate: {unit: percent, better: high}
points:
  counted: {rule: minimum_n, of: rate, n: 20}
  level: {rule: cuts, of: counted, from: {2: 60}}
index:
  total: {rule: mean, of: {level: 1}, missing: share_out}
"""


def line(on: str, bounds: tuple[float, ...], sign: int, *, included: bool) -> Line:
    return Line("line", "m", on, bounds, sign, included, ("all",), NONE, NONE)


def test_just_beyond_and_just_short_by_hand() -> None:
    x = np.array([9, 10, 11, 12, 13, 14, 15, 16])
    # cuts at 11 and 14 lie 3 apart, so "just" reaches 1.5 and not 2, to both sides of each
    more = line("value", (11.0, 14.0), 1, included=True)
    assert more.contrast(x, 2).tolist() == [0, -1, 1, 1, -1, 1, 1, 0]
    less = line("value", (11.0,), -1, included=True)  # 11 itself is good
    assert less.contrast(x, 2).tolist() == [0, 1, 1, -1, -1, 0, 0, 0]
    beyond = line("value", (11.0,), 1, included=False)  # 11 itself is not
    assert beyond.contrast(x, 2).tolist() == [0, -1, -1, 1, 1, 0, 0, 0]


def test_a_design_draws_these_lines() -> None:
    franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    lines = {one.step: one for one in lines_of(franklin, year=2025)}
    assert lines["absence_level"].sign == -1  # less absence is better
    assert lines["stars"].sign == 1  # a higher index is, though absence is in it
    assert lines["ela_counted"].bounds == (20.0,)
    assert not lines["ela_counted"].included  # a group of 20 counts: 19 hides it
    assert "low" not in lines  # its line is drawn anew from the schools


@pytest.mark.parametrize("name", ["sizes of groups", "rates"])
def test_chance_raises_few_alarms_and_aiming_raises_many(name: str) -> None:
    worlds = 40
    assert alarms(name, worlds) <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / worlds) ** 0.5
    assert alarms(name, 10, effort=0.8) > 0.5


def test_every_null_has_its_place() -> None:
    found = {}
    for name, (make, said, window) in WORLDS.items():
        x, n = make(stream(1, "test", name), 600)
        found[name] = chance_of(said, x, n, window=window, draws=99, seed=1)
        assert found[name].near == (said.contrast(x, window) != 0).sum()
        again = chance_of(said, x, n, window=window, draws=99, seed=1)
        assert again == found[name]  # the same seed gives the same
    assert [one.null for one in found.values()] == [
        "smooth counts",
        "smooth counts",
        "students drawn anew",
        "density",
    ]
    few = np.arange(20.0)
    assert chance_of(WORLDS["scores"][1], few, few + np.nan, window=2, draws=99, seed=1) is None


def panel(random: np.random.Generator, effort: float):
    make, said, window = WORLDS["sizes of groups"]
    n, nothing = make(random, 900)
    n = aimed((n + 1, nothing), said, window, effort, random)
    k = random.binomial(n.astype(int), 0.55)
    codes = [f"{i:04d}" for i in range(len(n))]
    rows = {"school": codes, "year": 2025, "measure": "rate", "value": 100 * k / n, "n": n}
    return make_panel(pd.DataFrame({"school": codes}), pd.DataFrame(rows))


def test_a_design_is_watched_at_the_line_that_is_aimed_at() -> None:
    design = parse_design(DESIGN, name="t")
    random = stream(3, "test", "watch")
    quiet = watch(rate(design, panel(random, 0.0)), year=2025, draws=199)
    loud = watch(rate(design, panel(random, 0.7)), year=2025, draws=199)
    assert set(quiet["line"]) == {"counted", "level"}
    assert (quiet["p_holm"] > 0.05).all()
    assert loud.loc[loud["p_holm"] < 0.05, "line"].tolist() == ["counted"]
    assert loud.set_index("line").loc["counted", "at"] == "20"
    # Holm by hand: the smaller of two p counts twice, the larger at least as much
    low, high = np.sort(quiet["p"])
    assert np.sort(quiet["p_holm"]) == pytest.approx([min(2 * low, 1), max(2 * low, high)])


def test_two_measures_moved_apart() -> None:
    other = np.tile([0.0, 1.0, 2.0, 3.0], 10)
    pressed = np.arange(40) % 8 < 4
    counted = 2 + 0.5 * other + 3 * pressed
    noise = 0.01 * stream(1, "test", "apart").standard_normal(40)
    found = moved_apart(counted + noise, other, pressed)
    assert found.more == pytest.approx(3, abs=0.02)
    assert found.low < 3 < found.high
    assert (found.schools, found.pressed) == (40, 20)
    nothing = moved_apart(2 + 0.5 * other + 100 * noise, other, pressed)
    assert nothing.p > 0.05
    with pytest.raises(ProblemsError, match="some under pressure and some not"):
        moved_apart(counted, other, pressed | True)


def test_the_command_tells_what_it_saw(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(commands, ["watch", "franklin/index", "franklin"])
    assert "no fixed line has 30 schools near it" in str(wrong.exception)
    wrong = CliRunner().invoke(commands, ["watch", "franklin/index", "franklin", "--year", "1900"])
    assert "has no year 1900" in str(wrong.exception)
    to = tmp_path / "rows.csv"
    words = ["watch", "core/sqii-2015-16", "core-small", "--with", "core/usual", "--draws", "99"]
    told = CliRunner().invoke(commands, [*words, "--out", str(to)])
    assert told.exit_code == 0, told.exception
    rows = pd.read_csv(to)
    assert f"of {len(rows)} lines and groups" in told.output
    assert {"ela_counted", "math_counted"} <= set(rows["line"])
