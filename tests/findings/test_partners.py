"""Pairs: worked by hand, by brute force, and by the law of stable pairs."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.findings.assigning import ALONE, assign, stable
from analysis.findings.district_partners import Alike, district_partners
from analysis.findings.partners import compared, partners, read_choices
from analysis.findings.standing import Standing, kilometres, of_districts, placed
from analysis.findings.wishes import AS_DONE, Wishes, load_wishes
from analysis.problems import ProblemsError
from simulations.partner_noise import partners_again

CELLS = (("ela", "all"), ("math", "all"), ("ela", "el"))


def five(**changes: object) -> Standing:
    """School A is on the list; B has its students, C is near, D is strong where A is weak, E leads.

    ela: A and C are lowest (1, 2), D and E highest. math: A and B highest, D lowest.
    """
    schools = pd.DataFrame(
        {
            "school": list("ABCDE"),
            "name": list("abcde"),
            "district": ["X", "Y", "X", "Y", "Y"],
            "level": "middle",
            "enrollment": [100.0, 100, 300, 200, 100],
            "latitude": [34.0, 35.0, 34.0, 35.0, 36.0],
            "longitude": -118.0,
            "index": [10.0, 50, 40, 60, 90],
            "growth": [-1.0, 0, 2, 0, 1],
            "named": [True, False, False, False, False],
        }
    ).assign(**changes)
    students = pd.DataFrame({"el": [0.5, 0.5, 0.1, 0.4, 0.0]})
    figures = np.array([[1.0, 9, 1], [3, 8, 2], [2, 5, 9], [8, 1, 8], [9, 6, 3]])
    blank = np.zeros(figures.shape, dtype=bool)
    n = np.full(figures.shape, 50.0)
    return placed(Standing(schools, students, CELLS, figures, n, figures, blank, blank))


def only(**weights: float) -> Wishes:
    return Wishes(weights=weights, high=1.0)


@pytest.mark.parametrize(
    ("wishes", "partner"),
    [
        (only(students=1), "B"),  # the same share of English learners
        (only(kilometres=1), "C"),  # in the same place
        (only(gap=1), "E"),  # 80 points above
        (only(growth=1), "C"),
        (only(challenge=1), "C"),  # high with English learners, where A is low; D is too, below C
        (only(reciprocity=1), "D"),  # D is high in ela where A is low, A in math where D is low
        (only(students=1, gap=10), "E"),
        (Wishes(weights={"students": 1}, high=0.25, growing=0), "E"),  # the highest of four
        (Wishes(weights={"gap": 1}, high=0, growing=0.25), "C"),  # the one that grows most
        (Wishes(weights={"gap": 1}, high=1, furthest=150), "D"),  # 111 km a degree: not E
        (Wishes(weights={"gap": 1}, high=1, caliper=0.1), "B"),
    ],
)
def test_each_term_and_limit_by_hand(wishes: Wishes, partner: str) -> None:
    assert partners(five(), wishes).pairs["partner"].tolist() == [partner]


def test_what_a_pair_says() -> None:
    one = partners(five(), only(reciprocity=1)).pairs.iloc[0]
    assert one["reciprocity"]
    assert (one["learns"], one["teaches"]) == ("ela, ela of el", "math")
    assert (one["gap"], one["options"]) == (50.0, 4)
    alone = partners(five(), only(gap=1)).pairs.iloc[0]
    assert not alone["reciprocity"]
    assert alone["teaches"] == "nothing"
    both = compared({"as done": partners(five(), AS_DONE), "E": partners(five(), only(gap=1))})
    assert both["same"].tolist() == [1.0, 0.0]


def test_who_stays_alone_is_told_why() -> None:
    nobody = partners(five(level=["high", "middle", "middle", "middle", "middle"]), only(gap=1))
    assert nobody.unmatched["reason"].tolist() == ["no high or growing school of the same level"]
    far = partners(five(), Wishes(weights={"gap": 1}, high=1, caliper=0.1, furthest=50))
    assert far.unmatched["reason"].tolist() == ["no high or growing school within 50 km"]
    two = five(named=[True, True, False, False, False])
    one_left = partners(two, Wishes(weights={"gap": 1}, high=0.34, growing=0))
    taken = "all possible partners are taken by other schools"
    assert one_left.unmatched["reason"].tolist() == [taken]
    shared = partners(two, Wishes(weights={"gap": 1}, high=0.34, growing=0, capacity=2))
    assert shared.pairs["partner"].tolist() == ["E", "E"]


def test_balance_by_hand() -> None:
    """A has half English learners, its partner E none; all that could be partners a quarter."""
    table = partners(five(), only(gap=1)).balance.set_index("characteristic")
    assert table.loc["el", ["schools", "partners", "pool"]].tolist() == [0.5, 0.0, 0.25]


def test_a_term_that_the_panel_cannot_tell_is_refused() -> None:
    with pytest.raises(ProblemsError, match="Name some with --growth"):
        partners(five(growth=np.nan), only(growth=1))
    with pytest.raises(ProblemsError, match="names nobody"):
        partners(five(named=False), only(gap=1))


def test_own_choices() -> None:
    """A asks E, then B; E names nobody but would not take A; B takes it."""
    told = [("A", "E", 1), ("A", "B", 2), ("E", "C", 1), ("B", "A", 1)]
    choices = pd.DataFrame(told, columns=["school", "choice", "rank"])
    found = partners(five(), only(gap=1), choices=choices)
    assert (found.pairs["partner"].tolist(), found.status, found.blocking) == (["B"], "stable", 0)
    with pytest.raises(ProblemsError, match="no school of the panel: Q"):
        partners(five(), only(gap=1), choices=choices.replace("C", "Q"))


def test_choices_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "choices.csv"
    path.write_text("school,choice,rank\n01,02,1\n", encoding="utf-8")
    assert read_choices(path).values.tolist() == [["01", "02", 1]]
    path.write_text("school,choice,rank\n01,02,first\n", encoding="utf-8")
    with pytest.raises(ProblemsError, match="rank must be a number .* says first"):
        read_choices(path)
    path.write_text("school,choice\n01,02\n", encoding="utf-8")
    with pytest.raises(ProblemsError, match="must have the columns rank"):
        read_choices(path)
    with pytest.raises(ProblemsError, match="cannot be read"):
        read_choices(tmp_path / "none.csv")


def test_wishes_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "wishes.yaml"
    path.write_text("weights: {students: 1, gap: 0.5}\ncaliper: 2\n", encoding="utf-8")
    assert load_wishes(path) == Wishes(weights={"students": 1, "gap": 0.5}, caliper=2)
    path.write_text("weights: {student: 1}\ncalipers: 2\ncapacity: 0\n", encoding="utf-8")
    with pytest.raises(ProblemsError) as told:
        load_wishes(path)
    text = str(told.value)
    assert "Did you mean students?" in text
    assert "Did you mean caliper?" in text
    assert "wishes.yaml:3" in text


def best_by_hand(
    cost: np.ndarray, allowed: np.ndarray, capacity: int, district: list[str], most: int
) -> tuple[int, float]:
    """Try every assignment: the most that get a partner, then the least cost."""
    best = (0, 0.0)
    for some in itertools.product([ALONE, *range(cost.shape[1])], repeat=len(cost)):
        got = [(i, j) for i, j in enumerate(some) if j != ALONE]
        homes = [district[j] for _, j in got]
        partners_of = [j for _, j in got]
        kept = all(allowed[i, j] for i, j in got)
        kept = kept and all(partners_of.count(j) <= capacity for j in partners_of)
        kept = kept and all(homes.count(d) <= most for d in homes)
        if kept:
            best = min(best, (-len(got), round(sum(cost[i, j] for i, j in got), 9)))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("capacity", "most"), [(1, 9), (2, 9), (1, 2), (2, 1)])
def test_brute_force_agrees(seed: int, capacity: int, most: int) -> None:
    draw = np.random.default_rng(seed)
    cost, allowed = draw.normal(size=(4, 5)), draw.random((4, 5)) < 0.6
    district = list("AABBB")
    wanted = best_by_hand(cost, allowed, capacity, district, most)
    for limit in {most, None} if most == 9 else {most}:
        got = assign(cost, allowed, capacity=capacity, district=district, most=limit).partner
        pairs = [(i, j) for i, j in enumerate(got) if j != ALONE]
        assert all(allowed[i, j] for i, j in pairs)
        assert (-len(pairs), sum(cost[i, j] for i, j in pairs)) == pytest.approx(wanted, abs=1e-4)


def unstable(partner: tuple[int, ...], theirs: np.ndarray, ours: np.ndarray) -> bool:
    """Say whether a seeker and a partner would both rather have each other (one seeker each)."""
    for i, j in np.ndindex(*theirs.shape):
        now = partner[i]
        rather = now == ALONE or theirs[i, j] < theirs[i, now]
        holder = partner.index(j) if j in partner else None
        if rather and (holder is None or ours[i, j] < ours[holder, j]):
            return True
    return False


@pytest.mark.parametrize("seed", range(8))
def test_nobody_would_rather_leave_and_seekers_fare_best(seed: int) -> None:
    draw = np.random.default_rng(seed)
    theirs, ours = draw.random((4, 4)), draw.random((4, 4))
    got = tuple(stable(theirs, ours, np.ones((4, 4), dtype=bool)).partner.tolist())
    every = [some for some in itertools.permutations(range(4)) if not unstable(some, theirs, ours)]
    assert got in every
    for other in every:
        assert all(theirs[i, got[i]] <= theirs[i, other[i]] for i in range(4))


def test_a_distance_that_is_known() -> None:
    """Los Angeles (LAX) to San Francisco (SFO): 337 miles by great circle, 543 km."""
    places = five(latitude=[33.9425, 37.619, 0, 0, 0], longitude=[-118.4081, -122.3749, 0, 0, 180])
    away = kilometres(places)
    assert away[0, 1] == pytest.approx(543, abs=1)
    assert away[3, 4] == pytest.approx(np.pi * 6371)  # half round the earth


def test_districts_are_their_students_and_pair_by_hand() -> None:
    """X: 100 students with 50 English learners, 300 with 30; Y: 100 with 50, 200 with 80, 100."""
    found = of_districts(five())
    assert found.students["el"].tolist() == pytest.approx([80 / 400, 130 / 400])
    assert found.schools["enrollment"].tolist() == [400.0, 400.0]
    assert found.figures[0].tolist() == pytest.approx([1.5, 7.0, 5.0])  # of equal n
    four = five(district=["W", "X", "Y", "Z", "Z"])
    pairs = district_partners(four, Alike(0, 0, 1, 0, 0))
    assert pairs.groups == (("W", "Y"), ("X", "Z"))  # the same place; 56 km apart
    assert pairs.pairs["chosen"].sum() == 2
    assert district_partners(four, Alike(0, 1, 0, 0, 0)).groups == (("W", "X"), ("Y", "Z"))


def test_what_noise_does_to_pairs() -> None:
    """The same figures keep every pair; when C and E change places, A's partner does not stay."""
    first = five()
    other = five(index=[10.0, 50, 90, 60, 40])
    unlisted = five(named=[False, True, False, False, False])
    found = partners_again(first, [first, other, unlisted], only(gap=1))
    assert found.draws["stay_held"].tolist() == [1.0, 0.0, 1.0]
    assert found.draws["again"].tolist() == [1.0, 1.0, 0.0]
    assert found.draws["stay_anew"].isna().tolist() == [False, False, True]
    assert found.chance == 0.25
    assert found.draws["stands"].tolist() == [1.0, 1.0, 1.0]  # E leads A by 80, then by 30
    fallen = five(index=[10.0, 50, 40, 60, 5])
    below = partners_again(first, [fallen], only(gap=1)).draws.iloc[0]
    assert (below["stands"], below["both"]) == (0.0, 0.0)  # E now lies below A
    both = partners_again(first, [first], only(reciprocity=1)).draws.iloc[0]
    assert (both["stands"], both["both"], both["challenge"]) == (1.0, 1.0, 1.0)
    assert found.mean("stay_held")[0] == pytest.approx(2 / 3)
    short = replace(first, schools=first.schools.iloc[:4])
    with pytest.raises(ProblemsError, match="the same schools"):
        partners_again(first, [short], only(gap=1))
