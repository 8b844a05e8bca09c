"""What a minimum n hides: a small table by hand, and California's own denominators."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.findings.visibility import (
    cells_of,
    first_seen,
    newly_seen,
    price,
    schools_seen,
    students_seen,
)
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError

CALIFORNIA = Path(__file__).resolve().parents[3] / "shared/data/california/graddownload2018.txt.gz"

TABLE = pd.DataFrame(
    [
        ("A", "all", 60, 50.0),
        ("A", "black", 25, 40.0),
        ("A", "swd", 12, 20.0),
        ("B", "all", 40, 60.0),
        ("B", "black", 8, 0.0),
        ("B", "swd", 30, 55.0),
        ("C", "all", 15, 80.0),
        ("C", "black", 15, 80.0),
    ],
    columns=["school", "group", "n", "value"],
)
"""A has 60 students, 25 of them Black, 12 with disabilities; B 40, 8 and 30; C 15, all Black."""


def test_students_by_hand() -> None:
    """Black students: 25 + 8 + 15 = 48; from 20 on 25, from 10 on 40."""
    found = students_seen(TABLE, [20, 10]).set_index(["minimum_n", "group"])
    assert found.loc[(20, "black")].tolist() == [48, 25, 25 / 48, 3, 1]
    assert found.loc[(10, "black")].tolist() == [48, 40, 40 / 48, 3, 2]
    assert found.loc[(20, "all")].tolist() == [115, 100, 100 / 115, 3, 2]
    assert found.loc[(20, "swd")].tolist() == [42, 30, 30 / 42, 2, 1]


def test_schools_by_hand() -> None:
    """From 10 on A and C show all that they have; A alone shows both groups; from 31 on nobody."""
    found = schools_seen(TABLE, [31, 20, 10, 5]).set_index("minimum_n").T
    assert found[31].tolist() == [3, 2, 0, 0, 0, 5, 0]
    assert found[20].tolist() == [3, 2, 2, 0, 0, 5, 2]
    assert found[10].tolist() == [3, 3, 3, 2, 1, 5, 4]
    assert found[5].tolist() == [3, 3, 3, 3, 2, 5, 5]


def test_who_appears_by_hand() -> None:
    """20 to 10: A gains swd, its lowest, 30 below all; C gains its only group, with nothing to
    compare. 10 to 5: B gains its Black students, lowest of two, 60 below all.
    """
    found = newly_seen(TABLE, [5, 20, 10])
    assert found.iloc[0].to_dict() == {
        "from_n": 20,
        "to_n": 10,
        "groups": 2,
        "schools": 2,
        "compared": 1,
        "lowest": 1,
        "share_lowest": 1.0,
        "by_chance": 0.5,
        "below_all": 15.0,
    }
    assert found.iloc[1][["groups", "compared", "lowest", "below_all"]].tolist() == [1, 1, 1, 60]


def test_less_is_better() -> None:
    """Absence: A's swd (20) are best now, not its lowest, and B's 0 too."""
    found = newly_seen(TABLE, [20, 10, 5], better="low")
    assert found["lowest"].tolist() == [0, 0]
    assert found["below_all"].tolist() == [-15, -60]


def test_first_seen_by_hand() -> None:
    found = first_seen(TABLE, [10, 30]).set_index(["minimum_n", "group"])
    assert found.loc[(30, "swd")].tolist() == [1, 30, 55, 5]
    assert found.loc[(10, "black")].tolist() == [2, 40, 60, 5]
    assert (30, "black") not in found.index


def test_the_price_by_hand() -> None:
    """All students: (3000 + 2400 + 1200) / 115 = 57.39 %. From 20 on the cells are 50, 40, 60, 55,
    variance 72.9167; sampling 2500/59, 2400/24, 2400/39, 2475/29 averages 72.3147.
    """
    found = price(TABLE, [20, 5]).set_index("minimum_n")
    rate = 6600 / 115
    assert found.loc[20, "error"] == pytest.approx(np.sqrt(rate * (100 - rate) / 20))
    sampling = (2500 / 59 + 100 + 2400 / 39 + 2475 / 29) / 4
    assert found.loc[20, "sampling"] == pytest.approx(sampling / 72.916667)
    assert found.loc[5, ["cells", "few", "all_or_none", "exposed"]].tolist() == [8, 1, 1, 1]


def test_sampling_is_all_there_is_where_schools_are_alike() -> None:
    """4,000 schools of 8 with one true rate of 30 %: all variance is sampling (share 1)."""
    kept = np.random.default_rng(1).binomial(8, 0.3, 4000)
    rows = {"school": range(4000), "group": "all", "n": 8, "value": 100 * kept / 8}
    found = price(pd.DataFrame(rows), [5]).iloc[0]
    assert found["sampling"] == pytest.approx(1, abs=0.05)
    assert found["all_or_none"] == pytest.approx(4000 * (0.7**8 + 0.3**8), abs=45)  # 3 errors


def panel(**more):
    schools = pd.DataFrame({"school": ["A", "B"]})
    rows = {"school": ["A", "B"], "year": 2025, "measure": "x", "value": [1, 2]}
    return make_panel(schools, pd.DataFrame(rows | more))


def test_a_group_without_students_is_no_cell() -> None:
    assert cells_of(panel(n=[0, 7]), "x", year=2025)["school"].tolist() == ["B"]


def test_what_cannot_be_asked_is_told() -> None:
    with pytest.raises(ProblemsError, match="there is no measure y"):
        cells_of(panel(n=[3, 7]), "y", year=2025)
    with pytest.raises(ProblemsError, match="needs the number of students n of x"):
        cells_of(panel(), "x", year=2025)
    with pytest.raises(ProblemsError, match="has no year 2024; there are 2025"):
        cells_of(panel(n=[3, 7]), "x", year=2024)
    with pytest.raises(ProblemsError, match="at least two sizes"):
        newly_seen(TABLE, [10])
    with pytest.raises(ProblemsError, match="needs percentages"):
        price(TABLE.assign(value=-30.0), [10])


@pytest.mark.skipif(not CALIFORNIA.exists(), reason="the state's files are not at hand")
def test_california_s_graduates() -> None:
    """Counted a second time from the file itself, row by row."""
    california = read_panel([CALIFORNIA], "california/dashboard-2018")
    cells = cells_of(
        california.where(california.columns["kind"].values == "school"), "graduation", year=2018
    )
    raw = pd.read_csv(CALIFORNIA, sep="\t", encoding="latin-1", dtype=str)
    rows = raw[(raw["rtype"] == "S") & (raw["studentgroup"] != "ALL")]
    n = rows["currdenom"].fillna("0").astype(float)
    black = rows["studentgroup"] == "AA"
    found = students_seen(cells, [30, 20]).set_index(["minimum_n", "group"])
    for size in (30, 20):
        share = n[black & (n >= size)].sum() / n[black].sum()
        assert found.loc[(size, "black"), "share_seen"] == pytest.approx(share)
    schools = schools_seen(cells, [20]).iloc[0]
    assert schools["with_groups"] == rows["cds"][n >= 20].nunique()
    assert schools["groups_seen"] == (n >= 20).sum()
