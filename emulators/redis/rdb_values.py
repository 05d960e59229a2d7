"""Values as RDB has them: what DUMP writes and RESTORE and RDB files read, in every encoding from Redis 2.4 to 7.4.

`write_value` writes what a server of the given version writes (7.0: RDB 10, 7.2: 11, 7.4: 12), `read_value` reads all of them; a
value gets the encoding that the configured thresholds ask for, as on the server.
Differs from redis-server: nodes of a list are filled from its head, whatever the order of pushes was; members of large hashes and
sets come in the order in which they were added. Values of modules are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis import packed
from emulators.redis.listpack import entry_bytes
from emulators.redis.rdb_streams import read_stream, write_stream
from emulators.redis.rdb_wire import DamagedError, RdbReader, RdbWriter
from emulators.redis.resp import format_double
from emulators.redis.stream import StreamValue
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet, Value, is_integer

if TYPE_CHECKING:
    from emulators.redis.config import Thresholds

__all__ = ["RDB_VERSIONS", "UnsupportedError", "read_value", "write_value"]

#: RDB version by Redis version.
RDB_VERSIONS = {(7, 0): 10, (7, 2): 11, (7, 4): 12}

STRING, LIST, SET, ZSET, HASH, ZSET_2, MODULE, MODULE_2 = range(8)
HASH_ZIPMAP, LIST_ZIPLIST, SET_INTSET, ZSET_ZIPLIST, HASH_ZIPLIST = range(9, 14)
LIST_QUICKLIST, STREAM_1, HASH_LISTPACK, ZSET_LISTPACK, LIST_QUICKLIST_2, STREAM_2 = range(14, 20)
SET_LISTPACK, STREAM_3, HASH_TTL_PRE, HASH_LISTPACK_TTL_PRE, HASH_TTL, HASH_LISTPACK_TTL = range(20, 26)

_PLAIN_NODE, _PACKED_NODE = 1, 2
# What the server adds to an entry's length when it estimates whether a node of a list can take it.
_ENTRY_OVERHEAD = 8
_NODE_BYTES = (4096, 8192, 16384, 32768, 65536)
_SAFE_NODE_BYTES = 8192
_LISTPACK_HEADER = 7


class UnsupportedError(ValueError):
    """A value that can be read, but not kept here (modules)."""


# -- writing -------------------------------------------------------------------------------------------------


def write_value(writer: RdbWriter, value: bytes | Value, version: tuple[int, int], thresholds: Thresholds) -> None:
    """Write the type byte and the body."""
    if isinstance(value, bytes):
        writer.byte(STRING)
        writer.string(value)
    elif isinstance(value, ListValue):
        _write_list(writer, value, thresholds)
    elif isinstance(value, Hash):
        _write_hash(writer, value)
    elif isinstance(value, SetValue):
        _write_set(writer, value)
    elif isinstance(value, SortedSet):
        _write_zset(writer, value, shortest=version >= (7, 2))
    elif isinstance(value, StreamValue):
        writer.byte(STREAM_3 if version >= (7, 2) else STREAM_2)
        write_stream(writer, value, with_active_time=version >= (7, 2))
    else:
        raise UnsupportedError(f"a value of type {value.type_name.decode()} has no RDB form")


def _list_nodes(items: list[bytes], thresholds: Thresholds) -> list[list[bytes] | bytes]:
    """The items as a quicklist's nodes: lists of entries, and single items too large to be packed."""
    fill = thresholds.list_max_listpack_size
    limit = _NODE_BYTES[min(-fill, 5) - 1] if fill < 0 else 0
    nodes: list[list[bytes] | bytes] = []
    node: list[bytes] = []
    size = 0
    for item in items:
        if len(item) >= thresholds.list_packed_threshold:
            if node:
                nodes.append(node)
            nodes.append(item)
            node = []
            continue
        if node:
            estimate = size + len(item) + _ENTRY_OVERHEAD
            fits = estimate <= limit if fill < 0 else estimate <= _SAFE_NODE_BYTES and len(node) < fill
            if not fits:
                nodes.append(node)
                node = []
        if not node:
            size = _LISTPACK_HEADER
        node.append(item)
        size += entry_bytes(item)
    if node:
        nodes.append(node)
    return nodes


def _write_list(writer: RdbWriter, value: ListValue, thresholds: Thresholds) -> None:
    items = list(value.items)
    nodes = _list_nodes(items, thresholds) if value.large else [items]
    writer.byte(LIST_QUICKLIST_2)
    writer.length(len(nodes))
    for node in nodes:
        if isinstance(node, bytes):
            writer.length(_PLAIN_NODE)
            writer.string(node)
        else:
            writer.length(_PACKED_NODE)
            writer.string(packed.listpack_of(node))


def _write_hash(writer: RdbWriter, value: Hash) -> None:
    fields = value.fields
    if value.expires:
        _write_hash_with_deadlines(writer, value, value.expires)
    elif not value.large:
        writer.byte(HASH_LISTPACK if value.expires is None else HASH_LISTPACK_TTL)
        if value.expires is not None:
            writer.milliseconds(_NO_DEADLINE)
        pairs = [item for pair in fields.items() for item in pair]
        if value.expires is not None:
            pairs = [item for field, text in fields.items() for item in (field, text, b"0")]
        writer.string(packed.listpack_of(pairs))
    else:
        writer.byte(HASH)
        writer.length(len(fields))
        for field, item in fields.items():
            writer.string(field)
            writer.string(item)


# What stands for the earliest deadline of a hash that has none.
_NO_DEADLINE = 0


def _write_hash_with_deadlines(writer: RdbWriter, value: Hash, expires: dict[bytes, int]) -> None:
    earliest = min(expires.values())
    if value.large:
        writer.byte(HASH_TTL)
        writer.milliseconds(earliest)
        writer.length(len(value.fields))
        for field, item in value.fields.items():
            # Relative to the earliest deadline, plus one, so that 0 is free to say "none".
            writer.length(expires[field] - earliest + 1 if field in expires else 0)
            writer.string(field)
            writer.string(item)
        return
    writer.byte(HASH_LISTPACK_TTL)
    writer.milliseconds(earliest)
    # The server keeps these by deadline, those without one at the end.
    order = sorted(value.fields, key=lambda field: expires.get(field, math.inf))
    triples = [item for field in order for item in (field, value.fields[field], b"%d" % expires.get(field, 0))]
    writer.string(packed.listpack_of(triples))


def _write_set(writer: RdbWriter, value: SetValue) -> None:
    if value.form == SetValue.INTSET:
        writer.byte(SET_INTSET)
        writer.string(packed.intset_of(int(member) for member in value.ordered()))
    elif value.form == SetValue.LISTPACK:
        writer.byte(SET_LISTPACK)
        writer.string(packed.listpack_of(value.members))
    else:
        writer.byte(SET)
        writer.length(len(value.members))
        for member in value.members:
            writer.string(member)


def _write_zset(writer: RdbWriter, value: SortedSet, shortest: bool) -> None:
    if not value.large:
        writer.byte(ZSET_LISTPACK)
        entries: list[bytes | int] = []
        for score, member in value.order:
            entries.append(member)
            entries.append(score_entry(score, shortest))
        writer.string(packed.listpack_of_mixed(entries))
        return
    writer.byte(ZSET_2)
    writer.length(len(value.scores))
    # From the greatest down, which is how the server likes to read it.
    for score, member in reversed(value.order):
        writer.string(member)
        writer.double(score)


def score_entry(score: float, shortest: bool) -> bytes | int:
    """A score as a listpack holds it: a whole number that fits into 63 bits as an integer, others as text."""
    if abs(score) <= 1 << 62 and score == int(score):
        return int(score)
    return format_double(score, shortest)


# -- reading -------------------------------------------------------------------------------------------------


def read_value(reader: RdbReader, kind: int, version: tuple[int, int], thresholds: Thresholds) -> bytes | Value | None:
    """Read the body of a value whose type byte was `kind`. None for an empty collection, which is no key."""
    if kind == STRING:
        return reader.string()
    if kind in (MODULE, MODULE_2):
        raise UnsupportedError(f"the value belongs to the module type '{module_name(reader.length())}'")
    if kind in (STREAM_1, STREAM_2, STREAM_3):
        return read_stream(reader, {STREAM_1: 1, STREAM_2: 2, STREAM_3: 3}[kind])
    read = _READERS.get(kind)
    if read is None:
        raise DamagedError(f"unknown type of value {kind}")
    try:
        return read(reader, kind, version, thresholds)
    except DamagedError:
        raise
    except (ValueError, IndexError, OverflowError) as error:
        raise DamagedError(str(error)) from None


def module_name(number: int) -> str:
    """The nine letters in the upper 54 bits of a module type's number."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(letters[number >> 10 + 6 * place & 63] for place in range(8, -1, -1))


def _read_list(reader: RdbReader, kind: int, version: tuple[int, int], thresholds: Thresholds) -> Value | None:
    items: list[bytes] = []
    if kind == LIST:
        items = [reader.string() for _ in range(reader.length())]
    elif kind == LIST_ZIPLIST:
        items = packed.read_ziplist(reader.string())
    else:
        for _ in range(reader.length()):
            container = reader.length() if kind == LIST_QUICKLIST_2 else _PACKED_NODE
            data = reader.string()
            if container not in (_PLAIN_NODE, _PACKED_NODE) or not data:
                raise DamagedError("a list's node of an unknown kind")
            if container == _PLAIN_NODE:
                items.append(data)
            else:
                items += packed.read_ziplist(data) if kind == LIST_QUICKLIST else packed.read_listpack(data)
    if not items:
        return None
    return ListValue.small(items, thresholds) if version >= (7, 2) else ListValue(items)


def _pairs(items: list[bytes], width: int = 2) -> list[tuple[bytes, ...]]:
    if len(items) % width:
        raise DamagedError("an entry without its value")
    return list(zip(*(items[start::width] for start in range(width)), strict=True))


def _read_hash(reader: RdbReader, kind: int, version: tuple[int, int], thresholds: Thresholds) -> Value | None:
    expires: dict[bytes, int] = {}
    rows: list[tuple[bytes, ...]]
    if kind == HASH:
        rows = [(reader.string(), reader.string()) for _ in range(reader.length())]
    elif kind in (HASH_TTL, HASH_TTL_PRE):
        earliest = reader.milliseconds() if kind == HASH_TTL else 0
        rows = []
        for _ in range(reader.length()):
            offset = reader.length()
            rows.append((reader.string(), reader.string()))
            if offset:
                expires[rows[-1][0]] = earliest + offset - 1 if kind == HASH_TTL else offset
    elif kind in (HASH_LISTPACK_TTL, HASH_LISTPACK_TTL_PRE):
        if kind == HASH_LISTPACK_TTL:
            reader.milliseconds()
        triples = _pairs(packed.read_listpack(reader.string()), 3)
        rows = [(field, item) for field, item, _ in triples]
        expires = {field: int(when) for field, _, when in triples if int(when)}
    else:
        data = reader.string()
        read = {HASH_ZIPMAP: packed.read_zipmap, HASH_ZIPLIST: packed.read_ziplist}.get(kind, packed.read_listpack)
        rows = _pairs(read(data))
    fields = {row[0]: row[1] for row in rows}
    if len(fields) != len(rows):
        raise DamagedError("a hash has a field twice")
    if not fields:
        return None
    longest = thresholds.hash_value
    large = len(fields) > thresholds.hash_entries
    if not large and kind not in (HASH_LISTPACK, HASH_LISTPACK_TTL, HASH_ZIPLIST):
        large = any(len(field) > longest or len(item) > longest for field, item in fields.items())
    with_deadlines = kind in (HASH_TTL, HASH_TTL_PRE, HASH_LISTPACK_TTL, HASH_LISTPACK_TTL_PRE)
    return Hash(fields, large, expires if with_deadlines and (expires or not large) else None)


def _read_set(reader: RdbReader, kind: int, version: tuple[int, int], thresholds: Thresholds) -> Value | None:
    if kind == SET_INTSET:
        members = [b"%d" % number for number in packed.read_intset(reader.string())]
    elif kind == SET_LISTPACK:
        members = packed.read_listpack(reader.string())
    else:
        members = [reader.string() for _ in range(reader.length())]
    unique = dict.fromkeys(members)
    if len(unique) != len(members):
        raise DamagedError("a set has a member twice")
    if not unique:
        return None
    size, longest = len(unique), max(map(len, unique))
    small = size <= thresholds.set_listpack_entries and longest <= thresholds.set_listpack_value
    if kind != SET_LISTPACK and size <= thresholds.set_intset_entries and all(map(is_integer, unique)):
        form = SetValue.INTSET
    elif (kind == SET_LISTPACK and size <= thresholds.set_listpack_entries) or small:
        form = SetValue.LISTPACK
    else:
        form = SetValue.HASHTABLE
    return SetValue(unique, form)


def _read_zset(reader: RdbReader, kind: int, version: tuple[int, int], thresholds: Thresholds) -> Value | None:
    if kind == ZSET_2:
        rows = [(reader.string(), reader.double()) for _ in range(reader.length())]
    elif kind == ZSET:
        rows = [(reader.string(), reader.text_double()) for _ in range(reader.length())]
    else:
        data = reader.string()
        items = packed.read_ziplist(data) if kind == ZSET_ZIPLIST else packed.read_listpack(data)
        rows = [(pair[0], float(pair[1])) for pair in _pairs(items)]
    scores = dict(rows)
    if len(scores) != len(rows) or any(map(math.isnan, scores.values())):
        raise DamagedError("a sorted set has a member twice, or a score that is no number")
    if not scores:
        return None
    large = len(scores) > thresholds.zset_entries
    if not large and kind != ZSET_LISTPACK:
        large = max(map(len, scores)) > thresholds.zset_value
    return SortedSet(scores, large)


_Reader = Callable[[RdbReader, int, tuple[int, int], "Thresholds"], Value | None]
_READERS: dict[int, _Reader] = {
    **dict.fromkeys((LIST, LIST_ZIPLIST, LIST_QUICKLIST, LIST_QUICKLIST_2), _read_list),
    **dict.fromkeys((HASH, HASH_ZIPMAP, HASH_ZIPLIST, HASH_LISTPACK), _read_hash),
    **dict.fromkeys((HASH_TTL_PRE, HASH_LISTPACK_TTL_PRE, HASH_TTL, HASH_LISTPACK_TTL), _read_hash),
    **dict.fromkeys((SET, SET_INTSET, SET_LISTPACK), _read_set),
    **dict.fromkeys((ZSET, ZSET_2, ZSET_ZIPLIST, ZSET_LISTPACK), _read_zset),
}
