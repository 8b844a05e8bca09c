"""Is the evidence that documents quote still that of these files? Campaigns, and what they found.

A campaign is a module in tests/evidence. Its docstring is its question, `RESTS_ON` names the files
whose change would make its figures doubtful (a folder ends with /, a pattern may hold *), and
`campaign(full=True)` gives the figures, the same ones in every run. `make evidence` writes them
into paper/evidence, with a short code of each file. Comments, docstrings and empty lines of a
program are not in the code: an edit of words leaves the evidence fresh.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import io
import json
import tokenize
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = "tests/evidence"
KEPT = "paper/evidence"
IGNORED = ("__pycache__", "node_modules")
Figures = Mapping[str, int | float | str]


@dataclass(frozen=True)
class Campaign:
    """A question that takes long to answer, and the files on which its answer rests."""

    name: str
    question: str
    rests_on: tuple[str, ...]
    figures: Callable[..., Figures]

    @property
    def kept(self) -> str:
        return f"{KEPT}/{self.name}.json"

    @property
    def command(self) -> str:
        return f"make evidence NAMES={self.name}"


def campaign_names(root: Path = ROOT) -> tuple[str, ...]:
    return tuple(sorted(p.stem for p in (root / HOME).glob("*.py") if not p.stem.startswith("_")))


def load_campaign(name: str) -> Campaign:
    module = importlib.import_module(f"{HOME.replace('/', '.')}.{name}")
    rests_on = (f"{HOME}/{name}.py", *module.RESTS_ON)
    question = " ".join((module.__doc__ or "").split("\n\n")[0].split())
    return Campaign(name, question, rests_on, module.campaign)


def files(places: Iterable[str], root: Path = ROOT) -> tuple[Path, ...]:
    """List the files of places; one without files stops the run."""
    found: set[Path] = set()
    for place in places:
        there = root.glob(f"{place}**/*" if place.endswith("/") else place)
        some = {p for p in there if p.is_file() and not set(IGNORED) & set(p.parts)}
        if not some:
            raise SystemExit(f"A campaign rests on {place}, and there is no such file.")
        found |= some
    return tuple(sorted(found))


def fingerprints(campaign: Campaign, root: Path = ROOT) -> dict[str, str]:
    """Give a short code for each file that the campaign rests on."""
    there = files(campaign.rests_on, root)
    return {path.relative_to(root).as_posix(): _code(path) for path in there}


def _code(path: Path) -> str:
    text = path.read_bytes()
    if path.suffix == ".py":
        text = spoken(text.decode("utf-8")).encode("utf-8")
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def spoken(text: str) -> str:
    """Take comments, docstrings and empty lines out of a program: what is left decides.

    By places in the text and not by the syntax tree, whose printed form differs from one version
    of Python to the next.
    """
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, start = token.start
            lines[row - 1] = lines[row - 1][:start]
    owners = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, owners) and ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            if lines[first].lstrip()[:1] in "\"'rR":  # and not behind a colon, in one line
                lines[first:last] = [""] * (last - first)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def trouble(campaign: Campaign, root: Path = ROOT) -> str:
    """Say why the kept figures are not those of these files, and what to type; else nothing."""
    path = root / campaign.kept
    way = f"Run: {campaign.command}"
    if not path.exists():
        return f"{campaign.kept} is not there. {way}"
    told = json.loads(path.read_text(encoding="utf-8"))
    now, then = fingerprints(campaign, root), told["fingerprints"]
    changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    if changed or told["question"] != campaign.question:
        what = ", ".join(changed) or "its question"
        return f"{campaign.kept} is stale: {what} changed since. {way}"
    return ""


def write_evidence(campaign: Campaign, figures: Figures, root: Path = ROOT) -> Path:
    """Keep a campaign's figures with the codes of its files; whole, or not at all."""
    told = {
        "question": campaign.question,
        "command": campaign.command,
        "figures": dict(figures),
        "fingerprints": fingerprints(campaign, root),
    }
    path = root / campaign.kept
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)
    (path.parent / "README.md").write_text(table(root), encoding="utf-8")
    return path


def table(root: Path = ROOT) -> str:
    """Give all kept evidence as one page of Markdown: question, figures, command."""
    lines = [
        "# Evidence",
        "",
        "What takes too long to be tested each time. `make evidence` writes these figures and this",
        "page; `make test` fails where a figure is older than the files on which it rests.",
        "",
        "| question | found | again by |",
        "| --- | --- | --- |",
    ]
    for path in sorted((root / KEPT).glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        found = "; ".join(f"{name}: {said(x)}" for name, x in told["figures"].items())
        found = found.replace("|", "\\|")
        lines.append(f"| {told['question']} | {found} | `{told['command']}` |")
    absent = [x for x in campaign_names(root) if not (root / KEPT / f"{x}.json").exists()]
    if absent:
        lines += ["", f"Never run, so nothing is claimed: {', '.join(absent)}."]
    return "\n".join(lines) + "\n"


def said(figure: float | str) -> str:
    return f"{figure:,}" if isinstance(figure, int | float) else figure
