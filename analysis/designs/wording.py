"""How is a mistake in a clause said to people? In their words, with what the file says.

To word a new kind of mistake: one entry in `_SENTENCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from analysis.designs.clause import Clause
from analysis.designs.source import read_yaml
from analysis.problems import Problem, ProblemsError, did_you_mean, listed, sentence

Model = TypeVar("Model")
Found = Mapping[str, Any]
KINDS: Final[Mapping[str, str]] = {"rule": "mean", "definition": "chronic_absence"}
"""The words that say which kind of clause it is, each with an example."""


@dataclass(frozen=True)
class Kind:
    """Which kind of clause a mapping says it is: `rule` or `definition`, and its name."""

    word: str
    name: object


def read_as(path: Path, kind: type[Model]) -> Model:
    """Read a small file as a model.

    Args:
        path: the file.
        kind: the model, or a mapping of names to models.

    Raises:
        ProblemsError: everything in the file that cannot be right, with its line.
    """
    source = read_yaml(path)
    problems = list(source.problems)
    words = tuple(getattr(kind, "model_fields", ()))
    try:
        found = TypeAdapter(kind).validate_python(source.said or {})
    except ValidationError as error:
        for one in error.errors():
            at, text = explain(one, source.said, words)
            problems.append(Problem(source.place(at), f"{'.'.join(at) or 'the file'}: {text}"))
        raise ProblemsError(problems) from error
    if problems:
        raise ProblemsError(problems)
    return found


def explain(
    found: Found,
    said: Any,  # noqa: ANN401 (a file may say anything)
    words: tuple[str, ...] = (),
) -> tuple[tuple[str, ...], str]:
    """Turn one finding of pydantic into the address inside the clause and a sentence."""
    at, kind = _address(found["loc"], said)
    sentence = _SENTENCES.get(found["type"], _other)
    return at, sentence({**found, "kind": kind, "at": at, "words": words})


def _address(loc: Sequence[Any], said: Any) -> tuple[tuple[str, ...], Kind]:  # noqa: ANN401
    """Follow a place of pydantic, which also names the kind of each clause on its way."""
    at: list[str] = []
    kind = here = _kind(said) or Kind("", None)
    for word in map(str, loc):
        if word == "[key]":
            continue
        if here.word and word == str(here.name):
            here = Kind("", None)  # it is named once, before the words of the clause
            continue
        at.append(word)
        said = _inside(said, word)
        here = _kind(said) or Kind("", None)
        kind = here if here.word else kind
    return tuple(at), kind


def _inside(said: Any, word: str) -> Any:  # noqa: ANN401 (a file may say anything)
    found = said.items() if isinstance(said, dict) else ()
    return next((inner for key, inner in found if str(key) == word), None)


def _kind(said: Any) -> Kind | None:  # noqa: ANN401 (a file may say anything)
    words = [word for word in KINDS if isinstance(said, dict) and word in said]
    return Kind(words[0], said[words[0]]) if words else None


def _unknown_word(found: Found) -> str:
    kind = found["kind"]
    words = words_of(str(kind.name)) if kind.word else found["words"]
    near = did_you_mean(found["at"][-1], words)
    what = f"the {kind.word} {kind.name}" if kind.word else "this"
    return f"{what} has no word {found['at'][-1]}.{near}"


def _missing(found: Found) -> str:
    return f"must say {found['at'][-1]}."


def _unknown_kind(found: Found) -> str:
    word = found["ctx"]["discriminator"].strip("'")
    name = found["ctx"]["tag"]
    known = sorted(clauses(word))
    near = did_you_mean(name, known)
    return f"there is no {word} {name}; {word}s are {listed(known, most=50)}.{near}"


def _no_kind(found: Found) -> str:
    word = found["ctx"]["discriminator"].strip("'")
    return f"must say which {word} it is, as in {{{word}: {KINDS[word]}, ...}}."


def _one_of(found: Found) -> str:
    expected = found["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
    near = did_you_mean(found["input"], expected.split(", "))
    return f"must be one of {expected}, but it says {found['input']}.{near}"


def _value(found: Found) -> str:
    text = str(found["ctx"]["error"])
    told = "" if "but it says" in text else f", but it says {_short(found['input'])}"
    return sentence(f"{text}{told}")


def _other(found: Found) -> str:
    text = str(found["msg"]).replace("Input should be", "must be").replace("Value error, ", "")
    return f"{text}, but it says {_short(found['input'])}."


def _short(said: object) -> str:
    text = str(said)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 (a line of a message)


_SENTENCES: Final[Mapping[str, Callable[[Found], str]]] = {
    "extra_forbidden": _unknown_word,
    "missing": _missing,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _no_kind,
    "literal_error": _one_of,
    "value_error": _value,
}


def clauses(word: str = "rule") -> Mapping[str, type[BaseModel]]:
    """List the classes of all rules (or definitions) by the name that a file gives them."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [Clause]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        told = one.model_fields.get(word)
        names = getattr(told and told.annotation, "__args__", ())
        if names:
            found[str(names[0])] = one
    return found


def words_of(name: str) -> tuple[str, ...]:
    """List the words that a clause of this rule or definition may say."""
    return fields_of(next((found[name] for found in map(clauses, KINDS) if name in found), None))


def words_at(model: type[BaseModel] | None, loc: Sequence[Any]) -> tuple[str, ...]:
    """List the words that may stand beside the last one of a place inside a model."""
    for word in loc[:-1]:
        held = getattr(model, "model_fields", {}).get(word)
        inner = (getattr(held, "annotation", None),)
        inner = (*inner, *getattr(inner[0], "__args__", ()))
        models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        model = models[0] if models else None
    return fields_of(model)


def fields_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    """List the words of a model; none for none."""
    fields = {} if model is None else model.model_fields
    return tuple(info.alias or name for name, info in fields.items())
