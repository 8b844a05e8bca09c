"""Does a value fit a notebook's parameter? Held to its hint or its default before anything runs.

To know another type: its name in `TYPES`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import papermill as pm

from analysis.problems import Problem

TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "list": (list,),
    "dict": (dict,),
}
"""What a type accepts; a whole number fits where a number is asked for."""

WORDS: Final = {
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "list": "a list",
    "dict": "a mapping",
}


def read_parameters(notebook: Path) -> dict[str, str]:
    """Read the parameters of a notebook: name -> type, or nothing where none can be told.

    The type is that of the hint (`share: float = 0`), else that of the default.
    """
    told = pm.inspect_notebook(str(notebook))
    return {name: _type(one["inferred_type_name"], one["default"]) for name, one in told.items()}


def _type(hint: str, default: str) -> str:
    if default == "None" or "Optional" in hint or "|" in hint:
        return ""  # takes more than one type
    base = hint.partition("[")[0].strip().lower()
    if base in TYPES:
        return base
    try:
        held = type(ast.literal_eval(default)).__name__
    except (ValueError, SyntaxError):
        return ""
    return held if held in TYPES else ""


def wrong_values(
    place: str, known: Mapping[str, str], wanted: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Say which values do not fit, each once.

    Args:
        place: the notebook, for the message.
        known: name -> type, of `read_parameters`.
        wanted: the parameters of each run.

    >>> [str(one) for one in wrong_values("a.ipynb", {"share": "float"}, [{"share": "much"}])]
    ["a.ipynb: share must be a number, but cell 0 says 'much'."]
    """
    told = set()
    for cell, one in enumerate(wanted):
        for name, value in one.items():
            kind = known[name]
            if fits(value, kind) or (name, repr(value)) in told:
                continue
            told.add((name, repr(value)))
            text = f"{name} must be {WORDS[kind]}, but cell {cell} says {value!r}."
            yield Problem(place, text)


def fits(value: object, kind: str) -> bool:
    """Say whether a value is of a type; anything fits a parameter whose type is not known.

    >>> fits(1, "float"), fits(True, "int"), fits("1", "int"), fits(None, "")
    (True, False, False, True)
    """
    if not kind:
        return True
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, TYPES[kind])
