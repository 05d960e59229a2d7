"""Statements through the engine without a socket: rows, tags, errors with their fields, transactions, snapshots."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from emulators.kernel.emulator import Environment, MemoryLink
from emulators.postgres.emulator import PostgresEmulator


class Client:
    """A simple-protocol client over a memory link."""

    def __init__(self, emulator: PostgresEmulator, number: int = 1) -> None:
        self.link = MemoryLink()
        self.session = emulator.open_session(self.link, number, "main")
        body = struct.pack("!I", 196608) + b"user\0postgres\0database\0postgres\0\0"
        self.session.receive(struct.pack("!I", len(body) + 4) + body)
        assert self.link.take().endswith(b"I")

    def run(self, sql: str) -> tuple[list[tuple[Any, ...]], list[str], dict[str, str]]:
        """(rows, tags, error fields)"""
        data = sql.encode() + b"\0"
        self.session.receive(b"Q" + struct.pack("!I", len(data) + 4) + data)
        reply = self.link.take()
        rows: list[tuple[Any, ...]] = []
        tags: list[str] = []
        error: dict[str, str] = {}
        at = 0
        while at < len(reply):
            code = reply[at : at + 1]
            (length,) = struct.unpack_from("!I", reply, at + 1)
            body = reply[at + 5 : at + 1 + length]
            at += 1 + length
            if code == b"D":
                position, cells = 2, []
                for _ in range(struct.unpack_from("!H", body)[0]):
                    (size,) = struct.unpack_from("!i", body, position)
                    position += 4
                    cells.append(None if size < 0 else body[position : position + size].decode())
                    position += max(size, 0)
                rows.append(tuple(cells))
            elif code == b"C":
                tags.append(body[:-1].decode())
            elif code == b"E":
                error = {f[:1].decode(): f[1:].decode() for f in body.split(b"\0") if f}
        return rows, tags, error


@pytest.fixture
def client() -> Client:
    return Client(PostgresEmulator(Environment.alone("postgres")))


SETUP = """
create table p(id int primary key, name text unique, v int check (v > 0));
create table c(id serial primary key, pid int references p on delete cascade, n numeric(5,2) default 1.5);
insert into p values (1, 'a', 1), (2, 'b', 2);
insert into c(pid) values (1), (1), (2);
"""

ROWS = [
    ("select 1 + 1", [("2",)]),
    ("select p.id, count(*) from p join c on c.pid = p.id group by p.id order by 1", [("1", "2"), ("2", "1")]),
    ("select p.name, c.id from p left join c on c.pid = p.id and c.id > 2 order by 1", [("a", None), ("b", "3")]),
    ("with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select sum(n) from t", [("15",)]),
    ("select row_number() over (order by id desc), id from p order by id", [("2", "1"), ("1", "2")]),
    ("select 1 union select 1 union all select 2", [("1",), ("2",)]),
    ("select x from generate_series(1, 3) x where x in (select id from p)", [("1",), ("2",)]),
    ("select distinct on (pid) pid, id from c order by pid, id desc", [("1", "2"), ("2", "3")]),
    ("update p set v = v + 10 where id = 1 returning old.v, new.v", [("1", "11")]),
    ("insert into p values (1, 'z', 5) on conflict (id) do update set v = excluded.v returning v", [("5",)]),
    ("with d as (delete from p where id = 1 returning id) select * from d", [("1",)]),
    ("select pg_get_constraintdef(oid) from pg_constraint where conname = 'c_pid_fkey'",
     [("FOREIGN KEY (pid) REFERENCES p(id) ON DELETE CASCADE",)]),
    ("select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'c'::regclass and attname = 'n'",
     [("numeric(5,2)",)]),
]  # fmt: skip

ERRORS = [
    ("insert into p values (1, 'x', 1)", "23505", "Key (id)=(1) already exists."),
    ("insert into p values (9, 'x', -1)", "23514", "Failing row contains (9, x, -1)."),
    ("insert into c(pid) values (99)", "23503", 'Key (pid)=(99) is not present in table "p".'),
    ("insert into p(id) values (null)", "23502", "Failing row contains (null, null, null)."),
    ("select nosuch from p", "42703", None),
    ("select 1 / 0", "22012", None),
    ("selec 1", "42601", None),
    ("select id from p group by v", "42803", None),
    ("drop table p", "2BP01", "constraint c_pid_fkey on table c depends on table p"),
    ("do $$ begin end $$", "0A000", None),
]


@pytest.mark.parametrize(("sql", "rows"), ROWS, ids=[r[0][:40] for r in ROWS])
def test_rows(client: Client, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert client.run(SETUP)[2] == {}
    got, _, error = client.run(sql)
    assert error == {}
    assert got == rows


@pytest.mark.parametrize(("sql", "sqlstate", "detail"), ERRORS, ids=[r[0][:40] for r in ERRORS])
def test_errors(client: Client, sql: str, sqlstate: str, detail: str | None) -> None:
    client.run(SETUP)
    _, _, error = client.run(sql)
    assert (error["C"], error.get("D")) == (sqlstate, detail)


def test_savepoints_and_ddl_roll_back(client: Client) -> None:
    client.run("begin; create table t(a int); insert into t values (1); savepoint s; insert into t values (2)")
    client.run("rollback to s")
    assert client.run("select a from t")[0] == [("1",)]
    client.run("rollback")
    assert client.run("select a from t")[2]["C"] == "42P01"


def test_a_waiting_session_goes_on_when_the_other_commits() -> None:
    emulator = PostgresEmulator(Environment.alone("postgres"))
    one, two = Client(emulator, 1), Client(emulator, 2)
    one.run("create table t(id int primary key, n int); insert into t values (1, 0)")
    one.run("begin; update t set n = n + 1 where id = 1")
    assert two.run("update t set n = n + 1 where id = 1") == ([], [], {})
    one.run("commit")
    assert b"UPDATE 1" in two.link.take()
    assert one.run("select n from t")[0] == [("2",)]


def test_snapshots_restore_in_any_order_and_survive_export() -> None:
    emulator = PostgresEmulator(Environment.alone("postgres"))
    client = Client(emulator)
    client.run("create table t(a int); insert into t values (1)")
    first = emulator.snapshot()
    client.run("insert into t values (2); create table u(b text); insert into u values ('x')")
    second = emulator.snapshot()
    emulator.restore(first)
    assert client.run("select a from t order by 1")[0] == [("1",)]
    assert client.run("select * from u")[2]["C"] == "42P01"
    emulator.restore(second)
    assert client.run("select a, b from t, u order by 1")[0] == [("1", "x"), ("2", "x")]
    other = PostgresEmulator(Environment.alone("postgres"))
    other.restore(other.import_state(emulator.export_state(second)))
    assert Client(other).run("select a, b from t, u order by 1")[0] == [("1", "x"), ("2", "x")]
    assert other.digest() == emulator.digest(second)
