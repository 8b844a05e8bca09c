"""What is measured is the truth where there is no noise, and lies around it where there is."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import norm

from simulations.population.blocks import SKILLS, Effect
from simulations.population.expected import MEASURES, clipped_mean
from simulations.population.flows import nodes
from simulations.population.records import records_of
from simulations.population.rows import rows_of
from simulations.population.surveys import RESPONDENTS, survey_table
from simulations.population.town import Town, make_town
from simulations.population.truth import (
    GROUPS,
    Expected,
    cohorts_of,
    expected_of_cohort,
    truth_table,
)
from simulations.population.world import World, load_world

YEAR = 2015
CORE = load_world("core")
CUTS = {subject: {g: s.met for g, s in test.grades.items()} for subject, test in CORE.tests.items()}


def world_with(world: World = CORE, **words: Mapping[str, object]) -> World:
    """Change numbers: a word is a block (`students`) and what it shall say."""
    changes = {
        name: {**getattr(world, name), **said}
        if isinstance(getattr(world, name), Mapping)
        else getattr(world, name).model_copy(update=said)
        for name, said in words.items()
    }
    return world.model_copy(update=changes)


def latents_with(world: World, **said: float) -> World:
    latents = {n: latent.model_copy(update=said) for n, latent in world.latents.items()}
    return world.model_copy(update={"latents": latents})


def measured(town: Town, year: int) -> pd.DataFrame:
    tables = [rows_of(records_of(town.now(grade, year))) for grade in range(-1, 13)]
    rows = pa.concat_tables(tables).to_pandas()
    level = np.digitize(rows["grade"], [5.5, 8.5])
    unit = pd.Series(np.arange(len(town.places.level)), index=pd.MultiIndex.from_arrays(
        [town.places.school, town.places.level]))  # fmt: skip
    school = rows["school"].str[2:].astype(int) - 1
    return rows.assign(unit=unit.loc[list(zip(school, level, strict=True))].to_numpy())


def definitions(rows: pd.DataFrame) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Who counts, and what for: written down anew, by the words of the agencies."""
    full, el = rows["full_year"], rows["el"]
    low = rows["mark_ela"].isin(["D", "F"]) | rows["mark_math"].isin(["D", "F"])
    attends = rows["days_absent"] <= 0.04 * rows["days_enrolled"] + 1e-6
    once = (rows["suspensions"] > 0) | (rows["expulsions"] > 0)
    kept_top = (rows["el_level"] == 4) & (rows["el_level_before"] == 4)
    found = {
        subject: (
            full & rows[f"{subject}_score"].notna(),
            rows[f"{subject}_score"] >= rows["grade"].map(cuts),
        )
        for subject, cuts in CUTS.items()
    }
    found["readiness"] = (
        full & (rows["grade"] == 8) & rows["gpa"].notna(),
        (rows["gpa"] >= 2.5 - 1e-6) & attends & ~low & ~once,
    )
    for years in (4, 5, 6):
        cohort = (rows["cohort"] == rows["year"]).fillna(value=False)
        found[f"graduation_{years}"] = (cohort, rows["graduated_in"] <= years)
    found["absence"] = (
        rows["days_enrolled"] >= 30,
        rows["days_absent"] >= 0.1 * rows["days_enrolled"] - 1e-6,
    )
    found["suspension"] = (rows["days_enrolled"] > 0, once)
    for name, column in (
        ("redesignation", "redesignated"),
        ("redesignation_state", "redesignated_state"),
    ):
        found[name] = (full & el, rows[column].fillna(value=False).astype(bool))
    found["el_progress"] = (
        full & el & rows["el_level_before"].notna(),
        (rows["el_level"] > rows["el_level_before"]) | kept_top,
    )
    for name, column in [(n, n) for n in MEASURES if n in rows] + [("climate_students", "climate")]:
        found[name] = (full & rows[column].notna(), rows[column])
    return found


def sums(rows: pd.DataFrame, units: int, group: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Sums of values and numbers of students, by measure, over unit."""
    in_group = np.ones(len(rows), dtype=bool)
    if group in ("el", "swd", "sed"):
        in_group = rows[group].to_numpy()
    elif group != "all":
        in_group = (rows["race"] == group).to_numpy()
    found = {}
    for name, (who, value) in definitions(rows).items():
        keep = who.to_numpy() & in_group
        unit = rows["unit"].to_numpy()[keep]
        values = value[keep].to_numpy(dtype=float, na_value=0.0)
        found[name] = (np.bincount(unit, values, units), np.bincount(unit, minlength=units))
    return found


def expected(town: Town, year: int) -> Expected:
    total = Expected.nothing(town)
    for class_of in cohorts_of([year]):
        for one in expected_of_cohort(town, class_of, [year]).values():
            total = total.plus(one)
    return total


def rate(total: Expected, name: str, group: str) -> np.ndarray:
    place = (list(MEASURES).index(name), slice(None), GROUPS.index(group))
    count = total.count[place]
    return np.divide(total.met[place], count, out=np.full(len(count), np.nan), where=count > 0.5)


def quiet_world() -> World:
    """Nobody moves, all students are of one kind, and nothing is left to chance."""
    oakland = CORE.districts["oakland"].model_copy(
        update={"races": {"hispanic": 1.0}, "sed": 1.0, "el": 0.0, "swd": 0.0}
    )
    world = world_with(
        CORE,
        districts={"oakland": oakland},
        scale={"students": 0.1, "schools": 0.3},
        students={"moves": 0.0, "arrivals": 0.0, "answers": 1.0},
        schools={"choosing": dict.fromkeys(("elementary", "middle", "high"), 0.0)},
    )
    tiny = 1e-9  # not zero, so that a distance divided by it stays a number
    return latents_with(
        world,
        own=0.0,
        noise=tiny,
        error=0.0,
        shock=0.0,
        shock_grade=0.0,
        ability=0.0,
        engagement=0.0,
    )


def test_without_noise_every_school_measures_its_truth() -> None:
    # homes that feed one school must bring the same, or its students differ among themselves
    same = dict.fromkeys(CUTS, Effect())
    world = world_with(quiet_world(), growth={"intake": same, "value_added": same})
    town = make_town(world, 2, "oakland")
    rows, total = measured(town, YEAR), expected(town, YEAR)
    seen = 0
    for name, (value, n) in sums(rows, len(town.places.level), "all").items():
        truth = rate(total, name, "all")
        known = (n > 0) & ~np.isnan(truth)
        places = 0.0051 if name in SKILLS else 1e-6  # skills are written with two places
        assert value[known] / n[known] == pytest.approx(truth[known], abs=places), name
        seen += int(known.sum())
    assert seen > 200
    # and schools differ in what lasts, or this would be easy
    assert np.nanstd(rate(total, "climate_students", "all")) > 1


@pytest.fixture(scope="module")
def city() -> Town:
    world = world_with(CORE, scale={"students": 0.09, "schools": 0.09})
    return make_town(world, 7, "los_angeles")


@pytest.fixture(scope="module")
def rows(city: Town) -> pd.DataFrame:
    return measured(city, YEAR)


@pytest.fixture(scope="module")
def total(city: Town) -> Expected:
    return expected(city, YEAR)


@pytest.mark.parametrize("group", ["all", "el", "swd", "sed", "black"])
def test_with_noise_it_lies_around_the_truth(city, rows, total, group: str) -> None:
    """Shocks and neighbours bind students of a school together: schools are what is counted."""
    for name, (value, n) in sums(rows, len(city.places.level), group).items():
        truth = rate(total, name, group)
        known = (n > 0) & ~np.isnan(truth)
        apart = value[known] - n[known] * truth[known]
        spread = float(np.sqrt((apart**2).sum()))
        assert abs(apart.sum()) < 4 * spread, (name, apart.sum() / spread)


def test_as_many_students_are_there_as_expected(city, rows, total) -> None:
    for group in ("all", "el", "sed"):
        count = total.sizes[:, GROUPS.index(group)]
        here = rows[(rows["days_enrolled"] > 0)]
        # on census day: all but those who come later
        here = here[here["full_year"] | ~here["student"].isin(_newcomers(rows))]
        n = len(here) if group == "all" else int(here[group].sum())
        assert n == pytest.approx(count.sum(), rel=0.02)
    assert rate(total, "absence", "all").shape == (len(city.places.level),)


def _newcomers(rows: pd.DataFrame) -> pd.Series:
    part = rows[~rows["full_year"]]
    # the last eight bits of a number count the students who have sat on the seat
    seat = part["student"].astype("int64") // 256
    return part["student"][part["student"].astype("int64") > 256 * seat + _least(part, seat)]


def _least(part: pd.DataFrame, seat: pd.Series) -> pd.Series:
    number = part["student"].astype("int64") % 256
    return number.groupby(seat).transform("min")


def test_the_variance_of_schools_is_that_of_their_truth(city, rows, total) -> None:
    """Two years share what lasts and nothing else: their covariance is the truth's variance."""
    later = measured(city, YEAR + 3)
    means = []
    for one in (rows, later):
        value, n = sums(one, len(city.places.level), "all")["social_awareness"]
        means.append(np.divide(value, n, out=np.full(len(n), np.nan), where=n > 100))
    truth = rate(total, "social_awareness", "all")
    for level in (0, 1):
        known = (city.places.level == level) & ~np.isnan(means[0] + means[1])
        a, b, t = (x[known] for x in (*means, truth))
        lasting = np.cov(a, b)[0, 1]
        # the standard error of a covariance of n pairs is about variance times sqrt(2 / n)
        assert lasting == pytest.approx(t.var(ddof=1), rel=3 * np.sqrt(2 / known.sum()))
        rest = np.mean((a - t) ** 2)
        latent = city.world.latents["social_awareness"]
        n = sums(rows, len(city.places.level), "all")["social_awareness"][1][known]
        within = rows.groupby("unit")["social_awareness"].var().mean()
        assert rest == pytest.approx(
            latent.shock**2 + within * np.mean(1 / n), rel=4 * np.sqrt(2 / known.sum())
        )


def test_truth_does_not_depend_on_the_draw_of_students(city, total) -> None:
    table = truth_table(city, {YEAR: total})
    other = make_town(city.world, city.seed, "los_angeles", draw=1)
    assert table.equals(truth_table(other, {YEAR: expected(other, YEAR)}))
    one, two = (rows_of(records_of(town.now(9, YEAR))) for town in (city, other))
    assert not one.equals(two)
    growth = table[table["measure"] == "ela_growth"]["value"]
    assert norm.ppf(growth / 100).std() == pytest.approx(1, abs=0.25)
    assert not table.duplicated(["school", "part", "year", "measure", "group"]).any()
    spans = table[(table["measure"] == "absence") & (table["group"] == "all")]
    whole = spans[spans["school"].isin(spans["school"][spans["part"] != ""])]
    for _, school in whole.groupby("school"):
        of_parts = school["value"][school["part"] != ""]
        assert of_parts.min() <= school["value"][school["part"] == ""].item() <= of_parts.max()


def test_graduation_after_five_years_is_told_a_year_later(city) -> None:
    years = (YEAR, YEAR + 1)
    found: dict[int, Expected] = {}
    for class_of in years:
        found |= expected_of_cohort(city, class_of, [class_of])
    table = truth_table(city, found)
    assert set(table[table["measure"] == "graduation_5"]["year"]) == {YEAR + 1}
    assert "graduation_6" not in set(table["measure"])
    five = table[(table["measure"] == "graduation_5") & (table["group"] == "all")]
    four = table[(table["measure"] == "graduation_4") & (table["group"] == "all")]
    both = five.merge(four[four["year"] == YEAR], on=["school", "part"])
    assert (both["value_x"] > both["value_y"]).all()


def test_expected_scores_follow_the_normal_law() -> None:
    """One kind of student, no learners: the share that meets a standard has a closed form."""
    world = quiet_world()
    latents = {
        name: latent.model_copy(update={"ability": 0.58, "noise": 0.5}) if name == "ela" else latent
        for name, latent in world.latents.items()
    }
    town = make_town(world.model_copy(update={"latents": latents}), 2, "oakland")
    total = expected(town, YEAR)
    elementary = np.flatnonzero(town.places.level == 0)
    latent, scale = town.world.latents["ela"], town.world.tests["ela"]
    v, kept = town.effects.value_added["ela"], town.world.growth.persistence
    index = latent.means["elementary"] + 2 * latent.trend["elementary"]
    index += latent.groups["hispanic"] + latent.groups["sed"] + latent.districts["oakland"]
    chances = []
    for grade in (3, 4, 5):
        # a student has spent grades 0 to `grade` here
        gains = v * (1 - kept ** (grade + 1)) / (1 - kept)
        mean = index + gains + town.effects.intake["ela"]
        cut = (scale.grades[grade].met - 0.5 - scale.grades[grade].mean) / scale.grades[grade].sd
        chances.append(norm.cdf((mean[elementary] - cut) / np.hypot(0.58, 0.5)))
    assert rate(total, "ela", "all")[elementary] == pytest.approx(
        np.mean(chances, axis=0), abs=1e-4
    )


def test_nodes_integrate_a_normal_quantity() -> None:
    nine = nodes(9)
    chance = nine.weight @ norm.cdf((0.4 - 0.58 * nine.value) / 0.5)
    assert chance == pytest.approx(norm.cdf(0.4 / np.hypot(0.58, 0.5)), abs=5e-5)


def test_the_mean_of_what_is_brought_back_into_a_span() -> None:
    # a standard normal brought back to above 0: half of it stands at 0, the rest has mean .7979 / 2
    found = clipped_mean(np.array(0.0), 1.0, (0.0, 50.0))
    assert found == pytest.approx(1 / np.sqrt(2 * np.pi))


def test_what_staff_answer_lies_around_the_truth(city) -> None:
    sizes = np.full(len(city.places.level), 2000.0)
    table = truth_table(city, {YEAR: Expected.nothing(city)})
    for name, share in RESPONDENTS.items():
        truth = table[table["measure"] == name]["value"].to_numpy()
        answers = survey_table(city, sizes, YEAR)
        mine = answers[answers["measure"] == name]
        assert (mine["n"] == round(2000 * share)).all()
        latent = city.world.latents[name]
        spread = np.hypot(latent.shock, latent.noise / np.sqrt(2000 * share))
        z = (mine["value"].to_numpy() - truth) / spread
        assert abs(z.mean()) < 4 / np.sqrt(len(z))
        assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * len(z)))
