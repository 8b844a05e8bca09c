"""What stands in a memo's source: front matter, prose with inline numbers, cells with options?

To understand another cell option: one word in `OPTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from analysis.designs.source import parse_yaml
from analysis.problems import Problem, did_you_mean, fail

OPTIONS: Final = ("label", "fig-cap", "fig-alt", "tbl-cap", "echo", "include")
INLINE: Final = re.compile(r"`\{python\}\s+([^`]+)`")
_FENCE: Final = re.compile(r"^```\{python\}\s*$")
_TYPED: Final = re.compile(r"(?<![\w.#/-])\d+(?:,\d{3})*(?:\.\d+)?(?:\s?%)?(?![\w-])")
_NO_PROSE: Final = re.compile(
    r"`[^`]*`|\]\([^)]*\)|\[[^\]]*@[^\]]*\]|@[\w-]+|\{[^}]*\}|<!--.*?-->|^\s*\d+\.\s|<[^>]+>",
    re.MULTILINE | re.DOTALL,
)
_EXCUSED: Final = re.compile(r"\S+\s*<!--\s*number:[^>]*-->")
_ONLY_QUARTO: Final[Mapping[str, re.Pattern[str]]] = {
    "a shortcode": re.compile(r"\{\{<"),
    "a tabset": re.compile(r"\.panel-tabset"),
    "a margin column": re.compile(r"\.column-(?:margin|screen|page)"),
    "a layout of several figures": re.compile(r"layout-(?:ncol|nrow)|layout="),
    "a diagram": re.compile(r"^```\{(?:mermaid|dot|ojs)", re.MULTILINE),
    "a theorem or listing reference": re.compile(r"@(?:thm|lem|cor|def|lst)-"),
}
"""What pandoc alone would lay out wrongly, without saying so."""

_LAST_YEAR: Final = 2100
_FIRST_YEAR: Final = 1900
_SMALL: Final = 10


@dataclass(frozen=True)
class Chunk:
    """A piece of a memo: prose, or a cell with its options; `line` is where it begins."""

    text: str
    line: int
    is_code: bool
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inline(self) -> tuple[str, ...]:
        """The expressions whose values stand in the prose, or in a cell's captions."""
        said = [self.text] if not self.is_code else [str(x) for x in self.options.values()]
        return tuple(found.strip() for text in said for found in INLINE.findall(text))


@dataclass(frozen=True)
class Memo:
    """A memo's source."""

    file: str
    front: Mapping[str, Any]
    chunks: tuple[Chunk, ...]


def load_qmd(path: Path) -> Memo:
    """Read a memo's source.

    Raises:
        ProblemsError: there is no front matter, or a cell does not end.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        raise fail(path.name, "must begin with front matter between two lines of ---.")
    end = lines.index("---", 1)
    front = parse_yaml("\n".join(lines[1:end]), file=path.name).said
    return Memo(path.name, front, tuple(_chunks(path.name, lines, end + 1)))


def _chunks(file: str, lines: list[str], start: int) -> Iterator[Chunk]:
    prose: list[str] = []
    at = first = start
    while at < len(lines):
        if not _FENCE.match(lines[at]):
            prose.append(lines[at])
            at += 1
            continue
        if "".join(prose).strip():
            yield Chunk("\n".join(prose).strip("\n"), first + 1, is_code=False)
        ends = [i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"]
        if not ends:
            raise fail(f"{file}:{at + 1}", "this cell has no end (a line of three backticks).")
        yield _cell(file, lines[at + 1 : ends[0]], at + 1)
        at = first = ends[0] + 1
        prose = []
    if "".join(prose).strip():
        yield Chunk("\n".join(prose).strip("\n"), first + 1, is_code=False)


def _cell(file: str, body: list[str], line: int) -> Chunk:
    said = [row.removeprefix("#|").strip() for row in body if row.startswith("#|")]
    code = [row for row in body if not row.startswith("#|")]
    options = parse_yaml("\n".join(said), file=file).said if said else {}
    return Chunk("\n".join(code), line, is_code=True, options=options or {})


def lint(memo: Memo, *, citations: frozenset[str]) -> tuple[Problem, ...]:
    """Find what a reader would stumble over, before anything runs.

    A figure without a label or alt text, an unknown option, a reference to what is not there, an
    unknown citation, a number typed in prose. A number that must be typed is excused by a
    comment right behind it: `<!-- number: why -->`.
    """
    labels = {str(chunk.options["label"]) for chunk in memo.chunks if "label" in chunk.options}
    labels |= set(re.findall(r"\{#([\w-]+)", "\n".join(c.text for c in memo.chunks)))
    found: list[Problem] = []
    for chunk in memo.chunks:
        check = _lint_cell(chunk) if chunk.is_code else _lint_prose(chunk, labels, citations)
        found += [Problem(f"{memo.file}:{line}", text) for line, text in check]
    return tuple(found)


def _lint_cell(chunk: Chunk) -> Iterator[tuple[int, str]]:
    for word in chunk.options:
        if word not in OPTIONS:
            yield chunk.line, f"a cell has no option {word}.{did_you_mean(word, OPTIONS)}"
    label = str(chunk.options.get("label", ""))
    if label.startswith("fig-"):
        for word in ("fig-cap", "fig-alt"):
            if not chunk.options.get(word):
                yield chunk.line, f"the figure {label} must have {word}: say what it shows."
    if label.startswith("tbl-") and not chunk.options.get("tbl-cap"):
        yield chunk.line, f"the table {label} must have tbl-cap."


def _lint_prose(
    chunk: Chunk, labels: set[str], citations: frozenset[str]
) -> Iterator[tuple[int, str]]:
    text = INLINE.sub(_blank, chunk.text)
    for what, pattern in _ONLY_QUARTO.items():
        for found in pattern.finditer(text):
            yield chunk.line + text[: found.start()].count("\n"), f"{what} needs Quarto."
    for place, row in enumerate(text.splitlines()):
        for key in re.findall(r"(?<![\w`])@([A-Za-z][\w-]*)", row):
            known = labels if key.startswith(("fig-", "tbl-", "sec-")) else citations
            if key not in known:
                near = did_you_mean(key, known)
                yield chunk.line + place, f"@{key} refers to nothing.{near}"
    bare = _NO_PROSE.sub(_blank, _EXCUSED.sub(_blank, text))
    for place, row in enumerate(bare.splitlines()):
        for typed in _TYPED.findall(row):
            if not _may_be_typed(typed):
                told = f"the number {typed} is typed. Compute it: `{{python}} ...`"
                yield chunk.line + place, told


def _blank(found: re.Match[str]) -> str:
    """Keep the lines where they are."""
    return "\n" * found.group().count("\n") or " "


def _may_be_typed(typed: str) -> bool:
    try:
        x = float(typed.replace(",", ""))
    except ValueError:
        return False
    year = _FIRST_YEAR <= x <= _LAST_YEAR and len(typed) == 4  # noqa: PLR2004 (digits of a year)
    return year or (x.is_integer() and x <= _SMALL)
