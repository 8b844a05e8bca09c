"""The memo on partners asks for numbers that its notebook gives, and these keep their laws."""

import re

import pytest

from analysis.publishing.execute import run_notebook
from analysis.publishing.store import ROOT, Result, read_result


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    folder = tmp_path_factory.mktemp("who-could-learn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(folder))
        notebook = ROOT / "notebooks/who-could-learn.ipynb"
        run_notebook(notebook, folder / "run.ipynb", parameters={"panel": "core-small"})
        return read_result("who-could-learn")


def test_the_memo_asks_only_for_numbers_that_there_are(result: Result) -> None:
    source = (ROOT / "paper/memos/who-could-learn-from-whom.qmd").read_text()
    asked = set(re.findall(r'\br\["(\w+)"\]', source))
    assert len(asked) > 25
    assert asked <= set(result.numbers)


def test_what_is_weighed_is_what_is_gained(result: Result) -> None:
    """Demographics alone give the most alike students; whoever chooses leaves no blocking pair."""
    ways = result.tables["ways"].set_index("way")
    assert ways["students"].idxmin() == "students only, as was done"
    assert result["choose_blocking"] == 0
    assert ways.loc["all terms, within 50 km", "kilometres"] <= 50
    assert (ways["pairs"] + ways["unmatched"] == result["named"]).all()
    assert result["shared_share"] == 1
