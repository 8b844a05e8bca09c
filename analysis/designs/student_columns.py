"""What may stand in a table of students? Each column: what it holds, and what can be right.

To let tables say more: one entry in `COLUMNS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Holds = Literal["text", "whole", "number", "yes_no", "word"]

RACES: Final = (
    "black",
    "hispanic",
    "white",
    "asian",
    "filipino",
    "pacific_islander",
    "american_indian",
    "multiracial",
)
MARKS: Final = ("A", "B", "C", "D", "F")
LOWEST_GRADE: Final = -1
"""Transitional kindergarten; 0 is kindergarten."""

HIGHEST_GRADE: Final = 12
FIRST_HIGH_GRADE: Final = 9
_MOST_DAYS: Final = 366
_MOST: Final = math.inf


@dataclass(frozen=True)
class Column:
    """What a column holds: its kind, its smallest and largest value or its words.

    `empty` says whether a cell may say nothing; `grades` are those in which it is usually asked.
    """

    holds: Holds
    low: float = -math.inf
    high: float = math.inf
    one_of: tuple[str, ...] = ()
    empty: bool = True
    grades: tuple[int, int] = (LOWEST_GRADE, HIGHEST_GRADE)


def _needed(holds: Holds, low: float = -math.inf, high: float = math.inf) -> Column:
    return Column(holds, low, high, empty=False)


COLUMNS: Final[Mapping[str, Column]] = {
    "student": _needed("text"),
    "school": _needed("text"),
    "year": _needed("whole", 1900, 2200),
    "grade": _needed("whole", LOWEST_GRADE, HIGHEST_GRADE),
    "race": Column("word", one_of=RACES),
    "el": _needed("yes_no"),
    "rfep": _needed("yes_no"),
    "swd": _needed("yes_no"),
    "sed": _needed("yes_no"),
    "homeless": _needed("yes_no"),
    "foster": _needed("yes_no"),
    "days_enrolled": _needed("whole", 0, _MOST_DAYS),
    "days_absent": Column("number"),
    "full_year": _needed("yes_no"),
    "alternate": _needed("yes_no"),
    "first_year_el": _needed("yes_no"),
    "ela_score": Column("number", grades=(3, 11)),
    "math_score": Column("number", grades=(3, 11)),
    "gpa": Column("number", 0, 4, grades=(6, HIGHEST_GRADE)),
    "mark_ela": Column("word", one_of=MARKS),
    "mark_math": Column("word", one_of=MARKS),
    "suspensions": _needed("whole", 0, _MOST),
    "in_school_suspensions": _needed("whole", 0, _MOST),
    "expulsions": _needed("whole", 0, _MOST),
    "cohort": Column("whole", 1900, 2200),
    "graduated_in": Column("whole", 4, 6),
    "el_level": Column("whole", 1, 4),
    "el_level_before": Column("whole", 1, 4),
    "years_el": Column("whole", 0, _MOST),
    "redesignated": Column("yes_no"),
    "redesignated_state": Column("yes_no"),
    "growth_mindset": Column("number", 1, 5, grades=(4, HIGHEST_GRADE)),
    "self_efficacy": Column("number", 1, 5, grades=(4, HIGHEST_GRADE)),
    "self_management": Column("number", 1, 5, grades=(4, HIGHEST_GRADE)),
    "social_awareness": Column("number", 1, 5, grades=(4, HIGHEST_GRADE)),
    "climate": Column("number", 0, 100, grades=(5, HIGHEST_GRADE)),
}
"""Every column by name; bounds are in the column's own unit, both ends included."""

KEYS: Final = ("student", "school", "year", "grade", "days_enrolled")
"""Columns that every table of students must have."""


def columns_of(*kinds: Holds) -> tuple[str, ...]:
    """Name the columns that hold one of these kinds.

    >>> columns_of("word")
    ('race', 'mark_ela', 'mark_math')
    """
    return tuple(name for name, column in COLUMNS.items() if column.holds in kinds)
