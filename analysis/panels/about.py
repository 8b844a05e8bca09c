"""What does a panel say of itself? Origin, licence, labels, and how its numbers are given.

To let panels say more: a field of `About` or `MeasureNote`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from analysis.designs.source import Source, read_yaml
from analysis.panels.stata import read_labels
from analysis.problems import Problem, ProblemsError

GivenAs = Literal["0-1", "0-100"]


def _range(said: object) -> object:
    """Take `[0, 100]`, or `0 to 100` as a workbook has it."""
    return said.split(" to ") if isinstance(said, str) else said


class MeasureNote(BaseModel):
    """What a panel says of one of its measures.

    `given_as` says how percentages are written in the tables; inside they are always 0-100.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = ""
    unit: str = ""
    range: Annotated[tuple[float, float] | None, BeforeValidator(_range)] = None
    given_as: GivenAs | None = None


class About(BaseModel):
    """Where a panel comes from, under which licence, and what its words mean.

    `entity` says what the codes in the column school stand for. `columns` and `groups` hold labels;
    `encoding` says how its text files are written. `synthetic` says that its students are made up,
    `internal` that it shows small groups and is not to be shared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: Literal["school", "district"] = "school"
    title: str = ""
    origin: str = ""
    licence: str = ""
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    synthetic: bool = False
    internal: bool = False
    measures: dict[str, MeasureNote] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)

    def as_read(self) -> About:
        """Say the same of a panel in memory: percentages 0-100, text without an encoding."""
        notes = {
            name: note.model_copy(update={"given_as": "0-100"}) if note.given_as else note
            for name, note in self.measures.items()
        }
        return self.model_copy(update={"measures": notes, "encoding": "utf-8"})

    def with_percent(self, measures: frozenset[str]) -> tuple[About, tuple[Problem, ...]]:
        """Add that some measures are shown with a percent sign: they are given as 0-1."""
        notes, problems = dict(self.measures), []
        for name in sorted(measures):
            note = notes.get(name, MeasureNote())
            if note.given_as == "0-100":
                text = f"{name} is shown with a percent sign, so it is given_as: 0-1, not 0-100."
                problems.append(Problem("about", text))
            notes[name] = note.model_copy(update={"given_as": "0-1"})
        return self.model_copy(update={"measures": notes}), tuple(problems)


def read_about(folder: Path) -> About:
    """Read `panel.yaml` and the labels of Stata tables; empty where neither says anything.

    Raises:
        ProblemsError: everything in `panel.yaml` that cannot be right, with its line.
    """
    path = folder / "panel.yaml"
    source = read_yaml(path) if path.exists() else Source("panel.yaml", {})
    if source.problems:
        raise ProblemsError(source.problems)
    found = about_of(source)
    labels = read_labels(folder / "schools.dta")
    return found.model_copy(update={"columns": {**labels, **found.columns}})


def about_of(source: Source) -> About:
    """Check what was said of a panel.

    Raises:
        ProblemsError: everything that cannot be right, with its place.
    """
    try:
        return About.model_validate(source.said or {})
    except ValidationError as error:
        raise ProblemsError(
            Problem(source.place(tuple(str(w) for w in e["loc"])), f"{e['loc'][-1]}: {e['msg']}.")
            for e in error.errors()
        ) from error


def nested(pairs: Mapping[str, str]) -> Mapping[str, Any]:
    """Turn addresses (`measures.ela.label`) into the mappings that a file would hold.

    >>> nested({"title": "T", "groups.el": "English learners"})
    {'title': 'T', 'groups': {'el': 'English learners'}}
    """
    found: dict[str, Any] = {}
    for address, text in pairs.items():
        *above, last = address.split(".")
        at = found
        for word in above:
            at = at.setdefault(word, {})
        at[last] = text
    return found


def addresses(about: About) -> Mapping[str, str]:
    """Turn what a panel says into addresses and text, as the sheet `about` holds it."""
    found: dict[str, str] = {}

    def walk(said: Any, above: tuple[str, ...]) -> None:  # noqa: ANN401 (any plain value)
        if isinstance(said, dict):
            for word, inner in said.items():
                walk(inner, (*above, str(word)))
        elif isinstance(said, list):
            found[".".join(above)] = " to ".join(f"{x:g}" for x in said)
        else:
            found[".".join(above)] = str(said)

    walk(about.model_dump(exclude_defaults=True, mode="json"), ())
    return found


def like_shares(value: np.ndarray) -> bool:
    """Say whether numbers look like shares: none above 1, and some between 0 and 1.

    >>> like_shares(np.array([0.4, 1.0])), like_shares(np.array([0.4, 45.0]))
    (True, False)
    """
    known = value[~np.isnan(value)]
    return bool(len(known) and (known <= 1).all() and ((known > 0) & (known < 1)).any())
