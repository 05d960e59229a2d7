"""databases: not written yet."""
