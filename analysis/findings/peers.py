"""Do districts that rate one another agree, who is lenient, and who only ticks boxes?

To add a figure: one function here that takes the ratings, and its field in `PeerReview`.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import krippendorff
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.tools.sm_exceptions import ConvergenceWarning, SingularMatrixWarning

from analysis.problems import Problem, ProblemsError, fail, listed

KEYS: Final = ["district", "rater", "item"]
Weights = Literal["quadratic", "linear"]


@dataclass(frozen=True)
class Reliable:
    """How far raters put districts in the same order, the items as they are.

    `one` is the share of the variance of one rater's mean that lies between districts (0-1), `all`
    that of the mean of all raters; `low` and `high` bound 95 % of `all`.
    """

    one: float
    all: float
    low: float
    high: float


@dataclass(frozen=True)
class PeerReview:
    """What a table of ratings shows.

    `alpha` has item (all first), ratings, ordinal, interval, nominal (Krippendorff). `pairs` has
    first, second (raters), shared (ratings of the same things), same (share of them), kappa
    (weighted), low, high. `leniency` has rater, sheets, mean, leniency (above the mean of raters on
    the same districts), low, high. `sheets` has rater, district, items, mean, straight (all items
    alike), copied (the same sheet given to another district). `ticking` has rater, sheets,
    straight and copied (shares), chance (share straight if the rater answered each item on its
    own). `own` has district, own, peers, above. Ratings of oneself count in `own` and `sheets`
    only.
    """

    alpha: pd.DataFrame
    pairs: pd.DataFrame
    leniency: pd.DataFrame
    reliable: Reliable
    sheets: pd.DataFrame
    ticking: pd.DataFrame
    own: pd.DataFrame


def read_ratings(path: Path) -> pd.DataFrame:
    """Read ratings: a CSV with the columns district, rater, item, rating (a number).

    Raises:
        ProblemsError: everything in the table that cannot be right.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise fail(str(path), f"cannot be read: {error}.") from error
    missing = [word for word in (*KEYS, "rating") if word not in table]
    if missing:
        raise fail(str(path), f"must have the columns {listed(missing)}.")
    table = table[table["rating"] != ""]
    number = pd.to_numeric(table["rating"], errors="coerce")
    strange, twice = number.isna(), table.duplicated(KEYS)
    problems = [
        Problem(f"{path}:{int(str(row)) + 2}", f"rating must be a number, but it says {said}.")
        for row, said in table.loc[strange, "rating"].head(5).items()
    ]
    for row, one in table.loc[twice].head(5).iterrows():
        text = f"{one['rater']} rates {one['district']} on {one['item']} a second time."
        problems.append(Problem(f"{path}:{int(str(row)) + 2}", text))
    if problems:
        raise ProblemsError(problems)
    return table.assign(rating=number)[[*KEYS, "rating"]].reset_index(drop=True)


def peer_review(ratings: pd.DataFrame, *, weights: Weights = "quadratic") -> PeerReview:
    """Say how far raters agree, how lenient each is, and which sheets look ticked.

    Args:
        ratings: district (rated), rater, item, rating.
        weights: how disagreements count in kappa: by the square of the distance, or the distance.

    Raises:
        ProblemsError: fewer than two raters of the same districts.

    Source: Cohen 1968 (weighted kappa), Krippendorff 2011 (alpha).
    """
    peers = ratings[ratings["rater"] != ratings["district"]]
    by_rater = peers.groupby("district")["rater"].nunique()
    if (by_rater > 1).sum() < 2:  # noqa: PLR2004 (order needs two)
        raise fail("ratings", "need two districts or more that two raters or more rated.")
    leniency, reliable = raters(peers)
    sheets = _sheets(ratings)
    return PeerReview(
        _alphas(peers),
        _pairs(peers, weights),
        leniency,
        reliable,
        sheets,
        _ticking(ratings, sheets),
        _own(ratings),
    )


def alpha(ratings: pd.DataFrame, level: Literal["nominal", "ordinal", "interval"]) -> float:
    """Give Krippendorff's alpha over all that was rated (district and item); missing if undefined.

    >>> told = [("A", "x", "1", 1), ("A", "y", "1", 1), ("B", "x", "1", 2), ("B", "y", "1", 2)]
    >>> alpha(pd.DataFrame(told, columns=[*KEYS, "rating"]), "nominal")
    1.0
    """
    wide = ratings.pivot_table("rating", "rater", ["district", "item"]).to_numpy()
    rated = wide[:, (~np.isnan(wide)).sum(axis=0) > 1]
    if len(np.unique(rated[~np.isnan(rated)])) < 2:  # noqa: PLR2004 (nothing differs)
        return float("nan")
    return float(krippendorff.alpha(rated, level_of_measurement=level))


def raters(peers: pd.DataFrame) -> tuple[pd.DataFrame, Reliable]:
    """Fit a mixed model of sheets: raters are what they are, districts are a sample.

    A sheet is one rater's mean over the items of a district, so leniency is that on these items.
    Intervals take Student's t with the degrees of freedom of a complete table.

    Args:
        peers: district, rater, item, rating.

    Raises:
        ProblemsError: too few sheets.

    Source: restricted maximum likelihood (statsmodels). Interval of the reliability: Feldt 1965
    (Psychometrika 30(3)); exact where every rater rates every district.
    """
    sheets = peers.groupby(["district", "rater"])["rating"].mean().reset_index()
    names, count = sorted(set(sheets["rater"])), sheets["district"].nunique()
    free = len(sheets) - count - len(names) + 1
    if free < 1:
        raise fail("ratings", "have too few sheets: two raters must share two districts.")
    held = sheets.groupby("rater")["rating"].agg(sheets="count", mean="mean").reset_index()
    design = pd.get_dummies(sheets["rater"], dtype=float).to_numpy()
    effect = _without_error(sheets, design)
    if effect is not None:
        none = float("nan")
        table = held.assign(leniency=effect, low=none, high=none)
        return table, Reliable(none, none, none, none)
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, SingularMatrixWarning):  # a variance may be nought
            warnings.simplefilter("ignore", kind)
        model = MixedLM(sheets["rating"].to_numpy(), design, groups=sheets["district"].to_numpy())
        found = model.fit(reml=True)
    apart = np.eye(len(names)) - 1 / len(names)
    effect = apart @ found.fe_params
    covariance = np.asarray(found.cov_params())[: len(names), : len(names)]
    half = stats.t.ppf(0.975, free) * np.sqrt(np.diag(apart @ covariance @ apart.T))
    one = float(found.cov_re[0, 0] / (found.cov_re[0, 0] + found.scale))
    table = held.assign(leniency=effect, low=effect - half, high=effect + half)
    return table, _reliable(one, len(sheets) / count, count, free)


def _without_error(sheets: pd.DataFrame, design: np.ndarray) -> np.ndarray | None:
    """Give leniency where raters and districts alone give every sheet, so no error is left."""
    rating = sheets["rating"].to_numpy()
    table = np.hstack([design, pd.get_dummies(sheets["district"], dtype=float).to_numpy()])
    effects = np.linalg.lstsq(table, rating, rcond=None)[0]
    if not np.allclose(table @ effects, rating, atol=1e-9):
        return None
    lenient: np.ndarray = effects[: design.shape[1]] - effects[: design.shape[1]].mean()
    return lenient


def _reliable(one: float, number: float, districts: int, free: int) -> Reliable:
    mean = number * one / (1 + (number - 1) * one)
    high, low = (1 - (1 - mean) * stats.f.ppf(q, districts - 1, free) for q in (0.025, 0.975))
    return Reliable(one, mean, float(low), float(high))


def _alphas(peers: pd.DataFrame) -> pd.DataFrame:
    parts = [("all", peers), *peers.groupby("item")]
    levels: tuple[Literal["ordinal", "interval", "nominal"], ...] = (
        "ordinal",
        "interval",
        "nominal",
    )
    rows = [
        {"item": name, "ratings": len(part), **{one: alpha(part, one) for one in levels}}
        for name, part in parts
    ]
    return pd.DataFrame(rows)


def _pairs(peers: pd.DataFrame, weights: Weights) -> pd.DataFrame:
    wide = peers.pivot_table("rating", ["district", "item"], "rater")
    scale = np.unique(peers["rating"])
    rows = []
    for first, second in itertools.combinations(wide.columns, 2):
        both = wide[[first, second]].dropna()
        if both.empty:
            continue
        same = float((both[first] == both[second]).mean())
        kappa = weighted_kappa(both[first].to_numpy(), both[second].to_numpy(), scale, weights)
        rows.append((first, second, len(both), same, *kappa))
    return pd.DataFrame(rows, columns=["first", "second", "shared", "same", "kappa", "low", "high"])


def weighted_kappa(
    first: np.ndarray, second: np.ndarray, scale: np.ndarray, weights: Weights
) -> tuple[float, float, float]:
    """Give weighted kappa of two raters, with a 95 % interval; missing if all ratings are alike.

    Args:
        first: ratings of the one.
        second: ratings of the other, of the same things.
        scale: all ratings that there are, ascending; each step counts as one.
        weights: by the square of the distance, or the distance.

    >>> told = np.array([1, 2, 3, 3])
    >>> weighted_kappa(told, told, np.array([1, 2, 3]), "quadratic")[0]
    1.0
    """
    table = np.zeros((len(scale), len(scale)))
    np.add.at(table, (np.searchsorted(scale, first), np.searchsorted(scale, second)), 1)
    if len({*first, *second}) < 2:  # noqa: PLR2004 (nothing differs)
        return (float("nan"),) * 3
    with np.errstate(divide="ignore", invalid="ignore"):  # a rater who never varies has no error
        found = cohens_kappa(table, wt=weights)
    known = found.std_kappa > 0 or found.kappa == 1
    ends = (found.kappa_low, found.kappa_upp) if known else (np.nan, np.nan)
    return float(found.kappa), float(ends[0]), float(ends[1])


def _sheets(ratings: pd.DataFrame) -> pd.DataFrame:
    wide = ratings.pivot_table("rating", ["rater", "district"], "item")
    several = wide.notna().sum(axis=1) > 1
    table = wide.mean(axis=1).rename("mean").to_frame()
    table["items"] = wide.notna().sum(axis=1)
    table["straight"] = several & (wide.max(axis=1) == wide.min(axis=1))
    alike = wide.reset_index().duplicated(["rater", *wide.columns], keep=False).to_numpy()
    table["copied"] = several & alike
    columns = ["rater", "district", "items", "mean", "straight", "copied"]
    return table.reset_index()[columns]


def _ticking(ratings: pd.DataFrame, sheets: pd.DataFrame) -> pd.DataFrame:
    """Hold straight sheets to a rater who uses the same ratings as often, but item by item."""
    rows = []
    for rater, mine in sheets[sheets["items"] > 1].groupby("rater"):
        said = ratings.loc[ratings["rater"] == rater, "rating"].value_counts(normalize=True)
        chance = float(np.mean([(said**items).sum() for items in mine["items"]]))
        straight, copied = mine["straight"].mean(), mine["copied"].mean()
        rows.append((rater, len(mine), straight, copied, chance))
    return pd.DataFrame(rows, columns=["rater", "sheets", "straight", "copied", "chance"])


def _own(ratings: pd.DataFrame) -> pd.DataFrame:
    """Hold each district's rating of itself to that of the others, on the same items."""
    is_own = ratings["rater"] == ratings["district"]
    own = ratings[is_own].set_index(["district", "item"])["rating"].rename("own")
    peers = ratings[~is_own].groupby(["district", "item"])["rating"].mean().rename("peers")
    both = pd.concat([own, peers], axis=1, join="inner").groupby("district").mean().reset_index()
    return both.assign(above=both["own"] - both["peers"])
