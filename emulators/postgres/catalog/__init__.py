"""PostgreSQL 18's system catalogs: seeded rows (data/), their loader (seed.py) and the access layer over storage."""
