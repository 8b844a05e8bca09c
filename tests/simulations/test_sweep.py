"""Sweeps of notebooks: typed, kept, resumed to the same bytes, and put together."""

import json
import os
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from typer.testing import CliRunner

from analysis.problems import ProblemsError
from simulations.__main__ import commands
from simulations.experiment import load_experiment
from simulations.run import run_experiment
from simulations.sweep import Job, find_notebook, jobs_of, run_jobs, sweeps_folder
from simulations.sweep_tables import one_kind, write_together
from tests.simulations.experiments import FRANKLIN

EXPERIMENT = (
    FRANKLIN
    + """levers:
  share: {share: [0.125, 0.25, 0.375, 0.5]}
outcomes: [count, named]
"""
)
BODY = """
import json, os, pathlib
import pandas as pd
home = pathlib.Path(os.environ["MULTIPLE_MEASURES_RUNS"])
if share == FAILING:
    raise ValueError("no such share")
if share == DYING:
    os._exit(1)
__import__("warnings").warn("a cell may warn", stacklevel=1)
(home / "by-name").mkdir(parents=True)
(home / "by-name" / "twice.json").write_text('{"key": "a"}')
(home / "a").mkdir()
mixed = share if share < 0.3 else "much"
numbers = {"double": 2 * share, "share": 99, "mixed": mixed}
body = {"numbers": numbers, "tables": ["rows"]}
(home / "a" / "result.json").write_text(json.dumps(body))
pd.DataFrame({"x": [share, 1.0]}).to_parquet(home / "a" / "rows.parquet")
print(home)
"""


def notebook(
    path: Path, parameters: str, body: str = BODY, failing: str = "None", dying: str = "None"
) -> Path:
    new = nbformat.v4
    cells = [
        new.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        new.new_code_cell(body.replace("FAILING", failing).replace("DYING", dying)),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(EXPERIMENT)
    return path


def content(folder: Path) -> dict[str, bytes]:
    """Give every file of the runs that are finished and of what was put together."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def sweep(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(commands, ["sweep", *words])
    if isinstance(told.exception, ProblemsError):
        return 1, str(told.exception)
    return told.exit_code, told.output


@pytest.mark.usefixtures("build")
def test_a_killed_sweep_goes_on_to_the_same_bytes(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = notebook(tmp_path / "twice.ipynb", "share = 0.1")
    assert sweep(str(book), str(own), "--workers", "2")[0] == 0
    undisturbed = content(sweeps_folder())
    numbers = pd.read_parquet(next(sweeps_folder().glob("together-*")) / "numbers.parquet")
    assert numbers["number_double"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert numbers["parameter_share"].tolist() == [0.125, 0.25, 0.375, 0.5]
    assert numbers["number_share"].tolist() == [99] * 4
    assert numbers["number_mixed"].tolist() == ["0.125", "0.25", "much", "much"]
    assert numbers["cell"].tolist() == [0, 1, 2, 3]
    rows = pd.read_parquet(next(sweeps_folder().glob("together-*")) / "twice.rows.parquet")
    assert rows["x"].tolist() == [0.125, 1, 0.25, 1, 0.375, 1, 0.5, 1]
    assert not any(str(tmp_path).encode() in x for x in undisturbed.values())

    monkeypatch.setenv("MULTIPLE_MEASURES_BUILD", str(tmp_path / "again"))
    jobs = jobs_of(book, load_experiment(own), experiment=str(own))
    running = get_context("forkserver").Process(target=begin, args=(dict(os.environ), jobs))
    before = others()
    running.start()
    until = time.monotonic() + 60
    while time.monotonic() < until and len(finished()) < 1:
        time.sleep(0.01)
    running.kill()
    running.join()
    assert 1 <= len(finished()) < 4
    tag = f"MULTIPLE_MEASURES_BUILD={tmp_path / 'again'}"
    while time.monotonic() < until and (alive(tag) or others() - before):
        time.sleep(0.05)
    assert not alive(tag)  # neither a kernel nor what it is a copy of is left
    assert not others() - before  # and no worker
    kept = {path: path.stat().st_mtime_ns for path in finished()}
    assert sweep(str(book), str(own), "--workers", "1")[0] == 0
    assert content(sweeps_folder()) == undisturbed
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def begin(environment: dict[str, str], jobs: Sequence[Job]) -> None:
    os.environ.update(environment)
    run_jobs(jobs, workers=1)


def others() -> set[int]:
    """Give the processes that began here; those that ended do not count."""
    there = psutil.Process().children(recursive=True)
    return {one.pid for one in there if one.status() != psutil.STATUS_ZOMBIE}


def finished() -> list[Path]:
    return [path for path in sweeps_folder().glob("*") if not path.name.startswith(".")]


def alive(tag: str) -> bool:
    """Say whether a program that began with this in its environment still runs, or a copy of it."""
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if tag.encode() in place.read_bytes():
                return True
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
    return False


@pytest.mark.usefixtures("build")
def test_a_failed_run_keeps_its_notebook_and_the_others_go_on(own: Path, tmp_path: Path) -> None:
    book = notebook(tmp_path / "twice.ipynb", "share = 0.1", failing="0.25", dying="0.5")
    code, told = sweep(str(book), str(own), "--workers", "1")
    assert code == 1
    assert "2 of 4 runs are there." in told
    assert "no such share" in told
    folders = [*sweeps_folder().glob("*.failed")]
    failed = [(one / "notebook.ipynb").read_text() for one in folders]
    errors = [json.loads((one / "run.json").read_text())["error"] for one in folders]
    assert len(failed) == 2
    assert any("its Python ended before the notebook did" in error for error in errors)
    assert any('"evalue": "no such share"' in text for text in failed)
    assert len(pd.read_parquet(next(sweeps_folder().glob("together-*")) / "numbers.parquet")) == 2


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            "shares = 0.1",
            "twice.ipynb: has no parameter share; it has shares. Did you mean shares?",
        ),
        ("share = 1", "twice.ipynb: share must be a whole number, but cell 0 says 0.125."),
        ("share: str = ''", "twice.ipynb: share must be a text, but cell 0 says 0.125."),
        ("share: list[float] = []", "twice.ipynb: share must be a list, but cell 0 says 0.125."),
        ("share = [0.1]", "twice.ipynb: share must be a list, but cell 0 says 0.125."),
    ],
)
def test_an_ill_typed_parameter_starts_nothing(
    own: Path, tmp_path: Path, parameters: str, said: str
) -> None:
    book = notebook(tmp_path / "twice.ipynb", parameters)
    code, told = sweep(str(book), str(own))
    assert code == 1
    assert told.startswith(said)
    assert not sweeps_folder().exists()


def test_a_column_of_numbers_and_words_is_words_and_others_stay() -> None:
    table = pd.DataFrame(
        {
            "mixed": pd.Series([1, "much", None], dtype=object),
            "asked": pd.Series([True, None, False], dtype=object),
            "lists": pd.Series([[1, 2], None, [3]], dtype=object),
            "number": [1.0, 2.0, None],
        }
    )
    told = one_kind(table)
    assert told["mixed"].fillna("-").tolist() == ["1", "much", "-"]
    assert told["asked"].tolist() == [True, None, False]
    assert told["lists"].tolist() == [[1, 2], None, [3]]
    assert told["number"].dtype == float


@pytest.mark.usefixtures("build")
def test_the_address_of_a_run_is_what_decides_it(own: Path, tmp_path: Path) -> None:
    asked = load_experiment(own)
    first = jobs_of(notebook(tmp_path / "a.ipynb", "share = 0.1"), asked, experiment="own")
    same = jobs_of(notebook(tmp_path / "a.ipynb", "share = 0.1"), asked, experiment="own")
    other = jobs_of(
        notebook(tmp_path / "a.ipynb", "share = 0.1", BODY + "\n1"), asked, experiment="own"
    )
    assert [job.key for job in first] == [job.key for job in same]
    assert len({job.key for job in (*first, *other)}) == 8


@pytest.mark.usefixtures("build")
def test_the_notebook_of_one_cell_gives_what_the_experiment_gives(own: Path) -> None:
    code, told = sweep("one-cell", str(own), "--only", "2")
    assert code == 0, told
    asked = load_experiment(own)
    jobs = jobs_of(find_notebook("one-cell"), asked, experiment=str(own))
    ours = pd.read_parquet(write_together(jobs) / "numbers.parquet")
    theirs = run_experiment(asked).tables["cells"]
    assert ours["number_count"].tolist() == theirs.loc[theirs["cell"] == 2, "count"].tolist()


def test_an_array_script_names_every_run(own: Path) -> None:
    code, told = sweep("one-cell", str(own), "--export", "slurm")
    assert code == 0
    assert "#SBATCH --array=0-3\n" in told
    assert '--only "$SLURM_ARRAY_TASK_ID"' in told


@pytest.mark.usefixtures("build")
def test_what_is_not_there_is_told(own: Path) -> None:
    assert "there is no such notebook" in sweep("one-sell", str(own))[1]
    assert "has cells 0 to 3" in sweep("one-cell", str(own), "--only", "9")[1]
