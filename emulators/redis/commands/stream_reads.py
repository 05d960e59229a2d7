"""XREAD and XREADGROUP (redis.io group `stream`): one reader for both, because they parse and wait alike.

A reader that finds nothing may wait. Before 7.2, whoever waits for a stream that is deleted or replaced, or for a group that is
destroyed, is told so in words of their own (UNBLOCKED, NOGROUP); from 7.2 on the command is run again, and gives its own errors.
7.4 added `+`, the last entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.commands.streams import entries_reply, entries_written
from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, Reply
from emulators.redis.stream import MAX_ID, UNKNOWN, StreamConsumer, StreamGroup, StreamValue, format_id
from emulators.redis.stream_ids import parse_id
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

__all__ = ["find_or_create_consumer"]

# Who waits gets no more than this at once, unless COUNT says otherwise.
_BLOCKED_COUNT = 1000
_T = TypeVar("_T")
#: Start of what a group has not been given yet (`>`).
_NEW = -1


@dataclass(slots=True)
class _Request:
    """`after` holds per key the id after which to read; `_NEW` for `>`."""

    name: str
    keys: list[bytes] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    count: int = 0
    timeout_ms: int = -1
    group: bytes | None = None
    consumer: bytes = b""
    acknowledge: bool = True


# -- reading the words ---------------------------------------------------------------------------------------------


def _parse(client: RedisSession, args: list[bytes], name: str) -> _Request:
    grouped = name == "xreadgroup"
    request = _Request(name)
    position, streams_at = 1, 0
    while position < len(args):
        option, more = args[position].upper(), len(args) - position - 1
        if option == b"BLOCK" and more:
            if client.in_script:
                raise errors.no_block_in_scripts(args[0])
            request.timeout_ms = _timeout(args[position + 1])
            position += 2
        elif option == b"COUNT" and more:
            request.count = max(integer(args[position + 1]), 0)
            position += 2
        elif option == b"STREAMS" and more:
            streams_at = position + 1
            if (len(args) - streams_at) % 2:
                raise errors.unbalanced_streams(name, client.server.version)
            break
        elif option == b"GROUP" and more >= 2:
            if not grouped:
                raise errors.GROUP_WITH_XREAD
            request.group, request.consumer = args[position + 1], args[position + 2]
            position += 3
        elif option == b"NOACK":
            if not grouped:
                raise errors.NOACK_WITH_XREAD
            request.acknowledge = False
            position += 1
        else:
            raise errors.SYNTAX
    if not streams_at:
        raise errors.SYNTAX
    if grouped and request.group is None:
        raise errors.MISSING_GROUP
    half = (len(args) - streams_at) // 2
    request.keys = args[streams_at : streams_at + half]
    for key, word in zip(request.keys, args[streams_at + half :], strict=True):
        request.after.append(_start(client, request, key, word))
    return request


def _timeout(word: bytes) -> int:
    timeout = integer(word, errors.TIMEOUT_NOT_INTEGER)
    if timeout < 0:
        raise errors.TIMEOUT_NEGATIVE
    return timeout


def _start(client: RedisSession, request: _Request, key: bytes, word: bytes) -> int:
    """The id after which to read one stream."""
    stream = client.db.stream(key)
    if request.group is not None and (stream is None or request.group not in stream.groups):
        raise errors.no_group_to_read(key, request.group)
    if word == b"$":
        if request.group is not None:
            raise errors.DOLLAR_WITH_GROUP
        return 0 if stream is None else stream.last_id
    if word == b">":
        if request.group is None:
            raise errors.NEW_WITHOUT_GROUP
        return _NEW
    if word == b"+" and client.server.version >= (7, 4):
        if request.group is not None:
            raise errors.PLUS_WITH_GROUP
        # Just before the last entry, so that it is read.
        last = 0 if stream is None else stream.last_live_id()
        return last - 1 if last else (0 if stream is None else stream.last_id)
    number = parse_id(word)
    # The server marks `>` with the greatest id, so the two mean the same.
    return _NEW if number == MAX_ID and request.group is not None else number


# -- reading the streams -------------------------------------------------------------------------------------------


def find_or_create_consumer(
    db: Database, key: bytes, group: StreamGroup, name: bytes, now_ms: int, *, active: bool = False
) -> StreamConsumer:
    """A group's consumer, seen now; a new one is announced."""
    consumer = group.consumers.get(name)
    if consumer is None:
        consumer = group.consumers[name] = StreamConsumer(name, now_ms)
        db.server.dirty += 1
        db.event("t", b"xgroup-createconsumer", key)
    consumer.seen_ms = now_ms
    if active:
        consumer.active_ms = now_ms
    return consumer


def _deliver(db: Database, stream: StreamValue, key: bytes, request: _Request, count: int) -> Reply:
    """Give a consumer what its group has not been given yet."""
    assert request.group is not None
    group = stream.write_group(request.group)
    assert group is not None
    now_ms = db.server.clock.now_ms()
    consumer = find_or_create_consumer(db, key, group, request.consumer, now_ms)
    entries = list(_some(stream.iterate(group.last_id + 1), count))
    for number, _ in entries:
        if group.entries_read != UNKNOWN and not stream.has_tombstones(number):
            group.entries_read += 1
        elif stream.added:
            group.entries_read = stream.counter_of(number)
        group.last_id = number
        if request.acknowledge:
            group.assign(number, consumer, now_ms, 1)
    if entries:
        consumer.active_ms = now_ms
    db.server.dirty += 1
    return entries_reply(entries)


def _history(db: Database, stream: StreamValue, key: bytes, request: _Request, after: int) -> Reply:
    """Give a consumer again what is pending with it; entries that were deleted come without content."""
    assert request.group is not None
    group = stream.write_group(request.group)
    assert group is not None
    now_ms = db.server.clock.now_ms()
    consumer = find_or_create_consumer(db, key, group, request.consumer, now_ms)
    found: list[Reply] = []
    for number in list(_some(consumer.pending.irange(after + 1), request.count)):
        items = stream.get(number)
        if items is None:
            found.append([format_id(number), NULL_ARRAY])
            continue
        found.append([format_id(number), items])
        _, _, count = group.pending[number]
        group.pending[number] = (consumer.name, now_ms, count + 1)
    db.server.dirty += 1
    return found


def _some(values: Iterator[_T], count: int) -> Iterator[_T]:
    return islice(values, count) if count else values


class _Named(bytes):
    """A key of a map that may stand there more than once."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _shape(client: RedisSession, found: list[tuple[bytes, Reply]]) -> Reply:
    """Keys with their entries: a map in RESP3, an array of pairs in RESP2."""
    if client.protocol == 3:
        reply = dict(found)
        # A stream that was named twice stands twice in the map.
        return reply if len(reply) == len(found) else {_Named(key): entries for key, entries in found}
    return [[key, entries] for key, entries in found]


def _read(client: RedisSession, args: list[bytes], name: str) -> Reply:
    request = _parse(client, args, name)
    db = client.db
    found: list[tuple[bytes, Reply]] = []
    for place, key in enumerate(request.keys):
        after = request.after[place]
        stream = db.stream(key) if request.group is None else db.write_stream(key)
        if stream is None:
            continue
        if request.group is None:
            if stream.length and stream.last_live_id() > after:
                found.append((key, entries_written(client, _some(stream.iterate(after + 1), request.count))))
        elif after != _NEW:
            found.append((key, _history(db, stream, key, request, after)))
        elif stream.length and stream.last_live_id() > stream.groups[request.group].last_id:
            found.append((key, _deliver(db, stream, key, request, request.count)))
        elif db.server.version >= (7, 2):
            _note_attempt(db, stream, key, request)
    if found:
        return _shape(client, found)
    if request.timeout_ms < 0 or not client.may_block:
        return NULL_ARRAY
    return _wait(client, request)


def _note_attempt(db: Database, stream: StreamValue, key: bytes, request: _Request) -> None:
    """From 7.2 on, a consumer comes into being with its first attempt, even if there was nothing to read."""
    assert request.group is not None
    group = stream.write_group(request.group)
    assert group is not None
    find_or_create_consumer(db, key, group, request.consumer, db.server.clock.now_ms())


# -- waiting -------------------------------------------------------------------------------------------------------


def _wait(client: RedisSession, request: _Request) -> Reply:
    db, server = client.db, client.server
    runs_again = server.version >= (7, 2)
    count = request.count or _BLOCKED_COUNT
    after = dict(zip(reversed(request.keys), reversed(request.after), strict=True))

    def attempt(key: bytes) -> Reply:
        if request.group is None:
            stream = db.get(key)
            if type(stream) is not StreamValue:
                if runs_again:
                    raise errors.WRONG_TYPE
                return NO_REPLY
            if stream.last_id <= after[key] or (runs_again and stream.last_live_id() <= after[key]):
                return NO_REPLY
            return _shape(client, [(key, entries_written(client, _some(stream.iterate(after[key] + 1), count)))])
        stream = db.write(key)
        if type(stream) is not StreamValue:
            raise errors.WRONG_TYPE if runs_again else errors.STREAM_GONE
        group = stream.groups.get(request.group)
        if group is None:
            raise errors.no_group_to_read(key, request.group) if runs_again else errors.GROUP_GONE
        if stream.last_id <= group.last_id or (runs_again and stream.last_live_id() <= group.last_id):
            return NO_REPLY
        return _shape(client, [(key, _deliver(db, stream, key, request, count))])

    def on_delete(key: bytes) -> RedisError:
        assert request.group is not None
        return errors.no_group_to_read(key, request.group) if runs_again else errors.STREAM_GONE

    return server.blocking.wait(
        client,
        request.keys,
        attempt,
        request.timeout_ms,
        NULL_ARRAY,
        None if request.group is None else on_delete,
    )


def _keys(args: list[bytes]) -> list[int]:
    """Positions of the keys after STREAMS: the first half of what follows."""
    position = 1
    while position < len(args):
        option = args[position].upper()
        if option == b"STREAMS":
            rest = len(args) - position - 1
            return list(range(position + 1, position + 1 + rest // 2)) if rest and not rest % 2 else []
        position += {b"BLOCK": 2, b"COUNT": 2, b"GROUP": 3, b"NOACK": 1}.get(option, len(args))
    return []


@command("xread", keys=_keys)
def xread(client: RedisSession, args: list[bytes]) -> Reply:
    return _read(client, args, "xread")


@command("xreadgroup", keys=_keys)
def xreadgroup(client: RedisSession, args: list[bytes]) -> Reply:
    return _read(client, args, "xreadgroup")
