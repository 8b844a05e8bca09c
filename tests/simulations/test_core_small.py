"""The embedded panel of the small world is what the generator and the designs make of it today."""

import numpy as np
import pytest

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import measure
from analysis.panels.students.table import read_students
from simulations.population.chunks import Population
from simulations.population.world import load_world
from simulations.population.write import write_population

YEAR = 2015
LATER = {"graduation_6"}
"""Cohorts of two years before, which are not made here."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Panel:
    """Make the students of two years; growth looks one year back."""
    folder = tmp_path_factory.mktemp("core") / "small"
    made = Population(load_world("core-small"), seed=1, draw=0)
    write_population(made, folder, years=(YEAR - 1, YEAR))
    design = adapt(load_design("core/sqii-full"), load_adaptation("core/usual"))
    return measure(design, read_students(folder)).panel


@pytest.fixture(scope="module")
def embedded() -> Panel:
    return read_panel("core-small")


def test_the_schools_are_the_same(fresh: Panel, embedded: Panel) -> None:
    assert embedded.about.synthetic
    assert fresh.groups == embedded.groups
    for column in ("school", "part", "district", "level", "title1"):
        assert fresh.units[column].tolist() == embedded.units[column].tolist()
    assert embedded.units["school"].nunique() == 60


def test_every_cell_is_the_same(fresh: Panel, embedded: Panel) -> None:
    assert {*fresh.measures} == {*embedded.measures}
    for name in {*fresh.measures} - LATER:
        for a, b in zip(parts(fresh, name), parts(embedded, name), strict=True):
            assert np.allclose(a, b, rtol=0, atol=1e-9, equal_nan=True), name
    assert np.isfinite(parts(fresh, "ela_growth")[0]).sum() > 300


def parts(panel: Panel, name: str) -> list[np.ndarray]:
    """Give value, n and standard error of the year; nothing where the panel has none."""
    values = panel.measures[name]
    told = [values.value, values.n, values.se]
    return [x.sel(year=YEAR).to_numpy() for x in told if x is not None]


def test_the_truth_is_the_same(fresh: Panel, embedded: Panel) -> None:
    keys = ["school", "part", "measure", "group", "year"]
    a, b = (
        rows[(rows["year"] == YEAR) & ~rows["measure"].isin(LATER)].set_index(keys)["value"]
        for rows in (fresh.truth, embedded.truth)
    )
    a, b = a.sort_index(), b.sort_index()
    assert a.index.equals(b.index)
    assert np.allclose(a, b, rtol=0, atol=1e-12)
