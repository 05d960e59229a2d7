"""Arrays of bulk strings, written as a whole: the way for replies with hundreds of elements.

Both protocols write them alike, so the bytes can be made at once, most of the work in C: a separator with the length joins the
elements when they are equally long; otherwise heads and elements are joined by turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from emulators.redis.resp import Encoded

__all__ = ["bulk_array", "entry_array"]

# Heads of lengths up to here are kept.
_KEPT = 4096


class _Heads(dict[int, bytes]):
    """The end of an element and the head of the next, by its length."""

    def __missing__(self, length: int) -> bytes:
        head = b"\r\n$%d\r\n" % length
        if length < _KEPT:
            self[length] = head
        return head


_head = _Heads().__getitem__


def bulk_array(items: list[bytes]) -> Encoded:
    """A non-empty array of bulk strings, as a reply."""
    lengths = set(map(len, items))
    if len(lengths) == 1:
        head = _head(lengths.pop())
        data = b"*%d%b%b\r\n" % (len(items), head, head.join(items))
    else:
        data = b"*%d%b\r\n" % (
            len(items),
            b"".join(chain.from_iterable(zip(map(_head, map(len, items)), items, strict=True))),
        )
    return Encoded(data, data)


def entry_array(entries: Iterable[tuple[bytes, list[bytes]]]) -> Encoded:
    """An array of pairs, each of a bulk string and a non-empty array of bulk strings: a stream's entries, as a reply."""
    parts = [b""]
    count = 0
    for name, items in entries:
        count += 1
        parts.append(b"*2\r\n$%d\r\n%b\r\n*%d" % (len(name), name, len(items)))
        for item in items:
            parts.append(_head(len(item)))
            parts.append(item)
        parts.append(b"\r\n")
    parts[0] = b"*%d\r\n" % count
    data = b"".join(parts)
    return Encoded(data, data)
