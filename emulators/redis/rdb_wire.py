"""The parts that RDB is made of: lengths, strings, integers, doubles. Sans-IO.

A length is 6, 14, 32 or 64 bits by its first two bits; the fourth pattern marks a string that is an 8, 16 or 32-bit integer or
compressed by LZF. Strings of up to 11 bytes that spell a 32-bit integer are stored as such, longer ones than 20 bytes
compressed where that saves 4 bytes or more.
Differs from redis-server: strings above 1 MiB are stored uncompressed (any server reads that), as compressing here takes a second
per 10 MB.
"""

from __future__ import annotations

import struct

from emulators.redis import lzf
from emulators.redis.arguments import long_integer

__all__ = ["DamagedError", "RdbReader", "RdbWriter"]

_SPECIAL = 0xC0
_INT8, _INT16, _INT32, _LZF = 0, 1, 2, 3
_MAX_INTEGER_TEXT = 11
_MIN_COMPRESSED, _MAX_COMPRESSED = 21, 1 << 20
_DOUBLE = struct.Struct("<d")
_MILLISECONDS = struct.Struct("<q")


class DamagedError(ValueError):
    """The data is no RDB, or not whole."""


class RdbWriter:
    """Collects the bytes of an RDB file or payload."""

    def __init__(self) -> None:
        self.out = bytearray()

    def byte(self, value: int) -> None:
        self.out.append(value)

    def raw(self, data: bytes) -> None:
        self.out += data

    def length(self, value: int) -> None:
        out = self.out
        if value < 1 << 6:
            out.append(value)
        elif value < 1 << 14:
            out += bytes((0x40 | value >> 8, value & 0xFF))
        elif value < 1 << 32:
            out += b"\x80" + value.to_bytes(4, "big")
        else:
            out += b"\x81" + value.to_bytes(8, "big")

    def string(self, data: bytes) -> None:
        size = len(data)
        if size <= _MAX_INTEGER_TEXT:
            number = long_integer(data)
            if number is not None and -(1 << 31) <= number < 1 << 31:
                kind, width = (
                    (_INT8, 1) if -128 <= number < 128 else (_INT16, 2) if -32768 <= number < 32768 else (_INT32, 4)
                )
                self.out.append(_SPECIAL | kind)
                self.out += number.to_bytes(width, "little", signed=True)
                return
        elif _MIN_COMPRESSED <= size <= _MAX_COMPRESSED:
            packed = lzf.compress(data, size - 4)
            if packed is not None:
                self.out.append(_SPECIAL | _LZF)
                self.length(len(packed))
                self.length(size)
                self.out += packed
                return
        self.length(size)
        self.out += data

    def double(self, value: float) -> None:
        self.out += _DOUBLE.pack(value)

    def milliseconds(self, value: int) -> None:
        self.out += _MILLISECONDS.pack(value)


class RdbReader:
    """Reads them again; every method raises DamagedError when the data ends or makes no sense."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def raw(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            raise DamagedError("the data ends too early")
        part = self.data[self.position : end]
        self.position = end
        return part

    def byte(self) -> int:
        return self.raw(1)[0]

    def _length(self) -> tuple[int, bool]:
        """A length, or the kind of a specially stored string."""
        first = self.byte()
        kind = first >> 6
        if kind == 0:
            return first, False
        if kind == 1:
            return (first & 0x3F) << 8 | self.byte(), False
        if kind == 3:
            return first & 0x3F, True
        if first == 0x80:
            return int.from_bytes(self.raw(4), "big"), False
        if first == 0x81:
            return int.from_bytes(self.raw(8), "big"), False
        raise DamagedError(f"unknown length encoding {first}")

    def length(self) -> int:
        value, special = self._length()
        if special:
            raise DamagedError("a string where a length should be")
        return value

    def string(self) -> bytes:
        value, special = self._length()
        if not special:
            return self.raw(value)
        if value == _LZF:
            packed_size, size = self.length(), self.length()
            try:
                return lzf.decompress(self.raw(packed_size), size)
            except ValueError as error:
                raise DamagedError(str(error)) from None
        if value > _INT32:
            raise DamagedError(f"unknown string encoding {value}")
        return b"%d" % int.from_bytes(self.raw(1 << value), "little", signed=True)

    def double(self) -> float:
        value: float = _DOUBLE.unpack(self.raw(8))[0]
        return value

    def text_double(self) -> float:
        """The form of old versions: a length and the number as text."""
        size = self.byte()
        if size >= 253:
            return (float("nan"), float("inf"), float("-inf"))[size - 253]
        try:
            return float(self.raw(size))
        except ValueError:
            raise DamagedError("a score that is not a number") from None

    def milliseconds(self) -> int:
        value: int = _MILLISECONDS.unpack(self.raw(8))[0]
        return value
