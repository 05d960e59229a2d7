"""The stream value: entries in nodes, and consumer groups, as t_stream.c keeps them.

An id is one integer, `milliseconds << 64 | sequence`, so ids compare as they should. Entries stand in nodes that are sized as
the real server sizes its listpacks (`stream-node-max-bytes`, `stream-node-max-entries`), because that is visible: `MAXLEN ~`
drops whole nodes, XINFO counts them, DUMP writes them. A deleted entry stays in its node, marked, until the node goes.

For those who read the structure (DUMP, XINFO): `nodes` is a list of `StreamNode` in order of id; `groups` maps names to
`StreamGroup`. Copies share nodes and groups: whoever owns one (by a token, renewed by `copy`) may change it, others copy it
first. The lists of fields and values are never changed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedDict, SortedSet

from emulators.redis import listpack
from emulators.redis.values import Value, readable

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["MAX_ID", "StreamConsumer", "StreamGroup", "StreamNode", "StreamValue", "format_id", "make_id"]

#: The greatest id there is.
MAX_ID = (1 << 128) - 1
_SEQUENCE = (1 << 64) - 1
#: What `StreamGroup.entries_read` holds when the number is unknown.
UNKNOWN = -1
# The most that the two counters of a node take.
_COUNTERS = 20
# A node's size when `stream-node-max-bytes` is 0 or larger than this.
_NODE_BYTES_LIMIT = 1 << 30

_master = attrgetter("master")

#: An entry of a group's pending list: the consumer's name, when it was delivered last (ms), how often it was delivered.
Pending = tuple[bytes, int, int]


def make_id(milliseconds: int, sequence: int) -> int:
    return milliseconds << 64 | sequence


def format_id(number: int) -> bytes:
    return b"%d-%d" % (number >> 64, number & _SEQUENCE)


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
        size += integer_bytes((number & _SEQUENCE) - (master & _SEQUENCE))
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


class StreamConsumer:
    """A consumer of a group.

    seen_ms    when it last tried anything
    active_ms  when it last got or claimed something (7.2), -1 for never
    pending    the ids delivered to it and not acknowledged
    """

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int, active_ms: int = -1, pending: Any = ()) -> None:
        self.name = name
        self.seen_ms = seen_ms
        self.active_ms = active_ms
        self.pending: Any = SortedSet(pending)


class StreamGroup:
    """A consumer group. `entries_read` is -1 while unknown; `pending` maps ids, in order, to `Pending`."""

    __slots__ = ("consumers", "entries_read", "last_id", "owner", "pending")

    def __init__(self, last_id: int, entries_read: int, owner: object) -> None:
        self.last_id = last_id
        self.entries_read = entries_read
        self.pending: Any = SortedDict()
        self.consumers: dict[bytes, StreamConsumer] = {}
        self.owner = owner

    def copy(self, owner: object) -> StreamGroup:
        group = StreamGroup(self.last_id, self.entries_read, owner)
        group.pending = self.pending.copy()
        group.consumers = {
            name: StreamConsumer(name, one.seen_ms, one.active_ms, one.pending) for name, one in self.consumers.items()
        }
        return group

    def sorted_consumers(self) -> list[StreamConsumer]:
        """The consumers by name, as the server lists them."""
        return [self.consumers[name] for name in sorted(self.consumers)]

    def assign(self, number: int, consumer: StreamConsumer, delivered_ms: int, count: int) -> None:
        """Make an entry pending with a consumer, taking it from whoever had it."""
        old = self.pending.get(number)
        if old is not None and old[0] != consumer.name:
            self.consumers[old[0]].pending.discard(number)
        self.pending[number] = (consumer.name, delivered_ms, count)
        consumer.pending.add(number)

    def acknowledge(self, number: int) -> bool:
        """Take an entry off the pending list; False if it is not there."""
        old = self.pending.pop(number, None)
        if old is None:
            return False
        self.consumers[old[0]].pending.discard(number)
        return True

    def drop_consumer(self, consumer: StreamConsumer) -> int:
        """Remove a consumer with all that is pending with it; returns how many entries that were."""
        for number in consumer.pending:
            del self.pending[number]
        del self.consumers[consumer.name]
        return len(consumer.pending)


class StreamValue(Value):
    """A stream.

    length     entries that are there
    first_id   the id of the first of them, 0 when there is none
    last_id    the greatest id ever added (or set by XSETID)
    max_deleted_id  the greatest id that XDEL removed
    added      how many entries were ever added
    """

    __slots__ = ("_token", "added", "first_id", "groups", "last_id", "length", "max_deleted_id", "nodes")
    type_name = b"stream"

    def __init__(self) -> None:
        self.nodes: list[StreamNode] = []
        self.groups: dict[bytes, StreamGroup] = {}
        self.length = 0
        self.first_id = self.last_id = self.max_deleted_id = 0
        self.added = 0
        self._token = object()

    def copy(self) -> StreamValue:
        twin = StreamValue()
        twin.nodes = self.nodes[:]
        twin.groups = dict(self.groups)
        twin.length, twin.first_id, twin.last_id = self.length, self.first_id, self.last_id
        twin.max_deleted_id, twin.added = self.max_deleted_id, self.added
        # What both share now belongs to neither.
        self._token = object()
        return twin

    def encoding(self) -> bytes:
        return b"stream"

    def __len__(self) -> int:
        return self.length

    # -- entries ---------------------------------------------------------------------------------------------

    def append(self, number: int, items: list[bytes], thresholds: Thresholds) -> None:
        """Add an entry whose id is greater than `last_id`."""
        nodes = self.nodes
        if nodes and nodes[-1].ids[-1] >= number:
            self._forget_dead_tail(number)
        node = nodes[-1] if nodes else None
        if node is not None:
            limit = thresholds.stream_node_bytes
            if not 0 < limit <= _NODE_BYTES_LIMIT:
                limit = _NODE_BYTES_LIMIT
            entries = thresholds.stream_node_entries
            if (entries and len(node.ids) >= entries) or not node.fits(items, limit):
                node = None
            elif node.owner is not self._token:
                node = nodes[-1] = node.copy(self._token)
        if node is None:
            node = StreamNode(number, items[::2], self._token)
            nodes.append(node)
        node.append(number, items)
        self.length += 1
        self.added += 1
        self.last_id = number
        if self.length == 1:
            self.first_id = number

    def _forget_dead_tail(self, number: int) -> None:
        """Drop deleted entries whose ids are not below `number`: XSETID can go back behind them, and ids have to ascend."""
        while self.nodes and self.nodes[-1].ids[-1] >= number:
            node = self._owned(-1)
            while node.ids and node.ids[-1] >= number:
                node.drop_last()
            if not node.ids:
                self.nodes.pop()

    def _node_of(self, number: int) -> int:
        """The place of the node where this id would stand; -1 when it lies before all."""
        return bisect_right(self.nodes, number, key=_master) - 1

    def get(self, number: int) -> list[bytes] | None:
        """An entry's fields and values, or None."""
        place = self._node_of(number)
        if place < 0:
            return None
        node = self.nodes[place]
        at = bisect_left(node.ids, number)
        if at < len(node.ids) and node.ids[at] == number and number not in node.dead:
            return node.entries[at]
        return None

    def iterate(self, start: int = 0, end: int = MAX_ID) -> Iterator[tuple[int, list[bytes]]]:
        """Entries from `start` to `end`, both included."""
        nodes = self.nodes
        place = max(self._node_of(start), 0)
        while place < len(nodes):
            node = nodes[place]
            ids = node.ids
            if ids[0] > end:
                return
            if ids[0] >= start and ids[-1] <= end:
                yield from node.living()
            else:
                entries, dead = node.entries, node.dead
                for at in range(bisect_left(ids, start), bisect_right(ids, end)):
                    if ids[at] not in dead:
                        yield ids[at], entries[at]
            place += 1

    def iterate_back(self, start: int = 0, end: int = MAX_ID) -> Iterator[tuple[int, list[bytes]]]:
        """The same from `end` down to `start`."""
        nodes = self.nodes
        place = self._node_of(end)
        while place >= 0:
            node = nodes[place]
            ids, entries, dead = node.ids, node.entries, node.dead
            if ids[-1] < start:
                return
            for at in range(bisect_right(ids, end) - 1, bisect_left(ids, start) - 1, -1):
                if ids[at] not in dead:
                    yield ids[at], entries[at]
            place -= 1

    def last_live_id(self) -> int:
        """The id of the last entry that is there, or 0."""
        for number, _ in self.iterate_back():
            return number
        return 0

    def _first_live_id(self) -> int:
        for number, _ in self.iterate():
            return number
        return 0

    def _owned(self, place: int) -> StreamNode:
        node = self.nodes[place]
        if node.owner is not self._token:
            node = self.nodes[place] = node.copy(self._token)
        return node

    def delete(self, numbers: list[int]) -> int:
        """XDEL: mark entries as deleted; returns how many there were."""
        deleted = 0
        first_gone = False
        for number in numbers:
            if self.get(number) is None:
                continue
            place = self._node_of(number)
            if self.nodes[place].live == 1:
                del self.nodes[place]
            else:
                self._owned(place).dead.add(number)
            self.length -= 1
            deleted += 1
            first_gone = first_gone or number == self.first_id
            self.max_deleted_id = max(self.max_deleted_id, number)
        if deleted:
            if not self.length:
                self.first_id = 0
            elif first_gone:
                self.first_id = self._first_live_id()
        return deleted

    def trim(self, *, max_length: int | None, min_id: int = 0, approximate: bool = False, limit: int = 0) -> int:
        """Drop entries from the beginning, until at most `max_length` are left, or (None) none is below `min_id`.

        `approximate` drops whole nodes only; `limit`, if not 0, bounds how many entries go. Returns how many went.
        """
        deleted = gone_nodes = 0
        nodes = self.nodes
        while gone_nodes < len(nodes):
            if max_length is not None and self.length <= max_length:
                break
            node = nodes[gone_nodes]
            live = node.live
            if limit and deleted + live > limit:
                break
            whole = self.length - live >= max_length if max_length is not None else node.ids[-1] < min_id
            if whole:
                gone_nodes += 1
                self.length -= live
                deleted += live
                continue
            if approximate:
                break
            node = self._owned(gone_nodes)
            for number in node.ids:
                if self.length <= max_length if max_length is not None else number >= min_id:
                    break
                if number not in node.dead:
                    node.dead.add(number)
                    self.length -= 1
                    deleted += 1
            break
        del nodes[:gone_nodes]
        if not self.length:
            self.first_id = 0
        elif deleted:
            self.first_id = self._first_live_id()
        return deleted

    def radix_nodes(self) -> int:
        """How many nodes the server's radix tree has for these listpacks (its keys are the 16 bytes of the masters)."""
        if not self.nodes:
            return 1
        return _count_radix([node.master.to_bytes(16, "big") for node in self.nodes], 0)

    # -- groups ----------------------------------------------------------------------------------------------

    def write_group(self, name: bytes) -> StreamGroup | None:
        """A group, for changing it."""
        group = self.groups.get(name)
        if group is not None and group.owner is not self._token:
            group = self.groups[name] = group.copy(self._token)
        return group

    def add_group(self, name: bytes, last_id: int, entries_read: int) -> StreamGroup:
        group = self.groups[name] = StreamGroup(last_id, entries_read, self._token)
        return group

    def sorted_groups(self) -> list[tuple[bytes, StreamGroup]]:
        """The groups by name, as the server lists them."""
        return sorted(self.groups.items())

    def has_tombstones(self, start: int) -> bool:
        """True when an entry at `start` or later was deleted by XDEL, while entries before it are still there."""
        if not self.length or not self.max_deleted_id or self.first_id > self.max_deleted_id:
            return False
        return start <= self.max_deleted_id

    def counter_of(self, number: int) -> int:
        """How many entries had ever been added when this id was, or -1 where that cannot be told."""
        if not self.added:
            return 0
        if (not self.length and number <= self.last_id) or number == self.last_id:
            return self.added
        if number > self.last_id:
            return UNKNOWN
        if not self.max_deleted_id or self.max_deleted_id < self.first_id:
            if number < self.first_id:
                return self.added - self.length
            if number == self.first_id:
                return self.added - self.length + 1
        return UNKNOWN

    def lag(self, group: StreamGroup) -> int | None:
        """How many entries the group has not been given yet, or None where that cannot be told."""
        if not self.added:
            return 0
        read = group.entries_read
        if read == UNKNOWN or self.has_tombstones(group.last_id):
            read = self.counter_of(group.last_id)
        return None if read == UNKNOWN else self.added - read

    # -- as data ---------------------------------------------------------------------------------------------

    def export(self) -> Any:
        # Ids have 128 bits, more than msgpack's integers.
        return {
            "nodes": [
                [_wide(n.master), n.fields, [*map(_wide, n.ids)], n.entries, sorted(map(_wide, n.dead))]
                for n in self.nodes
            ],
            "ids": [_wide(self.first_id), _wide(self.last_id), _wide(self.max_deleted_id)],
            "added": self.added,
            "groups": [
                [
                    name,
                    _wide(group.last_id),
                    group.entries_read,
                    [[_wide(number), *pending] for number, pending in group.pending.items()],
                    [[one.name, one.seen_ms, one.active_ms] for one in group.consumers.values()],
                ]
                for name, group in self.groups.items()
            ],
        }

    @classmethod
    def load(cls, data: Any) -> StreamValue:
        stream = cls()
        for master, fields, ids, entries, dead in data["nodes"]:
            node = StreamNode(_narrow(master), list(fields), stream._token)
            for number, items in zip(ids, entries, strict=True):
                node.append(_narrow(number), list(items))
            node.dead = set(map(_narrow, dead))
            stream.nodes.append(node)
            stream.length += node.live
        stream.first_id, stream.last_id, stream.max_deleted_id = map(_narrow, data["ids"])
        stream.added = data["added"]
        for name, last_id, entries_read, pending, consumers in data["groups"]:
            group = stream.add_group(name, _narrow(last_id), entries_read)
            for consumer, seen_ms, active_ms in consumers:
                group.consumers[consumer] = StreamConsumer(consumer, seen_ms, active_ms)
            for number, consumer, delivered_ms, count in pending:
                group.assign(_narrow(number), group.consumers[consumer], delivered_ms, count)
        return stream

    def plain(self) -> Any:
        return {
            "entries": [
                {
                    "id": format_id(number).decode(),
                    "fields": {readable(items[i]): readable(items[i + 1]) for i in range(0, len(items), 2)},
                }
                for number, items in self.iterate()
            ],
            "lastId": format_id(self.last_id).decode(),
            "groups": {
                readable(name): {
                    "lastId": format_id(group.last_id).decode(),
                    "pending": {
                        format_id(number).decode(): {"consumer": readable(consumer), "deliveries": count}
                        for number, (consumer, _, count) in group.pending.items()
                    },
                    "consumers": [readable(one.name) for one in group.sorted_consumers()],
                }
                for name, group in self.sorted_groups()
            },
        }

    def canonical(self) -> Any:
        return [
            [[_wide(number), items] for number, items in self.iterate()],
            [_wide(self.first_id), _wide(self.last_id), _wide(self.max_deleted_id), self.added],
            [
                [
                    name,
                    _wide(group.last_id),
                    group.entries_read,
                    [[_wide(number), *pending] for number, pending in group.pending.items()],
                    [[one.name, one.seen_ms, one.active_ms] for one in group.sorted_consumers()],
                ]
                for name, group in self.sorted_groups()
            ],
        ]

    def check(self) -> str | None:
        numbers = [number for node in self.nodes for number in node.ids]
        if numbers != sorted(set(numbers)):
            return "the ids of a stream are not in order"
        live = [number for number, _ in self.iterate()]
        if len(live) != self.length or self.first_id != (live[0] if live else 0):
            return "a stream's length or first id does not agree with its entries"
        if live and live[-1] > self.last_id:
            return "a stream holds an entry beyond its last id"
        for group in self.groups.values():
            if sorted(n for one in group.consumers.values() for n in one.pending) != list(group.pending):
                return "what is pending in a group does not agree with what is pending with its consumers"
        return None


def _count_radix(keys: list[bytes], depth: int) -> int:
    first, last = keys[0], keys[-1]
    if len(keys) == 1:
        return 2 if depth < len(first) else 1
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    count = 1 + (shared > depth)
    start = 0
    while start < len(keys):
        stop = bisect_right(keys, keys[start][shared], start, key=lambda key: key[shared])
        count += _count_radix(keys[start:stop], shared + 1)
        start = stop
    return count


def _wide(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _narrow(data: bytes) -> int:
    return int.from_bytes(data, "big")
