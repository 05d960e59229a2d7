"""Calendar arithmetic and limits shared by date/time input, output and functions.

Dates are days since 2000-01-01, timestamps microseconds since then; year numbers are astronomical (0 is 1 BC).
"""

from __future__ import annotations

from typing import Final

from emulators.postgres.types.errors import data_error
from emulators.postgres.types.timezones import Zone, civil_from_days, days_from_civil
from emulators.postgres.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
)

USECS_PER_DAY: Final = 86_400_000_000
USECS_PER_HOUR: Final = 3_600_000_000
USECS_PER_MINUTE: Final = 60_000_000
USECS_PER_SEC: Final = 1_000_000
EPOCH_DAYS: Final = 10957
"""2000-01-01 in days since 1970-01-01"""
EPOCH_SECONDS: Final = EPOCH_DAYS * 86400
JULIAN_EPOCH: Final = 2451545
"""The Julian day of 2000-01-01"""
MIN_DATE: Final = -JULIAN_EPOCH
END_DATE: Final = 2147483494 - JULIAN_EPOCH
"""First date past the range: 5874898-01-01 (exclusive)"""
MIN_TIMESTAMP: Final = -211813488000000000
END_TIMESTAMP: Final = 9223371331200000000
DAYS_IN_MONTH: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def to_days(year: int, month: int, day: int) -> int:
    """Days since 2000-01-01."""
    return days_from_civil(year, month, day) - EPOCH_DAYS


def from_days(days: int) -> tuple[int, int, int]:
    return civil_from_days(days + EPOCH_DAYS)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else DAYS_IN_MONTH[month - 1]


def weekday(days: int) -> int:
    """0 is Sunday."""
    return (days + 6) % 7


def check_timestamp(value: int) -> int:
    if not MIN_TIMESTAMP <= value < END_TIMESTAMP:
        raise timestamp_out_of_range()
    return value


def timestamp_out_of_range() -> Exception:
    return data_error("22008", "timestamp out of range")


def date_out_of_range() -> Exception:
    return data_error("22008", "date out of range")


def interval_out_of_range() -> Exception:
    return data_error("22008", "interval out of range")


def zone_offset(timestamptz: int, zone: Zone) -> int:
    """Seconds east at this moment."""
    if zone.fixed is not None:
        return zone.fixed
    return zone.at(timestamptz // 1_000_000 + EPOCH_SECONDS).offset


def to_local(timestamptz: int, zone: Zone) -> int:
    """The wall clock of a finite timestamptz in a zone, as a timestamp."""
    return timestamptz + zone_offset(timestamptz, zone) * 1_000_000


def from_local(timestamp: int, zone: Zone) -> int:
    """The moment of a wall clock in a zone."""
    offset = zone.offset_of_local(timestamp // 1_000_000 + EPOCH_SECONDS)
    return timestamp - offset * 1_000_000


def is_infinite_timestamp(value: int) -> bool:
    return value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)


def is_infinite_date(value: int) -> bool:
    return value in (DATE_INFINITY, DATE_MINUS_INFINITY)


def round_half_even(value: float) -> int:
    """C's rint."""
    return round(value)


_UNITS: Final = (1_000_000, 100_000, 10_000, 1000, 100, 10, 1)


def round_microseconds(microseconds: int, precision: int) -> int:
    """Round a time to `precision` digits of a second, half away from zero."""
    unit = _UNITS[precision]
    if microseconds >= 0:
        return (microseconds + unit // 2) // unit * unit
    return -((-microseconds + unit // 2) // unit * unit)
