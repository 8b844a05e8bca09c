"""The questions at the command line: what they print, and what they say when asked wrongly."""

import json
from pathlib import Path

import openpyxl
import pytest

from analysis.panels.reading import read_panel
from tests.test_commands import measures


def test_explain_prints_and_gives_json() -> None:
    done = measures("explain", "0111", "franklin/dashboard", "franklin", "--no-changes")
    assert done.returncode == 0
    assert "graduation_2y is 62.5, below 67" in done.stdout
    done = measures("explain", "0101", "franklin/index", "franklin", "--format", "json")
    told = json.loads(done.stdout)
    assert told["grounds"][0]["result"] == "met"
    assert told["would_change"][0]["instead"] == 60.0
    text = measures("explain", "0101", "franklin/index", "franklin").stdout
    assert "lowest would be not met if growth were 60 instead of 42" in text


def test_compare_prints_and_writes(tmp_path: Path) -> None:
    words = ("franklin/index", "franklin/index", "franklin", "--with", "franklin/lowest-third")
    done = measures("compare", *words, "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "2 by both, 0 by the first only, 1 by the second only, 9 by neither" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("attribution.csv", "curve.csv", "curve.svg", "schools.csv", "students.csv")
    ]
    again = measures("compare", *words, "--out", str(tmp_path / "out"))
    assert again.returncode == 1
    assert "holds files already" in again.stderr


def test_unlike_designs_are_compared_without_attribution() -> None:
    done = measures("compare", "franklin/index", "franklin/dashboard", "franklin")
    assert done.returncode == 0
    assert "Which changed clauses" not in done.stdout


def test_readings_change_and_similar() -> None:
    done = measures("readings", "franklin/index", "franklin", "--with", "franklin/lowest-third")
    assert "lowest: 2 to 3 schools; 2 under every reading, 1 under some." in done.stdout
    done = measures("change", "0101", "franklin/index", "franklin", "--format", "json")
    assert {row["verdict"] for row in json.loads(done.stdout)} >= {"within chance"}
    text = measures("change", "0101", "franklin/index", "franklin").stdout
    assert "often two measurements of an unchanged school would lie on two sides" in text
    words = ("--by", "poverty,enrollment", "--most", "2")
    done = measures("similar", "0102", "franklin/index", "franklin", *words)
    assert "0102 has 55.6; the others have 56.6 on average" in done.stdout


def test_years() -> None:
    """By hand: in 2024 Kousa has 25.0, and Alder and Fir are tied for second.

    Both have (25 x 33.33 + 25 x 36.67 + 20 x 40 + 15 x 36.67) / 85 = 36.5, and ties are in: three
    are named. In 2025 two are, both of them again: 5 of 24, 20.8 %.
    """
    done = measures("years", "franklin/index", "franklin", "--reliability", "0.7")
    assert "lowest, 2024-2025: 3 of 12 schools named at least once, 2 every year." in done.stdout
    assert "A year names 20.8%." in done.stdout
    assert "would ever be named" in done.stdout


def test_template_check_convert(tmp_path: Path) -> None:
    book = tmp_path / "ours.xlsx"
    assert measures("template", "franklin/index", "--out", str(book)).returncode == 0
    assert measures("check", str(book)).stdout == "1 checked, nothing wrong.\n"
    done = measures("convert", str(book), "--out", str(tmp_path / "p"), "--format", "dta")
    assert done.returncode == 0
    assert read_panel(tmp_path / "p").units["school"].tolist() == ["0001", "0002"]
    (tmp_path / "core.csv").write_text(
        "schoolid,schyear,gm,gm_n,sm,sm_n,se,se_n,sa,sa_n\n007,2016,3.9,90,4,90,3.5,90,3.8,90\n"
    )
    words = (
        str(tmp_path / "core.csv"),
        "--layout",
        "core/skills",
        "--out",
        str(tmp_path / "q.xlsx"),
    )
    assert measures("convert", *words).returncode == 0
    assert read_panel(tmp_path / "q.xlsx").units["school"].tolist() == ["007"]
    done = measures("convert", str(book), str(book), "--out", str(tmp_path / "r"))
    assert "takes one panel, or files with --layout" in done.stderr


WRONG = [
    (["explain", "9999", "franklin/index", "franklin"], "is no school of the panel franklin"),
    (["change", "0101", "franklin/index", "franklin", "--year", "2024"], "no value in two years"),
    (["readings", "franklin/dashboard", "franklin"], "rests on no line by share"),
    (["template", "franklin/index", "--out", "x.csv"], "ends in .xlsx"),
    (
        ["convert", "a.csv", "--layout", "california/calpad", "--out", "x"],
        "Did you mean california/calpads?",
    ),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_what_can_be_mended_is_told(words, message) -> None:
    done = measures(*words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


TEN_IN_A_DESIGN = """title: T
evidence: derived
sets: {both: [ela, math]}
measures: {ela: {unit: percent}, math: {}}
points:
  a: {rule: identiy, of: ela}
  b: {rule: identity, off: ela}
  c: {rule: minimum_n, of: ela, n: twenty}
  d: {rule: cuts, of: ela, from: {2: 50, 3: 40}}
  e: {rule: mean, of: {ela: 1, maht: 1}, missing: zero}
  e: {rule: identity, of: math}
  f: {for: bth, rule: identity, of: each}
  g: {rule: mean, of: {ela: 1}, missing: ignore}
  h: {rule: test, of: {of: ela, group: el}, below: 5}
lists:
  i: {rule: named, when: ela}
"""


def test_ten_mistakes_of_a_design(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(TEN_IN_A_DESIGN)
    done = measures("rate", str(path), "franklin", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    lines = {int(line.split(":")[1]) for line in done.stderr.splitlines()}
    assert lines >= {6, 7, 8, 9, 10, 11, 12, 13, 14, 16}
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_ten_mistakes_of_a_panel(tmp_path: Path) -> None:
    (tmp_path / "schools.csv").write_text(
        "school,title1,enrollment\n0101,yes,100\n0101,yes,100\n0102,maybe,-4\n"
    )
    (tmp_path / "measures.csv").write_text(
        "school,year,measure,group,value,n,numerator,note\n"
        "101,2025,ela,all,50,100,50,\n"
        "0101,2025,ela,all,101,100,50,\n"
        "0102,2025,ela,all,50,-3,,\n"
        "0102,2025,ela,el,50,2.5,,\n"
        "0102,2025,ela,swd,50,20,30,\n"
        "0101,2025,ela,el,0,5,,suppressed\n"
        "0101,2025,ela,swd,,,,supressed\n"
        "0101,2025,math,all,high,20,,\n"
    )
    (tmp_path / "panel.yaml").write_text("measures: {ela: {range: [0, 100]}}\n")
    done = measures("rate", "franklin/index", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    for place in (
        "schools row 3, column school",
        "schools row 4, column title1",
        "schools row 4, column enrollment",
        "measures row 2, column school",
        "measures row 3, column value",
        "measures row 4, column n",
        "measures row 5, column n",
        "measures row 6, column numerator",
        "measures row 7, column value",
        "measures row 8, column note",
        "measures row 9, column value",
    ):
        assert place in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_workbook_of_mistakes_at_the_command_line(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.worksheets[0].title = "shcools"
    made.save(tmp_path / "p.xlsx")
    done = measures(
        "rate", "franklin/index", str(tmp_path / "p.xlsx"), "--out", str(tmp_path / "o")
    )
    assert done.returncode == 1
    assert "has no sheet schools" in done.stderr
    assert not (tmp_path / "o").exists()
