"""What may a clause of a design say? Numbers, references, roundings, and where they come from.

To add a kind of word: one parser here that turns what the file says into a frozen value, and an
annotated type that rules use for their fields.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo

from analysis.problems import did_you_mean, listed
from analysis.rounding import MODES, Mode

Evidence = Literal["law", "official", "data", "derived", "secondary", "recalled"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(dict[K, V], Generic[K, V]):
    """A mapping that cannot be changed (a frozen model does not freeze what it holds)."""

    def _refuse(self, *_args: object, **_words: object) -> NoReturn:
        msg = "a design cannot be changed in place; use design.vary({path: value})"
        raise TypeError(msg)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class NameMap(FrozenMap[str, V]):
    """A mapping whose keys are names of steps, measures or school columns."""


@dataclass(frozen=True)
class Ref:
    """A reference to other cells: a name, and where it is read (year, group)."""

    of: str
    year: int | Literal["this", "last"] = "this"
    group: str | None = None

    def __str__(self) -> str:
        """Write the reference as a reader would say it."""
        year = "" if self.year == "this" else f", {self.year} year"
        return f"{self.of}{year}{'' if self.group is None else f', group {self.group}'}"


@dataclass(frozen=True)
class ByColumn:
    """A number that differs by a school column, a step with levels, or `group`.

    It gives one number for each word; words that are not named take the number of `others`, where
    it is given. A number may differ again by something else.
    """

    by: str
    numbers: FrozenMap[str, Number]


@dataclass(frozen=True)
class Rounding:
    """How many decimal places are kept, and which way halves go."""

    places: int
    mode: Mode = "half_up"


Number = float | ByColumn | None
BY_GROUP: Final = "group"
OTHERS: Final = "others"
REF_WORDS: Final = ("of", "year", "group")


def plain_number(said: object) -> float:
    """Take a finite number; refuse anything else (also yes/no, text and infinities)."""
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        msg = "must be a number"
        raise ValueError(msg)
    return float(said)


def parse_number(said: object) -> Number:
    """Take a number, null (not known), or numbers `{by: column or group, word: number}`."""
    if said is None:
        return None
    if isinstance(said, dict) and "by" in said:
        rest = {str(word): said[word] for word in said if word != "by"}
        if not rest:
            msg = "must give a number for each word of the column after by"
            raise ValueError(msg)
        numbers = {w: parse_number(x) for w, x in rest.items()}
        return ByColumn(str(said["by"]), FrozenMap(numbers))
    if isinstance(said, dict | str | list):
        msg = "must be a number, or {by: column, word: number}"
        raise ValueError(msg)  # noqa: TRY004 (pydantic turns ValueError into a message)
    return plain_number(said)


def parse_ref(said: object) -> Ref:
    """Take a name, or `{of: name, year: last, group: all}`."""
    if isinstance(said, str):
        return Ref(said)
    if not isinstance(said, dict) or not isinstance(said.get("of"), str):
        msg = "must be a name, or {of: name, year: last, group: all}"
        raise ValueError(msg)  # noqa: TRY004 (pydantic turns ValueError into a message)
    unknown = [word for word in said if word not in REF_WORDS]
    if unknown:
        msg = f"a reference has no word {unknown[0]}.{did_you_mean(unknown[0], REF_WORDS)}"
        raise ValueError(msg)
    year = said.get("year", "this")
    if year not in ("this", "last") and (isinstance(year, bool) or not isinstance(year, int)):
        msg = f"year must be this, last or a year such as 2015, but it says {year}"
        raise ValueError(msg)
    group = said.get("group")
    return Ref(said["of"], year, None if group is None else str(group))


def parse_refs(said: object, info: ValidationInfo) -> tuple[Ref, ...]:
    """Take a list of references, or the name of a set."""
    if isinstance(said, str):
        said = _members(said, info)
    if not isinstance(said, list) or not said:
        msg = "must be a list of names, or the name of a set"
        raise ValueError(msg)
    return tuple(parse_ref(item) for item in said)


def parse_words(said: object, info: ValidationInfo) -> tuple[str, ...]:
    """Take a list of words (levels, groups), or the name of a set."""
    if isinstance(said, str):
        said = _members(said, info)
    if not isinstance(said, list) or not said or any(isinstance(x, list | dict) for x in said):
        msg = "must be a list of words, or the name of a set"
        raise ValueError(msg)
    return tuple(word(item) for item in said)


def _members(name: str, info: ValidationInfo) -> list[Any]:
    sets = (info.context or {}).get("sets", {})
    if name not in sets:
        near = did_you_mean(name, sets)
        msg = f"must be a list or the name of a set; the sets are {listed(sets)}.{near}"
        raise ValueError(msg)
    return list(sets[name])


def word(said: object) -> str:
    """Write a label as text: the level 2 and the level "2" are one."""
    if isinstance(said, float) and said.is_integer():
        return str(int(said))
    return str(said)


def parse_numbers(said: object) -> FrozenMap[str, Number]:
    """Take a mapping from labels to numbers."""
    return FrozenMap({word(k): parse_number(v) for k, v in _mapping(said).items()})


def parse_named_numbers(said: object) -> NameMap[Number]:
    """Take a mapping from names of steps to numbers (weights, multipliers)."""
    return NameMap({word(k): parse_number(v) for k, v in _mapping(said).items()})


def _mapping(said: object) -> dict[Any, Any]:
    if not isinstance(said, dict) or not said:
        msg = "must be a mapping with at least one entry"
        raise ValueError(msg)
    return said


def parse_bound(said: object) -> Number | Ref:
    """Take a number, or a reference to the step that gives it."""
    if isinstance(said, str) or (isinstance(said, dict) and "of" in said):
        return parse_ref(said)
    return parse_number(said)


def parse_rounding(said: object) -> Rounding:
    """Take a number of places (halves go up), or `{places: 1, mode: half_even}`."""
    if isinstance(said, int) and not isinstance(said, bool):
        return Rounding(said)
    if isinstance(said, dict) and set(said) == {"places", "mode"}:
        places, mode = said["places"], said["mode"]
        if isinstance(places, int) and not isinstance(places, bool) and mode in MODES:
            return Rounding(places, mode)
    msg = f"must be a number of places, or {{places: 1, mode: M}} with M one of {listed(MODES)}"
    raise ValueError(msg)


NumberField = Annotated[Number, PlainValidator(parse_number)]
RefField = Annotated[Ref, PlainValidator(parse_ref)]
RefsField = Annotated[tuple[Ref, ...], PlainValidator(parse_refs)]
WordsField = Annotated[tuple[str, ...], PlainValidator(parse_words)]
NumbersField = Annotated[FrozenMap[str, Number], PlainValidator(parse_numbers)]
WeightsField = Annotated[NameMap[Number], PlainValidator(parse_named_numbers)]
BoundField = Annotated[Number | Ref, PlainValidator(parse_bound)]
RoundingField = Annotated[Rounding, PlainValidator(parse_rounding)]


class Clause(BaseModel):
    """Anything that a design file says, with where it is said and how that is known."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=False
    )

    cite: str | None = None
    evidence: Evidence | None = None
    note: str | None = None


@dataclass(frozen=True)
class Names:
    """What is known of a design's names before anything is computed."""

    kinds: FrozenMap[str, str] = field(default_factory=FrozenMap)
    labels: FrozenMap[str, tuple[str, ...]] = field(default_factory=FrozenMap)
    words: FrozenMap[str, tuple[str, ...]] = field(default_factory=FrozenMap)
    groups: tuple[str, ...] = ()
