"""The libraries of scripts that are better written in Python than in Lua: `struct`, `bit`, and the number codecs of cmsgpack."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

__all__ = ["bit_functions", "pack_double", "pack_integer", "struct_functions", "unpack_number"]


class LibraryError(Exception):
    """An error that the script sees as its own, with a position."""


# -- cmsgpack ------------------------------------------------------------------------------------------------


def pack_double(value: float) -> bytes:
    """The shorter of single and double precision that holds the value exactly."""
    single = struct.pack(">f", value) if abs(value) < 3.4e38 else b""
    if single and struct.unpack(">f", single)[0] == value:
        return b"\xca" + single
    return b"\xcb" + struct.pack(">d", value)


def pack_integer(value: float) -> bytes:
    number = int(value)
    return struct.pack(">q" if number < 0 else ">Q", number)


def unpack_number(mark: int, data: bytes) -> float | int:
    form = {0xCA: ">f", 0xCB: ">d", 0xD3: ">q"}[mark]
    value: float | int = struct.unpack(form, data)[0]
    return value


# -- bit -----------------------------------------------------------------------------------------------------


def _word(value: Any) -> int:
    if isinstance(value, bytes):
        value = float(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return 0
        # Doubles are rounded to the nearest integer, halves to even, then cut to 32 bits.
        value = round(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise LibraryError("number expected")
    return value & 0xFFFFFFFF


def _signed(word: int) -> int:
    word &= 0xFFFFFFFF
    return word - (1 << 32) if word & 0x80000000 else word


def _fold(name: str, join: Callable[[int, int], int]) -> Callable[..., int]:
    def folded(*values: Any) -> int:
        if not values:
            raise LibraryError(f"bad argument #1 to '{name}' (number expected, got no value)")
        result = _word(values[0])
        for value in values[1:]:
            result = join(result, _word(value))
        return _signed(result)

    return folded


def _to_hex(value: Any, digits: Any = 8) -> bytes:
    count = int(digits)
    text = f"{_word(value):08x}" if count >= 0 else f"{_word(value):08X}"
    count = min(abs(count), 8)
    return text[8 - count :].encode()


def _rotate(value: int, count: int) -> int:
    count &= 31
    return ((value << count) | (value >> (32 - count))) if count else value


def bit_functions() -> dict[str, Callable[..., Any]]:
    return {
        "tobit": lambda x: _signed(_word(x)),
        "bnot": lambda x: _signed(~_word(x)),
        "band": _fold("band", lambda a, b: a & b),
        "bor": _fold("bor", lambda a, b: a | b),
        "bxor": _fold("bxor", lambda a, b: a ^ b),
        "lshift": lambda x, n: _signed(_word(x) << (_word(n) & 31)),
        "rshift": lambda x, n: _signed(_word(x) >> (_word(n) & 31)),
        "arshift": lambda x, n: _signed(_signed(_word(x)) >> (_word(n) & 31)),
        "rol": lambda x, n: _signed(_rotate(_word(x), _word(n))),
        "ror": lambda x, n: _signed(_rotate(_word(x), -_word(n))),
        "bswap": lambda x: _signed(int.from_bytes(_word(x).to_bytes(4, "little"), "big")),
        "tohex": _to_hex,
    }


# -- struct --------------------------------------------------------------------------------------------------

_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "l": 8, "L": 8, "T": 8, "f": 4, "d": 8, "x": 1}
_MAX_INTEGER = 32


def _steps(form: bytes) -> list[tuple[str, int, bool, int]]:
    """The format as (letter, size, little endian, alignment) steps."""
    text = form.decode("latin-1")
    steps: list[tuple[str, int, bool, int]] = []
    little, align = True, 1
    position = 0

    def number(default: int) -> int:
        nonlocal position
        start = position
        while position < len(text) and text[position].isdigit():
            position += 1
        if start == position:
            return default
        value = int(text[start:position])
        if value > 2**31 - 1:
            raise LibraryError("integral size overflow")
        return value

    while position < len(text):
        letter = text[position]
        position += 1
        if letter == "<":
            little = True
        elif letter == ">":
            little = False
        elif letter == "!":
            align = number(8)
            if align <= 0 or align & (align - 1):
                raise LibraryError("alignment is not a power of 2")
        elif letter in "iI":
            size = number(4)
            if size > _MAX_INTEGER:
                raise LibraryError(f"integral size {size} is larger than limit of {_MAX_INTEGER}")
            steps.append((letter, size, little, align))
        elif letter == "c":
            steps.append((letter, number(1), little, align))
        elif letter == "s":
            steps.append((letter, 0, little, align))
        elif letter in _SIZES:
            steps.append((letter, _SIZES[letter], little, align))
        elif letter != " ":
            raise LibraryError(f"invalid format option '{letter}'")
    return steps


def _padding(position: int, letter: str, size: int, align: int) -> int:
    if letter in "csx" or size == 0:
        return 0
    step = min(size, align)
    return (step - position % step) % step if step > 1 else 0


def _pack(form: bytes, *values: Any) -> bytes:
    out = bytearray()
    queue = list(values)
    number = 1

    def take(kind: str) -> Any:
        nonlocal number
        number += 1
        if not queue:
            raise LibraryError(f"bad argument #{number} to 'pack' ({kind} expected, got no value)")
        return queue.pop(0)

    for letter, size, little, align in _steps(form):
        out += bytes(_padding(len(out), letter, size, align))
        if letter == "x":
            out.append(0)
        elif letter in "cs":
            text = take("string")
            text = text if isinstance(text, bytes) else b"%.14g" % text
            if letter == "s":
                out += text + b"\0"
            else:
                size = size or len(text)
                if len(text) < size:
                    raise LibraryError(f"bad argument #{number} to 'pack' (string too short)")
                out += text[:size]
        elif letter in "fd":
            out += struct.pack(("<" if little else ">") + letter, float(take("number")))
        else:
            value = int(float(take("number")))
            out += (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little" if little else "big")
    return bytes(out)


def _unpack(form: bytes, data: Any, start: Any = 1) -> tuple[Any, ...]:
    if not isinstance(data, bytes):
        raise LibraryError("bad argument #2 to 'unpack' (string expected)")
    position = int(start) - 1
    if position < 0:
        raise LibraryError("bad argument #3 to 'unpack' (offset must be 1 or greater)")
    values: list[Any] = []
    for letter, size, little, align in _steps(form):
        position += _padding(position, letter, size, align)
        if letter == "c" and size == 0:
            if not values or not isinstance(values[-1], (int, float)):
                raise LibraryError("format 'c0' needs a previous size")
            size = int(values.pop())
            if size < 0:
                raise LibraryError("invalid size")
        if position + size > len(data):
            raise LibraryError("bad argument #2 to 'unpack' (data string too short)")
        piece = data[position : position + size]
        if letter == "s":
            end = data.find(b"\0", position)
            if end < 0:
                raise LibraryError("unfinished string in data")
            values.append(data[position:end])
            position = end + 1
            continue
        position += size
        if letter == "c":
            values.append(piece)
        elif letter in "fd":
            values.append(struct.unpack(("<" if little else ">") + letter, piece)[0])
        elif letter != "x":
            order: Any = "little" if little else "big"
            values.append(int.from_bytes(piece, order, signed=letter.islower()))
    return (*values, position + 1)


def _size(form: bytes) -> int:
    total = 0
    for letter, size, _, align in _steps(form):
        if letter == "s" or (letter == "c" and size == 0):
            raise LibraryError(
                "variable-size format in 'size'" if letter == "s" else "variable-length format in 'size'"
            )
        total += _padding(total, letter, size, align) + size
    return total


def struct_functions() -> dict[str, Callable[..., Any]]:
    return {"pack": _pack, "unpack": _unpack, "size": _size}
