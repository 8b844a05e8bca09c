"""How far do the built-in designs give what agencies published, and where do they not?

To add a column: one word in the rows that the private functions make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.designs.design import design_names, load_design
from analysis.ratings.verify import Entry, Row, at_hand, verify, verify_otherwise


@dataclass(frozen=True)
class Agreement:
    """Every published result beside ours, on the official files that are at hand.

    `results` has a row for each published result (design, title, year, result, matched, testable,
    share, evidence, and for lists how many each side names), `designs` one for each design,
    `differences` one for each class of rows that differ (design, result, why, count), `otherwise`
    one for each other reading of a word. `absent` names the designs whose files are not at hand;
    `unheld` those held to no list at all.
    """

    results: pd.DataFrame
    designs: pd.DataFrame
    differences: pd.DataFrame
    otherwise: pd.DataFrame
    absent: tuple[str, ...]
    unheld: tuple[str, ...]


def agreement(ledger: Sequence[Entry], data: Path | None) -> Agreement:
    """Hold every design of a ledger to its published results.

    Args:
        ledger: what each design is held to.
        data: the folder of official data, or none.

    Raises:
        ProblemsError: official files that cannot be read as their layout says.

    >>> from analysis.ratings.verify import load_ledger
    >>> found = agreement(load_ledger(), None)
    >>> found.designs[["design", "matched", "testable"]].values.tolist()
    [['california/api-2000', 30230, 30230]]
    """
    ready = [entry for entry in ledger if at_hand(entry, data)]
    rows = [(entry, row) for entry in ready for row in verify(entry, data)]
    results = pd.DataFrame([_result(entry, row) for entry, row in rows])
    held = {entry.design for entry in ledger}
    return Agreement(
        results,
        _designs(results),
        pd.DataFrame(list(_differences(rows)), columns=["design", "result", "why", "count"]),
        pd.DataFrame([one for entry in ready for one in _otherwise(entry, data)]),
        tuple(entry.design for entry in ledger if entry not in ready),
        tuple(name for name in design_names() if name not in held),
    )


def _result(entry: Entry, row: Row) -> dict[str, Any]:
    design = load_design(entry.design)
    steps = entry.results[row.result].steps.values() or [entry.results[row.result].step]
    return {
        "design": entry.design,
        "title": design.title,
        "year": entry.year,
        "result": row.result,
        "matched": row.matched,
        "testable": row.testable,
        "share": row.matched / row.testable,
        "named_ours": row.ours,
        "named_published": row.published,
        "evidence": "; ".join(sorted({design.evidence(step)[1] or "not said" for step in steps})),
    }


def _designs(results: pd.DataFrame) -> pd.DataFrame:
    by = results.groupby(["design", "title"], sort=False)
    table = by.agg(
        results=("result", "size"),
        exact=("share", lambda share: int((share == 1).sum())),
        matched=("matched", "sum"),
        testable=("testable", "sum"),
    ).reset_index()
    return table.assign(share=table["matched"] / table["testable"])


def _differences(rows: Sequence[tuple[Entry, Row]]) -> Iterator[tuple[str, str, str, int]]:
    for entry, row in rows:
        for apart in row.differences:
            yield entry.design, row.result, apart.why, apart.count


def _otherwise(entry: Entry, data: Path | None) -> Iterator[dict[str, Any]]:
    for other, row in verify_otherwise(entry, data):
        yield {
            "design": entry.design,
            "title": load_design(entry.design).title,
            "says": other.says,
            "result": row.result,
            "matched": row.matched,
            "usual": row.expected,
            "testable": row.testable,
        }
