"""Whom would this list name under other weights? From a design to the kernel, and back to schools.

To let another design in: `weighing_of`. What it refuses is for `rate` and `design.vary`, which name
the same schools, only slower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import numpy as np
import xarray as xr

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import Ref, Rounding
from analysis.designs.design import Design
from analysis.designs.rules import conditions
from analysis.designs.rules.combining import Mean
from analysis.designs.rules.lists import Named, ShareOfPool
from analysis.panels.panel import Panel
from analysis.problems import Problem, ProblemsError, fail, listed
from analysis.ratings.naming import Cut, Keep, Naming, Weighing, identify
from analysis.ratings.rate import Ratings, rate

BOUNDS: Final[Mapping[str, Cut]] = {
    "at_most": Cut(np.nan, by="number", side="lowest", included=True),
    "below": Cut(np.nan, by="number", side="lowest", included=False),
    "at_least": Cut(np.nan, by="number", side="highest", included=True),
    "above": Cut(np.nan, by="number", side="highest", included=False),
}


def who_is_named(
    design: Design,
    panel: Panel,
    *,
    weights: np.ndarray,
    name: str | None = None,
    year: int | None = None,
    keep: Sequence[Keep] = (),
) -> Naming:
    """Name schools by a design under many sets of weights of its index.

    The schools are those that `rate` names by the design with these weights.

    Args:
        design: the design; all but the weights stays.
        panel: what was measured.
        weights: [design, cell], cells in the order of the mean's `of`; relative, 0 or more.
        name: a list of the design; may be left out where there is only one.
        year: the last of the panel, unless it is said.
        keep: `schools` to know who is named each time, `ranks` for each school's place.

    Returns:
        Naming: schools are the rows of `panel.units`.

    Raises:
        ProblemsError: the weights or the year are wrong, or the list needs `rate`.

    >>> import numpy as np
    >>> from analysis import load_design, read_panel
    >>> franklin = load_design("franklin/index").vary(
    ...     {"lowest_line.of": "of_part", "low.of": "of_part"})
    >>> weights = np.array([[25, 25, 20, 15, 15], [1, 0, 0, 0, 0]])
    >>> who_is_named(franklin, read_panel("franklin"), weights=weights, year=2025).named.tolist()
    [2, 2]
    """
    return identify(weighing_of(rate(design, panel), name, year=year), weights, keep=keep)


def weighing_of(ratings: Ratings, name: str | None = None, *, year: int | None = None) -> Weighing:
    """Take from ratings what a list rests on, without the weights of its index.

    The list must test the mean of some steps, weights of missing ones shared out, against a share
    of a pool by count or against a number; neither its points nor its pool may rest on that mean.

    Args:
        ratings: the ratings of a panel by the design with any weights.
        name: a list of the design; may be left out where there is only one.
        year: the last of the panel, unless it is said.

    Raises:
        ProblemsError: the list does more than the kernel can, with all the reasons.
    """
    chain = _chain(ratings.design, name)
    year = ratings.panel.years[-1] if year is None else year
    reasons = [*_too_much(ratings.design, chain), *_not_there(ratings, chain, year)]
    if reasons:
        raise ProblemsError(Problem(chain.name, f"{text}. Use rate for it.") for text in reasons)
    mean, cells = chain.mean, ratings.cells
    place = _Place(ratings, year, chain.named.group)
    points = np.array([place.row(cells[of].value) for of in mean.of])
    seen = np.isfinite(points).sum(axis=0)
    if mean.missing == "zero":
        points = np.nan_to_num(points)
    points[:, seen < (len(mean.of) if mean.missing == "no_result" else mean.judged)] = np.nan
    pool = cells.is_whole if chain.line is None else cells.pool(chain.line.pool)
    named = place.row(cells.is_whole) == 1
    for ref in chain.named.among or ():
        named &= place.row(cells.pool(ref)) == 1
    for ref in chain.named.unless or ():
        named &= place.row(cells[ref].value) != 1
    return Weighing(
        points, place.row(pool) == 1, named, _cut(chain), _roundings(chain), tuple(mean.of)
    )


@dataclass(frozen=True)
class _Chain:
    name: str
    named: Named
    test: conditions.Test
    line: ShareOfPool | None
    mean: Mean


@dataclass(frozen=True)
class _Place:
    ratings: Ratings
    year: int
    group: str

    def row(self, a: xr.DataArray) -> np.ndarray:
        """Give one number for each school."""
        at = {"year": self.year, "group": self.group}
        one = a.sel({axis: label for axis, label in at.items() if axis in a.dims})
        return np.broadcast_to(one.values, len(self.ratings.panel.units)).astype(float)


def _chain(design: Design, name: str | None) -> _Chain:
    if name is None and len(design.lists) == 1:
        name = design.lists[0]
    if name not in design.lists:
        raise fail(design.name, f"say which of its lists; there are {listed(design.lists)}.")
    named = design.steps[name]
    assert isinstance(named, Named)  # noqa: S101
    test = design.steps.get(named.when.of)
    if not isinstance(test, conditions.Test):
        raise fail(name, f"{named.when} is not a test of an index. Use rate for it.")
    mean = design.steps.get(test.of.of)
    if not isinstance(mean, Mean):
        raise fail(name, f"{test.of} is not the mean of some steps. Use rate for it.")
    line = None if test.beyond is None else design.steps[test.beyond.of]
    if not (line is None or isinstance(line, ShareOfPool)):
        raise fail(name, f"{test.beyond} is not a line by share. Use rate for it.")
    return _Chain(name, named, test, line, mean)


def _too_much(design: Design, chain: _Chain) -> Iterator[str]:
    """Say what of the list's clauses the kernel cannot do."""
    named, test, line, mean = chain.named, chain.test, chain.line, chain.mean
    if named.group == "any":
        yield "looks at several groups"
    for ref in (named.when, test.of, *((line.of, test.beyond) if line else ())):
        if ref is not None and ref != Ref(ref.of):
            yield f"reads another year or group ({ref})"
    if line is not None and line.of.of != test.of.of:
        yield f"tests {test.of}, but its line is drawn on {line.of}"
    if line is not None and (line.percentile is not None or line.within is not None):
        yield "draws its line by percentile, or one for each kind of school"
    if line is None and not isinstance(_bound(test)[1], float):
        yield "tests its index against something else than one number or a line by share"
    if mean.form != "arithmetic" or mean.missing == "transfer":
        yield f"rests on a mean that is {mean.form} with missing: {mean.missing}"
    for ref in _others(chain):
        if test.of.of in design.below(ref.of):
            yield f"depends on {ref}, which rests on the index too"


def _not_there(ratings: Ratings, chain: _Chain, year: int) -> Iterator[str]:
    """Say what keeps the ratings from giving one number for each school."""
    design, years = ratings.design, ratings.panel.years
    if year not in years:
        yield f"has no year {year}; the panel has {listed(years)}"
    others = [ref.of for ref in _others(chain) if ref.of != EVERYONE]
    for name in (*chain.mean.of, *others):
        if name in design.unknown:
            yield f"rests on {name}, where a number is not known"
    given = [*chain.named.unknown(), *chain.test.unknown(), *(chain.line or chain.test).unknown()]
    if set(given) - {"share"} or set(chain.mean.unknown()) - {"of"}:
        yield "has a number that is not known"
    for name in (*chain.mean.of, *others):
        if "draw" in ratings[name].value.dims:
            yield f"rests on draws of {name}"
    for ref in (*(chain.named.among or ()), *(chain.named.unless or ())):
        if ref.of != EVERYONE and "group" in ratings.cells[ref].value.dims:
            yield f"depends on {ref} in several groups; say of it group: all"


def _others(chain: _Chain) -> tuple[Ref, ...]:
    """Give what decides besides the index: who draws the line, and who may be named."""
    pool = () if chain.line is None else (chain.line.pool,)
    return (*pool, *(chain.named.among or ()), *(chain.named.unless or ()))


def _bound(test: conditions.Test) -> tuple[str, object]:
    way = next(word for word in (*BOUNDS, "is_") if word in test.model_fields_set)
    return way, getattr(test, way)


def _cut(chain: _Chain) -> Cut:
    line = chain.line
    if line is None:
        way, bound = _bound(chain.test)
        return replace(BOUNDS[way], at=cast("float", bound))
    return Cut(
        np.nan if line.share is None else line.share,
        side=line.side,
        included=line.included,
        count=line.count or "up",
        ties=line.ties or "in",
        counted=line.counted,
    )


def _roundings(chain: _Chain) -> tuple[Rounding, ...]:
    own = () if chain.mean.round is None else (chain.mean.round,)
    line = chain.line
    return own if line is None or line.round == "none" else (*own, Rounding(line.round))
