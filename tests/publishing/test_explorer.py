"""The explorer names exactly the schools that `rate` names, in a reader's own browser.

Expected lists come from `rate` of the varied design, verdicts from the proofs in simulations; the
page is asked in Chromium, with its own policy in force.
"""

import csv
import io
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from analysis.commands import load_adapted
from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.clause import Ref
from analysis.designs.design import load_design, parse_design
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.publishing.explorer.program import write_out
from analysis.ratings.rate import rate
from analysis.ratings.resting import only_for
from simulations.admissible import Lowest, judge
from simulations.streams import stream
from simulations.weight_sets import Bound, WeightSet
from tests.browser import NARROW, PHONE, WIDE, shown, sideways, violations
from tests.evidence.explorer_lists import (
    LISTS,
    drawn,
    named,
    standard,
    told_by_page,
    told_by_rate,
)

FRANKLIN = Asked("franklin/index", "franklin")
CORE = Asked("core/sqii-2015-16", "core-small", ("core/usual",), "lowest")
SAYS = """[...document.querySelectorAll('input[type=range]')]
    .map(one => [one.ariaLabel, one.ariaValueText])"""


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


@pytest.mark.parametrize(("asked", "times"), [(FRANKLIN, 20), (CORE, 5)])
def test_random_settings_name_the_schools_that_rate_names(browser, pages, asked, times) -> None:
    """Hundreds of settings for every list of every design are tried by tests/evidence."""
    path, ratings = pages(asked)
    program = write_out(ratings, asked.list_name)
    chance = stream(1, "explorer", asked.base)
    tried = [drawn(program, chance) for _ in range(times)]
    expected = list(told_by_rate(ratings, program, tried))
    assert told_by_page(browser, path, tried) == expected
    assert len({tuple(one) for one in expected}) > times / 3, "the settings hardly move the list"


@pytest.mark.parametrize("asked", [FRANKLIN, CORE])
def test_the_choice_that_is_saved_names_the_same_schools(browser, pages, tmp_path, asked) -> None:
    """The adaptation file goes on top of those with which the page was made."""
    path, ratings = pages(asked)
    program = write_out(ratings, asked.list_name)
    chance = stream(2, "explorer", asked.base)
    tried = [drawn(program, chance)]
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
        needed = only_for(chosen, program.list_name)
        assert named(rate(needed, ratings.panel, earlier=ratings), program) == schools


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
        for reach in (0.02, 0.15):
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


def test_who_lies_below_whom_is_counted_as_pair_by_pair(browser, pages) -> None:
    chance = stream(4, "explorer")
    low = chance.integers(0, 40, 60) / 4
    high = low + chance.integers(0, 8, 60) / 4
    rows = [row for row in range(60) if row % 3]
    ask = "([low, high, rows]) => low.map((_, row) => apart(low, high, rows, 1e-9)(row))"
    with shown(browser, pages(FRANKLIN)[0], WIDE) as page:
        found = page.evaluate(ask, [low.tolist(), high.tolist(), rows])
    for row, pair in enumerate(found):
        others = [one for one in rows if one != row]
        surely = sum(high[one] < low[row] - 1e-9 for one in others)
        assert pair == [surely, sum(low[one] < high[row] + 1e-9 for one in others)]


def test_the_page_is_open_to_everybody(browser, pages) -> None:
    """Other designs and the other sizes are looked at by tests/evidence."""
    path, _ = pages(FRANKLIN)
    for size in (WIDE, PHONE, NARROW):
        with shown(browser, path, size) as page:
            page.locator("#sure-list").wait_for()
            page.locator("#list button").first.click()
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert sideways(page) == 0
            assert size == NARROW or violations(page) == []


def controls_of(page) -> dict[str, list]:
    """Give the names by which a screen reader knows the controls, by role."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node) for node in tree if not node["ignored"]]
    return {
        role: [node["name"]["value"] for found, node in told if found == role]
        for role in ("slider", "spinbutton", "checkbox", "combobox", "searchbox", "button")
    }


@pytest.mark.parametrize(("asked", "sliders"), [(FRANKLIN, 9), (CORE, 23)])
def test_a_screen_reader_is_told_what_each_control_is(browser, pages, asked, sliders) -> None:
    """Every control has a name, no two the same; sliders say in words where they stand."""
    path, _ = pages(asked)
    with shown(browser, path, WIDE) as page:
        page.locator("#sure-list").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        names = controls_of(page)
        says = dict(page.evaluate(SAYS))
        snapshot = page.locator("main").aria_snapshot()
    assert len(names["slider"]) == sliders
    for role, found in names.items():
        assert all(found), role
        assert not [name for name, k in Counter(found).items() if k > 1], role
    assert says["Smallest number of students that counts, slider"] == "at least 20 students"
    if asked is FRANKLIN:
        assert says["Share of the pool named, by the lowest line, slider"] == "25 % of the pool"
        assert says["growth, slider"].startswith("carries ")
    for heading in ("The list", "How sure", "Students in schools named", "What this does not say"):
        assert f'heading "{heading}" [level=2]' in snapshot


NAMES = ("<img src=x onerror=alert(1)>", '=HYPERLINK("http://x","y")', "</script><b>", 'مدرسة, "A"')


def test_a_name_is_only_text(browser, tmp_path) -> None:
    """`shown` fails if a script runs or a host is asked."""
    panel = read_panel("franklin")
    names = [NAMES[at % len(NAMES)] for at in range(len(panel.units))]
    units = panel.units.assign(name=names, district="{{script}}")
    path = tmp_path / "page.html"
    hostile = replace(panel, units=units)
    write_explorer(explorer(load_design("franklin/index"), hostile, FRANKLIN), path)
    with shown(browser, path, WIDE) as page:
        page.get_by_label("Show").select_option("all")
        assert set(page.locator("#list button").all_text_contents()) == set(NAMES)
        assert page.locator("main img, main b").count() == 0
        rows = page.evaluate("csvOf(listRows(state.engine, new Set(), state.engine.whole, null))")
    cells = list(csv.reader(io.StringIO(rows.removeprefix("\ufeff"))))
    assert {row[1] for row in cells[1:]} == {NAMES[0], f"'{NAMES[1]}", *NAMES[2:]}


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


def test_two_who_write_one_page_at_once_do_no_harm(tmp_path) -> None:
    pages = [f'<meta name="explorer">{word * 200_000}' for word in "abcd"]
    path = tmp_path / "page.html"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda page: write_explorer(page, path), pages * 15))
    assert path.read_text(encoding="utf-8") in pages
    assert list(tmp_path.iterdir()) == [path]


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
