"""The memo on support: its page is whole, and schools near the line are those of the raw file."""

import csv
import gzip
import re
from pathlib import Path

import pytest

from analysis.publishing.memo import memo
from analysis.publishing.store import read_result

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CLOSE = 5


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """Publish the memo with two made-up worlds of each kind."""
    if not DATA.exists():
        pytest.skip("the official files are not beside the clone")
    patch = pytest.MonkeyPatch()
    patch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("build")))
    patch.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
    said = {"worlds": 2, "schools": 600, "oakland": [0.7], "close": CLOSE, "shuffles": 400}
    found = memo("did-support-help", parameters=said, forms=["html"])
    yield re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found.read_text()))
    patch.undo()


def test_the_page_is_whole_and_tells_what_was_not_found(page: str) -> None:
    told = read_result("did-support-help-official")
    assert "0.66 standard deviations" in page  # test_effects.py has the formula by hand
    assert not re.search(r"\bnan\b|\{python\}|\?\?", page)
    assert told["looks"] == 5
    assert told["beyond"] == 0  # nothing stands among five looks


def test_the_schools_near_the_line_are_counted_a_second_time(page: str) -> None:
    """Below 54.5 is D or F; growth not exceeded; the score was printed that year."""
    told = read_result("did-support-help-official")
    counts = dict.fromkeys(("2015", "2016", "2017"), 0)
    with gzip.open(DATA / "north_carolina/spg_panel_2014_2018.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["year"] in counts and row["spg_score"] and row["eg_status"] in ("Met", "NotMet"):
                counts[row["year"]] += abs(float(row["spg_score"]) - 54.5) <= CLOSE
    assert told["nc_line"] == 54.5
    for year, count in counts.items():
        assert told[f"nc_list_{year}_within_{CLOSE}"] == count
        assert 400 <= count <= 460
        assert f"{count}" in page
