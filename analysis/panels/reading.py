"""Where does a panel come from? A built-in name, a folder, a workbook, or an agency's own files.

To add a form of file: its reading in `files.py`; the checks and the arrays stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis.designs.source import Source
from analysis.panels.about import about_of, nested, read_about
from analysis.panels.files import read_tables
from analysis.panels.foreign import read_with_layout
from analysis.panels.layout import load_layout
from analysis.panels.panel import Panel, build_panel
from analysis.panels.workbook import in_cells, read_workbook
from analysis.problems import ProblemsError, did_you_mean, fail, listed

DATA: Final = Path(__file__).parent / "data"
WORKBOOK: Final = ".xlsx"


def read_panel(panel: str | Path | Sequence[Path], layout: str | Path | None = None) -> Panel:
    """Read a panel: by its built-in name, from a folder, a workbook, or an agency's own files.

    Args:
        panel: a built-in name, a folder with the tables of a panel, or a workbook; with `layout`
            an agency's files, or the folder that holds them.
        layout: what the columns of those files mean: `place/name` or a .yaml file.

    Raises:
        ProblemsError: there is no such panel, or everything that is wrong in its tables, each
            with file, row, column and value (in a workbook: sheet and cell).

    >>> read_panel("franklin").years
    (2024, 2025)
    """
    if layout is not None:
        files = [panel] if isinstance(panel, str | Path) else list(panel)
        return read_with_layout([Path(file) for file in files], load_layout(layout))
    if not isinstance(panel, str | Path):
        raise fail("panel", "several files are read with a layout; say which.")
    path = find_panel(panel)
    if path.suffix == WORKBOOK:
        return _from_workbook(path)
    about = read_about(path)
    return build_panel(path.name, about, read_tables(path, encoding=about.encoding))


def find_panel(panel: str | Path) -> Path:
    """Find the folder (or workbook) of a panel: a built-in name stands wherever a path may.

    Raises:
        ProblemsError: there is none, with the nearest name that is.
    """
    if str(panel) in panel_names():
        return DATA / str(panel)
    path = Path(panel)
    if path.suffix == WORKBOOK and path.is_file():
        return path
    if not path.is_dir():
        known = panel_names()
        near = did_you_mean(panel, known)
        raise fail(str(panel), f"there is no such panel; built in are {listed(known)}.{near}")
    return path


def panel_names() -> tuple[str, ...]:
    """List the built-in panels."""
    return tuple(sorted(path.name for path in DATA.iterdir() if path.is_dir()))


def _from_workbook(path: Path) -> Panel:
    book = read_workbook(path)
    about, problems = about_of(Source("about", nested(book.about))).with_percent(book.percent)
    if problems:
        raise ProblemsError(problems)
    try:
        return build_panel(path.stem, about, book.tables)
    except ProblemsError as error:
        raise in_cells(error, book.tables) from error
