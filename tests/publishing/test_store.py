"""The store keeps results whole, by content, and refuses stale, damaged and silent ones."""

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.problems import ProblemsError
from analysis.publishing.store import Estimand, build_folder, read_result, write_result

ESTIMAND = Estimand("the share of schools named", "all schools", "none", "these students")


@pytest.fixture(autouse=True)
def _own_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path / "build"))


def write(name="question", numbers=None, **changes):
    said = {
        "parameters": {"share": 0.05},
        "fingerprints": {"d": "1"},
        "estimand": ESTIMAND,
        "numbers": {"named": np.int64(3), "odd": np.nan} if numbers is None else numbers,
        "tables": {"t": pd.DataFrame({"a": [1, 2]})},
        "command": "measures memo question",
    }
    return write_result(name, **{**said, **changes})


def run_folder(key: str) -> Path:
    return build_folder() / "runs" / key


def test_what_is_written_is_read() -> None:
    key = write()
    result = read_result("question", expect={"d": "1"})
    assert (result.key, result["named"], result["odd"]) == (key, 3, None)
    assert result.tables["t"]["a"].tolist() == [1, 2]
    assert result.estimand == ESTIMAND
    assert read_result(key).numbers == result.numbers
    assert {p.name for p in run_folder(key).iterdir()} == {
        "result.json",
        "provenance.json",
        "t.parquet",
    }


def test_the_key_is_the_content_s() -> None:
    key = write()
    assert write() == key
    assert write(parameters={"share": 0.06}) != key
    assert write(fingerprints={"d": "2"}) != key


def test_another_answer_to_the_same_question_is_refused() -> None:
    write()
    with pytest.raises(ProblemsError, match="the same question gave another answer"):
        write(numbers={"named": 4})
    assert read_result("question")["named"] == 3


def test_a_stale_result_is_refused_with_the_command_that_makes_it_again() -> None:
    write()
    with pytest.raises(ProblemsError, match="d changed since. Run again: measures memo question"):
        read_result("question", expect={"d": "2"})
    with pytest.raises(ProblemsError, match="panel changed since"):
        read_result("question", expect={"panel": "1"})


def test_a_result_of_other_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    monkeypatch.setattr("analysis.publishing.store.code_fingerprint", lambda: "other")
    with pytest.raises(ProblemsError, match="code changed since"):
        read_result("question")


@pytest.mark.parametrize("word", ["what", "pool", "draw", "for_whom"])
def test_a_result_that_does_not_say_what_it_estimates_is_refused(word: str) -> None:
    path = run_folder(write()) / "result.json"
    said = json.loads(path.read_text())
    del said["estimand"][word]
    path.write_text(json.dumps(said))
    with pytest.raises(ProblemsError, match=f"does not say {word} of what it estimates"):
        read_result("question")


def test_a_damaged_result_is_refused() -> None:
    path = run_folder(write()) / "result.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(ProblemsError, match="is damaged"):
        read_result("question")


def test_a_lost_table_is_told() -> None:
    (run_folder(write()) / "t.parquet").unlink()
    with pytest.raises(ProblemsError, match="is damaged"):
        read_result("question")


def test_another_schema_is_refused() -> None:
    path = run_folder(write()) / "result.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 7'))
    with pytest.raises(ProblemsError, match="has schema 7; this program reads 1"):
        read_result("question")


def test_an_unknown_number_is_told() -> None:
    write()
    with pytest.raises(ProblemsError, match="has no number namd. Did you mean named"):
        read_result("question")["namd"]
    with pytest.raises(ProblemsError, match="has no result yet"):
        read_result("nothing")


def test_a_failed_write_leaves_nothing() -> None:
    with pytest.raises(ProblemsError, match="keeps numbers and words, not list"):
        write(numbers={"named": [1]})
    assert not [p for p in (build_folder() / "runs").iterdir() if p.name != "by-name"]


def test_many_may_write_the_same_result_at_once() -> None:
    with ProcessPoolExecutor(4) as pool:
        keys = list(pool.map(write, ["question"] * 8))
    assert len(set(keys)) == 1
    assert read_result("question")["named"] == 3
    assert not [p for p in (build_folder() / "runs").iterdir() if p.name.startswith(".")]
