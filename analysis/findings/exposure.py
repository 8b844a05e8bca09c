"""How many schools and students stand within reach of a line where something jumps?

A panel shows measures' own levels, minimum n, the rating and the lists. The lines that students
cross (absence, attendance, grades, test scores) need student rows: near_lines.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.findings.incentives import Incentives
from analysis.findings.rewards import gains
from analysis.ratings.rate import Ratings
from analysis.values import ALL


def exposure(found: Incentives) -> pd.DataFrame:
    """Count schools and students within reach of each line that a panel shows.

    Returns:
        One row for each line: `line` (level of a measure, minimum n, rating, list), `name`,
        `measure`, `group`, `side` (what would happen), then `schools_1` and `students_1`, within
        one student of it, and `schools` and `students`, within as many as were tried. Students are
        those of the cell; for ratings and lists those of the school, as told by its largest n.
    """
    over = found.acts[found.acts["act"] == "over the line"]
    up = over[over["size"] > 0]
    rows = [*_levels(up), *_whole(found, up), *_minimum_n(found)]
    columns = ["line", "name", "measure", "group", "side", *_COUNTS]
    return pd.DataFrame(rows, columns=columns)


_COUNTS: Final = ("schools_1", "students_1", "schools", "students")


def _levels(up: pd.DataFrame) -> Iterator[dict[str, object]]:
    for (measure, group), mine in up.groupby(["measure", "group"], sort=False):
        near = mine[mine["level"] > 0].drop_duplicates(["school", "part"])
        told = {"line": "level", "name": measure, "measure": measure, "group": group}
        yield {**told, "side": "level up", **_counted(near)}


def _whole(found: Incentives, up: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Count schools that one measure takes over the line of the rating or of a list."""
    size = found.acts.groupby("school")["n"].max()
    design = found.ratings.design

    def row(line: str, name: str, side: str, near: pd.DataFrame) -> dict[str, object]:
        near = near.sort_values("size").drop_duplicates("school")
        told = {"line": line, "name": name, "measure": "", "group": "", "side": side}
        return {**told, **_counted(near.assign(n=near["school"].map(size).astype(float)))}

    rating = design.header.headline.rating
    if rating is not None:
        yield row("rating", rating, "level up", up[up["rating"] > 0])
    for name in design.lists:
        for word in ("leaves", "enters"):
            hit = [name in said.split(";") for said in up[word]]
            yield row("list", name, word, up[np.array(hit, dtype=bool)])


def _minimum_n(found: Incentives) -> Iterator[dict[str, object]]:
    """Count cells whose n lies just at or above the minimum, and just below it."""
    ratings = found.ratings
    codes = set(found.acts["school"])
    here = ratings.panel.units["school"].isin(codes).to_numpy()
    for name, rule in ratings.design.steps.items():
        for notch in rule.notches() if name not in ratings.design.unknown else ():
            measures = ratings.design.measured_by(notch.of.of)
            if notch.on != "n" or len(measures) != 1 or notch.of.year != "this":
                continue
            n, least = _beside(ratings, ratings.cells.n(notch.of), notch.at, found.year)
            for at, group in enumerate(ratings.cells.groups if n.ndim > 1 else (ALL,)):
                mine, floor = (a[here] if a.ndim == 1 else a[here, at] for a in (n, least))
                for side, gap in (
                    ("vanishes", mine - floor + 1),
                    ("counts", floor - mine),
                ):
                    near = pd.DataFrame({"size": gap, "n": mine})
                    near = near[(near["size"] >= 1) & (near["size"] <= found.students)]
                    if len(near):
                        told = {"line": "minimum n", "name": name, "measure": measures[0]}
                        yield {**told, "group": group, "side": side, **_counted(near)}


def _beside(ratings: Ratings, n: Any, at: Any, year: int) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
    """Give n and the minimum in one year, laid out alike over schools (and groups)."""
    least = ratings.cells.number(at)
    n, least = (a.sel(year=year, drop=True) if "year" in a.dims else a for a in (n, least))
    like = n.broadcast_like(least).transpose(*(d for d in ("school", "group") if d in n.dims))
    return like.values, least.broadcast_like(like).transpose(*like.dims).values


def _counted(near: pd.DataFrame) -> dict[str, object]:
    one = near["size"] <= 1
    counts = (int(one.sum()), float(near["n"][one].sum()), len(near), float(near["n"].sum()))
    return dict(zip(_COUNTS, counts, strict=True))


def worth_by_distance(found: Incentives) -> pd.DataFrame:
    """Give what one student more over the line is worth, by how many the next level takes.

    Only values of all students: a student of a group moves two values, each at its own distance.

    Returns:
        `label` (1, 2, ... students, more), `values` (of schools and measures), `worth` (mean gain
        of one student) and `most`, in what the design pays; the last row holds values whose next
        level takes more students than were tried, or that have none.
    """
    up = found.acts.assign(gain=gains(found)[1])
    up = up[(up["act"] == "over the line") & (up["size"] > 0) & (up["group"] == ALL)]
    keys = ["school", "part", "measure"]
    sizes = up["size"].where(up["level"] > 0, np.inf).groupby([up[key] for key in keys])
    one = up[up["size"] == 1]
    distance = one.merge(sizes.min().rename("distance").reset_index(), on=keys)["distance"]
    capped = distance.clip(upper=found.students + 1).astype(int)
    worth = pd.DataFrame({"distance": capped.to_numpy(), "gain": one["gain"].to_numpy()})
    grouped = worth.groupby("distance")["gain"]
    table = pd.DataFrame(
        {"values": grouped.size(), "worth": grouped.mean(), "most": grouped.max()},
        index=pd.Index(range(1, found.students + 2), name="distance"),
    )
    labels = [f"{k} student{'s' if k > 1 else ''}" for k in range(1, found.students + 1)]
    told: pd.DataFrame = table.fillna({"values": 0}).reset_index()
    return told.assign(label=[*labels, "more, or no level"])
