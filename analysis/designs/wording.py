"""How is a mistake in a clause said to people? In their words, with what the file says.

To word a new kind of mistake: one entry in `_SENTENCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from analysis.designs.clause import Clause
from analysis.problems import did_you_mean, listed, sentence

Found = Mapping[str, Any]


def explain(
    found: Found,
    said: Any,  # noqa: ANN401 (a file may say anything)
    words: tuple[str, ...] = (),
) -> tuple[tuple[str, ...], str]:
    """Turn one finding of pydantic into the address inside the clause and a sentence."""
    rule = said.get("rule") if isinstance(said, dict) else None
    at = tuple(str(word) for word in found["loc"])
    if at and rule is not None and at[0] == str(rule):
        at = at[1:]
    sentence = _SENTENCES.get(found["type"], _other)
    return at, sentence({**found, "rule": rule, "at": at, "words": words})


def _unknown_word(found: Found) -> str:
    words = words_of(str(found["rule"])) if found["rule"] else found["words"]
    near = did_you_mean(found["at"][-1], words)
    what = f"the rule {found['rule']}" if found["rule"] else "this"
    return f"{what} has no word {found['at'][-1]}.{near}"


def _missing(found: Found) -> str:
    return f"must say {found['at'][-1]}."


def _unknown_rule(found: Found) -> str:
    known = sorted(clauses())
    near = did_you_mean(found["rule"], known)
    return f"there is no rule {found['rule']}; rules are {listed(known, most=50)}.{near}"


def _no_rule(_found: Found) -> str:
    return "must say which rule it is, as in {rule: mean, ...}."


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
    "union_tag_invalid": _unknown_rule,
    "union_tag_not_found": _no_rule,
    "literal_error": _one_of,
    "value_error": _value,
}


def clauses() -> Mapping[str, type[BaseModel]]:
    """List the classes of all rules by the name that a file gives them."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [Clause]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        told = one.model_fields.get("rule")
        if told is not None:
            found[str(told.annotation.__args__[0])] = one  # type: ignore[union-attr]
    return found


def words_of(rule: str) -> tuple[str, ...]:
    """List the words that a clause of this rule may say."""
    return fields_of(clauses().get(rule))


def fields_of(model: type[BaseModel] | None) -> tuple[str, ...]:
    """List the words of a model; none for none."""
    fields = {} if model is None else model.model_fields
    return tuple(info.alias or name for name, info in fields.items())
