"""What does a reader's browser make of a page? Opens pages in Chromium and tells what is wrong.

A page may write no error to its console and may ask nothing of any host. Tests say
`with chromium() as browser, shown(browser, path, WIDE) as page:`; `make browser` installs
what this needs. Without it the tests are skipped, but where the environment variable
MULTIPLE_MEASURES_BROWSER is `required`, as in CI, they fail.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parents[1] / "build/accessibility/node_modules/axe-core/axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "MULTIPLE_MEASURES_BROWSER"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
WIDE = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NARROW = {"viewport": {"width": 320, "height": 640}}
TINY = 10
SMALL = """async least => {
    const found = [], told = (size, words) => size < least - 0.05
        && found.push(`${size.toFixed(1)} px: ${words.trim().slice(0, 40)}`);
    for (const one of document.querySelectorAll('body *')) {
        const words = [...one.childNodes].filter(x => x.nodeType === 3).map(x => x.data).join('');
        if (words.trim() && one.checkVisibility() && one.tagName !== 'OPTION') {
            const drawn = one.ownerSVGElement ? one.getScreenCTM().a : 1;
            told(drawn * parseFloat(getComputedStyle(one).fontSize), words);
        }
    }
    for (const image of document.querySelectorAll('img')) {
        if (!image.checkVisibility() || !image.src.startsWith('data:image/svg')) continue;
        const text = await (await fetch(image.src)).text();
        const drawn = image.clientWidth / image.naturalWidth;
        for (const [, size, words] of text.matchAll(/font-size="([0-9.]+)px"[^>]*>([^<]*)/g))
            told(drawn * size, words);
    }
    return found;
}"""
HERE = ("file:", "data:", "blob:")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's browser; skip the test without one, or fail where it is required."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing("No Chromium is on the PATH, so no page was opened. Run: make browser")
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@contextmanager
def shown(browser: Browser, path: Path, size: dict) -> Iterator[Page]:
    """Open a file at a size; afterwards fail on errors it wrote and on hosts it asked."""
    context = browser.new_context(**size)
    page = context.new_page()
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda box: (wrong.append(f"a dialog: {box.message}"), box.dismiss()))
    page.on("request", lambda ask: None if ask.url.startswith(HERE) else wrong.append(ask.url))
    page.goto(path.resolve().as_uri())
    yield page
    context.close()
    assert not wrong, wrong


def violations(page: Page) -> list[str]:
    """List what axe-core finds against TAGS, as `rule: place`."""
    if not AXE.is_file():
        missing("axe-core is not installed, so no page was checked. Run: make browser")
    # evaluated, not added as a script: a page's own policy may forbid scripts
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags}}).then(said => said.violations)",
        list(TAGS),
    )
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def sideways(page: Page) -> int:
    """Count the pixels by which a page is wider than its window (WCAG 1.4.10 asks for 0)."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def tiny(page: Page) -> list[str]:
    """List words whose letters are smaller than TINY pixels, in the page and in its figures."""
    return page.evaluate(SMALL, TINY)


def missing(what: str) -> None:
    """Skip with a reason, or fail where the browser is required."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(what)
    pytest.skip(what)
