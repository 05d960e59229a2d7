"""misc: not written yet."""
