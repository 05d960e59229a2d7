"""What loading a saved data set does to values: their form follows the present thresholds, as if they had just been written.

DEBUG RELOAD and LOADAOF come here. The data stays; keys whose time was over are gone; clients that WATCH find nothing changed
unless their key went.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from emulators.redis.memory import value_size
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Stored

__all__ = ["quicklist_shape", "rebuilt", "reload", "serialized_length"]


def rebuilt(value: Stored, thresholds: Thresholds, version: tuple[int, int]) -> Stored:
    """A value as it would come out of a dump."""
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, Hash):
        fresh = Hash({})
        for field, item in value.fields.items():
            fresh.put(field, item, thresholds)
        return fresh
    if isinstance(value, SetValue):
        kept = SetValue()
        for member in value.members:
            kept.add(member, thresholds)
        return kept
    if isinstance(value, SortedSet):
        scored = SortedSet()
        for member, score in value.scores.items():
            scored.put(member, score, thresholds)
        return scored
    if isinstance(value, ListValue):
        return ListValue.small(value.items, thresholds) if version >= (7, 2) else ListValue(value.items)
    return value.copy()


def reload(server: RedisEmulator) -> None:
    """Rebuild every value of the server."""
    now_ms = server.clock.now_ms()
    for db in server.databases:
        for key in [key for key, when in db.expires.items() if when <= now_ms]:
            db.expire_now(key)
        for key, value in list(db.data.items()):
            if isinstance(value, Hash) and value.expires:
                # Fields with deadlines keep their form; their timers belong to the value.
                continue
            db.put(key, rebuilt(value, server.thresholds, server.version), keep_deadline=True)


def serialized_length(value: Stored) -> int:
    """About how long a dump of the value is."""
    if isinstance(value, bytes):
        return len(value) + 1
    return max(1, value_size(value, 0) // 2)


def quicklist_shape(value: ListValue, thresholds: Thresholds) -> tuple[int, float]:
    """How many nodes a quicklist would have, and how many elements a node on average."""
    limit = thresholds.list_max_listpack_size
    if limit > 0:
        nodes = math.ceil(len(value) / limit)
    else:
        room = 4096 << (-limit - 1 if limit < 0 else 0)
        nodes = math.ceil((sum(map(len, value.items)) + 3 * len(value)) / room)
    nodes = max(1, nodes)
    return nodes, len(value) / nodes
