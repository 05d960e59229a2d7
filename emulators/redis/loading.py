"""What loading a saved data set does to values: their form follows the present thresholds, as if they had just been written.

DEBUG RELOAD and LOADAOF come here. The data stays; keys whose time was over are gone; clients that WATCH find nothing changed
unless their key went.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from emulators.redis import rdb
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


def to_rdb(server: RedisEmulator) -> bytes:
    """The whole data set as an RDB file."""
    rows = [
        rdb.Row(db.number, key, value, db.expires.get(key)) for db in server.databases for key, value in db.data.items()
    ]
    return rdb.save(
        rows,
        version=server.version,
        thresholds=server.thresholds,
        full_version=server.full_version,
        now_ms=server.clock.now_ms(),
        functions=server.function_codes(),
    )


def from_rdb(server: RedisEmulator, data: bytes) -> int:
    """Take in the keys and functions of an RDB file; keys whose time is over stay out. Returns how many keys came in."""
    loaded = rdb.load(data, version=server.version, thresholds=server.thresholds)
    now_ms = server.clock.now_ms()
    count = 0
    for row in loaded.rows:
        if row.database >= len(server.databases) or (row.deadline is not None and row.deadline <= now_ms):
            continue
        db = server.databases[row.database]
        db.put(row.key, row.value)
        if row.deadline is not None:
            db.set_deadline(row.key, row.deadline)
        db.changed(row.key)
        count += 1
    for code in loaded.functions:
        server.scripting.functions.load(code, replace=True)
    return count


def serialized_length(value: Stored, server: RedisEmulator) -> int:
    """How long the value is in an RDB file."""
    return len(rdb.dump_payload(value, server.version, server.thresholds)) - 11


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
