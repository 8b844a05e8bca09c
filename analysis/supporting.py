"""What can be asked at the command line about support: partners, communities, peer review?

To add a command: one function here that reads, calls one public function, and prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from analysis.commands import Adaptations, DesignName, PanelName, load_adapted, out
from analysis.findings.standing import Standing, standing
from analysis.findings.wishes import AS_DONE, Wishes, load_wishes
from analysis.problems import fail, listed
from analysis.publishing.comparison import write_tables
from analysis.questions import Form, Year, print_table, rated

MOST = 40
"""Pairs that are told in words; the tables hold all."""

app = typer.Typer(no_args_is_help=True)

Named = Annotated[
    str | None, typer.Option("--list", help="whose schools look for others; the only list if one")
]
Growth = Annotated[str, typer.Option(help="measures or steps that show growth, joined by commas")]
By = Annotated[str, typer.Option(help="school columns that describe students; groups without it")]
Folder = Annotated[Path | None, typer.Option("--out", help="write the tables into a new folder")]
Least = Annotated[int, typer.Option(min=1, help="students that a figure needs to count")]


def _standing(
    design: str,
    panel: str,
    adapted: list[str] | None,
    named: str | None,
    year: int | None,
    growth: str = "",
    by: str = "",
    least: int = 20,
) -> Standing:
    lists = load_adapted(design, adapted or []).lists
    if named is None and len(lists) != 1:
        raise fail(design, f"has {len(lists)} lists. Name one with --list: {listed(lists)}.")
    words = [tuple(w for w in said.split(",") if w) for said in (growth, by)]
    named = named or lists[0]
    return standing(
        rated(design, panel, adapted), named, year=year, growth=words[0], by=words[1], least=least
    )


def _tell(
    tables: Mapping[str, pd.DataFrame], figures: Mapping[str, object], form: str, to: Path | None
) -> bool:
    """Write the tables where a folder is named, and print all as JSON where it is asked for."""
    if to is not None:
        for path in write_tables(tables, to):
            typer.echo(f"wrote {path}", err=form == "json")
    if form == "json":
        told = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        typer.echo(json.dumps({**figures, **told}, indent=1, ensure_ascii=False))
    return form == "json"


@app.command(name="partners")
def school_partners(
    design: DesignName,
    panel: PanelName,
    named: Named = None,
    wishes: Annotated[
        Path | None, typer.Option(help="a file that weighs terms and sets limits")
    ] = None,
    choices: Annotated[
        Path | None, typer.Option(help="a CSV of schools' own choices: school, choice, rank")
    ] = None,
    growth: Growth = "",
    by: By = "",
    least: Least = 20,
    year: Year = None,
    adapted: Adaptations = None,
    form: Form = "text",
    to: Folder = None,
) -> None:
    """Find each school of a list a partner that does better or grows, and what each could learn.

    Example: measures partners franklin/index franklin --by poverty --least 1
    """
    from analysis.findings.partners import compared, partners, read_choices  # noqa: PLC0415 (slow)

    found = _standing(design, panel, adapted, named, year, growth, by, least)
    usual = Wishes()
    if not growth:
        usual = Wishes(weights={**usual.weights, "growth": 0.0})
    if found.schools["latitude"].isna().all():
        usual = Wishes(weights={**usual.weights, "kilometres": 0.0})
    wanted = usual if wishes is None else load_wishes(wishes)
    chosen = None if choices is None else read_choices(choices)
    got = partners(found, wanted, choices=chosen)
    beside = compared({"by students only, as CORE did": partners(found, AS_DONE), "here": got})
    tables = {"pairs": got.pairs, "unmatched": got.unmatched, "balance": got.balance}
    figures = {"status": got.status, "gap": got.gap, "blocking": got.blocking}
    if _tell({**tables, "ways": beside}, figures, form, to):
        return
    short = ["school", "partner", "partner_name", "students", "kilometres", "gap", "challenge"]
    print_table(got.pairs[short])
    for one in got.pairs.head(MOST).itertuples():
        text = f"{one.school} may learn {one.learns}; {one.partner} may learn {one.teaches}."
        out.print(text, soft_wrap=True)
    alone = got.pairs.loc[~got.pairs["reciprocity"], "school"]
    out.print(
        f"{len(got.pairs):,} pairs, {got.status}; {len(got.unmatched):,} schools stay alone. "
        f"Without reciprocity (the partner is low nowhere that the school is high): "
        f"{_names(alone)}.",
        soft_wrap=True,
    )
    if len(got.unmatched):
        print_table(got.unmatched)
    out.print("Schools and partners (differences in standard deviations, before and after):")
    print_table(got.balance)
    out.print("Beside pairs by demographics only (same: share of the first way's pairs):")
    print_table(beside.set_index("way").T.rename_axis("figure").reset_index())


def _names(some: Iterable[str]) -> str:
    return listed(some) if list(some) else "nobody"


@app.command(name="communities")
def school_communities(
    design: DesignName,
    panel: PanelName,
    named: Named = None,
    leads: Annotated[
        str, typer.Option(help="communities that can be led: 12, or Ash=2,Birch=1 by district")
    ] = "",
    largest: Annotated[int, typer.Option(min=2, max=4, help="schools in a community")] = 4,
    furthest: Annotated[float | None, typer.Option(help="kilometres between two schools")] = None,
    least: Least = 20,
    year: Year = None,
    adapted: Adaptations = None,
    form: Form = "text",
    to: Folder = None,
) -> None:
    """Put the schools of a list into communities of two to four around a problem that they share.

    Example: measures communities core/sqii-2015-16 core-small --with core/usual --list communities
    """
    from analysis.findings.communities import Circle, communities  # noqa: PLC0415 (a slow solver)

    found = _standing(design, panel, adapted, named, year, least=least)
    far = 0.0 if found.schools["latitude"].isna().all() else Circle().kilometres
    circle = Circle(kilometres=far, largest=largest, furthest=furthest)
    got = communities(found, circle, capacity=_capacity(leads))
    alike = Circle(problem=0.0, students=1.0, kilometres=0.0, largest=largest, must_share=False)
    beside = communities(found, alike, capacity=_capacity(leads))
    summary = got.summary.assign(**{"by students only": beside.summary["found"]})
    tables = {"members": got.members, "unplaced": got.unplaced, "summary": summary}
    if _tell(tables, {"status": got.status, "gap": got.gap}, form, to):
        return
    print_table(got.members, most=200)
    number = got.members["community"].nunique()
    out.print(f"{number:,} communities, {got.status}; {len(got.unplaced):,} schools are in none.")
    if len(got.unplaced):
        print_table(got.unplaced)
    out.print("Beside chance, and beside groups by demographics only (means over schools):")
    print_table(summary)


def _capacity(said: str) -> dict[str, int] | int | None:
    try:
        if "=" in said:
            pairs = (part.rsplit("=", 1) for part in said.split(","))
            return {name.strip(): int(number) for name, number in pairs}
        return int(said) if said else None
    except ValueError as error:
        raise fail("--leads", f"must be a number, or Ash=2,Birch=1, but it says {said}.") from error


@app.command(name="districts")
def partner_districts(
    design: DesignName,
    panel: PanelName,
    largest: Annotated[int, typer.Option(min=2, max=4, help="districts in a group")] = 2,
    least: Least = 20,
    year: Year = None,
    adapted: Adaptations = None,
    form: Form = "text",
    to: Folder = None,
) -> None:
    """Say which districts are alike in size, students, place and problem, and could teach others.

    Example: measures districts core/sqii-2015-16 core-small --with core/usual
    """
    from analysis.findings.district_partners import district_partners  # noqa: PLC0415 (a solver)

    ratings = rated(design, panel, adapted)
    got = district_partners(
        standing(ratings, ratings.design.lists[0], year=year, least=least), largest=largest
    )
    figures = {"status": got.status, "groups": got.groups, "alone": got.alone}
    if _tell({"pairs": got.pairs}, figures, form, to):
        return
    order = got.pairs.sort_values("chosen", ascending=False)
    print_table(order.drop(columns=["chosen", "learns", "teaches"]))
    for one in order[order["chosen"]].itertuples():
        text = f"{one.district} may learn {one.learns}; {one.other} may learn {one.teaches}."
        out.print(text, soft_wrap=True)
    groups = "; ".join(" and ".join(some) for some in got.groups)
    out.print(f"Together: {groups}. Alone: {_names(got.alone)}.", soft_wrap=True)


@app.command(name="peers")
def peer_ratings(
    ratings: Annotated[Path, typer.Argument(help="a CSV: district, rater, item, rating")],
    target: Annotated[float, typer.Option(min=0.01, max=0.99, help="reliability wanted")] = 0.8,
    form: Form = "text",
    to: Folder = None,
) -> None:
    """Say how far districts that rate one another agree, who is lenient, who only ticks boxes.

    Example: measures peers paper/guide/made-up-peer-ratings.csv
    """
    from analysis.findings.generalizability import generalizability  # noqa: PLC0415 (statsmodels)
    from analysis.findings.peers import peer_review, read_ratings  # noqa: PLC0415 (the same)

    table = read_ratings(ratings)
    got = peer_review(table)
    split = generalizability(table[table["rater"] != table["district"]], target=target)
    tables = {
        **{name: getattr(got, name) for name in ("alpha", "pairs", "leniency", "ticking", "own")},
        "sheets": got.sheets,
        "components": split.components,
        "needed": split.needed,
    }
    sure = got.reliable
    told = {**vars(sure), "relative": split.relative, "absolute": split.absolute}
    tables["reliability"] = pd.DataFrame([told])
    if _tell(tables, {}, form, to):
        return
    for name, words in _WORDS.items():
        out.print(words)
        print_table(tables[name])
    out.print(
        f"Mean of all raters, these items: reliability {sure.all:.2f} "
        f"(95 %: {max(sure.low, 0):.2f} to {sure.high:.2f}). With other raters and items: "
        f"{split.relative:.2f} for the order of districts, {split.absolute:.2f} for the ratings "
        "themselves.",
        soft_wrap=True,
    )
    out.print(f"Raters needed for {target:g}, by number of items (blank: not with 100):")
    print_table(split.needed)


_WORDS = {
    "alpha": "Krippendorff's alpha (1: raters agree; 0: as by chance):",
    "pairs": "Weighted kappa of every two raters, with 95 % intervals:",
    "leniency": "How far each rater lies above the others on the same districts (95 %):",
    "ticking": "Sheets with one rating for every item, or given twice (chance: if by item):",
    "own": "Ratings of oneself beside those of the others:",
    "components": "Where the variance of ratings lies:",
}
