"""Runs of experiments: interrupted, resumed, in any order, on one or two processes: same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.problems import ProblemsError
from analysis.publishing.store import build_folder
from simulations.evaluate import bench_of
from simulations.experiment import load_experiment
from simulations.figures import figures_of
from simulations.grid import plan_of
from simulations.run import parts_of, run_experiment, write_part
from simulations.running import run
from tests.simulations.experiments import FRANKLIN

EXPERIMENT = (
    FRANKLIN
    + """levers:
  share: {share: [0.125, 0.25, 0.375]}
  growth: {of_part.of.growth_points: [0, 10, 20, 40, 60]}
  ela: {of_part.of.ela_points: [10, 25]}
outcomes: [count, kept, named]
"""
)
CELLS = 30


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(EXPERIMENT)
    return path


def content(key: str) -> dict[str, bytes]:
    home = build_folder() / "runs" / key
    return {path.name: path.read_bytes() for path in sorted(home.iterdir())}


@pytest.fixture(scope="module")
def undisturbed(own: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path_factory.mktemp("build")))
        return content(run_experiment(load_experiment(own)).key)


def parts() -> list[Path]:
    return sorted((build_folder() / "runs" / "parts").glob("*/*.npz"))


def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(
    own: Path, build: Path, undisturbed: dict[str, bytes]
) -> None:
    code = "import sys; from simulations.running import app; app(sys.argv[1:])"
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(own), "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MULTIPLE_MEASURES_BUILD": str(build)},
    )
    until = time.monotonic() + 60
    while len(parts()) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in parts()}
    assert 3 <= len(kept) < CELLS
    assert not (build / "runs" / "by-name").exists()
    asked = load_experiment(own)
    bench = bench_of(plan_of(asked), figures_of(asked))
    whole = len(parts_of(bench))
    done = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "simulations.run.write_part",
            lambda *given: done.append(given[-1]) or write_part(*given),
        )
        found = run_experiment(asked)
    assert len(done) == whole - len(kept)  # what was done is not done again
    assert content(found.key) == undisturbed
    assert not parts()


@pytest.mark.usefixtures("build")
def test_two_processes_give_the_same_bytes(
    own: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulations.run.START", 0.0)  # however little is left to do
    assert content(run_experiment(load_experiment(own), workers=2).key) == undisturbed


@pytest.mark.usefixtures("build")
def test_parts_in_any_order_give_the_same_bytes(own: Path, undisturbed: dict[str, bytes]) -> None:
    asked = load_experiment(own)
    ran = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "simulations.run._work",
            lambda asked, figures, folder, missing, _: (
                ran.append(number) or write_part(asked, figures.home, folder, number)
                for number in (*missing[::2][::-1], *missing[1::2])
            ),
        )
        found = run_experiment(asked)
    assert ran != sorted(ran)
    assert content(found.key) == undisturbed


@pytest.mark.usefixtures("build")
def test_a_result_that_is_there_is_read_and_fresh_begins_anew(own: Path) -> None:
    asked = load_experiment(own)
    first = run_experiment(asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulations.run.write_part", None)  # nothing is rated again
        assert run_experiment(asked).key == first.key
    assert run_experiment(asked, fresh=True).key == first.key
    other = asked.model_copy(update={"outcomes": ("count",)})
    assert run_experiment(other).key != first.key
    retold = asked.model_copy(update={"title": "another title"})
    assert run_experiment(retold).key == first.key


@pytest.mark.usefixtures("build")
def test_parts_cover_every_cell_and_draw_once() -> None:
    asked = load_experiment("california-again")
    bench = bench_of(plan_of(asked), figures_of(asked))
    pairs = [(c, d) for block in parts_of(bench) for c in block.cells for d in block.draws]
    assert sorted(pairs) == [(c, d) for c in range(6) for d in range(100)]
    assert len(parts_of(bench)) > 20


@pytest.mark.usefixtures("build")
def test_an_interruption_is_told_without_a_traceback(own: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulations.run.run_experiment", _interrupted)
        with pytest.raises(ProblemsError, match="What is done is kept; the same command goes on"):
            run(str(own))


def _interrupted(*_given: object, **_words: object) -> None:
    raise KeyboardInterrupt
