"""What lies between parlel's snapshots: committed changes as data, so that going from one to another costs the difference.

A `Mark` is one instant. The changes between consecutive marks form a segment hanging on its parent mark, so marks make
a tree, and a path from where the storage stands to any mark goes up (undoing segments) and down (doing them again).
Changes name heaps and tids, not version objects. Nothing is recorded while no mark exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.postgres.storage.heap import Heap

# ("i", heap, tid, data, xmin) | ("d", heap, tid, data, xmin) | ("c", undo, redo)
Change = tuple[Any, ...]


class Mark:
    """One instant of a cluster's storage. `changes` leads from the parent to this mark."""

    __slots__ = ("__weakref__", "changes", "depth", "extra", "parent")

    def __init__(self, parent: Mark | None, changes: list[Change], extra: Any) -> None:
        self.parent = parent
        self.changes = changes
        self.depth = 0 if parent is None else parent.depth + 1
        self.extra = extra


class History:
    """The position of the storage in the tree of marks."""

    def __init__(self) -> None:
        self.base: Mark | None = None
        self.pending: list[Change] = []

    def record(self, journal: list[tuple[str, Any, Any]]) -> None:
        """Keep what a commit changed; rows that it made and removed again leave no trace."""
        if self.base is None:
            return
        gone = {id(v) for kind, _, v in journal if kind == "d"}
        made = {id(v) for kind, _, v in journal if kind == "i"}
        for kind, heap, version in journal:
            if kind == "i" and id(version) not in gone:
                self.pending.append(("i", heap, version.tid, version.data, version.xmin))
            elif kind == "d" and id(version) not in made:
                self.pending.append(("d", heap, version.tid, version.data, version.xmin))

    def note(self, undo: Callable[[], object], redo: Callable[[], object]) -> None:
        """A change that is not a row: a sequence that moved, a heap that came."""
        if self.base is not None:
            self.pending.append(("c", undo, redo))

    def mark(self, extra: Any) -> Mark:
        """Put a mark where the storage stands."""
        mark = Mark(self.base, self.pending, extra)
        self.base = mark
        self.pending = []
        return mark

    def go(self, target: Mark) -> set[int]:
        """Bring the storage to a mark; returns the relids of the heaps that were touched."""
        touched: set[int] = set()
        self._undo(self.pending, touched)
        self.pending = []
        at = self.base
        down: list[Mark] = []
        goal: Mark | None = target
        while at is not goal:
            assert at is not None or goal is not None
            if goal is None or (at is not None and at.depth > goal.depth):
                assert at is not None
                self._undo(at.changes, touched)
                at = at.parent
            else:
                down.append(goal)
                goal = goal.parent
        for mark in reversed(down):
            self._redo(mark.changes, touched)
        self.base = target
        return touched

    @staticmethod
    def _undo(changes: list[Change], touched: set[int]) -> None:
        for change in reversed(changes):
            kind = change[0]
            if kind == "c":
                change[1]()
                continue
            heap: Heap = change[1]
            touched.add(heap.relid)
            if kind == "i":
                heap.take_out(change[2])
            else:
                heap.put_back(change[2], change[3], change[4])

    @staticmethod
    def _redo(changes: list[Change], touched: set[int]) -> None:
        for change in changes:
            kind = change[0]
            if kind == "c":
                change[2]()
                continue
            heap: Heap = change[1]
            touched.add(heap.relid)
            if kind == "i":
                heap.put_back(change[2], change[3], change[4])
            else:
                heap.take_out(change[2])
