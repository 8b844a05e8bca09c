"""What does a district's own variant do to the common list, and is that more than noise?

A variant is an adaptation: it adds measures, weights or a scope of its own. The common index must
stay as it is; the variant's list stands beside the common one. Both are looked at on the figures as
published and on figures drawn anew. To ask something else of a variant: a field of `Stress`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.designs.design import Design
from analysis.findings.comparison import named_by_any, students_by_group
from analysis.findings.consistency import Figure, returning
from analysis.findings.overlap import Overlap, overlap
from analysis.panels.panel import Panel
from analysis.problems import ProblemsError, fail, listed
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.resting import only_for
from simulations.figures import errors_of, range_of
from simulations.streams import Draws

SCALES: Final = (0.25, 0.5, 1.0, 2.0)
"""Luck of students that is tried, as a share of what there is."""


@dataclass(frozen=True)
class Asked:
    """A variant beside the common design, on one panel.

    `lists` names the common list and the variant's. `state` is a list of the common design that is
    the state's, and to which both are held. `draws` are of the luck of students (perturbation).
    """

    common: Design
    local: Design
    lists: tuple[str, str]
    year: int
    state: str = ""
    draws: int = 40
    seed: int = 1


@dataclass(frozen=True)
class Stress:
    """What a variant does.

    `moved` names steps of the common design that give another result under the variant; none
    where it leaves the common index and lists as they are. `between` compares the variant's list
    with the common one; `to_state` compares both with the state's. `schools` has one row for each
    school that either names: school, common, local. `students` has, for each group, how many are in
    schools of the common list, of the variant's, and of both. `again` is the share of each list
    (common, local) that returns when the same schools are measured again, where they were;
    `next_year` the share of last year's list that is on this year's. `noise` has, for each share of
    the luck of students that there is, how far the common list stays alike (share of the schools
    on either that are on both). `apart` is the luck, as a share of what there is, at which the
    common list is no more like itself than like the variant's: beyond it the two cannot be told
    apart. It is missing where no
    luck that was tried comes so far. `why_not` says why no luck could be drawn.
    """

    moved: tuple[str, ...]
    between: Overlap
    to_state: tuple[Overlap, ...]
    schools: pd.DataFrame
    students: pd.DataFrame
    again: tuple[Figure, ...]
    next_year: tuple[float | None, ...]
    noise: pd.DataFrame
    apart: float | None
    why_not: str

    @property
    def alike(self) -> float:
        """The share of the schools on either list that are on both (0-1)."""
        return likeness(self.between)


def likeness(two: Overlap) -> float:
    """Give the share of the schools on either of two lists that are on both (0-1)."""
    return two.both / (two.first + two.second - two.both)


def lists_of(common: Design, local: Design, said: Sequence[str] = ()) -> tuple[str, str]:
    """Say which list of a variant stands beside which common one.

    Without words it is the list that the variant adds, beside the common design's first list that
    rests on its index; a variant that adds none is held to that same list.

    Raises:
        ProblemsError: a list that is not there, or a variant that adds several.
    """
    index = common.header.headline.index
    resting = [name for name in common.lists if index in common.below(name)]
    known = resting or list(common.lists)
    if not known:
        raise fail(common.name, "names nobody: it has no list.")
    added = [name for name in local.lists if name not in common.lists]
    if len(said) == 2:  # noqa: PLR2004 (a pair)
        for design, name in zip((common, local), said, strict=True):
            if name not in design.lists:
                raise fail(design.name, f"has no list {name}; it has {listed(design.lists)}.")
        return said[0], said[1]
    if len(added) > 1:
        text = f"adds the lists {listed(added)}. Say which stands beside which: --lists lowest,..."
        raise fail(local.name, text)
    return known[0], added[0] if added else known[0]


def stress(asked: Asked, panel: Panel, again: Sequence[Panel] = ()) -> Stress:
    """Hold a variant to the common design.

    Args:
        asked: the variant and what it is held to.
        panel: what was measured, with the variant's own measures.
        again: the same schools measured again (replications), where there are such panels.

    Raises:
        ProblemsError: a list that names nobody, or what rating says.

    >>> from analysis import load_design, read_panel
    >>> common = load_design("franklin/index")
    >>> wider = common.vary({"lowest_line.share": 0.34})
    >>> found = stress(Asked(common, wider, ("lowest", "lowest"), 2025), read_panel("franklin"))
    >>> found.between.first, found.between.second, found.moved
    (2, 3, ('low', 'lowest', 'lowest_line'))
    """
    both = tuple(rate(one, panel) for one in (asked.common, asked.local))
    common, local = both
    pairs = tuple(zip(both, asked.lists, strict=True))
    held = [_marks(one, name, asked.year) for one, name in pairs]
    whole = common.cells.is_whole.to_numpy()
    found = [named_by_any(one, year=asked.year, only=name)[whole] for one, name in pairs]
    between = overlap(*found)
    noise, why_not = pd.DataFrame({"scale": [], "stays": []}), ""
    try:
        noise = _noise(asked, panel, held[0])
    except ProblemsError as error:
        why_not = " ".join(one.text for one in error.problems)
    return Stress(
        _moved(common, local),
        between,
        _to_state(asked, common, found),
        _schools(common, held),
        _students(common, asked.year, held),
        _returning(asked, again),
        tuple(_next_year(one, name, asked.year) for one, name in pairs),
        noise,
        _apart(noise, likeness(between)) if len(noise) else None,
        why_not,
    )


def _moved(common: Ratings, local: Ratings) -> tuple[str, ...]:
    """Name the steps below the common index and lists whose content key is another now."""
    index = common.design.header.headline.index
    tops = [*common.design.lists, *([index] if index else [])]
    below = {name for top in tops for name in common.design.below(top)}
    return tuple(
        name for name in sorted(below & {*common.keys}) if local.keys.get(name) != common.keys[name]
    )


def _to_state(asked: Asked, common: Ratings, marks: Sequence[np.ndarray]) -> tuple[Overlap, ...]:
    if not asked.state:
        return ()
    found = named_by_any(common, year=asked.year, only=asked.state)
    whole = common.cells.is_whole.to_numpy()
    return tuple(overlap(found[whole], one) for one in marks)


def _schools(ratings: Ratings, held: Sequence[np.ndarray]) -> pd.DataFrame:
    units = ratings.panel.units[ratings.cells.is_whole.to_numpy()]
    table = pd.DataFrame({"school": units["school"], "common": held[0], "local": held[1]})
    return table[table["common"] | table["local"]].reset_index(drop=True)


def _students(ratings: Ratings, year: int, held: Sequence[np.ndarray]) -> pd.DataFrame:
    whole = ratings.cells.is_whole.to_numpy()
    rows = []
    for group, n in students_by_group(ratings, year).items():
        mine = np.nan_to_num(n[whole])
        common, local = (float(mine[one].sum()) for one in held)
        both = float(mine[held[0] & held[1]].sum())
        rows.append({"group": group, "common": common, "local": local, "both": both})
    return pd.DataFrame(rows)


def shaken(design: Design, panel: Panel, *, year: int, scale: float, asked: Asked) -> Panel:
    """Draw new luck of students around the published figures of one year, over the axis draw.

    Cells are drawn apart from one another, as if other students stood behind each. A figure
    without a standard error, and without n where it is a percentage, stays as it is.

    Args:
        design: says which measures are percentages, and their range.
        panel: what was published.
        year: the year that is drawn.
        scale: the noise, as a share of what there is.
        asked: number of draws and seed (stream "variant").

    Raises:
        ProblemsError: no figure has an error.
    """
    schools = np.arange(len(panel.units), dtype=np.uint64)
    fresh, known = {}, False
    for name in (one for one in design.measures if one in panel.measures):
        values = panel.measures[name]
        held = np.repeat(values.value.to_numpy()[None].copy(), asked.draws, axis=0)
        at = panel.years.index(year)
        for place, group in enumerate(panel.groups):
            error = np.nan_to_num(errors_of(design, panel, name, group)[:, at])
            known = known or bool((error > 0).any())
            stream = Draws.of(asked.seed, "variant", name, group)
            for draw in range(asked.draws):
                held[draw, :, at, place] += scale * error * stream.normals(schools, draw=draw)[0]
        held = np.clip(held, *range_of(design, name))
        value = xr.DataArray(held, dims=("draw", *values.value.dims), coords=values.value.coords)
        fresh[name] = replace(values, value=value, numerator=None)
    if not known:
        raise fail(panel.name, "tells neither n nor standard errors, so no luck can be drawn.")
    return replace(panel, measures={**panel.measures, **fresh}, _codes={})


def _noise(asked: Asked, panel: Panel, named: np.ndarray) -> pd.DataFrame:
    """Say how far the common list stays alike under less and more noise than there is."""
    name, rows = asked.lists[0], []
    needed = only_for(asked.common, name)
    for scale in SCALES:
        some = shaken(asked.common, panel, year=asked.year, scale=scale, asked=asked)
        ratings = rate(needed, some)
        value = ratings[name].value.sel(year=asked.year).transpose("draw", "school")
        marks = value.to_numpy()[:, ratings.cells.is_whole.to_numpy()] == 1
        stay = (marks & named).sum(axis=1) / (marks | named).sum(axis=1)
        error = stay.std(ddof=1) / len(stay) ** 0.5
        rows.append({"scale": scale, "stays": stay.mean(), "error": error})
    return pd.DataFrame(rows)


def _returning(asked: Asked, again: Sequence[Panel]) -> tuple[Figure, ...]:
    """Rate the same schools measured again by both designs."""
    if not again:
        return ()
    pairs = zip((asked.common, asked.local), asked.lists, strict=True)
    return tuple(
        returning(
            np.stack([_marks(rate(only_for(d, name), one), name, asked.year) for one in again])
        )
        for d, name in pairs
    )


def _next_year(ratings: Ratings, name: str, year: int) -> float | None:
    """Give the share of last year's list that is on this year's; nothing without one."""
    if year - 1 not in ratings.panel.years:
        return None
    before, now = (_marks(ratings, name, one) for one in (year - 1, year))
    return float((before & now).sum() / before.sum()) if before.any() else None


def _marks(ratings: Ratings, name: str, year: int) -> np.ndarray:
    whole = ratings.cells.is_whole.to_numpy()
    found: np.ndarray = np.nan_to_num(named_by_any(ratings, year=year, only=name)[whole]) == 1
    return found


def _apart(noise: pd.DataFrame, share: float) -> float | None:
    """Find the noise at which the common list is no more like itself than like the variant's."""
    if share >= 1:
        return 0.0
    scales = [0.0, *noise["scale"]]
    stays = np.minimum.accumulate([1.0, *noise["stays"]])
    if share < stays[-1]:
        return None
    return float(np.interp(-share, -stays, scales))
