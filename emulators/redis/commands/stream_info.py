"""XINFO (redis.io group `stream`). 7.2 added when a consumer last got something (`inactive`, `active-time`)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.commands.help import help_lines
from emulators.redis.commands.streams import entries_reply
from emulators.redis.resp import Reply
from emulators.redis.stream import UNKNOWN, StreamConsumer, StreamGroup, StreamValue, format_id
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_DEFAULT_COUNT = 10

_T = TypeVar("_T")


def _stream(client: RedisSession, args: list[bytes]) -> StreamValue:
    stream = client.db.stream(args[2])
    if stream is None:
        raise errors.NO_SUCH_KEY
    return stream


def _first(values: Iterable[_T], count: int) -> Iterable[_T]:
    return islice(values, count) if count else values


@command("xinfo|stream")
def xinfo_stream(client: RedisSession, args: list[bytes]) -> Reply:
    stream = _stream(client, args)
    count = _DEFAULT_COUNT
    if len(args) > 3:
        if len(args) not in (4, 6) or args[3].upper() != b"FULL":
            raise errors.subcommand_syntax(args)
        if len(args) == 6:
            if args[4].upper() != b"COUNT":
                raise errors.subcommand_syntax(args)
            count = integer(args[5])
            if count < 0:
                count = _DEFAULT_COUNT
    reply: dict[bytes, Reply] = {
        b"length": stream.length,
        b"radix-tree-keys": len(stream.nodes),
        b"radix-tree-nodes": stream.radix_nodes(),
        b"last-generated-id": format_id(stream.last_id),
        b"max-deleted-entry-id": format_id(stream.max_deleted_id),
        b"entries-added": stream.added,
        b"recorded-first-entry-id": format_id(stream.first_id),
    }
    if len(args) == 3:
        reply[b"groups"] = len(stream.groups)
        reply[b"first-entry"] = next(iter(entries_reply(islice(stream.iterate(), 1))), None)
        reply[b"last-entry"] = next(iter(entries_reply(islice(stream.iterate_back(), 1))), None)
        return reply
    reply[b"entries"] = entries_reply(_first(stream.iterate(), count))
    with_active = client.server.version >= (7, 2)
    reply[b"groups"] = [_full_group(stream, name, group, count, with_active) for name, group in stream.sorted_groups()]
    return reply


def _progress(stream: StreamValue, group: StreamGroup) -> dict[bytes, Reply]:
    return {
        b"last-delivered-id": format_id(group.last_id),
        b"entries-read": None if group.entries_read == UNKNOWN else group.entries_read,
        b"lag": stream.lag(group),
    }


def _full_group(stream: StreamValue, name: bytes, group: StreamGroup, count: int, with_active: bool) -> Reply:
    return {
        b"name": name,
        **_progress(stream, group),
        b"pel-count": len(group.pending),
        b"pending": [[format_id(number), *pending] for number, pending in _first(group.pending.items(), count)],
        b"consumers": [_full_consumer(group, one, count, with_active) for one in group.sorted_consumers()],
    }


def _full_consumer(group: StreamGroup, consumer: StreamConsumer, count: int, with_active: bool) -> Reply:
    return {
        b"name": consumer.name,
        b"seen-time": consumer.seen_ms,
        **({b"active-time": consumer.active_ms} if with_active else {}),
        b"pel-count": len(consumer.pending),
        b"pending": [[format_id(number), *group.pending[number][1:]] for number in _first(consumer.pending, count)],
    }


@command("xinfo|groups")
def xinfo_groups(client: RedisSession, args: list[bytes]) -> Reply:
    stream = _stream(client, args)
    return [
        {
            b"name": name,
            b"consumers": len(group.consumers),
            b"pending": len(group.pending),
            **_progress(stream, group),
        }
        for name, group in stream.sorted_groups()
    ]


@command("xinfo|consumers")
def xinfo_consumers(client: RedisSession, args: list[bytes]) -> Reply:
    group = _stream(client, args).groups.get(args[3])
    if group is None:
        raise errors.no_group_for_key(args[3], args[2])
    now_ms = client.clock.now_ms()
    reply = []
    for one in group.sorted_consumers():
        shown: dict[bytes, Reply] = {
            b"name": one.name,
            b"pending": len(one.pending),
            b"idle": max(now_ms - one.seen_ms, 0),
        }
        if client.server.version >= (7, 2):
            shown[b"inactive"] = -1 if one.active_ms == -1 else max(now_ms - one.active_ms, 0)
        reply.append(shown)
    return reply


@command("xinfo|help")
def xinfo_help(client: RedisSession, args: list[bytes]) -> Reply:
    return help_lines(
        "XINFO",
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
    )
