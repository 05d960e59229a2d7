"""bool, int2, int4, int8 and void: text and binary forms.

Integer input takes decimal, 0x, 0o and 0b forms with underscores between digits, as PostgreSQL 16 and later do.
A number whose digits overflow is "out of range" even when garbage follows them, since upstream stops reading there.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from emulators.postgres.types.errors import insufficient_data, invalid_binary, invalid_syntax, value_out_of_range
from emulators.postgres.types.registry import binary_in, binary_out, text_in, text_out

_PREFIXED = re.compile(r"[ \t\n\r\v\f]*([+-]?)0([xXoObB])(.*)", re.DOTALL)
_DECIMAL = re.compile(r"[ \t\n\r\v\f]*([+-]?)([0-9]+(?:_[0-9]+)*)(.*)", re.DOTALL)
_DIGITS = {
    "x": (re.compile(r"((?:_?[0-9a-fA-F])+)(.*)", re.DOTALL), 16),
    "o": (re.compile(r"((?:_?[0-7])+)(.*)", re.DOTALL), 8),
    "b": (re.compile(r"((?:_?[01])+)(.*)", re.DOTALL), 2),
}
_SPACE = " \t\n\r\v\f"


def parse_integer(text: str, low: int, high: int, type_name: str) -> int:
    """The slow, exact way to read an integer: any base, and PostgreSQL's choice of error."""
    prefixed = _PREFIXED.match(text)
    match = None
    base = 10
    if prefixed is not None:
        pattern, base = _DIGITS[prefixed[2].lower()]
        match = pattern.match(prefixed[3])
        if match is None:
            raise invalid_syntax(type_name, text)
        sign, digits, rest = prefixed[1], match[1], match[2]
    else:
        match = _DECIMAL.match(text)
        if match is None:
            raise invalid_syntax(type_name, text)
        sign, digits, rest = match[1], match[2], match[3]
    digits = digits.replace("_", "").lstrip("0") or "0"
    value = int(digits, base) if len(digits) < 100 else high + 2
    if sign == "-":
        value = -value if len(digits) < 100 else low - 1
    if not low <= value <= high:
        raise value_out_of_range(text, type_name)
    if rest.strip(_SPACE):
        raise invalid_syntax(type_name, text)
    return value


@text_in("int2in")
def int2_in(value: str, typmod: int, ctx: Any) -> int:
    if value.isdecimal() and value.isascii() and len(value) < 5:
        return int(value)
    return parse_integer(value, -32768, 32767, "smallint")


@text_in("int4in")
def int4_in(value: str, typmod: int, ctx: Any) -> int:
    if value.isdecimal() and value.isascii() and len(value) < 10:
        return int(value)
    return parse_integer(value, -2147483648, 2147483647, "integer")


@text_in("int8in")
def int8_in(value: str, typmod: int, ctx: Any) -> int:
    if value.isdecimal() and value.isascii() and len(value) < 19:
        return int(value)
    return parse_integer(value, -9223372036854775808, 9223372036854775807, "bigint")


@text_out("int2out", "int4out", "int8out", inline="str({0})")
def int_out(value: int, ctx: Any) -> str:
    return str(value)


def _integer_binary(names: tuple[str, str], code: str) -> None:
    packer = struct.Struct(code)

    @binary_in(names[0])
    def receive(data: bytes, typmod: int, ctx: Any) -> int:
        if len(data) != packer.size:
            raise insufficient_data() if len(data) < packer.size else invalid_binary()
        return packer.unpack(data)[0]  # type: ignore[no-any-return]

    @binary_out(names[1])
    def send(value: int, ctx: Any) -> bytes:
        return packer.pack(value)


_integer_binary(("int2recv", "int2send"), "!h")
_integer_binary(("int4recv", "int4send"), "!i")
_integer_binary(("int8recv", "int8send"), "!q")

BOOL_WORDS = {
    word[:length]: value
    for word, value, shortest in (
        ("true", True, 1),
        ("false", False, 1),
        ("yes", True, 1),
        ("no", False, 1),
        ("on", True, 2),
        ("off", False, 2),
        ("1", True, 1),
        ("0", False, 1),
    )
    for length in range(shortest, len(word) + 1)
}


@text_in("boolin")
def bool_in(value: str, typmod: int, ctx: Any) -> bool:
    found = BOOL_WORDS.get(value)
    if found is None:
        found = BOOL_WORDS.get(value.strip(_SPACE).lower())
        if found is None:
            raise invalid_syntax("boolean", value)
    return found


@text_out("boolout", inline='("t" if {0} else "f")')
def bool_out(value: bool, ctx: Any) -> str:
    return "t" if value else "f"


@binary_in("boolrecv")
def bool_recv(data: bytes, typmod: int, ctx: Any) -> bool:
    if len(data) != 1:
        raise insufficient_data() if not data else invalid_binary()
    return data != b"\0"


@binary_out("boolsend")
def bool_send(value: bool, ctx: Any) -> bytes:
    return b"\1" if value else b"\0"


@text_in("void_in")
def void_in(value: str, typmod: int, ctx: Any) -> str:
    return ""


@text_out("void_out")
def void_out(value: Any, ctx: Any) -> str:
    return ""


@binary_in("void_recv")
def void_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return ""


@binary_out("void_send")
def void_send(value: Any, ctx: Any) -> bytes:
    return b""
