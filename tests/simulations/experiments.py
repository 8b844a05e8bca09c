"""The head of an experiment on Franklin, to which tests add what varies."""

FRANKLIN = """
title: T
design: franklin/index
panel: franklin
list: lowest
estimand: The list under other choices.
pool: Title I schools
"""
