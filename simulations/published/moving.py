"""Whom does a list name when one decision that was not published is settled otherwise?

Here students may be counted anew, which a panel alone cannot do; what a panel can do, many
settlements of all other decisions, is in analysis/findings/guesses.py.

To add a figure about a settlement: `against` there.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from analysis.designs.adaptation import load_adaptation
from analysis.designs.design import load_design
from analysis.designs.presets import presets_of
from analysis.findings.guesses import Question, against
from analysis.problems import fail
from simulations.published.settling import measured_anew, other_ways
from simulations.published.verifying import Site


def moved_by_each(
    site: Site, ask: Question, *, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Rate a made-up world under every other preset of every decision, one at a time.

    Args:
        site: the world, with its usual settlement.
        ask: the list, index and year that are looked at; its panel is the world's own.
        only: decisions to be settled otherwise; without it, all on which the list can rest.

    Returns:
        One row for each preset: decision, preset, title, evidence, counting (true where students
        are counted anew), and what `against` says. Decisions that cannot move the list are left
        out.

    Raises:
        ProblemsError: the usual settlement names nobody.
    """
    base = site.rated
    if not (base[ask.list].value.sel(year=ask.year) == 1).any():
        raise fail(ask.design.name, f"names nobody on {ask.list} under {ask.usual}.")
    rests = {*presets_of(load_design(ask.design.name), step=ask.list)}
    rows = []
    for way in other_ways(ask.design.name, ask.usual, only):
        anew = measured_anew(site.settled.design, way.design)
        if not anew and way.decision not in rests:
            continue
        preset = load_adaptation(f"{ask.design.name.partition('/')[0]}/{way.preset}")
        told = {"decision": way.decision, "preset": way.preset, "title": preset.title}
        more = {"evidence": preset.evidence, "counting": bool(anew)}
        rows.append({**told, **more, **against(ask, base, site.ratings(way))})
    return pd.DataFrame(rows)
