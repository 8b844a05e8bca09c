"""Which numbers were published, how is each known, and what would count as near?

To add a published number: an entry in `core.yaml`. No Python, unless no figure of ours fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from analysis.designs.source import read_yaml
from analysis.problems import Problem, ProblemsError

HERE: Final = Path(__file__).parent
Role = Literal["fitted", "predicted", "by construction", "shape only", "no number"]
Verdict = Literal["near", "miss", "shape agrees", "no number"]


class Aim(BaseModel):
    """One figure of ours, and what was published of it.

    `low` and `high` say what counts as near: outside them ours is a miss. Both are left out where
    there is nothing to hold ours to; one is, where only a direction or a word was published.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    unit: str
    published: float | None = None
    words: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def held(self) -> bool:
        """Whether there is something to hold ours to."""
        return self.low is not None or self.high is not None

    def near(self, ours: float) -> bool:
        """Say whether ours lies where it counts as near."""
        above = self.low is None or ours >= self.low
        return above and (self.high is None or ours <= self.high)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            msg = "low must not lie above high"
            raise ValueError(msg)
        if self.published is not None and self.held and not self.near(self.published):
            msg = "the published number must itself be near"
            raise ValueError(msg)
        if self.held and self.published is None and not self.words:
            msg = "without a published number, words must say what was published"
            raise ValueError(msg)
        return self


class Target(BaseModel):
    """One row: what is compared, where it was published, and in which role it is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compared: str
    cite: str
    evidence: Literal["official", "secondary", "derived", "recalled"]
    role: Role
    settled_by: str | None = None
    note: str = ""
    figures: Mapping[str, Aim] = {}

    @property
    def preset(self) -> str:
        """The preset under which the row was fitted, without its place; empty if it was not."""
        return "" if self.settled_by is None else self.settled_by.rpartition("/")[2]

    def verdict(self, aim: Aim, ours: float) -> Verdict:
        """Say how ours stands to what was published; a miss is called a miss."""
        if self.role == "no number" or not aim.held:
            return "no number"
        if not aim.near(ours):
            return "miss"
        return "shape agrees" if self.role == "shape only" or aim.published is None else "near"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not self.figures and not self.note:
            msg = "a row without a figure of ours must say why in its note"
            raise ValueError(msg)
        if (self.role == "fitted") != (self.settled_by is not None):
            msg = "settled_by names the preset under which it was fitted, and only then"
            raise ValueError(msg)
        return self


class Published(BaseModel):
    """Every published number of one place, and the design that is held to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    about: str
    design: str
    settlement: str
    rows: Mapping[str, Target]

    @property
    def names(self) -> tuple[str, ...]:
        """Name every figure as `row.figure`."""
        return tuple(f"{row}.{name}" for row, one in self.rows.items() for name in one.figures)


def load_published(path: Path = HERE / "core.yaml") -> Published:
    """Read what was published.

    Raises:
        ProblemsError: everything that is wrong in the file.

    >>> load_published().rows["C1"].role
    'fitted'
    """
    source = read_yaml(path)
    if source.problems:
        raise ProblemsError(source.problems)
    try:
        return Published.model_validate(source.said)
    except ValidationError as error:
        raise ProblemsError(
            Problem(
                source.place(tuple(str(word) for word in found["loc"])),
                f"{'.'.join(map(str, found['loc'])) or 'the file'}: {found['msg']}.",
            )
            for found in error.errors()
        ) from error
