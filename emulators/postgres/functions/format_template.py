"""Templates of to_char, to_number, to_date and to_timestamp, cut into nodes.

A node is a pattern with its modifiers, a quoted or plain character, or (for dates) a separator or blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

DATE_PATTERNS: Final = [
    "A.D.",
    "A.M.",
    "AD",
    "AM",
    "B.C.",
    "BC",
    "CC",
    "DAY",
    "DDD",
    "DD",
    "DY",
    "Day",
    "Dy",
    "D",
    "FF1",
    "FF2",
    "FF3",
    "FF4",
    "FF5",
    "FF6",
    "FX",
    "HH24",
    "HH12",
    "HH",
    "IDDD",
    "ID",
    "IW",
    "IYYY",
    "IYY",
    "IY",
    "I",
    "J",
    "MI",
    "MM",
    "MONTH",
    "MON",
    "MS",
    "Month",
    "Mon",
    "OF",
    "P.M.",
    "PM",
    "Q",
    "RM",
    "SSSSS",
    "SSSS",
    "SS",
    "TZH",
    "TZM",
    "TZ",
    "US",
    "WW",
    "W",
    "Y,YYY",
    "YYYY",
    "YYY",
    "YY",
    "Y",
    "a.d.",
    "a.m.",
    "ad",
    "am",
    "b.c.",
    "bc",
    "cc",
    "day",
    "ddd",
    "dd",
    "dy",
    "d",
    "ff1",
    "ff2",
    "ff3",
    "ff4",
    "ff5",
    "ff6",
    "fx",
    "hh24",
    "hh12",
    "hh",
    "iddd",
    "id",
    "iw",
    "iyyy",
    "iyy",
    "iy",
    "i",
    "j",
    "mi",
    "mm",
    "month",
    "mon",
    "ms",
    "of",
    "p.m.",
    "pm",
    "q",
    "rm",
    "sssss",
    "ssss",
    "ss",
    "tzh",
    "tzm",
    "tz",
    "us",
    "ww",
    "w",
    "y,yyy",
    "yyyy",
    "yyy",
    "yy",
    "y",
]
NUMBER_PATTERNS: Final = [
    ",",
    ".",
    "0",
    "9",
    "B",
    "C",
    "D",
    "EEEE",
    "FM",
    "G",
    "L",
    "MI",
    "PL",
    "PR",
    "RN",
    "SG",
    "SP",
    "S",
    "TH",
    "V",
    "b",
    "c",
    "d",
    "eeee",
    "fm",
    "g",
    "l",
    "mi",
    "pl",
    "pr",
    "rn",
    "sg",
    "sp",
    "s",
    "th",
    "v",
]
# Patterns that differ by case keep it; all others are known by their capital form.
_CASED: Final = frozenset(
    [
        "a.d.",
        "a.m.",
        "ad",
        "am",
        "b.c.",
        "bc",
        "day",
        "dy",
        "mon",
        "month",
        "p.m.",
        "pm",
        "rm",
        "tz",
        "Day",
        "Dy",
        "Mon",
        "Month",
        "rn",
        "th",
    ]
)


@dataclass(slots=True, frozen=True)
class Node:
    """kind: pattern, char, space or separator. `text` is the pattern, `name` how it was written (errors show it)."""

    kind: str
    text: str
    fill: bool = False
    ordinal: str = ""
    spell: bool = False
    name: str = ""


def _canonical(pattern: str) -> str:
    return pattern if pattern in _CASED else pattern.upper()


def _sorted(patterns: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pattern in patterns:
        found.setdefault(pattern[0], []).append(pattern)
    for each in found.values():
        each.sort(key=len, reverse=True)
    return found


_DATE = _sorted(DATE_PATTERNS)
_NUMBER = _sorted(NUMBER_PATTERNS)


def is_separator(char: str) -> bool:
    """Printable ASCII that is neither a letter nor a digit."""
    return " " < char < "\x7f" and not char.isalnum()


@lru_cache(maxsize=500)
def parse_date_template(template: str) -> tuple[Node, ...]:
    nodes: list[Node] = []
    position, size = 0, len(template)
    while position < size:
        fill = spell = False
        for prefix in ("FM", "fm", "TM", "tm"):
            if template.startswith(prefix, position):
                fill = prefix in ("FM", "fm")
                position += 2
                break
        pattern = next(
            (p for p in _DATE.get(template[position : position + 1], ()) if template.startswith(p, position)), None
        )
        if pattern is not None:
            position += len(pattern)
            ordinal = ""
            for suffix in ("TH", "th", "SP"):
                if template.startswith(suffix, position):
                    ordinal = suffix if suffix != "SP" else ""
                    spell = suffix == "SP"
                    position += 2
                    break
            nodes.append(Node("pattern", _canonical(pattern), fill, ordinal, spell, pattern))
            continue
        if position >= size:
            break
        char = template[position]
        if char == '"':
            position += 1
            while position < size and template[position] != '"':
                if template[position] == "\\" and position + 1 < size:
                    position += 1
                nodes.append(Node("char", template[position]))
                position += 1
            position += 1
            continue
        if char == "\\" and template[position + 1 : position + 2] == '"':
            position += 1
            char = '"'
        position += 1
        if is_separator(char):
            nodes.append(Node("separator", char))
        elif char in " \t\n\r\v\f":
            nodes.append(Node("space", char))
        else:
            nodes.append(Node("char", char))
    return tuple(nodes)


@lru_cache(maxsize=500)
def parse_number_template(template: str) -> tuple[Node, ...]:
    nodes: list[Node] = []
    position, size = 0, len(template)
    while position < size:
        pattern = next((p for p in _NUMBER.get(template[position], ()) if template.startswith(p, position)), None)
        if pattern is not None:
            position += len(pattern)
            nodes.append(Node("pattern", _canonical(pattern)))
            continue
        char = template[position]
        if char == '"':
            position += 1
            while position < size and template[position] != '"':
                if template[position] == "\\" and position + 1 < size:
                    position += 1
                nodes.append(Node("char", template[position]))
                position += 1
            position += 1
            continue
        if char == "\\" and template[position + 1 : position + 2] == '"':
            position += 1
            char = '"'
        position += 1
        nodes.append(Node("char", char))
    return tuple(nodes)


def ordinal_suffix(number: str) -> str:
    """st, nd, rd or th of the number's last digits."""
    last = number[-1:]
    if not last.isdigit():
        return "th"
    if len(number) > 1 and number[-2] == "1":
        return "th"
    return {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
