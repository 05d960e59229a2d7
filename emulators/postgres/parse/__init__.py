"""SQL text to statements: PostgreSQL 18's own grammar through libpg_query (parser.py), as `Node` trees (node.py)."""
