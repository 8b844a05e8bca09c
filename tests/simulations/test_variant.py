"""A district's own variant beside the common design: by hand on Franklin, and from file to memo."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import load_design, rate, read_panel
from analysis.designs.adaptation import adapt, load_adaptation
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from simulations.__main__ import commands
from simulations.variant import Asked, lists_of, shaken, stress

ARTS = """
schema: 1
title: The arts count here
reference: a made-up board
base: franklin/index
add:
  measures.arts:
    clause: {label: pupils in the arts, unit: percent, better: high}
    says: "A school without music is no good school."
  local_total:
    clause: {rule: mean, of: {total: 80, arts: 20}, missing: share_out}
    says: "The arts are a fifth."
  local_line:
    clause:
      rule: share_of_pool
      of: local_total
      share: 0.25
      side: lowest
      pool: title1
      round: none
      count: up
      ties: in
      included: true
    says: "One school in four."
  local_low: {clause: {rule: test, of: local_total, beyond: local_line}, says: "One in four."}
  local_lowest: {clause: {rule: named, when: local_low, among: [title1]}, says: "One in four."}
"""


@pytest.fixture(scope="module")
def common():
    return load_design("franklin/index")


@pytest.fixture(scope="module")
def arts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arts") / "arts.yaml"
    path.write_text(ARTS)
    return path


def with_arts(values: dict[str, float]):
    """Give Franklin's panel with the arts as a measure of its own, missing in other schools."""
    panel = read_panel("franklin")
    like = panel.measures["ela"]
    value, n = like.value.copy() * np.nan, like.n.copy()
    for school, x in values.items():
        at = {"school": panel.units.index[panel.units["school"] == school][0]}
        value[at] = np.where(np.arange(value.sizes["group"]) == 0, x, np.nan)
    measures = {**panel.measures, "arts": replace(like, value=value, n=n, numerator=None)}
    return replace(panel, measures=measures, _codes={})


def test_a_wider_line_by_hand(common) -> None:
    local = adapt(common, load_adaptation("franklin/lowest-third"))
    found = stress(Asked(common, local, lists_of(common, local), 2025), read_panel("franklin"))
    # two of eight Title I schools, then three of eight: Fir (0106) comes in
    assert (found.between.first, found.between.second, found.between.both) == (2, 3, 2)
    assert found.alike == pytest.approx(2 / 3)
    assert found.moved == ("low", "lowest", "lowest_line")
    assert found.schools.set_index("school")["common"].to_dict()["0106"] == False  # noqa: E712
    everybody = found.students.set_index("group").loc["all"]
    enrolled = read_panel("franklin").units.set_index("school")["enrollment"].astype(float)
    assert everybody["local"] - everybody["common"] == enrolled["0106"]
    assert everybody["both"] == everybody["common"]
    assert (found.again, found.to_state) == ((), ())


def test_a_list_of_its_own_leaves_the_common_one_alone(common, arts: Path) -> None:
    local = adapt(common, load_adaptation(arts))
    panel = with_arts(dict.fromkeys(read_panel("franklin").units["school"], 50.0))
    assert lists_of(common, local) == ("lowest", "local_lowest")
    asked = Asked(common, local, ("lowest", "local_lowest"), 2025, "lowest")
    found = stress(asked, panel)
    assert found.moved == ()
    # 50 for everybody moves no order: .8 x index + 10
    assert found.alike == 1
    assert found.apart == 0  # any luck at all moves as much
    assert [one.share for one in found.to_state] == [1, 1]
    both = rate(local, panel)
    index = both["local_total"].value.sel(year=2025, group="all")
    usual = both["total"].value.sel(year=2025)
    assert np.allclose(index, 0.8 * usual + 10, equal_nan=True)


def test_luck_is_as_wide_as_students_make_it(common) -> None:
    panel = read_panel("franklin")
    asked = Asked(common, common, ("lowest", "lowest"), 2025, draws=400)
    some = shaken(common, panel, year=2025, scale=1.0, asked=asked)
    ela = some.measures["ela"].value.sel(year=2025, group="all")
    was = panel.measures["ela"].value.sel(year=2025, group="all").to_numpy()
    n = panel.measures["ela"].n.sel(year=2025, group="all").to_numpy()
    near = (was / 100 * n + 0.5) / (n + 1)
    error = 100 * np.sqrt(near * (1 - near) / n)
    middle = (was > 20) & (was < 80)  # no figure is cut off at 0 or 100 there
    spread = ela.std("draw").to_numpy()[middle] / error[middle]
    assert np.abs(spread - 1).max() < 4 / np.sqrt(2 * 400)
    before = panel.measures["ela"].value.sel(year=2024)
    assert (
        (some.measures["ela"].value.sel(year=2024).isel(draw=0) == before)
        .where(before.notnull(), True)
        .all()
    )
    growth = some.measures["growth"].value.sel(year=2025, group="all")  # points without an error
    assert (growth.std("draw").dropna("school") == 0).all()
    half = shaken(common, panel, year=2025, scale=0.5, asked=asked).measures["ela"].value
    moved = ((half.sel(year=2025, group="all") - was) / (ela - was)).to_numpy()[:, middle]
    inside = ((ela > 0) & (ela < 100)).to_numpy()[:, middle]
    assert np.allclose(moved[inside], 0.5)


def test_where_two_lists_can_no_longer_be_told_apart(common, monkeypatch) -> None:
    noise = pd.DataFrame({"scale": [0.25, 0.5, 1.0, 2.0], "stays": [0.9, 0.8, 0.6, 0.5]})
    monkeypatch.setattr("simulations.variant._noise", lambda *_: noise.assign(error=0.0))
    wider = common.vary({"lowest_line.share": 0.34})  # 2 of 3 alike: two thirds of the way
    found = stress(Asked(common, wider, ("lowest", "lowest"), 2025), read_panel("franklin"))
    assert found.apart == pytest.approx(0.5 + 0.5 * (0.8 - 2 / 3) / 0.2)


def test_which_list_stands_beside_which(common, arts: Path) -> None:
    local = adapt(common, load_adaptation(arts))
    assert lists_of(common, local, ["lowest", "lowest"]) == ("lowest", "lowest")
    with pytest.raises(ProblemsError, match="has no list last"):
        lists_of(common, local, ["lowest", "last"])


def test_core_variants_leave_the_common_index_alone() -> None:
    base, usual = load_design("core/sqii-full"), load_adaptation("core/usual")
    common, panel = adapt(base, usual), read_panel("core-eight")
    keys = rate(common, panel).keys
    for name in ("local-climate", "local-english-learners", "local-high-schools"):
        local = rate(adapt(base, usual, load_adaptation(f"core/{name}")), panel)
        assert {step: local.keys[step] for step in keys} == dict(keys), name
        assert "local_lowest" in local.design.lists


@pytest.mark.usefixtures("build")
def test_from_a_workbook_never_seen_to_a_memo(arts: Path, tmp_path: Path) -> None:
    schools = read_panel("franklin").units["school"]
    arts_of = {school: 10.0 * (i % 7) + 20 for i, school in enumerate(schools)}
    write_panel(with_arts(arts_of), tmp_path / "ours")
    book = tmp_path / "ours.xlsx"
    with pd.ExcelWriter(book) as file:
        for sheet in ("schools", "measures"):
            rows = pd.read_csv(tmp_path / f"ours/{sheet}.csv", dtype={"school": str})
            rows.to_excel(file, sheet_name=sheet, index=False)
    words = ["stress", "franklin/index", str(book), "--variant", str(arts), "--draws", "10"]
    told = CliRunner().invoke(commands, [*words, "--to", "html"])
    assert told.exit_code == 0, told.exception
    page = " ".join(Path(told.output.strip().splitlines()[-1]).read_text().split())
    assert "The arts count here" in page
    assert "leaves the common index and lists as they are" in page


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(ARTS.replace("rule: named, when: local_low", "rule: named, when: local_lo"))
    words = ["stress", "franklin/index", "nowhere", "--variant", str(wrong), "--state", "csi"]
    told = str(CliRunner().invoke(commands, words).exception)
    assert "local_lo" in told
    assert "there is no such panel" in told
    assert "has no list csi" in told
