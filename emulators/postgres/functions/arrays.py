"""Arrays: comparison, building, cutting, searching, subscripts, ANY/ALL.

Every function that compares elements is bound to the element type's keys. `subscript`, `slice_array`, `assign_element`
and `assign_slice` serve the engine's subscripting; `array_any`/`array_all` its scalar-array operators.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.arrays import MAX_DIMENSIONS, MAX_ELEMENTS, array_sort_key
from emulators.postgres.types.errors import data_error, int4_overflow, invalid_parameter, null_not_allowed
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import PgArray

Key = Callable[[Any], Any] | None


def element_oid(array_oid: int, catalog: Any) -> int:
    """Element type of an array type (or domain over one, or a vector type)."""
    info = catalog.type_info(array_oid)
    while info.typtype == "d":
        info = catalog.type_info(info.basetype)
    if info.element:
        return info.element  # type: ignore[no-any-return]
    return {"int2vectorin": 21, "oidvectorin": 26}[info.input]


def element_key(array_oid: int, catalog: Any, hashing: bool = False) -> Key:
    io = type_io(element_oid(array_oid, catalog), catalog)
    return io.hash_key if hashing else io.sort_key


# Comparison
def _bind_comparison(name: str, operation: Callable[[Any, Any], Any]) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        key = array_sort_key(element_key(types[0], catalog))
        return lambda a, b: operation(key(a), key(b))

    builtin(name, bind=True)(bind)


for _suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
    _bind_comparison(f"array_{_suffix}", getattr(operator, _suffix))
_bind_comparison("btarraycmp", lambda a, b: (a > b) - (a < b))


def _bind_choice(name: str, larger: bool) -> None:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        key = array_sort_key(element_key(types[0], catalog))
        if larger:
            return lambda a, b: a if key(a) > key(b) else b
        return lambda a, b: a if key(a) < key(b) else b

    builtin(name, bind=True)(bind)


_bind_choice("array_larger", True)
_bind_choice("array_smaller", False)


# Shape
@builtin("array_ndims")
def array_ndims(array: PgArray) -> int | None:
    return len(array.dims) or None


@builtin("array_dims")
def array_dims(array: PgArray) -> str | None:
    if not array.dims:
        return None
    return "".join(f"[{bound}:{bound + length - 1}]" for bound, length in zip(array.lbounds, array.dims, strict=True))


@builtin("array_lower")
def array_lower(array: PgArray, dimension: int) -> int | None:
    return array.lbounds[dimension - 1] if 0 < dimension <= len(array.dims) else None


@builtin("array_upper")
def array_upper(array: PgArray, dimension: int) -> int | None:
    if not 0 < dimension <= len(array.dims):
        return None
    return array.lbounds[dimension - 1] + array.dims[dimension - 1] - 1


@builtin("array_length")
def array_length(array: PgArray, dimension: int) -> int | None:
    return array.dims[dimension - 1] if 0 < dimension <= len(array.dims) else None


@builtin("array_cardinality")
def cardinality(array: PgArray) -> int:
    return len(array.elements)


@builtin("generate_subscripts", "generate_subscripts_nodir", srf=True)
def generate_subscripts(array: PgArray, dimension: int, reverse: bool = False) -> Any:
    if not 0 < dimension <= len(array.dims):
        return []
    low = array.lbounds[dimension - 1]
    numbers = range(low, low + array.dims[dimension - 1])
    return reversed(numbers) if reverse else numbers


# Building
@builtin("array_append")
def array_append(array: PgArray | None, element: Any) -> PgArray:
    if array is None or not array.dims:
        return PgArray([element])
    if len(array.dims) != 1:
        raise data_error("22000", "argument must be empty or one-dimensional array")
    if array.lbounds[0] + array.dims[0] > 2147483647:
        int4_overflow()
    return PgArray([*array.elements, element], (array.dims[0] + 1,), array.lbounds)


@builtin("array_prepend")
def array_prepend(element: Any, array: PgArray | None) -> PgArray:
    if array is None or not array.dims:
        return PgArray([element])
    if len(array.dims) != 1:
        raise data_error("22000", "argument must be empty or one-dimensional array")
    # The array keeps its lower bound.
    return PgArray([element, *array.elements], (array.dims[0] + 1,), array.lbounds)


def incompatible(detail: str) -> Exception:
    return data_error("2202E", "cannot concatenate incompatible arrays", detail)


@builtin("array_cat")
def array_cat(a: PgArray | None, b: PgArray | None) -> PgArray | None:
    if a is None or b is None:
        return b if a is None else a
    if not a.dims:
        return b
    if not b.dims:
        return a
    depth_a, depth_b = len(a.dims), len(b.dims)
    if depth_a == depth_b:
        if a.dims[1:] != b.dims[1:] or a.lbounds[1:] != b.lbounds[1:]:
            raise incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
        return PgArray(a.elements + b.elements, (a.dims[0] + b.dims[0], *a.dims[1:]), a.lbounds)
    if depth_a == depth_b - 1:
        if a.dims != b.dims[1:] or a.lbounds != b.lbounds[1:]:
            raise incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        return PgArray(a.elements + b.elements, (b.dims[0] + 1, *b.dims[1:]), b.lbounds)
    if depth_b == depth_a - 1:
        if b.dims != a.dims[1:] or b.lbounds != a.lbounds[1:]:
            raise incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        return PgArray(a.elements + b.elements, (a.dims[0] + 1, *a.dims[1:]), a.lbounds)
    raise incompatible(f"Arrays of {depth_a} and {depth_b} dimensions are not compatible for concatenation.")


@builtin("array_fill", "array_fill_with_lower_bounds")
def array_fill(value: Any, dims: PgArray | None, bounds: PgArray | str | None = "") -> PgArray:
    if dims is None or bounds is None:
        raise null_not_allowed("dimension array or low bound array cannot be null")
    given = bounds if isinstance(bounds, PgArray) else None
    if len(dims.dims) > 1:
        raise data_error("2202E", "wrong number of array subscripts", "Dimension array must be one dimensional.")
    if any(item is None for item in dims.elements):
        raise null_not_allowed("dimension values cannot be null")
    if len(dims.elements) > MAX_DIMENSIONS:
        raise data_error(
            "54000",
            f"number of array dimensions ({len(dims.elements)}) exceeds the maximum allowed ({MAX_DIMENSIONS})",
        )
    lower = tuple([1] * len(dims.elements))
    if given is not None:
        if len(given.dims) > 1:
            raise data_error("2202E", "wrong number of array subscripts", "Dimension array must be one dimensional.")
        if any(item is None for item in given.elements):
            raise null_not_allowed("dimension values cannot be null")
        if len(given.elements) != len(dims.elements):
            raise data_error(
                "2202E",
                "wrong number of array subscripts",
                "Low bound array has different size than dimensions array.",
            )
        lower = tuple(given.elements)
    count = 1
    for length in dims.elements:
        if length < 0:
            raise array_too_large()
        count *= length
        if count > MAX_ELEMENTS:
            raise array_too_large()
    if not dims.elements or count == 0:
        return PgArray([])
    return PgArray([value] * count, tuple(dims.elements), lower)


def array_too_large() -> Exception:
    return data_error("54000", f"array size exceeds the maximum allowed ({MAX_ELEMENTS})")


# Searching and replacing
def _equal(key: Key) -> Callable[[Any, Any], bool]:
    """IS NOT DISTINCT FROM of elements."""

    def same(a: Any, b: Any) -> bool:
        if a is None or b is None:
            return a is b
        return bool(a == b) if key is None else bool(key(a) == key(b))

    return same


@builtin("array_remove", bind=True)
def array_remove(types: tuple[int, ...], catalog: Any) -> Any:
    same = _equal(element_key(types[0], catalog, True))

    def run(array: PgArray | None, value: Any) -> PgArray | None:
        if array is None:
            return None
        if len(array.dims) > 1:
            raise data_error("0A000", "removing elements from multidimensional arrays is not supported")
        kept = [item for item in array.elements if not same(item, value)]
        if len(kept) == len(array.elements):
            return array
        return PgArray(kept, (len(kept),), array.lbounds) if kept else PgArray([])

    return run


@builtin("array_replace", bind=True)
def array_replace(types: tuple[int, ...], catalog: Any) -> Any:
    same = _equal(element_key(types[0], catalog, True))

    def run(array: PgArray | None, old: Any, new: Any) -> PgArray | None:
        if array is None:
            return None
        return PgArray([new if same(item, old) else item for item in array.elements], array.dims, array.lbounds)

    return run


def _one_dimension(array: PgArray) -> None:
    if len(array.dims) > 1:
        raise data_error("0A000", "searching for elements in multidimensional arrays is not supported")


@builtin("array_position", "array_position_start", bind=True)
def array_position(types: tuple[int, ...], catalog: Any) -> Any:
    same = _equal(element_key(types[0], catalog, True))
    has_start = len(types) > 3

    def run(array: PgArray | None, value: Any, start: int | None = None) -> int | None:
        if array is None:
            return None
        _one_dimension(array)
        if has_start and start is None:
            raise null_not_allowed("initial position must not be null")
        if not array.dims:
            return None
        low = array.lbounds[0]
        begin = 0 if start is None else max(start - low, 0)
        for index in range(begin, len(array.elements)):
            if same(array.elements[index], value):
                return index + low
        return None

    return run


@builtin("array_positions", bind=True)
def array_positions(types: tuple[int, ...], catalog: Any) -> Any:
    same = _equal(element_key(types[0], catalog, True))

    def run(array: PgArray | None, value: Any) -> PgArray | None:
        if array is None:
            return None
        _one_dimension(array)
        low = array.lbounds[0] if array.dims else 1
        return PgArray([index + low for index, item in enumerate(array.elements) if same(item, value)])

    return run


def _keys(array: PgArray, key: Key) -> set[Any]:
    """Keys of the non-null elements."""
    if key is None:
        return {item for item in array.elements if item is not None}
    return {key(item) for item in array.elements if item is not None}


@builtin("arrayoverlap", bind=True)
def array_overlap(types: tuple[int, ...], catalog: Any) -> Any:
    key = element_key(types[0], catalog, True)
    return lambda a, b: not _keys(a, key).isdisjoint(_keys(b, key))


def _contains(a: PgArray, b: PgArray, key: Key) -> bool:
    """Every element of b is in a; a NULL in b is in nothing."""
    return None not in b.elements and _keys(b, key) <= _keys(a, key)


@builtin("arraycontains", bind=True)
def array_contains(types: tuple[int, ...], catalog: Any) -> Any:
    key = element_key(types[0], catalog, True)
    return lambda a, b: _contains(a, b, key)


@builtin("arraycontained", bind=True)
def array_contained(types: tuple[int, ...], catalog: Any) -> Any:
    key = element_key(types[0], catalog, True)
    return lambda a, b: _contains(b, a, key)


# Text
@builtin("array_to_text", "array_to_text_null", bind=True, ctx=True)
def array_to_string(types: tuple[int, ...], catalog: Any) -> Any:
    show = type_io(element_oid(types[0], catalog), catalog).text_out

    def run(ctx: Any, array: PgArray | None, separator: str | None, null_text: str | None = None) -> str | None:
        if array is None or separator is None:
            return None
        return separator.join(
            (null_text or "") if item is None else show(item, ctx)
            for item in array.elements
            if item is not None or null_text is not None
        )

    return run


@builtin("array_unnest", srf=True)
def unnest(array: PgArray) -> Iterator[Any]:
    return iter(array.elements)


# Reordering
def _rows(array: PgArray) -> list[list[Any]]:
    """The members of the first dimension, each as a flat list."""
    size = len(array.elements) // array.dims[0]
    return [array.elements[start : start + size] for start in range(0, len(array.elements), size)]


@builtin("array_reverse")
def array_reverse(array: PgArray) -> PgArray:
    if not array.dims or array.dims[0] < 2:
        return array
    return PgArray([item for row in reversed(_rows(array)) for item in row], array.dims, array.lbounds)


@builtin("array_sort", "array_sort_order", "array_sort_order_nulls_first", bind=True)
def array_sort(types: tuple[int, ...], catalog: Any) -> Any:
    key = element_key(types[0], catalog)
    order = array_sort_key(key)

    def run(array: PgArray, descending: bool = False, nulls_first: bool | None = None) -> PgArray:
        if not array.dims or array.dims[0] < 2:
            return array
        first = descending if nulls_first is None else nulls_first
        if len(array.dims) == 1:
            nulls = [item for item in array.elements if item is None]
            values = sorted((item for item in array.elements if item is not None), key=key, reverse=descending)
            return PgArray(nulls + values if first else values + nulls, array.dims, array.lbounds)
        rows = sorted(_rows(array), key=lambda row: order(PgArray(row, array.dims[1:])), reverse=descending)
        return PgArray([item for row in rows for item in row], array.dims, array.lbounds)

    return run


@builtin("trim_array")
def trim_array(array: PgArray, count: int) -> PgArray:
    length = array.dims[0] if array.dims else 0
    if not 0 <= count <= length:
        raise data_error("2202E", f"number of elements to trim must be between 0 and {length}")
    if count == 0:
        return PgArray(array.elements, array.dims)
    kept = length - count
    if not kept:
        return PgArray([])
    size = len(array.elements) // length
    return PgArray(array.elements[: kept * size], (kept, *array.dims[1:]))


def _shuffled(ctx: Any, rows: list[list[Any]], count: int) -> list[list[Any]]:
    rows = list(rows)
    for index in range(count):
        chosen = index + int(ctx.random() * (len(rows) - index))
        rows[index], rows[chosen] = rows[chosen], rows[index]
    return rows[:count]


@builtin("array_shuffle", ctx=True)
def array_shuffle(ctx: Any, array: PgArray) -> PgArray:
    if not array.dims or array.dims[0] < 2:
        return array
    rows = _shuffled(ctx, _rows(array), array.dims[0])
    return PgArray([item for row in rows for item in row], array.dims, array.lbounds)


@builtin("array_sample", ctx=True)
def array_sample(ctx: Any, array: PgArray, count: int) -> PgArray:
    length = array.dims[0] if array.dims else 0
    if not 0 <= count <= length:
        raise invalid_parameter(f"sample size must be between 0 and {length}")
    if not count:
        return PgArray([])
    rows = _shuffled(ctx, _rows(array), count)
    return PgArray([item for row in rows for item in row], (count, *array.dims[1:]))


@builtin("width_bucket_array", bind=True)
def width_bucket(types: tuple[int, ...], catalog: Any) -> Any:
    key = type_io(types[0], catalog).sort_key

    def run(operand: Any, thresholds: PgArray) -> int:
        if len(thresholds.dims) > 1:
            raise data_error("2202E", "thresholds must be one-dimensional array")
        if any(item is None for item in thresholds.elements):
            raise null_not_allowed("thresholds array must not contain NULLs")
        wanted = operand if key is None else key(operand)
        low, high = 0, len(thresholds.elements)
        while low < high:
            middle = (low + high) // 2
            item = thresholds.elements[middle]
            if wanted < (item if key is None else key(item)):
                high = middle
            else:
                low = middle + 1
        return low

    return run


# Subscripts, for the engine
def subscript(array: PgArray, indexes: tuple[int, ...]) -> Any:
    """array[i][j]…: None outside the bounds or with the wrong number of subscripts."""
    if len(indexes) != len(array.dims):
        return None
    place = 0
    for index, length, bound in zip(indexes, array.dims, array.lbounds, strict=True):
        offset = index - bound
        if not 0 <= offset < length:
            return None
        place = place * length + offset
    return array.elements[place]


def slice_array(array: PgArray, bounds: list[tuple[int | None, int | None]]) -> PgArray:
    """array[l:u]…; a missing bound is the array's own, an empty slice the empty array."""
    if len(bounds) > len(array.dims):
        return PgArray([])
    spans: list[tuple[int, int]] = []
    for axis, (length, low) in enumerate(zip(array.dims, array.lbounds, strict=True)):
        first, last = bounds[axis] if axis < len(bounds) else (None, None)
        begin = low if first is None else max(first, low)
        end = low + length - 1 if last is None else min(last, low + length - 1)
        if begin > end:
            return PgArray([])
        spans.append((begin - low, end - low))
    return PgArray(list(_cut(array.elements, array.dims, spans)), tuple(end - begin + 1 for begin, end in spans))


def _cut(elements: list[Any], dims: tuple[int, ...], spans: list[tuple[int, int]]) -> Iterator[Any]:
    if not dims:
        yield from elements
        return
    size = len(elements) // dims[0]
    begin, end = spans[0]
    for index in range(begin, end + 1):
        yield from _cut(elements[index * size : (index + 1) * size], dims[1:], spans[1:])


def subscript_error(message: str = "array subscript out of range") -> Exception:
    return data_error("2202E", message)


def check_grown(low: int, high: int, begin: int, end: int) -> None:
    """Refuse an assignment that would make a one-dimensional array too large."""
    if max(high, end) - min(low, begin) + 1 > MAX_ELEMENTS:
        raise array_too_large()


def assign_element(array: PgArray | None, indexes: tuple[int, ...], value: Any) -> PgArray:
    """UPDATE … SET a[i] = value: a one-dimensional array grows, gaps become NULL."""
    if array is None or not array.dims:
        if len(indexes) > MAX_DIMENSIONS:
            raise subscript_error()
        return PgArray([value], (1,) * len(indexes), tuple(indexes))
    if len(indexes) != len(array.dims):
        raise subscript_error("wrong number of array subscripts")
    elements = list(array.elements)
    if len(array.dims) == 1:
        low, length, index = array.lbounds[0], array.dims[0], indexes[0]
        check_grown(low, low + length - 1, index, index)
        if index < low:
            gap: list[Any] = [None] * (low - index - 1)
            return PgArray([value, *gap, *elements], (length + low - index,), (index,))
        if index >= low + length:
            elements += [None] * (index - low - length)
            elements.append(value)
            return PgArray(elements, (index - low + 1,), array.lbounds)
        elements[index - low] = value
        return PgArray(elements, array.dims, array.lbounds)
    place = 0
    for index, length, low in zip(indexes, array.dims, array.lbounds, strict=True):
        if not 0 <= index - low < length:
            raise subscript_error()
        place = place * length + index - low
    elements[place] = value
    return PgArray(elements, array.dims, array.lbounds)


def assign_slice(array: PgArray | None, bounds: list[tuple[int | None, int | None]], source: PgArray) -> PgArray:
    """UPDATE … SET a[l:u] = source."""
    if array is None or not array.dims:
        if any(first is None or last is None for first, last in bounds):
            raise data_error(
                "2202E",
                "array slice subscript must provide both boundaries",
                "When assigning to a slice of an empty array value, slice boundaries must be fully specified.",
            )
        whole = [(first or 0, last or 0) for first, last in bounds]
        dims = tuple(last - first + 1 for first, last in whole)
        if any(length < 0 for length in dims):
            raise subscript_error("upper bound cannot be less than lower bound")
        needed = 1
        for length in dims:
            needed *= length
        if len(source.elements) < needed:
            raise subscript_error("source array too small")
        if not needed:
            return PgArray([])
        return PgArray(source.elements[:needed], dims, tuple(first for first, _ in whole))
    if len(bounds) > len(array.dims):
        raise subscript_error("wrong number of array subscripts")
    if len(array.dims) == 1:
        first, last = bounds[0]
        low, length = array.lbounds[0], array.dims[0]
        begin = low if first is None else first
        end = low + length - 1 if last is None else last
        if begin > end + 1:
            raise subscript_error("upper bound cannot be less than lower bound")
        if len(source.elements) < end - begin + 1:
            raise subscript_error("source array too small")
        check_grown(low, low + length - 1, begin, end)
        result = array
        for offset in range(end - begin + 1):
            result = assign_element(result, (begin + offset,), source.elements[offset])
        return result
    spans = []
    for axis, (length, low) in enumerate(zip(array.dims, array.lbounds, strict=True)):
        first, last = bounds[axis] if axis < len(bounds) else (None, None)
        begin = low if first is None else first
        end = low + length - 1 if last is None else last
        if begin > end:
            raise subscript_error("upper bound cannot be less than lower bound")
        if begin < low or end > low + length - 1:
            raise subscript_error()
        spans.append((begin - low, end - low))
    places = list(_cut(list(range(len(array.elements))), array.dims, spans))
    if len(source.elements) < len(places):
        raise subscript_error("source array too small")
    elements = list(array.elements)
    for place, item in zip(places, source.elements, strict=False):
        elements[place] = item
    return PgArray(elements, array.dims, array.lbounds)


def array_any(
    function: Callable[[Any, Any], Any], value: Any, array: PgArray | None, strict: bool = True
) -> bool | None:
    """value op ANY (array) with SQL's three-valued logic; `function` is the operator's."""
    if array is None:
        return None
    unknown = False
    for item in array.elements:
        result = None if strict and (value is None or item is None) else function(value, item)
        if result:
            return True
        unknown = unknown or result is None
    return None if unknown else False


def array_all(
    function: Callable[[Any, Any], Any], value: Any, array: PgArray | None, strict: bool = True
) -> bool | None:
    """value op ALL (array) with SQL's three-valued logic."""
    if array is None:
        return None
    unknown = False
    for item in array.elements:
        result = None if strict and (value is None or item is None) else function(value, item)
        if result is not None and not result:
            return False
        unknown = unknown or result is None
    return None if unknown else True


def build_array(items: list[Any], nested: bool) -> PgArray:
    """ARRAY[…]: of elements, or of arrays (`nested`), which must agree in dimensions; NULL and empty sub-arrays drop out."""
    if not nested:
        return PgArray(items)
    arrays = [item for item in items if item is not None and item.dims]
    if not arrays:
        return PgArray([])
    if len(arrays) != len(items) or any(array.dims != arrays[0].dims for array in arrays):
        raise data_error("2202E", "multidimensional arrays must have array expressions with matching dimensions")
    if len(arrays[0].dims) >= MAX_DIMENSIONS:
        raise data_error(
            "54000",
            f"number of array dimensions ({len(arrays[0].dims) + 1}) exceeds the maximum allowed ({MAX_DIMENSIONS})",
        )
    return PgArray([item for array in arrays for item in array.elements], (len(arrays), *arrays[0].dims))
