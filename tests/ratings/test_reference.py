"""Two implementations, one written from the words alone, say the same of every cell."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analysis.designs.clause import ByColumn, Ref
from analysis.designs.design import design_names, load_design, parse_design
from analysis.designs.rules import Rule, Step
from analysis.panels.about import About
from analysis.panels.panel import make_panel
from analysis.problems import ProblemsError
from analysis.ratings.examples import load_example
from analysis.ratings.rate import rate
from tests.reference import RULES, Place, Reference, read_tables

CASES = {path.stem: path for path in sorted((Path(__file__).parents[1] / "cases").glob("*.yaml"))}
DESIGNS = [*design_names(), *CASES, "corners"]
SEEDS = (1, 2)
PHASES = (Phase.explicit, Phase.generate)  # a smaller seed is no simpler panel
CLOSE = 1e-9
SHOWN = 12
KEEP_N = (
    *("minimum_n", "identity", "map", "linear", "cuts", "grid", "levels_in_pool"),
    *("change", "ratio", "pooled_ratio", "gap_closing", "wilson"),
)
"""Rules whose result stands on the students of one input, or on those pooled."""

GHOST = "9999"
"""A code that no school of the panel has."""


CORNERS = """
title: Corners of the language
evidence: derived
sets: {three: [g1, g2, g3], rungs: [low, mid, high]}
groups: {g1: one, g2: two, g3: three}
schools:
  kind: {holds: text, one_of: [a, b, c]}
  title1: {holds: yes_no}
  open: {holds: yes_no}
  size: {holds: number}
  pair: {holds: school}
measures:
  x: {unit: percent}
  p: {unit: percent}
  y: {range: [-50, 150]}
  w: {range: [0, 10]}
  v: {range: [0, 10]}
  u: {range: [0, 10]}
  z: {levels: [low, mid, high]}
  q: {unit: condition}
points:
  enough:
    rule: minimum_n
    of: x
    n: {by: kind, a: 20, others: {by: group, g1: 10, others: 30}}
    years: both
    or: {n: 10, share_of_all: 0.15}
  enough_y:
    {rule: minimum_n, of: y, n: 20, or: {n: {by: kind, a: 5}, share_of_all: {by: group,
     g1: 0.07, others: 0.29}}}
  counted_twice: {rule: minimum_n, of: enough_y, n: 4, years: both}
  falling:
    {rule: linear, of: y, none_at: 60, full_at: {by: kind, a: 10, b: 20}, worth: 7,
     round: {places: 1, mode: half_even}}
  rising:
    {rule: linear, of: y, none_at: 0, full_at: 100, worth: {by: kind, a: 10, others: 5},
     round: {places: 0, mode: up}}
  mapped: {rule: map, of: z, to: {low: 0, mid: {by: kind, a: 1.5, others: 2}, high: 3}}
  named_cut:
    rule: cuts
    of: y
    equal: out
    better: low
    lowest: bad
    from: {fair: {by: kind, a: 50, others: 40}, good: {by: kind, a: 20, b: 10}}
  numbered_cut:
    {rule: cuts, of: enough_y, from: {1: 0, 2: {by: group, g1: 30, others: 40}, 3: 70}}
  by_cut: {rule: cuts, of: x, from: {2: {by: named_cut, bad: 10, fair: 20, others: 30}, 3: 50}}
  by_deciles:
    {rule: levels_in_pool, of: y, levels: 3, pool: title1, base_year: 2021, percentile: hazen,
     within: kind}
  yearly_all:
    {rule: levels_in_pool, of: y, levels: 4, pool: q_all, base_year: yearly,
     percentile: weibull, cuts_of: all, better: low}
  yearly_own:
    {rule: levels_in_pool, of: x, levels: 5, pool: all_schools, base_year: yearly,
     percentile: median_unbiased, cuts_of: own, within: {of: named_cut, group: all}}
  from_below:
    {rule: levels_in_pool, of: y, levels: 4, pool: all_schools, base_year: 2021,
     percentile: lower, better: low}
  from_above:
    {rule: levels_in_pool, of: y, levels: 4, pool: all_schools, base_year: 2021,
     percentile: higher, cuts_of: all}
  wide:
    {rule: levels_in_pool, of: y, levels: 4, pool: title1, base_year: 2021,
     spacing: equal_width, within: all_schools}
  wide_by_kind:
    {rule: levels_in_pool, of: x, levels: 3, pool: all_schools, base_year: yearly,
     spacing: equal_width, within: kind, cuts_of: all, better: low}
  straight:
    {rule: levels_in_pool, of: y, levels: 2, pool: q, base_year: yearly, percentile: linear,
     cuts_of: own}
  box:
    rule: grid
    status: named_cut
    change: z
    gives: rungs
    cells:
      bad: {low: low, mid: low, high: mid}
      fair: {low: low, mid: null, high: high}
      good: {low: mid, mid: high, high: high}
  box_counted: {rule: minimum_n, of: box, n: 20, years: both}
  ends: {rule: normalise, of: y, pool: title1, base_year: 2021, how: min_max, low: 1}
  ends_by_kind:
    {rule: normalise, of: x, pool: q_all, base_year: yearly, how: min_max,
     high: {by: kind, a: 10, b: 20}, better: low}
  deviations:
    {rule: normalise, of: y, pool: all_schools, base_year: yearly, how: z_score, mean: 50,
     deviation: {by: kind, a: 10, others: 15}, better: low}
  deviations_then:
    {rule: normalise, of: w, pool: q, base_year: 2021, how: z_score, round: 2}
  rank: {rule: normalise, of: y, pool: all_schools, base_year: yearly, how: percentile_rank}
  rank_then:
    {rule: normalise, of: w, pool: title1, base_year: 2021, how: percentile_rank, better: low}
  lowest_y: {rule: lowest_group, of: y, as: g3, among: [g2, g1], by: itself, ties: first}
  lowest_x:
    {rule: lowest_group, of: x, as: g3, among: [g1, g2], by: itself, ties: last, better: low}
  lowest_by: {rule: lowest_group, of: enough, as: g1, among: [g2, g3], by: w, ties: last}
  lowest_level: {rule: lowest_group, of: box, as: g1, among: [g2, g3], by: box, ties: first}
  lowest_counted: {rule: minimum_n, of: lowest_level, n: 20}
  lowest_pooled:
    {rule: pooled_ratio, of: [lowest_x], years: 2, minimum_n: 20, missing: leave_out}
  moved_2: {rule: change, of: y, years: 2, round: {places: -1, mode: down}}
  apart: {rule: difference, of: x, minus: {of: y, group: g1}}
  short_of: {rule: difference, of: 50, minus: {of: y, year: 2021}}
  part: {rule: ratio, of: y, over: w, times: {by: kind, a: 100, b: 10}, round: 1}
  pooled:
    {rule: pooled_ratio, of: [x, p], years: 2, minimum_n: {by: group, g1: 10, others: 30},
     missing: leave_out, times: 1000}
  pooled_all:
    {rule: pooled_ratio, of: [x, {of: p, group: all}], years: 2, minimum_n: 20,
     missing: no_result, round: 1}
  fewer:
    {rule: gap_closing, of: y, goal: {by: kind, a: 20, others: 30}, share: 0.1, gives: gain,
     better: low, at_least: 1, round: 1}
  fewer_held:
    {rule: gap_closing, of: y, goal: 20, share: 0.1, gives: gain, better: low, beyond: hold}
  more_held:
    {rule: gap_closing, of: y, goal: 50, share: 0.25, gives: gain, beyond: hold, at_least: 2}
  value_held:
    {rule: gap_closing, of: y, goal: 50, share: 0.25, gives: value, beyond: hold,
     at_least: {by: kind, a: 1, b: 3}}
  low_bound: {rule: wilson, of: x, side: lower, z: {by: kind, a: 1.64, others: 1.96}}
  high_bound: {rule: wilson, of: pooled_all, side: upper, round: 1}
index:
  counted_as_0:
    {rule: mean, of: {w: 1, v: 2, u: {by: kind, a: 1, others: 0}}, missing: zero, judged: 2}
  all_needed: {rule: mean, of: {w: 1, v: 2, u: 1}, missing: no_result, form: harmonic}
  geometric: {rule: mean, of: {w: 1, v: 2, y: 1}, missing: share_out, form: geometric, judged: 2}
  harmonic: {rule: mean, of: {w: 1, v: 2, y: 1}, missing: zero, form: harmonic}
  by_kind:
    {rule: mean, of: {w: {by: kind, a: 1, b: 3}, v: 2, u: {by: kind, a: 0, others: 5}},
     missing: share_out}
  passed_on:
    rule: mean
    of: {w: 10, v: 20, u: 30, x: 40, y: 5}
    missing: transfer
    transfer:
      w: {v: 5, u: 5}
      v: [{u: 10, x: 5}, {w: 20}]
      u: {x: 15}
      x: [{y: 40}, {w: 30, v: 10}]
  added: {rule: sum, of: {w: -1, v: {by: kind, a: 2, others: 0.5}, u: 1}, missing: zero}
  added_all:
    {rule: sum, of: {w: 1, v: 2}, missing: no_result, round: {places: 0, mode: half_even}}
  possible:
    {rule: points_over_possible, of: {w: 10, v: {by: kind, a: 10, others: 0}, u: 20}, times: 5}
  largest: {rule: max, of: [w, v, {of: u, year: last}], missing: leave_out}
  smallest: {rule: min, of: [w, {of: v, group: all}, u], missing: no_result}
  least_level: {rule: min, of: [z, named_cut], missing: leave_out}
  groups_rest:
    {rule: across_groups, of: w, all: 0.4, rest: three, worth: 33.3, full: 10, missing: rest,
     cell_round: 1}
  groups_all:
    {rule: across_groups, of: w, all: 0.4, rest: three, worth: {by: kind, a: 10, b: 20},
     full: 10, missing: all, cell_round: {places: 1, mode: down}}
  groups_scaled:
    {rule: across_groups, of: w, all: {by: kind, a: 0.4, others: 0.5}, rest: three, worth: 33.3,
     full: 10, missing: scale_up, cell_round: 1}
  equal_rest:
    {rule: across_groups, of: w, all: equal, rest: three, worth: 33.3, full: 10, missing: rest}
  equal_all:
    {rule: across_groups, of: w, all: equal, rest: three, worth: 33.3, full: 10, missing: all,
     round: 2}
  equal_scaled:
    {rule: across_groups, of: w, all: equal, rest: three, worth: 33.3, full: 10,
     missing: scale_up, cell_round: 2}
  parts_out: {rule: across_parts, of: w, weights: size, missing: share_out}
  parts_none: {rule: across_parts, of: y, weights: size, missing: no_result, round: 1}
  paired: {rule: inherit, of: box, column: pair}
  paired_again: {rule: inherit, of: parts_out, column: pair}
conditions:
  above_own: {rule: test, of: x, above: y}
  at_least_last: {rule: test, of: y, at_least: {of: y, year: last}}
  at_most_all: {rule: test, of: y, at_most: {of: y, group: all}}
  below_kind: {rule: test, of: y, below: {by: kind, a: 30, b: 40}}
  two_levels: {rule: test, of: box, is: [low, high]}
  of_kind: {rule: test, of: kind, is: [a, c]}
  q_all: {rule: any, of: [{of: q, group: all}]}
  there: {rule: present, of: box_counted}
  some:
    {rule: count, of: [z, box, {of: z, group: g2}], are: [low, mid], at_least: 1,
     at_most: {by: kind, a: 2, b: 1}, judged: 2}
  most:
    {rule: count, of: [z, box, {of: z, year: last}, {of: z, group: g1}], are: [low],
     more_than_share: {by: kind, a: 0.5, others: 0.25}}
  all_but_one: {rule: count, of: [q, above_own, at_least_last], are: [not_met], all_but: 1}
  any_here: {rule: any, of: [q, above_own, below_kind], missing: leave_out}
  any_group: {rule: any, of: [q, {of: above_own, group: all}], groups: [all, g1, g2]}
  all_here: {rule: all, of: [q, above_own, below_kind], missing: unknown}
  all_groups: {rule: all, of: [q, at_most_all], groups: three, missing: leave_out}
  table:
    rule: decide
    gives: [none, some, much]
    rows:
      first: {if: {q: met, box: [low, mid]}, then: none}
      gone: {if: {z: missing, above_own: not_met}, then: some}
      second: {if: {z: [mid, high], below_kind: met, kind: [a, b]}, then: much}
      third: {if: {numbered_cut: [0, 1]}, then: none}
    otherwise: some
  values:
    rule: decide
    rows:
      first: {if: {q: not_met}, then: {of: w, year: last}}
      second: {if: {z: missing}, then: 4.5}
      third: {if: {z: low, box: [low, missing]}, then: {of: v, group: g1}}
    otherwise: {of: u}
  answers:
    rule: decide
    rows:
      first: {if: {q: missing}, then: not_met}
      second: {if: {above_own: met}, then: {of: below_kind}}
    otherwise: met
lists:
  line_up:
    {rule: share_of_pool, of: y, share: 0.3, side: highest, pool: title1, counted: pool,
     round: 0, count: up, ties: out, included: false}
  line_near:
    {rule: share_of_pool, of: y, share: 0.25, side: lowest, pool: q, within: kind, round: -1,
     count: nearest, ties: out, included: true}
  line_down:
    {rule: share_of_pool, of: w, share: 0.2, side: highest, pool: all_schools,
     within: {of: named_cut, group: all}, round: none, count: down, ties: in, included: false}
  q_linear:
    {rule: share_of_pool, of: y, share: 0.2, side: lowest, pool: all_schools, round: 1,
     percentile: linear, included: true}
  q_lower:
    {rule: share_of_pool, of: y, share: 0.2, side: highest, pool: title1, round: none,
     percentile: lower, included: true}
  q_higher:
    {rule: share_of_pool, of: y, share: 0.35, side: lowest, pool: all_schools, round: none,
     percentile: higher, included: false}
  q_nearest:
    {rule: share_of_pool, of: y, share: 0.5, side: lowest, pool: all_schools, round: none,
     percentile: nearest, included: true}
  q_hazen:
    {rule: share_of_pool, of: y, share: 0.1, side: highest, pool: all_schools, within: kind,
     round: none, percentile: hazen, included: true}
  q_weibull:
    {rule: share_of_pool, of: y, share: 0.9, side: lowest, pool: all_schools, round: none,
     percentile: weibull, included: true}
  q_median:
    {rule: share_of_pool, of: y, share: 0.2, side: lowest, pool: q_all, round: none,
     percentile: median_unbiased, included: true}
  past_up: {rule: test, of: y, beyond: line_up}
  past_near: {rule: test, of: y, beyond: line_near}
  past_down: {rule: test, of: w, beyond: {of: line_down, group: all}}
  past_linear: {rule: test, of: x, beyond: q_linear}
  past_lower: {rule: test, of: {of: y, group: g1}, beyond: q_lower}
  past_hazen: {rule: test, of: y, beyond: {of: q_hazen, year: last}}
  above_line: {rule: test, of: y, above: line_near}
  one: {rule: named, when: past_near, among: [title1, open]}
  two: {rule: named, when: past_up, group: any, groups: three, unless: [one]}
  three_: {rule: named, when: any_group, among: [all_schools, title1], unless: [one, two]}
  four: {rule: named, when: past_linear, group: g2, among: [one]}
  edge:
    {rule: edge_of_list, of: y, among: two, edge: lowest, side: highest, round: 0,
     included: true}
  edge_within:
    {rule: edge_of_list, of: w, among: three_, edge: highest, side: lowest, round: none,
     included: false, within: kind}
  past_edge: {rule: test, of: y, beyond: edge}
  past_within: {rule: test, of: w, beyond: edge_within}
  twice_of_three: {rule: persist, of: past_near, years: 2, out_of: 3}
  here_before: {rule: persist, of: any_here, years: 1, out_of: 2}
  status: {rule: stay, enter: q, leave: at_most_all, every: 2, first: 2021, carry: [2022]}
  status_each: {rule: stay, enter: below_kind, leave: q}
  listed: {rule: named, when: status, group: any, groups: [all, g1], among: [title1]}
  kept: {rule: identity, of: {of: y, year: last, group: all}, round: 0}
"""
"""Every rule with every choice that it has, also those that no built-in design makes yet."""


@cache
def design_called(name: str):
    if name == "corners":
        return parse_design(CORNERS, name="corners")
    return load_example(CASES[name]).design if name in CASES else load_design(name)


def large(name: str) -> bool:
    """Say whether one panel of a design takes long: many steps times many groups."""
    design = design_called(name)
    return len(design.steps) * (1 + len(design.header.groups)) > 300


# Random panels made of the design itself.

PASSING = ("identity", "minimum_n", "wilson", "pooled_ratio", "change", "difference", "max", "min")
WORDS = {
    "cuts": ("from_",),
    "test": ("at_least", "above", "at_most", "below"),
    "linear": ("none_at", "full_at"),
    "gap_closing": ("goal",),
}
NEAR = (0.1, 0.05, 0.04, 0.01, 0.5, 1.0, 1e-10)


@dataclass(frozen=True)
class Notches:
    """Where a small change matters: values, changes over a year, targets, and numbers of students.

    Targets are pairs of a goal and the share of the distance to it. `together` holds values of
    several measures with which a step that combines them comes out at one of its cut points.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    moves: dict[str, list[float]] = field(default_factory=dict)
    targets: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    together: list[dict[str, float]] = field(default_factory=list)
    students: list[float] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    entry: list[int] = field(default_factory=list)


def numbers(said: object) -> Iterator[float]:
    if isinstance(said, ByColumn):
        yield from numbers(said.numbers)
    elif isinstance(said, dict):
        for inner in said.values():
            yield from numbers(inner)
    elif hasattr(said, "model_fields_set"):
        for word in said.model_fields_set:
            yield from numbers(getattr(said, word))
    elif isinstance(said, float):
        yield said


def years(said: object) -> Iterator[int]:
    if isinstance(said, Ref) and isinstance(said.year, int):
        yield said.year
    elif isinstance(said, dict | tuple):
        for inner in said.values() if isinstance(said, dict) else said:
            yield from years(inner)
    elif hasattr(said, "model_fields_set"):
        for word in said.model_fields_set:
            yield from years(getattr(said, word))


def sources(design, name: str, *, moved: bool = False) -> Iterator[tuple[str, bool]]:
    """Give the measures that a step passes on, and whether as a change over the years."""
    if name in design.measures:
        yield name, moved
    rule = design.steps.get(name)
    if rule is not None and rule.rule in PASSING:
        for used in design.uses(name):
            yield from sources(design, used, moved=moved or rule.rule in ("change", "difference"))


def joined(design, name: str, bound: float) -> dict[str, float]:
    """Give values of measures with which a step that rests on them comes out at a bound."""
    rule = design.steps.get(name)
    if rule is None:
        return {name: bound} if name in design.measures else {}
    if rule.rule == "ratio":
        return joined(design, rule.over.of, 100.0) | joined(design, rule.of.of, bound)
    if rule.rule == "sum":
        bound /= sum(numbers(rule.of)) or 1.0
    elif rule.rule not in ("identity", "mean", "decide", "max", "min", "minimum_n"):
        return {}
    return {m: x for used in design.uses(name) for m, x in joined(design, used, bound).items()}


@cache
def notches_of(name: str) -> Notches:
    design, found = design_called(name), Notches()
    for rule in design.steps.values():
        for word in ("n", "minimum_n", "or_"):
            found.students.extend(numbers(getattr(rule, word, None)))
        found.years.extend(years(rule))
        base = getattr(rule, "base_year", None)
        found.years.extend([base] if isinstance(base, int) else [])
        found.entry.extend([rule.first] if getattr(rule, "first", None) else [])
        if rule.rule not in WORDS:
            continue
        for bound in (x for word in WORDS[rule.rule] for x in numbers(getattr(rule, word))):
            several = joined(design, rule.of.of, bound)
            found.together.extend([several] if len(several) > 1 else [])
        for measure, moved in sources(design, rule.of.of):
            there = (found.moves if moved else found.values).setdefault(measure, [])
            there.extend(x for word in WORDS[rule.rule] for x in numbers(getattr(rule, word)))
            if rule.rule == "gap_closing":
                pairs = product(numbers(rule.goal), numbers(rule.share))
                found.targets.setdefault(measure, []).extend(pairs)
    return found


@dataclass(frozen=True)
class Drawing:
    """Draws the tables of one small panel."""

    name: str
    random: np.random.Generator
    seen: dict[str, list[float]] = field(default_factory=dict)

    @property
    def design(self):
        return design_called(self.name)

    def one(self, of: Any) -> Any:
        return of[int(self.random.integers(len(of)))]

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def years(self) -> list[int]:
        said, entry = notches_of(self.name).years, notches_of(self.name).entry
        start = min([*said, *entry] or [2020]) - int(self.random.integers(2))
        few = [[0, 1], [0, 1], [0, 1], [0, 1], [0, 2], [0]]
        more = [[0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2, 3]]
        later = self.one(few if large(self.name) else [*few, *more])
        return sorted({*said, *(start + step for step in later)})

    def rows(self) -> list[tuple[str, str]]:
        size = self.random.integers(5, 7) if large(self.name) else self.random.integers(8, 25)
        codes = [f"{i:04d}" for i in range(1, int(size) + 1)]
        parts = any(rule.rule == "across_parts" for rule in self.design.steps.values())
        spans = codes[:2] if parts or self.chance(0.3) else []
        rows = [(code, "") for code in codes]
        return [*rows, *((code, part) for code in spans for part in ("lower", "upper"))]

    def schools(self, rows: list[tuple[str, str]], years: list[int]) -> pd.DataFrame:
        codes = [code for code, part in rows if not part]
        by_year = self.chance(0.3)
        said = [
            {"school": code, "part": part}
            | ({"year": year} if by_year else {})
            | {name: self.column(column, codes) for name, column in self.design.columns.items()}
            for code, part in rows
            for year in (years if by_year else years[:1])
        ]
        for name, column in self.design.columns.items():  # an empty column has no kind
            said[0][name] = {"text": (*column.one_of, "")[0], "yes_no": "yes"}.get(
                column.holds, said[0][name]
            )
        return pd.DataFrame(said)

    def column(self, column, codes: list[str]) -> str:
        if self.chance(0.08):
            return ""
        return {
            "yes_no": lambda: self.one(["yes", "yes", "no"]),
            "text": lambda: self.one(column.one_of),
            "number": lambda: str(self.one([0, 100, 150, 300, 301])),
            "school": lambda: self.one([*codes, GHOST, "", "", ""]),
        }[column.holds]()

    def measures(self, rows: list[tuple[str, str]], years: list[int]) -> pd.DataFrame:
        groups, said = ["all", *self.design.header.groups], []
        for (code, part), group in product(rows, groups):
            before: dict[str, float] = {}
            for year in years:
                low, same = self.one([False, False, True]), self.at_a_bound()
                for name in self.design.measures:
                    first = (code, part, group) == (*rows[0], "all")
                    cell = self.cell(name, before.get(name), low=low, first=first)
                    if name in same and cell and not math.isnan(cell["value"]) and not first:
                        cell["value"] = self.clipped(name, same[name])
                    if cell is None and (code, part) != rows[0]:
                        continue
                    cell = cell or {"value": math.nan}
                    before[name] = cell["value"]
                    keys = {"school": code, "part": part, "year": year, "group": group}
                    said.append(keys | {"measure": name} | cell)
        return pd.DataFrame(said)

    def at_a_bound(self) -> dict[str, float]:
        several = notches_of(self.name).together
        return self.one(several) if several and self.chance(0.4) else {}

    def cell(self, name: str, before: float | None, *, low: bool, first: bool) -> dict | None:
        if not first and self.chance(0.12):
            return None
        n = self.students()
        if not first and self.chance(0.08):
            return {"value": math.nan, "n": self.one([n, 0, math.nan]), "numerator": math.nan}
        value = 50.0 if first and self.percent(name) else self.value(name, before, low=low)
        if name not in self.pooled():
            return {"value": value, "n": n, "numerator": math.nan}
        n = max(n, 1)
        k = min(n, max(0, round(value * n / 100)))
        rate = 100 * k / n
        value = rate if self.chance(0.5) else round(rate, 1)
        return {"value": value, "n": n, "numerator": math.nan if self.chance(0.05) else k}

    def percent(self, name: str) -> bool:
        return self.design.measures[name].unit == "percent"

    def pooled(self) -> set[str]:
        rules = [rule for rule in self.design.steps.values() if rule.rule == "pooled_ratio"]
        return {ref.of for rule in rules for ref in rule.of}

    def students(self) -> int:
        at = [int(x) for x in notches_of(self.name).students] or [20]
        near = self.one(at) + int(self.random.integers(-1, 2))
        return max(0, self.one([near, near, near, 40, 100, 149, 150, 200, 333, 340, 400, 1000]))

    def value(self, name: str, before: float | None, *, low: bool) -> float:
        measure = self.design.measures[name]
        if measure.levels:
            return float(self.random.integers(1, 3 if low else len(measure.levels) + 1))
        if measure.unit == "condition":
            return float(self.random.integers(2))
        x = self.clipped(name, self.number(name, before, *self.ends(name)))
        self.seen.setdefault(name, []).append(x)
        return x

    def ends(self, name: str) -> tuple[float, float]:
        measure = self.design.measures[name]
        default = (0.0, 100.0) if measure.unit == "percent" else (-math.inf, math.inf)
        return measure.range or default

    def clipped(self, name: str, x: float) -> float:
        least, most = self.ends(name)
        return min(max(x, least), most)

    def number(self, name: str, before: float | None, least: float, most: float) -> float:
        notches, way = notches_of(self.name), self.random.random()
        values, moves = notches.values.get(name, []), notches.moves.get(name, [])
        targets = notches.targets.get(name, [])
        known = before is not None and not math.isnan(before)
        if values and way < 0.4:
            return self.one(values) + self.one([0.0, 0.0, 1.0, -1.0]) * self.one(NEAR)
        if known and moves and way < 0.6:
            return before + self.one(moves) + self.one([0.0, 0.0, 0.1, -0.1, 0.05, -0.05])
        if known and targets and way < 0.6:
            goal, share = self.one(targets)
            return round(before + share * (goal - before), self.one([1, 1, 5]))
        if name in self.seen and way < 0.7:
            return self.one(self.seen[name])
        near = max(least, -5.0), min(most, 1000.0 if least > 0 else 100.0)
        size = self.one([1.0, 1.0, 0.2]) if math.isinf(most) else 1.0
        drawn = round(float(self.random.uniform(*near)) * size, self.one([0, 0, 1]))
        return self.one([drawn, drawn, math.floor(drawn) + 0.5, round(drawn) + 0.05])


def tables(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    drawing = Drawing(name, np.random.default_rng([seed, len(name)]))
    years, rows = drawing.years(), drawing.rows()
    return drawing.schools(rows, years), drawing.measures(rows, years)


# Holding one to the other.


def differences(design, reference: Reference, panel) -> list[str]:
    """Say of every cell in which the engine, with its own design, disagrees with the reference."""
    ratings = rate(design, panel)
    keys = list(zip(panel.units["school"], panel.units["part"], strict=True))
    told = []
    for step, rule in design.steps.items():
        found = ratings[step]
        if found.labels != reference.labels(step) and step not in design.unknown:
            told.append(f"{step}: levels {found.labels}, not {reference.labels(step)}")
        pairs = {"value": laid_out(found.value, ratings)}
        if found.n is not None and rule.rule in KEEP_N:
            pairs["n"] = laid_out(found.n, ratings)
        for word, array in pairs.items():
            for (i, y, g), theirs in np.ndenumerate(array):
                year, group = ratings.cells.years[y], ratings.cells.groups[g]
                place = Place(reference.rows.index(keys[i]), year, group)
                cell = reference.cell(step, place)
                ours = math.nan if getattr(cell, word) is None else float(getattr(cell, word))
                stands = word == "value" or None not in (cell.value, cell.n)
                if stands and not same(ours, theirs):
                    where = f"school {'/'.join(keys[i])}, {place.year}, {place.group}"
                    said = f"{word} of engine {theirs}, of reference {ours}"
                    told.append(f"{design.name}, {step} ({rule.rule}), {where}: {said}")
    return told


def laid_out(array, ratings) -> np.ndarray:
    """Lay an array out over school, year and group, whichever of these it has."""
    frame = ratings[next(iter(ratings.design.measures))].value
    return array.broadcast_like(frame).transpose("school", "year", "group").values


def same(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= CLOSE * max(1.0, abs(a))


def both(name: str, seed: int, *, varied=None) -> list[str]:
    design = design_called(name)
    schools, measures = tables(name, seed)
    panel = make_panel(schools, measures, about=About(entity=design.header.entity))
    return differences(varied or design, read_tables(design, schools, measures), panel)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_engine_says_what_the_words_say(name) -> None:
    seeds = SEEDS[:1] if large(name) else SEEDS
    told = [f"seed {seed}: {text}" for seed in seeds for text in both(name, seed)]
    assert not told, "\n".join([f"{len(told)} cells differ", *told[:SHOWN]])


@settings(max_examples=15, deadline=None, derandomize=True, phases=PHASES)
@given(name=st.sampled_from(DESIGNS), seed=st.integers(10, 2**31))
def test_the_engine_says_what_the_words_say_of_any_panel(name, seed) -> None:
    told = both(name, seed)
    assert not told, "\n".join([f"{len(told)} cells differ", *told[:SHOWN]])


@pytest.mark.parametrize("name", CASES)
def test_the_words_say_what_was_worked_out_by_hand(name) -> None:
    """The engine gives what a case expects (test_cases.py), the reference what the engine gives."""
    example = load_example(CASES[name])
    tables = (schools_of(example.design, example.panel), measures_of(example.panel))
    told = differences(example.design, read_tables(example.design, *tables), example.panel)
    assert not told, "\n".join(told[:SHOWN])


def schools_of(design, panel) -> pd.DataFrame:
    said = []
    for (i, unit), year in product(enumerate(panel.units.to_dict("records")), panel.years):
        row = {"school": unit["school"], "part": unit["part"], "year": year}
        for name, column in design.columns.items():
            array = panel.columns[name]
            cell = (array.sel(year=year) if "year" in array.dims else array).values[i]
            words = {1.0: "yes", 0.0: "no"} if column.holds == "yes_no" else {}
            row[name] = "" if cell != cell else words.get(cell, cell)  # noqa: PLR0124 (nan)
        said.append(row)
    return pd.DataFrame(said)


def measures_of(panel) -> pd.DataFrame:
    units = list(zip(panel.units["school"], panel.units["part"], strict=True))
    said = []
    for name, values in panel.measures.items():
        arrays = {"value": values.value, "n": values.n, "numerator": values.numerator}
        given = {word: a.values for word, a in arrays.items() if a is not None}
        for (i, unit), (y, year), (g, group) in product(
            enumerate(units), enumerate(panel.years), enumerate(panel.groups)
        ):
            keys = {"school": unit[0], "part": unit[1], "year": year, "group": group}
            cells = {word: float(a[i, y, g]) for word, a in given.items()}
            said.append(keys | {"measure": name} | cells)
    return pd.DataFrame(said)


# The comparison itself can fail, and looks everywhere.

CHANGES = [
    ("franklin/index", "ela_level.from.3", 41),
    ("franklin/index", "lowest_line.share", 0.4),
    ("franklin/dashboard", "math_counted.n", 21),
    ("california/essa-2018", "red_but_one.all_but", 2),
    ("florida/2022", "grade.from.B", 55),
    ("tennessee/2019", "average.of.attend_final", 12),
    ("new-york/2019-em", "growth.equal", "in"),
    ("texas/2013", "index_1.round", 1),
    ("memory", "listed.every", 2),
    ("corners", "passed_on.transfer.u.x", 14),
]


@pytest.mark.parametrize(("name", "address", "value"), CHANGES, ids=str)
def test_a_design_changed_in_one_place_is_told(name, address, value) -> None:
    varied = design_called(name).vary({address: value})
    step = address.split(".")[0]
    told = (text for seed in SEEDS for text in both(name, seed, varied=varied))
    assert any(text.startswith(f"{name}, {step} (") for text in told)


def rules() -> list[Any]:
    """List every rule class of the union, however it is nested."""

    def leaves(annotation: Any) -> Iterator[Any]:
        inner = get_args(annotation)
        yield from (one for part in inner for one in leaves(part)) if inner else (annotation,)

    return [one for one in leaves(Step) if isinstance(one, type) and issubclass(one, Rule)]


def choices(annotation: Any) -> set[str]:
    if get_origin(annotation) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    return {word for part in get_args(annotation) for word in choices(part)}


def test_the_reference_knows_every_rule() -> None:
    known = {word for rule in rules() for word in choices(rule.model_fields["rule"].annotation)}
    assert len(known) >= 30
    assert set(RULES) == known


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.__name__)
def test_every_choice_of_a_rule_is_tried(rule) -> None:
    clauses = [c for n in DESIGNS for c in design_called(n).steps.values() if type(c) is rule]
    for word, info in rule.model_fields.items():
        wanted = choices(info.annotation) if word != "evidence" else set()
        tried = [getattr(clause, word) for clause in clauses]
        untried = [choice for choice in sorted(wanted) if choice not in tried]
        assert not untried, f"{word}: nobody says {', '.join(untried)}"


def test_panels_land_on_notches() -> None:
    """Of the values drawn, many lie exactly at a cut point, and some a hair beside it."""
    away: list[float] = []
    for name, seed in product(("franklin/index", "new-york/2019-em", "corners"), SEEDS):
        _, measures = tables(name, seed)
        for measure, points in notches_of(name).values.items():
            values = measures["value"][measures["measure"] == measure]
            away += [min(abs(x - point) for point in points) for x in values if points]
    assert sum(x == 0 for x in away) > 100
    assert sum(0 < x < CLOSE for x in away) > 5


def test_a_base_year_that_the_panel_lacks_is_told() -> None:
    design = design_called("corners").vary({"by_deciles.base_year": 1990})
    with pytest.raises(ProblemsError, match="takes its cut points from 1990; the panel has"):
        both("corners", 1, varied=design)
