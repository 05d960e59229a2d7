"""States as plain data, and dumps for people.

Exported are the relations that differ from a fresh cluster's, row by row, with their sequences. Values that msgpack does
not know are tagged lists; typed trees (views, defaults, checks) are written node by node, with catalog rows and relation
descriptions in them as references by OID.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgpack

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.catalog import store
from emulators.postgres.catalog.access import Catalog, NodeTree
from emulators.postgres.catalog.relations import IndexInfo, Relation
from emulators.postgres.database import Cluster, Database, Sequence
from emulators.postgres.storage.heap import Heap
from emulators.postgres.storage.transaction import Dirty
from emulators.postgres.types import values as v
from emulators.postgres.types.registry import type_io

if TYPE_CHECKING:
    from emulators.postgres.emulator import PostgresEmulator

FORMAT = 1
_SAMPLE = 10


# -- values --------------------------------------------------------------------------------------------------


class Encoder:
    """Values to plain data. Each tree node is written once; later mentions refer to its number."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}

    def __call__(self, value: Any) -> Any:
        if value is None or value is True or value is False or type(value) in (str, bytes, float):
            return value
        if type(value) is int:
            return value if -(2**63) <= value < 2**63 else ["i", str(value)]
        if isinstance(value, NodeTree):
            self.seen = {}
            return ["N", str(value), self(getattr(value, "tree", None))]
        if isinstance(value, t.Tree):
            known = self.seen.get(id(value))
            if known is not None:
                return ["R", known]
            number = self.seen[id(value)] = len(self.seen)
            fields = {}
            for name in t.all_slots(type(value)):
                if hasattr(value, name) and name != "parent":
                    fields[name] = self(getattr(value, name))
            return ["T", type(value).__name__, number, fields]
        if isinstance(value, Decimal):
            return ["d", str(value)]
        if isinstance(value, v.PgArray):
            return ["a", [self(e) for e in value.elements], list(value.dims), list(value.lbounds)]
        if isinstance(value, v.Row):
            return ["r", [self(e) for e in value], list(value.types), list(value.names)]
        if value is v.JSON_NULL:
            return ["z"]
        if isinstance(value, Relation):
            return ["c", value.oid]
        if isinstance(value, IndexInfo):
            return ["x", value.oid]
        if isinstance(value, dict):
            return ["m", [[self(k), self(x)] for k, x in value.items()]]
        if isinstance(value, tuple):
            name = type(value).__name__
            if name in ("Interval", "TimeTz", "Inet", "Range"):
                return ["n", name, [self(e) for e in value]]
            if hasattr(value, "_fields") and hasattr(value, "oid"):
                return ["p", name, value.oid]
            return ["t", [self(e) for e in value]]
        if isinstance(value, list):
            return ["l", [self(e) for e in value]]
        if isinstance(value, str):
            return str(value)
        if isinstance(value, (int, float)):
            return value
        raise TypeError(f"a {type(value).__name__} cannot be exported")


class Decoder:
    """The reverse, against a catalog that already has the rows referred to."""

    def __init__(self, catalog: Catalog | None) -> None:
        self.catalog = catalog
        self.nodes: dict[int, Any] = {}

    def __call__(self, data: Any) -> Any:
        if not isinstance(data, (list, tuple)):
            return data
        tag = data[0]
        if tag == "i":
            return int(data[1])
        if tag == "N":
            if self.catalog is None:
                return _Pending(data)
            self.nodes = {}
            return NodeTree.of(self(data[2]), data[1])
        if tag == "T":
            cls = getattr(t, data[1])
            node = cls.__new__(cls)
            self.nodes[data[2]] = node
            for name, value in cls._defaults.items():
                setattr(node, name, value() if value in (list, dict, set) else value)
            for name, value in data[3].items():
                setattr(node, name, self(value))
            return node
        if tag == "R":
            return self.nodes[data[1]]
        if tag == "d":
            return Decimal(data[1])
        if tag == "a":
            return v.PgArray([self(e) for e in data[1]], tuple(data[2]), tuple(data[3]))
        if tag == "r":
            return v.Row.of([self(e) for e in data[1]], tuple(data[2]), tuple(data[3]))
        if tag == "z":
            return v.JSON_NULL
        if tag == "m":
            return {self(k): self(x) for k, x in data[1]}
        if tag == "n":
            return getattr(v, data[1])(*[self(e) for e in data[2]])
        if tag == "t":
            return tuple([self(e) for e in data[1]])
        if tag == "l":
            return [self(e) for e in data[1]]
        assert self.catalog is not None
        if tag == "c":
            return self.catalog.relation(data[1])
        if tag == "x":
            row = self.catalog.one("pg_index", indexrelid=data[1])
            return next(i for i in self.catalog.relation(row.indrelid).indexes if i.oid == data[1])
        return self.catalog.one(data[1], oid=data[2])


class _Pending:
    """A tree that waits until every catalog row is there."""

    def __init__(self, data: Any) -> None:
        self.data = data


# -- clusters ------------------------------------------------------------------------------------------------


def _rows(heap: Heap, dirty: Dirty) -> list[Any]:
    encode = Encoder()
    return [
        [version.tid, version.xmin, [encode(x) for x in version.data]]
        for version in heap.all()
        if not version.state or dirty.visible(version)
    ]


def _changed(relid: int, heap: Heap) -> bool:
    """Does a heap differ from what a fresh cluster has?"""
    if relid >= oids.FIRST_USER_OID:
        return bool(heap.versions)
    name = store.name_of_relid(relid)
    return (
        name is None
        or any(x.xmin != 1 for x in heap.versions.values())
        or len(heap.versions) != len(store.seeded_rows(name))
    )


def _at(emulator: PostgresEmulator, state: Any, read: Any) -> Any:
    """Read something at a state, and come back to where the cluster stands."""
    cluster, mark = state
    history = cluster.history
    if history.base is mark and not history.pending:
        return read(cluster)
    here = history.mark(emulator.extra_of(cluster))
    databases = dict(cluster.databases)
    history.go(mark)
    cluster.databases = dict(mark.extra["databases"])
    try:
        return read(cluster)
    finally:
        history.go(here)
        cluster.databases = databases


def export_cluster(emulator: PostgresEmulator, state: Any) -> Any:
    def read(cluster: Cluster) -> Any:
        dirty = Dirty(cluster.transactions, None)
        shared = {
            str(relid): _rows(heap, dirty) for relid, heap in sorted(cluster.heaps.items()) if _changed(relid, heap)
        }
        databases = {}
        for oid, database in sorted(cluster.databases.items()):
            databases[str(oid)] = {
                "name": database.name,
                "heaps": {
                    str(f): _rows(h, dirty) for f, h in sorted(database.heaps.items()) if _changed(f, h)
                },
                "sequences": {
                    str(f): [s.last_value, s.is_called] for f, s in sorted(database.sequences.items())
                    if _sequence_lives(cluster, database, f)
                },
            }  # fmt: skip
        return {"format": FORMAT, "shared": shared, "databases": databases}

    body = _at(emulator, state, read)
    extra = state[1].extra
    return body | {"next_oid": extra["next_oid"], "next_xid": extra["next_xid"]}


def _sequence_lives(cluster: Cluster, database: Database, filenode: int) -> bool:
    return Catalog(database).one("pg_class", relfilenode=filenode) is not None


def cluster_digest(emulator: PostgresEmulator, state: Any) -> str:
    """Equal for equal rows, whatever transactions made them."""
    body = export_cluster(emulator, state)

    def bare(heaps: Any) -> Any:
        return {
            relid: [cells for _, _, cells in rows]
            for relid, rows in heaps.items()
            # Password verifiers hold a salt of chance.
            if relid != str(oids.PG_AUTHID)
        }

    data = {
        "shared": bare(body["shared"]),
        "databases": {k: [d["name"], bare(d["heaps"]), d["sequences"]] for k, d in body["databases"].items()},
    }
    return hashlib.sha256(msgpack.packb(data, use_bin_type=True)).hexdigest()


def import_cluster(emulator: PostgresEmulator, data: Any) -> Any:
    if data.get("format") != FORMAT:
        raise ValueError(f"the Postgres state has format {data.get('format')!r}, this emulator reads {FORMAT}")
    cluster = Cluster(emulator.clock, emulator.environment.random)
    cluster.resume = emulator.drain
    cluster.emulator = emulator
    plain = Decoder(None)
    pending: list[tuple[Heap, int, str]] = []

    def fill(heap: Heap, relid: int, rows: Any) -> Heap:
        name = store.name_of_relid(relid)
        make = store.row_class(name)._make if name is not None else tuple
        heap.versions = {}
        for tid, xmin, cells in rows:
            values = make([plain(c) for c in cells])
            heap.put_back(tid, values, xmin)
            if any(isinstance(x, _Pending) for x in values):
                pending.append((heap, tid, name or ""))
        return heap

    for relid, rows in data["shared"].items():
        cluster.heaps[int(relid)] = fill(Heap(int(relid)), int(relid), rows)
    cluster.databases = {}
    for oid, body in data["databases"].items():
        database = cluster.databases[int(oid)] = Database(cluster, int(oid), body["name"])
        pending.clear()
        for filenode, rows in body["heaps"].items():
            database.heaps[int(filenode)] = fill(Heap(int(filenode)), int(filenode), rows)
        for filenode, (last, called) in body["sequences"].items():
            database.sequences[int(filenode)] = Sequence(last, called)
        _resolve(Catalog(database), pending)
        database.catalog_committed()
    cluster.next_oid = data["next_oid"]
    cluster.transactions.next_xid = data["next_xid"]
    return cluster, cluster.history.mark(emulator.extra_of(cluster))


def _resolve(catalog: Catalog, pending: list[tuple[Heap, int, str]]) -> None:
    """Build the stored trees, now that relations and functions can be found."""
    decode = Decoder(catalog)
    for heap, tid, _ in pending:
        version = heap.versions[tid]
        values = [decode(x.data) if isinstance(x, _Pending) else x for x in version.data]
        version.data = type(version.data)._make(values)  # type: ignore[attr-defined]
        heap._rows = None


# -- dumps ---------------------------------------------------------------------------------------------------


def dump_database(emulator: PostgresEmulator, state: Any = None) -> dict[str, Any]:
    """{tableCount, tables: {name: {columns, rowCount, sample}}} of the configured database."""
    if state is not None:
        return _at(emulator, state, lambda cluster: _dump(emulator, cluster))  # type: ignore[no-any-return]
    return _dump(emulator, emulator.cluster)


def _dump(emulator: PostgresEmulator, cluster: Cluster) -> dict[str, Any]:
    from emulators.postgres.backend import Backend

    database = next((d for d in cluster.databases.values() if d.name == emulator.database_name), None)
    if database is None:
        return {"tableCount": 0, "tables": {}}
    saved = database.catalog_cache, database.type_io_cache
    database.catalog_cache, database.type_io_cache = {}, {}
    try:
        backend = Backend(cluster, database, oids.BOOTSTRAP_USER, 0)
        catalog = backend.catalog
        dirty = Dirty(cluster.transactions, None)
        tables: dict[str, Any] = {}
        for row in sorted(catalog.find("pg_class"), key=lambda r: (r.relname, r.oid)):
            if row.relkind != "r" or row.oid < oids.FIRST_USER_OID:
                continue
            schema = catalog.schema_name(row.relnamespace) or ""
            if schema.startswith("pg_"):
                continue
            relation = catalog.relation(row.oid)
            columns = relation.live
            heap = database.heap(relation.filenode)
            versions = [x for x in heap.all() if not x.state or dirty.visible(x)]
            sample = [{c.name: _shown(backend, x.data[c.num - 1], c.type) for c in columns} for x in versions[:_SAMPLE]]
            name = row.relname if schema == "public" else f"{schema}.{row.relname}"
            tables[name] = {"columns": [c.name for c in columns], "rowCount": len(versions), "sample": sample}
        return {"tableCount": len(tables), "tables": tables}
    finally:
        database.catalog_cache, database.type_io_cache = saved


def _shown(backend: Any, value: Any, oid: int) -> Any:
    if (
        value is None
        or isinstance(value, (bool, str))
        or (type(value) is int and oid in (oids.INT2, oids.INT4, oids.INT8))
    ):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return value
    return type_io(oid, backend.catalog).text_out(value, backend.context)
