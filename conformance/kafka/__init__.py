"""Kafka: scripts of raw requests in any version, a player over sockets, and what of an answer is free to differ."""
