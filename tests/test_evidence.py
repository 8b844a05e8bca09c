"""The evidence that documents quote is that of these files; what makes it stale is told."""

import json
from pathlib import Path

import pytest

from tests.campaigns import (
    KEPT,
    ROOT,
    Campaign,
    campaign_names,
    files,
    load_campaign,
    spoken,
    table,
    trouble,
    write_evidence,
)

PROGRAM = (
    '"""Words."""\n\n\ndef f():\n    """More words."""\n    return "# no comment"  # a comment\n'
)


@pytest.mark.parametrize("name", campaign_names())
def test_evidence_is_fresh(name: str) -> None:
    campaign = load_campaign(name)
    if not (ROOT / campaign.kept).exists():
        pytest.skip(f"never run, and the page says so: {campaign.command}")
    assert trouble(campaign) == ""


def test_every_kept_figure_has_a_campaign_and_the_page_shows_them_all() -> None:
    assert {path.stem for path in (ROOT / KEPT).glob("*.json")} <= set(campaign_names())
    assert (ROOT / KEPT / "README.md").read_text() == table()


@pytest.fixture
def made_up(tmp_path: Path) -> Campaign:
    """A campaign that rests on a program and a folder."""
    (tmp_path / "a.py").write_text(PROGRAM)
    (tmp_path / "looks/deep").mkdir(parents=True)
    (tmp_path / "looks/deep/b.css").write_text("a { color: red; }")
    return Campaign("made-up", "Does it hold?", ("*.py", "looks/"), lambda **_: {"cases": 1200})


def test_fresh_until_a_file_that_decides_changes(tmp_path: Path, made_up: Campaign) -> None:
    absent = trouble(made_up, tmp_path)
    assert absent == f"{KEPT}/made-up.json is not there. Run: make evidence NAMES=made-up"
    path = write_evidence(made_up, made_up.figures(full=True), tmp_path)
    told = json.loads(path.read_text())
    assert told["figures"] == {"cases": 1200}
    assert list(told["fingerprints"]) == ["a.py", "looks/deep/b.css"]
    assert trouble(made_up, tmp_path) == ""
    words = (
        PROGRAM.replace("Words", "Others").replace("a comment", "another").replace("\n\n\n", "\n\n")
    )
    (tmp_path / "a.py").write_text(words)
    assert trouble(made_up, tmp_path) == ""
    (tmp_path / "a.py").write_text(PROGRAM.replace("# no comment", "# some"))
    (tmp_path / "looks/c.css").write_text("")
    stale = f"{KEPT}/made-up.json is stale: a.py, looks/c.css changed since. "
    assert trouble(made_up, tmp_path) == stale + "Run: make evidence NAMES=made-up"


def test_a_place_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"rests on gone/, and there is no such file\."):
        files(["gone/"], tmp_path)


def test_what_decides_is_a_program_without_its_words() -> None:
    assert spoken(PROGRAM) == 'def f():\n    return "# no comment"'
    assert spoken("x = 1\n'not a docstring'\n") == "x = 1\n'not a docstring'"


def test_the_page_gives_question_figures_and_command(tmp_path: Path, made_up: Campaign) -> None:
    write_evidence(made_up, made_up.figures(full=True), tmp_path)
    row = "| Does it hold? | cases: 1,200 | `make evidence NAMES=made-up` |"
    assert row in (tmp_path / KEPT / "README.md").read_text().splitlines()
