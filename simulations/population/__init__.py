"""What would school districts look like if the truth about every school were known?

A made-up population of students, after the six waiver districts of California's CORE network. Seats
in neighbourhoods are filled by students who grow up through the grades; what is recorded of them
each year is cut from a few latent quantities; and because all of these are normal, the expected
value of every measure at every school can be computed and not only simulated.

| file | question |
| --- | --- |
| `world.py`, `blocks.py` | which numbers describe the districts (`simulations/worlds/*.yaml`) |
| `places.py`, `zones.py`, `makeup.py` | which schools are there, who feeds whom, who lives where |
| `effects.py`, `town.py` | what lasts at each school, and what is luck of a year |
| `english.py`, `lives.py` | which student sits on which seat, and has been through what |
| `records.py`, `rows.py` | what is recorded of each student in a year |
| `flows.py`, `expected.py`, `truth.py` | what is expected of each school |
| `surveys.py` | what do staff and families answer |
| `chunks.py`, `write.py` | which students, chunk by chunk; files, processes, resuming |
| `moments.py`, `figures.py`, `variance.py`, `drift.py` | how near is this to what is published |

To add a measure: a latent quantity in the world's file, a column in `rows.py`, its expectation in
`truth.py`, and a line in `moments.py`.
"""
