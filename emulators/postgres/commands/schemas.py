"""schemas: not written yet."""
