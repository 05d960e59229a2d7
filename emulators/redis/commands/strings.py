"""String commands (redis.io group `string`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import deadline_ms, integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_EXPIRY_OPTIONS = {b"EX": (1000, False), b"PX": (1, False), b"EXAT": (1000, True), b"PXAT": (1, True)}


@command("get")
def get(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.get(args[1])
    if value is None or isinstance(value, bytes):
        return value
    raise errors.WRONG_TYPE


@command("set")
def set_(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    if len(args) == 3:
        # The plain form, by far the most frequent one.
        db.put(key, args[2])
        db.changed(key)
        db.event("$", b"set", key)
        return OK
    deadline: int | None = None
    keep = get_old = only_new = only_old = False
    position = 3
    while position < len(args):
        option = args[position].upper()
        if option == b"NX" and not only_old:
            only_new = True
        elif option == b"XX" and not only_new:
            only_old = True
        elif option == b"GET":
            get_old = True
        elif option == b"KEEPTTL" and deadline is None:
            keep = True
        elif option in _EXPIRY_OPTIONS and deadline is None and not keep and position + 1 < len(args):
            unit_ms, absolute = _EXPIRY_OPTIONS[option]
            position += 1
            deadline = deadline_ms(
                args[position], now_ms=client.clock.now_ms(), unit_ms=unit_ms, absolute=absolute, command="set"
            )
        else:
            raise errors.SYNTAX
        position += 1
    old = db.string(key) if get_old else db.get(key)
    if (only_new and old is not None) or (only_old and old is None):
        return old if get_old else None
    db.put(key, args[2], keep_deadline=keep)
    if deadline is not None:
        db.set_deadline(key, deadline)
    db.changed(key)
    db.event("$", b"set", key)
    if deadline is not None:
        db.event("g", b"expire", key)
    return old if get_old else OK


def _add(client: RedisSession, key: bytes, amount: int) -> Reply:
    db = client.db
    old = db.string(key)
    value = integer(old) if old is not None else 0
    value += amount
    if not -(2**63) <= value < 2**63:
        raise errors.OVERFLOW
    db.put(key, b"%d" % value, keep_deadline=True)
    db.changed(key)
    db.event("$", b"incrby", key)
    return value


@command("incr")
def incr(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], 1)


@command("decr")
def decr(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], -1)


@command("incrby")
def incrby(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], integer(args[2]))


@command("decrby")
def decrby(client: RedisSession, args: list[bytes]) -> Reply:
    amount = integer(args[2])
    if amount == -(2**63):
        raise RedisError("ERR decrement would overflow")
    return _add(client, args[1], -amount)
