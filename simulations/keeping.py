"""What was made before, and may be used again? Students, panels and rows of figures, by content.

Each lies under a key that is made of all it rests on (world, seed, draw, design, and the text of
the program that makes it), and appears whole or not at all. So an interrupted run goes on where it
stopped, and what rests on something else is never taken.

To keep something else: one method of `Kept`, whose key names all that it rests on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from analysis.designs.design import Design, digest
from analysis.panels.panel import Panel
from analysis.panels.reading import read_panel
from analysis.panels.students.measure import measure
from analysis.panels.students.table import read_students
from analysis.panels.write import write_panel
from analysis.publishing.store import ROOT, build_folder, versions, write_whole
from simulations.population.chunks import Population
from simulations.population.write import write_population

MAKES_STUDENTS: Final = ("simulations/population", "simulations/streams.py")
COUNTS: Final = (*MAKES_STUDENTS, "analysis/panels", "analysis/designs")
RATES: Final = (
    *COUNTS,
    "analysis/ratings",
    "analysis/findings/overlap.py",
    "analysis/rounding.py",
    "analysis/values.py",
    "simulations/published",
)


@dataclass(frozen=True)
class Kept:
    """A folder in which what was made is kept; usually build/made."""

    folder: Path = field(default_factory=lambda: build_folder() / "made")

    @cached_property
    def programs(self) -> Mapping[str, str]:
        """Short codes for the program's texts, read once: who edits them meanwhile starts anew."""
        told = {"students": MAKES_STUDENTS, "panels": COUNTS, "rows": RATES}
        return {name: digest(_read_texts(places), versions()) for name, places in told.items()}

    def students(
        self, population: Population, years: Sequence[int], *, workers: int, progress: bool = False
    ) -> Path:
        """Make the students of a population in these years, or go on where it stopped."""
        rests = (*_who(population), sorted(years))
        folder = self.folder / "students" / self._key("students", rests)
        return write_population(population, folder, years=years, workers=workers, progress=progress)

    def panel(self, population: Population, students: Path, design: Design) -> Panel:
        """Measure a panel by a design, or read the one that was measured before.

        Args:
            population: whose students these are.
            students: where they lie.
            design: what is counted.
        """
        years = sorted(path.name for path in (students / "students.parquet").iterdir())
        said = {n: str(x.from_students) for n, x in design.measures.items()}
        rests = (*_who(population), years, said, str(design.header.students))
        home = self.folder / "panels" / self._key("panels", rests)
        if not home.exists():
            panel = measure(design, read_students(students)).panel
            home.parent.mkdir(parents=True, exist_ok=True)
            write_panel(panel, home, form="parquet", internal=True)
        return read_panel(home)

    def row(self, rests: Sequence[object], make: Callable[[], Mapping[str, float]]) -> Row:
        """Read a row of figures, or make it.

        Args:
            rests: all that the row rests on, but for the program.
            make: makes the row.
        """
        path = self.folder / "rows" / f"{self._key('rows', rests)}.json"
        if not path.exists():
            write_whole(path, json.dumps(dict(sorted(make().items())), indent=1))
        return _read_row(path)

    def _key(self, kind: str, rests: Sequence[object]) -> str:
        return digest(kind, self.programs[kind], rests)


Row = Mapping[str, float]


def _who(population: Population) -> tuple[Any, ...]:
    return (population.world.fingerprint, population.seed, population.draw)


def _read_row(path: Path) -> Row:
    found: Row = json.loads(path.read_text(encoding="utf-8"))
    return found


def _read_texts(places: Sequence[str]) -> str:
    found = hashlib.blake2b(digest_size=8)
    for place in places:
        top = ROOT / place
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            found.update(path.read_bytes())
    return found.hexdigest()
