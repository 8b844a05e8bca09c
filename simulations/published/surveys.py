"""What do surveys explain of differences between schools that nothing else does? Row C11.

To add a figure: another outcome or another set of schools in `of_surveys`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import statsmodels.api as sm

from simulations.population.figures import Figure
from simulations.published.change import SKILLS
from simulations.published.seen import GROWTH_YEAR, Seen
from simulations.published.shares import lowest

CLIMATE: Final = ("climate_students", "climate_staff", "climate_family")
WHO: Final = ("sed", "el", "swd", "black", "hispanic")
QUALITY: Final = ("ela", "math", "absence", "suspension", "redesignation")


def of_surveys(seen: Seen) -> Iterator[Figure]:
    """Give the share of differences that surveys explain beyond make-up and other indicators."""
    surveys = _columns(seen, (*SKILLS, *CLIMATE))
    rest = np.column_stack([_makeup(seen), _columns(seen, QUALITY)])
    level = seen.column("level")
    growth, graduates = (seen.of(x, GROWTH_YEAR) for x in ("math_growth", "graduation_4"))
    for name, outcome in (("elementary", growth), ("middle", growth), ("high", graduates)):
        here = level == name
        yield f"C11.{name}", explained(outcome[here], rest[here], surveys[here])
    low = lowest(seen.of("total", GROWTH_YEAR)) == 1
    yield "C11.lowest", explained(growth[low], rest[low], surveys[low])


def _columns(seen: Seen, names: Sequence[str]) -> np.ndarray:
    return np.column_stack([seen.of(name, GROWTH_YEAR) for name in names])


def _makeup(seen: Seen) -> np.ndarray:
    every = np.maximum(seen.counts("absence", GROWTH_YEAR), 1)
    return np.column_stack([seen.counts("absence", GROWTH_YEAR, group) / every for group in WHO])


def explained(outcome: np.ndarray, rest: np.ndarray, surveys: np.ndarray) -> float:
    """Give the increase of R squared (points) when surveys join a regression.

    Args:
        outcome: over school.
        rest: what else explains it, over school and column.
        surveys: the surveys, likewise.
    """
    known = ~np.isnan(np.column_stack([outcome, rest, surveys])).any(axis=1)
    if known.sum() <= rest.shape[1] + surveys.shape[1] + 1:
        return np.nan
    y = outcome[known]
    few = sm.OLS(y, sm.add_constant(rest[known])).fit()
    many = sm.OLS(y, sm.add_constant(np.column_stack([rest, surveys])[known])).fit()
    return 100 * float(many.rsquared - few.rsquared)
