"""Indexes over a heap's versions: equality by dict for any number of leading columns, ranges by a sorted list.

An index knows how to compute a version's key: a tuple of canonical values (equal exactly when SQL says equal, None for
NULL), and a tuple of sort keys for ranges. Structures are made when the planner first asks for them and kept up from
then on: `prefix_map(n)` for equality on the first n columns, `ordered()` for ranges on the first column. Like
PostgreSQL's, an index holds dead versions until they leave the heap; whoever reads checks visibility.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedList

if TYPE_CHECKING:
    from emulators.postgres.storage.heap import Data, Heap, Version

KeyFunction = Callable[["Data"], "tuple[Any, ...] | None"]


class Index:
    """One index. `key(data)` gives the tuple of canonical values, or None when a partial index leaves the row out."""

    __slots__ = ("built", "heap", "key", "maps", "oid", "sort_key", "sorted", "width")

    def __init__(
        self, oid: int, heap: Heap, width: int, key: KeyFunction, sort_key: Callable[[Any], Any] | None = None
    ) -> None:
        self.oid = oid
        self.heap = heap
        self.width = width
        self.key = key
        self.sort_key = sort_key
        self.maps: dict[int, dict[Any, list[Version]]] = {}
        self.sorted: Any = None
        self.built = False

    def unbuilt_copy(self, heap: Heap) -> Index:
        return Index(self.oid, heap, self.width, self.key, self.sort_key)

    def forget(self) -> None:
        self.maps.clear()
        self.sorted = None
        self.built = False

    def build(self) -> None:
        self.built = True
        self.prefix_map(self.width)

    # -- reading ---------------------------------------------------------------------------------------------

    def lookup(self, values: tuple[Any, ...]) -> tuple[Version, ...] | list[Version]:
        """The versions whose first len(values) columns equal these canonical values; () when there is none."""
        return self.prefix_map(len(values)).get(values if len(values) > 1 else values[0], ())

    def prefix_map(self, width: int) -> dict[Any, list[Version]]:
        """key (bare for one column, else a tuple) -> versions. Rows with a NULL among the columns are in it too."""
        found = self.maps.get(width)
        if found is None:
            if not self.built:
                self.build()
            found = self.maps[width] = {}
            key = self.key
            for version in self.heap.all():
                values = key(version.data)
                if values is not None:
                    found.setdefault(values[0] if width == 1 else values[:width], []).append(version)
        return found

    def ordered(self) -> Any:
        """Sorted list of (sort key of the first column, tid, version); NULLs are left out."""
        if self.sorted is None:
            entries = []
            for version in self.heap.all():
                entry = self._entry(version)
                if entry is not None:
                    entries.append(entry)
            self.sorted = SortedList(entries)
        return self.sorted

    def between(self, low: Any, low_inclusive: bool, high: Any, high_inclusive: bool) -> Iterator[Version]:
        """Versions whose first column lies between two values (None: open), in order."""
        entries = self.ordered()
        sort_key = self.sort_key
        first: Any = None
        last: Any = None
        if low is not None:
            key = sort_key(low) if sort_key else low
            first = (key,) if low_inclusive else (key, _AFTER)
        if high is not None:
            key = sort_key(high) if sort_key else high
            last = (key, _AFTER) if high_inclusive else (key,)
        return (entry[2] for entry in list(entries.irange(first, last)))

    def _entry(self, version: Version) -> tuple[Any, int, Version] | None:
        values = self.key(version.data)
        if values is None or values[0] is None:
            return None
        first = values[0]
        return (self.sort_key(first) if self.sort_key else first, version.tid, version)

    # -- changing --------------------------------------------------------------------------------------------

    def insert(self, version: Version) -> None:
        values = self.key(version.data)
        if values is None:
            return
        for width, found in self.maps.items():
            key = values[0] if width == 1 else values[:width]
            versions = found.get(key)
            if versions is None:
                found[key] = [version]
            else:
                versions.append(version)
        if self.sorted is not None:
            entry = self._entry(version)
            if entry is not None:
                self.sorted.add(entry)

    def delete(self, version: Version) -> None:
        values = self.key(version.data)
        if values is None:
            return
        for width, found in self.maps.items():
            key = values[0] if width == 1 else values[:width]
            versions = found.get(key)
            if versions is not None:
                if len(versions) == 1:
                    if versions[0] is version:
                        del found[key]
                else:
                    # A new list: a reader may still be walking along the old one.
                    found[key] = [v for v in versions if v is not version]
        if self.sorted is not None:
            entry = self._entry(version)
            if entry is not None:
                self.sorted.discard(entry)


class _After:
    """Sorts after every number: the open end of a sort key's tids."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_AFTER = _After()
