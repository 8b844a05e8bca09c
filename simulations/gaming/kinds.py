"""Which mechanisms are there, with which numbers, and how is each number known?

To add a number: its place in mechanisms.yaml, with source, evidence and unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import model_validator

from analysis.designs.wording import read_as
from analysis.problems import did_you_mean, fail, listed
from simulations.experiment import Words
from simulations.gaming import counting, records, scores
from simulations.gaming.mechanism import Mechanism

At = Literal["low", "usual", "high"]
HOME: Final = Path(__file__).parent / "mechanisms.yaml"
KINDS: Final[tuple[type[Mechanism], ...]] = (
    scores.Honest,
    scores.Attention,
    scores.Manipulation,
    scores.Predictable,
    scores.Narrowing,
    scores.LowestGroup,
    counting.Exemption,
    counting.Reclassification,
    counting.UnderMinimum,
    counting.WindowSuspension,
    counting.OptingOut,
    counting.Reenrolling,
    counting.Redesignation,
    records.UnreportedSuspensions,
    records.AttendanceRecords,
    records.GradeInflation,
    records.CreditRecovery,
    records.SurveyInflation,
    records.ReferenceBias,
)


class Size(Words):
    """A number of a mechanism: its range, its usual value where a source gives one, its unit."""

    low: float
    high: float
    usual: float | None = None
    unit: str
    cite: str
    evidence: Literal["official", "data", "derived", "secondary", "recalled", "assumed"]

    @model_validator(mode="after")
    def _in_order(self) -> Size:
        if not self.low <= (self.low if self.usual is None else self.usual) <= self.high:
            msg = "low, usual and high must be in this order"
            raise ValueError(msg)
        return self


class Calibration(Words):
    """What is known of a mechanism: its numbers, and what the literature says of its direction."""

    label: str
    direction: str
    numbers: Mapping[str, Size]

    @property
    def calibrated(self) -> bool:
        """Say whether a source gives the size; otherwise its direction only is known."""
        return self.numbers["size"].usual is not None


@cache
def load_calibrations() -> Mapping[str, Calibration]:
    """Load what is known of every mechanism, by name.

    Raises:
        ProblemsError: everything in the file that cannot be right.

    >>> [name for name, one in load_calibrations().items() if one.calibrated]
    ['honest', 'attention', 'manipulation', 'unreported_suspensions']
    """
    found = read_as(HOME, dict[str, Calibration])
    if [*found] != [kind.name for kind in KINDS]:
        raise fail(HOME.name, f"must hold the mechanisms {listed([k.name for k in KINDS])}.")
    return found


def load_mechanism(name: str, at: At = "usual") -> Mechanism:
    """Load a mechanism with its numbers: the usual ones, or one end of their range.

    A number whose direction only is known has no usual value.

    Raises:
        ProblemsError: there is no such mechanism, or no usual value of its size.

    >>> load_mechanism("manipulation").size
    0.4
    """
    known = load_calibrations()
    if name not in known:
        text = f"there is no such mechanism; there are {listed(known, most=30)}."
        raise fail(name, text + did_you_mean(name, known))
    if at == "usual" and not known[name].calibrated:
        text = "no source gives its size, its direction only is known. Say at: low or at: high."
        raise fail(name, text)
    kind = next(one for one in KINDS if one.name == name)
    return kind(**{word: _number(one, at) for word, one in known[name].numbers.items()})


def _number(said: Size, at: At) -> float:
    """Give a number; in between where the usual one is asked for and only a range is known."""
    middle = (said.low + said.high) / 2 if said.usual is None else said.usual
    return {"low": said.low, "usual": middle, "high": said.high}[at]
