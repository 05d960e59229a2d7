"""bytea: comparison, cutting, bits, encodings, checksums, digests and conversions."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.strings import bad_encoding, decode_hex

for _suffix, _symbol in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    expression(f"bytea{_suffix}", template=f"({{0}} {_symbol} {{1}})")
expression("byteacmp", template="(({0} > {1}) - ({0} < {1}))")
expression("bytea_larger", template="({0} if {0} > {1} else {1})")
expression("bytea_smaller", template="({0} if {0} < {1} else {1})")
expression("byteacat", template="({0} + {1})")
expression("byteaoctetlen", template="len({0})", arity=1)
expression("sql:bit_length(bytea)", template="(len({0}) * 8)", arity=1)


@builtin("bytea_substr")
def substring(value: bytes, start: int, length: int) -> bytes:
    if length < 0:
        raise data_error("22011", "negative substring length not allowed")
    begin = start - 1
    return value[max(begin, 0) : max(begin + length, 0)]


@builtin("bytea_substr_no_len")
def substring_from(value: bytes, start: int) -> bytes:
    return value[max(start - 1, 0) :]


@builtin("byteaoverlay")
def overlay(value: bytes, replacement: bytes, start: int, length: int) -> bytes:
    if start <= 0:
        raise data_error("22011", "negative substring length not allowed")
    if start + length > 2147483647:
        raise data_error("22003", "integer out of range")
    return value[: start - 1] + replacement + substring_from(value, start + length)


@builtin("byteaoverlay_no_len")
def overlay_same(value: bytes, replacement: bytes, start: int) -> bytes:
    return overlay(value, replacement, start, len(replacement))


@builtin("byteapos")
def position(value: bytes, wanted: bytes) -> int:
    return value.find(wanted) + 1


@builtin("byteatrim")
def trim(value: bytes, characters: bytes) -> bytes:
    return value.strip(characters) if characters else value


@builtin("bytealtrim")
def ltrim(value: bytes, characters: bytes) -> bytes:
    return value.lstrip(characters) if characters else value


@builtin("byteartrim")
def rtrim(value: bytes, characters: bytes) -> bytes:
    return value.rstrip(characters) if characters else value


@builtin("bytea_reverse")
def reverse(value: bytes) -> bytes:
    return value[::-1]


def _index_error(index: int, highest: int) -> Exception:
    return data_error("2202E", f"index {index} out of valid range, 0..{highest}")


@builtin("byteaGetByte")
def get_byte(value: bytes, index: int) -> int:
    if not 0 <= index < len(value):
        raise _index_error(index, len(value) - 1)
    return value[index]


@builtin("byteaSetByte")
def set_byte(value: bytes, index: int, new: int) -> bytes:
    if not 0 <= index < len(value):
        raise _index_error(index, len(value) - 1)
    return value[:index] + bytes([new & 255]) + value[index + 1 :]


@builtin("byteaGetBit")
def get_bit(value: bytes, index: int) -> int:
    if not 0 <= index < len(value) * 8:
        raise _index_error(index, len(value) * 8 - 1)
    return value[index // 8] >> (index % 8) & 1


@builtin("byteaSetBit")
def set_bit(value: bytes, index: int, new: int) -> bytes:
    if not 0 <= index < len(value) * 8:
        raise _index_error(index, len(value) * 8 - 1)
    if new not in (0, 1):
        raise invalid_parameter("new bit must be 0 or 1")
    old = value[index // 8]
    changed = old | 1 << index % 8 if new else old & ~(1 << index % 8)
    return value[: index // 8] + bytes([changed]) + value[index // 8 + 1 :]


@builtin("bytea_bit_count")
def bit_count(value: bytes) -> int:
    return int.from_bytes(value, "big").bit_count()


def _from_int(size: int) -> Any:
    def convert(value: int) -> bytes:
        return value.to_bytes(size, "big", signed=True)

    return convert


def _to_int(size: int, name: str) -> Any:
    def convert(value: bytes) -> int:
        if len(value) > size:
            raise data_error("22003", f"{name} out of range")
        # Shorter strings are taken as unsigned, since nothing marks their sign.
        return int.from_bytes(value, "big", signed=len(value) == size)

    return convert


for _size, _name, _tag in ((2, "smallint", "int2"), (4, "integer", "int4"), (8, "bigint", "int8")):
    builtin(f"{_tag}_bytea")(_from_int(_size))
    builtin(f"bytea_{_tag}")(_to_int(_size, _name))


# encode and decode
def _base64_lines(value: bytes) -> str:
    text = base64.b64encode(value).decode()
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76)) if text else ""


def _decode_base64(text: str) -> bytes:
    bits = count = 0
    padding = 0
    out = bytearray()
    for char in text:
        if char in " \t\n\r":
            continue
        if char == "=":
            if not padding:
                if count == 2:
                    padding = 1
                elif count == 3:
                    padding = 2
                else:
                    raise invalid_parameter('unexpected "=" while decoding base64 sequence')
            value = 0
        else:
            value = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".find(char)
            if value < 0:
                raise invalid_parameter(f'invalid symbol "{char}" found while decoding base64 sequence')
        bits = bits << 6 | value
        count += 1
        if count == 4:
            out += bits.to_bytes(3, "big")[: padding or 3]
            bits = count = 0
    if count:
        raise invalid_parameter(
            "invalid base64 end sequence",
            hint="Input data is missing padding, is truncated, or is otherwise corrupted.",
        )
    return bytes(out)


def _encode_escape(value: bytes) -> str:
    return "".join("\\\\" if b == 0x5C else f"\\{b:03o}" if b == 0 or b > 127 else chr(b) for b in value)


def _decode_escape(text: str) -> bytes:
    data = text.encode()
    out = bytearray()
    place = 0
    while place < len(data):
        if data[place] != 0x5C:
            out.append(data[place])
            place += 1
        elif data[place + 1 : place + 2] == b"\\":
            out.append(0x5C)
            place += 2
        elif re.match(rb"[0-3][0-7][0-7]", data[place + 1 : place + 4]):
            out.append(int(data[place + 1 : place + 4], 8))
            place += 4
        else:
            raise data_error("22P02", "invalid input syntax for type bytea")
    return bytes(out)


def _unknown_encoding(name: str) -> Exception:
    return invalid_parameter(f'unrecognized encoding: "{name}"')


@builtin("binary_encode")
def encode(value: bytes, name: str) -> str:
    kind = name.lower()
    if kind == "hex":
        return value.hex()
    if kind == "base64":
        return _base64_lines(value)
    if kind == "escape":
        return _encode_escape(value)
    raise _unknown_encoding(name)


@builtin("binary_decode")
def decode(text: str, name: str) -> bytes:
    kind = name.lower()
    if kind == "hex":
        return decode_hex(text)
    if kind == "base64":
        return _decode_base64(text)
    if kind == "escape":
        return _decode_escape(text)
    raise _unknown_encoding(name)


# Digests
@builtin("md5_text")
def md5_of_text(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@builtin("md5_bytea")
def md5_of_bytes(value: bytes) -> str:
    return hashlib.md5(value, usedforsecurity=False).hexdigest()


@builtin("sha224_bytea")
def sha224(value: bytes) -> bytes:
    return hashlib.sha224(value).digest()


@builtin("sha256_bytea")
def sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


@builtin("sha384_bytea")
def sha384(value: bytes) -> bytes:
    return hashlib.sha384(value).digest()


@builtin("sha512_bytea")
def sha512(value: bytes) -> bytes:
    return hashlib.sha512(value).digest()


@builtin("crc32_bytea")
def crc32(value: bytes) -> int:
    return zlib.crc32(value)


_CRC32C = []
for _byte in range(256):
    _value = _byte
    for _ in range(8):
        _value = _value >> 1 ^ (0x82F63B78 if _value & 1 else 0)
    _CRC32C.append(_value)


@builtin("crc32c_bytea")
def crc32c(value: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in value:
        crc = _CRC32C[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


# Character set conversion
_ENCODINGS = {
    "utf8": "utf-8",
    "unicode": "utf-8",
    "latin1": "latin-1",
    "iso88591": "latin-1",
    "latin2": "iso8859-2",
    "latin9": "iso8859-15",
    "iso88595": "iso8859-5",
    "win1250": "cp1250",
    "win1251": "cp1251",
    "win1252": "cp1252",
    "windows1252": "cp1252",
    "koi8r": "koi8-r",
    "koi8": "koi8-r",
    "eucjp": "euc-jp",
    "euckr": "euc-kr",
    "euccn": "gb2312",
    "sjis": "shift-jis",
    "shiftjis": "shift-jis",
    "big5": "big5",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "sqlascii": "ascii",
}


def _codec(name: str, role: str) -> str:
    found = _ENCODINGS.get(re.sub(r"[^a-z0-9]", "", name.lower()))
    if found is None:
        raise invalid_parameter(f'invalid {role} encoding name "{name}"')
    return found


@builtin("pg_convert_from")
def convert_from(value: bytes, name: str) -> str:
    codec = _codec(name, "source")
    try:
        text = value.decode(codec)
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            raise bad_encoding(value, error.start) from None
        shown = " ".join(f"0x{byte:02x}" for byte in value[error.start : error.end])
        raise data_error("22021", f'invalid byte sequence for encoding "{name.upper()}": {shown}') from None
    if "\0" in text:
        raise data_error("22021", f'invalid byte sequence for encoding "{name.upper()}": 0x00')
    return text


@builtin("pg_convert_to")
def convert_to(text: str, name: str) -> bytes:
    codec = _codec(name, "destination")
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        data = text[error.start].encode()
        shown = " ".join(f"0x{byte:02x}" for byte in data)
        raise data_error(
            "22P05",
            f'character with byte sequence {shown} in encoding "UTF8" has no equivalent in encoding "{name.upper()}"',
        ) from None


@builtin("pg_convert")
def convert(value: bytes, source: str, target: str) -> bytes:
    _codec(source, "source")
    _codec(target, "destination")
    return convert_to(convert_from(value, source), target)


@builtin("length_in_encoding")
def length_in_encoding(value: bytes, name: str) -> int:
    codec = _codec(name, "source") if re.sub(r"[^a-z0-9]", "", name.lower()) in _ENCODINGS else None
    if codec is None:
        raise invalid_parameter(f'invalid encoding name "{name}"')
    return len(convert_from(value, name))
