"""interval: every input form, output in the four IntervalStyles, binary form, typmods, key.

Input is PostgreSQL's units ("1 day 02:03:04 ago"), the SQL standard's ("1-2 3 04:05:06"), ISO 8601 with designators or
alternative format, and infinity. Fractions spill downward: a month is 30 days, a day 24 hours. Values out of the
three fields' ranges are 22015.
"""

from __future__ import annotations

import re
import struct
from typing import Any, Final

from emulators.postgres.types.datetime_core import (
    USECS_PER_DAY,
    USECS_PER_HOUR,
    USECS_PER_MINUTE,
    USECS_PER_SEC,
    interval_out_of_range,
    round_microseconds,
)
from emulators.postgres.types.datetime_io import fraction_text
from emulators.postgres.types.datetime_parse import (
    DATE,
    NUMBER,
    PARSE_ERRORS,
    TIME,
    TZ,
    BadFormat,
    FieldOverflow,
    IntervalOverflow,
    decode_clock,
    parse_error,
    split_fields,
)
from emulators.postgres.types.errors import insufficient_data, invalid_binary, invalid_parameter
from emulators.postgres.types.registry import (
    SORT_KEYS,
    TYPMOD_IN,
    TYPMOD_OUT,
    binary_in,
    binary_out,
    text_in,
    text_out,
)
from emulators.postgres.types.values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY, Interval

UNITS: dict[str, str] = {}
for _unit, _words in (
    ("century", "c cent centuries century"),
    ("day", "d day days"),
    ("decade", "dec decade decades decs"),
    ("hour", "h hour hours hr hrs"),
    ("minute", "m min mins minute minutes"),
    ("microsecond", "us usec microsecond microseconds useconds usecs microsecon"),
    ("millennium", "mil millennia millennium mils"),
    ("millisecond", "ms msec millisecond milliseconds mseconds msecs millisecon"),
    ("month", "mon mons month months"),
    ("quarter", "qtr quarter"),
    ("second", "s sec second seconds secs"),
    ("timezone", "timezone"),
    ("timezone_hour", "timezone_h timezone_hour"),
    ("timezone_minute", "timezone_m timezone_minute"),
    ("week", "w week weeks"),
    ("year", "y year years yr yrs"),
):
    for _word in _words.split():
        UNITS[_word] = _unit
_MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 1000,
    "second": USECS_PER_SEC,
    "minute": USECS_PER_MINUTE,
    "hour": USECS_PER_HOUR,
}
_YEARS = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}
INT64_MAX: Final = 2**63 - 1

# interval's typmod: a mask of fields in the upper half, the precision in the lower.
FIELD_BITS: Final = {
    "month": 1 << 1,
    "year": 1 << 2,
    "day": 1 << 3,
    "hour": 1 << 10,
    "minute": 1 << 11,
    "second": 1 << 12,
}
FULL_RANGE: Final = 0x7FFF
FULL_PRECISION: Final = 0xFFFF
_Y, _MO, _D, _H, _MI, _S = (FIELD_BITS[name] for name in ("year", "month", "day", "hour", "minute", "second"))
_DEFAULT_UNIT = {
    _Y: "year",
    _MO: "month",
    _Y | _MO: "month",
    _D: "day",
    _H: "hour",
    _D | _H: "hour",
    _MI: "minute",
    _H | _MI: "minute",
    _D | _H | _MI: "minute",
    _S: "second",
    _MI | _S: "second",
    _H | _MI | _S: "second",
    _D | _H | _MI | _S: "second",
}


def unit_of(word: str) -> str | None:
    """The unit a word names; only its first ten letters count."""
    found = UNITS.get(word)
    if found is None and len(word) > 10:
        prefix = word[:10]
        return next((unit for known, unit in UNITS.items() if known[:10] == prefix), None)
    return found


class _Accumulator:
    """Sums of the fields read so far, refused as soon as one leaves its range."""

    def __init__(self) -> None:
        self.years = self.months = self.days = self.us = 0

    def add_us(self, whole: int, fraction: float, scale: int) -> None:
        self.us += whole * scale
        self._limit()
        self.add_fraction_us(fraction, scale)

    def add_fraction_us(self, fraction: float, scale: int) -> None:
        if fraction == 0:
            return
        product = fraction * scale
        whole = int(product)
        rest = product - whole
        if rest > 0.5:
            whole += 1
        elif rest < -0.5:
            whole -= 1
        self.us += whole
        self._limit()

    def add_days(self, whole: int, scale: int) -> None:
        self.days += whole * scale
        self._limit()

    def add_fraction_days(self, fraction: float, scale: int) -> None:
        if fraction == 0:
            return
        product = fraction * scale
        whole = int(product)
        self.days += whole
        self._limit()
        self.add_fraction_us(product - whole, USECS_PER_DAY)

    def add_months(self, whole: int) -> None:
        self.months += whole
        self._limit()

    def add_years(self, whole: int, scale: int) -> None:
        self.years += whole * scale
        self._limit()

    def add_fraction_years(self, fraction: float, scale: int) -> None:
        self.months += round(fraction * scale * 12)
        self._limit()

    def _limit(self) -> None:
        if not (
            -(2**63) <= self.us <= INT64_MAX
            and -(2**31) <= self.days < 2**31
            and -(2**31) <= self.months < 2**31
            and -(2**31) <= self.years < 2**31
        ):
            raise FieldOverflow

    def add(self, unit: str, whole: int, fraction: float) -> None:
        if unit in _MICROSECONDS:
            self.add_us(whole, fraction, _MICROSECONDS[unit])
        elif unit == "day":
            self.add_days(whole, 1)
            self.add_fraction_us(fraction, USECS_PER_DAY)
        elif unit == "week":
            self.add_days(whole, 7)
            self.add_fraction_days(fraction, 7)
        elif unit == "month":
            self.add_months(whole)
            self.add_fraction_days(fraction, 30)
        elif unit in _YEARS:
            self.add_years(whole, _YEARS[unit])
            self.add_fraction_years(fraction, _YEARS[unit])
        else:
            raise BadFormat

    def result(self) -> Interval:
        months = self.years * 12 + self.months
        if not -(2**31) <= months < 2**31:
            raise interval_out_of_range()
        return Interval(months, self.days, self.us)


_NUMBER = re.compile(r"([+-]?[0-9]*)(?:-([0-9]+)|(\.[0-9]*))?(.*)\Z", re.DOTALL)


def _decode(fields: list[tuple[str, str]], fields_mask: int, sql_standard: bool) -> Interval:
    total = _Accumulator()
    unit: str | None = None
    seen: set[str] = set()
    negate_all = False
    if sql_standard and fields and fields[0][1][0] == "-":
        # SQL's leading sign rules all fields unless another sign is written.
        negate_all = not any(text[0] in "+-" for _, text in fields[1:])
    ago = False
    pending_unit = False

    def note(*names: str) -> None:
        for name in names:
            if name in seen:
                raise BadFormat
        seen.update(names)

    for position in range(len(fields) - 1, -1, -1):
        kind, text = fields[position]
        if kind == TIME or (kind == TZ and ":" in text[1:] and _is_clock(text[1:])):
            if pending_unit:
                raise BadFormat
            clock = text[1:] if kind == TZ else text
            hour, minute, second, us = decode_clock(clock, fields_mask == _MI | _S)
            value = (hour * 3600 + minute * 60 + second) * 1_000_000 + us
            if value > INT64_MAX:
                raise FieldOverflow
            if (kind == TZ and text[0] == "-") or negate_all:
                value = -value
            total.us += value
            total._limit()
            note("hour", "minute", "second", "millisecond", "microsecond")
            unit = "day"
            pending_unit = False
        elif kind in (TZ, DATE, NUMBER):
            if unit is None:
                unit = _DEFAULT_UNIT.get(fields_mask, "second")
            match = _NUMBER.match(text)
            if match is None or match[4]:
                raise BadFormat
            whole = int(match[1]) if match[1] not in ("", "+", "-") else 0
            if not -(2**63) <= whole <= INT64_MAX:
                raise FieldOverflow
            negative = text[0] == "-"
            fraction = 0.0
            if match[2] is not None:
                months = int(match[2])
                if months >= 12:
                    raise FieldOverflow
                unit = "month"
                whole = whole * 12 + (-months if negative else months)
            elif match[3] is not None:
                fraction = float("0" + match[3] + "0")
                fraction = -fraction if negative else fraction
            if negate_all:
                whole, fraction = -abs(whole), -abs(fraction)
            total.add(unit, whole, fraction)
            if unit == "second" and fraction:
                note("second", "millisecond", "microsecond")
            else:
                note(unit)
            if unit == "hour":
                unit = "day"
            pending_unit = False
        else:
            if text == "ago":
                if position != len(fields) - 1:
                    raise BadFormat
                ago = True
                continue
            found = unit_of(text)
            if found is None or pending_unit:
                raise BadFormat
            unit = found
            pending_unit = True
    if not seen or pending_unit:
        raise BadFormat
    result = total.result()
    if ago:
        return _negate_checked(result)
    return result


def _negate_checked(value: Interval) -> Interval:
    if value.months == -(2**31) or value.days == -(2**31) or value.us == -(2**63):
        raise FieldOverflow
    return Interval(-value.months, -value.days, -value.us)


def _is_clock(text: str) -> bool:
    try:
        decode_clock(text)
    except PARSE_ERRORS:
        return False
    return True


_ISO_NUMBER = re.compile(r"[+-]?(?:([0-9]+)\.?[0-9]*|()\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _decode_iso(text: str) -> Interval:
    """P1Y2M3DT4H5M6S, or the alternative formats P0001-02-03T04:05:06 and P00010203T040506."""
    total = _Accumulator()
    if len(text) < 2 or text[0] != "P":
        raise BadFormat
    position, in_date, have_field = 1, True, False
    size = len(text)

    def number() -> tuple[int, float, int]:
        nonlocal position
        match = _ISO_NUMBER.match(text, position)
        if match is None:
            raise BadFormat
        position = match.end()
        # Upstream reads one double here, whose fraction has lost digits when the number is large.
        exact = float(match[0])
        if abs(exact) > 1.0e15:
            raise FieldOverflow
        whole = int(exact)
        return whole, exact - whole, len(match[1] or "")

    while position < size:
        if text[position] == "T":
            in_date, have_field = False, False
            position += 1
            continue
        whole, fraction, width = number()
        unit = text[position : position + 1]
        position += 1
        if in_date:
            simple = {"Y": "year", "M": "month", "W": "week", "D": "day"}.get(unit)
            if simple is not None:
                total.add(simple, whole, fraction)
            elif unit in ("", "T", "-"):
                if unit != "-" and width == 8 and not have_field:
                    total.add("year", int(whole / 10000), 0)
                    total.add("month", int(abs(whole) // 100 % 100) * (-1 if whole < 0 else 1), 0)
                    total.add("day", int(abs(whole) % 100) * (-1 if whole < 0 else 1), fraction)
                else:
                    if have_field:
                        raise BadFormat
                    total.add("year", whole, fraction)
                    if unit == "-":
                        for name in ("month", "day"):
                            whole, fraction, _ = number()
                            total.add(name, whole, fraction)
                            unit = text[position : position + 1]
                            position += 1
                            if unit in ("", "T"):
                                break
                            if unit != "-" or name == "day":
                                raise BadFormat
                if unit == "":
                    return total.result()
                in_date, have_field = False, False
                continue
            else:
                raise BadFormat
        else:
            simple = {"H": "hour", "M": "minute", "S": "second"}.get(unit)
            if simple is not None:
                total.add(simple, whole, fraction)
            elif unit == "" and width == 6 and not have_field:
                size_, sign = abs(whole), -1 if whole < 0 else 1
                total.add("hour", sign * (size_ // 10000), 0)
                total.add("minute", sign * (size_ // 100 % 100), 0)
                total.add("second", sign * (size_ % 100), 0)
                total.add_fraction_us(fraction, 1)
                return total.result()
            elif unit in ("", ":"):
                if have_field:
                    raise BadFormat
                total.add("hour", whole, fraction)
                if unit == ":":
                    for name in ("minute", "second"):
                        whole, fraction, _ = number()
                        total.add(name, whole, fraction)
                        unit = text[position : position + 1]
                        position += 1
                        if unit == "":
                            break
                        if unit != ":" or name == "second":
                            raise BadFormat
                return total.result()
            else:
                raise BadFormat
        have_field = True
    return total.result()


def parse_interval(value: str, fields_mask: int, ctx: Any) -> Interval:
    try:
        try:
            fields = split_fields(value, 256)
            if len(fields) == 1 and fields[0][1] in ("infinity", "+infinity"):
                return INTERVAL_INFINITY
            if len(fields) == 1 and fields[0][1] == "-infinity":
                return INTERVAL_MINUS_INFINITY
            return _decode(fields, fields_mask, ctx.interval_style == "sql_standard")
        except BadFormat:
            return _decode_iso(value)
    except FieldOverflow:
        raise parse_error(IntervalOverflow(), value, "interval") from None
    except PARSE_ERRORS as error:
        raise parse_error(error, value, "interval") from None


def adjust(value: Interval, typmod: int) -> Interval:
    """Drop the fields below an interval's declared range and round to its precision."""
    if typmod < 0 or value in (INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY):
        return value
    mask, precision = typmod >> 16 & 0x7FFF, typmod & 0xFFFF
    months, days, us = value
    if mask == FULL_RANGE:
        pass
    elif mask == _Y:
        months, days, us = int(months / 12) * 12, 0, 0
    elif mask in (_MO, _Y | _MO):
        days, us = 0, 0
    elif mask == _D:
        us = 0
    elif mask in (_H, _D | _H):
        us = _truncate(us, USECS_PER_HOUR)
    elif mask in (_MI, _H | _MI, _D | _H | _MI):
        us = _truncate(us, USECS_PER_MINUTE)
    if precision < 6:
        us = round_microseconds(us, precision)
        if not -(2**63) <= us <= INT64_MAX:
            raise interval_out_of_range()
    return Interval(months, days, us)


def _truncate(us: int, unit: int) -> int:
    return us // unit * unit if us >= 0 else -(-us // unit * unit)


@text_in("interval_in")
def interval_in(value: str, typmod: int, ctx: Any) -> Interval:
    mask = typmod >> 16 & 0x7FFF if typmod >= 0 else FULL_RANGE
    result = parse_interval(value, mask, ctx)
    return adjust(result, typmod) if typmod >= 0 else result


def split(value: Interval) -> tuple[int, int, int, int, int, int, int]:
    """Years, months, days, hours, minutes, seconds, microseconds, each with its field's sign."""
    months, days, us = value
    years = abs(months) // 12
    rest = abs(months) % 12
    if months < 0:
        years, rest = -years, -rest
    sign = -1 if us < 0 else 1
    size = abs(us)
    seconds, fraction = divmod(size, USECS_PER_SEC)
    return (
        years,
        rest,
        days,
        sign * (seconds // 3600),
        sign * (seconds // 60 % 60),
        sign * (seconds % 60),
        sign * fraction,
    )


def _clock(hour: int, minute: int, second: int, us: int) -> str:
    return f"{abs(hour):02d}:{abs(minute):02d}:{abs(second):02d}{fraction_text(abs(us))}"


def _postgres(fields: tuple[int, ...]) -> str:
    pieces = []
    before = False
    for value, name in zip(fields[:3], ("year", "mon", "day"), strict=True):
        if value:
            sign = "+" if before and value > 0 else ""
            pieces.append(f"{sign}{value} {name}{'s' if value != 1 else ''}")
            before = value < 0
    time = fields[3:]
    if not pieces or any(time):
        sign = "-" if any(part < 0 for part in time) else "+" if before else ""
        pieces.append(sign + _clock(*time))
    return " ".join(pieces)


def _verbose(fields: tuple[int, ...]) -> str:
    text = "@"
    zero, before = True, False
    for value, name in zip(fields[:5], ("year", "mon", "day", "hour", "min"), strict=True):
        if value:
            if zero:
                before = value < 0
                value = abs(value)
            elif before:
                value = -value
            text += f" {value} {name}{'' if value == 1 else 's'}"
            zero = False
    second, us = fields[5:]
    if second or us:
        negative = second < 0 or us < 0
        text += " "
        if negative:
            if zero:
                before = True
            elif not before:
                text += "-"
        elif before:
            text += "-"
        plural = "s" if abs(second) != 1 or us else ""
        text += f"{abs(second)}{fraction_text(abs(us))} sec{plural}"
        zero = False
    return text + (" 0" if zero else "") + (" ago" if before else "")


def _sql_standard(fields: tuple[int, ...]) -> str:
    year, month, day, hour, minute, second, us = fields
    negative = any(part < 0 for part in fields)
    positive = any(part > 0 for part in fields)
    has_year_month, has_day_time = bool(year or month), any(fields[2:])
    if not negative and not positive:
        return "0"
    tail = f"{abs(hour)}:{abs(minute):02d}:{abs(second):02d}{fraction_text(abs(us))}"
    if (negative and positive) or (has_year_month and has_day_time):
        year_sign = "-" if year < 0 or month < 0 else "+"
        day_sign = "-" if day < 0 else "+"
        time_sign = "-" if min(hour, minute, second, us) < 0 else "+"
        return f"{year_sign}{abs(year)}-{abs(month)} {day_sign}{abs(day)} {time_sign}{tail}"
    sign = "-" if negative else ""
    if has_year_month:
        return f"{sign}{abs(year)}-{abs(month)}"
    return f"{sign}{abs(day)} {tail}" if day else sign + tail


def _iso_8601(fields: tuple[int, ...]) -> str:
    year, month, day, hour, minute, second, us = fields
    if not any(fields):
        return "PT0S"
    text = "P" + "".join(f"{value}{unit}" for value, unit in ((year, "Y"), (month, "M"), (day, "D")) if value)
    if any(fields[3:]):
        text += "T" + "".join(f"{value}{unit}" for value, unit in ((hour, "H"), (minute, "M")) if value)
        if second or us:
            text += f"{'-' if second < 0 or us < 0 else ''}{abs(second)}{fraction_text(abs(us))}S"
    return text


_STYLES = {"postgres": _postgres, "postgres_verbose": _verbose, "sql_standard": _sql_standard, "iso_8601": _iso_8601}


@text_out("interval_out")
def interval_out(value: Interval, ctx: Any) -> str:
    if value == INTERVAL_INFINITY:
        return "infinity"
    if value == INTERVAL_MINUS_INFINITY:
        return "-infinity"
    return _STYLES[ctx.interval_style](split(value))


_BINARY = struct.Struct("!qii")


@binary_in("interval_recv")
def interval_recv(data: bytes, typmod: int, ctx: Any) -> Interval:
    if len(data) != _BINARY.size:
        raise insufficient_data() if len(data) < _BINARY.size else invalid_binary()
    us, days, months = _BINARY.unpack(data)
    return adjust(Interval(months, days, us), typmod)


@binary_out("interval_send")
def interval_send(value: Interval, ctx: Any) -> bytes:
    return _BINARY.pack(value.us, value.days, value.months)


def span(value: Interval) -> int:
    """What comparison looks at: months of 30 days, days of 24 hours, in microseconds."""
    return (value.months * 30 + value.days) * USECS_PER_DAY + value.us


SORT_KEYS["interval_in"] = span


def _typmod_in(args: list[str]) -> int:
    mask = int(args[0])
    if len(args) == 1:
        return -1 if mask == FULL_RANGE else mask << 16 | FULL_PRECISION
    precision = int(args[1])
    if precision < 0:
        raise invalid_parameter(f"INTERVAL({precision}) precision must not be negative")
    return mask << 16 | min(precision, 6)


_RANGE_TEXT = {
    _Y: " year",
    _MO: " month",
    _D: " day",
    _H: " hour",
    _MI: " minute",
    _S: " second",
    _Y | _MO: " year to month",
    _D | _H: " day to hour",
    _D | _H | _MI: " day to minute",
    _D | _H | _MI | _S: " day to second",
    _H | _MI: " hour to minute",
    _H | _MI | _S: " hour to second",
    _MI | _S: " minute to second",
}


def _typmod_out(typmod: int) -> str:
    if typmod < 0:
        return ""
    mask, precision = typmod >> 16 & 0x7FFF, typmod & 0xFFFF
    return _RANGE_TEXT.get(mask, "") + (f"({precision})" if precision != FULL_PRECISION else "")


TYPMOD_IN["intervaltypmodin"] = _typmod_in
TYPMOD_OUT["intervaltypmodout"] = _typmod_out
