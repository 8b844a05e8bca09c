"""What is a memo made of? A research object crate (RO-Crate 1.3) beside it says so to machines.

To describe more: one entity in `write_crate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from analysis.publishing.store import Result, versions

PROGRAM: Final = "#multiple-measures"
LICENCE: Final = "MIT"
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    ".html": ("page", "text/html"),
    ".pdf": ("page for print, tagged", "application/pdf"),
    ".docx": (
        "page for Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ".svg": ("figure", "image/svg+xml"),
    ".csv": ("data of a figure", "text/csv"),
    ".ipynb": ("executed notebook", "application/x-ipynb+json"),
    ".qmd": ("text with every number in place", "text/markdown"),
}


@dataclass(frozen=True)
class Described:
    """What a crate says of a memo: title, subtitle, and the command that makes it again."""

    title: str
    subtitle: str
    command: str


def write_crate(folder: Path, about: Described, results: Sequence[Result]) -> Path:
    """Describe the files of a memo's folder, the results they rest on, and what made them.

    Args:
        folder: holds the memo's files; the crate's own file is written there.
        about: what the memo is.
        results: the results of its notebooks.

    Returns:
        The path of `ro-crate-metadata.json`.
    """
    crate = ROCrate()
    crate.name, crate.description, crate.license = about.title, about.subtitle, LICENCE
    files = [
        crate.add_file(
            str(path),
            dest_path=path.name,
            properties={
                "name": f"{KINDS[path.suffix][0]}",
                "encodingFormat": KINDS[path.suffix][1],
            },
        )
        for path in sorted(folder.iterdir())
        if path.suffix in KINDS and ".docx.qmd" not in path.name
    ]
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    program = {"@type": "SoftwareApplication", "name": "Multiple Measures", "version": packages}
    made_by = crate.add(ContextEntity(crate, PROGRAM, properties=program))
    rests = [crate.add(_question(crate, result)) for result in results]
    told = {"name": about.command}
    crate.add_action(made_by, identifier="#made", object=rests, result=files, properties=told)
    crate.metadata.write(folder)
    return folder / "ro-crate-metadata.json"


def _question(crate: ROCrate, result: Result) -> ContextEntity:
    told = result.provenance
    words = {
        "@type": "CreativeWork",
        "name": told.name,
        "identifier": result.key,
        "description": f"{result.estimand.what}; {result.estimand.pool}",
        "isBasedOn": [f"{what}, fingerprint {code}" for what, code in told.fingerprints.items()],
        "keywords": ", ".join(f"{word}={said}" for word, said in told.parameters.items()),
    }
    return ContextEntity(crate, f"#result-{result.key}", properties=words)
