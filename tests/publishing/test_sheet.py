"""One page for a school: its numbers are those of the rating, and names are only text."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.test_commands import measures


def words(page: Path) -> str:
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text))


def test_the_sheet_of_alder_by_hand(tmp_path: Path) -> None:
    """English 28 is level 2, the next begins at 40: 12 more; absence 28 falls to 25: 3 less."""
    done = measures(
        *("sheet", "0101", "franklin/index", "franklin", "--out", str(tmp_path / "a.html"))
    )
    assert done.returncode == 0
    text = words(tmp_path / "a.html")
    assert "its total is 32.5" in text
    assert "+12.0 (12)" in text
    assert "\N{MINUS SIGN}3.0 (6)" in text
    assert "What this does not say" in text
    assert not re.search(r"\bnan\b|None", text)
    page = (tmp_path / "a.html").read_text()
    assert 'role="img" aria-label="' in page
    assert not re.search(r'(?:src|href)="(?:http|//)', page)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("franklin/index", "franklin", "--all"), "needs DESIGN PANEL --out FOLDER with --all"),
        (("9999", "franklin/index", "franklin"), "9999"),
    ],
)
def test_what_a_sheet_needs_is_told(given: tuple[str, ...], message: str) -> None:
    done = measures("sheet", *given)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
