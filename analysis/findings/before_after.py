"""Did named schools change more than others, once what comes back by itself is set apart?

The year of naming is left out: a school was named because that year was low, so a gain from that
year is partly luck that ended. To add an estimate: one function here that takes the same table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS
from scipy import stats

from analysis.findings.detectable import detectable_here
from analysis.findings.effects import Effect
from analysis.problems import Problem, ProblemsError, fail

COLUMNS: Final = ("school", "year", "outcome", "since")


@dataclass(frozen=True)
class PanelEffect(Effect):
    """The change of named schools beyond other schools', with errors clustered by school.

    `named` and `others` are schools; `years` are those that count; `naming_year` says whether the
    year of naming is among them (then what comes back by itself is in the effect).
    """

    named: int
    others: int
    years: tuple[int, ...]
    naming_year: bool


def panel_effect(table: pd.DataFrame, *, naming_year: bool = False) -> PanelEffect:
    """Estimate the mean effect after naming, by fixed effects of school and year.

    Args:
        table: school, year, outcome, since (the year of naming, one for all; missing for schools
            that were not named).
        naming_year: count the year of naming as one before; to see what that does.

    Raises:
        ProblemsError: columns are missing, named schools have several years of naming, or no year
            lies before or after it.

    Source: linearmodels PanelOLS, two-way fixed effects; errors clustered by school.
    """
    long, since = _read(table)
    kept = long if naming_year else long[long["year"] != since]
    after = kept["year"] > since if naming_year else kept["year"] >= since
    if not after.any() or after.all():
        raise fail("year", f"needs years before and after the naming in {since}.")
    design = pd.DataFrame({"effect": (after & kept["since"].notna()).astype(float)})
    fitted = _fitted(kept, design)
    low, high = (float(x) for x in fitted.conf_int().loc["effect"])
    error, schools = float(fitted.std_errors["effect"]), _schools(kept)
    return PanelEffect(
        estimand="mean effect after naming on named schools, if they had moved as others did",
        effect=float(fitted.params["effect"]),
        error=error,
        low=low,
        high=high,
        p=float(fitted.pvalues["effect"]),
        detectable=detectable_here(error),
        named=schools[0],
        others=schools[1],
        years=tuple(sorted(kept["year"].unique())),
        naming_year=naming_year,
    )


def event_study(table: pd.DataFrame, *, base: Sequence[int] | None = None) -> pd.DataFrame:
    """Give the difference of named schools from others, year by year around the naming.

    Args:
        table: as in `panel_effect`.
        base: years, counted from the naming, against which others are measured; all before the
            year of naming without it.

    Returns:
        One row for each year: from_naming, effect (0 on average over the base), error, low, high
        (95 %), part (`before`, `naming` or `after`). Years before should lie near 0; the year of
        naming is low because it was chosen so.

    Raises:
        ProblemsError: as in `panel_effect`, or a base year that is not there.
    """
    long, since = _read(table)
    apart = long["year"] - since
    years = sorted(int(x) for x in apart.unique())
    base = [x for x in years if x < 0] if base is None else list(base)
    if not base or not {*base} <= {*years}:
        raise fail("base", f"must be years before the naming; the table has {years}.")
    named = long["since"].notna()
    last = base[-1]
    others = [x for x in years if x != last]
    # effects of the base years add up to 0: the last one is less the sum of the others
    design = pd.DataFrame(
        {
            f"y{x}": named.astype(float)
            * ((apart == x).astype(float) - (apart == last).astype(float) * (x in base))
            for x in others
        }
    )
    fitted = _fitted(long, design)
    sums = np.array([[float(x == y) for y in others] for x in others])
    sums = np.vstack([sums, [-float(y in base) for y in others]])
    effects = sums @ fitted.params.to_numpy()
    errors = np.sqrt(np.diag(sums @ fitted.cov.to_numpy() @ sums.T))
    half = stats.norm.ppf(0.975) * errors
    found = pd.DataFrame(
        {
            "from_naming": [*others, last],
            "effect": effects,
            "error": errors,
            "low": effects - half,
            "high": effects + half,
        }
    ).sort_values("from_naming", ignore_index=True)
    parts = np.sign(found["from_naming"]).map({-1: "before", 0: "naming", 1: "after"})
    return found.assign(part=parts)


def _read(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Check a table, and give its rows with an outcome and the year of naming."""
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ProblemsError([Problem("table", f"has no column {name}.") for name in missing])
    long = table.dropna(subset=["outcome"])
    named = long["since"].dropna().unique()
    if len(named) != 1:
        text = (
            "must be one year for all named schools, and empty for others; "
            f"it has {len(named)} years. Compare one year of naming at a time."
        )
        raise fail("since", text)
    doubled = long.duplicated(["school", "year"])
    if doubled.any():
        raise fail("table", f"has {int(doubled.sum())} rows for a school and year told before.")
    return long, int(named[0])


def _fitted(long: pd.DataFrame, design: pd.DataFrame) -> Any:  # noqa: ANN401 (linearmodels' own)
    index = pd.MultiIndex.from_arrays([long["school"], long["year"].astype(int)])
    outcome = pd.Series(long["outcome"].to_numpy(float), index, name="outcome")
    model = PanelOLS(outcome, design.set_axis(index), entity_effects=True, time_effects=True)
    # effects of schools are nested in the clusters, so they use up no degrees of freedom
    return model.fit(cov_type="clustered", cluster_entity=True, auto_df=False, count_effects=False)


def _schools(long: pd.DataFrame) -> tuple[int, int]:
    named = long.loc[long["since"].notna(), "school"].nunique()
    return int(named), int(long["school"].nunique() - named)
