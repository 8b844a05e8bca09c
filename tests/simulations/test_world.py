"""A world is read with all that is wrong in it, and its districts are what it says."""

import numpy as np
import pytest

from analysis.problems import ProblemsError
from simulations.population.places import make_places, schools_table
from simulations.population.town import make_town
from simulations.population.world import World, load_world, world_names

CORE = load_world("core")


def written(tmp_path, text: str) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text("base: core\n" + text)
    return str(path)


def test_worlds_are_built_in() -> None:
    assert world_names() == ("core", "core-fifth", "core-small", "core-ten")
    assert len(load_world("core-ten").places) == 10
    assert CORE.places[0] == "los_angeles"
    assert len(CORE.places) == 6


def test_a_world_survives_being_sent_to_another_process() -> None:
    assert World.model_validate_json(CORE.model_dump_json()) == CORE


def test_numbers_have_sources() -> None:
    blocks = [*CORE.districts.values(), *CORE.latents.values(), *CORE.targets.values()]
    assert all(block.cite and block.evidence for block in blocks)


WRONG = {
    "scale: {students: 0}": "mine.yaml:2: scale.students: Input should be greater than 0.",
    "wrold: 1": "mine.yaml:2: wrold: Extra inputs are not permitted.",
    "title: a\ntitle: b": "mine.yaml:3: the file: title is said twice (first in line 2).",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_what_is_wrong_is_told_with_its_line(tmp_path, text: str, message: str) -> None:
    with pytest.raises(ProblemsError) as told:
        load_world(written(tmp_path, text))
    assert message in str(told.value)


def test_an_unknown_world_is_told() -> None:
    with pytest.raises(ProblemsError, match="Did you mean core-small?"):
        load_world("core-smal")


def changed(latent: str, **words: object) -> dict[str, object]:
    said = CORE.model_dump()
    said["latents"][latent].update(words)
    return said


CANNOT_BE = [
    (changed("absence", districts={"fresnoo": 1}), "there is no fresnoo. Did you mean fresno?"),
    (changed("absence", loads={"quality": 0.9, "order": 0.9}), "absence: the squares of its loads"),
    (changed("english", own=0.5), "english: own must be 0"),
    (changed("english", engagement=0.5), "english: engagement must be 0"),
    (changed("redesignating", ability=0.5), "redesignating: may differ by grade"),
    (CORE.model_dump() | {"latents": {}}, "latents: absence, climate_family"),
]


@pytest.mark.parametrize(("said", "message"), CANNOT_BE)
def test_what_cannot_be_is_refused(said: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        World.model_validate(said)


@pytest.mark.parametrize("district", CORE.places)
def test_a_district_has_the_students_that_the_world_says(district: str) -> None:
    places = make_places(CORE, 5, district)
    one = CORE.districts[district]
    assert places.seats.sum() == CORE.seats(district)
    share = np.tensordot(places.seats[: places.homes], places.makeup, axes=1) / places.seats.sum()
    assert share.sum() == pytest.approx(1)
    said = np.array([one.races[race] for race in one.races])
    assert share.sum(axis=(1, 2, 3)) == pytest.approx(said / said.sum(), abs=1e-6)
    assert share[:, 1].sum() == pytest.approx(one.sed, abs=1e-6)
    assert share[:, :, 1].sum() == pytest.approx(one.swd, abs=1e-6)
    assert share[..., 1].sum() == pytest.approx(one.el, abs=1e-6)


@pytest.mark.parametrize("district", CORE.places)
def test_every_school_leads_on_and_every_pool_is_whole(district: str) -> None:
    places = make_places(CORE, 5, district)
    onward = places.follows[places.level < 2]
    assert (places.level[onward] == places.level[places.level < 2] + 1).all()
    assert (places.follows[places.level == 2] == -1).all()
    for level in (0, 1, 2):
        assert places.pool[places.level == level].sum() == pytest.approx(1)
    span = places.part & (places.level < 2)
    assert (places.school[places.follows[span]] == places.school[span])[
        [int(np.sum((places.school == s) & (places.level == n + 1))) == 1
         for s, n in zip(places.school[span], places.level[span], strict=True)]
    ].all()  # fmt: skip


def test_neighbours_are_alike() -> None:
    """The advantage of homes varies as the world says: most of it between zones."""
    places = make_places(CORE, 5, "los_angeles")
    homes = places.advantage[: places.homes]
    zone = places.follows[: places.homes]
    within = np.mean([homes[zone == z].var() for z in np.unique(zone)])
    # high and middle school zones hold .65 of the variance; what is left within is below half
    assert within < 0.5 * homes.var()
    assert 0.6 < homes.std() < 1.4


def test_the_schools_table_names_parts_and_wholes() -> None:
    town = make_town(CORE, 5, "los_angeles")
    places = town.places
    sizes = np.full(len(places.level), 100.0)
    table = schools_table(CORE, places, sizes=sizes, sed=np.full(len(sizes), 0.8))
    whole = table[table["part"] == ""]
    assert len(whole) == places.school.max() + 1 == CORE.districts["los_angeles"].schools
    spans = table[table["school"].isin(table["school"][table["part"] != ""])]
    assert set(spans["level"][spans["part"] == ""]) == {"span"}
    parts = spans[spans["part"] != ""]
    assert (parts["part"] == parts["level"]).all()
    k12 = whole[whole["name"].str.contains("K-12")]
    assert len(k12) > 0
    assert (k12["enrollment"] == 300).all()
    assert whole["school"].is_unique
    assert whole["school"].str.startswith("01").all()
    near = np.hypot((whole["latitude"] - 34.05) * 111, (whole["longitude"] + 118.31) * 92)
    assert near.max() < 2 * CORE.districts["los_angeles"].reach


def test_one_town_a_seed() -> None:
    one, again, other = (make_town(CORE, seed, "oakland") for seed in (5, 5, 6))
    assert one is again
    assert (one.effects.latents["absence"] != other.effects.latents["absence"]).all()


def test_make_up_differs_between_neighbourhoods_only_by_what_is_drawn() -> None:
    calm = CORE.model_copy(
        update={
            "makeup": CORE.makeup.model_copy(update={"races_apart": 0.0, "races": {}}),
            "members": {
                n: m.model_copy(update={"advantage": 0.0}) for n, m in CORE.members.items()
            },
        }
    )
    places = make_places(calm, 5, "oakland")
    assert np.ptp(places.makeup, axis=0).max() < 1e-6
