"""sequences: not written yet."""
