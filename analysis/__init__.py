"""How are schools judged? Designs, panels, ratings, findings and their publication.

The few functions that a notebook needs, in the order of use; nothing else is promised.
"""

from analysis.designs.adaptation import adapt, load_adaptation
from analysis.designs.design import Design, load_design, parse_design
from analysis.findings.comparison import compare
from analysis.findings.trace import as_text, explain
from analysis.panels.panel import Panel, make_panel
from analysis.panels.reading import read_panel
from analysis.panels.write import write_panel
from analysis.problems import ProblemsError
from analysis.ratings.rate import Ratings, rate
from analysis.ratings.tables import schools_table

__all__ = [
    "Design",
    "Panel",
    "ProblemsError",
    "Ratings",
    "adapt",
    "as_text",
    "compare",
    "explain",
    "load_adaptation",
    "load_design",
    "make_panel",
    "parse_design",
    "rate",
    "read_panel",
    "schools_table",
    "write_panel",
]
