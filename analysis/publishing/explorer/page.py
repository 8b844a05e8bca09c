"""How does a design become a page that can be moved by hand? One file, no request to any host.

To show something else: a part of paper/explorer/page.html, and what it needs in `_data`. What the
page computes is in program.py and paper/explorer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from analysis.designs.design import Design
from analysis.designs.rules import Named
from analysis.designs.rules.conditions import Test
from analysis.panels.panel import Panel
from analysis.problems import fail
from analysis.publishing.disclosure import notice, suppressed
from analysis.publishing.explorer.program import Program, write_out
from analysis.publishing.store import ROOT, write_whole
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.write import provenance
from analysis.values import ALL

FOLDER: Final = ROOT / "paper" / "explorer"
THEME: Final = ROOT / "paper" / "theme" / "memo.css"
SCRIPTS: Final = (
    "numbers.js",
    "rules.js",
    "lists.js",
    "engine.js",
    "verdicts.js",
    "judging.js",
    "school.js",
    "state.js",
    "drawing.js",
    "controls.js",
    "view.js",
    "window.js",
)
MARK: Final = '<meta name="explorer"'


@dataclass(frozen=True)
class Asked:
    """What the page is of, in the words of the command line.

    `base` is the design's name or file, `adapted` the adaptations laid over it.
    """

    base: str
    panel: str
    adapted: tuple[str, ...] = ()
    list_name: str | None = None
    year: int | None = None

    @property
    def words(self) -> str:
        """The words after `measures rate` or `measures explore` that name design and panel."""
        return shlex.join(
            (self.base, self.panel, *(w for one in self.adapted for w in ("--with", one)))
        )


def explorer(design: Design, panel: Panel, asked: Asked) -> str:
    """Make the page on which a reader moves a design, as HTML that stands by itself.

    What was counted from student rows is kept back first where it would tell of few students; the
    page then rests on what is shown.

    Args:
        design: the design, adapted already.
        panel: what was measured.
        asked: how the design and panel were named, the list and the year.

    Raises:
        ProblemsError: the page cannot compute the design, with the steps and the reason.

    >>> from analysis import load_design, read_panel
    >>> asked = Asked("franklin/index", "franklin")
    >>> page = explorer(load_design("franklin/index"), read_panel("franklin"), asked)
    >>> "default-src 'none'" in page, "https://" in page
    (True, False)
    """
    shown = suppressed(panel)
    kept_back = shown is not panel
    ratings = rate(design, shown)
    program = write_out(ratings, asked.list_name, year=asked.year)
    data = _data(ratings, program, asked, kept_back=kept_back)
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return _page(data, text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def write_explorer(page: str, path: Path) -> None:
    """Write the page to its file, which appears whole or not at all.

    Raises:
        ProblemsError: a file is there that is no explorer.
    """
    if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise fail(str(path), "is there already and is no explorer. Name another file with --out.")
    write_whole(path, page)


def _page(data: Mapping[str, object], text: str) -> str:
    """Put data, style and program into the page; only these very bytes may run."""
    style = THEME.read_text(encoding="utf-8") + (FOLDER / "page.css").read_text(encoding="utf-8")
    script = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    page = (FOLDER / "page.html").read_text(encoding="utf-8")
    told = {
        "policy": policy,
        "title": escape(str(data["title"])),
        "style": style,
        "data": text,
        "script": script,
    }
    # in one go, so that no text that is put in can stand for another
    return re.sub(r"\{\{(\w+)\}\}", lambda found: told[found[1]], page)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(
    ratings: Ratings, program: Program, asked: Asked, *, kept_back: bool
) -> Mapping[str, object]:
    panel, design = ratings.panel, ratings.design
    told = notice(panel.about)
    if kept_back:
        told = "Values of few students are kept back, and the page computes without them."
    return {
        "schema": 1,
        "title": f"{design.title}: {panel.about.title or panel.name}",
        "design": design.title,
        "about": design.header.about or "",
        "cite": design.header.cite or "",
        "panel": panel.about.title or panel.name,
        "origin": panel.about.origin or "",
        "notice": told,
        "list": program.places[program.list_name, _year_of(ratings, program)],
        "listName": program.list_name,
        "listLabel": program.list_name.replace("_", " "),
        "year": program.year,
        "base": asked.base,
        "words": asked.words,
        "rests": _rests_on(ratings),
        "groups": list(program.groups),
        "groupLabels": [_group_label(ratings, group) for group in program.groups],
        "settings": list(program.settings),
        "across": _across(program),
        "nodes": list(program.nodes),
        "arrays": [_packed(row) for row in program.arrays],
        "whole": panel.whole.tolist(),
        "schools": _schools(ratings, program),
        "measures": _measures(ratings, program),
        "chain": _chain(ratings, program),
        "students": _students(ratings, program),
    }


def _year_of(ratings: Ratings, program: Program) -> int | None:
    return program.year if "year" in ratings[program.list_name].value.dims else None


def _rests_on(ratings: Ratings) -> Mapping[str, object]:
    told = provenance(ratings)
    words = ("design_fingerprint", "panel_fingerprint", "code_fingerprint", "verified")
    return {word: told[word] for word in words}


def _group_label(ratings: Ratings, group: str) -> str:
    known = {**ratings.panel.about.groups, **ratings.design.header.groups}
    return "all students" if group == ALL else str(known.get(group, group))


def _across(program: Program) -> list[Mapping[str, object]]:
    """Say which clauses share a measure's points among groups, by their addresses."""
    found = [node for node in program.nodes if node["rule"] == "across_groups"]
    rules = {str(node["name"]): node for node in found}
    return [{"step": name, "rest": node["rest"]} for name, node in rules.items()]


def _packed(row: np.ndarray) -> str:
    return base64.b64encode(row.astype("<f8").tobytes()).decode()


def _schools(ratings: Ratings, program: Program) -> Mapping[str, Sequence[str]]:
    units = ratings.panel.units

    def texts(column: str) -> list[str]:
        if column not in units:
            return ["" for _ in range(len(units))]
        held = units[column]
        if column == "level" and "year" in units:
            held = held.where(units["year"].astype(str) == str(program.year), held)
        return ["" if pd.isna(x) else str(x) for x in held]

    return {word: texts(word) for word in ("school", "part", "name", "district", "level")}


def _students(ratings: Ratings, program: Program) -> Mapping[str, object]:
    """Give the students of each school and group: the most that stand behind any measure."""
    panel = ratings.panel
    names = [n for n in ratings.design.measured_by(program.list_name) if n in panel.measures]
    held = [panel.measures[name].n for name in names]
    known = [n for n in held if n is not None]
    found = {}
    for group in (g for g in program.groups if g in panel.groups):
        rows = [n.sel(year=program.year, group=group).to_numpy() for n in known]
        stack = np.nan_to_num(np.array(rows))
        found[group] = stack.max(axis=0).tolist() if len(stack) else []
    return found


def _measures(ratings: Ratings, program: Program) -> list[Mapping[str, object]]:
    """Say of each measure what it is, and by which nodes it counts, becomes a level, and points."""
    design = ratings.design
    found: list[Mapping[str, object]] = []
    for name in design.measured_by(program.list_name):
        key = (name, program.year)
        if key not in program.places:
            continue
        measure = design.measures[name]
        about = ratings.panel.about.measures.get(name)
        found.append(
            {
                "name": name,
                "label": measure.label or name.replace("_", " "),
                "unit": measure.unit or (about.unit if about else "") or "",
                "better": measure.better,
                "range": list(measure.range) if measure.range else None,
                "node": program.places[key],
                "steps": _steps_of(design, program, name),
            }
        )
    return found


def _steps_of(design: Design, program: Program, measure: str) -> list[int]:
    """List the nodes of this year that rest on one measure alone, in their order."""
    return [
        place
        for (name, year), place in sorted(program.places.items(), key=lambda pair: pair[1])
        if year == program.year and name in design.steps and design.measured_by(name) == (measure,)
    ]


def _chain(ratings: Ratings, program: Program) -> Mapping[str, object] | None:
    """Say through which nodes a list tests an index against a line; nothing where it does not."""
    design, year = ratings.design, program.year

    def place(name: str) -> int | None:
        return program.places.get((name, year), program.places.get((name, None)))

    named = design.steps[program.list_name]
    test = design.steps[named.when.of] if isinstance(named, Named) else None
    if not isinstance(test, Test) or not isinstance(named, Named):
        return None
    index = test.of.of
    line = None if test.beyond is None else place(test.beyond.of)
    return {"test": place(named.when.of), "index": place(index), "line": line, "name": index}
