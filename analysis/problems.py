"""What is wrong with a file, and where? All problems of one file are told at once.

To add a check: append a `Problem` to the list that the reader of that file keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing that someone has to mend, with the place where it stands."""

    place: str
    text: str

    def __str__(self) -> str:
        """Give the place and the text in one line."""
        return f"{self.place}: {self.text}" if self.place else self.text


class ProblemsError(ValueError):
    """Everything that is wrong with what was given; nothing was done."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems in the order in which they were found."""
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def fail(place: str, text: str) -> ProblemsError:
    """Make the error for a single problem, to be raised by the caller."""
    return ProblemsError([Problem(place, text)])


def sentence(text: str) -> str:
    """End a text with a full stop, unless it ends like a sentence already.

    >>> sentence("must be a number"), sentence("Did you mean ela?")
    ('must be a number.', 'Did you mean ela?')
    """
    return text if text.endswith((".", "?")) else f"{text}."


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Suggest the known word nearest to a misspelled one.

    >>> did_you_mean("elemntary", ["elementary", "high"])
    ' Did you mean elementary?'
    >>> did_you_mean("zzz", ["elementary", "high"])
    ''
    """
    near = get_close_matches(str(word), [str(name) for name in known], n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else ""


def listed(words: Iterable[object], *, most: int = 6) -> str:
    """Write words as a short list that says how many were left out.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    known: Sequence[str] = [str(word) for word in words]
    if len(known) <= most:
        return ", ".join(known) or "nothing"
    return f"{', '.join(known[:most])} and {len(known) - most} more"
