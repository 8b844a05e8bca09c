"""Does a network of districts hang together when its leaders leave? Drawn, leader by leader.

The share of ties has a closed form (analysis/findings/participation.py); whether all districts are
still joined has none. To add a way of leaving: `draw_ties`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulations.streams import stream


@dataclass(frozen=True)
class Network:
    """Districts, how many of their leaders leave, and the second line behind them.

    `second_line` is the number of second-line leaders of a district, each tied to the one with the
    same task elsewhere; each leaves with the chance `leave`.
    """

    districts: int
    left: int
    second_line: int
    leave: float


@dataclass(frozen=True)
class Drawn:
    """What draws show: shares with their Monte Carlo error."""

    ties: float
    ties_error: float
    joined: float
    joined_error: float


def draw_ties(network: Network, *, draws: int, seed: int) -> Drawn:
    """Let leaders leave, several times, and see which ties and which networks last.

    Args:
        network: the districts and their people.
        draws: how often (two or more).
        seed: of the stream "ties".

    Returns:
        The share of ties that last, and the share of draws in which all districts are joined.
    """
    n = network.districts
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    source = stream(seed, "ties", n, network.left, network.second_line)
    shares, joined = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        stays = source.permutation(n) >= network.left
        second = source.random((network.second_line, n)) >= network.leave
        people = np.vstack([stays, second])
        lasts = (people[:, pairs[:, 0]] & people[:, pairs[:, 1]]).any(axis=0)
        one, other = pairs[lasts].T
        graph = coo_array((np.ones(len(one)), (one, other)), shape=(n, n))
        shares[draw] = lasts.mean()
        parts, _ = connected_components(graph, directed=False)
        joined[draw] = parts == 1
    errors = [float(a.std(ddof=1) / draws**0.5) for a in (shares, joined)]
    return Drawn(float(shares.mean()), errors[0], float(joined.mean()), errors[1])
