"""Storing rows: NOT NULL, CHECK, generated columns, unique indexes, ON CONFLICT, foreign keys, concurrent updates.

`Modifier` is the part of the executor that generated INSERT/UPDATE/DELETE/MERGE code calls. Unique checks look at what
is committed or running, and wait for a running transaction's outcome; a row that somebody else changed since the
snapshot is waited for and then re-checked (READ COMMITTED) or refused with 40001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres import oids
from emulators.postgres.catalog.relations import ConstraintInfo, IndexInfo, Relation
from emulators.postgres.errors import PgError
from emulators.postgres.execute import rows as row_text
from emulators.postgres.storage.heap import KEYS_KEPT, Heap, Version
from emulators.postgres.storage.index import Index

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend


class Programs:
    """What is compiled once for a relation: checks, generated columns, not-null positions."""

    __slots__ = ("checks", "generated", "keys", "notnull", "unique")

    def __init__(self, catalog: Any, relation: Relation) -> None:
        from emulators.postgres.compile.plan import row_function

        self.notnull = [(c.num - 1, c) for c in relation.columns if c.notnull and not c.dropped]
        self.checks = [(c, row_function(catalog, c.expr)) for c in relation.checks if c.expr is not None and c.enforced]
        self.generated = [
            (c.num - 1, c, row_function(catalog, c.default.tree))
            for c in relation.columns
            if c.generated and not c.dropped and getattr(c.default, "tree", None) is not None
        ]
        self.unique = [i for i in relation.indexes if i.unique and i.valid]
        self.keys = sorted(
            {
                k - 1
                for i in self.unique
                if i.predicate is None and not i.expressions and i.immediate
                for k in i.keys[: i.width]
            }
        )


def programs(backend: Backend, relation: Relation) -> Programs:
    found = relation.programs.get("store")
    if found is None:
        found = relation.programs["store"] = Programs(backend.catalog, relation)
    return found  # type: ignore[no-any-return]


def index_key(catalog: Any, relation: Relation, index: IndexInfo, ctx: Any) -> Any:
    """The function data -> canonical key tuple (None: left out by the predicate) of an index."""
    from emulators.postgres.analyze.tree import Expr
    from emulators.postgres.compile.expressions import PLAIN
    from emulators.postgres.compile.plan import row_function
    from emulators.postgres.types.registry import type_io

    expressions = list(index.expressions)
    columns = index.keys[: index.width]
    if all(columns) and index.predicate is None:
        bases = [catalog.base_type(relation.columns[k - 1].type) for k in columns]
        if all(b in PLAIN for b in bases):
            positions = [k - 1 for k in columns]
            if len(positions) == 1:
                (p,) = positions
                return lambda data: (data[p],)
            if len(positions) == 2:
                p, q = positions
                return lambda data: (data[p], data[q])
            return lambda data: tuple([data[i] for i in positions])
    parts: list[Any] = []
    for k in columns:
        if k:
            base = catalog.base_type(relation.columns[k - 1].type)
            io = None if base in PLAIN else type_io(base, catalog).hash_key
            parts.append((k - 1, None, io))
        else:
            expr: Expr = expressions.pop(0)
            base = catalog.base_type(expr.type)
            io = None if base in PLAIN else type_io(base, catalog).hash_key
            parts.append((-1, row_function(catalog, expr), io))
    predicate = row_function(catalog, index.predicate) if index.predicate is not None else None

    def key(data: Any) -> Any:
        if predicate is not None and predicate(ctx, data) is not True:
            return None
        out = []
        for position, function, io in parts:
            value = data[position] if function is None else function(ctx, data)
            out.append(value if value is None or io is None else io(value))
        return tuple(out)

    return key


def index_values(catalog: Any, relation: Relation, index: IndexInfo, ctx: Any, data: Any) -> list[Any]:
    """The plain values of an index's columns, for messages."""
    from emulators.postgres.compile.plan import row_function

    expressions = list(index.expressions)
    out = []
    for k in index.keys[: index.width]:
        if k:
            out.append((data[k - 1], relation.columns[k - 1].type))
        else:
            expr = expressions.pop(0)
            out.append((row_function(catalog, expr)(ctx, data), expr.type))
    return out


class Modifier:
    """Mixed into the executor: everything that changes rows."""

    backend: Backend
    snapshot: Any
    context: Any

    def heap(self, relid: int, filenode: int) -> Heap:
        raise NotImplementedError

    def index(self, relation: Relation, index: IndexInfo) -> Index:
        raise NotImplementedError

    # -- row checks ------------------------------------------------------------------------------------------

    def complete(self, relation: Relation, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Compute generated columns and check NOT NULL and CHECK constraints."""
        p = programs(self.backend, relation)
        if p.generated:
            cells = list(row)
            for position, _, function in p.generated:
                cells[position] = None
            for position, _, function in p.generated:
                cells[position] = function(self.context, tuple(cells))
            row = tuple(cells)
        for position, column in p.notnull:
            if row[position] is None:
                raise PgError(
                    "23502",
                    f'null value in column "{column.name}" of relation "{relation.name}" violates not-null constraint',
                    detail=row_text.failing_row(self.backend, relation, row),
                    schema=relation.schema_name,
                    table=relation.name,
                    column=column.name,
                )
        for constraint, function in p.checks:
            if function(self.context, row) is False:
                raise PgError(
                    "23514",
                    f'new row for relation "{relation.name}" violates check constraint "{constraint.name}"',
                    detail=row_text.failing_row(self.backend, relation, row),
                    schema=relation.schema_name,
                    table=relation.name,
                    constraint=constraint.name,
                )
        return row

    def _live_conflict(self, relation: Relation, index: IndexInfo, row: Any, skip: Version | None) -> Version | None:
        """A version other than `skip` with the same key that is live or may become so; waits for its transaction."""
        store = self.index(relation, index)
        key = store.key(row)
        if key is None or (None in key and not index.nulls_not_distinct):
            return None
        manager = self.backend.cluster.transactions
        own = self.backend.transaction.xid
        while True:
            waited = False
            for version in list(store.lookup(key)):
                if version is skip:
                    continue
                xmax = version.xmax
                if not version.state:
                    return version
                if version.xmin != own and version.xmin in manager.active:
                    self.backend.wait_for_transaction(
                        version.xmin, "transactionid", relation, version, "while inserting index tuple"
                    )
                    waited = True
                    break
                if xmax:
                    if xmax == own:
                        continue
                    if xmax in manager.active:
                        self.backend.wait_for_transaction(
                            xmax, "transactionid", relation, version, "while inserting index tuple"
                        )
                        waited = True
                        break
                    continue
                return version
            if not waited:
                return None

    def check_unique(self, relation: Relation, row: Any, skip: Version | None, only: Any = None) -> None:
        for index in programs(self.backend, relation).unique:
            if only is not None and index.oid not in only:
                continue
            if not index.immediate:
                self.backend.defer_unique(relation, index, row, skip)
                continue
            found = self._live_conflict(relation, index, row, skip)
            if found is not None:
                raise self.unique_violation(relation, index, row)

    def unique_violation(self, relation: Relation, index: IndexInfo, row: Any) -> PgError:
        return PgError(
            "23505",
            f'duplicate key value violates unique constraint "{index.name}"',
            detail=f"{row_text.index_key_text(self.backend, relation, index, self.context, row)} already exists.",
            schema=relation.schema_name,
            table=relation.name,
            constraint=index.name,
        )

    # -- INSERT ----------------------------------------------------------------------------------------------

    def insert(self, relation: Relation, rows: Any, conflict: Any, returning: Any) -> tuple[int, list[Any]]:
        backend = self.backend
        transaction = backend.begin_write(relation, "INSERT")
        heap = self.heap(relation.oid, relation.filenode)
        count = 0
        out: list[Any] = []
        inserted: list[Version] = []
        updated: list[tuple[Version, Version]] = []
        has_unique = bool(programs(backend, relation).unique)
        touched: set[int] = set()
        for row in rows:
            row = self.complete(relation, row)
            if conflict is not None:
                found = self._arbitrate(relation, conflict[0], row)
                if found is not None:
                    if conflict[1] is None:
                        self._check_invisible(found)
                        continue
                    done = self._conflict_update(relation, heap, found, row, conflict, touched)
                    if done is None:
                        continue
                    if done == "retry":
                        found = None
                    else:
                        old, new = done
                        count += 1
                        updated.append((old, new))
                        touched.add(new.tid)
                        if returning is not None:
                            out.append(returning(new, new.data, old.data, new.data))
                        continue
            if has_unique:
                self.check_unique(relation, row, None)
            version = transaction.insert(heap, row)
            touched.add(version.tid)
            inserted.append(version)
            count += 1
            if returning is not None:
                out.append(returning(version, version.data, _NULLS, version.data))
        if relation.foreign_keys:
            backend.foreign_keys.after_insert(relation, inserted)
        if updated:
            backend.foreign_keys.after_update(relation, updated)
        return count, out

    def _arbitrate(self, relation: Relation, arbiters: Any, row: Any) -> Version | None:
        indexes = arbiters or programs(self.backend, relation).unique
        for index in indexes:
            found = self._live_conflict(relation, index, row, None)
            if found is not None:
                return found
        return None

    def _check_invisible(self, version: Version) -> None:
        """ON CONFLICT DO NOTHING against a row that the transaction's snapshot cannot see."""
        if self.backend.transaction_snapshot_only() and not self.snapshot.visible(version):
            if version.xmin != self.backend.transaction.xid:
                raise PgError("40001", "could not serialize access due to concurrent update")

    def _conflict_update(
        self, relation: Relation, heap: Heap, found: Version, row: Any, conflict: Any, touched: set[int]
    ) -> Any:
        backend = self.backend
        if found.tid in touched:
            raise PgError(
                "21000",
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
                hint="Ensure that no rows proposed for insertion within the same command have duplicate "
                "constrained values.",
            )
        current = backend.lock_version(relation, found, self._update_mode(relation, conflict[2]), "block", self.snapshot,
                                       conflict=True)  # fmt: skip
        if current is None:
            return "retry"
        new = conflict[1](current, current.data, row)
        if new is None:
            return None
        new = self.complete(relation, new)
        version = self._replace(relation, heap, current, new)
        return current, version

    # -- UPDATE and DELETE -----------------------------------------------------------------------------------

    @staticmethod
    def _update_mode(relation: Relation, changed: Any) -> int:
        """3 (NO KEY UPDATE) unless a column of a unique index that foreign keys could use is assigned."""
        assigned = set(changed or ())
        for index in relation.indexes:
            if index.unique and index.predicate is None and not index.expressions and index.immediate:
                if assigned & set(index.keys[: index.width]):
                    return 4
        return 3

    def _replace(self, relation: Relation, heap: Heap, version: Version, row: Any) -> Version:
        backend = self.backend
        for index in programs(backend, relation).unique:
            store = self.index(relation, index)
            key = store.key(row)
            if key is None or key == store.key(version.data):
                continue
            if not index.immediate:
                backend.defer_unique(relation, index, row, version)
                continue
            if self._live_conflict(relation, index, row, version) is not None:
                raise self.unique_violation(relation, index, row)
        new = backend.transaction.update(heap, version, row)
        if self._keys_kept(relation, version.data, row):
            version.state |= KEYS_KEPT
        return new

    def _keys_kept(self, relation: Relation, old: Any, new: Any) -> bool:
        """True when no column that a foreign key could refer to changes: the update is NO KEY UPDATE."""
        return all(old[p] == new[p] for p in programs(self.backend, relation).keys)

    def update(
        self, relation: Relation, rows: list[Any], new_row: Any, recheck: Any, returning: Any, changed: Any
    ) -> tuple[int, list[Any]]:
        backend = self.backend
        transaction = backend.begin_write(relation, "UPDATE")
        heap = self.heap(relation.oid, relation.filenode)
        mode = self._update_mode(relation, changed)
        count = 0
        out: list[Any] = []
        pairs: list[tuple[Version, Version]] = []
        for cells in rows:
            version = cells[0]
            if version.state or version.lock is not None:
                if version.xmax and version.xmax == transaction.xid and version.cmax == transaction.cid:
                    continue
                wanted = mode
                if mode == 4:
                    # Assigned is not changed: an ORM that writes the key back as it was does not need the key lock.
                    row = new_row(*cells)
                    if self._keys_kept(relation, version.data, row):
                        wanted = 3
                current = backend.lock_version(relation, version, wanted, "block", self.snapshot)
                if current is None:
                    continue
                if current is not version:
                    cells = (current, *cells[1:])
                    if recheck is not None and recheck(*cells) is None:
                        continue
                    version = current
                    row = new_row(*cells)
                elif mode != 4:
                    row = new_row(*cells)
            else:
                row = new_row(*cells)
            row = self.complete(relation, row)
            new = self._replace(relation, heap, version, row)
            count += 1
            pairs.append((version, new))
            if returning is not None:
                out.append(returning(new, new.data, version.data, new.data, *cells[1:]))
        if relation.foreign_keys or relation.referenced_by:
            backend.foreign_keys.after_update(relation, pairs)
        return count, out

    def delete(self, relation: Relation, rows: list[Any], recheck: Any, returning: Any) -> tuple[int, list[Any]]:
        backend = self.backend
        transaction = backend.begin_write(relation, "DELETE")
        heap = self.heap(relation.oid, relation.filenode)
        count = 0
        out: list[Any] = []
        gone: list[Version] = []
        for cells in rows:
            version = cells[0]
            if version.state or version.lock is not None:
                if version.xmax and version.xmax == transaction.xid:
                    continue
                current = backend.lock_version(relation, version, 4, "block", self.snapshot)
                if current is None:
                    continue
                if current is not version:
                    cells = (current, *cells[1:])
                    if recheck is not None and recheck(*cells) is None:
                        continue
                    version = current
            transaction.delete(heap, version)
            gone.append(version)
            count += 1
            if returning is not None:
                out.append(returning(version, version.data, version.data, _NULLS, *cells[1:]))
        if relation.referenced_by:
            backend.foreign_keys.after_delete(relation, gone)
        return count, out

    # -- MERGE -----------------------------------------------------------------------------------------------

    def merge(
        self, relation: Relation, rows: list[Any], actions: Any, recheck: Any, returning: Any
    ) -> tuple[int, list[Any]]:
        backend = self.backend
        transaction = backend.begin_write(relation, "MERGE")
        heap = self.heap(relation.oid, relation.filenode)
        count = 0
        out: list[Any] = []
        inserted: list[Version] = []
        pairs: list[tuple[Version, Version]] = []
        gone: list[Version] = []
        for cells in rows:
            version = cells[-1]
            if version is None:
                match = "not_matched"
            elif all(c is None or type(c).__name__ == "NullRow" for c in cells[:-1]):
                match = "not_matched_source"
            else:
                match = "matched"
            if version is not None and (version.state or version.lock is not None):
                if version.xmax and version.xmax == transaction.xid and version.cmax == transaction.cid:
                    raise PgError(
                        "21000",
                        "MERGE command cannot affect row a second time",
                        hint="Ensure that not more than one source row matches any one target row.",
                    )
                current = backend.lock_version(relation, version, 4, "block", self.snapshot)
                if current is None:
                    match = "not_matched"
                    cells = (*cells[:-1], None)
                elif current is not version:
                    cells = (*cells[:-1], current)
                    if match == "matched" and not recheck(*cells):
                        match = "not_matched"
                        cells = (*cells[:-1], None)
                version = cells[-1]
            for kind, command, function, _ in actions:
                if kind != match:
                    continue
                row = function(*cells)
                if row is None:
                    continue
                if command == "nothing":
                    break
                count += 1
                if command == "insert":
                    row = self.complete(relation, row)
                    self.check_unique(relation, row, None)
                    new = transaction.insert(heap, row)
                    inserted.append(new)
                    result = (new, new.data, _NULLS, new.data, "INSERT")
                elif command == "update":
                    new = self._replace(relation, heap, version, self.complete(relation, row))
                    pairs.append((version, new))
                    result = (new, new.data, version.data, new.data, "UPDATE")
                else:
                    transaction.delete(heap, version)
                    gone.append(version)
                    result = (version, version.data, version.data, _NULLS, "DELETE")
                if returning is not None:
                    out.append(returning(*result, *cells[:-1]))
                break
        backend.foreign_keys.after_insert(relation, inserted)
        backend.foreign_keys.after_update(relation, pairs)
        backend.foreign_keys.after_delete(relation, gone)
        return count, out


class _AllNull:
    """OLD of an INSERT, NEW of a DELETE: every column is NULL."""

    __slots__ = ()

    def __getitem__(self, index: int) -> None:
        return None


_NULLS: Any = _AllNull()

__all__ = ["ConstraintInfo", "Modifier", "Programs", "index_key", "index_values", "oids", "programs"]
