"""to_char of timestamps and intervals, to_date and to_timestamp of text.

Reference: PostgreSQL 18's template patterns. Reading is forgiving unless FX is on: blanks are skipped, a separator in
the template may stand for any separator or none. Names are English only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from emulators.postgres.functions.format_template import Node, is_separator, ordinal_suffix, parse_date_template
from emulators.postgres.functions.intervals import iso_week
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.datetime_core import (
    END_DATE,
    END_TIMESTAMP,
    EPOCH_SECONDS,
    JULIAN_EPOCH,
    MIN_DATE,
    MIN_TIMESTAMP,
    USECS_PER_DAY,
    from_days,
    from_local,
    month_length,
    to_days,
    weekday,
)
from emulators.postgres.types.errors import data_error
from emulators.postgres.types.interval import split
from emulators.postgres.types.values import TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, Interval

MONTH_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAY_NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
ROMAN_MONTHS = ["XII", "XI", "X", "IX", "VIII", "VII", "VI", "V", "IV", "III", "II", "I"]


@dataclass(slots=True)
class Fields:
    """A moment taken apart for to_char."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    us: int
    year_day: int
    week_day: int
    days: int
    east: int = 0
    zone: str = ""
    interval: bool = False


def _number(value: int, width: int, node: Node) -> str:
    """A number padded to `width` digits (a sign comes on top) unless FM."""
    if node.fill:
        text = str(value)
    else:
        text = f"{value:0{width if value >= 0 else width + 1}d}"
    return text + _ordinal(text, node)


def _day_number(value: int, width: int, node: Node) -> str:
    """A number whose sign counts into its width, as days and weeks are written."""
    text = str(value) if node.fill else f"{value:0{width}d}"
    return text + _ordinal(text, node)


def _ordinal(text: str, node: Node) -> str:
    if not node.ordinal:
        return ""
    suffix = ordinal_suffix(text)
    return suffix.upper() if node.ordinal == "TH" else suffix


def _cased(name: str, pattern: str) -> str:
    if pattern.isupper():
        return name.upper()
    return name.lower() if pattern.islower() else name


def _interval_error() -> Exception:
    return data_error(
        "22007",
        "invalid format specification for an interval value",
        hint="Intervals are not tied to specific calendar dates.",
    )


_NOT_FOR_INTERVALS = frozenset(
    [
        "A.D.",
        "AD",
        "B.C.",
        "BC",
        "a.d.",
        "ad",
        "b.c.",
        "bc",
        "MONTH",
        "Month",
        "month",
        "MON",
        "Mon",
        "mon",
        "DAY",
        "Day",
        "day",
        "DY",
        "Dy",
        "dy",
        "TZ",
        "tz",
        "OF",
        "TZH",
        "TZM",
        "ID",
        "D",
        "IW",
        "IDDD",
    ]
)


def format_fields(template: str, fields: Fields) -> str:
    out: list[str] = []
    for node in parse_date_template(template):
        if node.kind != "pattern":
            out.append(node.text)
        else:
            if fields.interval and node.text in _NOT_FOR_INTERVALS:
                raise _interval_error()
            out.append(_format_node(node, fields))
    return "".join(out)


def _format_node(node: Node, f: Fields) -> str:
    pattern = node.text
    maker = _MAKERS.get(pattern)
    if maker is not None:
        return str(maker(node, f))
    if pattern in ("A.M.", "P.M.", "a.m.", "p.m.", "AM", "PM", "am", "pm"):
        text = "PM" if f.hour % 24 >= 12 else "AM"
        text = ".".join(text) + "." if "." in pattern else text
        return text.lower() if pattern.islower() else text
    if pattern in ("A.D.", "B.C.", "a.d.", "b.c.", "AD", "BC", "ad", "bc"):
        text = "BC" if f.year <= 0 else "AD"
        text = ".".join(text) + "." if "." in pattern else text
        return text.lower() if pattern.islower() else text
    if pattern.lower() in ("month", "mon"):
        if not f.month:
            return ""
        name = MONTH_NAMES[f.month - 1]
        if pattern.lower() == "mon":
            return _cased(name[:3], pattern)
        return _cased(name, pattern).ljust(0 if node.fill else 9)
    if pattern.lower() in ("day", "dy"):
        name = DAY_NAMES[f.week_day]
        if pattern.lower() == "dy":
            return _cased(name[:3], pattern)
        return _cased(name, pattern).ljust(0 if node.fill else 9)
    if pattern.lower() == "rm":
        return _roman(node, f)
    if pattern.startswith("FF"):
        digits = int(pattern[2:])
        text = f"{f.us:06d}"[:digits]
        return text + _ordinal(text, node)
    return ""


def _roman(node: Node, f: Fields) -> str:
    if not f.month and not (f.interval and f.year):
        return ""
    if f.month == 0:
        # An interval of whole years: its sign picks an end of the list.
        name = ROMAN_MONTHS[0] if f.year >= 0 else ROMAN_MONTHS[11]
    elif f.month < 0:
        name = ROMAN_MONTHS[-(f.month + 1)]
    else:
        name = ROMAN_MONTHS[12 - f.month]
    return _cased(name, node.text).ljust(0 if node.fill else 4)


def _hour_12(f: Fields) -> int:
    rest = abs(f.hour) % 12
    rest = 12 if rest == 0 else rest
    return -rest if f.hour < 0 else rest


def _shown_year(f: Fields) -> int:
    return f.year if f.interval or f.year > 0 else 1 - f.year


def _iso_year(f: Fields) -> int:
    if f.interval:
        return f.year
    year = iso_week(f.days)[0]
    return year if year > 0 else 1 - year


def _century(f: Fields) -> int:
    if f.interval:
        return f.year // 100 if f.year >= 0 else -(-f.year // 100)
    if f.year > 0:
        return (f.year - 1) // 100 + 1
    return -(-f.year // 100) - 1


def _format_century(node: Node, f: Fields) -> str:
    century = _century(f)
    return _number(century, 2, node) if -99 <= century <= 99 else str(century) + _ordinal(str(century), node)


def _year(node: Node, f: Fields) -> str:
    value = _iso_year(f) if node.text[0] == "I" else _shown_year(f)
    digits = len(node.text)
    if digits < 4:
        value = abs(value) % 10**digits * (1 if value >= 0 else -1)
    return _number(value, digits, node)


def _year_with_comma(node: Node, f: Fields) -> str:
    thousands, rest = divmod(_shown_year(f), 1000)
    text = f"{thousands},{rest:03d}"
    return text + _ordinal(text, node)


def _offset(node: Node, f: Fields) -> str:
    size = abs(f.east)
    text = f"{'-' if f.east < 0 else '+'}{size // 3600:0{1 if node.fill else 2}d}"
    if size % 3600:
        text += f":{size // 60 % 60:02d}"
        if size % 60:
            text += f":{size % 60:02d}"
    return text


def _plain(value: int, node: Node) -> str:
    return str(value) + _ordinal(str(value), node)


def _iso_day_of_year(f: Fields) -> int:
    year = iso_week(f.days)[0]
    first = to_days(year, 1, 4)
    return f.days - (first - (weekday(first) - 1) % 7) + 1


_MAKERS: dict[str, Any] = {
    "HH": lambda n, f: _number(_hour_12(f), 2, n),
    "HH12": lambda n, f: _number(_hour_12(f), 2, n),
    "HH24": lambda n, f: _number(f.hour, 2, n),
    "MI": lambda n, f: _number(f.minute, 2, n),
    "SS": lambda n, f: _number(f.second, 2, n),
    "MS": lambda n, f: f"{f.us // 1000 if f.us >= 0 else -(-f.us // 1000):03d}" + _ordinal("", n),
    "US": lambda n, f: f"{f.us:06d}" + _ordinal(f"{f.us:06d}", n),
    "SSSS": lambda n, f: _plain(f.hour * 3600 + f.minute * 60 + f.second, n),
    "SSSSS": lambda n, f: _plain(f.hour * 3600 + f.minute * 60 + f.second, n),
    "TZ": lambda n, f: f.zone.upper(),
    "tz": lambda n, f: f.zone.lower(),
    "OF": _offset,
    "TZH": lambda n, f: f"{'-' if f.east < 0 else '+'}{abs(f.east) // 3600:02d}",
    "TZM": lambda n, f: f"{abs(f.east) // 60 % 60:02d}",
    "MM": lambda n, f: _number(f.month, 2, n),
    "DDD": lambda n, f: _day_number(f.year_day, 3, n),
    "IDDD": lambda n, f: _day_number(_iso_day_of_year(f), 3, n),
    "DD": lambda n, f: _day_number(f.day, 2, n),
    "D": lambda n, f: _plain(f.week_day + 1, n),
    "ID": lambda n, f: _plain(f.week_day or 7, n),
    "WW": lambda n, f: _day_number((f.year_day - 1) // 7 + 1, 2, n),
    "IW": lambda n, f: _day_number(iso_week(f.days)[1], 2, n),
    "W": lambda n, f: _plain((f.day - 1) // 7 + 1, n),
    "Q": lambda n, f: _plain((f.month - 1) // 3 + 1, n) if f.month else "",
    "CC": _format_century,
    "Y,YYY": _year_with_comma,
    "J": lambda n, f: _plain(f.days + JULIAN_EPOCH, n),
    "FX": lambda n, f: "",
    **dict.fromkeys(("YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I"), _year),
}


def fields_of(local: int, east: int = 0, zone: str = "") -> Fields:
    days, us = divmod(local, USECS_PER_DAY)
    year, month, day = from_days(days)
    seconds, fraction = divmod(us, 1_000_000)
    return Fields(
        year,
        month,
        day,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
        fraction,
        days - to_days(year, 1, 1) + 1,
        weekday(days),
        days,
        east,
        zone,
    )


@builtin("timestamp_to_char")
def timestamp_to_char(value: int, template: str) -> str | None:
    if not template:
        return None
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return None
    return format_fields(template, fields_of(value))


@builtin("timestamptz_to_char", ctx=True)
def timestamptz_to_char(ctx: Any, value: int, template: str) -> str | None:
    if not template or value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return None
    period = ctx.time_zone.at(value // 1_000_000 + EPOCH_SECONDS)
    return format_fields(template, fields_of(value + period.offset * 1_000_000, period.offset, period.abbreviation))


@builtin("interval_to_char")
def interval_to_char(value: Interval, template: str) -> str | None:
    from emulators.postgres.functions.datetimes import is_infinite_interval

    if not template or is_infinite_interval(value):
        return None
    years, months, days, hours, minutes, seconds, us = split(value)
    fields = Fields(
        years, months, days, hours, minutes, seconds, us, (years * 12 + months) * 30 + days, 0, 0, interval=True
    )
    # There is no calendar date behind it; J counts from the date the fields would name.
    fields.days = to_days(years, months or 0, days) if months > 0 else years * 360 + months * 30 + days - JULIAN_EPOCH
    return format_fields(template, fields)


# Reading
@dataclass(slots=True)
class Parsed:
    """What a text said, field by field; 0 means not said, as upstream has it."""

    mode: str = ""
    hh: int = 0
    pm: int = 0
    mi: int = 0
    ss: int = 0
    ssss: int = 0
    d: int = 0
    dd: int = 0
    ddd: int = 0
    mm: int = 0
    ms: int = 0
    year: int = 0
    bc: int = 0
    ww: int = 0
    w: int = 0
    cc: int = 0
    j: int = 0
    us: int = 0
    yysz: int = 0
    clock12: bool = False
    tzsign: int = 0
    tzh: int = 0
    tzm: int = 0
    ff: int = 0
    zone_offset: int | None = None


_INT = re.compile(r"[ \t\n\r\v\f]*[+-]?[0-9]+")
_DIGIT_PATTERNS = frozenset(
    [
        "HH",
        "HH12",
        "HH24",
        "MI",
        "SS",
        "MS",
        "US",
        "SSSS",
        "SSSSS",
        "MM",
        "DDD",
        "IDDD",
        "DD",
        "D",
        "ID",
        "WW",
        "IW",
        "W",
        "Q",
        "CC",
        "Y,YYY",
        "YYYY",
        "YYY",
        "YY",
        "Y",
        "IYYY",
        "IYY",
        "IY",
        "I",
        "J",
        "FF1",
        "FF2",
        "FF3",
        "FF4",
        "FF5",
        "FF6",
    ]
)


def _adjust_year(year: int) -> int:
    """Two and three digit years are near 2020."""
    if year < 70:
        return year + 2000
    if year < 100:
        return year + 1900
    if year < 520:
        return year + 2000
    return year + 1000 if year < 1000 else year


class _Reader:
    def __init__(self, text: str, template: str, ctx: Any):
        self.text = text
        self.nodes = parse_date_template(template)
        self.ctx = ctx
        self.at = 0
        self.result = Parsed()
        self.fixed = False
        self.extra = 0
        self.index = 0

    def blanks(self) -> int:
        start = self.at
        while self.text[self.at : self.at + 1] in tuple(" \t\n\r\v\f"):
            self.at += 1
        return self.at - start

    def run(self) -> Parsed:
        for index, node in enumerate(self.nodes):
            if self.at >= len(self.text):
                break
            self.index = index
            is_fx = node.kind == "pattern" and node.text == "FX"
            if not self.fixed and not is_fx and (node.kind == "pattern" or index == 0):
                self.extra += self.blanks()
            if node.kind in ("space", "separator"):
                if self.fixed:
                    self.at += 1
                else:
                    self.extra -= 1
                    char = self.text[self.at : self.at + 1]
                    if char and (char in " \t\n\r\v\f" or is_separator(char)):
                        self.at += 1
                        self.extra += 1
                continue
            if node.kind == "char":
                if not self.fixed and self.extra > 0:
                    self.extra -= 1
                else:
                    self.at += 1
                continue
            self.pattern(node)
            if not self.fixed:
                self.extra = self.blanks()
        return self.result

    def set(self, name: str, value: int, node: Node) -> None:
        old = getattr(self.result, name)
        if old not in (0, value):
            raise data_error(
                "22007",
                f'conflicting values for "{node.name}" field in formatting string',
                "This value contradicts a previous setting for the same field type.",
            )
        setattr(self.result, name, value)

    def mode(self, node: Node) -> None:
        name = node.text
        wanted = ""
        if name in ("IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I"):
            wanted = "iso"
        elif name in (
            "DDD",
            "DD",
            "MM",
            "MONTH",
            "Month",
            "month",
            "MON",
            "Mon",
            "mon",
            "RM",
            "rm",
            "W",
            "WW",
            "CC",
            "Y,YYY",
            "YYYY",
            "YYY",
            "YY",
            "Y",
        ):
            wanted = "gregorian"
        if wanted:
            if self.result.mode and self.result.mode != wanted:
                raise data_error(
                    "22007",
                    "invalid combination of date conventions",
                    hint="Do not mix Gregorian and ISO week date conventions in a formatting template.",
                )
            self.result.mode = wanted

    def separator_follows(self, node: Node) -> bool:
        """Whether the next thing cannot be a digit, so that a number may be as long as it is."""
        if node.ordinal:
            return True
        if self.index + 1 >= len(self.nodes):
            return True
        following = self.nodes[self.index + 1]
        if following.kind == "pattern":
            return following.text not in _DIGIT_PATTERNS
        return not following.text.isdigit()

    def integer(self, node: Node, length: int) -> tuple[int, int]:
        """(value, characters used)"""
        self.blanks()
        start = self.at
        copy = self.text[start : start + length]
        match: re.Match[str] | None
        if node.fill or self.separator_follows(node):
            match = _INT.match(self.text, start)
        else:
            if len(copy) < length:
                raise data_error(
                    "22007",
                    f'source string too short for "{node.name}" formatting field',
                    f"Field requires {length} characters, but only {len(copy)} remain.",
                    'If your source string is not fixed-width, try using the "FM" modifier.',
                )
            match = _INT.match(copy)
            used = match.end() if match else 0
            if match is not None and 0 < used < length:
                raise data_error(
                    "22007",
                    f'invalid value "{copy}" for "{node.name}"',
                    f"Field requires {length} characters, but only {used} could be parsed.",
                    'If your source string is not fixed-width, try using the "FM" modifier.',
                )
        if match is None:
            raise data_error("22007", f'invalid value "{copy}" for "{node.name}"', "Value must be an integer.")
        value = int(match[0])
        if not -(2**31) <= value < 2**31:
            raise data_error(
                "22008",
                f'value for "{node.name}" in source string is out of range',
                "Value must be in the range -2147483648 to 2147483647.",
            )
        self.at = start + len(match[0])
        return value, len(match[0])

    def word(self, node: Node, choices: list[str]) -> int:
        rest = self.text[self.at :].lower()
        best = -1
        for index, choice in enumerate(choices):
            if rest.startswith(choice.lower()) and (best < 0 or len(choice) > len(choices[best])):
                best = index
        if best < 0:
            shown = re.split(r"[ \t\n\r\v\f]", self.text[self.at :], maxsplit=1)[0]
            raise data_error(
                "22007",
                f'invalid value "{shown}" for "{node.name}"',
                "The given value did not match any of the allowed values for this field.",
            )
        self.at += len(choices[best])
        return best

    def skip_ordinal(self, node: Node) -> None:
        if node.ordinal:
            self.at += 2

    def pattern(self, node: Node) -> None:
        name, result = node.text, self.result
        self.mode(node)
        lowered = name.lower()
        simple = _SIMPLE.get(name)
        if simple is not None:
            target, length = simple
            value, _ = self.integer(node, length)
            if target:
                self.set(target, value, node)
            if name in ("HH", "HH12"):
                result.clock12 = True
            if name == "ID":
                result.d = result.d + 1 if result.d + 1 <= 7 else 1
            self.skip_ordinal(node)
        elif name == "FX":
            self.fixed = True
        elif lowered in ("a.m.", "p.m.", "am", "pm"):
            choices = ["a.m.", "p.m."] if "." in name else ["am", "pm"]
            self.set("pm", self.word(node, choices), node)
            result.clock12 = True
        elif lowered in ("a.d.", "b.c.", "ad", "bc"):
            choices = ["a.d.", "b.c."] if "." in name else ["ad", "bc"]
            self.set("bc", self.word(node, choices), node)
        elif name == "MS":
            value, used = self.integer(node, 3)
            self.set("ms", value, node)
            result.ms *= {1: 100, 2: 10}.get(used, 1)
            self.skip_ordinal(node)
        elif name == "US" or name.startswith("FF"):
            length = 6 if name == "US" else int(name[2:])
            if name != "US":
                result.ff = length
            value, used = self.integer(node, length)
            self.set("us", value, node)
            result.us *= 10 ** max(6 - used, 0)
            self.skip_ordinal(node)
        elif lowered == "month":
            self.set("mm", self.word(node, MONTH_NAMES) + 1, node)
        elif lowered == "mon":
            self.set("mm", self.word(node, [each[:3] for each in MONTH_NAMES]) + 1, node)
        elif lowered == "rm":
            self.set("mm", 12 - self.word(node, ROMAN_MONTHS), node)
        elif lowered in ("day", "dy"):
            names = DAY_NAMES if lowered == "day" else [each[:3] for each in DAY_NAMES]
            self.set("d", self.word(node, names), node)
            result.d += 1
        elif name == "Y,YYY":
            match = re.compile(r"\s*([+-]?[0-9]+),([0-9]{1,3})").match(self.text, self.at)
            if match is None:
                raise data_error("22007", 'invalid input string for "Y,YYY"')
            self.set("year", int(match[1]) * 1000 + int(match[2]), node)
            result.yysz = 4
            self.at = match.end()
            self.skip_ordinal(node)
        elif name in ("YYYY", "IYYY", "YYY", "IYY", "YY", "IY", "Y", "I"):
            length = len(name)
            value, used = self.integer(node, length)
            self.set("year", value, node)
            if length < 4 and used < 4:
                result.year = _adjust_year(result.year)
            result.yysz = length
            self.skip_ordinal(node)
        else:
            self.zone(node)

    def zone(self, node: Node) -> None:
        name, result = node.text, self.result
        char = self.text[self.at : self.at + 1]
        if name == "TZH" or name == "OF":
            if char in ("+", "-", " ") and char:
                result.tzsign = -1 if char == "-" else 1
                self.at += 1
            else:
                result.tzsign = -1 if self.extra > 0 and self.text[self.at - 1] == "-" else 1
            self.set("tzh", self.integer(node, 2)[0], node)
            if name == "OF" and self.text[self.at : self.at + 1] == ":":
                self.at += 1
                self.set("tzm", self.integer(node, 2)[0], node)
        elif name == "TZM":
            result.tzsign = result.tzsign or 1
            self.set("tzm", self.integer(node, 2)[0], node)
        elif name in ("TZ", "tz"):
            self.zone_name(node)

    def zone_name(self, node: Node) -> None:
        from emulators.postgres.types.timezones import abbreviation

        match = re.compile(r"[A-Za-z]+").match(self.text, self.at)
        known = None
        if match is not None:
            for end in range(match.end(), self.at, -1):
                known = abbreviation(self.text[self.at : end], self.ctx.time_zone)
                if known is not None:
                    self.at = end
                    self.result.zone_offset = known[0]
                    return
        if self.text[self.at : self.at + 1] in ("+", "-") and self.at < len(self.text):
            self.result.tzsign = -1 if self.text[self.at] == "-" else 1
            self.at += 1
            self.set("tzh", self.integer(node, 2)[0], node)
            if self.text[self.at : self.at + 1] == ":":
                self.at += 1
                self.set("tzm", self.integer(node, 2)[0], node)
            return
        shown = self.text[self.at :]
        raise data_error(
            "22007", f'invalid value "{shown}" for "{node.name}"', "Time zone abbreviation is not recognized."
        )


_SIMPLE: dict[str, tuple[str, int]] = {
    "HH": ("hh", 2),
    "HH12": ("hh", 2),
    "HH24": ("hh", 2),
    "MI": ("mi", 2),
    "SS": ("ss", 2),
    "SSSS": ("ssss", 4),
    "SSSSS": ("ssss", 5),
    "MM": ("mm", 2),
    "DDD": ("ddd", 3),
    "IDDD": ("ddd", 3),
    "DD": ("dd", 2),
    "D": ("d", 1),
    "ID": ("d", 1),
    "WW": ("ww", 2),
    "IW": ("ww", 2),
    "Q": ("", 1),
    "CC": ("cc", 2),
    "W": ("w", 1),
    "J": ("j", 1),
}


def _overflow(text: str) -> Exception:
    return data_error("22008", f'date/time field value out of range: "{text}"')


def _iso_week_start(year: int, week: int) -> int:
    fourth = to_days(year, 1, 4)
    return fourth - (weekday(fourth) - 1) % 7 + (week - 1) * 7


def _year_of(p: Parsed) -> tuple[int, bool]:
    """(year, whether one was given)"""
    if p.year:
        if p.cc and p.yysz <= 2:
            century = -p.cc if p.bc else p.cc
            year = p.year % 100
            if year:
                return (year + (century - 1) * 100 if century >= 0 else (century + 1) * 100 - year + 1), True
            return century * 100 + (0 if century >= 0 else 1), True
        year = -p.year if p.bc else p.year
        return (year + 1 if year < 0 else year), True
    if p.cc:
        century = -p.cc if p.bc else p.cc
        return ((century - 1) * 100 + 1 if century >= 0 else century * 100 + 1), True
    return 0, False


def read_moment(text: str, template: str, ctx: Any) -> tuple[int, int, Parsed]:
    """(days, microseconds of the day, fields) of a text read by a template."""
    p = _Reader(text, template, ctx).run()
    hour = minute = second = 0
    if p.ssss:
        hour, minute, second = p.ssss // 3600, p.ssss // 60 % 60, p.ssss % 60
    second = p.ss or second
    minute = p.mi or minute
    hour = p.hh or hour
    if p.clock12:
        if not 1 <= hour <= 12:
            raise data_error(
                "22007",
                f'hour "{hour}" is invalid for the 12-hour clock',
                hint="Use the 24-hour clock, or give an hour between 1 and 12.",
            )
        if p.pm and hour < 12:
            hour += 12
        elif not p.pm and hour == 12:
            hour = 0
    year, has_year = _year_of(p)
    month = day = 1
    has_month = has_day = False
    if p.j:
        year, month, day = from_days(p.j - JULIAN_EPOCH)
        has_year = has_month = has_day = True
    ddd, dd = p.ddd, p.dd
    if p.ww:
        if p.mode == "iso":
            start = _iso_week_start(year, p.ww)
            if p.d:
                start += (p.d - 2) % 7
            year, month, day = from_days(start)
            has_year = has_month = has_day = True
        else:
            ddd = (p.ww - 1) * 7 + 1
    if p.w:
        dd = (p.w - 1) * 7 + 1
    if dd:
        day, has_day = dd, True
    if p.mm:
        month, has_month = p.mm, True
    if ddd and (month <= 1 or day <= 1):
        if not year and not p.bc:
            raise data_error("22007", "cannot calculate day of year without year information")
        if p.mode == "iso":
            year, month, day = from_days(_iso_week_start(year, 1) - 1 + ddd)
            has_year = True
        else:
            found, rest = 1, ddd
            while found <= 12 and rest > month_length(year, found):
                rest -= month_length(year, found)
                found += 1
            month = found if month <= 1 else month
            day = rest if day <= 1 else day
        has_month = has_day = True
    if (has_month and not 1 <= month <= 12) or (has_day and not 1 <= day <= 31):
        raise _overflow(text)
    if has_year and has_month and has_day and day > month_length(year, month):
        raise _overflow(text)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise _overflow(text)
    us = p.ms * 1000 + p.us
    if not 0 <= us < 1_000_000:
        raise _overflow(text)
    if p.tzsign and not (0 <= p.tzh <= 15 and 0 <= p.tzm < 60):
        raise data_error("22009", f'time zone displacement out of range: "{text}"')
    return to_days(year, month, day), (hour * 3600 + minute * 60 + second) * 1_000_000 + us, p


@builtin("to_timestamp", ctx=True)
def to_timestamp(ctx: Any, text: str, template: str) -> int:
    days, us, parsed = read_moment(text, template, ctx)
    local = days * USECS_PER_DAY + us
    if parsed.tzsign:
        result = local - parsed.tzsign * (parsed.tzh * 3600 + parsed.tzm * 60) * 1_000_000
    elif parsed.zone_offset is not None:
        result = local - parsed.zone_offset * 1_000_000
    else:
        result = from_local(local, ctx.time_zone)
    if not MIN_TIMESTAMP <= result < END_TIMESTAMP:
        raise data_error("22008", "timestamp out of range")
    if parsed.ff:
        from emulators.postgres.types.datetime_core import round_microseconds

        result = round_microseconds(result, parsed.ff)
    return result


@builtin("to_date", ctx=True)
def to_date(ctx: Any, text: str, template: str) -> int:
    days, _, _ = read_moment(text, template, ctx)
    if not MIN_DATE <= days < END_DATE:
        raise data_error("22008", f'date out of range: "{text}"')
    return days
