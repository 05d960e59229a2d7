"""copy: not written yet."""
