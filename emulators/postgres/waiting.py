"""Parking: a session that must wait switches out of its greenlet and is resumed by whoever it waits for.

The order is a rule: waiters of a transaction are resumed in the order in which they began to wait. Deadlocks are looked
for `deadlock_timeout` after a wait began, on the clock; the one whose timer fires is the victim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import greenlet

from emulators.postgres.errors import PgError

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend


class Wait:
    """One session's present wait: what it waits for, and how to describe it."""

    __slots__ = (
        "backend",
        "blockers",
        "describe",
        "error",
        "event",
        "lock",
        "lock_mode",
        "lock_tag",
        "ready",
        "start",
        "timers",
    )

    def __init__(self, backend: Backend, blockers: Callable[[], list[Backend]], describe: str, event: str) -> None:
        self.backend = backend
        self.blockers = blockers
        self.describe = describe
        self.event = event
        self.ready = False
        self.error: PgError | None = None
        self.timers: list[Any] = []
        self.start = backend.clock.now_us()
        self.lock: Any = None
        self.lock_tag: Any = None
        self.lock_mode = ""


def park(backend: Backend, wait: Wait, *, deadlock: bool = True) -> None:
    """Give up control until `wake`; raises what cancelled the wait."""
    me = greenlet.getcurrent()
    if me.parent is None:
        raise PgError("XX000", "this statement has to wait, but nothing else can run in this session")
    backend.waiting = wait
    clock = backend.clock
    if deadlock:
        timeout = _milliseconds(backend, "deadlock_timeout") or 1000
        wait.timers.append(clock.call_later(timeout * 1000, lambda: check_deadlock(backend)))
        lock_timeout = _milliseconds(backend, "lock_timeout")
        if lock_timeout:
            wait.timers.append(
                clock.call_later(
                    lock_timeout * 1000,
                    lambda: cancel(backend, PgError("55P03", "canceling statement due to lock timeout")),
                )
            )
    try:
        if not backend.cancel_requested:
            while not wait.ready:
                me.parent.switch()
    finally:
        backend.waiting = None
        for timer in wait.timers:
            timer.cancel()
    if wait.error is not None:
        raise wait.error
    backend.check_interrupts()


def _milliseconds(backend: Backend, name: str) -> int:
    try:
        return int(backend.settings.get(name) or 0)
    except ValueError:
        return 0


def wake(backend: Backend) -> None:
    """What the session waited for has happened; it goes on at once."""
    wait = backend.waiting
    if wait is None or wait.ready:
        return
    wait.ready = True
    backend.cluster.schedule(backend)


def cancel(backend: Backend, error: PgError) -> None:
    """End a wait with an error."""
    wait = backend.waiting
    if wait is not None and not wait.ready:
        wait.error = error
        wake(backend)


def wait_for_xid(backend: Backend, xid: int) -> None:
    """Wait until a transaction is over, or undid a part of its work; the caller looks again."""
    manager = backend.cluster.transactions
    transaction = manager.active.get(xid)
    if transaction is None:
        return
    other = backend_of(backend, transaction)
    waiters = transaction.waiters
    wait = Wait(
        backend,
        lambda: [other] if xid in manager.active and other is not None else [],
        f"ShareLock on transaction {xid}",
        "transactionid",
    )
    wait.lock_tag = ("transactionid", xid)
    wait.lock_mode = "ShareLock"
    waiters.append(backend)
    try:
        park(backend, wait)
    finally:
        if backend in waiters:
            waiters.remove(backend)


def backend_of(backend: Backend, transaction: Any) -> Any:
    for other in backend.cluster.backends.values():
        if other.transaction is transaction:
            return other
    return None


def transaction_ended(backend: Backend) -> None:
    """Wake everybody who waited for the transaction that just ended, in order."""
    transaction = backend.transaction
    waiters, transaction.waiters = transaction.waiters, []
    for waiter in waiters:
        wake(waiter)
    from emulators.postgres.locks import release_all

    release_all(backend)


def check_deadlock(backend: Backend) -> None:
    """Follow who waits for whom; a way back to this session is a deadlock, and it is the victim."""
    path: list[Any] = []

    def visit(node: Any, seen: set[int]) -> bool:
        wait = node.waiting
        if wait is None or wait.ready:
            return False
        for blocker in wait.blockers():
            if blocker is None:
                continue
            path.append((node, wait, blocker))
            if blocker is backend:
                return True
            if id(blocker) not in seen:
                seen.add(id(blocker))
                if visit(blocker, seen):
                    return True
            path.pop()
        return False

    if backend.waiting is None or not visit(backend, {id(backend)}):
        return
    from emulators.postgres.locks import let_ahead

    # The edge farthest from this session is tried first, as PostgreSQL does.
    for node, wait, blocker in reversed(path):
        if wait.lock is not None and let_ahead(wait.lock, node, blocker):
            return
    cancel(backend, deadlock_error([(n, w.describe, b) for n, w, b in path]))


def deadlock_error(edges: list[tuple[Any, str, Any]]) -> PgError:
    """One line for each who waits for whom."""
    lines = [f"Process {n.pid} waits for {what}; blocked by process {b.pid}." for n, what, b in edges]
    return PgError("40P01", "deadlock detected", detail="\n".join(lines), hint="See server log for query details.")


def sleep(backend: Backend, seconds: float) -> None:
    """pg_sleep on the clock."""
    if seconds <= 0:
        return
    wait = Wait(backend, list, "Timeout", "PgSleep")
    wait.timers.append(backend.clock.call_later(round(seconds * 1_000_000), lambda: wake(backend)))
    park(backend, wait, deadlock=False)
