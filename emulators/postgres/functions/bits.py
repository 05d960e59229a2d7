"""bit and bit varying: logic, shifts, cutting, conversion to and from integers."""

from __future__ import annotations

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.bits import check_bit, check_varbit
from emulators.postgres.types.errors import data_error, int4_overflow, int8_overflow, invalid_parameter

for _suffix, _symbol in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    expression(f"bit{_suffix}", template=f"({{0}} {_symbol} {{1}})")
expression("bitcmp", template="(({0} > {1}) - ({0} < {1}))")
expression("bitcat", template="({0} + {1})")
expression("bitlength", template="len({0})", arity=1)
expression("bitoctetlength", template="((len({0}) + 7) // 8)", arity=1)
expression("sql:bit_length(bit)", template="len({0})", arity=1)
expression("bit_bit_count", template="{0}.count('1')", arity=1)


def _combine(a: str, b: str, name: str, table: dict[tuple[str, str], str]) -> str:
    if len(a) != len(b):
        raise data_error("22026", f"cannot {name} bit strings of different sizes")
    return "".join(table[pair] for pair in zip(a, b, strict=True))


_PAIRS = [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]
_AND = dict(zip(_PAIRS, "0001", strict=True))
_OR = dict(zip(_PAIRS, "0111", strict=True))
_XOR = dict(zip(_PAIRS, "0110", strict=True))


@builtin("bit_and")
def bit_and(a: str, b: str) -> str:
    return _combine(a, b, "AND", _AND)


@builtin("bit_or")
def bit_or(a: str, b: str) -> str:
    return _combine(a, b, "OR", _OR)


@builtin("bitxor")
def bit_xor(a: str, b: str) -> str:
    return _combine(a, b, "XOR", _XOR)


@builtin("bitnot")
def bit_not(value: str) -> str:
    return value.translate({48: "1", 49: "0"})


@builtin("bitshiftleft")
def shift_left(value: str, count: int) -> str:
    if count < 0:
        return shift_right(value, -count)
    size = len(value)
    return value[count:] + "0" * min(count, size)


@builtin("bitshiftright")
def shift_right(value: str, count: int) -> str:
    if count < 0:
        return shift_left(value, -count)
    size = len(value)
    return "0" * min(count, size) + value[: max(size - count, 0)]


@builtin("bitsubstr")
def substring(value: str, start: int, length: int) -> str:
    if length < 0:
        raise data_error("22011", "negative substring length not allowed")
    return value[max(start - 1, 0) : max(start - 1 + length, 0)]


@builtin("bitsubstr_no_len")
def substring_from(value: str, start: int) -> str:
    return value[max(start - 1, 0) :]


@builtin("bitoverlay")
def overlay(value: str, replacement: str, start: int, length: int) -> str:
    if start <= 0:
        raise data_error("22011", "negative substring length not allowed")
    if start + length > 2147483647:
        int4_overflow()
    return value[: start - 1] + replacement + substring_from(value, start + length)


@builtin("bitoverlay_no_len")
def overlay_same(value: str, replacement: str, start: int) -> str:
    return overlay(value, replacement, start, len(replacement))


@builtin("bitposition")
def position(value: str, wanted: str) -> int:
    return value.find(wanted) + 1 if value else 0


@builtin("bitgetbit")
def get_bit(value: str, index: int) -> int:
    if not 0 <= index < len(value):
        raise data_error("2202E", f"bit index {index} out of valid range (0..{len(value) - 1})")
    return int(value[index])


@builtin("bitsetbit")
def set_bit(value: str, index: int, new: int) -> str:
    if not 0 <= index < len(value):
        raise data_error("2202E", f"bit index {index} out of valid range (0..{len(value) - 1})")
    if new not in (0, 1):
        raise invalid_parameter("new bit must be 0 or 1")
    return value[:index] + str(new) + value[index + 1 :]


@builtin("bit")
def bit_length_coercion(value: str, typmod: int, explicit: bool) -> str:
    # Lengths above the type's limit are ignored here as upstream does.
    if not 0 < typmod <= 2**31 - 8 or len(value) == typmod:
        return value
    if not explicit:
        return check_bit(value, typmod)
    return value[:typmod].ljust(typmod, "0")


@builtin("varbit")
def varbit_length_coercion(value: str, typmod: int, explicit: bool) -> str:
    if typmod <= 0 or len(value) <= typmod:
        return value
    return value[:typmod] if explicit else check_varbit(value, typmod)


def _from_integer(value: int, width: int, typmod: int) -> str:
    size = typmod if typmod > 0 else 1
    return f"{value & ((1 << max(size, width)) - 1):0{size}b}"[-size:]


@builtin("bitfromint4")
def from_int4(value: int, typmod: int) -> str:
    return _from_integer(value, 32, typmod)


@builtin("bitfromint8")
def from_int8(value: int, typmod: int) -> str:
    return _from_integer(value, 64, typmod)


@builtin("bittoint4")
def to_int4(value: str) -> int:
    if len(value) > 32:
        int4_overflow()
    number = int(value or "0", 2)
    return number - (1 << 32) if number >= 1 << 31 else number


@builtin("bittoint8")
def to_int8(value: str) -> int:
    if len(value) > 64:
        int8_overflow()
    number = int(value or "0", 2)
    return number - (1 << 64) if number >= 1 << 63 else number
