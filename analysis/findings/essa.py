"""What does the Every Student Succeeds Act ask, and what does a design answer?

It reads the design, not data, and passes no verdict where the statute gives no number.
To add a question: one function here that yields an `Answer`, called in `essa_profile`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from analysis.designs.checking import EVERYONE, Indicator
from analysis.designs.clause import BY_GROUP, ByColumn, Number, Ref
from analysis.designs.design import Design
from analysis.designs.rules import Named, Rule
from analysis.designs.rules.combining import Max, Sum
from analysis.designs.rules.conditions import Test
from analysis.designs.rules.deriving import PooledRatio
from analysis.designs.rules.lists import ShareOfPool
from analysis.designs.rules.memory import Stay
from analysis.designs.rules.scoring import MinimumN
from analysis.findings.nominal import kinds_of_school, nominal_shares
from analysis.problems import listed

INDICATORS: Final[tuple[str, ...]] = get_args(Indicator)
SCHOOL_QUALITY: Final = "school_quality"
LOWEST_SHARE: Final = 0.05
TWO_THIRDS: Final = 200 / 3
LAST_TENTH: Final = 66.7  # rates are published to a tenth: below this is at most two thirds
CLOSE: Final = 0.01  # a design may write two thirds as 66.67 or 66.6667
NINETY_FIVE: Final = 0.95
MOST_YEARS: Final = 3
TITLE_1: Final = "title1"
NO_QUALITY: Final = "no weight on school quality"
NOTHING: Final = "the design has no index, rating or list"
UNMARKED: Final = "no measure says for which indicator it stands (indicator: achievement, ...)"


@dataclass(frozen=True)
class Answer:
    """What a design answers to one question of the statute.

    `found` is yes, no, or judge: the statute leaves it to a person, or the file alone cannot say.
    """

    question: str
    found: Literal["yes", "no", "judge"]
    told: str
    cite: str


def essa_profile(design: Design) -> tuple[Answer, ...]:
    """Hold a design to 20 U.S.C. 6311(c)-(d), question by question.

    Args:
        design: a design whose measures say for which `indicator` they stand.

    Returns:
        One answer for each question; weights once for each kind of school.

    >>> from analysis import load_design
    >>> found = essa_profile(load_design("esea/essa-minimum"))
    >>> [answer.found for answer in found if answer.question.startswith("Is the lowest")]
    ['yes']
    """
    return (
        _indicators(design),
        *_weights(design),
        _one_n(design),
        _denominator(design),
        _lowest(design),
        _graduation(design),
        _groups(design),
        _cycle(design),
    )


def _indicators(design: Design) -> Answer:
    told = {m.indicator for name, m in design.measures.items() if _decides(design, name)}
    lacking = [word for word in INDICATORS if word not in told]
    question, cite = "Are all five kinds of indicators used?", "6311(c)(4)(B)"
    if told <= {None}:
        return Answer(question, "judge", UNMARKED if told else NOTHING, cite)
    text = f"lacks {listed(word.replace('_', ' ') for word in lacking)}" if lacking else "all are"
    return Answer(question, "no" if lacking else "yes", text, cite)


def _decides(design: Design, measure: str) -> bool:
    headline = design.header.headline
    ends = (*design.lists, *(x for x in (headline.index, headline.rating) if x is not None))
    return any(measure in design.measured_by(end) for end in ends)


def _weights(design: Design) -> Iterator[Answer]:
    question = "Do academic indicators weigh much more than school quality?"
    cite = "6311(c)(4)(C)(ii)"
    index = design.header.headline.index
    if index is None:
        yield Answer(question, "judge", "the design has no index, so no weights", cite)
        return
    for kind in kinds_of_school(design, index):
        parts = nominal_shares(design, index, kind)
        quality = parts.get(SCHOOL_QUALITY, 0.0)
        academic = sum(share for word, share in parts.items() if word not in ("", SCHOOL_QUALITY))
        whole = ", ".join(f"{word.replace('_', ' ') or 'not told apart'} {100 * share:.1f}"
                          for word, share in parts.items() if share)  # fmt: skip
        ratio = "the file does not tell the parts apart" if "" in parts else NO_QUALITY
        ratio = f"{academic / quality:.1f} to 1" if quality else ratio
        where = f"{', '.join(kind.values())}: " if kind else ""
        yield Answer(question, "judge", f"{where}{ratio} ({whole} per cent)", cite)


def _one_n(design: Design) -> Answer:
    question = "Is the minimum n one number for all students and every group?"
    said = [number for rule in design.steps.values() for number in _minimums(rule)]
    split = any(isinstance(number, ByColumn) and BY_GROUP in _columns(number) for number in said)
    plain = sorted({n for n in said if isinstance(n, float)})
    text = f"n is {listed(f'{n:g}' for n in plain)}" if plain else "the design has no minimum n"
    if split:
        text += "; it differs between groups"
    ways = any(isinstance(rule, MinimumN) and rule.or_ for rule in design.steps.values())
    text += "; a group may also count by its share of the school" if ways else ""
    return Answer(question, "no" if split else "yes" if plain else "judge", text, "6311(c)(3)")


def _minimums(rule: Rule) -> tuple[Number, ...]:
    if isinstance(rule, MinimumN):
        return (rule.n,)
    return (rule.minimum_n,) if isinstance(rule, PooledRatio) else ()


def _columns(number: Number) -> frozenset[str]:
    if not isinstance(number, ByColumn):
        return frozenset()
    return frozenset((number.by,)).union(*(_columns(inner) for inner in number.numbers.values()))


def _denominator(design: Design) -> Answer:
    question = "Is achievement divided by at least 95 per cent of the students?"
    cite = "6311(c)(4)(E)(ii)"
    for name, rule in design.steps.items():
        floors = (
            [ref.of for ref in rule.of if _is_floor(design.steps.get(ref.of))]
            if isinstance(rule, Max)
            else []
        )
        if floors and isinstance(rule, Max) and len(rule.of) > 1:
            rest = listed(ref.of for ref in rule.of if ref.of not in floors)
            return Answer(question, "yes", f"{name} is the larger of {rest} and {floors[0]}", cite)
    asked = [name for name, rule in design.steps.items() if _asks_participation(rule)]
    text = "no such step; the state's values may be made so already"
    text += f"; participation is asked by {listed(asked)}" if asked else ""
    return Answer(question, "judge", text, cite)


def _is_floor(rule: Rule | None) -> bool:
    return isinstance(rule, Sum) and tuple(rule.of.values()) == (NINETY_FIVE,)


def _asks_participation(rule: Rule) -> bool:
    bounds = (rule.below, rule.at_least) if isinstance(rule, Test) else ()
    return any(bound in (NINETY_FIVE, 100 * NINETY_FIVE) for bound in bounds)


def _lists_on(design: Design, step: str) -> Iterator[Named]:
    """Give the lists of schools (not of groups) whose ground rests on a step."""
    for name in design.lists:
        rule = design.steps[name]
        if isinstance(rule, Named) and rule.group != "any" and step in design.below(rule.when.of):
            yield rule


def _lowest(design: Design) -> Answer:
    question = "Is the lowest 5 per cent of Title I schools named?"
    cite = "6311(c)(4)(D)(i)(I)"
    for name, line in design.steps.items():
        if not isinstance(line, ShareOfPool) or line.side != "lowest" or line.share is None:
            continue
        if any(True for _ in _lists_on(design, name)):
            enough = line.share >= LOWEST_SHARE and line.count == "up"
            wide = line.pool.of in (TITLE_1, EVERYONE)
            text = f"{name} cuts off {100 * line.share:g} per cent of {line.pool.of}"
            text += "" if line.count is None else f", counted {line.count}"
            found: Literal["yes", "no", "judge"] = "yes" if wide else "judge"
            return Answer(question, found if enough else "no", text, cite)
    text = "no line by share of schools; whether 5 per cent are named depends on the data"
    return Answer(question, "judge", text, cite)


def _graduation(design: Design) -> Answer:
    question = "Is every high school named that fails to graduate a third or more?"
    cite = "6311(c)(4)(D)(i)(II)"
    if all(measure.indicator is None for measure in design.measures.values()):
        return Answer(question, "judge", UNMARKED, cite)
    for name, rule in design.steps.items():
        if isinstance(rule, Test) and _of_graduation(design, rule.of):
            for named in _lists_on(design, name):
                if (told := _graduation_bound(name, rule, named)) is not None:
                    return Answer(question, *told, cite)
    return Answer(question, "no", "no list rests on a bound of the graduation rate", cite)


def _graduation_bound(
    name: str, rule: Test, named: Named
) -> tuple[Literal["yes", "no"], str] | None:
    bound = rule.below if rule.at_most is None else rule.at_most
    if not isinstance(bound, float):
        return None
    reach = bound >= (LAST_TENTH if rule.at_most is None else TWO_THIRDS - CLOSE)
    pool = [ref.of for ref in named.among or ()]
    text = f"{name} is met {'below' if rule.at_most is None else 'at or below'} {bound:g}"
    text += f"; only among {listed(pool)}" if pool else ""
    return ("yes" if reach and TITLE_1 not in pool else "no"), text


def _of_graduation(design: Design, ref: Ref) -> bool:
    below = {design.measures[m].indicator for m in design.measured_by(ref.of)}
    return below == {"graduation"}


def _groups(design: Design) -> Answer:
    question = "May a single student group bring a school onto a list?"
    lists = [
        name
        for name in design.lists
        if isinstance(rule := design.steps[name], Named) and rule.group == "any"
    ]
    text = f"by {listed(lists)}" if lists else "no list looks at groups"
    return Answer(question, "yes" if lists else "no", text, "6311(c)(4)(C)(iii), (d)(2)")


def _cycle(design: Design) -> Answer:
    question = "Are schools named at least once every three years?"
    stays = {name: rule.every for name, rule in design.steps.items() if isinstance(rule, Stay)}
    late = [name for name, every in stays.items() if (every or 1) > MOST_YEARS]
    text = (
        "lists are drawn anew every year"
        if not stays
        else listed(f"{name} every {every} years" for name, every in stays.items())
    )
    return Answer(question, "no" if late else "yes", text, "6311(c)(4)(D)(i)")
