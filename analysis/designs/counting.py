"""Whose students count, what makes a group, and which rows may be mended? The heading `students`.

To add a word: a field here, and where it acts in analysis/panels/students.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from analysis.designs.clause import Clause, FrozenMap
from analysis.designs.definitions import Days, FullYear, Grade, InOut, Score, Wrong
from analysis.designs.student_columns import RACES, columns_of
from analysis.problems import did_you_mean, listed
from analysis.values import ALL

JOINS: Final = ("any", "all", "not")
MOST_GROUPS: Final = 60
"""A student's groups are kept as the bits of one number."""


@dataclass(frozen=True)
class GroupRule:
    """Which students belong to a group.

    `kind` is `column` (a yes-or-no column), `race`, or a join of other rules: `any`, `all`, `not`.
    """

    kind: Literal["column", "race", "any", "all", "not"]
    words: tuple[str, ...] = ()
    rules: tuple[GroupRule, ...] = ()

    def columns(self) -> frozenset[str]:
        """Name the columns of students that the rule reads."""
        own = {"column": self.words, "race": ("race",)}.get(self.kind, ())
        return frozenset(own).union(*(rule.columns() for rule in self.rules))


def _open_or_parsed(said: object) -> GroupRule | None:
    return None if said is None else parse_group(said)


def parse_group(said: object) -> GroupRule:
    """Take a yes-or-no column, `{race: black}`, or rules joined by any, all or not."""
    if isinstance(said, str):
        _known(said, columns_of("yes_no"), "a yes-or-no column of students")
        return GroupRule("column", (said,))
    if not isinstance(said, Mapping) or len(said) != 1:
        msg = "must be a column, {race: word}, {any: [...]}, {all: [...]} or {not: ...}"
        raise ValueError(msg)
    ((join, inner),) = said.items()
    if join == "race":
        return GroupRule("race", _races(inner))
    _known(str(join), (*JOINS, "race"), "a word that makes a group")
    if join == "not":
        return GroupRule("not", rules=(parse_group(inner),))
    if not isinstance(inner, list | tuple) or not inner:
        msg = f"{join} must hold a list, as in {{{join}: [el, rfep]}}"
        raise ValueError(msg)
    return GroupRule("any" if join == "any" else "all", rules=tuple(map(parse_group, inner)))


def _races(said: object) -> tuple[str, ...]:
    words = (said,) if isinstance(said, str) else said
    if not isinstance(words, list | tuple) or not words:
        msg = "race must be a word or a list of words"
        raise ValueError(msg)
    for word in words:
        _known(str(word), RACES, "a race or ethnicity")
    return tuple(map(str, words))


def _known(word: str, known: tuple[str, ...], what: str) -> None:
    if word not in known:
        near = did_you_mean(word, known)
        msg = f"must name {what} ({listed(known, most=9)}), but it says {word}.{near}"
        raise ValueError(msg)


_GROUP_FORM: Final[Mapping[str, Any]] = {
    "anyOf": [
        {"type": "null"},
        {"enum": list(columns_of("yes_no"))},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                "race": {"anyOf": [{"enum": list(RACES)}, {"type": "array"}]},
                "any": {"type": "array", "minItems": 1},
                "all": {"type": "array", "minItems": 1},
                "not": {"type": ["string", "object"]},
            },
        },
    ]
}
GroupField = Annotated[
    GroupRule | None, PlainValidator(_open_or_parsed), WithJsonSchema(dict(_GROUP_FORM))
]
Groups = Annotated[dict[str, GroupField], AfterValidator(FrozenMap)]
Span = tuple[Grade, Grade]
Parts = Annotated[dict[str, Span], AfterValidator(FrozenMap)]
Scale = tuple[Score, Score]
Scales = Annotated[dict[Literal["ela_score", "math_score"], Scale], AfterValidator(FrozenMap)]
Mend = Literal["empty", "leave_out"]


class Repair(Clause):
    """Which rows that cannot be right are mended, and how; all others are refused.

    `keep_longest` keeps the row with the most enrolled days, `leave_out` drops the row, `empty`
    empties the cell, and `limit` brings days of absence back to between 0 and the days enrolled.
    `duplicates`: one student twice in a school and year. `two_schools`: one student all year in
    two schools, or on more days than there are. `cohort`: one student in the cohorts of two
    schools. `missing`: a cell that must say something. `grade`: grades out of range. `numbers`:
    other numbers that cannot be. `words`: unknown words. `scores`: outside the scale, or
    beside an alternate assessment. `absence`: fewer days than none, or more than enrolled.
    `graduation`: outside high school or its cohort's year. `english`: learners who are
    redesignated already, and levels or redesignations of others.
    """

    duplicates: Literal["keep_longest"] | None = None
    two_schools: Literal["keep_longest"] | None = None
    cohort: Literal["keep_longest"] | None = None
    missing: Literal["leave_out"] | None = None
    grade: Literal["leave_out"] | None = None
    numbers: Mend | None = None
    words: Mend | None = None
    scores: Mend | None = None
    absence: Literal["limit", "leave_out"] | None = None
    graduation: Mend | None = None
    english: Mend | None = None


class Counting(Clause):
    """Whose students count, and what makes groups and parts of them.

    `full_year: required` counts only students enrolled from census day to testing, and
    `minimum_days` only those enrolled on so many days; a measure may say otherwise. `alternate`
    and `first_year_el` say whether students with the alternate assessment, and English learners
    in the country for less than a year, are `in` or `out` where tests are counted. `groups` makes
    groups of students by their columns: a column such as `swd`, `{any: [el, rfep]}`,
    `{all: [...]}`, `{not: ...}` or `{race: black}`; a group that is null stays unknown. `parts`
    gives the grades of each part of a school that spans levels; without it schools have no parts.
    `scales` gives the lowest and highest score of each test, `days_in_year` the most days of a
    school year. `repair` says which rows that cannot be right are mended.
    """

    full_year: FullYear | None
    minimum_days: Days | None
    alternate: InOut | None
    first_year_el: InOut | None
    groups: Groups = Field(default_factory=FrozenMap)
    parts: Parts = Field(default_factory=FrozenMap)
    scales: Scales = Field(default_factory=FrozenMap)
    days_in_year: Annotated[int, Field(ge=1, le=366, strict=True)] | None = None
    repair: Repair = Repair()

    def wrong(self) -> Wrong:
        """Refuse spans that turn round or overlap, a group called all, and too many groups."""
        if ALL in self.groups:
            yield f"groups.{ALL}", "is every student already; give the group another name"
        if len(self.groups) > MOST_GROUPS:
            yield "groups", f"may hold {MOST_GROUPS} groups, but it holds {len(self.groups)}"
        yield from _spans("parts", self.parts)
        yield from _spans("scales", self.scales, apart=False)

    def columns(self) -> frozenset[str]:
        """Name the columns of students that groups read."""
        return frozenset().union(*(rule.columns() for rule in self.rules.values()))

    @property
    def rules(self) -> Mapping[str, GroupRule]:
        """The groups whose rule is known."""
        return FrozenMap({name: rule for name, rule in self.groups.items() if rule is not None})


def _spans(word: str, spans: Mapping[Any, tuple[float, float]], *, apart: bool = True) -> Wrong:
    for name, (low, high) in spans.items():
        if low > high:
            yield f"{word}.{name}", f"must give the lower end first, but it says {low:g}, {high:g}"
    if apart:
        yield from _overlaps(word, spans)


def _overlaps(word: str, spans: Mapping[Any, tuple[float, float]]) -> Iterator[tuple[str, str]]:
    ordered = sorted(spans.items(), key=lambda item: item[1])
    for (before, (_, end)), (name, (start, _)) in pairwise(ordered):
        if start <= end:
            yield f"{word}.{name}", f"has grades that {before} has too"
