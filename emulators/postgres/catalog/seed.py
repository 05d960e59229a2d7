"""Reads the dumped catalog rows of PostgreSQL 18 (written by scripts/dump_catalog.py), lazily, one relation at a time.

A row is a tuple in attribute order, values in engine form except that int2vector/oidvector and arrays are tuples here
(the relation's loader turns them into array values, see relations.py). Oid-keyed relations come ordered by oid.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Any

import msgpack

DATA = Path(__file__).parent / "data"


@cache
def rows(relation: str) -> tuple[tuple[Any, ...], ...]:
    """The seeded rows of one system relation; empty when PostgreSQL has none after initdb."""
    path = DATA / f"{relation}.bin"
    if not path.exists():
        return ()
    loaded: tuple[tuple[Any, ...], ...] = msgpack.unpackb(
        zlib.decompress(path.read_bytes()), use_list=False, strict_map_key=False
    )
    return loaded


@cache
def columns(relation: str) -> tuple[str, ...]:
    """Attribute names of a system relation in order."""
    relid = next(r[0] for r in rows("pg_class") if r[1] == relation and r[2] in (11, _information_schema()))
    found = [(r[4], r[1]) for r in rows("pg_attribute") if r[0] == relid and r[4] > 0]
    return tuple(name for _, name in sorted(found))


@cache
def _information_schema() -> int:
    return next(int(r[0]) for r in rows("pg_namespace") if r[1] == "information_schema")
