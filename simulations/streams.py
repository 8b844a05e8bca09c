"""Where do random numbers come from? Streams seeded by name; only this file touches np.random.

A stream is named by words (`"population", "scores"`), so that a new stream changes no other. Two
kinds are needed:

* `stream` gives NumPy's generator, for what is drawn once and in a fixed order (schools).
* `Draws` gives numbers that belong to a student: each depends on the stream's name, the student and
  the draw (a year), and on nothing else. So the same seed gives the same bytes for any cut into
  chunks, any order of them, and any number of worker processes.

To add a stream: name it where it is used. To add a distribution: one method of `Draws`.

The keyed numbers come from Philox4x32 with 10 rounds: Salmon, Moraes, Dror and Shaw, Parallel
random numbers: as easy as 1, 2, 3 (2011). Its published test vectors are in tests/simulations.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

Name = str | int
Stream = np.random.Generator
"""What `stream` gives: NumPy's generator of random numbers."""

ROUNDS: Final = 10
_WORD: Final = np.uint64(0xFFFFFFFF)
_SHIFT: Final = np.uint64(32)
_MULTIPLY: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_BUMP: Final = (0x9E3779B9, 0xBB67AE85)
_AT_ONCE: Final = 8192
"""Students handled together, so that the arrays stay in the processor's cache."""


def _digest(seed: int, names: tuple[Name, ...], size: int) -> int:
    # repr tells "1" from 1 and keeps ("ab", "c") apart from ("a", "bc")
    text = repr((int(seed), *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "little")


def stream(seed: int, *names: Name) -> Stream:
    """Make a generator for one named purpose.

    Args:
        seed: the seed of the whole run.
        names: words and numbers that name the purpose; other names, other numbers.

    >>> bool(stream(1, "schools").random() == stream(1, "schools").random())
    True
    >>> bool(stream(1, "schools").random() == stream(1, "staff").random())
    False
    """
    return Stream(np.random.Philox(key=_digest(seed, names, 16)))


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Turn counters into random 32-bit words by Philox4x32-10.

    Args:
        counter: unsigned 64-bit integers below 2**32 over word (4) and draw.
        key: two numbers below 2**32.

    Returns:
        Unsigned 64-bit integers below 2**32, of the counter's shape.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        high, low = c0 * _MULTIPLY[0], c2 * _MULTIPLY[1]
        c0, c2 = (low >> _SHIFT) ^ c1 ^ np.uint64(k0), (high >> _SHIFT) ^ c3 ^ np.uint64(k1)
        c1, c3 = low & _WORD, high & _WORD
        k0, k1 = (k0 + _BUMP[0]) & 0xFFFFFFFF, (k1 + _BUMP[1]) & 0xFFFFFFFF
    return np.stack((c0, c1, c2, c3))


@dataclass(frozen=True)
class Draws:
    """A named stream whose numbers belong to students.

    >>> draws, students = Draws.of(1, "scores"), np.array([7, 8, 9], dtype=np.uint64)
    >>> together = draws.normals(students, 2, draw=2015)
    >>> alone = draws.normals(students[2:], 2, draw=2015)
    >>> bool((together[:, 2:] == alone).all())
    True
    """

    key: tuple[int, int]

    @classmethod
    def of(cls, seed: int, *names: Name) -> Draws:
        """Name a stream, as `stream` does."""
        code = _digest(seed, ("draws", *names), 8)
        return cls((code & 0xFFFFFFFF, code >> 32))

    def uniforms(self, students: np.ndarray, count: int = 1, *, draw: int = 0) -> np.ndarray:
        """Draw numbers between 0 and 1, both excluded.

        Args:
            students: unsigned 64-bit numbers of students (or of schools, or seats).
            count: how many numbers for each.
            draw: which draw, such as the year; another draw, other numbers.

        Returns:
            An array over number (count) and student.
        """
        blocks = -(-count // 4)
        found = np.empty((4 * blocks, len(students)))
        for start in range(0, len(students), _AT_ONCE):
            some = students[start : start + _AT_ONCE].astype(np.uint64)
            counter = np.empty((4, len(some)), dtype=np.uint64)
            counter[1], counter[2], counter[3] = draw, some & _WORD, some >> _SHIFT
            for block in range(blocks):
                counter[0] = block
                words = philox(counter, self.key)
                rows = found[4 * block : 4 * block + 4, start : start + _AT_ONCE]
                rows[:] = (words + 0.5) * 2.0**-32
        return found[:count]

    def normals(self, students: np.ndarray, count: int = 1, *, draw: int = 0) -> np.ndarray:
        """Draw standard normal numbers, as `uniforms` does."""
        found: np.ndarray = ndtri(self.uniforms(students, count, draw=draw))
        return found
