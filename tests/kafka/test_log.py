"""The partition log by itself: offsets, times, retention, compaction, transactions, states."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.kafka.log import PartitionLog, log_state, plain_log
from emulators.kafka.wire import compression
from emulators.kafka.wire.records import (
    Record,
    RecordError,
    build_batch,
    crc_valid,
    decode_records,
    patched,
    read_header,
    split_batches,
    with_append_time,
)
from tests.kafka.raw import batch


def _append(log: PartitionLog, *values: object, now: int = 0, **options: object) -> int:
    data = batch(*values, **options)  # type: ignore[arg-type]
    return log.append(data, read_header(data), 0, now)


def _offsets(log: PartitionLog, **options: bool) -> list[int]:
    return [record.offset for record in log.records_from(log.start, **options)]


@pytest.mark.parametrize("codec", range(5))
def test_records_come_back_as_they_were_written(codec: int) -> None:
    rows = [Record(i, 1000 + i, None if i % 3 else b"k", b"v" * i, [("h", b"1"), ("h", None)]) for i in range(30)]
    data = build_batch(rows, codec=codec)
    header = read_header(data)
    assert crc_valid(header, data)
    assert (header.codec, header.record_count, header.max_timestamp) == (codec, 30, 1029)
    assert list(decode_records(data)) == rows
    moved = patched(data, 500, 3)
    assert crc_valid(read_header(moved), moved)
    assert [record.offset for record in decode_records(moved)] == list(range(500, 530))
    stamped = with_append_time(data, 7)
    assert crc_valid(read_header(stamped), stamped)
    assert {record.timestamp for record in decode_records(stamped)} == {7}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 4), st.randoms(use_true_random=False))
def test_damaged_batches_are_record_errors(noise: bytes, codec: int, dice: random.Random) -> None:
    data = bytearray(batch(b"hello" * 20, (b"k", b"v"), codec=codec))
    for byte in noise[:5]:
        data[dice.randrange(21, len(data))] ^= byte
    for wrong in (bytes(data), bytes(data[: dice.randrange(len(data))]), noise):
        try:
            for _, part in split_batches(wrong):
                list(decode_records(part))
        except RecordError:
            pass


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_BYTES", 1 << 20)
    for codec in (compression.GZIP, compression.SNAPPY, compression.LZ4, compression.ZSTD):
        bomb = compression.compress(codec, bytes(4 << 20))
        with pytest.raises(compression.CompressionError):
            compression.decompress(codec, bomb)
        assert compression.decompress(codec, compression.compress(codec, bytes(1000))) == bytes(1000)


def test_reads_are_whole_batches_and_at_least_one() -> None:
    log = PartitionLog()
    for _ in range(3):
        _append(log, b"x" * 100, b"y")
    size = log.batches[0].size
    assert len(log.read(0, 10, log.end, True)) == 1
    assert len(log.read(0, 10, log.end, False)) == 0
    assert len(log.read(1, size * 2, log.end, True)) == 2
    assert len(log.read(2, 10**6, log.end, True)) == 2
    assert log.read(6, 10**6, log.end, True) == []
    assert log.readable(0, log.end, 10**6) == 3 * size


def test_retention_by_time_and_size_moves_the_start_by_batches() -> None:
    log = PartitionLog()
    for second in range(10):
        _append(log, b"x", time=second * 1000)
    assert log.retain(9_500, 5_000, -1) == 5
    assert (log.start, log.end) == (5, 10)
    size = log.batches[0].size
    assert log.retain(9_500, -1, 2 * size) == 3
    assert _offsets(log) == [8, 9]
    log.check()


def test_compaction_keeps_the_last_of_each_key_and_forgets_tombstones_later() -> None:
    log = PartitionLog()
    _append(log, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"))
    _append(log, (b"b", None), (b"c", b"1"))
    _append(log, (b"c", b"2"))
    assert log.compact(1000, 500) == 3
    assert [(record.offset, record.key, record.value) for record in log.records_from(0)] == [
        (2, b"a", b"2"),
        (3, b"b", None),
        (5, b"c", b"2"),
    ]
    assert log.compact(1400, 500) == 0
    assert log.compact(1600, 500) == 1
    assert _offsets(log) == [2, 5]
    assert _append(log, b"next") == 6
    log.check()


def test_compaction_drops_aborted_records_and_stops_at_open_transactions() -> None:
    log = PartitionLog()
    _append(log, (b"a", b"1"))
    _append(log, (b"a", b"aborted"), producer_id=1, producer_epoch=0, base_sequence=0, transactional=True)
    log.mark(1, 0, False, 0, 0, 0)
    _append(log, (b"a", b"open"), producer_id=2, producer_epoch=0, base_sequence=0, transactional=True)
    _append(log, (b"a", b"behind"))
    assert log.stable == 3
    log.compact(0, 0)
    assert [record.value for record in log.records_from(0)] == [b"1", b"open", b"behind"]
    log.mark(2, 0, True, 0, 0, 0)
    log.compact(0, 0)
    assert [record.value for record in log.records_from(0)] == [b"behind"]
    log.check()


def test_read_committed_leaves_out_aborted_and_open_transactions() -> None:
    log = PartitionLog()
    options = {"producer_epoch": 0, "base_sequence": 0, "transactional": True}
    _append(log, b"a1", producer_id=1, **options)
    _append(log, b"b1", producer_id=2, **options)
    log.mark(1, 0, False, 0, 0, 0)
    log.mark(2, 0, True, 0, 0, 0)
    _append(log, b"plain")
    _append(log, b"open", producer_id=3, **options)
    assert [record.value for record in log.records_from(0, committed=True)] == [b"b1", b"plain"]
    assert [(gone.producer_id, gone.first, gone.last) for gone in log.aborted_between(0, 5)] == [(1, 0, 2)]
    assert log.aborted_between(3, 5) == []


def test_leader_epochs_and_where_they_ended() -> None:
    log = PartitionLog()
    log.lead(0)
    _append(log, b"a", b"b")
    log.lead(3)
    data = batch(b"c")
    log.append(data, read_header(data), 3, 0)
    log.lead(5)
    assert log.epochs == [(0, 0), (3, 2), (5, 3)]
    assert log.epoch_end(0, 5) == (0, 2)
    assert log.epoch_end(2, 5) == (0, 2)
    assert log.epoch_end(3, 5) == (3, 3)
    assert log.epoch_end(5, 5) == (5, 3)
    assert log.epoch_end(9, 5) == (-1, -1)
    assert [log.epoch_at(offset) for offset in range(4)] == [0, 0, 3, 5]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["append", "mark", "state", "back", "delete", "compact", "txn"]), max_size=40),
    st.randoms(use_true_random=False),
)
def test_states_hold_whatever_happens(steps: list[str], dice: random.Random) -> None:
    """States taken at any time come back exactly, in any order; the plain form too."""
    log = PartitionLog()
    states: list[tuple[object, object]] = []
    sequence = 0
    for step in steps:
        if step == "append":
            _append(log, (b"k%d" % dice.randrange(3), b"v"))
        elif step == "txn":
            _append(log, (b"t", b"v"), producer_id=1, producer_epoch=0, base_sequence=sequence, transactional=True)
            sequence += 1
        elif step == "mark":
            log.mark(1, 0, dice.random() < 0.5, 0, 0, 0)
        elif step == "delete":
            log.delete_before(dice.randint(log.start, log.end))
        elif step == "compact":
            log.compact(0, 0)
        elif step == "state":
            state = log.state()
            states.append((state, plain_log(state)))
        elif states:
            state, plain = dice.choice(states)
            log.go_to(state)  # type: ignore[arg-type]
            assert plain_log(log.state()) == plain
        log.check()
    for state, plain in states:
        log.go_to(log_state(plain))  # type: ignore[arg-type]
        assert plain_log(log.state()) == plain == plain_log(state)  # type: ignore[arg-type]
