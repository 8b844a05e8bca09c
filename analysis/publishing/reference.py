"""What may each clause say? The reference of the guide, made of the classes and worked examples.

Nothing in it is written by hand: a rule explains itself in its docstring, other words in
`meanings.py`. To add a chapter: one function here, called in `clause_reference`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from inspect import cleandoc
from itertools import groupby
from typing import Any, Final, get_args

import pandas as pd
from pydantic import BaseModel

from analysis.designs.adaptation import Adaptation
from analysis.designs.checking import Header, Headline, Measure, SchoolColumn
from analysis.designs.clause import Clause
from analysis.designs.counting import Counting, Repair
from analysis.designs.definitions import Definition, FromStudents
from analysis.designs.rules import NumberRule, Rule
from analysis.designs.rules.scoring import OrShare
from analysis.panels.layout import Layout
from analysis.publishing.kinds import KINDS
from analysis.publishing.meanings import explained
from analysis.publishing.schemas import (
    design_schema,
    forms,
    inside,
    layout_schema,
    rule_name,
    rules,
)
from analysis.publishing.worked import Worked, load_worked, written
from analysis.ratings.verify import Entry

COMMON: Final = ("rule", "definition", "cite", "evidence", "note", "for", "round")
"""Words that are explained once for all clauses."""

OPENING: Final = """\
# Every clause and every word

This page is made by the program from its own rules and from worked examples; a test holds it to
them. `measures guide` makes it anew. The tutorials are [Write a design](write-a-design.md) and
[Read an agency's files](read-an-agencys-files.md).

Each table says what a word takes, and what holds if the word is left out. *must be said* means
that the file is refused without it. In examples a point (.) means that there is no value, and an
empty cell that nobody worked the value out. To find designs that use a rule, search the folder
`analysis/designs/library` for `rule: NAME`.
"""
FOR_ALL: Final = """\
## Words that many clauses say

"""


def clause_reference() -> str:
    """Write the reference of every rule and every word, as Markdown."""
    design, layout = design_schema(), layout_schema()
    design_forms = {**design["$defs"], "Header": design}
    layout_forms = {**layout["$defs"], "Layout": layout}
    others: tuple[type[BaseModel], ...]
    others = (Adaptation, *inside(Adaptation), Entry, *inside(Entry))
    chapters = (
        _contents(),
        _chapter("A design file", (Header, Measure, SchoolColumn, Headline), design_forms),
        _common(),
        _kinds(),
        *_rules(design_forms, load_worked()),
        _chapter(
            "Measures counted from students", (Counting, Repair, *_definitions()), design_forms
        ),
        _chapter("A layout file", (Layout, *inside(Layout)), layout_forms),
        _chapter("Adaptations, and entries of the ledger", others, forms(*others)),
    )
    return OPENING + "".join(f"\n{chapter.strip()}\n" for chapter in chapters)


def _definitions() -> tuple[type[Definition], ...]:
    return get_args(get_args(FromStudents)[0])


def _contents() -> str:
    lines = [
        f"* {_question(module)} {', '.join(f'[{name}](#{name})' for name in names)}"
        for module, names in (
            (module, [rule_name(rule) for rule in members])
            for module, members in groupby(rules(), key=lambda rule: rule.__module__)
        )
    ]
    return "## The rules\n\n" + "\n".join(lines)


def _question(module: str) -> str:
    return (sys.modules[module].__doc__ or "").split("\n\n")[0].strip()


def _chapter(
    title: str, models: tuple[type[BaseModel], ...], found: Mapping[str, Mapping[str, Any]]
) -> str:
    sections = (_section(model, found[model.__name__]) for model in dict.fromkeys(models))
    return f"## {title}\n\n" + "\n".join(sections)


def _section(model: type[BaseModel], form: Mapping[str, Any]) -> str:
    name = _definition_name(model) or TITLES.get(model.__name__, model.__name__)
    return f"### {name}\n\n{_prose(model)}\n\n{_words(model, form)}\n"


TITLES: Final[Mapping[str, str]] = {
    "Header": "Headings",
    "Measure": "A measure",
    "SchoolColumn": "A school column",
    "Counting": "Whose students count",
    "Repair": "Rows that cannot be right",
    "Layout": "Headings of a layout",
    "File": "An entry of files",
    "every": "An entry of files",
    "Taken": "Where a word comes from",
    "Numbers": "The columns of a measure",
    "MeasureNote": "What is known of a measure",
    "Adaptation": "An adaptation",
    "Carried": "A step that goes",
    "Change": "A changed word",
    "Addition": "An added step",
    "Expected": "What is expected",
    "Entry": "An entry of the ledger",
    "Held": "A result that is held",
    "Difference": "A class of differences",
    "Otherwise": "Another reading",
}


def _definition_name(model: type[BaseModel]) -> str:
    told = model.model_fields.get("definition")
    return str(get_args(told.annotation)[0]) if told else ""


def _prose(model: type[BaseModel]) -> str:
    """Give what a class says of itself; a rule with an inner clause says that too."""
    return cleandoc(model.__doc__ or "")


def _words(model: type[BaseModel], form: Mapping[str, Any]) -> str:
    """Make the table of a model's words; with meanings where its prose does not give them."""
    told = bool(explained(model))
    needed = (*form.get("required", ()), *_needed_once(form))
    rows = [
        [f"`{word}`", takes(inner), _if_left_out(word, inner, needed)]
        + ([_cell(str(inner["description"]))] if told else [])
        for word, inner in form["properties"].items()
        if word not in COMMON
    ]
    head = ["word", "takes", "if left out", *(["meaning"] if told else [])]
    return _grid([head, ["---"] * len(head), *rows]) if rows else ""


def _needed_once(form: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the words of an entry of a layout that it or `every` must say."""
    return ("file", "school") if "across" in form["properties"] else ()


def _if_left_out(word: str, inner: Mapping[str, Any], needed: tuple[str, ...]) -> str:
    if word in needed:
        return "*must be said*"
    default = inner.get("default")
    empty = isinstance(default, dict) and not any(default.values())
    return "" if empty or default in (None, "", []) else f"`{_plain(default)}`"


def _plain(said: Any) -> str:  # noqa: ANN401 (any plain value)
    text = written("x", said)[3:] if not isinstance(said, dict) else json.dumps(said)
    return text.replace("\t", "\\t")


def _grid(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def takes(form: Mapping[str, Any]) -> str:
    """Say in words what a form takes.

    >>> takes({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["all", "none"]}]})
    'a whole number, 1 or more; or `all`, `none`'
    """
    if "anyOf" in form:
        inner = [takes(one) for one in form["anyOf"] if one != {"type": "null"}]
        return "; or ".join(dict.fromkeys(inner))
    if "$ref" in form:
        return _link(form["$ref"].removeprefix("#/$defs/"))
    if "const" in form or "enum" in form:
        said = [form["const"]] if "const" in form else form["enum"]
        return ", ".join(f"`{_cell(_plain(one))}`" for one in said)
    if "allOf" in form:
        return "a clause of one of the definitions below"
    return _TYPES.get(str(form.get("type")), _anything)(form)


def _link(name: str) -> str:
    title = KINDS[name]["title"] if name in KINDS else TITLES.get(name, name)
    title = {"OrShare": "a smaller n and a share", "step": "a clause"}.get(name, title)
    anchor = "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")
    return f"[{title.lower()}](#{anchor})" if name not in ("OrShare", "step") else title


def _anything(_form: Mapping[str, Any]) -> str:
    return "anything"


def _number(form: Mapping[str, Any]) -> str:
    what = "a whole number" if form["type"] == "integer" else "a number"
    low = form.get("minimum", form.get("exclusiveMinimum"))
    high = form.get("maximum", form.get("exclusiveMaximum"))
    if low is None:
        return what
    above = "above " if "exclusiveMinimum" in form else ""
    below = "below " if "exclusiveMaximum" in form else ""
    return (
        f"{what}, {above}{low:g} to {below}{high:g}"
        if high is not None
        else f"{what}, {low:g} or more"
    )


def _list(form: Mapping[str, Any]) -> str:
    if "prefixItems" in form:
        return f"a pair, each {takes(form['prefixItems'][0])}"
    return f"a list of: {takes(form.get('items', {}))}"


def _mapping(form: Mapping[str, Any]) -> str:
    inner = form.get("additionalProperties")
    if not isinstance(inner, Mapping):
        return "named words"
    known = form.get("propertyNames", {}).get("enum", ())
    names = ", ".join(f"`{name}`" for name in known) or "names"
    return f"{names}, each with {takes(inner)}"


_TYPES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "string": lambda _form: "text",
    "boolean": lambda _form: "`true`, `false`",
    "integer": _number,
    "number": _number,
    "array": _list,
    "object": _mapping,
    "['object', 'null']": _mapping,
    "['string', 'number']": lambda _form: "a word",
}


def _common() -> str:
    told = {**explained(Clause), **explained(Rule), **explained(NumberRule)}
    rows = [[f"`{word}`", _cell(text)] for word, text in told.items()]
    return FOR_ALL + _grid([["word", "meaning"], ["---", "---"], *rows])


def _kinds() -> str:
    parts = ["## What a word takes\n\nIn the examples `word` stands for any word that takes it.\n"]
    for kind in KINDS.values():
        lines = "\n".join(f"word: {written('x', one)[3:]}" for one in kind["examples"])
        parts.append(f"### {kind['title'].capitalize()}\n\n{kind['description']}\n")
        parts.append(f"```yaml\n{lines}\n```\n")
    return "\n".join(parts)


def _rules(found: Mapping[str, Mapping[str, Any]], worked: Mapping[str, Worked]) -> Iterator[str]:
    for module, members in groupby(rules(), key=lambda rule: rule.__module__):
        sections = (_rule(rule, found, worked.get(rule_name(rule))) for rule in members)
        yield f"## {_question(module)}\n\n" + "\n".join(sections)


def _rule(rule: type[Rule], found: Mapping[str, Mapping[str, Any]], one: Worked | None) -> str:
    text = f"### {rule_name(rule)}\n\n{_prose(rule)}\n\n{_words(rule, found[rule.__name__])}\n"
    if rule_name(rule) == "minimum_n":
        text += f"\n`or`: {_prose(OrShare)}\n"
    return text if one is None else f"{text}\n```yaml\n{one.clause}\n```\n\n{_example(one)}\n"


def _example(one: Worked) -> str:
    group = "" if one.group == "all" else f", group {one.group}"
    source = f"[{one.file}](../../{one.file})"
    if one.table.empty:
        return f"From {source}."
    return f"Worked out in {source}, {one.year}{group}:\n\n{_pretty(one.table)}"


def _pretty(table: pd.DataFrame) -> str:
    rows = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    return _grid([*rows, *(list(map(str, row)) for row in table.to_numpy().tolist())])
