"""Our own small clients, against scripted servers and the emulator: every kind of reply, every way to lose a connection."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from parlel import QueryError, ReplyError, TestContext
from parlel.clients.pg import PgClient
from parlel.clients.resp import RespClient, pack_command
from tests.parlel.scripted import ScriptedServer

# -- RESP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        (b"+OK\r\n", "OK"),
        (b":42\r\n", 42),
        (b"$-1\r\n", None),
        (b"$3\r\n\xff\x00a\r\n", b"\xff\x00a"),
        (b"*3\r\n$1\r\na\r\n*1\r\n:1\r\n*-1\r\n", ["a", [1], None]),
        (b"_\r\n", None),
        (b"#t\r\n", True),
        (b",1.5\r\n", 1.5),
        (b"%1\r\n$1\r\na\r\n:1\r\n", {"a": 1}),
        (b"~2\r\n:1\r\n:2\r\n", [1, 2]),
        (b"=7\r\ntxt:abc\r\n", "abc"),
    ],
)
def test_replies_are_decoded(wire: bytes, value: object) -> None:
    with ScriptedServer([(b"X\r\n", wire)]) as server, RespClient(port=server.port, timeout=5) as client:
        assert client.execute("X") == value


def test_commands_are_packed_with_their_lengths() -> None:
    assert (
        pack_command(["SET", "ü", b"\x00", 1, 2.5])
        == b"*5\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n$1\r\n\x00\r\n$1\r\n1\r\n$3\r\n2.5\r\n"
    )


def test_error_replies() -> None:
    with (
        ScriptedServer([(b"X\r\n", b"-WRONGTYPE no\r\n"), (b"Z\r\n", b"+a\r\n-ERR b\r\n")]) as server,
        RespClient(port=server.port, timeout=5) as client,
    ):
        with pytest.raises(ReplyError, match="WRONGTYPE no") as caught:
            client.execute("X")
        assert caught.value.code == "WRONGTYPE"
        replies = client.pipeline([("Y",), ("Z",)])
        assert replies[0] == "a"
        assert isinstance(replies[1], ReplyError)


def test_a_closed_connection_is_opened_again() -> None:
    with (
        ScriptedServer([(b"A\r\n", b"+1\r\n")], [(b"B\r\n", b"+2\r\n"), (b"C\r\n", b"")]) as server,
        RespClient(port=server.port, timeout=5) as client,
    ):
        assert client.execute("A") == "1"
        server.first_over.wait(5)
        assert client.execute("B") == "2"
        with pytest.raises(ConnectionError, match="closed the connection"):
            client.execute("C")
        with pytest.raises(ConnectionError, match="send a command first"):
            client.read()


def test_silence_and_nonsense_end_the_connection() -> None:
    with (
        ScriptedServer([(b"A\r\n", b""), (b"never", b"")]) as server,
        RespClient(port=server.port, timeout=0.05) as client,
        pytest.raises(TimeoutError, match=r"no reply from 127\.0\.0\.1:\d+ within 0\.05 s"),
    ):
        client.execute("A")
    with (
        ScriptedServer([(b"A\r\n", b"nonsense\r\n")]) as server,
        RespClient(port=server.port, timeout=5) as client,
        pytest.raises(ConnectionError, match="lost the connection"),
    ):
        client.execute("A")


def test_greetings(ctx: TestContext) -> None:
    port = ctx["redis"].port
    with RespClient(port=port, protocol=3) as client:
        assert client.execute("HELLO")["proto"] == 3
        client.execute("HSET", "h", "f", "1")
        assert client.execute("HGETALL", "h") == {"f": "1"}
    with RespClient(port=port, database=3) as client:
        client.execute("SET", "a", 1)
    assert ctx.redis.get("a") is None
    with RespClient(port=port, password="wrong") as client, pytest.raises(ReplyError, match="AUTH"):
        client.execute("PING")


# -- Postgres ------------------------------------------------------------------------------------------------------


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


OK = message(b"R", struct.pack(">i", 0)) + message(b"S", b"server_version\x0018.0\0") + message(b"Z", b"I")
READY = message(b"Z", b"I")


def columns(*types: tuple[str, int]) -> bytes:
    body = struct.pack(">h", len(types))
    for name, oid in types:
        body += name.encode() + b"\0" + struct.pack(">ihihih", 0, 0, oid, -1, -1, 0)
    return message(b"T", body)


def row(*values: str | None) -> bytes:
    body = struct.pack(">h", len(values))
    for value in values:
        data = value.encode() if value is not None else b""
        body += struct.pack(">i", -1) if value is None else struct.pack(">i", len(data)) + data
    return message(b"D", body)


def serve(*script: tuple[bytes, bytes]) -> ScriptedServer:
    return ScriptedServer([(b"application_name", OK), *script])


def test_rows_come_back_as_python_values() -> None:
    types: Sequence[tuple[str, int, str | None, Any]] = [
        ("bool", 16, "t", True),
        ("bytea", 17, "\\x00ff", b"\x00\xff"),
        ("int8", 20, "-5", -5),
        ("float8", 701, "NaN", "nan"),
        ("text", 25, "ü", "ü"),
        ("json", 114, '{"a": [1]}', {"a": [1]}),
        ("date", 1082, "2026-01-02", date(2026, 1, 2)),
        ("timestamp", 1114, "2026-01-02 03:04:05.6", datetime(2026, 1, 2, 3, 4, 5, 600_000)),
        ("timestamptz", 1184, "2026-01-02 03:04:05+00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("infinity", 1184, "infinity", "infinity"),
        ("numeric", 1700, "1.50", Decimal("1.50")),
        ("uuid", 2950, "00000000-0000-0000-0000-000000000001", UUID(int=1)),
        ("null", 23, None, None),
        ("array", 1007, "{1,2}", "{1,2}"),
    ]
    answer = columns(*((name, oid) for name, oid, _, _ in types)) + row(*(text for _, _, text, _ in types))
    answer += message(b"C", b"SELECT 1\0") + READY
    with serve((b"SELECT all", answer)) as server, PgClient(port=server.port, timeout=5) as client:
        (result,) = client.query("SELECT all")
        assert client.parameters == {"server_version": "18.0"}
    found = result.dicts()[0]
    assert str(found.pop("float8")) == "nan"
    assert found == {name: value for name, _, _, value in types if name != "float8"}
    assert result.count == 1


def test_several_statements_and_notices() -> None:
    notice = message(b"N", b"SNOTICE\0Mhello\0\0")
    answer = message(b"C", b"CREATE TABLE\0") + notice + message(b"C", b"INSERT 0 3\0") + message(b"I", b"") + READY
    with serve((b"CREATE", answer)) as server, PgClient(port=server.port, timeout=5) as client:
        assert [result.count for result in client.query("CREATE; INSERT")] == [0, 3]
        assert client.notices == ["hello"]


def test_errors_carry_their_fields_and_leave_the_connection_usable() -> None:
    error = message(b"E", b"SERROR\0C42P01\0Mno table\0DDetails\0HHint\0P15\0\0") + READY
    fine = message(b"C", b"SELECT 0\0") + READY
    with serve((b"one", error), (b"two", fine)) as server, PgClient(port=server.port, timeout=5) as client:
        with pytest.raises(QueryError) as caught:
            client.query("one")
        assert str(caught.value) == "42P01: no table\nDETAIL: Details\nHINT: Hint"
        assert (caught.value.sqlstate, caught.value.position) == ("42P01", 15)
        assert client.query("two")[0].rows == []


def test_parameters_go_by_the_extended_protocol() -> None:
    fine = (
        message(b"1", b"") + message(b"2", b"") + columns(("a", 23)) + row("7") + message(b"C", b"SELECT 1\0") + READY
    )
    with serve((b"S\x00\x00\x00\x04", fine)) as server, PgClient(port=server.port, timeout=5) as client:
        parameters = [None, True, b"\xff", {"a": 1}, 1.5, "x"]
        assert client.query("SELECT $1", parameters)[0].rows == [(7,)]
    sent = server.received[0]
    assert b"SELECT $1\0\0\0" in sent
    values = b"".join(
        struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
        for value in (None, b"true", b"\\xff", b'{"a": 1}', b"1.5", b"x")
    )
    assert struct.pack(">hh", 0, 6) + values in sent


def test_copy_sends_its_data_or_fails() -> None:
    begin = message(b"G", b"\0\0\0")
    done = message(b"C", b"COPY 2\0") + READY
    refused = message(b"E", b"C57014\0MCOPY from stdin failed\0\0") + READY
    script = [
        (b"COPY", begin),
        (b"c\x00\x00\x00\x04", done),
        (b"Q\x00\x00\x00\x09COPY\0", begin),
        (b"no data", refused),
    ]
    with serve(*script) as server, PgClient(port=server.port, timeout=5) as client:
        assert client.copy_in("COPY t FROM stdin", "1\n2\n")[0].count == 2
        with pytest.raises(QueryError, match="57014"):
            client.query("COPY")
    assert message(b"d", b"1\n2\n") in server.received[0]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (struct.pack(">i", 3), b"secret\0"),
        # md5(md5(password + user) + salt), as the documentation of the protocol has it
        (struct.pack(">i", 5) + b"salt", b"md589a05ee0d60158e17acbce32396bfc53\0"),
    ],
)
def test_passwords(method: bytes, answer: bytes) -> None:
    script = [(b"application_name", message(b"R", method)), (answer, OK), (b"X\0\0\0\4", b"")]
    with ScriptedServer(script) as server:
        PgClient(port=server.port, user="joe", password="secret", timeout=5).close()
    assert message(b"p", answer) in server.received[0]


def test_scram() -> None:
    from scramp import ScramMechanism

    mechanism = ScramMechanism("SCRAM-SHA-256")
    info = mechanism.make_auth_info("secret", iteration_count=4096)
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        scram = mechanism.make_server(lambda _user: info)
        client, _ = listener.accept()
        with client:
            client.recv(4096)
            client.sendall(message(b"R", struct.pack(">i", 10) + b"SCRAM-SHA-256\0\0"))
            first = client.recv(4096)
            scram.set_client_first(first[first.index(b"\0", 5) + 5 :].decode())
            client.sendall(message(b"R", struct.pack(">i", 11) + scram.get_server_first().encode()))
            scram.set_client_final(client.recv(4096)[5:].decode())
            client.sendall(message(b"R", struct.pack(">i", 12) + scram.get_server_final().encode()) + OK)
            client.recv(4096)

    thread = threading.Thread(target=run)
    thread.start()
    with PgClient(port=listener.getsockname()[1], user="joe", password="secret", timeout=5) as client:
        assert client.parameters == {"server_version": "18.0"}
    thread.join(5)
    listener.close()


def test_a_lost_connection_is_told() -> None:
    with serve((b"one", b"")) as server, PgClient(port=server.port, timeout=5) as client:
        with pytest.raises(ConnectionError, match="closed the connection"):
            client.query("one")
        with pytest.raises(ConnectionError, match="is closed"):
            client.query("two")
    refused = [(b"application_name", message(b"E", b"SFATAL\0C28P01\0Mpassword\0\0"))]
    with ScriptedServer(refused) as server, pytest.raises(QueryError, match="28P01"):
        PgClient(port=server.port, timeout=5)
