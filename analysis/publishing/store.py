"""Where do results live, and what do they rest on? In one store, by content.

To add to what a result tells: a field of `Provenance` or `Estimand`; `schema` then goes up.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

import analysis
from analysis.problems import did_you_mean, fail, listed

SCHEMA: Final = 1
PACKAGES: Final = ("numpy", "pandas", "scipy", "statsmodels", "linearmodels", "xarray")
RUNS: Final = "MULTIPLE_MEASURES_RUNS"
"""Environment: where results go, if not into build/runs; a run of a sweep has its own place."""

ROOT: Final = Path(analysis.__file__).resolve().parents[1]
Number = float | int | str | None


@dataclass(frozen=True)
class Estimand:
    """What a figure estimates: in a sentence, on which pool, by which kind of draw, for whom.

    `draw` is `none` where nothing is drawn; the other kinds are never mixed.
    """

    what: str
    pool: str
    draw: Literal["none", "truth", "replication", "perturbation"]
    for_whom: Literal["these students", "this school's persistent quality"]


@dataclass(frozen=True)
class Provenance:
    """What a result rests on; `command` makes it again."""

    name: str
    parameters: Mapping[str, Any]
    fingerprints: Mapping[str, str]
    code: str
    versions: Mapping[str, str]
    command: str
    seed: int | None = None


@dataclass(frozen=True)
class Result:
    """Numbers and tables of one run, with what they estimate and rest on."""

    key: str
    estimand: Estimand
    provenance: Provenance
    numbers: Mapping[str, Number]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Number:
        """Give one number.

        Raises:
            ProblemsError: there is none of this name.
        """
        if name not in self.numbers:
            near = did_you_mean(name, self.numbers)
            raise fail(self.provenance.name, f"has no number {name}.{near}")
        return self.numbers[name]


def build_folder() -> Path:
    """Give the folder of everything generated: MULTIPLE_MEASURES_BUILD, or build/ in the clone."""
    said = os.environ.get("MULTIPLE_MEASURES_BUILD")
    return Path(said) if said else ROOT / "build"


def runs_folder() -> Path:
    """Give the folder of results: MULTIPLE_MEASURES_RUNS, or runs/ in the build folder."""
    said = os.environ.get(RUNS)
    return Path(said) if said else build_folder() / "runs"


def code_fingerprint() -> str:
    """A short code for the program: every .py and .yaml of both packages, and the notebooks."""
    found = hashlib.blake2b(digest_size=8)
    places = [ROOT / "analysis", ROOT / "simulations", ROOT / "notebooks"]
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.suffix in (".py", ".yaml", ".ipynb"):
                found.update(path.relative_to(ROOT).as_posix().encode())
                found.update(path.read_bytes())
    return found.hexdigest()


def announce(parameters: Mapping[str, Any], fingerprints: Mapping[str, str]) -> None:
    """Print what a notebook runs with, so that a printed page says what it rests on.

    >>> announce({"share": 0.05}, {"franklin/index": "ab12"})
    parameters: share = 0.05
    fingerprints: franklin/index = ab12
    """
    for word, said in (("parameters", parameters), ("fingerprints", fingerprints)):
        told = "; ".join(f"{name} = {x}" for name, x in said.items())
        sys.stdout.write(f"{word}: {told}\n")


def write_result(  # noqa: PLR0913 (a result says all of this, or it is none)
    name: str,
    *,
    parameters: Mapping[str, Any],
    fingerprints: Mapping[str, str],
    estimand: Estimand,
    numbers: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    command: str,
) -> str:
    """Write a result into the store, whole or not at all, and make it the latest of its name.

    Args:
        name: the question, as the notebook is called.
        parameters: the notebook's parameters, plain values.
        fingerprints: design and panel names -> their fingerprints.
        estimand: what the numbers estimate.
        numbers: scalars by name; missing ones are stored as null.
        tables: tables by name.
        command: what makes the result again.

    Returns:
        The key of the run: a hash of name, parameters, fingerprints and code.
    """
    told = Provenance(
        name, dict(parameters), dict(fingerprints), code_fingerprint(), versions(), command
    )
    key = _key(told)
    runs = runs_folder()
    runs.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=runs, prefix=f".{key}."))
    try:
        _write_json(fresh / "provenance.json", {"schema": SCHEMA, **asdict(told)})
        plain = {word: _plain(x) for word, x in numbers.items()}
        body = {
            "schema": SCHEMA,
            "estimand": asdict(estimand),
            "numbers": plain,
            "tables": sorted(tables),
        }
        for table, frame in tables.items():
            frame.reset_index(drop=True).to_parquet(fresh / f"{table}.parquet", index=False)
        _write_json(fresh / "result.json", body)
        fresh.chmod(0o755)
        _put(fresh, runs / key)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _point(name, key)
    return key


def _put(fresh: Path, home: Path) -> None:
    """Move a finished run into its place; a run that is there already stays."""
    if not home.exists():
        try:
            fresh.replace(home)
        except OSError:
            if not home.exists():  # another process was first: its result is the same
                raise
        return
    old, new = (path / "result.json" for path in (home, fresh))
    if not old.exists() or old.read_bytes() != new.read_bytes():
        text = "the same question gave another answer. Remove the run, and find what is not fixed."
        raise fail(str(home), text)


def _point(name: str, key: str) -> None:
    folder = runs_folder() / "by-name"
    write_whole(folder / f"{name}.json", json.dumps({"key": key}) + "\n")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, which appears whole or not at all, whoever else writes it just then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(made)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o644)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_result(name: str, *, expect: Mapping[str, str] | None = None) -> Result:
    """Read the latest result of a question (or the run with this key).

    Args:
        name: the question, or the key of a run.
        expect: current fingerprints of designs and panels; a result with others is refused.

    Raises:
        ProblemsError: there is none, it is damaged or stale, or it does not say what it
            estimates; the message has the command that makes it again.
    """
    folder = runs_folder()
    pointer = folder / "by-name" / f"{name}.json"
    key = json.loads(pointer.read_text(encoding="utf-8"))["key"] if pointer.exists() else name
    home = folder / str(key)
    if not (home / "result.json").exists():
        way = "measures run" if name.startswith("experiment-") else "measures memo"
        raise fail(name, f"has no result yet. Make it by: {way} NAME.")
    try:
        told = json.loads((home / "provenance.json").read_text(encoding="utf-8"))
        body = json.loads((home / "result.json").read_text(encoding="utf-8"))
        _known_schema(name, told.pop("schema"), body["schema"])
        provenance = Provenance(**told)
        tables = {table: pd.read_parquet(home / f"{table}.parquet") for table in body["tables"]}
        _current(provenance, expect or {})
        estimand = _estimand(name, body.get("estimand") or {})
        return Result(str(key), estimand, provenance, body["numbers"], tables)
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        text = f"is damaged ({error}). Remove {home.name} from build/runs and run it again."
        raise fail(name, text) from error


def _known_schema(name: str, *schemas: int) -> None:
    strange = [schema for schema in schemas if schema != SCHEMA]
    if strange:
        raise fail(name, f"has schema {strange[0]}; this program reads {SCHEMA}. Run it again.")


def _current(told: Provenance, expect: Mapping[str, str]) -> None:
    now = {**{what: told.fingerprints.get(what, "none") for what in expect}, "code": told.code}
    wanted = {**expect, "code": code_fingerprint()}
    stale = [what for what in wanted if now[what] != wanted[what]]
    if stale:
        text = f"is not current: {listed(stale)} changed since. Run again: {told.command}"
        raise fail(told.name, text)


def _estimand(name: str, told: Mapping[str, str]) -> Estimand:
    lacking = [w for w in ("what", "pool", "draw", "for_whom") if not told.get(w)]
    if lacking:
        raise fail(name, f"does not say {listed(lacking)} of what it estimates, so it is refused.")
    return Estimand(**told)  # type: ignore[arg-type]  # read from the store's own file


def _key(told: Provenance) -> str:
    text = json.dumps(
        [told.name, told.parameters, told.fingerprints, told.code], sort_keys=True, default=str
    )
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _plain(x: Any) -> Number:  # noqa: ANN401 (a scalar of any library)
    if hasattr(x, "item"):
        x = x.item()
    if isinstance(x, float) and not math.isfinite(x):
        return None
    if x is None or isinstance(x, bool | int | float | str):
        return x
    raise fail("store", f"keeps numbers and words, not {type(x).__name__}. Put it in a table.")


def _write_json(path: Path, said: object) -> None:
    text = json.dumps(said, sort_keys=True, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def versions() -> Mapping[str, str]:
    """Give the versions of Python and of the libraries that compute."""
    found = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **found}
