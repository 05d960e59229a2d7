"""Consumer groups of streams: XGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM (redis.io group `stream`); reading is in `stream_reads`.

From 7.2 on, an attempt to claim makes the consumer known even if it gets nothing, and a success is noted apart from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.commands.help import help_lines
from emulators.redis.commands.stream_reads import find_or_create_consumer
from emulators.redis.errors import RedisError
from emulators.redis.resp import NULL_ARRAY, OK, Reply
from emulators.redis.stream import UNKNOWN, StreamConsumer, StreamGroup, StreamValue, format_id
from emulators.redis.stream_ids import parse_any, parse_high, parse_id, parse_low
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

_DEFAULT_AUTOCLAIM = 100
# XAUTOCLAIM looks at so many entries per entry that it may return.
_ATTEMPTS = 10
_MAX_AUTOCLAIM = (2**63 - 1) // 16


# -- XGROUP --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _GroupOptions:
    make_stream: bool = False
    entries_read: int = UNKNOWN


def _group_options(args: list[bytes], may_make: bool) -> _GroupOptions:
    options = _GroupOptions()
    position = 5
    while position < len(args):
        option = args[position].upper()
        if option == b"MKSTREAM" and may_make:
            options.make_stream = True
            position += 1
        elif option == b"ENTRIESREAD" and position + 1 < len(args):
            options.entries_read = integer(args[position + 1])
            if options.entries_read < UNKNOWN:
                raise errors.ENTRIES_READ_NEGATIVE
            position += 2
        else:
            raise errors.subcommand_syntax(args)
    return options


def _existing(client: RedisSession, args: list[bytes]) -> tuple[StreamValue, StreamGroup]:
    """The stream and the group that a subcommand names, for changing them."""
    stream = client.db.write_stream(args[2])
    if stream is None:
        raise errors.XGROUP_NO_KEY
    group = stream.write_group(args[3])
    if group is None:
        raise errors.no_group_for_key(args[3], args[2])
    return stream, group


@command("xgroup|create")
def xgroup_create(client: RedisSession, args: list[bytes]) -> Reply:
    options = _group_options(args, True)
    db, key, name = client.db, args[2], args[3]
    stream = db.write_stream(key)
    if stream is None and not options.make_stream:
        raise errors.XGROUP_NO_KEY
    if len(args) > 8:
        raise errors.subcommand_syntax(args)
    if args[4] == b"$":
        number = 0 if stream is None else stream.last_id
    else:
        number = parse_id(args[4])
    if stream is None:
        stream = StreamValue()
        db.add(key, stream)
        db.changed(key)
    if name in stream.groups:
        raise errors.BUSY_GROUP
    stream.add_group(name, number, options.entries_read)
    db.server.dirty += 1
    db.event("t", b"xgroup-create", key)
    return OK


@command("xgroup|setid")
def xgroup_setid(client: RedisSession, args: list[bytes]) -> Reply:
    options = _group_options(args, False)
    stream, group = _existing(client, args)
    if len(args) not in (5, 7):
        raise errors.subcommand_syntax(args)
    group.last_id = stream.last_id if args[4] == b"$" else parse_any(args[4])
    group.entries_read = options.entries_read
    client.server.dirty += 1
    client.db.event("t", b"xgroup-setid", args[2])
    return OK


@command("xgroup|destroy")
def xgroup_destroy(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[2]
    stream = db.write_stream(key)
    if stream is None:
        raise errors.XGROUP_NO_KEY
    if stream.groups.pop(args[3], None) is None:
        return 0
    db.server.dirty += 1
    db.event("t", b"xgroup-destroy", key)
    if db.server.waiting:
        # Its readers must hear that it is gone.
        db.server.blocking.created(db, key)
    return 1


@command("xgroup|createconsumer")
def xgroup_createconsumer(client: RedisSession, args: list[bytes]) -> Reply:
    _, group = _existing(client, args)
    if args[4] in group.consumers:
        return 0
    find_or_create_consumer(client.db, args[2], group, args[4], client.clock.now_ms())
    return 1


@command("xgroup|delconsumer")
def xgroup_delconsumer(client: RedisSession, args: list[bytes]) -> Reply:
    _, group = _existing(client, args)
    consumer = group.consumers.get(args[4])
    if consumer is None:
        return 0
    pending = group.drop_consumer(consumer)
    client.server.dirty += 1
    client.db.event("t", b"xgroup-delconsumer", args[2])
    return pending


@command("xgroup|help")
def xgroup_help(client: RedisSession, args: list[bytes]) -> Reply:
    return help_lines(
        "XGROUP",
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
    )


# -- acknowledging and looking at what is pending ------------------------------------------------------------------


@command("xack")
def xack(client: RedisSession, args: list[bytes]) -> Reply:
    stream = client.db.stream(args[1])
    if stream is None or args[2] not in stream.groups:
        return 0
    numbers = [parse_id(word) for word in args[3:]]
    stream = client.db.write_stream(args[1])
    group = None if stream is None else stream.write_group(args[2])
    assert group is not None
    acknowledged = sum(map(group.acknowledge, numbers))
    client.server.dirty += acknowledged
    return acknowledged


@command("xpending")
def xpending(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 3:
        return _pending_summary(_readable_group(client, args[1], args[2]))
    if not 6 <= len(args) <= 9:
        raise errors.SYNTAX
    least_idle_ms, at = 0, 3
    if args[3].upper() == b"IDLE":
        least_idle_ms = integer(args[4])
        if len(args) < 8:
            raise errors.SYNTAX
        at = 5
    count = integer(args[at + 2])
    start, end = parse_low(args[at]), parse_high(args[at + 1])
    group = _readable_group(client, args[1], args[2])
    numbers = group.pending.irange(start, end)
    if at + 3 < len(args):
        consumer = group.consumers.get(args[at + 3])
        if consumer is None:
            return []
        numbers = consumer.pending.irange(start, end)
    now_ms = client.clock.now_ms()
    found: list[Reply] = []
    for number in numbers:
        if len(found) >= count:
            break
        name, delivered_ms, deliveries = group.pending[number]
        if least_idle_ms and now_ms - delivered_ms < least_idle_ms:
            continue
        found.append([format_id(number), name, max(now_ms - delivered_ms, 0), deliveries])
    return found


def _readable_group(client: RedisSession, key: bytes, name: bytes) -> StreamGroup:
    stream = client.db.stream(key)
    group = None if stream is None else stream.groups.get(name)
    if group is None:
        raise errors.no_key_or_group(key, name)
    return group


def _pending_summary(group: StreamGroup) -> Reply:
    pending = group.pending
    if not pending:
        return [0, None, None, NULL_ARRAY]
    return [
        len(pending),
        format_id(pending.peekitem(0)[0]),
        format_id(pending.peekitem(-1)[0]),
        [[one.name, b"%d" % len(one.pending)] for one in group.sorted_consumers() if one.pending],
    ]


# -- claiming ------------------------------------------------------------------------------------------------------


class _Claimer:
    """Hands entries over to one consumer, which is made when the first is handed over (7.2: at once)."""

    def __init__(self, db: Database, key: bytes, stream: StreamValue, group: StreamGroup, name: bytes) -> None:
        self.db, self.key, self.stream, self.group, self.name = db, key, stream, group, name
        self.now_ms = db.server.clock.now_ms()
        self.found: list[Reply] = []
        self._consumer: StreamConsumer | None = None
        if db.server.version >= (7, 2):
            self._find()

    def _find(self) -> StreamConsumer:
        if self._consumer is None:
            self._consumer = find_or_create_consumer(self.db, self.key, self.group, self.name, self.now_ms)
        return self._consumer

    def too_fresh(self, number: int, least_idle_ms: int) -> bool:
        pending = self.group.pending.get(number)
        return bool(pending is not None and least_idle_ms and self.now_ms - pending[1] < least_idle_ms)

    def claim(self, number: int, items: list[bytes], delivered_ms: int, count: int, only_id: bool) -> None:
        consumer = self._find()
        consumer.active_ms = self.now_ms
        self.group.assign(number, consumer, delivered_ms, count)
        self.db.server.dirty += 1
        self.found.append(format_id(number) if only_id else [format_id(number), items])

    def forget(self, number: int) -> None:
        """An entry that is pending was deleted from the stream."""
        if self.group.acknowledge(number):
            self.db.server.dirty += 1


def _claimer(client: RedisSession, args: list[bytes]) -> _Claimer:
    stream = client.db.write_stream(args[1])
    group = None if stream is None else stream.write_group(args[2])
    if stream is None or group is None:
        raise errors.no_key_or_group(args[1], args[2])
    return _Claimer(client.db, args[1], stream, group, args[3])


@dataclass(slots=True)
class _ClaimOptions:
    """`delivered_ms` and `deliveries` are None while not given."""

    force: bool = False
    only_id: bool = False
    delivered_ms: int | None = None
    deliveries: int | None = None
    last_id: int = 0


def _claim_options(args: list[bytes], position: int, now_ms: int) -> _ClaimOptions:
    options = _ClaimOptions()
    while position < len(args):
        option, more = args[position].upper(), position + 1 < len(args)
        word = args[position + 1] if more else b""
        position += 2
        if option in (b"FORCE", b"JUSTID"):
            options.force = options.force or option == b"FORCE"
            options.only_id = options.only_id or option == b"JUSTID"
            position -= 1
        elif option == b"IDLE" and more:
            options.delivered_ms = now_ms - integer(word, errors.CLAIM_IDLE)
        elif option == b"TIME" and more:
            options.delivered_ms = integer(word, errors.CLAIM_TIME)
        elif option == b"RETRYCOUNT" and more:
            options.deliveries = integer(word, errors.CLAIM_RETRYCOUNT)
        elif option == b"LASTID" and more:
            options.last_id = parse_id(word)
        else:
            raise errors.unknown_claim_option(args[position - 2])
    return options


@command("xclaim")
def xclaim(client: RedisSession, args: list[bytes]) -> Reply:
    _readable_group(client, args[1], args[2])
    least_idle_ms = integer(args[4], errors.CLAIM_MIN_IDLE)
    numbers = []
    position = 5
    while position < len(args):
        try:
            numbers.append(parse_id(args[position]))
        except RedisError:
            # Where the ids end, the options begin.
            break
        position += 1
    now_ms = client.clock.now_ms()
    options = _claim_options(args, position, now_ms)
    claimer = _claimer(client, args)
    group = claimer.group
    if options.last_id > group.last_id:
        group.last_id = options.last_id
        client.server.dirty += 1
    delivered_ms = options.delivered_ms
    if delivered_ms is None or not 0 <= delivered_ms <= now_ms:
        delivered_ms = now_ms
    for number in numbers:
        items = claimer.stream.get(number)
        if items is None:
            claimer.forget(number)
            continue
        pending = group.pending.get(number)
        if pending is None and not options.force:
            continue
        if claimer.too_fresh(number, max(least_idle_ms, 0)):
            continue
        # An entry that FORCE made pending counts as delivered once already.
        count = 1 if pending is None else pending[2]
        if options.deliveries is not None and options.deliveries >= 0:
            count = options.deliveries
        elif not options.only_id:
            count += 1
        claimer.claim(number, items, delivered_ms, count, options.only_id)
    return claimer.found


@command("xautoclaim")
def xautoclaim(client: RedisSession, args: list[bytes]) -> Reply:
    least_idle_ms = integer(args[4], errors.AUTOCLAIM_MIN_IDLE)
    start = parse_low(args[5])
    count, only_id = _DEFAULT_AUTOCLAIM, False
    position = 6
    while position < len(args):
        option = args[position].upper()
        if option == b"COUNT" and position + 1 < len(args):
            count = integer(args[position + 1], errors.AUTOCLAIM_COUNT, low=1, high=_MAX_AUTOCLAIM)
            position += 2
        elif option == b"JUSTID":
            only_id = True
            position += 1
        else:
            raise errors.SYNTAX
    claimer = _claimer(client, args)
    deleted: list[bytes] = []
    attempts = min(count * _ATTEMPTS, len(claimer.group.pending))
    numbers = list(islice(claimer.group.pending.irange(start), attempts + 1))
    looked_at = 0
    for number in numbers[: count * _ATTEMPTS]:
        if len(claimer.found) + len(deleted) == count:
            break
        looked_at += 1
        items = claimer.stream.get(number)
        if items is None:
            claimer.forget(number)
            deleted.append(format_id(number))
        elif not claimer.too_fresh(number, max(least_idle_ms, 0)):
            deliveries = claimer.group.pending[number][2] + (not only_id)
            claimer.claim(number, items, claimer.now_ms, deliveries, only_id)
    cursor = numbers[looked_at] if looked_at < len(numbers) else 0
    return [format_id(cursor), claimer.found, deleted]
