"""How is a number written in prose? One way for each kind.

To add a kind: one function.
"""

from __future__ import annotations

import math

NOT_KNOWN = "not known"
MINUS = "\N{MINUS SIGN}"


def _missing(x: float | None) -> bool:
    return x is None or math.isnan(x)


def percent(share: float | None, places: int = 1) -> str:
    """Write a share (0-1) as a percentage.

    >>> percent(0.1234), percent(None)
    ('12.3 %', 'not known')
    """
    return NOT_KNOWN if share is None or _missing(share) else f"{100 * share:z.{places}f} %"


def count(x: float | None) -> str:
    """Write a number of schools or students.

    >>> count(6194)
    '6,194'
    """
    return NOT_KNOWN if x is None or _missing(x) else f"{x:,.0f}"


def number(x: float | None, places: int = 1) -> str:
    """Write a number with a proper minus sign; what rounds to zero has none.

    >>> number(-3.14159, 2) == MINUS + "3.14", number(-0.001, 2)
    (True, '0.00')
    """
    if x is None or _missing(x):
        return NOT_KNOWN
    return f"{x:z,.{places}f}".replace("-", MINUS)


def interval(low: float | None, high: float | None, places: int = 1) -> str:
    """Write an interval.

    >>> interval(1.0, 2.5)
    '1.0 to 2.5'
    """
    return f"{number(low, places)} to {number(high, places)}"
