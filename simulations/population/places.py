"""Which schools are there, who feeds whom, and what is known of each?

A unit is a school, or the part of a school that teaches one level. Elementary units are homes:
each has seats for a neighbourhood. `follows` is the unit to which its students go at the end.

To add something known of schools: a column in `schools_table`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from simulations.population.blocks import LEVELS
from simulations.population.makeup import make_up
from simulations.population.world import World
from simulations.population.zones import Zones, largest_remainder, lay_out
from simulations.streams import stream

PARTS: Final = {
    "elementary": (0,),
    "middle": (1,),
    "high": (2,),
    "k8": (0, 1),
    "k12": (0, 1, 2),
    "secondary": (1, 2),
}
KINDS_OF_SCHOOL: Final = tuple(PARTS)
NAMES: Final = {
    "elementary": "Elementary",
    "middle": "Middle",
    "high": "High",
    "k8": "K-8 School",
    "k12": "K-12 School",
    "secondary": "Secondary School",
}
KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True)
class Places:
    """The units of one district; arrays over unit, elementary units first.

    `seats` counts the seats of a grade at home units; `pool` says where those go who choose, by
    level; `makeup` gives the shares of students over home, race, sed, swd and English origin.
    """

    district: str
    number: np.ndarray
    school: np.ndarray
    kind: np.ndarray
    level: np.ndarray
    part: np.ndarray
    seats: np.ndarray
    follows: np.ndarray
    pool: np.ndarray
    advantage: np.ndarray
    where: np.ndarray
    makeup: np.ndarray

    @property
    def homes(self) -> int:
        """How many units are homes; they are the first."""
        return int(np.sum(self.level == 0))

    def at_level(self, level: int) -> np.ndarray:
        """Give the units of a level."""
        return np.flatnonzero(self.level == level)


def make_places(world: World, seed: int, district: str) -> Places:
    """Lay out the schools of a district: sizes, zones, places and neighbourhoods.

    Args:
        world: the numbers of the districts.
        seed: the seed of the whole population.
        district: a name in `world.districts`.
    """
    rng = stream(seed, "population", "places", district)
    kinds = _kinds(world, district)
    school = np.repeat(np.arange(len(kinds)), [len(PARTS[k]) for k in kinds])
    level = np.concatenate([PARTS[kind] for kind in kinds])
    order = np.argsort(level, kind="stable")
    school, level = school[order], level[order]
    kind = np.array(kinds, dtype=object)[school]
    zones = lay_out(world, rng, district=district, school=school, level=level, kind=kind)
    return Places(
        district=district,
        number=_numbers(world, district, len(school)),
        school=school,
        kind=kind,
        level=level,
        part=np.array([len(PARTS[k]) > 1 for k in kind]),
        seats=zones.seats,
        follows=zones.follows,
        pool=zones.pool,
        advantage=zones.advantage,
        where=_coordinates(world, district, zones),
        makeup=make_up(world, rng, district=district, zones=zones),
    )


def _kinds(world: World, district: str) -> Sequence[str]:
    """Share out the schools of a district over kinds; each level is taught somewhere."""
    schools = max(3, round(world.districts[district].schools * world.scale.schools))
    shares = np.array([world.schools.shares[kind] for kind in KINDS_OF_SCHOOL])
    counts = np.concatenate([[1, 1, 1], np.zeros(len(shares) - 3, dtype=int)])
    wanted = np.maximum(shares / shares.sum() * schools - counts, 0)
    counts += largest_remainder(wanted, schools - int(counts.sum()))
    return [kind for kind, n in zip(KINDS_OF_SCHOOL, counts, strict=True) for _ in range(n)]


def _numbers(world: World, district: str, units: int) -> np.ndarray:
    first = int(world.districts[district].code) * 100_000
    return np.arange(first, first + units, dtype=np.uint64)


def _coordinates(world: World, district: str, zones: Zones) -> np.ndarray:
    one = world.districts[district]
    north, east = zones.where * one.reach / KM_PER_DEGREE
    return np.stack([one.latitude + north, one.longitude + east / np.cos(np.radians(one.latitude))])


def codes(world: World, places: Places) -> np.ndarray:
    """Give the code of each school of a district, as text: its district and its number."""
    first = world.districts[places.district].code
    return np.array([f"{first}{i + 1:04d}" for i in range(int(places.school.max()) + 1)])


def schools_table(
    world: World, places: Places, *, sizes: np.ndarray, sed: np.ndarray
) -> pd.DataFrame:
    """Make the schools table of a district: one row a school, and one a part where it spans levels.

    Args:
        world: the numbers of the districts.
        places: the district's units.
        sizes: expected enrollment of each unit.
        sed: expected share of disadvantaged students of each unit.
    """
    units = pd.DataFrame({"at": places.school, "level": places.level, "kind": places.kind})
    units = units.assign(part=places.part, n=sizes, poor=sizes * sed)
    units["latitude"], units["longitude"] = places.where
    whole = units.groupby("at", as_index=False).agg(
        {"n": "sum", "poor": "sum", "level": "first", "kind": "first", "part": "first"}
        | {"latitude": "first", "longitude": "first"}
    )
    words = np.array(LEVELS)
    whole = whole.assign(
        part="", level=np.where(whole["part"], "span", words[whole["level"].to_numpy()])
    )
    whole["title1"] = whole["poor"] / whole["n"] >= world.schools.title1
    parts = units[units["part"]]
    parts = parts.assign(part=words[parts["level"].to_numpy()], level=words[parts["level"]])
    parts["title1"] = whole.set_index("at")["title1"].loc[parts["at"]].to_numpy()
    rows = pd.concat([whole, parts]).sort_values(["at", "part"], ignore_index=True)
    return _labelled(world, places, rows)


def _labelled(world: World, places: Places, rows: pd.DataFrame) -> pd.DataFrame:
    one = world.districts[places.district]
    at = rows["at"].to_numpy()
    first = pd.Series(places.kind).groupby(places.school).first()
    within = first.groupby(first).cumcount() + 1
    names = [f"{one.name} {NAMES[first[i]]} {within[i]}" for i in at]
    return pd.DataFrame(
        {
            "school": codes(world, places)[at],
            "part": rows["part"],
            "name": names,
            "district": one.name,
            "level": rows["level"],
            "title1": np.where(rows["title1"], "yes", "no"),
            "enrollment": np.rint(rows["n"]).astype(int),
            "latitude": rows["latitude"].round(5),
            "longitude": rows["longitude"].round(5),
        }
    )
