"""What is a rule? One frozen class of clause: what it reads, and what comes out.

To add a rule: one class with `rule: Literal["name"]`, its fields and `out`, in the file of its
kind, its name in the union at that file's foot, and a case in tests/cases. Nothing registers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from analysis.designs.clause import (
    BY_GROUP,
    OTHERS,
    ByColumn,
    Clause,
    NameMap,
    Names,
    Number,
    Ref,
    RoundingField,
)
from analysis.problems import did_you_mean, listed
from analysis.rounding import MODES

if TYPE_CHECKING:
    import xarray as xr

    from analysis.designs.cells import Cells
    from analysis.values import Values

Kind = Literal["number", "condition", "line"]
Shares = Mapping[tuple[str, str | None], "xr.DataArray"]


@dataclass(frozen=True)
class Notch:
    """A place where a small change of an input jumps a rule's output.

    `on` says what has to change: the value of `of`, or the n behind it. `at` is the number (or
    the reference to it) at which the output jumps.
    """

    of: Ref
    at: Number | Ref
    on: Literal["value", "n"] = "value"


class Rule(Clause):
    """A clause that turns earlier cells into new ones."""

    looks_across: ClassVar[bool] = False
    """Whether one school's result depends on other schools."""

    conditions: ClassVar[tuple[str, ...]] = ()
    """The words of the clause that must name conditions."""

    def kind(self, names: Names) -> Kind:  # noqa: ARG002 (most rules always give one kind)
        """Say what comes out: numbers (or levels), conditions, or a line."""
        return "number"

    def uses(self) -> tuple[str, ...]:
        """Name everything that the clause reads, in order, each once."""
        found = (name for word in self.model_fields_set for name in _names(getattr(self, word)))
        return tuple(dict.fromkeys(sorted(found)))

    def values_from(self) -> tuple[str, ...]:
        """Name what the values that come out are made of, without what only chooses among them."""
        return self.uses()

    def refs(self) -> tuple[Ref, ...]:
        """List every reference of the clause, with its year and group."""
        return tuple(
            r for word in sorted(self.model_fields_set) for r in _refs(getattr(self, word))
        )

    def unknown(self) -> tuple[str, ...]:
        """Name the words of the clause that are null: numbers nobody knows yet."""
        skip = set(Clause.model_fields)
        return tuple(
            word for word in sorted(self.model_fields_set - skip) if _has_null(getattr(self, word))
        )

    def gaps(self) -> tuple[str, ...]:
        """Name the words that are null without making the whole step unknown."""
        return ()

    def out(self, cells: Cells) -> Values:
        """Compute the cells of this step.

        Raises:
            ProblemsError: the panel lacks what only some rules need, such as a numerator.
        """
        raise NotImplementedError

    def result(self, cells: Cells) -> Values:
        """Compute the cells of this step as later steps see them."""
        return self.out(cells)

    def labels(self, names: Names) -> tuple[str, ...]:  # noqa: ARG002 (most rules give numbers)
        """Name the ordered levels that come out, lowest first; empty for plain numbers."""
        return ()

    def notches(self) -> tuple[Notch, ...]:
        """Name the places where a small change of an input jumps the output."""
        return ()

    def shares(self, cells: Cells) -> Shares | None:  # noqa: ARG002 (most rules combine nothing)
        """Give the share that each input has in the output; None for rules that do not combine."""
        return None

    def wrong(self, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        """Say what cannot be right, as pairs of a word of the clause and a sentence."""
        yield from ()


class NumberRule(Rule):
    """A rule that gives numbers; it may say how they are rounded."""

    round: RoundingField | None = None

    def most(self) -> Number:
        """Give the most points that can come out; 1 where the clause does not say."""
        return 1.0

    def result(self, cells: Cells) -> Values:
        """Compute the cells and round them as the clause says."""
        values = self.out(cells)
        if self.round is None:
            return values
        rounded = MODES[self.round.mode](values.value, self.round.places)
        return replace(values, value=rounded)


class ConditionRule(Rule):
    """A rule that gives conditions in three values: 1 met, 0 not met, missing not judged."""

    def kind(self, names: Names) -> Kind:  # noqa: ARG002 (most rules always give one kind)
        """Say that conditions come out."""
        return "condition"


def _names(said: object) -> Iterator[str]:
    if isinstance(said, Ref):
        yield said.of
    elif isinstance(said, ByColumn):
        if said.by != BY_GROUP:
            yield said.by
        yield from (name for inner in said.numbers.values() for name in _names(inner))
    elif isinstance(said, NameMap):
        yield from said
    for inner in _inside(said):
        yield from _names(inner)


def _refs(said: object) -> Iterator[Ref]:
    if isinstance(said, Ref):
        yield said
    elif isinstance(said, NameMap):
        yield from (Ref(name) for name in said)
    for inner in _inside(said):
        yield from _refs(inner)


def _inside(said: object) -> Iterable[object]:
    if isinstance(said, dict):
        return said.values()
    if isinstance(said, tuple):
        return said
    if isinstance(said, Clause):
        return [getattr(said, word) for word in said.model_fields_set]
    return ()


def _has_null(said: object) -> bool:
    if said is None:
        return True
    if isinstance(said, ByColumn):
        return any(_has_null(x) for x in said.numbers.values())
    if isinstance(said, dict):
        return any(_has_null(x) for x in said.values())
    return False


def number_pairs(x: Number, y: Number) -> Iterator[tuple[float, float]]:
    """Pair two numbers for each kind of school; numbers that are not known make no pair."""
    if isinstance(x, ByColumn) and isinstance(y, ByColumn) and x.by != y.by:
        return
    words = {w for side in (x, y) if isinstance(side, ByColumn) for w in side.numbers}
    for w in sorted(words):
        yield from number_pairs(_for_word(x, w), _for_word(y, w))
    if not words and isinstance(x, float) and isinstance(y, float):
        yield x, y


def _for_word(number: Number, label: str) -> Number:
    if not isinstance(number, ByColumn):
        return number
    return number.numbers.get(label, number.numbers.get(OTHERS))


def unlike(
    given: Mapping[str, object], known: tuple[str, ...], at: str, of: Ref
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a mapping that must have exactly the levels of `of`."""
    for label in given:
        if known and label not in known:
            near = did_you_mean(label, known)
            yield f"{at}.{label}", f"{of} has no level {label}; it has {listed(known)}.{near}"
    missing = [label for label in known if label not in given]
    if missing:
        yield at, f"must say what happens at every level of {of}; it lacks {listed(missing)}"
