"""How do student rows become a panel?

| file | question |
| --- | --- |
| `table.py` | which student rows are there, and are their columns what they must be |
| `checks.py` | which rows cannot be right |
| `mending.py` | what happens to them: refused, or mended by a rule of the design |
| `who.py` | whose students count, and to which groups and parts they belong |
| `counts.py` | who counts in each definition, and what for |
| `growth.py` | what score was to be expected of each student |
| `cells.py` | how sums over students become value, n and standard error |
| `measure.py` | all of it, from a design and students to a panel |

No output contains a student row or a student's code.
"""
