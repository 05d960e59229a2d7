"""Row locks: FOR UPDATE and its like, and waiting for whoever changed or locked a row first.

Strengths 1 KEY SHARE, 2 SHARE, 3 NO KEY UPDATE, 4 UPDATE conflict by PostgreSQL's table. A version's `lock` names the
transactions that hold it; it empties itself as they end. UPDATE and DELETE lock as 3 or 4 through `xmax`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.catalog.relations import Relation
from emulators.postgres.errors import PgError
from emulators.postgres.storage.heap import KEYS_KEPT, Version

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend

CONFLICTS = {1: (4,), 2: (3, 4), 3: (2, 3, 4), 4: (1, 2, 3, 4)}
_VERBS = {1: "locking", 2: "locking", 3: "updating", 4: "locking"}


class RowLock:
    """Who holds a row version, in which strength."""

    __slots__ = ("holders",)

    def __init__(self) -> None:
        self.holders: dict[Any, int] = {}

    def shown_xid(self) -> int:
        return max((t.xid for t in self.holders), default=0)


def _location(version: Version) -> str:
    return f"({(version.tid - 1) // 226},{(version.tid - 1) % 226 + 1})"


def _conflict(backend: Backend, version: Version, mode: int) -> int:
    """The xid of a transaction that must end before `version` can be locked in `mode`; 0 when it can be now."""
    own = backend.transaction
    manager = backend.cluster.transactions
    xmax = version.xmax
    if xmax and xmax != own.xid and xmax in manager.active:
        # The updater holds NO KEY UPDATE or UPDATE; a KEY SHARE passes by an update that keeps the keys.
        held = 3 if version.state & KEYS_KEPT else 4
        if held in CONFLICTS[mode]:
            return xmax
    lock = version.lock
    if lock is not None:
        for holder, held in list(lock.holders.items()):
            if holder.xid not in manager.active or manager.active[holder.xid] is not holder:
                del lock.holders[holder]
            elif holder is not own and held in CONFLICTS[mode]:
                return int(holder.xid)
        if not lock.holders:
            version.lock = None
    return 0


def _passed_by(backend: Backend, version: Version) -> int | None:
    """KEY SHARE on a version whose successors keep the keys: None when it can be had, else whom to wait for (0: gone)."""
    manager = backend.cluster.transactions
    newer: Version | None = version
    while newer is not None:
        xid = _conflict(backend, newer, 1)
        if xid:
            return xid
        if newer.xmax and newer.xmax not in manager.active and not newer.state & KEYS_KEPT:
            return 0
        newer = newer.next
    return None


def lock_version(
    backend: Backend,
    relation: Relation,
    version: Version,
    mode: int,
    wait: str,
    snapshot: Any,
    *,
    conflict: bool = False,
) -> Version | None:
    """The newest version of a row, free to be changed or locked by this transaction; None when it is gone or skipped."""
    manager = backend.cluster.transactions
    own = backend.transaction
    first = version
    wait_at = 0
    while True:
        xid = wait_at or _conflict(backend, version, mode)
        wait_at = 0
        if xid:
            if wait == "skip":
                return None
            if wait == "error":
                raise PgError("55P03", f'could not obtain lock on row in relation "{relation.name}"')
            from emulators.postgres.waiting import wait_for_xid

            verb = "updating" if mode >= 3 and snapshot is not None and wait == "block" and not conflict else "locking"
            try:
                wait_for_xid(backend, xid)
            except PgError as error:
                error.add_where(f'while {verb} tuple {_location(version)} in relation "{relation.name}"')
                raise
            continue
        xmax = version.xmax
        if not xmax or xmax in manager.active:
            if xmax == own.xid and xmax:
                # Changed by this very transaction: by an earlier command it would not have been seen.
                return None if version.next is None else version
            if not xmax or mode != 1:
                return version
        if mode == 1 and version.state & KEYS_KEPT:
            passed = _passed_by(backend, version)
            if passed is None:
                return version
            if passed:
                wait_at = passed
                continue
        # Somebody committed a change since our snapshot.
        if backend.transaction_snapshot_only():
            what = "concurrent update" if version.next is not None else "concurrent delete"
            raise PgError("40001", f"could not serialize access due to {what}")
        if version.next is None:
            return None
        version = version.next
        if version is first:
            return None


class Locking:
    """Mixed into the executor: FOR UPDATE/SHARE on output rows."""

    backend: Backend
    snapshot: Any

    def lock_rows(
        self, rows: list[Any], marks: Any, recheck: Any, limit: int | None, offset: int | None, visible: int
    ) -> list[Any]:
        """Lock rows in output order until LIMIT rows are had; rows that changed are looked at again."""
        backend = self.backend
        backend.transaction.begin_write()
        out: list[Any] = []
        skip = offset or 0
        for row, cells in rows:
            if limit is not None and len(out) >= limit:
                break
            changed = False
            current = list(cells)
            for position, relation, strength, wait in marks:
                version = current[position]
                if version is None:
                    continue
                locked = lock_version(backend, relation, version, strength, wait, None)
                if locked is None:
                    break
                if locked is not version:
                    current[position] = locked
                    changed = True
                hold_row(backend, locked, strength)
            else:
                if changed:
                    row = recheck(*current)
                    if row is None:
                        continue
                if skip:
                    skip -= 1
                    continue
                out.append(row[:visible])
        return out


def hold_row(backend: Backend, version: Version, strength: int) -> None:
    """Hold a row in a strength until the transaction ends (or is rolled back to a savepoint before)."""
    transaction = backend.transaction
    transaction.begin_write()
    lock = version.lock
    if lock is None:
        lock = version.lock = RowLock()
    locks = [lock]
    newer = version.next
    while newer is not None:
        # An update that the lock passes by: its version of the row is held as well.
        if newer.lock is None:
            newer.lock = lock
        elif newer.lock not in locks:
            locks.append(newer.lock)
        newer = newer.next
    changed = [(one, one.holders.get(transaction, 0)) for one in locks]
    changed = [(one, before) for one, before in changed if strength > before]
    if not changed:
        return
    for one, _ in changed:
        one.holders[transaction] = strength

    def undo() -> None:
        for one, before in changed:
            if before:
                one.holders[transaction] = before
            else:
                one.holders.pop(transaction, None)

    transaction.undo_with(undo)
