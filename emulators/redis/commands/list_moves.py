"""List commands that move elements, take from several lists, or wait: LMOVE, LMPOP, BLPOP and their kin (redis.io group `list`).

A client that waits is served by its `attempt` when a key it named has become a list (see `emulators.redis.blocking`). Inside MULTI
and scripts nobody waits: the answer is that of a timeout. A key of another type is an error when the command comes, and ignored
while waiting; a destination of another type is an error at either time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, numkeys_at, numkeys_words, timeout_ms
from emulators.redis.commands.lists import pop_many, pop_one, push, settle
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, Reply
from emulators.redis.table import command
from emulators.redis.values import ListValue

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession


def _is_left(word: bytes) -> bool:
    side = word.upper()
    if side == b"LEFT":
        return True
    if side == b"RIGHT":
        return False
    raise errors.SYNTAX


# -- moving one element --------------------------------------------------------------------------------------------


def _move(db: Database, source: bytes, target: bytes, from_left: bool, to_left: bool) -> bytes | None:
    """Move one element; None if there is no source. The push is announced before the pop, as the server does."""
    if db.list(source) is None:
        return None
    db.list(target)
    value = db.write(source)
    item: bytes = value.pop_left() if from_left else value.pop_right()
    push(db, target, [item], to_left)
    db.event("l", b"lpop" if from_left else b"rpop", source)
    if not db.drop_if_empty(source, value):
        settle(db, value)
    db.changed(source)
    return item


@command("lmove")
def lmove(client: RedisSession, args: list[bytes]) -> Reply:
    from_left, to_left = _is_left(args[3]), _is_left(args[4])
    return _move(client.db, args[1], args[2], from_left, to_left)


@command("rpoplpush")
def rpoplpush(client: RedisSession, args: list[bytes]) -> Reply:
    return _move(client.db, args[1], args[2], False, True)


def _blocking_move(
    client: RedisSession, source: bytes, target: bytes, from_left: bool, to_left: bool, timeout: int
) -> Reply:
    db = client.db
    item = _move(db, source, target, from_left, to_left)
    if item is not None or not client.may_block:
        return item

    def attempt(key: bytes) -> Reply:
        if type(db.get(key)) is not ListValue:
            return NO_REPLY
        return _move(db, source, target, from_left, to_left)

    return client.server.blocking.wait(client, [source], attempt, timeout, NULL_ARRAY)


@command("blmove")
def blmove(client: RedisSession, args: list[bytes]) -> Reply:
    from_left, to_left = _is_left(args[3]), _is_left(args[4])
    return _blocking_move(client, args[1], args[2], from_left, to_left, timeout_ms(args[5], client.server.version))


@command("brpoplpush")
def brpoplpush(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_move(client, args[1], args[2], False, True, timeout_ms(args[3], client.server.version))


# -- taking from the first of several lists ------------------------------------------------------------------------


def _blocking_pop(client: RedisSession, args: list[bytes], left: bool) -> Reply:
    timeout = timeout_ms(args[-1], client.server.version)
    db, keys = client.db, args[1:-1]
    for key in keys:
        value = db.write_list(key)
        if value is not None:
            return [key, pop_one(db, key, value, left)]
    if not client.may_block:
        return NULL_ARRAY

    def attempt(key: bytes) -> Reply:
        value = db.write(key)
        return [key, pop_one(db, key, value, left)] if type(value) is ListValue else NO_REPLY

    return client.server.blocking.wait(client, keys, attempt, timeout, NULL_ARRAY)


@command("blpop")
def blpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, True)


@command("brpop")
def brpop(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, False)


def _parse_multi_pop(args: list[bytes], position: int) -> tuple[list[bytes], bool, int]:
    """`numkeys key [key ...] LEFT|RIGHT [COUNT count]` from `position` on."""
    keys, position = numkeys_words(args, position)
    if position >= len(args):
        raise errors.SYNTAX
    left = _is_left(args[position])
    count = 0
    position += 1
    while position < len(args):
        if count or args[position].upper() != b"COUNT" or position + 1 == len(args):
            raise errors.SYNTAX
        count = integer(args[position + 1], errors.COUNT_NOT_POSITIVE, low=1)
        position += 2
    return keys, left, count or 1


@command("lmpop", keys=numkeys_at(1))
def lmpop(client: RedisSession, args: list[bytes]) -> Reply:
    keys, left, count = _parse_multi_pop(args, 1)
    db = client.db
    for key in keys:
        value = db.write_list(key)
        if value is not None:
            return [key, pop_many(db, key, value, count, left)]
    return NULL_ARRAY


@command("blmpop", keys=numkeys_at(2))
def blmpop(client: RedisSession, args: list[bytes]) -> Reply:
    keys, left, count = _parse_multi_pop(args, 2)
    timeout = timeout_ms(args[1], client.server.version)
    db = client.db
    for key in keys:
        value = db.write_list(key)
        if value is not None:
            return [key, pop_many(db, key, value, count, left)]
    if not client.may_block:
        return NULL_ARRAY

    def attempt(key: bytes) -> Reply:
        value = db.write(key)
        return [key, pop_many(db, key, value, count, left)] if type(value) is ListValue else NO_REPLY

    return client.server.blocking.wait(client, keys, attempt, timeout, NULL_ARRAY)
