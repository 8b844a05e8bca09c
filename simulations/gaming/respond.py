"""How much does each school do, when all others do as they please too?

A school chooses an effort (0-1) of each mechanism. It weighs what it aims at against what effort
costs, and keeps within its budget. All schools move at once, one mechanism after another, and hold
each other to what they did in the round before; this is repeated until nobody moves (a fixed
point), or until a state comes back (a cycle). A list by share is relative: whether a school is
named depends on the others. Its index must not; this is checked.

To add a way of moving: `_best`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import ndtr

from analysis.findings.needed import AHEAD
from analysis.problems import fail
from analysis.ratings.rate import Ratings
from simulations.factors import line_of
from simulations.gaming.game import Game

NEAR: Final = 1e-9
"""What is gained must be more than this, so that rounding moves nobody."""

Efforts = dict[str, np.ndarray]


@dataclass(frozen=True)
class Played:
    """What schools do in the end.

    `efforts` holds, by mechanism, an effort over draw and row of the axis school. Over draw:
    `rounds` says how many were played, `period` how the draw ended: 1 at a fixed point, 2 or more
    in a cycle of so many rounds, 0 while schools still moved.
    """

    efforts: Mapping[str, np.ndarray]
    rounds: np.ndarray
    period: np.ndarray


def respond(game: Game, *, rounds: int = 12) -> Played:
    """Let schools respond to a design and to each other.

    Args:
        game: the schools, what they want, and what they can do.
        rounds: how many at most.

    Raises:
        ProblemsError: a list that is not drawn by share, or an index that depends on other schools.
    """
    _held_apart(game)
    efforts = start(game)
    count, pool = _counted(game)
    played, period = (np.zeros(game.schools.draws, dtype=int) for _ in range(2))
    seen, here = [_states(efforts)], game
    for number in range(1, rounds + 1):
        left = np.flatnonzero(period == 0)
        if len(left) < here.schools.draws:
            here = game.where(left)
        moved = _moved(
            here, {n: much[left] for n, much in efforts.items()}, count[left], pool[left]
        )
        for name, much in moved.items():
            efforts[name][left] = much
        played[left] = number
        states = _states(efforts)
        for draw in left:
            back = [i for i, then in enumerate(seen) if then[draw] == states[draw]]
            period[draw] = number - back[-1] if back else 0
        seen.append(states)
        if (period > 0).all() or game.sees == "published":
            break
    return Played(efforts, played, np.where(game.sees == "published", 1, period))


def _moved(game: Game, efforts: Efforts, count: np.ndarray, pool: np.ndarray) -> Efforts:
    """Play one round: everybody moves against what all others did in the round before."""
    index = game.of(game.rated(game.schools.after(efforts)), game.index)
    line = lines(np.where(pool, index, np.nan), count)
    found = dict(efforts)
    for name in game.names:
        found[name] = _best(game, found, name, line)
    return found


def start(game: Game) -> Efforts:
    """Give the efforts before anybody decides: none, and in full what nobody decides on."""
    found = game.schools.no_effort()
    for name in found:
        found[name] += 0.0 if name in game.names else 1.0
    return found


def lines(index: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Give for each school the line that the others draw: it is named at or below it.

    Args:
        index: over draw and row; missing outside the pool.
        count: how many schools are named, over draw.

    Returns:
        The count-th lowest index among the other schools of the pool, over draw and row.

    >>> lines(np.array([[10.0, 20.0, 30.0]]), np.array([1])).tolist()
    [[20.0, 10.0, 10.0]]
    """
    ranked = np.sort(index, axis=1)
    last = ranked.shape[1] - 1
    rows = np.arange(len(index))
    mine, beyond = (ranked[rows, np.clip(k, 0, last)][:, None] for k in (count - 1, count))
    found = np.where(index <= mine, np.nan_to_num(beyond, nan=np.inf), mine)
    return np.where(np.isnan(index) | (count[:, None] < 1), -np.inf, found)


def _counted(game: Game) -> tuple[np.ndarray, np.ndarray]:
    """Say how many schools the line cuts off in each draw, and who is in its pool."""
    base, name = game.base(), line_of(game.design, game.list)
    rule: Any = game.design.steps[name]
    held = base.cells.pool(rule.pool)
    held = held.sel(year=game.schools.year) if "year" in held.dims else held
    pool = np.broadcast_to(np.asarray(held), (game.schools.draws, len(game.schools.panel.units)))
    if rule.side != "lowest":
        raise fail(game.list, "must name the lowest schools, so that schools want to get off it.")
    line = game.of(base, name).reshape(-1, 1)
    index = np.where(pool, game.of(base, game.index), np.nan)
    return (index < line - NEAR).sum(axis=1) + 1, pool


def _held_apart(game: Game) -> None:
    """Check that no school's index moves when others move: only then do schools move apart."""
    some = game.schools.no_effort()
    for much in some.values():
        much[:, game.schools.whole[::2]] = 1.0
    others = game.schools.whole[1::2]
    after, before = (
        game.of(ratings, game.index)[:, others]
        for ratings in (game.rated(game.schools.after(some)), game.base())
    )
    if not np.allclose(after, before, equal_nan=True):
        text = f"of a school depends on what other schools do ({game.design.name})."
        raise fail(game.index, f"{text} Take its cut points from a base year.")


def _best(game: Game, efforts: Efforts, name: str, line: np.ndarray) -> np.ndarray:
    """Give each school's best effort of one mechanism, the others being as they are."""
    now = efforts[name]
    grid = np.linspace(0, 1, game.means.grid + 1)
    tried = np.stack([np.full_like(now, much) for much in grid] + [now] * game.means.refined)
    worth = _worth(game, efforts, {name: tried}, line)
    at = worth.argmax(axis=0)
    best, most = _taken(tried, at), _taken(worth, at)
    if game.means.refined:
        top = _vertex(grid, worth[: len(grid)])
        found = _worth(game, efforts, {name: top[None]}, line)[0]
        better = found > most + NEAR
        best, most = np.where(better, top, best), np.where(better, found, most)
    here = _taken(worth, np.abs(tried - now).argmin(axis=0))
    found = np.where(most > here + NEAR, best, now)
    return found[:, game.schools.panel.whole]


def _taken(array: np.ndarray, at: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.take_along_axis(array, at[None], axis=0)[0]
    return found


def _vertex(grid: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Give the effort at the top of the parabola through the best effort and its neighbours."""
    at = np.clip(worth.argmax(axis=0), 1, len(grid) - 2)
    low, middle, high = (_taken(worth, at + step) for step in (-1, 0, 1))
    bend = low - 2 * middle + high
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(bend < 0, (low - high) / (2 * bend), 0.0)
    found: np.ndarray = np.clip(grid[at] + np.nan_to_num(step) * (grid[1] - grid[0]), 0, 1)
    return found


def _worth(
    game: Game, efforts: Efforts, tried: Mapping[str, np.ndarray], line: np.ndarray
) -> np.ndarray:
    """Give what efforts are worth to each school; over trial, draw and row.

    A trial that costs more than the budget is worth less than anything.
    """
    times = len(next(iter(tried.values())))
    every = {
        name: np.broadcast_to(tried.get(name, x), (times, *x.shape)) for name, x in efforts.items()
    }
    lanes = {name: x.reshape(-1, x.shape[-1]) for name, x in every.items()}
    ratings = game.rated(game.schools.after(lanes), times)
    gain = _gained(game, ratings, line, times)
    cost = np.zeros_like(gain)
    for name in game.names:
        mechanism, much = game.schools.reactions[name].mechanism, every[name]
        learned = game.schools.reactions[name].learned[..., 0]
        gain = gain + game.aims.intrinsic * much * (learned[:2].mean(axis=0) + learned[2])
        gain = gain - game.aims.caught * mechanism.found(much).chance
        cost = cost + mechanism.cost(much, game.means.prices[name], game.means.power)
    if game.means.budget is not None:
        gain = np.where(cost <= game.means.budget + NEAR, gain, -np.inf)
    found: np.ndarray = gain - cost
    return found


def _gained(game: Game, ratings: Ratings, line: np.ndarray, times: int) -> np.ndarray:
    """Give what ratings are worth, costs and learning apart; over trial, draw and row."""
    shape = (times, *line.shape)
    levels: np.ndarray = np.zeros(shape)
    if game.aims.levels:
        for step in game.level_steps:
            more = game.of(ratings, step).reshape(shape) - game.of(game.base(), step)
            most = AHEAD if game.sees == "published" else np.inf
            levels = levels + np.nan_to_num(np.minimum(more, most))
    found = game.aims.levels * levels
    if game.sees == "published":
        return found
    index = game.of(ratings, game.index).reshape(shape)
    if game.means.luck:
        named: np.ndarray = ndtr((line - index) / game.means.luck)
    else:
        named = np.asarray(index <= line + NEAR, dtype=float)
    return found + np.nan_to_num(game.aims.reputation * index - game.aims.identification * named)


def _states(efforts: Efforts) -> list[bytes]:
    """Write the state of each draw as bytes."""
    together = np.stack([*efforts.values()], axis=1)
    return [one.tobytes() for one in np.round(together, 9)]
