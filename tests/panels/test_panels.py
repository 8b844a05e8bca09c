"""A panel is checked with row, column and value, and written so that it reads back."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from analysis.panels.about import About, MeasureNote
from analysis.panels.panel import Panel, make_panel
from analysis.panels.reading import read_panel
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from analysis.values import Reason

SCHOOLS = "school,level,enrollment,title1\n0101,high,200,yes\n0102,middle,100,no\n"
MEASURES = (
    "school,year,measure,group,value,n,note\n"
    "0101,2024,ela,all,50,100,\n0101,2024,ela,el,,,suppressed\n0102,2024,ela,all,60,80,\n"
)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


FORMS = ("csv", "csv.gz", "parquet", "dta", "xlsx")


def place(folder: Path, form: str) -> Path:
    return folder / ("panel.xlsx" if form == "xlsx" else "panel")


def folder(tmp_path: Path, *, schools: str = SCHOOLS, measures: str = MEASURES, about="") -> Path:
    tmp_path.joinpath("schools.csv").write_text(schools)
    tmp_path.joinpath("measures.csv").write_text(measures)
    if about:
        tmp_path.joinpath("panel.yaml").write_text(about)
    return tmp_path


def told(path: Path) -> str:
    with pytest.raises(ProblemsError) as error:
        read_panel(path)
    return str(error.value)


def test_a_sound_panel_reads(tmp_path: Path) -> None:
    panel = read_panel(folder(tmp_path))
    assert list(panel.units["school"]) == ["0101", "0102"]
    ela = panel.measures["ela"]
    assert ela.value.sel(year=2024, group="all").values.tolist() == [50.0, 60.0]
    assert ela.reason.sel(year=2024, group="el").values.tolist() == [
        Reason.SUPPRESSED,
        Reason.NOT_MEASURED,
    ]
    assert panel.columns["title1"].values.tolist() == [1.0, 0.0]


ROWS = "school,year,measure,group,value,n,numerator,se,note\n"
WRONG = {
    "unknown school": (
        "0103,2024,ela,all,50,100,,,\n",
        "measures row 2, column school: 0103 is not in schools. Did you mean 010",
    ),
    "lost zeros": (
        "101,2024,ela,all,50,100,,,\n",
        "measures row 2, column school: 101 is not in schools. It seems to have lost its leading "
        "zeros: did you mean 0101?",
    ),
    "doubled cell": (
        "0101,2024,ela,all,50,100,,,\n0102,2024,ela,all,1,9,,,\n0101,2024,ela,all,51,100,,,\n",
        "measures row 4, column school: this cell is there already, in row 2.",
    ),
    "value out of range": (
        "0101,2024,ela,all,101,100,,,\n",
        "measures row 2, column value: must lie between 0 and 100, but it says 101.",
    ),
    "negative n": (
        "0101,2024,ela,all,50,-3,,,\n",
        "measures row 2, column n: may not be negative, but it says -3.",
    ),
    "fractional n": (
        "0101,2024,ela,all,50,20.5,,,\n",
        "measures row 2, column n: must be a whole number of students, but it says 20.5.",
    ),
    "suppressed with a number": (
        "0101,2024,ela,all,0,5,,,suppressed\n",
        "measures row 2, column value: is suppressed and must be empty, never a number such as 0.",
    ),
    "a strange note": (
        "0101,2024,ela,all,50,9,,,\n0102,2024,ela,all,,,,,supressed\n",
        "measures row 3, column note: must be one of suppressed, not applicable, no students, not "
        "measured, but it says supressed. Did you mean suppressed?",
    ),
    "numerator above n": (
        "0101,2024,ela,all,50,20,21,,\n",
        "measures row 2, column numerator: may not be more than n (20), but it says 21.",
    ),
    "negative standard error": (
        "0101,2024,ela,all,50,20,10,-1,\n",
        "measures row 2, column se: may not be negative, but it says -1.",
    ),
    "text for a number": (
        "0101,2024,ela,all,high,20,10,,\n",
        "measures row 2, column value: must be a number, but it says high.",
    ),
    "a strange year": (
        "0101,24-25,ela,all,50,20,10,,\n",
        "measures row 2, column year: must be a whole number such as 2025, but it says 24-25.",
    ),
    "an endless value": (
        "0101,2024,ela,all,inf,20,10,,\n",
        "measures row 2, column value: must be a finite number, but it says inf.",
    ),
    "no row of all students": (
        "0101,2024,ela,el,50,20,10,,\n",
        "measures: column group: there must be rows of the group all.",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_with_row_column_and_value(tmp_path: Path, kind: str) -> None:
    rows, message = WRONG[kind]
    about = "measures: {ela: {range: [0, 100]}}\n" if "range" in kind else ""
    assert message in told(folder(tmp_path, measures=ROWS + rows, about=about))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    rows = "0199,2024,ela,all,50,-3,,,\n0101,2024,ela,all,50,20.5,,,\n"
    text = told(folder(tmp_path, measures=ROWS + rows))
    assert text.count("\n") == 2
    for place in ("row 2, column school", "row 2, column n", "row 3, column n"):
        assert place in text


def test_many_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"0101,{2000 + i},ela,all,50,-3,,,\n" for i in range(50))
    assert "column n: 30 more of this kind." in told(folder(tmp_path, measures=ROWS + rows))


def test_columns_are_checked(tmp_path: Path) -> None:
    text = told(folder(tmp_path, measures="school,yaer,measure,value\n0101,2024,ela,5\n"))
    assert "must have the column year" in text
    assert "Did you mean yaer?" in text


def test_schools_are_checked(tmp_path: Path) -> None:
    schools = "school,enrollment,title1\n0101,-5,yes\n0101,10,maybe\n,3,no\n"
    text = told(folder(tmp_path, schools=schools))
    assert "schools row 2, column enrollment: may not be negative, but it says -5." in text
    assert "schools row 3, column school: 0101 is there already, in row 2." in text
    assert "schools row 3, column title1: must be yes or no, but it says maybe." in text
    assert "schools row 4, column school: a school must have a code." in text


def test_a_missing_table_and_a_doubled_one(tmp_path: Path) -> None:
    (tmp_path / "schools.csv").write_text(SCHOOLS)
    assert "has no table measures: one of measures.csv" in told(tmp_path)
    folder(tmp_path)
    (tmp_path / "measures.csv.gz").write_bytes(gzip.compress(MEASURES.encode()))
    assert "holds measures twice: measures.csv, measures.csv.gz. Keep one." in told(tmp_path)


def test_parquet_codes_must_be_text(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "measures.csv").unlink()
    table = pa.table({"school": [101], "year": [2024], "measure": ["ela"], "value": [50.0]})
    parquet.write_table(table, tmp_path / "measures.parquet")
    assert "column school: codes must be text, so that leading zeros stay" in told(tmp_path)


def test_a_panel_that_is_not_there() -> None:
    with pytest.raises(ProblemsError, match="Did you mean franklin"):
        read_panel("frankling")


def test_parts_make_their_whole(tmp_path: Path) -> None:
    schools = "school,part,enrollment,district\nA,low,30,X\nA,high,20,X\nB,,10,Y\n"
    measures = "school,part,year,measure,value\nA,low,2024,m,1\nA,high,2024,m,2\nB,,2024,m,3\n"
    panel = read_panel(folder(tmp_path, schools=schools, measures=measures))
    whole = panel.units[(panel.units["school"] == "A") & (panel.units["part"] == "")]
    assert whole[["enrollment", "district"]].values.tolist() == [[50.0, "X"]]
    text = told(folder(tmp_path, schools=schools, measures=measures + "A,middle,2024,m,1\n"))
    assert "measures row 5, column part: school A has no part middle." in text


def test_columns_may_differ_by_year(tmp_path: Path) -> None:
    schools = "school,year,title1\nA,2024,yes\nA,2025,no\n"
    measures = "school,year,measure,value\nA,2024,m,1\nA,2025,m,2\n"
    panel = read_panel(folder(tmp_path, schools=schools, measures=measures))
    assert panel.columns["title1"].sel(year=2024).values.tolist() == [1.0]
    assert panel.columns["title1"].sel(year=2025).values.tolist() == [0.0]


def same(a: Panel, b: Panel) -> None:
    assert (a.years, a.groups, sorted(a.measures)) == (b.years, b.groups, sorted(b.measures))
    assert a.digest == b.digest
    assert a.about == b.about
    for name, values in a.measures.items():
        other = b.measures[name]
        assert np.array_equal(values.value, other.value, equal_nan=True)
        assert np.array_equal(values.reason, other.reason)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["franklin", "california-api-2000"])
def test_embedded_panels_read_back(tmp_path: Path, name: str, form: str) -> None:
    panel = read_panel(name)
    if form == "xlsx":  # a row of a workbook takes as long as fifty rows of a csv file
        panel = panel.where(np.arange(len(panel.units)) < 400)
    same(panel, read_panel(write_panel(panel, place(tmp_path, form), form=form)))


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.15g}") + 0.0)
CELL = st.one_of(  # Excel keeps 15 digits of a number
    st.tuples(NUMBERS, st.integers(0, 9999), st.just("")),
    st.tuples(st.none(), st.none(), st.sampled_from(["suppressed", "not applicable"])),
    st.tuples(st.none(), st.just(0), st.just("no students")),
)


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    codes = draw(st.lists(st.from_regex(r"0[0-9]{3}", fullmatch=True), min_size=1, unique=True))
    cells = [
        {"school": s, "year": y, "measure": m, "group": g, "value": v, "n": n, "note": note}
        for s in codes
        for y in (2024, 2025)
        for m in ("ela", "math")
        for g in ("all", "el")
        if (g == "all" and s == codes[0]) or draw(st.booleans())
        for v, n, note in [draw(CELL)]
    ]
    schools = pd.DataFrame({"school": codes, "level": draw(st.sampled_from(["high", "middle"]))})
    return make_panel(schools, pd.DataFrame(cells).astype({"value": float, "n": float}))


@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(panel=panels(), form=st.sampled_from(FORMS))
def test_any_panel_reads_back(tmp_path_factory, panel: Panel, form: str) -> None:
    there = place(tmp_path_factory.mktemp("p"), form)
    same(panel, read_panel(write_panel(panel, there, form=form)))


def test_writing_never_spoils_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ProblemsError, match="holds files already"):
        write_panel(read_panel("franklin"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_part_of_a_panel_has_another_fingerprint() -> None:
    panel = read_panel("franklin")
    some = panel.where((panel.units["district"] == "Ash").to_numpy())
    assert len(some.units) == 6
    assert some.digest != panel.digest
    assert some.fingerprint("ela") != panel.fingerprint("ela")


def test_ranges_of_measures_are_said_in_the_panel() -> None:
    schools = pd.DataFrame({"school": ["1"]})
    measures = pd.DataFrame({"school": ["1"], "year": 2024, "measure": "m", "value": [7.0]})
    about = About(measures={"m": MeasureNote(range=(0, 5))})
    with pytest.raises(ProblemsError, match="must lie between 0 and 5, but it says 7"):
        make_panel(schools, measures, about=about)


def test_the_embedded_california_figures_are_the_agency_s() -> None:
    """Counts and sums of the source file, so that a changed cell is found without it."""
    panel = read_panel("california-api-2000")
    api = panel.measures["api"].value.sel(group="all")
    assert len(panel.units) == 6194
    assert panel.years == (1999, 2000)
    assert float(api.sel(year=1999).sum()) == pytest.approx(3_914_069)
    assert float(api.sel(year=2000).sum()) == pytest.approx(4_117_230)


def test_the_embedded_california_data_are_the_source_s() -> None:
    source = SHARED / "california" / "api_1999_2000.csv"
    if not source.exists():
        pytest.skip("the source file is not beside this clone")
    rows = pd.read_csv(source, dtype={"cds": str}).set_index("cds")
    panel = read_panel("california-api-2000")
    mine = panel.units["school"]
    assert set(mine) == set(rows.index)
    for year, column in ((1999, "api99"), (2000, "api00")):
        value = panel.measures["api"].value.sel(year=year, group="all").values
        assert np.array_equal(value, rows.loc[mine, column].to_numpy(dtype=float), equal_nan=True)
