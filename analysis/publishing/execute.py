"""What do a memo's cells and inline expressions give? Run once, then put into the text.

To show another kind of output: one branch in `_shown`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import nbformat
import papermill as pm
from jupyter_client.kernelspec import NoSuchKernel
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from analysis.problems import ProblemsError, fail
from analysis.publishing.figures import DESCRIPTION, PHONE, drawn
from analysis.publishing.parameters import lacking, read_parameters
from analysis.publishing.qmd import INLINE, Chunk, Memo
from analysis.publishing.spreadsheet import no_formula

_QUIET: Final = ["--IPKernelApp.log_level=50", "--HistoryManager.enabled=False"]
"""What fails stands in the notebook, and nobody looks for what was typed before."""
SOCKETS: Final = "multiple-measures"
"""How the folders begin in which kernels are spoken to; then comes the number of a process."""
_LONGEST: Final = 80
"""Letters of a folder in which a socket may still have a name."""

_KERNEL: Final = re.compile(r"[\w./\\-]*ipykernel_\d+[/\\]")
"""Where a kernel says that its cells are: another place in each run."""

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")


def run_notebook(notebook: Path, out: Path, *, parameters: Mapping[str, Any]) -> None:
    """Run a notebook by papermill; the copy with its outputs goes to `out`.

    Raises:
        ProblemsError: a parameter that the notebook lacks, or a cell that failed.
    """
    known = read_parameters(notebook)
    problems = [lacking(notebook.name, name, known) for name in parameters if name not in known]
    if problems:
        raise ProblemsError(problems)
    out.parent.mkdir(parents=True, exist_ok=True)
    _papermill(notebook, out, parameters)


def write_run(
    notebook: Path,
    out: Path,
    parameters: Mapping[str, Any],
    *,
    forget: Path,
    settings: Config | None = None,
) -> str:
    """Run a notebook of a sweep; its copy holds no times and no paths of the run.

    Args:
        notebook: the notebook.
        out: its copy with outputs; kept with the error where a cell failed.
        parameters: values for its parameters cell.
        forget: a folder whose path is taken out of the copy.
        settings: how its kernel starts, in Jupyter's words.

    Returns:
        The error, or nothing. An error in a cell marked to raise one counts as well.
    """
    error = ""
    try:
        _papermill(notebook, out, parameters, settings)
    except ProblemsError as problem:
        error = str(problem)
    book = nbformat.read(out if out.exists() else notebook, as_version=4)
    book.metadata.pop("papermill", None)
    for place, cell in enumerate(book.cells):
        cell.id = f"cell-{place}"  # papermill names what it adds at random
        for word in ("papermill", "execution"):
            cell.metadata.pop(word, None)
        if "outputs" in cell:
            cell.outputs = list(_in_order(cell.outputs))
        for one in cell.get("outputs", []):
            if one.output_type == "error" and not error:
                error = _ANSI.sub("", f"{notebook.name}: {one.ename}: {one.evalue}")
    text = _KERNEL.sub("kernel/", nbformat.writes(book).replace(str(forget), "run"))
    out.write_text(text + "\n", encoding="utf-8")
    return error


def _papermill(
    source: Path, out: Path, parameters: Mapping[str, Any], settings: Config | None = None
) -> Any:  # noqa: ANN401 (nbformat has no types)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    quiet = contextlib.redirect_stderr(io.StringIO())
    try:
        with quiet, _own_sockets() as sockets:
            sockets.merge(settings or Config())
            return pm.execute_notebook(
                str(source),
                str(out),
                parameters=dict(parameters),
                progress_bar=False,
                kernel_name="python3",
                language="python",  # a notebook need not say it
                log_output=False,
                extra_arguments=list(_QUIET),
                config=sockets,
            )
    except PapermillExecutionError as error:
        text = _ANSI.sub("", f"{error.ename}: {error.evalue}")
        place = f"{source.name}, cell {error.exec_count}"
        raise fail(place, f"failed: {text}. See {out.name} in the build folder.") from error
    except (RuntimeError, NoSuchKernel) as error:
        text = "its Python ended before the notebook did, or did not start. Memory may be short"
        raise fail(source.name, f"{text} ({error}).") from error


def _in_order(outputs: Sequence[Any]) -> Iterator[Any]:
    """Put texts that follow each other together, stdout's first: of both, the clock decides."""
    for text, some in groupby(outputs, key=lambda one: one.output_type == "stream"):
        if not text:
            yield from some
            continue
        said: dict[str, str] = {}
        for one in some:
            said[one.name] = said.get(one.name, "") + one.text
        for name in sorted(said, reverse=True):
            yield nbformat.v4.new_output("stream", name=name, text=said[name])


@contextlib.contextmanager
def _own_sockets() -> Iterator[Config]:
    """Let a kernel be spoken to in a folder of its own: a free port may be taken by another."""
    with tempfile.TemporaryDirectory(prefix=f"{SOCKETS}-{os.getpid()}-") as folder:
        told = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        usable = sys.platform != "win32" and len(folder) <= _LONGEST
        yield Config(KernelManager=told if usable else {})


def resolve(memo: Memo, folder: Path) -> str:
    """Run a memo's cells and give its text with every number, figure and table in place.

    Figures are written into `folder` as SVG, their data as CSV beside.

    Raises:
        ProblemsError: a cell or an inline expression failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, out = folder / "cells.ipynb", folder / "cells.executed.ipynb"
    nbformat.write(_notebook(memo), source)
    done = _papermill(source, out, {})
    cells = iter(cell for cell in done.cells if cell.cell_type == "code")
    parts = []
    for chunk in memo.chunks:
        values = _values(next(cells)) if chunk.inline and not chunk.is_code else []
        if not chunk.is_code:
            parts.append(_filled(chunk.text, iter(values)))
            continue
        cell = next(cells)
        values = _values(next(cells)) if chunk.inline else []
        parts.append(_shown(chunk, cell, values, folder))
    return "\n\n".join(part for part in parts if part)


def _notebook(memo: Memo) -> Any:  # noqa: ANN401 (nbformat has no types)
    book = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        }
    )
    for place, chunk in enumerate(memo.chunks):
        wanted = [chunk.text] if chunk.is_code else []
        if chunk.inline:
            listed = ", ".join(f"str({expression})" for expression in chunk.inline)
            wanted.append(f"import json as _json\nprint(_json.dumps([{listed}]))")
        book.cells += [
            nbformat.v4.new_code_cell(text, id=f"cell-{place}-{i}") for i, text in enumerate(wanted)
        ]
    return book


def _values(cell: Any) -> list[str]:  # noqa: ANN401 (nbformat has no types)
    text = "".join(out.get("text", "") for out in cell.outputs)
    return [str(x) for x in json.loads(text)]


def _filled(text: str, values: Iterator[str]) -> str:
    """Put values in the places of expressions; a name with an angle bracket is no mark-up."""
    return INLINE.sub(lambda _: next(values).replace("<", "\\<"), text)


def _shown(chunk: Chunk, cell: Any, values: list[str], folder: Path) -> str:  # noqa: ANN401
    if chunk.options.get("include") is False:
        return ""
    rest = iter(values)
    options = {word: _filled(str(said), rest) for word, said in chunk.options.items()}
    label = options.get("label", "")
    for out in cell.outputs:
        data = out.get("data", {})
        if DESCRIPTION in data:
            spec = data[DESCRIPTION]
            (folder / f"{label}.svg").write_text(data["image/svg+xml"], encoding="utf-8")
            (folder / f"phone-{label}.svg").write_text(drawn(spec, width=PHONE), encoding="utf-8")
            _write_data(spec, folder / f"{label}.csv")
            alt = options["fig-alt"].replace('"', "'")
            return f'![{options["fig-cap"]}]({label}.svg){{#{label} fig-alt="{alt}"}}'
        if "text/html" in data:
            table = f"```{{=html}}\n{data['text/html'].strip()}\n```"
            return f"::: {{#{label}}}\n\n{table}\n\n{options.get('tbl-cap', '')}\n\n:::"
    return "".join(out.get("text", "") for out in cell.outputs).strip()


def _write_data(spec: Mapping[str, Any], path: Path) -> None:
    rows = [row for data in spec.get("datasets", {}).values() for row in data]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([no_formula(x) for x in r] for r in table)
