"""json functions over text, constructors of json and jsonb, and records from either.

json members are slices of the original text, so spacing and duplicate keys survive; of duplicate keys the last one
answers. Functions that return record take the query's column definition list when they are bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.postgres.functions.json_convert import (
    array_json,
    base_info,
    key_text,
    row_json,
    to_json,
    to_jsonb,
)
from emulators.postgres.functions.jsonb import path_index, type_name
from emulators.postgres.functions.registry import Columns, builtin
from emulators.postgres.types.errors import data_error, invalid_parameter, null_not_allowed
from emulators.postgres.types.json_io import (
    JsonNode,
    JsonParser,
    from_node,
    jsonb_text,
    make_object,
    quote,
)
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import JSON_NULL, PgArray, Row


def parse(text: str) -> JsonNode:
    return JsonParser(text).parse()


def node_json(node: JsonNode, text: str) -> str:
    return text[node.start : node.end]


def node_text(node: JsonNode, text: str) -> str | None:
    """->>: strings decoded, null as NULL."""
    if node.kind == "string":
        return node.items  # type: ignore[no-any-return]
    return None if node.kind == "null" else text[node.start : node.end]


def _field(node: JsonNode, key: str) -> JsonNode | None:
    found = None
    if node.kind == "object":
        for name, item in node.items:
            if name == key:
                found = item
    return found


def _element(node: JsonNode, index: int) -> JsonNode | None:
    if node.kind == "array" and -len(node.items) <= index < len(node.items):
        return node.items[index]  # type: ignore[no-any-return]
    return None


def _path(node: JsonNode, path: PgArray) -> JsonNode | None:
    current: JsonNode | None = node
    for step in path.elements:
        if step is None or current is None:
            return None
        if current.kind == "array":
            index = path_index(step)
            current = None if index is None else _element(current, index)
        else:
            current = _field(current, step)
    return current


def _getter(find: Callable[[JsonNode, Any], JsonNode | None], as_text: bool) -> Callable[[str, Any], str | None]:
    show = node_text if as_text else node_json

    def run(text: str, wanted: Any) -> str | None:
        if isinstance(wanted, PgArray) and any(step is None for step in wanted.elements):
            return None
        found = find(parse(text), wanted)
        return None if found is None else show(found, text)

    return run


builtin("json_object_field")(_getter(_field, False))
builtin("json_object_field_text")(_getter(_field, True))
builtin("json_array_element")(_getter(_element, False))
builtin("json_array_element_text")(_getter(_element, True))
builtin("json_extract_path")(_getter(_path, False))
builtin("json_extract_path_text")(_getter(_path, True))


@builtin("json_typeof")
def json_typeof(text: str) -> str:
    kind = parse(text).kind
    return "boolean" if kind in ("true", "false") else kind


@builtin("json_array_length")
def json_array_length(text: str) -> int:
    node = parse(text)
    if node.kind != "array":
        what = "a non-array" if node.kind == "object" else "a scalar"
        raise invalid_parameter(f"cannot get array length of {what}")
    return len(node.items)


def _array_items(text: str, name: str) -> list[JsonNode]:
    node = parse(text)
    if node.kind != "array":
        what = "a non-array" if node.kind == "object" else "a scalar"
        raise invalid_parameter(f"cannot call {name} on {what}")
    return node.items  # type: ignore[no-any-return]


@builtin("json_array_elements", srf=True)
def json_array_elements(text: str) -> list[str]:
    return [node_json(item, text) for item in _array_items(text, "json_array_elements")]


@builtin("json_array_elements_text", srf=True)
def json_array_elements_text(text: str) -> list[str | None]:
    return [node_text(item, text) for item in _array_items(text, "json_array_elements_text")]


@builtin("json_object_keys", srf=True)
def json_object_keys(text: str) -> list[str]:
    node = parse(text)
    if node.kind != "object":
        what = "an array" if node.kind == "array" else "a scalar"
        raise invalid_parameter(f"cannot call json_object_keys on {what}")
    return [key for key, _ in node.items]


def _object_items(text: str) -> list[tuple[str, JsonNode]]:
    node = parse(text)
    if node.kind != "object":
        raise invalid_parameter(
            "cannot deconstruct an array as an object" if node.kind == "array" else "cannot deconstruct a scalar"
        )
    return node.items  # type: ignore[no-any-return]


@builtin("json_each", srf=True)
def json_each(text: str) -> list[Row]:
    return [Row.of((key, node_json(item, text)), (25, 114), ("key", "value")) for key, item in _object_items(text)]


@builtin("json_each_text", srf=True)
def json_each_text(text: str) -> list[Row]:
    return [Row.of((key, node_text(item, text)), (25, 25), ("key", "value")) for key, item in _object_items(text)]


@builtin("json_strip_nulls")
def json_strip_nulls(text: str, in_arrays: bool = False) -> str:
    def strip(node: JsonNode) -> str:
        if node.kind == "object":
            members = [f"{quote(key)}:{strip(item)}" for key, item in node.items if item.kind != "null"]
            return "{" + ",".join(members) + "}"
        if node.kind == "array":
            return "[" + ",".join(strip(item) for item in node.items if not (in_arrays and item.kind == "null")) + "]"
        if node.kind == "string":
            return quote(node.items)
        return text[node.start : node.end]

    return strip(parse(text))


# Conversion of SQL values
@builtin("to_json", bind=True, ctx=True)
def bind_to_json(types: tuple[int, ...], catalog: Any) -> Any:
    convert = to_json(types[0], catalog)
    return lambda ctx, value: convert(value, ctx)


@builtin("to_jsonb", bind=True, ctx=True)
def bind_to_jsonb(types: tuple[int, ...], catalog: Any) -> Any:
    convert = to_jsonb(types[0], catalog)
    return lambda ctx, value: convert(value, ctx)


@builtin("array_to_json", "array_to_json_pretty", bind=True, ctx=True)
def bind_array_to_json(types: tuple[int, ...], catalog: Any) -> Any:
    info = base_info(types[0], catalog)
    return lambda ctx, value, pretty=False: array_json(value, info, catalog, ctx, pretty)


@builtin("row_to_json", "row_to_json_pretty", bind=True, ctx=True)
def bind_row_to_json(types: tuple[int, ...], catalog: Any) -> Any:
    info = base_info(types[0], catalog)
    return lambda ctx, value, pretty=False: row_json(value, info, catalog, ctx, pretty)


# Constructors
def _variadic_types(types: tuple[int, ...], catalog: Any, array: bool) -> Callable[[Any], tuple[list[Any], list[int]]]:
    """A function from the variadic argument to (values, their types)."""
    if not array:
        declared = list(types[:-1])
        return lambda values: (values, declared)
    info = base_info(types[0], catalog)
    element = info.element or info.oid

    def spread(values: Any) -> tuple[list[Any], list[int]]:
        items = values.elements if isinstance(values, PgArray) else values
        return items, [element] * len(items)

    return spread


@builtin("json_build_array", bind=True, ctx=True, variadic_any=True)
def json_build_array(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    spread = _variadic_types(types, catalog, array)

    def run(ctx: Any, values: Any) -> str | None:
        if values is None:
            return None
        items, oids = spread(values)
        texts = [to_json(oid, catalog)(item, ctx) for item, oid in zip(items, oids, strict=True)]
        return "[" + ", ".join(texts) + "]"

    return run


@builtin("jsonb_build_array", bind=True, ctx=True, variadic_any=True)
def jsonb_build_array(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    spread = _variadic_types(types, catalog, array)

    def run(ctx: Any, values: Any) -> Any:
        if values is None:
            return None
        items, oids = spread(values)
        return [to_jsonb(oid, catalog)(item, ctx) for item, oid in zip(items, oids, strict=True)]

    return run


def _check_pairs(items: list[Any], name: str) -> None:
    if len(items) % 2:
        raise invalid_parameter(
            "argument list must have even number of elements",
            hint=f"The arguments of {name}() must consist of alternating keys and values.",
        )


@builtin("json_build_object", bind=True, ctx=True, variadic_any=True)
def json_build_object(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    spread = _variadic_types(types, catalog, array)

    def run(ctx: Any, values: Any) -> str | None:
        if values is None:
            return None
        items, oids = spread(values)
        _check_pairs(items, "json_build_object")
        members = []
        for index in range(0, len(items), 2):
            if items[index] is None:
                raise null_not_allowed("null value not allowed for object key")
            key = key_text(oids[index], catalog)(items[index], ctx)
            members.append(f"{quote(key)} : {to_json(oids[index + 1], catalog)(items[index + 1], ctx)}")
        return "{" + ", ".join(members) + "}"

    return run


@builtin("jsonb_build_object", bind=True, ctx=True, variadic_any=True)
def jsonb_build_object(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    spread = _variadic_types(types, catalog, array)

    def run(ctx: Any, values: Any) -> Any:
        if values is None:
            return None
        items, oids = spread(values)
        _check_pairs(items, "jsonb_build_object")
        pairs = []
        for index in range(0, len(items), 2):
            if items[index] is None:
                raise invalid_parameter(f"argument {index + 1}: key must not be null")
            key = key_text(oids[index], catalog)(items[index], ctx)
            pairs.append((key, to_jsonb(oids[index + 1], catalog)(items[index + 1], ctx)))
        return make_object(pairs)

    return run


@builtin("json_build_array_noargs")
def json_build_array_empty() -> str:
    return "[]"


@builtin("jsonb_build_array_noargs")
def jsonb_build_array_empty() -> list[Any]:
    return []


@builtin("json_build_object_noargs")
def json_build_object_empty() -> str:
    return "{}"


@builtin("jsonb_build_object_noargs")
def jsonb_build_object_empty() -> dict[str, Any]:
    return {}


def _text_pairs(array: PgArray) -> list[tuple[str, str | None]]:
    """Keys and values of json_object(text[]) in its two shapes."""
    if not array.dims:
        return []
    if len(array.dims) == 1:
        if array.dims[0] % 2:
            raise data_error("2202E", "array must have even number of elements")
    elif len(array.dims) == 2:
        if array.dims[1] != 2:
            raise data_error("2202E", "array must have two columns")
    else:
        raise data_error("2202E", "wrong number of array subscripts")
    items = array.elements
    return _checked_keys([(items[index], items[index + 1]) for index in range(0, len(items), 2)])


def _checked_keys(pairs: list[tuple[Any, Any]]) -> list[tuple[str, str | None]]:
    for key, _ in pairs:
        if key is None:
            raise null_not_allowed("null value not allowed for object key")
    return pairs


def _two_arrays(keys: PgArray, values: PgArray) -> list[tuple[str, str | None]]:
    if len(keys.dims) > 1 or len(keys.dims) != len(values.dims):
        raise data_error("2202E", "wrong number of array subscripts")
    if len(keys.elements) != len(values.elements):
        raise data_error("2202E", "mismatched array dimensions")
    return _checked_keys(list(zip(keys.elements, values.elements, strict=True)))


def _json_object(pairs: list[tuple[str, str | None]]) -> str:
    members = [f"{quote(key)} : {'null' if value is None else quote(value)}" for key, value in pairs]
    return "{" + ", ".join(members) + "}"


def _jsonb_object(pairs: list[tuple[str, str | None]]) -> Any:
    return make_object([(key, JSON_NULL if value is None else value) for key, value in pairs])


@builtin("json_object")
def json_object(array: PgArray) -> str:
    return _json_object(_text_pairs(array))


@builtin("json_object_two_arg")
def json_object_two(keys: PgArray, values: PgArray) -> str:
    return _json_object(_two_arrays(keys, values))


@builtin("jsonb_object")
def jsonb_object(array: PgArray) -> Any:
    return _jsonb_object(_text_pairs(array))


@builtin("jsonb_object_two_arg")
def jsonb_object_two(keys: PgArray, values: PgArray) -> Any:
    return _jsonb_object(_two_arrays(keys, values))


# Records. Members come as jsonb values, or as (node, text) of json, whose text is kept for json and text columns.
class _Member:
    """A member of json text."""

    __slots__ = ("node", "text")

    def __init__(self, node: JsonNode, text: str):
        self.node = node
        self.text = text


def _kind(value: Any) -> str:
    if isinstance(value, _Member):
        kind = value.node.kind
        return "boolean" if kind in ("true", "false") else kind
    return type_name(value)


def _items(value: Any) -> list[Any]:
    return [_Member(item, value.text) for item in value.node.items] if isinstance(value, _Member) else value


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, _Member):
        return {key: _Member(item, value.text) for key, item in value.node.items}
    return value  # type: ignore[no-any-return]


def _plain_text(value: Any) -> str:
    """A string's content, anything else's JSON text."""
    if isinstance(value, _Member):
        return node_text(value.node, value.text) or ""
    return value if isinstance(value, str) else jsonb_text(value)


def json_to_value(value: Any, oid: int, typmod: int, catalog: Any, ctx: Any, where: str = "", base: Any = None) -> Any:
    """A member as a value of an SQL type, the way (json|jsonb)_populate_record does it; domains are checked."""
    result = _base_value(value, oid, typmod, catalog, ctx, where, base)
    if catalog.type_info(oid).typtype == "d":
        check = getattr(ctx, "check_domain", None)
        if check is not None:
            check(oid, result)
    return result


def _base_value(value: Any, oid: int, typmod: int, catalog: Any, ctx: Any, where: str, base: Any) -> Any:
    if value is None or _kind(value) == "null":
        return None
    info = base_info(oid, catalog)
    if info.input == "jsonb_in":
        return from_node(value.node, value.text) if isinstance(value, _Member) else value
    if info.input == "json_in":
        return node_json(value.node, value.text) if isinstance(value, _Member) else jsonb_text(value)
    kind = _kind(value)
    if info.element and kind != "string":
        if kind != "array":
            raise _expected_array(where)
        return _array_value(value, info, typmod, catalog, ctx, where)
    if info.input == "record_in" and kind != "string":
        if kind != "object":
            raise invalid_parameter(
                f"cannot call populate_composite on {'an array' if kind == 'array' else 'a scalar'}"
            )
        return populate(base, value, list(info.attributes), catalog, ctx)
    return type_io(oid, catalog).text_in(_plain_text(value), typmod, ctx)


def _expected_array(where: str) -> Exception:
    hint = f'See the value of key "{where}".' if where else None
    return data_error("22P02", "expected JSON array", hint=hint)


def _array_value(value: Any, info: Any, typmod: int, catalog: Any, ctx: Any, where: str) -> PgArray:
    element_info = base_info(info.element, catalog)
    # Inner arrays of a json array are values of their own, not dimensions.
    flat_json = element_info.input in ("json_in", "jsonb_in")
    dims: list[int] = []
    level: Any = value
    while _kind(level) == "array" and not (flat_json and dims):
        items = _items(level)
        dims.append(len(items))
        if not items:
            return PgArray([])
        level = items[0]
    flat: list[Any] = []

    def walk(member: Any, depth: int) -> None:
        if depth == len(dims):
            if _kind(member) == "array" and not flat_json:
                raise _mismatch()
            flat.append(json_to_value(member, info.element, typmod, catalog, ctx, where))
            return
        if _kind(member) != "array":
            raise _expected_array(where)
        items = _items(member)
        if len(items) != dims[depth]:
            raise _mismatch()
        for item in items:
            walk(item, depth + 1)

    walk(value, 0)
    return PgArray(flat, tuple(dims))


def _mismatch() -> Exception:
    return data_error(
        "22P02",
        "malformed JSON array",
        "Multidimensional arrays must have sub-arrays with matching dimensions.",
    )


def populate(base: Row | None, value: Any, columns: Columns, catalog: Any, ctx: Any) -> Row:
    """A row of the columns: members of the object, else the base row's values, else NULL."""
    members = _members(value)
    out = []
    for index, (name, oid, typmod) in enumerate(columns):
        old = None if base is None else base[index]
        if name in members:
            out.append(json_to_value(members[name], oid, typmod, catalog, ctx, name, old))
        elif base is None:
            # A missing member is NULL, which a domain may still refuse.
            out.append(json_to_value(None, oid, typmod, catalog, ctx, name))
        else:
            out.append(old)
    return Row.of(out, tuple(oid for _, oid, _ in columns), tuple(name for name, _, _ in columns))


def _columns(oid: int, base: Row | None, catalog: Any, given: Columns | None, name: str) -> Columns:
    """The result's columns: the named type's, the base row's, or the query's definition list."""
    info = base_info(oid, catalog)
    if info.attributes:
        return list(info.attributes)
    if base is not None and base.types:
        names = base.names or tuple(f"f{index}" for index in range(1, len(base) + 1))
        found = [(each, kind, -1) for each, kind in zip(names, base.types, strict=True)]
        if given is None:
            return found
        _check_columns(found, given, catalog)
    if given is not None:
        return given
    raise data_error(
        "0A000",
        f"could not determine row type for result of {name}",
        hint="Provide a non-null record argument, or call the function in the FROM clause using a column definition list.",
    )


def _check_columns(found: Columns, given: Columns, catalog: Any) -> None:
    message = "function return row and query-specified return row do not match"
    if len(found) != len(given):
        plural = "attribute" if len(found) == 1 else "attributes"
        raise data_error(
            "42804", message, f"Returned row contains {len(found)} {plural}, but query expects {len(given)}."
        )
    for place, ((_, actual, _), (_, wanted, _)) in enumerate(zip(found, given, strict=True), 1):
        if actual != wanted:
            first, second = catalog.type_info(actual).display, catalog.type_info(wanted).display
            raise data_error(
                "42804", message, f"Returned type {first} at ordinal position {place}, but query expects {second}."
            )


def _decode(value: Any, is_json: bool) -> Any:
    return _Member(parse(value), value) if is_json else value


def _object_or_error(value: Any) -> Any:
    kind = _kind(value)
    if kind != "object":
        raise invalid_parameter(f"cannot call populate_composite on {'an array' if kind == 'array' else 'a scalar'}")
    return value


def _objects(value: Any, name: str) -> list[Any]:
    kind = _kind(value)
    if kind != "array":
        raise invalid_parameter(f"cannot call {name} on {'an object' if kind == 'object' else 'a scalar'}")
    items = _items(value)
    for item in items:
        if _kind(item) != "object":
            raise invalid_parameter(f"argument of {name} must be an array of objects")
    return items


def _register_records(prefix: str, is_json: bool) -> None:
    one, many = f"{prefix}_populate_record", f"{prefix}_populate_recordset"
    to_one, to_many = f"{prefix}_to_record", f"{prefix}_to_recordset"

    @builtin(one, bind=True, ctx=True, columns=True)
    def bind_one(types: tuple[int, ...], catalog: Any, given: Columns | None) -> Any:
        def run(ctx: Any, base: Row | None, value: Any, *_: Any) -> Row | None:
            if value is None:
                return base
            columns = _columns(types[0], base, catalog, given, one)
            return populate(base, _object_or_error(_decode(value, is_json)), columns, catalog, ctx)

        return run

    @builtin(many, bind=True, ctx=True, srf=True, columns=True)
    def bind_many(types: tuple[int, ...], catalog: Any, given: Columns | None) -> Any:
        def run(ctx: Any, base: Row | None, value: Any, *_: Any) -> list[Row]:
            if value is None:
                return []
            columns = _columns(types[0], base, catalog, given, many)
            return [populate(base, each, columns, catalog, ctx) for each in _objects(_decode(value, is_json), many)]

        return run

    @builtin(to_one, bind=True, ctx=True, columns=True)
    def bind_to_one(types: tuple[int, ...], catalog: Any, given: Columns | None) -> Any:
        def run(ctx: Any, value: Any) -> Row:
            columns = _columns(types[-1], None, catalog, given, to_one)
            return populate(None, _object_or_error(_decode(value, is_json)), columns, catalog, ctx)

        return run

    @builtin(to_many, bind=True, ctx=True, srf=True, columns=True)
    def bind_to_many(types: tuple[int, ...], catalog: Any, given: Columns | None) -> Any:
        def run(ctx: Any, value: Any) -> list[Row]:
            columns = _columns(types[-1], None, catalog, given, to_many)
            return [populate(None, each, columns, catalog, ctx) for each in _objects(_decode(value, is_json), to_many)]

        return run


_register_records("json", True)
_register_records("jsonb", False)


@builtin("jsonb_populate_record_valid", bind=True, ctx=True)
def jsonb_populate_record_valid(types: tuple[int, ...], catalog: Any) -> Any:
    from emulators.postgres.errors import PgError

    def run(ctx: Any, base: Row | None, value: Any) -> bool:
        try:
            if value is not None:
                columns = _columns(types[0], base, catalog, None, "jsonb_populate_record_valid")
                populate(base, _object_or_error(value), columns, catalog, ctx)
        except PgError:
            return False
        return True

    return run


# SQL/JSON predicates and constructors, for the engine
def is_json(text: str, kind: str = "value", unique_keys: bool = False) -> bool:
    """IS JSON [VALUE | OBJECT | ARRAY | SCALAR] [WITH UNIQUE KEYS] of a text."""
    from emulators.postgres.errors import PgError

    try:
        node = JsonParser(text, True, unique_keys).parse()
    except PgError:
        return False
    return _is_kind("scalar" if node.kind not in ("object", "array") else node.kind, kind)


def is_jsonb(value: Any, kind: str = "value") -> bool:
    """The same of a jsonb value."""
    found = type_name(value)
    return _is_kind("scalar" if found not in ("object", "array") else found, kind)


def _is_kind(found: str, kind: str) -> bool:
    return kind == "value" or found == kind


def json_scalar(oid: int, catalog: Any, value: Any, ctx: Any) -> str | None:
    """JSON_SCALAR(value)"""
    return None if value is None else to_json(oid, catalog)(value, ctx)
