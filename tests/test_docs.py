"""The documents do what they say: the README's commands run, its figure is the memo's."""

import doctest
import re
from pathlib import Path

import pytest

from analysis.designs.design import parse_design
from analysis.panels.panel import read_panel
from tests.test_commands import measures

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("measures ") and "my-design" not in line
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_runs(line: str, tmp_path: Path) -> None:
    words = line.replace("build/", f"{tmp_path}/").split()[1:]
    done = measures(*words)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_has_its_two_commands() -> None:
    assert len(COMMANDS) >= 5
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}: " in makefile


def test_the_readme_s_python_runs() -> None:
    done = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert (done.failed, done.attempted) == (0, 6)


def test_the_readme_s_number_of_schools_is_the_panel_s() -> None:
    panel = read_panel("california-api-2000")
    assert f"from {len(panel.units):,} real California schools" in README


def test_the_small_design_of_contributing_loads() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    design = parse_design(re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1))
    assert design.lists == ("lowest",)


def test_every_link_leads_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "GLOSSARY.md", "DECISIONS.md"):
        text = (ROOT / name).read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / re.sub(r"\s+", "", target)).exists(), f"{name}: {target}"


def test_the_glossary_is_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)
    words = [row for row in rows if row not in ("word", "---")]
    assert words == sorted(words)
    assert len(words) > 40
