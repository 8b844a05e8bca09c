"""How long does the explorer take to answer a moved slider? In Chromium, on 10,000 schools.

The small made-up districts many times over, nine measures and their groups. A reader wants an
answer within a tenth of a second. To time another slider: its kind in MOVED.
"""

import tempfile
from pathlib import Path

from rich.console import Console

from analysis.commands import load_adapted
from analysis.panels.reading import read_panel
from analysis.publishing.explorer.page import Asked, explorer, write_explorer
from tests.browser import WIDE, chromium, shown

Row = tuple[float, str, str, float | None]
CORE = Asked("core/sqii-2015-16", "core-small", ("core/usual",), "lowest")
SCHOOLS = 10_000
MOVED = {"weight": "of the index", "share": "named", "n": "of students that counts"}
REPEAT = """([schools, kind]) => {
    const first = state.program, rows = first.whole.length, times = Math.ceil(schools / 60);
    const tile = a => { const b = new Float64Array(rows * times);
        for (let k = 0; k < times; k += 1) b.set(a, k * rows); return b; };
    const whole = Array.from({length: rows * times}, (_, i) =>
        first.whole[i % rows] + rows * Math.floor(i / rows));
    const engine = makeEngine({...first, whole, arrays: state.engine.arrays.map(tile)});
    const settings = standard(first);
    run(engine, settings);
    const at = first.settings.find(one => one.kind === kind).at, usual = settings[at];
    const took = [];
    for (let k = 0; k < 9; k += 1) {
        settings[at] = usual * (1 + (k + 1) / 20);
        const start = performance.now();
        lists(run(engine, settings));
        took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b)[4];
}"""


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "page.html"
        design = load_adapted(CORE.base, list(CORE.adapted))
        write_explorer(explorer(design, read_panel(CORE.panel), CORE), path)
        with shown(browser, path, WIDE) as page:
            took = {kind: page.evaluate(REPEAT, [SCHOOLS, kind]) for kind in MOVED}
    name = f"explorer, {SCHOOLS:,} schools: moved"
    return {
        f"{name} {kind} {MOVED[kind]}": (ms, "ms", "a tenth of a second", 100 / ms)
        for kind, ms in took.items()
    }


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        Console().print(f"{name}: {value:,.3g} {unit} {ratio:.2f} x {beside}", soft_wrap=True)
