"""How long do partners and communities take? 75 schools among 1,425, and 103 schools.

Made-up figures; the best answer is proved each time. To time another size: a row of SIZES.
"""

import time

import numpy as np
import pandas as pd
from rich.console import Console

from analysis.findings.communities import Circle, communities
from analysis.findings.partners import partners
from analysis.findings.standing import Standing, placed
from analysis.findings.wishes import Wishes

Row = tuple[float, str, str, float | None]
MINUTE = 60.0
DISTRICTS = [f"District {place + 1}" for place in range(8)]


def schools(number: int, named: int, *, cells: int = 40) -> Standing:
    """Make up schools with one thing in common among their figures; the lowest are named."""
    draw = np.random.default_rng(1)
    figures = 0.6 * draw.normal(size=(number, 1)) + 0.8 * draw.normal(size=(number, cells))
    index = figures.mean(axis=1)
    table = pd.DataFrame({"school": [f"{place:04d}" for place in range(number)], "name": ""})
    table["district"] = draw.choice(DISTRICTS, number)
    table["level"] = draw.choice(["elementary", "middle", "high"], number, p=[0.6, 0.2, 0.2])
    table["enrollment"] = draw.integers(100, 2000, number).astype(float)
    table["latitude"] = 33 + 5 * draw.random(number)
    table["longitude"] = -118 - 5 * draw.random(number)
    table["index"], table["growth"] = 50 + 20 * index, draw.normal(size=number)
    table["named"] = pd.Series(index).rank() <= named
    words = tuple((f"measure {place}", "all" if place < 8 else "el") for place in range(cells))
    students = pd.DataFrame(draw.random((number, 8)))
    n, blank = np.full(figures.shape, 50.0), np.zeros(figures.shape, dtype=bool)
    return placed(Standing(table, students, words, figures, n, figures, blank, blank))


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    many, some = schools(1500, 75), schools(103, 103)
    free = {"high": 1.0, "same_level": False}
    told = {
        "partners, 75 schools x 1,425": lambda: partners(many, Wishes(**free)).status,
        "the same, at most 12 in a district": lambda: (
            partners(many, Wishes(most_in_district=12, **free)).status
        ),
        "the same, as schools choose": lambda: partners(many, Wishes(choose=True, **free)).status,
        "communities, 103 schools": lambda: communities(some, Circle()).status,
        "the same, 28 can be led": lambda: communities(some, Circle(), capacity=28).status,
        "the same, 5 in each district": lambda: (
            communities(some, Circle(), capacity=dict.fromkeys(DISTRICTS, 5)).status
        ),
    }
    found = {}
    for name, run in told.items():
        start = time.perf_counter()
        status = run()
        took = time.perf_counter() - start
        found[f"{name} ({status})"] = (took, "s", "a minute", MINUTE / took)
    return found


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        Console().print(f"{name}: {value:,.3g} {unit} {ratio:.2f} x {beside}", soft_wrap=True)
