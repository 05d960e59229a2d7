"""Positions in a growing and shrinking collection: what SCAN, RANDOMKEY and SRANDMEMBER need, at a cost that does not grow.

Entries get ascending numbers as they come, and a scan goes from the newest down. A cursor is the number to go on from, so it
survives additions, removals and compaction: whatever is present from the first call to the last is returned at least
once, as Redis guarantees, and what is added meanwhile does not make the scan longer, so that it ends. The index is
built at first use and kept up by `added`; removals cost nothing, since a reader skips what is gone.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from typing import Any

__all__ = ["ScanIndex"]

_MIN_COMPACT = 128
# One step looks at no more than this many entries per entry wanted, so that gaps keep it cheap.
_LOOK_AT = 4


class ScanIndex:
    """Keys in order of arrival, with numbers. `live` is the dict itself, asked whether a key is still there.

    >>> live = {b"a": 1, b"b": 2, b"c": 3}
    >>> index = ScanIndex(live)
    >>> index.step(0, 2)
    (1, [b'c', b'b'])
    >>> index.step(1, 2)
    (0, [b'a'])
    """

    __slots__ = ("_keys", "_limit", "_live", "_next", "_numbers")

    def __init__(self, live: dict[bytes, Any]) -> None:
        self._live = live
        self._keys: list[bytes] = list(live)
        # 8 bytes a number, where a list would take 36.
        self._numbers = array("Q", range(1, len(self._keys) + 1))
        self._next = len(self._keys) + 1
        #: Entries at which dropping the dead ones is worth its cost.
        self._limit = _MIN_COMPACT + 2 * len(self._keys)

    def added(self, key: bytes) -> None:
        """A key that was not there has been added to the collection (before or after this call)."""
        if len(self._keys) >= self._limit:
            self._compact()
        self._keys.append(key)
        self._numbers.append(self._next)
        self._next += 1

    def tidy(self) -> None:
        """Drop what is gone, so that the index is what a new one would be: chance then picks the same from both."""
        if len(self._keys) != len(self._live):
            self._compact()

    def layout(self) -> list[bytes] | None:
        """The keys with those that are gone, which chance may run into; None where a new index would be the same."""
        return None if len(self._keys) == len(self._live) else self._keys

    @classmethod
    def laid_out(cls, live: dict[bytes, Any], keys: list[bytes]) -> ScanIndex:
        """An index with the `layout` of a former one."""
        index = cls(live)
        index._keys = list(keys)
        index._numbers = array("Q", range(1, len(keys) + 1))
        index._next = len(keys) + 1
        index._limit = _MIN_COMPACT + 2 * len(keys)
        return index

    def copy(self, live: dict[bytes, Any]) -> ScanIndex:
        """The same positions for a copy of the collection, so that scans under way go on."""
        twin = ScanIndex.__new__(ScanIndex)
        twin._live = live
        twin._keys, twin._numbers = self._keys[:], self._numbers[:]
        twin._next, twin._limit = self._next, self._limit
        return twin

    def step(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Up to `count` live keys from `cursor` on (0: from the start), and the cursor to go on with (0: finished)."""
        live = self._live
        if len(self._keys) > _MIN_COMPACT and len(self._keys) > 2 * len(live):
            self._compact()
        keys = self._keys
        position = bisect_right(self._numbers, cursor) if cursor else len(keys)
        end = max(0, position - max(count, 1) * _LOOK_AT)
        found: list[bytes] = []
        while position > end and len(found) < count:
            position -= 1
            key = keys[position]
            if key in live:
                found.append(key)
        return (self._numbers[position - 1] if position else 0), found

    def pick(self, dice: random.Random) -> bytes:
        """A random live key; the collection must not be empty."""
        if len(self._keys) > _MIN_COMPACT and len(self._keys) > 2 * len(self._live):
            self._compact()
        keys, live = self._keys, self._live
        while True:
            key = keys[dice.randrange(len(keys))]
            if key in live:
                return key

    def _compact(self) -> None:
        # A key that went and came back stands here more than once. A scan going down must still meet one that was
        # present all along, and such a key has only one entry; of the others the newest is kept.
        seen: set[bytes] = set()
        kept: list[tuple[bytes, int]] = []
        for key, number in zip(reversed(self._keys), reversed(self._numbers), strict=True):
            if key in self._live and key not in seen:
                seen.add(key)
                kept.append((key, number))
        kept.reverse()
        self._keys = [key for key, _ in kept]
        self._numbers = array("Q", [number for _, number in kept])
        self._limit = _MIN_COMPACT + 2 * len(kept)
