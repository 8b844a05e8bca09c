"""What may stand in a design or a layout? JSON Schemas, so that an editor completes and checks.

They are made of the classes that read the files, so a new word is in them by itself.
To add the schema of another file: one function here, and its name in `guide.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from analysis.designs.checking import Header, Measure, SchoolColumn
from analysis.designs.clause import Clause
from analysis.designs.document import SHELVES
from analysis.designs.rules import Rule, Step
from analysis.panels.layout import Layout
from analysis.problems import fail
from analysis.publishing.kinds import KINDS, PARSERS, SHORT_FORMS, one_of, to_kind
from analysis.publishing.meanings import explained, meaning, sentences

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Forms(GenerateJsonSchema):
    """Writes a word with a parser of its own as its kind, and explains each word."""

    def function_plain_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401 (as pydantic has it)
        name = schema["function"]["function"].__name__
        if name not in PARSERS:
            raise fail("kinds.PARSERS", f"must say what the words that {name} reads may be.")
        return {"kind": PARSERS[name]}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Any:  # noqa: ANN401
        name = getattr(schema["function"]["function"], "__name__", "")
        long = super().function_before_schema(schema)
        return one_of(SHORT_FORMS[name], long) if name in SHORT_FORMS else long

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        inner = {str(tag): self.generate_inner(one) for tag, one in schema["choices"].items()}
        return chosen_by(str(schema["discriminator"]), inner)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002
        return False


def chosen_by(word: str, inner: Mapping[str, JsonSchemaValue]) -> JsonSchemaValue:
    """Ask for a word, and then for the form that it chooses alone; editors then say what is wrong.

    >>> chosen_by("rule", {"cuts": {"required": ["from"]}})["allOf"][0]["then"]
    {'required': ['from']}
    """
    return {
        "type": "object",
        "required": [word],
        "properties": {word: {"enum": list(inner)}},
        "allOf": [
            {"if": {"properties": {word: {"const": tag}}, "required": [word]}, "then": form}
            for tag, form in inner.items()
        ],
    }


def rules() -> tuple[type[Rule], ...]:
    """List the classes of all rules, in the order in which their files hold them."""
    return get_args(get_args(Step)[0])


def forms(*models: type[BaseModel]) -> Mapping[str, JsonSchemaValue]:
    """Write the schema of each class and of those inside it: name of the class -> schema.

    Raises:
        ProblemsError: a word is read by a parser whose form `PARSERS` does not know.

    >>> forms(Measure)["Measure"]["properties"]["better"]["description"]
    'Whether high or low values are good.'
    """
    asked: Any = [(model, "validation") for model in models]
    _, made = models_json_schema(asked, schema_generator=_Forms)
    every = {model.__name__: model for model in (*models, *inside(*models))}
    found = {name: _refer(made["$defs"][name]) for name in every}
    for name, model in every.items():
        _explain(found[name], model)
    return {**found, **_shared(found.values())}


def _shared(found: Iterable[JsonSchemaValue]) -> Mapping[str, JsonSchemaValue]:
    """Take out the words that every clause has, so that they are written once."""
    taken: dict[str, JsonSchemaValue] = {}
    for form in found:
        for word in Clause.model_fields.keys() & form["properties"].keys():
            taken[word] = form["properties"][word]
            form["properties"][word] = to_kind(word)
    return {word: taken[word] for word in Clause.model_fields if word in taken}


def inside(*models: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """List the classes that stand in the words of some classes, at any depth, each once.

    >>> [one.__name__ for one in inside(Layout)]
    ['MeasureNote', 'File', 'Taken', 'Numbers']
    """
    return tuple(dict.fromkeys(_inside(models)))


def _inside(models: Iterable[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    for model in models:
        for info in model.model_fields.values():
            for one in _classes(info.annotation):
                yield one
                yield from _inside((one,))


def _classes(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _classes(inner)


def _refer(said: Any) -> Any:  # noqa: ANN401 (any plain value)
    """Turn the mark of a kind into a reference to it; leave out that nothing is said by default."""
    if isinstance(said, dict):
        kept = {w: _refer(x) for w, x in said.items() if (w, x) != ("default", None)}
        is_kind = isinstance(said.get("kind"), str)
        return {**to_kind(kept.pop("kind")), **kept} if is_kind else kept
    return [_refer(inner) for inner in said] if isinstance(said, list) else said


def _explain(form: JsonSchemaValue, model: type[BaseModel]) -> None:
    form["description"] = " ".join(sentences(model))
    for word, inner in form["properties"].items():
        inner["description"] = meaning(model, word)


def design_schema() -> Mapping[str, Any]:
    """Write the schema of a design file.

    >>> sorted(design_schema()["properties"])[:4]
    ['about', 'cite', 'conditions', 'entity']
    """
    made = dict(forms(Header, Measure, SchoolColumn, *rules()))
    header = made.pop("Header")
    shelves = {"measures": "Measure", "schools": "SchoolColumn", **dict.fromkeys(SHELVES, "step")}
    for shelf, inner in shelves.items():
        header["properties"][shelf] = _shelf(shelf, inner)
    for rule in rules():
        made[rule.__name__]["title"] = rule_name(rule)
        made[rule.__name__]["properties"]["for"] = {
            "description": explained(Rule)["for"],
            **to_kind("words"),
        }
    return {
        "$schema": DIALECT,
        "title": "A design",
        **header,
        "$defs": {**KINDS, "step": _step(), **made},
    }


def _shelf(name: str, inner: str) -> JsonSchemaValue:
    """Write the form of a heading with named entries; a measure may say nothing of itself."""
    one = one_of(to_kind(inner), {"type": "null"}) if inner == "Measure" else to_kind(inner)
    told = explained(Header)[name]
    return {"type": ["object", "null"], "description": told, "additionalProperties": one}


def _step() -> JsonSchemaValue:
    form = chosen_by("rule", {rule_name(rule): to_kind(rule.__name__) for rule in rules()})
    form["properties"]["rule"] |= {
        "description": explained(Rule)["rule"],
        "enumDescriptions": [sentences(rule)[0] for rule in rules()],
    }
    return {"description": "A named clause of the design.", **form}


def rule_name(rule: type[Rule]) -> str:
    """Give the name by which a file calls a rule.

    >>> rule_name(rules()[0])
    'minimum_n'
    """
    return str(get_args(rule.model_fields["rule"].annotation)[0])


def layout_schema() -> Mapping[str, Any]:
    """Write the schema of a layout file.

    >>> "files" in layout_schema()["required"]
    True
    """
    made = dict(forms(Layout))
    layout, entry = made.pop("Layout"), made["File"]
    needed = entry.pop("required")
    every = {**entry, "description": explained(Layout)["every"]}
    layout["properties"]["every"] = {"description": every["description"], **to_kind("every")}
    layout["properties"]["files"]["additionalProperties"] = one_of(
        to_kind("File"), {"type": "null"}
    )
    layout["allOf"] = [_said_somewhere(word) for word in needed]
    return {
        "$schema": DIALECT,
        "title": "A layout",
        **layout,
        "$defs": {**made, "every": every, "File": entry},
    }


def _said_somewhere(word: str) -> JsonSchemaValue:
    """Ask for a word in `every`, or in each entry."""
    once = {"properties": {"every": {"required": [word]}}, "required": ["every"]}
    each = {"properties": {"files": {"additionalProperties": {"required": [word]}}}}
    return one_of(once, each)
