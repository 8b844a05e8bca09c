"""How does one school see its rating? One page: on which lists, why, and what would change it.

The page needs no script and asks no host; it prints on one page. To say more: one function in
`sheet_blocks.py` or beside it, and its name in `_page`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analysis.findings.place import locate
from analysis.findings.trace import explain, with_changes_told
from analysis.problems import fail
from analysis.publishing.disclosure import notice, suppressed
from analysis.publishing.sheet_blocks import answer_block, groups_block, measures_block
from analysis.publishing.sheet_changes import LIMITS, changes_block
from analysis.publishing.sheet_figure import figure_block
from analysis.publishing.sheet_school import School
from analysis.publishing.store import ROOT
from analysis.ratings.rate import Ratings
from analysis.ratings.write import provenance
from analysis.values import ALL

STYLE: Final = ROOT / "paper" / "theme" / "sheet.css"
MARK: Final = '<meta name="sheet"'

MUCH: Final = 4300
"""With more letters than this the page is printed smaller, so that it stays one page."""

ROW: Final = 110
"""A row of a table takes as much of the page as so many letters."""

MARKED: Final = 600
"""So many letters' room the mark takes, at the top and above each part."""

RESTS_ON: Final = ("design_fingerprint", "panel_fingerprint", "code_fingerprint")


def sheet(ratings: Ratings, school: str, *, year: int | None = None, internal: bool = False) -> str:
    """Make the page of one school, as HTML that stands by itself.

    What was counted from student rows is kept back where it would tell of few students, unless
    the page is internal; it is then marked so.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        year: the last of the panel, unless it is said.
        internal: the page is not shared.

    Raises:
        ProblemsError: the panel has no such school or year.

    >>> from analysis import load_design, rate, read_panel
    >>> page = sheet(rate(load_design("franklin/index"), read_panel("franklin")), "0103")
    >>> "<h1><bdi>Cedar</bdi> (0103)</h1>" in page, "<script" in page
    (True, False)
    """
    place = locate(ratings, school, year=year)
    kept = ratings.panel if internal else suppressed(ratings.panel)
    first = School(ratings, kept, place, explain(ratings, school, year=place.year))
    trace = with_changes_told(
        ratings,
        first.trace,
        lists=first.asked,
        groups={ALL, *first.groups},
        each_group=not first.has_index,
    )
    told = notice(ratings.panel.about, internal=internal)
    return _page(replace(first, trace=trace), told, _mark(ratings, school, place.year, told))


def write_sheets(
    ratings: Ratings,
    pages: Mapping[str, Path],
    *,
    year: int | None = None,
    internal: bool = False,
) -> None:
    """Write the page of each school to its file.

    A page that is there already, of the same design, data and program, is not made again; so work
    that was interrupted goes on where it stopped.

    Raises:
        ProblemsError: the panel has no such school or year, or a file is there and is no sheet.
    """
    columns = (TextColumn("sheets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        for school, path in bar.track(pages.items()):
            told = notice(ratings.panel.about, internal=internal)
            at = locate(ratings, school, year=year).year
            if not _is_there(path, _mark(ratings, school, at, told)):
                page = sheet(ratings, school, year=at, internal=internal)
                path.parent.mkdir(parents=True, exist_ok=True)
                fresh = path.with_suffix(".part")
                fresh.write_text(page, encoding="utf-8")
                fresh.replace(path)


def _is_there(path: Path, mark: str) -> bool:
    """Say whether a file is the very page; one that is no sheet at all is not replaced."""
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else MARK
    if MARK not in there:
        raise fail(str(path), "is there already and is no school sheet. Name another file.")
    return mark in there


def all_schools(ratings: Ratings, *, year: int | None = None) -> tuple[str, ...]:
    """Name the whole schools that some list or the index judges in a year."""
    panel = ratings.panel
    at = panel.years.index(panel.years[-1] if year is None else year)
    judged = np.zeros(len(panel.units), dtype=bool)
    index = ratings.design.header.headline.index
    for name in (*ratings.design.lists, *((index,) if index else ())):
        value = ratings[name].value
        held = value.isel(year=at) if "year" in value.dims else value
        known = held.notnull()
        judged |= np.asarray(known.any("group") if "group" in known.dims else known)
    whole = (panel.units["part"] == "").to_numpy()
    return tuple(panel.units["school"][judged & whole])


def _rests_on(ratings: Ratings) -> str:
    """Give a short text that changes with the design, the panel or the program."""
    told = provenance(ratings)
    return " ".join(str(told[word]) for word in RESTS_ON)


def _mark(ratings: Ratings, school: str, year: int, told: str) -> str:
    words = f"{school} {year} {_rests_on(ratings)} {told}".strip()
    return f'{MARK} content="{escape(words)}">'


def _page(school: School, told: str, mark: str) -> str:
    name = f"{school.name} ({school.trace.school})"
    blocks = (
        answer_block(school),
        measures_block(school),
        groups_block(school),
        f'<div class="side">{figure_block(school)}{changes_block(school)}</div>',
        LIMITS,
    )
    drawn = re.compile(r"<svg.*?</svg>|<[^>]*>", re.DOTALL)
    said = MARKED if told else 0
    said += sum(len(drawn.sub("", block)) + ROW * block.count("<tr>") for block in blocks)
    lines = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        mark,
        f"<title>{escape(f'{name}, {school.place.year}')}</title>",
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>",
        '<body class="long">' if said > MUCH else "<body>",
        f'<aside class="mark" aria-label="Whose data">{escape(told)}</aside>' if told else "",
        f"<header><h1><bdi>{escape(school.name)}</bdi> ({escape(school.trace.school)})</h1>",
        f'<p class="where">{escape(school.where)}</p></header>',
        "<main>",
        *blocks,
        "</main>",
        f"<footer>{escape(_source(school))}</footer>\n</body>\n</html>\n",
    )
    return "\n".join(line for line in lines if line)


def _source(school: School) -> str:
    ratings, header = school.ratings, school.ratings.design.header
    kind = f" ({header.evidence})" if header.evidence else ""
    cite = f" Source of the design: {header.cite}{kind}." if header.cite else ""
    origin = ratings.panel.about.origin
    data = f"{ratings.panel.name}{f' ({origin})' if origin else ''}"
    rests = _rests_on(ratings)
    return f"Design {ratings.design.name}, panel {data}.{cite} Rests on {rests}."
