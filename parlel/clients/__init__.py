"""Small blocking clients of our own, so that contexts, seeds and the CLI need no client library."""
