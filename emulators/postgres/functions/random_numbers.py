"""random() and its family, and PostgreSQL's own generator for sessions that called setseed().

Without a seed the numbers come from the dice (ctx.random). setseed() puts a `Generator` into `ctx.prng`: xoroshiro128**
seeded through splitmix64, so that the sequence after setseed(x) is PostgreSQL's.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import invalid_parameter
from emulators.postgres.types.floats import float8_text
from emulators.postgres.types.numeric import EXACT, scale_of

_MASK = 0xFFFFFFFFFFFFFFFF


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


class Generator:
    """xoroshiro128**"""

    __slots__ = ("s0", "s1")

    def __init__(self, seed: float):
        state = int(float((1 << 52) - 1) * seed) & _MASK
        words = []
        for _ in range(2):
            state = state + 0x9E3779B97F4A7C15 & _MASK
            value = state
            value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
            value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
            words.append(value ^ value >> 31)
        self.s0, self.s1 = words

    def bits(self) -> int:
        """64 random bits."""
        s0, sx = self.s0, self.s1 ^ self.s0
        value = _rotate(s0 * 5 & _MASK, 7) * 9 & _MASK
        self.s0 = _rotate(s0, 24) ^ sx ^ (sx << 16 & _MASK)
        self.s1 = _rotate(sx, 37)
        return value

    def random(self) -> float:
        return (self.bits() >> 11) * 2.0**-53

    def below(self, span: int) -> int:
        """0 to span, both included."""
        if span == 0:
            return 0
        shift = 64 - span.bit_length()
        while True:
            value = self.bits() >> shift
            if value <= span:
                return value


def _generator(ctx: Any) -> Generator | None:
    return getattr(ctx, "prng", None)


def _double(ctx: Any) -> float:
    generator = _generator(ctx)
    return generator.random() if generator is not None else ctx.random()


@builtin("setseed", ctx=True)
def setseed(ctx: Any, seed: float) -> str:
    if seed != seed or not -1 <= seed <= 1:
        raise invalid_parameter(f"setseed parameter {float8_text(seed)} is out of allowed range [-1,1]")
    ctx.prng = Generator(seed)
    return ""


@builtin("drandom", ctx=True)
def random(ctx: Any) -> float:
    return _double(ctx)


@builtin("drandom_normal", ctx=True)
def random_normal(ctx: Any, mean: float, deviation: float) -> float:
    u1, u2 = 1.0 - _double(ctx), _double(ctx)
    return deviation * math.sqrt(-2.0 * math.log(u1)) * math.sin(2.0 * math.pi * u2) + mean


def _below(ctx: Any, span: int) -> int:
    generator = _generator(ctx)
    if generator is not None and span < 2**64:
        return generator.below(span)
    return min(int.from_bytes(ctx.random_bytes((span.bit_length() + 71) // 8), "big") % (span + 1), span)


def _bounds_error() -> Exception:
    return invalid_parameter("lower bound must be less than or equal to upper bound")


@builtin("int4random", "int8random", ctx=True)
def random_integer(ctx: Any, low: int, high: int) -> int:
    if low > high:
        raise _bounds_error()
    return low + _below(ctx, high - low)


@builtin("numeric_random", ctx=True)
def random_numeric(ctx: Any, low: Decimal, high: Decimal) -> Decimal:
    for name, value in (("lower", low), ("upper", high)):
        if value.is_nan():
            raise invalid_parameter(f"{name} bound cannot be NaN")
        if value.is_infinite():
            raise invalid_parameter(f"{name} bound cannot be infinity")
    if low > high:
        raise _bounds_error()
    scale = max(scale_of(low), scale_of(high))
    first, last = int(EXACT.scaleb(low, scale)), int(EXACT.scaleb(high, scale))
    return EXACT.scaleb(Decimal(first + _below(ctx, last - first)), -scale)
