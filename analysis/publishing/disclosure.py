"""Which values would say too much about single students, and how are they kept back?

To change what is kept back: the two constants, or `hidden`. What is counted from student rows goes
through here before it is written; made-up students need no protection.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import xarray as xr

from analysis.panels.about import About
from analysis.panels.panel import Panel
from analysis.values import Reason, Values, choose

SMALLEST: Final = 11
"""A value is shown from so many students on; states ask for 5 to 30, most often for 10, and
California's Dashboard for 11 (NCES 2011-603; the Dashboard's files of 2018)."""

FEWEST: Final = 3
"""A percentage is shown where at least so many students are on each of its two sides: near 0 or
100 it would tell of nearly every student what happened (NCES 2011-603 calls for the ends of a
distribution to be coded; New York suppresses where all students are in one class)."""


def hidden(values: Values) -> xr.DataArray:
    """Say of each cell whether it would tell too much: too few students, or nearly all alike.

    A mean tells too much where its standard error is 0: then all students gave the same answer.

    Returns:
        True or false, with the axes of the value.
    """
    none = xr.full_like(values.value, False, dtype=bool)
    few = none if values.n is None else (values.n > 0) & (values.n < SMALLEST)
    if values.n is not None and values.numerator is not None:
        other = values.n - values.numerator
        alike = (values.numerator < FEWEST) | (other < FEWEST)
        rate = values.numerator.notnull()
        return few | choose(rate, alike & (values.n > 0), _same(values, none))
    return few | _same(values, none)


def _same(values: Values, none: xr.DataArray) -> xr.DataArray:
    return none if values.se is None else values.se == 0


def suppressed(panel: Panel) -> Panel:
    """Keep back every value counted from student rows that would tell too much.

    Value, numerator and standard error go, and n where it is small; the reason is "suppressed". A
    panel of made-up students, or one without student rows, comes back as it is.
    """
    if panel.about.synthetic or not panel.from_students:
        return panel
    kept = {name: _kept(panel.measures[name]) for name in panel.from_students}
    return replace(panel, measures={**panel.measures, **kept}, from_students=(), _codes={})


def _kept(values: Values) -> Values:
    gone = hidden(values)

    def shown(a: xr.DataArray | None, where: xr.DataArray = gone) -> xr.DataArray | None:
        return None if a is None else a.where(~where)

    few = gone if values.n is None else gone & (values.n < SMALLEST)
    return replace(
        values,
        value=values.value.where(~gone),
        reason=choose(gone, np.int8(Reason.SUPPRESSED), values.reason).astype(np.int8),
        n=shown(values.n, few),
        numerator=shown(values.numerator),
        se=shown(values.se),
    )


def marked_internal(panel: Panel) -> Panel:
    """Mark a panel that shows small groups, so that all made of it is marked too."""
    if panel.about.synthetic or not panel.from_students:
        return panel
    about = panel.about.model_copy(update={"internal": True})
    return replace(panel, about=about, from_students=(), _codes={})


def notice(about: About, *, internal: bool = False) -> str:
    """Say in a sentence what every page made of a panel must say; empty where nothing.

    Args:
        about: what the panel says of itself.
        internal: small groups are shown, whatever the panel says.

    >>> notice(About(synthetic=True))
    'Synthetic: made-up students.'
    """
    if about.synthetic:
        return "Synthetic: made-up students."
    shown = internal or about.internal
    return "Internal: shows small groups of students. Do not share." if shown else ""
