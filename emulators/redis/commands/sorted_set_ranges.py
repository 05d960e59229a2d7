"""Ranges of sorted sets by rank, score and member: ZRANGE and its kin, ZCOUNT, ZREMRANGEBY... (redis.io group `sorted_set`).

A range is worked out as a slice of the order. By member ("lex"), that is well defined only while all scores are equal; where they
are not, the server walks the set and compares, and so do we (on a large set, the server's result depends on chance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, parse_double
from emulators.redis.resp import Pairs, Reply
from emulators.redis.table import command
from emulators.redis.values import SortedSet

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_RANK, _SCORE, _LEX = "rank", "score", "lex"
_WHITESPACE = b" \t\n\v\f\r"


# -- the ends of a range -------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class _Ranks:
    start: int
    stop: int

    def slice(self, value: SortedSet, reverse: bool) -> tuple[int, int]:
        size = len(value)
        start = max(self.start + size, 0) if self.start < 0 else self.start
        stop = self.stop + size if self.stop < 0 else self.stop
        if start > stop or start >= size:
            return 0, 0
        stop = min(stop, size - 1)
        return (size - 1 - stop, size - start) if reverse else (start, stop + 1)


@dataclass(slots=True, frozen=True)
class _Scores:
    low: float
    low_open: bool
    high: float
    high_open: bool

    def slice(self, value: SortedSet, reverse: bool) -> tuple[int, int]:
        order = value.order
        if self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)):
            return 0, 0
        # A pair with the score alone comes before all members with that score.
        start = _after(order, self.low) if self.low_open else order.bisect_left((self.low,))
        stop = order.bisect_left((self.high,)) if self.high_open else _after(order, self.high)
        return start, max(start, stop)


def _after(order: object, number: float) -> int:
    """The place after all members with this score."""
    if number == math.inf:
        return len(order)  # type: ignore[arg-type]
    place: int = order.bisect_left((math.nextafter(number, math.inf),))  # type: ignore[attr-defined]
    return place


@dataclass(slots=True, frozen=True)
class _Members:
    """`low` and `high` are None for the ends of everything: `low_end` and `high_end` say which (-1 `-`, 1 `+`)."""

    low: bytes
    low_open: bool
    low_end: int
    high: bytes
    high_open: bool
    high_end: int

    def above_low(self, member: bytes) -> bool:
        if self.low_end:
            return self.low_end < 0
        return member > self.low if self.low_open else member >= self.low

    def below_high(self, member: bytes) -> bool:
        if self.high_end:
            return self.high_end > 0
        return member < self.high if self.high_open else member <= self.high

    def is_empty(self) -> bool:
        if self.low_end or self.high_end:
            return self.low_end > 0 or self.high_end < 0
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def slice(self, value: SortedSet, reverse: bool) -> tuple[int, int]:
        order = value.order
        size = len(order)
        if self.is_empty():
            return 0, 0
        number = order[0][0]
        if order[-1][0] != number:
            return self._walk([member for _, member in order], reverse)
        start, stop = 0, size
        if not self.low_end:
            pair = (number, self.low)
            start = order.bisect_right(pair) if self.low_open else order.bisect_left(pair)
        if not self.high_end:
            pair = (number, self.high)
            stop = order.bisect_left(pair) if self.high_open else order.bisect_right(pair)
        return start, max(start, stop)

    def _walk(self, members: list[bytes], reverse: bool) -> tuple[int, int]:
        size = len(members)
        if not self.above_low(members[-1]) or not self.below_high(members[0]):
            return 0, 0
        if reverse:
            stop = next((place for place in range(size, 0, -1) if self.below_high(members[place - 1])), 0)
            start = stop
            while start and self.above_low(members[start - 1]):
                start -= 1
            return start, stop
        start = next((place for place in range(size) if self.above_low(members[place])), size)
        stop = start
        while stop < size and self.below_high(members[stop]):
            stop += 1
        return start, stop


_Range = _Ranks | _Scores | _Members


def _ranks(low: bytes, high: bytes) -> _Range:
    return _Ranks(integer(low), integer(high))


def _score_end(word: bytes) -> tuple[float, bool]:
    is_open = word[:1] == b"("
    # Read by strtod directly: leading whitespace and nothing at all are fine, and a zero byte ends the text.
    text = word[is_open:].split(b"\0")[0]
    number = parse_double(text.lstrip(_WHITESPACE)) if text else 0.0
    if number is None or math.isnan(number):
        raise errors.RANGE_NOT_FLOAT
    return number, is_open


def _scores(low: bytes, high: bytes) -> _Range:
    return _Scores(*_score_end(low), *_score_end(high))


def _member_end(word: bytes) -> tuple[bytes, bool, int]:
    if word == b"-" or word == b"+":
        return b"", True, -1 if word == b"-" else 1
    if word[:1] not in (b"(", b"["):
        raise errors.RANGE_NOT_STRING
    return word[1:], word[:1] == b"(", 0


def _members(low: bytes, high: bytes) -> _Range:
    return _Members(*_member_end(low), *_member_end(high))


_READERS = {_RANK: _ranks, _SCORE: _scores, _LEX: _members}


# -- ZRANGE and its older forms ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Options:
    kind: str
    reverse: bool
    with_scores: bool = False
    offset: int = 0
    limit: int = -1


def _parse(args: list[bytes], position: int, kind: str | None, reverse: bool | None, store: bool) -> _Options:
    """Options after the range. `kind` and `reverse` None: the options say."""
    options = _Options(kind or _RANK, bool(reverse))
    chosen = kind is not None
    turned = reverse is not None
    while position < len(args):
        option = args[position].upper()
        if option == b"WITHSCORES" and not store:
            options.with_scores = True
        elif option == b"LIMIT" and position + 2 < len(args):
            options.offset, options.limit = integer(args[position + 1]), integer(args[position + 2])
            position += 2
        elif option == b"REV" and not turned:
            options.reverse = turned = True
        elif option in (b"BYLEX", b"BYSCORE") and not chosen:
            options.kind, chosen = (_LEX if option == b"BYLEX" else _SCORE), True
        else:
            raise errors.SYNTAX
        position += 1
    if options.limit != -1 and options.kind == _RANK:
        raise errors.LIMIT_BY_RANK
    if options.with_scores and options.kind == _LEX:
        raise errors.WITHSCORES_BY_LEX
    return options


def _select(client: RedisSession, args: list[bytes], at: int, options: _Options) -> list[tuple[float, bytes]]:
    """The pairs in the range whose key is at `at`, in the order asked for."""
    low, high = args[at + 1], args[at + 2]
    if options.reverse and options.kind != _RANK:
        low, high = high, low
    chosen = _READERS[options.kind](low, high)
    value = client.db.zset(args[at])
    if value is None or (options.offset < 0 and options.kind != _RANK):
        return []
    start, stop = chosen.slice(value, options.reverse)
    if options.kind != _RANK:
        count = stop - start
        offset = min(options.offset, count)
        taken = count - offset if options.limit < 0 else min(options.limit, count - offset)
        if options.reverse:
            start, stop = stop - offset - taken, stop - offset
        else:
            start, stop = start + offset, start + offset + taken
    if start >= stop:
        return []
    pairs: list[tuple[float, bytes]] = value.order[start:stop]
    if options.reverse:
        pairs.reverse()
    return pairs


def _range(client: RedisSession, args: list[bytes], kind: str | None, reverse: bool | None) -> Reply:
    options = _parse(args, 4, kind, reverse, store=False)
    pairs = _select(client, args, 1, options)
    if options.with_scores:
        return Pairs([(member, number) for number, member in pairs])
    return [member for _, member in pairs]


@command("zrange")
def zrange(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, None, None)


@command("zrevrange")
def zrevrange(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, _RANK, True)


@command("zrangebyscore")
def zrangebyscore(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, _SCORE, False)


@command("zrevrangebyscore")
def zrevrangebyscore(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, _SCORE, True)


@command("zrangebylex")
def zrangebylex(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, _LEX, False)


@command("zrevrangebylex")
def zrevrangebylex(client: RedisSession, args: list[bytes]) -> Reply:
    return _range(client, args, _LEX, True)


@command("zrangestore")
def zrangestore(client: RedisSession, args: list[bytes]) -> Reply:
    options = _parse(args, 5, None, None, store=True)
    pairs = _select(client, args, 2, options)
    db, target = client.db, args[1]
    if not pairs:
        if db.delete(target):
            db.changed(target)
            db.event("g", b"del", target)
        return 0
    db.put(target, SortedSet.of({member: number for number, member in pairs}, db.server.thresholds))
    db.changed(target)
    db.event("z", b"zrangestore", target)
    return len(pairs)


# -- counting and removing -----------------------------------------------------------------------------------------


def _count(client: RedisSession, args: list[bytes], kind: str) -> int:
    chosen = _READERS[kind](args[2], args[3])
    value = client.db.zset(args[1])
    if value is None:
        return 0
    start, stop = chosen.slice(value, False)
    return stop - start


@command("zcount")
def zcount(client: RedisSession, args: list[bytes]) -> Reply:
    return _count(client, args, _SCORE)


@command("zlexcount")
def zlexcount(client: RedisSession, args: list[bytes]) -> Reply:
    return _count(client, args, _LEX)


def _remove(client: RedisSession, args: list[bytes], kind: str, event: bytes) -> int:
    chosen = _READERS[kind](args[2], args[3])
    db, key = client.db, args[1]
    value = db.write_zset(key)
    if value is None:
        return 0
    start, stop = chosen.slice(value, False)
    if start >= stop:
        return 0
    value.remove_slice(start, stop)
    db.changed(key)
    db.event("z", event, key)
    db.drop_if_empty(key, value)
    return stop - start


@command("zremrangebyrank")
def zremrangebyrank(client: RedisSession, args: list[bytes]) -> Reply:
    return _remove(client, args, _RANK, b"zremrangebyrank")


@command("zremrangebyscore")
def zremrangebyscore(client: RedisSession, args: list[bytes]) -> Reply:
    return _remove(client, args, _SCORE, b"zremrangebyscore")


@command("zremrangebylex")
def zremrangebylex(client: RedisSession, args: list[bytes]) -> Reply:
    return _remove(client, args, _LEX, b"zremrangebylex")
