"""Foreign keys: checks of the child's side, actions of the parent's side, deferral to the end of the transaction.

Immediate checks run at the end of the statement that queued them, deferred ones at COMMIT or SET CONSTRAINTS. A child
row takes KEY SHARE on its parent. Lookups go through a unique index of the parent and, where there is one, an index of
the child; otherwise they scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.catalog.relations import ConstraintInfo, Relation
from emulators.postgres.errors import PgError
from emulators.postgres.execute import rows as row_text
from emulators.postgres.storage.heap import Version

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend


class ForeignKeys:
    """One session's queue of foreign-key work."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.immediate: list[tuple[Any, ...]] = []
        self.deferred: list[tuple[Any, ...]] = []
        #: SET CONSTRAINTS: constraint OID -> deferred?; None is ALL.
        self.modes: dict[int | None, bool] = {}

    def forget(self) -> None:
        self.immediate.clear()
        self.deferred.clear()
        self.modes.clear()

    def is_deferred(self, constraint: ConstraintInfo | None) -> bool:
        if constraint is None or not constraint.deferrable:
            return False
        found = self.modes.get(constraint.oid)
        if found is None:
            found = self.modes.get(None)
        return constraint.deferred if found is None else found

    def _queue(self, constraint: ConstraintInfo, *work: Any) -> None:
        (self.deferred if self.is_deferred(constraint) else self.immediate).append((*work, constraint))

    # -- events ----------------------------------------------------------------------------------------------

    def after_insert(self, relation: Relation, versions: list[Version]) -> None:
        for constraint in relation.foreign_keys:
            if not constraint.enforced:
                continue
            for version in versions:
                self._queue(constraint, "child", relation.oid, version)

    def after_update(self, relation: Relation, pairs: list[tuple[Version, Version]]) -> None:
        for constraint in relation.foreign_keys:
            if not constraint.enforced:
                continue
            positions = [k - 1 for k in constraint.keys]
            for old, new in pairs:
                if any(old.data[p] != new.data[p] for p in positions) or old.xmin == self.backend.transaction.xid:
                    self._queue(constraint, "child", relation.oid, new)
        for constraint in relation.referenced_by:
            if not constraint.enforced:
                continue
            positions = [k - 1 for k in constraint.foreign_keys]
            for old, new in pairs:
                if any(old.data[p] != new.data[p] for p in positions):
                    self._parent(constraint, relation, old, new)

    def after_delete(self, relation: Relation, versions: list[Version]) -> None:
        for constraint in relation.referenced_by:
            if not constraint.enforced:
                continue
            for version in versions:
                self._parent(constraint, relation, version, None)

    def _parent(self, constraint: ConstraintInfo, relation: Relation, old: Version, new: Version | None) -> None:
        action = constraint.on_delete if new is None else constraint.on_update
        if action == "a":
            self._queue(constraint, "parent", relation.oid, old, new)
        else:
            self.immediate.append(("action", relation.oid, old, new, constraint))

    # -- running ---------------------------------------------------------------------------------------------

    def end_of_statement(self) -> None:
        while self.immediate:
            work, self.immediate = self.immediate, []
            self._run(work)

    def run_deferred(self) -> None:
        self.end_of_statement()
        while self.deferred:
            work, self.deferred = self.deferred, []
            self._run(work)
            self.end_of_statement()

    def set_constraints(self, constraint: ConstraintInfo | None, deferred: bool) -> None:
        """SET CONSTRAINTS: what becomes immediate is checked now."""
        if constraint is None:
            self.modes = {None: deferred}
        else:
            self.modes[constraint.oid] = deferred
        if deferred:
            return
        now = [w for w in self.deferred if not self.is_deferred(w[-1])]
        self.deferred = [w for w in self.deferred if self.is_deferred(w[-1])]
        self._run(now)
        self.end_of_statement()
        self.backend.run_deferred_unique(immediate_only=True)

    def _run(self, work: list[tuple[Any, ...]]) -> None:
        for item in work:
            kind = item[0]
            if kind == "child":
                self._check_child(item[1], item[2], item[-1])
            elif kind == "parent":
                self._check_parent(item[1], item[2], item[3], item[-1])
            else:
                self._act(item[1], item[2], item[3], item[-1])

    def _runtime(self) -> Any:
        from emulators.postgres.backend import Runtime

        return Runtime(self.backend, None, ())

    # -- the child's side ------------------------------------------------------------------------------------

    def _check_child(self, relid: int, version: Version, constraint: ConstraintInfo) -> None:
        backend = self.backend
        if version.xmax and version.xmax == backend.transaction.xid:
            return  # Changed again since: that change was queued too.
        if (
            version.state
            and version.xmin != backend.transaction.xid
            and version.xmin in backend.cluster.transactions.active
        ):
            return
        relation = backend.catalog.relation(relid)
        values = [version.data[k - 1] for k in constraint.keys]
        if None in values:
            if constraint.match == "f" and any(v is not None for v in values):
                raise PgError(
                    "23503",
                    f'insert or update on table "{relation.name}" violates foreign key constraint "{constraint.name}"',
                    detail="MATCH FULL does not allow mixing of null and nonnull key values.",
                    schema=relation.schema_name,
                    table=relation.name,
                    constraint=constraint.name,
                )
            return
        parent = backend.catalog.relation(constraint.foreign_relid)
        while True:
            found = self._find(parent, constraint.foreign_keys, self._as_parent(relation, parent, constraint, values))
            if found is None:
                raise PgError(
                    "23503",
                    f'insert or update on table "{relation.name}" violates foreign key constraint "{constraint.name}"',
                    detail=f"{row_text.key_text(backend, relation, constraint.keys, values)} "
                    f'is not present in table "{parent.name}".',
                    schema=relation.schema_name,
                    table=relation.name,
                    constraint=constraint.name,
                )
            from emulators.postgres.execute.locking import hold_row, lock_version

            locked = lock_version(backend, parent, found, 1, "block", None)
            if locked is None:
                continue
            if locked is not found and any(locked.data[k - 1] != found.data[k - 1] for k in constraint.foreign_keys):
                continue
            hold_row(backend, locked, 1)
            return

    def _as_parent(self, child: Relation, parent: Relation, constraint: ConstraintInfo, values: list[Any]) -> list[Any]:
        return values

    def _find(self, relation: Relation, keys: tuple[int, ...], values: list[Any]) -> Version | None:
        for version in self._candidates(relation, keys, values):
            if self._live(version):
                return version
        return None

    def _live(self, version: Version) -> bool:
        if not version.state:
            return True
        own = self.backend.transaction.xid
        active = self.backend.cluster.transactions.active
        if version.xmin in active and version.xmin != own:
            return False
        return not version.xmax or (version.xmax != own and version.xmax in active)

    def _candidates(self, relation: Relation, keys: tuple[int, ...], values: list[Any]) -> list[Version]:
        """Versions whose key columns equal the values, by an index that starts with them if there is one."""
        from emulators.postgres.compile.expressions import PLAIN
        from emulators.postgres.types.registry import type_io

        runtime = self._runtime()
        catalog = self.backend.catalog
        canonical = []
        functions = []
        for k, value in zip(keys, values, strict=True):
            base = catalog.base_type(relation.columns[k - 1].type)
            function = None if base in PLAIN else type_io(base, catalog).hash_key
            functions.append(function)
            canonical.append(value if function is None else function(value))
        for index in relation.indexes:
            if index.predicate is not None or index.expressions or not index.valid:
                continue
            lead = index.keys[: len(keys)]
            if len(lead) == len(keys) and set(lead) == set(keys) and len(keys) <= index.width:
                order = [keys.index(k) for k in lead]
                store = runtime.index(relation, index)
                return list(store.lookup(tuple([canonical[i] for i in order])))
        positions = [k - 1 for k in keys]
        heap = runtime.heap(relation.oid, relation.filenode)
        out = []
        for version in heap.all():
            for p, wanted, function in zip(positions, canonical, functions, strict=True):
                value = version.data[p]
                if value is None or (value if function is None else function(value)) != wanted:
                    break
            else:
                out.append(version)
        return out

    # -- the parent's side -----------------------------------------------------------------------------------

    def _key_still_there(self, parent: Relation, constraint: ConstraintInfo, values: list[Any]) -> bool:
        return self._find(parent, constraint.foreign_keys, values) is not None

    def _children(self, child: Relation, constraint: ConstraintInfo, values: list[Any]) -> list[Version]:
        """Child rows that refer to the key; rows of running transactions are waited for."""
        backend = self.backend
        own = backend.transaction.xid
        while True:
            out = []
            for version in self._candidates(child, constraint.keys, values):
                active = backend.cluster.transactions.active
                if version.state and version.xmin in active and version.xmin != own:
                    # PostgreSQL would be stopped by that transaction's KEY SHARE on the parent row.
                    backend.wait_for_transaction(version.xmin, "transactionid", child, version, "while updating tuple")
                    break
                if self._live(version):
                    out.append(version)
            else:
                return out

    def _violation(self, parent: Relation, child: Relation, constraint: ConstraintInfo, values: list[Any]) -> PgError:
        return PgError(
            "23503",
            f'update or delete on table "{parent.name}" violates foreign key constraint "{constraint.name}" '
            f'on table "{child.name}"',
            detail=f"{row_text.key_text(self.backend, parent, constraint.foreign_keys, values)} "
            f'is still referenced from table "{child.name}".',
            schema=child.schema_name,
            table=child.name,
            constraint=constraint.name,
        )

    def _check_parent(self, relid: int, old: Version, new: Version | None, constraint: ConstraintInfo) -> None:
        backend = self.backend
        parent = backend.catalog.relation(relid)
        values = [old.data[k - 1] for k in constraint.foreign_keys]
        if None in values or self._key_still_there(parent, constraint, values):
            return
        child = backend.catalog.relation(constraint.relid)
        if self._children(child, constraint, values):
            raise self._violation(parent, child, constraint, values)

    def _act(self, relid: int, old: Version, new: Version | None, constraint: ConstraintInfo) -> None:
        """RESTRICT, CASCADE, SET NULL, SET DEFAULT."""
        backend = self.backend
        parent = backend.catalog.relation(relid)
        values = [old.data[k - 1] for k in constraint.foreign_keys]
        if None in values:
            return
        child = backend.catalog.relation(constraint.relid)
        action = constraint.on_delete if new is None else constraint.on_update
        children = self._children(child, constraint, values)
        if not children:
            return
        if action == "r":
            raise PgError(
                "23001",
                f'update or delete on table "{parent.name}" violates RESTRICT setting of foreign key constraint '
                f'"{constraint.name}" on table "{child.name}"',
                detail=f"{row_text.key_text(backend, parent, constraint.foreign_keys, values)} "
                f'is referenced from table "{child.name}".',
                schema=child.schema_name,
                table=child.name,
                constraint=constraint.name,
            )
        runtime = self._runtime()
        runtime.snapshot = None
        transaction = backend.transaction
        transaction.cid += 1
        heap = runtime.heap(child.oid, child.filenode)
        pairs: list[tuple[Version, Version]] = []
        gone: list[Version] = []
        for version in children:
            current = backend.lock_version(child, version, 4, "block", None)
            if current is None or (current.xmax and current.xmax == transaction.xid):
                continue
            if action == "c" and new is None:
                transaction.delete(heap, current)
                gone.append(current)
                continue
            cells = list(current.data)
            if action == "c":
                assert new is not None
                for mine, theirs in zip(constraint.keys, constraint.foreign_keys, strict=True):
                    cells[mine - 1] = new.data[theirs - 1]
            else:
                for k in constraint.delete_set_columns or constraint.keys:
                    cells[k - 1] = None if action == "n" else self._default(child, k)
            row = runtime.complete(child, tuple(cells))
            pairs.append((current, runtime._replace(child, heap, current, row)))
        transaction.cid += 1
        if gone:
            self.after_delete(child, gone)
        if pairs:
            self.after_update(child, pairs)
            if action == "d":
                for _, version in pairs:
                    self._queue(constraint, "child", child.oid, version)

    def _default(self, relation: Relation, number: int) -> Any:
        from emulators.postgres.compile.plan import row_function

        column = relation.columns[number - 1]
        tree = getattr(column.default, "tree", None)
        if tree is None:
            return None
        return row_function(self.backend.catalog, tree)(self.backend.context, ())
