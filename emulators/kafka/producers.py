"""What a partition remembers of each producer: epoch and the last five batches. This is what makes produce idempotent.

Reference: storage's ProducerStateManager and ProducerAppendInfo. The entries are immutable; an append replaces one, so
a snapshot of a partition is a copy of a dict. A producer that the partition does not know may start with any sequence,
as in Kafka.
"""

from __future__ import annotations

from typing import NamedTuple

from emulators.kafka import errors
from emulators.kafka.wire.records import Header

__all__ = ["Entry", "Written", "appended", "check"]

_KEPT = 5
_SEQUENCES = 1 << 31


class Written(NamedTuple):
    """One batch that is in the log."""

    first_sequence: int
    last_sequence: int
    base_offset: int
    timestamp: int


class Entry(NamedTuple):
    """One producer's state on one partition; `txn_first_offset` is -1 when it has no open transaction here."""

    epoch: int
    batches: tuple[Written, ...] = ()
    last_timestamp: int = -1
    coordinator_epoch: int = -1
    txn_first_offset: int = -1

    @property
    def last_sequence(self) -> int:
        return self.batches[-1].last_sequence if self.batches else -1


def last_sequence_of(header: Header) -> int:
    return (header.base_sequence + header.last_offset_delta) % _SEQUENCES


def check(entry: Entry | None, header: Header) -> tuple[int, Written | None]:
    """(error, duplicate): the error to answer, or the batch already in the log that this one repeats."""
    if entry is None:
        return errors.NONE, None
    first = header.base_sequence
    if header.producer_epoch < entry.epoch:
        return errors.INVALID_PRODUCER_EPOCH, None
    if header.producer_epoch > entry.epoch:
        # A new epoch begins at 0; anything else means that batches of it were lost.
        return (errors.NONE, None) if first == 0 else (errors.OUT_OF_ORDER_SEQUENCE_NUMBER, None)
    last = last_sequence_of(header)
    for written in entry.batches:
        if written.first_sequence == first and written.last_sequence == last:
            return errors.NONE, written
    if entry.batches and first != (entry.last_sequence + 1) % _SEQUENCES:
        return errors.OUT_OF_ORDER_SEQUENCE_NUMBER, None
    return errors.NONE, None


def appended(entry: Entry | None, header: Header, base_offset: int, now_ms: int) -> Entry:
    """The producer's entry after its batch went into the log at `base_offset`."""
    written = Written(header.base_sequence, last_sequence_of(header), base_offset, header.max_timestamp)
    if entry is None or header.producer_epoch > entry.epoch:
        coordinator_epoch = entry.coordinator_epoch if entry is not None else -1
        first = entry.txn_first_offset if entry is not None else -1
        batches: tuple[Written, ...] = (written,)
    else:
        coordinator_epoch, first = entry.coordinator_epoch, entry.txn_first_offset
        batches = (*entry.batches[1 - _KEPT :], written) if len(entry.batches) >= _KEPT else (*entry.batches, written)
    if header.transactional and first < 0:
        first = base_offset
    return Entry(header.producer_epoch, batches, now_ms, coordinator_epoch, first)
