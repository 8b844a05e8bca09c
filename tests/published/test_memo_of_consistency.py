"""The memo on consistency: its page is whole, and North Carolina returns as the raw file says."""

import csv
import gzip
import re
from pathlib import Path

import pytest

from analysis.publishing.memo import memo
from analysis.publishing.store import read_result

DATA = Path(__file__).resolve().parents[3] / "shared/data"


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """Publish the memo on sixty made-up schools, measured twice."""
    if not DATA.exists():
        pytest.skip("the official files are not beside the clone")
    world = tmp_path_factory.mktemp("world") / "four-years.yaml"
    world.write_text("base: core-small\ntitle: Four years\nyears: [2013, 2014, 2015, 2016]\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("build")))
    patch.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
    said = {"world": str(world), "seeds": [1], "draws": 2, "years": [2016], "bootstraps": 3}
    found = memo("consistency", parameters=said, forms=["html"])
    yield re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found.read_text()))
    patch.undo()


def test_the_page_is_whole(page: str) -> None:
    result = read_result("consistency")
    assert f"{100 * result['again']:.0f} % are named by another measurement" in page
    assert not re.search(r"\bnan\b|\{python\}|\?\?", page)


def test_north_carolina_returns_as_a_plain_count_says(page: str) -> None:
    """The lowest 5 % of 2016, those tied with them too, and who of them is so in 2017."""
    scores: dict[str, dict[str, float]] = {"2016": {}, "2017": {}}
    with gzip.open(DATA / "north_carolina/spg_panel_2014_2018.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["year"] in scores and row["spg_score"]:
                scores[row["year"]][row["agency_code"]] = float(row["spg_score"])
    both = scores["2016"].keys() & scores["2017"].keys()
    low = {}
    for year, held in scores.items():
        line = sorted(held[school] for school in both)[-(-len(both) // 20) - 1]
        low[year] = {school for school in both if held[school] <= line}
    share = len(low["2016"] & low["2017"]) / len(low["2016"])
    assert 0.60 <= round(share, 2) <= 0.66  # as was found with pandas when the file was kept
    pairs = read_result("consistency").tables["pairs"]
    row = pairs.query("file == 'North Carolina' and first == 2016 and second == 2017").iloc[0]
    assert row["again"] == pytest.approx(share)
    assert row["schools"] == len(both)
    assert "In North Carolina" in page
