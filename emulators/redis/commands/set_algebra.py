"""SINTER, SUNION, SDIFF, their STORE forms and SINTERCARD (redis.io group `set`).

The order of a result is that of the set that the server would build: numeric as long as it is an intset.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, numkeys_at
from emulators.redis.resp import Reply, SetReply
from emulators.redis.table import command
from emulators.redis.values import SetValue, is_integer

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

# Up to so many members, a result is built member by member, so that its order is the server's; larger ones at once.
_EXACT_ORDER = 512


def _intersection(db: Database, keys: list[bytes]) -> list[bytes]:
    """In the order of the smallest set. Every key's type is checked, even when one is missing."""
    sets = [db.set(key) for key in keys]
    found = [value for value in sets if value is not None]
    if len(found) < len(sets):
        return []
    found.sort(key=len)
    members = found[0].ordered()
    for value in found[1:]:
        others = value.members
        if others is not found[0].members:
            members = [member for member in members if member in others]
    return members


def _union(db: Database, keys: list[bytes]) -> Iterable[bytes]:
    sets = [value for value in [db.set(key) for key in keys] if value is not None]
    merged: dict[bytes, None] = {}
    for value in sets:
        merged.update(dict.fromkeys(value.ordered()))
    return merged


def _difference(db: Database, keys: list[bytes]) -> Iterable[bytes]:
    first, *others = [db.set(key) for key in keys]
    if first is None:
        return []
    rest = [value.members for value in others if value is not None]
    return [member for member in first.ordered() if not any(member in members for members in rest)]


def _built(members: Iterable[bytes], thresholds: Thresholds) -> SetValue:
    """A set of these members as the server builds it."""
    merged = dict.fromkeys(members)
    if len(merged) <= _EXACT_ORDER:
        value = SetValue()
        for member in merged:
            value.add(member, thresholds)
        return value
    if len(merged) <= thresholds.set_intset_entries and all(map(is_integer, merged)):
        return SetValue(merged, SetValue.INTSET)
    limit = thresholds.set_listpack_value
    if len(merged) <= thresholds.set_listpack_entries and all(len(member) <= limit for member in merged):
        return SetValue(merged, SetValue.LISTPACK)
    return SetValue(merged, SetValue.HASHTABLE)


def _store(client: RedisSession, members: Iterable[bytes], name: bytes, target: bytes) -> int:
    db = client.db
    value = _built(members, db.server.thresholds)
    if not len(value):
        if db.delete(target):
            db.changed(target)
            db.event("g", b"del", target)
        return 0
    db.put(target, value)
    db.changed(target)
    db.event("s", name, target)
    return len(value)


@command("sinter")
def sinter(client: RedisSession, args: list[bytes]) -> Reply:
    return SetReply(_intersection(client.db, args[1:]))


@command("sunion")
def sunion(client: RedisSession, args: list[bytes]) -> Reply:
    return SetReply(_built(_union(client.db, args[1:]), client.server.thresholds).ordered())


@command("sdiff")
def sdiff(client: RedisSession, args: list[bytes]) -> Reply:
    return SetReply(_built(_difference(client.db, args[1:]), client.server.thresholds).ordered())


@command("sinterstore")
def sinterstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, _intersection(client.db, args[2:]), b"sinterstore", args[1])


@command("sunionstore")
def sunionstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, _union(client.db, args[2:]), b"sunionstore", args[1])


@command("sdiffstore")
def sdiffstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, _difference(client.db, args[2:]), b"sdiffstore", args[1])


@command("sintercard", keys=numkeys_at(1))
def sintercard(client: RedisSession, args: list[bytes]) -> Reply:
    count = integer(args[1], errors.NUMKEYS_NOT_POSITIVE, low=1)
    if count > len(args) - 2:
        raise errors.NUMKEYS_TOO_MANY
    limit = 0
    position = 2 + count
    while position < len(args):
        if args[position].upper() != b"LIMIT" or position + 1 == len(args):
            raise errors.SYNTAX
        limit = integer(args[position + 1], errors.NEGATIVE_LIMIT, low=0)
        position += 2
    size = len(_intersection(client.db, args[2 : 2 + count]))
    return min(size, limit) if limit else size
