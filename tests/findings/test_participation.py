"""The record of the network gives the numbers that its briefs give; ties have a closed form."""

from datetime import date

import pytest

from analysis.findings.participation import (
    first_line_ties,
    load_record,
    members,
    membership,
    span,
    tie_survival,
)
from analysis.problems import ProblemsError
from simulations.ties import Network, draw_ties

RECORD = load_record()


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2010, 9, 30), 0),
        (date(2010, 10, 31), 7),
        (date(2012, 2, 28), 7),
        (date(2012, 3, 31), 8),
        (date(2012, 7, 31), 9),
        (date(2013, 1, 31), 10),
        (date(2015, 8, 1), 10),
    ],
)
def test_members_at_any_date(day: date, number: int) -> None:
    assert len(members(RECORD, day).sure) == number


def test_a_day_within_an_untold_month_is_open() -> None:
    found = members(RECORD, date(2012, 3, 15))
    assert (len(found.sure), found.perhaps) == (7, {"Oakland"})


def test_the_waiver_went_from_eight_to_six() -> None:
    waiver = [len(members(RECORD, date(year, 8, 31), "waiver").sure) for year in (2013, 2014)]
    assert waiver == [8, 7]
    six = members(RECORD, date(2015, 8, 31), "waiver").sure
    assert six == {"Fresno", "Long Beach", "Los Angeles", "Oakland", "San Francisco", "Santa Ana"}
    assert membership(RECORD)["waiver"].tolist()[-3:] == [8, 7, 6]
    with pytest.raises(ProblemsError, match="the record ends there"):
        members(RECORD, date(2016, 1, 1))
    with pytest.raises(ProblemsError, match="spring 2012"):
        span("monsoon 2012")


def test_who_came_and_who_left() -> None:
    came = RECORD.attendance
    assert came.districts == len(came.missed) == 8
    assert came.surely(most=0) == 4
    assert came.surely(least=3) == 2
    assert {one.district for one in came.missed if one.least > 2} == {"Clovis", "Oakland"}
    left = RECORD.superintendents
    assert (left.left, left.committed) == (8, 10)


def test_ties_of_those_who_stay() -> None:
    """Two of ten stay: one tie of 45. With a second line whose pairs stay one time in four:

    1 - 44/45 x 3/4 = 0.2667; with three such pairs 1 - 44/45 x 27/64.
    """
    alone = first_line_ties(10, 8)
    assert alone == pytest.approx(1 / 45)
    assert tie_survival(alone, 0.5, 1) == pytest.approx(0.26667, abs=1e-5)
    assert tie_survival(alone, 0.5, 3) == pytest.approx(1 - 44 / 45 * 27 / 64)


@pytest.mark.parametrize("second_line", [0, 1, 3])
def test_drawn_ties_agree_with_the_closed_form(second_line: int) -> None:
    drawn = draw_ties(Network(10, 8, second_line, 0.3), draws=400, seed=4)
    closed = tie_survival(first_line_ties(10, 8), 0.3, second_line)
    assert drawn.ties == pytest.approx(closed, abs=4 * drawn.ties_error + 1e-12)


def test_without_a_second_line_the_network_falls_apart_and_with_one_it_does_not() -> None:
    assert draw_ties(Network(10, 8, 0, 0.5), draws=50, seed=1).joined == 0
    assert draw_ties(Network(10, 8, 1, 0.0), draws=50, seed=1).joined == 1
