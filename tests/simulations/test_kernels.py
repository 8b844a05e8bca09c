"""A kernel that is a copy is in nothing another than one that was started anew."""

import json
import os
import signal
from pathlib import Path

import nbformat
import pytest

from analysis.publishing.execute import write_run
from simulations.kernels import fast_start, read_imports

STATE = """
import json, os, random, signal, sys, threading, warnings
import numpy as np
import pandas as pd
import pyarrow as pa
from ipykernel.connect import get_connection_info
state = {
    "environment": {x: y for x, y in os.environ.items() if not x.startswith(("JPY_", "PYDEVD_"))},
    "folder": os.getcwd(),
    "path": sys.path,
    "words": sys.argv[:2],
    "numbers": [pd.get_option("display.precision"), np.get_printoptions()["precision"]],
    "warnings": sorted(str(x) for x in warnings.filters),
    "signals": [str(signal.getsignal(x)) for x in signal.Signals],
    "threads": sorted({type(x).__name__ for x in threading.enumerate()} - {"ParentPollerUnix"}),
    "patched": [pd.read_csv is None, hasattr(json, "left"), "this_is_new" in sys.modules],
    "leads": [os.getpid() == os.getpgid(0), os.getpid() == os.getsid(0)],
    "main": [__name__, sys.modules["__main__"].__dict__ is globals()],
}
told = {"state": state, "parent": os.getppid(), "drawn": [random.random(), np.random.rand()]}
told["spoken"] = json.loads(get_connection_info())
"""
UNTIDY = """
table = pd.DataFrame({"x": range(1000)})
table.to_parquet(place + ".parquet")
told["rows"] = len(pd.read_parquet(place + ".parquet"))
handle = open(place + ".txt", "w")
handle.write("kept")
os.environ["LEFT"] = "1"
os.chdir("/")
sys.path.append("/left")
sys.modules["this_is_new"] = json.left = sys
pd.read_csv = None
pd.set_option("display.precision", 1)
np.set_printoptions(precision=1)
warnings.simplefilter("error", UserWarning)
random.seed(1), np.random.seed(1)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
threading.Thread(target=threading.Event().wait, daemon=True).start()
with open(place, "w") as out:
    json.dump(told, out)
"""
PARALLEL = """
import json
import numba
import numpy as np
import polars as pl
import statsmodels.api as sm
@numba.njit(parallel=True)
def total(x):
    found = 0.0
    for i in numba.prange(len(x)):
        found += x[i]
    return found
x = np.arange(100_000.0)
frame = pl.DataFrame({"a": x % 7, "x": x}).lazy().group_by("a").agg(pl.col("x").sum())
sums = frame.collect(engine="streaming")["x"].sum()
slope = sm.OLS(3 * x[:100] + 1, sm.add_constant(x[:100])).fit().params[1]
np.linalg.svd(np.ones((200, 200)))
import os
with open(place, "w") as out:
    json.dump([total(x), sums, round(slope, 6), os.getppid()], out)
"""


def run(folder: Path, number: int, *cells: str) -> dict[str, object]:
    """Run cells as a run of a sweep does, and give what they wrote."""
    new, place = nbformat.v4, folder / f"told-{number}"
    parameters = new.new_code_cell("place = ''", metadata={"tags": ["parameters"]})
    book = new.new_notebook(cells=[parameters, *(new.new_code_cell(text) for text in cells)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    path = folder / "book.ipynb"
    nbformat.write(book, path)
    out = folder / f"out-{number}.ipynb"
    error = write_run(path, out, {"place": str(place)}, forget=folder, settings=fast_start(path))
    assert not error
    return json.loads(place.read_text())


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


def test_a_copy_is_like_a_kernel_started_anew_whatever_ran_before(tmp_path: Path) -> None:
    first, second = (run(tmp_path, n, STATE, UNTIDY) for n in (1, 2))
    assert first["parent"] == second["parent"] != os.getpid()
    os.kill(first["parent"], signal.SIGKILL)  # without it kernels start as usual
    anew = run(tmp_path, 3, STATE, UNTIDY)
    assert anew["parent"] == os.getpid()
    assert first["state"] == second["state"] == anew["state"]
    assert {x["spoken"]["transport"] for x in (first, second, anew)} == {"ipc"}
    assert len({x["spoken"]["ip"] for x in (first, second, anew)}) == 3  # nothing to clash over
    assert len({*first["drawn"], *second["drawn"], *anew["drawn"]}) == 6
    assert first["rows"] == second["rows"] == 1000
    assert [(tmp_path / f"told-{n}.txt").read_text() for n in (1, 2, 3)] == ["kept"] * 3


def test_libraries_with_pools_of_threads_work_in_a_copy(tmp_path: Path) -> None:
    *found, parent = run(tmp_path, 1, PARALLEL)
    assert found == [4_999_950_000.0, 4_999_950_000.0, 3.0]
    assert parent != os.getpid()


@pytest.mark.parametrize(
    "library",
    [
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "print('I am imported')",
        "from IPython import get_ipython\nget_ipython().ready = True",
    ],
)
def test_what_cannot_be_copied_starts_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    (tmp_path / "numba.py").write_text(library)  # beside the notebook, so it is found first
    monkeypatch.chdir(tmp_path)
    code = "import json, os, numba\njson.dump([os.getppid(), numba.__file__], open(place, 'w'))"
    assert run(tmp_path, 1, code) == [os.getpid(), str(tmp_path / "numba.py")]
    printed = "I am imported" in (tmp_path / "out-1.ipynb").read_text().partition('"outputs"')[2]
    assert printed == library.startswith("print")


def test_what_keeps_the_place_of_messages_still_writes_into_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys\ndef say(text, out=sys.stdout):\n    out.write(text)"
    (tmp_path / "numba.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    code = "import json, os, numba\nnumba.say('heard')\njson.dump([os.getppid()], open(place, 'w'))"
    assert run(tmp_path, 1, code) != [os.getpid()]
    assert '"heard"' in (tmp_path / "out-1.ipynb").read_text()


@pytest.mark.parametrize("pause", [0, 0.6])  # messages are sent on after 0.2 s, or at the end
def test_warnings_stand_behind_what_is_printed_however_fast_a_cell_is(
    tmp_path: Path, pause: float
) -> None:
    code = f"import json, sys, time\nsys.stderr.write('E')\ntime.sleep({pause})\nprint('O')"
    run(tmp_path, 1, code + "\njson.dump({}, open(place, 'w'))")
    outputs = nbformat.read(tmp_path / "out-1.ipynb", 4).cells[-1].outputs
    assert [(one.name, one.text) for one in outputs] == [("stdout", "O\n"), ("stderr", "E")]


def test_only_known_libraries_are_imported_beforehand(tmp_path: Path) -> None:
    cells = [
        "import os, numpy as np\nfrom scipy import stats",
        "%magic\nimport pandas",
        "if 1:\n import numba",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbformat.write(book, tmp_path / "a.ipynb")
    assert read_imports(tmp_path / "a.ipynb") == ["numpy", "scipy"]
