"""Everything wrong in a design is told at once, with file, line, clause and what it says."""

import pandas as pd
import pytest

from analysis.designs.design import load_design, parse_design
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import rate

HEAD = "title: T\nevidence: derived\nmeasures: {ela: {}, math: {}}\nsets: {both: [ela, math]}\n"


def told(body: str, head: str = HEAD) -> str:
    with pytest.raises(ProblemsError) as error:
        parse_design(head + body, name="d")
    return str(error.value)


WRONG = {
    "an unknown word": (
        "points:\n  a: {rule: identity, off: ela}\n",
        "d:6: a.off: the rule identity has no word off. Did you mean of?",
    ),
    "an unknown rule": (
        "points:\n  a: {rule: idenity, of: ela}\n",
        "d:6: a: there is no rule idenity; rules are ",
    ),
    "no rule": ("points:\n  a: {of: ela}\n", "d:6: a: must say which rule it is"),
    "an unknown name": (
        "points:\n  a: {rule: identity, of: elaa}\n",
        "d:6: a: reads elaa, which is no measure, school column or step. Did you mean ela?",
    ),
    "a doubled key": (
        "points:\n  a: {rule: identity, of: ela}\n  a: {rule: identity, of: math}\n",
        "d:7: points: a is said twice (first in line 6).",
    ),
    "a name under two headings": (
        "points:\n  a: {rule: identity, of: ela}\nindex:\n  a: {rule: identity, of: ela}\n",
        "d:8: a: the step a is there already, at d:6.",
    ),
    "a measure's name": (
        "points:\n  ela: {rule: identity, of: math}\n",
        "ela: a measure, school column or step has this name.",
    ),
    "a cycle": (
        "points:\n  a: {rule: identity, of: b}\n  b: {rule: identity, of: a}\n",
        "steps read each other: ",
    ),
    "a hole in a grid": (
        "points:\n"
        "  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\n"
        "  g: {rule: grid, status: s, change: s, gives: [red, blue], cells: {low: {low: red, "
        "high: blue}}}\n",
        "must say what happens at every level of s; it lacks high",
    ),
    "cuts out of order": (
        "points:\n  a: {rule: cuts, of: ela, from: {2: 50, 3: 40}}\n",
        "d:6: a.from",
    ),
    "a share without its reading": (
        "lists:\n  a: {rule: share_of_pool, of: ela, share: 0.05, side: lowest}\n",
        "a.pool: must say pool.",
    ),
    "a share that does not say how it counts": (
        "lists:\n  a: {rule: share_of_pool, of: ela, share: 0.05, side: lowest, pool: all_schools,"
        " round: none, included: true}\n",
        "must say count (up, down, nearest) or percentile, and only one of them",
    ),
    "a number where a condition must be": (
        "lists:\n  a: {rule: named, when: ela}\n",
        "d:6: a.when: must name a condition, but ela gives a number.",
    ),
    "an unknown group": (
        "points:\n  a: {rule: identity, of: {of: ela, group: el}}\n",
        "d:6: a: reads the group el; the design's groups are all.",
    ),
    "an unknown set": (
        "points:\n  each_a: {for: bothh, rule: identity, of: each}\n",
        "must be a list or a set (both), but it says bothh. Did you mean both?",
    ),
    "for without each": (
        "points:\n  a: {for: both, rule: identity, of: each}\n",
        "a clause with for must have `each` in its name",
    ),
    "text for a number": (
        "points:\n  a: {rule: minimum_n, of: ela, n: twenty}\n",
        "d:6: a.n: must be a number",
    ),
    "an unknown heading": (
        "pionts:\n  a: {rule: identity, of: ela}\n",
        "pionts: a design has no such heading;",
    ),
    "a number by a column without words": (
        "schools: {level: {holds: text}}\npoints:\n"
        "  a: {rule: minimum_n, of: ela, n: {by: level, high: 30}}\n",
        "differs by level, which must be group, a school column with one_of, or a step that",
    ),
    "a reference that is none": (
        "points:\n  a: {rule: identity, of: [ela]}\n",
        "d:6: a.of: must be a name, or {of: name, year: last, group: all}",
    ),
    "a word that a reference lacks": (
        "points:\n  a: {rule: identity, of: {of: ela, yaer: last}}\n",
        "a reference has no word yaer. Did you mean year?",
    ),
    "a strange year": (
        "points:\n  a: {rule: identity, of: {of: ela, year: next}}\n",
        "year must be this, last or a year such as 2015, but it says next",
    ),
    "numbers by a column without numbers": (
        "points:\n  a: {rule: minimum_n, of: ela, n: {by: level}}\n",
        "must give a number for each word of the column after by",
    ),
    "a number that is a mapping": (
        "points:\n  a: {rule: minimum_n, of: ela, n: {high: 3}}\n",
        "must be a number, or {by: column, word: number}",
    ),
    "an unknown word of a column": (
        "schools: {level: {holds: text, one_of: [high]}}\npoints:\n"
        "  a: {rule: minimum_n, of: ela, n: {by: level, hihg: 30}}\n",
        "gives a number for hihg; level is one of high. Did you mean high?",
    ),
    "an empty list": (
        "conditions:\n  a: {rule: any, of: []}\n",
        "must be a list of names, or the name of a set",
    ),
    "a strange rounding": (
        "points:\n  a: {rule: identity, of: ela, round: {places: 1, mode: sideways}}\n",
        "must be a number of places, or {places: 1, mode: M} with M one of half_up",
    ),
    "no mapping of weights": (
        "points:\n  a: {rule: mean, of: [ela, math], missing: zero}\n",
        "must be a mapping with at least one entry",
    ),
    "a negative weight": (
        "points:\n  a: {rule: mean, of: {ela: -1, math: 1}, missing: zero}\n",
        "d:6: a.of.ela: a weight may not be negative, but it says -1",
    ),
    "a transfer without its word": (
        "points:\n  a: {rule: mean, of: {ela: 1, math: 1}, missing: transfer}\n",
        "a.transfer: must be given with missing: transfer, and only then",
    ),
    "a transfer to nothing": (
        "points:\n  a: {rule: mean, of: {ela: 1, math: 1}, missing: transfer, "
        "transfer: {ela: {mathh: 1}}}\n",
        "mathh is not among ela, math. Did you mean math?",
    ),
    "a transfer that is no mapping": (
        "points:\n  a: {rule: mean, of: {ela: 1}, missing: transfer, transfer: math}\n",
        "must be {missing measure: {measure that gains: weight}}",
    ),
    "two bounds": (
        "conditions:\n  a: {rule: test, of: ela, below: 3, above: 1}\n",
        "must say exactly one of at_least, above, at_most, below, is, beyond; it says",
    ),
    "a line that is none": (
        "conditions:\n  a: {rule: test, of: ela, beyond: math}\n",
        "must name a line, but math is none",
    ),
    "a level that is none": (
        "points:\n  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\nconditions:\n"
        "  a: {rule: test, of: s, is: [hihg]}\n",
        "s has no level hihg; it has low, high. Did you mean high?",
    ),
    "a level that is counted and is none": (
        "points:\n  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\nconditions:\n"
        "  a: {rule: count, of: [s], are: [hihg]}\n",
        "s has no level hihg; it has low, high. Did you mean high?",
    ),
    "a map with a hole": (
        "points:\n  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\n"
        "  a: {rule: map, of: s, to: {low: 1}}\n",
        "must say what happens at every level of s; it lacks high",
    ),
    "a line from a point to itself": (
        "points:\n  a: {rule: linear, of: ela, none_at: 5, full_at: 5, worth: 1}\n",
        "a.full_at: must differ from none_at",
    ),
    "a grid of levels that are none": (
        "points:\n  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\n"
        "  g: {rule: grid, status: s, change: s, gives: [red], cells: {low: {low: red, "
        "high: blu}, high: {low: red, high: red}}}\n",
        "must be one of red, but it says blu",
    ),
    "a grid without rows": (
        "points:\n  g: {rule: grid, status: ela, change: ela, gives: [red], cells: {low: red}}\n",
        "must be a mapping of rows, each a mapping of columns",
    ),
    "a decision table without rows": (
        "conditions:\n  a: {rule: decide, rows: {}, otherwise: met}\n",
        "must be a mapping of named rows {if: {...}, then: ...}",
    ),
    "a row without its words": (
        "conditions:\n  a: {rule: decide, rows: {one: {if: {ela: met}}}, otherwise: met}\n",
        "row one must be {if: {condition: met}, then: ...}",
    ),
    "an outcome that is none": (
        "conditions:\n  a: {rule: decide, rows: {r: {if: {ela: met}, then: great}}, "
        "otherwise: met}\n",
        "an outcome must be met, not_met, a number or a level of gives: great",
    ),
    "two subtracted numbers": (
        "points:\n  a: {rule: difference, of: 5, minus: 3}\n",
        "a.of: must name a step (or minus must)",
    ),
    "a percentile with ties": (
        "lists:\n  a: {rule: share_of_pool, of: ela, share: 0.05, side: lowest, pool: all_schools,"
        " round: none, included: true, percentile: linear, ties: in}\n",
        "a.ties: has no meaning with a percentile",
    ),
    "a count without ties": (
        "lists:\n  a: {rule: share_of_pool, of: ela, share: 0.05, side: lowest, pool: all_schools,"
        " round: none, included: true, count: up}\n",
        "a.count: must say what happens to ties (in or out)",
    ),
    "groups without any": (
        "groups: {el: x}\nmeasures: {c: {unit: condition}}\n"
        "lists:\n  a: {rule: named, when: c, groups: [el]}\n",
        "a.groups: must be given with group: any, and only then",
    ),
    "a window shorter than its years": (
        "measures: {c: {unit: condition}}\n"
        "conditions:\n  a: {rule: persist, of: c, years: 3, out_of: 2}\n",
        "a.out_of: must be at least years (3), but it says 2",
    ),
    "a cycle without a first year": (
        "measures: {c: {unit: condition}}\n"
        "conditions:\n  a: {rule: stay, enter: c, leave: c, every: 3}\n",
        "a.first: must give the first year of the cycle",
    ),
    "an unknown headline": (
        "points:\n  a: {rule: identity, of: ela}\nheadline: {index: b}\n",
        "headline.index: names b, which is no step.",
    ),
    "a shelf that is no mapping": ("points: [a]\n", "points: "),
    "a step that is no mapping": ("points:\n  a: 5\n", "a: "),
    "a heading as a step": ("points:\n  title: {rule: identity, of: ela}\n", "be no heading"),
    "an unknown level in a decision table": (
        "points:\n  s: {rule: cuts, of: ela, lowest: low, from: {high: 50}}\nconditions:\n"
        "  a: {rule: decide, rows: {one: {if: {s: [hihg]}, then: met}}, otherwise: not_met}\n",
        "s has no level hihg; it has low, high, met, not_met, missing. Did you mean high?",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_clause_is_told(kind: str) -> None:
    body, message = WRONG[kind]
    assert message in told(body)


def test_every_problem_is_told_at_once() -> None:
    body = "points:\n  a: {rule: idenity, of: ela}\n  b: {rule: identity, off: ela}\n"
    body += "  c: {rule: identity, of: x}\n  c: {rule: identity, of: ela}\n"
    lines = told(body).splitlines()
    places = {line.split(": ")[0] for line in lines}
    assert {"d:6", "d:7", "d:9"} <= places


def test_a_file_that_is_no_yaml_says_its_line() -> None:
    assert told("points:\n  a: [1,\nb: 2\n").startswith("d:8: must be YAML")


def test_a_bomb_is_refused() -> None:
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for here, before in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{here}: &{here} [{', '.join([f'*{before}'] * 10)}]\n"
    assert "too large" in told("", head=bomb)


def test_yaml_1_1_words_stay_words() -> None:
    body = "groups: {no: Norwegian learners}\npoints:\n  on: {rule: identity, of: ela}\n"
    design = parse_design(HEAD + body)
    assert "on" in design.steps
    assert "no" in design.header.groups


def test_a_design_that_is_not_there() -> None:
    with pytest.raises(ProblemsError, match="Did you mean franklin/index"):
        load_design("franklin/indx")


def test_a_design_cannot_be_changed_in_place() -> None:
    design = load_design("franklin/index")
    with pytest.raises(TypeError, match="use design.vary"):
        design.steps["stars"] = design.steps["total"]
    with pytest.raises(TypeError, match="use design.vary"):
        design.steps["of_part"].of["ela_points"] = 3


def test_a_word_where_levels_have_no_names_is_told() -> None:
    design = parse_design(HEAD + "conditions:\n  failing: {rule: test, of: ela, is: [F]}\n")
    ela = pd.DataFrame({"school": ["1"], "year": [2025], "measure": ["ela"], "value": [1.0]})
    math = ela.assign(measure="math")
    panel = make_panel(pd.DataFrame({"school": ["1"]}), pd.concat([ela, math]))
    with pytest.raises(ProblemsError, match="F: is no level here"):
        rate(design, panel)
