"""Who would be named if nothing were luck? A made-up panel with what is expected of each school.

Only made-up districts have a truth. It is expected of the same schools in the same year, with the
luck of the year, the sampling of students and the error of tests left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.panels.panel import Panel
from analysis.problems import fail
from analysis.values import Values


def expected_panel(panel: Panel) -> Panel:
    """Put the expected value in place of every measured one; who has how many students stays.

    A cell without a truth (one in which fewer than 10 students are expected) keeps its measured
    value, and so does a measure that has no truth.

    Args:
        panel: made up, with its truth.

    Raises:
        ProblemsError: the panel has no truth.
    """
    if panel.truth is None:
        raise fail(panel.name, "has no truth; only made-up districts have one.")
    keys = zip(panel.units["school"], panel.units["part"], strict=True)
    rows = {key: place for place, key in enumerate(keys)}
    truth = panel.truth.assign(
        row=[rows[key] for key in zip(panel.truth["school"], panel.truth["part"], strict=True)]
    )
    measures = {
        name: _with_truth(values, truth[truth["measure"] == name], panel)
        for name, values in panel.measures.items()
    }
    return replace(panel, measures=measures, _codes={})


def _with_truth(values: Values, truth: pd.DataFrame, panel: Panel) -> Values:
    known = truth[truth["year"].isin(panel.years) & truth["group"].isin(panel.groups)]
    years, groups = list(panel.years), list(panel.groups)
    at = (
        known["row"].to_numpy(),
        [years.index(year) for year in known["year"]],
        [groups.index(group) for group in known["group"]],
    )
    value = values.value.transpose("school", "year", "group").copy()
    fresh = value.to_numpy().copy()
    fresh[at] = known["value"].to_numpy()
    seen = np.isnan(value.to_numpy())
    return replace(values, value=value.copy(data=np.where(seen, np.nan, fresh)))
