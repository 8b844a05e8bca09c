"""How is a population written, whole or not at all, on several processors, and resumed?

A folder holds `students.parquet/` (a file for each district, year and level, each with a group of
rows for each grade), `schools.csv`, `measures.csv` (staff and families), `truth.parquet`,
`panel.yaml`, and `population.json`: the world, seed, draw and program that made it. A file appears
when it is whole, and is not made again.

To add a table: `_write_tables`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from rich.progress import track
from ruamel.yaml import YAML

from analysis.problems import fail
from simulations.population.chunks import Chunk, Population
from simulations.population.places import schools_table
from simulations.population.rows import SCHEMA
from simulations.population.surveys import survey_table
from simulations.population.truth import Expected, cohorts_of, truth_table
from simulations.processes import Task, pooled

STUDENTS: Final = "students.parquet"
RECORD: Final = "population.json"
_WORDS: Final = tuple(
    SCHEMA.field(i).name for i in range(len(SCHEMA)) if SCHEMA.types[i] == "string"
)
_PERCENT: Final = {
    "climate_staff": "favourable answers of staff",
    "climate_family": "favourable answers of families",
}


def write_population(
    population: Population,
    folder: Path,
    *,
    years: Sequence[int],
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Write a population as the folder of a panel; what is there already is kept.

    Args:
        population: the world and the seed.
        folder: where to; a folder of the same population is completed.
        years: which years; those written earlier stay.
        workers: how many processes; the bytes are the same for any number.
        progress: show a bar on the terminal.

    Raises:
        ProblemsError: the folder holds something else.
    """
    whole = _read_record(population, folder)
    students = folder / STUDENTS
    students.mkdir(parents=True, exist_ok=True)
    _write_record(population, folder, whole)
    missing = [c for c in population.chunks(years) if not (students / c.name).exists()]
    if missing or not set(years) <= set(whole):
        every = sorted({*whole, *years})
        with_base = sorted({population.world.base_year, *every})
        # students first: what an interruption leaves of them is kept
        tasks: list[Task[Any]] = [(_write_chunk, (population, chunk, folder)) for chunk in missing]
        tasks += [
            (_expect, (population, district, class_of, with_base))
            for district in population.world.places
            for class_of in cohorts_of(with_base)
        ]
        shown = track(_run(tasks, workers), "making students", len(tasks), disable=not progress)
        _write_tables(population, folder, every, [one for one in shown if one is not None])
        _write_record(population, folder, every)
    return folder


def _run(tasks: Sequence[Task[Any]], workers: int) -> Iterator[Any]:
    """Run tasks on some processes, and give each result as it comes."""
    if workers == 1:
        yield from (task(*given) for task, given in tasks)
        return
    yield from pooled(tasks, workers)


def _expect(
    population: Population, district: str, class_of: int, years: Sequence[int]
) -> tuple[str, int, Mapping[int, Expected]]:
    return district, class_of, population.expected(district, class_of, years)


def _write_chunk(population: Population, chunk: Chunk, folder: Path) -> None:
    fresh = folder / f".{chunk.name}"
    with parquet.ParquetWriter(
        fresh, SCHEMA, compression="zstd", use_dictionary=list(_WORDS)
    ) as to:
        for table in population.students(chunk):
            to.write_table(table, row_group_size=max(table.num_rows, 1))
    fresh.replace(folder / STUDENTS / chunk.name)


def _record(population: Population) -> dict[str, Any]:
    return {
        "world": population.world.title,
        "fingerprint": population.world.fingerprint,
        "seed": population.seed,
        "draw": population.draw,
        "program": _read_program(),
    }


def _read_record(population: Population, folder: Path) -> Sequence[int]:
    """Read which years are whole, and refuse a folder that something else made."""
    if not folder.exists() or not any(folder.iterdir()):
        return []
    path = folder / RECORD
    if not path.exists():
        raise fail(str(folder), "holds files already, but no population. Name a new folder.")
    told = json.loads(path.read_text(encoding="utf-8"))
    for word, now in _record(population).items():
        if told.get(word) != now:
            text = f"was made by another {word} ({told.get(word)}, not {now})."
            raise fail(str(folder), f"{text} Name a new folder.")
    years: Sequence[int] = told["years"]
    return years


def _write_record(population: Population, folder: Path, years: Sequence[int]) -> None:
    """Say what makes this folder, and which years are whole, tables and all."""
    record = _record(population) | {"years": list(years)}
    _write_whole(folder / RECORD, json.dumps(record, indent=1).encode())


def _read_program() -> str:
    """Give a short code for the program's own text: other text may make other students."""
    here = Path(__file__).parent
    texts = [path.read_bytes() for path in (*sorted(here.glob("*.py")), here.parent / "streams.py")]
    return hashlib.blake2b(b"\n".join(texts), digest_size=8).hexdigest()


def _write_whole(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _write_tables(
    population: Population,
    folder: Path,
    years: Sequence[int],
    found: Sequence[tuple[str, int, Mapping[int, Expected]]],
) -> None:
    """Write schools, what staff and families answer, the truth, and what the panel says of itself.

    Cohorts are added up in their order, so that the sums do not depend on which came first.
    """
    world, base = population.world, population.world.base_year
    schools, surveys, truth = [], [], []
    for district in world.places:
        town = population.town(district)
        total: dict[int, Expected] = {}
        for _, _, one in sorted((x for x in found if x[0] == district), key=lambda x: x[1]):
            for year, numbers in one.items():
                total[year] = total[year].plus(numbers) if year in total else numbers
        size = total[base].sizes
        sed = size[:, 3] / size[:, 0]
        schools.append(schools_table(world, town.places, sizes=size[:, 0], sed=sed))
        surveys += [survey_table(town, size[:, 0], year) for year in years]
        truth.append(truth_table(town, {year: total[year] for year in total if year in years}))
    _write_csv(folder / "schools.csv", pd.concat(schools))
    _write_csv(folder / "measures.csv", pd.concat(surveys))
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(pd.concat(truth), preserve_index=False), buffer)
    _write_whole(folder / "truth.parquet", buffer.getvalue())
    _write_whole(folder / "panel.yaml", _about(population))


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    _write_whole(path, table.to_csv(index=False).encode())


def _about(population: Population) -> bytes:
    buffer = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    drawn = f"seed {population.seed}, draw {population.draw}"
    yaml.dump(
        {
            "title": population.world.title,
            "origin": f"synthetic: made up, {drawn}; no student or school exists",
            "licence": "MIT, as the project",
            "synthetic": True,
            "measures": {
                name: {"label": label, "unit": "percent of answers", "range": [0, 100]}
                for name, label in _PERCENT.items()
            },
        },
        buffer,
    )
    return buffer.getvalue()
