"""How is told what a design pays for? Sentences, two figures and tables.

To say more: one sentence in `sentences`. To write another table: one entry in `tables_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt
import pandas as pd

from analysis.findings.exposure import exposure, worth_by_distance
from analysis.findings.incentives import Incentives
from analysis.findings.near_lines import SIDES
from analysis.findings.rewards import WAYS, Reward, break_even, gains
from analysis.panels.about import About
from analysis.publishing.comparison import write_tables
from analysis.publishing.disclosure import SMALLEST
from analysis.publishing.figures import BLUE, SOFT, Chart, dots_with_bands, svg, themed
from analysis.publishing.numbers import count, number, percent

FEW: Final = 0.1
"""Gains smaller than this are told to three places."""


def sentences(found: Incentives, paid: Reward) -> tuple[str, ...]:
    """Say in plain words what the smallest acts bring, and who earns more by paper.

    >>> from analysis import load_design, rate, read_panel
    >>> from analysis.findings.incentives import incentives
    >>> from analysis.findings.rewards import reward
    >>> ratings = rate(load_design("franklin/index"), read_panel("franklin"))
    >>> franklin = incentives(ratings, students=1)
    >>> print(sentences(franklin, reward(franklin))[3])
    At 10 of 12 schools one student less in a group brings something: 2.9 index points at the \
median of these, 8.8 at most. It takes no school off a list.
    """
    schools = found.acts["school"].nunique()
    said = [_way(row, paid.unit, schools) for row in paid.ways.to_dict("records")]
    return (*said, _share(paid), *_unsaid(paid))


def _way(row: Mapping[Any, Any], unit: str, schools: int) -> str:
    words = WAYS[row["way"]]
    if not row["schools"]:
        return f"Nothing here lets a school do this: {words.rstrip(',')}."
    if not row["paid"]:
        return f"At none of {count(schools)} schools does {words} bring anything."
    gain = f"{_gain(row['median'])} {unit} at the median of these, {_gain(row['most'])} at most"
    off = f"It takes {count(row['leaves'])} off a list." if row["leaves"] else _NONE
    where = f"At {count(row['paid'])} of {count(schools)} schools"
    return f"{where} {words} brings something: {gain}. {off}"


_NONE: Final = "It takes no school off a list."


def _gain(x: float) -> str:
    return number(x, 1 if abs(x) >= FEW else 3 if x else 0)


def _share(paid: Reward) -> str:
    share = paid.schools["share"].dropna()
    if paid.schools["learning"].isna().all():
        return "No test has a line that one student can cross: learning is paid by the point."
    if share.empty:
        return "No act of one student brings anything, on paper or by learning."
    more, less = (share > 0.5 + 1e-9).sum(), (share < 0.5 - 1e-9).sum()
    return (
        f"Of what the best single acts bring, paper earns {percent(paid.share, 0)} (by school, the "
        f"middle half: {percent(paid.low, 0)} to {percent(paid.high, 0)}). The best act on paper "
        f"brings more than one student's learning at {count(more)} of {count(len(share))} schools, "
        f"as much at {count(len(share) - more - less)}, less at {count(less)}."
    )


def _unsaid(paid: Reward) -> Sequence[str]:
    if not paid.unsaid:
        return ()
    names = ", ".join(paid.unsaid)
    text = (
        f"The design does not say who tells {names}: a test, or the school's own records. One "
        "student more over their lines counts neither as learning nor as paper. Say indicator: of "
        "these measures."
    )
    return (text,)


def worth_figure(found: Incentives) -> Chart:
    """Draw what one student more over a line is worth, by how many the next level takes."""
    table = worth_by_distance(found)
    table = table.assign(
        says=["" if pd.isna(worth) else _gain(worth) for worth in table["worth"].tolist()],
        values_say=[f"{count(held)} values" for held in table["values"].tolist()],
    )
    rows = alt.Y("label:N", sort=list(table["label"]), title="the next level takes")
    top = float(table["worth"].max()) or 1.0
    scale = alt.Scale(domain=[min(0.0, float(table["worth"].min())), top * 1.3])
    title = f"one student is worth, in {gains(found)[0]} (mean)"
    across = alt.X("worth:Q", title=title, scale=scale)
    base = alt.Chart(table).encode(x=across, y=rows)
    layers = [
        base.mark_bar(color=BLUE, height=22),
        base.mark_text(align="left", dx=6, dy=-6, color=BLUE, fontWeight="bold").encode(
            text="says:N"
        ),
        base.mark_text(align="left", dx=6, dy=9, color=SOFT).encode(text="values_say:N"),
    ]
    return themed(alt.layer(*layers), height=52 * len(table))


def paper_figure(designs: pd.DataFrame) -> Chart:
    """Draw for each design the share that paper earns of the best single acts, with quartiles.

    Args:
        designs: as `side_by_side` gives it.
    """
    table = designs.dropna(subset=["share"]).rename(columns={"design": "label"})
    title = "paper's share of what the best single acts bring"
    return dots_with_bands(table, title=title, rule=0.5, rule_says="as much as learning")


def tables_of(found: Incentives, paid: Reward) -> dict[str, pd.DataFrame]:
    """Give the tables of one design: acts, ways, schools, break-even, exposure, worth."""
    return {
        "acts": found.acts,
        "ways": paid.ways,
        "schools": paid.schools,
        "break_even": break_even(found),
        "exposure": exposure(found),
        "worth": worth_by_distance(found),
    }


def shown_lines(lines: pd.DataFrame, about: About) -> pd.DataFrame:
    """Keep back counts of few students near a line, unless the students are made up."""
    if about.synthetic:
        return lines
    counts = lines[list(SIDES)]
    kept = counts.where((counts == 0) | (counts >= SMALLEST))
    return pd.concat([lines.drop(columns=list(SIDES)), kept], axis=1)


def write_incentives(
    tables: Mapping[str, pd.DataFrame], figures: Mapping[str, Chart], folder: Path
) -> tuple[Path, ...]:
    """Write tables as .csv and figures as .svg into a new folder.

    Raises:
        ProblemsError: the folder holds files already.
    """
    write_tables(tables, folder)
    for name, chart in figures.items():
        (folder / f"{name}.svg").write_text(svg(chart), encoding="utf-8")
    return tuple(sorted(folder.iterdir()))
