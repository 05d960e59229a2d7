"""The names that inline templates may use: small helpers, kept apart so that generated code needs nothing else imported."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from emulators.postgres.types.errors import division_by_zero, int2_overflow, int4_overflow, int8_overflow
from emulators.postgres.types.keys import number_key


def truncated_division(a: int, b: int) -> int:
    """a / b toward zero, 22012 for a zero divisor."""
    if b == 0:
        raise division_by_zero()
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def truncated_remainder(a: int, b: int) -> int:
    if b == 0:
        raise division_by_zero()
    remainder = abs(a) % abs(b)
    return remainder if a >= 0 else -remainder


def _wrap(value: int, width: int) -> int:
    half = 1 << (8 * width - 1)
    return (value + half & (1 << 8 * width) - 1) - half


def int2_wrap(value: int) -> int:
    return _wrap(value, 2)


def int4_wrap(value: int) -> int:
    return _wrap(value, 4)


def int8_wrap(value: int) -> int:
    return _wrap(value, 8)


INLINE_GLOBALS: Final[dict[str, Any]] = {
    "Decimal": Decimal,
    "number_key": number_key,
    **{
        function.__name__: function
        for function in (
            truncated_division,
            truncated_remainder,
            int2_overflow,
            int4_overflow,
            int8_overflow,
            int2_wrap,
            int4_wrap,
            int8_wrap,
        )
    },
}
