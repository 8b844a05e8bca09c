"""What tests of experiments and sweeps share: a build folder of their own."""

from pathlib import Path

import pytest


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path / "build"))
    return tmp_path / "build"
