"""interval arithmetic and normalising, and extract/date_part/date_trunc/date_bin of every date/time type.

extract gives numeric with the unit's own scale, date_part the same as float8. ISO weeks start on Monday.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.datetimes import (
    _zone_for_function,
    date_to_timestamp_exact,
    is_infinite,
    is_infinite_interval,
    negate_interval,
)
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.datetime_core import (
    EPOCH_SECONDS,
    JULIAN_EPOCH,
    USECS_PER_DAY,
    check_timestamp,
    from_days,
    from_local,
    interval_out_of_range,
    to_days,
    to_local,
    weekday,
)
from emulators.postgres.types.datetime_parse import keyword
from emulators.postgres.types.errors import data_error, division_by_zero, feature_not_supported, invalid_parameter
from emulators.postgres.types.interval import split, unit_of
from emulators.postgres.types.numeric import EXACT, INFINITY, MINUS_INFINITY
from emulators.postgres.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    INTERVAL_INFINITY,
    INTERVAL_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    Interval,
    TimeTz,
)

builtin("interval_um")(negate_interval)


@builtin("interval_finite")
def interval_finite(value: Interval) -> bool:
    return not is_infinite_interval(value)


def _make(months: int, days: int, us: int) -> Interval:
    if not (-(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= us < 2**63):
        raise interval_out_of_range()
    result = Interval(months, days, us)
    if is_infinite_interval(result):
        raise interval_out_of_range()
    return result


@builtin("interval_pl")
def add(a: Interval, b: Interval) -> Interval:
    for x, y in ((a, b), (b, a)):
        if is_infinite_interval(x):
            if is_infinite_interval(y) and x != y:
                raise interval_out_of_range()
            return x
    return _make(a.months + b.months, a.days + b.days, a.us + b.us)


@builtin("interval_mi")
def subtract(a: Interval, b: Interval) -> Interval:
    if is_infinite_interval(a):
        if a == b:
            raise interval_out_of_range()
        return a
    if is_infinite_interval(b):
        return negate_interval(b)
    return _make(a.months - b.months, a.days - b.days, a.us - b.us)


def _round_6(value: float) -> float:
    """Round to microseconds of a second, as TSROUND does."""
    return round(value * 1_000_000) / 1_000_000


def _scale(value: Interval, factor: float, divide: bool) -> Interval:
    def times(part: int) -> float:
        return part / factor if divide else part * factor

    months_exact, days_exact = times(value.months), times(value.days)
    if not (abs(months_exact) < 2**31 and abs(days_exact) < 2**31):
        raise interval_out_of_range()
    months, days = int(months_exact), int(days_exact)
    # Fractions of months become days, fractions of days become time; never the other way.
    month_days = _round_6((months_exact - months) * 30.0)
    seconds = _round_6((days_exact - days + month_days - int(month_days)) * 86400.0)
    if abs(seconds) >= 86400:
        whole = int(seconds / 86400)
        days += whole
        seconds -= whole * 86400
    days += int(month_days)
    us = round(times(value.us) + seconds * 1_000_000) if math.isfinite(times(value.us)) else 2**63
    return _make(months, days, us)


@builtin("interval_mul")
def multiply(value: Interval, factor: float) -> Interval:
    if factor != factor:
        raise interval_out_of_range()
    if is_infinite_interval(value):
        if factor == 0:
            raise interval_out_of_range()
        return value if factor > 0 else negate_interval(value)
    if math.isinf(factor):
        sign = _sign(value)
        if sign == 0:
            raise interval_out_of_range()
        return INTERVAL_INFINITY if (sign > 0) == (factor > 0) else INTERVAL_MINUS_INFINITY
    return _scale(value, factor, False)


def _sign(value: Interval) -> int:
    from emulators.postgres.types.interval import span

    size = span(value)
    return (size > 0) - (size < 0)


@builtin("mul_d_interval")
def multiply_left(factor: float, value: Interval) -> Interval:
    return multiply(value, factor)


@builtin("interval_div")
def divide(value: Interval, factor: float) -> Interval:
    if factor == 0:
        raise division_by_zero()
    if factor != factor:
        raise interval_out_of_range()
    if is_infinite_interval(value):
        if math.isinf(factor):
            raise interval_out_of_range()
        return value if factor > 0 else negate_interval(value)
    return _scale(value, factor, True)


@builtin("interval_justify_hours")
def justify_hours(value: Interval) -> Interval:
    if is_infinite_interval(value):
        return value
    months, days, us = value
    whole = (
        int(us / USECS_PER_DAY) if abs(us) < 2**52 else (us // USECS_PER_DAY if us >= 0 else -(-us // USECS_PER_DAY))
    )
    us -= whole * USECS_PER_DAY
    days += whole
    if days > 0 and us < 0:
        us += USECS_PER_DAY
        days -= 1
    elif days < 0 and us > 0:
        us -= USECS_PER_DAY
        days += 1
    return _make(months, days, us)


@builtin("interval_justify_days")
def justify_days(value: Interval) -> Interval:
    if is_infinite_interval(value):
        return value
    months, days, us = value
    whole = int(days / 30)
    days -= whole * 30
    months += whole
    if months > 0 and days < 0:
        days += 30
        months -= 1
    elif months < 0 and days > 0:
        days -= 30
        months += 1
    return _make(months, days, us)


@builtin("interval_justify_interval")
def justify_interval(value: Interval) -> Interval:
    if is_infinite_interval(value):
        return value
    months, days, us = value
    if (days > 0 and us > 0) or (days < 0 and us < 0):
        whole = int(days / 30)
        days -= whole * 30
        months += whole
    whole = us // USECS_PER_DAY if us >= 0 else -(-us // USECS_PER_DAY)
    us -= whole * USECS_PER_DAY
    days += whole
    whole = int(days / 30)
    days -= whole * 30
    months += whole
    if months > 0 and (days < 0 or (days == 0 and us < 0)):
        days += 30
        months -= 1
    elif months < 0 and (days > 0 or (days == 0 and us > 0)):
        days -= 30
        months += 1
    if days > 0 and us < 0:
        us += USECS_PER_DAY
        days -= 1
    elif days < 0 and us > 0:
        us -= USECS_PER_DAY
        days += 1
    return _make(months, days, us)


@builtin("make_interval")
def make_interval(years: int, months: int, weeks: int, days: int, hours: int, mins: int, secs: float) -> Interval:
    if not math.isfinite(secs):
        raise interval_out_of_range()
    total_us = round(secs * 1_000_000) + mins * 60_000_000 + hours * 3_600_000_000
    return _make(years * 12 + months, weeks * 7 + days, total_us)


# Units
def _unit(text: str) -> tuple[str, str]:
    """(unit in lower case, kind): kind is field, special (epoch), or unknown."""
    lowered = "".join(c.lower() if c.isascii() else c for c in text)
    found = unit_of(lowered)
    if found is not None:
        return found, "field"
    word = keyword(lowered)
    if word is not None and word[0] == "unit":
        return str(word[1]), "field"
    if lowered == "epoch":
        return "epoch", "special"
    return lowered, "unknown"


def _not_recognized(text: str, type_name: str) -> Exception:
    return invalid_parameter(f'unit "{text.lower()}" not recognized for type {type_name}')


def _not_supported(text: str, type_name: str, detail: str | None = None) -> Exception:
    return feature_not_supported(f'unit "{text.lower()}" not supported for type {type_name}', detail)


def iso_week(days: int) -> tuple[int, int]:
    """ISO year and week of a date."""
    thursday = days - (weekday(days) - 1) % 7 + 3
    year = from_days(thursday)[0]
    return year, (thursday - to_days(year, 1, 1)) // 7 + 1


def _signed_year(year: int) -> int:
    return year if year > 0 else year - 1


def _century(year: int, size: int) -> int:
    if year > 0:
        return (year + size - 1) // size
    return -((size - 1 - (year - 1)) // size)


def _scaled(value: int, scale: int) -> Decimal:
    return EXACT.scaleb(Decimal(value), -scale)


def _date_unit(unit: str, days: int) -> int | None:
    """Units of a date; None when `unit` is not one."""
    year, month, day = from_days(days)
    if unit == "day":
        return day
    if unit == "month":
        return month
    if unit == "quarter":
        return (month - 1) // 3 + 1
    if unit == "week":
        return iso_week(days)[1]
    if unit == "year":
        return _signed_year(year)
    if unit == "decade":
        return year // 10
    if unit == "century":
        return _century(year, 100)
    if unit == "millennium":
        return _century(year, 1000)
    if unit == "isoyear":
        return _signed_year(iso_week(days)[0])
    if unit == "dow":
        return weekday(days)
    if unit == "isodow":
        return weekday(days) or 7
    if unit == "doy":
        return days - to_days(year, 1, 1) + 1
    return None


def _time_unit(unit: str, us: int) -> Decimal | None:
    """Units of a time of day; None when `unit` is not one."""
    if unit == "microsecond":
        return Decimal(us % 60_000_000)
    if unit == "millisecond":
        return _scaled(us % 60_000_000, 3)
    if unit == "second":
        return _scaled(us % 60_000_000, 6)
    if unit == "minute":
        return Decimal(us // 60_000_000 % 60)
    if unit == "hour":
        return Decimal(us // 3_600_000_000)
    return None


_MONOTONIC = ("epoch", "year", "decade", "century", "millennium", "julian", "isoyear")
_CYCLIC = [
    "microsecond",
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "month",
    "quarter",
    "week",
    "dow",
    "isodow",
    "doy",
    "timezone",
    "timezone_hour",
    "timezone_minute",
]


def _infinite_part(text: str, unit: str, kind: str, positive: bool, type_name: str, cyclic: Any) -> Decimal | None:
    if kind == "unknown":
        raise _not_recognized(text, type_name)
    if unit in _MONOTONIC:
        return INFINITY if positive else MINUS_INFINITY
    if unit in cyclic:
        return None
    raise _not_supported(text, type_name)


def _zone_unit(unit: str, east: int) -> Decimal | None:
    if unit == "timezone":
        return Decimal(east)
    size = abs(east)
    sign = -1 if east < 0 else 1
    if unit == "timezone_hour":
        return Decimal(sign * (size // 3600))
    if unit == "timezone_minute":
        return Decimal(sign * (size // 60 % 60))
    return None


def extract_timestamp(text: str, value: int, east: int | None, zone_name: str) -> Decimal | None:
    """extract() of a wall clock; `east` is None for timestamp without time zone."""
    type_name = zone_name
    unit, kind = _unit(text)
    if is_infinite(value):
        cyclic = _CYCLIC if east is not None else _CYCLIC[:-3]
        return _infinite_part(text, unit, kind, value == TIMESTAMP_INFINITY, type_name, cyclic)
    if kind == "unknown":
        raise _not_recognized(text, type_name)
    days, us = divmod(value, USECS_PER_DAY)
    if unit == "epoch":
        return _scaled(value + (EPOCH_SECONDS - (east or 0)) * 1_000_000, 6)
    if unit == "julian":
        return _julian(days, us)
    part = _date_unit(unit, days)
    if part is not None:
        return Decimal(part)
    time_part = _time_unit(unit, us)
    if time_part is not None:
        return time_part
    if east is not None:
        zone_part = _zone_unit(unit, east)
        if zone_part is not None:
            return zone_part
    raise _not_supported(text, type_name)


def _julian(days: int, us: int) -> Decimal:
    from emulators.postgres.functions.numeric import add as add_numeric
    from emulators.postgres.functions.numeric import divide as divide_numeric

    return add_numeric(Decimal(days + JULIAN_EPOCH), divide_numeric(Decimal(us), Decimal(USECS_PER_DAY)))


_TIMESTAMP = "timestamp without time zone"
_TIMESTAMPTZ = "timestamp with time zone"


@builtin("extract_timestamp")
def extract_from_timestamp(unit: str, value: int) -> Decimal | None:
    return extract_timestamp(unit, value, None, _TIMESTAMP)


@builtin("extract_timestamptz", ctx=True)
def extract_from_timestamptz(ctx: Any, unit: str, value: int) -> Decimal | None:
    if is_infinite(value):
        return extract_timestamp(unit, value, 0, _TIMESTAMPTZ)
    local = to_local(value, ctx.time_zone)
    return extract_timestamp(unit, local, (local - value) // 1_000_000, _TIMESTAMPTZ)


@builtin("extract_date")
def extract_from_date(text: str, days: int) -> Decimal | None:
    unit, kind = _unit(text)
    if days in (DATE_INFINITY, DATE_MINUS_INFINITY):
        return _infinite_part(
            text, unit, kind, days == DATE_INFINITY, "date", ["day", "month", "quarter", "week", "dow", "isodow", "doy"]
        )
    if kind == "unknown":
        raise _not_recognized(text, "date")
    if unit == "epoch":
        return Decimal(days * 86400 + EPOCH_SECONDS)
    if unit == "julian":
        return Decimal(days + JULIAN_EPOCH)
    part = _date_unit(unit, days)
    if part is None:
        raise _not_supported(text, "date")
    return Decimal(part)


@builtin("extract_time")
def extract_from_time(text: str, us: int) -> Decimal:
    unit, kind = _unit(text)
    if kind == "unknown":
        raise _not_recognized(text, "time without time zone")
    if unit == "epoch":
        return _scaled(us, 6)
    part = _time_unit(unit, us)
    if part is None:
        raise _not_supported(text, "time without time zone")
    return part


@builtin("extract_timetz")
def extract_from_timetz(text: str, value: TimeTz) -> Decimal:
    unit, kind = _unit(text)
    if kind == "unknown":
        raise _not_recognized(text, "time with time zone")
    if unit == "epoch":
        return _scaled(value.us + value.zone * 1_000_000, 6)
    part = _time_unit(unit, value.us)
    if part is None:
        part = _zone_unit(unit, -value.zone)
    if part is None:
        raise _not_supported(text, "time with time zone")
    return part


def _toward_zero(value: int, size: int) -> int:
    return value // size if value >= 0 else -(-value // size)


@builtin("extract_interval")
def extract_from_interval(text: str, value: Interval) -> Decimal | None:
    unit, kind = _unit(text)
    if is_infinite_interval(value):
        if kind == "unknown":
            raise _not_recognized(text, "interval")
        if unit in ("epoch", "hour", "day", "week", "year", "decade", "century", "millennium"):
            return INFINITY if value == INTERVAL_INFINITY else MINUS_INFINITY
        if unit in ("microsecond", "millisecond", "second", "minute", "month", "quarter"):
            return None
        raise _not_supported(text, "interval")
    if kind == "unknown":
        raise _not_recognized(text, "interval")
    years, months, days, hours, minutes, seconds, us = split(value)
    fraction = seconds * 1_000_000 + us
    if unit == "epoch":
        # A year counts 365.25 days here, a month 30.
        seconds_of_days = (years * 36525 * 864 + months * 30 * 86400 + value.days * 86400) * 1_000_000
        return _scaled(seconds_of_days + value.us, 6)
    simple: dict[str, Callable[[], Decimal]] = {
        "microsecond": lambda: Decimal(fraction),
        "millisecond": lambda: _scaled(fraction, 3),
        "second": lambda: _scaled(fraction, 6),
        "minute": lambda: Decimal(minutes),
        "hour": lambda: Decimal(hours),
        "day": lambda: Decimal(days),
        "week": lambda: Decimal(_toward_zero(days, 7)),
        "month": lambda: Decimal(months),
        "quarter": lambda: Decimal(months // 3 + 1 if value.months >= 0 else -(-months // 3 + 1)),
        "year": lambda: Decimal(years),
        "decade": lambda: Decimal(_toward_zero(years, 10)),
        "century": lambda: Decimal(_toward_zero(years, 100)),
        "millennium": lambda: Decimal(_toward_zero(years, 1000)),
    }
    found = simple.get(unit)
    if found is None:
        raise _not_supported(text, "interval")
    return found()


def _as_float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


@builtin("timestamp_part")
def part_of_timestamp(unit: str, value: int) -> float | None:
    if _unit(unit)[0] == "julian" and not is_infinite(value):
        days, us = divmod(value, USECS_PER_DAY)
        return days + JULIAN_EPOCH + us / USECS_PER_DAY
    return _as_float(extract_from_timestamp(unit, value))


@builtin("timestamptz_part", ctx=True)
def part_of_timestamptz(ctx: Any, unit: str, value: int) -> float | None:
    if _unit(unit)[0] == "julian" and not is_infinite(value):
        return part_of_timestamp(unit, to_local(value, ctx.time_zone))
    return _as_float(extract_from_timestamptz(ctx, unit, value))


@builtin("sql:date_part(text,date)")
def part_of_date(unit: str, days: int) -> float | None:
    return part_of_timestamp(unit, date_to_timestamp_exact(days))


@builtin("time_part")
def part_of_time(unit: str, us: int) -> float | None:
    return _as_float(extract_from_time(unit, us))


@builtin("timetz_part")
def part_of_timetz(unit: str, value: TimeTz) -> float | None:
    return _as_float(extract_from_timetz(unit, value))


@builtin("interval_part")
def part_of_interval(unit: str, value: Interval) -> float | None:
    return _as_float(extract_from_interval(unit, value))


# date_trunc
_TIME_SIZES = {
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1000,
    "microsecond": 1,
}
_TRUNC_UNITS = ("millennium", "century", "decade", "year", "quarter", "month", "week", "day", *_TIME_SIZES)


def truncate_local(unit: str, value: int) -> int:
    """date_trunc of a finite wall clock for a known unit."""
    size = _TIME_SIZES.get(unit)
    if size is not None:
        return value // size * size
    days = value // USECS_PER_DAY
    year, month, _ = from_days(days)
    if unit == "week":
        days -= (weekday(days) - 1) % 7
    elif unit == "month":
        days = to_days(year, month, 1)
    elif unit == "quarter":
        days = to_days(year, (month - 1) // 3 * 3 + 1, 1)
    elif unit == "year":
        days = to_days(year, 1, 1)
    elif unit == "decade":
        days = to_days(year // 10 * 10 if year > 0 else -((8 - (year - 1)) // 10) * 10, 1, 1)
    elif unit == "century":
        days = to_days((year + 99) // 100 * 100 - 99 if year > 0 else -((99 - (year - 1)) // 100) * 100 + 1, 1, 1)
    elif unit == "millennium":
        days = to_days(
            (year + 999) // 1000 * 1000 - 999 if year > 0 else -((999 - (year - 1)) // 1000) * 1000 + 1, 1, 1
        )
    return days * USECS_PER_DAY


def _trunc_unit(text: str, type_name: str) -> str:
    unit = unit_of(text.lower())
    if unit is None:
        raise _not_recognized(text, type_name)
    if unit not in _TRUNC_UNITS:
        raise _not_supported(text, type_name)
    return unit


@builtin("timestamp_trunc")
def trunc_timestamp(text: str, value: int) -> int:
    unit = _trunc_unit(text, _TIMESTAMP)
    return value if is_infinite(value) else check_timestamp(truncate_local(unit, value))


def _trunc_zoned(text: str, value: int, zone: Any) -> int:
    unit = _trunc_unit(text, _TIMESTAMPTZ)
    if is_infinite(value):
        return value
    local = to_local(value, zone)
    truncated = truncate_local(unit, local)
    if unit in _TIME_SIZES:
        # The offset stays: an hour that happens twice is truncated within itself.
        return check_timestamp(truncated - (local - value))
    return check_timestamp(from_local(truncated, zone))


@builtin("timestamptz_trunc", ctx=True)
def trunc_timestamptz(ctx: Any, text: str, value: int) -> int:
    return _trunc_zoned(text, value, ctx.time_zone)


@builtin("timestamptz_trunc_zone", ctx=True)
def trunc_timestamptz_zone(ctx: Any, text: str, value: int, zone: str) -> int:
    return _trunc_zoned(text, value, _zone_for_function(zone, ctx))


@builtin("interval_trunc")
def trunc_interval(text: str, value: Interval) -> Interval:
    unit = unit_of(text.lower())
    if unit is None:
        raise _not_recognized(text, "interval")
    if unit not in _TRUNC_UNITS or unit == "week":
        detail = "Months usually have fractional weeks." if unit == "week" else None
        raise _not_supported(text, "interval", detail)
    if is_infinite_interval(value):
        return value
    months, days, us = value
    size = _TIME_SIZES.get(unit)
    if size is not None:
        return Interval(months, days, _toward_zero(us, size) * size)
    if unit == "day":
        return Interval(months, days, 0)
    if unit == "month":
        return Interval(months, 0, 0)
    if unit == "quarter":
        return Interval(_toward_zero(months, 3) * 3, 0, 0)
    years = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}[unit]
    return Interval(_toward_zero(months, 12 * years) * 12 * years, 0, 0)


# date_bin
@builtin("timestamp_bin", "timestamptz_bin")
def date_bin(stride: Interval, value: int, origin: int) -> int:
    if is_infinite(value):
        return value
    if is_infinite(origin):
        raise data_error("22008", "origin out of range")
    if is_infinite_interval(stride):
        raise data_error("22008", "timestamps cannot be binned into infinite intervals")
    if stride.months:
        raise feature_not_supported("timestamps cannot be binned into intervals containing months or years")
    size = stride.us + stride.days * USECS_PER_DAY
    if size >= 2**63:
        raise interval_out_of_range()
    if size <= 0:
        raise data_error("22008", "stride must be greater than zero")
    difference = value - origin
    if not -(2**63) <= difference < 2**63:
        raise interval_out_of_range()
    return check_timestamp(origin + difference // size * size)
