"""How does a resolved document become a page, a PDF and a Word file? By Quarto, else by pandoc.

Both lay out the same text: numbers, figures and tables are in it already. To add a form: its name
in `FORMS`, what Quarto calls it in `_QUARTO`, and one function in `_PANDOC`.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pypandoc
import typst
import vl_convert

from analysis.problems import fail

FORMS: Final = ("html", "pdf", "docx")
QUARTO_NEEDED: Final = (1, 9)
ACCESSIBLE: Final = "ua-1"
"""The standard that PDFs are held to, PDF/UA-1; typst refuses a document that breaks it."""

FORMATS: Final[Mapping[str, Mapping[str, Any]]] = {
    "html": {
        "theme": "default",
        "css": "memo.css",
        "embed-resources": True,
        "html-math-method": "mathml",
    },
    "typst": {"pdf-standard": ACCESSIBLE},
    "docx": {"toc": False},
}
"""What the front matter tells Quarto of each form."""

_QUARTO: Final = {"html": "html", "pdf": "typst", "docx": "docx"}
_PICTURE: Final = re.compile(r"\((fig-[\w-]+)\.svg\)")
_PNG_SCALE: Final = 2.0
_STYLE: Final = re.compile(r"<w:style .*?</w:style>", re.DOTALL)
_NAME: Final = re.compile(r'w:styleId="(\w+)"')
_LETTERS: Final = ('<w:sz w:val="24" />', '<w:sz w:val="22" />')
"""Of the text, in half points: as pandoc's document has them, and ours."""


def render(document: Path, page: Path) -> Path:
    """Render a resolved document; the ending of `page` says as what. Whole, or not at all.

    Raises:
        ProblemsError: the program that renders failed, with what it said.
    """
    form = page.suffix.removeprefix(".")
    fresh = page.with_suffix(f".part.{form}")
    if form == "docx":
        document = _with_pictures(document)
    quarto = quarto_on_path()
    if quarto is None:
        _PANDOC[form](document, fresh)
    else:
        _by_quarto(quarto, document, fresh)
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


def _by_quarto(quarto: str, document: Path, fresh: Path) -> None:
    to = _QUARTO[fresh.suffix.removeprefix(".")]
    done = subprocess.run(  # noqa: S603 (the program that the user installed)
        [quarto, "render", document.name, "--to", to, "--output", fresh.name],
        cwd=document.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise fail(document.name, f"Quarto failed: {done.stderr.strip()[-500:]}")
    made = document.parent / fresh.name
    if made != fresh:
        made.replace(fresh)


def _with_pictures(document: Path) -> Path:
    """Make the document for Word, which shows no SVG: figures as PNG."""
    for figure in document.parent.glob("fig-*.svg"):
        picture = vl_convert.svg_to_png(figure.read_text(encoding="utf-8"), scale=_PNG_SCALE)
        figure.with_suffix(".png").write_bytes(picture)
    copy = document.with_suffix(".docx.qmd")
    copy.write_text(_PICTURE.sub(r"(\1.png)", document.read_text("utf-8")), encoding="utf-8")
    return copy


def _pandoc(document: Path, to: str, options: list[str], out: Path | None = None) -> str:
    folder = document.parent
    common = ["--standalone", "--lua-filter", str(folder / "crossref.lua"), "--citeproc"]
    common += ["--bibliography", str(folder / "references.bib"), "--resource-path", str(folder)]
    common += ["--metadata", "link-citations=true"]
    try:
        return pypandoc.convert_file(  # type: ignore[no-any-return]
            str(document),
            to,
            format="markdown",
            outputfile=None if out is None else str(out),
            extra_args=[*common, *options],
        )
    except RuntimeError as error:
        raise fail(document.name, f"pandoc failed: {error}") from error


def _html(document: Path, fresh: Path) -> None:
    style = ["--css", str(document.parent / "memo.css"), "--metadata", "document-css=false"]
    # Pandoc's own page has no main landmark, by which a screen reader finds the text
    main = ["--variable", "include-before=<main>", "--variable", "include-after=</main>"]
    options = ["--embed-resources", "--mathml", "--section-divs", *style, *main]
    _pandoc(document, "html5", options, fresh)


def _docx(document: Path, fresh: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        look = Path(folder) / "look.docx"
        styles = (document.parent / "memo-word.xml").read_text(encoding="utf-8")
        look.write_bytes(_word_look(styles))
        options = ["--shift-heading-level-by=-1", "--reference-doc", str(look)]
        _pandoc(document, "docx", options, fresh)


def _word_look(styles: str) -> bytes:
    """Give pandoc's own empty document with our styles in the place of those of the same name."""
    pandoc = pypandoc.get_pandoc_path()
    asked = [pandoc, "--print-default-data-file", "reference.docx"]
    empty = subprocess.run(asked, capture_output=True, check=True).stdout  # noqa: S603 (pandoc itself)
    ours = {name: style for style in _STYLE.findall(styles) for name in _NAME.findall(style)}
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(empty)) as given, zipfile.ZipFile(made, "w") as look:
        for part in given.infolist():
            text = given.read(part)
            if part.filename == "word/styles.xml":
                said = text.decode("utf-8").replace(*_LETTERS, 1)
                found = {_NAME.findall(style)[0]: style for style in _STYLE.findall(said)}
                for name, style in ours.items():
                    said = said.replace(found[name], style)
                text = said.encode("utf-8")
            look.writestr(part, text)
    return made.getvalue()


def _pdf(document: Path, fresh: Path) -> None:
    template = ["--template", str(document.parent / "memo.typ")]
    text = _pandoc(document, "typst", [*template, "--shift-heading-level-by=-1"])
    source = document.with_suffix(".typ")
    source.write_text(text, encoding="utf-8")
    try:
        made = typst.compile(
            str(source), pdf_standards=[ACCESSIBLE], timestamp=0, ignore_system_fonts=True
        )
    except typst.TypstError as error:
        raise fail(document.name, f"typst failed: {error}") from error
    fresh.write_bytes(made)


_PANDOC: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    "html": _html,
    "pdf": _pdf,
    "docx": _docx,
}
