"""Who belonged to the network when, who came, and do its ties outlive the people who made them?

The record is that of two published briefs (participation.yaml); no model is fitted to so few
districts. To add an event: a line there.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from math import comb
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy import stats

from analysis.designs.wording import read_as
from analysis.problems import fail

RECORD: Final = Path(__file__).with_suffix(".yaml")
SEASONS: Final = {"spring": (3, 5), "summer": (6, 8)}
Status = Literal["member", "waiver"]
BEGINS: Final[dict[Status, str]] = {"member": "joined", "waiver": "waiver"}
ENDS: Final[dict[Status, str]] = {"member": "left", "waiver": "waiver ended"}


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(_Words):
    """Something that happened to some districts; `when` is a day, a month or a season."""

    when: str
    what: Literal["joined", "left", "waiver", "waiver ended"]
    districts: tuple[str, ...]
    note: str = ""


class Missed(_Words):
    """How many meetings one district missed, as far as it is told; `most` is open without it."""

    district: str = ""
    least: int
    most: int | None = None


class Attendance(_Words):
    """The meetings of one group between two months, a row for each district."""

    group: str
    first: str
    last: str
    districts: int
    note: str
    missed: tuple[Missed, ...]

    def surely(self, *, least: int = 0, most: int | None = None) -> int:
        """Count the districts that surely missed at least and at most so many meetings.

        >>> load_record().attendance.surely(most=0)
        4
        """
        return sum(
            one.least >= least and (most is None or (one.most is not None and one.most <= most))
            for one in self.missed
        )


class Turnover(_Words):
    """How many of those who committed their districts left between two months."""

    committed: int
    left: int
    first: str
    last: str
    named: tuple[str, ...]
    note: str

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of 95 % of the chance to leave, if each left by lot alone (Clopper-Pearson).

        >>> [round(end, 2) for end in load_record().superintendents.interval]
        [0.44, 0.97]
        """
        found = stats.binomtest(self.left, self.committed).proportion_ci()
        return float(found.low), float(found.high)


class Record(_Words):
    """What is told of the network, where, and until when."""

    title: str
    cite: str
    evidence: Literal["law", "official", "data", "derived", "secondary", "recalled"]
    until: str
    events: tuple[Event, ...]
    attendance: Attendance
    superintendents: Turnover


@dataclass(frozen=True)
class Members:
    """Who surely was in on a day, and who may have been (the day of a change is not told)."""

    sure: frozenset[str]
    perhaps: frozenset[str]


def load_record(path: Path = RECORD) -> Record:
    """Read the record of a network.

    Raises:
        ProblemsError: everything in the file that cannot be right.
    """
    return read_as(path, Record)


def span(when: str) -> tuple[date, date]:
    """Give the first and the last day that a day, a month or a season may mean.

    Raises:
        ProblemsError: it is none of them.

    >>> [str(day) for day in span("spring 2014")]
    ['2014-03-01', '2014-05-31']
    """
    words = when.split()
    try:
        if len(words) > 1:
            year, (first, last) = int(words[1]), SEASONS[words[0]]
        else:
            year, first, *day = (int(part) for part in when.split("-"))
            if day:
                return date(year, first, day[0]), date(year, first, day[0])
            last = first
        return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])
    except (KeyError, ValueError) as error:
        raise fail(when, "must be 2012-03-31, 2012-03, spring 2012 or summer 2012.") from error


def members(record: Record, on: date, status: Status = "member") -> Members:
    """Say who belonged to the network, or held the waiver, on a day.

    Raises:
        ProblemsError: a day that the record does not reach.

    >>> len(members(load_record(), date(2012, 4, 1)).sure)
    8
    """
    if on > span(record.until)[1]:
        raise fail(str(on), f"lies after {record.until}, and the record ends there.")
    sure: set[str] = set()
    perhaps: set[str] = set()
    for event in record.events:
        first, last = span(event.when)
        some = {*event.districts}
        if event.what == BEGINS[status]:
            perhaps |= some if on >= first else set()
            sure |= some if on >= last else set()
        elif event.what == ENDS[status]:
            sure -= some if on >= first else set()
            perhaps -= some if on >= last else set()
    return Members(frozenset(sure), frozenset(perhaps - sure))


def membership(record: Record) -> pd.DataFrame:
    """Give the numbers of members and holders of the waiver at the end of each event's span.

    Returns:
        One row for each event: when, what, districts (words), members, waiver.
    """
    rows = []
    for event in record.events:
        last = span(event.when)[1]
        held = [len(members(record, last, status).sure) for status in BEGINS]
        rows.append((event.when, event.what, ", ".join(event.districts), *held))
    return pd.DataFrame(rows, columns=["when", "what", "districts", "members", "waiver"])


def first_line_ties(districts: int, left: int) -> float:
    """Give the share of ties between leaders of districts that is left when some leave.

    A tie lasts while both stay. Whoever leaves, the same number of ties stays.

    >>> first_line_ties(10, 8) == 1 / 45
    True
    """
    return comb(districts - left, 2) / comb(districts, 2)


def tie_survival(first_line: float, leave: float, second_line: int) -> float:
    """Give the share of ties between districts that outlive their people.

    Two districts stay tied while the two leaders are, or any of their pairs of second-line leaders.

    Args:
        first_line: share of ties between leaders that is left (0-1).
        leave: chance that a second-line leader leaves (0-1), each by lot.
        second_line: pairs of second-line leaders between two districts.

    >>> tie_survival(0.0, 0.5, 1), tie_survival(0.5, 0.5, 1)
    (0.25, 0.625)
    """
    lost_pair = 1 - (1 - leave) ** 2
    return 1 - (1 - first_line) * lost_pair**second_line
