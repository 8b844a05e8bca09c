"""Who could learn from whom? Each school of a list with a partner that does better or grows.

To add a term or a limit: its name in wishes.py, its numbers in `_terms` or its line in `_limits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from analysis.findings.assigning import ALONE, Assigned, assign, blocking, stable
from analysis.findings.standing import Standing, kilometres, student_distance
from analysis.findings.wishes import Weights, Wishes
from analysis.problems import fail, listed

WANTED_LESS: Final = ("students", "kilometres")


@dataclass(frozen=True)
class Partners:
    """Pairs, and schools that stay alone.

    `pairs` has a row for each pair: school, name, district, partner, partner_name,
    partner_district, students (standard deviations), kilometres, gap (index), growth, challenge
    (0-1), reciprocity (true or false), options (partners that the limits leave it), learns and
    teaches (words). `unmatched` has school, name,
    reason. `balance` has, for each characteristic, means of schools, partners and all that could be
    partners, and the differences in standard deviations before and after. `blocking` counts pairs
    that would rather have each other.
    """

    wishes: Wishes
    status: str
    gap: float
    pairs: pd.DataFrame
    unmatched: pd.DataFrame
    balance: pd.DataFrame
    blocking: int


@dataclass(frozen=True)
class _Field:
    """The schools that look for a partner (`seekers`) and all that could be one (`pool`)."""

    found: Standing
    wishes: Wishes
    seekers: np.ndarray
    pool: np.ndarray

    @cached_property
    def terms(self) -> Mapping[str, np.ndarray]:
        """Each term over seeker and partner, in its own unit."""
        return _terms(self.found, self.seekers, self.pool, self.wishes.groups)

    @cached_property
    def limits(self) -> Mapping[str, np.ndarray]:
        """Each limit over seeker and partner: true where a pair keeps it."""
        return _limits(self)

    def cost(self, weights: Weights) -> np.ndarray:
        """Add up the terms, each in standard deviations over all pairs; less is better."""
        total = np.zeros((len(self.seekers), len(self.pool)))
        for name, weight in weights.items():
            term = self.terms[name] if name in WANTED_LESS else -self.terms[name]
            if not weight or not term.size:
                continue
            if np.isnan(term).all():
                raise fail(name, _LACKING.get(name, "is not known of any pair."))
            known = np.where(np.isnan(term), np.nanmax(term), term)
            total += weight * known / (np.nanstd(term) or 1.0)
        return total


_LACKING: Final = {
    "growth": "is weighed, but no measure of growth is named. Name some with --growth.",
    "kilometres": "are weighed, but the panel has no latitude and longitude.",
}


def read_choices(path: Path) -> pd.DataFrame:
    """Read what schools choose: a CSV with the columns school, choice, rank (a number).

    Raises:
        ProblemsError: the file cannot be read, lacks a column, or a rank is no number.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise fail(str(path), f"cannot be read: {error}.") from error
    missing = [word for word in ("school", "choice", "rank") if word not in table]
    if missing:
        raise fail(str(path), f"must have the columns {listed(missing)}.")
    rank = pd.to_numeric(table["rank"], errors="coerce")
    if rank.isna().any():
        said = listed(sorted(set(table.loc[rank.isna(), "rank"])))
        raise fail(str(path), f"rank must be a number (1 is the best), but it says {said}.")
    return table.assign(rank=rank)


def partners(found: Standing, wishes: Wishes, *, choices: pd.DataFrame | None = None) -> Partners:
    """Find a partner for each school of the list.

    Args:
        found: schools as they stand.
        wishes: what makes a good partner.
        choices: what schools choose themselves: school, choice (another school's code), rank (1 is
            the best). Whom a school does not name it does not take; who names nobody is taken to
            think as `wishes` weighs. They are matched so that the pairing is stable.

    Raises:
        ProblemsError: nobody is on the list, a term is weighed that the panel cannot tell, or a
            choice is no school.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.standing import standing
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> here = standing(franklin, "lowest", by=["poverty"], least=1)
    >>> found = partners(here, Wishes(weights={"students": 1}, high=1.0))
    >>> found.pairs[["school", "partner"]].values.tolist()
    [['0101', '0102'], ['0111', '0109']]
    """
    field = _field(found, wishes)
    allowed = np.logical_and.reduce(list(field.limits.values()))
    cost = field.cost(wishes.weights)
    theirs, ours = cost, _partners_view(field, cost)
    if choices is not None:
        theirs, ours = _chosen(field, choices, theirs, ours)
        allowed = allowed & np.isfinite(theirs) & np.isfinite(ours)
    district = found.schools["district"].to_numpy()[field.pool]
    if wishes.choose or choices is not None:
        got = stable(theirs, ours, allowed, capacity=wishes.capacity)
    else:
        most = wishes.most_in_district
        got = assign(cost, allowed, capacity=wishes.capacity, district=district, most=most)
    return Partners(
        wishes,
        got.status,
        got.gap,
        _pairs(field, got, allowed.sum(axis=1)),
        _unmatched(field, got),
        _balance(field, got, allowed.any(axis=0)),
        blocking(got.partner, theirs, ours, allowed, wishes.capacity),
    )


def compared(found: Mapping[str, Partners]) -> pd.DataFrame:
    """Lay ways of pairing side by side; the first is what the others are held to.

    Returns:
        One row for each way: way, pairs, unmatched, students, kilometres, gap, growth, challenge,
        reciprocity (means over pairs; the last is a share), same (share of the first way's pairs).
    """
    first = _as_set(next(iter(found.values())))
    columns = ["students", "kilometres", "gap", "growth", "challenge", "reciprocity"]
    rows = []
    for way, one in found.items():
        row: dict[str, object] = {
            "way": way,
            "pairs": len(one.pairs),
            "unmatched": len(one.unmatched),
        }
        row.update({name: float(one.pairs[name].astype(float).mean()) for name in columns})
        row["same"] = len(first & _as_set(one)) / len(first) if first else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _as_set(found: Partners) -> frozenset[tuple[str, str]]:
    return frozenset(zip(found.pairs["school"], found.pairs["partner"], strict=True))


def _field(found: Standing, wishes: Wishes) -> _Field:
    schools = found.schools
    named = schools["named"].to_numpy(dtype=bool)
    if not named.any():
        raise fail("partners", "are looked for by the schools of a list, but it names nobody.")
    by_level = schools[~named].groupby("level")[["index", "growth"]]
    places = by_level.rank(pct=True, ascending=False, method="min")
    able = (places["index"] <= wishes.high) | (places["growth"] <= wishes.growing)
    return _Field(found, wishes, np.flatnonzero(named), places.index[able].to_numpy())


def _terms(
    found: Standing, seekers: np.ndarray, pool: np.ndarray, groups: tuple[str, ...]
) -> dict[str, np.ndarray]:
    pairs = np.ix_(seekers, pool)
    index = found.schools["index"].to_numpy(dtype=float)
    growth = found.schools["growth"].to_numpy(dtype=float)[pool]
    low, high = found.low.astype(float), found.high.astype(float)
    some = ~found.of_all & np.array([not groups or g in groups for _, g in found.cells])
    faced = low[seekers][:, some]
    solved = (faced @ high[pool][:, some].T) / np.maximum(faced.sum(axis=1, keepdims=True), 1)
    whole = found.of_all
    learns = low[seekers][:, whole] @ high[pool][:, whole].T
    teaches = high[seekers][:, whole] @ low[pool][:, whole].T
    return {
        "students": student_distance(found)[pairs],
        "kilometres": kilometres(found)[pairs],
        "gap": index[pool] - index[seekers][:, None],
        "growth": np.broadcast_to(growth, solved.shape),
        "challenge": solved,
        "reciprocity": ((learns > 0) & (teaches > 0)).astype(float),
    }


def _limits(field: _Field) -> dict[str, np.ndarray]:
    wishes, terms = field.wishes, field.terms
    level = field.found.schools["level"].to_numpy()
    alike = level[field.seekers][:, None] == level[field.pool]
    limits = {"of the same level": alike} if wishes.same_level else {}
    limits["with a higher index"] = terms["gap"] > 0
    limits["whose students are known"] = ~np.isnan(terms["students"])
    if wishes.caliper is not None:
        near = terms["students"] <= wishes.caliper
        limits[f"within {wishes.caliper:g} standard deviations of its students"] = near
    if wishes.furthest is not None:
        limits[f"within {wishes.furthest:g} km"] = terms["kilometres"] <= wishes.furthest
    return limits


def _partners_view(field: _Field, cost: np.ndarray) -> np.ndarray:
    """Say what partners think of schools: the same, but for how much lower these are."""
    weights = field.wishes.weights
    return cost - field.cost({"gap": weights["gap"]}) if "gap" in weights else cost


def _chosen(
    field: _Field, choices: pd.DataFrame, theirs: np.ndarray, ours: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Put ranks in place of weighed terms for every school that chose; infinite: not taken."""
    codes = field.found.schools["school"]
    strange = sorted({*choices["school"], *choices["choice"]} - {*codes})
    if strange:
        raise fail("choices", f"name no school of the panel: {listed(strange)}.")
    ranks = choices.pivot_table("rank", "school", "choice").reindex(columns=codes).fillna(np.inf)
    theirs, ours = theirs.copy(), ours.copy()
    seekers, pool = codes.iloc[field.seekers].to_numpy(), codes.iloc[field.pool].to_numpy()
    for school, row in ranks.iterrows():
        theirs[seekers == school] = row[pool]
        ours[:, pool == school] = row[seekers].to_numpy()[:, None]
    return theirs, ours


def _pairs(field: _Field, got: Assigned, options: np.ndarray) -> pd.DataFrame:
    found, paired = field.found, got.partner != ALONE
    which = np.flatnonzero(paired)
    one, other = field.seekers[which], field.pool[got.partner[which]]
    left, right = found.schools.iloc[one], found.schools.iloc[other]
    table = left[["school", "name", "district"]].reset_index(drop=True)
    for word in ("school", "name", "district"):
        to = "partner" if word == "school" else f"partner_{word}"
        table[to] = right[word].to_numpy()
    for name, term in field.terms.items():
        table[name] = term[which, got.partner[which]]
    table["reciprocity"] = table["reciprocity"] == 1
    table["options"] = options[which]
    learns = found.low[one] & found.high[other]
    teaches = found.high[one] & found.low[other] & found.of_all
    table["learns"] = [found.words(cells) for cells in learns]
    table["teaches"] = [found.words(cells) for cells in teaches]
    return table


def _unmatched(field: _Field, got: Assigned) -> pd.DataFrame:
    rows = []
    for place in np.flatnonzero(got.partner == ALONE):
        left = np.ones(len(field.pool), dtype=bool)
        reason = "all possible partners are taken by other schools"
        for words, kept in field.limits.items():
            left &= kept[place]
            if not left.any():
                reason = f"no high or growing school {words}"
                break
        school = field.found.schools.iloc[field.seekers[place]]
        rows.append((school["school"], school["name"], reason))
    return pd.DataFrame(rows, columns=["school", "name", "reason"])


def _balance(field: _Field, got: Assigned, possible: np.ndarray) -> pd.DataFrame:
    known = field.found.schools[["enrollment", "index", "growth"]]
    table = pd.concat([field.found.students, known], axis=1)
    paired = got.partner != ALONE
    ours = table.iloc[field.seekers[paired]]
    theirs, pool = table.iloc[field.pool[got.partner[paired]]], table.iloc[field.pool[possible]]
    scale = np.sqrt((ours.var() + pool.var()) / 2)
    found = pd.DataFrame({"schools": ours.mean(), "partners": theirs.mean(), "pool": pool.mean()})
    found["before"] = (found["pool"] - found["schools"]) / scale
    found["after"] = (found["partners"] - found["schools"]) / scale
    return found.rename_axis("characteristic").reset_index()
