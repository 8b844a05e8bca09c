"""Other people's files: a layout maps their columns to a panel, and nothing is guessed."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.panels.foreign import read_with_layout
from analysis.panels.layout import layout_names, load_layout
from analysis.problems import ProblemsError
from analysis.values import Reason

ABSENCE = (
    "Academic Year,Aggregate Level,County Code,District Code,School Code,School Name,"
    "District Name,Reporting Category,ChronicAbsenteeismEligibleCumulativeEnrollment,"
    "ChronicAbsenteeismCount,ChronicAbsenteeismRate\n"
    "2023-24,S,1,61119,130229,Alameda High,Alameda Unified,TA,1800,180,10.0\n"
    "2023-24,S,1,61119,130229,Alameda High,Alameda Unified,SE,*,*,*\n"
    "2023-24,S,1,61119,130229,Alameda High,Alameda Unified,RW,500,40,8.0\n"
    "2023-24,D,1,61119,,,Alameda Unified,TA,9000,900,10.0\n"
)


def test_a_calpads_like_extract(tmp_path: Path) -> None:
    path = tmp_path / "ChronicAbsenteeism24.csv"
    path.write_text(ABSENCE)
    panel = read_with_layout([path], load_layout("california/calpads"), name="alameda")
    assert panel.units["school"].tolist() == ["01611190130229"]
    assert panel.units["district"].tolist() == ["Alameda Unified"]
    assert panel.years == (2024,)
    absence = panel.measures["absence"]
    assert absence.value.sel(year=2024, group="all").item() == 10.0
    assert absence.numerator.sel(year=2024, group="all").item() == 180
    assert absence.reason.sel(year=2024, group="el").item() == Reason.SUPPRESSED
    assert set(panel.groups) == {"all", "el"}


def test_the_core_panel_s_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"schoolid": ["007", "008"], "schyear": "2016"})
    for name in ("gm", "sm", "se", "sa"):
        frame[name], frame[f"{name}_n"] = ["3.9", "."], ["120", "."]
    frame.to_csv(tmp_path / "core.csv", index=False)
    panel = read_with_layout([tmp_path / "core.csv"], load_layout("core/skills"), name="core")
    assert sorted(panel.measures) == [
        "growth_mindset",
        "self_efficacy",
        "self_management",
        "social_awareness",
    ]
    assert panel.measures["self_management"].value.sel(year=2016, group="all").values[0] == 3.9


def test_a_long_file_with_codes_and_published_results(tmp_path: Path) -> None:
    layout = tmp_path / "l.yaml"
    layout.write_text(
        "schema: 1\ntitle: T\nfiles:\n  colours:\n    file: '*.txt'\n    separator: '\t'\n"
        "    school: cds\n    year: {is: 2018}\n    measure: ind\n"
        "    numbers: {value: colour, n: n, codes: {Red: 1, Green: 4}}\n"
        "    published: {status: {column: status, codes: {CSI: met, General: not met}}}\n"
    )
    (tmp_path / "a.txt").write_text(
        "cds\tind\tcolour\tn\tstatus\n1\tela\tRed\t30\tCSI\n2\tela\tGreen\t40\tGeneral\n"
    )
    panel = read_with_layout([tmp_path / "a.txt"], load_layout(layout), name="t")
    assert panel.measures["ela"].value.values.ravel().tolist() == [1.0, 4.0]
    assert panel.published["value"].tolist() == ["met", "not met"]


def test_an_excel_file_with_a_layout(tmp_path: Path) -> None:
    layout = tmp_path / "l.yaml"
    layout.write_text(
        "schema: 1\ntitle: T\nfiles:\n  one:\n    file: '*.xlsx'\n    sheet: Data\n    skip: 1\n"
        "    school: {column: Code, digits: 4}\n    year: Year\n"
        "    measures: {ela: {value: Percent met}}\n"
    )
    rows = [["Our district", "", ""], ["Code", "Year", "Percent met"], [101, 2025, "45%"]]
    pd.DataFrame(rows).to_excel(tmp_path / "d.xlsx", sheet_name="Data", header=False, index=False)
    panel = read_with_layout([tmp_path / "d.xlsx"], load_layout(layout), name="t")
    assert panel.units["school"].tolist() == ["0101"]
    assert panel.measures["ela"].value.item() == 45.0


def told(tmp_path: Path, text: str, data: str = ABSENCE) -> str:
    layout, path = tmp_path / "l.yaml", tmp_path / "a.csv"
    layout.write_text(text)
    path.write_text(data)
    with pytest.raises(ProblemsError) as error:
        read_with_layout([path], load_layout(layout), name="t")
    return str(error.value)


BODY = "schema: 1\ntitle: T\nfiles:\n  one:\n    file: '*.csv'\n    school: School Code\n"


def test_every_problem_of_a_layout_at_once(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        BODY + "    yaer: x\n    measure: Reporting Category\n    marks: {'*': supressed}\n",
    )
    assert "l.yaml:7: files.one.yaer" in text
    assert "Did you mean year?" in text
    text = told(tmp_path, BODY + "    measure: x\n    marks: {'*': supressed}\n")
    assert "l.yaml:7: files.one.measure: must be given with numbers" in text
    assert "l.yaml:8: files.one.marks.*: must be one of suppressed" in text


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("    schools: {kind: {column: Level, cods: {E: elementary}}}\n", "codes"),
        ("    group: {column: Reporting Category, othrs: keep}\n", "others"),
        ("    year: {column: Academic Year, digts: 4}\n", "digits"),
        ("    measures: {m: {value: Rate, numertor: Count}}\n", "numerator"),
        ("    measure: x\n    numbers: {value: Rate, numertor: Count}\n", "numerator"),
        ("    publishd: {grade: Grade}\n", "published"),
        ("measures: {m: {unti: percent}}\n", "unit"),
        ("orign: x\n", "origin"),
    ],
)
def test_a_misspelled_word_is_held_to_the_words_of_its_place(
    tmp_path: Path, line: str, word: str
) -> None:
    assert f"Did you mean {word}?" in told(tmp_path, BODY + line)


def test_every_column_and_code_that_is_not_there_is_told(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        BODY + "    year: Academic Yaer\n    keep: {Agregate Level: [S]}\n"
        "    group: {column: Reporting Category, codes: {TA: all}}\n"
        "    measures: {m: {value: Rate}}\n",
    )
    assert "a.csv has no column Agregate Level;" in text
    assert "Did you mean Aggregate Level?" in text
    text = told(
        tmp_path,
        BODY + "    year: Academic Yaer\n"
        "    group: {column: Reporting Category, codes: {TA: all}}\n"
        "    measures: {m: {value: Rate}}\n",
    )
    assert "has no column Academic Yaer;" in text
    assert "column Reporting Category: no code for RW, SE; the layout has TA." in text


def test_a_file_that_fits_nothing_and_a_layout_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "enrolment.csv").write_text("a\n1\n")
    with pytest.raises(ProblemsError, match="enrolment.csv: fits no file of the layout"):
        read_with_layout([tmp_path / "enrolment.csv"], load_layout("california/calpads"), name="t")
    with pytest.raises(ProblemsError, match="Did you mean california/calpads"):
        load_layout("california/calpad")
    assert {"california/calpads", "core/skills"} <= set(layout_names())


WIDE = "code,ela_EL,n_EL,ela_TA,n_TA\n1,20,30,60,40\n2,*,5,50,50\n"
WIDE_BODY = (
    "schema: 1\ntitle: T\nfiles:\n  one:\n    file: '*.csv'\n    school: code\n"
    "    year: {is: 2025}\n    marks: {'*': suppressed}\n"
)


def test_a_pattern_with_capitals_and_numbers_with_thousands(tmp_path: Path) -> None:
    (tmp_path / "Report_2025.CSV").write_text('code,points,n\n1,"1,250.5","12,345"\n2,7,9\n')
    text = WIDE_BODY.replace("'*.csv'", "'Report_*.csv'")
    (tmp_path / "l.yaml").write_text(text + "    measures: {api: {value: points, n: n}}\n")
    panel = read_with_layout([tmp_path / "Report_2025.CSV"], load_layout(tmp_path / "l.yaml"))
    assert panel.measures["api"].value.values.ravel().tolist() == [1250.5, 7]
    assert panel.measures["api"].n.values.ravel().tolist() == [12345, 9]


def test_columns_repeated_for_each_group(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(WIDE)
    (tmp_path / "l.yaml").write_text(
        WIDE_BODY + "    across: {group: {EL: el, TA: all}}\n"
        "    measures: {ela: {value: 'ela_{}', n: 'n_{}'}}\n"
    )
    panel = read_with_layout([tmp_path / "a.csv"], load_layout(tmp_path / "l.yaml"), name="t")
    ela = panel.measures["ela"]
    assert ela.value.sel(year=2025, group="el").values.tolist()[0] == 20
    assert ela.reason.sel(year=2025, group="el").values.tolist() == [0, Reason.SUPPRESSED]
    assert ela.n.sel(year=2025, group="all").values.tolist() == [40, 50]


def test_columns_repeated_for_each_measure_or_year(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,ELA_pct,MATH_pct\n1,20,60\n")
    (tmp_path / "l.yaml").write_text(
        WIDE_BODY + "    across: {measure: {ELA: ela, MATH: math}}\n"
        "    numbers: {value: '{}_pct'}\n"
    )
    panel = read_with_layout([tmp_path / "a.csv"], load_layout(tmp_path / "l.yaml"), name="t")
    assert {name: cells.value.item() for name, cells in panel.measures.items()} == {
        "ela": 20,
        "math": 60,
    }
    (tmp_path / "a.csv").write_text("code,grad2024,grad2025\n1,80,90\n")
    (tmp_path / "l.yaml").write_text(
        WIDE_BODY.replace("    year: {is: 2025}\n", "")
        + "    across: {year: {'2024': '2024', '2025': '2025'}}\n"
        "    measures: {grad: {value: 'grad{}'}}\n"
    )
    panel = read_with_layout([tmp_path / "a.csv"], load_layout(tmp_path / "l.yaml"), name="t")
    assert panel.years == (2024, 2025)
    assert panel.measures["grad"].value.values.ravel().tolist() == [80, 90]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "    across: {group: {EL: el}}\n    measures: {ela: {value: ela_EL}}\n",
            "l.yaml:9: files.one.across: needs a column with {} in its name",
        ),
        (
            "    measures: {ela: {value: 'ela_{}'}}\n",
            "files.one.across: must say what stands for {} in the names of columns",
        ),
        (
            "    across: {year: {EL: '2025'}}\n    measures: {ela: {value: 'ela_{}'}}\n",
            "l.yaml:7: files.one.year: must not be given where across gives the year",
        ),
        (
            "    across: {group: {EL: el}, measure: {EL: ela}}\n    numbers: {value: 'ela_{}'}\n",
            "files.one.across: goes over one of group, year, measure",
        ),
        (
            "    across: {group: {BL: black}}\n    measures: {ela: {value: 'ela_{}'}}\n",
            "l.yaml:10: files.one: a.csv has no column ela_BL;",
        ),
    ],
)
def test_what_is_wrong_with_repeated_columns_is_told(
    tmp_path: Path, words: str, message: str
) -> None:
    assert message in told(tmp_path, WIDE_BODY + words, WIDE)
