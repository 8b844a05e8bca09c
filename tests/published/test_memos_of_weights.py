"""The memos on weights and on design options: notebooks run small, and claims counted anew."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import load_design, rate, read_panel
from analysis.designs.adaptation import adapt, load_adaptation
from analysis.publishing.execute import run_notebook
from analysis.publishing.memo import PAPER
from analysis.publishing.qmd import lint, load_qmd
from analysis.publishing.store import ROOT, Result, read_result

SMALL = """\
title: Small
design: core/sqii-full
adaptations: [core/usual, core/one-mean]
panel: core-small
list: lowest
year: 2016
estimand: Who is lowest under two weights and two shares.
pool: The 60 schools of the small made-up districts
draw: none
levers:
  cut_points: {adaptations: [none]}
  minimum_n: {each_counted.n: [20]}
  share: {share: [0.05, 0.2]}
  weights:
    weights:
      of: by_kind
      sets:
        as filed: {tests_kind: 30, progress_kind: 30, absence_kind: 8, suspension_kind: 8,
                   redesignation_kind: 8, skills_kind: 8, climate_kind: 8}
        growth: {tests_kind: 0, progress_kind: 1, absence_kind: 0, suspension_kind: 0,
                 redesignation_kind: 0, skills_kind: 0, climate_kind: 0}
outcomes: [count, named]
"""


def run(name: str, folder: Path, **parameters: object) -> Result:
    """Run a notebook in a build folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(folder))
        run_notebook(
            ROOT / "notebooks" / f"{name}.ipynb", folder / "run.ipynb", parameters=parameters
        )
        return read_result(name)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Result:
    folder = tmp_path_factory.mktemp("weights")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    return run(
        "weights",
        folder,
        data="",
        panel="core-small",
        experiment=str(folder / "small.yaml"),
        academic_at_least=[0.5],
        draws=200,
        steps=10,
        workers=1,
    )


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Seven kinds by school, and who the design names."""
    design = adapt(
        load_design("core/sqii-full"),
        load_adaptation("core/usual"),
        load_adaptation("core/one-mean"),
    )
    ratings = rate(design, read_panel("core-small"))
    kinds = tuple(design.steps["by_kind"].of)
    cells = {kind: ratings[kind].value.sel(year=2016).to_numpy() for kind in kinds}
    table = pd.DataFrame(cells, index=ratings.panel.units["school"])
    table["named"] = ratings["lowest"].value.sel(year=2016).to_numpy() == 1
    return table[table[list(kinds)].notna().any(axis=1)]


def lowest_by(table: pd.DataFrame, weights: np.ndarray, k: int) -> set[str]:
    """Name the lowest k, a missing kind's weight shared out, ties in."""
    points = table.drop(columns="named")
    index = (points * weights).sum(axis=1) / (points.notna() * weights).sum(axis=1)
    index = index.round(9)
    return set(index.index[index <= index.nsmallest(k).iloc[-1]])


def test_the_list_as_filed_is_counted_anew(weights: Result, scores: pd.DataFrame) -> None:
    filed = np.array([30, 30, 8, 8, 8, 8, 8.0])
    by_hand = lowest_by(scores, filed, 3)  # 5 % of 60
    assert by_hand == set(scores.index[scores["named"]])
    told = weights.tables["schools"]
    assert set(told["school"][told["named"]]) == by_hand
    assert weights["core_named"] == 3


def test_no_verdict_contradicts_weights_tried_one_by_one(
    weights: Result, scores: pd.DataFrame
) -> None:
    tried = [
        np.array([a, b, *rest]) / 10
        for a, b in itertools.product(range(2, 9), repeat=2)
        if 5 <= a + b <= 10
        for rest in itertools.product((0, 1, 2), repeat=5)
        if a + b + sum(rest) == 10
    ]
    assert len(tried) > 200
    seen = [lowest_by(scores, each, 3) for each in tried[::4]]
    ever, always = set.union(*seen), set.intersection(*seen)
    told = weights.tables["schools"].set_index("school")["verdict"]
    assert not [school for school in ever if told.get(school, "never") == "never"]
    assert {school for school, word in told.items() if word == "certain"} <= always
    assert weights["core_never"] == 60 - len(told)


def test_the_experiment_is_read_as_it_was_run(weights: Result) -> None:
    """Four cells; with one option a factor explains nothing."""
    assert (weights["cells"], weights["cells_fixed"]) == (4, 2)
    assert weights["alike_minimum_n_total"] == pytest.approx(0)
    assert weights["fixed_weights_first"] == pytest.approx(1)
    shares = weights["alike_share_first"] + weights["alike_weights_first"]
    assert 0 < shares <= 1 + 1e-9


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Result:
    folder = tmp_path_factory.mktemp("options")
    return run("design-options", folder, made=["core-small", "core-small"])


def test_each_design_names_whom_it_names_by_itself(options: Result) -> None:
    panel = read_panel("core-small")
    for word, name, lists in (
        ("growth", "core/option-growth", ["lowest"]),
        ("colors", "core/option-colours", ["csi_grad", "csi_low"]),
    ):
        ratings = rate(load_design(name), panel)
        marks = np.any([ratings[one].value.sel(year=2016) == 1 for one in lists], axis=0)
        assert options[f"{word}_named"] == marks.sum()


def test_what_is_told_of_designs_fits_together(options: Result) -> None:
    table = options.tables["designs"].set_index("design")
    fixed = table.loc[["CORE in full", "CORE 2015-16", "growth only"]]
    assert (fixed["named"] >= 3).all()  # 5 % of 60, ties in
    assert (table["again"] == 1).all()  # one panel twice: all return
    assert (table["every"] == table["named"]).all()
    assert (table["ever"] >= table["most"]).all()
    pairs = options.tables["pairs"].pivot_table(
        index="first", columns="second", values="both", sort=False
    )
    assert (pairs.fillna(0).to_numpy() == pairs.fillna(0).to_numpy().T).all()
    assert options["by_every"] <= table["named"].min()


@pytest.mark.parametrize("name", ["weights", "design-options"])
def test_the_memo_has_no_fault_that_its_source_shows(name: str) -> None:
    assert not lint(load_qmd(PAPER / "memos" / f"{name}.qmd"), citations=frozenset())
