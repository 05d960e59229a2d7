"""cursors: not written yet."""
