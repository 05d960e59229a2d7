"""Postgres: scripts of SQL, a player that speaks protocol 3.0 over sockets, and the rules of comparing."""
