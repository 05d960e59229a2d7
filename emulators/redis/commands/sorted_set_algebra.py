"""ZUNION, ZINTER, ZDIFF, their STORE forms and ZINTERCARD (redis.io group `sorted_set`).

Inputs may be sets too, whose members count with score 1. A sum or product that is not a number counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import floating, integer, numkeys_at
from emulators.redis.resp import Pairs, Reply
from emulators.redis.table import command
from emulators.redis.values import SetValue, SortedSet

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_Scores = Mapping[bytes, float]
_UNION, _INTERSECTION, _DIFFERENCE = "union", "inter", "diff"


def _sum(left: float, right: float) -> float:
    total = left + right
    # inf - inf
    return 0.0 if math.isnan(total) else total


_AGGREGATES: dict[bytes, Callable[[float, float], float]] = {b"SUM": _sum, b"MIN": min, b"MAX": max}


@dataclass(slots=True)
class _Request:
    inputs: list[_Scores]
    weights: list[float]
    aggregate: Callable[[float, float], float] = _sum
    with_scores: bool = False
    limit: int = 0


def _parse(client: RedisSession, args: list[bytes], at: int, kind: str, store: bool, count_only: bool) -> _Request:
    """`numkeys key [key ...]` at `at`, and the options after it; keys are looked up before the options are read, as the
    server does."""
    count = integer(args[at])
    if count < 1:
        raise errors.no_input_keys(args[0].lower().decode("latin-1"))
    if count > len(args) - at - 1:
        raise errors.SYNTAX
    inputs = [_input(client, key) for key in args[at + 1 : at + 1 + count]]
    request = _Request(inputs, [1.0] * count)
    position = at + 1 + count
    combines = kind != _DIFFERENCE and not count_only
    while position < len(args):
        option, left = args[position].upper(), len(args) - position
        if option == b"WEIGHTS" and combines and left > count:
            words = args[position + 1 : position + 1 + count]
            request.weights = [floating(word, errors.WEIGHT_NOT_FLOAT) for word in words]
            position += 1 + count
        elif option == b"AGGREGATE" and combines and left >= 2:
            aggregate = _AGGREGATES.get(args[position + 1].upper())
            if aggregate is None:
                raise errors.SYNTAX
            request.aggregate = aggregate
            position += 2
        elif option == b"WITHSCORES" and not store and not count_only:
            request.with_scores = True
            position += 1
        elif option == b"LIMIT" and count_only and left >= 2:
            request.limit = integer(args[position + 1], errors.NEGATIVE_LIMIT, low=0)
            position += 2
        else:
            raise errors.SYNTAX
    return request


def _input(client: RedisSession, key: bytes) -> _Scores:
    value = client.db.get(key)
    if value is None:
        return {}
    if type(value) is SortedSet:
        return value.scores
    if type(value) is SetValue:
        return dict.fromkeys(value.members, 1.0)
    raise errors.WRONG_TYPE


def _weighted(score: float, weight: float) -> float:
    product = score * weight
    return 0.0 if math.isnan(product) else product


def _union(request: _Request) -> dict[bytes, float]:
    aggregate = request.aggregate
    merged: dict[bytes, float] = {}
    # From the smallest to the largest, as the server does: sums of floats depend on the order.
    for scores, weight in sorted(zip(request.inputs, request.weights, strict=True), key=lambda pair: len(pair[0])):
        for member, score in scores.items():
            number = _weighted(score, weight)
            old = merged.get(member)
            merged[member] = number if old is None else aggregate(old, number)
    return merged


def _intersection(request: _Request) -> dict[bytes, float]:
    aggregate = request.aggregate
    pairs = sorted(zip(request.inputs, request.weights, strict=True), key=lambda pair: len(pair[0]))
    (smallest, weight), *others = pairs
    merged: dict[bytes, float] = {}
    for member, score in smallest.items():
        number = _weighted(score, weight)
        for scores, other_weight in others:
            found = scores.get(member)
            if found is None:
                break
            number = aggregate(number, found * other_weight)
        else:
            merged[member] = number
    return merged


def _difference(request: _Request) -> dict[bytes, float]:
    first, *others = request.inputs
    return {member: score for member, score in first.items() if not any(member in scores for scores in others)}


_COMBINE = {_UNION: _union, _INTERSECTION: _intersection, _DIFFERENCE: _difference}


def _answer(client: RedisSession, args: list[bytes], kind: str) -> Reply:
    request = _parse(client, args, 1, kind, False, False)
    ordered = sorted([(score, member) for member, score in _COMBINE[kind](request).items()])
    if request.with_scores:
        return Pairs([(member, score) for score, member in ordered])
    return [member for _, member in ordered]


def _store(client: RedisSession, args: list[bytes], kind: str, event: bytes) -> int:
    request = _parse(client, args, 2, kind, True, False)
    scores = _COMBINE[kind](request)
    db, target = client.db, args[1]
    if not scores:
        if db.delete(target):
            db.changed(target)
            db.event("g", b"del", target)
        return 0
    db.put(target, SortedSet.of(scores, db.server.thresholds))
    db.changed(target)
    db.event("z", event, target)
    return len(scores)


@command("zunion", keys=numkeys_at(1))
def zunion(client: RedisSession, args: list[bytes]) -> Reply:
    return _answer(client, args, _UNION)


@command("zinter", keys=numkeys_at(1))
def zinter(client: RedisSession, args: list[bytes]) -> Reply:
    return _answer(client, args, _INTERSECTION)


@command("zdiff", keys=numkeys_at(1))
def zdiff(client: RedisSession, args: list[bytes]) -> Reply:
    return _answer(client, args, _DIFFERENCE)


@command("zunionstore", keys=numkeys_at(2, 1))
def zunionstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, args, _UNION, b"zunionstore")


@command("zinterstore", keys=numkeys_at(2, 1))
def zinterstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, args, _INTERSECTION, b"zinterstore")


@command("zdiffstore", keys=numkeys_at(2, 1))
def zdiffstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _store(client, args, _DIFFERENCE, b"zdiffstore")


@command("zintercard", keys=numkeys_at(1))
def zintercard(client: RedisSession, args: list[bytes]) -> Reply:
    request = _parse(client, args, 1, _INTERSECTION, False, True)
    size = len(_intersection(request))
    return min(size, request.limit) if request.limit else size
