"""What of the guide does the program write itself? The clause reference, and schemas for editors.

To add a file: one entry in `guide_files`. A test holds the committed files to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from analysis.publishing.reference import clause_reference
from analysis.publishing.schemas import design_schema, layout_schema
from analysis.publishing.store import ROOT

GUIDE: Final = ROOT / "paper" / "guide"


def guide_files() -> Mapping[str, str]:
    """Make the files of the guide that nobody writes by hand: name -> text."""
    schemas = {"design": design_schema(), "layout": layout_schema()}
    return {
        "clauses.md": clause_reference(),
        **{f"{name}.schema.json": _json(schema) for name, schema in schemas.items()},
    }


def _json(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write_guide(folder: Path = GUIDE) -> tuple[Path, ...]:
    """Write these files into a folder, over those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in guide_files().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return tuple(paths)
