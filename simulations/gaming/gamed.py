"""What becomes of the list, of the index and of learning when schools respond?

The truth about a school is what the design says of it on average over all other draws, without any
behaviour, plus what its own behaviour truly changed.

To add an outcome: a line in `_outcomes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulations.gaming.cells import GROUPS
from simulations.gaming.game import Game
from simulations.gaming.mechanism import LEARNED
from simulations.gaming.respond import Played

THIRDS = ("low", "middle", "high")


@dataclass(frozen=True)
class Gamed:
    """What a design comes to, draw by draw.

    `worlds` has one row for each draw; `efforts` one for each draw, mechanism and third of schools
    by what the mechanism costs them; `learning` one for each draw, group and subject (SD of the
    average student of the group).
    """

    worlds: pd.DataFrame
    efforts: pd.DataFrame
    learning: pd.DataFrame


def gamed(game: Game, played: Played) -> Gamed:
    """Say what becomes of the list, of the index and of learning.

    Args:
        game: schools, design, aims and means.
        played: what schools do.
    """
    return Gamed(_outcomes(game, played), _efforts(game, played), _learning(game, played))


def outcomes_of(worlds: pd.DataFrame) -> pd.DataFrame:
    """Average every outcome over worlds, with its Monte Carlo error.

    Draws of the same schools are alike, so the error is that of the means of the seeds.

    Args:
        worlds: one row for each design, seed and draw.

    Returns:
        Columns design, outcome, mean, error (missing with one seed).

    >>> rows = pd.DataFrame({"design": "a", "seed": [1, 1, 2], "draw": [0, 1, 0], "period": 1,
    ...                      "left": [1.0, 3.0, 4.0]})
    >>> outcomes_of(rows).iloc[0].to_dict()
    {'design': 'a', 'outcome': 'left', 'mean': 3.0, 'error': 1.0}
    """
    return _averaged(_by_seed(worlds))


def changes_of(worlds: pd.DataFrame, against: Mapping[str, str]) -> pd.DataFrame:
    """Say what changes from one design to another in the same worlds, with its Monte Carlo error.

    Args:
        worlds: one row for each design, seed and draw.
        against: for some designs, the one to which each is held.

    Returns:
        Columns design, against, outcome, difference, error (missing with one seed).
    """
    means = _by_seed(worlds)
    frames = []
    for name, other in against.items():
        apart = pd.concat({name: means.loc[name] - means.loc[other]}, names=["design"])
        frames.append(_averaged(apart).assign(against=other).rename(columns={"mean": "difference"}))
    columns = ["design", "against", "outcome", "difference", "error"]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def _by_seed(worlds: pd.DataFrame) -> pd.DataFrame:
    """Average outcomes over the draws of each seed; how draws ended becomes three shares."""
    period = worlds["period"]
    ended = {"fixed": period == 1, "cycling": period > 1, "moving": period == 0}
    frame = worlds.assign(**ended).drop(columns=["draw", "period"])
    return frame.groupby(["design", "seed"], sort=False).mean().astype(float)


def _averaged(means: pd.DataFrame) -> pd.DataFrame:
    long = means.reset_index().melt(["design", "seed"], var_name="outcome")
    found = long.groupby(["design", "outcome"], sort=False)["value"].agg(["mean", "sem"])
    return found.reset_index().rename(columns={"sem": "error"})


def _outcomes(game: Game, played: Played) -> pd.DataFrame:
    """Give one row for each draw.

    `false_exits` leave the list and would be on it as they truly are; `innocent_newcomers` come on
    it and have gamed nothing. `truly_low` is the share of the named that are truly lowest, `truth`
    the correlation of the index with the truth, `inflation` how far the index lies above what it
    would be, were everything recorded as it is.
    """
    whole, schools = game.schools.whole, game.schools
    efforts = dict(played.efforts)
    states = {
        "before": game.base(),
        "reported": game.rated(schools.after(efforts)),
        "true": game.rated(schools.after(efforts, true=True)),
    }
    named = {word: game.of(r, game.list)[:, whole] == 1 for word, r in states.items()}
    index = {word: game.of(r, game.index)[:, whole] for word, r in states.items()}
    truth = _others(index["before"]) + index["true"] - index["before"]
    games = np.zeros(named["before"].shape, dtype=bool)
    for name in game.names:
        if not schools.reactions[name].mechanism.honest:
            games |= efforts[name][:, whole] > 0
    left, came = named["before"] & ~named["reported"], named["reported"] & ~named["before"]
    return pd.DataFrame(
        {
            "draw": np.arange(schools.draws),
            "named_before": named["before"].sum(axis=1),
            "named": named["reported"].sum(axis=1),
            "left": left.sum(axis=1),
            "false_exits": (left & named["true"]).sum(axis=1),
            "newcomers": came.sum(axis=1),
            "innocent_newcomers": (came & ~games).sum(axis=1),
            "gaming_schools": games.mean(axis=1),
            "truly_low_before": _truly_low(named["before"], truth),
            "truly_low": _truly_low(named["reported"], truth),
            "truth_before": _together(index["before"], truth),
            "truth": _together(index["reported"], truth),
            "inflation": np.nanmean(index["reported"] - index["true"], axis=1),
            "improvement": np.nanmean(index["true"] - index["before"], axis=1),
            "rounds": played.rounds,
            "period": played.period,
        }
    )


def _others(index: np.ndarray) -> np.ndarray:
    """Average each school over all draws but its own."""
    seen = ~np.isnan(index)
    total, n = np.nansum(index, axis=0), seen.sum(axis=0)
    mine = np.nan_to_num(index)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = (total - mine) / (n - seen)
    return found


def _truly_low(named: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the share of the named that are among as many schools with the lowest truth."""
    rank = np.argsort(np.argsort(np.where(np.isnan(truth), np.inf, truth), axis=1), axis=1)
    count = named.sum(axis=1)
    hits = (named & (rank < count[:, None])).sum(axis=1)
    return np.where(count > 0, hits / np.maximum(count, 1), np.nan)


def _together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlate two arrays draw by draw, where both are there."""
    found = []
    for x, y in zip(a, b, strict=True):
        seen = ~np.isnan(x) & ~np.isnan(y)
        enough = seen.sum() > 2 and np.ptp(x[seen]) > 0 and np.ptp(y[seen]) > 0  # noqa: PLR2004
        found.append(np.corrcoef(x[seen], y[seen])[0, 1] if enough else np.nan)
    return np.array(found)


def _efforts(game: Game, played: Played) -> pd.DataFrame:
    whole = game.schools.whole
    frames = []
    for name in game.names:
        much, price = played.efforts[name][:, whole], game.means.prices[name][:, whole]
        rank = np.argsort(np.argsort(price, axis=1, kind="stable"), axis=1)
        third = rank * len(THIRDS) // price.shape[1]
        frames += [
            pd.DataFrame(
                {
                    "draw": np.arange(len(much)),
                    "mechanism": name,
                    "cost": word,
                    "effort": [x[t == i].mean() for x, t in zip(much, third, strict=True)],
                    "schools": [(x[t == i] > 0).mean() for x, t in zip(much, third, strict=True)],
                }
            )
            for i, word in enumerate(THIRDS)
        ]
    return pd.concat(frames, ignore_index=True)


def _learning(game: Game, played: Played) -> pd.DataFrame:
    told: Mapping[str, np.ndarray] = played.efforts
    total = sum(
        one.learned * told[name][None, :, :, None] for name, one in game.schools.reactions.items()
    )
    students = game.schools.students
    gained = np.asarray((total * students).sum(axis=2) / np.maximum(students.sum(axis=1), 1))
    index = pd.MultiIndex.from_product(
        [LEARNED, range(game.schools.draws), GROUPS], names=["subject", "draw", "group"]
    )
    return pd.DataFrame({"sd": gained.ravel()}, index=index).reset_index()
