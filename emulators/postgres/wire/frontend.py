"""What a client sends, decoded: protocol 3.0 of PostgreSQL 18 (and 3.2's longer cancel keys).

`Decoder` cuts the stream into frames `(code, payload)`: the code is the message's type letter, or one of the start-up
words (`startup`, `ssl`, `gssenc`, `cancel`). The parse_* functions read a payload and raise `PgError` 08P01 for
anything malformed. Limits and texts are those of PostgreSQL 18 (pqformat.c, postgres.c); a message whose length is
impossible closes the connection without an answer, as there.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from emulators.postgres.errors import PgError, protocol_violation

PROTOCOL_3_0 = 196608
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
MAX_STARTUP_LENGTH = 10000
LARGE_LIMIT = 0x3FFFFFFF - 1
SMALL_LIMIT = 10000

LARGE = frozenset("QPBFd")
SMALL = frozenset("CDEHSXcfp")

Frame = tuple[str, bytes]

_length_at = struct.Struct("!I").unpack_from
_int16_at = struct.Struct("!H").unpack_from
_int32_at = struct.Struct("!i").unpack_from


class Fatal(PgError):
    """An error after which the connection is closed; `silent` ones are not even answered."""

    def __init__(self, sqlstate: str, message: str, *, silent: bool = False, hint: str | None = None) -> None:
        super().__init__(sqlstate, message, severity="FATAL", hint=hint)
        self.silent = silent


class Decoder:
    """Bytes in, frames out. `started` is False until a start-up message was read; then typed messages follow."""

    __slots__ = ("_buffer", "_offset", "started")

    def __init__(self) -> None:
        self._buffer = b""
        self._offset = 0
        self.started = False

    def feed(self, data: bytes) -> None:
        if self._offset >= len(self._buffer):
            self._buffer = data
        else:
            self._buffer = self._buffer[self._offset :] + data
        self._offset = 0

    def next(self) -> Frame | None:
        """The next frame, None when more bytes are needed; raises Fatal when the stream cannot be followed."""
        buffer, offset = self._buffer, self._offset
        available = len(buffer) - offset
        if not self.started:
            return self._next_startup(buffer, offset, available)
        if available < 5:
            if available:
                self._check_type(buffer[offset])
            return None
        code = chr(buffer[offset])
        length = _length_at(buffer, offset + 1)[0]
        limit = LARGE_LIMIT if code in LARGE else SMALL_LIMIT if code in SMALL else 0
        if not limit:
            self._check_type(buffer[offset])
        if length < 4 or length > limit:
            raise Fatal("08P01", "invalid message length", silent=True)
        if available < length + 1:
            return None
        end = offset + 1 + length
        self._offset = end
        return code, buffer[offset + 5 : end]

    @staticmethod
    def _check_type(byte: int) -> None:
        if chr(byte) not in LARGE and chr(byte) not in SMALL:
            raise Fatal("08P01", f"invalid frontend message type {byte}")

    def _next_startup(self, buffer: bytes, offset: int, available: int) -> Frame | None:
        if available < 4:
            return None
        length = _length_at(buffer, offset)[0]
        if length < 8 or length > MAX_STARTUP_LENGTH:
            raise Fatal("08P01", "invalid length of startup packet", silent=True)
        if available < length:
            return None
        payload = buffer[offset + 4 : offset + length]
        self._offset = offset + length
        word = _length_at(payload)[0]
        if word == SSL_REQUEST:
            return "ssl", payload
        if word == GSSENC_REQUEST:
            return "gssenc", payload
        if word == CANCEL_REQUEST:
            return "cancel", payload
        self.started = True
        return "startup", payload


def parse_startup(payload: bytes) -> tuple[int, dict[str, str]]:
    """Protocol version and parameters of a start-up message."""
    version = _length_at(payload)[0]
    if version >> 16 != 3:
        raise Fatal(
            "0A000",
            f"unsupported frontend protocol {version >> 16}.{version & 0xFFFF}: server supports 3.0 to 3.2",
        )
    body = payload[4:]
    if not body.endswith(b"\0"):
        raise Fatal("08P01", "invalid startup packet layout: expected terminator as last byte")
    parameters: dict[str, str] = {}
    position = 0
    while position < len(body) and body[position] != 0:
        end = body.index(b"\0", position)
        value_end = body.find(b"\0", end + 1)
        if value_end < 0:
            raise Fatal("08P01", "invalid startup packet layout: expected terminator as last byte")
        name = body[position:end].decode("utf-8", "replace")
        parameters[name] = body[end + 1 : value_end].decode("utf-8", "replace")
        position = value_end + 1
    if position != len(body) - 1:
        raise Fatal("08P01", "invalid startup packet layout: expected terminator as last byte")
    return version, parameters


def parse_cancel(payload: bytes) -> tuple[int, bytes]:
    """Process id and secret of a CancelRequest."""
    if len(payload) < 12:
        raise Fatal("08P01", "invalid length of cancel request packet", silent=True)
    return _int32_at(payload, 4)[0], payload[8:]


class ParseMessage(NamedTuple):
    name: str
    query: str
    types: tuple[int, ...]


class BindMessage(NamedTuple):
    portal: str
    statement: str
    formats: tuple[int, ...]
    values: list[bytes | None]
    result_formats: tuple[int, ...]


def text(data: bytes) -> str:
    """Client text in UTF8; a NUL cannot occur, a bad sequence is 22021 with PostgreSQL's wording."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise invalid_utf8(data, error) from None


def invalid_utf8(data: bytes, error: UnicodeDecodeError) -> PgError:
    first = data[error.start]
    width = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    shown = " ".join(f"0x{b:02x}" for b in data[error.start : error.start + width])
    return PgError("22021", f'invalid byte sequence for encoding "UTF8": {shown}')


def _string(payload: bytes, offset: int) -> tuple[str, int]:
    end = payload.find(b"\0", offset)
    if end < 0:
        raise protocol_violation("invalid string in message")
    return text(payload[offset:end]), end + 1


def parse_string(payload: bytes) -> str:
    """The one string of a Query, PasswordMessage or CopyFail."""
    value, end = _string(payload, 0)
    if end != len(payload):
        raise protocol_violation("invalid message format")
    return value


def parse_parse(payload: bytes) -> ParseMessage:
    name, offset = _string(payload, 0)
    query, offset = _string(payload, offset)
    try:
        (count,) = _int16_at(payload, offset)
        types = struct.unpack_from(f"!{count}I", payload, offset + 2)
    except struct.error:
        raise protocol_violation("insufficient data left in message") from None
    if offset + 2 + 4 * count != len(payload):
        raise protocol_violation("invalid message format")
    return ParseMessage(name, query, types)


def parse_bind(payload: bytes) -> BindMessage:
    portal, offset = _string(payload, 0)
    statement, offset = _string(payload, offset)
    try:
        (count,) = _int16_at(payload, offset)
        formats = struct.unpack_from(f"!{count}H", payload, offset + 2)
        offset += 2 + 2 * count
        (count,) = _int16_at(payload, offset)
        offset += 2
        values: list[bytes | None] = []
        for _ in range(count):
            (length,) = _int32_at(payload, offset)
            offset += 4
            if length == -1:
                values.append(None)
                continue
            if length < 0 or offset + length > len(payload):
                raise protocol_violation("insufficient data left in message")
            values.append(payload[offset : offset + length])
            offset += length
        (count,) = _int16_at(payload, offset)
        result_formats = struct.unpack_from(f"!{count}H", payload, offset + 2)
        offset += 2 + 2 * count
    except struct.error:
        raise protocol_violation("insufficient data left in message") from None
    if offset != len(payload):
        raise protocol_violation("invalid message format")
    return BindMessage(portal, statement, formats, values, result_formats)


def parse_target(payload: bytes) -> tuple[str, str]:
    """(`S` or `P`, name) of a Describe or Close."""
    if not payload:
        raise protocol_violation("no data left in message")
    kind = chr(payload[0])
    name, end = _string(payload, 1)
    if end != len(payload):
        raise protocol_violation("invalid message format")
    return kind, name


def parse_execute(payload: bytes) -> tuple[str, int]:
    """(portal, row limit) of an Execute; 0 is no limit."""
    portal, offset = _string(payload, 0)
    if len(payload) - offset < 4:
        raise protocol_violation("insufficient data left in message")
    if len(payload) - offset > 4:
        raise protocol_violation("invalid message format")
    return portal, _int32_at(payload, offset)[0]
