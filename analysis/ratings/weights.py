"""How much of the index does each measure carry, after missing ones are shared out?

To let a new rule pass weights on: its `shares` (analysis/designs/rules/combining.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

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
    _descend(ratings, (index, None), xr.ones_like(start).where(start.notnull(), 0.0), found)
    return found


def _descend(
    ratings: Ratings,
    at: tuple[str, str | None],
    share: xr.DataArray,
    found: dict[str, Applied],
) -> None:
    name, group = at
    rule = ratings.design.steps.get(name)
    shares = None if rule is None else rule.shares(ratings.cells)
    if shares is not None:
        for (inner, within), part in shares.items():
            _descend(ratings, (inner, within or group), share * part.fillna(0.0), found)
        return
    through = ratings.design.measured_by(name)
    if len(through) == 1:
        _add(ratings, (name, group), share, through[0], found)
    elif rule is not None and len(ratings.design.uses(name)) == 1:
        _descend(ratings, (ratings.design.uses(name)[0], group), share, found)


def _add(
    ratings: Ratings,
    at: tuple[str, str | None],
    share: xr.DataArray,
    measure: str,
    found: dict[str, Applied],
) -> None:
    name, group = at
    shape: Any = ratings[measure].value
    points = ratings[name].value
    if "group" in share.dims:
        laid = share.broadcast_like(shape)
    else:
        here = xr.DataArray(list(ratings.panel.groups), dims="group") == (group or ALL)
        here = here.assign_coords(group=list(ratings.panel.groups))
        laid = share.where(here, 0.0)
    before = found.get(measure)
    total = laid if before is None else before.share + laid
    found[measure] = Applied(points, total)
