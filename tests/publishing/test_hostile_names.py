"""A school's name is only text: a browser shows it as it reads, whatever it is made of."""

import csv

import openpyxl
import pandas as pd
import pytest

from analysis.designs.design import load_design
from analysis.findings.comparison import compare
from analysis.panels.panel import Panel, make_panel
from analysis.panels.reading import read_panel
from analysis.panels.template import write_template
from analysis.panels.write import write_panel
from analysis.publishing.comparison import write_comparison
from analysis.publishing.sheet import sheet
from analysis.ratings.rate import rate
from analysis.ratings.write import write_ratings
from tests.browser import NARROW, PHONE, WIDE, shown, sideways, violations

NAMES = {
    "script": "<img src=x onerror=alert(1)>",
    "formula": '=HYPERLINK("http://x","y")',
    "quotes": 'O\'Brien "North" & <b>South</b>',
    "arabic": "مدرسة الأمل",
    "hebrew": "בית ספר אורט",
    "override": "North \u202egnol htuoS",
}
WRITTEN = ("+1 (a)", "-x", "@SUM(1)", "in\ttab", "two\nlines", "#N/A", "'quoted", "-5", "TRUE")
"""What a spreadsheet takes for a formula, an error, a number or a word of its own."""


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Write the page of a school of each name."""
    folder = tmp_path_factory.mktemp("sheets")
    rated = rate(load_design("franklin/index"), _panel(*NAMES.values()))
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


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "dta", "xlsx"])
def test_a_panel_is_read_as_it_was_written(tmp_path, form: str) -> None:
    panel = _panel(*NAMES.values(), *WRITTEN)
    path = write_panel(panel, tmp_path / f"panel.{form}", form=form)
    again = read_panel(path)
    assert again.units["name"].tolist() == [*NAMES.values(), *WRITTEN]
    assert again.digest == panel.digest


def test_a_workbook_holds_no_formula(tmp_path) -> None:
    """Nor one that waits: a cell that begins like a formula stays text when it is edited."""
    path = write_panel(_panel(*NAMES.values(), *WRITTEN), tmp_path / "p.xlsx", form="xlsx")
    write_template(load_design("franklin/index"), tmp_path / "t.xlsx")
    for book in (path, tmp_path / "t.xlsx"):
        cells = [c for sheet in openpyxl.load_workbook(book) for row in sheet.rows for c in row]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith("="))
    assert NAMES["formula"] in {cell.value for cell in openpyxl.load_workbook(path)["schools"]["B"]}


def test_tables_for_people_hold_no_formula_and_tables_for_programs_every_name(tmp_path) -> None:
    """The expected cells are OWASP's advice, written out: an apostrophe before = + - @."""
    rated = rate(load_design("franklin/index"), _panel(*NAMES.values(), *WRITTEN))
    write_ratings(rated, tmp_path / "csv")
    write_ratings(rated, tmp_path / "parquet", form="parquet")
    other = rate(load_design("franklin/index").vary({"lowest_line.share": 0.5}), rated.panel)
    found = compare(rated, other)
    tables = {"schools": found.schools, "curve": found.curve}
    write_comparison(tables, tmp_path / "compared")
    told = {name: name for name in (*NAMES.values(), *WRITTEN)}
    told |= {name: f"'{name}" for name in (NAMES["formula"], "+1 (a)", "-x", "@SUM(1)")}
    for folder in ("csv", "compared"):
        with (tmp_path / folder / "schools.csv").open(encoding="utf-8", newline="") as file:
            assert {row["name"] for row in csv.DictReader(file)} <= set(told.values())
    shown = pd.read_csv(tmp_path / "csv/schools.csv", dtype=str, keep_default_na=False)
    assert set(shown["name"]) == set(told.values())
    assert set(pd.read_parquet(tmp_path / "parquet/schools.parquet")["name"]) == set(told)


def _panel(*names: str) -> Panel:
    codes = [f"{at}" for at in range(1, len(names) + 1)]
    schools = pd.DataFrame({"school": codes, "name": names, "title1": "yes"})
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
