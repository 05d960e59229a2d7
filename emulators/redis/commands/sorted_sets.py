"""Sorted set commands on single members, pops and random members (redis.io group `sorted_set`).

Ranges stand in `sorted_set_ranges`, unions and the like in `sorted_set_algebra`, ZSCAN in `scan`. Scores are doubles; how they
print depends on the version (see `resp.format_double`). 7.2 added WITHSCORE to ZRANK.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, numkeys_at, numkeys_words, score, timeout_ms
from emulators.redis.resp import NO_REPLY, NULL_ARRAY, Pairs, Reply
from emulators.redis.table import command
from emulators.redis.values import SortedSet

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

_LONG_MAX = 2**63 - 1
_OPTIONS = frozenset({b"NX", b"XX", b"CH", b"INCR", b"GT", b"LT"})


# -- adding --------------------------------------------------------------------------------------------------------


@command("zadd")
def zadd(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 4:
        # No room for an option: the plain form, by far the most frequent one.
        return _add_plain(client, args)
    position, options = 2, set()
    while position < len(args) and (option := args[position].upper()) in _OPTIONS:
        options.add(option)
        position += 1
    if position == len(args) or (len(args) - position) % 2:
        raise errors.SYNTAX
    if b"NX" in options and b"XX" in options:
        raise errors.XX_AND_NX
    if len(options & {b"GT", b"LT"}) + (b"NX" in options) > 1:
        raise errors.GT_LT_NX
    if b"INCR" in options and len(args) - position > 2:
        raise errors.SINGLE_INCREMENT
    pairs = [(score(args[place]), args[place + 1]) for place in range(position, len(args), 2)]
    return _add(client, args[1], pairs, options)


def _add_plain(client: RedisSession, args: list[bytes]) -> int:
    word = args[2]
    if not word.isdigit() and word.upper() in _OPTIONS:
        raise errors.SYNTAX
    number = score(word)
    db, key, member = client.db, args[1], args[3]
    value = db.write_zset(key)
    if value is None:
        value = SortedSet()
        db.add(key, value)
    old = value.scores.get(member)
    if old is not None and old == number:
        return 0
    value.put(member, number, db.server.thresholds)
    db.changed(key)
    db.event("z", b"zadd", key)
    return 1 if old is None else 0


def _add(client: RedisSession, key: bytes, pairs: list[tuple[float, bytes]], options: set[bytes]) -> Reply:
    only_new, only_old, increment = b"NX" in options, b"XX" in options, b"INCR" in options
    only_greater, only_less = b"GT" in options, b"LT" in options
    db = client.db
    value = db.write_zset(key)
    if value is None:
        if only_old:
            return None if increment else 0
        value = SortedSet()
        db.add(key, value)
    thresholds = db.server.thresholds
    added = updated = 0
    result: float | None = None
    try:
        for number, member in pairs:
            old = value.scores.get(member)
            if old is None:
                if not only_old:
                    value.put(member, number, thresholds)
                    added += 1
                    result = number
                continue
            if only_new:
                continue
            if increment:
                number += old
                if math.isnan(number):
                    raise errors.SCORE_NOT_A_NUMBER
            if (only_less and number >= old) or (only_greater and number <= old):
                continue
            result = number
            if number != old:
                value.put(member, number, thresholds)
                updated += 1
    finally:
        if added or updated:
            db.changed(key)
            db.event("z", b"zincr" if increment else b"zadd", key)
    if increment:
        return result
    return added + updated if b"CH" in options else added


@command("zincrby")
def zincrby(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], [(score(args[2]), args[3])], {b"INCR"})


@command("zrem")
def zrem(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    value = db.write_zset(key)
    if value is None:
        return 0
    removed = sum(map(value.remove, args[2:]))
    if removed:
        db.changed(key)
        db.event("z", b"zrem", key)
        db.drop_if_empty(key, value)
    return removed


# -- looking up ----------------------------------------------------------------------------------------------------


@command("zcard")
def zcard(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.zset(args[1])
    return 0 if value is None else len(value.scores)


@command("zscore")
def zscore(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.zset(args[1])
    return None if value is None else value.scores.get(args[2])


@command("zmscore")
def zmscore(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.zset(args[1])
    if value is None:
        return [None] * (len(args) - 2)
    return list(map(value.scores.get, args[2:]))


def _rank(client: RedisSession, args: list[bytes], reverse: bool) -> Reply:
    with_score = len(args) == 4
    if len(args) > 4 or (with_score and args[3].upper() != b"WITHSCORE"):
        raise errors.SYNTAX
    value = client.db.zset(args[1])
    number = None if value is None else value.scores.get(args[2])
    if value is None or number is None:
        return NULL_ARRAY if with_score else None
    rank: int = value.order.index((number, args[2]))
    if reverse:
        rank = len(value) - 1 - rank
    return [rank, number] if with_score else rank


@command("zrank")
def zrank(client: RedisSession, args: list[bytes]) -> Reply:
    return _rank(client, args, False)


@command("zrevrank")
def zrevrank(client: RedisSession, args: list[bytes]) -> Reply:
    return _rank(client, args, True)


@command("zrandmember")
def zrandmember(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        value = client.db.zset(args[1])
        return None if value is None else value.pick(client.server.random)
    count = integer(args[2])
    if count == -_LONG_MAX - 1:
        raise errors.out_of_range(-_LONG_MAX, _LONG_MAX)
    with_scores = len(args) == 4
    if len(args) > 4 or (with_scores and args[3].upper() != b"WITHSCORES"):
        raise errors.SYNTAX
    if with_scores and abs(count) > _LONG_MAX // 2:
        raise errors.OUT_OF_RANGE
    value = client.db.zset(args[1])
    if value is None:
        return []
    chosen = value.sample(count, client.server.random)
    if 1 < len(value) <= count:
        # All of them: the server goes through the set from its end.
        chosen.reverse()
    if with_scores:
        scores = value.scores
        return Pairs((member, scores[member]) for member in chosen)
    return chosen


# -- popping -------------------------------------------------------------------------------------------------------


def _pop(db: Database, key: bytes, value: SortedSet, count: int, greatest: bool) -> list[tuple[bytes, float]]:
    """Pop up to `count` members, at least one, from a set that `write_zset` gave."""
    popped = value.pop(min(count, len(value.scores)), greatest)
    db.event("z", b"zpopmax" if greatest else b"zpopmin", key)
    if not value.scores:
        db.drop_if_empty(key, value)
    db.changed(key)
    return popped


def _pop_command(client: RedisSession, args: list[bytes], greatest: bool) -> Reply:
    if len(args) > 3:
        raise errors.SYNTAX
    count = integer(args[2], errors.MUST_BE_POSITIVE, low=0) if len(args) == 3 else 1
    db, key = client.db, args[1]
    value = db.write_zset(key)
    if value is None or not count:
        return []
    popped = _pop(db, key, value, count, greatest)
    return Pairs(popped) if len(args) == 3 else [*popped[0]]


@command("zpopmin")
def zpopmin(client: RedisSession, args: list[bytes]) -> Reply:
    return _pop_command(client, args, False)


@command("zpopmax")
def zpopmax(client: RedisSession, args: list[bytes]) -> Reply:
    return _pop_command(client, args, True)


def _blocking_pop(client: RedisSession, args: list[bytes], greatest: bool) -> Reply:
    timeout = timeout_ms(args[-1], client.server.version)
    db, keys = client.db, args[1:-1]
    for key in keys:
        value = db.write_zset(key)
        if value is not None:
            return [key, *_pop(db, key, value, 1, greatest)[0]]
    if not client.may_block:
        return NULL_ARRAY

    def attempt(key: bytes) -> Reply:
        value = db.write(key)
        return [key, *_pop(db, key, value, 1, greatest)[0]] if type(value) is SortedSet else NO_REPLY

    return client.server.blocking.wait(client, keys, attempt, timeout, NULL_ARRAY)


@command("bzpopmin")
def bzpopmin(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, False)


@command("bzpopmax")
def bzpopmax(client: RedisSession, args: list[bytes]) -> Reply:
    return _blocking_pop(client, args, True)


def _parse_multi_pop(args: list[bytes], position: int) -> tuple[list[bytes], bool, int]:
    """`numkeys key [key ...] MIN|MAX [COUNT count]` from `position` on."""
    keys, position = numkeys_words(args, position)
    where = args[position].upper() if position < len(args) else b""
    if where not in (b"MIN", b"MAX"):
        raise errors.SYNTAX
    count = 0
    position += 1
    while position < len(args):
        if count or args[position].upper() != b"COUNT" or position + 1 == len(args):
            raise errors.SYNTAX
        count = integer(args[position + 1], errors.COUNT_NOT_POSITIVE, low=1)
        position += 2
    return keys, where == b"MAX", count or 1


def _nested(key: bytes, popped: list[tuple[bytes, float]]) -> Reply:
    return [key, [[*pair] for pair in popped]]


@command("zmpop", keys=numkeys_at(1))
def zmpop(client: RedisSession, args: list[bytes]) -> Reply:
    keys, greatest, count = _parse_multi_pop(args, 1)
    db = client.db
    for key in keys:
        value = db.write_zset(key)
        if value is not None:
            return _nested(key, _pop(db, key, value, count, greatest))
    return NULL_ARRAY


@command("bzmpop", keys=numkeys_at(2))
def bzmpop(client: RedisSession, args: list[bytes]) -> Reply:
    keys, greatest, count = _parse_multi_pop(args, 2)
    timeout = timeout_ms(args[1], client.server.version)
    db = client.db
    for key in keys:
        value = db.write_zset(key)
        if value is not None:
            return _nested(key, _pop(db, key, value, count, greatest))
    if not client.may_block:
        return NULL_ARRAY

    def attempt(key: bytes) -> Reply:
        value = db.write(key)
        return _nested(key, _pop(db, key, value, count, greatest)) if type(value) is SortedSet else NO_REPLY

    return client.server.blocking.wait(client, keys, attempt, timeout, NULL_ARRAY)
