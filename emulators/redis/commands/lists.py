"""List commands (redis.io group `list`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.arguments import timeout_ms
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, Reply
from emulators.redis.table import command
from emulators.redis.values import ListValue

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession


def _push(client: RedisSession, key: bytes, items: list[bytes], left: bool) -> int:
    db = client.db
    value = db.write_list(key)
    if value is None:
        value = ListValue()
        db.add(key, value)
    if left:
        value.items.extendleft(items)
    else:
        value.items.extend(items)
    db.changed(key)
    db.event("l", b"lpush" if left else b"rpush", key)
    return len(value.items)


@command("lpush")
def lpush(client: RedisSession, args: list[bytes]) -> Reply:
    return _push(client, args[1], args[2:], left=True)


@command("rpush")
def rpush(client: RedisSession, args: list[bytes]) -> Reply:
    return _push(client, args[1], args[2:], left=False)


def _pop_one(db: Database, key: bytes, left: bool) -> bytes | None:
    value = db.write_list(key)
    if value is None:
        return None
    item = value.items.popleft() if left else value.items.pop()
    db.event("l", b"lpop" if left else b"rpop", key)
    db.drop_if_empty(key, value)
    db.changed(key)
    return item


def _blocking_pop(client: RedisSession, args: list[bytes], left: bool) -> Reply:
    timeout = timeout_ms(args[-1])
    db, keys = client.db, args[1:-1]
    for key in keys:
        if db.list(key) is not None:
            return [key, _pop_one(db, key, left)]
    if not client.may_block:
        return NULL_ARRAY

    def attempt(key: bytes) -> Reply:
        if not isinstance(db.get(key), ListValue):
            return NO_REPLY
        return [key, _pop_one(db, key, left)]

    return client.server.blocking.wait(client, keys, attempt, timeout, NULL_ARRAY)


@command("blpop")
def blpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, left=True)


@command("brpop")
def brpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, left=False)
