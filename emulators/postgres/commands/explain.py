"""explain: not written yet."""
