"""Advisory locks, and who holds and waits for what: pg_locks, pg_stat_activity, pg_blocking_pids, cancelling."""

from __future__ import annotations

from typing import Any

from emulators.postgres.context import timestamp_of
from emulators.postgres.functions.registry import BUILTINS
from emulators.postgres.locks import MODES, acquire, release, release_all
from emulators.postgres.sysfuncs.catalog import define
from emulators.postgres.types.values import PgArray

_SHARE, _EXCLUSIVE = 5, 7


def _tag(backend: Any, keys: tuple[int, ...]) -> tuple[Any, ...]:
    database = backend.database.oid
    if len(keys) == 1:
        value = keys[0] & 0xFFFFFFFFFFFFFFFF
        return ("advisory", database, value >> 32, value & 0xFFFFFFFF, 1)
    return ("advisory", database, keys[0] & 0xFFFFFFFF, keys[1] & 0xFFFFFFFF, 2)


def _describe(tag: tuple[Any, ...]) -> str:
    return f"advisory lock [{tag[1]},{tag[2]},{tag[3]},{tag[4]}]"


def _lock(mode: int, *, session: bool, wait: bool) -> Any:
    def run(ctx: Any, *keys: int) -> Any:
        tag = _tag(ctx.backend, keys)
        got = acquire(ctx.backend, tag, mode, session=session, wait=wait, describe=_describe(tag))
        return "" if wait else got

    return run


def _unlock(mode: int) -> Any:
    def run(ctx: Any, *keys: int) -> bool:
        if release(ctx.backend, _tag(ctx.backend, keys), mode, session=True):
            return True
        ctx.backend.warning("01000", f"you don't own a lock of type {MODES[mode]}")
        return False

    return run


for _width in ("int8", "int4"):
    for _name, _mode, _session, _wait in (
        ("pg_advisory_lock", _EXCLUSIVE, True, True),
        ("pg_advisory_lock_shared", _SHARE, True, True),
        ("pg_advisory_xact_lock", _EXCLUSIVE, False, True),
        ("pg_advisory_xact_lock_shared", _SHARE, False, True),
        ("pg_try_advisory_lock", _EXCLUSIVE, True, False),
        ("pg_try_advisory_lock_shared", _SHARE, True, False),
        ("pg_try_advisory_xact_lock", _EXCLUSIVE, False, False),
        ("pg_try_advisory_xact_lock_shared", _SHARE, False, False),
    ):
        define(f"{_name}_{_width}")(_lock(_mode, session=_session, wait=_wait))
    define(f"pg_advisory_unlock_{_width}")(_unlock(_EXCLUSIVE))
    define(f"pg_advisory_unlock_shared_{_width}")(_unlock(_SHARE))


@define("pg_advisory_unlock_all")
def pg_advisory_unlock_all(ctx: Any) -> str:
    backend = ctx.backend
    for tag, lock in list(backend.held_locks.items()):
        if tag[0] == "advisory":
            for mode, session in list(lock.holders.get(backend, {})):
                while session and release(backend, tag, mode, session=True):
                    pass
    _ = release_all
    return ""


@define("pg_lock_status")
def pg_lock_status(ctx: Any) -> list[tuple[Any, ...]]:
    cluster = ctx.backend.cluster
    out: list[tuple[Any, ...]] = []

    def row(tag: tuple[Any, ...], pid: int, mode: str, granted: bool) -> None:
        cells: list[Any] = [tag[0], None, None, None, None, None, None, None, None, None]
        if tag[0] == "relation":
            cells[1], cells[2] = tag[1], tag[2]
        elif tag[0] == "advisory":
            cells[1], cells[7], cells[8], cells[9] = tag[1], tag[2], tag[3], tag[4]
        elif tag[0] == "transactionid":
            cells[6] = tag[1]
        elif tag[0] == "virtualxid":
            cells[5] = tag[1]
        out.append((*cells, f"{pid}/1", pid, mode, granted, False, None))

    for lock in cluster.locks.values():
        for holder, modes in lock.holders.items():
            for mode in sorted({m for m, _ in modes}):
                row(lock.tag, holder.pid, MODES[mode], True)
        for waiter, mode, _ in lock.queue:
            row(lock.tag, waiter.pid, MODES[mode], False)
    for backend in cluster.backends.values():
        if backend.catalog.transaction is not None:
            row(("virtualxid", f"{backend.pid}/1"), backend.pid, "ExclusiveLock", True)
        if backend.transaction.xid in cluster.transactions.active:
            row(("transactionid", backend.transaction.xid), backend.pid, "ExclusiveLock", True)
        wait = backend.waiting
        if wait is not None and wait.lock_tag is not None and wait.lock_tag[0] == "transactionid":
            row(wait.lock_tag, backend.pid, wait.lock_mode, False)
    return out


@define("pg_stat_get_activity")
def pg_stat_get_activity(ctx: Any, pid: int | None) -> list[tuple[Any, ...]]:
    out = []
    for backend in ctx.backend.cluster.backends.values():
        if pid is not None and backend.pid != pid:
            continue
        if (
            backend is ctx.backend
            or (backend.session is not None and backend.session.busy)
            or backend.waiting is not None
        ):
            state = "active"
        else:
            state = {"block": "idle in transaction", "failed": "idle in transaction (aborted)"}.get(
                backend.state, "idle"
            )
        wait = backend.waiting
        kind = event = None
        if wait is not None:
            kind = "Timeout" if wait.event == "PgSleep" else "Lock"
            event = wait.event
        elif state != "active":
            kind, event = "Client", "ClientRead"
        xid = backend.transaction.xid if backend.transaction.xid in backend.cluster.transactions.active else None
        out.append(
            (
                backend.database.oid, backend.pid, backend.session_user, backend.application_name, state, backend.query_text,
                kind, event,
                timestamp_of(backend.xact_start) if backend.xact_start is not None else None,
                timestamp_of(backend.query_start), timestamp_of(backend.backend_start), timestamp_of(backend.state_change),
                None, None, -1, xid, None, "client backend", False, None, None, None, None, None, None, False, None, None,
                False, None, None,
            )
        )  # fmt: skip
    return out


for _set in ("pg_lock_status", "pg_stat_get_activity"):
    BUILTINS[_set].srf = True


def _blockers(ctx: Any, pid: int) -> list[int]:
    backend = ctx.backend.cluster.backends.get(pid)
    if backend is None or backend.waiting is None or backend.waiting.ready:
        return []
    return [b.pid for b in backend.waiting.blockers() if b is not None]


@define("pg_blocking_pids")
def pg_blocking_pids(ctx: Any, pid: int) -> PgArray:
    return PgArray(_blockers(ctx, pid))


@define("pg_safe_snapshot_blocking_pids")
def pg_safe_snapshot_blocking_pids(ctx: Any, pid: int) -> PgArray:
    return PgArray([])


@define("pg_isolation_test_session_is_blocked")
def pg_isolation_test_session_is_blocked(ctx: Any, pid: int, interesting: PgArray) -> bool:
    return bool(set(_blockers(ctx, pid)) & set(interesting.elements))


@define("pg_cancel_backend")
def pg_cancel_backend(ctx: Any, pid: int) -> bool:
    if _interrupt(ctx, pid, "user request"):
        return True
    ctx.backend.warning("01000", f"PID {pid} is not a PostgreSQL backend process")
    return False


@define("pg_terminate_backend")
def pg_terminate_backend(ctx: Any, pid: int, timeout: int = 0) -> bool:
    if _interrupt(ctx, pid, "terminate"):
        return True
    ctx.backend.warning("01000", f"PID {pid} is not a PostgreSQL backend process")
    return False


def _interrupt(ctx: Any, pid: int, reason: str) -> bool:
    backend = ctx.backend
    if pid == backend.pid:
        backend.cancel_requested = reason
        backend.check_interrupts()
    emulator = backend.cluster.emulator
    return bool(emulator is not None and emulator.interrupt(pid, reason))
