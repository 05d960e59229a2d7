"""The operation log: everything that happened on a host, in order, enough to play it again.

A record is a tuple `(kind, time_us, session, payload)`; its place in the log is its sequence number. Appending an operation
is one `list.append` of such a tuple: `log.append((OPERATION, now, session, frame))`. Payloads are plain data
(msgpack can hold them); what they are for each kind stands beside the constants below.

Memory is bounded: when more than `limit` records are held, the host takes a checkpoint (see `Host`), and everything before
it may be dropped. Sequence numbers go on counting. With a `LogFile` attached, records are written to disk by `commit()`, which the
host calls before any reply of the batch leaves.

On disk: an 8-byte magic, then per record `u32 length, u32 CRC-32, payload`, where the payload is msgpack of
`[sequence, kind, time_us, session, payload]`. A tail that is cut short or fails its CRC is cut off and reported when read.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgpack

from emulators.kernel.operation import Description, Operation

__all__ = [
    "CHECKPOINT",
    "CLOCK",
    "CONNECT",
    "CRASH",
    "DISCONNECT",
    "FAULT",
    "FSYNC_POLICIES",
    "HEADER",
    "NOTE",
    "OPERATION",
    "RECOVERY",
    "RESEED",
    "RESET",
    "RESTORE",
    "SNAPSHOT",
    "FsyncPolicy",
    "LogFile",
    "OperationLog",
    "Record",
    "TornTail",
    "kind_name",
    "read_log_file",
]

Record = tuple[int, int, int, Any]

OPERATION = 0  # payload: the frame, as the service's decoder gave it
CONNECT = 1  # payload: [service, endpoint, peer address as text]
DISCONNECT = 2  # payload: None
FAULT = 3  # payload: [sequence of the operation, *Decision.to_record()]
CLOCK = 4  # payload: [mode, scale]; the record's time is the instant after the move
SNAPSHOT = 5  # payload: [id, name]
RESTORE = 6  # payload: [id, name]
RESET = 7  # payload: the service's name, or None for all
CRASH = 8  # payload: the service's name
RECOVERY = 9  # payload: [service, operations replayed]
CHECKPOINT = 10  # payload: None; everything before may have been dropped
NOTE = 11  # payload: text; changes nothing
RESEED = 13  # payload: the new seed of all chance
HEADER = 12  # first record of every file; payload: `Checkpoint.to_plain` (what the records after it build on)

_KIND_NAMES = (
    "operation",
    "connect",
    "disconnect",
    "fault",
    "clock",
    "snapshot",
    "restore",
    "reset",
    "crash",
    "recovery",
    "checkpoint",
    "note",
    "header",
    "reseed",
)

FsyncPolicy = Literal["off", "interval", "always"]
#: What each policy can lose when the machine (not only the process) dies: everything the OS had not written back yet;
#: the last second; nothing that was acknowledged. A killed *process* loses nothing acknowledged under any of them.
FSYNC_POLICIES: tuple[FsyncPolicy, ...] = ("off", "interval", "always")
_FSYNC_INTERVAL_US = 1_000_000

MAGIC = b"PARLLOG1"
_HEADER = struct.Struct(">II")
# One record may not be larger than this on disk; a longer length field is damage.
_MAX_RECORD = 1 << 30


def kind_name(kind: int) -> str:
    """The word for a record's kind."""
    return _KIND_NAMES[kind]


class OperationLog:
    """The records of a host, newest `limit` kept in memory (at least everything since the last checkpoint)."""

    def __init__(self, limit: int = 65_536) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit!r}")
        self.limit = limit
        self.records: list[Record] = []
        #: Sequence number of `records[0]`.
        self.base = 0
        #: Append a record; the hot path. Kept as a bound method, so `records` is only ever changed in place.
        self.append: Callable[[Record], None] = self.records.append
        self.file: LogFile | None = None
        self._committed = 0
        self._subscribers: list[Callable[[int, Record], object]] = []
        self._services: dict[int, str] = {}
        self._describers: dict[str, Callable[[Any], Description]] = {}

    # -- writing ---------------------------------------------------------------------------------------------

    @property
    def next_sequence(self) -> int:
        """The sequence number that the next record gets."""
        return self.base + len(self.records)

    def connected(self, time_us: int, session: int, service: str, endpoint: str, peer: str) -> None:
        """Append a CONNECT record, and remember whose session it is."""
        self._services[session] = service
        self.append((CONNECT, time_us, session, [service, endpoint, peer]))

    def describe_with(self, service: str, describer: Callable[[Any], Description]) -> None:
        """Say how frames of a service are read (`Emulator.describe`)."""
        self._describers[service] = describer

    @property
    def idle(self) -> bool:
        """True when nobody waits for `commit`: no file and no subscriber."""
        return self.file is None and not self._subscribers

    def commit(self, now_us: int) -> None:
        """Write what is new to the file (by its fsync policy) and hand it to the subscribers."""
        start = self._committed - self.base
        new = self.records[start:]
        if not new:
            return
        sequence = self._committed
        self._committed = self.next_sequence
        if self.file is not None:
            self.file.write(sequence, new, now_us)
        for subscriber in tuple(self._subscribers):
            for offset, record in enumerate(new):
                subscriber(sequence + offset, record)

    def skip_commit(self) -> None:
        """Count everything present as committed: for records that came from the file itself."""
        self._committed = self.next_sequence

    @property
    def full(self) -> bool:
        """True when more than `limit` records are held, so that a checkpoint is due."""
        return len(self.records) > self.limit

    def drop_before(self, sequence: int) -> None:
        """Forget the records before `sequence` (those not yet committed stay)."""
        count = min(sequence, self._committed if not self.idle else self.next_sequence) - self.base
        if count > 0:
            del self.records[:count]
            self.base += count
            if self.idle:
                self._committed = max(self._committed, self.base)

    # -- reading ---------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Callable[[int, Record], object]) -> Callable[[], None]:
        """Call `subscriber(sequence, record)` for each record from now on; returns the function that ends it."""
        if self.idle:
            self._committed = self.next_sequence
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber) if subscriber in self._subscribers else None

    def since(self, sequence: int) -> list[tuple[int, Record]]:
        """The records from `sequence` on, with their numbers. ValueError when some of them were dropped."""
        if sequence < self.base:
            raise ValueError(f"records before {self.base} were dropped (asked for {sequence})")
        start = sequence - self.base
        return [(sequence + offset, record) for offset, record in enumerate(self.records[start:])]

    def tail(self, count: int) -> list[tuple[int, Record]]:
        """The last `count` records, oldest first, with their numbers."""
        return self.since(max(self.base, self.next_sequence - count))

    def service_of(self, session: int) -> str:
        return self._services.get(session, "?")

    def operation(self, sequence: int, record: Record) -> Operation:
        """The `Operation` of an OPERATION record."""
        _, time_us, session, frame = record
        service = self.service_of(session)
        describer = self._describers.get(service)
        about = describer(frame) if describer is not None else Description("?")
        return Operation(service, session, sequence, about.verb, about.keys, about.text, frame, time_us)

    def operations(self, last: int | None = None) -> Iterator[Operation]:
        """The operations in memory, oldest first; only among the `last` records if that is given."""
        for sequence, record in self.since(self.base) if last is None else self.tail(last):
            if record[0] == OPERATION:
                yield self.operation(sequence, record)


class LogFile:
    """Appends records to a file. The file is created with its magic if it is new."""

    def __init__(self, path: Path, fsync: FsyncPolicy = "off") -> None:
        if fsync not in FSYNC_POLICIES:
            raise ValueError(f"fsync must be one of {', '.join(FSYNC_POLICIES)}, not {fsync!r}")
        self.path = path
        self.fsync: FsyncPolicy = fsync
        self._synced_us = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = open(path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the log
        if self._file.tell() == 0:
            self._file.write(MAGIC)
        self.size = self._file.tell()

    def write(self, first_sequence: int, records: list[Record], now_us: int) -> None:
        parts: list[bytes] = []
        for offset, record in enumerate(records):
            payload = msgpack.packb([first_sequence + offset, *record], use_bin_type=True, default=_plain)
            parts.append(_HEADER.pack(len(payload), zlib.crc32(payload)))
            parts.append(payload)
        data = b"".join(parts)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)
        if self.fsync == "always":
            os.fsync(self._file.fileno())
        elif self.fsync == "interval" and now_us - self._synced_us >= _FSYNC_INTERVAL_US:
            os.fsync(self._file.fileno())
            self._synced_us = now_us

    def close(self) -> None:
        if self._file.closed:
            return
        if self.fsync != "off":
            os.fsync(self._file.fileno())
        self._file.close()

    def fileno(self) -> int:
        return self._file.fileno()


@dataclass(frozen=True, slots=True)
class TornTail:
    """What was cut off a log's end: the file, where its last whole record ends, and how many bytes followed."""

    path: str
    kept_bytes: int
    cut_bytes: int
    reason: str


def read_log_file(path: Path, *, repair: bool = False) -> tuple[list[tuple[int, Record]], TornTail | None]:
    """All whole records of a file with their numbers, and what was cut off its end, if anything.

    `repair=True` also truncates the file there. ValueError when the file is not an operation log.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        # A crash between creating the file and its first write leaves a part of the magic: an empty log.
        if MAGIC.startswith(data):
            if repair:
                path.write_bytes(MAGIC)
            return [], TornTail(str(path), 0, len(data), "the file's magic is incomplete") if data else None
        raise ValueError(f"{path} is not a parlel operation log (it does not begin with {MAGIC!r})")
    records: list[tuple[int, Record]] = []
    position, size = len(MAGIC), len(data)
    reason = ""
    while position < size:
        if position + _HEADER.size > size:
            reason = "a record's header is incomplete"
            break
        length, crc = _HEADER.unpack_from(data, position)
        start = position + _HEADER.size
        if length > _MAX_RECORD or start + length > size:
            reason = "a record is incomplete"
            break
        payload = data[start : start + length]
        if zlib.crc32(payload) != crc:
            reason = "a record fails its CRC"
            break
        sequence, kind, time_us, session, body = msgpack.unpackb(payload, raw=False, strict_map_key=False)
        records.append((sequence, (kind, time_us, session, body)))
        position = start + length
    if position == size:
        return records, None
    if repair:
        with open(path, "r+b") as file:
            file.truncate(position)
    return records, TornTail(str(path), position, size - position, reason)


def _plain(value: object) -> Any:
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"a log record can only hold plain data, not {type(value).__name__}")
