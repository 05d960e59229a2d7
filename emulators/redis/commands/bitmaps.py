"""Bitmaps and bitfields (redis.io group `bitmap`): strings taken as rows of bits, from the highest bit of the first byte on.

BITOP and BITCOUNT work on whole numbers of any size, which is as fast as copying. Offsets end where proto-max-bulk-len does.
BITFIELD parses all its operations before it does the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from emulators.redis import errors
from emulators.redis.arguments import integer, long_integer
from emulators.redis.resp import Reply
from emulators.redis.table import command
from emulators.redis.values import RawString

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_NOT_ZERO = re.compile(rb"[^\x00]")
_NOT_ONES = re.compile(rb"[^\xff]")
_WORD = 1 << 64


def _offset(client: RedisSession, word: bytes, bits: int = 0) -> int:
    """A bit offset; with `bits`, `#n` counts in units of so many bits."""
    unit = 1
    if bits and word[:1] == b"#":
        word, unit = word[1:], bits
    value = long_integer(word)
    if value is None:
        raise errors.BIT_OFFSET
    value *= unit
    if value < 0 or value >> 3 >= client.server.max_bulk:
        raise errors.BIT_OFFSET
    return value


def _changed(client: RedisSession, key: bytes, data: bytearray | bytes) -> None:
    db = client.db
    db.put(key, RawString(data), keep_deadline=True)
    db.changed(key)
    db.event("$", b"setbit", key)


@command("setbit")
def setbit(client: RedisSession, args: list[bytes]) -> Reply:
    offset = _offset(client, args[2])
    bit = integer(args[3], errors.BIT_VALUE, 0, 1)
    old = client.db.string(args[1])
    place, mask = offset >> 3, 0x80 >> (offset & 7)
    before = 0
    if old is not None and place < len(old):
        before = 1 if old[place] & mask else 0
        if before == bit:
            if type(old) is not RawString:
                # The server makes room for a change before it finds that there is none.
                client.db.put(args[1], RawString(old), keep_deadline=True)
            return before
    data = bytearray(old or b"")
    if place >= len(data):
        data.extend(bytes(place + 1 - len(data)))
    data[place] = data[place] & ~mask | (mask if bit else 0)
    _changed(client, args[1], data)
    return before


@command("getbit")
def getbit(client: RedisSession, args: list[bytes]) -> Reply:
    offset = _offset(client, args[2])
    value = client.db.string(args[1])
    if value is None or offset >> 3 >= len(value):
        return 0
    return value[offset >> 3] >> (7 - (offset & 7)) & 1


@command("bitop")
def bitop(client: RedisSession, args: list[bytes]) -> Reply:
    operation = args[1].upper()
    if operation not in (b"AND", b"OR", b"XOR", b"NOT"):
        raise errors.SYNTAX
    if operation == b"NOT" and len(args) != 4:
        raise errors.BITOP_NOT
    db, target = client.db, args[2]
    sources = [db.string(key) or b"" for key in args[3:]]
    size = max(map(len, sources))
    if not size:
        if db.delete(target):
            db.changed(target)
            db.event("g", b"del", target)
        return 0
    # Read little-endian, so that shorter strings are filled up with zeros at their ends.
    result = int.from_bytes(sources[0], "little")
    if operation == b"NOT":
        result ^= (1 << size * 8) - 1
    for source in sources[1:]:
        number = int.from_bytes(source, "little")
        if operation == b"AND":
            result &= number
        elif operation == b"OR":
            result |= number
        else:
            result ^= number
    db.put(target, RawString(result.to_bytes(size, "little")))
    db.changed(target)
    db.event("$", b"set", target)
    return size


def _unit(word: bytes) -> bool:
    """True for BIT, False for BYTE."""
    unit = word.upper()
    if unit not in (b"BIT", b"BYTE"):
        raise errors.SYNTAX
    return unit == b"BIT"


@command("bitcount")
def bitcount(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.string(args[1])
    if value is None and client.server.version < (7, 2):
        # Before 7.2 nothing else was looked at.
        return 0
    if len(args) == 2:
        return int.from_bytes(value or b"", "big").bit_count()
    if len(args) not in (4, 5):
        raise errors.SYNTAX
    start, end = integer(args[2]), integer(args[3])
    if client.server.version < (7, 2) and start < 0 and end < 0 and start > end:
        return 0
    by_bit = len(args) == 5 and _unit(args[4])
    if value is None or (start < 0 and end < 0 and start > end):
        return 0
    size = len(value) * 8 if by_bit else len(value)
    start = max(0, start + size if start < 0 else start)
    end = min(size - 1, max(0, end + size if end < 0 else end))
    if start > end:
        return 0
    if not by_bit:
        return int.from_bytes(value[start : end + 1], "big").bit_count()
    number = int.from_bytes(value[start >> 3 : (end >> 3) + 1], "big")
    number >>= 7 - (end & 7)
    return (number & ((1 << end - start + 1) - 1)).bit_count()


@command("bitpos")
def bitpos(client: RedisSession, args: list[bytes]) -> Reply:
    bit = integer(args[2])
    if bit not in (0, 1):
        raise errors.BIT_ARGUMENT
    value = client.db.string(args[1])
    if value is None and client.server.version < (7, 2):
        return -1 if bit else 0
    if len(args) > 6:
        raise errors.SYNTAX
    start = integer(args[3]) if len(args) > 3 else 0
    by_bit = len(args) == 6 and _unit(args[5])
    end_given = len(args) > 4
    end = integer(args[4]) if end_given else -1
    if value is None:
        return -1 if bit else 0
    size = len(value) * 8 if by_bit else len(value)
    start = max(0, start + size if start < 0 else start)
    end = min(size - 1, max(0, end + size if end < 0 else end)) if end_given else size - 1
    if start > end:
        return -1
    first, last = (start, end) if by_bit else (start * 8, end * 8 + 7)
    found = _find(value, bit, first, last)
    if found < 0 and not bit and not end_given:
        # Behind the last byte there is nothing but zeros.
        return last + 1
    return found


def _find(value: bytes, bit: int, first: int, last: int) -> int:
    """The first bit of that kind between two offsets, both included; -1 if there is none."""
    searched = _NOT_ZERO if bit else _NOT_ONES
    place, end = first >> 3, last >> 3
    while place <= end:
        match = searched.search(value, place, end + 1)
        if match is None:
            return -1
        place = match.start()
        byte = value[place] if bit else value[place] ^ 0xFF
        # Bits before the first one and after the last one do not count.
        if place == first >> 3:
            byte &= 0xFF >> (first & 7)
        if place == end:
            byte &= 0xFF << (7 - (last & 7)) & 0xFF
        if byte:
            return place * 8 + 8 - byte.bit_length()
        place += 1
    return -1


# -- bitfields -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Field:
    operation: Literal["GET", "SET", "INCRBY"]
    signed: bool
    bits: int
    offset: int
    number: int
    overflow: bytes


def _field_type(word: bytes) -> tuple[bool, int]:
    bits = long_integer(word[1:].partition(b"\0")[0])
    signed = word[:1] == b"i"
    if word[:1] not in (b"i", b"u") or bits is None or not 1 <= bits <= (64 if signed else 63):
        raise errors.BITFIELD_TYPE
    return signed, bits


def _fields(client: RedisSession, args: list[bytes]) -> list[_Field]:
    fields: list[_Field] = []
    overflow = b"WRAP"
    position = 2
    while position < len(args):
        name, left = args[position].upper(), len(args) - position - 1
        if name == b"OVERFLOW" and left >= 1:
            overflow = args[position + 1].upper()
            if overflow not in (b"WRAP", b"SAT", b"FAIL"):
                raise errors.BITFIELD_OVERFLOW
            position += 2
            continue
        operation: Literal["GET", "SET", "INCRBY"]
        if name == b"GET" and left >= 2:
            operation = "GET"
        elif name == b"SET" and left >= 3:
            operation = "SET"
        elif name == b"INCRBY" and left >= 3:
            operation = "INCRBY"
        else:
            raise errors.SYNTAX
        signed, bits = _field_type(args[position + 1])
        offset = _offset(client, args[position + 2], bits)
        number = integer(args[position + 3]) if operation != "GET" else 0
        fields.append(_Field(operation, signed, bits, offset, number, overflow))
        position += 3 if operation == "GET" else 4
    return fields


def _read(data: bytes | bytearray, field: _Field) -> int:
    """A field's number; behind the end of the string are zeros."""
    place = field.offset >> 3
    end = (field.offset + field.bits + 7) >> 3
    window = int.from_bytes(data[place:end].ljust(end - place, b"\0"), "big")
    number = window >> (end * 8 - field.offset - field.bits) & ((1 << field.bits) - 1)
    if field.signed and number >> (field.bits - 1):
        number -= 1 << field.bits
    return number


def _write(data: bytearray, field: _Field, number: int) -> None:
    place = field.offset >> 3
    end = (field.offset + field.bits + 7) >> 3
    shift = end * 8 - field.offset - field.bits
    mask = (1 << field.bits) - 1
    window = int.from_bytes(data[place:end], "big") & ~(mask << shift)
    data[place:end] = (window | (number & mask) << shift).to_bytes(end - place, "big")


def _limited(field: _Field, old: int) -> int | None:
    """The number that a SET or INCRBY leaves, by the field's rule for overflow; None when it must not be done."""
    low, high = (-(1 << field.bits - 1), (1 << field.bits - 1) - 1) if field.signed else (0, (1 << field.bits) - 1)
    if field.operation == "SET":
        # A negative number given for an unsigned field is a very large one.
        number = field.number if field.signed else field.number % _WORD
    else:
        number = old + field.number
    if low <= number <= high:
        return number
    if field.overflow == b"FAIL":
        return None
    if field.overflow == b"SAT":
        return high if number > high else low
    number &= (1 << field.bits) - 1
    return number - (1 << field.bits) if number > high else number


def _bitfield(client: RedisSession, args: list[bytes], read_only: bool) -> Reply:
    fields = _fields(client, args)
    writes = [field for field in fields if field.operation != "GET"]
    if writes and read_only:
        raise errors.BITFIELD_READ_ONLY
    key = args[1]
    old = client.db.string(key)
    data = bytearray(old or b"")
    grown = False
    if writes:
        size = max(field.offset + field.bits + 7 for field in writes) >> 3
        grown = size > len(data)
        data.extend(bytes(max(0, size - len(data))))
    replies: list[int | None] = []
    changes = 0
    for field in fields:
        before = _read(data, field)
        if field.operation == "GET":
            replies.append(before)
            continue
        after = _limited(field, before)
        if after is None:
            replies.append(None)
            continue
        replies.append(before if field.operation == "SET" else after)
        _write(data, field, after)
        changes += grown or after != before
    if changes:
        _changed(client, key, data)
        client.server.dirty += changes - 1
    elif grown or (writes and old is not None and type(old) is not RawString):
        # Nothing was set, but the string has become longer, or has been made ready for a change, all the same.
        client.db.put(key, RawString(data), keep_deadline=True)
    return replies


@command("bitfield")
def bitfield(client: RedisSession, args: list[bytes]) -> Reply:
    return _bitfield(client, args, read_only=False)


@command("bitfield_ro")
def bitfield_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _bitfield(client, args, read_only=True)
