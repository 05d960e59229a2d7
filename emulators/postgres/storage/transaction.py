"""Transactions, snapshots of visibility, and the journal that ROLLBACK, savepoints and parlel's restore stand on.

A transaction gets its xid when it first writes. Everything it does to storage goes through it and into its journal, a
list of undo steps; a savepoint is a length of that list. On commit its versions become visible by the xid leaving the
active set; they are *settled* (state 0, dead ones removed) as soon as no snapshot is left that could tell the
difference. While parlel holds snapshots, `History` also keeps what each commit changed, so that going to another
snapshot costs what changed between them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulators.postgres.storage.heap import Data, Heap, Version

if TYPE_CHECKING:
    from emulators.postgres.storage.history import History

# Journal entries: ("i", heap, version) inserted, ("d", heap, version) marked, ("c", undo callable, None).
Entry = tuple[str, Any, Any]

FIRST_XID = 750


class Snapshot:
    """What one statement (or transaction) may see."""

    __slots__ = ("cid", "running", "transaction", "xmax", "xmin")

    def __init__(self, transaction: Transaction, xmin: int, xmax: int, running: frozenset[int], cid: int) -> None:
        self.transaction = transaction
        self.xmin = xmin
        self.xmax = xmax
        self.running = running
        self.cid = cid

    def visible(self, version: Version) -> bool:
        """PostgreSQL's HeapTupleSatisfiesMVCC, given that aborted versions never stay."""
        own = self.transaction.xid
        xmin = version.xmin
        if xmin == own:
            if version.cmin >= self.cid:
                return False
        elif xmin >= self.xmax or xmin in self.running:
            return False
        xmax = version.xmax
        if not xmax:
            return True
        if xmax == own:
            return version.cmax >= self.cid
        return xmax >= self.xmax or xmax in self.running

    def sees(self, xid: int) -> bool:
        """True when a transaction other than the own one had committed for this snapshot."""
        return xid < self.xmax and xid not in self.running

    def at(self, cid: int) -> Snapshot:
        """The same moment, seeing the own transaction's work before command `cid`."""
        return Snapshot(self.transaction, self.xmin, self.xmax, self.running, cid)


class Dirty:
    """Sees the latest state: committed by anybody, or made by the own transaction. For catalogs and constraint checks."""

    __slots__ = ("manager", "transaction")

    def __init__(self, manager: TransactionManager, transaction: Transaction | None) -> None:
        self.manager = manager
        self.transaction = transaction

    def visible(self, version: Version) -> bool:
        own = self.transaction.xid if self.transaction is not None else 0
        active = self.manager.active
        if version.xmin in active and version.xmin != own:
            return False
        xmax = version.xmax
        return not xmax or (xmax != own and xmax in active)


class TransactionManager:
    """The cluster's transactions: xids, who is running, and when versions can be settled."""

    def __init__(self) -> None:
        self.next_xid = FIRST_XID
        self.active: dict[int, Transaction] = {}
        #: Live snapshots with how often each is held.
        self.snapshots: dict[Snapshot, int] = {}
        self._unsettled: deque[tuple[int, list[Entry]]] = deque()
        self.history: History | None = None
        #: Recently committed and aborted xids, for txid_status.
        self.aborted: set[int] = set()
        self.running: frozenset[int] = frozenset()

    def assign(self, transaction: Transaction) -> int:
        xid = self.next_xid
        self.next_xid = xid + 1
        self.active[xid] = transaction
        self.running = frozenset(self.active)
        transaction.xid = xid
        return xid

    def snapshot(self, transaction: Transaction, cid: int) -> Snapshot:
        running = self.running
        xmax = self.next_xid
        return Snapshot(transaction, min(running) if running else xmax, xmax, running, cid)

    def hold(self, snapshot: Snapshot) -> None:
        """Keep what the snapshot sees until `release`."""
        self.snapshots[snapshot] = self.snapshots.get(snapshot, 0) + 1

    def release(self, snapshot: Snapshot) -> None:
        count = self.snapshots.get(snapshot, 0) - 1
        if count > 0:
            self.snapshots[snapshot] = count
        else:
            self.snapshots.pop(snapshot, None)
            if self._unsettled:
                self.settle()

    def finished(self, transaction: Transaction, journal: list[Entry] | None) -> None:
        """A transaction with an xid is over; `journal` is what it committed (None: it was rolled back)."""
        xid = transaction.xid
        del self.active[xid]
        self.running = frozenset(self.active)
        if journal is None:
            self.aborted.add(xid)
        elif journal:
            if self.history is not None:
                self.history.record(journal)
            self._unsettled.append((xid, journal))
        if self._unsettled:
            self.settle()

    def horizon(self) -> int:
        """Every xid below this is seen as finished by every live snapshot."""
        oldest = self.next_xid
        for snapshot in self.snapshots:
            if snapshot.xmin < oldest:
                oldest = snapshot.xmin
        return oldest

    def settle(self) -> None:
        """Make what everybody agrees on final."""
        horizon = self.horizon()
        pending = self._unsettled
        kept: list[tuple[int, list[Entry]]] = []
        while pending:
            xid, journal = pending.popleft()
            if xid >= horizon:
                kept.append((xid, journal))
                continue
            for kind, heap, version in journal:
                if kind == "i":
                    heap.settle(version)
            for kind, heap, version in journal:
                if kind == "d":
                    heap.remove(version)
        pending.extend(kept)

    def is_running(self, xid: int) -> bool:
        return xid in self.active


class Transaction:
    """One transaction: its xid, command counter, journal and what must happen at its end."""

    def __init__(self, manager: TransactionManager) -> None:
        self.manager = manager
        self.xid = 0
        self.cid = 0
        self.journal: list[Entry] = []
        self.on_commit: list[Callable[[], object]] = []
        self.on_end: list[Callable[[bool], object]] = []
        self.catalog_changed: Any = False
        #: Sessions waiting for the end of this transaction, in order.
        self.waiters: list[Any] = []
        self.savepoints: list[tuple[str, int, dict[str, Any]]] = []

    def begin_write(self) -> int:
        return self.xid or self.manager.assign(self)

    def insert(self, heap: Heap, data: Data) -> Version:
        version = heap.add(data, self.xid or self.manager.assign(self), self.cid)
        self.journal.append(("i", heap, version))
        return version

    def delete(self, heap: Heap, version: Version, successor: Version | None = None) -> None:
        if heap._shared:
            version = self._owned(heap, version)
        heap.mark(version, self.xid or self.manager.assign(self), self.cid, successor)
        self.journal.append(("d", heap, version))

    def update(self, heap: Heap, version: Version, data: Data) -> Version:
        if heap._shared:
            version = self._owned(heap, version)
        xid = self.xid or self.manager.assign(self)
        new = heap.add(data, xid, self.cid)
        # Whoever holds the row holds its new version too.
        new.lock = version.lock
        heap.mark(version, xid, self.cid, new)
        self.journal.append(("i", heap, new))
        self.journal.append(("d", heap, version))
        return new

    @staticmethod
    def _owned(heap: Heap, version: Version) -> Version:
        heap.own()
        return heap.versions[version.tid]

    def undo_with(self, undo: Callable[[], object]) -> None:
        """Run `undo` if the work since now is rolled back."""
        self.begin_write()
        self.journal.append(("c", undo, None))

    def rollback_to(self, length: int) -> None:
        """Undo everything after the first `length` entries of the journal."""
        journal = self.journal
        while len(journal) > length:
            kind, heap, version = journal.pop()
            if kind == "i":
                heap.remove(version)
            elif kind == "d":
                heap.unmark(version)
            else:
                heap()

    def commit(self) -> None:
        if self.xid:
            self.manager.finished(self, self.journal)
        self.journal = []

    def rollback(self) -> None:
        """Undo everything. A failed block calls this when it fails and again when ROLLBACK comes."""
        self.rollback_to(0)
        if self.xid:
            self.manager.finished(self, None)
            self.xid = 0
