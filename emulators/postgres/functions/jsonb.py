"""jsonb operators and functions.

Values are plain Python (see types/json_io.py). Nothing is changed in place: results share unchanged parts with their
input. Paths are text arrays; integers in them count from the end when negative.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.numeric import numeric_to_float4, numeric_to_int2, numeric_to_int4, numeric_to_int8
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, invalid_parameter, null_not_allowed
from emulators.postgres.types.json_io import jsonb_hash_key, jsonb_sort_key, jsonb_text, make_object, quote
from emulators.postgres.types.values import JSON_NULL, PgArray, Row

_INTEGER = re.compile(r"[ \t\n\r\v\f]*[+-]?[0-9]+\Z")


def is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def type_name(value: Any) -> str:
    """jsonb_typeof"""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if value is JSON_NULL:
        return "null"
    if isinstance(value, str):
        return "string"
    return "boolean" if isinstance(value, bool) else "number"


builtin("jsonb_typeof")(type_name)


def _compare(name: str, operation: Callable[[Any, Any], Any]) -> None:
    builtin(name)(lambda a, b: operation(jsonb_sort_key(a), jsonb_sort_key(b)))


for _suffix in ("lt", "le", "gt", "ge"):
    _compare(f"jsonb_{_suffix}", getattr(operator, _suffix))
_compare("jsonb_cmp", lambda a, b: (a > b) - (a < b))


@builtin("jsonb_eq")
def equal(a: Any, b: Any) -> bool:
    return bool(jsonb_hash_key(a) == jsonb_hash_key(b))


@builtin("jsonb_ne")
def not_equal(a: Any, b: Any) -> bool:
    return not equal(a, b)


# Getting
def scalar_text(value: Any) -> str | None:
    """What ->> gives of a member: text of anything, NULL for null."""
    if isinstance(value, str):
        return value
    return None if value is JSON_NULL else jsonb_text(value)


@builtin("jsonb_object_field")
def object_field(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


@builtin("jsonb_object_field_text")
def object_field_text(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return None if found is None else scalar_text(found)


def _element(value: Any, index: int) -> Any:
    if isinstance(value, list) and -len(value) <= index < len(value):
        return value[index]
    return None


@builtin("jsonb_array_element")
def array_element(value: Any, index: int) -> Any:
    if is_scalar(value):
        # Upstream keeps a bare scalar as an array of one, and lets it show here.
        return value if index in (0, -1) else None
    return _element(value, index)


@builtin("jsonb_array_element_text")
def array_element_text(value: Any, index: int) -> str | None:
    found = array_element(value, index)
    return None if found is None else scalar_text(found)


def path_index(text: str) -> int | None:
    """A path element as an array index, None when it is no 32-bit integer."""
    if not _INTEGER.match(text):
        return None
    index = int(text)
    return index if -(2**31) <= index < 2**31 else None


def extract(value: Any, path: PgArray) -> Any:
    """#>: the member at a path, None when there is none."""
    for step in path.elements:
        if step is None:
            return None
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list):
            index = path_index(step)
            value = None if index is None else _element(value, index)
        else:
            return None
        if value is None:
            return None
    return value


builtin("jsonb_extract_path")(extract)


@builtin("jsonb_extract_path_text")
def extract_text(value: Any, path: PgArray) -> str | None:
    found = extract(value, path)
    return None if found is None else scalar_text(found)


@builtin("jsonb_array_length")
def array_length(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    what = "a non-array" if isinstance(value, dict) else "a scalar"
    raise invalid_parameter(f"cannot get array length of {what}")


def _elements(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return value
    what = "an object" if isinstance(value, dict) else "a scalar"
    raise invalid_parameter(f"cannot extract elements from {what}")


@builtin("jsonb_array_elements", srf=True)
def array_elements(value: Any) -> list[Any]:
    return _elements(value, "jsonb_array_elements")


@builtin("jsonb_array_elements_text", srf=True)
def array_elements_text(value: Any) -> list[str | None]:
    return [scalar_text(item) for item in _elements(value, "jsonb_array_elements_text")]


@builtin("jsonb_object_keys", srf=True)
def object_keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return list(value)
    what = "an array" if isinstance(value, list) else "a scalar"
    raise invalid_parameter(f"cannot call jsonb_object_keys on {what}")


def _pairs(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise invalid_parameter(f"cannot call {name} on a non-object")


@builtin("jsonb_each", srf=True)
def each(value: Any) -> list[Row]:
    return [Row.of(pair, (25, 3802), ("key", "value")) for pair in _pairs(value, "jsonb_each").items()]


@builtin("jsonb_each_text", srf=True)
def each_text(value: Any) -> list[Row]:
    pairs = _pairs(value, "jsonb_each_text").items()
    return [Row.of((key, scalar_text(item)), (25, 25), ("key", "value")) for key, item in pairs]


# Testing
def contains(a: Any, b: Any, top: bool = True) -> bool:
    """@>: every member of b is in a. An array may contain a bare scalar at the top."""
    if isinstance(b, dict):
        return isinstance(a, dict) and all(key in a and contains(a[key], item, False) for key, item in b.items())
    if isinstance(b, list):
        if not isinstance(a, list):
            return False
        return all(any(contains(member, item, False) for member in a) for item in b)
    if top and isinstance(a, list):
        return any(is_scalar(member) and equal(member, b) for member in a)
    return is_scalar(a) and equal(a, b)


@builtin("jsonb_contains")
def jsonb_contains(a: Any, b: Any) -> bool:
    return contains(a, b)


@builtin("jsonb_contained")
def jsonb_contained(a: Any, b: Any) -> bool:
    return contains(b, a)


@builtin("jsonb_exists")
def exists(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value
    if isinstance(value, list):
        return any(isinstance(item, str) and item == key for item in value)
    return isinstance(value, str) and value == key


@builtin("jsonb_exists_any")
def exists_any(value: Any, keys: PgArray) -> bool:
    return any(key is not None and exists(value, key) for key in keys.elements)


@builtin("jsonb_exists_all")
def exists_all(value: Any, keys: PgArray) -> bool:
    return all(key is None or exists(value, key) for key in keys.elements)


# Changing
@builtin("jsonb_concat")
def concat(a: Any, b: Any) -> Any:
    if isinstance(a, dict) and isinstance(b, dict):
        return make_object([*a.items(), *b.items()])
    left = a if isinstance(a, list) else [a]
    right = b if isinstance(b, list) else [b]
    return [*left, *right]


@builtin("jsonb_delete")
def delete_key(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name != key}
    if isinstance(value, list):
        return [item for item in value if not (isinstance(item, str) and item == key)]
    raise invalid_parameter("cannot delete from scalar")


@builtin("jsonb_delete_array")
def delete_keys(value: Any, keys: PgArray) -> Any:
    if len(keys.dims) > 1:
        raise data_error("2202E", "wrong number of array subscripts")
    if is_scalar(value):
        raise invalid_parameter("cannot delete from scalar")
    for key in keys.elements:
        if key is not None:
            value = delete_key(value, key)
    return value


@builtin("jsonb_delete_idx")
def delete_index(value: Any, index: int) -> Any:
    if isinstance(value, dict):
        raise invalid_parameter("cannot delete from object using integer index")
    if is_scalar(value):
        raise invalid_parameter("cannot delete from scalar")
    if not -len(value) <= index < len(value):
        return value
    place = index % len(value)
    return value[:place] + value[place + 1 :]


def _index_at(step: str, position: int) -> int:
    index = path_index(step)
    if index is None:
        raise data_error("22P02", f'path element at position {position} is not an integer: "{step}"')
    return index


def _check_path(path: PgArray) -> None:
    if len(path.dims) > 1:
        raise data_error("2202E", "wrong number of array subscripts")


def _step(path: list[Any], level: int) -> str:
    step = path[level]
    if step is None:
        raise null_not_allowed(f"path element at position {level + 1} is null")
    return step  # type: ignore[no-any-return]


@builtin("jsonb_delete_path")
def delete_path(value: Any, path: PgArray) -> Any:
    _check_path(path)
    if is_scalar(value):
        raise invalid_parameter("cannot delete path in scalar")
    if not path.elements or (isinstance(value, (dict, list)) and not value):
        return value
    return _delete(value, path.elements, 0)


def _delete(value: Any, path: list[Any], level: int) -> Any:
    step = _step(path, level)
    if is_scalar(value) or not value:
        return value
    last = level == len(path) - 1
    if isinstance(value, dict):
        if step not in value:
            return value
        if last:
            return {key: item for key, item in value.items() if key != step}
        return {key: _delete(item, path, level + 1) if key == step else item for key, item in value.items()}
    index = _index_at(step, level + 1)
    if not -len(value) <= index < len(value):
        return value
    place = index % len(value)
    if last:
        return value[:place] + value[place + 1 :]
    return [_delete(item, path, level + 1) if here == place else item for here, item in enumerate(value)]


@builtin("jsonb_set")
def set_path(value: Any, path: PgArray, new: Any, create: bool) -> Any:
    _check_path(path)
    if is_scalar(value):
        raise invalid_parameter("cannot set path in scalar")
    if not path.elements or (not value and not create):
        return value
    return _set(value, path.elements, 0, new, create)


def _set(value: Any, path: list[Any], level: int, new: Any, create: bool) -> Any:
    step = _step(path, level)
    if is_scalar(value):
        return value
    last = level == len(path) - 1
    if isinstance(value, dict):
        if step in value:
            return {
                key: (new if last else _set(item, path, level + 1, new, create)) if key == step else item
                for key, item in value.items()
            }
        return make_object([*value.items(), (step, new)]) if last and create else value
    index = _index_at(step, level + 1)
    size = len(value)
    if -size <= index < size:
        place = index % size
        return [
            (new if last else _set(item, path, level + 1, new, create)) if here == place else item
            for here, item in enumerate(value)
        ]
    if not last or not create:
        return value
    return [new, *value] if index < 0 else [*value, new]


@builtin("jsonb_set_lax")
def set_lax(value: Any, path: PgArray | None, new: Any, create: bool | None, treatment: str | None) -> Any:
    if value is None or path is None or create is None:
        return None
    if treatment is None:
        raise null_not_allowed_treatment()
    if new is not None:
        return set_path(value, path, new, create)
    if treatment == "raise_exception":
        raise data_error(
            "22004",
            "JSON value must not be null",
            'Exception was raised because null_value_treatment is "raise_exception".',
            "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
        )
    if treatment == "use_json_null":
        return set_path(value, path, JSON_NULL, create)
    if treatment == "delete_key":
        return delete_path(value, path)
    if treatment == "return_target":
        return value
    raise null_not_allowed_treatment()


def null_not_allowed_treatment() -> Exception:
    return invalid_parameter(
        'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
    )


@builtin("jsonb_insert")
def insert(value: Any, path: PgArray, new: Any, after: bool) -> Any:
    _check_path(path)
    if is_scalar(value):
        raise invalid_parameter("cannot set path in scalar")
    return _insert(value, path.elements, 0, new, after) if path.elements else value


def _insert(value: Any, path: list[Any], level: int, new: Any, after: bool) -> Any:
    step = _step(path, level)
    if is_scalar(value):
        return value
    last = level == len(path) - 1
    if isinstance(value, dict):
        if step in value:
            if last:
                raise invalid_parameter(
                    "cannot replace existing key", hint="Try using the function jsonb_set to replace key value."
                )
            return {
                key: _insert(item, path, level + 1, new, after) if key == step else item for key, item in value.items()
            }
        return make_object([*value.items(), (step, new)]) if last else value
    index = _index_at(step, level + 1)
    size = len(value)
    if last:
        if index < 0:
            index = max(index + size, 0) if index >= -size else -1
            if index == -1:
                return [new, *value]
        if index >= size:
            return [*value, new]
        place = index + 1 if after else index
        return [*value[:place], new, *value[place:]]
    if not -size <= index < size:
        return value
    place = index % size
    return [_insert(item, path, level + 1, new, after) if here == place else item for here, item in enumerate(value)]


@builtin("jsonb_strip_nulls")
def strip_nulls(value: Any, in_arrays: bool = False) -> Any:
    if isinstance(value, dict):
        return {key: strip_nulls(item, in_arrays) for key, item in value.items() if item is not JSON_NULL}
    if isinstance(value, list):
        return [strip_nulls(item, in_arrays) for item in value if not (in_arrays and item is JSON_NULL)]
    return value


@builtin("jsonb_pretty")
def pretty(value: Any, level: int = 0) -> str:
    if not isinstance(value, (dict, list)):
        return jsonb_text(value)
    inner, outer = " " * (4 * (level + 1)), " " * (4 * level)
    if isinstance(value, dict):
        lines = [f"{inner}{quote(key)}: {pretty(item, level + 1)}" for key, item in value.items()]
        opening, closing = "{", "}"
    else:
        lines = [inner + pretty(item, level + 1) for item in value]
        opening, closing = "[", "]"
    return "\n".join([opening, ",\n".join(lines), outer + closing]) if lines else f"{opening}\n{outer}{closing}"


# Casts
def _cast_error(value: Any, target: str) -> Exception:
    kind = type_name(value)
    described = {"null": "null", "string": "string", "number": "numeric", "boolean": "boolean"}.get(kind)
    what = described or ("array" if kind == "array" else "object")
    if described is None:
        return invalid_parameter(f"cannot cast jsonb {what} to type {target}")
    return invalid_parameter(f"cannot cast jsonb {what} to type {target}")


def _from_number(target: str, convert: Callable[[Decimal], Any]) -> Callable[[Any], Any]:
    def cast(value: Any) -> Any:
        if value is JSON_NULL:
            return None
        if not isinstance(value, Decimal):
            raise _cast_error(value, target)
        return convert(value)

    return cast


def _to_float8(value: Decimal) -> float:
    from emulators.postgres.functions.numeric import numeric_to_float8

    return numeric_to_float8(value)


builtin("jsonb_numeric")(_from_number("numeric", lambda value: value))
builtin("jsonb_int2")(_from_number("smallint", numeric_to_int2))
builtin("jsonb_int4")(_from_number("integer", numeric_to_int4))
builtin("jsonb_int8")(_from_number("bigint", numeric_to_int8))
builtin("jsonb_float4")(_from_number("real", numeric_to_float4))
builtin("jsonb_float8")(_from_number("double precision", _to_float8))


@builtin("jsonb_bool")
def to_bool(value: Any) -> bool | None:
    if value is JSON_NULL:
        return None
    if not isinstance(value, bool):
        raise _cast_error(value, "boolean")
    return value


# Subscripts, for the engine
def subscript(value: Any, path: list[Any]) -> Any:
    """jsonb[…]: path elements are texts (integers as text)."""
    return None if None in path else extract(value, PgArray(path))


def assign_subscript(value: Any, path: list[Any], new: Any) -> Any:
    """UPDATE … SET j['a'][0] = new: missing objects and arrays are made, gaps filled with null."""
    for step in path:
        if step is None:
            raise null_not_allowed("jsonb subscript in assignment must not be null")
    return _assign(value, path, 0, JSON_NULL if new is None else new)


def _assign(value: Any, path: list[str], level: int, new: Any) -> Any:
    if level == len(path):
        return new
    step = path[level]
    if value is None or (value is JSON_NULL and level == 0):
        value = [] if path_index(step) is not None else {}
    if isinstance(value, dict):
        changed = dict(value)
        changed[step] = _assign(value.get(step), path, level + 1, new)
        return make_object(changed)
    if isinstance(value, list):
        index = _index_at(step, level + 1)
        if index < -len(value):
            raise data_error("2202E", f"path element at position {level + 1} is out of range: {index}")
        if index < 0:
            index += len(value)
        filled = [*value, *([JSON_NULL] * (index + 1 - len(value)))]
        filled[index] = _assign(value[index] if index < len(value) else None, path, level + 1, new)
        return filled
    raise invalid_parameter(
        "cannot replace existing key",
        "The path assumes key is a composite object, but it is a scalar value.",
    )
