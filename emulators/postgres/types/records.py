"""Composite types and record: text and binary forms, keys.

Fields are quoted on output when empty or holding parentheses, quotes, backslashes, commas or blanks; an empty field is
NULL. An anonymous record has no input. Values carry their columns' types (`Row.types`) for output of record.
"""

from __future__ import annotations

import struct
from typing import Any

from emulators.postgres.types.arrays import NULL_KEY
from emulators.postgres.types.context import Catalog, TypeInfo
from emulators.postgres.types.errors import data_error, feature_not_supported, insufficient_data, invalid_binary
from emulators.postgres.types.registry import TypeIO, container, type_io
from emulators.postgres.types.values import Row

_SPACE = " \t\n\r\v\f"


def malformed(text: str, detail: str) -> Exception:
    return data_error("22P02", f'malformed record literal: "{text}"', detail)


def parse_record(text: str, columns: int) -> list[str | None]:
    """The field texts of a record literal, None for NULL."""
    size = len(text)
    position = size - len(text.lstrip(_SPACE))
    if text[position : position + 1] != "(":
        raise malformed(text, "Missing left parenthesis.")
    position += 1
    fields: list[str | None] = []
    for index in range(columns):
        if index:
            if text[position : position + 1] != ",":
                raise malformed(text, "Too few columns.")
            position += 1
        if text[position : position + 1] in (",", ")") and position < size:
            fields.append(None)
            continue
        out: list[str] = []
        quoted = False
        while quoted or text[position : position + 1] not in (",", ")") or position >= size:
            char = text[position : position + 1]
            if char == "":
                raise malformed(text, "Unexpected end of input.")
            position += 1
            if char == "\\":
                char = text[position : position + 1]
                if char == "":
                    raise malformed(text, "Unexpected end of input.")
                out.append(char)
                position += 1
            elif char == '"':
                if not quoted:
                    quoted = True
                elif text[position : position + 1] == '"':
                    out.append('"')
                    position += 1
                else:
                    quoted = False
            else:
                out.append(char)
        fields.append("".join(out))
    if text[position : position + 1] != ")":
        raise malformed(text, "Too many columns.")
    if text[position + 1 :].strip(_SPACE):
        raise malformed(text, "Junk after right parenthesis.")
    return fields


def quote_field(text: str) -> str:
    if text and not any(char in '"\\(),' or char in _SPACE for char in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


def row_text(value: Row, types: tuple[int, ...], catalog: Catalog, ctx: Any) -> str:
    fields = [
        "" if item is None else quote_field(type_io(oid, catalog).text_out(item, ctx))
        for item, oid in zip(value, types, strict=True)
    ]
    return "(" + ",".join(fields) + ")"


def row_key(value: Row, types: tuple[int, ...], catalog: Catalog, hashing: bool = False) -> tuple[Any, ...]:
    """Column by column, NULL above everything."""
    out = []
    for item, oid in zip(value, types, strict=True):
        if item is None:
            out.append(NULL_KEY)
            continue
        io = type_io(oid, catalog)
        key = io.hash_key if hashing else io.sort_key
        out.append(item if key is None else key(item))
    return tuple(out)


@container("record_in")
def record_io(info: TypeInfo, catalog: Catalog) -> TypeIO:
    declared = tuple(oid for _, oid, _ in info.attributes)
    typmods = tuple(typmod for _, _, typmod in info.attributes)
    names = tuple(name for name, _, _ in info.attributes)
    anonymous = info.typtype == "p"

    def types_of(value: Any) -> tuple[int, ...]:
        types: tuple[int, ...] = getattr(value, "types", ()) if anonymous else declared
        if len(types) != len(value):
            types = getattr(value, "types", ())
        return types

    def read(value: str, typmod: int, ctx: Any) -> Row:
        if anonymous:
            raise feature_not_supported("input of anonymous composite types is not implemented")
        fields = parse_record(value, len(declared))
        return Row.of(
            (
                None if field is None else type_io(oid, catalog).text_in(field, each, ctx)
                for field, oid, each in zip(fields, declared, typmods, strict=True)
            ),
            declared,
            names,
        )

    def write(value: Row, ctx: Any) -> str:
        return row_text(value, types_of(value), catalog, ctx)

    def receive(data: bytes, typmod: int, ctx: Any) -> Row:
        if anonymous:
            raise feature_not_supported("input of anonymous composite types is not implemented")
        if len(data) < 4:
            raise insufficient_data()
        (count,) = struct.unpack_from("!i", data)
        if count != len(declared):
            raise data_error("42804", f"wrong number of columns: {count}, expected {len(declared)}")
        position = 4
        out: list[Any] = []
        for index, oid in enumerate(declared):
            if len(data) < position + 8:
                raise insufficient_data()
            given, size = struct.unpack_from("!Ii", data, position)
            position += 8
            if given != oid:
                raise data_error(
                    "42804",
                    f"binary data has type {given} (unknown) instead of expected {oid} "
                    f"({catalog.type_info(oid).display}) in record column {index + 1}",
                )
            if size == -1:
                out.append(None)
                continue
            if size < 0 or len(data) < position + size:
                raise insufficient_data()
            out.append(type_io(oid, catalog).binary_in(data[position : position + size], typmods[index], ctx))
            position += size
        if position != len(data):
            raise invalid_binary()
        return Row.of(out, declared, names)

    def send(value: Row, ctx: Any) -> bytes:
        types = types_of(value)
        parts = [struct.pack("!i", len(types))]
        for item, oid in zip(value, types, strict=True):
            if item is None:
                parts.append(struct.pack("!Ii", oid, -1))
            else:
                data = type_io(oid, catalog).binary_out(item, ctx)
                parts.append(struct.pack("!Ii", oid, len(data)) + data)
        return b"".join(parts)

    def sort_key(value: Row) -> Any:
        return row_key(value, types_of(value), catalog)

    def hash_key(value: Row) -> Any:
        return row_key(value, types_of(value), catalog, hashing=True)

    return TypeIO(info.oid, info, read, write, receive, send, sort_key, hash_key)
