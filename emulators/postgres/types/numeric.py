"""numeric: text and binary forms, typmods, and the exact Decimal helpers the functions share.

A value is a Decimal whose exponent is minus the display scale; exponents are never positive and zero is never negative.
NaN and infinities are Decimal's. Limits as upstream: 131072 digits before and 16383 after the point.
Rounding is half away from zero. Arithmetic uses contexts of this module only, never the thread's.
"""

from __future__ import annotations

import re
import struct
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from emulators.postgres.types.errors import (
    data_error,
    insufficient_data,
    invalid_binary,
    invalid_parameter,
    invalid_syntax,
)
from emulators.postgres.types.keys import number_key
from emulators.postgres.types.registry import (
    SORT_KEYS,
    TYPMOD_IN,
    TYPMOD_OUT,
    binary_in,
    binary_out,
    text_in,
    text_out,
)

EXACT: Final = Context(
    prec=MAX_PREC, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, capitals=1, clamp=0, traps=[]
)
NAN: Final = Decimal("NaN")
INFINITY: Final = Decimal("Infinity")
MINUS_INFINITY: Final = Decimal("-Infinity")
MAX_WEIGHT: Final = 131072
MAX_SCALE: Final = 16383
_SPACE = " \t\n\r\v\f"
_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?)((?:[0-9]+(?:_[0-9]+)*)?)(\.?)((?:[0-9]+(?:_[0-9]+)*)?)(.*)", re.DOTALL)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+(?:_[0-9]+)*)(.*)", re.DOTALL)
_PREFIXED = re.compile(r"[ \t\n\r\v\f]*([+-]?)0([xXoObB])(.*)", re.DOTALL)
_PREFIX_DIGITS = {
    "x": (re.compile(r"((?:_?[0-9a-fA-F])+)[ \t\n\r\v\f]*\Z"), 16),
    "o": (re.compile(r"((?:_?[0-7])+)[ \t\n\r\v\f]*\Z"), 8),
    "b": (re.compile(r"((?:_?[01])+)[ \t\n\r\v\f]*\Z"), 2),
}
_SPECIALS = {
    "nan": NAN,
    "inf": INFINITY,
    "+inf": INFINITY,
    "-inf": MINUS_INFINITY,
    "infinity": INFINITY,
    "+infinity": INFINITY,
    "-infinity": MINUS_INFINITY,
}
_SIMPLE = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?\Z")
_SCALES = [Decimal(1).scaleb(-scale) for scale in range(1001)]


def overflow() -> Exception:
    return data_error("22003", "value overflows numeric format")


def unit(scale: int) -> Decimal:
    """10 ** -scale, the quantum of a display scale (negative scales: tens, hundreds, …)."""
    if 0 <= scale <= 1000:
        return _SCALES[scale]
    return Decimal((0, (1,), -scale))


def scale_of(value: Decimal) -> int:
    """Display scale of a finite value."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def round_to(value: Decimal, scale: int) -> Decimal:
    """Round half away from zero to a display scale; a negative scale rounds left of the point with scale 0."""
    if scale >= 0:
        result = value.quantize(unit(scale), ROUND_HALF_UP, EXACT)
    else:
        result = value.quantize(unit(scale), ROUND_HALF_UP, EXACT).quantize(_SCALES[0], ROUND_HALF_UP, EXACT)
    return result if result else result.copy_abs()


def checked(value: Decimal) -> Decimal:
    """A computed value, refused when it has too many digits, cut when its scale is too deep, zero made positive."""
    if not value.is_finite():
        return value
    if not value:
        value = value.copy_abs()
    elif value.adjusted() >= MAX_WEIGHT:
        raise overflow()
    if scale_of(value) > MAX_SCALE:
        value = round_to(value, MAX_SCALE)
    return value


def apply_typmod(value: Decimal, typmod: int) -> Decimal:
    """Round to a numeric(precision, scale), 22003 when the precision does not hold the result."""
    if typmod < 4:
        return value
    packed = typmod - 4
    precision = packed >> 16 & 0xFFFF
    scale = packed & 0x7FF
    scale = (scale ^ 1024) - 1024
    if not value.is_finite():
        if value.is_infinite():
            raise data_error(
                "22003",
                "numeric field overflow",
                f"A field with precision {precision}, scale {scale} cannot hold an infinite value.",
            )
        return value
    result = round_to(value, scale)
    if result and result.adjusted() >= precision - scale:
        limit = f"10^{precision - scale}" if precision - scale else "1"
        raise data_error(
            "22003",
            "numeric field overflow",
            f"A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}.",
        )
    return result


def parse_numeric(text: str) -> Decimal:
    """Numeric input without a typmod."""
    if _SIMPLE.match(text):
        value = Decimal(text)
        return value if value else value.copy_abs()
    special = _SPECIALS.get(text.strip(_SPACE).lower())
    if special is not None:
        return special
    prefixed = _PREFIXED.match(text)
    if prefixed is not None:
        pattern, base = _PREFIX_DIGITS[prefixed[2].lower()]
        found = pattern.match(prefixed[3])
        if found is None:
            raise invalid_syntax("numeric", text)
        number = int(found[1].replace("_", ""), base)
        return checked(Decimal(-number if prefixed[1] == "-" else number))
    match = _NUMBER.match(text)
    if match is None or not (match[2] or match[4]):
        raise invalid_syntax("numeric", text)
    rest = match[5]
    exponent = 0
    if rest[:1] in ("e", "E") and rest:
        found = _EXPONENT.match(rest)
        if found is None:
            raise invalid_syntax("numeric", text)
        rest = found[2]
        written = found[1].replace("_", "")
        exponent = int(written) if len(written) < 30 else (-(2**62) if written[0] == "-" else 2**62)
    if rest.strip(_SPACE):
        raise invalid_syntax("numeric", text)
    if abs(exponent) >= 2**31 // 2:
        raise overflow()
    whole, fraction = match[2].replace("_", ""), match[4].replace("_", "")
    scale = len(fraction) - exponent
    digits = (whole + fraction).lstrip("0")
    if scale > MAX_SCALE:
        raise overflow()
    if not digits:
        return Decimal((0, (0,), -max(scale, 0)))
    if len(digits) - scale > MAX_WEIGHT:
        raise overflow()
    if scale < 0:
        digits, scale = digits + "0" * -scale, 0
    value = Decimal(f"{match[1]}{digits}E-{scale}")
    return checked(value)


@text_in("numeric_in")
def numeric_in(value: str, typmod: int, ctx: Any) -> Decimal:
    result = parse_numeric(value)
    return apply_typmod(result, typmod) if typmod >= 4 else result


def numeric_text(value: Decimal) -> str:
    """Plain digits, never an exponent."""
    text = str(value)
    if "E" in text:
        return f"{value:f}"
    return text


@text_out("numeric_out")
def numeric_out(value: Decimal, ctx: Any) -> str:
    return numeric_text(value)


_HEADER = struct.Struct("!HhHH")
_SIGNS = {0xC000: NAN, 0xD000: INFINITY, 0xF000: MINUS_INFINITY}


@binary_in("numeric_recv")
def numeric_recv(data: bytes, typmod: int, ctx: Any) -> Decimal:
    if len(data) < 8:
        raise insufficient_data()
    count, weight, sign, scale = _HEADER.unpack_from(data)
    if sign not in (0, 0x4000, 0xC000, 0xD000, 0xF000):
        raise invalid_binary('invalid sign in external "numeric" value')
    if scale & ~0x3FFF:
        raise invalid_binary('invalid scale in external "numeric" value')
    if len(data) != 8 + 2 * count:
        raise insufficient_data() if len(data) < 8 + 2 * count else invalid_binary()
    groups = struct.unpack_from(f"!{count}h", data, 8)
    if any(not 0 <= group < 10000 for group in groups):
        raise invalid_binary('invalid digit in external "numeric" value')
    if sign in _SIGNS:
        return apply_typmod(_SIGNS[sign], typmod)
    number = 0
    for group in groups:
        number = number * 10000 + group
    value = Decimal((1 if sign else 0, tuple(map(int, str(number))), 4 * (weight - count + 1)))
    # A scale that hides digits truncates them, as upstream does.
    value = value.quantize(unit(scale), "ROUND_DOWN", EXACT)
    return apply_typmod(checked(value), typmod)


@binary_out("numeric_send")
def numeric_send(value: Decimal, ctx: Any) -> bytes:
    if not value.is_finite():
        sign = 0xC000 if value.is_nan() else 0xD000 if value > 0 else 0xF000
        # Upstream leaves a scale of 32 behind infinities.
        return _HEADER.pack(0, 0, sign, 0 if value.is_nan() else 32)
    scale = scale_of(value)
    text = f"{value.copy_abs():f}"
    whole, _, fraction = text.partition(".")
    whole = whole.lstrip("0")
    whole = "0" * (-len(whole) % 4) + whole
    fraction += "0" * (-len(fraction) % 4)
    weight = len(whole) // 4 - 1
    digits = whole + fraction
    groups = [int(digits[index : index + 4]) for index in range(0, len(digits), 4)]
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    if not groups:
        weight = 0
    sign = 0x4000 if value.is_signed() and groups else 0
    return _HEADER.pack(len(groups), weight, sign, scale) + struct.pack(f"!{len(groups)}h", *groups)


def _numeric_typmod_in(args: list[str]) -> int:
    if len(args) == 2:
        precision, scale = int(args[0]), int(args[1])
        if not 1 <= precision <= 1000:
            raise invalid_parameter(f"NUMERIC precision {precision} must be between 1 and 1000")
        if not -1000 <= scale <= 1000:
            raise invalid_parameter(f"NUMERIC scale {scale} must be between -1000 and 1000")
    elif len(args) == 1:
        precision, scale = int(args[0]), 0
        if not 1 <= precision <= 1000:
            raise invalid_parameter(f"NUMERIC precision {precision} must be between 1 and 1000")
    else:
        raise invalid_parameter("invalid NUMERIC type modifier")
    return (precision << 16 | scale & 0x7FF) + 4


def _numeric_typmod_out(typmod: int) -> str:
    if typmod < 4:
        return ""
    packed = typmod - 4
    return f"({packed >> 16 & 0xFFFF},{((packed & 0x7FF) ^ 1024) - 1024})"


TYPMOD_IN["numerictypmodin"] = _numeric_typmod_in
TYPMOD_OUT["numerictypmodout"] = _numeric_typmod_out
SORT_KEYS["numeric_in"] = number_key
