"""Deadlines of keys (redis.io group `generic`): EXPIRE and its family, TTL and its family, PERSIST.

Every deadline is an instant in milliseconds. One that has passed deletes the key at once, with a `del` event, as the server
does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import long_integer
from emulators.redis.resp import Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_MAX = 2**63 - 1
_OPTIONS = frozenset({b"NX", b"XX", b"GT", b"LT"})


def _parse_options(words: list[bytes]) -> set[bytes]:
    options = set()
    for word in words:
        option = word.upper()
        if option not in _OPTIONS:
            raise errors.unsupported_option(word)
        options.add(option)
    if b"NX" in options and len(options) > 1:
        raise errors.EXPIRE_NX_WITH_OTHERS
    if b"GT" in options and b"LT" in options:
        raise errors.EXPIRE_GT_AND_LT
    return options


def _expire(client: RedisSession, args: list[bytes], name: str, unit_ms: int, relative: bool) -> Reply:
    options = _parse_options(args[3:]) if len(args) > 3 else None
    now_ms = client.clock.now_ms()
    number = long_integer(args[2])
    if number is None:
        raise errors.NOT_INTEGER
    if unit_ms != 1 and not -_MAX // unit_ms < number <= _MAX // unit_ms:
        raise errors.invalid_expire(name)
    when = number * unit_ms
    if relative:
        if when > _MAX - now_ms:
            raise errors.invalid_expire(name)
        when += now_ms

    db, key = client.db, args[1]
    if db.get(key) is None:
        return 0
    if options:
        current = db.expires.get(key)
        if (
            (b"NX" in options and current is not None)
            or (b"XX" in options and current is None)
            or (b"GT" in options and (current is None or when <= current))
            or (b"LT" in options and current is not None and when >= current)
        ):
            return 0
    if when <= now_ms:
        db.delete(key)
        db.changed(key)
        db.event("g", b"del", key)
    else:
        db.set_deadline(key, when)
        db.changed(key)
        db.event("g", b"expire", key)
    return 1


@command("expire")
def expire(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "expire", 1000, relative=True)


@command("pexpire")
def pexpire(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "pexpire", 1, relative=True)


@command("expireat")
def expireat(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "expireat", 1000, relative=False)


@command("pexpireat")
def pexpireat(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "pexpireat", 1, relative=False)


def _deadline(client: RedisSession, key: bytes) -> int:
    """The key's deadline; -1 if it has none, -2 if there is no such key."""
    if client.db.peek(key) is None:
        return -2
    return client.db.expires.get(key, -1)


@command("pttl")
def pttl(client: RedisSession, args: list[bytes]) -> Reply:
    deadline = _deadline(client, args[1])
    return deadline if deadline < 0 else max(0, deadline - client.clock.now_ms())


@command("ttl")
def ttl(client: RedisSession, args: list[bytes]) -> Reply:
    deadline = _deadline(client, args[1])
    return deadline if deadline < 0 else (max(0, deadline - client.clock.now_ms()) + 500) // 1000


@command("pexpiretime")
def pexpiretime(client: RedisSession, args: list[bytes]) -> Reply:
    return _deadline(client, args[1])


@command("expiretime")
def expiretime(client: RedisSession, args: list[bytes]) -> Reply:
    deadline = _deadline(client, args[1])
    return deadline if deadline < 0 else (deadline + 500) // 1000


@command("persist")
def persist(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    if db.get(key) is None or not db.drop_deadline(key):
        return 0
    db.changed(key)
    db.event("g", b"persist", key)
    return 1
