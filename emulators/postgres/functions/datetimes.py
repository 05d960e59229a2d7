"""date, time, timetz, timestamp and timestamptz: comparison, arithmetic, conversion, making, age, overlaps.

Infinite values propagate or are refused as PostgreSQL 18 does. Adding an interval adds months (clipping to the month's
end), then days, then time; for timestamptz months and days are added to the wall clock of the zone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.datetime_core import (
    END_DATE,
    END_TIMESTAMP,
    EPOCH_SECONDS,
    MIN_DATE,
    MIN_TIMESTAMP,
    USECS_PER_DAY,
    check_timestamp,
    date_out_of_range,
    from_days,
    from_local,
    interval_out_of_range,
    month_length,
    round_microseconds,
    timestamp_out_of_range,
    to_days,
    to_local,
    zone_offset,
)
from emulators.postgres.types.datetime_io import timetz_key
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.interval import adjust, span
from emulators.postgres.types.timezones import Zone, abbreviation, dynamic_abbreviation, named_zone
from emulators.postgres.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    INTERVAL_INFINITY,
    INTERVAL_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    Interval,
    TimeTz,
)

_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
for _suffix, _symbol in _COMPARE.items():
    expression(f"date_{_suffix}", f"time_{_suffix}", f"timestamp_{_suffix}", template=f"({{0}} {_symbol} {{1}})")
expression("date_cmp", "time_cmp", "timestamp_cmp", template="(({0} > {1}) - ({0} < {1}))")
expression("date_larger", "time_larger", "timestamp_larger", template="({0} if {0} > {1} else {1})")
expression("date_smaller", "time_smaller", "timestamp_smaller", template="({0} if {0} < {1} else {1})")


def is_infinite(value: int) -> bool:
    return value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)


def is_infinite_interval(value: Interval) -> bool:
    return value in (INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY)


def _key_comparisons(prefix: str, key: Callable[[Any], Any]) -> None:
    def compare(operation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        return lambda a, b: operation(key(a), key(b))

    for suffix in _COMPARE:
        builtin(f"{prefix}_{suffix}")(compare(getattr(operator, suffix)))
    builtin(f"{prefix}_cmp")(lambda a, b: (key(a) > key(b)) - (key(a) < key(b)))
    builtin(f"{prefix}_larger")(lambda a, b: a if key(a) > key(b) else b)
    builtin(f"{prefix}_smaller")(lambda a, b: a if key(a) < key(b) else b)


_key_comparisons("timetz", timetz_key)
_key_comparisons("interval", span)


# Between date, timestamp and timestamptz
def date_to_timestamp_exact(days: int) -> int:
    """A date as a timestamp; infinities go along, dates beyond timestamps are 22008."""
    if days == DATE_INFINITY:
        return TIMESTAMP_INFINITY
    if days == DATE_MINUS_INFINITY:
        return TIMESTAMP_MINUS_INFINITY
    result = days * USECS_PER_DAY
    if result >= END_TIMESTAMP:
        raise data_error("22008", "date out of range for timestamp")
    return result


def date_to_timestamp_wide(days: int) -> int:
    """For comparison only: Python ints need no overflow rules."""
    if days == DATE_INFINITY:
        return TIMESTAMP_INFINITY
    if days == DATE_MINUS_INFINITY:
        return TIMESTAMP_MINUS_INFINITY
    return days * USECS_PER_DAY


builtin("date_timestamp")(date_to_timestamp_exact)


def date_to_timestamptz(zone: Zone, days: int) -> int:
    local = date_to_timestamp_exact(days)
    if is_infinite(local):
        return local
    result = from_local(local, zone)
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        raise data_error("22008", "date out of range for timestamp")
    return result


@builtin("date_timestamptz", ctx=True)
def date_timestamptz(ctx: Any, days: int) -> int:
    return date_to_timestamptz(ctx.time_zone, days)


@builtin("timestamp_date")
def timestamp_to_date(value: int) -> int:
    if value == TIMESTAMP_INFINITY:
        return DATE_INFINITY
    if value == TIMESTAMP_MINUS_INFINITY:
        return DATE_MINUS_INFINITY
    return value // USECS_PER_DAY


@builtin("timestamptz_date", ctx=True)
def timestamptz_to_date(ctx: Any, value: int) -> int:
    return timestamp_to_date(timestamptz_to_timestamp(ctx, value))


@builtin("timestamptz_timestamp", "timestamptz_at_local", ctx=True)
def timestamptz_to_timestamp(ctx: Any, value: int) -> int:
    return value if is_infinite(value) else to_local(value, ctx.time_zone)


def local_to_timestamptz(value: int, zone: Zone) -> int:
    return value if is_infinite(value) else check_timestamp(from_local(value, zone))


@builtin("timestamp_timestamptz", "timestamp_at_local", ctx=True)
def timestamp_to_timestamptz(ctx: Any, value: int) -> int:
    return local_to_timestamptz(value, ctx.time_zone)


def _local_wide(ctx: Any, value: int) -> int:
    """A timestamp's moment for comparison with timestamptz, however far out."""
    return value if is_infinite(value) else from_local(value, ctx.time_zone)


def _mixed_comparisons() -> None:
    def plain(operation: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
        return (
            lambda a, b: operation(date_to_timestamp_wide(a), b),
            lambda a, b: operation(a, date_to_timestamp_wide(b)),
        )

    def zoned(operation: Callable[[Any, Any], Any]) -> dict[str, Any]:
        def date_first(ctx: Any, a: int, b: int) -> Any:
            return operation(_local_wide(ctx, date_to_timestamp_wide(a)), b)

        def date_last(ctx: Any, a: int, b: int) -> Any:
            return operation(a, _local_wide(ctx, date_to_timestamp_wide(b)))

        def stamp_first(ctx: Any, a: int, b: int) -> Any:
            return operation(_local_wide(ctx, a), b)

        def stamp_last(ctx: Any, a: int, b: int) -> Any:
            return operation(a, _local_wide(ctx, b))

        return {
            "date_{}_timestamptz": date_first,
            "timestamptz_{}_date": date_last,
            "timestamp_{}_timestamptz": stamp_first,
            "timestamptz_{}_timestamp": stamp_last,
        }

    operations: dict[str, Callable[[Any, Any], Any]] = {name: getattr(operator, name) for name in _COMPARE}
    operations["cmp"] = lambda a, b: (a > b) - (a < b)
    for name, operation in operations.items():
        first, last = plain(operation)
        builtin(f"date_{name}_timestamp")(first)
        builtin(f"timestamp_{name}_date")(last)
        for pattern, function in zoned(operation).items():
            builtin(pattern.format(name), ctx=True)(function)


_mixed_comparisons()

expression("date_finite", template="(-2147483648 < {0} < 2147483647)", arity=1)
expression("timestamp_finite", template="(-9223372036854775808 < {0} < 9223372036854775807)", arity=1)


# date arithmetic
def _check_date(days: int) -> int:
    if not MIN_DATE <= days < END_DATE:
        raise date_out_of_range()
    return days


@builtin("date_pli")
def date_plus(days: int, count: int) -> int:
    return days if days in (DATE_INFINITY, DATE_MINUS_INFINITY) else _check_date(days + count)


@builtin("sql:integer_pl_date(int4,date)")
def plus_date(count: int, days: int) -> int:
    return date_plus(days, count)


@builtin("date_mii")
def date_minus(days: int, count: int) -> int:
    return days if days in (DATE_INFINITY, DATE_MINUS_INFINITY) else _check_date(days - count)


@builtin("date_mi")
def date_difference(a: int, b: int) -> int:
    for value in (a, b):
        if value in (DATE_INFINITY, DATE_MINUS_INFINITY):
            raise data_error("22008", "cannot subtract infinite dates")
    return a - b


# timestamp and interval
def add_months(local: int, months: int) -> int:
    """Add months to a finite wall clock; the day is clipped to the new month's length."""
    days, us = divmod(local, USECS_PER_DAY)
    year, month, day = from_days(days)
    total = year * 12 + month - 1 + months
    year, month = total // 12, total % 12 + 1
    return to_days(year, month, min(day, month_length(year, month))) * USECS_PER_DAY + us


def _infinite_sum(value: int, interval: Interval) -> int | None:
    """The result when either side is infinite, None when both are finite."""
    if interval == INTERVAL_INFINITY:
        if value == TIMESTAMP_MINUS_INFINITY:
            raise timestamp_out_of_range()
        return TIMESTAMP_INFINITY
    if interval == INTERVAL_MINUS_INFINITY:
        if value == TIMESTAMP_INFINITY:
            raise timestamp_out_of_range()
        return TIMESTAMP_MINUS_INFINITY
    return value if is_infinite(value) else None


@builtin("timestamp_pl_interval")
def timestamp_plus_interval(value: int, interval: Interval) -> int:
    special = _infinite_sum(value, interval)
    if special is not None:
        return special
    months, days, us = interval
    if months:
        value = check_timestamp(add_months(value, months))
    if days:
        value = check_timestamp(value + days * USECS_PER_DAY)
    return check_timestamp(value + us)


@builtin("sql:interval_pl_timestamp(interval,timestamp)")
def interval_plus_timestamp(interval: Interval, value: int) -> int:
    return timestamp_plus_interval(value, interval)


def negate_interval(interval: Interval) -> Interval:
    """-interval; 22008 when a field has no negative."""
    if interval == INTERVAL_INFINITY:
        return INTERVAL_MINUS_INFINITY
    if interval == INTERVAL_MINUS_INFINITY:
        return INTERVAL_INFINITY
    months, days, us = interval
    if months == -(2**31) or days == -(2**31) or us == -(2**63):
        raise interval_out_of_range()
    result = Interval(-months, -days, -us)
    if result in (INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY):
        raise interval_out_of_range()
    return result


@builtin("timestamp_mi_interval")
def timestamp_minus_interval(value: int, interval: Interval) -> int:
    return timestamp_plus_interval(value, _negate_for_sum(interval))


def _negate_for_sum(interval: Interval) -> Interval:
    if is_infinite_interval(interval):
        return negate_interval(interval)
    return Interval(-interval.months, -interval.days, -interval.us)


def timestamptz_plus(value: int, interval: Interval, zone: Zone) -> int:
    special = _infinite_sum(value, interval)
    if special is not None:
        return special
    months, days, us = interval
    if months:
        value = check_timestamp(from_local(add_months(to_local(value, zone), months), zone))
    if days:
        value = check_timestamp(from_local(to_local(value, zone) + days * USECS_PER_DAY, zone))
    return check_timestamp(value + us)


@builtin("timestamptz_pl_interval", ctx=True)
def timestamptz_plus_interval(ctx: Any, value: int, interval: Interval) -> int:
    return timestamptz_plus(value, interval, ctx.time_zone)


@builtin("sql:interval_pl_timestamptz(interval,timestamptz)", ctx=True)
def interval_plus_timestamptz(ctx: Any, interval: Interval, value: int) -> int:
    return timestamptz_plus(value, interval, ctx.time_zone)


@builtin("timestamptz_mi_interval", ctx=True)
def timestamptz_minus_interval(ctx: Any, value: int, interval: Interval) -> int:
    return timestamptz_plus(value, _negate_for_sum(interval), ctx.time_zone)


@builtin("timestamptz_pl_interval_at_zone", ctx=True)
def timestamptz_plus_at_zone(ctx: Any, value: int, interval: Interval, zone: str) -> int:
    return timestamptz_plus(value, interval, _zone_for_function(zone, ctx))


@builtin("timestamptz_mi_interval_at_zone", ctx=True)
def timestamptz_minus_at_zone(ctx: Any, value: int, interval: Interval, zone: str) -> int:
    return timestamptz_plus(value, _negate_for_sum(interval), _zone_for_function(zone, ctx))


@builtin("date_pl_interval")
def date_plus_interval(days: int, interval: Interval) -> int:
    return timestamp_plus_interval(date_to_timestamp_exact(days), interval)


@builtin("sql:interval_pl_date(interval,date)")
def interval_plus_date(interval: Interval, days: int) -> int:
    return date_plus_interval(days, interval)


@builtin("date_mi_interval")
def date_minus_interval(days: int, interval: Interval) -> int:
    return timestamp_minus_interval(date_to_timestamp_exact(days), interval)


def _infinite_difference(a: int, b: int) -> Interval | None:
    if a == TIMESTAMP_INFINITY:
        if b == TIMESTAMP_INFINITY:
            raise interval_out_of_range()
        return INTERVAL_INFINITY
    if a == TIMESTAMP_MINUS_INFINITY:
        if b == TIMESTAMP_MINUS_INFINITY:
            raise interval_out_of_range()
        return INTERVAL_MINUS_INFINITY
    if b == TIMESTAMP_INFINITY:
        return INTERVAL_MINUS_INFINITY
    if b == TIMESTAMP_MINUS_INFINITY:
        return INTERVAL_INFINITY
    return None


@builtin("timestamp_mi")
def timestamp_difference(a: int, b: int) -> Interval:
    special = _infinite_difference(a, b)
    if special is not None:
        return special
    difference = a - b
    if not -(2**63) <= difference < 2**63:
        raise interval_out_of_range()
    size = abs(difference)
    days, us = divmod(size, USECS_PER_DAY)
    return Interval(0, days, us) if difference >= 0 else Interval(0, -days, -us)


def age_between(a: int, b: int) -> Interval:
    """Symbolic difference of two finite wall clocks in years, months and days."""
    sign = 1
    if a < b:
        a, b, sign = b, a, -1
    days_a, us_a = divmod(a, USECS_PER_DAY)
    days_b, us_b = divmod(b, USECS_PER_DAY)
    year_a, month_a, day_a = from_days(days_a)
    year_b, month_b, day_b = from_days(days_b)
    us = us_a - us_b
    days = day_a - day_b
    months = (year_a - year_b) * 12 + month_a - month_b
    if us < 0:
        us += USECS_PER_DAY
        days -= 1
    while days < 0:
        # Days are borrowed from the month of the earlier moment.
        days += month_length(year_b, month_b)
        months -= 1
    return Interval(sign * months, sign * days, sign * us)


@builtin("timestamp_age")
def timestamp_age(a: int, b: int) -> Interval:
    special = _infinite_difference(a, b)
    return special if special is not None else age_between(a, b)


@builtin("timestamptz_age", ctx=True)
def timestamptz_age(ctx: Any, a: int, b: int) -> Interval:
    special = _infinite_difference(a, b)
    if special is not None:
        return special
    return age_between(to_local(a, ctx.time_zone), to_local(b, ctx.time_zone))


def _today(ctx: Any) -> int:
    return to_local(ctx.transaction_timestamp, ctx.time_zone) // USECS_PER_DAY * USECS_PER_DAY


@builtin("sql:age(timestamp)", ctx=True)
def age_of_timestamp(ctx: Any, value: int) -> Interval:
    return timestamp_age(_today(ctx), value)


@builtin("sql:age(timestamptz)", ctx=True)
def age_of_timestamptz(ctx: Any, value: int) -> Interval:
    return timestamptz_age(ctx, from_local(_today(ctx), ctx.time_zone), value)


# time and timetz
@builtin("time_mi_time")
def time_difference(a: int, b: int) -> Interval:
    return Interval(0, 0, a - b)


def _finite_for_time(interval: Interval, verb: str) -> None:
    if is_infinite_interval(interval):
        raise data_error("22008", f"cannot {verb} time")


@builtin("time_pl_interval")
def time_plus_interval(value: int, interval: Interval) -> int:
    _finite_for_time(interval, "add infinite interval to")
    return (value + interval.us) % USECS_PER_DAY


@builtin("sql:interval_pl_time(interval,time)")
def interval_plus_time(interval: Interval, value: int) -> int:
    return time_plus_interval(value, interval)


@builtin("time_mi_interval")
def time_minus_interval(value: int, interval: Interval) -> int:
    _finite_for_time(interval, "subtract infinite interval from")
    return (value - interval.us) % USECS_PER_DAY


@builtin("timetz_pl_interval")
def timetz_plus_interval(value: TimeTz, interval: Interval) -> TimeTz:
    _finite_for_time(interval, "add infinite interval to")
    return TimeTz((value.us + interval.us) % USECS_PER_DAY, value.zone)


@builtin("sql:interval_pl_timetz(interval,timetz)")
def interval_plus_timetz(interval: Interval, value: TimeTz) -> TimeTz:
    return timetz_plus_interval(value, interval)


@builtin("timetz_mi_interval")
def timetz_minus_interval(value: TimeTz, interval: Interval) -> TimeTz:
    _finite_for_time(interval, "subtract infinite interval from")
    return TimeTz((value.us - interval.us) % USECS_PER_DAY, value.zone)


@builtin("datetime_timestamp", "sql:timedate_pl(date,time)")
def date_plus_time(days: int, us: int) -> int:
    result = date_to_timestamp_exact(days)
    return result if is_infinite(result) else check_timestamp(result + us)


@builtin("sql:timedate_pl(time,date)")
def time_plus_date(us: int, days: int) -> int:
    return date_plus_time(days, us)


@builtin("sql:timestamptz(date,time)", ctx=True)
def date_time_to_timestamptz(ctx: Any, days: int, us: int) -> int:
    return timestamp_to_timestamptz(ctx, date_plus_time(days, us))


@builtin("datetimetz_timestamptz")
def date_plus_timetz(days: int, time: TimeTz) -> int:
    result = date_to_timestamp_exact(days)
    if is_infinite(result):
        return result
    result += time.us + time.zone * 1_000_000
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        raise data_error("22008", "date out of range for timestamp")
    return result


@builtin("sql:timetzdate_pl(timetz,date)")
def timetz_plus_date(time: TimeTz, days: int) -> int:
    return date_plus_timetz(days, time)


@builtin("timestamp_time")
def timestamp_to_time(value: int) -> int | None:
    return None if is_infinite(value) else value % USECS_PER_DAY


@builtin("timestamptz_time", ctx=True)
def timestamptz_to_time(ctx: Any, value: int) -> int | None:
    return None if is_infinite(value) else to_local(value, ctx.time_zone) % USECS_PER_DAY


@builtin("timestamptz_timetz", ctx=True)
def timestamptz_to_timetz(ctx: Any, value: int) -> TimeTz | None:
    if is_infinite(value):
        return None
    east = zone_offset(value, ctx.time_zone)
    return TimeTz((value + east * 1_000_000) % USECS_PER_DAY, -east)


@builtin("time_timetz", ctx=True)
def time_to_timetz(ctx: Any, value: int) -> TimeTz:
    days = to_local(ctx.transaction_timestamp, ctx.time_zone) // USECS_PER_DAY
    east = ctx.time_zone.offset_of_local(days * 86400 + value // 1_000_000 + EPOCH_SECONDS)
    return TimeTz(value, -east)


@builtin("timetz_time")
def timetz_to_time(value: TimeTz) -> int:
    return value.us


@builtin("time_interval")
def time_to_interval(value: int) -> Interval:
    return Interval(0, 0, value)


@builtin("interval_time")
def interval_to_time(value: Interval) -> int:
    if is_infinite_interval(value):
        raise data_error("22008", "cannot convert infinite interval to time")
    return value.us % USECS_PER_DAY


# Precision
@builtin("timestamp_scale", "timestamptz_scale")
def timestamp_scale(value: int, typmod: int) -> int:
    if is_infinite(value) or typmod in (-1, 6):
        return value
    if not 0 <= typmod < 6:
        raise invalid_parameter(f"timestamp({typmod}) precision must be between 0 and 6")
    return round_microseconds(value, typmod)


@builtin("time_scale")
def time_scale(value: int, typmod: int) -> int:
    return round_microseconds(value, typmod) if 0 <= typmod < 6 else value


@builtin("timetz_scale")
def timetz_scale(value: TimeTz, typmod: int) -> TimeTz:
    return TimeTz(time_scale(value.us, typmod), value.zone)


@builtin("interval_scale")
def interval_scale(value: Interval, typmod: int) -> Interval:
    return adjust(value, typmod)


# Zones
def _zone_for_function(name: str, ctx: Any) -> Zone:
    """A zone by abbreviation or name; 22023 otherwise."""
    dynamic = dynamic_abbreviation(name, ctx.time_zone)
    if dynamic is not None:
        return dynamic
    found = abbreviation(name, ctx.time_zone)
    if found is not None:
        from emulators.postgres.types.timezones import fixed_zone

        return fixed_zone(found[0])
    zone = named_zone(name)
    if zone is None:
        raise invalid_parameter(f'time zone "{name}" not recognized')
    return zone


def _interval_zone(zone: Interval) -> int:
    """Seconds east of an interval used as a zone."""
    if zone.months or zone.days:
        from emulators.postgres.types.context import SessionDefaults
        from emulators.postgres.types.interval import interval_out

        if is_infinite_interval(zone):
            shown = "infinity" if zone == INTERVAL_INFINITY else "-infinity"
            raise invalid_parameter(f'interval time zone "{shown}" must be finite')
        shown = interval_out(zone, SessionDefaults())
        raise invalid_parameter(f'interval time zone "{shown}" must not include months or days')
    return int(zone.us / 1_000_000)


@builtin("timestamp_zone", ctx=True)
def timestamp_at_zone(ctx: Any, zone: str, value: int) -> int:
    return value if is_infinite(value) else local_to_timestamptz(value, _zone_for_function(zone, ctx))


@builtin("timestamptz_zone", ctx=True)
def timestamptz_at_zone(ctx: Any, zone: str, value: int) -> int:
    return value if is_infinite(value) else check_timestamp(to_local(value, _zone_for_function(zone, ctx)))


@builtin("timestamp_izone")
def timestamp_at_interval(zone: Interval, value: int) -> int:
    if is_infinite(value):
        return value
    return check_timestamp(value - _interval_zone(zone) * 1_000_000)


@builtin("timestamptz_izone")
def timestamptz_at_interval(zone: Interval, value: int) -> int:
    if is_infinite(value):
        return value
    return check_timestamp(value + _interval_zone(zone) * 1_000_000)


def _move_timetz(value: TimeTz, east: int) -> TimeTz:
    return TimeTz((value.us + (value.zone + east) * 1_000_000) % USECS_PER_DAY, -east)


@builtin("timetz_zone", ctx=True)
def timetz_at_zone(ctx: Any, zone: str, value: TimeTz) -> TimeTz:
    return _move_timetz(value, zone_offset(ctx.transaction_timestamp, _zone_for_function(zone, ctx)))


@builtin("timetz_izone")
def timetz_at_interval(zone: Interval, value: TimeTz) -> TimeTz:
    return _move_timetz(value, _interval_zone(zone))


@builtin("timetz_at_local", ctx=True)
def timetz_at_local(ctx: Any, value: TimeTz) -> TimeTz:
    return _move_timetz(value, zone_offset(ctx.transaction_timestamp, ctx.time_zone))


# Making
def _seconds_us(seconds: float) -> int:
    return round(seconds * 1_000_000)


@builtin("make_date")
def make_date(year: int, month: int, day: int) -> int:
    real = year + 1 if year < 0 else year
    shown = f"{real}-{month:02d}-{day:02d}"
    if year in (0, -(2**31)) or not 1 <= month <= 12 or not 1 <= day <= month_length(real, month):
        shown = shown if year != -(2**31) else f"{year}-{month:02d}-{day:02d}"
        raise data_error("22008", f"date field value out of range: {shown}")
    days = to_days(real, month, day)
    if not MIN_DATE <= days < END_DATE:
        raise data_error("22008", f"date out of range: {shown}")
    return days


@builtin("make_time")
def make_time(hour: int, minute: int, second: float) -> int:
    if second != second or not 0 <= hour <= 24 or not 0 <= minute < 60 or not 0 <= second <= 60:
        raise _time_field_error(hour, minute, second)
    result = (hour * 60 + minute) * 60_000_000 + _seconds_us(second)
    if result > USECS_PER_DAY:
        raise _time_field_error(hour, minute, second)
    return result


def _time_field_error(hour: int, minute: int, second: float) -> Exception:
    from emulators.postgres.types.floats import float8_text

    shown = float8_text(second)
    return data_error("22008", f"time field value out of range: {hour}:{minute:02d}:{shown.rjust(2, '0')}")


@builtin("make_timestamp")
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    real = year + 1 if year < 0 else year
    if year == 0 or not 1 <= month <= 12 or not 1 <= day <= month_length(real, month):
        raise data_error("22008", f"date field value out of range: {year}-{month:02d}-{day:02d}")
    days = to_days(real, month, day)
    if not MIN_DATE <= days < END_DATE:
        raise data_error("22008", f"date out of range: {year}-{month:02d}-{day:02d}")
    result = days * USECS_PER_DAY + make_time(hour, minute, second)
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        raise data_error(
            "22008", f"timestamp out of range: {year}-{month:02d}-{day:02d} {hour}:{minute:02d}:{second:g}"
        )
    return result


@builtin("make_timestamptz", ctx=True)
def make_timestamptz(ctx: Any, year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    return timestamp_to_timestamptz(ctx, make_timestamp(year, month, day, hour, minute, second))


@builtin("make_timestamptz_at_timezone", ctx=True)
def make_timestamptz_at(
    ctx: Any, year: int, month: int, day: int, hour: int, minute: int, second: float, zone: str
) -> int:
    local = make_timestamp(year, month, day, hour, minute, second)
    if zone[:1].isdigit():
        raise invalid_parameter(
            f'invalid input syntax for type numeric time zone: "{zone}"',
            hint='Numeric time zones must have "-" or "+" as first character.',
        )
    if zone[:1] in ("+", "-") and zone:
        from emulators.postgres.types.datetime_parse import PARSE_ERRORS, ZoneOverflow, decode_zone

        try:
            east = decode_zone(zone)
        except ZoneOverflow:
            raise invalid_parameter(f'numeric time zone "{zone}" out of range') from None
        except PARSE_ERRORS:
            raise invalid_parameter(f'time zone "{zone}" not recognized') from None
        return check_timestamp(local - east * 1_000_000)
    return local_to_timestamptz(local, _zone_for_function(zone, ctx))


@builtin("float8_timestamptz")
def to_timestamp(seconds: float) -> int:
    if seconds != seconds:
        raise data_error("22008", "timestamp cannot be NaN")
    if seconds in (float("inf"), float("-inf")):
        return TIMESTAMP_INFINITY if seconds > 0 else TIMESTAMP_MINUS_INFINITY
    if not -210866803200 <= seconds < 9224318016000:
        from emulators.postgres.types.floats import float8_text

        raise data_error("22008", f'timestamp out of range: "{_percent_g(seconds) or float8_text(seconds)}"')
    return round((seconds - EPOCH_SECONDS) * 1_000_000)


def _percent_g(value: float) -> str:
    return f"{value:g}"


# Clocks
@builtin("now", ctx=True)
def now(ctx: Any) -> int:
    return ctx.transaction_timestamp  # type: ignore[no-any-return]


@builtin("statement_timestamp", ctx=True)
def statement_timestamp(ctx: Any) -> int:
    return ctx.statement_timestamp  # type: ignore[no-any-return]


@builtin("clock_timestamp", ctx=True)
def clock_timestamp(ctx: Any) -> int:
    return ctx.clock_timestamp()  # type: ignore[no-any-return]


@builtin("timeofday", ctx=True)
def timeofday(ctx: Any) -> str:
    from emulators.postgres.types.datetime_core import DAYS, MONTHS, weekday
    from emulators.postgres.types.datetime_io import clock_text

    moment = ctx.clock_timestamp()
    period = ctx.time_zone.at(moment // 1_000_000 + EPOCH_SECONDS)
    days, us = divmod(moment + period.offset * 1_000_000, USECS_PER_DAY)
    year, month, day = from_days(days)
    clock = clock_text(us).partition(".")[0]
    return (
        f"{DAYS[weekday(days)]} {MONTHS[month - 1]} {day:02d} {clock}.{us % 1_000_000:06d} {year} {period.abbreviation}"
    )


# OVERLAPS: NULLs are welcome as far as the answer does not depend on them.
def overlaps(key: Callable[[Any], Any] | None, s1: Any, e1: Any, s2: Any, e2: Any) -> bool | None:
    def less(a: Any, b: Any) -> bool:
        return bool(a < b) if key is None else bool(key(a) < key(b))

    if s1 is None:
        if e1 is None:
            return None
        s1, e1 = e1, None
    elif e1 is not None and less(e1, s1):
        s1, e1 = e1, s1
    if s2 is None:
        if e2 is None:
            return None
        s2, e2 = e2, None
    elif e2 is not None and less(e2, s2):
        s2, e2 = e2, s2
    if less(s2, s1):
        s1, e1, s2, e2 = s2, e2, s1, e1
    if less(s1, s2):
        if e1 is None:
            return None
        if less(s2, e1):
            return True
        return None if e2 is None else False
    if e1 is None or e2 is None:
        return None
    return True


@builtin("overlaps_timestamp", "overlaps_time")
def overlaps_plain(s1: Any, e1: Any, s2: Any, e2: Any) -> bool | None:
    return overlaps(None, s1, e1, s2, e2)


@builtin("overlaps_timetz")
def overlaps_timetz(s1: Any, e1: Any, s2: Any, e2: Any) -> bool | None:
    return overlaps(timetz_key, s1, e1, s2, e2)


def _register_overlaps() -> None:
    def plus(kind: str) -> Callable[[Any, Any, Any], Any]:
        if kind == "timestamptz":
            return lambda ctx, start, interval: timestamptz_plus(start, interval, ctx.time_zone)
        if kind == "timestamp":
            return lambda ctx, start, interval: timestamp_plus_interval(start, interval)
        return lambda ctx, start, interval: time_plus_interval(start, interval)

    def make(kind: str, first: bool, second: bool) -> Callable[..., bool | None]:
        add = plus(kind)

        def run(ctx: Any, s1: Any, e1: Any, s2: Any, e2: Any) -> bool | None:
            if first:
                e1 = None if s1 is None or e1 is None else add(ctx, s1, e1)
            if second:
                e2 = None if s2 is None or e2 is None else add(ctx, s2, e2)
            return overlaps(None, s1, e1, s2, e2)

        return run

    for kind in ("timestamp", "timestamptz", "time"):
        for first, second in ((True, True), (False, True), (True, False)):
            types = (kind, "interval" if first else kind, kind, "interval" if second else kind)
            builtin(f"sql:overlaps({','.join(types)})", ctx=True)(make(kind, first, second))


_register_overlaps()


# Series
def _series(start: int, stop: int, step: Interval, add: Callable[[int, Interval], int]) -> Iterator[int]:
    if is_infinite_interval(step):
        raise invalid_parameter("step size cannot be infinite")
    size = span(step)
    if size == 0:
        raise invalid_parameter("step size cannot equal zero")
    current = start
    while current <= stop if size > 0 else current >= stop:
        yield current
        current = add(current, step)


@builtin("generate_series_timestamp", srf=True)
def series_timestamp(start: int, stop: int, step: Interval) -> Iterator[int]:
    return _series(start, stop, step, timestamp_plus_interval)


@builtin("generate_series_timestamptz", ctx=True, srf=True)
def series_timestamptz(ctx: Any, start: int, stop: int, step: Interval) -> Iterator[int]:
    zone = ctx.time_zone
    return _series(start, stop, step, lambda value, interval: timestamptz_plus(value, interval, zone))


@builtin("generate_series_timestamptz_at_zone", ctx=True, srf=True)
def series_timestamptz_at(ctx: Any, start: int, stop: int, step: Interval, zone_name: str) -> Iterator[int]:
    zone = _zone_for_function(zone_name, ctx)
    return _series(start, stop, step, lambda value, interval: timestamptz_plus(value, interval, zone))


# RANGE frames
def _check_offset(interval: Interval) -> None:
    if span(interval) < 0:
        raise data_error("22013", "invalid preceding or following size in window function")


def _in_range(
    value: Any, base: Any, interval: Interval, sub: bool, less: bool, add: Callable[[Any, Interval], Any]
) -> bool:
    _check_offset(interval)
    if is_infinite_interval(interval) and is_infinite(base) and (base == TIMESTAMP_INFINITY) == sub:
        return True
    bound = add(base, _negate_for_sum(interval) if sub else interval)
    return bool(value <= bound) if less else bool(value >= bound)


@builtin("in_range_timestamp_interval")
def in_range_timestamp(value: int, base: int, interval: Interval, sub: bool, less: bool) -> bool:
    return _in_range(value, base, interval, sub, less, timestamp_plus_interval)


@builtin("in_range_timestamptz_interval", ctx=True)
def in_range_timestamptz(ctx: Any, value: int, base: int, interval: Interval, sub: bool, less: bool) -> bool:
    zone = ctx.time_zone
    return _in_range(value, base, interval, sub, less, lambda moment, each: timestamptz_plus(moment, each, zone))


@builtin("in_range_date_interval")
def in_range_date(value: int, base: int, interval: Interval, sub: bool, less: bool) -> bool:
    return in_range_timestamp(date_to_timestamp_exact(value), date_to_timestamp_exact(base), interval, sub, less)


@builtin("in_range_interval_interval")
def in_range_interval(value: Interval, base: Interval, offset: Interval, sub: bool, less: bool) -> bool:
    _check_offset(offset)
    if is_infinite_interval(offset) and is_infinite_interval(base) and (base == INTERVAL_INFINITY) == sub:
        return True
    if is_infinite_interval(offset) and not sub and not less:
        return value == INTERVAL_INFINITY
    bound = span(base) - span(offset) if sub else span(base) + span(offset)
    return span(value) <= bound if less else span(value) >= bound


@builtin("in_range_time_interval")
def in_range_time(value: int, base: int, offset: Interval, sub: bool, less: bool) -> bool:
    if offset.us < 0:
        raise data_error("22013", "invalid preceding or following size in window function")
    bound = base - offset.us if sub else base + offset.us
    return value <= bound if less else value >= bound


@builtin("in_range_timetz_interval")
def in_range_timetz(value: TimeTz, base: TimeTz, offset: Interval, sub: bool, less: bool) -> bool:
    if offset.us < 0:
        raise data_error("22013", "invalid preceding or following size in window function")
    bound = TimeTz(base.us - offset.us if sub else base.us + offset.us, base.zone)
    return timetz_key(value) <= timetz_key(bound) if less else timetz_key(value) >= timetz_key(bound)
