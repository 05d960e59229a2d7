"""Time zones: TZif files of the tzdata package, POSIX rules, fixed offsets, and PostgreSQL's choice at transitions.

Seconds are counted from 1970-01-01 UTC here; offsets are seconds east of Greenwich. A local time that happens twice
means the second one (standard time), one that never happens is read with the offset before the gap. Times beyond a
file's last transition follow its POSIX footer; times before its first one use the file's first type (local mean time).
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from emulators.postgres.types.errors import invalid_parameter
from emulators.postgres.types.timezone_abbreviations import ABBREVIATIONS, DYNAMIC

_FAR: Final = 2**62


class Period(NamedTuple):
    """A stretch of time with one offset: [start, end) in seconds UTC."""

    start: int
    end: int
    offset: int
    summer: bool
    abbreviation: str


class Zone:
    """One time zone. `name` is as TimeZone shows it."""

    __slots__ = ("_footer", "_last", "_starts", "_types", "_years", "fixed", "name")

    def __init__(self, name: str, starts: list[int], types: list[tuple[int, bool, str]], footer: PosixRule | None):
        self.name = name
        self._starts = starts
        self._types = types  # one more than starts: the first is for times before any transition
        self._footer = footer
        self._years: dict[int, list[Period]] = {}
        self._last = Period(1, 0, 0, False, "")
        simple = footer is None or footer.summer is None
        self.fixed: int | None = types[0][0] if not starts and simple else None

    def at(self, seconds: int) -> Period:
        """The period that holds this moment."""
        last = self._last
        if last.start <= seconds < last.end:
            return last
        found = self._last = self._find(seconds)
        return found

    def _find(self, seconds: int) -> Period:
        starts = self._starts
        index = bisect_right(starts, seconds)
        if index == len(starts) and self._footer is not None and self._footer.summer is not None:
            return self._by_rule(seconds, starts[-1] if starts else -_FAR)
        offset, summer, abbreviation = self._types[index]
        start = starts[index - 1] if index else -_FAR
        end = starts[index] if index < len(starts) else _FAR
        return Period(start, end, offset, summer, abbreviation)

    def _by_rule(self, seconds: int, earliest: int) -> Period:
        assert self._footer is not None
        year = year_of(seconds)
        for candidate in (year - 1, year, year + 1):
            periods = self._years.get(candidate)
            if periods is None:
                if len(self._years) > 200:
                    self._years.clear()
                periods = self._years[candidate] = self._footer.periods(candidate)
            for period in periods:
                if period.start <= seconds < period.end:
                    return period._replace(start=max(period.start, earliest))
        raise AssertionError("a POSIX rule leaves no gaps")

    def offset_of_local(self, local_seconds: int) -> int:
        """Seconds east for a local time given as if it were UTC, ambiguity resolved as PostgreSQL does."""
        if self.fixed is not None:
            return self.fixed
        before = self.at(local_seconds - 86400)
        boundary = before.end
        if boundary > local_seconds + 86400 * 2:
            return before.offset
        after = self.at(boundary)
        before_time = local_seconds - before.offset
        after_time = local_seconds - after.offset
        if before_time < boundary and after_time < boundary:
            return before.offset
        if before_time > boundary and after_time >= boundary:
            return after.offset if after_time < after.end else self.at(after.end).offset
        return before.offset if before_time > after_time else after.offset

    def abbreviation_offset(self, abbreviation: str) -> tuple[int, bool] | None:
        """(offset, summer) of an abbreviation that this zone itself uses (latest use), None when it does not."""
        wanted = abbreviation.upper()
        if self._footer is not None:
            for kind in (self._footer.standard, self._footer.summer):
                if kind is not None and kind[2].upper() == wanted:
                    return kind[0], kind[1]
        for offset, summer, text in reversed(self._types):
            if text.upper() == wanted:
                return offset, summer
        return None


class _Change(NamedTuple):
    """When a POSIX rule switches: `kind` M (month, week, weekday), J (day 1-365 without Feb 29) or D (day 0-365)."""

    kind: str
    month: int
    week: int
    day: int
    time: int

    def seconds(self, year: int) -> int:
        """Local seconds of the switch, counted as if UTC."""
        if self.kind == "M":
            first = days_from_civil(year, self.month, 1)
            weekday = (first + 4) % 7
            day = first + (self.day - weekday) % 7 + (self.week - 1) * 7
            following = days_from_civil(year + (self.month == 12), self.month % 12 + 1, 1)
            while day >= following:
                day -= 7
        else:
            day = days_from_civil(year, 1, 1) + self.day
            if self.kind == "J":
                leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
                day += -1 + (1 if leap and self.day >= 60 else 0)
        return day * 86400 + self.time


class PosixRule:
    """A POSIX TZ string: standard and perhaps summer time with their switches."""

    def __init__(
        self,
        standard: tuple[int, bool, str],
        summer: tuple[int, bool, str] | None,
        start: _Change | None,
        end: _Change | None,
    ):
        self.standard = standard
        self.summer = summer
        self.start = start
        self.end = end

    def periods(self, year: int) -> list[Period]:
        """The periods that begin in `year`, each reaching to the next switch."""
        assert self.summer is not None
        assert self.start is not None
        assert self.end is not None
        switches = []
        for each in (year, year + 1):
            switches.append((self.start.seconds(each) - self.standard[0], self.summer))
            switches.append((self.end.seconds(each) - self.summer[0], self.standard))
        switches.sort(key=lambda item: item[0])
        return [Period(switches[i][0], switches[i + 1][0], *switches[i][1]) for i in range(3)]


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a proleptic Gregorian date (year 0 is 1 BC)."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day from days since 1970-01-01."""
    days += 719468
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def year_of(seconds: int) -> int:
    return civil_from_days(seconds // 86400)[0]


class AbbreviationZone(Zone):
    """An abbreviation as a zone: at any time it means what it last meant in its zone, or meant first if that is later.

    Where the zone never used it, the zone's own offset holds.
    """

    __slots__ = ("_abbreviation", "_base")

    def __init__(self, abbreviation: str, base: Zone):
        super().__init__(abbreviation.upper(), base._starts, base._types, base._footer)
        self._abbreviation = abbreviation.upper()
        self._base = base
        self.fixed = None

    def _meaning(self, seconds: int) -> tuple[int, bool] | None:
        base = self._base
        index = bisect_right(base._starts, seconds)
        uses = base._types
        for place in (*range(index, -1, -1), *range(index + 1, len(uses))):
            offset, summer, text = uses[place]
            if text == self._abbreviation:
                return offset, summer
        return None

    def at(self, seconds: int) -> Period:
        period = self._base.at(seconds)
        meaning = self._meaning(seconds)
        return period if meaning is None else period._replace(offset=meaning[0], summer=meaning[1])

    def offset_of_local(self, local_seconds: int) -> int:
        own = self._base.offset_of_local(local_seconds)
        meaning = self._meaning(local_seconds - own)
        return own if meaning is None else meaning[0]


def dynamic_abbreviation(text: str, session: Zone) -> Zone | None:
    """The zone to look an abbreviation up in, when its meaning depends on the date (and the session's zone has none)."""
    name = DYNAMIC.get(text.lower())
    if name is None or session.abbreviation_offset(text) is not None:
        return None
    base = named_zone(name)
    return None if base is None else AbbreviationZone(text, base)


# Since tz release 2024b these names are links; the tzdata package may still carry the old, shorter histories.
_LINKS: Final = {
    "CET": "Europe/Brussels",
    "CST6CDT": "America/Chicago",
    "EET": "Europe/Athens",
    "EST": "America/Panama",
    "EST5EDT": "America/New_York",
    "HST": "Pacific/Honolulu",
    "MET": "Europe/Brussels",
    "MST": "America/Phoenix",
    "MST7MDT": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
    "WET": "Europe/Lisbon",
}

_POSIX_NAME = r"(<[^>]{1,}>|[^0-9,+\-<>/:\s]{1,})"
_POSIX_OFFSET = r"([+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?)"
_POSIX = re.compile(rf"{_POSIX_NAME}{_POSIX_OFFSET}(?:{_POSIX_NAME}{_POSIX_OFFSET}?(?:,(.+?),(.+))?)?\Z")
_CHANGE = re.compile(r"(?:M(\d{1,2})\.(\d)\.(\d)|J(\d{1,3})|(\d{1,3}))(?:/([+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?))?\Z")


def _clock(text: str) -> int:
    sign = -1 if text[0] == "-" else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def _change(text: str) -> _Change | None:
    found = _CHANGE.match(text)
    if found is None:
        return None
    time = _clock(found[6]) if found[6] else 7200
    if found[1]:
        month, week, day = int(found[1]), int(found[2]), int(found[3])
        if not (1 <= month <= 12 and 1 <= week <= 5 and day <= 6):
            return None
        return _Change("M", month, week, day, time)
    return _Change("J", 0, 0, int(found[4]), time) if found[4] else _Change("D", 0, 0, int(found[5]), time)


def parse_posix(text: str) -> PosixRule | None:
    """A POSIX TZ string, None when it is not one. Without switch rules, summer time follows the United States."""
    found = _POSIX.match(text)
    if found is None:
        if re.match(rf"{_POSIX_OFFSET}\Z", text):
            # A bare number is a POSIX offset without a name: hours west.
            return PosixRule((-_clock(text), False, ""), None, None, None)
        return None
    offset = -_clock(found[2])
    if abs(offset) >= 168 * 3600:
        return None
    standard = (offset, False, found[1].strip("<>"))
    if not found[3]:
        return PosixRule(standard, None, None, None)
    summer_offset = -_clock(found[4]) if found[4] else offset + 3600
    start = _change(found[5] or "M3.2.0")
    end = _change(found[6] or "M11.1.0")
    if start is None or end is None:
        return None
    return PosixRule(standard, (summer_offset, True, found[3].strip("<>")), start, end)


def _read_tzif(name: str, data: bytes) -> Zone:
    def counts(position: int) -> tuple[int, ...]:
        return struct.unpack_from("!6l", data, position + 20)

    isut, isstd, leap, times, types, chars = counts(0)
    position = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    isut, isstd, leap, times, types, chars = counts(position)
    position += 44
    starts = list(struct.unpack_from(f"!{times}q", data, position))
    position += times * 8
    indexes = data[position : position + times]
    position += times
    kinds = [struct.unpack_from("!lBB", data, position + 6 * index) for index in range(types)]
    position += types * 6
    names = data[position : position + chars]
    footer_at = position + chars + leap * 12 + isstd + isut
    footer = data[footer_at:].decode().strip("\n")

    def describe(index: int) -> tuple[int, bool, str]:
        offset, summer, at = kinds[index]
        return offset, bool(summer), names[at : names.index(b"\0", at)].decode()

    described = [describe(0)] + [describe(index) for index in indexes]
    return Zone(name, starts, described, parse_posix(footer) if footer else None)


@cache
def _database() -> Path:
    """Where the tzdata package lies."""
    spec = find_spec("tzdata")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def zone_names() -> dict[str, str]:
    """Every name of the tz database, keyed in lower case."""
    listing = (_database() / "zones").read_text()
    return {name.lower(): name for name in listing.split()}


@cache
def named_zone(name: str) -> Zone | None:
    """A zone by tz database name (any case) or POSIX string, None when it is neither."""
    canonical = zone_names().get(name.lower())
    if canonical is not None:
        return _read_tzif(canonical, (_database() / "zoneinfo" / _LINKS.get(canonical, canonical)).read_bytes())
    rule = parse_posix(name.upper() if not name.startswith("<") else name)
    if rule is None:
        return None
    return Zone(name.upper() if not name.startswith("<") else name, [], [rule.standard], rule)


def fixed_zone(offset: int) -> Zone:
    """A zone of `offset` seconds east, named like <+05:30>-05:30."""

    def clock(seconds: int) -> str:
        text = f"{seconds // 3600:02d}"
        if seconds % 3600:
            text += f":{seconds % 3600 // 60:02d}"
        return text + (f":{seconds % 60:02d}" if seconds % 60 else "")

    text = clock(abs(offset))
    shown, posix = ("-", "+") if offset < 0 else ("+", "-")
    name = f"<{shown}{text}>{posix}{text}"
    return Zone(name, [], [(offset, False, f"{shown}{text}")], None)


@cache
def zone(name: str) -> Zone:
    """The zone a TimeZone setting names: a name, a POSIX string or a number of hours east; 22023 when it is none."""
    try:
        hours = float(name)
    except ValueError:
        found = named_zone(name)
        if found is None:
            raise invalid_parameter(f'invalid value for parameter "TimeZone": "{name}"') from None
        return found
    return fixed_zone(int(hours * 3600))


def abbreviation(text: str, session: Zone) -> tuple[int, bool] | None:
    """(seconds east, summer) of a time zone abbreviation; the session zone's own meaning comes first."""
    own = session.abbreviation_offset(text)
    return own if own is not None else ABBREVIATIONS.get(text.lower())
