"""What do readers see before they install anything? Makes the pictures that README shows anew.

A memo's first page, the explorer with a larger share named, and one figure. To show another page:
one line in `main`.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from rich.console import Console

from analysis.commands import load_adapted
from analysis.panels.reading import read_panel
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from analysis.publishing.memo import PAPER, memo
from tests.browser import chromium, shown

SIZE = {"viewport": {"width": 1280, "height": 900}}
MEMO, FIGURE = "status-or-improvement", "fig-overlap.svg"
CORE = Asked("core/sqii-2015-16", "core-small", ("core/usual",), "lowest")
SHARE = "25"
"""Per cent that the explorer's picture names, where the design names five."""


def main() -> None:
    told = Console(stderr=True, soft_wrap=True)
    page = memo(MEMO, forms=["html"])
    shutil.copy(page.parent / FIGURE, PAPER / "overlap.svg")
    told.print("the explorer ...")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        moved = Path(folder) / "explorer.html"
        design = load_adapted(CORE.base, list(CORE.adapted))
        write_explorer(explorer(design, read_panel(CORE.panel), CORE), moved)
        with shown(browser, page, SIZE) as opened:
            opened.screenshot(path=PAPER / "memo.png")
        with shown(browser, moved, SIZE) as opened:
            name_more(opened)
            opened.screenshot(path=PAPER / "explorer.png")
    for name in ("overlap.svg", "memo.png", "explorer.png"):
        told.print(f"wrote paper/{name}")


def name_more(page: Page) -> None:
    """Type another share, and wait until the list tells who is named however the weights move."""
    page.get_by_role("spinbutton").first.fill(SHARE)
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.locator("#list").get_by_text("certain", exact=True).first.wait_for()


if __name__ == "__main__":
    main()
