"""How much does a design pay for numbers, and how much for learning? Several stand side by side.

A way to be paid is one smallest act: one student who learns, or one act on paper. To add a way: one
line in `WAYS` and one in `_way`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.designs.checking import Measure
from analysis.designs.definitions import ElProgress, Growth, MetStandard
from analysis.findings.incentives import Incentives

Told = Literal["test", "record", "not said"]
Way = Literal["learning", "record", "left out", "moved out", "point"]
WAYS: Final[Mapping[Way, str]] = {
    "learning": "one student more over the line of a test",
    "record": "one student more on the better side of what the school itself records",
    "left out": "one student less counted in a measure",
    "moved out": "one student less in a group",
    "point": "one point more in the value of a test, all its students together,",
}
PAPER: Final = ("record", "left out", "moved out")
"""The ways that a school can take on paper, without anybody having learned."""

_TESTED: Final = ("achievement", "other_academic", "el_progress")
_EPS: Final = 1e-9
QUARTILES: Final = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Reward:
    """What one design pays for a smallest act, and the share of it that paper can earn.

    `unit` says in what it pays. `ways` has one row for each way: `way`, `schools` that can, `paid`
    (schools where some such act brings something), the `mean` over all schools of the best, its
    `median` and `most` over those paid, and `leaves`, the schools that it takes off a list.
    `schools` holds the best of each way for each school, and its `share`. `share` is that of paper
    in the mean gain, paper / (paper + learning), 0-1; `low`, `middle` and `high` are quartiles of
    the schools' own shares. All are missing where no student can cross the line of a test.
    `unsaid` names measures of which the design does not say who tells them; one student more
    counts in no way there.
    """

    design: str
    unit: str
    ways: pd.DataFrame
    schools: pd.DataFrame
    share: float
    low: float
    middle: float
    high: float
    unsaid: tuple[str, ...]


def told_by(measure: Measure) -> Told:
    """Say whether a test tells a measure, or records that the school keeps itself.

    The indicator decides, else the definition: achievement, growth and English learners' progress
    rest on tests; graduation and the indicators of school quality on the school's own records.
    """
    if measure.indicator is not None:
        return "test" if measure.indicator in _TESTED else "record"
    if measure.from_students is None:
        return "not said"
    return (
        "test" if isinstance(measure.from_students, MetStandard | Growth | ElProgress) else "record"
    )


def reward(found: Incentives) -> Reward:
    """Sum up what a design pays for the smallest act on paper, and for one student's learning.

    A school takes the best act of each way, and none that lowers it.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.incentives import incentives
    >>> franklin = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> one = reward(incentives(franklin, students=1))
    >>> one.unit, one.ways["paid"].tolist()
    ('index points', [10, 5, 11, 10, 2])
    """
    unit, gain = gains(found)
    told = {name: told_by(one) for name, one in found.ratings.design.measures.items()}
    acts = found.acts.assign(gain=gain.clip(lower=0), way=_way(found.acts, told)).dropna(
        subset=["way"]
    )
    best = acts.pivot_table(index="school", columns="way", values="gain", aggfunc="max")
    best = best.reindex(columns=list(WAYS)).reindex(found.acts["school"].unique())
    paper, learning = best[list(PAPER)].max(axis=1).fillna(0), best["learning"].fillna(0)
    learns = bool(best["learning"].notna().any())
    some = paper + learning if learns else paper * np.nan
    shares = (paper / some.where(some > _EPS)).rename("share")
    low, middle, high = (float(shares.quantile(q)) for q in QUARTILES)
    overall = paper.mean() / some.mean() if some.mean() > _EPS else np.nan
    leaving = acts[acts["leaves"] != ""].groupby("way")["school"].nunique()
    ways = pd.DataFrame([_row(best[way], way, leaving) for way in WAYS])
    unsaid = tuple(n for n in found.acts["measure"].unique() if told.get(n) == "not said")
    schools = best.assign(share=shares).reset_index()
    return Reward(
        found.ratings.design.name, unit, ways, schools, overall, low, middle, high, unsaid
    )


def gains(found: Incentives) -> tuple[str, pd.Series[float]]:
    """Say in what a design pays, and what each act brings in it.

    It is the index; without one the rating, and without that the lists that a school leaves.
    """
    acts, headline = found.acts, found.ratings.design.header.headline
    if headline.index is not None and acts["index"].notna().any():
        return "index points", acts["index"].fillna(0.0)
    if headline.rating is not None and acts["rating"].notna().any():
        return "levels of the rating", acts["rating"].fillna(0.0)
    counted = [acts[word].str.count(";") + (acts[word] != "") for word in ("leaves", "enters")]
    return "lists left", (counted[0] - counted[1]).astype(float)


def _way(acts: pd.DataFrame, told: Mapping[str, Told]) -> pd.Series[str]:
    """Name the way of each act of one student; missing for all others."""
    source = acts["measure"].map(told).map({"test": "learning", "record": "record"})
    over = (acts["act"] == "over the line") & (acts["size"] == 1)
    way = source.where(over)
    way = way.mask((acts["act"] == "point") & (source == "learning"), "point")
    return way.mask(acts["act"].isin(["left out", "moved out"]), acts["act"])


def _row(best: pd.Series[float], way: Way, leaving: pd.Series[int]) -> dict[str, object]:
    paid = best[best > _EPS]
    return {
        "way": way,
        "schools": int(best.notna().sum()),
        "paid": len(paid),
        "mean": float(best.fillna(0).mean()),
        "median": float(paid.median()) if len(paid) else np.nan,
        "most": float(paid.max()) if len(paid) else np.nan,
        "leaves": int(leaving.get(way, 0)),
    }


def break_even(found: Incentives) -> pd.DataFrame:
    """Say how many honestly improved students one act on paper replaces, by measure and group.

    Replaced are the fewest students more over the line that bring at least as much: of the same
    measure and group; for a student moved out of a group, of the measure where fewest are needed.
    No cost is assumed: a school that finds the act cheaper than so many students gains by paper.

    Returns:
        One row for each act, measure and group where some school is paid: `schools` (paid),
        `students` (the median, missing where it is more than were tried), `beyond` (at how many of
        them it is more), and `in_value`: the median of students that the act replaces in the value
        alone, which is k / (n - 1) of a student where more is better.
    """
    acts = found.acts.assign(gain=gains(found)[1])
    honest = acts[(acts["act"] == "over the line") & (acts["size"] > 0)]
    paper = acts[acts["act"].isin(["left out", "moved out"]) & (acts["gain"] > _EPS)]
    rows = []
    for key, mine in paper.groupby(["act", "measure", "group"], sort=False):
        needed, worth = _needed(honest, mine), (mine["becomes"] - mine["value"]).abs()
        rows.append(
            {
                **dict(zip(("act", "measure", "group"), key, strict=True)),
                "schools": mine["school"].nunique(),
                "students": float(np.median(needed)) if len(needed) else np.nan,
                "beyond": int(np.isinf(needed).sum()),
                "in_value": float((worth * mine["n"] / 100).where(worth > 0).median()),
            }
        )
    table = pd.DataFrame(rows, columns=["act", "measure", "group", *_NUMBERS])
    return table.replace(np.inf, np.nan)


_NUMBERS: Final = ("schools", "students", "beyond", "in_value")


def _needed(honest: pd.DataFrame, paper: pd.DataFrame) -> np.ndarray:
    """Count for each act on paper the fewest students that bring as much; infinite beyond those."""
    keys = ["school", "part", "group"]
    keys += [] if (paper["act"] == "moved out").all() else ["measure"]
    pairs = paper[[*keys, "gain"]].merge(honest[[*keys, "size", "gain"]], on=keys, how="left")
    enough = pairs["size"].where(pairs["gain_y"] >= pairs["gain_x"] - _EPS, np.inf).fillna(np.inf)
    found: np.ndarray = enough.groupby([pairs[key] for key in keys]).min().to_numpy(float)
    return found


def side_by_side(rewards: Sequence[Reward]) -> pd.DataFrame:
    """Lay designs beside each other: one row for each, by the share that paper can earn.

    Returns:
        Columns `design`, `unit`, `schools` (some act brings them something), `learning` and `paper`
        (mean gain of the best act), `share`, its quartiles over schools, and the schools where
        paper brings `more` than learning, the `same`, or `less`.
    """
    rows = []
    for one in rewards:
        best, share = one.schools, one.schools["share"].dropna()
        rows.append(
            {
                "design": one.design,
                "unit": one.unit,
                "schools": len(share),
                "learning": best["learning"].fillna(0).mean(),
                "paper": best[list(PAPER)].max(axis=1).fillna(0).mean(),
                "share": one.share,
                "low": one.low,
                "middle": one.middle,
                "high": one.high,
                "more": int((share > 0.5 + _EPS).sum()),
                "same": int((share.sub(0.5).abs() <= _EPS).sum()),
                "less": int((share < 0.5 - _EPS).sum()),
            }
        )
    return pd.DataFrame(rows)
