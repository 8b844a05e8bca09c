"""Communities: worked by hand, and every way to form them tried where there are few schools."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.findings.communities import Circle, communities
from analysis.findings.grouping import Groups, group, subset_rank, subsets
from analysis.findings.standing import Standing, placed
from analysis.problems import ProblemsError


def standing_of(figures: np.ndarray, students: np.ndarray, district: list[str]) -> Standing:
    number = len(figures)
    schools = pd.DataFrame(
        {
            "school": [f"{place:02d}" for place in range(number)],
            "name": "",
            "district": district,
            "level": "middle",
            "enrollment": 100.0,
            "latitude": np.nan,
            "longitude": np.nan,
            "index": 0.0,
            "growth": 0.0,
            "named": True,
        }
    )
    cells = tuple((f"measure {place}", "all") for place in range(figures.shape[1]))
    blank, n = np.zeros(figures.shape, dtype=bool), np.full(figures.shape, 50.0)
    table = pd.DataFrame({"share": students})
    return placed(Standing(schools, table, cells, figures, n, figures, blank, blank), low=0.5)


def test_by_hand() -> None:
    """Two schools are low on one measure, two on the other; students would pair them otherwise."""
    figures = np.array([[1.0, 8], [2, 9], [8, 1], [9, 2]])
    found = standing_of(figures, np.array([0.0, 1, 0, 1]), list("AABB"))
    far = Circle(kilometres=0.0)
    got = communities(found, far).members
    assert got.groupby("community")["school"].agg("".join).tolist() == ["0001", "0203"]
    assert got["problem"].tolist() == ["measure 0"] * 2 + ["measure 1"] * 2
    # by lot one of three ways to form two pairs is that one: a pair shares a problem 1 time in 3
    share = (
        communities(found, far).summary.set_index("what").loc["share a problem (share of schools)"]
    )
    assert share.tolist() == pytest.approx([1, 1 / 3])
    alike = replace(far, problem=0.0, must_share=False)
    others = communities(found, alike).members
    assert others.groupby("community")["school"].agg("".join).tolist() == ["0002", "0103"]
    assert others["problem"].unique().tolist() == ["none shared"]


def test_facilitators_bound_the_communities() -> None:
    figures = np.array([[1.0, 8], [2, 9], [8, 1], [9, 2]])
    found = standing_of(figures, np.zeros(4), list("AABB"))
    one = communities(found, Circle(kilometres=0.0), capacity=1)
    assert (len(one.members), one.members["community"].max(), len(one.unplaced)) == (2, 1, 2)
    assert one.unplaced["reason"].str.startswith("no facilitator is left").all()
    by = communities(found, Circle(kilometres=0.0), capacity={"A": 0})
    assert by.members["lead"].unique().tolist() == ["B"]
    lonely = standing_of(np.array([[1.0], [2], [9], [9]]), np.zeros(4), list("AABB"))
    nobody = communities(lonely, Circle(kilometres=0.0)).unplaced
    assert nobody["reason"].tolist() == ["no school shares a problem with it within the limits"] * 2


def partitions(schools: list[int], sizes: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """Give every way to put schools into groups of these sizes, or to leave them alone."""
    if not schools:
        yield []
        return
    first, rest = schools[0], schools[1:]
    yield from partitions(rest, sizes)
    for size in sizes:
        for others in itertools.combinations(rest, size - 1):
            left = [one for one in rest if one not in others]
            for more in partitions(left, sizes):
                yield [(first, *others), *more]


def can_be_led(groups: list[tuple[int, ...]], lead: str, capacity: dict[str, int]) -> bool:
    for leaders in itertools.product(*[sorted({lead[i] for i in some}) for some in groups]):
        if all(leaders.count(d) <= most for d, most in capacity.items()):
            return True
    return False


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("capacity", [{}, {"A": 1, "B": 1}])
def test_brute_force_agrees(seed: int, capacity: dict[str, int]) -> None:
    draw = np.random.default_rng(seed)
    lead, number = "AABBCAB", 7
    candidates, costs = [], {}
    for size in (2, 3, 4):
        members = subsets(number, size)
        kept = draw.random(len(members)) < 0.7
        cost = draw.normal(size=len(members))
        candidates.append(Groups(members[kept], cost[kept]))
        costs |= dict(zip(map(tuple, members[kept].tolist()), cost[kept].tolist(), strict=True))
    best = (1, 0.0)
    for groups in partitions(list(range(number)), (2, 3, 4)):
        if all(some in costs for some in groups) and can_be_led(groups, lead, capacity):
            placed_in = sum(map(len, groups))
            best = min(best, (-placed_in, sum(costs[some] for some in groups)))
    got = group(number, candidates, lead=list(lead), capacity=capacity)
    assert (-sum(map(len, got.groups)), got.cost) == pytest.approx(best)
    assert all(
        led in {lead[i] for i in some} for some, led in zip(got.groups, got.leads, strict=True)
    )
    assert (got.status, got.gap) == ("optimal", pytest.approx(0, abs=1e-5))


@pytest.mark.parametrize("size", [2, 3, 4])
def test_subsets_are_those_of_the_library_and_keep_their_numbers(size: int) -> None:
    found = subsets(8, size)
    assert {*map(tuple, found.tolist())} == {*itertools.combinations(range(8), size)}
    assert subset_rank(found).tolist() == list(range(len(found)))


def test_chance_is_the_mean_over_all_ways() -> None:
    draw = np.random.default_rng(3)
    found = standing_of(draw.normal(size=(6, 3)), draw.random(6), list("ABCABC"))
    got = communities(found, Circle(kilometres=0.0, smallest=2, largest=2))
    away = np.abs(found.students["share"].to_numpy()[:, None] - found.students["share"].to_numpy())
    away = away / found.students["share"].std()
    every = [some for some in partitions(list(range(6)), (2,)) if len(some) == 3]
    means = [np.mean([away[i, j] for i, j in some]) for some in every]
    summary = got.summary.set_index("what")
    line = summary.loc["distance of students to the others"]
    pairs = got.members.groupby("community")["school"].agg(list)
    ours = np.mean([away[int(a), int(b)] for a, b in pairs])
    assert len(pairs) == 3
    assert line.tolist() == pytest.approx([ours, np.mean(means)])


def test_what_cannot_be_formed_is_refused() -> None:
    found = standing_of(np.zeros((3, 1)), np.zeros(3), list("AAA"))
    with pytest.raises(ProblemsError, match="have two to four schools"):
        communities(found, Circle(largest=5))
    with pytest.raises(ProblemsError, match="which the panel cannot tell"):
        communities(found, Circle(must_share=False))
    alone = replace(found, schools=found.schools.assign(named=[True, False, False]))
    with pytest.raises(ProblemsError, match="the list names 1"):
        communities(alone)
