"""Turning any SQL value into JSON text or a jsonb value: to_json, row_to_json, json_agg and their kin share this.

Numbers stay numbers (NaN and infinities become strings), dates and timestamps are ISO 8601 with a T, json passes
through, arrays and rows are converted member by member, everything else is its text. Rows need column names and types:
composite types have them, records must carry them (`Row.of(values, types, names)`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres.types.context import TypeInfo
from emulators.postgres.types.datetime_core import USECS_PER_DAY, zone_offset
from emulators.postgres.types.datetime_io import clock_text, iso_date, offset_text
from emulators.postgres.types.errors import data_error
from emulators.postgres.types.json_io import jsonb_text, make_object, parse_jsonb, quote
from emulators.postgres.types.numeric import numeric_text, parse_numeric
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    JSON_NULL,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    PgArray,
    Row,
)

ToText = Callable[[Any, Any], str]
ToJsonb = Callable[[Any, Any], Any]
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")


def base_info(oid: int, catalog: Any) -> TypeInfo:
    """The type below any domains."""
    info: TypeInfo = catalog.type_info(oid)
    while info.typtype == "d":
        info = catalog.type_info(info.basetype)
    return info


def date_text(days: int) -> str:
    if days == DATE_INFINITY:
        return "infinity"
    if days == DATE_MINUS_INFINITY:
        return "-infinity"
    return iso_date(days) + (" BC" if days < -730119 else "")


def timestamp_text(value: int, east: int | None = None) -> str:
    """YYYY-MM-DDTHH:MM:SS[.f][+zz:zz]; `value` is the wall clock."""
    if value == TIMESTAMP_INFINITY:
        return "infinity"
    if value == TIMESTAMP_MINUS_INFINITY:
        return "-infinity"
    days, us = divmod(value, USECS_PER_DAY)
    text = f"{iso_date(days)}T{clock_text(us)}"
    if east is not None:
        text += offset_text(east) + (":00" if east % 3600 == 0 else "")
    return text + (" BC" if days < -730119 else "")


def _timestamptz_text(value: int, ctx: Any) -> str:
    if value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return timestamp_text(value)
    east = zone_offset(value, ctx.time_zone)
    return timestamp_text(value + east * 1_000_000, east)


def _number(text: str) -> str:
    return text if _JSON_NUMBER.match(text) else quote(text)


def to_json(oid: int, catalog: Any) -> ToText:
    """A function (value, ctx) -> JSON text of values of this type; None gives null."""
    info = base_info(oid, catalog)
    convert = _json_converter(info, catalog)

    def run(value: Any, ctx: Any) -> str:
        return "null" if value is None else convert(value, ctx)

    return run


def _json_converter(info: TypeInfo, catalog: Any) -> ToText:
    source = info.input
    if source == "boolin":
        return lambda value, ctx: "true" if value else "false"
    if source in ("int2in", "int4in", "int8in"):
        return lambda value, ctx: str(value)
    if source in ("float4in", "float8in", "numeric_in"):
        out = type_io(info.oid, catalog).text_out
        return lambda value, ctx: _number(out(value, ctx))
    if source == "json_in":
        return lambda value, ctx: value
    if source == "jsonb_in":
        return lambda value, ctx: jsonb_text(value)
    if source == "date_in":
        return lambda value, ctx: quote(date_text(value))
    if source == "timestamp_in":
        return lambda value, ctx: quote(timestamp_text(value))
    if source == "timestamptz_in":
        return lambda value, ctx: quote(_timestamptz_text(value, ctx))
    if info.element or source in ("int2vectorin", "oidvectorin"):
        return _array_converter(info, catalog)
    if source == "record_in":
        return lambda value, ctx: row_json(value, info, catalog, ctx, False)
    show = type_io(info.oid, catalog).text_out
    return lambda value, ctx: quote(show(value, ctx))


def _nested(items: list[Any], dims: tuple[int, ...]) -> list[Any]:
    for length in reversed(dims[1:]):
        items = [items[start : start + length] for start in range(0, len(items), length)]
    return items


def _element_oid(info: TypeInfo) -> int:
    return info.element or {"int2vectorin": 21, "oidvectorin": 26}[info.input]


def _array_converter(info: TypeInfo, catalog: Any) -> ToText:
    element = to_json(_element_oid(info), catalog)

    def render(items: list[Any]) -> str:
        return "[" + ",".join([item if isinstance(item, str) else render(item) for item in items]) + "]"

    def run(value: PgArray, ctx: Any) -> str:
        return render(_nested([element(item, ctx) for item in value.elements], value.dims))

    return run


def array_json(value: PgArray, info: TypeInfo, catalog: Any, ctx: Any, pretty: bool) -> str:
    """array_to_json: `pretty` puts the outer elements on lines of their own."""
    element = to_json(_element_oid(info), catalog)
    items = _nested([element(item, ctx) for item in value.elements], value.dims)

    def render(parts: list[Any]) -> str:
        return "[" + ",".join([part if isinstance(part, str) else render(part) for part in parts]) + "]"

    separator = ",\n " if pretty else ","
    return "[" + separator.join(item if isinstance(item, str) else render(item) for item in items) + "]"


def row_columns(value: Row, info: TypeInfo) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and types of a row's columns."""
    if info.attributes:
        return tuple(name for name, _, _ in info.attributes), tuple(oid for _, oid, _ in info.attributes)
    names = value.names or tuple(f"f{index}" for index in range(1, len(value) + 1))
    return names, value.types


def row_json(value: Row, info: TypeInfo, catalog: Any, ctx: Any, pretty: bool) -> str:
    names, types = row_columns(value, info)
    members = [
        f"{quote(name)}:{to_json(oid, catalog)(item, ctx)}" for name, oid, item in zip(names, types, value, strict=True)
    ]
    return "{" + (",\n " if pretty else ",").join(members) + "}"


def to_jsonb(oid: int, catalog: Any) -> ToJsonb:
    """A function (value, ctx) -> jsonb value of values of this type; None gives JSON_NULL."""
    info = base_info(oid, catalog)
    convert = _jsonb_converter(info, catalog)

    def run(value: Any, ctx: Any) -> Any:
        return JSON_NULL if value is None else convert(value, ctx)

    return run


def _jsonb_converter(info: TypeInfo, catalog: Any) -> ToJsonb:
    source = info.input
    if source == "boolin":
        return lambda value, ctx: value
    if source in ("int2in", "int4in", "int8in"):
        return lambda value, ctx: Decimal(value)
    if source == "numeric_in":
        return lambda value, ctx: value if value.is_finite() else numeric_text(value)
    if source in ("float4in", "float8in"):
        out = type_io(info.oid, catalog).text_out

        def from_float(value: float, ctx: Any) -> Any:
            text = out(value, ctx)
            return parse_numeric(text) if _JSON_NUMBER.match(text) else text

        return from_float
    if source == "json_in":
        return lambda value, ctx: parse_jsonb(value)
    if source == "jsonb_in":
        return lambda value, ctx: value
    if source == "date_in":
        return lambda value, ctx: date_text(value)
    if source == "timestamp_in":
        return lambda value, ctx: timestamp_text(value)
    if source == "timestamptz_in":
        return _timestamptz_text
    if info.element or source in ("int2vectorin", "oidvectorin"):
        element = to_jsonb(_element_oid(info), catalog)
        return lambda value, ctx: _nested([element(item, ctx) for item in value.elements], value.dims)
    if source == "record_in":

        def from_row(value: Row, ctx: Any) -> Any:
            names, types = row_columns(value, info)
            return make_object(
                [(name, to_jsonb(oid, catalog)(item, ctx)) for name, oid, item in zip(names, types, value, strict=True)]
            )

        return from_row
    show = type_io(info.oid, catalog).text_out
    return lambda value, ctx: show(value, ctx)


def key_text(oid: int, catalog: Any) -> Callable[[Any, Any], str]:
    """How a value becomes an object key: its text; arrays, rows and json are refused."""
    info = base_info(oid, catalog)
    if info.element or info.input in ("record_in", "json_in", "jsonb_in"):

        def refuse(value: Any, ctx: Any) -> str:
            raise data_error("22023", "key value must be scalar, not array, composite, or json")

        return refuse
    converter = _json_converter(info, catalog)

    def run(value: Any, ctx: Any) -> str:
        text = converter(value, ctx)
        if text[:1] == '"':
            return type_text(info, catalog, value, ctx)
        return text

    return run


def type_text(info: TypeInfo, catalog: Any, value: Any, ctx: Any) -> str:
    """The text inside a JSON string for a scalar."""
    if info.input == "date_in":
        return date_text(value)
    if info.input == "timestamp_in":
        return timestamp_text(value)
    if info.input == "timestamptz_in":
        return _timestamptz_text(value, ctx)
    return type_io(info.oid, catalog).text_out(value, ctx)
