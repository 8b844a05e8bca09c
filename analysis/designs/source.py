"""What does a YAML file say, and on which line? Every doubled key is found, nothing is run.

To let files say more: nothing here; this module knows YAML, not designs.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from analysis.problems import Problem, fail

MOST_NODES: Final = 200_000
"""A file that unfolds to more than this is refused (a small file can unfold without end)."""

DEEPEST: Final = 50
PathKey = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """What a file says, the line of each of its places, and what is wrong with its keys."""

    file: str
    said: Any
    lines: Mapping[PathKey, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, path: PathKey) -> str:
        """Write `file:line` for a path, or for the nearest place above it that has a line."""
        for size in range(len(path), -1, -1):
            if path[:size] in self.lines:
                return f"{self.file}:{self.lines[path[:size]]}"
        return self.file


def read_yaml(path: Path) -> Source:
    """Read one YAML file; doubled keys are kept as problems, to be told with all others.

    Raises:
        ProblemsError: the file is missing or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise fail(str(path), f"cannot be read as a text file ({error}).") from error
    return parse_yaml(text, file=path.name)


def parse_yaml(text: str, *, file: str = "design") -> Source:
    """Parse YAML text as `read_yaml` does; `file` is the name that messages give.

    Raises:
        ProblemsError: the text is not YAML, or unfolds to more than can be read.
    """
    source = _parsed(text, file)
    return replace(source, said=deepcopy(source.said))


@lru_cache(maxsize=256)
def _parsed(text: str, file: str) -> Source:
    """Parse a text once; parsing takes longer than all that comes after it."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        what = getattr(error, "problem", None) or "the file"
        raise fail(place, f"must be YAML, but {what}.") from error
    walk = _Walk(file, yaml)
    said = None if node is None else walk.build(node, ())
    return Source(file, said, walk.lines, tuple(walk.problems))


class _Walk:
    """One pass over the nodes of a file, gathering lines and problems."""

    def __init__(self, file: str, yaml: YAML) -> None:
        self.file = file
        self.constructor = yaml.constructor
        self.lines: dict[PathKey, int] = {}
        self.problems: list[Problem] = []
        self.nodes = 0

    def build(self, node: Node, path: PathKey) -> Any:  # noqa: ANN401 (a file may say anything)
        self.nodes += 1
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            raise fail(self.file, "is too large or too deeply nested to be read.")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, str(i))) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: PathKey) -> dict[Any, Any]:
        said: dict[Any, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._problem(line, path, "a key must be one word")
                continue
            key = self._scalar(key_node)
            if str(key) in first:
                before = first[str(key)]
                self._problem(line, path, f"{key} is said twice (first in line {before})")
                continue
            first[str(key)] = line
            self.lines[(*path, str(key))] = line
            said[key] = self.build(value_node, (*path, str(key)))
        return said

    def _scalar(self, node: Node) -> Any:  # noqa: ANN401 (a file may say anything)
        try:
            return self.constructor.construct_object(node)
        except (ConstructorError, ValueError) as error:
            line = node.start_mark.line + 1
            text = getattr(error, "problem", None) or str(error)
            self.problems.append(Problem(f"{self.file}:{line}", f"cannot be read: {text}."))
            return None

    def _problem(self, line: int, path: PathKey, text: str) -> None:
        clause = path[-1] if path else "the file"
        self.problems.append(Problem(f"{self.file}:{line}", f"{clause}: {text}."))
