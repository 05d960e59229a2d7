"""indexes: not written yet."""
