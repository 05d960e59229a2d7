"""List commands that answer at once (redis.io group `list`); those that move between lists or wait stand in `list_moves`.

From 7.2 on, a small list is a `listpack` and turns into a `quicklist`, and back at half the size; before, all are quicklists.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.bulk import bulk_array
from emulators.redis.errors import RedisError
from emulators.redis.resp import NULL_ARRAY, OK, Reply
from emulators.redis.table import command
from emulators.redis.values import ListValue

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

__all__ = ["pop_many", "pop_one", "push", "settle"]

_LONG_MAX = 2**63 - 1
# From so many elements on, a range is written as a whole.
_MANY = 16


def push(db: Database, key: bytes, items: list[bytes], left: bool) -> int:
    """Push items one after the other, creating the list if there is none; returns the length."""
    value = db.write_list(key)
    if value is None:
        value = ListValue((), db.server.version < (7, 2))
        db.add(key, value)
    if not value.large:
        value.will_grow(items, db.server.thresholds)
    if left:
        value.push_left(items)
        db.changed(key)
        db.event("l", b"lpush", key)
    else:
        value.push_right(items)
        db.changed(key)
        db.event("l", b"rpush", key)
    return len(value)


def pop_one(db: Database, key: bytes, value: ListValue, left: bool) -> bytes:
    """Pop from a list that `write_list` gave; the list goes with its last element."""
    item = value.pop_left() if left else value.pop_right()
    _after_pop(db, key, value, left)
    return item


def pop_many(db: Database, key: bytes, value: ListValue, count: int, left: bool) -> list[bytes]:
    """The same for up to `count` elements."""
    items = value.pop_many(count, left)
    _after_pop(db, key, value, left)
    return items


def _after_pop(db: Database, key: bytes, value: ListValue, left: bool) -> None:
    db.event("l", b"lpop" if left else b"rpop", key)
    if not value.front and not value.back:
        db.drop_if_empty(key, value)
    else:
        settle(db, value)
    db.changed(key)


def settle(db: Database, value: ListValue) -> None:
    """After elements were removed, the list may be a listpack again (7.2)."""
    if db.server.version >= (7, 2):
        value.has_shrunk(db.server.thresholds)


@command("lpush")
def lpush(client: RedisSession, args: list[bytes]) -> Reply:
    return push(client.db, args[1], args[2:], True)


@command("rpush")
def rpush(client: RedisSession, args: list[bytes]) -> Reply:
    return push(client.db, args[1], args[2:], False)


@command("lpushx")
def lpushx(client: RedisSession, args: list[bytes]) -> Reply:
    return push(client.db, args[1], args[2:], True) if client.db.list(args[1]) is not None else 0


@command("rpushx")
def rpushx(client: RedisSession, args: list[bytes]) -> Reply:
    return push(client.db, args[1], args[2:], False) if client.db.list(args[1]) is not None else 0


def _pop(client: RedisSession, args: list[bytes], left: bool) -> Reply:
    db, key = client.db, args[1]
    if len(args) == 2:
        value = db.write_list(key)
        return None if value is None else pop_one(db, key, value, left)
    if len(args) > 3:
        raise errors.wrong_arity("lpop" if left else "rpop")
    count = integer(args[2], errors.MUST_BE_POSITIVE, low=0)
    value = db.write_list(key)
    if value is None:
        return NULL_ARRAY
    return pop_many(db, key, value, count, left) if count else []


@command("lpop")
def lpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _pop(client, args, True)


@command("rpop")
def rpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _pop(client, args, False)


@command("llen")
def llen(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.list(args[1])
    return 0 if value is None else len(value)


@command("lindex")
def lindex(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.list(args[1])
    if value is None:
        return None
    index, size = integer(args[2]), len(value)
    if index < 0:
        index += size
    return value.at(index) if 0 <= index < size else None


def _bounds(start: int, stop: int, size: int) -> tuple[int, int]:
    """Inclusive indexes, negative ones from the end, as a half-open range within the list; an empty one is (0, 0)."""
    if start < 0:
        start = max(start + size, 0)
    if stop < 0:
        stop += size
    if start > stop or start >= size:
        return 0, 0
    return start, min(stop, size - 1) + 1


@command("lrange")
def lrange(client: RedisSession, args: list[bytes]) -> Reply:
    start, stop = integer(args[2]), integer(args[3])
    value = client.db.list(args[1])
    if value is None:
        return []
    start, stop = _bounds(start, stop, len(value))
    items = value.slice(start, stop)
    # Scripts look into their replies, so they get them as they are.
    return bulk_array(items) if stop - start >= _MANY and client.may_block else items


@command("lset")
def lset(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.list(key)
    if value is None:
        raise errors.NO_SUCH_KEY
    index, size = integer(args[2]), len(value)
    if index < 0:
        index += size
    if not 0 <= index < size:
        raise errors.INDEX_RANGE
    value = db.write(key)
    value.will_grow([args[3]], db.server.thresholds)
    value.replace(index, args[3])
    settle(db, value)
    db.changed(key)
    db.event("l", b"lset", key)
    return OK


@command("linsert")
def linsert(client: RedisSession, args: list[bytes]) -> Reply:
    where = args[2].upper()
    if where not in (b"BEFORE", b"AFTER"):
        raise errors.SYNTAX
    db, key = client.db, args[1]
    value = db.list(key)
    if value is None:
        return 0
    index = next(value.find(args[3]), None)
    if index is None:
        return -1
    value = db.write(key)
    value.will_grow([args[4]], db.server.thresholds)
    value.insert(index + (where == b"AFTER"), args[4])
    db.changed(key)
    db.event("l", b"linsert", key)
    return len(value)


@command("lrem")
def lrem(client: RedisSession, args: list[bytes]) -> Reply:
    count = integer(args[2])
    db, key = client.db, args[1]
    value = db.list(key)
    if value is None:
        return 0
    found = list(islice(value.find(args[3], count < 0), min(abs(count), _LONG_MAX) or None))
    if not found:
        return 0
    value = db.write(key)
    value.remove(found[::-1] if count < 0 else found)
    db.changed(key)
    db.event("l", b"lrem", key)
    if not db.drop_if_empty(key, value):
        settle(db, value)
    return len(found)


@command("ltrim")
def ltrim(client: RedisSession, args: list[bytes]) -> Reply:
    start, stop = integer(args[2]), integer(args[3])
    db, key = client.db, args[1]
    value = db.write_list(key)
    if value is None:
        return OK
    start, stop = _bounds(start, stop, len(value))
    value.keep(start, stop)
    db.event("l", b"ltrim", key)
    if not db.drop_if_empty(key, value):
        settle(db, value)
    db.changed(key)
    return OK


@command("lpos")
def lpos(client: RedisSession, args: list[bytes]) -> Reply:
    rank, count, scan = 1, -1, 0
    position = 3
    while position < len(args):
        option = args[position].upper()
        if position + 1 == len(args):
            raise errors.SYNTAX
        word = args[position + 1]
        if option == b"RANK":
            rank = integer(word)
            if rank == -_LONG_MAX - 1:
                if client.server.version >= (7, 2):
                    raise errors.out_of_range(-_LONG_MAX, _LONG_MAX)
                # Its positive counterpart does not exist; the server then takes any match from the tail.
                rank = -1
            if rank == 0:
                raise errors.ZERO_RANK
        elif option == b"COUNT":
            count = integer(word, _NEGATIVE_COUNT, low=0)
        elif option == b"MAXLEN":
            scan = integer(word, _NEGATIVE_MAXLEN, low=0)
        else:
            raise errors.SYNTAX
        position += 2
    value = client.db.list(args[1])
    if value is None:
        return None if count == -1 else []
    matches = value.find(args[2], rank < 0, scan or None)
    skip = abs(rank) - 1
    # No list has more matches than elements, so a far rank finds none.
    if skip >= len(value):
        return None if count == -1 else []
    if count == -1:
        return next(islice(matches, skip, None), None)
    return list(islice(matches, skip, skip + count if 0 < count <= len(value) else None))


_NEGATIVE_COUNT = RedisError("ERR COUNT can't be negative")
_NEGATIVE_MAXLEN = RedisError("ERR MAXLEN can't be negative")
