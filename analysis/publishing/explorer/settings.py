"""What may a reader of the explorer move, and which words of the design are that?

To let something else move: a kind here, made where its clause is written out (clauses.py), and its
reading in paper/explorer/engine.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from analysis.designs.clause import BY_GROUP, OTHERS, ByColumn, Number
from analysis.designs.design import Design
from analysis.problems import fail
from analysis.rounding import settle

Kind = Literal["weight", "worth", "n", "cut", "spacing", "all", "group", "share"]
SPACINGS: Final = ("equal_count", "equal_width")
ENDINGS: Final = ("_points", "_level", "_counted", "_cells", "_part")
"""What names of steps end in; a reader needs none of it."""


@dataclass(frozen=True)
class Setting:
    """One thing to move: its words on the page, its value in the design, its addresses there.

    `section` names what it stands with (a step, or a measure); `at` is its place among the
    settings, by which the program speaks of it.
    """

    at: int
    kind: Kind
    label: str
    section: str
    value: float | str
    paths: tuple[str, ...]
    unit: str = ""


class Movable:
    """The settings found so far; a word of the design that is met twice is one setting."""

    def __init__(self, design: Design) -> None:
        """Begin without any."""
        self.design = design
        self.found: dict[tuple[object, ...], Setting] = {}
        copies = design.document.copies
        self._clause = {step: name for name, made in copies.items() for step in made}

    def add(
        self,
        kind: Kind,
        value: float | str,
        paths: Sequence[str],
        *,
        label: str,
        section: str = "",
    ) -> int:
        """Take a setting in, and give its place; one with the same addresses is the same."""
        key = (kind, *paths) if kind != "group" else (kind, label)
        unit = "percent" if kind == "share" else ""
        one = Setting(len(self.found), kind, label, section, value, tuple(paths), unit)
        return self.found.setdefault(key, one).at

    def shared(self, kind: Kind, step: str, word: str, value: float | str, label: str) -> int:
        """Take in a word that many steps say alike, so that one control moves them together."""
        steps = [
            name
            for name, rule in self.design.steps.items()
            if type(rule) is type(self.design.steps[step]) and _same(getattr(rule, word, 0), value)
        ]
        return self.add(kind, value, self._written(steps, word), label=label)

    def _written(self, steps: Sequence[str], word: str) -> tuple[str, ...]:
        """Give addresses, a clause with all its copies by the clause's own name."""
        names = []
        for step in steps:
            clause = self._clause.get(step, step)
            whole = set(self.design.document.copies.get(clause, ())) <= set(steps)
            names.append(clause if whole else step)
        return tuple(f"{name}.{word}" for name in dict.fromkeys(names))

    def number(self, number: Number, kind: Kind, path: str, label: str, section: str) -> object:
        """Write a number out with each plain number in it a setting."""
        if isinstance(number, ByColumn):
            return by_column(
                number,
                lambda word, inner: (
                    self.number(inner, kind, f"{path}.{word}", f"{label} ({word})", section)
                    if word != OTHERS
                    else fixed(inner)
                ),
            )
        if number is None:
            return None
        at = self.add(kind, number, (path,), label=label, section=section)
        return {"s": at}

    def label(self, step: str) -> str:
        """Name a step for readers: by the one measure behind it, or by its own name."""
        behind = self.design.measured_by(step)
        known = self.design.measures
        if len(behind) == 1 and step.startswith(behind[0]):
            return known[behind[0]].label or behind[0].replace("_", " ")
        return plain_name(step)

    def said(self) -> list[Mapping[str, object]]:
        """Give the settings as plain values."""
        return [asdict(one) for one in self.found.values()]


def plain_name(step: str) -> str:
    """Write the name of a step as a reader would say it.

    >>> plain_name("graduation_points"), plain_name("federal_part")
    ('graduation', 'federal')
    """
    for ending in ENDINGS:
        step = step.removesuffix(ending)
    return step.replace("_", " ")


def fixed(number: Number) -> object:
    """Write a number out that nobody moves."""
    if isinstance(number, ByColumn):
        return by_column(number, lambda _word, inner: fixed(inner))
    return number


def by_column(number: ByColumn, written: Callable[[str, Number], object]) -> object:
    """Write out a number that differs by a column, its inner numbers by a function.

    Raises:
        ProblemsError: it differs by group, which the page does not read.
    """
    if number.by == BY_GROUP:
        raise fail("", "says a number that differs by group")
    return {
        "by": number.by,
        "words": {word: written(word, inner) for word, inner in number.numbers.items()},
    }


def _same(said: object, value: float | str) -> bool:
    if isinstance(said, float) and isinstance(value, float):
        return bool(settle(said) == settle(value))
    return said == value
