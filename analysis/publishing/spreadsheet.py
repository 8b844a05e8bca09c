"""How does a text stay a text when a table is opened as a spreadsheet?

Tables that people open (ratings, comparisons, data behind figures) are kept from being run; panels
and Parquet, which programs read again, hold every text as it is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pandas as pd

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def no_formula(cell: object) -> str:
    """Give a cell as text that a spreadsheet does not run: an apostrophe goes before a formula.

    Source: OWASP, CSV Injection.

    >>> no_formula("=1+1"), no_formula("-2.5"), no_formula("Alder")
    ("'=1+1", '-2.5', 'Alder')
    """
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA) and not _NUMBER.fullmatch(text) else text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table for people, whose texts no spreadsheet runs as formulas."""
    shown = table.copy(deep=False)
    for name in table.columns[[not pd.api.types.is_numeric_dtype(t) for t in table.dtypes]]:
        texts = table[name]
        risky = texts.astype("string").str.startswith(FORMULA).fillna(value=False).astype(bool)
        if risky.any():
            shown[name] = texts.astype(object).where(~risky, texts[risky].map(no_formula))
    shown.to_csv(path, index=False, lineterminator="\n")
