"""How near do made-up districts come to what was published of CORE and of systems like it?

| file | question |
| --- | --- |
| `core.yaml` | which numbers were published, where, and what is held to them |
| `targets.py` | is that file right? (its model, all problems at once) |
| `seen.py` | what do ratings say of whole schools? |
| `shares.py` | which arithmetic do several figures share? |
| `naming.py`, `levels.py`, `groups.py`, `change.py`, `surveys.py` | our figures, by subject |
| `figures.py` | all of them, from one rated panel |
| `settling.py` | which other presets are there, and what must be measured anew for each? |
| `keeping.py` | what was made before, and may be used again? (students, panels, rows) |
| `verifying.py` | several worlds, several presets: ours beside the published numbers |

To add a figure: a function in the file of its subject, and its name in `core.yaml`.
"""
