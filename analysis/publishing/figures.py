"""How do figures of the series look? One theme: direct labels, few colours, readable on a phone.

To add a kind of figure: one function that takes a tidy table and returns an Altair chart.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final, Literal

import altair as alt
import pandas as pd
import vl_convert

INK: Final = "#1b2733"
SOFT: Final = "#5b6875"
BLUE: Final = "#0b5394"
ORANGE: Final = "#b45f06"
GREEN: Final = "#1b7f5c"
GREY: Final = "#b9c2cb"
WIDTH: Final = 660
"""Of a figure with all its words: that of a page's text, so that its letters are as large."""
PHONE: Final = 375
"""The same for a phone."""
LINE: Final = 28
"""Letters in a line of a long label."""
FINE: Final = 40
"""An axis of per cent that ends here or below has a mark at every 5."""

FEW: Final = 10
"""An axis that ends here or below counts things: a mark at every one."""

FEW_ROWS: Final = 6
"""With more rows than this they lie closer together, CLOSE apart."""

CLOSE: Final = 34

VEGA_LITE: Final = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
DESCRIPTION: Final = "application/vnd.vegalite+json"
_FONT: Final = "Helvetica Neue, Arial, sans-serif"
_WIDE: Final = re.compile(r'<svg[^>]* width="([\d.]+)"')


Chart = alt.LayerChart | alt.FacetChart | alt.Chart


def rendered(spec: dict[str, Any], **_options: object) -> dict[str, Any]:
    """Give a chart as a picture and as its own description; no page that asks a host."""
    return {"image/svg+xml": drawn(spec, width=spec["width"]), DESCRIPTION: spec}


def drawn(spec: Mapping[str, Any], *, width: float) -> str:
    """Draw a chart from its description as SVG, so wide with all its words; letters keep size.

    Args:
        spec: a chart of one view, in Vega-Lite's words.
        width: in pixels, within a few.
    """
    tried = width / 2
    first = _picture(spec, tried)
    told = _WIDE.search(first)
    words = float(told.group(1)) - tried if told else 0.0  # they keep their size
    return _picture(spec, width - words)


def _picture(spec: Mapping[str, Any], width: float) -> str:
    return str(vl_convert.vegalite_to_svg({**spec, "width": width}, vl_version=VEGA_LITE))


def svg(chart: Chart) -> str:
    """Draw a chart as SVG, without a browser and without a network."""
    return str(rendered(chart.to_dict())["image/svg+xml"])


alt.renderers.register("series", rendered)
alt.renderers.enable("series")


def themed(chart: Chart, *, height: int) -> Chart:
    """Give a chart the look of the series."""
    sized = chart.properties(width=WIDTH, height=height, background="white")
    axis: dict[str, Any] = {
        "labelFontSize": 14,
        "titleFontSize": 14,
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "gridColor": "#e6eaee",
        "domainColor": GREY,
        "tickColor": GREY,
        "labelFont": _FONT,
        "labelSeparation": 8,
        "titleFont": _FONT,
    }
    plain = sized.configure_axis(**axis).configure_view(stroke=None)
    done: Chart = plain.configure_text(font=_FONT, fontSize=14)
    return done


def dots_with_bands(
    table: pd.DataFrame, *, title: str, rule: float | None = None, rule_says: str = ""
) -> Chart:
    """Draw one row for each line of the table: a band that chance fills, and a dot.

    Args:
        table: columns label, share, low, high (shares 0-1), in the order of drawing.
        title: title of the axis.
        rule: a value to mark with a line, if any.
        rule_says: the words at that line.
    """
    rows, height = _rows(table["label"], least=46)
    most = max(table["share"].max(), table["high"].max(), rule or 0) * 1.15
    scale = alt.Scale(domain=[0, most])
    axis = alt.Axis(format=".0%", tickMinStep=0.01, titleAnchor="end")
    if most > 1:  # room for words, but no share above one
        axis.values = [place / 10 for place in range(11)]
    across = alt.X("share:Q", title=title, scale=scale, axis=axis)
    base = alt.Chart(table)
    band = base.mark_bar(color=GREY, opacity=0.55, height=16).encode(
        x=alt.X("low:Q", title=title, scale=scale), x2="high:Q", y=rows
    )
    dot = base.mark_circle(color=BLUE, size=170, opacity=1).encode(x=across, y=rows)
    text = base.mark_text(align="left", dx=11, color=BLUE, fontWeight="bold").encode(
        x=across, y=rows, text=alt.Text("share:Q", format=".1%")
    )
    layers = [band, dot, text]
    if rule is not None:
        mark = pd.DataFrame({"share": [rule], "says": [rule_says]})
        line = alt.Chart(mark)
        layers.append(
            line.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[5, 4]).encode(x=across)
        )
        layers.append(
            line.mark_text(color=ORANGE, align="right", dx=-6, baseline="top").encode(
                x=across, y=alt.value(2), text="says:N"
            )
        )
    return themed(alt.layer(*layers), height=height)


def two_lines(table: pd.DataFrame, *, x_title: str, y_title: str, colours: dict[str, str]) -> Chart:
    """Draw a share against a number for several series, each labelled at its end.

    Args:
        table: columns x (0-100; up to 10 it counts things), share (0-1), series.
        x_title: title of the horizontal axis.
        y_title: title of the vertical axis.
        colours: series -> colour.
    """
    series = alt.Color(
        "series:N", legend=None, scale=alt.Scale(domain=list(colours), range=list(colours.values()))
    )
    most = table["x"].max()
    step = 1 if most <= FEW else 5 if most <= FINE else 20
    marks = alt.Axis(values=[x for x in range(0, 101, step) if x <= most + 1])
    room = alt.Scale(domain=[0, table["x"].max() * 1.32])  # for the words at the lines' ends
    x = alt.X("x:Q", title=x_title, scale=room, axis=marks)
    y = alt.Y("share:Q", title=y_title, axis=alt.Axis(format=".0%", tickMinStep=0.01))
    base = alt.Chart(table).encode(x=x, y=y, color=series)
    last = table.loc[table.groupby("series")["x"].idxmax()]
    words = (
        alt.Chart(last)
        .mark_text(align="left", dx=8, fontWeight="bold")
        .encode(x=x, y=y, text="series:N", color=series)
    )
    line = base.mark_line(strokeWidth=3)
    return themed(alt.layer(line, base.mark_circle(size=60, opacity=1), words), height=300)


def line_against(
    table: pd.DataFrame, *, titles: tuple[str, str], level: float, level_says: str, line_says: str
) -> Chart:
    """Draw a line of expected values, and a level that was observed.

    Args:
        table: columns x (a share 0-1) and y.
        titles: titles of the horizontal and the vertical axis.
        level: what was observed.
        level_says: the words at that level.
        line_says: the words at the line.
    """
    x = alt.X(
        "x:Q",
        title=titles[0],
        axis=alt.Axis(format=".2f", tickMinStep=0.01),
        scale=alt.Scale(domain=[float(table["x"].min()), float(table["x"].max())]),
    )
    y = alt.Y("y:Q", title=titles[1])
    base = alt.Chart(table)
    line = base.mark_line(color=BLUE, strokeWidth=3, point=alt.OverlayMarkDef(color=BLUE, size=60))
    mark = pd.DataFrame({"y": [level], "x": [float(table["x"].max())], "says": [level_says]})
    first = table.sort_values("x").head(1).assign(says=line_says)
    layers = [
        line.encode(x=x, y=y),
        alt.Chart(mark).mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[5, 4]).encode(y=y),
        alt.Chart(mark)
        .mark_text(color=ORANGE, align="right", dy=-8)
        .encode(x=x, y=y, text="says:N"),
        alt.Chart(first)
        .mark_text(color=BLUE, align="left", dx=14, dy=-2, fontWeight="bold")
        .encode(x=x, y=y, text="says:N"),
    ]
    return themed(alt.layer(*layers), height=300)


def bars(table: pd.DataFrame, *, title: str) -> Chart:
    """Draw one bar for each line of the table, with its number at the end.

    Args:
        table: columns label and count, in the order of drawing.
        title: title of the axis.
    """
    rows, height = _rows(table["label"], least=26)
    scale = alt.Scale(domain=[0, table["count"].max() * 1.12])
    axis = alt.Axis(tickMinStep=1, titleAnchor="end")
    across = alt.X("count:Q", title=title, scale=scale, axis=axis)
    base = alt.Chart(table).encode(x=across, y=rows)
    text = base.mark_text(align="left", dx=6, color=BLUE, fontWeight="bold")
    layers = [base.mark_bar(color=BLUE, height=16), text.encode(text=alt.Text("count:Q"))]
    return themed(alt.layer(*layers), height=height)


def _rows(labels: pd.Series[str], *, least: int) -> tuple[alt.Y, int]:
    """Give a row for each label, long ones in several lines, and the height that they take."""
    lines = {label: textwrap.wrap(label, LINE) for label in labels}
    axis = alt.Axis(labelExpr=f"({json.dumps(lines)})[datum.value]", labelLimit=0, labelPadding=11)
    rows = alt.Y("label:N", sort=list(labels), title=None, axis=axis)
    most = max(map(len, lines.values()))
    height = min(least, CLOSE) if len(labels) > FEW_ROWS else least
    return rows, max(height, 16 * most + 10) * len(labels) + 30


def labelled_points(
    table: pd.DataFrame, *, titles: tuple[str, str], colours: dict[str, str]
) -> Chart:
    """Draw a point with its name for each line of the table: one share against another.

    Args:
        table: columns x and y (shares 0-1), label, series, and side (left, right or
            above its point).
        titles: titles of the horizontal and the vertical axis.
        colours: series -> colour.
    """
    room = alt.Scale(domain=[0, float(table["x"].max()) * 1.15])
    x = alt.X("x:Q", title=titles[0], scale=room, axis=alt.Axis(format=".0%", tickMinStep=0.01))
    y = alt.Y("y:Q", title=titles[1], axis=alt.Axis(format=".0%", tickMinStep=0.01))
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    series = alt.Color("series:N", legend=None, scale=scale)
    base = alt.Chart(table)
    layers = [base.mark_circle(size=130, opacity=1).encode(x=x, y=y, color=series)]
    places: dict[str, tuple[Literal["left", "right"], int, int]]
    places = {"right": ("left", 11, 0), "left": ("right", -11, 0), "above": ("right", 30, -14)}
    named = [
        alt.Chart(table[table["side"] == side]).mark_text(
            align=align, dx=dx, dy=dy, fontWeight="bold"
        )
        for side, (align, dx, dy) in places.items()
    ]
    layers += [words.encode(x=x, y=y, text="label:N", color=series) for words in named]
    return themed(alt.layer(*layers), height=440)


def intervals(table: pd.DataFrame, *, title: str) -> Chart:
    """Draw an estimate with its interval for each line of the table, and a mark at nought.

    Args:
        table: columns label, x, low, high (in one unit, of either sign), and series: `known` is
            drawn in one colour, anything else in another.
        title: title of the axis.
    """
    rows, height = _rows(table["label"], least=40)
    across = alt.X("x:Q", title=title, axis=alt.Axis(titleAnchor="end"))
    scale = alt.Scale(domain=["known", "found"], range=[ORANGE, BLUE])
    colour = alt.Color("series:N", legend=None, scale=scale)
    told = table.assign(series=table["series"].where(table["series"] == "known", "found"))
    base = alt.Chart(told)
    layers = [
        alt.Chart(pd.DataFrame({"x": [0.0]}))
        .mark_rule(color=INK, strokeDash=[5, 4])
        .encode(x=across),
        base.mark_rule(strokeWidth=5, opacity=0.45).encode(
            x=alt.X("low:Q", title=title), x2="high:Q", y=rows, color=colour
        ),
        base.mark_circle(size=150, opacity=1).encode(x=across, y=rows, color=colour),
    ]
    return themed(alt.layer(*layers), height=height)
