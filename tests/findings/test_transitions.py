"""Transition tables: by hand, and the state's own statuses counted a second time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.findings.transitions import pooled, transitions
from analysis.problems import ProblemsError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LETTERS = pd.DataFrame(
    {
        2016: ["F", "F", "F", "F", "D", "C"],
        2017: ["F", "D", "D", None, "D", "D"],
        2018: ["F", "F", "C", "C", None, "D"],
    }
)


def at(table, *key):
    names = ["first", "before", "after"] if len(key) == 3 else ["before", "after"]
    return table.set_index(names).loc[key]


def test_letters_by_hand() -> None:
    """2016: four F, of which one is gone; 1 of 3 stays F, 2 of 3 are D."""
    found = transitions(LETTERS, ["F", "D", "C"])
    assert len(found) == 2 * 9
    stays = at(found, 2016, "F", "F")
    assert stays[["second", "schools", "of", "gone"]].tolist() == [2017, 1, 3, 1]
    assert stays["share"] == pytest.approx(1 / 3)
    assert at(found, 2016, "F", "D")["share"] == pytest.approx(2 / 3)
    assert at(found, 2017, "D", "C")[["schools", "of", "gone"]].tolist() == [1, 3, 1]
    nobody = at(found, 2017, "C", "C")
    assert nobody[["schools", "of"]].tolist() == [0, 0]
    assert nobody[["share", "low", "high"]].isna().all()
    sums = found[found["of"] > 0].groupby(["first", "before"])["share"].sum()
    assert np.allclose(sums, 1)


def test_the_interval_is_wilson_s() -> None:
    """1 of 3 with z = 1.96: (1/3 + z2/6 +- z root(2/27 + z2/36)) / (1 + z2/3) = .0615, .7923."""
    stays = at(transitions(LETTERS, ["F", "D", "C"]), 2016, "F", "F")
    assert stays[["low", "high"]].tolist() == pytest.approx([0.0615, 0.7923], abs=1e-4)


def test_all_years_together_by_hand() -> None:
    """F: 3 in 2016 and 1 in 2017 with a letter later; 1 + 1 stay, so 2 of 4."""
    found = at(pooled(transitions(LETTERS, ["F", "D", "C"])), "F", "F")
    assert found[["schools", "of", "share", "gone"]].tolist() == [2, 4, 0.5, 1]


def test_frozen_years_are_left_out() -> None:
    """Without 2017 there are no neighbours; two years apart, of four F one is F, one gone to F."""
    with pytest.raises(ProblemsError, match="two years that are 1 apart; there are 2016, 2018"):
        transitions(LETTERS, ["F", "D", "C"], without=[2017])
    found = transitions(LETTERS, ["F", "D", "C"], without=[2017], apart=2)
    assert found["first"].unique().tolist() == [2016]
    assert at(found, 2016, "F", "F")[["schools", "of"]].tolist() == [2, 4]
    assert at(found, 2016, "F", "C")["schools"] == 2


def test_an_unknown_word_is_told() -> None:
    with pytest.raises(ProblemsError, match="the order has no word C; it has F, D"):
        transitions(LETTERS, ["F", "D"])


@pytest.mark.skipif(not DATA.exists(), reason="the states' files are not at hand")
def test_california_s_lowest_schools() -> None:
    """436 of 799 schools in comprehensive support in 2022 were so in 2023 (counted by hand)."""
    wide = pd.read_csv(DATA / "california/essa_status_2018_2024.csv.gz", dtype=str)
    words = {"CSI Low Perform": "CSI", "CSI Grad": "CSI", "No Status": "none"}
    years = {y: wide[f"AssistanceStatus{y}"].replace(words) for y in range(2018, 2025)}
    found = transitions(
        pd.DataFrame(years), ["CSI", "ATSI", "TSI", "none"], without=[2019, 2020, 2021, 2024]
    )
    assert found[["first", "second"]].drop_duplicates().values.tolist() == [[2022, 2023]]
    assert at(found, 2022, "CSI", "CSI")[["schools", "of"]].tolist() == [436, 799]


@pytest.mark.skipif(not DATA.exists(), reason="the states' files are not at hand")
def test_florida_s_letters() -> None:
    """Counted a second time by joining each year's file rows with the next year's."""
    rows = pd.read_csv(DATA / "florida/grade_history_1999_2019.csv.gz", dtype=str)
    rows = rows[rows["grade"].isin(list("ABCDF"))]
    rows = rows.assign(
        school=rows["District Number"] + rows["School Number"], year=rows["year"].astype(int)
    ).drop_duplicates(["school", "year"])
    wide = rows.pivot_table(index="school", columns="year", values="grade", aggfunc="first")
    found = transitions(wide, list("FDCBA"))
    later = rows.assign(year=rows["year"] - 1)
    both = rows.merge(later, on=["school", "year"], suffixes=("", "_later"))
    both = both[both["grade"] == "F"]
    every = at(pooled(found), "F", "F")
    assert every["of"] == len(both)
    assert every["schools"] == (both["grade_later"] == "F").sum()
    assert 0.1 < every["share"] < 0.5
