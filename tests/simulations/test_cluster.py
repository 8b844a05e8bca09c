"""A sweep on a cluster gives the same bytes, even when a machine is lost in the middle."""

from pathlib import Path

import dask
import nbformat
import pytest
from distributed import LocalCluster
from typer.testing import CliRunner

from analysis.problems import ProblemsError
from simulations.__main__ import commands
from simulations.cluster import there
from simulations.processes import pooled
from simulations.sweep import sweeps_folder, write_clean
from tests.simulations.experiments import FRANKLIN

EXPERIMENT = (
    FRANKLIN
    + """levers:
  share: {share: [0.125, 0.25, 0.375]}
outcomes: [count]
"""
)
BODY = """
import json, os, pathlib, signal, psutil
import pandas
lost = pathlib.Path(MARK)
if share == 0.25 and not lost.exists():
    lost.touch()
    os.kill(psutil.Process().parents()[1].pid, signal.SIGKILL)
home = pathlib.Path(os.environ["MULTIPLE_MEASURES_RUNS"])
(home / "by-name").mkdir(parents=True)
(home / "by-name" / "twice.json").write_text('{"key": "a"}')
(home / "a").mkdir()
(home / "a" / "result.json").write_text(json.dumps({"numbers": {"x": 2 * share}, "tables": []}))
"""


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


@pytest.mark.usefixtures("build")
@pytest.mark.filterwarnings("ignore")  # Dask's own
def test_a_sweep_goes_on_when_a_worker_of_the_cluster_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, book, own = tmp_path / "lost", tmp_path / "twice.ipynb", tmp_path / "own.yaml"
    own.write_text(EXPERIMENT)
    new = nbformat.v4
    cells = [
        new.new_code_cell("share = 0.1", metadata={"tags": ["parameters"]}),
        new.new_code_cell(BODY.replace("MARK", repr(str(lost)))),
    ]
    nbformat.write(new.new_notebook(cells=cells), book)
    list(pooled([(str, ())], 1))  # what is imported for it serves Dask's processes too
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        words = ["sweep", str(book), str(own), "--cluster", cluster.scheduler_address]
        told = CliRunner().invoke(commands, words)
    assert told.exit_code == 0, told.output
    assert lost.exists()
    write_clean()  # what the killed worker left half done
    ours = content(sweeps_folder())
    assert len([path for path in ours if path.endswith("run.json")]) == 3
    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path / "again"))
    assert (
        CliRunner().invoke(commands, ["sweep", str(book), str(own), "--workers", "1"]).exit_code
        == 0
    )
    assert content(sweeps_folder()) == ours


def test_a_machine_with_another_program_does_nothing() -> None:
    with pytest.raises(ProblemsError, match="has another version of this program"):
        there("another", {}, print, ())


def test_an_address_where_nobody_is_is_told() -> None:
    told = CliRunner().invoke(
        commands, ["sweep", "one-cell", "franklin-choices", "--cluster", "nowhere"]
    )
    assert "names no Dask scheduler that answers" in str(told.exception)
