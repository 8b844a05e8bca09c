"""A school's name is only text: a browser shows it as it reads, whatever it is made of."""

import pandas as pd
import pytest

from analysis.designs.design import load_design
from analysis.panels.panel import Panel, make_panel
from analysis.publishing.sheet import sheet
from analysis.ratings.rate import rate
from tests.browser import NARROW, PHONE, WIDE, shown, sideways, violations

NAMES = {
    "script": "<img src=x onerror=alert(1)>",
    "formula": '=HYPERLINK("http://x","y")',
    "quotes": 'O\'Brien "North" & <b>South</b>',
    "arabic": "مدرسة الأمل",
    "hebrew": "בית ספר אורט",
    "override": "North \u202egnol htuoS",
}


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Write the page of a school of each name."""
    folder = tmp_path_factory.mktemp("sheets")
    rated = rate(load_design("franklin/index"), _panel())
    for at, kind in enumerate(NAMES, start=1):
        (folder / f"{kind}.html").write_text(sheet(rated, str(at)), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", NAMES)
def test_a_sheet_shows_the_name_as_it_reads(browser, sheets, kind: str) -> None:
    """No script runs, no picture is fetched (`shown` fails on either), no mark-up is made."""
    with shown(browser, sheets / f"{kind}.html", WIDE) as page:
        assert NAMES[kind] in page.locator("h1").text_content()
        assert page.locator("img, h1 b, a[href^='http']").count() == 0


@pytest.mark.parametrize("kind", ["arabic", "hebrew", "override"])
def test_a_name_leaves_the_order_of_its_neighbours(browser, sheets, kind: str) -> None:
    """The code in brackets, which follows the name, stands to the right of the whole name."""
    with shown(browser, sheets / f"{kind}.html", WIDE) as page:
        right, left = page.evaluate(
            """name => {
                const node = document.createTreeWalker(document.querySelector('h1'), 4);
                const box = (text, from, to) => {
                    const range = document.createRange();
                    range.setStart(text, from); range.setEnd(text, to);
                    return range.getBoundingClientRect();
                };
                let right, left;
                for (let text = node.nextNode(); text; text = node.nextNode()) {
                    const at = text.data.indexOf(name), code = text.data.indexOf('(');
                    if (at >= 0) right = box(text, at, at + name.length).right;
                    if (code >= 0) left = box(text, code, code + 1).left;
                }
                return [right, left];
            }""",
            NAMES[kind],
        )
        assert left >= right - 1


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_sheet_is_accessible(browser, sheets, size: dict) -> None:
    with shown(browser, sheets / "quotes.html", size) as page:
        assert violations(page) == []


def test_a_sheet_fits_a_narrow_window(browser, sheets) -> None:
    with shown(browser, sheets / "script.html", NARROW) as page:
        assert sideways(page) == 0


def _panel() -> Panel:
    codes = [str(at) for at in range(1, len(NAMES) + 1)]
    schools = pd.DataFrame({"school": codes, "name": list(NAMES.values()), "title1": "yes"})
    rows = [
        (code, 2025, measure, group, 50.0, 100)
        for code in codes
        for measure in ("ela", "math", "growth", "absence", "graduation")
        for group in ("all", "el", "swd", "low_income")
    ]
    columns = ["school", "year", "measure", "group", "value", "n"]
    return make_panel(
        schools.assign(level="high", enrollment=100), pd.DataFrame(rows, columns=columns)
    )
