"""How much of a rating is the district, how much the rater or the item, and how many are needed?

To add a facet: its name in `FACETS`, and its share in `coefficient`.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec
from statsmodels.tools.sm_exceptions import ConvergenceWarning, SingularMatrixWarning

from analysis.problems import fail

FACETS: Final = ("rater", "item")
REST: Final = "rest"
MOST: Final = 100
"""Beyond so many raters the answer is: not by more raters."""


@dataclass(frozen=True)
class Generalizability:
    """The variances behind ratings, and what more raters or items would give.

    `components` has source (district, rater, item, two of them joined by ` x `, rest), variance,
    share (0-1). `raters` and `items` are the means of how many there are. `needed` has items,
    raters (the fewest with a relative coefficient of the target; missing: not with 100), and
    raters_absolute (the same, where leniency and hard items count as error too).
    """

    components: pd.DataFrame
    raters: float
    items: float
    relative: float
    absolute: float
    target: float
    needed: pd.DataFrame


def generalizability(peers: pd.DataFrame, *, target: float = 0.8) -> Generalizability:
    """Split the variance of ratings, and say how many raters and items the target takes.

    Districts, raters and items are samples of many; each counts once in every combination.

    Args:
        peers: district, rater, item, rating; no ratings of oneself.
        target: the coefficient that is wanted (0-1).

    Raises:
        ProblemsError: one rater only, or nothing is rated twice.

    Source: generalizability theory (Brennan 2001); restricted maximum likelihood (statsmodels).
    """
    variance = components(peers)
    sheets = peers.groupby("district")
    raters, items = float(sheets["rater"].nunique().mean()), float(sheets["item"].nunique().mean())
    table = pd.DataFrame({"source": list(variance), "variance": list(variance.values())})
    table["share"] = table["variance"] / (table["variance"].sum() or np.nan)
    numbers = sorted({1, 2, 4, 8, 16, round(items)}) if "item" in variance else [1]
    needed = [
        (n, _fewest(variance, n, target), _fewest(variance, n, target, absolute=True))
        for n in numbers
    ]
    return Generalizability(
        table,
        raters,
        items,
        coefficient(variance, raters, items),
        coefficient(variance, raters, items, absolute=True),
        target,
        pd.DataFrame(needed, columns=["items", "raters", "raters_absolute"]),
    )


def components(peers: pd.DataFrame) -> dict[str, float]:
    """Estimate the variance of each source; facets with one value only are left out.

    Args:
        peers: district, rater, item, rating.

    Returns:
        Variances by source, in the squared unit of the ratings; none is below nought.

    Raises:
        ProblemsError: one district or one rater only.
    """
    names = [name for name in ("district", *FACETS) if len(set(peers[name])) > 1]
    if not {"district", "rater"} <= {*names}:
        raise fail("ratings", "need two districts and two raters or more.")
    sources: list[tuple[str, ...]] = [(name,) for name in names]
    if len(names) > len(FACETS):  # the last combination is the rest
        sources += list(itertools.combinations(names, 2))
    if peers["rating"].std() == 0:
        return dict.fromkeys([*(" x ".join(source) for source in sources), REST], 0.0)
    labels = [" x ".join(source) for source in sources]
    tables = [pd.get_dummies(pd.Series(_joined(peers, s)), dtype=float) for s in sources]
    spec = VCSpec(labels, [[list(t.columns)] for t in tables], [[t.to_numpy()] for t in tables])
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, SingularMatrixWarning):  # a variance may be nought
            warnings.simplefilter("ignore", kind)
        ones = np.ones((len(peers), 1))
        model = MixedLM(
            peers["rating"].to_numpy(), ones, groups=ones[:, 0], exog_re=None, exog_vc=spec
        )
        found = model.fit(reml=True, method="lbfgs")
    return {**dict(zip(labels, map(float, found.vcomp), strict=True)), REST: float(found.scale)}


def coefficient(
    variance: dict[str, float], raters: float, items: float, *, absolute: bool = False
) -> float:
    """Give the share of the variance of a district's mean that is the district's own (0-1).

    Args:
        variance: by source, as `components` gives it.
        raters: how many rate each district.
        items: on how many items.
        absolute: count leniency and hard items as error; without it only what changes the order.

    >>> round(coefficient({"district": 2.0, "rater": 5.0, "rest": 1.0}, 4, 1), 3)
    0.889
    """
    numbers = {"rater": raters, "item": items}
    error = variance[REST] / np.prod([numbers[f] for f in FACETS if f in variance])
    for source, own in variance.items():
        parts = source.split(" x ")
        if source in ("district", REST) or not (absolute or "district" in parts):
            continue
        error += own / np.prod([numbers[part] for part in parts if part != "district"])
    total = variance["district"] + error
    return float(variance["district"] / total) if total > 0 else float("nan")


def _fewest(
    variance: dict[str, float], items: int, target: float, *, absolute: bool = False
) -> float:
    for raters in range(1, MOST + 1):
        if coefficient(variance, raters, items, absolute=absolute) >= target:
            return float(raters)
    return float("nan")


def _joined(peers: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    return ["\t".join(row) for row in peers[list(names)].astype(str).to_numpy()]
