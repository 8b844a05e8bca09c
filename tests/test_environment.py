"""One set of versions: environment.yml, requirements.lock and pyproject.toml agree."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
# conda-forge lacks these, or has others of these names
PIP_ONLY = {"ortools", "playwright", "pypandoc-binary", "rddensity", "rdrobust", "typst"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, set[str]]:
    text = (ROOT / "requirements.lock").read_text()
    found: dict[str, set[str]] = {}
    for name, number in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE):
        found.setdefault(plain(name), set()).add(number)
    return found


def asked() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {plain(re.match(r"[A-Za-z0-9._-]+", line).group(0)) for line in wanted}


def conda() -> tuple[dict[str, str], list]:
    said = YAML(typ="safe", pure=True).load(ROOT / "environment.yml")["dependencies"]
    pins = [line.partition("=") for line in said if isinstance(line, str)]
    return {plain(name): pin for name, _, pin in pins if name[-1] not in "<>"}, said


def test_every_pin_of_conda_is_the_lock_s() -> None:
    pins, _ = conda()
    unlike = {n: p for n, p in pins.items() if p and p not in locked().get(n, set())}
    assert not unlike
    assert {name for name, pin in pins.items() if pin} == asked() - PIP_ONLY


def test_conda_brings_quarto_and_the_project() -> None:
    _, said = conda()
    assert any(str(line).startswith("quarto>=1.9") for line in said)
    assert {"pip": ["-e .", f"playwright=={version('playwright')}"]} in said


def test_every_line_of_the_lock_has_hashes_and_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(entries) > 50
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_everything_asked_for_is_locked_and_installed() -> None:
    for name in asked():
        assert version(name) in locked()[name]
