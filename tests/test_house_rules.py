"""The house's rules hold for every file, and each rule finds the code that breaks it."""

import subprocess
from pathlib import Path

import pytest

import analysis
from tests.house_rules import (
    MOST_BODY,
    RULES,
    Source,
    body_lengths,
    machine_traces,
    notebook_problems,
)

ROOT = Path(__file__).resolve().parents[1]
SELF = ("tests/house_rules.py", "tests/test_house_rules.py")
BREAKS = {
    "analysis_never_imports_simulations": ("analysis/a.py", "from simulations import x\n"),
    "random_numbers_come_from_one_place": ("analysis/a.py", "x = np.random.default_rng(1)\n"),
    "no_pyyaml": ("tests/a.py", "import yaml\n"),
    "no_private_import": ("tests/a.py", "from analysis.values import _WORDS\n"),
    "modules_are_short": ("analysis/a.py", "x = 1\n" * 301),
    "modules_are_named": ("analysis/utils.py", ""),
    "modules_say_their_question": ("analysis/a.py", '"""Some things."""\n'),
    "functions_take_few_arguments": ("analysis/a.py", "def f(a, b, c, d, e, g, h, i): pass\n"),
    "public_functions_are_annotated": ("analysis/a.py", "def f(a): pass\n"),
    "dataclasses_are_frozen": ("analysis/a.py", "@dataclass\nclass A: pass\n"),
    "files_are_opened_at_the_door": ("analysis/a.py", "def f(p): return p.read_text()\n"),
    "what_a_function_raises_is_said": ("analysis/a.py", "def f():\n    raise ValueError\n"),
    "nothing_is_left_undone": ("analysis/a.py", "# TODO: later\n"),
}


def tracked(*patterns: str) -> list[Path]:
    asked = ["git", "ls-files", "-co", "--exclude-standard", *patterns]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in told.splitlines() if (ROOT / line).is_file()]


def sources() -> list[Source]:
    files = tracked("*.py")
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in files]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule) -> None:
    broken = [f"{s.path}: {text}" for s in sources() if s.path not in SELF for text in rule(s)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_what_breaks_it(rule) -> None:
    assert list(rule(Source(*BREAKS[rule.__name__])))


def test_every_function_that_is_promised_has_an_example() -> None:
    promised = [getattr(analysis, name) for name in analysis.__all__]
    bare = [f.__name__ for f in promised if not isinstance(f, type) and ">>>" not in f.__doc__]
    assert len(promised) > 10
    assert not bare


def test_nine_bodies_in_ten_are_short() -> None:
    lengths = sorted(n for s in sources() if s.is_package for n in body_lengths(s))
    assert len(lengths) > 100
    assert lengths[int(0.9 * len(lengths))] <= MOST_BODY


@pytest.mark.parametrize("path", tracked("notebooks/*.ipynb"), ids=lambda path: path.name)
def test_notebooks_are_bare(path: Path) -> None:
    assert not list(notebook_problems(path.read_text()))


def test_a_full_notebook_is_told() -> None:
    cell = '{"cell_type": "code", "metadata": {}, "outputs": [1], "source": ["def f(): pass"]}'
    assert len(list(notebook_problems(f'{{"cells": [{cell}]}}'))) == 3


def test_no_file_knows_a_machine_or_a_registry() -> None:
    kinds = ("*.py", "*.md", "*.yaml", "*.yml", "*.toml", "*.lock", "*.qmd", "*.ipynb", "Makefile")
    texts = [path for path in tracked(*kinds) if path.relative_to(ROOT).as_posix() not in SELF]
    told = [
        f"{path.relative_to(ROOT)}: {t}" for path in texts for t in machine_traces(path.read_text())
    ]
    assert not told, "\n".join(told)
    assert list(machine_traces("see /home/ana/schools.csv"))
    assert list(machine_traces("--index-url https://mirror.example/simple"))


def test_the_packages_are_those_of_this_clone() -> None:
    assert Path(analysis.__file__).resolve().is_relative_to(ROOT)


def test_nothing_generated_is_tracked() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert not [n for n in names if n.startswith(("build/", ".venv/")) or n.endswith(".pyc")]
