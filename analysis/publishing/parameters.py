"""Does a value fit a notebook's parameter? Held to its hint or its default before anything runs.

To know another type: its name in `TYPES`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from analysis.problems import Problem, did_you_mean, listed

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

    They are what the cell tagged `parameters` assigns. The type is that of the hint
    (`share: float = 0`), else that of the default.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", ())]
    body = ast.parse("".join(tagged[0]["source"])).body if tagged else []
    found: dict[str, str] = {}
    for line in body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        found |= dict.fromkeys(names, _type(line))
    return found


def _type(line: ast.stmt) -> str:
    hint = line.annotation if isinstance(line, ast.AnnAssign) else None
    named = hint.value if isinstance(hint, ast.Subscript) else hint  # list[int] is a list
    if isinstance(named, ast.Name) and named.id in TYPES:
        held = named.id
    elif hint is not None:
        return ""  # takes more than one type
    else:
        held = ""
    try:
        default = ast.literal_eval(getattr(line, "value", None) or ast.Constant(None))
    except ValueError:
        return held
    if default is None:
        return ""  # nothing may be said
    return held or (type(default).__name__ if type(default).__name__ in TYPES else "")


def lacking(place: str, name: str, known: Mapping[str, str]) -> Problem:
    """Say that a notebook has no such parameter."""
    near = did_you_mean(name, known)
    return Problem(place, f"has no parameter {name}; it has {listed(known)}.{near}")


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
