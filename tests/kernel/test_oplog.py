"""The operation log: bounded memory, subscribers, and files that survive any cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.kernel import Description, OperationLog
from emulators.kernel.oplog import DISCONNECT, NOTE, OPERATION, LogFile, Record, read_log_file


def filled(count: int, limit: int = 1000) -> OperationLog:
    log = OperationLog(limit)
    log.connected(0, 1, "redis", "main", "test")
    for number in range(count):
        log.append((OPERATION, number, 1, [b"SET", b"k%d" % number, b"v"]))
    return log


def test_numbers_go_on_when_records_are_dropped() -> None:
    log = filled(10)
    log.drop_before(6)
    assert (log.base, log.next_sequence) == (6, 11)
    assert log.since(9)[0] == (9, (OPERATION, 8, 1, [b"SET", b"k8", b"v"]))
    assert [sequence for sequence, _ in log.tail(2)] == [9, 10]
    with pytest.raises(ValueError, match="were dropped"):
        log.since(5)


def test_the_bound_method_survives_dropping() -> None:
    log = filled(3)
    append = log.append
    log.drop_before(4)
    append((NOTE, 0, 0, "x"))
    assert log.next_sequence == 5


def test_operations_are_built_from_the_service_s_own_description() -> None:
    log = filled(1)
    log.describe_with("redis", lambda frame: Description(frame[0].decode(), (frame[1].decode(),), "text"))
    (operation,) = log.operations()
    assert (operation.service, operation.verb, operation.keys, operation.sequence) == ("redis", "SET", ("k0",), 1)
    assert operation.command == "SET"
    assert operation.tables == operation.topics == ("k0",)


def test_subscribers_hear_what_comes_after_they_came() -> None:
    log = filled(2)
    heard: list[int] = []
    stop = log.subscribe(lambda sequence, record: heard.append(sequence))
    log.append((NOTE, 0, 0, "one"))
    log.commit(0)
    log.commit(0)
    stop()
    log.append((NOTE, 0, 0, "two"))
    log.commit(0)
    assert heard == [3]


def write(path: Path, records: list[Record]) -> bytes:
    file = LogFile(path, "always")
    file.write(0, records, 0)
    file.close()
    return path.read_bytes()


RECORDS: list[Record] = [
    (OPERATION, 1, 1, [b"SET", b"\x00\xff", "é".encode()]),
    (NOTE, 2, 0, "text"),
    (DISCONNECT, 3, 1, None),
    (OPERATION, 4, 2, [b"", b"x" * 300]),
]


def test_a_file_reads_back_what_was_written_also_after_being_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "operations.log"
    write(path, RECORDS[:2])
    file = LogFile(path)
    file.write(2, RECORDS[2:], 0)
    file.close()
    records, torn = read_log_file(path)
    assert [record for _, record in records] == RECORDS
    assert [sequence for sequence, _ in records] == [0, 1, 2, 3]
    assert torn is None


def test_a_log_cut_at_any_byte_is_read_to_its_last_whole_record(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.log", RECORDS)
    ends = [8]
    for count in range(1, len(RECORDS) + 1):
        ends.append(len(write(tmp_path / f"first{count}.log", RECORDS[:count])))
    for cut in range(len(whole)):
        path = tmp_path / "cut.log"
        path.write_bytes(whole[:cut])
        records, torn = read_log_file(path, repair=True)
        expected = max((i for i, end in enumerate(ends) if end <= cut), default=0)
        assert [record for _, record in records] == RECORDS[:expected], cut
        if cut in ends or cut == 0:
            assert torn is None
        else:
            assert torn is not None
            assert torn.cut_bytes > 0
            # Repaired: a second look finds nothing wrong.
            assert read_log_file(path) == (records, None)


@given(st.integers(min_value=8), st.integers(1, 255))
def test_a_damaged_byte_never_goes_unseen(position: int, flip: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.log"
        data = bytearray(write(path, RECORDS))
        position = 8 + position % (len(data) - 8)
        data[position] ^= flip
        path.write_bytes(data)
        records, torn = read_log_file(path)
        assert torn is not None
        assert [record for _, record in records] == RECORDS[: len(records)]


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"something else entirely")
    with pytest.raises(ValueError, match="not a parlel operation log"):
        read_log_file(path)
    with pytest.raises(ValueError, match="fsync must be one of"):
        LogFile(path, "sometimes")  # type: ignore[arg-type]
