"""Places as 52-bit numbers, and which numbers a search area covers: the geometry behind the geo commands.

Longitude and latitude are halved 26 times each; their bits alternate, longitude first, so that a prefix of the number is a cell. A
search looks at the cell of its centre and the eight around it, at the finest size where they cover the area. Latitudes end at
±85.05112878, where the projection of web maps ends. Distances are on a sphere (haversine). All arithmetic is in
doubles in the order in which the server does it, so results agree to the last digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["STEPS", "Shape", "cells", "decode", "distance", "encode", "geohash_text", "within"]

STEPS = 26
LONGITUDE = (-180.0, 180.0)
LATITUDE = (-85.05112878, 85.05112878)
_EARTH_RADIUS_M = 6372797.560856
_MERCATOR_MAX_M = 20037726.37
_DEGREE = math.pi / 180.0
_ALPHABET = b"0123456789bcdefghjkmnpqrstuvwxyz"

#: A cell: bits and how many steps they stand for.
Cell = tuple[int, int]


@dataclass(slots=True)
class Shape:
    """A search area around a centre: a circle with a radius, or (`radius` None) a box; sizes in units of `unit_m` metres."""

    longitude: float = 0.0
    latitude: float = 0.0
    unit_m: float = 1.0
    radius: float | None = None
    width: float = 0.0
    height: float = 0.0


def _spread(value: int) -> int:
    """The bits of a 32-bit number with a zero before each."""
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555


def _gather(value: int) -> int:
    """Every second bit of a 64-bit number, from the lowest on."""
    value &= 0x5555555555555555
    value = (value | value >> 1) & 0x3333333333333333
    value = (value | value >> 2) & 0x0F0F0F0F0F0F0F0F
    value = (value | value >> 4) & 0x00FF00FF00FF00FF
    value = (value | value >> 8) & 0x0000FFFF0000FFFF
    return (value | value >> 16) & 0x00000000FFFFFFFF


def encode(longitude: float, latitude: float, steps: int = STEPS, latitudes: tuple[float, float] = LATITUDE) -> int:
    """The cell that a place lies in."""
    row = int((latitude - latitudes[0]) / (latitudes[1] - latitudes[0]) * (1 << steps))
    column = int((longitude - LONGITUDE[0]) / (LONGITUDE[1] - LONGITUDE[0]) * (1 << steps))
    return _spread(row) | _spread(column) << 1


def _bounds(bits: int, steps: int) -> tuple[float, float, float, float]:
    """A cell's west, east, south and north."""
    parts = 1 << steps
    row, column = _gather(bits), _gather(bits >> 1)
    width, height = LONGITUDE[1] - LONGITUDE[0], LATITUDE[1] - LATITUDE[0]
    return (
        LONGITUDE[0] + (column / parts) * width,
        LONGITUDE[0] + ((column + 1) / parts) * width,
        LATITUDE[0] + (row / parts) * height,
        LATITUDE[0] + ((row + 1) / parts) * height,
    )


def decode(score: float) -> tuple[float, float]:
    """Longitude and latitude of the middle of a sorted set member's cell."""
    west, east, south, north = _bounds(int(score) & (1 << 64) - 1, STEPS)
    longitude, latitude = (west + east) / 2, (south + north) / 2
    return min(max(longitude, LONGITUDE[0]), LONGITUDE[1]), min(max(latitude, LATITUDE[0]), LATITUDE[1])


def geohash_text(longitude: float, latitude: float) -> bytes:
    """The standard geohash of 11 letters; the last one is always 0, as there are only 52 bits."""
    bits = encode(longitude, latitude, STEPS, (-90.0, 90.0))
    return bytes(_ALPHABET[bits >> 52 - 5 * place & 31] for place in range(1, 11)) + b"0"


# -- distances -----------------------------------------------------------------------------------------------


def _latitude_distance(one: float, two: float) -> float:
    return _EARTH_RADIUS_M * math.fabs(two * _DEGREE - one * _DEGREE)


def distance(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Metres between two places."""
    v = math.sin((other_longitude * _DEGREE - longitude * _DEGREE) / 2)
    if v == 0.0:
        return _latitude_distance(latitude, other_latitude)
    here, there = latitude * _DEGREE, other_latitude * _DEGREE
    u = math.sin((there - here) / 2)
    a = u * u + math.cos(here) * math.cos(there) * v * v
    return 2.0 * _EARTH_RADIUS_M * math.asin(math.sqrt(a))


def within(shape: Shape, longitude: float, latitude: float) -> float | None:
    """The distance in metres of a place from the centre, or None if it lies outside the area."""
    if shape.radius is not None:
        metres = distance(shape.longitude, shape.latitude, longitude, latitude)
        return metres if metres <= shape.radius * shape.unit_m else None
    if _latitude_distance(latitude, shape.latitude) > shape.height * shape.unit_m / 2:
        return None
    if distance(longitude, latitude, shape.longitude, latitude) > shape.width * shape.unit_m / 2:
        return None
    return distance(shape.longitude, shape.latitude, longitude, latitude)


# -- search areas --------------------------------------------------------------------------------------------


def _estimated_steps(metres: float, latitude: float) -> int:
    if metres == 0:
        return STEPS
    steps = 1
    while metres < _MERCATOR_MAX_M:
        metres *= 2
        steps += 1
    steps -= 2
    # Cells are narrower towards the poles.
    if abs(latitude) > 66:
        steps -= 1
        if abs(latitude) > 80:
            steps -= 1
    return min(max(steps, 1), STEPS)


def _area(shape: Shape) -> tuple[float, float, float, float]:
    """West, east, south and north of the area's bounding box."""
    half_height = shape.unit_m * (shape.height / 2 if shape.radius is None else shape.radius)
    half_width = shape.unit_m * (shape.width / 2 if shape.radius is None else shape.radius)
    up = half_height / _EARTH_RADIUS_M / _DEGREE
    # The box is widest on the side of the nearer pole.
    edge = shape.latitude - up if shape.latitude < 0 else shape.latitude + up
    aside = half_width / _EARTH_RADIUS_M / math.cos(edge * _DEGREE) / _DEGREE
    return shape.longitude - aside, shape.longitude + aside, shape.latitude - up, shape.latitude + up


def _moved(bits: int, steps: int, east: int, north: int) -> int:
    """The neighbour of a cell; the world is round in both directions.

    The very last meridian and parallel lie in cells one beyond the last, and stay there unless moved.
    """
    parts = 1 << steps
    row, column = _gather(bits), _gather(bits >> 1)
    if north:
        row = (row + north) % parts
    if east:
        column = (column + east) % parts
    return _spread(row) | _spread(column) << 1


#: The cell itself, then its neighbours as (east, north), in the order in which they are searched.
_AROUND = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))


def cells(shape: Shape) -> list[tuple[int, int]]:
    """Ranges of scores, from the first to before the second, that hold every place of the area."""
    if shape.radius is not None:
        reach = shape.radius * shape.unit_m
    else:
        reach = (
            math.sqrt((shape.width / 2) * (shape.width / 2) + (shape.height / 2) * (shape.height / 2)) * shape.unit_m
        )
    west, east, south, north = _area(shape)
    steps = _estimated_steps(reach, shape.latitude)
    bits = encode(shape.longitude, shape.latitude, steps)
    if steps > 1 and (
        _bounds(_moved(bits, steps, 0, 1), steps)[3] < north
        or _bounds(_moved(bits, steps, 0, -1), steps)[2] > south
        or _bounds(_moved(bits, steps, 1, 0), steps)[1] < east
        or _bounds(_moved(bits, steps, -1, 0), steps)[0] > west
    ):
        # The area lies so near an edge of its cell that the neighbours do not cover it.
        steps -= 1
        bits = encode(shape.longitude, shape.latitude, steps)
    own = _bounds(bits, steps)
    ranges: list[tuple[int, int]] = []
    last: int | None = None
    for place, (right, up) in enumerate(_AROUND):
        if place and steps >= 2:
            useless = (
                (up < 0 and own[2] < south)
                or (up > 0 and own[3] > north)
                or (right < 0 and own[0] < west)
                or (right > 0 and own[1] > east)
            )
            if useless:
                continue
        cell = _moved(bits, steps, right, up)
        # Neighbours of a very large cell can be the same one.
        if cell == last:
            continue
        if place:
            last = cell
        shift = 52 - steps * 2
        ranges.append((cell << shift, cell + 1 << shift))
    return ranges
