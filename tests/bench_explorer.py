"""How long does the explorer take to answer a moved slider? In Chromium, on 10,000 schools.

The small made-up districts many times over, nine measures and their groups. A reader wants an
answer within a tenth of a second: sentence and list; verdicts and drawings follow when the slider
rests. To time another slider: its kind in MOVED.
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
    const first = JSON.parse(document.getElementById("data").textContent);
    const rows = first.whole.length, times = Math.ceil(schools / 60);
    const tile = a => Array.from({length: a.length * times}, (_, i) => a[i % a.length]);
    const packed = a => Float64Array.from(tile(a));
    const whole = Array.from({length: rows * times}, (_, i) =>
        first.whole[i % rows] + rows * Math.floor(i / rows));
    const each = some => Object.fromEntries(Object.entries(some).map(([k, a]) => [k, tile(a)]));
    const arrays = first.arrays.map(a => packed(decoded(a)));
    const words = {whole, arrays, schools: each(first.schools), students: each(first.students)};
    state.program = {...first, ...words};
    state.engine = makeEngine(state.program);
    state.replace(standard(state.program));
    state.before = new Set(state.on);
    const at = first.settings.find(one => one.kind === kind).at, usual = state.settings[at];
    const took = [];
    for (let k = 0; k < 9; k += 1) {
        const start = performance.now();
        state.move(at, usual * (1 + (k + 1) / 20));
        took.push(performance.now() - start);
    }
    const start = performance.now();
    later(state);
    const rest = performance.now() - start;
    clearTimeout(state.waiting);
    return [took.sort((a, b) => a - b)[4], rest];
}"""


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "page.html"
        design = load_adapted(CORE.base, list(CORE.adapted))
        write_explorer(explorer(design, read_panel(CORE.panel), CORE), path)
        with shown(browser, path, WIDE) as page:
            took = {kind: page.evaluate(REPEAT, [SCHOOLS, kind]) for kind in MOVED}
    name = f"explorer, {SCHOOLS:,} schools:"
    rows = {
        f"{name} moved {kind} {MOVED[kind]}": (ms, "ms", "a tenth of a second", 100 / ms)
        for kind, (ms, _) in took.items()
    }
    rest = max(ms for _, ms in took.values())
    return {**rows, f"{name} verdicts and drawings": (rest, "ms", "two seconds", 2000 / rest)}


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        Console().print(f"{name}: {value:,.3g} {unit} {ratio:.2f} x {beside}", soft_wrap=True)
