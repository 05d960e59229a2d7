"""What the server sends, encoded: one function a message of protocol 3.0, each returning bytes.

Numbers are big-endian, lengths include themselves. Strings are UTF-8 and end in a zero byte. No state is kept here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emulators.postgres.errors import PgError

_header = struct.Struct("!cI").pack
_int32 = struct.Struct("!i").pack
_uint32 = struct.Struct("!I").pack
_int16 = struct.Struct("!H").pack
_field_tail = struct.Struct("!IHIhiH").pack
_row_header = struct.Struct("!cIH").pack

NULL = b"\xff\xff\xff\xff"
PARSE_COMPLETE = b"1\0\0\0\4"
BIND_COMPLETE = b"2\0\0\0\4"
CLOSE_COMPLETE = b"3\0\0\0\4"
NO_DATA = b"n\0\0\0\4"
PORTAL_SUSPENDED = b"s\0\0\0\4"
EMPTY_QUERY = b"I\0\0\0\4"
COPY_DONE = b"c\0\0\0\4"
AUTH_OK = b"R\0\0\0\x08\0\0\0\0"
AUTH_CLEARTEXT = b"R\0\0\0\x08\0\0\0\3"
READY = {state: b"Z\0\0\0\5" + state.encode() for state in "ITE"}
REFUSED = b"N"
ACCEPTED = b"S"


class Field(NamedTuple):
    """One column of a row description."""

    name: str
    table_oid: int
    column: int
    type_oid: int
    size: int
    typmod: int
    format: int = 0


def message(code: bytes, body: bytes) -> bytes:
    return _header(code, len(body) + 4) + body


def _z(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape") + b"\0"


def auth_md5(salt: bytes) -> bytes:
    return message(b"R", _int32(5) + salt)


def auth_sasl(mechanisms: Sequence[str]) -> bytes:
    return message(b"R", _int32(10) + b"".join(_z(m) for m in mechanisms) + b"\0")


def auth_sasl_continue(data: bytes) -> bytes:
    return message(b"R", _int32(11) + data)


def auth_sasl_final(data: bytes) -> bytes:
    return message(b"R", _int32(12) + data)


def negotiate_version(newest_minor: int, unknown: Sequence[str]) -> bytes:
    return message(b"v", _int32(newest_minor) + _int32(len(unknown)) + b"".join(_z(u) for u in unknown))


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", _z(name) + _z(value))


def backend_key_data(pid: int, secret: bytes) -> bytes:
    return message(b"K", _int32(pid) + secret)


def ready(state: str) -> bytes:
    return READY[state]


def error_response(error: PgError) -> bytes:
    return _fields(b"E", error)


def notice_response(notice: PgError) -> bytes:
    return _fields(b"N", notice)


def _fields(code: bytes, error: PgError) -> bytes:
    body = b"".join(name.encode() + _z(value) for name, value in error.fields())
    return message(code, body + b"F" + b"parlel\0L1\0Rparlel\0\0")


def notification(pid: int, channel: str, payload: str) -> bytes:
    return message(b"A", _int32(pid) + _z(channel) + _z(payload))


def row_description(fields: Iterable[Field], formats: Sequence[int] | None = None) -> bytes:
    """A RowDescription; `formats` overrides the fields' own format codes."""
    parts = []
    for index, field in enumerate(fields):
        code = field.format if formats is None else formats[index]
        parts.append(
            _z(field.name)
            + _field_tail(field.table_oid, field.column & 0xFFFF, field.type_oid, field.size, field.typmod, code)
        )
    return message(b"T", _int16(len(parts)) + b"".join(parts))


def parameter_description(types: Sequence[int]) -> bytes:
    return message(b"t", _int16(len(types)) + b"".join(map(_uint32, types)))


def data_row(values: Sequence[bytes | None]) -> bytes:
    body = b"".join([NULL if v is None else _int32(len(v)) + v for v in values])
    return _row_header(b"D", len(body) + 6, len(values)) + body


def command_complete(tag: str) -> bytes:
    return message(b"C", _z(tag))


def copy_in_response(columns: int, binary: bool) -> bytes:
    return _copy_response(b"G", columns, binary)


def copy_out_response(columns: int, binary: bool) -> bytes:
    return _copy_response(b"H", columns, binary)


def _copy_response(code: bytes, columns: int, binary: bool) -> bytes:
    code_number = int(binary)
    return message(code, bytes([code_number]) + _int16(columns) + _int16(code_number) * columns)


def copy_data(data: bytes) -> bytes:
    return message(b"d", data)
