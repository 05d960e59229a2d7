"""Record batches, magic 2: reading headers, decoding and writing records, control markers, and what a broker may change
in place.

A batch is 61 bytes of header and the records, compressed as a whole. Base offset (bytes 0-7) and partition leader epoch
(12-15) lie outside the CRC, so a broker sets them without touching the rest; only LogAppendTime needs a new CRC.
Reference: clients/src/main/java/org/apache/kafka/common/record/DefaultRecordBatch.java. Timestamps are milliseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from google_crc32c import value as crc32c

from emulators.kafka.wire.compression import CompressionError, compress, decompress

__all__ = [
    "ABORT",
    "COMMIT",
    "HEADER_SIZE",
    "NO_TIMESTAMP",
    "Header",
    "Record",
    "RecordError",
    "build_batch",
    "build_marker",
    "control_type",
    "crc_valid",
    "decode_records",
    "patched",
    "read_header",
    "split_batches",
    "with_append_time",
]

HEADER_SIZE = 61
NO_TIMESTAMP = -1
_HEADER = struct.Struct(">qiibIhiqqqhii")
_CODEC_BITS = 0x07
TIMESTAMP_TYPE_BIT = 0x08
TRANSACTIONAL_BIT = 0x10
CONTROL_BIT = 0x20
ABORT, COMMIT = 0, 1


class RecordError(ValueError):
    """The bytes are not a record batch of magic 2."""


class Header(NamedTuple):
    """A batch's header; `length` counts from behind the length field, as on the wire."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def codec(self) -> int:
        return self.attributes & _CODEC_BITS

    @property
    def append_time(self) -> bool:
        return bool(self.attributes & TIMESTAMP_TYPE_BIT)

    @property
    def transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL_BIT)

    @property
    def control(self) -> bool:
        return bool(self.attributes & CONTROL_BIT)


@dataclass(slots=True)
class Record:
    """One record. `headers` are (name, value) pairs in order; names may repeat."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def read_header(data: bytes, position: int = 0) -> Header:
    """The header at `position`. RecordError when there is not a whole one."""
    if len(data) - position < HEADER_SIZE:
        raise RecordError("the batch is shorter than its header")
    return Header._make(_HEADER.unpack_from(data, position))


def split_batches(data: bytes) -> list[tuple[Header, bytes]]:
    """The whole batches in `data`; a cut one at the end is left out, as in a fetch response. RecordError for nonsense."""
    found = []
    position, size = 0, len(data)
    while size - position >= HEADER_SIZE:
        header = read_header(data, position)
        if header.length < HEADER_SIZE - 12:
            raise RecordError(f"a batch of {header.length} bytes is shorter than its header")
        end = position + 12 + header.length
        if end > size:
            break
        found.append((header, data if position == 0 and end == size else data[position:end]))
        position = end
    return found


def crc_valid(header: Header, batch: bytes) -> bool:
    return bool(crc32c(batch[21:]) == header.crc)


def patched(batch: bytes, base_offset: int, leader_epoch: int) -> bytes:
    """The batch with the broker's offset and epoch."""
    return b"".join((struct.pack(">q", base_offset), batch[8:12], struct.pack(">i", leader_epoch), batch[16:]))


def with_append_time(batch: bytes, now_ms: int) -> bytes:
    """The batch with its timestamp type set to LogAppendTime, and every record's time to `now_ms`."""
    out = bytearray(batch)
    attributes = struct.unpack_from(">h", out, 21)[0] | TIMESTAMP_TYPE_BIT
    struct.pack_into(">h", out, 21, attributes)
    struct.pack_into(">q", out, 35, now_ms)
    struct.pack_into(">I", out, 17, crc32c(bytes(out[21:])))
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A zigzag varint (up to 64 bits) and the position behind it."""
    byte = data[position]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position + 1
    raw, shift = byte & 0x7F, 7
    while True:
        position += 1
        byte = data[position]
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise RecordError("a varint is longer than ten bytes")
    return (raw >> 1) ^ -(raw & 1), position + 1


def _varint(value: int) -> bytes:
    raw = (value << 1) ^ (value >> 63)
    if raw < 0x80:
        return bytes((raw,))
    out = bytearray()
    while raw >= 0x80:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)
    return bytes(out)


def decode_records(batch: bytes, header: Header | None = None) -> Iterator[Record]:
    """The records of one batch, in order. RecordError when they are damaged."""
    if header is None:
        header = read_header(batch)
    if header.magic != 2:
        raise RecordError(f"record batches of magic {header.magic} are not read")
    try:
        data = decompress(header.codec, batch[HEADER_SIZE : 12 + header.length])
    except CompressionError as error:
        raise RecordError(str(error)) from error
    position = 0
    append_time = header.append_time
    try:
        for _ in range(header.record_count):
            size, position = _read_varint(data, position)
            end = position + size
            if size < 0 or end > len(data):
                raise RecordError("a record is longer than its batch")
            position += 1  # attributes: unused
            timestamp_delta, position = _read_varint(data, position)
            offset_delta, position = _read_varint(data, position)
            key, position = _read_bytes(data, position)
            value, position = _read_bytes(data, position)
            count, position = _read_varint(data, position)
            headers: list[tuple[str, bytes | None]] = []
            for _ in range(count):
                name, position = _read_bytes(data, position)
                if name is None:
                    raise RecordError("a header has no name")
                item, position = _read_bytes(data, position)
                headers.append((name.decode(), item))
            if position != end:
                raise RecordError("a record is not as long as it says")
            timestamp = header.max_timestamp if append_time else header.base_timestamp + timestamp_delta
            yield Record(header.base_offset + offset_delta, timestamp, key, value, headers)
    except (IndexError, UnicodeDecodeError) as error:
        raise RecordError(f"damaged record: {error}") from error


def _read_bytes(data: bytes, position: int) -> tuple[bytes | None, int]:
    size, position = _read_varint(data, position)
    if size < 0:
        return None, position
    end = position + size
    if end > len(data):
        raise RecordError("a record's field is longer than its batch")
    return data[position:end], end


def build_batch(
    records: Iterable[Record],
    *,
    codec: int = 0,
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    transactional: bool = False,
    control: bool = False,
    leader_epoch: int = -1,
    append_time: bool = False,
    base_offset: int | None = None,
    last_offset_delta: int | None = None,
) -> bytes:
    """A batch of these records; their offsets must grow (gaps are kept, as compaction leaves them)."""
    rows = list(records)
    if not rows and base_offset is None:
        raise RecordError("a batch has at least one record")
    first = rows[0].offset if base_offset is None else base_offset
    times = [row.timestamp for row in rows] or [NO_TIMESTAMP]
    base_timestamp, max_timestamp = times[0], max(times)
    parts: list[bytes] = []
    for row in rows:
        body = [b"\0", _varint(row.timestamp - base_timestamp), _varint(row.offset - first)]
        for item in (row.key, row.value):
            body += (b"\1",) if item is None else (_varint(len(item)), item)
        body.append(_varint(len(row.headers)))
        for name, value in row.headers:
            raw = name.encode()
            body += (_varint(len(raw)), raw)
            body += (b"\1",) if value is None else (_varint(len(value)), value)
        joined = b"".join(body)
        parts += (_varint(len(joined)), joined)
    payload = compress(codec, b"".join(parts))
    attributes = codec | (TRANSACTIONAL_BIT if transactional else 0) | (CONTROL_BIT if control else 0)
    attributes |= TIMESTAMP_TYPE_BIT if append_time else 0
    delta = last_offset_delta if last_offset_delta is not None else (rows[-1].offset - first if rows else 0)
    tail = struct.pack(
        ">hiqqqhii",
        attributes,
        delta,
        base_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        len(rows),
    )
    body_bytes = tail + payload
    return struct.pack(">qiibI", first, 9 + len(body_bytes), leader_epoch, 2, crc32c(body_bytes)) + body_bytes


def build_marker(
    producer_id: int, producer_epoch: int, committed: bool, coordinator_epoch: int, timestamp: int
) -> bytes:
    """A transaction marker: the control batch that ends a transaction on one partition."""
    key = struct.pack(">hh", 0, COMMIT if committed else ABORT)
    value = struct.pack(">hi", 0, coordinator_epoch)
    return build_batch(
        [Record(0, timestamp, key, value, [])],
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        transactional=True,
        control=True,
    )


def control_type(batch: bytes) -> int:
    """ABORT or COMMIT (or another control type) of a control batch."""
    record = next(decode_records(batch))
    if record.key is None or len(record.key) < 4:
        raise RecordError("a control record has no type")
    return int(struct.unpack_from(">h", record.key, 2)[0])
