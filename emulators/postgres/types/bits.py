"""bit and bit varying: str of 0 and 1. Input takes binary digits, or b'…'/x'…' forms with their letter."""

from __future__ import annotations

import struct
from typing import Any

from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_parameter
from emulators.postgres.types.registry import (
    TYPMOD_IN,
    TYPMOD_OUT,
    binary_in,
    binary_out,
    text_in,
    text_out,
)


def parse_bits(value: str) -> str:
    """The bits of a literal: B or X prefix, else binary digits."""
    if value[:1] in ("x", "X") and value:
        for char in value[1:]:
            if char not in "0123456789abcdefABCDEF":
                raise data_error("22P02", f'"{char}" is not a valid hexadecimal digit')
        return "".join(f"{int(char, 16):04b}" for char in value[1:])
    digits = value[1:] if value[:1] in ("b", "B") and value else value
    for char in digits:
        if char not in "01":
            raise data_error("22P02", f'"{char}" is not a valid binary digit')
    return digits


def check_bit(bits: str, typmod: int) -> str:
    if typmod > 0 and len(bits) != typmod:
        raise data_error("22026", f"bit string length {len(bits)} does not match type bit({typmod})")
    return bits


def check_varbit(bits: str, typmod: int) -> str:
    if typmod > 0 and len(bits) > typmod:
        raise data_error("22001", f"bit string too long for type bit varying({typmod})")
    return bits


@text_in("bit_in")
def bit_in(value: str, typmod: int, ctx: Any) -> str:
    return check_bit(parse_bits(value), typmod)


@text_in("varbit_in")
def varbit_in(value: str, typmod: int, ctx: Any) -> str:
    return check_varbit(parse_bits(value), typmod)


@text_out("bit_out", "varbit_out", inline="{0}")
def bit_out(value: str, ctx: Any) -> str:
    return value


def _receive(data: bytes) -> str:
    if len(data) < 4:
        raise insufficient_data()
    (length,) = struct.unpack_from("!i", data)
    if length < 0:
        raise invalid_binary("invalid length in external bit string")
    size = (length + 7) // 8
    if len(data) != 4 + size:
        raise insufficient_data() if len(data) < 4 + size else invalid_binary()
    return "".join(f"{byte:08b}" for byte in data[4:])[:length]


@binary_in("bit_recv")
def bit_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return check_bit(_receive(data), typmod)


@binary_in("varbit_recv")
def varbit_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return check_varbit(_receive(data), typmod)


def pack_bits(value: str) -> bytes:
    """Bits as bytes, the last one filled with zeros."""
    padded = value + "0" * (-len(value) % 8)
    return int(padded, 2).to_bytes(len(padded) // 8, "big") if padded else b""


@binary_out("bit_send", "varbit_send")
def bit_send(value: str, ctx: Any) -> bytes:
    return struct.pack("!i", len(value)) + pack_bits(value)


def _typmod(name: str) -> Any:
    def typmod(args: list[str]) -> int:
        if len(args) != 1:
            raise invalid_parameter("invalid type modifier")
        length = int(args[0])
        if length < 1:
            raise invalid_parameter(f"length for type {name} must be at least 1")
        if length > 83886080:
            raise invalid_parameter(f"length for type {name} cannot exceed 83886080")
        return length

    return typmod


TYPMOD_IN["bittypmodin"] = _typmod("bit")
TYPMOD_IN["varbittypmodin"] = _typmod("varbit")
TYPMOD_OUT["bittypmodout"] = TYPMOD_OUT["varbittypmodout"] = lambda typmod: f"({typmod})" if typmod >= 0 else ""
