"""One partition's log: batches as opaque bytes, offsets, leader epochs, timestamps, transactions, retention and
compaction.

Reference: core's UnifiedLog, LogCleaner and storage's ProducerStateManager. There is one replica, so the high watermark
is the log's end. A batch is immutable once appended. `self.batches` only ever grows in place; whatever removes from it
makes a new list. So a state (see `state`) is the list by reference and its length, and costs nothing to take or to go
back to.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from emulators.kafka import producers
from emulators.kafka.producers import Entry, Written
from emulators.kafka.wire import records
from emulators.kafka.wire.records import Header, Record

__all__ = ["Aborted", "Batch", "LogState", "PartitionLog", "TimestampHit"]

_last_offset = attrgetter("last")
_base_offset = attrgetter("base")


class Batch:
    """One batch in the log, with what is looked up often beside its bytes."""

    __slots__ = (
        "attributes",
        "base",
        "base_timestamp",
        "count",
        "data",
        "epoch",
        "last",
        "max_timestamp",
        "producer_id",
        "size",
    )

    def __init__(self, data: bytes, header: Header, base: int, epoch: int) -> None:
        self.data = data
        self.base = base
        self.last = base + header.last_offset_delta
        self.epoch = epoch
        self.attributes = header.attributes
        self.base_timestamp = header.base_timestamp
        self.max_timestamp = header.max_timestamp
        self.producer_id = header.producer_id
        self.count = header.record_count
        self.size = len(data)

    @classmethod
    def of(cls, data: bytes) -> Batch:
        header = records.read_header(data)
        return cls(data, header, header.base_offset, header.leader_epoch)

    @property
    def control(self) -> bool:
        return bool(self.attributes & records.CONTROL_BIT)

    @property
    def transactional(self) -> bool:
        return bool(self.attributes & records.TRANSACTIONAL_BIT)

    def records(self) -> Iterator[Record]:
        return records.decode_records(self.data)


class Aborted(NamedTuple):
    """An aborted transaction: its producer, its first offset here, and its marker's offset."""

    producer_id: int
    first: int
    last: int


class TimestampHit(NamedTuple):
    offset: int
    timestamp: int
    epoch: int


@dataclass(frozen=True, slots=True)
class LogState:
    """A log at an instant: by reference, never changed."""

    batches: list[Batch]
    length: int
    start: int
    end: int
    size: int
    epochs: tuple[tuple[int, int], ...]
    producers: dict[int, Entry]
    aborted: tuple[Aborted, ...]
    deleted_at: dict[int, int]


class PartitionLog:
    """A log whose methods take the time as an argument: it knows no clock."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.start = 0
        self.end = 0
        self.size = 0
        #: (leader epoch, first offset written under it), growing.
        self.epochs: list[tuple[int, int]] = []
        self.producers: dict[int, Entry] = {}
        #: First offset of each producer's open transaction: what `producers` says, kept apart because readers ask
        #: often.
        self.open: dict[int, int] = {}
        self.aborted: list[Aborted] = []
        #: When compaction first met a tombstone or an emptied transaction's marker, by offset (milliseconds).
        self.deleted_at: dict[int, int] = {}
        self._state: LogState | None = None
        #: The greatest length of `batches` that some state relies on: what lies behind it may be cut off in place.
        self._floor = 0

    # -- reading ---------------------------------------------------------------------------------------------

    @property
    def stable(self) -> int:
        """The last stable offset: the first offset of the oldest open transaction, or the end."""
        return min(self.open.values()) if self.open else self.end

    def upper(self, committed: bool) -> int:
        """Where a reader must stop."""
        return self.stable if committed else self.end

    def find(self, offset: int) -> int:
        """Index of the first batch whose last offset is not below `offset`."""
        return bisect_left(self.batches, offset, key=_last_offset)

    def read(self, offset: int, max_bytes: int, upper: int, at_least_one: bool) -> list[bytes]:
        """Whole batches from `offset` on, below `upper`, up to `max_bytes` (the first one whatever its size if asked)."""
        found: list[bytes] = []
        batches = self.batches
        index = self.find(offset)
        room = max_bytes
        while index < len(batches):
            batch = batches[index]
            if batch.base >= upper or (batch.size > room and (found or not at_least_one)):
                break
            found.append(batch.data)
            room -= batch.size
            index += 1
        return found

    def readable(self, offset: int, upper: int, limit: int) -> int:
        """Bytes that a read from `offset` could give, counted up to `limit`."""
        total = 0
        index = self.find(offset)
        batches = self.batches
        while index < len(batches) and total < limit and batches[index].base < upper:
            total += batches[index].size
            index += 1
        return total

    def records_from(self, offset: int, *, committed: bool = False) -> Iterator[Record]:
        """Decoded records from `offset` on, without control records; with `committed`, without aborted or open ones."""
        upper = self.upper(committed)
        for batch in self.batches[self.find(offset) :]:
            if batch.base >= upper:
                return
            if batch.control or (committed and self.is_aborted(batch)):
                continue
            for record in batch.records():
                if record.offset >= offset:
                    yield record

    def is_aborted(self, batch: Batch) -> bool:
        return batch.transactional and any(
            gone.producer_id == batch.producer_id and gone.first <= batch.base <= gone.last for gone in self.aborted
        )

    def aborted_between(self, offset: int, upper: int) -> list[Aborted]:
        """What a read_committed reader of [offset, upper) has to leave out."""
        return [gone for gone in self.aborted if gone.last >= offset and gone.first < upper]

    def by_timestamp(self, timestamp: int, upper: int) -> TimestampHit | None:
        """The first record, in offset order, whose time is not before `timestamp`."""
        for batch in self.batches:
            if batch.max_timestamp < timestamp or batch.last < self.start:
                continue
            for record in batch.records():
                if record.timestamp >= timestamp and record.offset >= self.start:
                    if record.offset >= upper:
                        return None
                    return TimestampHit(record.offset, record.timestamp, batch.epoch)
        return None

    def max_timestamp(self) -> TimestampHit | None:
        """The first record with the greatest time."""
        best: Batch | None = None
        for batch in self.batches:
            if batch.max_timestamp >= 0 and (best is None or batch.max_timestamp > best.max_timestamp):
                best = batch
        if best is None:
            return None
        for record in best.records():
            if record.timestamp == best.max_timestamp:
                return TimestampHit(record.offset, record.timestamp, best.epoch)
        return TimestampHit(best.last, best.max_timestamp, best.epoch)

    def epoch_at(self, offset: int) -> int:
        """The leader epoch under which `offset` was, or would be, written; -1 before any."""
        index = bisect_right(self.epochs, offset, key=lambda pair: pair[1])
        return self.epochs[index - 1][0] if index else -1

    def epoch_end(self, epoch: int, current: int) -> tuple[int, int]:
        """(epoch, end offset) for OffsetForLeaderEpoch: the largest epoch not above `epoch` and where it ends; (-1, -1)
        if unknown.
        """
        if epoch == current:
            return epoch, self.end
        index = bisect_right(self.epochs, epoch, key=lambda pair: pair[0])
        if index == len(self.epochs):
            return (-1, -1) if epoch > current or not self.epochs else (self.epochs[-1][0], self.end)
        if index == 0:
            # Older than anything here: what is left begins with the next epoch.
            return epoch, self.epochs[0][1]
        return self.epochs[index - 1][0], self.epochs[index][1]

    # -- writing ---------------------------------------------------------------------------------------------

    def lead(self, epoch: int) -> None:
        """A leader with this epoch takes over."""
        if not self.epochs or epoch > self.epochs[-1][0]:
            if self.epochs and self.epochs[-1][1] == self.end:
                self.epochs.pop()  # nothing was written under the one before
            self.epochs.append((epoch, self.end))
            self._state = None

    def append(self, data: bytes, header: Header, epoch: int, now_ms: int) -> int:
        """Append a checked batch and return its base offset."""
        base = self.end
        self.lead(epoch)
        if header.producer_id >= 0:
            known = self.producers.get(header.producer_id)
            entry = self.producers[header.producer_id] = producers.appended(known, header, base, now_ms)
            if entry.txn_first_offset >= 0:
                self.open[header.producer_id] = entry.txn_first_offset
        self._add(Batch(records.patched(data, base, epoch), header, base, epoch))
        return base

    def check_producer(self, header: Header) -> tuple[int, Written | None]:
        return producers.check(self.producers.get(header.producer_id), header)

    def mark(
        self, producer_id: int, producer_epoch: int, committed: bool, coordinator_epoch: int, epoch: int, now_ms: int
    ) -> int:
        """Append a transaction's marker and return its offset."""
        data = records.build_marker(producer_id, producer_epoch, committed, coordinator_epoch, now_ms)
        header = records.read_header(data)
        base = self.end
        self.lead(epoch)
        known = self.producers.get(producer_id, Entry(producer_epoch))
        if known.txn_first_offset >= 0 and not committed:
            self.aborted.append(Aborted(producer_id, known.txn_first_offset, base))
        self.open.pop(producer_id, None)
        batches = known.batches if known.epoch == producer_epoch else ()
        self.producers[producer_id] = Entry(producer_epoch, batches, now_ms, coordinator_epoch, -1)
        self._add(Batch(records.patched(data, base, epoch), header, base, epoch))
        return base

    def _add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.end = batch.last + 1
        self.size += batch.size
        self._state = None

    # -- removing --------------------------------------------------------------------------------------------

    def delete_before(self, offset: int) -> None:
        """Move the start forward; whole batches before it go."""
        if offset <= self.start:
            return
        self.start = offset
        index = self.find(offset)
        if index:
            self.size -= sum(batch.size for batch in self.batches[:index])
            self.batches = self.batches[index:]
            self._floor = 0
        self.aborted = [gone for gone in self.aborted if gone.last >= offset]
        self.epochs = [
            (epoch, max(first, offset))
            for position, (epoch, first) in enumerate(self.epochs)
            if position + 1 == len(self.epochs) or self.epochs[position + 1][1] > offset
        ]
        self.deleted_at = {at: when for at, when in self.deleted_at.items() if at >= offset}
        self._state = None

    def retain(self, now_ms: int, retention_ms: int, retention_bytes: int) -> int:
        """Delete old batches by time and by size; returns how many went. Negative limits mean none."""
        drop = 0
        batches = self.batches
        stable = self.stable
        size = self.size
        while drop < len(batches):
            batch = batches[drop]
            too_old = retention_ms >= 0 and now_ms - batch.max_timestamp > retention_ms
            too_much = retention_bytes >= 0 and size - batch.size >= retention_bytes
            if not (too_old or too_much) or batch.last >= stable:
                break
            size -= batch.size
            drop += 1
        if drop:
            self.delete_before(batches[drop - 1].last + 1)
        return drop

    def expire_producers(self, now_ms: int, after_ms: int) -> None:
        """Forget producers that have written nothing for `after_ms` and have no open transaction."""
        kept = {
            pid: entry
            for pid, entry in self.producers.items()
            if entry.txn_first_offset >= 0 or now_ms - entry.last_timestamp < after_ms
        }
        if len(kept) != len(self.producers):
            self.producers = kept
            self._state = None

    def compact(self, now_ms: int, delete_retention_ms: int) -> int:
        """Keep the last value of each key below the stable offset; returns how many records went.

        Offsets stay, so gaps appear. A tombstone stays until `delete_retention_ms` after the first compaction that met
        it; an aborted transaction's records go at once, its marker when nothing of it is left and the same time has
        passed.
        """
        stable = self.stable
        last_of: dict[bytes, int] = {}
        for batch in self.batches:
            if batch.base >= stable:
                break
            if batch.control or self.is_aborted(batch):
                continue
            for record in batch.records():
                if record.key is not None:
                    last_of[record.key] = record.offset
        kept: list[Batch] = []
        removed = 0
        changed = False
        for batch in self.batches:
            if batch.base >= stable:
                kept.append(batch)
                continue
            if batch.control:
                if self._expired(batch.base, now_ms, delete_retention_ms):
                    changed = True
                    removed += 1
                else:
                    kept.append(batch)
                continue
            gone = self.is_aborted(batch)
            rows = list(batch.records())
            left = [] if gone else [row for row in rows if self._survives(row, last_of, now_ms, delete_retention_ms)]
            if len(left) == len(rows):
                kept.append(batch)
                continue
            changed = True
            removed += len(rows) - len(left)
            if left or (batch.producer_id >= 0 and self._newest_of(batch)):
                kept.append(_rewritten(batch, left))
        if changed:
            self.batches = kept
            self._floor = 0
            self.size = sum(batch.size for batch in kept)
            self._state = None
        return removed

    def _expired(self, offset: int, now_ms: int, delete_retention_ms: int) -> bool:
        first = self.deleted_at.setdefault(offset, now_ms)
        self._state = None
        return now_ms - first >= delete_retention_ms and first != now_ms

    def _survives(self, row: Record, last_of: dict[bytes, int], now_ms: int, delete_retention_ms: int) -> bool:
        if row.key is None or last_of.get(row.key) != row.offset:
            return False
        return row.value is not None or not self._expired(row.offset, now_ms, delete_retention_ms)

    def _newest_of(self, batch: Batch) -> bool:
        """True for a producer's last batch: Kafka keeps it, emptied, because it carries the producer's sequence."""
        entry = self.producers.get(batch.producer_id)
        return entry is not None and bool(entry.batches) and entry.batches[-1].base_offset == batch.base

    # -- states ----------------------------------------------------------------------------------------------

    def state(self) -> LogState:
        """The log as it is now; the same object as before while nothing changed."""
        if self._state is None:
            self._floor = max(self._floor, len(self.batches))
            self._state = LogState(
                self.batches,
                len(self.batches),
                self.start,
                self.end,
                self.size,
                tuple(self.epochs),
                dict(self.producers),
                tuple(self.aborted),
                dict(self.deleted_at),
            )
        return self._state

    @property
    def last_state(self) -> LogState | None:
        """The state that is just now the log's; None when it changed since one was taken."""
        return self._state

    def go_to(self, state: LogState) -> None:
        """Be as `state` says."""
        if state is self._state:
            return
        # Growing the list of a state is harmless, since the state knows its length. What grew behind it is cut off in
        # place when no state needs that; else the state's part is copied.
        if state.batches is self.batches and state.length >= self._floor:
            del self.batches[state.length :]
        whole = len(state.batches) == state.length
        self.batches = state.batches if whole else state.batches[: state.length]
        self._floor = state.length if whole else 0
        self.start, self.end, self.size = state.start, state.end, state.size
        self.epochs = list(state.epochs)
        self.producers = dict(state.producers)
        self.open = {pid: one.txn_first_offset for pid, one in state.producers.items() if one.txn_first_offset >= 0}
        self.aborted = list(state.aborted)
        self.deleted_at = dict(state.deleted_at)
        self._state = state if whole else None

    def check(self) -> None:
        """Invariants; AssertionError names the one that is broken."""
        previous = -1
        for batch in self.batches:
            assert batch.base > previous, f"batch at {batch.base} does not follow {previous}"
            assert batch.last >= batch.base
            previous = batch.last
        assert previous < self.end, f"the end {self.end} is not behind the last batch {previous}"
        assert 0 <= self.start <= self.end, f"start {self.start} is outside 0..{self.end}"
        assert self.size == sum(batch.size for batch in self.batches), "the size is not the sum of the batches"
        assert self.stable <= self.end
        opened = {pid: one.txn_first_offset for pid, one in self.producers.items() if one.txn_first_offset >= 0}
        assert self.open == opened, "the open transactions are not those of the producers"


def _rewritten(batch: Batch, left: list[Record]) -> Batch:
    """The batch with only these records, and the offsets and producer it had."""
    header = records.read_header(batch.data)
    data = records.build_batch(
        left,
        codec=header.codec,
        producer_id=header.producer_id,
        producer_epoch=header.producer_epoch,
        base_sequence=header.base_sequence,
        transactional=header.transactional,
        leader_epoch=batch.epoch,
        append_time=header.append_time,
        base_offset=batch.base,
        last_offset_delta=header.last_offset_delta,
    )
    return Batch.of(data)


def plain_log(state: LogState) -> list[Any]:
    """A state as data that msgpack can hold."""
    return [
        [batch.data for batch in state.batches[: state.length]],
        state.start,
        state.end,
        [list(pair) for pair in state.epochs],
        [
            [pid, entry.epoch, [list(one) for one in entry.batches], *entry[2:]]
            for pid, entry in sorted(state.producers.items())
        ],
        [list(gone) for gone in state.aborted],
        [[at, when] for at, when in sorted(state.deleted_at.items())],
    ]


def log_state(plain: list[Any]) -> LogState:
    """What `plain_log` wrote, as a state."""
    raw, start, end, epochs, known, aborted, deleted = plain
    batches = [Batch.of(bytes(data)) for data in raw]
    entries = {pid: Entry(epoch, tuple(Written(*one) for one in rows), *rest) for pid, epoch, rows, *rest in known}
    return LogState(
        batches,
        len(batches),
        start,
        end,
        sum(batch.size for batch in batches),
        tuple((epoch, first) for epoch, first in epochs),
        entries,
        tuple(Aborted(*gone) for gone in aborted),
        dict(deleted),
    )
