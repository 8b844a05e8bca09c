"""The tables that people open say the design's words, and no digits that mean nothing."""

import pandas as pd

from analysis.designs.design import design_from, load_design
from analysis.panels.panel import make_panel
from analysis.panels.reading import read_panel
from analysis.ratings.rate import rate
from analysis.ratings.tables import lists_table, schools_table
from analysis.ratings.write import write_ratings

PANEL = make_panel(
    pd.DataFrame({"school": ["top", "edge", "low", "none"]}),
    pd.DataFrame(
        {
            "school": ["top", "edge", "low"],
            "year": 2025,
            "group": "all",
            "measure": "ela",
            "value": [80.0, 62.0, 61.0],
        }
    ),
)


def ratings_of(rating: dict[str, object]) -> list[object]:
    """Rate four schools (English 80, 62, 61 and none), and give the column `rating`."""
    said = {
        "title": "t",
        "measures": {"ela": {}},
        "points": {"rating": rating},
        "headline": {"rating": "rating"},
    }
    found = schools_table(rate(design_from(said, name="t"), PANEL))["rating"].astype(object)
    return found.where(found.notna(), None).tolist()


def test_a_rating_is_the_name_of_its_level() -> None:
    cuts = {"rule": "cuts", "of": "ela", "lowest": "F", "from": {"B": 62, "A": 80}}
    assert ratings_of(cuts) == ["A", "B", "F", None]


def test_a_rating_that_is_a_condition_is_an_answer() -> None:
    test = {"rule": "test", "of": "ela", "at_least": 62}
    assert ratings_of(test) == ["met", "met", "not met", "unknown"]


def test_a_rating_that_is_a_number_stays_one() -> None:
    half = {"rule": "difference", "of": "ela", "minus": 0.5}
    assert ratings_of(half) == [79.5, 61.5, 60.5, None]


def test_levels_without_names_are_whole_numbers(tmp_path) -> None:
    """Franklin: 63.4 is from 60 on, so 4 stars; 25.0 is below 40, so 1; nobody rates 0103."""
    ratings = rate(load_design("franklin/index"), read_panel("franklin"))
    table = schools_table(ratings).query("year == 2025 and part == ''").set_index("school")
    assert table.loc[["0112", "0111"], "rating"].tolist() == [4, 1]
    write_ratings(ratings, tmp_path / "out")
    text = (tmp_path / "out" / "schools.csv").read_text()
    assert ",63.4,4,not met," in text
    assert ",,,unknown," in text


def test_a_margin_has_no_digits_that_arithmetic_made() -> None:
    """By hand, of the line 32.5: 55.6 is 23.1 above it, 63.4 is 30.9 above, 25.0 is 7.5 below."""
    ratings = rate(load_design("franklin/index"), read_panel("franklin"))
    table = lists_table(ratings).query("year == 2025").set_index("school")["margin"]
    known = {"0101": 0.0, "0102": 23.1, "0106": 13.4, "0109": 15.3, "0111": -7.5, "0112": 30.9}
    assert table[[*known]].to_dict() == known
    assert "-0.0" not in table.astype(str).tolist()
