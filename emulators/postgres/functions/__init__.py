"""PostgreSQL's built-in functions, aggregates and window functions."""
