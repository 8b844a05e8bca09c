"""What a reader does on the explorer: downloads, links, keys, and what a screen reader is told.

Franklin's twelve schools; a third of its 8 Title I schools, counted up, is 3, where it named 2. One
school has a name that a spreadsheet would run.
"""

import csv
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from analysis.commands import load_adapted
from analysis.designs.design import load_design
from analysis.panels.reading import read_panel
from analysis.panels.write import write_panel
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.ratings.rate import rate
from tests.browser import WIDE, shown
from tests.test_commands import measures

FORMULA = '=HYPERLINK("http://x","y")'
SHARE = "Share of the pool named, by the lowest line"
ACTIVE = "(() => { const a = document.activeElement; return a.id || a.dataset.key || a.tagName })()"


@pytest.fixture(scope="module")
def panel():
    found = read_panel("franklin")
    names = found.units["name"].replace("Fir", FORMULA)
    columns = {**found.columns, "name": found.columns["name"].copy(data=names.to_numpy())}
    return replace(found, units=found.units.assign(name=names), columns=columns)


@pytest.fixture(scope="module")
def path(tmp_path_factory, panel):
    folder = tmp_path_factory.mktemp("driven")
    asked = Asked("franklin/index", str(write_panel(panel, folder / "panel")))
    write_explorer(explorer(load_design("franklin/index"), panel, asked), folder / "page.html")
    return folder / "page.html"


def saved(page, button: str, to):
    with page.expect_download() as got:
        page.get_by_role("button", name=button).click()
    got.value.save_as(to)
    return to


def test_what_is_downloaded_is_the_list_that_rate_gives(browser, path, panel, tmp_path) -> None:
    with shown(browser, path, WIDE) as page:
        page.get_by_label(SHARE, exact=True).fill("34")
        page.get_by_label("English learners").uncheck()
        page.locator("#sure-list").wait_for()
        table = saved(page, "Download the list", tmp_path / "list.csv")
        choice = saved(page, "Download the choice", tmp_path / "choice.yaml")
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = rate(load_adapted("franklin/index", [str(choice)]), panel)
    value = chosen["lowest"].value.sel(year=2025).to_numpy()
    on = {row["school"] for row in rows if row["result"] != "leaves"}
    assert on == set(panel.units["school"][value == 1])
    assert Counter(row["result"] for row in rows)["enters"] == 1
    names = dict(zip(panel.units["school"], panel.units["name"], strict=True))
    for row in rows:
        name = names[row["school"]]
        assert row["name"] == (f"'{name}" if name == FORMULA else name)
    assert FORMULA in {names[row["school"]] for row in rows}
    done = measures(
        *("rate", "franklin/index", str(path.parent / "panel"), "--with", str(choice)),
        *("--out", str(tmp_path / "rated")),
    )
    assert done.returncode == 0, done.stderr
    rated = pd.read_csv(tmp_path / "rated/schools.csv", dtype=str).query("year == '2025'")
    assert set(rated["school"][rated["identified_lowest"] == "met"]) == on


def test_a_copied_link_opens_the_same_choice_and_the_same_view(browser, path) -> None:
    seen = (
        "() => [state.settings, ...['search', 'district', 'level', 'show', 'sort', 'across',"
        "'upwards', 'within', 'list', 'school', 'sentence', 'more'].map(id =>"
        "document.getElementById(id).value ?? document.getElementById(id).innerText)]"
    )
    with shown(browser, path, WIDE) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#sure-list").wait_for()
        first = page.evaluate(seen)
        page.get_by_label(SHARE, exact=True).fill("60")
        page.get_by_label("Smallest number of students that counts", exact=True).fill("15")
        page.get_by_label("students with disabilities").uncheck()
        page.get_by_label("growth", exact=True).fill("70")
        page.get_by_label("Set all cut points").select_option("equal_width")
        page.get_by_label("Show").select_option("all")
        page.get_by_label("Sort").select_option("name")
        page.get_by_label("Level", exact=True).select_option("high")
        page.get_by_label("Search a school").fill("e")
        page.get_by_label("From left to right").select_option("2")
        page.locator("#within").fill("12")
        page.locator("#list button").first.click()
        page.locator("#sure-list").get_by_text("certain").wait_for()
        page.get_by_role("button", name="Copy a link").click()
        page.locator("#told").get_by_text("is copied").wait_for()
        link = page.evaluate("navigator.clipboard.readText()")
        page.wait_for_timeout(400)
        before = page.evaluate(seen)
        page.goto("about:blank")
        page.goto(link)
        page.locator("#school h2").wait_for()
        after = page.evaluate(seen)
        assert after == before
        assert all(one != other for one, other in zip(first[:6], before[:6], strict=True) if other)
        assert before[5] == "name"
        assert before[8] == "12"
        page.goto(f"{path.as_uri()}#district=nowhere&sort=x&school=zz&within=9&show=%00")
        page.wait_for_timeout(450)
        assert page.evaluate(seen) == first


def test_everything_is_reached_by_the_keyboard_in_order(browser, path) -> None:
    """Tab goes through the page as it is written, and what is reached is marked."""
    reachable = (
        "() => [...document.querySelectorAll('a, button, input, select, summary, [tabindex]')]"
        ".filter(one => one.checkVisibility() && !one.disabled && one.tabIndex === 0)"
        ".map((one, at) => { one.dataset.at = at; return String(at) })"
    )
    told = (
        "() => { const one = document.activeElement, css = getComputedStyle(one);"
        "return [one.dataset.at, css.outlineStyle === 'solid' ? parseFloat(css.outlineWidth) : 0] }"
    )
    with shown(browser, path, WIDE) as page:
        page.locator("#sure-list").wait_for()
        wanted = page.evaluate(reachable)
        found = []
        for _ in wanted:
            page.keyboard.press("Tab")
            found.append(page.evaluate(told))
        assert [at for at, _ in found] == wanted
        assert min(width for _, width in found) >= 2


def test_keys_move_sliders_and_a_live_region_tells_who_enters(browser, path) -> None:
    with shown(browser, path, WIDE) as page:
        slider = page.get_by_label(f"{SHARE}, slider")
        slider.focus()
        for _ in range(18):
            page.keyboard.press("ArrowRight")
        assert page.inner_text("#sentence") == "3 of 12 schools are named; 1 enters, 0 leave."
        assert page.get_by_label(SHARE, exact=True).input_value() == "34"
        live = page.locator("#live[role=status]")
        live.get_by_text(f"1 enters, 0 leave. Entering: {FORMULA}.").wait_for(state="attached")
        assert page.evaluate(ACTIVE) == slider.get_attribute("id")
        page.locator(".skip").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(50)
        assert page.evaluate(ACTIVE) == "answer"
        assert "1 enters" in page.inner_text("#sentence"), "a skip link must not undo the choice"


def test_a_school_opens_and_closes_by_keys_and_nobody_loses_the_place(browser, path) -> None:
    with shown(browser, path, WIDE) as page:
        button = page.locator("#list button").nth(1)
        button.focus()
        row = page.evaluate(ACTIVE)
        page.wait_for_timeout(450)
        assert page.evaluate(ACTIVE) == row, "the table was made anew under the reader"
        page.keyboard.press("Enter")
        assert page.evaluate(ACTIVE) == "school"
        assert page.locator("#school h2").inner_text() == button.inner_text()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert page.locator("#school").is_hidden()
        assert page.evaluate(ACTIVE) == row
        page.get_by_label("Set all cut points").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.evaluate(ACTIVE) == "scheme"
