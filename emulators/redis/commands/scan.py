"""SCAN, HSCAN, SSCAN, ZSCAN (redis.io groups `generic`, `hash`, `set`, `sorted_set`).

A step costs what COUNT asks for, however large the collection is (see `emulators.redis.scan`). Values in a compact encoding
come whole with the first call, whatever COUNT says, as from the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.glob import compile_glob
from emulators.redis.resp import Reply, format_double
from emulators.redis.table import command
from emulators.redis.values import SetValue, type_name

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_CURSOR = re.compile(rb"[+-]?\d*")
_CURSOR_LIMIT = 2**64


@dataclass(slots=True)
class _Options:
    cursor: int
    count: int = 10
    matches: Callable[[bytes], object] | None = None
    type: bytes | None = None


def _parse(args: list[bytes], position: int, with_type: bool = False) -> _Options:
    """The options, which begin after the cursor at `position`."""
    options = _Options(_cursor(args[position]))
    position += 1
    while position < len(args):
        option, more = args[position].upper(), position + 1 < len(args)
        if option == b"COUNT" and more:
            options.count = integer(args[position + 1])
            if options.count < 1:
                raise errors.SYNTAX
        elif option == b"MATCH" and more:
            pattern = args[position + 1]
            options.matches = None if pattern == b"*" else compile_glob(pattern).fullmatch
        elif option == b"TYPE" and more and with_type:
            options.type = args[position + 1].lower()
        else:
            raise errors.SYNTAX
        position += 2
    return options


def _cursor(word: bytes) -> int:
    """An unsigned number as strtoul reads it: a sign is allowed, and nothing at all is zero."""
    word = word.partition(b"\0")[0]
    if _CURSOR.fullmatch(word) is None or word in (b"+", b"-"):
        raise errors.INVALID_CURSOR
    if len(word) > 40 or abs(int(word or b"0")) >= _CURSOR_LIMIT:
        raise errors.INVALID_CURSOR
    return int(word or b"0") % _CURSOR_LIMIT


def _reply(cursor: int, items: Iterable[bytes]) -> Reply:
    return [b"%d" % cursor, list(items)]


@command("scan")
def scan(client: RedisSession, args: list[bytes]) -> Reply:
    options = _parse(args, 1, with_type=True)
    db = client.db
    cursor = 0
    found: list[bytes] = []
    if options.cursor < _CURSOR_LIMIT >> 1:
        # Larger ones were never given out.
        cursor, found = db.scan_index().step(options.cursor, options.count)
    if options.matches is not None:
        found = [key for key in found if options.matches(key)]
    if options.type is not None or db.lazy:
        wanted, kept = options.type, []
        for key in found:
            value = db.peek(key)
            if value is not None and (wanted is None or type_name(value) == wanted):
                kept.append(key)
        found = kept
    return _reply(cursor, found)


@command("sscan")
def sscan(client: RedisSession, args: list[bytes]) -> Reply:
    cursor = _cursor(args[2])
    value = client.db.set(args[1])
    if value is None:
        return _reply(0, ())
    options = _parse(args, 2)
    if value.form == SetValue.HASHTABLE:
        cursor, found = value.scan_index().step(cursor, options.count)
    else:
        cursor, found = 0, value.ordered()
    if options.matches is not None:
        found = [member for member in found if options.matches(member)]
    return _reply(cursor, found)


@command("hscan")
def hscan(client: RedisSession, args: list[bytes]) -> Reply:
    cursor = _cursor(args[2])
    value = client.db.hash(args[1])
    if value is None:
        return _reply(0, ())
    no_values = client.server.version >= (7, 4) and args[-1].upper() == b"NOVALUES"
    options = _parse(args[:-1] if no_values else args, 2)
    if value.large:
        cursor, found = value.scan_index().step(cursor, options.count)
    else:
        cursor, found = 0, list(value.fields)
    if options.matches is not None:
        found = [field for field in found if options.matches(field)]
    if no_values:
        return _reply(cursor, found)
    fields = value.fields
    return _reply(cursor, [item for field in found for item in (field, fields[field])])


@command("zscan")
def zscan(client: RedisSession, args: list[bytes]) -> Reply:
    cursor = _cursor(args[2])
    value = client.db.zset(args[1])
    if value is None:
        return _reply(0, ())
    options = _parse(args, 2)
    if value.large:
        cursor, found = value.scan_index().step(cursor, options.count)
    else:
        cursor, found = 0, [member for _, member in value.order]
    if options.matches is not None:
        found = [member for member in found if options.matches(member)]
    # A skiplist's scores are printed from the number, a listpack's are the text that is stored there.
    shortest = client.server.version >= (7, 2) and not value.large
    scores = value.scores
    return _reply(cursor, [item for member in found for item in (member, format_double(scores[member], shortest))])
