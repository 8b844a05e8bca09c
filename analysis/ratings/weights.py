"""How much of the index does each measure carry, after missing ones are shared out?

To let a new rule pass weights on: its `shares` (analysis/designs/rules/combining.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import xarray as xr

from analysis.designs.rules.choosing import LowestGroup
from analysis.ratings.rate import Ratings
from analysis.values import ALL


@dataclass(frozen=True)
class Applied:
    """The points of a measure and its share of the index, over school, year and group."""

    points: xr.DataArray
    share: xr.DataArray


def weights_applied(ratings: Ratings) -> Mapping[str, Applied]:
    """Trace the index down to its measures.

    Returns:
        For each measure that the index rests on: its points (the last step before steps are
        combined) and its share of the index, 0-1, with axes school, year, group. The shares of a
        school's cells add up to 1 where every measure reaches the index by one path. Empty
        without an index.
    """
    index = ratings.design.header.headline.index
    if index is None or index in ratings.design.unknown:
        return {}
    found: dict[str, Applied] = {}
    start = ratings[index].value.isel(school=ratings.cells.whole)  # parts count in their school
    share = xr.ones_like(start).where(start.notnull(), 0.0)
    _descend(ratings, _Path(index), share, found)
    return found


@dataclass(frozen=True)
class _Path:
    """Where a share has come to: a name, read for a group.

    `points` names the step that held the share where several measures are one; `standing` is the
    step that chose which group stands for the group that is read.
    """

    name: str
    group: str | None = None
    points: str = ""
    standing: LowestGroup | None = None


def _descend(ratings: Ratings, at: _Path, share: xr.DataArray, found: dict[str, Applied]) -> None:
    design = ratings.design
    rule = design.steps.get(at.name)
    shares = None if rule is None else rule.shares(ratings.cells)
    if shares is not None:
        for (name, group), part in shares.items():
            there = _at_group(ratings, at, part.fillna(0.0))
            _descend(ratings, replace(at, name=name, group=group or at.group), share * there, found)
        return
    through = design.measured_by(at.name)
    known = (*design.measures, *design.steps)
    below = [] if rule is None else [used for used in rule.values_from() if used in known]
    if isinstance(rule, LowestGroup) and at.group == rule.as_:
        at = replace(at, standing=rule)
    if len(through) == 1:
        _add(ratings, at, share, through[0], found)
    elif len(below) == 1:
        points = at.points or at.name
        _descend(ratings, replace(at, name=below[0], points=points), share, found)


def _at_group(ratings: Ratings, at: _Path, part: xr.DataArray) -> xr.DataArray:
    """Read a part for the group at hand, or for the one that stands for it."""
    if at.group is None or "group" not in part.dims:
        return part
    if at.standing is None:
        return part.sel(group=at.group, drop=True)
    place = at.standing.chosen(ratings.cells)
    theirs = part.sel(group=list(at.standing.among)).isel(group=place.where(place >= 0, 0))
    return theirs.drop_vars("group").where(place >= 0, 0.0)


def _add(
    ratings: Ratings, at: _Path, share: xr.DataArray, measure: str, found: dict[str, Applied]
) -> None:
    shape: Any = ratings[measure].value
    points = ratings[at.points or at.name].value
    if "group" in share.dims:
        laid = share.broadcast_like(shape)
    else:
        groups = list(ratings.cells.groups)
        here = xr.DataArray(groups, dims="group") == (at.group or ALL)
        laid = share.where(here.assign_coords(group=groups), 0.0)
    before = found.get(measure)
    total = laid if before is None else before.share + laid
    found[measure] = Applied(points, total)
