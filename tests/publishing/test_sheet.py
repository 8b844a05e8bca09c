"""One page for a school: its numbers are those of the rating, and names are only text."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from analysis.designs.design import load_design
from analysis.findings.needed import needed
from analysis.findings.place import locate
from analysis.panels.panel import Panel, make_panel
from analysis.panels.reading import read_panel
from analysis.panels.write import write_panel
from analysis.publishing.sheet import all_schools, sheet
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import indicators_table
from tests.test_commands import measures

FRANKLIN = read_panel("franklin")
MINUS = "\N{MINUS SIGN}"
VOID = {"meta", "link", "br", "img", "hr", "input", "path", "rect", "line", "circle"}
CODES = sorted(set(FRANKLIN.units["school"]))


def ratings(design: str = "index", panel: Panel = FRANKLIN) -> Ratings:
    return rate(load_design(f"franklin/{design}"), panel)


class Page(HTMLParser):
    """A page's tables as rows of cells, its pictures, what it asks for, and whether it nests."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.wrong, self.ids = [], [], []
        self.tables, self.pictures, self.asks, self.words = [], [], [], []
        self.feed(text)
        self.close()
        self.wrong += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.ids += [said["id"]] if "id" in said else []
        self.asks += [
            x for w in ("src", "href", "xlink:href") if (x := said.get(w) or "").startswith("http")
        ]
        self.wrong += ["a script"] if tag == "script" else []
        if tag == "svg":
            self.pictures.append(said)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} closes what is not open, line {self.getpos()[0]}")

    def handle_data(self, data):
        if "style" in self.open or "svg" in self.open:
            return
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += f"{data} "

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def row(self, head: str, *, table: int = 0) -> list[str]:
        """The cells of the row with this head."""
        (found,) = (row for row in self.tables[table] if row[0].strip() == head)
        return [" ".join(cell.split()) for cell in found[1:]]


def test_the_sheet_of_alder_by_hand() -> None:
    """From the worked example: English 28 is level 2, 29.99 of 100 points, 25 of 85 weights.

    The next level begins at 40: 12 of 100 students more, worth 250 / 85 points. Absence falls by 3
    to 25: 6 of 200 students. Two measurements of 28 % of 200 differ by sqrt(2) x 3.19, so by 3
    points downwards in 25 of 100 pairs.
    """
    page = Page(sheet(ratings(), "0101"))
    assert page.row("English language arts") == [
        *("28.0", "100", "2 of 5", "30.0 of 100", "29 %"),
        *("+12.0 (12) +2.9 points", "+27.0 (27) +5.9 points", "+42.0 (42) +8.8 points"),
        "3 in 100",
    ]
    absence = page.row("Chronic absence")
    assert (absence[5], absence[-1]) == (f"{MINUS}3.0 (6) +1.8 points", "25 in 100")
    assert page.row("Growth")[-1] == "not known"
    assert page.row("English language arts", table=1) == [
        *("1 15.0, +10.0 (4)", "1 22.5, +2.5 (2)", "1 10.0, +15.0 (3)")
    ]
    said = page.text
    assert "the lowest 25 % of the pool title1 are those at or below 32.5" in said
    assert "Index (total): 32.5. Half of all 12 schools have 56.6 or more." in said
    assert "Growth from 42.0 to 52.0; Chronic absence, every group alike from 28.0 to 23.0" in said
    for head in ("What would take it off", "What this does not say"):
        assert head in said


@pytest.mark.parametrize("design", ["index", "dashboard"])
@pytest.mark.parametrize("school", ["0105", "0111", "0112"])
def test_every_page_stands_by_itself(design: str, school: str) -> None:
    """It nests, asks no host, runs no script, and its figure has words."""
    page = Page(sheet(ratings(design), school))
    assert page.wrong == []
    assert page.asks == []
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"\bnan\b|\bNone\b|[{}]", page.text)
    for picture in page.pictures:
        assert picture["role"] == "img"
        assert "middle half" in picture["aria-label"]


@pytest.mark.parametrize("school", ["0110", "0112"])
def test_numbers_are_those_of_the_rating(school: str) -> None:
    """Value, students, level and share of the index, against the tables that a rating writes."""
    rated = ratings()
    page, table = Page(sheet(rated, school)), indicators_table(rated)
    mine = table[(table["school"] == school) & (table["year"] == 2025)].dropna(subset=["value"])
    whole = rated["ela"].value.sizes["group"]
    assert whole == 4
    needs = {(n.measure, n.part, n.group): n for n in needed(rated, school)}
    shares = mine.groupby(["part", "measure"], sort=False)["weight_applied"].sum()
    wanted = []
    for part, measure in shares.index:
        cell = mine.query("part == @part and measure == @measure and group == 'all'").iloc[0]
        need = needs[measure, part, "all"]
        share = f"{100 * shares[part, measure]:.0f} %"
        wanted.append([f"{cell['value']:.1f}", f"{cell['n']:.0f}", f"{need.level:g} of 5", share])
    found = [
        [cell.strip() for cell in (*row[1:4], row[5])] for row in page.tables[0][1:] if len(row) > 2
    ]
    assert sorted(found) == sorted(wanted)


def test_a_page_without_an_index_has_no_points() -> None:
    """Hazel: red for students with disabilities in two of three; one student more is enough."""
    page = Page(sheet(ratings("dashboard"), "0108"))
    assert "Points" not in page.text
    assert "On the list \u201cgroup list\u201d for students with disabilities" in page.text
    assert "Mathematics, students with disabilities from 15.0 to 16.95 (1 student" in page.text
    assert page.row("Mathematics", table=1) == [
        *("too few", "green 40.0, +15.0 (8)", "red 15.0, +2.0 (1)")
    ]


def test_names_are_only_text() -> None:
    schools = pd.DataFrame({"school": ["1", "2"], "name": ["<b>A&B</b>", "C"], "title1": "yes"})
    schools = schools.assign(level="high", enrollment=100)
    rows = pd.DataFrame(
        [
            (s, 2025, m, g, 50.0, 100)
            for s in ("1", "2")
            for m in ("ela", "math", "growth", "absence", "graduation")
            for g in ("all", "el", "swd", "low_income")
        ],
        columns=["school", "year", "measure", "group", "value", "n"],
    )
    text = sheet(ratings(panel=make_panel(schools, rows)), "1")
    assert Page(text).wrong == []
    assert "<b>A" not in text
    assert "&lt;b&gt;A&amp;B&lt;/b&gt; (1)" in text


# --- what is kept back -------------------------------------------------------------------------

COUNTED = replace(FRANKLIN, from_students=tuple(FRANKLIN.measures))


def test_small_and_extreme_cells_are_kept_back() -> None:
    """Alder's students with disabilities: 2 and 1 of 20 met the standards, fewer than 3.

    Their values, and what would give them more, are not on the page. Absence, 12 of 40, is.
    """
    page = Page(sheet(ratings(panel=COUNTED), "0101"))
    assert page.row("English language arts", table=1)[2] == "kept back"
    assert page.row("Mathematics", table=1)[2] == "kept back"
    assert page.row("Chronic absence", table=1)[2] == f"1 30.0, {MINUS}5.0 (2)"
    assert page.row("English language arts")[0] == "28.0"
    assert "Internal" not in page.text


def test_an_extreme_value_of_all_students_is_kept_back_everywhere() -> None:
    """With 99 of 100 proficient a reader would know of nearly every student."""
    math = FRANKLIN.measures["math"]
    value, numerator = math.value.copy(deep=True), math.numerator.copy(deep=True)
    value.loc[{"year": 2025, "group": "all"}][0] = 99.0
    numerator.loc[{"year": 2025, "group": "all"}][0] = 99.0
    high = replace(math, value=value, numerator=numerator)
    panel = replace(COUNTED, measures={**FRANKLIN.measures, "math": high}, _codes={})
    text = sheet(ratings(panel=panel), "0101")
    assert Page(text).row("Mathematics") == ["kept back", *[""] * 8]
    assert "99" not in Page(text).text.split("Rests on")[0]
    assert "Mathematics" not in re.search(r'aria-label="([^"]*middle half[^"]*)"', text)[1]


def test_an_internal_page_shows_all_and_says_so() -> None:
    text = sheet(ratings(panel=COUNTED), "0101", internal=True)
    page = Page(text)
    assert page.row("English language arts", table=1)[2] == "1 10.0, +15.0 (3)"
    assert "Internal: shows small groups of students. Do not share." in page.text
    # fixed in print, so that it stands on every page
    assert re.search(r"@media print \{.*\.mark \{ position: fixed", text, re.DOTALL)


def test_made_up_students_are_said_to_be_made_up() -> None:
    about = FRANKLIN.about.model_copy(update={"synthetic": True})
    page = Page(sheet(ratings(panel=replace(COUNTED, about=about)), "0101"))
    assert "Synthetic: made-up students." in page.text
    assert "kept back" not in page.text


# --- the command -------------------------------------------------------------------------------


def test_the_command_writes_one_page(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    done = measures("sheet", "0101", "franklin/index", "franklin", "--out", str(path))
    assert (done.returncode, done.stdout.strip()) == (0, f"wrote {path}")
    text = unescape(path.read_text())
    assert text.count("<title>Alder (0101)") == text.count("<h1><bdi>Alder</bdi> (0101)") == 1
    (tmp_path / "b.html").write_text("my notes")
    done = measures(
        "sheet", "0101", "franklin/index", "franklin", "--out", str(tmp_path / "b.html")
    )
    assert done.returncode == 1
    assert "is there already and is no school sheet" in done.stderr
    assert (tmp_path / "b.html").read_text() == "my notes"


def test_all_pages_and_going_on_where_it_stopped(tmp_path: Path) -> None:
    few = FRANKLIN.where(FRANKLIN.units["school"].isin(["0108", "0111"]).to_numpy())
    panel = str(write_panel(few, tmp_path / "panel"))
    words = ("sheet", "franklin/dashboard", panel, "--all", "--out", str(tmp_path / "out"))
    done = measures(*words)
    assert done.stdout.replace("\n", "").endswith("out, 2 sheets")
    pages = {path.stem: path for path in (tmp_path / "out").iterdir()}
    assert sorted(pages) == ["0108", "0111"]
    times = {code: path.stat().st_mtime_ns for code, path in pages.items()}
    pages["0108"].unlink()
    assert measures(*words).returncode == 0
    again = {path.stem: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert [code for code in times if again[code] != times[code]] == ["0108"]
    one = ("sheet", "0111", "franklin/dashboard", panel, "--out", str(pages["0111"]))
    assert measures(*one, "--internal").returncode == 0
    assert "Do not share" in pages["0111"].read_text()


def test_schools_that_nothing_judges_get_no_page() -> None:
    """In 2024 the dashboard judges only those that its pool, or graduation, decides."""
    rated = ratings("dashboard")
    for school in set(CODES) - set(all_schools(rated, year=2024)):
        place = locate(rated, school, year=2024)
        assert all(pd.isna(place.of(rated[name].value)) for name in rated.design.lists)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("franklin/index", "franklin", "--all"), "needs DESIGN PANEL --out FOLDER with --all"),
        (("0101", "franklin/index"), "SCHOOL DESIGN PANEL without it"),
        (("9999", "franklin/index", "franklin"), "9999"),
    ],
)
def test_what_a_sheet_needs_is_told(given: tuple[str, ...], message: str) -> None:
    done = measures("sheet", *given)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
