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

from emulators.redis.stream_group import UNKNOWN, StreamConsumer, StreamGroup
from emulators.redis.stream_node import MAX_ID, StreamNode, format_id, make_id
from emulators.redis.value import Value, readable

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["MAX_ID", "UNKNOWN", "StreamConsumer", "StreamGroup", "StreamNode", "StreamValue", "format_id", "make_id"]

# A node's size when `stream-node-max-bytes` is 0 or larger than this.
_NODE_BYTES_LIMIT = 1 << 30

_master = attrgetter("master")


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
