"""The memo on CORE's index: its counts are those of the files, its list that of other ratings."""

import re

import numpy as np
import pytest

from analysis.designs.adaptation import adapt, adaptation_names, load_adaptation
from analysis.designs.design import load_design
from analysis.panels.reading import read_panel
from analysis.publishing.memo import memo
from analysis.publishing.store import read_result
from analysis.ratings.rate import rate

DESIGN = "core/sqii-2015-16"
YEAR = 2015


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """Publish the memo on sixty schools, with few decisions settled otherwise."""
    world = tmp_path_factory.mktemp("world") / "three-years.yaml"
    world.write_text("base: core-small\ntitle: Three years\nyears: [2013, 2014, 2015]\n")
    patch = pytest.MonkeyPatch()
    patch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("build")))
    patch.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
    said = {"world": str(world), "seeds": 0, "most": 3}
    said |= {"decisions": ["split", "redesignation"], "workers": 1}
    found = memo("the-core-index", parameters=said, forms=["html"])
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found.read_text()))
    yield text
    patch.undo()


def test_the_memo_counts_what_lies_in_the_files(page: str) -> None:
    result = read_result("the-core-index")
    names = [n for n in adaptation_names() if n.startswith("core/")]
    mine = [one for n in names if DESIGN in (one := load_adaptation(n)).bases and one.settles]
    assert result["presets"] == len(mine)
    assert result["decisions"] == len({one.settles for one in mine})
    assert result["ways"] == 2592  # by hand: 2 x 2 x 3 x 2 x 3 x 2 x 3 x 2 x 3
    assert f"{result['decisions']} decisions stand open" in page
    assert not re.search(r"\bnan\b|\{python\}|\?\?", page)


def test_the_list_is_that_of_the_built_in_panel(page: str) -> None:
    """5 % of the schools with an index, counted up; the same schools as a rating of core-small."""
    del page
    ratings = rate(
        adapt(load_design(DESIGN), load_adaptation("core/usual")), read_panel("core-small")
    )
    index = ratings["total"].value.sel(year=YEAR).to_numpy()[ratings.cells.is_whole]
    lowest = np.sort(index[~np.isnan(index)])[: -(-len(index[~np.isnan(index)]) // 20)]
    result = read_result("the-core-index")
    table = result.tables["schools"]
    assert result["named"] == len(lowest)
    assert sorted(table.loc[table["usual"], "index"]) == pytest.approx(sorted(lowest))


def test_a_decision_moves_whom_a_rating_moves(page: str) -> None:
    """Other students counted as redesignated: enter and leave are recounted from two ratings."""
    del page
    each = read_result("the-core-index").tables["each"]
    assert set(each["decision"]) == {"split", "redesignation"}
    assert each.loc[each["decision"] == "redesignation", "counting"].all()
    base = load_design(DESIGN)
    panel = read_panel("core-small")
    lists = []
    for more in ((), ("core/split-fifths",)):
        chosen = [load_adaptation(n) for n in ("core/usual", *more)]
        found = rate(adapt(base, *chosen, in_order=True), panel)
        lists.append((found["lowest"].value.sel(year=YEAR) == 1).to_numpy()[found.cells.is_whole])
    row = each.set_index("preset").loc["split-fifths"]
    assert row["enter"] == (lists[1] & ~lists[0]).sum()
    assert row["leave"] == (lists[0] & ~lists[1]).sum()
