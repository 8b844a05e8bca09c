"""Memo pages in a browser: axe-core finds nothing, wide and on a phone; hostile names are text."""

import csv
from pathlib import Path
from urllib.parse import quote

import pytest

from analysis.publishing.execute import resolve
from analysis.publishing.memo import LOOKS, PAPER
from analysis.publishing.qmd import load_qmd
from analysis.publishing.rendering import render
from tests.browser import NARROW, PHONE, WIDE, shown, sideways, tiny, violations

SCRIPT = "<img src=x onerror=alert(1)>"
FORMULAS = ('=HYPERLINK("http://x","y")', '-2+HYPERLINK("http://x")', "@SUM(1)")
HEBREW = "\u05d1\u05d9\u05ea \u202eabc"
MEMO = """---
title: A memo
subtitle: With a figure, a wide table, and names that mean harm
lang: en
---

```{python}
#| include: false
import pandas as pd
from great_tables import GT
from analysis.publishing.figures import bars

names = NAMES
rows = pd.DataFrame({"school": names, "index": [5.0, -4.5, 3.0, 2.0, 1.0]})
```

::: {.answer}
**The answer.** The lowest school is `{python} names[0]`.
:::

## What was found

@fig-one and @tbl-one show it.

```{python}
#| label: fig-one
#| fig-cap: "Schools by index. Beside it: `{python} names[0]`"
#| fig-alt: "One bar is longest: `{python} names[1]`"
bars(rows.rename(columns={"school": "label", "index": "count"}), title="Index")
```

```{python}
#| label: tbl-one
#| tbl-cap: Schools, and much beside
wide = rows.assign(**{f"a long name of column {i}": i for i in range(12)})
GT(wide, id="one", rowname_col="school").tab_stubhead(label="School")
```

```yaml
low: {rule: test, of: index, at_most: 3} # as in a design
```
"""
NAMES = [SCRIPT, *FORMULAS, HEBREW]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render a small memo as the series is rendered."""
    folder = tmp_path_factory.mktemp("memo")
    source = folder / "source.qmd"
    source.write_text(MEMO.replace("NAMES", repr(NAMES)))
    for place in LOOKS:
        (folder / Path(place).name).write_bytes((PAPER / place).read_bytes())
    text = resolve(load_qmd(source), folder)
    front = "---\ntitle: A memo\nlang: en\nbibliography: references.bib\n---\n\n"
    (folder / "a.qmd").write_text(front + text + "\n")
    return render(folder / "a.qmd", folder / "a.html")


def test_axe_finds_nothing_and_no_name_runs(browser, page: Path) -> None:
    for size in (WIDE, PHONE):
        with shown(browser, page, size) as opened:
            assert violations(opened) == []
            assert tiny(opened) == []
            text = opened.inner_text("main")
            assert f"The lowest school is {SCRIPT}." in text
            assert f"Beside it: {SCRIPT}" in text
            assert all(name in text for name in NAMES)
            assert opened.locator("img[src=x]").count() == 0
    with shown(browser, page, NARROW) as opened:
        assert sideways(opened) == 0
        assert tiny(opened) == []


def test_tiny_letters_are_found(browser, tmp_path: Path) -> None:
    small = tmp_path / "a.html"
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20">'
    picture += '<text font-size="14px">drawn</text></svg>'
    data = f"data:image/svg+xml;utf8,{quote(picture)}"
    words = '<p style="font-size: 9px">small</p><p hidden style="font-size: 2px">nobody sees</p>'
    small.write_text(f"<title>a</title>{words}<p>large</p><img width=50 src='{data}'>")
    with shown(browser, small, WIDE) as opened:
        assert tiny(opened) == ["9.0 px: small", "7.0 px: drawn"]


def test_a_figure_s_data_hold_no_formula(page: Path) -> None:
    with (page.parent / "fig-one.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [SCRIPT, *(f"'{x}" for x in FORMULAS), HEBREW]
    assert [float(row["count"]) for row in rows] == [5.0, -4.5, 3.0, 2.0, 1.0]
