"""Sizes, as MEMORY USAGE, INFO memory and maxmemory count them: estimates that follow redis-server's structures.

A value's size is worked out from its encoding the way the real server's allocator would see it (a dict entry, a listpack's bytes,
...), sampling large collections as MEMORY USAGE does. So sizes grow and shrink like the real ones, without being equal to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from emulators.redis.stream import StreamValue
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet, is_integer

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database, Stored
    from emulators.redis.session import RedisSession

__all__ = ["Usage", "client_size", "database_size", "key_size", "usage", "value_size"]

STARTUP = 862_000
CLIENT = 1_928
ROBJ = 16
DICT_ENTRY = 24
# Keys looked at one by one when a whole database is measured; more are extrapolated.
_EXACT_KEYS = 20_000

#: The allocator's size classes: multiples of 16 up to 128, then four steps a doubling.
_CLASSES: list[int] = [8, *range(16, 129, 16)]
while _CLASSES[-1] < 1 << 40:
    _step = _CLASSES[-1] // 4
    _CLASSES.extend(_CLASSES[-1] + _step * i for i in range(1, 5))


def allocated(size: int) -> int:
    """What the allocator hands out for `size` bytes."""
    if size <= 8:
        return 8
    if size <= 128:
        return (size + 15) & ~15
    exponent = (size - 1).bit_length() - 3
    unit = 1 << exponent
    return (size + unit - 1) // unit * unit


def string_bytes(length: int) -> int:
    """A string object's own buffer (sds) of this many bytes."""
    header = 1 if length < 32 else 3 if length < 256 else 5 if length < 65_536 else 9
    return allocated(length + header + 1)


def _entry_bytes(item: bytes) -> int:
    """An element of a listpack."""
    length = len(item)
    if length < 21 and is_integer(item):
        value = int(item)
        if 0 <= value < 128:
            return 2
        for bits, size in ((12, 3), (15, 4), (23, 5), (31, 6)):
            if -(1 << bits) <= value < 1 << bits:
                return size
        return 10
    head = 1 if length < 64 else 2 if length < 4096 else 5
    back = 1 if length + head < 128 else 2 if length + head < 16_384 else 3
    return head + length + back


def _table(count: int) -> int:
    """A hash table's array of buckets."""
    buckets = 4
    while buckets < count:
        buckets *= 2
    return 56 + allocated(8 * buckets)


def value_size(value: Stored, samples: int = 5) -> int:
    """Bytes of a value, its object header included. `samples` 0 looks at every element."""
    if isinstance(value, bytes):
        if type(value) is bytes and len(value) < 21 and is_integer(value):
            return ROBJ
        if len(value) <= 44 and type(value) is bytes:
            return allocated(ROBJ + len(value) + 4)
        return ROBJ + string_bytes(len(value))
    count = len(value)
    if isinstance(value, ListValue):
        sizes = _sampled(value.items, count, samples, _entry_bytes)
        return ROBJ + (56 + 32 * (1 + sizes // 8192) if value.large else 0) + allocated(7 + sizes)
    if isinstance(value, Hash):
        if value.large:
            return (
                ROBJ
                + _table(count)
                + _sampled(
                    value.fields.items(),
                    count,
                    samples,
                    lambda pair: DICT_ENTRY + string_bytes(len(pair[0])) + string_bytes(len(pair[1])),
                )
            )
        sizes = _sampled(value.fields.items(), count, 0, lambda pair: _entry_bytes(pair[0]) + _entry_bytes(pair[1]))
        return ROBJ + allocated(7 + sizes)
    if isinstance(value, SetValue):
        if value.form == SetValue.INTSET:
            widest = max((abs(int(item)) for item in value.members), default=0)
            return ROBJ + allocated(8 + count * (2 if widest < 1 << 15 else 4 if widest < 1 << 31 else 8))
        if value.form == SetValue.LISTPACK:
            return ROBJ + allocated(7 + _sampled(value.members, count, 0, _entry_bytes))
        return (
            ROBJ
            + _table(count)
            + _sampled(value.members, count, samples, lambda item: DICT_ENTRY + string_bytes(len(item)))
        )
    if isinstance(value, SortedSet):
        if value.large:
            return (
                ROBJ
                + 16
                + _table(count)
                + 32
                + _sampled(value.scores, count, samples, lambda item: DICT_ENTRY + 56 + string_bytes(len(item)))
            )
        sizes = _sampled(value.scores, count, 0, lambda item: _entry_bytes(item) + 10)
        return ROBJ + allocated(7 + sizes)
    if isinstance(value, StreamValue):
        return ROBJ + _stream(value, samples)
    return ROBJ + 64 * count


def _stream(value: StreamValue, samples: int) -> int:
    nodes = _sampled(value.nodes, len(value.nodes), samples, lambda node: allocated(node.size_bytes()) + 48)
    groups = sum(
        160 + 120 * len(group.pending) + sum(120 + len(name) for name in group.consumers)
        for group in value.groups.values()
    )
    return 208 + nodes + groups


def _sampled(items: Any, count: int, samples: int, size: Callable[[Any], int]) -> int:
    if samples and count > samples:
        return sum(size(item) for item in islice(items, samples)) * count // samples
    return sum(map(size, items))


def key_size(db: Database, key: bytes, value: Stored, samples: int = 5) -> int:
    """Bytes of a key with its value: what MEMORY USAGE answers."""
    total = string_bytes(len(key)) + DICT_ENTRY + value_size(value, samples)
    return total + DICT_ENTRY if key in db.expires else total


def database_size(db: Database) -> int:
    """Bytes of all keys of a database, extrapolated beyond a number of them."""
    count = len(db.data)
    looked = min(count, _EXACT_KEYS)
    total = sum(key_size(db, key, value) for key, value in islice(db.data.items(), looked))
    return total if looked == count else total * count // looked


def client_size(session: RedisSession) -> int:
    """Bytes of a connection: its structure, its buffers, what it queued, watches and listens to."""
    total = CLIENT + 16_384 + session.link.buffered()
    if session.queue is not None:
        total += sum(64 + sum(len(word) + 32 for word in words) for _, words in session.queue)
    for names in (session.channels, session.patterns, session.shards):
        total += sum(64 + len(name) for name in names)
    return total


@dataclass(slots=True)
class Usage:
    """Where the memory is: bytes."""

    startup: int
    keys: int
    tables: int
    clients: int
    replicas: int
    backlog: int
    scripts: int
    tracking: int

    @property
    def overhead(self) -> int:
        """Everything that is not keys and values."""
        return self.startup + self.tables + self.clients + self.replicas + self.backlog + self.scripts + self.tracking

    @property
    def used(self) -> int:
        return self.overhead + self.keys


def usage(server: RedisEmulator) -> Usage:
    """The present use of memory of a server."""
    sessions = server.clients()
    scripts = server.script_memory()
    feed = server.replication
    return Usage(
        startup=STARTUP,
        keys=server.eviction.keys_bytes(),
        tables=sum(_table(len(db.data)) + _table(len(db.expires)) for db in server.databases if db.data),
        clients=sum(client_size(session) for session in sessions if not session.replica),
        replicas=sum(client_size(session) for session in sessions if session.replica),
        backlog=server.config["repl-backlog-size"] if feed.backlog_active else 0,
        scripts=scripts.eval_bytes + scripts.function_bytes,
        tracking=server.tracking.memory_bytes(),
    )
