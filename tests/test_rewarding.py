"""What the command `incentives` prints and writes, and what it says when asked wrongly."""

import json
from pathlib import Path

from tests.test_commands import measures

FRANKLIN = ("incentives", "franklin/index", "franklin")
DESIGN = """
title: Absence alone
students: {full_year: any, minimum_days: 0, alternate: in, first_year_el: in}
measures:
  absence:
    unit: percent
    better: low
    from_students: {definition: chronic_absence, minimum_days: 0}
points:
  level: {rule: cuts, of: absence, better: low, from: {2: 60, 3: 40}}
index:
  total: {rule: mean, of: {level: 1}, missing: share_out}
headline: {index: total}
"""


def test_designs_side_by_side_in_words_tables_and_figures(tmp_path: Path) -> None:
    to = tmp_path / "out"
    words = ("--and", "franklin/index+franklin/lowest-third", "--students", "1", "--out", str(to))
    done = measures(*FRANKLIN, *words)
    assert done.returncode == 0
    assert "paper earns 61 % (by school, the middle half: 50 % to 76 %)" in done.stdout
    assert "at 7 of 12 schools, as much at 3, less at 2" in done.stdout
    assert "need student rows" in done.stdout
    tables = ("acts", "break_even", "designs", "exposure", "schools", "ways", "worth")
    wanted = {f"{name}.csv" for name in tables} | {"paper.svg", "worth.svg"}
    assert {path.name for path in to.iterdir()} == wanted
    designs = (to / "designs.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in designs[1:]] == [
        "franklin/index",
        "franklin/index+lowest-third",
    ]


def test_one_school_and_other_forms() -> None:
    """Cedar without one low-income student: 30 x 25 / 85 points, its best act."""
    done = measures(*FRANKLIN, "--school", "0103", "--format", "json")
    acts = json.loads(done.stdout)["acts"]
    assert max(act["index"] for act in acts) == 8.823529412
    assert {act["school"] for act in acts} == {"0103"}
    done = measures(*FRANKLIN, "--school", "0103", "--format", "csv")
    assert done.stdout.splitlines()[0].startswith("school,part,measure,group,act,size,n,value")
    done = measures(*FRANKLIN, "--school", "9999")
    assert done.returncode == 1
    assert "9999: is no school of the panel franklin." in done.stderr


def test_students_near_a_line_are_counted_and_few_are_not_told(tmp_path: Path) -> None:
    """15 students miss exactly a tenth of their days; 3 half a day less: fewer than 11."""
    (tmp_path / "design.yaml").write_text(DESIGN, encoding="utf-8")
    rows = ["student,school,year,grade,days_enrolled,days_absent"]
    for i, absent in enumerate([18.0] * 15 + [17.5] * 3 + [0.0] * 12):
        rows.append(f"s{i},0101,2025,5,180,{absent}")
    (tmp_path / "students").mkdir()
    (tmp_path / "students/students.csv").write_text("\n".join(rows), encoding="utf-8")
    words = (str(tmp_path / "design.yaml"), str(tmp_path / "students"), "--format", "json")
    done = measures("incentives", *words)
    assert done.returncode == 0, done.stderr
    (line,) = json.loads(done.stdout)["lines"]
    assert (line["counted"], line["worse_1"], line["better_1"]) == (30, 15, None)
