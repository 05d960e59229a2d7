"""CRC-64 as DUMP payloads and RDB files end with it: Jones polynomial, reflected, no inversion, starting from 0.

>>> hex(crc64(b"123456789"))
'0xe9c6d914c4b8d9ca'
"""

from __future__ import annotations

__all__ = ["crc64"]

# 0xad93d23594c935a9 with its bits reversed.
_POLYNOMIAL = 0x95AC9329AC4BC9B5


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_entry(byte) for byte in range(256)]
# Two bytes at a time halve the rounds.
_WIDE: list[int] = []


def crc64(data: bytes, crc: int = 0) -> int:
    """The checksum of `data`, going on from `crc`."""
    table = _TABLE
    size = len(data)
    start = 0
    if size > 1 << 16:
        if not _WIDE:
            _WIDE.extend(
                table[word & 0xFF] >> 8 ^ table[(table[word & 0xFF] ^ word >> 8) & 0xFF] for word in range(1 << 16)
            )
        wide = _WIDE
        start = size & ~1
        for word in memoryview(_little(data[:start])).cast("H"):
            crc = wide[(crc ^ word) & 0xFFFF] ^ crc >> 16
    for byte in data[start:]:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def _little(data: bytes) -> bytes:
    """The bytes so that the machine's own 16-bit words read as little-endian ones."""
    import sys

    if sys.byteorder == "little":
        return data
    swapped = bytearray(data)
    swapped[::2], swapped[1::2] = data[1::2], data[::2]
    return bytes(swapped)
