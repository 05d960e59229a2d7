"""Heavyweight locks: tables in eight modes and advisory keys, with FIFO queues in which a waiter holds back others.

A lock is a tag such as ("relation", database, oid) or ("advisory", database, key1, key2, kind). Modes conflict by
PostgreSQL's table. Locks belong to the transaction unless taken for the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.errors import PgError
from emulators.postgres.waiting import Wait, park, wake

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
    ahead = [b for b, m, _ in lock.queue if b is not backend and m in CONFLICTS[mode]] if mine is None else []
    if not lock.conflicting(backend, mode) and not ahead:
        _grant(backend, lock, mode, session)
        return True
    if not wait:
        if not lock.holders and not lock.queue:
            del locks[tag]
        return False
    entry = (backend, mode, session)
    lock.queue.append(entry)

    def blockers() -> list[Backend]:
        position = lock.queue.index(entry) if entry in lock.queue else 0
        return lock.conflicting(backend, mode) + [b for b, m, _ in lock.queue[:position] if m in CONFLICTS[mode]]

    waiting = Wait(backend, blockers, f"{MODES[mode]} on {describe}", tag[0])
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
