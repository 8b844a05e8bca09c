"""How is an experiment with schools that respond run, part by part, so that it can be resumed?

First the schools of each seed are made and counted, then each design is played on them. A part is
saved whole or not at all under build/runs/parts/; the answer does not depend on who did which part.
To add a number or a table to the answer: `_finish`.
"""

from __future__ import annotations

import io
import json
import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

import pandas as pd

from analysis.designs.design import digest
from analysis.publishing.store import Estimand, Result, read_result, write_result, write_whole
from simulations.gaming.asked import Asked, game_names
from simulations.gaming.cells import Schools
from simulations.gaming.counted import schools_of
from simulations.gaming.game import Game
from simulations.gaming.gamed import Gamed, changes_of, gamed, outcomes_of
from simulations.gaming.kinds import load_calibrations
from simulations.gaming.respond import respond
from simulations.gaming.worlds import make_worlds
from simulations.parts import current, parts_folder
from simulations.processes import Task, pooled, shown

TABLES = ("worlds", "efforts", "learning")


def play(asked: Asked, *, workers: int = 1, fresh: bool = False, progress: bool = False) -> Result:
    """Run an experiment, or go on with it; a result that is there already is read.

    Args:
        asked: the experiment.
        workers: processes; the numbers are the same for any number.
        fresh: begin anew, and keep nothing of an earlier run.
        progress: show a bar with the time left.

    Returns:
        Result: numbers, and the tables worlds, efforts, learning, outcomes and changes.

    Raises:
        ProblemsError: everything that does not fit.
    """
    told = _fingerprints(asked)
    folder = parts_folder(_name(asked), told)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    elif (found := current(_name(asked), told)) is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    text, seeds = asked.model_dump_json(by_alias=True), range(1, asked.worlds.seeds + 1)
    first = [(write_schools, (text, folder, s)) for s in seeds if not _schools(folder, s).exists()]
    parts = [(s, name) for s in seeds for name in asked.designs]
    left = [(s, name) for s, name in parts if not _part(folder, s, name).exists()]
    then = [(write_played, (text, folder, s, name)) for s, name in left]
    many = len(parts) + len(seeds)
    work = chain(_run(first, workers), _run(then, workers))
    missing = len(first) + len(then)
    for _ in shown(work, many - missing, missing, on=progress, what="playing"):
        pass
    _finish(asked, folder, told)
    return read_result(_name(asked), expect=told)


def _run(tasks: Sequence[Task[None]], workers: int) -> Iterator[None]:
    """Run tasks here, or on some processes."""
    if workers == 1:
        yield from (task(*given) for task, given in tasks)
        return
    yield from pooled(tasks, workers)


def write_schools(text: str, folder: Path, seed: int) -> None:
    """Make the schools of a seed, and count what each mechanism does to them.

    Args:
        text: the experiment, as text that can be sent to another process.
        folder: where parts are kept.
        seed: which schools.
    """
    asked = _parse_asked(text)
    drawn = asked.worlds
    years = (drawn.base_year, drawn.year)
    worlds = make_worlds(asked.world, seed, drawn.draws, years, alike=asked.audit_reliability)
    wanted: dict[str, set[str]] = {}
    counting = {}
    for name in asked.designs:
        design = asked.design(name)
        by = asked.counted_by(design, name)
        counting[by.fingerprint] = by
        wanted.setdefault(by.fingerprint, set()).update(asked.measures(design, name))
    found = {
        code: schools_of(worlds, by, tuple(sorted(wanted[code])), asked.kinds)
        for code, by in counting.items()
    }
    write_whole(_schools(folder, seed), pickle.dumps(found))


def write_played(text: str, folder: Path, seed: int, name: str) -> None:
    """Let the schools of a seed respond to a design, and say what it comes to.

    Args:
        text: the experiment, as text that can be sent to another process.
        folder: where parts are kept.
        seed: which schools.
        name: which design.
    """
    asked = _parse_asked(text)
    game = game_of(asked, name, seed, _read_schools(_schools(folder, seed)))
    found = gamed(game, respond(game, rounds=asked.rounds))
    tables = {t: getattr(found, t).assign(design=name, seed=seed) for t in TABLES}
    told = {t: table.to_json(orient="table", index=False) for t, table in tables.items()}
    write_whole(_part(folder, seed, name), json.dumps(told))


def game_of(asked: Asked, name: str, seed: int, counted: Mapping[str, Schools]) -> Game:
    """Give the game of one design on the schools of a seed.

    Args:
        asked: the experiment.
        name: which design.
        seed: which schools; it also decides what effort costs each of them.
        counted: the schools, by the fingerprint of the design that counted them.
    """
    design = asked.design(name)
    schools = counted[asked.counted_by(design, name).fingerprint]
    able = asked.moving(design, name)
    # without a standard there is nobody near it: such a mechanism moves nothing
    moved = {n: schools.reactions[n] for n in able if schools.reactions[n].reported}
    schools = replace(schools, reactions=moved, _tiled={})
    means = asked.means(seed, (schools.draws, len(schools.panel.units)))
    return Game(schools, design, asked.designs[name].list, asked.aims_of(name), means, asked.sees)


@lru_cache(maxsize=1)
def _parse_asked(text: str) -> Asked:
    return Asked.model_validate_json(text)


@lru_cache(maxsize=1)
def _read_schools(path: Path) -> Mapping[str, Schools]:
    found: Mapping[str, Schools] = pickle.loads(path.read_bytes())  # noqa: S301 (written by this run)
    return found


def _read_part(path: Path) -> Gamed:
    held = json.loads(path.read_text(encoding="utf-8"))
    return Gamed(**{t: pd.read_json(io.StringIO(held[t]), orient="table") for t in TABLES})


def _schools(folder: Path, seed: int) -> Path:
    return folder / f"schools-{seed}.pickle"


def _part(folder: Path, seed: int, name: str) -> Path:
    return folder / f"{name}-{seed}.json"


def _name(asked: Asked) -> str:
    return f"gaming-{asked.name}"


def _fingerprints(asked: Asked) -> Mapping[str, str]:
    known = {n: one.model_dump(mode="json") for n, one in load_calibrations().items()}
    return {
        "experiment": asked.fingerprint,
        "world": asked.world.fingerprint,
        "mechanisms": digest(known),
        **{name: asked.design(name).fingerprint for name in asked.designs},
    }


def _finish(asked: Asked, folder: Path, told: Mapping[str, str]) -> None:
    """Put the parts together in their order, write the result, and drop the parts."""
    seeds = range(1, asked.worlds.seeds + 1)
    parts = [_read_part(_part(folder, seed, name)) for name in asked.designs for seed in seeds]
    tables = {t: pd.concat([getattr(p, t) for p in parts], ignore_index=True) for t in TABLES}
    tables["outcomes"] = outcomes_of(tables["worlds"])
    against = {name: one.against for name, one in asked.designs.items() if one.against}
    tables["changes"] = changes_of(tables["worlds"], against)
    numbers = {
        f"{row.design}_{row.outcome}": row.mean
        for row in tables["outcomes"].itertuples(index=False)
    }
    drawn = asked.worlds
    write_result(
        _name(asked),
        parameters=asked.asked,
        fingerprints=told,
        estimand=Estimand(
            asked.estimand, asked.pool, "replication", "this school's persistent quality"
        ),
        numbers={**numbers, "worlds": drawn.seeds * drawn.draws, "seeds": drawn.seeds},
        tables=tables,
        command=f"measures gaming {asked.name}{'' if asked.name in game_names() else '.yaml'}",
    )
    shutil.rmtree(folder, ignore_errors=True)
