"""How far does each school lie from its own pool's line, and was the line kept to?

To read another kind of list: one more branch in `of_list`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.designs.rules import Line, Named
from analysis.designs.rules.conditions import All, Any_, Test
from analysis.designs.rules.levels import Cuts
from analysis.findings.threshold import decides
from analysis.problems import Problem, ProblemsError, did_you_mean, fail, listed
from analysis.ratings.rate import Ratings
from analysis.ratings.tables import spread, whole_group
from analysis.values import ALL

FEW: Final = 0.2
"""Where so many schools share their distance with others, the support is discrete (rdrobust)."""


@dataclass(frozen=True)
class Running:
    """Schools by their distance to the line of their own pool.

    Over school: `distance` in the unit of the score, below 0 where the school is named; `pool` as a
    number; both missing (NaN) where there is no score, no pool or no answer. `lines` has a row for
    each pool: pool, line (midpoint of the two schools on its sides), named, others.
    """

    distance: np.ndarray
    pool: np.ndarray
    lines: pd.DataFrame

    @property
    def named(self) -> np.ndarray:
        """Say who is named, over school: 1, 0, or missing."""
        return np.where(np.isnan(self.distance), np.nan, self.distance < 0)

    @property
    def shared(self) -> float:
        """Give the share of schools whose distance another school of the same side has too."""
        known = self.distance[~np.isnan(self.distance)]
        return 1 - len(np.unique(known)) / len(known)

    @property
    def discrete(self) -> bool:
        """Say whether so many schools share their distance that no smooth curve can be drawn."""
        return self.shared >= FEW


def running(score: np.ndarray, named: np.ndarray, pool: np.ndarray | None = None) -> Running:
    """Lay schools out by their distance to their own pool's line.

    The line is the midpoint of the last school named and the first one not named. Pools without a
    school on each side have no line and are left out.

    Args:
        score: over school; missing where not scored.
        named: over school: 1, 0, or missing where not judged.
        pool: over school: words or numbers, missing where in none; one pool without it.

    Raises:
        ProblemsError: in some pool the named are not those on one side of a line, or no pool has a
            line.

    >>> found = running(np.array([1.0, 2, 3, 5]), np.array([1.0, 1, 0, 0]))
    >>> found.distance.tolist(), found.lines["line"].tolist()
    ([-1.5, -0.5, 0.5, 2.5], [2.5])
    """
    codes, names = pd.factorize(
        pd.Series(["all"] * len(score) if pool is None else np.asarray(pool, dtype=object))
    )
    known = ~np.isnan(score) & ~np.isnan(named) & (codes >= 0)
    distance, rows, problems = np.full(len(score), np.nan), [], []
    for code, name in enumerate(names):
        mine = known & (codes == code)
        inside, outside = score[mine & (named == 1)], score[mine & (named == 0)]
        if not len(inside) or not len(outside):
            continue
        line, side = _line(inside, outside)
        if side == 0:
            problems.append(Problem(f"pool {name}", _not_kept(inside, outside)))
            continue
        distance[mine] = side * (score[mine] - line)
        rows.append((name, line, len(inside), len(outside)))
    if problems:
        raise ProblemsError(problems)
    if not rows:
        raise fail("running variable", "no pool has schools on both sides of its line.")
    lines = pd.DataFrame(rows, columns=["pool", "line", "named", "others"])
    return Running(distance, np.where(np.isnan(distance), np.nan, codes), lines)


def _line(inside: np.ndarray, outside: np.ndarray) -> tuple[float, int]:
    """Give the line and on which side the named lie: 1 below, -1 above, 0 on both."""
    if inside.max() < outside.min():
        return (float(inside.max()) + float(outside.min())) / 2, 1
    if inside.min() > outside.max():
        return (float(inside.min()) + float(outside.max())) / 2, -1
    return np.nan, 0


def _not_kept(inside: np.ndarray, outside: np.ndarray) -> str:
    below = int((inside > outside.min()).sum())
    return (
        "who is named must be decided by one line of the score, but "
        f"{below} of {len(inside)} named schools lie above a school that is not named. "
        "Name the score and the pool that decide, with --score and --pool."
    )


def of_list(
    ratings: Ratings,
    list_name: str,
    *,
    year: int,
    score: str | None = None,
    pool: str | None = None,
) -> Running:
    """Lay the schools of a list out by their distance to its line.

    Args:
        ratings: the ratings of its panel.
        list_name: a list that one score of all students decides.
        year: the year of naming.
        score: the step that decides, where the list rests on more than one condition; of a
            condition made of tests the margin counts.
        pool: a step or column; only schools with equal values share a line. Where it is a
            condition, only schools that meet it count.

    Raises:
        ProblemsError: the list rests on colours or levels, on several scores, or on groups, so it
            has no running variable; or who is named is not decided by the score.

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> of_list(franklin, "lowest", year=2025).lines["named"].tolist()
    [2]
    """
    score = score or _deciding(ratings, list_name)
    is_condition = ratings.design.names.kinds.get(score) == "condition"
    values = margins(ratings, score, year) if is_condition else _whole(ratings, score, year)
    named = _whole(ratings, list_name, year)
    pools = [_pool(ratings, one, year) for one in _pool_steps(ratings, list_name, pool)]
    keys = pd.DataFrame({str(i): one for i, one in enumerate(pools)}, index=range(len(values)))
    inside = keys.notna().all(axis=1).to_numpy()
    told = keys.map(str).agg(" ".join, axis=1) if pools else pd.Series("all", keys.index)
    return running(values, named, told.where(inside).to_numpy(dtype=object))


def margins(ratings: Ratings, condition: str, year: int) -> np.ndarray:
    """Say by how much each whole school meets a condition made of tests (below 0: it does not).

    Where all of several tests must be met the smallest margin counts, where any suffices the
    largest. All margins are in one unit, or the comparison of them means little.

    Args:
        ratings: the ratings of its panel.
        condition: a test against a number or line, or `all` or `any` of such.
        year: the year.

    Raises:
        ProblemsError: the condition rests on levels or other rules, which have no margin.

    Source: the binding score; Reardon and Robinson (2012).

    >>> from analysis import load_design, rate, read_panel
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> int((margins(franklin, "low", 2025) >= 0).sum())
    2
    """
    rule = ratings.design.steps.get(condition)
    if isinstance(rule, All | Any_):
        parts = np.stack([margins(ratings, ref.of, year) for ref in rule.of])
        known = ~np.isnan(parts).all(axis=0)
        found = np.full(parts.shape[1], np.nan)
        bind = np.nanmin if isinstance(rule, All) else np.nanmax
        found[known] = bind(parts[:, known], axis=0)
        return np.where(np.isnan(_whole(ratings, condition, year)), np.nan, found)
    decision = ratings[condition].decision if condition in ratings.design.steps else None
    if not isinstance(rule, Test) or rule.is_ is not None or decision is None:
        text = "has no margin: it is no test against a number, and not all or any of such tests."
        raise fail(condition, text)
    more = rule.at_least is not None or rule.above is not None
    if rule.beyond is not None:
        line = ratings.design.steps[rule.beyond.of]
        more = isinstance(line, Line) and line.side == "highest"
    value, bound = (_of_all(ratings, a, year) for a in (decision.value, decision.line))
    found = (value - bound) * (1 if more else -1)
    return np.asarray(found)


def _whole(ratings: Ratings, step: str, year: int) -> np.ndarray:
    """Give a step for every whole school; parts of schools are missing."""
    known = ratings.design.names.kinds
    if step not in known:
        near = did_you_mean(step, known)
        raise fail(step, f"is no step, measure or column of {ratings.design.name}.{near}")
    return _of_all(ratings, whole_group(ratings[step]), year)


def _of_all(ratings: Ratings, a: xr.DataArray, year: int) -> np.ndarray:
    """Lay an array out over school for one year; it may lack any of the axes."""
    if year not in ratings.panel.years:
        raise fail(ratings.panel.name, f"has no year {year}; it has {listed(ratings.panel.years)}.")
    a = a.sel(group=ALL, drop=True) if "group" in a.dims else a
    found = spread(ratings, a).sel(year=year).to_numpy().astype(float)
    return np.where((ratings.panel.units["part"] == "").to_numpy(), found, np.nan)


def _deciding(ratings: Ratings, list_name: str) -> str:
    """Name the score that decides a list, or say why there is none."""
    rule = ratings.design.steps.get(list_name)
    if not isinstance(rule, Named):
        raise fail(list_name, f"is no list; there are {listed(ratings.design.lists)}.")
    test = decides(ratings, list_name)
    if test is None:
        raise fail(list_name, _no_score(ratings, list_name, rule))
    if isinstance(ratings.design.steps[test.of.of], Cuts):
        text = f"rests on {test.of.of}, which is a level: it has no distance to a line."
        raise fail(list_name, text)
    return test.of.of


def _no_score(ratings: Ratings, list_name: str, rule: Named) -> str:
    text = (
        "has no running variable: no one score of all students decides it "
        f"(it rests on {listed(_rests_on(ratings, rule.when.of))}). "
    )
    if rule.group == "any":
        return text + "It names schools for a group, and each group has a line of its own."
    return text + (
        "Rules by colours or levels have no distance to a line. If a score decides among some "
        f"schools, say it: --list {list_name} --score STEP --pool STEP."
    )


def _rests_on(ratings: Ratings, step: str) -> Iterator[str]:
    rule = ratings.design.steps.get(step)
    yield from (step,) if rule is None else rule.uses()


def _pool_steps(ratings: Ratings, list_name: str, pool: str | None) -> Iterator[str]:
    """Name the conditions of a list's pool, the kinds within its line, and what was said."""
    rule = ratings.design.steps[list_name]
    if isinstance(rule, Named):
        yield from (ref.of for ref in rule.among or () if ref.of != "all_schools")
    test = decides(ratings, list_name)
    line = ratings.design.steps.get(test.beyond.of) if test and test.beyond else None
    if isinstance(line, Line) and line.within is not None:
        yield line.within.of
    if pool is not None:
        yield pool


def _pool(ratings: Ratings, step: str, year: int) -> np.ndarray:
    """Give the pools that a step makes; of a condition only those who meet it are in one."""
    found = pd.Series(_whole(ratings, step, year), dtype=object)
    if ratings.design.names.kinds.get(step) == "condition":
        found = found.where(found == 1).replace(1.0, step)
    return found.where(found.notna(), None).to_numpy()
