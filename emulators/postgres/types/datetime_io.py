"""date, time, timetz, timestamp and timestamptz: text in every DateStyle, binary forms, typmods, keys.

Ranges: dates 4713 BC to 5874897 AD, timestamps to 294276 AD. A zone written after a timestamp without time zone or a
date is read and ignored. Sub-second digits round to microseconds, then to the typmod's precision.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from emulators.postgres.types.datetime_core import (
    DAYS,
    END_DATE,
    END_TIMESTAMP,
    EPOCH_SECONDS,
    MIN_DATE,
    MIN_TIMESTAMP,
    MONTHS,
    USECS_PER_DAY,
    date_out_of_range,
    from_days,
    from_local,
    round_microseconds,
    timestamp_out_of_range,
    to_days,
    to_local,
    weekday,
)
from emulators.postgres.types.datetime_parse import (
    PARSE_ERRORS,
    Decoder,
    Moment,
    parse_error,
    split_fields,
    time_overflows,
)
from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_parameter
from emulators.postgres.types.registry import (
    SORT_KEYS,
    TYPMOD_IN,
    TYPMOD_OUT,
    binary_in,
    binary_out,
    text_in,
    text_out,
)
from emulators.postgres.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    TimeTz,
)

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_ISO_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?"
    r"(?:(Z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?\Z"
)
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_moment(value: str, ctx: Any, type_name: str, *, time_only: bool = False, zones: bool = True) -> Moment:
    """Any accepted spelling, with the errors in the words of `type_name`."""
    try:
        return Decoder(ctx, time_only=time_only, zones=zones).run(split_fields(value))
    except PARSE_ERRORS as error:
        raise parse_error(error, value, type_name) from None


@text_in("date_in")
def date_in(value: str, typmod: int, ctx: Any) -> int:
    match = _ISO_DATE.match(value)
    if match is not None:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if year and 1 <= month <= 12 and 1 <= day <= _LENGTHS[month]:
            return to_days(year, month, day)
    moment = parse_moment(value, ctx, "date")
    if moment.special == "infinity":
        return DATE_INFINITY
    if moment.special == "-infinity":
        return DATE_MINUS_INFINITY
    if moment.special == "epoch":
        return to_days(1970, 1, 1)
    days = moment.days
    if not MIN_DATE <= days < END_DATE:
        raise data_error("22008", f'date out of range: "{value}"')
    return days


def _range_error(value: str) -> Exception:
    return data_error("22008", f'timestamp out of range: "{value}"')


def _special_timestamp(special: str) -> int:
    if special == "infinity":
        return TIMESTAMP_INFINITY
    if special == "-infinity":
        return TIMESTAMP_MINUS_INFINITY
    return -EPOCH_SECONDS * 1_000_000


def adjust_precision(value: int, typmod: int) -> int:
    """Round a finite timestamp or time to typmod digits."""
    return round_microseconds(value, typmod) if 0 <= typmod < 6 else value


@text_in("timestamp_in")
def timestamp_in(value: str, typmod: int, ctx: Any) -> int:
    result, _ = _iso(value)
    if result is None:
        moment = parse_moment(value, ctx, "timestamp")
        if moment.special is not None:
            return _special_timestamp(moment.special)
        result = moment.days * USECS_PER_DAY + moment.time_us
        if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
            raise _range_error(value)
    return adjust_precision(result, typmod) if typmod >= 0 else result


@text_in("timestamptz_in")
def timestamptz_in(value: str, typmod: int, ctx: Any) -> int:
    result, offset = _iso(value)
    if result is None:
        moment = parse_moment(value, ctx, "timestamp with time zone")
        if moment.special is not None:
            return _special_timestamp(moment.special)
        result, offset = moment.days * USECS_PER_DAY + moment.time_us, moment.zone
        if not MIN_TIMESTAMP - USECS_PER_DAY <= result < END_TIMESTAMP + USECS_PER_DAY:
            raise _range_error(value)
    result = from_local(result, ctx.time_zone) if offset is None else result - offset * 1_000_000
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        raise _range_error(value)
    return adjust_precision(result, typmod) if typmod >= 0 else result


def _iso(value: str) -> tuple[int | None, int | None]:
    """The common ISO spellings: (local microseconds, seconds east), (None, None) for anything else."""
    match = _ISO_TIMESTAMP.match(value)
    if match is None:
        return None, None
    year, month, day, hour, minute, second = (int(match[index]) for index in range(1, 7))
    if not year or not 1 <= month <= 12 or not 1 <= day <= _LENGTHS[month] or hour > 23 or minute > 59 or second > 59:
        return None, None
    us = int(match[7].ljust(6, "0")) if match[7] else 0
    offset = None
    if match[8]:
        offset = 0
    elif match[9]:
        hours, minutes = int(match[10]), int(match[11] or 0)
        if hours > 15 or minutes > 59:
            return None, None
        offset = (hours * 3600 + minutes * 60) * (-1 if match[9] == "-" else 1)
    return to_days(year, month, day) * USECS_PER_DAY + (hour * 3600 + minute * 60 + second) * 1_000_000 + us, offset


@text_in("time_in")
def time_in(value: str, typmod: int, ctx: Any) -> int:
    moment = parse_moment(value, ctx, "time", time_only=True)
    return adjust_precision(moment.time_us, typmod)


@text_in("timetz_in")
def timetz_in(value: str, typmod: int, ctx: Any) -> TimeTz:
    moment = parse_moment(value, ctx, "time with time zone", time_only=True)
    zone = moment.zone
    if zone is None:
        if moment.parts & 7 == 7:
            days = moment.days
        else:
            days = to_local(ctx.transaction_timestamp, ctx.time_zone) // USECS_PER_DAY
        zone = ctx.time_zone.offset_of_local(days * 86400 + moment.time_us // 1_000_000 + EPOCH_SECONDS)
    return TimeTz(adjust_precision(moment.time_us, typmod), -zone)


# Output
_date_texts: dict[int, str] = {}


def iso_date(days: int) -> str:
    """YYYY-MM-DD[ BC] without caring for BC's place."""
    text = _date_texts.get(days)
    if text is None:
        year, month, day = from_days(days)
        text = f"{year if year > 0 else 1 - year:04d}-{month:02d}-{day:02d}"
        if len(_date_texts) > 10000:
            _date_texts.clear()
        _date_texts[days] = text
    return text


def fraction_text(us: int) -> str:
    """'.5' and the like, '' for none."""
    return f".{us:06d}".rstrip("0") if us else ""


def clock_text(us: int) -> str:
    """HH:MM:SS[.ffffff]"""
    seconds, fraction = divmod(us, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    if fraction:
        return f"{hour:02d}:{minute:02d}:{second:02d}.{fraction:06d}".rstrip("0")
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def offset_text(east: int) -> str:
    """+hh[:mm[:ss]]"""
    size = abs(east)
    text = f"{'-' if east < 0 else '+'}{size // 3600:02d}"
    if size % 3600:
        text += f":{size // 60 % 60:02d}"
        if size % 60:
            text += f":{size % 60:02d}"
    return text


def _special_text(value: int, low: int, high: int) -> str | None:
    return "infinity" if value == high else "-infinity" if value == low else None


def _styled_date(days: int, ctx: Any) -> str:
    year, month, day = from_days(days)
    shown = year if year > 0 else 1 - year
    style = ctx.date_style
    if style == "SQL":
        first, second = (day, month) if ctx.date_order == "DMY" else (month, day)
        text = f"{first:02d}/{second:02d}/{shown:04d}"
    elif style == "German":
        text = f"{day:02d}.{month:02d}.{shown:04d}"
    else:
        first, second = (day, month) if ctx.date_order == "DMY" else (month, day)
        text = f"{first:02d}-{second:02d}-{shown:04d}"
    return text if year > 0 else text + " BC"


@text_out("date_out")
def date_out(value: int, ctx: Any) -> str:
    if value >= END_DATE or value < MIN_DATE:
        special = _special_text(value, DATE_MINUS_INFINITY, DATE_INFINITY)
        if special is not None:
            return special
    if ctx.date_style == "ISO":
        return iso_date(value) if value >= -730119 else iso_date(value) + " BC"
    return _styled_date(value, ctx)


def timestamp_text(value: int, ctx: Any, east: int | None, abbreviation: str | None) -> str:
    """A finite wall clock in the session's style, with a zone when `east` is given."""
    days, us = divmod(value, USECS_PER_DAY)
    style = ctx.date_style
    if style == "ISO":
        text = f"{iso_date(days)} {clock_text(us)}"
        if east is not None:
            text += offset_text(east)
        return text if days >= -730119 else text + " BC"
    year, month, day = from_days(days)
    zone = ""
    if east is not None:
        zone = f" {abbreviation}" if abbreviation else offset_text(east)
    era = "" if year > 0 else " BC"
    if style in ("SQL", "German"):
        return f"{_styled_date(days, ctx).removesuffix(' BC')} {clock_text(us)}{zone}{era}"
    shown = year if year > 0 else 1 - year
    name, month_name = DAYS[weekday(days)], MONTHS[month - 1]
    first = f"{day:02d} {month_name}" if ctx.date_order == "DMY" else f"{month_name} {day:02d}"
    if east is not None and not abbreviation:
        zone = f" {offset_text(east)}"
    return f"{name} {first} {clock_text(us)} {shown:04d}{zone}{era}"


@text_out("timestamp_out")
def timestamp_out(value: int, ctx: Any) -> str:
    special = _special_text(value, TIMESTAMP_MINUS_INFINITY, TIMESTAMP_INFINITY)
    return special if special is not None else timestamp_text(value, ctx, None, None)


@text_out("timestamptz_out")
def timestamptz_out(value: int, ctx: Any) -> str:
    special = _special_text(value, TIMESTAMP_MINUS_INFINITY, TIMESTAMP_INFINITY)
    if special is not None:
        return special
    period = ctx.time_zone.at(value // 1_000_000 + EPOCH_SECONDS)
    return timestamp_text(value + period.offset * 1_000_000, ctx, period.offset, period.abbreviation)


@text_out("time_out")
def time_out(value: int, ctx: Any) -> str:
    return clock_text(value)


@text_out("timetz_out")
def timetz_out(value: TimeTz, ctx: Any) -> str:
    return clock_text(value.us) + offset_text(-value.zone)


# Binary
_INT = struct.Struct("!i")
_LONG = struct.Struct("!q")
_TIMETZ = struct.Struct("!qi")


def _unpack(packer: struct.Struct, data: bytes) -> Any:
    if len(data) != packer.size:
        raise insufficient_data() if len(data) < packer.size else invalid_binary()
    return packer.unpack(data)


@binary_in("date_recv")
def date_recv(data: bytes, typmod: int, ctx: Any) -> int:
    value: int = _unpack(_INT, data)[0]
    if value not in (DATE_INFINITY, DATE_MINUS_INFINITY) and not MIN_DATE <= value < END_DATE:
        raise date_out_of_range()
    return value


@binary_out("date_send")
def date_send(value: int, ctx: Any) -> bytes:
    return _INT.pack(value)


@binary_in("time_recv")
def time_recv(data: bytes, typmod: int, ctx: Any) -> int:
    value: int = _unpack(_LONG, data)[0]
    if not 0 <= value <= USECS_PER_DAY:
        raise data_error("22008", "time out of range")
    return adjust_precision(value, typmod)


@binary_in("timestamp_recv", "timestamptz_recv")
def timestamp_recv(data: bytes, typmod: int, ctx: Any) -> int:
    value: int = _unpack(_LONG, data)[0]
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return value
    if not MIN_TIMESTAMP <= value < END_TIMESTAMP:
        raise timestamp_out_of_range()
    return adjust_precision(value, typmod)


@binary_out("time_send", "timestamp_send", "timestamptz_send")
def long_send(value: int, ctx: Any) -> bytes:
    return _LONG.pack(value)


@binary_in("timetz_recv")
def timetz_recv(data: bytes, typmod: int, ctx: Any) -> TimeTz:
    us, zone = _unpack(_TIMETZ, data)
    if not 0 <= us <= USECS_PER_DAY:
        raise data_error("22008", "time out of range")
    if abs(zone) >= 16 * 3600:
        raise data_error("22009", "time zone displacement out of range")
    return TimeTz(adjust_precision(us, typmod), zone)


@binary_out("timetz_send")
def timetz_send(value: TimeTz, ctx: Any) -> bytes:
    return _TIMETZ.pack(value.us, value.zone)


def timetz_key(value: TimeTz) -> tuple[int, int]:
    """timetz orders by moment, then by zone."""
    return value.us + value.zone * 1_000_000, value.zone


SORT_KEYS["timetz_in"] = timetz_key


def _precision_typmod(name: str, suffix: str) -> Any:
    def typmod(args: list[str]) -> int:
        if len(args) != 1:
            raise invalid_parameter("invalid type modifier")
        precision = int(args[0])
        if precision < 0:
            raise invalid_parameter(f"{name}({precision}){suffix} precision must not be negative")
        # Upstream warns about more than six digits and takes six.
        return min(precision, 6)

    return typmod


def _zone_suffix(tail: str) -> Any:
    def shown(typmod: int) -> str:
        return (f"({typmod})" if typmod >= 0 else "") + tail

    return shown


for _name, _type, _suffix in (
    ("timestamp", "TIMESTAMP", ""),
    ("timestamptz", "TIMESTAMP", " WITH TIME ZONE"),
    ("time", "TIME", ""),
    ("timetz", "TIME", " WITH TIME ZONE"),
):
    TYPMOD_IN[f"{_name}typmodin"] = _precision_typmod(_type, _suffix)
    TYPMOD_OUT[f"{_name}typmodout"] = _zone_suffix(" with time zone" if _suffix else " without time zone")


def valid_clock(hour: int, minute: int, second: int, us: int) -> bool:
    return not time_overflows(hour, minute, second, us)
