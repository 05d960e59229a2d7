"""tables: not written yet."""
