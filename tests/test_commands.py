"""The command line: what it prints, the files it writes, exit codes, and never a traceback."""

import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from analysis.ratings.verify import load_ledger
from simulations.__main__ import app

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def measures(*words: str) -> Done:
    """Run a command in this process."""
    out, err, code = StringIO(), StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["measures", *words])
        try:
            app()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def test_the_script_and_the_module_are_one_command() -> None:
    script = Path(sys.executable).with_name("measures")
    asked = [[str(script), "panels"], [sys.executable, "-m", "simulations", "panels"]]
    told = [subprocess.run(a, capture_output=True, text=True, check=True).stdout for a in asked]
    assert told[0] == told[1] == measures("panels").stdout


@pytest.mark.parametrize("words", [["designs"], ["panels"], ["designs", "franklin"], ["--help"]])
def test_lists(words: list[str]) -> None:
    done = measures(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "franklin" in done.stdout or words == ["--help"]


COMMANDS = [
    *("designs", "panels", "check", "rate", "verify", "memo", "template", "convert", "years"),
    *("explain", "compare", "readings", "change", "similar"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    done = measures(command, "--help")
    assert done.returncode == 0
    assert f"measures {command}" in done.stdout.replace("python -m simulations", "measures")
    assert "Example:" in done.stdout


MENDABLE = [
    (["rate", "franklin/indx", "franklin", "--out", "x"], "Did you mean franklin/index?"),
    (["rate", "franklin/index", "frankling", "--out", "x"], "Did you mean franklin?"),
    (["check", "nothing.yaml"], "nothing.yaml: there is no such file."),
    (["verify", "atlantis"], "no design of this name is held to a published list"),
    (["memo", "nothing"], "there is no such memo"),
    (["rate", "franklin/index", "california-api-2000", "--out", "x"], "the measure ela is not in"),
]


@pytest.mark.parametrize(("words", "message"), MENDABLE)
def test_what_the_user_can_mend_is_told_without_a_traceback(words, message) -> None:
    done = measures(*words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not (ROOT / "x").exists()


@pytest.mark.parametrize("words", [["rate", "franklin/index"], ["rat"], ["check", "--form", "x"]])
def test_wrong_usage(words: list[str]) -> None:
    done = measures(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_check_tells_all_problems(tmp_path: Path) -> None:
    design = tmp_path / "d.yaml"
    design.write_text(
        "title: T\npoints:\n  a: {rule: identiy, of: x}\n  b: {rule: change, of: x}\n"
    )
    done = measures("check", str(design), "franklin", "franklin/index", "franklin/growth-first")
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["d.yaml:3", "d.yaml:4"]
    good = measures("check", "franklin", "franklin/index", "franklin/growth-first")
    assert good.stdout == "3 checked, nothing wrong.\n"


def test_rate_writes_the_four_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = measures("rate", "california/api-2000", "california-api-2000", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == [
        "indicators.csv",
        "lists.csv",
        "provenance.json",
        "schools.csv",
    ]
    schools = pd.read_csv(out / "schools.csv", dtype={"school": str})
    last = schools[schools["year"] == 2000]
    assert len(last) == 6194
    assert schools["school"].str.len().eq(14).all()
    assert list(schools.columns[:7]) == [
        *("school", "year", "name", "district", "level", "index", "rating")
    ]
    assert (last["identified_awarded"] == "met").sum() == last["identified"].str.contains(
        "awarded", na=False
    ).sum()
    lists = pd.read_csv(out / "lists.csv", dtype={"school": str})
    assert list(lists.columns) == [
        *("school", "year", "list", "group", "result"),
        *("decided_by", "value", "line", "margin", "reason"),
    ]
    told = json.loads((out / "provenance.json").read_text())
    assert told["verified"] == "30,230 of 30,230 in 5 results"
    assert str(tmp_path) not in json.dumps(told)
    again = measures("rate", "california/api-2000", "california-api-2000", "--out", str(out))
    assert again.returncode == 0


def test_rate_with_an_adaptation_and_parquet(tmp_path: Path) -> None:
    """By hand: Franklin's lowest third adds Fir (0106) to Alder and Kousa."""
    out = tmp_path / "out"
    words = ("--with", "franklin/lowest-third", "--format", "parquet")
    done = measures("rate", "franklin/index", "franklin", "--out", str(out), *words)
    assert done.returncode == 0, done.stderr
    schools = pd.read_parquet(out / "schools.parquet")
    named = schools[(schools["year"] == 2025) & (schools["identified"] == "lowest")]
    assert named["school"].tolist() == ["0101", "0106", "0111"]
    told = json.loads((out / "provenance.json").read_text())
    assert told["design"] == "franklin/index+lowest-third"
    assert told["verified"] == "held to no published list"


def test_rate_never_spoils_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    done = measures("rate", "franklin/index", "franklin", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_verify_writes_rows_of_the_agreed_form(tmp_path: Path) -> None:
    done = measures("verify", "california", "--format", "json", "--out", str(tmp_path / "v.json"))
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert rows == json.loads((tmp_path / "v.json").read_text())
    awards = next(row for row in rows if row["result"] == "awards")
    assert (awards["kind"], awards["place"], awards["name"]) == ("list", "california", "api-2000")
    assert (awards["matched"], awards["testable"]) == (6194, 6194)
    assert awards["differences"] == []


def test_a_rate_that_falls_behind_the_ledger_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis import checks  # noqa: PLC0415
    from analysis.problems import ProblemsError  # noqa: PLC0415

    (entry,) = [e for e in load_ledger() if e.design == "california/api-2000"]
    held = {"target": entry.results["target"].model_copy(update={"matched": 5455})}
    monkeypatch.setattr(
        checks, "load_ledger", lambda: (entry.model_copy(update={"results": held}),)
    )
    with pytest.raises(ProblemsError, match="matches 5,454 rows; the ledger says 5,455"):
        checks.verify_lists("california/api")
