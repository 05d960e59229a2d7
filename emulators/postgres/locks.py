"""Heavyweight locks: tables in eight modes and advisory keys, with FIFO queues in which a waiter holds back others.

A lock is a tag such as ("relation", database, oid) or ("advisory", database, key1, key2, kind). Modes conflict by
PostgreSQL's table. Locks belong to the transaction unless taken for the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.errors import PgError
from emulators.postgres.waiting import Wait, deadlock_error, park, wake

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend

MODES = (
    "", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip

CONFLICTS: dict[int, frozenset[int]] = {
    1: frozenset({8}),
    2: frozenset({7, 8}),
    3: frozenset({5, 6, 7, 8}),
    4: frozenset({4, 5, 6, 7, 8}),
    5: frozenset({3, 4, 6, 7, 8}),
    6: frozenset({3, 4, 5, 6, 7, 8}),
    7: frozenset({2, 3, 4, 5, 6, 7, 8}),
    8: frozenset({1, 2, 3, 4, 5, 6, 7, 8}),
}

Tag = tuple[Any, ...]


class Lock:
    """One lockable object: who holds which modes how often, and who waits."""

    __slots__ = ("holders", "queue", "tag")

    def __init__(self, tag: Tag) -> None:
        self.tag = tag
        self.holders: dict[Any, dict[tuple[int, bool], int]] = {}
        #: Who waits for which mode; True when the lock is to outlive the transaction.
        self.queue: list[tuple[Any, int, bool]] = []

    def conflicting(self, backend: Backend, mode: int) -> list[Backend]:
        against = CONFLICTS[mode]
        return [b for b, modes in self.holders.items() if b is not backend and any(m in against for m, _ in modes)]


def _locks(backend: Backend) -> dict[Tag, Lock]:
    return backend.cluster.locks


def acquire(
    backend: Backend, tag: Tag, mode: int, *, session: bool = False, wait: bool = True, describe: str = ""
) -> bool:
    """Take a lock; False when it is not to be had and `wait` is off."""
    locks = _locks(backend)
    lock = locks.get(tag)
    if lock is None:
        lock = locks[tag] = Lock(tag)
    mine = lock.holders.get(backend)
    if mine is not None and any(m == mode for m, _ in mine):
        _grant(backend, lock, mode, session)
        return True
    free = not lock.conflicting(backend, mode)
    if free and not any(m in CONFLICTS[mode] for _, m, _ in lock.queue):
        _grant(backend, lock, mode, session)
        return True
    place, doomed = _place(lock, mine, mode)
    if free and not any(m in CONFLICTS[mode] for _, m, _ in lock.queue[:place]):
        _grant(backend, lock, mode, session)
        return True
    if not wait:
        if not lock.holders and not lock.queue:
            del locks[tag]
        return False
    entry = (backend, mode, session)
    if doomed is not None:
        raise deadlock_error(
            [(backend, f"{MODES[mode]} on {describe}", doomed), (doomed, doomed.waiting.describe, backend)]
        )
    lock.queue.insert(place, entry)

    def blockers() -> list[Backend]:
        position = lock.queue.index(entry) if entry in lock.queue else 0
        return lock.conflicting(backend, mode) + [b for b, m, _ in lock.queue[:position] if m in CONFLICTS[mode]]

    waiting = Wait(backend, blockers, f"{MODES[mode]} on {describe}", tag[0])
    waiting.lock = lock
    waiting.lock_tag = tag
    waiting.lock_mode = MODES[mode]
    try:
        while True:
            park(backend, waiting)
            if backend in lock.holders and (mode, session) in lock.holders[backend]:
                return True
            waiting.ready = False
    except PgError:
        if entry in lock.queue:
            lock.queue.remove(entry)
        _wake_queue(backend, lock)
        raise


def _place(lock: Lock, mine: Any, mode: int) -> tuple[int, Backend | None]:
    """Where in the queue a request goes: before the first waiter that this session's own holds keep waiting.

    When that waiter's holds keep this request waiting too, the two can never both go on: it is returned as well.
    """
    if mine:
        for place, (waiter, wanted, _) in enumerate(lock.queue):
            if any(m in CONFLICTS[wanted] for m, _ in mine):
                theirs = lock.holders.get(waiter, {})
                return place, waiter if any(m in CONFLICTS[mode] for m, _ in theirs) else None
    return len(lock.queue), None


def let_ahead(lock: Lock, backend: Backend, other: Backend) -> bool:
    """Resolve a deadlock by order: `backend` waits for `other` only because that stands before it in the queue."""
    mode = next((m for b, m, _ in lock.queue if b is backend), 0)
    if not mode or other in lock.conflicting(backend, mode):
        return False
    entry = next(e for e in lock.queue if e[0] is backend)
    lock.queue.remove(entry)
    lock.queue.insert(next((i for i, e in enumerate(lock.queue) if e[0] is other), 0), entry)
    _wake_queue(backend, lock)
    return True


def _grant(backend: Backend, lock: Lock, mode: int, session: bool) -> None:
    modes = lock.holders.setdefault(backend, {})
    key = (mode, session)
    modes[key] = modes.get(key, 0) + 1
    backend.held_locks[lock.tag] = lock


def _wake_queue(backend: Backend, lock: Lock) -> None:
    """Grant from the front of the queue; the first that cannot be granted holds back those that conflict with it."""
    blocked: list[int] = []
    for entry in list(lock.queue):
        waiter, mode, session = entry
        if lock.conflicting(waiter, mode) or any(mode in CONFLICTS[b] for b in blocked):
            blocked.append(mode)
            continue
        lock.queue.remove(entry)
        _grant(waiter, lock, mode, session)
        wake(waiter)
    if not lock.holders and not lock.queue:
        backend.cluster.locks.pop(lock.tag, None)


def release(backend: Backend, tag: Tag, mode: int, *, session: bool = True) -> bool:
    """Give one hold of a lock back; False when it is not held."""
    lock = _locks(backend).get(tag)
    if lock is None or backend not in lock.holders or (mode, session) not in lock.holders[backend]:
        return False
    modes = lock.holders[backend]
    modes[mode, session] -= 1
    if not modes[mode, session]:
        del modes[mode, session]
    if not modes:
        del lock.holders[backend]
        backend.held_locks.pop(tag, None)
    _wake_queue(backend, lock)
    return True


def release_all(backend: Backend, *, session: bool = False) -> None:
    """End of transaction (or, with `session`, of everything)."""
    for tag, lock in list(backend.held_locks.items()):
        modes = lock.holders.get(backend)
        if modes is None:
            backend.held_locks.pop(tag, None)
            continue
        for key in list(modes):
            if session or not key[1]:
                del modes[key]
        if not modes:
            del lock.holders[backend]
            backend.held_locks.pop(tag, None)
        _wake_queue(backend, lock)


def lock_relation(backend: Backend, relid: int, mode: int, *, wait: bool = True) -> bool:
    """A table lock for the transaction."""
    tag = ("relation", backend.database.oid, relid)
    describe = f"relation {relid} of database {backend.database.oid}"
    return acquire(backend, tag, mode, wait=wait, describe=describe)


def restore_holds(backend: Backend, saved: dict[Any, dict[tuple[int, bool], int]]) -> None:
    """ROLLBACK TO: transaction locks taken since the savepoint are given back."""
    for tag, lock in list(backend.held_locks.items()):
        modes = lock.holders.get(backend)
        if modes is None:
            continue
        before = saved.get(tag, {})
        for key in list(modes):
            if not key[1]:
                if key in before:
                    modes[key] = before[key]
                else:
                    del modes[key]
        if not modes:
            del lock.holders[backend]
            backend.held_locks.pop(tag, None)
        _wake_queue(backend, lock)
