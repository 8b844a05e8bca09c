"""What do staff and families answer? Shares of favourable answers by school, with chance in them.

To add a survey: a latent quantity, its name in `SURVEYS`, and how many answer in `RESPONDENTS`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from simulations.population.blocks import SURVEYS
from simulations.population.town import Town
from simulations.population.truth import survey_means, unit_rows

RESPONDENTS: Final = {"climate_staff": 0.035, "climate_family": 0.28}
"""Answers for each student of a school (assumed: a teacher for 20 students, 7 in 10 answer)."""


def survey_table(town: Town, sizes: np.ndarray, year: int) -> pd.DataFrame:
    """Draw what staff and families of each school answer in a year.

    Args:
        town: the district.
        sizes: expected enrollment of each unit.
        year: the year.

    Returns:
        Rows of a panel's measures: school, part, year, measure, value (per cent) and n.
    """
    table, _ = unit_rows(town)
    found = []
    for name in SURVEYS:
        latent = town.world.latents[name]
        mean = survey_means(town.world, town.places, name, year) + town.effects.latents[name]
        n = np.maximum(np.rint(sizes * RESPONDENTS[name]), 1)
        draws = town.draws("survey", name)
        shock, error = draws.normals(town.places.number, 2, draw=year)
        value = (
            mean + latent.shock * shock + np.hypot(latent.noise, latent.error) / np.sqrt(n) * error
        )
        value = np.round(np.clip(value, 0, 100), 2)
        found.append(table.assign(year=year, measure=name, value=value, n=n.astype(int)))
    return pd.concat(found, ignore_index=True)
