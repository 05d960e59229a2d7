"""Streams in RDB: their nodes as listpacks, their ids and counters, their groups with what is pending.

A node's listpack begins with the number of entries that are there, of those that are deleted, and the field names of
the first entry; each entry then has flags, its id relative to the node's, and either values alone or fields and
values, and ends with the number of its parts.
Forms: 1 up to 6.2, 2 of 7.0 (first id, greatest deleted id, counters), 3 of 7.2 (when a consumer was last active).
"""

from __future__ import annotations

from emulators.redis import packed
from emulators.redis.rdb_wire import DamagedError, RdbReader, RdbWriter
from emulators.redis.stream import StreamConsumer, StreamGroup, StreamNode, StreamValue, make_id

__all__ = ["read_stream", "write_stream"]

_SEQUENCE = (1 << 64) - 1
_DELETED, _SAME_FIELDS = 1, 2
_UNKNOWN_READ = -1


def write_stream(writer: RdbWriter, stream: StreamValue, with_active_time: bool) -> None:
    writer.length(len(stream.nodes))
    for node in stream.nodes:
        writer.string(node.master.to_bytes(16, "big"))
        writer.string(packed.listpack_of_mixed(_node_entries(node)))
    writer.length(stream.length)
    for number in (stream.last_id, stream.first_id, stream.max_deleted_id):
        _write_id(writer, number)
    writer.length(stream.added)
    groups = stream.sorted_groups()
    writer.length(len(groups))
    for name, group in groups:
        writer.string(name)
        _write_id(writer, group.last_id)
        writer.length(group.entries_read & _SEQUENCE)
        writer.length(len(group.pending))
        for number, (_, delivered_ms, count) in group.pending.items():
            writer.raw(number.to_bytes(16, "big"))
            writer.milliseconds(delivered_ms)
            writer.length(count)
        consumers = group.sorted_consumers()
        writer.length(len(consumers))
        for consumer in consumers:
            writer.string(consumer.name)
            writer.milliseconds(consumer.seen_ms)
            if with_active_time:
                writer.milliseconds(consumer.active_ms)
            writer.length(len(consumer.pending))
            for number in consumer.pending:
                writer.raw(number.to_bytes(16, "big"))


def _write_id(writer: RdbWriter, number: int) -> None:
    writer.length(number >> 64)
    writer.length(number & _SEQUENCE)


def _node_entries(node: StreamNode) -> list[bytes | int]:
    entries: list[bytes | int] = [node.live, len(node.dead), len(node.fields), *node.fields, 0]
    master_ms, master_sequence = node.master >> 64, node.master & _SEQUENCE
    for number, items in zip(node.ids, node.entries, strict=True):
        fields = items[::2]
        flags = _DELETED if number in node.dead else 0
        position = [(number >> 64) - master_ms, (number & _SEQUENCE) - master_sequence]
        if fields == node.fields:
            entries += [flags | _SAME_FIELDS, *position, *items[1::2], 3 + len(fields)]
        else:
            entries += [flags, *position, len(fields), *items, 4 + len(items)]
    return entries


# -- reading -------------------------------------------------------------------------------------------------


def read_stream(reader: RdbReader, form: int) -> StreamValue:
    """A stream in form 1, 2 or 3."""
    try:
        return _read(reader, form)
    except DamagedError:
        raise
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise DamagedError(str(error)) from None


def _read(reader: RdbReader, form: int) -> StreamValue:
    stream = StreamValue()
    live = 0
    for _ in range(reader.length()):
        key = reader.string()
        if len(key) != 16:
            raise DamagedError("a stream's node whose name is not an id")
        node = _read_node(int.from_bytes(key, "big"), packed.read_listpack(reader.string()))
        if stream.nodes and node.master <= stream.nodes[-1].master:
            raise DamagedError("a stream's nodes are not in order")
        stream.nodes.append(node)
        live += node.live
    stream.length = reader.length()
    if stream.length != live:
        raise DamagedError("a stream's length does not agree with its entries")
    stream.last_id = _read_id(reader)
    if form >= 2:
        stream.first_id, stream.max_deleted_id = _read_id(reader), _read_id(reader)
        stream.added = reader.length()
    else:
        stream.added = stream.length
        stream.first_id = next((number for number, _ in stream.iterate()), 0)
    for _ in range(reader.length()):
        name = reader.string()
        if name in stream.groups:
            raise DamagedError("a stream has a group twice")
        last_id = _read_id(reader)
        entries_read = reader.length() if form >= 2 else stream.counter_of(last_id) & _SEQUENCE
        # An unknown number is -1, which the file holds as 64 bits.
        group = stream.add_group(name, last_id, _UNKNOWN_READ if entries_read == _SEQUENCE else entries_read)
        _read_pending(reader, group, form)
    return stream


def _read_id(reader: RdbReader) -> int:
    milliseconds = reader.length()
    return make_id(milliseconds, reader.length())


def _read_pending(reader: RdbReader, group: StreamGroup, form: int) -> None:
    pending: dict[int, tuple[int, int]] = {}
    for _ in range(reader.length()):
        number = int.from_bytes(reader.raw(16), "big")
        if number in pending:
            raise DamagedError("a group has an entry pending twice")
        delivered_ms = reader.milliseconds()
        pending[number] = delivered_ms, reader.length()
    for _ in range(reader.length()):
        name = reader.string()
        if name in group.consumers:
            raise DamagedError("a group has a consumer twice")
        seen_ms = reader.milliseconds()
        active_ms = reader.milliseconds() if form >= 3 else seen_ms
        consumer = group.consumers[name] = StreamConsumer(name, seen_ms, active_ms)
        for _ in range(reader.length()):
            number = int.from_bytes(reader.raw(16), "big")
            delivered_ms, count = pending.pop(number)
            group.assign(number, consumer, delivered_ms, count)
    if pending:
        raise DamagedError("an entry is pending with nobody")


def _read_node(master: int, items: list[bytes]) -> StreamNode:
    live, deleted, width = int(items[0]), int(items[1]), int(items[2])
    if width < 0 or items[3 + width] != b"0":
        raise DamagedError("a stream's node has no master entry")
    node = StreamNode(master, items[3 : 3 + width], None)
    place = 4 + width
    for _ in range(live + deleted):
        start, flags = place, int(items[place])
        number = make_id((master >> 64) + int(items[place + 1]), (master & _SEQUENCE) + int(items[place + 2]))
        place += 3
        if flags & _SAME_FIELDS:
            values = items[place : place + width]
            place += width
            entry = [item for pair in zip(node.fields, values, strict=True) for item in pair]
        else:
            count = int(items[place])
            entry = items[place + 1 : place + 1 + 2 * count]
            place += 1 + 2 * count
        if int(items[place]) != place - start or (node.ids and number <= node.ids[-1]):
            raise DamagedError("a stream's entries do not add up")
        place += 1
        node.append(number, entry)
        if flags & _DELETED:
            node.dead.add(number)
    if place != len(items) or len(node.dead) != deleted:
        raise DamagedError("a stream's entries do not add up")
    return node
