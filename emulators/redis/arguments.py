"""Reading the words of a command: numbers, deadlines, options; each raises the server's own error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from emulators.redis import errors, floats
from emulators.redis.errors import RedisError

__all__ = [
    "deadline_ms",
    "floating",
    "integer",
    "long_integer",
    "numkeys_at",
    "numkeys_words",
    "parse_double",
    "score",
    "timeout_ms",
]

_MIN, _MAX = -(2**63), 2**63 - 1


def long_integer(word: bytes) -> int | None:
    """A 64-bit integer in the only form that Redis reads (no plus, no spaces, no leading zeros), or None."""
    if len(word) > 20:
        return None
    try:
        value = int(word)
    except ValueError:
        return None
    if b"%d" % value != word or not _MIN <= value <= _MAX:
        return None
    return value


def integer(word: bytes, error: RedisError = errors.NOT_INTEGER, low: int = _MIN, high: int = _MAX) -> int:
    """A 64-bit integer between `low` and `high`, or the error."""
    value = long_integer(word)
    if value is None or not low <= value <= high:
        raise error
    return value


def floating(word: bytes, error: RedisError = errors.NOT_FLOAT) -> float:
    """A double by the rules of strtod over the whole word.

    NaN, surrounding spaces, and numbers too large or too small for a double are refused.
    """
    value = parse_double(word)
    if value is None or value != value:
        raise error
    if value in _EDGES and not _is_exact(word):
        raise error
    return value


_EDGES = (0.0, math.inf, -math.inf)
_ZERO = re.compile(rb"[+-]?(0[xX])?0*\.?0*([eEpP].*)?")


def _is_exact(word: bytes) -> bool:
    """False for a number that became zero or infinite because it is too small or too large."""
    return b"n" in word.lower() or _ZERO.fullmatch(word) is not None


def score(word: bytes) -> float:
    """A sorted set's score."""
    # Plain digits, few enough to be in range, need no closer look.
    return float(word) if word.isdigit() and len(word) < _FEW_DIGITS else floating(word)


_FEW_DIGITS = 300


def parse_double(word: bytes) -> float | None:
    """A double by the rules of strtod over the whole word (NaN included), or None."""
    if not word or word[:1].isspace() or word[-1:].isspace() or b"_" in word or b"\0" in word:
        return None
    try:
        return float(word)
    except ValueError:
        pass
    try:
        # Hexadecimal floats are part of strtod.
        if b"x" in word.lower():
            return float.fromhex(word.decode("ascii"))
    except (ValueError, OverflowError, UnicodeDecodeError):
        pass
    return None


def timeout_ms(word: bytes, version: tuple[int, int]) -> int:
    """A blocking timeout in seconds as milliseconds (rounded up, so that a short wait is still a wait); 0 is for ever.

    Before 7.2, a number that is too large is taken for a negative one.
    """
    number = floats.parse(word)
    if number is None:
        raise errors.TIMEOUT_NOT_FLOAT
    mantissa, exponent = number
    if exponent is None:
        milliseconds = _MAX + 1 if mantissa > 0 else -1
    elif exponent >= 0:
        milliseconds = mantissa * 1000 << exponent
    else:
        milliseconds = -(-mantissa * 1000 >> -exponent)
    if milliseconds > _MAX and version >= (7, 2):
        raise errors.TIMEOUT_RANGE
    if not 0 <= milliseconds <= _MAX:
        raise errors.TIMEOUT_NEGATIVE
    return milliseconds


def deadline_ms(word: bytes, *, now_ms: int, unit_ms: int, absolute: bool, command: str, positive: bool = True) -> int:
    """A deadline in ms since the epoch from a number of units, relative to now or absolute.

    `positive` refuses numbers below 1 (SET EX); without it they give a deadline in the past (EXPIRE).
    """
    number = integer(word)
    if positive and number <= 0:
        raise errors.invalid_expire(command)
    if not _MIN // unit_ms <= number <= _MAX // unit_ms:
        raise errors.invalid_expire(command)
    number *= unit_ms
    if not absolute:
        if number > _MAX - now_ms:
            raise errors.invalid_expire(command)
        number += now_ms
    return number


def numkeys_words(args: list[bytes], position: int) -> tuple[list[bytes], int]:
    """`numkeys key [key ...]` at `position`: the keys, and the position after them. Too few words are a syntax error."""
    count = integer(args[position], errors.NUMKEYS_NOT_POSITIVE, low=1)
    end = position + 1 + count
    if end > len(args):
        raise errors.SYNTAX
    return args[position + 1 : end], end


def numkeys_at(position: int, *others: int) -> Callable[[list[bytes]], list[int]]:
    """A key finder for the table: `others`, then the keys counted by the word at `position`; none if that makes no sense."""

    def find(args: list[bytes]) -> list[int]:
        count = long_integer(args[position]) if position < len(args) else None
        if count is None or not 0 < count < len(args) - position:
            return []
        return [*others, *range(position + 1, position + 1 + count)]

    return find
