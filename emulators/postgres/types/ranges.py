"""Ranges and multiranges: text and binary forms, canonical forms, keys.

Discrete ranges (int4, int8, date) are kept as [lower, upper). Multiranges hold disjoint, non-adjacent, non-empty
ranges in order. The order of ranges: empty first, then by lower bound, then by upper bound.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from emulators.postgres.types.context import Catalog, TypeInfo
from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary
from emulators.postgres.types.registry import TypeIO, container, type_io
from emulators.postgres.types.values import DATE_INFINITY, DATE_MINUS_INFINITY, EMPTY_RANGE, Range

_SPACE = " \t\n\r\v\f"


def malformed(text: str, detail: str, what: str = "range") -> Exception:
    return data_error("22P02", f'malformed {what} literal: "{text}"', detail)


def bounds_error() -> Exception:
    return data_error("22000", "range lower bound must be less than or equal to range upper bound")


def make_range(
    lower: Any, upper: Any, lower_inc: bool, upper_inc: bool, key: Callable[[Any], Any] | None, canonical: str
) -> Range:
    """A range in stored form; 22000 when the bounds are out of order."""
    if lower is None:
        lower_inc = False
    if upper is None:
        upper_inc = False
    if lower is not None and upper is not None:
        low, high = (lower, upper) if key is None else (key(lower), key(upper))
        if low > high:
            raise bounds_error()
        if low == high and not (lower_inc and upper_inc):
            return EMPTY_RANGE
    if canonical:
        return _canonical(lower, upper, lower_inc, upper_inc, canonical)
    return Range(lower, upper, lower_inc, upper_inc, False)


_LIMITS = {
    "int4range_canonical": (2**31 - 1, "integer out of range"),
    "int8range_canonical": (2**63 - 1, "bigint out of range"),
}


def _canonical(lower: Any, upper: Any, lower_inc: bool, upper_inc: bool, canonical: str) -> Range:
    def following(value: int) -> int:
        if canonical == "daterange_canonical":
            from emulators.postgres.types.datetime_core import END_DATE, date_out_of_range

            if value + 1 >= END_DATE:
                raise date_out_of_range()
            return value + 1
        limit, message = _LIMITS[canonical]
        if value >= limit:
            raise data_error("22003", message)
        return value + 1

    endless = (DATE_INFINITY, DATE_MINUS_INFINITY) if canonical == "daterange_canonical" else ()
    if lower is not None and not lower_inc and lower not in endless:
        lower, lower_inc = following(lower), True
    if upper is not None and upper_inc and upper not in endless:
        upper, upper_inc = following(upper), False
    if lower is not None and upper is not None and lower >= upper and not (lower_inc and upper_inc):
        return EMPTY_RANGE
    return Range(lower, upper, lower_inc, upper_inc, False)


def _read_bound(text: str, position: int, whole: str) -> tuple[str | None, int]:
    if text[position : position + 1] in (",", ")", "]"):
        return None, position
    out: list[str] = []
    quoted = False
    while True:
        char = text[position : position + 1]
        if not quoted and char in (",", ")", "]") and char:
            return "".join(out), position
        if char == "":
            raise malformed(whole, "Unexpected end of input.")
        if char == "\\":
            position += 1
            char = text[position : position + 1]
            if char == "":
                raise malformed(whole, "Unexpected end of input.")
            out.append(char)
        elif char == '"':
            if not quoted:
                quoted = True
            elif text[position + 1 : position + 2] == '"':
                out.append('"')
                position += 1
            else:
                quoted = False
        else:
            out.append(char)
        position += 1


def parse_range(text: str) -> tuple[str | None, str | None, bool, bool] | None:
    """(lower text, upper text, lower inclusive, upper inclusive), None for "empty"."""
    stripped = text.strip(_SPACE)
    if stripped.lower() == "empty":
        return None
    if stripped.lower().startswith("empty"):
        raise malformed(text, 'Junk after "empty" key word.')
    position = len(text) - len(text.lstrip(_SPACE))
    opening = text[position : position + 1]
    if opening not in ("[", "(") or not opening:
        raise malformed(text, "Missing left parenthesis or bracket.")
    lower, position = _read_bound(text, position + 1, text)
    if text[position : position + 1] != ",":
        raise malformed(text, "Missing comma after lower bound.")
    upper, position = _read_bound(text, position + 1, text)
    closing = text[position : position + 1]
    if closing not in (")", "]"):
        raise malformed(text, "Too many commas.")
    if text[position + 1 :].strip(_SPACE):
        raise malformed(text, "Junk after right parenthesis or bracket.")
    return lower, upper, opening == "[", closing == "]"


def quote_bound(text: str) -> str:
    if text and not any(char in '"\\()[],' or char in _SPACE for char in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


def range_text(value: Range, element_out: Any, ctx: Any) -> str:
    if value.empty:
        return "empty"
    lower = "" if value.lower is None else quote_bound(element_out(value.lower, ctx))
    upper = "" if value.upper is None else quote_bound(element_out(value.upper, ctx))
    return f"{'[' if value.lower_inc else '('}{lower},{upper}{']' if value.upper_inc else ')'}"


def lower_key(value: Range, key: Callable[[Any], Any] | None) -> tuple[Any, ...]:
    """Sorts lower bounds: infinite first, then by value, inclusive before exclusive."""
    if value.lower is None:
        return (0,)
    return 1, value.lower if key is None else key(value.lower), 0 if value.lower_inc else 1


def upper_key(value: Range, key: Callable[[Any], Any] | None) -> tuple[Any, ...]:
    """Sorts upper bounds: by value, exclusive before inclusive, infinite last."""
    if value.upper is None:
        return (2,)
    return 1, value.upper if key is None else key(value.upper), 1 if value.upper_inc else 0


def range_sort_key(key: Callable[[Any], Any] | None) -> Callable[[Range], tuple[Any, ...]]:
    def sort_key(value: Range) -> tuple[Any, ...]:
        if value.empty:
            return (0,)
        return 1, lower_key(value, key), upper_key(value, key)

    return sort_key


_EMPTY, _LOWER_INC, _UPPER_INC, _LOWER_INF, _UPPER_INF = 1, 2, 4, 8, 16


@container("range_in")
def range_io(info: TypeInfo, catalog: Catalog) -> TypeIO:
    element = type_io(info.range_subtype, catalog)
    key, canonical = element.sort_key, info.range_canonical

    def read(value: str, typmod: int, ctx: Any) -> Range:
        parsed = parse_range(value)
        if parsed is None:
            return EMPTY_RANGE
        lower, upper, lower_inc, upper_inc = parsed
        return make_range(
            None if lower is None else element.text_in(lower, typmod, ctx),
            None if upper is None else element.text_in(upper, typmod, ctx),
            lower_inc,
            upper_inc,
            key,
            canonical,
        )

    def write(value: Range, ctx: Any) -> str:
        return range_text(value, element.text_out, ctx)

    def receive(data: bytes, typmod: int, ctx: Any) -> Range:
        if not data:
            raise insufficient_data()
        flags, position = data[0] & 0x1F, 1

        def bound() -> Any:
            nonlocal position
            if len(data) < position + 4:
                raise insufficient_data()
            (size,) = struct.unpack_from("!i", data, position)
            position += 4
            if size < 0 or len(data) < position + size:
                raise insufficient_data()
            value = element.binary_in(data[position : position + size], typmod, ctx)
            position += size
            return value

        lower = None if flags & (_EMPTY | _LOWER_INF) else bound()
        upper = None if flags & (_EMPTY | _UPPER_INF) else bound()
        if position != len(data):
            raise invalid_binary()
        if flags & _EMPTY:
            return EMPTY_RANGE
        return make_range(lower, upper, bool(flags & _LOWER_INC), bool(flags & _UPPER_INC), key, canonical)

    def send(value: Range, ctx: Any) -> bytes:
        if value.empty:
            return bytes([_EMPTY])
        flags = (_LOWER_INC if value.lower_inc else 0) | (_UPPER_INC if value.upper_inc else 0)
        parts = []
        for bound, infinite in ((value.lower, _LOWER_INF), (value.upper, _UPPER_INF)):
            if bound is None:
                flags |= infinite
            else:
                data = element.binary_out(bound, ctx)
                parts.append(struct.pack("!i", len(data)) + data)
        return bytes([flags]) + b"".join(parts)

    return TypeIO(
        info.oid,
        info,
        read,
        write,
        receive,
        send,
        range_sort_key(key),
        range_sort_key(element.hash_key),
    )


def touches(left: Range, right: Range, key: Callable[[Any], Any] | None, canonical: str) -> bool:
    """Whether nothing lies between left's upper and right's lower bound (adjacent), both finite."""
    if left.upper is None or right.lower is None:
        return False
    high, low = (left.upper, right.lower) if key is None else (key(left.upper), key(right.lower))
    if high == low:
        return left.upper_inc != right.lower_inc
    if high < low and canonical:
        try:
            between = make_range(left.upper, right.lower, not left.upper_inc, not right.lower_inc, key, canonical)
        except Exception:
            return False
        return between.empty
    return False


def normalize(ranges: list[Range], key: Callable[[Any], Any] | None, canonical: str) -> tuple[Range, ...]:
    """The multirange of any ranges: sorted, empty ones dropped, overlapping and adjacent ones merged."""
    order = range_sort_key(key)
    out: list[Range] = []
    for each in sorted((item for item in ranges if not item.empty), key=order):
        if out:
            last = out[-1]
            if overlaps(last, each, key) or touches(last, each, key, canonical):
                if upper_key(each, key) > upper_key(last, key):
                    out[-1] = Range(last.lower, each.upper, last.lower_inc, each.upper_inc, False)
                continue
        out.append(each)
    return tuple(out)


def starts_before_end(left: Range, right: Range, key: Callable[[Any], Any] | None) -> bool:
    """left.lower <= right.upper, so that the two may share a point."""
    if left.lower is None or right.upper is None:
        return True
    low, high = (left.lower, right.upper) if key is None else (key(left.lower), key(right.upper))
    return low < high or (low == high and left.lower_inc and right.upper_inc)


def overlaps(left: Range, right: Range, key: Callable[[Any], Any] | None) -> bool:
    if left.empty or right.empty:
        return False
    return starts_before_end(left, right, key) and starts_before_end(right, left, key)


def _split_multirange(text: str) -> list[str]:
    what = "multirange"
    size = len(text)
    position = size - len(text.lstrip(_SPACE))
    if text[position : position + 1] != "{":
        raise malformed(text, "Missing left brace.", what)
    position += 1
    pieces: list[str] = []
    expect = "range or end"
    while True:
        while position < size and text[position] in _SPACE:
            position += 1
        char = text[position : position + 1]
        if char == "":
            raise malformed(text, "Unexpected end of input.", what)
        if expect.startswith("range"):
            if char == "}" and expect == "range or end":
                position += 1
                break
            if char in "[(":
                start = position
                quoted = False
                while True:
                    char = text[position : position + 1]
                    if char == "":
                        raise malformed(text, "Unexpected end of input.", what)
                    if char == "\\":
                        position += 2
                        continue
                    if char == '"':
                        quoted = not quoted
                    position += 1
                    if not quoted and char in ")]":
                        break
                pieces.append(text[start:position])
            elif text[position : position + 5].lower() == "empty":
                pieces.append("empty")
                position += 5
            else:
                raise malformed(text, "Expected range start.", what)
            expect = "comma"
        elif char == ",":
            position += 1
            expect = "range"
        elif char == "}":
            position += 1
            break
        else:
            raise malformed(text, "Expected comma or end of multirange.", what)
    if text[position:].strip(_SPACE):
        raise malformed(text, "Junk after closing right brace.", what)
    return pieces


@container("multirange_in")
def multirange_io(info: TypeInfo, catalog: Catalog) -> TypeIO:
    member = type_io(info.range_type, catalog)
    element = type_io(member.info.range_subtype, catalog)
    key, canonical = element.sort_key, member.info.range_canonical
    member_key = member.sort_key
    member_hash = member.hash_key
    assert member_key is not None
    assert member_hash is not None

    def read(value: str, typmod: int, ctx: Any) -> tuple[Range, ...]:
        return normalize([member.text_in(piece, typmod, ctx) for piece in _split_multirange(value)], key, canonical)

    def write(value: tuple[Range, ...], ctx: Any) -> str:
        return "{" + ",".join(range_text(each, element.text_out, ctx) for each in value) + "}"

    def receive(data: bytes, typmod: int, ctx: Any) -> tuple[Range, ...]:
        if len(data) < 4:
            raise insufficient_data()
        (count,) = struct.unpack_from("!I", data)
        position = 4
        out = []
        for _ in range(count):
            if len(data) < position + 4:
                raise insufficient_data()
            (size,) = struct.unpack_from("!i", data, position)
            position += 4
            if size < 0 or len(data) < position + size:
                raise insufficient_data()
            out.append(member.binary_in(data[position : position + size], typmod, ctx))
            position += size
        if position != len(data):
            raise invalid_binary()
        return normalize(out, key, canonical)

    def send(value: tuple[Range, ...], ctx: Any) -> bytes:
        parts = [struct.pack("!I", len(value))]
        for each in value:
            data = member.binary_out(each, ctx)
            parts.append(struct.pack("!i", len(data)) + data)
        return b"".join(parts)

    def sort_key(value: tuple[Range, ...]) -> Any:
        return tuple(member_key(each) for each in value)

    def hash_key(value: tuple[Range, ...]) -> Any:
        return tuple(member_hash(each) for each in value)

    return TypeIO(info.oid, info, read, write, receive, send, sort_key, hash_key)
