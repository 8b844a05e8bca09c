"""The explorer names exactly the schools that `rate` names, in a reader's own browser.

Expected lists come from `rate` of the varied design, verdicts from the proofs in simulations; the
page is asked in Chromium, with its own policy in force.
"""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.commands import load_adapted
from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.clause import FrozenMap, Ref
from analysis.designs.design import build_design, load_design, parse_design
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.publishing.explorer.program import write_out
from analysis.ratings.rate import rate
from simulations.admissible import Lowest, judge
from simulations.streams import stream
from simulations.weight_sets import Bound, WeightSet
from tests.browser import NARROW, PHONE, WIDE, shown, sideways, violations

FRANKLIN = Asked("franklin/index", "franklin")
CORE = Asked("core/sqii-2015-16", "core-small", ("core/usual",), "lowest")
LISTS = "all => all.map(settings => whoIsNamed(state.engine, settings))"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Write the page of a design on a panel, with what `rate` makes of them."""
    folder, known = tmp_path_factory.mktemp("explorer"), {}

    def page_of(asked: Asked):
        if asked not in known:
            design = load_adapted(asked.base, list(asked.adapted))
            panel = read_panel(asked.panel)
            path = folder / f"{len(known)}.html"
            write_explorer(explorer(design, panel, asked), path)
            known[asked] = (path, rate(design, panel))
        return known[asked]

    return page_of


def drawn(program, chance) -> list:
    """Draw settings: each kind of them is moved or stays, cut points of a step move together."""
    moved = {kind for kind in KINDS if chance.random() < (0.25 if kind in SLOW else 0.6)}
    shifts = {}
    return [
        KINDS[one["kind"]](one, chance, shifts) if one["kind"] in moved else standard(one)
        for one in program.settings
    ]


def standard(one):
    return True if one["kind"] == "group" else one["value"]


def _shifted(one, chance, shifts):
    step = one["paths"][0].split(".")[0]
    return one["value"] + shifts.setdefault(step, float(chance.integers(-8, 9)))


SLOW = ("n", "spacing")
"""What makes `rate` run nearly every step again."""

KINDS = {
    "weight": lambda one, chance, _: float(
        chance.choice([0, 1, 2 * one["value"], round(50 * chance.random(), 2)])
    ),
    "worth": lambda one, chance, _: round(one["value"] * (0.5 + chance.random()), 2),
    "n": lambda _one, chance, _: float(chance.choice([1, 10, 15, 30, 40, 100])),
    "share": lambda _one, chance, _: round(0.01 + 0.6 * chance.random(), 3),
    "all": lambda _one, chance, _: round(chance.random(), 2),
    "group": lambda _one, chance, _: bool(chance.random() < 0.6),
    "spacing": lambda _one, chance, _: str(chance.choice(["equal_count", "equal_width"])),
    "cut": _shifted,
}


def varied(design, program, settings):
    """Vary the design at the addresses that the settings have."""
    changes = {
        path: value
        for one, value in zip(program.settings, settings, strict=True)
        for path in one["paths"]
        if value != one["value"]
    }
    rows = zip(program.settings, settings, strict=True)
    on = [one["section"] for one, value in rows if one["kind"] == "group" and value]
    for node in program.nodes:
        if node["rule"] == "across_groups":
            rest = [group for group in node["rest"] if group in on]
            word, to = ("rest", rest) if rest else ("all", 1.0)
            if rest != list(node["rest"]):
                changes[f"{node['name']}.{word}"] = to
    return design.vary(changes)


def only_below(design, name):
    """Leave out the steps on which a list does not rest, so that `rate` is done sooner."""
    told = (name, design.header.headline.index, design.header.headline.rating)
    kept = {step for one in told if one for step in design.below(one)}
    document = design.document
    copies = {
        clause: tuple(one for one in made if one in kept)
        for clause, made in document.copies.items()
        if kept & set(made)
    }
    steps = {one: said for one, said in document.steps.items() if one in kept}
    return build_design(replace(document, steps=FrozenMap(steps), copies=FrozenMap(copies)))


def named(ratings, program) -> list[int]:
    value = ratings[program.list_name].value.sel(year=program.year).to_numpy()
    return np.flatnonzero(value == 1).tolist()


@pytest.mark.parametrize(("asked", "times"), [(FRANKLIN, 200), (CORE, 30)])
def test_random_settings_name_the_schools_that_rate_names(browser, pages, asked, times) -> None:
    path, ratings = pages(asked)
    program = write_out(ratings, asked.list_name)
    chance = stream(1, "explorer", asked.base)
    tried = [drawn(program, chance) for _ in range(times)]
    with shown(browser, path, WIDE) as page:
        found = page.evaluate(LISTS, tried)
    below = only_below(ratings.design, program.list_name)
    first, expected = rate(below, ratings.panel), []
    for settings in tried:
        last = rate(varied(below, program, settings), ratings.panel, earlier=first)
        expected.append(named(last, program))
    assert found == expected
    assert len({tuple(one) for one in expected}) > 10, "the settings hardly move the list"


@pytest.mark.parametrize("asked", [FRANKLIN, CORE])
def test_the_choice_that_is_saved_names_the_same_schools(browser, pages, tmp_path, asked) -> None:
    """The adaptation file goes on top of those with which the page was made."""
    path, ratings = pages(asked)
    program = write_out(ratings, asked.list_name)
    chance = stream(2, "explorer", asked.base)
    tried = [drawn(program, chance) for _ in range(2)]
    tried.append([one["kind"] != "group" and one["value"] for one in program.settings])
    with shown(browser, path, WIDE) as page:
        found = page.evaluate(LISTS, tried)
        texts = page.evaluate("all => all.map(one => adaptationOf(state.program, one))", tried)
    before = [load_adaptation(name) for name in asked.adapted]
    for text, schools in zip(texts, found, strict=True):
        file = tmp_path / "choice.yaml"
        file.write_text(text, encoding="utf-8")
        changes = (*before, load_adaptation(file))
        chosen = adapt(load_design(asked.base), *changes, in_order=len(changes) > 1)
        assert named(rate(chosen, ratings.panel, earlier=ratings), program) == schools


def test_a_link_gives_back_the_choice_and_nonsense_gives_the_design(browser, pages) -> None:
    path, ratings = pages(FRANKLIN)
    program = write_out(ratings)
    tried = drawn(program, stream(3, "explorer"))
    with shown(browser, path, WIDE) as page:
        back = "one => fromHash(state.program, toHash(state.program, one))"
        assert page.evaluate(back, tried) == tried
        for nonsense in ("#0=-5", "#0=", "#99=1", "#0=1e999", "#__proto__=1", "#=<b>&&a=b=c"):
            found = page.evaluate("hash => fromHash(state.program, hash)", nonsense)
            assert found == [standard(one) for one in program.settings], nonsense


def test_moving_a_slider_changes_the_sentence_and_the_link(browser, pages) -> None:
    """Franklin has 8 Title I schools: a third of them, counted up, is 3; it named 2."""
    path, _ = pages(FRANKLIN)
    with shown(browser, path, WIDE) as page:
        page.get_by_label("Share of the pool named, by the lowest line", exact=True).fill("34")
        expected = "3 of 12 schools are named; 1 enters, 0 leave."
        assert page.inner_text("#sentence") == expected
        page.locator("#live").get_by_text("3 of 12").wait_for(state="attached")
        assert re.search(r"#\d+=0\.34$", page.url)
        page.get_by_role("button", name="Fir").click()
        assert "It is named (it enters). Its index is 45.9" in page.inner_text("#school")


def test_verdicts_never_contradict_the_proofs_of_the_simulations(browser, tmp_path) -> None:
    """Parts and rounding are left out, so that both judge one list: two lowest of Title I."""
    changes = {"lowest_line.of": "of_part", "low.of": "of_part"}
    design = load_design("franklin/index").vary(changes)
    panel = read_panel("franklin")
    path = tmp_path / "page.html"
    write_explorer(explorer(design, panel, FRANKLIN), path)
    ratings = rate(design, panel)
    mean = design.steps["of_part"]
    points = np.array([ratings[step].value.sel(year=2025).to_numpy() for step in mean.of])
    points[:, np.isfinite(points).sum(axis=0) < mean.judged] = np.nan
    pool = ratings.cells.pool(Ref("title1")).to_numpy() & np.isfinite(points).any(axis=0)
    shares = np.array(list(mean.of.values())) / sum(mean.of.values())
    with shown(browser, path, WIDE) as page:
        ask = "p => judged(state.engine, standard(state.program), p, 300).verdict"
        for reach in (0.02, 0.05, 0.15):
            found = page.evaluate(ask, reach)
            bounds = tuple(
                Bound((step,), max(0.0, share - reach), min(1.0, share + reach))
                for step, share in zip(mean.of, shares, strict=True)
            )
            weights = WeightSet(tuple(mean.of), bounds)
            told = judge(Lowest(points, pool, 2), weights, draws=500, seed=1).verdict
            pairs = {(found[row], told[row]) for row in np.flatnonzero(pool)}
            wrong = {("certain", "never"), ("certain", "possible"), ("never", "certain")}
            wrong |= {("never", "possible"), ("possible", "certain"), ("possible", "never")}
            assert not pairs & wrong, (reach, pairs)
            assert {"certain", "never"} <= {one for one, _ in pairs}, (reach, pairs)


@pytest.mark.parametrize("asked", [FRANKLIN, CORE])
def test_the_page_is_open_to_everybody(browser, pages, asked) -> None:
    path, _ = pages(asked)
    for size in (WIDE, PHONE, NARROW):
        with shown(browser, path, size) as page:
            page.locator("#sure-list").wait_for()
            page.locator("#list button").first.click()
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert violations(page) == []
            assert sideways(page) == 0


@pytest.mark.parametrize(
    "name",
    ["<img src=x onerror=alert(1)>", '=HYPERLINK("http://x","y")', "</script><b>", 'مدرسة, "A"'],
)
def test_a_name_is_only_text(browser, tmp_path, name) -> None:
    """`shown` fails if a script runs or a host is asked."""
    panel = read_panel("franklin")
    units = panel.units.assign(name=name, district="{{script}}")
    path = tmp_path / "page.html"
    hostile = replace(panel, units=units)
    write_explorer(explorer(load_design("franklin/index"), hostile, FRANKLIN), path)
    with shown(browser, path, WIDE) as page:
        assert page.locator("#list button").first.text_content() == name
        assert page.locator("main img, main b").count() == 0
        rows = page.evaluate("csvOf(listRows(state.engine, state.entered, state.left, null))")
    cells = list(csv.reader(io.StringIO(rows.removeprefix("\ufeff"))))
    assert cells[1][1] == (f"'{name}" if name.startswith("=") else name)


REFUSED = """
title: T
measures: {ela: {unit: percent}, math: {unit: percent}}
points:
  e: {rule: minimum_n, of: ela, n: 20}
  m: {rule: minimum_n, of: math, n: 20}
index:
  i: {rule: mean, of: {e: 1, m: 1}, missing: share_out}
conditions: {low: {rule: test, of: i, below: 40}, twice: {rule: persist, of: low, years: 2}}
lists: {lowest: {rule: named, when: twice}}
"""


def test_a_design_that_the_page_cannot_compute_is_refused_with_step_and_rule() -> None:
    with pytest.raises(ProblemsError, match=r"twice \(persist\).*its rule is not on the page.*run"):
        explorer(parse_design(REFUSED), read_panel("franklin"), FRANKLIN)


def test_a_design_on_which_nothing_moves_is_refused() -> None:
    with pytest.raises(ProblemsError, match="rests on nothing that the page can move"):
        explorer(load_design("franklin/dashboard"), read_panel("franklin"), FRANKLIN)


def test_a_file_that_is_no_explorer_is_not_replaced(tmp_path) -> None:
    path = tmp_path / "notes.html"
    path.write_text("my notes", encoding="utf-8")
    with pytest.raises(ProblemsError, match="is there already"):
        write_explorer('<meta name="explorer">', path)
    assert path.read_text(encoding="utf-8") == "my notes"


@pytest.mark.parametrize(
    ("school", "to", "tenth"),
    [("Alder", 60.0, -0.1), ("Fir", 39.9, 0.1)],
)
def test_the_smallest_change_is_what_rate_says(browser, pages, school, to, tenth) -> None:
    """Growth has its cuts at 60 and 40: a tenth less changes nothing, and `rate` agrees."""
    path, ratings = pages(FRANKLIN)
    panel = ratings.panel
    row = panel.units["name"].tolist().index(school)
    with shown(browser, path, WIDE) as page:
        ask = "row => changesOf(state.engine, state.settings, row).map(c => [c.measure.name, c.to])"
        assert dict(page.evaluate(ask, row))["growth"] == to

    def is_named(value: float) -> bool:
        held = panel.measures["growth"]
        values = held.value.copy(deep=True)
        values.loc[{"year": 2025, "group": "all"}][row] = value
        measures = {**panel.measures, "growth": replace(held, value=values)}
        again = rate(ratings.design, replace(panel, measures=measures, _codes={}))
        return bool(again["lowest"].value.sel(year=2025)[row] == 1)

    before = is_named(to + tenth)
    assert is_named(to) != before
    assert before == bool(ratings["lowest"].value.sel(year=2025)[row] == 1)
