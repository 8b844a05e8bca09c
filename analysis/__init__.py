"""How are schools judged? Designs, panels, ratings, findings and their publication.

The few functions that a notebook needs, in the order of use; nothing else is promised.
"""

from analysis.designs.design import Design, load_design, parse_design
from analysis.panels.panel import Panel, make_panel, read_panel
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import Ratings, rate

__all__ = [
    "Design",
    "Panel",
    "ProblemsError",
    "Ratings",
    "load_design",
    "make_panel",
    "parse_design",
    "rate",
    "read_panel",
    "write_panel",
]
