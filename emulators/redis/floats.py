"""The 80-bit extended float that INCRBYFLOAT and HINCRBYFLOAT compute in, in whole numbers.

A finite number is `(mantissa, exponent)`, worth `mantissa * 2**exponent`, with at most 64 bits of mantissa: what x86's
`long double` holds, rounded to nearest, ties to even, after reading and after each addition. Text is read as strtold reads
it (decimal, hexadecimal, `inf`) and written as `%.17Lf` without the zeros at its end, so 3.0 + 1.1 is `4.1`, where a
double would show `4.0999999999999996`.
Differs from redis-server: numbers below 2**-16445 count as underflow at the same place, but denormal ones keep 64 bits; they
print as 0 either way.
"""

from __future__ import annotations

import re

__all__ = ["INFINITY", "LongDouble", "add", "format_human", "parse"]

#: `(mantissa, exponent)`; infinities are `INFINITY` and its negative `(-1, None)`.
LongDouble = tuple[int, int | None]

INFINITY: LongDouble = (1, None)

_MANTISSA_BITS = 64
_MAX_EXPONENT = 16384
_MIN_EXPONENT = -16445
# The server reads numbers from a buffer of this size.
_MAX_TEXT = 5 * 1024 - 1
_DIGITS = 17
_SCALE = 10**_DIGITS

_DECIMAL = re.compile(rb"([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?")
_HEXADECIMAL = re.compile(rb"([+-]?)0[xX](?:([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?")
_INFINITE = re.compile(rb"([+-]?)inf(?:inity)?", re.IGNORECASE)


def parse(word: bytes) -> LongDouble | None:
    """The number that the whole word spells, or None: also for NaN, and for what is too large or too small to hold.

    >>> parse(b"0.5"), parse(b"5x")
    ((1, -1), None)
    """
    if len(word) > _MAX_TEXT:
        return None
    match = _DECIMAL.fullmatch(word)
    if match is not None:
        sign, whole, fraction, bare, exponent = match.groups()
        fraction = bare if whole is None else fraction or b""
        digits = ((whole or b"") + fraction).lstrip(b"0")
        if not digits:
            return 0, 0
        power = int(exponent or 0) - len(fraction)
        # Far outside the range, without computing it.
        if len(digits) + power > 5000 or len(digits) + power < -5100:
            return None
        mantissa = _whole(digits)
        value = _round(mantissa * 10**power, 1) if power >= 0 else _round(mantissa, 10**-power)
    else:
        match = _HEXADECIMAL.fullmatch(word)
        if match is None:
            match = _INFINITE.fullmatch(word)
            if match is None:
                return None
            return (-1 if match[1] == b"-" else 1), None
        sign, whole, fraction, bare, exponent = match.groups()
        fraction = bare if whole is None else fraction or b""
        mantissa = int((whole or b"") + fraction, 16)
        power = int(exponent or 0) - 4 * len(fraction)
        if not mantissa:
            return 0, 0
        if not -40_000 < power < 40_000:
            return None
        value = _round(mantissa << power, 1) if power >= 0 else _round(mantissa, 1 << -power)
    if value[1] is None or not value[0]:
        return None
    return (-value[0] if sign == b"-" else value[0]), value[1]


def add(left: LongDouble, right: LongDouble) -> LongDouble | None:
    """The rounded sum; None where it is not a number (inf - inf)."""
    if left[1] is None or right[1] is None:
        if left[1] is None and right[1] is None and left[0] != right[0]:
            return None
        return left if left[1] is None else right
    exponent = min(left[1], right[1])
    total = (left[0] << (left[1] - exponent)) + (right[0] << (right[1] - exponent))
    size = abs(total)
    value = _round(size << exponent, 1) if exponent >= 0 else _round(size, 1 << -exponent)
    return (-value[0] if total < 0 else value[0]), value[1]


def format_human(value: LongDouble) -> bytes:
    """As text for people: up to 17 digits after the point, no zeros at the end.

    >>> format_human(parse(b"10.50"))
    b'10.5'
    """
    mantissa, exponent = value
    if exponent is None:
        return b"inf" if mantissa > 0 else b"-inf"
    size = abs(mantissa)
    if exponent >= 0:
        text = _text(size << exponent)
    else:
        scaled = _divide(size * _SCALE, 1 << -exponent)
        whole, fraction = divmod(scaled, _SCALE)
        text = _text(whole)
        if fraction:
            text += b"." + (b"%017d" % fraction).rstrip(b"0")
    return b"-" + text if mantissa < 0 and text != b"0" else text


def _round(numerator: int, denominator: int) -> LongDouble:
    """The nearest number to a positive fraction; infinity above the range, zero below it."""
    if not numerator:
        return 0, 0
    exponent = numerator.bit_length() - denominator.bit_length() - _MANTISSA_BITS
    if exponent >= 0:
        mantissa = _divide(numerator, denominator << exponent)
    else:
        mantissa = _divide(numerator << -exponent, denominator)
    if mantissa.bit_length() > _MANTISSA_BITS:
        # The estimate was one too low; divide again, since rounding twice is not rounding.
        exponent += 1
        mantissa = (
            _divide(numerator, denominator << exponent)
            if exponent >= 0
            else _divide(numerator << -exponent, denominator)
        )
    if mantissa.bit_length() + exponent > _MAX_EXPONENT:
        return INFINITY
    if mantissa.bit_length() + exponent < _MIN_EXPONENT:
        return 0, 0
    trailing = (mantissa & -mantissa).bit_length() - 1
    return mantissa >> trailing, exponent + trailing


def _divide(numerator: int, denominator: int) -> int:
    """Quotient rounded to nearest, ties to even."""
    quotient, rest = divmod(numerator, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


# Python refuses to convert more than 4,300 digits at once; the largest number has 4,933.
_HALF = 2500


def _whole(digits: bytes) -> int:
    return int(digits) if len(digits) <= _HALF else int(digits[:-_HALF]) * 10**_HALF + int(digits[-_HALF:])


def _text(number: int) -> bytes:
    upper, lower = divmod(number, 10**_HALF)
    return b"%d%0*d" % (upper, _HALF, lower) if upper else b"%d" % lower
