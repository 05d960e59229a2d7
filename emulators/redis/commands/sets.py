"""Set commands on one key, and SMOVE (redis.io group `set`); unions and the like stand in `set_algebra`, SSCAN in `scan`.

An intset lists its members in numeric order, a listpack (7.2) in order of arrival; a hashtable has no order to rely on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.resp import Reply, SetReply
from emulators.redis.table import command
from emulators.redis.values import SetValue, is_integer

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds
    from emulators.redis.session import RedisSession

_LONG_MAX = 2**63 - 1


def _expect(value: SetValue, size: int, first: bytes, thresholds: Thresholds) -> None:
    """Convert at once when so many members come that a compact form would not last (7.2 on)."""
    if value.form == SetValue.INTSET and is_integer(first):
        if size > thresholds.set_intset_entries:
            value.form = SetValue.HASHTABLE
    elif size > thresholds.set_listpack_entries:
        value.form = SetValue.HASHTABLE


@command("sadd")
def sadd(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.write_set(key)
    if value is None:
        value = SetValue()
        db.add(key, value)
    thresholds = db.server.thresholds
    if len(args) == 3:
        if not value.add(args[2], thresholds):
            return 0
        added = 1
    else:
        if thresholds.set_listpack_entries:
            _expect(value, len(args) - 2, args[2], thresholds)
        added = sum([value.add(member, thresholds) for member in args[2:]])
        if not added:
            return 0
    db.changed(key)
    db.event("s", b"sadd", key)
    return added


@command("srem")
def srem(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.write_set(key)
    if value is None:
        return 0
    removed = sum(map(value.discard, args[2:]))
    if removed:
        db.changed(key)
        db.event("s", b"srem", key)
        db.drop_if_empty(key, value)
    return removed


@command("smove")
def smove(client: RedisSession, args: list[bytes]) -> Reply:
    db, source, target, member = client.db, args[1], args[2], args[3]
    here = db.set(source)
    if here is None:
        return 0
    db.set(target)
    if source == target or member not in here.members:
        return 1 if member in here.members else 0
    value = db.write(source)
    value.discard(member)
    db.event("s", b"srem", source)
    db.drop_if_empty(source, value)
    there = db.write_set(target)
    if there is None:
        there = SetValue()
        db.add(target, there)
    db.changed(source)
    if there.add(member, db.server.thresholds):
        db.changed(target)
        db.event("s", b"sadd", target)
    return 1


@command("scard")
def scard(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.set(args[1])
    return 0 if value is None else len(value.members)


@command("sismember")
def sismember(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.set(args[1])
    return 1 if value is not None and args[2] in value.members else 0


@command("smismember")
def smismember(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.set(args[1])
    if value is None:
        return [0] * (len(args) - 2)
    members = value.members
    return [1 if member in members else 0 for member in args[2:]]


@command("smembers")
def smembers(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.set(args[1])
    return SetReply() if value is None else SetReply(value.ordered())


@command("spop")
def spop(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.SYNTAX
    db, key = client.db, args[1]
    if len(args) == 2:
        value = db.write_set(key)
        if value is None:
            return None
        member = value.pick(db.server.random)
        del value.members[member]
        db.event("s", b"spop", key)
        if not value.members:
            db.drop_if_empty(key, value)
        db.changed(key)
        return member
    count = integer(args[2], errors.MUST_BE_POSITIVE, low=0)
    value = db.write_set(key) if count else db.set(key)
    if value is None or not count:
        return SetReply()
    members = value.sample(count, db.server.random)
    for member in members:
        value.discard(member)
    db.event("s", b"spop", key)
    db.drop_if_empty(key, value)
    db.changed(key)
    return SetReply(members)


@command("srandmember")
def srandmember(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        value = client.db.set(args[1])
        return None if value is None else value.pick(client.server.random)
    if len(args) > 3:
        raise errors.SYNTAX
    count = integer(args[2])
    if count == -_LONG_MAX - 1:
        raise errors.out_of_range(-_LONG_MAX, _LONG_MAX)
    value = client.db.set(args[1])
    return [] if value is None else value.sample(count, client.server.random)
