"""Support at the command line: partners, communities, districts, peer review."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.test_commands import ROOT, measures

FRANKLIN = ("franklin/index", "franklin")
EXAMPLE = str(ROOT / "paper/guide/made-up-peer-ratings.csv")


def test_partners_print_and_write(tmp_path: Path) -> None:
    """Alder takes Beech or Dogwood, 20 points of poverty away; Kousa is one of two high schools."""
    wishes = tmp_path / "wishes.yaml"
    wishes.write_text("weights: {students: 1}\nhigh: 1\n", encoding="utf-8")
    words = (*FRANKLIN, "--by", "poverty", "--least", "1", "--wishes", str(wishes))
    done = measures("partners", *words, "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "2 pairs, optimal; 0 schools stay alone." in done.stdout
    assert "Without reciprocity" in done.stdout
    pairs = pd.read_csv(tmp_path / "out/pairs.csv", dtype=str)
    assert pairs["school"].tolist() == ["0101", "0111"]
    assert pairs["partner"].iloc[0] in ("0102", "0104")
    assert pairs["partner"].iloc[1] == "0109"
    told = json.loads(measures("partners", *words, "--format", "json").stdout)
    assert told["status"] == "optimal"
    assert {row["characteristic"] for row in told["balance"]} >= {"poverty", "index"}


def test_a_list_must_be_named_where_there_are_several() -> None:
    done = measures("partners", "core/sqii-2015-16", "core-small", "--with", "core/usual")
    assert done.returncode == 1
    assert "Name one with --list" in done.stderr
    done = measures("partners", *FRANKLIN, "--by", "wealth")
    assert "has no school column wealth that holds numbers" in done.stderr


def test_communities_and_districts() -> None:
    """Franklin's two lowest schools share problems, and its two districts can only join."""
    done = measures("communities", *FRANKLIN, "--least", "1", "--leads", "Ash=1")
    assert done.returncode == 0
    assert "1 communities, optimal; 0 schools are in none." in done.stdout
    wrong = measures("communities", *FRANKLIN, "--leads", "Ash=many")
    assert "must be a number, or Ash=2,Birch=1, but it says Ash=many" in wrong.stderr
    told = json.loads(measures("districts", *FRANKLIN, "--format", "json").stdout)
    assert told["groups"] == [["Ash", "Birch"]]
    assert told["pairs"][0]["size"] == pytest.approx(1.05, abs=0.05)
    assert "Together: Ash and Birch. Alone: nobody." in measures("districts", *FRANKLIN).stdout


@pytest.mark.parametrize("words", [(), ("--format", "json")])
def test_peers(words: tuple[str, ...]) -> None:
    done = measures("peers", EXAMPLE, *words)
    assert done.returncode == 0
    if words:
        told = json.loads(done.stdout)
        assert sum(row["share"] for row in told["components"]) == pytest.approx(1)
        assert 0 < told["reliability"][0]["all"] < 1
        # the raters who were made to tick: five of Ash's six sheets have one rating throughout
        ticking = {row["rater"]: row["straight"] for row in told["ticking"]}
        assert ticking["Ash"] == pytest.approx(5 / 6)
    else:
        assert "Raters needed for 0.8" in done.stdout
