"""Do cells move as the gamed students say, and does an interrupted run end as any other?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.designs.adaptation import adapt, later_holds, load_adaptation
from analysis.designs.clause import FrozenMap
from analysis.designs.design import Design, load_design
from analysis.panels.students.measure import measure
from analysis.panels.students.table import make_students
from analysis.problems import ProblemsError
from analysis.publishing import store
from simulations import parts as kept
from simulations.gaming import playing
from simulations.gaming.asked import load_asked
from simulations.gaming.cells import Schools
from simulations.gaming.counted import schools_of
from simulations.gaming.kinds import load_mechanism
from simulations.gaming.mechanism import Notches
from simulations.gaming.playing import play
from simulations.gaming.worlds import Worlds, make_worlds
from simulations.population.world import load_world

WORLD = """
title: One small district, made up
base: core
include: [santa_ana]
scale: {students: 0.02, schools: 0.2}
"""
GAME = """
title: A small game
estimand: What becomes of a list
pool: a small district
worlds: {world: WORLD, seeds: 1, draws: 2, base_year: 2014, year: 2015}
students: {design: core/sqii-full, adaptations: [core/usual, core/graduation-four-year]}
designs:
  growth: {title: Growth, design: core/option-growth, list: lowest}
  essa: {title: The Act's floor, design: core/option-essa, list: csi_low, against: growth}
mechanisms: [honest, manipulation]
aims: {identification: 10, reputation: 0.2}
costs: {from: 0.5, to: 8}
luck: 2
rounds: 3
"""
MEASURES = ("ela", "math", "ela_growth", "absence", "suspension", "ela_audit")


def world_file(folder: Path) -> Path:
    path = folder / "small.yaml"
    path.write_text(WORLD)
    return path


def game_file(folder: Path, **said: str) -> Path:
    text = GAME.replace("WORLD", str(world_file(folder)))
    for old, new in said.items():
        lines = [
            f"{old}: {new}" if line.startswith(f"{old}:") else line for line in text.split("\n")
        ]
        text = "\n".join(lines)
    path = folder / "small-game.yaml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def counting() -> Design:
    design = load_design("core/sqii-full")
    named = (load_adaptation(f"core/{name}") for name in ("usual", "graduation-four-year"))
    return adapt(design, *later_holds(design, named))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    folder = tmp_path_factory.mktemp("worlds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(folder / "build"))
        return make_worlds(load_world(world_file(folder)), 1, 2, (2014, 2015))


@pytest.fixture(scope="module")
def schools(worlds: Worlds, counting: Design) -> Schools:
    names = ("manipulation", "unreported_suspensions", "honest")
    return schools_of(worlds, counting, MEASURES, [load_mechanism(name) for name in names])


def everybody(schools: Schools, much: float, *names: str) -> dict[str, np.ndarray]:
    efforts = schools.no_effort()
    return {name: effort + much * (name in names) for name, effort in efforts.items()}


@pytest.mark.parametrize(
    ("name", "moved"), [("manipulation", "ela"), ("unreported_suspensions", "suspension")]
)
def test_at_full_effort_cells_are_those_of_the_gamed_students(
    worlds: Worlds, counting: Design, schools: Schools, name: str, moved: str
) -> None:
    # the students of the second draw alone, counted by the measuring program as any panel is
    pupils = worlds.pupils(Notches.of(counting))
    rows = load_mechanism(name).acts(pupils, 1.0).reported.filter(pl.col("draw") == 1).drop("draw")
    one = FrozenMap({moved: counting.measures[moved]})
    design = replace(counting, measures=one)
    alone = measure(design, make_students(rows)).panel
    after = schools.after(everybody(schools, 1.0, name)).measures[moved]
    keys = {code: row for row, code in enumerate(schools.panel.units["school"])}
    seen = 0
    for row, (school, part) in enumerate(alone.units[["school", "part"]].to_numpy()):
        if part or school not in keys:
            continue
        for group in ("all", "hispanic", "sed"):
            found = float(alone.measures[moved].value.sel(year=2015, group=group)[row])
            ours = after.value.sel(year=2015, group=group)[1, keys[school]]
            assert float(ours) == pytest.approx(found, nan_ok=True)
            seen += found == found  # noqa: PLR0124 (not missing)
    assert seen > len(keys)
    before = schools.panel.measures[moved].value.sel(year=2015, group="all")
    assert (np.abs(after.value.sel(year=2015, group="all") - before) > 0).any()


def test_at_half_effort_a_cell_lies_half_way(schools: Schools) -> None:
    none, half, full = (
        schools.after(everybody(schools, much, "manipulation")).measures["math"].value.to_numpy()
        for much in (0.0, 0.5, 1.0)
    )
    assert half == pytest.approx((none + full) / 2, nan_ok=True)


def test_no_effort_gives_the_very_panel(schools: Schools) -> None:
    assert schools.after(schools.no_effort()) is schools.panel


def test_an_audit_and_the_truth_do_not_see_scores_that_were_raised(schools: Schools) -> None:
    raised = everybody(schools, 1.0, "manipulation")
    assert schools.after(raised, true=True) is schools.panel
    reported = schools.after(raised).measures
    assert reported["ela_audit"] is schools.panel.measures["ela_audit"]
    # better teaching moves test and audit alike
    taught = schools.after(everybody(schools, 1.0, "honest")).measures
    for name in ("ela", "ela_audit", "ela_growth"):
        moved = taught[name].value - schools.panel.measures[name].value
        assert float(moved.sel(year=2015, group="all").mean()) > 0
    assert "honest" in schools.reactions
    learned = schools.reactions["honest"].learned[:2, :, schools.whole, 0]
    assert learned == pytest.approx(np.full(learned.shape, load_mechanism("honest").size))


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (kept, store):  # others may edit the program while this test runs
        monkeypatch.setattr(module, "code_fingerprint", lambda: "now")
    asked = load_asked(game_file(tmp_path))
    real, done = playing.write_played, []

    def stopped(*given: object) -> None:
        if done:
            raise KeyboardInterrupt
        real(*given)  # type: ignore[arg-type]
        done.append(given)

    monkeypatch.setattr(playing, "write_played", stopped)
    with pytest.raises(KeyboardInterrupt):
        play(asked)
    parts = sorted(path.name for path in (build / "runs" / "parts").glob("*/*"))
    assert parts == ["growth-1.json", "schools-1.pickle"]
    calls: list[object] = []
    monkeypatch.setattr(playing, "write_played", lambda *given: (calls.append(given), real(*given)))
    with monkeypatch.context() as patch:
        patch.setattr(playing, "write_schools", lambda *_: pytest.fail("is there already"))
        resumed = play(asked)
    assert len(calls) == 1
    whole = play(asked, fresh=True)
    assert whole.key == resumed.key
    assert whole.numbers == resumed.numbers
    assert not list((build / "runs" / "parts").glob("*"))
    outcomes = whole.tables["outcomes"].set_index(["design", "outcome"])["mean"]
    assert outcomes["essa", "named_before"] == outcomes["essa", "named"] == 1  # 5 % of 11 schools
    apart = whole.tables["changes"].set_index(["design", "against", "outcome"])["difference"]
    both = outcomes["essa", "inflation"] - outcomes["growth", "inflation"]
    assert apart["essa", "growth", "inflation"] == pytest.approx(both)
    assert set(whole.tables["efforts"]["mechanism"]) == {"honest", "manipulation"}
    assert whole.estimand.draw == "replication"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"mechanisms": "[honest, unreported_suspensions]"}, "moves no measure on which a list"),
        ({"mechanisms": "[narrowing]"}, "direction only is known. Say at: low or at: high"),
        ({"mechanisms": "[manipulaton]"}, "Did you mean manipulation"),
        ({"aims": "{}"}, "must hold a term above 0, such as"),
        ({"costs": "{from: -1, to: 8}"}, "costs: must go from a number above 0"),
        ({"rounds": "3\nbudget: {from: 0, to: 0}"}, "budget: must go from a number above 0"),
        ({"luck": "2\nsees: nothing"}, "sees"),
        (
            {"  essa": "{title: x, design: core/option-essa, list: csi_low, against: grwth}"},
            "Did you mean growth",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(
    tmp_path: Path, said: dict[str, str], text: str
) -> None:
    with pytest.raises(ProblemsError, match=text) as told:
        load_asked(game_file(tmp_path, **said))
    assert "small-game.yaml:" in str(told.value)
