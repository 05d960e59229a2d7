"""types: not written yet."""
