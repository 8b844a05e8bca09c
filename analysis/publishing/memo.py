"""How does a memo become a page? Run its notebooks, resolve its numbers, render it once.

To publish another form: one function beside `render_page`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pypandoc
from rich.console import Console
from ruamel.yaml import YAML

from analysis.problems import ProblemsError, did_you_mean, fail, listed
from analysis.publishing.execute import resolve, run_notebook
from analysis.publishing.qmd import Memo, lint, load_qmd
from analysis.publishing.store import ROOT, build_folder

PAPER: Final = ROOT / "paper"
QUARTO_NEEDED: Final = (1, 9)
OURS: Final = ("notebooks",)
"""Words of the front matter that are ours and not Quarto's."""


def memo_names() -> tuple[str, ...]:
    """List the memos that can be published."""
    return tuple(sorted(path.stem for path in (PAPER / "memos").glob("*.qmd")))


def memo(name: str, *, parameters: Mapping[str, Any] | None = None) -> Path:
    """Publish a memo: run its notebooks, put every number in place, render one page.

    Args:
        name: a memo in paper/memos.
        parameters: for its notebooks, instead of what they say.

    Returns:
        The path of the page (self-contained HTML).

    Raises:
        ProblemsError: there is no such memo, a cell failed, or a number is typed and not
            computed.
    """
    if name not in memo_names():
        near = did_you_mean(name, memo_names())
        raise fail(name, f"there is no such memo; there are {listed(memo_names())}.{near}")
    told = Console(stderr=True)
    source = load_qmd(PAPER / "memos" / f"{name}.qmd")
    problems = lint(source, citations=_citations())
    if problems:
        raise ProblemsError(problems)
    for notebook in source.front.get("notebooks", []):
        told.print(f"running the notebook {notebook} ...")
        out = build_folder() / "notebooks" / f"{notebook}.ipynb"
        run_notebook(ROOT / "notebooks" / f"{notebook}.ipynb", out, parameters=parameters or {})
    told.print("putting the numbers into the memo ...")
    folder = build_folder() / "memos" / name
    text = resolve(source, folder)
    document = folder / f"{name}.qmd"
    document.write_text(_front(source) + text + "\n", encoding="utf-8")
    told.print("rendering the page ...")
    return render_page(document, build_folder() / "memos" / f"{name}.html")


def _citations() -> frozenset[str]:
    text = (PAPER / "references.bib").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^@\w+\{([\w-]+),", text, flags=re.MULTILINE))


def _front(source: Memo) -> str:
    front = {word: said for word, said in source.front.items() if word not in OURS}
    front |= {
        "bibliography": "references.bib",
        "lang": "en",
        "format": {
            "html": {
                "theme": "default",
                "css": "memo.css",
                "embed-resources": True,
                "html-math-method": "mathml",
            }
        },
    }
    for place in ("references.bib", "theme/memo.css", "filters/crossref.lua"):
        shutil.copy(PAPER / place, build_folder() / "memos" / source.file.removesuffix(".qmd"))
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(front, stream)
    return f"---\n{stream.getvalue()}---\n\n"


def render_page(document: Path, page: Path) -> Path:
    """Render a resolved document as one self-contained page: by Quarto, else by pandoc.

    Raises:
        ProblemsError: the program that renders failed, with what it said.
    """
    quarto = quarto_on_path()
    fresh = page.with_suffix(".part.html")
    if quarto is not None:
        done = subprocess.run(  # noqa: S603 (the program that the user installed)
            [quarto, "render", document.name, "--to", "html", "--output", fresh.name],
            cwd=document.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise fail(document.name, f"Quarto failed: {done.stderr.strip()[-500:]}")
        (document.parent / fresh.name).replace(fresh)
    else:
        _pandoc(document, fresh)
    fresh.replace(page)
    return page


def quarto_on_path() -> str | None:
    """Give the program quarto if it is on PATH and new enough, else nothing."""
    found = shutil.which("quarto")
    if found is None:
        return None
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = tuple(int(part) for part in re.findall(r"\d+", told.stdout)[:2])
    return found if version >= QUARTO_NEEDED else None


def _pandoc(document: Path, page: Path) -> None:
    folder = document.parent
    options = [
        "--standalone",
        "--embed-resources",
        "--mathml",
        "--section-divs",
        "--css",
        str(folder / "memo.css"),
        "--metadata",
        "document-css=false",
        "--lua-filter",
        str(folder / "crossref.lua"),
        "--citeproc",
        "--bibliography",
        str(folder / "references.bib"),
        "--resource-path",
        str(folder),
        "--metadata",
        "link-citations=true",
    ]
    try:
        pypandoc.convert_file(
            str(document), "html5", format="markdown", outputfile=str(page), extra_args=options
        )
    except RuntimeError as error:
        raise fail(document.name, f"pandoc failed: {error}") from error
