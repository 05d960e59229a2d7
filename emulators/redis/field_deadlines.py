"""Time limits of single hash fields (7.4): a heap of deadlines per database, and a timer of the clock for the earliest.

The truth stands in the hashes (`Hash.expires`) and in `Database.field_expires`, the keys of the hashes that have any; entries of
the heap that no longer agree with them are skipped.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from emulators.redis.values import Hash

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.keyspace import Database

__all__ = ["FieldDeadlines"]


class FieldDeadlines:
    """The fields of one database that will expire."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._heap: list[tuple[int, bytes, bytes]] = []
        self._timer: Timer | None = None

    def put(self, key: bytes, value: Hash, field: bytes, when_ms: int) -> None:
        """Let a field, which exists, expire at an instant. `value` is what `write_hash` gave for the key."""
        if value.expires is None:
            value.expires = {}
        value.expires[field] = when_ms
        self._db.field_expires[key] = None
        heapq.heappush(self._heap, (when_ms, key, field))
        if self._heap[0][0] == when_ms:
            self._arm()

    def track(self, key: bytes, value: Hash) -> None:
        """A hash that has deadlines stands at the key now."""
        self._db.field_expires[key] = None
        for field, when_ms in (value.expires or {}).items():
            heapq.heappush(self._heap, (when_ms, key, field))
        self._arm()

    def rebuild(self) -> None:
        """The database's content was exchanged."""
        if not self._heap and not self._db.field_expires:
            return
        data = self._db.data
        self._heap = [
            (when_ms, key, field)
            for key in self._db.field_expires
            if type(value := data.get(key)) is Hash
            for field, when_ms in (value.expires or {}).items()
        ]
        heapq.heapify(self._heap)
        self._arm()

    def _holds(self, when_ms: int, key: bytes, field: bytes) -> bool:
        value = self._db.data.get(key)
        return type(value) is Hash and value.expires is not None and value.expires.get(field) == when_ms

    def _arm(self) -> None:
        heap = self._heap
        while heap and not self._holds(*heap[0]):
            heapq.heappop(heap)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if heap:
            self._timer = self._db.server.clock.call_at(heap[0][0] * 1000, self._expire_due)

    def _expire_due(self) -> None:
        self._timer = None
        db, heap = self._db, self._heap
        now_ms = db.server.clock.now_ms()
        gone: dict[bytes, list[bytes]] = {}
        while heap and heap[0][0] <= now_ms:
            entry = heapq.heappop(heap)
            if self._holds(*entry):
                gone.setdefault(entry[1], []).append(entry[2])
        for key, fields in gone.items():
            self.expire(key, fields)
        self._arm()
        db.server.after_command()

    def expire(self, key: bytes, fields: list[bytes]) -> None:
        """The time of these fields has come: the hash goes with its last field."""
        db = self._db
        value = db.write_hash(key)
        if value is None:
            return
        for field in fields:
            value.remove(field)
        db.server.expired_fields += len(fields)
        if not value.expires:
            db.field_expires.pop(key, None)
        db.event("h", b"hexpired", key)
        db.drop_if_empty(key, value)
        db.changed(key)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
