"""Every kind of file that people have, and what Excel and Stata do to it."""

import datetime as dt
import itertools
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.designs.design import design_names, load_design
from analysis.panels.about import About, MeasureNote
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.panels.template import write_template
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from tests.panels.test_panels import FORMS, place, same

SCHOOLS = [["school", "name", "enrollment"], ["0101", "Peña", 200], ["0102", "Öst", 100]]
MEASURES = [
    ["school", "year", "measure", "value", "n"],
    ["0101", 2025, "ela", 45.5, 100],
    ["0102", 2025, "ela", 60, 80],
]


def book(path: Path, change=None, **sheets) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in {"schools": SCHOOLS, "measures": MEASURES, **sheets}.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change:
        change(made)
    made.save(path)
    return path


def told(path: Path) -> str:
    with pytest.raises(ProblemsError) as error:
        read_panel(path)
    return str(error.value)


def test_a_workbook_reads(tmp_path: Path) -> None:
    panel = read_panel(book(tmp_path / "p.xlsx"))
    assert panel.units["name"].tolist() == ["Peña", "Öst"]
    assert panel.measures["ela"].value.values.ravel().tolist() == [45.5, 60.0]


def labelled():
    about = About(
        title="T",
        measures={"ela": MeasureNote(label="English", unit="percent", range=(0, 100))},
        groups={"all": "all students"},
        columns={"poverty": "students in poverty, per cent"},
    )
    schools = pd.DataFrame(
        {"school": ["0101", "0102"], "title1": ["yes", "no"], "poverty": [5, 6.5]}
    )
    measures = pd.DataFrame(
        {
            "school": ["0101", "0102"],
            "year": 2025,
            "measure": "ela",
            "value": [45.5, None],
            "n": [100, None],
            "note": ["", "suppressed"],
        }
    )
    published = pd.DataFrame(
        {"school": ["0101"], "year": ["2025"], "result": ["grade"], "value": ["B"]}
    )
    return make_panel(schools, measures, about=about, published=published)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(FORMS, 2)))
def test_every_format_to_every_other_without_loss(tmp_path: Path, first: str, second: str) -> None:
    panel = labelled()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    once = read_panel(write_panel(panel, place(tmp_path / "a", first), form=first))
    twice = read_panel(write_panel(once, place(tmp_path / "b", second), form=second))
    same(panel, twice)
    assert twice.published[["school", "result", "value"]].values.tolist() == [
        ["0101", "grade", "B"]
    ]


def test_labels_survive_stata(tmp_path: Path) -> None:
    write_panel(labelled(), tmp_path / "p", form="dta")
    with pd.read_stata(tmp_path / "p" / "schools.dta", iterator=True) as reader:
        assert reader.variable_labels()["poverty"] == "students in poverty, per cent"
        assert reader.value_labels()["title1"] == {0: "no", 1: "yes"}
    with pd.read_stata(tmp_path / "p" / "measures.dta", iterator=True) as reader:
        assert reader.variable_labels()["n"] == "students behind the value"
        assert reader.value_labels()["measure"] == {0: "ela"}
    (tmp_path / "p" / "panel.yaml").unlink()
    assert read_panel(tmp_path / "p").about.columns["poverty"] == "students in poverty, per cent"


def test_what_stata_cannot_hold_is_told(tmp_path: Path) -> None:
    schools = pd.DataFrame({"school": ["1"], "per cent": [5.0]})
    measures = pd.DataFrame({"school": ["1"], "year": 2025, "measure": "m", "value": [7.0]})
    panel = make_panel(schools, measures, about=About(columns={"school": "x" * 81}))
    with pytest.raises(ProblemsError) as error:
        write_panel(panel, tmp_path / "p", form="dta")
    assert "Stata cannot hold a variable called per cent" in str(error.value)
    assert "the label of school has more than 80 characters" in str(error.value)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    for name, rows in (("schools", SCHOOLS), ("measures", MEASURES)):
        text = "".join(",".join(map(str, row)) + "\n" for row in rows)
        (tmp_path / f"{name}.csv").write_bytes(text.encode(encoding))
    if encoding == "latin-1":
        assert "schools.csv: is not UTF-8." in told(tmp_path)
        assert "say `encoding: latin-1` in panel.yaml" in told(tmp_path)
        (tmp_path / "panel.yaml").write_text("encoding: latin-1\n")
    assert read_panel(tmp_path).units["name"].tolist() == ["Peña", "Öst"]


def shares(tmp_path: Path, about: str, values=(0.455, 0.6)) -> Path:
    measures = f"school,year,measure,value\n0101,2025,ela,{values[0]}\n0102,2025,ela,{values[1]}\n"
    (tmp_path / "schools.csv").write_text("school\n0101\n0102\n")
    (tmp_path / "measures.csv").write_text(measures)
    (tmp_path / "panel.yaml").write_text(about)
    return tmp_path


def test_shares_are_declared(tmp_path: Path) -> None:
    panel = read_panel(shares(tmp_path, "measures: {ela: {unit: percent, given_as: 0-1}}\n"))
    assert panel.measures["ela"].value.values.ravel().tolist() == [45.5, 60.0]
    assert panel.about.measures["ela"].given_as == "0-100"


def test_shares_are_never_guessed(tmp_path: Path) -> None:
    text = told(shares(tmp_path, "measures: {ela: {unit: percent}}\n"))
    assert "every value of ela lies between 0 and 1. Say of it given_as: 0-1 or 0-100." in text
    small = shares(tmp_path, "measures: {ela: {unit: percent, given_as: 0-100}}\n")
    assert read_panel(small).measures["ela"].value.values.ravel().tolist() == [0.455, 0.6]


def test_mixed_shares_are_told(tmp_path: Path) -> None:
    about = "measures: {ela: {unit: percent, given_as: 0-1}}\n"
    text = told(shares(tmp_path, about, values=(0.455, 60)))
    assert "measures row 3, column value: ela is given_as: 0-1, but it says 60." in text


def percent_cell(made) -> None:
    made["measures"]["D2"].value = 0.455
    made["measures"]["D2"].number_format = "0.0%"


def test_a_percent_sign_in_excel_is_a_declaration(tmp_path: Path) -> None:
    def both(made) -> None:
        percent_cell(made)
        made["measures"]["D3"].value, made["measures"]["D3"].number_format = 0.6, "0%"

    panel = read_panel(book(tmp_path / "p.xlsx", both))
    assert panel.measures["ela"].value.values.ravel().tolist() == [45.5, 60.0]
    text = told(book(tmp_path / "q.xlsx", percent_cell))
    assert "measures!D2: ela is shown with a percent sign here and without one in D3." in text
    about = [["word", "text"], ["measures.ela.given_as", "0-100"]]
    assert "is given_as: 0-1, not 0-100" in told(book(tmp_path / "r.xlsx", both, about=about))


def test_codes_with_a_format_of_zeros_keep_their_zeros(tmp_path: Path) -> None:
    def numbers(made) -> None:
        for sheet in ("schools", "measures"):
            for row in (2, 3):
                cell = made[sheet][f"A{row}"]
                cell.value, cell.number_format = 99 + row, "0000"

    panel = read_panel(book(tmp_path / "p.xlsx", numbers))
    assert panel.units["school"].tolist() == ["0101", "0102"]


def test_ten_mistakes_of_a_workbook_in_one_go(tmp_path: Path) -> None:
    def spoil(made) -> None:
        schools, measures = made["schools"], made["measures"]
        schools["A2"].value = dt.datetime(2025, 1, 1)  # noqa: DTZ001 (Excel knows no zones)
        schools["A3"].value = 102
        schools["E1"].value, schools["E2"].value = "second", 5
        schools["B4"].value = "x"
        schools["A6"].value = "another table"
        schools.merge_cells("B1:C1")
        percent_cell(made)
        measures["A2"].value = 101
        measures["F3"].value = "no name above"
        hidden = made.create_sheet("old measures")
        hidden.sheet_state = "hidden"
        made.create_sheet("mesures")
        measures.merge_cells("A4:B4")

    text = told(book(tmp_path / "p.xlsx", spoil))
    expected = [
        "schools!A2: Excel made a date of a code",
        "schools!A3: the code 102 is a number, so leading zeros may be lost",
        "schools!B1:C1: cells are merged",
        "schools!A6: row 5 is empty and more cells follow",
        "schools!D1: an empty column parts two tables",
        "measures!D2: ela is shown with a percent sign here and without one in D3",
        "measures!A2: the code 101 is a number",
        "measures!F1: the column has cells but no name",
        "measures!A4:B4: cells are merged",
        "old measures: the sheet is hidden",
    ]
    for line in expected:
        assert line in text
    assert len(text.splitlines()) == len(expected)


def test_a_value_is_named_by_sheet_and_cell(tmp_path: Path) -> None:
    def spoil(made) -> None:
        made["measures"]["D3"].value = "#N/A"
        made["measures"]["E2"].value = -4
        made["schools"]["C2"].value = "many"

    text = told(book(tmp_path / "p.xlsx", spoil))
    assert "measures!D3 (value): must be a number, but it says #N/A." in text
    assert "measures!E2 (n): may not be negative, but it says -4." in text
    assert "schools!C2 (enrollment): must be a number, but it says many." in text


def test_sheets_and_columns_are_told(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.worksheets[0].title = "shcools"
    made.save(tmp_path / "p.xlsx")
    text = told(tmp_path / "p.xlsx")
    assert "has no sheet schools; it has shcools. Did you mean shcools?" in text
    rows = [["school", "year", "measure", "measure", "value"], ["0101", 2025, "ela", "x", 1]]
    assert "two columns are called measure" in told(book(tmp_path / "q.xlsx", measures=rows))
    (tmp_path / "r.xlsx").write_bytes(b"no workbook")
    assert "r.xlsx: cannot be read as an Excel workbook" in told(tmp_path / "r.xlsx")


def test_a_workbook_is_never_overwritten(tmp_path: Path) -> None:
    path = book(tmp_path / "p.xlsx")
    with pytest.raises(ProblemsError, match="must be a new file"):
        write_panel(labelled(), path, form="xlsx")


@pytest.mark.parametrize("name", design_names())
def test_a_template_is_a_panel_that_its_design_rates(tmp_path: Path, name: str) -> None:
    design = load_design(name)
    write_template(design, tmp_path / "t.xlsx")
    panel = read_panel(tmp_path / "t.xlsx")
    assert panel.units["school"].tolist() == ["0001", "0002"]
    assert set(panel.measures) == set(design.measures)
    ratings = rate(design, panel)
    assert set(ratings.ran) == set(design.steps) - set(design.unknown)
    with pytest.raises(ProblemsError, match="must be a new file"):
        write_template(design, tmp_path / "t.xlsx")


def test_a_template_explains_every_word(tmp_path: Path) -> None:
    design = load_design("franklin/index")
    write_template(design, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["read me"]
    words = {row[0].value: row[1].value for row in sheet.iter_rows()}
    assert words["measure absence"] == "chronic absence (percent)"
    assert words["group el"] == "English learners"
    for column in ("school", "group", "note", "title1"):
        assert f"column {column}" in words
