"""Where do a school's levels stand among all schools? A small figure, with words for it.

To show more of the other schools: one more layer in `profile`.
"""

from __future__ import annotations

import textwrap
from html import escape
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from analysis.publishing.figures import BLUE, GREY, INK, Chart, svg, themed
from analysis.publishing.numbers import number
from analysis.publishing.sheet_school import School
from analysis.values import ALL

WIDTH: Final = 380
"""In points, with its words; it stands in half a page, and its letters are as large as the text."""

FEW: Final = 6
"""With more rows than this they lie closer together."""

LETTERS: Final = 24
"""In a line of a label."""

THIN: Final = 0.12
"""A band of schools that all have one level is drawn this wide to each side."""


def figure_block(school: School) -> str:
    """Draw the school's levels beside the middle half of all schools; nothing without levels."""
    table = levels_table(school)
    if table.empty:
        return ""
    words = "; ".join(
        f"{label} {number(level, 0)} (middle half {number(low)} to {number(high)})"
        for label, level, low, high in zip(
            *(table[word].tolist() for word in ("label", "level", "low", "high")), strict=True
        )
    )
    text = f"Levels of {school.name} beside the middle half of all schools: {words}."
    drawn = svg(profile(table)).replace("<svg ", f'<svg role="img" aria-label="{escape(text)}" ', 1)
    caption = "The dot is this school; the bar holds the middle half of all schools in its level."
    return (
        "<section><h2>Levels among all schools, all students</h2><figure>"
        f"{drawn}<figcaption>{caption}</figcaption></figure></section>"
    )


def levels_table(school: School) -> pd.DataFrame:
    """Give the school's level of each measure, with the quartiles of all rated schools.

    Columns: label, level, low and high (first and third quartile), top.
    """
    rows = []
    for measure, part in school.counted:
        need = school.needs.get((measure, part, ALL))
        if need is not None and school.shown(measure, part, ALL):
            value = school.ratings[need.step].value.sel(group=ALL, year=school.place.year).values
            low, high = np.nanquantile(value, [0.25, 0.75])
            label = f"{school.label(measure)}{f' ({part})' if part else ''}"
            rows.append((label, need.level, float(low), float(high), need.top))
    return pd.DataFrame(rows, columns=["label", "level", "low", "high", "top"])


def profile(table: pd.DataFrame) -> Chart:
    """Draw one row for each measure: a bar for the middle half of schools, a dot for this one."""
    top = int(table["top"].max())
    lines = ["|".join(textwrap.wrap(label, LETTERS)) for label in table["label"]]
    drawn = table.assign(label=lines, left=table["low"] - THIN, right=table["high"] + THIN)
    words = alt.Axis(labelExpr="split(datum.value, '|')", labelLimit=0, ticks=False)
    rows = alt.Y("label:N", sort=lines, title=None, axis=words)
    across = alt.Scale(domain=[0.6, top + 0.4], nice=False)
    marks = alt.Axis(values=list(range(1, top + 1)), format="d")
    title = "level, the highest at the right"
    base = alt.Chart(drawn)
    bar = base.mark_bar(color=GREY, height=13, cornerRadius=3).encode(
        x=alt.X("left:Q", title=title, scale=across, axis=marks), x2="right:Q", y=rows
    )
    dot = base.mark_circle(color=BLUE, size=210, opacity=1, stroke="white", strokeWidth=1.5).encode(
        x=alt.X("level:Q", title=title, scale=across, axis=marks), y=rows
    )
    level = base.mark_text(color=INK, dx=12, align="left", fontWeight="bold", fontSize=13).encode(
        x=alt.X("level:Q", title=title, scale=across, axis=marks), y=rows, text=alt.Text("level:Q")
    )
    chart = themed(
        alt.layer(bar, dot, level), height=(38 if len(table) <= FEW else 27) * len(table) + 12
    )
    return chart.properties(width=WIDTH)
