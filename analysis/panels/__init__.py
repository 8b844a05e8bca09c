"""What was measured? Panels of values and n, read from tables and checked."""
