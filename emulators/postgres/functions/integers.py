"""int2, int4, int8 and oid: arithmetic with overflow errors, comparison, bits, conversions.

Division and modulo truncate toward zero. Mixed-width operators take the wider type's range. Shifts work modulo the
width, as the C shifts upstream compiles to do. Every function here is a single expression, usable inline.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import data_error, int4_overflow, int8_overflow, out_of_range

BOUNDS = {2: (-32768, 32767), 4: (-2147483648, 2147483647), 8: (-9223372036854775808, 9223372036854775807)}
OVERFLOW = {2: "int2_overflow", 4: "int4_overflow", 8: "int8_overflow"}


def _checked(expr: str, width: int) -> str:
    low, high = BOUNDS[width]
    return f"({{t}} if {low} <= ({{t}} := {expr}) <= {high} else {OVERFLOW[width]}())"


_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _register_operators() -> None:
    for left, right, tag in (
        (2, 2, "int2"),
        (4, 4, "int4"),
        (8, 8, "int8"),
        (2, 4, "int24"),
        (4, 2, "int42"),
        (2, 8, "int28"),
        (8, 2, "int82"),
        (4, 8, "int48"),
        (8, 4, "int84"),
    ):
        width = max(left, right)
        for suffix, symbol in (("pl", "+"), ("mi", "-"), ("mul", "*")):
            expression(f"{tag}{suffix}", template=_checked(f"{{0}} {symbol} {{1}}", width))
        expression(f"{tag}div", template=_checked("truncated_division({0}, {1})", width))
        for suffix, symbol in _COMPARE.items():
            expression(f"{tag}{suffix}", template=f"({{0}} {symbol} {{1}})")
    for width, tag in ((2, "int2"), (4, "int4"), (8, "int8")):
        expression(f"{tag}mod", template="truncated_remainder({0}, {1})")
        expression(f"{tag}um", template=_checked("-{0}", width), arity=1)
        expression(f"{tag}up", template="{0}", arity=1)
        expression(f"{tag}abs", template=_checked("abs({0})", width), arity=1)
        expression(f"{tag}and", template="({0} & {1})")
        expression(f"{tag}or", template="({0} | {1})")
        expression(f"{tag}xor", template="({0} ^ {1})")
        expression(f"{tag}not", template="(~{0})", arity=1)
        # int2 shifts are done in C's int, so their count wraps at 32 like int4's.
        expression(f"{tag}shl", template=f"{tag}_wrap({{0}} << ({{1}} & {63 if width == 8 else 31}))")
        expression(f"{tag}shr", template=f"({{0}} >> ({{1}} & {63 if width == 8 else 31}))")
        expression(f"{tag}larger", template="({0} if {0} > {1} else {1})")
        expression(f"{tag}smaller", template="({0} if {0} < {1} else {1})")
    for suffix, symbol in _COMPARE.items():
        expression(f"oid{suffix}", template=f"({{0}} {symbol} {{1}})")
    expression("oidlarger", template="({0} if {0} > {1} else {1})")
    expression("oidsmaller", template="({0} if {0} < {1} else {1})")
    expression("cideq", "xid8eq", template="({0} == {1})")
    expression("xid8ne", template="({0} != {1})")
    # The same C function also serves xid = integer, where a negative integer wraps.
    expression("xideq", template="(({0} - {1}) & 4294967295 == 0)")
    expression("xidneq", template="(({0} - {1}) & 4294967295 != 0)")
    for suffix in ("lt", "le", "gt", "ge"):
        expression(f"xid8{suffix}", template=f"({{0}} {_COMPARE[suffix]} {{1}})")
    expression("xid8_larger", template="({0} if {0} > {1} else {1})")
    expression("xid8_smaller", template="({0} if {0} < {1} else {1})")
    comparisons = ("int2", "int4", "int8", "oid", "int48", "int84", "int24", "int42", "int28", "int82")
    expression(*(f"bt{tag}cmp" for tag in comparisons), "xid8cmp", template="(({0} > {1}) - ({0} < {1}))")
    expression("int4inc", template=_checked("{0} + 1", 4), arity=1)
    expression("int8inc", template=_checked("{0} + 1", 8), arity=1)
    expression("int8dec", template=_checked("{0} - 1", 8), arity=1)


_register_operators()


def _register_casts() -> None:
    expression("i2toi4", "int28", "int48", "oidtoi8", template="{0}", arity=1)
    expression("i4toi2", "int82", template=_checked("{0}", 2), arity=1)
    expression("int84", template=_checked("{0}", 4), arity=1)
    expression("int4_bool", template="({0} != 0)", arity=1)
    expression("bool_int4", template="(1 if {0} else 0)", arity=1)


_register_casts()


@builtin("i8tooid")
def int8_to_oid(value: int) -> int:
    if not 0 <= value <= 4294967295:
        raise out_of_range("OID")
    return value


@builtin("int4gcd", "int8gcd")
def greatest_common_divisor(a: int, b: int) -> int:
    return _in_width(math.gcd(a, b), a, b)


@builtin("int4lcm")
def int4_lcm(a: int, b: int) -> int:
    result = math.lcm(a, b)
    return result if result <= BOUNDS[4][1] else int4_overflow()


@builtin("int8lcm")
def int8_lcm(a: int, b: int) -> int:
    result = math.lcm(a, b)
    return result if result <= BOUNDS[8][1] else int8_overflow()


def _in_width(result: int, a: int, b: int) -> int:
    # Only gcd of the most negative number with itself or zero leaves its own range.
    if result == 2147483648 and min(a, b) == -2147483648 and max(a, b) <= 0:
        return int4_overflow()
    return int8_overflow() if result == 9223372036854775808 else result


def _in_range(value: int, base: int, offset: int, sub: bool, less: bool) -> bool:
    if offset < 0:
        raise data_error("22013", "invalid preceding or following size in window function")
    bound = base - offset if sub else base + offset
    return value <= bound if less else value >= bound


for _pair in ("int8_int8", "int4_int8", "int4_int4", "int4_int2", "int2_int8", "int2_int4", "int2_int2"):
    builtin(f"in_range_{_pair}")(_in_range)


@builtin("to_hex32")
def to_hex32(value: int) -> str:
    return f"{value & 0xFFFFFFFF:x}"


@builtin("to_hex64")
def to_hex64(value: int) -> str:
    return f"{value & 0xFFFFFFFFFFFFFFFF:x}"


@builtin("to_bin32")
def to_bin32(value: int) -> str:
    return f"{value & 0xFFFFFFFF:b}"


@builtin("to_bin64")
def to_bin64(value: int) -> str:
    return f"{value & 0xFFFFFFFFFFFFFFFF:b}"


@builtin("to_oct32")
def to_oct32(value: int) -> str:
    return f"{value & 0xFFFFFFFF:o}"


@builtin("to_oct64")
def to_oct64(value: int) -> str:
    return f"{value & 0xFFFFFFFFFFFFFFFF:o}"


def _integer_series(start: int, stop: int, step: int) -> range:
    if step == 0:
        raise data_error("22023", "step size cannot equal zero")
    return range(start, stop + (1 if step > 0 else -1), step)


@builtin("generate_series_int4", "generate_series_int8", srf=True)
def generate_series(start: int, stop: int) -> range:
    return range(start, stop + 1)


@builtin("generate_series_step_int4", "generate_series_step_int8", srf=True)
def generate_series_step(start: int, stop: int, step: int) -> range:
    return _integer_series(start, stop, step)


def _vector_key(vector: Any) -> tuple[int, list[int]]:
    # oidvector orders by length first, then by elements.
    return len(vector.elements), vector.elements


def _vector_comparison(name: str, compare: Any) -> None:
    builtin(name)(lambda a, b: compare(_vector_key(a), _vector_key(b)))


for _suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
    _vector_comparison(f"oidvector{_suffix}", getattr(operator, _suffix))


@builtin("btoidvectorcmp")
def oidvector_cmp(a: Any, b: Any) -> int:
    left, right = _vector_key(a), _vector_key(b)
    return (left > right) - (left < right)
