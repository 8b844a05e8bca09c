"""Which numbers describe the made-up districts, and where does each come from?

To add a number: a field in `blocks.py` and in `simulations/worlds/core.yaml`, with its source. A
world that differs from another in a few words names it as its `base`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analysis.designs.source import Source, read_yaml
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from simulations.population.blocks import (
    LANGUAGES,
    LATENTS,
    RACES,
    District,
    English,
    Growth,
    Latent,
    Makeup,
    Membership,
    Scale,
    Schools,
    Students,
    Target,
)

WORLDS: Final = Path(__file__).parents[1] / "worlds"


class Scaling(BaseModel):
    """How much smaller than the districts this world is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    students: float = Field(default=1, gt=0)
    schools: float = Field(default=1, gt=0)


class World(BaseModel):
    """Everything that describes the made-up districts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    about: str = ""
    include: Literal["waiver", "all"] | tuple[str, ...] = "waiver"
    scale: Scaling = Scaling()
    years: tuple[int, ...]
    factors: tuple[str, ...]
    districts: Mapping[str, District]
    schools: Schools
    makeup: Makeup
    members: Mapping[Literal["sed", "el", "swd"], Membership]
    students: Students
    tests: Mapping[Literal["ela", "math"], Scale]
    growth: Growth
    english: English
    latents: Mapping[str, Latent]
    targets: Mapping[str, Target] = Field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """Name the districts that are included, in their order."""
        said = self.include
        if isinstance(said, tuple):
            return tuple(name for name in self.districts if name in said)
        return tuple(name for name, one in self.districts.items() if said == "all" or one.waiver)

    @property
    def base_year(self) -> int:
        """The year from which trends are counted."""
        return self.years[0]

    @property
    def fingerprint(self) -> str:
        """A short code for every number of this world."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=8).hexdigest()

    def scale_of(self, subject: str) -> Scale:
        """Give the scale of a test."""
        return {str(name): test for name, test in self.tests.items()}[subject]

    def seats(self, district: str) -> int:
        """Count the seats of a grade in a district."""
        # transitional kindergarten is the fourteenth, partly filled
        grades = 13 + self.students.transitional_kindergarten
        return max(1, round(self.districts[district].students * self.scale.students / grades))

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        wrong = [*_unknown_words(self), *_heavy_loads(self)] or _with_memory(self)
        if wrong:
            raise ValueError(" ".join(wrong))
        return self


def _unknown_words(world: World) -> list[str]:
    groups = {*RACES, *LANGUAGES, "sed", "swd"}
    found = [_strange("latents", world.latents, set(LATENTS), needed=True)]
    found += [_strange(f"{d}: races", one.races, set(RACES)) for d, one in world.districts.items()]
    if isinstance(world.include, tuple):
        found.append(_strange("include", dict.fromkeys(world.include), set(world.districts)))
    late = world.students.redesignated_late
    found.append(_strange("redesignated_late", late, set(world.districts), needed=True))
    for name, latent in world.latents.items():
        found.append(_strange(f"{name}: groups", latent.groups, groups))
        found.append(_strange(f"{name}: districts", latent.districts, set(world.districts)))
    return [text for text in found if text]


def _strange(place: str, said: Mapping[Any, Any], known: set[str], *, needed: bool = False) -> str:
    words = [word for word in said if word not in known]
    if words:
        return f"{place}: there is no {words[0]}.{did_you_mean(words[0], known)}"
    missing = sorted(known - set(said)) if needed else []
    return f"{place}: {listed(missing)} must be there." if missing else ""


def _heavy_loads(world: World) -> list[str]:
    effects = {**world.latents, **world.growth.intake, **world.growth.value_added}
    found = [_strange(f"{n}: loads", one.loads, set(world.factors)) for n, one in effects.items()]
    heavy = [n for n, one in effects.items() if sum(x * x for x in one.loads.values()) > 1]
    return [text for text in found if text] + [
        f"{name}: the squares of its loads must sum to 1 at most." for name in heavy
    ]


def _with_memory(world: World) -> list[str]:
    """Refuse what would make the truth depend on more than `flows.py` follows."""
    latents = world.latents
    found = [
        f"{name}: own must be 0, or the expected values would not be exact."
        for name in ("english", "redesignating", "leaving")
        if latents[name].own
    ]
    found += [
        f"{name}: engagement must be 0; it is followed in high school only."
        for name in ("english", "redesignating")
        if latents[name].engagement
    ]
    decision = latents["redesignating"]
    if decision.ability or decision.groups:
        found.append("redesignating: may differ by grade, district and school only.")
    return found


def world_names() -> tuple[str, ...]:
    """List the built-in worlds."""
    return tuple(sorted(path.stem for path in WORLDS.glob("*.yaml")))


def load_world(world: str | Path) -> World:
    """Load a world: by its built-in name, or from a .yaml file.

    Raises:
        ProblemsError: there is no such world, or everything in the file that cannot be right.

    >>> load_world("core").years
    (2013, 2014, 2015, 2016, 2017, 2018)
    """
    source, said = _read_with_base(world)
    try:
        return World.model_validate(said)
    except ValidationError as error:
        raise ProblemsError(
            Problem(
                source.place(tuple(str(word) for word in found["loc"])),
                f"{'.'.join(map(str, found['loc'])) or 'the world'}: {found['msg']}.",
            )
            for found in error.errors()
        ) from error


def _read_with_base(world: str | Path) -> tuple[Source, dict[str, Any]]:
    path = WORLDS / f"{world}.yaml" if str(world) in world_names() else Path(world)
    if not path.is_file():
        known = world_names()
        near = did_you_mean(world, known)
        raise fail(str(world), f"there is no such world; built in are {listed(known)}.{near}")
    source = read_yaml(path)
    if source.problems:
        raise ProblemsError(source.problems)
    said = dict(source.said or {})
    base = said.pop("base", None)
    if base is None:
        return source, said
    return source, {**_read_with_base(base)[1], **said}
