"""Positions in a growing and shrinking collection: what SCAN, RANDOMKEY and SRANDMEMBER need, at a cost that does not grow.

Entries get ascending numbers as they come. A cursor is the number to go on from, so it survives additions, removals and
compaction: whatever is present from the first call to the last is returned at least once, as Redis guarantees; what was
removed and added again may come twice. The index is built at first use and kept up by `added`; removals cost nothing, since a
reader skips what is gone.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from typing import Any

__all__ = ["ScanIndex"]

_MIN_COMPACT = 128


class ScanIndex:
    """Keys in order of arrival, with numbers. `live` is the dict itself, asked whether a key is still there.

    >>> live = {b"a": 1, b"b": 2, b"c": 3}
    >>> index = ScanIndex(live)
    >>> index.step(0, 2)
    (3, [b'a', b'b'])
    >>> index.step(3, 2)
    (0, [b'c'])
    """

    __slots__ = ("_keys", "_live", "_next", "_numbers")

    def __init__(self, live: dict[bytes, Any]) -> None:
        self._live = live
        self._keys: list[bytes] = list(live)
        self._numbers: list[int] = list(range(1, len(self._keys) + 1))
        self._next = len(self._keys) + 1

    def added(self, key: bytes) -> None:
        """A key that was not there has been added to the collection."""
        self._keys.append(key)
        self._numbers.append(self._next)
        self._next += 1

    def step(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Up to `count` live keys from `cursor` on, and the cursor to go on with (0: finished)."""
        keys, live = self._keys, self._live
        if len(keys) > _MIN_COMPACT and len(keys) > 2 * len(live):
            self._compact()
            keys = self._keys
        position = bisect_left(self._numbers, cursor)
        # Look at no more than a bounded number of dead entries, so that one call stays cheap.
        end = min(len(keys), position + max(count, 1) * 4)
        found: list[bytes] = []
        while position < end and len(found) < count:
            key = keys[position]
            if key in live:
                found.append(key)
            position += 1
        return (self._numbers[position] if position < len(keys) else 0), found

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
        # A key that went and came back stands here twice; only its last entry is needed, but an iteration under way
        # that has passed neither must still meet it, so the last one is kept.
        seen: set[bytes] = set()
        kept: list[tuple[bytes, int]] = []
        for key, number in zip(reversed(self._keys), reversed(self._numbers), strict=True):
            if key in self._live and key not in seen:
                seen.add(key)
                kept.append((key, number))
        kept.reverse()
        self._keys = [key for key, _ in kept]
        self._numbers = [number for _, number in kept]
