"""Which forms may a word of a design take? Numbers, names, roundings, tables, each as JSON Schema.

A word that a parser of its own reads has its form here. To add one: an entry in `KINDS`, and in
`PARSERS` the parser that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import JsonSchemaValue

from analysis.rounding import MODES

LABEL: Final[Mapping[str, Any]] = {"type": ["string", "number"]}
"""A word or a whole number, as levels and groups are called."""

REFERENCE: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "of": {"type": "string", "description": "the measure or step"},
        "year": {
            "anyOf": [{"enum": ["this", "last"]}, {"type": "integer"}],
            "description": "the year that is read: this, last, or one such as 2023",
        },
        "group": {**LABEL, "description": "the student group that is read"},
    },
    "required": ["of"],
    "additionalProperties": False,
}


def _kind(title: str, description: str, form: Mapping[str, Any], *examples: Any) -> JsonSchemaValue:  # noqa: ANN401 (an example is any plain value)
    return {"title": title, "description": description, **form, "examples": list(examples)}


def to_kind(kind: str) -> JsonSchemaValue:
    """Refer to a kind, or to any other named form."""
    return {"$ref": f"#/$defs/{kind}"}


def _named(inner: Mapping[str, Any], *, least: int = 1) -> JsonSchemaValue:
    return {"type": "object", "minProperties": least, "additionalProperties": dict(inner)}


def _one_or_more(inner: Mapping[str, Any]) -> JsonSchemaValue:
    return {"type": "array", "minItems": 1, "items": dict(inner)}


def one_of(*forms: Mapping[str, Any]) -> JsonSchemaValue:
    """Let any of some forms stand."""
    return {"anyOf": [dict(form) for form in forms]}


KINDS: Final[Mapping[str, JsonSchemaValue]] = {
    "number": _kind(
        "a number",
        "A number; null where nobody knows it; or one number for each word of a school column, of "
        "a step with levels, or of `group`. Words that are not named take the number of `others`.",
        one_of(
            {"type": ["number", "null"]},
            {
                **_named(to_kind("number"), least=2),
                "properties": {"by": {"type": "string"}},
                "required": ["by"],
            },
        ),
        20,
        {"by": "level", "elementary": 20, "others": 30},
        None,
    ),
    "reference": _kind(
        "a name",
        "The name of a measure, school column or step; or a mapping that also says which year or "
        "which group is read. Without these it reads the same year and group.",
        one_of({"type": "string"}, REFERENCE),
        "ela",
        {"of": "ela", "year": "last", "group": "all"},
    ),
    "name_or_itself": _kind(
        "a name or `itself`",
        "A step that compares, or `itself`: what is passed on is also what is compared.",
        one_of(to_kind("reference"), {"type": "null"}),
        "itself",
        "ela_counted",
    ),
    "references": _kind(
        "names",
        "A list of names (each may say year or group), or the name of a set.",
        one_of({"type": "string"}, _one_or_more(to_kind("reference"))),
        ["ela", {"of": "math", "year": "last"}],
        "metrics",
    ),
    "words": _kind(
        "words",
        "A list of levels or groups, or the name of a set.",
        one_of({"type": "string"}, _one_or_more(LABEL)),
        ["red", "orange"],
        "three",
    ),
    "numbers": _kind(
        "a number for each level",
        "Levels, each with its number.",
        _named(to_kind("number")),
        {2: 40, 3: 60},
        {"bad": 0, "good": 10},
    ),
    "weights": _kind(
        "names with numbers",
        "Measures or steps, each with its number: a weight, a multiplier, its possible points.",
        _named(to_kind("number")),
        {"ela_points": 60, "absence_points": {"by": "level", "elementary": 40, "high": 20}},
    ),
    "bound": _kind(
        "a number or a name",
        "A number in any of its forms, or the step that gives it.",
        one_of(to_kind("reference"), to_kind("number")),
        67,
        {"by": "level", "elementary": 50, "high": 40},
        "target",
    ),
    "rounding": _kind(
        "a rounding",
        f"Decimal places, halves up (-1 rounds to tens); or places and a mode: {', '.join(MODES)}.",
        one_of(
            {"type": "integer"},
            {
                "type": "object",
                "properties": {"places": {"type": "integer"}, "mode": {"enum": list(MODES)}},
                "required": ["places", "mode"],
                "additionalProperties": False,
            },
        ),
        1,
        {"places": 0, "mode": "half_even"},
    ),
    "rows": _kind(
        "rows of a decision table",
        "Named rows, read from the top. All that stands under `if` must hold.",
        _named(
            {
                "type": "object",
                "properties": {
                    "if": _named(one_of(LABEL, _one_or_more(LABEL)), least=0),
                    "then": to_kind("outcome"),
                },
                "required": ["if", "then"],
                "additionalProperties": False,
            }
        ),
        {"low": {"if": {"few_graduate": "met", "colour": ["red", "orange"]}, "then": "met"}},
    ),
    "outcome": _kind(
        "an outcome",
        "`met`, `not_met`, a level, a number, or the step whose result is taken.",
        one_of(LABEL, REFERENCE),
        "met",
        0,
        {"of": "score"},
    ),
    "cells": _kind(
        "rows and columns of a grid",
        "A row for each level of status, in it a level for each level of change; null where "
        "nobody knows it.",
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "null"]},
            },
        },
        {"low": {"fell": "red", "rose": "yellow"}, "high": {"fell": "yellow", "rose": "green"}},
    ),
    "transfer": _kind(
        "where weights go",
        "Each step that may be missing, with the steps that gain its weight and how much; or a "
        "list of such lines, of which the first that is wholly there holds.",
        {
            "type": "object",
            "additionalProperties": one_of(to_kind("weights"), _one_or_more(to_kind("weights"))),
        },
        {"growth_points": {"ela_points": 5, "math_points": 5}},
    ),
}
PARSERS: Final[Mapping[str, str]] = {
    "parse_number": "number",
    "parse_ref": "reference",
    "_by": "name_or_itself",
    "parse_refs": "references",
    "parse_words": "words",
    "parse_numbers": "numbers",
    "parse_named_numbers": "weights",
    "parse_bound": "bound",
    "parse_rounding": "rounding",
    "parse_outcome": "outcome",
    "_parse_rows": "rows",
    "_parse_grid": "cells",
    "_transfers": "transfer",
}
SHORT_FORMS: Final[Mapping[str, JsonSchemaValue]] = {
    "_taken": {"type": "string", "description": "the column"},
    "_range": {"type": "string", "pattern": "^.+ to .+$"},
}
"""What a word takes besides its long form."""
