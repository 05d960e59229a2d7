"""Reading dates, times and timestamps: PostgreSQL's field splitter and field-by-field decoder.

`split_fields` cuts a text into typed fields; `Decoder` consumes them one after another, remembering which parts of a
moment it has (so that "1 2 3" means different things in MDY, DMY and YMD) and refusing a second occurrence. Errors are
PostgreSQL's four: bad format 22007, field out of range 22008 (with a datestyle hint for month/day), zone
displacement 22009, unknown zone 22023.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from emulators.postgres.types.datetime_core import (
    JULIAN_EPOCH,
    USECS_PER_DAY,
    from_days,
    month_length,
    to_days,
)
from emulators.postgres.types.errors import data_error, invalid_parameter
from emulators.postgres.types.timezones import AbbreviationZone, Zone, abbreviation, dynamic_abbreviation, named_zone

# Field types.
NUMBER, STRING, DATE, TIME, TZ, SPECIAL = "number", "string", "date", "time", "tz", "special"
MAX_FIELDS: Final = 25

# Parts seen so far.
YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, ZONE, DTZ, DTZMOD, DOY, DOW, AMPM, ERA = (1 << bit for bit in range(13))
DATE_PARTS: Final = YEAR | MONTH | DAY
TIME_PARTS: Final = HOUR | MINUTE | SECOND


KEYWORDS: dict[str, tuple[str, Any]] = {}
"""Date/time words: kind and value."""
for _kind, _entries in (
    (
        "month",
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
    ),
    (
        "dow",
        (
            "sun sunday",
            "mon monday",
            "tue tues tuesday",
            "wed weds wednesday",
            "thu thur thurs thursday",
            "fri friday",
            "sat saturday",
        ),
    ),
):
    for _index, _names in enumerate(_entries, 1 if _kind == "month" else 0):
        for _name in _names.split():
            KEYWORDS[_name] = (_kind, _index)
for _name in ("-infinity", "epoch", "infinity", "+infinity", "now", "today", "tomorrow", "yesterday", "allballs"):
    KEYWORDS[_name] = ("reserved", _name.lstrip("+"))
for _name, _unit in (
    ("d", "day"),
    ("dow", "dow"),
    ("doy", "doy"),
    ("h", "hour"),
    ("isodow", "isodow"),
    ("isoyear", "isoyear"),
    ("j", "julian"),
    ("jd", "julian"),
    ("julian", "julian"),
    ("m", "month"),
    ("mm", "minute"),
    ("s", "second"),
    ("y", "year"),
):
    KEYWORDS[_name] = ("unit", _unit)
KEYWORDS.update(
    ad=("era", False),
    bc=("era", True),
    am=("ampm", "am"),
    pm=("ampm", "pm"),
    at=("ignore", 0),
    on=("ignore", 0),
    dst=("dtzmod", 3600),
    t=("isotime", 0),
)
TOKEN_LENGTH: Final = 10


def keyword(text: str) -> tuple[str, Any] | None:
    """A date/time word; only its first ten letters count."""
    found = KEYWORDS.get(text)
    if found is None and len(text) > TOKEN_LENGTH:
        prefix = text[:TOKEN_LENGTH]
        return next((value for word, value in KEYWORDS.items() if word[:TOKEN_LENGTH] == prefix), None)
    return found


class BadFormat(Exception):
    """The text is no date/time."""


class FieldOverflow(Exception):
    """A field is out of its range; `order` when a different DateStyle order might help."""

    def __init__(self, order: bool = False):
        super().__init__()
        self.order = order


class ZoneOverflow(Exception):
    """A zone displacement of more than 15:59:59."""


class IntervalOverflow(Exception):
    """An interval field too large."""


def parse_error(error: Exception, text: str, type_name: str) -> Exception:
    """The PgError for one of this module's exceptions."""
    if isinstance(error, FieldOverflow):
        hint = 'Perhaps you need a different "DateStyle" setting.' if error.order else None
        return data_error("22008", f'date/time field value out of range: "{text}"', hint=hint)
    if isinstance(error, ZoneOverflow):
        return data_error("22009", f'time zone displacement out of range: "{text}"')
    if isinstance(error, IntervalOverflow):
        return data_error("22015", f'interval field value out of range: "{text}"')
    return data_error("22007", f'invalid input syntax for type {type_name}: "{text}"')


PARSE_ERRORS: Final = (BadFormat, FieldOverflow, ZoneOverflow, IntervalOverflow)


@cache
def _splitter() -> re.Pattern[str]:
    """Compiled when first needed: the common ISO forms do not come this way."""
    return re.compile(_SPLITTER, re.VERBOSE | re.DOTALL)


_SPLITTER = r"""
    (?P<time>[0-9]+:[0-9:.]*)
  | (?P<number_date>[0-9]+(?P<delim>[-/.])(?:[0-9]+(?P<third>(?P=delim)(?:[0-9]|(?P=delim))*)?|(?:[a-z0-9]|(?P=delim))*))
  | (?P<number>[0-9]+|\.[0-9]*)
  | (?P<word>[a-z]+)
  | (?P<sign>[+-])
  | (?P<space>[ \t\n\r\v\f]+)
  | (?P<other>.)
    """
_WORD_TAIL = re.compile(r"[a-z0-9+\-/_.:]+")
_SIGN_NUMBER = re.compile(r"[ \t\n\r\v\f]*([0-9][0-9:.\-]*)")
_SIGN_WORD = re.compile(r"[ \t\n\r\v\f]*([a-z]+)")


def split_fields(text: str, max_length: int = 128) -> list[tuple[str, str]]:
    """Cut a text into (type, lower-cased field) pairs; BadFormat for bytes that cannot be there."""
    lowered = text.lower() if text.isascii() else "".join(c.lower() if c.isascii() else c for c in text)
    fields: list[tuple[str, str]] = []
    position = used = 0
    size = len(lowered)
    splitter = _splitter()
    while position < size:
        match = splitter.match(lowered, position)
        assert match is not None
        kind = match.lastgroup
        if match["space"] is not None:
            position = match.end()
            continue
        if len(fields) >= MAX_FIELDS:
            raise BadFormat
        value = match[0]
        end = match.end()
        if match["time"] is not None:
            fields.append((TIME, value))
        elif match["number_date"] is not None:
            delimiter = match["delim"]
            after = value[value.index(delimiter) + 1 : value.index(delimiter) + 2]
            if after.isdigit():
                fields.append((DATE if delimiter != "." or match["third"] is not None else NUMBER, value))
            else:
                fields.append((DATE, value))
        elif match["number"] is not None:
            fields.append((NUMBER, value))
        elif match["word"] is not None:
            following = lowered[end : end + 1]
            is_date = following in ("-", "/", ".") and following != ""
            if not is_date and (following == "+" or following.isdigit()):
                is_date = keyword(value) is None
            if is_date:
                tail = _WORD_TAIL.match(lowered, end)
                if tail is not None:
                    value += tail[0]
                    end = tail.end()
                fields.append((DATE, value))
            else:
                fields.append((STRING, value))
        elif kind == "sign":
            number = _SIGN_NUMBER.match(lowered, end)
            word = _SIGN_WORD.match(lowered, end)
            if number is not None:
                fields.append((TZ, value + number[1]))
                end = number.end()
            elif word is not None:
                fields.append((SPECIAL, value + word[1]))
                end = word.end()
            else:
                raise BadFormat
        elif value.isascii() and value.isprintable():
            # Any other punctuation is noise.
            position = end
            continue
        else:
            raise BadFormat
        used += len(fields[-1][1]) + 1
        if used > max_length:
            raise BadFormat
        position = end
    return fields


_INT = re.compile(r"[ \t\n\r\v\f]*[+-]?[0-9]+")


def leading_int(text: str) -> tuple[int, str]:
    """strtol: the integer at the start (0 when there is none) and what follows; FieldOverflow beyond 32 bits."""
    match = _INT.match(text)
    if match is None:
        return 0, text
    value = int(match[0]) if len(match[0]) < 30 else 2**40
    if not -(2**31) <= value < 2**31:
        raise FieldOverflow
    return value, text[match.end() :]


_FRACTION = re.compile(r"\.([0-9]*)\Z")


def fraction_microseconds(text: str) -> int:
    """'.123' as rounded microseconds."""
    match = _FRACTION.match(text)
    if match is None:
        raise BadFormat
    return round(float("0." + (match[1] or "0")) * 1_000_000)


def decode_zone(text: str) -> int:
    """+hh[:mm[:ss]] or +hhmm as seconds east."""
    if text[:1] not in ("+", "-") or not text:
        raise BadFormat
    minutes = seconds = 0
    try:
        hours, rest = leading_int(text[1:])
        if rest[:1] == ":":
            minutes, rest = leading_int(rest[1:])
            if rest[:1] == ":":
                seconds, rest = leading_int(rest[1:])
        elif not rest and len(text) > 3:
            hours, minutes = divmod(hours, 100)
    except FieldOverflow:
        raise ZoneOverflow from None
    if not 0 <= hours <= 15 or not 0 <= minutes < 60 or not 0 <= seconds < 60:
        raise ZoneOverflow
    if rest:
        raise BadFormat
    total = hours * 3600 + minutes * 60 + seconds
    return -total if text[0] == "-" else total


@dataclass(slots=True)
class Moment:
    """What a text said. `zone` is seconds east; `special` one of infinity, -infinity, epoch."""

    year: int = 0
    month: int = 0
    day: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    us: int = 0
    zone: int | None = None
    special: str | None = None
    parts: int = 0

    @property
    def days(self) -> int:
        return to_days(self.year, self.month, self.day)

    @property
    def time_us(self) -> int:
        return (self.hour * 3600 + self.minute * 60 + self.second) * 1_000_000 + self.us


def time_overflows(hour: int, minute: int, second: int, us: int) -> bool:
    """Beyond 24:00:00; a leap second 60 is let through."""
    if not 0 <= hour <= 24 or not 0 <= minute < 60 or not 0 <= second <= 60 or not 0 <= us <= 1_000_000:
        return True
    return (hour * 3600 + minute * 60 + second) * 1_000_000 + us > USECS_PER_DAY


@dataclass(slots=True)
class Decoder:
    """Turns fields into a Moment. `zones` False refuses any zone (timestamp/date accept and ignore them upstream too)."""

    ctx: Any
    time_only: bool = False
    zones: bool = True
    moment: Moment = field(default_factory=Moment)
    parts: int = 0
    julian: bool = False
    two_digits: bool = False
    before_christ: bool = False
    text_month: bool = False
    meridiem: str | None = None
    named: Zone | None = None
    standard_isdst: bool = False
    year_day: int = 0
    prefix: str | None = None

    def run(self, fields: list[tuple[str, str]]) -> Moment:
        for index, (kind, text) in enumerate(fields):
            if kind == DATE:
                mask = self._time_only_date(index, text, fields) if self.time_only else self._date_field(text)
            elif kind == TIME:
                mask = self._time_field(text)
            elif kind == TZ:
                self._need_zones()
                self.moment.zone = decode_zone(text)
                mask = ZONE
            elif kind == NUMBER:
                mask = self._labelled_number(text) if self.prefix else self._number_field(index, text, fields)
            else:
                found = self._word(index, text, fields)
                if found is None:
                    continue
                mask = found
            if mask & self.parts:
                raise BadFormat
            self.parts |= mask
            if self.moment.special is not None and self.moment.special != "":
                self.moment.parts = self.parts
        return self._finish()

    def _need_zones(self) -> None:
        if not self.zones:
            raise BadFormat

    def _date_field(self, text: str) -> int:
        if self.prefix == "julian":
            self._need_zones()
            value, rest = leading_int(text)
            if value < 0:
                raise FieldOverflow
            self._set_julian(value)
            self.moment.zone = decode_zone(rest)
            self.prefix = None
            return DATE_PARTS | TIME_PARTS | ZONE
        if self.prefix is not None or self.parts & (MONTH | DAY) == MONTH | DAY:
            self._need_zones()
            if text[0].isdigit() or self.prefix is not None:
                if self.prefix is not None:
                    if self.prefix != "time":
                        raise BadFormat
                    self.prefix = None
                if self.parts & TIME_PARTS == TIME_PARTS:
                    raise BadFormat
                return self._time_with_zone(text, self.parts)
            return self._zone_name(text)
        return self._decode_date(text)

    def _time_with_zone(self, text: str, parts: int) -> int:
        """hhmmss-zz"""
        cut = text.find("-")
        if cut < 0:
            raise BadFormat
        self.moment.zone = decode_zone(text[cut:])
        return self._run_together(text[:cut], parts) | ZONE

    def _zone_name(self, text: str) -> int:
        found = named_zone(text)
        if found is None:
            raise invalid_parameter(f'time zone "{text}" not recognized')
        self.named = found
        return ZONE

    def _time_only_date(self, index: int, text: str, fields: list[tuple[str, str]]) -> int:
        self._need_zones()
        if index == 0 and len(fields) >= 2 and (fields[-1][0] == DATE or fields[1][0] == TIME):
            return self._decode_date(text)
        if text[0].isdigit():
            if self.parts & TIME_PARTS == TIME_PARTS:
                raise BadFormat
            return self._time_with_zone(text, self.parts | DATE_PARTS)
        return self._zone_name(text)

    def _time_field(self, text: str) -> int:
        if self.prefix is not None:
            if self.prefix != "time":
                raise BadFormat
            self.prefix = None
        hour, minute, second, us = decode_clock(text)
        moment = self.moment
        moment.hour, moment.minute, moment.second, moment.us = hour, minute, second, us
        if hour >= 2**31:
            raise FieldOverflow
        if not self.time_only and time_overflows(hour, minute, second, us):
            raise FieldOverflow
        return TIME_PARTS

    def _set_julian(self, value: int) -> None:
        moment = self.moment
        moment.year, moment.month, moment.day = from_days(value - JULIAN_EPOCH)
        self.julian = True

    def _labelled_number(self, text: str) -> int:
        prefix, self.prefix = self.prefix, None
        moment = self.moment
        if self.time_only and prefix == "julian":
            self._need_zones()
        value, rest = leading_int(text)
        if rest and rest[0] != ".":
            raise BadFormat
        if prefix == "julian":
            if value < 0:
                raise FieldOverflow
            self._set_julian(value)
            if not rest:
                return DATE_PARTS
            total = int(float("0" + rest) * USECS_PER_DAY)
            moment.hour, total = divmod(total, 3_600_000_000)
            moment.minute, total = divmod(total, 60_000_000)
            moment.second, moment.us = divmod(total, 1_000_000)
            return DATE_PARTS | TIME_PARTS
        if prefix == "time":
            mask = self._run_together(text, self.parts | DATE_PARTS)
            if mask != TIME_PARTS:
                raise BadFormat
            return mask
        raise BadFormat

    def _number_field(self, index: int, text: str, fields: list[tuple[str, str]]) -> int:
        point = text.find(".")
        if self.time_only:
            if point >= 0:
                if index == 0 and len(fields) >= 2 and fields[-1][0] == DATE:
                    return self._decode_date(text)
                if point > 2:
                    return self._run_together(text, self.parts | DATE_PARTS)
                raise BadFormat
            if len(text) > 4:
                return self._run_together(text, self.parts | DATE_PARTS)
            return self._decode_number(text, self.parts | DATE_PARTS, False)
        if point >= 0 and not self.parts & DATE_PARTS:
            return self._decode_date(text)
        if point > 2 or (point < 0 and len(text) >= 6 and (not self.parts & DATE_PARTS or not self.parts & TIME_PARTS)):
            return self._run_together(text, self.parts)
        return self._decode_number(text, self.parts, self.text_month)

    def _decode_date(self, text: str) -> int:
        """A date of up to three parts with separators, month names allowed."""
        pieces = re.findall(r"[0-9]+|[a-z]+", text)
        if re.search(r"[^a-z0-9]\Z", text) or not pieces:
            raise BadFormat
        parts = self.parts
        text_month = False
        numbers = []
        for piece in pieces:
            if piece[0].isdigit():
                numbers.append(piece)
                continue
            found = keyword(piece)
            if found is None:
                raise BadFormat
            if found[0] == "ignore":
                continue
            if found[0] != "month":
                raise BadFormat
            self.moment.month = found[1]
            text_month = True
            if parts & MONTH:
                raise BadFormat
            parts |= MONTH
        mask = parts & ~self.parts
        for number in numbers:
            seen = self._decode_number(number, parts, text_month)
            if seen & parts:
                raise BadFormat
            parts |= seen
            mask |= seen
        if parts & ~(DOY | ZONE) != DATE_PARTS:
            raise BadFormat
        return mask

    def _decode_number(self, text: str, parts: int, text_month: bool) -> int:
        """One number whose meaning depends on DateStyle and on what is known already."""
        value, rest = leading_int(text)
        if rest == text:
            raise BadFormat
        if rest[:1] == ".":
            if len(text) - len(rest) > 2:
                return self._run_together(text, parts | DATE_PARTS)
            self.moment.us = fraction_microseconds(rest)
        elif rest:
            raise BadFormat
        moment = self.moment
        size = len(text)
        known = parts & DATE_PARTS
        if size == 3 and known == YEAR and 1 <= value <= 366:
            self.year_day = value
            return DOY | MONTH | DAY
        order = self.ctx.date_order
        if known == 0:
            target = "year" if size >= 3 or order == "YMD" else "day" if order == "DMY" else "month"
        elif known == YEAR:
            target = "month"
        elif known == MONTH:
            target = "year" if text_month and (size >= 3 or order == "YMD") else "day"
        elif known == YEAR | MONTH:
            target = "day"
            if text_month and size >= 3 and self.two_digits:
                # What was taken for a two-digit year was the day.
                moment.day = moment.year
                moment.year = value
                self.two_digits = False
                return DAY
        elif known == DAY:
            target = "month"
        elif known == MONTH | DAY:
            target = "year"
        elif known == DATE_PARTS:
            return self._run_together(text, parts)
        else:
            raise BadFormat
        setattr(moment, target, value)
        if target == "year":
            self.two_digits = size <= 2
            return YEAR
        return MONTH if target == "month" else DAY

    def _run_together(self, text: str, parts: int) -> int:
        """yyyymmdd, yymmdd, hhmmss[.fff] or hhmm."""
        moment = self.moment
        digits = text
        if "." in text:
            digits, _, fraction = text.partition(".")
            moment.us = round(float("0." + (fraction or "0")) * 1_000_000)
        elif parts & DATE_PARTS != DATE_PARTS and len(digits) >= 6:
            moment.day = int(digits[-2:])
            moment.month = int(digits[-4:-2])
            moment.year = int(digits[:-4])
            if moment.year >= 2**31:
                raise FieldOverflow
            if len(digits) == 6:
                self.two_digits = True
            return DATE_PARTS
        if parts & TIME_PARTS != TIME_PARTS:
            if len(digits) == 6:
                moment.hour, moment.minute, moment.second = int(digits[:2]), int(digits[2:4]), int(digits[4:])
                return TIME_PARTS
            if len(digits) == 4:
                moment.hour, moment.minute, moment.second = int(digits[:2]), int(digits[2:]), 0
                return TIME_PARTS
        raise BadFormat

    def _word(self, index: int, text: str, fields: list[tuple[str, str]]) -> int | None:
        found = None
        if text[0] not in "+-":
            dynamic = dynamic_abbreviation(text, self.ctx.time_zone)
            if dynamic is not None:
                self._need_zones()
                self.named = dynamic
                return ZONE
        zone = abbreviation(text, self.ctx.time_zone) if text[0] not in "+-" else None
        if zone is not None:
            self._need_zones()
            self.moment.zone = zone[0]
            self.standard_isdst = not zone[1]
            return ZONE | DTZ if zone[1] else ZONE
        found = keyword(text)
        if found is None:
            named = named_zone(text) if self.zones else None
            if named is None or text[0] in "+-":
                raise BadFormat
            self.named = named
            return ZONE
        kind, value = found
        if kind == "ignore":
            return None
        if kind == "reserved":
            return self._reserved(value)
        if kind == "month" and not self.time_only:
            mask = MONTH
            if self.parts & MONTH and not self.text_month and not self.parts & DAY and 1 <= self.moment.month <= 31:
                # A number taken for the month was the day.
                self.moment.day = self.moment.month
                mask = DAY
            self.text_month = True
            self.moment.month = value
            return mask
        if kind == "dtzmod":
            self._need_zones()
            if self.moment.zone is not None:
                self.moment.zone += value
            return DTZMOD | DTZ
        if kind == "ampm":
            self.meridiem = value
            return AMPM
        if kind == "era":
            self.before_christ = value
            return ERA
        if kind == "dow" and not self.time_only:
            return DOW
        if kind == "unit":
            if self.prefix is not None or value != "julian":
                raise BadFormat
            self.prefix = value
            return 0
        if kind == "isotime":
            if not self.time_only and self.parts & DATE_PARTS != DATE_PARTS:
                raise BadFormat
            if index >= len(fields) - 1 or fields[index + 1][0] not in (NUMBER, TIME, DATE):
                raise BadFormat
            if self.prefix is not None:
                raise BadFormat
            self.prefix = "time"
            return 0
        raise BadFormat

    def _reserved(self, word: str) -> int:
        moment = self.moment
        if word == "allballs":
            moment.hour = moment.minute = moment.second = 0
            moment.zone = 0
            return TIME_PARTS | ZONE
        if word == "now" or (word in ("today", "tomorrow", "yesterday") and not self.time_only):
            from emulators.postgres.types.datetime_core import to_local, zone_offset

            now = self.ctx.transaction_timestamp
            local = to_local(now, self.ctx.time_zone)
            days, us = divmod(local, USECS_PER_DAY)
            if word == "now":
                moment.hour, us = divmod(us, 3_600_000_000)
                moment.minute, us = divmod(us, 60_000_000)
                moment.second, moment.us = divmod(us, 1_000_000)
                if self.time_only:
                    return TIME_PARTS
                moment.year, moment.month, moment.day = from_days(days)
                moment.zone = zone_offset(now, self.ctx.time_zone)
                return DATE_PARTS | TIME_PARTS | ZONE
            days += {"today": 0, "tomorrow": 1, "yesterday": -1}[word]
            moment.year, moment.month, moment.day = from_days(days)
            return DATE_PARTS
        if self.time_only:
            raise BadFormat
        moment.special = word
        return DATE_PARTS | TIME_PARTS | ZONE

    def _finish(self) -> Moment:
        moment = self.moment
        moment.parts = self.parts
        if self.prefix is not None:
            raise BadFormat
        if moment.special is not None:
            return moment
        self._validate_date()
        if self.meridiem is not None and moment.hour > 12:
            raise FieldOverflow
        if self.meridiem == "am" and moment.hour == 12:
            moment.hour = 0
        elif self.meridiem == "pm" and moment.hour != 12:
            moment.hour += 12
        if self.time_only:
            if time_overflows(moment.hour, moment.minute, moment.second, moment.us):
                raise FieldOverflow
            if self.parts & TIME_PARTS != TIME_PARTS:
                raise BadFormat
        elif self.parts & DATE_PARTS != DATE_PARTS:
            raise BadFormat
        if self.named is not None and self.parts & DTZMOD:
            raise BadFormat
        if not self.parts & ZONE and self.parts & DTZMOD:
            raise BadFormat
        if self.named is not None:
            moment.zone = self._named_offset(self.named)
        return moment

    def _named_offset(self, zone: Zone) -> int:
        from emulators.postgres.types.datetime_core import EPOCH_SECONDS, to_local

        if zone.fixed is not None:
            return zone.fixed
        moment = self.moment
        if self.time_only and self.parts & DATE_PARTS != DATE_PARTS:
            if not isinstance(zone, AbbreviationZone):
                raise BadFormat
            today = to_local(self.ctx.transaction_timestamp, self.ctx.time_zone) // USECS_PER_DAY
            return zone.offset_of_local(today * 86400 + moment.time_us // 1_000_000 + EPOCH_SECONDS)
        return zone.offset_of_local(moment.days * 86400 + moment.time_us // 1_000_000 + EPOCH_SECONDS)

    def _validate_date(self) -> None:
        moment, parts = self.moment, self.parts
        if parts & YEAR and not self.julian:
            if self.before_christ:
                if moment.year <= 0:
                    raise FieldOverflow
                moment.year = 1 - moment.year
            elif self.two_digits:
                if moment.year < 0:
                    raise FieldOverflow
                moment.year += 2000 if moment.year < 70 else 1900 if moment.year < 100 else 0
            elif moment.year <= 0:
                raise FieldOverflow
        if parts & DOY:
            moment.year, moment.month, moment.day = from_days(to_days(moment.year, 1, 1) + self.year_day - 1)
        if parts & MONTH and not 1 <= moment.month <= 12:
            raise FieldOverflow(order=True)
        if parts & DAY and not 1 <= moment.day <= 31:
            raise FieldOverflow(order=True)
        if parts & DATE_PARTS == DATE_PARTS and moment.day > month_length(moment.year, moment.month):
            raise FieldOverflow


_LONG = re.compile(r"[+-]?[0-9]+")


def decode_clock(text: str, minute_second: bool = False) -> tuple[int, int, int, int]:
    """hh:mm[:ss[.f]] or mm:ss.f as (hour, minute, second, microseconds)."""
    match = _LONG.match(text)
    if match is None:
        raise BadFormat
    hour = int(match[0])
    if not -(2**63) <= hour < 2**63:
        raise FieldOverflow
    rest = text[match.end() :]
    if rest[:1] != ":":
        raise BadFormat
    minute, rest = leading_int(rest[1:])
    second = us = 0
    if not rest:
        if minute_second:
            hour, minute, second = 0, hour, minute
    elif rest[0] == ".":
        us = fraction_microseconds(rest)
        if not -(2**31) <= hour < 2**31:
            raise FieldOverflow
        hour, minute, second = 0, hour, minute
    elif rest[0] == ":":
        second, rest = leading_int(rest[1:])
        if rest[:1] == ".":
            us = fraction_microseconds(rest)
        elif rest:
            raise BadFormat
    else:
        raise BadFormat
    if hour < 0 or not 0 <= minute < 60 or not 0 <= second <= 60 or not 0 <= us <= 1_000_000:
        raise FieldOverflow
    return hour, minute, second, us
