"""How are numbers rounded? In one place, because it decides who is named.

To add a mode: one function, and its name in `MODES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar, cast

import numpy as np
import xarray as xr

from analysis.values import cell_by_cell

Numbers = TypeVar("Numbers", xr.DataArray, np.ndarray, float)
Mode = Literal["half_up", "half_even", "up", "down"]

SETTLED_PLACES: Final = 9
"""Places to which an index is rounded before it is compared or ranked."""


def half_up(x: Numbers, places: int = 0) -> Numbers:
    """Round halves upwards, as agencies do, safe against binary fractions.

    Args:
        x: numbers of any shape; missing stays missing.
        places: decimal places kept; negative for tens and hundreds.

    Returns:
        Numbers of the same shape and unit.

    Source: California's and Florida's published figures follow it to the last school;
    rounding halves to even does not.

    >>> import numpy as np
    >>> half_up(np.array([2.5, -2.5, 1.005, 0.285]), 2).tolist()
    [2.5, -2.5, 1.01, 0.29]
    """
    scale = 10.0**places
    return _each(x, lambda a: np.floor(np.rint(a * scale * 1e6) / 1e6 + 0.5) / scale)


def half_even(x: Numbers, places: int = 0) -> Numbers:
    """Round halves to the even neighbour (banker's rounding); same shape and unit."""
    scale = 10.0**places
    return _each(x, lambda a: np.rint(np.rint(a * scale * 1e6) / 1e6) / scale)


def up(x: Numbers, places: int = 0) -> Numbers:
    """Round towards plus infinity; same shape and unit."""
    scale = 10.0**places
    return _each(x, lambda a: np.ceil(np.rint(a * scale * 1e6) / 1e6) / scale)


def down(x: Numbers, places: int = 0) -> Numbers:
    """Round towards minus infinity (cut off); same shape and unit."""
    scale = 10.0**places
    return _each(x, lambda a: np.floor(np.rint(a * scale * 1e6) / 1e6) / scale)


MODES: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "half_up": half_up,
    "half_even": half_even,
    "up": up,
    "down": down,
}


def settle(x: Numbers) -> Numbers:
    """Round to nine places, so that two orders of summation cannot name different schools.

    >>> import numpy as np
    >>> bool(settle(np.array(0.1 + 0.2)) == settle(np.array(0.3)))
    True
    """
    scale = 10.0**SETTLED_PLACES
    return _each(x, lambda a: np.rint(a * scale) / scale)


def _each(x: Numbers, way: Callable[[Any], Any]) -> Numbers:
    """Round each number, whether it stands in a named array or not."""
    return cell_by_cell(way, x) if isinstance(x, xr.DataArray) else cast("Numbers", way(x))
