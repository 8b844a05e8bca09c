"""What if it were decided, measured or answered otherwise? Draws, experiments and sweeps."""
