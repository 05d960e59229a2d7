"""oid, the reg* aliases, xid, xid8, cid, tid and pg_lsn: text and binary forms.

reg* input and output need the catalog and the search path: they go through `ctx.reg_in` and `ctx.reg_out`.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from emulators.postgres.types.errors import (
    insufficient_data,
    invalid_binary,
    invalid_syntax,
    value_out_of_range,
)
from emulators.postgres.types.registry import binary_in, binary_out, text_in, text_out

_SPACE = " \t\n\r\v\f"
_UNSIGNED = re.compile(r"[ \t\n\r\v\f]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)(.*)\Z", re.DOTALL)


def parse_unsigned(text: str, bits: int, type_name: str) -> int:
    """C's strtoul with PostgreSQL's checks: octal and hexadecimal prefixes, negative numbers wrap if they fit."""
    match = _UNSIGNED.match(text)
    if match is None or match[3].strip(_SPACE):
        raise invalid_syntax(type_name, text)
    digits = match[2]
    if digits[:2].lower() == "0x":
        value = int(digits, 16)
    elif len(digits) > 1 and digits[0] == "0":
        octal = re.match(r"[0-7]+", digits)
        assert octal is not None
        if octal.end() != len(digits):
            raise invalid_syntax(type_name, text)
        value = int(digits, 8)
    else:
        value = int(digits) if len(digits) < 50 else 1 << 70
    if match[1] == "-":
        value = -value
        if value < -(1 << (bits - 1)) and bits == 32:
            raise value_out_of_range(text, type_name)
        if value < -(1 << bits):
            raise value_out_of_range(text, type_name)
        return value % (1 << bits)
    if value >= 1 << bits:
        raise value_out_of_range(text, type_name)
    return value


@text_in("oidin")
def oid_in(value: str, typmod: int, ctx: Any) -> int:
    if value.isascii() and value.isdecimal() and len(value) < 10 and value[0] != "0":
        return int(value)
    return parse_unsigned(value, 32, "oid")


@text_in("xidin")
def xid_in(value: str, typmod: int, ctx: Any) -> int:
    return parse_unsigned(value, 32, "xid")


@text_in("cidin")
def cid_in(value: str, typmod: int, ctx: Any) -> int:
    return parse_unsigned(value, 32, "cid")


@text_in("xid8in")
def xid8_in(value: str, typmod: int, ctx: Any) -> int:
    return parse_unsigned(value, 64, "xid8")


@text_out("oidout", "xidout", "cidout", "xid8out", inline="str({0})")
def unsigned_out(value: int, ctx: Any) -> str:
    return str(value)


_REG_KINDS = (
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regnamespace",
    "regrole",
    "regcollation",
    "regconfig",
    "regdictionary",
)


def _register_reg(kind: str) -> None:
    @text_in(f"{kind}in")
    def reg_in(value: str, typmod: int, ctx: Any) -> int:
        return ctx.reg_in(kind, value)  # type: ignore[no-any-return]

    @text_out(f"{kind}out")
    def reg_out(value: int, ctx: Any) -> str:
        return ctx.reg_out(kind, value)  # type: ignore[no-any-return]


_UINT = struct.Struct("!I")
_ULONG = struct.Struct("!Q")


@binary_in("oidrecv", "xidrecv", "cidrecv", *(f"{kind}recv" for kind in _REG_KINDS))
def oid_recv(data: bytes, typmod: int, ctx: Any) -> int:
    if len(data) != 4:
        raise insufficient_data() if len(data) < 4 else invalid_binary()
    return _UINT.unpack(data)[0]  # type: ignore[no-any-return]


@binary_out("oidsend", "xidsend", "cidsend", *(f"{kind}send" for kind in _REG_KINDS))
def oid_send(value: int, ctx: Any) -> bytes:
    return _UINT.pack(value)


for _kind in _REG_KINDS:
    _register_reg(_kind)


@binary_in("xid8recv", "pg_lsn_recv")
def ulong_recv(data: bytes, typmod: int, ctx: Any) -> int:
    if len(data) != 8:
        raise insufficient_data() if len(data) < 8 else invalid_binary()
    return _ULONG.unpack(data)[0]  # type: ignore[no-any-return]


@binary_out("xid8send", "pg_lsn_send")
def ulong_send(value: int, ctx: Any) -> bytes:
    return _ULONG.pack(value)


_LSN = re.compile(r"([0-9a-fA-F]{1,8})/([0-9a-fA-F]{1,8})\Z")


@text_in("pg_lsn_in")
def lsn_in(value: str, typmod: int, ctx: Any) -> int:
    match = _LSN.match(value)
    if match is None:
        raise invalid_syntax("pg_lsn", value)
    return int(match[1], 16) << 32 | int(match[2], 16)


@text_out("pg_lsn_out")
def lsn_out(value: int, ctx: Any) -> str:
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}"


_TID = re.compile(r"[ \t]*\([ \t]*(-?[0-9]+)[ \t]*,[ \t]*([0-9]+)\)")


@text_in("tidin")
def tid_in(value: str, typmod: int, ctx: Any) -> tuple[int, int]:
    match = _TID.match(value)
    if match is None:
        raise invalid_syntax("tid", value)
    block, offset = int(match[1]), int(match[2])
    if not -(2**31) <= block < 2**32 or offset > 65535:
        raise invalid_syntax("tid", value)
    return block % 2**32, offset


@text_out("tidout")
def tid_out(value: tuple[int, int], ctx: Any) -> str:
    return f"({value[0]},{value[1]})"


@binary_in("tidrecv")
def tid_recv(data: bytes, typmod: int, ctx: Any) -> tuple[int, int]:
    if len(data) != 6:
        raise insufficient_data() if len(data) < 6 else invalid_binary()
    block, offset = struct.unpack("!IH", data)
    return block, offset


@binary_out("tidsend")
def tid_send(value: tuple[int, int], ctx: Any) -> bytes:
    return struct.pack("!IH", *value)
