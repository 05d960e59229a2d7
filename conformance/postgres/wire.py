"""A small client of the v3 protocol that keeps everything a driver could see, and prints each message as text.

T(id:23, name:25)            RowDescription: name:type oid, then /typmod and #attribute number when there are any
(1, "text", null)            DataRow, values as text
C"SELECT 1"  E{...}  N{...}  CommandComplete, ErrorResponse and NoticeResponse with all fields but file, line and routine
A"channel" "payload"         NotificationResponse
S"TimeZone" "UTC"            ParameterStatus
t(23, 25)                    ParameterDescription
Z:I                          ReadyForQuery, at the end of every outcome
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct

from conformance.redis.resp import quote

__all__ = ["Connection", "Message", "render"]

Message = tuple[bytes, bytes]
#: Not shown: parse, bind and close completion, no data, portal suspended.
_SILENT = b"123nK"
# File, line and routine belong to PostgreSQL's C code.
_NOT_SHOWN = "FLR"
_FIRST_USER_OID = 16384


class Connection:
    """One session."""

    def __init__(self, address: tuple[str, int], user: str, database: str, timeout_s: float) -> None:
        self.socket = socket.create_connection(address, timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout_s = timeout_s
        self.buffer = bytearray()
        self.messages: list[Message] = []
        self.ended = False
        self.pid = 0
        self.key = b""
        parameters = b"user\0%b\0database\0%b\0client_encoding\0UTF8\0\0" % (user.encode(), database.encode())
        self.socket.sendall(struct.pack(">II", len(parameters) + 8, 196608) + parameters)
        self.startup = self.until_ready()
        for kind, body in self.startup:
            if kind == b"K":
                self.pid, self.key = struct.unpack(">I", body[:4])[0], body[4:]

    def query(self, sql: str) -> None:
        self._send(b"Q" + _sized(sql.encode() + b"\0"))

    def extended(self, sql: str, parameters: list[bytes | None]) -> None:
        """Parse, describe, bind, execute and sync the unnamed statement."""
        values = b"".join(b"\xff\xff\xff\xff" if v is None else struct.pack(">I", len(v)) + v for v in parameters)
        self._send(
            b"P" + _sized(b"\0" + sql.encode() + b"\0\0\0")
            + b"D" + _sized(b"S\0")
            + b"B" + _sized(b"\0\0\0\0" + struct.pack(">H", len(parameters)) + values + b"\0\0")
            + b"E" + _sized(b"\0\0\0\0\0")
            + b"S" + _sized(b"")
        )  # fmt: skip

    def copy_data(self, data: bytes) -> None:
        self._send(b"d" + _sized(data))

    def copy_done(self) -> None:
        self._send(b"c" + _sized(b""))

    def copy_fail(self, reason: bytes) -> None:
        self._send(b"f" + _sized(reason + b"\0"))

    def sync(self) -> None:
        self._send(b"S" + _sized(b""))

    def until_ready(self) -> list[Message]:
        """Messages up to ReadyForQuery, a copy that waits for data, the end of the connection, or the timeout."""
        while True:
            for at, (kind, _) in enumerate(self.messages):
                if kind in b"ZGW<":
                    taken, self.messages = self.messages[: at + 1], self.messages[at + 1 :]
                    return taken
            if self.ended:
                taken, self.messages = self.messages, []
                return taken
            try:
                self._take(self.socket.recv(1 << 16))
            except TimeoutError:
                self.messages.append((b"<", b"<timeout>"))
                self.socket.settimeout(0.2)  # what comes after a lost reply is lost too
            except OSError:
                self._take(b"")

    def arrived(self) -> list[Message]:
        """Everything that has come by now."""
        while not self.ended and select.select([self.socket], [], [], 0)[0]:
            try:
                self._take(self.socket.recv(1 << 16))
            except OSError:
                self._take(b"")
        taken, self.messages = self.messages, []
        return taken

    @property
    def ready(self) -> bool:
        """Whether a ReadyForQuery has come that nobody took."""
        self.messages = self.arrived() + self.messages
        return any(kind in b"ZG<" for kind, _ in self.messages)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(b"X\0\0\0\4")
        self.socket.close()
        self.ended = True

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def _take(self, data: bytes) -> None:
        if not data:
            self.ended = True
            self.messages.append((b"<", b"<closed>"))
            return
        self.buffer += data
        while len(self.buffer) >= 5:
            size = struct.unpack_from(">I", self.buffer, 1)[0]
            if len(self.buffer) < size + 1:
                return
            self.messages.append((bytes(self.buffer[:1]), bytes(self.buffer[5 : size + 1])))
            del self.buffer[: size + 1]


def cancel(address: tuple[str, int], pid: int, key: bytes) -> None:
    """Send a CancelRequest and wait until the server has taken it."""
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(struct.pack(">III", 12 + len(key), 80877102, pid) + key)
        with contextlib.suppress(OSError):
            sock.recv(1)


def _sized(body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 4) + body


def render(message: Message) -> str:
    """One message as text; empty for those that say nothing."""
    kind, body = message
    if kind in _SILENT:
        return ""
    if kind == b"<":
        return body.decode()
    if kind == b"Z":
        return "Z:" + body.decode()
    if kind == b"T":
        return f"T({', '.join(_fields(body))})"
    if kind == b"D":
        return f"({', '.join(_values(body))})"
    if kind == b"C":
        return "C" + quote(body[:-1])
    if kind in b"EN":
        parts = [part.decode("utf-8", "replace") for part in body[:-2].split(b"\0")]
        shown = [f"{part[0]}: {quote(part[1:].encode())}" for part in parts if part and part[0] not in _NOT_SHOWN]
        return f"{kind.decode()}{{{', '.join(shown)}}}"
    if kind == b"A":
        channel, payload = body[4:].split(b"\0")[:2]
        return f"A{quote(channel)} {quote(payload)}"
    if kind == b"S":
        name, value = body.split(b"\0")[:2]
        return f"S{quote(name)} {quote(value)}"
    if kind == b"t":
        count = struct.unpack_from(">H", body)[0]
        return f"t({', '.join(_oid(oid) for oid in struct.unpack_from(f'>{count}I', body, 2))})"
    if kind in b"dGHW":
        return kind.decode() + quote(body)
    return kind.decode("latin-1")


def _oid(oid: int) -> str:
    return str(oid) if oid < _FIRST_USER_OID else "<oid>"


def _fields(body: bytes) -> list[str]:
    fields, at = [], 2
    for _ in range(struct.unpack_from(">H", body)[0]):
        end = body.index(b"\0", at)
        name = body[at:end].decode("utf-8", "replace")
        _table, attribute, oid, _size, typmod, _format = struct.unpack_from(">IHIhih", body, end + 1)
        text = name if name.replace("_", "").isalnum() else quote(name.encode())
        text += f":{_oid(oid)}" + (f"/{typmod}" if typmod != -1 else "") + (f"#{attribute}" if attribute else "")
        fields.append(text)
        at = end + 19
    return fields


def _values(body: bytes) -> list[str]:
    values, at = [], 2
    for _ in range(struct.unpack_from(">H", body)[0]):
        size = struct.unpack_from(">i", body, at)[0]
        at += 4
        if size < 0:
            values.append("null")
            continue
        value = body[at : at + size]
        at += size
        values.append(value.decode() if value.isdigit() and len(value) < 12 else quote(value))
    return values
