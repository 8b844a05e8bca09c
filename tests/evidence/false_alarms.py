"""How often is a line called suspicious where nobody aimed at it, and how much aiming is seen?

Worlds whose smooth spread is chosen here, 600 schools each: sizes of groups, an index in whole
points, rates of students, a score that is nearly continuous. Aiming moves a share of those who
stand just short of the line to just beyond it.
"""

import numpy as np
from scipy.special import expit

from analysis.findings.bunching import Line
from analysis.rounding import half_up
from simulations.nulls import chance_of
from simulations.streams import stream

RESTS_ON = ("analysis/findings/bunching.py", "simulations/nulls.py", "simulations/streams.py")
SCHOOLS = 600
LEVEL = 0.05
DRAWS = 199
EFFORTS = (0.1, 0.2, 0.4)
NOBODY = np.zeros((1, 1))


def _line(on, bound, sign=1):
    return Line("line", "m", on, (bound,), sign, on == "value", ("all",), NOBODY, NOBODY)


def sizes(random, schools):
    return random.negative_binomial(3, 0.07, schools).astype(float), np.full(schools, np.nan)


def whole_points(random, schools):
    points = np.rint(np.clip(62 + 14 * random.standard_normal(schools), 0, 100))
    return points, np.full(schools, np.nan)


def rates(random, schools):
    n = np.clip(random.lognormal(4.5, 0.8, schools).astype(int), 11, 900)
    k = random.binomial(n, expit(1.2 + 0.9 * random.standard_normal(schools)))
    return half_up(100 * k / n, 1), n.astype(float)


def scores(random, schools):
    return 60 + 12 * random.standard_normal(schools), np.full(schools, np.nan)


WORLDS = {
    "sizes of groups": (sizes, _line("n", 20.0, -1), 3),
    "index in whole points": (whole_points, _line("value", 55.0), 2),
    "rates": (rates, _line("value", 67.0), 2),
    "scores": (scores, _line("value", 50.0), 2),
}


def aimed(held, line, window, effort, random):
    """Move a share of those just short of the line to just beyond it."""
    x, n = held
    short = (line.contrast(x, window) == -1) & (random.random(len(x)) < effort)
    bound = line.bounds[0]
    beyond = np.full(len(x), bound - 1 if line.on == "n" else bound)
    if np.isfinite(n).all():  # as many students as reach it
        beyond = half_up(100 * np.ceil(bound * n / 100) / n, 1)
    elif line.on == "value" and not (x == np.rint(x)).all():
        beyond = bound + window * random.random(len(x))
    return np.where(short, beyond, x)


def alarms(name, worlds, effort=0.0, schools=SCHOOLS):
    """Give the share of worlds in which the line is called suspicious."""
    make, line, window = WORLDS[name]
    found = []
    for world in range(worlds):
        random = stream(world, "false alarms", name)
        x, n = make(random, schools)
        held = aimed((x, n), line, window, effort, random)
        said = chance_of(line, held, n, window=window, draws=DRAWS, seed=world)
        found.append(said.p <= LEVEL)
    return float(np.mean(found))


def campaign(*, full: bool = True):
    """Give false alarms (share of worlds, at 5 %) and what is seen, by effort and number."""
    worlds, fewer = (1000, 200) if full else (60, 30)
    error = (LEVEL * (1 - LEVEL) / worlds) ** 0.5
    found = {"worlds": worlds, "Monte Carlo error of a false alarm rate": round(error, 4)}
    for name in WORLDS:
        found[f"false alarms, {name}"] = round(alarms(name, worlds), 3)
        for effort in EFFORTS if full else EFFORTS[-1:]:
            for schools in (SCHOOLS, 4 * SCHOOLS) if full else (SCHOOLS,):
                said = f"seen, {name}, {effort:.0%} of those short aim, {schools:,} schools"
                found[said] = round(alarms(name, fewer, effort, schools), 2)
    return found
