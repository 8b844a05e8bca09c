"""Where do schools of one level (or status) stand a year later?

The only question that letters and statuses without a score can answer: they carry no variance to be
split. To add a figure: one function here that takes the table of `transitions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis.problems import did_you_mean, fail, listed

CONFIDENCE: Final = 0.95


def transitions(
    levels: pd.DataFrame,
    order: Sequence[str],
    *,
    without: Sequence[int] = (),
    apart: int = 1,
) -> pd.DataFrame:
    """Count, for every two years, where the schools of each level stand in the later one.

    Args:
        levels: one row for each school, one column for each year: words; missing where a school
            has none.
        order: the words, in the order in which they are to stand.
        without: years that are no fresh judgment (frozen, or exits only); no pair has one of them.
        apart: years from the first to the second.

    Returns:
        One row for each pair of years and two words: first, second, before, after, schools (that
        went from one to the other), of (with the first word, and any word in the second year),
        share (0-1), low and high (95 per cent, Wilson), gone (with the first word, and none in the
        second year; they are not in `of`). Shares are missing where `of` is 0.

    Raises:
        ProblemsError: a word that is not in the order, or no two such years.

    The interval takes schools for independent, and says nothing of a school's own chance.

    >>> letters = pd.DataFrame({2018: ["F", "F", "D"], 2019: ["F", "D", "D"]})
    >>> found = transitions(letters, ["F", "D"])
    >>> found[["before", "after", "schools", "share"]].head(2).values.tolist()
    [['F', 'F', 1, 0.5], ['F', 'D', 1, 0.5]]
    """
    for word in pd.unique(levels.to_numpy().ravel()):
        if pd.notna(word) and word not in order:
            near = did_you_mean(word, order)
            raise fail(
                "transitions", f"the order has no word {word}; it has {listed(order)}.{near}"
            )
    years = sorted({int(year) for year in levels.columns} - set(without))
    pairs = [(year, year + apart) for year in years if year + apart in years]
    if not pairs:
        told = f"needs two years that are {apart} apart; there are {listed(years)}."
        raise fail("transitions", told)
    tables = [
        pd.DataFrame(_between(levels[a], levels[b], order)).assign(first=a, second=b)
        for a, b in pairs
    ]
    return _with_shares(pd.concat(tables, ignore_index=True))


def _between(
    first: pd.Series[str], second: pd.Series[str], order: Sequence[str]
) -> Iterator[dict[str, object]]:
    for before in order:
        later = second[first == before]
        counted = later.value_counts()
        for after in order:
            yield {
                "before": before,
                "after": after,
                "schools": int(counted.get(after, 0)),
                "of": int(later.notna().sum()),
                "gone": int(later.isna().sum()),
            }


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    there = table["of"] > 0
    low, high = proportion_confint(
        table["schools"], table["of"].where(there, 1), 1 - CONFIDENCE, method="wilson"
    )
    found = table.assign(
        share=(table["schools"] / table["of"].where(there)),
        low=pd.Series(low, index=table.index).where(there),
        high=pd.Series(high, index=table.index).where(there),
    )
    words = ("first", "second", "before", "after", "schools", "of", "share", "low", "high", "gone")
    return found[[word for word in words if word in found]]


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """Add up transitions over all pairs of years.

    Args:
        table: what `transitions` gives.

    Returns:
        One row for each two words, as in `transitions`, without the years. A school counts once
        for each pair of years, so the intervals are too narrow where schools keep their ways.

    >>> letters = pd.DataFrame({2018: ["F", "F"], 2019: ["F", "D"], 2020: ["D", "F"]})
    >>> pooled(transitions(letters, ["F", "D"]))[["of", "share"]].values.tolist()[0]
    [3.0, 0.3333333333333333]
    """
    by = table.groupby(["before", "after"], sort=False)[["schools", "of", "gone"]]
    return _with_shares(by.sum().reset_index())
