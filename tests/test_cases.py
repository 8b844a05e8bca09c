"""Every worked example comes out: tests/cases, and the examples beside the built-in designs.

A case is a YAML file of 3-12 schools whose expected values were worked out by hand or published by
the agency. A failing case is never mended by editing what was expected.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from analysis.designs.adaptation import adapt, adaptation_names, load_adaptation
from analysis.designs.design import LIBRARY, load_design
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import Measured, read_or_measure
from analysis.ratings.examples import differences, load_example
from analysis.ratings.rate import rate

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


@cache
def rated(base: str, beside: str | None, panel: str):
    """Rate an example panel before a change; many changes share it."""
    adapted = [load_adaptation(beside)] if beside else []
    return rate(adapt(load_design(base), *adapted), read_panel(panel))


def test_every_adaptation_says_what_it_does_on_an_example() -> None:
    """In the file itself, or in worked examples that apply it, where no panel is built in."""
    told = " ".join(path.read_text() for path in CASES if "\nwith:" in path.read_text())
    assert all(load_adaptation(name).expected or name in told for name in adaptation_names())


def expecting(word: str) -> list[str]:
    return [n for n in adaptation_names() if getattr(load_adaptation(n).expected, word, None)]


@pytest.mark.parametrize("name", expecting("list"))
def test_an_adaptation_does_what_it_says(name: str) -> None:
    one = load_adaptation(name)
    said = one.expected
    before = rated(one.base, said.beside, said.panel)
    beside = [load_adaptation(said.beside)] if said.beside else []
    changed = adapt(load_design(one.base), *beside, one, in_order=bool(beside))
    after = rate(changed, before.panel, earlier=before)
    entered, left = moved(before, after, said.list, year=said.year)
    assert (entered, left) == (set(said.enter), set(said.leave))


@pytest.mark.parametrize("name", expecting("measure"))
def test_a_preset_of_counting_gives_the_value_that_it_says(name: str) -> None:
    """The values of core-pupils were counted by hand."""
    one = load_adaptation(name)
    said = one.expected
    design = adapt(load_design(one.base), load_adaptation(said.beside), one, in_order=True)
    panel = measured(design, said.panel)
    row = panel.units["school"].tolist().index(said.school)
    value = panel.measures[said.measure].value.sel(year=said.year, group=said.group)[row]
    assert float(value) == pytest.approx(said.value, abs=5e-5)


def measured(design, name: str):
    found = read_or_measure(design, name)
    assert isinstance(found, Measured)
    return found.panel


def test_two_adaptations_stacked() -> None:
    """By hand: with growth first Ironwood's 6575 / 130 = 50.6 is third, below Fir's 54.8."""
    before = rated("franklin/index", None, "franklin")
    both = (load_adaptation(f"franklin/{n}") for n in ("lowest-third", "growth-first"))
    after = rate(adapt(before.design, *both), before.panel)
    assert moved(before, after, "lowest", year=2025) == ({"0109"}, set())


def moved(before, after, list_name, *, year):
    was, is_ = (
        set(ratings.panel.units["school"][(ratings[list_name].value.sel(year=year) == 1).values])
        for ratings in (before, after)
    )
    return is_ - was, was - is_
