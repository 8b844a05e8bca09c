"""Students become measures as a pencil would do it; what cannot be right is told or mended."""

import gzip
import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from analysis.designs.design import Design, parse_design
from analysis.designs.student_columns import COLUMNS
from analysis.panels.about import About
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import Measured, measure, read_or_measure
from analysis.panels.students.table import make_students, read_students
from analysis.panels.students.who import unknown
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from analysis.publishing.disclosure import suppressed
from analysis.ratings.rate import rate
from analysis.ratings.write import write_ratings
from analysis.values import Reason
from tests.test_commands import measures

TYPES = {"text": pl.String, "word": pl.String, "yes_no": pl.Boolean, "whole": pl.Int64}
ORDINARY = {
    **{name: False for name, column in COLUMNS.items() if column.holds == "yes_no"},
    **dict.fromkeys(("suspensions", "in_school_suspensions", "expulsions"), 0),
    "school": "0101",
    "year": 2015,
    "grade": 8,
    "race": "white",
    "days_enrolled": 180,
    "days_absent": 0.0,
    "full_year": True,
}
HEAD = "full_year: any, minimum_days: 0, alternate: out, first_year_el: out"


def rows(*students: dict) -> pl.DataFrame:
    """Write student rows: an ordinary eighth grader, but for what is said."""
    said = [{"student": f"id-{i}", **ORDINARY, **one} for i, one in enumerate(students)]
    schema = {name: TYPES.get(column.holds, pl.Float64) for name, column in COLUMNS.items()}
    return pl.DataFrame(said, schema=schema)


def several(count: int, **words) -> list[dict]:
    return [words] * count


def design(clauses: dict[str, str], *, students: str = HEAD) -> Design:
    body = "\n".join(f"  {name}: {{from_students: {clause}}}" for name, clause in clauses.items())
    return parse_design(f"title: T\nevidence: derived\nstudents: {{{students}}}\nmeasures:\n{body}")


def counted(
    clause: str, *students: dict, students_say: str = HEAD, schools: pd.DataFrame | None = None
) -> Measured:
    table = make_students(rows(*students), schools=schools)
    return measure(design({"m": clause}, students=students_say), table)


def cell(found: Measured, *, school="0101", year=2015, group="all", part="", name="m") -> tuple:
    """Give value, n, numerator and standard error of a cell; None where there is none."""
    units = found.panel.units
    row = int(np.flatnonzero((units["school"] == school) & (units["part"] == part))[0])
    values = found.panel.measures[name]
    parts = (values.value, values.n, values.numerator, values.se)
    at = {"school": row}
    told = [math.nan if a is None else a.isel(at).sel(year=year, group=group).item() for a in parts]
    return tuple(None if math.isnan(x) else pytest.approx(x, abs=1e-12) for x in told)


ABSENT = "{definition: chronic_absence, minimum_days: 30}"


def test_chronic_absence_at_its_edges() -> None:
    found = counted(
        ABSENT,
        {"days_absent": 18},  # exactly 10 %
        {"days_absent": 17.5},
        {"days_enrolled": 30, "days_absent": 3},  # exactly 30 days
        {"days_enrolled": 29, "days_absent": 29},
        {"days_enrolled": 0},
        {"days_absent": None},
    )
    # 2 of 3; standard error 100 sqrt(2/3 x 1/3 / 3)
    assert cell(found) == (200 / 3, 3, 2, 100 * math.sqrt(2 / 27))
    lost = found.lost[found.lost["group"] == "all"]
    assert dict(zip(lost["rule"], lost["students"], strict=True)) == {
        "not enrolled": 1,
        "fewer than 30 days": 1,
        "no record of attendance": 1,
    }
    assert lost["share"].tolist() == [1 / 6] * 3


def test_more_than_30_days_is_31() -> None:
    clause = "{definition: chronic_absence, minimum_days: 31}"
    found = counted(clause, {"days_absent": 18}, {"days_enrolled": 30, "days_absent": 3})
    assert cell(found)[:3] == (100, 1, 1)


def test_a_tenth_is_a_tenth_for_every_number_of_days() -> None:
    tenths = [{"days_enrolled": 10 * k, "days_absent": k} for k in range(3, 37)]
    assert cell(counted(ABSENT, *tenths))[:3] == (100, 34, 34)
    halves = [{"days_enrolled": 10 * k, "days_absent": k - 0.5} for k in range(3, 37)]
    assert cell(counted(ABSENT, *halves))[:3] == (0, 34, 0)


ELA = "{definition: met_standard, subject: ela, cuts: {7: 2552, 8: 2567}, denominator: D}"


def test_met_standard_by_grade() -> None:
    found = counted(
        ELA.replace("D", "tested"),
        {"ela_score": 2567},  # exactly at the standard
        {"ela_score": 2566},
        {"grade": 7, "ela_score": 2566},
        {"grade": 6, "ela_score": 2800},  # a grade without a standard
        {"ela_score": None},
        {"alternate": True},
        {"first_year_el": True, "el": True, "ela_score": 2400},
    )
    assert cell(found) == (200 / 3, 3, 2, 100 * math.sqrt(2 / 27))


def test_at_least_95_per_cent_stand_below_the_line() -> None:
    def value(tested: int, **words: str) -> tuple:
        students = several(9, ela_score=2600) + several(tested - 9, ela_score=2400)
        students += several(20 - tested, ela_score=None)
        students += several(2, alternate=True)
        head = HEAD if not words else HEAD.replace("alternate: out", "alternate: in")
        return cell(counted(ELA.replace("D", "at_least_95"), *students, students_say=head))

    # 20 enrolled: 19 at least
    share = 9 / 19
    assert value(18) == (100 * share, 18, 9, 100 * math.sqrt(share * (1 - share) / 19))
    assert value(19)[0] == 900 / 19
    assert value(20)[0] == 45
    # with the two alternate students among the enrolled: 95 % of 22 are 20.9
    assert value(18, alternate="in")[:3] == (900 / 20.9, 18, 9)


def test_full_year_and_days_may_differ_by_measure() -> None:
    students = [{"full_year": False, "days_absent": 90}, {"days_enrolled": 60}, {}, {}]
    head = HEAD.replace("any", "required").replace("minimum_days: 0", "minimum_days: 100")
    one = "{definition: suspended, events: [suspensions]}"
    assert cell(counted(one, *students, students_say=head))[1] == 2
    other = "{definition: suspended, events: [suspensions], full_year: any, minimum_days: 0}"
    assert cell(counted(other, *students, students_say=head))[1] == 4


READY = {"gpa": 2.5, "mark_ela": "C", "mark_math": "C"}


@pytest.mark.parametrize(
    ("student", "ready"),
    [
        ({}, 100),
        ({"gpa": 2.49}, 0),
        ({"days_enrolled": 100, "days_absent": 4}, 100),  # attendance 96 %
        ({"days_enrolled": 100, "days_absent": 4.5}, 0),
        ({"days_enrolled": 175, "days_absent": 7}, 100),  # 96 % too
        ({"mark_math": "D"}, 0),
        ({"mark_ela": "F"}, 0),
        ({"suspensions": 1}, 0),
        ({"in_school_suspensions": 2}, 100),
        ({"expulsions": 1}, 100),  # the default counts suspensions
        ({"gpa": None}, None),
        ({"mark_math": None}, None),
        ({"days_absent": None}, None),
        ({"grade": 7}, None),
    ],
)
def test_ready_for_high_school(student: dict, ready: float | None) -> None:
    sure = {**READY, "school": "0102"}
    found = counted("{definition: readiness}", {**READY, **student}, sure)
    if ready is None:
        assert "0101" not in set(found.panel.units["school"]) or cell(found)[1] is None
    else:
        assert cell(found)[:2] == (ready, 1)


def test_graduation_of_a_cohort() -> None:
    last = {"grade": 12, "cohort": 2015}
    students = [
        *({**last, "graduated_in": years} for years in (4, 4, 5, 6, None)),
        {**last, "days_enrolled": 0, "full_year": False, "grade": 10},  # left, never graduated
        {"grade": 11, "cohort": 2016},  # not its cohort's year
        {"student": "later", "year": 2016},
        {"student": "later", "year": 2017},
    ]
    clauses = {f"g{k}": f"{{definition: graduation, years: {k}}}" for k in (4, 5, 6)}
    found = measure(design(clauses), make_students(rows(*students)))
    for years, year, graduates in ((4, 2015, 2), (5, 2016, 3), (6, 2017, 4)):
        told = cell(found, name=f"g{years}", year=year)
        assert told[:3] == (100 * graduates / 6, 6, graduates)
    assert cell(found, name="g5", year=2015) == (None, None, None, None)
    # what is known only after the last year of the rows is not given
    early = measure(design(clauses), make_students(rows(*students[:7])))
    assert early.panel.years == (2015,)
    assert np.isnan(early.panel.measures["g5"].value).all()


def test_suspended_counts_each_student_once() -> None:
    students = [{"suspensions": 3}, {"expulsions": 1}, {"in_school_suspensions": 1}, {}]
    told = "{definition: suspended, events: [suspensions, expulsions]}"
    assert cell(counted(told, *students))[:3] == (50, 4, 2)
    every = "{definition: suspended, events: [suspensions, expulsions, in_school_suspensions]}"
    assert cell(counted(every, *students))[:3] == (75, 4, 3)


LEARNER = {"el": True, "years_el": 3}
LEARNERS = [
    {**LEARNER, "redesignated": True},
    {**LEARNER, "years_el": 9, "redesignated": True, "redesignated_state": True},
    {**LEARNER, "years_el": 5},  # not more than five years
    {**LEARNER, "years_el": 6},
    {"rfep": True, "redesignated_state": True},  # redesignated between the two census days
    {},
]


@pytest.mark.parametrize(
    ("words", "numerator", "n"),
    [
        ("window: school_year, others: count", 2, 4),
        ("window: school_year, others: met, long_term: 5", 3, 4),
        ("window: school_year, others: left_out, long_term: 5", 2, 3),
        ("window: state, others: count", 2, 5),
    ],
)
def test_redesignation(words: str, numerator: int, n: int) -> None:
    found = counted(f"{{definition: redesignation, {words}}}", *LEARNERS)
    assert cell(found)[:3] == (100 * numerator / n, n, numerator)


def test_progress_in_english() -> None:
    levels = [(2, 1), (2, 2), (4, 4), (1, 2), (3, None), (None, 2)]
    students = [{"el": True, "el_level": now, "el_level_before": before} for now, before in levels]
    found = counted("{definition: el_progress}", *students, {})
    assert cell(found)[:3] == (50, 4, 2)
    # a gain of two levels
    more = counted("{definition: el_progress, gain: 2}", *students)
    assert cell(more)[:3] == (25, 4, 1)


def test_means_and_their_standard_error() -> None:
    mind = "{definition: scale_mean, column: growth_mindset}"
    found = counted(mind, *({"growth_mindset": x} for x in (2, 4, 3, None)))
    assert cell(found) == (3, 3, None, 1 / math.sqrt(3))  # sd 1
    assert cell(counted(mind, {"growth_mindset": 2.5})) == (2.5, 1, None, None)
    climate = counted("{definition: favourable, column: climate}", {"climate": 50}, {"climate": 75})
    assert cell(climate) == (62.5, 2, None, 12.5)


def test_mean_scores_leave_out_whom_tests_leave_out() -> None:
    students = [{"ela_score": 2500}, {"ela_score": 2400, "first_year_el": True, "el": True}]
    told = "{definition: scale_mean, column: ela_score, first_year_el: W}"
    assert cell(counted(told.replace("W", "out"), *students))[:2] == (2500, 1)
    assert cell(counted(told.replace("W", "in"), *students))[:2] == (2450, 2)


def test_groups_overlap() -> None:
    groups = (
        "groups: {el: {any: [el, rfep]}, pure_el: el, both: {all: [swd, {not: sed}]}, "
        "islands: {race: [filipino, pacific_islander]}}"
    )
    students = [
        {"el": True, "swd": True, "suspensions": 1},
        {"rfep": True, "race": "filipino"},
        {"swd": True, "sed": True, "race": None},
        {"race": "pacific_islander", "el": True, "suspensions": 1},
    ]
    say = f"{HEAD}, {groups}"
    found = counted("{definition: suspended, events: [suspensions]}", *students, students_say=say)
    counts = {group: cell(found, group=group)[1:3] for group in found.panel.groups}
    assert counts == {
        "all": (4, 2),
        "el": (3, 2),
        "pure_el": (2, 2),
        "both": (1, 1),
        "islands": (2, 1),
    }


SCHOOLS = pd.DataFrame(
    {
        "school": ["0101", "0102"],
        "level": ["span", "elementary"],
        "enrollment": [5, 2],
        "title1": ["yes", "no"],
    }
)
PARTS = f"{HEAD}, parts: {{elementary: [-1, 5], middle: [6, 8], high: [9, 12]}}"


def test_schools_that_span_levels_have_parts() -> None:
    students = [
        {"grade": 0, "suspensions": 1},
        *({"grade": grade} for grade in (5, 6, 8, 9)),
        {"grade": 5, "school": "0102"},
        {"grade": 6, "school": "0102"},  # an elementary school to grade 6 has no parts
    ]
    found = counted(
        "{definition: suspended, events: [suspensions]}",
        *students,
        students_say=PARTS,
        schools=SCHOOLS,
    )
    panel = found.panel
    told = panel.units[["school", "part", "level", "enrollment"]].to_numpy().tolist()
    assert told == [
        ["0101", "", "span", 5],
        ["0102", "", "elementary", 2],
        ["0101", "elementary", "elementary", 2],
        ["0101", "high", "high", 1],
        ["0101", "middle", "middle", 2],
    ]
    ns = {part: cell(found, part=part)[1:3] for part in ("", "elementary", "middle", "high")}
    assert ns == {"": (5, 1), "elementary": (2, 1), "middle": (2, 0), "high": (1, 0)}
    assert panel.columns["title1"].values.tolist() == [1, 0, 1, 1, 1]
    assert panel.whole.tolist() == [0, 1, 0, 0, 0]


def test_all_measures_are_counted_in_one_go() -> None:
    clauses = {"absence": ABSENT, "suspended": "{definition: suspended, events: [suspensions]}"}
    found = measure(design(clauses), make_students(rows({"days_absent": 18}, {})))
    assert list(found.panel.measures) == ["absence", "suspended"]
    assert cell(found, name="absence")[0] == 50
    assert cell(found, name="suspended")[0] == 0


def test_no_order_of_rows_changes_a_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    many = rows(*({"growth_mindset": float(x)} for x in random.uniform(1, 5, 3000)))
    told = design({"m": "{definition: scale_mean, column: growth_mindset}"})
    digests = {measure(told, make_students(many)).panel.digest}
    digests.add(
        measure(told, make_students(many.sample(fraction=1, shuffle=True, seed=2))).panel.digest
    )
    for form, write in (("parquet", many.write_parquet), ("csv", many.write_csv)):
        folder = tmp_path / form
        folder.mkdir()
        write(folder / f"students.{form}")
        digests.add(measure(told, read_students(folder)).panel.digest)
    assert len(digests) == 1


def test_what_nobody_knows_stays_unknown() -> None:
    clauses = {
        "absence": "{definition: chronic_absence, minimum_days: null}",
        "suspended": "{definition: suspended, events: [suspensions]}",
    }
    found = measure(design(clauses), make_students(rows({}, {})))
    assert found.unknown == {"absence": ("minimum_days",)}
    absence = found.panel.measures["absence"]
    assert (absence.reason == Reason.UNKNOWN_CONSTANT).all()
    assert np.isnan(absence.value).all()
    filled = design(clauses).vary({"measures.absence.from_students.minimum_days": 30})
    assert cell(measure(filled, make_students(rows({}, {}))), name="absence")[1] == 2
    # what is decided about tests leaves answers alone
    mind = {"m": "{definition: scale_mean, column: growth_mindset}"}
    loose = design(mind, students=HEAD.replace("alternate: out", "alternate: null"))
    assert measure(loose, make_students(rows({"growth_mindset": 2}))).unknown == {}
    # a rule for all students that nobody knows leaves unknown what it counts
    shared = design(clauses).vary({"students.full_year": None})
    with pytest.raises(
        ProblemsError,
        match="no measure can be counted: nobody knows minimum_days, students.full_year",
    ):
        measure(shared, make_students(rows({}, {})))


def refused(clause: str, *students: dict, say: str = HEAD, schools=None) -> str:
    with pytest.raises(ProblemsError) as error:
        counted(clause, *students, students_say=say, schools=schools)
    assert "id-" not in str(error.value)
    return str(error.value)


EVENTS = "{definition: suspended, events: [suspensions]}"
SCALE = f"{HEAD}, scales: {{ela_score: [2000, 3000], math_score: [2000, 3000]}}"
TESTED = ELA.replace("D", "tested")
COHORT = "{definition: graduation, years: 4}"
PROGRESS = "{definition: el_progress}"
READINESS = "{definition: readiness}"
BAD = {
    "more absent than enrolled": (
        ABSENT,
        [{}, {"days_absent": 181}, {"days_absent": 180}],
        "students: 1 row: days_absent is more than days_enrolled (row 3). Mend it, or say "
        "students.repair.absence: limit or leave_out.",
    ),
    "attendance above 100 %": (
        ABSENT,
        [{"days_absent": -1}],
        "1 row: days_absent is below 0 (row 2).",
    ),
    "many rows": (
        ABSENT,
        several(1200, days_absent=181),
        "1,200 rows: days_absent is more than days_enrolled (rows 2, 3, 4 and 1,197 more).",
    ),
    "graduated in grade 5": (
        COHORT,
        [{"grade": 5, "graduated_in": 4}],
        "1 row: graduated_in is given before grade 9 (row 2). Mend it, or say "
        "students.repair.graduation: empty or leave_out.",
    ),
    "graduated before the cohort's year": (
        COHORT,
        [{"grade": 12, "cohort": 2016, "graduated_in": 4}],
        "graduated_in is given in another year than the cohort's",
    ),
    "graduated in 7 years": (
        COHORT,
        [{"grade": 12, "cohort": 2015, "graduated_in": 7}],
        "graduated_in must lie between 4 and 6 (row 2)",
    ),
    "a score outside the scale": (
        TESTED,
        [{"ela_score": 3001}, {"ela_score": 3000}],
        "1 row: ela_score must lie between 2000 and 3000 (row 2)",
    ),
    "a score beside an alternate assessment": (
        TESTED,
        [{"ela_score": 2500, "alternate": True}],
        "alternate is true, but there is ela_score (row 2)",
    ),
    "an unknown race": (
        EVENTS,
        [{"race": "blakc"}],
        "1 row: race must be one of black, hispanic, white, asian, filipino, pacific_islander, "
        "american_indian, multiracial (row 2). Mend it, or say students.repair.words: empty or "
        "leave_out.",
    ),
    "an unknown mark": (READINESS, [{"mark_ela": "A+"}], "mark_ela must be one of A, B, C, D, F"),
    "a grade out of range": (EVENTS, [{"grade": 13}], "grade must lie between -1 and 12 (row 2)"),
    "a missing school": (EVENTS, [{"school": None}], "school must say something (row 2)"),
    "a missing answer": (PROGRESS, [{"el": None}], "el must say something (row 2)"),
    "a missing count": (EVENTS, [{"suspensions": None}], "suspensions must say something"),
    "a negative count": (EVENTS, [{"suspensions": -1}], "suspensions must be 0 or more (row 2)"),
    "a grade point average of 5": (READINESS, [{"gpa": 5}], "gpa must lie between 0 and 4"),
    "too many days": (EVENTS, [{"days_enrolled": 367}], "days_enrolled must lie between 0 and 366"),
    "a learner redesignated already": (PROGRESS, [{"el": True, "rfep": True}], "el and rfep are"),
    "a level of no learner": (PROGRESS, [{"el_level": 3}], "el_level is given, but el is not true"),
    "the same row twice": (
        EVENTS,
        [{"student": "id-x"}, {}, {"student": "id-x"}, {"student": "id-x", "year": 2016}],
        "1 row: the same student, school and year again (row 4). Mend it, or say "
        "students.repair.duplicates: keep_longest.",
    ),
    "all year in two schools": (
        EVENTS,
        [{"student": "id-x"}, {"student": "id-x", "school": "0102"}],
        "1 row: the same student all year in another school too (row 3)",
    ),
    "two cohorts": (
        COHORT,
        [{"student": "id-x", "grade": 12, "cohort": 2015, "school": s} for s in ("0101", "0102")],
        "1 row: the same student in the cohort of another school too (row 3)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_cannot_be_right_is_refused(name: str) -> None:
    clause, students, told = BAD[name]
    say = f"{SCALE}, groups: {{black: {{race: black}}, learner: {{any: [el, rfep]}}}}"
    assert told in refused(clause, *students, say=say)


def test_more_days_than_the_year_has() -> None:
    say = f"{HEAD}, days_in_year: 180"
    one = {"student": "id-x", "full_year": False}
    there = [{**one, "school": s, "days_enrolled": d} for s, d in (("1", 90), ("2", 91))]
    told = refused(EVENTS, *there, say=say)
    assert (
        "1 row: the same student on more than 180 days of the year in all schools (row 2)" in told
    )
    assert counted(EVENTS, *there).panel.years == (2015,)  # without days_in_year nobody can say
    moved = [there[0], {**there[1], "days_enrolled": 90}]
    assert counted(EVENTS, *moved, students_say=say).panel.years == (2015,)


def test_all_reasons_are_told_at_once() -> None:
    told = refused(ABSENT, {"days_absent": 181}, {"days_enrolled": -1}, {"grade": 13})
    assert "days_absent is more than days_enrolled (row 2)" in told
    assert "days_enrolled must lie" in told
    assert "grade must lie" in told


def test_a_school_that_is_not_there() -> None:
    told = refused(EVENTS, {"school": "0109"}, {}, schools=SCHOOLS)
    assert "students: 1 row: the school is not in the table of schools (row 2). Mend the" in told


def test_duplicates_keep_the_longest_row() -> None:
    students = [
        {"student": "id-x", "days_enrolled": 100, "suspensions": 1},
        {"student": "id-x", "days_enrolled": 120},
        {"student": "id-x", "days_enrolled": 120, "suspensions": 1},  # as long, but later
        {},
    ]
    say = f"{HEAD}, repair: {{duplicates: keep_longest}}"
    found = counted(EVENTS, *students, students_say=say)
    assert cell(found)[:3] == (0, 2, 0)
    assert found.repaired.to_numpy().tolist() == [
        ["the same student, school and year again", "keep_longest", 2]
    ]


def test_two_schools_keep_the_longest_row() -> None:
    students = [
        {"student": "id-x", "days_enrolled": 179},
        {"student": "id-x", "school": "0102"},
        {"student": "id-x", "school": "0103", "days_enrolled": 20, "full_year": False},
        {},
    ]
    say = f"{HEAD.replace('any', 'required')}, repair: {{two_schools: keep_longest}}"
    found = counted(EVENTS, *students, students_say=say)
    assert cell(found)[1] == 1
    assert cell(found, school="0102")[1] == 1
    assert found.repaired["rows"].tolist() == [1]


def test_a_cohort_keeps_a_student_once_and_other_measures_keep_both_rows() -> None:
    last = {"student": "id-x", "grade": 12, "cohort": 2015, "full_year": False}
    students = [
        {**last, "days_enrolled": 80},
        {**last, "school": "0102", "days_enrolled": 100, "graduated_in": 4},
    ]
    say = f"{HEAD}, repair: {{cohort: keep_longest}}"
    clauses = {"graduated": COHORT, "suspended": EVENTS}
    found = measure(design(clauses, students=say), make_students(rows(*students)))
    assert cell(found, name="graduated")[1] is None
    assert cell(found, name="graduated", school="0102")[:2] == (100, 1)
    assert [cell(found, name="suspended", school=s)[1] for s in ("0101", "0102")] == [1, 1]


@pytest.mark.parametrize(
    ("rule", "clause", "bad", "value", "n"),
    [
        ("absence: limit", ABSENT, {"days_absent": 200}, 50, 2),
        ("absence: leave_out", ABSENT, {"days_absent": 200}, 0, 1),
        ("absence: limit", ABSENT, {"days_absent": -3}, 0, 2),
        ("scores: empty", TESTED, {"ela_score": 9999}, 100, 1),
        ("scores: leave_out", TESTED, {"ela_score": 2600, "alternate": True}, 100, 1),
        ("grade: leave_out", EVENTS, {"grade": 14, "suspensions": 1}, 0, 1),
        ("words: empty", READINESS, {"mark_ela": "Z"}, 100, 1),
        ("numbers: leave_out", EVENTS, {"suspensions": -1}, 0, 1),
        ("missing: leave_out", EVENTS, {"suspensions": None}, 0, 1),
        ("graduation: empty", COHORT, {"graduated_in": 4}, 100, 1),
        ("english: empty", PROGRESS, {"el_level": 1}, 100, 1),
    ],
)
def test_a_declared_rule_mends(rule: str, clause: str, bad: dict, value: float, n: int) -> None:
    good = {**READY, "school": "0101", "ela_score": 2600.0}
    if clause in (COHORT, PROGRESS):
        good |= {"grade": 12, "cohort": 2015, "graduated_in": 4}
        good |= {"el": clause == PROGRESS}
        good |= {"el_level": 4, "el_level_before": 4} if clause == PROGRESS else {}
    found = counted(clause, good, {**READY, **bad}, students_say=f"{SCALE}, repair: {{{rule}}}")
    assert cell(found)[:2] == (value, n)
    assert found.repaired["rule"].tolist() == [rule.split(": ")[1]]
    assert found.repaired["rows"].tolist() == [1]


def test_a_message_names_the_column_that_is_missing() -> None:
    table = make_students(rows({}).drop("days_absent", "school").with_columns(days_absnt=1.0))
    with pytest.raises(ProblemsError) as error:
        measure(design({"m": ABSENT}), table)
    told = str(error.value)
    assert "students: must have the column school; it has student, year" in told
    assert "days_absent, which measures.m.from_students (design:5) reads; it has" in told
    assert "Did you mean days_absnt?" in told


def test_a_column_of_another_kind_is_told() -> None:
    table = make_students(rows({}).with_columns(school=101, el=0, race=1))
    with pytest.raises(ProblemsError) as error:
        measure(design({"m": EVENTS}), table)
    told = str(error.value)
    assert "column school: must hold text (codes keep their zeros), not Int32." in told
    assert "column el: must hold true or false, not Int32." in told
    assert "column race: must hold words, not Int32." in told


TEXT = "student,school,year,grade,days_enrolled,suspensions,el,gpa\n"


def students_file(folder: Path, body: str, *, about: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    folder.joinpath("students.csv").write_text(TEXT + body)
    folder.joinpath("panel.yaml").write_text(about)
    return folder


def test_text_is_read_as_people_write_it(tmp_path: Path) -> None:
    body = "a,0101,2015,8,180,1,True,\nb, 0101 ,2015,8,180.0,0,no,2.5\n"
    read = read_students(students_file(tmp_path, body))
    clauses = {"m": EVENTS, "gpa": "{definition: scale_mean, column: gpa}"}
    found = measure(design(clauses, students=f"{HEAD}, groups: {{el: el}}"), read)
    assert cell(found)[:2] == (50, 2)
    assert cell(found, group="el")[:2] == (100, 1)
    assert cell(found, name="gpa")[:2] == (2.5, 1)


def test_text_that_is_no_number_is_told(tmp_path: Path) -> None:
    body = "a,0101,2015,8,180,one,maybe,\nb,0101,2015.5,8,180,0,no,x\n"
    read = read_students(students_file(tmp_path, body))
    clauses = {"m": EVENTS, "gpa": "{definition: scale_mean, column: gpa}"}
    with pytest.raises(ProblemsError) as error:
        measure(design(clauses, students=f"{HEAD}, groups: {{el: el}}"), read)
    told = str(error.value)
    assert "students.csv: 1 row: year must be a whole number (row 3)" in told
    assert "suspensions must be a whole number (row 2)" in told
    assert "el must be true or false (row 2)" in told
    assert "gpa must be a number (row 3)" in told


def test_packed_text_is_read_and_damaged_text_is_told(tmp_path: Path) -> None:
    body = TEXT + "a,0101,2015,8,180,1,true,\n"
    with gzip.open(tmp_path / "students.csv.gz", "wt") as file:
        file.write(body)
    assert cell(measure(design({"m": EVENTS}), read_students(tmp_path)))[:2] == (100, 1)
    (tmp_path / "students.csv.gz").unlink()
    students_file(tmp_path, "a,0101,2015,8,180,1,true,,secret,9\n")
    with pytest.raises(ProblemsError) as error:
        measure(design({"m": EVENTS}), read_students(tmp_path))
    assert str(error.value).startswith("students.csv: cannot be read as a table.")
    assert "secret" not in str(error.value)
    (tmp_path / "students.csv").rename(tmp_path / "students.dta")
    with pytest.raises(ProblemsError, match="are read from .parquet, .csv or .csv.gz"):
        read_students(tmp_path)


def test_students_may_lie_in_many_files(tmp_path: Path) -> None:
    (tmp_path / "students.parquet").mkdir()
    for name, days in (("a", 18), ("b", 17)):
        part = rows({"student": f"id-{name}", "days_absent": days})
        part.write_parquet(tmp_path / "students.parquet" / f"{name}.parquet")
    assert cell(measure(design({"m": ABSENT}), read_students(tmp_path)))[:3] == (50, 2, 1)
    rows({"days_absent": 999}).write_parquet(tmp_path / "students.parquet" / "c.parquet")
    with pytest.raises(ProblemsError, match="days_absent is more than days_enrolled .row 4"):
        measure(design({"m": ABSENT}), read_students(tmp_path))


def test_someone_must_count() -> None:
    with pytest.raises(ProblemsError) as error:
        counted(READINESS, {"grade": 7})
    assert str(error.value) == "students: has no student who counts in a measure of design."


def test_there_must_be_students(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="has no table students: one of students.parquet"):
        read_students(tmp_path)
    with pytest.raises(ProblemsError, match="takes no measure from students"):
        measure(parse_design("title: T\nmeasures: {ela: {}}"), make_students(rows({})))
    tmp_path.joinpath("students.parquet").write_text("no parquet")
    with pytest.raises(ProblemsError, match="cannot be read as a table"):
        read_students(tmp_path)
    students_file(tmp_path, "")
    with pytest.raises(ProblemsError, match="holds students twice"):
        read_students(tmp_path)


# growth: worlds whose truth is planted, in score points

GROWTH = "{definition: growth, subject: ela, controls: [], reference: yearly, scale: points, "
PRIORS = (2400, 2440, 2480, 2520)


def pair(student: str, school: str, before: float, after: float, **words) -> list[dict]:
    """Two years of a student: grade 3 in 2014 and grade 4 in 2015, unless said otherwise."""
    year, grade, gap = words.pop("year", 2015), words.pop("grade", 4), words.pop("gap", 1)
    one = {"student": student, "school": school, **words}
    return [
        {**one, "year": year - gap, "grade": grade - gap, "ela_score": before},
        {**one, "year": year, "grade": grade, "ela_score": after},
    ]


def cohort_of(effects: dict[str, float], *, year: int = 2015, spread: float = 0) -> list[dict]:
    """Each school has the same scores before, so that effects go with none of them."""
    return [
        row
        for school, effect in effects.items()
        for before in PRIORS
        for sign in (-1, 1)
        for row in pair(
            f"id-{year}-{school}-{before}-{sign}",
            school,
            before,
            500 + 0.8 * before + effect + sign * spread,
            year=year,
        )
    ]


EFFECTS = {"1": -30.0, "2": -10.0, "3": 10.0, "4": 30.0}
MODELS = (
    "model: residual",
    "model: school_effect",
    "model: corrected, corrected_by: reliability, reliability: 1",
)


@pytest.mark.parametrize("model", MODELS)
def test_without_noise_growth_is_the_planted_effect(model: str) -> None:
    found = counted(f"{GROWTH}{model}}}", *cohort_of(EFFECTS, spread=6))
    for school, effect in EFFECTS.items():
        value, n, numerator, se = cell(found, school=school)
        assert value == pytest.approx(effect, abs=1e-5)
        assert (n, numerator) == (8, None)
        # four above by 6 and four below by 6: sd 6 sqrt(8/7), standard error 6 / sqrt(7)
        assert se == pytest.approx(6 / math.sqrt(7), rel=1e-4)
    lost = found.lost[(found.lost["rule"] == "no score before") & (found.lost["group"] == "all")]
    assert lost.empty  # grade 3 is not what the measure is about


def test_controls_are_taken_out() -> None:
    rows_of = cohort_of(EFFECTS)
    for row in rows_of:
        row["sed"] = row["ela_score"] is not None and row["student"].endswith("-1")
        if row["sed"] and row["year"] == 2015 and not row["student"].endswith("--1"):
            row["ela_score"] -= 25
    clause = f"{GROWTH.replace('[]', '[sed]')}model: school_effect}}"
    every = [row for row in rows_of if row["student"].endswith("--1")]
    for row in every:
        row["sed"] = False
    found = counted(clause, *rows_of)
    for school, effect in EFFECTS.items():
        assert cell(found, school=school)[0] == pytest.approx(effect, abs=1e-5)


def test_from_grade_8_to_grade_11_and_who_has_no_growth() -> None:
    students = [
        *pair("id-a", "1", 2500, 2590, year=2018, grade=11, gap=3),
        *pair("id-b", "1", 2560, 2620, year=2018, grade=11, gap=3),
        *pair("id-c", "2", 2600, 2700, year=2018, grade=11, gap=3),
        *pair("id-d", "2", 2650, 2720, year=2018, grade=11, gap=3),
        *pair("id-e", "2", 2680, 2730, year=2018, grade=11, gap=2),  # no test in grade 9
        {"student": "id-f", "school": "1", "year": 2018, "grade": 11, "ela_score": 2500},
        {"student": "id-g", "school": "1", "year": 2018, "grade": 11, "ela_score": None},
    ]
    found = counted(f"{GROWTH}model: residual}}", *students)
    assert [cell(found, school=s, year=2018)[1] for s in "12"] == [2, 2]
    lost = found.lost[(found.lost["group"] == "all") & (found.lost["year"] == 2018)]
    told = dict(zip(lost["rule"], lost["students"], strict=True))
    assert told == {"not tested": 1, "no score before": 2}
    # a grade repeated is no growth, and a design may say that grade 11 has none
    no_11 = f"{GROWTH}model: residual, prior: {{4: 3}}}}"
    some = cohort_of(EFFECTS)
    some += pair("id-r", "1", 2400, 2500) + pair("id-11", "1", 2400, 2500, grade=11, gap=3)
    some[-4]["grade"] = 4
    assert cell(counted(no_11, *some), school="1")[1] == 8


def test_a_grade_with_too_few_students_has_no_model() -> None:
    alone = pair("id-x", "1", 2500, 2600, grade=6)
    found = counted(f"{GROWTH}model: residual}}", *cohort_of(EFFECTS), *alone)
    assert cell(found, school="1")[1] == 8
    lost = found.lost[found.lost["rule"] == "no growth model of this grade and year"]
    assert lost["students"].tolist() == [1]


PERCENTILE = GROWTH.replace("points", "percentile")


def test_percentiles_of_schools() -> None:
    found = counted(f"{PERCENTILE}model: residual}}", *cohort_of(EFFECTS, spread=6))
    # below it and half of itself, of four schools
    values = [cell(found, school=s)[0] for s in EFFECTS]
    assert values == [12.5, 37.5, 62.5, 87.5]
    # effects are 20 apart and standard errors 2.3: one below and above stays between neighbours
    assert [cell(found, school=s)[3] for s in EFFECTS] == [12.5, 12.5, 12.5, 12.5]


def test_a_group_is_placed_among_whole_schools() -> None:
    students = cohort_of(EFFECTS)
    for row in students:
        row["el"] = row["school"] == "4" and row["student"].endswith("-1")
        if row["el"] and row["year"] == 2015:
            row["ela_score"] -= 20 if row["student"].endswith("--1") else 0
    say = f"{HEAD}, groups: {{el: el}}"
    found = counted(f"{PERCENTILE}model: school_effect}}", *students, students_say=say)
    # school 4: four of eight fall by 20, so all by 10 on average: 20, still the highest
    assert cell(found, school="4")[0] == 87.5
    assert cell(found, school="4", group="el")[0] == 87.5 + 12.5 * 0
    assert cell(found, school="4", group="el")[1] == 8


def test_a_base_year_lets_schools_rise() -> None:
    later = {school: effect + 20 for school, effect in EFFECTS.items()}
    students = cohort_of(EFFECTS, year=2015) + cohort_of(later, year=2016)
    yearly = counted(f"{PERCENTILE}model: residual}}", *students)
    assert [cell(yearly, school=s, year=2016)[0] for s in EFFECTS] == [12.5, 37.5, 62.5, 87.5]
    base = PERCENTILE.replace("yearly", "base_year, base_year: 2015")
    held = counted(f"{base}model: residual}}", *students)
    assert [cell(held, school=s, year=2015)[0] for s in EFFECTS] == [12.5, 37.5, 62.5, 87.5]
    assert [cell(held, school=s, year=2016)[0] for s in EFFECTS] == [37.5, 62.5, 87.5, 100]
    none = PERCENTILE.replace("yearly", "base_year, base_year: 2013")
    told = refused(f"{none}model: residual}}", *students)
    assert "base_year: no student of 2013 has a score before. Name another year." in told


def noisy_world(students: int, schools: int, *, reliability: float) -> tuple:
    """Draw a world in which better schools have better scores before, measured with error."""
    random = np.random.default_rng(20150315)
    school = random.integers(0, schools, students)
    effect = random.normal(0, 10, schools)
    sed = random.random(students) < 0.5
    true = 2450 + 70 * random.normal(size=students) + 3 * effect[school] - 30 * sed
    noise = true.std() * math.sqrt((1 - reliability) / reliability)
    before, other = (true + random.normal(0, noise, students) for _ in range(2))
    after = 500 + 0.8 * true - 8 * sed + effect[school] + random.normal(0, 30, students)
    frame = pl.DataFrame({"student": [f"id-{i}" for i in range(students)], "sed": sed})
    frame = frame.with_columns(school=pl.Series([f"{s:03d}" for s in school]))
    ordinary = {k: pl.lit(v) for k, v in ORDINARY.items() if k not in ("sed", "school")}
    frame = frame.with_columns(**ordinary)
    first = frame.with_columns(
        pl.lit(2014).alias("year"),
        pl.lit(3).alias("grade"),
        ela_score=before,
        math_score=other,
    )
    second = first.with_columns(
        pl.lit(2015).alias("year"), pl.lit(4).alias("grade"), ela_score=after
    )
    return pl.concat([first, second]), effect, school, before, sed, noise


def recovered(world: pl.DataFrame, model: str) -> np.ndarray:
    clause = f"{GROWTH.replace('[]', '[sed]')}{model}}}"
    panel = measure(design({"m": clause}), make_students(world)).panel
    order = panel.units["school"].argsort().to_numpy()
    return panel.measures["m"].value.sel(year=2015, group="all").to_numpy()[order]


def slope(y: np.ndarray, x: np.ndarray) -> float:
    return float(np.cov(y, x)[0, 1] / np.var(x, ddof=1))


def test_error_in_the_score_before_and_its_correction() -> None:
    """Planted effects against found ones: uncorrected models are off, corrected ones are not."""
    world, effect, *_, noise = noisy_world(60_000, 60, reliability=0.8)
    found = {
        "residual": recovered(world, "model: residual"),
        "school_effect": recovered(world, "model: school_effect"),
        "other": recovered(world, "model: corrected, corrected_by: other_subject"),
        "known": recovered(world, "model: corrected, corrected_by: reliability, reliability: 0.8"),
    }
    slopes = {name: slope(one, effect) for name, one in found.items()}
    # within schools and controls 70^2 of 70^2 + noise^2 is true; the rest of 0.8 is not taken out,
    # and a school better by 1 has scores before that are higher by 3
    left = 0.8 * noise**2 / (70**2 + noise**2)
    assert slopes["school_effect"] == pytest.approx(1 + 3 * left, abs=0.04)
    assert slopes["other"] == pytest.approx(1, abs=0.03)
    assert slopes["known"] == pytest.approx(1, abs=0.03)
    assert slopes["residual"] > 1.2


def test_averaged_residuals_are_drawn_to_zero_where_schools_differ_before() -> None:
    """Without error in the score before: the model with schools is right, residuals are not."""
    world, effect, *_ = noisy_world(60_000, 60, reliability=1.0)
    assert slope(recovered(world, "model: school_effect"), effect) == pytest.approx(1, abs=0.02)
    assert slope(recovered(world, "model: residual"), effect) < 0.9


def test_residuals_with_school_means_go_with_no_school_mean() -> None:
    world, _, school, before, sed, _ = noisy_world(4_000, 20, reliability=0.8)
    value = recovered(world, "model: residual_with_school_means")
    n = np.bincount(school)
    for column in (before, sed.astype(float)):
        mean = np.bincount(school, weights=column) / n
        with_it = np.sum(n * value * (mean - np.average(mean, weights=n)))
        scale = np.sqrt(np.sum(n * value**2) * np.sum(n * (mean - mean.mean()) ** 2))
        assert abs(with_it) < 1e-5 * scale
    assert value.std() > 1


def test_schools_and_controls_together_are_a_regression_with_a_column_for_each_school() -> None:
    """The same as ordinary least squares with 19 columns of zeros and ones for 20 schools."""
    world, _, school, before, sed, _ = noisy_world(2_000, 20, reliability=0.9)
    after = world.filter(pl.col("year") == 2015)["ela_score"].to_numpy()
    columns = np.column_stack([before, sed, *(school == s for s in range(20))]).astype(float)
    params = np.linalg.lstsq(columns, after, rcond=None)[0]
    effects = params[2:] - np.average(params[2:], weights=np.bincount(school))
    value = recovered(world, "model: school_effect")
    assert value == pytest.approx(effects, abs=1e-5)


# what is written

ELEVEN = [{"suspensions": int(i < 4)} for i in range(11)]


def many(count: int, *, met: int, **words) -> list[dict]:
    return [{"suspensions": int(i < met), **words} for i in range(count)]


def test_small_and_extreme_cells_are_kept_back() -> None:
    mind = "{definition: scale_mean, column: growth_mindset}"
    students = [
        *many(10, met=5, school="few"),
        *many(11, met=5, school="enough", growth_mindset=3),
        *many(40, met=2, school="low", growth_mindset=3),
        *many(40, met=3, school="fine"),
        *many(40, met=38, school="high", growth_mindset=3),
        *({"school": "fine", "growth_mindset": x} for x in [1.0] * 6 + [5.0] * 6),
    ]
    found = measure(design({"m": EVENTS, "mind": mind}), make_students(rows(*students)))
    panel = suppressed(found.panel)
    shown = {s: cell(Measured(panel, *[None] * 3), school=s) for s in ("few", "low", "high")}
    assert shown["few"] == (None, None, None, None)
    assert shown["low"] == shown["high"] == (None, 40, None, None)
    kept = Measured(panel, *[None] * 3)
    assert cell(kept, school="enough")[:3] == (500 / 11, 11, 5)
    assert cell(kept, school="fine")[:3] == (300 / 52, 52, 3)
    reason = panel.measures["m"].reason.sel(year=2015, group="all").to_numpy()
    assert (reason == Reason.SUPPRESSED).sum() == 3
    # a mean tells of everybody where all gave one answer
    assert cell(kept, school="low", name="mind") == (None, 40, None, None)
    assert cell(kept, school="fine", name="mind")[:2] == (3, 12)
    assert panel.from_students == ()


def test_made_up_students_need_no_protection(tmp_path: Path) -> None:
    made_up = About(synthetic=True)
    rules = parse_design(LISTED)
    found = measure(rules, make_students(rows(*small_and_large()), about=made_up))
    write_ratings(rate(rules, found.panel), tmp_path / "rated", internal=True)
    assert "internal" not in pd.read_csv(tmp_path / "rated" / "schools.csv").columns
    assert not read_panel(write_panel(found.panel, tmp_path / "p", internal=True)).about.internal
    table = make_students(rows(*many(5, met=1)), about=About(synthetic=True))
    panel = measure(design({"m": EVENTS}), table).panel
    assert suppressed(panel) is panel
    assert cell(Measured(panel, *[None] * 3))[:3] == (20, 5, 1)


def text_of(folder: Path) -> str:
    return "\n".join(p.read_text() for p in sorted(folder.rglob("*")) if p.suffix != ".parquet")


def test_a_written_panel_is_suppressed_or_marked(tmp_path: Path) -> None:
    panel = counted(EVENTS, *many(5, met=1), *many(30, met=9, school="0102")).panel
    shared = write_panel(panel, tmp_path / "shared")
    assert "suppressed" in text_of(shared)
    assert "id-" not in text_of(shared)
    again = read_panel(shared)
    assert again.measures["m"].value.sel(year=2015, group="all").values.tolist()[1] == 30
    assert np.isnan(again.measures["m"].value.values[0]).all()
    kept = read_panel(write_panel(panel, tmp_path / "internal", internal=True))
    assert kept.about.internal
    assert kept.measures["m"].value.values[0].item() == 20
    assert not again.about.internal


LISTED = """
title: Few suspended
evidence: derived
students: {full_year: any, minimum_days: 0, alternate: out, first_year_el: out, groups: {el: el}}
groups: {el: English learners}
measures: {m: {unit: percent, better: low, from_students: {definition: suspended,
  events: [suspensions]}}}
points: {counted: {rule: minimum_n, of: m, n: 3}}
conditions: {many: {rule: test, of: counted, above: 15}}
lists: {watched: {rule: named, when: many, group: any, groups: [all, el]}}
headline: {index: counted}
"""


def small_and_large() -> list[dict]:
    return [
        *many(5, met=1, school="0101"),
        *many(30, met=9, school="0102"),
        *many(6, met=2, school="0102", el=True),
    ]


def test_ratings_rest_on_all_values_and_show_few(tmp_path: Path) -> None:
    rules = parse_design(LISTED)
    found = measure(rules, make_students(rows(*small_and_large())))
    ratings = rate(rules, found.panel)
    write_ratings(ratings, tmp_path / "open")
    schools = pd.read_csv(tmp_path / "open" / "schools.csv", dtype={"school": str})
    # 1 of 5 is 20 %: named, though its number is not shown
    assert schools["identified_watched"].tolist() == ["met", "met"]
    assert schools["index"].isna().tolist() == [True, False]
    told = pd.read_csv(tmp_path / "open" / "indicators.csv", dtype={"school": str})
    hidden = told[told["reason"] == "suppressed"]
    assert list(zip(hidden["school"], hidden["group"], strict=True)) == [
        ("0101", "all"),
        ("0102", "el"),
    ]
    assert hidden[["value", "points", "n"]].isna().to_numpy().all()
    lists = pd.read_csv(tmp_path / "open" / "lists.csv", dtype={"school": str})
    shown = lists.set_index(["school", "group"])["value"]
    assert np.isnan(shown["0101", "all"])
    assert np.isnan(shown["0102", "el"])
    assert shown["0102", "all"] == pytest.approx(1100 / 36)
    assert "id-" not in text_of(tmp_path / "open")
    assert json.loads((tmp_path / "open" / "provenance.json").read_text())["internal"] is False


def test_a_derived_group_shows_no_cell_that_is_kept_back(tmp_path: Path) -> None:
    """The lowest group's cell is a copy of a small one: 2 of 6."""
    say = "groups: {black: {race: black}, white: {race: white}}"
    text = LISTED.replace("groups: {el: el}", say).replace(
        "groups: {el: English learners}", "groups: {black: Black, white: White, low: Lowest}"
    )
    lowest = "{rule: lowest_group, of: counted, as: low, among: [black, white], by: itself, "
    lowest += "ties: first, better: low}"
    text = text.replace(
        "conditions: {many: {rule: test, of: counted",
        f"index: {{l: {lowest}}}\nconditions: {{many: {{rule: test, of: l",
    ).replace("groups: [all, el]", "groups: [all, low]")
    students = [*many(30, met=9), *many(6, met=2, race="black")]
    rules = parse_design(text)
    write_ratings(rate(rules, measure(rules, make_students(rows(*students))).panel), tmp_path / "o")
    told = pd.read_csv(tmp_path / "o" / "indicators.csv").set_index("group")
    assert told.loc["white", "value"] == 30
    assert np.isnan(told.loc[["black", "low"], "value"].astype(float)).all()
    lists = pd.read_csv(tmp_path / "o" / "lists.csv").set_index("group")
    assert lists["result"].tolist() == ["met", "met"]
    assert np.isnan(lists.loc["low", "value"])
    assert lists.loc["all", "value"] == pytest.approx(1100 / 36)


def test_internal_ratings_are_marked_everywhere(tmp_path: Path) -> None:
    rules = parse_design(LISTED)
    found = measure(rules, make_students(rows(*small_and_large())))
    write_ratings(rate(rules, found.panel), tmp_path / "in", internal=True)
    for name in ("schools", "indicators", "lists"):
        table = pd.read_csv(tmp_path / "in" / f"{name}.csv")
        assert (table["internal"].str.startswith("Internal: shows small groups")).all()
    assert pd.read_csv(tmp_path / "in" / "indicators.csv")["value"].min() == 20
    assert json.loads((tmp_path / "in" / "provenance.json").read_text())["internal"] is True
    # a panel that was written as internal marks what is made of it
    kept = read_panel(write_panel(found.panel, tmp_path / "panel", internal=True))
    write_ratings(rate(rules, kept), tmp_path / "again")
    assert "internal" in pd.read_csv(tmp_path / "again" / "schools.csv").columns


def put(tmp_path: Path, *, about: str = "") -> tuple[Path, Path]:
    folder = tmp_path / "ours"
    folder.mkdir()
    rows(*small_and_large()).write_parquet(folder / "students.parquet")
    folder.joinpath("panel.yaml").write_text(about)
    tmp_path.joinpath("few.yaml").write_text(LISTED)
    return tmp_path / "few.yaml", folder


def test_the_commands_measure_and_rate(tmp_path: Path) -> None:
    rules, folder = put(tmp_path)
    left = rows({"student": "id-l", "school": "0102", "days_enrolled": 0, "full_year": False})
    pl.concat([rows(*small_and_large()), left]).write_parquet(folder / "students.parquet")
    done = measures("measure", str(rules), str(folder), "--out", str(tmp_path / "panel"))
    assert (done.returncode, done.stderr) == (0, "")
    # one student has left; so small a number is not told
    assert re.search(r"m +all +not enrolled +under 11", done.stdout)
    assert "suppressed" in (tmp_path / "panel" / "measures.csv").read_text()
    done = measures("rate", str(rules), str(folder), "--out", str(tmp_path / "rated"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "watched, 2015: 2 schools named" in done.stdout
    internal = str(tmp_path / "internal")
    done = measures("rate", str(rules), str(folder), "--out", internal, "--internal")
    assert "Internal: shows small groups of students. Do not share." in done.stdout
    assert "--internal" in json.loads(Path(internal, "provenance.json").read_text())["command"]
    for text in (done.stdout, text_of(tmp_path / "rated"), text_of(tmp_path / "panel")):
        assert "id-" not in text


def test_a_panel_alone_is_not_read_from_students(tmp_path: Path) -> None:
    _, folder = put(tmp_path)
    folder.joinpath("schools.csv").write_text("school\n0101\n0102\n")
    with pytest.raises(ProblemsError) as error:
        read_panel(folder)
    told = "holds students and no measures. Count them first: measures measure DESIGN FOLDER"
    assert told in str(error.value)


@pytest.mark.parametrize("words", [["explain", "0101"], ["explain", "0101", "--format", "json"]])
def test_no_question_shows_what_is_kept_back(tmp_path: Path, words: list[str]) -> None:
    """School 0101 has 1 of 5, which is 20 per cent, and `many` holds above 15."""
    rules, folder = put(tmp_path)
    done = measures(words[0], words[1], str(rules), str(folder), *words[2:])
    numbers = re.findall(r"[0-9]+(?:[.][0-9]+)?", done.stdout)
    assert "20" not in numbers
    assert "20.0" not in numbers


def test_made_up_students_are_said_to_be_so(tmp_path: Path) -> None:
    rules, folder = put(tmp_path, about="synthetic: true\n")
    done = measures("rate", str(rules), str(folder), "--out", str(tmp_path / "rated"))
    assert "Synthetic: made-up students." in done.stdout
    assert json.loads((tmp_path / "rated" / "provenance.json").read_text())["synthetic"] is True
    assert "suppressed" not in (tmp_path / "rated" / "indicators.csv").read_text()


def test_measures_beside_the_students_are_kept(tmp_path: Path) -> None:
    """Answers of staff and families are no student rows; they come as rows of measures."""
    _, folder = put(tmp_path)
    beside = "school,year,measure,value,n\n0101,2015,staff,80,12\n0102,2014,staff,75,9\n"
    folder.joinpath("measures.csv").write_text(beside)
    folder.joinpath("schools.csv").write_text("school\n0101\n0102\n")
    more = parse_design(LISTED.replace("measures: {", "measures: {staff: {unit: percent}, "))
    found = read_or_measure(more, folder)
    assert isinstance(found, Measured)
    assert found.panel.years == (2014, 2015)
    staff = found.panel.measures["staff"].value.sel(group="all")
    assert staff.sel(year=2015).values.tolist()[0] == 80
    assert found.panel.from_students == ("m",)
    # a folder that has all the design wants is read as it is
    assert isinstance(
        read_or_measure(parse_design("title: T\nmeasures: {staff: {}}"), folder), Panel
    )
    folder.joinpath("measures.csv").write_text(beside + "0102,2014,m,75,90\n")
    assert isinstance(read_or_measure(more, folder), Panel)
    folder.joinpath("measures.csv").write_text(beside + "0102,2014,other,75,nine\n")
    told = "measures row 4, column n: must be a number, but it says nine."
    with pytest.raises(ProblemsError, match=told):
        measure(more, read_students(folder))


def test_a_mended_panel_says_what_was_mended(tmp_path: Path) -> None:
    rules, folder = put(tmp_path)
    double = rows({"student": "id-d", "school": "0101"}, {"student": "id-d", "school": "0101"})
    pl.concat([rows(*small_and_large()), double]).write_parquet(folder / "students.parquet")
    out = str(tmp_path / "rated")
    done = measures("rate", str(rules), str(folder), "--out", out)
    assert done.returncode == 1
    assert "the same student, school and year again (row 44)" in done.stderr
    mending = LISTED.replace("groups: {el: el}}", "repair: {duplicates: keep_longest}}", 1)
    rules.write_text(
        mending.replace("groups: [all, el]", "groups: [all]").replace(
            "groups: {el: English learners}\n", ""
        )
    )
    done = measures("rate", str(rules), str(folder), "--out", out)
    assert done.returncode == 0
    assert "mended 1 rows (keep_longest): the same student, school and year again" in done.stdout


TRUTH = pd.DataFrame(
    {
        "school": ["0101", "0102"],
        "measure": "m",
        "group": "all",
        "year": 2015,
        "value": [18.0, 24.5],
    }
)


@pytest.mark.parametrize("form", ["csv", "parquet", "dta", "xlsx"])
def test_truth_is_read_and_written(tmp_path: Path, form: str) -> None:
    schools = pd.DataFrame({"school": ["0101", "0102"]})
    cells = pd.DataFrame({"school": ["0101"], "year": 2015, "measure": "m", "value": [20.0]})
    from analysis.panels.panel import make_panel  # noqa: PLC0415

    panel = make_panel(schools, cells, truth=TRUTH)
    there = write_panel(panel, tmp_path / ("p.xlsx" if form == "xlsx" else "p"), form=form)
    truth = read_panel(there).truth
    assert truth[["school", "part", "measure", "group"]].to_numpy().tolist() == [
        ["0101", "", "m", "all"],
        ["0102", "", "m", "all"],
    ]
    assert truth["value"].tolist() == [18.0, 24.5]
    assert truth["year"].tolist() == [2015, 2015]
    one = read_panel(there).where(np.array([False, True]))
    assert one.truth["school"].tolist() == ["0102"]


def test_a_truth_that_cannot_be_right_is_told(tmp_path: Path) -> None:
    students_file(tmp_path, "a,0101,2015,8,180,1,True,\n")
    head = "school,measure,year,value\n"
    rules = design({"m": EVENTS})
    for body, told in (
        ("0109,m,2015,3\n", "truth row 2, column school: 0109 is not in schools."),
        ("0101,m,2015,x\n", "truth row 2, column value: must be a number, but it says x."),
        ("0101,m,,3\n", "truth: column year: every row must say its year."),
    ):
        tmp_path.joinpath("truth.csv").write_text(head + body)
        with pytest.raises(ProblemsError) as error:
            measure(rules, read_students(tmp_path))
        assert told in str(error.value)
    tmp_path.joinpath("truth.csv").write_text("school,mesure\n0101,m\n")
    with pytest.raises(ProblemsError, match="truth: must have the columns measure, year, value"):
        measure(rules, read_students(tmp_path))


# what the design's language says

WORDS = {
    "an unknown word": (
        "{definition: chronic_absence, shre: 0.1, minimum_days: 30}",
        "measures.m.from_students.shre: the definition chronic_absence has no word shre. Did you "
        "mean share?",
    ),
    "an unknown definition": (
        "{definition: chronic_absense}",
        "measures.m.from_students: there is no definition chronic_absense; definitions are ",
    ),
    "no definition": (
        "{share: 0.1}",
        "must say which definition it is, as in {definition: chronic_absence, ...}.",
    ),
    "a missing word": (
        "{definition: chronic_absence}",
        "measures.m.from_students.minimum_days: must say minimum_days.",
    ),
    "a share above 1": (
        "{definition: chronic_absence, share: 10, minimum_days: 30}",
        "from_students.share: must be less than or equal to 1, but it says 10.",
    ),
    "an unknown column": (
        "{definition: scale_mean, column: growth_mindst}",
        "but it says growth_mindst. Did you mean growth_mindset?",
    ),
    "a column without percentages": (
        "{definition: favourable, column: gpa}",
        "must name a column of students that holds percentages (climate), but it says gpa.",
    ),
    "an unknown control": (
        "{definition: growth, subject: ela, model: residual, controls: [swdd], reference: yearly, "
        "scale: points}",
        "but it says swdd. Did you mean swd?",
    ),
    "a correction that is not said": (
        "{definition: growth, subject: ela, model: corrected, controls: [], reference: yearly, "
        "scale: points}",
        "corrected_by: must be given with model: corrected, and only then.",
    ),
    "a base year that is not said": (
        "{definition: growth, subject: ela, model: residual, controls: [], reference: base_year, "
        "scale: points}",
        "base_year: must be given with reference: base_year, and only then.",
    ),
    "a base year that nothing asks for": (
        "{definition: growth, subject: ela, model: residual, controls: [], reference: yearly, "
        "scale: points, base_year: 2015}",
        "base_year: must be given with reference: base_year, and only then.",
    ),
    "no reliability at all": (
        "{definition: growth, subject: ela, model: corrected, controls: [], reference: yearly, "
        "scale: points, corrected_by: reliability, reliability: 0}",
        "reliability: must be greater than 0, but it says 0.",
    ),
    "a grade that does not rise": (
        "{definition: growth, subject: ela, model: residual, controls: [], reference: yearly, "
        "scale: points, prior: {8: 8}}",
        "prior.8: must name a lower grade, but it says 8.",
    ),
    "no cut score": (
        "{definition: met_standard, subject: ela, cuts: {}, denominator: tested}",
        "cuts: must give the score of at least one grade, as in {8: 2567}.",
    ),
    "years that decide nothing": (
        "{definition: redesignation, window: state, others: count, long_term: 5}",
        "long_term: must be given with others: met or left_out, and only then.",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_definition_that_cannot_be_right_is_told_with_its_line(name: str) -> None:
    clause, told = WORDS[name]
    with pytest.raises(ProblemsError) as error:
        design({"m": clause})
    assert "design:5: measures.m.from_students" in str(error.value)
    assert told in str(error.value)


HEADS = {
    "an unknown word": ("full_yaer: any", "students.full_yaer: this has no word full_yaer. Did"),
    "a group of nobody": ("groups: {el: ell}", "but it says ell. Did you mean el?"),
    "an unknown race": ("groups: {b: {race: blak}}", "but it says blak. Did you mean black?"),
    "an unknown join": ("groups: {b: {either: [el]}}", "must name a word that makes a group"),
    "no race": ("groups: {b: {race: []}}", "race must be a word or a list of words"),
    "too many groups": (
        f"groups: {{{', '.join(f'g{i}: el' for i in range(61))}}}",
        "students.groups: may hold 60 groups, but it holds 61.",
    ),
    "a list that is none": ("groups: {b: {any: el}}", "any must hold a list, as in {any: [el"),
    "two words for one group": ("groups: {b: {any: [el], race: black}}", "must be a column, {race"),
    "a group called all": ("groups: {all: el}", "groups.all: is every student already;"),
    "parts that overlap": ("parts: {a: [0, 5], b: [5, 8]}", "parts.b: has grades that a has too."),
    "a part turned round": ("parts: {a: [5, 0]}", "must give the lower end first, but it says 5"),
    "an unknown rule of mending": (
        "repair: {duplicates: keep_first}",
        "students.repair.duplicates: must be one of keep_longest, but it says keep_first.",
    ),
    "an unknown kind of mending": ("repair: {dupes: x}", "students.repair.dupes: this has no word"),
    "a scale of nothing": ("scales: {ela: [1, 2]}", "must be one of ela_score, math_score, but it"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_heading_that_cannot_be_right_is_told_with_its_line(name: str) -> None:
    words, told = HEADS[name]
    with pytest.raises(ProblemsError) as error:
        design({"m": EVENTS}, students=f"{HEAD}, {words}")
    assert "design:3: students" in str(error.value)
    assert told in str(error.value)


def test_whose_students_count_must_be_said() -> None:
    with pytest.raises(ProblemsError) as error:
        parse_design(f"title: T\nmeasures: {{m: {{from_students: {EVENTS}}}}}")
    assert "the heading students must say whose students count" in str(error.value)
    with pytest.raises(ProblemsError, match="students.alternate: must say alternate."):
        design({"m": EVENTS}, students="full_year: any, minimum_days: 0, first_year_el: out")


def test_every_word_has_an_address_a_source_and_a_part_in_the_fingerprint() -> None:
    base = design({"m": ABSENT.replace("30", "30, cite: The guide, evidence: official")})
    for address, value in (
        ("measures.m.from_students.share", 0.15),  # a word that the file leaves to its default
        ("measures.m.from_students.minimum_days", 31),
        ("students.full_year", "required"),
        ("students.groups", {"el": "el"}),
        ("students.repair", {"duplicates": "keep_longest"}),
    ):
        assert base.vary({address: value}).fingerprint != base.fingerprint
    assert base.evidence("m.from_students.minimum_days") == ("The guide", "official")
    assert base.evidence("measures.m.from_students.share")[0].startswith("San Francisco")
    assert base.evidence("students.full_year") == (None, "derived")
    plain = parse_design("title: T\nmeasures: {m: {}}")
    assert plain.fingerprint == parse_design("title: U\nmeasures: {m: {unit: points}}").fingerprint
    said = base.vary({"measures.m.from_students.share": 0.1})
    assert said.fingerprint == base.fingerprint  # saying the default decides nothing new
    with pytest.raises(ProblemsError, match="the definition chronic_absence has no word shar"):
        base.vary({"measures.m.from_students.shar": 0.2})


def test_a_null_word_is_unknown_only_where_the_answer_to_another_asks_for_it() -> None:
    rules = design({"m": EVENTS}).header.students
    learners = "{definition: redesignation, window: state, others: %s, long_term: null}"
    for others, words in (
        ("null", ("others",)),
        ("count", ()),
        ("met", ("long_term",)),
    ):
        clause = design({"m": learners % others}).measures["m"].from_students
        assert unknown(clause, rules) == words


def test_a_group_that_nobody_knows_has_no_cells_and_is_told() -> None:
    says = f"{HEAD}, groups: {{el: null, swd: swd}}"
    found = counted(ABSENT, {"el": True}, {"swd": True}, students_say=says)
    assert found.panel.groups == ("all", "swd")
    assert found.unknown == {"group el": ("students.groups.el",)}
