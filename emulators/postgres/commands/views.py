"""views: not written yet."""
