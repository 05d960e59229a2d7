"""Geo commands (redis.io group `geo`): places are members of sorted sets, whose scores are cells (see `emulators.redis.geohash`).

GEOADD is ZADD with scores worked out. Distances have four digits; coordinates are written out in full, as the middle of a cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.redis import errors, floats, geohash
from emulators.redis.arguments import floating, integer
from emulators.redis.commands.sorted_sets import zadd
from emulators.redis.geohash import Shape
from emulators.redis.resp import NULL_ARRAY, Encoded, Reply
from emulators.redis.table import command
from emulators.redis.values import SortedSet

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_UNITS = {b"m": 1.0, b"km": 1000.0, b"ft": 0.3048, b"mi": 1609.34}


# -- arguments and replies -----------------------------------------------------------------------------------


def _place(longitude: bytes, latitude: bytes) -> tuple[float, float]:
    x, y = floating(longitude), floating(latitude)
    if not (-180.0 <= x <= 180.0 and geohash.LATITUDE[0] <= y <= geohash.LATITUDE[1]):
        raise errors.invalid_place(x, y)
    return x, y


def _unit(word: bytes) -> float:
    metres = _UNITS.get(word.lower())
    if metres is None:
        raise errors.GEO_UNIT
    return metres


def _radius(word: bytes, unit: bytes) -> tuple[float, float]:
    radius = floating(word, errors.GEO_RADIUS)
    if radius < 0:
        raise errors.GEO_NEGATIVE_RADIUS
    return radius, _unit(unit)


def _distance_text(value: float) -> bytes:
    """Four digits after the point, rounded to even."""
    scaled = round(value * 10_000)
    whole, fraction = divmod(abs(scaled), 10_000)
    return b"%b%d.%04d" % (b"-" if scaled < 0 else b"", whole, fraction)


def _coordinate(value: float) -> Encoded:
    numerator, denominator = value.as_integer_ratio()
    text = floats.format_human((numerator, 1 - denominator.bit_length()))
    return Encoded(b"$%d\r\n%b\r\n" % (len(text), text), b",%b\r\n" % text)


def _coordinates(score: float) -> list[Encoded]:
    return [_coordinate(value) for value in geohash.decode(score)]


# -- commands on members -------------------------------------------------------------------------------------


@command("geoadd")
def geoadd(client: RedisSession, args: list[bytes]) -> Reply:
    position = 2
    options = set()
    while position < len(args) and args[position].upper() in (b"NX", b"XX", b"CH"):
        options.add(args[position].upper())
        position += 1
    if (len(args) - position) % 3 or {b"NX", b"XX"} <= options:
        raise errors.SYNTAX
    words = [b"zadd", *args[1:position]]
    for start in range(position, len(args), 3):
        longitude, latitude = _place(args[start], args[start + 1])
        words += [b"%d" % geohash.encode(longitude, latitude), args[start + 2]]
    return zadd(client, words)


@command("geopos")
def geopos(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.zset(args[1])
    scores = {} if value is None else value.scores
    return [NULL_ARRAY if (score := scores.get(member)) is None else _coordinates(score) for member in args[2:]]


@command("geohash")
def geohash_(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.zset(args[1])
    scores = {} if value is None else value.scores
    return [
        None if (score := scores.get(member)) is None else geohash.geohash_text(*geohash.decode(score))
        for member in args[2:]
    ]


@command("geodist")
def geodist(client: RedisSession, args: list[bytes]) -> Reply:
    unit = _unit(args[4]) if len(args) == 5 else 1.0
    if len(args) > 5:
        raise errors.SYNTAX
    value = client.db.zset(args[1])
    if value is None:
        return None
    one, two = value.scores.get(args[2]), value.scores.get(args[3])
    if one is None or two is None:
        return None
    return _distance_text(geohash.distance(*geohash.decode(one), *geohash.decode(two)) / unit)


# -- searches ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Search:
    shape: Shape
    with_distance: bool = False
    with_hash: bool = False
    with_place: bool = False
    any: bool = False
    order: int = 0
    count: int = 0
    store: bytes | None = None
    store_distance: bool = False


@dataclass(slots=True)
class _Found:
    member: bytes
    score: float
    metres: float


def _member_place(value: SortedSet, member: bytes) -> tuple[float, float]:
    score = value.scores.get(member)
    if score is None:
        raise errors.GEO_NO_MEMBER
    return geohash.decode(score)


def _common_option(search: _Search, option: bytes) -> bool:
    """Take an option of one word that all searches have."""
    if option == b"WITHDIST":
        search.with_distance = True
    elif option == b"WITHHASH":
        search.with_hash = True
    elif option == b"WITHCOORD":
        search.with_place = True
    elif option == b"ANY":
        search.any = True
    elif option in (b"ASC", b"DESC"):
        search.order = 1 if option == b"ASC" else -1
    else:
        return False
    return True


def _count(word: bytes) -> int:
    count = integer(word)
    if count <= 0:
        raise errors.GEO_COUNT
    return count


def _check(search: _Search, name: str) -> None:
    if search.store is not None and (search.with_distance or search.with_hash or search.with_place):
        raise errors.geo_store_with(name)


def _radius_search(client: RedisSession, args: list[bytes], by_member: bool, may_store: bool) -> Reply:
    """GEORADIUS and its kin."""
    value = client.db.zset(args[1])
    search = _Search(Shape())
    position = 5 if by_member else 6
    if not by_member:
        search.shape.longitude, search.shape.latitude = _place(args[2], args[3])
        search.shape.radius, search.shape.unit_m = _radius(args[4], args[5])
    elif value is not None:
        search.shape.longitude, search.shape.latitude = _member_place(value, args[2])
        search.shape.radius, search.shape.unit_m = _radius(args[3], args[4])
    while position < len(args):
        option, more = args[position].upper(), position + 1 < len(args)
        if option == b"COUNT" and more:
            position += 1
            search.count = _count(args[position])
        elif option in (b"STORE", b"STOREDIST") and more and may_store:
            position += 1
            search.store, search.store_distance = args[position], option == b"STOREDIST"
        elif not _common_option(search, option):
            raise errors.SYNTAX
        position += 1
    _check(search, "STORE option in GEORADIUS")
    return _answer(client, value, search, b"georadiusstore")


def _area_search(client: RedisSession, args: list[bytes], store: bytes | None) -> Reply:
    """GEOSEARCH and GEOSEARCHSTORE."""
    position = 2 if store is None else 3
    value = client.db.zset(args[position - 1])
    search = _Search(Shape(), store=store)
    shape = search.shape
    from_member = from_place = by_radius = by_box = False
    while position < len(args):
        option, left = args[position].upper(), len(args) - position - 1
        if option == b"COUNT" and left >= 1:
            search.count = _count(args[position + 1])
            position += 1
        elif option == b"STOREDIST" and store is not None:
            search.store_distance = True
        elif option == b"FROMMEMBER" and left >= 1 and not from_place:
            if value is not None:
                shape.longitude, shape.latitude = _member_place(value, args[position + 1])
            from_member = True
            position += 1
        elif option == b"FROMLONLAT" and left >= 2 and not from_member:
            shape.longitude, shape.latitude = _place(args[position + 1], args[position + 2])
            from_place = True
            position += 2
        elif option == b"BYRADIUS" and left >= 2 and not by_box:
            shape.radius, shape.unit_m = _radius(args[position + 1], args[position + 2])
            by_radius = True
            position += 2
        elif option == b"BYBOX" and left >= 3 and not by_radius:
            shape.width = floating(args[position + 1], errors.GEO_WIDTH)
            shape.height = floating(args[position + 2], errors.GEO_HEIGHT)
            if shape.width < 0 or shape.height < 0:
                raise errors.GEO_NEGATIVE_BOX
            shape.unit_m = _unit(args[position + 3])
            by_box = True
            position += 3
        elif not _common_option(search, option):
            raise errors.SYNTAX
        position += 1
    _check(search, "GEOSEARCHSTORE")
    if not (from_member or from_place):
        raise errors.geo_exactly_one(b"FROMMEMBER or FROMLONLAT", args[0])
    if not (by_radius or by_box):
        raise errors.geo_exactly_one(b"BYRADIUS and BYBOX", args[0])
    return _answer(client, value, search, b"geosearchstore")


def _answer(client: RedisSession, value: SortedSet | None, search: _Search, event: bytes) -> Reply:
    if search.any and not search.count:
        raise errors.GEO_ANY
    found = [] if value is None else _find(value, search)
    if search.order or (search.count and not search.any):
        found.sort(key=lambda item: item.metres, reverse=search.order < 0)
    if search.count:
        found = found[: search.count]
    if search.store is not None:
        return _store(client, search, found, event)
    if not (search.with_distance or search.with_hash or search.with_place):
        return [item.member for item in found]
    rows = []
    for item in found:
        row: list[Reply] = [item.member]
        if search.with_distance:
            row.append(_distance_text(item.metres / search.shape.unit_m))
        if search.with_hash:
            row.append(int(item.score))
        if search.with_place:
            row.append(_coordinates(item.score))
        rows.append(row)
    return rows


def _find(value: SortedSet, search: _Search) -> list[_Found]:
    shape = search.shape
    found: list[_Found] = []
    limit = search.count if search.any else math.inf
    for low, high in geohash.cells(shape):
        if len(found) >= limit:
            break
        for score, member in value.order.irange((float(low),), (float(high),), (True, False)):
            metres = geohash.within(shape, *geohash.decode(score))
            if metres is not None:
                found.append(_Found(member, score, metres))
                if len(found) >= limit:
                    break
    return found


def _store(client: RedisSession, search: _Search, found: list[_Found], event: bytes) -> Reply:
    db, key, server = client.db, search.store, client.server
    assert key is not None
    if found:
        scores = {
            item.member: item.metres / search.shape.unit_m if search.store_distance else item.score for item in found
        }
        limits = server.thresholds
        large = len(scores) > limits.zset_entries or max(map(len, scores)) > limits.zset_value
        db.put(key, SortedSet(scores, large))
        db.changed(key)
        server.dirty += len(found) - 1
        db.event("z", event, key)
    elif db.delete(key):
        db.changed(key)
        db.event("g", b"del", key)
    return len(found)


def _radius_keys(args: list[bytes]) -> list[int]:
    """The key, and the last key to store in."""
    if len(args) < 2:
        return []
    store = 0
    for position in range(5, len(args) - 1):
        if args[position].upper() in (b"STORE", b"STOREDIST"):
            store = position + 1
    return [1, store] if store else [1]


@command("georadius", keys=_radius_keys)
def georadius(client: RedisSession, args: list[bytes]) -> Reply:
    return _radius_search(client, args, by_member=False, may_store=True)


@command("georadius_ro")
def georadius_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _radius_search(client, args, by_member=False, may_store=False)


@command("georadiusbymember", keys=_radius_keys)
def georadiusbymember(client: RedisSession, args: list[bytes]) -> Reply:
    return _radius_search(client, args, by_member=True, may_store=True)


@command("georadiusbymember_ro")
def georadiusbymember_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _radius_search(client, args, by_member=True, may_store=False)


@command("geosearch")
def geosearch(client: RedisSession, args: list[bytes]) -> Reply:
    return _area_search(client, args, None)


@command("geosearchstore")
def geosearchstore(client: RedisSession, args: list[bytes]) -> Reply:
    return _area_search(client, args, args[1])
