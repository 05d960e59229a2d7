"""BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION, SET CONSTRAINTS, LOCK."""

from __future__ import annotations

from typing import Any

from emulators.postgres.commands import command
from emulators.postgres.errors import PgError


def _options(backend: Any, options: Any) -> None:
    for option in options or ():
        name = option.defname
        value = option.arg
        _ = value.location
        if name == "transaction_isolation":
            backend.settings.set("transaction_isolation", value.sval.sval, local=True)
        elif name == "transaction_read_only":
            backend.settings.set("transaction_read_only", "on" if _truth(value) else "off", local=True)
        elif name == "transaction_deferrable":
            backend.settings.set("transaction_deferrable", "on" if _truth(value) else "off", local=True)


def _truth(value: Any) -> bool:
    if value.ival is not None:
        return bool(value.ival.ival)
    if value.boolval is not None:
        return bool(value.boolval.boolval)
    return bool(value.sval and value.sval.sval in ("on", "true"))


def _require_block(backend: Any, what: str) -> None:
    if backend.state != "block":
        raise PgError("25P01", f"{what} can only be used in transaction blocks")


@command("TransactionStmt")
def transaction(backend: Any, node: Any, text: str) -> str:
    kind = node.field("kind")
    if kind in ("TRANS_STMT_BEGIN", "TRANS_STMT_START"):
        if backend.state == "block":
            backend.warning("25001", "there is already a transaction in progress")
        else:
            backend.state = "block"
        _options(backend, node.options)
        return "BEGIN" if kind == "TRANS_STMT_BEGIN" else "START TRANSACTION"
    if kind == "TRANS_STMT_COMMIT":
        return _commit(backend, node)
    if kind == "TRANS_STMT_ROLLBACK":
        return _rollback(backend, node)
    if kind == "TRANS_STMT_SAVEPOINT":
        _require_block(backend, "SAVEPOINT")
        savepoint(backend, node.savepoint_name)
        return "SAVEPOINT"
    if kind == "TRANS_STMT_RELEASE":
        _require_block(backend, "RELEASE SAVEPOINT")
        index = _find(backend, node.savepoint_name)
        del backend.transaction.savepoints[index:]
        return "RELEASE"
    if kind == "TRANS_STMT_ROLLBACK_TO":
        if backend.state not in ("block", "failed"):
            raise PgError("25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks")
        rollback_to(backend, node.savepoint_name)
        return "ROLLBACK"
    if kind in ("TRANS_STMT_PREPARE", "TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"):
        return _prepared(backend, node, kind)
    raise PgError("0A000", f"{kind} is not supported by this emulator")


def _prepared(backend: Any, node: Any, kind: str) -> str:
    if kind == "TRANS_STMT_PREPARE":
        if backend.state == "failed":
            backend.rollback()
            return "ROLLBACK"
        if backend.state != "block":
            backend.warning("25P01", "there is no transaction in progress")
            return "ROLLBACK"
        raise PgError(
            "55000",
            "prepared transactions are disabled",
            hint='Set "max_prepared_transactions" to a nonzero value.',
        )
    raise PgError("42704", f'prepared transaction with identifier "{node.gid}" does not exist')


def _chained(backend: Any) -> tuple[str, bool, bool]:
    return backend.isolation, backend.read_only, backend.deferrable


def _begin_chain(backend: Any, kept: tuple[str, bool, bool]) -> None:
    backend.start_transaction()
    backend.state = "block"
    backend.isolation, backend.read_only, backend.deferrable = kept


def _commit(backend: Any, node: Any) -> str:
    chain = bool(node.chain)
    if backend.state not in ("block", "failed"):
        if chain:
            raise PgError("25P01", "COMMIT AND CHAIN can only be used in transaction blocks")
        backend.warning("25P01", "there is no transaction in progress")
        backend.commit()
        return "COMMIT"
    kept = _chained(backend)
    failed = backend.state == "failed"
    if failed:
        backend.rollback()
    else:
        backend.commit()
    if chain:
        _begin_chain(backend, kept)
    return "ROLLBACK" if failed else "COMMIT"


def _rollback(backend: Any, node: Any) -> str:
    chain = bool(node.chain)
    if backend.state not in ("block", "failed"):
        if chain:
            raise PgError("25P01", "ROLLBACK AND CHAIN can only be used in transaction blocks")
        backend.warning("25P01", "there is no transaction in progress")
        backend.rollback()
        return "ROLLBACK"
    kept = _chained(backend)
    backend.rollback()
    if chain:
        _begin_chain(backend, kept)
    return "ROLLBACK"


def savepoint(backend: Any, name: str) -> None:
    transaction = backend.transaction
    saved = {
        "settings": backend.settings.mark(),
        "deferred": len(backend.foreign_keys.deferred),
        "notifies": len(backend.pending_notifies),
        "portals": set(backend.portals),
        "catalog": transaction.catalog_changed,
        "role": backend.current_user,
        "read_only": backend.read_only,
        "modes": dict(backend.foreign_keys.modes),
        "held": {tag: dict(lock.holders.get(backend, {})) for tag, lock in backend.held_locks.items()},
    }
    transaction.savepoints.append((name, len(transaction.journal), saved))


def _find(backend: Any, name: str) -> int:
    savepoints = backend.transaction.savepoints
    for index in range(len(savepoints) - 1, -1, -1):
        if savepoints[index][0] == name:
            return index
    raise PgError("3B001", f'savepoint "{name}" does not exist')


def rollback_to(backend: Any, name: str) -> None:
    """Undo to a savepoint, which stays."""
    transaction = backend.transaction
    index = _find(backend, name)
    _, length, saved = transaction.savepoints[index]
    undo_to(backend, length, saved)
    del transaction.savepoints[index + 1 :]
    backend.state = "block"


def undo_to(backend: Any, length: int, saved: dict[str, Any]) -> None:
    transaction = backend.transaction
    transaction.rollback_to(length)
    backend.settings.rollback_to(saved["settings"])
    keys = backend.foreign_keys
    del keys.deferred[saved["deferred"] :]
    keys.immediate.clear()
    keys.modes = dict(saved["modes"])
    backend.deferred_unique.clear()
    del backend.pending_notifies[saved["notifies"] :]
    for portal in list(backend.portals):
        if portal not in saved["portals"] and portal:
            del backend.portals[portal]
    backend.current_user = saved["role"]
    backend.read_only = saved["read_only"]
    transaction.cid += 1
    backend.catalog.forget_private()
    backend.update_search_path()
    from emulators.postgres.locks import restore_holds

    restore_holds(backend, saved["held"])
    # Whoever waits for this transaction may wait for something that was just undone.
    from emulators.postgres.waiting import wake

    for waiter in list(transaction.waiters):
        wake(waiter)


@command("ConstraintsSetStmt")
def set_constraints(backend: Any, node: Any, text: str) -> str:
    deferred = bool(node.deferred)
    if not node.constraints:
        backend.foreign_keys.set_constraints(None, deferred)
        return "SET CONSTRAINTS"
    if not backend.in_block:
        backend.warning("25P01", "SET CONSTRAINTS can only be used in transaction blocks")
    for item in node.constraints:
        name = item.relname
        found = backend.catalog.find("pg_constraint", conname=name)
        if item.schemaname:
            schema = backend.catalog.schema_oid(item.schemaname)
            found = [c for c in found if c.connamespace == schema]
        if not found:
            raise PgError("42704", f'constraint "{name}" does not exist')
        for row in found:
            if not row.condeferrable:
                raise PgError("42809", f'constraint "{name}" is not deferrable')
            backend.foreign_keys.set_constraints(backend.catalog._constraint(row), deferred)
    return "SET CONSTRAINTS"


@command("LockStmt")
def lock_table(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
    from emulators.postgres.locks import lock_relation
    from emulators.postgres.privileges import check_relation

    _require_block(backend, "LOCK TABLE")
    mode = node.mode
    for item in node.relations:
        oid = find_relation_oid(backend.catalog, range_var_names(item), None)
        relation = backend.catalog.relation(oid)
        if relation.kind not in "rpv":
            raise PgError("42809", f'cannot lock relation "{relation.name}"')
        check_relation(backend, relation, "r" if mode == 1 else "w")
        if not lock_relation(backend, oid, mode, wait=not node.nowait):
            raise PgError("55P03", f'could not obtain lock on relation "{relation.name}"')
    _ = node.nowait
    return "LOCK TABLE"
