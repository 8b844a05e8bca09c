"""The first memo from end to end, and what a memo's source may not do."""

import html
import json
import os
import re
import stat
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from analysis.panels.reading import read_panel
from analysis.problems import ProblemsError, fail
from analysis.publishing.memo import PAPER, memo, memo_index, memo_names
from analysis.publishing.qmd import lint, load_qmd
from analysis.publishing.rendering import quarto_on_path, render
from analysis.publishing.store import read_result
from tests.test_commands import measures

NAME = "status-or-improvement"


class Page(HTMLParser):
    """The words of a page, what it asks from elsewhere, and its figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.asks, self.pictures, self.titles = [], [], [], []
        self.skip = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.skip = tag in ("style", "script") or (self.skip and tag != "body")
        asked = [said.get(word) or "" for word in ("src", "data", "poster")]
        asked += [said.get("href") or ""] if tag == "link" else []
        self.asks += [a for a in asked if a.startswith(("http", "//"))]
        if tag == "img" or (tag == "svg" and said.get("role") == "img"):
            self.pictures.append(said)

    def handle_endtag(self, tag):
        self.skip = False if tag in ("style", "script") else self.skip

    def handle_data(self, data):
        if not self.skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Publish the memo once, without Quarto, into a folder of its own."""
    with pytest.MonkeyPatch.context() as build:
        build.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("build")))
        with pytest.MonkeyPatch.context() as no_quarto:
            no_quarto.setattr("analysis.publishing.rendering.quarto_on_path", lambda: None)
            page = memo(NAME)
        yield page


def test_the_page_is_whole_and_asks_no_other_host(built: Path) -> None:
    page = Page(built.read_text())
    assert page.asks == []
    for heading in ("What was asked", "What was found", "How sure is this", "does not say"):
        assert heading in page.text
    assert not re.search(r"\bnan\b|None|`\{|\{python\}|\?\?", page.text)
    assert "Warning" not in page.text


def test_the_notebook_says_first_what_it_runs_with(built: Path) -> None:
    executed = json.loads((built.parents[2] / "notebooks" / f"{NAME}.ipynb").read_text())
    printed = [
        "".join(out["text"])
        for cell in executed["cells"]
        for out in cell.get("outputs", [])
        if out["output_type"] == "stream"
    ]
    assert printed[0].startswith("parameters: design = california/status-or-improvement; ")
    assert "\nfingerprints: california/status-or-improvement = " in printed[0]


def test_every_figure_has_words_for_those_who_cannot_see_it(built: Path) -> None:
    folder = built.parent
    figures = sorted(folder.glob("fig-*.svg"))
    assert len(figures) == 3
    html = built.read_text()
    for figure in figures:
        assert (folder / f"{figure.stem}.csv").read_text().count("\n") > 2
        assert f'id="{figure.stem}"' in html
    source = load_qmd(PAPER / "memos" / f"{NAME}.qmd")
    for chunk in source.chunks:
        if str(chunk.options.get("label", "")).startswith("fig-"):
            words = " ".join(str(chunk.options["fig-alt"]).split()[:5])
            assert words in html


def test_the_memo_s_numbers_are_those_of_the_published_table(built: Path) -> None:
    """Worked out anew with pandas alone: sort, count up, keep ties."""
    published = read_panel("california-api-2000")
    api = published.measures["api"].value.sel(group="all").to_pandas()
    api.columns = ["before", "after"]
    api["change"] = api["after"] - api["before"]
    api["mean"] = (api["after"] + api["before"]) / 2
    k = -(-len(api) * 5 // 100)
    low = {c: set(api.index[api[c] <= api[c].sort_values().iloc[k - 1]]) for c in api}
    shares = {c: len(low[c] & low["change"]) / len(low[c]) for c in ("before", "after", "mean")}
    assert round(shares["before"], 3) == 0.016
    assert round(shares["after"], 2) == 0.10
    result = read_result(NAME)
    for name, column in (("base", "before"), ("end", "after"), ("mean", "mean")):
        assert result[f"{name}_share"] == pytest.approx(shares[column])
    text = Page(built.read_text()).text
    assert f"{100 * shares['before']:.1f} %" in text.replace("\xa0", " ").replace(
        "%", " %"
    ).replace("  ", " ")
    assert "6,194" in text


@pytest.mark.usefixtures("built")
def test_the_districts_are_counted_as_published() -> None:
    schools = {"Los Angeles Unified": 552, "San Francisco Unified": 100, "Fresno Unified": 81}
    schools |= {"Long Beach Unified": 79, "Oakland Unified": 75, "Sacramento City Unified": 72}
    schools |= {"Garden Grove Unified": 61, "Santa Ana Unified": 45, "Clovis Unified": 27}
    schools |= {"Sanger Unified": 1}
    table = read_result(NAME).tables["core"]
    assert dict(zip(table["district"], table["schools"], strict=True)) == schools
    assert read_result(NAME)["core_schools"] == sum(schools.values())


def test_other_parameters_give_another_run(built: Path) -> None:
    first = read_result(NAME).key
    folder = built.parents[2]
    with pytest.raises(ProblemsError, match="has no parameter shar; it has design"):
        memo(NAME, parameters={"shar": 0.1})
    assert read_result(NAME).key == first
    assert (folder / "runs" / first / "provenance.json").exists()
    told = json.loads((folder / "runs" / first / "provenance.json").read_text())
    assert told["parameters"]["share"] == 0.05
    assert "/" not in "".join(map(str, told["parameters"].values())).replace("california/", "")


QUARTO = """#!/bin/sh
if [ "$1" = "--version" ]; then echo {version}; exit 0; fi
if [ "{fails}" = "yes" ]; then echo "no such format" >&2; exit 1; fi
cp "$2" "$6"
"""


def fake_quarto(folder: Path, monkeypatch, *, version="1.9.2", fails="no") -> None:
    path = folder / "quarto"
    path.write_text(QUARTO.format(version=version, fails=fails))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_quarto_renders_where_it_is_on_path(built, tmp_path, monkeypatch) -> None:
    """A stand-in copies what it is given: the same resolved text that pandoc would render."""
    document = built.parent / f"{NAME}.qmd"
    fake_quarto(tmp_path, monkeypatch)
    assert quarto_on_path() == str(tmp_path / "quarto")
    text = render(document, tmp_path / "page.html").read_text()
    assert text == document.read_text()
    assert "{python}" not in text
    assert "6,194" in text
    fake_quarto(tmp_path, monkeypatch, fails="yes")
    with pytest.raises(ProblemsError, match="Quarto failed: no such format"):
        render(document, tmp_path / "other.html")
    assert not (tmp_path / "other.html").exists()


def test_an_old_quarto_is_left_alone(tmp_path, monkeypatch) -> None:
    fake_quarto(tmp_path, monkeypatch, version="1.7.34")
    assert quarto_on_path() is None


def numbers_of(text: str) -> list[str]:
    """Every number of the prose and the tables, in order."""
    start = text.index("The answer.")
    return re.findall(r"\d[\d,.]*\d|\d", text[start:])


def test_page_word_and_print_have_the_same_numbers_in_order(built: Path) -> None:
    document = zipfile.ZipFile(built.with_suffix(".docx")).read("word/document.xml").decode()
    words = re.sub(r"<w:p[ >]", " <", document)
    word_text = html.unescape(re.sub(r"<[^>]+>", "", words))
    print_text = re.sub(r"rgb\([^)]*\)|#\w+\([^)\n]*\)", "", built.with_suffix(".typ").read_text())
    page = [n for n in numbers_of(Page(built.read_text()).text) if len(n) > 2]
    assert len(page) > 40
    assert [n for n in numbers_of(word_text) if len(n) > 2] == page
    assert sorted(set(page) - set(numbers_of(print_text.replace("\\", "")))) == []


def test_the_word_file_has_real_styles_and_words_for_figures(built: Path) -> None:
    document = zipfile.ZipFile(built.with_suffix(".docx")).read("word/document.xml").decode()
    for style in ("Title", "Subtitle", "Heading1", "BlockText", "ImageCaption"):
        assert f'<w:pStyle w:val="{style}"' in document, style
    words = re.findall(r'<wp:docPr[^>]* descr="([^"]*)"', document)
    source = load_qmd(PAPER / "memos" / f"{NAME}.qmd")
    wanted = [c.options["fig-alt"].split()[:4] for c in source.chunks if "fig-alt" in c.options]
    assert [text.split()[:4] for text in words] == wanted


def test_the_print_form_is_tagged_and_the_same_bytes_twice(built: Path, tmp_path: Path) -> None:
    """Typst refuses a document that breaks PDF/UA-1; here it is made again and compared."""
    made = built.with_suffix(".pdf").read_bytes()
    assert b"/MarkInfo" in made
    assert b"pdfuaid" in made
    again = render(built.with_suffix(".qmd"), tmp_path / "again.pdf").read_bytes()
    assert again == made


def test_a_figure_without_words_gives_no_accessible_pdf(built: Path, tmp_path: Path) -> None:
    for path in built.parent.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    document = tmp_path / f"{NAME}.qmd"
    text = document.read_text().replace("# ", "#### ").replace("\n## ", "\n#### ")
    document.write_text(text)
    with pytest.raises(ProblemsError, match="typst failed"):
        render(document, tmp_path / "broken.pdf")
    assert not (tmp_path / "broken.pdf").exists()


def test_the_crate_names_files_that_are_there_and_the_result(built: Path) -> None:
    graph = json.loads((built.parent / "ro-crate-metadata.json").read_text())["@graph"]
    files = {e["@id"] for e in graph if e["@type"] == "File"}
    assert {f"{NAME}.html", f"{NAME}.pdf", f"{NAME}.docx", "fig-overlap.csv"} <= files
    assert all((built.parent / name).exists() for name in files)
    assert any(e.get("identifier") == read_result(NAME).key for e in graph)
    assert any(e.get("name") == f"measures memo {NAME}" for e in graph)


def test_the_index_lists_what_is_published(built: Path) -> None:
    index = memo_index()
    page = Page(index.read_text())
    assert "Status or improvement" in page.text
    assert "Almost wholly different schools" in page.text
    targets = re.findall(r'href="([^"#]+)"', index.read_text())
    assert {f"{NAME}/{NAME}.{form}" for form in ("html", "pdf", "docx")} <= set(targets)
    assert all((index.parent / target).exists() for target in targets)
    assert built.exists()


def test_the_series_is_made_where_one_memo_cannot_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    """All others are made, then the index; what is lacking is told, and the exit code says so."""
    made = []

    def one(name: str, *, forms: list[str]) -> str:
        if name == "minimum-n":
            raise fail(name, "needs the official files.")
        made.append((name, *forms))
        return name

    monkeypatch.setattr("analysis.publishing.memo.memo", one)
    monkeypatch.setattr("analysis.publishing.memo.memo_index", lambda: tmp_path / "index.html")
    done = measures("memo", "--all", "--to", "html")
    assert done.returncode == 1
    assert "minimum-n: needs the official files." in done.stderr
    assert "index.html" in done.stdout
    assert {name for name, _ in made} == {*memo_names()} - {"minimum-n"}
    assert len(made) > 3


def test_an_unknown_memo() -> None:
    with pytest.raises(ProblemsError, match="Did you mean status-or-improvement"):
        memo("status-or-improvment")


SOURCES = {
    "a typed number": ("Some 312 schools.", "the number 312 is typed"),
    "a typed share": ("About 4.5 % of them.", "is typed. Compute it"),
    "a reference to nothing": ("See @fig-none.", "@fig-none refers to nothing"),
    "an unknown citation": ("As @smith-2020 says.", "@smith-2020 refers to nothing"),
    "a figure without words": (
        "```{python}\n#| label: fig-a\n#| fig-cap: A\n1\n```",
        "the figure fig-a must have fig-alt",
    ),
    "a shortcode": ("See {{< video a.mp4 >}}.", "a shortcode needs Quarto"),
    "a tabset": ("::: {.panel-tabset}\n:::", "a tabset needs Quarto"),
    "a diagram": ("```{mermaid}\ngraph\n```", "a diagram needs Quarto"),
    "an unknown option": ("```{python}\n#| layout-ncol: 2\n1\n```", "has no option layout-ncol"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_memo_s_source_is_checked(tmp_path: Path, kind: str) -> None:
    body, message = SOURCES[kind]
    path = tmp_path / "m.qmd"
    path.write_text(f"---\ntitle: T\n---\n\n{body}\n")
    told = [str(p) for p in lint(load_qmd(path), citations=frozenset({"kane-staiger-2002"}))]
    assert any(message in text and text.startswith("m.qmd:") for text in told), told


def test_what_may_be_typed(tmp_path: Path) -> None:
    path = tmp_path / "m.qmd"
    body = "In 1999, two or 3 schools, `{python} r['n']` of them, `x = 312`, "
    body += "60/40 <!-- number: law -->"
    path.write_text(f"---\ntitle: T\n---\n\n{body} @kane-staiger-2002\n")
    assert not lint(load_qmd(path), citations=frozenset({"kane-staiger-2002"}))


@pytest.mark.usefixtures("built")
def test_a_table_in_the_store_is_tidy() -> None:
    for table in read_result(NAME).tables.values():
        assert isinstance(table, pd.DataFrame)
        assert table.columns.is_unique


def test_the_readme_s_figure_is_the_memo_s(built: Path) -> None:
    """When the figure changes on purpose: make pictures."""
    assert (PAPER / "overlap.svg").read_text() == (built.parent / "fig-overlap.svg").read_text()
