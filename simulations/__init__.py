"""What if it were decided, measured or answered otherwise? Draws, experiments and sweeps.

Nothing here is promised to notebooks yet; `measures memo` publishes a memo.
"""
