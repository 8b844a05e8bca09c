"""What would schools do if a design paid for it, and what becomes of the list and of learning?

| file | question |
| --- | --- |
| `mechanism.py` | what is a behaviour: what is reported, what is true, what it costs, who sees it |
| `scores.py`, `counting.py`, `records.py` | behaviours with scores, with who counts, with records |
| `kinds.py`, `mechanisms.yaml` | which are there, with which numbers, and how each is known |
| `asked.py`, `fitting.py` | which designs, mechanisms, aims and worlds an experiment asks for |
| `worlds.py` | which made-up schools are there |
| `cells.py`, `counted.py` | what does each behaviour do to the cells of their panel |
| `respond.py` | how much does each school do, if all others do as they please too |
| `gamed.py` | what becomes of the list, of the index and of learning |
| `playing.py`, `commands.py` | runs that can be interrupted; the command |
"""
