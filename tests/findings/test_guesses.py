"""A list under other settlements: both priors by hand, and each row recounted from two ratings."""

import numpy as np
import pytest

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import load_design
from analysis.designs.presets import presets_of
from analysis.findings.guesses import Guesses, Question, guesses
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

DESIGN = "core/sqii-2015-16"


@pytest.fixture(scope="module")
def found() -> Guesses:
    """Ask of a list that rests on few decisions, and try every settlement of them."""
    ask = Question(
        load_design(DESIGN), read_panel("core-small"), "core/usual", "atsi", "total", 2016
    )
    return guesses(ask, most=4)


def test_every_other_preset_has_a_row(found: Guesses) -> None:
    open_ = presets_of(load_design(DESIGN), step="atsi")
    assert len(found.each) == sum(len(some) - 1 for some in open_.values())
    assert set(found.usual) == set(open_)
    assert found.ways == np.prod([len(some) for some in open_.values()])
    assert len(found.together) == 4


def test_a_row_says_what_two_ratings_say(found: Guesses) -> None:
    row = found.each.set_index("preset").loc["cuts-deciles-all-levels"]
    lists = []
    for more in ((), ("core/cuts-deciles-all-levels",)):
        chosen = [load_adaptation(n) for n in ("core/usual", *more)]
        ratings = rate(adapt(load_design(DESIGN), *chosen, in_order=True), read_panel("core-small"))
        met = (ratings["atsi"].value.sel(year=2016) == 1).to_numpy()
        lists.append(met[ratings.cells.is_whole])
    assert row["enter"] == (lists[1] & ~lists[0]).sum()
    assert row["leave"] == (lists[0] & ~lists[1]).sum()
    assert row["named"] == lists[1].sum()
    assert row["kept"] == (lists[0] & lists[1]).sum() / lists[0].sum()


def test_the_prior_that_leans_on_the_likeliest(found: Guesses) -> None:
    """Five decisions, of which cut points have three presets and the others two.

    By hand: (1/2)^5 for any settlement with the usual cut points, and for another the two that are
    left share one half, so (1/2)^4 x 1/4.
    """
    assert len(found.usual) == 5
    for row in found.together.to_dict("records"):
        usual_cuts = row["cut_points"] == "cuts-deciles-by-level"
        assert row["likelier"] == (1 / 32 if usual_cuts else 1 / 64)
    assert set(found.together["likelier"]) == {1 / 32, 1 / 64}
    schools = found.schools
    assert ((schools["share_likelier"] > 0) == (schools["share"] > 0)).all()
    assert ((schools["share_likelier"] > 1 - 1e-12) == (schools["share"] == 1)).all()
    assert not np.allclose(schools["share"], schools["share_likelier"])


def test_a_settlement_that_names_nobody_is_refused() -> None:
    panel = read_panel("core-small")
    ask = Question(load_design(DESIGN), panel, "core/usual", "csi_graduation", "total", 2015)
    with pytest.raises(ProblemsError, match="names nobody on csi_graduation under core/usual"):
        guesses(ask, most=1)
