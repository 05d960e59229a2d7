"""Catalog relations over storage: one heap each, rows as named tuples, found through lazily built lookups.

`Database.heaps` holds every relation's heap by filenode; a catalog's filenode is its OID. Cluster-wide catalogs (roles,
databases) live in `Cluster.heaps`. Seeded heaps are made when first touched.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any

from emulators.postgres.catalog import seed
from emulators.postgres.storage.heap import Heap
from emulators.postgres.storage.index import Index
from emulators.postgres.types.values import PgArray

if TYPE_CHECKING:
    from emulators.postgres.storage.heap import Data

SHARED = frozenset(
    {
        "pg_database", "pg_authid", "pg_auth_members", "pg_tablespace", "pg_shdepend", "pg_shdescription",
        "pg_db_role_setting", "pg_parameter_acl", "pg_subscription", "pg_replication_origin", "pg_shseclabel",
    }
)  # fmt: skip

_VECTORS = frozenset({22, 30})


@cache
def relid_of(name: str) -> int:
    """OID of a system relation."""
    return int(_relids()[name])


@cache
def _relids() -> dict[str, int]:
    return {r[1]: r[0] for r in seed.rows("pg_class") if r[2] != 99}


@cache
def name_of_relid(relid: int) -> str | None:
    return {v: k for k, v in _relids().items()}.get(relid)


@cache
def _attributes() -> dict[int, list[tuple[int, str, int]]]:
    found: dict[int, list[tuple[int, str, int]]] = {}
    for row in seed.rows("pg_attribute"):
        if row[4] > 0:
            found.setdefault(row[0], []).append((row[4], row[1], row[2]))
    for rows in found.values():
        rows.sort()
    return found


@cache
def row_class(name: str) -> Any:
    """The named tuple for rows of a system relation."""
    return namedtuple(name, [a[1] for a in _attributes()[relid_of(name)]])


@cache
def is_shared(relid: int) -> bool:
    return (name_of_relid(relid) or "") in SHARED


@cache
def seeded_rows(name: str) -> tuple[Data, ...]:
    """Seed rows with arrays and vectors as array values."""
    make = row_class(name)._make
    attributes = _attributes()[relid_of(name)]
    vectors = [i for i, (_, _, t) in enumerate(attributes) if t in _VECTORS]
    rows = seed.rows(name)
    if not rows:
        return ()
    lists = [i for i in range(len(attributes)) if i not in vectors and any(type(r[i]) is tuple for r in rows)]
    if not vectors and not lists:
        return tuple(map(make, rows))
    out = []
    for row in rows:
        values = list(row)
        for i in vectors:
            value = values[i]
            if value is not None:
                values[i] = vector(value)
        for i in lists:
            value = values[i]
            if value is not None:
                values[i] = PgArray(list(value))
        out.append(make(values))
    return tuple(out)


def vector(values: Any) -> PgArray:
    """An int2vector or oidvector value: one dimension, counted from 0."""
    items = list(values)
    return PgArray(items, (len(items),), (0,))


def seeded_heap(relid: int) -> Heap:
    name = name_of_relid(relid)
    return Heap.seeded(relid, seeded_rows(name)) if name is not None else Heap(relid)


def lookup(heap: Heap, columns: tuple[int, ...], values: tuple[Any, ...]) -> Any:
    """Versions of a catalog heap whose columns equal the values, through an index made for these columns."""
    slot = -1
    for number in columns:
        slot = slot * 64 - number - 1
    index = heap.indexes.get(slot)
    if index is None:
        if len(columns) == 1:
            (only,) = columns
            index = Index(slot, heap, 1, lambda data: (data[only],))
        else:
            index = Index(slot, heap, len(columns), lambda data: tuple([data[c] for c in columns]))
        heap.indexes[slot] = index
    if not index.built:
        index.build()
    return index.lookup(values)
