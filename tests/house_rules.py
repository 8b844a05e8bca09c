"""What the house asks of its own code, each rule a function that yields what breaks it.

To add a rule: one function here, its name in `RULES`, and a piece of code that breaks it in
test_house_rules.py.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

FORBIDDEN_NAMES: Final = {"utils", "helpers", "common", "misc", "base_utils", "tools"}
MOST_LINES = 300
MOST_BODY = 25
MOST_ARGUMENTS = 6
OPENERS: Final = {
    "open",
    "read_csv",
    "read_parquet",
    "read_excel",
    "read_stata",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "to_csv",
    "to_parquet",
    "read_table",
}
MAY_OPEN = re.compile(r"^_?(load|read|write|parse|find)_|^_(write|read)$")
COMMANDS = (
    "analysis/commands.py",
    "analysis/checks.py",
    "analysis/exploring.py",
    "analysis/questions.py",
    "analysis/rewarding.py",
    "analysis/supporting.py",
    "simulations/commands.py",
    "simulations/gaming/commands.py",
    "simulations/evaluating.py",
    "simulations/misaligning.py",
    "simulations/running.py",
    "simulations/sweeping.py",
    "simulations/verifying.py",
    "simulations/watching.py",
)
OPEN_ROOMS = ("analysis/publishing/", "analysis/panels/files.py", *COMMANDS)


@dataclass(frozen=True)
class Source:
    """One file of the repository, as text; `path` is relative to its top."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        return PurePosixPath(self.path).parts[0]

    @property
    def is_package(self) -> bool:
        return self.room in ("analysis", "simulations")


def imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", tuple(alias.name for alias in node.names)


def analysis_never_imports_simulations(source: Source) -> Iterator[str]:
    if source.room == "analysis":
        for module, _ in imports(source.tree):
            if module.split(".")[0] == "simulations":
                yield "analysis imports simulations"


def random_numbers_come_from_one_place(source: Source) -> Iterator[str]:
    if not source.is_package or source.path == "simulations/streams.py":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(
            ("np.random", "numpy.random")
        ):
            yield f"line {node.lineno}: np.random outside simulations/streams.py"
    for module, names in imports(source.tree):
        if (
            module == "random"
            or module.startswith("numpy.random")
            or (module == "numpy" and "random" in names)
        ):
            yield f"imports {module} random"


def no_pyyaml(source: Source) -> Iterator[str]:
    for module, _ in imports(source.tree):
        if module.split(".")[0] == "yaml":
            yield "imports yaml, which keeps the last of two equal keys in silence; use ruamel.yaml"


def no_private_import(source: Source) -> Iterator[str]:
    for module, names in imports(source.tree):
        if module.split(".")[0] in ("analysis", "simulations", "tests"):
            for name in names:
                if name.startswith("_") and not name.startswith("__"):
                    yield f"imports the private {module}.{name}"


def modules_are_short(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if source.is_package and lines > MOST_LINES:
        yield f"has {lines} lines, more than {MOST_LINES}"


def modules_are_named(source: Source) -> Iterator[str]:
    if PurePosixPath(source.path).stem in FORBIDDEN_NAMES:
        yield "says nothing by its name"


def modules_say_their_question(source: Source) -> Iterator[str]:
    if not source.is_package:
        return
    told = ast.get_docstring(source.tree) or ""
    if "?" not in told.split("\n\n")[0] and PurePosixPath(source.path).name != "__main__.py":
        yield "its docstring does not begin with the question that it answers"


def functions_take_few_arguments(source: Source) -> Iterator[str]:
    for node in functions(source.tree):
        if source.path == "analysis/publishing/store.py" and node.name == "write_result":
            continue  # a result says all of this, or it is none
        if source.path.endswith(COMMANDS):
            continue  # each is a word of the command line
        names = [arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)]
        count = len([name for name in names if name not in ("self", "cls")])
        if source.is_package and count > MOST_ARGUMENTS:
            yield f"{node.name} takes {count} arguments"


def public_functions_are_annotated(source: Source) -> Iterator[str]:
    for node in functions(source.tree):
        if source.is_package and not node.name.startswith("_") and node.returns is None:
            yield f"{node.name} does not say what it returns"
        if source.is_package and node.returns is not None and not node.name.startswith("_"):
            told = ast.unparse(node.returns)
            if told == "dict" or re.fullmatch(r"tuple\[pd\.DataFrame(, pd\.DataFrame)+\]", told):
                yield f"{node.name} returns {told}; give it a frozen dataclass"


def dataclasses_are_frozen(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and source.is_package:
            for told in map(ast.unparse, node.decorator_list):
                if told.startswith("dataclass") and "frozen=True" not in told:
                    yield f"{node.name} is a dataclass that is not frozen"


def files_are_opened_at_the_door(source: Source) -> Iterator[str]:
    if not source.is_package or source.path.startswith(OPEN_ROOMS):
        return
    for function in functions(source.tree):
        if MAY_OPEN.search(function.name):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).split(".")[-1]
                if called in OPENERS:
                    yield f"{function.name} opens a file ({called})"


def nothing_is_left_undone(source: Source) -> Iterator[str]:
    if not source.is_package:
        return
    for number, line in enumerate(source.text.splitlines(), start=1):
        if re.search(r"\b(TODO|FIXME|XXX)\b|xfail", line):
            yield f"line {number}: a promise: {line.strip()}"


def what_a_function_raises_is_said(source: Source) -> Iterator[str]:
    told_by_help = source.path.endswith(COMMANDS)
    parsers = "PlainValidator" in source.text  # what they raise becomes a message
    if not source.is_package or told_by_help or parsers:
        return
    for node in public_functions(source.tree):
        raises = any(isinstance(inner, ast.Raise) and inner.exc for inner in own_nodes(node))
        if raises and "Raises:" not in (ast.get_docstring(node) or ""):
            yield f"{node.name} raises and does not say what"


def public_functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield inner
            yield from own_nodes(inner)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def body_lengths(source: Source) -> Iterator[int]:
    """Give the lines of each function's body, without its docstring."""
    for node in functions(source.tree):
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        yield (body[-1].end_lineno or 0) - body[0].lineno + 1


RULES: Final[tuple[Callable[[Source], Iterator[str]], ...]] = (
    analysis_never_imports_simulations,
    random_numbers_come_from_one_place,
    no_pyyaml,
    no_private_import,
    modules_are_short,
    modules_are_named,
    modules_say_their_question,
    functions_take_few_arguments,
    public_functions_are_annotated,
    dataclasses_are_frozen,
    files_are_opened_at_the_door,
    nothing_is_left_undone,
    what_a_function_raises_is_said,
)


def notebook_problems(text: str) -> Iterator[str]:
    """Say what a notebook must not hold: outputs, functions, other than one parameters cell."""
    cells = json.loads(text)["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        yield f"has {len(tagged)} cells tagged parameters, not one"
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "code":
            continue
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {number} has outputs"
        if any(
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            for node in ast.walk(ast.parse("".join(cell["source"])))
        ):
            yield f"cell {number} defines a function or class"


MACHINE = re.compile(
    r"(?<![\w.])/(home|work|root|Users|tmp)/\w|[A-Z]:\\\\Users|(?<!emit-)index-url|"
    r"https?://[\w.-]*(pypi|conda|npm|registry|mirror|artifactory)[\w.-]*"
)


def machine_traces(text: str) -> Iterator[str]:
    """Say where a text names a path of somebody's machine, or a registry's host."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = MACHINE.search(line)
        if found:
            yield f"line {number}: {found.group(0)}"
