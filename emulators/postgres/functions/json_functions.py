"""json functions over text, constructors of json and jsonb, and records from either.

json members are slices of the original text, so spacing and duplicate keys survive; of duplicate keys the last one
answers. json(b)_to_record(set), and json(b)_populate_record(set) of an anonymous record, get the columns of the
call's definition list as an extra last argument: a list of (name, type oid, typmod).
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
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, invalid_parameter, null_not_allowed
from emulators.postgres.types.json_io import (
    JsonNode,
    JsonParser,
    jsonb_text,
    make_object,
    parse_jsonb,
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
def json_each(text: str) -> list[tuple[str, str]]:
    return [(key, node_json(item, text)) for key, item in _object_items(text)]


@builtin("json_each_text", srf=True)
def json_each_text(text: str) -> list[tuple[str, str | None]]:
    return [(key, node_text(item, text)) for key, item in _object_items(text)]


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


# Records
Columns = list[tuple[str, int, int]]


def json_to_value(value: Any, oid: int, typmod: int, catalog: Any, ctx: Any, where: str = "") -> Any:
    """A jsonb value as a value of an SQL type, the way jsonb_populate_record does it."""
    info = base_info(oid, catalog)
    if info.input == "jsonb_in":
        return value
    if info.input == "json_in":
        return jsonb_text(value)
    if value is JSON_NULL or value is None:
        return None
    if info.element:
        if isinstance(value, str):
            return type_io(oid, catalog).text_in(value, typmod, ctx)
        if not isinstance(value, list):
            raise _expected_array(where)
        return _array_value(value, info, typmod, catalog, ctx, where)
    if info.input == "record_in":
        if isinstance(value, str):
            return type_io(oid, catalog).text_in(value, typmod, ctx)
        if not isinstance(value, dict):
            raise invalid_parameter(
                f"cannot call populate_composite on {'an array' if isinstance(value, list) else 'a scalar'}"
            )
        return populate(None, value, list(info.attributes), catalog, ctx)
    text = value if isinstance(value, str) else jsonb_text(value)
    return type_io(oid, catalog).text_in(text, typmod, ctx)


def _expected_array(where: str) -> Exception:
    hint = f'See the value of key "{where}".' if where else None
    return data_error("22P02", "expected JSON array", hint=hint)


def _array_value(value: list[Any], info: Any, typmod: int, catalog: Any, ctx: Any, where: str) -> PgArray:
    dims: list[int] = []
    level: Any = value
    while isinstance(level, list):
        dims.append(len(level))
        if not level:
            break
        level = level[0]
    element_info = base_info(info.element, catalog)
    if element_info.input in ("json_in", "jsonb_in"):
        # Inner arrays are values of their own, not dimensions.
        dims = dims[:1]
    if 0 in dims:
        return PgArray([])
    flat: list[Any] = []

    def walk(items: Any, depth: int) -> None:
        if depth == len(dims):
            if isinstance(items, list) and element_info.input not in ("json_in", "jsonb_in"):
                raise _mismatch(where)
            flat.append(json_to_value(items, info.element, typmod, catalog, ctx, where))
            return
        if not isinstance(items, list):
            raise _expected_array(where)
        if len(items) != dims[depth]:
            raise _mismatch(where)
        for item in items:
            walk(item, depth + 1)

    walk(value, 0)
    return PgArray(flat, tuple(dims))


def _mismatch(where: str) -> Exception:
    return data_error(
        "22P02",
        "malformed JSON array",
        "Multidimensional arrays must have sub-arrays with matching dimensions.",
    )


def populate(base: Row | None, value: Any, columns: Columns, catalog: Any, ctx: Any) -> Row:
    """A row of the columns: members of the object, else the base row's values, else NULL."""
    out = []
    for index, (name, oid, typmod) in enumerate(columns):
        if name in value:
            out.append(json_to_value(value[name], oid, typmod, catalog, ctx, name))
        else:
            out.append(None if base is None else base[index])
    return Row.of(out, tuple(oid for _, oid, _ in columns), tuple(name for name, _, _ in columns))


def _columns(oid: int, base: Row | None, catalog: Any, given: Columns | None) -> Columns:
    if given is not None:
        return given
    info = base_info(oid, catalog)
    if info.attributes:
        return list(info.attributes)
    if base is not None and base.types:
        names = base.names or tuple(f"f{index}" for index in range(1, len(base) + 1))
        return [(name, each, -1) for name, each in zip(names, base.types, strict=True)]
    raise data_error(
        "42804",
        "could not determine row type for result of json_populate_record",
        hint="Provide a non-null record argument, or call the function in the FROM clause using a column definition list.",
    )


def _decode(value: Any, is_json: bool) -> Any:
    return parse_jsonb(value) if is_json else value


def _object_or_error(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        what = "an array" if isinstance(value, list) else "a scalar"
        raise invalid_parameter(f"cannot call {name} on {what}")
    return value


def _populate_record(is_json: bool, name: str) -> Any:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(ctx: Any, base: Row | None, value: Any, *rest: Any) -> Row | None:
            given = rest[-1] if rest and isinstance(rest[-1], list) else None
            if value is None:
                return base
            columns = _columns(types[0], base, catalog, given)
            return populate(base, _object_or_error(_decode(value, is_json), name), columns, catalog, ctx)

        return run

    return bind


def _populate_recordset(is_json: bool, name: str) -> Any:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(ctx: Any, base: Row | None, value: Any, *rest: Any) -> list[Row]:
            given = rest[-1] if rest and isinstance(rest[-1], list) else None
            if value is None:
                return []
            columns = _columns(types[0], base, catalog, given)
            return [populate(base, each, columns, catalog, ctx) for each in _objects(_decode(value, is_json), name)]

        return run

    return bind


def _objects(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid_parameter(f"cannot call {name} on {'an object' if isinstance(value, dict) else 'a scalar'}")
    for each in value:
        if not isinstance(each, dict):
            raise invalid_parameter(f"argument of {name} must be an array of objects")
    return value


builtin("json_populate_record", bind=True, ctx=True)(_populate_record(True, "populate_composite"))
builtin("jsonb_populate_record", bind=True, ctx=True)(_populate_record(False, "populate_composite"))
builtin("json_populate_recordset", bind=True, ctx=True, srf=True)(_populate_recordset(True, "json_populate_recordset"))
builtin("jsonb_populate_recordset", bind=True, ctx=True, srf=True)(
    _populate_recordset(False, "jsonb_populate_recordset")
)


@builtin("jsonb_populate_record_valid", bind=True, ctx=True)
def jsonb_populate_record_valid(types: tuple[int, ...], catalog: Any) -> Any:
    from emulators.postgres.errors import PgError

    populate_one = _populate_record(False, "populate_composite")(types, catalog)

    def run(ctx: Any, base: Row | None, value: Any) -> bool:
        try:
            populate_one(ctx, base, value)
        except PgError:
            return False
        return True

    return run


def _to_record(is_json: bool, name: str) -> Any:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(ctx: Any, value: Any, columns: Columns) -> Row:
            return populate(
                None, _object_or_error(_decode(value, is_json), "populate_composite"), columns, catalog, ctx
            )

        return run

    return bind


def _to_recordset(is_json: bool, name: str) -> Any:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        def run(ctx: Any, value: Any, columns: Columns) -> list[Row]:
            return [populate(None, each, columns, catalog, ctx) for each in _objects(_decode(value, is_json), name)]

        return run

    return bind


builtin("json_to_record", bind=True, ctx=True)(_to_record(True, "json_to_record"))
builtin("jsonb_to_record", bind=True, ctx=True)(_to_record(False, "jsonb_to_record"))
builtin("json_to_recordset", bind=True, ctx=True, srf=True)(_to_recordset(True, "json_to_recordset"))
builtin("jsonb_to_recordset", bind=True, ctx=True, srf=True)(_to_recordset(False, "jsonb_to_recordset"))


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
