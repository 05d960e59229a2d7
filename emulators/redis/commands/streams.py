"""Stream commands without groups, but for XREAD (redis.io group `stream`).

Trimming with `~` drops whole nodes only, and no more than 100 nodes' worth at a time unless LIMIT says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.bulk import entry_array
from emulators.redis.resp import NULL_ARRAY, OK, Reply
from emulators.redis.stream import MAX_ID, StreamValue, format_id, make_id
from emulators.redis.stream_ids import MAX_SEQUENCE, parse_high, parse_id, parse_low, parse_new
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds
    from emulators.redis.session import RedisSession

__all__ = ["entries_reply", "entries_written"]

_MAX_LIMIT = 1_000_000
_DEFAULT_LIMIT = 10_000


def entries_reply(entries: Iterable[tuple[int, list[bytes]]]) -> list[list[object]]:
    """Entries as XRANGE and all others show them."""
    return [[format_id(number), items] for number, items in entries]


def entries_written(client: RedisSession, entries: Iterable[tuple[int, list[bytes]]]) -> Reply:
    """The same for a reply that goes to the client as it is; a script gets it in parts."""
    if not client.may_block:
        return entries_reply(entries)
    return entry_array((format_id(number), items) for number, items in entries)


# -- adding and trimming -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Trimming:
    """MAXLEN or MINID with its options. `limit` is -1 while not given."""

    by: bytes = b""
    bound: int = 0
    approximate: bool = False
    limit: int = -1

    def parse(self, args: list[bytes], position: int) -> int:
        """Read MAXLEN or MINID at `position`; returns the position after it."""
        if self.by:
            raise errors.MAXLEN_AND_MINID
        by = args[position].upper()
        self.approximate = False
        position += 1
        if args[position] in (b"~", b"=") and position + 1 < len(args):
            self.approximate = args[position] == b"~"
            position += 1
        if by == b"MAXLEN":
            self.bound = integer(args[position])
            if self.bound < 0:
                raise errors.NEGATIVE_MAXLEN
        else:
            self.bound = parse_id(args[position])
        self.by = by
        return position + 1

    def parse_limit(self, word: bytes) -> None:
        self.limit = integer(word)
        if self.limit < 0:
            raise errors.NEGATIVE_TRIM_LIMIT

    def finish(self, thresholds: Thresholds) -> None:
        """Check how the options go together, once all are read."""
        if self.limit > 0 and not self.by:
            raise errors.LIMIT_WITHOUT_TRIMMING
        if self.limit >= 0 and not self.approximate:
            raise errors.LIMIT_WITHOUT_TILDE
        if self.limit < 0:
            self.limit = 0
            if self.approximate:
                limit = 100 * thresholds.stream_node_entries
                self.limit = min(limit, _MAX_LIMIT) if limit > 0 else _DEFAULT_LIMIT

    def apply(self, stream: StreamValue) -> int:
        if not self.by:
            return 0
        return stream.trim(
            max_length=self.bound if self.by == b"MAXLEN" else None,
            min_id=self.bound,
            approximate=self.approximate,
            limit=self.limit,
        )


def _next_id(stream: StreamValue | None, now_ms: int, wanted: int | None, complete: bool) -> int:
    """The id of a new entry. `wanted` is None for `*`, and not `complete` for `<ms>-*`."""
    last = 0 if stream is None else stream.last_id
    if last == MAX_ID:
        raise errors.STREAM_EXHAUSTED
    if wanted is None:
        return make_id(now_ms, 0) if now_ms > last >> 64 else last + 1
    if not complete and wanted >> 64 == last >> 64:
        if last & MAX_SEQUENCE == MAX_SEQUENCE:
            raise errors.STREAM_ID_TOO_SMALL
        return last + 1
    if wanted <= last:
        raise errors.STREAM_ID_TOO_SMALL
    return wanted


@command("xadd")
def xadd(client: RedisSession, args: list[bytes]) -> Reply:
    if args[2] == b"*":
        # No options, by far the most frequent form.
        return _add(client, args, 2, None, False, True, None)
    trimming = _Trimming()
    make_stream = True
    wanted: int | None = None
    complete = False
    position = 2
    while position < len(args) and args[position] != b"*":
        option, more = args[position].upper(), position + 1 < len(args)
        if option in (b"MAXLEN", b"MINID") and more:
            position = trimming.parse(args, position)
        elif option == b"LIMIT" and more:
            trimming.parse_limit(args[position + 1])
            position += 2
        elif option == b"NOMKSTREAM":
            make_stream = False
            position += 1
        else:
            wanted, complete = parse_new(args[position])
            break
    trimming.finish(client.server.thresholds)
    return _add(client, args, position, wanted, complete, make_stream, trimming)


def _add(
    client: RedisSession,
    args: list[bytes],
    position: int,
    wanted: int | None,
    complete: bool,
    make_stream: bool,
    trimming: _Trimming | None,
) -> Reply:
    """Add an entry whose id stands at `position`."""
    items = args[position + 1 :]
    if not items or len(items) % 2:
        raise errors.wrong_arity("xadd")
    if wanted == 0 and complete:
        raise errors.STREAM_ID_ZERO
    db, key = client.db, args[1]
    server = db.server
    stream = db.write_stream(key)
    if stream is None and not make_stream:
        return None
    number = _next_id(stream, client.clock.now_ms(), wanted, complete)
    if stream is None:
        stream = StreamValue()
        db.add(key, stream)
    stream.append(number, items, server.thresholds)
    db.changed(key)
    db.event("t", b"xadd", key)
    if trimming is not None and trimming.apply(stream):
        db.event("t", b"xtrim", key)
    if server.waiting:
        server.blocking.created(db, key)
    return format_id(number)


@command("xtrim")
def xtrim(client: RedisSession, args: list[bytes]) -> Reply:
    trimming = _Trimming()
    position = 2
    while position < len(args):
        option, more = args[position].upper(), position + 1 < len(args)
        if option in (b"MAXLEN", b"MINID") and more:
            position = trimming.parse(args, position)
        elif option == b"LIMIT" and more:
            trimming.parse_limit(args[position + 1])
            position += 2
        else:
            raise errors.SYNTAX
    if not trimming.by and trimming.limit <= 0:
        raise errors.TRIM_WITHOUT_STRATEGY
    trimming.finish(client.server.thresholds)
    db, key = client.db, args[1]
    stream = db.write_stream(key)
    if stream is None:
        return 0
    deleted = trimming.apply(stream)
    if deleted:
        db.event("t", b"xtrim", key)
        db.changed(key)
    return deleted


@command("xdel")
def xdel(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    stream = db.write_stream(key)
    if stream is None:
        return 0
    deleted = stream.delete([parse_id(word) for word in args[2:]])
    if deleted:
        db.changed(key)
        db.event("t", b"xdel", key)
    return deleted


@command("xsetid")
def xsetid(client: RedisSession, args: list[bytes]) -> Reply:
    number = parse_id(args[2])
    added = -1
    max_deleted = 0
    position = 3
    while position < len(args):
        option = args[position].upper()
        if position + 1 == len(args):
            raise errors.SYNTAX
        word = args[position + 1]
        if option == b"ENTRIESADDED":
            added = integer(word)
            if added < 0:
                raise errors.ADDED_NEGATIVE
        elif option == b"MAXDELETEDID":
            max_deleted = parse_id(word)
            if number < max_deleted:
                raise errors.SETID_BELOW_DELETED
        else:
            raise errors.SYNTAX
        position += 2
    db, key = client.db, args[1]
    stream = db.write_stream(key)
    if stream is None:
        raise errors.NO_SUCH_KEY
    if stream.length:
        if number < stream.last_live_id():
            raise errors.SETID_BELOW_TOP
        if 0 <= added < stream.length:
            raise errors.ADDED_BELOW_LENGTH
    stream.last_id = number
    if added >= 0:
        stream.added = added
    if max_deleted:
        stream.max_deleted_id = max_deleted
    db.server.dirty += 1
    db.event("t", b"xsetid", key)
    return OK


# -- reading -------------------------------------------------------------------------------------------------------


@command("xlen")
def xlen(client: RedisSession, args: list[bytes]) -> Reply:
    stream = client.db.stream(args[1])
    return 0 if stream is None else stream.length


def _range(client: RedisSession, args: list[bytes], reverse: bool) -> Reply:
    start = parse_low(args[3] if reverse else args[2])
    end = parse_high(args[2] if reverse else args[3])
    count = -1
    position = 4
    while position < len(args):
        if args[position].upper() != b"COUNT" or position + 1 == len(args):
            raise errors.SYNTAX
        count = max(integer(args[position + 1]), 0)
        position += 2
    stream = client.db.stream(args[1])
    if stream is None:
        return []
    if count == 0:
        return NULL_ARRAY
    entries = stream.iterate_back(start, end) if reverse else stream.iterate(start, end)
    return entries_written(client, islice(entries, count) if 0 < count <= stream.length else entries)


@command("xrange")
def xrange(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, False)


@command("xrevrange")
def xrevrange(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, True)
