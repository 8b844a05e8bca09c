"""The same arithmetic in another program: COINr's example of 51 countries and 49 indicators.

Its tables are read from a folder beside the clone; a clone without it skips these tests.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.designs.design import Design, design_from
from analysis.panels.panel import Panel, make_panel
from analysis.ratings.rate import rate
from simulations.sensitivity import exact

ASEM = Path(__file__).resolve().parents[3] / "shared" / "data" / "asem"
pytestmark = pytest.mark.skipif(not ASEM.is_dir(), reason="the other program's tables are not here")
SCALES = {
    "n_minmax": {"how": "min_max", "low": 1, "high": 100},
    "n_zscore": {"how": "z_score", "mean": 10, "deviation": 2},
}
FORMS = {"a_amean": "arithmetic", "a_gmean": "geometric"}


def meta() -> pd.DataFrame:
    table = pd.read_csv(ASEM / "iMeta.csv")
    return table[table["Parent"].notna() & table["Type"].isin(["Indicator", "Aggregate"])]


def panel_of(table: str) -> Panel:
    rows = pd.read_csv(ASEM / f"{table}.csv").rename(columns={"uCode": "school"})
    names = meta().loc[meta()["Level"] == 1, "iCode"].tolist()
    long = rows.melt("school", names, "measure", "value").assign(year=2018, group="all")
    return make_panel(rows[["school"]], long)


def design() -> Design:
    table = meta()
    indicators = table[table["Level"] == 1]
    points = {
        f"{code}_score": {
            "rule": "normalise",
            "of": code,
            "pool": "all_schools",
            "base_year": "yearly",
            "how": "min_max",
            "better": "high" if way == 1 else "low",
        }
        for code, way in zip(indicators["iCode"], indicators["Direction"], strict=True)
    }
    index = {}
    for level in (1, 2, 3):
        for parent, mine in table[table["Level"] == level].groupby("Parent"):
            suffix = "_score" if level == 1 else ""
            of = {f"{c}{suffix}": w for c, w in zip(mine["iCode"], mine["Weight"], strict=True)}
            index[parent] = {"rule": "mean", "of": of, "missing": "share_out", "form": "arithmetic"}
    measures = {code: {"unit": "number"} for code in indicators["iCode"]}
    said = {"title": "A hierarchical index", "measures": measures, "points": points, "index": index}
    return design_from(said, name="asem")


def scale(words: dict, names: list[str]) -> dict:
    return {f"{name}_score.{word}": x for name in names for word, x in words.items()}


def weights(column: str) -> dict:
    sets = pd.read_csv(ASEM / "noisy_weight_sets_100.csv")
    parents = meta().set_index("iCode")["Parent"]
    return {
        f"{parents[code]}.of.{code}{'_score' if level == 1 else ''}": float(w)
        for code, level, w in zip(sets["iCode"], sets["Level"], sets[column], strict=True)
        if code in parents.index
    }


def form(name: str) -> dict:
    steps = meta()["Parent"].unique()
    return {f"{step}.form": name for step in steps}


def values(ratings, step: str) -> pd.Series:
    return pd.Series(
        ratings[step].value.sel(year=2018).values.ravel(), ratings.panel.units["school"]
    )


def close(ours: pd.Series, theirs: pd.Series, tolerance: float) -> bool:
    gap = (ours.reindex(theirs.index) - theirs).abs() / theirs.abs().clip(lower=1)
    return bool((gap < tolerance).all())


def test_normalised_values_aggregates_and_ranks() -> None:
    ratings = rate(design(), panel_of("dset_Treated"))
    theirs = pd.read_csv(ASEM / "dset_Normalised.csv").set_index("uCode")
    for code in meta().loc[meta()["Level"] == 1, "iCode"]:
        assert close(values(ratings, f"{code}_score"), theirs[code], 1e-12), code
    scores = pd.read_csv(ASEM / "aggregated_scores.csv").set_index("uCode")
    ranks = pd.read_csv(ASEM / "aggregated_ranks.csv").set_index("uCode")
    for step in scores:
        ours = values(ratings, step)
        assert close(ours, scores[step], 1e-12), step
        assert (ours.rank(ascending=False, method="min").reindex(ranks.index) == ranks[step]).all()


@pytest.mark.parametrize(
    ("file", "words", "kind"),
    [
        ("alt_minmax1_100_a_amean", SCALES["n_minmax"], "arithmetic"),
        ("alt_minmax1_100_a_gmean", SCALES["n_minmax"], "geometric"),
        ("alt_zscore_10_2_a_amean", SCALES["n_zscore"], "arithmetic"),
    ],
)
def test_other_scales_and_means(file: str, words: dict, kind: str) -> None:
    names = meta().loc[meta()["Level"] == 1, "iCode"].tolist()
    changed = design().vary(scale(words, names) | form(kind))
    theirs = pd.read_csv(ASEM / f"{file}.csv").set_index("uCode")
    assert close(values(rate(changed, panel_of("dset_Treated")), "Index"), theirs["Index"], 1e-12)


def test_percentile_ranks() -> None:
    """In the pillar Social three countries differ by one rank of one indicator.

    Its tie was none before the other program printed its values with 15 digits.
    """
    names = meta().loc[meta()["Level"] == 1, "iCode"].tolist()
    changed = design().vary(scale({"how": "percentile_rank"}, names))
    ratings = rate(changed, panel_of("dset_Treated"))
    theirs = pd.read_csv(ASEM / "alt_prank_a_amean.csv").set_index("uCode")
    for pillar in theirs.columns.difference(["Social", "Sust", "Index"]):
        assert close(values(ratings, pillar), theirs[pillar], 1e-12), pillar
    gap = (values(ratings, "Social").reindex(theirs.index) - theirs["Social"]).abs()
    assert gap[gap > 1e-12].tolist() == pytest.approx([1 / 50 / 9] * 3)


def test_a_hundred_designs_made_anew() -> None:
    """Another winsorised table, scale, set of weights and kind of mean each time."""
    base = design()
    names = meta().loc[meta()["Level"] == 1, "iCode"].tolist()
    plan = pd.read_csv(ASEM / "UA_N100_designs.csv")
    scores = pd.read_csv(ASEM / "UA_N100_scores.csv").set_index("uCode")
    ranks = pd.read_csv(ASEM / "UA_N100_ranks.csv").set_index("uCode")
    panels = {k: panel_of(f"dset_Treated_winmax{k}") for k in plan["winmax"].unique()}
    last = {}
    for row in plan.itertuples():
        changes = scale(SCALES[row.norm], names) | weights(f"w{row.weight_set}")
        changed = base.vary(changes | form(FORMS[row.agg]))
        last[row.winmax] = rate(changed, panels[row.winmax], earlier=last.get(row.winmax))
        ours = values(last[row.winmax], "Index")
        assert close(ours, scores[f"r_{row.rep}"], 2.3e-13), row
        mine = ours.round(9).rank(ascending=False, method="min").reindex(ranks.index)
        assert (mine == ranks[f"r_{row.rep}"]).all(), row


def test_the_exact_sensitivity_of_the_ranks_in_one_slice() -> None:
    """Mean change of rank against the nominal index, in every design of the first weight sets.

    The whole grid has 2,000 designs; its published outcomes give the published indices.
    """
    base = design()
    names = meta().loc[meta()["Level"] == 1, "iCode"].tolist()
    theirs = np.loadtxt(ASEM / "SA_exact_y_2000cells.csv", comments="#").reshape(5, 2, 100, 2)
    nominal = pd.read_csv(ASEM / "aggregated_ranks.csv").set_index("uCode")["Index"]
    for w, panel in enumerate(panel_of(f"dset_Treated_winmax{k}") for k in (1, 4)):
        place = (0, 3)[w]
        earlier = None
        for n, words in enumerate(SCALES.values()):
            for a, kind in enumerate(FORMS.values()):
                for column in (0, 57):
                    changes = scale(words, names) | weights(f"w{column + 1}") | form(kind)
                    earlier = rate(base.vary(changes), panel, earlier=earlier)
                    ours = values(earlier, "Index").round(9).rank(ascending=False, method="min")
                    moved = (ours.reindex(nominal.index) - nominal).abs().mean()
                    assert moved == pytest.approx(theirs[place, n, column, a], abs=1e-12)
    indices = pd.read_csv(ASEM / "SA_exact_indices.csv")
    found = exact(theirs, indices["Variable"].tolist()).table
    assert found["total"].to_numpy() == pytest.approx(indices["STi_exact"].to_numpy(), abs=1e-9)
