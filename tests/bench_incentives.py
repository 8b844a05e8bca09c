"""How long does one act of one school take? Many together, against rating every school anew.

CORE's index on the small made-up districts: one student more over each measure's line, at every
school. To time another design: `CORE`.
"""

from time import perf_counter

from rich.console import Console

from analysis.commands import load_adapted
from analysis.findings.acts import Act, carried_out
from analysis.findings.incentives import wanted_steps
from analysis.findings.trials import each_alone
from analysis.panels.reading import read_panel
from analysis.ratings.rate import rate

Row = tuple[float, str, str, float | None]
CORE = ("core/sqii-full", "core/usual")
PANEL = "core-small"
MEASURES = ("ela", "math")
GROUPS = ("all", "el", "sed", "swd")


def figures() -> dict[str, Row]:
    """Give each figure: value, unit, what is beside it, and the ratio."""
    ratings = rate(load_adapted(CORE[0], [CORE[1]]), read_panel(PANEL))
    year, steps = ratings.panel.years[-1], wanted_steps(ratings)
    acts = [
        Act("over the line", m, g, size) for m in MEASURES for g in GROUPS for size in (-1, 1, 2)
    ]
    trials = [trial for act in acts for trial in carried_out(ratings, act, year=year)]
    reported, rows = [trial.reported for trial in trials], [trial.rows for trial in trials]
    start = perf_counter()
    each_alone(ratings, reported, steps, year=year, rows=rows)
    took = (perf_counter() - start) / sum(len(trial.rows) for trial in trials)
    start = perf_counter()
    rate(ratings.design, ratings.panel)
    anew = perf_counter() - start
    name = f"one act of one school, of {len(trials)} at {len(ratings.panel.units)} schools"
    return {name: (1000 * took, "ms", "rating all schools anew", anew / took)}


if __name__ == "__main__":
    for name, (value, unit, beside, ratio) in figures().items():
        Console().print(f"{name}: {value:,.3g} {unit} {ratio:,.0f} x {beside}", soft_wrap=True)
