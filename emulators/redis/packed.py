"""Redis's compact encodings as bytes: listpacks and intsets both ways, ziplists and zipmaps for reading old dumps.

Integers inside a listpack come back as the text they were, since only text in canonical form is stored as an integer. Readers raise
ValueError for anything that does not add up. Sizes alone are in `emulators.redis.listpack`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import pairwise

from emulators.redis.arguments import long_integer

__all__ = [
    "intset_of",
    "listpack_of",
    "listpack_of_mixed",
    "read_intset",
    "read_listpack",
    "read_ziplist",
    "read_zipmap",
]

_HEADER = struct.Struct("<IH")
_UNKNOWN_COUNT = 0xFFFF
_END = 0xFF


# -- listpack ------------------------------------------------------------------------------------------------


def listpack_of(items: Iterable[bytes]) -> bytes:
    """A listpack of texts."""
    return listpack_of_mixed(items)


def listpack_of_mixed(items: Iterable[bytes | int]) -> bytes:
    """A listpack of texts and integers."""
    parts = [_entry(item) for item in items]
    body = b"".join(parts)
    size = len(body) + _HEADER.size + 1
    return _HEADER.pack(size, min(len(parts), _UNKNOWN_COUNT)) + body + b"\xff"


def _entry(item: bytes | int) -> bytes:
    number = item if isinstance(item, int) else long_integer(item) if len(item) <= 20 else None
    if number is None:
        assert isinstance(item, bytes)
        size = len(item)
        if size < 64:
            data = bytes([0x80 | size]) + item
        elif size < 4096:
            data = bytes([0xE0 | size >> 8, size & 0xFF]) + item
        else:
            data = b"\xf0" + size.to_bytes(4, "little") + item
    elif 0 <= number <= 127:
        data = bytes([number])
    elif -4096 <= number <= 4095:
        number &= 0x1FFF
        data = bytes([0xC0 | number >> 8, number & 0xFF])
    elif -(1 << 15) <= number < 1 << 15:
        data = b"\xf1" + number.to_bytes(2, "little", signed=True)
    elif -(1 << 23) <= number < 1 << 23:
        data = b"\xf2" + number.to_bytes(3, "little", signed=True)
    elif -(1 << 31) <= number < 1 << 31:
        data = b"\xf3" + number.to_bytes(4, "little", signed=True)
    else:
        data = b"\xf4" + number.to_bytes(8, "little", signed=True)
    return data + _back_length(len(data))


def _back_length(size: int) -> bytes:
    """An entry's length, so that it can be read from its end: groups of seven bits, the first one without a flag."""
    if size <= 127:
        return bytes([size])
    groups = [size & 0x7F | 0x80]
    size >>= 7
    while size > 127:
        groups.append(size & 0x7F | 0x80)
        size >>= 7
    groups.append(size)
    return bytes(reversed(groups))


_BACK_LIMITS = (127, 16383, 2097151, 268435455)


def read_listpack(data: bytes) -> list[bytes]:
    """The entries of a listpack as texts."""
    if len(data) < _HEADER.size + 1 or data[-1] != _END:
        raise ValueError("not a listpack")
    size, count = _HEADER.unpack_from(data)
    if size != len(data):
        raise ValueError("a listpack has another size than it says")
    items: list[bytes] = []
    place, end = _HEADER.size, size - 1
    while place < end:
        start = place
        byte = data[place]
        if byte < 0x80:
            items.append(b"%d" % byte)
            place += 1
        elif byte < 0xC0:
            place += 1 + (byte & 0x3F)
            items.append(data[start + 1 : place])
        elif byte < 0xE0:
            number = (byte & 0x1F) << 8 | data[place + 1]
            items.append(b"%d" % (number - (1 << 13) if number >= 1 << 12 else number))
            place += 2
        elif byte < 0xF0:
            place += 2 + ((byte & 0x0F) << 8 | data[place + 1])
            items.append(data[start + 2 : place])
        elif byte == 0xF0:
            place += 5 + int.from_bytes(data[place + 1 : place + 5], "little")
            items.append(data[start + 5 : place])
        elif byte <= 0xF4:
            width = (2, 3, 4, 8)[byte - 0xF1]
            place += 1 + width
            items.append(b"%d" % int.from_bytes(data[start + 1 : place], "little", signed=True))
        else:
            raise ValueError("a listpack holds an unknown encoding")
        length = place - start
        back = 1
        for limit in _BACK_LIMITS:
            if length > limit:
                back += 1
        if data[place : place + back] != _back_length(length):
            raise ValueError("a listpack's entry has another length than it says")
        place += back
    if place != end or (count != _UNKNOWN_COUNT and count != len(items)):
        raise ValueError("a listpack's entries do not add up")
    return items


# -- intset --------------------------------------------------------------------------------------------------


def intset_of(numbers: Iterable[int]) -> bytes:
    """An intset; the numbers have to be in ascending order."""
    ordered = list(numbers)
    low, high = (ordered[0], ordered[-1]) if ordered else (0, 0)
    width, code = (8, "q")
    for narrow, letter in ((2, "h"), (4, "i")):
        if -(1 << narrow * 8 - 1) <= low and high < 1 << narrow * 8 - 1:
            width, code = narrow, letter
            break
    return struct.pack(f"<II{len(ordered)}{code}", width, len(ordered), *ordered)


def read_intset(data: bytes) -> list[int]:
    if len(data) < 8:
        raise ValueError("not an intset")
    width, count = struct.unpack_from("<II", data)
    if width not in (2, 4, 8) or len(data) != 8 + width * count:
        raise ValueError("an intset has another size than it says")
    numbers = list(struct.unpack_from(f"<{count}{dict(zip((2, 4, 8), 'hiq', strict=True))[width]}", data, 8))
    if any(one >= two for one, two in pairwise(numbers)):
        raise ValueError("an intset is not in order")
    return numbers


# -- what servers before 7.0 wrote ---------------------------------------------------------------------------


def read_ziplist(data: bytes) -> list[bytes]:
    """The entries of a ziplist as texts."""
    if len(data) < 11 or data[-1] != _END or int.from_bytes(data[:4], "little") != len(data):
        raise ValueError("not a ziplist")
    items: list[bytes] = []
    place, end = 10, len(data) - 1
    while place < end:
        place += 5 if data[place] == 0xFE else 1
        byte = data[place]
        if byte < 0xC0:
            if byte < 0x40:
                place, size = place + 1, byte
            elif byte < 0x80:
                place, size = place + 2, (byte & 0x3F) << 8 | data[place + 1]
            else:
                place, size = place + 5, int.from_bytes(data[place + 1 : place + 5], "big")
            if place + size > end:
                raise ValueError("a ziplist's entry is longer than the ziplist")
            items.append(data[place : place + size])
            place += size
            continue
        if 0xF1 <= byte <= 0xFD:
            items.append(b"%d" % (byte - 0xF1))
            place += 1
            continue
        width = {0xC0: 2, 0xD0: 4, 0xE0: 8, 0xF0: 3, 0xFE: 1}.get(byte)
        if width is None:
            raise ValueError("a ziplist holds an unknown encoding")
        items.append(b"%d" % int.from_bytes(data[place + 1 : place + 1 + width], "little", signed=True))
        place += 1 + width
    count = int.from_bytes(data[8:10], "little")
    if place != end or (count != _UNKNOWN_COUNT and count != len(items)):
        raise ValueError("a ziplist's entries do not add up")
    return items


def read_zipmap(data: bytes) -> list[bytes]:
    """Fields and values by turns."""
    if len(data) < 2 or data[-1] != _END:
        raise ValueError("not a zipmap")
    items: list[bytes] = []
    place, end = 1, len(data) - 1
    while place < end:
        size, place = _zipmap_length(data, place)
        if len(items) % 2:
            free = data[place]
            items.append(data[place + 1 : place + 1 + size])
            place += 1 + size + free
        else:
            items.append(data[place : place + size])
            place += size
    if place != end or len(items) % 2:
        raise ValueError("a zipmap's entries do not add up")
    return items


def _zipmap_length(data: bytes, place: int) -> tuple[int, int]:
    if data[place] < 0xFE:
        return data[place], place + 1
    return int.from_bytes(data[place + 1 : place + 5], "little"), place + 5
