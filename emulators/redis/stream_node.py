"""Stream ids, and the nodes in which a stream keeps its entries, measured as the listpacks that the server makes of them.

An id is one integer, `milliseconds << 64 | sequence`, so ids compare as they should.
"""

from __future__ import annotations

from collections.abc import Iterator

from emulators.redis import listpack

__all__ = ["MAX_ID", "SEQUENCE", "StreamNode", "format_id", "make_id"]

#: The greatest id, and the greatest sequence, which is also the mask of an id's lower half.
MAX_ID = (1 << 128) - 1
SEQUENCE = (1 << 64) - 1
# The most that the two counters of a node take.
_COUNTERS = 20


def make_id(milliseconds: int, sequence: int) -> int:
    return milliseconds << 64 | sequence


def format_id(number: int) -> bytes:
    return b"%d-%d" % (number >> 64, number & SEQUENCE)


class StreamNode:
    """A run of entries, at most one listpack's worth.

    master   the id of the first entry ever put in, to which the others are relative
    fields   the field names of that entry; entries with the same ones do not repeat them
    ids      the ids, deleted ones included, ascending
    entries  per id, field and value by turns
    dead     ids among them that are deleted
    """

    __slots__ = ("_at_most", "_body", "_measured", "dead", "entries", "fields", "ids", "master", "owner")

    def __init__(self, master: int, fields: list[bytes], owner: object) -> None:
        self.master = master
        self.fields = fields
        self.ids: list[int] = []
        self.entries: list[list[bytes]] = []
        self.dead: set[int] = set()
        #: Bytes of the listpack without its two counters, for the first `_measured` entries; and a bound for all of them.
        self._body = (
            # Header and end, the number of fields, their names, and the zero after them.
            listpack.EMPTY_BYTES + listpack.integer_bytes(len(fields)) + sum(map(listpack.entry_bytes, fields)) + 2
        )
        self._measured = 0
        self._at_most = self._body + _COUNTERS
        self.owner = owner

    def copy(self, owner: object) -> StreamNode:
        node = StreamNode.__new__(StreamNode)
        node.master, node.fields = self.master, self.fields
        node._body, node._measured, node._at_most = self._body, self._measured, self._at_most
        node.ids, node.entries, node.dead = self.ids[:], self.entries[:], set(self.dead)
        node.owner = owner
        return node

    @property
    def live(self) -> int:
        return len(self.ids) - len(self.dead)

    def size_bytes(self) -> int:
        """The size that this node has as a listpack."""
        for place in range(self._measured, len(self.ids)):
            self._body += self._entry_bytes(self.ids[place], self.entries[place])
        self._measured = len(self.ids)
        self._at_most = self._body + _COUNTERS
        return self._body + listpack.integer_bytes(self.live) + listpack.integer_bytes(len(self.dead))

    def fits(self, items: list[bytes], limit: int) -> bool:
        """Whether an entry can be added to a node of at most `limit` bytes.

        Measuring entries costs more than adding them, so it is done only where a coarse bound does not settle it.
        """
        size = sum(map(len, items))
        return self._at_most + size < limit or self.size_bytes() + size < limit

    def _entry_bytes(self, number: int, items: list[bytes]) -> int:
        """Flags, id relative to the master, number of fields and names unless they are the master's, values, count of pieces."""
        entry_bytes, integer_bytes = listpack.entry_bytes, listpack.integer_bytes
        master = self.master
        size = 2 + integer_bytes((number >> 64) - (master >> 64))
        size += integer_bytes((number & SEQUENCE) - (master & SEQUENCE))
        fields = items[::2]
        if fields == self.fields:
            return size + sum(map(entry_bytes, items[1::2])) + integer_bytes(3 + len(fields))
        size += integer_bytes(len(fields)) + sum(map(entry_bytes, items))
        return size + integer_bytes(4 + 2 * len(fields))

    def append(self, number: int, items: list[bytes]) -> None:
        self.ids.append(number)
        self.entries.append(items)
        # No element takes more than ten bytes beyond its length; nor does an id's half, a number of fields or of pieces.
        self._at_most += sum(map(len, items)) + 10 * len(items) + 42

    def drop_last(self) -> None:
        """Forget the last entry, which is deleted. What it measured stays counted."""
        self.dead.discard(self.ids.pop())
        self.entries.pop()
        self._measured = min(self._measured, len(self.ids))

    def living(self) -> Iterator[tuple[int, list[bytes]]]:
        if not self.dead:
            return zip(self.ids, self.entries, strict=True)
        dead = self.dead
        return ((n, e) for n, e in zip(self.ids, self.entries, strict=True) if n not in dead)
