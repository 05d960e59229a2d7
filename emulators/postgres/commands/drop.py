"""drop: not written yet."""
