"""Several sessions at once on a frozen clock: who waits, who wakes, who is the victim, and what nobody may lose."""

from __future__ import annotations

import struct

import pytest

from emulators.kernel.clock import Clock
from emulators.kernel.emulator import Environment
from emulators.postgres.emulator import PostgresEmulator


class Client:
    """A client without a socket: sends simple queries, collects what came back since."""

    def __init__(self, emulator: PostgresEmulator, number: int) -> None:
        self.data = bytearray()
        self.session = emulator.open_session(self, number, "main")
        body = struct.pack("!I", 196608) + b"user\0postgres\0database\0postgres\0\0"
        self.session.receive(struct.pack("!I", len(body) + 4) + body)
        self.data.clear()

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.session.ended()

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def buffered(self) -> int:
        return 0

    def send(self, sql: str) -> None:
        body = sql.encode() + b"\0"
        self.session.receive(b"Q" + struct.pack("!I", len(body) + 4) + body)

    def result(self) -> list[tuple[str, ...]] | str | None:
        """Rows, an error as `SQLSTATE message`, or None while the statement waits."""
        rows: list[tuple[str, ...]] = []
        error = ""
        done = False
        self.notifications: list[str] = []
        data, at = bytes(self.data), 0
        while at < len(data):
            kind, length = data[at : at + 1], struct.unpack_from("!I", data, at + 1)[0]
            body = data[at + 5 : at + 1 + length]
            at += 1 + length
            if kind == b"D":
                rows.append(self._row(body))
            elif kind == b"E":
                fields = {f[:1]: f[1:].decode() for f in body.split(b"\0") if f}
                error = f"{fields[b'C']} {fields[b'M']}"
            elif kind == b"A":
                self.notifications.append(body[4:].split(b"\0")[1].decode())
            elif kind == b"Z":
                done = True
        if not done:
            return None
        self.data.clear()
        return error or rows

    @staticmethod
    def _row(body: bytes) -> tuple[str, ...]:
        (count,) = struct.unpack_from("!H", body)
        at, cells = 2, []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", body, at)
            at += 4
            cells.append(body[at : at + max(length, 0)].decode())
            at += max(length, 0)
        return tuple(cells)

    def run(self, sql: str) -> list[tuple[str, ...]] | str | None:
        self.send(sql)
        return self.result()


class World:
    def __init__(self, sessions: int = 3) -> None:
        self.clock = Clock("frozen")
        self.emulator = PostgresEmulator(Environment.alone("postgres", clock=self.clock))
        self.clients = [Client(self.emulator, n) for n in range(1, sessions + 1)]


@pytest.fixture
def world() -> World:
    world = World()
    world.clients[0].run("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)")
    return world


def test_a_queue_delivers_nothing_twice(world: World) -> None:
    a, b, c = world.clients
    take = "BEGIN; DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
    assert [x.run(take) for x in (a, b, c)] == [[("1",)], [("2",)], [("3",)]]
    b.run("ROLLBACK")
    a.run("COMMIT")
    assert b.run(take) == [("2",)]


def test_counters_with_for_update_lose_nothing(world: World) -> None:
    a, b, _ = world.clients
    assert a.run("BEGIN; SELECT n FROM t WHERE id = 1 FOR UPDATE") == [("0",)]
    assert b.run("BEGIN; SELECT n FROM t WHERE id = 1 FOR UPDATE") is None
    a.run("UPDATE t SET n = 1 WHERE id = 1")
    a.run("COMMIT")
    assert b.result() == [("1",)]


def test_a_waiting_update_sees_what_was_committed(world: World) -> None:
    a, b, c = world.clients
    a.run("BEGIN; UPDATE t SET n = n + 1 WHERE id = 1")
    assert b.run("UPDATE t SET n = n + 1 WHERE id = 1 AND n < 10") is None
    assert c.run("UPDATE t SET n = 100 WHERE id = 1 AND n = 0") is None
    a.run("COMMIT")
    assert b.result() == []
    assert c.result() == []
    assert a.run("SELECT n FROM t WHERE id = 1") == [("2",)]


def test_repeatable_read_refuses(world: World) -> None:
    a, b, _ = world.clients
    b.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT n FROM t")
    a.run("UPDATE t SET n = 5 WHERE id = 1")
    assert b.run("UPDATE t SET n = n + 1 WHERE id = 1") == "40001 could not serialize access due to concurrent update"


def test_the_deadlock_timer_picks_the_victim(world: World) -> None:
    a, b, _ = world.clients
    a.run("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
    b.run("BEGIN; UPDATE t SET n = 1 WHERE id = 2")
    assert a.run("UPDATE t SET n = 2 WHERE id = 2") is None
    world.clock.advance(0.5)
    assert b.run("UPDATE t SET n = 2 WHERE id = 1") is None
    world.clock.advance(0.6)
    assert a.result() == "40P01 deadlock detected"
    # The victim's locks are free although it has not rolled back yet.
    assert b.result() == []


def test_lock_timeout_on_the_clock(world: World) -> None:
    a, b, _ = world.clients
    a.run("BEGIN; SELECT * FROM t FOR UPDATE")
    b.run("SET lock_timeout = '30s'; SET deadlock_timeout = '60s'")
    assert b.run("UPDATE t SET n = 1") is None
    world.clock.advance(29)
    assert b.result() is None
    world.clock.advance(2)
    assert b.result() == "55P03 canceling statement due to lock timeout"


@pytest.mark.parametrize(("end", "outcome"), [("COMMIT", "23505"), ("ROLLBACK", "")])
def test_unique_inserts_wait_for_the_other(world: World, end: str, outcome: str) -> None:
    a, b, _ = world.clients
    a.run("BEGIN; INSERT INTO t VALUES (9, 0)")
    assert b.run("INSERT INTO t VALUES (9, 1)") is None
    a.run(end)
    result = b.result()
    assert isinstance(result, str) if outcome else result == []
    assert not outcome or str(result).startswith(outcome)


def test_advisory_locks_of_the_session_pass_on(world: World) -> None:
    a, b, _ = world.clients
    a.run("SELECT pg_advisory_lock(7)")
    assert b.run("SELECT pg_advisory_lock(7)") is None
    assert a.run("SELECT pg_advisory_unlock(7)") == [("t",)]
    assert b.result() == [("",)]
    assert a.run("SELECT pg_try_advisory_lock(7)") == [("f",)]


def test_notify_reaches_idle_sessions_at_commit(world: World) -> None:
    a, b, _ = world.clients
    b.run("LISTEN news")
    a.run("BEGIN; NOTIFY news, 'x'; NOTIFY news, 'x'")
    assert not b.data
    a.run("COMMIT")
    b.result()
    assert b.notifications == ["x"]


def test_early_deadlock_of_table_locks(world: World) -> None:
    a, b, _ = world.clients
    for client in (a, b):
        client.run("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    assert a.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE") is None
    assert b.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE") == "40P01 deadlock detected"
    assert a.result() == []


def test_key_share_passes_by_an_update_that_keeps_the_key(world: World) -> None:
    a, b, c = world.clients
    c.run("CREATE TABLE child (t int REFERENCES t)")
    a.run("BEGIN; UPDATE t SET id = id, n = 1 WHERE id = 1")
    assert b.run("INSERT INTO child VALUES (1)") == []
    assert c.run("SELECT 1 FROM t WHERE id = 1 FOR SHARE NOWAIT") == (
        '55P03 could not obtain lock on row in relation "t"'
    )


def test_a_session_that_goes_frees_its_locks(world: World) -> None:
    a, b, _ = world.clients
    a.run("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
    assert b.run("UPDATE t SET n = n + 5 WHERE id = 1 RETURNING n") is None
    a.close()
    assert b.result() == [("5",)]


def test_idle_in_transaction_timeout_frees_the_locks(world: World) -> None:
    a, b, _ = world.clients
    a.run("SET idle_in_transaction_session_timeout = '10s'; BEGIN; SELECT 1")
    a.run("UPDATE t SET n = 1 WHERE id = 1")
    b.run("SET deadlock_timeout = '60s'")
    assert b.run("UPDATE t SET n = n + 5 WHERE id = 1 RETURNING n") is None
    world.clock.advance(11)
    assert b"25P03" in a.data
    assert b.result() == [("5",)]


def test_statement_timeout_ends_a_wait(world: World) -> None:
    a, b, _ = world.clients
    a.run("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
    b.run("SET statement_timeout = '10s'")
    assert b.run("UPDATE t SET n = 2 WHERE id = 1") is None
    world.clock.advance(11)
    assert b.result() == "57014 canceling statement due to statement timeout"
