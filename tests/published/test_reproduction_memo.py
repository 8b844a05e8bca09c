"""The memo on what is reproduced says what the ledger holds, also without official files."""

import re

import pytest

from analysis.publishing.memo import memo
from analysis.publishing.store import read_result
from analysis.ratings.verify import load_ledger


def test_the_memo_without_official_files(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """California's index of 2000: 5,454 targets, three results of 6,194, and 6,194 awards."""
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path))
    monkeypatch.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
    page = memo("what-we-reproduce", parameters={"data": ""}, forms=["html"])
    result = read_result("what-we-reproduce")
    assert result["matched"] == 5454 + 3 * 6194 + 6194
    assert result["testable"] == 5454 + 4 * 6194
    assert result["absent"] == len([entry for entry in load_ledger() if entry.layout])
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.read_text()))
    assert "They give 30,230 of 30,230 published rows exactly" in text
    assert not re.search(r"\bnan\b|\{python\}|\?\?", text)
