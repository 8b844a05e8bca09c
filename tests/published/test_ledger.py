"""The ledger holds: every design gives what its agency published, in as many rows as it says.

Official files are read from a folder beside the clone; what is built in is held everywhere.
"""

from pathlib import Path

import pytest

from analysis.ratings.verify import Entry, at_hand, load_ledger, verify, verify_otherwise

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LEDGER = load_ledger()

# what an agency's own files allow, worked out by others before a line of this was written
REACHABLE = {
    ("california/api-2000", "awards"): (6194, 6194),
    ("california/dashboard-2018", "graduation colour"): (10662, 10662),
    ("california/dashboard-2018", "graduation has a colour"): (25802, 25852),
    ("california/dashboard-2018", "graduation rate"): (16867, 16867),
    ("california/dashboard-2018", "colours of every indicator in one county"): (3331, 3332),
    ("california/essa-2018", "four-way status"): (9880, 9910),
    ("california/essa-2018", "groups named for ATSI"): (118672, 118677),
    ("texas/2013", "rating"): (7653, 7653),
    ("texas/2013", "rating after a granted appeal"): (0, 2),
    ("texas/2013", "rating changed for data integrity"): (0, 1),
    ("texas/2014", "rating"): (7689, 7689),
    ("texas/2015", "rating"): (7747, 7747),
    ("texas/2016", "rating"): (7794, 7794),
    ("florida/2022", "points"): (3368, 3368),
    ("florida/2022", "percent"): (3368, 3368),
    ("florida/2022", "grade"): (3368, 3368),
    ("north-carolina/2018", "score"): (15909, 15915),
    ("north-carolina/2018", "grade of the printed score"): (16191, 16191),
    ("north-carolina/2018", "lowest-performing schools (CSI)"): (1444, 1444),
    ("north-carolina/2018", "low-performing schools"): (2522, 2537),
    ("chicago/2015", "total of elementary schools"): (459, 459),
    ("chicago/2015", "total of high schools"): (115, 115),
    ("chicago/2015", "total of option schools"): (39, 39),
    ("chicago/2018", "total of elementary schools"): (463, 463),
    ("chicago/2018", "total of high schools"): (115, 116),
    ("chicago/2018", "total of option schools"): (44, 44),
    ("new-york-city/2010", "total"): (1533, 1534),
}


@pytest.mark.parametrize(("key", "least"), REACHABLE.items(), ids=lambda x: " ".join(map(str, x)))
def test_the_ledger_claims_what_can_be_reached(
    key: tuple[str, str], least: tuple[int, int]
) -> None:
    (entry,) = [entry for entry in LEDGER if entry.design == key[0]]
    held = entry.results[key[1]]
    assert held.matched >= least[0]
    assert held.testable == least[1]


@pytest.mark.parametrize("entry", LEDGER, ids=lambda entry: entry.design)
def test_the_ledger_s_figures_hold(entry: Entry) -> None:
    if not at_hand(entry, DATA):
        pytest.skip(f"the official files of {entry.panel} are not beside this clone")
    for row in verify(entry, DATA):
        held = entry.results[row.result]
        assert (row.matched, row.testable) == (held.matched, held.testable), row
        assert sum(apart.count for apart in row.differences) == row.testable - row.matched
        named = {apart.why for apart in row.differences}
        assert named <= {known.why for known in held.differences}, "a difference without a name"


# what others found, by hand with pandas, when one word of the rule is read another way
OTHER_READINGS = {
    ("california/api-2000", "target"): 5357,
    ("florida/2022", "percent"): 3331,
    ("california/essa-2018", "four-way status"): 9760,
}


@pytest.mark.parametrize("entry", LEDGER, ids=lambda entry: entry.design)
def test_another_reading_of_a_word_gives_what_others_found(entry: Entry) -> None:
    if not at_hand(entry, DATA):
        pytest.skip(f"the official files of {entry.panel} are not beside this clone")
    found = {
        (entry.design, other.result): (row.matched, other.matched)
        for other, row in verify_otherwise(entry, DATA)
    }
    known = {key: (n, n) for key, n in OTHER_READINGS.items() if key[0] == entry.design}
    assert found == known
