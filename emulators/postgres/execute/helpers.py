"""Small run-time functions of generated code: arrays and rows by subscript, ANY/ALL, row comparison, sorting.

NULL is None. `NullRow` is the class of the all-NULL rows that outer joins put in for a side without a match.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from emulators.postgres.errors import PgError
from emulators.postgres.types.values import JSON_NULL, PgArray, Row


class NullRow(tuple[Any, ...]):
    """The row of an outer join's side that had no match."""

    __slots__ = ()


class _Omitted:
    """A slice bound that was not written."""

    __slots__ = ()


OMITTED = _Omitted()

_PAGE_ROWS = 226


def null_row(width: int) -> NullRow:
    return NullRow((None,) * width)


def ctid(version: Any) -> tuple[int, int]:
    """A row's (block, offset); the emulator puts a fixed number of rows on a page."""
    number = version.tid - 1
    return number // _PAGE_ROWS, number % _PAGE_ROWS + 1


def xmax_of(version: Any) -> int:
    if version.xmax:
        return int(version.xmax)
    lock = version.lock
    return lock.shown_xid() if lock is not None else 0


# -- rows ----------------------------------------------------------------------------------------------------


def row_is_null(value: Any) -> bool:
    return value is None or all(v is None for v in value)


def row_is_not_null(value: Any) -> bool:
    return value is not None and all(v is not None for v in value)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def row_compare(op: str, pairs: Sequence[tuple[Any, Any, Any]]) -> bool | None:
    """(a, b) < (c, d): decided by the first pair that differs; NULL there makes it unknown."""
    for left, right, key in pairs:
        if left is None or right is None:
            return None
        if key is not None:
            left, right = key(left), key(right)
        if left != right:
            return _COMPARE[op](left, right)
    return op in ("<=", ">=")


def field_store(value: Any, width: int, changes: Sequence[tuple[int, Any]]) -> Row:
    fields = list(value) if value is not None else [None] * width
    for index, new in changes:
        fields[index] = new
    return Row.of(fields, getattr(value, "types", ()), getattr(value, "names", ()))


def greatest(values: Sequence[Any], key: Any) -> Any:
    present = [v for v in values if v is not None]
    return max(present, key=key) if present else None


def least(values: Sequence[Any], key: Any) -> Any:
    present = [v for v in values if v is not None]
    return min(present, key=key) if present else None


# -- ANY and ALL ---------------------------------------------------------------------------------------------


def any_equal(value: Any, array: Any) -> bool | None:
    if array is None:
        return None
    elements = array.elements
    if not elements:
        return False
    if value is None:
        return None
    if value in elements:
        return True
    return None if None in elements else False


def any_op(function: Callable[[Any, Any], Any], value: Any, array: Any) -> bool | None:
    if array is None:
        return None
    unknown = False
    for element in array.elements:
        found = None if value is None or element is None else function(value, element)
        if found:
            return True
        if found is None:
            unknown = True
    return None if unknown else False


def all_op(function: Callable[[Any, Any], Any], value: Any, array: Any) -> bool | None:
    if array is None:
        return None
    unknown = False
    for element in array.elements:
        found = None if value is None or element is None else function(value, element)
        if found is None:
            unknown = True
        elif not found:
            return False
    return None if unknown else True


# -- arrays --------------------------------------------------------------------------------------------------


def map_array(function: Callable[[Any], Any], array: PgArray) -> PgArray:
    return PgArray([function(e) for e in array.elements], array.dims, array.lbounds)


def stack_arrays(arrays: Sequence[PgArray | None]) -> PgArray:
    """ARRAY[a, b] of arrays: one dimension more."""
    present = [a for a in arrays if a is not None and a.dims]
    if not present:
        return PgArray([])
    first = present[0]
    if len(present) != len(arrays) or any(a.dims != first.dims for a in present):
        raise PgError("2202E", "multidimensional arrays must have array expressions with matching dimensions")
    if len(first.dims) >= 6:
        raise PgError("54000", f"number of array dimensions ({len(first.dims) + 1}) exceeds the maximum allowed (6)")
    elements: list[Any] = []
    for array in present:
        elements.extend(array.elements)
    return PgArray(elements, (len(present), *first.dims), (1, *first.lbounds))


def array_get(array: PgArray | None, subscripts: Sequence[Any]) -> Any:
    if array is None or None in subscripts or len(subscripts) != len(array.dims):
        return None
    offset = 0
    for index, length, lower in zip(subscripts, array.dims, array.lbounds, strict=True):
        position = index - lower
        if not 0 <= position < length:
            return None
        offset = offset * length + position
    return array.elements[offset]


def fixed_get(value: Any, subscripts: Sequence[Any]) -> Any:
    if value is None or None in subscripts or len(subscripts) != 1 or not 0 <= subscripts[0] < len(value):
        return None
    return value[subscripts[0]]


def array_slice(array: PgArray | None, lower: Sequence[Any], upper: Sequence[Any]) -> PgArray | None:
    if array is None or None in lower or None in upper:
        return None
    ndim = len(array.dims)
    if ndim < len(lower) or not ndim:
        return PgArray([])
    starts, lengths = [], []
    for d in range(ndim):
        low = array.lbounds[d]
        high = low + array.dims[d] - 1
        if d < len(lower):
            a = low if lower[d] is OMITTED else max(lower[d], low)
            b = high if upper[d] is OMITTED else min(upper[d], high)
        else:
            a, b = low, high
        if a > b:
            return PgArray([])
        starts.append(a - low)
        lengths.append(b - a + 1)
    elements = array.elements

    def collect(dimension: int, base: int) -> list[Any]:
        size = array.dims[dimension]
        out: list[Any] = []
        for i in range(starts[dimension], starts[dimension] + lengths[dimension]):
            position = base * size + i
            if dimension == ndim - 1:
                out.append(elements[position])
            else:
                out.extend(collect(dimension + 1, position))
        return out

    return PgArray(collect(0, 0), tuple(lengths), (1,) * ndim)


def array_assign(array: PgArray | None, subscripts: Sequence[Any], value: Any) -> PgArray | None:
    """a[i] = v as a new array, extended when i lies beyond its ends (one dimension only)."""
    if None in subscripts:
        raise PgError("22004", "array subscript in assignment must not be null")
    if array is None:
        array = PgArray([])
    if not array.dims:
        return PgArray([value] if len(subscripts) else [], (1,) * len(subscripts), tuple(subscripts))
    if len(subscripts) != len(array.dims):
        raise PgError("2202E", "wrong number of array subscripts")
    if len(subscripts) == 1:
        (index,) = subscripts
        lower, length = array.lbounds[0], array.dims[0]
        elements = list(array.elements)
        if index < lower:
            elements = [value] + [None] * (lower - index - 1) + elements
            lower = index
        elif index >= lower + length:
            if index - lower > 134217727:
                raise PgError("54000", "array size exceeds the maximum allowed (134217727)")
            elements += [None] * (index - lower - length) + [value]
        else:
            elements[index - lower] = value
        return PgArray(elements, (len(elements),), (lower,))
    offset = 0
    for index, length, lower in zip(subscripts, array.dims, array.lbounds, strict=True):
        position = index - lower
        if not 0 <= position < length:
            raise PgError("2202E", "array subscript out of range")
        offset = offset * length + position
    elements = list(array.elements)
    elements[offset] = value
    return PgArray(elements, array.dims, array.lbounds)


def array_assign_slice(
    array: PgArray | None, lower: Sequence[Any], upper: Sequence[Any], value: PgArray | None
) -> PgArray | None:
    if None in lower or None in upper:
        raise PgError("22004", "array subscript in assignment must not be null")
    if value is None:
        return array
    if array is None or not array.dims:
        if any(x is OMITTED for x in (*lower, *upper)):
            raise PgError(
                "2202E",
                "array slice subscript must provide both boundaries",
                detail="When assigning to a slice of an empty array value, slice boundaries must be fully specified.",
            )
        lengths = tuple([max(u - low + 1, 0) for low, u in zip(lower, upper, strict=True)])
        total = 1
        for n in lengths:
            total *= n
        if len(value.elements) < total:
            raise PgError("2202E", "source array too small")
        return PgArray(list(value.elements[:total]), lengths, tuple(lower))
    if len(array.dims) != 1 or len(lower) != 1:
        raise PgError("0A000", "assignment to slices of multi-dimensional arrays is not supported by this emulator")
    first, length = array.lbounds[0], array.dims[0]
    low = first if lower[0] is OMITTED else lower[0]
    high = first + length - 1 if upper[0] is OMITTED else upper[0]
    if low > high + 1:
        raise PgError("2202E", "upper bound cannot be less than lower bound")
    count = high - low + 1
    if len(value.elements) < count:
        raise PgError("2202E", "source array too small")
    elements = list(array.elements)
    if low < first:
        elements = [None] * (first - low) + elements
        first = low
    if high >= first + len(elements):
        elements += [None] * (high - first - len(elements) + 1)
    elements[low - first : high - first + 1] = value.elements[:count]
    return PgArray(elements, (len(elements),), (first,))


# -- jsonb subscripts ----------------------------------------------------------------------------------------


def json_subscript(value: Any, path: Sequence[Any]) -> Any:
    if value is None:
        return None
    for step in path:
        if step is None:
            return None
        if isinstance(value, dict):
            key = str(step)
            if key not in value:
                return None
            value = value[key]
        elif isinstance(value, list):
            try:
                index = int(step)
            except ValueError:
                return None
            if not -len(value) <= index < len(value):
                return None
            value = value[index]
        else:
            return None
    return value


def json_assign(value: Any, path: Sequence[Any], new: Any) -> Any:
    if None in path:
        raise PgError("22004", "jsonb subscript in assignment must not be null")
    if new is None:
        new = JSON_NULL
    return _json_set(value, list(path), new)


def _json_set(value: Any, path: list[Any], new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if value is None or value is JSON_NULL:
        value = [] if isinstance(step, int) else {}
    if isinstance(value, dict):
        key = str(step)
        out = dict(value)
        out[key] = _json_set(out.get(key), rest, new)
        return dict(sorted(out.items(), key=lambda item: (len(item[0].encode()), item[0].encode())))
    if isinstance(value, list):
        try:
            index = int(step)
        except ValueError:
            raise PgError("22P02", f'path element at position 1 is not an integer: "{step}"') from None
        items = list(value)
        if index < 0:
            if -index > len(items):
                raise PgError("22023", f"path element at position 1 is out of range: {index}")
            index += len(items)
        while len(items) <= index:
            items.append(JSON_NULL)
        items[index] = _json_set(items[index], rest, new)
        return items
    raise PgError("22023", "cannot replace existing key", detail="The path assumes key is a composite object, "
                  "but it is a scalar value.")  # fmt: skip


# -- sets of rows --------------------------------------------------------------------------------------------


def lockstep(lists: Sequence[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """Set-returning functions of one select list: as many rows as the longest, the others padded with NULL."""
    columns = [list(items) if items is not None else [] for items in lists]
    length = max(map(len, columns))
    for column in columns:
        column.extend([None] * (length - len(column)))
    return list(zip(*columns, strict=True))


def one_column(values: Any) -> list[tuple[Any]]:
    """A set-returning function's values as rows of one column."""
    return [(v,) for v in values] if values is not None else []


def srf_rows(result: Any, width: int) -> list[Any]:
    """A composite set-returning function's rows as tuples of the expected width."""
    if result is None:
        return []
    return [r if r is not None else (None,) * width for r in result]


def sort_rows(rows: list[Any], keys: Sequence[tuple[int, Any, bool, bool]]) -> None:
    """Sort in place by (index, key function, descending, nulls first), least significant key first."""
    for index, key, descending, nulls_first in reversed(keys):
        null_low = nulls_first != descending
        if key is None:
            if null_low:
                rows.sort(key=lambda r: ((v := r[index]) is not None, v), reverse=descending)
            else:
                rows.sort(key=lambda r: ((v := r[index]) is None, v), reverse=descending)
        elif null_low:
            rows.sort(
                key=lambda r: ((v := r[index]) is not None, None if v is None else key(v)),  # type: ignore[misc]
                reverse=descending,
            )
        else:
            rows.sort(
                key=lambda r: ((v := r[index]) is None, None if v is None else key(v)),  # type: ignore[misc]
                reverse=descending,
            )


def limit_count(value: Any, what: str) -> int | None:
    """A LIMIT or OFFSET value; None is no limit."""
    if value is None:
        return None
    if value < 0:
        if what == "LIMIT":
            raise PgError("2201W", "LIMIT must not be negative")
        raise PgError("2201X", "OFFSET must not be negative")
    return int(value)


def more_than_one_row() -> None:
    raise PgError("21000", "more than one row returned by a subquery used as an expression")


def set_difference(left: list[Any], right: list[Any], key: Any, op: str, all_rows: bool) -> list[Any]:
    """INTERSECT and EXCEPT, with and without ALL."""
    counts: dict[Any, int] = {}
    for row in right:
        k = key(row)
        counts[k] = counts.get(k, 0) + 1
    out: list[Any] = []
    if op == "intersect":
        if all_rows:
            for row in left:
                k = key(row)
                if counts.get(k, 0) > 0:
                    counts[k] -= 1
                    out.append(row)
            return out
        seen: set[Any] = set()
        for row in left:
            k = key(row)
            if k in counts and k not in seen:
                seen.add(k)
                out.append(row)
        return out
    if all_rows:
        for row in left:
            k = key(row)
            if counts.get(k, 0) > 0:
                counts[k] -= 1
            else:
                out.append(row)
        return out
    seen = set()
    for row in left:
        k = key(row)
        if k not in counts and k not in seen:
            seen.add(k)
            out.append(row)
    return out


def array_of(values: list[Any], element_is_array: bool) -> PgArray:
    """ARRAY(SELECT ...)."""
    return stack_arrays(values) if element_is_array and values else PgArray(values)
