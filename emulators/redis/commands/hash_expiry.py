"""Deadlines of single hash fields (7.4): HEXPIRE and its kin (redis.io group `hash`).

Each command answers with one number per field: -2 there is no such field (or hash), -1 it has no deadline, 0 a condition was
not met, 1 done, 2 the deadline is past and the field is gone. The clock removes fields when they are due (see
`emulators.redis.field_deadlines`), with a `hexpired` event, and the hash with its last field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, long_integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_NO_FIELD, _NO_DEADLINE, _REFUSED, _DONE, _GONE = -2, -1, 0, 1, 2
#: Deadlines are kept in 48 bits of milliseconds.
_MAX_DEADLINE_MS = (1 << 46) - 1
_CONDITIONS = (b"NX", b"XX", b"GT", b"LT")


def _fields(args: list[bytes], position: int, bad_count: RedisError) -> list[bytes]:
    """`FIELDS numfields field [field ...]` from `position` to the end."""
    if position >= len(args) or args[position].upper() != b"FIELDS":
        raise _NO_FIELDS
    count = long_integer(args[position + 1]) if position + 1 < len(args) else None
    if count is None or not 1 <= count < 1 << 31:
        raise bad_count
    fields = args[position + 2 :]
    if len(fields) != count:
        raise _WRONG_COUNT
    return fields


def _deadline(word: bytes, now_ms: int, unit_ms: int, absolute: bool, name: str) -> int:
    number = integer(word)
    if number < 0:
        raise _NEGATIVE
    if number > _MAX_DEADLINE_MS // unit_ms:
        raise errors.invalid_expire(name)
    number *= unit_ms
    if not absolute:
        if number > _MAX_DEADLINE_MS - now_ms:
            raise errors.invalid_expire(name)
        number += now_ms
    return number


def _allowed(condition: bytes | None, old: int | None, new: int) -> bool:
    if condition is None:
        return True
    if condition == b"NX":
        return old is None
    if condition == b"XX":
        return old is not None
    if condition == b"GT":
        return old is not None and new > old
    return old is None or new < old


def _expire(client: RedisSession, args: list[bytes], name: str, unit_ms: int, absolute: bool) -> Reply:
    now_ms = client.clock.now_ms()
    db, key = client.db, args[1]
    # Another type is told before anything else.
    db.hash(key)
    deadline = _deadline(args[2], now_ms, unit_ms, absolute, name)
    position, condition = 3, None
    if args[3].upper() in _CONDITIONS:
        condition = args[3].upper()
        position = 4
    fields = _fields(args, position, _COUNT_NOT_POSITIVE)
    value = db.write_hash(key)
    if value is None:
        return [_NO_FIELD] * len(fields)
    results, past, changed = [], [], False
    for field in fields:
        if field not in value.fields:
            results.append(_NO_FIELD)
        elif not _allowed(condition, (value.expires or {}).get(field), deadline):
            results.append(_REFUSED)
        elif deadline <= now_ms:
            value.remove(field)
            past.append(field)
            results.append(_GONE)
        else:
            db.fields.put(key, value, field, deadline)
            changed = True
            results.append(_DONE)
    if changed or past:
        db.changed(key)
        if changed:
            db.event("h", b"hexpire", key)
        if past:
            db.event("h", b"hdel", key)
            db.drop_if_empty(key, value)
    return results


@command("hexpire")
def hexpire(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "hexpire", 1000, False)


@command("hpexpire")
def hpexpire(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "hpexpire", 1, False)


@command("hexpireat")
def hexpireat(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "hexpireat", 1000, True)


@command("hpexpireat")
def hpexpireat(client: RedisSession, args: list[bytes]) -> Reply:
    return _expire(client, args, "hpexpireat", 1, True)


@command("hpersist")
def hpersist(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.write_hash(key)
    fields = _fields(args, 2, _BAD_COUNT)
    if value is None:
        return [_NO_FIELD] * len(fields)
    results = []
    for field in fields:
        if field not in value.fields:
            results.append(_NO_FIELD)
        elif not value.expires or value.expires.pop(field, None) is None:
            results.append(_NO_DEADLINE)
        else:
            results.append(_DONE)
    if _DONE in results:
        db.changed(key)
        db.event("h", b"hpersist", key)
    return results


def _tell(client: RedisSession, args: list[bytes], shown: Callable[[int], int]) -> Reply:
    value = client.db.hash(args[1])
    fields = _fields(args, 2, _BAD_COUNT)
    if value is None:
        return [_NO_FIELD] * len(fields)
    expires = value.expires or {}
    return [
        (shown(expires[field]) if field in expires else _NO_DEADLINE) if field in value.fields else _NO_FIELD
        for field in fields
    ]


@command("httl")
def httl(client: RedisSession, args: list[bytes]) -> Reply:
    now_ms = client.clock.now_ms()
    return _tell(client, args, lambda deadline: max(0, deadline - now_ms + 999) // 1000)


@command("hpttl")
def hpttl(client: RedisSession, args: list[bytes]) -> Reply:
    now_ms = client.clock.now_ms()
    return _tell(client, args, lambda deadline: max(0, deadline - now_ms))


@command("hexpiretime")
def hexpiretime(client: RedisSession, args: list[bytes]) -> Reply:
    return _tell(client, args, lambda deadline: (deadline + 999) // 1000)


@command("hpexpiretime")
def hpexpiretime(client: RedisSession, args: list[bytes]) -> Reply:
    return _tell(client, args, lambda deadline: deadline)


_NO_FIELDS = RedisError("ERR Mandatory argument FIELDS is missing or not at the right position")
_COUNT_NOT_POSITIVE = RedisError("ERR Parameter `numFields` should be greater than 0")
_BAD_COUNT = RedisError("ERR Number of fields must be a positive integer")
_WRONG_COUNT = RedisError("ERR The `numfields` parameter must match the number of arguments")
_NEGATIVE = RedisError("ERR invalid expire time, must be >= 0")
