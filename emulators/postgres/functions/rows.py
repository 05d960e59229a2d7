"""enum, record, uuid, pg_lsn, tid, money comparison and functions: what is small and belongs to one type."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import (
    data_error,
    division_by_zero,
    feature_not_supported,
    int8_overflow,
    invalid_parameter,
)
from emulators.postgres.types.numeric import EXACT, round_to
from emulators.postgres.types.records import row_key
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import PgArray, Row

_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
for _suffix, _symbol in _COMPARE.items():
    _names = [f"uuid_{_suffix}", f"pg_lsn_{_suffix}", f"tid{_suffix}", f"cash_{_suffix}"]
    _names += [f"macaddr_{_suffix}", f"macaddr8_{_suffix}"]
    expression(*_names, template=f"({{0}} {_symbol} {{1}})")
_CMP = "(({0} > {1}) - ({0} < {1}))"
expression("uuid_cmp", "pg_lsn_cmp", "bttidcmp", "cash_cmp", "macaddr_cmp", "macaddr8_cmp", template=_CMP)
expression("pg_lsn_larger", "tidlarger", "cashlarger", template="({0} if {0} > {1} else {1})")
expression("pg_lsn_smaller", "tidsmaller", "cashsmaller", template="({0} if {0} < {1} else {1})")


# enum
def _bind_enum(name: str, operation: Callable[[Any, Any], Any]) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        position = type_io(types[0], catalog).sort_key
        assert position is not None
        return lambda a, b: operation(position(a), position(b))

    builtin(name, bind=True)(bind)


for _suffix in _COMPARE:
    _bind_enum(f"enum_{_suffix}", getattr(operator, _suffix))
_bind_enum("enum_cmp", lambda a, b: (a > b) - (a < b))


def _bind_enum_choice(name: str, larger: bool) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        position = type_io(types[0], catalog).sort_key
        assert position is not None
        choose = max if larger else min
        return lambda a, b: choose(a, b, key=position)

    builtin(name, bind=True)(bind)


_bind_enum_choice("enum_larger", True)
_bind_enum_choice("enum_smaller", False)


def _labels(types: tuple[int, ...], catalog: Any) -> tuple[str, ...]:
    info = catalog.type_info(types[0])
    if not info.enum_labels:
        raise data_error("55000", f"enum {info.display} contains no values")
    return info.enum_labels  # type: ignore[no-any-return]


@builtin("enum_first", bind=True)
def enum_first(types: tuple[int, ...], catalog: Any) -> Any:
    return lambda _: _labels(types, catalog)[0]


@builtin("enum_last", bind=True)
def enum_last(types: tuple[int, ...], catalog: Any) -> Any:
    return lambda _: _labels(types, catalog)[-1]


@builtin("enum_range_all", bind=True)
def enum_range_all(types: tuple[int, ...], catalog: Any) -> Any:
    return lambda _: PgArray(list(catalog.type_info(types[0]).enum_labels))


@builtin("enum_range_bounds", bind=True)
def enum_range_bounds(types: tuple[int, ...], catalog: Any) -> Any:
    labels = catalog.type_info(types[0]).enum_labels

    def run(low: str | None, high: str | None) -> PgArray:
        begin = 0 if low is None else labels.index(low)
        end = len(labels) if high is None else labels.index(high) + 1
        return PgArray(list(labels[begin:end]))

    return run


# record
def _check_rows(a: Row, b: Row, catalog: Any) -> None:
    if len(a) != len(b):
        raise data_error("42804", "cannot compare record types with different numbers of columns")
    for index, (left, right) in enumerate(zip(a.types, b.types, strict=False), 1):
        if left != right:
            first, second = catalog.type_info(left).display, catalog.type_info(right).display
            raise data_error(
                "42804", f"cannot compare dissimilar column types {first} and {second} at record column {index}"
            )


def _row_types(row: Row, oid: int, catalog: Any) -> tuple[int, ...]:
    if row.types:
        return row.types
    return tuple(each for _, each, _ in catalog.type_info(oid).attributes)


def _bind_rows(name: str, operation: Callable[[Any, Any], Any]) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(a: Row, b: Row) -> Any:
            _check_rows(a, b, catalog)
            left = row_key(a, _row_types(a, types[0], catalog), catalog)
            right = row_key(b, _row_types(b, types[1] if len(types) > 1 else types[0], catalog), catalog)
            return operation(left, right)

        return run

    builtin(name, bind=True)(bind)


for _suffix in _COMPARE:
    _bind_rows(f"record_{_suffix}", getattr(operator, _suffix))
    _bind_rows(f"record_image_{_suffix}", getattr(operator, _suffix))
_bind_rows("btrecordcmp", lambda a, b: (a > b) - (a < b))
_bind_rows("btrecordimagecmp", lambda a, b: (a > b) - (a < b))


def _bind_row_choice(name: str, larger: bool) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(a: Row, b: Row) -> Row:
            _check_rows(a, b, catalog)
            left = row_key(a, _row_types(a, types[0], catalog), catalog)
            right = row_key(b, _row_types(b, types[0], catalog), catalog)
            return (a if left > right else b) if larger else (a if left < right else b)

        return run

    builtin(name, bind=True)(bind)


_bind_row_choice("record_larger", True)
_bind_row_choice("record_smaller", False)


# uuid
@builtin("gen_random_uuid", ctx=True)
def gen_random_uuid(ctx: Any) -> bytes:
    data = bytearray(ctx.random_bytes(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


_UNIX_EPOCH_US = 946_684_800_000_000


def _uuid_v7(ctx: Any, moment: int) -> bytes:
    """48 bits of Unix milliseconds, then 12 bits of their fraction, then dice."""
    us = moment + _UNIX_EPOCH_US
    milliseconds, rest = divmod(us, 1000)
    fraction = rest * 4096 // 1000
    data = bytearray(
        (milliseconds & 0xFFFFFFFFFFFF).to_bytes(6, "big") + fraction.to_bytes(2, "big") + ctx.random_bytes(8)
    )
    data[6] = data[6] & 0x0F | 0x70
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


@builtin("uuidv7", ctx=True)
def uuidv7(ctx: Any) -> bytes:
    return _uuid_v7(ctx, ctx.clock_timestamp())


@builtin("uuidv7_interval", ctx=True)
def uuidv7_shifted(ctx: Any, shift: Any) -> bytes:
    from emulators.postgres.functions.datetimes import timestamptz_plus

    return _uuid_v7(ctx, timestamptz_plus(ctx.clock_timestamp(), shift, ctx.time_zone))


@builtin("uuid_extract_version")
def uuid_version(value: bytes) -> int | None:
    return value[6] >> 4 if value[8] & 0xC0 == 0x80 else None


@builtin("uuid_extract_timestamp")
def uuid_timestamp(value: bytes) -> int | None:
    if value[8] & 0xC0 != 0x80:
        return None
    version = value[6] >> 4
    if version == 1:
        ticks = (
            (value[6] & 0x0F) << 56
            | value[7] << 48
            | value[4] << 40
            | value[5] << 32
            | int.from_bytes(value[:4], "big")
        )
        return ticks // 10 - 12_219_292_800_000_000 - _UNIX_EPOCH_US
    if version == 7:
        return int.from_bytes(value[:6], "big") * 1000 - _UNIX_EPOCH_US
    return None


# pg_lsn
@builtin("pg_lsn_mi")
def lsn_difference(a: int, b: int) -> Decimal:
    return Decimal(a - b)


def _lsn_add(lsn: int, amount: Decimal, sign: int) -> int:
    if amount.is_nan():
        raise feature_not_supported(f"cannot {'add NaN to' if sign > 0 else 'subtract NaN from'} pg_lsn")
    if amount.is_infinite():
        raise feature_not_supported("cannot convert infinity to pg_lsn")
    result = lsn + sign * int(amount.quantize(Decimal(1), ROUND_HALF_UP, EXACT))
    if not 0 <= result < 2**64:
        raise invalid_parameter("pg_lsn out of range")
    return result


@builtin("pg_lsn_pli")
def lsn_plus(lsn: int, amount: Decimal) -> int:
    return _lsn_add(lsn, amount, 1)


@builtin("pg_lsn_mii")
def lsn_minus(lsn: int, amount: Decimal) -> int:
    return _lsn_add(lsn, amount, -1)


@builtin("numeric_pg_lsn")
def numeric_to_lsn(value: Decimal) -> int:
    if not value.is_finite():
        raise feature_not_supported(f"cannot convert {'NaN' if value.is_nan() else 'infinity'} to pg_lsn")
    return _lsn_add(0, value, 1)


@builtin("sql:numeric_pl_pg_lsn(numeric,pg_lsn)")
def plus_lsn(amount: Decimal, lsn: int) -> int:
    return _lsn_add(lsn, amount, 1)


# money
def _money(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise data_error("22003", "money out of range")
    return value


@builtin("cash_pl")
def money_add(a: int, b: int) -> int:
    return _money(a + b)


@builtin("cash_mi")
def money_subtract(a: int, b: int) -> int:
    return _money(a - b)


@builtin("cash_mul_int2", "cash_mul_int4", "cash_mul_int8", "int2_mul_cash", "int4_mul_cash", "int8_mul_cash")
def money_times(a: int, b: int) -> int:
    return _money(a * b)


@builtin("cash_div_int2", "cash_div_int4", "cash_div_int8")
def money_divide(a: int, b: int) -> int:
    if b == 0:
        raise division_by_zero()
    quotient = abs(a) // abs(b)
    return _money(quotient if (a < 0) == (b < 0) else -quotient)


def _money_float(value: float) -> int:
    if value != value or abs(value) >= 2.0**63:
        raise data_error("22003", "money out of range")
    return round(value)


@builtin("cash_mul_flt8", "cash_mul_flt4")
def money_times_float(a: int, b: float) -> int:
    return _money_float(a * b)


@builtin("flt8_mul_cash", "flt4_mul_cash")
def float_times_money(a: float, b: int) -> int:
    return _money_float(a * b)


@builtin("cash_div_flt8", "cash_div_flt4")
def money_divide_float(a: int, b: float) -> int:
    if b == 0:
        raise division_by_zero()
    return _money_float(a / b)


@builtin("cash_div_cash")
def money_ratio(a: int, b: int) -> float:
    if b == 0:
        raise division_by_zero()
    return a / b


@builtin("cash_numeric")
def money_to_numeric(value: int) -> Decimal:
    return Decimal(value).scaleb(-2)


@builtin("numeric_cash")
def numeric_to_money(value: Decimal) -> int:
    if not value.is_finite():
        raise feature_not_supported(f"cannot convert {'NaN' if value.is_nan() else 'infinity'} to bigint")
    return _money(int(round_to(EXACT.multiply(value, Decimal(100)), 0)))


@builtin("int4_cash", "int8_cash")
def integer_to_money(value: int) -> int:
    result = value * 100
    return result if -(2**63) <= result < 2**63 else int8_overflow()


# macaddr
@builtin("macaddr_not")
def mac_not(value: int) -> int:
    return ~value & 0xFFFFFFFFFFFF


@builtin("macaddr8_not")
def mac8_not(value: int) -> int:
    return ~value & 0xFFFFFFFFFFFFFFFF


expression("macaddr_and", "macaddr8_and", template="({0} & {1})")
expression("macaddr_or", "macaddr8_or", template="({0} | {1})")


@builtin("macaddr_trunc")
def mac_trunc(value: int) -> int:
    return value >> 24 << 24


@builtin("macaddr8_trunc")
def mac8_trunc(value: int) -> int:
    return value >> 40 << 40


@builtin("macaddr8_set7bit")
def mac8_set7bit(value: int) -> int:
    return value | 2 << 56


@builtin("macaddrtomacaddr8")
def mac_to_mac8(value: int) -> int:
    return value >> 24 << 40 | 0xFFFE << 24 | value & 0xFFFFFF


@builtin("macaddr8tomacaddr")
def mac8_to_mac(value: int) -> int:
    if value >> 24 & 0xFFFF != 0xFFFE:
        raise data_error(
            "22003",
            "macaddr8 data out of range to convert to macaddr",
            hint="Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example "
            "xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.",
        )
    return value >> 40 << 24 | value & 0xFFFFFF
