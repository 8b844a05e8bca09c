"""What in an experiment with schools that respond does not go together?

To add a check: one function that yields a word of the file and a sentence, named in `wrong`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.problems import ProblemsError, did_you_mean, listed
from simulations.gaming.kinds import load_calibrations

if TYPE_CHECKING:
    from simulations.gaming.asked import Asked

Wrong = Iterator[tuple[str, str]]


def wrong(asked: Asked) -> Wrong:
    """Say what does not go together, as pairs of a word of the file and a sentence.

    Args:
        asked: the experiment.
    """
    found = [problem for check in (_spans, _aims, _against, _kinds) for problem in check(asked)]
    yield from found
    if not any(word in ("mechanisms", "at") for word, _ in found):
        yield from _idle(asked)


def _spans(asked: Asked) -> Wrong:
    for word in ("costs", "budget"):
        span = getattr(asked, word)
        if span is not None and not 0 < span.low <= span.high:
            text = "must go from a number above 0 to one that is not smaller"
            yield word, f"{text}, such as {word}: {{from: 1, to: 10}}."


def _aims(asked: Asked) -> Wrong:
    for said in (asked.aims, *(one.aims for one in asked.designs.values() if one.aims)):
        try:
            said.aims()
        except ProblemsError as error:
            yield from (("aims", problem.text) for problem in error.problems)


def _against(asked: Asked) -> Wrong:
    for name, one in asked.designs.items():
        if one.against is not None and one.against not in asked.designs:
            text = f"{name}: against must name one of {listed(asked.designs)}, not {one.against}."
            yield "designs", text + did_you_mean(one.against, asked.designs)


def _kinds(asked: Asked) -> Wrong:
    known = load_calibrations()
    for name in asked.mechanisms:
        if name not in known:
            text = f"there is no {name}; there are {listed(known, most=30)}."
            yield "mechanisms", text + did_you_mean(name, known)
    rough = [n for n in asked.mechanisms if n in known and not known[n].calibrated]
    if rough and asked.at == "usual":
        text = f"no source gives the size of {listed(rough)}, their direction only is known."
        yield "at", f"{text} Say at: low or at: high."


def _idle(asked: Asked) -> Wrong:
    """Refuse a mechanism that moves no measure of any design."""
    designs = {name: asked.design(name) for name in asked.designs}
    moving = {one for name, design in designs.items() for one in asked.moving(design, name)}
    for name in asked.mechanisms:
        if name not in moving:
            text = f"{name} moves no measure on which a list of these designs rests."
            yield "mechanisms", f"{text} Leave it out, or add a design that counts what it moves."
