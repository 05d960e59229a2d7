"""Reading stream ids from the words of a command, as t_stream.c does; see `emulators.redis.stream` for what an id is."""

from __future__ import annotations

import re

from emulators.redis import errors
from emulators.redis.stream import MAX_ID, make_id

__all__ = ["MAX_SEQUENCE", "parse_any", "parse_high", "parse_id", "parse_low", "parse_new"]

MAX_SEQUENCE = (1 << 64) - 1
_MAX_WORD = 127
# What strtoull takes, leaving out negative numbers.
_NUMBER = re.compile(rb"[ \t\n\v\f\r]*\+?(\d+)")


def _number(text: bytes) -> int:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise errors.INVALID_STREAM_ID
    value = int(match[1])
    if value > MAX_SEQUENCE:
        raise errors.INVALID_STREAM_ID
    return value


def parse_id(word: bytes, missing_sequence: int = 0) -> int:
    """`<ms>-<seq>`, or `<ms>` alone with the sequence that is then meant."""
    if len(word) > _MAX_WORD:
        raise errors.INVALID_STREAM_ID
    milliseconds, dash, sequence = word.partition(b"-")
    return make_id(_number(milliseconds), _number(sequence) if dash else missing_sequence)


def parse_any(word: bytes, missing_sequence: int = 0) -> int:
    """The same, with `-` and `+` for the least and the greatest id."""
    if word == b"-":
        return 0
    return MAX_ID if word == b"+" else parse_id(word, missing_sequence)


def parse_new(word: bytes) -> tuple[int, bool]:
    """The id of XADD, and True, or with `<ms>-*` the least id of that millisecond, and False."""
    if word.endswith(b"-*") and word.count(b"-") == 1:
        return make_id(_number(word[:-2]), 0), False
    return parse_id(word), True


def parse_low(word: bytes) -> int:
    """The first id of an interval, where `(` leaves out the one that it names."""
    if len(word) < 2 or word[:1] != b"(":
        return parse_any(word)
    number = parse_id(word[1:])
    if number == MAX_ID:
        raise errors.INVALID_START_ID
    return number + 1


def parse_high(word: bytes) -> int:
    """The last id of an interval."""
    if len(word) < 2 or word[:1] != b"(":
        return parse_any(word, MAX_SEQUENCE)
    number = parse_id(word[1:], MAX_SEQUENCE)
    if number == 0:
        raise errors.INVALID_END_ID
    return number - 1
