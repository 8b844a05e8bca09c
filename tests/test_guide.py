"""The guide is enough: its files are those that the program makes, its examples really run.

A tutorial is run from top to bottom in one folder, as a reader would: a block after "Save as `x`:"
becomes that file, one after "Put into `x`:" is put under its headings there, a console block is
run and its output compared. A line `...` stands for lines that are not shown.
"""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from analysis.designs.design import LIBRARY, design_names
from analysis.designs.source import parse_yaml, read_yaml
from analysis.panels.layout import layout_names
from analysis.publishing.guide import GUIDE, guide_files
from analysis.publishing.schemas import rule_name, rules
from tests.test_commands import measures

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ("write-a-design", "read-an-agencys-files")
REFRESH = "run .venv/bin/measures guide"


@dataclass(frozen=True)
class Block:
    """A fenced block of a tutorial, and the paragraph before it."""

    line: int
    kind: str
    lead: str
    text: str


def blocks(text: str) -> Iterator[Block]:
    fence = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for found in fence.finditer(text):
        before = text[: found.start()].rstrip()
        lead = " ".join(before.split("\n\n")[-1].split())
        yield Block(text[: found.start()].count("\n") + 1, found[1], lead, found[2])


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Give each command of a console block with the output shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def run(command: str, folder: Path) -> str:
    """Run a command in a folder; `verify` in a copy of the program, whose library it reads."""
    words = shlex.split(command)
    assert words[0] == "measures", f"only measures is run, not {words[0]}"
    if words[1] != "verify":
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("COLUMNS", "100")
            done = measures(*words[1:])
        return done.stdout + done.stderr
    for package in ("analysis", "simulations"):
        ours = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, dirs_exist_ok=True, ignore=ours)
    for path, text in ledger_additions(folder):
        path.write_text((ROOT / path.relative_to(folder)).read_text() + text)
    told = subprocess.run(
        [sys.executable, "-m", "simulations", *words[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout + told.stderr


def ledger_additions(folder: Path) -> Iterator[tuple[Path, str]]:
    added = folder / "added-to-the-ledger"
    if added.exists():
        yield folder / "analysis/designs/library/ledger.yaml", added.read_text()


def same(shown: str, given: str) -> bool:
    """Compare lines; `...` alone stands for any lines, at the end of a line for the rest of it."""
    lines = [line.rstrip() for line in shown.strip("\n").split("\n")]
    parts = ["(.*\n)*?" if line == "..." else one_line(line) for line in lines]
    printed = "".join(f"{line.rstrip()}\n" for line in given.strip("\n").split("\n"))
    return re.fullmatch("".join(parts), printed) is not None


def one_line(line: str) -> str:
    if line.endswith("..."):
        return re.escape(line.removesuffix("...")) + ".*\n"
    return re.escape(line) + "\n"


def alike(shown: str, given: str) -> bool:
    """Compare what two files say, in whatever order."""
    found, held = parse_yaml(shown), parse_yaml(given)
    return found.problems == held.problems == () and found.said == held.said


def put_into(old: str, new: str) -> str:
    """Put the entries of each heading under the same heading of a file; one that is there goes."""
    parts = sections(old)
    for heading, entries in sections(new).items():
        parts[heading] = {**parts.get(heading, {}), **entries}
    return "".join(head + "".join(entries.values()) for head, entries in parts.items())


def sections(text: str) -> dict[str, dict[str, str]]:
    """Split a file into headings and the named entries below them, both as written."""
    found: dict[str, dict[str, str]] = {}
    heading = name = ""
    for line in text.splitlines(keepends=True):
        if re.match(r"\S", line):
            heading = line
            found[heading] = {}
        elif entry := re.match(r"  (\S[^:]*):", line):
            name = entry[1]
            found[heading][name] = line
        else:
            found[heading][name] = found[heading].get(name, "") + line
    return found


def write_file(path: Path, block: Block) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = re.search(r"sheet `([^`]+)`", block.lead)
    if sheet:
        rows = [line.split(",") for line in block.text.splitlines()]
        pd.DataFrame(rows).to_excel(path, sheet_name=sheet[1], header=False, index=False)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(block.text.encode()))
    else:
        path.write_text(block.text)


def follow(block: Block, folder: Path) -> Iterator[str]:
    """Do what a block asks; say what did not come out."""
    if block.kind == "console":
        for command, shown in commands(block.text):
            given = run(command, folder)
            if not same(shown, given):
                yield f"line {block.line}: {command}\nshown:\n{shown}\ngiven:\n{given}"
        return
    names = re.findall(r"([Ss]ave as|[Pp]ut into|[Aa]dd to the end of) `([^`]+)`[^`]*", block.lead)
    held = re.search(r"`([^`]+)` (?:then |now )?holds[^`]*:$", block.lead)
    if names:
        how, name = names[-1]
        path = folder / name
        if how.lower() == "save as":
            write_file(path, block)
        elif how.lower() == "put into":
            path.write_text(put_into(path.read_text(), block.text))
        else:
            (folder / "added-to-the-ledger").write_text(block.text)
    elif held:
        text = (folder / held[1]).read_text()
        if not (alike if block.kind == "yaml" else same)(block.text, text):
            yield f"line {block.line}: {held[1]} holds\n{text}"
    else:
        yield f"line {block.line}: nothing says what the block is: {block.lead}"


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_comes_out(name: str, tmp_path: Path) -> None:
    text = (GUIDE / f"{name}.md").read_text()
    problems = [problem for block in blocks(text) for problem in follow(block, tmp_path)]
    assert not problems, "\n\n".join(problems)


def test_a_tutorial_that_is_wrong_is_told(tmp_path: Path) -> None:
    wrong = "Save as `a.yaml`:\n\n```yaml\ntitle: T\n```\n\n"
    wrong += "```console\n$ measures check a.yaml\nno\n```\n"
    told = [problem for block in blocks(wrong) for problem in follow(block, tmp_path)]
    assert len(told) == 1
    assert "1 checked, nothing wrong." in told[0]


def test_put_into_replaces_and_adds() -> None:
    old = "title: T\npoints:\n  a: {rule: x}\n  b:\n    rule: y\nlists:\n  c: 1\n"
    new = "points:\n  b: {rule: z}\n  d: {rule: w}\nsets:\n  e: [f]\n"
    assert put_into(old, new) == (
        "title: T\npoints:\n  a: {rule: x}\n  b: {rule: z}\n  d: {rule: w}\nlists:\n  c: 1\n"
        "sets:\n  e: [f]\n"
    )


@pytest.fixture(scope="module")
def made() -> Mapping[str, str]:
    return guide_files()


@pytest.mark.parametrize("name", ["clauses.md", "design.schema.json", "layout.schema.json"])
def test_what_the_program_writes_is_fresh(name: str, made: Mapping[str, str]) -> None:
    assert (GUIDE / name).read_text(encoding="utf-8") == made[name], REFRESH


def test_the_command_writes_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.publishing.guide.guide_files", lambda: {"a.md": "A\n"})
    done = measures("guide", "--out", str(tmp_path / "guide"))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "guide" / "a.md").read_text() == "A\n"
    told = measures("guide", "--help").stdout
    assert "Example: measures guide" in told


@pytest.mark.parametrize("name", [rule_name(rule) for rule in rules()])
def test_each_rule_has_a_worked_example(name: str, made: Mapping[str, str]) -> None:
    section = re.search(rf"^### {name}\n(.*?)(?=^##)", made["clauses.md"], re.MULTILINE | re.DOTALL)
    assert section, f"the reference has no section {name}"
    clause = re.search(r"```yaml\n(.*?)```", section[1], re.DOTALL)
    assert clause, f"add a case with the rule {name} to tests/cases"
    (said,) = parse_yaml(clause[1]).said.values()
    assert said["rule"] == name
    assert re.search(r"^Worked out in \[", section[1], re.MULTILINE), f"no case shows {name}"


def test_the_reference_shows_what_was_worked_out(made: Mapping[str, str]) -> None:
    """By hand in tests/cases: Wilson's bound of 8 of 10; two years 62 + 60 of 90 + 100."""
    assert "| A | 80 | 49.02 |" in made["clauses.md"]
    assert "| G1 | 60 68.9 | 100 90 | 64.2 |" in made["clauses.md"]


def words_without_meaning(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, form in (("the file", schema), *schema["$defs"].items()):
        for word, inner in form.get("properties", {}).items():
            if not inner.get("description") and "$ref" not in inner:
                yield f"{name}.{word}"


@pytest.mark.parametrize("name", ["design", "layout"])
def test_every_word_is_explained(name: str, made: Mapping[str, str]) -> None:
    schema = json.loads(made[f"{name}.schema.json"])
    lacking = list(words_without_meaning(schema))
    assert not lacking, "explain it in its class, in backquotes, or in publishing/meanings.py"


def valid(schema: Mapping[str, Any], text_or_said: object) -> list[str]:
    """Hold a file to a schema; list what is wrong. Keys are text to an editor."""
    said = parse_yaml(text_or_said).said if isinstance(text_or_said, str) else text_or_said
    validator = jsonschema.Draft202012Validator(schema)
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator.iter_errors(with_text_keys(said))
    ]


def with_text_keys(said: object) -> object:
    if isinstance(said, dict):
        return {str(key): with_text_keys(inner) for key, inner in said.items()}
    return [with_text_keys(inner) for inner in said] if isinstance(said, list) else said


@pytest.fixture(scope="module")
def schemas(made: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    found = {name: json.loads(made[f"{name}.schema.json"]) for name in ("design", "layout")}
    for schema in found.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    return found


@pytest.mark.parametrize("name", design_names())
def test_the_schema_takes_every_built_in_design(name: str, schemas) -> None:
    assert not valid(schemas["design"], read_yaml(LIBRARY / f"{name}.yaml").said)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/cases").glob("*.yaml")), ids=lambda p: p.stem
)
def test_the_schema_takes_the_design_of_every_case(path: Path, schemas) -> None:
    design = read_yaml(path).said["design"]
    assert isinstance(design, str) or not valid(schemas["design"], design)


@pytest.mark.parametrize("name", layout_names())
def test_the_schema_takes_every_built_in_layout(name: str, schemas) -> None:
    place, year = name.split("/")
    path = LIBRARY / place / "layouts" / f"{year}.yaml"
    assert not valid(schemas["layout"], read_yaml(path).said)


def clause(text: str) -> str:
    return f"title: T\npoints:\n  a: {text}\n"


BROKEN_DESIGNS = {
    "no title": ("measures: {ela: {unit: percent}}", "'title' is a required property"),
    "an unknown heading": ("title: T\nmeasure: {ela: {}}", "'measure' was unexpected"),
    "an unknown word of a measure": ("title: T\nmeasures: {ela: {beter: high}}", "'beter'"),
    "an unknown rule": (clause("{rule: cutz}"), "'cutz' is not one of"),
    "no rule": (clause("{of: ela}"), "'rule' is a required property"),
    "an unknown word": (clause("{rule: cuts, of: ela, form: {2: 1}, from: {2: 1}}"), "'form'"),
    "a word that is lacking": (clause("{rule: cuts, of: ela}"), "'from' is a required property"),
    "a number that is none": (clause("{rule: minimum_n, of: ela, n: twenty}"), "'twenty'"),
    "a number by nothing": (clause("{rule: minimum_n, of: ela, n: {high: 3, low: 2}}"), "'high'"),
    "a reference too many": (clause("{rule: identity, of: {of: ela, yaer: last}}"), "'yaer'"),
    "weights that are a list": (clause("{rule: mean, of: [a, b], missing: zero}"), "['a', 'b']"),
    "a rounding mode": (clause("{rule: identity, of: b, round: {places: 1, mode: x}}"), "'x'"),
    "an answer that is none": (clause("{rule: mean, of: {b: 1}, missing: leave}"), "'leave'"),
    "a row without then": (
        clause("{rule: decide, rows: {r: {if: {b: met}}}, otherwise: met}"),
        "'then' is a required property",
    ),
    "a grid that is flat": (
        clause("{rule: grid, status: b, change: c, gives: d, cells: {low: red}}"),
        "'red' is not of type 'object'",
    ),
}
BROKEN_LAYOUTS = {
    "no files": ("title: T", "'files' is a required property"),
    "an unknown word": ("title: T\nfiles: {a: {file: a.csv, school: C, yaer: Y}}", "'yaer'"),
    "an unknown word of a column": (
        "title: T\nfiles: {a: {file: a.csv, school: {column: C, digit: 4}}}",
        "'digit'",
    ),
    "no school": ("title: T\nfiles: {a: {file: a.csv}}", "'school' is a required property"),
    "an unknown word of every": ("title: T\nevery: {skp: 2}\nfiles: {}", "'skp'"),
    "columns of a measure": (
        "title: T\nfiles: {a: {file: a.csv, school: C, measures: {ela: {n: N}}}}",
        "'value' is a required property",
    ),
    "an axis": (
        "title: T\nfiles: {a: {file: a.csv, school: C, across: {groups: {A: b}}}}",
        "'groups'",
    ),
}


@pytest.mark.parametrize("name", BROKEN_DESIGNS)
def test_the_schema_refuses_a_broken_design(name: str, schemas) -> None:
    text, message = BROKEN_DESIGNS[name]
    assert message in told_by(schemas["design"], text)


@pytest.mark.parametrize("name", BROKEN_LAYOUTS)
def test_the_schema_refuses_a_broken_layout(name: str, schemas) -> None:
    text, message = BROKEN_LAYOUTS[name]
    assert message in told_by(schemas["layout"], text)


def told_by(schema: Mapping[str, Any], text: str) -> str:
    """Say what is wrong, also what lies below `anyOf`."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(
        with_text_keys(parse_yaml(text).said)
    )
    return "\n".join(inner.message for error in errors for inner in (error, *(error.context or ())))


def test_a_file_is_known_by_what_it_says(tmp_path: Path) -> None:
    """A layout or an adaptation may lie anywhere; one name may be of a design and a layout."""
    (tmp_path / "l.yaml").write_text("title: T\nfiles: {a: {file: a.csv, schol: C}}\n")
    (tmp_path / "d.yaml").write_text(
        "title: T\nmeasures: {m: {}}\npoints: {a: {rule: minimum_n, of: m, n: 5}}\n"
    )
    (tmp_path / "c.yaml").write_text(
        "title: T\nreference: R\nbase: d\nchanges: {a.m: {to: 1, says: S}}\n"
    )
    assert "schol" in measures("check", str(tmp_path / "l.yaml")).stderr
    assert "the rule minimum_n has no word m" in measures("check", str(tmp_path / "c.yaml")).stderr
    assert "beside the Every Student" in measures("check", "florida/2022", "--essa").stdout


def anchors(text: str) -> set[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_every_link_of_the_guide_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        other = page if not file else page.parent / file
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other.read_text()), target


def test_the_readme_leads_to_the_guide() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in TUTORIALS:
        assert f"paper/guide/{name}.md" in readme
