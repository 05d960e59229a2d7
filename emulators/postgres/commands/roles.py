"""roles: not written yet."""
