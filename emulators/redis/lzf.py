"""LZF, the compression of strings in RDB: literal runs, and references to what came up to 8 KiB before.

`compress` makes the same choices as the library that the server uses (a table of 65,536 places keyed by three bytes,
filled at every literal and at the last two bytes of a reference), so payloads are equal byte for byte.
"""

from __future__ import annotations

__all__ = ["compress", "decompress"]

_MAX_OFFSET = 1 << 13
_MAX_REFERENCE = (1 << 8) + (1 << 3)
_MAX_LITERALS = 1 << 5
# The library looks at this many bytes of a match without regard to its greatest length.
_UNCHECKED = 16


def compress(data: bytes, limit: int) -> bytes | None:
    """The compressed form, or None if it does not fit into `limit` bytes."""
    size = len(data)
    if not size or limit <= 0:
        return None
    table: dict[int, int] = {}
    get = table.get
    # A run of literals begins with its length, for which a place is kept.
    out = bytearray(1)
    literals = 0
    place, end = 0, size - 2
    while place < end:
        key = data[place] << 16 | data[place + 1] << 8 | data[place + 2]
        slot = ((key >> 8) - key * 5) & 0xFFFF
        reference = get(slot, 0)
        table[slot] = place
        # The very first byte is never referred to.
        if (
            reference
            and (offset := place - reference - 1) < _MAX_OFFSET
            and data[reference] == data[place]
            and data[reference + 1] == data[place + 1]
            and data[reference + 2] == data[place + 2]
        ):
            used = len(out)
            if used + 4 >= limit and used - (not literals) + 4 >= limit:
                return None
            if literals:
                out[-literals - 1] = literals - 1
            else:
                out.pop()
            longest = min(size - place - 2, _MAX_REFERENCE)
            if longest > _UNCHECKED:
                longest = max(longest, _UNCHECKED + 3)
            length = 3
            while length < longest and data[reference + length] == data[place + length]:
                length += 1
            code = length - 2
            if code < 7:
                out.append((offset >> 8) + (code << 5))
            else:
                out.append((offset >> 8) + (7 << 5))
                out.append(code - 7)
            out.append(offset & 0xFF)
            out.append(0)
            literals = 0
            place += length
            if place >= end:
                break
            for back in (place - 2, place - 1):
                key = data[back] << 16 | data[back + 1] << 8 | data[back + 2]
                table[((key >> 8) - key * 5) & 0xFFFF] = back
        else:
            if len(out) >= limit:
                return None
            literals += 1
            out.append(data[place])
            place += 1
            if literals == _MAX_LITERALS:
                out[-literals - 1] = literals - 1
                literals = 0
                out.append(0)
    if len(out) + 3 > limit:
        return None
    while place < size:
        literals += 1
        out.append(data[place])
        place += 1
        if literals == _MAX_LITERALS:
            out[-literals - 1] = literals - 1
            literals = 0
            out.append(0)
    if literals:
        out[-literals - 1] = literals - 1
    else:
        out.pop()
    return bytes(out)


def decompress(data: bytes, size: int) -> bytes:
    """The original `size` bytes; ValueError if the data is damaged."""
    out = bytearray()
    place, end = 0, len(data)
    try:
        while place < end:
            control = data[place]
            place += 1
            if control < _MAX_LITERALS:
                if place + control + 1 > end:
                    raise ValueError("LZF data ends in the middle of a run")
                out += data[place : place + control + 1]
                place += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[place]
                place += 1
            length += 2
            start = len(out) - ((control & 0x1F) << 8) - data[place] - 1
            place += 1
            if start < 0 or len(out) + length > size:
                raise ValueError("LZF data refers to what is not there")
            while length:
                # A reference may overlap what it produces.
                part = out[start : start + length]
                out += part
                start += len(part)
                length -= len(part)
    except IndexError:
        raise ValueError("LZF data ends in the middle of a reference") from None
    if len(out) != size:
        raise ValueError("LZF data has another size than it says")
    return bytes(out)
