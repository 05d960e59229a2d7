"""Sizes in bytes of Redis's compact encoding, the listpack: what decides when lists and stream nodes are full.

A listpack is a header of 6 bytes, its entries, and one byte at the end. An entry is an encoding byte, the data, and its own length
again, so that it can be read backwards. Text that spells an integer is stored as the integer.
"""

from __future__ import annotations

__all__ = ["EMPTY_BYTES", "entry_bytes", "integer_bytes", "list_exceeds", "list_limits"]

#: Header and end.
EMPTY_BYTES = 7
_NODE_BYTES = (4096, 8192, 16384, 32768, 65536)
# Whatever the configured number of entries, a node does not grow beyond this.
_SAFE_BYTES = 8192
_UNLIMITED = 1 << 62


def integer_bytes(value: int) -> int:
    """The size of an entry that holds a 64-bit integer."""
    if 0 <= value <= 127:
        return 2
    if -4096 <= value <= 4095:
        return 3
    if -32768 <= value <= 32767:
        return 4
    if -8388608 <= value <= 8388607:
        return 5
    if -2147483648 <= value <= 2147483647:
        return 6
    return 10


def entry_bytes(item: bytes) -> int:
    """The size of an entry that holds this text."""
    size = len(item)
    if size <= 20 and (item.isdigit() or (item[:1] == b"-" and item[1:].isdigit())):
        value = int(item)
        if b"%d" % value == item and -(2**63) <= value < 2**63:
            return integer_bytes(value)
    if size < 64:
        size += 1
    elif size < 4096:
        size += 2
    else:
        size += 5
    if size <= 127:
        return size + 1
    if size < 16383:
        return size + 2
    if size < 2097151:
        return size + 3
    return size + (4 if size < 268435455 else 5)


def list_exceeds(fill: int, size: int, count: int) -> bool:
    """True when a listpack of so many bytes and entries is more than `list-max-listpack-size` allows."""
    if fill >= 0:
        return count > max(fill, 1) or size > _SAFE_BYTES
    return size > _NODE_BYTES[min(-fill, 5) - 1]


def list_limits(fill: int) -> tuple[int, int]:
    """`list-max-listpack-size` as the most bytes and the most entries that one node of a list may have."""
    if fill >= 0:
        return _UNLIMITED, max(fill, 1)
    return _NODE_BYTES[min(-fill, 5) - 1], _UNLIMITED
