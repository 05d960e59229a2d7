"""alter: not written yet."""
