"""Every worked example comes out: tests/cases, and the examples beside the built-in designs.

A case is a YAML file of 3-12 schools whose expected values were worked out by hand or published by
the agency. A failing case is never mended by editing what was expected.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.designs.adaptation import adapt, adaptation_names, load_adaptation
from analysis.designs.design import LIBRARY, load_design
from analysis.panels.reading import read_panel
from analysis.ratings.examples import differences, load_example
from analysis.ratings.rate import rate
from analysis.ratings.tables import wide_table

CASES = [
    *sorted((Path(__file__).parent / "cases").glob("*.yaml")),
    *sorted(LIBRARY.glob("*/*.examples.yaml")),
]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name.removesuffix(".yaml"))
def test_a_case_comes_out(path: Path) -> None:
    example = load_example(path)
    told = [str(problem) for problem in differences(example)]
    assert not told, "\n".join(told)
    assert sum(len(table) for _, _, table in example.expected) >= 1


def test_a_wrong_expectation_is_told() -> None:
    example = load_example(Path(__file__).parent / "cases" / "core-index.yaml")
    year, group, table = example.expected[0]
    wrong = replace(example, expected=((year, group, table.assign(points="13.34")),))
    told = [problem.text for problem in differences(wrong)]
    assert "points: school four, 2016, all: worked out 13.34, but rated 13.35" in told


@pytest.mark.parametrize("name", adaptation_names())
def test_an_adaptation_does_what_it_says(name: str) -> None:
    one = load_adaptation(name)
    assert one.expected is not None, "say beside the adaptation what it does on an example panel"
    base = load_design(one.base)
    entered, left = moved(base, adapt(base, one), one.expected.panel, one.expected.list)
    assert (entered, left) == (set(one.expected.enter), set(one.expected.leave))


def test_two_adaptations_stacked() -> None:
    """By hand: with growth first Ironwood's 6575 / 130 = 50.6 is third, below Fir's 54.8."""
    base = load_design("franklin/index")
    both = adapt(
        base, *(load_adaptation(f"franklin/{n}") for n in ("lowest-third", "growth-first"))
    )
    assert moved(base, both, "franklin", "lowest") == ({"0109"}, set())


def moved(base, changed, panel_name, list_name):
    panel = read_panel(panel_name)
    before, after = (
        wide_table(rate(design, panel), year=2025).set_index("school")[list_name] == 1
        for design in (base, changed)
    )
    return set(after[after & ~before].index), set(before[before & ~after].index)
