"""A blocking Postgres client in one file: protocol 3.0, text format, simple queries and `$1` parameters, COPY FROM STDIN.

https://www.postgresql.org/docs/current/protocol.html. Logs in by trust, password, MD5 or SCRAM-SHA-256. Values of the common types
come back as Python's (int, float, Decimal, bool, bytes, date, datetime, UUID, parsed JSON); all others as the server's text.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from parlel.errors import ParlelError

__all__ = ["PgClient", "QueryError", "Result"]

_PROTOCOL = 196608
_READ_SIZE = 65_536
_INT4 = struct.Struct(">i")
_INT2 = struct.Struct(">h")


class QueryError(ParlelError):
    """An error of the server. `fields` has them all by their letter in the protocol.

    >>> from parlel import QueryError
    >>> QueryError({"C": "42P01", "M": 'relation "users" does not exist'}).sqlstate
    '42P01'
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.sqlstate = fields.get("C", "")
        self.message = fields.get("M", "")
        self.detail = fields.get("D")
        self.hint = fields.get("H")
        self.position = int(fields["P"]) if "P" in fields else None
        more = "".join(f"\n{name}: {text}" for name, text in (("DETAIL", self.detail), ("HINT", self.hint)) if text)
        super().__init__(f"{self.sqlstate}: {self.message}{more}")


@dataclass(slots=True)
class Result:
    """What one statement gave: column names, rows, and the command tag such as `INSERT 0 1`."""

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    tag: str = ""

    @property
    def count(self) -> int:
        """The number in the tag: rows changed, given or copied; 0 where there is none."""
        last = self.tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class PgClient:
    """One connection, opened at once. Not to be shared by threads.

    timeout  seconds to wait for the connection or an answer; TimeoutError after it, and the connection is closed
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 5432,
        *,
        user: str = "test",
        password: str = "test",
        database: str = "test",
        timeout: float | None = 30.0,
    ) -> None:
        self._where = f"{host}:{port}"
        self._user, self._password = user, password
        self._timeout = timeout
        self._buffer = bytearray()
        self._columns: list[tuple[str, int]] = []
        self.closed = False
        #: `I` idle, `T` in a transaction, `E` in a failed one.
        self.transaction_status = "I"
        #: Texts of the notices and warnings that the server has sent.
        self.notices: list[str] = []
        #: What the server has reported of its settings, such as server_version.
        self.parameters: dict[str, str] = {}
        self._socket = socket.create_connection((host, port), timeout)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(database)
        except BaseException:
            self.close()
            raise

    # -- statements ------------------------------------------------------------------------------------------

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Result]:
        """Run SQL: several statements when there are no parameters, one statement with them. A result for each.

        QueryError for an error of the server (the connection stays usable), ConnectionError when it is lost.
        """
        if not parameters:
            self._send(_message(b"Q", sql.encode() + b"\0"))
        else:
            values = [_to_text(value) for value in parameters]
            bind = b"\0\0" + _INT2.pack(0) + _INT2.pack(len(values))
            for value in values:
                bind += _INT4.pack(-1) if value is None else _INT4.pack(len(value)) + value
            self._send(
                _message(b"P", b"\0" + sql.encode() + b"\0" + _INT2.pack(0))
                + _message(b"B", bind + _INT2.pack(0))
                + _message(b"D", b"P\0")
                + _message(b"E", b"\0" + _INT4.pack(0))
                + _message(b"S", b"")
            )
        return self._results(None)

    def copy_in(self, sql: str, data: str) -> list[Result]:
        """Run `COPY … FROM STDIN` with its data."""
        self._send(_message(b"Q", sql.encode() + b"\0"))
        return self._results(data.encode())

    def close(self) -> None:
        """Say goodbye and close. Idempotent."""
        if not self.closed:
            self.closed = True
            try:
                self._socket.sendall(_message(b"X", b""))
            except OSError:
                pass
            self._socket.close()

    def __enter__(self) -> PgClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- answers ---------------------------------------------------------------------------------------------

    def _results(self, copy_data: bytes | None) -> list[Result]:
        results: list[Result] = []
        current = Result()
        failure: QueryError | None = None
        while True:
            kind, body = self._receive()
            if kind == b"T":
                self._columns = _columns(body)
                current.columns = [name for name, _ in self._columns]
            elif kind == b"D":
                current.rows.append(self._row(body))
            elif kind == b"C":
                current.tag = body[:-1].decode()
                results.append(current)
                current = Result()
            elif kind == b"E":
                failure = failure or QueryError(_fields(body))
            elif kind == b"G":
                if copy_data is None:
                    self._send(_message(b"f", b"the client has no data for COPY FROM STDIN\0"))
                else:
                    self._send(_message(b"d", copy_data) + _message(b"c", b""))
            elif kind == b"Z":
                self.transaction_status = body.decode()
                if failure is not None:
                    raise failure
                return results

    def _row(self, body: bytes) -> tuple[Any, ...]:
        values: list[Any] = []
        position = 2
        for _, oid in self._columns:
            (length,) = _INT4.unpack_from(body, position)
            position += 4
            if length < 0:
                values.append(None)
                continue
            text = body[position : position + length].decode()
            position += length
            reader = _READERS.get(oid)
            values.append(text if reader is None else _read(reader, text))
        return tuple(values)

    # -- the start -------------------------------------------------------------------------------------------

    def _start(self, database: str) -> None:
        settings = {"user": self._user, "database": database, "client_encoding": "UTF8", "application_name": "parlel"}
        body = _INT4.pack(_PROTOCOL)
        body += b"".join(f"{name}\0{value}\0".encode() for name, value in settings.items()) + b"\0"
        self._send(_INT4.pack(len(body) + 4) + body)
        scram: Any = None
        while True:
            kind, body = self._receive()
            if kind == b"R":
                scram = self._authenticate(body, scram)
            elif kind == b"E":
                raise QueryError(_fields(body))
            elif kind == b"Z":
                return

    def _authenticate(self, body: bytes, scram: Any) -> Any:
        (method,) = _INT4.unpack_from(body)
        if method == 3:
            self._send(_message(b"p", self._password.encode() + b"\0"))
        elif method == 5:
            inner = hashlib.md5((self._password + self._user).encode()).hexdigest()
            outer = hashlib.md5(inner.encode() + body[4:8]).hexdigest()
            self._send(_message(b"p", f"md5{outer}\0".encode()))
        elif method == 10:
            from scramp import ScramClient

            scram = ScramClient(["SCRAM-SHA-256"], self._user, self._password)
            first = scram.get_client_first().encode()
            self._send(_message(b"p", b"SCRAM-SHA-256\0" + _INT4.pack(len(first)) + first))
        elif method == 11:
            scram.set_server_first(body[4:].decode())
            self._send(_message(b"p", scram.get_client_final().encode()))
        elif method == 12:
            scram.set_server_final(body[4:].decode())
        elif method != 0:
            raise ParlelError(
                f"the server at {self._where} asks for authentication method {method}, which is unknown here"
            )
        return scram

    # -- bytes -----------------------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if self.closed:
            raise ConnectionError(f"the connection to {self._where} is closed")
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self) -> tuple[bytes, bytes]:
        """The next message that is not a notice, a setting or a notification."""
        while True:
            kind, body = self._message()
            if kind == b"N":
                self.notices.append(_fields(body).get("M", ""))
            elif kind == b"S":
                name, value, _ = body.split(b"\0", 2)
                self.parameters[name.decode()] = value.decode()
            elif kind != b"A":
                return kind, body

    def _message(self) -> tuple[bytes, bytes]:
        buffer = self._buffer
        while len(buffer) < 5 or len(buffer) < 1 + _INT4.unpack_from(buffer, 1)[0]:
            try:
                data = self._socket.recv(_READ_SIZE)
            except OSError as error:
                raise self._lost(error) from error
            if not data:
                raise self._lost(ConnectionResetError("the server closed the connection"))
            buffer += data
        end = 1 + _INT4.unpack_from(buffer, 1)[0]
        kind, body = bytes(buffer[:1]), bytes(buffer[5:end])
        del buffer[:end]
        return kind, body

    def _lost(self, error: OSError) -> OSError:
        self.closed = True
        self._socket.close()
        if isinstance(error, TimeoutError):
            return TimeoutError(f"no answer from {self._where} within {self._timeout:g} s")
        return ConnectionError(f"lost the connection to {self._where}: {error}")


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _INT4.pack(len(body) + 4) + body


def _fields(body: bytes) -> dict[str, str]:
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\0") if part}


def _columns(body: bytes) -> list[tuple[str, int]]:
    (count,) = _INT2.unpack_from(body)
    found: list[tuple[str, int]] = []
    position = 2
    for _ in range(count):
        end = body.index(b"\0", position)
        (oid,) = _INT4.unpack_from(body, end + 7)
        found.append((body[position:end].decode(), oid))
        position = end + 19
    return found


def _to_text(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (bytes, bytearray)):
        return b"\\x" + bytes(value).hex().encode()
    if isinstance(value, (dict, list)):
        return json.dumps(value).encode()
    return str(value).encode()


def _read(reader: Callable[[str], Any], text: str) -> Any:
    """A value, or its text where Python has no such value (`infinity`, years beyond 9999)."""
    try:
        return reader(text)
    except (ValueError, ArithmeticError):
        return text


def _read_bytea(text: str) -> bytes:
    if not text.startswith("\\x"):
        raise ValueError("not in hex form")
    return bytes.fromhex(text[2:])


# By the type's oid in pg_type.
_READERS: dict[int, Callable[[str], Any]] = {
    16: lambda text: text == "t",
    17: _read_bytea,
    20: int,
    21: int,
    23: int,
    26: int,
    114: json.loads,
    700: float,
    701: float,
    1082: date.fromisoformat,
    1114: datetime.fromisoformat,
    1184: datetime.fromisoformat,
    1700: Decimal,
    2950: UUID,
    3802: json.loads,
}
