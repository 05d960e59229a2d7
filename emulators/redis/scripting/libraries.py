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


def _lua_type(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, bytes) else "table"


def bad_argument(place: int, function: str, problem: str) -> LibraryError:
    """Lua's own words for an argument that is wrong."""
    return LibraryError(f"bad argument #{place} to '{function}' ({problem})")


def _number(values: tuple[Any, ...], place: int, function: str) -> float | int:
    """The argument at a place (from 1) as Lua's `luaL_checknumber` reads it; text that looks like a number is one."""
    if place > len(values):
        raise bad_argument(place, function, "number expected, got no value")
    value = values[place - 1]
    if isinstance(value, bytes):
        try:
            return float(value)
        except ValueError:
            pass
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise bad_argument(place, function, f"number expected, got {_lua_type(value)}")


def _word(values: tuple[Any, ...], place: int, function: str) -> int:
    """An argument cut to 32 bits; doubles are rounded to the nearest integer first, halves to even."""
    value = _number(values, place, function)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return 0
        value = round(value)
    return value & 0xFFFFFFFF


def _signed(word: int) -> int:
    word &= 0xFFFFFFFF
    return word - (1 << 32) if word & 0x80000000 else word


def _rotate(value: int, count: int) -> int:
    count &= 31
    return ((value << count) | (value >> (32 - count))) if count else value


def _folding(name: str, join: Callable[[int, int], int]) -> Callable[..., int]:
    def folded(*values: Any) -> int:
        result = _word(values, 1, name)
        for place in range(2, len(values) + 1):
            result = join(result, _word(values, place, name))
        return _signed(result)

    return folded


def _shifting(name: str, move: Callable[[int, int], int]) -> Callable[..., int]:
    return lambda *values: _signed(move(_word(values, 1, name), _word(values, 2, name) & 31))


def _to_hex(*values: Any) -> bytes:
    word = _word(values, 1, "tohex")
    count = int(_number(values, 2, "tohex")) if len(values) > 1 else 8
    text = f"{word:08x}" if count >= 0 else f"{word:08X}"
    return text[8 - min(abs(count), 8) :].encode()


def bit_functions() -> dict[str, Callable[..., Any]]:
    return {
        "tobit": lambda *values: _signed(_word(values, 1, "tobit")),
        "bnot": lambda *values: _signed(~_word(values, 1, "bnot")),
        "band": _folding("band", lambda a, b: a & b),
        "bor": _folding("bor", lambda a, b: a | b),
        "bxor": _folding("bxor", lambda a, b: a ^ b),
        "lshift": _shifting("lshift", lambda x, n: x << n),
        "rshift": _shifting("rshift", lambda x, n: x >> n),
        "arshift": _shifting("arshift", lambda x, n: _signed(x) >> n),
        "rol": _shifting("rol", _rotate),
        "ror": _shifting("ror", lambda x, n: _rotate(x, -n)),
        "bswap": lambda *values: _signed(int.from_bytes(_word(values, 1, "bswap").to_bytes(4, "little"), "big")),
        "tohex": _to_hex,
    }


# -- struct --------------------------------------------------------------------------------------------------

_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "l": 8, "L": 8, "T": 8, "f": 4, "d": 8, "x": 1}
_MAX_INTEGER = 32


def _steps(form: Any, function: str) -> list[tuple[str, int, bool, int]]:
    """The format as (letter, size, little endian, alignment) steps; `size` passes over letters it does not know."""
    if isinstance(form, (int, float)) and not isinstance(form, bool):
        form = b"%.14g" % form
    if not isinstance(form, bytes):
        raise bad_argument(1, function, f"string expected, got {_lua_type(form)}")
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
                raise LibraryError(f"alignment {align} is not a power of 2")
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
        elif letter != " " and function != "size":
            raise bad_argument(1, function, f"invalid format option '{letter}'")
    return steps


def _padding(position: int, letter: str, size: int, align: int) -> int:
    if letter in "csx" or size == 0:
        return 0
    step = min(size, align)
    return (step - position % step) % step if step > 1 else 0


def _pack(form: Any, *values: Any) -> bytes:
    out = bytearray()
    # Places count the format as the first argument; a missing one is nil to the library.
    arguments = (form, *values)
    place = 1
    for letter, size, little, align in _steps(form, "pack"):
        out += bytes(_padding(len(out), letter, size, align))
        if letter == "x":
            out.append(0)
            continue
        place += 1
        given = arguments if place <= len(arguments) else (*arguments, None)
        if letter in "cs":
            text = given[place - 1]
            if isinstance(text, (int, float)) and not isinstance(text, bool):
                text = b"%.14g" % text
            if not isinstance(text, bytes):
                raise bad_argument(place, "pack", f"string expected, got {_lua_type(text)}")
            if letter == "s":
                out += text + b"\0"
                continue
            size = size or len(text)
            if len(text) < size:
                raise bad_argument(place, "pack", "string too short")
            out += text[:size]
        elif letter in "fd":
            out += struct.pack(("<" if little else ">") + letter, float(_number(given, place, "pack")))
        else:
            value = int(_number(given, place, "pack"))
            out += (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little" if little else "big")
    return bytes(out)


def _unpack(form: Any, data: Any = None, start: Any = 1) -> tuple[Any, ...]:
    steps = _steps(form, "unpack")
    if not isinstance(data, bytes):
        raise bad_argument(2, "unpack", f"string expected, got {_lua_type(data)}")
    position = int(start) - 1
    if position < 0:
        raise bad_argument(3, "unpack", "offset must be 1 or greater")
    values: list[Any] = []
    for letter, size, little, align in steps:
        position += _padding(position, letter, size, align)
        if letter == "c" and size == 0:
            if not values or not isinstance(values[-1], (int, float)):
                raise LibraryError("format 'c0' needs a previous size")
            size = int(values.pop())
            if size < 0:
                raise LibraryError("invalid size")
        if position + size > len(data):
            raise bad_argument(2, "unpack", "data string too short")
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


def _size(form: Any) -> int:
    total = 0
    for letter, size, _, align in _steps(form, "size"):
        if letter == "s" or (letter == "c" and size == 0):
            raise LibraryError(
                "variable-size format in 'size'" if letter == "s" else "variable-length format in 'size'"
            )
        total += _padding(total, letter, size, align) + size
    return total


def struct_functions() -> dict[str, Callable[..., Any]]:
    return {"pack": _pack, "unpack": _unpack, "size": _size}
