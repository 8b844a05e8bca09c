"""What makes a good partner? Weights of terms, and limits that no pair may pass, as a small file.

To add a term or a limit: here, and its numbers in partners.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.designs.wording import read_as

Term = Literal["students", "kilometres", "gap", "growth", "challenge", "reciprocity"]
Weights = dict[Term, float]


FIT: Final[Weights] = {
    "students": 1.0,
    "kilometres": 0.5,
    "gap": 0.25,
    "growth": 0.25,
    "challenge": 1.0,
    "reciprocity": 1.0,
}


class Wishes(BaseModel):
    """What makes a good partner: weights of terms, and limits that no pair may pass.

    A weight of 1 is worth one standard deviation of the term over all pairs; a term without a
    weight is switched off. Terms: `students` (distance, less is better), `kilometres` (less),
    `gap` (how far the partner's index lies above), `growth` (the partner's), `challenge` (share of
    the school's low cells of groups in which the partner is high with the same group), and
    `reciprocity` (each is high on a measure of all students on which the other is low).

    A partner is not on the list, has an index above the school's, and is among the share `high` of
    its level by index or `growing` by growth. `caliper` bounds the distance between students,
    `furthest` the kilometres. `groups` keeps the challenge to some groups. `choose` lets schools
    choose for themselves (stable matching) in place of the least sum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Weights = Field(default_factory=lambda: dict(FIT))
    high: float = Field(0.3, ge=0, le=1)
    growing: float = Field(0.3, ge=0, le=1)
    same_level: bool = True
    caliper: float | None = Field(None, gt=0)
    furthest: float | None = Field(None, gt=0)
    capacity: int = Field(1, ge=1)
    most_in_district: int | None = Field(None, ge=1)
    groups: tuple[str, ...] = ()
    choose: bool = False


AS_DONE: Final = Wishes(weights={"students": 1.0})
"""What CORE did: pairs were matched "primarily" on demographics (PACE Policy Memo 16-4, 2016)."""


def load_wishes(path: Path) -> Wishes:
    """Read what makes a good partner from a file: the words of `Wishes`.

    Raises:
        ProblemsError: everything in the file that cannot be right, with its line.
    """
    return read_as(path, Wishes)
