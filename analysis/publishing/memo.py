"""How is a memo published? Its notebooks run, its numbers are put in, and it is laid out.

To give memos more words of front matter: `OURS`. To render another form: `rendering.py`.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from ruamel.yaml import YAML

from analysis.problems import ProblemsError, did_you_mean, fail, listed
from analysis.publishing.crate import Described, write_crate
from analysis.publishing.execute import resolve, run_notebook
from analysis.publishing.qmd import Memo, lint, load_qmd
from analysis.publishing.rendering import FORMATS, FORMS, render
from analysis.publishing.store import ROOT, build_folder, read_result

PAPER: Final = ROOT / "paper"
OURS: Final = ("notebooks",)
"""Words of the front matter that are ours and not Quarto's."""

LOOKS: Final = (
    "references.bib",
    "theme/memo.css",
    "theme/memo.typ",
    "theme/memo-word.xml",
    "filters/crossref.lua",
)
FORM_NAMES: Final = {"html": "page", "pdf": "PDF", "docx": "Word"}


def memo_names() -> tuple[str, ...]:
    """List the memos that can be published."""
    return tuple(sorted(path.stem for path in (PAPER / "memos").glob("*.qmd")))


def memo(
    name: str, *, parameters: Mapping[str, Any] | None = None, forms: Sequence[str] = FORMS
) -> Path:
    """Publish a memo: run its notebooks, put every number in place, render it.

    Args:
        name: a memo in paper/memos.
        parameters: for its notebooks, instead of what they say.
        forms: html, pdf, docx; the page is always made.

    Returns:
        The path of the page (self-contained HTML); the other forms stand beside it, with the data
        of each figure and a research object crate.

    Raises:
        ProblemsError: there is no such memo or form, a cell failed, or a number is typed and not
            computed.
    """
    if name not in memo_names():
        near = did_you_mean(name, memo_names())
        raise fail(name, f"there is no such memo; there are {listed(memo_names())}.{near}")
    for form in forms:
        if form not in FORMS:
            raise fail(form, f"is no form of a memo; there are {listed(FORMS)}.")
    told = Console(stderr=True)
    source = load_qmd(PAPER / "memos" / f"{name}.qmd")
    problems = lint(source, citations=_citations())
    if problems:
        raise ProblemsError(problems)
    notebooks: list[str] = source.front.get("notebooks", [])
    for notebook in notebooks:
        told.print(f"running the notebook {notebook} ...")
        out = build_folder() / "notebooks" / f"{notebook}.ipynb"
        run_notebook(ROOT / "notebooks" / f"{notebook}.ipynb", out, parameters=parameters or {})
    told.print("putting the numbers into the memo ...")
    folder = build_folder() / "memos" / name
    text = resolve(source, folder)
    document = folder / f"{name}.qmd"
    document.write_text(_front(source, folder) + text + "\n", encoding="utf-8")
    for form in dict.fromkeys(("html", *forms)):
        told.print(f"rendering: {FORM_NAMES[form]} ...")
        render(document, folder / f"{name}.{form}")
    front = source.front
    about = Described(front["title"], front.get("subtitle", ""), f"measures memo {name}")
    write_crate(folder, about, [read_result(notebook) for notebook in notebooks])
    return folder / f"{name}.html"


def memo_index() -> Path:
    """Make a page that lists every memo published so far: title, answer, and its forms.

    Returns:
        The path of the page.

    Raises:
        ProblemsError: the page could not be rendered.
    """
    home = build_folder() / "memos"
    home.mkdir(parents=True, exist_ok=True)
    front = "---\ntitle: Multiple Measures\nsubtitle: The memos of the series\nlang: en\n---\n\n"
    parts = [_entry(home, name) for name in memo_names() if (home / name / f"{name}.html").exists()]
    document = home / "index.qmd"
    for place in LOOKS:
        shutil.copy(PAPER / place, home)
    document.write_text(front + "\n".join(parts), encoding="utf-8")
    return render(document, home / "index.html")


def _entry(home: Path, name: str) -> str:
    front = load_qmd(PAPER / "memos" / f"{name}.qmd").front
    links = [
        f"[{FORM_NAMES[form]}]({name}/{name}.{form} "
        f'"{html.escape(str(front["title"]))}, {FORM_NAMES[form]}")'
        for form in FORMS
        if (home / name / f"{name}.{form}").exists()
    ]
    said = (home / name / f"{name}.qmd").read_text(encoding="utf-8")
    answer = re.search(r"::: \{\.answer\}\n(.*?)(?:\n\n|\n:::)", said, re.DOTALL)
    words = answer.group(1).replace("**The answer.** ", "") if answer else ""
    title = f"[{front['title']}]({name}/{name}.html)"
    return f"## {title}\n\n{words}\n\nAs {', '.join(links)}.\n"


def _citations() -> frozenset[str]:
    text = (PAPER / "references.bib").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^@\w+\{([\w-]+),", text, flags=re.MULTILINE))


def _front(source: Memo, folder: Path) -> str:
    front = {word: said for word, said in source.front.items() if word not in OURS}
    front |= {"bibliography": "references.bib", "lang": "en", "format": dict(FORMATS)}
    for place in LOOKS:
        shutil.copy(PAPER / place, folder)
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(front, stream)
    return f"---\n{stream.getvalue()}---\n\n"
