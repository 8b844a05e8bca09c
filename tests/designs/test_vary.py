"""Changing a design: by address only, checked like a file, and never past what loading allows."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.designs.adaptation import Adaptation, adapt, load_adaptation
from analysis.designs.design import design_from, design_names, load_design
from analysis.designs.document import thaw
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate
from analysis.values import Reason

BASE = load_design("franklin/index")


def reloaded(design):
    """Load anew what a design says, every `for:` written out."""
    said = {**thaw(design.document.headings), "points": thaw(design.document.steps)}
    said.pop("exceptions", None)  # sources, which may name a clause that is written out now
    return design_from(said, name=design.name)


@pytest.mark.parametrize("name", design_names())
def test_what_a_design_says_loads_as_the_same_design(name: str) -> None:
    design = load_design(name)
    again = reloaded(design)
    assert again.steps == design.steps
    assert again.fingerprint == design.fingerprint


def addresses(said, above=()):
    if isinstance(said, dict):
        for word, inner in said.items():
            yield from addresses(inner, (*above, str(word)))
    elif above:
        yield ".".join(above)


ADDRESSES = sorted(addresses(thaw(BASE.document.steps)))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 120),
    st.floats(-2, 200, allow_nan=False),
    st.sampled_from(["up", "lowest", "none", "share_out", "total", "ela", "three", "x", ""]),
    st.just({"by": "level", "elementary": 1, "high": 2}),
    st.lists(st.sampled_from(["el", "swd", "zzz"]), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(address=st.sampled_from(ADDRESSES), value=VALUES)
def test_vary_never_gives_a_design_that_loading_would_refuse(address: str, value) -> None:
    try:
        changed = BASE.vary({address: value})
    except ProblemsError:
        return
    assert reloaded(changed).steps == changed.steps


def test_one_number_runs_only_what_depends_on_it() -> None:
    """By hand: Franklin's lowest line is read by low, and low by lowest; no other step reads it."""
    panel = read_panel("franklin")
    before = rate(BASE, panel)
    assert len(BASE.steps) > 15
    assert set(before.ran) == set(BASE.steps)
    after = rate(BASE.vary({"lowest_line.share": 0.4}), panel, earlier=before)
    assert after.ran == ("lowest_line", "low", "lowest")
    below = rate(BASE.vary({"ela_level.from.3": 41}), panel, earlier=before)
    assert set(below.ran) == {"ela_level", "ela_points", "of_part", "total", "stars"} | {
        "lowest_line",
        "low",
        "lowest",
    }


def test_one_number_of_sixteen_steps_runs_three() -> None:
    design = load_design("california/status-or-improvement")
    assert len(design.steps) == 16
    panel = read_panel("california-api-2000")
    changed = design.vary({"mean_line.share": 0.06})
    assert rate(changed, panel, earlier=rate(design, panel)).ran == (
        "mean_line",
        "mean_lowest",
        "named_mean",
    )


def test_reused_steps_equal_computed_ones() -> None:
    panel = read_panel("franklin")
    changed = BASE.vary({"each_counted.n": 15, "of_part.of.math_points": 40})
    taken, fresh = rate(changed, panel, earlier=rate(BASE, panel)), rate(changed, panel)
    for name in changed.steps:
        assert taken[name].value.identical(fresh[name].value)
        assert taken[name].reason.identical(fresh[name].reason)


def test_an_earlier_panel_is_not_mistaken_for_this_one() -> None:
    panel = read_panel("franklin")
    other = panel.where((panel.units["district"] == "Ash").to_numpy())
    assert set(rate(BASE, other, earlier=rate(BASE, panel)).ran) == set(BASE.steps)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("lowest_lin.share", "there is no such address. Did you mean lowest_line?"),
        ("ela_level.from.6", "there is no such address; it has 2, 3, 4, 5."),
        ("lowest_line.share.x", "nothing lies below share"),
        ("lowest_line.shaer", "has no word shaer"),
        ("title", "there is no such address"),
    ],
)
def test_an_address_that_is_not_there(address: str, message: str) -> None:
    with pytest.raises(ProblemsError) as error:
        BASE.vary({address: 1})
    assert message in str(error.value)


def test_a_for_clause_changes_all_its_copies_or_one() -> None:
    every = BASE.vary({"each_counted.n": 30})
    assert {every.steps[f"{m}_counted"].n for m in BASE.header.sets["metrics"]} == {30.0}
    one = BASE.vary({"ela_counted.n": 30})
    assert (one.steps["ela_counted"].n, one.steps["math_counted"].n) == (30.0, 20.0)


def test_replacing_the_rule_replaces_the_clause() -> None:
    changed = BASE.vary({"stars.rule": "identity", "stars.of": "total"})
    assert changed.steps["stars"].rule == "identity"


def test_the_fingerprint_covers_only_what_decides() -> None:
    assert BASE.vary({"lowest.note": "x"}).fingerprint == BASE.fingerprint
    assert BASE.vary({"measures.ela.label": "Reading"}).fingerprint == BASE.fingerprint
    assert BASE.vary({"sets.three": ["el", "swd"]}).fingerprint != BASE.fingerprint


def test_a_number_nobody_knows_leaves_its_steps_open_and_a_preset_fills_it() -> None:
    panel = read_panel("franklin")
    unknown = BASE.vary({"growth_level.from.5": None})
    assert unknown.unknown["lowest"] == "growth_level"
    assert "ela_points" not in unknown.unknown
    ratings = rate(unknown, panel)
    assert (ratings["total"].reason == Reason.UNKNOWN_CONSTANT).all()
    assert ratings["ela_points"].value.notnull().any()
    preset = Adaptation.model_validate(
        {
            "title": "As last year",
            "reference": "recalled",
            "base": "franklin/index",
            "changes": {"growth_level.from.5": {"to": 60, "says": "as last year"}},
        }
    )
    assert preset.fills(unknown)
    assert not preset.fills(BASE)
    assert adapt(unknown, preset).fingerprint == BASE.fingerprint


def test_two_adaptations_of_one_clause_must_say_their_order() -> None:
    one = load_adaptation("franklin/lowest-third")
    other = one.model_copy(update={"name": "lowest-half"})
    with pytest.raises(ProblemsError, match="lowest-third and lowest-half: both touch lowest_line"):
        adapt(BASE, one, other)
    assert adapt(BASE, one, other, in_order=True).steps["lowest_line"].share == 0.34


def test_an_adaptation_adds_and_removes_and_says_what_is_wrong() -> None:
    base = {"title": "t", "reference": "r", "base": "franklin/index"}
    grown = Adaptation.model_validate(
        {
            **base,
            "add": {
                "double": {
                    "clause": {"rule": "sum", "of": {"total": 2}, "missing": "zero"},
                    "says": "s",
                }
            },
            "remove": {"stars": {"says": "s"}},
            "changes": {},
        }
    )
    with pytest.raises(ProblemsError, match=r"names stars, which is no step"):
        adapt(BASE, grown)
    wrong = Adaptation.model_validate(
        {**base, "remove": {"starz": {"says": "s"}}, "add": {"low": {"clause": {}, "says": "s"}}}
    )
    with pytest.raises(ProblemsError) as error:
        adapt(BASE, wrong)
    assert "there is no step starz. Did you mean stars?" in str(error.value)
    assert "the step low is there already" in str(error.value)
    with pytest.raises(ProblemsError, match="changes franklin/index, but the design is franklin/d"):
        adapt(load_design("franklin/dashboard"), wrong)


def test_a_base_may_be_a_file_seen_from_the_folder_of_the_adaptation(tmp_path: Path) -> None:
    (tmp_path / "designs").mkdir()
    (tmp_path / "changes").mkdir()
    design = tmp_path / "designs" / "small.yaml"
    design.write_text(
        "title: Small\nmeasures: {ela: {}}\nconditions:\n"
        "  good: {rule: test, of: ela, at_least: 50}\n"
    )
    said = "title: t\nreference: r\nbase: {}\nchanges:\n  good.at_least: {{to: 60, says: s}}\n"
    change = tmp_path / "changes" / "more.yaml"
    change.write_text(said.format("../designs/small.yaml"))
    one = load_adaptation(change)
    assert one.bases == ("small",)
    assert adapt(load_design(design), one).steps["good"].at_least == 60
    assert adapt(load_design(one.base), one).name == "small+more"
    change.write_text(said.format("../design/small.yaml"))
    text = "more.yaml:3: base: there is no file ../design/small.yaml"
    with pytest.raises(ProblemsError, match=text):
        load_adaptation(change)
    with pytest.raises(ProblemsError, match="changes small, but the design is franklin/index"):
        adapt(BASE, one)
