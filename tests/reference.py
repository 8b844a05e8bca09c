"""What does a design say of one cell? A second implementation: slow, plain, and independent.

It was written from what the rules say of themselves and from hand-worked cases, not from the
engine. Every cell (school, year, group) is worked out by itself, in exact fractions. It takes over
a design's parsed clauses and nothing else. Where a clause needs a number that it does not give for
a kind of school, there is no result.

To add a rule: one function here and its name in `RULES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

import pandas as pd

from analysis.designs.checking import EVERYONE
from analysis.designs.clause import ByColumn, Ref, Rounding
from analysis.designs.design import Design

ALL: Final = "all"
ANSWERS: Final = {"met": Fraction(1), "not_met": Fraction(0)}
TOLD: Final = ("cite", "evidence", "note", "rule")
NOWHERE: Final = Fraction(-1)
HALF: Final = Fraction(1, 2)
ONE: Final = Fraction(1)


class Place(NamedTuple):
    """One cell: a row of the schools table, a year, a group."""

    row: int
    year: int
    group: str


@dataclass(frozen=True)
class Cell:
    """A value and the students behind it; None is missing."""

    value: Fraction | None = None
    n: Fraction | None = None
    numerator: Fraction | None = None


EMPTY: Final = Cell()


def exact(x: object) -> Fraction | None:
    """Take a number as its decimal text says it, not as its binary approximation."""
    if x is None or x == "" or (isinstance(x, float) and math.isnan(x)):
        return None
    return Fraction(Decimal(repr(float(str(x)))))


def settled(x: Fraction) -> Fraction:
    """Round to nine places, as every value is before it is compared."""
    if isinstance(x, float):  # a line that nobody can reach
        return x
    return Fraction(round(x * 10**9), 10**9)


def rounded(x: Fraction, rounding: Rounding) -> Fraction:
    """Round to so many places, counting as a half what is a half to six further places."""
    scale = Fraction(10) ** rounding.places
    near = Fraction(round(x * scale * 10**6), 10**6)
    whole = {
        "half_up": lambda: math.floor(near + HALF),
        "half_even": lambda: round(near),
        "up": lambda: math.ceil(near),
        "down": lambda: math.floor(near),
    }[rounding.mode]()
    return Fraction(whole) / scale


def quantile(xs: Sequence[Fraction], q: Fraction, method: str) -> Fraction:
    """Give a quantile of some values, by the type's own formula (Hyndman and Fan 1996)."""
    ordered, n = sorted(xs), len(xs)
    place = {
        "linear": (n - 1) * q,
        "hazen": n * q - HALF,
        "weibull": (n + 1) * q - 1,
        "median_unbiased": (n + Fraction(1, 3)) * q - Fraction(2, 3),
        "lower": Fraction(math.floor((n - 1) * q)),
        "higher": Fraction(math.ceil((n - 1) * q)),
        "nearest": Fraction(round((n - 1) * q)),
    }[method]
    place = min(max(place, Fraction(0)), Fraction(n - 1))
    below = math.floor(place)
    above = min(below + 1, n - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def code(word: str, labels: tuple[str, ...]) -> Fraction:
    """Give a level its place from 1 among named levels, else the number that it says."""
    return Fraction(labels.index(word) + 1) if word in labels else Fraction(word)


def with_null(said: object) -> bool:
    """Say whether a number that nobody knows (null) stands anywhere in a word of a clause."""
    if isinstance(said, ByColumn):
        return with_null(said.numbers)
    if isinstance(said, Mapping):
        return any(with_null(inner) for inner in said.values())
    if isinstance(said, tuple | list):
        return any(with_null(inner) for inner in said)
    if hasattr(said, "model_fields_set"):
        return any(with_null(getattr(said, word)) for word in said.model_fields_set)
    return said is None


@dataclass(frozen=True)
class Reference:
    """Rates a panel, given as plain tables, one cell at a time.

    `schools` has one row for each school (and part) and year, or for all years; `measures` one
    row for each school, part, year, group and measure.
    """

    design: Design
    rows: tuple[tuple[str, str], ...]
    years: tuple[int, ...]
    groups: tuple[str, ...]
    known: Mapping[tuple[str, int, int], str]
    given: Mapping[tuple[str, Place], Cell]
    unknown: frozenset[str]
    done: dict[tuple[str, Place], Cell] = field(default_factory=dict)

    def cell(self, name: str, at: Place) -> Cell:
        """Give one cell of a measure, a school column or a step."""
        if (name, at) not in self.done:
            self.done[name, at] = self._cell(name, at)
        return self.done[name, at]

    def _cell(self, name: str, at: Place) -> Cell:
        if name in self.design.measures:
            return self.given.get((name, at), EMPTY)
        if name in self.design.columns:
            return Cell(self._column(name, at))
        rule: Any = self.design.steps[name]
        if name in self.unknown:
            return EMPTY
        found = RULES[rule.rule](self, rule, at)
        rounding = getattr(rule, "round", None)
        if isinstance(rounding, Rounding) and found.value is not None:
            return replace(found, value=rounded(found.value, rounding))
        return found

    def _column(self, name: str, at: Place) -> Fraction | None:
        column, said = self.design.columns[name], self.known.get((name, at.row, at.year), "")
        if said == "":
            return None
        if column.holds == "school":
            whole = (said, "")
            return Fraction(self.rows.index(whole)) if whole in self.rows else NOWHERE
        if column.holds == "yes_no":
            return {"yes": Fraction(1), "no": Fraction(0)}[said]
        return exact(said) if column.holds == "number" else code(said, column.one_of)

    def read(self, ref: Ref, at: Place, *, back: int = 0) -> Cell:
        """Read a reference: this year, last year or a year by number; this group or a named one."""
        year = {"this": at.year, "last": at.year - 1}.get(str(ref.year), ref.year)
        group = at.group if ref.group is None else ref.group
        if int(year) - back not in self.years:
            return EMPTY
        return self.cell(ref.of, Place(at.row, int(year) - back, group))

    def value(self, ref: Ref, at: Place, *, back: int = 0) -> Fraction | None:
        """Read the value of a reference."""
        return self.read(ref, at, back=back).value

    def word(self, name: str, at: Place) -> str | None:
        """Give the word of a school column, or of a step with named levels."""
        if name in self.design.columns:
            return self.known.get((name, at.row, at.year), "") or None
        value = self.cell(name, at).value
        labels = self.labels(name)
        return None if value is None else labels[int(value) - 1] if labels else str(value)

    def number(self, said: float | ByColumn | Ref | None, at: Place) -> Fraction | None:
        """Give a number: plain, by a column's word (or the group's name), or a step's value."""
        if isinstance(said, Ref):
            return self.value(said, at)
        if isinstance(said, ByColumn):
            word = at.group if said.by == "group" else self.word(said.by, at)
            if word is None:
                return None
            return self.number(said.numbers.get(word, said.numbers.get("others")), at)
        return exact(said)

    def labels(self, name: str) -> tuple[str, ...]:
        """Name the levels of a measure, column or step, lowest first; none if they are numbers."""
        rule: Any = self.design.steps.get(name)
        if rule is None:
            measure, column = self.design.measures.get(name), self.design.columns.get(name)
            return measure.levels if measure else column.one_of if column else ()
        if rule.rule == "cuts":
            named = cut_names(rule)
            return () if all(is_whole(one) for one in named) else named
        if rule.rule in ("grid", "decide"):
            return tuple(rule.gives or ())
        if rule.rule in ("identity", "minimum_n", "inherit", "lowest_group"):
            return self.labels(rule.of.of)
        return self.labels(rule.of[0].of) if rule.rule in ("max", "min") else ()

    def codes(self, name: str, words: Sequence[str]) -> list[Fraction]:
        """Give the values that mean some words (levels, or met and not_met) in a step."""
        labels = self.labels(name)
        return [
            ANSWERS[w] if w in ANSWERS and w not in labels else code(w, labels)
            for w in words
            if w != "missing"
        ]

    def holds(self, ref: Ref, at: Place) -> bool:
        """Say whether a condition is met; what cannot be judged is not."""
        return ref.of == EVERYONE or self.value(ref, at) == 1

    def is_whole(self, row: int) -> bool:
        """Say whether a row is a whole school, no part of one."""
        return not self.rows[row][1]

    def parts(self, row: int) -> list[int]:
        """List the rows of a whole school's parts."""
        school = self.rows[row][0]
        return [i for i, (one, part) in enumerate(self.rows) if one == school and part]


def read_tables(design: Design, schools: pd.DataFrame, measures: pd.DataFrame) -> Reference:
    """Take a panel as two tables of text and numbers, and the design to rate it by."""
    schools = schools.assign(part=schools.get("part", "")).fillna("")
    measures = measures.assign(part=measures.get("part", ""), group=measures.get("group", ALL))
    rows = tuple(dict.fromkeys(zip(schools["school"], schools["part"], strict=True)))
    years = tuple(sorted({int(year) for year in measures["year"]}))
    known = {
        (column, rows.index((said["school"], said["part"])), year): str(said[column])
        for said in schools.to_dict("records")
        for year in ([int(said["year"])] if "year" in said else years)
        for column in design.columns
    }
    given = {
        (
            said["measure"],
            Place(rows.index((said["school"], said["part"])), int(said["year"]), said["group"]),
        ): Cell(*(exact(said.get(word)) for word in ("value", "n", "numerator")))
        for said in measures.to_dict("records")
    }
    others = sorted(set(measures["group"]) - {ALL})
    groups = (ALL, *others)
    return Reference(design, rows, years, groups, known, given, unknown_steps(design))


def unknown_steps(design: Design) -> frozenset[str]:
    """Name the steps that rest on a null; an empty corner of a grid concerns only itself."""
    found: set[str] = set()
    for name, rule in design.steps.items():  # in order of reference
        said: Any = rule
        skipped = (*TOLD, "cells") if said.rule == "grid" else TOLD
        words = [word for word in rule.model_fields_set if word not in skipped]
        if any(with_null(getattr(rule, word)) for word in words) or found & set(used_by(rule)):
            found.add(name)
    return frozenset(found)


def used_by(said: Any) -> Iterator[str]:
    """Name everything that a clause reads."""
    if isinstance(said, Ref):
        yield said.of
    elif isinstance(said, ByColumn):
        yield from () if said.by == "group" else (said.by,)
        yield from used_by(said.numbers)
    elif isinstance(said, Mapping):
        if type(said).__name__ == "NameMap":
            yield from said
        for inner in said.values():
            yield from used_by(inner)
    elif isinstance(said, tuple | list):
        for inner in said:
            yield from used_by(inner)
    elif hasattr(said, "model_fields_set"):
        for word in said.model_fields_set:
            yield from used_by(getattr(said, word))


# Which values count, and how many points are they worth?


def minimum_n(r: Reference, c: Any, at: Place) -> Cell:
    def enough(back: int) -> bool:
        n, least = r.read(c.of, at, back=back).n, r.number(c.n, at)
        if n is None:
            return False
        if c.or_ is None or (least is not None and n >= least):
            return least is not None and n >= least
        everyone = r.read(replace(c.of, group=ALL), at, back=back).n
        fewer, share = r.number(c.or_.n, at), r.number(c.or_.share_of_all, at)
        return None not in (everyone, fewer, share) and n >= fewer and n >= share * everyone

    years = (0, 1) if c.years == "both" else (0,)
    of = r.read(c.of, at)
    return of if all(enough(back) for back in years) else Cell(n=of.n)


def linear(r: Reference, c: Any, at: Place) -> Cell:
    x, n = r.value(c.of, at), r.read(c.of, at).n
    none_at, full_at, worth = (r.number(s, at) for s in (c.none_at, c.full_at, c.worth))
    if None in (x, none_at, full_at, worth):
        return Cell(n=n)
    way = (x - none_at) / (full_at - none_at)
    return Cell(min(max(way, Fraction(0)), ONE) * worth, n)


def identity(r: Reference, c: Any, at: Place) -> Cell:
    return replace(r.read(c.of, at), numerator=None)


def map_(r: Reference, c: Any, at: Place) -> Cell:
    of = r.read(c.of, at)
    points = [
        r.number(number, at)
        for word, number in c.to.items()
        if of.value in r.codes(c.of.of, [word])
    ]
    return Cell(points[0] if points else None, of.n)


# How does a value become an ordered level?


def is_whole(name: str) -> bool:
    return name.lstrip("-").isdigit()


def cut_names(c: Any) -> tuple[str, ...]:
    """Name the levels of cut points, lowest first; numbered ones go down by one from the first."""
    named = list(c.from_)
    if all(is_whole(one) for one in named):
        named.sort(key=int)
    if c.lowest is not None:
        return (c.lowest, *named)
    return (str(int(named[0]) - 1), *named) if is_whole(named[0]) else tuple(named)


def cuts(r: Reference, c: Any, at: Place) -> Cell:
    of, named = r.read(c.of, at), cut_names(c)
    bounds = {word: r.number(bound, at) for word, bound in c.from_.items()}
    if of.value is None:
        return Cell(n=of.n)
    sign = 1 if c.better == "high" else -1

    def reached(bound: Fraction | None) -> bool:
        if bound is None:
            return True  # perhaps: no level, unless a higher one is reached
        ahead = sign * (settled(of.value) - settled(bound))
        return ahead > 0 or (ahead == 0 and c.equal == "in")

    level = [word for word in named if word not in bounds or reached(bounds[word])][-1]
    if bounds.get(level, ONE) is None:
        return Cell(n=of.n)
    return Cell(code(level, () if all(is_whole(one) for one in named) else named), of.n)


def kind_of(r: Reference, c: Any, at: Place) -> Fraction | None:
    """Give the kind of school that `within` tells apart; 0 where it tells none apart."""
    within = getattr(c, "within", None)
    told = within is not None and within.of != EVERYONE
    return r.value(within, at) if told else Fraction(0)


def levels_in_pool(r: Reference, c: Any, at: Place) -> Cell:
    of, year = r.read(c.of, at), at.year if c.base_year == "yearly" else c.base_year
    kind, sign = kind_of(r, c, at), 1 if c.better == "high" else -1
    if of.value is None or kind is None:
        return Cell(n=of.n)
    base = Place(at.row, year, at.group if c.cuts_of == "own" else ALL)
    found = (r.value(c.of, there) for there in pool_of(r, c, base, kind))
    pool = [sign * settled(x) for x in found if x is not None]
    if not pool:
        return Cell(n=of.n)
    shares = [Fraction(i, c.levels) for i in range(1, c.levels)]
    if c.spacing == "equal_width":
        bounds = [min(pool) + share * (max(pool) - min(pool)) for share in shares]
    else:
        bounds = [quantile(pool, share, c.percentile) for share in shares]
    return Cell(ONE + sum(sign * settled(of.value) >= settled(bound) for bound in bounds), of.n)


def pool_of(r: Reference, c: Any, at: Place, kind: Fraction) -> list[Place]:
    """List the cells of the whole schools in a pool, of one kind where `within` is said."""
    held = c.among if c.rule == "edge_of_list" else c.pool
    places = [at._replace(row=row) for row in range(len(r.rows)) if r.is_whole(row)]
    return [place for place in places if r.holds(held, place) and kind_of(r, c, place) == kind]


def grid(r: Reference, c: Any, at: Place) -> Cell:
    status, change = r.read(c.status, at), r.read(c.change, at)
    for row, columns in c.cells.items():
        for column, level in columns.items():
            here = status.value in r.codes(c.status.of, [row])
            if here and change.value in r.codes(c.change.of, [column]):
                return Cell(None if level is None else code(level, c.gives), status.n)
    return Cell(n=status.n)


# Where does a value lie among all?


def normalise(r: Reference, c: Any, at: Place) -> Cell:
    of, year = r.read(c.of, at), at.year if c.base_year == "yearly" else c.base_year
    sign = 1 if c.better == "high" else -1
    found = (r.value(c.of, there) for there in pool_of(r, c, at._replace(year=year), Fraction(0)))
    pool = [sign * x for x in found if x is not None]
    if of.value is None or len(pool) < 2:
        return Cell(n=of.n)
    x, least, most = sign * of.value, min(pool), max(pool)
    if c.how == "percentile_rank":
        below = sum(settled(one) < settled(x) for one in pool)
        return Cell(min(ONE, Fraction(below, len(pool) - 1)), of.n)
    words = ("low", "high") if c.how == "min_max" else ("mean", "deviation")
    start, length = (r.number(getattr(c, word), at) for word in words)
    if None in (start, length) or least == most:
        return Cell(n=of.n)
    if c.how == "min_max":
        return Cell(start + (length - start) * (x - least) / (most - least), of.n)
    middle = sum(pool) / len(pool)
    spread = exact(math.sqrt(sum((one - middle) ** 2 for one in pool) / (len(pool) - 1)))
    return Cell(start + length * (x - middle) / spread, of.n)


def shrink(r: Reference, c: Any, at: Place) -> Cell:
    of, kind = r.read(c.of, at), shrunk_kind(r, c, at)
    year = at.year if c.base_year == "yearly" else c.base_year
    there = Place(at.row, year, at.group)
    unsure = per_student(r, c, at)
    everyone = at.group if at.group in c.own_mean else ALL
    found = [prior_of(r, c, there._replace(group=g), kind) for g in (at.group, everyone)]
    if of.value is None or unsure is None or None in found:
        return Cell(n=of.n)
    (own, lasting, pool), (target, _, _) = found
    square = lasting + (own - target) ** 2

    def pulled(x: Fraction, size: Fraction) -> tuple[Fraction, Fraction]:
        noise = size * (own * (100 - own) - lasting) if c.error == "rate" else size
        weight = square / (square + noise) if noise > 0 else ONE
        return target + weight * (x - target), weight * noise

    plain, _ = pulled(of.value, unsure)
    if c.form == "plain":
        return Cell(plain, of.n)
    drawn = [pulled(x, size) for x, size in pool]
    middle = sum(x for x, _ in drawn) / len(drawn)
    apart = sum((x - middle) ** 2 for x, _ in drawn)
    left = (1 - Fraction(1, len(drawn))) * sum(one for _, one in drawn)
    stretch = exact(math.sqrt(1 + left / apart)) if apart > 0 else ONE
    return Cell(middle + stretch * (plain - middle), of.n)


def shrunk_kind(r: Reference, c: Any, at: Place) -> Fraction | None:
    return Fraction(0) if c.kind_of is None else r.value(c.kind_of, at)


def per_student(r: Reference, c: Any, at: Place) -> Fraction | None:
    """Give what the sampling variance of a cell is in proportion to: its n, and the deviation."""
    n = r.read(c.of, at).n
    size = ONE if c.error == "rate" else r.number(c.deviation, at)
    return None if not n or size is None else size**2 / n


def prior_of(r: Reference, c: Any, at: Place, kind: Fraction | None) -> tuple | None:
    """Give the pool's mean and true variance, and its values with what each one's n says."""
    rows = [at._replace(row=row) for row in range(len(r.rows)) if r.is_whole(row)]
    places = [p for p in rows if r.holds(c.pool, p) and shrunk_kind(r, c, p) == kind]
    cells = [(r.value(c.of, p), per_student(r, c, p)) for p in places if kind is not None]
    pool = [(x, size) for x, size in cells if None not in (x, size)]
    if len(pool) < 2:
        return None
    own = sum(x for x, _ in pool) / len(pool)
    seen = sum((x - own) ** 2 for x, _ in pool) / (len(pool) - 1)
    error = sum(size for _, size in pool) / len(pool)
    if c.error != "rate":
        return own, max(seen - error, Fraction(0)), pool
    if error >= 1:
        return None
    return own, max((seen - own * (100 - own) * error) / (1 - error), Fraction(0)), pool


# Which group stands for several?


def lowest_group(r: Reference, c: Any, at: Place) -> Cell:
    if at.group != c.as_:
        return r.read(c.of, at)
    by, sign = (c.of, 1 if c.better == "high" else -1) if c.by == "itself" else (c.by, 1)
    places = {group: at._replace(group=group) for group in c.among}
    compared = {
        group: sign * settled(x)
        for group, place in places.items()
        if (x := r.value(by, place)) is not None
    }
    if not compared:
        return EMPTY
    lowest = [group for group, x in compared.items() if x == min(compared.values())]
    return r.read(c.of, places[lowest[0 if c.ties == "first" else -1]])


# What follows from a value and from other years?


def change(r: Reference, c: Any, at: Place) -> Cell:
    now, then = r.read(c.of, at), r.read(c.of, at, back=c.years)
    return Cell(None if None in (now.value, then.value) else now.value - then.value, now.n)


def difference(r: Reference, c: Any, at: Place) -> Cell:
    a, b = r.number(c.of, at), r.number(c.minus, at)
    return EMPTY if a is None or b is None else Cell(a - b)


def ratio(r: Reference, c: Any, at: Place) -> Cell:
    of, over, times = r.read(c.of, at), r.value(c.over, at), r.number(c.times, at)
    if None in (of.value, over, times) or over == 0:
        return Cell(n=of.n)
    return Cell(times * of.value / over, of.n)


def pooled_ratio(r: Reference, c: Any, at: Place) -> Cell:
    least, times = r.number(c.minimum_n, at), r.number(c.times, at)
    parts = [r.read(ref, at, back=back) for ref in c.of for back in range(c.years)]
    there = [
        part
        for part in parts
        if None not in (part.value, part.n, part.numerator, least) and part.n >= least
    ]
    n = sum(part.n for part in there)
    if n == 0 or times is None or (c.missing == "no_result" and len(there) < len(parts)):
        return EMPTY
    return Cell(times * sum(part.numerator for part in there) / n, n)


def gap_closing(r: Reference, c: Any, at: Place) -> Cell:
    of = r.read(c.of, at)
    goal, share, least = (r.number(s, at) for s in (c.goal, c.share, c.at_least))
    if None in (of.value, goal):
        return Cell(n=of.n)
    sign = 1 if c.better == "high" else -1
    distance = sign * (goal - of.value)
    if settled(distance) <= 0:
        if c.beyond == "no_target":
            return Cell(n=of.n)
        gain = distance
    elif None in (share, least):
        return Cell(n=of.n)
    else:
        gain = max(share * distance, least)
    return Cell(sign * gain if c.gives == "gain" else of.value + sign * gain, of.n)


def wilson(r: Reference, c: Any, at: Place) -> Cell:
    of, z = r.read(c.of, at), r.number(c.z, at)
    if None in (of.value, of.n, z) or of.n == 0:
        return Cell(n=of.n)
    p, n = of.value / 100, of.n
    spread = z * exact(math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    sign = 1 if c.side == "upper" else -1
    return Cell(100 * (p + z * z / (2 * n) + sign * spread) / (1 + z * z / n), n)


# How do several numbers become one?


def mean(r: Reference, c: Any, at: Place) -> Cell:
    cells = {name: r.cell(name, at).value for name in c.of}
    weights = {name: r.number(weight, at) for name, weight in c.of.items()}
    there = [name for name, x in cells.items() if x is not None]
    short = len(there) < c.judged or (c.missing == "no_result" and len(there) < len(cells))
    if short or None in weights.values():
        return EMPTY
    if c.missing == "zero":
        cells = {name: x or Fraction(0) for name, x in cells.items()}
    elif c.missing == "transfer":
        weights = handed_on(r, c, at, frozenset(there))
    pairs = [(weights[name], x) for name, x in cells.items() if x is not None]
    return Cell(averaged(pairs, c.form))


def averaged(pairs: Sequence[tuple[Fraction, Fraction]], form: str) -> Fraction | None:
    """Average values by their weights: arithmetic, geometric or harmonic."""
    pairs = [(weight, x) for weight, x in pairs if weight > 0]
    total = sum(weight for weight, _ in pairs)
    if total == 0:
        return None
    if form == "arithmetic":
        return sum(weight * x for weight, x in pairs) / total
    if any(x < 0 for _, x in pairs):
        return None
    if any(x == 0 for _, x in pairs):
        return Fraction(0)
    if form == "harmonic":
        return total / sum(weight / x for weight, x in pairs)
    return exact(math.exp(sum(float(weight / total) * math.log(x) for weight, x in pairs)))


def handed_on(r: Reference, c: Any, at: Place, there: frozenset[str]) -> dict[str, Fraction]:
    """Give the weights after each missing step's own went where the clause says.

    What arrives at a step that is missing too goes on in the proportions of that step's own
    transfer; what goes nowhere is shared out, which is to say lost from the sum of weights.
    """
    own = {name: r.number(weight, at) for name, weight in c.of.items()}
    arrived = {name: own[name] if name in there else Fraction(0) for name in own}

    def hand(name: str, amount: Fraction, before: tuple[str, ...]) -> None:
        if name in there:
            arrived[name] += amount
            return
        lines = (c.transfer or {}).get(name)
        if lines is None or name in before or own[name] == 0:
            return
        line = next((one for one in lines if there.issuperset(one)), lines[-1])
        for to, number in line.items():
            hand(to, amount * r.number(number, at) / own[name], (*before, name))

    for name, weight in own.items():
        if name not in there:
            hand(name, weight, ())
    return arrived


def sum_(r: Reference, c: Any, at: Place) -> Cell:
    cells = {name: r.cell(name, at).value for name in c.of}
    times = {name: r.number(number, at) for name, number in c.of.items()}
    there = [name for name, x in cells.items() if x is not None]
    if not there or None in times.values():
        return EMPTY
    if c.missing == "no_result" and len(there) < len(cells):
        return EMPTY
    return Cell(sum(times[name] * cells[name] for name in there))


def points_over_possible(r: Reference, c: Any, at: Place) -> Cell:
    cells = {name: r.cell(name, at).value for name in c.of}
    possible = {name: r.number(number, at) for name, number in c.of.items()}
    times, there = r.number(c.times, at), [name for name, x in cells.items() if x is not None]
    if None in (*possible.values(), times) or sum(possible[name] for name in there) == 0:
        return EMPTY
    return Cell(times * sum(cells[name] for name in there) / sum(possible[name] for name in there))


def extreme(r: Reference, c: Any, at: Place) -> Cell:
    xs = [r.value(ref, at) for ref in c.of]
    there = [x for x in xs if x is not None]
    if not there or (c.missing == "no_result" and len(there) < len(xs)):
        return EMPTY
    return Cell(max(there) if c.rule == "max" else min(there))


# How do groups, parts of a school, and schools paired with it become one result?


def across_groups(r: Reference, c: Any, at: Place) -> Cell:
    cells = {g: r.value(replace(c.of, group=g), at) for g in (ALL, *c.rest)}
    everyone = at._replace(group=ALL)
    worth, full = r.number(c.worth, everyone), r.number(c.full, everyone)
    there = [g for g in c.rest if cells[g] is not None]
    if cells[ALL] is None or None in (worth, full):
        return EMPTY
    carrying = len(there) if c.missing == "rest" else len(c.rest)
    share = Fraction(1, 1 + carrying) if c.all == "equal" else r.number(c.all, everyone)
    if share is None:
        return EMPTY
    each = (1 - share) / carrying if carrying else Fraction(0)
    shares = {ALL: share if carrying else ONE} | dict.fromkeys(there, each)
    if c.missing == "all":
        shares[ALL] += each * (len(c.rest) - len(there))
    if c.missing == "scale_up":
        shares = {g: part / sum(shares.values()) for g, part in shares.items()}
    points = [part * worth * cells[g] / full for g, part in shares.items()]
    if c.cell_round is not None:
        points = [rounded(x, c.cell_round) for x in points]
    return Cell(sum(points))


def across_parts(r: Reference, c: Any, at: Place) -> Cell:
    if not r.is_whole(at.row):
        return EMPTY
    parts = r.parts(at.row)
    if not parts:
        return r.read(c.of, at)
    cells = [
        (r.value(c.weights, at._replace(row=row)), r.value(c.of, at._replace(row=row)))
        for row in parts
    ]
    there = [(weight, x) for weight, x in cells if x is not None]
    if c.missing == "no_result" and len(there) < len(cells):
        return EMPTY
    if any(weight is None for weight, _ in there):
        return EMPTY
    return Cell(averaged(there, "arithmetic"))


def inherit(r: Reference, c: Any, at: Place) -> Cell:
    other = r.value(c.column, at)
    if other is None:
        return r.read(c.of, at)
    return EMPTY if other == NOWHERE else r.read(c.of, at._replace(row=int(other)))


# What holds of a school?


def hold_against(r: Reference, c: Any, at: Place) -> Cell:
    x = r.value(c.of, at)
    if x is None:
        return EMPTY
    if c.is_ is not None:
        return Cell(Fraction(x in r.codes(c.of.of, c.is_)))
    if c.beyond is not None:
        return beyond(r, c, at, x)
    way = next(w for w in ("at_least", "above", "at_most", "below") if getattr(c, w) is not None)
    bound = r.number(getattr(c, way), at)
    return EMPTY if bound is None else Cell(Fraction(compared(settled(x), way, settled(bound))))


def compared(x: Fraction, way: str, bound: Fraction) -> bool:
    return {"at_least": x >= bound, "above": x > bound, "at_most": x <= bound, "below": x < bound}[
        way
    ]


def beyond(r: Reference, c: Any, at: Place, x: Fraction) -> Cell:
    line: Any = r.design.steps[c.beyond.of]
    bound = r.value(c.beyond, at)
    if bound is None:
        return EMPTY
    ways = ("at_most", "below") if line.side == "lowest" else ("at_least", "above")
    return Cell(Fraction(compared(ranked(line, x), ways[not line.included], bound)))


def present(r: Reference, c: Any, at: Place) -> Cell:
    return Cell(Fraction(r.value(c.of, at) is not None))


def count(r: Reference, c: Any, at: Place) -> Cell:
    judged = [(ref, x) for ref in c.of if (x := r.value(ref, at)) is not None]
    if not judged:
        return EMPTY
    if len(judged) < c.judged:
        return Cell(Fraction(0))
    hits = sum(x in r.codes(ref.of, c.are) for ref, x in judged)
    asked = {
        "at_least": lambda number: hits >= number,
        "at_most": lambda number: hits <= number,
        "all_but": lambda number: len(judged) - hits == number,
        "more_than_share": lambda number: hits > number * len(judged),
    }
    said = [
        (ask, r.number(getattr(c, w), at)) for w, ask in asked.items() if getattr(c, w) is not None
    ]
    answers = [None if number is None else Fraction(ask(number)) for ask, number in said]
    return Cell(joined(answers, decisive=Fraction(0)))


def several(r: Reference, c: Any, at: Place) -> Cell:
    places = [at._replace(group=g) for g in c.groups] if c.groups else [at]
    answers = [r.value(ref, place) for place in places for ref in c.of]
    if c.missing == "leave_out":
        answers = [x for x in answers if x is not None] or [None]
    return Cell(joined(answers, decisive=Fraction(c.rule == "any")))


def joined(answers: Sequence[Fraction | None], *, decisive: Fraction) -> Fraction | None:
    """Join conditions by Kleene's logic: one decisive answer is enough, one open leaves it open."""
    if decisive in answers:
        return decisive
    return None if None in answers else 1 - decisive


def decide(r: Reference, c: Any, at: Place) -> Cell:
    closed = {
        name
        for wanted, _ in c.rows.values()
        for name, words in wanted.items()
        if "missing" in words
    }
    possible = []
    for wanted, outcome in c.rows.values():
        answer = joined(
            [fits(r, n, w, at, closed=n in closed) for n, w in wanted.items()], decisive=Fraction(0)
        )
        if answer != 0:
            possible.append(came_out(r, c, outcome, at))
        if answer == 1:
            break
    else:
        possible.append(came_out(r, c, c.otherwise, at))
    same = None not in possible and len({settled(x) for x in possible}) == 1
    return Cell(possible[-1]) if same else EMPTY


def fits(
    r: Reference, name: str, words: Sequence[str], at: Place, *, closed: bool
) -> Fraction | None:
    x = r.cell(name, at).value
    if x is None:
        return Fraction("missing" in words) if closed else None
    return Fraction(settled(x) in r.codes(name, words))


def came_out(r: Reference, c: Any, outcome: Any, at: Place) -> Fraction | None:
    if isinstance(outcome, Ref):
        return r.value(outcome, at)
    if isinstance(outcome, str):
        return ANSWERS[outcome] if outcome in ANSWERS else code(outcome, tuple(c.gives or ()))
    return exact(outcome)


# Which schools are named?


def ranked(line: Any, x: Fraction) -> Fraction:
    """Round a value as the line says before it is ranked, and always to nine places."""
    return settled(x if line.round == "none" else rounded(x, Rounding(line.round)))


def line(r: Reference, c: Any, at: Place) -> Cell:
    kind = kind_of(r, c, at)
    if kind is None:
        return EMPTY
    pool = [r.value(c.of, place) for place in pool_of(r, c, at, kind)]
    xs = sorted(ranked(c, x) for x in pool if x is not None)
    if not xs:
        return EMPTY
    if c.rule == "edge_of_list":
        return Cell(xs[-1] if c.edge == "highest" else xs[0])
    share = exact(c.share)
    if c.percentile is not None:
        return Cell(quantile(xs, share if c.side == "lowest" else 1 - share, c.percentile))
    size = share * (len(pool) if c.counted == "pool" else len(xs))
    k = {"up": math.ceil(size), "down": math.floor(size), "nearest": math.floor(size + HALF)}[
        c.count
    ]
    counted = (xs if c.side == "lowest" else xs[::-1])[:k]
    if c.ties == "out":
        counted = [x for x in counted if x not in (xs if c.side == "lowest" else xs[::-1])[k:]]
    nobody: Any = -math.inf if c.side == "lowest" else math.inf
    return Cell(counted[-1] if counted else nobody)


def named(r: Reference, c: Any, at: Place) -> Cell:
    if not r.is_whole(at.row):
        return EMPTY
    everyone = at._replace(group=ALL)
    groups = c.groups if c.group == "any" else (c.group,)
    answers = [r.value(c.when, at._replace(group=g)) for g in groups]
    judged = [x for x in answers if x is not None] or [None]
    ground = joined(judged, decisive=ONE)
    if any(r.holds(ref, everyone) for ref in c.unless or ()):
        return Cell(Fraction(0))
    pool = [r.value(ref, everyone) for ref in c.among or () if ref.of != EVERYONE]
    return Cell(joined([ground, *pool], decisive=Fraction(0)))


# What does a design remember?


def persist(r: Reference, c: Any, at: Place) -> Cell:
    window = [r.value(c.of, at, back=back) for back in range(c.out_of or c.years)]
    if window.count(ONE) >= c.years:
        return Cell(ONE)
    return EMPTY if window.count(ONE) + window.count(None) >= c.years else Cell(Fraction(0))


def stay(r: Reference, c: Any, at: Place) -> Cell:
    on, judged = False, False
    for year in (y for y in r.years if y <= at.year):
        if year in c.carry:
            continue
        enter, leave = (r.value(ref, at._replace(year=year)) for ref in (c.enter, c.leave))
        may_enter = c.first is None or (year - c.first) % c.every == 0
        judged = judged or (may_enter and enter is not None)
        on = leave != 1 if on else (may_enter and enter == 1)
    return Cell(Fraction(on)) if judged else EMPTY


RULES: Final[Mapping[str, Callable[[Reference, Any, Place], Cell]]] = {
    "minimum_n": minimum_n,
    "linear": linear,
    "identity": identity,
    "map": map_,
    "cuts": cuts,
    "levels_in_pool": levels_in_pool,
    "grid": grid,
    "normalise": normalise,
    "shrink": shrink,
    "lowest_group": lowest_group,
    "change": change,
    "difference": difference,
    "ratio": ratio,
    "pooled_ratio": pooled_ratio,
    "gap_closing": gap_closing,
    "wilson": wilson,
    "mean": mean,
    "sum": sum_,
    "points_over_possible": points_over_possible,
    "max": extreme,
    "min": extreme,
    "across_groups": across_groups,
    "across_parts": across_parts,
    "inherit": inherit,
    "test": hold_against,
    "present": present,
    "count": count,
    "any": several,
    "all": several,
    "decide": decide,
    "share_of_pool": line,
    "edge_of_list": line,
    "named": named,
    "persist": persist,
    "stay": stay,
}
