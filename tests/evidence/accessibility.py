"""Can everybody read each page: does axe-core find nothing, and is nothing too wide or too small?

In Chromium, wide, on a phone and in a narrow window: every memo, the page that lists them, sheets
of all schools of Franklin and of three made-up ones, and the explorer with a school opened. Memos
whose page is younger than what it is made of are not made again.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page
from rich.console import Console
from rich.progress import track

from analysis.commands import load_adapted
from analysis.panels.reading import read_panel
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.publishing.memo import memo, memo_index, memo_names
from analysis.publishing.sheet import all_schools, write_sheets
from analysis.publishing.store import build_folder
from analysis.ratings.rate import rate
from tests.browser import NARROW, PHONE, WIDE, chromium, shown, sideways, tiny, violations
from tests.campaigns import files

PUBLISHING = "analysis/publishing"
MADE_OF = (
    "paper/memos/",
    "paper/theme/memo.css",
    "paper/filters/",
    *(f"{PUBLISHING}/{name}.py" for name in ("execute", "figures", "memo", "qmd", "rendering")),
)
"""What decides how a memo's page is marked up; its numbers are held by other tests."""

RESTS_ON = (
    *MADE_OF,
    "paper/theme/sheet.css",
    f"{PUBLISHING}/sheet*.py",
    "paper/explorer/",
    f"{PUBLISHING}/explorer/page.py",
    "tests/browser.py",
    "tests/accessibility/",
)
SIZES = {"wide": WIDE, "phone": PHONE, "narrow": NARROW}
FRANKLIN = Asked("franklin/index", "franklin")
CORE = Asked("core/sqii-2015-16", "core-small", ("core/usual",), "lowest")
SHEETS = {FRANKLIN: None, CORE: 3}
"""Of how many schools; None is all."""


def campaign(*, full: bool) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        memos = [_memo_page(name) for name in (memo_names() if full else memo_names()[-1:])]
        pages = [*memos, memo_index(), *_sheets(Path(folder)), *_explorers(Path(folder))]
        wrong = {kind: [] for kind in ("violations", "too wide", "letters too small")}
        with chromium() as browser:
            for path in track(pages, "pages", console=Console(stderr=True), transient=True):
                for word, size in SIZES.items():
                    with shown(browser, path, size) as page:
                        _open_all(page)
                        where = f"{path.name}, {word}"
                        wrong["violations"] += [f"{where}: {x}" for x in violations(page)]
                        wrong["too wide"] += [where] if sideways(page) else []
                        wrong["letters too small"] += [f"{where}: {x}" for x in tiny(page)]
    told = [line for lines in wrong.values() for line in lines]
    assert not told, "\n".join(told)
    counts = {"memos": len(memos), "other pages": len(pages) - len(memos)}
    counts["openings"] = len(pages) * len(SIZES)
    return counts | {kind: len(lines) for kind, lines in wrong.items()}


def _memo_page(name: str) -> Path:
    page = build_folder() / "memos" / name / f"{name}.html"
    made_of = max(path.stat().st_mtime for path in files(MADE_OF))
    if page.exists() and page.stat().st_mtime > made_of:
        return page
    return memo(name, forms=["html"])


def _sheets(folder: Path) -> Iterator[Path]:
    for asked, most in SHEETS.items():
        design = load_adapted(asked.base, list(asked.adapted))
        ratings = rate(design, read_panel(asked.panel))
        schools = all_schools(ratings)[:most]
        pages = {school: folder / asked.panel / f"{school}.html" for school in schools}
        write_sheets(ratings, pages)
        yield from pages.values()


def _explorers(folder: Path) -> Iterator[Path]:
    for asked in SHEETS:
        path = folder / f"explorer-{asked.panel}.html"
        design = load_adapted(asked.base, list(asked.adapted))
        write_explorer(explorer(design, read_panel(asked.panel), asked), path)
        yield path


def _open_all(page: Page) -> None:
    """Show what a page hides at first: an explorer's first school, and every part that folds."""
    first = page.locator("#list button")
    if first.count():
        first.first.click()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
