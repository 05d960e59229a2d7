"""Text, binary, comparison and typmod behaviour of PostgreSQL's types."""
