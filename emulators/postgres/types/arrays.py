"""Arrays of every type, int2vector and oidvector: text and binary forms, keys.

Elements are quoted on output when empty, "NULL" in any case, or holding braces, quotes, backslashes, blanks or the
type's delimiter. Input follows PostgreSQL 17 and later: dimensions must agree, junk is named in DETAIL. At most six
dimensions and 134217727 elements.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from emulators.postgres.types.context import Catalog, TypeInfo
from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_syntax
from emulators.postgres.types.registry import TypeIO, container, text_in, text_out, type_io
from emulators.postgres.types.values import PgArray

MAX_DIMENSIONS = 6
MAX_ELEMENTS = 134217727
_SPACE = " \t\n\r\v\f"
_BOUNDS = re.compile(r"\[[ \t\n\r\v\f]*")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_PLAIN = re.compile(r'[^{}",\\\s]+\Z')


def malformed(text: str, detail: str) -> Exception:
    return data_error("22P02", f'malformed array literal: "{text}"', detail)


def too_many_dimensions(count: int) -> Exception:
    return data_error("54000", f"number of array dimensions ({count}) exceeds the maximum allowed ({MAX_DIMENSIONS})")


def _dimensions(text: str) -> tuple[list[int], list[int], int]:
    """The optional [l:u]… = prefix: lower bounds, lengths, and where the braces begin."""
    position = 0
    lower: list[int] = []
    lengths: list[int] = []
    size = len(text)
    while True:
        while position < size and text[position] in _SPACE:
            position += 1
        if text[position : position + 1] != "[":
            break
        if len(lower) >= MAX_DIMENSIONS:
            raise data_error("54000", f"number of array dimensions exceeds the maximum allowed ({MAX_DIMENSIONS})")
        position += 1
        first = _INTEGER.match(text, position)
        if first is None:
            raise malformed(text, '"[" must introduce explicitly-specified array dimensions.')
        position = first.end()
        low, high = 1, int(first[0])
        if text[position : position + 1] == ":":
            second = _INTEGER.match(text, position + 1)
            if second is None:
                raise malformed(text, "Missing array dimension value.")
            low, high = high, int(second[0])
            position = second.end()
        if text[position : position + 1] != "]":
            raise malformed(text, 'Missing "]" after array dimensions.')
        position += 1
        for bound in (low, high):
            if not -(2**31) <= bound < 2**31:
                raise data_error("54000", "array bound is out of integer range")
        if high < low:
            raise data_error("2202E", "upper bound cannot be less than lower bound")
        if high == 2**31 - 1:
            raise data_error("54000", f"array upper bound is too large: {high}")
        lower.append(low)
        lengths.append(high - low + 1)
    if lower:
        if text[position : position + 1] != "=":
            raise malformed(text, 'Missing "=" after array dimensions.')
        position += 1
        while position < size and text[position] in _SPACE:
            position += 1
        if text[position : position + 1] != "{":
            raise malformed(text, 'Array contents must start with "{".')
    elif text[position : position + 1] != "{":
        raise malformed(text, 'Array value must start with "{" or dimension information.')
    return lower, lengths, position


class _Parser:
    """Reads the braces: the flat texts (None for NULL) and the dimensions found."""

    def __init__(self, text: str, position: int, delimiter: str):
        self.text = text
        self.position = position
        self.delimiter = delimiter
        self.items: list[str | None] = []
        self.lengths: list[int] = []
        self.element_depth: int | None = None
        self.any_nonempty = False

    def fail(self, detail: str) -> Exception:
        return malformed(self.text, detail)

    def space(self) -> None:
        text, size = self.text, len(self.text)
        while self.position < size and text[self.position] in _SPACE:
            self.position += 1

    def level(self, depth: int) -> int:
        """One brace level, the opening brace being next; returns how many members it has."""
        if depth >= MAX_DIMENSIONS:
            raise data_error("54000", f"number of array dimensions exceeds the maximum allowed ({MAX_DIMENSIONS})")
        self.position += 1
        count = 0
        while True:
            self.space()
            char = self.text[self.position : self.position + 1]
            if char == "":
                raise self.fail("Unexpected end of input.")
            if char == "}":
                if count == 0:
                    self.position += 1
                    return 0
                raise self.fail('Unexpected "}" character.')
            if char == "{":
                if self.element_depth is not None and depth + 1 >= self.element_depth:
                    raise self.dimension_error()
                size = self.level(depth + 1)
                self.record(depth + 1, size)
            else:
                if char == self.delimiter:
                    raise self.fail(f'Unexpected "{char}" character.')
                if self.element_depth is None:
                    if len(self.lengths) > depth + 1:
                        raise self.dimension_error()
                    self.element_depth = depth + 1
                elif self.element_depth != depth + 1:
                    raise self.dimension_error()
                self.items.append(self.element())
                self.any_nonempty = True
            count += 1
            self.space()
            char = self.text[self.position : self.position + 1]
            if char == self.delimiter:
                self.position += 1
                self.space()
                if self.text[self.position : self.position + 1] == "}":
                    raise self.fail('Unexpected "}" character.')
                continue
            if char == "}":
                self.position += 1
                return count
            if char == "":
                raise self.fail("Unexpected end of input.")
            if char == "{":
                raise self.fail('Unexpected "{" character.')
            raise self.fail("Unexpected array element.")

    def dimension_error(self) -> Exception:
        return self.fail("Multidimensional arrays must have sub-arrays with matching dimensions.")

    def record(self, depth: int, size: int) -> None:
        while len(self.lengths) <= depth:
            self.lengths.append(-1)
        if self.lengths[depth] == -1:
            self.lengths[depth] = size
        elif self.lengths[depth] != size:
            raise self.dimension_error()

    def element(self) -> str | None:
        text, delimiter = self.text, self.delimiter
        if text[self.position] == '"':
            return self.quoted()
        out: list[str] = []
        escaped = False
        kept = 0
        while True:
            char = text[self.position : self.position + 1]
            if char == "":
                raise self.fail("Unexpected end of input.")
            if char == '"':
                raise self.fail("Incorrectly quoted array element.")
            if char == "{":
                raise self.fail('Unexpected "{" character.')
            if char == "}" or char == delimiter:
                break
            if char == "\\":
                self.position += 1
                char = text[self.position : self.position + 1]
                if char == "":
                    raise self.fail("Unexpected end of input.")
                out.append(char)
                escaped = True
                kept = len(out)
            else:
                out.append(char)
                if char not in _SPACE:
                    kept = len(out)
            self.position += 1
        item = "".join(out[:kept])
        if not escaped and item.lower() == "null":
            return None
        return item

    def quoted(self) -> str:
        text = self.text
        out: list[str] = []
        self.position += 1
        while True:
            char = text[self.position : self.position + 1]
            if char == "":
                raise self.fail("Unexpected end of input.")
            if char == '"':
                break
            if char == "\\":
                self.position += 1
                char = text[self.position : self.position + 1]
                if char == "":
                    raise self.fail("Unexpected end of input.")
            out.append(char)
            self.position += 1
        self.position += 1
        self.space()
        after = text[self.position : self.position + 1]
        if after not in ("}", self.delimiter, ""):
            raise self.fail("Incorrectly quoted array element.")
        return "".join(out)


def parse_array(text: str, delimiter: str) -> tuple[list[str | None], tuple[int, ...], tuple[int, ...]]:
    """Flat element texts, lengths and lower bounds."""
    lower, declared, position = _dimensions(text)
    parser = _Parser(text, position, delimiter)
    size = parser.level(0)
    parser.record(0, size)
    parser.space()
    if parser.position < len(text):
        raise malformed(text, "Junk after closing right brace.")
    if not parser.items:
        found: list[int] = []
        if any(length > 0 for length in parser.lengths):
            # {{},{}} and the like are empty arrays as well.
            found = []
    else:
        found = parser.lengths
    if lower:
        if found != declared:
            raise malformed(text, "Specified array dimensions do not match array contents.")
        return parser.items, tuple(found), tuple(lower)
    return parser.items, tuple(found), (1,) * len(found)


def quote_element(item: str, delimiter: str) -> str:
    """An element's text as array output writes it."""
    if item and _PLAIN.match(item) and delimiter not in item and item.lower() != "null":
        return item
    if "," in item and delimiter != "," and re.match(r'[^{}"\\\s]+\Z', item) and delimiter not in item:
        return item
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array_text(value: PgArray, element_out: Any, delimiter: str, ctx: Any) -> str:
    if not value.dims:
        return "{}"
    texts = [
        "NULL" if element is None else quote_element(element_out(element, ctx), delimiter) for element in value.elements
    ]
    for length in reversed(value.dims[1:]):
        texts = ["{" + delimiter.join(texts[start : start + length]) + "}" for start in range(0, len(texts), length)]
    body = "{" + delimiter.join(texts) + "}"
    if any(bound != 1 for bound in value.lbounds):
        bounds = "".join(
            f"[{bound}:{bound + length - 1}]" for bound, length in zip(value.lbounds, value.dims, strict=True)
        )
        return f"{bounds}={body}"
    return body


class _NullKey:
    """NULL inside arrays and rows: above everything, equal to itself."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __le__(self, other: object) -> bool:
        return other is self

    def __gt__(self, other: object) -> bool:
        return other is not self

    def __ge__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return other is self

    def __hash__(self) -> int:
        return 271828


NULL_KEY = _NullKey()


def array_sort_key(element_key: Any) -> Any:
    """Elements first, then their number, then dimensions."""

    def key(value: PgArray) -> tuple[Any, ...]:
        if element_key is None:
            elements = tuple(NULL_KEY if element is None else element for element in value.elements)
        else:
            elements = tuple(NULL_KEY if element is None else element_key(element) for element in value.elements)
        return elements, len(value.dims), value.dims, value.lbounds

    return key


def make_binary_in(element: TypeIO, element_oid: int) -> Any:
    def receive(data: bytes, typmod: int, ctx: Any) -> PgArray:
        if len(data) < 12:
            raise insufficient_data()
        dimensions, flags, oid = struct.unpack_from("!iiI", data)
        if dimensions < 0:
            raise invalid_binary(f"invalid number of dimensions: {dimensions}")
        if dimensions > MAX_DIMENSIONS:
            raise too_many_dimensions(dimensions)
        if flags not in (0, 1):
            raise invalid_binary("invalid array flags")
        if oid != element_oid:
            raise data_error(
                "42804", f"binary data has array element type {oid} (unknown) instead of expected {element_oid}"
            )
        position = 12
        if len(data) < position + 8 * dimensions:
            raise insufficient_data()
        dims, bounds = [], []
        for _ in range(dimensions):
            length, bound = struct.unpack_from("!ii", data, position)
            dims.append(length)
            bounds.append(bound)
            position += 8
        count = 1
        for length in dims:
            if length < 0:
                raise data_error("54000", "array size exceeds the maximum allowed (134217727)")
            count *= length
        if count > MAX_ELEMENTS:
            raise data_error("54000", "array size exceeds the maximum allowed (134217727)")
        if not dims or count == 0:
            return PgArray([])
        elements: list[Any] = []
        for _ in range(count):
            if len(data) < position + 4:
                raise insufficient_data()
            (size,) = struct.unpack_from("!i", data, position)
            position += 4
            if size == -1:
                elements.append(None)
                continue
            if size < 0 or len(data) < position + size:
                raise insufficient_data()
            elements.append(element.binary_in(data[position : position + size], typmod, ctx))
            position += size
        if position != len(data):
            raise invalid_binary()
        return PgArray(elements, tuple(dims), tuple(bounds))

    return receive


def make_binary_out(element: TypeIO, element_oid: int) -> Any:
    def send(value: PgArray, ctx: Any) -> bytes:
        has_null = any(item is None for item in value.elements)
        parts = [struct.pack("!iiI", len(value.dims), int(has_null), element_oid)]
        parts += [struct.pack("!ii", length, bound) for length, bound in zip(value.dims, value.lbounds, strict=True)]
        for item in value.elements:
            if item is None:
                parts.append(b"\xff\xff\xff\xff")
            else:
                data = element.binary_out(item, ctx)
                parts.append(struct.pack("!i", len(data)) + data)
        return b"".join(parts)

    return send


@container("array_in")
def array_io(info: TypeInfo, catalog: Catalog) -> TypeIO:
    element = type_io(info.element, catalog)
    delimiter = element.info.delimiter
    element_in, element_out = element.text_in, element.text_out

    def read(value: str, typmod: int, ctx: Any) -> PgArray:
        items, dims, bounds = parse_array(value, delimiter)
        elements = [None if item is None else element_in(item, typmod, ctx) for item in items]
        return PgArray(elements, dims, bounds)

    def write(value: PgArray, ctx: Any) -> str:
        return array_text(value, element_out, delimiter, ctx)

    return TypeIO(
        info.oid,
        info,
        read,
        write,
        make_binary_in(element, info.element),
        make_binary_out(element, info.element),
        array_sort_key(element.sort_key),
        array_sort_key(element.hash_key),
    )


def _vector(info: TypeInfo, catalog: Catalog) -> TypeIO:
    """int2vector and oidvector: blank-separated, zero-based, one dimension."""
    element_oid = 21 if info.name == "int2vector" else 26
    element = type_io(element_oid, catalog)
    type_name = "smallint" if element_oid == 21 else "oid"

    def read(value: str, typmod: int, ctx: Any) -> PgArray:
        try:
            elements = [element.text_in(item, -1, ctx) for item in value.split()]
        except Exception:
            if re.search(r"[0-9]", value):
                raise
            raise invalid_syntax(type_name, value) from None
        return PgArray(elements, (len(elements),), (0,))

    def write(value: PgArray, ctx: Any) -> str:
        return " ".join(element.text_out(item, ctx) for item in value.elements)

    def key(value: PgArray) -> tuple[Any, ...]:
        return len(value.elements), tuple(value.elements)

    return TypeIO(
        info.oid,
        info,
        read,
        write,
        make_binary_in(element, element_oid),
        make_binary_out(element, element_oid),
        key,
        key,
    )


container("int2vectorin", "oidvectorin")(_vector)


@text_in("anyarray_in", "anycompatiblearray_in")
def anyarray_in(value: str, typmod: int, ctx: Any) -> Any:
    raise data_error("0A000", "cannot accept a value of type anyarray")


@text_out("anyarray_out", "anycompatiblearray_out")
def anyarray_out(value: PgArray, ctx: Any) -> str:
    """Elements of statistics arrays: shown by Python's text, good enough for numbers and strings."""
    return array_text(value, lambda item, _: str(item), ",", ctx)
