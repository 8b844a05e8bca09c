"""Experiments: what a file may say, which cells result, and whom each of them names."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import load_design, make_panel, rate, read_panel, write_panel
from analysis.designs.design import LIBRARY
from analysis.findings.overlap import normal_overlap
from analysis.panels.students.measure import measure
from analysis.panels.students.table import read_students
from analysis.problems import ProblemsError
from simulations.evaluate import bench_of, look
from simulations.experiment import Sample, experiment_names, load_experiment, parse_experiment
from simulations.figures import figures_of, redraw
from simulations.grid import parameters, plan_of
from simulations.outcomes import Seen, outcome
from simulations.run import run_experiment
from simulations.running import app
from tests.simulations.experiments import FRANKLIN

EXPERIMENT = f"""{FRANKLIN}levers:
  LEVERS
outcomes: [count, named]
"""


@pytest.fixture(autouse=True)
def _own_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path / "build"))


def franklin(levers: str, *more: str):
    return parse_experiment("\n".join((EXPERIMENT.replace("LEVERS", levers), *more)), name="e.yaml")


def named(found, **factors):
    """The schools that the one cell with these factors names."""
    cells, pairs = found.tables["cells"], found.tables["named"]
    mine = cells[np.all([cells[word] == x for word, x in factors.items()], axis=0)]
    assert len(mine) == 1
    return set(pairs[pairs["cell"] == mine["cell"].iloc[0]]["school"])


# Indexes of 2025, worked with a pencil from the points in franklin/index.examples.yaml, by the
# weight g of growth. Alder (1966.35 + 40 g) / (65 + g), Kousa (2100 + 20 g) / (80 + g), Fir
# (2300.05 + 80 g) / (65 + g), Ironwood (3575 + 60 g) / (80 + g):
#   g = 0: Kousa 26.3, Alder 30.3, Fir 35.4, Ironwood 44.7
#   g = 20: Kousa 25.0, Alder 32.5, Fir 45.9, Ironwood 47.8
#   g = 60: Kousa 23.6, Alder 34.9, Ironwood 51.3, Fir 56.8
# and everybody else above. Of 8 Title I schools .125, .25 and .375 name 1, 2 and 3.
ALDER, FIR, IRONWOOD, KOUSA = "0101", "0106", "0109", "0111"
BY_HAND = {
    (0.125, 0): {KOUSA},
    (0.125, 20): {KOUSA},
    (0.125, 60): {KOUSA},
    (0.25, 0): {KOUSA, ALDER},
    (0.25, 20): {KOUSA, ALDER},
    (0.25, 60): {KOUSA, ALDER},
    (0.375, 0): {KOUSA, ALDER, FIR},
    (0.375, 20): {KOUSA, ALDER, FIR},
    (0.375, 60): {KOUSA, ALDER, IRONWOOD},
}


def test_every_cell_of_franklin_names_the_schools_worked_with_a_pencil() -> None:
    found = run_experiment(load_experiment("franklin-choices"))
    for (share, growth), schools in BY_HAND.items():
        assert named(found, share=share, growth=growth, minimum_n=20) == schools
    cells = found.tables["cells"].query("minimum_n == 20").set_index(["share", "growth"])
    assert cells.loc[(0.375, 60), "entered"] == 1
    assert cells.loc[(0.375, 60), "kept"] == 1
    assert cells.loc[(0.375, 60), "jaccard"] == pytest.approx(2 / 3)
    assert cells.loc[(0.125, 0), "left"] == 1
    # 11 schools can be judged by all of them, and Elm; 2 are named as filed and 1 here
    agree, chance = 11 / 12, (1 / 12) * (2 / 12) + (11 / 12) * (10 / 12)
    assert cells.loc[(0.125, 0), "kappa"] == pytest.approx((agree - chance) / (1 - chance))
    schools = found.tables["schools"].set_index("school")
    assert schools.loc[KOUSA, "share"] == 1
    assert (schools["filed"][lambda x: x].index == [ALDER, KOUSA]).all()
    assert found["always"] == 1
    assert (found.estimand.draw, found.estimand.for_whom) == ("none", "these students")


def test_adaptations_are_options_and_none_is_as_filed() -> None:
    """The lowest third brings Fir in; growth first with groups of ten changes nobody."""
    found = run_experiment(
        franklin("change: {adaptations: [none, franklin/lowest-third, franklin/growth-first]}")
    )
    assert named(found, change="none") == {ALDER, KOUSA}
    assert named(found, change="franklin/lowest-third") == {ALDER, KOUSA, FIR}
    assert named(found, change="franklin/growth-first") == {ALDER, KOUSA}


def test_a_factor_s_share_of_the_variance_is_worked_out_by_hand() -> None:
    """Alder hangs on the share alone; the rest is always or never named."""
    found = run_experiment(
        franklin("share: {share: [0.125, 0.25]}\n  growth: {of_part.of.growth_points: [10, 20]}")
    )
    factors = found.tables["factors"].set_index("factor")
    assert factors.loc["share", ["first", "total"]].tolist() == pytest.approx([1, 1])
    assert factors.loc["growth", ["first", "total"]].tolist() == pytest.approx([0, 0])


def test_kernel_and_rate_name_the_same_schools(tmp_path: Path) -> None:
    """Weights and shares go to the kernel where the list tests the mean itself."""
    text = (LIBRARY / "franklin/index.yaml").read_text()
    own = tmp_path / "own.yaml"
    own.write_text(
        text.replace("of: total\n    share", "of: of_part\n    share").replace(
            "test, of: total", "test, of: of_part"
        )
    )
    asked = parse_experiment(
        EXPERIMENT.replace("franklin/index", str(own)).replace(
            "LEVERS",
            "share: {share: [0.125, 0.5]}\n"
            "  n: {each_counted.n: [10, 20]}\n"
            "  w: {weights: {corners: true, draws: 3,\n"
            "                bounds: [{of: [ela_points], at_least: 0.2}]}}",
        )
    )
    plan = plan_of(asked)
    assert plan.size == 2 * 2 * (5 + 3)
    bench = bench_of(plan, figures_of(asked))
    seen = look(bench, range(plan.size)).named[:, 0]
    panel = read_panel("franklin")
    last = None
    for number in range(plan.size):
        last = rate(load_design(own).vary(plan.cell(number).changes), panel, earlier=last)
        marks = last["lowest"].value.sel(year=2025).to_numpy()
        assert (seen[number] == (marks[(panel.units["part"] == "")] == 1)).all()
    assert 1 < len(np.unique(seen, axis=0)) < plan.size


def test_what_the_kernel_cannot_judge_goes_to_rate(tmp_path: Path) -> None:
    """A line by percentile, or a weight that differs by school; Kousa is lowest with any."""
    text = (LIBRARY / "franklin/index.yaml").read_text()
    text = text.replace("of: total\n    share", "of: of_part\n    share")
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("test, of: total", "test, of: of_part"))
    by_level = "{by: level, elementary: 5, others: 25}"
    ways = {
        "math: {of_part.of.math_points: [25, " + by_level + "]}": own.read_text(),
        "math: {of_part.of.math_points: [25, 5]}": own.read_text()
        .replace("count: up", "percentile: linear")
        .replace("    ties: in\n", ""),
    }
    for lever, design in ways.items():
        own.write_text(design)
        said = EXPERIMENT.replace("franklin/index", str(own)).replace("LEVERS", lever)
        asked = parse_experiment(said.replace("levers:", "levers:\n  share: {share: [0.13, 0.3]}"))
        plan = plan_of(asked)
        seen = look(bench_of(plan, figures_of(asked)), range(4)).named[:, 0]
        for number in range(4):
            alone = rate(plan.design_of(plan.cell(number)), read_panel("franklin"))
            marks = alone["lowest"].value.sel(year=2025).to_numpy() == 1
            assert (seen[number] == marks[alone.panel.units["part"] == ""]).all()
            assert marks[10]


def test_a_cell_whose_list_is_not_known_is_told() -> None:
    with pytest.raises(ProblemsError, match="lowest_line, which is not known where share = None"):
        run_experiment(franklin("share: {lowest_line.share: [0.25, null]}"))


def test_several_addresses_move_together() -> None:
    asked = franklin("both: {of_part.of.ela_points: [10, 40], of_part.of.math_points: [40, 10]}")
    told = [one["both"] for one in parameters(plan_of(asked))]
    assert told == [
        {"of_part.of.ela_points": 10, "of_part.of.math_points": 40},
        {"of_part.of.ela_points": 40, "of_part.of.math_points": 10},
    ]


def test_a_sweep_gets_plain_parameters_for_each_cell() -> None:
    plan = plan_of(load_experiment("franklin-choices"))
    told = list(parameters(plan))
    assert json.loads(json.dumps(told)) == told
    assert len(told) == 18
    first = {"share": 0.125, "growth": 0, "minimum_n": 10}
    assert told[0] == {"design": "franklin/index", "panel": "franklin", **first}
    assert [one["minimum_n"] for one in told[:4]] == [10, 20, 10, 20]


def test_a_latin_sample_takes_every_option_alike_and_every_part_of_a_range() -> None:
    asked = franklin(
        "n: {each_counted.n: [10, 20, 30]}\n  share: {share: {from: 0.1, to: 0.5}}",
        "sample: {cells: 12}",
    )
    plan = plan_of(asked)
    told = pd.DataFrame(parameters(plan))
    assert told["n"].value_counts().tolist() == [4, 4, 4]
    bins = np.floor((told["share"] - 0.1) / 0.4 * 12).astype(int)
    assert sorted(bins) == list(range(12))
    again = pd.DataFrame(parameters(plan_of(asked)))
    assert again.equals(told)
    free = asked.model_copy(update={"sample": Sample(cells=400, method="random")})
    told = pd.DataFrame(parameters(plan_of(free)))
    assert told["n"].value_counts().min() > 100
    assert told["share"].mean() == pytest.approx(0.3, abs=3 * 0.4 / np.sqrt(12 * 400))
    other = asked.model_copy(update={"seed": 2})
    assert not pd.DataFrame(parameters(plan_of(other))).equals(told)


@pytest.fixture(scope="module")
def plans():
    return {name: plan_of(load_experiment(name)) for name in experiment_names()}


def test_presets_become_one_factor_for_each_decision(plans) -> None:
    plan = plans["core-guesses"]
    options = {axis.name: len(axis.options) for axis in plan.axes}
    assert list(options) == [
        "minimum_n", "base_year", "cut_points", "cut_points_of", "missing_group", "split",
    ]  # fmt: skip
    assert (options["split"], plan.size) == (3, 324)
    cell = plan.cell(plan.size - 1)
    design = plan.design_of(cell)
    # the last split gives all students one half; the usual preset of the base gives way to it
    assert cell.options["split"].value == "split-half"
    assert plan.list not in design.unknown


def test_every_built_in_experiment_fits_its_design(plans) -> None:
    for name, plan in plans.items():
        assert plan.asked.name == name
        assert plan.asked.about
        assert plan.size > 1


COUNTED = """
title: Few absences
students: {full_year: any, minimum_days: 0, alternate: in, first_year_el: in}
measures:
  absence:
    {unit: percent, better: low, from_students: {definition: chronic_absence, minimum_days: 1}}
points: {here: {rule: minimum_n, of: absence, n: 5}}
lists:
  line:
    {rule: share_of_pool, of: here, share: 0.3, side: highest, pool: all_schools, round: none,
     count: up, ties: in, included: true}
  low: {rule: test, of: here, beyond: line}
  lowest: {rule: named, when: low}
"""


def test_a_made_up_world_is_made_once_and_counted_as_each_cell_says(tmp_path: Path) -> None:
    """Students are counted anew where a cell counts them otherwise; a second run makes nobody."""
    base = "base: core\ntitle: tiny\ninclude: [santa_ana]\nscale: {students: 0.01, schools: 0.1}\n"
    (tmp_path / "tiny.yaml").write_text(base)
    (tmp_path / "counted.yaml").write_text(COUNTED)
    text = EXPERIMENT.replace("franklin/index", str(tmp_path / "counted.yaml"))
    text = text.replace(
        "panel: franklin", f"panel: {{world: {tmp_path / 'tiny.yaml'}, years: [2015]}}"
    )
    asked = parse_experiment(
        text.replace("LEVERS", "absent: {measures.absence.from_students.share: [0.02, 0.1, 0.2]}")
    )
    found = run_experiment(asked)
    home = Path(figures_of(asked).home)
    made = {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")}
    lists = []
    for share in (0.02, 0.1, 0.2):
        design = load_design(tmp_path / "counted.yaml").vary(
            {"measures.absence.from_students.share": share}
        )
        ratings = rate(design, measure(design, read_students(home)).panel)
        marks = ratings["lowest"].value.sel(year=2015).to_numpy() == 1
        lists.append(set(ratings.panel.units["school"][marks]))
        assert named(found, absent=share) == lists[-1]
    assert len({frozenset(one) for one in lists}) > 1
    assert run_experiment(asked, fresh=True).key == found.key
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.parquet")} == made
    record = home / "population.json"
    record.write_text(record.read_text().replace('"program": "', '"program": "older '))
    with pytest.raises(ProblemsError, match="was made by another program"):
        figures_of(asked)


WRONG = """
title: T
design: franklin/index
panel: {wold: core-small}
estimand: 5
levers:
  n: {each_counted.n: 10}
  b: {shares: [0.1]}
  c: {share: [0.1], adaptations: [none]}
  d: 5
  e: {share: {from: 0.2, to: 0.1}}
  f: {share: []}
  g: {share: [0.1, 0.1]}
  h: {share: {from: 0.1}}
  i: {lowest_line.share: [0.1], low.of: [total, of_part]}
outcomes: [count, lefft, students.]
sample: {cells: 1}
draw: replicaton
title: U
"""


def test_every_mistake_of_a_file_is_told_with_its_line() -> None:
    with pytest.raises(ProblemsError) as error:
        parse_experiment(WRONG, name="e.yaml")
    told = [str(problem) for problem in error.value.problems]
    for start, words in {
        "e.yaml:19": "title is said twice (first in line 2)",
        "e.yaml:4": "no word wold. Did you mean world?",
        "e.yaml:5": "estimand: must be a valid string",
        "e.yaml:2": "pool: must say pool",
        "e.yaml:7": "levers.n.each_counted.n: must be a list of values",
        "e.yaml:8": "levers.b.shares: this has no word shares. Did you mean share?",
        "e.yaml:9": "levers.c: must have one form",
        "e.yaml:10": "levers.d: must be a mapping",
        "e.yaml:11": "must go from the smaller number to the larger",
        "e.yaml:12": "levers.f.share: must hold at least one value",
        "e.yaml:13": "levers.g.share: must hold at least one value, and none twice",
        "e.yaml:14": "must say both from and to",
        "e.yaml:15": "must give every address as many values, since they move together",
        "e.yaml:16": "lefft. Did you mean left?",
        "e.yaml:17": "sample.cells: must be greater than or equal to 2",
        "e.yaml:18": "replicaton. Did you mean replication?",
    }.items():
        assert any(one.startswith(f"{start}: ") and words in one for one in told), (start, told)
    assert sum("outcomes" in one for one in told) == 2
    assert len(told) == 17


UNFIT = """a: {share: [0.1, 2]}
  b: {lowest_line.shar: [0.1]}
  c: {lowest_line.share: [0.1]}
  d: {adaptations: [none, franklin/growth-frist]}
  e: {weights: {sets: {x: {ela_pts: 1}}}}
  f: {weights: {of: of_prt, draws: 3}}
  g: {presets: all}
  h: {low.of: [totl]}
  i: {weights: {draws: 3, bounds: [{of: [ela_points], at_least: 0.5},
                                   {of: [math_points], at_least: 0.7}]}}
  j: {weights: {sets: {x: {ela_points: 1}}}}
  k: {weights: {}}
  l: {each_counted.n: {from: 10, to: 20}}
  m: {lowest_line.share: {from: 0.1, to: 0.2}, of_part.judged: {from: 1, to: 2}}"""


def test_every_option_that_the_design_does_not_have_is_told_with_its_line() -> None:
    asked = franklin(UNFIT, "draws: 3", "uncertainties: {a: {of_part.of.ela_points: [1]}}")
    with pytest.raises(ProblemsError) as error:
        plan_of(asked)
    told = [str(problem) for problem in error.value.problems]
    for line, words in {
        9: "levers.a: 2: ",
        10: "shar",
        11: "a and c both change lowest_line.share",
        12: "Did you mean franklin/growth-first?",
        13: "there is no ela_pts",
        14: "of_prt. Did you mean of_part?",
        15: "leaves no decision open",
        16: "totl",
        17: "leave no room",
        19: "must say math_points, growth_points, absence_points, graduation_points too",
        20: "must say sets, corners or draws",
        22: "a range takes one address",
    }.items():
        assert any(one.startswith(f"e.yaml:{line}: ") and words in one for one in told), (
            line,
            told,
        )
    assert any("a names two factors" in one for one in told)
    assert any("l takes any number of a range. Say how many cells" in one for one in told)
    assert any("draws: must be left out where nothing is drawn" in one for one in told)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("list: lowest", "list: lowst", "Did you mean lowest?"),
        ("pool:", "draw: truth\npool:", "truth needs draws: 2 or more"),
        ("[count, named]", "[again]", "say draw and draws"),
        ("list: lowest", "year: 2030", "there is no year 2030; the panel has 2024, 2025"),
        ("[count, named]", "[returned]\nyear: 2024", "there is no year 2023"),
        ("[count, named]", "[students.ell]", "is neither a group (all, el, low_income, swd)"),
        ("franklin/index", "franklin/indx", "Did you mean franklin/index?"),
        ("panel: franklin", "panel: {world: core-small, years: [1999]}", "1999 is not among"),
        ("pool:", "draw: replication\ndraws: 5\npool:", "schools with parts cannot be drawn"),
        ("pool:", "draw: {kind: truth, measures: [elaa]}\ndraws: 5\npool:", "no measure elaa"),
        ("share: [0.1]", "presets: [split]", "leaves no decision split open"),
        ("panel: franklin", "panel: {seed: 3}", "must be the name of a panel, or {world:"),
        ("share: [0.1]", "each_counted.n: [10, 1000]", "names nobody"),
        ("levers:\n  a: {share: [0.1]}", "", "must say at least one lever"),
    ],
)
def test_what_does_not_fit_is_told(old: str, new: str, words: str) -> None:
    text = EXPERIMENT.replace("LEVERS", "a: {share: [0.1]}")
    assert old in text
    if words == "names nobody":  # a list of the design as filed that is empty
        text = text.replace("franklin/index", "franklin/dashboard").replace("lowest", "red_list")
        new, text = "mostly_red.judged: [2]", f"{text}year: 2024\n"
    with pytest.raises(ProblemsError) as error:
        run_experiment(parse_experiment(text.replace(old, new)))
    assert words in str(error.value)


def test_a_design_that_leaves_its_list_open_asks_for_adaptations() -> None:
    text = EXPERIMENT.replace("franklin/index", "core/sqii-2015-16").replace(
        "franklin", "core-eight"
    )
    with pytest.raises(ProblemsError, match="Say adaptations"):
        plan_of(parse_experiment(text.replace("LEVERS", "n: {each_counted.n: [10, 20]}")))


def test_a_grid_too_large_to_enumerate_asks_for_a_sample() -> None:
    many = ", ".join(map(str, range(1, 102)))
    words = ("ela", "math", "growth")
    levers = "\n  ".join(f"{w}: {{of_part.of.{w}_points: [{many}]}}" for w in words)
    text = "1,030,301 cells; up to 1,000,000 are enumerated. Say how many cells are sampled"
    with pytest.raises(ProblemsError, match=text):
        plan_of(franklin(levers))


def test_outcomes_by_hand() -> None:
    """100 schools, 5 named by each list, 3 by both: kappa = (.6 - .05) / .95."""
    filed, other = np.zeros((2, 100), dtype=bool)
    filed[:5], other[2:7] = True, True
    before = np.zeros((1, 100), dtype=bool)
    before[0, 6:8] = True
    students = {"el": np.r_[np.full(7, 30.0), np.nan, np.full(92, 5.0)]}
    everyone = np.ones(100, dtype=bool)
    seen = Seen(other[None], filed, filed, everyone, before=before, students=students)
    for name, expected in {
        "count": 5,
        "entered": 2,
        "left": 2,
        "kept": 0.6,
        "jaccard": 3 / 7,
        "kappa": (0.6 - 0.05) / 0.95,
        "returned": 0.5,
        "again": 0.6,
        "students.el": 150 / (7 * 30 + 92 * 5),
    }.items():
        assert outcome(name, seen).tolist() == pytest.approx([expected]), name
    nobody = Seen(other[None], ~everyone, ~everyone, everyone)
    assert np.isnan(outcome("kept", nobody)).all()


NORMAL = """
title: A normal world of reliability .7
schools: {}
measures: {score: {label: score, unit: UNIT, better: high}}
points: {same: {rule: identity, of: score}}
lists:
  line:
    {rule: share_of_pool, of: same, share: 0.05, side: lowest, pool: all_schools, round: none,
     count: up, ties: in, included: true}
  low: {rule: test, of: same, beyond: line}
  lowest: {rule: named, when: low}
"""


def normal_world(folder: Path, *, unit: str = "points", n: bool = False):
    """1,500 schools, two years: lasting variance .7, one year's variance .3; 5 % are named."""
    rng = np.random.default_rng(5)
    lasting = rng.normal(0, np.sqrt(0.7), 1500)
    codes = [f"{i:04d}" for i in range(1500)]
    years = []
    for year in (2014, 2015):
        value = lasting + rng.normal(0, np.sqrt(0.3), 1500)
        value = 50 + 10 * value if unit == "percent" else value
        rows = {"school": codes, "year": year, "measure": "score", "value": value.clip(-99, 99)}
        years.append(pd.DataFrame(rows | ({"n": 100} if n else {})))
    write_panel(
        make_panel(pd.DataFrame({"school": codes}), pd.concat(years)), folder / f"panel-{unit}"
    )
    (folder / "normal.yaml").write_text(NORMAL.replace("UNIT", unit))
    text = EXPERIMENT.replace("franklin/index", str(folder / "normal.yaml"))
    text = text.replace("panel: franklin", f"panel: {folder / f'panel-{unit}'}")
    text = text.replace("LEVERS", "share: {share: [0.05, 0.1]}")
    return text.replace("[count, named]", "[count, again]")


def test_replications_and_truth_give_the_closed_forms_of_a_normal_world(tmp_path: Path) -> None:
    """Measured again .39 of the lowest 5 % return; .54 of them are truly lowest."""
    text = normal_world(tmp_path)
    found = {}
    for kind in ("replication", "truth"):
        result = run_experiment(parse_experiment(f"{text}draw: {kind}\ndraws: 25\n", name=kind))
        found[kind] = result.tables["cells"].set_index("share")
        assert result.estimand.draw == kind
        assert result.estimand.for_whom == "this school's persistent quality"
        assert (result["draws"], result["drawn"]) == (25, "score of all")
    for share in (0.05, 0.1):
        # one world of 75 or 150 named schools: binomial error of the world, and of the draws
        error = 3 * np.sqrt(0.25 / (1500 * share))
        row = found["replication"].loc[share]
        assert row["again"] == pytest.approx(normal_overlap(0.7, share), abs=error)
        assert 0 < row["again_error"] < 0.03
        true = found["truth"].loc[share]
        assert true["again"] == pytest.approx(normal_overlap(0.7**0.5, share), abs=error)
        assert true["again"] > row["again"]
    assert (found["truth"]["count"] == [75, 150]).all()


def test_errors_of_percentages_come_from_n_and_a_perturbation_needs_them(tmp_path: Path) -> None:
    text = normal_world(tmp_path)
    with pytest.raises(ProblemsError, match="needs standard errors"):
        run_experiment(parse_experiment(f"{text}draw: perturbation\ndraws: 2\n"))
    text = normal_world(tmp_path, unit="percent", n=True)
    asked = parse_experiment(f"{text}draw: perturbation\ndraws: 40\n")
    plan = plan_of(asked)
    panel = figures_of(asked).panel(plan.base)
    fresh = redraw(asked, plan.base, panel, name="lowest", year=2015).fresh[..., 0]
    published = panel.measures["score"].value.sel(year=2015, group="all").to_numpy()
    middle = np.abs(published - 50) < 5
    # 100 students around 50 %: a standard error of 5 points; 2 where the panel says so
    assert (fresh - published)[:, middle].std() == pytest.approx(4.97, abs=0.1)
    told = panel.measures["score"]
    said = replace(told, se=told.value * 0 + 2)
    other = replace(panel, measures={"score": said})
    drawn = redraw(asked, plan.base, other, name="lowest", year=2015).fresh[..., 0]
    assert (drawn - published)[:, middle].std() == pytest.approx(2, abs=0.05)
    assert fresh.min() >= 0
    assert fresh.max() <= 100


def test_too_few_schools_cannot_be_drawn(tmp_path: Path) -> None:
    text = normal_world(tmp_path)
    few = read_panel(tmp_path / "panel-points")
    write_panel(few.where(np.arange(1500) < 20), tmp_path / "few")
    text = text.replace(str(tmp_path / "panel-points"), str(tmp_path / "few"))
    with pytest.raises(ProblemsError, match="20 schools; 30 are needed"):
        run_experiment(parse_experiment(f"{text}draw: truth\ndraws: 2\n"))


def test_the_command_runs_an_experiment_and_says_where_the_answer_is() -> None:
    said = CliRunner().invoke(app, ["franklin-choices", "--workers", "1"])
    assert said.exit_code == 0, said.output
    assert "18 cells (every cell of the grid); kind of draw: none." in said.output
    assert "lowest in 2025: 2 schools as filed, 1 in every cell, 4 in some cell." in said.output
    assert "moves the list alone" in said.output
    home = Path(said.output.split()[-1])
    assert {"cells.parquet", "schools.parquet", "named.parquet"} <= {x.name for x in home.iterdir()}
    listed = CliRunner().invoke(app, [])
    assert "california-weights" in listed.output
    wrong = CliRunner().invoke(app, ["franklin-choice"])
    assert "Did you mean franklin-choices?" in str(wrong.exception)


def test_a_file_that_is_no_experiment_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="must be an experiment: title, design, panel"):
        parse_experiment("5")
    with pytest.raises(ProblemsError, match="cannot be read as a text file"):
        load_experiment(tmp_path / "gone.yaml")
    with pytest.raises(ProblemsError, match="title is said twice"):
        franklin("a: {share: [0.1]}", "title: U")


def test_a_list_without_a_line_of_its_own_asks_for_an_address() -> None:
    text = EXPERIMENT.replace("franklin/index", "franklin/dashboard").replace("lowest", "red_list")
    asked = text.replace("LEVERS", "a: {share: [0.1]}\n  b: {weights: {draws: 2}}")
    with pytest.raises(ProblemsError) as error:
        plan_of(parse_experiment(asked))
    assert "red_list has no line by share of its own. Name the address" in str(error.value)
    assert "red_list does not rest on one mean. Say of: which mean is weighted" in str(error.value)
