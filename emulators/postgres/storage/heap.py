"""Heaps of row versions, as PostgreSQL keeps them: an update adds a version, a delete marks one.

A version's `xmin` made it, its `xmax` (0: nobody) deleted or replaced it; `cmin`/`cmax` are the command numbers inside
those transactions. What a rolled-back transaction did is undone at once from its journal, so every xid found in a heap
is either committed or still running. `state` is 0 for a version that everybody sees (the common case, tested first),
else bits: 1 made by a transaction some snapshot may not see, 2 marked by `xmax`,
4 replaced with its key columns as they were (KEY SHARE passes by). When nobody can see a dead version any
more it is taken out at once, so there is nothing to vacuum. `tid` numbers grow, and scans go in tid order, which is
PostgreSQL's order for a table that was never vacuumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.postgres.storage.index import Index
    from emulators.postgres.storage.transaction import Snapshot

Data = tuple[Any, ...]

UNSETTLED = 1
MARKED = 2
KEYS_KEPT = 4


class Version:
    """One version of one row."""

    __slots__ = ("cmax", "cmin", "data", "lock", "next", "state", "tid", "xmax", "xmin")

    def __init__(self, tid: int, data: Data, xmin: int, cmin: int, state: int) -> None:
        self.tid = tid
        self.data = data
        self.xmin = xmin
        self.cmin = cmin
        self.xmax = 0
        self.cmax = 0
        self.next: Version | None = None
        self.state = state
        self.lock: Any = None

    def __repr__(self) -> str:
        return f"<{self.tid} {self.data} xmin={self.xmin} xmax={self.xmax}>"


class Heap:
    """The versions of one relation, with its indexes."""

    __slots__ = ("_ordered", "_rows", "_shared", "indexes", "next_tid", "relid", "unsettled", "versions")

    def __init__(self, relid: int = 0) -> None:
        self.relid = relid
        self.versions: dict[int, Version] = {}
        self.indexes: dict[int, Index] = {}
        self.next_tid = 1
        #: How many versions have a state other than 0.
        self.unsettled = 0
        self._rows: list[Data] | None = None
        self._ordered = True
        self._shared = False

    @classmethod
    def seeded(cls, relid: int, rows: list[Data] | tuple[Data, ...]) -> Heap:
        """A heap of rows that everybody sees."""
        heap = cls(relid)
        heap.versions = {tid: Version(tid, data, 1, 0, 0) for tid, data in enumerate(rows, 1)}
        heap.next_tid = len(rows) + 1
        return heap

    # -- reading ---------------------------------------------------------------------------------------------

    def all(self) -> list[Version]:
        """Every version in tid order, visible or not; a list of its own, safe against changes while it is read."""
        if not self._ordered:
            self.versions = dict(sorted(self.versions.items()))
            self._ordered = True
        return list(self.versions.values())

    def rows(self, snapshot: Snapshot) -> list[Data]:
        """The rows that the snapshot sees, in scan order. The list is shared: readers must not change it."""
        if not self.unsettled:
            rows = self._rows
            if rows is None:
                rows = self._rows = [v.data for v in self.all()]
            return rows
        visible = snapshot.visible
        return [v.data for v in self.all() if not v.state or visible(v)]

    def visible(self, snapshot: Snapshot) -> list[Version]:
        """The versions that the snapshot sees, in scan order."""
        if not self.unsettled:
            return self.all()
        visible = snapshot.visible
        return [v for v in self.all() if not v.state or visible(v)]

    # -- changing (called by Transaction, which keeps the journal) --------------------------------------------

    def add(self, data: Data, xmin: int, cmin: int) -> Version:
        """A new version made by a running transaction, entered into every index."""
        if self._shared:
            self.own()
        tid = self.next_tid
        self.next_tid = tid + 1
        version = Version(tid, data, xmin, cmin, UNSETTLED)
        self.versions[tid] = version
        self.unsettled += 1
        self._rows = None
        for index in self.indexes.values():
            if index.built:
                index.insert(version)
        return version

    def mark(self, version: Version, xmax: int, cmax: int, successor: Version | None) -> None:
        """Mark a version as deleted, or replaced by `successor`."""
        version.xmax = xmax
        version.cmax = cmax
        version.next = successor
        if not version.state:
            self.unsettled += 1
        version.state |= MARKED

    def unmark(self, version: Version) -> None:
        version.xmax = version.cmax = 0
        version.next = None
        version.state &= ~(MARKED | KEYS_KEPT)
        if not version.state:
            self.unsettled -= 1

    def settle(self, version: Version) -> None:
        """Everybody sees the version now (unless it is marked)."""
        if version.state & UNSETTLED:
            version.state &= ~UNSETTLED
            if not version.state:
                self.unsettled -= 1

    def remove(self, version: Version) -> None:
        """Take a version out for good: undone, or dead for everybody."""
        if self.versions.pop(version.tid, None) is None:
            return
        if version.state:
            self.unsettled -= 1
            version.state = MARKED
        self._rows = None
        for index in self.indexes.values():
            if index.built:
                index.delete(version)

    def put_back(self, tid: int, data: Data, xmin: int) -> None:
        """Add a settled version under a tid it had before: what going to another parlel snapshot does."""
        if self._shared:
            self.own()
        version = Version(tid, data, xmin, 0, 0)
        if self.versions and tid < self.next_tid - 1:
            self._ordered = False
        self.versions[tid] = version
        if tid >= self.next_tid:
            self.next_tid = tid + 1
        self._rows = None
        for index in self.indexes.values():
            if index.built:
                index.insert(version)

    def take_out(self, tid: int) -> None:
        """The reverse of `put_back`."""
        if self._shared:
            self.own()
        version = self.versions.get(tid)
        if version is not None:
            self.remove(version)

    # -- copy on write ---------------------------------------------------------------------------------------

    def clone(self) -> Heap:
        """The same rows for another database, shared until either side writes. All versions must be settled."""
        copy = Heap(self.relid)
        copy.versions = self.versions
        copy.next_tid = self.next_tid
        copy._ordered = self._ordered
        copy._rows = self._rows
        copy.indexes = {oid: index.unbuilt_copy(copy) for oid, index in self.indexes.items()}
        copy._shared = self._shared = True
        return copy

    def own(self) -> None:
        """Stop sharing: copy the versions, and let the indexes build themselves again when they are needed."""
        self._shared = False
        self.versions = {tid: Version(tid, v.data, v.xmin, 0, 0) for tid, v in self.versions.items()}
        for index in self.indexes.values():
            index.forget()

    def index(self, oid: int, make: Callable[[Heap], Index]) -> Index:
        """The index with that OID, made and built when first asked for."""
        index = self.indexes.get(oid)
        if index is None:
            index = self.indexes[oid] = make(self)
        if not index.built:
            index.build()
        return index
