"""Does the explorer name exactly the schools that `rate` names, whatever a reader moves?

Every list of every built-in design, in Chromium: random settings are put to the page and, as a
varied design, to `rate`. A design without a built-in panel is asked on the panel of its worked
example. Lists that the page refuses are counted; each must say why.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import Browser
from rich.console import Console
from rich.progress import track

from analysis.commands import load_adapted
from analysis.designs.design import Design, design_names, find_design
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.publishing.explorer.program import Program, chosen_list, write_out
from analysis.ratings.examples import load_example
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.resting import only_for
from simulations.streams import stream
from tests.browser import WIDE, chromium, shown

RESTS_ON = (
    "paper/explorer/",
    "analysis/publishing/explorer/",
    "analysis/designs/*.py",
    "analysis/designs/rules/",
    "analysis/designs/library/*/*.yaml",
    "analysis/panels/data/core-small/",
    "analysis/panels/data/franklin/",
    "analysis/ratings/rate.py",
    "analysis/rounding.py",
    "tests/browser.py",
)
USUAL = ("core/sqii-2015-16", "core/sqii-full", "core/waiver-2013")
PANELS = {
    "franklin/": "franklin",
    "core/": "core-small",
    "california/api-2000": "california-api-2000",
    "california/status-or-improvement": "california-api-2000",
}
FIRST, OTHER = 200, 40
"""How many settings are tried for the list on which a page opens, and for each other one."""

LISTS = "all => all.map(settings => whoIsNamed(state.engine, settings))"
SLOW = ("n", "spacing")
"""What makes `rate` run nearly every step again."""


@dataclass(frozen=True)
class Case:
    """A design, a panel, and the adaptations without which the design has numbers nobody knows."""

    asked: Asked
    design: Design
    panel: Panel


def case_of(name: str) -> Case:
    asked = Asked(name, "example", ("core/usual",) if name in USUAL else ())
    design = load_adapted(name, list(asked.adapted))
    for start, panel in PANELS.items():
        if name.startswith(start):
            return Case(asked, design, read_panel(panel))
    example = find_design(name).with_suffix(".examples.yaml")
    return Case(asked, design, load_example(example).panel)


KINDS = {
    "weight": lambda one, chance, _: float(
        chance.choice([0, 1, 2 * one["value"], round(50 * chance.random(), 2)])
    ),
    "worth": lambda one, chance, _: round(one["value"] * (0.5 + chance.random()), 2),
    "n": lambda _one, chance, _: float(chance.choice([1, 10, 15, 30, 40, 100])),
    "share": lambda _one, chance, _: round(0.01 + 0.6 * chance.random(), 3),
    "all": lambda _one, chance, _: round(chance.random(), 2),
    "group": lambda _one, chance, _: bool(chance.random() < 0.6),
    "spacing": lambda _one, chance, _: str(chance.choice(["equal_count", "equal_width"])),
    "cut": lambda one, chance, shifts: (
        one["value"]
        + shifts.setdefault(one["paths"][0].split(".")[0], float(chance.integers(-8, 9)))
    ),
}


def standard(one):
    return True if one["kind"] == "group" else one["value"]


def drawn(program: Program, chance: np.random.Generator) -> list:
    """Draw settings: each kind of them is moved or stays, cut points of a step move together."""
    kinds = {kind for kind in KINDS if chance.random() < (0.25 if kind in SLOW else 0.6)}
    shifts: dict[str, float] = {}
    return [
        KINDS[one["kind"]](one, chance, shifts) if one["kind"] in kinds else standard(one)
        for one in program.settings
    ]


def varied(design: Design, program: Program, settings: Sequence) -> Design:
    """Vary the design at the addresses that the settings have."""
    changes = {
        path: value
        for one, value in zip(program.settings, settings, strict=True)
        for path in one["paths"]
        if value != one["value"]
    }
    rows = zip(program.settings, settings, strict=True)
    on = [one["section"] for one, value in rows if one["kind"] == "group" and value]
    for node in program.nodes:
        if node["rule"] == "across_groups":
            rest = [group for group in node["rest"] if group in on]
            word, to = ("rest", rest) if rest else ("all", 1.0)
            if rest != list(node["rest"]):
                changes[f"{node['name']}.{word}"] = to
    return design.vary(changes)


def named(ratings: Ratings, program: Program) -> list[int]:
    value = ratings[program.list_name].value
    held = value.sel(year=program.year) if "year" in value.dims else value
    return np.flatnonzero(held.to_numpy() == 1).tolist()


def told_by_rate(ratings: Ratings, program: Program, tried: Sequence) -> Iterator[list[int]]:
    """Give the schools that `rate` names under each of some settings."""
    name = program.list_name
    first = rate(only_for(ratings.design, name), ratings.panel)
    for settings in tried:
        design = only_for(varied(ratings.design, program, settings), name)
        yield named(rate(design, ratings.panel, earlier=first), program)


def told_by_page(browser: Browser, path: Path, tried: Sequence) -> list[list[int]]:
    """Give the schools that a page names under each of some settings."""
    with shown(browser, path, WIDE) as page:
        return page.evaluate(LISTS, list(tried))


def asked_of(browser: Browser, path: Path, case: Case, ratings: Ratings, name: str) -> Counter[str]:
    """Count what one list of a design shows; `answers` is how many different lists came."""
    try:
        program = write_out(ratings, name)
    except ProblemsError as error:
        silent = any(not problem.text for problem in error.problems)
        return Counter({"refused": 1, "refused without a reason": int(silent)})
    times = FIRST if name == chosen_list(case.design, None) else OTHER
    chance = stream(1, "explorer", case.asked.base, name)
    tried = [drawn(program, chance) for _ in range(times)]
    write_explorer(explorer(case.design, case.panel, replace(case.asked, list_name=name)), path)
    page = told_by_page(browser, path, tried)
    ours = list(told_by_rate(ratings, program, tried))
    differing = sum(one != other for one, other in zip(page, ours, strict=True))
    answers = len({tuple(one) for one in ours})
    told = {"lists": 1, "settings": times, "differing": differing, "answers": answers}
    return Counter({**told, "lists that a setting moves": int(answers > 1)})


def campaign(full: bool) -> dict[str, int | float | str]:  # noqa: FBT001 (each is asked so)
    found: Counter[str] = Counter()
    names = design_names() if full else ("franklin/index", "core/option-growth")
    with TemporaryDirectory() as folder, chromium() as browser:
        for name in track(names, "designs", console=Console(stderr=True), transient=True):
            case = case_of(name)
            ratings = rate(case.design, case.panel)
            for one in case.design.lists:
                found += asked_of(browser, Path(folder) / "page.html", case, ratings, one)
    words = ("lists", "lists that a setting moves", "settings", "answers", "differing")
    refused = ("refused", "refused without a reason")
    return {"designs": len(names), **{word: found[word] for word in (*words, *refused)}}
