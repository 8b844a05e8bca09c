"""The documents do what they say: the README's commands run, its figure is the memo's."""

import doctest
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from analysis.designs.design import parse_design
from analysis.panels.reading import read_panel
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


def test_a_researcher_s_own_notebook_runs(tmp_path: Path) -> None:
    """Anywhere on the machine, with the project's kernel and the few public functions."""
    book = nbformat.v4.new_notebook()
    text = "from analysis import compare, explain, load_design, rate, read_panel, schools_table\n"
    text += "r = rate(load_design('franklin/index'), read_panel('franklin'))\n"
    text += "print(len(schools_table(r)), compare(r, r).overlap.both, explain(r, '0101').name)"
    book.cells = [nbformat.v4.new_code_cell(text)]
    done = NotebookClient(book, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert done.cells[0].outputs[0].text == "28 2 Alder\n"


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
