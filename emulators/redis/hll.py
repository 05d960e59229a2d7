"""HyperLogLog in Redis's own representation: a string of 16 bytes of header and 16,384 registers of 6 bits.

Header: `HYLL`, one byte of encoding (0 dense, 1 sparse), three unused, and the cached cardinality in 8 bytes, little-
endian, whose top bit says that it is stale. Dense: 12,288 bytes, registers packed from the lowest bit on. Sparse: a
run-length code of `00xxxxxx` (1 to 64 zeros), `01xxxxxx yyyyyyyy` (up to 16,384 zeros) and `1vvvvvxx` (a value up to
32, up to 4 times). Which code stands for given registers depends on the order of updates, so `add` makes the same
steps as the server: the strings are equal byte for byte. Elements are hashed by 64-bit MurmurHash2, and cardinalities
are estimated as by Ertl (arXiv:1702.01284).
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from itertools import accumulate

__all__ = ["DENSE", "SPARSE", "CorruptError", "Sketch", "estimate", "hash_element", "highest", "histogram", "is_valid"]

DENSE, SPARSE = 0, 1
HEADER = 16
REGISTERS = 1 << 14
_INDEX_BITS = 14
_RANK_BITS = 64 - _INDEX_BITS
_DENSE_SIZE = HEADER + REGISTERS * 6 // 8
_ALPHA = 0.721347520444481703680

_MAX_VALUE, _MAX_VALUE_RUN, _MAX_ZEROS = 32, 4, 64
_MERGE_WINDOW = 5

_MASK64 = (1 << 64) - 1
_MULTIPLIER = 0xC6A4A7935BD1E995
_SEED = 0xADC83B19


class CorruptError(ValueError):
    """The registers do not add up: the string was damaged or made up."""


def _table(function: object) -> bytes:
    return bytes(function(byte) & 0xFF for byte in range(256))  # type: ignore[operator]


# Three bytes hold four registers; these give each byte's share of a register, or each register's share of a byte.
_LOW6, _HIGH2 = _table(lambda b: b & 63), _table(lambda b: b >> 6)
_LOW4_UP2, _HIGH4 = _table(lambda b: (b & 15) << 2), _table(lambda b: b >> 4)
_LOW2_UP4, _HIGH6 = _table(lambda b: (b & 3) << 4), _table(lambda b: b >> 2)
_LOW2_UP6, _UP2 = _table(lambda b: (b & 3) << 6), _table(lambda b: b << 2)
_LOW4_UP4 = _table(lambda b: (b & 15) << 4)


def _either(one: bytes | bytearray, two: bytes | bytearray) -> bytes:
    return (int.from_bytes(one, "big") | int.from_bytes(two, "big")).to_bytes(len(one), "big")


def hash_element(element: bytes) -> tuple[int, int]:
    """The register that an element belongs to, and its rank: the zeros its hash goes on with, plus one."""
    size = len(element)
    value = _SEED ^ (size * _MULTIPLIER & _MASK64)
    whole = size & ~7
    for start in range(0, whole, 8):
        part = int.from_bytes(element[start : start + 8], "little") * _MULTIPLIER & _MASK64
        part ^= part >> 47
        value = (value ^ (part * _MULTIPLIER & _MASK64)) * _MULTIPLIER & _MASK64
    if size & 7:
        value = (value ^ int.from_bytes(element[whole:], "little")) * _MULTIPLIER & _MASK64
    value ^= value >> 47
    value = value * _MULTIPLIER & _MASK64
    value ^= value >> 47
    rest = value >> _INDEX_BITS | 1 << _RANK_BITS
    return value & (REGISTERS - 1), (rest & -rest).bit_length()


def is_valid(data: bytes) -> bool:
    """True if a string looks like a HyperLogLog (its registers are not checked)."""
    if len(data) < HEADER or data[:4] != b"HYLL" or data[4] > SPARSE:
        return False
    return data[4] == SPARSE or len(data) == _DENSE_SIZE


_EMPTY = b"HYLL" + bytes([SPARSE]) + bytes(11) + b"\x7f\xff"


class Sketch:
    """A HyperLogLog that is being read or changed. `data` is the string."""

    __slots__ = ("data",)

    def __init__(self, data: bytes | None = None) -> None:
        """From a valid string, or empty."""
        #: Becomes a bytearray with the first change.
        self.data: bytes | bytearray = _EMPTY if data is None else data

    def _own(self) -> bytearray:
        """The string, for changing it."""
        data = self.data
        if not isinstance(data, bytearray):
            data = self.data = bytearray(data)
        return data

    @property
    def encoding(self) -> int:
        return self.data[4]

    # -- cardinality -----------------------------------------------------------------------------------------

    @property
    def cached(self) -> int | None:
        """The cardinality in the header, unless it is stale."""
        if self.data[15] & 0x80:
            return None
        return int.from_bytes(self.data[8:16], "little")

    def cache(self, cardinality: int) -> None:
        self._own()[8:16] = cardinality.to_bytes(8, "little")

    def mark_stale(self) -> None:
        self._own()[15] |= 0x80

    def count(self) -> int:
        """The estimated cardinality."""
        if self.encoding == DENSE:
            return estimate(histogram(self.registers()))
        counts = [0] * 64
        for value, run in self.runs():
            counts[value] += run
        if sum(counts) != REGISTERS:
            raise CorruptError
        return estimate(counts)

    # -- reading ---------------------------------------------------------------------------------------------

    def runs(self) -> list[tuple[int, int]]:
        """The sparse code as (value, run length)."""
        found: list[tuple[int, int]] = []
        data, position, end = self.data, HEADER, len(self.data)
        while position < end:
            byte = data[position]
            if byte & 0x80:
                found.append(((byte >> 2 & 31) + 1, (byte & 3) + 1))
            elif byte & 0x40:
                if position + 1 >= end:
                    raise CorruptError
                position += 1
                found.append((0, ((byte & 63) << 8 | data[position]) + 1))
            else:
                found.append((0, (byte & 63) + 1))
            position += 1
        return found

    def registers(self) -> bytes:
        """All registers, one byte each."""
        if self.encoding == SPARSE:
            parts = [bytes([value]) * run for value, run in self.runs()]
            plain = b"".join(parts)
            if len(plain) != REGISTERS:
                raise CorruptError
            return plain
        first, second, third = self.data[HEADER::3], self.data[HEADER + 1 :: 3], self.data[HEADER + 2 :: 3]
        out = bytearray(REGISTERS)
        out[0::4] = first.translate(_LOW6)
        out[1::4] = _either(first.translate(_HIGH2), second.translate(_LOW4_UP2))
        out[2::4] = _either(second.translate(_HIGH4), third.translate(_LOW2_UP4))
        out[3::4] = third.translate(_HIGH6)
        return bytes(out)

    # -- changing --------------------------------------------------------------------------------------------

    def to_dense(self) -> None:
        if self.encoding == DENSE:
            return
        plain = self.registers()
        r0, r1, r2, r3 = plain[0::4], plain[1::4], plain[2::4], plain[3::4]
        out = bytearray(_DENSE_SIZE - HEADER)
        out[0::3] = _either(r0, r1.translate(_LOW2_UP6))
        out[1::3] = _either(r1.translate(_HIGH6), r2.translate(_LOW4_UP4))
        out[2::3] = _either(r2.translate(_HIGH4), r3.translate(_UP2))
        data = self._own()
        data[HEADER:] = out
        data[4] = DENSE

    def set(self, index: int, value: int, sparse_limit: int) -> bool:
        """Raise a register to a value; False if it is as high already. A string that would outgrow the limit turns dense."""
        if self.data[4] == DENSE:
            return self._set_dense(index, value)
        if value > _MAX_VALUE:
            self.to_dense()
            return self._set_dense(index, value)
        return self._set_sparse(index, value, sparse_limit)

    def add_all(self, elements: Iterable[bytes], sparse_limit: int) -> int:
        """Add elements one after the other; returns how many raised a register."""
        updated = 0
        runs: _Runs | None = None
        try:
            for element in elements:
                index, rank = hash_element(element)
                if self.data[4] == DENSE:
                    updated += self._set_dense(index, rank)
                    continue
                if runs is None:
                    runs = _Runs(self.data)
                raised = runs.set(index, rank, sparse_limit) if rank <= _MAX_VALUE else None
                if raised is None:
                    self._own()[HEADER:] = runs.code()
                    self.to_dense()
                    raised = self._set_dense(index, rank)
                updated += raised
        finally:
            if runs is not None and updated and self.data[4] == SPARSE:
                self._own()[HEADER:] = runs.code()
        return updated

    def _set_dense(self, index: int, value: int) -> bool:
        place, shift = HEADER + index * 6 // 8, index * 6 & 7
        window = int.from_bytes(self.data[place : place + 2], "little")
        if (window >> shift & 63) >= value:
            return False
        window = window & ~(63 << shift) | value << shift
        # The last register ends with the string.
        width = min(2, len(self.data) - place)
        self._own()[place : place + width] = window.to_bytes(2, "little")[:width]
        return True

    def _set_sparse(self, index: int, value: int, limit: int) -> bool:
        runs = _Runs(self.data)
        raised = runs.set(index, value, limit)
        if raised is None:
            self.to_dense()
            return self._set_dense(index, value)
        if raised:
            self._own()[HEADER:] = runs.code()
            self.mark_stale()
        return raised


# One code; damage can leave half of a long one at the end, which does no harm until a register there is asked for.
_CODE = re.compile(rb"[\x40-\x7f].?|[^\x40-\x7f]", re.DOTALL)


@cache
def _spans() -> dict[bytes, int]:
    """How many registers each possible code stands for."""
    spans = {bytes([byte]): (byte & 3 if byte & 0x80 else byte & 63) + 1 for byte in range(256)}
    for high in range(64):
        spans[bytes([0x40 | high])] = (high << 8) + 1
        for low in range(256):
            spans[bytes([0x40 | high, low])] = (high << 8 | low) + 1
    return spans


class _Runs:
    """The sparse code taken apart, so that a register is found at once: the codes, and the first register of each."""

    __slots__ = ("_codes", "_size", "_starts")

    def __init__(self, data: bytes | bytearray) -> None:
        spans = _spans()
        self._codes: list[bytes] = _CODE.findall(data, HEADER)
        self._starts: list[int] = list(accumulate(map(spans.__getitem__, self._codes), initial=0))
        self._size = len(data)

    def code(self) -> bytes:
        return b"".join(self._codes)

    def set(self, index: int, value: int, limit: int) -> bool | None:
        """Raise a register; False if it is as high already, None if the string would become longer than the limit."""
        codes, starts = self._codes, self._starts
        if index >= starts[-1]:
            raise CorruptError
        place = bisect_right(starts, index) - 1
        code, first, behind = codes[place], starts[place], starts[place + 1]
        byte = code[0]
        if byte & 0xC0 == 0x40 and len(code) == 1:
            raise CorruptError
        old = (byte >> 2 & 31) + 1 if byte & 0x80 else 0
        if old >= value:
            return False
        if behind - first == 1 and len(code) == 1:
            codes[place] = bytes([0x80 | (value - 1) << 2])
        else:
            pieces = ((old, first, index), (value, index, index + 1), (old, index + 1, behind))
            parts = [(_code(level, end - start), start) for level, start, end in pieces if end > start]
            growth = sum([len(part) for part, _ in parts]) - len(code)
            if growth > 0 and self._size + growth > limit:
                return None
            codes[place : place + 1] = [part for part, _ in parts]
            starts[place : place + 1] = [start for _, start in parts]
            self._size += growth
        self._merge(max(0, place - 1))
        return True

    def _merge(self, place: int) -> None:
        """Join neighbouring runs of one value, within a few codes from a place on."""
        codes = self._codes
        for _ in range(_MERGE_WINDOW):
            if place + 1 >= len(codes):
                return
            byte, other = codes[place][0], codes[place + 1][0]
            run = (byte & 3) + (other & 3) + 2
            if byte & other & 0x80 and byte >> 2 == other >> 2 and run <= _MAX_VALUE_RUN:
                codes[place : place + 2] = [bytes([byte & ~3 | run - 1])]
                del self._starts[place + 1]
                self._size -= 1
            else:
                place += 1


def _code(value: int, run: int) -> bytes:
    """The sparse code of a run; nothing for an empty one."""
    if not run:
        return b""
    if value:
        return bytes([0x80 | (value - 1) << 2 | run - 1])
    if run > _MAX_ZEROS:
        return (0x4000 | run - 1).to_bytes(2, "big")
    return bytes([run - 1])


def histogram(registers: bytes) -> list[int]:
    """How often each value occurs among registers of one byte each."""
    counts = [0] * 64
    for value in range(max(registers) + 1):
        counts[value] = registers.count(value)
    return counts


_LOWEST_BITS = int.from_bytes(b"\x01" * REGISTERS, "big")
_HIGHEST_BITS = _LOWEST_BITS << 7


def highest(one: bytes, two: bytes) -> bytes:
    """The greater of two values for each register of one byte: all bytes at once, as one large number."""
    a, b = int.from_bytes(one, "big"), int.from_bytes(two, "big")
    # The top bit of a byte survives the subtraction where a's value is not the smaller one.
    mask = ((((a | _HIGHEST_BITS) - b) & _HIGHEST_BITS) >> 7) * 0xFF
    return (a & mask | b & ~mask).to_bytes(REGISTERS, "big")


def estimate(histogram: list[int]) -> int:
    """The cardinality for a histogram of register values."""
    size = float(REGISTERS)
    z = size * _tau((size - histogram[_RANK_BITS + 1]) / size)
    for rank in range(_RANK_BITS, 0, -1):
        z = (z + histogram[rank]) * 0.5
    z += size * _sigma(histogram[0] / size)
    if math.isinf(z):
        return 0
    return math.floor(_ALPHA * size * size / z + 0.5)


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z = 1.0, x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if before == z:
            return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= math.pow(1 - x, 2) * y
        if before == z:
            return z / 3
