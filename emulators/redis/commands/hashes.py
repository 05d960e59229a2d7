"""Hash commands (redis.io group `hash`); deadlines of single fields (7.4) stand in `hash_expiry`, HSCAN in `scan`.

A small hash is a listpack and keeps its fields in order of arrival; a large one has no order that a client could rely on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors, floats
from emulators.redis.arguments import integer, long_integer
from emulators.redis.resp import OK, Pairs, Reply
from emulators.redis.table import command
from emulators.redis.values import Hash

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

_LONG_MAX = 2**63 - 1


def _write_or_add(db: Database, key: bytes) -> Hash:
    value = db.write_hash(key)
    if value is None:
        value = Hash()
        db.add(key, value)
    return value


def _set(client: RedisSession, args: list[bytes], name: str) -> int:
    if len(args) % 2:
        raise errors.wrong_arity(name)
    db, key = client.db, args[1]
    value = _write_or_add(db, key)
    thresholds = db.server.thresholds
    put, expires = value.put, value.expires
    created = 0
    for position in range(2, len(args), 2):
        field = args[position]
        if put(field, args[position + 1], thresholds):
            created += 1
        elif expires:
            # Setting a field ends its time limit.
            expires.pop(field, None)
    db.changed(key)
    db.event("h", b"hset", key)
    return created


@command("hset")
def hset(client: RedisSession, args: list[bytes]) -> Reply:
    return _set(client, args, "hset")


@command("hmset")
def hmset(client: RedisSession, args: list[bytes]) -> Reply:
    _set(client, args, "hmset")
    return OK


@command("hsetnx")
def hsetnx(client: RedisSession, args: list[bytes]) -> Reply:
    db, key, field = client.db, args[1], args[2]
    value = db.hash(key)
    if value is not None and field in value.fields:
        return 0
    _write_or_add(db, key).put(field, args[3], db.server.thresholds)
    db.changed(key)
    db.event("h", b"hset", key)
    return 1


@command("hget")
def hget(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return None if value is None else value.fields.get(args[2])


@command("hmget")
def hmget(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    if value is None:
        return [None] * (len(args) - 2)
    return list(map(value.fields.get, args[2:]))


@command("hdel")
def hdel(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.write_hash(key)
    if value is None:
        return 0
    deleted = sum(map(value.remove, args[2:]))
    if deleted:
        db.event("h", b"hdel", key)
        db.drop_if_empty(key, value)
        db.changed(key)
    return deleted


@command("hlen")
def hlen(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return 0 if value is None else len(value.fields)


@command("hstrlen")
def hstrlen(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return 0 if value is None else len(value.fields.get(args[2], b""))


@command("hexists")
def hexists(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return 0 if value is None or args[2] not in value.fields else 1


@command("hkeys")
def hkeys(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return [] if value is None else list(value.fields)


@command("hvals")
def hvals(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    return [] if value is None else list(value.fields.values())


@command("hgetall")
def hgetall(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.hash(args[1])
    # A copy: the reply may be looked at after a later command of the same transaction has changed the hash.
    return {} if value is None else dict(value.fields)


@command("hincrby")
def hincrby(client: RedisSession, args: list[bytes]) -> Reply:
    amount = integer(args[3])
    db, key, field = client.db, args[1], args[2]
    value = db.hash(key)
    old = None if value is None else value.fields.get(field)
    number = 0
    if old is not None:
        found = long_integer(old)
        if found is None:
            raise errors.HASH_VALUE_NOT_INTEGER
        number = found
    number += amount
    if not -_LONG_MAX - 1 <= number <= _LONG_MAX:
        raise errors.OVERFLOW
    _write_or_add(db, key).put(field, b"%d" % number, db.server.thresholds)
    db.changed(key)
    db.event("h", b"hincrby", key)
    return number


@command("hincrbyfloat")
def hincrbyfloat(client: RedisSession, args: list[bytes]) -> Reply:
    amount = floats.parse(args[3])
    if amount is None:
        raise errors.NOT_FLOAT
    if amount[1] is None:
        raise errors.NAN_OR_INFINITE_VALUE
    db, key, field = client.db, args[1], args[2]
    value = db.hash(key)
    old = None if value is None else value.fields.get(field)
    start = (0, 0) if old is None else floats.parse(old)
    if start is None:
        raise errors.HASH_VALUE_NOT_FLOAT
    total = floats.add(start, amount)
    if total is None or total[1] is None:
        raise errors.NAN_OR_INFINITY
    text = floats.format_human(total)
    _write_or_add(db, key).put(field, text, db.server.thresholds)
    db.changed(key)
    db.event("h", b"hincrbyfloat", key)
    return text


@command("hrandfield")
def hrandfield(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        value = client.db.hash(args[1])
        return None if value is None else value.pick(client.server.random)
    count = integer(args[2])
    if count == -_LONG_MAX - 1:
        raise errors.out_of_range(-_LONG_MAX, _LONG_MAX)
    with_values = len(args) == 4
    if len(args) > 4 or (with_values and args[3].upper() != b"WITHVALUES"):
        raise errors.SYNTAX
    if with_values and abs(count) > _LONG_MAX // 2:
        raise errors.OUT_OF_RANGE
    value = client.db.hash(args[1])
    if value is None:
        return []
    chosen = value.sample(count, client.server.random)
    if with_values:
        fields = value.fields
        return Pairs((field, fields[field]) for field in chosen)
    return chosen
