"""Does a number that differs by a column name only words that the column has?

To let numbers differ by something else: its words in `by_columns`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analysis.designs.clause import BY_GROUP, OTHERS, ByColumn, Clause, Names
from analysis.problems import did_you_mean, listed


def by_columns(clause: Clause, names: Names) -> Iterator[str]:
    """Say what is wrong with the numbers of a clause that differ by a column, step or group."""
    for number in _numbers_by_column(clause):
        levels = names.words.get(number.by) or names.labels.get(number.by)
        known = names.groups if number.by == BY_GROUP else levels
        if not known:
            text = f"differs by {number.by}, which must be group, a school column with one_of"
            near = did_you_mean(number.by, names.words)
            yield f"{text}, or a step that gives levels.{near}"
            continue
        for label in number.numbers:
            if label not in (*known, OTHERS):
                near = did_you_mean(label, known)
                text = f"gives a number for {label}; {number.by} is one of {listed(known)}.{near}"
                yield text


def _numbers_by_column(said: Any) -> Iterator[ByColumn]:  # noqa: ANN401 (any word of a clause)
    if isinstance(said, ByColumn):
        yield said
        yield from (one for inner in said.numbers.values() for one in _numbers_by_column(inner))
    elif isinstance(said, Clause):
        for word in said.model_fields_set:
            yield from _numbers_by_column(getattr(said, word))
    elif isinstance(said, dict):
        for inner in said.values():
            yield from _numbers_by_column(inner)
