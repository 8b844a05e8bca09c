"""Random numbers belong to names and students, not to the order in which they are drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulations.streams import Draws, philox, stream

# Random123, kat_vectors: counter, key and result of philox4x32 with 10 rounds
PUBLISHED = """
00000000 00000000 00000000 00000000  00000000 00000000  6627e8d5 e169c58d bc57ac4c 9b00dbd8
ffffffff ffffffff ffffffff ffffffff  ffffffff ffffffff  408f276d 41c83b0e a20bc7c6 6d5451fd
243f6a88 85a308d3 13198a2e 03707344  a4093822 299f31d0  d16cfe09 94fdcceb 5001e420 24126ea1
"""


@pytest.mark.parametrize("line", PUBLISHED.strip().splitlines())
def test_philox_gives_its_published_numbers(line: str) -> None:
    words = [int(word, 16) for word in line.split()]
    counter = np.array(words[:4], dtype=np.uint64)[:, None]
    assert philox(counter, (words[4], words[5]))[:, 0].tolist() == words[6:]


def test_a_student_s_numbers_come_from_these_words() -> None:
    draws = Draws((0xA4093822, 0x299F31D0))
    student = np.array([(0x03707344 << 32) + 0x13198A2E], dtype=np.uint64)
    # the counter is block, draw, and the two halves of the student's number
    first = philox(
        np.array([[0], [0x85A308D3], [0x13198A2E], [0x03707344]], dtype=np.uint64), draws.key
    )
    found = draws.uniforms(student, 4, draw=0x85A308D3)
    assert found.ravel().tolist() == [(int(word) + 0.5) / 2**32 for word in first.ravel()]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2**48), min_size=1, max_size=40, unique=True), st.data())
def test_any_order_and_any_cut_give_the_same_bytes(numbers: list[int], data) -> None:
    students = np.array(numbers, dtype=np.uint64)
    draws = Draws.of(3, "scores")
    whole = draws.normals(students, 5, draw=2015)
    order = np.array(data.draw(st.permutations(range(len(numbers)))))
    cut = data.draw(st.integers(0, len(numbers)))
    parts = [draws.normals(students[rows], 5, draw=2015) for rows in (order[:cut], order[cut:])]
    again = np.empty_like(whole)
    again[:, order] = np.concatenate(parts, axis=1)
    assert again.tobytes() == whole.tobytes()


def test_large_and_small_chunks_agree() -> None:
    students = np.arange(20_001, dtype=np.uint64)
    draws = Draws.of(3, "scores")
    whole = draws.normals(students, 3)
    alone = np.concatenate([draws.normals(s, 3) for s in np.array_split(students, 7)], axis=1)
    assert whole.tobytes() == alone.tobytes()


def test_a_number_more_changes_none_before_it() -> None:
    students = np.arange(50, dtype=np.uint64)
    draws = Draws.of(3, "scores")
    assert (draws.uniforms(students, 9)[:5] == draws.uniforms(students, 5)).all()


OTHERS = [(3, "marks"), (4, "scores"), (3, "scores", 1), (3, "sco", "res")]


@pytest.mark.parametrize("other", OTHERS)
def test_other_names_are_independent(other) -> None:
    students = np.arange(40_000, dtype=np.uint64)
    one, two = (Draws.of(*names).normals(students)[0] for names in ((3, "scores"), other))
    # five standard errors of a correlation of zero
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(len(students))


def test_draws_and_neighbours_are_independent() -> None:
    students = np.arange(40_000, dtype=np.uint64)
    draws = Draws.of(3, "scores")
    one, two = draws.normals(students, draw=2015)[0], draws.normals(students, draw=2016)[0]
    limit = 5 / np.sqrt(len(students))
    assert abs(np.corrcoef(one, two)[0, 1]) < limit
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < limit


def test_the_numbers_are_uniform_and_normal() -> None:
    students = np.arange(50_000, dtype=np.uint64)
    draws = Draws.of(11, "form")
    u, z = draws.uniforms(students, 4).ravel(), draws.normals(students, 4, draw=1).ravel()
    assert 0 < u.min() < u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    assert stats.kstest(z, "norm").pvalue > 1e-4


def test_streams_are_named() -> None:
    def first(*names: object, seed: int = 1) -> float:
        return float(stream(seed, *names).random())

    assert first("schools", "a") == first("schools", "a")
    assert len({first("a", "bc"), first("ab", "c"), first("1"), first(1), first("1", seed=2)}) == 5
