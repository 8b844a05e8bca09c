"""How does one school see its rating? One page: on which lists, why, and what would change it.

The page needs no script and asks no host; it prints on one page. To say more: one function in
`sheet_blocks.py` or beside it, and its name in `_page`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
MANY_ROWS: Final = 15
"""With more rows of tables than this the page is printed smaller, so that it stays one page."""

RESTS_ON: Final = ("design_fingerprint", "panel_fingerprint", "code_fingerprint")


def sheet(ratings: Ratings, school: str, *, year: int | None = None) -> str:
    """Make the page of one school, as HTML that stands by itself.

    What was counted from student rows is kept back where it would tell of few students, unless
    the panel is marked internal.

    Args:
        ratings: the ratings of its panel.
        school: its code.
        year: the last of the panel, unless it is said.

    Raises:
        ProblemsError: the panel has no such school or year.

    >>> from analysis import load_design, rate, read_panel
    >>> page = sheet(rate(load_design("franklin/index"), read_panel("franklin")), "0103")
    >>> "<h1>Cedar (0103)</h1>" in page, "<script" in page
    (True, False)
    """
    place = locate(ratings, school, year=year)
    kept = suppressed(ratings.panel)
    first = School(ratings, kept, place, explain(ratings, school, year=place.year))
    groups = {ALL, *first.groups}
    trace = with_changes_told(
        ratings, first.trace, lists=first.asked, groups=groups, each_group=not first.has_index
    )
    return _page(replace(first, trace=trace), rests_on(ratings))


def write_sheets(
    ratings: Ratings, schools: Sequence[str], folder: Path, *, year: int | None = None
) -> tuple[Path, ...]:
    """Write the page of each school into a folder, as `<school>.html`.

    A page that is there already, of the same design, data and program, is not made again; so work
    that was interrupted goes on where it stopped.

    Raises:
        ProblemsError: the panel has no such school or year, or a page of that name rests on
            something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("sheets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        return tuple(
            write_sheet(ratings, school, folder / f"{school}.html", year=year)
            for school in bar.track(schools)
        )


def write_sheet(ratings: Ratings, school: str, path: Path, *, year: int | None = None) -> Path:
    """Write the page of one school; one that is there already is replaced only if it is a sheet.

    Raises:
        ProblemsError: the panel has no such school or year, or the file is no sheet.
    """
    place = locate(ratings, school, year=year)
    mark = _mark(place.year, school, rests_on(ratings))
    if path.exists():
        there = path.read_text(encoding="utf-8", errors="replace")
        if mark in there:
            return path
        if '<meta name="sheet"' not in there:
            raise fail(str(path), "is there already and is no school sheet. Name another file.")
    page = sheet(ratings, school, year=place.year)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_text(page, encoding="utf-8")
    fresh.replace(path)
    return path


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


def rests_on(ratings: Ratings) -> str:
    """Give a short text that changes with the design, the panel or the program."""
    told = provenance(ratings)
    return " ".join(str(told[word]) for word in RESTS_ON)


def _mark(year: int, school: str, rests: str) -> str:
    return f'<meta name="sheet" content="{escape(f"{school} {year} {rests}")}">'


def _page(school: School, rests: str) -> str:
    ratings, place = school.ratings, school.place
    told = notice(ratings.panel.about)
    title = f"{school.name} ({school.trace.school}), {place.year}"
    blocks = (
        answer_block(school),
        measures_block(school),
        groups_block(school),
        f'<div class="side">{figure_block(school)}{changes_block(school)}</div>',
        LIMITS,
    )
    mark = f'<p class="mark">{escape(told)}</p>' if told else ""
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            _mark(place.year, school.trace.school, rests),
            f"<title>{escape(title)}</title>",
            f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n{_body(blocks)}",
            mark,
            f"<header><h1>{escape(f'{school.name} ({school.trace.school})')}</h1>",
            f'<p class="where">{escape(school.where)}</p></header>',
            "<main>",
            *(block for block in blocks if block),
            "</main>",
            f"<footer>{escape(_rests(school, rests))}</footer>\n</body>\n</html>\n",
        )
    )


def _body(blocks: Sequence[str]) -> str:
    rows = sum(block.count("<tr>") for block in blocks)
    return '<body class="long">' if rows > MANY_ROWS else "<body>"


def _rests(school: School, rests: str) -> str:
    ratings = school.ratings
    cite, evidence = ratings.design.header.cite, ratings.design.header.evidence
    source = f" Source of the design: {cite}{f' ({evidence})' if evidence else ''}." if cite else ""
    origin = ratings.panel.about.origin
    return (
        f"Design {ratings.design.name}, panel {ratings.panel.name}"
        f"{f' ({origin})' if origin else ''}.{source} Rests on {rests}."
    )
