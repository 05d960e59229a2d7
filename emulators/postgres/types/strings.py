"""text, varchar, bpchar, name, "char", cstring, unknown, xml and bytea: text and binary forms, typmods, keys.

bpchar values are stored padded to their declared length; comparison ignores trailing spaces. Lengths of varchar and
bpchar count characters; name is cut to 63 bytes at a character's edge. Text never holds NUL: a binary parameter with
one is 22021.
"""

from __future__ import annotations

import re
from typing import Any

from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.registry import (
    HASH_KEYS,
    SORT_KEYS,
    TYPMOD_IN,
    TYPMOD_OUT,
    binary_in,
    binary_out,
    text_in,
    text_out,
)

MAX_LENGTH = 10485760
VARHDRSZ = 4


@text_in("textin", "unknownin", "cstring_in", "xml_in", "pg_node_tree_in")
def plain_in(value: str, typmod: int, ctx: Any) -> str:
    return value


@text_out(
    "textout",
    "varcharout",
    "bpcharout",
    "nameout",
    "unknownout",
    "cstring_out",
    "xml_out",
    "pg_node_tree_out",
    inline="{0}",
)
def plain_out(value: str, ctx: Any) -> str:
    return value


def decode_utf8(data: bytes) -> str:
    """Client bytes as text, with PostgreSQL's complaint about the first bad sequence."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise bad_encoding(data, error.start) from None
    if "\0" in text:
        raise data_error("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def bad_encoding(data: bytes, start: int) -> Exception:
    lead = data[start]
    wanted = (
        1
        if lead < 0x80
        else 2
        if lead & 0xE0 == 0xC0
        else 3
        if lead & 0xF0 == 0xE0
        else 4
        if lead & 0xF8 == 0xF0
        else 1
    )
    shown = " ".join(f"0x{byte:02x}" for byte in data[start : start + wanted])
    return data_error("22021", f'invalid byte sequence for encoding "UTF8": {shown}')


@binary_in("textrecv", "unknownrecv", "cstring_recv", "xml_recv", "pg_node_tree_recv", "namerecv")
def plain_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return decode_utf8(data)


@binary_out(
    "textsend", "varcharsend", "bpcharsend", "namesend", "unknownsend", "cstring_send", "xml_send", "pg_node_tree_send"
)
def plain_send(value: str, ctx: Any) -> bytes:
    return value.encode()


@text_in("namein")
def name_in(value: str, typmod: int, ctx: Any) -> str:
    return truncate_name(value)


def truncate_name(value: str) -> str:
    """Cut to NAMEDATALEN - 1 bytes without splitting a character."""
    if len(value) < 16:
        return value
    data = value.encode()
    return value if len(data) < 64 else data[:63].decode(errors="ignore")


@text_in("varcharin")
def varchar_in(value: str, typmod: int, ctx: Any) -> str:
    """Excess characters are an error unless all are spaces."""
    limit = typmod - VARHDRSZ
    if typmod < VARHDRSZ or len(value) <= limit:
        return value
    if value[limit:].strip(" "):
        raise data_error("22001", f"value too long for type character varying({limit})")
    return value[:limit]


@text_in("bpcharin")
def bpchar_in(value: str, typmod: int, ctx: Any) -> str:
    limit = typmod - VARHDRSZ
    if typmod < VARHDRSZ:
        return value
    if len(value) <= limit:
        return value.ljust(limit)
    if value[limit:].strip(" "):
        raise data_error("22001", f"value too long for type character({limit})")
    return value[:limit]


@binary_in("varcharrecv")
def varchar_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return varchar_in(decode_utf8(data), typmod, ctx)


@binary_in("bpcharrecv")
def bpchar_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return bpchar_in(decode_utf8(data), typmod, ctx)


def bpchar_key(value: str) -> str:
    return value.rstrip(" ")


SORT_KEYS["bpcharin"] = HASH_KEYS["bpcharin"] = bpchar_key


# "char": one byte. The empty string is the byte 0; bytes above 127 are shown as \ooo.
@text_in("charin")
def char_in(value: str, typmod: int, ctx: Any) -> str:
    if len(value) == 4 and value[0] == "\\" and all(digit in "01234567" for digit in value[1:]) and value[1] in "0123":
        return chr(int(value[1:], 8)) if value != "\\000" else ""
    if value and ord(value[0]) > 127:
        return chr(value.encode()[0])
    return value[:1] if value[:1] != "\0" else ""


@text_out("charout")
def char_out(value: str, ctx: Any) -> str:
    if value and ord(value) > 127:
        return f"\\{ord(value):03o}"
    return value if value != "\0" else ""


@binary_in("charrecv")
def char_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return chr(data[0]) if data and data[0] else ""


@binary_out("charsend")
def char_send(value: str, ctx: Any) -> bytes:
    return bytes([ord(value)]) if value else b"\0"


def _char_typmod(name: str) -> Any:
    def typmod(args: list[str]) -> int:
        if len(args) != 1:
            raise invalid_parameter("invalid type modifier")
        length = int(args[0])
        if length < 1:
            raise invalid_parameter(f"length for type {name} must be at least 1")
        if length > MAX_LENGTH:
            raise invalid_parameter(f"length for type {name} cannot exceed {MAX_LENGTH}")
        return length + VARHDRSZ

    return typmod


TYPMOD_IN["varchartypmodin"] = _char_typmod("varchar")
TYPMOD_IN["bpchartypmodin"] = _char_typmod("char")
TYPMOD_OUT["varchartypmodout"] = TYPMOD_OUT["bpchartypmodout"] = lambda typmod: (
    f"({typmod - VARHDRSZ})" if typmod > VARHDRSZ else ""
)


# bytea
_HEX = re.compile(r"[0-9a-fA-F]")


def decode_hex(text: str) -> bytes:
    """Hexadecimal with blanks between pairs, as decode(…, 'hex') and \\x input take it."""
    out = bytearray()
    position = 0
    size = len(text)
    while position < size:
        char = text[position]
        if char in " \n\t\r":
            position += 1
            continue
        if not _HEX.match(char):
            raise invalid_parameter(f'invalid hexadecimal digit: "{char}"')
        position += 1
        if position >= size:
            raise invalid_parameter("invalid hexadecimal data: odd number of digits")
        second = text[position]
        if not _HEX.match(second):
            raise invalid_parameter(f'invalid hexadecimal digit: "{second}"')
        position += 1
        out.append(int(char + second, 16))
    return bytes(out)


@text_in("byteain")
def bytea_in(value: str, typmod: int, ctx: Any) -> bytes:
    if value.startswith("\\x"):
        try:
            if " " not in value and value.isascii() and value.isprintable():
                return bytes.fromhex(value[2:])
        except ValueError:
            pass
        return decode_hex(value[2:])
    if "\\" not in value:
        return value.encode()
    data = value.encode()
    out = bytearray()
    position = 0
    while position < len(data):
        byte = data[position]
        if byte != 0x5C:
            out.append(byte)
            position += 1
        elif data[position + 1 : position + 2] == b"\\":
            out.append(0x5C)
            position += 2
        elif re.match(rb"[0-3][0-7][0-7]", data[position + 1 : position + 4]):
            out.append(int(data[position + 1 : position + 4], 8))
            position += 4
        else:
            raise data_error("22P02", "invalid input syntax for type bytea")
    return bytes(out)


def escape_bytes(value: bytes) -> str:
    """The escape format: backslash doubled, bytes outside printable ASCII in octal."""
    return "".join("\\\\" if b == 0x5C else chr(b) if 0x20 <= b <= 0x7E else f"\\{b:03o}" for b in value)


@text_out("byteaout")
def bytea_out(value: bytes, ctx: Any) -> str:
    return "\\x" + value.hex() if ctx.bytea_output == "hex" else escape_bytes(value)


@binary_in("bytearecv")
def bytea_recv(data: bytes, typmod: int, ctx: Any) -> bytes:
    return bytes(data)


@binary_out("byteasend")
def bytea_send(value: bytes, ctx: Any) -> bytes:
    return value
