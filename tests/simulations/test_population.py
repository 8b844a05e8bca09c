"""Students grow up, no row is impossible, and the same seed gives the same bytes."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from analysis.designs.student_columns import COLUMNS
from analysis.panels.reading import read_panel
from analysis.panels.students.table import read_students
from analysis.problems import ProblemsError
from simulations.population.chunks import Chunk, Population
from simulations.population.moments import all_figures, moments
from simulations.population.places import make_places
from simulations.population.rows import SCHEMA
from simulations.population.world import World, load_world
from simulations.population.write import write_population
from tests.test_commands import measures

SMALL = load_world("core-small")
YEARS = (2013, 2015, 2016, 2018)


def some(*districts: str) -> World:
    return SMALL.model_copy(update={"include": districts})


TWO = some("los_angeles", "oakland")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("population") / "small"
    return write_population(Population(TWO, 1), where, years=YEARS)


@pytest.fixture(scope="module")
def rows(folder) -> pl.DataFrame:
    return pl.read_parquet(folder / "students.parquet")


def test_the_small_world_has_the_size_that_it_says() -> None:
    places = [make_places(SMALL, 1, district) for district in SMALL.places]
    assert sum(len(np.unique(one.school)) for one in places) == 60
    # thirteen grades, and a part of the children in transitional kindergarten
    assert sum(one.seats.sum() for one in places) * 13.14 == pytest.approx(20_000, rel=0.02)


def test_the_folder_is_a_panel(folder, rows: pl.DataFrame) -> None:
    panel = read_panel(folder)
    assert panel.years == YEARS
    assert panel.about.synthetic
    assert set(panel.measures) == {"climate_staff", "climate_family"}
    assert set(panel.truth["measure"]) >= {"ela", "absence", "climate_students", "math_growth"}
    assert set(rows["school"]) == set(panel.units["school"])
    assert read_students(folder).columns == tuple(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_cell_is_what_its_column_declares(rows: pl.DataFrame, name: str) -> None:
    column, declared = rows[name], COLUMNS[name]
    if not declared.empty:
        assert column.null_count() == 0
    known = column.drop_nulls()
    assert len(known) > 0
    if declared.one_of:
        assert set(known) <= set(declared.one_of)
    elif declared.holds in ("whole", "number"):
        assert known.is_finite().all()
        assert known.min() >= declared.low
        assert known.max() <= declared.high


IMPOSSIBLE = {
    "more days absent than enrolled": pl.col("days_absent") > pl.col("days_enrolled"),
    "days below none": pl.col("days_absent") < 0,
    "half days only": (2 * pl.col("days_absent")) % 1 != 0,
    "a learner who was redesignated": pl.col("el") & pl.col("rfep"),
    "a score beside an alternate test": pl.col("alternate") & pl.col("ela_score").is_not_null(),
    "an alternate test without a disability": pl.col("alternate") & ~pl.col("swd"),
    "a score in a grade without a test": pl.col("math_score").is_not_null()
    & ~pl.col("grade").is_in([3, 4, 5, 6, 7, 8, 11]),
    "a newcomer's English score": pl.col("first_year_el") & pl.col("ela_score").is_not_null(),
    "marks before grade 6": (pl.col("grade") < 6) & pl.col("mark_ela").is_not_null(),
    "a cohort before high school": (pl.col("grade") < 9) & pl.col("cohort").is_not_null(),
    "graduated outside the cohort's year": pl.col("graduated_in").is_not_null()
    & ~(pl.col("cohort") == pl.col("year")).fill_null(value=False),
    "a level without learning English": pl.col("el_level").is_not_null() & ~pl.col("el"),
    "redesignated at a low level": pl.col("redesignated_state") & (pl.col("el_level") < 3),
    "counted by the district but not the state": pl.col("redesignated")
    & ~pl.col("redesignated_state"),
    "all year, but not enrolled all year": pl.col("full_year") & (pl.col("days_enrolled") < 180),
    "gone, but suspended": (pl.col("days_enrolled") == 0) & (pl.col("suspensions") > 0),
    "gone before the cohort's year": (pl.col("days_enrolled") == 0)
    & (pl.col("cohort") != pl.col("year")),
    "expelled, not suspended": (pl.col("expulsions") > 0) & (pl.col("suspensions") == 0),
    "answers before grade 4": (pl.col("grade") < 4) & pl.col("self_efficacy").is_not_null(),
    "answers before grade 5": (pl.col("grade") < 5) & pl.col("climate").is_not_null(),
    "homeless, not disadvantaged": pl.col("homeless") & ~pl.col("sed"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_no_row_is_impossible(rows: pl.DataFrame, what: str) -> None:
    assert rows.filter(IMPOSSIBLE[what]).is_empty()


def test_a_student_has_one_row_a_year(rows: pl.DataFrame) -> None:
    assert rows.select("student", "year").is_unique().all()


def test_scores_stay_on_the_scale(rows: pl.DataFrame) -> None:
    for subject, test in SMALL.tests.items():
        score = rows[f"{subject}_score"].drop_nulls()
        assert score.min() >= test.lowest
        assert score.max() <= test.highest


def test_a_school_teaches_only_its_grades(folder, rows: pl.DataFrame) -> None:
    panel = read_panel(folder)
    whole = panel.units[panel.units["part"] == ""].set_index("school")["level"]
    spans = {"elementary": (-1, 5), "middle": (6, 8), "high": (9, 12)}
    table = rows.group_by("school").agg(low=pl.col("grade").min(), high=pl.col("grade").max())
    for school, low, high in table.iter_rows():
        if whole[school] != "span":
            assert (low, high) == spans[whole[school]]
    assert "span" in set(whole)


def test_the_same_student_grows_up(rows: pl.DataFrame) -> None:
    one = rows.filter(pl.col("year") == 2015)
    both = one.join(rows.filter(pl.col("year") == 2016), on="student", suffix="_next")
    stay = both.filter(pl.col("full_year") & pl.col("full_year_next"))
    # 93.5 % stay in each of two years; grade 12 and newcomers have no second row
    assert 0.70 < len(stay) / len(one) < 0.85
    assert (both["grade_next"] == both["grade"] + 1).all()
    for name in ("race", "sed", "swd", "alternate", "homeless", "foster"):
        assert (both[name] == both[f"{name}_next"]).all()
    assert both.filter(pl.col("rfep") & ~pl.col("rfep_next")).is_empty()
    redesignated = both.filter(pl.col("redesignated_state").fill_null(value=False))
    assert len(redesignated) > 100
    assert redesignated["rfep_next"].all()
    still = both.filter(pl.col("el") & pl.col("el_next") & pl.col("el_level").is_not_null())
    assert (still["el_level"] == still["el_level_before_next"]).all()
    assert (still["years_el_next"] - still["years_el"]).filter(
        still["grade"] >= 0
    ).unique().to_list() == [1]
    scores = both.select("ela_score", "ela_score_next").drop_nulls().to_numpy()
    assert 0.78 < np.corrcoef(scores.T)[0, 1] < 0.88  # .80 to .85 is the target


def test_most_students_stay_or_go_where_their_school_feeds(rows: pl.DataFrame) -> None:
    one, two = (rows.filter(pl.col("year") == year) for year in (2015, 2016))
    both = one.join(two, on="student", suffix="_next").filter(~pl.col("grade").is_in([5, 8]))
    same = (both["school"] == both["school_next"]).mean()
    moves = SMALL.students.moves
    # who chooses may choose the same school, so a little more than 1 - moves
    assert 1 - moves - 0.01 < same < 1 - moves / 2


def test_leavers_stand_in_their_cohort(rows: pl.DataFrame) -> None:
    cohort = rows.filter((pl.col("cohort") == pl.col("year")) & (pl.col("year") == 2016))
    gone = cohort.filter(pl.col("days_enrolled") == 0)
    before = rows.filter((pl.col("year") == 2015) & (pl.col("cohort") == 2016))
    assert 0.03 < len(gone) / len(cohort) < 0.2
    assert gone["graduated_in"].null_count() == len(gone)
    here = set(before.filter(pl.col("days_enrolled") > 0)["student"])
    assert 0 < len(here & set(gone["student"])) < len(gone)


def digests(folder) -> dict[str, str]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


def test_the_bytes_are_the_same_on_two_processes_and_in_any_order(tmp_path) -> None:
    made = Population(some("fresno"), 4)
    alone = write_population(made, tmp_path / "alone", years=[2014, 2015])
    two = write_population(made, tmp_path / "two", years=[2015, 2014], workers=2)
    parts = write_population(made, tmp_path / "parts", years=[2015])
    write_population(made, parts, years=[2014])
    assert digests(alone) == digests(two) == digests(parts)
    # two years of three levels, and schools, measures, truth, panel and population
    assert len(digests(alone)) == 2 * 3 + 5


def test_a_chunk_is_the_same_alone() -> None:
    made = Population(SMALL, 1)
    chunk = Chunk("oakland", 2015, "middle")
    one = [table for table in made.students(chunk)]  # noqa: C416 (grade by grade)
    again = list(made.students(chunk))
    assert all(x.equals(y) for x, y in zip(one, again, strict=True))
    assert [table.schema for table in one] == [SCHEMA] * 3
    other = next(Population(SMALL, 2).students(chunk))
    assert not other.equals(one[0])


def test_what_is_written_whole_is_kept(tmp_path) -> None:
    made = Population(some("fresno"), 4)
    where = write_population(made, tmp_path / "made", years=[2015])
    first = where / "students.parquet" / "fresno-2015-high.parquet"
    lost = where / "students.parquet" / "fresno-2015-middle.parquet"
    before, bytes_of_lost = first.stat().st_mtime_ns, lost.read_bytes()
    lost.unlink()
    write_population(made, where, years=[2015])
    assert first.stat().st_mtime_ns == before
    assert lost.read_bytes() == bytes_of_lost
    assert json.loads((where / "population.json").read_text())["years"] == [2015]
    assert not list(where.rglob(".*"))


def test_an_interrupted_chunk_leaves_nothing_half_made(tmp_path, monkeypatch) -> None:
    made = Population(some("fresno"), 4)

    def interrupted(*_: object):
        yield from ()
        raise KeyboardInterrupt

    monkeypatch.setattr(Population, "students", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_population(made, tmp_path / "made", years=[2015])
    assert not list((tmp_path / "made" / "students.parquet").iterdir())
    monkeypatch.undo()
    write_population(made, tmp_path / "made", years=[2015])
    assert not list((tmp_path / "made").rglob(".*"))


def test_years_whose_tables_were_not_written_are_not_whole(tmp_path, monkeypatch) -> None:
    """Students are written first; an interruption after them must not pass for the end."""
    made = Population(some("fresno"), 4)
    where = write_population(made, tmp_path / "made", years=[2014])

    def interrupted(*_: object):
        raise KeyboardInterrupt

    monkeypatch.setattr(Population, "expected", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_population(made, where, years=[2015])
    monkeypatch.undo()
    assert len(list((where / "students.parquet").iterdir())) == 6
    assert json.loads((where / "population.json").read_text())["years"] == [2014]
    write_population(made, where, years=[2015])
    assert set(read_panel(where).truth["year"]) == {2014, 2015}
    assert json.loads((where / "population.json").read_text())["years"] == [2014, 2015]


def test_another_population_is_refused(tmp_path) -> None:
    where = write_population(Population(some("fresno"), 4), tmp_path / "made", years=[2015])
    with pytest.raises(ProblemsError, match="was made by another seed"):
        write_population(Population(some("fresno"), 5), where, years=[2015])
    with pytest.raises(ProblemsError, match="was made by another draw"):
        write_population(Population(some("fresno"), 4, draw=1), where, years=[2015])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ProblemsError, match="holds files already"):
        write_population(Population(some("fresno"), 5), tmp_path / "full", years=[2015])


def test_figures_are_held_to_targets(folder) -> None:
    found = moments(TWO, folder)
    table = found.table.set_index("figure")
    assert (table["near"] == table["ours"].between(table["low"], table["high"])).all()
    assert found.text.count("MISS") == (~table["near"]).sum() > 0
    assert {"index.los_angeles", "retest.self_efficacy", "grade_mean.net.other"} <= set(table.index)


def test_figures_are_what_their_names_say(folder, rows: pl.DataFrame) -> None:
    figures = dict(all_figures(TWO, folder))
    one = rows.filter(pl.col("year") == 2015).to_pandas()
    assert figures["students.rows"] == len(one)
    assert figures["students.schools"] == one["school"].nunique() == 45
    every = one[one["ela_score"].notna() & one["school"].str.startswith("04")]
    cut = every["grade"].map({g: s.met for g, s in TWO.tests["ela"].grades.items()})
    assert figures["ela_met.oakland"] == pytest.approx(100 * (every["ela_score"] >= cut).mean())
    child = one[(one["grade"] == 4) & one["ela_score"].notna()]
    means = child.groupby("sed")["ela_score"].mean()
    gap = (means[False] - means[True]) / child["ela_score"].std(ddof=0)
    assert figures["gap.sed"] == pytest.approx(gap, rel=1e-5)


def test_the_command_writes_a_population(tmp_path) -> None:
    small = tmp_path / "tiny.yaml"
    small.write_text("base: core\ntitle: tiny\nscale: {students: 0.001, schools: 0.003}\n")
    to = tmp_path / "made"
    words = ("population", str(small), "--out", str(to), "--workers", "1")
    done = measures(*words, "--years", "2015", "--moments")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(f"wrote {to}")
    assert "students.sed" in done.stdout
    wrong = measures(*words, "--years", "2019")
    assert wrong.returncode == 1
    assert "years: must be years of the world (2013, 2014" in wrong.stderr
