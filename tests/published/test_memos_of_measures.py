"""Minimum n, cut points, mixed signals: what the memos say, counted again from the raw files."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.publishing.execute import run_notebook
from analysis.publishing.memo import PAPER, memo
from analysis.publishing.store import ROOT, Result, read_result
from analysis.ratings.rate import rate
from analysis.ratings.tables import schools_table
from simulations.known import expected_panel

DATA = ROOT.parent / "shared" / "data"
CALIFORNIA, CAROLINA, MICHIGAN = (DATA / p for p in ("california", "north_carolina", "michigan"))
SMALL = {"panel": "core-small", "years": [2017]}
official = pytest.mark.skipif(not DATA.exists(), reason="the agencies' files are not at hand")


def run(tmp_path_factory, name: str, **parameters: object) -> Result:
    """Run one notebook with a small made-up panel, into a store of its own."""
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(folder))
        notebook = ROOT / "notebooks" / f"{name}.ipynb"
        run_notebook(notebook, folder / "run.ipynb", parameters={**SMALL, **parameters})
        return read_result(name)


@pytest.fixture(scope="module")
def minimum_n(tmp_path_factory) -> Result:
    return run(tmp_path_factory, "minimum-n", sizes=[20, 30])


@pytest.fixture(scope="module")
def cut_points(tmp_path_factory) -> Result:
    return run(tmp_path_factory, "cut-points", decisions=[])


@pytest.fixture(scope="module")
def mixed_signals(tmp_path_factory) -> tuple[Result, str]:
    """Publish the whole memo; give its result and the words of its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("memo")))
        patch.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
        parameters = {"panel": "core-small", "draws": 12, "years": [2016, 2017]}
        page = memo("mixed-signals", parameters=parameters, forms=["html"])
        text = re.sub(r"<(style|script|svg)\b.*?</\1>", "", page.read_text(), flags=re.DOTALL)
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))
        return read_result("mixed-signals"), words


@official
def test_the_memos_ask_only_for_numbers_that_there_are(minimum_n, cut_points) -> None:
    """Names that hold another n, or another preset than those run here, are left out."""
    for name, result in (("minimum-n", minimum_n), ("cut-points", cut_points)):
        source = (PAPER / "memos" / f"{name}.qmd").read_text()
        asked = set(re.findall(r'\br\["(\w+)"\]', source))
        asked = {word for word in asked if not re.search(r"_(10|50|100)(_|$)|_cuts_", word)}
        assert len(asked) > 25
        assert asked <= set(result.numbers)


def raw_graduation(name: str) -> pd.DataFrame:
    raw = pd.read_csv(CALIFORNIA / name, sep="\t", encoding="latin-1", dtype=str)
    return raw[raw["rtype"] == "S"]


@official
def test_who_is_seen_is_counted_as_in_the_file(minimum_n) -> None:
    result = minimum_n
    raw = raw_graduation("graddownload2018.txt.gz")
    n = raw["currdenom"].fillna("0").astype(float)
    black = n[raw["studentgroup"] == "AA"]
    for size in (20, 30):
        share = black[black >= size].sum() / black.sum()
        assert result[f"grad_black_{size}"] == pytest.approx(share)
    three = raw.assign(n=n)[raw["studentgroup"].isin(["EL", "SWD", "SED"]) & (n > 0)]
    smallest = three.groupby("cds")["n"].min()
    assert result["grad_three_all_groups_20"] == (smallest >= 20).sum() == 754
    assert result["grad_three_all_groups_30"] == (smallest >= 30).sum() == 563


@official
def test_how_often_the_new_group_is_lowest_is_counted_school_by_school(minimum_n) -> None:
    raw = raw_graduation("graddownload2018.txt.gz")
    raw = raw[(raw["studentgroup"] != "ALL") & raw["currstatus"].notna()]
    raw = raw.assign(n=raw["currdenom"].astype(float), rate=raw["currstatus"].astype(float))
    hits, schools = 0, 0
    for _, groups in raw[raw["n"] >= 20].groupby("cds"):
        new = groups[groups["n"] < 30]
        if len(new) and len(groups) > 1:
            schools += 1
            hits += bool((new["rate"] == groups["rate"].min()).any())
    result = minimum_n
    assert (result["grad_to_20_lowest"], result["grad_to_20_compared"]) == (hits, schools)


@official
def test_the_lists_under_another_n_are_those_that_rate_names(minimum_n) -> None:
    result = minimum_n
    design = adapt(load_design("core/sqii-full"), load_adaptation("core/usual"))
    panel = read_panel("core-small")
    named = {}
    for n in (20, 30):
        table = schools_table(rate(design.vary({"each_counted.n": n}), panel))
        table = table[(table["part"] == "") & table["year"].isin(SMALL["years"])]
        on = table[table["identified_communities"] == "met"]
        named[n] = set(zip(on["school"], on["year"], strict=True))
    assert result["communities_30_named"] == len(named[30])
    assert result["communities_30_enter"] == len(named[30] - named[20])
    assert result["communities_20_named"] == len(named[20])
    left = len(named[20] - named[30])
    assert left > 0
    assert result["communities_20_enter"] == 0


@official
def test_shrinking_takes_small_schools_off_both_ends(minimum_n) -> None:
    result = minimum_n
    for end in ("lowest", "highest"):
        assert result[f"black_small_plain_{end}"] < result[f"black_small_raw_{end}"]
    table = minimum_n.tables["by_size"]
    assert (table["plain_lowest"] == table["constrained_lowest"]).all()  # a list keeps its order


GRID = {5: "?bbbb", 4: "oyggb", 3: "ooygg", 2: "rooyy", 1: "rrrrr"}
"""Graduation in California, 2018: status from the top, change from the left (r, o, y, g, b)."""


@official
def test_levels_and_colors_are_worked_out_anew_from_the_file(cut_points) -> None:
    """Status by hand at 67, 80, 90, 95 (alternative schools of a county: 67, 70, 80, 90); change at
    -5, -0.9, 1, 5 (-10, -2.9, 3, 10), and neither 1 nor 5 below 150 students.
    """
    raw = raw_graduation("graddownload2017f.txt.gz")
    raw = raw[raw["studentgroup"] == "ALL"]
    told = [
        [pd.to_numeric(raw[f"{year}{word}"]).to_numpy() for word in ("numer", "denom")]
        for year in ("prioryear3_", "prioryear2_", "prioryear1_", "curr")
    ]
    keep = np.all([n >= 30 for _, n in told], axis=0)
    county = (raw["coe_flag"] == "Y").to_numpy()[keep]
    exact = [100 * k[keep] / n[keep] for k, n in told]
    levels, colours = [], []
    for year in (1, 2, 3):
        now, change = (
            np.floor(x * 10 + 0.5 + 1e-6) / 10 for x in (exact[year], exact[year] - exact[year - 1])
        )
        level = np.where(
            county, np.digitize(now, [67, 70, 80, 90]), np.digitize(now, [67, 80, 90, 95])
        )
        trend = np.where(
            county, np.digitize(change, [-10, -2.9, 3, 10]), np.digitize(change, [-5, -0.9, 1, 5])
        )
        trend = np.where(told[year][1][keep] < 150, np.clip(trend, 1, 3), trend)
        levels.append(level)
        colours.append(np.array([GRID[s + 1][t] for s, t in zip(level, trend, strict=True)]))
    for word, table in (("status", levels), ("color", colours)):
        moved = [np.mean(a != b) for a, b in pairwise(table)]
        assert cut_points[f"{word}_changed"] == pytest.approx(np.mean(moved))
    assert cut_points["coloured"] == keep.sum()
    assert cut_points["color_far"] > 4 * cut_points["status_far"]
    red = [(b[a == "r"] == "r") for a, b in pairwise(colours)]
    assert cut_points["color_red_stays"] == pytest.approx(np.concatenate(red).mean())


@official
def test_tenths_that_are_held_fill_at_the_top_when_all_improve(cut_points) -> None:
    raw = pd.read_csv(MICHIGAN / "school93_98.csv.gz")
    table = raw.pivot_table("math4", ["distid", "schid"], "year").dropna()
    top = np.percentile(table[1993], 90)
    assert cut_points["mi_held_top_last"] == pytest.approx((table[1998] >= top).mean(), abs=0.002)
    assert cut_points["mi_renewed_top_last"] == pytest.approx(0.1, abs=0.01)


@official
def test_letters_of_north_carolina_change_as_in_the_file(cut_points) -> None:
    raw = pd.read_csv(CAROLINA / "spg_panel_2014_2018.csv.gz", dtype={"agency_code": str})
    raw["spg_grade"] = raw["spg_grade"].replace("A+NG", "A")
    table = raw.pivot_table("spg_grade", "agency_code", "year", aggfunc="first").dropna()
    moved = [(table[year] != table[year + 1]).mean() for year in range(2014, 2018)]
    assert cut_points["letters_changed"] == pytest.approx(np.mean(moved), abs=0.003)


@official
def test_mixed_schools_are_counted_as_in_the_files(mixed_signals) -> None:
    result, text = mixed_signals
    assert not re.search(r"\bnan\b|\{python\}|\?\?", text)
    for heading in ("The answer.", "How sure is this?", "What this does not say", "Make it again"):
        assert heading in text
    raw = pd.read_csv(CALIFORNIA / "dashboard_2018_school_colors.csv.gz", dtype=str)
    some = raw[["ela", "math", "chronic", "susp", "grad", "cci"]]
    colours = some.where(some.isin(["Red", "Orange", "Yellow", "Green", "Blue"]))
    low, high = (colours.isin(words) for words in (["Red", "Orange"], ["Green", "Blue"]))
    several = colours.notna().sum(axis=1) > 1
    share = (low.any(axis=1) & high.any(axis=1))[several].mean()
    assert result["state_mixed"] == pytest.approx(share)
    assert f"{100 * share:.0f} % of schools with two colors or more had both" in text


@official
def test_status_and_growth_in_north_carolina(mixed_signals) -> None:
    """The overlap that the state's file gives, sorted and counted by hand: 8 to 10 per cent."""
    result, _ = mixed_signals
    raw = pd.read_csv(CAROLINA / "2018_rcd_acc_spg2.csv.gz", dtype={"agency_code": str})
    both = raw[raw["subgroup"] == "ALL"].dropna(subset=["ach_score", "eg_score"])
    k = -(-len(both) * 5 // 100)
    low = [
        set(both.index[both[name] <= both[name].sort_values().iloc[k - 1]])
        for name in ("ach_score", "eg_score")
    ]
    assert result["nc_schools"] == len(both)
    assert result["nc_share"] == pytest.approx(len(low[0] & low[1]) / len(low[0]))
    assert 0.08 <= result["nc_share"] <= 0.11
    assert result["nc_correlation"] == pytest.approx(both["ach_score"].corr(both["eg_score"]))


@official
def test_unrelated_measures_give_what_arithmetic_gives(mixed_signals) -> None:
    """Two unrelated measures with bands of a share each (whole schools, so a little more)."""
    result, _ = mixed_signals
    schools = result["elementary_independent_2_schools"]
    band = np.ceil(0.3 * schools) / schools
    found = result["elementary_independent_2_mixed"]
    assert found == pytest.approx(2 * band**2, abs=4 * result["elementary_independent_2_error"])
    assert result["elementary_joint_2_mixed"] < found


def test_what_is_expected_takes_the_place_of_what_was_measured() -> None:
    schools = pd.DataFrame({"school": ["A", "B"]})
    rows = {"school": ["A", "B"], "year": 2025, "measure": "x", "value": [1.0, np.nan], "n": [9, 0]}
    panel = make_panel(schools, pd.DataFrame(rows))
    with pytest.raises(ProblemsError, match="has no truth"):
        expected_panel(panel)
    truth = pd.DataFrame(
        {
            "school": ["A", "B", "A"],
            "part": "",
            "measure": "x",
            "group": "all",
            "year": [2025, 2025, 2024],
            "value": [5.0, 7.0, 8.0],
        }
    )
    found = expected_panel(replace(panel, truth=truth)).measures["x"]
    assert found.value.to_numpy().ravel().tolist()[0] == 5.0
    assert np.isnan(found.value.to_numpy().ravel()[1])  # nothing was measured: nothing is known
    assert found.n.to_numpy().ravel().tolist()[0] == 9
    assert panel.measures["x"].value.to_numpy().ravel()[0] == 1.0
