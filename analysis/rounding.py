"""How are numbers rounded? In one place, because it decides who is named.

To add a mode: one function, and its name in `MODES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

Mode = Literal["half_up", "half_even", "up", "down"]

SETTLED_PLACES: Final = 9
"""Places to which an index is rounded before it is compared or ranked."""


def half_up(x: xr.DataArray, places: int = 0) -> xr.DataArray:
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
    return np.floor(np.rint(x * scale * 1e6) / 1e6 + 0.5) / scale


def half_even(x: xr.DataArray, places: int = 0) -> xr.DataArray:
    """Round halves to the even neighbour (banker's rounding); same shape and unit."""
    scale = 10.0**places
    return np.rint(np.rint(x * scale * 1e6) / 1e6) / scale


def up(x: xr.DataArray, places: int = 0) -> xr.DataArray:
    """Round towards plus infinity; same shape and unit."""
    scale = 10.0**places
    return np.ceil(np.rint(x * scale * 1e6) / 1e6) / scale


def down(x: xr.DataArray, places: int = 0) -> xr.DataArray:
    """Round towards minus infinity (cut off); same shape and unit."""
    scale = 10.0**places
    return np.floor(np.rint(x * scale * 1e6) / 1e6) / scale


MODES: Final[Mapping[str, Callable[[xr.DataArray, int], xr.DataArray]]] = {
    "half_up": half_up,
    "half_even": half_even,
    "up": up,
    "down": down,
}


def settle(x: xr.DataArray) -> xr.DataArray:
    """Round to nine places, so that two orders of summation cannot name different schools.

    >>> import numpy as np
    >>> bool(settle(np.array(0.1 + 0.2)) == settle(np.array(0.3)))
    True
    """
    scale = 10.0**SETTLED_PLACES
    return np.rint(x * scale) / scale
