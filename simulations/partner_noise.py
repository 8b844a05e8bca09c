"""Do schools keep their partners when the figures are measured again? Pairs found anew in draws.

The draws are panels of the same schools: another draw of made-up students (replication), or those
that resample.py or noise.py give. To hold something else fixed: a branch of `partners_again`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from analysis.findings.partners import Partners, partners
from analysis.findings.standing import Standing
from analysis.findings.wishes import Wishes
from analysis.problems import fail


@dataclass(frozen=True)
class PartnerNoise:
    """What draws do to pairs.

    `draws` has a row for each draw: draw, named (schools on the draw's list), again (share of the
    published list that is on it), stay_anew (of schools paired both times, the share with the same
    partner, the list drawn anew), stay_held (the same with the published list); and of the
    published pairs, in the figures of the draw: stands (share that the limits still allow), both
    (share that can still learn both ways), challenge (mean of those that stand). `chance` is the
    mean share that would stay if each school took any partner that it may have.
    """

    draws: pd.DataFrame
    chance: float

    def mean(self, figure: str) -> tuple[float, float]:
        """Give a figure's mean over draws, and its Monte Carlo error."""
        told = self.draws[figure].dropna()
        return float(told.mean()), float(told.std(ddof=1) / max(len(told), 1) ** 0.5)


def partners_again(published: Standing, drawn: Iterable[Standing], wishes: Wishes) -> PartnerNoise:
    """Find partners in each draw, and count which pairs of the published figures stay.

    Args:
        published: the schools as they stand in the published figures.
        drawn: the same schools in each draw.
        wishes: what makes a good partner.

    Raises:
        ProblemsError: a draw has other schools, or nobody is on a list.
    """
    found = partners(published, wishes)
    first = _pairs(found)
    named = published.schools["named"].to_numpy(dtype=bool)
    rows = []
    for number, one in enumerate(drawn):
        if one.schools["school"].tolist() != published.schools["school"].tolist():
            raise fail(
                "draws", "must have the same schools in the same order as what is published."
            )
        fresh = one.schools["named"].to_numpy(dtype=bool)
        held = replace(one, schools=one.schools.assign(named=named))
        anew, kept = (_pairs(partners(standing, wishes)) for standing in (one, held))
        rows.append(
            {
                "draw": number,
                "named": int(fresh.sum()),
                "again": float(fresh[named].mean()),
                "stay_anew": _same(first, anew),
                "stay_held": _same(first, kept),
                **_as_measured_again(found.pairs, held, wishes),
            }
        )
    return PartnerNoise(pd.DataFrame(rows), float((1 / found.pairs["options"]).mean()))


def _as_measured_again(published: pd.DataFrame, held: Standing, wishes: Wishes) -> dict[str, float]:
    """Say what becomes of the published pairs in other figures: each school may take no other."""
    only = published[["school", "partner"]].rename(columns={"partner": "choice"}).assign(rank=1)
    found = partners(held, wishes, choices=only).pairs
    return {
        "stands": len(found) / len(published),
        "both": float(found["reciprocity"].sum()) / len(published),
        "challenge": float(found["challenge"].mean()),
    }


def _pairs(found: Partners) -> dict[str, str]:
    return dict(zip(found.pairs["school"], found.pairs["partner"], strict=True))


def _same(first: dict[str, str], second: dict[str, str]) -> float:
    both = first.keys() & second.keys()
    return sum(first[s] == second[s] for s in both) / len(both) if both else float("nan")
