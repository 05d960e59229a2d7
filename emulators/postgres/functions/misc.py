"""What fits nowhere else: null counts, sizes in words, type names, input checks, zone lists, *send functions, the
transition functions that SQL may call directly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Any

from emulators.postgres.errors import PgError
from emulators.postgres.functions.aggregates import (
    _FINALS,
    FloatMoments,
    Regression,
    _float_spread,
    _float_step,
    _regression_step,
)
from emulators.postgres.functions.inline import int8_wrap
from emulators.postgres.functions.numeric import divide, round_numeric, truncate_numeric
from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types import registry as types_registry
from emulators.postgres.types.datetime_core import EPOCH_SECONDS
from emulators.postgres.types.errors import data_error, int8_overflow, invalid_parameter
from emulators.postgres.types.numeric import EXACT, numeric_text, parse_numeric
from emulators.postgres.types.registry import BINARY_OUT, TEXT_OUT, type_io
from emulators.postgres.types.timezone_abbreviations import ABBREVIATIONS
from emulators.postgres.types.timezones import named_zone, zone_names
from emulators.postgres.types.values import Interval, PgArray, Row


# Nulls
def _null_counter(name: str, nulls: bool) -> None:
    def bind(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
        def run(values: Any) -> int | None:
            if values is None:
                return None
            items = values.elements if isinstance(values, PgArray) else values
            return sum((item is None) == nulls for item in items)

        return run

    builtin(name, bind=True, variadic_any=True)(bind)


_null_counter("pg_num_nulls", True)
_null_counter("pg_num_nonnulls", False)


# Types
@builtin("pg_typeof", bind=True)
def pg_typeof(types: tuple[int, ...], catalog: Any) -> Any:
    return lambda _: types[0]


@builtin("oidvectortypes", ctx=True)
def oidvectortypes(ctx: Any, types: PgArray) -> str:
    return ", ".join(ctx.catalog.type_info(oid).display for oid in types.elements)


@builtin("pg_column_size", bind=True, ctx=True)
def pg_column_size(types: tuple[int, ...], catalog: Any) -> Any:
    """The stored size: exact for fixed-length types, header plus binary form for the others."""
    io = type_io(types[0], catalog)

    def run(ctx: Any, value: Any) -> int | None:
        if value is None:
            return None
        length = io.info.length
        if length > 0:
            return length
        if io.info.input == "numeric_in":
            groups = (len(io.binary_out(value, ctx)) - 8) // 2
            return 4 + 2 + 2 * groups
        return 4 + len(io.binary_out(value, ctx))

    return run


def _check_input(ctx: Any, text: str, type_text: str) -> PgError | None:
    match = re.match(r"(.*?)\s*\(([^)]*)\)\s*\Z", type_text)
    name, modifiers = (match[1], match[2].split(",")) if match else (type_text, [])
    oid = ctx.reg_in("regtype", name)
    io = type_io(oid, ctx.catalog)
    typmod = types_registry.typmod_in(io.info.modin, [each.strip() for each in modifiers]) if modifiers else -1
    try:
        io.text_in(text, typmod, ctx)
    except PgError as error:
        return error
    return None


@builtin("pg_input_is_valid", ctx=True)
def pg_input_is_valid(ctx: Any, text: str, type_text: str) -> bool:
    return _check_input(ctx, text, type_text) is None


@builtin("pg_input_error_info", ctx=True)
def pg_input_error_info(ctx: Any, text: str, type_text: str) -> Row:
    error = _check_input(ctx, text, type_text)
    names = ("message", "detail", "hint", "sql_error_code")
    if error is None:
        return Row.of((None, None, None, None), (25, 25, 25, 25), names)
    return Row.of((error.message, error.detail, error.hint, error.sqlstate), (25, 25, 25, 25), names)


# Sizes
_UNITS = (("bytes", 10 * 1024, 0), ("kB", 20 * 1024 - 1, 10), ("MB", 20 * 1024 - 1, 20), ("GB", 20 * 1024 - 1, 30))
_ALL_UNITS = (*_UNITS, ("TB", 20 * 1024 - 1, 40), ("PB", 20 * 1024 - 1, 50))


def _half_rounded(value: int) -> int:
    return (value + (1 if value >= 0 else -1)) // 2 if value >= 0 else -((-value + 1) // 2)


@builtin("pg_size_pretty")
def pg_size_pretty(size: int) -> str:
    """Largest unit that keeps the number under 10240 (20480 halves afterwards)."""
    for index, (name, limit, shift) in enumerate(_ALL_UNITS):
        last = index == len(_ALL_UNITS) - 1
        if last or abs(size) < limit:
            if index:
                size = _half_rounded(size)
            return f"{size} {name}"
        following = _ALL_UNITS[index + 1][2]
        # One bit is kept back for rounding.
        bits = following - shift - (1 if index == 0 else 0)
        size = size >> bits if size >= 0 else -(-size >> bits)
    raise AssertionError("the last unit takes everything")


@builtin("pg_size_pretty_numeric")
def pg_size_pretty_numeric(size: Decimal) -> str:
    if not size.is_finite():
        return f"{numeric_text(size)} PB"
    value = size
    for index, (name, limit, shift) in enumerate(_ALL_UNITS):
        last = index == len(_ALL_UNITS) - 1
        if last or value.copy_abs() < limit:
            if index:
                one = Decimal(1) if value >= 0 else Decimal(-1)
                value = divide(EXACT.add(truncate_numeric(value, 0), one), Decimal(2)).quantize(
                    Decimal(1), ROUND_DOWN, EXACT
                )
            return f"{numeric_text(value)} {name}"
        following = _ALL_UNITS[index + 1][2]
        bits = following - shift - (1 if index == 0 else 0)
        value = divide(value, Decimal(1 << bits)).quantize(Decimal(1), ROUND_DOWN, EXACT)
    raise AssertionError("the last unit takes everything")


_SIZE = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*?)\s*\Z", re.DOTALL)


@builtin("pg_size_bytes")
def pg_size_bytes(text: str) -> int:
    match = _SIZE.match(text)
    if match is None:
        raise invalid_parameter(f'invalid size: "{text}"')
    number = parse_numeric(match[1])
    unit = match[2].lower()
    if unit:
        shifts = {"b": 0, **{name.lower(): shift for name, _, shift in _ALL_UNITS}}
        if unit not in shifts:
            raise invalid_parameter(
                f'invalid size: "{text}"',
                f'Invalid size unit: "{match[2]}".',
                'Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
            )
        number = EXACT.multiply(number, Decimal(1 << shifts[unit]))
    result = int(round_numeric(number, 0))
    if not -(2**63) <= result < 2**63:
        raise data_error("22003", "bigint out of range")
    return result


# Zones
def _offset_interval(seconds: int) -> Interval:
    return Interval(0, 0, seconds * 1_000_000)


@builtin("pg_timezone_names", ctx=True, srf=True)
def pg_timezone_names(ctx: Any) -> Iterator[tuple[str, str, Interval, bool]]:
    moment = ctx.transaction_timestamp // 1_000_000 + EPOCH_SECONDS
    for name in zone_names().values():
        zone = named_zone(name)
        assert zone is not None
        period = zone.at(moment)
        yield name, period.abbreviation, _offset_interval(period.offset), period.summer


@builtin("pg_timezone_abbrevs_abbrevs", srf=True)
def pg_timezone_abbrevs() -> Iterator[tuple[str, Interval, bool]]:
    for name, (offset, summer) in ABBREVIATIONS.items():
        yield name.upper(), _offset_interval(offset), summer


@builtin("pg_timezone_abbrevs_zone", ctx=True, srf=True)
def pg_session_abbrevs(ctx: Any) -> list[tuple[str, Interval, bool]]:
    zone = ctx.time_zone
    moment = ctx.transaction_timestamp // 1_000_000 + EPOCH_SECONDS
    found = {}
    for period in (zone.at(moment), zone.at(zone.at(moment).end) if zone.fixed is None else zone.at(moment)):
        found[period.abbreviation] = (period.abbreviation, _offset_interval(period.offset), period.summer)
    return sorted(found.values())


# Binary output as functions
_SENT_BY_TYPE = (
    "array_send",
    "anyarray_send",
    "anycompatiblearray_send",
    "record_send",
    "enum_send",
    "range_send",
    "multirange_send",
    "int2vectorsend",
    "oidvectorsend",
)


def _register_send() -> None:
    def plain(name: str) -> None:
        out = BINARY_OUT[name]
        builtin(name, ctx=True)(lambda ctx, value: out(value, ctx))

    for name in BINARY_OUT:
        if name not in ("cstring_send", "xml_send"):
            plain(name)
    for name in _SENT_BY_TYPE:

        @builtin(name, bind=True, ctx=True)
        def bind(types: tuple[int, ...], catalog: Any) -> Any:
            out = type_io(types[0], catalog).binary_out
            return lambda ctx, value: out(value, ctx)


types_registry.load()
_register_send()


# Text output as functions
_SHOWN_BY_TYPE = (
    "array_out",
    "anyarray_out",
    "anycompatiblearray_out",
    "record_out",
    "enum_out",
    "anyenum_out",
    "range_out",
    "anyrange_out",
    "multirange_out",
    "anymultirange_out",
    "int2vectorout",
    "oidvectorout",
)


def _register_out() -> None:
    def plain(name: str) -> None:
        out = TEXT_OUT[name]
        builtin(name, ctx=True)(lambda ctx, value: out(value, ctx))

    for name in TEXT_OUT:
        if name not in _SHOWN_BY_TYPE:
            plain(name)
    for name in _SHOWN_BY_TYPE:

        @builtin(name, bind=True, ctx=True)
        def bind(types: tuple[int, ...], catalog: Any) -> Any:
            out = type_io(types[0], catalog).text_out
            return lambda ctx, value: out(value, ctx)


_register_out()


# Transition functions over arrays
def _transition(array: PgArray, name: str, size: int) -> list[Any]:
    if len(array.dims) != 1 or array.dims[0] != size or None in array.elements:
        raise data_error("XX000", f"{name}: expected {size}-element float8 array")
    return array.elements


def _moments(array: PgArray, name: str) -> FloatMoments:
    count, total, squares = _transition(array, name, 3)
    state = FloatMoments()
    state.count, state.total, state.squares = int(count), total, squares
    return state


@builtin("float8_accum", "float4_accum")
def float8_accum(array: PgArray, value: float) -> PgArray:
    state = _float_step(_moments(array, "float8_accum"), value)
    return PgArray([float(state.count), state.total, state.squares])


@builtin("float8_combine")
def float8_combine(a: PgArray, b: PgArray) -> PgArray:
    x, y = _moments(a, "float8_combine"), _moments(b, "float8_combine")
    if not x.count or not y.count:
        return b if not x.count else a
    count = x.count + y.count
    difference = x.total / x.count - y.total / y.count
    squares = x.squares + y.squares + x.count * y.count * difference * difference / count
    return PgArray([float(count), x.total + y.total, squares])


@builtin("float8_avg")
def float8_avg(array: PgArray) -> float | None:
    state = _moments(array, "float8_avg")
    return state.total / state.count if state.count else None


def _spread(name: str, variance: bool, sample: bool) -> None:
    builtin(name)(lambda array: _float_spread(_moments(array, name), variance, sample))


_spread("float8_var_pop", True, False)
_spread("float8_var_samp", True, True)
_spread("float8_stddev_pop", False, False)
_spread("float8_stddev_samp", False, True)


def _regression(array: PgArray, name: str) -> Regression:
    state = Regression()
    count, state.sx, state.sxx, state.sy, state.syy, state.sxy = _transition(array, name, 6)
    state.count = int(count)
    return state


@builtin("float8_regr_accum")
def float8_regr_accum(array: PgArray, y: float, x: float) -> PgArray:
    state = _regression_step(_regression(array, "float8_regr_accum"), y, x)
    return PgArray([float(state.count), state.sx, state.sxx, state.sy, state.syy, state.sxy])


def _regression_final(name: str, final: Any) -> None:
    builtin(name)(lambda array: final(_regression(array, name)))


for _name, _final in _FINALS.items():
    if _name != "regr_count":
        _regression_final(f"float8_{_name}", _final)


@builtin("int8inc_any")
def int8inc_any(count: int, value: Any) -> int:
    return count + 1 if count < 2**63 - 1 else int8_overflow()


@builtin("int8dec_any")
def int8dec_any(count: int, value: Any) -> int:
    return count - 1 if count > -(2**63) else int8_overflow()


@builtin("int8inc_float8_float8")
def int8inc_float8_float8(count: int, y: float, x: float) -> int:
    return int8inc_any(count, None)


@builtin("int2_sum", "int4_sum")
def int_sum(total: int | None, value: int | None) -> int | None:
    if value is None:
        return total
    # Upstream's transition function wraps around; sum() itself uses a wider state.
    return value if total is None else int8_wrap(total + value)


@builtin("int8_sum")
def int8_sum(total: Decimal | None, value: int | None) -> Decimal | None:
    if value is None:
        return total
    return Decimal(value) if total is None else EXACT.add(total, Decimal(value))


@builtin("int2_avg_accum", "int4_avg_accum")
def int_avg_accum(state: PgArray, value: int) -> PgArray:
    count, total = _transition(state, "int4_avg_accum", 2)
    return PgArray([count + 1, total + value])


@builtin("int2_avg_accum_inv", "int4_avg_accum_inv")
def int_avg_accum_inverse(state: PgArray, value: int) -> PgArray:
    count, total = _transition(state, "int4_avg_accum_inv", 2)
    return PgArray([count - 1, total - value])


@builtin("int4_avg_combine")
def int_avg_combine(a: PgArray, b: PgArray) -> PgArray:
    return PgArray([left + right for left, right in zip(a.elements, b.elements, strict=True)])


@builtin("int8_avg")
def int8_avg(state: PgArray) -> Decimal | None:
    count, total = _transition(state, "int8_avg", 2)
    return divide(Decimal(total), Decimal(count)) if count else None


@builtin("int2int4_sum")
def int2int4_sum(state: PgArray) -> int | None:
    count, total = _transition(state, "int2int4_sum", 2)
    return total if count else None


@builtin("any_value_transfn")
def any_value_transition(state: Any, value: Any) -> Any:
    return state


expression("xid8toxid", template="({0} & 4294967295)", arity=1)


@builtin("unicode_version")
def unicode_version() -> str:
    return "16.0"


_ENCODINGS = {
    6: "UTF8",
    0: "SQL_ASCII",
    8: "LATIN1",
    9: "LATIN2",
    16: "LATIN9",
    23: "WIN1251",
    24: "WIN1252",
    22: "KOI8R",
}


@builtin("PG_encoding_to_char")
def encoding_to_char(number: int) -> str:
    return _ENCODINGS.get(number, "")


@builtin("PG_char_to_encoding")
def char_to_encoding(name: str) -> int:
    wanted = re.sub(r"[^a-z0-9]", "", name.lower())
    for number, known in _ENCODINGS.items():
        if re.sub(r"[^a-z0-9]", "", known.lower()) == wanted:
            return number
    return 6 if wanted == "unicode" else -1


@builtin("pg_encoding_max_length_sql")
def encoding_max_length(number: int) -> int | None:
    return None if number not in _ENCODINGS else 4 if number == 6 else 1
