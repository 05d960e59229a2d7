"""float4 and float8: text and binary forms, keys.

Output is the shortest text that reads back the same (extra_float_digits > 0), switching to an exponent from 1e15
(float8) and 1e6 (float4) on; with extra_float_digits <= 0 it is C's %.*g. Input takes what strtod takes. NaN equals NaN
and sorts above everything, which NAN_KEY gives to keys.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import Any

from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_syntax
from emulators.postgres.types.keys import number_key
from emulators.postgres.types.registry import SORT_KEYS, binary_in, binary_out, text_in, text_out

_DOUBLE = struct.Struct("!d")
_SINGLE = struct.Struct("!f")
_SPACE = " \t\n\r\v\f"
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(.*)", re.DOTALL)
_HEX_NUMBER = re.compile(
    r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)(.*)", re.DOTALL
)
_WORDS = {
    "nan": math.nan,
    "+nan": math.nan,
    "-nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
}


def to_single(value: float) -> float:
    """Round to single precision; OverflowError when it does not fit."""
    return _SINGLE.unpack(_SINGLE.pack(value))[0]  # type: ignore[no-any-return]


def _nearest_single(text: str, candidate: float) -> float:
    """The single nearest to the written number; rounding its double once more may have missed it by one."""
    if "x" in text.lower():
        return candidate
    exact = Decimal(text)
    bits = struct.unpack("!i", _SINGLE.pack(abs(candidate)))[0]
    sign = math.copysign(1.0, candidate)
    best, distance = candidate, abs(exact - Decimal(candidate))
    for other in (bits - 1, bits + 1):
        if 0 <= other < 0x7F800000:
            value = sign * _SINGLE.unpack(struct.pack("!i", other))[0]
            gap = abs(exact - Decimal(value))
            if gap < distance or (gap == distance and other % 2 == 0):
                best, distance = value, gap
    return best


def _parse(text: str, type_name: str) -> float:
    stripped = text.lstrip(_SPACE)
    word = _WORDS.get(stripped.rstrip(_SPACE).lower())
    if word is not None:
        return word
    match = _HEX_NUMBER.match(stripped)
    if match is not None:
        try:
            value = float.fromhex(match[1])
        except OverflowError:
            value = math.inf
        digits = match[1].lower().split("p")[0].split("x")[1]
    else:
        match = _NUMBER.match(stripped)
        if match is None:
            raise invalid_syntax(type_name, text)
        value = float(match[1])
        digits = match[1].lower().split("e")[0]
    if type_name == "real" and not math.isinf(value):
        try:
            single = to_single(value)
            value = single if single == value else _nearest_single(match[1], single)
        except OverflowError:
            value = math.inf
    if math.isinf(value) or (value == 0 and digits.strip("+-0.")):
        # strtod stops at the number, and upstream shows only that part when it is out of range.
        raise data_error("22003", f'"{match[1]}" is out of range for type {type_name}')
    if match[2].strip(_SPACE):
        raise invalid_syntax(type_name, text)
    return value


@text_in("float8in")
def float8_in(value: str, typmod: int, ctx: Any) -> float:
    return _parse(value, "double precision")


@text_in("float4in")
def float4_in(value: str, typmod: int, ctx: Any) -> float:
    return _parse(value, "real")


def _layout(digits: str, exponent: int, limit: int) -> str:
    """Digits d1d2d3… times ten to `exponent` (of the first digit) in PostgreSQL's plain or scientific form."""
    if exponent < -4 or exponent >= limit:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    if len(digits) <= exponent + 1:
        return digits + "0" * (exponent + 1 - len(digits))
    return digits[: exponent + 1] + "." + digits[exponent + 1 :]


def _scientific_parts(text: str) -> tuple[str, int]:
    mantissa, _, exponent = text.partition("e")
    return mantissa.replace(".", "").rstrip("0") or "0", int(exponent)


def _special(value: float) -> str | None:
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def float8_text(value: float) -> str:
    """Shortest text of a double."""
    text = repr(value)
    if "e" not in text and len(text) < 16 and text[-1] not in "nf":
        return text[:-2] if text.endswith(".0") else text
    special = _special(value)
    if special is not None:
        return special
    sign = "-" if text[0] == "-" else ""
    text = text.lstrip("-")
    if "e" in text:
        digits, exponent = _scientific_parts(text)
    else:
        whole, _, fraction = text.partition(".")
        digits = (whole + fraction).lstrip("0")
        exponent = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0"))) - 1
        digits = digits.rstrip("0") or "0"
    return sign + _layout(digits, exponent, 15)


def float4_text(value: float) -> str:
    """Shortest text of a single."""
    special = _special(value)
    if special is not None:
        return special
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    value = abs(value)
    if value == 0:
        return sign + "0"
    packed = _SINGLE.pack(value)
    for precision in range(9):
        text = f"{value:.{precision}e}"
        try:
            if _SINGLE.pack(float(text)) == packed or (precision > 4 and _nearest_single(text, value) == value):
                break
        except OverflowError:
            continue
    digits, exponent = _scientific_parts(text)
    return sign + _layout(digits, exponent, 6)


def _percent_g(value: float, digits: int) -> str:
    return _special(value) or f"{value:.{max(digits, 1)}g}"


@text_out("float8out")
def float8_out(value: float, ctx: Any) -> str:
    if ctx.extra_float_digits > 0:
        return float8_text(value)
    return _percent_g(value, 15 + ctx.extra_float_digits)


@text_out("float4out")
def float4_out(value: float, ctx: Any) -> str:
    if ctx.extra_float_digits > 0:
        return float4_text(value)
    return _percent_g(value, 6 + ctx.extra_float_digits)


@binary_in("float8recv")
def float8_recv(data: bytes, typmod: int, ctx: Any) -> float:
    if len(data) != 8:
        raise insufficient_data() if len(data) < 8 else invalid_binary()
    return _DOUBLE.unpack(data)[0]  # type: ignore[no-any-return]


@binary_out("float8send")
def float8_send(value: float, ctx: Any) -> bytes:
    return _DOUBLE.pack(value)


@binary_in("float4recv")
def float4_recv(data: bytes, typmod: int, ctx: Any) -> float:
    if len(data) != 4:
        raise insufficient_data() if len(data) < 4 else invalid_binary()
    return _SINGLE.unpack(data)[0]  # type: ignore[no-any-return]


@binary_out("float4send")
def float4_send(value: float, ctx: Any) -> bytes:
    return _SINGLE.pack(value)


SORT_KEYS["float8in"] = SORT_KEYS["float4in"] = number_key
